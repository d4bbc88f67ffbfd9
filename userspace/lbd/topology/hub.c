// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hub: all logs by their ids, what is appended to them, and the subscribers. Used by the
 * controller, which feeds it with what is on disk. The other files of the hub are named in
 * hub-parts.h. No I/O; one thread.
 *
 * To append is to change the fragment, to keep the frame, to follow what is newly linked and not
 * what is not linked any more, and to mark everyone who follows the log. Everything that can fail
 * comes before the first change; a subscriber for whom there is no memory then is lost, alone.
 */
#include "topology/hub-parts.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static struct log *log_find(const struct hub *hub, const char *id)
{
	return index_find(&hub->logs, id);
}

struct log *hub_log(struct hub *hub, const char *id)
{
	struct log *log = log_find(hub, id);

	if (log || !(log = log_new(id)))
		return log;
	if (!index_add(&hub->logs, &log->index)) {
		log_free(log);
		return NULL;
	}
	hub->counts.logs++;
	return log;
}

struct hub *hub_new(const struct hub_options *options)
{
	struct hub *hub = calloc(1, sizeof(*hub));

	if (!hub)
		return NULL;
	hub->options = *options;
	LIST_INIT(&hub->subscribers);
	TAILQ_INIT(&hub->told);
	return hub;
}

static void log_destroy(void *log)
{
	log_free(log);
}

void hub_free(struct hub *hub)
{
	if (!hub)
		return;
	while (!LIST_EMPTY(&hub->subscribers))
		hub_unsubscribe(LIST_FIRST(&hub->subscribers));
	index_free(hub->logs, log_destroy);
	sodium_memzero(hub->options.secret, sizeof(hub->options.secret));
	free(hub);
}

const struct fragment *hub_fragment(const struct hub *hub, const char *log)
{
	const struct log *found = log_find(hub, log);

	return found ? found->fragment : NULL;
}

void hub_counts(const struct hub *hub, struct hub_counts *counts)
{
	*counts = hub->counts;
}

/* --- filling ------------------------------------------------------------------------------------ */

static int links_load(struct hub *hub, struct log *log, const struct record *entries, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct link link;

		if (log_link_target(hub, log, entries[i].key, entries[i].value,
				    entries[i].value_size, &link))
			return -ENOMEM;
		if (link.type == LINK_NONE)
			continue;
		if (log_reserve(hub, log, 1))
			return -ENOMEM;
		log_link_add(log, link.target, link.type);
	}
	return 0;
}

int hub_load(struct hub *hub, const char *id, uint64_t version, const struct record *entries,
	     size_t n, struct fault *fault)
{
	struct log *log;
	int ret;

	if (!record_log_valid(id))
		return fault_set(fault, -EBADMSG, NULL, "\"%s\" is no name of a log", id);
	log = hub_log(hub, id);
	if (!log)
		return fault_memory(fault);
	if (log_version(log) || !LIST_EMPTY(&log->positions))
		return fault_set(fault, -EEXIST, NULL, "log %s is in use already", id);
	if ((ret = fragment_load(log->fragment, version, entries, n, fault)))
		return ret;
	if (links_load(hub, log, entries, n)) {
		log->n_links = 0;
		fragment_load(log->fragment, 0, NULL, 0, NULL);
		return fault_memory(fault);
	}
	hub->counts.entries += n;
	return 0;
}

/* --- appending ---------------------------------------------------------------------------------- */

/* Who is told may go, or make others go: so from the front, one by one. */
static void told_call(struct hub *hub)
{
	struct subscriber *subscriber;

	while ((subscriber = TAILQ_FIRST(&hub->told))) {
		TAILQ_REMOVE(&hub->told, subscriber, of_told);
		subscriber->told = false;
		if (hub->options.ready)
			hub->options.ready(subscriber, subscriber->owner);
	}
}

/* Those who follow the log only because of a bridge do not follow its links. */
static void link_change(struct log *log, const struct link *link, bool add)
{
	struct position *position, *next;

	for (position = LIST_FIRST(&log->positions); position; position = next) {
		next = LIST_NEXT(position, of_log);
		if (!position->members)
			continue;
		if (add)
			follow(position->subscriber, link->target, link->type);
		else
			unfollow(position->subscriber, link->target, link->type);
	}
}

/* The new link first: a log that both reach is not ended in between. */
static void links_change(struct log *log, const struct link *old, const struct link *new)
{
	if (new->type != LINK_NONE && log_link_add(log, new->target, new->type))
		link_change(log, new, true);
	if (old->type != LINK_NONE && log_link_drop(log, old->target, old->type))
		link_change(log, old, false);
}

static void positions_pend(struct log *log)
{
	struct position *position;

	LIST_FOREACH(position, &log->positions, of_log)
	position_pend(position);
}

int hub_append(struct hub *hub, const struct record *record, struct frame *frame,
	       struct fault *fault)
{
	struct log *log = record_log_valid(record->log) ? hub_log(hub, record->log) : NULL;
	struct link old = {0}, new = {0};
	const char *value;
	size_t size = 0, count;
	int ret;

	if (!log)
		return record_log_valid(record->log)
			       ? fault_memory(fault)
			       : fault_set(fault, -EBADMSG, NULL, "a record has no log");
	value = fragment_get(log->fragment, record->key, &size);
	if (log_link_target(hub, log, record->key, value, size, &old) ||
	    log_link_target(hub, log, record->key, record->value, record->value_size, &new) ||
	    log_reserve(hub, log, new.type != LINK_NONE))
		return fault_memory(fault);
	count = fragment_count(log->fragment);
	if ((ret = fragment_apply(log->fragment, record, fault)))
		return ret;
	/* Nothing fails from here on. */
	hub->counts.entries += fragment_count(log->fragment) - count;
	hub->counts.appended++;
	log_push(hub, log, frame);
	links_change(log, &old, &new);
	positions_pend(log);
	told_call(hub);
	return 0;
}

/* --- subscribers -------------------------------------------------------------------------------- */

/* In a log that it does not follow, any more perhaps: it is told the end, or goes on if it is again. */
static void cursor_set(struct subscriber *subscriber, const struct cursor *cursor)
{
	struct log *log = log_find(subscriber->hub, cursor->log);
	struct position *position = log ? position_find(subscriber, log) : NULL;

	if (!log || !cursor->version)
		return;
	if (!position && !(position = position_add(subscriber, log))) {
		subscriber_lose(subscriber);
		return;
	}
	position->known = true;
	position->sent = cursor->version;
	position_pend(position);
}

int hub_subscribe(struct hub *hub, const char *root, const struct cursor *cursors, size_t n,
		  void *owner, struct subscriber **subscriber, struct fault *fault)
{
	struct log *log = record_log_valid(root) ? hub_log(hub, root) : NULL;
	struct subscriber *new = log ? calloc(1, sizeof(*new)) : NULL;

	if (!new)
		return log || record_log_valid(root)
			       ? fault_memory(fault)
			       : fault_set(fault, -EINVAL, NULL, "\"%s\" is no name of a log",
					   root);
	new->hub = hub;
	new->owner = owner;
	TAILQ_INIT(&new->pending);
	LIST_INSERT_HEAD(&hub->subscribers, new, of_hub);
	hub->counts.subscribers++;
	follow(new, log, LINK_MEMBER);
	for (size_t i = 0; i < n; i++)
		cursor_set(new, &cursors[i]);
	if (!new->lost) {
		*subscriber = new;
		return 0;
	}
	hub_unsubscribe(new);
	return fault_memory(fault);
}

void hub_unsubscribe(struct subscriber *subscriber)
{
	if (!subscriber)
		return;
	while (subscriber->n_positions)
		position_drop(subscriber->positions[subscriber->n_positions - 1]);
	if (subscriber->told)
		TAILQ_REMOVE(&subscriber->hub->told, subscriber, of_told);
	LIST_REMOVE(subscriber, of_hub);
	subscriber->hub->counts.subscribers--;
	free(subscriber->positions);
	free(subscriber);
}

bool hub_position(const struct subscriber *subscriber, const char *log, uint64_t *version)
{
	const struct log *found = log_find(subscriber->hub, log);
	const struct position *position = found ? position_find(subscriber, found) : NULL;

	if (!position || !position_live(position))
		return false;
	*version = position->sent;
	return true;
}
