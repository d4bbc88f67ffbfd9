// SPDX-License-Identifier: GPL-2.0-only
/*
 * test-firewall.c - layers, rules, sets, elements and endpoints on both
 * outputs, and rules as a person would write them.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "show.h"

static struct snapshot_layer layers[] = {
	{1, "org", true, {12, 3}}, {2, "", true, {0, 0}}, {7, "sandbox", false, {0, 0}}};
static struct snapshot_labelled sets[] = {{3, "egress"}, {4, ""}, {UINT32_MAX, "last"}};
static struct snapshot_rule rules[4];
static struct lbmesh_element elements[4];
static struct snapshot_endpoint endpoints[2];
static struct snapshot snapshot;
static char *text;
static size_t text_len;
static FILE *to;

static struct vector vector_of(void *items, size_t count, size_t size)
{
	return (struct vector){items, count, count, size};
}

#define VECTOR(array) vector_of(array, lbctl_array_size(array), sizeof((array)[0]))

static struct lbmesh_prefix prefix(const char *from)
{
	struct lbmesh_prefix parsed;

	cr_assert_eq(lbmesh_prefix_parse(from, &parsed), 0, "%s", from);
	return parsed;
}

static struct lbmesh_selector address(const char *from)
{
	return (struct lbmesh_selector){.kind = LBMESH_SELECTOR_PREFIX, .prefix = prefix(from)};
}

static const char *protocol(uint8_t number)
{
	static struct protocol_text shown;

	return protocol_format(number, &shown);
}

static void rule_take(size_t i, const struct lbmesh_rule *rule,
		      const struct lbmesh_rule_state *state)
{
	cr_assert_eq(snapshot_rule_take(rule, state, &rules[i]), 0);
}

static const struct lbmesh_range web[] = {{80, 80}, {443, 443}, {8000, 8099}};

static void rules_make(void)
{
	rule_take(0,
		  &(struct lbmesh_rule){
			  .layer = 1,
			  .id = 5,
			  .position = 10,
			  .has_direction = true,
			  .has_protocol = true,
			  .protocol = 6,
			  .src = address("10.0.0.0/8"),
			  .dst = {.kind = LBMESH_SELECTOR_SET, .set = 3},
			  .dst_ports = web,
			  .n_dst_ports = lbctl_array_size(web),
			  .log = true,
		  },
		  &(struct lbmesh_rule_state){1234, true, 3400});
	rule_take(1,
		  &(struct lbmesh_rule){
			  .layer = 1, .id = 4, .position = 20, .action = LBMESH_ACTION_DENY},
		  &(struct lbmesh_rule_state){0});
	rule_take(2,
		  &(struct lbmesh_rule){
			  .layer = 7,
			  .id = 1,
			  .position = 0,
			  .has_direction = true,
			  .direction = LBMESH_DIRECTION_EGRESS,
			  .has_protocol = true,
			  .protocol = 58,
			  .src = address("fd00::1"),
			  .dst = {.kind = LBMESH_SELECTOR_KEYWORD,
				  .keyword = LBMESH_KEYWORD_INTERNET},
			  .has_icmp_type = true,
			  .icmp_type = 128,
			  .has_icmp_code = true,
			  .action = LBMESH_ACTION_REJECT,
		  },
		  NULL);
	rule_take(3,
		  &(struct lbmesh_rule){.layer = 7,
					.id = 2,
					.position = 1,
					.has_protocol = true,
					.protocol = 17,
					.src_ports = web,
					.n_src_ports = 1,
					.action = LBMESH_ACTION_PASS},
		  &(struct lbmesh_rule_state){UINT64_MAX, true, UINT64_MAX});
}

static void setup(void)
{
	rules_make();
	elements[0] = (struct lbmesh_element){3, prefix("10.0.0.0/8"), false, 0};
	elements[1] = (struct lbmesh_element){3, prefix("192.0.2.1"), true, 1500};
	elements[2] = (struct lbmesh_element){UINT32_MAX, prefix("fd00::/8"), false, 0};
	elements[3] = (struct lbmesh_element){UINT32_MAX, prefix("fd00::1"), true, UINT32_MAX};
	endpoints[0] = (struct snapshot_endpoint){
		.endpoint = {.id = 1,
			     .kind = LBMESH_ENDPOINT_KIND_SANDBOX,
			     .ifindex = 1,
			     .ipv4 = prefix("10.0.0.1"),
			     .ipv6 = prefix("fd00::1"),
			     .n_layers = 2,
			     .has_egress_default = true,
			     .egress_default = LBMESH_ACTION_REJECT},
		.label = "web",
		.layers = {7, 1},
	};
	endpoints[1] = (struct snapshot_endpoint){
		.endpoint = {.id = 2, .ifindex = 0x7ffffff0, .n_layers = 1}, .layers = {1}};
	snapshot.layers = VECTOR(layers);
	snapshot.rules = VECTOR(rules);
	snapshot.sets = VECTOR(sets);
	snapshot.elements = VECTOR(elements);
	snapshot.endpoints = VECTOR(endpoints);
}

static struct output *begin(bool json)
{
	struct output *out;

	to = open_memstream(&text, &text_len);
	cr_assert(to);
	out = output_new(json, to);
	cr_assert(out);
	return out;
}

static void expect(struct output *out, const char *expected)
{
	cr_assert_eq(output_finish(out), 0);
	output_freep(&out);
	cr_assert_eq(fclose(to), 0);
	cr_assert_str_eq(text, expected, "%s", text);
	free(text);
}

/* json-c breaks lines as it likes. */
static void expect_json(struct output *out, const char *expected)
{
	char *end;

	cr_assert_eq(output_finish(out), 0);
	output_freep(&out);
	cr_assert_eq(fclose(to), 0);
	end = text;
	for (const char *c = text; *c; c++) {
		if (*c != '\n' && !(*c == ' ' && (c[1] == ' ' || c[-1] == ' ' || c[1] == '"')))
			*end++ = *c;
	}
	*end = '\0';
	cr_assert_not_null(strstr(text, expected), "%s", text);
	free(text);
}

TestSuite(firewall, .init = setup);

Test(firewall, a_rule_is_shown_as_a_person_would_write_it)
{
	struct lbmesh_rule rule = snapshot_rule(&rules[0]);
	struct rule_text shown;
	char expected[128];

	(void)snprintf(expected, sizeof(expected),
		       "10 ingress %s from 10.0.0.0/8 to set 3 port 80,443,8000-8099 allow log",
		       protocol(6));
	cr_assert_str_eq(rule_format(&rule, &shown), expected);
	rule = snapshot_rule(&rules[1]);
	cr_assert_str_eq(rule_format(&rule, &shown), "20 from any to any deny");
	rule = snapshot_rule(&rules[2]);
	(void)snprintf(expected, sizeof(expected),
		       "0 egress %s from fd00::1 to internet type 128 code 0 reject", protocol(58));
	cr_assert_str_eq(rule_format(&rule, &shown), expected);
	rule = snapshot_rule(&rules[3]);
	(void)snprintf(expected, sizeof(expected), "1 %s from any port 80 to any pass",
		       protocol(17));
	cr_assert_str_eq(rule_format(&rule, &shown), expected);
}

Test(firewall, the_longest_rule_is_not_cut)
{
	struct lbmesh_range ports[LBMESH_RULE_RANGES_MAX];
	struct lbmesh_rule rule = {
		.position = UINT32_MAX,
		.has_direction = true,
		.has_protocol = true,
		.protocol = 58,
		.src = address("2001:db8:1111:2222:3333:4444:5555:6660/127"),
		.dst = address("2001:db8:1111:2222:3333:4444:5555:6660/127"),
		.src_ports = ports,
		.n_src_ports = LBMESH_RULE_RANGES_MAX,
		.dst_ports = ports,
		.n_dst_ports = LBMESH_RULE_RANGES_MAX,
		.has_icmp_type = true,
		.icmp_type = 255,
		.has_icmp_code = true,
		.icmp_code = 255,
		.action = LBMESH_ACTION_REJECT,
		.log = true,
	};
	struct rule_text shown;

	for (size_t i = 0; i < LBMESH_RULE_RANGES_MAX; i++)
		ports[i] = (struct lbmesh_range){65534, 65535};
	(void)rule_format(&rule, &shown);
	cr_assert_str_eq(shown.text + strlen(shown.text) - 10, "reject log");
}

Test(firewall, a_rule_with_more_ports_than_a_rule_can_have_is_refused)
{
	struct lbmesh_rule rule = {.n_dst_ports = LBMESH_RULE_RANGES_MAX + 1, .dst_ports = web};
	struct snapshot_rule item;

	cr_assert_lt(snapshot_rule_take(&rule, NULL, &item), 0);
}

Test(firewall, rules_come_with_their_hits)
{
	struct output *out = begin(false);
	char expected[256];

	show_rules(out, &snapshot, &(struct options){.layer = 7});
	(void)snprintf(expected, sizeof(expected),
		       "LAYER  RULE  HITS                  LAST HIT       TEXT\n"
		       "7      1     -                     -              0 egress %s from fd00::1",
		       protocol(58));
	cr_assert_eq(output_finish(out), 0);
	output_freep(&out);
	cr_assert_eq(fclose(to), 0);
	cr_assert_eq(strncmp(text, expected, strlen(expected)), 0, "%s", text);
	cr_assert_not_null(strstr(text, "18446744073709551615  213503982334d  1 "));
	cr_assert_null(strstr(text, "deny"));
	free(text);
}

Test(firewall, a_rule_that_was_never_hit_says_so)
{
	struct output *out = begin(false);

	snapshot.rules.count = 2;
	show_rules(out, &snapshot, &(struct options){0});
	cr_assert_eq(output_finish(out), 0);
	output_freep(&out);
	cr_assert_eq(fclose(to), 0);
	cr_assert_not_null(strstr(text, "\n1      5     1234  3.4s      10 ingress "));
	cr_assert_not_null(
		strstr(text, "\n1      4     0     never     20 from any to any deny\n"));
	free(text);
}

Test(firewall, ages_are_the_coarser_the_older)
{
	static const struct {
		uint64_t ms;
		const char *shown;
	} cases[] = {
		{0, " 0.0s "},	    {9999, " 9.9s "},	  {10000, " 10s "},
		{119999, " 119s "}, {120000, " 2m "},	  {7199999, " 119m "},
		{7200000, " 2h "},  {172799999, " 47h "}, {172800000, " 2d "},
	};

	snapshot.rules.count = 1;
	for (size_t i = 0; i < lbctl_array_size(cases); i++) {
		struct output *out = begin(false);

		rules[0].state.last_hit_ms = cases[i].ms;
		show_rules(out, &snapshot, &(struct options){0});
		cr_assert_eq(output_finish(out), 0);
		output_freep(&out);
		cr_assert_eq(fclose(to), 0);
		cr_assert_not_null(strstr(text, cases[i].shown), "%s", text);
		free(text);
	}
}

Test(firewall, programs_get_each_part_of_a_rule_by_itself)
{
	struct output *out = begin(true);
	char expected[512];

	snapshot.rules.count = 1;
	show_rules(out, &snapshot, &(struct options){.json = true});
	(void)snprintf(
		expected, sizeof(expected),
		"\"last_hit_ms\":3400,\"text\":\"10 ingress %s from 10.0.0.0/8 to set 3 port "
		"80,443,8000-8099 allow log\",\"position\":10,\"direction\":\"ingress\","
		"\"protocol\":\"%s\",\"source\":\"10.0.0.0/8\",\"source_ports\":[],"
		"\"destination\":\"set 3\",\"destination_ports\":[\"80\",\"443\","
		"\"8000-8099\"],\"icmp_type\":null,\"icmp_code\":null,"
		"\"action\":\"allow\",\"log\":true}",
		protocol(6), protocol(6));
	expect_json(out, expected);
}

Test(firewall, an_address_has_its_length_in_the_fields)
{
	struct output *out = begin(true);

	show_rules(out, &snapshot, &(struct options){.json = true, .layer = 7});
	expect_json(out,
		    "\"source\":\"fd00::1/128\",\"source_ports\":[],\"destination\":"
		    "\"internet\",\"destination_ports\":[],\"icmp_type\":128,\"icmp_code\":0,");
}

Test(firewall, layers_count_their_rules_and_who_uses_them)
{
	struct output *out = begin(false);

	show_layers(out, &snapshot, &(struct options){0});
	expect(out, "LAYER  LABEL    RULES  ENDPOINTS  DENIED  REJECTED\n"
		    "1      org      2      2          12      3\n"
		    "2      -        0      0          0       0\n"
		    "7      sandbox  2      1          -       -\n");
}

Test(firewall, sets_count_their_elements_to_the_last_id)
{
	struct output *out = begin(false);

	show_sets(out, &snapshot, &(struct options){0});
	expect(out, "SET         LABEL   ELEMENTS\n"
		    "3           egress  2\n"
		    "4           -       0\n"
		    "4294967295  last    2\n");
}

Test(firewall, elements_say_how_long_they_stay)
{
	struct output *out = begin(false);

	show_elements(out, &snapshot, &(struct options){.set = 3});
	expect(out, "SET  ADDRESS       LEFT MS  LEARNED\n"
		    "3    10.0.0.0/8    -        no\n"
		    "3    192.0.2.1/32  1500     yes\n");
	out = begin(true);
	show_elements(out, &snapshot, &(struct options){.set = UINT32_MAX, .json = true});
	expect_json(out, "{\"set\":4294967295,\"address\":\"fd00::1/128\",\"left_ms\":4294967295,"
			 "\"learned\":true}");
}

Test(firewall, endpoints_have_their_layers_in_order)
{
	struct output *out = begin(false);

	show_endpoints(out, &snapshot, &(struct options){0});
	expect(out, "ENDPOINT  LABEL  KIND     INTERFACE  IFINDEX     IPV4      IPV6     LAYERS  "
		    "INGRESS DEFAULT  EGRESS DEFAULT\n"
		    "1         web    sandbox  lo         1           10.0.0.1  fd00::1  7,1     "
		    "-                reject\n"
		    "2         -      host     -          2147483632  -         -        1       "
		    "-                -\n");
}

Test(firewall, an_empty_firewall_has_headers_only)
{
	const struct snapshot empty = {0};
	struct output *out = begin(false);

	show_layers(out, &empty, &(struct options){0});
	show_sets(out, &empty, &(struct options){0});
	show_elements(out, &empty, &(struct options){0});
	show_flows(out, &empty, &(struct options){0});
	expect(out, "LAYER  LABEL  RULES  ENDPOINTS  DENIED  REJECTED\n"
		    "SET  LABEL  ELEMENTS\n"
		    "SET  ADDRESS  LEFT MS  LEARNED\n"
		    "ENDPOINT  DIRECTION  PROTOCOL  SOURCE  SOURCE PORT  DESTINATION  "
		    "DESTINATION PORT  VERDICT  REASON  LAYER  RULE  VERDICT GENERATION  HITS\n");
}
