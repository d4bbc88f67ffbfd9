// SPDX-License-Identifier: GPL-2.0-only
/* L12: the rules that concern a host, in the order of matching, each with its origin. */
#include "model/rules.h"
#include "testing/resources.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct workspace workspace;
static struct host host, other_host, foreign_host;
static struct fault fault;

static void setup(void)
{
	head_fill(&workspace.head, RESOURCE_WORKSPACE, 'A', 'A');
	head_fill(&host.head, RESOURCE_HOST, 'A', 'A');
	head_fill(&other_host.head, RESOURCE_HOST, 'B', 'A');
	head_fill(&foreign_host.head, RESOURCE_HOST, 'C', 'B');
	head_place(&host.head, &workspace.head, NULL);
	head_place(&other_host.head, &workspace.head, NULL);
}

TestSuite(rules_effective, .init = setup);

#define TIERS 8

struct tier_case {
	char last; /* of the id; every rule's id is its firewall's place below */
	char org;
	bool own_workspace;
	int level;
	int64_t priority;
	int64_t attached; /* priority of the attachment; -1: none */
};

static const struct tier_case tier_cases[TIERS] = {
	{'H', 'A', false, FIREWALL_HOST, 1, 20},
	{'G', 'A', false, FIREWALL_HOST, 9, 10},
	{'F', 'A', false, FIREWALL_HOST, 0, -1},
	{'E', 'A', true, FIREWALL_WORKSPACE, 5, -1},
	{'D', 'A', false, FIREWALL_WORKSPACE, 0, -1},
	{'C', 'A', false, FIREWALL_ORGANIZATION, 7, -1},
	{'B', 'A', false, FIREWALL_ORGANIZATION, 7, -1},
	{'A', 'B', false, FIREWALL_ORGANIZATION, 0, -1},
};

struct tiers {
	struct firewall firewalls[TIERS];
	struct attachment attachments[TIERS];
	struct firewall_rule rules[TIERS][2];
	const struct firewall *firewall_list[TIERS];
	const struct attachment *attachment_list[TIERS];
	size_t n_attachments;
};

static void tier_make(struct tiers *tiers, size_t i)
{
	const struct tier_case *from = &tier_cases[i];
	struct firewall *firewall = &tiers->firewalls[i];
	struct attachment *attachment = &tiers->attachments[tiers->n_attachments];

	head_fill(&firewall->head, RESOURCE_FIREWALL, from->last, from->org);
	firewall->level = from->level;
	firewall->priority = from->priority;
	if (from->level == FIREWALL_WORKSPACE)
		snprintf(firewall->head.owner, RESOURCE_ID_SIZE, "%s",
			 from->own_workspace ? workspace.head.id : "ws_01KB0000000000000000000Z00");
	for (size_t j = 0; j < 2; j++) {
		tiers->rules[i][j] = (struct firewall_rule){
			.id = (int64_t)(i * 10 + j), .icmp_type = -1, .icmp_code = -1};
		snprintf(tiers->rules[i][j].protocol, sizeof(tiers->rules[i][j].protocol), "%s",
			 "any");
		snprintf(tiers->rules[i][j].source, sizeof(tiers->rules[i][j].source), "%s", "any");
		snprintf(tiers->rules[i][j].destination, sizeof(tiers->rules[i][j].destination),
			 "%s", "any");
	}
	firewall->rules = (struct resource_list){tiers->rules[i], 2};
	tiers->firewall_list[i] = firewall;
	if (from->attached < 0)
		return;
	head_fill(&attachment->head, RESOURCE_ATTACHMENT, from->last, 'A');
	head_place(&attachment->head, &host.head, &firewall->head);
	attachment->priority = from->attached;
	tiers->attachment_list[tiers->n_attachments++] = attachment;
}

static struct tiers *tiers_new(void)
{
	struct tiers *tiers = calloc(1, sizeof(*tiers));

	cr_assert_not_null(tiers);
	for (size_t i = 0; i < TIERS; i++)
		tier_make(tiers, i);
	return tiers;
}

Test(rules_effective, the_rules_of_a_host_come_by_layer_then_priority_then_id_with_their_origin)
{
	/* Indices into tier_cases, in the order that is right. */
	static const size_t order[] = {6, 5, 3, 1, 0};
	static const int64_t priorities[] = {7, 7, 5, 10, 20};
	struct tiers *tiers = tiers_new();
	struct effective effective;

	TAKEN(rules_effective(&host, tiers->firewall_list, TIERS, tiers->attachment_list,
			      tiers->n_attachments, &effective, &fault));
	cr_assert_eq(effective.n, 10);
	for (size_t i = 0; i < effective.n; i++) {
		const struct effective_rule *rule = &effective.rules[i];
		size_t tier = order[i / 2];

		cr_expect_eq(rule->rule->id, (int64_t)(tier * 10 + i % 2), "%zu", i);
		cr_expect_eq(rule->firewall, &tiers->firewalls[tier]);
		cr_expect_eq((int)rule->layer, tier_cases[tier].level);
		cr_expect_eq(rule->priority, priorities[i / 2], "%zu", i);
		cr_expect_eq(rule->index, i % 2);
	}
	effective_release(&effective);
	free(tiers);
}

Test(rules_effective, a_host_takes_nothing_from_the_attachments_of_others)
{
	struct tiers *tiers = tiers_new();
	struct effective effective;

	TAKEN(rules_effective(&other_host, tiers->firewall_list, TIERS, tiers->attachment_list,
			      tiers->n_attachments, &effective, &fault));
	cr_expect_eq(effective.n, 6);
	effective_release(&effective);
	TAKEN(rules_effective(&foreign_host, tiers->firewall_list, TIERS, tiers->attachment_list,
			      tiers->n_attachments, &effective, &fault));
	cr_expect_eq(effective.n, 2);
	cr_expect_eq(effective.rules[0].firewall, &tiers->firewalls[7]);
	effective_release(&effective);
	TAKEN(rules_effective(&host, NULL, 0, NULL, 0, &effective, &fault));
	cr_expect_eq(effective.n, 0);
	effective_release(&effective);
	free(tiers);
}

Test(rules_effective, the_effective_rules_say_in_json_where_they_come_from)
{
	struct tiers *tiers = tiers_new();
	struct effective effective;
	json_object *json;

	TAKEN(rules_effective(&host, &tiers->firewall_list[1], 1, tiers->attachment_list,
			      tiers->n_attachments, &effective, &fault));
	effective.n = 1;
	json = effective_encode(&effective);
	cr_assert_not_null(json);
	cr_expect_str_eq(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN),
			 "[{\"layer\":\"host\",\"firewall\":\"fw_01KB0000000000000000000G00\","
			 "\"name\":\"firewall-g\",\"priority\":10,\"index\":0,\"rule\":{\"id\":10,"
			 "\"direction\":\"ingress\",\"protocol\":\"any\",\"source\":\"any\","
			 "\"destination\":\"any\",\"source_ports\":[],\"destination_ports\":[],"
			 "\"icmp_type\":-1,\"icmp_code\":-1,\"action\":\"allow\",\"log\":false,"
			 "\"description\":\"\"}}]");
	json_object_put(json);
	effective_release(&effective);
	free(tiers);
}
