// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who has to acknowledge what an operation has changed, and who of them has not yet: in memory for
 * hosts whose stream is here, else by what their controller has written. A host that is not online
 * keeps nothing waiting. Called by operation-run.c and operation-rotate.c.
 */
#include "controller/operation-run.h"

#include <stdio.h>
#include <string.h>

#define NAMED 4 /* hosts in the reason of a failure */

struct listing {
	struct job *job;
	int (*list)(struct store_tx *tx, const struct job *job, struct hosts *hosts,
		    struct fault *fault);
};

static int hosts_read(struct store_tx *tx, void *argument, struct fault *fault)
{
	const struct listing *listing = argument;

	listing->job->hosts.n = 0;
	return listing->list(tx, listing->job, &listing->job->hosts, fault);
}

int job_wait(struct agents *agents, struct job *job,
	     int (*list)(struct store_tx *tx, const struct job *job, struct hosts *hosts,
			 struct fault *fault),
	     struct fault *fault)
{
	struct listing listing = {job, list};
	int ret;

	/* What another controller has begun is in the store, and perhaps not in the hub yet. */
	if ((agents_shared(agents) && (ret = controller_feed(agents->controller, fault))) ||
	    (ret = store_read(agents->controller->store, hosts_read, &listing, fault)))
		return ret;
	hosts_settle(&job->hosts);
	job->sequence = agents->controller->feed;
	job->waiting = true;
	return 0;
}

/* A host whose stream is not here: by what its own controller has written. */
static bool row_waits(struct agents *agents, const struct job *job, const char *id)
{
	struct resource *resource = NULL;
	struct fault fault = {0};
	const struct host *host;
	bool waits;

	if (agents_read(agents, RESOURCE_HOST, id, &resource, &fault))
		return fault.code != CODE_NOT_FOUND;
	host = (const struct host *)resource;
	waits = host->state == HOST_ONLINE && host->generation_acknowledged < job->sequence;
	resource_free(resource);
	return waits;
}

static bool host_waits(struct agents *agents, const struct job *job, const char *id)
{
	struct agent *agent = agent_find(agents, id);

	if (!agent || !agent->stream)
		return row_waits(agents, job, id);
	if (agent_acknowledged(agent) < job->sequence)
		return true;
	/* So that other controllers, who wait for it as well, can see it. */
	if (agents_shared(agents))
		agent->dirty = true;
	return false;
}

size_t job_waits(struct agents *agents, struct job *job)
{
	size_t kept = 0;

	for (size_t i = 0; i < job->hosts.n; i++) {
		if (!host_waits(agents, job, job->hosts.ids[i]))
			continue;
		if (kept != i)
			memcpy(job->hosts.ids[kept], job->hosts.ids[i], sizeof(*job->hosts.ids));
		kept++;
	}
	job->hosts.n = kept;
	return kept;
}

/* "hosts a, b and 7 more have not answered". */
void job_silent_name(struct agents *agents, const struct job *job, char *text, size_t size)
{
	struct resource *host = NULL;
	size_t used = 0, named = 0;

	for (; named < job->hosts.n && named < NAMED; named++) {
		const char *id = job->hosts.ids[named];
		bool found = !agents_read(agents, RESOURCE_HOST, id, &host, NULL);

		used += (size_t)snprintf(text + used, size - used, "%s%s", named ? ", " : "",
					 found ? host->name : id);
		resource_free(host);
		host = NULL;
		if (used >= size)
			return;
	}
	if (named < job->hosts.n)
		used += (size_t)snprintf(text + used, size - used, " and %zu more",
					 job->hosts.n - named);
	if (used < size)
		snprintf(text + used, size - used, " did not acknowledge it in time");
}
