// SPDX-License-Identifier: GPL-2.0
/*
 * Taking an address from a peer that keeps others.
 *
 * Since the 6.16 cycle a request can say so. Before, the addresses of a peer
 * could only be replaced as a whole, which loses packets; there the address is
 * given to a throw-away peer (that takes it from its owner in the same moment),
 * and the throw-away peer is removed. Which of the two works is found out by
 * trying, once for each time that wireguard is loaded: distributions carry the
 * one change or the other in versions that do not tell.
 */

#include <uapi/linux/wireguard.h>

#include "wireguard.h"

/* Not in the header of every kernel that we are built for. */
#define ALLOWEDIP_A_FLAGS	(WGALLOWEDIP_A_CIDR_MASK + 1)
#define ALLOWEDIP_F_REMOVE_ME	BIT(0)

/* What is known of a loaded wireguard: its family number, and the answer. */
#define KNOWN_FAMILY	GENMASK(15, 0)
#define KNOWN_ABLE	BIT(16)
#define KNOWN_UNABLE	BIT(17)
static u32 known;

static bool is_known(const struct lbm_wg *wg, u32 answer)
{
	u32 now = READ_ONCE(known);

	return (now & KNOWN_FAMILY) == wg->family && now & answer;
}

static int put_removal(struct lbm_wg *wg, int ifindex, const u8 *public_key,
		       const struct lbm_member *member)
{
	int ret;

	if (!wg->peer || wg->ifindex != ifindex ||
	    memcmp(wg->public_key, public_key, LBMESH_KEY_LEN)) {
		ret = lbm_wg_peer_key(wg, ifindex, public_key, LBM_WG_UPDATE);
		if (ret)
			return ret;
	}
	return lbm_wg_address_flags(wg, member, ALLOWEDIP_A_FLAGS,
				    ALLOWEDIP_F_REMOVE_ME);
}

/*
 * Ask for it with a throw-away peer, which has nothing to lose. A peer of ours
 * might be gone, and then no kernel would refuse.
 */
static int find_out(struct lbm_wg *wg, int ifindex,
		    const struct lbm_member *member)
{
	bool lenient = wg->lenient;
	int ret, end;

	ret = lbm_wg_flush(wg);
	if (ret)
		return ret;
	wg->lenient = false;
	ret = lbm_wg_peer_key(wg, ifindex, wg->thief_key, 0);
	ret = ret ?: lbm_wg_address_flags(wg, member, ALLOWEDIP_A_FLAGS,
					  ALLOWEDIP_F_REMOVE_ME);
	ret = ret ?: lbm_wg_flush(wg);
	end = lbm_wg_remove(wg, ifindex, wg->thief_key) ?: lbm_wg_flush(wg);
	wg->lenient = lenient;
	if (!ret)
		WRITE_ONCE(known, wg->family | KNOWN_ABLE);
	else if (ret == -EINVAL)
		WRITE_ONCE(known, wg->family | KNOWN_UNABLE);
	else
		return lbm_wg_note(wg, ret);
	return lbm_wg_note(wg, end);
}

static int give_to_thief(struct lbm_wg *wg, int ifindex,
			 const struct lbm_member *member)
{
	int ret;

	if (wg->thief && wg->thief_ifindex != ifindex) {
		ret = lbm_wg_take_end(wg);
		if (ret)
			return ret;
	}
	if (!wg->thief) {
		ret = lbm_wg_peer_key(wg, ifindex, wg->thief_key, 0);
		if (ret)
			return ret;
		wg->thief = true;
		wg->thief_ifindex = ifindex;
	}
	return lbm_wg_address(wg, member);
}

/**
 * lbm_wg_take - take an address from a peer
 * @wg: the conversation; nothing but further calls of this may follow before
 *	lbm_wg_take_end()
 * @ifindex: the interface
 * @public_key: the peer that has the address, LBMESH_KEY_LEN bytes; when it
 *	has not, the address may stay with another peer
 * @member: the address
 *
 * Return: 0, or the errno of a request that had to be sent first.
 */
int lbm_wg_take(struct lbm_wg *wg, int ifindex, const u8 *public_key,
		const struct lbm_member *member)
{
	int ret;

	if (!is_known(wg, KNOWN_ABLE | KNOWN_UNABLE)) {
		ret = find_out(wg, ifindex, member);
		if (ret)
			return ret;
	}
	if (is_known(wg, KNOWN_ABLE))
		return put_removal(wg, ifindex, public_key, member);
	return give_to_thief(wg, ifindex, member);
}

/**
 * lbm_wg_take_end - end a series of lbm_wg_take()
 * @wg: the conversation
 *
 * Return: 0, or the errno of a request that had to be sent first.
 */
int lbm_wg_take_end(struct lbm_wg *wg)
{
	if (!wg->thief)
		return 0;
	wg->thief = false;
	return lbm_wg_remove(wg, wg->thief_ifindex, wg->thief_key);
}
