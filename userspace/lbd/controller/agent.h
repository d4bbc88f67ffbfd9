/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Agents: what the controller knows of each host's agent beyond the store: its stream, when it was
 * last heard of, what it has applied. Made by agents_open(), driven by one timer, in the loop's
 * thread. Private to api-agent.c, agent-*.c, stream.c, host-state.c and operation*.c, but for
 * agents_open(), agents_close() and stream_ready() (stream.h), which the service calls.
 */
#ifndef LBD_CONTROLLER_AGENT_H
#define LBD_CONTROLLER_AGENT_H

#include "controller/controller.h"
#include "topology/hub-index.h"

#include <sys/queue.h>

struct stream;
struct operations;

/* Milliseconds. */
struct agent_times {
	int64_t tick;
	int64_t heartbeat; /* a stream that has had nothing else for so long gets one */
	int64_t offline; /* not heard of for so long: offline (L26) */
	int64_t grace; /* the same, after a stream has ended */
	int64_t save; /* between two writings of last_seen */
	int64_t survey; /* between two looks for hosts that another controller has left behind */
	int64_t operation; /* an operation that nobody answers fails after it */
	int64_t rotation; /* a rotation that its host does not finish */
	int64_t peers; /* how long a rotation waits for peers that are online but do not answer */
};

/*
 * One host's agent. state: the store's, as far as this process knows. heard: 0: not since the start.
 * applied: the versions of logs that it has reported; acknowledged: the sequence of the newest
 * record such that it has applied all that concerns it up to there. dirty: to be written.
 */
struct agent {
	struct indexed index;
	TAILQ_ENTRY(agent) link;
	char id[RESOURCE_ID_SIZE];
	struct stream *stream;
	enum host_state state;
	int64_t heard;
	int64_t saved;
	struct cursor *applied;
	size_t n_applied;
	int64_t generation; /* of its kernel, as reported */
	int64_t staged;
	int64_t acknowledged;
	char failure[DESCRIPTION_SIZE];
	bool reported;
	bool dirty;
};

TAILQ_HEAD(agent_list, agent);
TAILQ_HEAD(stream_list, stream);

struct agents {
	struct controller *controller;
	void *index;
	struct agent_list list;
	struct stream_list quiet; /* by the time of their last frame, the oldest first */
	size_t n_streams;
	struct frame *heartbeat;
	struct operations *operations;
	uv_timer_t timer;
	bool timed;
	bool kicked;
	struct agent_times times;
	int64_t now; /* of the last tick */
	int64_t surveyed;
};

/*
 * After controller_open(), whose options have stream_ready() as ready; with a loop, starts the
 * timer. Hosts that the store has as online have times.offline to come back.
 */
int agents_open(struct controller *controller, struct fault *fault);

/* After the server's end, before controller_close(); the memory is freed when the loop has run. */
void agents_close(struct controller *controller);

/* What the timer does; now in milliseconds since 1970. Tests without a loop call it. */
void agents_tick(struct agents *agents, int64_t now);

/* The next tick comes soon: there is something to do. */
void agents_kick(struct agents *agents);

/* May more than one controller work on this store. */
bool agents_shared(const struct agents *agents);

/* A resource as the store has it now; the caller frees. */
int agents_read(struct agents *agents, enum resource_kind kind, const char *id,
		struct resource **resource, struct fault *fault);

struct agent *agent_find(const struct agents *agents, const char *host);

/* That of a host, made when it is not there yet; NULL without memory. */
struct agent *agent_get(struct agents *agents, const struct host *host);

/* The sequence up to which it has applied everything; grows while it has nothing to apply. */
int64_t agent_acknowledged(struct agent *agent);

#endif
