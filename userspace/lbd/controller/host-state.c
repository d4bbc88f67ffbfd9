// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hosts online and offline, and what their agents have reported, from memory into the store: in
 * batches, because a thousand agents come back together when a controller has started. Called by the
 * tick of agent-list.c and by the handlers.
 */
#include "controller/host-state.h"

#include <errno.h>
#include <string.h>

/* In one transaction; and those with news, in one tick. */
#define BATCH 128

static bool is_online(const struct agents *agents, const struct agent *agent, int64_t now)
{
	return agent->stream || (agent->heard && now - agent->heard < agents->times.offline);
}

/* What the state ought to be; enrolled is left by the first stream alone. */
static enum host_state state_wanted(enum host_state state, bool online)
{
	if (state == HOST_DRAINING || state == HOST_REMOVED)
		return state;
	if (online)
		return HOST_ONLINE;
	return state == HOST_ENROLLED ? HOST_ENROLLED : HOST_OFFLINE;
}

void host_heard(struct agents *agents, struct agent *agent, int64_t now)
{
	agent->heard = now;
	if (state_wanted(agent->state, true) != agent->state)
		agents_kick(agents);
}

struct batch {
	struct agents *agents;
	int64_t now;
	struct agent *items[BATCH];
	size_t n;
};

/* By the store another controller has heard of it since this one has. */
static bool is_elsewhere(const struct batch *batch, const struct agent *agent,
			 const struct host *host)
{
	return agents_shared(batch->agents) && host->state == HOST_ONLINE &&
	       host->last_seen > agent->heard &&
	       batch->now - host->last_seen < batch->agents->times.offline;
}

static int state_set(struct changes *changes, const struct batch *batch,
		     const struct resource *before, enum host_state state, struct fault *fault)
{
	struct resource *after = resource_copy(before);
	struct host *host = (struct host *)after;
	int ret;

	if (!after)
		return fault_memory(fault);
	host->state = state;
	if (state == HOST_ONLINE && batch->now > host->last_seen)
		host->last_seen = batch->now;
	ret = changes_update(changes, before, after, fault);
	resource_free(after);
	return ret;
}

/* The store knows better: somebody may have set it to draining in the meantime. */
static int state_change(struct changes *changes, const struct batch *batch, struct agent *agent,
			struct fault *fault)
{
	bool online = is_online(batch->agents, agent, batch->now);
	struct resource *resource = NULL;
	const struct host *host;
	enum host_state wanted;
	int ret = store_get(changes->tx, RESOURCE_HOST, agent->id, &resource, fault);

	if (ret == -ENOENT) {
		agent->state = HOST_REMOVED;
		return 0;
	}
	if (ret)
		return ret;
	host = (const struct host *)resource;
	wanted = state_wanted(host->state, online);
	agent->state = host->state;
	if (!online && is_elsewhere(batch, agent, host))
		agent->heard = host->last_seen;
	else if (wanted != (enum host_state)host->state)
		ret = state_set(changes, batch, resource, wanted, fault);
	resource_free(resource);
	return ret;
}

static int states_change(struct changes *changes, void *argument, struct fault *fault)
{
	struct batch *batch = argument;
	int ret = 0;

	for (size_t i = 0; i < batch->n && !ret; i++)
		ret = state_change(changes, batch, batch->items[i], fault);
	return ret;
}

/* Agents whose state in the store is read again by the listener when it was changed. */
static int batch_write(struct batch *batch)
{
	struct controller *controller = batch->agents->controller;
	struct fault fault = {0};
	int ret = 0;

	if (batch->n)
		ret = controller_change(controller, NULL, states_change, batch, &fault);
	batch->n = 0;
	return ret;
}

static void states_settle(struct agents *agents, int64_t now)
{
	struct batch batch = {.agents = agents, .now = now};
	struct agent *agent;

	TAILQ_FOREACH(agent, &agents->list, link)
	{
		if (state_wanted(agent->state, is_online(agents, agent, now)) == agent->state)
			continue;
		batch.items[batch.n++] = agent;
		/* What fails now is tried again with the next tick. */
		if (batch.n == BATCH && batch_write(&batch))
			return;
	}
	batch_write(&batch);
}

/* News of one: past changes_update(), since no record follows from them. */
static int news_write(struct store_tx *tx, const struct batch *batch, struct agent *agent,
		      struct fault *fault)
{
	struct resource *resource = NULL;
	struct host *host;
	int ret = store_get(tx, RESOURCE_HOST, agent->id, &resource, fault);

	if (ret)
		return ret == -ENOENT ? 0 : ret;
	host = (struct host *)resource;
	if (agent->stream)
		host->last_seen = batch->now;
	else if (agent->heard > host->last_seen)
		host->last_seen = agent->heard;
	host->generation_acknowledged = agent_acknowledged(agent);
	host->generation_applied = agent->acknowledged;
	host->generation_staged =
		agent->staged > agent->acknowledged ? agent->staged : agent->acknowledged;
	memcpy(host->failure, agent->failure, sizeof(host->failure));
	ret = store_update(tx, resource, batch->now, fault);
	resource_free(resource);
	return ret;
}

static int all_news_write(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct store_audit audit = {.actor = "controller", .action = "host.news"};
	const struct batch *batch = argument;
	int ret = 0;

	audit.at = batch->now;
	for (size_t i = 0; i < batch->n && !ret; i++)
		ret = news_write(tx, batch, batch->items[i], fault);
	return ret ? ret : store_audit(tx, &audit, fault);
}

static void news_save(struct agents *agents, int64_t now)
{
	struct batch batch = {.agents = agents, .now = now};
	struct agent *agent, *next;

	for (agent = TAILQ_FIRST(&agents->list); agent && batch.n < BATCH; agent = next) {
		next = TAILQ_NEXT(agent, link);
		if (!agent->dirty && (!agent->stream || now - agent->saved < agents->times.save))
			continue;
		batch.items[batch.n++] = agent;
	}
	if (!batch.n || store_write(agents->controller->store, all_news_write, &batch, NULL))
		return;
	for (size_t i = 0; i < batch.n; i++) {
		agent = batch.items[i];
		agent->dirty = false;
		agent->saved = now;
		/* In turns, when there are more than fit. */
		TAILQ_REMOVE(&agents->list, agent, link);
		TAILQ_INSERT_TAIL(&agents->list, agent, link);
	}
}

static int online_list(struct store_tx *tx, void *argument, struct fault *fault)
{
	const struct store_query query = {.kind = RESOURCE_HOST};
	struct store_list *list = argument;

	store_list_release(list);
	*list = (struct store_list){0};
	return store_list(tx, &query, list, fault);
}

/*
 * Hosts that are online by the store, but whose controller has not said so for long: it has gone,
 * and they have not come to another one.
 */
static void left_behind_find(struct agents *agents, int64_t now)
{
	struct store_list list = {0};
	const struct host *host;
	struct agent *agent;

	agents->surveyed = now;
	if (store_read(agents->controller->store, online_list, &list, NULL))
		list.n = 0;
	for (size_t i = 0; i < list.n; i++) {
		host = (const struct host *)list.items[i];
		agent = agent_find(agents, host->head.id);
		if (agent) {
			agent->state = host->state;
			if (host->last_seen > agent->heard && !agent->stream)
				agent->heard = host->last_seen;
		} else if (host->state == HOST_ONLINE &&
			   now - host->last_seen >= agents->times.offline) {
			agent_get(agents, host);
		}
	}
	store_list_release(&list);
}

void host_states_tick(struct agents *agents, int64_t now)
{
	if (agents_shared(agents) && now - agents->surveyed >= agents->times.survey)
		left_behind_find(agents, now);
	states_settle(agents, now);
	news_save(agents, now);
}
