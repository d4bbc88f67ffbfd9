// SPDX-License-Identifier: GPL-2.0-only
/*
 * One value from JSON, by its property's type: strict, and refused with a code, its path, and what
 * would be right. That texts are UTF-8 is document_parse()'s to see to. Used by resource-decode.c.
 */
#include "model/endpoint.h"
#include "model/key.h"
#include "model/resource-value.h"
#include "model/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *type_phrase(enum json_type type)
{
	switch (type) {
	case json_type_object:
		return "an object";
	case json_type_array:
		return "an array";
	case json_type_int:
		return "a whole number";
	case json_type_boolean:
		return "true or false";
	default:
		return "a string";
	}
}

int type_check(json_object *json, const struct field *at, enum json_type type,
	       const struct reading *reading)
{
	if (json_object_is_type(json, type))
		return 0;
	return fault_refuse(reading->fault, CODE_FIELD_TYPE, at, "must be %s", type_phrase(type));
}

static int string_get(json_object *json, const struct field *at, const char **text,
		      const struct reading *reading)
{
	int ret = type_check(json, at, json_type_string, reading);

	if (ret)
		return ret;
	*text = json_object_get_string(json);
	if (strlen(*text) != (size_t)json_object_get_string_len(json))
		return fault_refuse(reading->fault, CODE_FIELD_VALUE, at,
				    "must not contain a NUL character");
	return 0;
}

/* C0, DEL, and C1, which in UTF-8 is C2 80 to C2 9F. */
static bool has_control(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0))
			return true;
	}
	return false;
}

int text_read(json_object *json, const struct field *at, size_t min, char *text, size_t size,
	      const struct reading *reading)
{
	const char *given;
	size_t length;
	int ret;

	if ((ret = string_get(json, at, &given, reading)))
		return ret;
	length = strlen(given);
	if (length < min || length >= size)
		return fault_refuse(reading->fault, CODE_FIELD_VALUE, at,
				    "has %zu bytes; must have %zu to %zu", length, min, size - 1);
	if (has_control(given))
		return fault_refuse(reading->fault, CODE_FIELD_VALUE, at,
				    "must not contain control characters");
	memset(text, 0, size);
	memcpy(text, given, length);
	return 0;
}

int name_read(json_object *json, const struct field *at, char name[RESOURCE_NAME_SIZE],
	      const struct reading *reading)
{
	char text[RESOURCE_NAME_SIZE];
	int ret = text_read(json, at, 1, text, sizeof(text), reading);

	if (ret)
		return ret;
	if (!label_valid(text, strlen(text)))
		return fault_refuse(reading->fault, CODE_FIELD_VALUE, at,
				    "must be 1 to 63 of a-z, 0-9 and \"-\", and neither start nor "
				    "end with \"-\"");
	memcpy(name, text, sizeof(text));
	return 0;
}

int number_read(json_object *json, const struct field *at, int64_t min, int64_t max,
		int64_t *number, const struct reading *reading)
{
	int64_t given;
	int ret = type_check(json, at, json_type_int, reading);

	if (ret)
		return ret;
	/* What does not fit comes back as the nearest end of int64_t, beyond every max. */
	given = json_object_get_int64(json);
	if (given < min || given > max)
		return fault_refuse(reading->fault, CODE_FIELD_VALUE, at,
				    "must be from %" PRId64 " to %" PRId64, min, max);
	*number = given;
	return 0;
}

int time_read(json_object *json, const struct field *at, int64_t *time,
	      const struct reading *reading)
{
	const char *text;
	int ret;

	if ((ret = string_get(json, at, &text, reading)))
		return ret;
	/* 1970 itself stands for none. */
	if (time_parse(text, time) || !*time)
		return fault_refuse(reading->fault, CODE_FIELD_VALUE, at,
				    "must be a time after 1970 in UTC, as in "
				    "\"2026-11-26T02:26:03Z\"");
	return 0;
}

static int id_check(enum resource_kind refers, const char *id)
{
	int kind = refers == RESOURCE_KINDS ? resource_kind_by_prefix(id) : (int)refers;

	return kind >= 0 && resource_id_valid((enum resource_kind)kind, id) ? 0 : -EINVAL;
}

static int id_read(const struct property *property, json_object *json, const struct field *at,
		   char *id, const struct reading *reading)
{
	const char *text;
	int ret;

	if ((ret = string_get(json, at, &text, reading)))
		return ret;
	if (id_check(property->refers, text))
		return fault_refuse(reading->fault, CODE_FIELD_VALUE, at,
				    "must be the id of %s%s, not its name",
				    property->refers == RESOURCE_KINDS ? "an object" : "a ",
				    property->refers == RESOURCE_KINDS
					    ? ""
					    : resource_schema(property->refers)->singular);
	snprintf(id, RESOURCE_ID_SIZE, "%s", text);
	return 0;
}

static int pair_read(const struct property *property, json_object *json, const struct field *at,
		     char *ids, const struct reading *reading)
{
	int ret = type_check(json, at, json_type_array, reading);

	if (ret)
		return ret;
	if (json_object_array_length(json) != 2)
		return fault_refuse(reading->fault, CODE_FIELD_VALUE, at, "must be two ids");
	for (size_t i = 0; i < 2; i++) {
		if ((ret = id_read(property, json_object_array_get_idx(json, i), ITEM(at, i),
				   ids + i * RESOURCE_ID_SIZE, reading)))
			return ret;
	}
	return 0;
}

static int boolean_read(json_object *json, const struct field *at, bool *value,
			const struct reading *reading)
{
	int ret = type_check(json, at, json_type_boolean, reading);

	if (!ret)
		*value = json_object_get_boolean(json);
	return ret;
}

/* "a, b, c" as far as it fits: no word and no list of them is long. */
static const char *words_list(const struct property *property, size_t n, char *text, size_t size)
{
	char *end = text;

	for (size_t i = 0; i < n; i++) {
		size_t length = strlen(property->words[i]);

		if ((size_t)(end - text) + length + 3 > size)
			break;
		if (i)
			end = stpcpy(end, ", ");
		end = stpcpy(end, property->words[i]);
	}
	*end = '\0';
	return text;
}

static int word_read(const struct property *property, json_object *json, const struct field *at,
		     int *word, const struct reading *reading)
{
	bool all = reading->system || reading->mode == RESOURCE_STORED || !property->words_tenant;
	size_t n = all ? property->n_words : property->words_tenant;
	char list[256];
	const char *text;
	int ret;

	if ((ret = string_get(json, at, &text, reading)))
		return ret;
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(text, property->words[i])) {
			*word = (int)i;
			return 0;
		}
	}
	return fault_refuse(reading->fault, CODE_FIELD_VALUE, at, "must be one of: %s",
			    words_list(property, n, list, sizeof(list)));
}

static int prefix_read(json_object *json, const struct field *at, struct lbmesh_prefix *prefix,
		       const struct reading *reading)
{
	const char *text;
	int ret;

	if ((ret = string_get(json, at, &text, reading)))
		return ret;
	ret = strchr(text, '/') ? lbmesh_prefix_parse(text, prefix) : -EINVAL;
	if (ret == -EDOM)
		return fault_refuse(reading->fault, CODE_FIELD_VALUE, at,
				    "has bits set beyond its length; set them to zero");
	if (ret)
		return fault_refuse(reading->fault, CODE_FIELD_VALUE, at,
				    "must be a CIDR, as in \"100.64.1.0/24\"");
	return 0;
}

static int address_read(json_object *json, const struct field *at, struct lbmesh_prefix *address,
			const struct reading *reading)
{
	const char *text;
	int ret;

	if ((ret = string_get(json, at, &text, reading)))
		return ret;
	if (lbmesh_address_parse(text, address))
		return fault_refuse(reading->fault, CODE_FIELD_VALUE, at,
				    "must be an IPv4 or IPv6 address without a length");
	return 0;
}

static int endpoint_read(json_object *json, const struct field *at,
			 struct resource_endpoint *endpoint, const struct reading *reading)
{
	const char *text;
	int ret;

	if ((ret = string_get(json, at, &text, reading)))
		return ret;
	if (endpoint_parse(text, &endpoint->address, &endpoint->port))
		return fault_refuse(reading->fault, CODE_FIELD_VALUE, at,
				    "must be ADDRESS:PORT or [IPV6]:PORT, with an address in "
				    "numbers and a port from 1 to 65535");
	return 0;
}

static int key_read(json_object *json, const struct field *at, uint8_t *key,
		    const struct reading *reading)
{
	const char *text;
	int ret;

	if ((ret = string_get(json, at, &text, reading)))
		return ret;
	/* The text is not shown: it may be a private key in the wrong place. */
	if (key_decode(text, strlen(text), key))
		return fault_refuse(reading->fault, CODE_FIELD_VALUE, at,
				    "must be a key: 44 characters of base64");
	return 0;
}

int value_read(const struct property *property, json_object *json, const struct field *at,
	       void *value, const struct reading *reading)
{
	switch (property->type) {
	case PROPERTY_TEXT:
		return text_read(json, at, (size_t)property->min, value, property->size, reading);
	case PROPERTY_NAME:
		return name_read(json, at, value, reading);
	case PROPERTY_ID:
		return id_read(property, json, at, value, reading);
	case PROPERTY_PAIR:
		return pair_read(property, json, at, value, reading);
	case PROPERTY_BOOLEAN:
		return boolean_read(json, at, value, reading);
	case PROPERTY_NUMBER:
		return number_read(json, at, property->min, property->max, value, reading);
	case PROPERTY_TIME:
		return time_read(json, at, value, reading);
	case PROPERTY_WORD:
		return word_read(property, json, at, value, reading);
	case PROPERTY_PREFIX:
		return prefix_read(json, at, value, reading);
	case PROPERTY_ADDRESS:
		return address_read(json, at, value, reading);
	case PROPERTY_ENDPOINT:
		return endpoint_read(json, at, value, reading);
	case PROPERTY_KEY:
		return key_read(json, at, value, reading);
	case PROPERTY_LIST:
	case PROPERTY_OBJECT:
		break;
	}
	return fault_set(reading->fault, -EINVAL, at, "is not a plain value");
}
