// SPDX-License-Identifier: GPL-2.0-only
/*
 * Strict reading of JSON on top of json-c. json-c's strict mode still lets three things through
 * that would make a file mean something else than it seems to: a field given twice (the last one
 * wins silently; duplicates.c), a NUL byte as the end of the text, and NULs inside strings.
 */
#include "model/document.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static void tokener_freep(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

/* Line and column, from 1, of an offset; a syntax error has no field to name. */
static void position_find(const char *bytes, size_t offset, size_t *line, size_t *column)
{
	*line = 1;
	*column = 1;
	for (size_t i = 0; i < offset; i++) {
		if (bytes[i] == '\n') {
			(*line)++;
			*column = 1;
		} else {
			(*column)++;
		}
	}
}

static int syntax_fault(const char *bytes, size_t offset, const char *what, struct fault *fault)
{
	size_t line, column;

	position_find(bytes, offset, &line, &column);
	return fault_set(fault, -EINVAL, NULL, "line %zu, column %zu: %s", line, column, what);
}

static int trailing_check(const char *bytes, size_t size, size_t offset, struct fault *fault)
{
	for (; offset < size; offset++) {
		if (!bytes[offset] || !strchr(" \t\r\n", bytes[offset]))
			return syntax_fault(bytes, offset, "something follows the JSON text",
					    fault);
	}
	return 0;
}

int document_parse(const char *bytes, size_t size, json_object **root, struct fault *fault)
{
	__attribute__((cleanup(tokener_freep))) struct json_tokener *tokener = NULL;
	__attribute__((cleanup(document_putp))) json_object *parsed = NULL;
	enum json_tokener_error error;
	size_t end;
	int ret;

	if (size > DOCUMENT_SIZE_MAX)
		return fault_set(fault, -EFBIG, NULL, "is larger than %u MiB",
				 DOCUMENT_SIZE_MAX >> 20);
	/* json-c counts the root as depth 1 and refuses the depth that it is given. */
	tokener = json_tokener_new_ex(DOCUMENT_DEPTH_MAX + 1);
	if (!tokener)
		return fault_memory(fault);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	parsed = json_tokener_parse_ex(tokener, bytes, (int)size);
	error = json_tokener_get_error(tokener);
	end = json_tokener_get_parse_end(tokener);
	if (error == json_tokener_continue)
		return syntax_fault(bytes, end, "the JSON text ends too early", fault);
	if (error != json_tokener_success)
		return syntax_fault(bytes, end, json_tokener_error_desc(error), fault);
	if ((ret = trailing_check(bytes, size, end, fault)))
		return ret;
	if ((ret = document_duplicates_check(bytes, size, fault)))
		return ret;
	*root = parsed;
	parsed = NULL;
	return 0;
}

static const char *type_phrase(enum json_type type)
{
	switch (type) {
	case json_type_object:
		return "an object";
	case json_type_array:
		return "an array";
	case json_type_int:
		return "a whole number";
	case json_type_string:
		return "a string";
	default:
		return "something else";
	}
}

int document_type_check(json_object *value, const struct field *at, enum json_type type,
			struct fault *fault)
{
	if (json_object_is_type(value, type))
		return 0;
	return fault_set(fault, -EINVAL, at, "must be %s", type_phrase(type));
}

int document_fields(json_object *object, const struct field *at, const struct document_rule *rules,
		    size_t n, json_object **values, struct fault *fault)
{
	size_t i;
	int ret;

	if ((ret = document_type_check(object, at, json_type_object, fault)))
		return ret;
	for (i = 0; i < n; i++)
		values[i] = NULL;
	json_object_object_foreach(object, name, value) {
		for (i = 0; i < n && strcmp(rules[i].name, name) != 0; i++)
			;
		if (i == n)
			return fault_set(fault, -EINVAL, FIELD(at, name), "unknown field");
		/* json_type_null in a rule: the caller looks at the type itself. */
		if (rules[i].type != json_type_null &&
		    (ret = document_type_check(value, FIELD(at, name), rules[i].type, fault)))
			return ret;
		values[i] = value;
	}
	for (i = 0; i < n; i++) {
		if (rules[i].required && !values[i])
			return fault_set(fault, -EINVAL, FIELD(at, rules[i].name), "is missing");
	}
	return 0;
}

int document_number(json_object *value, const struct field *at, int64_t min, int64_t max,
		    int64_t *number, struct fault *fault)
{
	int ret;

	if ((ret = document_type_check(value, at, json_type_int, fault)))
		return ret;
	/* Out of the range of int64_t comes back as its nearest end, so it is refused below. */
	*number = json_object_get_int64(value);
	if (min == max && *number != min)
		return fault_set(fault, -ERANGE, at, "must be %lld", (long long)min);
	if (*number < min || *number > max)
		return fault_set(fault, -ERANGE, at, "must be from %lld to %lld", (long long)min,
				 (long long)max);
	return 0;
}

int document_text(json_object *value, const struct field *at, const char **text,
		  struct fault *fault)
{
	int ret;

	if ((ret = document_type_check(value, at, json_type_string, fault)))
		return ret;
	*text = json_object_get_string(value);
	if (!**text && !json_object_get_string_len(value))
		return fault_set(fault, -EINVAL, at, "must not be empty");
	if (strlen(*text) != (size_t)json_object_get_string_len(value))
		return fault_set(fault, -EINVAL, at, "must not contain a NUL character");
	return 0;
}

int document_name(json_object *value, const struct field *at, char name[64], struct fault *fault)
{
	const char *text;
	size_t i;
	int ret;

	if ((ret = document_text(value, at, &text, fault)))
		return ret;
	for (i = 0; text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (i == 63 || c >= 0x80 || !(isalnum(c) || (i && strchr("._-", c))))
			return fault_set(fault, -EINVAL, at,
					 "must be 1 to 63 letters, digits, \".\", \"_\" or \"-\", "
					 "and start with a letter or digit");
	}
	memcpy(name, text, i + 1);
	return 0;
}

int document_length(json_object *array, const struct field *at, size_t max, size_t *n,
		    struct fault *fault)
{
	*n = array ? json_object_array_length(array) : 0;
	if (*n > max)
		return fault_set(fault, -ERANGE, at, "has %zu elements; the limit is %zu", *n, max);
	return 0;
}

int document_copy(json_object *value, const struct field *at, char **copy, struct fault *fault)
{
	const char *text;
	int ret;

	if (!value)
		return 0;
	if ((ret = document_text(value, at, &text, fault)))
		return ret;
	*copy = strdup(text);
	return *copy ? 0 : fault_memory(fault);
}
