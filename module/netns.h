/* SPDX-License-Identifier: GPL-2.0 */
/*
 * State of a network namespace.
 */
#ifndef _LBM_NETNS_H
#define _LBM_NETNS_H

#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#include "generation.h"

struct lbm_job;

/* Phases that are timed. */
#define LBM_PHASES (LBMESH_PHASE_RETIRE + 1)

/**
 * struct lbm_gate_counters - packets that the gate has judged, on one CPU
 * @syncp: for readers on 32-bit machines
 * @passed: let through
 * @not_member: dropped, an end is no member
 * @not_connected: dropped, the networks are not connected
 * @malformed: dropped, no well-formed IP packet
 */
struct lbm_gate_counters {
	struct u64_stats_sync syncp;
	u64_stats_t passed;
	u64_stats_t not_member;
	u64_stats_t not_connected;
	u64_stats_t malformed;
};

/**
 * struct lbm_result - how a job ended
 * @cookie: the job
 * @token: what its sender called it; 0 when nothing
 * @generation: in force when it ended
 * @error: 0, or a positive errno
 * @phase: where it ended
 * @object: kind of the object at fault; LBMESH_OBJECT_NONE when none is
 * @index: its place among its kind in the message, from 0
 * @message: a sentence; a string constant
 * @duration: of each phase, in nanoseconds
 */
struct lbm_result {
	u64 cookie;
	u64 token;
	u64 generation;
	int error;
	enum lbmesh_phase phase;
	enum lbmesh_object object;
	u32 index;
	const char *message;
	u64 duration[LBM_PHASES];
};

/**
 * struct lbm_net - state of a network namespace
 * @net: the namespace; not counted, it outlives this
 * @lock: protects @job, @last, @last_cookie, @last_token, @last_number,
 *	@pinned and writing @active. A leaf: nothing is sent and nothing waits
 *	under it, and neither RTNL nor genl locks are taken.
 * @dying: the namespace goes away; no job is accepted and no gate put on
 * @active: the generation in force, NULL when there is none; readers need the
 *	RCU read lock
 * @job: the job that is queued or running, owned by @work; NULL when none is
 * @last: how the last job ended; its cookie is 0 when there was none
 * @last_cookie: number of the last job
 * @last_token: token of the last commit that was accepted
 * @last_token_cookie: its cookie
 * @last_number: number of the last generation
 * @pinned: a reference on the module is held for @active or @job
 * @work: runs @job
 * @gates: interfaces with our hooks, protected by RTNL
 * @notifier: takes the hooks off when an interface goes away
 * @limits: the most of each kind that a generation may hold
 * @counters: of the gate, per CPU
 */
struct lbm_net {
	struct net *net;
	struct mutex lock; /* see above */
	bool dying;
	struct lbm_generation __rcu *active;
	struct lbm_job *job;
	struct lbm_result last;
	u64 last_cookie;
	u64 last_token;
	u64 last_token_cookie;
	u64 last_number;
	bool pinned;
	struct work_struct work;
	struct list_head gates;
	struct notifier_block notifier;
	u32 limits[LBM_KINDS];
	struct lbm_gate_counters __percpu *counters;
};

/* Largest commit message, in bytes. */
#define LBM_MESSAGE_BYTES (64U << 20)

struct lbm_net *lbm_net_of(const struct net *net);
struct lbm_generation *lbm_net_active(struct lbm_net *ln);

bool lbm_net_pin(struct lbm_net *ln);
void lbm_net_unpin(struct lbm_net *ln);

int lbm_net_init(void);
void lbm_net_exit(void);

#endif /* _LBM_NETNS_H */
