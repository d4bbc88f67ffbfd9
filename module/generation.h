/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A generation: the complete state of a namespace, immutable once published.
 */
#ifndef _LBM_GENERATION_H
#define _LBM_GENERATION_H

#include <linux/socket.h>

#include "object.h"
#include "trie.h"

/* Kinds of object that a generation can hold so far, and room for the rest. */
#define LBM_KINDS (LBMESH_OBJECT_ENDPOINT + 1)

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
 *
 * While a job builds it, the job alone has it. Once published nothing of it
 * changes but @print, and readers need the RCU read lock or a reference.
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
};

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

void lbm_key_id(struct lbm_key *key, u32 id);
void lbm_key_link(struct lbm_key *key, u32 a, u32 b);
void lbm_key_peer(struct lbm_key *key, u32 device, const u8 *public_key);
void lbm_key_member(struct lbm_key *key, const struct lbm_member *member);
void lbm_key_object(struct lbm_key *key, const struct lbm_object *object);

static inline unsigned int lbm_family_bits(u8 family)
{
	return family == AF_INET ? 32 : 128;
}

#endif /* _LBM_GENERATION_H */
