// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rotation of a host's WireGuard key (L25), make before break:
 *
 *   host                 controller                       its peers
 *    |<--- rotate make ------|
 *    |--- next key --------->|--- member: key, next_key ----->| add the new peer beside the old
 *    |                       |<---------------- acknowledged -|
 *    |<--- rotate switch ----|
 *    | uses the new key      |
 *    |--- in use ----------->|--- member: key --------------->| remove the old one
 *
 * A peer that is online and silent holds it up for a bounded time; one that is offline not at all.
 * Called by operation-run.c; the host's two requests are agent-key.c's.
 */
#include "controller/operation-run.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

int rotate_begin(struct changes *changes, struct job *job, struct fault *fault)
{
	struct resource *resource = NULL;
	const struct host *host;
	int ret = store_get(changes->tx, RESOURCE_HOST, job->host, &resource, fault);

	if (ret)
		return ret;
	host = (const struct host *)resource;
	if (host->state == HOST_REMOVED)
		ret = fault_refuse(fault, CODE_STATE, NULL, "the host is removed");
	else if (sodium_is_zero(host->next_public_key, sizeof(host->next_public_key)))
		ret = order_rotate(changes, job, NULL, fault);
	resource_free(resource);
	return ret;
}

int rotate_finish(struct changes *changes, struct job *job, struct fault *fault)
{
	return order_drop(changes, job->host, ORDER_ROTATE, fault);
}

/* Before the host was told to switch, the new key goes; after it, it may be in use already. */
int rotate_failed(struct changes *changes, struct job *job, struct fault *fault)
{
	struct resource *before = NULL, *after = NULL;
	struct host *host;
	struct fault why = {0};
	int ret;

	ret = store_get(changes->tx, RESOURCE_HOST, job->host, &before, &why);
	if (ret && why.code != CODE_NOT_FOUND) {
		*fault = why;
		return ret;
	}
	if (!ret && !order_is_switch(changes->controller, job->host)) {
		after = resource_copy(before);
		host = (struct host *)after;
		if (!after) {
			ret = fault_memory(fault);
		} else if (!sodium_is_zero(host->next_public_key, sizeof(host->next_public_key))) {
			sodium_memzero(host->next_public_key, sizeof(host->next_public_key));
			ret = changes_update(changes, before, after, fault);
		}
	} else {
		ret = 0;
	}
	resource_free(before);
	resource_free(after);
	return ret ? ret : order_drop(changes, job->host, ORDER_ROTATE, fault);
}

struct telling {
	const struct job *job;
	const uint8_t *key;
};

/* No resource changes, so this writes the audit record itself. */
static int switch_tell(struct changes *changes, void *argument, struct fault *fault)
{
	const struct telling *telling = argument;
	struct store_audit audit = {
		.at = changes->now, .actor = "controller", .action = "key.switch"};
	int ret;

	memcpy(audit.org, telling->job->org, sizeof(audit.org));
	memcpy(audit.target, telling->job->host, sizeof(audit.target));
	ret = order_rotate(changes, telling->job, telling->key, fault);
	return ret ? ret : store_audit(changes->tx, &audit, fault);
}

static int peers_advance(struct agents *agents, struct job *job, const struct host *host,
			 struct fault *fault)
{
	const struct telling telling = {job, host->next_public_key};
	int ret;

	if (job_waits(agents, job) && agents->now - job->published < agents->times.peers)
		return 0;
	ret = controller_change(agents->controller, NULL, switch_tell, (void *)&telling, fault);
	if (ret)
		return ret;
	job->rotation = ROTATION_SWITCH;
	job->hosts.n = 0;
	return 0;
}

static int host_advance(struct agents *agents, struct job *job, const struct host *host,
			struct fault *fault)
{
	bool pending = !sodium_is_zero(host->next_public_key, sizeof(host->next_public_key));
	int ret;

	if (host->state == HOST_REMOVED)
		return fault_refuse(fault, CODE_STATE, NULL, "the host is removed");
	if (order_is_switch(agents->controller, job->host))
		job->rotation = ROTATION_SWITCH;
	if (job->rotation == ROTATION_SWITCH)
		return pending ? 0 : job_finish(agents, job, fault);
	if (!pending)
		return 0;
	if (job->rotation == ROTATION_MAKE) {
		ret = job_wait(agents, job, hosts_of_org, fault);
		if (ret)
			return ret;
		job->published = agents->now;
		job->rotation = ROTATION_PEERS;
	}
	return peers_advance(agents, job, host, fault);
}

int rotate_advance(struct agents *agents, struct job *job, struct fault *fault)
{
	struct resource *resource = NULL;
	int ret = agents_read(agents, RESOURCE_HOST, job->host, &resource, fault);

	if (!ret)
		ret = host_advance(agents, job, (const struct host *)resource, fault);
	resource_free(resource);
	return ret;
}
