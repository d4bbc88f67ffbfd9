// SPDX-License-Identifier: GPL-2.0-only
/*
 * One log of the hub: the ring of its newest frames, bounded by number and by bytes, and what its
 * entries link to. Called by hub.c, hub-follow.c and hub-send.c.
 */
#include "topology/hub-parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct log *log_new(const char *id)
{
	struct log *log = calloc(1, sizeof(*log));

	if (!log)
		return NULL;
	log->fragment = fragment_new(id);
	if (!log->fragment) {
		free(log);
		return NULL;
	}
	log->index.id = fragment_log(log->fragment);
	LIST_INIT(&log->positions);
	return log;
}

void log_free(struct log *log)
{
	for (size_t i = 0; i < log->history.n; i++)
		frame_release(log->history.ring[(log->history.first + i) % log->history.capacity]);
	free(log->history.ring);
	frame_release(log->end.frame);
	frame_release(log->whole.frame);
	free(log->links);
	fragment_free(log->fragment);
	free(log);
}

uint64_t log_version(const struct log *log)
{
	return fragment_version(log->fragment);
}

/* The ring grows by doubling, so that the many logs with few changes are small. */
static int history_reserve(struct log *log, size_t limit)
{
	size_t capacity = log->history.capacity ? 2 * log->history.capacity : 4, before, after;
	struct frame **ring;

	if (log->history.n < log->history.capacity || log->history.n >= limit)
		return 0;
	if (capacity > limit)
		capacity = limit;
	ring = calloc(capacity, sizeof(struct frame *));
	if (!ring)
		return -ENOMEM;
	/* It is full: what is before the oldest comes after the end. */
	if (log->history.n) {
		before = log->history.first;
		after = log->history.n - before;
		memcpy(ring, log->history.ring + before, after * sizeof(struct frame *));
		memcpy(ring + after, log->history.ring, before * sizeof(struct frame *));
	}
	free(log->history.ring);
	log->history.ring = ring;
	log->history.capacity = capacity;
	log->history.first = 0;
	return 0;
}

int log_reserve(struct hub *hub, struct log *log, size_t links)
{
	struct link *grown;

	if (history_reserve(log, hub->options.history_frames))
		return -ENOMEM;
	if (!links)
		return 0;
	grown = reallocarray(log->links, log->n_links + links, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	log->links = grown;
	return 0;
}

static void history_pop(struct hub *hub, struct log *log)
{
	struct frame *oldest = log->history.ring[log->history.first];

	log->history.first = (log->history.first + 1) % log->history.capacity;
	log->history.n--;
	log->history.bytes -= oldest->size;
	hub->counts.history_bytes -= oldest->size;
	frame_release(oldest);
}

void log_push(struct hub *hub, struct log *log, struct frame *frame)
{
	size_t frames = hub->options.history_frames, bytes = hub->options.history_bytes;

	log->whole.after += frame->size;
	while (log->history.n && (log->history.n >= frames || frame->size > bytes ||
				  log->history.bytes > bytes - frame->size))
		history_pop(hub, log);
	if (!frames || frame->size > bytes)
		return;
	log->history.ring[(log->history.first + log->history.n) % log->history.capacity] =
		frame_hold(frame);
	log->history.n++;
	log->history.bytes += frame->size;
	hub->counts.history_bytes += frame->size;
}

struct frame *log_frame_after(const struct log *log, uint64_t version)
{
	uint64_t behind = log_version(log) - version;

	/* Of a version ahead this is huge. */
	if (!behind || behind > log->history.n)
		return NULL;
	return log->history
		.ring[(log->history.first + log->history.n - behind) % log->history.capacity];
}

/*
 * To sign a fragment takes time that grows with it, and everyone who joins a network needs one. So
 * one is sent again, with the changes since, until these are an eighth of it: then what a join
 * costs, in the long run, does not depend on how many members there are.
 */
struct frame *log_whole(struct hub *hub, struct log *log, uint64_t *version)
{
	struct frame *frame = log->whole.frame;

	if (!frame || !log->whole.version || log->whole.after > frame->size / 8 ||
	    log_version(log) - log->whole.version > log->history.n) {
		frame = fragment_seal(log->fragment, hub->options.secret);
		if (!frame)
			return NULL;
		frame_release(log->whole.frame);
		log->whole.frame = frame;
		log->whole.version = log_version(log);
		log->whole.after = 0;
	}
	*version = log->whole.version;
	return frame_hold(frame);
}

static struct link *link_find(const struct log *log, const struct log *target, enum link_type type)
{
	for (size_t i = 0; i < log->n_links; i++) {
		if (log->links[i].target == target && log->links[i].type == type)
			return &log->links[i];
	}
	return NULL;
}

bool log_link_add(struct log *log, struct log *target, enum link_type type)
{
	struct link *link = link_find(log, target, type);

	if (link) {
		link->n++;
		return false;
	}
	log->links[log->n_links++] = (struct link){target, type, 1};
	return true;
}

bool log_link_drop(struct log *log, struct log *target, enum link_type type)
{
	struct link *link = link_find(log, target, type);

	if (!link || --link->n)
		return false;
	*link = log->links[--log->n_links];
	return true;
}

/* Who links and who is linked to: from a host's log down to those that link to none. */
static int rank(const char *id)
{
	static const char *const prefixes[] = {"fw_", "net_", "org_", "ws_", "host_"};

	for (int i = 0; i < (int)(sizeof(prefixes) / sizeof(prefixes[0])); i++) {
		if (!strncmp(id, prefixes[i], strlen(prefixes[i])))
			return i;
	}
	return -1;
}

int log_link_target(struct hub *hub, const struct log *log, const char *key, const char *value,
		    size_t size, struct link *link)
{
	char id[RESOURCE_ID_SIZE];

	*link = (struct link){.type = LINK_NONE};
	if (value)
		link->type = derive_link(key, value, size, id);
	/* A store that is damaged must not send us round in circles. */
	if ((link->type == LINK_MEMBER && rank(id) >= rank(log->index.id)) ||
	    (link->type == LINK_BRIDGE &&
	     (rank(id) != rank(log->index.id) || !strcmp(id, log->index.id))))
		link->type = LINK_NONE;
	if (link->type == LINK_NONE)
		return 0;
	link->target = hub_log(hub, id);
	return link->target ? 0 : -ENOMEM;
}
