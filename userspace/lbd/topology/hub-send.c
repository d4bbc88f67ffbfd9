// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a subscriber is sent next. Nothing is queued for it: the frame that follows its place is
 * taken from the log's history, or, where that does not reach back so far, the whole fragment.
 */
#include "topology/hub-parts.h"

/*
 * Ended: tells so, and forgets the place. The version is the one that the client has: it is not to
 * learn how far a log is that it does not follow. Most have the same one, and it is sealed once.
 */
static struct frame *end_next(struct hub *hub, struct position *position)
{
	struct log *log = position->log;
	struct frame *frame;

	if (!log->end.frame || log->end.version != position->sent) {
		frame = record_seal_end(log->index.id, position->sent, hub->options.secret);
		if (!frame)
			return NULL;
		frame_release(log->end.frame);
		log->end.frame = frame;
		log->end.version = position->sent;
	}
	position_drop(position);
	hub->counts.sent_ends++;
	return frame_hold(log->end.frame);
}

static struct frame *whole_next(struct hub *hub, struct position *position)
{
	uint64_t version;
	struct frame *frame = log_whole(hub, position->log, &version);

	if (!frame)
		return NULL;
	position->known = true;
	position->sent = version;
	hub->counts.sent_fragments++;
	return frame;
}

static struct frame *position_next(struct hub *hub, struct position *position)
{
	struct frame *frame = NULL;

	if (!position_live(position))
		return end_next(hub, position);
	/* From nothing always the whole: the client may have something old that it did not say. */
	if (position->sent)
		frame = log_frame_after(position->log, position->sent);
	if (!frame)
		return whole_next(hub, position);
	position->known = true;
	position->sent++;
	hub->counts.sent_changes++;
	return frame_hold(frame);
}

/* One that is followed again before its end was told has nothing to be sent, perhaps. */
static bool position_has_more(const struct position *position)
{
	return !position_live(position) || position->sent != log_version(position->log);
}

/* In turns: a log that changes all the time does not keep the others waiting. */
struct frame *hub_next(struct subscriber *subscriber)
{
	struct position *position;
	struct frame *frame;

	while (!subscriber->lost && (position = TAILQ_FIRST(&subscriber->pending))) {
		TAILQ_REMOVE(&subscriber->pending, position, of_pending);
		if (!position_has_more(position)) {
			position->pending = false;
			continue;
		}
		TAILQ_INSERT_TAIL(&subscriber->pending, position, of_pending);
		frame = position_next(subscriber->hub, position);
		if (!frame)
			subscriber->lost = true;
		return frame;
	}
	subscriber->idle = true;
	return NULL;
}

bool hub_lost(const struct subscriber *subscriber)
{
	return subscriber->lost;
}
