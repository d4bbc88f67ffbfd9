// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * generation.c - questions with one answer: what the module is, and what is in
 * force. Called by lbd and lbctl, and by job.c for a result that was lost.
 */
#include <errno.h>

#include "internal.h"

struct question {
	union {
		struct lbmesh_info *info;
		struct lbmesh_generation *generation;
	};
	bool answered;
};

static int info_take(const struct nlmsghdr *nlh, void *data)
{
	struct question *question = data;

	question->answered = true;
	return lbm_decode_info(nlh, question->info);
}

static int generation_take(const struct nlmsghdr *nlh, void *data)
{
	struct question *question = data;

	question->answered = true;
	return lbm_decode_generation(nlh, question->generation);
}

static int ask(struct lbmesh *conn, uint8_t cmd, lbm_answer_fn take, struct question *question,
	       struct lbmesh_error *err)
{
	struct lbm_request request;
	int ret;

	(void)lbm_request_init(&request, conn->family, cmd, LBMESH_FAMILY_VERSION, NLM_F_ACK);
	ret = lbm_exchange(conn, &request, take, question, err);
	if (ret < 0)
		return ret;
	if (!question->answered)
		return lbm_error_set(err, EPROTO, "the kernel acknowledged but did not answer");
	return 0;
}

/**
 * lbmesh_info_get() - Ask what the module is and can do.
 * @conn: the connection
 * @info: set when 0 is returned
 * @err: filled on failure, may be NULL
 *
 * Return: 0; -EPERM without CAP_NET_ADMIN; -ENOENT when the module was
 * unloaded; -ETIMEDOUT; -EPROTO.
 */
LBMESH_PUBLIC int lbmesh_info_get(struct lbmesh *conn, struct lbmesh_info *info,
				  struct lbmesh_error *err)
{
	struct question question = {.info = info};

	return ask(conn, LBMESH_CMD_INFO_GET, info_take, &question, err);
}

/**
 * lbmesh_generation_get() - Ask what is in force, and how the last job ended.
 * @conn: the connection
 * @generation: set when 0 is returned
 * @err: filled on failure, may be NULL
 *
 * Return: 0, or an error as of lbmesh_info_get().
 */
LBMESH_PUBLIC int lbmesh_generation_get(struct lbmesh *conn, struct lbmesh_generation *generation,
					struct lbmesh_error *err)
{
	struct question question = {.generation = generation};

	return ask(conn, LBMESH_CMD_GENERATION_GET, generation_take, &question, err);
}
