// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses that change their owner under traffic. Only h1 runs lbmesh; the others run plain
 * WireGuard that takes everything, so that they show all that reaches them.
 *
 *      s  10.1.1.2, fd01:1::2   network 1      the sandbox, whose packets come in by a queue that
 *      |  10.2.1.2              network 2      delays them: they pass h1 in the middle of its work
 *      h1                                      on a commit, even where there is one CPU
 *      |
 *      +--- h2, h3  network 1
 *      +--- h4      network 2
 *
 * h2, h3 and h4 all have the addresses that move: 10.1.0.50, fd01::50, and 10.9.0.77 which lies
 * inside of h2's 10.9.0.0/16.
 *
 * LBMESH_MOVES says how often things move.
 */

#include <errno.h>

#include "hosts.h"
#include "kselftest_harness.h"
#include "traffic.h"
#include "util.h"

#define MOVES 40
/* New peers in each commit, so that its phases take their time. */
#define BALLAST 40

/* Flows. */
enum {
	BLUE,
	GREEN,
	BLUE6
};

FIXTURE(moves)
{
	struct host host[4];
	struct lbmesh *conn;
	struct lbmesh_result result;
	uint64_t generation;
	uint32_t ballast;
};

#define self_t FIXTURE_DATA(moves)
#define H1     (&self->host[0])
#define H2     (&self->host[1])
#define H3     (&self->host[2])
#define H4     (&self->host[3])

static int sandbox_make(void)
{
	if (namespace_add("s"))
		return -EIO;
	if (ip("h1", "link add s0 type veth peer name eth0 netns s\n"
		     "addr add 10.1.1.1/24 dev s0\n"
		     "addr add 10.2.1.1/24 dev s0\n"
		     "addr add fd01:1::1/64 dev s0 nodad\n"
		     "link set s0 up\n") ||
	    ip("s", "addr add 10.1.1.2/24 dev eth0\n"
		    "addr add 10.2.1.2/24 dev eth0\n"
		    "addr add fd01:1::2/64 dev eth0 nodad\n"
		    "link set eth0 up\n"
		    "route add default via 10.1.1.1\n"
		    "route add default via fd01:1::1\n"))
		return -EIO;
	return sh("tc -n s qdisc add dev eth0 root netem delay 5ms");
}

/* h1 forwards; each of the others has all addresses that move. */
static int addresses_make(void)
{
	if (ip("h1", "addr add 10.1.0.1/32 dev wg0\n"
		     "addr add 10.2.0.1/32 dev wg0\n"
		     "route add 10.0.0.0/8 dev wg0\n"
		     "route add fd01::/16 dev wg0\n"))
		return -EIO;
	for (int n = 2; n <= 4; n++) {
		char name[4] = {'h', '0' + n};

		if (ip(name,
		       "addr add 10.%d.0.%d/32 dev wg0\n"
		       "addr add 10.1.0.50/32 dev wg0\n"
		       "addr add 10.9.0.77/32 dev wg0\n"
		       "addr add fd01::50/128 dev wg0\n"
		       "addr add fd01::%d/128 dev wg0\n"
		       "route add 10.0.0.0/8 dev wg0\n"
		       "route add fd01::/16 dev wg0\n",
		       n == 4 ? 2 : 1, n, n))
			return -EIO;
	}
	return 0;
}

static int open_wireguard(const struct host *host, const struct host *h1)
{
	int err = host_enter(host);

	return err
		       ?: sh("echo '%s' >" SCRATCH "/key; wg set wg0 private-key " SCRATCH
			     "/key listen-port %d peer '%s' allowed-ips 0.0.0.0/0,::/0 endpoint %s:%d",
			     host->key.private_text, HOSTS_PORT, h1->key.public_text,
			     host_underlay(h1), HOSTS_PORT);
}

static struct lbmesh_commit *first_new(self_t *self)
{
	struct lbmesh_commit *commit = replace_new();

	put_host_device(commit, H1, 1, "wg0", NULL, HOSTS_PORT);
	put_network(commit, 1);
	put_network(commit, 2);
	put_member(commit, 1, 1, "10.1.0.1/32", 0);
	put_member(commit, 1, 1, "10.1.1.0/24", 0);
	put_member(commit, 1, 1, "fd01:1::/64", 0);
	put_member(commit, 2, 1, "10.2.0.1/32", 0);
	put_member(commit, 2, 1, "10.2.1.0/24", 0);
	put_host_peer(commit, 1, H2, NULL, HOSTS_PORT);
	put_host_peer(commit, 1, H3, NULL, HOSTS_PORT);
	put_host_peer(commit, 1, H4, NULL, HOSTS_PORT);
	put_member_key(commit, 1, 1, "10.1.0.2/32", H2->key.public_key);
	put_member_key(commit, 1, 1, "fd01::2/128", H2->key.public_key);
	put_member_key(commit, 1, 1, "10.1.0.50/32", H2->key.public_key);
	put_member_key(commit, 1, 1, "fd01::50/128", H2->key.public_key);
	put_member_key(commit, 1, 1, "10.9.0.0/16", H2->key.public_key);
	put_member_key(commit, 1, 1, "10.1.0.3/32", H3->key.public_key);
	put_member_key(commit, 2, 1, "10.2.0.4/32", H4->key.public_key);
	return commit;
}

/* Runs a commit in h1. */
static int run_h1(self_t *self, struct lbmesh_commit *commit)
{
	int error = run(self->conn, commit, &self->result);

	if (error)
		printf("# %s: \"%s\"\n", strerror(error), self->result.error.message);
	else
		self->generation = self->result.generation;
	return error;
}

#define ASSERT_RUN(commit) ASSERT_EQ(0, run_h1(self, commit))

FIXTURE_SETUP(moves)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	int outside = namespace_open(NULL);

	ASSERT_EQ(0, hosts_make(self->host, 4));
	ASSERT_EQ(0, namespace_set(outside));
	ASSERT_EQ(0, sandbox_make());
	ASSERT_EQ(0, addresses_make());
	for (int i = 1; i < 4; i++)
		ASSERT_EQ(0, open_wireguard(&self->host[i], H1));
	ASSERT_EQ(0, host_enter(H1));
	ASSERT_EQ(0, sh("echo 1 >/proc/sys/net/ipv4/ip_forward;"
			"echo 1 >/proc/sys/net/ipv6/conf/all/forwarding"));
	self->conn = H1->conn;
	ASSERT_RUN(first_new(self));
	/* Sessions, so that what is measured is the move alone. */
	ASSERT_TRUE(host_reaches(H1, "10.1.0.1", "10.1.0.2"));
	ASSERT_TRUE(host_reaches(H1, "10.1.0.1", "10.1.0.3"));
	ASSERT_TRUE(host_reaches(H1, "10.2.0.1", "10.2.0.4"));
}

FIXTURE_TEARDOWN(moves)
{
	hosts_close(self->host, 4);
}

/* A delta that has other work besides: the new peers of the one before go, others come. */
static struct lbmesh_commit *delta_busy(self_t *self)
{
	struct lbmesh_commit *commit = delta_new(self->generation);
	char prefix[32];

	for (uint32_t i = 0; i < BALLAST; i++) {
		snprintf(prefix, sizeof(prefix), "10.250.%u.%u/32", self->ballast % 250, i);
		put_peer(commit, 1, 1000 + self->ballast * BALLAST + i, NULL);
		put_member(commit, 1, 1, prefix, 1000 + self->ballast * BALLAST + i);
		if (!self->ballast)
			continue;
		snprintf(prefix, sizeof(prefix), "10.250.%u.%u/32", (self->ballast - 1) % 250, i);
		remove_peer(commit, 1, 1000 + (self->ballast - 1) * BALLAST + i);
		remove_member(commit, 1, prefix);
	}
	self->ballast++;
	return commit;
}

static unsigned int moves_wanted(void)
{
	static unsigned int moves;

	if (!moves)
		moves = env_rounds("LBMESH_MOVES", MOVES);
	return moves;
}

/* Some time in which a flow goes on in the new state. */
static void rest(unsigned int i)
{
	pause_ms(3 + i * 7 % 11);
}

#define EXPECT_NO_LOSS(sender, receivers, count)                                  \
	do {                                                                      \
		struct loss loss_ = flow_loss(sender, receivers, count);          \
		TH_LOG("%llu of %llu lost, %u/s", (unsigned long long)loss_.lost, \
		       (unsigned long long)loss_.sent, sender_rate(sender));      \
		EXPECT_EQ(0, loss_.lost)                                          \
		TH_LOG("numbers %llu to %llu", (unsigned long long)loss_.first,   \
		       (unsigned long long)loss_.last);                           \
		EXPECT_TRUE(sender_keeps_up(sender));                             \
	} while (0)

TEST_F_TIMEOUT(moves, an_address_that_moves_from_peer_to_peer_loses_nothing, 3600)
{
	struct receiver *receivers[] = {receiver_start("h2"), receiver_start("h3")};
	struct sender *v4 = sender_start("s", "10.1.1.2", "10.1.0.50", BLUE);
	struct sender *v6 = sender_start("s", "fd01:1::2", "fd01::50", BLUE6);

	ASSERT_TRUE(receivers[0] && receivers[1] && v4 && v6);
	pause_ms(200);
	for (unsigned int i = 0; i < moves_wanted(); i++) {
		const struct host *to = i % 2 ? H2 : H3;
		struct lbmesh_commit *commit = delta_busy(self);

		put_member_key(commit, 1, 1, "10.1.0.50/32", to->key.public_key);
		put_member_key(commit, 1, 1, "fd01::50/128", to->key.public_key);
		ASSERT_RUN(commit);
		rest(i);
	}
	sender_stop(v4);
	sender_stop(v6);
	TH_LOG("%u moves; h2 got %llu, h3 %llu of the one flow", moves_wanted(),
	       (unsigned long long)receiver_count(receivers[0], BLUE),
	       (unsigned long long)receiver_count(receivers[1], BLUE));
	EXPECT_NO_LOSS(v4, receivers, 2);
	EXPECT_NO_LOSS(v6, receivers, 2);
	for (int i = 0; i < 2; i++) {
		EXPECT_LT(0, receiver_count(receivers[i], BLUE));
		EXPECT_LT(0, receiver_count(receivers[i], BLUE6));
	}
}

/* Also one without a session yet. */
TEST_F_TIMEOUT(moves, an_address_that_moves_to_a_new_peer_loses_nothing, 3600)
{
	struct receiver *receivers[] = {receiver_start("h2"), receiver_start("h3")};
	struct lbmesh_commit *commit;
	struct sender *v4;

	commit = delta_new(self->generation);
	must(lbmesh_commit_remove_peer(commit, 1, H3->key.public_key));
	remove_member(commit, 1, "10.1.0.3/32");
	ASSERT_RUN(commit);
	v4 = sender_start_slow("s", "10.1.1.2", "10.1.0.50", BLUE);
	ASSERT_TRUE(receivers[0] && receivers[1] && v4);
	for (unsigned int i = 0; i < 10; i++) {
		/* Some datagrams go by each. */
		pause_ms(100);
		commit = delta_busy(self);
		put_host_peer(commit, 1, i % 2 ? H2 : H3, NULL, HOSTS_PORT);
		must(lbmesh_commit_remove_peer(commit, 1, (i % 2 ? H3 : H2)->key.public_key));
		if (i == 0) {
			remove_member(commit, 1, "10.1.0.2/32");
			remove_member(commit, 1, "fd01::2/128");
			remove_member(commit, 1, "fd01::50/128");
			remove_member(commit, 1, "10.9.0.0/16");
		}
		put_member_key(commit, 1, 1, "10.1.0.50/32", (i % 2 ? H2 : H3)->key.public_key);
		ASSERT_RUN(commit);
	}
	sender_stop(v4);
	EXPECT_NO_LOSS(v4, receivers, 2);
	EXPECT_LT(0, receiver_count(receivers[1], BLUE));
}

/* What arrives in a while. */
static uint64_t arrives(struct receiver *receiver, unsigned int flow)
{
	uint64_t before = receiver_count(receiver, flow);

	pause_ms(60);
	return receiver_count(receiver, flow) - before;
}

/* The same, waiting until something does. */
static bool arrives_soon(struct receiver *receiver, unsigned int flow)
{
	for (int tries = 0; tries < 100; tries++) {
		if (arrives(receiver, flow))
			return true;
	}
	return false;
}

/* Whether blue goes to h2 alone, or green to h4 alone, now that the commit is done. */
static bool goes_to(struct receiver *h2, struct receiver *h4, const struct host *owner)
{
	bool is_blue = owner->number == 2;

	if (!arrives_soon(is_blue ? h2 : h4, is_blue ? BLUE : GREEN)) {
		printf("# the flow does not reach its new owner\n");
		return false;
	}
	/* What was on its way may be late. */
	for (int tries = 0; tries < 50; tries++) {
		if (!arrives(h2, is_blue ? GREEN : BLUE) && !arrives(h4, is_blue ? GREEN : BLUE))
			return true;
	}
	printf("# the other flow goes on\n");
	return false;
}

#define EXPECT_NEVER(receiver, flow)                 \
	EXPECT_EQ(0, receiver_count(receiver, flow)) \
	TH_LOG("packets of another network reached this host")

TEST_F_TIMEOUT(moves, an_address_that_moves_to_another_network_gets_none_of_the_old_one, 3600)
{
	struct receiver *h2 = sniffer_start("h2", "wg0"), *h4 = sniffer_start("h4", "wg0");
	struct sender *blue = sender_start("s", "10.1.1.2", "10.1.0.50", BLUE);
	struct sender *green = sender_start("s", "10.2.1.2", "10.1.0.50", GREEN);

	ASSERT_TRUE(h2 && h4 && blue && green);
	EXPECT_TRUE(goes_to(h2, h4, H2));
	for (unsigned int i = 0; i < moves_wanted(); i++) {
		const struct host *to = i % 2 ? H2 : H4;
		struct lbmesh_commit *commit = delta_busy(self);

		put_member_key(commit, i % 2 ? 1 : 2, 1, "10.1.0.50/32", to->key.public_key);
		ASSERT_RUN(commit);
		if (i % 16 < 2)
			EXPECT_TRUE(goes_to(h2, h4, to));
		rest(i);
	}
	TH_LOG("%u moves; h2 got %llu of blue, h4 %llu of green", moves_wanted(),
	       (unsigned long long)receiver_count(h2, BLUE),
	       (unsigned long long)receiver_count(h4, GREEN));
	EXPECT_NEVER(h4, BLUE);
	EXPECT_NEVER(h2, GREEN);
}

/* And its packets are taken from its owner alone. */
TEST_F_TIMEOUT(moves, an_address_that_moves_to_another_network_speaks_for_its_owner_alone, 3600)
{
	/* From h2, and from h4 which now and then has the address, to each network. */
	enum {
		H2_TO_BLUE,
		H2_TO_GREEN,
		H4_TO_BLUE,
		H4_TO_GREEN
	};
	struct receiver *s = receiver_start("s");
	struct sender *senders[] = {
		sender_start("h2", "10.1.0.50", "10.1.1.2", H2_TO_BLUE),
		sender_start("h2", "10.1.0.50", "10.2.1.2", H2_TO_GREEN),
		sender_start("h4", "10.1.0.50", "10.1.1.2", H4_TO_BLUE),
		sender_start("h4", "10.1.0.50", "10.2.1.2", H4_TO_GREEN),
	};

	ASSERT_TRUE(s && senders[0] && senders[1] && senders[2] && senders[3]);
	for (unsigned int i = 0; i < moves_wanted(); i++) {
		const struct host *to = i % 2 ? H2 : H4;
		struct lbmesh_commit *commit = delta_busy(self);

		put_member_key(commit, i % 2 ? 1 : 2, 1, "10.1.0.50/32", to->key.public_key);
		ASSERT_RUN(commit);
		if (i % 16 < 2)
			EXPECT_TRUE(arrives_soon(s, i % 2 ? H2_TO_BLUE : H4_TO_GREEN));
		rest(i);
	}
	EXPECT_NEVER(s, H2_TO_GREEN);
	EXPECT_NEVER(s, H4_TO_BLUE);
}

TEST_F_TIMEOUT(moves, an_address_that_changes_network_and_not_its_owner_gets_none_of_the_old_one,
	       3600)
{
	struct receiver *h2 = sniffer_start("h2", "wg0");
	struct sender *blue = sender_start("s", "10.1.1.2", "10.1.0.50", BLUE);
	struct sender *green = sender_start("s", "10.2.1.2", "10.1.0.50", GREEN);

	ASSERT_TRUE(h2 && blue && green);
	EXPECT_TRUE(arrives_soon(h2, BLUE));
	EXPECT_NEVER(h2, GREEN);
	for (unsigned int i = 0; i < 4; i++) {
		struct lbmesh_commit *commit = delta_new(self->generation);

		put_member_key(commit, i % 2 ? 1 : 2, 1, "10.1.0.50/32", H2->key.public_key);
		ASSERT_RUN(commit);
		EXPECT_TRUE(goes_to(h2, h2, i % 2 ? H2 : H4));
	}
}

/*
 * Ends a pending move of the address, by turns: by confirm and a move back, by revert, by its time.
 * Returns 0 or a positive errno.
 */
static int move_end(self_t *self, unsigned int i, const char *prefix)
{
	struct lbmesh_commit *commit;
	uint64_t pending = self->generation;
	int error = 0;

	if (i % 3 == 0) {
		error = confirm(self->conn, pending, &self->result);
		commit = delta_busy(self);
		put_member_key(commit, 1, 1, prefix, H2->key.public_key);
		return error ?: run_h1(self, commit);
	}
	if (i % 3 == 1)
		error = revert(self->conn, pending, &self->result);
	if (!error && !generation_settles(self->conn))
		error = ETIMEDOUT;
	self->generation = generation_number(self->conn);
	/* What came with the commit is gone again, and what went is back. */
	self->ballast--;
	return error;
}

/* The same as delta_busy(), but for a commit that may be taken back. */
static struct lbmesh_commit *delta_pending(self_t *self, unsigned int i)
{
	struct lbmesh_commit *commit = delta_busy(self);

	lbmesh_commit_set_confirm_timeout(commit, i % 3 == 2 ? 1 + i % 20 : 60000);
	return commit;
}

TEST_F_TIMEOUT(moves, a_move_that_is_taken_back_loses_nothing, 3600)
{
	struct receiver *receivers[] = {receiver_start("h2"), receiver_start("h3")};
	struct sender *v4 = sender_start("s", "10.1.1.2", "10.1.0.50", BLUE);

	ASSERT_TRUE(receivers[0] && receivers[1] && v4);
	for (unsigned int i = 0; i < moves_wanted(); i++) {
		struct lbmesh_commit *commit = delta_pending(self, i);

		put_member_key(commit, 1, 1, "10.1.0.50/32", H3->key.public_key);
		ASSERT_RUN(commit);
		rest(i);
		ASSERT_EQ(0, move_end(self, i, "10.1.0.50/32"));
		rest(i);
	}
	sender_stop(v4);
	EXPECT_NO_LOSS(v4, receivers, 2);
	EXPECT_LT(0, receiver_count(receivers[0], BLUE));
	EXPECT_LT(0, receiver_count(receivers[1], BLUE));
}

TEST_F_TIMEOUT(moves, a_move_to_another_network_that_is_taken_back_gets_none_of_the_old_one, 3600)
{
	struct receiver *h2 = sniffer_start("h2", "wg0"), *h4 = sniffer_start("h4", "wg0");
	struct sender *blue = sender_start("s", "10.1.1.2", "10.1.0.50", BLUE);
	struct sender *green = sender_start("s", "10.2.1.2", "10.1.0.50", GREEN);

	ASSERT_TRUE(h2 && h4 && blue && green);
	for (unsigned int i = 0; i < moves_wanted(); i++) {
		struct lbmesh_commit *commit = delta_pending(self, i);

		put_member_key(commit, 2, 1, "10.1.0.50/32", H4->key.public_key);
		ASSERT_RUN(commit);
		rest(i);
		ASSERT_EQ(0, move_end(self, i, "10.1.0.50/32"));
		if (i % 16 < 3)
			EXPECT_TRUE(goes_to(h2, h4, H2));
		rest(i);
	}
	EXPECT_LT(0, receiver_count(h4, GREEN));
	EXPECT_NEVER(h4, BLUE);
	EXPECT_NEVER(h2, GREEN);
}

TEST_F_TIMEOUT(moves, a_longer_prefix_comes_and_goes_and_nothing_is_lost, 3600)
{
	struct receiver *receivers[] = {receiver_start("h2"), receiver_start("h3")};
	struct sender *v4 = sender_start("s", "10.1.1.2", "10.9.0.77", BLUE);

	ASSERT_TRUE(receivers[0] && receivers[1] && v4);
	pause_ms(100);
	for (unsigned int i = 0; i < moves_wanted(); i++) {
		struct lbmesh_commit *commit = delta_busy(self);

		if (i % 2)
			remove_member(commit, 1, "10.9.0.77/32");
		else
			put_member_key(commit, 1, 1, "10.9.0.77/32", H3->key.public_key);
		ASSERT_RUN(commit);
		rest(i);
	}
	sender_stop(v4);
	EXPECT_NO_LOSS(v4, receivers, 2);
	EXPECT_LT(0, receiver_count(receivers[0], BLUE));
	EXPECT_LT(0, receiver_count(receivers[1], BLUE));
}

TEST_F_TIMEOUT(moves, a_longer_prefix_of_another_network_gets_none_of_the_wider_one, 3600)
{
	struct receiver *h2 = sniffer_start("h2", "wg0"), *h4 = sniffer_start("h4", "wg0");
	struct sender *blue = sender_start("s", "10.1.1.2", "10.9.0.77", BLUE);
	struct sender *green = sender_start("s", "10.2.1.2", "10.9.0.77", GREEN);

	ASSERT_TRUE(h2 && h4 && blue && green);
	EXPECT_TRUE(goes_to(h2, h4, H2));
	for (unsigned int i = 0; i < moves_wanted(); i++) {
		struct lbmesh_commit *commit = delta_busy(self);

		if (i % 2)
			remove_member(commit, 1, "10.9.0.77/32");
		else
			put_member_key(commit, 2, 1, "10.9.0.77/32", H4->key.public_key);
		ASSERT_RUN(commit);
		if (i % 16 < 2)
			EXPECT_TRUE(goes_to(h2, h4, i % 2 ? H2 : H4));
		rest(i);
	}
	EXPECT_NEVER(h4, BLUE);
	EXPECT_NEVER(h2, GREEN);
}

/* The peer comes with the prefix and goes with it. */
TEST_F_TIMEOUT(moves, a_longer_prefix_with_a_peer_of_its_own_gets_none_of_the_wider_one, 3600)
{
	struct receiver *h2 = sniffer_start("h2", "wg0"), *h4 = sniffer_start("h4", "wg0");
	struct sender *blue = sender_start("s", "10.1.1.2", "10.9.0.77", BLUE);
	struct lbmesh_commit *commit = delta_new(self->generation);

	ASSERT_TRUE(h2 && h4 && blue);
	remove_member(commit, 1, "10.2.0.4/32");
	must(lbmesh_commit_remove_peer(commit, 1, H4->key.public_key));
	ASSERT_RUN(commit);
	for (unsigned int i = 0; i < moves_wanted(); i++) {
		commit = delta_busy(self);
		if (i % 2) {
			must(lbmesh_commit_remove_peer(commit, 1, H4->key.public_key));
			remove_member(commit, 1, "10.9.0.77/32");
		} else {
			put_host_peer(commit, 1, H4, NULL, HOSTS_PORT);
			put_member_key(commit, 2, 1, "10.9.0.77/32", H4->key.public_key);
		}
		ASSERT_RUN(commit);
		rest(i);
	}
	EXPECT_LT(0, receiver_count(h2, BLUE));
	EXPECT_NEVER(h4, BLUE);
}

/* What WireGuard keeps of a session. */
struct session {
	char handshake[32];
	char endpoint[64];
	uint64_t received;
	uint64_t sent;
};

static struct session session_of(const struct host *h1, const struct host *peer)
{
	struct session session = {};

	snprintf(session.handshake, sizeof(session.handshake), "%s",
		 host_peer(h1, "wg0", "latest-handshakes", &peer->key));
	snprintf(session.endpoint, sizeof(session.endpoint), "%s",
		 host_peer(h1, "wg0", "endpoints", &peer->key));
	session.received = strtoull(host_peer(h1, "wg0", "received", &peer->key), NULL, 10);
	session.sent = strtoull(host_peer(h1, "wg0", "sent", &peer->key), NULL, 10);
	return session;
}

#define EXPECT_SAME_SESSION(before, after)                           \
	do {                                                         \
		EXPECT_STREQ((before).handshake, (after).handshake); \
		EXPECT_STREQ((before).endpoint, (after).endpoint);   \
		EXPECT_LE((before).received, (after).received);      \
		EXPECT_LE((before).sent, (after).sent);              \
	} while (0)

TEST_F_TIMEOUT(moves, an_address_that_leaves_a_peer_disturbs_none_of_its_others, 3600)
{
	struct receiver *receivers[] = {receiver_start("h2")};
	struct sender *v4 = sender_start("s", "10.1.1.2", "10.1.0.2", BLUE);
	struct sender *v6 = sender_start("s", "fd01:1::2", "fd01::2", BLUE6);
	struct session before, after;

	ASSERT_TRUE(receivers[0] && v4 && v6);
	pause_ms(100);
	before = session_of(H1, H2);
	EXPECT_NE(0, strtoull(before.handshake, NULL, 10));
	for (unsigned int i = 0; i < 5 * moves_wanted(); i++) {
		struct lbmesh_commit *commit = delta_new(self->generation);

		if (i % 2) {
			remove_member(commit, 1, "10.1.0.60/32");
			remove_member(commit, 1, "fd01::60/128");
		} else {
			put_member_key(commit, 1, 1, "10.1.0.60/32", H2->key.public_key);
			put_member_key(commit, 1, 1, "fd01::60/128", H2->key.public_key);
		}
		ASSERT_RUN(commit);
	}
	after = session_of(H1, H2);
	EXPECT_SAME_SESSION(before, after);
	EXPECT_LT(before.sent, after.sent);
	sender_stop(v4);
	sender_stop(v6);
	EXPECT_NO_LOSS(v4, receivers, 1);
	EXPECT_NO_LOSS(v6, receivers, 1);
}

/* One commit of those that must not reach h2 and h3. */
static struct lbmesh_commit *other_new(self_t *self, unsigned int i)
{
	struct lbmesh_commit *commit = i % 10 == 9 ? first_new(self) : delta_busy(self);

	if (i % 10 == 9) {
		/* All is restated, and the ballast goes. */
		self->ballast = 0;
		put_network(commit, 3);
	} else if (i % 3 == 1) {
		put_member_key(commit, 2, 1, "10.2.0.60/32", H4->key.public_key);
	} else if (i % 3 == 2) {
		put_host_peer(commit, 1, H4, NULL, HOSTS_PORT + i);
	}
	return commit;
}

TEST_F_TIMEOUT(moves, a_peer_that_no_commit_names_keeps_all_that_it_learned, 3600)
{
	struct session before[2], after[2];

	/* h2 goes elsewhere, and h1 learns of it by a packet. */
	ASSERT_EQ(0, host_enter(H2));
	ASSERT_EQ(0, sh("wg set wg0 listen-port 51999"));
	ASSERT_TRUE(host_reaches(H2, "10.1.0.2", "10.1.0.1"));
	for (int i = 0; i < 2; i++)
		before[i] = session_of(H1, &self->host[1 + i]);
	EXPECT_STREQ("192.0.2.2:51999", before[0].endpoint);
	for (unsigned int i = 0; i < 5 * moves_wanted() / 2; i++)
		ASSERT_RUN(other_new(self, i));
	for (int i = 0; i < 2; i++) {
		after[i] = session_of(H1, &self->host[1 + i]);
		EXPECT_SAME_SESSION(before[i], after[i]);
	}
	EXPECT_TRUE(host_reaches(H1, "10.1.0.1", "10.1.0.2"));
	EXPECT_STREQ(before[0].handshake, session_of(H1, H2).handshake);
}

static uint64_t requests(struct lbmesh *conn)
{
	struct lbmesh_generation generation;

	must(lbmesh_generation_get(conn, &generation, NULL));
	return generation.totals.requests;
}

TEST_F(moves, a_commit_about_networks_and_bridges_sends_nothing_to_wireguard)
{
	struct lbmesh_commit *commit;
	uint64_t before = requests(self->conn);

	EXPECT_LT(0, before);
	commit = delta_new(self->generation);
	put_network(commit, 3);
	put_bridge(commit, 1, 1, 3);
	ASSERT_RUN(commit);
	EXPECT_EQ(before, requests(self->conn));
	commit = delta_new(self->generation);
	must(lbmesh_commit_put_network(commit, &(struct lbmesh_network){ .id = 1, .label = "blue"}));
	put_bridge(commit, 1, 2, 3);
	ASSERT_RUN(commit);
	EXPECT_EQ(before, requests(self->conn));
	/* Another network of an address whose owner stays. */
	commit = delta_new(self->generation);
	put_member_key(commit, 3, 1, "10.1.0.50/32", H2->key.public_key);
	ASSERT_RUN(commit);
	EXPECT_EQ(before, requests(self->conn));
	/* What is in force already. */
	commit = delta_new(self->generation);
	put_member_key(commit, 3, 1, "10.1.0.50/32", H2->key.public_key);
	put_host_peer(commit, 1, H2, NULL, HOSTS_PORT);
	ASSERT_RUN(commit);
	EXPECT_EQ(before, requests(self->conn));
	/* And one that does name an address sends something. */
	commit = delta_new(self->generation);
	put_member_key(commit, 1, 1, "10.1.0.70/32", H2->key.public_key);
	ASSERT_RUN(commit);
	EXPECT_LT(before, requests(self->conn));
}

TEST_HARNESS_MAIN
