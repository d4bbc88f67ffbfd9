/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The firewall's data path in a namespace; see firewall.c.
 */
#ifndef _LBM_FIREWALL_H
#define _LBM_FIREWALL_H

#include <linux/atomic.h>
#include <linux/netfilter.h>
#include <linux/u64_stats_sync.h>
#include <linux/xarray.h>

#include "cache.h"

struct lbm_generation;
struct lbm_job;
struct lbm_net;
struct lbm_places;

/* Where the firewall sits among the inet hooks. */
#define LBM_FIREWALL_HOOKS 3

/**
 * enum lbm_path_count - what can become of a packet
 * @LBM_PATH_ALLOWED: every endpoint that it concerns allows it
 * @LBM_PATH_DENIED: dropped, an endpoint denies it
 * @LBM_PATH_REJECTED: dropped, and the sender may have been told
 * @LBM_PATH_SPOOFED: dropped, its source is not the endpoint's
 * @LBM_PATH_NO_ENDPOINT: dropped, nobody behind the interface has its address
 * @LBM_PATH_MALFORMED: dropped, its headers are not judged
 * @LBM_PATH_NO_STATE: dropped, connection tracking has no state of it
 * @LBM_PATH_COUNTS: how many there are
 */
enum lbm_path_count {
	LBM_PATH_ALLOWED,
	LBM_PATH_DENIED,
	LBM_PATH_REJECTED,
	LBM_PATH_SPOOFED,
	LBM_PATH_NO_ENDPOINT,
	LBM_PATH_MALFORMED,
	LBM_PATH_NO_STATE,
	LBM_PATH_COUNTS,
};

/**
 * struct lbm_path_counters - packets of endpoints, on one CPU
 * @syncp: for readers on 32-bit machines
 * @count: by enum lbm_path_count
 */
struct lbm_path_counters {
	struct u64_stats_sync syncp;
	u64_stats_t count[LBM_PATH_COUNTS];
};

/**
 * struct lbm_bucket - a limit of a rate
 * @next: when the next one would be due at the sustained rate, in nanoseconds
 */
struct lbm_bucket {
	atomic64_t next;
};

/**
 * struct lbm_firewall - the data path of a namespace
 * @hooked: the inet hooks are on; written by the running job, and in pre_exit
 * @hooks: the inet hooks
 * @ports: struct lbm_port by interface; written under RTNL, read under RCU
 * @stamps: what makes verdicts stale; there from the first commit with an
 *	endpoint until the namespace ends
 * @clock: of the stamps; under the namespace's lock
 * @cache: verdicts
 * @cached: @cache has been made; set together with @stamps, and under
 *	limits_lock, which whoever gives it another size holds
 * @places: per CPU, made before @hooked and any port
 * @counters: per CPU
 * @resets: limit of RST
 * @events: limit of events
 * @suppressed: events that it has kept back
 */
struct lbm_firewall {
	bool hooked;
	struct nf_hook_ops hooks[LBM_FIREWALL_HOOKS];
	struct xarray ports;
	struct lbm_stamps *stamps;
	u64 clock;
	struct lbm_cache cache;
	bool cached;
	struct lbm_places __percpu *places;
	struct lbm_path_counters __percpu *counters;
	struct lbm_bucket resets;
	struct lbm_bucket events;
	atomic64_t suppressed;
};

int lbm_firewall_init(struct lbm_net *ln);
void lbm_firewall_exit(struct lbm_net *ln);
void lbm_firewall_abandon(struct lbm_net *ln);
void lbm_firewall_stop(struct lbm_net *ln);

int lbm_firewall_prepare(struct lbm_job *job);
void lbm_firewall_settle(struct lbm_net *ln, const struct lbm_generation *gen);

void lbm_firewall_sets_changed(struct lbm_net *ln, u32 set);
int lbm_firewall_resize(struct lbm_net *ln, u32 entries);

void lbm_firewall_note(struct lbm_net *ln, enum lbm_path_count count);
void lbm_firewall_count(struct lbm_net *ln, u64 count[LBM_PATH_COUNTS]);
bool lbm_bucket_take(struct lbm_bucket *bucket);

#endif /* _LBM_FIREWALL_H */
