// SPDX-License-Identifier: GPL-2.0
/*
 * Goal R1: memory runs out. Every allocation of a request fails in turn (fail-nth of the kernel's fault
 * injection), then every allocation of the job that the request makes, which runs in a worker: all
 * threads that may be it are told to fail. After each, the module and WireGuard have all of the old
 * state or all of the new, and an error means the old. The same for questions and dumps. How many points
 * there were is printed. The birth of a namespace and the loading of the module are not here: the
 * kernel's own code warns when memory runs out there.
 *
 * Runs only where the kernel injects faults: scripts/uml -v debug.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "policy.h"
#include "raw.h"
#include "util.h"

/* More points than anything here has. */
#define POINTS 5000
/* A worker that was not there when the others were told may have run the job: so often in a row. */
#define MISSES 5
/* An hour: no test waits for it. */
#define CONFIRM_MS 3600000

/* --- Injecting ------------------------------------------------------------------------------- */

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

/* This thread's file; its allocation number n from now on fails. */
static int nth_open(void)
{
	return open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
}

static void nth_arm(int fd, int n)
{
	/* A worker that was idle may have ended meanwhile. */
	if (dprintf(fd, "%d", n) < 0 && errno != ESRCH)
		must(-errno);
}

/* Returns whether the allocation came to pass. */
static bool nth_disarm(int fd)
{
	char text[16] = "";
	bool reached = pread(fd, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;

	nth_arm(fd, 0);
	return reached;
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
		if (nth_disarm(armed[i]))
			failed = true;
		close(armed[i]);
	}
	n_armed = 0;
	return failed;
}

/* --- States ----------------------------------------------------------------------------------- */

static struct lbmesh_commit *base_new(void)
{
	struct lbmesh_device device = {
		.id = 1, .ifname = "wg0", .private_key = key_of(0x5eed0000),
		.has_fwmark = true, .fwmark = 7,
	};
	struct lbmesh_commit *commit = replace_new();

	must(lbmesh_commit_put_device(commit, &device));
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

/* Once no job is running. */
static struct lbmesh_generation settle(struct lbmesh *conn)
{
	struct lbmesh_generation generation = {};

	for (int tries = 0; tries < 5000; tries++) {
		must(lbmesh_generation_get(conn, &generation, NULL));
		if (generation.state != LBMESH_STATE_COMMITTING)
			return generation;
		pause_ms(2);
	}
	must(-ETIMEDOUT);
	return generation;
}

/* All that can be seen: the module's state, whether it is pending, and WireGuard's. */
struct look {
	char module[4096];
	char wireguard[4096];
};

static void look(struct lbmesh *conn, struct look *look)
{
	enum lbmesh_state state = settle(conn).state;

	snprintf(look->module, sizeof(look->module), "%s %s", lbmesh_state_name(state),
		 state_text(conn));
	snprintf(look->wireguard, sizeof(look->wireguard), "%s", wg_settings("wg0"));
}

static bool looks_like(const struct look *look, const struct look *other)
{
	return !strcmp(look->module, other->module) && !strcmp(look->wireguard, other->wireguard);
}

static void look_print(const char *what, const struct look *look)
{
	printf("# %s:\n%s%s", what, look->module, look->wireguard);
}

/* --- What may fail ------------------------------------------------------------------------------ */

/* The interface has somebody's peers, which a first commit takes off and its failure brings back. */
static int prepare_nothing(struct lbmesh *conn)
{
	struct lbmesh_result result;
	int error = flush(conn, &result);

	return error ?: sh("wg set wg0 fwmark 9 peer '%s' allowed-ips 10.7.0.0/16,fd07::/16 "
			   "persistent-keepalive 9 peer '%s' endpoint 192.0.2.7:7777",
			   key_text(700), key_text(701));
}

static int prepare_base(struct lbmesh *conn)
{
	struct lbmesh_result result;

	return flush(conn, &result) ?: run(conn, base_new(), &result);
}

static int prepare_pending(struct lbmesh *conn)
{
	struct lbmesh_commit *commit;
	struct lbmesh_result result;
	int error = prepare_base(conn);

	if (error)
		return error;
	commit = delta_new(generation_number(conn));
	put_peer(commit, 1, 104, NULL);
	remove_peer(commit, 1, 103);
	put_member(commit, 1, 1, "10.0.0.2/32", 101);
	put_member(commit, 2, 1, "10.0.0.5/32", 104);
	remove_member(commit, 1, "10.0.0.3/32");
	lbmesh_commit_set_confirm_timeout(commit, CONFIRM_MS);
	return run(conn, commit, &result);
}

static int prepare_drift(struct lbmesh *conn)
{
	int error = prepare_base(conn);

	return error ?: sh("wg set wg0 fwmark 9 peer '%s' remove "
			   "peer '%s' allowed-ips 10.0.0.2/32,10.9.9.9/32 "
			   "peer '%s' persistent-keepalive 20 allowed-ips 10.8.8.8/32",
			   key_text(103), key_text(105), key_text(101));
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
		if (key)
			raw_put(raw, LBMESH_A_MEMBER_PUBLIC_KEY, key_of(key), LBMESH_KEY_LEN);
	}
	raw_nest_end(raw, nest);
}

static size_t begin_raw_peer(struct raw *raw, uint32_t key)
{
	size_t nest = raw_nest(raw, LBMESH_A_PEER);

	raw_put_u32(raw, LBMESH_A_PEER_DEVICE, 1);
	raw_put(raw, LBMESH_A_PEER_PUBLIC_KEY, key_of(key), LBMESH_KEY_LEN);
	return nest;
}

static void begin_commit(struct raw *raw, uint8_t mode)
{
	raw_begin(raw, LBMESH_CMD_COMMIT, NLM_F_ACK);
	raw_put_u8(raw, LBMESH_A_MODE, mode);
}

static void begin_delta(struct raw *raw, uint64_t generation)
{
	begin_commit(raw, LBMESH_COMMIT_MODE_DELTA);
	raw_put(raw, LBMESH_A_EXPECT_GEN, &generation, sizeof(generation));
}

static void build_first(struct raw *raw, uint64_t generation)
{
	uint16_t port = 5555;
	size_t nest;

	(void)generation;
	begin_commit(raw, LBMESH_COMMIT_MODE_REPLACE);
	nest = raw_nest(raw, LBMESH_A_DEVICE);
	raw_put_u32(raw, LBMESH_A_DEVICE_ID, 1);
	raw_put(raw, LBMESH_A_DEVICE_IFNAME, "wg0", 4);
	raw_put(raw, LBMESH_A_DEVICE_PRIVATE_KEY, key_of(0x5eed0100), LBMESH_KEY_LEN);
	raw_put_u32(raw, LBMESH_A_DEVICE_FWMARK, 8);
	raw_nest_end(raw, nest);
	nest = raw_nest(raw, LBMESH_A_NETWORK);
	raw_put_u32(raw, LBMESH_A_NETWORK_ID, 1);
	raw_nest_end(raw, nest);
	for (uint32_t key = 100; key < 103; key++)
		raw_nest_end(raw, begin_raw_peer(raw, key));
	/* One of somebody's peers, with an endpoint and one other address. */
	nest = begin_raw_peer(raw, 700);
	raw_put(raw, LBMESH_A_PEER_PRESHARED_KEY, key_of(500), LBMESH_KEY_LEN);
	raw_put(raw, LBMESH_A_PEER_ENDPOINT_IPV4, "\xc0\x00\x02\x01", 4);
	raw_put(raw, LBMESH_A_PEER_ENDPOINT_PORT, &port, sizeof(port));
	raw_nest_end(raw, nest);
	put_raw_member(raw, "10.0.0.1/32", 1, 0);
	put_raw_member(raw, "10.0.0.2/32", 1, 100);
	put_raw_member(raw, "10.0.0.3/32", 1, 700);
}

/* What is there becomes something else. */
static void build_update(struct raw *raw, uint64_t generation)
{
	uint16_t port = 5555, keepalive = 25;
	size_t nest;

	begin_delta(raw, generation);
	nest = raw_nest(raw, LBMESH_A_DEVICE);
	raw_put_u32(raw, LBMESH_A_DEVICE_ID, 1);
	raw_put(raw, LBMESH_A_DEVICE_IFNAME, "wg0", 4);
	raw_put(raw, LBMESH_A_DEVICE_PRIVATE_KEY, key_of(0x5eed0100), LBMESH_KEY_LEN);
	raw_put_u32(raw, LBMESH_A_DEVICE_FWMARK, 8);
	raw_nest_end(raw, nest);
	nest = begin_raw_peer(raw, 100);
	raw_put(raw, LBMESH_A_PEER_PRESHARED_KEY, key_of(500), LBMESH_KEY_LEN);
	raw_put(raw, LBMESH_A_PEER_ENDPOINT_IPV4, "\xc0\x00\x02\x01", 4);
	raw_put(raw, LBMESH_A_PEER_ENDPOINT_PORT, &port, sizeof(port));
	raw_put(raw, LBMESH_A_PEER_KEEPALIVE, &keepalive, sizeof(keepalive));
	raw_nest_end(raw, nest);
	put_raw_member(raw, "10.0.0.2/32", 2, 101);
	put_raw_member(raw, "10.0.0.3/32", 2, 100);
}

/* A delta that adds, moves and removes. */
static void build_delta(struct raw *raw, uint64_t generation)
{
	size_t nest;

	begin_delta(raw, generation);
	nest = begin_raw_peer(raw, 103);
	raw_put(raw, LBMESH_A_PEER_REMOVE, NULL, 0);
	raw_nest_end(raw, nest);
	raw_nest_end(raw, begin_raw_peer(raw, 104));
	put_raw_member(raw, "10.0.0.2/32", 1, 101);
	put_raw_member(raw, "10.0.0.3/32", 0, 0);
	put_raw_member(raw, "10.0.0.5/32", 2, 104);
}

static void build_pending(struct raw *raw, uint64_t generation)
{
	build_delta(raw, generation);
	raw_put_u32(raw, LBMESH_A_CONFIRM_TIMEOUT, CONFIRM_MS);
}

/* All but the device goes. */
static void build_delete(struct raw *raw, uint64_t generation)
{
	size_t nest;

	(void)generation;
	begin_commit(raw, LBMESH_COMMIT_MODE_REPLACE);
	nest = raw_nest(raw, LBMESH_A_DEVICE);
	raw_put_u32(raw, LBMESH_A_DEVICE_ID, 1);
	raw_put(raw, LBMESH_A_DEVICE_IFNAME, "wg0", 4);
	raw_nest_end(raw, nest);
}

static void build_flush(struct raw *raw, uint64_t generation)
{
	(void)generation;
	raw_begin(raw, LBMESH_CMD_FLUSH, NLM_F_ACK);
}

static void build_confirm(struct raw *raw, uint64_t generation)
{
	raw_begin(raw, LBMESH_CMD_CONFIRM, NLM_F_ACK);
	raw_put(raw, LBMESH_A_GENERATION, &generation, sizeof(generation));
}

static void build_revert(struct raw *raw, uint64_t generation)
{
	raw_begin(raw, LBMESH_CMD_REVERT, NLM_F_ACK);
	raw_put(raw, LBMESH_A_GENERATION, &generation, sizeof(generation));
}

static void build_audit(struct raw *raw, uint64_t generation)
{
	(void)generation;
	raw_begin(raw, LBMESH_CMD_AUDIT, NLM_F_ACK);
}

static void build_repair(struct raw *raw, uint64_t generation)
{
	(void)generation;
	raw_begin(raw, LBMESH_CMD_REPAIR, NLM_F_ACK);
}

/* --- Requests and their jobs --------------------------------------------------------------------- */

FIXTURE(faults)
{
	struct lbmesh *conn;
	struct raw raw;
	int nth;
	struct look old;
	struct look new;
	/* A repair that fails half-way has mended something. */
	unsigned int halves;
};

FIXTURE_VARIANT(faults)
{
	int (*prepare)(struct lbmesh *conn);
	void (*build)(struct raw *raw, uint64_t generation);
	bool repairs;
};

FIXTURE_VARIANT_ADD(faults, of_a_first_commit) { prepare_nothing, build_first, false };
FIXTURE_VARIANT_ADD(faults, of_an_update) { prepare_base, build_update, false };
FIXTURE_VARIANT_ADD(faults, of_a_delta) { prepare_base, build_delta, false };
FIXTURE_VARIANT_ADD(faults, of_a_commit_to_confirm) { prepare_base, build_pending, false };
FIXTURE_VARIANT_ADD(faults, of_a_deletion) { prepare_base, build_delete, false };
FIXTURE_VARIANT_ADD(faults, of_a_flush) { prepare_base, build_flush, false };
FIXTURE_VARIANT_ADD(faults, of_a_confirm) { prepare_pending, build_confirm, false };
FIXTURE_VARIANT_ADD(faults, of_a_revert) { prepare_pending, build_revert, false };
FIXTURE_VARIANT_ADD(faults, of_an_audit) { prepare_drift, build_audit, false };
FIXTURE_VARIANT_ADD(faults, of_a_repair) { prepare_drift, build_repair, true };

#define SETUP_CONNECTIONS(self) do { \
	struct lbmesh_error error_ = {}; \
	if (access("/proc/thread-self/fail-nth", W_OK)) \
		SKIP(return, "this kernel injects no faults"); \
	if (missing_family()) \
		SKIP(return, "%s", missing_family()); \
	ASSERT_EQ(0, injection_enable()); \
	ASSERT_EQ(0, namespace_enter()); \
	if (missing_wireguard()) \
		SKIP(return, "%s", missing_wireguard()); \
	ASSERT_EQ(0, ip(NULL, "link add wg0 type wireguard\nlink set wg0 up\n")); \
	ASSERT_EQ(0, lbmesh_open(&(self)->conn, &error_)) \
		TH_LOG("%s", error_.message); \
	ASSERT_EQ(0, raw_open(&(self)->raw)); \
	ASSERT_EQ(0, fcntl(mnl_socket_get_fd((self)->raw.socket), F_SETFL, O_NONBLOCK)); \
	(self)->nth = nth_open(); \
	ASSERT_LE(0, (self)->nth); \
} while (0)

FIXTURE_SETUP(faults)
{
	SETUP_CONNECTIONS(self);
	/* What it comes to when nothing fails. Some settings of an interface stay in a flush. */
	ASSERT_EQ(0, variant->prepare(self->conn));
	variant->build(&self->raw, settle(self->conn).number);
	ASSERT_EQ(0, raw_ask(&self->raw).error);
	look(self->conn, &self->new);
	ASSERT_EQ(0, variant->prepare(self->conn));
	look(self->conn, &self->old);
	/* Or nothing is tested. */
	ASSERT_EQ(variant->build == build_audit, looks_like(&self->old, &self->new));
}

FIXTURE_TEARDOWN(faults)
{
	close(self->nth);
	raw_close(&self->raw);
	lbmesh_close(self->conn);
}

/*
 * Sends what was built while its allocation number n fails. Sets *reached to whether it has that
 * many. Returns the errno of the ACK; 0 too when the fault has taken the ACK itself.
 */
static int send_failing(struct raw *raw, int fd, int n, bool *reached)
{
	struct raw_answer answer;

	nth_arm(fd, n);
	answer.error = -raw_send(raw);
	*reached = nth_disarm(fd);
	if (!answer.error)
		answer = raw_wait(raw, raw->sequence);
	/* Sent, and nothing came back. */
	if (answer.error == EAGAIN || answer.error == ENOBUFS)
		return 0;
	return answer.error;
}

TEST_F_TIMEOUT(faults, in_the_request_leave_the_old_state_or_the_new_and_an_error_the_old, 900)
{
	bool reached = true;
	int refused = 0, n;

	for (n = 1; n < POINTS && reached; n++) {
		struct look now;
		int error;

		ASSERT_EQ(0, variant->prepare(self->conn));
		variant->build(&self->raw, settle(self->conn).number);
		error = send_failing(&self->raw, self->nth, n, &reached);
		ASSERT_LE(0, error);
		look(self->conn, &now);
		refused += error != 0;
		if (!looks_like(&now, &self->old) && (error || !looks_like(&now, &self->new))) {
			look_print("old", &self->old);
			look_print("new", &self->new);
			look_print("now", &now);
			ASSERT_TRUE(false) TH_LOG("allocation %d: errno %d", n, error);
		}
	}
	TH_LOG("%d allocations, %d of which refused the request", n - 2, refused);
	EXPECT_FALSE(reached);
	/* Or the test has injected nothing. */
	EXPECT_LT(3, refused);
}

TEST_F_TIMEOUT(faults, in_the_job_leave_the_old_state_or_the_new_and_an_error_the_old, 900)
{
	int failed = 0, misses = 0, n = 1;

	while (n < POINTS && misses < MISSES) {
		struct lbmesh_generation generation;
		bool old, new, reached;
		struct look now;
		int error;

		ASSERT_EQ(0, variant->prepare(self->conn));
		variant->build(&self->raw, settle(self->conn).number);
		workers_arm(n);
		raw_ask(&self->raw);
		generation = settle(self->conn);
		reached = workers_disarm();
		misses = reached ? 0 : misses + 1;
		error = generation.last.error.code;
		failed += error != 0;
		look(self->conn, &now);
		old = looks_like(&now, &self->old);
		new = looks_like(&now, &self->new);
		if (error && !old && variant->repairs) {
			self->halves++;
			ASSERT_STREQ(self->old.module, now.module);
		} else if (error ? !old : !new) {
			look_print("old", &self->old);
			look_print("new", &self->new);
			look_print("now", &now);
			ASSERT_TRUE(false) TH_LOG("allocation %d: errno %d \"%s\"", n, error,
						  generation.last.error.message);
		}
		n += reached;
	}
	TH_LOG("%d allocations, %d of which failed the job", n - 1, failed);
	if (self->halves)
		TH_LOG("%u of these left some of the drift mended", self->halves);
	EXPECT_GT(POINTS, n);
	EXPECT_LT(3, failed);
}

/* --- The time that is over ------------------------------------------------------------------------ */

FIXTURE(expiry)
{
	struct lbmesh *conn;
	struct raw raw;
	int nth;
};

FIXTURE_SETUP(expiry)
{
	SETUP_CONNECTIONS(self);
}

FIXTURE_TEARDOWN(expiry)
{
	close(self->nth);
	raw_close(&self->raw);
	lbmesh_close(self->conn);
}

/* Nobody is there to try again: the worker itself must come to an end. */
TEST_F_TIMEOUT(expiry, goes_back_whole_whichever_allocation_fails, 600)
{
	int misses = 0, n = 1;
	struct look old, now;

	ASSERT_EQ(0, prepare_base(self->conn));
	look(self->conn, &old);
	while (n < POINTS && misses < MISSES) {
		struct lbmesh_generation generation;
		bool reached;

		ASSERT_EQ(0, prepare_base(self->conn));
		build_delta(&self->raw, settle(self->conn).number);
		raw_put_u32(&self->raw, LBMESH_A_CONFIRM_TIMEOUT, 100);
		ASSERT_EQ(0, raw_ask(&self->raw).error);
		ASSERT_EQ(LBMESH_STATE_PENDING, settle(self->conn).state);
		workers_arm(n);
		for (int tries = 0; tries < 2000; tries++) {
			generation = settle(self->conn);
			if (generation.state != LBMESH_STATE_PENDING)
				break;
			pause_ms(10);
		}
		reached = workers_disarm();
		misses = reached ? 0 : misses + 1;
		n += reached;
		look(self->conn, &now);
		ASSERT_STREQ(old.module, now.module)
			TH_LOG("allocation %d: \"%s\"", n, generation.last.error.message);
		ASSERT_STREQ(old.wireguard, now.wireguard)
			TH_LOG("allocation %d: \"%s\"", n, generation.last.error.message);
	}
	TH_LOG("%d allocations", n - 1);
	EXPECT_GT(POINTS, n);
	EXPECT_LT(20, n);
}

/* --- Questions -------------------------------------------------------------------------------------- */

FIXTURE(questions)
{
	struct lbmesh *conn;
	struct raw raw;
	int nth;
};

FIXTURE_SETUP(questions)
{
	SETUP_CONNECTIONS(self);
	ASSERT_EQ(0, prepare_base(self->conn));
}

FIXTURE_TEARDOWN(questions)
{
	close(self->nth);
	raw_close(&self->raw);
	lbmesh_close(self->conn);
}

/* What needs a key to ask for; 10.0.0.2 is peer 100's. */
static void build_question(struct raw *raw, uint8_t command)
{
	size_t nest;

	raw_begin(raw, command, NLM_F_ACK);
	switch (command) {
	case LBMESH_CMD_DEVICE_GET:
	case LBMESH_CMD_NETWORK_GET:
	case LBMESH_CMD_BRIDGE_GET:
		raw_put_u32(raw, LBMESH_A_ID, 1);
		break;
	case LBMESH_CMD_PEER_GET:
		raw_nest_end(raw, begin_raw_peer(raw, 100));
		break;
	case LBMESH_CMD_MEMBER_GET:
		nest = raw_nest(raw, LBMESH_A_MEMBER);
		raw_put_u32(raw, LBMESH_A_MEMBER_DEVICE, 1);
		raw_put(raw, LBMESH_A_MEMBER_IPV4, "\x0a\x00\x00\x02", 4);
		raw_put_u8(raw, LBMESH_A_MEMBER_PREFIX_LEN, 32);
		raw_nest_end(raw, nest);
		break;
	case LBMESH_CMD_LIMITS_SET:
		nest = raw_nest(raw, LBMESH_A_LIMITS);
		raw_put_u32(raw, LBMESH_A_COUNTS_PEERS, 1000);
		raw_nest_end(raw, nest);
		break;
	}
}

TEST_F_TIMEOUT(questions, that_run_out_of_memory_change_nothing, 300)
{
	static const uint8_t commands[] = {
		LBMESH_CMD_INFO_GET,	LBMESH_CMD_GENERATION_GET, LBMESH_CMD_DEVICE_GET,
		LBMESH_CMD_NETWORK_GET, LBMESH_CMD_BRIDGE_GET,	   LBMESH_CMD_PEER_GET,
		LBMESH_CMD_MEMBER_GET,	LBMESH_CMD_LIMITS_SET,
	};
	char *state = strdup(state_text(self->conn));
	int points = 0;

	for (size_t i = 0; i < sizeof(commands); i++) {
		bool reached = true;
		int n;

		for (n = 1; n < POINTS && reached; n++) {
			build_question(&self->raw, commands[i]);
			ASSERT_LE(0, send_failing(&self->raw, self->nth, n, &reached));
			ASSERT_STREQ(state, state_text(self->conn)) TH_LOG("allocation %d", n);
		}
		points += n - 2;
		EXPECT_FALSE(reached);
		build_question(&self->raw, commands[i]);
		EXPECT_EQ(0, raw_ask(&self->raw).error) TH_LOG("command %u", commands[i]);
	}
	TH_LOG("%d allocations of %zu commands", points, sizeof(commands));
}

/* --- The firewall ----------------------------------------------------------------------------------- */

static int prepare_firewall(struct lbmesh *conn, struct raw *raw)
{
	struct lbmesh_commit *commit = replace_new();
	struct lbmesh_result result;
	int error = flush(conn, &result);

	put_layer(commit, 1);
	put_layer(commit, 2);
	put_set(commit, 1);
	put_set(commit, 2);
	put_rule_of(commit, 1, 1, 10, 1);
	put_rule(commit, 1, 2, 20);
	put_rule(commit, 2, 1, 10);
	put_element(commit, 1, "10.0.0.1");
	put_element(commit, 2, "10.0.0.1");
	put_endpoint(commit, 1, "10.0.0.1", 1);
	error = error ?: run(conn, commit, &result);
	raw_begin(raw, LBMESH_CMD_SET_UPDATE, 0);
	learn(raw, 1, "192.0.2.1", 0);
	learn(raw, 2, "192.0.2.2", 0);
	return error ?: raw_ask(raw).error;
}

static void put_raw_rule(struct raw *raw, uint32_t id, uint32_t position, uint32_t set)
{
	size_t nest = raw_nest(raw, LBMESH_A_RULE), inner;

	raw_put_u32(raw, LBMESH_A_RULE_LAYER, 1);
	raw_put_u32(raw, LBMESH_A_RULE_ID, id);
	raw_put_u32(raw, LBMESH_A_RULE_POSITION, position);
	raw_put_u8(raw, LBMESH_A_RULE_ACTION, LBMESH_ACTION_DENY);
	inner = raw_nest(raw, LBMESH_A_RULE_DST);
	raw_put_u32(raw, LBMESH_A_SELECTOR_SET, set);
	raw_nest_end(raw, inner);
	raw_nest_end(raw, nest);
}

static void remove_raw(struct raw *raw, uint16_t object, uint16_t id, uint16_t remove)
{
	size_t nest = raw_nest(raw, object);

	raw_put_u32(raw, id, 2);
	raw_put(raw, remove, "", 0);
	raw_nest_end(raw, nest);
}

/* Rules exchange places, one comes, and a layer and a set go with what is in them. */
static void build_firewall(struct raw *raw, uint64_t generation)
{
	size_t nest;

	begin_delta(raw, generation);
	put_raw_rule(raw, 1, 20, 1);
	put_raw_rule(raw, 2, 10, 3);
	put_raw_rule(raw, 3, 30, 1);
	remove_raw(raw, LBMESH_A_LAYER, LBMESH_A_LAYER_ID, LBMESH_A_LAYER_REMOVE);
	remove_raw(raw, LBMESH_A_SET, LBMESH_A_SET_ID, LBMESH_A_SET_REMOVE);
	nest = raw_nest(raw, LBMESH_A_SET);
	raw_put_u32(raw, LBMESH_A_SET_ID, 3);
	raw_nest_end(raw, nest);
	learn(raw, 3, "fd00::/64", 0);
	unlearn(raw, 1, "10.0.0.1");
	nest = raw_nest(raw, LBMESH_A_ENDPOINT);
	raw_put_u32(raw, LBMESH_A_ENDPOINT_ID, 1);
	raw_put_u32(raw, LBMESH_A_ENDPOINT_IFINDEX, 1);
	raw_put_u8(raw, LBMESH_A_ENDPOINT_KIND, LBMESH_ENDPOINT_KIND_HOST);
	raw_nest_end(raw, nest);
}

static void build_update_of_sets(struct raw *raw, uint64_t generation)
{
	(void)generation;
	raw_begin(raw, LBMESH_CMD_SET_UPDATE, 0);
	learn(raw, 1, "192.0.2.3", 0);
	learn(raw, 2, "192.0.2.4", 0);
	learn(raw, 1, "fd00::/64", 0);
	unlearn(raw, 2, "192.0.2.2");
}

static char *firewall_text(struct lbmesh *conn, struct raw *raw)
{
	char *text;

	settle(conn);
	if (asprintf(&text, "%s%s%s%s", dump_text(raw, LBMESH_CMD_RULE_GET, 0),
		     dump_text(raw, LBMESH_CMD_SET_GET, 0),
		     dump_text(raw, LBMESH_CMD_ELEMENT_GET, 0),
		     dump_text(raw, LBMESH_CMD_ENDPOINT_GET, 0)) < 0)
		must(-ENOMEM);
	return text;
}

TEST_F_TIMEOUT(questions, as_changes_of_the_firewall_are_done_whole_or_not_at_all, 900)
{
	static void (*const builds[])(struct raw *raw, uint64_t generation) = {
		build_firewall, build_update_of_sets,
	};

	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
		char *old, *new, *now;
		bool reached = true;
		int refused = 0, n;

		ASSERT_EQ(0, prepare_firewall(self->conn, &self->raw));
		old = firewall_text(self->conn, &self->raw);
		builds[i](&self->raw, settle(self->conn).number);
		ASSERT_EQ(0, raw_ask(&self->raw).error);
		new = firewall_text(self->conn, &self->raw);
		ASSERT_STRNE(old, new);
		for (n = 1; n < POINTS && reached; n++) {
			int error;

			ASSERT_EQ(0, prepare_firewall(self->conn, &self->raw));
			builds[i](&self->raw, settle(self->conn).number);
			error = send_failing(&self->raw, self->nth, n, &reached);
			ASSERT_LE(0, error);
			now = firewall_text(self->conn, &self->raw);
			refused += error != 0;
			ASSERT_TRUE(!strcmp(old, now) || (!error && !strcmp(new, now)))
				TH_LOG("allocation %d: errno %d, now %s", n, error, now);
			free(now);
		}
		TH_LOG("%d allocations, %d of which refused the request", n - 2, refused);
		EXPECT_FALSE(reached);
		EXPECT_LT(3, refused);
		free(old);
		free(new);
	}
}

/* The same from nothing: hooks, connection tracking and the port come with it. */
static void build_first_firewall(struct raw *raw, uint64_t generation)
{
	size_t nest;

	(void)generation;
	begin_commit(raw, LBMESH_COMMIT_MODE_REPLACE);
	for (uint32_t id = 1; id <= 2; id++) {
		nest = raw_nest(raw, LBMESH_A_LAYER);
		raw_put_u32(raw, LBMESH_A_LAYER_ID, id);
		raw_nest_end(raw, nest);
	}
	nest = raw_nest(raw, LBMESH_A_SET);
	raw_put_u32(raw, LBMESH_A_SET_ID, 1);
	raw_nest_end(raw, nest);
	learn(raw, 1, "10.0.0.0/8", 0);
	put_raw_rule(raw, 1, 10, 1);
	put_raw_rule(raw, 2, 20, 1);
	nest = raw_nest(raw, LBMESH_A_ENDPOINT);
	raw_put_u32(raw, LBMESH_A_ENDPOINT_ID, 1);
	raw_put_u32(raw, LBMESH_A_ENDPOINT_IFINDEX, 1);
	raw_put_u8(raw, LBMESH_A_ENDPOINT_KIND, LBMESH_ENDPOINT_KIND_SANDBOX);
	raw_put(raw, LBMESH_A_ENDPOINT_IPV4, "\x0a\0\0\1", 4);
	raw_put_u32(raw, LBMESH_A_ENDPOINT_LAYER, 1);
	raw_nest_end(raw, nest);
}

static int prepare_no_firewall(struct lbmesh *conn, struct raw *raw)
{
	struct lbmesh_result result;

	(void)raw;
	return flush(conn, &result);
}

/* Waits until the dumps show this: what was learned of a set that has gone may need another second. */
static bool comes_to(struct lbmesh *conn, struct raw *raw, const char *want)
{
	bool same = false;

	for (int tries = 0; tries < 300 && !same; tries++) {
		char *now = firewall_text(conn, raw);

		same = !strcmp(now, want);
		if (!same)
			pause_ms(10);
		free(now);
	}
	return same;
}

TEST_F_TIMEOUT(questions, as_jobs_of_the_firewall_are_done_whole_or_not_at_all, 900)
{
	static const struct {
		int (*prepare)(struct lbmesh *conn, struct raw *raw);
		void (*build)(struct raw *raw, uint64_t generation);
	} jobs[] = {
		{ prepare_no_firewall, build_first_firewall },
		{ prepare_firewall, build_firewall },
		{ prepare_firewall, build_flush },
	};

	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		int failed = 0, misses = 0, n = 1;
		char *old, *new;

		ASSERT_EQ(0, jobs[i].prepare(self->conn, &self->raw));
		old = firewall_text(self->conn, &self->raw);
		jobs[i].build(&self->raw, settle(self->conn).number);
		ASSERT_EQ(0, raw_ask(&self->raw).error);
		settle(self->conn);
		new = firewall_text(self->conn, &self->raw);
		ASSERT_STRNE(old, new);
		while (n < POINTS && misses < MISSES) {
			struct lbmesh_generation generation;
			bool reached;
			int error;

			ASSERT_EQ(0, jobs[i].prepare(self->conn, &self->raw));
			jobs[i].build(&self->raw, settle(self->conn).number);
			workers_arm(n);
			raw_ask(&self->raw);
			generation = settle(self->conn);
			reached = workers_disarm();
			misses = reached ? 0 : misses + 1;
			error = generation.last.error.code;
			failed += error != 0;
			ASSERT_TRUE(comes_to(self->conn, &self->raw, error ? old : new))
				TH_LOG("job %zu, allocation %d: errno %d \"%s\", now %s", i, n, error,
				       generation.last.error.message,
				       firewall_text(self->conn, &self->raw));
			n += reached;
		}
		TH_LOG("%d allocations, %d of which failed the job", n - 1, failed);
		EXPECT_GT(POINTS, n);
		/* Taking away needs memory, too: what stays is built anew beside what is in force. */
		EXPECT_LT(0, failed);
		free(old);
		free(new);
	}
}

/* The worker that forgets elements whose time is over fails, and tries again. */
TEST_F_TIMEOUT(questions, as_elements_whose_time_is_over_go_in_the_end_and_no_others, 900)
{
	char *want, prefix[32];
	int misses = 0, n = 1;

	ASSERT_EQ(0, prepare_firewall(self->conn, &self->raw));
	want = firewall_text(self->conn, &self->raw);
	while (n < POINTS && misses < MISSES) {
		bool reached;

		raw_begin(&self->raw, LBMESH_CMD_SET_UPDATE, 0);
		for (int i = 0; i < 6; i++) {
			snprintf(prefix, sizeof(prefix), "192.0.2.%d", 10 + i * 40);
			learn(&self->raw, 1 + i % 2, prefix, 150);
		}
		ASSERT_EQ(0, raw_ask(&self->raw).error);
		workers_arm(n);
		ASSERT_TRUE(comes_to(self->conn, &self->raw, want))
			TH_LOG("allocation %d: %s", n, firewall_text(self->conn, &self->raw));
		reached = workers_disarm();
		misses = reached ? 0 : misses + 1;
		n += reached;
	}
	TH_LOG("%d allocations", n - 1);
	EXPECT_GT(POINTS, n);
	EXPECT_LT(3, n);
	free(want);
}

/* Objects that a dump tells of while its allocation number n fails; -1 when it did not come to its end. */
static int dump_failing(struct raw *raw, int fd, int n, bool *reached)
{
	static char buffer[32768];
	int objects = 0, end = 0, got;

	nth_arm(fd, n);
	if (raw_send(raw))
		end = -1;
	/* A dump goes on with each read. */
	while (!end) {
		const struct nlmsghdr *header = (const struct nlmsghdr *)buffer;

		got = recv(mnl_socket_get_fd(raw->socket), buffer, sizeof(buffer), MSG_DONTWAIT);
		if (got < 0)
			end = -1;
		for (; mnl_nlmsg_ok(header, got); header = mnl_nlmsg_next(header, &got)) {
			if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
				end = raw_answer_of(header).error ? -1 : 1;
			else
				objects++;
		}
	}
	*reached = nth_disarm(fd);
	return end < 0 ? -1 : objects;
}

TEST_F_TIMEOUT(questions, as_dumps_are_complete_or_say_that_they_are_not, 300)
{
	static const uint8_t dumps[] = {
		LBMESH_CMD_DEVICE_GET, LBMESH_CMD_NETWORK_GET, LBMESH_CMD_BRIDGE_GET,
		LBMESH_CMD_PEER_GET, LBMESH_CMD_MEMBER_GET,
	};
	int points = 0, failed = 0;

	for (size_t i = 0; i < sizeof(dumps); i++) {
		bool reached = true;
		int all, n;

		raw_begin(&self->raw, dumps[i], NLM_F_DUMP);
		all = dump_failing(&self->raw, self->nth, 0, &reached);
		ASSERT_LT(0, all);
		for (n = 1, reached = true; n < POINTS && reached; n++) {
			int objects;

			/* A dump that was cut off is still the socket's; so it gets another. */
			raw_close(&self->raw);
			ASSERT_EQ(0, raw_open(&self->raw));
			raw_begin(&self->raw, dumps[i], NLM_F_DUMP);
			objects = dump_failing(&self->raw, self->nth, n, &reached);
			failed += objects < 0;
			ASSERT_TRUE(objects < 0 || objects == all)
				TH_LOG("dump %zu, allocation %d: %d of %d objects", i, n, objects, all);
		}
		points += n - 2;
		EXPECT_FALSE(reached);
	}
	TH_LOG("%d allocations of %zu dumps, %d of which failed one", points, sizeof(dumps),
	       failed);
	EXPECT_LT(10, failed);
}

/* lo is an endpoint that has been spoken over, so that the cache has something to show. */
static int prepare_flows(struct lbmesh *conn, struct raw *raw)
{
	struct lbmesh_commit *commit;
	struct lbmesh_result result;
	int error = prepare_firewall(conn, raw);

	commit = delta_new(generation_number(conn));
	must(lbmesh_commit_put_endpoint(commit, &(struct lbmesh_endpoint){
		.id = 1, .kind = LBMESH_ENDPOINT_KIND_HOST, .ifname = "lo",
		.layers = (uint32_t []){ 1 }, .n_layers = 1,
	}));
	return error ?: run(conn, commit, &result) ?:
	       sh("ping -q -n -c 3 -i 0.1 127.0.0.1 >/dev/null && ping -q -n -c 3 -i 0.1 ::1 >/dev/null");
}

/* What needs a key to ask for; all of it is there. */
static void build_firewall_question(struct raw *raw, uint8_t command)
{
	size_t nest;

	raw_begin(raw, command, NLM_F_ACK);
	switch (command) {
	case LBMESH_CMD_EXPLAIN:
	case LBMESH_CMD_FLOW_GET:
		nest = raw_nest(raw, LBMESH_A_FLOW);
		raw_put_u32(raw, LBMESH_A_FLOW_ENDPOINT, 1);
		raw_put_u8(raw, LBMESH_A_FLOW_DIRECTION, LBMESH_DIRECTION_EGRESS);
		raw_put_u8(raw, LBMESH_A_FLOW_PROTOCOL, 1);
		raw_put(raw, LBMESH_A_FLOW_SRC_IPV4, "\x7f\0\0\1", 4);
		raw_put(raw, LBMESH_A_FLOW_DST_IPV4, "\x7f\0\0\1", 4);
		raw_nest_end(raw, nest);
		break;
	case LBMESH_CMD_RULE_GET:
		nest = raw_nest(raw, LBMESH_A_RULE);
		raw_put_u32(raw, LBMESH_A_RULE_LAYER, 1);
		raw_put_u32(raw, LBMESH_A_RULE_ID, 1);
		raw_nest_end(raw, nest);
		break;
	case LBMESH_CMD_ELEMENT_GET:
		nest = raw_nest(raw, LBMESH_A_ELEMENT);
		raw_put_u32(raw, LBMESH_A_ELEMENT_SET, 1);
		raw_put(raw, LBMESH_A_ELEMENT_IPV4, "\x0a\0\0\1", 4);
		raw_put_u8(raw, LBMESH_A_ELEMENT_PREFIX_LEN, 32);
		raw_nest_end(raw, nest);
		break;
	default:
		raw_put_u32(raw, LBMESH_A_ID, 1);
		break;
	}
}

TEST_F_TIMEOUT(questions, as_those_about_the_firewall_change_nothing_and_dumps_are_complete, 600)
{
	static const uint8_t commands[] = {
		LBMESH_CMD_LAYER_GET, LBMESH_CMD_RULE_GET, LBMESH_CMD_SET_GET,
		LBMESH_CMD_ELEMENT_GET, LBMESH_CMD_ENDPOINT_GET, LBMESH_CMD_FLOW_GET,
		LBMESH_CMD_EXPLAIN,
	};
	int points = 0, failed = 0, all, objects, n;
	char *state;

	ASSERT_EQ(0, prepare_flows(self->conn, &self->raw));
	state = firewall_text(self->conn, &self->raw);
	for (size_t i = 0; i < sizeof(commands); i++) {
		bool reached = true;

		for (n = 1; n < POINTS && reached; n++) {
			build_firewall_question(&self->raw, commands[i]);
			ASSERT_LE(0, send_failing(&self->raw, self->nth, n, &reached));
		}
		points += n - 2;
		EXPECT_FALSE(reached);
		build_firewall_question(&self->raw, commands[i]);
		EXPECT_EQ(0, raw_ask(&self->raw).error) TH_LOG("command %u", commands[i]);
		if (commands[i] == LBMESH_CMD_EXPLAIN)
			continue;
		raw_begin(&self->raw, commands[i], NLM_F_DUMP);
		all = dump_failing(&self->raw, self->nth, 0, &reached);
		ASSERT_LT(0, all);
		for (n = 1, reached = true; n < POINTS && reached; n++) {
			raw_close(&self->raw);
			ASSERT_EQ(0, raw_open(&self->raw));
			raw_begin(&self->raw, commands[i], NLM_F_DUMP);
			objects = dump_failing(&self->raw, self->nth, n, &reached);
			failed += objects < 0;
			ASSERT_TRUE(objects < 0 || objects == all)
				TH_LOG("command %u, allocation %d: %d of %d objects", commands[i], n,
				       objects, all);
		}
		points += n - 2;
	}
	EXPECT_TRUE(comes_to(self->conn, &self->raw, state));
	TH_LOG("%d allocations, %d of which failed a dump", points, failed);
	EXPECT_LT(10, failed);
	free(state);
}

TEST_HARNESS_MAIN
