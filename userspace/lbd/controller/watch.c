// SPDX-License-Identifier: GPL-2.0-only
/* The requests that wait, in a list of the controller's, each with its resource and deadline. */
#include "controller/watch.h"

#include "controller/controller-parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct waiter {
	struct waiter *next, **link;
	void *connection;
	char id[RESOURCE_ID_SIZE];
	uint64_t version;
	int64_t deadline;
	bool over; /* has waited long enough */
};

static void waiter_free(void *user)
{
	struct waiter *waiter = user;

	*waiter->link = waiter->next;
	if (waiter->next)
		waiter->next->link = waiter->link;
	free(waiter);
}

static struct waiter *waiter_new(struct call *call, const char *id, uint64_t version)
{
	struct controller *controller = call->controller;
	struct waiter *waiter = calloc(1, sizeof(*waiter));

	if (!waiter)
		return NULL;
	waiter->connection = call->request->connection;
	waiter->version = version;
	waiter->deadline = call->request->now + WATCH_MS;
	snprintf(waiter->id, sizeof(waiter->id), "%s", id);
	waiter->next = controller->waiters;
	waiter->link = &controller->waiters;
	if (waiter->next)
		waiter->next->link = &waiter->next;
	controller->waiters = waiter;
	call->reply->user = waiter;
	call->reply->user_free = waiter_free;
	return waiter;
}

static int version_read(const char *text, uint64_t *version, struct fault *fault)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 18 || text[digits])
		return fault_refuse(fault, CODE_QUERY_INVALID, FIELD(NULL, "watch"),
				    "must be a version, as in the resource's \"version\"");
	*version = strtoull(text, NULL, 10);
	return 0;
}

int watch_wait(struct call *call, const struct resource *resource, struct fault *fault)
{
	const char *text = http_query(call->request, "watch");
	struct waiter *waiter = call->reply->user;
	uint64_t version = 0;
	int ret;

	if (!text)
		return 0;
	if ((ret = version_read(text, &version, fault)))
		return ret;
	if (resource->version != version || (waiter && waiter->over))
		return 0;
	if (!waiter && !waiter_new(call, resource->id, version))
		return fault_memory(fault);
	call->reply->wait = true;
	return 1;
}

void watch_wake(struct controller *controller, const char *id)
{
	for (const struct waiter *waiter = controller->waiters; waiter; waiter = waiter->next) {
		if (!id || !strcmp(id, waiter->id))
			http_resume(waiter->connection);
	}
}

void watch_expire(struct controller *controller, int64_t now)
{
	for (struct waiter *waiter = controller->waiters; waiter; waiter = waiter->next) {
		if (waiter->deadline > now)
			continue;
		waiter->over = true;
		http_resume(waiter->connection);
	}
}
