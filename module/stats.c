// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of rules and layers.
 *
 * A rule counts the packets that it decided, and has the time of the last one; a
 * layer counts what its rules denied and rejected. What it allowed is not
 * counted by layer: it would cost each packet another line of the cache, to
 * say what the hits of its rules say.
 *
 * Objects are immutable and many generations have the same, so the counters
 * are beside them. A rule that a commit changes is another object with the
 * counters of the one before: these go on as long as there is a rule with this
 * layer and id, also when the commit is taken back.
 *
 * Each CPU writes its own, with bottom halves disabled, so there is no lock and
 * no line that two of them write. A packet reaches them by way of its
 * generation, and an object is freed a grace period after the last generation
 * that packets have seen with it; the counters go with the last object.
 */

#include <linux/slab.h>

#include "stats.h"

/**
 * lbm_stats_init - begin to count
 * @stats: all zero
 *
 * Return: 0 or -ENOMEM.
 */
int lbm_stats_init(struct lbm_stats *stats)
{
	/* A refusal is no news for the log: it is the sender's memory. */
	const gfp_t flags = GFP_KERNEL_ACCOUNT | __GFP_NOWARN;
	int i;

	stats->refs = kmalloc(sizeof(*stats->refs), flags);
	if (!stats->refs)
		return -ENOMEM;
	stats->cpu = alloc_percpu_gfp(struct lbm_stats_cpu, flags);
	if (!stats->cpu) {
		kfree(stats->refs);
		stats->refs = NULL;
		return -ENOMEM;
	}
	refcount_set(stats->refs, 1);
	for_each_possible_cpu(i)
		u64_stats_init(&per_cpu_ptr(stats->cpu, i)->syncp);
	return 0;
}

/**
 * lbm_stats_share - go on with the counters of another object
 * @stats: all zero
 * @with: of an object that the caller holds
 */
void lbm_stats_share(struct lbm_stats *stats, const struct lbm_stats *with)
{
	*stats = *with;
	if (stats->refs)
		refcount_inc(stats->refs);
}

/**
 * lbm_stats_drop - let the counters go
 * @stats: of an object that no packet can reach any more
 */
void lbm_stats_drop(struct lbm_stats *stats)
{
	if (!stats->refs || !refcount_dec_and_test(stats->refs))
		return;
	free_percpu(stats->cpu);
	kfree(stats->refs);
}

/**
 * lbm_stats_of_rule - what a rule has done, on all CPUs
 * @stats: of the rule
 * @hits: packets that it decided
 * @last: when it did so last, in jiffies; 0 when it never did
 */
void lbm_stats_of_rule(const struct lbm_stats *stats, u64 *hits, u64 *last)
{
	u64 now_hits, now_last;
	unsigned int start;
	int i;

	*hits = 0;
	*last = 0;
	for_each_possible_cpu(i) {
		const struct lbm_stats_cpu *cpu = per_cpu_ptr(stats->cpu, i);

		do {
			start = u64_stats_fetch_begin(&cpu->syncp);
			now_hits = u64_stats_read(&cpu->hits);
			now_last = u64_stats_read(&cpu->last);
		} while (u64_stats_fetch_retry(&cpu->syncp, start));
		*hits += now_hits;
		*last = max(*last, now_last);
	}
}

/**
 * lbm_stats_of_layer - what a layer has done, on all CPUs
 * @stats: of the layer
 * @denied: packets that its rules denied
 * @rejected: packets that they rejected
 */
void lbm_stats_of_layer(const struct lbm_stats *stats, u64 *denied,
			u64 *rejected)
{
	u64 now_denied, now_rejected;
	unsigned int start;
	int i;

	*denied = 0;
	*rejected = 0;
	for_each_possible_cpu(i) {
		const struct lbm_stats_cpu *cpu = per_cpu_ptr(stats->cpu, i);

		do {
			start = u64_stats_fetch_begin(&cpu->syncp);
			now_denied = u64_stats_read(&cpu->denied);
			now_rejected = u64_stats_read(&cpu->rejected);
		} while (u64_stats_fetch_retry(&cpu->syncp, start));
		*denied += now_denied;
		*rejected += now_rejected;
	}
}
