// SPDX-License-Identifier: GPL-2.0-only
/* Sandboxes: workloads on a host, each with a firewall of its own (O1 to O17). */
#include "model/table.h"

#include <stdlib.h>
#include <string.h>

static const char *const states[] = {"running", "stopped", "needs_reattach"};

static const struct property peer_element[] = {
	{.type = PROPERTY_TEXT, PLACE(struct peer_text, text), .min = 1},
};

static const struct property link_element[] = {
	{.type = PROPERTY_ID,
	 .flags = PROPERTY_REQUIRED,
	 PLACE(struct link_id, id),
	 .refers = RESOURCE_SANDBOX},
};

static const struct property properties[] = {
	{.name = "labels",
	 .flags = PROPERTY_MUTABLE | PROPERTY_UNIQUE,
	 LIST(struct sandbox, labels, struct label, label_element),
	 .max = LABELS_MAX,
	 .help = "What policies can select it by."},
	{.name = "state",
	 .flags = PROPERTY_READ_ONLY,
	 WORDS(states),
	 PLACE(struct sandbox, state),
	 .help = "needs_reattach: its interface is not the one that the agent knows."},
	{.name = "allow_internet",
	 .type = PROPERTY_BOOLEAN,
	 .flags = PROPERTY_MUTABLE,
	 PLACE(struct sandbox, allow_internet),
	 .initial = true,
	 .help = "Whether it may go out at all; false clears egress."},
	{.name = "public_access",
	 .type = PROPERTY_BOOLEAN,
	 .flags = PROPERTY_MUTABLE,
	 PLACE(struct sandbox, public_access),
	 .help = "Whether ingress may say \"internet\"."},
	{.name = "egress",
	 .flags = PROPERTY_MUTABLE | PROPERTY_UNIQUE,
	 LIST(struct sandbox, egress, struct peer_text, peer_element),
	 .max = SANDBOX_LIST_MAX,
	 .help = "Host names and CIDRs that it may reach; empty: all."},
	{.name = "ingress",
	 .flags = PROPERTY_MUTABLE | PROPERTY_UNIQUE,
	 LIST(struct sandbox, ingress, struct peer_text, peer_element),
	 .max = SANDBOX_LIST_MAX,
	 .help = "CIDRs that may reach it, or \"internet\"; empty: none."},
	{.name = "ingress_ports",
	 .flags = PROPERTY_MUTABLE | PROPERTY_UNIQUE,
	 LIST(struct sandbox, ingress_ports, struct port_number, port_element),
	 .max = SANDBOX_LIST_MAX,
	 .help = "Ports that ingress opens."},
	{.name = "private_link_ids",
	 .flags = PROPERTY_MUTABLE | PROPERTY_UNIQUE,
	 LIST(struct sandbox, private_link_ids, struct link_id, link_element),
	 .max = SANDBOX_LIST_MAX,
	 .help = "Sandboxes that may reach this one; not the other way round."},
};

/* O4: closing the internet empties egress, unless the same document fills it. */
static int settle(struct resource *resource, json_object *document, struct fault *fault)
{
	struct sandbox *sandbox = (struct sandbox *)resource;

	(void)fault;
	if (!sandbox->allow_internet && !json_object_object_get_ex(document, "egress", NULL)) {
		free(sandbox->egress.items);
		sandbox->egress = (struct resource_list){0};
	}
	return 0;
}

static int egress_check(const struct sandbox *sandbox, struct fault *fault)
{
	const struct field *at = FIELD(NULL, "egress");
	const struct peer_text *peers = sandbox->egress.items;
	int ret;

	if (sandbox->egress.n && !sandbox->allow_internet)
		return fault_refuse(fault, CODE_FIELD_VALUE, at,
				    "must be empty while allow_internet is false");
	for (size_t i = 0; i < sandbox->egress.n; i++) {
		if ((ret = peer_text_check(peers[i].text, true, ITEM(at, i), fault)))
			return ret;
	}
	return 0;
}

static int ingress_check(const struct sandbox *sandbox, struct fault *fault)
{
	const struct field *at = FIELD(NULL, "ingress");
	const struct peer_text *peers = sandbox->ingress.items;
	int ret;

	for (size_t i = 0; i < sandbox->ingress.n; i++) {
		if (strcmp(peers[i].text, "internet") != 0) {
			if ((ret = peer_text_check(peers[i].text, false, ITEM(at, i), fault)))
				return ret;
		} else if (!sandbox->public_access) {
			return fault_refuse(fault, CODE_FIELD_VALUE, ITEM(at, i),
					    "\"internet\" needs public_access to be true");
		}
	}
	return 0;
}

static int check(const struct resource *resource, struct fault *fault)
{
	const struct sandbox *sandbox = (const struct sandbox *)resource;
	const struct link_id *links = sandbox->private_link_ids.items;
	int ret;

	if ((ret = egress_check(sandbox, fault)) || (ret = ingress_check(sandbox, fault)))
		return ret;
	for (size_t i = 0; i < sandbox->private_link_ids.n; i++) {
		if (!strcmp(links[i].id, resource->id))
			return fault_refuse(fault, CODE_FIELD_VALUE,
					    ITEM(FIELD(NULL, "private_link_ids"), i),
					    "is the sandbox itself");
	}
	return 0;
}

const struct resource_schema sandbox_schema = {
	.kind = RESOURCE_SANDBOX,
	.singular = "sandbox",
	.plural = "sandboxes",
	.prefix = "sbx",
	.size = sizeof(struct sandbox),
	.properties = properties,
	.n_properties = TABLE_SIZE(properties),
	.scope_shown = "workspace",
	.owner_shown = "host",
	.owner_flags = PROPERTY_REQUIRED,
	.owner_kinds = OWNER(HOST),
	.name_flags = PROPERTY_REQUIRED | PROPERTY_MUTABLE,
	.settle = settle,
	.check = check,
};
