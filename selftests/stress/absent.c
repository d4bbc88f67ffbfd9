// SPDX-License-Identifier: GPL-2.0
/*
 * Goal R11: the module wireguard is unloaded under a generation, also in the middle of a commit; it is
 * absent; it comes back. Without it a commit fails whole and says why, and a flush works; with it
 * the next commit makes everything right. Needs a kernel that has wireguard as a module
 * (scripts/vm), and LBMESH_KO, the path of ours.
 */

#include <errno.h>

#include "kselftest_harness.h"
#include "stress.h"
#include "util.h"

FIXTURE(wireguard)
{
	struct lbmesh *conn;
	struct lbmesh_result result;
	char *state;
	char *settings;
};

/* Loads what is needed and commits. Returns 0 or an errno. */
static int restore(struct lbmesh *conn, struct lbmesh_result *result)
{
	if (sh("modprobe wireguard"))
		return ENOPKG;
	return link_add("wg0", "wireguard") ?: run(conn, mesh_new(), result);
}

FIXTURE_SETUP(wireguard)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	if (module_references("wireguard") < 0)
		SKIP(return, "wireguard is no module of this kernel, or not loaded");
	ASSERT_EQ(0, namespace_enter());
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
	ASSERT_EQ(0, restore(self->conn, &self->result))
	TH_LOG("\"%s\"", self->result.error.message);
	self->state = mesh_state(self->conn);
	self->settings = strdup(wg_settings("wg0"));
}

FIXTURE_TEARDOWN(wireguard)
{
	lbmesh_close(self->conn);
	/* For the programs that follow. */
	sh("modprobe wireguard");
}

/* Sockets and interfaces that are ending hold it for a moment. */
static int wireguard_unload(void)
{
	int error = EAGAIN;

	for (int tries = 0; tries < 600 && error == EAGAIN; tries++) {
		error = module_unload("wireguard");
		if (error == EAGAIN)
			pause_ms(50);
	}
	return error;
}

static struct lbmesh_commit *change_new(struct lbmesh *conn)
{
	struct lbmesh_commit *commit = delta_new(generation_number(conn));

	put_peer(commit, 1, 104, NULL);
	put_member(commit, 1, 1, "10.0.0.2/32", 104);
	return commit;
}

/* Takes longer. */
static struct lbmesh_commit *crowd_new(struct lbmesh *conn)
{
	struct lbmesh_commit *commit = change_new(conn);
	char prefix[32];

	for (uint32_t i = 0; i < 200; i++) {
		put_peer(commit, 1, 1000 + i, NULL);
		snprintf(prefix, sizeof(prefix), "10.2.0.%u/32", i);
		put_member(commit, 1, 1, prefix, 1000 + i);
	}
	return commit;
}

/* A commit of each kind; none may do half of it, and each that fails says why. */
static bool refuses_whole(FIXTURE_DATA(wireguard) * self, bool talk)
{
	struct lbmesh_commit *commits[] = {change_new(self->conn), mesh_new(), replace_new()};
	char *before = mesh_state(self->conn);
	bool whole = true;

	/* One that needs no interface may be done. */
	put_network(commits[2], 5);
	for (size_t i = 0; i < sizeof(commits) / sizeof(commits[0]); i++) {
		int error = run(self->conn, commits[i], &self->result);
		const char *now = mesh_state(self->conn);

		if (error && (!self->result.error.message[0] || strcmp(now, before) != 0))
			whole = false;
		if (!error && (i < 2 || strcmp(now, "network 5 \n") != 0))
			whole = false;
		if (!whole || talk)
			printf("# commit %zu: errno %d \"%s\"\n", i, error,
			       self->result.error.message);
		if (!whole)
			printf("%s\n", now);
	}
	free(before);
	fflush(stdout);
	return whole;
}

TEST_F_TIMEOUT(wireguard, is_unloaded_and_loaded_again_and_the_module_recovers, PATIENCE)
{
	unsigned int rounds = how_many(5, 100);

	for (unsigned int i = 0; i < rounds; i++) {
		ASSERT_EQ(0, wireguard_unload()) TH_LOG("round %u", i);
		ASSERT_TRUE(refuses_whole(self, i == 0)) TH_LOG("round %u", i);
		/* Both ways back: over a flush, and without. */
		if (i % 2)
			ASSERT_EQ(0, flush(self->conn, &self->result))
		TH_LOG("\"%s\"", self->result.error.message);
		ASSERT_EQ(0, restore(self->conn, &self->result))
		TH_LOG("round %u: \"%s\"", i, self->result.error.message);
		ASSERT_STREQ(self->state, mesh_state(self->conn)) TH_LOG("round %u", i);
		ASSERT_STREQ(self->settings, wg_settings("wg0")) TH_LOG("round %u", i);
		ASSERT_TRUE(gate_is_there(self->conn)) TH_LOG("round %u", i);
	}
	TH_LOG("%u times", rounds);
}

/* In a child: unloads it in the middle of what we do. */
static int unload_later(void *data)
{
	usleep(*(unsigned int *)data);
	return wireguard_unload();
}

TEST_F_TIMEOUT(wireguard, is_unloaded_in_the_middle_of_a_commit_and_the_module_recovers, PATIENCE)
{
	unsigned int rounds = how_many(5, 100), failed = 0, duration_us;
	uint64_t began_ms = now_ms();

	ASSERT_EQ(0, run(self->conn, crowd_new(self->conn), &self->result));
	duration_us = 1000 * (now_ms() - began_ms + 1);
	ASSERT_EQ(0, run(self->conn, mesh_new(), &self->result));
	for (unsigned int i = 0; i < rounds; i++) {
		unsigned int delay_us = random_below(duration_us);
		pid_t child = child_start(unload_later, &delay_us);

		if (run(self->conn, crowd_new(self->conn), &self->result)) {
			failed++;
			EXPECT_NE(0, self->result.error.message[0]);
		}
		ASSERT_EQ(0, child_wait(child)) TH_LOG("round %u", i);
		ASSERT_EQ(0, restore(self->conn, &self->result))
		TH_LOG("round %u: \"%s\"", i, self->result.error.message);
		ASSERT_STREQ(self->state, mesh_state(self->conn)) TH_LOG("round %u", i);
		ASSERT_STREQ(self->settings, wg_settings("wg0")) TH_LOG("round %u", i);
	}
	TH_LOG("%u times, %u commits failed", rounds, failed);
}

TEST_F_TIMEOUT(wireguard, may_be_absent_when_the_module_is_loaded, PATIENCE)
{
	if (!getenv("LBMESH_KO"))
		SKIP(return, "LBMESH_KO does not name the module");
	for (unsigned int i = 0; i < how_many(1, 20); i++) {
		ASSERT_EQ(0, flush(self->conn, &self->result));
		lbmesh_close(self->conn);
		ASSERT_EQ(0, wireguard_unload());
		ASSERT_EQ(0, sh("rmmod lbmesh"));
		ASSERT_EQ(0, module_load(getenv("LBMESH_KO")));
		ASSERT_EQ(-1, module_references("wireguard"));
		ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
		EXPECT_TRUE(refuses_whole(self, i == 0));
		EXPECT_EQ(0, flush(self->conn, &self->result))
		TH_LOG("\"%s\"", self->result.error.message);
		ASSERT_EQ(0, restore(self->conn, &self->result))
		TH_LOG("\"%s\"", self->result.error.message);
		EXPECT_STREQ(self->settings, wg_settings("wg0"));
	}
}

TEST_HARNESS_MAIN
