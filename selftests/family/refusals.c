// SPDX-License-Identifier: GPL-2.0
/*
 * What the module itself refuses in a commit: missing, contradictory, unknown and repeated objects.
 * A table's row changes one object of a commit that is good, and says the errno, how the sentence
 * begins and which attribute is at fault. No refusal changes what is in force. The objects of the
 * firewall are in firewall.c.
 */

#include <errno.h>
#include <linux/netlink.h>

#include "kselftest_harness.h"
#include "raw.h"
#include "refusal.h"
#include "rows.h"
#include "util.h"

enum { A_DEVICE, NETWORK_1, NETWORK_2, A_BRIDGE, A_PEER, LOCAL, REMOTE, OBJECTS };

static const struct object good[OBJECTS] = {
	[A_DEVICE] = { LBMESH_A_DEVICE, {
		NUMBER(LBMESH_A_DEVICE_ID, 1),
		TEXT(LBMESH_A_DEVICE_IFNAME, "wg0") } },
	[NETWORK_1] = { LBMESH_A_NETWORK, { NUMBER(LBMESH_A_NETWORK_ID, 1) } },
	[NETWORK_2] = { LBMESH_A_NETWORK, { NUMBER(LBMESH_A_NETWORK_ID, 2) } },
	[A_BRIDGE] = { LBMESH_A_BRIDGE, {
		NUMBER(LBMESH_A_BRIDGE_ID, 1),
		NUMBER(LBMESH_A_BRIDGE_NETWORK_A, 1),
		NUMBER(LBMESH_A_BRIDGE_NETWORK_B, 2) } },
	[A_PEER] = { LBMESH_A_PEER, {
		NUMBER(LBMESH_A_PEER_DEVICE, 1),
		KEY_OF(LBMESH_A_PEER_PUBLIC_KEY, 7) } },
	[LOCAL] = { LBMESH_A_MEMBER, {
		NUMBER(LBMESH_A_MEMBER_NETWORK, 1),
		NUMBER(LBMESH_A_MEMBER_DEVICE, 1),
		BYTES(LBMESH_A_MEMBER_IPV4, 10, 0, 0, 1) } },
	[REMOTE] = { LBMESH_A_MEMBER, {
		NUMBER(LBMESH_A_MEMBER_NETWORK, 1),
		NUMBER(LBMESH_A_MEMBER_DEVICE, 1),
		BYTES(LBMESH_A_MEMBER_IPV4, 10, 0, 0, 2),
		KEY_OF(LBMESH_A_MEMBER_PUBLIC_KEY, 7) } },
};

FIXTURE(commit_with)
{
	struct raw raw;
	struct lbmesh *conn;
	uint64_t generation;
};

FIXTURE_SETUP(commit_with)
{
	struct lbmesh_result result;
	struct lbmesh_commit *commit;

	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, ip(NULL, "link add wg0 type wireguard\n"));
	ASSERT_EQ(0, raw_open(&self->raw));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
	commit = replace_new();
	put_device(commit, 1, "wg0");
	put_network(commit, 9);
	put_member(commit, 9, 1, "10.9.0.1/32", 0);
	ASSERT_EQ(0, run(self->conn, commit, &result)) TH_LOG("%s", result.error.message);
	self->generation = result.generation;
}

FIXTURE_TEARDOWN(commit_with)
{
	raw_close(&self->raw);
	lbmesh_close(self->conn);
}

#define RUN_ROWS(rows) \
	rows_run(_metadata, &self->raw, self->conn, good, OBJECTS, rows, COUNT_OF(rows))

TEST_F(commit_with, nothing_wrong_is_accepted)
{
	size_t other;

	raw_begin(&self->raw, LBMESH_CMD_COMMIT, 0);
	raw_put_u8(&self->raw, LBMESH_A_MODE, LBMESH_COMMIT_MODE_REPLACE);
	for (int i = 0; i < OBJECTS; i++)
		object_put(&self->raw, &good[i], NULL, &other, &other, &other);
	struct raw_answer answer = raw_ask(&self->raw);

	EXPECT_EQ(0, answer.error) TH_LOG("%s", answer.message);
}

TEST_F(commit_with, a_bad_device_is_refused)
{
	const struct row rows[] = {
		{ .sentence = "no id", .object = A_DEVICE, .drop = LBMESH_A_DEVICE_ID,
		  .error = EINVAL, .start = "device: " },
		{ .sentence = "neither ifindex nor ifname", .object = A_DEVICE,
		  .drop = LBMESH_A_DEVICE_IFNAME, .error = EINVAL, .start = "device: " },
		{ .sentence = "both ifindex and ifname", .object = A_DEVICE,
		  .put = { NUMBER(LBMESH_A_DEVICE_IFINDEX, 1) },
		  .error = EINVAL, .start = "device: " },
		{ .sentence = "a name that no interface has", .object = A_DEVICE,
		  .put = { TEXT(LBMESH_A_DEVICE_IFNAME, "wg77") },
		  .error = ENODEV, .start = "device: ", .culprit = LBMESH_A_DEVICE_IFNAME },
		{ .sentence = "an empty name", .object = A_DEVICE,
		  .put = { TEXT(LBMESH_A_DEVICE_IFNAME, "") },
		  .error = ENODEV, .start = "device: ", .culprit = LBMESH_A_DEVICE_IFNAME },
		{ .sentence = "an index that no interface has", .object = A_DEVICE,
		  .drop = LBMESH_A_DEVICE_IFNAME,
		  .put = { NUMBER(LBMESH_A_DEVICE_IFINDEX, 777777) },
		  .error = ENODEV, .start = "device: ", .culprit = LBMESH_A_DEVICE_IFINDEX },
		{ .sentence = "the name of another kind of interface", .object = A_DEVICE,
		  .put = { TEXT(LBMESH_A_DEVICE_IFNAME, "lo") },
		  .error = EOPNOTSUPP, .start = "device: ", .culprit = LBMESH_A_DEVICE_IFNAME },
		{ .sentence = "the index of another kind of interface", .object = A_DEVICE,
		  .drop = LBMESH_A_DEVICE_IFNAME, .put = { NUMBER(LBMESH_A_DEVICE_IFINDEX, 1) },
		  .error = EOPNOTSUPP, .start = "device: ", .culprit = LBMESH_A_DEVICE_IFINDEX },
		{ .sentence = "remove in mode replace", .object = A_DEVICE,
		  .put = { MARK(LBMESH_A_DEVICE_REMOVE) },
		  .error = EINVAL, .start = "device: ", .culprit = LBMESH_A_DEVICE_REMOVE },
		{ .sentence = "the same id twice", .object = A_DEVICE, .again = true,
		  .error = EEXIST, .start = "device: " },
		{ .sentence = "two ids for one interface", .object = A_DEVICE, .again = true,
		  .put = { NUMBER(LBMESH_A_DEVICE_ID, 2) },
		  .error = EEXIST, .start = "device: " },
	};

	RUN_ROWS(rows);
}

TEST_F(commit_with, a_bad_network_is_refused)
{
	const struct row rows[] = {
		{ .sentence = "no id", .object = NETWORK_1, .drop = LBMESH_A_NETWORK_ID,
		  .error = EINVAL, .start = "network: " },
		{ .sentence = "the same id twice", .object = NETWORK_1, .again = true,
		  .error = EEXIST, .start = "network: " },
		{ .sentence = "the same id twice, with another label", .object = NETWORK_1,
		  .again = true, .put = { TEXT(LBMESH_A_NETWORK_LABEL, "other") },
		  .error = EEXIST, .start = "network: " },
		{ .sentence = "remove in mode replace", .object = NETWORK_1,
		  .put = { MARK(LBMESH_A_NETWORK_REMOVE) },
		  .error = EINVAL, .start = "network: ", .culprit = LBMESH_A_NETWORK_REMOVE },
	};

	RUN_ROWS(rows);
}

TEST_F(commit_with, a_bad_bridge_is_refused)
{
	const struct row rows[] = {
		{ .sentence = "no id", .object = A_BRIDGE, .drop = LBMESH_A_BRIDGE_ID,
		  .error = EINVAL, .start = "bridge: " },
		{ .sentence = "no network-a", .object = A_BRIDGE,
		  .drop = LBMESH_A_BRIDGE_NETWORK_A, .error = EINVAL, .start = "bridge: " },
		{ .sentence = "no network-b", .object = A_BRIDGE,
		  .drop = LBMESH_A_BRIDGE_NETWORK_B, .error = EINVAL, .start = "bridge: " },
		{ .sentence = "the same network at both ends", .object = A_BRIDGE,
		  .put = { NUMBER(LBMESH_A_BRIDGE_NETWORK_A, 2) },
		  .error = EINVAL, .start = "bridge: " },
		{ .sentence = "an unknown network-a", .object = A_BRIDGE,
		  .put = { NUMBER(LBMESH_A_BRIDGE_NETWORK_A, 3) },
		  .error = ENOENT, .start = "bridge: ", .culprit = LBMESH_A_BRIDGE_NETWORK_A },
		{ .sentence = "an unknown network-b", .object = A_BRIDGE,
		  .put = { NUMBER(LBMESH_A_BRIDGE_NETWORK_B, 3) },
		  .error = ENOENT, .start = "bridge: ", .culprit = LBMESH_A_BRIDGE_NETWORK_B },
		{ .sentence = "the same id twice", .object = A_BRIDGE, .again = true,
		  .error = EEXIST, .start = "bridge: " },
		{ .sentence = "remove in mode replace", .object = A_BRIDGE,
		  .put = { MARK(LBMESH_A_BRIDGE_REMOVE) },
		  .error = EINVAL, .start = "bridge: ", .culprit = LBMESH_A_BRIDGE_REMOVE },
	};

	RUN_ROWS(rows);
}

TEST_F(commit_with, a_bad_peer_is_refused)
{
	const struct row rows[] = {
		{ .sentence = "no device", .object = A_PEER, .drop = LBMESH_A_PEER_DEVICE,
		  .error = EINVAL, .start = "peer: " },
		{ .sentence = "no public-key", .object = A_PEER, .drop = LBMESH_A_PEER_PUBLIC_KEY,
		  .error = EINVAL, .start = "peer: " },
		{ .sentence = "an unknown device", .object = A_PEER,
		  .put = { NUMBER(LBMESH_A_PEER_DEVICE, 3) },
		  .error = ENOENT, .start = "peer: ", .culprit = LBMESH_A_PEER_DEVICE },
		{ .sentence = "endpoint-ipv4 without a port", .object = A_PEER,
		  .put = { BYTES(LBMESH_A_PEER_ENDPOINT_IPV4, 192, 0, 2, 1) },
		  .error = EINVAL, .start = "peer: " },
		{ .sentence = "endpoint-ipv6 without a port", .object = A_PEER,
		  .put = { FAMILY6(LBMESH_A_PEER_ENDPOINT_IPV6, 1) },
		  .error = EINVAL, .start = "peer: " },
		{ .sentence = "a port without an endpoint", .object = A_PEER,
		  .put = { SHORT(LBMESH_A_PEER_ENDPOINT_PORT, 99) },
		  .error = EINVAL, .start = "peer: " },
		{ .sentence = "a port of zero", .object = A_PEER,
		  .put = { BYTES(LBMESH_A_PEER_ENDPOINT_IPV4, 192, 0, 2, 1),
			   SHORT(LBMESH_A_PEER_ENDPOINT_PORT, 0) },
		  .error = EINVAL, .start = "peer: ", .culprit = LBMESH_A_PEER_ENDPOINT_PORT },
		{ .sentence = "both endpoint-ipv4 and endpoint-ipv6", .object = A_PEER,
		  .put = { BYTES(LBMESH_A_PEER_ENDPOINT_IPV4, 192, 0, 2, 1),
			   FAMILY6(LBMESH_A_PEER_ENDPOINT_IPV6, 1) },
		  .error = EINVAL, .start = "peer: " },
		{ .sentence = "the same key twice", .object = A_PEER, .again = true,
		  .error = EEXIST, .start = "peer: " },
		{ .sentence = "remove in mode replace", .object = A_PEER,
		  .put = { MARK(LBMESH_A_PEER_REMOVE) },
		  .error = EINVAL, .start = "peer: ", .culprit = LBMESH_A_PEER_REMOVE },
	};

	RUN_ROWS(rows);
}

TEST_F(commit_with, a_bad_member_is_refused)
{
	const struct row rows[] = {
		{ .sentence = "no network", .object = REMOTE, .drop = LBMESH_A_MEMBER_NETWORK,
		  .error = EINVAL, .start = "member: " },
		{ .sentence = "no device", .object = REMOTE, .drop = LBMESH_A_MEMBER_DEVICE,
		  .error = EINVAL, .start = "member: " },
		{ .sentence = "no address", .object = REMOTE, .drop = LBMESH_A_MEMBER_IPV4,
		  .error = EINVAL, .start = "member: " },
		{ .sentence = "both ipv4 and ipv6", .object = REMOTE,
		  .put = { FAMILY6(LBMESH_A_MEMBER_IPV6, 1) },
		  .error = EINVAL, .start = "member: " },
		{ .sentence = "an unknown network", .object = REMOTE,
		  .put = { NUMBER(LBMESH_A_MEMBER_NETWORK, 3) },
		  .error = ENOENT, .start = "member: ", .culprit = LBMESH_A_MEMBER_NETWORK },
		{ .sentence = "a network of the generation that is replaced", .object = REMOTE,
		  .put = { NUMBER(LBMESH_A_MEMBER_NETWORK, 9) },
		  .error = ENOENT, .start = "member: ", .culprit = LBMESH_A_MEMBER_NETWORK },
		{ .sentence = "an unknown device", .object = LOCAL,
		  .put = { NUMBER(LBMESH_A_MEMBER_DEVICE, 3) },
		  .error = ENOENT, .start = "member: ", .culprit = LBMESH_A_MEMBER_DEVICE },
		{ .sentence = "an unknown peer", .object = REMOTE,
		  .put = { KEY_OF(LBMESH_A_MEMBER_PUBLIC_KEY, 8) },
		  .error = ENOENT, .start = "member: ", .culprit = LBMESH_A_MEMBER_PUBLIC_KEY },
		{ .sentence = "33 bits of an IPv4 address", .object = REMOTE,
		  .put = { BYTES(LBMESH_A_MEMBER_PREFIX_LEN, 33) },
		  .error = EINVAL, .start = "member: ", .culprit = LBMESH_A_MEMBER_PREFIX_LEN },
		{ .sentence = "128 bits of an IPv4 address", .object = REMOTE,
		  .put = { BYTES(LBMESH_A_MEMBER_PREFIX_LEN, 128) },
		  .error = EINVAL, .start = "member: ", .culprit = LBMESH_A_MEMBER_PREFIX_LEN },
		{ .sentence = "IPv4 bits beyond the prefix", .object = REMOTE,
		  .put = { BYTES(LBMESH_A_MEMBER_PREFIX_LEN, 24) },
		  .error = EINVAL, .start = "member: " },
		{ .sentence = "the last IPv4 bit beyond the prefix", .object = LOCAL,
		  .put = { BYTES(LBMESH_A_MEMBER_PREFIX_LEN, 31) },
		  .error = EINVAL, .start = "member: " },
		{ .sentence = "IPv6 bits beyond the prefix", .object = REMOTE,
		  .drop = LBMESH_A_MEMBER_IPV4,
		  .put = { FAMILY6(LBMESH_A_MEMBER_IPV6, [15] = 1),
			   BYTES(LBMESH_A_MEMBER_PREFIX_LEN, 127) },
		  .error = EINVAL, .start = "member: " },
		{ .sentence = "IPv6 bits in the middle", .object = REMOTE,
		  .drop = LBMESH_A_MEMBER_IPV4,
		  .put = { FAMILY6(LBMESH_A_MEMBER_IPV6, [7] = 1),
			   BYTES(LBMESH_A_MEMBER_PREFIX_LEN, 48) },
		  .error = EINVAL, .start = "member: " },
		{ .sentence = "the same address twice", .object = REMOTE, .again = true,
		  .error = EEXIST, .start = "member: " },
		{ .sentence = "the same address in two networks", .object = REMOTE,
		  .again = true, .put = { NUMBER(LBMESH_A_MEMBER_NETWORK, 2) },
		  .error = EEXIST, .start = "member: " },
		{ .sentence = "the same address, absent and whole prefix", .object = REMOTE,
		  .again = true, .put = { BYTES(LBMESH_A_MEMBER_PREFIX_LEN, 32) },
		  .error = EEXIST, .start = "member: " },
		{ .sentence = "the address of another member", .object = REMOTE,
		  .put = { BYTES(LBMESH_A_MEMBER_IPV4, 10, 0, 0, 1) },
		  .error = EEXIST, .start = "member: " },
		{ .sentence = "remove in mode replace", .object = REMOTE,
		  .put = { MARK(LBMESH_A_MEMBER_REMOVE) },
		  .error = EINVAL, .start = "member: ", .culprit = LBMESH_A_MEMBER_REMOVE },
	};

	RUN_ROWS(rows);
}

TEST_F(commit_with, a_confirm_timeout_above_a_day_is_refused)
{
	size_t at;

	raw_begin(&self->raw, LBMESH_CMD_COMMIT, 0);
	raw_put_u8(&self->raw, LBMESH_A_MODE, LBMESH_COMMIT_MODE_REPLACE);
	at = raw_put_u32(&self->raw, LBMESH_A_CONFIRM_TIMEOUT, 86400001);
	EXPECT_REFUSAL(&self->raw, self->conn, ERANGE, at, "confirm-timeout");
}

TEST_F(commit_with, a_confirm_timeout_of_zero_asks_for_none)
{
	raw_begin(&self->raw, LBMESH_CMD_COMMIT, 0);
	raw_put_u8(&self->raw, LBMESH_A_MODE, LBMESH_COMMIT_MODE_REPLACE);
	raw_put_u32(&self->raw, LBMESH_A_CONFIRM_TIMEOUT, 0);
	EXPECT_EQ(0, raw_ask(&self->raw).error);
}

TEST_F(commit_with, no_mode_is_refused)
{
	struct raw_answer answer;

	raw_begin(&self->raw, LBMESH_CMD_COMMIT, 0);
	answer = raw_ask(&self->raw);
	EXPECT_EQ(EINVAL, answer.error);
	EXPECT_NE(0, answer.message[0]);
	EXPECT_EQ(self->generation, generation_number(self->conn));
}

TEST_F(commit_with, mode_delta_and_no_expect_gen_is_refused)
{
	struct raw_answer answer;

	raw_begin(&self->raw, LBMESH_CMD_COMMIT, 0);
	raw_put_u8(&self->raw, LBMESH_A_MODE, LBMESH_COMMIT_MODE_DELTA);
	answer = raw_ask(&self->raw);
	EXPECT_EQ(EINVAL, answer.error);
	EXPECT_NE(0, answer.message[0]);
	EXPECT_EQ(self->generation, generation_number(self->conn));
}

TEST_F(commit_with, a_token_of_zero_is_refused)
{
	uint64_t zero = 0;
	size_t at;

	raw_begin(&self->raw, LBMESH_CMD_COMMIT, 0);
	raw_put_u8(&self->raw, LBMESH_A_MODE, LBMESH_COMMIT_MODE_REPLACE);
	at = raw_put(&self->raw, LBMESH_A_TOKEN, &zero, sizeof(zero));
	EXPECT_REFUSAL(&self->raw, self->conn, EINVAL, at, "token 0");
}

TEST_F(commit_with, another_generation_than_expected_is_stale)
{
	uint64_t expected[] = { 0, self->generation + 1, UINT64_MAX };

	for (size_t i = 0; i < 2 * COUNT_OF(expected); i++) {
		size_t at;

		raw_begin(&self->raw, LBMESH_CMD_COMMIT, 0);
		raw_put_u8(&self->raw, LBMESH_A_MODE, i % 2);
		at = raw_put(&self->raw, LBMESH_A_EXPECT_GEN, &expected[i / 2], 8);
		EXPECT_REFUSAL(&self->raw, self->conn, ESTALE, at, "mode %zu, expect-gen %llu",
			       i % 2, (unsigned long long)expected[i / 2]);
	}
}

TEST_F(commit_with, flush_is_stale_when_another_generation_is_in_force)
{
	uint64_t expected = self->generation + 1;
	size_t at;

	raw_begin(&self->raw, LBMESH_CMD_FLUSH, 0);
	at = raw_put(&self->raw, LBMESH_A_EXPECT_GEN, &expected, sizeof(expected));
	EXPECT_REFUSAL(&self->raw, self->conn, ESTALE, at, "flush");
}

TEST_F(commit_with, an_unknown_command_is_not_supported)
{
	struct raw_answer answer;

	raw_begin(&self->raw, LBMESH_CMD_MAX + 1, 0);
	answer = raw_ask(&self->raw);
	EXPECT_EQ(EOPNOTSUPP, answer.error);
	/* What only the kernel sends is no request either. */
	raw_begin(&self->raw, LBMESH_CMD_COMMIT_RESULT, 0);
	answer = raw_ask(&self->raw);
	EXPECT_EQ(EOPNOTSUPP, answer.error);
	raw_begin(&self->raw, LBMESH_CMD_GENERATION_NTF, 0);
	answer = raw_ask(&self->raw);
	EXPECT_EQ(EOPNOTSUPP, answer.error);
}

TEST_HARNESS_MAIN
