// SPDX-License-Identifier: GPL-2.0-only
/* Making and reading the texts of tokens and credentials; every copy of a secret here is wiped. */
#include "controller/secret.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define PREFIX_LENGTH 3
#define ULID_LENGTH   (ULID_SIZE - 1)
#define BASE64_LENGTH 43
#define VARIANT	      sodium_base64_VARIANT_URLSAFE_NO_PADDING

static void secret_hash(const uint8_t secret[SECRET_BYTES], uint8_t hash[SECRET_HASH])
{
	/* Cannot fail: the sizes are within the function's limits. */
	(void)crypto_generichash(hash, SECRET_HASH, secret, SECRET_BYTES, NULL, 0);
}

void secret_make(const char *prefix, const char *id, const uint8_t *pinned,
		 char text[SECRET_TEXT_SIZE], uint8_t hash[SECRET_HASH])
{
	char secret_text[BASE64_LENGTH + 1], pinned_text[BASE64_LENGTH + 1] = "";
	uint8_t secret[SECRET_BYTES];

	randombytes_buf(secret, sizeof(secret));
	secret_hash(secret, hash);
	sodium_bin2base64(secret_text, sizeof(secret_text), secret, sizeof(secret), VARIANT);
	if (pinned)
		sodium_bin2base64(pinned_text, sizeof(pinned_text), pinned, SECRET_BYTES, VARIANT);
	snprintf(text, SECRET_TEXT_SIZE, "%.*s_%s.%s%s%s", PREFIX_LENGTH, prefix,
		 strchr(id, '_') + 1, secret_text, pinned ? "." : "", pinned_text);
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(secret_text, sizeof(secret_text));
}

/*
 * 32 bytes from 43 characters; strict, down to the bits that are left over. Characters beyond ASCII
 * are looked for here: libsodium takes some of them for others.
 */
static int part_read(const char *text, uint8_t bytes[SECRET_BYTES])
{
	size_t size = 0;

	for (size_t i = 0; i < BASE64_LENGTH; i++) {
		if ((unsigned char)text[i] > 0x7f)
			return -EINVAL;
	}
	if (sodium_base642bin(bytes, SECRET_BYTES, text, BASE64_LENGTH, NULL, &size, NULL,
			      VARIANT) ||
	    size != SECRET_BYTES)
		return -EINVAL;
	return 0;
}

int secret_read(const char *prefix, enum resource_kind kind, const char *text, size_t length,
		char id[RESOURCE_ID_SIZE], uint8_t hash[SECRET_HASH], uint8_t *pinned)
{
	const size_t ulid = PREFIX_LENGTH + 1, secret_at = ulid + ULID_LENGTH + 1;
	const size_t end = secret_at + BASE64_LENGTH;
	uint8_t secret[SECRET_BYTES];
	int ret;

	if (length != end + (pinned ? 1 + BASE64_LENGTH : 0) ||
	    memcmp(text, prefix, PREFIX_LENGTH) != 0 || text[PREFIX_LENGTH] != '_' ||
	    text[secret_at - 1] != '.' || (pinned && text[end] != '.'))
		return -EINVAL;
	snprintf(id, RESOURCE_ID_SIZE, "%s_%.*s", resource_schema(kind)->prefix, ULID_LENGTH,
		 text + ulid);
	if (!resource_id_valid(kind, id))
		return -EINVAL;
	ret = part_read(text + secret_at, secret);
	if (!ret && pinned)
		ret = part_read(text + end + 1, pinned);
	if (!ret)
		secret_hash(secret, hash);
	sodium_memzero(secret, sizeof(secret));
	return ret;
}
