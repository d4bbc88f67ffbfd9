/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Verdict cache: what was found out about a flow, on this CPU, and since when
 * it holds. See cache.c for how it works.
 */
#ifndef _LBM_CACHE_H
#define _LBM_CACHE_H

#include <linux/in6.h>
#include <linux/siphash.h>
#include <linux/types.h>

struct lbm_cache_cpu;
struct lbm_rule;

/* Verdicts on each CPU: a power of two, or 0 for no cache. */
#define LBM_CACHE_ENTRIES 4096
#define LBM_CACHE_ENTRIES_MIN 4
#define LBM_CACHE_ENTRIES_MAX 262144

/**
 * enum lbm_flow_bits - bits of a flow's key
 * @LBM_FLOW_IPV4: its family; each flow has one
 * @LBM_FLOW_IPV6: its family
 * @LBM_FLOW_EGRESS: as the endpoint sees it
 * @LBM_FLOW_ESTABLISHED: connection tracking knows it already
 */
enum lbm_flow_bits {
	LBM_FLOW_IPV4 = 1,
	LBM_FLOW_IPV6 = 2,
	LBM_FLOW_EGRESS = 4,
	LBM_FLOW_ESTABLISHED = 8,
};

/**
 * struct lbm_flow_key - all that a verdict depends on, besides the generation
 * @src: source address; IPv4 in the first word, the others zero
 * @dst: destination address, likewise
 * @src_port: source port, host byte order; the type for ICMP; 0 without ports
 * @dst_port: destination port, host byte order; the code for ICMP
 * @ports: both
 * @endpoint: id of the endpoint
 * @words: all of these, to compare them
 * @protocol: IP protocol number
 * @bits: LBM_FLOW_*
 * @kind: both
 * @hash: left by lbm_cache_get() for lbm_cache_put(); no part of the key
 */
struct lbm_flow_key {
	union {
		struct {
			struct in6_addr src;
			struct in6_addr dst;
			union {
				struct {
					u16 src_port;
					u16 dst_port;
				};
				u32 ports;
			};
			u32 endpoint;
		};
		u64 words[5];
	};
	union {
		struct {
			u8 protocol;
			u8 bits;
		};
		u16 kind;
	};
	u32 hash;
};

/**
 * enum lbm_cached_bits - bits of a verdict
 * @LBM_CACHED_LOG: it is to be told
 * @LBM_CACHED_MEMBERS: it depends on who is a member of which network
 */
enum lbm_cached_bits {
	LBM_CACHED_LOG = 1,
	LBM_CACHED_MEMBERS = 2,
};

/**
 * struct lbm_cached - a verdict
 * @stamp: number of the generation that it was derived from, read before that
 * @rule: the rule that decided, or NULL; alive while the verdict is fresh, for
 *	who holds the RCU read lock
 * @hits: packets that it has judged on this CPU; stays at the highest value
 * @kind: of the flow; for the cache
 * @reason: enum lbmesh_reason
 * @action: enum lbmesh_action
 * @bits: LBM_CACHED_*
 */
struct lbm_cached {
	u64 stamp;
	const struct lbm_rule *rule;
	u32 hits;
	u16 kind;
	u8 reason;
	u8 action : 4;
	u8 bits : 4;
};

/**
 * struct lbm_newest - the stamps that a verdict must have reached
 * @rules: the highest stamp of the endpoint, its layers and their sets
 * @members: the stamp of the members, networks and bridges
 */
struct lbm_newest {
	u64 rules;
	u64 members;
};

/**
 * struct lbm_cache_counters - what happened on all CPUs, since the beginning
 * @hits: packets that the cache judged
 * @misses: packets of which there was no entry
 * @stale: packets of which the entry was too old
 * @evictions: entries that made room for another
 * @refused: verdicts that were not taken in
 */
struct lbm_cache_counters {
	u64 hits;
	u64 misses;
	u64 stale;
	u64 evictions;
	u64 refused;
};

/**
 * struct lbm_cache_cursor - where a dump is; begins as all zero
 * @cpu: CPU
 * @at: entry of that CPU
 */
struct lbm_cache_cursor {
	unsigned int cpu;
	u32 at;
};

/**
 * struct lbm_cache - the verdict cache of a namespace
 * @cpus: what each CPU has
 * @entries: how many verdicts each CPU may have; 0 when the cache is off
 * @secret: so that nobody can choose flows that meet in one set
 * @words: likewise, for IPv4
 * @factor: likewise; odd
 */
struct lbm_cache {
	struct lbm_cache_cpu __percpu *cpus;
	u32 entries;
	hsiphash_key_t secret;
	u32 words[4];
	u64 factor;
};

int lbm_cache_init(struct lbm_cache *cache);
void lbm_cache_destroy(struct lbm_cache *cache);
int lbm_cache_resize(struct lbm_cache *cache, u32 entries);
int lbm_cache_clear(struct lbm_cache *cache);

const struct lbm_cached *
lbm_cache_get(struct lbm_cache *cache, struct lbm_flow_key *key,
	      struct lbm_newest newest);
bool lbm_cache_put(struct lbm_cache *cache, const struct lbm_flow_key *key,
		   struct lbm_newest newest, const struct lbm_cached *cached);

bool lbm_cache_peek(const struct lbm_cache *cache,
		    const struct lbm_flow_key *key, struct lbm_newest newest,
		    struct lbm_cached *cached);
int lbm_cache_next(const struct lbm_cache *cache,
		   struct lbm_cache_cursor *cursor, struct lbm_flow_key *key,
		   struct lbm_cached *cached);
void lbm_cache_count(const struct lbm_cache *cache,
		     struct lbm_cache_counters *counters);

/**
 * lbm_cached_is_fresh - whether nothing that a verdict depends on has changed
 * @cached: the verdict
 * @newest: the stamps that it must have reached
 */
static inline bool lbm_cached_is_fresh(const struct lbm_cached *cached,
				       struct lbm_newest newest)
{
	return cached->stamp >= newest.rules &&
	       (!(cached->bits & LBM_CACHED_MEMBERS) ||
		cached->stamp >= newest.members);
}

#endif /* _LBM_CACHE_H */
