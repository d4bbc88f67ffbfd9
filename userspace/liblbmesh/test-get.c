// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-get.c - one object by its key: the bytes of the question, and answers
 * that are not what was asked for.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "test.h"

static const uint8_t key[LBMESH_KEY_LEN] = "0123456789abcdef0123456789abcde";
static const uint8_t other_key[LBMESH_KEY_LEN] = "0123456789abcdef0123456789abcdX";
static struct test_wire wire;
static struct test_message message;
static struct lbmesh_error err;
static unsigned int shown;

static void setup(void)
{
	test_wire_open(&wire);
}

static void teardown(void)
{
	test_wire_close(&wire);
}

static struct nlattr *begin(uint8_t cmd, uint16_t type)
{
	test_message(&message, TEST_FAMILY, cmd, wire.conn->seq + 1);
	mnl_attr_put_u64(message.nlh, LBMESH_A_GENERATION, 5);
	return mnl_attr_nest_start(message.nlh, type);
}

static void acknowledge(void)
{
	test_ack(&message, wire.conn->seq + 1, 0, NULL, NULL);
	test_wire_send(&wire, &message);
}

static void answer(struct nlattr *nest)
{
	mnl_attr_nest_end(message.nlh, nest);
	test_wire_send(&wire, &message);
	acknowledge();
}

static void answer_device(uint32_t id)
{
	struct nlattr *nest = begin(LBMESH_CMD_DEVICE_GET, LBMESH_A_DEVICE);

	mnl_attr_put_u32(message.nlh, LBMESH_A_DEVICE_ID, id);
	mnl_attr_put_u32(message.nlh, LBMESH_A_DEVICE_IFINDEX, 9);
	mnl_attr_put_strz(message.nlh, LBMESH_A_DEVICE_IFNAME, "wg0");
	answer(nest);
}

static void answer_network(uint32_t id)
{
	struct nlattr *nest = begin(LBMESH_CMD_NETWORK_GET, LBMESH_A_NETWORK);

	mnl_attr_put_u32(message.nlh, LBMESH_A_NETWORK_ID, id);
	mnl_attr_put_strz(message.nlh, LBMESH_A_NETWORK_LABEL, "red");
	answer(nest);
}

static void answer_bridge(uint32_t id)
{
	struct nlattr *nest = begin(LBMESH_CMD_BRIDGE_GET, LBMESH_A_BRIDGE);

	mnl_attr_put_u32(message.nlh, LBMESH_A_BRIDGE_ID, id);
	mnl_attr_put_u32(message.nlh, LBMESH_A_BRIDGE_NETWORK_A, 1);
	mnl_attr_put_u32(message.nlh, LBMESH_A_BRIDGE_NETWORK_B, 2);
	answer(nest);
}

static void answer_peer(uint32_t device, const uint8_t *public_key)
{
	struct nlattr *nest = begin(LBMESH_CMD_PEER_GET, LBMESH_A_PEER);

	mnl_attr_put_u32(message.nlh, LBMESH_A_PEER_DEVICE, device);
	mnl_attr_put(message.nlh, LBMESH_A_PEER_PUBLIC_KEY, LBMESH_KEY_LEN, public_key);
	answer(nest);
}

static void answer_member(uint32_t device, uint32_t ipv4, uint8_t len)
{
	struct nlattr *nest = begin(LBMESH_CMD_MEMBER_GET, LBMESH_A_MEMBER);

	mnl_attr_put_u32(message.nlh, LBMESH_A_MEMBER_NETWORK, 3);
	mnl_attr_put_u32(message.nlh, LBMESH_A_MEMBER_DEVICE, device);
	mnl_attr_put_u32(message.nlh, LBMESH_A_MEMBER_IPV4, htonl(ipv4));
	mnl_attr_put_u8(message.nlh, LBMESH_A_MEMBER_PREFIX_LEN, len);
	answer(nest);
}

static int device_see(const struct lbmesh_device *device, void *data)
{
	cr_assert_eq(device->id, 4);
	cr_assert_str_eq(device->ifname, "wg0");
	shown++;
	return data ? *(const int *)data : 0;
}

static int network_see(const struct lbmesh_network *network, void *data)
{
	(void)data;
	cr_assert_str_eq(network->label, "red");
	shown++;
	return 0;
}

static int bridge_see(const struct lbmesh_bridge *bridge, void *data)
{
	(void)data;
	cr_assert_eq(bridge->network_b, 2);
	shown++;
	return 0;
}

static int peer_see(const struct lbmesh_peer *peer, void *data)
{
	(void)data;
	cr_assert_arr_eq(peer->public_key, key, LBMESH_KEY_LEN);
	shown++;
	return 0;
}

static int member_see(const struct lbmesh_member *member, void *data)
{
	(void)data;
	cr_assert_eq(member->network, 3);
	shown++;
	return 0;
}

/* The bytes behind the headers of what was sent last. */
static void sent(uint8_t cmd, const void *attrs, size_t len)
{
	cr_assert_eq(test_wire_receive(&wire), (ssize_t)(NLMSG_HDRLEN + GENL_HDRLEN + len));
	cr_assert_eq(wire.in.nlh->nlmsg_type, TEST_FAMILY);
	cr_assert_eq(wire.in.nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	cr_assert_eq(lbm_message_genl(wire.in.nlh)->cmd, cmd);
	cr_assert_arr_eq((const uint8_t *)mnl_nlmsg_get_payload_offset(wire.in.nlh, GENL_HDRLEN),
			 (const uint8_t *)attrs, len);
}

TestSuite(get, .init = setup, .fini = teardown);

Test(get, objects_with_an_id_are_asked_for_by_it)
{
	static const struct {
		struct nlattr head;
		uint32_t id;
	} expected = {{8, LBMESH_A_ID}, 4};
	uint64_t generation = 0;

	answer_device(4);
	cr_assert_eq(lbmesh_device_get(wire.conn, 4, device_see, NULL, &generation, &err), 0);
	cr_assert_eq(generation, 5);
	sent(LBMESH_CMD_DEVICE_GET, &expected, sizeof(expected));
	answer_network(4);
	cr_assert_eq(lbmesh_network_get(wire.conn, 4, network_see, NULL, NULL, &err), 0);
	sent(LBMESH_CMD_NETWORK_GET, &expected, sizeof(expected));
	answer_bridge(4);
	cr_assert_eq(lbmesh_bridge_get(wire.conn, 4, bridge_see, NULL, NULL, &err), 0);
	sent(LBMESH_CMD_BRIDGE_GET, &expected, sizeof(expected));
	cr_assert_eq(shown, 3);
}

Test(get, a_peer_is_asked_for_by_device_and_key)
{
	struct {
		struct nlattr nest;
		struct nlattr device_head;
		uint32_t device;
		struct nlattr key_head;
		uint8_t key[LBMESH_KEY_LEN];
	} expected = {{48, LBMESH_A_PEER | NLA_F_NESTED},
		      {8, LBMESH_A_PEER_DEVICE},
		      7,
		      {36, LBMESH_A_PEER_PUBLIC_KEY},
		      {0}};

	memcpy(expected.key, key, sizeof(key));
	answer_peer(7, key);
	cr_assert_eq(lbmesh_peer_get(wire.conn, 7, key, peer_see, NULL, NULL, &err), 0);
	sent(LBMESH_CMD_PEER_GET, &expected, sizeof(expected));
	cr_assert_eq(shown, 1);
}

Test(get, a_member_is_asked_for_by_device_and_prefix)
{
	const struct {
		struct nlattr nest;
		struct nlattr device_head;
		uint32_t device;
		struct nlattr ipv4_head;
		uint32_t ipv4;
		struct nlattr len_head;
		uint8_t len[4];
	} expected = {{28, LBMESH_A_MEMBER | NLA_F_NESTED},
		      {8, LBMESH_A_MEMBER_DEVICE},
		      7,
		      {8, LBMESH_A_MEMBER_IPV4},
		      htonl(0x0a000000),
		      {5, LBMESH_A_MEMBER_PREFIX_LEN},
		      {8, 0, 0, 0}};
	struct lbmesh_prefix prefix;

	cr_assert_eq(lbmesh_prefix_parse("10.0.0.0/8", &prefix), 0);
	answer_member(7, 0x0a000000, 8);
	cr_assert_eq(lbmesh_member_get(wire.conn, 7, &prefix, member_see, NULL, NULL, &err), 0);
	sent(LBMESH_CMD_MEMBER_GET, &expected, sizeof(expected));
	cr_assert_eq(shown, 1);
}

Test(get, a_whole_address_is_sent_without_its_length)
{
	struct {
		struct nlattr nest;
		struct nlattr device_head;
		uint32_t device;
		struct nlattr ipv6_head;
		uint8_t ipv6[16];
	} expected = {{32, LBMESH_A_MEMBER | NLA_F_NESTED},
		      {8, LBMESH_A_MEMBER_DEVICE},
		      7,
		      {20, LBMESH_A_MEMBER_IPV6},
		      {0xfd, [15] = 1}};
	struct lbmesh_prefix prefix;

	cr_assert_eq(lbmesh_prefix_parse("fd00::1", &prefix), 0);
	test_ack(&message, 1, ENOENT, "member: there is none", NULL);
	test_wire_send(&wire, &message);
	cr_assert_eq(lbmesh_member_get(wire.conn, 7, &prefix, member_see, NULL, NULL, &err),
		     -ENOENT);
	cr_assert_str_eq(err.message, "member: there is none");
	sent(LBMESH_CMD_MEMBER_GET, &expected, sizeof(expected));
	cr_assert_eq(shown, 0);
}

Test(get, a_prefix_that_is_none_is_not_even_sent)
{
	struct lbmesh_prefix prefix = {0};

	cr_assert_lt(lbmesh_member_get(wire.conn, 7, &prefix, member_see, NULL, NULL, &err), 0);
	cr_assert_neq(err.code, 0);
	cr_assert_eq(test_wire_receive(&wire), -1);
	cr_assert_eq(lbmesh_prefix_parse("10.0.0.0/8", &prefix), 0);
	prefix.len = 33;
	cr_assert_lt(lbmesh_member_get(wire.conn, 7, &prefix, member_see, NULL, NULL, &err), 0);
	cr_assert_eq(test_wire_receive(&wire), -1);
}

Test(get, an_answer_about_another_object_is_an_error_and_not_shown)
{
	struct lbmesh_prefix prefix;

	answer_device(5);
	cr_assert_eq(lbmesh_device_get(wire.conn, 4, device_see, NULL, NULL, &err), -EPROTO);
	answer_network(5);
	cr_assert_eq(lbmesh_network_get(wire.conn, 4, network_see, NULL, NULL, &err), -EPROTO);
	answer_bridge(5);
	cr_assert_eq(lbmesh_bridge_get(wire.conn, 4, bridge_see, NULL, NULL, &err), -EPROTO);
	answer_peer(7, other_key);
	cr_assert_eq(lbmesh_peer_get(wire.conn, 7, key, peer_see, NULL, NULL, &err), -EPROTO);
	answer_peer(8, key);
	cr_assert_eq(lbmesh_peer_get(wire.conn, 7, key, peer_see, NULL, NULL, &err), -EPROTO);
	cr_assert_eq(lbmesh_prefix_parse("10.0.0.0/8", &prefix), 0);
	answer_member(7, 0x0a000000, 9);
	cr_assert_eq(lbmesh_member_get(wire.conn, 7, &prefix, member_see, NULL, NULL, &err),
		     -EPROTO);
	answer_member(8, 0x0a000000, 8);
	cr_assert_eq(lbmesh_member_get(wire.conn, 7, &prefix, member_see, NULL, NULL, &err),
		     -EPROTO);
	cr_assert_str_eq(err.message, "the kernel answered with another object");
	cr_assert_eq(shown, 0);
}

Test(get, no_answer_and_two_answers_are_errors)
{
	struct nlattr *nest;

	acknowledge();
	cr_assert_eq(lbmesh_device_get(wire.conn, 4, device_see, NULL, NULL, &err), -EPROTO);

	begin(LBMESH_CMD_DEVICE_GET, LBMESH_A_DEVICE);
	message.nlh->nlmsg_len -= NLA_HDRLEN; /* a generation, and no object */
	test_wire_send(&wire, &message);
	acknowledge();
	cr_assert_eq(lbmesh_device_get(wire.conn, 4, device_see, NULL, NULL, &err), -EPROTO);

	nest = begin(LBMESH_CMD_DEVICE_GET, LBMESH_A_DEVICE);
	mnl_attr_put_u32(message.nlh, LBMESH_A_DEVICE_ID, 4);
	mnl_attr_put_strz(message.nlh, LBMESH_A_DEVICE_IFNAME, "wg0");
	mnl_attr_nest_end(message.nlh, nest);
	nest = mnl_attr_nest_start(message.nlh, LBMESH_A_DEVICE);
	mnl_attr_put_u32(message.nlh, LBMESH_A_DEVICE_ID, 4);
	mnl_attr_put_strz(message.nlh, LBMESH_A_DEVICE_IFNAME, "wg0");
	answer(nest);
	cr_assert_eq(lbmesh_device_get(wire.conn, 4, device_see, NULL, NULL, &err), -EPROTO);
	cr_assert_eq(shown, 0);
}

Test(get, a_malformed_object_is_an_error)
{
	struct nlattr *nest = begin(LBMESH_CMD_DEVICE_GET, LBMESH_A_DEVICE);

	mnl_attr_put_u16(message.nlh, LBMESH_A_DEVICE_ID, 4);
	answer(nest);
	cr_assert_eq(lbmesh_device_get(wire.conn, 4, device_see, NULL, NULL, &err), -EPROTO);
	cr_assert_eq(shown, 0);
}

Test(get, what_the_callback_returns_is_returned)
{
	int value = 17;

	answer_device(4);
	cr_assert_eq(lbmesh_device_get(wire.conn, 4, device_see, &value, NULL, &err), 17);
	cr_assert_eq(err.code, 0);
}
