/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Driving the stock wireguard module through its own netlink family.
 */
#ifndef _LBM_WIREGUARD_H
#define _LBM_WIREGUARD_H

#include <linux/cred.h>
#include <linux/net.h>
#include <linux/skbuff.h>

#include "object.h"

/**
 * struct lbm_wg - a conversation with wireguard, for one job
 * @net: the namespace
 * @cred: whose rights count; held by the job
 * @sock: netlink socket of the kernel
 * @family: number of the wireguard family; looked up for each conversation,
 *	because the module may be unloaded and loaded in between
 * @seq: number of the last request
 * @skb: request under construction; empty between requests
 * @ifindex: interface that the request is for
 * @peers: start of the list of peers in the request, or NULL
 * @peer: start of the peer under construction, or NULL
 * @allowedips: start of its list of addresses, or NULL
 * @public_key: its key
 * @removals: peers that the request removes
 * @buffer: for answers, LBM_WG_BYTES long
 */
struct lbm_wg {
	struct net *net;
	const struct cred *cred;
	struct socket *sock;
	u16 family;
	u32 seq;
	struct sk_buff *skb;
	int ifindex;
	struct nlattr *peers;
	struct nlattr *peer;
	struct nlattr *allowedips;
	u8 public_key[LBMESH_KEY_LEN];
	unsigned int removals;
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

/* Which attributes of a device lbm_wg_set_device() sets. */
#define LBM_WG_KEY	BIT(0)
#define LBM_WG_PORT	BIT(1)
#define LBM_WG_FWMARK	BIT(2)

/* What lbm_wg_peer() says of a peer besides its key. */
#define LBM_WG_ENDPOINT	BIT(0)
#define LBM_WG_KEEPALIVE BIT(1)
#define LBM_WG_PSK	BIT(2)
#define LBM_WG_REPLACE	BIT(3)
#define LBM_WG_UPDATE	BIT(4)

/* Called for each peer of an interface. */
typedef int (*lbm_wg_peer_fn)(void *context, const u8 *public_key);

int lbm_wg_open(struct lbm_wg *wg, struct net *net, const struct cred *cred);
void lbm_wg_close(struct lbm_wg *wg);

int lbm_wg_get(struct lbm_wg *wg, int ifindex, struct lbm_wg_device *device,
	       lbm_wg_peer_fn each, void *context);
int lbm_wg_set_device(struct lbm_wg *wg, int ifindex, unsigned int what,
		      const struct lbm_wg_device *device);
int lbm_wg_peer(struct lbm_wg *wg, int ifindex, const struct lbm_peer *peer,
		unsigned int what, const u8 *psk);
int lbm_wg_peer_key(struct lbm_wg *wg, int ifindex, const u8 *public_key,
		    unsigned int what);
int lbm_wg_remove(struct lbm_wg *wg, int ifindex, const u8 *public_key);
int lbm_wg_address(struct lbm_wg *wg, const struct lbm_member *member);
int lbm_wg_flush(struct lbm_wg *wg);
void lbm_wg_drop(struct lbm_wg *wg);

#endif /* _LBM_WIREGUARD_H */
