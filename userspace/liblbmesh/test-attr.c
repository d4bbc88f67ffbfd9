// SPDX-License-Identifier: LGPL-2.1-or-later
/* test-attr.c - attributes from outside: what does not fit is an error. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static const struct lbm_policy policy[5] = {
	[1] = {.type = MNL_TYPE_U32},
	[2] = {.type = MNL_TYPE_NUL_STRING},
	[3] = {.type = MNL_TYPE_BINARY, .len = 8},
	[4] = {.type = MNL_TYPE_NESTED},
};

/* Exactly as much memory as there are bytes, so that ASan sees one too far. */
static int parse(const void *bytes, size_t len, const struct nlattr **tb)
{
	void *copy = malloc(len ? len : 1);
	int ret;

	cr_assert(copy);
	memcpy(copy, bytes, len);
	ret = lbm_attrs_parse(copy, len, tb, 4, policy);
	free(copy);
	return ret;
}

static size_t put(uint8_t *to, uint16_t len, uint16_t type, const void *data, size_t bytes)
{
	struct nlattr attr = {len, type};

	memcpy(to, &attr, sizeof(attr));
	if (bytes)
		memcpy(to + sizeof(attr), data, bytes);
	return sizeof(attr) + bytes;
}

TestSuite(attr);

Test(attr, nothing_at_all_is_fine)
{
	const struct nlattr *tb[5];

	cr_assert_eq(parse("", 0, tb), 0);
	for (size_t i = 0; i < 5; i++)
		cr_assert_null(tb[i]);
}

Test(attr, numbers_must_have_exactly_their_length)
{
	for (uint16_t bytes = 0; bytes <= 8; bytes++) {
		uint8_t buf[16] = {0};
		const struct nlattr *tb[5];

		(void)put(buf, (uint16_t)(4 + bytes), 1, "12345678", bytes);
		cr_assert_eq(parse(buf, MNL_ALIGN(4U + bytes), tb), bytes == 4 ? 0 : -EPROTO);
	}
}

Test(attr, binaries_must_have_exactly_their_length)
{
	for (uint16_t bytes = 0; bytes <= 12; bytes++) {
		uint8_t buf[20] = {0};
		const struct nlattr *tb[5];

		(void)put(buf, (uint16_t)(4 + bytes), 3, "123456789012", bytes);
		cr_assert_eq(parse(buf, MNL_ALIGN(4U + bytes), tb), bytes == 8 ? 0 : -EPROTO);
	}
}

Test(attr, strings_must_end)
{
	const struct nlattr *tb[5];
	uint8_t buf[16];
	size_t len;

	len = put(buf, 8, 2, "abc", 4);
	cr_assert_eq(parse(buf, len, tb), 0);
	len = put(buf, 8, 2, "abcd", 4);
	cr_assert_eq(parse(buf, len, tb), -EPROTO);
	len = put(buf, 4, 2, "", 0);
	cr_assert_eq(parse(buf, len, tb), -EPROTO);
}

Test(attr, a_length_that_lies_is_refused)
{
	static const uint16_t lengths[] = {0, 1, 2, 3, 9, 12, 0x7fff, 0xffff};

	for (size_t i = 0; i < lbm_array_size(lengths); i++) {
		const struct nlattr *tb[5];
		uint8_t buf[8];

		(void)put(buf, lengths[i], 1, "1234", 4);
		cr_assert_eq(parse(buf, sizeof(buf), tb), -EPROTO, "%u", lengths[i]);
	}
}

Test(attr, a_message_cut_at_any_byte_is_refused_or_whole)
{
	uint8_t buf[32];
	const struct nlattr *tb[5];
	size_t len = put(buf, 8, 1, "1234", 4);

	len += put(buf + len, 12, 3, "12345678", 8);
	for (size_t cut = 0; cut <= len; cut++) {
		bool boundary = cut == 0 || cut == 8 || cut == len;

		cr_assert_eq(parse(buf, cut, tb), boundary ? 0 : -EPROTO, "%zu", cut);
	}
}

Test(attr, types_of_a_newer_module_are_skipped)
{
	uint8_t buf[32];
	const struct nlattr *tb[5];
	size_t len = put(buf, 8, 900, "1234", 4);

	len += put(buf + len, 8, 1, "1234", 4);
	cr_assert_eq(parse(buf, len, tb), 0);
	cr_assert_not_null(tb[1]);
}

Test(attr, a_string_is_cut_to_fit)
{
	struct test_message message;
	struct nlmsghdr *nlh = test_message(&message, TEST_FAMILY, 1, 0);
	char text[4];

	mnl_attr_put_strz(nlh, 2, "abcdef");
	lbm_attr_string(mnl_nlmsg_get_payload_offset(nlh, GENL_HDRLEN), text, sizeof(text));
	cr_assert_str_eq(text, "abc");
	lbm_attr_string(NULL, text, sizeof(text));
	cr_assert_str_eq(text, "");
}
