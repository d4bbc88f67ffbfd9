// SPDX-License-Identifier: GPL-2.0-only
/*
 * output.c - what both outputs have in common: errors that stick, and text
 * from outside made harmless. Called by the commands.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <lbmesh/lbmesh.h>

#include "output.h"

struct value value_null(void)
{
	return (struct value){.type = VALUE_NONE};
}

/* NULL is null, not an empty text. */
struct value value_text(const char *text)
{
	return (struct value){.type = text ? VALUE_STRING : VALUE_NONE, .string = text};
}

struct value value_u64(uint64_t number)
{
	return (struct value){.type = VALUE_NUMBER, .number = number};
}

struct value value_bool(bool yes)
{
	return (struct value){.type = VALUE_BOOL, .number = yes};
}

/* The number of an object; 0 is null. */
struct value value_id(uint32_t id)
{
	return id ? value_u64(id) : value_null();
}

/* @tenths is ten times the number that is shown. */
struct value value_tenths(uint64_t tenths)
{
	return (struct value){.type = VALUE_TENTHS, .number = tenths};
}

/* NULL is null. The text must be well formed; for people it stays as it is. */
struct value value_document(const char *json)
{
	return (struct value){.type = json ? VALUE_DOCUMENT : VALUE_NONE, .string = json};
}

/* The array is the caller's and must live until the value is shown. */
struct value value_list(const char *const *list, size_t count)
{
	return (struct value){.type = VALUE_LIST, .list = list, .n_list = count};
}

/**
 * output_new() - Begin an output.
 * @json: JSON instead of text
 * @to: where it goes; the caller's
 *
 * Return: an output for output_freep(), or NULL when there is no memory.
 */
struct output *output_new(bool json, FILE *to)
{
	return json ? output_json_new(to, false) : output_text_new(to);
}

/**
 * output_new_line() - Begin an output that is one of many, a line each.
 * @json: JSON instead of text
 * @to: where it goes; the caller's
 *
 * Return: an output for output_freep(), or NULL when there is no memory.
 */
struct output *output_new_line(bool json, FILE *to)
{
	return json ? output_json_new(to, true) : output_text_new(to);
}

bool output_is_json(const struct output *out)
{
	return out->json;
}

void output_freep(struct output **out)
{
	if (*out)
		(*out)->ops->free(*out);
	*out = NULL;
}

void output_note(struct output *out, const char *format, ...)
{
	char *sentence;
	va_list args;
	int len;

	if (out->error)
		return;
	va_start(args, format);
	len = vasprintf(&sentence, format, args);
	va_end(args);
	if (len < 0) {
		out->error = -ENOMEM;
		return;
	}
	out->error = out->ops->note(out, sentence);
	free(sentence);
}

void output_field(struct output *out, const char *key, struct value value)
{
	if (!out->error)
		out->error = out->ops->field(out, key, value);
}

void output_group_begin(struct output *out, const char *key)
{
	if (!out->error)
		out->error = out->ops->group_begin(out, key);
}

void output_group_end(struct output *out)
{
	if (!out->error)
		out->error = out->ops->group_end(out);
}

void output_table_begin(struct output *out, const char *key, const char *const *columns,
			size_t n_columns)
{
	if (!out->error)
		out->error = out->ops->table_begin(out, key, columns, n_columns);
}

void output_row(struct output *out, const struct value *cells)
{
	if (!out->error)
		out->error = out->ops->row(out, cells);
}

void output_table_end(struct output *out)
{
	if (!out->error)
		out->error = out->ops->table_end(out);
}

/**
 * output_finish() - Write what is left, and say whether all was written.
 * @out: the output; only to be freed afterwards
 *
 * Return: 0 or the first negative errno.
 */
int output_finish(struct output *out)
{
	if (!out->error)
		out->error = out->ops->finish(out);
	if (!out->error && (fflush(out->to) || ferror(out->to)))
		out->error = errno ? -errno : -EIO;
	return out->error;
}

/* Length of the UTF-8 character at @s that is safe to show, 0 when there is none. */
static size_t character_length(const unsigned char *s)
{
	static const struct {
		unsigned char mask;
		unsigned char lead;
		uint32_t least; /* a smaller one has a shorter form */
	} forms[] = {{0xe0, 0xc0, 0xa0}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

	if (s[0] < 0x80)
		return s[0] >= 0x20 && s[0] != 0x7f;
	for (size_t extra = 1; extra <= sizeof(forms) / sizeof(forms[0]); extra++) {
		uint32_t code = s[0] & (unsigned char)~forms[extra - 1].mask;
		size_t i;

		if ((s[0] & forms[extra - 1].mask) != forms[extra - 1].lead)
			continue;
		for (i = 1; i <= extra && (s[i] & 0xc0) == 0x80; i++)
			code = code << 6 | (s[i] & 0x3f);
		/* 0x80 to 0x9f are controls; the surrogates are no characters. */
		if (i <= extra || code < forms[extra - 1].least || code > 0x10ffff ||
		    (code >= 0xd800 && code <= 0xdfff))
			return 0;
		return extra + 1;
	}
	return 0;
}

/**
 * output_harmless() - Replace what a terminal or a JSON reader would choke on.
 * @text: any bytes with a NUL at the end
 *
 * Control characters and what is no UTF-8 become \xNN.
 *
 * Return: a string for free(), or NULL when there is no memory.
 */
char *output_harmless(const char *text)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *s = (const unsigned char *)text;
	char *safe = malloc(strlen(text) * 4 + 1);
	char *to = safe;

	if (!safe)
		return NULL;
	while (*s) {
		size_t len = character_length(s);

		if (len) {
			memcpy(to, s, len);
			to += len;
			s += len;
			continue;
		}
		*to++ = '\\';
		*to++ = 'x';
		*to++ = digits[*s >> 4];
		*to++ = digits[*s & 15];
		s++;
	}
	*to = '\0';
	return safe;
}
