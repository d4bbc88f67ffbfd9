// SPDX-License-Identifier: GPL-2.0-only
/*
 * module/cache.c against an unbounded model: what was put in last for a flow,
 * and what the truth is. A hit must be both. Then what a flood of random tuples
 * does to flows that live, what another CPU sees, and want of memory.
 *
 * LBMESH_LONG=1 in the environment makes the flood and the rest as long as the
 * goals say; the figures are printed.
 */

#include <criterion/criterion.h>
#include <pthread.h>

#include "percpu.h"

#include "cache.h"

long shim_fail_after = -1;
long shim_live;
_Thread_local int shim_cpu;
unsigned long jiffies;
struct rcu_head *shim_rcu;
_Thread_local void (*shim_interleave)(void);

#define FLOWS 400
#define ENDPOINTS 4
#define LIVE 1000

static _Thread_local uint64_t seed = 1;

static uint32_t draw(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % below;
}

static bool is_long(void)
{
	const char *value = getenv("LBMESH_LONG");

	return value && !strcmp(value, "1");
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t v = (a ^ b * 0x9e3779b97f4a7c15ULL) + 0x632be59bd9b4e019ULL;

	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9ULL;
	v = (v ^ v >> 27) * 0x94d049bb133111ebULL;
	return v ^ v >> 31;
}

/* Flows that differ in little, so that each part of the key matters. */
static struct lbm_flow_key flow(u32 number)
{
	struct lbm_flow_key key = { .protocol = 6, .dst_port = 443 };
	u32 part = number % 8, value = number / 8;

	memset(&key.hash, 0xa5, sizeof(key.hash));
	key.bits = value % 2 ? LBM_FLOW_IPV6 : LBM_FLOW_IPV4;
	value /= 2;
	key.endpoint = value % ENDPOINTS;
	value /= ENDPOINTS;
	if (part == 0)
		key.src.s6_addr32[0] = value;
	else if (part == 1)
		key.dst.s6_addr32[0] = value;
	else if (part == 2)
		key.src_port = (u16)value;
	else if (part == 3)
		key.dst_port = (u16)value;
	else if (part == 4)
		key.protocol = (u8)value;
	else if (part == 5)
		key.bits |= (u8)(value % 4 * LBM_FLOW_EGRESS);
	else if (key.bits & LBM_FLOW_IPV6)
		key.words[part - 5] = (u64)value << 32;
	return key;
}

static struct lbm_flow_key random_flow(u8 family)
{
	struct lbm_flow_key key = { .protocol = 17, .bits = family };
	int i;

	for (i = 0; i < (family == LBM_FLOW_IPV4 ? 1 : 4); i++) {
		key.src.s6_addr32[i] = draw(UINT32_MAX);
		key.dst.s6_addr32[i] = draw(UINT32_MAX);
	}
	key.ports = draw(UINT32_MAX);
	key.endpoint = draw(ENDPOINTS);
	return key;
}

static bool is_same_flow(const struct lbm_flow_key *a,
			 const struct lbm_flow_key *b)
{
	return !memcmp(a->words, b->words, sizeof(a->words)) &&
	       a->protocol == b->protocol && a->bits == b->bits;
}

/* A verdict that tells from what it was derived. */
static struct lbm_cached verdict(uint64_t of, u64 stamp, u8 bits)
{
	uint64_t v = mix(of, 7);

	return (struct lbm_cached){
		.stamp = stamp,
		.rule = (const struct lbm_rule *)(uintptr_t)(v >> 16),
		.hits = 12345, /* not to be looked at */
		.action = v % 3,
		.reason = v / 3 % 11,
		.bits = bits,
	};
}

static bool is_same_verdict(const struct lbm_cached *a,
			    const struct lbm_cached *b)
{
	return a->stamp == b->stamp && a->rule == b->rule &&
	       a->action == b->action && a->reason == b->reason &&
	       a->bits == b->bits;
}

static void make(struct lbm_cache *cache, u32 entries)
{
	memset(cache, 0xa5, sizeof(*cache));
	cr_assert_eq(lbm_cache_init(cache), 0);
	cr_assert_eq(lbm_cache_resize(cache, entries), 0);
	shim_cpu = 0;
}

static void unmake(struct lbm_cache *cache)
{
	lbm_cache_destroy(cache);
	shim_grace_period();
	cr_assert_eq(shim_live, 0, "%ld allocations leaked", shim_live);
}

/* The unbounded model, and the state that verdicts depend on. */
struct model {
	struct lbm_cache cache;
	struct lbm_flow_key keys[FLOWS];
	struct lbm_cached put[SHIM_CPUS][FLOWS];
	bool taken[SHIM_CPUS][FLOWS];
	u32 hits[SHIM_CPUS][FLOWS];
	u64 generation;
	u64 rules[ENDPOINTS];
	u64 members;
	struct lbm_cache_counters counters;
	u64 gets;
};

static int model_find(const struct model *model, const struct lbm_flow_key *key)
{
	int i;

	for (i = 0; i < FLOWS; i++)
		if (is_same_flow(key, &model->keys[i]))
			break;
	return i;
}

static struct lbm_newest newest_of(const struct model *model, int i)
{
	return (struct lbm_newest){
		.rules = model->rules[model->keys[i].endpoint],
		.members = model->members,
	};
}

/* What a verdict is derived from, now. */
static struct lbm_cached truth_of(const struct model *model, int i, u64 stamp)
{
	struct lbm_newest newest = newest_of(model, i);
	u8 bits = i % 3 ? LBM_CACHED_LOG : LBM_CACHED_MEMBERS;
	uint64_t of = mix((u64)i, newest.rules);

	if (bits & LBM_CACHED_MEMBERS)
		of = mix(of, newest.members);
	return verdict(of, stamp, bits);
}

static void model_publish(struct model *model)
{
	model->generation++;
	if (draw(3) == 0)
		model->members = model->generation;
	else if (draw(3))
		model->rules[draw(ENDPOINTS)] = model->generation;
}

static void model_forget(struct model *model)
{
	memset(model->taken, 0, sizeof(model->taken));
	if (draw(2))
		shim_grace_period();
}

/* A packet of flow @i; sometimes a generation comes while it is judged. */
static void model_packet(struct model *model, int i)
{
	struct lbm_newest newest = newest_of(model, i);
	struct lbm_flow_key *key = &model->keys[i];
	u64 stamp = model->generation;
	const struct lbm_cached *hit;
	struct lbm_cached truth;

	model->gets += model->cache.entries != 0;
	hit = lbm_cache_get(&model->cache, key, newest);
	if (hit) {
		truth = truth_of(model, i, hit->stamp);
		cr_assert(is_same_verdict(hit, &truth), "stale or wrong");
		cr_assert(model->taken[shim_cpu][i]);
		cr_assert(is_same_verdict(hit, &model->put[shim_cpu][i]));
		cr_assert_eq(hit->hits, ++model->hits[shim_cpu][i]);
		model->counters.hits++;
		return;
	}
	if (draw(10) == 0)
		return;
	/* Before or after the verdict was derived; after the stamp was read. */
	if (draw(200) == 0)
		model_publish(model);
	truth = truth_of(model, i, stamp);
	if (draw(200) == 0)
		model_publish(model);
	model->put[shim_cpu][i] = truth;
	model->hits[shim_cpu][i] = 0;
	model->taken[shim_cpu][i] = lbm_cache_put(&model->cache, key, newest,
						  &truth);
}

/* All that is shown was put, once, and is shown whole. */
static void model_dump(const struct model *model)
{
	static bool shown[SHIM_CPUS][FLOWS];
	struct lbm_cache_cursor cursor = {};
	struct lbm_flow_key key;
	struct lbm_cached cached;
	u32 total = 0;
	int ret, i;

	memset(shown, 0, sizeof(shown));
	while ((ret = lbm_cache_next(&model->cache, &cursor, &key, &cached))) {
		if (ret == -EAGAIN)
			continue;
		cr_assert_eq(ret, 1);
		i = model_find(model, &key);
		cr_assert_lt(i, FLOWS, "nobody has put that flow");
		cr_assert_lt(cursor.cpu, SHIM_CPUS);
		cr_assert(model->taken[cursor.cpu][i]);
		cr_assert_not(shown[cursor.cpu][i]);
		shown[cursor.cpu][i] = true;
		cr_assert(is_same_verdict(&cached, &model->put[cursor.cpu][i]));
		cr_assert_eq(cached.hits, model->hits[cursor.cpu][i]);
		total++;
	}
	cr_assert_leq(total, model->cache.entries * SHIM_CPUS);
}

static void model_peek(const struct model *model, int i)
{
	struct lbm_newest newest = newest_of(model, i);
	struct lbm_cached cached, truth;
	u32 hits = 0;
	int cpu;

	if (!lbm_cache_peek(&model->cache, &model->keys[i], newest, &cached))
		return;
	truth = truth_of(model, i, cached.stamp);
	cr_assert(is_same_verdict(&cached, &truth));
	for (cpu = 0; cpu < SHIM_CPUS; cpu++)
		hits += model->hits[cpu][i];
	cr_assert_leq(cached.hits, hits);
}

static void model_resize(struct model *model)
{
	static const u32 sizes[] = { 0, 4, 8, 64, 128, 256, 1024, 4096 };
	int ret;

	if (draw(3) == 0) {
		cr_assert_eq(lbm_cache_clear(&model->cache), 0);
		model_forget(model);
		return;
	}
	shim_fail_after = draw(2) ? (long)draw(3) : -1;
	ret = lbm_cache_resize(&model->cache,
			       sizes[draw(ARRAY_SIZE(sizes))]);
	shim_fail_after = -1;
	if (ret)
		cr_assert_eq(ret, -ENOMEM);
	else
		model_forget(model);
}

static void run(uint64_t start, u32 packets)
{
	static struct model model;
	struct lbm_cache_counters counters;
	u32 n, base = 0;
	int i;

	seed = start;
	memset(&model, 0, sizeof(model));
	for (i = 0; i < FLOWS; base++) {
		model.keys[i] = flow(base);
		i += model_find(&model, &model.keys[i]) == i;
	}
	make(&model.cache, 256);
	for (n = 0; n < packets; n++) {
		shim_cpu = draw(8) == 0;
		jiffies += draw(20);
		if (draw(200) == 0)
			base = draw(FLOWS);
		/* Some flows are busy for a while. */
		model_packet(&model, (int)((base + draw(draw(2) ? 20 : FLOWS)) %
					   FLOWS));
		model_peek(&model, (int)draw(FLOWS));
		if (draw(500) == 0)
			model_publish(&model);
		if (draw(500) == 0)
			model_dump(&model);
		if (draw(5000) == 0)
			model_resize(&model);
	}
	lbm_cache_count(&model.cache, &counters);
	cr_assert_eq(counters.hits, model.counters.hits);
	cr_assert_eq(counters.hits + counters.misses + counters.stale,
		     model.gets);
	printf("model: %u packets, %ld hits, %ld misses, %ld stale, %ld evictions, %ld refused\n",
	       packets, (long)counters.hits, (long)counters.misses,
	       (long)counters.stale, (long)counters.evictions,
	       (long)counters.refused);
	cr_assert_gt(counters.hits, packets / 5);
	cr_assert_gt(counters.stale, 0);
	cr_assert_gt(counters.evictions, 0);
	unmake(&model.cache);
}

Test(cache, gives_no_verdict_that_is_wrong_or_stale)
{
	run(0x9e3779b97f4a7c15ULL, is_long() ? 10000000 : 300000);
	run(0xd1342543de82ef95ULL, is_long() ? 10000000 : 300000);
}

static const struct lbm_newest first = { 1, 1 };

/* One packet of a flow that nothing changes for; whether it was a hit. */
static bool packet(struct lbm_cache *cache, struct lbm_flow_key *key)
{
	const struct lbm_cached cached = verdict(key->words[4], 1, 0);

	if (lbm_cache_get(cache, key, first))
		return true;
	lbm_cache_put(cache, key, first, &cached);
	return false;
}

Test(cache, takes_a_flow_in_with_its_second_packet)
{
	struct lbm_flow_key key = random_flow(LBM_FLOW_IPV6);
	struct lbm_cached cached = verdict(1, 5, LBM_CACHED_LOG);
	struct lbm_newest newest = { 5, 5 };
	const struct lbm_cached *hit;
	struct lbm_cache cache;

	make(&cache, 4096);
	cr_assert_null(lbm_cache_get(&cache, &key, newest));
	cr_assert_not(lbm_cache_put(&cache, &key, newest, &cached));
	cr_assert_null(lbm_cache_get(&cache, &key, newest));
	cr_assert(lbm_cache_put(&cache, &key, newest, &cached));
	hit = lbm_cache_get(&cache, &key, newest);
	cr_assert_not_null(hit);
	cr_assert(is_same_verdict(hit, &cached));
	/* It does not depend on the members. */
	newest.members = 6;
	cr_assert_not_null(lbm_cache_get(&cache, &key, newest));
	newest.rules = 6;
	cr_assert_null(lbm_cache_get(&cache, &key, newest));
	/* No newcomer: one packet is enough. */
	cached = verdict(2, 6, LBM_CACHED_MEMBERS);
	cr_assert(lbm_cache_put(&cache, &key, newest, &cached));
	hit = lbm_cache_get(&cache, &key, newest);
	cr_assert(hit && is_same_verdict(hit, &cached));
	newest.members = 7;
	cr_assert_null(lbm_cache_get(&cache, &key, newest));
	unmake(&cache);
}

/* Another value of one part of the key. */
static void change(struct lbm_flow_key *key, u32 part)
{
	if (part < 5)
		key->words[part] += 1 + draw(UINT32_MAX);
	else
		key->protocol ^= (u8)(1 + draw(255));
}

Test(cache, compares_the_whole_key)
{
	struct lbm_flow_key keys[4], key;
	u32 i, n, bit, tries = is_long() ? 10000000 : 3000000;
	struct lbm_cache cache;

	/* One set, so that one changed key in 65,536 has the tag it had. */
	make(&cache, 4);
	for (i = 0; i < 4; i++) {
		keys[i] = random_flow(LBM_FLOW_IPV6);
		for (n = 0; n < 100; n++)
			packet(&cache, &keys[i]);
		cr_assert(packet(&cache, &keys[i]));
	}
	for (i = 0; i < 4; i++) {
		for (bit = 0; bit < 42 * 8; bit++) {
			key = keys[i];
			((u8 *)&key)[bit / 8] ^= (u8)(1 << bit % 8);
			cr_assert_null(lbm_cache_get(&cache, &key, first));
		}
	}
	for (n = 0; n < tries; n++) {
		key = keys[n % 4];
		change(&key, n % 6);
		if (lbm_cache_get(&cache, &key, first))
			cr_assert(false, "part %u of the key is not compared",
				  n % 6);
	}
	unmake(&cache);
}

Test(cache, takes_in_flows_that_take_turns)
{
	static struct lbm_flow_key keys[LIVE];
	struct lbm_cache cache;
	u32 i, hits = 0;

	make(&cache, LBM_CACHE_ENTRIES);
	for (i = 0; i < LIVE; i++)
		keys[i] = random_flow(LBM_FLOW_IPV4);
	for (i = 0; i < LIVE * 21; i++)
		hits += packet(&cache, &keys[i % LIVE]) && i >= LIVE * 20;
	printf("turns: %u of %d flows are cached after 20 packets each\n", hits,
	       LIVE);
	cr_assert_geq(hits, LIVE * 97 / 100);
	unmake(&cache);
}

Test(cache, keeps_what_is_used_and_gives_way_what_is_not)
{
	struct lbm_flow_key keys[4], key = random_flow(LBM_FLOW_IPV4);
	struct lbm_cache cache;
	int i, n;

	make(&cache, 4);
	for (i = 0; i < 4; i++) {
		keys[i] = random_flow(LBM_FLOW_IPV4);
		for (n = 0; n < 40; n++)
			packet(&cache, &keys[i]);
	}
	/* All are used as much as can be told. */
	for (n = 0; n < 100; n++)
		cr_assert_not(packet(&cache, &key));
	for (i = 0; i < 4; i++)
		cr_assert(packet(&cache, &keys[i]));
	/* Three go on, one does not. */
	for (n = 0; n < 10; n++) {
		jiffies += 5 * HZ;
		for (i = 0; i < 20; i++)
			packet(&cache, &keys[i % 3]);
		packet(&cache, &key);
	}
	cr_assert(packet(&cache, &key));
	for (i = 0; i < 3; i++)
		cr_assert(packet(&cache, &keys[i]));
	cr_assert_not(packet(&cache, &keys[3]));
	unmake(&cache);
}

/*
 * @count random tuples of @times packets each, at 100,000 packets a second, and
 * after every @every of them a packet of a live flow. Returns the live ones'
 * hits in percent; with @late the flows begin when the flood is there, and the
 * last tenth counts.
 */
static double flood(u32 count, u32 times, u32 every, bool late)
{
	static struct lbm_flow_key live[LIVE];
	struct lbm_cache cache;
	struct lbm_flow_key key;
	u32 i, n, at = 0, hits = 0, packets = 0;

	make(&cache, LBM_CACHE_ENTRIES);
	for (i = 0; i < LIVE; i++)
		live[i] = random_flow(i % 2 ? LBM_FLOW_IPV4 : LBM_FLOW_IPV6);
	for (i = 0; i < LIVE * 20 && !late; i++)
		packet(&cache, &live[i % LIVE]);
	for (i = 0; i < count; i++) {
		key = random_flow(LBM_FLOW_IPV4);
		for (n = 0; n < times; n++) {
			jiffies += ++at % 100 == 0;
			packet(&cache, &key);
			if (at % every)
				continue;
			if (packet(&cache, &live[at / every % LIVE]))
				hits += !late || i >= count / 10 * 9;
			packets += !late || i >= count / 10 * 9;
		}
	}
	unmake(&cache);
	return 100.0 * hits / packets;
}

Test(cache, a_flood_of_random_tuples_does_not_evict_flows_that_live)
{
	u32 count = is_long() ? 10000000 : 300000;
	double once, twice, often;

	once = flood(count, 1, 10, false);
	twice = flood(count, 2, 10, false);
	often = flood(count, 5, 10, false);
	printf("flood: %u random tuples, 10 packets between two of %d live flows, which keep\n",
	       count, LIVE);
	printf("flood: %.1f %% of their hits; %.1f %% when each tuple comes twice, %.1f %% five times\n",
	       once, twice, often);
	printf("flood: %.1f %% with 100 packets between two; flows that begin in the flood get %.1f %%, %.1f %%\n",
	       flood(count, 1, 100, false), flood(count, 1, 10, true),
	       flood(count, 1, 100, true));
	cr_assert_geq(once, 80);
	cr_assert_geq(twice, 80);
}

Test(cache, has_no_size_but_a_power_of_two)
{
	struct lbm_flow_key key = random_flow(LBM_FLOW_IPV4);
	struct lbm_cache cache = {};
	int i;

	lbm_cache_destroy(&cache);
	make(&cache, 64);
	for (i = 0; i < 4; i++)
		packet(&cache, &key);
	cr_assert_eq(lbm_cache_resize(&cache, 1), -EINVAL);
	cr_assert_eq(lbm_cache_resize(&cache, 2), -EINVAL);
	cr_assert_eq(lbm_cache_resize(&cache, 96), -EINVAL);
	cr_assert_eq(lbm_cache_resize(&cache, LBM_CACHE_ENTRIES_MAX * 2),
		     -EINVAL);
	cr_assert(packet(&cache, &key));
	cr_assert_eq(lbm_cache_resize(&cache, LBM_CACHE_ENTRIES_MAX), 0);
	cr_assert_not(packet(&cache, &key));
	cr_assert_not(packet(&cache, &key));
	cr_assert(packet(&cache, &key));
	cr_assert_eq(lbm_cache_clear(&cache), 0);
	cr_assert_not(packet(&cache, &key));
	cr_assert_eq(lbm_cache_resize(&cache, 0), 0);
	for (i = 0; i < 4; i++)
		cr_assert_not(packet(&cache, &key));
	cr_assert_eq(cache.entries, 0);
	unmake(&cache);
}

Test(cache, is_as_before_when_memory_runs_out)
{
	struct lbm_flow_key key = random_flow(LBM_FLOW_IPV4);
	struct lbm_cache cache;
	long point, live;
	int i;

	shim_fail_after = 0;
	cr_assert_eq(lbm_cache_init(&cache), -ENOMEM);
	shim_fail_after = -1;
	make(&cache, 64);
	for (i = 0; i < 4; i++)
		packet(&cache, &key);
	for (point = 0; point < SHIM_CPUS; point++) {
		live = shim_live;
		shim_fail_after = point;
		cr_assert_eq(lbm_cache_resize(&cache, 128), -ENOMEM);
		shim_fail_after = point;
		cr_assert_eq(lbm_cache_clear(&cache), -ENOMEM);
		shim_fail_after = -1;
		cr_assert_eq(shim_live, live);
		cr_assert_eq(cache.entries, 64);
		cr_assert(packet(&cache, &key));
	}
	/* To switch it off takes none. */
	shim_fail_after = 0;
	cr_assert_eq(lbm_cache_resize(&cache, 0), 0);
	shim_fail_after = -1;
	unmake(&cache);
}

struct onlooker {
	struct lbm_cache cache;
	atomic_bool done;
	u64 seen;
	u64 torn;
	u64 peeked;
};

#define BUSY 24

static struct lbm_cached busy_verdict(const struct lbm_flow_key *key, u64 stamp)
{
	return verdict(mix(key->words[4], stamp), stamp, LBM_CACHED_LOG);
}

/* The CPU whose cache it is: a packet. */
static void be_busy(struct onlooker *on, struct lbm_newest *newest)
{
	u32 n = draw(BUSY);
	struct lbm_flow_key key = flow(n);
	struct lbm_cached cached;

	key.endpoint = n;
	/* Every few packets all is stale, and entries change place. */
	newest->rules += draw(8) == 0;
	jiffies += HZ;
	if (lbm_cache_get(&on->cache, &key, *newest))
		return;
	cached = busy_verdict(&key, newest->rules);
	lbm_cache_put(&on->cache, &key, *newest, &cached);
}

/* Another CPU: a dump, and a look at one flow. */
static void look_once(struct onlooker *on)
{
	struct lbm_cache_cursor cursor = {};
	struct lbm_cached cached, whole;
	struct lbm_flow_key key, same;
	u32 n = draw(BUSY);

	while (lbm_cache_next(&on->cache, &cursor, &key, &cached)) {
		same = flow(key.endpoint);
		same.endpoint = key.endpoint;
		whole = busy_verdict(&key, cached.stamp);
		on->torn += !is_same_flow(&key, &same) ||
			    !is_same_verdict(&cached, &whole);
		on->seen++;
	}
	key = flow(n);
	key.endpoint = n;
	if (!lbm_cache_peek(&on->cache, &key, first, &cached))
		return;
	whole = busy_verdict(&key, cached.stamp);
	on->torn += !is_same_verdict(&cached, &whole);
	on->peeked++;
}

static void *look_on(void *data)
{
	struct onlooker *on = data;

	shim_cpu = 1;
	while (!atomic_load(&on->done))
		look_once(on);
	return NULL;
}

static void tell(const char *who, const struct onlooker *on)
{
	printf("%s: %ld entries dumped, %ld looked up, %ld torn\n", who,
	       (long)on->seen, (long)on->peeked, (long)on->torn);
	cr_assert_eq(on->torn, 0);
	cr_assert_gt(on->seen, 0);
	cr_assert_gt(on->peeked, 0);
}

Test(cache, shows_other_CPUs_whole_entries_only)
{
	u32 i, rounds = is_long() ? 20000000 : 500000;
	struct lbm_newest newest = first;
	static struct onlooker on;
	pthread_t thread;

	make(&on.cache, 16);
	cr_assert_eq(pthread_create(&thread, NULL, look_on, &on), 0);
	for (i = 0; i < rounds; i++)
		be_busy(&on, &newest);
	atomic_store(&on.done, true);
	pthread_join(thread, NULL);
	tell("threads", &on);
	unmake(&on.cache);
}

/*
 * Threads seldom meet in the middle of an entry. So the same again in one
 * thread, where one CPU runs between two accesses of the other.
 */
static struct onlooker both;
static struct lbm_newest both_newest;

static void write_between(void)
{
	if (draw(8))
		return;
	shim_interleave = NULL;
	shim_cpu = 0;
	be_busy(&both, &both_newest);
	shim_cpu = 1;
	shim_interleave = write_between;
}

static void read_between(void)
{
	if (draw(100))
		return;
	shim_interleave = NULL;
	shim_cpu = 1;
	look_once(&both);
	shim_cpu = 0;
	shim_interleave = read_between;
}

Test(cache, shows_whole_entries_only_wherever_a_CPU_is_interrupted)
{
	u32 i, rounds = is_long() ? 100 : 1;

	both_newest = first;
	make(&both.cache, 16);
	for (i = 0; i < rounds * 1000; i++) {
		shim_interleave = NULL;
		be_busy(&both, &both_newest);
		shim_cpu = 1;
		shim_interleave = write_between;
		look_once(&both);
		shim_cpu = 0;
		shim_interleave = read_between;
		be_busy(&both, &both_newest);
	}
	shim_interleave = NULL;
	tell("interleaved", &both);
	unmake(&both.cache);
}
