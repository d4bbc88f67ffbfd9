/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stream of an agent: the hub's frames as an endless answer. A frame is a reference to bytes that
 * all subscribers share; of its own a stream has a place in the frame that is being sent, and the
 * versions that it has sent. Opened by api-agent.c; at most one for each host.
 */
#ifndef LBD_CONTROLLER_STREAM_H
#define LBD_CONTROLLER_STREAM_H

#include "controller/agent.h"

struct stream {
	struct http_stream http;
	TAILQ_ENTRY(stream) link;
	struct agents *agents;
	struct agent *agent; /* NULL: it has ended */
	struct subscriber *subscriber;
	struct frame *frame; /* that is being sent, or NULL */
	size_t offset;
	struct cursor *sent;
	size_t n_sent;
	uint8_t credential_hash[32]; /* it ends when the host has another one */
	int64_t last; /* when it was last sent a frame */
	int64_t checked;
	bool beat; /* a heartbeat is due */
	bool idle; /* it has been sent everything that there is for it */
};

/* The hub's ready(): for controller_options. */
void stream_ready(struct subscriber *subscriber, void *owner);

/*
 * A stream for the reply of agent's request, in place of the one that there may be. host: as the
 * store has it. On success it is the server's to close.
 */
int stream_open(struct agents *agents, struct agent *agent, const struct host *host,
		const struct cursor *cursors, size_t n, struct stream **stream,
		struct fault *fault);

/* It sends nothing more, and its connection ends. */
void stream_end(struct stream *stream);

/* Heartbeats for those that have been quiet for long. */
void streams_beat(struct agents *agents, int64_t now);

/* Ends the stream of a host that has been removed, or whose credential is another one now. */
void stream_check(struct agents *agents, const char *host);

/*
 * The same for some of all streams, in turns, but first for those whose host's own log has changed:
 * another controller may have removed the host, or revoked its credential.
 */
void streams_check(struct agents *agents);

/* Has everything that the stream has sent been applied, by these versions. */
bool stream_covered(const struct stream *stream, const struct cursor *applied, size_t n);

#endif
