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
 * @packet: the flow; of family 0 when no more than its direction is known
 * @partial: @packet says no ports, or no type, although its protocol has such
 * @verdict: what became of it
 * @cached: the cache holds it
 * @hits: packets that the cached verdict has judged
 */
struct lbm_case {
	const struct lbm_generation *gen;
	const struct lbm_endpoint *endpoint;
	int ifindex;
	const struct lbm_packet *packet;
	bool partial;
	struct lbm_verdict verdict;
	bool cached;
	u64 hits;
};

/**
 * struct lbm_unread - a packet that was dropped without being judged
 * @gen: the generation in force
 * @skb: the packet
 * @offset: of its network header
 * @family: AF_INET or AF_INET6, by its link header; 0 for what else there is
 * @ifindex: interface that it passes
 * @sender: it comes from the endpoint, otherwise it goes there
 * @reason: why it was dropped
 */
struct lbm_unread {
	const struct lbm_generation *gen;
	const struct sk_buff *skb;
	unsigned int offset;
	u8 family;
	int ifindex;
	bool sender;
	enum lbmesh_reason reason;
};

struct lbm_flow_key;

void lbm_tell(struct lbm_net *ln, const struct lbm_case *what);
void lbm_tell_unread(struct lbm_net *ln, const struct lbm_unread *unread);
void lbm_flow_key_of(struct lbm_flow_key *key,
		     const struct lbm_endpoint *endpoint,
		     const struct lbm_packet *packet, bool established);

#endif /* _LBM_TELL_H */
