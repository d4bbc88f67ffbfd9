// SPDX-License-Identifier: GPL-2.0
/*
 * Goal R13: anybody may make a user namespace, and is root in it. One who fills everything that his
 * network namespace may have is stopped by its limits, each with a sentence that names it; what the
 * machine pays for it is bounded, known, and charged to his memory control group; and it comes back.
 */

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "stress.h"
#include "util.h"

#define CGROUPS "/sys/fs/cgroup/"
#define CGROUP	CGROUPS "hostile/"
/* Objects in a message that the buffer of an ordinary socket takes. */
#define CHUNK 1000
/* Of memory, about half of what the whole is charged. */
#define SMALL_MIB 24

/* What a child tells, in shared memory. */
struct report {
	/* Kinds that were stopped with the sentence that names them. */
	unsigned int stopped;
	/* Commits that were accepted. */
	unsigned int commits;
	/* How the first commit failed that should not have. */
	int error;
	char message[LBMESH_MESSAGE_SIZE];
	volatile bool full;
	volatile bool end;
};

static struct report *report;

/* Filling. */

struct hostile {
	struct lbmesh *conn;
	struct lbmesh_counts limits;
	uint64_t generation;
};

/* Each adds number i, from 1; the last that is accepted is the limit's. */

static void put_device_number(struct lbmesh_commit *commit, const struct hostile *hostile,
			      uint32_t i)
{
	char ifname[16];

	(void)hostile;
	snprintf(ifname, sizeof(ifname), "wg%u", i);
	put_device(commit, i, ifname);
}

static void put_network_number(struct lbmesh_commit *commit, const struct hostile *hostile,
			       uint32_t i)
{
	(void)hostile;
	put_network(commit, i);
}

/* Between any two of the first hundred networks. */
static void put_bridge_number(struct lbmesh_commit *commit, const struct hostile *hostile,
			      uint32_t i)
{
	uint32_t a = 1, n = i;

	(void)hostile;
	while (n > a) {
		n -= a;
		a++;
	}
	put_bridge(commit, i, a + 1, n);
}

static void put_peer_number(struct lbmesh_commit *commit, const struct hostile *hostile, uint32_t i)
{
	put_peer(commit, 1 + i % hostile->limits.devices, i, NULL);
}

static void put_member_number(struct lbmesh_commit *commit, const struct hostile *hostile,
			      uint32_t i)
{
	uint32_t peer = 1 + i % hostile->limits.peers;
	char prefix[48];

	snprintf(prefix, sizeof(prefix), "fd00::%x:%x/128", i >> 16, i & 0xffff);
	put_member(commit, 1 + i % hostile->limits.networks, 1 + peer % hostile->limits.devices,
		   prefix, peer);
}

static int run_next(struct hostile *hostile, struct lbmesh_commit *commit)
{
	struct lbmesh_result result;
	int error = run(hostile->conn, commit, &result);

	if (!error) {
		hostile->generation = result.generation;
		report->commits++;
	}
	snprintf(report->message, sizeof(report->message), "%s", result.error.message);
	return error;
}

/* Up to the limit, and one more, which must be refused by name. Returns 0 or an errno. */
static int fill(struct hostile *hostile, const char *name, uint32_t limit,
		void (*put)(struct lbmesh_commit *commit, const struct hostile *hostile,
			    uint32_t i))
{
	struct lbmesh_commit *commit;
	uint32_t i = 1;
	int error;

	while (i <= limit) {
		commit = delta_new(hostile->generation);
		for (uint32_t n = CHUNK; i <= limit && n--; i++)
			put(commit, hostile, i);
		error = run_next(hostile, commit);
		if (error)
			return error;
	}
	commit = delta_new(hostile->generation);
	put(commit, hostile, i);
	error = run_next(hostile, commit);
	if (error == ENOSPC && strncmp(report->message, name, strlen(name)) == 0)
		report->stopped++;
	else
		printf("# one more %s: errno %d \"%s\"\n", name, error, report->message);
	return 0;
}

static int fill_all(struct hostile *hostile)
{
	const struct lbmesh_counts *limits = &hostile->limits;

	return fill(hostile, "device", limits->devices, put_device_number) ?:
	       fill(hostile, "network", limits->networks, put_network_number) ?:
	       fill(hostile, "bridge", limits->bridges, put_bridge_number) ?:
	       fill(hostile, "peer", limits->peers, put_peer_number) ?:
	       fill(hostile, "member", limits->members, put_member_number);
}

/* In a child: a namespace of its own, filled; it ends when we say so. */
static int attack(void *data)
{
	struct hostile hostile = {};
	struct lbmesh_result result;
	struct lbmesh_info info;

	if (data && file_write(CGROUP "cgroup.procs", "0"))
		return 1;
	if (user_namespace_enter(CLONE_NEWNET) || lbmesh_open(&hostile.conn, NULL) ||
	    lbmesh_info_get(hostile.conn, &info, NULL))
		return 2;
	hostile.limits = info.limits;
	/* One more than the limit, to be refused for the limit alone. */
	for (uint32_t i = 1; i <= info.limits.devices + 1; i++) {
		char ifname[16];

		snprintf(ifname, sizeof(ifname), "wg%u", i);
		if (link_add(ifname, "wireguard"))
			return 3;
	}
	if (run(hostile.conn, replace_new(), &result))
		return 4;
	hostile.generation = result.generation;
	report->error = fill_all(&hostile);
	report->full = true;
	while (!report->end)
		pause_ms(50);
	return 0;
}

FIXTURE(hostile_root)
{
	int references;
};

FIXTURE_SETUP(hostile_root)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	file_write(CGROUPS "cgroup.subtree_control", "+memory");
	mkdir(CGROUP, 0755);
	if (access(CGROUP "memory.max", W_OK))
		SKIP(return, "this kernel has no memory control groups");
	report = shared_new(sizeof(*report));
	references_return_to(0);
	self->references = module_references("lbmesh");
}

FIXTURE_TEARDOWN(hostile_root)
{
	rmdir(CGROUP);
}

/* Waits until the child has filled its namespace, or has ended; true for the former. */
static bool wait_full(pid_t child)
{
	siginfo_t info = {};

	while (!report->full && !info.si_pid) {
		pause_ms(50);
		waitid(P_PID, child, &info, WEXITED | WNOHANG | WNOWAIT);
	}
	return report->full;
}

static long number_in(const char *path)
{
	char text[32] = "";
	FILE *file = fopen(path, "re");

	if (!file)
		return -1;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return atol(text);
}

TEST_F_TIMEOUT(hostile_root, is_stopped_by_each_limit_and_costs_what_is_known, PATIENCE)
{
	unsigned int rounds = how_many(5, 100);
	long before = 0, most = 0, least = LONG_MAX, charged = 0, after;

	for (unsigned int i = 0; i <= rounds; i++) {
		long full;
		pid_t child;

		memset(report, 0, sizeof(*report));
		/* The first is to warm up. */
		if (i < 2)
			before = kernel_memory();
		child = child_start(attack, "in the control group");
		ASSERT_TRUE(wait_full(child)) TH_LOG("status %d", child_wait(child));
		ASSERT_EQ(0, report->error) TH_LOG("\"%s\"", report->message);
		EXPECT_EQ(5, report->stopped);
		full = kernel_memory() - before;
		charged = number_in(CGROUP "memory.current");
		report->end = true;
		ASSERT_EQ(0, child_wait(child));
		ASSERT_TRUE(references_return_to(self->references));
		if (i) {
			most = full > most ? full : most;
			least = full < least ? full : least;
		}
	}
	after = kernel_memory();
	TH_LOG("%u full namespaces, each of which cost from %ld to %ld MiB, of which %ld MiB were charged; %+ld KiB in the end",
	       rounds, least / 1024, most / 1024, charged >> 20, after - before);
	EXPECT_LT(0, charged);
	/* 64 interfaces and 20,480 peers are WireGuard's, and cost the most. */
	EXPECT_GT(512 * 1024, most);
	EXPECT_GE(before + before / 20, after);
}

TEST_F_TIMEOUT(hostile_root, in_a_small_control_group_gets_enomem_or_is_killed, PATIENCE)
{
	int status, error;
	char text[32];
	pid_t child;

	snprintf(text, sizeof(text), "%d", SMALL_MIB << 20);
	ASSERT_EQ(0, file_write(CGROUP "memory.max", text));
	child = child_start(attack, "in the control group");
	if (wait_full(child))
		report->end = true;
	status = child_wait(child);
	error = report->full ? report->error : 0;
	TH_LOG("with %d MiB: exit status %d, errno %d \"%s\", after %u commits", SMALL_MIB, status,
	       error, report->message, report->commits);
	EXPECT_LT(0, report->commits);
	EXPECT_TRUE(status == 128 + SIGKILL || (status == 0 && error == ENOMEM));
	/* Nobody else is hurt. */
	ASSERT_EQ(0, file_write(CGROUP "memory.max", "max"));
	ASSERT_TRUE(references_return_to(self->references));
	ASSERT_EQ(0, namespace_enter());
	ASSERT_EQ(0, link_add("wg0", "wireguard"));
	{
		struct lbmesh_result result;
		struct lbmesh *conn;

		ASSERT_EQ(0, lbmesh_open(&conn, NULL));
		EXPECT_EQ(0, run(conn, mesh_new(), &result)) TH_LOG("\"%s\"", result.error.message);
		lbmesh_close(conn);
	}
}

TEST_HARNESS_MAIN
