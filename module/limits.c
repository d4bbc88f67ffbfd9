// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of a namespace: what it begins with, what the administrator of the
 * machine may set, and how they are shown.
 *
 * The root of a user namespace may drive the family in a network namespace of
 * his own, and what he makes the kernel keep is what these limits bound. So it
 * takes a privilege in the initial user namespace to change them; and for that
 * one there is a ceiling, above which a mistake would cost the machine.
 */

#include <net/genetlink.h>

#include "limits.h"
#include "netlink-gen.h"
#include "netns.h"

/**
 * struct bound - what a limit may be
 * @kind: of the objects that it counts; LBMESH_OBJECT_NONE is bytes of a
 *	message
 * @first: what a namespace begins with
 * @least: the least that it may be set to; 0 when it cannot be set
 * @most: the most that it may be set to
 * @range: refusal of anything else
 */
struct bound {
	enum lbmesh_object kind;
	u32 first;
	u32 least;
	u32 most;
	const char *range;
};

#define BOUND(name, object, begin, min, max) {				\
	.kind = LBMESH_OBJECT_##object,					\
	.first = begin,							\
	.least = min,							\
	.most = max,							\
	.range = "limits: " name " is from " #min " to " #max,		\
}

/*
 * The first values are for a host in thousands of networks with ten thousand
 * other hosts. The ceilings: WireGuard takes no more than 1,048,576 peers an
 * interface, so what comes one a peer or address ends there; what comes one a
 * network, layer or workload ends at 65,536; and 1 GiB is what a message needs
 * that states all of that at once.
 */
static const struct bound bounds[LBMESH_A_COUNTS_MAX + 1] = {
	[LBMESH_A_COUNTS_DEVICES] =
		BOUND("devices", DEVICE, 64, 1, 4096),
	[LBMESH_A_COUNTS_NETWORKS] =
		BOUND("networks", NETWORK, 4096, 1, 65536),
	[LBMESH_A_COUNTS_BRIDGES] =
		BOUND("bridges", BRIDGE, 4096, 1, 65536),
	[LBMESH_A_COUNTS_PEERS] =
		BOUND("peers", PEER, 20480, 1, 1048576),
	[LBMESH_A_COUNTS_MEMBERS] =
		BOUND("members", MEMBER, 65536, 1, 1048576),
	[LBMESH_A_COUNTS_LAYERS] =
		BOUND("layers", LAYER, 16384, 1, 65536),
	[LBMESH_A_COUNTS_RULES] =
		BOUND("rules", RULE, 131072, 1, 1048576),
	[LBMESH_A_COUNTS_SETS] =
		BOUND("sets", SET, 16384, 1, 65536),
	[LBMESH_A_COUNTS_ELEMENTS] =
		BOUND("elements", ELEMENT, 1048576, 1, 1048576),
	[LBMESH_A_COUNTS_ENDPOINTS] =
		BOUND("endpoints", ENDPOINT, 16384, 1, 65536),
	[LBMESH_A_COUNTS_MESSAGE_BYTES] =
		BOUND("message-bytes", NONE, 67108864, 4096, 1073741824),
	/* There is no verdict cache yet, hence no bound of its entries. */
};

static u32 *limit_of(struct lbm_limits *limits, const struct bound *bound)
{
	if (bound->kind == LBMESH_OBJECT_NONE)
		return &limits->message_bytes;
	return &limits->objects[bound->kind];
}

static u32 value_of(const struct lbm_limits *limits, const struct bound *bound)
{
	if (bound->kind == LBMESH_OBJECT_NONE)
		return READ_ONCE(limits->message_bytes);
	return READ_ONCE(limits->objects[bound->kind]);
}

/**
 * lbm_limits_init - what a namespace begins with
 * @limits: filled in
 */
void lbm_limits_init(struct lbm_limits *limits)
{
	int i;

	memset(limits, 0, sizeof(*limits));
	for (i = 0; i < ARRAY_SIZE(bounds); i++)
		if (bounds[i].least)
			*limit_of(limits, &bounds[i]) = bounds[i].first;
}

/**
 * lbm_limits_put - write the nest limits
 * @skb: the message
 * @limits: of a namespace; they may change meanwhile
 *
 * Return: 0, or -EMSGSIZE when there is no room.
 */
int lbm_limits_put(struct sk_buff *skb, const struct lbm_limits *limits)
{
	struct nlattr *nest;
	int i;

	nest = nla_nest_start(skb, LBMESH_A_LIMITS);
	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < ARRAY_SIZE(bounds); i++) {
		if (bounds[i].least &&
		    nla_put_u32(skb, i, value_of(limits, &bounds[i])))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int read_limit(struct genl_info *info, const struct nlattr *attr,
		      struct lbm_limits *limits)
{
	const struct bound *bound = &bounds[nla_type(attr)];
	u32 value = nla_get_u32(attr);

	if (!bound->least) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "limits: cache-entries is not built yet; see capabilities");
		return -EOPNOTSUPP;
	}
	if (value < bound->least || value > bound->most) {
		/* NL_SET_ERR_MSG_ATTR() wants a literal. */
		NL_SET_BAD_ATTR(info->extack, attr);
		if (info->extack)
			info->extack->_msg = bound->range;
		return -ERANGE;
	}
	*limit_of(limits, bound) = value;
	return 0;
}

/* Change those of @limits that the message names. */
static int read_limits(struct genl_info *info, struct lbm_limits *limits)
{
	struct nlattr *tb[LBMESH_A_COUNTS_MAX + 1];
	int i, ret;

	if (!info->attrs[LBMESH_A_LIMITS]) {
		NL_SET_ERR_MSG(info->extack, "limits is required");
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, LBMESH_A_LIMITS);
		return -EINVAL;
	}
	ret = nla_parse_nested(tb, LBMESH_A_COUNTS_MAX,
			       info->attrs[LBMESH_A_LIMITS],
			       lbmesh_counts_nl_policy, info->extack);
	for (i = 0; i < ARRAY_SIZE(tb) && !ret; i++)
		if (tb[i])
			ret = read_limit(info, tb[i], limits);
	return ret;
}

int lbmesh_nl_limits_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct lbm_net *ln = lbm_net_of(genl_info_net(info));
	struct lbm_limits limits;
	int i, ret;

	if (!netlink_capable(skb, CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG(info->extack,
			       "limits are set by root of the initial user namespace");
		return -EPERM;
	}
	/* Read and written under the lock, or of two senders one would lose. */
	mutex_lock(&ln->lock);
	limits = ln->limits;
	ret = read_limits(info, &limits);
	/* Readers take no lock, and each looks at one limit. */
	for (i = 0; i < ARRAY_SIZE(bounds) && !ret; i++)
		if (bounds[i].least)
			WRITE_ONCE(*limit_of(&ln->limits, &bounds[i]),
				   *limit_of(&limits, &bounds[i]));
	mutex_unlock(&ln->lock);
	return ret;
}
