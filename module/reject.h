/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Telling a sender that its packet was refused; see reject.c.
 */
#ifndef _LBM_REJECT_H
#define _LBM_REJECT_H

#include <linux/types.h>

struct lbm_net;
struct nf_hook_state;
struct sk_buff;

void lbm_reject(struct lbm_net *ln, struct sk_buff *skb,
		const struct nf_hook_state *state);
bool lbm_reject_is_answer(void);

#endif /* _LBM_REJECT_H */
