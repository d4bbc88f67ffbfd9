/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arithmetic on addresses and prefixes, on top of liblbmesh's struct lbmesh_prefix (network byte
 * order; a whole address has length 32 or 128). Pure functions, used by model/ and topology/.
 */
#ifndef LBD_MODEL_ADDRESS_H
#define LBD_MODEL_ADDRESS_H

#include "lbmesh/lbmesh.h"

#include <stdbool.h>

#define ADDRESS_TEXT_SIZE LBMESH_PREFIX_STRLEN

/* Bits of a whole address of this family: 32 or 128. */
unsigned int address_bits(const struct lbmesh_prefix *address);

/* Are all bits of outer's length equal in both; families must be equal too. */
bool prefix_covers(const struct lbmesh_prefix *outer, const struct lbmesh_prefix *inner);
bool prefix_overlaps(const struct lbmesh_prefix *a, const struct lbmesh_prefix *b);

/*
 * What is reserved in a prefix ("loopback"), so that it cannot be used by an overlay, or by an
 * endpoint; NULL when nothing is.
 */
const char *prefix_reserved(const struct lbmesh_prefix *prefix, bool endpoint);

/* Copies address with the bits beyond length set to 0 or 1. */
struct lbmesh_prefix prefix_first(const struct lbmesh_prefix *address, unsigned int length);
struct lbmesh_prefix prefix_last(const struct lbmesh_prefix *prefix);

/* Text in a buffer that the caller gives, for use inside a printf call. */
const char *prefix_text(const struct lbmesh_prefix *prefix, char text[ADDRESS_TEXT_SIZE]);
const char *address_text(const struct lbmesh_prefix *address, char text[ADDRESS_TEXT_SIZE]);

#endif
