// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who follows which log, and until when. Links of membership go down from a host's log (to its
 * workspace, networks, firewalls), those of bridges from a network that is followed by membership to
 * another; so the recursion here is as deep as that: five steps. Called by hub.c and hub-send.c.
 */
#include "topology/hub-parts.h"

#include <stdlib.h>
#include <string.h>

/* Where the position in this log is in the subscriber's array, or belongs. */
static unsigned int position_place(const struct subscriber *subscriber, const struct log *log)
{
	unsigned int low = 0, high = subscriber->n_positions;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if ((uintptr_t)subscriber->positions[middle]->log < (uintptr_t)log)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct position *position_find(const struct subscriber *subscriber, const struct log *log)
{
	unsigned int at = position_place(subscriber, log);

	if (at == subscriber->n_positions || subscriber->positions[at]->log != log)
		return NULL;
	return subscriber->positions[at];
}

bool position_live(const struct position *position)
{
	return position->members || position->bridges;
}

static bool positions_grow(struct subscriber *subscriber)
{
	unsigned int capacity = subscriber->capacity ? 2 * subscriber->capacity : 8;
	struct position **positions;

	if (subscriber->n_positions < subscriber->capacity)
		return true;
	positions = reallocarray(subscriber->positions, capacity, sizeof(struct position *));
	if (!positions)
		return false;
	subscriber->positions = positions;
	subscriber->capacity = capacity;
	return true;
}

struct position *position_add(struct subscriber *subscriber, struct log *log)
{
	struct position *position =
		positions_grow(subscriber) ? calloc(1, sizeof(*position)) : NULL;
	unsigned int at;

	if (!position)
		return NULL;
	at = position_place(subscriber, log);
	memmove(&subscriber->positions[at + 1], &subscriber->positions[at],
		(subscriber->n_positions - at) * sizeof(struct position *));
	subscriber->positions[at] = position;
	subscriber->n_positions++;
	subscriber->hub->counts.positions++;
	position->log = log;
	position->subscriber = subscriber;
	LIST_INSERT_HEAD(&log->positions, position, of_log);
	return position;
}

void position_drop(struct position *position)
{
	struct subscriber *subscriber = position->subscriber;
	unsigned int at = position_place(subscriber, position->log);

	if (position->pending)
		TAILQ_REMOVE(&subscriber->pending, position, of_pending);
	LIST_REMOVE(position, of_log);
	subscriber->n_positions--;
	memmove(&subscriber->positions[at], &subscriber->positions[at + 1],
		(subscriber->n_positions - at) * sizeof(struct position *));
	subscriber->hub->counts.positions--;
	free(position);
}

/* Who is not idle is asking anyway. */
void subscriber_tell(struct subscriber *subscriber)
{
	if (!subscriber->idle)
		return;
	subscriber->idle = false;
	subscriber->told = true;
	TAILQ_INSERT_TAIL(&subscriber->hub->told, subscriber, of_told);
}

void subscriber_lose(struct subscriber *subscriber)
{
	subscriber->lost = true;
	subscriber_tell(subscriber);
}

void position_pend(struct position *position)
{
	struct subscriber *subscriber = position->subscriber;

	if (position->pending)
		return;
	subscriber_tell(subscriber);
	position->pending = true;
	TAILQ_INSERT_TAIL(&subscriber->pending, position, of_pending);
}

void follow(struct subscriber *subscriber, struct log *log, enum link_type type)
{
	struct position *position = position_find(subscriber, log);

	if (!position)
		position = position_add(subscriber, log);
	if (!position) {
		subscriber_lose(subscriber);
		return;
	}
	if (type == LINK_BRIDGE)
		position->bridges++;
	else
		position->members++;
	if (position->sent != log_version(log))
		position_pend(position);
	if (type == LINK_BRIDGE || position->members > 1)
		return;
	for (size_t i = 0; i < log->n_links; i++)
		follow(subscriber, log->links[i].target, log->links[i].type);
}

/* A client that has nothing of the log needs not hear that it ended. */
static void position_end(struct position *position)
{
	if (position->known)
		position_pend(position);
	else
		position_drop(position);
}

void unfollow(struct subscriber *subscriber, struct log *log, enum link_type type)
{
	struct position *position = position_find(subscriber, log);
	unsigned int *count;
	bool last;

	/* Where there was no memory to follow. */
	if (!position)
		return;
	count = type == LINK_BRIDGE ? &position->bridges : &position->members;
	if (!*count)
		return;
	last = !--*count && type == LINK_MEMBER;
	if (!position_live(position))
		position_end(position);
	for (size_t i = 0; last && i < log->n_links; i++)
		unfollow(subscriber, log->links[i].target, log->links[i].type);
}
