/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What rules and layers have done: two numbers on each CPU; see stats.c.
 */
#ifndef _LBM_STATS_H
#define _LBM_STATS_H

#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/u64_stats_sync.h>

/**
 * struct lbm_stats_cpu - what a CPU has counted
 * @syncp: for readers on 32-bit machines
 * @hits: packets that the rule decided
 * @last: when it did so last, in jiffies; meaningless without @hits
 * @denied: packets that rules of the layer denied
 * @rejected: packets that they rejected
 */
struct lbm_stats_cpu {
	struct u64_stats_sync syncp;
	union {
		struct {
			u64_stats_t hits;
			u64_stats_t last;
		};
		struct {
			u64_stats_t denied;
			u64_stats_t rejected;
		};
	};
};

/**
 * struct lbm_stats - counters that the versions of an object have in common
 * @refs: how many of them there are; NULL when nothing is counted
 * @cpu: the counters; read by packets without going by @refs, which other
 *	objects may have in their cache line
 */
struct lbm_stats {
	refcount_t *refs;
	struct lbm_stats_cpu __percpu *cpu;
};

int lbm_stats_init(struct lbm_stats *stats);
void lbm_stats_share(struct lbm_stats *stats, const struct lbm_stats *with);
void lbm_stats_drop(struct lbm_stats *stats);

void lbm_stats_of_rule(const struct lbm_stats *stats, u64 *hits, u64 *last);
void lbm_stats_of_layer(const struct lbm_stats *stats, u64 *denied,
			u64 *rejected);

/**
 * lbm_stats_hit - count a packet that a rule decided
 * @stats: of the rule
 *
 * Called with bottom halves disabled, under the RCU read lock. Inline, as each
 * packet comes by here.
 */
static inline void lbm_stats_hit(const struct lbm_stats *stats)
{
	struct lbm_stats_cpu *cpu = this_cpu_ptr(stats->cpu);

	u64_stats_update_begin(&cpu->syncp);
	u64_stats_inc(&cpu->hits);
	u64_stats_set(&cpu->last, get_jiffies_64());
	u64_stats_update_end(&cpu->syncp);
}

/**
 * lbm_stats_refuse - count a packet that a rule of a layer refused
 * @stats: of the layer
 * @reject: it was rejected, not just denied
 *
 * Called with bottom halves disabled, under the RCU read lock.
 */
static inline void lbm_stats_refuse(const struct lbm_stats *stats, bool reject)
{
	struct lbm_stats_cpu *cpu = this_cpu_ptr(stats->cpu);

	u64_stats_update_begin(&cpu->syncp);
	u64_stats_inc(reject ? &cpu->rejected : &cpu->denied);
	u64_stats_update_end(&cpu->syncp);
}

#endif /* _LBM_STATS_H */
