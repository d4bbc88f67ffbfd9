/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Persistent binary radix trie: the index of every object of a generation.
 * See trie.c for how it works.
 */
#ifndef _LBM_TRIE_H
#define _LBM_TRIE_H

#include <linux/types.h>

#include "object.h"

/* Longest key in bytes: device, public key, family and IPv6 address. */
#define LBM_TRIE_KEY_MAX (4 + 32 + 1 + 16)

/**
 * struct lbm_node - node of a trie; immutable once its trie is published
 * @refs: parents and tries that point to it
 * @bits: length of @key in bits; all keys below begin with it
 * @edit: trie edit that made the node and may still write it
 * @dead: next node to free, once @refs is 0
 * @child: subtrees of the keys whose next bit is 0 and 1
 * @object: what is stored under @key, counted; NULL in a mere fork, which
 *	always has both children
 * @key: most significant bit first; bits after @bits are zero
 */
struct lbm_node {
	refcount_t refs;
	u16 bits;
	union {
		u64 edit;
		struct lbm_node *dead;
	};
	struct lbm_node *child[2];
	struct lbm_object *object;
	u8 key[];
};

/**
 * struct lbm_key - a key under construction
 * @bits: its length in bits
 * @bytes: most significant bit first; bits after @bits are zero
 */
struct lbm_key {
	u16 bits;
	u8 bytes[LBM_TRIE_KEY_MAX];
};

/**
 * struct lbm_trie - a version of a trie
 * @root: counted; NULL when empty
 * @edit: number of the edit that is under way; 0 when the version is finished
 */
struct lbm_trie {
	struct lbm_node *root;
	u64 edit;
};

void lbm_trie_copy(struct lbm_trie *trie, const struct lbm_trie *from,
		   u64 edit);
void lbm_trie_clear(struct lbm_trie *trie);

int lbm_trie_set(struct lbm_trie *trie, const struct lbm_key *key,
		 struct lbm_object *object);
int lbm_trie_unset(struct lbm_trie *trie, const struct lbm_key *key);

struct lbm_object *lbm_trie_get(const struct lbm_trie *trie,
				const struct lbm_key *key);
struct lbm_object *lbm_trie_match(const struct lbm_trie *trie,
				  const struct lbm_key *key);
const struct lbm_node *lbm_trie_next(const struct lbm_trie *trie,
				     const struct lbm_key *after);
const struct lbm_node *lbm_trie_next_in(const struct lbm_trie *trie,
					const struct lbm_key *prefix,
					const struct lbm_key *after);

void lbm_key_of_node(struct lbm_key *key, const struct lbm_node *node);

#endif /* _LBM_TRIE_H */
