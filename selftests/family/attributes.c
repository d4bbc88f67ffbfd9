// SPDX-License-Identifier: GPL-2.0
/*
 * Each attribute of each message of the family, by tables of the spec: a wrong length, a number out
 * of range, a number that the spec does not have, a wrong nested flag are refused with the errno,
 * the sentence and the offset of the attribute, and leave what is in force as it was. All of this
 * is the generated policy's work; what the module refuses itself is in refusals.c.
 */

#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>

#include "kselftest_harness.h"
#include "raw.h"
#include "refusal.h"
#include "util.h"

enum kind {
	U8,
	U16,
	U32,
	U64,
	BINARY, /* of exactly max bytes */
	STRING, /* of at most max bytes */
	FLAG,
	NEST,
};

struct field {
	const char *name;
	uint16_t type;
	enum kind kind;
	uint64_t min;
	uint64_t max;
};

struct place {
	uint8_t command;
	uint16_t path[2];
	const struct field *fields;
	size_t count;
};

#define KEY BINARY, 0, LBMESH_KEY_LEN
#define IPV6 BINARY, 0, 16
#define LABEL STRING, 0, LBMESH_LABEL_MAX
#define IFNAME STRING, 0, LBMESH_IFNAME_MAX
#define ID U32, 1, 0

static const struct field device_fields[] = {
	{ "id", LBMESH_A_DEVICE_ID, ID },
	{ "ifindex", LBMESH_A_DEVICE_IFINDEX, ID },
	{ "ifname", LBMESH_A_DEVICE_IFNAME, IFNAME },
	{ "private-key", LBMESH_A_DEVICE_PRIVATE_KEY, KEY },
	{ "listen-port", LBMESH_A_DEVICE_LISTEN_PORT, U16 },
	{ "fwmark", LBMESH_A_DEVICE_FWMARK, U32 },
	{ "mtu", LBMESH_A_DEVICE_MTU, U32, 1280 },
	{ "remove", LBMESH_A_DEVICE_REMOVE, FLAG },
};

static const struct field network_fields[] = {
	{ "id", LBMESH_A_NETWORK_ID, ID },
	{ "label", LBMESH_A_NETWORK_LABEL, LABEL },
	{ "remove", LBMESH_A_NETWORK_REMOVE, FLAG },
};

static const struct field bridge_fields[] = {
	{ "id", LBMESH_A_BRIDGE_ID, ID },
	{ "network-a", LBMESH_A_BRIDGE_NETWORK_A, U32 },
	{ "network-b", LBMESH_A_BRIDGE_NETWORK_B, U32 },
	{ "remove", LBMESH_A_BRIDGE_REMOVE, FLAG },
};

static const struct field peer_fields[] = {
	{ "device", LBMESH_A_PEER_DEVICE, U32 },
	{ "public-key", LBMESH_A_PEER_PUBLIC_KEY, KEY },
	{ "preshared-key", LBMESH_A_PEER_PRESHARED_KEY, KEY },
	{ "endpoint-ipv4", LBMESH_A_PEER_ENDPOINT_IPV4, U32 },
	{ "endpoint-ipv6", LBMESH_A_PEER_ENDPOINT_IPV6, IPV6 },
	{ "endpoint-port", LBMESH_A_PEER_ENDPOINT_PORT, U16 },
	{ "keepalive", LBMESH_A_PEER_KEEPALIVE, U16 },
	{ "remove", LBMESH_A_PEER_REMOVE, FLAG },
};

static const struct field member_fields[] = {
	{ "network", LBMESH_A_MEMBER_NETWORK, U32 },
	{ "device", LBMESH_A_MEMBER_DEVICE, U32 },
	{ "ipv4", LBMESH_A_MEMBER_IPV4, U32 },
	{ "ipv6", LBMESH_A_MEMBER_IPV6, IPV6 },
	{ "prefix-len", LBMESH_A_MEMBER_PREFIX_LEN, U8, 0, 128 },
	{ "public-key", LBMESH_A_MEMBER_PUBLIC_KEY, KEY },
	{ "remove", LBMESH_A_MEMBER_REMOVE, FLAG },
};

static const struct field layer_fields[] = {
	{ "id", LBMESH_A_LAYER_ID, ID },
	{ "label", LBMESH_A_LAYER_LABEL, LABEL },
	{ "remove", LBMESH_A_LAYER_REMOVE, FLAG },
};

static const struct field selector_fields[] = {
	{ "ipv4", LBMESH_A_SELECTOR_IPV4, U32 },
	{ "ipv6", LBMESH_A_SELECTOR_IPV6, IPV6 },
	{ "prefix-len", LBMESH_A_SELECTOR_PREFIX_LEN, U8, 0, 128 },
	{ "set", LBMESH_A_SELECTOR_SET, U32 },
	{ "keyword", LBMESH_A_SELECTOR_KEYWORD, U8, 0, LBMESH_KEYWORD_INTERNET },
};

static const struct field range_fields[] = {
	{ "first", LBMESH_A_RANGE_FIRST, U16 },
	{ "last", LBMESH_A_RANGE_LAST, U16 },
};

static const struct field rule_fields[] = {
	{ "layer", LBMESH_A_RULE_LAYER, U32 },
	{ "id", LBMESH_A_RULE_ID, ID },
	{ "position", LBMESH_A_RULE_POSITION, U32 },
	{ "direction", LBMESH_A_RULE_DIRECTION, U8, 0, LBMESH_DIRECTION_EGRESS },
	{ "action", LBMESH_A_RULE_ACTION, U8, 0, LBMESH_ACTION_PASS },
	{ "protocol", LBMESH_A_RULE_PROTOCOL, U8 },
	{ "src", LBMESH_A_RULE_SRC, NEST },
	{ "dst", LBMESH_A_RULE_DST, NEST },
	{ "src-port", LBMESH_A_RULE_SRC_PORT, NEST },
	{ "dst-port", LBMESH_A_RULE_DST_PORT, NEST },
	{ "icmp-type", LBMESH_A_RULE_ICMP_TYPE, U8 },
	{ "icmp-code", LBMESH_A_RULE_ICMP_CODE, U8 },
	{ "log", LBMESH_A_RULE_LOG, FLAG },
	{ "remove", LBMESH_A_RULE_REMOVE, FLAG },
};

static const struct field set_fields[] = {
	{ "id", LBMESH_A_SET_ID, ID },
	{ "label", LBMESH_A_SET_LABEL, LABEL },
	{ "remove", LBMESH_A_SET_REMOVE, FLAG },
};

static const struct field element_fields[] = {
	{ "set", LBMESH_A_ELEMENT_SET, U32 },
	{ "ipv4", LBMESH_A_ELEMENT_IPV4, U32 },
	{ "ipv6", LBMESH_A_ELEMENT_IPV6, IPV6 },
	{ "prefix-len", LBMESH_A_ELEMENT_PREFIX_LEN, U8, 0, 128 },
	{ "timeout", LBMESH_A_ELEMENT_TIMEOUT, U32 },
	{ "remove", LBMESH_A_ELEMENT_REMOVE, FLAG },
	{ "learned", LBMESH_A_ELEMENT_LEARNED, FLAG },
};

static const struct field endpoint_fields[] = {
	{ "id", LBMESH_A_ENDPOINT_ID, ID },
	{ "label", LBMESH_A_ENDPOINT_LABEL, LABEL },
	{ "kind", LBMESH_A_ENDPOINT_KIND, U8, 0, LBMESH_ENDPOINT_KIND_SANDBOX },
	{ "ifindex", LBMESH_A_ENDPOINT_IFINDEX, ID },
	{ "ifname", LBMESH_A_ENDPOINT_IFNAME, IFNAME },
	{ "ipv4", LBMESH_A_ENDPOINT_IPV4, U32 },
	{ "ipv6", LBMESH_A_ENDPOINT_IPV6, IPV6 },
	{ "layer", LBMESH_A_ENDPOINT_LAYER, U32 },
	{ "ingress-default", LBMESH_A_ENDPOINT_INGRESS_DEFAULT, U8, 0, LBMESH_ACTION_PASS },
	{ "egress-default", LBMESH_A_ENDPOINT_EGRESS_DEFAULT, U8, 0, LBMESH_ACTION_PASS },
	{ "remove", LBMESH_A_ENDPOINT_REMOVE, FLAG },
};

static const struct field flow_fields[] = {
	{ "direction", LBMESH_A_FLOW_DIRECTION, U8, 0, LBMESH_DIRECTION_EGRESS },
	{ "endpoint", LBMESH_A_FLOW_ENDPOINT, U32 },
	{ "ifindex", LBMESH_A_FLOW_IFINDEX, ID },
	{ "src-ipv4", LBMESH_A_FLOW_SRC_IPV4, U32 },
	{ "src-ipv6", LBMESH_A_FLOW_SRC_IPV6, IPV6 },
	{ "dst-ipv4", LBMESH_A_FLOW_DST_IPV4, U32 },
	{ "dst-ipv6", LBMESH_A_FLOW_DST_IPV6, IPV6 },
	{ "protocol", LBMESH_A_FLOW_PROTOCOL, U8 },
	{ "src-port", LBMESH_A_FLOW_SRC_PORT, U16 },
	{ "dst-port", LBMESH_A_FLOW_DST_PORT, U16 },
	{ "icmp-type", LBMESH_A_FLOW_ICMP_TYPE, U8 },
	{ "icmp-code", LBMESH_A_FLOW_ICMP_CODE, U8 },
};

static const struct field counts_fields[] = {
	{ "devices", LBMESH_A_COUNTS_DEVICES, U32 },
	{ "networks", LBMESH_A_COUNTS_NETWORKS, U32 },
	{ "bridges", LBMESH_A_COUNTS_BRIDGES, U32 },
	{ "peers", LBMESH_A_COUNTS_PEERS, U32 },
	{ "members", LBMESH_A_COUNTS_MEMBERS, U32 },
	{ "layers", LBMESH_A_COUNTS_LAYERS, U32 },
	{ "rules", LBMESH_A_COUNTS_RULES, U32 },
	{ "sets", LBMESH_A_COUNTS_SETS, U32 },
	{ "elements", LBMESH_A_COUNTS_ELEMENTS, U32 },
	{ "endpoints", LBMESH_A_COUNTS_ENDPOINTS, U32 },
	{ "message-bytes", LBMESH_A_COUNTS_MESSAGE_BYTES, U32 },
	{ "cache-entries", LBMESH_A_COUNTS_CACHE_ENTRIES, U32 },
};

/* Top levels. */

static const struct field commit_fields[] = {
	{ "expect-gen", LBMESH_A_EXPECT_GEN, U64 },
	{ "mode", LBMESH_A_MODE, U8, 0, LBMESH_COMMIT_MODE_DELTA },
	{ "token", LBMESH_A_TOKEN, U64 },
	{ "confirm-timeout", LBMESH_A_CONFIRM_TIMEOUT, U32 },
	{ "device", LBMESH_A_DEVICE, NEST },
	{ "network", LBMESH_A_NETWORK, NEST },
	{ "bridge", LBMESH_A_BRIDGE, NEST },
	{ "peer", LBMESH_A_PEER, NEST },
	{ "member", LBMESH_A_MEMBER, NEST },
	{ "layer", LBMESH_A_LAYER, NEST },
	{ "rule", LBMESH_A_RULE, NEST },
	{ "set", LBMESH_A_SET, NEST },
	{ "element", LBMESH_A_ELEMENT, NEST },
	{ "endpoint", LBMESH_A_ENDPOINT, NEST },
};

static const struct field limits_fields[] = { { "limits", LBMESH_A_LIMITS, NEST } };
static const struct field generation_fields[] = { { "generation", LBMESH_A_GENERATION, U64 } };
static const struct field flush_fields[] = {
	{ "expect-gen", LBMESH_A_EXPECT_GEN, U64 },
	{ "token", LBMESH_A_TOKEN, U64 },
};
static const struct field explain_fields[] = { { "flow", LBMESH_A_FLOW, NEST } };
static const struct field set_update_fields[] = { { "element", LBMESH_A_ELEMENT, NEST } };
static const struct field token_fields[] = { { "token", LBMESH_A_TOKEN, U64 } };
static const struct field id_fields[] = { { "id", LBMESH_A_ID, U32 } };
static const struct field peer_get_fields[] = {
	{ "id", LBMESH_A_ID, U32 },
	{ "peer", LBMESH_A_PEER, NEST },
};
static const struct field member_get_fields[] = {
	{ "id", LBMESH_A_ID, U32 },
	{ "member", LBMESH_A_MEMBER, NEST },
};
static const struct field rule_get_fields[] = {
	{ "id", LBMESH_A_ID, U32 },
	{ "rule", LBMESH_A_RULE, NEST },
};
static const struct field element_get_fields[] = {
	{ "id", LBMESH_A_ID, U32 },
	{ "element", LBMESH_A_ELEMENT, NEST },
};

FIXTURE(attributes_of)
{
	struct raw raw;
	struct lbmesh *conn;
	size_t nests[2];
};

FIXTURE_VARIANT(attributes_of)
{
	struct place place;
};

FIXTURE_SETUP(attributes_of)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_EQ(0, raw_open(&self->raw));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
}

FIXTURE_TEARDOWN(attributes_of)
{
	raw_close(&self->raw);
	lbmesh_close(self->conn);
}

#define PLACE(name, the_command, the_fields, ...) \
	FIXTURE_VARIANT_ADD(attributes_of, name) { \
		.place = { LBMESH_CMD_##the_command, { __VA_ARGS__ }, the_fields, \
			   COUNT_OF(the_fields) }, \
	}

PLACE(limits_set, LIMITS_SET, limits_fields);
PLACE(limits_set_limits, LIMITS_SET, counts_fields, LBMESH_A_LIMITS);
PLACE(commit, COMMIT, commit_fields);
PLACE(commit_device, COMMIT, device_fields, LBMESH_A_DEVICE);
PLACE(commit_network, COMMIT, network_fields, LBMESH_A_NETWORK);
PLACE(commit_bridge, COMMIT, bridge_fields, LBMESH_A_BRIDGE);
PLACE(commit_peer, COMMIT, peer_fields, LBMESH_A_PEER);
PLACE(commit_member, COMMIT, member_fields, LBMESH_A_MEMBER);
PLACE(commit_layer, COMMIT, layer_fields, LBMESH_A_LAYER);
PLACE(commit_rule, COMMIT, rule_fields, LBMESH_A_RULE);
PLACE(commit_rule_src, COMMIT, selector_fields, LBMESH_A_RULE, LBMESH_A_RULE_SRC);
PLACE(commit_rule_dst, COMMIT, selector_fields, LBMESH_A_RULE, LBMESH_A_RULE_DST);
PLACE(commit_rule_src_port, COMMIT, range_fields, LBMESH_A_RULE, LBMESH_A_RULE_SRC_PORT);
PLACE(commit_rule_dst_port, COMMIT, range_fields, LBMESH_A_RULE, LBMESH_A_RULE_DST_PORT);
PLACE(commit_set, COMMIT, set_fields, LBMESH_A_SET);
PLACE(commit_element, COMMIT, element_fields, LBMESH_A_ELEMENT);
PLACE(commit_endpoint, COMMIT, endpoint_fields, LBMESH_A_ENDPOINT);
PLACE(confirm, CONFIRM, generation_fields);
PLACE(revert, REVERT, generation_fields);
PLACE(flush, FLUSH, flush_fields);
PLACE(explain, EXPLAIN, explain_fields);
PLACE(explain_flow, EXPLAIN, flow_fields, LBMESH_A_FLOW);
PLACE(set_update, SET_UPDATE, set_update_fields);
PLACE(set_update_element, SET_UPDATE, element_fields, LBMESH_A_ELEMENT);
PLACE(audit, AUDIT, token_fields);
PLACE(repair, REPAIR, token_fields);
PLACE(device_get, DEVICE_GET, id_fields);
PLACE(network_get, NETWORK_GET, id_fields);
PLACE(bridge_get, BRIDGE_GET, id_fields);
PLACE(peer_get, PEER_GET, peer_get_fields);
PLACE(peer_get_peer, PEER_GET, peer_fields, LBMESH_A_PEER);
PLACE(member_get, MEMBER_GET, member_get_fields);
PLACE(member_get_member, MEMBER_GET, member_fields, LBMESH_A_MEMBER);
PLACE(layer_get, LAYER_GET, id_fields);
PLACE(rule_get, RULE_GET, rule_get_fields);
PLACE(rule_get_rule, RULE_GET, rule_fields, LBMESH_A_RULE);
PLACE(set_get, SET_GET, id_fields);
PLACE(element_get, ELEMENT_GET, element_get_fields);
PLACE(element_get_element, ELEMENT_GET, element_fields, LBMESH_A_ELEMENT);
PLACE(endpoint_get, ENDPOINT_GET, id_fields);
PLACE(flow_get, FLOW_GET, explain_fields);
PLACE(flow_get_flow, FLOW_GET, flow_fields, LBMESH_A_FLOW);

static void place_begin(struct raw *raw, const struct place *place, size_t nests[2])
{
	raw_begin(raw, place->command, 0);
	for (size_t i = 0; i < 2; i++)
		nests[i] = place->path[i] ? raw_nest(raw, place->path[i]) : 0;
}

static void place_end(struct raw *raw, const struct place *place, const size_t nests[2])
{
	for (size_t i = 2; i-- > 0;) {
		if (place->path[i])
			raw_nest_end(raw, nests[i]);
	}
}

/* The lengths that a kind must not have, ended by -1, and what they are refused with. */
static void bad_lengths(const struct field *field, int lengths[4], int *error)
{
	static const int sizes[] = { [U8] = 1, [U16] = 2, [U32] = 4, [U64] = 8 };
	int size = field->kind <= U64 ? sizes[field->kind] : (int)field->max;

	*error = field->kind <= U64 || field->kind == STRING ? EINVAL : ERANGE;
	lengths[0] = lengths[1] = lengths[2] = lengths[3] = -1;
	switch (field->kind) {
	case FLAG:
		lengths[0] = 1;
		lengths[1] = 4;
		break;
	case NEST:
		lengths[0] = 1;
		lengths[1] = 3;
		break;
	case STRING: /* the bytes sent have no NUL */
		lengths[0] = 0;
		lengths[1] = size;
		lengths[2] = size + 1;
		break;
	default:
		lengths[0] = 0;
		lengths[1] = size - 1;
		lengths[2] = size + 1;
	}
	/* A number of one byte has one empty form. */
	if (lengths[1] == 0)
		lengths[1] = size + 2;
}

TEST_F(attributes_of, are_refused_with_a_wrong_length)
{
	static const uint8_t bytes[128] = { [0 ... 127] = 'x' };
	const struct place *place = &variant->place;

	for (size_t i = 0; i < place->count; i++) {
		const struct field *field = &place->fields[i];
		uint16_t nested = field->kind == NEST ? NLA_F_NESTED : 0;
		int lengths[4], error;

		bad_lengths(field, lengths, &error);
		for (size_t l = 0; lengths[l] >= 0; l++) {
			size_t nests[2], at;

			place_begin(&self->raw, place, nests);
			at = raw_put(&self->raw, field->type | nested, bytes, lengths[l]);
			place_end(&self->raw, place, nests);
			EXPECT_REFUSAL(&self->raw, self->conn, error, at, "%s of %d bytes",
				       field->name, lengths[l]);
		}
	}
}

TEST_F(attributes_of, are_refused_out_of_their_range)
{
	static const uint8_t sizes[] = { 1, 2, 4, 8 };
	const struct place *place = &variant->place;

	for (size_t i = 0; i < place->count; i++) {
		const struct field *field = &place->fields[i];
		uint64_t values[] = { field->min - 1, field->max + 1, UINT64_MAX };

		for (size_t v = 0; v < COUNT_OF(values) && field->kind <= U64; v++) {
			size_t nests[2], at;

			if (v == 0 ? !field->min : !field->max)
				continue;
			place_begin(&self->raw, place, nests);
			at = raw_put(&self->raw, field->type, &values[v], sizes[field->kind]);
			place_end(&self->raw, place, nests);
			EXPECT_REFUSAL(&self->raw, self->conn, ERANGE, at, "%s of %llu",
				       field->name, (unsigned long long)values[v]);
		}
	}
}

TEST_F(attributes_of, are_refused_when_the_nested_flag_is_wrong)
{
	static const uint8_t bytes[128];
	static const int sizes[] = { [U8] = 1, [U16] = 2, [U32] = 4, [U64] = 8 };
	const struct place *place = &variant->place;

	for (size_t i = 0; i < place->count; i++) {
		const struct field *field = &place->fields[i];
		uint16_t type = field->kind == NEST ? field->type : field->type | NLA_F_NESTED;
		size_t nests[2], at, size = field->max;

		if (field->kind <= U64)
			size = sizes[field->kind];
		else if (field->kind >= FLAG)
			size = 0;
		place_begin(&self->raw, place, nests);
		at = raw_put(&self->raw, type, bytes, size);
		place_end(&self->raw, place, nests);
		EXPECT_REFUSAL(&self->raw, self->conn, EINVAL, at, "%s", field->name);
	}
}

TEST_F(attributes_of, are_refused_when_the_spec_has_no_such_number)
{
	const struct place *place = &variant->place;

	/* Every number of the top level is less than 64; the last is one no field may have. */
	for (unsigned int type = 0; type <= 64; type++) {
		size_t nests[2], at;
		bool known = false;

		for (size_t i = 0; i < place->count; i++)
			known |= place->fields[i].type == type;
		if (known)
			continue;
		place_begin(&self->raw, place, nests);
		at = raw_put_u32(&self->raw, type == 64 ? 0x3fff : type, 1);
		place_end(&self->raw, place, nests);
		EXPECT_REFUSAL(&self->raw, self->conn, EINVAL, at, "attribute %u", type);
	}
}

TEST_F(attributes_of, are_refused_when_bytes_are_left_over)
{
	const struct place *place = &variant->place;
	struct raw_answer answer;
	size_t nests[2];

	place_begin(&self->raw, place, nests);
	/* Half of the head of an attribute. */
	self->raw.header->nlmsg_len += 2;
	memset(self->raw.buffer + self->raw.header->nlmsg_len - 2, 0, 2);
	place_end(&self->raw, place, nests);
	/* Two bytes are too short for a nest; a message may have none of its own. */
	answer = raw_ask(&self->raw);
	EXPECT_EQ(place->path[0] ? ERANGE : EINVAL, answer.error);
	EXPECT_NE(0, answer.message[0]);
}

/* Messages that take nothing. */

FIXTURE(command_without_attributes)
{
	struct raw raw;
	struct lbmesh *conn;
};

FIXTURE_VARIANT(command_without_attributes)
{
	uint8_t command;
};

FIXTURE_VARIANT_ADD(command_without_attributes, info_get) { LBMESH_CMD_INFO_GET };
FIXTURE_VARIANT_ADD(command_without_attributes, generation_get) { LBMESH_CMD_GENERATION_GET };

FIXTURE_SETUP(command_without_attributes)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_EQ(0, raw_open(&self->raw));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
}

FIXTURE_TEARDOWN(command_without_attributes)
{
	raw_close(&self->raw);
	lbmesh_close(self->conn);
}

TEST_F(command_without_attributes, refuses_each_attribute)
{
	for (unsigned int type = 0; type <= LBMESH_A_MAX + 1; type++) {
		size_t at;

		raw_begin(&self->raw, variant->command, 0);
		at = raw_put_u32(&self->raw, type, 1);
		EXPECT_REFUSAL(&self->raw, self->conn, EINVAL, at, "attribute %u", type);
	}
}

TEST_F(command_without_attributes, answers_when_there_is_none)
{
	raw_begin(&self->raw, variant->command, 0);
	EXPECT_EQ(0, raw_ask(&self->raw).error);
}

/* Messages that must name something. */

FIXTURE(command_without_its_object)
{
	struct raw raw;
	struct lbmesh *conn;
};

FIXTURE_VARIANT(command_without_its_object)
{
	uint8_t command;
};

#define NEEDS(name, the_command) \
	FIXTURE_VARIANT_ADD(command_without_its_object, name) { LBMESH_CMD_##the_command }

NEEDS(limits_set, LIMITS_SET);
NEEDS(confirm, CONFIRM);
NEEDS(revert, REVERT);
NEEDS(device_get, DEVICE_GET);
NEEDS(network_get, NETWORK_GET);
NEEDS(bridge_get, BRIDGE_GET);
NEEDS(peer_get, PEER_GET);
NEEDS(member_get, MEMBER_GET);
NEEDS(set_update, SET_UPDATE);
NEEDS(layer_get, LAYER_GET);
NEEDS(rule_get, RULE_GET);
NEEDS(set_get, SET_GET);
NEEDS(element_get, ELEMENT_GET);
NEEDS(endpoint_get, ENDPOINT_GET);

FIXTURE_SETUP(command_without_its_object)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_EQ(0, raw_open(&self->raw));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
}

FIXTURE_TEARDOWN(command_without_its_object)
{
	raw_close(&self->raw);
	lbmesh_close(self->conn);
}

TEST_F(command_without_its_object, is_refused)
{
	raw_begin(&self->raw, variant->command, 0);
	EXPECT_REFUSAL(&self->raw, self->conn, EINVAL, (size_t)0, "command %u", variant->command);
}

/* Flows that explain and flow-get do not take. */

FIXTURE(flow)
{
	struct raw raw;
	struct lbmesh *conn;
};

FIXTURE_VARIANT(flow)
{
	uint8_t command;
};

FIXTURE_VARIANT_ADD(flow, explain) { LBMESH_CMD_EXPLAIN };
FIXTURE_VARIANT_ADD(flow, flow_get) { LBMESH_CMD_FLOW_GET };

FIXTURE_SETUP(flow)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_EQ(0, raw_open(&self->raw));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
}

FIXTURE_TEARDOWN(flow)
{
	raw_close(&self->raw);
	lbmesh_close(self->conn);
}

/* What a flow has, and what is wrong with it: the sentence, or NULL when nothing is. */
struct flow_case {
	bool endpoint, ifindex, no_direction, ipv4, half, ipv6, src_port, dst_port, type, code;
	uint8_t protocol;
	int error;
	const char *message;
};

static void flow_build(struct raw *raw, uint8_t command, const struct flow_case *flow)
{
	uint8_t address[16] = { 10 };
	size_t nest;

	raw_begin(raw, command, 0);
	nest = raw_nest(raw, LBMESH_A_FLOW);
	if (flow->endpoint)
		raw_put_u32(raw, LBMESH_A_FLOW_ENDPOINT, 1);
	if (flow->ifindex)
		raw_put_u32(raw, LBMESH_A_FLOW_IFINDEX, 1);
	if (!flow->no_direction)
		raw_put_u8(raw, LBMESH_A_FLOW_DIRECTION, 0);
	if (flow->ipv4)
		raw_put(raw, LBMESH_A_FLOW_SRC_IPV4, address, 4);
	if (flow->ipv4 && !flow->half)
		raw_put(raw, LBMESH_A_FLOW_DST_IPV4, address, 4);
	if (flow->ipv6) {
		raw_put(raw, LBMESH_A_FLOW_SRC_IPV6, address, 16);
		raw_put(raw, LBMESH_A_FLOW_DST_IPV6, address, 16);
	}
	if (flow->protocol)
		raw_put_u8(raw, LBMESH_A_FLOW_PROTOCOL, flow->protocol);
	if (flow->src_port)
		raw_put(raw, LBMESH_A_FLOW_SRC_PORT, address, 2);
	if (flow->dst_port)
		raw_put(raw, LBMESH_A_FLOW_DST_PORT, address, 2);
	if (flow->type)
		raw_put_u8(raw, LBMESH_A_FLOW_ICMP_TYPE, 8);
	if (flow->code)
		raw_put_u8(raw, LBMESH_A_FLOW_ICMP_CODE, 0);
	raw_nest_end(raw, nest);
}

TEST_F(flow, is_refused_with_a_sentence)
{
	static const char one[] = "flow: exactly one of endpoint and ifindex is required";
	static const char both[] = "flow: source and destination of one family are required";
	static const struct flow_case flows[] = {
		{ .ipv4 = true, .protocol = 47, .error = EINVAL, .message = one },
		{ .endpoint = true, .ifindex = true, .ipv4 = true, .protocol = 47, .error = EINVAL,
		  .message = one },
		{ .endpoint = true, .ipv4 = true, .error = EINVAL,
		  .message = "flow: direction and protocol are required" },
		{ .endpoint = true, .ipv4 = true, .protocol = 47, .no_direction = true,
		  .error = EINVAL, .message = "flow: direction and protocol are required" },
		{ .endpoint = true, .protocol = 47, .error = EINVAL, .message = both },
		{ .endpoint = true, .ipv4 = true, .half = true, .protocol = 47, .error = EINVAL,
		  .message = both },
		{ .endpoint = true, .ipv4 = true, .ipv6 = true, .protocol = 47, .error = EINVAL,
		  .message = both },
		{ .endpoint = true, .ipv4 = true, .protocol = 47, .dst_port = true, .error = EINVAL,
		  .message = "flow: the protocol has no ports" },
		{ .endpoint = true, .ipv4 = true, .protocol = 1, .src_port = true, .error = EINVAL,
		  .message = "flow: the protocol has no ports" },
		{ .endpoint = true, .ipv4 = true, .protocol = 6, .src_port = true, .error = EINVAL,
		  .message = "flow: dst-port is required with this protocol" },
		{ .endpoint = true, .ipv6 = true, .protocol = 17, .dst_port = true, .type = true,
		  .error = EINVAL, .message = "flow: icmp-type and icmp-code are for ICMP" },
		{ .endpoint = true, .ipv4 = true, .protocol = 1, .code = true, .error = EINVAL,
		  .message = "flow: icmp-code without icmp-type" },
		/* These are flows, but nothing is in force that could judge them. */
		{ .endpoint = true, .ipv4 = true, .protocol = 1, .error = ENOENT,
		  .message = "no generation is in force" },
		{ .ifindex = true, .ipv6 = true, .protocol = 6, .dst_port = true, .error = ENOENT,
		  .message = "no generation is in force" },
	};

	raw_begin(&self->raw, variant->command, 0);
	EXPECT_EQ(EINVAL, raw_ask(&self->raw).error);
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		struct raw_answer answer;

		flow_build(&self->raw, variant->command, &flows[i]);
		answer = raw_ask(&self->raw);
		EXPECT_EQ(flows[i].error, answer.error) TH_LOG("flow %zu", i);
		EXPECT_STREQ(flows[i].message, answer.message) TH_LOG("flow %zu", i);
	}
}

TEST_HARNESS_MAIN
