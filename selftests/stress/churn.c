// SPDX-License-Identifier: GPL-2.0
/*
 * Goal R5: namespaces that end with a generation in force, packets in its gate, and something still
 * to be done: a job, a confirm that does not come, or one whose time is over in that moment. The
 * kernel must not remember them: its memory (kernel_memory()) is the same before and after, when
 * a quarter as many have come and gone beforehand.
 */

#include <errno.h>
#include <sched.h>

#include "kselftest_harness.h"
#include "stress.h"
#include "util.h"

/* How a namespace ends. */
enum end {
	IN_FORCE,
	JOB_IN_FLIGHT,
	FLUSH_IN_FLIGHT,
	PENDING,
	/* Its time is over about when it ends. */
	EXPIRING,
	ENDS,
};

struct life {
	enum end end;
	uint32_t capabilities;
	unsigned int moment_us;
};

/* In a child that ends with the namespace. */
static int live(void *data)
{
	const struct life *life = data;
	struct lbmesh_commit *commit = mesh_new();
	struct lbmesh_result result;
	struct lbmesh *conn;
	uint64_t cookie;

	if (unshare(CLONE_NEWNET) || link_add("wg0", "wireguard") || lbmesh_open(&conn, NULL))
		return 1;
	if (life->end == PENDING)
		lbmesh_commit_set_confirm_timeout(commit, 3600 * 1000);
	if (life->end == EXPIRING)
		lbmesh_commit_set_confirm_timeout(commit, 1 + life->moment_us / 1000);
	if (life->end == JOB_IN_FLIGHT)
		return lbmesh_commit_send(conn, commit, &cookie, NULL) ? 2 : 0;
	if (run(conn, commit, &result))
		return 3;
	/* What the gate drops, and what it lets go where nobody is. */
	packet_send("wg0", "10.99.0.1");
	packet_send("wg0", "10.0.0.2");
	/* Sent, and not waited for; it may be at an end all the same. */
	if (life->end == FLUSH_IN_FLIGHT)
		(void)!lbmesh_flush(conn, NULL, 0, &result, NULL);
	if (life->end == EXPIRING)
		usleep(life->moment_us);
	return 0;
}

/* So often in a row it must not grow by more than 1 % (R5). */
#define WINDOWS 3

FIXTURE(namespaces)
{
	uint32_t capabilities;
	int references;
};

FIXTURE_SETUP(namespaces)
{
	struct lbmesh_info info;
	struct lbmesh *conn;

	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, lbmesh_open(&conn, NULL));
	ASSERT_EQ(0, lbmesh_info_get(conn, &info, NULL));
	lbmesh_close(conn);
	self->capabilities = info.capabilities;
	references_return_to(0);
	self->references = module_references("lbmesh");
}

FIXTURE_TEARDOWN(namespaces)
{
}

/* Returns the sum of the children's exit statuses. */
static int churn(const FIXTURE_DATA(namespaces) * self, unsigned int rounds)
{
	int bad = 0;

	for (unsigned int i = 0; i < rounds; i++) {
		struct life life = {.end = random_below(ENDS), .moment_us = random_below(20000)};

		if (life.end >= PENDING && !(self->capabilities & LBMESH_CAPABILITY_CONFIRM))
			life.end = IN_FORCE;
		bad += child_wait(child_start(live, &life));
	}
	return bad;
}

TEST_F_TIMEOUT(namespaces, that_end_leave_nothing_behind, PATIENCE)
{
	unsigned int rounds = how_many(300, 10000);
	int grown = 0;
	long before, after;

	ASSERT_EQ(0, churn(self, rounds / 4));
	ASSERT_TRUE(references_return_to(self->references));
	after = kernel_memory();
	/* A leak grows with every window; what slabs and page tables hold on to does not. */
	for (int window = 0; window < WINDOWS; window++) {
		before = after;
		ASSERT_EQ(0, churn(self, rounds));
		EXPECT_TRUE(references_return_to(self->references))
			TH_LOG("%d references instead of %d", module_references("lbmesh"),
			       self->references);
		after = kernel_memory();
		TH_LOG("%u namespaces: the kernel used %ld KiB before and %ld KiB after (%+.2f %%)",
		       rounds, before, after, 100.0 * (after - before) / before);
		grown += after > before + before / 100;
		if (grown <= window)
			break;
	}
	EXPECT_GT(WINDOWS, grown);
}

TEST_HARNESS_MAIN
