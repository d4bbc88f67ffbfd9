/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The phases of a commit, and what else talks to WireGuard; see commit.c.
 */
#ifndef _LBM_COMMIT_H
#define _LBM_COMMIT_H

#include "job.h"

void lbm_commit_run(struct lbm_job *job);
int lbm_commit_confirm(struct lbm_job *job, struct lbm_job *pending);
int lbm_commit_revert(struct lbm_job *job, struct lbm_job *pending);
void lbm_commit_flush(struct lbm_job *job);
void lbm_commit_check(struct lbm_job *job);
void lbm_commit_abandon(struct lbm_net *ln, const struct lbm_generation *gen);

#endif /* _LBM_COMMIT_H */
