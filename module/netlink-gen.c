// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/lbmesh.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink-gen.h"

#include <uapi/linux/lbmesh.h>

/* Common nested types */
const struct nla_policy lbmesh_bridge_nl_policy[LBMESH_A_BRIDGE_REMOVE + 1] = {
	[LBMESH_A_BRIDGE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[LBMESH_A_BRIDGE_NETWORK_A] = { .type = NLA_U32, },
	[LBMESH_A_BRIDGE_NETWORK_B] = { .type = NLA_U32, },
	[LBMESH_A_BRIDGE_REMOVE] = { .type = NLA_FLAG, },
};

const struct nla_policy lbmesh_counts_nl_policy[LBMESH_A_COUNTS_CACHE_ENTRIES + 1] = {
	[LBMESH_A_COUNTS_DEVICES] = { .type = NLA_U32, },
	[LBMESH_A_COUNTS_NETWORKS] = { .type = NLA_U32, },
	[LBMESH_A_COUNTS_BRIDGES] = { .type = NLA_U32, },
	[LBMESH_A_COUNTS_PEERS] = { .type = NLA_U32, },
	[LBMESH_A_COUNTS_MEMBERS] = { .type = NLA_U32, },
	[LBMESH_A_COUNTS_LAYERS] = { .type = NLA_U32, },
	[LBMESH_A_COUNTS_RULES] = { .type = NLA_U32, },
	[LBMESH_A_COUNTS_SETS] = { .type = NLA_U32, },
	[LBMESH_A_COUNTS_ELEMENTS] = { .type = NLA_U32, },
	[LBMESH_A_COUNTS_ENDPOINTS] = { .type = NLA_U32, },
	[LBMESH_A_COUNTS_MESSAGE_BYTES] = { .type = NLA_U32, },
	[LBMESH_A_COUNTS_CACHE_ENTRIES] = { .type = NLA_U32, },
};

const struct nla_policy lbmesh_device_nl_policy[LBMESH_A_DEVICE_REMOVE + 1] = {
	[LBMESH_A_DEVICE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[LBMESH_A_DEVICE_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[LBMESH_A_DEVICE_IFNAME] = { .type = NLA_NUL_STRING, .len = LBMESH_IFNAME_MAX, },
	[LBMESH_A_DEVICE_PRIVATE_KEY] = NLA_POLICY_EXACT_LEN(LBMESH_KEY_LEN),
	[LBMESH_A_DEVICE_LISTEN_PORT] = { .type = NLA_U16, },
	[LBMESH_A_DEVICE_FWMARK] = { .type = NLA_U32, },
	[LBMESH_A_DEVICE_MTU] = NLA_POLICY_MIN(NLA_U32, 1280),
	[LBMESH_A_DEVICE_REMOVE] = { .type = NLA_FLAG, },
};

const struct nla_policy lbmesh_element_nl_policy[LBMESH_A_ELEMENT_LEARNED + 1] = {
	[LBMESH_A_ELEMENT_SET] = { .type = NLA_U32, },
	[LBMESH_A_ELEMENT_IPV4] = { .type = NLA_U32, },
	[LBMESH_A_ELEMENT_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[LBMESH_A_ELEMENT_PREFIX_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[LBMESH_A_ELEMENT_TIMEOUT] = { .type = NLA_U32, },
	[LBMESH_A_ELEMENT_REMOVE] = { .type = NLA_FLAG, },
	[LBMESH_A_ELEMENT_LEARNED] = { .type = NLA_FLAG, },
};

const struct nla_policy lbmesh_endpoint_nl_policy[LBMESH_A_ENDPOINT_REMOVE + 1] = {
	[LBMESH_A_ENDPOINT_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[LBMESH_A_ENDPOINT_LABEL] = { .type = NLA_NUL_STRING, .len = LBMESH_LABEL_MAX, },
	[LBMESH_A_ENDPOINT_KIND] = NLA_POLICY_MAX(NLA_U8, 1),
	[LBMESH_A_ENDPOINT_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[LBMESH_A_ENDPOINT_IFNAME] = { .type = NLA_NUL_STRING, .len = LBMESH_IFNAME_MAX, },
	[LBMESH_A_ENDPOINT_IPV4] = { .type = NLA_U32, },
	[LBMESH_A_ENDPOINT_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[LBMESH_A_ENDPOINT_LAYER] = { .type = NLA_U32, },
	[LBMESH_A_ENDPOINT_INGRESS_DEFAULT] = NLA_POLICY_MAX(NLA_U8, 3),
	[LBMESH_A_ENDPOINT_EGRESS_DEFAULT] = NLA_POLICY_MAX(NLA_U8, 3),
	[LBMESH_A_ENDPOINT_REMOVE] = { .type = NLA_FLAG, },
};

const struct nla_policy lbmesh_flow_nl_policy[LBMESH_A_FLOW_ICMP_CODE + 1] = {
	[LBMESH_A_FLOW_DIRECTION] = NLA_POLICY_MAX(NLA_U8, 1),
	[LBMESH_A_FLOW_ENDPOINT] = { .type = NLA_U32, },
	[LBMESH_A_FLOW_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[LBMESH_A_FLOW_SRC_IPV4] = { .type = NLA_U32, },
	[LBMESH_A_FLOW_SRC_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[LBMESH_A_FLOW_DST_IPV4] = { .type = NLA_U32, },
	[LBMESH_A_FLOW_DST_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[LBMESH_A_FLOW_PROTOCOL] = { .type = NLA_U8, },
	[LBMESH_A_FLOW_SRC_PORT] = { .type = NLA_U16, },
	[LBMESH_A_FLOW_DST_PORT] = { .type = NLA_U16, },
	[LBMESH_A_FLOW_ICMP_TYPE] = { .type = NLA_U8, },
	[LBMESH_A_FLOW_ICMP_CODE] = { .type = NLA_U8, },
};

const struct nla_policy lbmesh_layer_nl_policy[LBMESH_A_LAYER_REMOVE + 1] = {
	[LBMESH_A_LAYER_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[LBMESH_A_LAYER_LABEL] = { .type = NLA_NUL_STRING, .len = LBMESH_LABEL_MAX, },
	[LBMESH_A_LAYER_REMOVE] = { .type = NLA_FLAG, },
};

const struct nla_policy lbmesh_member_nl_policy[LBMESH_A_MEMBER_REMOVE + 1] = {
	[LBMESH_A_MEMBER_NETWORK] = { .type = NLA_U32, },
	[LBMESH_A_MEMBER_DEVICE] = { .type = NLA_U32, },
	[LBMESH_A_MEMBER_IPV4] = { .type = NLA_U32, },
	[LBMESH_A_MEMBER_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[LBMESH_A_MEMBER_PREFIX_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[LBMESH_A_MEMBER_PUBLIC_KEY] = NLA_POLICY_EXACT_LEN(LBMESH_KEY_LEN),
	[LBMESH_A_MEMBER_REMOVE] = { .type = NLA_FLAG, },
};

const struct nla_policy lbmesh_network_nl_policy[LBMESH_A_NETWORK_REMOVE + 1] = {
	[LBMESH_A_NETWORK_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[LBMESH_A_NETWORK_LABEL] = { .type = NLA_NUL_STRING, .len = LBMESH_LABEL_MAX, },
	[LBMESH_A_NETWORK_REMOVE] = { .type = NLA_FLAG, },
};

const struct nla_policy lbmesh_peer_nl_policy[LBMESH_A_PEER_REMOVE + 1] = {
	[LBMESH_A_PEER_DEVICE] = { .type = NLA_U32, },
	[LBMESH_A_PEER_PUBLIC_KEY] = NLA_POLICY_EXACT_LEN(LBMESH_KEY_LEN),
	[LBMESH_A_PEER_PRESHARED_KEY] = NLA_POLICY_EXACT_LEN(LBMESH_KEY_LEN),
	[LBMESH_A_PEER_ENDPOINT_IPV4] = { .type = NLA_U32, },
	[LBMESH_A_PEER_ENDPOINT_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[LBMESH_A_PEER_ENDPOINT_PORT] = { .type = NLA_U16, },
	[LBMESH_A_PEER_KEEPALIVE] = { .type = NLA_U16, },
	[LBMESH_A_PEER_REMOVE] = { .type = NLA_FLAG, },
};

const struct nla_policy lbmesh_range_nl_policy[LBMESH_A_RANGE_LAST + 1] = {
	[LBMESH_A_RANGE_FIRST] = { .type = NLA_U16, },
	[LBMESH_A_RANGE_LAST] = { .type = NLA_U16, },
};

const struct nla_policy lbmesh_rule_nl_policy[LBMESH_A_RULE_REMOVE + 1] = {
	[LBMESH_A_RULE_LAYER] = { .type = NLA_U32, },
	[LBMESH_A_RULE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[LBMESH_A_RULE_POSITION] = { .type = NLA_U32, },
	[LBMESH_A_RULE_DIRECTION] = NLA_POLICY_MAX(NLA_U8, 1),
	[LBMESH_A_RULE_ACTION] = NLA_POLICY_MAX(NLA_U8, 3),
	[LBMESH_A_RULE_PROTOCOL] = { .type = NLA_U8, },
	[LBMESH_A_RULE_SRC] = NLA_POLICY_NESTED(lbmesh_selector_nl_policy),
	[LBMESH_A_RULE_DST] = NLA_POLICY_NESTED(lbmesh_selector_nl_policy),
	[LBMESH_A_RULE_SRC_PORT] = NLA_POLICY_NESTED(lbmesh_range_nl_policy),
	[LBMESH_A_RULE_DST_PORT] = NLA_POLICY_NESTED(lbmesh_range_nl_policy),
	[LBMESH_A_RULE_ICMP_TYPE] = { .type = NLA_U8, },
	[LBMESH_A_RULE_ICMP_CODE] = { .type = NLA_U8, },
	[LBMESH_A_RULE_LOG] = { .type = NLA_FLAG, },
	[LBMESH_A_RULE_REMOVE] = { .type = NLA_FLAG, },
};

const struct nla_policy lbmesh_selector_nl_policy[LBMESH_A_SELECTOR_KEYWORD + 1] = {
	[LBMESH_A_SELECTOR_IPV4] = { .type = NLA_U32, },
	[LBMESH_A_SELECTOR_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[LBMESH_A_SELECTOR_PREFIX_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[LBMESH_A_SELECTOR_SET] = { .type = NLA_U32, },
	[LBMESH_A_SELECTOR_KEYWORD] = NLA_POLICY_MAX(NLA_U8, 2),
};

const struct nla_policy lbmesh_set_nl_policy[LBMESH_A_SET_REMOVE + 1] = {
	[LBMESH_A_SET_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[LBMESH_A_SET_LABEL] = { .type = NLA_NUL_STRING, .len = LBMESH_LABEL_MAX, },
	[LBMESH_A_SET_REMOVE] = { .type = NLA_FLAG, },
};

/* LBMESH_CMD_INFO_GET - do */
const struct nla_policy lbmesh_info_get_nl_policy[LBMESH_A_RESERVED + 1] = {
};

/* LBMESH_CMD_LIMITS_SET - do */
const struct nla_policy lbmesh_limits_set_nl_policy[LBMESH_A_LIMITS + 1] = {
	[LBMESH_A_LIMITS] = NLA_POLICY_NESTED(lbmesh_counts_nl_policy),
};

/* LBMESH_CMD_COMMIT - do */
const struct nla_policy lbmesh_commit_nl_policy[LBMESH_A_ENDPOINT + 1] = {
	[LBMESH_A_EXPECT_GEN] = { .type = NLA_U64, },
	[LBMESH_A_MODE] = NLA_POLICY_MAX(NLA_U8, 1),
	[LBMESH_A_TOKEN] = { .type = NLA_U64, },
	[LBMESH_A_CONFIRM_TIMEOUT] = { .type = NLA_U32, },
	[LBMESH_A_DEVICE] = NLA_POLICY_NESTED(lbmesh_device_nl_policy),
	[LBMESH_A_NETWORK] = NLA_POLICY_NESTED(lbmesh_network_nl_policy),
	[LBMESH_A_BRIDGE] = NLA_POLICY_NESTED(lbmesh_bridge_nl_policy),
	[LBMESH_A_PEER] = NLA_POLICY_NESTED(lbmesh_peer_nl_policy),
	[LBMESH_A_MEMBER] = NLA_POLICY_NESTED(lbmesh_member_nl_policy),
	[LBMESH_A_LAYER] = NLA_POLICY_NESTED(lbmesh_layer_nl_policy),
	[LBMESH_A_RULE] = NLA_POLICY_NESTED(lbmesh_rule_nl_policy),
	[LBMESH_A_SET] = NLA_POLICY_NESTED(lbmesh_set_nl_policy),
	[LBMESH_A_ELEMENT] = NLA_POLICY_NESTED(lbmesh_element_nl_policy),
	[LBMESH_A_ENDPOINT] = NLA_POLICY_NESTED(lbmesh_endpoint_nl_policy),
};

/* LBMESH_CMD_CONFIRM - do */
const struct nla_policy lbmesh_confirm_nl_policy[LBMESH_A_GENERATION + 1] = {
	[LBMESH_A_GENERATION] = { .type = NLA_U64, },
};

/* LBMESH_CMD_REVERT - do */
const struct nla_policy lbmesh_revert_nl_policy[LBMESH_A_GENERATION + 1] = {
	[LBMESH_A_GENERATION] = { .type = NLA_U64, },
};

/* LBMESH_CMD_FLUSH - do */
const struct nla_policy lbmesh_flush_nl_policy[LBMESH_A_TOKEN + 1] = {
	[LBMESH_A_EXPECT_GEN] = { .type = NLA_U64, },
	[LBMESH_A_TOKEN] = { .type = NLA_U64, },
};

/* LBMESH_CMD_GENERATION_GET - do */
const struct nla_policy lbmesh_generation_get_nl_policy[LBMESH_A_RESERVED + 1] = {
};

/* LBMESH_CMD_EXPLAIN - do */
const struct nla_policy lbmesh_explain_nl_policy[LBMESH_A_FLOW + 1] = {
	[LBMESH_A_FLOW] = NLA_POLICY_NESTED(lbmesh_flow_nl_policy),
};

/* LBMESH_CMD_SET_UPDATE - do */
const struct nla_policy lbmesh_set_update_nl_policy[LBMESH_A_ELEMENT + 1] = {
	[LBMESH_A_ELEMENT] = NLA_POLICY_NESTED(lbmesh_element_nl_policy),
};

/* LBMESH_CMD_AUDIT - do */
const struct nla_policy lbmesh_audit_nl_policy[LBMESH_A_TOKEN + 1] = {
	[LBMESH_A_TOKEN] = { .type = NLA_U64, },
};

/* LBMESH_CMD_REPAIR - do */
const struct nla_policy lbmesh_repair_nl_policy[LBMESH_A_TOKEN + 1] = {
	[LBMESH_A_TOKEN] = { .type = NLA_U64, },
};

/* LBMESH_CMD_DEVICE_GET - do */
const struct nla_policy lbmesh_device_get_nl_policy[LBMESH_A_ID + 1] = {
	[LBMESH_A_ID] = { .type = NLA_U32, },
};

/* LBMESH_CMD_NETWORK_GET - do */
const struct nla_policy lbmesh_network_get_nl_policy[LBMESH_A_ID + 1] = {
	[LBMESH_A_ID] = { .type = NLA_U32, },
};

/* LBMESH_CMD_BRIDGE_GET - do */
const struct nla_policy lbmesh_bridge_get_nl_policy[LBMESH_A_ID + 1] = {
	[LBMESH_A_ID] = { .type = NLA_U32, },
};

/* LBMESH_CMD_PEER_GET - do */
const struct nla_policy lbmesh_peer_get_nl_policy[LBMESH_A_PEER + 1] = {
	[LBMESH_A_ID] = { .type = NLA_U32, },
	[LBMESH_A_PEER] = NLA_POLICY_NESTED(lbmesh_peer_nl_policy),
};

/* LBMESH_CMD_MEMBER_GET - do */
const struct nla_policy lbmesh_member_get_nl_policy[LBMESH_A_MEMBER + 1] = {
	[LBMESH_A_ID] = { .type = NLA_U32, },
	[LBMESH_A_MEMBER] = NLA_POLICY_NESTED(lbmesh_member_nl_policy),
};

/* LBMESH_CMD_LAYER_GET - do */
const struct nla_policy lbmesh_layer_get_nl_policy[LBMESH_A_ID + 1] = {
	[LBMESH_A_ID] = { .type = NLA_U32, },
};

/* LBMESH_CMD_RULE_GET - do */
const struct nla_policy lbmesh_rule_get_nl_policy[LBMESH_A_RULE + 1] = {
	[LBMESH_A_ID] = { .type = NLA_U32, },
	[LBMESH_A_RULE] = NLA_POLICY_NESTED(lbmesh_rule_nl_policy),
};

/* LBMESH_CMD_SET_GET - do */
const struct nla_policy lbmesh_set_get_nl_policy[LBMESH_A_ID + 1] = {
	[LBMESH_A_ID] = { .type = NLA_U32, },
};

/* LBMESH_CMD_ELEMENT_GET - do */
const struct nla_policy lbmesh_element_get_nl_policy[LBMESH_A_ELEMENT + 1] = {
	[LBMESH_A_ID] = { .type = NLA_U32, },
	[LBMESH_A_ELEMENT] = NLA_POLICY_NESTED(lbmesh_element_nl_policy),
};

/* LBMESH_CMD_ENDPOINT_GET - do */
const struct nla_policy lbmesh_endpoint_get_nl_policy[LBMESH_A_ID + 1] = {
	[LBMESH_A_ID] = { .type = NLA_U32, },
};

/* LBMESH_CMD_FLOW_GET - do */
const struct nla_policy lbmesh_flow_get_nl_policy[LBMESH_A_FLOW + 1] = {
	[LBMESH_A_FLOW] = NLA_POLICY_NESTED(lbmesh_flow_nl_policy),
};

/* Ops table for lbmesh */
const struct genl_ops lbmesh_nl_ops[22] = {
	{
		.cmd		= LBMESH_CMD_INFO_GET,
		.doit		= lbmesh_nl_info_get_doit,
		.policy		= lbmesh_info_get_nl_policy,
		.maxattr	= LBMESH_A_RESERVED,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_LIMITS_SET,
		.doit		= lbmesh_nl_limits_set_doit,
		.policy		= lbmesh_limits_set_nl_policy,
		.maxattr	= LBMESH_A_LIMITS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_COMMIT,
		.doit		= lbmesh_nl_commit_doit,
		.policy		= lbmesh_commit_nl_policy,
		.maxattr	= LBMESH_A_ENDPOINT,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_CONFIRM,
		.doit		= lbmesh_nl_confirm_doit,
		.policy		= lbmesh_confirm_nl_policy,
		.maxattr	= LBMESH_A_GENERATION,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_REVERT,
		.doit		= lbmesh_nl_revert_doit,
		.policy		= lbmesh_revert_nl_policy,
		.maxattr	= LBMESH_A_GENERATION,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_FLUSH,
		.doit		= lbmesh_nl_flush_doit,
		.policy		= lbmesh_flush_nl_policy,
		.maxattr	= LBMESH_A_TOKEN,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_GENERATION_GET,
		.doit		= lbmesh_nl_generation_get_doit,
		.policy		= lbmesh_generation_get_nl_policy,
		.maxattr	= LBMESH_A_RESERVED,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_EXPLAIN,
		.doit		= lbmesh_nl_explain_doit,
		.policy		= lbmesh_explain_nl_policy,
		.maxattr	= LBMESH_A_FLOW,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_SET_UPDATE,
		.doit		= lbmesh_nl_set_update_doit,
		.policy		= lbmesh_set_update_nl_policy,
		.maxattr	= LBMESH_A_ELEMENT,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_AUDIT,
		.doit		= lbmesh_nl_audit_doit,
		.policy		= lbmesh_audit_nl_policy,
		.maxattr	= LBMESH_A_TOKEN,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_REPAIR,
		.doit		= lbmesh_nl_repair_doit,
		.policy		= lbmesh_repair_nl_policy,
		.maxattr	= LBMESH_A_TOKEN,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_DEVICE_GET,
		.doit		= lbmesh_nl_device_get_doit,
		.dumpit		= lbmesh_nl_device_get_dumpit,
		.policy		= lbmesh_device_get_nl_policy,
		.maxattr	= LBMESH_A_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_NETWORK_GET,
		.doit		= lbmesh_nl_network_get_doit,
		.dumpit		= lbmesh_nl_network_get_dumpit,
		.policy		= lbmesh_network_get_nl_policy,
		.maxattr	= LBMESH_A_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_BRIDGE_GET,
		.doit		= lbmesh_nl_bridge_get_doit,
		.dumpit		= lbmesh_nl_bridge_get_dumpit,
		.policy		= lbmesh_bridge_get_nl_policy,
		.maxattr	= LBMESH_A_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_PEER_GET,
		.doit		= lbmesh_nl_peer_get_doit,
		.dumpit		= lbmesh_nl_peer_get_dumpit,
		.policy		= lbmesh_peer_get_nl_policy,
		.maxattr	= LBMESH_A_PEER,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_MEMBER_GET,
		.doit		= lbmesh_nl_member_get_doit,
		.dumpit		= lbmesh_nl_member_get_dumpit,
		.policy		= lbmesh_member_get_nl_policy,
		.maxattr	= LBMESH_A_MEMBER,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_LAYER_GET,
		.doit		= lbmesh_nl_layer_get_doit,
		.dumpit		= lbmesh_nl_layer_get_dumpit,
		.policy		= lbmesh_layer_get_nl_policy,
		.maxattr	= LBMESH_A_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_RULE_GET,
		.doit		= lbmesh_nl_rule_get_doit,
		.dumpit		= lbmesh_nl_rule_get_dumpit,
		.policy		= lbmesh_rule_get_nl_policy,
		.maxattr	= LBMESH_A_RULE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_SET_GET,
		.doit		= lbmesh_nl_set_get_doit,
		.dumpit		= lbmesh_nl_set_get_dumpit,
		.policy		= lbmesh_set_get_nl_policy,
		.maxattr	= LBMESH_A_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_ELEMENT_GET,
		.doit		= lbmesh_nl_element_get_doit,
		.dumpit		= lbmesh_nl_element_get_dumpit,
		.policy		= lbmesh_element_get_nl_policy,
		.maxattr	= LBMESH_A_ELEMENT,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_ENDPOINT_GET,
		.doit		= lbmesh_nl_endpoint_get_doit,
		.dumpit		= lbmesh_nl_endpoint_get_dumpit,
		.policy		= lbmesh_endpoint_get_nl_policy,
		.maxattr	= LBMESH_A_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= LBMESH_CMD_FLOW_GET,
		.doit		= lbmesh_nl_flow_get_doit,
		.dumpit		= lbmesh_nl_flow_get_dumpit,
		.policy		= lbmesh_flow_get_nl_policy,
		.maxattr	= LBMESH_A_FLOW,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
};

static const struct genl_multicast_group lbmesh_nl_mcgrps[] = {
	[LBMESH_NLGRP_GENERATION] = { "generation", },
	[LBMESH_NLGRP_VERDICT] = { "verdict", },
};
