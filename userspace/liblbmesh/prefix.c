// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * prefix.c - addresses and prefixes: text in, canonical text out, comparison.
 * Called by lbd and lbctl, and by the commit builder, which lets no prefix
 * with bits beyond its length reach the kernel.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static uint8_t family_bits(uint8_t family)
{
	switch (family) {
	case AF_INET:
		return 32;
	case AF_INET6:
		return 128;
	default:
		return 0;
	}
}

static bool host_bits_clear(const struct lbmesh_prefix *prefix)
{
	size_t whole = (prefix->len + 7U) / 8;

	if (prefix->len % 8 && prefix->addr[whole - 1] & (0xffU >> (prefix->len % 8)))
		return false;
	for (size_t i = whole; i < sizeof(prefix->addr); i++) {
		if (prefix->addr[i])
			return false;
	}
	return true;
}

/**
 * lbmesh_prefix_check() - Say whether a prefix is one the kernel would take.
 * @prefix: to be checked
 *
 * Return: 0; -EAFNOSUPPORT for a family that is neither AF_INET nor AF_INET6;
 * -ERANGE for a length beyond the family's; -EDOM for bits set beyond the
 * length.
 */
LBMESH_PUBLIC int lbmesh_prefix_check(const struct lbmesh_prefix *prefix)
{
	if (!family_bits(prefix->family))
		return -EAFNOSUPPORT;
	if (prefix->len > family_bits(prefix->family))
		return -ERANGE;
	return host_bits_clear(prefix) ? 0 : -EDOM;
}

/* Decimal digits only: strtoul would take " 8", "+8" and "-0". */
static int length_parse(const char *text, uint8_t bits, uint8_t *len)
{
	unsigned int value = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		/* Held at a value that is too large anyway, lest it wrap. */
		if (value <= bits)
			value = value * 10 + (unsigned int)(*text - '0');
	}
	if (value > bits)
		return -ERANGE;
	*len = (uint8_t)value;
	return 0;
}

static int address_parse(const char *text, size_t len, struct lbmesh_prefix *prefix)
{
	char copy[INET6_ADDRSTRLEN];

	memset(prefix, 0, sizeof(*prefix));
	if (len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	prefix->family = strchr(copy, ':') ? AF_INET6 : AF_INET;
	prefix->len = family_bits(prefix->family);
	return inet_pton(prefix->family, copy, prefix->addr) == 1 ? 0 : -EINVAL;
}

/**
 * lbmesh_prefix_parse() - Read "10.1.0.0/16", "fd00::/8" or a bare address.
 * @text: NUL-terminated; no blanks
 * @prefix: set when 0 is returned, unspecified otherwise; a bare address is a
 *	prefix of full length
 *
 * Return: 0; -EINVAL when it is no address or no number; -ERANGE when the
 * length is beyond the family's; -EDOM when bits are set beyond the length,
 * for then the writer may have meant the network or the host.
 */
LBMESH_PUBLIC int lbmesh_prefix_parse(const char *text, struct lbmesh_prefix *prefix)
{
	const char *slash = strchr(text, '/');
	int ret = address_parse(text, slash ? (size_t)(slash - text) : strlen(text), prefix);

	if (ret || !slash)
		return ret;
	ret = length_parse(slash + 1, prefix->len, &prefix->len);
	if (ret)
		return ret;
	return host_bits_clear(prefix) ? 0 : -EDOM;
}

/**
 * lbmesh_address_parse() - Read an address without a length.
 * @text: NUL-terminated; no blanks
 * @address: set when 0 is returned, with its length that of the family
 *
 * Return: 0, or -EINVAL when it is no address, or has a "/".
 */
LBMESH_PUBLIC int lbmesh_address_parse(const char *text, struct lbmesh_prefix *address)
{
	return address_parse(text, strlen(text), address);
}

/**
 * lbmesh_address_format() - The address as text, without its length.
 * @address: to be written
 * @text: gets the canonical form (RFC 5952 for IPv6) and a NUL
 * @size: bytes in @text; LBMESH_PREFIX_STRLEN is always enough
 *
 * Return: 0; -EAFNOSUPPORT for a bad family; -ENOSPC when it does not fit.
 * @text is empty then, if it has any room.
 */
LBMESH_PUBLIC int lbmesh_address_format(const struct lbmesh_prefix *address, char *text,
					size_t size)
{
	if (size)
		text[0] = '\0';
	if (!family_bits(address->family))
		return -EAFNOSUPPORT;
	if (size > LBMESH_PREFIX_STRLEN)
		size = LBMESH_PREFIX_STRLEN;
	if (!inet_ntop(address->family, address->addr, text, (socklen_t)size)) {
		if (size)
			text[0] = '\0';
		return -ENOSPC;
	}
	return 0;
}

/**
 * lbmesh_prefix_format() - The prefix as text, always with its length.
 * @prefix: to be written
 * @text: gets "address/length" and a NUL
 * @size: bytes in @text; LBMESH_PREFIX_STRLEN is always enough
 *
 * Return: 0; -EAFNOSUPPORT for a bad family; -ENOSPC when it does not fit.
 * @text is empty then, if it has any room.
 */
LBMESH_PUBLIC int lbmesh_prefix_format(const struct lbmesh_prefix *prefix, char *text, size_t size)
{
	int ret = lbmesh_address_format(prefix, text, size);
	size_t len;

	if (ret)
		return ret;
	len = strlen(text);
	if ((size_t)snprintf(text + len, size - len, "/%u", prefix->len) >= size - len) {
		text[0] = '\0';
		return -ENOSPC;
	}
	return 0;
}

/**
 * lbmesh_prefix_compare() - Order prefixes: by family, address, then length.
 * @a: one
 * @b: the other
 *
 * Return: negative, 0 or positive, as memcmp() does.
 */
LBMESH_PUBLIC int lbmesh_prefix_compare(const struct lbmesh_prefix *a,
					const struct lbmesh_prefix *b)
{
	int order;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	order = memcmp(a->addr, b->addr, sizeof(a->addr));
	return order ? order : (int)a->len - (int)b->len;
}
