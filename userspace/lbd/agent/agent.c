// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agent's process. Signals are taken by libuv's loop and only set flags; the work is done
 * outside of the loop's callbacks, which lets a pause of the work run the loop. What is in force
 * outlives the process: ending it touches nothing.
 */
#include "agent/agent.h"

#include "agent/log.h"
#include "model/address.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

int agent_status(int code)
{
	switch (code) {
	case 0:
	case -ECANCELED:
		return EXIT_DONE;
	case -ENOTCONN:
		return EXIT_UNREACHABLE;
	case -EEXIST:
		return EXIT_CONFLICT;
	default:
		return EXIT_FAILED;
	}
}

static void signal_take(uv_signal_t *handle, int number)
{
	struct agent *agent = handle->data;

	if (number == SIGHUP)
		agent->reload = true;
	else
		agent->stop = true;
	uv_stop(&agent->loop);
}

static void timer_take(uv_timer_t *handle)
{
	struct agent *agent = handle->data;

	agent->timer_done = true;
	uv_stop(&agent->loop);
}

bool agent_pause(struct agent *agent, unsigned int milliseconds)
{
	agent->timer_done = false;
	uv_timer_start(&agent->timer, timer_take, milliseconds, 0);
	while (!agent->timer_done && !agent->stop)
		uv_run(&agent->loop, UV_RUN_ONCE);
	uv_timer_stop(&agent->timer);
	return !agent->stop;
}

static int loop_open(struct agent *agent, struct fault *fault)
{
	uv_signal_t *signals[] = {&agent->hangup, &agent->terminate, &agent->interrupt};
	const int numbers[] = {SIGHUP, SIGTERM, SIGINT};
	int ret = uv_loop_init(&agent->loop);

	if (ret)
		return fault_set(fault, ret, NULL, "cannot make an event loop: %s",
				 uv_strerror(ret));
	uv_timer_init(&agent->loop, &agent->timer);
	agent->timer.data = agent;
	for (size_t i = 0; i < 3 && !ret; i++) {
		uv_signal_init(&agent->loop, signals[i]);
		signals[i]->data = agent;
		ret = uv_signal_start(signals[i], signal_take, numbers[i]);
	}
	return ret ? fault_set(fault, ret, NULL, "cannot take signals: %s", uv_strerror(ret)) : 0;
}

static void handle_close(uv_handle_t *handle, void *data)
{
	(void)data;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void loop_close(struct agent *agent)
{
	uv_walk(&agent->loop, handle_close, NULL);
	uv_run(&agent->loop, UV_RUN_DEFAULT);
	uv_loop_close(&agent->loop);
}

/* A refused file, or a refused commit, leaves what is in force as it is. */
static void agent_reload(struct agent *agent)
{
	const char *topology = agent->options->topology;
	uint64_t generation = agent->generation;
	struct target next;
	struct fault fault;
	int ret;

	agent->reload = false;
	ret = target_load(topology, agent->options->host, &next, &fault);
	if (ret) {
		log_fault(topology, &fault);
		log_line("generation %llu stays in force", (unsigned long long)generation);
		return;
	}
	ret = agent_apply(agent, &next, &fault);
	target_release(&next);
	if (ret) {
		log_fault(NULL, &fault);
		log_line("generation %llu is in force", (unsigned long long)agent->generation);
	} else if (generation == agent->generation) {
		log_line("generation %llu: nothing to change", (unsigned long long)generation);
	}
}

static int agent_start_from_topology(struct agent *agent, struct fault *fault)
{
	const char *topology = agent->options->topology;
	struct target next;
	int ret;

	ret = target_load(topology, agent->options->host, &next, fault);
	if (ret) {
		log_fault(topology, fault);
		return ret;
	}
	if ((ret = agent_apply(agent, &next, fault)))
		log_fault(NULL, fault);
	target_release(&next);
	return ret;
}

static int agent_start_from_state(struct agent *agent, struct fault *fault)
{
	struct target next;
	int ret;

	if ((ret = agent_state_restore(agent, &next, fault))) {
		log_fault(agent->options->state, fault);
		return ret;
	}
	if ((ret = agent_apply(agent, &next, fault)))
		log_fault(NULL, fault);
	else
		log_line("warning: what is in force is the last good state; correct %s and send "
			 "SIGHUP",
			 agent->options->topology);
	target_release(&next);
	return ret;
}

static int agent_start(struct agent *agent, struct fault *fault)
{
	int ret;

	if ((ret = agent_state_open(agent, fault))) {
		log_fault(agent->options->state, fault);
		return ret;
	}
	if ((ret = agent_module_check(fault)) || (ret = rtnl_open(&agent->rtnl, fault))) {
		log_fault(NULL, fault);
		return ret;
	}
	ret = agent_start_from_topology(agent, fault);
	/* A commit that came into force is no reason to go back, even if its routes failed. */
	if (!ret || !agent->options->state || agent->target.wanted || agent->stop)
		return ret;
	return agent_start_from_state(agent, fault) ? ret : 0;
}

static int agent_run(const struct agent_options *options)
{
	struct agent agent = {.options = options, .lastgood.directory = -1};
	struct fault fault;
	int ret;

	ret = loop_open(&agent, &fault);
	if (ret) {
		log_fault(NULL, &fault);
		return agent_status(ret);
	}
	ret = agent_start(&agent, &fault);
	if (!ret)
		log_line("ready");
	while (!ret && !agent.stop) {
		uv_run(&agent.loop, UV_RUN_ONCE);
		if (agent.reload && !agent.stop)
			agent_reload(&agent);
	}
	rtnl_close(&agent.rtnl);
	lastgood_close(&agent.lastgood);
	target_release(&agent.target);
	loop_close(&agent);
	return agent_status(ret);
}

static void target_print(const struct agent_options *options, const struct wanted *wanted)
{
	char text[ADDRESS_TEXT_SIZE], from[ADDRESS_TEXT_SIZE];

	printf("interface %s mtu %u", options->interface, wanted->mtu);
	if (wanted->has_listen_port)
		printf(" port %u", wanted->listen_port);
	printf("\n");
	for (size_t i = 0; i < wanted->n_addresses; i++)
		printf("address %s\n", prefix_text(&wanted->addresses[i], text));
	for (size_t i = 0; i < wanted->n_routes; i++) {
		printf("route %s", prefix_text(&wanted->routes[i].destination, text));
		if (wanted->routes[i].source.family)
			printf(" from %s", address_text(&wanted->routes[i].source, from));
		printf("\n");
	}
	for (size_t i = 0; i < wanted->n_networks; i++)
		printf("network %u \"%s\"\n", wanted->networks[i].id, wanted->networks[i].label);
	for (size_t i = 0; i < wanted->n_bridges; i++)
		printf("bridge %u between %u and %u\n", wanted->bridges[i].id,
		       wanted->bridges[i].network_a, wanted->bridges[i].network_b);
	printf("%zu peers, %zu members\n", wanted->n_peers, wanted->n_members);
}

static int agent_check(const struct agent_options *options)
{
	struct target target;
	struct fault fault;
	int ret = target_load(options->topology, options->host, &target, &fault);

	if (ret)
		log_fault(options->topology, &fault);
	else if (options->verbose && target.wanted)
		target_print(options, target.wanted);
	target_release(&target);
	return agent_status(ret);
}

int agent_main(int argc, char **argv)
{
	struct agent_options options;
	int ret = agent_options_read(argc, argv, &options);

	if (ret)
		return ret < 0 ? EXIT_USAGE : EXIT_DONE;
	if (sodium_init() < 0) {
		log_line("libsodium cannot start");
		return EXIT_FAILED;
	}
	return options.check ? agent_check(&options) : agent_run(&options);
}
