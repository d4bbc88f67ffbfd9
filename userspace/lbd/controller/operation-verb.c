// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each verb of an operation does, and who has to acknowledge it before it is done: for networks
 * the hosts that have a member in them; where a bridge is gone nobody can say whose it was, so all
 * hosts of the organisation, most of which have nothing to do for it.
 */
#include "controller/operation-run.h"

#include "controller/api-hooks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int hosts_add(struct hosts *hosts, const char *id, struct fault *fault)
{
	size_t capacity = hosts->capacity ? 2 * hosts->capacity : 16;
	void *grown;

	if (hosts->n == hosts->capacity) {
		grown = reallocarray(hosts->ids, capacity, sizeof(*hosts->ids));
		if (!grown)
			return fault_memory(fault);
		hosts->ids = grown;
		hosts->capacity = capacity;
	}
	snprintf(hosts->ids[hosts->n++], RESOURCE_ID_SIZE, "%s", id);
	return 0;
}

static int id_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

void hosts_settle(struct hosts *hosts)
{
	size_t kept = 0;

	if (!hosts->n)
		return;
	qsort(hosts->ids, hosts->n, sizeof(*hosts->ids), id_compare);
	for (size_t i = 1; i < hosts->n; i++) {
		if (strcmp(hosts->ids[kept], hosts->ids[i]) != 0)
			memmove(hosts->ids[++kept], hosts->ids[i], sizeof(*hosts->ids));
	}
	hosts->n = kept + 1;
}

void hosts_release(struct hosts *hosts)
{
	free(hosts->ids);
	*hosts = (struct hosts){0};
}

int hosts_of_network(struct store_tx *tx, const char *network, struct hosts *hosts,
		     struct fault *fault)
{
	const struct store_query query = {.kind = RESOURCE_MEMBER, .scope = network};
	struct store_list list = {0};
	int ret = store_list(tx, &query, &list, fault);

	for (size_t i = 0; i < list.n && !ret; i++)
		ret = hosts_add(hosts, ((const struct member *)list.items[i])->host, fault);
	store_list_release(&list);
	return ret;
}

int hosts_of_org(struct store_tx *tx, const struct job *job, struct hosts *hosts,
		 struct fault *fault)
{
	const struct store_query query = {.kind = RESOURCE_HOST, .org = job->org};
	struct store_list list = {0};
	int ret = store_list(tx, &query, &list, fault);

	for (size_t i = 0; i < list.n && !ret; i++)
		ret = hosts_add(hosts, list.items[i]->id, fault);
	store_list_release(&list);
	return ret;
}

static int target_hosts(struct store_tx *tx, const struct job *job, struct hosts *hosts,
			struct fault *fault)
{
	return hosts_of_network(tx, job->target, hosts, fault);
}

static int network_state_set(struct changes *changes, const struct resource *before,
			     enum network_state state, struct fault *fault)
{
	struct resource *after = resource_copy(before);
	int ret;

	if (!after)
		return fault_memory(fault);
	((struct network *)after)->state = state;
	ret = changes_update(changes, before, after, fault);
	resource_free(after);
	return ret;
}

/* From one of two states to the next; it may have got there without this operation. */
static int network_advance(struct changes *changes, const struct job *job, enum network_state to,
			   struct fault *fault)
{
	struct resource *resource = NULL;
	enum network_state state;
	int ret = store_get(changes->tx, RESOURCE_NETWORK, job->target, &resource, fault);

	if (ret)
		return ret;
	state = ((const struct network *)resource)->state;
	if (state == NETWORK_DELETING)
		ret = fault_refuse(fault, CODE_STATE, NULL, "the network is being deleted");
	else if (state < to)
		ret = network_state_set(changes, resource, to, fault);
	resource_free(resource);
	return ret;
}

static int activate_begin(struct changes *changes, struct job *job, struct fault *fault)
{
	return network_advance(changes, job, NETWORK_ACTIVATING, fault);
}

/* Also of a refresh: a network whose activation has failed before is active now. */
static int activate_finish(struct changes *changes, struct job *job, struct fault *fault)
{
	return network_advance(changes, job, NETWORK_ACTIVE, fault);
}

/* All hosts that were asked have it out of force; now it goes with all that is in it. */
static int delete_finish(struct changes *changes, struct job *job, struct fault *fault)
{
	struct resource *resource = NULL;
	struct fault why = {0};
	int ret = store_get(changes->tx, RESOURCE_NETWORK, job->target, &resource, &why);

	if (ret && why.code == CODE_NOT_FOUND)
		return 0;
	if (ret) {
		*fault = why;
		return ret;
	}
	ret = network_remove(changes, (struct network *)resource, fault);
	resource_free(resource);
	return ret;
}

static int bridge_hosts(struct store_tx *tx, const struct job *job, struct hosts *hosts,
			struct fault *fault)
{
	struct resource *resource = NULL;
	const struct bridge *bridge;
	int ret = store_get(tx, RESOURCE_BRIDGE, job->target, &resource, fault);

	if (ret)
		return ret;
	bridge = (const struct bridge *)resource;
	ret = hosts_of_network(tx, bridge->networks[0], hosts, fault);
	if (!ret)
		ret = hosts_of_network(tx, bridge->networks[1], hosts, fault);
	resource_free(resource);
	return ret;
}

static int refresh_begin(struct changes *changes, struct job *job, struct fault *fault)
{
	int64_t number;
	int ret;

	job->ordered.n = 0;
	if ((ret = store_number_next(changes->tx, "refresh", &number, fault)) ||
	    (ret = hosts_of_network(changes->tx, job->target, &job->ordered, fault)))
		return ret;
	hosts_settle(&job->ordered);
	for (size_t i = 0; i < job->ordered.n && !ret; i++)
		ret = order_refresh(changes, job->ordered.ids[i], job, number, fault);
	return ret;
}

static int refresh_drop(struct changes *changes, struct job *job, struct fault *fault)
{
	char key[RECORD_KEY_MAX + 1];
	int ret = 0;

	snprintf(key, sizeof(key), "refresh/%s", job->id);
	/* After a restart it is not remembered who was given one. */
	if (!job->ordered.n)
		ret = hosts_of_org(changes->tx, job, &job->ordered, fault);
	for (size_t i = 0; i < job->ordered.n && !ret; i++)
		ret = order_drop(changes, job->ordered.ids[i], key, fault);
	return ret;
}

static int refresh_finish(struct changes *changes, struct job *job, struct fault *fault)
{
	struct fault why = {0};
	int ret = activate_finish(changes, job, &why);

	/* That it is gone, or going, is no failure of a refresh. */
	if (ret && why.code != CODE_NOT_FOUND && why.code != CODE_STATE) {
		*fault = why;
		return ret;
	}
	return refresh_drop(changes, job, fault);
}

const struct verb verbs[] = {
	[OPERATION_NETWORK_ACTIVATE] = {.begin = activate_begin,
					.hosts = target_hosts,
					.finish = activate_finish},
	[OPERATION_NETWORK_DELETE] = {.hosts = target_hosts, .finish = delete_finish},
	[OPERATION_BRIDGE_CREATE] = {.hosts = bridge_hosts},
	[OPERATION_BRIDGE_DELETE] = {.hosts = hosts_of_org},
	[OPERATION_NETWORK_REFRESH] = {.begin = refresh_begin,
				       .hosts = target_hosts,
				       .finish = refresh_finish,
				       .failed = refresh_drop},
	[OPERATION_KEY_ROTATE] = {.begin = rotate_begin,
				  .finish = rotate_finish,
				  .failed = rotate_failed,
				  .advance = rotate_advance},
};
