/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/lbmesh.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_LBMESH_GEN_H
#define _LINUX_LBMESH_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/lbmesh.h>

/* Common nested types */
extern const struct nla_policy lbmesh_bridge_nl_policy[LBMESH_A_BRIDGE_REMOVE + 1];
extern const struct nla_policy lbmesh_counts_nl_policy[LBMESH_A_COUNTS_CACHE_ENTRIES + 1];
extern const struct nla_policy lbmesh_device_nl_policy[LBMESH_A_DEVICE_REMOVE + 1];
extern const struct nla_policy lbmesh_element_nl_policy[LBMESH_A_ELEMENT_LEARNED + 1];
extern const struct nla_policy lbmesh_endpoint_nl_policy[LBMESH_A_ENDPOINT_REMOVE + 1];
extern const struct nla_policy lbmesh_flow_nl_policy[LBMESH_A_FLOW_ICMP_CODE + 1];
extern const struct nla_policy lbmesh_layer_nl_policy[LBMESH_A_LAYER_REMOVE + 1];
extern const struct nla_policy lbmesh_member_nl_policy[LBMESH_A_MEMBER_REMOVE + 1];
extern const struct nla_policy lbmesh_network_nl_policy[LBMESH_A_NETWORK_REMOVE + 1];
extern const struct nla_policy lbmesh_peer_nl_policy[LBMESH_A_PEER_REMOVE + 1];
extern const struct nla_policy lbmesh_range_nl_policy[LBMESH_A_RANGE_LAST + 1];
extern const struct nla_policy lbmesh_rule_nl_policy[LBMESH_A_RULE_REMOVE + 1];
extern const struct nla_policy lbmesh_selector_nl_policy[LBMESH_A_SELECTOR_KEYWORD + 1];
extern const struct nla_policy lbmesh_set_nl_policy[LBMESH_A_SET_REMOVE + 1];

extern const struct nla_policy lbmesh_info_get_nl_policy[LBMESH_A_RESERVED + 1];

extern const struct nla_policy lbmesh_limits_set_nl_policy[LBMESH_A_LIMITS + 1];

extern const struct nla_policy lbmesh_commit_nl_policy[LBMESH_A_ENDPOINT + 1];

extern const struct nla_policy lbmesh_confirm_nl_policy[LBMESH_A_GENERATION + 1];

extern const struct nla_policy lbmesh_revert_nl_policy[LBMESH_A_GENERATION + 1];

extern const struct nla_policy lbmesh_flush_nl_policy[LBMESH_A_TOKEN + 1];

extern const struct nla_policy lbmesh_generation_get_nl_policy[LBMESH_A_RESERVED + 1];

extern const struct nla_policy lbmesh_explain_nl_policy[LBMESH_A_FLOW + 1];

extern const struct nla_policy lbmesh_set_update_nl_policy[LBMESH_A_ELEMENT + 1];

extern const struct nla_policy lbmesh_audit_nl_policy[LBMESH_A_TOKEN + 1];

extern const struct nla_policy lbmesh_repair_nl_policy[LBMESH_A_TOKEN + 1];

extern const struct nla_policy lbmesh_device_get_nl_policy[LBMESH_A_ID + 1];

extern const struct nla_policy lbmesh_network_get_nl_policy[LBMESH_A_ID + 1];

extern const struct nla_policy lbmesh_bridge_get_nl_policy[LBMESH_A_ID + 1];

extern const struct nla_policy lbmesh_peer_get_nl_policy[LBMESH_A_PEER + 1];

extern const struct nla_policy lbmesh_member_get_nl_policy[LBMESH_A_MEMBER + 1];

extern const struct nla_policy lbmesh_layer_get_nl_policy[LBMESH_A_ID + 1];

extern const struct nla_policy lbmesh_rule_get_nl_policy[LBMESH_A_RULE + 1];

extern const struct nla_policy lbmesh_set_get_nl_policy[LBMESH_A_ID + 1];

extern const struct nla_policy lbmesh_element_get_nl_policy[LBMESH_A_ELEMENT + 1];

extern const struct nla_policy lbmesh_endpoint_get_nl_policy[LBMESH_A_ID + 1];

extern const struct nla_policy lbmesh_flow_get_nl_policy[LBMESH_A_FLOW + 1];

/* Ops table for lbmesh */
extern const struct genl_ops lbmesh_nl_ops[22];

int lbmesh_nl_info_get_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_limits_set_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_commit_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_confirm_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_revert_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_flush_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_generation_get_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_explain_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_set_update_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_audit_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_repair_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_device_get_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_device_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int lbmesh_nl_network_get_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_network_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb);
int lbmesh_nl_bridge_get_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_bridge_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int lbmesh_nl_peer_get_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_peer_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int lbmesh_nl_member_get_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_member_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int lbmesh_nl_layer_get_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_layer_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int lbmesh_nl_rule_get_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_rule_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int lbmesh_nl_set_get_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_set_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int lbmesh_nl_element_get_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_element_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb);
int lbmesh_nl_endpoint_get_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_endpoint_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb);
int lbmesh_nl_flow_get_doit(struct sk_buff *skb, struct genl_info *info);
int lbmesh_nl_flow_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);

enum {
	LBMESH_NLGRP_GENERATION,
	LBMESH_NLGRP_VERDICT,
};

#endif /* _LINUX_LBMESH_GEN_H */
