// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of a namespace: what it begins with, what the administrator of the
 * machine may set, and how they are shown.
 *
 * The root of a user namespace may drive the family in a network namespace of
 * his own, and what he makes the kernel keep is what these limits bound. So it
 * takes a privilege in the initial user namespace to change them; and for that
 * one there is a ceiling, above which a mistake would cost the machine.
 *
 * The size of the verdict cache is one of them: it is what the cache has, not
 * only the most that it may have.
 */

#include <linux/log2.h>
#include <net/genetlink.h>

#include "limits.h"
#include "netlink.h"
#include "netlink-gen.h"

/**
 * struct bound - what a limit may be
 * @at: where it is in struct lbm_limits
 * @first: what a namespace begins with
 * @least: the least that it may be set to
 * @most: the most that it may be set to; 0 when there is no such limit
 * @sizes: only powers of two, and 0
 * @range: refusal of anything else
 */
struct bound {
	size_t at;
	u32 first;
	u32 least;
	u32 most;
	bool sizes;
	const char *range;
};

#define BOUND(name, field, begin, min, max) {				\
	.at = offsetof(struct lbm_limits, field),			\
	.first = begin,							\
	.least = min,							\
	.most = max,							\
	.range = "limits: " name " is from " #min " to " #max,		\
}

#define BOUND_OF(name, kind, begin, min, max)				\
	BOUND(name, objects[LBMESH_OBJECT_##kind], begin, min, max)

/*
 * The first values are for a host in thousands of networks with ten thousand
 * other hosts. The ceilings: WireGuard takes no more than 1,048,576 peers an
 * interface, so what comes one a peer or address ends there; what comes one a
 * network, layer or workload ends at 65,536; and 1 GiB is what a message needs
 * that states all of that at once. The cache is not bounded by what there is, but
 * by what finds room near a CPU: 4,096 verdicts are a quarter of a MiB, and the
 * most are 20.
 */
static const struct bound bounds[LBMESH_A_COUNTS_MAX + 1] = {
	[LBMESH_A_COUNTS_DEVICES] =
		BOUND_OF("devices", DEVICE, 64, 1, 4096),
	[LBMESH_A_COUNTS_NETWORKS] =
		BOUND_OF("networks", NETWORK, 4096, 1, 65536),
	[LBMESH_A_COUNTS_BRIDGES] =
		BOUND_OF("bridges", BRIDGE, 4096, 1, 65536),
	[LBMESH_A_COUNTS_PEERS] =
		BOUND_OF("peers", PEER, 20480, 1, 1048576),
	[LBMESH_A_COUNTS_MEMBERS] =
		BOUND_OF("members", MEMBER, 65536, 1, 1048576),
	[LBMESH_A_COUNTS_LAYERS] =
		BOUND_OF("layers", LAYER, 16384, 1, 65536),
	[LBMESH_A_COUNTS_RULES] =
		BOUND_OF("rules", RULE, 131072, 1, 1048576),
	[LBMESH_A_COUNTS_SETS] =
		BOUND_OF("sets", SET, 16384, 1, 65536),
	[LBMESH_A_COUNTS_ELEMENTS] =
		BOUND_OF("elements", ELEMENT, 1048576, 1, 1048576),
	[LBMESH_A_COUNTS_ENDPOINTS] =
		BOUND_OF("endpoints", ENDPOINT, 16384, 1, 65536),
	[LBMESH_A_COUNTS_MESSAGE_BYTES] =
		BOUND("message-bytes", message_bytes, 67108864, 4096, 1073741824),
	[LBMESH_A_COUNTS_CACHE_ENTRIES] = {
		.at = offsetof(struct lbm_limits, cache_entries),
		.first = LBM_CACHE_ENTRIES,
		.least = LBM_CACHE_ENTRIES_MIN,
		.most = LBM_CACHE_ENTRIES_MAX,
		.sizes = true,
		.range = "limits: cache-entries is 0, or a power of two from 4 to 262144",
	},
};

static u32 *limit_of(struct lbm_limits *limits, const struct bound *bound)
{
	return (u32 *)((u8 *)limits + bound->at);
}

static u32 value_of(const struct lbm_limits *limits, const struct bound *bound)
{
	return READ_ONCE(*(const u32 *)((const u8 *)limits + bound->at));
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
		if (bounds[i].most)
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
		if (bounds[i].most &&
		    nla_put_u32(skb, i, value_of(limits, &bounds[i])))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static bool is_within(const struct bound *bound, u32 value)
{
	if (bound->sizes && !value)
		return true;
	return value >= bound->least && value <= bound->most &&
	       (!bound->sizes || is_power_of_2(value));
}

static int read_limit(struct genl_info *info, const struct nlattr *attr,
		      struct lbm_limits *limits)
{
	const struct bound *bound = &bounds[nla_type(attr)];
	u32 value = nla_get_u32(attr);

	if (!is_within(bound, value))
		return lbm_netlink_refuse(info->extack, attr, bound->range,
					  -ERANGE);
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
	mutex_lock(&ln->limits_lock);
	limits = ln->limits;
	ret = read_limits(info, &limits);
	/* The last that may fail, and nothing has changed then. */
	if (!ret && lbm_firewall_resize(ln, limits.cache_entries)) {
		NL_SET_ERR_MSG(info->extack,
			       "limits: no memory for a cache of this size");
		ret = -ENOMEM;
	}
	/* Readers take no lock, and each looks at one limit. */
	for (i = 0; i < ARRAY_SIZE(bounds) && !ret; i++)
		if (bounds[i].most)
			WRITE_ONCE(*limit_of(&ln->limits, &bounds[i]),
				   *limit_of(&limits, &bounds[i]));
	mutex_unlock(&ln->limits_lock);
	return ret;
}
