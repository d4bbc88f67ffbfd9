// SPDX-License-Identifier: GPL-2.0
/*
 * The gate, on packets: three hosts with real WireGuard between them.
 *
 *        h1                    h2                    h3
 *   wg0 10.1.0.1          wg0 10.1.0.2          wg0 10.1.0.3        network 1, IPv4
 *       fd01::1               fd01::2               fd01::3         network 1, IPv6
 *       10.2.0.1              10.2.0.2                              network 2
 *   eth0 192.0.2.1       eth0 192.0.2.2        eth0 192.0.2.3
 *          |                     |                     |
 *          +---------------------+---------------------+   br0
 *
 * Each host's one WireGuard interface carries all of its networks, so only the gate keeps them
 * apart.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <resolv.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "util.h"

#define HOSTS 3
#define ALL_HOSTS(i) int i = 0; i < HOSTS; i++

struct host {
	uint8_t private_key[LBMESH_KEY_LEN];
	uint8_t public_key[LBMESH_KEY_LEN];
	struct lbmesh *conn;
};

FIXTURE(gate)
{
	struct host host[HOSTS];
	struct lbmesh_result result;
};

static const char *const names[HOSTS] = { "h1", "h2", "h3" };

/* Moves the process into a host; what it starts then runs there. */
static int host_enter(int n)
{
	int fd = namespace_open(names[n - 1]), err = namespace_set(fd);

	close(fd);
	return err;
}

/* A key as wg prints it. */
static int key_read(uint8_t key[LBMESH_KEY_LEN], const char *text)
{
	uint8_t bytes[64];

	if (b64_pton(text, bytes, sizeof(bytes)) != LBMESH_KEY_LEN)
		return -EINVAL;
	memcpy(key, bytes, LBMESH_KEY_LEN);
	return 0;
}

/* The same keys for every test, because each costs three programs. */
static char private_texts[HOSTS][64], public_texts[HOSTS][64];

__attribute__((constructor)) static void keys_make(void)
{
	for (ALL_HOSTS(i)) {
		sh_read(private_texts[i], sizeof(private_texts[i]), "wg genkey 2>/dev/null");
		sh_read(public_texts[i], sizeof(public_texts[i]),
			"echo '%s' | wg pubkey 2>/dev/null", private_texts[i]);
	}
}

static int host_create(struct host *host, int n)
{
	int err = namespace_add(names[n - 1]);

	if (err)
		return err;
	if (ip(NULL, "link add eth%d type veth peer name eth0 netns h%d\n"
		     "link set eth%d master br0 up\n", n, n, n) ||
	    ip(names[n - 1],
	       "addr add 192.0.2.%d/24 dev eth0\n"
	       "link set eth0 up\n"
	       "link add wg0 type wireguard\n"
	       "addr add 10.1.0.%d/24 dev wg0\n"
	       "addr add fd01::%d/64 dev wg0\n"
	       "link set wg0 up\n"
	       "%s dev wg0\n", n, n, n,
	       n == 1 ? "addr add 10.2.0.1/24" :
	       n == 2 ? "addr add 10.2.0.2/24" : "route add 10.2.0.0/24"))
		return -EIO;
	err = key_read(host->private_key, private_texts[n - 1]) ?:
	      key_read(host->public_key, public_texts[n - 1]) ?: host_enter(n);
	return err ?: lbmesh_open(&host->conn, NULL);
}

/* What each host commits first. */
static struct lbmesh_commit *host_commit_new(const struct host *hosts, int self)
{
	struct lbmesh_commit *commit = replace_new();
	char text[48];

	must(lbmesh_commit_put_device(commit, &(struct lbmesh_device){
		.id = 1, .ifname = "wg0", .private_key = hosts[self].private_key,
		.has_listen_port = true, .listen_port = 51820 }));
	put_network(commit, 1);
	if (self < 2)
		put_network(commit, 2);
	for (ALL_HOSTS(i)) {
		const uint8_t *key = i == self ? NULL : hosts[i].public_key;

		if (key) {
			struct lbmesh_peer peer = {
				.device = 1, .public_key = key, .endpoint_port = 51820,
			};

			snprintf(text, sizeof(text), "192.0.2.%d", i + 1);
			must(lbmesh_address_parse(text, &peer.endpoint));
			must(lbmesh_commit_put_peer(commit, &peer));
		}
		snprintf(text, sizeof(text), "10.1.0.%d/32", i + 1);
		put_member_key(commit, 1, 1, text, key);
		snprintf(text, sizeof(text), "fd01::%d/128", i + 1);
		put_member_key(commit, 1, 1, text, key);
		snprintf(text, sizeof(text), "10.2.0.%d/32", i + 1);
		if (self < 2 && i < 2)
			put_member_key(commit, 2, 1, text, key);
	}
	return commit;
}

FIXTURE_SETUP(gate)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, ip(NULL, "link add br0 type bridge\nlink set br0 up\n"));
	int outside = namespace_open(NULL);

	for (ALL_HOSTS(i)) {
		ASSERT_EQ(0, namespace_set(outside));
		ASSERT_EQ(0, host_create(&self->host[i], i + 1));
	}
	for (ALL_HOSTS(i)) {
		ASSERT_EQ(0, run(self->host[i].conn, host_commit_new(self->host, i),
				 &self->result))
			TH_LOG("h%d: \"%s\"", i + 1, self->result.error.message);
	}
}

FIXTURE_TEARDOWN(gate)
{
	for (ALL_HOSTS(i))
		lbmesh_close(self->host[i].conn);
}

/* Whether a packet from an address of a host comes back from another address. */
static bool reaches(int host, const char *from, const char *to)
{
	/* Until one does: the first handshake may need a second try. */
	return !host_enter(host) && sh_try("exec ping -q -n -c 1 -w 10 -I %s %s", from, to) == 0;
}

static bool never_reaches(int host, const char *from, const char *to)
{
	return !host_enter(host) &&
	       sh_try("exec ping -q -n -c 2 -i 0.2 -W 0.5 -I %s %s", from, to) == 1;
}

/*
 * Sends datagrams from an address of a host to another. Unlike ping it does not try again when a
 * packet is dropped on its way out, so that the counters can be told exactly.
 */
static int send_datagrams(int host, const char *from, const char *to, int count)
{
	struct sockaddr_in source = { .sin_family = AF_INET };
	struct sockaddr_in target = { .sin_family = AF_INET, .sin_port = htons(9) };
	int udp, err = host_enter(host);

	udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	inet_pton(AF_INET, from, &source.sin_addr);
	inet_pton(AF_INET, to, &target.sin_addr);
	if (!err && bind(udp, (struct sockaddr *)&source, sizeof(source)))
		err = -errno;
	while (!err && count-- > 0) {
		if (sendto(udp, "x", 1, 0, (struct sockaddr *)&target, sizeof(target)) != 1)
			err = -errno;
	}
	close(udp);
	return err;
}

static struct lbmesh_gate counters(struct lbmesh *conn)
{
	struct lbmesh_generation generation;

	must(lbmesh_generation_get(conn, &generation, NULL));
	return generation.gate;
}

#define CONN(n) self->host[(n) - 1].conn
#define KEY(n) self->host[(n) - 1].public_key
#define ASSERT_RUN(n, commit) \
	ASSERT_EQ(0, run(CONN(n), commit, &self->result)) \
		TH_LOG("h%d: \"%s\"", n, self->result.error.message)

TEST_F(gate, lets_members_of_a_network_reach_each_other)
{
	EXPECT_TRUE(reaches(1, "10.1.0.1", "10.1.0.2"));
	EXPECT_TRUE(reaches(1, "10.1.0.1", "10.1.0.3"));
	EXPECT_TRUE(reaches(2, "10.1.0.2", "10.1.0.3"));
	EXPECT_TRUE(reaches(3, "10.1.0.3", "10.1.0.1"));
	EXPECT_TRUE(reaches(1, "10.2.0.1", "10.2.0.2"));
	EXPECT_TRUE(reaches(2, "10.2.0.2", "10.2.0.1"));
}

TEST_F(gate, lets_ipv6_members_reach_each_other)
{
	EXPECT_TRUE(reaches(1, "fd01::1", "fd01::2"));
	EXPECT_TRUE(reaches(3, "fd01::3", "fd01::1"));
}

TEST_F(gate, leaves_what_is_not_managed_alone)
{
	EXPECT_TRUE(reaches(1, "192.0.2.1", "192.0.2.2"));
	EXPECT_EQ(0, counters(CONN(1)).not_member);
}

TEST_F(gate, keeps_two_networks_of_one_host_apart)
{
	struct lbmesh_gate before, after;

	EXPECT_TRUE(reaches(1, "10.1.0.1", "10.1.0.2"));
	EXPECT_TRUE(never_reaches(1, "10.1.0.1", "10.2.0.2"));
	EXPECT_TRUE(never_reaches(1, "10.2.0.1", "10.1.0.3"));
	before = counters(CONN(1));
	EXPECT_EQ(0, send_datagrams(1, "10.1.0.1", "10.2.0.2", 3));
	EXPECT_EQ(0, send_datagrams(1, "10.2.0.1", "10.1.0.3", 4));
	after = counters(CONN(1));
	EXPECT_EQ(before.not_connected + 7, after.not_connected);
	EXPECT_EQ(before.not_member, after.not_member);
	EXPECT_EQ(before.passed, after.passed);
}

TEST_F(gate, keeps_a_host_out_of_a_network_that_it_is_not_in)
{
	EXPECT_TRUE(never_reaches(3, "10.1.0.3", "10.2.0.1"));
	EXPECT_LT(0, counters(CONN(3)).not_member);
}

TEST_F(gate, drops_an_outgoing_packet_of_no_member)
{
	struct lbmesh_gate before, after;

	ASSERT_EQ(0, ip("h1", "addr add 10.1.0.99/24 dev wg0\n"));
	EXPECT_TRUE(never_reaches(1, "10.1.0.99", "10.1.0.2"));
	EXPECT_TRUE(never_reaches(1, "10.1.0.1", "10.1.0.98"));
	before = counters(CONN(1));
	EXPECT_EQ(0, send_datagrams(1, "10.1.0.99", "10.1.0.2", 3));
	EXPECT_EQ(0, send_datagrams(1, "10.1.0.1", "10.1.0.98", 4));
	after = counters(CONN(1));
	EXPECT_EQ(before.not_member + 7, after.not_member);
	EXPECT_EQ(before.not_connected, after.not_connected);
	EXPECT_EQ(before.passed, after.passed);
}

/* h1 thinks that 10.1.0.99 is a member, and WireGuard on h2 was told so behind lbmesh's back. */
TEST_F(gate, drops_an_incoming_packet_of_no_member)
{
	struct lbmesh_commit *commit = delta_new(1);
	struct lbmesh_gate before, after;
	char key[64];

	ASSERT_EQ(0, ip("h1", "addr add 10.1.0.99/24 dev wg0\n"));
	put_member(commit, 1, 1, "10.1.0.99/32", 0);
	ASSERT_RUN(1, commit);
	b64_ntop(KEY(1), LBMESH_KEY_LEN, key, sizeof(key));
	ASSERT_EQ(0, host_enter(2));
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' allowed-ips 10.1.0.1/32,10.1.0.99/32", key));
	before = counters(CONN(2));
	EXPECT_TRUE(never_reaches(1, "10.1.0.99", "10.1.0.2"));
	after = counters(CONN(2));
	EXPECT_EQ(before.not_member + 2, after.not_member);
}

TEST_F(gate, joins_bridged_networks_for_as_long_as_the_bridge_is_there)
{
	struct lbmesh_commit *commit;

	EXPECT_TRUE(never_reaches(1, "10.1.0.1", "10.2.0.2"));
	for (int n = 1; n <= 2; n++) {
		commit = delta_new(1);
		put_bridge(commit, 1, 2, 1);
		ASSERT_RUN(n, commit);
	}
	EXPECT_TRUE(reaches(1, "10.1.0.1", "10.2.0.2"));
	EXPECT_TRUE(reaches(2, "10.1.0.2", "10.2.0.1"));
	for (int n = 1; n <= 2; n++) {
		commit = delta_new(2);
		must(lbmesh_commit_remove_bridge(commit, 1));
		ASSERT_RUN(n, commit);
	}
	EXPECT_TRUE(never_reaches(1, "10.1.0.1", "10.2.0.2"));
	EXPECT_TRUE(reaches(1, "10.1.0.1", "10.1.0.2"));
}

TEST_F(gate, does_not_add_bridges_up)
{
	/* 1 - 3 - 2, and members only in 1 and 2. */
	for (int n = 1; n <= 2; n++) {
		struct lbmesh_commit *commit = delta_new(1);

		put_network(commit, 3);
		put_bridge(commit, 1, 1, 3);
		put_bridge(commit, 2, 3, 2);
		ASSERT_RUN(n, commit);
	}
	EXPECT_TRUE(never_reaches(1, "10.1.0.1", "10.2.0.2"));
	EXPECT_TRUE(reaches(1, "10.1.0.1", "10.1.0.2"));
}

TEST_F(gate, cuts_a_member_that_is_removed_and_no_other)
{
	struct lbmesh_commit *commit;

	EXPECT_TRUE(reaches(1, "10.1.0.1", "10.1.0.2"));
	commit = delta_new(1);
	remove_member(commit, 1, "10.1.0.2/32");
	ASSERT_RUN(1, commit);
	EXPECT_TRUE(never_reaches(1, "10.1.0.1", "10.1.0.2"));
	EXPECT_TRUE(never_reaches(2, "10.1.0.2", "10.1.0.1"));
	EXPECT_TRUE(reaches(1, "10.1.0.1", "10.1.0.3"));
	EXPECT_TRUE(reaches(1, "10.2.0.1", "10.2.0.2"));
	EXPECT_TRUE(reaches(1, "fd01::1", "fd01::2"));
}

TEST_F(gate, cuts_a_peer_that_is_removed_with_its_members)
{
	struct lbmesh_commit *commit = delta_new(1);

	EXPECT_TRUE(reaches(1, "10.1.0.1", "10.1.0.3"));
	must(lbmesh_commit_remove_peer(commit, 1, KEY(3)));
	remove_member(commit, 1, "10.1.0.3/32");
	remove_member(commit, 1, "fd01::3/128");
	ASSERT_RUN(1, commit);
	EXPECT_TRUE(never_reaches(1, "10.1.0.1", "10.1.0.3"));
	EXPECT_TRUE(never_reaches(3, "10.1.0.3", "10.1.0.1"));
	EXPECT_TRUE(reaches(1, "10.1.0.1", "10.1.0.2"));
}

TEST_F(gate, follows_a_member_that_moves_to_another_host)
{
	struct lbmesh_commit *commit;

	ASSERT_EQ(0, ip("h2", "addr add 10.1.0.50/32 dev wg0\n"));
	ASSERT_EQ(0, ip("h3", "addr add 10.1.0.50/32 dev wg0\n"));
	for (int n = 1; n <= 3; n++) {
		commit = delta_new(1);
		put_member_key(commit, 1, 1, "10.1.0.50/32", n == 2 ? NULL : KEY(2));
		ASSERT_RUN(n, commit);
	}
	EXPECT_TRUE(reaches(1, "10.1.0.1", "10.1.0.50"));
	for (int n = 1; n <= 3; n++) {
		commit = delta_new(2);
		put_member_key(commit, 1, 1, "10.1.0.50/32", n == 3 ? NULL : KEY(3));
		ASSERT_RUN(n, commit);
	}
	ASSERT_EQ(0, ip("h2", "addr del 10.1.0.50/32 dev wg0\n"));
	EXPECT_TRUE(reaches(1, "10.1.0.1", "10.1.0.50"));
}

TEST_F(gate, takes_each_address_of_a_prefix_for_a_member)
{
	ASSERT_EQ(0, ip("h2", "addr add 10.9.0.77/32 dev wg0\n"));
	ASSERT_EQ(0, ip("h1", "route add 10.9.0.0/16 dev wg0\n"));
	for (int n = 1; n <= 2; n++) {
		struct lbmesh_commit *commit = delta_new(1);

		put_member_key(commit, 1, 1, "10.9.0.0/24", n == 2 ? NULL : KEY(2));
		ASSERT_RUN(n, commit);
	}
	EXPECT_TRUE(reaches(1, "10.1.0.1", "10.9.0.77"));
	EXPECT_TRUE(never_reaches(1, "10.1.0.1", "10.9.1.77"));
}

/* The longest prefix decides: a single address of network 2 inside of a prefix of network 1. */
TEST_F(gate, judges_an_address_by_its_longest_prefix)
{
	ASSERT_EQ(0, ip("h2", "addr add 10.9.0.77/32 dev wg0\naddr add 10.9.0.78/32 dev wg0\n"));
	ASSERT_EQ(0, ip("h1", "route add 10.9.0.0/16 dev wg0\n"));
	for (int n = 1; n <= 2; n++) {
		struct lbmesh_commit *commit = delta_new(1);

		put_member_key(commit, 1, 1, "10.9.0.0/24", n == 2 ? NULL : KEY(2));
		put_member_key(commit, 2, 1, "10.9.0.78/32", n == 2 ? NULL : KEY(2));
		ASSERT_RUN(n, commit);
	}
	EXPECT_TRUE(reaches(1, "10.1.0.1", "10.9.0.77"));
	EXPECT_TRUE(never_reaches(1, "10.1.0.1", "10.9.0.78"));
	EXPECT_TRUE(reaches(1, "10.2.0.1", "10.9.0.78"));
	EXPECT_TRUE(never_reaches(1, "10.2.0.1", "10.9.0.77"));
}

TEST_F(gate, drops_multicast_and_broadcast_and_link_local)
{
	struct lbmesh_gate before = counters(CONN(1)), after;

	ASSERT_EQ(0, ip("h1", "addr add fe80::1/64 dev wg0\nroute add 224.0.0.0/4 dev wg0\n"));
	EXPECT_TRUE(never_reaches(1, "10.1.0.1", "224.0.0.1"));
	EXPECT_TRUE(never_reaches(1, "wg0", "fe80::2"));
	EXPECT_TRUE(never_reaches(1, "wg0", "ff02::1"));
	EXPECT_EQ(1, sh_try("exec ping -b -q -n -c 2 -i 0.2 -W 0.5 -I 10.1.0.1 10.1.0.255"));
	after = counters(CONN(1));
	EXPECT_EQ(before.passed, after.passed);
	EXPECT_LE(before.not_member + before.not_connected + before.malformed + 8,
		  after.not_member + after.not_connected + after.malformed);
}

TEST_F(gate, counts_what_it_lets_through_at_both_ends)
{
	struct lbmesh_gate before[HOSTS], after[HOSTS];

	EXPECT_TRUE(reaches(1, "10.1.0.1", "10.1.0.2"));
	for (ALL_HOSTS(i))
		before[i] = counters(self->host[i].conn);
	ASSERT_EQ(0, sh_try("exec ping -q -n -c 5 -i 0.2 -W 5 -I 10.1.0.1 10.1.0.2"));
	for (ALL_HOSTS(i))
		after[i] = counters(self->host[i].conn);
	/* Each host judges five requests and five answers; h3 sees nothing of it. */
	EXPECT_EQ(before[0].passed + 10, after[0].passed);
	EXPECT_EQ(before[1].passed + 10, after[1].passed);
	EXPECT_EQ(before[2].passed, after[2].passed);
	EXPECT_EQ(before[0].not_member, after[0].not_member);
	EXPECT_EQ(before[1].not_member, after[1].not_member);
}

TEST_F(gate, keeps_a_tunnel_through_a_change_of_another_peer)
{
	struct lbmesh_commit *commit;
	char lost[64];

	EXPECT_TRUE(reaches(1, "10.1.0.1", "10.1.0.2"));
	ASSERT_EQ(0, sh("ping -q -n -i 0.02 -I 10.1.0.1 10.1.0.2 >" SCRATCH "/ping 2>&1 & "
			"echo $! >" SCRATCH "/pid; sleep 0.5"));
	for (int i = 0; i < 5; i++) {
		commit = delta_new(generation_number(CONN(1)));
		must(lbmesh_commit_remove_peer(commit, 1, KEY(3)));
		remove_member(commit, 1, "10.1.0.3/32");
		remove_member(commit, 1, "fd01::3/128");
		ASSERT_RUN(1, commit);
		ASSERT_RUN(1, host_commit_new(self->host, 0));
	}
	ASSERT_EQ(0, sh("kill -INT $(cat " SCRATCH "/pid); sleep 1"));
	ASSERT_EQ(0, sh_read(lost, sizeof(lost),
			     "awk -F, '/transmitted/ { print $1 - $2 }' " SCRATCH "/ping"));
	/* The last packet may be on its way when ping is told to stop. */
	EXPECT_GE(1, atoi(lost));
	EXPECT_NE(0, lost[0]) TH_LOG("ping has not told what it lost");
}

TEST_F(gate, is_gone_after_flush_and_so_are_the_peers)
{
	struct lbmesh_gate before;

	EXPECT_TRUE(reaches(1, "10.1.0.1", "10.1.0.2"));
	before = counters(CONN(1));
	ASSERT_EQ(0, flush(CONN(1), &self->result));
	EXPECT_FALSE(reaches(1, "10.1.0.1", "10.1.0.2"));
	EXPECT_LE(before.passed, counters(CONN(1)).passed);
	ASSERT_RUN(1, host_commit_new(self->host, 0));
	EXPECT_TRUE(reaches(1, "10.1.0.1", "10.1.0.2"));
}

TEST_HARNESS_MAIN
