// SPDX-License-Identifier: GPL-2.0
/*
 * Goal R4: everything at once. On one side of a tunnel, with a flood of pings through it: commits
 * that change things, commits that are refused, confirms and reverts, audits, dumps, and listeners
 * that come and go; beside it, namespaces that are made and end in the middle of a commit. Where the
 * kernel injects faults, each of these and the workers run short of memory now and then.
 *
 * Nobody looks at answers meanwhile. At the end the state is put back, by means that a user has, and
 * must be right; the pings go through; nothing holds the module.
 */

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "stress.h"
#include "util.h"

#define FAILSLAB     "/sys/kernel/debug/failslab/"
#define MAKE_IT_FAIL "/proc/self/make-it-fail"

static struct tunnel tunnel;

/* Commits. Hosts 0 to 15 come, go, and take addresses from each other. */

static struct lbmesh_commit *random_change(uint64_t generation)
{
	struct lbmesh_commit *commit = delta_new(generation);

	for (uint32_t n = 1 + random_below(6); n--;) {
		uint32_t key = 1000 + random_below(16);
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "10.1.0.%u/32", random_below(16));
		switch (random_below(4)) {
		case 0:
			put_peer(commit, 1, key, one_in(2) ? "192.0.2.9" : NULL);
			break;
		case 1:
			put_peer(commit, 1, key, NULL);
			put_member(commit, 1, 1, prefix, key);
			break;
		case 2:
			remove_member(commit, 1, prefix);
			break;
		default:
			remove_peer(commit, 1, key);
		}
	}
	if (one_in(4))
		lbmesh_commit_set_confirm_timeout(commit, 1 + random_below(20));
	return commit;
}

static void answer_pending(struct lbmesh *conn, uint64_t generation)
{
	struct lbmesh_result result;

	usleep(random_below(10000));
	if (one_in(2))
		(void)!lbmesh_confirm(conn, generation, 1000, &result, NULL);
	else
		(void)!lbmesh_revert(conn, generation, 1000, &result, NULL);
}

static void committer_step(struct lbmesh *conn)
{
	struct lbmesh_generation generation = {};
	struct lbmesh_result result = {};
	struct lbmesh_commit *commit;

	(void)!lbmesh_generation_get(conn, &generation, NULL);
	if (one_in(50)) {
		(void)!lbmesh_flush(conn, NULL, 1000, &result, NULL);
		return;
	}
	commit = generation.number && !one_in(20) ? random_change(generation.number)
						  : tunnel_commit(&tunnel, 0);
	(void)!lbmesh_commit_run(conn, commit, one_in(4) ? 0 : 1000, &result, NULL);
	if (result.error.phase == LBMESH_PHASE_CONFIRM && one_in(2))
		answer_pending(conn, result.generation);
	lbmesh_commit_free(commit);
}

static int drift_ignore(const struct lbmesh_drift *drift, void *data)
{
	(void)drift;
	(void)data;
	return 0;
}

static void auditor_step(struct lbmesh *conn)
{
	struct lbmesh_result result;

	if (one_in(2))
		(void)!lbmesh_audit(conn, drift_ignore, NULL, 1000, &result, NULL);
	else
		(void)!lbmesh_repair(conn, drift_ignore, NULL, 1000, &result, NULL);
	usleep(random_below(20000));
}

/* Commits that end in parsing, at the end of it, and in WireGuard. */
static void refused_step(struct lbmesh *conn)
{
	struct lbmesh_commit *commit = tunnel_commit(&tunnel, 0);
	struct lbmesh_result result;

	if (one_in(3))
		put_member(commit, 7, 1, "10.3.0.1/32", 0);
	else if (one_in(2))
		put_peer(commit, 2, 5, NULL);
	else
		/* Its own key, which only WireGuard knows. */
		must(lbmesh_commit_put_peer(
			commit, &(struct lbmesh_peer){.device = 1, .public_key = tunnel.key[0]}));
	(void)!lbmesh_commit_run(conn, commit, 1000, &result, NULL);
	lbmesh_commit_free(commit);
}

static int member_ignore(const struct lbmesh_member *member, void *data)
{
	(void)member;
	(void)data;
	return 0;
}

static int peer_ignore(const struct lbmesh_peer *peer, void *data)
{
	(void)peer;
	(void)data;
	return 0;
}

static void reader_step(struct lbmesh *conn)
{
	struct lbmesh_info info;

	(void)!lbmesh_member_dump(conn, random_below(2), member_ignore, NULL, NULL, NULL);
	(void)!lbmesh_peer_dump(conn, 0, peer_ignore, NULL, NULL, NULL);
	(void)!lbmesh_info_get(conn, &info, NULL);
}

static void listener_step(struct lbmesh *conn)
{
	uint64_t end = now_ms() + random_below(200);
	struct lbmesh_event event;
	struct pollfd poll_fd;

	if (lbmesh_event_subscribe(conn, NULL))
		return;
	poll_fd = (struct pollfd){.fd = lbmesh_event_fd(conn), .events = POLLIN};
	/* Some do not read what they asked for. */
	while (now_ms() < end) {
		if (poll(&poll_fd, 1, 20) > 0 && !one_in(3) &&
		    lbmesh_event_next(conn, &event, NULL) < 0)
			break;
	}
}

/* A namespace that ends with whatever it has. */
static int live(void *data)
{
	struct lbmesh_commit *commit = mesh_new();
	struct lbmesh_result result;
	struct lbmesh *conn;

	(void)data;
	if (one_in(3))
		lbmesh_commit_set_confirm_timeout(commit, 1 + random_below(20));
	if (unshare(CLONE_NEWNET))
		return 0;
	file_write(MAKE_IT_FAIL, "1");
	if (link_add("wg0", "wireguard") || lbmesh_open(&conn, NULL))
		return 0;
	(void)!lbmesh_commit_run(conn, commit, one_in(2) ? 0 : 1000, &result, NULL);
	packet_send("wg0", "10.0.0.2");
	return 0;
}

static void namespaces_step(struct lbmesh *conn)
{
	(void)conn;
	child_wait(child_start(live, NULL));
}

/* Processes. */

struct actor {
	const char *name;
	void (*step)(struct lbmesh *conn);
	/* On its own it has a connection for many steps. */
	unsigned int steps;
	pid_t child;
};

static struct actor actors[] = {
	{"commits", committer_step, 50, 0},    {"commits", committer_step, 50, 0},
	{"refused", refused_step, 50, 0},      {"audits", auditor_step, 20, 0},
	{"dumps", reader_step, 100, 0},	       {"listeners", listener_step, 1, 0},
	{"namespaces", namespaces_step, 1, 0},
};

#define ACTORS (sizeof(actors) / sizeof(actors[0]))

/*
 * In shared memory: the steps done, and a word to stop. User Mode Linux does not survive a kill that
 * comes in the middle of a fork(), either.
 */
static struct {
	unsigned int steps[ACTORS];
	volatile bool end;
} * shared;

static int act(void *data)
{
	const struct actor *actor = data;

	must(namespace_set(tunnel.fd[0]));
	/* Not the numbers of the others. */
	for (size_t skip = 0; skip <= (size_t)(actor - actors); skip++)
		random_number();
	/* User Mode Linux does not survive a fork() that runs out of memory. */
	if (actor->step != namespaces_step)
		file_write(MAKE_IT_FAIL, "1");
	while (!shared->end) {
		struct lbmesh *conn = NULL;

		if (lbmesh_open(&conn, NULL))
			continue;
		for (unsigned int i = 0; i < actor->steps && !shared->end; i++) {
			actor->step(conn);
			shared->steps[actor - actors]++;
		}
		lbmesh_close(conn);
	}
	return 0;
}

/* Faults in one of a hundred allocations, of those who have asked for it. Returns whether there are. */
static bool faults_begin(void)
{
	static const char *const settings[][2] = {
		{FAILSLAB "task-filter", "Y"}, {FAILSLAB "ignore-gfp-wait", "N"},
		{FAILSLAB "verbose", "0"},     {FAILSLAB "interval", "1"},
		{FAILSLAB "times", "-1"},      {FAILSLAB "probability", "1"},
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (file_write(settings[i][0], settings[i][1]))
			return false;
	}
	/* Nor an exec(), which a worker does that calls modprobe. */
	must(file_write("/proc/sys/kernel/modprobe", "\n"));
	return true;
}

/* Workers come and go, so they are asked again and again. */
static void faults_for_workers(const char *on)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		char path[300], name[32] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = entry->d_name[0] >= '0' && entry->d_name[0] <= '9' ? fopen(path, "re")
									  : NULL;
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strncmp(name, "kworker/u", 9)) {
			snprintf(path, sizeof(path), "/proc/%s/make-it-fail", entry->d_name);
			file_write(path, on);
		}
		fclose(file);
	}
	if (proc)
		closedir(proc);
}

FIXTURE(everything)
{
	struct lbmesh_result result;
	int references;
};

FIXTURE_SETUP(everything)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	references_return_to(0);
	ASSERT_EQ(0, tunnel_open(&tunnel));
	self->references = module_references("lbmesh");
	shared = shared_new(sizeof(*shared));
	/* The actors go on from here. */
	random_number();
}

FIXTURE_TEARDOWN(everything)
{
}

static void act_for(unsigned int seconds, bool faults)
{
	uint64_t end = now_ms() + seconds * 1000;

	for (size_t i = 0; i < ACTORS; i++)
		actors[i].child = child_start(act, &actors[i]);
	while (now_ms() < end) {
		if (faults)
			faults_for_workers("1");
		pause_ms(500);
		/* Who had no memory left for himself begins anew. */
		for (size_t i = 0; i < ACTORS; i++) {
			if (waitpid(actors[i].child, NULL, WNOHANG) == actors[i].child)
				actors[i].child = child_start(act, &actors[i]);
		}
	}
	shared->end = true;
	for (size_t i = 0; i < ACTORS; i++)
		child_wait(actors[i].child);
	file_write(FAILSLAB "probability", "0");
	if (faults)
		faults_for_workers("0");
}

/* As a user would: what is pending goes back by itself, the rest by a flush. */
static int restore(struct lbmesh *conn, struct lbmesh_result *result)
{
	int error = EBUSY;

	for (int tries = 0; tries < 1000 && error == EBUSY; tries++) {
		settle(conn);
		error = flush(conn, result);
	}
	return error ?: run(conn, tunnel_commit(&tunnel, 0), result);
}

TEST_F_TIMEOUT(everything, at_once_leaves_a_module_that_works, PATIENCE)
{
	unsigned int seconds = how_many(30, 3600);
	char *state, *wireguard;
	unsigned int *steps;
	bool faults;
	pid_t ping;

	ASSERT_EQ(0, namespace_set(tunnel.fd[0]));
	state = strdup(state_text(tunnel.conn[0]));
	wireguard = strdup(wg_settings("wg0"));
	ping = fork();
	if (!ping)
		_exit(sh_try("exec ping -q -n -f -w %u 10.0.0.2", seconds));
	faults = faults_begin();
	act_for(seconds, faults);
	child_wait(ping);

	steps = shared->steps;
	EXPECT_EQ(0, restore(tunnel.conn[0], &self->result))
	TH_LOG("\"%s\"", self->result.error.message);
	EXPECT_STREQ(state, state_text(tunnel.conn[0]));
	EXPECT_STREQ(wireguard, wg_settings("wg0"));
	EXPECT_EQ(0, sh_try("ping -q -n -c 5 -i 0.2 -w 20 10.0.0.2"));
	EXPECT_TRUE(references_return_to(self->references))
	TH_LOG("%d references instead of %d", module_references("lbmesh"), self->references);
	TH_LOG("%u s, memory %s: %u commits, %u refused, %u audits, %u dumps, %u listeners, %u namespaces",
	       seconds, faults ? "failing" : "not failing", steps[0] + steps[1], steps[2], steps[3],
	       steps[4], steps[5], steps[6]);
	for (size_t i = 0; i < ACTORS; i++) {
		EXPECT_LT(seconds / 10, steps[i])
		TH_LOG("%s", actors[i].name);
	}
}

TEST_HARNESS_MAIN
