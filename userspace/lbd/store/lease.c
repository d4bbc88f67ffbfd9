// SPDX-License-Identifier: GPL-2.0-only
/* Leases of ranges of addresses, and the search for a free one: see lease.h. */
#include "store/lease.h"

#include "model/address.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Rows that are removed between two queries. */
#define EXPIRE_BATCH 64

static unsigned int family_bits(int family)
{
	return family == AF_INET ? 32 : 128;
}

static address_number family_last(int family)
{
	return ~(address_number)0 >> (128 - family_bits(family));
}

static address_number number_of(int family, const uint8_t *bytes)
{
	address_number number = 0;

	for (unsigned int i = 0; i < family_bits(family) / 8; i++)
		number = number << 8 | bytes[i];
	return number;
}

struct lease_bytes lease_bytes_of(int family, address_number number)
{
	struct lease_bytes to = {.size = family_bits(family) / 8};

	for (size_t i = to.size; i; i--, number >>= 8)
		to.bytes[i - 1] = (uint8_t)number;
	return to;
}

struct lease_range range_of(const struct lbmesh_prefix *prefix)
{
	const struct lbmesh_prefix first = prefix_first(prefix, prefix->len);
	const struct lbmesh_prefix last = prefix_last(prefix);

	return (struct lease_range){.low = number_of(prefix->family, first.addr),
				    .high = number_of(prefix->family, last.addr)};
}

struct lbmesh_prefix range_prefix(int family, address_number low, unsigned int length)
{
	struct lbmesh_prefix prefix = {.family = (uint8_t)family, .len = (uint8_t)length};
	const struct lease_bytes bytes = lease_bytes_of(family, low);

	memcpy(prefix.addr, bytes.bytes, bytes.size);
	return prefix;
}

int lease_number_read(struct store_tx *tx, struct sql_rows *rows, int column, int family,
		      address_number *number, struct fault *fault)
{
	size_t size;
	const void *bytes = tx->store->driver->bytes(rows, column, &size);

	if (!bytes || size != family_bits(family) / 8)
		return fault_set(fault, -EBADMSG, NULL, "the store is damaged: an address");
	*number = number_of(family, bytes);
	return 0;
}

/* Reads the columns low, high, holder, released_at of the first row of a query: 1, or 0. */
static int lease_first(struct store_tx *tx, const struct lease_space *space, const char *text,
		       address_number from, struct lease *lease, struct fault *fault)
{
	const struct lease_bytes bytes = lease_bytes_of(space->family, from);
	struct sql_rows *rows;
	int ret;

	ret = tx_first(tx, text,
		       VALUES(SQL_STRING(space->name), SQL_INT(space->family), LEASE_BYTES(bytes)),
		       &rows, fault);
	if (ret <= 0)
		return ret;
	lease->released = !tx->store->driver->null(rows, 3);
	if (!(ret = lease_number_read(tx, rows, 0, space->family, &lease->range.low, fault)) &&
	    !(ret = lease_number_read(tx, rows, 1, space->family, &lease->range.high, fault)))
		ret = tx_text(tx, rows, 2, lease->holder, sizeof(lease->holder), fault);
	tx_done(tx, rows);
	return ret ? ret : 1;
}

#define LEASE_COLUMNS                                       \
	"SELECT low, high, holder, released_at FROM lease " \
	"WHERE space = $1 AND family = $2 "

/* The one that begins at from or as near below it as there is. */
static int lease_below(struct store_tx *tx, const struct lease_space *space, address_number from,
		       struct lease *lease, struct fault *fault)
{
	return lease_first(tx, space, LEASE_COLUMNS "AND low <= $3 ORDER BY low DESC LIMIT 1", from,
			   lease, fault);
}

static int lease_above(struct store_tx *tx, const struct lease_space *space, address_number from,
		       struct lease *lease, struct fault *fault)
{
	return lease_first(tx, space, LEASE_COLUMNS "AND low >= $3 ORDER BY low LIMIT 1", from,
			   lease, fault);
}

static int lease_before_gap(struct store_tx *tx, const struct lease_space *space,
			    address_number from, struct lease *lease, struct fault *fault)
{
	return lease_first(tx, space,
			   LEASE_COLUMNS "AND low >= $3 AND gap = 1 ORDER BY low LIMIT 1", from,
			   lease, fault);
}

/* They do not overlap each other, so only the last that begins in range or before can be in it. */
int lease_find(struct store_tx *tx, const struct lease_space *space,
	       const struct lease_range *range, struct lease *lease, struct fault *fault)
{
	int ret = lease_below(tx, space, range->high, lease, fault);

	return ret > 0 ? lease->range.high >= range->low : ret;
}

/* The first address from which on there may be room: 1, or 0 when everything is taken. */
static int gap_first(struct store_tx *tx, const struct lease_space *space, address_number from,
		     address_number *start, struct fault *fault)
{
	struct lease lease = {0};
	int ret = lease_below(tx, space, from, &lease, fault);

	if (ret < 0)
		return ret;
	if (!ret || lease.range.high < from) {
		*start = from;
		return 1;
	}
	ret = lease_before_gap(tx, space, lease.range.low, &lease, fault);
	if (ret > 0)
		*start = lease.range.high + 1;
	return ret;
}

/* Does a block of the size fit into the gap at *start; 0: moves *start to the next gap. */
static int gap_try(struct store_tx *tx, const struct lease_space *space, address_number *start,
		   const struct lease_range *block, bool *last, struct fault *fault)
{
	struct lease next = {0};
	int ret = lease_above(tx, space, *start, &next, fault);

	if (ret < 0)
		return ret;
	if (!ret || next.range.low > block->high)
		return 1;
	ret = lease_before_gap(tx, space, next.range.low, &next, fault);
	*last = !ret;
	*start = next.range.high + 1;
	return ret < 0 ? ret : 0;
}

int lease_free_find(struct store_tx *tx, const struct lease_space *space,
		    const struct lease_range *bounds, unsigned int bits, struct lease_range *found,
		    struct fault *fault)
{
	const address_number rest = ((address_number)1 << bits) - 1;
	address_number start = 0;
	bool last = false;
	int ret = gap_first(tx, space, bounds->low, &start, fault);

	while (ret > 0) {
		address_number low = (start + rest) & ~rest;
		struct lease_range block = {.low = low, .high = low + rest};

		/* The sums may have gone over the end. */
		if (low < start || block.high < low || block.high > bounds->high)
			return 0;
		if ((ret = gap_try(tx, space, &start, &block, &last, fault)) < 0)
			return ret;
		if (ret > 0) {
			*found = block;
			return 1;
		}
		ret = !last;
	}
	return ret;
}

/* The neighbour below range, if it is adjacent, has a gap above it now, or has none any more. */
static int neighbour_mark(struct store_tx *tx, const struct lease_space *space, address_number low,
			  bool gap, struct fault *fault)
{
	const struct lease_bytes at = lease_bytes_of(space->family, low);
	const struct lease_bytes below = lease_bytes_of(space->family, low - 1);

	if (!low)
		return 0;
	return tx_change(tx,
			 "UPDATE lease SET gap = $5 WHERE space = $1 AND family = $2 "
			 "AND high = $4 AND low = (SELECT low FROM lease WHERE space = $1 "
			 "AND family = $2 AND low < $3 ORDER BY low DESC LIMIT 1)",
			 VALUES(SQL_STRING(space->name), SQL_INT(space->family), LEASE_BYTES(at),
				LEASE_BYTES(below), SQL_INT(gap)),
			 NULL, fault);
}

/* There is no gap above the highest address. */
static int gap_above(struct store_tx *tx, const struct lease_space *space, address_number high,
		     struct fault *fault)
{
	struct lease next = {0};
	int ret;

	if (high == family_last(space->family))
		return 0;
	ret = lease_above(tx, space, high + 1, &next, fault);
	if (ret < 0)
		return ret;
	return !ret || next.range.low != high + 1;
}

int lease_add(struct store_tx *tx, const struct lease_space *space, const struct lease_range *range,
	      const char *holder, struct fault *fault)
{
	const struct lease_bytes low = lease_bytes_of(space->family, range->low);
	const struct lease_bytes high = lease_bytes_of(space->family, range->high);
	int gap = gap_above(tx, space, range->high, fault);
	int ret;

	if (gap < 0)
		return gap;
	ret = tx_change(tx,
			"INSERT INTO lease (space, family, low, high, holder, gap) "
			"VALUES ($1, $2, $3, $4, $5, $6)",
			VALUES(SQL_STRING(space->name), SQL_INT(space->family), LEASE_BYTES(low),
			       LEASE_BYTES(high), SQL_STRING(holder), SQL_INT(gap)),
			NULL, fault);
	return ret ? ret : neighbour_mark(tx, space, range->low, false, fault);
}

static int lease_remove(struct store_tx *tx, const struct lease_space *space, address_number low,
			struct fault *fault)
{
	const struct lease_bytes at = lease_bytes_of(space->family, low);
	int ret =
		tx_change(tx, "DELETE FROM lease WHERE space = $1 AND family = $2 AND low = $3",
			  VALUES(SQL_STRING(space->name), SQL_INT(space->family), LEASE_BYTES(at)),
			  NULL, fault);

	return ret ? ret : neighbour_mark(tx, space, low, true, fault);
}

/* Some of those whose time has come. */
static int expired_collect(struct store_tx *tx, const struct lease_space *space, int64_t until,
			   address_number lows[EXPIRE_BATCH], size_t *n, struct fault *fault)
{
	struct sql_rows *rows;
	int ret;

	*n = 0;
	if ((ret = tx_run(tx,
			  "SELECT low FROM lease WHERE space = $1 AND family = $2 "
			  "AND released_at IS NOT NULL AND released_at <= $3 "
			  "ORDER BY released_at LIMIT $4",
			  VALUES(SQL_STRING(space->name), SQL_INT(space->family), SQL_INT(until),
				 SQL_INT(EXPIRE_BATCH)),
			  &rows, fault)))
		return ret;
	while (*n < EXPIRE_BATCH && (ret = tx_next(tx, rows, fault)) > 0) {
		ret = lease_number_read(tx, rows, 0, space->family, &lows[*n], fault);
		if (ret)
			break;
		(*n)++;
	}
	tx_done(tx, rows);
	return ret < 0 ? ret : 0;
}

int lease_expire(struct store_tx *tx, const struct lease_space *space, int64_t until,
		 struct fault *fault)
{
	address_number lows[EXPIRE_BATCH] = {0};
	size_t n = 0;
	int ret;

	do {
		if ((ret = expired_collect(tx, space, until, lows, &n, fault)))
			return ret;
		for (size_t i = 0; i < n; i++) {
			if ((ret = lease_remove(tx, space, lows[i], fault)))
				return ret;
		}
	} while (n == EXPIRE_BATCH);
	return 0;
}
