/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A generation: the complete state of a namespace, immutable once published.
 */
#ifndef _LBM_GENERATION_H
#define _LBM_GENERATION_H

#include <linux/bitmap.h>
#include <linux/socket.h>

#include "classifier.h"
#include "object.h"
#include "trie.h"

/* Kinds of object that a generation can hold, and the one that is none. */
#define LBM_KINDS (LBMESH_OBJECT_ENDPOINT + 1)

/* Interfaces that are told apart before anything is looked up. */
#define LBM_PORT_BITS 1024

/**
 * struct lbm_compiled - the rules of a layer, as packets find them
 * @derived: common part
 * @edit: number of the edit that made it and may still write it
 * @layer: id of the layer
 * @classifier: its rules
 */
struct lbm_compiled {
	struct lbm_derived derived;
	u64 edit;
	u32 layer;
	struct lbm_classifier classifier;
};

/**
 * struct lbm_generation - state of a namespace
 * @refs: the namespace, jobs and running dumps
 * @number: 0 until it is published
 * @print: keyed hash of the message in mode replace that says all of it; 0
 *	when there was none
 * @count: objects of each kind
 * @devices: by id
 * @networks: by id
 * @bridges: by id
 * @links: the bridges again, by their two networks, in both orders
 * @peers: by device and public key
 * @members: by device, family and address
 * @of_network: the members again, by network, device, family and address
 * @of_peer: the members that have a peer again, by device, public key, family
 *	and address
 * @layers: by id
 * @rules: by layer and id
 * @positions: the rules again, by layer and position
 * @users: the rules that name a set again, by set, layer and id
 * @sets: by id
 * @elements: by set, family and address
 * @endpoints: by id
 * @ends: the endpoints again, by interface, family and address; by the
 *	interface alone when they have no address
 * @judged: the endpoints that have layers again, by layer and id
 * @compiled: struct lbm_compiled, by layer; of layers that have rules
 * @ports: bits of the interfaces with endpoints, by index modulo
 *	LBM_PORT_BITS; a bit may stay when its endpoint goes
 * @stamp: time at which it came into force; see stamp.c
 *
 * While a job builds it, the job alone has it. Once published nothing of it
 * changes but @print and @stamp, and readers need the RCU read lock or a reference.
 */
struct lbm_generation {
	refcount_t refs;
	u64 number;
	u64 print;
	u32 count[LBM_KINDS];
	struct lbm_trie devices;
	struct lbm_trie networks;
	struct lbm_trie bridges;
	struct lbm_trie links;
	struct lbm_trie peers;
	struct lbm_trie members;
	struct lbm_trie of_network;
	struct lbm_trie of_peer;
	struct lbm_trie layers;
	struct lbm_trie rules;
	struct lbm_trie positions;
	struct lbm_trie users;
	struct lbm_trie sets;
	struct lbm_trie elements;
	struct lbm_trie endpoints;
	struct lbm_trie ends;
	struct lbm_trie judged;
	struct lbm_trie compiled;
	DECLARE_BITMAP(ports, LBM_PORT_BITS);
	u64 stamp;
};

struct lbm_compiled *lbm_compiled_new(const struct lbm_compiled *from,
				      u32 layer, u64 edit);

struct lbm_generation *lbm_generation_new(const struct lbm_generation *base);
bool lbm_generation_get(struct lbm_generation *gen);
void lbm_generation_put(struct lbm_generation *gen);

int lbm_generation_set(struct lbm_generation *gen, struct lbm_object *object);
int lbm_generation_unset(struct lbm_generation *gen,
			 struct lbm_object *object);
struct lbm_object *lbm_generation_find(const struct lbm_generation *gen,
				       const struct lbm_object *like);
const struct lbm_trie *lbm_generation_index(const struct lbm_generation *gen,
					    enum lbmesh_object kind);

const struct lbm_member *
lbm_generation_member(const struct lbm_generation *gen, u32 device, u8 family,
		      const void *address);
bool lbm_generation_connected(const struct lbm_generation *gen, u32 a, u32 b);
const struct lbm_endpoint *
lbm_generation_endpoint(const struct lbm_generation *gen, int ifindex,
			u8 family, const void *address);
bool lbm_generation_in_set(const struct lbm_generation *gen, u32 set, u8 family,
			   const void *address);
const struct lbm_device *
lbm_generation_device_on(const struct lbm_generation *gen, int ifindex);
const struct lbm_classifier *
lbm_generation_classifier(const struct lbm_generation *gen, u32 layer);
bool lbm_generation_kind_on(const struct lbm_generation *gen, int ifindex,
			    enum lbmesh_endpoint_kind *kind);
bool lbm_generation_has_kind(const struct lbm_generation *gen, int ifindex,
			     enum lbmesh_endpoint_kind kind);
const struct lbm_endpoint *
lbm_generation_rival(const struct lbm_generation *gen,
		     const struct lbm_endpoint *endpoint);

void lbm_key_id(struct lbm_key *key, u32 id);
void lbm_key_link(struct lbm_key *key, u32 a, u32 b);
void lbm_key_peer(struct lbm_key *key, u32 device, const u8 *public_key);
void lbm_key_member(struct lbm_key *key, const struct lbm_member *member);
void lbm_key_pair(struct lbm_key *key, u32 a, u32 b);
void lbm_key_element(struct lbm_key *key, u32 set, u8 family,
		     const void *address, unsigned int len);
void lbm_key_object(struct lbm_key *key, const struct lbm_object *object);

static inline unsigned int lbm_family_bits(u8 family)
{
	return family == AF_INET ? 32 : 128;
}

#endif /* _LBM_GENERATION_H */
