// SPDX-License-Identifier: GPL-2.0
/*
 * Audit and repair: what others did to WireGuard behind the back of the generation in force is
 * listed, and mended, and nothing else is touched. What nobody has stated, and an endpoint, is no
 * drift.
 *
 * Two interfaces in one namespace: wg0 is device 1, of which the commit states everything, and wg1
 * is device 2, of which it states nothing but peers and members.
 */

#include <errno.h>
#include <net/if.h>
#include <stdarg.h>

#include "hosts.h"
#include "kselftest_harness.h"
#include "util.h"

/* The most that the module lists. */
#define LISTED 1024

FIXTURE(audit)
{
	struct lbmesh *conn;
	struct lbmesh_result result;
};

FIXTURE_SETUP(audit)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, ip(NULL, "link add wg0 type wireguard\nlink add wg1 type wireguard\n"));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
}

FIXTURE_TEARDOWN(audit)
{
	lbmesh_close(self->conn);
}

#define ASSERT_RUN(commit) \
	ASSERT_EQ(0, run(self->conn, commit, &self->result)) \
		TH_LOG("\"%s\"", self->result.error.message)

/* --- The state that is in force ----------------------------------------------------------------- */

static void put_stated_device(struct lbmesh_commit *commit, const uint8_t *private_key)
{
	must(lbmesh_commit_put_device(commit, &(struct lbmesh_device){
		.id = 1, .ifname = "wg0", .private_key = private_key, .has_listen_port = true,
		.listen_port = 7000, .has_fwmark = true, .fwmark = 0x10, .mtu = 1400 }));
}

/* Peer 100 has everything, also a pre-shared key if one is given. */
static void put_full_peer(struct lbmesh_commit *commit, const uint8_t *preshared_key)
{
	struct lbmesh_peer peer = { .device = 1, .endpoint_port = 51820, .keepalive = 25 };

	must(lbmesh_address_parse("192.0.2.1", &peer.endpoint));
	peer.public_key = key_of(100);
	peer.preshared_key = preshared_key;
	must(lbmesh_commit_put_peer(commit, &peer));
}

static struct lbmesh_commit *base_with(const uint8_t *preshared_key)
{
	struct lbmesh_commit *commit = replace_new();

	put_stated_device(commit, key_of(1));
	put_device(commit, 2, "wg1");
	put_network(commit, 1);
	put_network(commit, 2);
	put_full_peer(commit, preshared_key);
	put_peer(commit, 1, 200, "2001:db8::2");
	put_peer(commit, 2, 300, NULL);
	put_member(commit, 1, 1, "10.0.0.1/32", 0);
	put_member(commit, 1, 1, "fd00::1/128", 0);
	put_member(commit, 1, 1, "10.0.0.2/32", 100);
	put_member(commit, 1, 1, "fd00::2/128", 100);
	put_member(commit, 2, 1, "10.2.0.0/16", 100);
	put_member(commit, 1, 1, "10.0.0.3/32", 200);
	put_member(commit, 1, 1, "fd00:3::/64", 200);
	put_member(commit, 2, 2, "10.0.0.2/32", 300);
	return commit;
}

static struct lbmesh_commit *base_new(void)
{
	return base_with(NULL);
}

/* --- Asking --------------------------------------------------------------------------------------- */

/**
 * struct found - what an audit or repair has found
 * @lines: of text, as "peer-missing 1 100" with the seed of the key
 * @count: how many
 */
struct found {
	char lines[16][64];
	size_t count;
};

static int found_drift(const struct lbmesh_drift *drift, void *data)
{
	struct found *found = data;
	char *line = found->lines[found->count % 16];
	uint32_t seed;

	found->count++;
	memcpy(&seed, drift->public_key, sizeof(seed));
	if (drift->has_public_key)
		snprintf(line, sizeof(found->lines[0]), "%s %u %u", lbmesh_drift_name(drift->kind),
			 drift->device, seed);
	else
		snprintf(line, sizeof(found->lines[0]), "%s %u", lbmesh_drift_name(drift->kind),
			 drift->device);
	return 0;
}

static int line_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The lines, sorted and joined by commas. */
static const char *found_text(struct found *found)
{
	static char texts[4][1024];
	static unsigned int next;
	char *text = texts[next++ % 4];
	size_t used = 0, count = found->count < 16 ? found->count : 16;

	qsort(found->lines, count, sizeof(found->lines[0]), line_compare);
	text[0] = 0;
	for (size_t i = 0; i < count; i++)
		used += snprintf(text + used, sizeof(texts[0]) - used, "%s%s", i ? ", " : "",
				 found->lines[i]);
	return text;
}

/* Audits; what it found as text, or the error. */
static const char *drift_text(struct lbmesh *conn)
{
	static char text[320];
	struct lbmesh_error error = {};
	struct lbmesh_result result;
	struct found found = {};

	if (!lbmesh_audit(conn, found_drift, &found, UTIL_TIMEOUT_MS, &result, &error))
		return found_text(&found);
	snprintf(text, sizeof(text), "error %d: %s", error.code, error.message);
	return text;
}

#define EXPECT_DRIFT(text) EXPECT_STREQ(text, drift_text(self->conn))
#define EXPECT_CLEAN() EXPECT_DRIFT("")

/*
 * Repairs. Keeps the end in the result, and gives what it says to have found. What it says must be
 * what an audit said before.
 */
static const char *repair(struct lbmesh *conn, struct lbmesh_result *result)
{
	struct lbmesh_error error = {};
	struct found found = {};
	const char *before = drift_text(conn), *text;
	int ret;

	memset(result, 0, sizeof(*result));
	ret = lbmesh_repair(conn, found_drift, &found, UTIL_TIMEOUT_MS, result, &error);
	if (ret < 0 && !result->error.code) {
		result->error = error;
		result->error.code = -ret;
	}
	text = found_text(&found);
	return strcmp(before, text) ? "the repair has found something else than the audit" : text;
}

#define EXPECT_REPAIR(want_errno, text) do { \
	EXPECT_STREQ(text, repair(self->conn, &self->result)); \
	EXPECT_EQ(want_errno, self->result.error.code) \
		TH_LOG("\"%s\"", self->result.error.message); \
} while (0)

/* What differs is found, and mended so that nothing differs, and all is as it was. */
#define EXPECT_MENDS(text) do { \
	EXPECT_REPAIR(0, text); \
	EXPECT_CLEAN(); \
	EXPECT_STREQ(before, wg_settings(NULL)); \
} while (0)

/* The settings of all interfaces, kept while the test lasts. */
static const char *settings_now(void)
{
	static char text[8192];

	snprintf(text, sizeof(text), "%s", wg_settings(NULL));
	return text;
}

static struct lbmesh_totals totals_of(struct lbmesh *conn)
{
	struct lbmesh_generation generation = {};

	must(lbmesh_generation_get(conn, &generation, NULL));
	return generation.totals;
}

/* --- What is no drift ----------------------------------------------------------------------------- */

TEST_F(audit, finds_nothing_after_a_commit)
{
	uint64_t requests;

	ASSERT_RUN(base_with(key_of(5)));
	EXPECT_CLEAN();
	EXPECT_EQ(0, self->result.error.code);
	/* Repair sends no more than audit does. */
	requests = totals_of(self->conn).requests;
	EXPECT_CLEAN();
	requests = totals_of(self->conn).requests - requests;
	EXPECT_EQ(0, lbmesh_repair(self->conn, NULL, NULL, UTIL_TIMEOUT_MS, &self->result, NULL));
	EXPECT_EQ(1, self->result.generation);
	EXPECT_EQ(LBMESH_PHASE_RETIRE, self->result.error.phase);
	EXPECT_EQ(3, totals_of(self->conn).audits + totals_of(self->conn).repairs);
	EXPECT_EQ(1, totals_of(self->conn).repairs);
	EXPECT_LT(0, requests);
	EXPECT_CLEAN();
}

TEST_F(audit, and_repair_need_a_generation_in_force)
{
	EXPECT_EQ(-ENOENT, lbmesh_audit(self->conn, NULL, NULL, UTIL_TIMEOUT_MS, NULL, NULL));
	EXPECT_EQ(-ENOENT, lbmesh_repair(self->conn, NULL, NULL, UTIL_TIMEOUT_MS, NULL, NULL));
	ASSERT_RUN(base_new());
	EXPECT_CLEAN();
	ASSERT_EQ(0, flush(self->conn, &self->result));
	EXPECT_EQ(-ENOENT, lbmesh_audit(self->conn, NULL, NULL, UTIL_TIMEOUT_MS, NULL, NULL));
}

TEST_F(audit, of_a_generation_without_devices_finds_nothing)
{
	ASSERT_EQ(0, sh("wg set wg0 peer '%s'", key_text(900)));
	ASSERT_RUN(replace_new());
	EXPECT_CLEAN();
	EXPECT_EQ(1, wg_peers("wg0"));
}

TEST_F(audit, takes_an_endpoint_that_has_changed_for_no_drift)
{
	uint64_t requests, audits;

	ASSERT_RUN(base_new());
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' endpoint 198.51.100.9:99", key_text(100)));
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' endpoint '[2001:db8::99]:99'", key_text(200)));
	ASSERT_EQ(0, sh("wg set wg1 peer '%s' endpoint 198.51.100.9:99", key_text(300)));
	audits = totals_of(self->conn).requests;
	EXPECT_CLEAN();
	requests = totals_of(self->conn).requests;
	audits = requests - audits;
	EXPECT_EQ(0, lbmesh_repair(self->conn, NULL, NULL, UTIL_TIMEOUT_MS, NULL, NULL));
	EXPECT_EQ(audits, totals_of(self->conn).requests - requests)
		TH_LOG("a repair of nothing sends no more than an audit");
	EXPECT_STREQ("198.51.100.9:99", wg_peer("wg0", "endpoints", 100));
	EXPECT_STREQ("[2001:db8::99]:99", wg_peer("wg0", "endpoints", 200));
	EXPECT_STREQ("198.51.100.9:99", wg_peer("wg1", "endpoints", 300));
}

TEST_F(audit, takes_what_nobody_has_stated_for_no_drift)
{
	const char *before;

	ASSERT_RUN(base_new());
	ASSERT_EQ(0, sh("wg genkey >" SCRATCH "/key"));
	ASSERT_EQ(0, sh("wg set wg1 listen-port 7777 fwmark 0x42 private-key " SCRATCH "/key"));
	ASSERT_EQ(0, sh("wg set wg1 peer '%s' preshared-key " SCRATCH "/key", key_text(300)));
	ASSERT_EQ(0, ip(NULL, "link set wg1 mtu 1333\nlink set wg1 up\n"));
	before = settings_now();
	EXPECT_CLEAN();
	EXPECT_REPAIR(0, "");
	EXPECT_STREQ(before, wg_settings(NULL));
}

TEST_F(audit, takes_any_port_for_right_where_port_0_was_stated)
{
	struct lbmesh_commit *commit = base_new();

	must(lbmesh_commit_put_device(commit, &(struct lbmesh_device){
		.id = 3, .ifname = "wg2", .has_listen_port = true, .has_fwmark = true }));
	ASSERT_EQ(0, ip(NULL, "link add wg2 type wireguard\n"));
	ASSERT_RUN(commit);
	ASSERT_EQ(0, ip(NULL, "link set wg2 up\n"));
	EXPECT_STRNE("0", wg_device("wg2", "listen-port"));
	EXPECT_CLEAN();
	/* But a mark of 0 is a mark. */
	ASSERT_EQ(0, sh("wg set wg2 fwmark 1"));
	EXPECT_REPAIR(0, "device-differs 3");
	EXPECT_CLEAN();
	EXPECT_STREQ("off", wg_device("wg2", "fwmark"));
}

TEST_F(audit, takes_a_renamed_interface_for_the_same)
{
	ASSERT_RUN(base_new());
	ASSERT_EQ(0, ip(NULL, "link set wg0 name other\n"));
	EXPECT_CLEAN();
}

/* --- Peers ---------------------------------------------------------------------------------------- */

TEST_F(audit, finds_a_foreign_peer_and_repair_removes_it)
{
	const char *before;

	ASSERT_RUN(base_new());
	before = settings_now();
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' allowed-ips 10.88.0.0/16,fd88::/64", key_text(900)));
	ASSERT_EQ(0, sh("wg set wg1 peer '%s'", key_text(901)));
	EXPECT_MENDS("peer-foreign 1 900, peer-foreign 2 901");
}

TEST_F(audit, finds_a_missing_peer_and_repair_brings_it_back_whole)
{
	const char *before;

	ASSERT_RUN(base_new());
	before = settings_now();
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' remove peer '%s' remove", key_text(100),
			key_text(200)));
	EXPECT_MENDS("peer-missing 1 100, peer-missing 1 200");
	EXPECT_STREQ("192.0.2.1:51820", wg_peer("wg0", "endpoints", 100));
	EXPECT_STREQ("25", wg_peer("wg0", "persistent-keepalive", 100));
	EXPECT_STREQ("10.0.0.2/32 10.2.0.0/16 fd00::2/128", allowed_ips("wg0", 100));
	EXPECT_STREQ("[2001:db8::2]:51820", wg_peer("wg0", "endpoints", 200));
	EXPECT_STREQ("10.0.0.3/32 fd00:3::/64", allowed_ips("wg0", 200));
}

TEST_F(audit, finds_that_all_peers_of_an_interface_are_gone)
{
	const char *before;

	ASSERT_RUN(base_new());
	before = settings_now();
	ASSERT_EQ(0, sh("printf '[Interface]\\nListenPort=7000\\nFwMark=0x10\\nPrivateKey=%s\\n'"
			" >" SCRATCH "/conf; wg setconf wg0 " SCRATCH "/conf", key_text(1)));
	EXPECT_MENDS("peer-missing 1 100, peer-missing 1 200");
}

TEST_F(audit, finds_that_a_peer_was_put_in_the_place_of_another)
{
	const char *before;

	ASSERT_RUN(base_new());
	before = settings_now();
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' remove", key_text(100)));
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' allowed-ips 10.0.0.2/32,fd00::2/128,10.2.0.0/16",
			key_text(900)));
	EXPECT_MENDS("peer-foreign 1 900, peer-missing 1 100");
}

TEST_F(audit, finds_another_keepalive)
{
	const char *before;

	ASSERT_RUN(base_new());
	before = settings_now();
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' persistent-keepalive off", key_text(100)));
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' persistent-keepalive 7", key_text(200)));
	EXPECT_MENDS("keepalive 1 100, keepalive 1 200");
	EXPECT_STREQ("25", wg_peer("wg0", "persistent-keepalive", 100));
	EXPECT_STREQ("off", wg_peer("wg0", "persistent-keepalive", 200));
}

TEST_F(audit, names_a_peer_once_for_each_thing_that_differs)
{
	const char *before;

	ASSERT_RUN(base_new());
	before = settings_now();
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' persistent-keepalive 7 allowed-ips 10.9.0.0/24",
			key_text(100)));
	EXPECT_MENDS("allowedips 1 100, keepalive 1 100");
}

/* --- Addresses ------------------------------------------------------------------------------------ */

#define SET_ADDRESSES(key, list) \
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' allowed-ips '%s'", key_text(key), list))

TEST_F(audit, finds_an_address_that_one_peer_took_from_another)
{
	const char *before;

	ASSERT_RUN(base_new());
	before = settings_now();
	SET_ADDRESSES(200, "10.0.0.3/32,fd00:3::/64,10.0.0.2/32");
	EXPECT_STREQ("10.2.0.0/16 fd00::2/128", allowed_ips("wg0", 100));
	EXPECT_MENDS("allowedips 1 100, allowedips 1 200");
	SET_ADDRESSES(100, "10.0.0.2/32,10.2.0.0/16,fd00::2/128,fd00:3::/64");
	EXPECT_MENDS("allowedips 1 100, allowedips 1 200");
}

TEST_F(audit, finds_two_peers_that_have_changed_their_addresses)
{
	const char *before;

	ASSERT_RUN(base_new());
	before = settings_now();
	SET_ADDRESSES(100, "10.0.0.3/32,fd00:3::/64");
	SET_ADDRESSES(200, "10.0.0.2/32,fd00::2/128,10.2.0.0/16");
	EXPECT_MENDS("allowedips 1 100, allowedips 1 200");
}

TEST_F(audit, finds_an_address_that_a_foreign_peer_took)
{
	const char *before;

	ASSERT_RUN(base_new());
	before = settings_now();
	SET_ADDRESSES(900, "10.0.0.2/32,fd00::2/128");
	EXPECT_MENDS("allowedips 1 100, peer-foreign 1 900");
}

TEST_F(audit, finds_an_address_that_no_member_has)
{
	const char *before;

	ASSERT_RUN(base_new());
	before = settings_now();
	SET_ADDRESSES(100, "10.0.0.2/32,fd00::2/128,10.2.0.0/16,10.2.3.0/24,0.0.0.0/0,::/0");
	EXPECT_MENDS("allowedips 1 100");
	EXPECT_EQ(2, wg_peers("wg0")) TH_LOG("no throw-away peer may stay");
}

TEST_F(audit, finds_an_address_of_ours_at_a_peer)
{
	const char *before;

	ASSERT_RUN(base_new());
	before = settings_now();
	SET_ADDRESSES(200, "10.0.0.3/32,fd00:3::/64,10.0.0.1/32,fd00::1/128");
	EXPECT_MENDS("allowedips 1 200");
}

TEST_F(audit, finds_that_addresses_are_missing)
{
	const char *before;

	ASSERT_RUN(base_new());
	before = settings_now();
	SET_ADDRESSES(100, "10.2.0.0/16");
	EXPECT_MENDS("allowedips 1 100");
	SET_ADDRESSES(200, "");
	EXPECT_MENDS("allowedips 1 200");
}

TEST_F(audit, finds_an_address_with_another_prefix_length)
{
	const char *before;

	ASSERT_RUN(base_new());
	before = settings_now();
	SET_ADDRESSES(200, "10.0.0.3/32,fd00:3::/65");
	EXPECT_MENDS("allowedips 1 200");
}

TEST_F(audit, finds_foreign_addresses_on_two_interfaces_at_once)
{
	const char *before;

	ASSERT_RUN(base_new());
	before = settings_now();
	SET_ADDRESSES(200, "10.0.0.3/32,fd00:3::/64,10.9.0.0/24");
	ASSERT_EQ(0, sh("wg set wg1 peer '%s' allowed-ips 10.0.0.2/32,10.0.0.3/32", key_text(300)));
	EXPECT_MENDS("allowedips 1 200, allowedips 2 300");
}

/* A peer that does not fit into one datagram of a dump, nor into three. */
TEST_F_TIMEOUT(audit, compares_a_peer_with_two_thousand_addresses, 60)
{
	struct lbmesh_commit *commit = base_new();
	const char *before;
	char prefix[32];

	for (int i = 0; i < 1000; i++) {
		snprintf(prefix, sizeof(prefix), "10.7.%d.%d/32", i >> 8, i & 255);
		put_member(commit, 1, 1, prefix, 200);
		snprintf(prefix, sizeof(prefix), "fd00:7::%x/128", i);
		put_member(commit, 1, 1, prefix, 200);
	}
	put_peer(commit, 1, 400, NULL);
	put_member(commit, 1, 1, "10.0.0.4/32", 400);
	ASSERT_RUN(commit);
	EXPECT_CLEAN();
	before = wg_settings("wg1");
	SET_ADDRESSES(100, "10.0.0.2/32,fd00::2/128,10.2.0.0/16,10.7.3.1/32,10.9.0.0/24");
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' persistent-keepalive 7", key_text(400)));
	EXPECT_REPAIR(0, "allowedips 1 100, allowedips 1 200, keepalive 1 400");
	EXPECT_CLEAN();
	EXPECT_STREQ("10.0.0.2/32 10.2.0.0/16 fd00::2/128", allowed_ips("wg0", 100));
	EXPECT_STREQ(before, wg_settings("wg1"));
	EXPECT_EQ(3, wg_peers("wg0"));
}

/* --- Interfaces ----------------------------------------------------------------------------------- */

TEST_F(audit, finds_another_port_mark_or_mtu)
{
	static const char *const commands[] = {
		"wg set wg0 listen-port 7001",
		"wg set wg0 fwmark off",
		"ip link set wg0 mtu 1300",
		"wg set wg0 listen-port 7002 fwmark 5; ip link set wg0 mtu 1301",
	};
	const char *before;

	ASSERT_RUN(base_new());
	before = settings_now();
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		ASSERT_EQ(0, sh("%s", commands[i]));
		EXPECT_MENDS("device-differs 1");
		EXPECT_EQ(0, sh("ip link show wg0 | grep -q 'mtu 1400'")) TH_LOG("%s", commands[i]);
	}
	EXPECT_EQ(1, generation_number(self->conn));
}

TEST_F(audit, reports_what_wireguard_does_not_take)
{
	ASSERT_RUN(base_new());
	ASSERT_EQ(0, ip(NULL, "link add wg2 type wireguard\nlink set wg0 up\n"));
	ASSERT_EQ(0, sh("wg set wg0 listen-port 7001"));
	ASSERT_EQ(0, sh("wg set wg2 listen-port 7000"));
	ASSERT_EQ(0, ip(NULL, "link set wg2 up\n"));
	ASSERT_EQ(0, sh("wg set wg0 fwmark 5 peer '%s' remove", key_text(100)));
	EXPECT_REPAIR(EADDRINUSE, "device-differs 1, peer-missing 1 100");
	EXPECT_NE(0, self->result.error.message[0]);
	EXPECT_DRIFT("device-differs 1") TH_LOG("the rest is mended all the same");
	ASSERT_EQ(0, ip(NULL, "link del wg2\n"));
	EXPECT_REPAIR(0, "device-differs 1");
	EXPECT_CLEAN();
}

TEST_F(audit, finds_a_deleted_interface_and_repair_mends_the_rest)
{
	ASSERT_RUN(base_new());
	ASSERT_EQ(0, ip(NULL, "link del wg0\n"));
	ASSERT_EQ(0, sh("wg set wg1 peer '%s' remove peer '%s'", key_text(300), key_text(900)));
	EXPECT_REPAIR(ENODEV, "device-missing 1, peer-foreign 2 900, peer-missing 2 300");
	EXPECT_STREQ("repaired, but an interface is gone: restate its device",
		     self->result.error.message);
	EXPECT_EQ(LBMESH_OBJECT_NONE, self->result.error.object);
	EXPECT_DRIFT("device-missing 1");
	EXPECT_STREQ("10.0.0.2/32", allowed_ips("wg1", 300));
	EXPECT_EQ(1, generation_number(self->conn));

	ASSERT_EQ(0, ip(NULL, "link add wg0 type wireguard\n"));
	EXPECT_DRIFT("device-missing 1") TH_LOG("another interface of the same name");
	ASSERT_RUN(base_new());
	EXPECT_CLEAN();
}

TEST_F(audit, takes_an_interface_in_another_namespace_for_missing)
{
	ASSERT_RUN(base_new());
	ASSERT_EQ(0, namespace_add("other"));
	ASSERT_EQ(0, ip(NULL, "link set wg0 netns other\n"));
	EXPECT_REPAIR(ENODEV, "device-missing 1");
	ASSERT_EQ(0, ip(NULL, "link set wg1 netns other\n"));
	EXPECT_REPAIR(ENODEV, "device-missing 1, device-missing 2");
}

TEST_F(audit, takes_another_kind_of_interface_with_the_index_for_missing)
{
	unsigned int index = if_nametoindex("wg0");

	ASSERT_RUN(base_new());
	ASSERT_EQ(0, ip(NULL, "link del wg0\nlink add br0 index %u type bridge\n", index));
	EXPECT_REPAIR(ENODEV, "device-missing 1");
}

static uint64_t dropped(struct lbmesh *conn)
{
	struct lbmesh_generation generation = {};

	must(lbmesh_generation_get(conn, &generation, NULL));
	return generation.gate.not_member;
}

TEST_F(audit, takes_an_interface_that_was_made_again_with_its_index_for_missing)
{
	unsigned int index = if_nametoindex("wg0");
	uint64_t before;

	ASSERT_RUN(base_new());
	ASSERT_EQ(0, ip(NULL, "link del wg0\nlink add wg0 index %u type wireguard\n", index));
	EXPECT_REPAIR(ENODEV, "device-missing 1");
	EXPECT_EQ(0, wg_peers("wg0"));
	ASSERT_EQ(0, ip(NULL, "addr add 10.0.0.1/24 dev wg0\nlink set wg0 up\n"));
	before = dropped(self->conn);
	EXPECT_NE(0, sh_try("ping -n -c 1 -W 1 10.0.0.2"));
	EXPECT_LT(before, dropped(self->conn)) TH_LOG("nothing passes it");
	ASSERT_RUN(base_new());
	EXPECT_CLEAN();
}

/* --- Keys ----------------------------------------------------------------------------------------- */

#define LOST_KEY \
	"repaired, but a key that was changed is not kept: restate its object with the key"

#define EXPECT_LOST(text) do { \
	EXPECT_REPAIR(ENOKEY, text); \
	EXPECT_STREQ(LOST_KEY, self->result.error.message); \
	EXPECT_EQ(LBMESH_OBJECT_NONE, self->result.error.object); \
} while (0)

TEST_F(audit, finds_another_private_key_which_restating_the_device_brings_back)
{
	struct lbmesh_commit *commit;
	const char *before;

	ASSERT_RUN(base_new());
	before = settings_now();
	ASSERT_EQ(0, sh("wg genkey >" SCRATCH "/key; wg set wg0 fwmark 5 private-key " SCRATCH
			"/key"));
	EXPECT_LOST("device-differs 1");
	EXPECT_STREQ("0x10", wg_device("wg0", "fwmark")) TH_LOG("the rest is mended");
	EXPECT_EQ(2, self->result.generation) TH_LOG("without what it knew of the key");
	EXPECT_LOST("device-differs 1");
	EXPECT_EQ(2, self->result.generation) TH_LOG("there is nothing more to forget");

	/* Without the key it is not healed, */
	commit = delta_new(2);
	put_stated_device(commit, NULL);
	put_network(commit, 3);
	ASSERT_RUN(commit);
	EXPECT_DRIFT("device-differs 1");
	/* with the key it is. */
	commit = delta_new(3);
	put_stated_device(commit, key_of(1));
	ASSERT_RUN(commit);
	EXPECT_EQ(4, self->result.generation);
	EXPECT_CLEAN();
	EXPECT_STREQ(before, wg_settings(NULL));
}

TEST_F(audit, finds_that_the_private_key_was_removed)
{
	const char *before;

	ASSERT_RUN(base_new());
	before = settings_now();
	ASSERT_EQ(0, sh("wg set wg0 private-key /dev/null"));
	EXPECT_STREQ("(none)", wg_device("wg0", "private-key"));
	EXPECT_LOST("device-differs 1");
	EXPECT_LOST("device-differs 1");
	ASSERT_RUN(base_new());
	EXPECT_CLEAN();
	EXPECT_STREQ(before, wg_settings(NULL));
}

TEST_F(audit, finds_another_preshared_key_which_restating_the_peer_brings_back)
{
	struct lbmesh_commit *commit;
	const char *before;

	ASSERT_RUN(base_with(key_of(5)));
	before = settings_now();
	ASSERT_EQ(0, sh("wg genpsk >" SCRATCH "/psk"));
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' persistent-keepalive 1 preshared-key " SCRATCH "/psk",
			key_text(100)));
	EXPECT_LOST("keepalive 1 100, preshared-key 1 100");
	EXPECT_STREQ("25", wg_peer("wg0", "persistent-keepalive", 100));
	EXPECT_EQ(2, self->result.generation);
	EXPECT_LOST("preshared-key 1 100");
	EXPECT_EQ(2, self->result.generation);
	EXPECT_EQ(8, count_members(self->conn, 0)) TH_LOG("all else of the generation is there");

	commit = delta_new(2);
	put_full_peer(commit, NULL);
	put_network(commit, 3);
	ASSERT_RUN(commit);
	EXPECT_DRIFT("preshared-key 1 100");
	commit = delta_new(3);
	put_full_peer(commit, key_of(5));
	ASSERT_RUN(commit);
	EXPECT_CLEAN();
	EXPECT_STREQ(before, wg_settings(NULL));
}

TEST_F(audit, finds_that_a_preshared_key_was_removed)
{
	const char *before;

	ASSERT_RUN(base_with(key_of(5)));
	before = settings_now();
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' preshared-key /dev/null", key_text(100)));
	EXPECT_LOST("preshared-key 1 100");
	ASSERT_RUN(base_with(key_of(5)));
	EXPECT_CLEAN();
	EXPECT_STREQ(before, wg_settings(NULL));
}

TEST_F(audit, finds_a_preshared_key_where_none_was_stated_and_repair_removes_it)
{
	static const uint8_t zeros[LBMESH_KEY_LEN];
	const char *before;

	ASSERT_RUN(base_with(zeros));
	before = settings_now();
	ASSERT_EQ(0, sh("wg genpsk >" SCRATCH "/psk"));
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' preshared-key " SCRATCH "/psk", key_text(100)));
	EXPECT_MENDS("preshared-key 1 100");
	EXPECT_EQ(1, generation_number(self->conn));
}

TEST_F(audit, brings_a_missing_peer_back_without_its_preshared_key)
{
	const char *before;

	ASSERT_RUN(base_with(key_of(5)));
	before = settings_now();
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' remove", key_text(100)));
	EXPECT_LOST("peer-missing 1 100");
	EXPECT_STREQ("10.0.0.2/32 10.2.0.0/16 fd00::2/128", allowed_ips("wg0", 100));
	EXPECT_DRIFT("preshared-key 1 100");
	ASSERT_RUN(base_with(key_of(5)));
	EXPECT_CLEAN();
	EXPECT_STREQ(before, wg_settings(NULL));
}

TEST_F(audit, forgets_keys_of_device_and_peer_in_one_generation)
{
	ASSERT_RUN(base_with(key_of(5)));
	ASSERT_EQ(0, sh("wg genkey >" SCRATCH "/key; wg set wg0 private-key " SCRATCH "/key"));
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' preshared-key " SCRATCH "/key", key_text(100)));
	EXPECT_LOST("device-differs 1, preshared-key 1 100");
	EXPECT_EQ(2, self->result.generation);
	EXPECT_DRIFT("device-differs 1, preshared-key 1 100");
	ASSERT_RUN(base_with(key_of(5)));
	EXPECT_EQ(3, self->result.generation);
	EXPECT_CLEAN();
}

/* --- Many ----------------------------------------------------------------------------------------- */

/* Adds foreign peers to wg0. */
static int add_foreign(uint32_t first, uint32_t count)
{
	FILE *pipe = popen("wg addconf wg0 /dev/stdin", "we");

	if (!pipe)
		return -1;
	for (uint32_t i = 0; i < count; i++)
		fprintf(pipe, "[Peer]\nPublicKey = %s\nAllowedIPs = 10.99.%u.%u/32\n",
			key_text(first + i), i >> 8, i & 255);
	return pclose(pipe);
}

TEST_F_TIMEOUT(audit, lists_a_thousand_and_says_that_there_are_more, 120)
{
	struct found found = {};
	const char *before;

	ASSERT_RUN(base_new());
	before = settings_now();
	ASSERT_EQ(0, add_foreign(2000, LISTED));
	ASSERT_EQ(0, lbmesh_audit(self->conn, found_drift, &found, UTIL_TIMEOUT_MS, &self->result,
				  NULL));
	EXPECT_EQ(LISTED, found.count);
	EXPECT_STREQ("", self->result.error.message) TH_LOG("these are all");

	ASSERT_EQ(0, add_foreign(5000, 100));
	found.count = 0;
	ASSERT_EQ(0, lbmesh_audit(self->conn, found_drift, &found, UTIL_TIMEOUT_MS, &self->result,
				  NULL));
	EXPECT_EQ(LISTED, found.count);
	EXPECT_NE(0, self->result.error.message[0]);

	/* What is not listed is mended as well. */
	found.count = 0;
	EXPECT_EQ(0, lbmesh_repair(self->conn, found_drift, &found, UTIL_TIMEOUT_MS, &self->result,
				   NULL));
	EXPECT_EQ(LISTED, found.count);
	EXPECT_NE(0, self->result.error.message[0]);
	EXPECT_CLEAN();
	EXPECT_STREQ(before, wg_settings(NULL));
}

/* Each change makes WireGuard mark a dump that is under way, and what was read so far means nothing. */
TEST_F_TIMEOUT(audit, is_not_misled_by_peers_that_change_while_it_reads, 180)
{
	struct lbmesh_commit *commit = base_new();
	uint64_t end;
	int clean = 0, tries = 0;

	for (uint32_t i = 0; i < 500; i++)
		put_peer(commit, 1, 2000 + i, NULL);
	ASSERT_RUN(commit);
	ASSERT_EQ(0, sh("timeout 60 sh -c 'while :; do wg set wg0 peer %s endpoint 198.51.100.9:99;"
			" done' & echo $! >" SCRATCH "/pid", key_text(100)));
	end = now_ms() + 20000;
	while (tries++ < 30 && now_ms() < end) {
		const char *text = drift_text(self->conn);

		clean += !text[0];
		if (text[0])
			EXPECT_STREQ("error 11: the peers of an interface change all the time; "
				     "try again", text);
	}
	ASSERT_EQ(0, sh("kill $(cat " SCRATCH "/pid)"));
	TH_LOG("%d of %d audits came to an end", clean, tries - 1);
	EXPECT_LT(0, clean);
	EXPECT_CLEAN();
}

/* --- What is left alone --------------------------------------------------------------------------- */

/* Two interfaces that talk to each other over lo, so that there are sessions to lose. */
static struct lbmesh_commit *pair_new(const struct key_pair *keys)
{
	struct lbmesh_commit *commit = base_new();
	struct lbmesh_peer peer = { .endpoint_port = 7101, .keepalive = 1 };

	for (uint32_t i = 0; i < 2; i++) {
		must(lbmesh_commit_put_device(commit, &(struct lbmesh_device){
			.id = 3 + i, .ifname = i ? "wg3" : "wg2",
			.private_key = keys[i].private_key, .has_listen_port = true,
			.listen_port = 7100 + i }));
		peer.device = 3 + i;
		peer.public_key = keys[!i].public_key;
		must(lbmesh_address_parse("127.0.0.1", &peer.endpoint));
		peer.endpoint_port = 7100 + !i;
		must(lbmesh_commit_put_peer(commit, &peer));
		put_member_key(commit, 1, 3 + i, "10.5.0.2/32", keys[!i].public_key);
	}
	return commit;
}

static bool has_session(const char *ifname, const struct key_pair *peer)
{
	for (int tries = 0; tries < 100; tries++) {
		if (strcmp(wg_peer_of(ifname, "latest-handshakes", peer->public_text), "0"))
			return true;
		pause_ms(100);
	}
	return false;
}

TEST_F_TIMEOUT(audit, leaves_sessions_and_counters_of_other_peers_as_they_are, 60)
{
	struct key_pair keys[2];
	uint64_t received;
	char session[32];

	ASSERT_EQ(0, keys_make(keys, 2));
	ASSERT_EQ(0, ip(NULL, "link add wg2 type wireguard\nlink add wg3 type wireguard\n"));
	ASSERT_RUN(pair_new(keys));
	ASSERT_EQ(0, ip(NULL, "link set wg2 up\nlink set wg3 up\n"));
	ASSERT_TRUE(has_session("wg2", &keys[1]));
	snprintf(session, sizeof(session), "%s",
		 wg_peer_of("wg2", "latest-handshakes", keys[1].public_text));
	/* Handshakes are told in seconds: one that comes now is another. */
	pause_ms(2100);
	received = strtoull(wg_peer_of("wg2", "received", keys[1].public_text), NULL, 10);
	EXPECT_LT(0, received);

	ASSERT_EQ(0, sh("wg set wg2 peer '%s' allowed-ips 10.5.0.9/32", key_text(900)));
	ASSERT_EQ(0, sh("wg set wg2 fwmark 0 peer '%s' allowed-ips 10.5.0.2/32", key_text(901)));
	ASSERT_EQ(0, sh("ip link set wg2 mtu 1300; wg set wg1 peer '%s' remove", key_text(300)));
	EXPECT_EQ(0, lbmesh_repair(self->conn, NULL, NULL, UTIL_TIMEOUT_MS, &self->result, NULL));
	EXPECT_CLEAN();
	EXPECT_STREQ(session, wg_peer_of("wg2", "latest-handshakes", keys[1].public_text));
	EXPECT_LE(received, strtoull(wg_peer_of("wg2", "received", keys[1].public_text), NULL, 10));
	EXPECT_STREQ("10.5.0.2/32", wg_peer_of("wg2", "allowed-ips", keys[1].public_text));
}

TEST_F(audit, and_repair_are_refused_while_a_generation_is_pending)
{
	struct lbmesh_error error = {};
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	commit = delta_new(1);
	put_network(commit, 3);
	lbmesh_commit_set_confirm_timeout(commit, 60000);
	ASSERT_RUN(commit);
	EXPECT_EQ(-EBUSY, lbmesh_audit(self->conn, NULL, NULL, 1000, NULL, &error));
	EXPECT_NE(NULL, strstr(error.message, "generation 2")) TH_LOG("\"%s\"", error.message);
	EXPECT_EQ(-EBUSY, lbmesh_repair(self->conn, NULL, NULL, 1000, NULL, &error));
	ASSERT_EQ(0, confirm(self->conn, 2, &self->result));
	EXPECT_CLEAN();
}

TEST_HARNESS_MAIN
