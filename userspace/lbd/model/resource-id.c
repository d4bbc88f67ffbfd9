// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ids of resources: the kind's prefix and a ULID (github.com/ulid/spec): 48 bits of milliseconds
 * and 80 random bits in Crockford's base32, so that ids sort by the time of creation.
 */
#include "model/resource.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ULID_LENGTH (ULID_SIZE - 1)

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void ulid_make(int64_t now, char ulid[ULID_SIZE])
{
	uint16_t upper;
	uint64_t high, low;

	/* Harmless when it has been called before; without random numbers nothing can go on. */
	if (sodium_init() < 0)
		abort();
	randombytes_buf(&upper, sizeof(upper));
	randombytes_buf(&low, sizeof(low));
	high = (uint64_t)now << 16 | upper;
	ulid[ULID_LENGTH] = '\0';
	for (size_t i = ULID_LENGTH; i--;) {
		ulid[i] = digits[low & 31];
		low = low >> 5 | high << 59;
		high >>= 5;
	}
}

void resource_id_make(enum resource_kind kind, int64_t now, char id[RESOURCE_ID_SIZE])
{
	char ulid[ULID_SIZE];

	ulid_make(now, ulid);
	snprintf(id, RESOURCE_ID_SIZE, "%s_%s", resource_schema(kind)->prefix, ulid);
}

bool resource_id_valid(enum resource_kind kind, const char *id)
{
	const char *prefix = resource_schema(kind)->prefix;
	size_t length = strlen(prefix);

	if (strncmp(id, prefix, length) != 0 || id[length] != '_')
		return false;
	id += length + 1;
	/* 26 digits are 130 bits: the first has two bits that must be 0. */
	return strlen(id) == ULID_LENGTH && strspn(id, digits) == ULID_LENGTH && *id <= '7';
}

int resource_kind_by_prefix(const char *id)
{
	for (int kind = 0; kind < RESOURCE_KINDS; kind++) {
		const char *prefix = resource_schema((enum resource_kind)kind)->prefix;
		size_t length = strlen(prefix);

		if (!strncmp(id, prefix, length) && (id[length] == '_' || !id[length]))
			return kind;
	}
	return -ENOENT;
}
