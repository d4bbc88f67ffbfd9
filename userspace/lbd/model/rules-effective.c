// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules that concern a host, merged (L12): picks the firewalls of its organisation, of its
 * workspace and of its attachments, and puts their rules into the order of matching.
 */
#include "model/resource-value.h"
#include "model/rule.h"
#include "model/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A firewall at its place; priority is its own, or its attachment's. */
struct tier {
	enum firewall_level layer;
	int64_t priority;
	const struct firewall *firewall;
};

static int tier_compare(const void *a, const void *b)
{
	const struct tier *left = a, *right = b;

	if (left->layer != right->layer)
		return left->layer < right->layer ? -1 : 1;
	if (left->priority != right->priority)
		return left->priority < right->priority ? -1 : 1;
	return strcmp(left->firewall->head.id, right->firewall->head.id);
}

static const struct attachment *attachment_find(const struct host *host,
						const struct firewall *firewall,
						const struct attachment *const *attachments,
						size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(attachments[i]->head.scope, host->head.id) &&
		    !strcmp(attachments[i]->head.owner, firewall->head.id))
			return attachments[i];
	}
	return NULL;
}

/* Does it concern the host, and with which priority. */
static bool firewall_applies(const struct host *host, const struct firewall *firewall,
			     const struct attachment *const *attachments, size_t n,
			     int64_t *priority)
{
	const struct attachment *attachment;

	*priority = firewall->priority;
	if (strcmp(firewall->head.org, host->head.org) != 0)
		return false;
	switch (firewall->level) {
	case FIREWALL_ORGANIZATION:
		return true;
	case FIREWALL_WORKSPACE:
		return !strcmp(firewall->head.owner, host->head.scope);
	default:
		attachment = attachment_find(host, firewall, attachments, n);
		if (attachment)
			*priority = attachment->priority;
		return attachment;
	}
}

static int tiers_flatten(const struct tier *tiers, size_t n, struct effective *effective,
			 struct fault *fault)
{
	size_t n_rules = 0;

	for (size_t i = 0; i < n; i++)
		n_rules += tiers[i].firewall->rules.n;
	effective->rules = calloc(n_rules ? n_rules : 1, sizeof(*effective->rules));
	if (!effective->rules)
		return fault_memory(fault);
	for (size_t i = 0; i < n; i++) {
		const struct firewall_rule *rules = tiers[i].firewall->rules.items;

		for (size_t j = 0; j < tiers[i].firewall->rules.n; j++)
			effective->rules[effective->n++] = (struct effective_rule){
				.layer = tiers[i].layer,
				.priority = tiers[i].priority,
				.firewall = tiers[i].firewall,
				.rule = &rules[j],
				.index = j,
			};
	}
	return 0;
}

int rules_effective(const struct host *host, const struct firewall *const *firewalls,
		    size_t n_firewalls, const struct attachment *const *attachments,
		    size_t n_attachments, struct effective *effective, struct fault *fault)
{
	struct tier *tiers = calloc(n_firewalls ? n_firewalls : 1, sizeof(*tiers));
	size_t n = 0;
	int ret;

	*effective = (struct effective){0};
	if (!tiers)
		return fault_memory(fault);
	for (size_t i = 0; i < n_firewalls; i++) {
		if (!firewall_applies(host, firewalls[i], attachments, n_attachments,
				      &tiers[n].priority))
			continue;
		tiers[n].layer = (enum firewall_level)firewalls[i]->level;
		tiers[n++].firewall = firewalls[i];
	}
	qsort(tiers, n, sizeof(*tiers), tier_compare);
	ret = tiers_flatten(tiers, n, effective, fault);
	free(tiers);
	return ret;
}

void effective_release(struct effective *effective)
{
	free(effective->rules);
	*effective = (struct effective){0};
}

static json_object *rule_encode(const struct effective_rule *rule)
{
	const struct resource *firewall = &rule->firewall->head;
	json_object *object = json_object_new_object();

	if (object_field_add(object, "layer",
			     json_object_new_string(firewall_levels[rule->layer])) ||
	    object_field_add(object, "firewall", json_object_new_string(firewall->id)) ||
	    object_field_add(object, "name", json_object_new_string(firewall->name)) ||
	    object_field_add(object, "priority", json_object_new_int64(rule->priority)) ||
	    object_field_add(object, "index", json_object_new_uint64(rule->index)) ||
	    object_field_add(object, "rule",
			     values_encode(rule_properties, RULE_PROPERTIES, rule->rule))) {
		json_object_put(object);
		return NULL;
	}
	return object;
}

json_object *effective_encode(const struct effective *effective)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < effective->n; i++) {
		json_object *rule = rule_encode(&effective->rules[i]);

		if (rule && !json_object_array_add(array, rule))
			continue;
		json_object_put(rule);
		json_object_put(array);
		return NULL;
	}
	return array;
}
