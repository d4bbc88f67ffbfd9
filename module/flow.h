/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is judged of a packet: the tuple of its flow; see flow.c.
 */
#ifndef _LBM_FLOW_H
#define _LBM_FLOW_H

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
bool lbm_flow_is_discovery(const struct sk_buff *skb, u8 family);

/**
 * lbm_flow_sender - address that the packet itself comes from, NAT aside
 * @flow: its flow
 */
static inline const struct in6_addr *lbm_flow_sender(const struct lbm_flow *flow)
{
	return flow->reply ? &flow->packet.dst : &flow->packet.src;
}

/**
 * lbm_flow_receiver - address that the packet itself goes to, NAT aside
 * @flow: its flow
 */
static inline const struct in6_addr *
lbm_flow_receiver(const struct lbm_flow *flow)
{
	return flow->reply ? &flow->packet.src : &flow->packet.dst;
}

#endif /* _LBM_FLOW_H */
