// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * commit-mesh.c - objects of the mesh in a commit: device, network, bridge,
 * peer, member.
 *
 * All lbmesh_commit_put_*() add or restate an object, all
 * lbmesh_commit_remove_*() take one away by its key (mode delta only). They
 * return 0; -EINVAL for a required value that is missing or contradicts
 * another; -ENAMETOOLONG for a text that is too long; -EAFNOSUPPORT, -ERANGE
 * or -EDOM for a bad prefix (see lbmesh_prefix_check()); -EMSGSIZE when the
 * object does not fit a nest or the commit a message; -ENOMEM. The commit is
 * unchanged after an error. Do not send it then: in mode replace, what is
 * missing is removed. Only the kernel can judge the objects together.
 */
#include <errno.h>

#include <arpa/inet.h>

#include "internal.h"

static const struct lbm_prefix_attrs member_prefix = {
	LBMESH_A_MEMBER_IPV4,
	LBMESH_A_MEMBER_IPV6,
	LBMESH_A_MEMBER_PREFIX_LEN,
};

static const struct lbm_prefix_attrs peer_endpoint = {
	LBMESH_A_PEER_ENDPOINT_IPV4,
	LBMESH_A_PEER_ENDPOINT_IPV6,
	0,
};

/* A key: required ones are refused when NULL. */
static void put_key(struct lbm_nest *nest, uint16_t type, const uint8_t *key, bool required)
{
	if (key)
		lbm_put(nest, type, key, LBMESH_KEY_LEN);
	else if (required)
		lbm_nest_refuse(nest, -EINVAL);
}

/**
 * lbmesh_commit_put_device() - Add or restate a device.
 * @commit: the commit
 * @device: copied, with its private key; exactly one of ifindex and ifname
 *
 * Return: 0 or an error as said at the top of this file.
 */
LBMESH_PUBLIC int lbmesh_commit_put_device(struct lbmesh_commit *commit,
					   const struct lbmesh_device *device)
{
	struct lbm_nest nest = lbm_object_begin(commit, LBMESH_A_DEVICE);

	lbm_put_id(&nest, LBMESH_A_DEVICE_ID, device->id);
	if (!device->ifindex == !device->ifname || device->ifindex > INT32_MAX)
		lbm_nest_refuse(&nest, -EINVAL);
	if (device->ifindex)
		lbm_put_u32(&nest, LBMESH_A_DEVICE_IFINDEX, device->ifindex);
	lbm_put_string(&nest, LBMESH_A_DEVICE_IFNAME, device->ifname, LBMESH_IFNAME_MAX);
	put_key(&nest, LBMESH_A_DEVICE_PRIVATE_KEY, device->private_key, false);
	if (device->has_listen_port)
		lbm_put_u16(&nest, LBMESH_A_DEVICE_LISTEN_PORT, device->listen_port);
	if (device->has_fwmark)
		lbm_put_u32(&nest, LBMESH_A_DEVICE_FWMARK, device->fwmark);
	if (device->mtu)
		lbm_put_u32(&nest, LBMESH_A_DEVICE_MTU, device->mtu);
	return lbm_object_end(&nest);
}

/**
 * lbmesh_commit_put_network() - Add or restate a network.
 * @commit: the commit
 * @network: copied
 *
 * Return: 0 or an error as said at the top of this file.
 */
LBMESH_PUBLIC int lbmesh_commit_put_network(struct lbmesh_commit *commit,
					    const struct lbmesh_network *network)
{
	return lbm_put_labelled(commit, LBMESH_A_NETWORK, LBMESH_A_NETWORK_ID, network->id,
				LBMESH_A_NETWORK_LABEL, network->label);
}

/**
 * lbmesh_commit_put_bridge() - Add or restate a bridge.
 * @commit: the commit
 * @bridge: copied; of two different networks
 *
 * Return: 0 or an error as said at the top of this file.
 */
LBMESH_PUBLIC int lbmesh_commit_put_bridge(struct lbmesh_commit *commit,
					   const struct lbmesh_bridge *bridge)
{
	struct lbm_nest nest = lbm_object_begin(commit, LBMESH_A_BRIDGE);

	lbm_put_id(&nest, LBMESH_A_BRIDGE_ID, bridge->id);
	lbm_put_id(&nest, LBMESH_A_BRIDGE_NETWORK_A, bridge->network_a);
	lbm_put_id(&nest, LBMESH_A_BRIDGE_NETWORK_B, bridge->network_b);
	return lbm_object_end(&nest);
}

/**
 * lbmesh_commit_put_peer() - Add or restate a peer.
 * @commit: the commit
 * @peer: copied, with its keys; public_key is required, and endpoint_port with
 *	an endpoint
 *
 * Return: 0 or an error as said at the top of this file.
 */
LBMESH_PUBLIC int lbmesh_commit_put_peer(struct lbmesh_commit *commit,
					 const struct lbmesh_peer *peer)
{
	struct lbm_nest nest = lbm_object_begin(commit, LBMESH_A_PEER);

	lbm_put_id(&nest, LBMESH_A_PEER_DEVICE, peer->device);
	put_key(&nest, LBMESH_A_PEER_PUBLIC_KEY, peer->public_key, true);
	put_key(&nest, LBMESH_A_PEER_PRESHARED_KEY, peer->preshared_key, false);
	if (peer->endpoint.family) {
		lbm_put_prefix(&nest, peer_endpoint, &peer->endpoint);
		if (!peer->endpoint_port)
			lbm_nest_refuse(&nest, -EINVAL);
		lbm_put_u16(&nest, LBMESH_A_PEER_ENDPOINT_PORT, htons(peer->endpoint_port));
	}
	if (peer->keepalive)
		lbm_put_u16(&nest, LBMESH_A_PEER_KEEPALIVE, peer->keepalive);
	return lbm_object_end(&nest);
}

/**
 * lbmesh_commit_put_member() - Add or restate a member.
 * @commit: the commit
 * @member: copied; a member that is restated with another public key moves
 *
 * Return: 0 or an error as said at the top of this file.
 */
LBMESH_PUBLIC int lbmesh_commit_put_member(struct lbmesh_commit *commit,
					   const struct lbmesh_member *member)
{
	struct lbm_nest nest = lbm_object_begin(commit, LBMESH_A_MEMBER);

	lbm_put_id(&nest, LBMESH_A_MEMBER_NETWORK, member->network);
	lbm_put_id(&nest, LBMESH_A_MEMBER_DEVICE, member->device);
	lbm_put_prefix(&nest, member_prefix, &member->prefix);
	put_key(&nest, LBMESH_A_MEMBER_PUBLIC_KEY, member->public_key, false);
	return lbm_object_end(&nest);
}

/**
 * lbmesh_commit_remove_device() - Remove a device; its interface stays.
 * @commit: the commit, in mode delta
 * @id: of the device
 *
 * Return: 0 or an error as said at the top of this file.
 */
LBMESH_PUBLIC int lbmesh_commit_remove_device(struct lbmesh_commit *commit, uint32_t id)
{
	return lbm_put_removal(commit, LBMESH_A_DEVICE, LBMESH_A_DEVICE_ID, id,
			       LBMESH_A_DEVICE_REMOVE);
}

/**
 * lbmesh_commit_remove_network() - Remove a network.
 * @commit: the commit, in mode delta
 * @id: of the network
 *
 * Return: 0 or an error as said at the top of this file.
 */
LBMESH_PUBLIC int lbmesh_commit_remove_network(struct lbmesh_commit *commit, uint32_t id)
{
	return lbm_put_removal(commit, LBMESH_A_NETWORK, LBMESH_A_NETWORK_ID, id,
			       LBMESH_A_NETWORK_REMOVE);
}

/**
 * lbmesh_commit_remove_bridge() - Remove a bridge.
 * @commit: the commit, in mode delta
 * @id: of the bridge
 *
 * Return: 0 or an error as said at the top of this file.
 */
LBMESH_PUBLIC int lbmesh_commit_remove_bridge(struct lbmesh_commit *commit, uint32_t id)
{
	return lbm_put_removal(commit, LBMESH_A_BRIDGE, LBMESH_A_BRIDGE_ID, id,
			       LBMESH_A_BRIDGE_REMOVE);
}

/**
 * lbmesh_commit_remove_peer() - Remove a peer.
 * @commit: the commit, in mode delta
 * @device: id of its device
 * @public_key: LBMESH_KEY_LEN bytes
 *
 * Return: 0 or an error as said at the top of this file.
 */
LBMESH_PUBLIC int lbmesh_commit_remove_peer(struct lbmesh_commit *commit, uint32_t device,
					    const uint8_t public_key[LBMESH_KEY_LEN])
{
	struct lbm_nest nest = lbm_object_begin(commit, LBMESH_A_PEER);

	lbm_put_id(&nest, LBMESH_A_PEER_DEVICE, device);
	put_key(&nest, LBMESH_A_PEER_PUBLIC_KEY, public_key, true);
	lbm_put_flag(&nest, LBMESH_A_PEER_REMOVE);
	return lbm_object_end(&nest);
}

/**
 * lbmesh_commit_remove_member() - Remove a member.
 * @commit: the commit, in mode delta
 * @device: id of its device
 * @prefix: its address or prefix
 *
 * Return: 0 or an error as said at the top of this file.
 */
LBMESH_PUBLIC int lbmesh_commit_remove_member(struct lbmesh_commit *commit, uint32_t device,
					      const struct lbmesh_prefix *prefix)
{
	struct lbm_nest nest = lbm_object_begin(commit, LBMESH_A_MEMBER);

	lbm_put_id(&nest, LBMESH_A_MEMBER_DEVICE, device);
	lbm_put_prefix(&nest, member_prefix, prefix);
	lbm_put_flag(&nest, LBMESH_A_MEMBER_REMOVE);
	return lbm_object_end(&nest);
}
