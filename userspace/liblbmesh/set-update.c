// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * set-update.c - adds learned elements to sets and removes them, outside of
 * commits. Called by lbctl, and by whoever resolves host names. The message is
 * built as the objects of a commit are.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static int no_answer(const struct nlmsghdr *nlh, void *data)
{
	(void)nlh;
	(void)data;
	return 0;
}

/* As the kernel would say it, of an element that could not even be sent. */
static int refuse(struct lbmesh_error *err, size_t index, int error)
{
	if (error == -ENOMEM)
		return lbm_error_set(err, ENOMEM, "out of memory");
	if (error == -EMSGSIZE)
		return lbm_error_set(err, EMSGSIZE, "more elements than a message can hold");
	lbm_error_set(err, -error, "element: %s",
		      error == -EINVAL ? "an id of 0 is none"
				       : "no address, or no prefix of its family");
	if (err) {
		err->object = LBMESH_OBJECT_ELEMENT;
		err->index = (uint32_t)index;
		(void)snprintf(err->path, sizeof(err->path), "element[%zu]", index);
	}
	return error;
}

static int elements_put(struct lbmesh_commit *body, const struct lbmesh_element *added,
			size_t n_added, const struct lbmesh_element *removed, size_t n_removed,
			struct lbmesh_error *err)
{
	for (size_t i = 0; i < n_added; i++) {
		int ret = lbmesh_commit_put_element(body, &added[i]);

		if (ret)
			return refuse(err, i, ret);
	}
	for (size_t i = 0; i < n_removed; i++) {
		int ret = lbmesh_commit_remove_element(body, removed[i].set, &removed[i].prefix);

		if (ret)
			return refuse(err, n_added + i, ret);
	}
	return 0;
}

/**
 * lbmesh_set_update() - Add learned elements to sets, and remove them.
 * @conn: the connection
 * @added: array of @n_added elements; one that is there already gets the new
 *	timeout; may be NULL
 * @n_added: how many
 * @removed: array of @n_removed elements, of which set and prefix count; may be
 *	NULL
 * @n_removed: how many
 * @err: filled on failure, may be NULL; its index counts @added first, then
 *	@removed
 *
 * All of them or none. It is no job: when this returns, packets are judged by
 * the new elements. The generation stays; the sets must be in it, and it may be
 * pending. Learned elements outlive commits, as long as their set is in force;
 * what a commit has added, only a commit removes. One whose time is over
 * matches no new flow, and stays for those that it let through.
 *
 * Return: 0; -EINVAL when there is no element, or for a bad one; -ENOENT when a
 * set, or a learned element to remove, is not there; -ENOSPC for the limit of
 * elements; -EAFNOSUPPORT, -ERANGE or -EDOM for a bad prefix (see
 * lbmesh_prefix_check()); -EMSGSIZE; an error as of lbmesh_info_get().
 */
LBMESH_PUBLIC int lbmesh_set_update(struct lbmesh *conn, const struct lbmesh_element *added,
				    size_t n_added, const struct lbmesh_element *removed,
				    size_t n_removed, struct lbmesh_error *err)
{
	struct lbmesh_commit *body;
	struct lbm_request request;
	int ret;

	if (!n_added && !n_removed)
		return lbm_error_set(err, EINVAL, "no element is given");
	body = lbmesh_commit_new(LBMESH_COMMIT_MODE_DELTA);
	if (!body)
		return lbm_error_set(err, ENOMEM, "out of memory");
	ret = elements_put(body, added, n_added, removed, n_removed, err);
	if (!ret) {
		(void)lbm_request_init(&request, conn->family, LBMESH_CMD_SET_UPDATE,
				       LBMESH_FAMILY_VERSION, NLM_F_ACK);
		request.body = body->body;
		ret = lbm_exchange(conn, &request, no_answer, NULL, err);
	}
	lbmesh_commit_free(body);
	return ret;
}
