// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * audit.c - jobs that compare WireGuard with the generation in force: audit,
 * and repair, which mends it. Called by lbctl and tests. As with dumps, the
 * callback sees nothing before all of it is here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int incomplete(struct lbmesh_error *err, int error)
{
	switch (error) {
	case -ENOBUFS:
		return lbm_error_set(err, ENOBUFS, "a part of the differences was lost");
	case -ENOMEM:
		return lbm_error_set(err, ENOMEM, "out of memory");
	default:
		return lbm_error_set(err, -error, "malformed list of differences from the kernel");
	}
}

static int drifts_deliver(const struct lbm_drifts *drifts, uint64_t cookie, lbmesh_drift_fn fn,
			  void *data, struct lbmesh_error *err)
{
	int ret = lbm_drifts_check(drifts, cookie);

	if (ret)
		return incomplete(err, ret);
	for (size_t i = 0; !ret && fn && i < drifts->count; i++) {
		if (drifts->items[i].cookie == cookie)
			ret = fn(&drifts->items[i].drift, data);
	}
	return ret;
}

static int audit_run(struct lbmesh *conn, uint8_t cmd, lbmesh_drift_fn fn, void *data,
		     int timeout_ms, struct lbmesh_result *result, struct lbmesh_error *err)
{
	struct lbm_drifts drifts = {0};
	struct lbmesh_result own;
	struct lbm_request request;
	struct nlmsghdr *head;
	int ret;

	if (!result)
		result = &own;
	head = lbm_request_init(&request, conn->family, cmd, LBMESH_FAMILY_VERSION, NLM_F_ACK);
	mnl_attr_put_u64(head, LBMESH_A_TOKEN, lbm_token_new());
	conn->drifts = &drifts;
	ret = lbm_job_run(conn, &request, LBM_SEND_ATTEMPTS, timeout_ms, result, err);
	conn->drifts = NULL;
	if (!ret)
		ret = drifts_deliver(&drifts, result->cookie, fn, data, err);
	else if (result->cookie)
		/* What failed at the end has found something all the same. */
		(void)drifts_deliver(&drifts, result->cookie, fn, data, NULL);
	free(drifts.items);
	return ret;
}

/**
 * lbmesh_audit() - Find out how WireGuard differs from the generation in force.
 * @conn: the connection; @fn may use it
 * @fn: called for each difference when the job has ended; what it gets is
 *	valid until it returns; not 0 ends the list; NULL when only @result counts
 * @data: for @fn
 * @timeout_ms: see lbmesh_commit_wait()
 * @result: see lbmesh_commit_wait(); with a message when there are more
 *	differences than the module lists, which is 1,024
 * @err: filled when the library or the job fails, not when @fn does; may be NULL
 *
 * Return: 0, also when there are differences; what @fn returned to end the
 * list; -EPERM; -ENOENT when no generation is in force; -EBUSY while a job
 * runs or a generation is pending; -ENOBUFS when a part of the differences was
 * lost, and @fn was not called; -ENOMEM; -EPROTO; an error as of
 * lbmesh_commit_wait().
 */
LBMESH_PUBLIC int lbmesh_audit(struct lbmesh *conn, lbmesh_drift_fn fn, void *data, int timeout_ms,
			       struct lbmesh_result *result, struct lbmesh_error *err)
{
	return audit_run(conn, LBMESH_CMD_AUDIT, fn, data, timeout_ms, result, err);
}

/**
 * lbmesh_repair() - Make WireGuard what the generation in force says.
 * @conn: see lbmesh_audit()
 * @fn: called for each difference that was found, mended or not; see
 *	lbmesh_audit()
 * @data: see lbmesh_audit()
 * @timeout_ms: see lbmesh_commit_wait()
 * @result: see lbmesh_audit()
 * @err: see lbmesh_audit()
 *
 * Return: 0 when all is mended; -ENOKEY when a private or pre-shared key
 * differs, which the module does not keep: restate its object with the key;
 * -ENODEV when an interface is gone; all else is mended then. Otherwise an
 * error as of lbmesh_audit(); after -ENOBUFS, -ENOMEM and -EPROTO with a
 * cookie in @result the job was done, and only the list is missing.
 */
LBMESH_PUBLIC int lbmesh_repair(struct lbmesh *conn, lbmesh_drift_fn fn, void *data, int timeout_ms,
				struct lbmesh_result *result, struct lbmesh_error *err)
{
	return audit_run(conn, LBMESH_CMD_REPAIR, fn, data, timeout_ms, result, err);
}
