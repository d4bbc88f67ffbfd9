/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hub: all fragments, and who follows which. A subscriber begins at its root log (its host's)
 * and follows links (derive.h). It is a set of cursors, not a queue: a slow one costs nothing but
 * its place, and one that is behind the kept history gets the whole fragment. No I/O: the owner
 * is told when a subscriber has something to send, and asks for frame after frame.
 */
#ifndef LBD_TOPOLOGY_HUB_H
#define LBD_TOPOLOGY_HUB_H

#include "topology/fragment.h"

struct hub;
struct subscriber;

struct hub_options {
	size_t history_frames; /* kept per log */
	size_t history_bytes; /* kept per log; whichever is less */
	uint8_t secret[RECORD_SIGN_SECRET];
	/* Called once when a subscriber that had nothing to send has something. */
	void (*ready)(struct subscriber *subscriber, void *owner);
};

struct hub *hub_new(const struct hub_options *options);
void hub_free(struct hub *hub);

/* Fills a log at start from the store's state: entries by key, then the version. */
int hub_load(struct hub *hub, const char *log, uint64_t version, const struct record *entries,
	     size_t n, struct fault *fault);

/*
 * A change that has its version, with its sealed frame; the hub takes its own reference. -ESTALE
 * when the version is not the next. O(log n + subscribers of the log).
 */
int hub_append(struct hub *hub, const struct record *record, struct frame *frame,
	       struct fault *fault);

const struct fragment *hub_fragment(const struct hub *hub, const char *log);

/* What a client says it has. */
struct cursor {
	char log[RESOURCE_ID_SIZE];
	uint64_t version;
};

/* owner comes back in ready(). Cursors of logs that it may not follow are ignored. */
int hub_subscribe(struct hub *hub, const char *root, const struct cursor *cursors, size_t n,
		  void *owner, struct subscriber **subscriber, struct fault *fault);
void hub_unsubscribe(struct subscriber *subscriber);

/* The next frame for it (a reference for the caller), or NULL when it has everything. */
struct frame *hub_next(struct subscriber *subscriber);

/* May this subscriber follow this log, and how far is it: false when it does not. */
bool hub_position(const struct subscriber *subscriber, const char *log, uint64_t *version);

struct hub_counts {
	size_t logs, entries, subscribers, positions;
	uint64_t appended, sent_changes, sent_fragments, history_bytes;
};

void hub_counts(const struct hub *hub, struct hub_counts *counts);

#endif
