// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams of agents: frames from the hub into the server's buffer, one after another, across as many
 * calls as it takes. A slow reader is not asked for, so it holds nobody back and costs the frame
 * that it is reading. Heartbeats go to those that have had nothing else for a while.
 */
#include "controller/stream.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Where these are in a frame: topology/record.h. */
#define FRAME_TYPE    4
#define FRAME_LOG     5
#define FRAME_VERSION 37

static uint64_t version_read(const uint8_t *bytes)
{
	uint64_t version = 0;

	for (size_t i = 0; i < 8; i++)
		version = version << 8 | bytes[i];
	return version;
}

static struct cursor *sent_find(const struct stream *stream, const char *log)
{
	for (size_t i = 0; i < stream->n_sent; i++) {
		if (!strcmp(stream->sent[i].log, log))
			return &stream->sent[i];
	}
	return NULL;
}

static int sent_set(struct stream *stream, const char *log, uint64_t version)
{
	struct cursor *cursor = sent_find(stream, log), *grown;

	if (!cursor) {
		grown = reallocarray(stream->sent, stream->n_sent + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		stream->sent = grown;
		cursor = &grown[stream->n_sent++];
		memcpy(cursor->log, log, strlen(log) + 1);
	}
	cursor->version = version;
	return 0;
}

/* What the frame says is sent from now on; heartbeats say nothing. */
static int sent_note(struct stream *stream, const struct frame *frame)
{
	char log[RESOURCE_ID_SIZE];
	struct cursor *cursor;

	memcpy(log, frame->bytes + FRAME_LOG, sizeof(log));
	log[sizeof(log) - 1] = '\0';
	if (frame->bytes[FRAME_TYPE] == RECORD_HEARTBEAT)
		return 0;
	/* Perhaps it is removed: streams_check() looks with the next tick. */
	if (stream->agent && !strcmp(log, stream->agent->id))
		stream->checked = 0;
	if (frame->bytes[FRAME_TYPE] != RECORD_END)
		return sent_set(stream, log, version_read(frame->bytes + FRAME_VERSION));
	cursor = sent_find(stream, log);
	if (cursor)
		*cursor = stream->sent[--stream->n_sent];
	return 0;
}

static void quiet_again(struct stream *stream)
{
	struct agents *agents = stream->agents;

	stream->last = agents->now;
	stream->beat = false;
	TAILQ_REMOVE(&agents->quiet, stream, link);
	TAILQ_INSERT_TAIL(&agents->quiet, stream, link);
}

/* The next frame, if there is one: 1; 0: nothing now; -1: the end. */
static int frame_next(struct stream *stream)
{
	struct agent *agent = stream->agent;

	if (!agent || hub_lost(stream->subscriber))
		return -1;
	stream->frame = hub_next(stream->subscriber);
	stream->idle = !stream->frame;
	if (!stream->frame && hub_lost(stream->subscriber))
		return -1;
	if (stream->frame)
		agent->staged = stream->agents->controller->feed;
	else if (stream->beat)
		stream->frame = frame_hold(stream->agents->heartbeat);
	else
		return 0;
	stream->offset = 0;
	quiet_again(stream);
	return sent_note(stream, stream->frame) ? -1 : 1;
}

static ssize_t stream_more(struct http_stream *http, uint8_t *bytes, size_t size)
{
	struct stream *stream = (struct stream *)http;
	size_t filled = 0, n;
	int ret = 1;

	/* Not one byte more for whom it is no longer for. */
	while (filled < size && stream->agent &&
	       (stream->frame || (ret = frame_next(stream)) > 0)) {
		n = stream->frame->size - stream->offset;
		if (n > size - filled)
			n = size - filled;
		memcpy(bytes + filled, stream->frame->bytes + stream->offset, n);
		filled += n;
		stream->offset += n;
		if (stream->offset == stream->frame->size) {
			frame_release(stream->frame);
			stream->frame = NULL;
		}
	}
	if (filled)
		return (ssize_t)filled;
	return ret < 0 || !stream->agent ? -1 : 0;
}

/* Leaves its agent and the hub. */
static void stream_leave(struct stream *stream)
{
	struct agent *agent = stream->agent;

	if (!agent)
		return;
	hub_unsubscribe(stream->subscriber);
	stream->subscriber = NULL;
	TAILQ_REMOVE(&stream->agents->quiet, stream, link);
	stream->agents->n_streams--;
	stream->agent = NULL;
	if (agent->stream == stream)
		agent->stream = NULL;
}

void stream_end(struct stream *stream)
{
	stream_leave(stream);
	http_stream_wake(&stream->http);
}

static void stream_free(struct stream *stream)
{
	if (stream->frame)
		frame_release(stream->frame);
	free(stream->sent);
	free(stream);
}

static void stream_close(struct http_stream *http)
{
	struct stream *stream = (struct stream *)http;
	struct agent *agent = stream->agent;

	/* It comes back soon, or is not there any more. */
	if (agent)
		agent->heard = stream->agents->now - stream->agents->times.offline +
			       stream->agents->times.grace;
	stream_leave(stream);
	stream_free(stream);
}

void stream_ready(struct subscriber *subscriber, void *owner)
{
	struct stream *stream = owner;

	(void)subscriber;
	stream->idle = false;
	http_stream_wake(&stream->http);
}

/* What the client has, of the logs that it follows; the hub answers for the others. */
static int sent_begin(struct stream *stream, const struct cursor *cursors, size_t n)
{
	uint64_t version;
	int ret = 0;

	for (size_t i = 0; i < n && !ret; i++) {
		if (hub_position(stream->subscriber, cursors[i].log, &version))
			ret = sent_set(stream, cursors[i].log, version);
	}
	return ret;
}

static void stream_enter(struct stream *stream, struct agent *agent)
{
	struct agents *agents = stream->agents;

	if (agent->stream)
		stream_end(agent->stream);
	stream->agent = agent;
	stream->last = agents->now;
	TAILQ_INSERT_TAIL(&agents->quiet, stream, link);
	agents->n_streams++;
	agent->stream = stream;
}

int stream_open(struct agents *agents, struct agent *agent, const struct host *host,
		const struct cursor *cursors, size_t n, struct stream **stream, struct fault *fault)
{
	struct stream *opened = calloc(1, sizeof(*opened));
	int ret;

	if (!opened)
		return fault_memory(fault);
	ret = hub_subscribe(agents->controller->hub, agent->id, cursors, n, opened,
			    &opened->subscriber, fault);
	if (!ret && sent_begin(opened, cursors, n)) {
		hub_unsubscribe(opened->subscriber);
		ret = fault_memory(fault);
	}
	if (ret) {
		stream_free(opened);
		return ret;
	}
	opened->http.more = stream_more;
	opened->http.close = stream_close;
	opened->agents = agents;
	memcpy(opened->credential_hash, host->credential_hash, sizeof(host->credential_hash));
	stream_enter(opened, agent);
	*stream = opened;
	return 0;
}

void streams_beat(struct agents *agents, int64_t now)
{
	struct stream *stream;

	/* Each goes to the end: the time of one that stalls begins again, too. */
	while ((stream = TAILQ_FIRST(&agents->quiet)) &&
	       now - stream->last >= agents->times.heartbeat) {
		quiet_again(stream);
		stream->beat = true;
		http_stream_wake(&stream->http);
	}
}

void stream_check(struct agents *agents, const char *id)
{
	struct agent *agent = agent_find(agents, id);
	struct resource *resource = NULL;
	const struct host *host;
	int ret;

	if (!agent)
		return;
	ret = agents_read(agents, RESOURCE_HOST, id, &resource, NULL);
	host = (const struct host *)resource;
	if (!ret)
		agent->state = host->state;
	else if (ret == -ENOENT)
		agent->state = HOST_REMOVED;
	/* Whose right cannot be found out now is let go, too: it may come back and show it. */
	if (agent->stream && (ret || host->state == HOST_REMOVED ||
			      sodium_memcmp(host->credential_hash, agent->stream->credential_hash,
					    sizeof(host->credential_hash)) != 0))
		stream_end(agent->stream);
	resource_free(resource);
}

#define CHECK_BATCH 64
#define CHECK_AFTER 10000

void streams_check(struct agents *agents)
{
	struct stream *stream, *next;
	size_t n = 0;

	for (stream = TAILQ_FIRST(&agents->quiet); stream && n < CHECK_BATCH; stream = next) {
		next = TAILQ_NEXT(stream, link);
		if (agents->now - stream->checked < CHECK_AFTER)
			continue;
		stream->checked = agents->now;
		stream_check(agents, stream->agent->id);
		n++;
	}
}

bool stream_covered(const struct stream *stream, const struct cursor *applied, size_t n)
{
	for (size_t i = 0; i < stream->n_sent; i++) {
		size_t j = 0;

		while (j < n && strcmp(applied[j].log, stream->sent[i].log) != 0)
			j++;
		if (j == n || applied[j].version < stream->sent[i].version)
			return false;
	}
	return true;
}
