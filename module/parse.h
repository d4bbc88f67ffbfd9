/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a commit message to a job; see parse.c.
 */
#ifndef _LBM_PARSE_H
#define _LBM_PARSE_H

#include <net/genetlink.h>

#include "job.h"

int lbm_parse_commit(struct lbm_job *job, struct genl_info *info,
		     enum lbmesh_commit_mode mode);
int lbm_parse_key(struct nlattr *nest, struct netlink_ext_ack *extack,
		  struct lbm_object *object);
void lbm_parse_wipe(struct genl_info *info);
void lbm_parse_init(void);

u64 lbm_psk_print(const u8 *psk);

#endif /* _LBM_PARSE_H */
