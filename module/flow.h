/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is judged of a packet: the tuple of its flow; see flow.c.
 */
#ifndef _LBM_FLOW_H
#define _LBM_FLOW_H

#include "cache.h"
#include "classifier.h"

struct sk_buff;

/**
 * struct lbm_flow - the flow of a packet, as connection tracking knows it
 * @packet: tuple of the flow's first direction, after DNAT and before SNAT;
 *	its direction is not set
 * @reply: the packet goes the other way
 * @established: the flow has been let through before
 */
struct lbm_flow {
	struct lbm_packet packet;
	bool reply;
	bool established;
};

bool lbm_flow_has_ports(u8 protocol);
enum lbmesh_reason lbm_flow_read(struct lbm_flow *flow,
				 const struct sk_buff *skb, u8 family);
bool lbm_flow_peek(struct lbm_packet *packet, const struct sk_buff *skb,
		   unsigned int offset, u8 family, bool *partial);
bool lbm_flow_read_key(struct lbm_flow_key *key, const struct sk_buff *skb,
		       u8 family, bool *reply);
void lbm_packet_of_key(struct lbm_packet *packet,
		       const struct lbm_flow_key *key);
bool lbm_flow_is_discovery(const struct sk_buff *skb, u8 family);

#endif /* _LBM_FLOW_H */
