/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The texts that tokens and credentials are: PREFIX_ULID.SECRET, and more after another dot for a
 * join token. Who keeps one keeps BLAKE2b-256 of the secret's 32 bytes. Used by access.c and by what
 * makes tokens and credentials.
 */
#ifndef LBD_CONTROLLER_SECRET_H
#define LBD_CONTROLLER_SECRET_H

#include "model/resource.h"

#define SECRET_BYTES 32
#define SECRET_HASH  32

/* "lbj_", an ULID, ".", 43 characters, ".", 43 characters, NUL. */
#define SECRET_TEXT_SIZE (4 + 26 + 1 + 43 + 1 + 43 + 1)

/*
 * A new secret for what has this id ("tok_...", "host_..."): its text begins with prefix ("lbt",
 * "lba", "lbj"). pinned: 32 bytes that follow, for a join token, or NULL. The caller wipes text.
 */
void secret_make(const char *prefix, const char *id, const uint8_t *pinned,
		 char text[SECRET_TEXT_SIZE], uint8_t hash[SECRET_HASH]);

/*
 * Reads such a text of length bytes. -EINVAL when it is none with this prefix. id gets that of the
 * kind; pinned (may be NULL: then nothing may follow) the 32 bytes.
 */
int secret_read(const char *prefix, enum resource_kind kind, const char *text, size_t length,
		char id[RESOURCE_ID_SIZE], uint8_t hash[SECRET_HASH], uint8_t *pinned);

#endif
