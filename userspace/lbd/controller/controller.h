/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The controller: owns the store, the hub and the server, and is what handlers are given. One
 * thread, one loop. A change of resources goes through controller_change(): store, records, audit
 * in one transaction, then the hub, so that what agents see is what is on disk.
 */
#ifndef LBD_CONTROLLER_CONTROLLER_H
#define LBD_CONTROLLER_CONTROLLER_H

#include "controller/http.h"
#include "controller/route.h"
#include "store/store.h"
#include "topology/derive.h"
#include "topology/hub.h"

/*
 * Borrowed for the controller's life. slice_length 0, pool of family 0: L4's defaults.
 * ready: the hub's (topology/hub.h), or NULL when nobody subscribes.
 * failed: is told of requests that failed for no fault of the client's; NULL: a line on stderr.
 */
struct controller_options {
	const char *store; /* url */
	const char *state; /* directory of keys and, by default, of the store */
	const char *signing_key_file;
	const char *listen;
	const char *socket;
	const char *certificate_file;
	const char *key_file;
	const char *metrics; /* loopback address and port, or NULL */
	struct lbmesh_prefix pool;
	int64_t slice_length;
	int64_t quarantine_ms;
	const char *suffix; /* G2 */
	bool old_paths; /* L8 */
	void (*ready)(struct subscriber *subscriber, void *owner);
	void (*failed)(const struct http_request *request, int error, const struct fault *fault);
};

/* id: of a resource that was changed here. NULL: others have changed something, see for yourself. */
typedef void (*changed_fn)(const char *id, void *argument);

#define CONTROLLER_LISTENERS 4

struct agents;
struct waiter;

struct controller {
	const struct controller_options *options;
	uv_loop_t *loop;
	struct store *store;
	struct hub *hub;
	struct http *http;
	uint8_t signing_secret[RECORD_SIGN_SECRET];
	uint8_t signing_public[RECORD_SIGN_PUBLIC];
	int64_t feed; /* sequence of the last record that the hub has */
	int64_t tidied; /* when kept answers and old records were last trimmed */
	uv_timer_t timer;
	uv_poll_t watch;
	struct waiter *waiters; /* watch.c */
	struct agents *agents; /* agent.h; NULL until agents_open() */
	struct {
		changed_fn changed;
		void *argument;
	} listeners[CONTROLLER_LISTENERS];
	size_t n_listeners;
};

/*
 * Opens the store and fills the hub. controller is all zeros but for options, and the signing keys,
 * which are the caller's to read from their file. loop NULL: no timer and no watch of the store
 * (tests, tools). On failure nothing is left to close but handles that the loop closes.
 */
int controller_open(struct controller *controller, uv_loop_t *loop, struct fault *fault);

/* After the server has ended; the handles' memory is the loop's until it has run once more. */
void controller_close(struct controller *controller);

/* Calls changed() after each transaction of this controller, for each resource, from the loop. */
int controller_listen(struct controller *controller, changed_fn changed, void *argument);

/*
 * Appends to the hub what the store's logs have beyond it: the records of other controllers. -ESTALE
 * when records are gone that the hub has not had (it was asleep for longer than they are kept): it
 * cannot catch up, and the process must start again.
 */
int controller_feed(struct controller *controller, struct fault *fault);

/*
 * Is what the hub has, byte for byte, what a recompute of all resources gives? -EBADMSG, naming the
 * log, when it is not; *entries: how many were compared.
 */
int controller_verify(struct controller *controller, size_t *entries, struct fault *fault);

/* What a transaction collects; made by controller_change() for its work function. */
struct changes {
	struct controller *controller;
	struct store_tx *tx;
	const struct identity *identity;
	const char *request;
	int64_t now;
	struct entries before;
	struct entries after;
	/*
	 * Its operation is what the audit calls the first edit of its kind; every other, and with
	 * NULL each, is KIND.create, KIND.change or KIND.delete.
	 */
	const struct route *route;
	bool named;
	char (*edited)[RESOURCE_ID_SIZE];
	size_t n_edited;
	struct appended {
		struct record record; /* borrows its value from after */
		struct frame *frame;
		int64_t sequence;
	} * appended;
	size_t n_appended;
};

typedef int (*change_fn)(struct changes *changes, void *argument, struct fault *fault);

/*
 * Runs work in a write transaction, then appends the records that follow from what it changed, and
 * the audit record, commits, and feeds the hub. work may run more than once. call NULL: it is the
 * controller itself that changes something.
 */
int controller_change(struct controller *controller, const struct call *call, change_fn work,
		      void *argument, struct fault *fault);

/*
 * Within work: the three ways to change a resource. They keep the store, entries and audit. insert
 * gives the resource its id, when it has none, and its name, where that follows from the rest.
 * before of an update is what the store had, and after has its version.
 */
int changes_insert(struct changes *changes, struct resource *resource, struct fault *fault);
int changes_update(struct changes *changes, const struct resource *before, struct resource *after,
		   struct fault *fault);
int changes_delete(struct changes *changes, struct resource *resource, struct fault *fault);

#endif
