// SPDX-License-Identifier: GPL-2.0-only
/* test-output.c - the two outputs, and what they make of text from outside. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <json-c/json.h>

#include "lbctl.h"
#include "output.h"

static const char *const columns[] = {"id", "public_key", "addresses"};
static const char *const addresses[] = {"10.0.0.1/32", "fd00::/8"};

static void show_something(struct output *out)
{
	output_field(out, "state", value_text("active"));
	output_field(out, "generation", value_u64(UINT64_MAX));
	output_group_begin(out, "last_job");
	output_field(out, "not_member", value_u64(0));
	output_field(out, "nothing", value_null());
	output_group_end(out);
	output_table_begin(out, "peers", columns, lbctl_array_size(columns));
	output_row(out,
		   (struct value[]){value_u64(1), value_text("key"), value_list(addresses, 2)});
	output_row(out, (struct value[]){value_u64(1000), value_null(), value_list(NULL, 0)});
	output_table_end(out);
}

static char *render(bool json, void (*show)(struct output *out))
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	struct output *out;

	cr_assert(to);
	out = output_new(json, to);
	cr_assert(out);
	show(out);
	cr_assert_eq(output_finish(out), 0);
	output_freep(&out);
	cr_assert_null(out);
	cr_assert_eq(fclose(to), 0);
	return text;
}

TestSuite(output);

Test(output, text_has_labels_groups_and_columns)
{
	char *text = render(false, show_something);

	cr_assert_str_eq(text, "state: active\n"
			       "generation: 18446744073709551615\n"
			       "last job:\n"
			       "  not member: 0\n"
			       "  nothing: -\n"
			       "ID    PUBLIC KEY  ADDRESSES\n"
			       "1     key         10.0.0.1/32,fd00::/8\n"
			       "1000  -           -\n");
	free(text);
}

Test(output, json_says_its_version_first_and_keeps_types)
{
	char *text = render(true, show_something);
	struct json_object *json = json_tokener_parse(text);
	struct json_object *value;
	struct json_object *row;

	cr_assert(json);
	cr_assert_eq(strncmp(text, "{\n  \"version\":1,", 16), 0, "%s", text);
	cr_assert(json_object_object_get_ex(json, "generation", &value));
	cr_assert_eq(json_object_get_uint64(value), UINT64_MAX);
	cr_assert(json_object_object_get_ex(json, "last_job", &value));
	cr_assert(json_object_object_get_ex(value, "nothing", &row));
	cr_assert_null(row);
	cr_assert(json_object_object_get_ex(json, "peers", &value));
	cr_assert_eq(json_object_array_length(value), 2);
	row = json_object_array_get_idx(value, 0);
	cr_assert(json_object_object_get_ex(row, "addresses", &value));
	cr_assert_eq(json_object_array_length(value), 2);
	cr_assert_str_eq(json_object_get_string(json_object_array_get_idx(value, 1)), "fd00::/8");
	json_object_put(json);
	free(text);
}

static void show_sentence_and_truth(struct output *out)
{
	output_group_begin(out, "group");
	output_note(out, "it is %s", "\x1b so");
	output_field(out, "right", value_bool(true));
	output_field(out, "wrong", value_bool(false));
	output_group_end(out);
}

Test(output, a_sentence_is_for_people_and_truth_for_both)
{
	char *text = render(false, show_sentence_and_truth);
	char *json = render(true, show_sentence_and_truth);

	cr_assert_str_eq(text, "group:\n  it is \\x1b so\n  right: yes\n  wrong: no\n");
	cr_assert_not_null(strstr(json, "\"right\":true,"), "%s", json);
	cr_assert_not_null(strstr(json, "\"wrong\":false"), "%s", json);
	cr_assert_null(strstr(json, "it is"), "%s", json);
	free(text);
	free(json);
}

static void show_empty_table(struct output *out)
{
	output_table_begin(out, "peers", columns, lbctl_array_size(columns));
	output_table_end(out);
}

Test(output, an_empty_table_is_a_header_and_an_empty_array)
{
	char *text = render(false, show_empty_table);
	char *json = render(true, show_empty_table);
	struct json_object *parsed;
	struct json_object *peers;

	cr_assert_str_eq(text, "ID  PUBLIC KEY  ADDRESSES\n");
	parsed = json_tokener_parse(json);
	cr_assert(json_object_object_get_ex(parsed, "peers", &peers));
	cr_assert_eq(json_object_get_type(peers), json_type_array);
	cr_assert_eq(json_object_array_length(peers), 0);
	json_object_put(parsed);
	free(text);
	free(json);
}

Test(output, text_from_outside_is_made_harmless)
{
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{"plain", "plain"},
		{"", ""},
		{"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
		 "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"\x1b[31mred\n\t\x7f", "\\x1b[31mred\\x0a\\x09\\x7f"},
		{"\xc2\x9b"
		 "31m",
		 "\\xc2\\x9b31m"}, /* CSI in one character */
		{"\xff\xfe", "\\xff\\xfe"},
		{"\xc3", "\\xc3"}, /* cut off */
		{"\xe2\x82", "\\xe2\\x82"},
		{"\xc0\xaf", "\\xc0\\xaf"}, /* a slash, too long */
		{"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"}, /* a surrogate */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond Unicode */
		{"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
	};

	for (size_t i = 0; i < lbctl_array_size(cases); i++) {
		char *safe = output_harmless(cases[i].in);

		cr_assert_str_eq(safe, cases[i].out, "case %zu: %s", i, safe);
		free(safe);
	}
}

Test(output, what_cannot_be_written_is_an_error)
{
	FILE *full = fopen("/dev/full", "w");
	struct output *out;

	cr_assert(full);
	for (int json = 0; json <= 1; json++) {
		out = output_new(json, full);
		cr_assert(out);
		show_something(out);
		cr_assert_lt(output_finish(out), 0);
		output_freep(&out);
	}
	(void)fclose(full);
}
