// SPDX-License-Identifier: GPL-2.0-only
/* Attachments: firewalls of level host, each on a host of its organisation (L12). */
#include "model/table.h"

#define PRIORITY_DEFAULT 1000

static const struct property properties[] = {
	{.name = "priority",
	 .type = PROPERTY_NUMBER,
	 .flags = PROPERTY_MUTABLE,
	 PLACE(struct attachment, priority),
	 .max = UINT16_MAX,
	 .initial = PRIORITY_DEFAULT,
	 .help = "The lowest comes first among the firewalls of the host."},
};

const struct resource_schema attachment_schema = {
	.kind = RESOURCE_ATTACHMENT,
	.singular = "attachment",
	.plural = "attachments",
	.prefix = "att",
	.size = sizeof(struct attachment),
	.properties = properties,
	.n_properties = TABLE_SIZE(properties),
	.scope_shown = "host",
	.owner_shown = "firewall",
	.owner_flags = PROPERTY_REQUIRED,
	.owner_kinds = OWNER(FIREWALL),
	.name_flags = PROPERTY_READ_ONLY,
};
