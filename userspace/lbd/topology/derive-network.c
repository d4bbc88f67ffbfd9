// SPDX-License-Identifier: GPL-2.0-only
/*
 * What networks and what is in them say, as entries of logs (derive.h has the table): networks,
 * members, bridges, aliases, policies. Called by derive() alone. No I/O.
 *
 * The planes are told apart here and nowhere else: a member of the system's, that is one with no
 * org, is listed with its host's infra key and endpoint, and every other with the tenant's.
 */
#include "topology/derive-json.h"
#include "topology/derive-kinds.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int derive_network(const struct resource *resource, const struct host *host,
		   struct entries *entries, struct fault *fault)
{
	static const char *const modes[] = {"agent_proxy", "routed_mesh"};
	const struct network *network = (const struct network *)resource;
	const struct lbmesh_prefix *cidrs[] = {&network->cidr, &network->cidr6};
	bool infra = network->context == NETWORK_SYSTEM;
	struct value value;

	(void)host;
	if (infra != !*resource->org)
		return fault_set(fault, -EINVAL, NULL,
				 "network %s is %sthe system's by its context, but not by its org",
				 resource->id, infra ? "" : "not ");
	if (network->state == NETWORK_DELETING)
		return 0;
	value = value_new();
	value_number(&value, "number", network->number);
	value_text(&value, "name", resource->name);
	value_text(&value, "plane", infra ? "infra" : "tenant");
	value_text(&value, "mode", modes[network->mode]);
	value_prefixes(&value, "cidrs", cidrs, COUNT(cidrs), true);
	if (network->mtu)
		value_number(&value, "mtu", network->mtu);
	return entries_add(entries, resource->id, "network", "", &value, fault);
}

/* How peers reach the host in the plane of this member. */
struct plane {
	const uint8_t *key;
	const uint8_t *next_key; /* or NULL */
	const struct resource_endpoint *endpoint;
};

static struct plane plane_of(const struct resource *member, const struct host *host)
{
	if (!*member->org)
		return (struct plane){host->infra_public_key, NULL, &host->infra_endpoint};
	return (struct plane){host->public_key, host->next_public_key, &host->endpoint};
}

static int member_list(const struct member *member, const struct plane *plane,
		       struct entries *entries, struct fault *fault)
{
	static const char *const kinds[] = {"host", "sandbox", "user"};
	const struct lbmesh_prefix *addresses[] = {&member->address, &member->address6};
	struct value value = value_new();

	value_text(&value, "kind", kinds[member->member_kind]);
	value_text(&value, "host", member->host);
	if (member->member_kind == MEMBER_SANDBOX)
		value_text(&value, "sandbox", member->head.owner);
	value_key(&value, "key", plane->key);
	if (plane->next_key)
		value_key(&value, "next_key", plane->next_key);
	value_endpoint(&value, "endpoint", plane->endpoint);
	value_prefixes(&value, "addresses", addresses, COUNT(addresses), false);
	if (member->expires_at)
		value_number(&value, "expires", member->expires_at);
	return entries_add(entries, member->head.scope, "member/", member->head.id, &value, fault);
}

int derive_member(const struct resource *resource, const struct host *host, struct entries *entries,
		  struct fault *fault)
{
	const struct member *member = (const struct member *)resource;
	struct plane plane;
	struct value value;
	int ret;

	if (!host || strcmp(member->host, host->head.id) != 0)
		return fault_set(fault, -EINVAL, NULL,
				 "member %s is not reached through the host given", resource->id);
	if (host->state == HOST_REMOVED)
		return 0;
	value = value_new();
	value_text(&value, "network", resource->scope);
	ret = entries_add(entries, member->host, "membership/", resource->id, &value, fault);
	plane = plane_of(resource, host);
	if (ret || sodium_is_zero(plane.key, LBMESH_KEY_LEN) ||
	    (!member->address.family && !member->address6.family))
		return ret;
	return member_list(member, &plane, entries, fault);
}

int derive_bridge(const struct resource *resource, const struct host *host, struct entries *entries,
		  struct fault *fault)
{
	const struct bridge *bridge = (const struct bridge *)resource;
	int ret = 0;

	(void)host;
	for (size_t i = 0; i < 2 && !ret; i++) {
		struct value value = value_new();

		value_text(&value, "network", bridge->networks[1 - i]);
		ret = entries_add(entries, bridge->networks[i], "bridge/", resource->id, &value,
				  fault);
	}
	return ret;
}

int derive_alias(const struct resource *resource, const struct host *host, struct entries *entries,
		 struct fault *fault)
{
	const struct alias *alias = (const struct alias *)resource;
	struct value value;

	if (!host)
		return fault_set(fault, -EINVAL, NULL, "alias %s came without its sandbox's host",
				 resource->id);
	if (host->state == HOST_REMOVED)
		return 0;
	value = value_new();
	value_text(&value, "sandbox", resource->owner);
	value_text(&value, "host", host->head.id);
	value_list(&value, "ports", &alias->ports, sizeof(struct port_number), value_item_port);
	return entries_add(entries, resource->scope, "alias/", resource->name, &value, fault);
}

int derive_policy(const struct resource *resource, const struct host *host, struct entries *entries,
		  struct fault *fault)
{
	const struct policy *policy = (const struct policy *)resource;
	struct value value = value_new();

	(void)host;
	value_text(&value, "from", policy->from);
	value_text(&value, "to", policy->to);
	if (policy->port)
		value_number(&value, "port", policy->port);
	value_text(&value, "action", policy->action == POLICY_DENY ? "deny" : "allow");
	return entries_add(entries, resource->scope, "policy/", resource->id, &value, fault);
}
