// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for the reader of frames: whatever the bytes, they are refused, or mean what the
 * writer would have written. No fuzzer makes a signature, so the input is read as it is, as a
 * fragment's body, and signed by the right key: header and body from the input.
 *
 *   CC=clang meson setup -Db_sanitize=address,undefined -Db_lundef=false build/fuzz
 *   ninja -C build/fuzz userspace/lbd/fuzz-frame
 *   build/fuzz/userspace/lbd/fuzz-frame NEW-CORPUS
 */
#include "topology/fragment.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE 41 /* type, log, version */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static uint8_t secret[RECORD_SIGN_SECRET], public_key[RECORD_SIGN_PUBLIC];

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void keys_make(void)
{
	static const uint8_t seed[crypto_sign_SEEDBYTES] = {1};
	static bool made;

	if (made)
		return;
	require(sodium_init() >= 0);
	crypto_sign_seed_keypair(public_key, secret, seed);
	made = true;
}

/* The same record sealed gives the same bytes: Ed25519 is deterministic. */
static void change_try(const struct frame_view *view, const uint8_t *bytes)
{
	struct frame *again = record_seal(&view->record, secret);

	require(again && again->size == view->size && !memcmp(again->bytes, bytes, view->size));
	frame_release(again);
}

static void whole_try(const struct frame_view *view)
{
	struct fragment *fragment = fragment_new(view->record.log);
	struct frame *body;

	require(fragment && !fragment_replace(fragment, view, NULL));
	body = fragment_body(fragment);
	require(body && body->size == view->body_size &&
		!memcmp(body->bytes, view->body, body->size));
	frame_release(body);
	fragment_free(fragment);
}

static void frame_try(const uint8_t *bytes, size_t size)
{
	struct fault fault = {0};
	struct frame_view view;
	int ret = frame_open(bytes, size, public_key, &view, &fault);

	if (ret) {
		require(ret == -EAGAIN || (ret == -EBADMSG && fault.text[0]));
		return;
	}
	require(view.size <= size);
	if (view.type == RECORD_CHANGE)
		change_try(&view, bytes);
	else if (view.type == RECORD_FRAGMENT)
		whole_try(&view);
}

/* Entries of a body that nobody has looked at. */
static void entries_try(const uint8_t *bytes, size_t size)
{
	struct frame_view view = {.type = RECORD_FRAGMENT, .body = bytes, .body_size = size};
	struct record entry;
	size_t cursor = 0, before = 0;

	while (fragment_next(&view, &cursor, &entry) > 0) {
		require(cursor > before && cursor <= size);
		require(strlen(entry.key) <= RECORD_KEY_MAX);
		require((const uint8_t *)entry.value + entry.value_size <= bytes + size);
		before = cursor;
	}
}

static void signed_try(const uint8_t *bytes, size_t size)
{
	struct frame *frame;

	if (size < HEADER_SIZE)
		return;
	frame = frame_make(RECORD_CHANGE, "", 0, size - HEADER_SIZE);
	require(frame);
	memcpy(frame->bytes + 4, bytes, size);
	require(!frame_sign(frame, secret));
	frame_try(frame->bytes, frame->size);
	frame_release(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	keys_make();
	frame_try(bytes, size);
	entries_try(bytes, size);
	signed_try(bytes, size);
	return 0;
}
