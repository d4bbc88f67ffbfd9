// SPDX-License-Identifier: GPL-2.0
/*
 * Goal R2: messages that no honest sender builds. A valid message of every command is changed at
 * random, in its bits, its lengths, its nests and its order, and sent, as root and as root of a user
 * namespace. Whatever comes of it, the kernel stays whole, each refusal has a sentence, and the state
 * can be put back, which is looked at again and again.
 *
 * Generic netlink refuses some messages before the family sees them, and without a sentence. Those
 * are told apart by what the kernel does before it calls the family (refused_before_us()).
 */

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "raw.h"
#include "stress.h"
#include "util.h"

/* More than any message that one datagram of an ordinary socket holds. */
#define DRAFT_SIZE 66000
#define CORPUS_MAX 96
#define SPOTS_MAX  512
#define DEPTH_MAX  4
/* After so many messages the state is put back. */
#define ROUND 500
/* Sentences that are missing, shown. */
#define SHOWN 10

/* The valid messages. */

struct message {
	uint8_t *data;
	size_t length;
};

static struct message corpus[CORPUS_MAX];
static size_t n_corpus;
/* Where the commits are in it. */
static size_t commits, n_commits;

static void corpus_add(const struct raw *raw)
{
	struct message *message = &corpus[n_corpus++];

	message->length = raw->header->nlmsg_len;
	message->data = malloc(message->length);
	if (!message->data || n_corpus > CORPUS_MAX)
		abort();
	memcpy(message->data, raw->buffer, message->length);
}

static void put_u64(struct raw *raw, uint16_t type, uint64_t value)
{
	raw_put(raw, type, &value, sizeof(value));
}

static void put_u16(struct raw *raw, uint16_t type, uint16_t value)
{
	raw_put(raw, type, &value, sizeof(value));
}

static void put_text(struct raw *raw, uint16_t type, const char *text)
{
	raw_put(raw, type, text, strlen(text) + 1);
}

static void put_prefix(struct raw *raw, uint16_t ipv4, uint16_t length, const char *text)
{
	struct lbmesh_prefix prefix;

	must(lbmesh_prefix_parse(text, &prefix));
	if (prefix.family == AF_INET)
		raw_put(raw, ipv4, prefix.addr, 4);
	else
		raw_put(raw, ipv4 + 1, prefix.addr, 16);
	if (length)
		raw_put_u8(raw, length, prefix.len);
}

static void put_mesh(struct raw *raw)
{
	size_t nest = raw_nest(raw, LBMESH_A_DEVICE);

	raw_put_u32(raw, LBMESH_A_DEVICE_ID, 1);
	put_text(raw, LBMESH_A_DEVICE_IFNAME, "wg0");
	raw_put(raw, LBMESH_A_DEVICE_PRIVATE_KEY, key_of(0x5eed0000), LBMESH_KEY_LEN);
	put_u16(raw, LBMESH_A_DEVICE_LISTEN_PORT, 51820);
	raw_put_u32(raw, LBMESH_A_DEVICE_FWMARK, 7);
	raw_put_u32(raw, LBMESH_A_DEVICE_MTU, 1420);
	raw_nest_end(raw, nest);
	for (uint32_t id = 1; id <= 2; id++) {
		nest = raw_nest(raw, LBMESH_A_NETWORK);
		raw_put_u32(raw, LBMESH_A_NETWORK_ID, id);
		put_text(raw, LBMESH_A_NETWORK_LABEL, "blue");
		raw_nest_end(raw, nest);
	}
	nest = raw_nest(raw, LBMESH_A_BRIDGE);
	raw_put_u32(raw, LBMESH_A_BRIDGE_ID, 1);
	raw_put_u32(raw, LBMESH_A_BRIDGE_NETWORK_A, 1);
	raw_put_u32(raw, LBMESH_A_BRIDGE_NETWORK_B, 2);
	raw_nest_end(raw, nest);
	for (uint32_t key = 100; key < 104; key++) {
		nest = raw_nest(raw, LBMESH_A_PEER);
		raw_put_u32(raw, LBMESH_A_PEER_DEVICE, 1);
		raw_put(raw, LBMESH_A_PEER_PUBLIC_KEY, key_of(key), LBMESH_KEY_LEN);
		raw_put(raw, LBMESH_A_PEER_PRESHARED_KEY, key_of(key + 100), LBMESH_KEY_LEN);
		put_prefix(raw, LBMESH_A_PEER_ENDPOINT_IPV4, 0,
			   key & 1 ? "192.0.2.1/32" : "2001:db8::1/128");
		put_u16(raw, LBMESH_A_PEER_ENDPOINT_PORT, 51820);
		put_u16(raw, LBMESH_A_PEER_KEEPALIVE, 25);
		raw_nest_end(raw, nest);
	}
}

static void put_raw_member(struct raw *raw, const char *prefix, uint32_t network, uint32_t key)
{
	size_t nest = raw_nest(raw, LBMESH_A_MEMBER);

	raw_put_u32(raw, LBMESH_A_MEMBER_NETWORK, network);
	raw_put_u32(raw, LBMESH_A_MEMBER_DEVICE, 1);
	put_prefix(raw, LBMESH_A_MEMBER_IPV4, LBMESH_A_MEMBER_PREFIX_LEN, prefix);
	if (key)
		raw_put(raw, LBMESH_A_MEMBER_PUBLIC_KEY, key_of(key), LBMESH_KEY_LEN);
	raw_nest_end(raw, nest);
}

static void put_members(struct raw *raw)
{
	put_raw_member(raw, "10.0.0.1/32", 1, 0);
	put_raw_member(raw, "10.0.0.2/32", 1, 100);
	put_raw_member(raw, "10.0.1.0/24", 2, 101);
	put_raw_member(raw, "fd00::4/128", 1, 102);
}

static void put_selector(struct raw *raw, uint16_t type, uint32_t set)
{
	size_t nest = raw_nest(raw, type);

	if (set)
		raw_put_u32(raw, LBMESH_A_SELECTOR_SET, set);
	else
		put_prefix(raw, LBMESH_A_SELECTOR_IPV4, LBMESH_A_SELECTOR_PREFIX_LEN, "10.0.0.0/8");
	raw_nest_end(raw, nest);
}

static void put_range(struct raw *raw, uint16_t type)
{
	size_t nest = raw_nest(raw, type);

	put_u16(raw, LBMESH_A_RANGE_FIRST, 80);
	put_u16(raw, LBMESH_A_RANGE_LAST, 443);
	raw_nest_end(raw, nest);
}

static void put_element(struct raw *raw)
{
	size_t nest = raw_nest(raw, LBMESH_A_ELEMENT);

	raw_put_u32(raw, LBMESH_A_ELEMENT_SET, 1);
	put_prefix(raw, LBMESH_A_ELEMENT_IPV4, LBMESH_A_ELEMENT_PREFIX_LEN, "10.1.0.0/16");
	raw_put_u32(raw, LBMESH_A_ELEMENT_TIMEOUT, 60000);
	raw_nest_end(raw, nest);
}

static void put_firewall(struct raw *raw)
{
	size_t nest = raw_nest(raw, LBMESH_A_LAYER);

	raw_put_u32(raw, LBMESH_A_LAYER_ID, 1);
	put_text(raw, LBMESH_A_LAYER_LABEL, "org");
	raw_nest_end(raw, nest);
	nest = raw_nest(raw, LBMESH_A_SET);
	raw_put_u32(raw, LBMESH_A_SET_ID, 1);
	raw_nest_end(raw, nest);
	put_element(raw);
	nest = raw_nest(raw, LBMESH_A_RULE);
	raw_put_u32(raw, LBMESH_A_RULE_LAYER, 1);
	raw_put_u32(raw, LBMESH_A_RULE_ID, 1);
	raw_put_u32(raw, LBMESH_A_RULE_POSITION, 1);
	raw_put_u8(raw, LBMESH_A_RULE_ACTION, LBMESH_ACTION_DENY);
	raw_put_u8(raw, LBMESH_A_RULE_PROTOCOL, 6);
	put_selector(raw, LBMESH_A_RULE_SRC, 0);
	put_selector(raw, LBMESH_A_RULE_DST, 1);
	put_range(raw, LBMESH_A_RULE_SRC_PORT);
	put_range(raw, LBMESH_A_RULE_DST_PORT);
	raw_nest_end(raw, nest);
	nest = raw_nest(raw, LBMESH_A_ENDPOINT);
	raw_put_u32(raw, LBMESH_A_ENDPOINT_ID, 1);
	raw_put_u8(raw, LBMESH_A_ENDPOINT_KIND, LBMESH_ENDPOINT_KIND_SANDBOX);
	put_text(raw, LBMESH_A_ENDPOINT_IFNAME, "lo");
	put_prefix(raw, LBMESH_A_ENDPOINT_IPV4, 0, "10.0.0.1/32");
	raw_put_u32(raw, LBMESH_A_ENDPOINT_LAYER, 1);
	raw_nest_end(raw, nest);
}

/* More of what a rule may say; a host that is an endpoint; and what set-update must not have. */
static void put_more_firewall(struct raw *raw)
{
	size_t nest = raw_nest(raw, LBMESH_A_RULE), inner;

	raw_put_u32(raw, LBMESH_A_RULE_LAYER, 1);
	raw_put_u32(raw, LBMESH_A_RULE_ID, 2);
	raw_put_u32(raw, LBMESH_A_RULE_POSITION, 2);
	raw_put_u8(raw, LBMESH_A_RULE_DIRECTION, LBMESH_DIRECTION_INGRESS);
	raw_put_u8(raw, LBMESH_A_RULE_ACTION, LBMESH_ACTION_REJECT);
	raw_put_u8(raw, LBMESH_A_RULE_PROTOCOL, 58);
	inner = raw_nest(raw, LBMESH_A_RULE_SRC);
	raw_put_u8(raw, LBMESH_A_SELECTOR_KEYWORD, LBMESH_KEYWORD_SAME_NETWORK);
	raw_nest_end(raw, inner);
	inner = raw_nest(raw, LBMESH_A_RULE_DST);
	put_prefix(raw, LBMESH_A_SELECTOR_IPV4, LBMESH_A_SELECTOR_PREFIX_LEN, "fd00::/8");
	raw_nest_end(raw, inner);
	raw_put_u8(raw, LBMESH_A_RULE_ICMP_TYPE, 128);
	raw_put_u8(raw, LBMESH_A_RULE_ICMP_CODE, 0);
	raw_put(raw, LBMESH_A_RULE_LOG, NULL, 0);
	raw_nest_end(raw, nest);
	nest = raw_nest(raw, LBMESH_A_ELEMENT);
	raw_put_u32(raw, LBMESH_A_ELEMENT_SET, 1);
	put_prefix(raw, LBMESH_A_ELEMENT_IPV4, LBMESH_A_ELEMENT_PREFIX_LEN, "fd00::/64");
	raw_nest_end(raw, nest);
	nest = raw_nest(raw, LBMESH_A_ENDPOINT);
	raw_put_u32(raw, LBMESH_A_ENDPOINT_ID, 2);
	raw_put_u8(raw, LBMESH_A_ENDPOINT_KIND, LBMESH_ENDPOINT_KIND_HOST);
	put_text(raw, LBMESH_A_ENDPOINT_IFNAME, "wg0");
	raw_put_u32(raw, LBMESH_A_ENDPOINT_LAYER, 1);
	raw_put_u8(raw, LBMESH_A_ENDPOINT_INGRESS_DEFAULT, LBMESH_ACTION_REJECT);
	raw_put_u8(raw, LBMESH_A_ENDPOINT_EGRESS_DEFAULT, LBMESH_ACTION_ALLOW);
	raw_nest_end(raw, nest);
}

static void put_removal(struct raw *raw, uint16_t object, const uint16_t ids[2], uint16_t remove)
{
	size_t nest = raw_nest(raw, object);

	for (int i = 0; i < 2 && ids[i]; i++)
		raw_put_u32(raw, ids[i], 1);
	raw_put(raw, remove, NULL, 0);
	raw_nest_end(raw, nest);
}

/* Takes away what put_firewall() has put, one or all of it. */
static void corpus_add_firewall_deltas(struct raw *raw)
{
	static const struct { uint16_t object, ids[2], remove; } removals[] = {
		{LBMESH_A_ENDPOINT, {LBMESH_A_ENDPOINT_ID}, LBMESH_A_ENDPOINT_REMOVE},
		{LBMESH_A_RULE, {LBMESH_A_RULE_LAYER, LBMESH_A_RULE_ID}, LBMESH_A_RULE_REMOVE},
		{LBMESH_A_LAYER, {LBMESH_A_LAYER_ID}, LBMESH_A_LAYER_REMOVE},
		{LBMESH_A_SET, {LBMESH_A_SET_ID}, LBMESH_A_SET_REMOVE},
	};

	for (size_t i = 0; i < 4; i++) {
		raw_begin(raw, LBMESH_CMD_COMMIT, 0);
		raw_put_u8(raw, LBMESH_A_MODE, LBMESH_COMMIT_MODE_DELTA);
		put_u64(raw, LBMESH_A_EXPECT_GEN, 1);
		for (size_t r = i == 3 ? 0 : i; r <= i; r++)
			put_removal(raw, removals[r].object, removals[r].ids, removals[r].remove);
		corpus_add(raw);
	}
}

/* Commits that would be accepted when their time comes; generation 1 is there now and then. */
static void corpus_add_commits(struct raw *raw)
{
	static const uint16_t removals[][2] = {
		{LBMESH_A_NETWORK, LBMESH_A_NETWORK_REMOVE},
		{LBMESH_A_BRIDGE, LBMESH_A_BRIDGE_REMOVE},
		{LBMESH_A_DEVICE, LBMESH_A_DEVICE_REMOVE},
	};

	for (uint32_t confirm_ms = 0; confirm_ms <= 100; confirm_ms += 50) {
		raw_begin(raw, LBMESH_CMD_COMMIT, 0);
		raw_put_u8(raw, LBMESH_A_MODE, LBMESH_COMMIT_MODE_REPLACE);
		put_u64(raw, LBMESH_A_TOKEN, confirm_ms + 1);
		if (confirm_ms)
			raw_put_u32(raw, LBMESH_A_CONFIRM_TIMEOUT, confirm_ms);
		put_mesh(raw);
		put_members(raw);
		corpus_add(raw);
	}
	put_firewall(raw);
	corpus_add(raw);
	for (int more = 0; more < 2; more++) {
		raw_begin(raw, LBMESH_CMD_COMMIT, 0);
		raw_put_u8(raw, LBMESH_A_MODE, LBMESH_COMMIT_MODE_REPLACE);
		put_u64(raw, LBMESH_A_TOKEN, 1000 + more);
		put_mesh(raw);
		put_members(raw);
		put_firewall(raw);
		if (more)
			put_more_firewall(raw);
		corpus_add(raw);
	}
	corpus_add_firewall_deltas(raw);
	for (size_t i = 0; i < sizeof(removals) / sizeof(removals[0]); i++) {
		size_t nest;

		raw_begin(raw, LBMESH_CMD_COMMIT, 0);
		raw_put_u8(raw, LBMESH_A_MODE, LBMESH_COMMIT_MODE_DELTA);
		put_u64(raw, LBMESH_A_EXPECT_GEN, 1);
		put_raw_member(raw, "10.0.0.9/32", 1, 103);
		put_raw_member(raw, "10.0.0.2/32", 2, 101);
		nest = raw_nest(raw, removals[i][0]);
		/* The ID is the first attribute of each of them. */
		raw_put_u32(raw, LBMESH_A_NETWORK_ID, 1);
		raw_put(raw, removals[i][1], NULL, 0);
		raw_nest_end(raw, nest);
		corpus_add(raw);
	}
}

/* Questions about flows of the endpoint of put_firewall(), of each family and kind of protocol. */
static void corpus_add_flows(struct raw *raw)
{
	static const uint8_t protocols[] = { 6, 17, 1, 58, 47 };

	for (size_t i = 0; i < 2 * sizeof(protocols); i++) {
		uint8_t protocol = protocols[i / 2];
		bool is6 = protocol == 58 || protocol == 17;
		size_t nest;

		raw_begin(raw, i % 2 ? LBMESH_CMD_FLOW_GET : LBMESH_CMD_EXPLAIN, 0);
		nest = raw_nest(raw, LBMESH_A_FLOW);
		raw_put_u32(raw, is6 ? LBMESH_A_FLOW_IFINDEX : LBMESH_A_FLOW_ENDPOINT, 1);
		raw_put_u8(raw, LBMESH_A_FLOW_DIRECTION, i % 3 % 2);
		raw_put_u8(raw, LBMESH_A_FLOW_PROTOCOL, protocol);
		put_prefix(raw, LBMESH_A_FLOW_SRC_IPV4, 0, is6 ? "fd00::1/128" : "10.0.0.1/32");
		put_prefix(raw, LBMESH_A_FLOW_DST_IPV4, 0, is6 ? "fd00::2/128" : "10.0.0.2/32");
		if (protocol == 6 || protocol == 17) {
			put_u16(raw, LBMESH_A_FLOW_SRC_PORT, htons(4242));
			put_u16(raw, LBMESH_A_FLOW_DST_PORT, htons(80));
		} else if (protocol == 1) {
			raw_put_u8(raw, LBMESH_A_FLOW_ICMP_TYPE, 3);
			raw_put_u8(raw, LBMESH_A_FLOW_ICMP_CODE, 1);
		}
		raw_nest_end(raw, nest);
		corpus_add(raw);
	}
}

/* A rule and an element by their keys. */
static void corpus_add_keys(struct raw *raw)
{
	size_t nest;

	raw_begin(raw, LBMESH_CMD_RULE_GET, 0);
	nest = raw_nest(raw, LBMESH_A_RULE);
	raw_put_u32(raw, LBMESH_A_RULE_LAYER, 1);
	raw_put_u32(raw, LBMESH_A_RULE_ID, 1);
	raw_nest_end(raw, nest);
	corpus_add(raw);
	raw_begin(raw, LBMESH_CMD_ELEMENT_GET, 0);
	nest = raw_nest(raw, LBMESH_A_ELEMENT);
	raw_put_u32(raw, LBMESH_A_ELEMENT_SET, 1);
	put_prefix(raw, LBMESH_A_ELEMENT_IPV4, LBMESH_A_ELEMENT_PREFIX_LEN, "10.1.0.0/16");
	raw_nest_end(raw, nest);
	corpus_add(raw);
}

static void corpus_add_questions(struct raw *raw)
{
	for (uint8_t command = LBMESH_CMD_DEVICE_GET; command <= LBMESH_CMD_FLOW_GET; command++) {
		size_t nest;

		for (int dump = 0; dump < 2; dump++) {
			raw_begin(raw, command, dump ? NLM_F_DUMP : 0);
			raw_put_u32(raw, LBMESH_A_ID, 1);
			corpus_add(raw);
		}
		if (command != LBMESH_CMD_PEER_GET && command != LBMESH_CMD_MEMBER_GET)
			continue;
		raw_begin(raw, command, 0);
		if (command == LBMESH_CMD_MEMBER_GET) {
			put_raw_member(raw, "10.0.0.2/32", 1, 100);
		} else {
			nest = raw_nest(raw, LBMESH_A_PEER);
			raw_put_u32(raw, LBMESH_A_PEER_DEVICE, 1);
			raw_put(raw, LBMESH_A_PEER_PUBLIC_KEY, key_of(100), LBMESH_KEY_LEN);
			raw_nest_end(raw, nest);
		}
		corpus_add(raw);
	}
	corpus_add_flows(raw);
	corpus_add_keys(raw);
}

static void corpus_make(struct raw *raw)
{
	static const uint8_t plain[] = {
		LBMESH_CMD_INFO_GET, LBMESH_CMD_GENERATION_GET, LBMESH_CMD_AUDIT,
		LBMESH_CMD_REPAIR,   LBMESH_CMD_FLUSH,		LBMESH_CMD_CONFIRM,
		LBMESH_CMD_REVERT,
	};
	size_t nest;

	for (size_t i = 0; i < sizeof(plain); i++) {
		raw_begin(raw, plain[i], 0);
		if (plain[i] == LBMESH_CMD_CONFIRM || plain[i] == LBMESH_CMD_REVERT)
			put_u64(raw, LBMESH_A_GENERATION, 1);
		else if (plain[i] == LBMESH_CMD_AUDIT || plain[i] == LBMESH_CMD_REPAIR)
			put_u64(raw, LBMESH_A_TOKEN, 77);
		else if (plain[i] == LBMESH_CMD_FLUSH)
			put_u64(raw, LBMESH_A_EXPECT_GEN, 1);
		corpus_add(raw);
	}
	raw_begin(raw, LBMESH_CMD_LIMITS_SET, 0);
	nest = raw_nest(raw, LBMESH_A_LIMITS);
	for (uint16_t count = LBMESH_A_COUNTS_DEVICES; count <= LBMESH_A_COUNTS_MEMBERS; count++)
		raw_put_u32(raw, count, 100);
	raw_nest_end(raw, nest);
	corpus_add(raw);
	raw_begin(raw, LBMESH_CMD_SET_UPDATE, 0);
	put_element(raw);
	corpus_add(raw);
	raw_begin(raw, LBMESH_CMD_SET_UPDATE, 0);
	for (int remove = 0; remove < 2; remove++) {
		nest = raw_nest(raw, LBMESH_A_ELEMENT);
		raw_put_u32(raw, LBMESH_A_ELEMENT_SET, 1);
		put_prefix(raw, LBMESH_A_ELEMENT_IPV4, LBMESH_A_ELEMENT_PREFIX_LEN,
			   remove ? "10.1.0.0/16" : "fd00::/64");
		if (remove)
			raw_put(raw, LBMESH_A_ELEMENT_REMOVE, NULL, 0);
		raw_nest_end(raw, nest);
	}
	corpus_add(raw);
	commits = n_corpus;
	corpus_add_commits(raw);
	n_commits = n_corpus - commits;
	corpus_add_questions(raw);
}

/* Changing a message. */

struct draft {
	size_t length;
	uint8_t data[DRAFT_SIZE];
};

/* Where an attribute begins, and the nests that it lies in, from the outside. */
struct spot {
	size_t at;
	size_t parents[DEPTH_MAX];
	int depth;
};

static struct spot spots[SPOTS_MAX];
static size_t n_spots;

#define HEADERS (NLMSG_HDRLEN + GENL_HDRLEN)

static struct nlattr *attr_at(struct draft *draft, size_t at)
{
	return (struct nlattr *)(draft->data + at);
}

static void spots_find(struct draft *draft, size_t from, size_t to, const struct spot *parent)
{
	while (from + NLA_HDRLEN <= to && n_spots < SPOTS_MAX) {
		struct nlattr *attr = attr_at(draft, from);
		struct spot *spot = &spots[n_spots];

		if (attr->nla_len < NLA_HDRLEN || from + attr->nla_len > to)
			return;
		*spot = *parent;
		spot->at = from;
		n_spots++;
		if (attr->nla_type & NLA_F_NESTED && parent->depth < DEPTH_MAX) {
			struct spot inner = *parent;

			inner.parents[inner.depth++] = from;
			spots_find(draft, from + NLA_HDRLEN, from + attr->nla_len, &inner);
		}
		from += NLA_ALIGN(attr->nla_len);
	}
}

static const struct spot *spot_any(struct draft *draft)
{
	n_spots = 0;
	spots_find(draft, HEADERS, draft->length, &(struct spot){});
	return n_spots ? &spots[random_below(n_spots)] : NULL;
}

/* Lengths of what surrounds the spot; now and then they are left wrong. */
static void parents_grow(struct draft *draft, const struct spot *spot, int by)
{
	if (one_in(8))
		return;
	for (int i = 0; i < spot->depth; i++)
		attr_at(draft, spot->parents[i])->nla_len += by;
}

/* Puts bytes in; false when there is no room. */
static bool insert(struct draft *draft, const struct spot *spot, size_t at, const void *data,
		   size_t size)
{
	if (draft->length + size > DRAFT_SIZE || at > draft->length)
		return false;
	memmove(draft->data + at + size, draft->data + at, draft->length - at);
	memcpy(draft->data + at, data, size);
	draft->length += size;
	if (spot)
		parents_grow(draft, spot, size);
	return true;
}

static void take_out(struct draft *draft, const struct spot *spot, size_t at, size_t size)
{
	if (at + size > draft->length)
		size = draft->length - at;
	memmove(draft->data + at, draft->data + at + size, draft->length - at - size);
	draft->length -= size;
	if (spot)
		parents_grow(draft, spot, -(int)size);
}

static size_t size_at(struct draft *draft, const struct spot *spot)
{
	size_t size = NLA_ALIGN(attr_at(draft, spot->at)->nla_len);

	return spot->at + size > draft->length ? draft->length - spot->at : size;
}

static void flip_bits(struct draft *draft)
{
	for (uint32_t n = 1 + random_below(8); n--;) {
		size_t at = NLMSG_HDRLEN + random_below(draft->length - NLMSG_HDRLEN);

		draft->data[at] ^= 1 << random_below(8);
	}
}

static void change_value(struct draft *draft)
{
	static const uint8_t bytes[] = {0, 1, 0x7f, 0x80, 0xff};
	const struct spot *spot = spot_any(draft);
	size_t size = spot ? size_at(draft, spot) : 0;
	uint8_t *value = draft->data + (spot ? spot->at : 0) + NLA_HDRLEN;

	if (size <= NLA_HDRLEN)
		return;
	size -= NLA_HDRLEN;
	if (one_in(2)) {
		memset(value, 0, size);
		value[0] = random_below(5);
	} else if (one_in(2)) {
		random_fill(value, size);
	} else {
		memset(value, bytes[random_below(sizeof(bytes))], size);
	}
}

/* The value of another attribute: references to what is there, or was, and twice the same key. */
static void borrow_value(struct draft *draft)
{
	const struct spot *from, *to = spot_any(draft);

	for (int tries = 0; tries < 20 && to; tries++) {
		from = &spots[random_below(n_spots)];
		if (from == to || size_at(draft, from) != size_at(draft, to))
			continue;
		memcpy(draft->data + to->at + NLA_HDRLEN, draft->data + from->at + NLA_HDRLEN,
		       size_at(draft, to) - NLA_HDRLEN);
		return;
	}
}

static void lie_about_length(struct draft *draft)
{
	const struct spot *spot = spot_any(draft);

	if (!spot)
		return;
	if (one_in(2))
		attr_at(draft, spot->at)->nla_len += random_below(17) - 8;
	else
		attr_at(draft, spot->at)->nla_len = random_number();
}

static void change_size(struct draft *draft)
{
	const struct spot *spot = spot_any(draft);
	uint8_t junk[256];
	size_t size = NLA_ALIGN(1 + random_below(one_in(4) ? sizeof(junk) : 16));

	if (!spot)
		return;
	random_fill(junk, sizeof(junk));
	if (one_in(2)) {
		if (insert(draft, spot, spot->at + size_at(draft, spot), junk, size))
			attr_at(draft, spot->at)->nla_len += size - random_below(4);
	} else if (size_at(draft, spot) >= NLA_HDRLEN + size) {
		attr_at(draft, spot->at)->nla_len -= size;
		take_out(draft, spot, spot->at + size_at(draft, spot), size);
	}
}

static void cut_nest(struct draft *draft)
{
	const struct spot *spot = NULL;
	size_t size, keep;

	for (int tries = 0; tries < 10; tries++) {
		spot = spot_any(draft);
		if (spot && attr_at(draft, spot->at)->nla_type & NLA_F_NESTED)
			break;
	}
	if (!spot)
		return;
	size = size_at(draft, spot);
	keep = NLA_HDRLEN + random_below(size - NLA_HDRLEN + 1);
	attr_at(draft, spot->at)->nla_len = keep;
	take_out(draft, spot, spot->at + NLA_ALIGN(keep), size - NLA_ALIGN(keep));
}

static void repeat(struct draft *draft)
{
	const struct spot *spot = spot_any(draft);
	uint8_t copy[4096];
	uint32_t times = one_in(8) ? 1 + random_below(300) : 1 + random_below(3);
	size_t size = spot ? size_at(draft, spot) : 0;

	if (!size || size > sizeof(copy))
		return;
	memcpy(copy, draft->data + spot->at, size);
	while (times-- && insert(draft, spot, spot->at, copy, size))
		continue;
}

static void drop(struct draft *draft)
{
	const struct spot *spot = spot_any(draft);

	if (spot)
		take_out(draft, spot, spot->at, size_at(draft, spot));
}

static void change_type(struct draft *draft)
{
	const struct spot *spot = spot_any(draft);
	struct nlattr *attr;

	if (!spot)
		return;
	attr = attr_at(draft, spot->at);
	switch (random_below(4)) {
	case 0:
		attr->nla_type ^= NLA_F_NESTED;
		break;
	case 1:
		attr->nla_type ^= NLA_F_NET_BYTEORDER;
		break;
	case 2:
		attr->nla_type = random_number();
		break;
	default:
		attr->nla_type = (attr->nla_type & ~NLA_TYPE_MASK) | random_below(48);
		break;
	}
}

/* An attribute of another message, with what is in it. */
static void splice(struct draft *draft)
{
	static struct draft other;
	const struct message *message = &corpus[random_below(n_corpus)];
	const struct spot *spot;
	uint8_t copy[4096];
	size_t size;

	memcpy(other.data, message->data, message->length);
	other.length = message->length;
	spot = spot_any(&other);
	size = spot ? size_at(&other, spot) : 0;
	if (!size || size > sizeof(copy))
		return;
	memcpy(copy, other.data + spot->at, size);
	spot = spot_any(draft);
	insert(draft, spot, spot ? spot->at : HEADERS, copy, size);
}

/* Nests in nests, far deeper than any reader may follow. */
static void wrap(struct draft *draft)
{
	const struct spot *spot = spot_any(draft);
	uint32_t depth = one_in(4) ? 2000 : 1 + random_below(6);
	size_t size = spot ? size_at(draft, spot) : 0;

	while (size && depth--) {
		struct nlattr outer = {
			.nla_len = size + NLA_HDRLEN,
			.nla_type = (1 + random_below(20)) | NLA_F_NESTED,
		};

		if (size + NLA_HDRLEN > UINT16_MAX ||
		    !insert(draft, spot, spot->at, &outer, sizeof(outer)))
			break;
		size += NLA_HDRLEN;
	}
}

static void change_end(struct draft *draft)
{
	uint8_t junk[1024];

	random_fill(junk, sizeof(junk));
	if (one_in(2))
		insert(draft, NULL, draft->length, junk, 1 + random_below(sizeof(junk)));
	else if (draft->length > NLMSG_HDRLEN)
		draft->length -= random_below(draft->length - NLMSG_HDRLEN);
}

static void change_command(struct draft *draft)
{
	struct genlmsghdr *genl = (struct genlmsghdr *)(draft->data + NLMSG_HDRLEN);

	if (one_in(8))
		genl->reserved = random_number();
	else if (one_in(8))
		genl->version = random_number();
	else
		genl->cmd = one_in(4) ? random_number() : random_below(LBMESH_CMD_MAX + 2);
}

static void change_flags(struct draft *draft)
{
	struct nlmsghdr *header = (struct nlmsghdr *)draft->data;

	header->nlmsg_flags ^= one_in(2) ? NLM_F_DUMP : 1 << random_below(16);
}

/* A second message in the same datagram. */
static void append_message(struct draft *draft)
{
	const struct message *message = &corpus[random_below(n_corpus)];
	static const uint8_t pad[NLMSG_ALIGNTO];
	struct nlmsghdr *header = (struct nlmsghdr *)draft->data;

	header->nlmsg_len = draft->length;
	insert(draft, NULL, draft->length, pad, NLMSG_ALIGN(draft->length) - draft->length);
	insert(draft, NULL, draft->length, message->data, message->length);
}

static void draft_make(struct draft *draft)
{
	static void (*const changes[])(struct draft * draft) = {
		flip_bits,  change_value, lie_about_length, change_size,  cut_nest,
		repeat,	    drop,	  change_type,	    splice,	  wrap,
		change_end, change_value, borrow_value,	    borrow_value,
	};
	/* Commits have the most to get wrong. */
	const struct message *message = one_in(2) ? &corpus[random_below(n_corpus)]
						  : &corpus[commits + random_below(n_commits)];
	struct nlmsghdr *header = (struct nlmsghdr *)draft->data;

	memcpy(draft->data, message->data, message->length);
	draft->length = message->length;
	for (uint32_t n = random_below(5); n-- && draft->length > HEADERS;)
		changes[random_below(sizeof(changes) / sizeof(changes[0]))](draft);
	if (one_in(12))
		change_command(draft);
	if (one_in(12))
		change_flags(draft);
	header->nlmsg_len = draft->length;
	if (one_in(50))
		append_message(draft);
	else if (one_in(50))
		header->nlmsg_len = one_in(2) ? random_below(draft->length + 8) : random_number();
}

/* What the kernel says to it. */

struct tally {
	unsigned int sent;
	unsigned int answers;
	unsigned int accepted;
	unsigned int refused;
	unsigned int jobs;
	unsigned int no_family;
	unsigned int no_header;
	unsigned int no_command;
	unsigned int dump_runs;
	unsigned int silent;
	unsigned int sentences;
};

/* Headers as they were sent, by sequence number, which tells whom an answer is for. */
#define REMEMBERED 4096
static struct {
	uint32_t sequence;
	uint32_t length;
	uint16_t type;
	uint16_t flags;
	uint8_t command;
	bool first;
} asked[REMEMBERED];
static uint32_t sequence;

/* Gives each message in the datagram a number, as far as the kernel will walk it. */
static void number_messages(struct draft *draft)
{
	size_t at = 0;

	while (draft->length - at >= NLMSG_HDRLEN) {
		struct nlmsghdr *header = (struct nlmsghdr *)(draft->data + at);
		uint32_t i = ++sequence % REMEMBERED;

		if (header->nlmsg_len < NLMSG_HDRLEN || header->nlmsg_len > draft->length - at)
			break;
		header->nlmsg_seq = sequence;
		asked[i].sequence = sequence;
		asked[i].length = header->nlmsg_len;
		asked[i].type = header->nlmsg_type;
		asked[i].flags = header->nlmsg_flags;
		/* Beyond the end of a message without a header of the family it means nothing. */
		asked[i].command = draft->data[at + NLMSG_HDRLEN];
		asked[i].first = at == 0;
		if (NLMSG_ALIGN(header->nlmsg_len) >= draft->length - at)
			break;
		at += NLMSG_ALIGN(header->nlmsg_len);
	}
}

static bool command_exists(uint8_t command, bool dump)
{
	switch (command) {
	case LBMESH_CMD_COMMIT_RESULT:
	case LBMESH_CMD_GENERATION_NTF:
	case LBMESH_CMD_VERDICT_NTF:
	case LBMESH_CMD_AUDIT_RESULT:
		return false;
	}
	return command && command <= LBMESH_CMD_MAX && (!dump || command >= LBMESH_CMD_DEVICE_GET);
}

/*
 * What genl_rcv_msg() of net/netlink/genetlink.c refuses before the family's policy has a say, in its
 * order and without a sentence; and in the end, what __netlink_dump_start() refuses: a second dump
 * of one socket, which is in the same datagram as the first.
 */
static bool refused_before_us(const struct raw *raw, uint32_t i, int error, struct tally *tally)
{
	bool dump = (asked[i].flags & NLM_F_DUMP) == NLM_F_DUMP;

	/* Nobody's (ENOENT), or another family's, which refuses in its own way. */
	if (asked[i].type != raw->family)
		return tally->no_family++, true;
	if (asked[i].length < HEADERS)
		return tally->no_header++, error == EINVAL;
	if (!command_exists(asked[i].command, dump))
		return tally->no_command++, error == EOPNOTSUPP;
	if (dump && !asked[i].first && error == EBUSY)
		return tally->dump_runs++, true;
	return false;
}

static void show_silent(const struct draft *draft, uint32_t i, int error)
{
	printf("# command %u, flags %#x, %u bytes: errno %d without a sentence:", asked[i].command,
	       asked[i].flags, asked[i].length, error);
	for (size_t at = 0; at < draft->length && at < 256; at++)
		printf("%s%02x", at % 4 ? "" : " ", draft->data[at]);
	printf("\n");
}

/* Whether the sentence is there for the first time, whatever the numbers in it; they are few. */
static bool is_new(const char *sentence)
{
	static char *known[1000];
	char plain[256];
	size_t n = 0, i;

	for (; *sentence && n < sizeof(plain) - 1; sentence++) {
		if (!isdigit((unsigned char)*sentence))
			plain[n++] = *sentence;
	}
	plain[n] = '\0';
	for (i = 0; i < 1000 && known[i]; i++) {
		if (strcmp(known[i], plain) == 0)
			return false;
	}
	if (i < 1000)
		known[i] = strdup(plain);
	return true;
}

static void judge(const struct raw *raw, const struct draft *draft, const struct nlmsghdr *header,
		  struct tally *tally)
{
	struct raw_answer answer = raw_answer_of(header);
	uint32_t i = header->nlmsg_seq % REMEMBERED;

	tally->answers++;
	if (asked[i].sequence != header->nlmsg_seq) {
		printf("# an answer to %u, which was not asked\n", header->nlmsg_seq);
		tally->silent++;
	} else if (!answer.error) {
		tally->accepted++;
		tally->jobs += asked[i].command == LBMESH_CMD_COMMIT;
	} else if (answer.message[0]) {
		tally->refused++;
		tally->sentences += is_new(answer.message);
	} else if (!refused_before_us(raw, i, answer.error, tally)) {
		if (tally->silent++ < SHOWN)
			show_silent(draft, i, answer.error);
	}
}

/* A request has been handled when send() returns, and a dump goes on with each read. */
static void answers_read(struct raw *raw, const struct draft *draft, struct tally *tally)
{
	static char buffer[65536];
	int fd = mnl_socket_get_fd(raw->socket);
	int got;

	while ((got = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *header = (const struct nlmsghdr *)buffer;

		for (; mnl_nlmsg_ok(header, got); header = mnl_nlmsg_next(header, &got)) {
			if (header->nlmsg_type == NLMSG_ERROR || header->nlmsg_type == NLMSG_DONE)
				judge(raw, draft, header, tally);
		}
	}
}

/* The test. */

FIXTURE(messages)
{
	struct lbmesh *conn;
	struct raw raw;
	struct lbmesh_info info;
	char *state;
	char *wireguard;
};

FIXTURE_VARIANT(messages)
{
	bool user_namespace;
};

FIXTURE_VARIANT_ADD(messages, of_root){false};
FIXTURE_VARIANT_ADD(messages, of_root_of_a_user_namespace){true};

FIXTURE_SETUP(messages)
{
	struct lbmesh_result result;

	if (missing_family())
		SKIP(return, "%s", missing_family());
	if (variant->user_namespace)
		ASSERT_EQ(0, user_namespace_enter(0));
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, ip(NULL, "link add wg0 type wireguard\nlink set wg0 up\n"));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
	ASSERT_EQ(0, raw_open(&self->raw));
	ASSERT_EQ(0, lbmesh_info_get(self->conn, &self->info, NULL));
	ASSERT_EQ(0, mesh_restore(self->conn, &result)) TH_LOG("\"%s\"", result.error.message);
	self->state = strdup(state_text(self->conn));
	self->wireguard = strdup(wg_state("wg0"));
	corpus_make(&self->raw);
	/* Not the messages of the other variant once more. */
	if (variant->user_namespace)
		random_number();
}

FIXTURE_TEARDOWN(messages)
{
	raw_close(&self->raw);
	lbmesh_close(self->conn);
}

/* Limits that a message of root has changed; what is not built yet has changed none. */
static void limits_restore(struct lbmesh *conn, const struct lbmesh_info *info)
{
	struct lbmesh_info now;

	must(lbmesh_info_get(conn, &now, NULL));
	if (memcmp(&now.limits, &info->limits, sizeof(now.limits)) != 0)
		must(lbmesh_limits_set(conn, &info->limits, NULL));
}

TEST_F_TIMEOUT(messages, that_nobody_builds_are_refused_with_a_sentence_or_harmless, PATIENCE)
{
	unsigned int count = how_many(50000, 500000), failures = 0;
	static struct draft draft;
	struct tally tally = {};
	struct lbmesh_result result;

	for (unsigned int i = 1; i <= count && failures < 3; i++) {
		draft_make(&draft);
		number_messages(&draft);
		if (send(mnl_socket_get_fd(self->raw.socket), draft.data, draft.length, 0) > 0)
			tally.sent++;
		answers_read(&self->raw, &draft, &tally);
		if (i % ROUND)
			continue;
		limits_restore(self->conn, &self->info);
		EXPECT_EQ(0, mesh_restore(self->conn, &result))
		{
			TH_LOG("message %u: \"%s\"", i, result.error.message);
			failures++;
		}
		EXPECT_STREQ(self->state, state_text(self->conn)) failures++;
		EXPECT_STREQ(self->wireguard, wg_state("wg0")) failures++;
	}
	TH_LOG("%u messages sent, %u answers: %u accepted (%u of them commits), %u refused with one of %u sentences",
	       tally.sent, tally.answers, tally.accepted, tally.jobs, tally.refused,
	       tally.sentences);
	TH_LOG("refused by generic netlink without one: %u of no family, %u without header, %u of no command, %u second dumps",
	       tally.no_family, tally.no_header, tally.no_command, tally.dump_runs);
	EXPECT_EQ(0, tally.silent);
	EXPECT_EQ(count, tally.sent);
	/* Or the test has sent nothing that reaches the family. */
	EXPECT_LT(count / 4, tally.refused);
	EXPECT_LT(count / 50, tally.accepted);
	EXPECT_LT(count / 200, tally.jobs);
}

TEST_HARNESS_MAIN
