// SPDX-License-Identifier: GPL-2.0
/*
 * Goal R6: the module is unloaded and loaded again and again, while packets go through a tunnel that
 * it manages, and while somebody commits and flushes without regard to that. Each attempt to unload
 * is refused because a generation is in force or a job runs, or is done within five seconds.
 * LBMESH_KO is the path of the module.
 */

#include <errno.h>
#include <signal.h>

#include "kselftest_harness.h"
#include "stress.h"
#include "util.h"

#define LONGEST_MS 5000

FIXTURE(module)
{
	struct tunnel tunnel;
};

FIXTURE_SETUP(module)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	if (!getenv("LBMESH_KO"))
		SKIP(return, "LBMESH_KO does not name the module");
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, tunnel_open(&self->tunnel));
}

FIXTURE_TEARDOWN(module)
{
}

/* Commits and flushes on one side as long as it lives; the module may be gone at any moment. */
static int disturb(void *data)
{
	const struct tunnel *tunnel = data;
	struct lbmesh_result result;
	struct lbmesh *conn;

	must(namespace_set(tunnel->fd[0]));
	for (;;) {
		struct lbmesh_commit *commit = tunnel_commit(tunnel, 0);

		if (lbmesh_open(&conn, NULL) == 0) {
			if (lbmesh_commit_run(conn, commit, 5000, &result, NULL) == 0)
				usleep(random_below(20000));
			(void)!lbmesh_flush(conn, NULL, 5000, &result, NULL);
			lbmesh_close(conn);
		}
		lbmesh_commit_free(commit);
		usleep(random_below(20000));
	}
	return 0;
}

/* Packets into the tunnel, whether there is a way or not. */
static int traffic(void *data)
{
	const struct tunnel *tunnel = data;

	must(namespace_set(tunnel->fd[0]));
	for (;;) {
		for (int i = 0; i < 10; i++)
			packet_send("wg0", i ? "10.0.0.2" : "10.99.0.1");
		usleep(1000);
	}
	return 0;
}

TEST_F_TIMEOUT(module, is_reloaded_under_traffic_or_says_that_it_is_needed, PATIENCE)
{
	unsigned int rounds = how_many(20, 500), done = 0, busy = 0;
	uint64_t longest_ms = 0;
	pid_t children[2];

	/* The other side needs nothing of the module any more. */
	ASSERT_EQ(0, flush(self->tunnel.conn[1], &(struct lbmesh_result){}));
	tunnel_close(&(struct tunnel){.fd = {-1, -1},
				      .conn = {self->tunnel.conn[0], self->tunnel.conn[1]}});
	random_number();
	children[0] = child_start(disturb, &self->tunnel);
	children[1] = child_start(traffic, &self->tunnel);
	while (done < rounds) {
		uint64_t began = now_ms(), took;
		int error = module_unload("lbmesh");

		took = now_ms() - began;
		longest_ms = took > longest_ms ? took : longest_ms;
		ASSERT_TRUE(error == 0 || error == EAGAIN) TH_LOG("errno %d", error);
		busy += error != 0;
		if (error) {
			usleep(random_below(10000));
			continue;
		}
		done++;
		ASSERT_EQ(0, module_load(getenv("LBMESH_KO")));
		usleep(random_below(50000));
	}
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(128 + SIGKILL, child_kill(children[i]));
	TH_LOG("unloaded %u times, refused %u times, %llu ms at the longest", done, busy,
	       (unsigned long long)longest_ms);
	EXPECT_GT(LONGEST_MS, longest_ms);
	EXPECT_LT(0, busy);
}

TEST_HARNESS_MAIN
