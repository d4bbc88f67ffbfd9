// SPDX-License-Identifier: GPL-2.0
/*
 * Goal R7: an interface that is deleted, renamed or moved to another namespace while a commit runs.
 * The commit is done, or ends with an errno that says what happened, and where; and when the
 * interface is back, the commit that states the whole makes everything right: the module's state,
 * WireGuard's, and the gate.
 */

#include <errno.h>
#include <net/if.h>
#include <sched.h>

#include "kselftest_harness.h"
#include "stress.h"
#include "util.h"

enum what {
	DELETED,
	RENAMED,
	MOVED,
};

FIXTURE(interface)
{
	struct lbmesh *conn;
	int here;
	int elsewhere;
	unsigned int ifindex;
	char *state;
	char *wireguard;
	unsigned int duration_us;
	/* By phase, and how many were done. */
	unsigned int failed[LBMESH_PHASE_RETIRE + 1], done;
};

FIXTURE_VARIANT(interface)
{
	enum what what;
	/* It comes back with the number that it had. */
	bool same_index;
};

FIXTURE_VARIANT_ADD(interface, deleted){DELETED, false};
FIXTURE_VARIANT_ADD(interface, deleted_and_made_again_with_its_number){DELETED, true};
FIXTURE_VARIANT_ADD(interface, renamed){RENAMED, true};
FIXTURE_VARIANT_ADD(interface, moved_to_another_namespace){MOVED, true};

static struct lbmesh_commit *change_new(struct lbmesh *conn)
{
	struct lbmesh_commit *commit = delta_new(generation_number(conn));
	char prefix[32];

	for (uint32_t i = 0; i < 20; i++) {
		put_peer(commit, 1, 200 + i, NULL);
		snprintf(prefix, sizeof(prefix), "10.2.0.%u/32", i);
		put_member(commit, 1, 1, prefix, 200 + i);
	}
	put_member(commit, 1, 1, "10.0.0.3/32", 100);
	put_member(commit, 1, 1, "10.0.0.2/32", 101);
	remove_peer(commit, 1, 103);
	remove_member(commit, 1, "10.0.1.0/24");
	return commit;
}

FIXTURE_SETUP(interface)
{
	struct lbmesh_result result;
	uint64_t began_ms;

	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, namespace_add("elsewhere"));
	self->here = namespace_open(NULL);
	self->elsewhere = namespace_open("elsewhere");
	ASSERT_LE(0, self->here);
	ASSERT_LE(0, self->elsewhere);
	ASSERT_EQ(0, ip(NULL, "link add wg0 type wireguard\nlink set wg0 up\n"));
	self->ifindex = if_nametoindex("wg0");
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
	ASSERT_EQ(0, mesh_restore(self->conn, &result)) TH_LOG("\"%s\"", result.error.message);
	self->state = mesh_state(self->conn);
	self->wireguard = strdup(wg_settings("wg0"));
	ASSERT_TRUE(gate_is_there(self->conn));
	began_ms = now_ms();
	ASSERT_EQ(0, run(self->conn, change_new(self->conn), &result));
	self->duration_us = 1000 * (now_ms() - began_ms + 1);
}

FIXTURE_TEARDOWN(interface)
{
	lbmesh_close(self->conn);
}

struct racer {
	enum what what;
	unsigned int delay_us;
	int elsewhere;
};

static int race(void *data)
{
	const struct racer *racer = data;

	usleep(racer->delay_us);
	switch (racer->what) {
	case DELETED:
		return link_delete("wg0");
	case RENAMED:
		return link_rename("wg0", "wg1");
	case MOVED:
		return link_move("wg0", racer->elsewhere);
	}
	return EINVAL;
}

/* Undoes what the racer did. */
static int bring_back(FIXTURE_DATA(interface) * self, const FIXTURE_VARIANT(interface) * variant)
{
	int error;

	switch (variant->what) {
	case DELETED:
		if (variant->same_index)
			return ip(NULL, "link add wg0 index %u type wireguard\nlink set wg0 up\n",
				  self->ifindex);
		return ip(NULL, "link add wg0 type wireguard\nlink set wg0 up\n");
	case RENAMED:
		return link_rename("wg1", "wg0");
	case MOVED:
		must(namespace_set(self->elsewhere));
		error = link_move("wg0", self->here);
		must(namespace_set(self->here));
		return error ?: link_up("wg0");
	}
	return EINVAL;
}

/* Whether the commit's end makes sense after what happened to the interface; and counts it. */
static bool is_sensible(FIXTURE_DATA(interface) * self, const FIXTURE_VARIANT(interface) * variant,
			const struct lbmesh_result *result)
{
	const struct lbmesh_error *error = &result->error;

	if (!error->code) {
		self->done++;
		return true;
	}
	self->failed[error->phase]++;
	/* A commit goes by the number, and that stays. */
	if (variant->what == RENAMED && error->phase != LBMESH_PHASE_PARSE)
		return false;
	return error->code == ENODEV && error->message[0];
}

TEST_F_TIMEOUT(interface, in_the_middle_of_a_commit_is_reported_and_comes_back, PATIENCE)
{
	/* Fifty for the four of them; an emulated machine needs a second for each. */
	unsigned int rounds = how_many(13, 1000);
	struct lbmesh_result result;

	for (unsigned int i = 0; i < rounds; i++) {
		struct racer racer = {
			.what = variant->what,
			.delay_us = random_below(2 * self->duration_us),
			.elsewhere = self->elsewhere,
		};
		struct lbmesh_commit *commit;
		pid_t child;

		ASSERT_EQ(0, run(self->conn, mesh_new(), &result))
		TH_LOG("round %u: \"%s\"", i, result.error.message);
		/* The commit names the interface, or it does not. */
		commit = one_in(2) ? change_new(self->conn) : mesh_new();
		child = child_start(race, &racer);
		run(self->conn, commit, &result);
		ASSERT_EQ(0, child_wait(child));
		ASSERT_TRUE(is_sensible(self, variant, &result))
		TH_LOG("round %u: errno %d in phase %s: \"%s\"", i, result.error.code,
		       lbmesh_phase_name(result.error.phase), result.error.message);
		ASSERT_EQ(0, bring_back(self, variant));
		ASSERT_EQ(0, run(self->conn, mesh_new(), &result))
		TH_LOG("round %u, restated: \"%s\"", i, result.error.message);
		ASSERT_STREQ(self->state, mesh_state(self->conn)) TH_LOG("round %u", i);
		ASSERT_STREQ(self->wireguard, wg_settings("wg0")) TH_LOG("round %u", i);
		ASSERT_TRUE(gate_is_there(self->conn))
		TH_LOG("round %u: the gate is open after the commit was restated", i);
	}
	TH_LOG("%u commits: %u done, ENODEV for %u in parse, %u in prepare, %u in flip, %u later",
	       rounds, self->done, self->failed[LBMESH_PHASE_PARSE],
	       self->failed[LBMESH_PHASE_PREPARE], self->failed[LBMESH_PHASE_FLIP],
	       self->failed[LBMESH_PHASE_CONFIRM] + self->failed[LBMESH_PHASE_RETIRE]);
}

TEST_HARNESS_MAIN
