// SPDX-License-Identifier: GPL-2.0
/*
 * Driving the stock wireguard module through its own netlink family, from a
 * socket of the kernel in the worker of a namespace. No symbol of wireguard.ko
 * is used, so any version of it will do.
 *
 * A request is processed before kernel_sendmsg() returns, so its answer is in
 * the receive queue by then and nothing here waits. Never call this from a
 * netlink handler: it takes the generic netlink locks (see the notes on
 * locking in Documentation/architecture.md).
 *
 * Requests are filled with peers until LBM_WG_BYTES, LBM_WG_REMOVALS or
 * LBM_WG_ADDITIONS is reached, which bounds the time that wireguard holds RTNL
 * for one.
 */

#include <linux/in.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <net/genetlink.h>
#include <net/sock.h>
#include <uapi/linux/wireguard.h>

#include "wireguard.h"

/* wireguard waits for a grace period for each peer that it removes. */
#define LBM_WG_REMOVALS	8
/* And computes a shared secret for each that it adds. */
#define LBM_WG_ADDITIONS 4
/* More than one peer without addresses, or one address, can need. */
#define PEER_BYTES	256
#define ADDRESS_BYTES	64

/**
 * lbm_wg_begin - begin a request
 * @wg: the conversation, with no request under construction
 * @type: netlink type
 * @flags: besides NLM_F_REQUEST
 * @command: of the family
 *
 * Return: the header, or NULL when there is no room.
 */
void *lbm_wg_begin(struct lbm_wg *wg, u16 type, u16 flags, u8 command)
{
	struct genlmsghdr *genl;
	struct nlmsghdr *nlh;

	nlh = nlmsg_put(wg->skb, 0, ++wg->seq, type, GENL_HDRLEN,
			NLM_F_REQUEST | flags);
	if (!nlh)
		return NULL;
	genl = nlmsg_data(nlh);
	genl->cmd = command;
	genl->version = 1;
	genl->reserved = 0;
	return nlh;
}

/* Forget the request; it may hold keys. */
static void clear_message(struct lbm_wg *wg)
{
	memzero_explicit(wg->skb->head, skb_end_offset(wg->skb));
	skb_trim(wg->skb, 0);
	wg->peers = NULL;
	wg->peer = NULL;
	wg->allowedips = NULL;
	wg->removals = 0;
	wg->additions = 0;
}

/**
 * lbm_wg_send - send the request under construction
 * @wg: the conversation; it holds no request afterwards
 *
 * The request has been processed when this returns, and its answer is there.
 *
 * Return: 0, or the errno of sending.
 */
int lbm_wg_send(struct lbm_wg *wg)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	struct msghdr msg = {
		/*
		 * An explicit destination: without one a socket of the kernel
		 * does not pass the capability check (it has no file).
		 */
		.msg_name = &to,
		.msg_namelen = sizeof(to),
	};
	const struct cred *old;
	struct kvec vec;
	int ret;

	wg->sent++;
	nlmsg_end(wg->skb, nlmsg_hdr(wg->skb));
	vec.iov_base = wg->skb->data;
	vec.iov_len = wg->skb->len;
	old = override_creds(wg->cred);
	ret = kernel_sendmsg(wg->sock, &msg, &vec, 1, vec.iov_len);
	revert_creds(old);
	clear_message(wg);
	return ret < 0 ? ret : 0;
}

/**
 * lbm_wg_receive - read one datagram of an answer
 * @wg: the conversation; its buffer is filled
 *
 * Return: its length; 0 for what a privileged process, not the kernel, has sent
 * us; -EAGAIN when there is none, or another negative errno.
 */
int lbm_wg_receive(struct lbm_wg *wg)
{
	struct sockaddr_nl from = {};
	struct kvec vec = {
		.iov_base = wg->buffer,
		.iov_len = LBM_WG_BYTES,
	};
	struct msghdr msg = { .msg_name = &from };
	const struct cred *old;
	int ret;

	/* A dump goes on in the receiver's context, hence its rights. */
	old = override_creds(wg->cred);
	ret = kernel_recvmsg(wg->sock, &msg, &vec, 1, vec.iov_len,
			     MSG_DONTWAIT);
	revert_creds(old);
	if (ret < 0)
		return ret;
	if (msg.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	return from.nl_pid ? 0 : ret;
}

/**
 * lbm_wg_read - read the answer to the last request up to its end
 * @wg: the conversation
 * @each: shown each message of data; an error of it ends the reading; or NULL
 * @context: for @each
 *
 * Return: 0; wireguard's errno; -EINTR for a dump that was disturbed; -ENOBUFS
 * for an answer that was lost for want of memory.
 */
int lbm_wg_read(struct lbm_wg *wg, lbm_wg_message_fn each, void *context)
{
	const struct nlmsghdr *nlh;
	bool interrupted = false;
	int len, ret;

	for (;;) {
		len = lbm_wg_receive(wg);
		if (len < 0)
			return len == -EAGAIN ? -ENOBUFS : len;
		nlh = (const struct nlmsghdr *)wg->buffer;
		for (; nlmsg_ok(nlh, len); nlh = nlmsg_next(nlh, &len)) {
			if (nlh->nlmsg_seq != wg->seq)
				continue;
			if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
				interrupted = true;
			if (nlh->nlmsg_type == NLMSG_DONE)
				return interrupted ? -EINTR : 0;
			if (nlh->nlmsg_type == NLMSG_ERROR) {
				if (nlmsg_len(nlh) < sizeof(struct nlmsgerr))
					return -EPROTO;
				return ((struct nlmsgerr *)nlmsg_data(nlh))->error;
			}
			ret = each ? each(context, nlh) : 0;
			if (ret)
				return ret;
		}
	}
}

static int parse_family(void *context, const struct nlmsghdr *nlh)
{
	struct nlattr *tb[CTRL_ATTR_MAX + 1];
	u16 *family = context;
	int ret;

	ret = nlmsg_parse_deprecated(nlh, GENL_HDRLEN, tb, CTRL_ATTR_MAX, NULL,
				     NULL);
	if (ret)
		return ret;
	if (!tb[CTRL_ATTR_FAMILY_ID])
		return -EPROTO;
	*family = nla_get_u16(tb[CTRL_ATTR_FAMILY_ID]);
	return 0;
}

static int find_family(struct lbm_wg *wg)
{
	int ret;

	if (!lbm_wg_begin(wg, GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY) ||
	    nla_put_string(wg->skb, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME))
		return -EMSGSIZE;
	ret = lbm_wg_send(wg);
	/* What is sent to wireguard is counted from here on. */
	wg->sent = 0;
	return ret ?: lbm_wg_read(wg, parse_family, &wg->family);
}

static int open_socket(struct lbm_wg *wg)
{
	int one = 1;
	int ret;

	ret = sock_create_kern(wg->net, AF_NETLINK, SOCK_RAW, NETLINK_GENERIC,
			       &wg->sock);
	if (ret)
		return ret;
	/* No copy of the request in its answer: it may hold a key. */
	return wg->sock->ops->setsockopt(wg->sock, SOL_NETLINK,
					 NETLINK_CAP_ACK, KERNEL_SOCKPTR(&one),
					 sizeof(one));
}

/**
 * lbm_wg_open - begin a conversation
 * @wg: the conversation; not initialised before
 * @net: the namespace, which must not go away before lbm_wg_close()
 * @cred: whose rights count, held by the caller until lbm_wg_close()
 *
 * Return: 0, or a negative errno: -ENOENT when wireguard is not there.
 * lbm_wg_close() is due in either case.
 */
int lbm_wg_open(struct lbm_wg *wg, struct net *net, const struct cred *cred)
{
	int ret;

	memset(wg, 0, sizeof(*wg));
	wg->net = net;
	wg->cred = cred;
	get_random_bytes(wg->thief_key, sizeof(wg->thief_key));
	wg->buffer = kvmalloc(LBM_WG_BYTES, GFP_KERNEL);
	wg->skb = alloc_skb(SKB_WITH_OVERHEAD(LBM_WG_BYTES), GFP_KERNEL);
	if (!wg->buffer || !wg->skb)
		return -ENOMEM;
	ret = open_socket(wg);
	return ret ?: find_family(wg);
}

/**
 * lbm_wg_close - end a conversation, and wipe what is left of it
 * @wg: the conversation
 */
void lbm_wg_close(struct lbm_wg *wg)
{
	if (wg->skb)
		clear_message(wg);
	kfree_skb(wg->skb);
	kvfree_sensitive(wg->buffer, LBM_WG_BYTES);
	if (wg->sock)
		sock_release(wg->sock);
}

static int begin_set(struct lbm_wg *wg, int ifindex)
{
	wg->ifindex = ifindex;
	if (!lbm_wg_begin(wg, wg->family, NLM_F_ACK, WG_CMD_SET_DEVICE) ||
	    nla_put_u32(wg->skb, WGDEVICE_A_IFINDEX, ifindex))
		return -EMSGSIZE;
	return 0;
}

static void end_peer(struct lbm_wg *wg)
{
	if (wg->allowedips)
		nla_nest_end(wg->skb, wg->allowedips);
	if (wg->peer)
		nla_nest_end(wg->skb, wg->peer);
	wg->allowedips = NULL;
	wg->peer = NULL;
}

/**
 * lbm_wg_note - note an error where the work goes on
 * @wg: the conversation
 * @error: 0 or a negative errno
 *
 * Return: @error; or, while the conversation is lenient, 0. What concerns an
 * interface that is gone has nothing left to do, and is no error then.
 */
int lbm_wg_note(struct lbm_wg *wg, int error)
{
	if (!wg->lenient)
		return error;
	if (error && error != -ENODEV && !wg->error)
		wg->error = error;
	return 0;
}

static int flush(struct lbm_wg *wg)
{
	int ret;

	end_peer(wg);
	if (wg->peers)
		nla_nest_end(wg->skb, wg->peers);
	ret = lbm_wg_send(wg);
	return ret ?: lbm_wg_read(wg, NULL, NULL);
}

/**
 * lbm_wg_flush - send the request under construction, if there is one
 * @wg: the conversation
 *
 * Return: 0, or wireguard's errno; part of the request may have been done.
 */
int lbm_wg_flush(struct lbm_wg *wg)
{
	return wg->skb->len ? lbm_wg_note(wg, flush(wg)) : 0;
}

/* Begin a peer in the request, after sending it first where it is full. */
static int begin_peer(struct lbm_wg *wg, int ifindex, const u8 *public_key,
		      u32 flags)
{
	int ret;

	end_peer(wg);
	if (wg->skb->len && (wg->ifindex != ifindex ||
			     wg->removals == LBM_WG_REMOVALS ||
			     wg->additions == LBM_WG_ADDITIONS ||
			     skb_tailroom(wg->skb) < PEER_BYTES)) {
		ret = lbm_wg_flush(wg);
		if (ret)
			return ret;
	}
	if (!wg->skb->len) {
		ret = begin_set(wg, ifindex);
		if (ret)
			return ret;
	}
	if (!wg->peers)
		wg->peers = nla_nest_start(wg->skb, WGDEVICE_A_PEERS);
	wg->peer = wg->peers ? nla_nest_start(wg->skb, 0) : NULL;
	memcpy(wg->public_key, public_key, sizeof(wg->public_key));
	if (!wg->peer ||
	    nla_put(wg->skb, WGPEER_A_PUBLIC_KEY, LBMESH_KEY_LEN, public_key) ||
	    nla_put_u32(wg->skb, WGPEER_A_FLAGS, flags))
		return -EMSGSIZE;
	if (flags & WGPEER_F_REMOVE_ME)
		wg->removals++;
	else if (!(flags & WGPEER_F_UPDATE_ONLY))
		wg->additions++;
	return 0;
}

/**
 * lbm_wg_drop - forget the request under construction, after a failure
 * @wg: the conversation
 */
void lbm_wg_drop(struct lbm_wg *wg)
{
	wg->thief = false;
	clear_message(wg);
}

/**
 * lbm_wg_peer_key - begin a peer in the request, by its key alone
 * @wg: the conversation
 * @ifindex: its interface
 * @public_key: LBMESH_KEY_LEN bytes
 * @what: LBM_WG_REPLACE: addresses that follow replace those that it has;
 *	LBM_WG_UPDATE: do nothing when there is no such peer
 *
 * Return: 0, or the errno of a request that had to be sent first.
 */
int lbm_wg_peer_key(struct lbm_wg *wg, int ifindex, const u8 *public_key,
		    unsigned int what)
{
	u32 flags = 0;

	if (what & LBM_WG_REPLACE)
		flags |= WGPEER_F_REPLACE_ALLOWEDIPS;
	if (what & LBM_WG_UPDATE)
		flags |= WGPEER_F_UPDATE_ONLY;
	return begin_peer(wg, ifindex, public_key, flags);
}

static int put_endpoint(struct lbm_wg *wg, const struct lbm_peer *peer)
{
	struct sockaddr_in v4 = {
		.sin_family = AF_INET,
		.sin_port = peer->port,
		.sin_addr.s_addr = peer->endpoint.s6_addr32[0],
	};
	struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6,
		.sin6_port = peer->port,
		.sin6_addr = peer->endpoint,
	};

	if (peer->family == AF_INET)
		return nla_put(wg->skb, WGPEER_A_ENDPOINT, sizeof(v4), &v4);
	if (peer->family == AF_INET6)
		return nla_put(wg->skb, WGPEER_A_ENDPOINT, sizeof(v6), &v6);
	return 0;
}

/**
 * lbm_wg_peer - begin a peer in the request; lbm_wg_address() adds to it
 * @wg: the conversation
 * @ifindex: its interface
 * @peer: the peer
 * @what: what to say of it: LBM_WG_ENDPOINT, LBM_WG_KEEPALIVE, LBM_WG_PSK, and
 *	as lbm_wg_peer_key() has it
 * @psk: pre-shared key, LBMESH_KEY_LEN bytes; with LBM_WG_PSK alone
 *
 * Return: 0, or the errno of a request that had to be sent first.
 */
int lbm_wg_peer(struct lbm_wg *wg, int ifindex, const struct lbm_peer *peer,
		unsigned int what, const u8 *psk)
{
	int ret;

	ret = lbm_wg_peer_key(wg, ifindex, peer->public_key, what);
	if (ret)
		return ret;
	if (what & LBM_WG_PSK &&
	    nla_put(wg->skb, WGPEER_A_PRESHARED_KEY, LBMESH_KEY_LEN, psk))
		return -EMSGSIZE;
	if (what & LBM_WG_ENDPOINT && put_endpoint(wg, peer))
		return -EMSGSIZE;
	if (what & LBM_WG_KEEPALIVE &&
	    nla_put_u16(wg->skb, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
			peer->keepalive))
		return -EMSGSIZE;
	return 0;
}

/**
 * lbm_wg_remove - remove a peer with all of its addresses
 * @wg: the conversation
 * @ifindex: its interface
 * @public_key: LBMESH_KEY_LEN bytes; a peer that is not there is no error
 *
 * Return: 0, or the errno of a request that had to be sent first.
 */
int lbm_wg_remove(struct lbm_wg *wg, int ifindex, const u8 *public_key)
{
	return begin_peer(wg, ifindex, public_key, WGPEER_F_REMOVE_ME);
}

/**
 * lbm_wg_address_flags - say something of an address of the peer begun last
 * @wg: the conversation
 * @member: the address
 * @attr: attribute for @flags; 0 when there are none
 * @flags: what to do with it
 *
 * Return: 0, or the errno of a request that had to be sent first.
 */
int lbm_wg_address_flags(struct lbm_wg *wg, const struct lbm_member *member,
			 int attr, u32 flags)
{
	u8 public_key[LBMESH_KEY_LEN];
	struct nlattr *nest;
	int ret;

	if (skb_tailroom(wg->skb) < ADDRESS_BYTES) {
		memcpy(public_key, wg->public_key, sizeof(public_key));
		ret = lbm_wg_flush(wg);
		if (!ret)
			ret = lbm_wg_peer_key(wg, wg->ifindex, public_key,
					      LBM_WG_UPDATE);
		if (ret)
			return ret;
	}
	if (!wg->allowedips)
		wg->allowedips = nla_nest_start(wg->skb, WGPEER_A_ALLOWEDIPS);
	nest = wg->allowedips ? nla_nest_start(wg->skb, 0) : NULL;
	if (!nest ||
	    nla_put_u16(wg->skb, WGALLOWEDIP_A_FAMILY, member->family) ||
	    nla_put(wg->skb, WGALLOWEDIP_A_IPADDR,
		    member->family == AF_INET ? 4 : 16, &member->address) ||
	    nla_put_u8(wg->skb, WGALLOWEDIP_A_CIDR_MASK, member->len))
		return -EMSGSIZE;
	if (attr && nla_put_u32(wg->skb, attr, flags))
		return -EMSGSIZE;
	nla_nest_end(wg->skb, nest);
	return 0;
}

/**
 * lbm_wg_address - give an address to the peer begun last
 * @wg: the conversation
 * @member: the address; any other peer that has it loses it in that moment
 *
 * Return: 0, or the errno of a request that had to be sent first.
 */
int lbm_wg_address(struct lbm_wg *wg, const struct lbm_member *member)
{
	return lbm_wg_address_flags(wg, member, 0, 0);
}

/**
 * lbm_wg_set_device - set attributes of an interface, at once
 * @wg: the conversation
 * @ifindex: the interface
 * @what: LBM_WG_KEY, LBM_WG_PORT, LBM_WG_FWMARK; LBM_WG_NO_PEERS: remove all
 *	peers, with one grace period for them together
 * @device: the values; NULL with LBM_WG_NO_PEERS alone
 *
 * Return: 0, or wireguard's errno, of this request or of one before.
 */
int lbm_wg_set_device(struct lbm_wg *wg, int ifindex, unsigned int what,
		      const struct lbm_wg_device *device)
{
	int ret;

	ret = lbm_wg_flush(wg) ?: begin_set(wg, ifindex);
	if (ret)
		return ret;
	if (what & LBM_WG_KEY &&
	    nla_put(wg->skb, WGDEVICE_A_PRIVATE_KEY, LBMESH_KEY_LEN,
		    device->private_key))
		return -EMSGSIZE;
	if (what & LBM_WG_PORT &&
	    nla_put_u16(wg->skb, WGDEVICE_A_LISTEN_PORT, device->port))
		return -EMSGSIZE;
	if (what & LBM_WG_FWMARK &&
	    nla_put_u32(wg->skb, WGDEVICE_A_FWMARK, device->fwmark))
		return -EMSGSIZE;
	if (what & LBM_WG_NO_PEERS &&
	    nla_put_u32(wg->skb, WGDEVICE_A_FLAGS, WGDEVICE_F_REPLACE_PEERS))
		return -EMSGSIZE;
	return lbm_wg_flush(wg);
}
