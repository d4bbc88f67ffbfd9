/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Telling verdicts: events, explain, and what the cache holds; see tell.c.
 */
#ifndef _LBM_TELL_H
#define _LBM_TELL_H

#include "judge.h"

/**
 * struct lbm_case - a flow and what became of it
 * @gen: the generation that it was judged by
 * @endpoint: who was asked, or NULL
 * @ifindex: interface that the packet passes; 0 when that is not known
 * @packet: the flow
 * @verdict: what became of it
 * @cached: the cache holds it
 * @hits: packets that the cached verdict has judged
 */
struct lbm_case {
	const struct lbm_generation *gen;
	const struct lbm_endpoint *endpoint;
	int ifindex;
	const struct lbm_packet *packet;
	struct lbm_verdict verdict;
	bool cached;
	u64 hits;
};

struct lbm_flow_key;

void lbm_tell(struct lbm_net *ln, const struct lbm_case *what);
void lbm_flow_key_of(struct lbm_flow_key *key,
		     const struct lbm_endpoint *endpoint,
		     const struct lbm_packet *packet, bool established);

#endif /* _LBM_TELL_H */
