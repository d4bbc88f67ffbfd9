/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent of one host in one network namespace: keeps the target of the topology file in force.
 * agent.c is the process (loop, signals), apply.c the order of an application, push.c what is sent
 * to the module, state.c what is kept for the next start. One thread; one application at a time.
 */
#ifndef LBD_AGENT_AGENT_H
#define LBD_AGENT_AGENT_H

#include "agent/lastgood.h"
#include "agent/rtnl.h"
#include "agent/target.h"

#include <stdbool.h>
#include <uv.h>

/* Exit statuses, as every program of the project has them. */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_UNREACHABLE = 3,
	EXIT_CONFLICT = 5,
};

struct agent_options {
	const char *topology;
	const char *host;
	const char *interface;
	const char *state;
	bool check;
	bool verbose;
};

/* target is what the module has in force, empty before the first commit; generation its number. */
struct agent {
	const struct agent_options *options;
	uv_loop_t loop;
	uv_signal_t hangup;
	uv_signal_t terminate;
	uv_signal_t interrupt;
	uv_timer_t timer;
	bool reload;
	bool stop;
	bool timer_done;
	struct rtnl rtnl;
	struct lastgood lastgood;
	struct target target;
	uint64_t generation;
};

/* The subcommand: argv[0] is "agent". Returns an exit status. */
int agent_main(int argc, char **argv);

/* -EINVAL for bad usage, which has been said; 1 when help was asked for and given; 0. */
int agent_options_read(int argc, char **argv, struct agent_options *options);

/* Exit status for a negative errno. */
int agent_status(int code);

/* Waits while signals are taken; false when the agent is to stop. */
bool agent_pause(struct agent *agent, unsigned int milliseconds);

/*
 * Makes next true: interface, commit, routes. On success, and on a failure after the commit, next
 * is moved into agent->target; on a failure before it nothing has changed.
 */
int agent_apply(struct agent *agent, struct target *next, struct fault *fault);

/* -ENOTCONN when the module is not there; asking for it also loads it, where modprobe knows it. */
int agent_module_check(struct fault *fault);

/* The number of the generation in force in the kernel, whoever committed it; 0: none, or unknown. */
uint64_t agent_generation_now(void);

/* Opens the state directory, if one is asked for. */
int agent_state_open(struct agent *agent, struct fault *fault);

/* Keeps agent->target, which has just come into force, for the next start; logs how that went. */
void agent_state_keep(struct agent *agent);

/*
 * The target of the last good state, for a start whose topology is of no use. It is made when
 * nothing is in force, or what is in force is that state: nothing newer is undone (-ESTALE).
 */
int agent_state_restore(struct agent *agent, struct target *target, struct fault *fault);

/*
 * Commits what differs between agent->target and next on the link; restate: everything, whatever
 * has been committed before. Without a difference nothing is sent.
 */
int agent_push(struct agent *agent, const struct target *next, uint32_t ifindex, bool restate,
	       struct fault *fault);

#endif
