/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Persistent map from a hash to a bucket of rules: what a table of the
 * classifier is made of. See rulemap.c for how it works.
 */
#ifndef _LBM_RULEMAP_H
#define _LBM_RULEMAP_H

#include <linux/bitops.h>
#include <linux/types.h>

#include "object.h"

/* Bits of the hash that one level looks at, and levels that need all of it. */
#define LBM_RULEMAP_BITS 6
#define LBM_RULEMAP_LEVELS 6

/* Rules that a bucket can hold: all of them are looked at, one by one. */
#define LBM_BUCKET_MAX 4096

/**
 * struct lbm_rulemap - what nodes and buckets of a map begin with
 * @refs: nodes and tables that point to it
 * @best: lowest position of the rules in it
 * @edit: edit that made it and may still write it
 * @dead: next one to free, once @refs is 0
 * @hash: of all rules in it; buckets only
 * @rules: how many it holds; 0 in a node
 * @room: how many rules or children there is memory for
 *
 * Immutable once its version is published. The empty map is NULL.
 */
struct lbm_rulemap {
	refcount_t refs;
	u32 best;
	union {
		u64 edit;
		struct lbm_rulemap *dead;
	};
	u32 hash;
	u16 rules;
	u16 room;
};

/**
 * struct lbm_bucket - the rules of one hash
 * @map: common part; the first @map.rules of @rule are in use
 * @rule: counted; by ascending position
 */
struct lbm_bucket {
	struct lbm_rulemap map;
	struct lbm_rule *rule[];
};

/**
 * struct lbm_fork - what divides a map by the next bits of the hash
 * @map: common part
 * @bitmap: values of these bits that there is a child for
 * @child: counted; one for each bit that is set, in their order
 */
struct lbm_fork {
	struct lbm_rulemap map;
	u64 bitmap;
	struct lbm_rulemap *child[];
};

void lbm_rulemap_get(struct lbm_rulemap *map);
void lbm_rulemap_put(struct lbm_rulemap *map);

const struct lbm_bucket *lbm_rulemap_next(const struct lbm_rulemap *map,
					  const struct lbm_bucket *after);
u64 lbm_rulemap_seen(const struct lbm_rulemap *map);

int lbm_rulemap_insert(struct lbm_rulemap **map, u64 edit, u32 hash,
		       struct lbm_rule *rule);
int lbm_rulemap_own(struct lbm_rulemap **map, u64 edit, u32 hash);
void lbm_rulemap_remove(struct lbm_rulemap **map, u32 hash,
			const struct lbm_rule *rule);

/**
 * lbm_rulemap_find - the bucket of a hash
 * @map: a map; published ones under the RCU read lock or a reference
 * @hash: the hash
 *
 * Inline, as it is what most of a lookup in the classifier is.
 *
 * Return: the bucket, or NULL.
 */
static __always_inline const struct lbm_bucket *
lbm_rulemap_find(const struct lbm_rulemap *map, u32 hash)
{
	u32 rest = hash;

	while (map && !map->rules) {
		const struct lbm_fork *fork =
			container_of_const(map, struct lbm_fork, map);
		u64 bit = 1ULL << (rest >> (32 - LBM_RULEMAP_BITS));

		if (!(fork->bitmap & bit))
			return NULL;
		map = fork->child[hweight64(fork->bitmap & (bit - 1))];
		rest <<= LBM_RULEMAP_BITS;
	}
	if (!map || map->hash != hash)
		return NULL;
	return container_of_const(map, struct lbm_bucket, map);
}

#endif /* _LBM_RULEMAP_H */
