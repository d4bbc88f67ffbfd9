// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each kind of resource says, as entries of logs (derive.h has the table): the kinds that
 * belong to organisations, workspaces and hosts, and firewalls. Those of networks are in
 * derive-network.c. Called by the controller for each change, and for all at once. No I/O.
 */
#include "topology/derive-json.h"
#include "topology/derive-kinds.h"

#include <errno.h>
#include <string.h>

static int derive_workspace(const struct resource *resource, const struct host *host,
			    struct entries *entries, struct fault *fault)
{
	struct value value = value_new();

	(void)host;
	value_text(&value, "org", resource->scope);
	value_text(&value, "name", resource->name);
	return entries_add(entries, resource->id, "workspace", "", &value, fault);
}

/* Whether it is online is not said: it would be a record for nobody's use with each change. */
static int derive_host(const struct resource *resource, const struct host *neighbour,
		       struct entries *entries, struct fault *fault)
{
	const struct host *host = (const struct host *)resource;
	struct value value;

	(void)neighbour;
	if (host->state == HOST_REMOVED)
		return 0;
	value = value_new();
	value_text(&value, "workspace", resource->scope);
	value_text(&value, "name", resource->name);
	value_text(&value, "state", host->state == HOST_DRAINING ? "draining" : "active");
	value_key(&value, "key", host->public_key);
	value_key(&value, "next_key", host->next_public_key);
	value_endpoint(&value, "endpoint", &host->endpoint);
	value_number(&value, "keepalive", host->keepalive);
	value_boolean(&value, "routed_mesh", host->routed_mesh);
	value_list(&value, "labels", &host->labels, sizeof(struct label), value_item_text);
	return entries_add(entries, resource->id, "host", "", &value, fault);
}

static int derive_sandbox(const struct resource *resource, const struct host *host,
			  struct entries *entries, struct fault *fault)
{
	static const char *const states[] = {"running", "stopped", "needs_reattach"};
	const struct sandbox *sandbox = (const struct sandbox *)resource;
	struct value value;

	if (!host || strcmp(resource->owner, host->head.id) != 0)
		return fault_set(fault, -EINVAL, NULL, "sandbox %s is not on the host given",
				 resource->id);
	if (host->state == HOST_REMOVED)
		return 0;
	value = value_new();
	value_text(&value, "name", resource->name);
	value_text(&value, "state", states[sandbox->state]);
	value_boolean(&value, "allow_internet", sandbox->allow_internet);
	value_boolean(&value, "public_access", sandbox->public_access);
	value_list(&value, "labels", &sandbox->labels, sizeof(struct label), value_item_text);
	value_list(&value, "egress", &sandbox->egress, sizeof(struct peer_text), value_item_text);
	value_list(&value, "ingress", &sandbox->ingress, sizeof(struct peer_text), value_item_text);
	value_list(&value, "ingress_ports", &sandbox->ingress_ports, sizeof(struct port_number),
		   value_item_port);
	value_list(&value, "private_link_ids", &sandbox->private_link_ids, sizeof(struct link_id),
		   value_item_text);
	return entries_add(entries, host->head.id, "sandbox/", resource->id, &value, fault);
}

static json_object *ports_item(const void *item)
{
	const struct port_range *range = item;
	json_object *pair = json_object_new_array_ext(2);
	json_object *first = json_object_new_int64(range->first);
	json_object *last = json_object_new_int64(range->last);

	if (pair && first && last && !json_object_array_add(pair, first)) {
		first = NULL;
		if (!json_object_array_add(pair, last))
			return pair;
	}
	json_object_put(first);
	json_object_put(last);
	json_object_put(pair);
	return NULL;
}

static json_object *rule_item(const void *item)
{
	static const char *const directions[] = {"ingress", "egress"};
	static const char *const actions[] = {"allow", "deny", "reject", "pass"};
	const struct firewall_rule *rule = item;
	struct value value = value_new();

	value_number(&value, "id", rule->id);
	value_text(&value, "direction", directions[rule->direction]);
	value_text(&value, "protocol", rule->protocol);
	value_text(&value, "source", rule->source);
	value_text(&value, "destination", rule->destination);
	value_list(&value, "source_ports", &rule->source_ports, sizeof(struct port_range),
		   ports_item);
	value_list(&value, "destination_ports", &rule->destination_ports, sizeof(struct port_range),
		   ports_item);
	if (rule->icmp_type >= 0)
		value_number(&value, "icmp_type", rule->icmp_type);
	if (rule->icmp_code >= 0)
		value_number(&value, "icmp_code", rule->icmp_code);
	value_text(&value, "action", actions[rule->action]);
	if (rule->log)
		value_boolean(&value, "log", true);
	if (!value.failed)
		return value.root;
	json_object_put(value.root);
	return NULL;
}

/* In this log, by this id, is a firewall with this priority. */
static int firewall_link(const char *log, const char *id, const char *firewall, int64_t priority,
			 struct entries *entries, struct fault *fault)
{
	struct value value = value_new();

	value_text(&value, "firewall", firewall);
	value_number(&value, "priority", priority);
	return entries_add(entries, log, "firewall/", id, &value, fault);
}

static int derive_firewall(const struct resource *resource, const struct host *host,
			   struct entries *entries, struct fault *fault)
{
	static const char *const levels[] = {"organization", "workspace", "host"};
	const struct firewall *firewall = (const struct firewall *)resource;
	struct value value = value_new();
	int ret;

	(void)host;
	value_text(&value, "name", resource->name);
	value_text(&value, "level", levels[firewall->level]);
	value_list(&value, "rules", &firewall->rules, sizeof(struct firewall_rule), rule_item);
	ret = entries_add(entries, resource->id, "firewall", "", &value, fault);
	/* At the host's level it is an attachment that says where. */
	if (ret || firewall->level == FIREWALL_HOST)
		return ret;
	return firewall_link(firewall->level == FIREWALL_WORKSPACE ? resource->owner
								   : resource->scope,
			     resource->id, resource->id, firewall->priority, entries, fault);
}

/* Its host is not asked for: where that is removed, nobody reads its log. */
static int derive_attachment(const struct resource *resource, const struct host *host,
			     struct entries *entries, struct fault *fault)
{
	(void)host;
	return firewall_link(resource->scope, resource->id, resource->owner,
			     ((const struct attachment *)resource)->priority, entries, fault);
}

int derive(const struct resource *resource, const struct host *host, struct entries *entries,
	   struct fault *fault)
{
	static const derive_fn kinds[RESOURCE_KINDS] = {
		[RESOURCE_WORKSPACE] = derive_workspace, [RESOURCE_HOST] = derive_host,
		[RESOURCE_SANDBOX] = derive_sandbox,	 [RESOURCE_NETWORK] = derive_network,
		[RESOURCE_MEMBER] = derive_member,	 [RESOURCE_BRIDGE] = derive_bridge,
		[RESOURCE_FIREWALL] = derive_firewall,	 [RESOURCE_ATTACHMENT] = derive_attachment,
		[RESOURCE_ALIAS] = derive_alias,	 [RESOURCE_POLICY] = derive_policy,
	};
	derive_fn kind = resource->kind < RESOURCE_KINDS ? kinds[resource->kind] : NULL;

	return kind ? kind(resource, host, entries, fault) : 0;
}
