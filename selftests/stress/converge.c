// SPDX-License-Identifier: GPL-2.0
/*
 * Goal R10: somebody else's hands on WireGuard (wg set), at random: peers removed and added, addresses
 * stolen, keepalives, ports, marks, pre-shared keys and endpoints changed. An audit finds exactly what
 * was changed, an endpoint is no drift, and one repair or two make WireGuard what the generation says.
 * What the module cannot mend, because it keeps no key, is mended by restating the object with it.
 */

#include <errno.h>

#include "kselftest_harness.h"
#include "stress.h"
#include "util.h"

#define PEERS  8
#define PASSES 2
#define KINDS  (LBMESH_DRIFT_KIND_PRESHARED_KEY + 1)

/* What an audit lists, or should list. */
struct drifts {
	/* By kind: bits for the peers 100 + i, for strangers 200 + i, and for the device. */
	uint32_t of[KINDS];
	unsigned int count;
};

#define DEVICE_BIT (1u << (2 * PEERS))

static uint32_t bit_of(uint32_t seed)
{
	return 1u << (seed >= 200 ? PEERS + seed - 200 : seed - 100);
}

static int drift_note(const struct lbmesh_drift *drift, void *data)
{
	struct drifts *drifts = data;
	uint32_t seed;

	drifts->count++;
	if (!drift->has_public_key) {
		drifts->of[drift->kind] |= DEVICE_BIT;
		return 0;
	}
	memcpy(&seed, drift->public_key, sizeof(seed));
	drifts->of[drift->kind] |= bit_of(seed);
	return 0;
}

FIXTURE(foreign_hand)
{
	struct lbmesh *conn;
	char *wireguard;
	unsigned int passes[PASSES + 1];
};

/* Peers with keys have a pre-shared key; without, every second has said that it has none. */
static struct lbmesh_commit *crowd_new(bool keys)
{
	static const uint8_t no_key[LBMESH_KEY_LEN];
	struct lbmesh_device device = {
		.id = 1,
		.ifname = "wg0",
		.private_key = key_of(0x5eed0000),
		.has_listen_port = true,
		.listen_port = 51820,
		.has_fwmark = true,
		.fwmark = 7,
	};
	struct lbmesh_commit *commit = replace_new();
	char prefix[32];

	must(lbmesh_commit_put_device(commit, &device));
	put_network(commit, 1);
	put_member(commit, 1, 1, "10.0.0.1/32", 0);
	for (uint32_t i = 0; i < PEERS; i++) {
		struct lbmesh_peer peer = {
			.device = 1,
			.public_key = key_of(100 + i),
			.keepalive = i % 2 ? 25 : 0,
		};

		if (keys)
			peer.preshared_key = key_of(300 + i);
		else if (i % 2)
			peer.preshared_key = no_key;
		must(lbmesh_commit_put_peer(commit, &peer));
		snprintf(prefix, sizeof(prefix), "10.1.%u.0/24", i);
		put_member(commit, 1, 1, prefix, 100 + i);
		snprintf(prefix, sizeof(prefix), "10.2.0.%u/32", i);
		put_member(commit, 1, 1, prefix, 100 + i);
		snprintf(prefix, sizeof(prefix), "fd00::%x/128", i);
		put_member(commit, 1, 1, prefix, 100 + i);
	}
	return commit;
}

FIXTURE_SETUP(foreign_hand)
{
	struct lbmesh_result result;
	struct lbmesh_info info;

	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
	ASSERT_EQ(0, lbmesh_info_get(self->conn, &info, NULL));
	if (!(info.capabilities & LBMESH_CAPABILITY_AUDIT))
		SKIP(return, "the module does not have the capability audit");
	ASSERT_EQ(0, link_add("wg0", "wireguard"));
	ASSERT_EQ(0, sh("echo '%s' >" SCRATCH "/key", key_text(0x600d0000)));
	ASSERT_EQ(0, run(self->conn, crowd_new(false), &result))
	TH_LOG("\"%s\"", result.error.message);
	self->wireguard = strdup(wg_settings("wg0"));
}

FIXTURE_TEARDOWN(foreign_hand)
{
	lbmesh_close(self->conn);
}

/* Words for "wg set wg0", as many as one program takes. */
static char words[4096];
static size_t n_words;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	n_words += vsnprintf(words + n_words, sizeof(words) - n_words, format, args);
	va_end(args);
}

/* wg can only restate the addresses of a peer: its own, and one more. */
static void say_addresses(uint32_t i, const char *more)
{
	say(" peer '%s' allowed-ips 10.1.%u.0/24,10.2.0.%u/32,fd00::%x/128,%s", key_text(100 + i),
	    i, i, i, more);
}

/* An address of one peer for another, which takes it from the first. */
static void steal(struct drifts *wanted, uint32_t i)
{
	uint32_t thief = (i + 1 + random_below(PEERS - 1)) % PEERS;
	char address[32];

	snprintf(address, sizeof(address), "10.2.0.%u/32", i);
	wanted->of[LBMESH_DRIFT_KIND_ALLOWEDIPS] |= bit_of(100 + i);
	if (one_in(2)) {
		say(" peer '%s' allowed-ips %s", key_text(200 + i), address);
		wanted->of[LBMESH_DRIFT_KIND_PEER_FOREIGN] |= bit_of(200 + i);
	} else {
		say_addresses(thief, address);
		wanted->of[LBMESH_DRIFT_KIND_ALLOWEDIPS] |= bit_of(100 + thief);
	}
}

/* One change of one peer. */
static void meddle(struct drifts *wanted, uint32_t i)
{
	char address[32];

	switch (random_below(i % 2 ? 6 : 5)) {
	case 0:
		say(" peer '%s' remove", key_text(100 + i));
		wanted->of[LBMESH_DRIFT_KIND_PEER_MISSING] |= bit_of(100 + i);
		break;
	case 1:
		say(" peer '%s' allowed-ips 10.9.%u.0/24", key_text(200 + i), i);
		wanted->of[LBMESH_DRIFT_KIND_PEER_FOREIGN] |= bit_of(200 + i);
		break;
	case 2:
		say(" peer '%s' persistent-keepalive %u", key_text(100 + i), 1 + random_below(24));
		wanted->of[LBMESH_DRIFT_KIND_KEEPALIVE] |= bit_of(100 + i);
		break;
	case 3:
		snprintf(address, sizeof(address), "10.3.0.%u/32", i);
		say_addresses(i, address);
		wanted->of[LBMESH_DRIFT_KIND_ALLOWEDIPS] |= bit_of(100 + i);
		break;
	case 4:
		/* No drift. */
		say(" peer '%s' endpoint 192.0.2.%u:1000", key_text(100 + i), 1 + i);
		break;
	default:
		say(" peer '%s' preshared-key " SCRATCH "/key", key_text(100 + i));
		wanted->of[LBMESH_DRIFT_KIND_PRESHARED_KEY] |= bit_of(100 + i);
	}
}

/* Some changes in one program. */
static int meddle_all(struct drifts *wanted)
{
	uint32_t stolen = random_below(2 * PEERS);

	memset(wanted, 0, sizeof(*wanted));
	n_words = 0;
	say("wg set wg0");
	if (one_in(4)) {
		say(" listen-port %u fwmark %u", 1024 + random_below(30000), 8 + random_below(9));
		wanted->of[LBMESH_DRIFT_KIND_DEVICE_DIFFERS] |= DEVICE_BIT;
	}
	if (stolen < PEERS)
		steal(wanted, stolen);
	for (uint32_t i = 0; i < PEERS; i++) {
		if (stolen >= PEERS && one_in(3))
			meddle(wanted, i);
	}
	/* Longer than sh() takes. */
	return system(words);
}

/* The settings with no endpoint, which nobody takes back. */
static bool is_equal(const char *wanted, const char *found)
{
	char *endpoint = strstr(found, "192.0.2.");
	char *plain = strdup(found);
	bool equal;

	while (endpoint) {
		char *from = strstr(plain, "192.0.2."), *to = strchr(from, ' ');

		memmove(from + 6, to, strlen(to) + 1);
		memcpy(from, "(none)", 6);
		endpoint = strstr(plain, "192.0.2.");
	}
	equal = strcmp(wanted, plain) == 0;
	if (!equal)
		printf("# wanted:\n%s\n# found:\n%s\n", wanted, plain);
	free(plain);
	return equal;
}

static int audit(struct lbmesh *conn, struct drifts *found)
{
	struct lbmesh_result result;

	memset(found, 0, sizeof(*found));
	return lbmesh_audit(conn, drift_note, found, UTIL_TIMEOUT_MS, &result, NULL);
}

/* Repairs until an audit is clean. Returns in how many passes, or -1. */
static int repair(struct lbmesh *conn, struct lbmesh_error *error)
{
	struct lbmesh_result result = {};
	struct drifts found;

	for (int pass = 0; pass <= PASSES; pass++) {
		if (audit(conn, &found))
			return -1;
		if (!found.count)
			return pass;
		memset(&found, 0, sizeof(found));
		if (lbmesh_repair(conn, drift_note, &found, UTIL_TIMEOUT_MS, &result, error) < 0)
			return -1;
	}
	return -1;
}

TEST_F_TIMEOUT(foreign_hand, is_found_by_an_audit_and_mended_in_two_passes_at_most, PATIENCE)
{
	unsigned int rounds = how_many(50, 1000), drifts = 0;

	for (unsigned int i = 0; i < rounds; i++) {
		struct drifts wanted, found;
		struct lbmesh_error error = {};
		int passes;

		ASSERT_EQ(0, meddle_all(&wanted));
		ASSERT_EQ(0, audit(self->conn, &found));
		for (int kind = 0; kind < KINDS; kind++) {
			ASSERT_EQ(wanted.of[kind], found.of[kind])
			TH_LOG("round %u, %s: %s", i, lbmesh_drift_name(kind), words);
		}
		drifts += found.count;
		passes = repair(self->conn, &error);
		ASSERT_LE(0, passes) TH_LOG("round %u: %s: \"%s\"", i, words, error.message);
		ASSERT_GE(PASSES, passes);
		self->passes[passes]++;
		ASSERT_TRUE(is_equal(self->wireguard, wg_settings("wg0"))) TH_LOG("%s", words);
	}
	TH_LOG("%u times: %u drifts found; mended in no pass %u times, in one %u, in two %u",
	       rounds, drifts, self->passes[0], self->passes[1], self->passes[2]);
	EXPECT_LT(rounds, drifts);
}

TEST_F(foreign_hand, with_another_key_is_answered_by_restating_the_object)
{
	struct lbmesh_result result = {};
	struct drifts found;

	ASSERT_EQ(0, run(self->conn, crowd_new(true), &result))
	TH_LOG("\"%s\"", result.error.message);
	self->wireguard = strdup(wg_settings("wg0"));
	ASSERT_EQ(0, sh("wg set wg0 private-key " SCRATCH "/key peer '%s' preshared-key " SCRATCH
			"/key peer '%s' remove",
			key_text(100), key_text(101)));
	ASSERT_EQ(0, audit(self->conn, &found));
	EXPECT_EQ(DEVICE_BIT, found.of[LBMESH_DRIFT_KIND_DEVICE_DIFFERS]);
	EXPECT_EQ(bit_of(100), found.of[LBMESH_DRIFT_KIND_PRESHARED_KEY]);
	EXPECT_EQ(bit_of(101), found.of[LBMESH_DRIFT_KIND_PEER_MISSING]);
	EXPECT_EQ(-ENOKEY,
		  lbmesh_repair(self->conn, drift_note, &found, UTIL_TIMEOUT_MS, &result, NULL));
	EXPECT_EQ(ENOKEY, result.error.code);
	EXPECT_NE(0, result.error.message[0]);
	/* All else is mended, but for the key that the missing peer had. */
	ASSERT_EQ(0, audit(self->conn, &found));
	EXPECT_EQ(0, found.of[LBMESH_DRIFT_KIND_PEER_MISSING]);
	EXPECT_EQ(0, found.of[LBMESH_DRIFT_KIND_ALLOWEDIPS]);

	ASSERT_EQ(0, run(self->conn, crowd_new(true), &result))
	TH_LOG("\"%s\"", result.error.message);
	EXPECT_STREQ(self->wireguard, wg_settings("wg0"));
	ASSERT_EQ(0, audit(self->conn, &found));
	EXPECT_EQ(0, found.count);
}

TEST_HARNESS_MAIN
