/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * output.h - how commands show things. A command says what there is, once; text
 * and JSON are two implementations that say how it looks.
 *
 * Keys are those of the JSON, in lower case with underscores; the text form
 * makes its labels of them. Text from outside may hold anything; both
 * implementations make it harmless.
 */
#ifndef LBCTL_OUTPUT_H
#define LBCTL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Version of the JSON; grows when a key changes its meaning or goes away. */
#define OUTPUT_VERSION 1

enum value_type {
	VALUE_NONE, /* null; "-" */
	VALUE_STRING,
	VALUE_NUMBER,
	VALUE_TENTHS, /* a number with one decimal */
	VALUE_BOOL, /* "yes", "no" */
	VALUE_LIST, /* of strings */
	VALUE_DOCUMENT, /* JSON text of somebody else, shown as what it says */
};

struct value {
	enum value_type type;
	const char *string;
	uint64_t number; /* of a VALUE_BOOL 0 or 1, of a VALUE_TENTHS tenths */
	const char *const *list;
	size_t n_list;
};

struct value value_null(void);
struct value value_text(const char *text);
struct value value_u64(uint64_t number);
struct value value_id(uint32_t id);
struct value value_tenths(uint64_t tenths);
struct value value_bool(bool yes);
struct value value_document(const char *json);
struct value value_list(const char *const *list, size_t count);

struct output;

struct output_ops {
	int (*note)(struct output *out, const char *sentence);
	int (*field)(struct output *out, const char *key, struct value value);
	int (*group_begin)(struct output *out, const char *key);
	int (*group_end)(struct output *out);
	int (*table_begin)(struct output *out, const char *key, const char *const *columns,
			   size_t n_columns);
	int (*row)(struct output *out, const struct value *cells);
	int (*table_end)(struct output *out);
	int (*finish)(struct output *out);
	void (*free)(struct output *out);
};

/* The first error sticks; output_finish() tells. */
struct output {
	const struct output_ops *ops;
	FILE *to;
	bool json;
	int error;
};

struct output *output_new(bool json, FILE *to);
struct output *output_new_line(bool json, FILE *to);
struct output *output_text_new(FILE *to);
struct output *output_json_new(FILE *to, bool one_line);
void output_freep(struct output **out);

/* A sentence for people, which says nothing that is not in the fields too. */
__attribute__((format(printf, 2, 3))) void output_note(struct output *out, const char *format, ...);
void output_field(struct output *out, const char *key, struct value value);
void output_group_begin(struct output *out, const char *key);
void output_group_end(struct output *out);
void output_table_begin(struct output *out, const char *key, const char *const *columns,
			size_t n_columns);
void output_row(struct output *out, const struct value *cells);
void output_table_end(struct output *out);
int output_finish(struct output *out);
/* For what people read as a sentence and programs as fields. */
bool output_is_json(const struct output *out);

char *output_harmless(const char *text);

#endif /* LBCTL_OUTPUT_H */
