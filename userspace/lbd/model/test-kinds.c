// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kinds refuse, from the tables themselves: for every field of every kind each sort of bad
 * value, with its code and its path. What the kinds' checks say is in test-kind-checks.c.
 */
#include "testing/resources.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bad {
	const char *json;
	enum code code;
};

#define BAD_MAX 24

static size_t bad_types(const struct property *property, struct bad *bad)
{
	static const struct {
		enum json_type type;
		const char *json;
	} values[] = {
		{json_type_int, "7"},	     {json_type_string, "\"text\""},
		{json_type_boolean, "true"}, {json_type_double, "1.5"},
		{json_type_object, "{}"},    {json_type_array, "[]"},
		{json_type_null, "null"},
	};
	static const enum json_type types[] = {
		[PROPERTY_BOOLEAN] = json_type_boolean, [PROPERTY_NUMBER] = json_type_int,
		[PROPERTY_PAIR] = json_type_array,	[PROPERTY_LIST] = json_type_array,
		[PROPERTY_OBJECT] = json_type_object,
	};
	enum json_type right =
		property->type < sizeof(types) / sizeof(types[0]) && types[property->type]
			? types[property->type]
			: json_type_string;
	bool nullable = property->type == PROPERTY_ID || property->type == PROPERTY_TIME ||
			property->type == PROPERTY_KEY ||
			(property->type >= PROPERTY_PREFIX && property->type <= PROPERTY_ENDPOINT);
	size_t n = 0;

	if (property->flags & PROPERTY_REQUIRED)
		nullable = false;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (values[i].type == right || (values[i].type == json_type_null && nullable))
			continue;
		bad[n++] = (struct bad){values[i].json, CODE_FIELD_TYPE};
	}
	return n;
}

static const char *const bad_values[][6] = {
	[PROPERTY_TEXT] = {"\"a\\u0000\"", "\"\\n\"", "\"\\u007f\"", "\"\\u0085\""},
	[PROPERTY_NAME] = {"\"\"", "\"A\"", "\"-a\"", "\"a_b\"", "\"a\\u0000\""},
	[PROPERTY_ID] = {"\"\"", "\"a\"", "\"xyz_01KB00000000000000000000AA\"",
			 "\"" HOST_A "\\u0000\""},
	[PROPERTY_NUMBER] = {"-2", "99999999999999999999", "-99999999999999999999",
			     "9223372036854775807"},
	[PROPERTY_TIME] = {"\"\"", "\"today\"", "\"2026-11-26\"", "\"1970-01-01T00:00:00Z\"",
			   "\"2026-11-26T02:26:03+01:00\""},
	[PROPERTY_WORD] = {"\"\"", "\"other\"", "\"ACTIVE\""},
	[PROPERTY_PREFIX] = {"\"\"", "\"10.0.0.0\"", "\"10.0.0.1/8\"", "\"10.0.0.0/33\"",
			     "\"fd00::/129\""},
	[PROPERTY_ADDRESS] = {"\"\"", "\"10.0.0.0/8\"", "\"10.0.0.256\"", "\"a\""},
	[PROPERTY_ENDPOINT] = {"\"\"", "\"10.0.0.1\"", "\"10.0.0.1:0\"", "\"10.0.0.1:65536\"",
			       "\"a.example.org:1\"", "\"::1:5\""},
	[PROPERTY_KEY] = {"\"\"", "\"a\"", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"",
			  "\"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyB=\""},
	[PROPERTY_PAIR] = {"[]", "[\"" NET_A "\"]", "[\"" NET_A "\",\"" NET_B "\",\"" NET_B "\"]"},
};

static size_t bad_collect(const struct property *property, struct bad *bad)
{
	size_t n = bad_types(property, bad);

	if (property->type >= sizeof(bad_values) / sizeof(bad_values[0]))
		return n;
	for (size_t i = 0; i < 6 && bad_values[property->type][i]; i++)
		bad[n++] = (struct bad){bad_values[property->type][i], CODE_FIELD_VALUE};
	return n;
}

/* {"field": value} on top of the least that the kind needs. */
static void spoiled_check(enum resource_kind kind, const char *field, const char *value,
			  enum code code, const char *path)
{
	struct resource *resource = resource_new(kind);
	json_object *document = document_of(least_documents[kind]), *given;
	struct fault fault = {0};
	char *text;
	int ret;

	cr_assert(asprintf(&text, "[%s]", value) > 0);
	given = document_of(text);
	json_object_object_add(document, field,
			       json_object_get(json_object_array_get_idx(given, 0)));
	json_object_put(given);
	free(text);
	ret = resource_decode(resource, document, RESOURCE_CREATE, true, &fault);
	cr_expect_neq(ret, 0, "%s: %s", path, value);
	cr_expect_str_eq(code_info(fault.code)->text, code_info(code)->text, "%s: %s: %s", path,
			 value, fault.text);
	cr_expect_str_eq(fault.path, path, "%s: %s: at \"%s\"", path, value, fault.path);
	cr_expect(fault.text[0], "%s: %s", path, value);
	json_object_put(document);
	resource_free(resource);
}

static unsigned int checked;

static void plain_check(enum resource_kind kind, const struct property *property)
{
	struct bad bad[BAD_MAX];
	size_t n = bad_collect(property, bad);

	for (size_t i = 0; i < n; i++, checked++)
		spoiled_check(kind, property->name, bad[i].json, bad[i].code, property->name);
}

/* A list of one bad element, and one that is too long by one. */
static void list_check(enum resource_kind kind, const struct property *property)
{
	bool plain = !property->fields[0].name;
	struct bad bad[BAD_MAX];
	size_t n = plain ? bad_collect(property->fields, bad) : 0;
	char text[256], path[64];
	char *many;

	for (size_t i = 0; i < n; i++, checked++) {
		snprintf(text, sizeof(text), "[%s]", bad[i].json);
		snprintf(path, sizeof(path), "%s[0]", property->name);
		spoiled_check(kind, property->name, text, bad[i].code, path);
	}
	/* "[7,7,7]" with an element too many. */
	many = calloc((size_t)property->max * 2 + 4, 1);
	cr_assert_not_null(many);
	for (size_t i = 0; i <= (size_t)property->max; i++) {
		many[i * 2] = i ? ',' : '[';
		many[i * 2 + 1] = '7';
	}
	many[(size_t)property->max * 2 + 2] = ']';
	spoiled_check(kind, property->name, many, CODE_LIST_TOO_LONG, property->name);
	free(many);
	if (property->min)
		spoiled_check(kind, property->name, "[]", CODE_FIELD_VALUE, property->name);
	checked++;
}

Test(kinds, each_field_of_each_kind_refuses_each_sort_of_bad_value_by_name)
{
	for (int kind = 0; kind < RESOURCE_KINDS; kind++) {
		const struct resource_schema *schema = resource_schema((enum resource_kind)kind);

		for (size_t i = 0; i < schema->n_properties; i++) {
			const struct property *property = &schema->properties[i];

			if (property->flags & (PROPERTY_READ_ONLY | PROPERTY_HIDDEN))
				continue;
			plain_check((enum resource_kind)kind, property);
			if (property->type == PROPERTY_LIST)
				list_check((enum resource_kind)kind, property);
		}
	}
	cr_expect_gt(checked, 350, "%u", checked);
}

/* Whatever the value: it is not looked at. */
Test(kinds, what_is_not_a_clients_is_refused_on_creation_and_in_a_patch)
{
	for (int kind = 0; kind < RESOURCE_KINDS; kind++) {
		const struct resource_schema *schema = resource_schema((enum resource_kind)kind);

		for (size_t i = 0; i < schema->n_properties; i++) {
			const struct property *property = &schema->properties[i];
			enum code tenant = CODE_NONE, system = CODE_NONE;
			char text[64];

			if (property->flags & PROPERTY_READ_ONLY)
				tenant = system = CODE_FIELD_READ_ONLY;
			if (property->flags & PROPERTY_SYSTEM)
				tenant = CODE_FIELD_UNKNOWN;
			if (property->flags & PROPERTY_HIDDEN)
				tenant = system = CODE_FIELD_UNKNOWN;
			snprintf(text, sizeof(text), "{\"%s\":[{}]}", property->name);
			for (int j = 0; j < 4; j++) {
				enum code code = j % 2 ? system : tenant;
				struct resource *resource =
					least_resource((enum resource_kind)kind);
				struct fault fault = {0};

				if (code == CODE_NONE) {
					resource_free(resource);
					continue;
				}
				cr_expect_neq(text_decode(resource, text,
							  j / 2 ? RESOURCE_PATCH : RESOURCE_CREATE,
							  j % 2, &fault),
					      0, "%s.%s", schema->singular, property->name);
				cr_expect_eq(fault.code, code, "%s.%s: %s", schema->singular,
					     property->name, code_info(fault.code)->text);
				cr_expect_str_eq(fault.path, property->name);
				resource_free(resource);
			}
		}
	}
}

Test(kinds, tables_are_whole)
{
	for (int kind = 0; kind < RESOURCE_KINDS; kind++) {
		const struct resource_schema *schema = resource_schema((enum resource_kind)kind);

		cr_expect_eq((int)schema->kind, kind);
		cr_expect_eq(!schema->owner_kinds, !schema->owner_shown, "%s", schema->singular);
		for (size_t i = 0; i < schema->n_properties; i++) {
			const struct property *property = &schema->properties[i];

			cr_expect(property->help && property->help[0], "%s.%s", schema->singular,
				  property->name);
			cr_expect_leq(property->offset, schema->size);
			cr_expect(property->type != PROPERTY_NUMBER ||
					  property->max > property->min,
				  "%s.%s", schema->singular, property->name);
			cr_expect(property->type != PROPERTY_LIST ||
					  (property->max > 0 && property->n_fields),
				  "%s.%s", schema->singular, property->name);
			for (size_t j = 0; j < i; j++)
				cr_expect_str_neq(property->name, schema->properties[j].name);
		}
	}
}
