// SPDX-License-Identifier: LGPL-2.1-or-later
/* test-prefix.c - addresses and prefixes, good and bad, in and out. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "test.h"

TestSuite(prefix);

Test(prefix, good_ones_come_out_in_their_canonical_form)
{
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{"10.0.0.0/8", "10.0.0.0/8"},
		{"10.1.2.3", "10.1.2.3/32"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"255.255.255.255/32", "255.255.255.255/32"},
		{"10.128.0.0/9", "10.128.0.0/9"},
		{"::/0", "::/0"},
		{"::", "::/128"},
		{"FD00:0:0:0::1", "fd00::1/128"},
		{"fd00:0000::/8", "fd00::/8"},
		{"fd00::8000:0:0:0/65", "fd00::8000:0:0:0/65"},
		{"::ffff:10.0.0.1", "::ffff:10.0.0.1/128"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"},
	};

	for (size_t i = 0; i < lbm_array_size(cases); i++) {
		char text[LBMESH_PREFIX_STRLEN];
		struct lbmesh_prefix prefix;
		struct lbmesh_prefix again;

		cr_assert_eq(lbmesh_prefix_parse(cases[i].in, &prefix), 0, "%s", cases[i].in);
		cr_assert_eq(lbmesh_prefix_check(&prefix), 0);
		cr_assert_eq(lbmesh_prefix_format(&prefix, text, sizeof(text)), 0);
		cr_assert_str_eq(text, cases[i].out);
		cr_assert_eq(lbmesh_prefix_parse(text, &again), 0);
		cr_assert_eq(lbmesh_prefix_compare(&prefix, &again), 0);
	}
}

Test(prefix, bad_ones_are_refused_with_the_reason)
{
	static const struct {
		const char *in;
		int error;
	} cases[] = {
		{"", -EINVAL},
		{"/", -EINVAL},
		{"/8", -EINVAL},
		{"10.0.0.0/", -EINVAL},
		{"10.0.0.0/8/8", -EINVAL},
		{"10.0.0.0/ 8", -EINVAL},
		{"10.0.0.0/+8", -EINVAL},
		{"10.0.0.0/-8", -EINVAL},
		{"10.0.0.0/08", -EINVAL},
		{"10.0.0.0/0x8", -EINVAL},
		{"10.0.0.0/255.0.0.0", -EINVAL},
		{" 10.0.0.0/8", -EINVAL},
		{"10.0.0.0/8 ", -EINVAL},
		{"10.0.0/8", -EINVAL},
		{"10.0.0.256", -EINVAL},
		{"010.0.0.1", -EINVAL},
		{"0x0a.0.0.1", -EINVAL},
		{"fe80::1%eth0", -EINVAL},
		{"[fd00::1]", -EINVAL},
		{"fd00::1::2", -EINVAL},
		{"host.example", -EINVAL},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", -EINVAL},
		{"10.0.0.0/33", -ERANGE},
		{"10.0.0.0/99999999999999999999", -ERANGE},
		{"fd00::/129", -ERANGE},
		{"10.0.0.1/8", -EDOM},
		{"10.64.0.0/9", -EDOM},
		{"0.0.0.1/0", -EDOM},
		{"fd00::1/64", -EDOM},
		{"8000::/0", -EDOM},
	};

	for (size_t i = 0; i < lbm_array_size(cases); i++) {
		struct lbmesh_prefix prefix;

		cr_assert_eq(lbmesh_prefix_parse(cases[i].in, &prefix), cases[i].error, "\"%s\"",
			     cases[i].in);
	}
}

Test(prefix, an_address_has_no_length)
{
	char text[LBMESH_PREFIX_STRLEN];
	struct lbmesh_prefix address;

	cr_assert_eq(lbmesh_address_parse("10.0.0.1/32", &address), -EINVAL);
	cr_assert_eq(lbmesh_address_parse("10.0.0.1", &address), 0);
	cr_assert_eq(address.family, AF_INET);
	cr_assert_eq(address.len, 32);
	cr_assert_eq(lbmesh_address_format(&address, text, sizeof(text)), 0);
	cr_assert_str_eq(text, "10.0.0.1");
}

Test(prefix, a_struct_that_no_text_makes_is_refused)
{
	struct lbmesh_prefix prefix = {.family = AF_INET, .len = 33};
	char text[LBMESH_PREFIX_STRLEN] = "before";

	cr_assert_eq(lbmesh_prefix_check(&prefix), -ERANGE);
	/* The bytes behind an IPv4 address are part of the comparison. */
	prefix = (struct lbmesh_prefix){.family = AF_INET, .len = 32, .addr[4] = 1};
	cr_assert_eq(lbmesh_prefix_check(&prefix), -EDOM);
	prefix = (struct lbmesh_prefix){.family = AF_UNIX};
	cr_assert_eq(lbmesh_prefix_check(&prefix), -EAFNOSUPPORT);
	cr_assert_eq(lbmesh_prefix_format(&prefix, text, sizeof(text)), -EAFNOSUPPORT);
	cr_assert_str_eq(text, "");
}

Test(prefix, formatting_never_writes_beyond_the_room_it_has)
{
	struct lbmesh_prefix prefix;
	char text[LBMESH_PREFIX_STRLEN];

	cr_assert_eq(lbmesh_prefix_parse("10.100.100.0/24", &prefix), 0);
	for (size_t size = 0; size <= strlen("10.100.100.0/24") + 1; size++) {
		int expected = size > strlen("10.100.100.0/24") ? 0 : -ENOSPC;

		memset(text, 'x', sizeof(text));
		cr_assert_eq(lbmesh_prefix_format(&prefix, text, size), expected, "%zu", size);
		cr_assert_eq(text[size], 'x');
		if (size && expected)
			cr_assert_eq(text[0], '\0');
	}
}

Test(prefix, order_is_by_family_then_address_then_length)
{
	static const char *const ordered[] = {"0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/16",
					      "10.0.0.1",  "192.0.2.1",	 "::/0",
					      "::1",	   "fd00::/8",	 "fd00::/16"};

	for (size_t i = 0; i < lbm_array_size(ordered); i++) {
		for (size_t j = 0; j < lbm_array_size(ordered); j++) {
			struct lbmesh_prefix a;
			struct lbmesh_prefix b;
			int order;

			cr_assert_eq(lbmesh_prefix_parse(ordered[i], &a), 0);
			cr_assert_eq(lbmesh_prefix_parse(ordered[j], &b), 0);
			order = lbmesh_prefix_compare(&a, &b);
			cr_assert_eq((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}
