/* SPDX-License-Identifier: GPL-2.0-only */
/* Curve25519 keys as WireGuard writes them: 44 characters of base64. */
#ifndef LBD_MODEL_KEY_H
#define LBD_MODEL_KEY_H

#include "lbmesh/lbmesh.h"

#define KEY_TEXT_LENGTH 44

/* Strict: -EINVAL for another length, stray characters or bits, and for the key of all zeros. */
int key_decode(const char *text, size_t length, uint8_t key[LBMESH_KEY_LEN]);

/* Writes KEY_TEXT_LENGTH characters and a NUL, for any 32 bytes. */
void key_encode(const uint8_t key[LBMESH_KEY_LEN], char text[KEY_TEXT_LENGTH + 1]);

/* The public half of a private key. -EINVAL when there is none. */
int key_public(const uint8_t private_key[LBMESH_KEY_LEN], uint8_t public_key[LBMESH_KEY_LEN]);

#endif
