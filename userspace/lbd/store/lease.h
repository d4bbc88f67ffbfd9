/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leases: ranges of addresses that somebody has, none overlapping another of the same space. Used by
 * slice.c (space "", the whole cluster) and address.c (space is the network's id).
 *
 *   taken     ###  #####    ##            each row knows whether it has a free neighbour above it
 *   gap       1    1        1             (gap = 1), and those rows have an index of their own
 *               ^^                        the lowest free address is behind the first of them
 *
 * So the lowest free address is found in O(log n). With slices of several lengths a gap may be too
 * small; then the next one is tried, and only such gaps cost more.
 *
 * A range that is released stays in its row until its quarantine is over; who looks for a free one
 * then removes it. Each row is removed once.
 */
#ifndef LBD_STORE_LEASE_H
#define LBD_STORE_LEASE_H

#include "store/tx.h"

/* An address as a number: IPv4 in the lowest 32 bits. */
__extension__ typedef unsigned __int128 address_number;

struct lease_range {
	address_number low;
	address_number high;
};

struct lease_space {
	const char *name;
	int family; /* AF_INET or AF_INET6 */
};

struct lease {
	struct lease_range range;
	char holder[STORE_KEY_SIZE];
	bool released;
};

struct lease_range range_of(const struct lbmesh_prefix *prefix);
struct lbmesh_prefix range_prefix(int family, address_number low, unsigned int length);

/* Removes what was released at until or before. */
int lease_expire(struct store_tx *tx, const struct lease_space *space, int64_t until,
		 struct fault *fault);

/* The first lease, if any, that overlaps range: 1, or 0. */
int lease_find(struct store_tx *tx, const struct lease_space *space,
	       const struct lease_range *range, struct lease *lease, struct fault *fault);

/* The lowest free block of 2^bits addresses, aligned, within bounds: 1, or 0 when there is none. */
int lease_free_find(struct store_tx *tx, const struct lease_space *space,
		    const struct lease_range *bounds, unsigned int bits, struct lease_range *found,
		    struct fault *fault);

/* range must be free. */
int lease_add(struct store_tx *tx, const struct lease_space *space, const struct lease_range *range,
	      const char *holder, struct fault *fault);

/* An address as it is in the tables: 4 or 16 bytes, in network byte order, which sorts well. */
struct lease_bytes {
	uint8_t bytes[16];
	size_t size;
};

struct lease_bytes lease_bytes_of(int family, address_number number);
int lease_number_read(struct store_tx *tx, struct sql_rows *rows, int column, int family,
		      address_number *number, struct fault *fault);

#define LEASE_BYTES(bytes_) SQL_BLOB((bytes_).bytes, (bytes_).size)

#endif
