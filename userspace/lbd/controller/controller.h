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
};

struct controller {
	const struct controller_options *options;
	uv_loop_t *loop;
	struct store *store;
	struct hub *hub;
	struct http *http;
	uint8_t signing_secret[RECORD_SIGN_SECRET];
	uint8_t signing_public[RECORD_SIGN_PUBLIC];
	int64_t feed; /* sequence of the last record that the hub has */
	uv_timer_t timer;
	uv_poll_t watch;
};

/*
 * One edit of a transaction: before NULL is a creation, after NULL a removal. Both are the edit's
 * to free. The order of edits is the order in which they are made.
 */
struct edit_resource {
	struct resource *before;
	struct resource *after;
};

/* What a transaction collects; made by controller_change() for its work function. */
struct changes {
	struct controller *controller;
	struct store_tx *tx;
	const struct identity *identity;
	const char *request;
	int64_t now;
	struct entries before;
	struct entries after;
};

typedef int (*change_fn)(struct changes *changes, void *argument, struct fault *fault);

/*
 * Runs work in a write transaction, then appends the records that follow from what it changed, and
 * the audit record, commits, and feeds the hub. work may run more than once.
 */
int controller_change(struct controller *controller, const struct call *call, change_fn work,
		      void *argument, struct fault *fault);

/* Within work: the three ways to change a resource. They keep the store, entries and audit. */
int changes_insert(struct changes *changes, struct resource *resource, struct fault *fault);
int changes_update(struct changes *changes, const struct resource *before, struct resource *after,
		   struct fault *fault);
int changes_delete(struct changes *changes, struct resource *resource, struct fault *fault);

#endif
