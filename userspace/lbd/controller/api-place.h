/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a request points to: the kind, the organisation, the parent and the object that its route's
 * path names. Used by api.c and the handlers; nothing is read from the store but by place_*_get().
 */
#ifndef LBD_CONTROLLER_API_PLACE_H
#define LBD_CONTROLLER_API_PLACE_H

#include "controller/controller.h"

/*
 * org: that of the path; "" below /v1/system and above organisations. parent and id: NULL when the
 * path has none. Texts are the request's, as the client gave them.
 */
struct place {
	enum resource_kind kind;
	const char *org;
	bool has_org; /* the path has {org} before its kind */
	enum resource_kind parent_kind;
	const char *parent;
	const char *id;
};

/* By the operation's name, "network.create", and the path. -EINVAL: not that of a kind. */
int place_read(const struct call *call, struct place *place, struct fault *fault);

/* The kind that a route's operation is of, or -ENOENT. */
int place_kind(const struct route *route);

/* The {org} of the path, or NULL when it has none. */
const char *place_org(const struct call *call);

/*
 * The object, or the parent, of a place; CODE_NOT_FOUND also for those of other organisations and
 * of other parents. The caller frees. place_parent_get() gives NULL when there is none in the path,
 * and looks that the organisation is there.
 */
int place_get(struct store_tx *tx, const struct place *place, struct resource **resource,
	      struct fault *fault);
int place_parent_get(struct store_tx *tx, const struct place *place, struct resource **parent,
		     struct fault *fault);

#endif
