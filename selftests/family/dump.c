// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps: whole and without repetition whatever their size, filtered by id, each message with the
 * generation that it shows, and marked when the generation changed under them.
 */

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "kselftest_harness.h"
#include "raw.h"
#include "util.h"

#define MANY 2000

FIXTURE(dump)
{
	struct lbmesh *conn;
	struct lbmesh_result result;
	struct raw raw;
};

FIXTURE_SETUP(dump)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, ip(NULL, "link add wg0 type wireguard\nlink add wg1 type wireguard\n"));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
	ASSERT_EQ(0, raw_open(&self->raw));
}

FIXTURE_TEARDOWN(dump)
{
	raw_close(&self->raw);
	lbmesh_close(self->conn);
}

static void member_prefix(uint32_t i, char prefix[32])
{
	snprintf(prefix, 32, "10.1.%u.%u/32", i >> 8, i & 255);
}

/* Peers 1 to many of device 1, each with a member of network 1; three more of device 2. */
static struct lbmesh_commit *many_new(uint32_t many)
{
	struct lbmesh_commit *commit = replace_new();
	char prefix[32];

	put_device(commit, 1, "wg0");
	put_device(commit, 2, "wg1");
	put_network(commit, 1);
	put_network(commit, 2);
	for (uint32_t i = 1; i <= many; i++) {
		put_peer(commit, 1, i, "192.0.2.1");
		member_prefix(i, prefix);
		put_member(commit, 1, 1, prefix, i);
	}
	for (uint32_t i = 1; i <= 3; i++) {
		put_peer(commit, 2, i, NULL);
		snprintf(prefix, sizeof(prefix), "fd00::%u/128", i);
		put_member(commit, 2, 2, prefix, i);
	}
	return commit;
}

#define ASSERT_RUN(commit) \
	ASSERT_EQ(0, run(self->conn, commit, &self->result)) \
		TH_LOG("\"%s\"", self->result.error.message)

struct seen {
	uint8_t times[MANY + 1];
	int strangers;
};

/* A key begins with its seed. */
static int peer_seen(const struct lbmesh_peer *peer, void *data)
{
	struct seen *seen = data;
	uint32_t seed;

	memcpy(&seed, peer->public_key, sizeof(seed));
	if (peer->device == 1 && seed >= 1 && seed <= MANY)
		seen->times[seed]++;
	else
		seen->strangers++;
	return 0;
}

static int member_seen(const struct lbmesh_member *member, void *data)
{
	struct seen *seen = data;
	uint32_t i = member->prefix.addr[2] << 8 | member->prefix.addr[3];

	if (member->network == 1 && member->prefix.len == 32 && i >= 1 && i <= MANY)
		seen->times[i]++;
	else
		seen->strangers++;
	return 0;
}

TEST_F_TIMEOUT(dump, shows_two_thousand_peers_and_members_once_each, 120)
{
	struct seen peers = {}, members = {};
	uint64_t generation = 0;

	ASSERT_RUN(many_new(MANY));
	ASSERT_EQ(0, lbmesh_peer_dump(self->conn, 0, peer_seen, &peers, &generation, NULL));
	EXPECT_EQ(1, generation);
	ASSERT_EQ(0, lbmesh_member_dump(self->conn, 0, member_seen, &members, &generation, NULL));
	EXPECT_EQ(1, generation);
	EXPECT_EQ(3, peers.strangers);
	EXPECT_EQ(3, members.strangers);
	for (int i = 1; i <= MANY; i++) {
		EXPECT_EQ(1, peers.times[i]) TH_LOG("peer %d", i);
		EXPECT_EQ(1, members.times[i]) TH_LOG("member %d", i);
	}
}

TEST_F(dump, shows_all_networks_and_bridges)
{
	static const char longest[] =
		"sixty-three bytes are the longest label that a network may have";
	struct lbmesh_commit *commit = replace_new();
	const char *text;
	int lines = 0;

	for (uint32_t i = 1; i <= 1000; i++) {
		must(lbmesh_commit_put_network(commit, &(struct lbmesh_network){
			.id = i,
			.label = longest }));
		if (i > 1)
			put_bridge(commit, i, i - 1, i);
	}
	ASSERT_RUN(commit);
	text = state_text(self->conn);
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	EXPECT_EQ(1999, lines);
	EXPECT_NE(NULL, strstr(text, "network 1000 sixty-three bytes are the longest label that a "
			       "network may have\n"));
	EXPECT_NE(NULL, strstr(text, "bridge 1000 999 1000\n"));
}

TEST_F(dump, by_id_shows_peers_of_a_device_and_members_of_a_network)
{
	ASSERT_RUN(many_new(10));
	EXPECT_EQ(13, count_peers(self->conn, 0));
	EXPECT_EQ(10, count_peers(self->conn, 1));
	EXPECT_EQ(3, count_peers(self->conn, 2));
	EXPECT_EQ(10, count_members(self->conn, 1));
	EXPECT_EQ(3, count_members(self->conn, 2));
}

TEST_F(dump, by_an_unknown_id_is_empty)
{
	ASSERT_RUN(many_new(10));
	EXPECT_EQ(0, count_peers(self->conn, 3));
	EXPECT_EQ(0, count_peers(self->conn, UINT32_MAX));
	EXPECT_EQ(0, count_members(self->conn, 3));
}

/* What was seen of a dump that is read datagram by datagram. */
struct progress {
	bool done;
	bool interrupted;
	int messages;
	int without_generation;
	int error;
};

/* Reads one datagram. Returns false when there is none. */
static bool progress_read(struct raw *raw, struct progress *progress)
{
	static char buffer[65536];
	struct nlmsghdr *header = (struct nlmsghdr *)buffer;
	ssize_t got = mnl_socket_recvfrom(raw->socket, buffer, sizeof(buffer));
	int length = got;

	if (got < 0)
		return false;
	for (; mnl_nlmsg_ok(header, length); header = mnl_nlmsg_next(header, &length)) {
		const struct nlattr *attr;
		bool generation = false;

		progress->interrupted |= header->nlmsg_flags & NLM_F_DUMP_INTR;
		if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
			progress->error = raw_answer_of(header).error;
			progress->done = true;
			continue;
		}
		mnl_attr_for_each(attr, header, sizeof(struct genlmsghdr))
			generation |= mnl_attr_get_type(attr) == LBMESH_A_GENERATION;
		progress->without_generation += !generation;
		progress->messages++;
	}
	return true;
}

TEST_F_TIMEOUT(dump, is_marked_when_the_generation_changes_under_it, 120)
{
	struct progress progress = {};
	struct lbmesh_commit *commit;

	ASSERT_RUN(many_new(MANY));
	raw_begin(&self->raw, LBMESH_CMD_PEER_GET, NLM_F_DUMP);
	ASSERT_EQ(0, raw_send(&self->raw));
	ASSERT_TRUE(progress_read(&self->raw, &progress));
	ASSERT_FALSE(progress.done) TH_LOG("the dump is too small for this test");
	EXPECT_FALSE(progress.interrupted);

	commit = delta_new(1);
	put_network(commit, 5);
	ASSERT_RUN(commit);
	while (!progress.done)
		ASSERT_TRUE(progress_read(&self->raw, &progress));
	EXPECT_EQ(0, progress.error);
	EXPECT_TRUE(progress.interrupted);
	EXPECT_EQ(0, progress.without_generation);
}

TEST_F_TIMEOUT(dump, is_marked_when_a_flush_ends_the_generation_under_it, 120)
{
	struct progress progress = {};

	ASSERT_RUN(many_new(MANY));
	raw_begin(&self->raw, LBMESH_CMD_MEMBER_GET, NLM_F_DUMP);
	ASSERT_EQ(0, raw_send(&self->raw));
	ASSERT_TRUE(progress_read(&self->raw, &progress));
	ASSERT_FALSE(progress.done) TH_LOG("the dump is too small for this test");
	ASSERT_EQ(0, flush(self->conn, &self->result));
	while (!progress.done)
		ASSERT_TRUE(progress_read(&self->raw, &progress));
	EXPECT_TRUE(progress.interrupted);
}

TEST_F_TIMEOUT(dump, is_not_marked_when_nothing_changes, 120)
{
	struct progress progress = {};

	ASSERT_RUN(many_new(MANY));
	raw_begin(&self->raw, LBMESH_CMD_PEER_GET, NLM_F_DUMP);
	ASSERT_EQ(0, raw_send(&self->raw));
	ASSERT_TRUE(progress_read(&self->raw, &progress));
	/* A commit that restates what is in force is no change. */
	ASSERT_RUN(many_new(MANY));
	while (!progress.done)
		ASSERT_TRUE(progress_read(&self->raw, &progress));
	EXPECT_EQ(0, progress.error);
	EXPECT_FALSE(progress.interrupted);
	EXPECT_LT(1, progress.messages);
	EXPECT_EQ(0, progress.without_generation);
}

TEST_F(dump, of_an_empty_namespace_is_only_its_end)
{
	static const uint8_t commands[] = {
		LBMESH_CMD_DEVICE_GET, LBMESH_CMD_NETWORK_GET, LBMESH_CMD_BRIDGE_GET,
		LBMESH_CMD_PEER_GET, LBMESH_CMD_MEMBER_GET,
	};

	for (size_t i = 0; i < sizeof(commands); i++) {
		struct progress progress = {};

		raw_begin(&self->raw, commands[i], NLM_F_DUMP);
		ASSERT_EQ(0, raw_send(&self->raw));
		while (!progress.done)
			ASSERT_TRUE(progress_read(&self->raw, &progress));
		EXPECT_EQ(0, progress.messages);
		EXPECT_EQ(0, progress.error);
		EXPECT_FALSE(progress.interrupted);
	}
}

TEST_F(dump, left_unread_does_no_harm)
{
	ASSERT_RUN(many_new(MANY));
	raw_begin(&self->raw, LBMESH_CMD_PEER_GET, NLM_F_DUMP);
	ASSERT_EQ(0, raw_send(&self->raw));
	ASSERT_EQ(0, flush(self->conn, &self->result));
	raw_close(&self->raw);
	EXPECT_EQ(0, count_peers(self->conn, 0));
}

TEST_HARNESS_MAIN
