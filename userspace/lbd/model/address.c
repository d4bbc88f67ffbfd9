// SPDX-License-Identifier: GPL-2.0-only
/* Arithmetic on addresses and prefixes; parsing and printing of addresses is liblbmesh's. */
#include "model/address.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* What the gate never passes, and what a host needs for itself. */
static const struct {
	const char *what;
	struct lbmesh_prefix prefix;
	bool endpoint;
} reserved[] = {
	{"\"this network\" (RFC 1122)", {AF_INET, 8, {0}}, false},
	{"loopback", {AF_INET, 8, {127}}, false},
	{"link-local", {AF_INET, 16, {169, 254}}, true},
	{"multicast or reserved", {AF_INET, 3, {224}}, false},
	{"loopback or IPv4-mapped", {AF_INET6, 8, {0}}, false},
	/* An endpoint has no room for the scope that a link-local address needs. */
	{"link-local", {AF_INET6, 10, {0xfe, 0x80}}, false},
	{"multicast", {AF_INET6, 8, {0xff}}, false},
};

unsigned int address_bits(const struct lbmesh_prefix *address)
{
	return address->family == AF_INET ? 32 : 128;
}

bool prefix_covers(const struct lbmesh_prefix *outer, const struct lbmesh_prefix *inner)
{
	unsigned int bytes = outer->len / 8;
	unsigned int bits = outer->len % 8;

	if (outer->family != inner->family || outer->len > inner->len)
		return false;
	if (memcmp(outer->addr, inner->addr, bytes) != 0)
		return false;
	return !bits || !((outer->addr[bytes] ^ inner->addr[bytes]) >> (8 - bits));
}

bool prefix_overlaps(const struct lbmesh_prefix *a, const struct lbmesh_prefix *b)
{
	return prefix_covers(a, b) || prefix_covers(b, a);
}

const char *prefix_reserved(const struct lbmesh_prefix *prefix, bool endpoint)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (!(endpoint && reserved[i].endpoint) &&
		    prefix_overlaps(&reserved[i].prefix, prefix))
			return reserved[i].what;
	}
	return NULL;
}

static struct lbmesh_prefix prefix_fill(const struct lbmesh_prefix *address, unsigned int length,
					bool ones)
{
	struct lbmesh_prefix filled = *address;

	for (unsigned int bit = length; bit < address_bits(address); bit++) {
		uint8_t mask = (uint8_t)(0x80u >> (bit % 8));

		if (ones)
			filled.addr[bit / 8] |= mask;
		else
			filled.addr[bit / 8] &= (uint8_t)~mask;
	}
	return filled;
}

struct lbmesh_prefix prefix_first(const struct lbmesh_prefix *address, unsigned int length)
{
	struct lbmesh_prefix first = prefix_fill(address, length, false);

	first.len = (uint8_t)length;
	return first;
}

struct lbmesh_prefix prefix_last(const struct lbmesh_prefix *prefix)
{
	struct lbmesh_prefix last = prefix_fill(prefix, prefix->len, true);

	last.len = (uint8_t)address_bits(prefix);
	return last;
}

const char *prefix_text(const struct lbmesh_prefix *prefix, char text[ADDRESS_TEXT_SIZE])
{
	if (lbmesh_prefix_format(prefix, text, ADDRESS_TEXT_SIZE) < 0)
		snprintf(text, ADDRESS_TEXT_SIZE, "?");
	return text;
}

const char *address_text(const struct lbmesh_prefix *address, char text[ADDRESS_TEXT_SIZE])
{
	if (lbmesh_address_format(address, text, ADDRESS_TEXT_SIZE) < 0)
		snprintf(text, ADDRESS_TEXT_SIZE, "?");
	return text;
}
