// SPDX-License-Identifier: GPL-2.0-only
/*
 * output-json.c - the output for programs: one JSON object with "version"
 * first. It is kept until output_finish(), so that a failure half-way writes
 * no half of it. Here and in api-*.c is all that knows json-c.
 */
#include <errno.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "output.h"

#define DEPTH_MAX 4

struct output_json {
	struct output base;
	struct json_object *stack[DEPTH_MAX]; /* [0] owns the rest */
	size_t depth;
	bool one_line;
	struct json_object *table;
	const char *const *columns;
	size_t n_columns;
};

static int string_make(const char *text, struct json_object **json)
{
	char *safe = output_harmless(text);

	*json = safe ? json_object_new_string(safe) : NULL;
	free(safe);
	return *json ? 0 : -ENOMEM;
}

static int list_make(struct value value, struct json_object **json)
{
	*json = json_object_new_array();
	for (size_t i = 0; *json && i < value.n_list; i++) {
		struct json_object *item;

		if (!string_make(value.list[i], &item) && !json_object_array_add(*json, item))
			continue;
		json_object_put(*json);
		*json = NULL;
	}
	return *json ? 0 : -ENOMEM;
}

/* json-c escapes the control characters in it, and its reader has refused what is no UTF-8. */
static int document_make(const char *text, struct json_object **json)
{
	enum json_tokener_error error;

	*json = json_tokener_parse_verbose(text, &error);
	return error == json_tokener_success ? 0 : -EBADMSG;
}

/* json-c would write 98.7 as 98.700000000000003. */
static int tenths_make(uint64_t tenths, struct json_object **json)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%llu.%llu", (unsigned long long)tenths / 10,
		       (unsigned long long)tenths % 10);
	*json = json_object_new_double_s((double)tenths / 10, text);
	return *json ? 0 : -ENOMEM;
}

static int value_make(struct value value, struct json_object **json)
{
	*json = NULL;
	switch (value.type) {
	case VALUE_STRING:
		return string_make(value.string, json);
	case VALUE_NUMBER:
		*json = json_object_new_uint64(value.number);
		return *json ? 0 : -ENOMEM;
	case VALUE_TENTHS:
		return tenths_make(value.number, json);
	case VALUE_BOOL:
		*json = json_object_new_boolean((json_bool)value.number);
		return *json ? 0 : -ENOMEM;
	case VALUE_LIST:
		return list_make(value, json);
	case VALUE_DOCUMENT:
		return document_make(value.string, json);
	default:
		return 0; /* json-c's null */
	}
}

static int member_add(struct json_object *object, const char *key, struct json_object *value)
{
	if (!json_object_object_add(object, key, value))
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

static struct json_object *top(struct output_json *json)
{
	return json->stack[json->depth - 1];
}

/* Programs read the fields. */
static int json_note(struct output *out, const char *sentence)
{
	(void)out;
	(void)sentence;
	return 0;
}

static int json_field(struct output *out, const char *key, struct value value)
{
	struct output_json *json = (struct output_json *)out;
	struct json_object *made;

	if (value_make(value, &made))
		return -ENOMEM;
	return member_add(top(json), key, made);
}

static int json_group_begin(struct output *out, const char *key)
{
	struct output_json *json = (struct output_json *)out;
	struct json_object *group = json_object_new_object();

	if (!group || json->depth == DEPTH_MAX || member_add(top(json), key, group))
		return -ENOMEM;
	json->stack[json->depth++] = group;
	return 0;
}

static int json_group_end(struct output *out)
{
	struct output_json *json = (struct output_json *)out;

	json->depth--;
	return 0;
}

static int json_table_begin(struct output *out, const char *key, const char *const *columns,
			    size_t n_columns)
{
	struct output_json *json = (struct output_json *)out;

	json->table = json_object_new_array();
	json->columns = columns;
	json->n_columns = n_columns;
	return json->table ? member_add(top(json), key, json->table) : -ENOMEM;
}

static int json_row(struct output *out, const struct value *cells)
{
	struct output_json *json = (struct output_json *)out;
	struct json_object *row = json_object_new_object();

	if (!row)
		return -ENOMEM;
	for (size_t i = 0; i < json->n_columns; i++) {
		struct json_object *made;

		if (value_make(cells[i], &made) || member_add(row, json->columns[i], made)) {
			json_object_put(row);
			return -ENOMEM;
		}
	}
	if (!json_object_array_add(json->table, row))
		return 0;
	json_object_put(row);
	return -ENOMEM;
}

static int json_table_end(struct output *out)
{
	struct output_json *json = (struct output_json *)out;

	json->table = NULL;
	return 0;
}

static int json_finish(struct output *out)
{
	struct output_json *json = (struct output_json *)out;
	int how = json->one_line ? JSON_C_TO_STRING_PLAIN : JSON_C_TO_STRING_PRETTY;
	const char *text = json_object_to_json_string_ext(json->stack[0],
							  how | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!text)
		return -ENOMEM;
	return fputs(text, out->to) == EOF || fputc('\n', out->to) == EOF ? -EIO : 0;
}

static void json_free(struct output *out)
{
	struct output_json *json = (struct output_json *)out;

	json_object_put(json->stack[0]);
	free(json);
}

/**
 * output_json_new() - Begin a JSON output.
 * @to: where it goes; the caller's
 * @one_line: without line breaks, for a stream of objects
 *
 * Return: an output for output_freep(), or NULL when there is no memory.
 */
struct output *output_json_new(FILE *to, bool one_line)
{
	static const struct output_ops ops = {
		.note = json_note,
		.field = json_field,
		.group_begin = json_group_begin,
		.group_end = json_group_end,
		.table_begin = json_table_begin,
		.row = json_row,
		.table_end = json_table_end,
		.finish = json_finish,
		.free = json_free,
	};
	struct output_json *json = calloc(1, sizeof(*json));

	if (!json)
		return NULL;
	json->base.ops = &ops;
	json->base.to = to;
	json->base.json = true;
	json->one_line = one_line;
	json->stack[json->depth++] = json_object_new_object();
	if (!json->stack[0] || json_field(&json->base, "version", value_u64(OUTPUT_VERSION))) {
		json_free(&json->base);
		return NULL;
	}
	return &json->base;
}
