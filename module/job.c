// SPDX-License-Identifier: GPL-2.0
/*
 * Life of a job: made by a handler, queued, run by the work of its namespace,
 * reported, freed. A namespace has one job at a time. A commit that waits for
 * confirm is kept, and is the job again if its time is over.
 *
 * The worker never holds the namespace's lock while it sends or waits.
 */

#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "commit.h"
#include "job.h"
#include "netlink.h"
#include "trace.h"

static struct workqueue_struct *job_queue;

/**
 * lbm_job_new - begin a job
 * @ln: the namespace
 * @kind: what it does
 * @portid: socket that gets the result
 * @token: what the sender calls it; 0 when nothing
 *
 * Return: the job, or NULL when there is no memory.
 */
struct lbm_job *lbm_job_new(struct lbm_net *ln, enum lbm_job_kind kind,
			    u32 portid, u64 token)
{
	struct lbm_job *job;
	int i;

	job = kzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);
	if (!job)
		return NULL;
	job->answer = lbm_netlink_result_alloc();
	if (!job->answer) {
		kfree(job);
		return NULL;
	}
	job->ln = ln;
	job->kind = kind;
	job->portid = portid;
	job->cred = get_current_cred();
	job->base = lbm_net_active(ln);
	job->result.token = token;
	INIT_LIST_HEAD(&job->kept);
	INIT_LIST_HEAD(&job->drifts);
	for (i = 0; i < LBM_KINDS; i++)
		INIT_LIST_HEAD(&job->changes[i]);
	return job;
}

static void change_free(struct lbm_change *change)
{
	lbm_object_put(change->old);
	lbm_object_put(change->new);
	kfree_sensitive(change->was);
	kfree_sensitive(change);
}

/**
 * lbm_job_free - free a job with what it holds, and wipe its secrets
 * @job: the job; NULL does nothing
 */
void lbm_job_free(struct lbm_job *job)
{
	struct lbm_kept *kept, *other;
	struct lbm_drift *drift, *after;
	struct lbm_change *change, *next;
	int i;

	if (!job)
		return;
	for (i = 0; i < LBM_KINDS; i++) {
		list_for_each_entry_safe(change, next, &job->changes[i], list) {
			change_free(change);
			cond_resched();
		}
	}
	list_for_each_entry_safe(kept, other, &job->kept, list)
		kfree_sensitive(kept);
	list_for_each_entry_safe(drift, after, &job->drifts, list)
		kfree(drift);
	lbm_generation_put(job->before);
	lbm_generation_put(job->next);
	lbm_generation_put(job->base);
	nlmsg_free(job->answer);
	put_cred(job->cred);
	kfree(job);
}

/**
 * lbm_job_change - note that an object changes
 * @job: the job
 * @old: what the base has, or NULL
 * @new: what the next generation has, or NULL
 *
 * Return: the change, for its index and secret, or NULL when there is no
 * memory.
 */
struct lbm_change *lbm_job_change(struct lbm_job *job, struct lbm_object *old,
				  struct lbm_object *new)
{
	struct lbm_change *change;

	change = kzalloc(sizeof(*change), GFP_KERNEL_ACCOUNT);
	if (!change)
		return NULL;
	if (old)
		lbm_object_get(old);
	if (new)
		lbm_object_get(new);
	change->old = old;
	change->new = new;
	list_add_tail(&change->list, &job->changes[(new ?: old)->kind]);
	return change;
}

/**
 * lbm_job_is_idle - whether a job changes nothing
 * @job: the job
 */
bool lbm_job_is_idle(const struct lbm_job *job)
{
	int i;

	for (i = 0; i < LBM_KINDS; i++)
		if (!list_empty(&job->changes[i]))
			return false;
	return !job->silent;
}

/* Take the pending commit out of its namespace, or put it back there. */
static struct lbm_job *take_pending(struct lbm_net *ln)
{
	struct lbm_job *pending;

	mutex_lock(&ln->lock);
	pending = ln->pending;
	ln->pending = NULL;
	mutex_unlock(&ln->lock);
	return pending;
}

static void put_pending(struct lbm_net *ln, struct lbm_job *pending)
{
	mutex_lock(&ln->lock);
	ln->pending = pending;
	mutex_unlock(&ln->lock);
}

static void run_commit(struct lbm_job *job)
{
	if (!job->base || !lbm_job_is_idle(job)) {
		lbm_commit_run(job);
		return;
	}
	job->confirm_ms = 0;
	job->result.phase = LBMESH_PHASE_RETIRE;
}

/* The handler has seen the pending commit; nobody else takes it. */
static void run_confirm(struct lbm_job *job)
{
	struct lbm_job *pending = take_pending(job->ln);

	if (lbm_commit_confirm(job, pending))
		put_pending(job->ln, pending);
	else
		lbm_job_free(pending);
}

static void run_revert(struct lbm_job *job)
{
	struct lbm_job *pending = take_pending(job->ln);

	if (lbm_commit_revert(job, pending))
		put_pending(job->ln, pending);
	else
		lbm_job_free(pending);
}

/* Must happen: when there is no memory to begin with, later. */
static void run_expire(struct lbm_job *job)
{
	job->result.error = 0;
	job->result.message = NULL;
	if (lbm_commit_revert(job, job))
		return;
	job->confirm_ms = 0;
	job->result.error = ETIMEDOUT;
	if (!job->result.message)
		job->result.message =
			"not confirmed in time; the generation before is back";
}

static void run_flush(struct lbm_job *job)
{
	struct lbm_job *pending = take_pending(job->ln);

	if (pending) {
		job->next = pending->base;
		if (job->next)
			lbm_generation_get(job->next);
	}
	lbm_commit_flush(job);
	if (job->result.error && pending)
		put_pending(job->ln, pending);
	else
		lbm_job_free(pending);
}

static void run(struct lbm_job *job)
{
	switch (job->kind) {
	case LBM_JOB_COMMIT:
		run_commit(job);
		break;
	case LBM_JOB_FLUSH:
		run_flush(job);
		break;
	case LBM_JOB_CONFIRM:
		run_confirm(job);
		break;
	case LBM_JOB_REVERT:
		run_revert(job);
		break;
	case LBM_JOB_EXPIRE:
		run_expire(job);
		break;
	case LBM_JOB_AUDIT:
	case LBM_JOB_REPAIR:
		lbm_commit_check(job);
		break;
	}
}

static void count_job(struct lbm_net *ln, const struct lbm_job *job)
{
	struct lbm_totals *totals = &ln->totals;

	if (job->result.error && job->kind != LBM_JOB_EXPIRE)
		totals->failures++;
	switch (job->kind) {
	case LBM_JOB_COMMIT:
		if (job->next->number)
			totals->commits++;
		else if (!job->result.error)
			totals->unchanged++;
		break;
	case LBM_JOB_CONFIRM:
		totals->confirms += !job->result.error;
		break;
	case LBM_JOB_REVERT:
		totals->reverts += !job->result.error;
		break;
	case LBM_JOB_EXPIRE:
		totals->reverts += !job->confirm_ms;
		break;
	case LBM_JOB_AUDIT:
		totals->audits++;
		break;
	case LBM_JOB_REPAIR:
		totals->repairs++;
		break;
	case LBM_JOB_FLUSH:
		break;
	}
}

/* Whether the job is a commit whose generation waits for confirm now. */
static bool is_pending(const struct lbm_job *job)
{
	if (job->kind == LBM_JOB_EXPIRE)
		return job->confirm_ms;
	return job->kind == LBM_JOB_COMMIT && job->confirm_ms &&
	       !job->result.error;
}

static void await_confirm(struct lbm_net *ln, struct lbm_job *job)
{
	lockdep_assert_held(&ln->lock);
	/* One whose time is over, and that there was no memory for. */
	if (job->kind == LBM_JOB_EXPIRE)
		ln->deadline = jiffies + HZ / 10;
	else
		ln->deadline = jiffies + msecs_to_jiffies(job->confirm_ms);
	job->kind = LBM_JOB_COMMIT;
	ln->pending = job;
	lbm_net_set_busy(ln, job->next->number);
}

static void finish(struct lbm_job *job)
{
	struct lbm_result result = job->result;
	struct sk_buff *answer = job->answer;
	struct lbm_net *ln = job->ln;
	struct lbm_generation *gen;
	u32 portid = job->portid;
	bool changed, pending;

	/* While it is still the job: who sees its end sees that of the sets. */
	if (!is_pending(job))
		lbm_learned_settle(ln);
	mutex_lock(&ln->lock);
	gen = rcu_dereference_protected(ln->active,
					lockdep_is_held(&ln->lock));
	result.generation = gen ? gen->number : 0;
	pending = is_pending(job);
	/* A confirm changes the state, and the rest of these the generation. */
	changed = pending || job->kind == LBM_JOB_CONFIRM ||
		  job->kind == LBM_JOB_EXPIRE || gen != job->base;
	ln->last = result;
	count_job(ln, job);
	ln->job = NULL;
	job->answer = NULL;
	if (pending)
		await_confirm(ln, job);
	if (ln->pending)
		lbm_job_arm(ln);
	if (!gen && !ln->pending)
		lbm_net_unpin(ln);
	mutex_unlock(&ln->lock);

	trace_lbmesh_job_end(ln->net->ns.inum, result.cookie,
			     result.generation, result.error);
	if (answer)
		lbm_netlink_send_result(ln, answer, portid, &result);
	if (changed)
		lbm_netlink_notify(ln);
	if (!pending)
		lbm_job_free(job);
}

/**
 * lbm_job_work - run the job of a namespace
 * @work: of its struct lbm_net
 */
void lbm_job_work(struct work_struct *work)
{
	struct lbm_net *ln = container_of(work, struct lbm_net, work);
	struct lbm_job *job = ln->job;

	trace_lbmesh_job_begin(ln->net->ns.inum, job->result.cookie, job->kind);
	run(job);
	finish(job);
}

/**
 * lbm_job_timeout - revert the pending commit of a namespace
 * @work: of its struct lbm_net
 */
void lbm_job_timeout(struct work_struct *work)
{
	struct lbm_net *ln = container_of(to_delayed_work(work), struct lbm_net,
					  timeout);

	mutex_lock(&ln->lock);
	/* A job that runs now ends the waiting, or arms us again. */
	if (!ln->pending || ln->job || READ_ONCE(ln->dying)) {
		;
	} else if (time_before(jiffies, ln->deadline)) {
		/* That was the time of a commit before. */
		lbm_job_arm(ln);
	} else {
		ln->job = ln->pending;
		ln->pending = NULL;
		ln->job->kind = LBM_JOB_EXPIRE;
		lbm_job_queue(ln->job);
	}
	mutex_unlock(&ln->lock);
}

/**
 * lbm_job_arm - see to it that the pending commit expires at its deadline
 * @ln: the namespace; the caller holds its lock
 */
void lbm_job_arm(struct lbm_net *ln)
{
	long left = ln->deadline - jiffies;

	lockdep_assert_held(&ln->lock);
	if (!READ_ONCE(ln->dying))
		mod_delayed_work(job_queue, &ln->timeout, max(left, 0L));
}

/**
 * lbm_job_queue - hand a job to the worker
 * @job: the job, which is now the worker's; its namespace has it as @job
 */
void lbm_job_queue(struct lbm_job *job)
{
	queue_work(job_queue, &job->ln->work);
}

/**
 * lbm_job_delay - do something later, where jobs are done
 * @work: what to do
 * @delay: in jiffies; takes the place of the one before
 */
void lbm_job_delay(struct delayed_work *work, unsigned long delay)
{
	mod_delayed_work(job_queue, work, delay);
}

/**
 * lbm_job_init - make the queue
 *
 * Return: 0 or -ENOMEM.
 */
int lbm_job_init(void)
{
	/*
	 * Not WQ_MEM_RECLAIM: a job makes wireguard flush its own queue, which
	 * is not, and the workqueue code warns of that.
	 */
	job_queue = alloc_workqueue("lbmesh", WQ_UNBOUND, 0);
	return job_queue ? 0 : -ENOMEM;
}

/**
 * lbm_job_exit - destroy the queue, when no namespace has state any more
 */
void lbm_job_exit(void)
{
	destroy_workqueue(job_queue);
}
