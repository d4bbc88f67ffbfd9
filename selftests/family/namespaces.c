// SPDX-License-Identifier: GPL-2.0
/*
 * Network namespaces and the module's life: state of one namespace is nobody else's, a namespace
 * can end at any moment, and the module stays as long as one of them has a generation in force.
 * LBMESH_KO is the path of the module, to load it again after it was unloaded.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "util.h"

#define CHURN 50
#define CHURN_PEERS 300
/* wireguard needs long for each peer of an interface that ends with its namespace. */
#define FLIGHT_PEERS 20
/* Tenths of a second that namespaces may need to end, in emulation. */
#define PATIENCE 900

/* How many hold the module, or -1 when it is not loaded. */
static int module_references(void)
{
	char text[16];

	if (sh_read(text, sizeof(text), "cat /sys/module/lbmesh/refcnt 2>/dev/null"))
		return -1;
	return atoi(text);
}

/* Namespaces end some time after their last process. */
static bool references_return_to(int count)
{
	for (int tries = 0; tries < PATIENCE; tries++) {
		if (module_references() == count)
			return true;
		pause_ms(100);
	}
	return false;
}

static int module_unload(void)
{
	return syscall(SYS_delete_module, "lbmesh", O_NONBLOCK) ? errno : 0;
}

/* Others' namespaces may still be ending; the module is not unloaded under them. */
static int module_unload_soon(void)
{
	int error = 0;

	for (int tries = 0; tries < PATIENCE; tries++) {
		error = module_unload();
		if (error != EAGAIN)
			break;
		pause_ms(100);
	}
	return error;
}

static int module_load(void)
{
	const char *path = getenv("LBMESH_KO");
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;

	if (fd < 0)
		return errno;
	error = syscall(SYS_finit_module, fd, "", 0) ? errno : 0;
	close(fd);
	return error;
}

static struct lbmesh_commit *base_new(uint32_t peers)
{
	struct lbmesh_commit *commit = replace_new();
	char prefix[32];

	put_device(commit, 1, "wg0");
	put_network(commit, 1);
	put_member(commit, 1, 1, "10.0.0.1/32", 0);
	for (uint32_t i = 1; i <= peers; i++) {
		put_peer(commit, 1, i, "192.0.2.1");
		snprintf(prefix, sizeof(prefix), "10.1.%u.%u/32", i >> 8, i & 255);
		put_member(commit, 1, 1, prefix, i);
	}
	return commit;
}

FIXTURE(namespaces)
{
	int fd[2];
	struct lbmesh *conn[2];
	struct lbmesh_result result;
};

FIXTURE_SETUP(namespaces)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, namespace_add(i ? "n1" : "n0"));
		self->fd[i] = namespace_open(i ? "n1" : "n0");
		ASSERT_LE(0, self->fd[i]);
		ASSERT_EQ(0, namespace_set(self->fd[i]));
		ASSERT_EQ(0, ip(NULL, "link add wg0 type wireguard\n"));
		ASSERT_EQ(0, lbmesh_open(&self->conn[i], NULL));
	}
}

FIXTURE_TEARDOWN(namespaces)
{
	lbmesh_close(self->conn[0]);
	lbmesh_close(self->conn[1]);
}

static bool event_comes(struct lbmesh *conn, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = lbmesh_event_fd(conn), .events = POLLIN };

	return poll(&poll_fd, 1, timeout_ms) == 1;
}

TEST_F(namespaces, have_states_that_do_not_touch_each_other)
{
	struct lbmesh_commit *commit;

	ASSERT_EQ(0, lbmesh_event_subscribe(self->conn[1], NULL));
	ASSERT_EQ(0, run(self->conn[0], base_new(3), &self->result));
	EXPECT_EQ(1, generation_number(self->conn[0]));
	EXPECT_EQ(0, generation_number(self->conn[1]));
	EXPECT_STREQ("", state_text(self->conn[1]));
	EXPECT_FALSE(event_comes(self->conn[1], 300));

	/* The same ids mean something else there. */
	commit = replace_new();
	put_device(commit, 1, "wg0");
	put_network(commit, 1);
	put_member(commit, 1, 1, "10.9.0.1/32", 0);
	ASSERT_EQ(0, run(self->conn[1], commit, &self->result));
	EXPECT_EQ(1, self->result.generation);
	EXPECT_TRUE(event_comes(self->conn[1], 5000));
	EXPECT_EQ(4, count_members(self->conn[0], 1));
	EXPECT_EQ(1, count_members(self->conn[1], 1));

	ASSERT_EQ(0, flush(self->conn[0], &self->result));
	EXPECT_EQ(0, generation_number(self->conn[0]));
	EXPECT_EQ(1, generation_number(self->conn[1]));
}

TEST_F(namespaces, see_only_their_own_interfaces)
{
	struct lbmesh_commit *commit = replace_new();

	ASSERT_EQ(0, ip("n0", "link add wg7 type wireguard\n"));
	put_device(commit, 1, "wg7");
	EXPECT_EQ(ENODEV, run(self->conn[1], commit, &self->result));
}

TEST_F(namespaces, can_commit_at_the_same_time)
{
	struct lbmesh_commit *commit[2];
	struct lbmesh_result result;
	uint64_t cookie[2];

	for (int i = 0; i < 2; i++) {
		commit[i] = base_new(CHURN_PEERS);
		ASSERT_EQ(0, lbmesh_commit_send(self->conn[i], commit[i], &cookie[i], NULL));
		lbmesh_commit_free(commit[i]);
	}
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, lbmesh_commit_wait(self->conn[i], cookie[i], UTIL_TIMEOUT_MS, &result,
						NULL));
		EXPECT_EQ(1, result.generation);
		EXPECT_EQ(CHURN_PEERS, count_peers(self->conn[i], 0));
	}
}

FIXTURE(module)
{
	int references;
};

FIXTURE_SETUP(module)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	/* What tests before this one left is still ending. */
	references_return_to(0);
	self->references = module_references();
}

FIXTURE_TEARDOWN(module)
{
}

/* Runs one child in a namespace of its own that it leaves as it is. */
static int child_run(uint32_t peers, bool wait)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct lbmesh_commit *commit;
		struct lbmesh_result result;
		struct lbmesh *conn;
		uint64_t cookie;

		if (unshare(CLONE_NEWNET) || ip(NULL, "link add wg0 type wireguard\n"))
			_exit(2);
		if (lbmesh_open(&conn, NULL))
			_exit(3);
		commit = base_new(peers);
		if (lbmesh_commit_send(conn, commit, &cookie, NULL))
			_exit(4);
		if (wait && lbmesh_commit_wait(conn, cookie, UTIL_TIMEOUT_MS, &result, NULL))
			_exit(5);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F_TIMEOUT(module, lets_a_namespace_end_with_a_generation_in_force, 240)
{
	for (int i = 0; i < 5; i++)
		ASSERT_EQ(0, child_run(20, true));
	EXPECT_TRUE(references_return_to(self->references))
		TH_LOG("%d references instead of %d", module_references(), self->references);
}

TEST_F_TIMEOUT(module, lets_a_namespace_end_with_a_job_in_flight, 240)
{
	for (int i = 0; i < CHURN; i++) {
		ASSERT_EQ(0, child_run(FLIGHT_PEERS, false))
			TH_LOG("round %d", i);
	}
	EXPECT_TRUE(references_return_to(self->references))
		TH_LOG("%d references instead of %d", module_references(), self->references);
}

TEST_F_TIMEOUT(module, is_not_unloaded_while_a_generation_is_in_force, 240)
{
	struct lbmesh_result result;
	struct lbmesh *conn;

	if (!getenv("LBMESH_KO"))
		SKIP(return, "LBMESH_KO does not name the module");
	ASSERT_EQ(0, ip(NULL, "link add wg0 type wireguard\n"));
	ASSERT_EQ(0, lbmesh_open(&conn, NULL));
	ASSERT_EQ(0, run(conn, base_new(20), &result)) TH_LOG("\"%s\"", result.error.message);
	EXPECT_LT(self->references, module_references());
	EXPECT_EQ(EAGAIN, module_unload());
	EXPECT_NE(0, sh_try("rmmod lbmesh"));
	EXPECT_EQ(1, generation_number(conn));
	EXPECT_EQ(20, wg_peers("wg0"));

	ASSERT_EQ(0, flush(conn, &result));
	EXPECT_EQ(0, module_unload_soon());
	EXPECT_EQ(-1, module_references());
	ASSERT_EQ(0, module_load());
	lbmesh_close(conn);

	ASSERT_EQ(0, lbmesh_open(&conn, NULL));
	EXPECT_EQ(0, generation_number(conn));
	ASSERT_EQ(0, run(conn, base_new(1), &result)) TH_LOG("\"%s\"", result.error.message);
	EXPECT_EQ(1, wg_peers("wg0"));
	lbmesh_close(conn);
}

TEST_F_TIMEOUT(module, is_loaded_and_unloaded_again_and_again, 240)
{
	if (!getenv("LBMESH_KO"))
		SKIP(return, "LBMESH_KO does not name the module");
	for (int i = 0; i < 10; i++) {
		struct lbmesh *conn;

		ASSERT_EQ(0, module_unload_soon());
		ASSERT_NE(0, lbmesh_open(&conn, NULL)) TH_LOG("the family is still there");
		ASSERT_EQ(0, module_load());
		ASSERT_EQ(0, lbmesh_open(&conn, NULL));
		EXPECT_EQ(0, generation_number(conn));
		lbmesh_close(conn);
	}
}

TEST_HARNESS_MAIN
