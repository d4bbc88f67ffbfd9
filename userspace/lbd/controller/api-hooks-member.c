// SPDX-License-Identifier: GPL-2.0-only
/* What is in a network: members with their addresses, aliases, policies. */
#include "controller/api-hooks.h"

#include "model/rules.h"

#include <errno.h>
#include <string.h>

/* --- members ------------------------------------------------------------------------------------ */

/* The one of this owner, or NULL. */
static int member_find(struct store_tx *tx, const char *network, const char *owner,
		       struct resource **member, struct fault *fault)
{
	struct fault why = {0};
	int ret = store_find(tx, RESOURCE_MEMBER, network, owner, member, &why);

	if (!ret)
		return 0;
	*member = NULL;
	if (why.code == CODE_NOT_FOUND)
		return 0;
	*fault = why;
	return ret;
}

static int addresses_take(struct changes *changes, const struct network *network,
			  struct member *member, struct fault *fault)
{
	int ret = store_address_take(changes->tx, network->head.id, &network->cidr,
				     member->head.owner, changes->now, MEMBER_QUARANTINE_MS,
				     &member->address, fault);

	if (ret || !network->cidr6.family)
		return ret;
	return store_address_take(changes->tx, network->head.id, &network->cidr6,
				  member->head.owner, changes->now, MEMBER_QUARANTINE_MS,
				  &member->address6, fault);
}

/* All but inserting it. Its head has the owner. */
static int member_fill(struct changes *changes, const struct network *network,
		       const struct resource *owner, const struct host *host, struct member *member,
		       struct fault *fault)
{
	struct resource *taken = NULL;
	int ret;

	memcpy(member->head.org, network->head.org, sizeof(member->head.org));
	memcpy(member->head.scope, network->head.id, sizeof(member->head.scope));
	memcpy(member->host, host->head.id, sizeof(member->host));
	if ((ret = rules_member(member, network, owner, host, fault)) ||
	    (ret = member_find(changes->tx, network->head.id, owner->id, &taken, fault)))
		return ret;
	if (taken) {
		ret = fault_refuse(fault, CODE_NAME_TAKEN, FIELD(NULL, "owner"),
				   "is a member already: %s", taken->id);
		resource_free(taken);
		return ret;
	}
	return addresses_take(changes, network, member, fault);
}

int member_make(struct changes *changes, const struct network *network,
		const struct resource *owner, const struct host *host, int64_t expires_at,
		struct member **member, struct fault *fault)
{
	struct member *made = (struct member *)resource_new(RESOURCE_MEMBER);
	int ret;

	if (!made)
		return fault_memory(fault);
	memcpy(made->head.owner, owner->id, sizeof(made->head.owner));
	made->expires_at = expires_at;
	made->member_kind = owner->kind == RESOURCE_HOST      ? MEMBER_HOST
			    : owner->kind == RESOURCE_SANDBOX ? MEMBER_SANDBOX
							      : MEMBER_USER;
	ret = member_fill(changes, network, owner, host, made, fault);
	if (!ret)
		ret = changes_insert(changes, &made->head, fault);
	if (ret || !member) {
		resource_free(&made->head);
		return ret;
	}
	*member = made;
	return 0;
}

int member_remove(struct changes *changes, struct member *member, struct fault *fault)
{
	const struct lbmesh_prefix *addresses[] = {&member->address, &member->address6};
	int ret = changes_delete(changes, &member->head, fault);

	for (size_t i = 0; i < 2 && !ret; i++) {
		if (addresses[i]->family)
			ret = store_address_release(changes->tx, member->head.scope, addresses[i],
						    changes->now, fault);
	}
	return ret;
}

/* The owner that a client has named, and the host that it is on; NULL when there is none. */
static int member_owner_get(struct store_tx *tx, const char *id, struct resource **owner,
			    struct resource **host, struct fault *fault)
{
	bool is_host = resource_id_valid(RESOURCE_HOST, id);
	int ret = hook_get(tx, is_host ? RESOURCE_HOST : RESOURCE_SANDBOX, id, owner, fault);

	*host = NULL;
	if (ret || !*owner)
		return ret;
	return hook_get(tx, RESOURCE_HOST, is_host ? id : (*owner)->owner, host, fault);
}

static int member_create(struct edit *edit, struct resource *resource, struct fault *fault)
{
	struct resource *owner = NULL, *host = NULL;
	int ret;

	if ((ret = member_owner_get(edit->changes->tx, resource->owner, &owner, &host, fault)))
		goto out;
	if (!owner || !host)
		ret = fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "owner"),
				   "there is no such owner");
	else
		ret = member_fill(edit->changes, (const struct network *)edit->parent, owner,
				  (const struct host *)host, (struct member *)resource, fault);
out:
	resource_free(owner);
	resource_free(host);
	return ret;
}

/* A sandbox's aliases are reached by its membership. */
static int aliases_gone_check(struct edit *edit, const struct resource *member, struct fault *fault)
{
	const struct store_query query = {
		.kind = RESOURCE_ALIAS, .scope = member->scope, .owner = member->owner, .limit = 1};
	struct store_list list = {0};
	int ret = store_list(edit->changes->tx, &query, &list, fault);

	if (!ret && list.n)
		ret = fault_refuse(fault, CODE_IN_USE, NULL, "the alias %s (\"%s\") leads to it",
				   list.items[0]->id, list.items[0]->name);
	store_list_release(&list);
	return ret;
}

static int member_removed(struct edit *edit, struct resource *resource, struct fault *fault)
{
	struct member *member = (struct member *)resource;
	bool system = edit->changes->identity->system;
	int ret;

	/* All hosts of a workspace are in its managed network; sandboxes come and go. */
	if (member->member_kind == MEMBER_HOST &&
	    (ret = rules_network_touch((const struct network *)edit->parent, system, fault)))
		return ret;
	if ((ret = aliases_gone_check(edit, resource, fault)) ||
	    (ret = member_remove(edit->changes, member, fault)))
		return ret;
	return 1;
}

const struct hooks member_hooks = {.create = member_create, .remove = member_removed};

/* --- aliases ------------------------------------------------------------------------------------ */

static int alias_create(struct edit *edit, struct resource *resource, struct fault *fault)
{
	struct store_tx *tx = edit->changes->tx;
	struct resource *sandbox = NULL, *member = NULL;
	int ret;

	if ((ret = hook_get(tx, RESOURCE_SANDBOX, resource->owner, &sandbox, fault)))
		return ret;
	if (!sandbox)
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "sandbox"),
				    "there is no such sandbox");
	ret = member_find(tx, edit->parent->id, sandbox->id, &member, fault);
	/* Whether the name is taken is the store's to say. */
	if (!ret)
		ret = rules_alias((const struct alias *)resource,
				  (const struct network *)edit->parent,
				  (const struct sandbox *)sandbox, NULL,
				  (const struct member *)member, fault);
	resource_free(sandbox);
	resource_free(member);
	return ret;
}

/* Each policy for this alias must hold with it as it is to be; NULL: it goes. */
static int policies_check(struct edit *edit, const struct resource *before,
			  const struct alias *after, struct fault *fault)
{
	const struct store_query query = {.kind = RESOURCE_POLICY, .scope = before->scope};
	struct store_list list = {0};
	int ret = store_list(edit->changes->tx, &query, &list, fault);

	for (size_t i = 0; i < list.n && !ret; i++) {
		const struct policy *policy = (const struct policy *)list.items[i];

		if (strcmp(policy->to, before->name) != 0)
			continue;
		if (!after ||
		    rules_policy(policy, (const struct network *)edit->parent, after, NULL))
			ret = fault_refuse(fault, CODE_IN_USE, NULL, "the policy %s is for %s",
					   policy->head.id,
					   after ? "a port that would be gone" : "this alias");
	}
	store_list_release(&list);
	return ret;
}

static int alias_change(struct edit *edit, const struct resource *before, struct resource *after,
			struct fault *fault)
{
	return policies_check(edit, before, (const struct alias *)after, fault);
}

static int alias_removed(struct edit *edit, struct resource *resource, struct fault *fault)
{
	return policies_check(edit, resource, NULL, fault);
}

const struct hooks alias_hooks = {
	.create = alias_create,
	.change = alias_change,
	.remove = alias_removed,
};

/* --- policies ----------------------------------------------------------------------------------- */

static int policy_create(struct edit *edit, struct resource *resource, struct fault *fault)
{
	const struct policy *policy = (const struct policy *)resource;
	struct resource *alias = NULL;
	struct fault why = {0};
	int ret = store_find(edit->changes->tx, RESOURCE_ALIAS, edit->parent->id, policy->to,
			     &alias, &why);

	if (ret && why.code != CODE_NOT_FOUND) {
		*fault = why;
		return ret;
	}
	ret = rules_policy(policy, (const struct network *)edit->parent,
			   ret ? NULL : (const struct alias *)alias, fault);
	resource_free(alias);
	return ret;
}

const struct hooks policy_hooks = {.create = policy_create};
