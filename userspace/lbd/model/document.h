/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Strict reading of JSON: bytes to a json-c tree, and the tree's values by rule. Stands between
 * json-c and model/parse.c, which knows what the fields mean. No I/O.
 */
#ifndef LBD_MODEL_DOCUMENT_H
#define LBD_MODEL_DOCUMENT_H

#include "model/fault.h"

#include <json-c/json.h>
#include <stdbool.h>

#define DOCUMENT_SIZE_MAX  (16u << 20)
#define DOCUMENT_DEPTH_MAX 8

/* One field that an object may have. */
struct document_rule {
	const char *name;
	enum json_type type;
	bool required;
};

/*
 * Parses size bytes as one JSON text. Refuses, with -EINVAL, what is not strict JSON, what comes
 * after it, a field given twice, and what is too big or too deep. The caller puts *root.
 */
int document_parse(const char *bytes, size_t size, json_object **root, struct fault *fault);

/* Refuses a field given twice in one object of a text that json-c has accepted. */
int document_duplicates_check(const char *bytes, size_t size, struct fault *fault);

/*
 * Reads the fields of an object by n rules; values[i] belongs to rules[i] and is NULL when absent.
 * Refuses an unknown field, a wrong type, and the lack of a required field.
 */
int document_fields(json_object *object, const struct field *at, const struct document_rule *rules,
		    size_t n, json_object **values, struct fault *fault);

/* Checks the type of an array's element. */
int document_type_check(json_object *value, const struct field *at, enum json_type type,
			struct fault *fault);

/* A whole number between min and max, both included. */
int document_number(json_object *value, const struct field *at, int64_t min, int64_t max,
		    int64_t *number, struct fault *fault);

/* A text that is not empty and has no NUL in it; it lives as long as the tree. */
int document_text(json_object *value, const struct field *at, const char **text,
		  struct fault *fault);

/* A name of 1 to 63 letters, digits, ".", "_" and "-", that starts with a letter or digit. */
int document_name(json_object *value, const struct field *at, char name[64], struct fault *fault);

/* The length of an array, at most max; an absent one is empty. */
int document_length(json_object *array, const struct field *at, size_t max, size_t *n,
		    struct fault *fault);

/* A copy of a text, for the caller to free; *copy is left alone when value is NULL. */
int document_copy(json_object *value, const struct field *at, char **copy, struct fault *fault);

static inline void document_putp(json_object **root)
{
	json_object_put(*root);
}

#endif
