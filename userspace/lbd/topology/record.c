// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames: writing, signing, and the strict reader of what comes from a network. The controller's
 * hub and store make them, the agent opens them. The layout is in record.h. No I/O.
 *
 * A reader trusts a length only after it was compared with what is there, and what is signed only
 * after the signature was verified; but even then everything is checked: the signer may be wrong.
 */
#include "topology/record.h"

#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_SIZE   4
#define HEADER_SIZE (1 + RESOURCE_ID_SIZE + 8)
#define BODY_AT	    (SIZE_SIZE + HEADER_SIZE)

_Static_assert(BODY_AT == 45, "the layout in record.h");
_Static_assert(RECORD_SIGNATURE == crypto_sign_BYTES, "libsodium's detached signature");
_Static_assert(RECORD_SIGN_SECRET == crypto_sign_SECRETKEYBYTES, "libsodium's secret key");
_Static_assert(RECORD_SIGN_PUBLIC == crypto_sign_PUBLICKEYBYTES, "libsodium's public key");

enum record_operation {
	RECORD_SET = 1,
	RECORD_REMOVE = 2
};

/* Keeps a signature of ours from meaning anything elsewhere. */
static const uint8_t domain[] = {'l', 'b', 'm', 'e', 's', 'h', ' ', 'r',
				 'e', 'c', 'o', 'r', 'd', ' ', 'v', '1'};

/* What is read next, and how much is left. */
struct reader {
	const uint8_t *bytes;
	size_t size;
};

struct frame *frame_hold(struct frame *frame)
{
	frame->references++;
	return frame;
}

void frame_release(struct frame *frame)
{
	if (frame && !--frame->references)
		free(frame);
}

static void put32(uint8_t *to, uint32_t number)
{
	number = htobe32(number);
	memcpy(to, &number, sizeof(number));
}

static void put64(uint8_t *to, uint64_t number)
{
	number = htobe64(number);
	memcpy(to, &number, sizeof(number));
}

static uint32_t get32(const uint8_t *from)
{
	uint32_t number;

	memcpy(&number, from, sizeof(number));
	return be32toh(number);
}

static uint64_t get64(const uint8_t *from)
{
	uint64_t number;

	memcpy(&number, from, sizeof(number));
	return be64toh(number);
}

bool record_key_valid(const char *key, size_t length)
{
	if (!length || length > RECORD_KEY_MAX)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (key[i] <= ' ' || key[i] > '~')
			return false;
	}
	return true;
}

bool record_log_valid(const char *log)
{
	size_t length = strspn(log, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_");

	return length && length < RESOURCE_ID_SIZE && !log[length];
}

struct frame *frame_make(enum record_type type, const char *log, uint64_t version, size_t body_size)
{
	size_t signature = type == RECORD_HEARTBEAT ? 0 : RECORD_SIGNATURE, size;
	struct frame *frame;

	if (body_size > RECORD_FRAME_MAX - HEADER_SIZE - RECORD_SIGNATURE)
		return NULL;
	size = BODY_AT + body_size + signature;
	frame = malloc(sizeof(*frame) + size);
	if (!frame)
		return NULL;
	frame->references = 1;
	frame->size = size;
	memset(frame->bytes, 0, BODY_AT);
	put32(frame->bytes, (uint32_t)(size - SIZE_SIZE));
	frame->bytes[SIZE_SIZE] = (uint8_t)type;
	memcpy(frame->bytes + SIZE_SIZE + 1, log, strnlen(log, RESOURCE_ID_SIZE - 1));
	put64(frame->bytes + SIZE_SIZE + 1 + RESOURCE_ID_SIZE, version);
	return frame;
}

uint8_t *frame_body(struct frame *frame)
{
	return frame->bytes + BODY_AT;
}

/* What the signature is over, in one piece, as libsodium wants it; the caller frees. */
static uint8_t *message_make(const uint8_t *bytes, size_t size)
{
	uint8_t *message = malloc(sizeof(domain) + size);

	if (!message)
		return NULL;
	memcpy(message, domain, sizeof(domain));
	memcpy(message + sizeof(domain), bytes, size);
	return message;
}

int frame_sign(struct frame *frame, const uint8_t secret[RECORD_SIGN_SECRET])
{
	size_t size = frame->size - SIZE_SIZE - RECORD_SIGNATURE;
	uint8_t *message = message_make(frame->bytes + SIZE_SIZE, size);

	if (!message)
		return -ENOMEM;
	crypto_sign_detached(frame->bytes + SIZE_SIZE + size, NULL, message, sizeof(domain) + size,
			     secret);
	free(message);
	return 0;
}

static struct frame *signed_or_null(struct frame *frame, const uint8_t secret[RECORD_SIGN_SECRET])
{
	if (!frame || !frame_sign(frame, secret))
		return frame;
	frame_release(frame);
	return NULL;
}

struct frame *record_seal(const struct record *record, const uint8_t secret[RECORD_SIGN_SECRET])
{
	size_t length = strnlen(record->key, sizeof(record->key));
	size_t value_size = record->value ? record->value_size : 0;
	struct frame *frame;
	uint8_t *body;

	if (!record_log_valid(record->log) || !record_key_valid(record->key, length) ||
	    !record->version || value_size > RECORD_VALUE_MAX)
		return NULL;
	frame = frame_make(RECORD_CHANGE, record->log, record->version, 2 + length + value_size);
	if (!frame)
		return NULL;
	body = frame_body(frame);
	body[0] = record->value ? RECORD_SET : RECORD_REMOVE;
	body[1] = (uint8_t)length;
	memcpy(body + 2, record->key, length);
	if (value_size)
		memcpy(body + 2 + length, record->value, value_size);
	return signed_or_null(frame, secret);
}

struct frame *record_seal_end(const char *log, uint64_t version,
			      const uint8_t secret[RECORD_SIGN_SECRET])
{
	return signed_or_null(frame_make(RECORD_END, log, version, 0), secret);
}

struct frame *record_heartbeat(void)
{
	return frame_make(RECORD_HEARTBEAT, "", 0, 0);
}

/* --- reading ------------------------------------------------------------------------------------ */

static const uint8_t *reader_take(struct reader *reader, size_t size)
{
	const uint8_t *bytes = reader->bytes;

	if (size > reader->size)
		return NULL;
	reader->bytes += size;
	reader->size -= size;
	return bytes;
}

static int key_read(struct reader *reader, char key[RECORD_KEY_MAX + 1])
{
	const uint8_t *length = reader_take(reader, 1);
	const uint8_t *bytes = length ? reader_take(reader, *length) : NULL;

	if (!bytes || !record_key_valid((const char *)bytes, *length))
		return -EBADMSG;
	memcpy(key, bytes, *length);
	key[*length] = '\0';
	return 0;
}

static int change_read(struct frame_view *view)
{
	struct reader reader = {view->body, view->body_size};
	const uint8_t *operation = reader_take(&reader, 1);

	if (!operation || key_read(&reader, view->record.key) || !view->record.version)
		return -EBADMSG;
	if (*operation == RECORD_REMOVE && !reader.size)
		return 0;
	if (*operation != RECORD_SET || reader.size > RECORD_VALUE_MAX)
		return -EBADMSG;
	view->record.value = (const char *)reader.bytes;
	view->record.value_size = reader.size;
	return 0;
}

int fragment_next(const struct frame_view *view, size_t *cursor, struct record *entry)
{
	struct reader reader = {view->body, view->body_size};
	const uint8_t *size, *value;

	if (!*cursor)
		*cursor = 4;
	if (*cursor == view->body_size)
		return 0;
	if (!reader_take(&reader, *cursor) || key_read(&reader, entry->key) ||
	    !(size = reader_take(&reader, 4)) || get32(size) > RECORD_VALUE_MAX ||
	    !(value = reader_take(&reader, get32(size))))
		return -EBADMSG;
	memcpy(entry->log, view->record.log, sizeof(entry->log));
	entry->version = view->record.version;
	entry->value = (const char *)value;
	entry->value_size = get32(size);
	*cursor = view->body_size - reader.size;
	return 1;
}

static int fragment_check(const struct frame_view *view)
{
	char before[RECORD_KEY_MAX + 1] = "";
	struct record entry;
	size_t cursor = 0;
	uint32_t n = 0;
	int ret;

	if (view->body_size < 4)
		return -EBADMSG;
	for (; (ret = fragment_next(view, &cursor, &entry)) > 0; n++) {
		if (strcmp(before, entry.key) >= 0)
			return -EBADMSG;
		memcpy(before, entry.key, sizeof(before));
	}
	return ret || n != get32(view->body) ? -EBADMSG : 0;
}

static bool header_read(const uint8_t *bytes, struct frame_view *view)
{
	const uint8_t *log = bytes + 1, *end = memchr(log, '\0', RESOURCE_ID_SIZE);

	view->type = bytes[0];
	memcpy(view->record.log, log, RESOURCE_ID_SIZE);
	view->record.version = get64(bytes + 1 + RESOURCE_ID_SIZE);
	if (!end || !sodium_is_zero(end, (size_t)(log + RESOURCE_ID_SIZE - end)))
		return false;
	switch (view->type) {
	case RECORD_HEARTBEAT:
		return view->size == BODY_AT && end == log && !view->record.version;
	case RECORD_CHANGE:
	case RECORD_FRAGMENT:
	case RECORD_END:
		return view->size >= BODY_AT + RECORD_SIGNATURE &&
		       record_log_valid(view->record.log);
	}
	return false;
}

/* 0, -EBADMSG, -ENOMEM; message is what is between size and signature. */
static int signature_verify(const uint8_t *message, size_t size,
			    const uint8_t public_key[RECORD_SIGN_PUBLIC])
{
	uint8_t *whole = message_make(message, size);
	int ret;

	if (!whole)
		return -ENOMEM;
	ret = crypto_sign_verify_detached(message + size, whole, sizeof(domain) + size, public_key);
	free(whole);
	return ret ? -EBADMSG : 0;
}

static int body_read(const uint8_t *bytes, const uint8_t public_key[RECORD_SIGN_PUBLIC],
		     struct frame_view *view, struct fault *fault)
{
	int ret = signature_verify(bytes + SIZE_SIZE, view->size - SIZE_SIZE - RECORD_SIGNATURE,
				   public_key);

	if (ret == -ENOMEM)
		return fault_memory(fault);
	if (ret)
		return fault_set(fault, ret, NULL,
				 "a frame of log \"%s\" is not signed by the controller's key",
				 view->record.log);
	view->body = bytes + BODY_AT;
	view->body_size = view->size - BODY_AT - RECORD_SIGNATURE;
	if (view->type == RECORD_CHANGE)
		ret = change_read(view);
	else if (view->type == RECORD_FRAGMENT)
		ret = fragment_check(view);
	else if (view->body_size)
		ret = -EBADMSG;
	if (ret)
		return fault_set(fault, ret, NULL, "a frame of log \"%s\" has a malformed body",
				 view->record.log);
	return 0;
}

int frame_open(const uint8_t *bytes, size_t size, const uint8_t public_key[RECORD_SIGN_PUBLIC],
	       struct frame_view *view, struct fault *fault)
{
	uint32_t length;

	*view = (struct frame_view){0};
	if (size < SIZE_SIZE)
		return -EAGAIN;
	length = get32(bytes);
	/* At once: nobody is to wait for, or keep, what is too large. */
	if (length < HEADER_SIZE || length > RECORD_FRAME_MAX)
		return fault_set(fault, -EBADMSG, NULL, "a frame of %u bytes is none", length);
	if (size - SIZE_SIZE < length)
		return -EAGAIN;
	view->size = SIZE_SIZE + (size_t)length;
	if (!header_read(bytes + SIZE_SIZE, view))
		return fault_set(fault, -EBADMSG, NULL, "a frame has a malformed header");
	if (view->type == RECORD_HEARTBEAT)
		return 0;
	return body_read(bytes, public_key, view, fault);
}
