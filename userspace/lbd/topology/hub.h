/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hub: all fragments, and who follows which. A subscriber begins at its root log (its host's)
 * and follows links (derive.h). It is a set of cursors, not a queue: a slow one costs nothing but
 * its place, and one that is behind the kept history gets the whole fragment. No I/O: the owner
 * is told when a subscriber has something to send, and asks for frame after frame. One thread.
 *
 * A log is followed while something that is followed links to it; links are counted, so what is
 * reached both by membership and by a bridge stays until the last of them goes. Then the subscriber
 * gets an end (record.h), with the version that it has. Through a bridge only the other network's
 * log is followed, not what that one links to. What a subscriber is sent is in order within a log,
 * in none between logs: a log may begin before the entry arrives that links to it. A whole fragment
 * may be one of a little while ago, with the changes since after it.
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
	/*
	 * Called once when a subscriber that had nothing to send (hub_next() has returned NULL) has
	 * something, or is lost: at the end of hub_append(), so that it may call any function of
	 * the hub but that. Not called for what there is from the start: ask hub_next() after
	 * hub_subscribe().
	 */
	void (*ready)(struct subscriber *subscriber, void *owner);
};

struct hub *hub_new(const struct hub_options *options);
void hub_free(struct hub *hub);

/*
 * Fills a log at start from the store's state: entries in any order, then the version. -EEXIST when
 * the log has a version or a subscriber already.
 */
int hub_load(struct hub *hub, const char *log, uint64_t version, const struct record *entries,
	     size_t n, struct fault *fault);

/*
 * A change that has its version, with its sealed frame; the hub takes its own reference. -ESTALE
 * when the version is not the next; see fragment_apply() for the others. What fails changes
 * nothing. O(log n + subscribers of the log).
 */
int hub_append(struct hub *hub, const struct record *record, struct frame *frame,
	       struct fault *fault);

/* NULL when there is no such log. */
const struct fragment *hub_fragment(const struct hub *hub, const char *log);

/* What a client says it has. */
struct cursor {
	char log[RESOURCE_ID_SIZE];
	uint64_t version;
};

/*
 * owner comes back in ready(). A cursor of a log that it may not follow (any more) is answered by an
 * end, or by nothing when there is no such log. A cursor ahead of a log gets the whole.
 */
int hub_subscribe(struct hub *hub, const char *root, const struct cursor *cursors, size_t n,
		  void *owner, struct subscriber **subscriber, struct fault *fault);
void hub_unsubscribe(struct subscriber *subscriber);

/* The next frame for it (a reference for the caller), or NULL when it has everything or is lost. */
struct frame *hub_next(struct subscriber *subscriber);

/*
 * There was no memory for what it follows or for a frame: the owner ends the connection, and the
 * client comes back with its cursors.
 */
bool hub_lost(const struct subscriber *subscriber);

/* May this subscriber follow this log, and how far is it: false when it does not. */
bool hub_position(const struct subscriber *subscriber, const char *log, uint64_t *version);

struct hub_counts {
	size_t logs, entries, subscribers, positions;
	uint64_t appended, sent_changes, sent_fragments, sent_ends, history_bytes;
};

void hub_counts(const struct hub *hub, struct hub_counts *counts);

#endif
