// SPDX-License-Identifier: GPL-2.0-only
/* What resources are known by: ids, names that nobody chooses, and the times in their heads. */
#include "model/kinds.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

Test(ids, an_id_has_its_kind_and_sorts_by_time)
{
	char earlier[RESOURCE_ID_SIZE], later[RESOURCE_ID_SIZE], twin[RESOURCE_ID_SIZE];

	for (int kind = 0; kind < RESOURCE_KINDS; kind++) {
		resource_id_make((enum resource_kind)kind, 1795659963000, earlier);
		resource_id_make((enum resource_kind)kind, 1795659963001, later);
		resource_id_make((enum resource_kind)kind, 1795659963001, twin);
		cr_expect(resource_id_valid((enum resource_kind)kind, earlier), "%s", earlier);
		cr_expect_lt(strcmp(earlier, later), 0);
		cr_expect_str_neq(later, twin);
		cr_expect_eq(resource_kind_by_prefix(earlier), kind);
		cr_expect_eq(
			resource_kind_by_plural(resource_schema((enum resource_kind)kind)->plural),
			kind);
	}
	/* 1469918176385 is the example of the ULID's specification. */
	ulid_make(1469918176385, earlier);
	cr_expect_eq(strncmp(earlier, "01ARYZ6S41", 10), 0, "%s", earlier);
	cr_expect_eq(strlen(earlier), 26);
}

Test(ids, what_is_not_quite_an_id_is_none)
{
	static const char *const wrong[] = {
		"",
		"net",
		"net_",
		"net_01KB00000000000000000000A",
		"net_01KB00000000000000000000AAA",
		"net_81KB00000000000000000000AA",
		"net_01KB00000000000000000000AU",
		"net_01kb00000000000000000000aa",
		"host_01KB00000000000000000000AA",
		"network_01KB00000000000000000000AA",
	};

	cr_expect(resource_id_valid(RESOURCE_NETWORK, "net_01KB00000000000000000000AA"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect(!resource_id_valid(RESOURCE_NETWORK, wrong[i]), "%s", wrong[i]);
	cr_expect_eq(resource_kind_by_prefix("network_x"), -ENOENT);
	cr_expect_eq(resource_kind_by_prefix(""), -ENOENT);
	cr_expect_eq(resource_kind_by_plural("network"), -ENOENT);
}

Test(ids, a_name_that_nobody_chooses_is_made_of_what_it_joins)
{
	struct policy *one = (struct policy *)resource_new(RESOURCE_POLICY);
	struct policy *two = (struct policy *)resource_new(RESOURCE_POLICY);
	struct bridge *bridge = (struct bridge *)resource_new(RESOURCE_BRIDGE);
	struct token *token = (struct token *)resource_new(RESOURCE_TOKEN);

	cr_assert(one && two && bridge && token);
	snprintf(one->from, sizeof(one->from), "local");
	snprintf(one->to, sizeof(one->to), "api");
	snprintf(two->from, sizeof(two->from), "local");
	snprintf(two->to, sizeof(two->to), "api");
	two->action = POLICY_DENY;
	resource_name_make(&one->head);
	resource_name_make(&two->head);
	cr_expect_str_eq(one->head.name, two->head.name);
	cr_expect_eq(strlen(one->head.name), 32);
	two->port = 80;
	resource_name_make(&two->head);
	cr_expect_str_neq(one->head.name, two->head.name);
	snprintf(bridge->networks[0], sizeof(bridge->networks[0]), "%s",
		 "net_01KB00000000000000000000AA");
	snprintf(bridge->networks[1], sizeof(bridge->networks[1]), "%s",
		 "net_01KB00000000000000000000AB");
	resource_name_make(&bridge->head);
	cr_expect_str_eq(bridge->head.name,
			 "net_01KB00000000000000000000AA-net_01KB00000000000000000000AB");
	snprintf(token->head.id, sizeof(token->head.id), "%s", "tok_01KB00000000000000000000AA");
	resource_name_make(&token->head);
	cr_expect_str_eq(token->head.name, token->head.id);
	snprintf(token->head.name, sizeof(token->head.name), "ci");
	resource_name_make(&token->head);
	cr_expect_str_eq(token->head.name, "ci");
	resource_free(&one->head);
	resource_free(&two->head);
	resource_free(&bridge->head);
	resource_free(&token->head);
}

Test(ids, a_time_is_read_as_it_was_written)
{
	static const int64_t times[] = {0, 1, 999, 1000, 951827696789, 1795659963000, TIME_MAX};
	char text[TIME_TEXT_SIZE];
	int64_t time;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		time_format(times[i], text);
		cr_expect_eq(time_parse(text, &time), 0, "%s", text);
		cr_expect_eq(time, times[i], "%s", text);
	}
	time_format(1795659963000, text);
	cr_expect_str_eq(text, "2026-11-26T02:26:03.000Z");
	cr_expect_eq(time_parse("2026-11-26T02:26:03Z", &time), 0);
	cr_expect_eq(time, 1795659963000);
	time_format(TIME_MAX + 1, text);
	cr_expect_str_eq(text, "");
	time_format(-1, text);
	cr_expect_str_eq(text, "");
}

Test(ids, what_is_not_a_time_in_one_form_is_refused)
{
	static const char *const wrong[] = {
		"",
		"2026",
		"2026-11-26",
		"2026-11-26T02:26:03",
		"2026-11-26T02:26:03.Z",
		"2026-11-26T02:26:03.0Z",
		"2026-11-26T02:26:03.0000Z",
		"2026-11-26T02:26:03.00aZ",
		"2026-11-26T02:26:03+00:00",
		"2026-11-26T02:26:03z",
		"2026-11-26 02:26:03Z",
		"2026-11-31T02:26:03Z",
		"2025-02-29T02:26:03Z",
		"2026-11-26T24:00:00Z",
		"2026-11-26T02:26:60Z",
		" 026-11-26T02:26:03Z",
		"2026-11-26T 2:26:03Z",
		"1969-12-31T23:59:59Z",
		"12026-11-26T02:26:03Z",
		"2026-11-26T02:26:03Z ",
	};
	int64_t time;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect_eq(time_parse(wrong[i], &time), -EINVAL, "%s", wrong[i]);
}
