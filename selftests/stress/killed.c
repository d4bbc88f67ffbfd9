// SPDX-License-Identifier: GPL-2.0
/*
 * A sender that is killed (kill -9) at each system call of what it does: as it enters the call, and
 * as it comes out of it. It is traced from its first connection to its last close. After each point
 * the module and WireGuard have all of the old state or all of the new, a pending generation goes
 * back by itself, and the next commit works.
 */

#include <errno.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "stress.h"
#include "util.h"

/* More system calls than any sender makes, twice. */
#define POINTS	   2000
#define CONFIRM_MS 200

/* What the mesh becomes: a peer less, one more, an address that moves, one less, one more. */
static struct lbmesh_commit *change_new(uint64_t expect_gen)
{
	struct lbmesh_commit *commit = delta_new(expect_gen);

	remove_peer(commit, 1, 103);
	put_peer(commit, 1, 104, NULL);
	put_member(commit, 1, 1, "10.0.0.2/32", 101);
	remove_member(commit, 1, "10.0.0.3/32");
	put_member(commit, 2, 1, "10.0.0.5/32", 104);
	return commit;
}

static int drift_ignore(const struct lbmesh_drift *drift, void *data)
{
	(void)drift;
	(void)data;
	return 0;
}

/* The senders. Each returns 0 when it has done all of it. */

static int send_commit(struct lbmesh *conn, uint64_t generation)
{
	struct lbmesh_result result;

	return run(conn, change_new(generation), &result);
}

static int send_pending(struct lbmesh *conn, uint64_t generation, struct lbmesh_result *result)
{
	struct lbmesh_commit *commit = change_new(generation);

	lbmesh_commit_set_confirm_timeout(commit, CONFIRM_MS);
	return run(conn, commit, result);
}

static int send_confirm(struct lbmesh *conn, uint64_t generation)
{
	struct lbmesh_result result;

	return send_pending(conn, generation, &result) ?: confirm(conn, result.generation, &result);
}

static int send_revert(struct lbmesh *conn, uint64_t generation)
{
	struct lbmesh_result result;

	return send_pending(conn, generation, &result) ?: revert(conn, result.generation, &result);
}

static int send_flush(struct lbmesh *conn, uint64_t generation)
{
	struct lbmesh_result result;

	(void)generation;
	return flush(conn, &result);
}

static int send_audit(struct lbmesh *conn, uint64_t generation)
{
	struct lbmesh_result result;

	(void)generation;
	return lbmesh_audit(conn, drift_ignore, NULL, UTIL_TIMEOUT_MS, &result, NULL);
}

static int send_repair(struct lbmesh *conn, uint64_t generation)
{
	struct lbmesh_result result;

	(void)generation;
	return lbmesh_repair(conn, drift_ignore, NULL, UTIL_TIMEOUT_MS, &result, NULL);
}

FIXTURE(sender)
{
	struct lbmesh *conn;
	char *state[2];
	char *wireguard[2];
	/* What sending takes. */
	unsigned int duration_us;
};

FIXTURE_VARIANT(sender)
{
	int (*send)(struct lbmesh * conn, uint64_t generation);
	uint32_t capability;
	/* Changed by hand first, so that there is something to mend. */
	bool drift;
};

FIXTURE_VARIANT_ADD(sender, of_a_commit){send_commit, LBMESH_CAPABILITY_MESH, false};
FIXTURE_VARIANT_ADD(sender, of_a_confirm){send_confirm, LBMESH_CAPABILITY_CONFIRM, false};
FIXTURE_VARIANT_ADD(sender, of_a_revert){send_revert, LBMESH_CAPABILITY_CONFIRM, false};
FIXTURE_VARIANT_ADD(sender, of_a_flush){send_flush, LBMESH_CAPABILITY_MESH, false};
FIXTURE_VARIANT_ADD(sender, of_an_audit){send_audit, LBMESH_CAPABILITY_AUDIT, true};
FIXTURE_VARIANT_ADD(sender, of_a_repair){send_repair, LBMESH_CAPABILITY_AUDIT, true};

/* The state that the senders begin with. */
static int begin(struct lbmesh *conn, bool drift)
{
	struct lbmesh_result result;
	int error = run(conn, mesh_new(), &result);

	if (!error && drift)
		error = sh("wg set wg0 peer '%s' remove peer '%s' allowed-ips 10.9.9.9/32",
			   key_text(103), key_text(105));
	return error;
}

static void look(FIXTURE_DATA(sender) * self, int i)
{
	self->state[i] = strdup(state_text(self->conn));
	self->wireguard[i] = strdup(wg_settings("wg0"));
}

FIXTURE_SETUP(sender)
{
	struct lbmesh_info info;
	uint64_t began_ms;

	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, ip(NULL, "link add wg0 type wireguard\n"));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
	ASSERT_EQ(0, lbmesh_info_get(self->conn, &info, NULL));
	if (!(info.capabilities & variant->capability))
		SKIP(return, "the module does not have the capability %s",
			   lbmesh_capability_name(variant->capability));
	ASSERT_EQ(0, begin(self->conn, variant->drift));
	look(self, 0);
	began_ms = now_ms();
	ASSERT_EQ(0, variant->send(self->conn, generation_number(self->conn)));
	self->duration_us = 1000 * (now_ms() - began_ms + 1);
	look(self, 1);
}

FIXTURE_TEARDOWN(sender)
{
	lbmesh_close(self->conn);
}

static pid_t sender_start(int (*send)(struct lbmesh *conn, uint64_t generation),
			  uint64_t generation)
{
	pid_t child = fork();

	if (child == 0) {
		struct lbmesh *conn;

		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		if (lbmesh_open(&conn, NULL) || send(conn, generation))
			_exit(1);
		lbmesh_close(conn);
		_exit(0);
	}
	return child;
}

/*
 * Lets the child come to its stop number point, of two for each system call, and kills it there.
 * Returns true when it was killed, false when it had ended before, as it should.
 */
static bool kill_at(pid_t child, unsigned int point, int *status)
{
	waitpid(child, status, 0);
	ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (unsigned int stop = 0; stop < point && WIFSTOPPED(*status); stop++) {
		ptrace(PTRACE_SYSCALL, child, NULL, NULL);
		waitpid(child, status, 0);
	}
	if (!WIFSTOPPED(*status))
		return false;
	kill(child, SIGKILL);
	waitpid(child, status, 0);
	return true;
}

/* The sender of a pending generation has died: it must go back without him, and not before its time. */
static void pending_ends(struct lbmesh *conn)
{
	struct lbmesh_generation generation;

	for (int tries = 0; tries < 10000; tries++) {
		must(lbmesh_generation_get(conn, &generation, NULL));
		if (generation.state != LBMESH_STATE_PENDING &&
		    generation.state != LBMESH_STATE_COMMITTING)
			break;
		pause_ms(1);
	}
}

/* Which of the two states is there; -1 when it is neither. */
static int which(FIXTURE_DATA(sender) * self)
{
	const char *state, *wireguard;

	pending_ends(self->conn);
	state = state_text(self->conn);
	wireguard = wg_settings("wg0");
	for (int i = 0; i < 2; i++) {
		if (!strcmp(self->state[i], state) && !strcmp(self->wireguard[i], wireguard))
			return i;
	}
	printf("# neither old nor new:\n%s\n%s\n", state, wireguard);
	return -1;
}

TEST_F_TIMEOUT(sender, killed_at_any_system_call_leaves_the_old_state_or_the_new_one, PATIENCE)
{
	unsigned int point, ended[2] = {};
	int status;

	for (point = 1; point < POINTS; point++) {
		int found;

		ASSERT_EQ(0, begin(self->conn, variant->drift));
		if (!kill_at(sender_start(variant->send, settle(self->conn)), point, &status))
			break;
		found = which(self);
		ASSERT_LE(0, found) TH_LOG("point %u", point);
		ended[found]++;
	}
	EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	TH_LOG("killed at %u points: %u left the old state, %u the new one", point - 1, ended[0],
	       ended[1]);
	EXPECT_LT(20, point);
	EXPECT_GT(POINTS, point);
}

/* System calls are interrupted where they wait, which tracing does not show. */
TEST_F_TIMEOUT(sender, killed_at_any_moment_leaves_the_old_state_or_the_new_one, PATIENCE)
{
	unsigned int rounds = how_many(20, 1000), ended[2] = {};

	for (unsigned int i = 0; i < rounds; i++) {
		pid_t child;
		int found;

		ASSERT_EQ(0, begin(self->conn, variant->drift));
		child = sender_start(variant->send, settle(self->conn));
		waitpid(child, NULL, 0);
		ptrace(PTRACE_DETACH, child, NULL, NULL);
		usleep(random_below(2 * self->duration_us));
		child_kill(child);
		found = which(self);
		ASSERT_LE(0, found) TH_LOG("round %u", i);
		ended[found]++;
	}
	TH_LOG("killed %u times: %u left the old state, %u the new one", rounds, ended[0],
	       ended[1]);
}

TEST_HARNESS_MAIN
