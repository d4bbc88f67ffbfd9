// SPDX-License-Identifier: GPL-2.0-only
/* Fragments: the same contents are the same bytes, and a change is taken whole or not at all. */
#include "topology/fragment.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG "net_1"

static uint8_t secret[RECORD_SIGN_SECRET], public_key[RECORD_SIGN_PUBLIC];

static void keys_make(void)
{
	static const uint8_t seed[crypto_sign_SEEDBYTES] = {2};

	cr_assert_geq(sodium_init(), 0);
	crypto_sign_seed_keypair(public_key, secret, seed);
}

TestSuite(fragment, .init = keys_make);

/* value NULL removes; the version is the one that follows. */
static int change(struct fragment *fragment, const char *key, const char *value)
{
	struct record record = {
		.log = LOG,
		.version = fragment_version(fragment) + 1,
		.value = value,
		.value_size = value ? strlen(value) : 0,
	};

	snprintf(record.key, sizeof(record.key), "%s", key);
	return fragment_apply(fragment, &record, NULL);
}

static bool same(const struct fragment *a, const struct fragment *b)
{
	struct frame *left = fragment_body(a), *right = fragment_body(b);
	bool equal = left->size == right->size && !memcmp(left->bytes, right->bytes, left->size);

	frame_release(left);
	frame_release(right);
	return equal;
}

Test(fragment, equal_contents_are_equal_bytes_whatever_the_history)
{
	struct fragment *a = fragment_new(LOG), *b = fragment_new(LOG);

	cr_assert_eq(change(a, "x", "1"), 0);
	cr_assert_eq(change(a, "y", "2"), 0);
	cr_assert_eq(change(a, "z", "3"), 0);
	cr_assert_eq(change(b, "z", "0"), 0);
	cr_assert_eq(change(b, "w", "0"), 0);
	cr_assert_eq(change(b, "y", "2"), 0);
	cr_assert_eq(change(b, "w", NULL), 0);
	cr_assert_eq(change(b, "z", "3"), 0);
	cr_assert(!same(a, b));
	cr_assert_eq(change(b, "x", "1"), 0);
	cr_assert(same(a, b));
	cr_assert_eq(fragment_count(b), 3);
	cr_assert_eq(fragment_version(b), 6);
	fragment_free(a);
	fragment_free(b);
}

Test(fragment, the_body_is_in_the_order_of_the_keys_bytes)
{
	static const char wanted[] = "\0\0\0\3\1B\0\0\0\0\1a\0\0\0\2vw\2ab\0\0\0\1x";
	struct fragment *fragment = fragment_new(LOG);
	struct frame *body;

	cr_assert_eq(change(fragment, "ab", "x"), 0);
	cr_assert_eq(change(fragment, "a", "vw"), 0);
	cr_assert_eq(change(fragment, "B", ""), 0);
	body = fragment_body(fragment);
	cr_assert_eq(body->size, sizeof(wanted) - 1);
	cr_assert_arr_eq(body->bytes, wanted, sizeof(wanted) - 1);
	frame_release(body);
	fragment_free(fragment);
}

Test(fragment, only_the_version_that_follows_is_taken)
{
	struct fragment *fragment = fragment_new(LOG);
	struct record record = {.log = LOG, .key = "k", .value = "v", .value_size = 1};
	struct fault fault = {0};

	cr_assert_eq(fragment_apply(fragment, &record, &fault), -ESTALE, "0 follows nothing");
	record.version = 2;
	cr_assert_eq(fragment_apply(fragment, &record, &fault), -ESTALE);
	record.version = 1;
	cr_assert_eq(fragment_apply(fragment, &record, &fault), 0);
	cr_assert_eq(fragment_apply(fragment, &record, &fault), -ESTALE);
	record.version = 3;
	cr_assert_eq(fragment_apply(fragment, &record, &fault), -ESTALE);
	cr_assert_eq(fragment_version(fragment), 1);
	cr_assert_str_eq(fault.text, "log net_1 is at version 1 and cannot take version 3");
	fragment_free(fragment);
}

Test(fragment, what_is_refused_changes_nothing)
{
	struct fragment *fragment = fragment_new(LOG);
	struct record record = {.log = "net_2", .version = 2, .key = "k"};
	size_t size;

	cr_assert_eq(change(fragment, "k", "v"), 0);
	cr_assert_eq(fragment_apply(fragment, &record, NULL), -EBADMSG, "another log");
	cr_assert_eq(change(fragment, "missing", NULL), -EBADMSG);
	cr_assert_eq(fragment_version(fragment), 1);
	cr_assert_str_eq(fragment_get(fragment, "k", &size), "v");
	cr_assert_eq(size, 1);
	cr_assert_null(fragment_get(fragment, "missing", &size));
	fragment_free(fragment);
}

Test(fragment, a_log_that_would_not_fit_into_a_frame_is_refused)
{
	struct fragment *fragment = fragment_new(LOG);
	char *value = malloc(RECORD_VALUE_MAX), key[16];
	struct record record = {.log = LOG, .value = value, .value_size = RECORD_VALUE_MAX};
	struct frame *sealed;
	int ret = 0;

	memset(value, 'v', RECORD_VALUE_MAX);
	for (unsigned int i = 0; i < 70 && !ret; i++) {
		snprintf(key, sizeof(key), "key-%u", i);
		memcpy(record.key, key, sizeof(key));
		record.version = fragment_version(fragment) + 1;
		ret = fragment_apply(fragment, &record, NULL);
	}
	cr_assert_eq(ret, -ENOSPC);
	cr_assert_eq(fragment_count(fragment), 63);
	sealed = fragment_seal(fragment, secret);
	cr_assert_not_null(sealed, "what was taken can be sent");
	frame_release(sealed);
	fragment_free(fragment);
	free(value);
}

static struct frame *sealed_open(struct fragment *fragment, struct frame_view *view)
{
	struct frame *frame = fragment_seal(fragment, secret);

	cr_assert_eq(frame_open(frame->bytes, frame->size, public_key, view, NULL), 0);
	return frame;
}

Test(fragment, a_whole_fragment_replaces_what_was_there)
{
	struct fragment *a = fragment_new(LOG), *b = fragment_new(LOG);
	struct frame_view view;
	struct frame *frame;

	cr_assert_eq(change(b, "gone", "1"), 0);
	cr_assert_eq(change(a, "x", "1"), 0);
	cr_assert_eq(change(a, "y", "2"), 0);
	frame = sealed_open(a, &view);
	cr_assert_eq(fragment_replace(b, &view, NULL), 0);
	cr_assert(same(a, b));
	cr_assert_eq(fragment_version(b), 2);
	cr_assert_eq(fragment_count(b), 2);
	/* It goes on from there, but not back. */
	cr_assert_eq(change(b, "z", "3"), 0);
	cr_assert_eq(fragment_replace(b, &view, NULL), -ESTALE);
	cr_assert_eq(fragment_count(b), 3);
	frame_release(frame);
	fragment_free(a);
	fragment_free(b);
}

Test(fragment, only_a_fragment_of_this_log_replaces_it)
{
	struct fragment *a = fragment_new(LOG), *b = fragment_new("net_2");
	struct frame_view view;
	struct frame *frame = sealed_open(a, &view);

	cr_assert_eq(fragment_replace(b, &view, NULL), -EBADMSG);
	view.type = RECORD_CHANGE;
	cr_assert_eq(fragment_replace(a, &view, NULL), -EBADMSG);
	frame_release(frame);
	fragment_free(a);
	fragment_free(b);
}

Test(fragment, it_is_sealed_once_for_a_version)
{
	struct fragment *fragment = fragment_new(LOG);
	struct frame *first, *second;

	cr_assert_eq(change(fragment, "x", "1"), 0);
	first = fragment_seal(fragment, secret);
	second = fragment_seal(fragment, secret);
	cr_assert_eq(first, second);
	cr_assert_eq(change(fragment, "x", "2"), 0);
	frame_release(second);
	second = fragment_seal(fragment, secret);
	cr_assert_neq(first, second);
	frame_release(first);
	frame_release(second);
	fragment_free(fragment);
}

Test(fragment, entries_from_the_store_are_checked)
{
	struct record entries[] = {
		{.key = "b", .value = "2", .value_size = 1},
		{.key = "a", .value = "1", .value_size = 1},
		{.key = "a", .value = "3", .value_size = 1},
	};
	struct fragment *fragment = fragment_new(LOG);
	size_t size;

	cr_assert_eq(fragment_load(fragment, 9, entries, 2, NULL), 0);
	cr_assert_eq(fragment_version(fragment), 9);
	cr_assert_str_eq(fragment_get(fragment, "a", &size), "1");
	cr_assert_eq(fragment_load(fragment, 10, entries, 3, NULL), -EBADMSG, "a key twice");
	entries[1].value = NULL;
	cr_assert_eq(fragment_load(fragment, 10, entries, 2, NULL), -EBADMSG);
	entries[1].value = "1";
	entries[1].key[0] = '\n';
	cr_assert_eq(fragment_load(fragment, 10, entries, 2, NULL), -EBADMSG);
	cr_assert_eq(fragment_version(fragment), 9);
	fragment_free(fragment);
}

static int stop_at_b(const char *key, const char *value, size_t size, void *argument)
{
	char *seen = argument;

	strncat(seen, key, 1);
	(void)value;
	(void)size;
	return *key == 'b' ? 42 : 0;
}

Test(fragment, a_walk_is_in_order_and_can_be_stopped)
{
	struct fragment *fragment = fragment_new(LOG);
	char seen[8] = "";

	cr_assert_eq(change(fragment, "c", "3"), 0);
	cr_assert_eq(change(fragment, "a", "1"), 0);
	cr_assert_eq(change(fragment, "b", "2"), 0);
	cr_assert_eq(fragment_walk(fragment, stop_at_b, seen), 42);
	cr_assert_str_eq(seen, "ab");
	fragment_free(fragment);
}
