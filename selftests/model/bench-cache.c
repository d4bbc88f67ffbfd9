// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of the verdict cache, to be counted in instructions; a program of its
 * own, so that nothing else is in the count:
 *
 *	valgrind --tool=callgrind --toggle-collect=lbm_cache_get \
 *		--callgrind-out-file=/dev/null bench-cache hit-ipv4
 *
 * "Collected", divided by the calls that the program tells, is the cost of one
 * lbm_cache_get(), hash included. Likewise lbm_cache_put, with "scan".
 */

#include "percpu.h"

#include "cache.h"

long shim_fail_after = -1;
long shim_live;
_Thread_local int shim_cpu;
unsigned long jiffies;
struct rcu_head *shim_rcu;

#define FLOWS 1000
#define CALLS 100000

static const struct lbm_newest newest = { 1, 1 };

static struct lbm_flow_key flow(u32 number, u8 family)
{
	struct lbm_flow_key key = { .protocol = 6, .bits = family };

	key.src.s6_addr32[0] = htonl(0x0a000000 + number);
	key.dst.s6_addr32[0] = htonl(0x0a800001);
	if (family == LBM_FLOW_IPV6)
		key.dst.s6_addr32[3] = key.src.s6_addr32[3] = number;
	key.src_port = (u16)(1024 + number % 60000);
	key.dst_port = 443;
	key.endpoint = 7;
	return key;
}

/* Look, and put what is not there. */
static bool judge(struct lbm_cache *cache, struct lbm_flow_key *key)
{
	const struct lbm_cached cached = { .stamp = 1 };

	if (lbm_cache_get(cache, key, newest))
		return true;
	lbm_cache_put(cache, key, newest, &cached);
	return false;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "hit-ipv4";
	u8 family = strcmp(what, "hit-ipv6") ? LBM_FLOW_IPV4 : LBM_FLOW_IPV6;
	bool scan = !strcmp(what, "scan");
	static struct lbm_flow_key keys[FLOWS];
	struct lbm_cache cache;
	u32 i, hits = 0;

	if (lbm_cache_init(&cache) ||
	    lbm_cache_resize(&cache, LBM_CACHE_ENTRIES))
		return 1;
	for (i = 0; i < FLOWS; i++)
		keys[i] = flow(i, family);
	for (i = 0; i < CALLS; i++) {
		if (scan)
			keys[i % FLOWS] = flow(i, family);
		hits += judge(&cache, &keys[i % FLOWS]);
	}
	lbm_cache_destroy(&cache);
	shim_grace_period();
	printf("%s: %u calls, %u hits\n", what, CALLS, hits);
	return 0;
}
