// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending a commit to the module, and what to do about the answer. The first commit restates all;
 * later ones are deltas against the generation of the one before. When another generation is in
 * force than we think (-ESTALE), all is restated once: what the topology says is what shall be.
 */
#include "agent/agent.h"
#include "agent/commit.h"
#include "agent/log.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* Another job runs, or an answer was lost: 25 ms doubled up to 3.2 s, some 6 s in all. */
#define TRIES		  9
#define PAUSE_FIRST_MS	  25
#define RESULT_TIMEOUT_MS 120000

static int module_fault(const struct lbmesh_error *error, int code, struct fault *fault)
{
	return fault_set(fault, code, NULL, "module: %s%s%s", error->path,
			 error->path[0] ? ": " : "", error->message);
}

/* Every commit has its own connection: the module may have been reloaded since the last one. */
static int module_open(struct lbmesh **conn, struct fault *fault)
{
	struct lbmesh_error error = {0};
	int ret = lbmesh_open(conn, &error);

	if (ret == -ENOENT || ret == -EPROTONOSUPPORT)
		return fault_set(fault, -ENOTCONN, NULL, "module: %s", error.message);
	return ret ? module_fault(&error, ret, fault) : 0;
}

int agent_module_check(struct fault *fault)
{
	__attribute__((cleanup(lbmesh_closep))) struct lbmesh *conn = NULL;

	return module_open(&conn, fault);
}

/*
 * A commit has a token, so that sending it again after a lost answer does not run it again. One
 * that is refused as busy, or whose answer is lost, is not known to have failed.
 */
static bool again_helps(int code)
{
	return code == -EBUSY || code == -ETIMEDOUT || code == -ENODATA || code == -ENOBUFS;
}

static int commit_run(struct agent *agent, const struct lbmesh_commit *commit,
		      struct lbmesh_result *result, struct fault *fault)
{
	__attribute__((cleanup(lbmesh_closep))) struct lbmesh *conn = NULL;
	unsigned int pause = PAUSE_FIRST_MS;
	struct lbmesh_error error = {0};
	int ret;

	if ((ret = module_open(&conn, fault)))
		return ret;
	for (unsigned int i = 1;; i++) {
		ret = lbmesh_commit_run(conn, commit, RESULT_TIMEOUT_MS, result, &error);
		if (!ret)
			return 0;
		if (!again_helps(ret) || i == TRIES)
			return module_fault(&error, ret, fault);
		if (!agent_pause(agent, pause))
			return fault_set(fault, -ECANCELED, NULL, "stopped before the commit");
		pause *= 2;
	}
}

static double milliseconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) * 1e3 +
	       (double)(now.tv_nsec - start->tv_nsec) / 1e6;
}

uint64_t agent_generation_now(void)
{
	__attribute__((cleanup(lbmesh_closep))) struct lbmesh *conn = NULL;
	struct lbmesh_generation now;

	if (lbmesh_open(&conn, NULL) || lbmesh_generation_get(conn, &now, NULL))
		return 0;
	return now.number;
}

static int commit_push(struct agent *agent, struct lbmesh_commit *commit, double *duration,
		       struct fault *fault)
{
	struct lbmesh_result result;
	struct timespec start;
	int ret;

	if (!commit)
		return fault_memory(fault);
	clock_gettime(CLOCK_MONOTONIC, &start);
	ret = commit_run(agent, commit, &result, fault);
	lbmesh_commit_free(commit);
	if (ret)
		return ret;
	*duration = milliseconds_since(&start);
	agent->generation = result.generation;
	return 0;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static int delta_push(struct agent *agent, const struct target *next, const struct delta *delta,
		      uint32_t ifindex, struct fault *fault)
{
	size_t members = next->wanted->n_members;
	double duration = 0;
	int ret;

	ret = commit_push(agent, commit_delta_build(next, delta, ifindex, agent->generation),
			  &duration, fault);
	if (!ret)
		log_line("generation %llu: +%zu peer%s, -%zu peer%s, %zu member%s, %.1f ms",
			 (unsigned long long)agent->generation, delta->peers_added,
			 plural(delta->peers_added), delta->peers_removed,
			 plural(delta->peers_removed), members, plural(members), duration);
	return ret;
}

static int replace_push(struct agent *agent, const struct target *next, uint32_t ifindex,
			struct fault *fault)
{
	size_t peers = next->wanted->n_peers, members = next->wanted->n_members;
	/* Tells a commit that changed nothing from one that did. */
	uint64_t before = agent_generation_now();
	double duration = 0;
	int ret;

	ret = commit_push(agent, commit_replace_build(next, ifindex), &duration, fault);
	if (!ret)
		log_line("generation %llu: %s, %zu peer%s, %zu member%s, %.1f ms",
			 (unsigned long long)agent->generation,
			 agent->generation == before ? "in force already" : "restated", peers,
			 plural(peers), members, plural(members), duration);
	return ret;
}

int agent_push(struct agent *agent, const struct target *next, uint32_t ifindex, bool restate,
	       struct fault *fault)
{
	__attribute__((cleanup(delta_release))) struct delta delta = {0};
	int ret;

	if (restate || !agent->target.wanted)
		return replace_push(agent, next, ifindex, fault);
	if ((ret = delta_compute(agent->target.wanted, next->wanted, &delta, fault)))
		return ret;
	if (delta_is_empty(&delta))
		return 0;
	ret = delta_push(agent, next, &delta, ifindex, fault);
	if (ret != -ESTALE)
		return ret;
	log_line("generation %llu is no longer in force; restating everything",
		 (unsigned long long)agent->generation);
	return replace_push(agent, next, ifindex, fault);
}
