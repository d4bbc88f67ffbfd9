// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is done with a host besides reading and changing it: its effective rules (L12), draining it,
 * and taking its agent's credential away. Called by the routes.
 */
#include "controller/api-answer.h"
#include "controller/api.h"
#include "model/rules.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

/* --- effective rules ---------------------------------------------------------------------------- */

struct merging {
	struct place place;
	struct resource *host;
	struct store_list firewalls, attachments;
};

static void merging_release(struct merging *merging)
{
	resource_free(merging->host);
	merging->host = NULL;
	store_list_release(&merging->firewalls);
	store_list_release(&merging->attachments);
}

static int merging_run(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct merging *merging = argument;
	const struct store_query firewalls = {.kind = RESOURCE_FIREWALL, .org = merging->place.org};
	const struct store_query attachments = {.kind = RESOURCE_ATTACHMENT,
						.scope = merging->place.id};
	int ret;

	merging_release(merging);
	if ((ret = place_get(tx, &merging->place, &merging->host, fault)) ||
	    (ret = store_list(tx, &firewalls, &merging->firewalls, fault)))
		return ret;
	return store_list(tx, &attachments, &merging->attachments, fault);
}

static int effective_answer(struct call *call, const struct merging *merging, struct fault *fault)
{
	json_object *body = json_object_new_object(), *rules = NULL, *host;
	struct effective effective;
	int ret = rules_effective((const struct host *)merging->host,
				  (const struct firewall *const *)merging->firewalls.items,
				  merging->firewalls.n,
				  (const struct attachment *const *)merging->attachments.items,
				  merging->attachments.n, &effective, fault);

	if (!ret)
		rules = effective_encode(&effective);
	effective_release(&effective);
	host = json_object_new_string(merging->host->id);
	if (body && host && !json_object_object_add(body, "host", host)) {
		host = NULL;
		if (rules && !json_object_object_add(body, "rules", rules)) {
			http_reply_json(call->reply, 200, body);
			return 0;
		}
	}
	json_object_put(host);
	json_object_put(rules);
	json_object_put(body);
	return ret ? ret : fault_memory(fault);
}

int api_host_effective(struct call *call, struct fault *fault)
{
	struct merging merging = {.host = NULL};
	int ret = place_read(call, &merging.place, fault);

	if (!ret)
		ret = store_read(call->controller->store, merging_run, &merging, fault);
	if (!ret)
		ret = effective_answer(call, &merging, fault);
	merging_release(&merging);
	return ret;
}

/* --- draining and revoking ---------------------------------------------------------------------- */

struct turning {
	struct call *call;
	struct place place;
	int (*turn)(struct host *host, struct fault *fault);
	struct store_answer answer;
};

static int turn_run(struct changes *changes, void *argument, struct fault *fault)
{
	struct turning *turning = argument;
	struct resource *before = NULL, *after = NULL;
	int ret;

	store_answer_release(&turning->answer);
	if ((ret = place_get(changes->tx, &turning->place, &before, fault)) ||
	    (ret = reply_if_match(turning->call, before, fault)))
		goto out;
	after = resource_copy(before);
	if (!after)
		ret = fault_memory(fault);
	else if (!(ret = turning->turn((struct host *)after, fault)) &&
		 !resource_equal(before, after))
		ret = changes_update(changes, before, after, fault);
	if (!ret)
		ret = reply_resource(&turning->answer, turning->call, after, 200, fault);
out:
	resource_free(before);
	resource_free(after);
	return ret;
}

static int host_turn(struct call *call, int (*turn)(struct host *host, struct fault *fault),
		     struct fault *fault)
{
	struct turning turning = {.call = call, .turn = turn};
	int ret = place_read(call, &turning.place, fault);

	if (!ret)
		ret = controller_change(call->controller, call, turn_run, &turning, fault);
	if (!ret)
		reply_send(call->reply, &turning.answer);
	store_answer_release(&turning.answer);
	return ret;
}

static int host_drain(struct host *host, struct fault *fault)
{
	if (host->state == HOST_REMOVED)
		return fault_refuse(fault, CODE_STATE, NULL, "the host has been removed");
	host->state = HOST_DRAINING;
	return 0;
}

static int host_revoke(struct host *host, struct fault *fault)
{
	(void)fault;
	sodium_memzero(host->credential_hash, sizeof(host->credential_hash));
	return 0;
}

int api_host_drain(struct call *call, struct fault *fault)
{
	return host_turn(call, host_drain, fault);
}

/* Its stream ends when the change is told (controller_listen()), and no request is taken any more. */
int api_host_revoke(struct call *call, struct fault *fault)
{
	return host_turn(call, host_revoke, fault);
}
