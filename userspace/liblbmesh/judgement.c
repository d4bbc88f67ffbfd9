// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * judgement.c - reads a flow with its verdict: an answer of explain or
 * flow-get, or an event of the group "verdict". Called by explain.c, collect.c
 * and event.c. What is decoded is copied.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "internal.h"

static int decode_flow(const struct nlattr *nest, struct lbmesh_flow *flow)
{
	static const struct lbm_policy policy[LBMESH_A_FLOW_MAX + 1] = {
		[LBMESH_A_FLOW_DIRECTION] = {.type = MNL_TYPE_U8},
		[LBMESH_A_FLOW_ENDPOINT] = {.type = MNL_TYPE_U32},
		[LBMESH_A_FLOW_IFINDEX] = {.type = MNL_TYPE_U32},
		[LBMESH_A_FLOW_SRC_IPV4] = {.type = MNL_TYPE_U32},
		[LBMESH_A_FLOW_SRC_IPV6] = {.type = MNL_TYPE_BINARY, .len = 16},
		[LBMESH_A_FLOW_DST_IPV4] = {.type = MNL_TYPE_U32},
		[LBMESH_A_FLOW_DST_IPV6] = {.type = MNL_TYPE_BINARY, .len = 16},
		[LBMESH_A_FLOW_PROTOCOL] = {.type = MNL_TYPE_U8},
		[LBMESH_A_FLOW_SRC_PORT] = {.type = MNL_TYPE_U16},
		[LBMESH_A_FLOW_DST_PORT] = {.type = MNL_TYPE_U16},
		[LBMESH_A_FLOW_ICMP_TYPE] = {.type = MNL_TYPE_U8},
		[LBMESH_A_FLOW_ICMP_CODE] = {.type = MNL_TYPE_U8},
	};
	const struct nlattr *tb[LBMESH_A_FLOW_MAX + 1];

	if (lbm_nest_parse(nest, tb, LBMESH_A_FLOW_MAX, policy))
		return -EPROTO;
	*flow = (struct lbmesh_flow){
		.endpoint = lbm_attr_u32(tb[LBMESH_A_FLOW_ENDPOINT]),
		.ifindex = lbm_attr_u32(tb[LBMESH_A_FLOW_IFINDEX]),
		.has_direction = tb[LBMESH_A_FLOW_DIRECTION],
		.direction = (enum lbmesh_direction)lbm_attr_u8(tb[LBMESH_A_FLOW_DIRECTION]),
		.has_protocol = tb[LBMESH_A_FLOW_PROTOCOL],
		.protocol = lbm_attr_u8(tb[LBMESH_A_FLOW_PROTOCOL]),
		.has_src_port = tb[LBMESH_A_FLOW_SRC_PORT],
		.has_dst_port = tb[LBMESH_A_FLOW_DST_PORT],
		.src_port = ntohs(lbm_attr_u16(tb[LBMESH_A_FLOW_SRC_PORT])),
		.dst_port = ntohs(lbm_attr_u16(tb[LBMESH_A_FLOW_DST_PORT])),
		.has_icmp_type = tb[LBMESH_A_FLOW_ICMP_TYPE],
		.has_icmp_code = tb[LBMESH_A_FLOW_ICMP_CODE],
		.icmp_type = lbm_attr_u8(tb[LBMESH_A_FLOW_ICMP_TYPE]),
		.icmp_code = lbm_attr_u8(tb[LBMESH_A_FLOW_ICMP_CODE]),
	};
	/* A malformed packet may have had no addresses. */
	if (flow->direction > LBMESH_DIRECTION_EGRESS ||
	    lbm_attr_address(tb[LBMESH_A_FLOW_SRC_IPV4], tb[LBMESH_A_FLOW_SRC_IPV6], &flow->src) ||
	    lbm_attr_address(tb[LBMESH_A_FLOW_DST_IPV4], tb[LBMESH_A_FLOW_DST_IPV6], &flow->dst) ||
	    flow->src.family != flow->dst.family)
		return -EPROTO;
	return 0;
}

static int decode_verdict(const struct nlattr *nest, struct lbmesh_verdict *verdict)
{
	static const struct lbm_policy policy[LBMESH_A_VERDICT_MAX + 1] = {
		[LBMESH_A_VERDICT_ACTION] = {.type = MNL_TYPE_U8},
		[LBMESH_A_VERDICT_REASON] = {.type = MNL_TYPE_U8},
		[LBMESH_A_VERDICT_SRC_NETWORK] = {.type = MNL_TYPE_U32},
		[LBMESH_A_VERDICT_DST_NETWORK] = {.type = MNL_TYPE_U32},
		[LBMESH_A_VERDICT_LAYER] = {.type = MNL_TYPE_U32},
		[LBMESH_A_VERDICT_RULE] = {.type = MNL_TYPE_U32},
		[LBMESH_A_VERDICT_ENDPOINT] = {.type = MNL_TYPE_U32},
		[LBMESH_A_VERDICT_GENERATION] = {.type = MNL_TYPE_U64},
		[LBMESH_A_VERDICT_CACHED] = {.type = MNL_TYPE_FLAG},
		[LBMESH_A_VERDICT_HITS] = {.type = MNL_TYPE_U64},
	};
	const struct nlattr *tb[LBMESH_A_VERDICT_MAX + 1];

	/* Without an action nobody knows; taking 0, which is allow, would be a lie. */
	if (lbm_nest_parse(nest, tb, LBMESH_A_VERDICT_MAX, policy) ||
	    !tb[LBMESH_A_VERDICT_ACTION] || !tb[LBMESH_A_VERDICT_REASON] ||
	    lbm_attr_u8(tb[LBMESH_A_VERDICT_ACTION]) >= LBMESH_ACTION_PASS)
		return -EPROTO;
	*verdict = (struct lbmesh_verdict){
		.action = (enum lbmesh_action)lbm_attr_u8(tb[LBMESH_A_VERDICT_ACTION]),
		.reason = (enum lbmesh_reason)lbm_attr_u8(tb[LBMESH_A_VERDICT_REASON]),
		.src_network = lbm_attr_u32(tb[LBMESH_A_VERDICT_SRC_NETWORK]),
		.dst_network = lbm_attr_u32(tb[LBMESH_A_VERDICT_DST_NETWORK]),
		.layer = lbm_attr_u32(tb[LBMESH_A_VERDICT_LAYER]),
		.rule = lbm_attr_u32(tb[LBMESH_A_VERDICT_RULE]),
		.endpoint = lbm_attr_u32(tb[LBMESH_A_VERDICT_ENDPOINT]),
		.generation = lbm_attr_u64(tb[LBMESH_A_VERDICT_GENERATION]),
		.cached = tb[LBMESH_A_VERDICT_CACHED],
		.hits = lbm_attr_u64(tb[LBMESH_A_VERDICT_HITS]),
	};
	return 0;
}

/**
 * lbm_decode_judgement() - Read a flow and its verdict.
 * @nlh: from the kernel
 * @judgement: set when 0 is returned
 *
 * Where the verdict does not name a generation, it is the one of the message.
 *
 * Return: 0, or -EPROTO.
 */
int lbm_decode_judgement(const struct nlmsghdr *nlh, struct lbmesh_judgement *judgement)
{
	const struct nlattr *tb[LBMESH_A_MAX + 1];

	memset(judgement, 0, sizeof(*judgement));
	if (lbm_message_parse(nlh, tb, LBMESH_A_MAX, lbm_main_policy) || !tb[LBMESH_A_GENERATION] ||
	    !tb[LBMESH_A_FLOW] || !tb[LBMESH_A_VERDICT] ||
	    decode_flow(tb[LBMESH_A_FLOW], &judgement->flow) ||
	    decode_verdict(tb[LBMESH_A_VERDICT], &judgement->verdict))
		return -EPROTO;
	judgement->generation = lbm_attr_u64(tb[LBMESH_A_GENERATION]);
	judgement->suppressed = lbm_attr_u64(tb[LBMESH_A_SUPPRESSED]);
	if (!judgement->verdict.generation)
		judgement->verdict.generation = judgement->generation;
	return 0;
}
