// SPDX-License-Identifier: GPL-2.0-only
/*
 * output-text.c - the output for people: "label: value" lines, groups that are
 * indented, and tables whose columns are as wide as their widest cell, for
 * which a table is kept until its end.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"

struct output_text {
	struct output base;
	int indent; /* columns */
	size_t n_columns;
	char **cells; /* rows one behind the other; the first is the header */
	size_t n_cells;
	size_t size; /* of cells */
};

/* "public_key" is "public key" or "PUBLIC KEY". */
static char *label_make(const char *key, bool upper)
{
	char *label = strdup(key);

	for (char *c = label; c && *c; c++) {
		if (*c == '_')
			*c = ' ';
		else if (upper)
			*c = (char)toupper((unsigned char)*c);
	}
	return label;
}

static char *list_make(struct value value)
{
	size_t size = 1;
	char *joined;
	char *to;

	for (size_t i = 0; i < value.n_list; i++)
		size += strlen(value.list[i]) + 1;
	joined = malloc(size);
	if (!joined)
		return NULL;
	to = joined;
	for (size_t i = 0; i < value.n_list; i++) {
		if (i)
			*to++ = ',';
		to = stpcpy(to, value.list[i]);
	}
	*to = '\0';
	return joined;
}

static char *value_make(struct value value)
{
	char number[24];
	char *joined;
	char *safe;

	switch (value.type) {
	case VALUE_STRING:
	case VALUE_DOCUMENT:
		return output_harmless(value.string);
	case VALUE_NUMBER:
		(void)snprintf(number, sizeof(number), "%llu", (unsigned long long)value.number);
		return strdup(number);
	case VALUE_TENTHS:
		(void)snprintf(number, sizeof(number), "%llu.%llu",
			       (unsigned long long)value.number / 10,
			       (unsigned long long)value.number % 10);
		return strdup(number);
	case VALUE_BOOL:
		return strdup(value.number ? "yes" : "no");
	case VALUE_LIST:
		if (!value.n_list)
			return strdup("-");
		joined = list_make(value);
		safe = joined ? output_harmless(joined) : NULL;
		free(joined);
		return safe;
	default:
		return strdup("-");
	}
}

static int text_note(struct output *out, const char *sentence)
{
	struct output_text *text = (struct output_text *)out;
	char *safe = output_harmless(sentence);
	int ret = -ENOMEM;

	if (safe)
		ret = fprintf(out->to, "%*s%s\n", text->indent, "", safe) < 0 ? -EIO : 0;
	free(safe);
	return ret;
}

static int text_field(struct output *out, const char *key, struct value value)
{
	struct output_text *text = (struct output_text *)out;
	char *label = label_make(key, false);
	char *shown = value_make(value);
	int ret = -ENOMEM;

	if (label && shown)
		ret = fprintf(out->to, "%*s%s: %s\n", text->indent, "", label, shown) < 0 ? -EIO
											  : 0;
	free(label);
	free(shown);
	return ret;
}

static int text_group_begin(struct output *out, const char *key)
{
	struct output_text *text = (struct output_text *)out;
	char *label = label_make(key, false);
	int ret;

	if (!label)
		return -ENOMEM;
	ret = fprintf(out->to, "%*s%s:\n", text->indent, "", label) < 0 ? -EIO : 0;
	free(label);
	text->indent += 2;
	return ret;
}

static int text_group_end(struct output *out)
{
	((struct output_text *)out)->indent -= 2;
	return 0;
}

/* Takes over @cell. */
static int cell_add(struct output_text *text, char *cell)
{
	if (!cell)
		return -ENOMEM;
	if (text->n_cells == text->size) {
		size_t size = text->size ? text->size * 2 : 64;
		char **grown = reallocarray(text->cells, size, sizeof(*grown));

		if (!grown) {
			free(cell);
			return -ENOMEM;
		}
		text->cells = grown;
		text->size = size;
	}
	text->cells[text->n_cells++] = cell;
	return 0;
}

static void cells_free(struct output_text *text)
{
	for (size_t i = 0; i < text->n_cells; i++)
		free(text->cells[i]);
	text->n_cells = 0;
}

static int text_table_begin(struct output *out, const char *key, const char *const *columns,
			    size_t n_columns)
{
	struct output_text *text = (struct output_text *)out;
	int ret = 0;

	(void)key; /* the header says it */
	text->n_columns = n_columns;
	for (size_t i = 0; !ret && i < n_columns; i++)
		ret = cell_add(text, label_make(columns[i], true));
	return ret;
}

static int text_row(struct output *out, const struct value *cells)
{
	struct output_text *text = (struct output_text *)out;
	int ret = 0;

	for (size_t i = 0; !ret && i < text->n_columns; i++)
		ret = cell_add(text, value_make(cells[i]));
	return ret;
}

/* Columns on the screen, one for each character that is not a continuation. */
static int width_of(const char *cell)
{
	int width = 0;

	for (; *cell; cell++)
		width += ((unsigned char)*cell & 0xc0) != 0x80;
	return width;
}

static int text_table_end(struct output *out)
{
	struct output_text *text = (struct output_text *)out;
	size_t n = text->n_columns;
	int *widths = calloc(n, sizeof(*widths));
	int ret = widths ? 0 : -ENOMEM;

	for (size_t i = 0; !ret && i < text->n_cells; i++) {
		int width = width_of(text->cells[i]);

		widths[i % n] = width > widths[i % n] ? width : widths[i % n];
	}
	for (size_t i = 0; !ret && i < text->n_cells; i++) {
		/* No blanks at the end of a line. */
		bool last = i % n == n - 1;
		int pad = last ? 0 : widths[i % n] - width_of(text->cells[i]) + 2;

		if (fprintf(out->to, "%*s%s%*s%s", i % n ? 0 : text->indent, "", text->cells[i],
			    pad, "", last ? "\n" : "") < 0)
			ret = -EIO;
	}
	free(widths);
	cells_free(text);
	return ret;
}

static int text_finish(struct output *out)
{
	(void)out;
	return 0;
}

static void text_free(struct output *out)
{
	struct output_text *text = (struct output_text *)out;

	cells_free(text);
	free(text->cells);
	free(text);
}

/**
 * output_text_new() - Begin a text output.
 * @to: where it goes; the caller's
 *
 * Return: an output for output_freep(), or NULL when there is no memory.
 */
struct output *output_text_new(FILE *to)
{
	static const struct output_ops ops = {
		.note = text_note,
		.field = text_field,
		.group_begin = text_group_begin,
		.group_end = text_group_end,
		.table_begin = text_table_begin,
		.row = text_row,
		.table_end = text_table_end,
		.finish = text_finish,
		.free = text_free,
	};
	struct output_text *text = calloc(1, sizeof(*text));

	if (!text)
		return NULL;
	text->base.ops = &ops;
	text->base.to = to;
	return &text->base;
}
