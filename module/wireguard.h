/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Driving the stock wireguard module through its own netlink family: the
 * conversation and requests (wireguard.c), taking addresses away
 * (wg-address.c), reading (wg-dump.c).
 */
#ifndef _LBM_WIREGUARD_H
#define _LBM_WIREGUARD_H

#include <linux/cred.h>
#include <linux/net.h>
#include <linux/skbuff.h>
#include <net/netlink.h>

#include "object.h"

/**
 * struct lbm_wg - a conversation with wireguard, for one job
 * @net: the namespace
 * @cred: whose rights count; held by the job
 * @sock: netlink socket of the kernel
 * @family: number of the wireguard family; looked up for each conversation,
 *	because the module may be unloaded and loaded in between
 * @seq: number of the last request
 * @sent: requests sent so far
 * @skb: request under construction; empty between requests
 * @ifindex: interface that the request is for
 * @peers: start of the list of peers in the request, or NULL
 * @peer: start of the peer under construction, or NULL
 * @allowedips: start of its list of addresses, or NULL
 * @public_key: its key
 * @removals: peers that the request removes
 * @additions: peers that it may add
 * @lenient: errors are noted in @error and the work goes on
 * @error: the first error while @lenient; a missing interface is none
 * @thief: a throw-away peer is under construction, on @thief_ifindex
 * @thief_ifindex: its interface
 * @thief_key: its key; one for the whole conversation, so that what is left
 *	of it can be found
 * @buffer: for answers, LBM_WG_BYTES long
 */
struct lbm_wg {
	struct net *net;
	const struct cred *cred;
	struct socket *sock;
	u16 family;
	u32 seq;
	u32 sent;
	struct sk_buff *skb;
	int ifindex;
	struct nlattr *peers;
	struct nlattr *peer;
	struct nlattr *allowedips;
	u8 public_key[LBMESH_KEY_LEN];
	unsigned int removals;
	unsigned int additions;
	bool lenient;
	int error;
	bool thief;
	int thief_ifindex;
	u8 thief_key[LBMESH_KEY_LEN];
	u8 *buffer;
};

/**
 * struct lbm_wg_device - what wireguard says of an interface
 * @private_key: all zero when there is none; wipe it
 * @public_key: all zero when there is none
 * @port: UDP port, host byte order
 * @fwmark: mark of encrypted packets
 * @mtu: of the interface, in bytes; not from wireguard; 0 when not known
 */
struct lbm_wg_device {
	u8 private_key[LBMESH_KEY_LEN];
	u8 public_key[LBMESH_KEY_LEN];
	u16 port;
	u32 fwmark;
	u32 mtu;
};

/**
 * struct lbm_wg_peer - what wireguard says of a peer
 * @public_key: LBMESH_KEY_LEN bytes
 * @psk: pre-shared key, LBMESH_KEY_LEN bytes, all zero when there is none;
 *	NULL in the rest of a peer
 * @rest: the peer has been told of, and did not fit; only @public_key and
 *	@allowedips mean something
 * @keepalive: seconds; 0 is off
 * @family: AF_INET or AF_INET6 of the endpoint; 0 when there is none
 * @port: UDP port of the endpoint
 * @endpoint: address of the endpoint; IPv4 in the first word
 * @allowedips: list of addresses for lbm_wg_address_of(), or NULL
 *
 * Valid while the callback that is shown it runs.
 */
struct lbm_wg_peer {
	const u8 *public_key;
	const u8 *psk;
	bool rest;
	u16 keepalive;
	u8 family;
	__be16 port;
	struct in6_addr endpoint;
	const struct nlattr *allowedips;
};

/* Bytes of one request and of one answer. */
#define LBM_WG_BYTES	16384

/* Which attributes of a device lbm_wg_set_device() sets. */
#define LBM_WG_KEY	BIT(0)
#define LBM_WG_PORT	BIT(1)
#define LBM_WG_FWMARK	BIT(2)
/* It removes all peers, at once and quickly. */
#define LBM_WG_NO_PEERS	BIT(3)

/* What lbm_wg_peer() says of a peer besides its key. */
#define LBM_WG_ENDPOINT	BIT(0)
#define LBM_WG_KEEPALIVE BIT(1)
#define LBM_WG_PSK	BIT(2)
#define LBM_WG_REPLACE	BIT(3)
#define LBM_WG_UPDATE	BIT(4)

int lbm_wg_open(struct lbm_wg *wg, struct net *net, const struct cred *cred);
void lbm_wg_close(struct lbm_wg *wg);

/* Requests. */
int lbm_wg_set_device(struct lbm_wg *wg, int ifindex, unsigned int what,
		      const struct lbm_wg_device *device);
int lbm_wg_peer(struct lbm_wg *wg, int ifindex, const struct lbm_peer *peer,
		unsigned int what, const u8 *psk);
int lbm_wg_peer_key(struct lbm_wg *wg, int ifindex, const u8 *public_key,
		    unsigned int what);
int lbm_wg_remove(struct lbm_wg *wg, int ifindex, const u8 *public_key);
int lbm_wg_address(struct lbm_wg *wg, const struct lbm_member *member);
int lbm_wg_address_flags(struct lbm_wg *wg, const struct lbm_member *member,
			 int attr, u32 flags);
int lbm_wg_flush(struct lbm_wg *wg);
void lbm_wg_drop(struct lbm_wg *wg);
int lbm_wg_note(struct lbm_wg *wg, int error);

/* Taking addresses away. */
int lbm_wg_take(struct lbm_wg *wg, int ifindex, const u8 *public_key,
		const struct lbm_member *member);
int lbm_wg_take_end(struct lbm_wg *wg);

/* Reading. */
typedef int (*lbm_wg_peer_fn)(void *context, const struct lbm_wg_peer *peer);

int lbm_wg_get(struct lbm_wg *wg, int ifindex, struct lbm_wg_device *device,
	       lbm_wg_peer_fn each, void *context);
int lbm_wg_get_device(const struct lbm_wg *wg, int ifindex,
		      struct lbm_wg_device *device);
int lbm_wg_address_of(const struct nlattr *allowedip,
		      struct lbm_member *member);

/* Between the files of the conversation. */
typedef int (*lbm_wg_message_fn)(void *context, const struct nlmsghdr *nlh);

void *lbm_wg_begin(struct lbm_wg *wg, u16 type, u16 flags, u8 command);
int lbm_wg_send(struct lbm_wg *wg);
int lbm_wg_receive(struct lbm_wg *wg);
int lbm_wg_read(struct lbm_wg *wg, lbm_wg_message_fn each, void *context);

#endif /* _LBM_WIREGUARD_H */
