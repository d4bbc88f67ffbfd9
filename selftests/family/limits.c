// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of a namespace: what it begins with, who may set them and to what, and that a commit above
 * one is refused with its name.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "raw.h"
#include "refusal.h"
#include "util.h"

FIXTURE(limits)
{
	struct lbmesh *conn;
	struct raw raw;
	struct lbmesh_result result;
};

FIXTURE_SETUP(limits)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, ip(NULL, "link add wg0 type wireguard\nlink add wg1 type wireguard\n"
			      "link add wg2 type wireguard\n"));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
	ASSERT_EQ(0, raw_open(&self->raw));
}

FIXTURE_TEARDOWN(limits)
{
	raw_close(&self->raw);
	lbmesh_close(self->conn);
}

#define ASSERT_RUN(commit) \
	ASSERT_EQ(0, run(self->conn, commit, &self->result)) \
		TH_LOG("\"%s\"", self->result.error.message)

static const struct lbmesh_counts first = {
	.devices = 64,
	.networks = 4096,
	.bridges = 4096,
	.peers = 20480,
	.members = 65536,
	.layers = 16384,
	.rules = 131072,
	.sets = 16384,
	.elements = 1048576,
	.endpoints = 16384,
	.message_bytes = 64 << 20,
	.cache_entries = 4096,
};

static struct lbmesh_counts limits_of(struct lbmesh *conn)
{
	struct lbmesh_info info = {};

	must(lbmesh_info_get(conn, &info, NULL));
	return info.limits;
}

static const char *counts_text(struct lbmesh_counts counts)
{
	static char texts[2][256];
	static unsigned int next;
	char *text = texts[next++ % 2];

	snprintf(text, sizeof(texts[0]), "%u %u %u %u %u %u %u %u %u %u %u %u", counts.devices,
		 counts.networks, counts.bridges, counts.peers, counts.members, counts.layers,
		 counts.rules, counts.sets, counts.elements, counts.endpoints,
		 counts.message_bytes, counts.cache_entries);
	return text;
}

#define EXPECT_LIMITS(want) EXPECT_STREQ(counts_text(want), counts_text(limits_of(self->conn)))

#define ASSERT_SET(...) do { \
	struct lbmesh_counts counts_ = { __VA_ARGS__ }; \
	ASSERT_EQ(0, lbmesh_limits_set(self->conn, &counts_, NULL)); \
} while (0)

/* --- Showing and setting -------------------------------------------------------------------------- */

TEST_F(limits, are_shown_as_they_are_at_first)
{
	EXPECT_LIMITS(first);
}

TEST_F(limits, that_are_set_are_shown_and_the_others_stay)
{
	struct lbmesh_counts want = first;

	ASSERT_SET(.peers = 7, .message_bytes = 8192);
	want.peers = 7;
	want.message_bytes = 8192;
	EXPECT_LIMITS(want);
	ASSERT_SET(.devices = 1, .networks = 2, .bridges = 3, .members = 5, .layers = 6,
		   .rules = 8, .sets = 9, .elements = 10, .endpoints = 11);
	want = (struct lbmesh_counts){ 1, 2, 3, 7, 5, 6, 8, 9, 10, 11, 8192, 4096 };
	EXPECT_LIMITS(want);
}

TEST_F(limits, of_one_namespace_are_not_those_of_another)
{
	struct lbmesh *other;
	int fd;

	ASSERT_SET(.peers = 7);
	ASSERT_EQ(0, namespace_add("other"));
	fd = namespace_open("other");
	ASSERT_EQ(0, namespace_set(fd));
	close(fd);
	ASSERT_EQ(0, lbmesh_open(&other, NULL));
	EXPECT_EQ(first.peers, limits_of(other).peers);
	EXPECT_EQ(7, limits_of(self->conn).peers);
	lbmesh_close(other);
}

/* A range: what may be set, and beyond each end what may not. */
static const struct range {
	uint16_t attr;
	uint32_t least;
	uint32_t most;
	const char *name;
} ranges[] = {
	{ LBMESH_A_COUNTS_DEVICES, 1, 4096, "devices" },
	{ LBMESH_A_COUNTS_NETWORKS, 1, 65536, "networks" },
	{ LBMESH_A_COUNTS_BRIDGES, 1, 65536, "bridges" },
	{ LBMESH_A_COUNTS_PEERS, 1, 1 << 20, "peers" },
	{ LBMESH_A_COUNTS_MEMBERS, 1, 1 << 20, "members" },
	{ LBMESH_A_COUNTS_LAYERS, 1, 65536, "layers" },
	{ LBMESH_A_COUNTS_RULES, 1, 1 << 20, "rules" },
	{ LBMESH_A_COUNTS_SETS, 1, 65536, "sets" },
	{ LBMESH_A_COUNTS_ELEMENTS, 1, 1 << 20, "elements" },
	{ LBMESH_A_COUNTS_ENDPOINTS, 1, 65536, "endpoints" },
	{ LBMESH_A_COUNTS_MESSAGE_BYTES, 4096, 1 << 30, "message-bytes" },
};

/* Builds a request for one limit. Returns where its attribute is. */
static size_t one_limit(struct raw *raw, uint16_t attr, uint32_t value)
{
	size_t nest, at;

	raw_begin(raw, LBMESH_CMD_LIMITS_SET, 0);
	nest = raw_nest(raw, LBMESH_A_LIMITS);
	at = raw_put_u32(raw, attr, value);
	raw_nest_end(raw, nest);
	return at;
}

TEST_F(limits, have_a_range_each_and_nothing_else_is_taken)
{
	for (size_t i = 0; i < COUNT_OF(ranges); i++) {
		const struct range *range = &ranges[i];
		uint32_t wrong[] = { 0, range->least - 1, range->most + 1, UINT32_MAX };
		char start[64];
		size_t at;

		one_limit(&self->raw, range->attr, range->least);
		EXPECT_EQ(0, raw_ask(&self->raw).error) TH_LOG("%s", range->name);
		one_limit(&self->raw, range->attr, range->most);
		EXPECT_EQ(0, raw_ask(&self->raw).error) TH_LOG("%s", range->name);
		snprintf(start, sizeof(start), "limits: %s is from %u to %u", range->name,
			 range->least, range->most);
		for (size_t j = 0; j < COUNT_OF(wrong); j++) {
			struct raw_answer answer;

			at = one_limit(&self->raw, range->attr, wrong[j]);
			answer = raw_ask(&self->raw);
			EXPECT_EQ(ERANGE, answer.error) TH_LOG("%s %u", range->name, wrong[j]);
			EXPECT_STREQ(start, answer.message);
			EXPECT_EQ(at, answer.offset) TH_LOG("%s %u", range->name, wrong[j]);
		}
	}
	EXPECT_EQ(1 << 20, limits_of(self->conn).peers) TH_LOG("refusals change nothing");
}

TEST_F(limits, let_the_cache_have_a_power_of_two_or_nothing)
{
	static const uint32_t right[] = { 4, 8, 4096, 262144, 0 };
	static const uint32_t wrong[] = { 1, 2, 3, 5, 4095, 262143, 524288, UINT32_MAX };

	for (size_t i = 0; i < COUNT_OF(right); i++) {
		one_limit(&self->raw, LBMESH_A_COUNTS_CACHE_ENTRIES, right[i]);
		EXPECT_EQ(0, raw_ask(&self->raw).error) TH_LOG("%u", right[i]);
		EXPECT_EQ(right[i] ?: LBMESH_CACHE_OFF, limits_of(self->conn).cache_entries);
	}
	ASSERT_SET(.cache_entries = 64);
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		size_t at = one_limit(&self->raw, LBMESH_A_COUNTS_CACHE_ENTRIES, wrong[i]);
		struct raw_answer answer = raw_ask(&self->raw);

		EXPECT_EQ(ERANGE, answer.error) TH_LOG("%u", wrong[i]);
		EXPECT_STREQ("limits: cache-entries is 0, or a power of two from 4 to 262144",
			     answer.message);
		EXPECT_EQ(at, answer.offset) TH_LOG("%u", wrong[i]);
	}
	EXPECT_EQ(64, limits_of(self->conn).cache_entries);
}

static uint32_t cache_entries(struct lbmesh *conn)
{
	struct lbmesh_generation generation = {};

	must(lbmesh_generation_get(conn, &generation, NULL));
	return generation.has_cache ? generation.cache.entries : UINT32_MAX;
}

TEST_F(limits, give_the_cache_its_size_when_it_is_made_and_at_once_when_it_is_there)
{
	struct lbmesh_endpoint endpoint = { .id = 1, .kind = LBMESH_ENDPOINT_KIND_HOST,
					    .ifname = "wg0" };
	struct lbmesh_commit *commit = replace_new();
	size_t nest;

	ASSERT_SET(.cache_entries = 128);
	EXPECT_EQ(UINT32_MAX, cache_entries(self->conn)) TH_LOG("there is no cache yet");
	put_device(commit, 1, "wg0");
	must(lbmesh_commit_put_endpoint(commit, &endpoint));
	ASSERT_RUN(commit);
	EXPECT_EQ(128, cache_entries(self->conn));
	ASSERT_SET(.cache_entries = 8192);
	EXPECT_EQ(8192, cache_entries(self->conn));
	ASSERT_SET(.cache_entries = LBMESH_CACHE_OFF);
	EXPECT_EQ(0, cache_entries(self->conn));
	ASSERT_SET(.cache_entries = 4);
	EXPECT_EQ(4, cache_entries(self->conn));
	/* A refusal of another one leaves it alone. */
	raw_begin(&self->raw, LBMESH_CMD_LIMITS_SET, 0);
	nest = raw_nest(&self->raw, LBMESH_A_LIMITS);
	raw_put_u32(&self->raw, LBMESH_A_COUNTS_CACHE_ENTRIES, 16);
	raw_put_u32(&self->raw, LBMESH_A_COUNTS_DEVICES, 0);
	raw_nest_end(&self->raw, nest);
	EXPECT_EQ(ERANGE, raw_ask(&self->raw).error);
	EXPECT_EQ(4, cache_entries(self->conn));
	EXPECT_EQ(4, limits_of(self->conn).cache_entries);
}

TEST_F(limits, are_set_all_or_none)
{
	size_t nest, at;

	raw_begin(&self->raw, LBMESH_CMD_LIMITS_SET, 0);
	nest = raw_nest(&self->raw, LBMESH_A_LIMITS);
	raw_put_u32(&self->raw, LBMESH_A_COUNTS_DEVICES, 2);
	raw_put_u32(&self->raw, LBMESH_A_COUNTS_PEERS, 2);
	at = raw_put_u32(&self->raw, LBMESH_A_COUNTS_MEMBERS, 0);
	raw_nest_end(&self->raw, nest);
	EXPECT_REFUSAL(&self->raw, self->conn, ERANGE, at, "members 0");
	EXPECT_LIMITS(first);
}

TEST_F(limits, refuses_what_is_no_limit)
{
	size_t nest, at;

	raw_begin(&self->raw, LBMESH_CMD_LIMITS_SET, 0);
	EXPECT_REFUSAL(&self->raw, self->conn, EINVAL, 0, "no limits");
	at = one_limit(&self->raw, LBMESH_A_COUNTS_MAX + 1, 1);
	EXPECT_REFUSAL(&self->raw, self->conn, EINVAL, at, "an attribute that none has");
	raw_begin(&self->raw, LBMESH_CMD_LIMITS_SET, 0);
	nest = raw_nest(&self->raw, LBMESH_A_LIMITS);
	at = raw_put_u8(&self->raw, LBMESH_A_COUNTS_PEERS, 1);
	raw_nest_end(&self->raw, nest);
	EXPECT_REFUSAL(&self->raw, self->conn, EINVAL, at, "one byte");
	EXPECT_LIMITS(first);
}

/* --- Who may -------------------------------------------------------------------------------------- */

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

TEST(limits_are_not_set_by_root_of_another_user_namespace)
{
	struct raw raw;

	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, unshare(CLONE_NEWUSER | CLONE_NEWNET));
	ASSERT_EQ(0, write_file("/proc/self/setgroups", "deny"));
	ASSERT_EQ(0, write_file("/proc/self/uid_map", "0 0 1"));
	ASSERT_EQ(0, write_file("/proc/self/gid_map", "0 0 1"));
	ASSERT_EQ(0, raw_open(&raw));
	for (size_t i = 0; i < COUNT_OF(ranges); i++) {
		struct raw_answer answer;

		/* Not even lower. */
		one_limit(&raw, ranges[i].attr, ranges[i].least);
		answer = raw_ask(&raw);
		EXPECT_EQ(EPERM, answer.error);
		EXPECT_STREQ("limits are set by root of the initial user namespace",
			     answer.message);
	}
	raw_close(&raw);
}

/* --- What they do --------------------------------------------------------------------------------- */

/* As many of everything as there may be after set_tight(). */
static struct lbmesh_commit *full_new(void)
{
	struct lbmesh_commit *commit = replace_new();

	put_device(commit, 1, "wg0");
	put_device(commit, 2, "wg1");
	for (uint32_t i = 1; i <= 3; i++)
		put_network(commit, i);
	put_bridge(commit, 1, 1, 2);
	put_peer(commit, 1, 100, NULL);
	put_peer(commit, 2, 100, NULL);
	for (uint32_t i = 1; i <= 4; i++) {
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "10.0.0.%u/32", i);
		put_member(commit, 1, 1, prefix, 100);
	}
	return commit;
}

static const struct lbmesh_counts tight = {
	.devices = 2, .networks = 3, .bridges = 1, .peers = 2, .members = 4,
};

static void put_one_more(struct lbmesh_commit *commit, int what)
{
	switch (what) {
	case 0:
		put_device(commit, 3, "wg2");
		break;
	case 1:
		put_network(commit, 4);
		break;
	case 2:
		put_bridge(commit, 2, 2, 3);
		break;
	case 3:
		put_peer(commit, 1, 200, NULL);
		break;
	default:
		put_member(commit, 1, 1, "10.0.0.9/32", 100);
		break;
	}
}

static const char *const kinds[] = { "device:", "network:", "bridge:", "peer:", "member:" };

TEST_F(limits, refuses_a_commit_above_one_with_its_name)
{
	ASSERT_EQ(0, lbmesh_limits_set(self->conn, &tight, NULL));
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct lbmesh_commit *commit = full_new();

		put_one_more(commit, i);
		EXPECT_EQ(ENOSPC, run(self->conn, commit, &self->result)) TH_LOG("%s", kinds[i]);
		EXPECT_EQ(0, strncmp(kinds[i], self->result.error.message, strlen(kinds[i])))
			TH_LOG("%s \"%s\"", kinds[i], self->result.error.message);
	}
	EXPECT_EQ(0, generation_number(self->conn));
	ASSERT_RUN(full_new());
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct lbmesh_commit *commit = delta_new(1);

		put_one_more(commit, i);
		EXPECT_EQ(ENOSPC, run(self->conn, commit, &self->result)) TH_LOG("%s", kinds[i]);
		EXPECT_EQ(0, strncmp(kinds[i], self->result.error.message, strlen(kinds[i])))
			TH_LOG("%s \"%s\"", kinds[i], self->result.error.message);
	}
	EXPECT_EQ(1, generation_number(self->conn));
}

TEST_F(limits, that_are_raised_let_more_in)
{
	struct lbmesh_commit *commit;

	ASSERT_EQ(0, lbmesh_limits_set(self->conn, &tight, NULL));
	ASSERT_RUN(full_new());
	ASSERT_SET(.members = 5);
	commit = delta_new(1);
	put_one_more(commit, 4);
	ASSERT_RUN(commit);
	commit = delta_new(2);
	put_member(commit, 1, 1, "10.0.0.10/32", 100);
	EXPECT_EQ(ENOSPC, run(self->conn, commit, &self->result));
}

TEST_F(limits, below_what_is_in_force_refuse_only_what_would_be_more)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(full_new());
	ASSERT_SET(.peers = 1, .members = 2);
	EXPECT_EQ(4, count_members(self->conn, 0)) TH_LOG("what is in force stays");
	commit = delta_new(1);
	put_one_more(commit, 4);
	EXPECT_EQ(ENOSPC, run(self->conn, commit, &self->result));
	/* Changing is not more, */
	commit = delta_new(1);
	put_peer(commit, 1, 100, "192.0.2.1");
	put_member(commit, 2, 1, "10.0.0.1/32", 100);
	ASSERT_RUN(commit);
	/* and removing is less. */
	commit = delta_new(2);
	remove_member(commit, 1, "10.0.0.1/32");
	remove_member(commit, 1, "10.0.0.2/32");
	ASSERT_RUN(commit);
	commit = delta_new(3);
	put_one_more(commit, 4);
	EXPECT_EQ(ENOSPC, run(self->conn, commit, &self->result));
	commit = delta_new(3);
	remove_member(commit, 1, "10.0.0.3/32");
	put_one_more(commit, 4);
	ASSERT_RUN(commit);
}

TEST_F(limits, refuses_a_message_that_is_too_long)
{
	struct lbmesh_commit *commit = replace_new();

	ASSERT_SET(.message_bytes = 4096);
	for (uint32_t i = 1; i <= 500; i++)
		put_network(commit, i);
	EXPECT_LT(4096, lbmesh_commit_size(commit));
	EXPECT_EQ(ENOSPC, run(self->conn, commit, &self->result));
	EXPECT_EQ(0, strncmp("message-bytes:", self->result.error.message, 14))
		TH_LOG("\"%s\"", self->result.error.message);
	ASSERT_RUN(full_new());
}

TEST_HARNESS_MAIN
