// SPDX-License-Identifier: GPL-2.0-only
/* Aliases: names of sandboxes in a network, with the ports that they publish there (G2, G3). */
#include "model/table.h"

static const struct property properties[] = {
	{.name = "ports",
	 .flags = PROPERTY_REQUIRED | PROPERTY_MUTABLE | PROPERTY_UNIQUE,
	 LIST(struct alias, ports, struct port_number, port_element),
	 .min = 1,
	 .max = ALIAS_PORTS_MAX,
	 .help = "Published ports of the sandbox."},
};

const struct resource_schema alias_schema = {
	.kind = RESOURCE_ALIAS,
	.singular = "alias",
	.plural = "aliases",
	.prefix = "al",
	.size = sizeof(struct alias),
	.properties = properties,
	.n_properties = TABLE_SIZE(properties),
	.scope_shown = "network",
	.owner_shown = "sandbox",
	.owner_flags = PROPERTY_REQUIRED,
	.owner_kinds = OWNER(SANDBOX),
	.name_flags = PROPERTY_REQUIRED,
};
