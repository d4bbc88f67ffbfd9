// SPDX-License-Identifier: GPL-2.0-only
/* The agent of the tests: frames into fragments. What it ought to know is found in the slow way. */
#include "testing/follower.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void follower_begin(struct follower *follower, struct world *world, const char *root)
{
	*follower = (struct follower){.world = world};
	memcpy(follower->root, root, strlen(root) + 1);
}

static void log_drop(struct follower *follower, size_t at)
{
	fragment_free(follower->logs[at]);
	follower->logs[at] = follower->logs[--follower->n_logs];
}

void follower_forget(struct follower *follower)
{
	while (follower->n_logs)
		log_drop(follower, 0);
}

void follower_end(struct follower *follower)
{
	follower_disconnect(follower);
	follower_forget(follower);
}

void follower_connect(struct follower *follower)
{
	struct cursor cursors[FOLLOWER_LOGS_MAX];
	struct fault fault = {0};
	int ret;

	for (size_t i = 0; i < follower->n_logs; i++) {
		const struct fragment *log = follower->logs[i];

		memcpy(cursors[i].log, fragment_log(log), RESOURCE_ID_SIZE);
		cursors[i].version = fragment_version(log);
	}
	ret = hub_subscribe(follower->world->hub, follower->root, cursors, follower->n_logs,
			    follower, &follower->subscriber, &fault);
	WORLD_REQUIRE(follower->world, !ret, "subscribe: %s", fault.text);
	follower->told = true;
}

void follower_disconnect(struct follower *follower)
{
	if (!follower->subscriber)
		return;
	hub_unsubscribe(follower->subscriber);
	follower->subscriber = NULL;
}

void follower_ready(struct subscriber *subscriber, void *owner)
{
	struct follower *follower = owner;

	WORLD_REQUIRE(follower->world, !hub_lost(subscriber), "a subscriber is lost");
	WORLD_REQUIRE(follower->world, !follower->told, "told twice");
	follower->told = true;
}

/* Where the log is, or n_logs. */
static size_t log_at(const struct follower *follower, const char *id)
{
	size_t i = 0;

	while (i < follower->n_logs && strcmp(fragment_log(follower->logs[i]), id) != 0)
		i++;
	return i;
}

static void frame_take(struct follower *follower, const struct frame_view *view)
{
	size_t at = log_at(follower, view->record.log);
	struct fault fault = {0};
	int ret;

	if (view->type == RECORD_END) {
		WORLD_REQUIRE(follower->world, at < follower->n_logs, "end of a log unknown: %s",
			      view->record.log);
		log_drop(follower, at);
		return;
	}
	if (at == follower->n_logs) {
		WORLD_REQUIRE(follower->world, at < FOLLOWER_LOGS_MAX, "too many logs");
		follower->logs[follower->n_logs++] = fragment_new(view->record.log);
		WORLD_REQUIRE(follower->world, follower->logs[at], "memory");
	}
	if (view->type == RECORD_CHANGE)
		ret = fragment_apply(follower->logs[at], &view->record, &fault);
	else
		ret = fragment_replace(follower->logs[at], view, &fault);
	WORLD_REQUIRE(follower->world, !ret, "a frame: %s", fault.text);
}

size_t follower_read(struct follower *follower, size_t n)
{
	struct frame_view view;
	struct fault fault = {0};
	size_t read = 0;

	/* One that was not told has nothing to ask for. */
	while (read < n && follower->subscriber && follower->told) {
		struct frame *frame = hub_next(follower->subscriber);

		if (!frame) {
			follower->told = false;
			break;
		}
		WORLD_REQUIRE(follower->world,
			      !frame_open(frame->bytes, frame->size, follower->world->public_key,
					  &view, &fault) &&
				      view.size == frame->size,
			      "open: %s", fault.text);
		frame_take(follower, &view);
		follower->frames++;
		follower->bytes += frame->size;
		frame_release(frame);
		read++;
	}
	return read;
}

/* --- what it ought to hold ---------------------------------------------------------------------- */

/* A set of ids, small and slow. */
struct ids {
	char id[2 * FOLLOWER_LOGS_MAX][RESOURCE_ID_SIZE];
	size_t n;
};

static bool ids_have(const struct ids *ids, const char *id)
{
	for (size_t i = 0; i < ids->n; i++) {
		if (!strcmp(ids->id[i], id))
			return true;
	}
	return false;
}

static void ids_add(const struct world *world, struct ids *ids, const char *id)
{
	if (ids_have(ids, id))
		return;
	WORLD_REQUIRE(world, ids->n < sizeof(ids->id) / sizeof(ids->id[0]), "too many ids");
	memcpy(ids->id[ids->n++], id, strlen(id) + 1);
}

static void networks_wanted(const struct world *world, const struct world_item *host,
			    struct ids *wanted)
{
	const struct world_near *bridges = &world->pools[RESOURCE_BRIDGE];
	struct ids own = {.n = 0};

	for (size_t i = 0; i < host->near.n; i++) {
		const struct resource *head = &host->near.items[i]->is.head;

		if (head->kind == RESOURCE_MEMBER && host->is.host.state != HOST_REMOVED)
			ids_add(world, &own, head->scope);
	}
	for (size_t i = 0; i < own.n; i++)
		ids_add(world, wanted, own.id[i]);
	for (size_t i = 0; i < bridges->n; i++) {
		const struct bridge *bridge = &bridges->items[i]->is.bridge;

		for (size_t side = 0; side < 2; side++) {
			if (ids_have(&own, bridge->networks[side]))
				ids_add(world, wanted, bridge->networks[1 - side]);
		}
	}
}

static void firewalls_wanted(const struct world *world, const struct world_item *host,
			     struct ids *wanted)
{
	const struct world_near *firewalls = &world->pools[RESOURCE_FIREWALL];
	const struct world_near *attachments = &world->pools[RESOURCE_ATTACHMENT];
	const char *workspace = host->is.head.scope, *org = host->is.head.org;

	for (size_t i = 0; i < attachments->n; i++) {
		if (!strcmp(attachments->items[i]->is.head.scope, host->is.head.id))
			ids_add(world, wanted, attachments->items[i]->is.head.owner);
	}
	if (host->is.host.state == HOST_REMOVED)
		return;
	ids_add(world, wanted, workspace);
	ids_add(world, wanted, org);
	for (size_t i = 0; i < firewalls->n; i++) {
		const struct firewall *firewall = &firewalls->items[i]->is.firewall;

		if ((firewall->level == FIREWALL_ORGANIZATION &&
		     !strcmp(firewall->head.org, org)) ||
		    (firewall->level == FIREWALL_WORKSPACE &&
		     !strcmp(firewall->head.owner, workspace)))
			ids_add(world, wanted, firewall->head.id);
	}
}

/* It has been told of each end, also of those while it was away. */
static void logs_check(const struct follower *follower, const struct ids *wanted)
{
	for (size_t i = 0; i < follower->n_logs; i++)
		WORLD_REQUIRE(follower->world, ids_have(wanted, fragment_log(follower->logs[i])),
			      "%s still holds %s", follower->root, fragment_log(follower->logs[i]));
}

static void log_compare(const struct follower *follower, const char *id)
{
	const struct fragment *theirs = hub_fragment(follower->world->hub, id);
	size_t at = log_at(follower, id);
	struct frame *a, *b;

	if (!theirs || !fragment_version(theirs)) {
		WORLD_REQUIRE(follower->world, at == follower->n_logs,
			      "%s has a log of nothing: %s", follower->root, id);
		return;
	}
	WORLD_REQUIRE(follower->world, at < follower->n_logs, "%s misses %s", follower->root, id);
	WORLD_REQUIRE(follower->world,
		      fragment_version(theirs) == fragment_version(follower->logs[at]),
		      "%s is behind in %s", follower->root, id);
	a = fragment_body(theirs);
	b = fragment_body(follower->logs[at]);
	WORLD_REQUIRE(follower->world,
		      a && b && a->size == b->size && !memcmp(a->bytes, b->bytes, a->size),
		      "%s holds other bytes of %s", follower->root, id);
	frame_release(a);
	frame_release(b);
}

void follower_verify(struct follower *follower)
{
	const struct world_item *host = world_get(follower->world, RESOURCE_HOST, follower->root);
	struct ids wanted = {.n = 0};

	ids_add(follower->world, &wanted, follower->root);
	if (host) {
		firewalls_wanted(follower->world, host, &wanted);
		networks_wanted(follower->world, host, &wanted);
	}
	logs_check(follower, &wanted);
	for (size_t i = 0; i < wanted.n; i++)
		log_compare(follower, wanted.id[i]);
}
