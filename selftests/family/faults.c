// SPDX-License-Identifier: GPL-2.0
/*
 * What the handlers do when memory runs out: every allocation of a request fails in turn (fail-nth
 * of the kernel's fault injection, goal R1). An error must mean that nothing has changed; and the
 * state is the old one or the new one, whatever was answered. The same for the allocations of a job,
 * which runs in a worker: all threads that may be it are told to fail. Runs only where the kernel
 * injects faults: scripts/uml -v debug.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "raw.h"
#include "util.h"

/* More points than any request has. */
#define POINTS 2000

FIXTURE(faults)
{
	struct lbmesh *conn;
	struct raw raw;
	int nth;
	char old[4096];
	char new[4096];
};

/* Faults also where the caller could wait, and without a line in the log for each. */
static int injection_enable(void)
{
	static const char *const knobs[] = {
		"failslab/ignore-gfp-wait", "fail_page_alloc/ignore-gfp-wait",
		"fail_page_alloc/ignore-gfp-highmem",
	};
	char path[128];

	for (size_t i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
		int fd;

		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", knobs[i]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "N", 1) != 1)
			return -errno;
		close(fd);
	}
	return sh("for d in failslab fail_page_alloc; do echo 0 >/sys/kernel/debug/$d/verbose; done;"
		  "echo 0 >/sys/kernel/debug/fail_page_alloc/min-order");
}

static struct lbmesh_commit *base_new(void)
{
	struct lbmesh_commit *commit = replace_new();

	put_device(commit, 1, "wg0");
	put_network(commit, 1);
	put_network(commit, 2);
	put_bridge(commit, 1, 1, 2);
	for (uint32_t key = 100; key < 104; key++)
		put_peer(commit, 1, key, NULL);
	put_member(commit, 1, 1, "10.0.0.1/32", 0);
	put_member(commit, 1, 1, "10.0.0.2/32", 100);
	put_member(commit, 2, 1, "10.0.0.3/32", 101);
	put_member(commit, 1, 1, "fd00::4/128", 102);
	return commit;
}

static void put_raw_member(struct raw *raw, const char *address, uint32_t network, uint32_t key)
{
	size_t nest = raw_nest(raw, LBMESH_A_MEMBER);
	struct lbmesh_prefix prefix;

	must(lbmesh_prefix_parse(address, &prefix));
	raw_put_u32(raw, LBMESH_A_MEMBER_DEVICE, 1);
	raw_put(raw, LBMESH_A_MEMBER_IPV4, prefix.addr, 4);
	if (!network) {
		raw_put(raw, LBMESH_A_MEMBER_REMOVE, NULL, 0);
	} else {
		raw_put_u32(raw, LBMESH_A_MEMBER_NETWORK, network);
		raw_put(raw, LBMESH_A_MEMBER_PUBLIC_KEY, key_of(key), LBMESH_KEY_LEN);
	}
	raw_nest_end(raw, nest);
}

/* A delta that adds, changes, moves and removes. */
static void delta_begin(struct raw *raw, uint64_t expect_gen)
{
	size_t nest;

	raw_begin(raw, LBMESH_CMD_COMMIT, NLM_F_ACK);
	raw_put_u8(raw, LBMESH_A_MODE, LBMESH_COMMIT_MODE_DELTA);
	raw_put(raw, LBMESH_A_EXPECT_GEN, &expect_gen, sizeof(expect_gen));
	nest = raw_nest(raw, LBMESH_A_PEER);
	raw_put_u32(raw, LBMESH_A_PEER_DEVICE, 1);
	raw_put(raw, LBMESH_A_PEER_PUBLIC_KEY, key_of(103), LBMESH_KEY_LEN);
	raw_put(raw, LBMESH_A_PEER_REMOVE, NULL, 0);
	raw_nest_end(raw, nest);
	nest = raw_nest(raw, LBMESH_A_PEER);
	raw_put_u32(raw, LBMESH_A_PEER_DEVICE, 1);
	raw_put(raw, LBMESH_A_PEER_PUBLIC_KEY, key_of(104), LBMESH_KEY_LEN);
	raw_nest_end(raw, nest);
	put_raw_member(raw, "10.0.0.2/32", 1, 101);
	put_raw_member(raw, "10.0.0.3/32", 0, 0);
	put_raw_member(raw, "10.0.0.5/32", 2, 104);
}

/* The number in force, once no job is running. */
static uint64_t settle(struct lbmesh *conn)
{
	struct lbmesh_generation generation;

	for (int tries = 0; tries < 5000; tries++) {
		must(lbmesh_generation_get(conn, &generation, NULL));
		if (generation.state != LBMESH_STATE_COMMITTING)
			return generation.number;
		pause_ms(2);
	}
	return UINT64_MAX;
}

/*
 * Sends what was built while its allocation number n fails. Sets *reached to whether it has that
 * many. Returns the errno of the ACK; 0 too when the fault has taken the ACK itself.
 */
static int send_failing(struct raw *raw, int fd, int n, bool *reached)
{
	struct raw_answer answer;
	char text[16];
	ssize_t got;

	snprintf(text, sizeof(text), "%d", n);
	if (write(fd, text, strlen(text)) < 0)
		return -errno;
	answer.error = -raw_send(raw);
	got = pread(fd, text, sizeof(text) - 1, 0);
	if (write(fd, "0", 1) != 1 || got <= 0)
		return -EIO;
	text[got] = '\0';
	*reached = atoi(text) == 0;
	if (!answer.error)
		answer = raw_wait(raw, raw->sequence);
	/* Sent, and nothing came back. */
	if (answer.error == EAGAIN || answer.error == ENOBUFS)
		return 0;
	return answer.error;
}

FIXTURE_SETUP(faults)
{
	struct lbmesh_result result;
	struct lbmesh_error error;

	if (access("/proc/thread-self/fail-nth", W_OK))
		SKIP(return, "this kernel injects no faults");
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, injection_enable());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, ip(NULL, "link add wg0 type wireguard\n"));
	ASSERT_EQ(0, lbmesh_open(&self->conn, &error))
		TH_LOG("%s", error.message);
	ASSERT_EQ(0, raw_open(&self->raw));
	ASSERT_EQ(0, fcntl(mnl_socket_get_fd(self->raw.socket), F_SETFL, O_NONBLOCK));
	self->nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->nth);
	ASSERT_EQ(0, run(self->conn, base_new(), &result));
	snprintf(self->old, sizeof(self->old), "%s", state_text(self->conn));
}

FIXTURE_TEARDOWN(faults)
{
	close(self->nth);
	raw_close(&self->raw);
	lbmesh_close(self->conn);
}

TEST_F_TIMEOUT(faults, leave_the_old_generation_or_the_new_one_and_an_error_the_old, 300)
{
	struct lbmesh_result result;
	int refused = 0, n;
	uint64_t before, after;
	bool reached = true;

	before = settle(self->conn);
	delta_begin(&self->raw, before);
	ASSERT_EQ(0, raw_ask(&self->raw).error);
	settle(self->conn);
	snprintf(self->new, sizeof(self->new), "%s", state_text(self->conn));
	ASSERT_STRNE(self->old, self->new);

	for (n = 1; n < POINTS && reached; n++) {
		int error;

		ASSERT_EQ(0, run(self->conn, base_new(), &result));
		before = settle(self->conn);
		delta_begin(&self->raw, before);
		error = send_failing(&self->raw, self->nth, n, &reached);
		ASSERT_LE(0, error);
		after = settle(self->conn);
		refused += error != 0;
		if (error)
			EXPECT_EQ(before, after)
				TH_LOG("allocation %d: error %d, and yet a new generation", n, error);
		EXPECT_STREQ(after == before ? self->old : self->new, state_text(self->conn))
			TH_LOG("allocation %d", n);
	}
	TH_LOG("%d allocations, %d of which refused the commit", n - 1, refused);
	EXPECT_FALSE(reached);
	/* Or the test has injected nothing. */
	EXPECT_LT(10, refused);
}

TEST_F_TIMEOUT(faults, of_questions_and_flush_change_nothing_else, 300)
{
	static const uint8_t commands[] = {
		LBMESH_CMD_INFO_GET, LBMESH_CMD_GENERATION_GET, LBMESH_CMD_FLUSH,
	};
	struct lbmesh_result result;

	for (size_t i = 0; i < sizeof(commands); i++) {
		bool reached = true;
		int n;

		for (n = 1; n < POINTS && reached; n++) {
			uint64_t before = settle(self->conn), after;
			int error;

			raw_begin(&self->raw, commands[i], NLM_F_ACK);
			error = send_failing(&self->raw, self->nth, n, &reached);
			ASSERT_LE(0, error);
			after = settle(self->conn);
			if (error || commands[i] != LBMESH_CMD_FLUSH)
				EXPECT_EQ(before, after);
			if (!after)
				ASSERT_EQ(0, run(self->conn, base_new(), &result));
			EXPECT_STREQ(self->old, state_text(self->conn));
		}
		EXPECT_FALSE(reached);
	}
}

/* Files of the workers that may run a job, open for as long as they are armed. */
static int armed[256];
static size_t n_armed;

static bool is_worker(const char *pid)
{
	char path[300], text[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = pid[0] >= '0' && pid[0] <= '9' ? fopen(path, "r") : NULL;
	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return !strncmp(text, "kworker/u", 9);
}

/* The allocation number n of each worker will fail. */
static void workers_arm(int n)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	n_armed = 0;
	while (proc && n_armed < 256 && (entry = readdir(proc))) {
		char path[300];

		if (!is_worker(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/fail-nth", entry->d_name);
		armed[n_armed] = open(path, O_RDWR | O_CLOEXEC);
		if (armed[n_armed] >= 0 && dprintf(armed[n_armed], "%d", n) > 0)
			n_armed++;
	}
	if (proc)
		closedir(proc);
}

/* Returns whether one of the workers has had its fault. */
static bool workers_disarm(void)
{
	bool failed = false;

	for (size_t i = 0; i < n_armed; i++) {
		char text[16] = "";

		if (pread(armed[i], text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0)
			failed = true;
		dprintf(armed[i], "0");
		close(armed[i]);
	}
	n_armed = 0;
	return failed;
}

TEST_F_TIMEOUT(faults, in_a_job_leave_wireguard_and_the_module_old_or_new, 600)
{
	char wg_old[4096], wg_new[4096];
	struct lbmesh_result result;
	int refused = 0, n;
	bool reached = true;

	snprintf(wg_old, sizeof(wg_old), "%s", wg_state("wg0"));
	delta_begin(&self->raw, settle(self->conn));
	ASSERT_EQ(0, raw_ask(&self->raw).error);
	settle(self->conn);
	snprintf(self->new, sizeof(self->new), "%s", state_text(self->conn));
	snprintf(wg_new, sizeof(wg_new), "%s", wg_state("wg0"));
	for (n = 1; n < POINTS && reached; n++) {
		struct lbmesh_generation generation;

		ASSERT_EQ(0, run(self->conn, base_new(), &result));
		ASSERT_STREQ(wg_old, wg_state("wg0"));
		delta_begin(&self->raw, settle(self->conn));
		workers_arm(n);
		raw_ask(&self->raw);
		settle(self->conn);
		reached = workers_disarm();
		must(lbmesh_generation_get(self->conn, &generation, NULL));
		refused += generation.last.error.code != 0;
		EXPECT_STREQ(generation.last.error.code ? self->old : self->new,
			     state_text(self->conn))
			TH_LOG("allocation %d: %s", n, generation.last.error.message);
		EXPECT_STREQ(generation.last.error.code ? wg_old : wg_new, wg_state("wg0"))
			TH_LOG("allocation %d: error %d \"%s\"", n, generation.last.error.code,
			       generation.last.error.message);
	}
	TH_LOG("%d allocations, %d of which failed the job", n - 1, refused);
	EXPECT_LT(10, refused);
}

TEST_HARNESS_MAIN
