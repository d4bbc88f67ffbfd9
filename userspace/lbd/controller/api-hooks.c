// SPDX-License-Identifier: GPL-2.0-only
/* The hooks by kind, what several of them need, and those of organisations and workspaces. */
#include "controller/api-hooks.h"

#include "model/rules.h"

#include <errno.h>
#include <string.h>

static const struct hooks none;

const struct hooks *hooks_of(enum resource_kind kind)
{
	static const struct hooks *const kinds[RESOURCE_KINDS] = {
		[RESOURCE_ORG] = &org_hooks,	     [RESOURCE_WORKSPACE] = &workspace_hooks,
		[RESOURCE_HOST] = &host_hooks,	     [RESOURCE_SANDBOX] = &sandbox_hooks,
		[RESOURCE_NETWORK] = &network_hooks, [RESOURCE_MEMBER] = &member_hooks,
		[RESOURCE_BRIDGE] = &bridge_hooks,   [RESOURCE_FIREWALL] = &firewall_hooks,
		[RESOURCE_ALIAS] = &alias_hooks,     [RESOURCE_ATTACHMENT] = &attachment_hooks,
		[RESOURCE_POLICY] = &policy_hooks,
	};

	return kinds[kind] ? kinds[kind] : &none;
}

int hook_get(struct store_tx *tx, enum resource_kind kind, const char *id,
	     struct resource **resource, struct fault *fault)
{
	struct fault why = {0};
	int ret;

	*resource = NULL;
	if (!resource_id_valid(kind, id))
		return 0;
	ret = store_get(tx, kind, id, resource, &why);
	if (!ret || why.code == CODE_NOT_FOUND)
		return 0;
	*fault = why;
	return ret;
}

int hook_delete_all(struct changes *changes, const struct store_query *query, struct fault *fault)
{
	struct store_list list = {0};
	int ret = store_list(changes->tx, query, &list, fault);

	for (size_t i = 0; i < list.n && !ret; i++) {
		if (query->kind == RESOURCE_MEMBER)
			ret = member_remove(changes, (struct member *)list.items[i], fault);
		else
			ret = changes_delete(changes, list.items[i], fault);
	}
	store_list_release(&list);
	return ret;
}

/* --- organisations ------------------------------------------------------------------------------ */

static int org_create(struct edit *edit, struct resource *resource, struct fault *fault)
{
	(void)edit;
	(void)fault;
	memcpy(resource->org, resource->id, sizeof(resource->org));
	return 0;
}

/* What is over goes with the organisation, and so do its tokens; anything else is in the way. */
static int org_remove(struct edit *edit, struct resource *resource, struct fault *fault)
{
	const struct store_query tokens = {.kind = RESOURCE_TOKEN, .scope = resource->id};
	const struct store_query operations = {.kind = RESOURCE_OPERATION, .scope = resource->id};
	struct store_list list = {0};
	int ret;

	if ((ret = hook_delete_all(edit->changes, &tokens, fault)) ||
	    (ret = store_list(edit->changes->tx, &operations, &list, fault)))
		return ret;
	for (size_t i = 0; i < list.n && !ret; i++) {
		const struct operation *operation = (const struct operation *)list.items[i];

		if (operation->state == OPERATION_DONE || operation->state == OPERATION_FAILED)
			ret = changes_delete(edit->changes, list.items[i], fault);
	}
	store_list_release(&list);
	return ret;
}

const struct hooks org_hooks = {.create = org_create, .remove = org_remove};

/* --- workspaces --------------------------------------------------------------------------------- */

/* L3: the platform's network for all of its hosts, by the workspace's name. */
static int workspace_created(struct edit *edit, struct resource *resource, struct fault *fault)
{
	struct network *network;
	int ret;

	if (!((const struct workspace *)resource)->managed_network)
		return 0;
	network = (struct network *)resource_new(RESOURCE_NETWORK);
	if (!network)
		return fault_memory(fault);
	network->context = NETWORK_WORKSPACE;
	network->managed = true;
	memcpy(network->head.org, resource->org, sizeof(network->head.org));
	memcpy(network->head.scope, resource->org, sizeof(network->head.scope));
	memcpy(network->head.owner, resource->id, sizeof(network->head.owner));
	memcpy(network->head.name, resource->name, sizeof(network->head.name));
	ret = network_add(edit->changes, network, NULL, fault);
	resource_free(&network->head);
	return ret;
}

static int hosts_gone_check(struct edit *edit, const struct resource *workspace,
			    struct fault *fault)
{
	const struct store_query query = {
		.kind = RESOURCE_HOST, .scope = workspace->id, .limit = 1};
	struct store_list list = {0};
	int ret = store_list(edit->changes->tx, &query, &list, fault);

	if (!ret && list.n)
		ret = fault_refuse(fault, CODE_IN_USE, NULL, "the host %s (\"%s\") is in it",
				   list.items[0]->id, list.items[0]->name);
	store_list_release(&list);
	return ret;
}

/* Join tokens and the managed network are of no use without it. */
static int workspace_remove(struct edit *edit, struct resource *resource, struct fault *fault)
{
	const struct store_query tokens = {.kind = RESOURCE_TOKEN, .owner = resource->id};
	struct network *network = NULL;
	int ret;

	if ((ret = hosts_gone_check(edit, resource, fault)) ||
	    (ret = hook_delete_all(edit->changes, &tokens, fault)) ||
	    (ret = network_managed_find(edit->changes->tx, resource->id, &network, fault)))
		return ret;
	if (network)
		ret = network_remove(edit->changes, network, fault);
	resource_free(network ? &network->head : NULL);
	return ret;
}

const struct hooks workspace_hooks = {.created = workspace_created, .remove = workspace_remove};
