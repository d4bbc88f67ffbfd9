// SPDX-License-Identifier: GPL-2.0-only
/*
 * Documents that are taken, and what follows from what a client gave and left out: defaults, and
 * what one field does to another.
 */
#include "testing/resources.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct acceptance {
	enum resource_kind kind;
	bool system;
	const char *document;
};

static const struct acceptance acceptances[] = {
	{RESOURCE_ORG, true, "{\"name\":\"a\",\"networks_max\":0,\"hosts_max\":1000000}"},
	{RESOURCE_HOST, false,
	 "{\"name\":\"a\",\"endpoint\":\"[2001:db8::1]:1\",\"keepalive\":0,"
	 "\"routed_mesh\":true,\"labels\":[\"x\"]}"},
	{RESOURCE_HOST, true,
	 "{\"name\":\"a\",\"endpoint\":\"169.254.1.1:1\",\"infra_endpoint\":\"192.0.2.1:2\"}"},
	{RESOURCE_SANDBOX, false,
	 "{\"name\":\"a\",\"host\":\"" HOST_A
	 "\",\"egress\":[\"*.a.org\",\"a.b.c.example\",\"10.0.0.1\",\"0.0.0.0/0\",\"::/0\","
	 "\"xn--a.org\"]}"},
	{RESOURCE_SANDBOX, false,
	 "{\"name\":\"a\",\"host\":\"" HOST_A
	 "\",\"public_access\":true,\"ingress\":[\"internet\",\"10.0.0.0/8\"],"
	 "\"ingress_ports\":[1,65535]}"},
	{RESOURCE_NETWORK, false,
	 "{\"name\":\"a\",\"workspace\":\"" WS_A "\",\"cidr\":\"10.0.0.0/8\","
	 "\"mtu\":1280}"},
	{RESOURCE_NETWORK, false,
	 "{\"name\":\"a\",\"family\":\"dual\",\"cidr\":\"100.64.0.0/29\","
	 "\"cidr6\":\"fd00::/120\",\"mtu\":9000,\"mode\":\"routed_mesh\"}"},
	{RESOURCE_NETWORK, true, "{\"name\":\"a\",\"context\":\"system\",\"cidr\":null}"},
	{RESOURCE_MEMBER, false, "{\"owner\":\"" SBX_A "\"}"},
	{RESOURCE_FIREWALL, false,
	 "{\"name\":\"a\",\"level\":\"workspace\",\"workspace\":\"" WS_A "\"}"},
	{RESOURCE_FIREWALL, false,
	 "{\"name\":\"a\",\"level\":\"host\",\"rules\":[{\"direction\":\"ingress\","
	 "\"action\":\"pass\",\"protocol\":\"icmp\",\"icmp_type\":8,\"icmp_code\":0,"
	 "\"source\":\"10.0.0.0/8\"}]}"},
	{RESOURCE_FIREWALL, false,
	 "{\"name\":\"a\",\"rules\":[{\"direction\":\"egress\",\"action\":\"reject\","
	 "\"protocol\":\"132\",\"source_ports\":[{\"first\":1,\"last\":65535}],"
	 "\"source\":\"host:a\",\"destination\":\"fd00::1\",\"log\":true}]}"},
	{RESOURCE_POLICY, false,
	 "{\"from\":\"sandbox:" SBX_A "\",\"to\":\"api\",\"port\":65535,\"action\":\"deny\"}"},
	{RESOURCE_POLICY, false, "{\"from\":\"workspace:a\",\"to\":\"api\"}"},
	{RESOURCE_TOKEN, false,
	 "{\"name\":\"ci\",\"scopes\":[\"read\",\"write\",\"admin\"],"
	 "\"expires_at\":\"2027-01-01T00:00:00Z\"}"},
	{RESOURCE_TOKEN, false, "{\"kind\":\"join\",\"workspace\":\"" WS_A "\"}"},
	{RESOURCE_TOKEN, true, "{\"scopes\":[\"system\"]}"},
};

Test(kind_settling, good_documents_are_taken)
{
	for (size_t i = 0; i < sizeof(acceptances) / sizeof(acceptances[0]); i++) {
		const struct acceptance *good = &acceptances[i];
		struct resource *resource = resource_new(good->kind);
		struct fault fault = {0};

		cr_expect_eq(text_decode(resource, good->document, RESOURCE_CREATE, good->system,
					 &fault),
			     0, "%s: %s: %s", good->document, fault.path, fault.text);
		resource_free(resource);
	}
}

/* O15, and O3 by it. */
Test(kind_settling, a_fresh_sandbox_has_the_defaults)
{
	struct resource *sandbox = resource_new(RESOURCE_SANDBOX);
	struct fault fault = {0};
	json_object *json;

	cr_assert_eq(text_decode(sandbox, least_documents[RESOURCE_SANDBOX], RESOURCE_CREATE, false,
				 &fault),
		     0);
	json = resource_encode(sandbox, RESOURCE_VIEW_TENANT);
	cr_expect_str_eq(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN),
			 "{\"id\":\"\",\"org\":null,\"workspace\":null,\"host\":\"" HOST_A "\","
			 "\"name\":\"a\",\"version\":0,\"created_at\":null,\"updated_at\":null,"
			 "\"labels\":[],\"state\":\"running\",\"allow_internet\":true,"
			 "\"public_access\":false,\"egress\":[],\"ingress\":[],"
			 "\"ingress_ports\":[],\"private_link_ids\":[]}");
	json_object_put(json);
	resource_free(sandbox);
}

Test(kind_settling, closing_the_internet_empties_egress)
{
	struct sandbox *sandbox = (struct sandbox *)least_resource(RESOURCE_SANDBOX);
	struct fault fault = {0};

	cr_assert_eq(text_decode(&sandbox->head, "{\"egress\":[\"a.org\"]}", RESOURCE_PATCH, false,
				 &fault),
		     0);
	cr_expect_eq(sandbox->egress.n, 1);
	cr_assert_eq(text_decode(&sandbox->head, "{\"allow_internet\":false}", RESOURCE_PATCH,
				 false, &fault),
		     0);
	cr_expect_eq(sandbox->egress.n, 0);
	cr_assert_neq(text_decode(&sandbox->head, "{\"egress\":[\"a.org\"]}", RESOURCE_PATCH, false,
				  &fault),
		      0);
	cr_expect_str_eq(fault.path, "egress");
	cr_assert_eq(text_decode(&sandbox->head,
				 "{\"egress\":[\"a.org\"],"
				 "\"allow_internet\":true}",
				 RESOURCE_PATCH, false, &fault),
		     0);
	resource_free(&sandbox->head);
}

/* O5, O6: the 50th is taken, the 51st is not. */
Test(kind_settling, lists_of_a_sandbox_hold_fifty)
{
	struct resource *sandbox = least_resource(RESOURCE_SANDBOX);
	struct fault fault = {0};

	for (int n = 50; n <= 51; n++) {
		json_object *document = json_object_new_object();
		json_object *ports = json_object_new_array(), *egress = json_object_new_array();

		for (int i = 1; i <= n; i++) {
			char name[32];

			snprintf(name, sizeof(name), "x%d.example.org", i);
			json_object_array_add(ports, json_object_new_int(i));
			json_object_array_add(egress, json_object_new_string(name));
		}
		json_object_object_add(document, "egress", egress);
		json_object_object_add(document, "ingress_ports", ports);
		cr_expect_eq(!resource_decode(sandbox, document, RESOURCE_PATCH, false, &fault),
			     n == 50);
		json_object_put(document);
	}
	cr_expect_eq(fault.code, CODE_LIST_TOO_LONG);
	cr_expect_str_eq(fault.path, "egress");
	resource_free(sandbox);
}

Test(kind_settling, public_access_stays_while_ingress_needs_it)
{
	struct resource *sandbox = least_resource(RESOURCE_SANDBOX);
	struct fault fault = {0};

	cr_assert_eq(text_decode(sandbox, "{\"public_access\":true,\"ingress\":[\"internet\"]}",
				 RESOURCE_PATCH, false, &fault),
		     0);
	cr_expect_neq(text_decode(sandbox, "{\"public_access\":false}", RESOURCE_PATCH, false,
				  &fault),
		      0);
	cr_expect_str_eq(fault.path, "ingress[0]");
	cr_expect_eq(text_decode(sandbox, "{\"public_access\":false,\"ingress\":[]}",
				 RESOURCE_PATCH, false, &fault),
		     0);
	resource_free(sandbox);
}

Test(kind_settling, a_rule_without_an_id_gets_the_lowest_free_one_and_keeps_it)
{
	static const char rules[] = "{\"rules\":[{\"direction\":\"ingress\",\"action\":\"deny\"},"
				    "{\"direction\":\"ingress\",\"action\":\"deny\",\"id\":1},"
				    "{\"direction\":\"egress\",\"action\":\"pass\",\"id\":3},"
				    "{\"direction\":\"egress\",\"action\":\"allow\"}]}";
	static const int64_t ids[] = {2, 1, 3, 4};
	struct firewall *firewall = (struct firewall *)least_resource(RESOURCE_FIREWALL);
	const struct firewall_rule *rule;
	struct fault fault = {0};

	cr_assert_eq(text_decode(&firewall->head, rules, RESOURCE_PATCH, false, &fault), 0, "%s",
		     fault.text);
	rule = firewall->rules.items;
	for (size_t i = 0; i < 4; i++)
		cr_expect_eq(rule[i].id, ids[i], "%zu", i);
	cr_expect_str_eq(rule[0].protocol, "any");
	cr_expect_str_eq(rule[0].source, "any");
	cr_expect_str_eq(rule[0].destination, "any");
	cr_expect_eq(rule[0].icmp_type, -1);
	cr_expect_eq(rule[0].icmp_code, -1);
	cr_assert_eq(
		text_decode(&firewall->head, "{\"priority\":7}", RESOURCE_PATCH, false, &fault), 0);
	rule = firewall->rules.items;
	cr_expect_eq(rule[0].id, 2);
	resource_free(&firewall->head);
}

Test(kind_settling, a_bridge_is_the_same_in_either_order)
{
	struct bridge *bridge = (struct bridge *)resource_new(RESOURCE_BRIDGE);
	struct fault fault = {0};

	cr_assert_eq(text_decode(&bridge->head, "{\"networks\":[\"" NET_B "\",\"" NET_A "\"]}",
				 RESOURCE_CREATE, false, &fault),
		     0);
	cr_expect_str_eq(bridge->networks[0], NET_A);
	cr_expect_str_eq(bridge->networks[1], NET_B);
	resource_free(&bridge->head);
}

Test(kind_settling, the_context_of_a_network_follows_from_the_workspace)
{
	static const char *const documents[] = {"{\"name\":\"a\"}",
						"{\"name\":\"a\",\"workspace\":\"" WS_A "\"}"};
	static const int contexts[] = {NETWORK_ORGANIZATION, NETWORK_WORKSPACE};
	struct fault fault = {0};

	for (size_t i = 0; i < 2; i++) {
		struct network *network = (struct network *)resource_new(RESOURCE_NETWORK);

		cr_assert_eq(text_decode(&network->head, documents[i], RESOURCE_CREATE, false,
					 &fault),
			     0);
		cr_expect_eq(network->context, contexts[i]);
		resource_free(&network->head);
	}
}

Test(kind_settling, the_kind_of_a_member_follows_from_its_owner)
{
	struct member *member = (struct member *)resource_new(RESOURCE_MEMBER);
	struct fault fault = {0};

	cr_assert_eq(text_decode(&member->head, "{\"owner\":\"" SBX_A "\"}", RESOURCE_CREATE, false,
				 &fault),
		     0);
	cr_expect_eq(member->member_kind, MEMBER_SANDBOX);
	resource_free(&member->head);
	member = (struct member *)least_resource(RESOURCE_MEMBER);
	cr_expect_eq(member->member_kind, MEMBER_HOST);
	resource_free(&member->head);
}
