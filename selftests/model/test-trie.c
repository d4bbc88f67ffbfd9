// SPDX-License-Identifier: GPL-2.0-only
/*
 * module/trie.c against a slow, obvious model: an unsorted array of keys that
 * is searched from end to end. Random edits, with keys that share long
 * prefixes; every version is kept for a while and must never change.
 */

#include <criterion/criterion.h>

#include "trie.h"

long shim_fail_after = -1;
long shim_live;

#define ENTRIES 200
#define VERSIONS 6

struct entry {
	struct lbm_key key;
	struct lbm_object *object;
};

/* One version and what it must hold. */
struct model {
	struct lbm_trie trie;
	struct entry entries[ENTRIES];
	int count;
};

static uint64_t seed;
static u64 edits;

static uint32_t draw(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % below;
}

static int bit_at(const struct lbm_key *key, unsigned int at)
{
	return key->bytes[at / 8] >> (7 - at % 8) & 1;
}

static struct lbm_key random_key(void)
{
	struct lbm_key key = { .bits = (u16)draw(25) };
	unsigned int i;

	if (draw(8) == 0)
		key.bits = (u16)draw(LBM_TRIE_KEY_MAX * 8 + 1);
	/* Few ones, so that prefixes are shared. */
	for (i = 0; i < key.bits; i++)
		if (draw(4) == 0)
			key.bytes[i / 8] |= (u8)(0x80 >> i % 8);
	return key;
}

static bool is_prefix(const struct lbm_key *a, const struct lbm_key *b)
{
	unsigned int i;

	if (a->bits > b->bits)
		return false;
	for (i = 0; i < a->bits; i++)
		if (bit_at(a, i) != bit_at(b, i))
			return false;
	return true;
}

static bool is_same(const struct lbm_key *a, const struct lbm_key *b)
{
	return a->bits == b->bits && is_prefix(a, b);
}

/* The order of lbm_trie_next(): by bits, a prefix first. */
static bool is_before(const struct lbm_key *a, const struct lbm_key *b)
{
	unsigned int i;

	for (i = 0; i < a->bits && i < b->bits; i++)
		if (bit_at(a, i) != bit_at(b, i))
			return bit_at(a, i) < bit_at(b, i);
	return a->bits < b->bits;
}

static int model_find(const struct model *model, const struct lbm_key *key)
{
	int i;

	for (i = 0; i < model->count; i++)
		if (is_same(&model->entries[i].key, key))
			return i;
	return -1;
}

static void model_check_key(const struct model *model,
			    const struct lbm_key *key)
{
	const struct entry *best = NULL, *next = NULL, *entry;
	const struct lbm_node *node;
	int i = model_find(model, key);

	cr_assert_eq(lbm_trie_get(&model->trie, key),
		     i < 0 ? NULL : model->entries[i].object);
	for (i = 0; i < model->count; i++) {
		entry = &model->entries[i];
		if (is_prefix(&entry->key, key) &&
		    (!best || entry->key.bits > best->key.bits))
			best = entry;
		if (is_before(key, &entry->key) &&
		    (!next || is_before(&entry->key, &next->key)))
			next = entry;
	}
	cr_assert_eq(lbm_trie_match(&model->trie, key),
		     best ? best->object : NULL);
	node = lbm_trie_next(&model->trie, key);
	cr_assert_eq(node ? node->object : NULL, next ? next->object : NULL);
}

/* Walk all keys, and those below a prefix, in order and without a gap. */
static void model_check_walk(const struct model *model)
{
	const struct lbm_node *node;
	struct lbm_key prefix = random_key(), at, last;
	int all = 0, below = 0, expected = 0, i;

	for (node = lbm_trie_next(&model->trie, NULL); node;
	     node = lbm_trie_next(&model->trie, &at)) {
		memset(&at, 0, sizeof(at));
		lbm_key_of_node(&at, node);
		if (all++)
			cr_assert(is_before(&last, &at));
		last = at;
	}
	cr_assert_eq(all, model->count);
	for (i = 0; i < model->count; i++)
		expected += is_prefix(&prefix, &model->entries[i].key);
	for (node = lbm_trie_next_in(&model->trie, &prefix, NULL); node;
	     node = lbm_trie_next_in(&model->trie, &prefix, &at)) {
		memset(&at, 0, sizeof(at));
		lbm_key_of_node(&at, node);
		cr_assert(is_prefix(&prefix, &at));
		below++;
	}
	cr_assert_eq(below, expected);
}

static void model_check(const struct model *model)
{
	struct lbm_key key;
	int i;

	for (i = 0; i < model->count; i++)
		model_check_key(model, &model->entries[i].key);
	for (i = 0; i < 20; i++) {
		key = random_key();
		model_check_key(model, &key);
	}
	model_check_walk(model);
}

/* One random edit of both; returns what the trie said. */
static int model_edit(struct model *model)
{
	struct lbm_key key = random_key();
	struct lbm_object *object;
	int at, ret;

	if (model->count && draw(2))
		key = model->entries[draw((uint32_t)model->count)].key;
	at = model_find(model, &key);
	if (draw(5) < 2 || model->count == ENTRIES) {
		ret = lbm_trie_unset(&model->trie, &key);
		if (at < 0)
			cr_assert_eq(ret, -ENOENT);
		else if (!ret)
			model->entries[at] = model->entries[--model->count];
		return ret == -ENOENT ? 0 : ret;
	}
	object = lbm_object_new(LBMESH_OBJECT_NETWORK);
	if (!object)
		return -ENOMEM;
	ret = lbm_trie_set(&model->trie, &key, object);
	lbm_object_put(object);
	if (ret)
		return ret;
	if (at < 0)
		at = model->count++;
	model->entries[at] = (struct entry){ key, object };
	return 0;
}

static void model_fork(struct model *to, const struct model *from)
{
	*to = *from;
	lbm_trie_copy(&to->trie, &from->trie, ++edits);
}

static void run(uint64_t start, int rounds, bool failing)
{
	static struct model versions[VERSIONS];
	int round, i, current = 0, next;
	int ret;

	seed = start;
	memset(versions, 0, sizeof(versions));
	for (round = 0; round < rounds; round++) {
		next = (current + 1) % VERSIONS;
		lbm_trie_clear(&versions[next].trie);
		model_fork(&versions[next], &versions[current]);
		shim_fail_after = failing ? (long)draw(40) : -1;
		ret = 0;
		for (i = (int)draw(30); i >= 0 && !ret; i--)
			ret = model_edit(&versions[next]);
		shim_fail_after = -1;
		/* Also after an edit that failed for want of memory. */
		for (i = 0; i < VERSIONS; i++)
			model_check(&versions[i]);
		if (!ret)
			current = next;
	}
	for (i = 0; i < VERSIONS; i++)
		lbm_trie_clear(&versions[i].trie);
	cr_assert_eq(shim_live, 0, "%ld allocations leaked", shim_live);
}

Test(trie, agrees_with_the_model_and_never_changes_an_older_version)
{
	uint64_t i;

	for (i = 1; i <= 20; i++)
		run(i * 0x9e3779b97f4a7c15ULL, 100, false);
}

Test(trie, holds_what_it_held_when_memory_runs_out)
{
	uint64_t i;

	for (i = 1; i <= 20; i++)
		run(i * 0xd1342543de82ef95ULL, 100, true);
}

Test(trie, frees_a_chain_as_deep_as_a_key_is_long_without_recursion)
{
	struct lbm_key key = {};
	struct lbm_object *object;
	struct lbm_trie trie;

	lbm_trie_copy(&trie, NULL, ++edits);
	memset(key.bytes, 0xff, sizeof(key.bytes));
	for (key.bits = 0; key.bits <= LBM_TRIE_KEY_MAX * 8; key.bits++) {
		object = lbm_object_new(LBMESH_OBJECT_NETWORK);
		cr_assert_eq(lbm_trie_set(&trie, &key, object), 0);
		lbm_object_put(object);
	}
	lbm_trie_clear(&trie);
	cr_assert_eq(shim_live, 0);
}

Test(trie, a_change_of_one_of_many_makes_few_nodes)
{
	struct lbm_key key = { .bits = 32 };
	struct lbm_trie trie, next;
	struct lbm_object *object;
	long before;
	u32 i, be;

	lbm_trie_copy(&trie, NULL, ++edits);
	for (i = 0; i < 10000; i++) {
		be = htonl(i);
		memcpy(key.bytes, &be, sizeof(be));
		object = lbm_object_new(LBMESH_OBJECT_NETWORK);
		cr_assert_eq(lbm_trie_set(&trie, &key, object), 0);
		lbm_object_put(object);
	}
	before = shim_live;
	lbm_trie_copy(&next, &trie, ++edits);
	object = lbm_object_new(LBMESH_OBJECT_NETWORK);
	cr_assert_eq(lbm_trie_set(&next, &key, object), 0);
	lbm_object_put(object);
	/* The path, at most the bits of 10,000, and the object. */
	cr_assert_leq(shim_live - before, 15 + 1);
	lbm_trie_clear(&next);
	lbm_trie_clear(&trie);
	cr_assert_eq(shim_live, 0);
}
