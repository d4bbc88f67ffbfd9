// SPDX-License-Identifier: GPL-2.0
/*
 * Persistent map from a hash to a bucket of rules.
 *
 * Theory of operation
 * -------------------
 * A hash array mapped trie (Bagwell, Ideal Hash Trees, 2001). A fork looks at
 * the next six bits of the hash and has one child for each value that occurs; a
 * bitmap says which these are, and the count of the bits before ours is the
 * place of our child:
 *
 *	hashes (in steps of six bits) 05.11... 05.3c... 2a.00...
 *
 *		   fork  bitmap {05, 2a}
 *		   /            \
 *	fork {11, 3c}		bucket 2a00... -> rule 7, rule 12
 *	   /	  \
 *	bucket	 bucket
 *
 * A hash has 32 bits, so that no way has more than six forks. Two keys with the
 * same hash share a bucket: whoever looks compares the rules themselves.
 *
 * A change copies the forks on its way and one bucket, and shares the rest with
 * the version before, as trie.c has it; what this edit has made is written in
 * place. Forks and buckets are allocated with a little room, so that an edit of
 * many rules allocates less.
 *
 * Each fork and bucket knows the lowest position in it. It is exact: a removal
 * asks the children of the forks on its way, at most 64 of each.
 */

#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "rulemap.h"

#define SHIFT (32 - LBM_RULEMAP_BITS)

static struct lbm_fork *as_fork(struct lbm_rulemap *map)
{
	return container_of_const(map, struct lbm_fork, map);
}

static struct lbm_bucket *as_bucket(struct lbm_rulemap *map)
{
	return container_of_const(map, struct lbm_bucket, map);
}

/* The value of the next bits of a hash, as a bit of a bitmap. */
static u64 bit_of(u32 rest)
{
	return 1ULL << (rest >> SHIFT);
}

static unsigned int index_of(u64 bitmap, u64 bit)
{
	return hweight64(bitmap & (bit - 1));
}

static void map_init(struct lbm_rulemap *map, u64 edit, unsigned int room)
{
	refcount_set(&map->refs, 1);
	map->best = U32_MAX;
	map->edit = edit;
	map->hash = 0;
	map->rules = 0;
	map->room = room;
}

static struct lbm_fork *fork_new(u64 edit, unsigned int children)
{
	unsigned int room = min(round_up(children, 4), 64U);
	struct lbm_fork *fork;

	fork = kmalloc(struct_size(fork, child, room), GFP_KERNEL_ACCOUNT);
	if (!fork)
		return NULL;
	map_init(&fork->map, edit, room);
	fork->bitmap = 0;
	return fork;
}

static struct lbm_bucket *bucket_new(u64 edit, u32 hash, unsigned int room)
{
	struct lbm_bucket *bucket;

	bucket = kvmalloc(struct_size(bucket, rule, room), GFP_KERNEL_ACCOUNT);
	if (!bucket)
		return NULL;
	map_init(&bucket->map, edit, room);
	bucket->map.hash = hash;
	return bucket;
}

/**
 * lbm_rulemap_get - take a reference
 * @map: a map that the caller holds; NULL does nothing
 */
void lbm_rulemap_get(struct lbm_rulemap *map)
{
	if (map)
		refcount_inc(&map->refs);
}

/* Put the children of a dead fork; those that die too go before @dead. */
static struct lbm_rulemap *fork_bury(struct lbm_fork *fork,
				     struct lbm_rulemap *dead)
{
	unsigned int i;

	for (i = 0; i < hweight64(fork->bitmap); i++) {
		struct lbm_rulemap *child = fork->child[i];

		if (!child || !refcount_dec_and_test(&child->refs))
			continue;
		child->dead = dead;
		dead = child;
	}
	kfree(fork);
	return dead;
}

static void bucket_bury(struct lbm_bucket *bucket)
{
	unsigned int i;

	for (i = 0; i < bucket->map.rules; i++)
		lbm_object_put(&bucket->rule[i]->object);
	kvfree(bucket);
}

/**
 * lbm_rulemap_put - drop a reference, and free what nobody holds any more
 * @map: the map; NULL does nothing
 */
void lbm_rulemap_put(struct lbm_rulemap *map)
{
	struct lbm_rulemap *dead = map;

	if (!map || !refcount_dec_and_test(&map->refs))
		return;
	map->dead = NULL;
	while (dead) {
		map = dead;
		dead = map->dead;
		if (map->rules)
			bucket_bury(as_bucket(map));
		else
			dead = fork_bury(as_fork(map), dead);
		/* There may be a million rules, and nobody waits for this. */
		cond_resched();
	}
}

/* The bucket with the lowest hash. */
static const struct lbm_bucket *first_in(const struct lbm_rulemap *map)
{
	while (!map->rules)
		map = container_of_const(map, struct lbm_fork, map)->child[0];
	return container_of_const(map, struct lbm_bucket, map);
}

/**
 * lbm_rulemap_next - walk the buckets of a map, by ascending hash
 * @map: a map; published ones under the RCU read lock or a reference
 * @after: a bucket of it; NULL means from the beginning
 *
 * Return: the next bucket, or NULL at the end.
 */
const struct lbm_bucket *lbm_rulemap_next(const struct lbm_rulemap *map,
					  const struct lbm_bucket *after)
{
	const struct lbm_rulemap *later = NULL;
	u32 rest;

	if (!after)
		return map ? first_in(map) : NULL;
	rest = after->map.hash;
	while (!map->rules) {
		const struct lbm_fork *fork =
			container_of_const(map, struct lbm_fork, map);
		unsigned int i = index_of(fork->bitmap, bit_of(rest));

		if (i + 1 < hweight64(fork->bitmap))
			later = fork->child[i + 1];
		map = fork->child[i];
		rest <<= LBM_RULEMAP_BITS;
	}
	return later ? first_in(later) : NULL;
}

/**
 * lbm_rulemap_seen - the values that the first six bits of the hashes have
 * @map: a map under edit
 */
u64 lbm_rulemap_seen(const struct lbm_rulemap *map)
{
	if (!map)
		return 0;
	if (map->rules)
		return bit_of(map->hash);
	return container_of_const(map, struct lbm_fork, map)->bitmap;
}

/* Make the fork at *@slot one that this edit may write, with room for more. */
static struct lbm_fork *fork_own(struct lbm_rulemap **slot, u64 edit)
{
	struct lbm_fork *fork = as_fork(*slot), *copy;
	unsigned int count, i;

	if (fork->map.edit == edit)
		return fork;
	count = hweight64(fork->bitmap);
	copy = fork_new(edit, count + 1);
	if (!copy)
		return NULL;
	copy->map.best = fork->map.best;
	copy->bitmap = fork->bitmap;
	for (i = 0; i < count; i++) {
		copy->child[i] = fork->child[i];
		lbm_rulemap_get(copy->child[i]);
	}
	*slot = &copy->map;
	lbm_rulemap_put(&fork->map);
	return copy;
}

/* Make the fork at *@slot, which this edit owns, one with room for a child. */
static struct lbm_fork *fork_widen(struct lbm_rulemap **slot)
{
	struct lbm_fork *fork = as_fork(*slot), *wide;
	unsigned int count = hweight64(fork->bitmap);

	if (count < fork->map.room)
		return fork;
	wide = fork_new(fork->map.edit, count + 1);
	if (!wide)
		return NULL;
	wide->map.best = fork->map.best;
	wide->bitmap = fork->bitmap;
	memcpy(wide->child, fork->child, count * sizeof(*fork->child));
	*slot = &wide->map;
	kfree(fork);
	return wide;
}

/*
 * Make the bucket at *@slot one that this edit may write, with room for @more
 * rules.
 */
static struct lbm_bucket *bucket_own(struct lbm_rulemap **slot, u64 edit,
				     unsigned int more)
{
	struct lbm_bucket *bucket = as_bucket(*slot), *copy;
	unsigned int count = bucket->map.rules, i;

	if (bucket->map.edit == edit && count + more <= bucket->map.room)
		return bucket;
	/* Half as much again, so that many insertions are few allocations. */
	copy = bucket_new(edit, bucket->map.hash,
			  count + (more ? more + count / 2 : 0));
	if (!copy)
		return NULL;
	copy->map.best = bucket->map.best;
	copy->map.rules = count;
	memcpy(copy->rule, bucket->rule, count * sizeof(*copy->rule));
	for (i = 0; i < count; i++)
		lbm_object_get(&copy->rule[i]->object);
	*slot = &copy->map;
	lbm_rulemap_put(&bucket->map);
	return copy;
}

/* Put @rule among the rules of an owned bucket that has room. */
static void bucket_add(struct lbm_bucket *bucket, struct lbm_rule *rule)
{
	unsigned int low = 0, high = bucket->map.rules;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (bucket->rule[middle]->position < rule->position)
			low = middle + 1;
		else
			high = middle;
	}
	memmove(bucket->rule + low + 1, bucket->rule + low,
		(bucket->map.rules - low) * sizeof(*bucket->rule));
	bucket->rule[low] = rule;
	bucket->map.rules++;
	bucket->map.best = bucket->rule[0]->position;
	lbm_object_get(&rule->object);
}

static struct lbm_bucket *bucket_of(u64 edit, u32 hash, struct lbm_rule *rule)
{
	struct lbm_bucket *bucket = bucket_new(edit, hash, 1);

	if (bucket)
		bucket_add(bucket, rule);
	return bucket;
}

/* Give an owned fork with room a child that it has not. */
static void fork_add(struct lbm_fork *fork, u64 bit, struct lbm_rulemap *child)
{
	unsigned int count = hweight64(fork->bitmap);
	unsigned int at = index_of(fork->bitmap, bit);

	memmove(fork->child + at + 1, fork->child + at,
		(count - at) * sizeof(*fork->child));
	fork->child[at] = child;
	fork->bitmap |= bit;
	fork->map.best = min(fork->map.best, child->best);
}

static int insert_child(struct lbm_rulemap **slot, u64 bit, u32 hash,
			struct lbm_rule *rule)
{
	struct lbm_fork *fork = fork_widen(slot);
	struct lbm_bucket *bucket;

	if (!fork)
		return -ENOMEM;
	bucket = bucket_of(fork->map.edit, hash, rule);
	if (!bucket)
		return -ENOMEM;
	fork_add(fork, bit, &bucket->map);
	return 0;
}

/*
 * Put forks where the bucket at *@slot is, down to where its hash and @hash
 * part; @depth levels are above.
 */
static int insert_forks(struct lbm_rulemap **slot, u64 edit, unsigned int depth,
			u32 hash, struct lbm_rule *rule)
{
	struct lbm_rulemap *old = *slot, *top = NULL, **at = &top;
	u32 a = old->hash << depth * LBM_RULEMAP_BITS;
	u32 b = hash << depth * LBM_RULEMAP_BITS;
	struct lbm_bucket *bucket;
	struct lbm_fork *fork;

	bucket = bucket_of(edit, hash, rule);
	if (!bucket)
		return -ENOMEM;
	for (;;) {
		fork = fork_new(edit, 2);
		if (!fork) {
			lbm_rulemap_put(top);
			lbm_rulemap_put(&bucket->map);
			return -ENOMEM;
		}
		*at = &fork->map;
		fork->map.best = min(old->best, rule->position);
		if (a >> SHIFT != b >> SHIFT)
			break;
		fork->bitmap = bit_of(a);
		fork->child[0] = NULL;
		at = &fork->child[0];
		a <<= LBM_RULEMAP_BITS;
		b <<= LBM_RULEMAP_BITS;
	}
	fork_add(fork, bit_of(a), old);
	fork_add(fork, bit_of(b), &bucket->map);
	*slot = top;
	return 0;
}

static int insert_at(struct lbm_rulemap **slot, u64 edit, u32 hash,
		     struct lbm_rule *rule)
{
	unsigned int depth = 0;
	struct lbm_bucket *bucket;
	struct lbm_fork *fork;
	u32 rest = hash;

	while (*slot && !(*slot)->rules) {
		u64 bit = bit_of(rest);

		fork = fork_own(slot, edit);
		if (!fork)
			return -ENOMEM;
		if (!(fork->bitmap & bit))
			return insert_child(slot, bit, hash, rule);
		slot = &fork->child[index_of(fork->bitmap, bit)];
		rest <<= LBM_RULEMAP_BITS;
		depth++;
	}
	if (*slot && (*slot)->hash != hash)
		return insert_forks(slot, edit, depth, hash, rule);
	if (*slot) {
		bucket = bucket_own(slot, edit, 1);
		if (!bucket)
			return -ENOMEM;
		bucket_add(bucket, rule);
		return 0;
	}
	bucket = bucket_of(edit, hash, rule);
	if (!bucket)
		return -ENOMEM;
	*slot = &bucket->map;
	return 0;
}

/**
 * lbm_rulemap_insert - put a rule in
 * @map: a map under edit
 * @edit: number of the edit
 * @hash: of the rule
 * @rule: the rule, which the map has not; it takes a reference of its own. The
 *	caller keeps to %LBM_BUCKET_MAX.
 *
 * Return: 0, or -ENOMEM, when the map still holds what it held.
 */
int lbm_rulemap_insert(struct lbm_rulemap **map, u64 edit, u32 hash,
		       struct lbm_rule *rule)
{
	struct lbm_rulemap *at;
	u32 rest = hash;
	int ret;

	ret = insert_at(map, edit, hash, rule);
	if (ret)
		return ret;
	for (at = *map; !at->rules; rest <<= LBM_RULEMAP_BITS) {
		struct lbm_fork *fork = as_fork(at);

		at->best = min(at->best, rule->position);
		at = fork->child[index_of(fork->bitmap, bit_of(rest))];
	}
	return 0;
}

/**
 * lbm_rulemap_own - make what a removal would write this edit's own
 * @map: a map under edit
 * @edit: number of the edit
 * @hash: of a rule that is in it
 *
 * Return: 0, or -ENOMEM; either way the map holds what it held.
 */
int lbm_rulemap_own(struct lbm_rulemap **map, u64 edit, u32 hash)
{
	u32 rest = hash;

	while (!(*map)->rules) {
		struct lbm_fork *fork = fork_own(map, edit);

		if (!fork)
			return -ENOMEM;
		map = &fork->child[index_of(fork->bitmap, bit_of(rest))];
		rest <<= LBM_RULEMAP_BITS;
	}
	return bucket_own(map, edit, 0) ? 0 : -ENOMEM;
}

static void bucket_drop(struct lbm_rulemap **slot, const struct lbm_rule *rule)
{
	struct lbm_bucket *bucket = as_bucket(*slot);
	unsigned int i = 0;

	if (bucket->map.rules == 1) {
		*slot = NULL;
		lbm_rulemap_put(&bucket->map);
		return;
	}
	while (bucket->rule[i] != rule)
		i++;
	lbm_object_put(&bucket->rule[i]->object);
	bucket->map.rules--;
	memmove(bucket->rule + i, bucket->rule + i + 1,
		(bucket->map.rules - i) * sizeof(*bucket->rule));
	bucket->map.best = bucket->rule[0]->position;
}

/* After a change below the child @bit: take out what is not needed any more. */
static void fork_settle(struct lbm_rulemap **slot, u64 bit)
{
	struct lbm_fork *fork = as_fork(*slot);
	unsigned int at = index_of(fork->bitmap, bit);
	unsigned int count = hweight64(fork->bitmap), i;

	if (!fork->child[at]) {
		fork->bitmap &= ~bit;
		count--;
		memmove(fork->child + at, fork->child + at + 1,
			(count - at) * sizeof(*fork->child));
	}
	if (!count || (count == 1 && fork->child[0]->rules)) {
		*slot = count ? fork->child[0] : NULL;
		kfree(fork);
		return;
	}
	fork->map.best = U32_MAX;
	for (i = 0; i < count; i++)
		fork->map.best = min(fork->map.best, fork->child[i]->best);
}

/**
 * lbm_rulemap_remove - take a rule out
 * @map: a map under edit; lbm_rulemap_own() or lbm_rulemap_insert() has
 *	succeeded for the rule in this edit, hence this cannot fail
 * @hash: of the rule
 * @rule: the rule, which is in the map
 */
void lbm_rulemap_remove(struct lbm_rulemap **map, u32 hash,
			const struct lbm_rule *rule)
{
	struct lbm_rulemap **way[LBM_RULEMAP_LEVELS];
	u64 bits[LBM_RULEMAP_LEVELS];
	unsigned int depth = 0;
	u32 rest = hash;

	while (!(*map)->rules) {
		struct lbm_fork *fork = as_fork(*map);

		way[depth] = map;
		bits[depth] = bit_of(rest);
		map = &fork->child[index_of(fork->bitmap, bits[depth])];
		rest <<= LBM_RULEMAP_BITS;
		depth++;
	}
	bucket_drop(map, rule);
	while (depth--)
		fork_settle(way[depth], bits[depth]);
}
