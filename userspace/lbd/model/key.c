// SPDX-License-Identifier: GPL-2.0-only
/* Keys, by libsodium: its decoder takes constant time, and private keys pass through here. */
#include "model/key.h"

#include <errno.h>
#include <sodium.h>

int key_decode(const char *text, size_t length, uint8_t key[LBMESH_KEY_LEN])
{
	const char *end;
	size_t bytes;

	if (length != KEY_TEXT_LENGTH)
		return -EINVAL;
	if (sodium_base642bin(key, LBMESH_KEY_LEN, text, length, NULL, &bytes, &end,
			      sodium_base64_VARIANT_ORIGINAL) ||
	    bytes != LBMESH_KEY_LEN || end != text + length ||
	    sodium_is_zero(key, LBMESH_KEY_LEN)) {
		sodium_memzero(key, LBMESH_KEY_LEN);
		return -EINVAL;
	}
	return 0;
}

void key_encode(const uint8_t key[LBMESH_KEY_LEN], char text[KEY_TEXT_LENGTH + 1])
{
	sodium_bin2base64(text, KEY_TEXT_LENGTH + 1, key, LBMESH_KEY_LEN,
			  sodium_base64_VARIANT_ORIGINAL);
}

int key_public(const uint8_t private_key[LBMESH_KEY_LEN], uint8_t public_key[LBMESH_KEY_LEN])
{
	return crypto_scalarmult_curve25519_base(public_key, private_key) ? -EINVAL : 0;
}
