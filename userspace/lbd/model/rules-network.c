// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariants of networks: who owns and may change them, who can be in them, and which of them can
 * be bridged. A system network is of the infra plane: cluster-scoped, without sandboxes and aliases
 * (G11, G12).
 */
#include "model/rules.h"
#include "model/address.h"

#include <string.h>

int rules_network(const struct network *network, const struct workspace *workspace, bool system,
		  struct fault *fault)
{
	bool is_system = network->context == NETWORK_SYSTEM;

	if (is_system && !system)
		return fault_refuse(fault, CODE_FORBIDDEN, FIELD(NULL, "context"),
				    "\"system\" needs the system's scope");
	if (is_system == !!*network->head.org)
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "context"),
				    "a network of the system belongs to no organisation, and every "
				    "other to one");
	if (network->context != NETWORK_WORKSPACE)
		return 0;
	if (!workspace)
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "workspace"),
				    "there is no such workspace");
	return rules_same_org(&network->head, &workspace->head, FIELD(NULL, "workspace"), fault);
}

static int not_deleting_check(const struct network *network, const struct field *at,
			      struct fault *fault)
{
	if (network->state != NETWORK_DELETING)
		return 0;
	return fault_refuse(fault, CODE_STATE, at, "the network is being deleted");
}

int rules_network_touch(const struct network *network, bool system, struct fault *fault)
{
	if (!system && (network->managed || network->context == NETWORK_SYSTEM))
		return fault_refuse(fault, CODE_MANAGED, NULL,
				    "the platform keeps this network; tenants cannot change it");
	return not_deleting_check(network, NULL, fault);
}

static int opted_in_check(const struct network *network, const struct host *host,
			  const struct field *at, struct fault *fault)
{
	if (network->mode != NETWORK_ROUTED_MESH || host->routed_mesh)
		return 0;
	return fault_refuse(fault, CODE_NOT_OPTED_IN, at, "host %s (%s) has not opted in",
			    host->head.name, host->head.id);
}

int rules_network_hosts(const struct network *network, const struct host *const *hosts, size_t n,
			struct fault *fault)
{
	int ret;

	for (size_t i = 0; i < n; i++) {
		if ((ret = opted_in_check(network, hosts[i], FIELD(NULL, "mode"), fault)))
			return ret;
	}
	return 0;
}

static int pair_apart_check(const struct network *network, const struct network *other,
			    const struct field *at, struct fault *fault)
{
	char text[ADDRESS_TEXT_SIZE], others[ADDRESS_TEXT_SIZE];
	const struct lbmesh_prefix *const pairs[][2] = {
		{&network->cidr, &other->cidr},
		{&network->cidr6, &other->cidr6},
	};

	for (size_t i = 0; i < 2; i++) {
		const struct lbmesh_prefix *a = pairs[i][0], *b = pairs[i][1];

		/* Without a family there is none yet, and nothing to overlap. */
		if (!a->family || !b->family || !prefix_overlaps(a, b))
			continue;
		return fault_refuse(fault, CODE_CIDR_OVERLAP,
				    at ? at : FIELD(NULL, i ? "cidr6" : "cidr"),
				    "%s overlaps %s of network %s (%s)", prefix_text(a, text),
				    prefix_text(b, others), other->head.name, other->head.id);
	}
	return 0;
}

int rules_cidr_apart(const struct network *network, const struct network *const *others, size_t n,
		     struct fault *fault)
{
	int ret;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(network->head.id, others[i]->head.id) != 0 &&
		    (ret = pair_apart_check(network, others[i], NULL, fault)))
			return ret;
	}
	return 0;
}

static int address_inside_check(const struct lbmesh_prefix *address,
				const struct lbmesh_prefix *cidr, const char *name,
				struct fault *fault)
{
	char text[ADDRESS_TEXT_SIZE], outer[ADDRESS_TEXT_SIZE];
	struct lbmesh_prefix first, last;

	if (!address->family)
		return 0;
	if (!cidr->family || !prefix_covers(cidr, address))
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, name),
				    "%s is outside of the network", address_text(address, text));
	first = prefix_first(cidr, address_bits(cidr));
	last = prefix_last(cidr);
	if (lbmesh_prefix_compare(address, &first) && lbmesh_prefix_compare(address, &last))
		return 0;
	return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, name),
			    "%s is the network or broadcast address of %s",
			    address_text(address, text), prefix_text(cidr, outer));
}

/* Whose hosts and sandboxes a network takes. */
static int membership_check(const struct member *member, const struct network *network,
			    const struct resource *owner, const struct field *at,
			    struct fault *fault)
{
	int ret;

	if (network->context == NETWORK_SYSTEM) {
		if (member->member_kind == MEMBER_HOST)
			return 0;
		return fault_refuse(fault, CODE_FIELD_VALUE, at,
				    "a network of the system takes hosts only");
	}
	if ((ret = rules_same_org(&network->head, owner, at, fault)))
		return ret;
	if (network->context == NETWORK_WORKSPACE && member->member_kind != MEMBER_USER &&
	    strcmp(network->head.owner, owner->scope) != 0)
		return fault_refuse(fault, CODE_FIELD_VALUE, at,
				    "the network takes hosts and sandboxes of its own workspace "
				    "only");
	return 0;
}

/* That owner and host are those that the member says. */
static int reach_check(const struct member *member, const struct resource *owner,
		       const struct host *host, const struct field *at, struct fault *fault)
{
	const char *reached = host->head.id;

	if (strcmp(member->head.owner, owner->id) != 0)
		return fault_refuse(fault, CODE_FIELD_VALUE, at, "there is no such owner");
	if (member->member_kind == MEMBER_HOST)
		reached = owner->id;
	else if (member->member_kind == MEMBER_SANDBOX)
		reached = owner->owner;
	if (strcmp(reached, host->head.id) != 0 || strcmp(member->host, host->head.id) != 0)
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "host"),
				    "is not the host that the owner is on");
	return 0;
}

int rules_member(const struct member *member, const struct network *network,
		 const struct resource *owner, const struct host *host, struct fault *fault)
{
	const struct field *at = FIELD(NULL, "owner");
	int ret;

	if ((ret = not_deleting_check(network, FIELD(NULL, "network"), fault)) ||
	    (ret = membership_check(member, network, owner, at, fault)) ||
	    (ret = reach_check(member, owner, host, at, fault)))
		return ret;
	if (host->state == HOST_DRAINING || host->state == HOST_REMOVED)
		return fault_refuse(fault, CODE_STATE, at, "the host is being removed");
	if ((ret = opted_in_check(network, host, at, fault)) ||
	    (ret = address_inside_check(&member->address, &network->cidr, "address", fault)))
		return ret;
	return address_inside_check(&member->address6, &network->cidr6, "address6", fault);
}

bool rules_member_expired(const struct member *member, int64_t now)
{
	return member->expires_at && member->expires_at <= now;
}

int rules_bridge(const struct bridge *bridge, const struct network *a, const struct network *b,
		 struct fault *fault)
{
	const struct network *const ends[] = {a, b};
	const struct field *at = FIELD(NULL, "networks");
	int ret;

	for (size_t i = 0; i < 2; i++) {
		if (strcmp(bridge->networks[i], ends[i]->head.id) != 0)
			return fault_refuse(fault, CODE_FIELD_VALUE, ITEM(at, i),
					    "there is no such network");
		if ((ret = rules_same_org(&bridge->head, &ends[i]->head, ITEM(at, i), fault)) ||
		    (ret = not_deleting_check(ends[i], ITEM(at, i), fault)))
			return ret;
	}
	return pair_apart_check(b, a, ITEM(at, 1), fault);
}
