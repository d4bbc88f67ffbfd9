/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Classifier: which rule of a layer is the first to match a packet. See
 * classifier.c for how it works.
 */
#ifndef _LBM_CLASSIFIER_H
#define _LBM_CLASSIFIER_H

#include <linux/types.h>

#include "object.h"

/* Tables that one family and direction of a layer can have. */
#define LBM_CLASSIFIER_TABLES 48

/**
 * struct lbm_packet - what is judged
 * @family: AF_INET or AF_INET6
 * @protocol: IP protocol number
 * @direction: enum lbmesh_direction
 * @has_ports: @src_port and @dst_port are the packet's; always so when its
 *	protocol has ports
 * @src_port: host byte order
 * @dst_port: host byte order
 * @icmp_type: of ICMP and ICMPv6, otherwise 0
 * @icmp_code: of ICMP and ICMPv6, otherwise 0
 * @src: source address; IPv4 in the first word, the rest zero
 * @dst: destination address, likewise
 */
struct lbm_packet {
	u8 family;
	u8 protocol;
	u8 direction;
	bool has_ports;
	u16 src_port;
	u16 dst_port;
	u8 icmp_type;
	u8 icmp_code;
	struct in6_addr src;
	struct in6_addr dst;
};

/* Prefix lengths and amounts of the service that tables use; see classifier.c. */
#define LBM_CLASSIFIER_LENGTHS 5
#define LBM_CLASSIFIER_SERVICES 4

/**
 * struct lbm_hashes - parts of the hash of a packet
 * @src: for each length of a prefix of the source
 * @dst: likewise of the destination
 * @service: for each amount of the service
 *
 * The same for all layers, so that they are made once for a packet.
 */
struct lbm_hashes {
	u64 src[LBM_CLASSIFIER_LENGTHS];
	u64 dst[LBM_CLASSIFIER_LENGTHS];
	u64 service[LBM_CLASSIFIER_SERVICES];
};

/*
 * What rules ask besides the packet. Its owner knows the packet and the
 * generation, and remembers the answers.
 */
struct lbm_facts;

bool lbm_facts_in_set(struct lbm_facts *facts, u32 set, bool dst);
bool lbm_facts_same_network(struct lbm_facts *facts, bool dst);
bool lbm_facts_internet(struct lbm_facts *facts, bool dst);

/**
 * struct lbm_classifier - a version of the classifier of a layer
 * @edit: number of the edit that is under way
 * @rules: how many it holds
 * @group: tables of each family and direction; counted, NULL when empty
 *
 * It is embedded where it is used, as a trie is: so a version begins without
 * an allocation, and cannot fail to.
 */
struct lbm_classifier {
	u64 edit;
	u32 rules;
	struct lbm_group *group[4];
};

/**
 * struct lbm_classifier_size - what a classifier is made of
 * @tables: tables of all families and directions
 * @widest: tables of the family and direction that has most
 * @buckets: buckets of all tables
 * @longest: rules in the longest bucket
 */
struct lbm_classifier_size {
	u32 tables;
	u32 widest;
	u32 buckets;
	u32 longest;
};

void lbm_classifier_init(void);

void lbm_classifier_hash(struct lbm_hashes *hashes,
			 const struct lbm_packet *packet);

void lbm_classifier_copy(struct lbm_classifier *classifier,
			 const struct lbm_classifier *from, u64 edit);
void lbm_classifier_clear(struct lbm_classifier *classifier);

int lbm_classifier_insert(struct lbm_classifier *classifier,
			  struct lbm_rule *rule);
int lbm_classifier_remove(struct lbm_classifier *classifier,
			  const struct lbm_rule *rule);

const struct lbm_rule *
lbm_classifier_find(const struct lbm_classifier *classifier,
		    const struct lbm_packet *packet,
		    const struct lbm_hashes *hashes, struct lbm_facts *facts);
void lbm_classifier_measure(const struct lbm_classifier *classifier,
			    struct lbm_classifier_size *size);

#endif /* _LBM_CLASSIFIER_H */
