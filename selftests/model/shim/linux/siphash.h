/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SipHash-1-3 (Aumasson and Bernstein, SipHash: a fast short-input PRF, 2012),
 * which the kernel calls hsiphash where a long has 64 bits. The result is
 * folded to 32 bits as there.
 */
#ifndef SHIM_SIPHASH_H
#define SHIM_SIPHASH_H

#include "../kernel.h"

typedef struct {
	u64 key[2];
} hsiphash_key_t;

static inline u64 shim_rotate(u64 v, int by)
{
	return v << by | v >> (64 - by);
}

static inline void shim_sip_round(u64 v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = shim_rotate(v[1], 13) ^ v[0];
	v[3] = shim_rotate(v[3], 16) ^ v[2];
	v[0] = shim_rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = shim_rotate(v[1], 17) ^ v[2];
	v[3] = shim_rotate(v[3], 21) ^ v[0];
	v[2] = shim_rotate(v[2], 32);
}

static inline void shim_sip_begin(u64 v[4], const hsiphash_key_t *key)
{
	v[0] = key->key[0] ^ 0x736f6d6570736575ULL;
	v[1] = key->key[1] ^ 0x646f72616e646f6dULL;
	v[2] = key->key[0] ^ 0x6c7967656e657261ULL;
	v[3] = key->key[1] ^ 0x7465646279746573ULL;
}

static inline void shim_sip_word(u64 v[4], u64 word)
{
	v[3] ^= word;
	shim_sip_round(v);
	v[0] ^= word;
}

/* The last word has the length in its top byte. */
static inline u32 shim_sip_end(u64 v[4], u64 word)
{
	u64 hash;

	shim_sip_word(v, word);
	v[2] ^= 0xff;
	shim_sip_round(v);
	shim_sip_round(v);
	shim_sip_round(v);
	hash = v[0] ^ v[1] ^ v[2] ^ v[3];
	return (u32)hash;
}

/* Out of line, as in the kernel, so that instructions can be compared. */
__attribute__((__noinline__, unused)) static u32
hsiphash_3u32(const u32 a, const u32 b, const u32 c, const hsiphash_key_t *key)
{
	u64 v[4];

	shim_sip_begin(v, key);
	shim_sip_word(v, (u64)b << 32 | a);
	return shim_sip_end(v, (u64)12 << 56 | c);
}

__attribute__((__noinline__, unused)) static u32
hsiphash(const void *data, size_t len, const hsiphash_key_t *key)
{
	const u8 *bytes = data;
	u64 v[4], word, last = (u64)len << 56;
	size_t at;

	shim_sip_begin(v, key);
	for (at = 0; at + 8 <= len; at += 8) {
		memcpy(&word, bytes + at, sizeof(word));
		shim_sip_word(v, word);
	}
	word = 0;
	memcpy(&word, bytes + at, len - at);
	return shim_sip_end(v, word | last);
}

#endif /* SHIM_SIPHASH_H */
