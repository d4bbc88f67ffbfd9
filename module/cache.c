// SPDX-License-Identifier: GPL-2.0
/*
 * Verdict cache.
 *
 * Theory of operation
 * -------------------
 * Each CPU has an array of its own, which only it writes, with bottom halves
 * disabled; so there is no lock. A keyed hash of the flow chooses a set of four
 * entries; 16 more bits of it are the entry's tag, and the tags of a set share
 * a cache line. A hit costs that line and the entry's:
 *
 *	a set, 5 cache lines		an entry, 1 cache line
 *	+-------------------------+	+---------------------------+
 *	| tags    7a01 93c4 0000..|	| stamp, rule, hits	    |
 *	| recent     9	  1    0..|	| reason, action, bits	    |
 *	| candidates, sequence	  |	| protocol, direction	    |
 *	+-------------------------+	| addresses		    |
 *	| entry | entry | entry...|	| ports, endpoint	    |
 *	+-------------------------+	+---------------------------+
 *
 * A tag only says where to look: the whole key is compared.
 *
 * Freshness. An entry has the number of the generation it was derived from,
 * read before it was derived. Layers, sets, endpoints and the members have
 * the number of the generation that changed them last. A verdict holds as long
 * as its stamp has reached all that it depends on; nothing is ever flushed:
 *
 *	generation	7	8	9		verdict with stamp 7
 *	layer "org"	5	5	5		5, 5: fresh in 7 and 8
 *	layer "host"	3	3	9		9: stale in 9
 *
 * So numbers must never come back: what returns to an older state needs a new
 * stamp. A stale entry stays where it is until the new verdict of its flow is
 * put into its place, or it goes as the one that is used least.
 *
 * Admission. The sender of random tuples must not displace the flows that live.
 * So a flow comes in with its second packet at the earliest; until then it is
 * a mere candidate, 16 bits: 12 of its tag, 4 to count its packets. And the
 * entry that goes is the one that was used the least of late, if it was used
 * less than the candidate: a comparison of frequencies (Einziger, Friedman and
 * Manes, TinyLFU, 2017, where what we call candidates is the doorkeeper). The
 * frequencies of a set are halved when somebody misses in it and this has not
 * been done for AGING: by the time, since the sender of random tuples would set
 * the pace if packets were counted.
 *
 * A candidate has its place in the line by 4 bits of the tag. When another one
 * wants the place, the count goes down (Boyer and Moore, A Fast Majority Vote
 * Algorithm, 1981), and of two that were seen once a toss decides, or two flows
 * that take turns would keep each other out for ever. So under a flood of
 * random tuples it is a matter of luck when a new flow comes in; had it to wait
 * in a queue of 16, it never would.
 *
 * Reading from another CPU (dumps). The writer makes the set's sequence odd,
 * writes an entry, and makes it even again; a reader that saw it odd or changed
 * tries again, for a bounded time, as the writer may be preempted on its way
 * (real-time kernels). Hits and the time are written without that: they are
 * single words and no reader compares them.
 *
 * Another size, and the empty cache, are new arrays; the old ones are freed
 * after a grace period.
 */

#include <linux/bitops.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/u64_stats_sync.h>

#include "cache.h"

#define WAYS 4
#define CANDIDATES 16
#define LINE_BYTES 64

/* The most that the uses of an entry, or of a candidate, are counted. */
#define USES_MAX 15

/* What an entry is worth that nobody would miss. */
#define FREE (-2)
#define STALE (-1)

/* Time in which an entry's count of uses becomes half. */
#define AGING (4 * HZ)

/* How often a reader looks at an entry that is being written. */
#define READ_TRIES 1000

/* Entries that a step of a dump looks at before it lets others run. */
#define STEP_ENTRIES 4096

/* One in each of the four lanes of 16 bits. */
#define LANES 0x0001000100010001ULL

/**
 * union entry - a flow and its verdict; one cache line
 * @cached: the verdict; its kind is 0 when the entry is free
 * @flow: the rest of the key
 * @addresses: of @flow
 * @ports: of @flow
 * @endpoint: of @flow
 * @words: all of it, to be copied while others look on
 */
union entry {
	struct {
		struct lbm_cached cached;
		union {
			u64 flow[5];
			struct {
				u64 addresses[4];
				u32 ports;
				u32 endpoint;
			};
		};
	};
	unsigned long words[LINE_BYTES / sizeof(long)];
} __aligned(LINE_BYTES);

/**
 * struct set - the entries among which a flow has its place
 * @tags: a lane of 16 bits for each way, the first one lowest
 * @sequence: odd while an entry is written
 * @aged: when @recent was halved last, in jiffies
 * @recent: uses of each way of late, at most USES_MAX
 * @candidates: 12 bits of a tag, and in the low 4 the packets seen
 * @ways: the entries
 *
 * Only @sequence and @ways are read by other CPUs.
 */
struct set {
	u64 tags;
	u32 sequence;
	u32 aged;
	u8 recent[WAYS];
	u16 candidates[CANDIDATES];
	union entry ways[WAYS];
} __aligned(LINE_BYTES);

/**
 * struct table - the array of a CPU
 * @rcu: for freeing it
 * @mask: number of sets less one
 * @sets: in the same piece of memory
 */
struct table {
	struct rcu_head rcu;
	u32 mask;
	struct set *sets;
};

/**
 * struct lbm_cache_cpu - what a CPU has
 * @table: NULL when the cache is off
 * @next: what lbm_cache_resize() is about to make @table
 * @coin: last toss
 * @syncp: protects the counters
 * @hits: as in struct lbm_cache_counters
 * @misses: likewise
 * @stale: likewise
 * @evictions: likewise
 * @refused: likewise
 */
struct lbm_cache_cpu {
	struct table __rcu *table;
	struct table *next;
	u32 coin;
	struct u64_stats_sync syncp;
	u64_stats_t hits;
	u64_stats_t misses;
	u64_stats_t stale;
	u64_stats_t evictions;
	u64_stats_t refused;
};

static_assert(sizeof(struct lbm_flow_key) == 48);
static_assert(offsetof(struct lbm_flow_key, kind) == 40);
static_assert(offsetof(union entry, endpoint) - offsetof(union entry, flow) ==
	      offsetof(struct lbm_flow_key, endpoint));
static_assert(sizeof(union entry) == LINE_BYTES);
static_assert(offsetof(struct set, ways) == LINE_BYTES);
static_assert(sizeof(struct set) == (1 + WAYS) * LINE_BYTES);

static void count(struct lbm_cache_cpu *cpu, u64_stats_t *counter)
{
	u64_stats_update_begin(&cpu->syncp);
	u64_stats_inc(counter);
	u64_stats_update_end(&cpu->syncp);
}

/*
 * Of IPv4 it is NH (Black, Halevi, Krawczyk, Krovetz, Rogaway, UMAC, 1999) and
 * a multiplication that spreads it: two flows that were chosen without knowing
 * the secret meet by chance alone, and it takes a tenth of the instructions
 * of a pseudorandom function. Who finds flows that meet all the same, by their
 * timing, gets a set to himself, in which the packets of others are judged
 * by the rules; the verdicts are right. Inline, as each packet comes by here.
 */
static __always_inline u32 hash_ipv4(const struct lbm_cache *cache,
				     const struct lbm_flow_key *key)
{
	u32 a = (__force u32)key->src.s6_addr32[0] + cache->words[0];
	u32 b = (__force u32)key->dst.s6_addr32[0] + cache->words[1];
	u32 c = key->ports + cache->words[2];
	u32 d = (key->endpoint ^ (u32)key->kind << 16) + cache->words[3];

	return ((u64)a * b + (u64)c * d) * cache->factor >> 32;
}

static __always_inline u32 flow_hash(const struct lbm_cache *cache,
				     const struct lbm_flow_key *key)
{
	if (key->bits & LBM_FLOW_IPV4)
		return hash_ipv4(cache, key);
	return hsiphash(key, offsetofend(struct lbm_flow_key, kind),
			&cache->secret);
}

static u16 tag_of(u32 hash)
{
	return hash >> 16;
}

static struct set *set_of(const struct table *table, u32 hash)
{
	return &table->sets[hash & table->mask];
}

static bool is_entry_of(const union entry *entry,
			const struct lbm_flow_key *key)
{
	return entry->flow[0] == key->words[0] &&
	       entry->flow[1] == key->words[1] &&
	       entry->flow[2] == key->words[2] &&
	       entry->flow[3] == key->words[3] &&
	       entry->flow[4] == key->words[4] &&
	       entry->cached.kind == key->kind;
}

/*
 * The entry that holds @key, or NULL. All four tags are compared at once: in
 * each lane that has become zero, the top bit is set (and in a lane after that
 * it may be too, which costs a comparison of keys). Free entries have no key.
 */
static __always_inline union entry *find_entry(struct set *set,
					       const struct lbm_flow_key *key)
{
	u64 lanes = set->tags ^ LANES * tag_of(key->hash);
	u64 same = (lanes - LANES) & ~lanes & LANES << 15;

	for (; same; same &= same - 1) {
		union entry *entry = &set->ways[__ffs64(same) / 16];

		if (is_entry_of(entry, key))
			return entry;
	}
	return NULL;
}

/* Inline in both of its callers, so that neither saves registers for a call. */
static __always_inline const struct lbm_cached *
get_hashed(struct lbm_cache_cpu *cpu, const struct table *table,
	   const struct lbm_flow_key *key, struct lbm_newest newest)
{
	struct set *set = set_of(table, key->hash);
	union entry *entry = find_entry(set, key);
	u32 hits;
	u8 *recent;

	if (!entry) {
		count(cpu, &cpu->misses);
		return NULL;
	}
	if (!lbm_cached_is_fresh(&entry->cached, newest)) {
		count(cpu, &cpu->stale);
		return NULL;
	}
	count(cpu, &cpu->hits);
	hits = entry->cached.hits + 1;
	if (hits)
		WRITE_ONCE(entry->cached.hits, hits);
	recent = &set->recent[entry - set->ways];
	if (*recent < USES_MAX)
		*recent += 1;
	return &entry->cached;
}

static noinline const struct lbm_cached *
get_ipv6(struct lbm_cache *cache, struct lbm_cache_cpu *cpu,
	 const struct table *table, struct lbm_flow_key *key,
	 struct lbm_newest newest)
{
	key->hash = flow_hash(cache, key);
	return get_hashed(cpu, table, key, newest);
}

/**
 * lbm_cache_get - look for the verdict of a flow
 * @cache: the cache
 * @key: the flow; its hash is set, for lbm_cache_put()
 * @newest: stamps of what the verdict may depend on, in the generation that the
 *	caller judges by
 *
 * Bottom halves are disabled, and remain so as long as the verdict is looked
 * at; and the RCU read lock is held, as long as its rule is.
 *
 * Return: the verdict, or NULL when there is none that still holds.
 */
const struct lbm_cached *
lbm_cache_get(struct lbm_cache *cache, struct lbm_flow_key *key,
	      struct lbm_newest newest)
{
	struct lbm_cache_cpu *cpu = this_cpu_ptr(cache->cpus);
	const struct table *table = rcu_dereference_bh(cpu->table);

	key->hash = 0;
	if (!table)
		return NULL;
	if (!(key->bits & LBM_FLOW_IPV4))
		return get_ipv6(cache, cpu, table, key, newest);
	key->hash = hash_ipv4(cache, key);
	return get_hashed(cpu, table, key, newest);
}

/* Half of all uses are forgotten after a while. */
static void set_age(struct set *set)
{
	u32 now = jiffies;
	int way;

	if (now - set->aged < AGING)
		return;
	set->aged = now;
	for (way = 0; way < WAYS; way++)
		set->recent[way] /= 2;
}

/* Heads or tails; that somebody may foresee it does not matter. */
static bool toss(struct lbm_cache_cpu *cpu)
{
	cpu->coin = cpu->coin * 1664525 + 1013904223;
	return cpu->coin >> 31;
}

/* How often a flow that is no entry was seen, this time included. */
static unsigned int candidate_seen(struct lbm_cache_cpu *cpu, struct set *set,
				   u16 tag)
{
	u16 name = tag & ~USES_MAX;
	u16 *candidate = &set->candidates[tag % CANDIDATES];
	unsigned int seen = *candidate & USES_MAX;

	if (seen && (*candidate & ~USES_MAX) == name) {
		*candidate += seen < USES_MAX;
		return *candidate & USES_MAX;
	}
	if (seen > 1)
		*candidate -= 1;
	else if (!seen || toss(cpu))
		*candidate = name | 1;
	return 1;
}

/*
 * What would be lost with an entry, above 0 or nothing. That an entry of
 * another endpoint is stale cannot be seen here; but it is not used either.
 */
static int worth(const union entry *entry, u8 recent,
		 const struct lbm_flow_key *key, struct lbm_newest newest)
{
	if (!entry->cached.kind)
		return FREE;
	if (entry->endpoint == key->endpoint &&
	    !lbm_cached_is_fresh(&entry->cached, newest))
		return STALE;
	return recent;
}

/* The place for a flow that is no entry, or NULL when it has to wait. */
static union entry *admit(struct lbm_cache_cpu *cpu, struct set *set,
			  const struct lbm_flow_key *key,
			  struct lbm_newest newest)
{
	unsigned int victim = 0, way, i;
	int least = USES_MAX + 1, seen;

	set_age(set);
	seen = candidate_seen(cpu, set, tag_of(key->hash));
	if (seen < 2)
		return NULL;
	for (i = 0; i < WAYS; i++) {
		int value;

		/* Among equals it is a matter of luck. */
		way = (tag_of(key->hash) + i) % WAYS;
		value = worth(&set->ways[way], set->recent[way], key, newest);
		if (value < least) {
			least = value;
			victim = way;
		}
	}
	/* The first packet does not count: everybody has sent one. */
	if (least >= seen - 1)
		return NULL;
	set->candidates[tag_of(key->hash) % CANDIDATES] = 0;
	set->recent[victim] = seen - 1;
	if (least != FREE)
		count(cpu, &cpu->evictions);
	return &set->ways[victim];
}

static void entry_write(struct set *set, union entry *to,
			const union entry *from)
{
	int i;

	WRITE_ONCE(set->sequence, set->sequence + 1);
	smp_wmb(); /* pairs with the second smp_rmb() in entry_read() */
	for (i = 0; i < ARRAY_SIZE(to->words); i++)
		WRITE_ONCE(to->words[i], from->words[i]);
	smp_wmb(); /* pairs with the first smp_rmb() in entry_read() */
	WRITE_ONCE(set->sequence, set->sequence + 1);
}

/**
 * lbm_cache_put - offer the verdict of a flow
 * @cache: the cache
 * @key: the flow, as lbm_cache_get() has left it
 * @newest: as given to lbm_cache_get()
 * @cached: the verdict; hits and kind are not looked at. The stamp is the
 *	number of the generation that it was derived from
 *
 * Bottom halves have been disabled since lbm_cache_get() for @key said no.
 *
 * Return: whether the cache has taken it.
 */
bool lbm_cache_put(struct lbm_cache *cache, const struct lbm_flow_key *key,
		   struct lbm_newest newest, const struct lbm_cached *cached)
{
	struct lbm_cache_cpu *cpu = this_cpu_ptr(cache->cpus);
	const struct table *table = rcu_dereference_bh(cpu->table);
	union entry *place, entry;
	unsigned int lane;
	struct set *set;

	if (!table)
		return false;
	set = set_of(table, key->hash);
	/* A stale one, most likely: its flow is no newcomer. */
	place = find_entry(set, key);
	if (!place)
		place = admit(cpu, set, key, newest);
	if (!place) {
		count(cpu, &cpu->refused);
		return false;
	}
	entry.cached = *cached;
	entry.cached.hits = 0;
	entry.cached.kind = key->kind;
	memcpy(entry.flow, key->words, sizeof(entry.flow));
	entry_write(set, place, &entry);
	lane = (place - set->ways) * 16;
	set->tags &= ~(0xffffULL << lane);
	set->tags |= (u64)tag_of(key->hash) << lane;
	return true;
}

/* Copy an entry of any CPU; false when there is none to be had. */
static bool entry_read(const struct set *set, int way, union entry *entry)
{
	u32 sequence;
	int tries, i;

	for (tries = 0; tries < READ_TRIES; tries++) {
		sequence = READ_ONCE(set->sequence);
		smp_rmb(); /* pairs with the second in entry_write() */
		for (i = 0; i < ARRAY_SIZE(entry->words); i++)
			entry->words[i] = READ_ONCE(set->ways[way].words[i]);
		smp_rmb(); /* pairs with the first in entry_write() */
		if (!(sequence & 1) && READ_ONCE(set->sequence) == sequence)
			return entry->cached.kind;
		cpu_relax();
	}
	return false;
}

/**
 * lbm_cache_peek - what all CPUs know about a flow
 * @cache: the cache
 * @key: the flow
 * @newest: as for lbm_cache_get()
 * @cached: the newest verdict, with the hits of all CPUs
 *
 * Any CPU may call this, under the RCU read lock. It counts nothing.
 *
 * Return: whether there is a verdict that still holds.
 */
bool lbm_cache_peek(const struct lbm_cache *cache,
		    const struct lbm_flow_key *key, struct lbm_newest newest,
		    struct lbm_cached *cached)
{
	u32 hash = flow_hash(cache, key), hits = 0;
	const struct table *table;
	bool found = false;
	union entry entry;
	int cpu, way;

	for_each_possible_cpu(cpu) {
		table = rcu_dereference(per_cpu_ptr(cache->cpus, cpu)->table);
		for (way = 0; table && way < WAYS; way++) {
			if (!entry_read(set_of(table, hash), way, &entry) ||
			    !is_entry_of(&entry, key) ||
			    !lbm_cached_is_fresh(&entry.cached, newest))
				continue;
			hits += min(entry.cached.hits, U32_MAX - hits);
			if (!found || entry.cached.stamp > cached->stamp)
				*cached = entry.cached;
			found = true;
		}
	}
	if (found)
		cached->hits = hits;
	return found;
}

/* The next entry of one CPU, as lbm_cache_next(). */
static int next_of_cpu(const struct table *table, u32 *at, union entry *entry)
{
	int steps;

	for (steps = 0; *at / WAYS <= table->mask; steps++) {
		if (steps == STEP_ENTRIES)
			return -EAGAIN;
		*at += 1;
		if (entry_read(&table->sets[(*at - 1) / WAYS],
			       (*at - 1) % WAYS, entry))
			return 1;
	}
	return 0;
}

/**
 * lbm_cache_next - the next entry of a dump
 * @cache: the cache
 * @cursor: where the dump is; all zero in the beginning
 * @key: the flow
 * @cached: its verdict, stale or not
 *
 * Any CPU may call this, under the RCU read lock, and look at the rule of a
 * verdict only after lbm_cached_is_fresh() by the generation in force. What
 * comes or goes meanwhile may be shown or not; no entry is shown in part.
 *
 * Return: 1 for an entry; 0 at the end; -EAGAIN when there was none so far, and
 * the caller should let others run before he goes on.
 */
int lbm_cache_next(const struct lbm_cache *cache,
		   struct lbm_cache_cursor *cursor, struct lbm_flow_key *key,
		   struct lbm_cached *cached)
{
	const struct table *table;
	union entry entry;
	int ret;

	for (; cursor->cpu < nr_cpu_ids; cursor->cpu++, cursor->at = 0) {
		if (!cpu_possible(cursor->cpu))
			continue;
		table = rcu_dereference(per_cpu_ptr(cache->cpus,
						    cursor->cpu)->table);
		if (!table)
			continue;
		ret = next_of_cpu(table, &cursor->at, &entry);
		if (ret < 0)
			return ret;
		if (!ret)
			continue;
		memcpy(key->words, entry.flow, sizeof(entry.flow));
		key->kind = entry.cached.kind;
		key->hash = flow_hash(cache, key);
		*cached = entry.cached;
		return 1;
	}
	return 0;
}

/**
 * lbm_cache_count - read the counters
 * @cache: the cache
 * @counters: sums over all CPUs
 */
void lbm_cache_count(const struct lbm_cache *cache,
		     struct lbm_cache_counters *counters)
{
	struct lbm_cache_counters now;
	unsigned int start;
	int i;

	memset(counters, 0, sizeof(*counters));
	for_each_possible_cpu(i) {
		const struct lbm_cache_cpu *cpu = per_cpu_ptr(cache->cpus, i);

		do {
			start = u64_stats_fetch_begin(&cpu->syncp);
			now.hits = u64_stats_read(&cpu->hits);
			now.misses = u64_stats_read(&cpu->misses);
			now.stale = u64_stats_read(&cpu->stale);
			now.evictions = u64_stats_read(&cpu->evictions);
			now.refused = u64_stats_read(&cpu->refused);
		} while (u64_stats_fetch_retry(&cpu->syncp, start));
		counters->hits += now.hits;
		counters->misses += now.misses;
		counters->stale += now.stale;
		counters->evictions += now.evictions;
		counters->refused += now.refused;
	}
}

/* An empty array; its sets begin at a cache line, which kmalloc() may not. */
static struct table *table_new(u32 entries, int cpu)
{
	u32 sets = entries / WAYS;
	struct table *table;

	table = kvzalloc_node(sizeof(*table) + LINE_BYTES - 1 +
			      sets * sizeof(struct set),
			      GFP_KERNEL_ACCOUNT, cpu_to_node(cpu));
	if (!table)
		return NULL;
	table->mask = sets - 1;
	table->sets = PTR_ALIGN((struct set *)(table + 1), LINE_BYTES);
	return table;
}

/* Make what is prepared the array of each CPU, and free what was before. */
static void swap_tables(struct lbm_cache *cache)
{
	struct lbm_cache_cpu *cpu;
	struct table *old;
	int i;

	for_each_possible_cpu(i) {
		cpu = per_cpu_ptr(cache->cpus, i);
		old = rcu_replace_pointer(cpu->table, cpu->next, true);
		cpu->next = NULL;
		if (old)
			kvfree_rcu(old, rcu);
	}
}

/**
 * lbm_cache_resize - set how many verdicts each CPU may have, and forget all
 * @cache: the cache
 * @entries: a power of two from LBM_CACHE_ENTRIES_MIN to
 *	LBM_CACHE_ENTRIES_MAX, or 0 to switch it off, which cannot fail
 *
 * Packets may be judged meanwhile. The caller sees to it that there is only one
 * such call at a time, and may sleep; nothing here waits for a grace period. A
 * packet that is on its way may still put in a verdict of before.
 *
 * Return: 0; -EINVAL for another number; -ENOMEM, when nothing has changed.
 */
int lbm_cache_resize(struct lbm_cache *cache, u32 entries)
{
	struct lbm_cache_cpu *cpu;
	bool full = true;
	int i;

	if (entries && (!is_power_of_2(entries) ||
			entries < LBM_CACHE_ENTRIES_MIN ||
			entries > LBM_CACHE_ENTRIES_MAX))
		return -EINVAL;
	for_each_possible_cpu(i) {
		if (!entries || !full)
			break;
		cpu = per_cpu_ptr(cache->cpus, i);
		cpu->next = table_new(entries, i);
		full = cpu->next;
	}
	if (full) {
		swap_tables(cache);
		WRITE_ONCE(cache->entries, entries);
		return 0;
	}
	for_each_possible_cpu(i) {
		cpu = per_cpu_ptr(cache->cpus, i);
		kvfree(cpu->next);
		cpu->next = NULL;
	}
	return -ENOMEM;
}

/**
 * lbm_cache_clear - forget all verdicts; not what was counted
 * @cache: the cache
 *
 * As lbm_cache_resize() to the size that it has.
 *
 * Return: 0, or -ENOMEM, when nothing has changed.
 */
int lbm_cache_clear(struct lbm_cache *cache)
{
	return lbm_cache_resize(cache, cache->entries);
}

/**
 * lbm_cache_init - make a cache that is off
 * @cache: filled in
 *
 * Return: 0, or -ENOMEM.
 */
int lbm_cache_init(struct lbm_cache *cache)
{
	int i;

	cache->entries = 0;
	cache->cpus = alloc_percpu_gfp(struct lbm_cache_cpu,
				       GFP_KERNEL_ACCOUNT);
	if (!cache->cpus)
		return -ENOMEM;
	for_each_possible_cpu(i)
		u64_stats_init(&per_cpu_ptr(cache->cpus, i)->syncp);
	get_random_bytes(&cache->secret, sizeof(cache->secret));
	get_random_bytes(cache->words, sizeof(cache->words));
	get_random_bytes(&cache->factor, sizeof(cache->factor));
	cache->factor |= 1;
	return 0;
}

/**
 * lbm_cache_destroy - free all of a cache
 * @cache: the cache; a grace period has passed since the last packet. One that
 *	is all zero is left alone
 */
void lbm_cache_destroy(struct lbm_cache *cache)
{
	if (!cache->cpus)
		return;
	lbm_cache_resize(cache, 0);
	free_percpu(cache->cpus);
	cache->cpus = NULL;
}
