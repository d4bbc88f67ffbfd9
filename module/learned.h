/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Learned elements: what set-update puts into sets, outside of generations. See
 * learned.c for how they live.
 */
#ifndef _LBM_LEARNED_H
#define _LBM_LEARNED_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/workqueue.h>

#include "trie.h"

struct lbm_generation;
struct lbm_net;

/*
 * How long an element that is over waits for a packet of a live flow, in
 * seconds: longer than the two hours between keepalives of TCP.
 */
#define LBM_LEARNED_LINGER_S (130 * 60)

/**
 * struct lbm_learned - a learned element
 * @element: set and prefix; immutable
 * @timed: it has a timeout
 * @over: its time was over when the timer looked
 * @matched: a packet has matched since it was last asked for
 * @deadline: when its time is over, in jiffies; if @timed
 * @event: when the timer looks at it, in jiffies; if @timed
 * @rb: in @events of its namespace, if @timed
 * @edit: the update that has named it last
 * @timeout_ms: timeout that this update gives it
 * @list: in the update
 *
 * All but @element and @matched are written under the lock of them all.
 */
struct lbm_learned {
	struct lbm_element element;
	bool timed;
	bool over;
	bool matched;
	unsigned long deadline;
	unsigned long event;
	struct rb_node rb;
	u64 edit;
	u32 timeout_ms;
	struct list_head list;
};

/**
 * struct lbm_learned_all - the learned elements of a namespace
 * @lock: of all writers, also while they wait for readers; taken before the
 *	namespace's own lock
 * @root: of a trie by set, family and address; readers need the RCU read lock
 * @edit: number of its last edit
 * @count: how many there are
 * @events: those with a timeout, by @event
 * @unsettled: there may be some whose set has gone
 * @timer: looks at the first of @events
 */
struct lbm_learned_all {
	struct mutex lock; /* see above */
	struct lbm_node __rcu *root;
	u64 edit;
	u32 count;
	struct rb_root_cached events;
	bool unsettled;
	struct delayed_work timer;
};

void lbm_learned_init(struct lbm_net *ln);
void lbm_learned_exit(struct lbm_net *ln);
void lbm_learned_settle(struct lbm_net *ln);

bool lbm_learned_has(struct lbm_net *ln, u32 set, u8 family,
		     const void *address, bool established);
struct lbm_node *lbm_learned_root(const struct lbm_net *ln);
u32 lbm_learned_count(const struct lbm_net *ln);
u32 lbm_learned_left(const struct lbm_element *element);

#endif /* _LBM_LEARNED_H */
