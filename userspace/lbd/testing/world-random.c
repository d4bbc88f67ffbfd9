// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random operations on a world: what people and agents do with the controller, in every order. The
 * world stays small, so that the same things are made, changed and removed again and again. Called
 * by test-recompute.c.
 */
#include "testing/world-operations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const size_t limits[RESOURCE_KINDS] = {
	[RESOURCE_ORG] = 3,	 [RESOURCE_WORKSPACE] = 6, [RESOURCE_HOST] = 20,
	[RESOURCE_SANDBOX] = 30, [RESOURCE_NETWORK] = 12,  [RESOURCE_MEMBER] = 90,
	[RESOURCE_BRIDGE] = 16,	 [RESOURCE_FIREWALL] = 12, [RESOURCE_ATTACHMENT] = 30,
	[RESOURCE_ALIAS] = 40,	 [RESOURCE_POLICY] = 30,
};

void world_id_copy(char to[RESOURCE_ID_SIZE], const char from[RESOURCE_ID_SIZE])
{
	memcpy(to, from, RESOURCE_ID_SIZE);
}

void world_list_make(struct world *world, struct resource_list *list, size_t size, size_t n)
{
	free(list->items);
	list->items = n ? calloc(n, size) : NULL;
	list->n = n;
	WORLD_REQUIRE(world, !n || list->items, "memory");
}

void world_address_make(struct world *world, struct lbmesh_prefix *address, bool six)
{
	*address = (struct lbmesh_prefix){.family = six ? AF_INET6 : AF_INET};
	address->len = six ? 128 : 32;
	world_random_bytes(world, address->addr, six ? 16 : 4);
}

static void endpoint_make(struct world *world, struct resource_endpoint *endpoint)
{
	*endpoint = (struct resource_endpoint){0};
	if (world_chance(world, 20))
		return;
	world_address_make(world, &endpoint->address, world_chance(world, 30));
	endpoint->port = (uint16_t)(1 + world_random(world, 65535));
}

static void org_make(struct world *world)
{
	struct world_item *org = world_create(world, RESOURCE_ORG, NULL);

	world_id_copy(org->is.head.org, org->is.head.id);
	world_created(world, org);
}

static void workspace_make(struct world *world)
{
	struct world_item *org = world_pick(world, RESOURCE_ORG), *workspace;

	if (!org)
		return;
	workspace = world_create(world, RESOURCE_WORKSPACE, NULL);
	world_id_copy(workspace->is.head.org, org->is.head.id);
	world_id_copy(workspace->is.head.scope, org->is.head.id);
	world_created(world, workspace);
}

static void workspace_rename(struct world *world)
{
	struct world_item *workspace = world_pick(world, RESOURCE_WORKSPACE);

	if (!workspace)
		return;
	world_touch(world, workspace);
	snprintf(workspace->is.head.name, sizeof(workspace->is.head.name), "ws-%llu",
		 (unsigned long long)world_random(world, 1000));
	world_touched(world, workspace);
}

static void host_make(struct world *world)
{
	struct world_item *workspace = world_pick(world, RESOURCE_WORKSPACE), *item;

	if (!workspace)
		return;
	item = world_create(world, RESOURCE_HOST, NULL);
	world_id_copy(item->is.head.org, workspace->is.head.org);
	world_id_copy(item->is.head.scope, workspace->is.head.id);
	world_random_bytes(world, item->is.host.public_key, 32);
	if (world_chance(world, 60)) {
		world_random_bytes(world, item->is.host.infra_public_key, 32);
		endpoint_make(world, &item->is.host.infra_endpoint);
	}
	endpoint_make(world, &item->is.host.endpoint);
	item->is.host.keepalive = 25;
	world_created(world, item);
}

/* What people and agents change of a host; the state goes to every value, and back from removed. */
static void host_edit(struct world *world, struct host *host)
{
	switch (world_random(world, 7)) {
	case 0:
		host->state = (int)world_random(world, HOST_REMOVED + 1);
		break;
	case 1:
		endpoint_make(world, &host->endpoint);
		break;
	case 2:
		world_random_bytes(world, host->next_public_key, 32);
		break;
	case 3: /* the rotation ends, or the key goes when there was none */
		memcpy(host->public_key, host->next_public_key, 32);
		memset(host->next_public_key, 0, 32);
		break;
	case 4:
		world_random_bytes(world, host->infra_public_key, 32);
		break;
	case 5:
		host->last_seen++;
		host->generation_applied++;
		break;
	default:
		world_list_make(world, &host->labels, sizeof(struct label), world_random(world, 3));
		for (size_t i = 0; i < host->labels.n; i++)
			snprintf(((struct label *)host->labels.items)[i].name, RESOURCE_NAME_SIZE,
				 "label-%zu", i);
	}
}

static void host_change(struct world *world)
{
	struct world_item *host = world_pick(world, RESOURCE_HOST);

	if (!host)
		return;
	world_touch(world, host);
	host_edit(world, &host->is.host);
	world_touched(world, host);
}

/* Those of a kind whose scope, or owner, is this. */
void world_delete_of(struct world *world, enum resource_kind kind, const char *id)
{
	struct world_near *pool = &world->pools[kind];

	for (size_t i = pool->n; i-- > 0;) {
		struct resource *head = &pool->items[i]->is.head;

		if (!strcmp(head->scope, id) || !strcmp(head->owner, id))
			world_delete(world, pool->items[i]);
	}
}

static void sandbox_delete(struct world *world, struct world_item *sandbox)
{
	world_delete_of(world, RESOURCE_ALIAS, sandbox->is.head.id);
	world_delete_of(world, RESOURCE_MEMBER, sandbox->is.head.id);
	world_delete(world, sandbox);
}

static void host_delete(struct world *world)
{
	struct world_item *host = world_pick(world, RESOURCE_HOST);
	struct world_near *sandboxes = &world->pools[RESOURCE_SANDBOX];

	if (!host)
		return;
	for (size_t i = sandboxes->n; i-- > 0;) {
		if (sandboxes->items[i]->through == host)
			sandbox_delete(world, sandboxes->items[i]);
	}
	world_delete_of(world, RESOURCE_MEMBER, host->is.head.id);
	world_delete_of(world, RESOURCE_ATTACHMENT, host->is.head.id);
	world_delete(world, host);
}

static void sandbox_edit(struct world *world, struct sandbox *sandbox)
{
	sandbox->state = (int)world_random(world, 3);
	sandbox->allow_internet = world_chance(world, 50);
	world_list_make(world, &sandbox->egress, sizeof(struct peer_text), world_random(world, 4));
	for (size_t i = 0; i < sandbox->egress.n; i++)
		snprintf(((struct peer_text *)sandbox->egress.items)[i].text, 256,
			 "host-%llu.example", (unsigned long long)world_random(world, 9));
	world_list_make(world, &sandbox->ingress_ports, sizeof(struct port_number),
			world_random(world, 4));
	for (size_t i = 0; i < sandbox->ingress_ports.n; i++)
		((struct port_number *)sandbox->ingress_ports.items)[i].port =
			1 + (int64_t)world_random(world, 65535);
}

static void sandbox_make(struct world *world)
{
	struct world_item *host = world_pick(world, RESOURCE_HOST), *sandbox;

	if (!host)
		return;
	sandbox = world_create(world, RESOURCE_SANDBOX, host);
	world_id_copy(sandbox->is.head.org, host->is.head.org);
	world_id_copy(sandbox->is.head.scope, host->is.head.scope);
	world_id_copy(sandbox->is.head.owner, host->is.head.id);
	sandbox_edit(world, &sandbox->is.sandbox);
	world_created(world, sandbox);
}

static void sandbox_change(struct world *world)
{
	struct world_item *sandbox = world_pick(world, RESOURCE_SANDBOX);

	if (!sandbox)
		return;
	world_touch(world, sandbox);
	sandbox_edit(world, &sandbox->is.sandbox);
	world_touched(world, sandbox);
}

static void sandbox_end(struct world *world)
{
	struct world_item *sandbox = world_pick(world, RESOURCE_SANDBOX);

	if (sandbox)
		sandbox_delete(world, sandbox);
}

static void rules_make(struct world *world, struct firewall *firewall)
{
	struct firewall_rule *rules = firewall->rules.items;

	for (size_t i = 0; i < firewall->rules.n; i++)
		free(rules[i].destination_ports.items);
	world_list_make(world, &firewall->rules, sizeof(*rules), world_random(world, 4));
	rules = firewall->rules.items;
	for (size_t i = 0; i < firewall->rules.n; i++) {
		struct firewall_rule *rule = &rules[i];

		rule->id = (int64_t)i + 1;
		snprintf(rule->protocol, sizeof(rule->protocol), "tcp");
		snprintf(rule->source, sizeof(rule->source), "same-network");
		snprintf(rule->destination, sizeof(rule->destination), "any");
		rule->icmp_type = rule->icmp_code = -1;
		rule->action = (int)world_random(world, 4);
		world_list_make(world, &rule->destination_ports, sizeof(struct port_range),
				world_random(world, 3));
	}
}

static void firewall_make(struct world *world)
{
	struct world_item *workspace = world_pick(world, RESOURCE_WORKSPACE), *firewall;

	if (!workspace)
		return;
	firewall = world_create(world, RESOURCE_FIREWALL, NULL);
	world_id_copy(firewall->is.head.org, workspace->is.head.org);
	world_id_copy(firewall->is.head.scope, workspace->is.head.org);
	firewall->is.firewall.level = (int)world_random(world, 3);
	if (firewall->is.firewall.level == FIREWALL_WORKSPACE)
		world_id_copy(firewall->is.head.owner, workspace->is.head.id);
	rules_make(world, &firewall->is.firewall);
	world_created(world, firewall);
}

static void firewall_change(struct world *world)
{
	struct world_item *firewall = world_pick(world, RESOURCE_FIREWALL);

	if (!firewall)
		return;
	world_touch(world, firewall);
	firewall->is.firewall.priority = (int64_t)world_random(world, 3);
	rules_make(world, &firewall->is.firewall);
	world_touched(world, firewall);
}

static void firewall_delete(struct world *world)
{
	struct world_item *firewall = world_pick(world, RESOURCE_FIREWALL);

	if (!firewall)
		return;
	world_delete_of(world, RESOURCE_ATTACHMENT, firewall->is.head.id);
	world_delete(world, firewall);
}

static void attachment_make(struct world *world)
{
	struct world_item *firewall = world_pick(world, RESOURCE_FIREWALL);
	struct world_item *host = world_pick(world, RESOURCE_HOST), *attachment;

	if (!firewall || !host || firewall->is.firewall.level != FIREWALL_HOST)
		return;
	attachment = world_create(world, RESOURCE_ATTACHMENT, NULL);
	world_id_copy(attachment->is.head.org, host->is.head.org);
	world_id_copy(attachment->is.head.scope, host->is.head.id);
	world_id_copy(attachment->is.head.owner, firewall->is.head.id);
	attachment->is.attachment.priority = (int64_t)world_random(world, 9);
	world_created(world, attachment);
}

static void leaf_delete(struct world *world, enum resource_kind kind)
{
	struct world_item *item = world_pick(world, kind);

	if (item)
		world_delete(world, item);
}

static const struct {
	enum resource_kind kind;
	unsigned int weight;
	void (*make)(struct world *world);
	void (*change)(struct world *world);
	void (*end)(struct world *world); /* NULL with weight_end: leaf_delete() */
	unsigned int change_weight;
	unsigned int end_weight;
} operations[] = {
	{RESOURCE_ORG, 1, org_make, NULL, NULL, 0, 0},
	{RESOURCE_WORKSPACE, 1, workspace_make, workspace_rename, NULL, 1, 0},
	{RESOURCE_HOST, 3, host_make, host_change, host_delete, 12, 1},
	{RESOURCE_SANDBOX, 4, sandbox_make, sandbox_change, sandbox_end, 5, 2},
	{RESOURCE_NETWORK, 3, world_network_make, world_network_change, world_network_delete, 3, 1},
	{RESOURCE_MEMBER, 20, world_member_make, world_member_change, NULL, 4, 9},
	{RESOURCE_BRIDGE, 6, world_bridge_make, NULL, NULL, 0, 3},
	{RESOURCE_FIREWALL, 2, firewall_make, firewall_change, firewall_delete, 2, 1},
	{RESOURCE_ATTACHMENT, 3, attachment_make, NULL, NULL, 0, 2},
	{RESOURCE_ALIAS, 6, world_alias_make, world_alias_change, NULL, 3, 3},
	{RESOURCE_POLICY, 3, world_policy_make, NULL, NULL, 0, 2},
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static unsigned int weights_sum(void)
{
	unsigned int sum = 0;

	for (size_t i = 0; i < OPERATIONS; i++)
		sum += operations[i].weight + operations[i].change_weight +
		       operations[i].end_weight;
	return sum;
}

/* What is drawn; false when it is for the next row. */
static bool row_operate(struct world *world, size_t i, uint64_t *drawn)
{
	enum resource_kind kind = operations[i].kind;

	if (*drawn < operations[i].weight) {
		if (world->pools[kind].n < limits[kind])
			operations[i].make(world);
		return true;
	}
	*drawn -= operations[i].weight;
	if (*drawn < operations[i].change_weight) {
		operations[i].change(world);
		return true;
	}
	*drawn -= operations[i].change_weight;
	if (*drawn >= operations[i].end_weight) {
		*drawn -= operations[i].end_weight;
		return false;
	}
	if (operations[i].end)
		operations[i].end(world);
	else
		leaf_delete(world, kind);
	return true;
}

/* Draws again until something was derived, so that every operation counted is one. */
void world_operate(struct world *world)
{
	size_t before = world->before.n, after = world->after.n;

	while (world->before.n == before && world->after.n == after) {
		uint64_t drawn = world_random(world, weights_sum());

		for (size_t i = 0; i < OPERATIONS && !row_operate(world, i, &drawn);)
			i++;
	}
	world->counts.operations++;
}
