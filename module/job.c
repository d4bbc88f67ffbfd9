// SPDX-License-Identifier: GPL-2.0
/*
 * Life of a job: made by a handler, queued, run by the work of its namespace,
 * reported, freed. A namespace has one job at a time.
 *
 * The worker never holds the namespace's lock while it sends or waits.
 */

#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "commit.h"
#include "job.h"
#include "netlink.h"

static struct workqueue_struct *job_queue;

/**
 * lbm_job_new - begin a job
 * @ln: the namespace
 * @portid: socket that gets the result
 * @token: what the sender calls it; 0 when nothing
 *
 * Return: the job, or NULL when there is no memory.
 */
struct lbm_job *lbm_job_new(struct lbm_net *ln, u32 portid, u64 token)
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
	job->portid = portid;
	job->cred = get_current_cred();
	job->base = lbm_net_active(ln);
	job->result.token = token;
	INIT_LIST_HEAD(&job->foreign);
	for (i = 0; i < LBM_KINDS; i++)
		INIT_LIST_HEAD(&job->changes[i]);
	return job;
}

static void change_free(struct lbm_change *change)
{
	lbm_object_put(change->old);
	lbm_object_put(change->new);
	kfree_sensitive(change->saved);
	kfree_sensitive(change);
}

/**
 * lbm_job_free - free a job with what it holds, and wipe its secrets
 * @job: the job; NULL does nothing
 */
void lbm_job_free(struct lbm_job *job)
{
	struct lbm_foreign *foreign, *other;
	struct lbm_change *change, *next;
	int i;

	if (!job)
		return;
	for (i = 0; i < LBM_KINDS; i++)
		list_for_each_entry_safe(change, next, &job->changes[i], list)
			change_free(change);
	list_for_each_entry_safe(foreign, other, &job->foreign, list)
		kfree(foreign);
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
	return true;
}

/* Make the job's generation the one in force. The point of no return. */
static void publish(struct lbm_job *job)
{
	struct lbm_net *ln = job->ln;

	mutex_lock(&ln->lock);
	if (job->next) {
		job->next->number = ++ln->last_number;
		lbm_generation_get(job->next);
	}
	rcu_assign_pointer(ln->active, job->next);
	mutex_unlock(&ln->lock);
	/* One grace period for the job: for the old generation and its gates. */
	synchronize_rcu();
	/* The namespace's reference on it; the job still has its own. */
	lbm_generation_put(job->base);
}

static void finish(struct lbm_job *job)
{
	struct lbm_net *ln = job->ln;
	struct lbm_generation *gen;
	bool changed;

	mutex_lock(&ln->lock);
	gen = rcu_dereference_protected(ln->active,
					lockdep_is_held(&ln->lock));
	job->result.generation = gen ? gen->number : 0;
	changed = gen != job->base;
	ln->last = job->result;
	ln->job = NULL;
	if (!gen)
		lbm_net_unpin(ln);
	mutex_unlock(&ln->lock);

	lbm_netlink_send_result(ln, job->answer, job->portid, &job->result);
	job->answer = NULL;
	if (changed)
		lbm_netlink_notify(ln);
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

	if (!job->flush && job->base && lbm_job_is_idle(job))
		job->result.phase = LBMESH_PHASE_RETIRE;
	else
		lbm_commit_run(job, publish);
	finish(job);
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
