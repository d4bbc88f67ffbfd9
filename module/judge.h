/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Judging a packet by a generation; see judge.c.
 */
#ifndef _LBM_JUDGE_H
#define _LBM_JUDGE_H

#include "classifier.h"
#include "generation.h"

struct lbm_net;

/**
 * struct lbm_verdict - what happens to a flow, and why
 * @action: enum lbmesh_action; never pass
 * @reason: enum lbmesh_reason
 * @log: it is to be told, even if it is allowed
 * @members: it depends on who is a member of which network
 * @rule: the rule that decided, or NULL; alive as long as the generation
 */
struct lbm_verdict {
	u8 action;
	u8 reason;
	bool log;
	bool members;
	const struct lbm_rule *rule;
};

/**
 * struct lbm_chain - what the packets of an endpoint are judged by
 * @device: the managed device on the interface of a host; NULL otherwise
 * @count: how many of @classifier there are
 * @classifier: of the layers that have rules, in their order
 */
struct lbm_chain {
	const struct lbm_device *device;
	unsigned int count;
	const struct lbm_classifier *classifier[LBM_LAYERS_MAX];
};

void lbm_chain_make(struct lbm_chain *chain, const struct lbm_generation *gen,
		    const struct lbm_endpoint *endpoint);

enum lbmesh_reason lbm_judge_members(const struct lbm_generation *gen,
				     u32 device, u8 family, const void *src,
				     const void *dst);
void lbm_judge(struct lbm_net *ln, const struct lbm_generation *gen,
	       const struct lbm_endpoint *endpoint,
	       const struct lbm_chain *chain,
	       const struct lbm_packet *packet, bool established,
	       struct lbm_verdict *verdict);

#endif /* _LBM_JUDGE_H */
