// SPDX-License-Identifier: GPL-2.0-only
/* Workspaces: groups of hosts of one organisation. Their names stand in policies, so they stay. */
#include "model/table.h"

static const struct property properties[] = {
	{.name = "description",
	 .type = PROPERTY_TEXT,
	 .flags = PROPERTY_MUTABLE,
	 PLACE(struct workspace, description),
	 .help = "Free text."},
	{.name = "managed_network",
	 .type = PROPERTY_BOOLEAN,
	 PLACE(struct workspace, managed_network),
	 .help = "Whether the platform makes a network for all its hosts, and keeps it."},
};

const struct resource_schema workspace_schema = {
	.kind = RESOURCE_WORKSPACE,
	.singular = "workspace",
	.plural = "workspaces",
	.prefix = "ws",
	.size = sizeof(struct workspace),
	.properties = properties,
	.n_properties = TABLE_SIZE(properties),
	.name_flags = PROPERTY_REQUIRED,
};
