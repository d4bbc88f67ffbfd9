// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agents of a controller: the list of them, and the timer that drives heartbeats, the states of
 * hosts and operations. Called by the service for its start and end, and by the handlers.
 */
#include "controller/clock.h"
#include "controller/host-state.h"
#include "controller/operation-run.h"
#include "controller/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct agent_times times_default = {
	.tick = 1000,
	.heartbeat = 10000,
	.offline = HOST_OFFLINE_AFTER_MS,
	.grace = 5000,
	.save = 60000,
	.survey = 10000,
	.operation = 120000,
	.rotation = 600000,
	.peers = 60000,
};

#define KICK_MS	    50 /* so that a thousand who come at once are one tick */
#define SAVE_SHARED 10000 /* other controllers see by last_seen that this one lives */

bool agents_shared(const struct agents *agents)
{
	return store_watch_fd(agents->controller->store) >= 0;
}

struct reading {
	enum resource_kind kind;
	const char *id;
	struct resource **resource;
};

static int resource_read(struct store_tx *tx, void *argument, struct fault *fault)
{
	const struct reading *reading = argument;

	resource_free(*reading->resource);
	*reading->resource = NULL;
	return store_get(tx, reading->kind, reading->id, reading->resource, fault);
}

int agents_read(struct agents *agents, enum resource_kind kind, const char *id,
		struct resource **resource, struct fault *fault)
{
	struct reading reading = {.kind = kind, .id = id, .resource = resource};

	*resource = NULL;
	return store_read(agents->controller->store, resource_read, &reading, fault);
}

struct agent *agent_find(const struct agents *agents, const char *host)
{
	return index_find(&agents->index, host);
}

struct agent *agent_get(struct agents *agents, const struct host *host)
{
	struct agent *agent = agent_find(agents, host->head.id);

	if (agent) {
		agent->state = host->state;
		return agent;
	}
	agent = calloc(1, sizeof(*agent));
	if (!agent)
		return NULL;
	memcpy(agent->id, host->head.id, sizeof(agent->id));
	agent->index.id = agent->id;
	if (!index_add(&agents->index, &agent->index)) {
		free(agent);
		return NULL;
	}
	agent->state = host->state;
	agent->saved = host->last_seen;
	agent->generation = host->generation_applied;
	agent->staged = host->generation_staged;
	agent->acknowledged = host->generation_acknowledged;
	memcpy(agent->failure, host->failure, sizeof(agent->failure));
	TAILQ_INSERT_TAIL(&agents->list, agent, link);
	return agent;
}

int64_t agent_acknowledged(struct agent *agent)
{
	const struct stream *stream = agent->stream;
	int64_t feed = stream ? stream->agents->controller->feed : 0;

	/* What came since concerned others, or it would not be idle. */
	if (stream && stream->idle && agent->reported && !*agent->failure &&
	    feed > agent->acknowledged && stream_covered(stream, agent->applied, agent->n_applied))
		agent->acknowledged = feed;
	return agent->acknowledged;
}

static void agent_release(void *item)
{
	struct agent *agent = item;

	free(agent->applied);
	free(agent);
}

static void agents_free(struct agents *agents)
{
	index_free(agents->index, agent_release);
	operations_free(agents->operations);
	frame_release(agents->heartbeat);
	free(agents);
}

static void timer_closed(uv_handle_t *timer)
{
	agents_free(timer->data);
}

void agents_tick(struct agents *agents, int64_t now)
{
	agents->now = now;
	streams_beat(agents, now);
	if (agents_shared(agents))
		streams_check(agents);
	host_states_tick(agents, now);
	operations_tick(agents, now);
}

static void timer_due(uv_timer_t *timer)
{
	struct agents *agents = timer->data;

	agents->kicked = false;
	agents_tick(agents, clock_now());
}

void agents_kick(struct agents *agents)
{
	if (!agents->timed || agents->kicked)
		return;
	agents->kicked = true;
	uv_timer_start(&agents->timer, timer_due, KICK_MS, (uint64_t)agents->times.tick);
}

/* After each transaction of this controller; what others have done is seen by the tick. */
static void changed(const char *id, void *argument)
{
	struct agents *agents = *(struct agents **)argument;

	if (agents && id && resource_id_valid(RESOURCE_HOST, id))
		stream_check(agents, id);
}

static int hosts_list(struct store_tx *tx, void *argument, struct fault *fault)
{
	const struct store_query query = {.kind = RESOURCE_HOST};
	struct store_list *list = argument;

	store_list_release(list);
	*list = (struct store_list){0};
	return store_list(tx, &query, list, fault);
}

/* Those who were online when the controller ended come back, or are found to be away. */
static int hosts_load(struct agents *agents, struct fault *fault)
{
	struct store_list list = {0};
	int ret = store_read(agents->controller->store, hosts_list, &list, fault);

	for (size_t i = 0; i < list.n && !ret; i++) {
		const struct host *host = (const struct host *)list.items[i];
		struct agent *agent;

		if (host->state != HOST_ONLINE)
			continue;
		agent = agent_get(agents, host);
		if (agent)
			agent->heard = agents->now;
		else
			ret = fault_memory(fault);
	}
	store_list_release(&list);
	return ret;
}

static int agents_start(struct agents *agents, struct fault *fault)
{
	struct controller *controller = agents->controller;
	int ret;

	agents->heartbeat = record_heartbeat();
	agents->operations = operations_new();
	if (!agents->heartbeat || !agents->operations)
		return fault_memory(fault);
	if ((ret = hosts_load(agents, fault)) ||
	    (ret = controller_listen(controller, changed, &controller->agents)))
		return ret;
	if (!controller->loop)
		return 0;
	uv_timer_init(controller->loop, &agents->timer);
	agents->timer.data = agents;
	agents->timed = true;
	agents_kick(agents);
	return 0;
}

int agents_open(struct controller *controller, struct fault *fault)
{
	struct agents *agents = calloc(1, sizeof(*agents));
	int ret;

	if (!agents)
		return fault_memory(fault);
	agents->controller = controller;
	agents->times = times_default;
	if (agents_shared(agents))
		agents->times.save = SAVE_SHARED;
	TAILQ_INIT(&agents->list);
	TAILQ_INIT(&agents->quiet);
	agents->now = clock_now();
	ret = agents_start(agents, fault);
	if (ret) {
		agents_free(agents);
		return ret;
	}
	controller->agents = agents;
	return 0;
}

void agents_close(struct controller *controller)
{
	struct agents *agents = controller->agents;
	struct stream *stream;

	if (!agents)
		return;
	controller->agents = NULL;
	while ((stream = TAILQ_FIRST(&agents->quiet)))
		stream_end(stream);
	if (agents->timed)
		uv_close((uv_handle_t *)&agents->timer, timer_closed);
	else
		agents_free(agents);
}
