// SPDX-License-Identifier: GPL-2.0
/*
 * Goal R3: commits one after the other, up to 1,000 a second, while two flows that none of them
 * touches go through the same interface: no packet of theirs is lost. What changes all the time is
 * what changes in real life: hosts join, leave, and take an address over from another.
 */

#include <errno.h>

#include "kselftest_harness.h"
#include "stress.h"
#include "util.h"

#define EVERY_US   2000
#define MOST_PER_S 1000
/* Hosts that are there at any time beside the two. */
#define CROWD 8

FIXTURE(storm)
{
	struct tunnel tunnel;
	struct lbmesh_result result;
};

FIXTURE_SETUP(storm)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, tunnel_open(&self->tunnel));
	ASSERT_EQ(0, namespace_set(self->tunnel.fd[0]));
}

FIXTURE_TEARDOWN(storm)
{
	tunnel_close(&self->tunnel);
}

/* Host number i comes, with an address that it takes over now and then; number i - CROWD goes. */
static struct lbmesh_commit *step_new(uint64_t generation, uint32_t i)
{
	struct lbmesh_commit *commit = delta_new(generation);
	char prefix[32];

	put_peer(commit, 1, 1000 + i, "192.0.2.99");
	snprintf(prefix, sizeof(prefix), "10.1.%u.%u/32", i >> 8 & 255, i & 255);
	put_member(commit, 1, 1, prefix, 1000 + i);
	put_member(commit, 1, 1, "10.2.0.1/32", 1000 + i);
	if (i >= CROWD) {
		snprintf(prefix, sizeof(prefix), "10.1.%u.%u/32", (i - CROWD) >> 8 & 255,
			 (i - CROWD) & 255);
		remove_member(commit, 1, prefix);
		remove_peer(commit, 1, 1000 + i - CROWD);
	}
	return commit;
}

/* As many commits as there is time for. Returns how many. */
static unsigned int storm(struct lbmesh *conn, unsigned int seconds, struct lbmesh_result *result)
{
	uint64_t began = now_ms(), now = began;
	unsigned int count = 0;

	result->generation = generation_number(conn);
	while (now < began + seconds * 1000) {
		if (count >= (now - began + 1) * MOST_PER_S / 1000)
			pause_ms(1);
		else if (run(conn, step_new(result->generation, count++), result))
			break;
		now = now_ms();
	}
	return count;
}

TEST_F_TIMEOUT(storm, of_commits_loses_nothing_on_flows_that_it_does_not_touch, PATIENCE)
{
	unsigned int seconds = how_many(15, 600), lost[2], sent[2], commits;
	struct flow *flow[2];

	for (int side = 0; side < 2; side++) {
		flow[side] = flow_start(&self->tunnel, side, EVERY_US);
		ASSERT_NE(NULL, flow[side]);
	}
	commits = storm(self->tunnel.conn[0], seconds, &self->result);
	for (int side = 0; side < 2; side++) {
		lost[side] = flow_end(flow[side]);
		sent[side] = flow[side]->sent;
	}
	TH_LOG("%u commits, %u/s; packets lost: %u of %u one way, %u of %u the other", commits,
	       commits / seconds, lost[0], sent[0], lost[1], sent[1]);
	EXPECT_EQ(0, self->result.error.code) TH_LOG("\"%s\"", self->result.error.message);
	EXPECT_EQ(0, lost[0]);
	EXPECT_EQ(0, lost[1]);
	/* Or there was no storm, or nothing to lose. */
	EXPECT_LT(seconds, commits);
	EXPECT_LT(seconds * 20, sent[0]);
	EXPECT_LT(seconds * 20, sent[1]);
}

/* The control: the same flow, when a commit does touch it. */
TEST_F_TIMEOUT(storm, is_measured_by_flows_that_show_a_loss, PATIENCE)
{
	struct flow *flow = flow_start(&self->tunnel, 0, EVERY_US);
	struct lbmesh_commit *commit;

	ASSERT_NE(NULL, flow);
	commit = delta_new(generation_number(self->tunnel.conn[0]));
	remove_member(commit, 1, "10.0.0.2/32");
	ASSERT_EQ(0, run(self->tunnel.conn[0], commit, &self->result));
	pause_ms(300);
	ASSERT_EQ(0, run(self->tunnel.conn[0], tunnel_commit(&self->tunnel, 0), &self->result));
	pause_ms(300);
	EXPECT_LT(10, flow_end(flow));
}

TEST_HARNESS_MAIN
