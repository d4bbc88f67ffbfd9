// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firewalls: ordered rules at the level of an organisation, a workspace or a host (L11, L12). What
 * a rule may say is in kind-rule.c; rules without an id get one here, as counters and verdicts
 * name rules by it.
 */
#include "model/table.h"
#include "model/rule.h"

#define PRIORITY_DEFAULT 1000

const char *const firewall_levels[FIREWALL_LEVELS] = {"organization", "workspace", "host"};

static const struct property properties[] = {
	{.name = "description",
	 .type = PROPERTY_TEXT,
	 .flags = PROPERTY_MUTABLE,
	 PLACE(struct firewall, description),
	 .help = "Free text."},
	{.name = "level",
	 WORDS(firewall_levels),
	 PLACE(struct firewall, level),
	 .help = "workspace: of the one that is named; host: of the hosts it is attached to."},
	{.name = "priority",
	 .type = PROPERTY_NUMBER,
	 .flags = PROPERTY_MUTABLE,
	 PLACE(struct firewall, priority),
	 .max = UINT16_MAX,
	 .initial = PRIORITY_DEFAULT,
	 .help = "The lowest comes first among the firewalls of its level."},
	{.name = "rules",
	 .flags = PROPERTY_MUTABLE,
	 LIST(struct firewall, rules, struct firewall_rule, rule_properties),
	 .max = RULES_MAX,
	 .help = "In the order of matching; the first that matches decides."},
};

static bool id_is_used(const struct firewall *firewall, int64_t id)
{
	const struct firewall_rule *rules = firewall->rules.items;

	for (size_t i = 0; i < firewall->rules.n; i++) {
		if (rules[i].id == id)
			return true;
	}
	return false;
}

static int settle(struct resource *resource, json_object *document, struct fault *fault)
{
	struct firewall *firewall = (struct firewall *)resource;
	struct firewall_rule *rules = firewall->rules.items;
	int64_t next = 1;

	(void)document;
	(void)fault;
	for (size_t i = 0; i < firewall->rules.n; i++) {
		if (rules[i].id)
			continue;
		while (id_is_used(firewall, next))
			next++;
		rules[i].id = next++;
	}
	return 0;
}

static int ids_check(const struct firewall *firewall, struct fault *fault)
{
	const struct firewall_rule *rules = firewall->rules.items;

	for (size_t i = 0; i < firewall->rules.n; i++) {
		const struct field *at = FIELD(ITEM(FIELD(NULL, "rules"), i), "id");

		if (rules[i].id < 1)
			return fault_refuse(fault, CODE_FIELD_VALUE, at, "must be 1 or more");
		for (size_t j = 0; j < i; j++) {
			if (rules[i].id == rules[j].id)
				return fault_refuse(fault, CODE_FIELD_VALUE, at,
						    "is that of rules[%zu], too", j);
		}
	}
	return 0;
}

static int check(const struct resource *resource, struct fault *fault)
{
	const struct firewall *firewall = (const struct firewall *)resource;
	const struct firewall_rule *rules = firewall->rules.items;
	bool has_workspace = *resource->owner;
	int ret;

	if (firewall->level == FIREWALL_WORKSPACE && !has_workspace)
		return fault_refuse(fault, CODE_FIELD_MISSING, FIELD(NULL, "workspace"),
				    "is missing; level \"workspace\" needs one");
	if (firewall->level != FIREWALL_WORKSPACE && has_workspace)
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "workspace"),
				    "must be left out unless level is \"workspace\"");
	for (size_t i = 0; i < firewall->rules.n; i++) {
		if ((ret = rule_check(&rules[i], ITEM(FIELD(NULL, "rules"), i), fault)))
			return ret;
	}
	return ids_check(firewall, fault);
}

const struct resource_schema firewall_schema = {
	.kind = RESOURCE_FIREWALL,
	.singular = "firewall",
	.plural = "firewalls",
	.prefix = "fw",
	.size = sizeof(struct firewall),
	.properties = properties,
	.n_properties = TABLE_SIZE(properties),
	.owner_shown = "workspace",
	.owner_kinds = OWNER(WORKSPACE),
	.name_flags = PROPERTY_REQUIRED | PROPERTY_MUTABLE,
	.settle = settle,
	.check = check,
};
