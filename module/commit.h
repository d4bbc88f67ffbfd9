/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The phases of a commit; see commit.c.
 */
#ifndef _LBM_COMMIT_H
#define _LBM_COMMIT_H

#include "job.h"

void lbm_commit_run(struct lbm_job *job, void (*publish)(struct lbm_job *job));

#endif /* _LBM_COMMIT_H */
