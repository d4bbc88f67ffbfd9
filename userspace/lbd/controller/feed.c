// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the store's logs into the hub: all of them at the start, then record by record, in the order
 * in which they were committed, whichever controller made them. Called by controller.c.
 */
#include "controller/controller-parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FEED_BATCH 1000

struct loading {
	struct controller *controller;
	struct store_record *logs, *state;
	size_t n_logs, n_state;
};

static int loading_read(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct loading *loading = argument;
	int ret = store_log_list(tx, &loading->logs, &loading->n_logs, fault);

	return ret ? ret : store_log_state(tx, NULL, &loading->state, &loading->n_state, fault);
}

static int log_load(struct hub *hub, const struct store_record *log,
		    const struct store_record *state, size_t n, struct fault *fault)
{
	struct record *entries = calloc(n ? n : 1, sizeof(*entries));
	int ret;

	if (!entries)
		return fault_memory(fault);
	for (size_t i = 0; i < n; i++) {
		memcpy(entries[i].log, log->log, sizeof(entries[i].log));
		memcpy(entries[i].key, state[i].key, sizeof(entries[i].key));
		entries[i].value = state[i].value;
		entries[i].value_size = state[i].value_size;
	}
	ret = hub_load(hub, log->log, log->version, entries, n, fault);
	free(entries);
	return ret;
}

/* Both lists are in the same order. A log that is empty now has its version, too. */
static int logs_load(struct loading *loading, struct fault *fault)
{
	struct controller *controller = loading->controller;
	size_t at = 0, end;
	int ret;

	for (size_t i = 0; i < loading->n_logs; i++, at = end) {
		const struct store_record *log = &loading->logs[i];

		for (end = at;
		     end < loading->n_state && !strcmp(loading->state[end].log, log->log);)
			end++;
		ret = log_load(controller->hub, log, loading->state + at, end - at, fault);
		if (ret)
			return ret;
		if (log->sequence > controller->feed)
			controller->feed = log->sequence;
	}
	if (at != loading->n_state)
		return fault_set(fault, -EBADMSG, NULL,
				 "the store is damaged: the log %s has a state, but no version",
				 loading->state[at].log);
	return 0;
}

int feed_load(struct controller *controller, struct fault *fault)
{
	struct loading loading = {.controller = controller};
	int ret = store_read(controller->store, loading_read, &loading, fault);

	if (!ret)
		ret = logs_load(&loading, fault);
	store_records_release(loading.logs, loading.n_logs);
	store_records_release(loading.state, loading.n_state);
	return ret;
}

static int record_append(struct controller *controller, const struct record *record,
			 struct frame *frame, int64_t sequence, struct fault *fault)
{
	int ret = hub_append(controller->hub, record, frame, fault);

	if (!ret)
		controller->feed = sequence;
	return ret;
}

static int stored_append(struct controller *controller, const struct store_record *stored,
			 struct fault *fault)
{
	struct frame *frame = malloc(sizeof(*frame) + stored->bytes_size);
	struct frame_view view;
	int ret;

	if (!frame)
		return fault_memory(fault);
	frame->references = 1;
	frame->size = stored->bytes_size;
	memcpy(frame->bytes, stored->bytes, stored->bytes_size);
	ret = frame_open(frame->bytes, frame->size, controller->signing_public, &view, fault);
	if (ret || view.type != RECORD_CHANGE || view.size != frame->size)
		ret = fault_set(fault, ret == -ENOMEM ? ret : -EBADMSG, NULL,
				"record %" PRId64 " of the store is not one that this cluster has "
				"signed",
				stored->sequence);
	else
		ret = record_append(controller, &view.record, frame, stored->sequence, fault);
	frame_release(frame);
	return ret;
}

struct feeding {
	int64_t after;
	struct store_record *records;
	size_t n;
};

static int feeding_read(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct feeding *feeding = argument;

	return store_log_feed(tx, feeding->after, FEED_BATCH, &feeding->records, &feeding->n,
			      fault);
}

int controller_feed(struct controller *controller, struct fault *fault)
{
	struct feeding feeding;
	int ret;

	do {
		feeding = (struct feeding){.after = controller->feed};
		if ((ret = store_read(controller->store, feeding_read, &feeding, fault)))
			return ret;
		for (size_t i = 0; i < feeding.n && !ret; i++)
			ret = stored_append(controller, &feeding.records[i], fault);
		store_records_release(feeding.records, feeding.n);
	} while (!ret && feeding.n == FEED_BATCH);
	return ret;
}

/*
 * What was committed stays so, whatever happens here: what the hub could not take now, it gets with
 * the next feed.
 */
void feed_appended(struct controller *controller, const struct changes *changes)
{
	struct fault fault = {0};

	for (size_t i = 0; i < changes->n_appended; i++) {
		const struct appended *appended = &changes->appended[i];

		if (appended->sequence != controller->feed + 1 ||
		    record_append(controller, &appended->record, appended->frame,
				  appended->sequence, &fault)) {
			(void)controller_feed(controller, &fault);
			return;
		}
	}
}
