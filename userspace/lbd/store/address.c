// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses of a network's members. Who has had one before gets the same again (L18): the table
 * "address" remembers it beyond the lease, until the network is gone.
 */
#include "store/lease.h"

#include "model/address.h"

#include <errno.h>
#include <string.h>

/* What can be given: not the first, which is the network's own, nor the last. */
static int usable_range(const struct lbmesh_prefix *cidr, struct lease_range *range)
{
	*range = range_of(cidr);
	if (range->high - range->low < 2)
		return -ENOSPC;
	range->low++;
	range->high--;
	return 0;
}

/* The address that holder had: 1, or 0. */
static int remembered_find(struct store_tx *tx, const struct lease_space *space, const char *holder,
			   address_number *address, struct fault *fault)
{
	struct sql_rows *rows;
	int ret = tx_first(tx,
			   "SELECT address FROM address "
			   "WHERE network = $1 AND family = $2 AND holder = $3",
			   VALUES(SQL_STRING(space->name), SQL_INT(space->family),
				  SQL_STRING(holder)),
			   &rows, fault);

	if (ret <= 0)
		return ret;
	ret = lease_number_read(tx, rows, 0, space->family, address, fault);
	tx_done(tx, rows);
	return ret ? ret : 1;
}

static int address_remember(struct store_tx *tx, const struct lease_space *space,
			    const char *holder, address_number address, struct fault *fault)
{
	const struct lease_bytes bytes = lease_bytes_of(space->family, address);

	return tx_change(tx,
			 "INSERT INTO address (network, family, holder, address) "
			 "VALUES ($1, $2, $3, $4) ON CONFLICT (network, family, holder) "
			 "DO UPDATE SET address = excluded.address",
			 VALUES(SQL_STRING(space->name), SQL_INT(space->family), SQL_STRING(holder),
				LEASE_BYTES(bytes)),
			 NULL, fault);
}

static int lease_renew(struct store_tx *tx, const struct lease_space *space, address_number address,
		       struct fault *fault)
{
	const struct lease_bytes bytes = lease_bytes_of(space->family, address);

	return tx_change(tx,
			 "UPDATE lease SET released_at = NULL "
			 "WHERE space = $1 AND family = $2 AND low = $3",
			 VALUES(SQL_STRING(space->name), SQL_INT(space->family),
				LEASE_BYTES(bytes)),
			 NULL, fault);
}

/* Takes what holder had, if nobody else has it: 1, or 0. */
static int former_take(struct store_tx *tx, const struct lease_space *space,
		       const struct lease_range *usable, const char *holder,
		       address_number *address, struct fault *fault)
{
	struct lease_range range = {0};
	struct lease lease = {0};
	int ret = remembered_find(tx, space, holder, address, fault);

	if (ret <= 0)
		return ret;
	if (*address < usable->low || *address > usable->high)
		return 0;
	range = (struct lease_range){.low = *address, .high = *address};
	ret = lease_find(tx, space, &range, &lease, fault);
	if (ret < 0)
		return ret;
	if (!ret)
		ret = lease_add(tx, space, &range, holder, fault);
	else if (strcmp(lease.holder, holder) != 0)
		return 0;
	else if (lease.released)
		ret = lease_renew(tx, space, *address, fault);
	else
		ret = 0;
	return ret ? ret : 1;
}

static int lowest_take(struct store_tx *tx, const struct lease_space *space,
		       const struct lease_range *usable, const char *holder,
		       address_number *address, struct fault *fault)
{
	struct lease_range found = {0};
	int ret = lease_free_find(tx, space, usable, 0, &found, fault);

	if (ret < 0)
		return ret;
	if (!ret)
		return fault_refuse(fault, CODE_NETWORK_FULL, NULL,
				    "the network %s has no free address left", space->name);
	if ((ret = lease_add(tx, space, &found, holder, fault)))
		return ret;
	*address = found.low;
	return address_remember(tx, space, holder, found.low, fault);
}

int store_address_take(struct store_tx *tx, const char *network, const struct lbmesh_prefix *cidr,
		       const char *holder, int64_t now, int64_t quarantine,
		       struct lbmesh_prefix *address, struct fault *fault)
{
	const struct lease_space space = {.name = network, .family = cidr->family};
	struct lease_range usable = {0};
	address_number number = 0;
	int ret;

	if (!*network || !*holder || strlen(holder) >= STORE_KEY_SIZE)
		return fault_set(fault, -EINVAL, NULL, "an address needs its network and holder");
	if (usable_range(cidr, &usable))
		return fault_refuse(fault, CODE_NETWORK_FULL, NULL,
				    "the network %s is too small for members", network);
	if ((ret = lease_expire(tx, &space, now - quarantine, fault)))
		return ret;
	ret = former_take(tx, &space, &usable, holder, &number, fault);
	if (!ret)
		ret = lowest_take(tx, &space, &usable, holder, &number, fault);
	if (ret < 0)
		return ret;
	*address = range_prefix(space.family, number, address_bits(cidr));
	return 0;
}

int store_address_release(struct store_tx *tx, const char *network,
			  const struct lbmesh_prefix *address, int64_t now, struct fault *fault)
{
	const struct lease_range range = range_of(address);
	const struct lease_bytes low = lease_bytes_of(address->family, range.low);
	char text[ADDRESS_TEXT_SIZE];
	int64_t changed;
	int ret = tx_change(tx,
			    "UPDATE lease SET released_at = $4 WHERE space = $1 AND family = $2 "
			    "AND low = $3 AND released_at IS NULL",
			    VALUES(SQL_STRING(network), SQL_INT(address->family), LEASE_BYTES(low),
				   SQL_INT(now)),
			    &changed, fault);

	if (ret)
		return ret;
	return changed ? 0
		       : fault_refuse(fault, CODE_NOT_FOUND, NULL,
				      "nobody has the address %s in the network %s",
				      address_text(address, text), network);
}
