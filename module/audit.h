/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Comparing WireGuard with the generation in force; see audit.c.
 */
#ifndef _LBM_AUDIT_H
#define _LBM_AUDIT_H

#include "job.h"

int lbm_audit(struct lbm_job *job, struct lbm_wg *wg);
int lbm_repair(struct lbm_job *job, struct lbm_wg *wg);

#endif /* _LBM_AUDIT_H */
