// SPDX-License-Identifier: GPL-2.0-only
/*
 * A json-c tree as YAML 1.2 in block style, for people to read. Strings are written as JSON has
 * them, which YAML takes as its double-quoted style; so are keys that are not plain words.
 */
#include "controller/openapi.h"

#include <ctype.h>
#include <json-c/printbuf.h>
#include <stdlib.h>
#include <string.h>

static int node_write(struct printbuf *out, json_object *node, int indent, bool in_item);

static int words_write(struct printbuf *out, const char *words)
{
	return printbuf_memappend(out, words, (int)strlen(words)) < 0 ? -1 : 0;
}

static int scalar_write(struct printbuf *out, json_object *scalar)
{
	return words_write(out, json_object_to_json_string_ext(
					scalar,
					JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* A word that no reader of YAML takes for a number, a truth or nothing. */
static bool is_plain(const char *key)
{
	static const char *const others[] = {"true", "false", "null", "yes", "no",
					     "on",   "off",   "y",    "n"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!strcasecmp(key, others[i]))
			return false;
	}
	if (!isalpha((unsigned char)*key))
		return false;
	for (; *key; key++) {
		if (!isalnum((unsigned char)*key) && !strchr("_-", *key))
			return false;
	}
	return true;
}

static int key_write(struct printbuf *out, const char *key)
{
	json_object *quoted;
	int ret;

	if (is_plain(key))
		return words_write(out, key);
	quoted = json_object_new_string(key);
	ret = quoted ? scalar_write(out, quoted) : -1;
	json_object_put(quoted);
	return ret;
}

static int line_start(struct printbuf *out, int indent)
{
	return sprintbuf(out, "\n%*s", indent, "") < 0 ? -1 : 0;
}

static bool is_empty(json_object *node)
{
	if (json_object_is_type(node, json_type_object))
		return !json_object_object_length(node);
	return json_object_is_type(node, json_type_array) && !json_object_array_length(node);
}

static bool is_block(json_object *node)
{
	return (json_object_is_type(node, json_type_object) ||
		json_object_is_type(node, json_type_array)) &&
	       !is_empty(node);
}

static int value_write(struct printbuf *out, json_object *value, int indent)
{
	if (is_block(value))
		return node_write(out, value, indent, false);
	return words_write(out, " ") ? -1 : scalar_write(out, value);
}

/* in_item: the first line has begun, behind a dash. */
static int node_write(struct printbuf *out, json_object *node, int indent, bool in_item)
{
	if (json_object_is_type(node, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(node); i++) {
			json_object *item = json_object_array_get_idx(node, i);

			if (line_start(out, indent) || words_write(out, "-"))
				return -1;
			if (json_object_is_type(item, json_type_object) && !is_empty(item)) {
				if (words_write(out, " ") ||
				    node_write(out, item, indent + 2, true))
					return -1;
			} else if (value_write(out, item, indent + 2)) {
				return -1;
			}
		}
		return 0;
	}
	json_object_object_foreach(node, key, value) {
		if (!in_item && line_start(out, indent))
			return -1;
		in_item = false;
		if (key_write(out, key) || words_write(out, ":") ||
		    value_write(out, value, indent + 2))
			return -1;
	}
	return 0;
}

char *yaml_text(json_object *root)
{
	struct printbuf *out = printbuf_new();
	char *text = NULL;

	if (!out)
		return NULL;
	if (!words_write(out,
			 "# SPDX-License-Identifier: GPL-2.0-only\n"
			 "# Made by lbd from its tables of routes and properties; do not edit.") &&
	    !node_write(out, root, 0, false) && !words_write(out, "\n"))
		text = strdup(out->buf);
	printbuf_free(out);
	return text;
}
