// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the operations that are not finished and takes each a step further, with every tick and as
 * soon as one begins. Waiting costs no writing: who has not acknowledged yet is asked in memory, and
 * in the store for hosts whose stream another controller has. Called by agent-list.c.
 */
#include "controller/operation-run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How far clocks of controllers may be apart: ids are made from their time. */
#define CLOCKS_APART 60000

TAILQ_HEAD(job_list, job);

/* after: operations up to this id are known, or finished. */
struct operations {
	struct job_list jobs;
	char after[RESOURCE_ID_SIZE];
};

struct operations *operations_new(void)
{
	struct operations *operations = calloc(1, sizeof(*operations));

	if (operations)
		TAILQ_INIT(&operations->jobs);
	return operations;
}

static void job_release(struct job *job)
{
	hosts_release(&job->hosts);
	hosts_release(&job->ordered);
	free(job);
}

static void job_free(struct operations *operations, struct job *job)
{
	TAILQ_REMOVE(&operations->jobs, job, link);
	job_release(job);
}

void operations_free(struct operations *operations)
{
	struct job *job, *next;

	if (!operations)
		return;
	for (job = TAILQ_FIRST(&operations->jobs); job; job = next) {
		next = TAILQ_NEXT(job, link);
		job_release(job);
	}
	free(operations);
}

bool operations_has(const struct operations *operations, int verb, const char *target,
		    char id[RESOURCE_ID_SIZE])
{
	const struct job *job;

	TAILQ_FOREACH(job, &operations->jobs, link)
	{
		if (job->verb != verb || strcmp(job->target, target) != 0)
			continue;
		memcpy(id, job->id, sizeof(job->id));
		return true;
	}
	return false;
}

/* --- steps -------------------------------------------------------------------------------------- */

enum step {
	STEP_BEGIN,
	STEP_FINISH,
	STEP_FAIL
};

/* over: somebody else has finished it. */
struct stepping {
	struct job *job;
	enum step step;
	const char *error;
	bool over;
};

static int step_do(struct changes *changes, const struct stepping *stepping, struct fault *fault)
{
	const struct verb *verb = &verbs[stepping->job->verb];
	int (*const functions[])(struct changes *, struct job *, struct fault *) = {
		[STEP_BEGIN] = verb->begin,
		[STEP_FINISH] = verb->finish,
		[STEP_FAIL] = verb->failed,
	};

	if (!functions[stepping->step])
		return 0;
	return functions[stepping->step](changes, stepping->job, fault);
}

static void step_note(const struct changes *changes, const struct stepping *stepping,
		      struct operation *operation)
{
	static const enum operation_state states[] = {
		[STEP_BEGIN] = OPERATION_RUNNING,
		[STEP_FINISH] = OPERATION_DONE,
		[STEP_FAIL] = OPERATION_FAILED,
	};

	operation->state = states[stepping->step];
	if (stepping->step != STEP_BEGIN)
		operation->finished_at = changes->now;
	if (stepping->error)
		snprintf(operation->error, sizeof(operation->error), "%s", stepping->error);
}

static int step_run(struct changes *changes, void *argument, struct fault *fault)
{
	struct stepping *stepping = argument;
	struct resource *before = NULL, *after = NULL;
	int state, ret;

	ret = store_get(changes->tx, RESOURCE_OPERATION, stepping->job->id, &before, fault);
	if (ret)
		return ret;
	state = ((const struct operation *)before)->state;
	stepping->over = state == OPERATION_DONE || state == OPERATION_FAILED;
	if (!stepping->over && !(stepping->step == STEP_BEGIN && state == OPERATION_RUNNING)) {
		after = resource_copy(before);
		ret = after ? step_do(changes, stepping, fault) : fault_memory(fault);
		if (!ret && after) {
			step_note(changes, stepping, (struct operation *)after);
			ret = changes_update(changes, before, after, fault);
		}
	}
	resource_free(before);
	resource_free(after);
	return ret;
}

/* Whether trying again can help. */
static bool is_passing(int ret, const struct fault *fault)
{
	return ret == -EAGAIN || ret == -ENOMEM || fault->code == CODE_NONE ||
	       fault->code == CODE_VERSION;
}

static int job_fail(struct agents *agents, struct job *job, const char *error)
{
	struct stepping stepping = {.job = job, .step = STEP_FAIL, .error = error};
	struct fault fault = {0};
	int ret = controller_change(agents->controller, NULL, step_run, &stepping, &fault);

	if (!ret)
		job_free(agents->operations, job);
	return ret;
}

/* 1: the job is over, and freed. */
static int job_step(struct agents *agents, struct job *job, enum step step, struct fault *fault)
{
	struct stepping stepping = {.job = job, .step = step};
	int ret = controller_change(agents->controller, NULL, step_run, &stepping, fault);

	if (ret || (step == STEP_BEGIN && !stepping.over))
		return ret;
	job_free(agents->operations, job);
	return 1;
}

int job_finish(struct agents *agents, struct job *job, struct fault *fault)
{
	return job_step(agents, job, STEP_FINISH, fault);
}

/* --- jobs --------------------------------------------------------------------------------------- */

static int64_t job_limit(const struct agents *agents, const struct job *job)
{
	return job->verb == OPERATION_KEY_ROTATE ? agents->times.rotation : agents->times.operation;
}

static int job_advance(struct agents *agents, struct job *job, struct fault *fault)
{
	const struct verb *verb = &verbs[job->verb];
	int ret;

	if (!job->running) {
		ret = job_step(agents, job, STEP_BEGIN, fault);
		if (ret)
			return ret;
		job->running = true;
	}
	if (verb->advance)
		return verb->advance(agents, job, fault);
	if (!job->waiting && (ret = job_wait(agents, job, verb->hosts, fault)))
		return ret;
	return job_waits(agents, job) ? 0 : job_finish(agents, job, fault);
}

static void job_run(struct agents *agents, struct job *job, int64_t now)
{
	struct fault fault = {0};
	char error[DESCRIPTION_SIZE] = "its host did not go on with it in time";
	int ret = job_advance(agents, job, &fault);

	if (ret > 0)
		return;
	if (ret && !is_passing(ret, &fault)) {
		job_fail(agents, job, fault.text);
	} else if (now - job->since >= job_limit(agents, job)) {
		if (job->hosts.n)
			job_silent_name(agents, job, error, sizeof(error));
		else if (ret)
			snprintf(error, sizeof(error), "%.200s", fault.text);
		job_fail(agents, job, error);
	}
}

static struct job *job_find(const struct operations *operations, const char *id)
{
	struct job *job;

	TAILQ_FOREACH(job, &operations->jobs, link)
	{
		if (!strcmp(job->id, id))
			return job;
	}
	return NULL;
}

static int job_add(struct operations *operations, const struct operation *operation,
		   struct fault *fault)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return fault_memory(fault);
	memcpy(job->id, operation->head.id, sizeof(job->id));
	memcpy(job->org, operation->head.org, sizeof(job->org));
	memcpy(job->target, operation->target, sizeof(job->target));
	memcpy(job->host, operation->host, sizeof(job->host));
	job->verb = operation->verb;
	job->since = operation->head.created_at;
	job->running = operation->state == OPERATION_RUNNING;
	TAILQ_INSERT_TAIL(&operations->jobs, job, link);
	return 0;
}

struct finding {
	const char *after;
	struct store_list list;
};

static int operations_list(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct finding *finding = argument;
	const struct store_query query = {.kind = RESOURCE_OPERATION,
					  .after = *finding->after ? finding->after : NULL};

	store_list_release(&finding->list);
	finding->list = (struct store_list){0};
	return store_list(tx, &query, &finding->list, fault);
}

/* At the start all of them, and then those that are new. */
static void jobs_find(struct agents *agents, int64_t now)
{
	struct operations *operations = agents->operations;
	struct finding finding = {.after = operations->after};
	bool complete = !store_read(agents->controller->store, operations_list, &finding, NULL);

	for (size_t i = 0; i < finding.list.n && complete; i++) {
		const struct operation *operation = (const struct operation *)finding.list.items[i];

		if (operation->state != OPERATION_DONE && operation->state != OPERATION_FAILED &&
		    !job_find(operations, operation->head.id))
			complete = !job_add(operations, operation, NULL);
	}
	store_list_release(&finding.list);
	if (complete)
		resource_id_make(RESOURCE_OPERATION, now - CLOCKS_APART, operations->after);
}

void operations_tick(struct agents *agents, int64_t now)
{
	struct job *job, *next;

	jobs_find(agents, now);
	/* What another controller has told hosts is looked up in the hub. */
	if (agents_shared(agents) && !TAILQ_EMPTY(&agents->operations->jobs) &&
	    controller_feed(agents->controller, NULL))
		return;
	for (job = TAILQ_FIRST(&agents->operations->jobs); job; job = next) {
		next = TAILQ_NEXT(job, link);
		job_run(agents, job, now);
	}
}
