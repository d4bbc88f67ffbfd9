// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading, creating, changing and deleting resources of every kind: one handler for each verb, by
 * the kind's table and hooks. A change is made, checked and answered for in one transaction, which
 * the store may repeat: so each run begins by forgetting the one before.
 */
#include "controller/api-answer.h"
#include "controller/api-hooks.h"
#include "controller/api.h"
#include "controller/watch.h"

#include <errno.h>
#include <string.h>

/* A call with what its transaction finds and makes. */
struct work {
	struct call *call;
	struct place place;
	struct resource *parent;
	struct resource *before;
	struct resource *after;
	struct operation *operation;
	struct store_answer answer;
};

static void work_release(struct work *work)
{
	resource_free(work->parent);
	resource_free(work->before);
	resource_free(work->after);
	resource_free(work->operation ? &work->operation->head : NULL);
	store_answer_release(&work->answer);
	work->parent = work->before = work->after = NULL;
	work->operation = NULL;
}

static struct edit work_edit(struct work *work, struct changes *changes)
{
	return (struct edit){
		.changes = changes,
		.place = &work->place,
		.parent = work->parent,
		.document = work->call->body,
	};
}

/* Runs a transaction; 1 from it is an answer without a change. */
static int work_change(struct work *work, change_fn run, struct fault *fault)
{
	struct call *call = work->call;
	int ret = place_read(call, &work->place, fault);

	if (!ret)
		ret = controller_change(call->controller, call, run, work, fault);
	if (ret >= 0)
		reply_send(call->reply, &work->answer);
	work_release(work);
	return ret < 0 ? ret : 0;
}

/* --- reading ------------------------------------------------------------------------------------ */

static int get_run(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct work *work = argument;
	int ret;

	work_release(work);
	if ((ret = place_parent_get(tx, &work->place, &work->parent, fault)))
		return ret;
	return place_get(tx, &work->place, &work->before, fault);
}

int api_resource_get(struct call *call, struct fault *fault)
{
	struct work work = {.call = call};
	int ret;

	if ((ret = place_read(call, &work.place, fault)) ||
	    (ret = store_read(call->controller->store, get_run, &work, fault)))
		goto out;
	if (call->route->flags & ROUTE_WATCH)
		ret = watch_wait(call, work.before, fault);
	if (!ret)
		ret = reply_read(call, work.before, fault);
out:
	work_release(&work);
	return ret < 0 ? ret : 0;
}

/* --- creating ----------------------------------------------------------------------------------- */

/* Of the head what the path says; a sandbox's scope is that of its host (its hook). */
static void head_fill(const struct work *work, int64_t now, struct resource *resource)
{
	const char *org = work->place.org, *scope = org;

	if (work->parent) {
		org = work->parent->org;
		scope = work->parent->id;
	}
	resource_id_make(resource->kind, now, resource->id);
	memcpy(resource->org, org, strlen(org) + 1);
	memcpy(resource->scope, scope, strlen(scope) + 1);
}

static int create_make(struct work *work, struct edit *edit, struct fault *fault)
{
	const struct hooks *hooks = hooks_of(work->place.kind);
	int ret;

	work->after = resource_new(work->place.kind);
	if (!work->after)
		return fault_memory(fault);
	head_fill(work, edit->changes->now, work->after);
	if ((ret = resource_decode(work->after, work->call->body, RESOURCE_CREATE,
				   work->call->identity.system, fault)) ||
	    (hooks->create && (ret = hooks->create(edit, work->after, fault))) ||
	    (ret = changes_insert(edit->changes, work->after, fault)))
		return ret;
	return hooks->created ? hooks->created(edit, work->after, fault) : 0;
}

static int answer_fill(struct work *work, struct edit *edit, struct fault *fault)
{
	const struct resource *shown = work->after;

	work->operation = edit->operation;
	if (work->call->route->flags & ROUTE_OPERATION && work->operation)
		shown = &work->operation->head;
	return reply_resource(&work->answer, work->call, shown, work->call->route->status, fault);
}

static int create_run(struct changes *changes, void *argument, struct fault *fault)
{
	struct work *work = argument;
	struct edit edit;
	int ret;

	work_release(work);
	if ((ret = reply_again(changes->tx, work->call, &work->answer, fault)) ||
	    (ret = place_parent_get(changes->tx, &work->place, &work->parent, fault)))
		return ret;
	edit = work_edit(work, changes);
	ret = create_make(work, &edit, fault);
	work->operation = edit.operation;
	if (ret || (ret = answer_fill(work, &edit, fault)))
		return ret;
	return reply_keep(changes->tx, work->call, &work->answer, fault);
}

int api_resource_create(struct call *call, struct fault *fault)
{
	struct work work = {.call = call};

	return work_change(&work, create_run, fault);
}

/* --- changing ----------------------------------------------------------------------------------- */

static int patch_make(struct work *work, struct edit *edit, struct fault *fault)
{
	const struct hooks *hooks = hooks_of(work->place.kind);
	int ret;

	work->after = resource_copy(work->before);
	if (!work->after)
		return fault_memory(fault);
	if ((ret = resource_decode(work->after, work->call->body, RESOURCE_PATCH,
				   work->call->identity.system, fault)) ||
	    (hooks->change && (ret = hooks->change(edit, work->before, work->after, fault))))
		return ret;
	/* Nothing to do is no new version. */
	if (resource_equal(work->before, work->after))
		return 1;
	return changes_update(edit->changes, work->before, work->after, fault);
}

/* The object as it is now, with its parent, for who has read that version. */
static int work_begin(struct work *work, struct store_tx *tx, struct fault *fault)
{
	int ret;

	work_release(work);
	if ((ret = place_parent_get(tx, &work->place, &work->parent, fault)) ||
	    (ret = place_get(tx, &work->place, &work->before, fault)))
		return ret;
	return reply_if_match(work->call, work->before, fault);
}

static int patch_run(struct changes *changes, void *argument, struct fault *fault)
{
	struct work *work = argument;
	struct edit edit;
	int ret, same;

	if ((ret = work_begin(work, changes->tx, fault)))
		return ret;
	edit = work_edit(work, changes);
	same = patch_make(work, &edit, fault);
	if (same < 0)
		return same;
	ret = answer_fill(work, &edit, fault);
	return ret ? ret : same;
}

int api_resource_patch(struct call *call, struct fault *fault)
{
	struct work work = {.call = call};

	return work_change(&work, patch_run, fault);
}

/* --- deleting ----------------------------------------------------------------------------------- */

static int delete_make(struct work *work, struct edit *edit, struct fault *fault)
{
	const struct hooks *hooks = hooks_of(work->place.kind);
	int ret = hooks->remove ? hooks->remove(edit, work->before, fault) : 0;

	if (ret)
		return ret < 0 ? ret : 0;
	return changes_delete(edit->changes, work->before, fault);
}

static int delete_run(struct changes *changes, void *argument, struct fault *fault)
{
	struct work *work = argument;
	struct edit edit;
	int ret;

	if ((ret = work_begin(work, changes->tx, fault)))
		return ret;
	edit = work_edit(work, changes);
	ret = delete_make(work, &edit, fault);
	work->operation = edit.operation;
	if (ret)
		return ret;
	if (work->operation)
		return answer_fill(work, &edit, fault);
	work->answer.status = work->call->route->status;
	return 0;
}

int api_resource_delete(struct call *call, struct fault *fault)
{
	struct work work = {.call = call};

	return work_change(&work, delete_run, fault);
}
