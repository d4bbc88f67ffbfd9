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

#include "firewall.h"
#include "generation.h"
#include "learned.h"

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
 * @moving: dropped, an end was changing its owner
 */
struct lbm_gate_counters {
	struct u64_stats_sync syncp;
	u64_stats_t passed;
	u64_stats_t not_member;
	u64_stats_t not_connected;
	u64_stats_t malformed;
	u64_stats_t moving;
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
 * struct lbm_totals - what a namespace has done
 * @commits: new generations in force
 * @unchanged: commits that restated what was in force
 * @failures: jobs that ended with an error
 * @confirms: pending generations kept
 * @reverts: pending generations taken back
 * @audits: audits
 * @repairs: repairs
 * @requests: messages to WireGuard
 */
struct lbm_totals {
	u64 commits;
	u64 unchanged;
	u64 failures;
	u64 confirms;
	u64 reverts;
	u64 audits;
	u64 repairs;
	u64 requests;
};

/**
 * struct lbm_limits - the most that a namespace may have
 * @objects: of each kind in a generation
 * @message_bytes: of a commit message
 * @cache_entries: of the verdict cache, on each CPU; 0 when it is off
 */
struct lbm_limits {
	u32 objects[LBM_KINDS];
	u32 message_bytes;
	u32 cache_entries;
};

/**
 * struct lbm_net - state of a network namespace
 * @net: the namespace; not counted, it outlives this
 * @lock: protects @job, @pending, @deadline, @busy, @last, @last_cookie,
 *	@last_token, @last_number, @totals, @pinned and writing @active. A
 *	leaf: nothing is sent and nothing waits under it, and neither RTNL nor
 *	genl locks are taken.
 * @dying: the namespace goes away; no job is accepted and no gate put on
 * @active: the generation in force, NULL when there is none; readers need the
 *	RCU read lock
 * @incoming: while addresses move, the generation that they move for; what
 *	concerns them must be allowed by both. Written by the running job.
 * @job: the job that is queued or running, owned by @work; NULL when none is
 * @pending: the commit whose generation is in force and waits for confirm
 * @deadline: when it is reverted, in jiffies
 * @busy: a sentence with the number of the pending generation, for refusals;
 *	always of the same length, as an ACK that is being made reads it
 * @last: how the last job ended; its cookie is 0 when there was none
 * @last_cookie: number of the last job
 * @last_token: token of the last commit that was accepted
 * @last_token_cookie: its cookie
 * @last_number: number of the last generation
 * @pinned: a reference on the module is held for @active or @job
 * @work: runs @job
 * @timeout: reverts @pending
 * @totals: what was done so far
 * @gates: interfaces with our hooks, protected by RTNL
 * @notifier: takes the hooks off when an interface goes away
 * @limits: the most that the namespace may have
 * @limits_lock: of who writes @limits, also while he gives the cache another
 *	size; taken before @lock, and held over allocations
 * @counters: of the gate, per CPU
 * @learned: elements of sets that are in no generation
 * @firewall: the data path of endpoints
 */
struct lbm_net {
	struct net *net;
	struct mutex lock; /* see above */
	bool dying;
	struct lbm_generation __rcu *active;
	struct lbm_generation __rcu *incoming;
	struct lbm_job *job;
	struct lbm_job *pending;
	unsigned long deadline;
	char busy[96];
	struct lbm_result last;
	u64 last_cookie;
	u64 last_token;
	u64 last_token_cookie;
	u64 last_number;
	bool pinned;
	struct work_struct work;
	struct delayed_work timeout;
	struct lbm_totals totals;
	struct list_head gates;
	struct notifier_block notifier;
	struct lbm_limits limits;
	struct mutex limits_lock; /* see above */
	struct lbm_gate_counters __percpu *counters;
	struct lbm_learned_all learned;
	struct lbm_firewall firewall;
};

struct lbm_net *lbm_net_of(const struct net *net);
struct lbm_generation *lbm_net_active(struct lbm_net *ln);
void lbm_net_publish(struct lbm_net *ln, struct lbm_generation *gen,
		     const struct lbm_job *job);
void lbm_net_set_busy(struct lbm_net *ln, u64 number);
void lbm_net_hold(struct lbm_net *ln, struct lbm_generation *gen);

bool lbm_net_pin(struct lbm_net *ln);
void lbm_net_unpin(struct lbm_net *ln);

int lbm_net_init(void);
void lbm_net_exit(void);

#endif /* _LBM_NETNS_H */
