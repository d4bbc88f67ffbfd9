// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of flows when the timeout of a learned element is over: the flow that lives goes on, none
 * begins, and what nobody used is forgotten. sets.c has the elements themselves, and faults.c what their
 * timer does without memory.
 */

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/lbmesh.h>

#include "boxes.h"
#include "kselftest_harness.h"
#include "policy.h"

#define SET 5

FIXTURE(learned)
{
	struct lbmesh *conn;
	struct raw raw;
	struct lbmesh_result result;
	struct boxes boxes;
};

#define NS(box) self->boxes.ns[box]
#define ASSERT_RUN(commit) \
	ASSERT_EQ(0, run(self->conn, commit, &self->result)) \
		TH_LOG("\"%s\"", self->result.error.message)

/* To a may come what the set has; from there may go to what it has. */
FIXTURE_SETUP(learned)
{
	struct lbmesh_commit *commit;

	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, boxes_make(&self->boxes));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
	ASSERT_EQ(0, raw_open(&self->raw));
	commit = both_new();
	put_set(commit, SET);
	add_rule(commit, .layer = 1, .id = 1, .position = 1, INGRESS, .action = LBMESH_ACTION_ALLOW,
		 .src = select_set(SET));
	add_rule(commit, .layer = 1, .id = 2, .position = 2, EGRESS, .action = LBMESH_ACTION_ALLOW,
		 .dst = select_set(SET));
	add_rule(commit, .layer = 1, .id = 3, .position = 3, .action = LBMESH_ACTION_DENY);
	ASSERT_RUN(commit);
}

FIXTURE_TEARDOWN(learned)
{
	raw_close(&self->raw);
	boxes_end(&self->boxes);
	lbmesh_close(self->conn);
}

static int update(struct raw *raw, const char *prefix, bool add, uint32_t timeout_ms)
{
	raw_begin(raw, LBMESH_CMD_SET_UPDATE, 0);
	if (add)
		learn(raw, SET, prefix, timeout_ms);
	else
		unlearn(raw, SET, prefix);
	return raw_ask(raw).error;
}

/* The element's line in the dump, or "". */
static const char *line_of(struct raw *raw, const char *address)
{
	const char *line = strstr(dump_text(raw, LBMESH_CMD_ELEMENT_GET, SET), address);

	return line ?: "";
}

/* Waits until the timeout of the element is over; false when it was forgotten, or that takes too long. */
static bool lingers(struct raw *raw, const char *address)
{
	for (int tries = 0; tries < 1000; tries++) {
		const char *line = line_of(raw, address);

		if (!line[0])
			return false;
		/* One millisecond is shown for as long as it is there. */
		if (strstr(line, "timeout 1 learned\n") == strstr(line, "timeout"))
			return true;
		pause_ms(10);
	}
	return false;
}

static bool is_forgotten(struct raw *raw, const char *address)
{
	for (int tries = 0; tries < 1000; tries++) {
		if (!line_of(raw, address)[0])
			return true;
		pause_ms(10);
	}
	return false;
}

TEST_F_TIMEOUT(learned, elements_that_are_over_serve_the_flows_that_live_and_no_others, 120)
{
	for (int is6 = 0; is6 < 2; is6++) {
		const char *const *box = is6 ? v6 : v4;
		int in, out, datagrams;

		EXPECT_EQ(ETIMEDOUT, try_tcp(NS(C), box[A], 80));
		ASSERT_EQ(0, update(&self->raw, box[C], true, 1500 * machine_slowness()));
		in = stream_open(NS(C), box[A], 80);
		out = stream_open(NS(A), box[C], 80);
		datagrams = datagrams_open(NS(C), box[A], 53);
		ASSERT_LE(0, in);
		ASSERT_LE(0, out);
		ASSERT_LE(0, datagrams);
		ASSERT_TRUE(lingers(&self->raw, box[C]));
		pause_ms(300);
		/* Over and over, as the timer asks and the cache forgets. */
		for (int i = 0; i < 20; i++) {
			ASSERT_EQ(0, echo(in));
			ASSERT_EQ(0, echo(out));
			ASSERT_EQ(0, echo(datagrams));
		}
		EXPECT_EQ(ETIMEDOUT, try_tcp(NS(C), box[A], 80));
		EXPECT_EQ(ETIMEDOUT, try_tcp(NS(A), box[C], 80));
		EXPECT_EQ(ETIMEDOUT, try_udp(NS(C), box[A], 53));
		EXPECT_EQ(0, echo(in));
		/* Learned again, it is there for everybody. */
		ASSERT_EQ(0, update(&self->raw, box[C], true, 600000));
		EXPECT_EQ(0, try_tcp(NS(C), box[A], 80));
		EXPECT_EQ(0, echo(in));
		EXPECT_EQ(0, echo(out));
		/* Taken away, it is gone for those that live, too. */
		ASSERT_EQ(0, update(&self->raw, box[C], true, 1));
		ASSERT_TRUE(lingers(&self->raw, box[C]));
		EXPECT_EQ(0, echo(in));
		ASSERT_EQ(0, update(&self->raw, box[C], false, 0));
		EXPECT_EQ(ETIMEDOUT, echo(in));
		EXPECT_EQ(ETIMEDOUT, echo(out));
		EXPECT_EQ(ETIMEDOUT, echo(datagrams));
		close(in);
		close(out);
		close(datagrams);
	}
}

TEST_F(learned, elements_that_nobody_has_used_are_forgotten_at_once)
{
	int stream;

	ASSERT_EQ(0, update(&self->raw, "192.0.2.0/24", true, 200));
	ASSERT_EQ(0, update(&self->raw, v4[B], true, 200));
	ASSERT_EQ(0, update(&self->raw, v4[C], true, 1000 * machine_slowness()));
	stream = stream_open(NS(C), v4[A], 80);
	ASSERT_LE(0, stream);
	EXPECT_TRUE(is_forgotten(&self->raw, "192.0.2.0"));
	EXPECT_TRUE(is_forgotten(&self->raw, v4[B]));
	EXPECT_TRUE(lingers(&self->raw, v4[C]));
	EXPECT_EQ(0, echo(stream));
	close(stream);
}

/* The longest prefix that is not over, whatever longer one is. */
TEST_F(learned, elements_that_are_over_hide_no_wider_one)
{
	int stream;

	ASSERT_EQ(0, update(&self->raw, v4[C], true, 1000 * machine_slowness()));
	ASSERT_EQ(0, update(&self->raw, "10.7.0.0/16", true, 0));
	stream = stream_open(NS(C), v4[A], 80);
	ASSERT_LE(0, stream);
	ASSERT_TRUE(lingers(&self->raw, v4[C]));
	EXPECT_EQ(0, try_tcp(NS(C), v4[A], 80));
	ASSERT_EQ(0, update(&self->raw, "10.7.0.0/16", false, 0));
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(C), v4[A], 80));
	EXPECT_EQ(0, echo(stream));
	close(stream);
}

TEST_HARNESS_MAIN
