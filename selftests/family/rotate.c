// SPDX-License-Identifier: GPL-2.0
/*
 * Keys that are replaced while they are in use. The addresses of h1 and h2 lie on their loopbacks,
 * and reach each other by whichever interface the route names:
 *
 *      h1  10.1.0.1                    h2  10.1.0.2                h3  whoever has an old key,
 *      wg0, port 51820  ------------  wg0                              and plain WireGuard
 *      wg1, port 51821  ------------  wg1    (made for the rotation)
 */

#include <errno.h>

#include "hosts.h"
#include "kselftest_harness.h"
#include "traffic.h"
#include "util.h"

/* Flows. */
enum {
	THERE,
	BACK,
	FORGED
};

FIXTURE(rotate)
{
	struct host host[3];
	struct key_pair fresh;
	struct lbmesh_result result;
	struct receiver *receiver[2];
	struct sender *sender[2];
	struct stream *stream;
};

#define self_t FIXTURE_DATA(rotate)
#define H1     (&self->host[0])
#define H2     (&self->host[1])
#define H3     (&self->host[2])

static const char *address_of(const struct host *host)
{
	return host->number == 1 ? "10.1.0.1" : "10.1.0.2";
}

static int run_on(self_t *self, const struct host *host, struct lbmesh_commit *commit)
{
	int error = run(host->conn, commit, &self->result);

	if (error)
		printf("# %s: %s: \"%s\"\n", host->name, strerror(error),
		       self->result.error.message);
	return error;
}

/* The interface wgN of a host, as device N + 1, with the other host on it. */
static void put_plane(struct lbmesh_commit *commit, int n, const struct host *host,
		      const struct key_pair *key, const struct host *other,
		      const struct key_pair *other_key)
{
	char ifname[8], prefix[32];

	snprintf(ifname, sizeof(ifname), "wg%d", n);
	put_host_device(commit, host, n + 1, ifname, key, HOSTS_PORT + n);
	put_host_peer(commit, n + 1, other, other_key, HOSTS_PORT + n);
	snprintf(prefix, sizeof(prefix), "%s/32", address_of(host));
	put_member(commit, 1, n + 1, prefix, 0);
	snprintf(prefix, sizeof(prefix), "%s/32", address_of(other));
	put_member_key(commit, 1, n + 1, prefix, (other_key ?: &other->key)->public_key);
}

static void remove_plane(struct lbmesh_commit *commit, int n, const struct key_pair *other_key)
{
	remove_member(commit, n + 1, "10.1.0.1/32");
	remove_member(commit, n + 1, "10.1.0.2/32");
	must(lbmesh_commit_remove_peer(commit, n + 1, other_key->public_key));
	must(lbmesh_commit_remove_device(commit, n + 1));
}

/* Sends what is for the other host by an interface, from now on. */
static int route(const struct host *host, const struct host *other, int n)
{
	return ip(host->name, "route replace %s/32 dev wg%d src %s\n", address_of(other), n,
		  address_of(host));
}

/* Makes a session by an interface that no route names yet; the answer comes by the old one. */
static bool shake_hands(const struct host *host, const struct host *other, int n)
{
	char ifname[8];

	snprintf(ifname, sizeof(ifname), "wg%d", n);
	for (int tries = 0; tries < 40; tries++) {
		const char *handshake;

		if (host_enter(host))
			return false;
		sh_try("exec ping -q -n -c 1 -W 0.2 -I %s %s", ifname, address_of(other));
		handshake = host_peer(host, ifname, "latest-handshakes", &other->key);
		if (strtoull(handshake, NULL, 10))
			return true;
		pause_ms(300);
	}
	return false;
}

FIXTURE_SETUP(rotate)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, hosts_make(self->host, 3));
	ASSERT_EQ(0, keys_make(&self->fresh, 1));
	for (int i = 0; i < 2; i++) {
		const struct host *host = &self->host[i], *other = &self->host[!i];
		struct lbmesh_commit *commit = replace_new();

		ASSERT_EQ(0, ip(host->name,
				"addr add %s/32 dev lo\n"
				"link add wg1 type wireguard\n"
				"link set wg1 up\n",
				address_of(host)));
		ASSERT_EQ(0, route(host, other, 0));
		put_network(commit, 1);
		put_plane(commit, 0, host, NULL, other, NULL);
		ASSERT_EQ(0, host_enter(host));
		ASSERT_EQ(0, run_on(self, host, commit));
	}
	ASSERT_TRUE(host_reaches(H1, "10.1.0.1", "10.1.0.2"));
}

FIXTURE_TEARDOWN(rotate)
{
	hosts_close(self->host, 3);
}

/* Datagrams both ways and a stream. */
static bool traffic_start(self_t *self)
{
	for (int i = 0; i < 2; i++)
		self->receiver[i] = receiver_start(self->host[!i].name);
	self->sender[THERE] = sender_start("h1", "10.1.0.1", "10.1.0.2", THERE);
	self->sender[BACK] = sender_start("h2", "10.1.0.2", "10.1.0.1", BACK);
	self->stream = stream_start("h1", "10.1.0.1", "h2", "10.1.0.2", 5001);
	return self->receiver[0] && self->receiver[1] && self->sender[0] && self->sender[1] &&
	       self->stream;
}

#define EXPECT_NO_LOSS(flow)                                                           \
	do {                                                                           \
		struct loss loss_;                                                     \
		sender_stop(self->sender[flow]);                                       \
		loss_ = flow_loss(self->sender[flow], &self->receiver[flow], 1);       \
		TH_LOG("%llu of %llu lost, %u/s, longest silence %u ms",               \
		       (unsigned long long)loss_.lost, (unsigned long long)loss_.sent, \
		       sender_rate(self->sender[flow]),                                \
		       receiver_silence(self->receiver[flow], flow));                  \
		EXPECT_EQ(0, loss_.lost)                                               \
		TH_LOG("numbers %llu to %llu", (unsigned long long)loss_.first,        \
		       (unsigned long long)loss_.last);                                \
		EXPECT_TRUE(sender_keeps_up(self->sender[flow]));                      \
	} while (0)

/*
 * Whether plain WireGuard on h3, with a private key, gets an answer or a packet through to a host
 * in some seconds.
 */
static bool can_pass(self_t *self, const struct key_pair *key, const struct host *to,
		     const struct key_pair *to_key, int port, int seconds)
{
	struct receiver *sniffer = sniffer_start(to->name, port == HOSTS_PORT ? "wg0" : "wg1");
	struct sender *sender;
	char handshake[32];
	uint64_t through;

	if (!sniffer || host_enter(H3) ||
	    ip("h3",
	       "addr replace %s/32 dev lo\n"
	       "link del wg0\n"
	       "link add wg0 type wireguard\n"
	       "link set wg0 up\n"
	       "route replace %s/32 dev wg0\n",
	       to == H1 ? "10.1.0.2" : "10.1.0.1", address_of(to)) ||
	    sh("echo '%s' >" SCRATCH "/key; wg set wg0 private-key " SCRATCH
	       "/key peer '%s' allowed-ips 0.0.0.0/0 endpoint %s:%d",
	       key->private_text, to_key->public_text, host_underlay(to), port))
		must(-EIO);
	sender = sender_start("h3", to == H1 ? "10.1.0.2" : "10.1.0.1", address_of(to), FORGED);
	if (!sender)
		must(-EIO);
	for (int tries = 0; tries < 10 * seconds; tries++) {
		pause_ms(100);
		snprintf(handshake, sizeof(handshake), "%s",
			 host_peer(H3, "wg0", "latest-handshakes", to_key));
		through = receiver_count(sniffer, FORGED);
		if (through || strcmp(handshake, "0") != 0)
			break;
	}
	sender_stop(sender);
	receiver_stop(sniffer);
	return through || strcmp(handshake, "0") != 0;
}

/* h2 has both keys for a time, h1 turns from the one to the other. */
TEST_F_TIMEOUT(rotate, a_peer_by_another_with_its_addresses_loses_nothing, 120)
{
	struct lbmesh_commit *commit = delta_new(1);

	put_plane(commit, 1, H2, &self->fresh, H1, NULL);
	ASSERT_EQ(0, run_on(self, H2, commit));
	self->receiver[THERE] = receiver_start("h2");
	self->sender[THERE] = sender_start_slow("h1", "10.1.0.1", "10.1.0.2", THERE);
	ASSERT_TRUE(self->receiver[THERE] && self->sender[THERE]);
	pause_ms(200);

	commit = delta_new(1);
	put_host_peer(commit, 1, H2, &self->fresh, HOSTS_PORT + 1);
	put_member_key(commit, 1, 1, "10.1.0.2/32", self->fresh.public_key);
	must(lbmesh_commit_remove_peer(commit, 1, H2->key.public_key));
	ASSERT_EQ(0, run_on(self, H1, commit));
	pause_ms(300);
	EXPECT_NO_LOSS(THERE);

	commit = delta_new(2);
	remove_plane(commit, 0, &H1->key);
	ASSERT_EQ(0, run_on(self, H2, commit));
	ASSERT_EQ(0, route(H2, H1, 1));
	EXPECT_TRUE(host_reaches(H1, "10.1.0.1", "10.1.0.2"));
	EXPECT_TRUE(host_reaches(H2, "10.1.0.2", "10.1.0.1"));
	EXPECT_FALSE(can_pass(self, &H2->key, H1, &H1->key, HOSTS_PORT, 2)) TH_LOG("the old key");
	EXPECT_TRUE(can_pass(self, &self->fresh, H1, &H1->key, HOSTS_PORT, 20))
		TH_LOG("the new key");
}

/* Two interfaces side by side; the routes turn from the one to the other, each end when it likes. */
TEST_F_TIMEOUT(rotate, a_device_make_before_break_loses_nothing_and_resends_nothing, 120)
{
	struct lbmesh_commit *commit;
	struct stream_state state;

	ASSERT_TRUE(traffic_start(self));
	pause_ms(200);
	/* Make: one commit at each end. */
	commit = delta_new(1);
	put_plane(commit, 1, H1, &self->fresh, H2, NULL);
	ASSERT_EQ(0, run_on(self, H1, commit));
	commit = delta_new(1);
	put_plane(commit, 1, H2, NULL, H1, &self->fresh);
	ASSERT_EQ(0, run_on(self, H2, commit));
	/* A session is there before the traffic. */
	ASSERT_TRUE(shake_hands(H1, H2, 1));
	ASSERT_EQ(0, route(H1, H2, 1));
	pause_ms(300);
	ASSERT_EQ(0, route(H2, H1, 1));
	pause_ms(200);
	/* Break: one commit at each end, and the interfaces go. */
	commit = delta_new(2);
	remove_plane(commit, 0, &H2->key);
	ASSERT_EQ(0, run_on(self, H1, commit));
	pause_ms(100);
	commit = delta_new(2);
	remove_plane(commit, 0, &H1->key);
	ASSERT_EQ(0, run_on(self, H2, commit));
	ASSERT_EQ(0, ip("h1", "link del wg0\n"));
	ASSERT_EQ(0, ip("h2", "link del wg0\n"));
	pause_ms(300);

	EXPECT_NO_LOSS(THERE);
	EXPECT_NO_LOSS(BACK);
	state = stream_look(self->stream);
	TH_LOG("TCP: %llu bytes, %u segments sent again that were lost, and %u that were not",
	       (unsigned long long)state.acked, state.resent - state.needless, state.needless);
	EXPECT_TRUE(state.alive);
	EXPECT_EQ(0, state.resent - state.needless);
	stream_stop(self->stream);
	EXPECT_FALSE(can_pass(self, &H1->key, H2, &H2->key, HOSTS_PORT + 1, 2))
		TH_LOG("the old key");
	EXPECT_TRUE(can_pass(self, &self->fresh, H2, &H2->key, HOSTS_PORT + 1, 20))
		TH_LOG("the new key");
}

/* Whether something of both flows arrives again. */
static bool flows_again(self_t *self)
{
	uint64_t there = receiver_count(self->receiver[THERE], THERE);
	uint64_t back = receiver_count(self->receiver[BACK], BACK);

	for (int tries = 0; tries < 200; tries++) {
		if (receiver_count(self->receiver[THERE], THERE) > there &&
		    receiver_count(self->receiver[BACK], BACK) > back)
			return true;
		pause_ms(100);
	}
	return false;
}

/* No promise but that it heals by itself. */
TEST_F_TIMEOUT(rotate, a_device_in_place_is_silent_until_the_other_end_knows_and_heals, 120)
{
	struct lbmesh_commit *commit = delta_new(1);
	uint64_t there;

	ASSERT_TRUE(traffic_start(self));
	pause_ms(200);
	put_host_device(commit, H1, 1, "wg0", &self->fresh, HOSTS_PORT);
	ASSERT_EQ(0, run_on(self, H1, commit));
	pause_ms(200);
	/* h1 cannot send any more; what h2 sends by the session of before is still understood. */
	there = receiver_count(self->receiver[THERE], THERE);
	pause_ms(100);
	EXPECT_EQ(there, receiver_count(self->receiver[THERE], THERE));

	commit = delta_new(1);
	put_host_peer(commit, 1, H1, &self->fresh, HOSTS_PORT);
	put_member_key(commit, 1, 1, "10.1.0.1/32", self->fresh.public_key);
	must(lbmesh_commit_remove_peer(commit, 1, H1->key.public_key));
	ASSERT_EQ(0, run_on(self, H2, commit));
	EXPECT_TRUE(flows_again(self));
	/* The receivers note a silence when it ends. */
	pause_ms(100);
	TH_LOG("silent for %u ms there and %u ms back, of which 300 ms until the other end knew",
	       receiver_silence(self->receiver[THERE], THERE),
	       receiver_silence(self->receiver[BACK], BACK));
	EXPECT_TRUE(stream_look(self->stream).alive);
	stream_stop(self->stream);
	sender_stop(self->sender[THERE]);
	sender_stop(self->sender[BACK]);
	EXPECT_FALSE(can_pass(self, &H1->key, H2, &H2->key, HOSTS_PORT, 2)) TH_LOG("the old key");
	EXPECT_TRUE(can_pass(self, &self->fresh, H2, &H2->key, HOSTS_PORT, 20))
		TH_LOG("the new key");
}

TEST_HARNESS_MAIN
