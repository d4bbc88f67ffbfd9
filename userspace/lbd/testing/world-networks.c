// SPDX-License-Identifier: GPL-2.0-only
/* Random operations on networks and on what is in them. Called by world-random.c, from its table. */
#include "testing/world-operations.h"

#include <stdio.h>
#include <string.h>

void world_network_make(struct world *world)
{
	struct world_item *org = world_pick(world, RESOURCE_ORG), *item;
	struct network *network;

	if (!org)
		return;
	item = world_create(world, RESOURCE_NETWORK, NULL);
	network = &item->is.network;
	network->context = NETWORK_ORGANIZATION;
	if (world_chance(world, 15)) {
		network->context = NETWORK_SYSTEM;
	} else {
		world_id_copy(network->head.org, org->is.head.id);
		world_id_copy(network->head.scope, org->is.head.id);
	}
	network->number = (int64_t)world->next_id;
	world_address_make(world, &network->cidr, false);
	network->cidr.len = 24;
	world_created(world, item);
}

void world_network_change(struct world *world)
{
	struct world_item *network = world_pick(world, RESOURCE_NETWORK);

	if (!network)
		return;
	world_touch(world, network);
	network->is.network.state = (int)world_random(world, 4);
	network->is.network.mtu = 1280 + (int64_t)world_random(world, 3);
	world_touched(world, network);
}

static bool bridge_has(const struct bridge *bridge, const char *id)
{
	return !strcmp(bridge->networks[0], id) || !strcmp(bridge->networks[1], id);
}

void world_network_delete(struct world *world)
{
	struct world_item *network = world_pick(world, RESOURCE_NETWORK);
	struct world_near *bridges = &world->pools[RESOURCE_BRIDGE];

	if (!network)
		return;
	for (size_t i = bridges->n; i-- > 0;) {
		if (bridge_has(&bridges->items[i]->is.bridge, network->is.head.id))
			world_delete(world, bridges->items[i]);
	}
	world_delete_of(world, RESOURCE_MEMBER, network->is.head.id);
	world_delete_of(world, RESOURCE_ALIAS, network->is.head.id);
	world_delete_of(world, RESOURCE_POLICY, network->is.head.id);
	world_delete(world, network);
}

void world_member_make(struct world *world)
{
	struct world_item *network = world_pick(world, RESOURCE_NETWORK);
	struct world_item *owner =
		world_pick(world, world_chance(world, 60) ? RESOURCE_HOST : RESOURCE_SANDBOX);
	struct world_item *item;
	struct member *member;

	if (!network || !owner)
		return;
	item = world_create(world, RESOURCE_MEMBER, owner->through ? owner->through : owner);
	member = &item->is.member;
	world_id_copy(member->head.org, network->is.head.org);
	world_id_copy(member->head.scope, network->is.head.id);
	world_id_copy(member->head.owner, owner->is.head.id);
	world_id_copy(member->host, item->through->is.head.id);
	member->member_kind = owner->through ? MEMBER_SANDBOX : MEMBER_HOST;
	if (world_chance(world, 95))
		world_address_make(world, &member->address, false);
	if (world_chance(world, 20))
		world_address_make(world, &member->address6, true);
	world_created(world, item);
}

void world_member_change(struct world *world)
{
	struct world_item *member = world_pick(world, RESOURCE_MEMBER);

	if (!member)
		return;
	world_touch(world, member);
	world_address_make(world, &member->is.member.address, false);
	world_touched(world, member);
}

void world_bridge_make(struct world *world)
{
	struct world_item *a = world_pick(world, RESOURCE_NETWORK);
	struct world_item *b = world_pick(world, RESOURCE_NETWORK), *bridge;

	if (!a || a == b || strcmp(a->is.head.org, b->is.head.org) != 0)
		return;
	bridge = world_create(world, RESOURCE_BRIDGE, NULL);
	world_id_copy(bridge->is.head.org, a->is.head.org);
	world_id_copy(bridge->is.head.scope, a->is.head.org);
	world_id_copy(bridge->is.bridge.networks[0], a->is.head.id);
	world_id_copy(bridge->is.bridge.networks[1], b->is.head.id);
	world_created(world, bridge);
}

static void alias_ports(struct world *world, struct alias *alias)
{
	world_list_make(world, &alias->ports, sizeof(struct port_number),
			1 + world_random(world, 3));
	for (size_t i = 0; i < alias->ports.n; i++)
		((struct port_number *)alias->ports.items)[i].port = 8080 + (int64_t)i;
}

void world_alias_make(struct world *world)
{
	struct world_item *sandbox = world_pick(world, RESOURCE_SANDBOX);
	struct world_item *network = world_pick(world, RESOURCE_NETWORK), *alias;

	if (!sandbox || !network)
		return;
	alias = world_create(world, RESOURCE_ALIAS, sandbox->through);
	world_id_copy(alias->is.head.org, network->is.head.org);
	world_id_copy(alias->is.head.scope, network->is.head.id);
	world_id_copy(alias->is.head.owner, sandbox->is.head.id);
	alias_ports(world, &alias->is.alias);
	world_created(world, alias);
}

/* Sometimes its name goes to another at once. */
void world_alias_change(struct world *world)
{
	struct world_item *alias = world_pick(world, RESOURCE_ALIAS);
	struct world_item *other = world_pick(world, RESOURCE_ALIAS);
	char name[RESOURCE_NAME_SIZE];

	if (!alias || alias == other)
		return;
	world_touch(world, alias);
	world_touch(world, other);
	alias_ports(world, &alias->is.alias);
	if (!strcmp(alias->is.head.scope, other->is.head.scope)) {
		memcpy(name, alias->is.head.name, sizeof(name));
		memcpy(alias->is.head.name, other->is.head.name, sizeof(name));
		memcpy(other->is.head.name, name, sizeof(name));
	}
	world_touched(world, alias);
	world_touched(world, other);
}

void world_policy_make(struct world *world)
{
	struct world_item *network = world_pick(world, RESOURCE_NETWORK), *policy;

	if (!network)
		return;
	policy = world_create(world, RESOURCE_POLICY, NULL);
	world_id_copy(policy->is.head.org, network->is.head.org);
	world_id_copy(policy->is.head.scope, network->is.head.id);
	snprintf(policy->is.policy.from, sizeof(policy->is.policy.from), "local");
	snprintf(policy->is.policy.to, sizeof(policy->is.policy.to), "api");
	policy->is.policy.port = (int64_t)world_random(world, 3) * 80;
	policy->is.policy.action = (int)world_random(world, 2);
	world_created(world, policy);
}
