// SPDX-License-Identifier: GPL-2.0
/*
 * Peers and rules come into force together: no packet is judged by the members of one generation and the
 * rules of another. h1 turns between two generations, as fast as it can,
 *
 *	                     A                          B
 *	10.1.0.2 of h2       member                     none, or of another network
 *	10.1.0.3 of h2       none, or of another        member
 *	layer                only port 1000             only port 2000
 *
 * while h2, which has plain WireGuard and whose owner is hostile, sends from both addresses to both
 * ports. What comes from .2 to 2000 or from .3 to 1000 is let through by neither, but by the members of
 * the one and the rules of the other. With one CPU no packet comes in the middle of another or of a
 * commit's turn: it takes two to see what this is about.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "boxes.h"
#include "hosts.h"
#include "kselftest_harness.h"
#include "policy.h"

/* Both of each, in the order of the generations. */
static const char *const addresses[] = { "10.1.0.2", "10.1.0.3" };
static const uint16_t ports[] = { 1000, 2000 };

/* Datagrams that have arrived: by address and port. */
struct arrived {
	volatile uint64_t count[2][2];
	volatile bool ready;
};

FIXTURE(mixture)
{
	struct lbmesh_result result;
	struct host host[2];
	struct arrived *arrived;
	pid_t receiver;
	pid_t sender[2];
};

FIXTURE_VARIANT(mixture)
{
	/* Peers, and addresses in WireGuard, change; otherwise the network of a member does. */
	bool of_peers;
	unsigned int rounds;
};

FIXTURE_VARIANT_ADD(mixture, of_members_and_rules) { false, 6000 };
FIXTURE_VARIANT_ADD(mixture, of_peers_and_rules) { true, 1500 };

/* --- Traffic ----------------------------------------------------------------- */

static int socket_at(const char *address, uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &at.sin_addr);
	return bind(fd, (struct sockaddr *)&at, sizeof(at)) ? -1 : fd;
}

static void receive(struct arrived *arrived)
{
	struct pollfd fds[2];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int p = 0; p < 2; p++)
		fds[p] = (struct pollfd){ .fd = socket_at("10.1.0.1", ports[p]), .events = POLLIN };
	if (fds[0].fd < 0 || fds[1].fd < 0)
		_exit(1);
	arrived->ready = true;
	for (;;) {
		poll(fds, 2, -1);
		for (int p = 0; p < 2; p++) {
			struct sockaddr_in from;
			socklen_t length = sizeof(from);
			char data[64];

			while (recvfrom(fds[p].fd, data, sizeof(data), MSG_DONTWAIT,
					(struct sockaddr *)&from, &length) >= 0)
				arrived->count[ntohl(from.sin_addr.s_addr) & 1][p]++;
		}
	}
}

/* To both ports from one address; a new flow now and then, as a flow may have its verdict in the cache. */
static void send_from(const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	inet_pton(AF_INET, "10.1.0.1", &to.sin_addr);
	for (;;) {
		int fd = socket_at(address, 0);

		for (int i = 0; i < 200; i++) {
			to.sin_port = htons(ports[i % 2]);
			sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to));
			/* Leave the other end a turn. */
			if (i % 16 == 15)
				usleep(500);
		}
		close(fd);
	}
}

/* --- The two generations -------------------------------------------------------- */

/* What is the same in both. */
static struct lbmesh_commit *base_new(const struct host *hosts)
{
	struct lbmesh_endpoint endpoint = {
		.id = 1, .kind = LBMESH_ENDPOINT_KIND_HOST, .ifname = "wg0",
		.layers = (uint32_t []){ 1 }, .n_layers = 1,
	};
	struct lbmesh_commit *commit = replace_new();

	put_host_device(commit, &hosts[0], 1, "wg0", NULL, HOSTS_PORT);
	put_host_peer(commit, 1, &hosts[1], NULL, HOSTS_PORT);
	put_network(commit, 1);
	put_network(commit, 2);
	put_member(commit, 1, 1, "10.1.0.1/32", 0);
	put_layer(commit, 1);
	must(lbmesh_commit_put_endpoint(commit, &endpoint));
	add_rule(commit, .layer = 1, .id = 9, .position = 9, INGRESS, .action = LBMESH_ACTION_DENY);
	return commit;
}

/* Puts what differs; removes what the other one has if it was there. */
static void put_turn(struct lbmesh_commit *commit, const struct host *hosts, int turn, bool of_peers,
		     bool first)
{
	const uint8_t *key = hosts[1].key.public_key;
	struct lbmesh_prefix gone;

	put_member_key(commit, 1, 1, addresses[turn], key);
	add_rule(commit, .layer = 1, .id = 1, .position = 1, INGRESS, .action = LBMESH_ACTION_ALLOW,
		 PROTOCOL(IPPROTO_UDP), PORT(ports[turn]));
	if (!of_peers) {
		put_member_key(commit, 2, 1, addresses[!turn], key);
		return;
	}
	/* A peer comes, with an address, and one goes. */
	put_peer(commit, 1, 100 + turn, NULL);
	put_member(commit, 1, 1, turn ? "10.1.0.5/32" : "10.1.0.4/32", 100 + turn);
	if (first)
		return;
	remove_peer(commit, 1, 100 + !turn);
	remove_member(commit, 1, turn ? "10.1.0.4/32" : "10.1.0.5/32");
	must(lbmesh_address_parse(addresses[!turn], &gone));
	must(lbmesh_commit_remove_member(commit, 1, &gone));
}

/* --- The fixture ------------------------------------------------------------------ */

/* h2 takes everything that it is sent, and may send from both of its addresses. */
static int make_hostile(const struct host *hosts)
{
	return host_enter(&hosts[1]) ?:
	       ip(hosts[1].name, "addr add 10.1.0.2/24 dev wg0\naddr add 10.1.0.3/24 dev wg0\n") ?:
	       sh("wg genkey >/dev/null; echo '%s' >" SCRATCH "/key;"
		  "wg set wg0 listen-port %d private-key " SCRATCH "/key peer '%s' "
		  "endpoint %s:%d allowed-ips 10.1.0.1/32", hosts[1].key.private_text, HOSTS_PORT,
		  hosts[0].key.public_text, host_underlay(&hosts[0]), HOSTS_PORT);
}

FIXTURE_SETUP(mixture)
{
	struct lbmesh_commit *commit;

	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	self->arrived = mmap(NULL, sizeof(*self->arrived), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->arrived);
	ASSERT_EQ(0, hosts_make(self->host, 2));
	ASSERT_EQ(0, make_hostile(self->host));
	ASSERT_EQ(0, host_enter(&self->host[0]));
	ASSERT_EQ(0, ip(self->host[0].name, "addr add 10.1.0.1/24 dev wg0\n"));
	commit = base_new(self->host);
	put_turn(commit, self->host, 0, variant->of_peers, true);
	ASSERT_EQ(0, run(self->host[0].conn, commit, &self->result))
		TH_LOG("\"%s\"", self->result.error.message);
	self->receiver = fork();
	if (!self->receiver)
		receive(self->arrived);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, host_enter(&self->host[1]));
		self->sender[i] = fork();
		if (!self->sender[i])
			send_from(addresses[i]);
	}
	ASSERT_EQ(0, host_enter(&self->host[0]));
	for (int tries = 0; tries < 3000 && !self->arrived->count[0][0]; tries++)
		pause_ms(10);
	/* There is a session. */
	ASSERT_LT(0, self->arrived->count[0][0]);
}

FIXTURE_TEARDOWN(mixture)
{
	for (int i = 0; i < 2; i++)
		server_stop(self->sender[i]);
	server_stop(self->receiver);
	hosts_close(self->host, 2);
}

TEST_F_TIMEOUT(mixture, lets_no_packet_through, 900)
{
	unsigned int rounds = env_rounds("LBMESH_ROUNDS", variant->rounds);
	struct arrived *arrived = self->arrived;
	uint64_t first = generation_number(self->host[0].conn);
	struct lbmesh_commit *commit;

	for (unsigned int i = 0; i < rounds; i++) {
		commit = delta_new(first + i);
		put_turn(commit, self->host, !(i % 2), variant->of_peers, false);
		ASSERT_EQ(0, run(self->host[0].conn, commit, &self->result))
			TH_LOG("commit %u: \"%s\"", i, self->result.error.message);
		/* At least one packet sees a generation now and then. */
		if (i % 32 == 0)
			pause_ms(5);
	}
	EXPECT_EQ(first + rounds, generation_number(self->host[0].conn));
	pause_ms(500);
	TH_LOG("%u commits; %llu and %llu datagrams arrived in their turn, %llu and %llu in none",
	       rounds, (unsigned long long)arrived->count[0][0],
	       (unsigned long long)arrived->count[1][1], (unsigned long long)arrived->count[0][1],
	       (unsigned long long)arrived->count[1][0]);
	EXPECT_LT(rounds / 50, arrived->count[0][0]);
	EXPECT_LT(rounds / 50, arrived->count[1][1]);
	EXPECT_EQ(0, arrived->count[0][1]);
	EXPECT_EQ(0, arrived->count[1][0]);
}

TEST_HARNESS_MAIN
