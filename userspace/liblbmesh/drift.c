// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * drift.c - reads what an audit found, and keeps it until the job has ended.
 * Called by exchange.c, which hands over what comes unasked, and by audit.c.
 *
 * It comes in messages of their own, perhaps before it is known which job is
 * ours. So all of it is kept, with the cookie of its job. What is malformed or
 * was lost is remembered: half a list must not pass for a whole one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* The module lists 1,024; a newer one may list more, but not without end. */
#define DRIFTS_MAX ((size_t)65536)

static const struct lbm_policy drift_policy[LBMESH_A_DRIFT_MAX + 1] = {
	[LBMESH_A_DRIFT_KIND] = {.type = MNL_TYPE_U8},
	[LBMESH_A_DRIFT_DEVICE] = {.type = MNL_TYPE_U32},
	[LBMESH_A_DRIFT_PUBLIC_KEY] = {.type = MNL_TYPE_BINARY, .len = LBMESH_KEY_LEN},
};

static bool is_about_peer(enum lbmesh_drift_kind kind)
{
	return kind >= LBMESH_DRIFT_KIND_PEER_MISSING && kind <= LBMESH_DRIFT_KIND_PRESHARED_KEY;
}

/**
 * lbm_decode_drift() - Read a difference.
 * @nest: from the kernel
 * @drift: set when 0 is returned
 *
 * Kinds of a newer module are taken as they are.
 *
 * Return: 0, or -EPROTO.
 */
int lbm_decode_drift(const struct nlattr *nest, struct lbmesh_drift *drift)
{
	const struct nlattr *tb[LBMESH_A_DRIFT_MAX + 1];

	memset(drift, 0, sizeof(*drift));
	if (lbm_nest_parse(nest, tb, LBMESH_A_DRIFT_MAX, drift_policy) ||
	    !tb[LBMESH_A_DRIFT_KIND] || !lbm_attr_u32(tb[LBMESH_A_DRIFT_DEVICE]))
		return -EPROTO;
	drift->kind = (enum lbmesh_drift_kind)lbm_attr_u8(tb[LBMESH_A_DRIFT_KIND]);
	drift->device = lbm_attr_u32(tb[LBMESH_A_DRIFT_DEVICE]);
	drift->has_public_key = tb[LBMESH_A_DRIFT_PUBLIC_KEY];
	if (drift->has_public_key)
		memcpy(drift->public_key, mnl_attr_get_payload(tb[LBMESH_A_DRIFT_PUBLIC_KEY]),
		       LBMESH_KEY_LEN);
	return is_about_peer(drift->kind) && !drift->has_public_key ? -EPROTO : 0;
}

static struct lbm_drift *drifts_add(struct lbm_drifts *drifts)
{
	if (drifts->count == drifts->room) {
		size_t room = drifts->room ? drifts->room * 2 : 64;
		void *grown = reallocarray(drifts->items, room, sizeof(*drifts->items));

		if (!grown)
			return NULL;
		drifts->items = grown;
		drifts->room = room;
	}
	return &drifts->items[drifts->count++];
}

static void drift_take(struct lbm_drifts *drifts, uint64_t cookie, const struct nlattr *nest)
{
	struct lbm_drift *item;

	if (drifts->count == DRIFTS_MAX) {
		lbm_drifts_lost(drifts, -EPROTO);
		return;
	}
	item = drifts_add(drifts);
	if (!item) {
		lbm_drifts_lost(drifts, -ENOMEM);
		return;
	}
	item->cookie = cookie;
	item->error = nest ? lbm_decode_drift(nest, &item->drift) : -EPROTO;
}

/**
 * lbm_drifts_take() - Keep what an AUDIT_RESULT says.
 * @drifts: where to
 * @nlh: from the kernel
 */
void lbm_drifts_take(struct lbm_drifts *drifts, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[LBMESH_A_MAX + 1];
	const struct nlattr *attr;
	uint64_t cookie;

	if (lbm_message_parse(nlh, tb, LBMESH_A_MAX, lbm_main_policy) || !tb[LBMESH_A_COOKIE]) {
		lbm_drifts_lost(drifts, -EPROTO);
		return;
	}
	cookie = lbm_attr_u64(tb[LBMESH_A_COOKIE]);
	if (!tb[LBMESH_A_GENERATION])
		drift_take(drifts, cookie, NULL);
	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) == LBMESH_A_DRIFT)
			drift_take(drifts, cookie, attr);
	}
}

/**
 * lbm_drifts_lost() - Remember that not everything is here.
 * @drifts: of an audit, or NULL
 * @error: negative errno; the first one stays
 */
void lbm_drifts_lost(struct lbm_drifts *drifts, int error)
{
	if (drifts && !drifts->error)
		drifts->error = error;
}

/**
 * lbm_drifts_check() - Say whether all that a job found is here.
 * @drifts: what was kept
 * @cookie: of the job; what others found does not matter
 *
 * Return: 0; -EPROTO; -ENOBUFS; -ENOMEM.
 */
int lbm_drifts_check(const struct lbm_drifts *drifts, uint64_t cookie)
{
	int ret = drifts->error;

	for (size_t i = 0; !ret && i < drifts->count; i++) {
		if (drifts->items[i].cookie == cookie)
			ret = drifts->items[i].error;
	}
	return ret;
}
