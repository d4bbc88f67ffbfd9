// SPDX-License-Identifier: GPL-2.0-only
/* Policies: who may reach which alias of a network on which port (G17). */
#include "model/table.h"

#include <string.h>

static const char *const actions[] = {"allow", "deny"};

static const struct property properties[] = {
	{.name = "from",
	 .type = PROPERTY_TEXT,
	 .flags = PROPERTY_REQUIRED,
	 PLACE(struct policy, from),
	 .min = 1,
	 .help = "local, alias:NAME, sandbox:ID, label:NAME, network:NAME or workspace:NAME."},
	{.name = "to",
	 .type = PROPERTY_NAME,
	 .flags = PROPERTY_REQUIRED,
	 PLACE(struct policy, to),
	 .help = "An alias of the network."},
	{.name = "port",
	 .type = PROPERTY_NUMBER,
	 PLACE(struct policy, port),
	 .max = UINT16_MAX,
	 .help = "A port that the alias publishes; 0: each of them."},
	{.name = "action",
	 .flags = PROPERTY_MUTABLE,
	 WORDS(actions),
	 PLACE(struct policy, action),
	 .help = "deny wins over allow."},
};

static bool selector_valid(const char *from)
{
	static const char *const named[] = {"alias:", "label:", "network:", "workspace:"};
	static const char sandbox[] = "sandbox:";

	if (!strcmp(from, "local"))
		return true;
	if (!strncmp(from, sandbox, strlen(sandbox)))
		return resource_id_valid(RESOURCE_SANDBOX, from + strlen(sandbox));
	for (size_t i = 0; i < TABLE_SIZE(named); i++) {
		size_t length = strlen(named[i]);

		if (!strncmp(from, named[i], length))
			return label_valid(from + length, strlen(from + length));
	}
	return false;
}

static int check(const struct resource *resource, struct fault *fault)
{
	const struct policy *policy = (const struct policy *)resource;

	if (selector_valid(policy->from))
		return 0;
	return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "from"),
			    "must be local, alias:NAME, sandbox:ID, label:NAME, network:NAME or "
			    "workspace:NAME");
}

const struct resource_schema policy_schema = {
	.kind = RESOURCE_POLICY,
	.singular = "policy",
	.plural = "policies",
	.prefix = "pol",
	.size = sizeof(struct policy),
	.properties = properties,
	.n_properties = TABLE_SIZE(properties),
	.scope_shown = "network",
	.name_flags = PROPERTY_READ_ONLY,
	.check = check,
};
