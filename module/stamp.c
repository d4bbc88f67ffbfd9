// SPDX-License-Identifier: GPL-2.0
/*
 * Stamps make cached verdicts stale, in constant time for each layer that
 * changes, and none of those that depend on no such layer.
 *
 * A namespace has a clock, which ticks with each commit that turns and with
 * each set-update. A generation carries the time at which it came into force,
 * or at which a set last learned something while it was. A verdict is stamped
 * with that time; each layer, each endpoint, and the members as a whole have
 * the time of their own last change. A verdict is fresh when its stamp is not
 * below any of those it depends on:
 *
 *	time                 1    2    3    4
 *	layer 10 changes     *         *
 *	layer 20 changes     *    *
 *	verdict of time 2, layers 10 and 20: stale since 3
 *	verdict of time 2, layer 20 alone: fresh, under generation 4 too
 *
 * The writer of a commit sets the times of what changes first, and then makes
 * the generation known. The reader reads the generation first, then its time,
 * and then those of the layers. So who still has the generation before may find
 * a verdict too old without need, but nobody gets one that the generation he
 * has would not give: a packet that is judged twice is judged by one.
 *
 * A set-update publishes its elements first and then ticks. Whoever reads the
 * new time finds the new elements too.
 *
 * There is a fixed number of stamps, found by a hash of the id. So they have no
 * life of their own, and none is ever a dangling pointer. Two layers that share
 * one make each other's verdicts stale, which costs time and is not wrong.
 */

#include "firewall.h"
#include "job.h"
#include "netns.h"
#include "stamp.h"

static void touch_set(struct lbm_touched *touched, u32 set)
{
	u32 i;

	for (i = 0; i < touched->n_sets; i++)
		if (touched->sets[i] == set)
			return;
	if (i < LBM_TOUCHED_SETS)
		touched->sets[touched->n_sets++] = set;
	else
		touched->all = true;
}

/**
 * lbm_touched_note - note that a job adds, changes or removes an object
 * @touched: of the job
 * @object: a rule or an element; others are in the lists of the job
 */
void lbm_touched_note(struct lbm_touched *touched,
		      const struct lbm_object *object)
{
	if (object->kind == LBMESH_OBJECT_RULE)
		__set_bit(lbm_stamp_of(lbm_object_as(rule, object)->layer),
			  touched->layers);
	else if (object->kind == LBMESH_OBJECT_ELEMENT && !touched->all)
		touch_set(touched, lbm_object_as(element, object)->set);
}

static void stamp_layer(struct lbm_stamps *stamps, u32 layer, u64 now)
{
	WRITE_ONCE(stamps->layers[lbm_stamp_of(layer)], now);
}

/* The layers with a rule that names the set. */
static void stamp_users(struct lbm_stamps *stamps,
			const struct lbm_generation *gen, u32 set, u64 now)
{
	const struct lbm_node *node;
	struct lbm_key prefix, at;

	if (!gen)
		return;
	lbm_key_id(&prefix, set);
	for (node = lbm_trie_next_in(&gen->users, &prefix, NULL); node;
	     node = lbm_trie_next_in(&gen->users, &prefix, &at)) {
		stamp_layer(stamps, lbm_object_as(rule, node->object)->layer,
			    now);
		lbm_key_of_node(&at, node);
	}
}

static void stamp_all(struct lbm_stamps *stamps, u64 now)
{
	int i;

	WRITE_ONCE(stamps->members, now);
	for (i = 0; i < LBM_STAMPS; i++) {
		WRITE_ONCE(stamps->layers[i], now);
		WRITE_ONCE(stamps->endpoints[i], now);
	}
}

static bool changes_members(const struct lbm_job *job)
{
	return !list_empty(&job->changes[LBMESH_OBJECT_DEVICE]) ||
	       !list_empty(&job->changes[LBMESH_OBJECT_NETWORK]) ||
	       !list_empty(&job->changes[LBMESH_OBJECT_BRIDGE]) ||
	       !list_empty(&job->changes[LBMESH_OBJECT_MEMBER]);
}

static void stamp_changes(struct lbm_stamps *stamps, const struct lbm_job *job,
			  u64 now)
{
	const struct lbm_touched *touched = &job->touched;
	const struct lbm_object *object;
	struct lbm_change *change;
	unsigned long i;

	if (changes_members(job))
		WRITE_ONCE(stamps->members, now);
	for_each_set_bit(i, touched->layers, LBM_STAMPS)
		WRITE_ONCE(stamps->layers[i], now);
	for (i = 0; i < touched->n_sets; i++) {
		stamp_users(stamps, job->base, touched->sets[i], now);
		stamp_users(stamps, job->next, touched->sets[i], now);
	}
	lbm_job_for_each(change, job, LBMESH_OBJECT_LAYER) {
		object = change->new ?: change->old;
		stamp_layer(stamps, lbm_object_as(layer, object)->id, now);
	}
	lbm_job_for_each(change, job, LBMESH_OBJECT_ENDPOINT) {
		object = change->new ?: change->old;
		i = lbm_stamp_of(lbm_object_as(endpoint, object)->id);
		WRITE_ONCE(stamps->endpoints[i], now);
	}
}

/**
 * lbm_stamps_commit - make stale what the turn to a generation changes
 * @ln: the namespace; the caller holds its lock
 * @gen: the generation that will be published next; NULL for none
 * @job: what changes, whichever way; NULL when that is not known
 */
void lbm_stamps_commit(struct lbm_net *ln, struct lbm_generation *gen,
		       const struct lbm_job *job)
{
	struct lbm_stamps *stamps = ln->firewall.stamps;
	u64 now;

	lockdep_assert_held(&ln->lock);
	now = ++ln->firewall.clock;
	if (gen)
		WRITE_ONCE(gen->stamp, now);
	if (!stamps)
		return;
	if (!job || job->touched.all)
		stamp_all(stamps, now);
	else
		stamp_changes(stamps, job, now);
	/* The generation is published after this, with a release. */
}

/**
 * lbm_stamps_set - make stale what has asked a set
 * @ln: the namespace; the caller holds its lock. The new elements are there.
 * @set: id of the set
 */
void lbm_stamps_set(struct lbm_net *ln, u32 set)
{
	struct lbm_stamps *stamps = ln->firewall.stamps;
	struct lbm_generation *gen;
	u64 now;

	lockdep_assert_held(&ln->lock);
	gen = rcu_dereference_protected(ln->active,
					lockdep_is_held(&ln->lock));
	if (!gen || !stamps)
		return;
	now = ++ln->firewall.clock;
	stamp_users(stamps, gen, set, now);
	/* Pairs with the acquire of who reads the time of a generation. */
	smp_store_release(&gen->stamp, now);
}
