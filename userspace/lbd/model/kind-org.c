// SPDX-License-Identifier: GPL-2.0-only
/* Organisations: made by the system's operators, with limits that tenants cannot change. */
#include "model/table.h"

#define NETWORKS_DEFAULT 4096
#define HOSTS_DEFAULT	 20480

static const struct property properties[] = {
	{.name = "description",
	 .type = PROPERTY_TEXT,
	 .flags = PROPERTY_MUTABLE,
	 PLACE(struct org, description),
	 .help = "Free text."},
	{.name = "networks_max",
	 .type = PROPERTY_NUMBER,
	 .flags = PROPERTY_MUTABLE | PROPERTY_SYSTEM,
	 PLACE(struct org, networks_max),
	 .max = 1000000,
	 .initial = NETWORKS_DEFAULT,
	 .help = "How many networks it may have."},
	{.name = "hosts_max",
	 .type = PROPERTY_NUMBER,
	 .flags = PROPERTY_MUTABLE | PROPERTY_SYSTEM,
	 PLACE(struct org, hosts_max),
	 .max = 1000000,
	 .initial = HOSTS_DEFAULT,
	 .help = "How many hosts it may have."},
};

const struct resource_schema org_schema = {
	.kind = RESOURCE_ORG,
	.singular = "org",
	.plural = "orgs",
	.prefix = "org",
	.size = sizeof(struct org),
	.properties = properties,
	.n_properties = TABLE_SIZE(properties),
	.name_flags = PROPERTY_REQUIRED | PROPERTY_MUTABLE,
};
