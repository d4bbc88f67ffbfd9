// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slices of the pool, one or two for each network. All of the cluster's networks are one space,
 * whichever pool they come from, so that none can overlap when the pool is changed.
 */
#include "store/lease.h"

#include "model/address.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static int slice_want(struct store_tx *tx, const struct lease_space *space,
		      const struct lbmesh_prefix *want, struct lease_range *range,
		      struct fault *fault)
{
	const struct lbmesh_prefix first = prefix_first(want, want->len);
	char text[ADDRESS_TEXT_SIZE];
	struct lease lease = {0};
	int ret;

	prefix_text(want, text);
	if (memcmp(first.addr, want->addr, sizeof(first.addr)) != 0)
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "cidr"),
				    "%s has bits beyond its length", text);
	*range = range_of(want);
	ret = lease_find(tx, space, range, &lease, fault);
	if (ret <= 0)
		return ret;
	return fault_refuse(fault, CODE_CIDR_OVERLAP, FIELD(NULL, "cidr"), "%s overlaps %s%s", text,
			    lease.holder,
			    lease.released ? ", which had it until a moment ago (quarantine)" : "");
}

static int slice_lowest(struct store_tx *tx, const struct lease_space *space,
			const struct lbmesh_prefix *pool, unsigned int length,
			struct lease_range *range, struct fault *fault)
{
	const struct lease_range bounds = range_of(pool);
	char text[ADDRESS_TEXT_SIZE];
	int ret;

	if (length < pool->len || length > address_bits(pool) ||
	    (address_bits(pool) == 128 && !length))
		return fault_set(fault, -EINVAL, NULL, "a slice of /%u cannot come from %s", length,
				 prefix_text(pool, text));
	ret = lease_free_find(tx, space, &bounds, address_bits(pool) - length, range, fault);
	if (ret < 0)
		return ret;
	return ret ? 0
		   : fault_refuse(fault, CODE_POOL_EXHAUSTED, NULL,
				  "%s has no free slice of /%u left", prefix_text(pool, text),
				  length);
}

int store_slice_take(struct store_tx *tx, const struct lbmesh_prefix *pool, unsigned int length,
		     const struct lbmesh_prefix *want, const char *network, int64_t now,
		     int64_t quarantine, struct lbmesh_prefix *slice, struct fault *fault)
{
	const struct lease_space space = {.name = "", .family = want ? want->family : pool->family};
	struct lease_range range = {0};
	int ret;

	if (!*network || strlen(network) >= STORE_KEY_SIZE)
		return fault_set(fault, -EINVAL, NULL, "a slice needs its network");
	if ((ret = lease_expire(tx, &space, now - quarantine, fault)))
		return ret;
	ret = want ? slice_want(tx, &space, want, &range, fault)
		   : slice_lowest(tx, &space, pool, length, &range, fault);
	if (ret)
		return ret;
	if ((ret = lease_add(tx, &space, &range, network, fault)))
		return ret;
	*slice = range_prefix(space.family, range.low, want ? want->len : length);
	return 0;
}

/* The network is gone with all that was in it. */
int store_slice_release(struct store_tx *tx, const char *network, int64_t now, struct fault *fault)
{
	int ret;

	if (!*network)
		return fault_set(fault, -EINVAL, NULL, "a slice needs its network");
	if ((ret = tx_change(tx,
			     "UPDATE lease SET released_at = $2 "
			     "WHERE space = '' AND holder = $1 AND released_at IS NULL",
			     VALUES(SQL_STRING(network), SQL_INT(now)), NULL, fault)) ||
	    (ret = tx_change(tx, "DELETE FROM lease WHERE space = $1", VALUES(SQL_STRING(network)),
			     NULL, fault)))
		return ret;
	return tx_change(tx, "DELETE FROM address WHERE network = $1", VALUES(SQL_STRING(network)),
			 NULL, fault);
}
