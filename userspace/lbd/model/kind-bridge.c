// SPDX-License-Identifier: GPL-2.0-only
/* Bridges: two networks whose members reach each other (L9). Kept in the order of the ids. */
#include "model/table.h"

#include <string.h>

static const struct property properties[] = {
	{.name = "networks",
	 .type = PROPERTY_PAIR,
	 .flags = PROPERTY_REQUIRED,
	 PLACE(struct bridge, networks),
	 .refers = RESOURCE_NETWORK,
	 .help = "The ids of the two networks; their order does not matter."},
};

static int settle(struct resource *resource, json_object *document, struct fault *fault)
{
	struct bridge *bridge = (struct bridge *)resource;
	char swap[RESOURCE_ID_SIZE];

	(void)document;
	(void)fault;
	if (strcmp(bridge->networks[0], bridge->networks[1]) > 0) {
		memcpy(swap, bridge->networks[0], sizeof(swap));
		memcpy(bridge->networks[0], bridge->networks[1], sizeof(swap));
		memcpy(bridge->networks[1], swap, sizeof(swap));
	}
	return 0;
}

static int check(const struct resource *resource, struct fault *fault)
{
	const struct bridge *bridge = (const struct bridge *)resource;
	const struct field *at = FIELD(NULL, "networks");
	int order = strcmp(bridge->networks[0], bridge->networks[1]);

	if (!order)
		return fault_refuse(fault, CODE_FIELD_VALUE, ITEM(at, 1),
				    "is the same network as the first; a bridge joins two");
	if (order > 0)
		return fault_refuse(fault, CODE_FIELD_VALUE, at, "must be in the order of ids");
	return 0;
}

const struct resource_schema bridge_schema = {
	.kind = RESOURCE_BRIDGE,
	.singular = "bridge",
	.plural = "bridges",
	.prefix = "br",
	.size = sizeof(struct bridge),
	.properties = properties,
	.n_properties = TABLE_SIZE(properties),
	.name_flags = PROPERTY_READ_ONLY,
	.settle = settle,
	.check = check,
};
