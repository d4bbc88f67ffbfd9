/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The most that a namespace may have; see limits.c.
 */
#ifndef _LBM_LIMITS_H
#define _LBM_LIMITS_H

#include <linux/skbuff.h>

struct lbm_limits;

void lbm_limits_init(struct lbm_limits *limits);
int lbm_limits_put(struct sk_buff *skb, const struct lbm_limits *limits);

#endif /* _LBM_LIMITS_H */
