// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * explain.c - asks what would happen to a packet, or what the verdict cache
 * has of a flow. Called by lbctl and tests.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "internal.h"

#define ATTR_U8 (NLA_HDRLEN + NLA_ALIGN(sizeof(uint8_t)))
#define ATTR_U16 (NLA_HDRLEN + NLA_ALIGN(sizeof(uint16_t)))
#define ATTR_U32 (NLA_HDRLEN + sizeof(uint32_t))
#define ATTR_IPV6 (NLA_HDRLEN + sizeof(uint8_t[16]))

_Static_assert(NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN + 4 * ATTR_U8 + 2 * ATTR_U16 + 2 * ATTR_U32 +
			       2 * ATTR_IPV6 <=
		       LBM_HEAD_SIZE,
	       "a flow does not fit");

struct question {
	struct lbmesh_judgement *judgement;
	bool answered;
};

static int judgement_take(const struct nlmsghdr *nlh, void *data)
{
	struct question *question = data;

	question->answered = true;
	return lbm_decode_judgement(nlh, question->judgement);
}

static int address_check(const struct lbmesh_prefix *address, const char *which,
			 struct lbmesh_error *err)
{
	int ret = lbmesh_prefix_check(address);

	if (!ret && address->len != (address->family == AF_INET ? 32 : 128))
		ret = -ERANGE;
	return ret ? lbm_error_set(err, -ret, "the %s is no address", which) : 0;
}

static int flow_check(const struct lbmesh_flow *flow, struct lbmesh_error *err)
{
	int ret = address_check(&flow->src, "source", err);

	if (!ret)
		ret = address_check(&flow->dst, "destination", err);
	if (!ret && flow->src.family != flow->dst.family)
		ret = lbm_error_set(err, EINVAL,
				    "the source and the destination are of different families");
	return ret;
}

static void flow_put(struct nlmsghdr *head, const struct lbmesh_flow *flow)
{
	struct nlattr *nest = mnl_attr_nest_start(head, LBMESH_A_FLOW);
	const bool v4 = flow->src.family == AF_INET;

	if (flow->has_direction)
		mnl_attr_put_u8(head, LBMESH_A_FLOW_DIRECTION, (uint8_t)flow->direction);
	if (flow->endpoint)
		mnl_attr_put_u32(head, LBMESH_A_FLOW_ENDPOINT, flow->endpoint);
	if (flow->ifindex)
		mnl_attr_put_u32(head, LBMESH_A_FLOW_IFINDEX, flow->ifindex);
	mnl_attr_put(head, v4 ? LBMESH_A_FLOW_SRC_IPV4 : LBMESH_A_FLOW_SRC_IPV6, v4 ? 4 : 16,
		     flow->src.addr);
	mnl_attr_put(head, v4 ? LBMESH_A_FLOW_DST_IPV4 : LBMESH_A_FLOW_DST_IPV6, v4 ? 4 : 16,
		     flow->dst.addr);
	if (flow->has_protocol)
		mnl_attr_put_u8(head, LBMESH_A_FLOW_PROTOCOL, flow->protocol);
	if (flow->has_src_port)
		mnl_attr_put_u16(head, LBMESH_A_FLOW_SRC_PORT, htons(flow->src_port));
	if (flow->has_dst_port)
		mnl_attr_put_u16(head, LBMESH_A_FLOW_DST_PORT, htons(flow->dst_port));
	if (flow->has_icmp_type)
		mnl_attr_put_u8(head, LBMESH_A_FLOW_ICMP_TYPE, flow->icmp_type);
	if (flow->has_icmp_code)
		mnl_attr_put_u8(head, LBMESH_A_FLOW_ICMP_CODE, flow->icmp_code);
	mnl_attr_nest_end(head, nest);
}

static int ask(struct lbmesh *conn, uint8_t cmd, const struct lbmesh_flow *flow,
	       struct lbmesh_judgement *judgement, struct lbmesh_error *err)
{
	struct question question = {.judgement = judgement};
	struct lbm_request request;
	int ret = flow_check(flow, err);

	if (ret)
		return ret;
	flow_put(lbm_request_init(&request, conn->family, cmd, LBMESH_FAMILY_VERSION, NLM_F_ACK),
		 flow);
	ret = lbm_exchange(conn, &request, judgement_take, &question, err);
	if (ret < 0)
		return ret;
	if (!question.answered)
		return lbm_error_set(err, EPROTO, "the kernel acknowledged but did not answer");
	return 0;
}

/**
 * lbmesh_explain() - Ask what would happen to the first packet of a flow, and why.
 * @conn: the connection
 * @flow: the packet; its addresses are required, whole, and of one family;
 *	the kernel says what else it needs
 * @judgement: set when 0 is returned; its flow is what the kernel has judged,
 *	with the direction and the interface that it chose where @flow left them
 *	to it
 * @err: filled on failure, may be NULL
 *
 * No packet is sent and nothing is counted.
 *
 * Return: 0; -EINVAL, -ERANGE or -EAFNOSUPPORT for a flow that is none; -ENOENT
 * when there is no such endpoint; -EOPNOTSUPP when the module has no
 * LBMESH_CAPABILITY_EXPLAIN; an error as of lbmesh_info_get().
 */
LBMESH_PUBLIC int lbmesh_explain(struct lbmesh *conn, const struct lbmesh_flow *flow,
				 struct lbmesh_judgement *judgement, struct lbmesh_error *err)
{
	return ask(conn, LBMESH_CMD_EXPLAIN, flow, judgement, err);
}

/**
 * lbmesh_flow_get() - Ask what the verdict cache has of a flow.
 * @conn: see lbmesh_explain()
 * @flow: see lbmesh_explain()
 * @judgement: see lbmesh_explain()
 * @err: see lbmesh_explain()
 *
 * Return: as lbmesh_explain(); -ENOENT also when the cache does not hold it.
 */
LBMESH_PUBLIC int lbmesh_flow_get(struct lbmesh *conn, const struct lbmesh_flow *flow,
				  struct lbmesh_judgement *judgement, struct lbmesh_error *err)
{
	return ask(conn, LBMESH_CMD_FLOW_GET, flow, judgement, err);
}
