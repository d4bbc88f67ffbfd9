// SPDX-License-Identifier: GPL-2.0-only
/*
 * Networks and bridges: slices of the pool, the limit of an organisation, and what has to be gone
 * before a network may go. That no two networks overlap is seen to by the leases of their slices,
 * which are one space for the whole cluster (store/slice.c).
 */
#include "controller/api-hooks.h"

#include "model/address.h"
#include "model/rules.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SLICE_DEFAULT 24 /* L4 */
#define POOL6_LENGTH  48
#define SLICE6_LENGTH 64

static const struct lbmesh_prefix pool_default = {.family = AF_INET, .len = 10, .addr = {100, 64}};

/*
 * The cluster's prefix of unique local addresses (RFC 4193): its 40 bits, which are to be random,
 * come from the signing key, so that all controllers of a cluster have the same.
 */
static struct lbmesh_prefix pool6_of(const struct controller *controller)
{
	struct lbmesh_prefix pool = {.family = AF_INET6, .len = POOL6_LENGTH, .addr = {0xfd}};
	uint8_t digest[crypto_generichash_BYTES_MIN];

	/* Cannot fail: the sizes are within the function's limits. */
	(void)crypto_generichash(digest, sizeof(digest), controller->signing_public,
				 sizeof(controller->signing_public), NULL, 0);
	memcpy(pool.addr + 1, digest, 5);
	return pool;
}

static int slice4_take(struct changes *changes, struct network *network, struct fault *fault)
{
	const struct controller_options *options = changes->controller->options;
	const struct lbmesh_prefix want = network->cidr;

	return store_slice_take(changes->tx, options->pool.family ? &options->pool : &pool_default,
				options->slice_length ? (unsigned int)options->slice_length
						      : SLICE_DEFAULT,
				want.family ? &want : NULL, network->head.id, changes->now,
				options->quarantine_ms, &network->cidr, fault);
}

static int slice6_take(struct changes *changes, struct network *network, struct fault *fault)
{
	const struct lbmesh_prefix pool = pool6_of(changes->controller), want = network->cidr6;
	struct fault why = {0};
	int ret;

	if (network->family != NETWORK_DUAL)
		return 0;
	ret = store_slice_take(changes->tx, &pool, SLICE6_LENGTH, want.family ? &want : NULL,
			       network->head.id, changes->now,
			       changes->controller->options->quarantine_ms, &network->cidr6, &why);
	if (!ret)
		return 0;
	*fault = why;
	/* The store knows one field for slices of both families. */
	if (why.code == CODE_CIDR_OVERLAP)
		return fault_refuse(fault, why.code, FIELD(NULL, "cidr6"), "%s", why.text);
	return ret;
}

static int limit_check(struct changes *changes, const struct network *network, struct fault *fault)
{
	const struct store_query query = {.kind = RESOURCE_NETWORK, .org = network->head.org};
	struct resource *org = NULL;
	size_t n = 0;
	int ret;

	if (!*network->head.org)
		return 0;
	if ((ret = store_get(changes->tx, RESOURCE_ORG, network->head.org, &org, fault)))
		return ret;
	ret = store_count(changes->tx, &query, &n, fault);
	if (!ret)
		ret = rules_networks_limit((const struct org *)org, n, fault);
	resource_free(org);
	return ret;
}

/* A name that is taken is found out before numbers and addresses are. */
static int name_free_check(struct changes *changes, const struct resource *network,
			   struct fault *fault)
{
	struct resource *taken = NULL;
	struct fault why = {0};
	int ret =
		store_find(changes->tx, network->kind, network->scope, network->name, &taken, &why);

	if (ret && why.code == CODE_NOT_FOUND)
		return 0;
	if (ret) {
		*fault = why;
		return ret;
	}
	ret = fault_refuse(fault, CODE_NAME_TAKEN, FIELD(NULL, "name"), "\"%s\" is the name of %s",
			   network->name, taken->id);
	resource_free(taken);
	return ret;
}

static int network_fill(struct changes *changes, struct network *network, struct fault *fault)
{
	int ret;

	if (!*network->head.id)
		resource_id_make(RESOURCE_NETWORK, changes->now, network->head.id);
	network->state = NETWORK_PENDING;
	if ((ret = name_free_check(changes, &network->head, fault)) ||
	    (ret = limit_check(changes, network, fault)) ||
	    (ret = slice4_take(changes, network, fault)) ||
	    (ret = slice6_take(changes, network, fault)))
		return ret;
	return store_number_next(changes->tx, "network", &network->number, fault);
}

static int activate(struct changes *changes, const struct network *network,
		    struct operation **operation, struct fault *fault)
{
	return operation_start(changes, OPERATION_NETWORK_ACTIVATE, network->head.org,
			       network->head.id, "", operation, fault);
}

int network_add(struct changes *changes, struct network *network, struct operation **operation,
		struct fault *fault)
{
	int ret;

	if ((ret = network_fill(changes, network, fault)) ||
	    (ret = changes_insert(changes, &network->head, fault)))
		return ret;
	return activate(changes, network, operation, fault);
}

int network_managed_find(struct store_tx *tx, const char *workspace, struct network **network,
			 struct fault *fault)
{
	const struct store_query query = {.kind = RESOURCE_NETWORK, .owner = workspace};
	struct store_list list = {0};
	int ret = store_list(tx, &query, &list, fault);

	*network = NULL;
	for (size_t i = 0; i < list.n && !*network; i++) {
		if (!((const struct network *)list.items[i])->managed)
			continue;
		*network = (struct network *)list.items[i];
		list.items[i] = NULL;
	}
	store_list_release(&list);
	return ret;
}

/* A bridge has it neither as scope nor as owner, so the store does not know of it. */
static int bridges_gone_check(struct changes *changes, const struct resource *network,
			      struct fault *fault)
{
	const struct store_query query = {.kind = RESOURCE_BRIDGE, .scope = network->scope};
	struct store_list list = {0};
	int ret = store_list(changes->tx, &query, &list, fault);

	for (size_t i = 0; i < list.n && !ret; i++) {
		const struct bridge *bridge = (const struct bridge *)list.items[i];

		if (!strcmp(bridge->networks[0], network->id) ||
		    !strcmp(bridge->networks[1], network->id))
			ret = fault_refuse(fault, CODE_IN_USE, NULL,
					   "the bridge %s joins it to another network",
					   bridge->head.id);
	}
	store_list_release(&list);
	return ret;
}

int network_remove(struct changes *changes, struct network *network, struct fault *fault)
{
	static const enum resource_kind kinds[] = {RESOURCE_POLICY, RESOURCE_ALIAS,
						   RESOURCE_MEMBER};
	int ret = bridges_gone_check(changes, &network->head, fault);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !ret; i++) {
		const struct store_query query = {.kind = kinds[i], .scope = network->head.id};

		ret = hook_delete_all(changes, &query, fault);
	}
	if (ret || (ret = changes_delete(changes, &network->head, fault)))
		return ret;
	return store_slice_release(changes->tx, network->head.id, changes->now, fault);
}

/* --- hooks -------------------------------------------------------------------------------------- */

static int network_create(struct edit *edit, struct resource *resource, struct fault *fault)
{
	struct network *network = (struct network *)resource;
	struct resource *workspace = NULL;
	int ret;

	/* Below /v1/system there is one context; who names another is refused by the rules. */
	if (!*resource->org && !json_object_object_get_ex(edit->document, "context", NULL))
		network->context = NETWORK_SYSTEM;
	if ((ret = hook_get(edit->changes->tx, RESOURCE_WORKSPACE, resource->owner, &workspace,
			    fault)))
		return ret;
	ret = rules_network(network, (const struct workspace *)workspace,
			    edit->changes->identity->system, fault);
	resource_free(workspace);
	return ret ? ret : network_fill(edit->changes, network, fault);
}

static int network_created(struct edit *edit, struct resource *resource, struct fault *fault)
{
	return activate(edit->changes, (const struct network *)resource, NULL, fault);
}

/* Have all hosts that its members are reached through opted in. */
static int hosts_check(struct changes *changes, const struct network *network, struct fault *fault)
{
	const struct store_query query = {.kind = RESOURCE_MEMBER, .scope = network->head.id};
	struct store_list members = {0};
	int ret = store_list(changes->tx, &query, &members, fault);

	for (size_t i = 0; i < members.n && !ret; i++) {
		const struct member *member = (const struct member *)members.items[i];
		struct resource *host = NULL;
		const struct host *hosts[1];

		if ((ret = store_get(changes->tx, RESOURCE_HOST, member->host, &host, fault)))
			break;
		hosts[0] = (const struct host *)host;
		ret = rules_network_hosts(network, hosts, 1, fault);
		resource_free(host);
	}
	store_list_release(&members);
	return ret;
}

static int network_change(struct edit *edit, const struct resource *before, struct resource *after,
			  struct fault *fault)
{
	const struct network *old = (const struct network *)before;
	const struct network *new = (const struct network *)after;
	int ret = rules_network_touch(old, edit->changes->identity->system, fault);

	if (ret || new->mode == old->mode || new->mode != NETWORK_ROUTED_MESH)
		return ret;
	return hosts_check(edit->changes, new, fault);
}

/* Out of force at once, with one record; what is in it goes with the operation. */
static int network_removed(struct edit *edit, struct resource *resource, struct fault *fault)
{
	struct resource *after;
	int ret;

	if ((ret = rules_network_touch((const struct network *)resource,
				       edit->changes->identity->system, fault)) ||
	    (ret = bridges_gone_check(edit->changes, resource, fault)))
		return ret;
	after = resource_copy(resource);
	if (!after)
		return fault_memory(fault);
	((struct network *)after)->state = NETWORK_DELETING;
	ret = changes_update(edit->changes, resource, after, fault);
	resource_free(after);
	if (!ret)
		ret = operation_start(edit->changes, OPERATION_NETWORK_DELETE, resource->org,
				      resource->id, "", &edit->operation, fault);
	return ret ? ret : 1;
}

const struct hooks network_hooks = {
	.create = network_create,
	.created = network_created,
	.change = network_change,
	.remove = network_removed,
};

/* Of the system's networks a tenant is not to know: they are as if they were not there. */
static int bridge_end_get(struct edit *edit, const char *id, struct resource **network,
			  struct fault *fault)
{
	int ret = hook_get(edit->changes->tx, RESOURCE_NETWORK, id, network, fault);

	if (!ret && *network && !*(*network)->org) {
		resource_free(*network);
		*network = NULL;
	}
	return ret;
}

static int bridge_create(struct edit *edit, struct resource *resource, struct fault *fault)
{
	const struct bridge *bridge = (const struct bridge *)resource;
	struct resource *ends[2] = {NULL};
	int ret = 0;

	for (size_t i = 0; i < 2 && !ret; i++) {
		ret = bridge_end_get(edit, bridge->networks[i], &ends[i], fault);
		if (!ret && !ends[i])
			ret = fault_refuse(fault, CODE_FIELD_VALUE,
					   ITEM(FIELD(NULL, "networks"), i),
					   "there is no such network");
	}
	if (!ret)
		ret = rules_bridge(bridge, (const struct network *)ends[0],
				   (const struct network *)ends[1], fault);
	resource_free(ends[0]);
	resource_free(ends[1]);
	return ret;
}

static int bridge_created(struct edit *edit, struct resource *resource, struct fault *fault)
{
	return operation_start(edit->changes, OPERATION_BRIDGE_CREATE, resource->org, resource->id,
			       "", &edit->operation, fault);
}

static int bridge_removed(struct edit *edit, struct resource *resource, struct fault *fault)
{
	int ret = changes_delete(edit->changes, resource, fault);

	if (!ret)
		ret = operation_start(edit->changes, OPERATION_BRIDGE_DELETE, resource->org,
				      resource->id, "", &edit->operation, fault);
	return ret ? ret : 1;
}

const struct hooks bridge_hooks = {
	.create = bridge_create,
	.created = bridge_created,
	.remove = bridge_removed,
};
