// SPDX-License-Identifier: GPL-2.0-only
/* Frames: what is sealed is opened, and nothing else is. */
#include "topology/record.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define LOG "net_01ARZ3NDEKTSV4RRFFQ69G5FAV"

static uint8_t secret[RECORD_SIGN_SECRET], public_key[RECORD_SIGN_PUBLIC];

static void keys_make(void)
{
	static const uint8_t seed[crypto_sign_SEEDBYTES] = {1};

	cr_assert_geq(sodium_init(), 0);
	crypto_sign_seed_keypair(public_key, secret, seed);
}

TestSuite(record, .init = keys_make);

static struct record sample(void)
{
	return (struct record){.log = LOG,
			       .version = 7,
			       .key = "alias/api",
			       .value = "{\"a\":1}",
			       .value_size = 7};
}

static int opened(const struct frame *frame, struct frame_view *view)
{
	struct fault fault = {0};
	int ret = frame_open(frame->bytes, frame->size, public_key, view, &fault);

	if (ret == -EBADMSG)
		cr_assert_neq(fault.text[0], '\0', "a refusal has a sentence");
	return ret;
}

Test(record, what_is_sealed_is_opened)
{
	struct record record = sample();
	struct frame *frame = record_seal(&record, secret);
	struct frame_view view;

	cr_assert_eq(opened(frame, &view), 0);
	cr_assert_eq(view.type, RECORD_CHANGE);
	cr_assert_eq(view.size, frame->size);
	cr_assert_str_eq(view.record.log, LOG);
	cr_assert_eq(view.record.version, 7);
	cr_assert_str_eq(view.record.key, "alias/api");
	cr_assert_eq(view.record.value_size, 7);
	cr_assert_arr_eq(view.record.value, "{\"a\":1}", 7);
	frame_release(frame);
}

Test(record, a_removal_has_no_value_and_an_empty_value_is_none)
{
	struct record record = sample();
	struct frame_view view;
	struct frame *frame;

	record.value = NULL;
	frame = record_seal(&record, secret);
	cr_assert_eq(opened(frame, &view), 0);
	cr_assert_null(view.record.value);
	frame_release(frame);
	record.value = "";
	record.value_size = 0;
	frame = record_seal(&record, secret);
	cr_assert_eq(opened(frame, &view), 0);
	cr_assert_not_null(view.record.value);
	cr_assert_eq(view.record.value_size, 0);
	frame_release(frame);
}

Test(record, the_layout_is_that_of_the_header)
{
	static const uint8_t head[] = {0, 0, 0, 1 + 32 + 8 + 2 + 9 + 7 + 64, RECORD_CHANGE, 'n'};
	static const uint8_t body[] = {0, 0, 0, 0, 0, 0, 0, 7, 1, 9, 'a', 'l', 'i', 'a', 's', '/'};
	static const char domain[] = {'l', 'b', 'm', 'e', 's', 'h', ' ', 'r',
				      'e', 'c', 'o', 'r', 'd', ' ', 'v', '1'};
	struct record record = sample();
	struct frame *frame = record_seal(&record, secret);
	uint8_t message[16 + 59];

	cr_assert_arr_eq(frame->bytes, head, sizeof(head));
	cr_assert_arr_eq(frame->bytes + 37, body, sizeof(body));
	/* What is signed can be said by whoever reads the header, without this code. */
	memcpy(message, domain, sizeof(domain));
	memcpy(message + 16, frame->bytes + 4, 59);
	cr_assert_eq(frame->size, 4 + 59 + 64);
	cr_assert_eq(crypto_sign_verify_detached(frame->bytes + 63, message, sizeof(message),
						 public_key),
		     0);
	frame_release(frame);
}

Test(record, every_changed_bit_is_refused)
{
	struct record record = sample();
	struct frame *frame = record_seal(&record, secret);
	struct frame_view view;

	for (size_t bit = 32; bit < 8 * frame->size; bit++) {
		frame->bytes[bit / 8] ^= (uint8_t)(1 << (bit % 8));
		cr_assert_eq(opened(frame, &view), -EBADMSG, "bit %zu", bit);
		frame->bytes[bit / 8] ^= (uint8_t)(1 << (bit % 8));
	}
	public_key[0] ^= 1;
	cr_assert_eq(opened(frame, &view), -EBADMSG);
	frame_release(frame);
}

Test(record, a_part_asks_for_more_and_what_follows_is_left)
{
	struct record record = sample();
	struct frame *frame = record_seal(&record, secret);
	struct frame_view view;
	uint8_t *two;

	for (size_t size = 0; size < frame->size; size++) {
		/* Exactly as large as it says, so that a read beyond it is seen. */
		uint8_t *part = malloc(size ? size : 1);

		memcpy(part, frame->bytes, size);
		cr_assert_eq(frame_open(part, size, public_key, &view, NULL), -EAGAIN);
		free(part);
	}
	two = calloc(2, frame->size + 1);
	memcpy(two, frame->bytes, frame->size);
	memcpy(two + frame->size, frame->bytes, frame->size);
	cr_assert_eq(frame_open(two, 2 * frame->size, public_key, &view, NULL), 0);
	cr_assert_eq(view.size, frame->size);
	free(two);
	frame_release(frame);
}

Test(record, a_length_that_cannot_be_is_refused_before_the_rest_came)
{
	static const uint8_t short_one[] = {0, 0, 0, 40}, long_one[] = {4, 0, 0, 1};
	struct frame_view view;

	cr_assert_eq(frame_open(short_one, 4, public_key, &view, NULL), -EBADMSG);
	cr_assert_eq(frame_open(long_one, 4, public_key, &view, NULL), -EBADMSG);
}

/* A frame that the right key has signed, with this body. */
static int body_opened(enum record_type type, uint64_t version, const void *body, size_t size)
{
	struct frame *frame = frame_make(type, LOG, version, size);
	struct frame_view view;
	int ret;

	memcpy(frame_body(frame), body, size);
	cr_assert_eq(frame_sign(frame, secret), 0);
	ret = opened(frame, &view);
	frame_release(frame);
	return ret;
}

#define BODY(type, text) body_opened(type, 1, text, sizeof(text) - 1)

Test(record, a_signed_record_that_is_malformed_is_refused_all_the_same)
{
	char large[2 + 1 + RECORD_VALUE_MAX + 1] = "\x01\x01k";

	cr_assert_eq(BODY(RECORD_CHANGE, "\x01\x01kv"), 0);
	cr_assert_eq(BODY(RECORD_CHANGE, "\x02\x01k"), 0);
	cr_assert_eq(body_opened(RECORD_CHANGE, 0, "\x02\x01k", 3), -EBADMSG);
	cr_assert_eq(BODY(RECORD_CHANGE, ""), -EBADMSG);
	cr_assert_eq(BODY(RECORD_CHANGE, "\x01"), -EBADMSG);
	cr_assert_eq(BODY(RECORD_CHANGE, "\x01\x00"), -EBADMSG);
	cr_assert_eq(BODY(RECORD_CHANGE, "\x01\x02k"), -EBADMSG);
	cr_assert_eq(BODY(RECORD_CHANGE, "\x02\x01kv"), -EBADMSG);
	cr_assert_eq(BODY(RECORD_CHANGE, "\x03\x01kv"), -EBADMSG);
	cr_assert_eq(BODY(RECORD_CHANGE, "\x00\x01kv"), -EBADMSG);
	cr_assert_eq(BODY(RECORD_CHANGE, "\x01\x02k\x00v"), -EBADMSG);
	cr_assert_eq(BODY(RECORD_CHANGE, "\x01\x02k v"), -EBADMSG);
	cr_assert_eq(body_opened(RECORD_CHANGE, 1, large, sizeof(large) - 1), 0);
	cr_assert_eq(body_opened(RECORD_CHANGE, 1, large, sizeof(large)), -EBADMSG);
	cr_assert_eq(BODY(RECORD_END, ""), 0);
	cr_assert_eq(BODY(RECORD_END, "x"), -EBADMSG);
	cr_assert_eq(BODY(9, "\x01\x01kv"), -EBADMSG);
}

Test(record, a_signed_fragment_that_is_malformed_is_refused_all_the_same)
{
	cr_assert_eq(BODY(RECORD_FRAGMENT, "\0\0\0\0"), 0);
	cr_assert_eq(BODY(RECORD_FRAGMENT, "\0\0\0\1\1a\0\0\0\1x"), 0);
	cr_assert_eq(BODY(RECORD_FRAGMENT, "\0\0\0\2\1a\0\0\0\0\1b\0\0\0\1x"), 0);
	cr_assert_eq(BODY(RECORD_FRAGMENT, ""), -EBADMSG);
	cr_assert_eq(BODY(RECORD_FRAGMENT, "\0\0\0"), -EBADMSG);
	cr_assert_eq(BODY(RECORD_FRAGMENT, "\0\0\0\1"), -EBADMSG);
	cr_assert_eq(BODY(RECORD_FRAGMENT, "\0\0\0\0\1a\0\0\0\1x"), -EBADMSG);
	cr_assert_eq(BODY(RECORD_FRAGMENT, "\0\0\0\1\1a\0\0\0\2x"), -EBADMSG);
	cr_assert_eq(BODY(RECORD_FRAGMENT, "\0\0\0\1\1a\xff\xff\xff\xffx"), -EBADMSG);
	cr_assert_eq(BODY(RECORD_FRAGMENT, "\0\0\0\1\1a\0\0\0\1xy"), -EBADMSG);
	cr_assert_eq(BODY(RECORD_FRAGMENT, "\0\0\0\1\0\0\0\0\1x"), -EBADMSG);
	cr_assert_eq(BODY(RECORD_FRAGMENT, "\0\0\0\2\1b\0\0\0\0\1a\0\0\0\0"), -EBADMSG);
	cr_assert_eq(BODY(RECORD_FRAGMENT, "\0\0\0\2\1a\0\0\0\0\1a\0\0\0\0"), -EBADMSG);
}

Test(record, the_entries_of_a_fragment_come_one_after_another)
{
	static const char body[] = "\0\0\0\2\1a\0\0\0\2xy\1b\0\0\0\0";
	struct frame *frame = frame_make(RECORD_FRAGMENT, LOG, 5, sizeof(body) - 1);
	struct frame_view view;
	struct record entry;
	size_t cursor = 0;

	memcpy(frame_body(frame), body, sizeof(body) - 1);
	frame_sign(frame, secret);
	cr_assert_eq(opened(frame, &view), 0);
	cr_assert_eq(fragment_next(&view, &cursor, &entry), 1);
	cr_assert_str_eq(entry.key, "a");
	cr_assert_arr_eq(entry.value, "xy", 2);
	cr_assert_eq(entry.version, 5);
	cr_assert_eq(fragment_next(&view, &cursor, &entry), 1);
	cr_assert_str_eq(entry.key, "b");
	cr_assert_eq(entry.value_size, 0);
	cr_assert_eq(fragment_next(&view, &cursor, &entry), 0);
	frame_release(frame);
}

Test(record, a_heartbeat_is_unsigned_and_says_nothing)
{
	struct frame *frame = record_heartbeat();
	struct frame_view view;

	cr_assert_eq(frame->size, 45);
	cr_assert_eq(opened(frame, &view), 0);
	cr_assert_eq(view.type, RECORD_HEARTBEAT);
	for (size_t i = 5; i < 45; i++) {
		frame->bytes[i] = 'a';
		cr_assert_eq(opened(frame, &view), -EBADMSG, "byte %zu", i);
		frame->bytes[i] = 0;
	}
	frame_release(frame);
}

Test(record, an_unsigned_frame_cannot_pass_for_another_type)
{
	for (unsigned int type = 0; type < 256; type++) {
		struct frame *frame = record_heartbeat();
		struct frame_view view;

		frame->bytes[4] = (uint8_t)type;
		cr_assert_eq(opened(frame, &view), type == RECORD_HEARTBEAT ? 0 : -EBADMSG);
		frame_release(frame);
	}
}

Test(record, a_log_that_is_no_id_is_refused)
{
	static const char *const logs[] = {"", "net 1", "net/1", "net_\n", "n\xc3\xa4"};

	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		struct frame *frame = frame_make(RECORD_END, logs[i], 1, 0);
		struct frame_view view;

		cr_assert_eq(frame_sign(frame, secret), 0);
		cr_assert_eq(opened(frame, &view), -EBADMSG, "\"%s\"", logs[i]);
		frame_release(frame);
	}
}

Test(record, bytes_after_the_logs_end_are_refused)
{
	struct frame *frame = frame_make(RECORD_END, "net_1", 1, 0);
	struct frame_view view;

	frame->bytes[5 + 7] = 'x';
	cr_assert_eq(frame_sign(frame, secret), 0);
	cr_assert_eq(opened(frame, &view), -EBADMSG);
	frame_release(frame);
}

Test(record, what_would_not_be_opened_is_not_sealed)
{
	struct record record = sample();

	record.version = 0;
	cr_assert_null(record_seal(&record, secret));
	record = sample();
	record.key[0] = '\0';
	cr_assert_null(record_seal(&record, secret));
	record = sample();
	record.value_size = RECORD_VALUE_MAX + 1;
	cr_assert_null(record_seal(&record, secret));
	record = sample();
	record.log[0] = '\0';
	cr_assert_null(record_seal(&record, secret));
	cr_assert_null(frame_make(RECORD_FRAGMENT, LOG, 1, RECORD_FRAME_MAX));
}

Test(record, a_frame_lives_as_long_as_somebody_holds_it)
{
	struct frame *frame = record_seal_end(LOG, 3, secret);
	struct frame_view view;

	frame_hold(frame);
	frame_release(frame);
	cr_assert_eq(opened(frame, &view), 0);
	cr_assert_eq(view.type, RECORD_END);
	cr_assert_eq(view.record.version, 3);
	frame_release(frame);
	frame_release(NULL);
}
