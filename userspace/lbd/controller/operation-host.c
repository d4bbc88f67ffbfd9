// SPDX-License-Identifier: GPL-2.0-only
/*
 * What people ask of a host that its agent has to do: a refresh of its networks (L13), and the
 * rotation of its key (L25). Both begin operations and answer with them.
 */
#include "controller/api.h"

#include "controller/api-place.h"
#include "controller/operation-run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* networks: of the host and of the sandboxes on it; an id twice is one operation. */
struct asking {
	const struct call *call;
	struct hosts networks;
	struct store_list operations;
};

static int host_get(struct store_tx *tx, const struct call *call, struct resource **host,
		    struct fault *fault)
{
	struct place place;
	int ret = place_read(call, &place, fault);

	return ret ? ret : place_get(tx, &place, host, fault);
}

static int memberships_add(struct store_tx *tx, const char *owner, struct hosts *networks,
			   struct fault *fault)
{
	const struct store_query query = {.kind = RESOURCE_MEMBER, .owner = owner};
	struct store_list list = {0};
	int ret = store_list(tx, &query, &list, fault);

	for (size_t i = 0; i < list.n && !ret; i++)
		ret = hosts_add(networks, list.items[i]->scope, fault);
	store_list_release(&list);
	return ret;
}

static int networks_find(struct store_tx *tx, const char *host, struct hosts *networks,
			 struct fault *fault)
{
	const struct store_query query = {.kind = RESOURCE_SANDBOX, .owner = host};
	struct store_list list = {0};
	int ret;

	networks->n = 0;
	if ((ret = memberships_add(tx, host, networks, fault)) ||
	    (ret = store_list(tx, &query, &list, fault)))
		return ret;
	for (size_t i = 0; i < list.n && !ret; i++)
		ret = memberships_add(tx, list.items[i]->id, networks, fault);
	store_list_release(&list);
	hosts_settle(networks);
	return ret;
}

static void operations_release(struct asking *asking)
{
	store_list_release(&asking->operations);
	asking->operations = (struct store_list){0};
}

static int operation_add(struct changes *changes, struct asking *asking, int verb, const char *org,
			 const char *target, const char *host, struct fault *fault)
{
	struct store_list *list = &asking->operations;
	struct resource **grown = reallocarray(list->items, list->n + 1, sizeof(struct resource *));
	struct operation *operation = NULL;
	int ret;

	if (!grown)
		return fault_memory(fault);
	list->items = grown;
	ret = operation_start(changes, verb, org, target, host, &operation, fault);
	if (!ret)
		list->items[list->n++] = &operation->head;
	return ret;
}

/* The system's networks are its own affair, and would be told of by their operations. */
static int network_refresh(struct changes *changes, struct asking *asking,
			   const struct resource *host, const char *network, struct fault *fault)
{
	struct resource *resource = NULL;
	int ret = store_get(changes->tx, RESOURCE_NETWORK, network, &resource, fault);

	if (ret)
		return ret;
	if (*resource->org || asking->call->identity.system)
		ret = operation_add(changes, asking, OPERATION_NETWORK_REFRESH, resource->org,
				    network, host->id, fault);
	resource_free(resource);
	return ret;
}

static int refresh_work(struct changes *changes, void *argument, struct fault *fault)
{
	struct asking *asking = argument;
	struct resource *host = NULL;
	int ret;

	operations_release(asking);
	if ((ret = host_get(changes->tx, asking->call, &host, fault)))
		return ret;
	ret = networks_find(changes->tx, host->id, &asking->networks, fault);
	for (size_t i = 0; i < asking->networks.n && !ret; i++)
		ret = network_refresh(changes, asking, host, asking->networks.ids[i], fault);
	resource_free(host);
	return ret;
}

static json_object *operations_encode(const struct asking *asking)
{
	enum resource_view view =
		asking->call->identity.system ? RESOURCE_VIEW_SYSTEM : RESOURCE_VIEW_TENANT;
	json_object *body = json_object_new_object();
	json_object *list = json_object_new_array_ext((int)asking->operations.n + 1);

	for (size_t i = 0; list && i < asking->operations.n; i++) {
		json_object *item = resource_encode(asking->operations.items[i], view);

		if (!item || json_object_array_add(list, item)) {
			json_object_put(item);
			json_object_put(list);
			list = NULL;
		}
	}
	if (body && list && !json_object_object_add(body, "items", list))
		return body;
	json_object_put(list);
	json_object_put(body);
	return NULL;
}

int api_host_refresh(struct call *call, struct fault *fault)
{
	struct asking asking = {.call = call};
	json_object *body;
	int ret = controller_change(call->controller, call, refresh_work, &asking, fault);

	if (!ret) {
		body = operations_encode(&asking);
		if (body)
			http_reply_json(call->reply, 202, body);
		else
			ret = fault_memory(fault);
	}
	operations_release(&asking);
	hosts_release(&asking.networks);
	return ret;
}

static int rotate_work(struct changes *changes, void *argument, struct fault *fault)
{
	struct asking *asking = argument;
	struct agents *agents = changes->controller->agents;
	struct resource *host = NULL, *running = NULL;
	char id[RESOURCE_ID_SIZE];
	int ret;

	operations_release(asking);
	if ((ret = host_get(changes->tx, asking->call, &host, fault)))
		return ret;
	if (((const struct host *)host)->state == HOST_REMOVED) {
		ret = fault_refuse(fault, CODE_STATE, NULL, "the host is removed");
	} else if (agents &&
		   operations_has(agents->operations, OPERATION_KEY_ROTATE, host->id, id)) {
		/* Asked for twice, it is one: that which is under way. */
		ret = store_get(changes->tx, RESOURCE_OPERATION, id, &running, fault);
		asking->operations.items = ret ? NULL : malloc(sizeof(struct resource *));
		if (!ret && !asking->operations.items) {
			resource_free(running);
			ret = fault_memory(fault);
		} else if (!ret) {
			asking->operations.items[asking->operations.n++] = running;
		}
	} else {
		ret = operation_add(changes, asking, OPERATION_KEY_ROTATE, host->org, host->id,
				    host->id, fault);
	}
	resource_free(host);
	return ret;
}

int api_host_rotate(struct call *call, struct fault *fault)
{
	enum resource_view view =
		call->identity.system ? RESOURCE_VIEW_SYSTEM : RESOURCE_VIEW_TENANT;
	struct asking asking = {.call = call};
	const struct resource *operation;
	json_object *body;
	int ret = controller_change(call->controller, call, rotate_work, &asking, fault);

	if (!ret) {
		operation = asking.operations.items[0];
		body = resource_encode(operation, view);
		if (!body)
			ret = fault_memory(fault);
		else
			http_reply_json(call->reply, 202, body);
		snprintf(call->reply->location, sizeof(call->reply->location),
			 "/v1/orgs/%s/operations/%s", operation->org, operation->id);
		snprintf(call->reply->etag, sizeof(call->reply->etag), "\"%" PRIu64 "\"",
			 operation->version);
	}
	operations_release(&asking);
	return ret;
}
