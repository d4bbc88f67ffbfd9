// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * commit.c - a commit from its beginning to its end, and its scalars.
 * commit-mesh.c and commit-firewall.c put the objects into it by means of
 * nest.c, job.c sends it.
 *
 * A commit holds private keys. Whatever memory it leaves, by growing, by
 * taking an object back, or at its end, is wiped first.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "internal.h"

#define BODY_FIRST ((size_t)4096)

/**
 * lbm_token_new() - Draw a token.
 *
 * Return: a random number that is not 0.
 */
uint64_t lbm_token_new(void)
{
	uint64_t token = 0;

	while (!token) {
		/* Up to 256 bytes are never cut short once the pool is up. */
		if (getrandom(&token, sizeof(token), 0) != (ssize_t)sizeof(token))
			token = 0;
	}
	return token;
}

/**
 * lbmesh_commit_new() - Begin a commit.
 * @mode: LBMESH_COMMIT_MODE_REPLACE restates the whole state,
 *	LBMESH_COMMIT_MODE_DELTA edits the generation that
 *	lbmesh_commit_set_expect_gen() names
 *
 * The commit gets a random token, so that sending it twice runs it once.
 *
 * Return: a commit for lbmesh_commit_free(), or NULL when there is no memory.
 */
LBMESH_PUBLIC struct lbmesh_commit *lbmesh_commit_new(enum lbmesh_commit_mode mode)
{
	struct lbmesh_commit *commit = calloc(1, sizeof(*commit));

	if (!commit)
		return NULL;
	commit->body = malloc(BODY_FIRST);
	if (!commit->body) {
		free(commit);
		return NULL;
	}
	commit->size = BODY_FIRST;
	(void)mnl_nlmsg_put_header(commit->body);
	(void)mnl_nlmsg_put_extra_header(commit->body, GENL_HDRLEN);
	commit->mode = mode;
	commit->token = lbm_token_new();
	return commit;
}

/**
 * lbmesh_commit_free() - Wipe a commit and give its memory back.
 * @commit: may be NULL
 */
LBMESH_PUBLIC void lbmesh_commit_free(struct lbmesh_commit *commit)
{
	if (!commit)
		return;
	explicit_bzero(commit->body, commit->size);
	free(commit->body);
	free(commit);
}

/**
 * lbmesh_commit_freep() - lbmesh_commit_free() for __attribute__((cleanup)).
 * @commit: what it points to may be NULL, and is NULL afterwards
 */
LBMESH_PUBLIC void lbmesh_commit_freep(struct lbmesh_commit **commit)
{
	lbmesh_commit_free(*commit);
	*commit = NULL;
}

/**
 * lbmesh_commit_set_expect_gen() - Say which generation must be in force.
 * @commit: the commit
 * @generation: its number; 0 means that none is in force
 *
 * Required in mode delta. With another in force the commit fails with -ESTALE.
 */
LBMESH_PUBLIC void lbmesh_commit_set_expect_gen(struct lbmesh_commit *commit, uint64_t generation)
{
	commit->has_expect_gen = true;
	commit->expect_gen = generation;
}

/**
 * lbmesh_commit_set_token() - Choose the token instead of a random one.
 * @commit: the commit
 * @token: not 0
 *
 * Return: 0, or -EINVAL for 0.
 */
LBMESH_PUBLIC int lbmesh_commit_set_token(struct lbmesh_commit *commit, uint64_t token)
{
	if (!token)
		return -EINVAL;
	commit->token = token;
	return 0;
}

/**
 * lbmesh_commit_token() - The token of a commit, to be kept beside it.
 * @commit: the commit
 *
 * Return: the token, not 0.
 */
LBMESH_PUBLIC uint64_t lbmesh_commit_token(const struct lbmesh_commit *commit)
{
	return commit->token;
}

/**
 * lbmesh_commit_set_confirm_timeout() - Ask for commit with confirm.
 * @commit: the commit
 * @timeout_ms: milliseconds until the previous generation returns by itself, at
 *	most a day; 0 asks for no confirm
 *
 * The commit is done when its generation is in force; lbmesh_confirm() keeps
 * it, lbmesh_revert() does not wait for the timeout. The kernel keeps the time,
 * whether or not the sender is alive.
 */
LBMESH_PUBLIC void lbmesh_commit_set_confirm_timeout(struct lbmesh_commit *commit,
						     uint32_t timeout_ms)
{
	commit->confirm_timeout_ms = timeout_ms;
}

/**
 * lbmesh_commit_size() - How much the objects weigh.
 * @commit: the commit
 *
 * Return: bytes of their attributes; the message has up to 64 more.
 */
LBMESH_PUBLIC size_t lbmesh_commit_size(const struct lbmesh_commit *commit)
{
	return commit->body->nlmsg_len - MNL_NLMSG_HDRLEN - GENL_HDRLEN;
}

/**
 * lbmesh_commit_objects() - How many objects are in the commit.
 * @commit: the commit
 *
 * Return: objects put and removed; 0 in mode delta is a commit that does
 * nothing.
 */
LBMESH_PUBLIC size_t lbmesh_commit_objects(const struct lbmesh_commit *commit)
{
	return commit->objects;
}
