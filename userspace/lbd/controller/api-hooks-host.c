// SPDX-License-Identifier: GPL-2.0-only
/* Hosts, sandboxes, and the firewalls that are attached to hosts. */
#include "controller/api-hooks.h"

#include "model/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- hosts -------------------------------------------------------------------------------------- */

/* Refuses when a network of this owner needs the host to have opted in. */
static int networks_check(struct edit *edit, const char *owner, const struct host *before,
			  const struct host *after, struct fault *fault)
{
	const struct store_query query = {.kind = RESOURCE_MEMBER, .owner = owner};
	struct store_list members = {0};
	int ret = store_list(edit->changes->tx, &query, &members, fault);

	for (size_t i = 0; i < members.n && !ret; i++) {
		struct resource *network = NULL;
		const struct network *networks[1];

		if ((ret = store_get(edit->changes->tx, RESOURCE_NETWORK, members.items[i]->scope,
				     &network, fault)))
			break;
		networks[0] = (const struct network *)network;
		ret = rules_host_change(before, after, networks, 1, fault);
		resource_free(network);
	}
	store_list_release(&members);
	return ret;
}

static int host_change(struct edit *edit, const struct resource *before, struct resource *after,
		       struct fault *fault)
{
	const struct host *old = (const struct host *)before, *new = (const struct host *)after;
	const struct store_query query = {.kind = RESOURCE_SANDBOX, .owner = before->id};
	struct store_list sandboxes = {0};
	int ret;

	if (!old->routed_mesh || new->routed_mesh)
		return 0;
	if ((ret = networks_check(edit, before->id, old, new, fault)) ||
	    (ret = store_list(edit->changes->tx, &query, &sandboxes, fault)))
		return ret;
	for (size_t i = 0; i < sandboxes.n && !ret; i++)
		ret = networks_check(edit, sandboxes.items[i]->id, old, new, fault);
	store_list_release(&sandboxes);
	return ret;
}

/* Its memberships and attachments are nothing without it; sandboxes are in the way. */
static int host_removed(struct edit *edit, struct resource *resource, struct fault *fault)
{
	const struct store_query members = {.kind = RESOURCE_MEMBER, .owner = resource->id};
	const struct store_query attachments = {.kind = RESOURCE_ATTACHMENT, .scope = resource->id};
	int ret = hook_delete_all(edit->changes, &members, fault);

	return ret ? ret : hook_delete_all(edit->changes, &attachments, fault);
}

const struct hooks host_hooks = {.change = host_change, .remove = host_removed};

/* --- sandboxes ---------------------------------------------------------------------------------- */

static bool has_link(const struct sandbox *sandbox, const char *id)
{
	const struct link_id *links = sandbox->private_link_ids.items;

	for (size_t i = 0; i < sandbox->private_link_ids.n; i++) {
		if (!strcmp(links[i].id, id))
			return true;
	}
	return false;
}

/* Those that are new: one that was there may be gone by now, which does no harm. */
static int links_check(struct edit *edit, const struct sandbox *before,
		       const struct sandbox *sandbox, struct fault *fault)
{
	const struct link_id *links = sandbox->private_link_ids.items;
	int ret = 0;

	for (size_t i = 0; i < sandbox->private_link_ids.n && !ret; i++) {
		struct resource *source = NULL;

		if (before && has_link(before, links[i].id))
			continue;
		ret = hook_get(edit->changes->tx, RESOURCE_SANDBOX, links[i].id, &source, fault);
		if (!ret)
			ret = rules_sandbox_link(sandbox, i, (const struct sandbox *)source, fault);
		resource_free(source);
	}
	return ret;
}

static int sandbox_create(struct edit *edit, struct resource *resource, struct fault *fault)
{
	struct sandbox *sandbox = (struct sandbox *)resource;
	struct resource *host = NULL;
	int ret = hook_get(edit->changes->tx, RESOURCE_HOST, resource->owner, &host, fault);

	if (ret)
		return ret;
	if (!host)
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "host"),
				    "there is no such host");
	memcpy(resource->scope, host->scope, sizeof(resource->scope));
	ret = rules_sandbox(sandbox, (const struct host *)host, fault);
	resource_free(host);
	return ret ? ret : links_check(edit, NULL, sandbox, fault);
}

static int sandbox_change(struct edit *edit, const struct resource *before, struct resource *after,
			  struct fault *fault)
{
	return links_check(edit, (const struct sandbox *)before, (const struct sandbox *)after,
			   fault);
}

const struct hooks sandbox_hooks = {.create = sandbox_create, .change = sandbox_change};

/* --- firewalls ---------------------------------------------------------------------------------- */

static int firewall_create(struct edit *edit, struct resource *resource, struct fault *fault)
{
	struct resource *workspace = NULL;
	int ret =
		hook_get(edit->changes->tx, RESOURCE_WORKSPACE, resource->owner, &workspace, fault);

	if (!ret)
		ret = rules_firewall((const struct firewall *)resource,
				     (const struct workspace *)workspace, fault);
	resource_free(workspace);
	return ret;
}

const struct hooks firewall_hooks = {.create = firewall_create};

static int attachment_create(struct edit *edit, struct resource *resource, struct fault *fault)
{
	struct resource *firewall = NULL;
	int ret = hook_get(edit->changes->tx, RESOURCE_FIREWALL, resource->owner, &firewall, fault);

	if (ret)
		return ret;
	if (firewall)
		ret = rules_attachment((const struct attachment *)resource,
				       (const struct host *)edit->parent,
				       (const struct firewall *)firewall, fault);
	else
		ret = fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "firewall"),
				   "there is no such firewall");
	resource_free(firewall);
	return ret;
}

const struct hooks attachment_hooks = {.create = attachment_create};
