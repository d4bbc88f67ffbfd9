// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps: whole and without repetition whatever their size, filtered by id, each message with the
 * generation that it shows, and marked when the generation changed under them. And single objects,
 * by their keys.
 */

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "kselftest_harness.h"
#include "raw.h"
#include "refusal.h"
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

/* --- One object ----------------------------------------------------------------------------------- */

/* An object as a line of text. */
struct shown {
	int count;
	char text[256];
};

static int device_shown(const struct lbmesh_device *device, void *data)
{
	struct shown *shown = data;

	shown->count++;
	snprintf(shown->text, sizeof(shown->text), "%u %u %u %u %u", device->id, device->ifindex,
		 device->listen_port, device->fwmark, device->mtu);
	return 0;
}

static int network_shown(const struct lbmesh_network *network, void *data)
{
	struct shown *shown = data;

	shown->count++;
	snprintf(shown->text, sizeof(shown->text), "%u %s", network->id, network->label);
	return 0;
}

static int bridge_shown(const struct lbmesh_bridge *bridge, void *data)
{
	struct shown *shown = data;

	shown->count++;
	snprintf(shown->text, sizeof(shown->text), "%u %u %u", bridge->id, bridge->network_a,
		 bridge->network_b);
	return 0;
}

static int peer_shown(const struct lbmesh_peer *peer, void *data)
{
	char endpoint[LBMESH_PREFIX_STRLEN];
	struct shown *shown = data;

	shown->count++;
	lbmesh_address_format(&peer->endpoint, endpoint, sizeof(endpoint));
	snprintf(shown->text, sizeof(shown->text), "%u %s %s %u", peer->device,
		 key_hex(peer->public_key), endpoint, peer->endpoint_port);
	return 0;
}

static int member_shown(const struct lbmesh_member *member, void *data)
{
	char prefix[LBMESH_PREFIX_STRLEN];
	struct shown *shown = data;

	shown->count++;
	lbmesh_prefix_format(&member->prefix, prefix, sizeof(prefix));
	snprintf(shown->text, sizeof(shown->text), "%u %u %s %s", member->network, member->device,
		 prefix, key_hex(member->public_key));
	return 0;
}

static struct lbmesh_commit *few_new(void)
{
	struct lbmesh_commit *commit = replace_new();

	must(lbmesh_commit_put_device(commit, &(struct lbmesh_device){
		.id = 7, .ifname = "wg0", .has_listen_port = true, .listen_port = 7000,
		.has_fwmark = true, .fwmark = 5, .mtu = 1400 }));
	put_device(commit, 8, "wg1");
	must(lbmesh_commit_put_network(commit, &(struct lbmesh_network){
		.id = 1, .label = "green" }));
	put_network(commit, 2);
	put_bridge(commit, 3, 1, 2);
	put_peer(commit, 7, 100, "192.0.2.1");
	put_peer(commit, 8, 100, "2001:db8::1");
	put_member(commit, 1, 7, "10.0.0.1/32", 0);
	put_member(commit, 1, 7, "10.2.0.0/16", 100);
	put_member(commit, 2, 7, "10.2.0.0/24", 0);
	put_member(commit, 2, 8, "10.2.0.0/16", 100);
	put_member(commit, 1, 7, "fd00::/64", 100);
	put_member(commit, 1, 7, "0.0.0.0/0", 100);
	return commit;
}

static int member_get(struct lbmesh *conn, uint32_t device, const char *prefix,
		      struct shown *shown, uint64_t *generation)
{
	struct lbmesh_prefix key;

	must(lbmesh_prefix_parse(prefix, &key));
	return lbmesh_member_get(conn, device, &key, member_shown, shown, generation, NULL);
}

TEST_F(dump, of_one_object_shows_the_one_with_the_key)
{
	struct lbmesh *conn = self->conn;
	struct shown shown = {};
	uint64_t generation = 0;
	char wanted[256];

	ASSERT_RUN(few_new());
	ASSERT_EQ(0, lbmesh_device_get(conn, 7, device_shown, &shown, &generation, NULL));
	EXPECT_EQ(0, strcmp(" 7000 5 1400", strchr(strchr(shown.text, ' ') + 1, ' ')))
		TH_LOG("\"%s\"", shown.text);
	EXPECT_EQ(1, generation);
	ASSERT_EQ(0, lbmesh_network_get(conn, 1, network_shown, &shown, &generation, NULL));
	EXPECT_STREQ("1 green", shown.text);
	ASSERT_EQ(0, lbmesh_bridge_get(conn, 3, bridge_shown, &shown, &generation, NULL));
	EXPECT_STREQ("3 1 2", shown.text);
	ASSERT_EQ(0, lbmesh_peer_get(conn, 8, key_of(100), peer_shown, &shown, &generation, NULL));
	snprintf(wanted, sizeof(wanted), "8 %s 2001:db8::1 51820", key_hex(key_of(100)));
	EXPECT_STREQ(wanted, shown.text);
	EXPECT_EQ(1, generation);
	EXPECT_EQ(4, shown.count);
}

TEST_F(dump, of_one_member_shows_the_one_with_exactly_that_prefix)
{
	struct shown shown = {};
	uint64_t generation = 0;
	char wanted[256];

	ASSERT_RUN(few_new());
	ASSERT_EQ(0, member_get(self->conn, 7, "10.0.0.1/32", &shown, &generation));
	EXPECT_STREQ("1 7 10.0.0.1/32 us", shown.text);
	EXPECT_EQ(1, generation);
	ASSERT_EQ(0, member_get(self->conn, 7, "10.2.0.0/24", &shown, NULL));
	EXPECT_STREQ("2 7 10.2.0.0/24 us", shown.text);
	ASSERT_EQ(0, member_get(self->conn, 8, "10.2.0.0/16", &shown, NULL));
	snprintf(wanted, sizeof(wanted), "2 8 10.2.0.0/16 %s", key_hex(key_of(100)));
	EXPECT_STREQ(wanted, shown.text);
	ASSERT_EQ(0, member_get(self->conn, 7, "fd00::/64", &shown, NULL));
	snprintf(wanted, sizeof(wanted), "1 7 fd00::/64 %s", key_hex(key_of(100)));
	EXPECT_STREQ(wanted, shown.text);
	ASSERT_EQ(0, member_get(self->conn, 7, "0.0.0.0/0", &shown, NULL));
	EXPECT_EQ(-ENOENT, member_get(self->conn, 7, "10.2.0.0/32", &shown, NULL));
	EXPECT_EQ(-ENOENT, member_get(self->conn, 7, "10.2.0.0/15", &shown, NULL));
	EXPECT_EQ(-ENOENT, member_get(self->conn, 7, "::/0", &shown, NULL));
	EXPECT_EQ(-ENOENT, member_get(self->conn, 9, "10.2.0.0/16", &shown, NULL));
	EXPECT_EQ(5, shown.count);
}

/* Requests for one object, that none of them has. */
static size_t absent_begin(struct raw *raw, uint8_t command, uint16_t nest_type, uint16_t key_type)
{
	size_t nest;

	raw_begin(raw, command, 0);
	if (!nest_type)
		return raw_put_u32(raw, LBMESH_A_ID, 99);
	nest = raw_nest(raw, nest_type);
	raw_put_u32(raw, 1 + (nest_type == LBMESH_A_MEMBER), 99);
	if (nest_type == LBMESH_A_PEER)
		raw_put(raw, key_type, key_of(100), LBMESH_KEY_LEN);
	else
		raw_put_u32(raw, key_type, 0);
	raw_nest_end(raw, nest);
	return nest;
}

static const struct getter {
	const char *name;
	uint8_t command;
	uint16_t nest;
	uint16_t key;
} getters[] = {
	{ "device", LBMESH_CMD_DEVICE_GET, 0, 0 },
	{ "network", LBMESH_CMD_NETWORK_GET, 0, 0 },
	{ "bridge", LBMESH_CMD_BRIDGE_GET, 0, 0 },
	{ "peer", LBMESH_CMD_PEER_GET, LBMESH_A_PEER, LBMESH_A_PEER_PUBLIC_KEY },
	{ "member", LBMESH_CMD_MEMBER_GET, LBMESH_A_MEMBER, LBMESH_A_MEMBER_IPV4 },
};

TEST_F(dump, of_one_object_that_is_not_there_is_refused_with_ENOENT)
{
	for (int filled = 0; filled < 2; filled++) {
		for (size_t i = 0; i < COUNT_OF(getters); i++) {
			const struct getter *getter = &getters[i];
			size_t at = absent_begin(&self->raw, getter->command, getter->nest,
						 getter->key);

			EXPECT_REFUSAL(&self->raw, self->conn, ENOENT, at, "%s", getter->name);
		}
		if (!filled)
			ASSERT_RUN(few_new());
	}
}

TEST_F(dump, of_one_object_without_its_key_is_refused)
{
	for (size_t i = 0; i < COUNT_OF(getters); i++) {
		raw_begin(&self->raw, getters[i].command, 0);
		EXPECT_REFUSAL(&self->raw, self->conn, EINVAL, 0, "%s", getters[i].name);
	}
}

/* --- Keys of peers and members that are none ------------------------------------------------------ */

#define KEY_BYTES(the_type) { the_type, LBMESH_KEY_LEN, "0123456789abcdef0123456789abcdef" }
#define FOUR(the_type, text) { the_type, 4, text }
#define ONE(the_type, text) { the_type, 1, text }
#define IPV6(text) { LBMESH_A_MEMBER_IPV6, 16, text }
#define ZERO4 "\0\0\0\0"
#define SEVEN "\7\0\0\0"

/* What is at fault: the nest, or an attribute in it. */
#define THE_NEST 0

static const struct bad_key {
	const char *name;
	uint16_t nest;
	struct {
		uint16_t type;
		uint16_t length;
		const char *data;
	} attr[4];
	uint16_t culprit;
} bad_keys[] = {
	{ "a peer without device", LBMESH_A_PEER,
	  { KEY_BYTES(LBMESH_A_PEER_PUBLIC_KEY) }, THE_NEST },
	{ "a peer without key", LBMESH_A_PEER,
	  { FOUR(LBMESH_A_PEER_DEVICE, SEVEN) }, THE_NEST },
	{ "a peer with nothing", LBMESH_A_PEER, {}, THE_NEST },
	{ "a peer with a keepalive", LBMESH_A_PEER,
	  { FOUR(LBMESH_A_PEER_DEVICE, SEVEN), KEY_BYTES(LBMESH_A_PEER_PUBLIC_KEY),
	    { LBMESH_A_PEER_KEEPALIVE, 2, "\1" } }, LBMESH_A_PEER_KEEPALIVE },
	{ "a peer with remove", LBMESH_A_PEER,
	  { FOUR(LBMESH_A_PEER_DEVICE, SEVEN), KEY_BYTES(LBMESH_A_PEER_PUBLIC_KEY),
	    { LBMESH_A_PEER_REMOVE, 0, "" } }, LBMESH_A_PEER_REMOVE },
	{ "a member without device", LBMESH_A_MEMBER,
	  { FOUR(LBMESH_A_MEMBER_IPV4, ZERO4) }, THE_NEST },
	{ "a member without address", LBMESH_A_MEMBER,
	  { FOUR(LBMESH_A_MEMBER_DEVICE, SEVEN), ONE(LBMESH_A_MEMBER_PREFIX_LEN, "\20") },
	  THE_NEST },
	{ "a member with two addresses", LBMESH_A_MEMBER,
	  { FOUR(LBMESH_A_MEMBER_DEVICE, SEVEN), FOUR(LBMESH_A_MEMBER_IPV4, ZERO4),
	    IPV6("0123456789abcdef") }, THE_NEST },
	{ "a member with a long prefix", LBMESH_A_MEMBER,
	  { FOUR(LBMESH_A_MEMBER_DEVICE, SEVEN), FOUR(LBMESH_A_MEMBER_IPV4, ZERO4),
	    ONE(LBMESH_A_MEMBER_PREFIX_LEN, "\41") }, LBMESH_A_MEMBER_PREFIX_LEN },
	{ "a member with host bits", LBMESH_A_MEMBER,
	  { FOUR(LBMESH_A_MEMBER_DEVICE, SEVEN), FOUR(LBMESH_A_MEMBER_IPV4, "\12\0\0\1"),
	    ONE(LBMESH_A_MEMBER_PREFIX_LEN, "\10") }, LBMESH_A_MEMBER_IPV4 },
	{ "a member with its network", LBMESH_A_MEMBER,
	  { FOUR(LBMESH_A_MEMBER_NETWORK, "\1\0\0\0"), FOUR(LBMESH_A_MEMBER_DEVICE, SEVEN),
	    FOUR(LBMESH_A_MEMBER_IPV4, ZERO4) }, LBMESH_A_MEMBER_NETWORK },
	{ "a member with its peer", LBMESH_A_MEMBER,
	  { FOUR(LBMESH_A_MEMBER_DEVICE, SEVEN), FOUR(LBMESH_A_MEMBER_IPV4, ZERO4),
	    KEY_BYTES(LBMESH_A_MEMBER_PUBLIC_KEY) }, LBMESH_A_MEMBER_PUBLIC_KEY },
};

TEST_F(dump, of_one_object_by_what_is_no_key_is_refused)
{
	ASSERT_RUN(few_new());
	for (size_t i = 0; i < COUNT_OF(bad_keys); i++) {
		const struct bad_key *bad = &bad_keys[i];
		size_t nest, culprit, at;

		raw_begin(&self->raw, bad->nest == LBMESH_A_PEER ? LBMESH_CMD_PEER_GET :
								   LBMESH_CMD_MEMBER_GET, 0);
		nest = raw_nest(&self->raw, bad->nest);
		culprit = nest;
		for (int j = 0; j < 4 && bad->attr[j].type; j++) {
			at = raw_put(&self->raw, bad->attr[j].type, bad->attr[j].data,
				     bad->attr[j].length);
			if (bad->attr[j].type == bad->culprit)
				culprit = at;
		}
		raw_nest_end(&self->raw, nest);
		EXPECT_REFUSAL(&self->raw, self->conn, EINVAL, culprit, "%s", bad->name);
	}
}

TEST_F(dump, of_one_peer_or_member_takes_no_id)
{
	ASSERT_RUN(few_new());
	for (size_t i = 3; i < COUNT_OF(getters); i++) {
		size_t at;

		raw_begin(&self->raw, getters[i].command, 0);
		raw_put_u32(&self->raw, LBMESH_A_ID, 7);
		EXPECT_REFUSAL(&self->raw, self->conn, EINVAL, 0, "%s by id", getters[i].name);
		absent_begin(&self->raw, getters[i].command, getters[i].nest, getters[i].key);
		at = raw_put_u32(&self->raw, LBMESH_A_ID, 7);
		EXPECT_REFUSAL(&self->raw, self->conn, EINVAL, at, "%s by both", getters[i].name);
	}
}

TEST_HARNESS_MAIN
