/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a target or a delta to one commit message of liblbmesh. Building only: sending it, and what
 * to do about the answer, is agent/push.c.
 */
#ifndef LBD_AGENT_COMMIT_H
#define LBD_AGENT_COMMIT_H

#include "agent/target.h"

/* The whole state, in mode replace. The caller frees. NULL: out of memory. */
struct lbmesh_commit *commit_replace_build(const struct target *target, uint32_t ifindex);

/* A delta against the generation given. */
struct lbmesh_commit *commit_delta_build(const struct target *target, const struct delta *delta,
					 uint32_t ifindex, uint64_t generation);

#endif
