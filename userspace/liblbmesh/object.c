// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * object.c - reads objects out of dumps: the inverse of commit-mesh.c. Called
 * by collect.c. What is decoded points into the message. A required attribute
 * that is absent is -EPROTO, as is a value that no commit could have set.
 */
#include <arpa/inet.h>
#include <errno.h>

#include "internal.h"

static const struct lbm_policy device_policy[LBMESH_A_DEVICE_MAX + 1] = {
	[LBMESH_A_DEVICE_ID] = {.type = MNL_TYPE_U32},
	[LBMESH_A_DEVICE_IFINDEX] = {.type = MNL_TYPE_U32},
	[LBMESH_A_DEVICE_IFNAME] = {.type = MNL_TYPE_NUL_STRING},
	[LBMESH_A_DEVICE_LISTEN_PORT] = {.type = MNL_TYPE_U16},
	[LBMESH_A_DEVICE_FWMARK] = {.type = MNL_TYPE_U32},
	[LBMESH_A_DEVICE_MTU] = {.type = MNL_TYPE_U32},
};

static const struct lbm_policy network_policy[LBMESH_A_NETWORK_MAX + 1] = {
	[LBMESH_A_NETWORK_ID] = {.type = MNL_TYPE_U32},
	[LBMESH_A_NETWORK_LABEL] = {.type = MNL_TYPE_NUL_STRING},
};

static const struct lbm_policy bridge_policy[LBMESH_A_BRIDGE_MAX + 1] = {
	[LBMESH_A_BRIDGE_ID] = {.type = MNL_TYPE_U32},
	[LBMESH_A_BRIDGE_NETWORK_A] = {.type = MNL_TYPE_U32},
	[LBMESH_A_BRIDGE_NETWORK_B] = {.type = MNL_TYPE_U32},
};

static const struct lbm_policy peer_policy[LBMESH_A_PEER_MAX + 1] = {
	[LBMESH_A_PEER_DEVICE] = {.type = MNL_TYPE_U32},
	[LBMESH_A_PEER_PUBLIC_KEY] = {.type = MNL_TYPE_BINARY, .len = LBMESH_KEY_LEN},
	[LBMESH_A_PEER_ENDPOINT_IPV4] = {.type = MNL_TYPE_U32},
	[LBMESH_A_PEER_ENDPOINT_IPV6] = {.type = MNL_TYPE_BINARY, .len = 16},
	[LBMESH_A_PEER_ENDPOINT_PORT] = {.type = MNL_TYPE_U16},
	[LBMESH_A_PEER_KEEPALIVE] = {.type = MNL_TYPE_U16},
};

static const struct lbm_policy member_policy[LBMESH_A_MEMBER_MAX + 1] = {
	[LBMESH_A_MEMBER_NETWORK] = {.type = MNL_TYPE_U32},
	[LBMESH_A_MEMBER_DEVICE] = {.type = MNL_TYPE_U32},
	[LBMESH_A_MEMBER_IPV4] = {.type = MNL_TYPE_U32},
	[LBMESH_A_MEMBER_IPV6] = {.type = MNL_TYPE_BINARY, .len = 16},
	[LBMESH_A_MEMBER_PREFIX_LEN] = {.type = MNL_TYPE_U8},
	[LBMESH_A_MEMBER_PUBLIC_KEY] = {.type = MNL_TYPE_BINARY, .len = LBMESH_KEY_LEN},
};

static const uint8_t *bytes_of(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_payload(attr) : NULL;
}

/**
 * lbm_decode_device() - Read a device.
 * @nest: from the kernel
 * @device: set when 0 is returned; points into @nest
 *
 * Return: 0, or -EPROTO.
 */
int lbm_decode_device(const struct nlattr *nest, struct lbmesh_device *device)
{
	const struct nlattr *tb[LBMESH_A_DEVICE_MAX + 1];

	if (lbm_nest_parse(nest, tb, LBMESH_A_DEVICE_MAX, device_policy) || !tb[LBMESH_A_DEVICE_ID])
		return -EPROTO;
	*device = (struct lbmesh_device){
		.id = lbm_attr_u32(tb[LBMESH_A_DEVICE_ID]),
		.ifindex = lbm_attr_u32(tb[LBMESH_A_DEVICE_IFINDEX]),
		.ifname = lbm_attr_text(tb[LBMESH_A_DEVICE_IFNAME]),
		.has_listen_port = tb[LBMESH_A_DEVICE_LISTEN_PORT],
		.listen_port = lbm_attr_u16(tb[LBMESH_A_DEVICE_LISTEN_PORT]),
		.has_fwmark = tb[LBMESH_A_DEVICE_FWMARK],
		.fwmark = lbm_attr_u32(tb[LBMESH_A_DEVICE_FWMARK]),
		.mtu = lbm_attr_u32(tb[LBMESH_A_DEVICE_MTU]),
	};
	return 0;
}

/**
 * lbm_decode_network() - Read a network.
 * @nest: from the kernel
 * @network: set when 0 is returned; points into @nest
 *
 * Return: 0, or -EPROTO.
 */
int lbm_decode_network(const struct nlattr *nest, struct lbmesh_network *network)
{
	const struct nlattr *tb[LBMESH_A_NETWORK_MAX + 1];

	if (lbm_nest_parse(nest, tb, LBMESH_A_NETWORK_MAX, network_policy) ||
	    !tb[LBMESH_A_NETWORK_ID])
		return -EPROTO;
	network->id = lbm_attr_u32(tb[LBMESH_A_NETWORK_ID]);
	network->label = lbm_attr_text(tb[LBMESH_A_NETWORK_LABEL]);
	return 0;
}

/**
 * lbm_decode_bridge() - Read a bridge.
 * @nest: from the kernel
 * @bridge: set when 0 is returned
 *
 * Return: 0, or -EPROTO.
 */
int lbm_decode_bridge(const struct nlattr *nest, struct lbmesh_bridge *bridge)
{
	const struct nlattr *tb[LBMESH_A_BRIDGE_MAX + 1];

	if (lbm_nest_parse(nest, tb, LBMESH_A_BRIDGE_MAX, bridge_policy) ||
	    !tb[LBMESH_A_BRIDGE_ID] || !tb[LBMESH_A_BRIDGE_NETWORK_A] ||
	    !tb[LBMESH_A_BRIDGE_NETWORK_B])
		return -EPROTO;
	bridge->id = lbm_attr_u32(tb[LBMESH_A_BRIDGE_ID]);
	bridge->network_a = lbm_attr_u32(tb[LBMESH_A_BRIDGE_NETWORK_A]);
	bridge->network_b = lbm_attr_u32(tb[LBMESH_A_BRIDGE_NETWORK_B]);
	return 0;
}

/**
 * lbm_decode_peer() - Read a peer.
 * @nest: from the kernel
 * @peer: set when 0 is returned; points into @nest
 *
 * Return: 0, or -EPROTO.
 */
int lbm_decode_peer(const struct nlattr *nest, struct lbmesh_peer *peer)
{
	const struct nlattr *tb[LBMESH_A_PEER_MAX + 1];

	if (lbm_nest_parse(nest, tb, LBMESH_A_PEER_MAX, peer_policy) || !tb[LBMESH_A_PEER_DEVICE] ||
	    !tb[LBMESH_A_PEER_PUBLIC_KEY])
		return -EPROTO;
	*peer = (struct lbmesh_peer){
		.device = lbm_attr_u32(tb[LBMESH_A_PEER_DEVICE]),
		.public_key = bytes_of(tb[LBMESH_A_PEER_PUBLIC_KEY]),
		.endpoint_port = ntohs(lbm_attr_u16(tb[LBMESH_A_PEER_ENDPOINT_PORT])),
		.keepalive = lbm_attr_u16(tb[LBMESH_A_PEER_KEEPALIVE]),
	};
	return lbm_attr_address(tb[LBMESH_A_PEER_ENDPOINT_IPV4], tb[LBMESH_A_PEER_ENDPOINT_IPV6],
				&peer->endpoint);
}

/**
 * lbm_decode_member() - Read a member.
 * @nest: from the kernel
 * @member: set when 0 is returned; points into @nest
 *
 * Return: 0, or -EPROTO.
 */
int lbm_decode_member(const struct nlattr *nest, struct lbmesh_member *member)
{
	const struct nlattr *tb[LBMESH_A_MEMBER_MAX + 1];

	if (lbm_nest_parse(nest, tb, LBMESH_A_MEMBER_MAX, member_policy) ||
	    !tb[LBMESH_A_MEMBER_NETWORK] || !tb[LBMESH_A_MEMBER_DEVICE])
		return -EPROTO;
	*member = (struct lbmesh_member){
		.network = lbm_attr_u32(tb[LBMESH_A_MEMBER_NETWORK]),
		.device = lbm_attr_u32(tb[LBMESH_A_MEMBER_DEVICE]),
		.public_key = bytes_of(tb[LBMESH_A_MEMBER_PUBLIC_KEY]),
	};
	return lbm_attr_prefix(tb[LBMESH_A_MEMBER_IPV4], tb[LBMESH_A_MEMBER_IPV6],
			       tb[LBMESH_A_MEMBER_PREFIX_LEN], &member->prefix);
}
