// SPDX-License-Identifier: GPL-2.0
/*
 * The firewall's objects in commits: layers, rules, sets, elements and endpoints. What is refused,
 * sentence by sentence; what the dumps show; what a delta adds, changes and removes, and what may not
 * go; limits; and that a state that is restated is no new generation. Nothing here needs WireGuard.
 */

#include <errno.h>
#include <linux/netlink.h>
#include <net/if.h>

#include "kselftest_harness.h"
#include "policy.h"
#include "raw.h"
#include "refusal.h"
#include "rows.h"
#include "util.h"

FIXTURE(firewall)
{
	struct raw raw;
	struct lbmesh *conn;
	struct lbmesh_result result;
};

FIXTURE_SETUP(firewall)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	ASSERT_EQ(0, raw_open(&self->raw));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
}

FIXTURE_TEARDOWN(firewall)
{
	raw_close(&self->raw);
	lbmesh_close(self->conn);
}

#define ASSERT_RUN(commit) \
	ASSERT_EQ(0, run(self->conn, commit, &self->result)) \
		TH_LOG("\"%s\"", self->result.error.message)

#define EXPECT_REFUSED(error_, sentence, commit) do { \
	EXPECT_EQ(error_, run(self->conn, commit, &self->result)); \
	EXPECT_STREQ(sentence, self->result.error.message); \
} while (0)

#define EXPECT_DUMP(want, command) \
	EXPECT_STREQ(want, dump_text(&self->raw, LBMESH_CMD_##command##_GET, 0))

/* --- Refusals ------------------------------------------------------------------------------------ */

enum { LAYER_1, LAYER_2, A_SET, A_RULE, AN_ELEMENT, AN_ENDPOINT, OBJECTS };

/* Attributes inside of a nest; the test machine is little-endian, as all of ours are. */
#define IN8(type, value)  5, 0, type, 0, value, 0, 0, 0
#define IN16(type, value) 6, 0, type, 0, (value) & 255, (value) >> 8, 0, 0
#define IN32(type, value) 8, 0, type, 0, value, 0, 0, 0
#define IN_IPV4(a, b, c, d) 8, 0, LBMESH_A_SELECTOR_IPV4, 0, a, b, c, d
#define IN_IPV6(last) \
	20, 0, LBMESH_A_SELECTOR_IPV6, 0, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last
#define NESTED(type, ...) BYTES((type) | NLA_F_NESTED, __VA_ARGS__)
#define SRC(...) NESTED(LBMESH_A_RULE_SRC, __VA_ARGS__)
#define DST(...) NESTED(LBMESH_A_RULE_DST, __VA_ARGS__)
#define RANGE(type, first, last) \
	NESTED(type, IN16(LBMESH_A_RANGE_FIRST, first), IN16(LBMESH_A_RANGE_LAST, last))
#define PROTOCOL(value) BYTES(LBMESH_A_RULE_PROTOCOL, value)

static const struct object good[OBJECTS] = {
	[LAYER_1] = { LBMESH_A_LAYER, { NUMBER(LBMESH_A_LAYER_ID, 1) } },
	[LAYER_2] = { LBMESH_A_LAYER, { NUMBER(LBMESH_A_LAYER_ID, 2) } },
	[A_SET] = { LBMESH_A_SET, { NUMBER(LBMESH_A_SET_ID, 1) } },
	[A_RULE] = { LBMESH_A_RULE, {
		NUMBER(LBMESH_A_RULE_LAYER, 1),
		NUMBER(LBMESH_A_RULE_ID, 1),
		NUMBER(LBMESH_A_RULE_POSITION, 10),
		BYTES(LBMESH_A_RULE_ACTION, LBMESH_ACTION_ALLOW) } },
	[AN_ELEMENT] = { LBMESH_A_ELEMENT, {
		NUMBER(LBMESH_A_ELEMENT_SET, 1),
		BYTES(LBMESH_A_ELEMENT_IPV4, 10, 0, 0, 1) } },
	[AN_ENDPOINT] = { LBMESH_A_ENDPOINT, {
		NUMBER(LBMESH_A_ENDPOINT_ID, 1),
		TEXT(LBMESH_A_ENDPOINT_IFNAME, "lo"),
		BYTES(LBMESH_A_ENDPOINT_KIND, LBMESH_ENDPOINT_KIND_SANDBOX),
		BYTES(LBMESH_A_ENDPOINT_IPV4, 10, 0, 0, 1),
		NUMBER(LBMESH_A_ENDPOINT_LAYER, 1),
		NUMBER(LBMESH_A_ENDPOINT_LAYER, 2) } },
};

#define RUN_ROWS(rows) \
	rows_run(_metadata, &self->raw, self->conn, good, OBJECTS, rows, COUNT_OF(rows))

static void put_good(struct raw *raw)
{
	size_t other;

	raw_begin(raw, LBMESH_CMD_COMMIT, 0);
	raw_put_u8(raw, LBMESH_A_MODE, LBMESH_COMMIT_MODE_REPLACE);
	for (int i = 0; i < OBJECTS; i++)
		object_put(raw, &good[i], NULL, &other, &other, &other);
}

TEST_F(firewall, with_nothing_wrong_is_accepted)
{
	struct raw_answer answer;

	put_good(&self->raw);
	answer = raw_ask(&self->raw);
	EXPECT_EQ(0, answer.error) TH_LOG("%s", answer.message);
	EXPECT_TRUE(generation_settles(self->conn));
	EXPECT_EQ(1, generation_number(self->conn));
}

TEST_F(firewall, refuses_a_bad_layer_or_set)
{
	const struct row rows[] = {
		{ .sentence = "a layer without id", .object = LAYER_2, .drop = LBMESH_A_LAYER_ID,
		  .error = EINVAL, .start = "layer: id is required" },
		{ .sentence = "a layer twice", .object = LAYER_1, .again = true,
		  .error = EEXIST, .start = "layer: the id comes twice" },
		{ .sentence = "a layer removed in mode replace", .object = LAYER_2,
		  .put = { MARK(LBMESH_A_LAYER_REMOVE) }, .error = EINVAL,
		  .start = "layer: remove is for mode delta", .culprit = LBMESH_A_LAYER_REMOVE },
		{ .sentence = "a set without id", .object = A_SET, .drop = LBMESH_A_SET_ID,
		  .error = EINVAL, .start = "set: id is required" },
		{ .sentence = "a set twice", .object = A_SET, .again = true,
		  .put = { TEXT(LBMESH_A_SET_LABEL, "x") },
		  .error = EEXIST, .start = "set: the id comes twice" },
		{ .sentence = "a set removed in mode replace", .object = A_SET,
		  .put = { MARK(LBMESH_A_SET_REMOVE) }, .error = EINVAL,
		  .start = "set: remove is for mode delta", .culprit = LBMESH_A_SET_REMOVE },
	};

	RUN_ROWS(rows);
}

TEST_F(firewall, refuses_a_bad_rule)
{
	const struct row rows[] = {
		{ .sentence = "no layer", .object = A_RULE, .drop = LBMESH_A_RULE_LAYER,
		  .error = EINVAL, .start = "rule: layer is required" },
		{ .sentence = "no id", .object = A_RULE, .drop = LBMESH_A_RULE_ID,
		  .error = EINVAL, .start = "rule: id is required" },
		{ .sentence = "no position", .object = A_RULE, .drop = LBMESH_A_RULE_POSITION,
		  .error = EINVAL, .start = "rule: position is required for a new rule" },
		{ .sentence = "no action", .object = A_RULE, .drop = LBMESH_A_RULE_ACTION,
		  .error = EINVAL, .start = "rule: action is required" },
		{ .sentence = "an unknown layer", .object = A_RULE,
		  .put = { NUMBER(LBMESH_A_RULE_LAYER, 3) }, .error = ENOENT,
		  .start = "rule: there is no such layer", .culprit = LBMESH_A_RULE_LAYER },
		{ .sentence = "layer 0", .object = A_RULE,
		  .put = { NUMBER(LBMESH_A_RULE_LAYER, 0) }, .error = ENOENT,
		  .start = "rule: there is no such layer", .culprit = LBMESH_A_RULE_LAYER },
		{ .sentence = "the same key twice", .object = A_RULE, .again = true,
		  .put = { NUMBER(LBMESH_A_RULE_POSITION, 11) },
		  .error = EEXIST, .start = "rule: the key comes twice" },
		{ .sentence = "two at one position", .object = A_RULE, .again = true,
		  .put = { NUMBER(LBMESH_A_RULE_ID, 2), NUMBER(LBMESH_A_RULE_POSITION, 10) },
		  .error = EEXIST, .start = "rule: another rule of the layer has this position",
		  .culprit = LBMESH_A_RULE_POSITION },
		{ .sentence = "remove in mode replace", .object = A_RULE,
		  .put = { MARK(LBMESH_A_RULE_REMOVE) }, .error = EINVAL,
		  .start = "rule: remove is for mode delta", .culprit = LBMESH_A_RULE_REMOVE },
	};

	RUN_ROWS(rows);
}

TEST_F(firewall, refuses_a_bad_selector)
{
	const uint16_t src = LBMESH_A_RULE_SRC | NLA_F_NESTED;
	const uint16_t dst = LBMESH_A_RULE_DST | NLA_F_NESTED;
	const struct row rows[] = {
		{ .sentence = "ipv4 and set", .object = A_RULE,
		  .put = { SRC(IN_IPV4(10, 0, 0, 1), IN32(LBMESH_A_SELECTOR_SET, 1)) },
		  .error = EINVAL, .start = "rule: a selector is one of", .culprit = src },
		{ .sentence = "set and keyword", .object = A_RULE,
		  .put = { DST(IN32(LBMESH_A_SELECTOR_SET, 1), IN8(LBMESH_A_SELECTOR_KEYWORD, 1)) },
		  .error = EINVAL, .start = "rule: a selector is one of", .culprit = dst },
		{ .sentence = "ipv4 and ipv6", .object = A_RULE,
		  .put = { SRC(IN_IPV4(10, 0, 0, 1), IN_IPV6(1)) },
		  .error = EINVAL, .start = "rule: a selector is one of", .culprit = src },
		{ .sentence = "only a length", .object = A_RULE,
		  .put = { SRC(IN8(LBMESH_A_SELECTOR_PREFIX_LEN, 8)) },
		  .error = EINVAL, .start = "rule: a selector is one of", .culprit = src },
		{ .sentence = "a length of a set", .object = A_RULE,
		  .put = { SRC(IN8(LBMESH_A_SELECTOR_PREFIX_LEN, 8),
			       IN32(LBMESH_A_SELECTOR_SET, 1)) },
		  .error = EINVAL, .start = "rule: prefix-len is for an address only",
		  .culprit = src, .inside = 4 },
		{ .sentence = "33 bits of IPv4", .object = A_RULE,
		  .put = { SRC(IN8(LBMESH_A_SELECTOR_PREFIX_LEN, 33), IN_IPV4(10, 0, 0, 0)) },
		  .error = EINVAL, .start = "rule: prefix-len is longer", .culprit = src,
		  .inside = 4 },
		{ .sentence = "host bits of IPv4", .object = A_RULE,
		  .put = { DST(IN_IPV4(10, 0, 0, 1), IN8(LBMESH_A_SELECTOR_PREFIX_LEN, 24)) },
		  .error = EINVAL, .start = "rule: bits of the address beyond", .culprit = dst,
		  .inside = 4 },
		{ .sentence = "host bits of IPv6", .object = A_RULE,
		  .put = { DST(IN_IPV6(1), IN8(LBMESH_A_SELECTOR_PREFIX_LEN, 64)) },
		  .error = EINVAL, .start = "rule: bits of the address beyond", .culprit = dst,
		  .inside = 4 },
		{ .sentence = "an unknown set", .object = A_RULE,
		  .put = { SRC(IN32(LBMESH_A_SELECTOR_SET, 7)) },
		  .error = ENOENT, .start = "rule: there is no such set", .culprit = src,
		  .inside = 4 },
		{ .sentence = "an unknown set as the destination", .object = A_RULE,
		  .put = { SRC(IN32(LBMESH_A_SELECTOR_SET, 1)),
			   DST(IN32(LBMESH_A_SELECTOR_SET, 7)) },
		  .error = ENOENT, .start = "rule: there is no such set", .culprit = dst,
		  .inside = 4 },
		{ .sentence = "two families", .object = A_RULE,
		  .put = { SRC(IN_IPV4(10, 0, 0, 1)), DST(IN_IPV6(1)) },
		  .error = EINVAL, .start = "rule: src and dst are of two families",
		  .culprit = dst },
		{ .sentence = "ICMPv6 from IPv4", .object = A_RULE,
		  .put = { SRC(IN_IPV4(10, 0, 0, 1)), PROTOCOL(58) },
		  .error = EINVAL, .start = "rule: ICMPv6 has no IPv4 addresses",
		  .culprit = LBMESH_A_RULE_PROTOCOL },
		{ .sentence = "ICMP to IPv6", .object = A_RULE,
		  .put = { DST(IN_IPV6(1)), PROTOCOL(1) },
		  .error = EINVAL, .start = "rule: ICMP has no IPv6 addresses",
		  .culprit = LBMESH_A_RULE_PROTOCOL },
	};

	RUN_ROWS(rows);
}

TEST_F(firewall, refuses_bad_ports_and_icmp_types)
{
	const uint16_t src = LBMESH_A_RULE_SRC_PORT | NLA_F_NESTED;
	const uint16_t dst = LBMESH_A_RULE_DST_PORT | NLA_F_NESTED;
	const struct row rows[] = {
		{ .sentence = "ports of any protocol", .object = A_RULE,
		  .put = { RANGE(LBMESH_A_RULE_DST_PORT, 80, 80) },
		  .error = EINVAL, .start = "rule: ports are for protocols", .culprit = dst },
		{ .sentence = "ports of ICMP", .object = A_RULE,
		  .put = { PROTOCOL(1), RANGE(LBMESH_A_RULE_SRC_PORT, 80, 80) },
		  .error = EINVAL, .start = "rule: ports are for protocols", .culprit = src },
		{ .sentence = "ports of ESP", .object = A_RULE,
		  .put = { PROTOCOL(50), RANGE(LBMESH_A_RULE_SRC_PORT, 80, 80) },
		  .error = EINVAL, .start = "rule: ports are for protocols", .culprit = src },
		{ .sentence = "a range that ends before it begins", .object = A_RULE,
		  .put = { PROTOCOL(6), RANGE(LBMESH_A_RULE_DST_PORT, 300, 299) },
		  .error = EINVAL, .start = "rule: a range of ports ends before", .culprit = dst },
		{ .sentence = "a range without its end", .object = A_RULE,
		  .put = { PROTOCOL(6), NESTED(LBMESH_A_RULE_DST_PORT,
					       IN16(LBMESH_A_RANGE_FIRST, 80)) },
		  .error = EINVAL, .start = "rule: a range of ports is first and last",
		  .culprit = dst },
		{ .sentence = "an ICMP type of any protocol", .object = A_RULE,
		  .put = { BYTES(LBMESH_A_RULE_ICMP_TYPE, 8) },
		  .error = EINVAL, .start = "rule: icmp-type is for protocols",
		  .culprit = LBMESH_A_RULE_ICMP_TYPE },
		{ .sentence = "an ICMP type of UDP", .object = A_RULE,
		  .put = { PROTOCOL(17), BYTES(LBMESH_A_RULE_ICMP_TYPE, 8) },
		  .error = EINVAL, .start = "rule: icmp-type is for protocols",
		  .culprit = LBMESH_A_RULE_ICMP_TYPE },
		{ .sentence = "an ICMP code without a type", .object = A_RULE,
		  .put = { PROTOCOL(1), BYTES(LBMESH_A_RULE_ICMP_CODE, 0) },
		  .error = EINVAL, .start = "rule: icmp-code is for a rule with icmp-type",
		  .culprit = LBMESH_A_RULE_ICMP_CODE },
	};

	RUN_ROWS(rows);
}

TEST_F(firewall, takes_16_ranges_on_each_side_and_refuses_one_more)
{
	struct lbmesh_range ranges[17] = {};
	struct lbmesh_rule rule = rule_of(1, 1, 1);
	struct lbmesh_commit *commit;

	rule.has_protocol = true;
	rule.protocol = 132;
	rule.src_ports = ranges;
	rule.dst_ports = ranges;
	for (int more = 0; more < 3; more++) {
		rule.n_src_ports = 16 + (more == 1);
		rule.n_dst_ports = 16 + (more == 2);
		commit = replace_new();
		put_layer(commit, 1);
		must(lbmesh_commit_put_rule(commit, &rule));
		if (more)
			EXPECT_REFUSED(EINVAL, "rule: more than 16 ranges of ports on one side",
				       commit);
		else
			ASSERT_RUN(commit);
	}
}

TEST_F(firewall, refuses_a_bad_element)
{
	const struct row rows[] = {
		{ .sentence = "no set", .object = AN_ELEMENT, .drop = LBMESH_A_ELEMENT_SET,
		  .error = EINVAL, .start = "element: set is required" },
		{ .sentence = "no address", .object = AN_ELEMENT, .drop = LBMESH_A_ELEMENT_IPV4,
		  .error = EINVAL, .start = "element: exactly one of ipv4 and ipv6" },
		{ .sentence = "two addresses", .object = AN_ELEMENT,
		  .put = { FAMILY6(LBMESH_A_ELEMENT_IPV6, 1) },
		  .error = EINVAL, .start = "element: exactly one of ipv4 and ipv6" },
		{ .sentence = "an unknown set", .object = AN_ELEMENT,
		  .put = { NUMBER(LBMESH_A_ELEMENT_SET, 2) }, .error = ENOENT,
		  .start = "element: there is no such set", .culprit = LBMESH_A_ELEMENT_SET },
		{ .sentence = "33 bits", .object = AN_ELEMENT,
		  .put = { BYTES(LBMESH_A_ELEMENT_PREFIX_LEN, 33) }, .error = EINVAL,
		  .start = "element: prefix-len is longer",
		  .culprit = LBMESH_A_ELEMENT_PREFIX_LEN },
		{ .sentence = "host bits", .object = AN_ELEMENT,
		  .put = { BYTES(LBMESH_A_ELEMENT_PREFIX_LEN, 24) }, .error = EINVAL,
		  .start = "element: bits of the address beyond",
		  .culprit = LBMESH_A_ELEMENT_IPV4 },
		{ .sentence = "a timeout", .object = AN_ELEMENT,
		  .put = { NUMBER(LBMESH_A_ELEMENT_TIMEOUT, 1000) }, .error = EINVAL,
		  .start = "element: one with a timeout belongs in set-update",
		  .culprit = LBMESH_A_ELEMENT_TIMEOUT },
		{ .sentence = "learned", .object = AN_ELEMENT,
		  .put = { MARK(LBMESH_A_ELEMENT_LEARNED) }, .error = EINVAL,
		  .start = "element: learned is for answers only",
		  .culprit = LBMESH_A_ELEMENT_LEARNED },
		{ .sentence = "the same twice", .object = AN_ELEMENT, .again = true,
		  .put = { BYTES(LBMESH_A_ELEMENT_PREFIX_LEN, 32) },
		  .error = EEXIST, .start = "element: the address comes twice" },
		{ .sentence = "remove in mode replace", .object = AN_ELEMENT,
		  .put = { MARK(LBMESH_A_ELEMENT_REMOVE) }, .error = EINVAL,
		  .start = "element: remove is for mode delta",
		  .culprit = LBMESH_A_ELEMENT_REMOVE },
	};

	RUN_ROWS(rows);
}

TEST_F(firewall, refuses_a_bad_endpoint)
{
	const struct row rows[] = {
		{ .sentence = "no id", .object = AN_ENDPOINT, .drop = LBMESH_A_ENDPOINT_ID,
		  .error = EINVAL, .start = "endpoint: id is required" },
		{ .sentence = "no kind", .object = AN_ENDPOINT, .drop = LBMESH_A_ENDPOINT_KIND,
		  .error = EINVAL, .start = "endpoint: kind is required" },
		{ .sentence = "no interface", .object = AN_ENDPOINT,
		  .drop = LBMESH_A_ENDPOINT_IFNAME,
		  .error = EINVAL, .start = "endpoint: exactly one of ifindex and ifname" },
		{ .sentence = "two interfaces", .object = AN_ENDPOINT,
		  .put = { NUMBER(LBMESH_A_ENDPOINT_IFINDEX, 1) },
		  .error = EINVAL, .start = "endpoint: exactly one of ifindex and ifname" },
		{ .sentence = "a name that none has", .object = AN_ENDPOINT,
		  .put = { TEXT(LBMESH_A_ENDPOINT_IFNAME, "eth77") }, .error = ENODEV,
		  .start = "endpoint: there is no such interface",
		  .culprit = LBMESH_A_ENDPOINT_IFNAME },
		{ .sentence = "an index that none has", .object = AN_ENDPOINT,
		  .drop = LBMESH_A_ENDPOINT_IFNAME,
		  .put = { NUMBER(LBMESH_A_ENDPOINT_IFINDEX, 4000000000) }, .error = ENODEV,
		  .start = "endpoint: there is no such interface",
		  .culprit = LBMESH_A_ENDPOINT_IFINDEX },
		{ .sentence = "a sandbox without address", .object = AN_ENDPOINT,
		  .drop = LBMESH_A_ENDPOINT_IPV4,
		  .error = EINVAL, .start = "endpoint: a sandbox has an address" },
		{ .sentence = "an unknown layer", .object = AN_ENDPOINT,
		  .put = { NUMBER(LBMESH_A_ENDPOINT_LAYER, 3) }, .error = ENOENT,
		  .start = "endpoint: there is no such layer", .culprit = LBMESH_A_ENDPOINT_LAYER },
		{ .sentence = "pass by default", .object = AN_ENDPOINT,
		  .put = { BYTES(LBMESH_A_ENDPOINT_INGRESS_DEFAULT, LBMESH_ACTION_PASS) },
		  .error = EINVAL, .start = "endpoint: a default is allow, deny or reject",
		  .culprit = LBMESH_A_ENDPOINT_INGRESS_DEFAULT },
		{ .sentence = "pass out by default", .object = AN_ENDPOINT,
		  .put = { BYTES(LBMESH_A_ENDPOINT_EGRESS_DEFAULT, LBMESH_ACTION_PASS) },
		  .error = EINVAL, .start = "endpoint: a default is allow, deny or reject",
		  .culprit = LBMESH_A_ENDPOINT_EGRESS_DEFAULT },
		{ .sentence = "the same id twice", .object = AN_ENDPOINT, .again = true,
		  .error = EEXIST, .start = "endpoint: the id comes twice" },
		{ .sentence = "the same address twice", .object = AN_ENDPOINT, .again = true,
		  .put = { NUMBER(LBMESH_A_ENDPOINT_ID, 2) },
		  .error = EEXIST, .start = "endpoint: another one has this interface and address" },
		{ .sentence = "remove in mode replace", .object = AN_ENDPOINT,
		  .put = { MARK(LBMESH_A_ENDPOINT_REMOVE) }, .error = EINVAL,
		  .start = "endpoint: remove is for mode delta",
		  .culprit = LBMESH_A_ENDPOINT_REMOVE },
	};

	RUN_ROWS(rows);
}

TEST_F(firewall, takes_8_layers_of_an_endpoint_each_once)
{
	static const struct {
		uint32_t layers[9];
		size_t count;
		int error;
		const char *sentence;
	} cases[] = {
		{ { 1, 2, 3, 4, 5, 6, 7, 8 }, 8, 0, "" },
		{ { 8, 1 }, 2, 0, "" },
		{ { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, 9, EINVAL, "endpoint: more than 8 layers" },
		{ { 1, 2, 1 }, 3, EEXIST, "endpoint: a layer is named twice" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct lbmesh_commit *commit = replace_new();

		for (uint32_t layer = 1; layer <= 9; layer++)
			put_layer(commit, layer);
		must(lbmesh_commit_put_endpoint(commit, &(struct lbmesh_endpoint){
			.id = 1, .kind = LBMESH_ENDPOINT_KIND_HOST, .ifname = "lo",
			.layers = cases[i].layers, .n_layers = cases[i].count }));
		EXPECT_REFUSED(cases[i].error, cases[i].sentence, commit);
	}
	EXPECT_DUMP("endpoint id 1 kind 0 ifindex 1 layer 8 layer 1\n", ENDPOINT);
}

/* --- What is shown ------------------------------------------------------------------------------- */

static struct lbmesh_commit *full_new(bool by_index)
{
	static const struct lbmesh_range ranges[] = { { 80, 80 }, { 8000, 8099 }, { 0, 65535 } };
	struct lbmesh_commit *commit = replace_new();
	struct lbmesh_endpoint endpoint = {
		.id = 5, .label = "web", .kind = LBMESH_ENDPOINT_KIND_SANDBOX,
		.ifname = by_index ? NULL : "lo", .ifindex = by_index ? 1 : 0,
		.layers = (uint32_t[]){ 2, 1 }, .n_layers = 2, .has_ingress_default = true,
		.ingress_default = LBMESH_ACTION_REJECT, .has_egress_default = true,
		.egress_default = LBMESH_ACTION_DENY,
	};
	struct lbmesh_rule rule = rule_of(1, 7, 30);

	must(lbmesh_address_parse("10.0.0.5", &endpoint.ipv4));
	must(lbmesh_address_parse("fd00::5", &endpoint.ipv6));
	must(lbmesh_commit_put_endpoint(commit, &endpoint));
	must(lbmesh_commit_put_layer(commit, &(struct lbmesh_layer){ .id = 1, .label = "org" }));
	put_layer(commit, 2);
	must(lbmesh_commit_put_set(commit, &(struct lbmesh_set){ .id = 3, .label = "ours" }));
	put_set(commit, 4);
	put_element(commit, 4, "10.0.0.0/8");
	put_element(commit, 3, "fd00::/64");
	put_element(commit, 3, "0.0.0.0/0");
	put_element(commit, 3, "192.0.2.1");
	/* All of a rule for ports. */
	rule.action = LBMESH_ACTION_REJECT;
	rule.has_direction = true;
	rule.direction = LBMESH_DIRECTION_EGRESS;
	rule.has_protocol = true;
	rule.protocol = 6;
	rule.src = select_prefix("10.0.0.0/8");
	rule.dst = select_set(3);
	rule.src_ports = ranges + 2;
	rule.n_src_ports = 1;
	rule.dst_ports = ranges;
	rule.n_dst_ports = 2;
	rule.log = true;
	must(lbmesh_commit_put_rule(commit, &rule));
	/* All of one for ICMP, at an earlier position. */
	rule = rule_of(1, 9, 20);
	rule.has_direction = true;
	rule.has_protocol = true;
	rule.protocol = 58;
	rule.has_icmp_type = true;
	rule.icmp_type = 1;
	rule.has_icmp_code = true;
	rule.dst = select_prefix("fd00::1");
	must(lbmesh_commit_put_rule(commit, &rule));
	/* The words for addresses; "any" is what an absent one says. */
	rule = rule_of(2, 1, 0);
	rule.src = (struct lbmesh_selector){ .kind = LBMESH_SELECTOR_KEYWORD,
					     .keyword = LBMESH_KEYWORD_SAME_NETWORK };
	rule.dst = (struct lbmesh_selector){ .kind = LBMESH_SELECTOR_KEYWORD,
					     .keyword = LBMESH_KEYWORD_INTERNET };
	must(lbmesh_commit_put_rule(commit, &rule));
	rule = rule_of(2, 2, 4294967295);
	rule.src = (struct lbmesh_selector){ .kind = LBMESH_SELECTOR_KEYWORD,
					     .keyword = LBMESH_KEYWORD_ANY };
	must(lbmesh_commit_put_rule(commit, &rule));
	return commit;
}

#define RULE_1_9 "rule layer 1 id 9 position 20 direction 0 action 0 dst { ipv6 fd00::1 prefix-len 128 }" \
		 " protocol 58 icmp-type 1 icmp-code 0\n"
#define RULE_1_7 "rule layer 1 id 7 position 30 direction 1 action 2" \
		 " src { ipv4 10.0.0.0 prefix-len 8 } dst { set 3 } protocol 6" \
		 " src-port { first 0 last 65535 } dst-port { first 80 last 80 }" \
		 " dst-port { first 8000 last 8099 } log\n"
#define RULES_2 "rule layer 2 id 1 position 0 action 0 src { keyword 1 } dst { keyword 2 }\n" \
		"rule layer 2 id 2 position 4294967295 action 0\n"
#define ELEMENTS_3 "element set 3 ipv4 0.0.0.0 prefix-len 0\n" \
		   "element set 3 ipv4 192.0.2.1 prefix-len 32\n" \
		   "element set 3 ipv6 fd00:: prefix-len 64\n"
#define ELEMENT_4 "element set 4 ipv4 10.0.0.0 prefix-len 8\n"
#define ENDPOINT_5 "endpoint id 5 label \"web\" kind 1 ifindex 1 ipv4 10.0.0.5 ipv6 fd00::5" \
		   " layer 2 layer 1 ingress-default 2 egress-default 1\n"

TEST_F(firewall, is_shown_as_it_was_stated)
{
	ASSERT_RUN(full_new(false));
	EXPECT_DUMP("layer id 1 label \"org\"\nlayer id 2\n", LAYER);
	EXPECT_DUMP(RULE_1_9 RULE_1_7 RULES_2, RULE) TH_LOG("by position");
	EXPECT_DUMP("set id 3 label \"ours\"\nset id 4\n", SET);
	EXPECT_DUMP(ELEMENTS_3 ELEMENT_4, ELEMENT);
	EXPECT_DUMP(ENDPOINT_5, ENDPOINT);
}

TEST_F(firewall, shows_the_rules_of_a_layer_and_the_elements_of_a_set)
{
	ASSERT_RUN(full_new(false));
	EXPECT_STREQ(RULE_1_9 RULE_1_7, dump_text(&self->raw, LBMESH_CMD_RULE_GET, 1));
	EXPECT_STREQ(RULES_2, dump_text(&self->raw, LBMESH_CMD_RULE_GET, 2));
	EXPECT_STREQ("", dump_text(&self->raw, LBMESH_CMD_RULE_GET, 3));
	EXPECT_STREQ(ELEMENTS_3, dump_text(&self->raw, LBMESH_CMD_ELEMENT_GET, 3));
	EXPECT_STREQ(ELEMENT_4, dump_text(&self->raw, LBMESH_CMD_ELEMENT_GET, 4));
	EXPECT_STREQ("", dump_text(&self->raw, LBMESH_CMD_ELEMENT_GET, 5));
}

static const char *one(struct raw *raw, uint8_t command, uint32_t id)
{
	raw_begin(raw, command, 0);
	raw_put_u32(raw, LBMESH_A_ID, id);
	return answer_text(raw);
}

/* A rule or an element by two numbers; the second is an IPv4 address 10.0.0.0 for an element. */
static const char *one_of(struct raw *raw, uint8_t command, uint32_t a, uint32_t b, bool more)
{
	bool rule = command == LBMESH_CMD_RULE_GET;
	size_t nest;

	raw_begin(raw, command, 0);
	nest = raw_nest(raw, rule ? LBMESH_A_RULE : LBMESH_A_ELEMENT);
	raw_put_u32(raw, rule ? LBMESH_A_RULE_LAYER : LBMESH_A_ELEMENT_SET, a);
	if (rule) {
		raw_put_u32(raw, LBMESH_A_RULE_ID, b);
	} else {
		raw_put(raw, LBMESH_A_ELEMENT_IPV4, "\x0a\0\0", 4);
		raw_put_u8(raw, LBMESH_A_ELEMENT_PREFIX_LEN, b);
	}
	if (more)
		raw_put_u32(raw, rule ? LBMESH_A_RULE_POSITION : LBMESH_A_ELEMENT_TIMEOUT, 1);
	raw_nest_end(raw, nest);
	return answer_text(raw);
}

TEST_F(firewall, shows_one_object_by_its_key)
{
	struct raw *raw = &self->raw;

	ASSERT_RUN(full_new(false));
	EXPECT_STREQ("layer id 1 label \"org\"\n", one(raw, LBMESH_CMD_LAYER_GET, 1));
	EXPECT_STREQ("set id 4\n", one(raw, LBMESH_CMD_SET_GET, 4));
	EXPECT_STREQ(ENDPOINT_5, one(raw, LBMESH_CMD_ENDPOINT_GET, 5));
	EXPECT_STREQ(RULE_1_7, one_of(raw, LBMESH_CMD_RULE_GET, 1, 7, false));
	EXPECT_STREQ(ELEMENT_4, one_of(raw, LBMESH_CMD_ELEMENT_GET, 4, 8, false));
	EXPECT_STREQ("errno 2: layer: there is none with this key",
		     one(raw, LBMESH_CMD_LAYER_GET, 3));
	EXPECT_STREQ("errno 2: set: there is none with this key", one(raw, LBMESH_CMD_SET_GET, 1));
	EXPECT_STREQ("errno 2: endpoint: there is none with this key",
		     one(raw, LBMESH_CMD_ENDPOINT_GET, 1));
	EXPECT_STREQ("errno 2: rule: there is none with this key",
		     one_of(raw, LBMESH_CMD_RULE_GET, 2, 7, false));
	EXPECT_STREQ("errno 2: element: there is none with this key",
		     one_of(raw, LBMESH_CMD_ELEMENT_GET, 4, 9, false));
	EXPECT_STREQ("errno 22: rule: one is named by the nest rule with layer and id alone",
		     one_of(raw, LBMESH_CMD_RULE_GET, 1, 7, true));
	EXPECT_STREQ("errno 22: element: one is named by the nest element with set and address alone",
		     one_of(raw, LBMESH_CMD_ELEMENT_GET, 4, 8, true));
}

TEST_F(firewall, shows_ten_thousand_of_each_that_is_many)
{
	struct lbmesh_commit *commit = replace_new();
	struct lbmesh_generation now;
	char prefix[32];

	/* A layer takes 4,096 rules that are as alike as these. */
	for (uint32_t layer = 1; layer <= 3; layer++)
		put_layer(commit, layer);
	put_set(commit, 1);
	for (uint32_t i = 0; i < 10000; i++) {
		snprintf(prefix, sizeof(prefix), "10.0.%u.%u", i / 256, i % 256);
		put_rule_of(commit, 1 + i / 4000, i + 1, 20000 - i, 1);
		put_element(commit, 1, prefix);
	}
	ASSERT_RUN(commit);
	EXPECT_EQ(10000, count_lines(dump_text(&self->raw, LBMESH_CMD_RULE_GET, 0)));
	EXPECT_EQ(4000, count_lines(dump_text(&self->raw, LBMESH_CMD_RULE_GET, 1)));
	EXPECT_EQ(10000, count_lines(dump_text(&self->raw, LBMESH_CMD_ELEMENT_GET, 0)));
	EXPECT_EQ(10000, count_lines(dump_text(&self->raw, LBMESH_CMD_ELEMENT_GET, 1)));
	ASSERT_EQ(0, lbmesh_generation_get(self->conn, &now, NULL));
	EXPECT_EQ(10000, now.counts.rules);
	EXPECT_EQ(10000, now.counts.elements);
	/* And they go with what they belong to. */
	commit = delta_new(1);
	must(lbmesh_commit_remove_set(commit, 1));
	for (uint32_t layer = 1; layer <= 3; layer++)
		must(lbmesh_commit_remove_layer(commit, layer));
	ASSERT_RUN(commit);
	EXPECT_DUMP("", RULE);
	EXPECT_DUMP("", ELEMENT);
}

/* --- Generations --------------------------------------------------------------------------------- */

TEST_F(firewall, alone_asks_nothing_of_wireguard_and_is_counted)
{
	struct lbmesh_generation now;

	ASSERT_RUN(full_new(false));
	ASSERT_EQ(0, lbmesh_generation_get(self->conn, &now, NULL));
	EXPECT_EQ(1, now.number);
	EXPECT_EQ(0, now.totals.requests);
	EXPECT_EQ(1, now.totals.commits);
	EXPECT_EQ(2, now.counts.layers);
	EXPECT_EQ(4, now.counts.rules);
	EXPECT_EQ(2, now.counts.sets);
	EXPECT_EQ(4, now.counts.elements);
	EXPECT_EQ(1, now.counts.endpoints);
	ASSERT_EQ(0, flush(self->conn, &self->result));
	EXPECT_DUMP("", LAYER);
	EXPECT_DUMP("", ENDPOINT);
}

TEST_F(firewall, that_is_restated_is_no_new_generation)
{
	struct lbmesh_generation now;
	struct lbmesh_commit *commit;

	ASSERT_RUN(full_new(false));
	/* The same message, the same in other words, and its parts in a delta. */
	ASSERT_RUN(full_new(false));
	ASSERT_RUN(full_new(true));
	ASSERT_RUN(full_new(true));
	commit = delta_new(1);
	put_element(commit, 4, "10.0.0.0/8");
	put_rule(commit, 2, 2, 4294967295);
	put_set(commit, 4);
	put_layer(commit, 2);
	ASSERT_RUN(commit);
	ASSERT_EQ(0, lbmesh_generation_get(self->conn, &now, NULL));
	EXPECT_EQ(1, now.number);
	EXPECT_EQ(4, now.totals.unchanged);
	EXPECT_DUMP(RULE_1_9 RULE_1_7 RULES_2, RULE);
}

TEST_F(firewall, in_mode_replace_loses_what_is_not_named)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(full_new(false));
	/* Each kind alone is a change. */
	commit = full_new(false);
	put_rule(commit, 1, 1, 1);
	ASSERT_RUN(commit);
	ASSERT_RUN(full_new(false));
	EXPECT_EQ(3, generation_number(self->conn));
	commit = full_new(false);
	put_element(commit, 4, "10.0.0.1");
	ASSERT_RUN(commit);
	ASSERT_RUN(full_new(false));
	EXPECT_EQ(5, generation_number(self->conn));
	EXPECT_DUMP(ELEMENTS_3 ELEMENT_4, ELEMENT);
	EXPECT_DUMP(RULE_1_9 RULE_1_7 RULES_2, RULE);
	commit = replace_new();
	put_layer(commit, 1);
	ASSERT_RUN(commit);
	EXPECT_DUMP("layer id 1\n", LAYER) TH_LOG("without the label that is not restated");
	EXPECT_DUMP("", RULE);
	EXPECT_DUMP("", SET);
	EXPECT_DUMP("", ELEMENT);
	EXPECT_DUMP("", ENDPOINT);
}

/* Layers 1 and 2, set 1, a rule of each layer, an element, and two endpoints with layer 1. */
static struct lbmesh_commit *small_new(void)
{
	struct lbmesh_commit *commit = replace_new();

	put_layer(commit, 1);
	put_layer(commit, 2);
	put_set(commit, 1);
	put_rule_of(commit, 1, 1, 10, 1);
	put_rule(commit, 1, 2, 20);
	put_rule(commit, 2, 1, 10);
	put_element(commit, 1, "10.0.0.1");
	put_endpoint(commit, 1, "10.0.0.1", 1);
	put_endpoint(commit, 2, "10.0.0.2", 1);
	return commit;
}

TEST_F(firewall, is_edited_by_a_delta)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(small_new());
	commit = delta_new(1);
	put_rule(commit, 2, 1, 11);
	put_rule(commit, 2, 2, 10);
	must(lbmesh_commit_remove_rule(commit, 1, 2));
	must(lbmesh_commit_put_layer(commit, &(struct lbmesh_layer){ .id = 2, .label = "b" }));
	must(lbmesh_commit_put_set(commit, &(struct lbmesh_set){ .id = 1, .label = "c" }));
	remove_element(commit, 1, "10.0.0.1");
	put_element(commit, 1, "10.0.0.2");
	must(lbmesh_commit_remove_endpoint(commit, 1));
	put_endpoint(commit, 2, "10.0.0.1", 2);
	ASSERT_RUN(commit);
	EXPECT_DUMP("rule layer 1 id 1 position 10 action 0 src { set 1 }\n"
		    "rule layer 2 id 2 position 10 action 0\n"
		    "rule layer 2 id 1 position 11 action 0\n", RULE);
	EXPECT_DUMP("layer id 1\nlayer id 2 label \"b\"\n", LAYER);
	EXPECT_DUMP("set id 1 label \"c\"\n", SET);
	EXPECT_DUMP("element set 1 ipv4 10.0.0.2 prefix-len 32\n", ELEMENT);
	EXPECT_DUMP("endpoint id 2 kind 1 ifindex 1 ipv4 10.0.0.1 layer 2\n", ENDPOINT);
}

TEST_F(firewall, refuses_removals_of_what_is_not_there_and_of_what_comes_twice)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(small_new());
	commit = delta_new(1);
	must(lbmesh_commit_remove_layer(commit, 3));
	EXPECT_REFUSED(ENOENT, "layer: there is none with this id to remove", commit);
	commit = delta_new(1);
	must(lbmesh_commit_remove_rule(commit, 2, 2));
	EXPECT_REFUSED(ENOENT, "rule: there is none with this key to remove", commit);
	commit = delta_new(1);
	must(lbmesh_commit_remove_set(commit, 2));
	EXPECT_REFUSED(ENOENT, "set: there is none with this id to remove", commit);
	commit = delta_new(1);
	remove_element(commit, 1, "10.0.0.0/31");
	EXPECT_REFUSED(ENOENT, "element: there is none with this address to remove", commit);
	commit = delta_new(1);
	must(lbmesh_commit_remove_endpoint(commit, 3));
	EXPECT_REFUSED(ENOENT, "endpoint: there is none with this id to remove", commit);
	commit = delta_new(1);
	must(lbmesh_commit_remove_rule(commit, 1, 2));
	put_rule(commit, 1, 2, 30);
	EXPECT_REFUSED(EEXIST, "rule: the key comes twice in the message", commit);
	commit = delta_new(1);
	put_rule(commit, 1, 2, 30);
	put_rule(commit, 1, 2, 20);
	EXPECT_REFUSED(EEXIST, "rule: the key comes twice in the message", commit);
	commit = delta_new(1);
	put_endpoint(commit, 1, "10.0.0.1", 1);
	put_endpoint(commit, 1, "10.0.0.3", 1);
	EXPECT_REFUSED(EEXIST, "endpoint: the id comes twice in the message", commit);
	EXPECT_EQ(1, generation_number(self->conn));
}

TEST_F(firewall, lets_a_layer_take_its_rules_along_and_a_set_its_elements)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(small_new());
	commit = delta_new(1);
	must(lbmesh_commit_remove_layer(commit, 2));
	ASSERT_RUN(commit);
	EXPECT_EQ(2, count_lines(dump_text(&self->raw, LBMESH_CMD_RULE_GET, 0)));
	/* The order means nothing, nor does naming the parts. */
	commit = delta_new(2);
	must(lbmesh_commit_remove_set(commit, 1));
	remove_element(commit, 1, "10.0.0.1");
	must(lbmesh_commit_remove_layer(commit, 1));
	must(lbmesh_commit_remove_rule(commit, 1, 1));
	must(lbmesh_commit_remove_endpoint(commit, 1));
	must(lbmesh_commit_remove_endpoint(commit, 2));
	ASSERT_RUN(commit);
	EXPECT_DUMP("", RULE);
	EXPECT_DUMP("", ELEMENT);
	/* They are gone for good. */
	commit = delta_new(3);
	put_layer(commit, 1);
	put_set(commit, 1);
	ASSERT_RUN(commit);
	EXPECT_DUMP("", RULE);
	EXPECT_DUMP("", ELEMENT);
}

TEST_F(firewall, keeps_what_is_referred_to)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(small_new());
	commit = delta_new(1);
	must(lbmesh_commit_remove_set(commit, 1));
	EXPECT_REFUSED(ENOTEMPTY, "set: rules still refer to it", commit);
	commit = delta_new(1);
	must(lbmesh_commit_remove_layer(commit, 1));
	EXPECT_REFUSED(ENOTEMPTY, "layer: endpoints still refer to it", commit);
	/* Unless what refers to it goes, or names something else. */
	commit = delta_new(1);
	must(lbmesh_commit_remove_set(commit, 1));
	put_rule(commit, 1, 1, 10);
	must(lbmesh_commit_remove_layer(commit, 2));
	ASSERT_RUN(commit);
	commit = delta_new(2);
	must(lbmesh_commit_remove_layer(commit, 1));
	put_endpoint(commit, 1, "10.0.0.1", 0);
	must(lbmesh_commit_remove_endpoint(commit, 2));
	ASSERT_RUN(commit);
	EXPECT_DUMP("endpoint id 1 kind 1 ifindex 1 ipv4 10.0.0.1\n", ENDPOINT);
	EXPECT_DUMP("", LAYER);
	/* What is new may not refer to what goes. */
	ASSERT_RUN(small_new());
	commit = delta_new(4);
	must(lbmesh_commit_remove_layer(commit, 2));
	put_rule(commit, 2, 1, 10);
	EXPECT_REFUSED(ENOENT, "rule: there is no such layer", commit);
	commit = delta_new(4);
	must(lbmesh_commit_remove_layer(commit, 2));
	put_rule(commit, 2, 1, 11);
	EXPECT_REFUSED(ENOENT, "rule: there is no such layer", commit);
}

TEST_F(firewall, lets_rules_exchange_positions_and_endpoints_addresses)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(small_new());
	commit = delta_new(1);
	put_rule_of(commit, 1, 1, 20, 1);
	put_rule(commit, 1, 2, 10);
	put_endpoint(commit, 1, "10.0.0.2", 1);
	put_endpoint(commit, 2, "10.0.0.1", 1);
	ASSERT_RUN(commit);
	EXPECT_STREQ("rule layer 1 id 2 position 10 action 0\n"
		     "rule layer 1 id 1 position 20 action 0 src { set 1 }\n",
		     dump_text(&self->raw, LBMESH_CMD_RULE_GET, 1));
	EXPECT_DUMP("endpoint id 1 kind 1 ifindex 1 ipv4 10.0.0.2 layer 1\n"
		    "endpoint id 2 kind 1 ifindex 1 ipv4 10.0.0.1 layer 1\n", ENDPOINT);
	/* But none takes what another keeps. */
	commit = delta_new(2);
	put_rule(commit, 1, 3, 10);
	EXPECT_REFUSED(EEXIST, "rule: another rule of the layer has this position", commit);
	commit = delta_new(2);
	put_endpoint(commit, 3, "10.0.0.1", 1);
	EXPECT_REFUSED(EEXIST, "endpoint: another one has this interface and address", commit);
	/* A position that is freed can be taken in the same message. */
	commit = delta_new(2);
	put_rule(commit, 1, 3, 10);
	must(lbmesh_commit_remove_rule(commit, 1, 2));
	ASSERT_RUN(commit);
}

TEST_F(firewall, lets_a_rule_keep_its_position)
{
	size_t nest;

	ASSERT_RUN(small_new());
	raw_begin(&self->raw, LBMESH_CMD_COMMIT, 0);
	raw_put_u8(&self->raw, LBMESH_A_MODE, LBMESH_COMMIT_MODE_DELTA);
	raw_put(&self->raw, LBMESH_A_EXPECT_GEN, &(uint64_t){ 1 }, 8);
	nest = raw_nest(&self->raw, LBMESH_A_RULE);
	raw_put_u32(&self->raw, LBMESH_A_RULE_LAYER, 2);
	raw_put_u32(&self->raw, LBMESH_A_RULE_ID, 1);
	raw_put_u8(&self->raw, LBMESH_A_RULE_ACTION, LBMESH_ACTION_DENY);
	raw_nest_end(&self->raw, nest);
	EXPECT_EQ(0, raw_ask(&self->raw).error);
	EXPECT_TRUE(generation_settles(self->conn));
	EXPECT_STREQ("rule layer 2 id 1 position 10 action 1\n",
		     dump_text(&self->raw, LBMESH_CMD_RULE_GET, 2));
}

TEST_F(firewall, has_one_endpoint_for_all_of_an_interface_beside_those_with_addresses)
{
	struct lbmesh_endpoint all = { .id = 9, .kind = LBMESH_ENDPOINT_KIND_HOST, .ifindex = 1 };
	struct lbmesh_commit *commit;

	struct lbmesh_endpoint one = { .id = 1, .kind = LBMESH_ENDPOINT_KIND_HOST, .ifindex = 1 };

	must(lbmesh_address_parse("10.0.0.1", &one.ipv4));
	commit = replace_new();
	must(lbmesh_commit_put_endpoint(commit, &one));
	ASSERT_RUN(commit);
	commit = delta_new(1);
	must(lbmesh_commit_put_endpoint(commit, &all));
	ASSERT_RUN(commit);
	all.id = 10;
	commit = delta_new(2);
	must(lbmesh_commit_put_endpoint(commit, &all));
	EXPECT_REFUSED(EEXIST, "endpoint: another one has this interface and address", commit);
}

TEST_F(firewall, follows_an_interface_that_was_made_anew)
{
	struct lbmesh_endpoint endpoint = { .id = 1, .ifname = "d0" };
	char want[64];

	ASSERT_EQ(0, ip(NULL, "link add d0 type veth peer name d1\n"));
	for (int i = 0; i < 3; i++) {
		struct lbmesh_commit *commit = replace_new();

		must(lbmesh_commit_put_endpoint(commit, &endpoint));
		if (i == 1) {
			ASSERT_EQ(0, ip(NULL, "link del d0\n"));
			EXPECT_REFUSED(ENODEV, "endpoint: there is no such interface", commit);
			ASSERT_EQ(0, ip(NULL, "link add d0 type veth peer name d1\n"));
			continue;
		}
		ASSERT_RUN(commit);
		snprintf(want, sizeof(want), "endpoint id 1 kind 0 ifindex %u\n",
			 if_nametoindex("d0"));
		EXPECT_DUMP(want, ENDPOINT);
	}
	EXPECT_EQ(2, generation_number(self->conn));
}

TEST_F(firewall, comes_back_when_a_commit_is_not_confirmed)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(full_new(false));
	commit = replace_new();
	put_layer(commit, 8);
	lbmesh_commit_set_confirm_timeout(commit, 60000);
	ASSERT_RUN(commit);
	EXPECT_DUMP("layer id 8\n", LAYER);
	EXPECT_DUMP("", RULE);
	ASSERT_EQ(0, revert(self->conn, 2, &self->result));
	EXPECT_DUMP("layer id 1 label \"org\"\nlayer id 2\n", LAYER);
	EXPECT_DUMP(RULE_1_9 RULE_1_7 RULES_2, RULE);
	EXPECT_DUMP(ELEMENTS_3 ELEMENT_4, ELEMENT);
	EXPECT_DUMP(ENDPOINT_5, ENDPOINT);
	/* And is as it was: the same again is no news. */
	ASSERT_RUN(full_new(false));
	EXPECT_EQ(1, generation_number(self->conn));
}

/* --- Limits -------------------------------------------------------------------------------------- */

static void put_one_more(struct lbmesh_commit *commit, int what)
{
	switch (what) {
	case 0:
		put_layer(commit, 3);
		break;
	case 1:
		put_rule(commit, 2, 2, 20);
		break;
	case 2:
		put_set(commit, 2);
		break;
	case 3:
		put_element(commit, 1, "10.0.0.2");
		break;
	default:
		put_endpoint(commit, 3, "10.0.0.3", 1);
		break;
	}
}

TEST_F(firewall, is_refused_above_a_limit_with_its_name)
{
	static const struct lbmesh_counts tight = {
		.layers = 2, .rules = 3, .sets = 1, .elements = 1, .endpoints = 2,
	};
	static const char *const sentences[] = {
		"layer: more than the limit of this namespace",
		"rule: more than the limit of this namespace",
		"set: more than the limit of this namespace",
		"element: more than the limit of this namespace",
		"endpoint: more than the limit of this namespace",
	};
	struct lbmesh_commit *commit;

	ASSERT_EQ(0, lbmesh_limits_set(self->conn, &tight, NULL));
	for (size_t i = 0; i < COUNT_OF(sentences); i++) {
		commit = small_new();
		put_one_more(commit, i);
		EXPECT_REFUSED(ENOSPC, sentences[i], commit);
	}
	ASSERT_RUN(small_new());
	for (size_t i = 0; i < COUNT_OF(sentences); i++) {
		commit = delta_new(1);
		put_one_more(commit, i);
		EXPECT_REFUSED(ENOSPC, sentences[i], commit);
	}
	/* One goes, one comes; and what is moved is no more than before. */
	commit = delta_new(1);
	must(lbmesh_commit_remove_rule(commit, 2, 1));
	put_rule(commit, 2, 2, 10);
	put_rule(commit, 1, 2, 21);
	remove_element(commit, 1, "10.0.0.1");
	put_element(commit, 1, "10.0.0.2");
	ASSERT_RUN(commit);
}

TEST_HARNESS_MAIN
