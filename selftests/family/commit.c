// SPDX-License-Identifier: GPL-2.0
/*
 * What a commit does to the state of a namespace: replace and delta, generations, tokens,
 * references between objects, results, notifications and flush. What it does to WireGuard is
 * in wireguard.c, what is refused for its form in refusals.c.
 */

#include <errno.h>
#include <net/if.h>
#include <poll.h>

#include "kselftest_harness.h"
#include "raw.h"
#include "util.h"

#define MANY 2000

FIXTURE(commit)
{
	struct lbmesh *conn;
	struct lbmesh_result result;
};

FIXTURE_SETUP(commit)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, ip(NULL, "link add wg0 type wireguard\nlink add wg1 type wireguard\n"));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
}

FIXTURE_TEARDOWN(commit)
{
	lbmesh_close(self->conn);
}

/* One device, two networks with a bridge, two peers, a member here and one with each peer. */
static struct lbmesh_commit *base_new(void)
{
	struct lbmesh_commit *commit = replace_new();

	put_device(commit, 1, "wg0");
	put_network(commit, 1);
	put_network(commit, 2);
	put_bridge(commit, 1, 1, 2);
	put_peer(commit, 1, 100, "192.0.2.1");
	put_peer(commit, 1, 200, NULL);
	put_member(commit, 1, 1, "10.0.0.1/32", 0);
	put_member(commit, 1, 1, "10.0.0.2/32", 100);
	put_member(commit, 2, 1, "fd00::3/128", 200);
	return commit;
}

#define ASSERT_RUN(commit) \
	ASSERT_EQ(0, run(self->conn, commit, &self->result)) \
		TH_LOG("\"%s\"", self->result.error.message)

/* A refusal names the kind and the place of what is at fault, and changes nothing. */
#define EXPECT_REFUSED(error_, object_, index_, commit) do { \
	const char *before_ = state_text(self->conn); \
	uint64_t number_ = generation_number(self->conn); \
	EXPECT_EQ(error_, run(self->conn, commit, &self->result)) \
		TH_LOG("\"%s\"", self->result.error.message); \
	EXPECT_EQ(LBMESH_OBJECT_##object_, self->result.error.object) \
		TH_LOG("\"%s\"", self->result.error.message); \
	EXPECT_EQ(index_, self->result.error.index) \
		TH_LOG("\"%s\"", self->result.error.message); \
	EXPECT_EQ(LBMESH_PHASE_PARSE, self->result.error.phase); \
	EXPECT_NE(0, self->result.error.message[0]); \
	EXPECT_EQ(number_, generation_number(self->conn)); \
	EXPECT_STREQ(before_, state_text(self->conn)); \
} while (0)

TEST_F(commit, an_empty_namespace_has_no_generation_and_empty_dumps)
{
	struct lbmesh_generation generation;

	ASSERT_EQ(0, lbmesh_generation_get(self->conn, &generation, NULL));
	EXPECT_EQ(0, generation.number);
	EXPECT_EQ(LBMESH_STATE_EMPTY, generation.state);
	EXPECT_FALSE(generation.has_last);
	EXPECT_STREQ("", state_text(self->conn));
}

TEST_F(commit, info_tells_versions_capabilities_and_limits)
{
	struct lbmesh_info info;

	ASSERT_EQ(0, lbmesh_info_get(self->conn, &info, NULL));
	EXPECT_EQ(LBMESH_FAMILY_VERSION, info.family_version);
	EXPECT_NE(0, info.module_version[0]);
	EXPECT_TRUE(info.capabilities & LBMESH_CAPABILITY_MESH);
	EXPECT_EQ(64, info.limits.devices);
	EXPECT_EQ(4096, info.limits.networks);
	EXPECT_EQ(4096, info.limits.bridges);
	EXPECT_EQ(20480, info.limits.peers);
	EXPECT_EQ(65536, info.limits.members);
	EXPECT_EQ(64 << 20, info.limits.message_bytes);
}

TEST_F(commit, what_replace_restates_is_what_the_dumps_show)
{
	struct lbmesh_commit *commit = replace_new();
	struct lbmesh_peer peer = {
		.device = 7, .public_key = key_of(100), .endpoint_port = 1234, .keepalive = 25,
	};
	char expected[2048];

	must(lbmesh_commit_put_device(commit, &(struct lbmesh_device){
		.id = 7, .ifname = "wg0", .has_listen_port = true, .listen_port = 5182,
		.has_fwmark = true, .fwmark = 0x1234, .mtu = 1400 }));
	must(lbmesh_commit_put_device(commit, &(struct lbmesh_device){
		.id = 9, .ifindex = if_nametoindex("wg1"), .has_listen_port = true,
		.listen_port = 5183, .has_fwmark = true, .fwmark = 1, .mtu = 1420 }));
	must(lbmesh_commit_put_network(commit, &(struct lbmesh_network){
		.id = 1, .label = "red" }));
	put_network(commit, 4000000000);
	put_bridge(commit, 3, 1, 4000000000);
	must(lbmesh_address_parse("2001:db8::1", &peer.endpoint));
	must(lbmesh_commit_put_peer(commit, &peer));
	put_peer(commit, 9, 100, "192.0.2.7");
	put_member(commit, 1, 7, "10.0.0.1/32", 0);
	put_member(commit, 1, 7, "10.1.0.0/16", 100);
	put_member(commit, 4000000000, 9, "fd00::/64", 100);
	put_member(commit, 4000000000, 9, "fd01::5/128", 0);
	ASSERT_RUN(commit);

	snprintf(expected, sizeof(expected),
		 "bridge 3 1 4000000000\n"
		 "device 7 %u 5182 4660 1400\n"
		 "device 9 %u 5183 1 1420\n"
		 "member 1 7 10.0.0.1/32 us\n"
		 "member 1 7 10.1.0.0/16 %s\n"
		 "member 4000000000 9 fd00::/64 %s\n"
		 "member 4000000000 9 fd01::5/128 us\n"
		 "network 1 red\n"
		 "network 4000000000 \n"
		 "peer 7 %s 2001:db8::1 1234 25\n"
		 "peer 9 %s 192.0.2.7 51820 0\n",
		 if_nametoindex("wg0"), if_nametoindex("wg1"), key_hex(key_of(100)),
		 key_hex(key_of(100)), key_hex(key_of(100)), key_hex(key_of(100)));
	EXPECT_STREQ(expected, state_text(self->conn));
}

TEST_F(commit, replace_forgets_what_it_does_not_name)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	commit = replace_new();
	put_device(commit, 1, "wg0");
	put_network(commit, 5);
	put_member(commit, 5, 1, "10.5.0.1/32", 0);
	ASSERT_RUN(commit);
	EXPECT_EQ(0, count_peers(self->conn, 0));
	EXPECT_EQ(1, count_members(self->conn, 0));
	EXPECT_EQ(1, count_members(self->conn, 5));
}

TEST_F(commit, an_empty_replace_is_a_generation_without_objects)
{
	struct lbmesh_generation generation;

	ASSERT_RUN(base_new());
	ASSERT_RUN(replace_new());
	EXPECT_EQ(2, self->result.generation);
	EXPECT_STREQ("", state_text(self->conn));
	ASSERT_EQ(0, lbmesh_generation_get(self->conn, &generation, NULL));
	EXPECT_EQ(LBMESH_STATE_ACTIVE, generation.state);
}

TEST_F(commit, a_delta_adds_changes_and_removes_only_what_it_names)
{
	struct lbmesh_commit *commit, *whole;
	const char *by_delta;
	uint64_t number;

	ASSERT_RUN(base_new());
	commit = delta_new(1);
	must(lbmesh_commit_put_network(commit, &(struct lbmesh_network){
		.id = 1, .label = "renamed" }));
	put_network(commit, 3);
	must(lbmesh_commit_remove_bridge(commit, 1));
	put_bridge(commit, 2, 3, 1);
	put_peer(commit, 1, 100, "192.0.2.99");
	put_peer(commit, 1, 300, NULL);
	remove_member(commit, 1, "10.0.0.2/32");
	put_member(commit, 3, 1, "10.0.0.3/32", 300);
	put_member(commit, 2, 1, "10.0.0.1/32", 0);
	ASSERT_RUN(commit);
	number = self->result.generation;
	EXPECT_EQ(2, number);
	by_delta = state_text(self->conn);

	whole = replace_new();
	put_device(whole, 1, "wg0");
	must(lbmesh_commit_put_network(whole, &(struct lbmesh_network){
		.id = 1, .label = "renamed" }));
	put_network(whole, 2);
	put_network(whole, 3);
	put_bridge(whole, 2, 3, 1);
	put_peer(whole, 1, 100, "192.0.2.99");
	put_peer(whole, 1, 200, NULL);
	put_peer(whole, 1, 300, NULL);
	put_member(whole, 2, 1, "10.0.0.1/32", 0);
	put_member(whole, 2, 1, "fd00::3/128", 200);
	put_member(whole, 3, 1, "10.0.0.3/32", 300);
	ASSERT_RUN(whole);
	EXPECT_STREQ(by_delta, state_text(self->conn));
	EXPECT_EQ(number, self->result.generation)
		TH_LOG("restating what the delta made is no change");
}

TEST_F(commit, a_delta_against_nothing_starts_from_an_empty_state)
{
	struct lbmesh_commit *commit = delta_new(0);

	put_device(commit, 1, "wg0");
	put_network(commit, 1);
	put_member(commit, 1, 1, "10.0.0.1/32", 0);
	ASSERT_RUN(commit);
	EXPECT_EQ(1, self->result.generation);
	EXPECT_EQ(1, count_members(self->conn, 1));
}

TEST_F(commit, generations_are_counted_from_one_without_gaps)
{
	ASSERT_RUN(base_new());
	EXPECT_EQ(1, self->result.generation);
	for (uint64_t number = 2; number < 8; number++) {
		struct lbmesh_commit *commit = delta_new(number - 1);

		put_network(commit, 100 + number);
		ASSERT_RUN(commit);
		EXPECT_EQ(number, self->result.generation);
		EXPECT_EQ(number, generation_number(self->conn));
	}
}

TEST_F(commit, a_refused_commit_uses_up_no_number)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	EXPECT_EQ(ESTALE, run(self->conn, delta_new(7), &self->result));
	commit = delta_new(1);
	put_network(commit, 77);
	ASSERT_RUN(commit);
	EXPECT_EQ(2, self->result.generation);
}

TEST_F(commit, another_generation_than_expected_is_stale)
{
	struct lbmesh_commit *commit = replace_new();

	lbmesh_commit_set_expect_gen(commit, 1);
	EXPECT_REFUSED(ESTALE, NONE, 0, commit);
	ASSERT_RUN(base_new());
	EXPECT_REFUSED(ESTALE, NONE, 0, delta_new(0));
	EXPECT_REFUSED(ESTALE, NONE, 0, delta_new(2));
	commit = replace_new();
	lbmesh_commit_set_expect_gen(commit, 0);
	EXPECT_REFUSED(ESTALE, NONE, 0, commit);
	commit = base_new();
	lbmesh_commit_set_expect_gen(commit, 1);
	ASSERT_RUN(commit);
}

/* Whether an event comes within the time; it is read. */
static bool event_comes(struct lbmesh *conn, int timeout_ms, struct lbmesh_event *event)
{
	struct pollfd poll_fd = { .fd = lbmesh_event_fd(conn), .events = POLLIN };

	return poll(&poll_fd, 1, timeout_ms) == 1 && lbmesh_event_next(conn, event, NULL) == 1;
}

TEST_F(commit, each_new_generation_is_notified_once_with_what_generation_get_tells)
{
	struct lbmesh_event event = {};
	struct lbmesh *listener;

	ASSERT_EQ(0, lbmesh_open(&listener, NULL));
	ASSERT_EQ(0, lbmesh_event_subscribe(listener, NULL));
	ASSERT_RUN(base_new());
	ASSERT_TRUE(event_comes(listener, 5000, &event));
	EXPECT_EQ(LBMESH_EVENT_GENERATION, event.kind);
	EXPECT_EQ(1, event.generation.number);
	EXPECT_EQ(LBMESH_STATE_ACTIVE, event.generation.state);
	EXPECT_EQ(1, event.generation.counts.devices);
	EXPECT_EQ(2, event.generation.counts.networks);
	EXPECT_EQ(1, event.generation.counts.bridges);
	EXPECT_EQ(2, event.generation.counts.peers);
	EXPECT_EQ(3, event.generation.counts.members);
	EXPECT_EQ(self->result.cookie, event.generation.last.cookie);
	EXPECT_EQ(self->result.token, event.generation.last.token);
	ASSERT_EQ(0, flush(self->conn, &self->result));
	ASSERT_TRUE(event_comes(listener, 5000, &event));
	EXPECT_EQ(0, event.generation.number);
	EXPECT_EQ(LBMESH_STATE_EMPTY, event.generation.state);
	EXPECT_FALSE(event_comes(listener, 300, &event));
	lbmesh_close(listener);
}

TEST_F(commit, the_state_that_is_in_force_makes_no_generation_and_no_notification)
{
	struct lbmesh_commit *commit;
	struct lbmesh_event event;
	struct lbmesh *listener;

	ASSERT_RUN(base_new());
	ASSERT_EQ(0, lbmesh_open(&listener, NULL));
	ASSERT_EQ(0, lbmesh_event_subscribe(listener, NULL));
	ASSERT_RUN(base_new());
	EXPECT_EQ(1, self->result.generation);
	commit = delta_new(1);
	put_network(commit, 1);
	put_peer(commit, 1, 100, "192.0.2.1");
	put_member(commit, 1, 1, "10.0.0.2/32", 100);
	ASSERT_RUN(commit);
	EXPECT_EQ(1, self->result.generation);
	ASSERT_RUN(delta_new(1));
	EXPECT_EQ(1, self->result.generation);
	EXPECT_EQ(1, generation_number(self->conn));
	EXPECT_FALSE(event_comes(listener, 300, &event));
	lbmesh_close(listener);
}

TEST_F(commit, the_token_of_the_last_commit_is_answered_and_not_run_again)
{
	struct lbmesh_result first, again;
	struct lbmesh_commit *commit;
	struct lbmesh *other;
	const char *state;

	commit = base_new();
	must(lbmesh_commit_set_token(commit, 0x1122334455667788));
	ASSERT_EQ(0, run(self->conn, commit, &first));
	EXPECT_EQ(0x1122334455667788, first.token);
	state = state_text(self->conn);

	/* Another socket asks, and even another content does not run. */
	ASSERT_EQ(0, lbmesh_open(&other, NULL));
	commit = replace_new();
	must(lbmesh_commit_set_token(commit, 0x1122334455667788));
	ASSERT_EQ(0, run(other, commit, &again)) TH_LOG("\"%s\"", again.error.message);
	EXPECT_EQ(first.cookie, again.cookie);
	EXPECT_EQ(first.token, again.token);
	EXPECT_EQ(first.generation, again.generation);
	EXPECT_STREQ(state, state_text(self->conn));

	/* The same with an expect-gen that was right when it was sent first. */
	commit = delta_new(0);
	must(lbmesh_commit_set_token(commit, 0x1122334455667788));
	ASSERT_EQ(0, run(other, commit, &again)) TH_LOG("\"%s\"", again.error.message);
	EXPECT_EQ(first.cookie, again.cookie);
	lbmesh_close(other);
}

TEST_F(commit, another_token_is_another_commit)
{
	struct lbmesh_result first;
	struct lbmesh_commit *commit;

	commit = base_new();
	must(lbmesh_commit_set_token(commit, 1));
	ASSERT_EQ(0, run(self->conn, commit, &first));
	commit = delta_new(1);
	must(lbmesh_commit_set_token(commit, 2));
	put_network(commit, 3);
	ASSERT_RUN(commit);
	EXPECT_EQ(2, self->result.generation);
	EXPECT_NE(first.cookie, self->result.cookie);
	/* Only the last token counts. */
	commit = delta_new(2);
	must(lbmesh_commit_set_token(commit, 1));
	put_network(commit, 4);
	ASSERT_RUN(commit);
	EXPECT_EQ(3, self->result.generation);
}

TEST_F(commit, the_token_of_a_refused_commit_may_be_used_again)
{
	struct lbmesh_commit *commit = replace_new();

	must(lbmesh_commit_set_token(commit, 5));
	put_device(commit, 1, "nosuch");
	EXPECT_EQ(ENODEV, run(self->conn, commit, &self->result));
	commit = base_new();
	must(lbmesh_commit_set_token(commit, 5));
	ASSERT_RUN(commit);
	EXPECT_EQ(1, self->result.generation);
}

TEST_F(commit, removing_what_is_not_there_is_refused)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	commit = delta_new(1);
	must(lbmesh_commit_remove_device(commit, 2));
	EXPECT_REFUSED(ENOENT, DEVICE, 0, commit);
	commit = delta_new(1);
	put_network(commit, 7);
	must(lbmesh_commit_remove_network(commit, 8));
	EXPECT_REFUSED(ENOENT, NETWORK, 1, commit);
	commit = delta_new(1);
	must(lbmesh_commit_remove_bridge(commit, 2));
	EXPECT_REFUSED(ENOENT, BRIDGE, 0, commit);
	commit = delta_new(1);
	remove_peer(commit, 1, 999);
	EXPECT_REFUSED(ENOENT, PEER, 0, commit);
	commit = delta_new(1);
	remove_peer(commit, 2, 100);
	EXPECT_REFUSED(ENOENT, PEER, 0, commit);
	commit = delta_new(1);
	remove_member(commit, 1, "10.0.0.9/32");
	EXPECT_REFUSED(ENOENT, MEMBER, 0, commit);
	commit = delta_new(1);
	remove_member(commit, 1, "10.0.0.2/32");
	remove_member(commit, 1, "10.0.0.0/30");
	EXPECT_REFUSED(ENOENT, MEMBER, 1, commit);
}

TEST_F(commit, removing_what_something_refers_to_is_refused)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	commit = delta_new(1);
	must(lbmesh_commit_remove_device(commit, 1));
	EXPECT_EQ(ENOTEMPTY, run(self->conn, commit, &self->result));
	commit = delta_new(1);
	must(lbmesh_commit_remove_network(commit, 1));
	EXPECT_EQ(ENOTEMPTY, run(self->conn, commit, &self->result));
	commit = delta_new(1);
	remove_peer(commit, 1, 100);
	EXPECT_EQ(ENOTEMPTY, run(self->conn, commit, &self->result));
	/* The members of network 2 may go, the bridge still refers to it. */
	commit = delta_new(1);
	remove_member(commit, 1, "fd00::3/128");
	must(lbmesh_commit_remove_network(commit, 2));
	EXPECT_EQ(ENOTEMPTY, run(self->conn, commit, &self->result));
	/* Refers to it only from this message on. */
	commit = delta_new(1);
	remove_member(commit, 1, "fd00::3/128");
	remove_peer(commit, 1, 200);
	put_member(commit, 1, 1, "10.0.0.2/32", 200);
	EXPECT_NE(0, run(self->conn, commit, &self->result));
	EXPECT_EQ(1, generation_number(self->conn));
	EXPECT_EQ(3, count_members(self->conn, 0));
}

TEST_F(commit, things_that_refer_to_each_other_go_in_one_message_in_any_order)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	commit = delta_new(1);
	must(lbmesh_commit_remove_device(commit, 1));
	must(lbmesh_commit_remove_network(commit, 1));
	must(lbmesh_commit_remove_network(commit, 2));
	remove_peer(commit, 1, 100);
	remove_peer(commit, 1, 200);
	must(lbmesh_commit_remove_bridge(commit, 1));
	remove_member(commit, 1, "10.0.0.1/32");
	remove_member(commit, 1, "10.0.0.2/32");
	remove_member(commit, 1, "fd00::3/128");
	ASSERT_RUN(commit);
	EXPECT_STREQ("", state_text(self->conn));
}

TEST_F(commit, references_may_come_before_what_they_refer_to)
{
	struct lbmesh_commit *commit = replace_new();

	put_member(commit, 1, 1, "10.0.0.2/32", 100);
	put_peer(commit, 1, 100, NULL);
	put_bridge(commit, 1, 1, 2);
	put_network(commit, 2);
	put_network(commit, 1);
	put_device(commit, 1, "wg0");
	ASSERT_RUN(commit);
	EXPECT_EQ(1, count_members(self->conn, 1));
}

TEST_F(commit, a_delta_that_refers_to_what_it_does_not_know_is_refused)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	commit = delta_new(1);
	put_member(commit, 3, 1, "10.0.0.9/32", 0);
	EXPECT_REFUSED(ENOENT, MEMBER, 0, commit);
	commit = delta_new(1);
	put_member(commit, 1, 1, "10.0.0.9/32", 0);
	put_member(commit, 1, 1, "10.0.0.8/32", 300);
	EXPECT_REFUSED(ENOENT, MEMBER, 1, commit);
	commit = delta_new(1);
	put_peer(commit, 2, 300, NULL);
	EXPECT_REFUSED(ENOENT, PEER, 0, commit);
	commit = delta_new(1);
	put_bridge(commit, 2, 1, 3);
	EXPECT_REFUSED(ENOENT, BRIDGE, 0, commit);
}

TEST_F(commit, the_same_key_twice_in_a_delta_is_refused)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	commit = delta_new(1);
	put_network(commit, 5);
	put_network(commit, 5);
	EXPECT_REFUSED(EEXIST, NETWORK, 1, commit);
	commit = delta_new(1);
	put_peer(commit, 1, 300, NULL);
	put_peer(commit, 1, 300, NULL);
	EXPECT_REFUSED(EEXIST, PEER, 1, commit);
	commit = delta_new(1);
	put_member(commit, 1, 1, "10.0.0.7/32", 100);
	put_member(commit, 2, 1, "10.0.0.7/32", 200);
	EXPECT_REFUSED(EEXIST, MEMBER, 1, commit);
	commit = delta_new(1);
	remove_member(commit, 1, "10.0.0.2/32");
	put_member(commit, 1, 1, "10.0.0.2/32", 200);
	EXPECT_REFUSED(EEXIST, MEMBER, 1, commit);
	commit = delta_new(1);
	put_device(commit, 2, "wg0");
	EXPECT_REFUSED(EEXIST, DEVICE, 0, commit);
}

TEST_F(commit, the_place_of_a_fault_is_told)
{
	struct lbmesh_commit *commit = replace_new();

	put_device(commit, 1, "wg0");
	put_network(commit, 1);
	put_device(commit, 2, "wg1");
	put_device(commit, 3, "lo");
	EXPECT_REFUSED(EOPNOTSUPP, DEVICE, 2, commit);
	EXPECT_STREQ("device[2].ifname", self->result.error.path);
}

/* A commit with peers enough to keep the worker busy for as long as it takes to read the next. */
static void busy_begin(struct raw *raw)
{
	uint8_t key[LBMESH_KEY_LEN] = {};
	size_t nest;

	raw_begin(raw, LBMESH_CMD_COMMIT, 0);
	raw_put_u8(raw, LBMESH_A_MODE, LBMESH_COMMIT_MODE_REPLACE);
	nest = raw_nest(raw, LBMESH_A_DEVICE);
	raw_put_u32(raw, LBMESH_A_DEVICE_ID, 1);
	raw_put(raw, LBMESH_A_DEVICE_IFNAME, "wg0", sizeof("wg0"));
	raw_nest_end(raw, nest);
	for (uint8_t i = 1; i <= 200; i++) {
		key[0] = i;
		nest = raw_nest(raw, LBMESH_A_PEER);
		raw_put_u32(raw, LBMESH_A_PEER_DEVICE, 1);
		raw_put(raw, LBMESH_A_PEER_PUBLIC_KEY, key, sizeof(key));
		raw_nest_end(raw, nest);
	}
}

TEST_F(commit, a_job_while_another_runs_is_told_to_wait)
{
	static const uint8_t commands[] = { LBMESH_CMD_COMMIT, LBMESH_CMD_FLUSH };
	static struct raw raw, second;

	ASSERT_EQ(0, raw_open(&raw));
	ASSERT_EQ(0, raw_open(&second));
	for (size_t i = 0; i < 2; i++) {
		struct raw_answer answer;

		busy_begin(&raw);
		second.sequence = raw.sequence + 1000;
		raw_begin(&second, commands[i], 0);
		if (commands[i] == LBMESH_CMD_COMMIT)
			raw_put_u8(&second, LBMESH_A_MODE, LBMESH_COMMIT_MODE_REPLACE);
		ASSERT_EQ(0, raw_send_both(&raw, &second));
		EXPECT_EQ(0, raw_wait(&raw, raw.sequence).error);
		answer = raw_wait(&raw, second.sequence);
		EXPECT_EQ(EBUSY, answer.error)
			TH_LOG("command %u", commands[i]);
		EXPECT_NE(0, answer.message[0]);
		/* Until the first has ended. */
		while (flush(self->conn, &self->result) == EBUSY)
			pause_ms(20);
		EXPECT_EQ(0, self->result.error.code);
	}
	raw_close(&raw);
	raw_close(&second);
}

TEST_F_TIMEOUT(commit, two_thousand_peers_fit_in_one_message, 120)
{
	struct lbmesh_commit *commit = replace_new();
	char prefix[32];

	put_device(commit, 1, "wg0");
	put_network(commit, 1);
	for (uint32_t i = 1; i <= MANY; i++) {
		put_peer(commit, 1, i, "192.0.2.1");
		snprintf(prefix, sizeof(prefix), "10.1.%u.%u/32", i >> 8, i & 255);
		put_member(commit, 1, 1, prefix, i);
		snprintf(prefix, sizeof(prefix), "fd00::%x/128", i);
		put_member(commit, 1, 1, prefix, i);
	}
	EXPECT_LT(65536, lbmesh_commit_size(commit));
	ASSERT_RUN(commit);
	EXPECT_EQ(MANY, count_peers(self->conn, 0));
	EXPECT_EQ(2 * MANY, count_members(self->conn, 0));
	EXPECT_EQ(MANY, wg_peers("wg0"));
	EXPECT_STREQ("10.1.0.77/32 fd00::4d/128", allowed_ips("wg0", 77));
	EXPECT_STREQ("10.1.7.208/32 fd00::7d0/128", allowed_ips("wg0", 2000));

	/* All of them go with one message as well. */
	ASSERT_EQ(0, flush(self->conn, &self->result));
	EXPECT_EQ(0, wg_peers("wg0"));
}

TEST_F(commit, more_devices_than_the_limit_are_refused)
{
	struct lbmesh_commit *commit = replace_new();
	char lines[4096] = "", name[16];
	size_t used = 0;

	for (uint32_t i = 1; i <= 65; i++) {
		snprintf(name, sizeof(name), "wgl%u", i);
		used += snprintf(lines + used, sizeof(lines) - used,
				 "link add %s type wireguard\n", name);
	}
	ASSERT_EQ(0, ip(NULL, "%s", lines));
	for (uint32_t i = 1; i <= 65; i++) {
		snprintf(name, sizeof(name), "wgl%u", i);
		put_device(commit, i, name);
	}
	EXPECT_EQ(ENOSPC, run(self->conn, commit, &self->result));
	EXPECT_EQ(0, strncmp(self->result.error.message, "device: ", 8))
		TH_LOG("\"%s\"", self->result.error.message);
	EXPECT_EQ(0, generation_number(self->conn));
}

TEST_F(commit, more_networks_than_the_limit_are_refused)
{
	struct lbmesh_commit *commit = replace_new();
	uint32_t i;

	for (i = 1; i <= 4096; i++)
		put_network(commit, i);
	ASSERT_RUN(commit);
	commit = delta_new(1);
	put_network(commit, i);
	EXPECT_EQ(ENOSPC, run(self->conn, commit, &self->result));
	EXPECT_EQ(0, strncmp(self->result.error.message, "network: ", 9))
		TH_LOG("\"%s\"", self->result.error.message);
	EXPECT_EQ(1, generation_number(self->conn));
	/* One may come when another goes. */
	commit = delta_new(1);
	put_network(commit, i);
	must(lbmesh_commit_remove_network(commit, 1));
	ASSERT_RUN(commit);
}

TEST_F(commit, a_result_tells_cookie_token_generation_and_phases)
{
	struct lbmesh_generation generation;

	ASSERT_RUN(base_new());
	EXPECT_NE(0, self->result.cookie);
	EXPECT_NE(0, self->result.token);
	EXPECT_EQ(1, self->result.generation);
	EXPECT_EQ(LBMESH_PHASE_RETIRE, self->result.error.phase);
	EXPECT_LT(0, self->result.n_timings);
	for (size_t i = 1; i < self->result.n_timings; i++)
		EXPECT_LT(self->result.timings[i - 1].phase, self->result.timings[i].phase);

	ASSERT_EQ(0, lbmesh_generation_get(self->conn, &generation, NULL));
	EXPECT_EQ(LBMESH_STATE_ACTIVE, generation.state);
	EXPECT_TRUE(generation.has_last);
	EXPECT_TRUE(generation.has_last_result);
	EXPECT_EQ(self->result.cookie, generation.last.cookie);
	EXPECT_EQ(self->result.token, generation.last.token);
	EXPECT_EQ(0, generation.last.error.code);
	EXPECT_EQ(self->result.n_timings, generation.last.n_timings);
}

TEST_F(commit, flush_ends_the_generation_and_numbers_go_on)
{
	struct lbmesh_generation generation;

	ASSERT_RUN(base_new());
	ASSERT_EQ(0, flush(self->conn, &self->result));
	EXPECT_EQ(0, self->result.generation);
	ASSERT_EQ(0, lbmesh_generation_get(self->conn, &generation, NULL));
	EXPECT_EQ(0, generation.number);
	EXPECT_EQ(LBMESH_STATE_EMPTY, generation.state);
	EXPECT_EQ(0, generation.counts.members);
	EXPECT_STREQ("", state_text(self->conn));
	ASSERT_RUN(base_new());
	EXPECT_LT(1, self->result.generation);
}

TEST_F(commit, flush_of_what_is_empty_is_done)
{
	EXPECT_EQ(0, flush(self->conn, &self->result));
	EXPECT_EQ(0, self->result.generation);
}

TEST_F(commit, flush_is_done_after_the_interface_was_deleted)
{
	ASSERT_RUN(base_new());
	ASSERT_EQ(0, ip(NULL, "link del wg0\n"));
	EXPECT_EQ(0, flush(self->conn, &self->result))
		TH_LOG("\"%s\"", self->result.error.message);
	EXPECT_EQ(0, generation_number(self->conn));
}

TEST_F(commit, flush_is_done_after_the_interface_moved_away)
{
	ASSERT_RUN(base_new());
	ASSERT_EQ(0, namespace_add("away"));
	ASSERT_EQ(0, ip(NULL, "link set wg0 netns away\n"));
	EXPECT_EQ(0, flush(self->conn, &self->result))
		TH_LOG("\"%s\"", self->result.error.message);
	EXPECT_EQ(0, generation_number(self->conn));
}

TEST_F(commit, a_new_interface_of_the_old_name_can_be_committed)
{
	ASSERT_RUN(base_new());
	ASSERT_EQ(0, ip(NULL, "link del wg0\nlink add wg0 type wireguard\n"));
	ASSERT_RUN(base_new());
	EXPECT_EQ(2, wg_peers("wg0"));
	EXPECT_STREQ("10.0.0.2/32", allowed_ips("wg0", 100));
}

TEST_F(commit, an_interface_that_is_gone_is_named_no_more)
{
	ASSERT_RUN(base_new());
	ASSERT_EQ(0, ip(NULL, "link del wg0\n"));
	EXPECT_EQ(ENODEV, run(self->conn, base_new(), &self->result));
	ASSERT_RUN(replace_new());
}

TEST_HARNESS_MAIN
