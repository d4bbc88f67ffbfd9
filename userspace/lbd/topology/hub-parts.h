/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the hub share: hub.c (logs and what is appended to them), hub-log.c (history
 * and links of one log), hub-follow.c (who follows what), hub-send.c (what to send next). Private
 * to them.
 *
 *   log ──positions──► position ◄──positions── subscriber
 *    │ links                      (a pair: where this one is in that log)
 *    ▼
 *   log
 */
#ifndef LBD_TOPOLOGY_HUB_PARTS_H
#define LBD_TOPOLOGY_HUB_PARTS_H

#include "topology/derive.h"
#include "topology/hub-index.h"
#include "topology/hub.h"

#include <sys/queue.h>

/* Several entries of a log may link to the same log: then n is how many. */
struct link {
	struct log *target;
	enum link_type type;
	unsigned int n;
};

/*
 * index: its id, which is the fragment's. history: a ring of the newest frames, the last of which has
 * the fragment's version. Logs live as long as the hub: their versions must never begin anew.
 */
struct log {
	struct indexed index;
	struct fragment *fragment;
	struct {
		struct frame *frame; /* the newest end, for all who are told it at that version */
		uint64_t version;
	} end;
	struct {
		struct frame *frame; /* the fragment at version, or NULL */
		uint64_t version;
		size_t after; /* bytes of the changes since */
	} whole;
	struct {
		struct frame **ring;
		size_t capacity;
		size_t first;
		size_t n;
		size_t bytes;
	} history;
	struct link *links;
	size_t n_links;
	LIST_HEAD(, position) positions;
};

/*
 * members and bridges count the logs that link here, among those whose links this subscriber
 * follows; both 0: the end is still to be told. sent: the newest version that was handed out or that
 * the client has. known: has the client anything of it.
 */
struct position {
	LIST_ENTRY(position) of_log;
	TAILQ_ENTRY(position) of_pending;
	struct log *log;
	struct subscriber *subscriber;
	uint64_t sent;
	unsigned int members;
	unsigned int bridges;
	bool known;
	bool pending;
};

/*
 * positions: sorted by the address of their logs. idle: hub_next() has said that there is nothing,
 * and nothing came since. told: it is in the hub's list of those whose owner is to hear.
 */
struct subscriber {
	struct hub *hub;
	void *owner;
	struct position **positions;
	unsigned int n_positions;
	unsigned int capacity;
	TAILQ_HEAD(, position) pending;
	LIST_ENTRY(subscriber) of_hub;
	TAILQ_ENTRY(subscriber) of_told;
	bool idle;
	bool told;
	bool lost;
};

struct hub {
	struct hub_options options;
	void *logs; /* hub-index.h */
	LIST_HEAD(, subscriber) subscribers;
	TAILQ_HEAD(, subscriber) told;
	struct hub_counts counts;
};

/* hub.c: the log with this id, made when it is not there yet; NULL without memory. */
struct log *hub_log(struct hub *hub, const char *id);

/* hub-log.c */
struct log *log_new(const char *id);
void log_free(struct log *log);
uint64_t log_version(const struct log *log);

/* 0 or -ENOMEM: afterwards log_push() and the log_link_add() of one link do not fail. */
int log_reserve(struct hub *hub, struct log *log, size_t links);
void log_push(struct hub *hub, struct log *log, struct frame *frame);

/* The frame after this version, or NULL when it is not kept. */
struct frame *log_frame_after(const struct log *log, uint64_t version);

/* True when it is the first, the last, one of these. */
bool log_link_add(struct log *log, struct log *target, enum link_type type);
bool log_link_drop(struct log *log, struct log *target, enum link_type type);

/*
 * Where an entry of this log links to: NULL with LINK_NONE. The target is made when it is not there
 * yet. Links that would go round in a circle are none. -ENOMEM.
 */
int log_link_target(struct hub *hub, const struct log *log, const char *key, const char *value,
		    size_t size, struct link *link);

/*
 * The fragment for someone who has nothing that one could go on from, and its version. It may be one
 * of before, when the changes since are kept: then these follow. NULL without memory.
 */
struct frame *log_whole(struct hub *hub, struct log *log, uint64_t *version);

/* hub-follow.c: one more, one less link from a log that it follows. Without memory it is lost. */
void follow(struct subscriber *subscriber, struct log *log, enum link_type type);
void unfollow(struct subscriber *subscriber, struct log *log, enum link_type type);

/* Adds one that is not live yet; NULL without memory. */
struct position *position_add(struct subscriber *subscriber, struct log *log);
struct position *position_find(const struct subscriber *subscriber, const struct log *log);
bool position_live(const struct position *position);
void position_drop(struct position *position);

/* There may be something to send: it is asked for by hub_next(), and the owner is told. */
void position_pend(struct position *position);
void subscriber_tell(struct subscriber *subscriber);
void subscriber_lose(struct subscriber *subscriber);

#endif
