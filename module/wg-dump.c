// SPDX-License-Identifier: GPL-2.0
/*
 * Reading what wireguard has. A dump comes in datagrams, and a peer that does
 * not fit into one goes on in the next, under the same key but without the
 * rest of what there is to say of it.
 *
 * What is read holds keys; lbm_wg_close() wipes the buffer.
 */

#include <linux/in.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/ipv6.h>
#include <uapi/linux/wireguard.h>

#include "generation.h"
#include "wireguard.h"

/**
 * struct get_context - a dump being read
 * @device: what is said of the interface
 * @each: shown each peer, or NULL
 * @context: for @each
 * @any: a peer has been shown
 * @last: its key
 */
struct get_context {
	struct lbm_wg_device *device;
	lbm_wg_peer_fn each;
	void *context;
	bool any;
	u8 last[LBMESH_KEY_LEN];
};

/* The value of an attribute that has exactly @len bytes, or NULL. */
static const void *exactly(const struct nlattr *attr, int len)
{
	return attr && nla_len(attr) == len ? nla_data(attr) : NULL;
}

static void copy_key(u8 *to, const struct nlattr *attr)
{
	const u8 *key = exactly(attr, LBMESH_KEY_LEN);

	if (key)
		memcpy(to, key, LBMESH_KEY_LEN);
}

static void read_endpoint(const struct nlattr *attr, struct lbm_wg_peer *peer)
{
	const struct sockaddr_in *v4 = exactly(attr, sizeof(*v4));
	const struct sockaddr_in6 *v6 = exactly(attr, sizeof(*v6));

	if (v4 && v4->sin_family == AF_INET) {
		peer->family = AF_INET;
		peer->port = v4->sin_port;
		peer->endpoint.s6_addr32[0] = v4->sin_addr.s_addr;
	} else if (v6 && v6->sin6_family == AF_INET6) {
		peer->family = AF_INET6;
		peer->port = v6->sin6_port;
		peer->endpoint = v6->sin6_addr;
	}
}

static int read_peer(struct get_context *get, const struct nlattr *nest)
{
	struct nlattr *tb[WGPEER_A_MAX + 1];
	struct lbm_wg_peer peer = {};
	int ret;

	ret = nla_parse_nested_deprecated(tb, WGPEER_A_MAX, nest, NULL, NULL);
	if (ret)
		return ret;
	peer.public_key = exactly(tb[WGPEER_A_PUBLIC_KEY], LBMESH_KEY_LEN);
	if (!peer.public_key)
		return -EPROTO;
	peer.allowedips = tb[WGPEER_A_ALLOWEDIPS];
	peer.rest = get->any &&
		    !memcmp(get->last, peer.public_key, sizeof(get->last));
	get->any = true;
	memcpy(get->last, peer.public_key, sizeof(get->last));
	if (peer.rest)
		return get->each(get->context, &peer);

	peer.psk = exactly(tb[WGPEER_A_PRESHARED_KEY], LBMESH_KEY_LEN);
	if (!peer.psk ||
	    !exactly(tb[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL], sizeof(u16)))
		return -EPROTO;
	peer.keepalive =
		nla_get_u16(tb[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL]);
	read_endpoint(tb[WGPEER_A_ENDPOINT], &peer);
	return get->each(get->context, &peer);
}

static int read_message(void *context, const struct nlmsghdr *nlh)
{
	struct nlattr *tb[WGDEVICE_A_MAX + 1], *peer;
	struct get_context *get = context;
	int rem, ret;

	ret = nlmsg_parse_deprecated(nlh, GENL_HDRLEN, tb, WGDEVICE_A_MAX, NULL,
				     NULL);
	if (ret)
		return ret;
	/* In the first message alone. */
	copy_key(get->device->private_key, tb[WGDEVICE_A_PRIVATE_KEY]);
	copy_key(get->device->public_key, tb[WGDEVICE_A_PUBLIC_KEY]);
	if (exactly(tb[WGDEVICE_A_LISTEN_PORT], sizeof(u16)))
		get->device->port = nla_get_u16(tb[WGDEVICE_A_LISTEN_PORT]);
	if (exactly(tb[WGDEVICE_A_FWMARK], sizeof(u32)))
		get->device->fwmark = nla_get_u32(tb[WGDEVICE_A_FWMARK]);
	if (!get->each || !tb[WGDEVICE_A_PEERS])
		return 0;
	nla_for_each_nested(peer, tb[WGDEVICE_A_PEERS], rem) {
		ret = read_peer(get, peer);
		if (ret)
			return ret;
	}
	return 0;
}

/* Ask, and read until @read returns anything but 0 or the dump ends. */
static int dump(const struct lbm_wg *wg, int ifindex, lbm_wg_message_fn read,
		struct get_context *get)
{
	struct lbm_wg own;
	int ret;

	memset(get->device, 0, sizeof(*get->device));
	ret = lbm_wg_open(&own, wg->net, wg->cred);
	if (!ret && (!lbm_wg_begin(&own, own.family, NLM_F_DUMP,
				   WG_CMD_GET_DEVICE) ||
		     nla_put_u32(own.skb, WGDEVICE_A_IFINDEX, ifindex)))
		ret = -EMSGSIZE;
	ret = ret ?: lbm_wg_send(&own);
	ret = ret ?: lbm_wg_read(&own, read, get);
	lbm_wg_close(&own);
	return ret;
}

/**
 * lbm_wg_get - read what wireguard has
 * @wg: the conversation; a request under construction is left alone
 * @ifindex: the interface
 * @device: filled in, but for its MTU; wipe its private key
 * @each: called for each peer, in wireguard's order, the rest of a peer right
 *	after its beginning; an error of it ends the reading
 * @context: for @each
 *
 * Has a socket of its own: a dump that fails half-way would be in the way of
 * the next one on the same socket. Closing the socket ends it.
 *
 * Return: 0; an error of @each; -EINTR when the peers changed meanwhile;
 * -ENODEV when there is no such interface; -EOPNOTSUPP when it is not
 * WireGuard; or another negative errno.
 */
int lbm_wg_get(struct lbm_wg *wg, int ifindex, struct lbm_wg_device *device,
	       lbm_wg_peer_fn each, void *context)
{
	struct get_context get = {
		.device = device,
		.each = each,
		.context = context,
	};

	wg->sent++;
	return dump(wg, ifindex, read_message, &get);
}

/* What read_first() returns, to end the reading. */
#define ENOUGH 1

static int read_first(void *context, const struct nlmsghdr *nlh)
{
	return read_message(context, nlh) ?: ENOUGH;
}

/**
 * lbm_wg_get_device - read what wireguard has of an interface itself
 * @wg: the conversation; a request under construction is left alone
 * @ifindex: the interface
 * @device: filled in, but for its MTU; wipe its private key
 *
 * Costs the same however many peers there are: the interface is told of in the
 * first message, and the rest of the dump never happens.
 *
 * Return: 0, or a negative errno as lbm_wg_get() has it, but never -EINTR.
 */
int lbm_wg_get_device(const struct lbm_wg *wg, int ifindex,
		      struct lbm_wg_device *device)
{
	struct get_context get = { .device = device };
	int ret;

	ret = dump(wg, ifindex, read_first, &get);
	if (ret == ENOUGH)
		return 0;
	return ret ?: -EPROTO;
}

static int read_address(struct nlattr * const *tb, struct lbm_member *member)
{
	const void *address;
	struct in6_addr whole = {};

	member->family = nla_get_u16(tb[WGALLOWEDIP_A_FAMILY]);
	member->len = nla_get_u8(tb[WGALLOWEDIP_A_CIDR_MASK]);
	if (member->family != AF_INET && member->family != AF_INET6)
		return -EPROTO;
	address = exactly(tb[WGALLOWEDIP_A_IPADDR],
			  lbm_family_bits(member->family) / 8);
	if (!address || member->len > lbm_family_bits(member->family))
		return -EPROTO;
	memcpy(&whole, address, lbm_family_bits(member->family) / 8);
	ipv6_addr_prefix(&member->address, &whole, member->len);
	return 0;
}

/**
 * lbm_wg_address_of - read an address of a peer
 * @allowedip: element of &lbm_wg_peer.allowedips
 * @member: its family, length and address are filled in, host bits zero; the
 *	rest of it is left alone
 *
 * Return: 0, or -EPROTO when it is malformed.
 */
int lbm_wg_address_of(const struct nlattr *allowedip, struct lbm_member *member)
{
	struct nlattr *tb[WGALLOWEDIP_A_MAX + 1];

	if (nla_parse_nested_deprecated(tb, WGALLOWEDIP_A_MAX, allowedip, NULL,
					NULL) ||
	    !exactly(tb[WGALLOWEDIP_A_FAMILY], sizeof(u16)) ||
	    !exactly(tb[WGALLOWEDIP_A_CIDR_MASK], sizeof(u8)))
		return -EPROTO;
	return read_address(tb, member);
}
