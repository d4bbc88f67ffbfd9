/* SPDX-License-Identifier: GPL-2.0-only */
/* What controller.c, feed.c, changes.c and watch.c share; nobody else includes this. */
#ifndef LBD_CONTROLLER_CONTROLLER_PARTS_H
#define LBD_CONTROLLER_CONTROLLER_PARTS_H

#include "controller/controller.h"

/* feed.c: fills an empty hub from the store. */
int feed_load(struct controller *controller, struct fault *fault);

/* feed.c: after a commit: straight into the hub when nothing of others comes before. */
void feed_appended(struct controller *controller, const struct changes *changes);

/*
 * changes.c: derives a resource together with the host that it is reached through, which is looked
 * up in tx.
 */
int resource_derive(struct store_tx *tx, const struct resource *resource, struct entries *entries,
		    struct fault *fault);

/* changes.c: seals and appends what the collected edits amount to. */
int changes_append(struct changes *changes, struct fault *fault);
void changes_release(struct changes *changes);

/* watch.c: wakes who waits for this resource; NULL: everyone. And who has waited long enough. */
void watch_wake(struct controller *controller, const char *id);
void watch_expire(struct controller *controller, int64_t now);

#endif
