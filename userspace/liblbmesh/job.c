// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * job.c - sends commits, flushes, confirms and reverts, and waits for their
 * results. Called by lbd, lbctl and tests; audit.c has jobs of its own.
 *
 * An answer can be lost: a request that is not answered in time is sent once
 * more with the same token, which the module runs only once. Confirm and
 * revert have no token and are sent once. A result can be lost too, when the
 * socket is full: then the generation is asked for, which tells how the last
 * job ended.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

static int cookie_take(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[LBMESH_A_MAX + 1];
	uint64_t *cookie = data;

	if (lbm_message_parse(nlh, tb, LBMESH_A_MAX, lbm_main_policy) || !tb[LBMESH_A_COOKIE])
		return -EPROTO;
	*cookie = lbm_attr_u64(tb[LBMESH_A_COOKIE]);
	return 0;
}

/* The same request each time: lbm_exchange() numbers it. */
static int job_send(struct lbmesh *conn, struct lbm_request *request, int attempts,
		    uint64_t *cookie, struct lbmesh_error *err)
{
	struct lbmesh_error why;
	int ret = -ETIMEDOUT;

	*cookie = 0;
	for (int i = 0; i < attempts && ret == -ETIMEDOUT; i++) {
		ret = lbm_exchange(conn, request, cookie_take, cookie, &why);
		/* Only the acknowledgement was lost. */
		if (ret == -ETIMEDOUT && *cookie)
			ret = 0;
	}
	if (ret < 0) {
		*cookie = 0;
		if (err)
			*err = why;
		return ret;
	}
	if (!*cookie)
		return lbm_error_set(err, EPROTO, "the kernel acknowledged but gave no cookie");
	return 0;
}

/**
 * lbmesh_commit_send() - Send a commit, as one message, and do not wait for its end.
 * @conn: the connection
 * @commit: stays as it is and can be sent again: with the same token it is run once
 * @cookie: the kernel's name of the job, for lbmesh_commit_wait()
 * @err: filled on failure with what, where and why; may be NULL
 *
 * Return: 0 when the kernel took it. Otherwise nothing was changed: -EPERM;
 * -EINVAL for a bad or missing value; -ESTALE when another generation is in
 * force than expected; -EBUSY while a job runs; -EEXIST, -ENOENT, -ENOTEMPTY,
 * -ENODEV for objects that contradict each other or what there is;
 * -EOPNOTSUPP for what the module cannot do; -ENOSPC for a limit; -EMSGSIZE
 * when the send buffer cannot be made large enough; -EPROTO. After -ETIMEDOUT
 * nobody knows: send it again.
 */
LBMESH_PUBLIC int lbmesh_commit_send(struct lbmesh *conn, const struct lbmesh_commit *commit,
				     uint64_t *cookie, struct lbmesh_error *err)
{
	struct lbm_request request;
	struct nlmsghdr *head;

	head = lbm_request_init(&request, conn->family, LBMESH_CMD_COMMIT, LBMESH_FAMILY_VERSION,
				NLM_F_ACK);
	mnl_attr_put_u8(head, LBMESH_A_MODE, (uint8_t)commit->mode);
	mnl_attr_put_u64(head, LBMESH_A_TOKEN, commit->token);
	if (commit->has_expect_gen)
		mnl_attr_put_u64(head, LBMESH_A_EXPECT_GEN, commit->expect_gen);
	if (commit->confirm_timeout_ms)
		mnl_attr_put_u32(head, LBMESH_A_CONFIRM_TIMEOUT, commit->confirm_timeout_ms);
	request.body = commit->body;
	return job_send(conn, &request, LBM_SEND_ATTEMPTS, cookie, err);
}

/*
 * Returns 1 when *result is that of the job, 0 when the job still runs. The
 * answer shows the last job only, so that of an earlier one cannot be known.
 */
static int result_ask(struct lbmesh *conn, uint64_t cookie, struct lbmesh_result *result,
		      struct lbmesh_error *err)
{
	struct lbmesh_generation generation;
	int ret = lbmesh_generation_get(conn, &generation, err);

	if (ret)
		return ret;
	if (generation.has_last && generation.last.cookie == cookie) {
		*result = generation.last;
		return generation.has_last_result;
	}
	/* The one that is running is not the last one yet. */
	if (generation.state == LBMESH_STATE_COMMITTING)
		return 0;
	return lbm_error_set(err, ENODATA,
			     "the result was lost, and another job has ended since: ask for the "
			     "generation");
}

static int job_wait(struct lbmesh *conn, uint64_t cookie, int timeout_ms,
		    struct lbmesh_result *result, struct lbmesh_error *err)
{
	int64_t deadline = lbm_deadline(timeout_ms);
	int ret;

	while (!lbm_stash_take(conn, cookie, result)) {
		if (conn->overrun) {
			conn->overrun = false;
			ret = result_ask(conn, cookie, result, err);
			if (ret)
				return ret < 0 ? ret : 0;
			/* It may have come on the way. */
			if (lbm_stash_take(conn, cookie, result))
				return 0;
		}
		ret = lbm_collect(conn, deadline);
		if (ret == -ETIMEDOUT)
			return lbm_error_set(err, ETIMEDOUT, "the job has not ended in %d ms",
					     timeout_ms);
		if (ret)
			return lbm_error_set(err, -ret, "cannot read from the kernel: %s",
					     strerrordesc_np(-ret));
	}
	return 0;
}

/**
 * lbmesh_commit_wait() - Wait for the result of a job.
 * @conn: the connection that sent it
 * @cookie: of the job
 * @timeout_ms: milliseconds; 0 does not wait, negative waits forever
 * @result: set when the job has ended, well or not; may be NULL
 * @err: filled on failure, may be NULL
 *
 * A result is given once.
 *
 * A commit with confirm is done when it is in force, and pending from then on.
 *
 * Return: 0 when the job was done; -ETIMEDOUT when it has not ended, and it
 * goes on; -ENODATA when its result was lost; otherwise the negative errno
 * that the job ended with, the state being as before it. A commit that was
 * reverted for want of a confirm, and whose result was asked for after that,
 * ended with -ETIMEDOUT, too; the cookie in @result is not 0 then.
 */
LBMESH_PUBLIC int lbmesh_commit_wait(struct lbmesh *conn, uint64_t cookie, int timeout_ms,
				     struct lbmesh_result *result, struct lbmesh_error *err)
{
	struct lbmesh_result own;
	int ret;

	if (!result)
		result = &own;
	memset(result, 0, sizeof(*result));
	ret = job_wait(conn, cookie, timeout_ms, result, err);
	if (ret || !result->error.code)
		return ret;
	if (err)
		*err = result->error;
	return -result->error.code;
}

/**
 * lbmesh_commit_run() - lbmesh_commit_send() and lbmesh_commit_wait().
 * @conn: the connection
 * @commit: stays as it is
 * @timeout_ms: see lbmesh_commit_wait()
 * @result: see lbmesh_commit_wait()
 * @err: filled on failure, may be NULL
 *
 * Return: 0 when the commit is in force, or an error of one of the two.
 */
LBMESH_PUBLIC int lbmesh_commit_run(struct lbmesh *conn, const struct lbmesh_commit *commit,
				    int timeout_ms, struct lbmesh_result *result,
				    struct lbmesh_error *err)
{
	uint64_t cookie;
	int ret = lbmesh_commit_send(conn, commit, &cookie, err);

	if (!ret)
		return lbmesh_commit_wait(conn, cookie, timeout_ms, result, err);
	if (result)
		memset(result, 0, sizeof(*result));
	return ret;
}

/**
 * lbm_job_run() - Send the request of a job and wait for its result.
 * @conn: the connection
 * @request: of lbm_request_init()
 * @attempts: LBM_SEND_ATTEMPTS when it has a token, otherwise 1
 * @timeout_ms: see lbmesh_commit_wait()
 * @result: see lbmesh_commit_wait()
 * @err: filled on failure, may be NULL
 *
 * Return: 0, or an error of sending or of lbmesh_commit_wait().
 */
int lbm_job_run(struct lbmesh *conn, struct lbm_request *request, int attempts, int timeout_ms,
		struct lbmesh_result *result, struct lbmesh_error *err)
{
	uint64_t cookie;
	int ret = job_send(conn, request, attempts, &cookie, err);

	if (!ret)
		return lbmesh_commit_wait(conn, cookie, timeout_ms, result, err);
	if (result)
		memset(result, 0, sizeof(*result));
	return ret;
}

/**
 * lbmesh_flush() - Remove all managed peers and end the generation; wait for it.
 * @conn: the connection
 * @expect_gen: generation that must be in force, or NULL for any
 * @timeout_ms: see lbmesh_commit_wait()
 * @result: see lbmesh_commit_wait()
 * @err: filled on failure, may be NULL
 *
 * A generation that is pending ends too, and none returns.
 *
 * Return: 0; -EPERM; -ESTALE; -EBUSY while a job runs; -ETIMEDOUT when it has
 * not ended, and it goes on; an error as of lbmesh_commit_wait().
 */
LBMESH_PUBLIC int lbmesh_flush(struct lbmesh *conn, const uint64_t *expect_gen, int timeout_ms,
			       struct lbmesh_result *result, struct lbmesh_error *err)
{
	struct lbm_request request;
	struct nlmsghdr *head;

	head = lbm_request_init(&request, conn->family, LBMESH_CMD_FLUSH, LBMESH_FAMILY_VERSION,
				NLM_F_ACK);
	mnl_attr_put_u64(head, LBMESH_A_TOKEN, lbm_token_new());
	if (expect_gen)
		mnl_attr_put_u64(head, LBMESH_A_EXPECT_GEN, *expect_gen);
	return lbm_job_run(conn, &request, LBM_SEND_ATTEMPTS, timeout_ms, result, err);
}

static int pending_end(struct lbmesh *conn, uint8_t cmd, uint64_t generation, int timeout_ms,
		       struct lbmesh_result *result, struct lbmesh_error *err)
{
	struct lbm_request request;
	struct nlmsghdr *head;

	head = lbm_request_init(&request, conn->family, cmd, LBMESH_FAMILY_VERSION, NLM_F_ACK);
	mnl_attr_put_u64(head, LBMESH_A_GENERATION, generation);
	return lbm_job_run(conn, &request, 1, timeout_ms, result, err);
}

/**
 * lbmesh_confirm() - Keep the pending generation, and wait until it is kept.
 * @conn: the connection
 * @generation: number of the pending generation, as its commit's result gave it
 * @timeout_ms: see lbmesh_commit_wait()
 * @result: see lbmesh_commit_wait()
 * @err: filled on failure, may be NULL
 *
 * Return: 0; -EPERM; -ENOENT when nothing is pending, be it confirmed, reverted
 * or out of time; -ESTALE when it is another generation; -EBUSY while a job
 * runs; an error as of lbmesh_commit_wait(). After -ETIMEDOUT nobody knows: ask
 * for the generation.
 */
LBMESH_PUBLIC int lbmesh_confirm(struct lbmesh *conn, uint64_t generation, int timeout_ms,
				 struct lbmesh_result *result, struct lbmesh_error *err)
{
	return pending_end(conn, LBMESH_CMD_CONFIRM, generation, timeout_ms, result, err);
}

/**
 * lbmesh_revert() - Return to the generation before the pending one; wait for it.
 * @conn: see lbmesh_confirm()
 * @generation: see lbmesh_confirm()
 * @timeout_ms: see lbmesh_confirm()
 * @result: its generation is the one that has returned, 0 when there was none
 * @err: see lbmesh_confirm()
 *
 * Return: as lbmesh_confirm().
 */
LBMESH_PUBLIC int lbmesh_revert(struct lbmesh *conn, uint64_t generation, int timeout_ms,
				struct lbmesh_result *result, struct lbmesh_error *err)
{
	return pending_end(conn, LBMESH_CMD_REVERT, generation, timeout_ms, result, err);
}
