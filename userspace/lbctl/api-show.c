// SPDX-License-Identifier: GPL-2.0-only
/*
 * api-show.c - what the controller answered, for people as a table or as lines, and in JSON as it
 * came. Called by cmd-*.c.
 */
#include <stdlib.h>
#include <string.h>

#include "api.h"

/* "80,443" of a list; JSON of what is no plain value. The caller frees *text. */
static struct value value_of(json_object *json, char **text)
{
	*text = NULL;
	switch (json_object_get_type(json)) {
	case json_type_null:
		return value_null();
	case json_type_boolean:
		return value_bool(json_object_get_boolean(json));
	case json_type_string:
		return value_text(json_object_get_string(json));
	case json_type_array: {
		size_t size;
		FILE *to = open_memstream(text, &size);

		for (size_t i = 0; to && i < json_object_array_length(json); i++) {
			json_object *item = json_object_array_get_idx(json, i);

			(void)fprintf(to, "%s%s", i ? "," : "",
				      json_object_is_type(item, json_type_object)
					      ? json_object_to_json_string_ext(
							item, JSON_C_TO_STRING_PLAIN)
					      : json_object_get_string(item));
		}
		if (to && fclose(to))
			return value_null();
		return value_text(*text && **text ? *text : NULL);
	}
	default:
		return value_text(json_object_to_json_string_ext(
			json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	}
}

static void row_show(struct output *out, const char *const *columns, size_t n, json_object *item)
{
	struct value cells[API_COLUMNS_MAX];
	char *texts[API_COLUMNS_MAX];

	for (size_t i = 0; i < n; i++) {
		json_object *value = NULL;

		json_object_object_get_ex(item, columns[i], &value);
		cells[i] = value_of(value, &texts[i]);
	}
	output_row(out, cells);
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
}

enum lbctl_exit show_list(const struct options *options, const char *plural,
			  const char *const *columns, json_object *items)
{
	struct output *out lbctl_cleanup(output_freep) = output_new(options->json, stdout);
	size_t n = 0;

	if (!out)
		return report_memory();
	if (output_is_json(out)) {
		output_field(out, plural,
			     value_document(json_object_to_json_string_ext(
				     items, JSON_C_TO_STRING_PLAIN)));
		return report_output(out);
	}
	while (n < API_COLUMNS_MAX && columns[n])
		n++;
	output_table_begin(out, plural, columns, n);
	for (size_t i = 0; i < json_object_array_length(items); i++)
		row_show(out, columns, n, json_object_array_get_idx(items, i));
	output_table_end(out);
	return report_output(out);
}

enum lbctl_exit show_one(const struct options *options, const char *name, json_object *one)
{
	struct output *out lbctl_cleanup(output_freep) = output_new(options->json, stdout);

	if (!out)
		return report_memory();
	if (output_is_json(out)) {
		output_field(out, name,
			     value_document(
				     json_object_to_json_string_ext(one, JSON_C_TO_STRING_PLAIN)));
		return report_output(out);
	}
	json_object_object_foreach(one, key, value) {
		char *text;

		output_field(out, key, value_of(value, &text));
		free(text);
	}
	return report_output(out);
}
