/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the readers of objects share: parse.c reads messages and the objects of
 * the mesh, parse-firewall.c those of the firewall.
 */
#ifndef _LBM_PARSE_INTERNAL_H
#define _LBM_PARSE_INTERNAL_H

#include <net/netlink.h>

#include "job.h"
#include "netlink.h"
#include "netlink-gen.h"

/*
 * Policy of a nest in a message that generic netlink has let through: policies
 * reach into nests, so all of its attributes have been checked, and need not be
 * again in each pass.
 */
#define CHECKED ((const struct nla_policy *)NULL)

/**
 * struct parse - a message being read
 * @job: what is built
 * @mode: replace or delta
 * @extack: for the refusal
 * @seen: keys that the message has named, as far as the next generation does not
 *	tell; see is_seen()
 * @index: objects of each kind read so far
 */
struct parse {
	struct lbm_job *job;
	enum lbmesh_commit_mode mode;
	struct netlink_ext_ack *extack;
	struct lbm_trie seen;
	u32 index[LBM_KINDS];
};

/**
 * struct reader - how one kind of object is read
 * @kind: the kind
 * @max: its last attribute
 * @remove: its flag "remove"
 * @new: makes an object for what is in @nest; NULL when all have one size
 * @key: reads the key into an object
 * @rest: reads the rest; @base is what the base has under the key, or NULL
 * @check: looks for what the object refers to; NULL when it refers to nothing
 * @lift: whether a delta that names the object must take @old, which is what
 *	the base has, out before any is put in; NULL when none must
 * @misplaced: refusal of a removal in mode replace
 * @twice: refusal of a key that comes twice
 * @absent: refusal of a removal of what is not there
 * @full: refusal above the limit
 */
struct reader {
	enum lbmesh_object kind;
	int max;
	int remove;
	struct lbm_object *(*new)(struct nlattr *nest);
	int (*key)(struct parse *parse, struct nlattr *nest,
		   struct nlattr **tb, struct lbm_object *object);
	int (*rest)(struct parse *parse, struct nlattr *nest,
		    struct nlattr **tb, struct lbm_object *object,
		    const struct lbm_object *base);
	int (*check)(struct parse *parse, struct nlattr *nest,
		     struct nlattr **tb);
	bool (*lift)(struct nlattr **tb, const struct lbm_object *old);
	const char *misplaced;
	const char *twice;
	const char *absent;
	const char *full;
};

/**
 * struct prefix_words - refusals of an address or prefix
 * @which: there is none, or there are two
 * @longer: the prefix is longer than the address
 * @host: there are bits beyond the prefix
 */
struct prefix_words {
	const char *which;
	const char *longer;
	const char *host;
};

/**
 * struct prefix - an address or prefix in a message
 * @family: AF_INET or AF_INET6
 * @len: in bits
 * @address: IPv4 in the first word
 */
struct prefix {
	u8 family;
	u8 len;
	struct in6_addr address;
};

static inline int refuse(struct parse *parse, const struct nlattr *attr,
			 const char *message, int error)
{
	return lbm_netlink_refuse(parse->extack, attr, message, error);
}

bool lbm_parse_has_id(const struct lbm_trie *trie, const struct nlattr *id);
int lbm_parse_prefix(struct parse *parse, struct nlattr *nest,
		     struct nlattr *v4, struct nlattr *v6, struct nlattr *len,
		     const struct prefix_words *words, struct prefix *prefix);

/* Readers of layers, rules, sets, elements and endpoints. */
extern const struct reader lbm_firewall_readers[5];

int lbm_parse_drop_parts(struct parse *parse);
int lbm_parse_check_parts(struct parse *parse, const struct lbm_change *change);
bool lbm_parse_endpoint_stays(struct parse *parse, struct nlattr *nest);

#endif /* _LBM_PARSE_INTERNAL_H */
