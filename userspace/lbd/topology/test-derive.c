// SPDX-License-Identifier: GPL-2.0-only
/* Derivation: each kind's entries to the byte, the planes apart, and differences. */
#include "topology/derive.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ORG	 "org_01"
#define WS	 "ws_01"
#define HOST	 "host_01"
#define NET	 "net_01"
#define KEY_1	 "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define KEY_2	 "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
#define KEY_3	 "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM="
#define INFRA_AT "203.0.113.9:51821"

static void head(struct resource *resource, enum resource_kind kind, const char *id,
		 const char *org, const char *scope, const char *owner, const char *name)
{
	*resource = (struct resource){.kind = kind, .version = 1};
	snprintf(resource->id, sizeof(resource->id), "%s", id);
	snprintf(resource->org, sizeof(resource->org), "%s", org);
	snprintf(resource->scope, sizeof(resource->scope), "%s", scope);
	snprintf(resource->owner, sizeof(resource->owner), "%s", owner);
	snprintf(resource->name, sizeof(resource->name), "%s", name);
}

static struct host host_sample(void)
{
	struct host host = {
		.state = HOST_ONLINE,
		.endpoint = {{AF_INET, 32, {192, 0, 2, 1}}, 51820},
		.keepalive = 25,
		.infra_endpoint = {{AF_INET, 32, {203, 0, 113, 9}}, 51821},
	};

	head(&host.head, RESOURCE_HOST, HOST, ORG, WS, "", "alpha");
	memset(host.public_key, 1, 32);
	memset(host.infra_public_key, 3, 32);
	return host;
}

static struct member member_sample(void)
{
	struct member member = {.member_kind = MEMBER_HOST,
				.address = {AF_INET, 32, {100, 64, 0, 2}},
				.host = HOST};

	head(&member.head, RESOURCE_MEMBER, "mem_01", ORG, NET, HOST, HOST);
	return member;
}

static struct network network_sample(void)
{
	struct network network = {.context = NETWORK_ORGANIZATION,
				  .state = NETWORK_ACTIVE,
				  .cidr = {AF_INET, 24, {100, 64, 0, 0}},
				  .number = 7};

	head(&network.head, RESOURCE_NETWORK, NET, ORG, ORG, "", "blue");
	return network;
}

/* Entries as lines "log key value", in their order. */
static char *derived(const void *resource, const struct host *host)
{
	struct entries entries = {0};
	struct fault fault = {0};
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	cr_assert_eq(derive(resource, host, &entries, &fault), 0, "%s", fault.text);
	for (size_t i = 0; i < entries.n; i++) {
		fprintf(file, "%s %s %s\n", entries.items[i].log, entries.items[i].key,
			entries.items[i].value);
		cr_assert_eq(entries.items[i].value_size, strlen(entries.items[i].value));
	}
	entries_release(&entries);
	fclose(file);
	return text;
}

static void expect(const void *resource, const struct host *host, const char *wanted)
{
	char *text = derived(resource, host);

	cr_assert_str_eq(text, wanted);
	free(text);
}

Test(derive, a_workspace_names_its_org)
{
	struct workspace workspace = {.managed_network = true};

	head(&workspace.head, RESOURCE_WORKSPACE, WS, ORG, ORG, "", "dev");
	expect(&workspace, NULL, "ws_01 workspace {\"org\":\"org_01\",\"name\":\"dev\"}\n");
}

Test(derive, a_host_says_what_it_is_to_itself)
{
	struct host host = host_sample();
	struct label labels[] = {{"gpu"}, {"eu"}};

	host.labels = (struct resource_list){labels, 2};
	expect(&host, NULL,
	       "host_01 host {\"workspace\":\"ws_01\",\"name\":\"alpha\",\"state\":\"active\","
	       "\"key\":\"" KEY_1 "\",\"endpoint\":\"192.0.2.1:51820\",\"keepalive\":25,"
	       "\"routed_mesh\":false,\"labels\":[\"gpu\",\"eu\"]}\n");
}

Test(derive, whether_a_host_is_online_or_how_far_it_is_makes_no_record)
{
	struct host host = host_sample();
	char *before = derived(&host, NULL);

	host.state = HOST_OFFLINE;
	host.last_seen = 5;
	host.generation_acknowledged = 6;
	host.head.version = 9;
	expect(&host, NULL, before);
	free(before);
}

Test(derive, a_draining_host_is_listed_and_its_own_log_says_so)
{
	struct host host = host_sample();
	struct member member = member_sample();
	char *before = derived(&member, &host), *text;

	host.state = HOST_DRAINING;
	text = derived(&host, NULL);
	cr_assert_not_null(strstr(text, "\"state\":\"draining\""));
	expect(&member, &host, before);
	free(before);
	free(text);
}

Test(derive, a_removed_host_is_nowhere)
{
	struct host host = host_sample();
	struct member member = member_sample();
	struct sandbox sandbox = {0};
	struct alias alias = {0};

	host.state = HOST_REMOVED;
	head(&sandbox.head, RESOURCE_SANDBOX, "sbx_01", ORG, WS, HOST, "box");
	head(&alias.head, RESOURCE_ALIAS, "als_01", ORG, NET, "sbx_01", "api");
	expect(&host, NULL, "");
	expect(&member, &host, "");
	expect(&sandbox, &host, "");
	expect(&alias, &host, "");
}

Test(derive, a_member_is_in_its_networks_log_and_links_from_its_hosts)
{
	struct host host = host_sample();
	struct member member = member_sample();

	expect(&member, &host,
	       "host_01 membership/mem_01 {\"network\":\"net_01\"}\n"
	       "net_01 member/mem_01 {\"kind\":\"host\",\"host\":\"host_01\",\"key\":\"" KEY_1
	       "\",\"endpoint\":\"192.0.2.1:51820\",\"addresses\":[\"100.64.0.2\"]}\n");
	member.member_kind = MEMBER_SANDBOX;
	snprintf(member.head.owner, RESOURCE_ID_SIZE, "sbx_01");
	member.address6 = (struct lbmesh_prefix){AF_INET6, 128, {0xfd, [15] = 2}};
	host.endpoint = (struct resource_endpoint){{AF_INET6, 128, {0x20, 1, [15] = 1}}, 1};
	expect(&member, &host,
	       "host_01 membership/mem_01 {\"network\":\"net_01\"}\n"
	       "net_01 member/mem_01 {\"kind\":\"sandbox\",\"host\":\"host_01\","
	       "\"sandbox\":\"sbx_01\",\"key\":\"" KEY_1 "\",\"endpoint\":\"[2001::1]:1\","
	       "\"addresses\":[\"100.64.0.2\",\"fd00::2\"]}\n");
	member.member_kind = MEMBER_USER;
	member.expires_at = 1700000000000;
	host.endpoint = (struct resource_endpoint){0};
	expect(&member, &host,
	       "host_01 membership/mem_01 {\"network\":\"net_01\"}\n"
	       "net_01 member/mem_01 {\"kind\":\"user\",\"host\":\"host_01\",\"key\":\"" KEY_1
	       "\",\"addresses\":[\"100.64.0.2\",\"fd00::2\"],\"expires\":1700000000000}\n");
}

Test(derive, a_usual_member_is_no_more_than_200_bytes)
{
	struct host host = host_sample();
	struct member member = member_sample();
	struct entries entries = {0};

	snprintf(member.host, sizeof(member.host), "host_01ARZ3NDEKTSV4RRFFQ69G5FAV");
	memcpy(host.head.id, member.host, sizeof(member.host));
	host.endpoint.address = (struct lbmesh_prefix){AF_INET, 32, {192, 168, 100, 100}};
	member.address = (struct lbmesh_prefix){AF_INET, 32, {100, 127, 100, 100}};
	cr_assert_eq(derive(&member.head, &host, &entries, NULL), 0);
	cr_assert_leq(entries.items[1].value_size, 200);
	entries_release(&entries);
}

Test(derive, a_host_that_rotates_is_listed_with_both_keys)
{
	struct host host = host_sample();
	struct member member = member_sample();

	memset(host.next_public_key, 2, 32);
	expect(&member, &host,
	       "host_01 membership/mem_01 {\"network\":\"net_01\"}\n"
	       "net_01 member/mem_01 {\"kind\":\"host\",\"host\":\"host_01\",\"key\":\"" KEY_1
	       "\",\"next_key\":\"" KEY_2 "\",\"endpoint\":\"192.0.2.1:51820\","
	       "\"addresses\":[\"100.64.0.2\"]}\n");
}

Test(derive, a_member_without_a_key_or_an_address_is_not_listed_but_follows)
{
	struct host host = host_sample();
	struct member member = member_sample();

	member.address.family = 0;
	expect(&member, &host, "host_01 membership/mem_01 {\"network\":\"net_01\"}\n");
	member = member_sample();
	memset(host.public_key, 0, 32);
	expect(&member, &host, "host_01 membership/mem_01 {\"network\":\"net_01\"}\n");
}

/* G11, G10. Every kind, with the host at hand wherever one is taken. */
Test(derive, no_log_of_a_tenant_has_a_key_or_an_endpoint_of_the_infra_plane)
{
	struct host host = host_sample();
	struct member member = member_sample();
	struct network network = network_sample();
	struct bridge bridge = {.networks = {"net_01", "net_02"}};
	struct sandbox sandbox = {0};
	struct alias alias = {0};
	struct policy policy = {.from = "local", .to = "api"};
	const void *all[] = {&host, &member, &network, &bridge, &sandbox, &alias, &policy};

	memset(host.next_public_key, 2, 32);
	head(&bridge.head, RESOURCE_BRIDGE, "br_01", ORG, ORG, "", "x");
	head(&sandbox.head, RESOURCE_SANDBOX, "sbx_01", ORG, WS, HOST, "box");
	head(&alias.head, RESOURCE_ALIAS, "als_01", ORG, NET, "sbx_01", "api");
	head(&policy.head, RESOURCE_POLICY, "pol_01", ORG, NET, "", "x");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		for (int kind = MEMBER_HOST; kind <= MEMBER_USER; kind++) {
			char *text;

			member.member_kind = kind;
			text = derived(all[i], &host);
			cr_assert_neq(text[0], '\0');
			cr_assert_null(strstr(text, KEY_3), "%s", text);
			cr_assert_null(strstr(text, INFRA_AT), "%s", text);
			free(text);
		}
	}
}

Test(derive, a_member_of_a_system_network_has_the_infra_key_and_never_the_tenants)
{
	struct host host = host_sample();
	struct member member = member_sample();

	memset(host.next_public_key, 2, 32);
	member.head.org[0] = '\0';
	expect(&member, &host,
	       "host_01 membership/mem_01 {\"network\":\"net_01\"}\n"
	       "net_01 member/mem_01 {\"kind\":\"host\",\"host\":\"host_01\",\"key\":\"" KEY_3
	       "\",\"endpoint\":\"" INFRA_AT "\",\"addresses\":[\"100.64.0.2\"]}\n");
	memset(host.infra_public_key, 0, 32);
	expect(&member, &host, "host_01 membership/mem_01 {\"network\":\"net_01\"}\n");
}

Test(derive, a_network_says_its_plane_and_one_of_two_minds_is_refused)
{
	struct network network = network_sample();
	struct entries entries = {0};
	struct fault fault = {0};

	expect(&network, NULL,
	       "net_01 network {\"number\":7,\"name\":\"blue\",\"plane\":\"tenant\","
	       "\"mode\":\"agent_proxy\",\"cidrs\":[\"100.64.0.0/24\"]}\n");
	network.context = NETWORK_SYSTEM;
	cr_assert_eq(derive(&network.head, NULL, &entries, &fault), -EINVAL);
	cr_assert_not_null(strstr(fault.text, "system's"));
	network.head.org[0] = '\0';
	network.mtu = 1300;
	network.mode = NETWORK_ROUTED_MESH;
	network.cidr6 = (struct lbmesh_prefix){AF_INET6, 64, {0xfd}};
	expect(&network, NULL,
	       "net_01 network {\"number\":7,\"name\":\"blue\",\"plane\":\"infra\","
	       "\"mode\":\"routed_mesh\",\"cidrs\":[\"100.64.0.0/24\",\"fd00::/64\"],"
	       "\"mtu\":1300}\n");
	network.context = NETWORK_WORKSPACE;
	cr_assert_eq(derive(&network.head, NULL, &entries, &fault), -EINVAL);
	entries_release(&entries);
}

Test(derive, a_network_that_is_being_deleted_is_taken_out_of_force_by_one_record)
{
	struct network network = network_sample();
	char *active = derived(&network, NULL);

	network.state = NETWORK_PENDING;
	expect(&network, NULL, active);
	network.state = NETWORK_DELETING;
	expect(&network, NULL, "");
	free(active);
}

Test(derive, a_bridge_is_in_the_logs_of_both_networks)
{
	struct bridge bridge = {.networks = {"net_01", "net_02"}};

	head(&bridge.head, RESOURCE_BRIDGE, "br_01", ORG, ORG, "", "x");
	expect(&bridge, NULL,
	       "net_01 bridge/br_01 {\"network\":\"net_02\"}\n"
	       "net_02 bridge/br_01 {\"network\":\"net_01\"}\n");
}

Test(derive, aliases_and_policies_are_in_their_networks_log)
{
	struct host host = host_sample();
	struct port_number ports[] = {{8080}, {443}};
	struct alias alias = {.ports = {ports, 2}};
	struct policy policy = {.from = "alias:web", .to = "api", .port = 80, .action = 1};

	head(&alias.head, RESOURCE_ALIAS, "als_01", ORG, NET, "sbx_01", "api");
	head(&policy.head, RESOURCE_POLICY, "pol_01", ORG, NET, "", "x");
	expect(&alias, &host,
	       "net_01 alias/api {\"sandbox\":\"sbx_01\",\"host\":\"host_01\","
	       "\"ports\":[8080,443]}\n");
	expect(&policy, NULL,
	       "net_01 policy/pol_01 {\"from\":\"alias:web\",\"to\":\"api\",\"port\":80,"
	       "\"action\":\"deny\"}\n");
	policy.port = 0;
	policy.action = POLICY_ALLOW;
	expect(&policy, NULL,
	       "net_01 policy/pol_01 {\"from\":\"alias:web\",\"to\":\"api\","
	       "\"action\":\"allow\"}\n");
}

Test(derive, a_sandbox_is_in_its_hosts_log)
{
	struct host host = host_sample();
	struct peer_text egress[] = {{"*.example.org"}, {"10.0.0.0/8"}};
	struct port_number ports[] = {{22}};
	struct link_id links[] = {{"sbx_02"}};
	struct sandbox sandbox = {.allow_internet = true,
				  .state = SANDBOX_NEEDS_REATTACH,
				  .egress = {egress, 2},
				  .ingress_ports = {ports, 1},
				  .private_link_ids = {links, 1}};

	head(&sandbox.head, RESOURCE_SANDBOX, "sbx_01", ORG, WS, HOST, "box");
	expect(&sandbox, &host,
	       "host_01 sandbox/sbx_01 {\"name\":\"box\",\"state\":\"needs_reattach\","
	       "\"allow_internet\":true,\"public_access\":false,"
	       "\"egress\":[\"*.example.org\",\"10.0.0.0/8\"],\"ingress_ports\":[22],"
	       "\"private_link_ids\":[\"sbx_02\"]}\n");
}

Test(derive, a_firewall_is_a_log_and_linked_from_its_level)
{
	struct port_range ports[] = {{80, 80}, {8000, 8999}};
	struct firewall_rule rules[] = {
		{.id = 1,
		 .direction = RULE_INGRESS,
		 .protocol = "tcp",
		 .source = "10.0.0.0/8",
		 .destination = "any",
		 .destination_ports = {ports, 2},
		 .icmp_type = -1,
		 .icmp_code = -1,
		 .action = RULE_ALLOW,
		 .description = "not for agents"},
		{.id = 2,
		 .direction = RULE_EGRESS,
		 .protocol = "icmp",
		 .source = "any",
		 .destination = "any",
		 .icmp_type = 8,
		 .icmp_code = 0,
		 .action = RULE_REJECT,
		 .log = true},
	};
	struct firewall firewall = {.priority = 10, .rules = {rules, 2}};
	char *text;

	head(&firewall.head, RESOURCE_FIREWALL, "fw_01", ORG, ORG, "", "base");
	expect(&firewall, NULL,
	       "fw_01 firewall {\"name\":\"base\",\"level\":\"organization\",\"rules\":["
	       "{\"id\":1,\"direction\":\"ingress\",\"protocol\":\"tcp\",\"source\":\"10.0.0.0/8\","
	       "\"destination\":\"any\",\"destination_ports\":[[80,80],[8000,8999]],"
	       "\"action\":\"allow\"},"
	       "{\"id\":2,\"direction\":\"egress\",\"protocol\":\"icmp\",\"source\":\"any\","
	       "\"destination\":\"any\",\"icmp_type\":8,\"icmp_code\":0,\"action\":\"reject\","
	       "\"log\":true}]}\n"
	       "org_01 firewall/fw_01 {\"firewall\":\"fw_01\",\"priority\":10}\n");
	firewall.level = FIREWALL_WORKSPACE;
	snprintf(firewall.head.owner, RESOURCE_ID_SIZE, WS);
	text = derived(&firewall, NULL);
	cr_assert_not_null(strstr(text, "\nws_01 firewall/fw_01 {\"firewall\":\"fw_01\""));
	free(text);
	firewall.level = FIREWALL_HOST;
	text = derived(&firewall, NULL);
	cr_assert_null(strstr(text, "\nws_01"));
	cr_assert_null(strstr(text, "org_01"));
	free(text);
}

Test(derive, an_attachment_links_from_the_hosts_log)
{
	struct attachment attachment = {.priority = 3};

	head(&attachment.head, RESOURCE_ATTACHMENT, "att_01", ORG, HOST, "fw_01", "fw_01");
	expect(&attachment, NULL,
	       "host_01 firewall/att_01 {\"firewall\":\"fw_01\",\"priority\":3}\n");
}

Test(derive, orgs_tokens_and_operations_say_nothing)
{
	struct org org = {0};
	struct token token = {0};
	struct operation operation = {0};

	head(&org.head, RESOURCE_ORG, ORG, ORG, "", "", "o");
	head(&token.head, RESOURCE_TOKEN, "tok_01", ORG, ORG, "", "t");
	head(&operation.head, RESOURCE_OPERATION, "op_01", ORG, ORG, "", "t");
	expect(&org, NULL, "");
	expect(&token, NULL, "");
	expect(&operation, NULL, "");
}

Test(derive, a_neighbour_that_is_missing_or_another_is_refused)
{
	struct host host = host_sample();
	struct member member = member_sample();
	struct sandbox sandbox = {0};
	struct alias alias = {0};
	struct entries entries = {0};

	head(&sandbox.head, RESOURCE_SANDBOX, "sbx_01", ORG, WS, "host_02", "box");
	head(&alias.head, RESOURCE_ALIAS, "als_01", ORG, NET, "sbx_01", "api");
	cr_assert_eq(derive(&member.head, NULL, &entries, NULL), -EINVAL);
	cr_assert_eq(derive(&sandbox.head, &host, &entries, NULL), -EINVAL);
	cr_assert_eq(derive(&alias.head, NULL, &entries, NULL), -EINVAL);
	snprintf(member.host, sizeof(member.host), "host_02");
	cr_assert_eq(derive(&member.head, &host, &entries, NULL), -EINVAL);
	member = member_sample();
	member.head.scope[0] = '\0';
	cr_assert_eq(derive(&member.head, &host, &entries, NULL), -EINVAL, "no network");
	entries_release(&entries);
}

/* --- differences -------------------------------------------------------------------------------- */

static void entry_add(struct entries *entries, const char *log, const char *key, const char *value)
{
	struct entry *entry;

	entries->items = reallocarray(entries->items, entries->n + 1, sizeof(*entries->items));
	entry = &entries->items[entries->n++];
	snprintf(entry->log, sizeof(entry->log), "%s", log);
	snprintf(entry->key, sizeof(entry->key), "%s", key);
	entry->value = strdup(value);
	entry->value_size = strlen(value);
}

static void expect_changes(struct entries *before, struct entries *after, const char *wanted)
{
	struct change *changes;
	char text[512] = "";
	size_t n;

	cr_assert_eq(derive_changes(before, after, &changes, &n, NULL), 0);
	for (size_t i = 0; i < n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %s%s%.*s; ",
			 changes[i].log, changes[i].key, changes[i].value ? "=" : " gone",
			 changes[i].value ? (int)changes[i].value_size : 0,
			 changes[i].value ? changes[i].value : "");
	cr_assert_str_eq(text, wanted);
	free(changes);
	entries_release(before);
	entries_release(after);
}

Test(derive, what_is_equal_is_no_change)
{
	struct entries before = {0}, after = {0};

	entry_add(&before, "net_2", "a", "1");
	entry_add(&before, "net_1", "b", "1");
	entry_add(&before, "net_1", "a", "1");
	entry_add(&after, "net_1", "c", "1");
	entry_add(&after, "net_1", "a", "1");
	entry_add(&after, "net_2", "a", "2");
	expect_changes(&before, &after, "net_1 b gone; net_1 c=1; net_2 a=2; ");
	expect_changes(&before, &after, "");
}

Test(derive, what_was_in_between_cancels_out)
{
	struct entries before = {0}, after = {0};

	/* a: 1 to 2 to 3. b: made and removed. c: 1 to 2 and back. d: changed, then removed. */
	entry_add(&before, "l", "a", "1");
	entry_add(&after, "l", "a", "2");
	entry_add(&before, "l", "a", "2");
	entry_add(&after, "l", "a", "3");
	entry_add(&after, "l", "b", "1");
	entry_add(&before, "l", "b", "1");
	entry_add(&before, "l", "c", "1");
	entry_add(&after, "l", "c", "2");
	entry_add(&before, "l", "c", "2");
	entry_add(&after, "l", "c", "1");
	entry_add(&before, "l", "d", "1");
	entry_add(&after, "l", "d", "2");
	entry_add(&before, "l", "d", "2");
	expect_changes(&before, &after, "l a=3; l d gone; ");
}

Test(derive, one_key_of_two_resources_is_refused)
{
	struct entries before = {0}, after = {0};
	struct change *changes;
	struct fault fault = {0};
	size_t n;

	entry_add(&after, "net_1", "alias/api", "1");
	entry_add(&after, "net_1", "alias/api", "2");
	cr_assert_eq(derive_changes(&before, &after, &changes, &n, &fault), -EEXIST);
	cr_assert_str_eq(fault.text, "\"alias/api\" in log \"net_1\" would have two values");
	entries_release(&after);
}

Test(derive, links_are_told_from_key_and_value)
{
	static const struct {
		const char *key, *value, *log;
		enum link_type type;
	} cases[] = {
		{"host", "{\"workspace\":\"ws_1\",\"name\":\"a\"}", "ws_1", LINK_MEMBER},
		{"workspace", "{\"org\":\"org_1\"}", "org_1", LINK_MEMBER},
		{"firewall/fw_1", "{\"firewall\":\"fw_1\",\"priority\":1}", "fw_1", LINK_MEMBER},
		{"membership/m", "{\"network\":\"net_1\"}", "net_1", LINK_MEMBER},
		{"bridge/b", "{\"network\":\"net_1\"}", "net_1", LINK_BRIDGE},
		{"member/m", "{\"network\":\"net_1\"}", NULL, LINK_NONE},
		{"network", "{\"network\":\"net_1\"}", NULL, LINK_NONE},
		{"firewall", "{\"firewall\":\"fw_1\"}", NULL, LINK_NONE},
		{"hostile", "{\"workspace\":\"ws_1\"}", NULL, LINK_NONE},
		{"bridge/b", "{\"network\":\"host_1\"}", NULL, LINK_NONE},
		{"bridge/b", "{\"network\":\"net_\"}", NULL, LINK_NONE},
		{"bridge/b", "{\"network\":\"net_1", NULL, LINK_NONE},
		{"bridge/b", "{\"network\":\"net_1/\"}", NULL, LINK_NONE},
		{"bridge/b", "{\"network\":\"net_0123456789012345678901234567\"}", NULL, LINK_NONE},
		{"bridge/b", "{\"network\":\"", NULL, LINK_NONE},
		{"bridge/b", "{}", NULL, LINK_NONE},
		{"bridge/b", "", NULL, LINK_NONE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char log[RESOURCE_ID_SIZE] = "";
		/* Exactly as large as it says, so that a read beyond it is seen. */
		size_t size = strlen(cases[i].value);
		char *value = malloc(size ? size : 1);

		memcpy(value, cases[i].value, size);
		cr_assert_eq(derive_link(cases[i].key, value, size, log), cases[i].type, "%s %s",
			     cases[i].key, cases[i].value);
		if (cases[i].log)
			cr_assert_str_eq(log, cases[i].log);
		free(value);
	}
}
