// SPDX-License-Identifier: GPL-2.0-only
/*
 * The controller's life, and the one way in which it changes anything: a transaction of the store
 * with all that follows from it, then the hub, then who waits. What other controllers have done it
 * learns from the store when that tells, and once a second in any case.
 */
#include "controller/clock.h"
#include "controller/controller-parts.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define HISTORY_FRAMES 1024
#define HISTORY_BYTES  (1u << 20)
#define TICK_MS	       1000
#define TIDY_MS	       (60LL * 60 * 1000)

static void ready_none(struct subscriber *subscriber, void *owner)
{
	(void)subscriber;
	(void)owner;
}

static void failed_tell(struct controller *controller, int error, const struct fault *fault)
{
	if (controller->options->failed)
		controller->options->failed(NULL, error, fault);
	else
		fprintf(stderr, "controller: %s\n", fault->text);
}

static void changed_tell(struct controller *controller, const char *id)
{
	watch_wake(controller, id);
	for (size_t i = 0; i < controller->n_listeners; i++)
		controller->listeners[i].changed(id, controller->listeners[i].argument);
}

/* --- what others have changed ------------------------------------------------------------------- */

/* told: the store says that there is something, be it without a record. */
static void others_look(struct controller *controller, bool told)
{
	int64_t had = controller->feed;
	struct fault fault = {0};
	int ret = controller_feed(controller, &fault);

	if (ret)
		failed_tell(controller, ret, &fault);
	if (told || controller->feed != had)
		changed_tell(controller, NULL);
}

static void on_watch(uv_poll_t *handle, int status, int events)
{
	struct controller *controller = handle->data;

	(void)status;
	(void)events;
	store_watch_clear(controller->store);
	others_look(controller, true);
}

static int tidy(struct store_tx *tx, void *argument, struct fault *fault)
{
	int ret = store_answer_trim(tx, *(const int64_t *)argument, fault);

	return ret ? ret : store_log_trim(tx, HISTORY_FRAMES, fault);
}

static void on_tick(uv_timer_t *timer)
{
	struct controller *controller = timer->data;
	int64_t now = clock_now();
	struct fault fault = {0};
	int ret;

	others_look(controller, false);
	watch_expire(controller, now);
	if (now - controller->tidied < TIDY_MS)
		return;
	controller->tidied = now;
	if ((ret = store_write(controller->store, tidy, &now, &fault)))
		failed_tell(controller, ret, &fault);
}

/* --- opening and closing ------------------------------------------------------------------------ */

static int loop_join(struct controller *controller, struct fault *fault)
{
	int fd = store_watch_fd(controller->store);

	if (uv_timer_init(controller->loop, &controller->timer))
		return fault_memory(fault);
	controller->timer.data = controller;
	controller->tidied = clock_now();
	if (uv_timer_start(&controller->timer, on_tick, TICK_MS, TICK_MS))
		return fault_memory(fault);
	if (fd < 0)
		return 0;
	if (uv_poll_init(controller->loop, &controller->watch, fd))
		return fault_memory(fault);
	controller->watch.data = controller;
	if (uv_poll_start(&controller->watch, UV_READABLE, on_watch))
		return fault_memory(fault);
	return 0;
}

static int hub_fill(struct controller *controller, struct fault *fault)
{
	struct hub_options options = {.history_frames = HISTORY_FRAMES,
				      .history_bytes = HISTORY_BYTES,
				      .ready = controller->options->ready};

	if (!options.ready)
		options.ready = ready_none;
	memcpy(options.secret, controller->signing_secret, sizeof(options.secret));
	controller->hub = hub_new(&options);
	sodium_memzero(options.secret, sizeof(options.secret));
	return controller->hub ? feed_load(controller, fault) : fault_memory(fault);
}

int controller_open(struct controller *controller, uv_loop_t *loop, struct fault *fault)
{
	int ret;

	controller->loop = loop;
	if ((ret = store_open(controller->options->store, &controller->store, fault)) ||
	    (ret = hub_fill(controller, fault)) || (loop && (ret = loop_join(controller, fault))))
		controller_close(controller);
	return ret;
}

static void handle_close(uv_handle_t *handle)
{
	if (handle->loop && !uv_is_closing(handle))
		uv_close(handle, NULL);
}

void controller_close(struct controller *controller)
{
	handle_close((uv_handle_t *)&controller->watch);
	handle_close((uv_handle_t *)&controller->timer);
	hub_free(controller->hub);
	store_close(controller->store);
	controller->hub = NULL;
	controller->store = NULL;
}

int controller_listen(struct controller *controller, changed_fn changed, void *argument)
{
	if (controller->n_listeners == CONTROLLER_LISTENERS)
		return -ENOSPC;
	controller->listeners[controller->n_listeners].changed = changed;
	controller->listeners[controller->n_listeners++].argument = argument;
	return 0;
}

/* --- changes ------------------------------------------------------------------------------------ */

struct running {
	struct changes changes;
	change_fn work;
	void *argument;
};

static int change_run(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct running *running = argument;
	int ret;

	/* What an attempt before this one has collected was rolled back with it. */
	changes_release(&running->changes);
	running->changes.tx = tx;
	ret = running->work(&running->changes, running->argument, fault);
	return ret ? ret : changes_append(&running->changes, fault);
}

int controller_change(struct controller *controller, const struct call *call, change_fn work,
		      void *argument, struct fault *fault)
{
	static const struct identity itself = {
		.known = true, .system = true, .actor = "controller"};
	char request[ULID_SIZE];
	struct running running = {
		.changes = {.controller = controller,
			    .identity = call ? &call->identity : &itself,
			    .route = call ? call->route : NULL,
			    .now = call ? call->request->now : clock_now()},
		.work = work,
		.argument = argument,
	};
	int ret;

	ulid_make(running.changes.now, request);
	running.changes.request = call ? call->request->id : request;
	ret = store_write(controller->store, change_run, &running, fault);
	if (!ret) {
		feed_appended(controller, &running.changes);
		for (size_t i = 0; i < running.changes.n_edited; i++)
			changed_tell(controller, running.changes.edited[i]);
	}
	changes_release(&running.changes);
	return ret;
}
