// SPDX-License-Identifier: GPL-2.0
/*
 * Swaps under traffic: peers come, go and exchange addresses on two hosts, a dozen of 200 at a time,
 * while others send and receive. The flows of those that no swap names lose nothing, and their TCP
 * sends nothing again.
 *
 *      h1 <---> h2 <---> h3 <---> h1      UDP and TCP, IPv4 and IPv6; all run lbmesh
 *      |        |
 *      200      200                       peers that are there in name only
 *
 * LBMESH_SWAPS says how many swaps.
 */

#include <errno.h>

#include "hosts.h"
#include "kselftest_harness.h"
#include "traffic.h"
#include "util.h"

#define SWAPS 1000
#define HOSTS 3
/* Places for peers, and how many of them are taken. */
#define PLACES 220
#define TAKEN  200
/* What a swap does of each kind: an end, a beginning, an exchange of addresses between two. */
#define ENDS	  4
#define EXCHANGES 2

/* The peers of one host that are there in name only. */
struct crowd {
	/* Seed of the key of who is at a place; 0 is nobody. */
	uint32_t key[PLACES];
	/* The address of whoever is there. */
	unsigned int address[PLACES];
	uint32_t last_key;
	uint64_t generation;
};

FIXTURE(swaps)
{
	struct host host[HOSTS];
	struct crowd crowd[HOSTS];
	struct lbmesh_result result;
	unsigned int seed;
};

#define self_t FIXTURE_DATA(swaps)

static const char *address_text(unsigned int address)
{
	static char texts[2][32];
	static unsigned int next;
	char *text = texts[next++ % 2];

	if (address % 2)
		snprintf(text, sizeof(texts[0]), "10.7.%u.1/32", address);
	else
		snprintf(text, sizeof(texts[0]), "fd01:7::%x/128", address);
	return text;
}

/* Everybody is a member of one network, with both families. */
static struct lbmesh_commit *first_new(self_t *self, int n)
{
	struct lbmesh_commit *commit = replace_new();
	char text[32];

	put_host_device(commit, &self->host[n], 1, "wg0", NULL, HOSTS_PORT);
	put_network(commit, 1);
	for (int i = 0; i < HOSTS; i++) {
		const uint8_t *key = i == n ? NULL : self->host[i].key.public_key;

		if (key)
			put_host_peer(commit, 1, &self->host[i], NULL, HOSTS_PORT);
		snprintf(text, sizeof(text), "10.1.0.%d/32", i + 1);
		put_member_key(commit, 1, 1, text, key);
		snprintf(text, sizeof(text), "fd01::%d/128", i + 1);
		put_member_key(commit, 1, 1, text, key);
	}
	return commit;
}

static void crowd_give(struct lbmesh_commit *commit, const struct crowd *crowd, unsigned int place)
{
	put_member(commit, 1, 1, address_text(crowd->address[place]), crowd->key[place]);
}

static void crowd_add(struct lbmesh_commit *commit, struct crowd *crowd, unsigned int place)
{
	crowd->key[place] = ++crowd->last_key;
	put_peer(commit, 1, crowd->key[place], NULL);
	crowd_give(commit, crowd, place);
}

static void crowd_remove(struct lbmesh_commit *commit, struct crowd *crowd, unsigned int place)
{
	remove_peer(commit, 1, crowd->key[place]);
	remove_member(commit, 1, address_text(crowd->address[place]));
	crowd->key[place] = 0;
}

static int crowd_fill(self_t *self, int n)
{
	struct crowd *crowd = &self->crowd[n];
	struct lbmesh_commit *commit = first_new(self, n);

	crowd->last_key = 1000;
	for (unsigned int place = 0; place < PLACES; place++) {
		crowd->address[place] = place;
		if (place < TAKEN)
			crowd_add(commit, crowd, place);
	}
	if (run(self->host[n].conn, commit, &self->result))
		return -self->result.error.code;
	crowd->generation = self->result.generation;
	return 0;
}

FIXTURE_SETUP(swaps)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, hosts_make(self->host, HOSTS));
	for (int n = 0; n < HOSTS; n++) {
		ASSERT_EQ(0, ip(self->host[n].name,
				"addr add 10.1.0.%d/24 dev wg0\n"
				"addr add fd01::%d/64 dev wg0\n",
				n + 1, n + 1));
		ASSERT_EQ(0, host_enter(&self->host[n]));
		ASSERT_EQ(0, crowd_fill(self, n)) TH_LOG("\"%s\"", self->result.error.message);
	}
	ASSERT_TRUE(host_reaches(&self->host[0], "10.1.0.1", "10.1.0.2"));
	ASSERT_TRUE(host_reaches(&self->host[0], "10.1.0.1", "10.1.0.3"));
	ASSERT_TRUE(host_reaches(&self->host[1], "10.1.0.2", "10.1.0.3"));
}

FIXTURE_TEARDOWN(swaps)
{
	hosts_close(self->host, HOSTS);
}

/* A place that is taken or not, and that this swap has not named yet. */
static unsigned int some_place(self_t *self, const struct crowd *crowd, bool taken, bool *named)
{
	unsigned int place;

	do {
		place = rand_r(&self->seed) % PLACES;
	} while (named[place] || !crowd->key[place] == taken);
	named[place] = true;
	return place;
}

/* Some peers go with their address, some come, and some exchange theirs. */
static struct lbmesh_commit *swap_new(self_t *self, struct crowd *crowd)
{
	struct lbmesh_commit *commit = delta_new(crowd->generation);
	bool named[PLACES] = {};

	for (int i = 0; i < ENDS; i++) {
		crowd_remove(commit, crowd, some_place(self, crowd, true, named));
		crowd_add(commit, crowd, some_place(self, crowd, false, named));
	}
	for (int i = 0; i < EXCHANGES; i++) {
		unsigned int a = some_place(self, crowd, true, named);
		unsigned int b = some_place(self, crowd, true, named);
		unsigned int address = crowd->address[a];

		crowd->address[a] = crowd->address[b];
		crowd->address[b] = address;
		crowd_give(commit, crowd, a);
		crowd_give(commit, crowd, b);
	}
	return commit;
}

static int swap(self_t *self, int n)
{
	struct crowd *crowd = &self->crowd[n];
	int error = run(self->host[n].conn, swap_new(self, crowd), &self->result);

	if (error)
		printf("# h%d: %s: \"%s\"\n", n + 1, strerror(error), self->result.error.message);
	crowd->generation = self->result.generation;
	return error;
}

#define STREAMS 3

/* The traffic of the test. */
struct traffic {
	struct receiver *h1;
	struct receiver *h2;
	struct sender *sender[HOSTS];
	struct stream *stream[STREAMS];
};

static bool traffic_start(struct traffic *traffic)
{
	bool all;

	traffic->h1 = receiver_start("h1");
	traffic->h2 = receiver_start("h2");
	traffic->sender[0] = sender_start("h1", "10.1.0.1", "10.1.0.2", 0);
	traffic->sender[1] = sender_start("h2", "fd01::2", "fd01::1", 1);
	traffic->sender[2] = sender_start("h3", "10.1.0.3", "10.1.0.1", 2);
	traffic->stream[0] = stream_start("h1", "10.1.0.1", "h2", "10.1.0.2", 5001);
	traffic->stream[1] = stream_start("h2", "10.1.0.2", "h3", "10.1.0.3", 5001);
	traffic->stream[2] = stream_start("h3", "fd01::3", "h1", "fd01::1", 5001);
	all = traffic->h1 && traffic->h2;
	for (int i = 0; i < HOSTS; i++)
		all = all && traffic->sender[i] && traffic->stream[i];
	return all;
}

/* Segments that were lost and sent again, and those that were sent again although they had come. */
static void resent(const struct traffic *traffic, unsigned int *lost, unsigned int *needless)
{
	*lost = *needless = 0;
	for (int i = 0; i < STREAMS; i++) {
		struct stream_state state = stream_look(traffic->stream[i]);

		*lost += state.resent - state.needless;
		*needless += state.needless;
	}
}

static uint64_t acked(const struct traffic *traffic)
{
	uint64_t sum = 0;

	for (int i = 0; i < STREAMS; i++)
		sum += stream_look(traffic->stream[i]).acked;
	return sum;
}

TEST_F_TIMEOUT(swaps, of_others_cost_a_flow_no_packet_and_no_retransmission, 7200)
{
	unsigned int swaps = env_rounds("LBMESH_SWAPS", SWAPS);
	unsigned int lost[3], needless[3];
	struct traffic traffic;
	uint64_t began, took;

	ASSERT_TRUE(traffic_start(&traffic));
	pause_ms(200);
	resent(&traffic, &lost[0], &needless[0]);
	began = now_ms();
	for (unsigned int i = 0; i < swaps; i++) {
		ASSERT_EQ(0, swap(self, i % 2));
		pause_ms(i % 8);
	}
	took = now_ms() - began;
	/* What was sent again late counts for the swaps. */
	pause_ms(500);
	resent(&traffic, &lost[1], &needless[1]);
	began = acked(&traffic);
	pause_ms(took);
	resent(&traffic, &lost[2], &needless[2]);
	TH_LOG("%u swaps in %llu ms; TCP sent again %u that were lost and %u that were not; in as "
	       "long without swaps %u and %u",
	       swaps, (unsigned long long)took, lost[1] - lost[0], needless[1] - needless[0],
	       lost[2] - lost[1], needless[2] - needless[1]);
	EXPECT_EQ(0, lost[1] - lost[0]);
	/* An acknowledgement was late by 200 ms; a busy machine makes some so by itself. */
	EXPECT_LE(needless[1] - needless[0], 2 * (needless[2] - needless[1]) + 5 + swaps / 200);
	EXPECT_LT(began, acked(&traffic)) TH_LOG("the streams stand still");
	for (int i = 0; i < STREAMS; i++)
		EXPECT_TRUE(stream_look(traffic.stream[i]).alive);
	for (int i = 0; i < HOSTS; i++) {
		struct loss loss;

		sender_stop(traffic.sender[i]);
		loss = flow_loss(traffic.sender[i], i ? &traffic.h1 : &traffic.h2, 1);
		TH_LOG("UDP %d: %llu of %llu lost, %u/s", i, (unsigned long long)loss.lost,
		       (unsigned long long)loss.sent, sender_rate(traffic.sender[i]));
		EXPECT_EQ(0, loss.lost)
		{
			TH_LOG("numbers %llu to %llu", (unsigned long long)loss.first,
			       (unsigned long long)loss.last);
			print_drops(self->host[(i + 2) % HOSTS].name);
			print_drops(i ? "h1" : "h2");
		}
		EXPECT_TRUE(sender_keeps_up(traffic.sender[i]));
	}
}

/* That what the test above looks at would show a loss. */
TEST_F_TIMEOUT(swaps, that_take_a_member_away_for_a_moment_are_seen_to_lose, 60)
{
	struct lbmesh_commit *commit = delta_new(self->crowd[1].generation);
	unsigned int lost[2], needless[2];
	struct traffic traffic;
	struct loss loss;

	ASSERT_TRUE(traffic_start(&traffic));
	pause_ms(100);
	resent(&traffic, &lost[0], &needless[0]);
	/* At the receiving end: a sender hears of what its own host drops. */
	remove_member(commit, 1, "10.1.0.1/32");
	ASSERT_EQ(0, run(self->host[1].conn, commit, &self->result));
	pause_ms(50);
	commit = delta_new(self->result.generation);
	put_member_key(commit, 1, 1, "10.1.0.1/32", self->host[0].key.public_key);
	ASSERT_EQ(0, run(self->host[1].conn, commit, &self->result));
	pause_ms(1500);
	resent(&traffic, &lost[1], &needless[1]);
	sender_stop(traffic.sender[0]);
	loss = flow_loss(traffic.sender[0], &traffic.h2, 1);
	TH_LOG("UDP: %llu of %llu lost; TCP sent again %u that were lost",
	       (unsigned long long)loss.lost, (unsigned long long)loss.sent, lost[1] - lost[0]);
	EXPECT_LT(0, loss.lost);
	EXPECT_LT(0, lost[1] - lost[0]);
}

TEST_HARNESS_MAIN
