// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds a field that is given twice in one object. json-c keeps the last one and says nothing,
 * which lets a reader and the agent understand one file in two ways. This walks a text that json-c
 * has already accepted, so it only follows brackets and strings; it still trusts no length, and what
 * it cannot follow it refuses.
 */
#include "model/document.h"

#include <errno.h>
#include <string.h>

/* More than any object of the format has; bounds the pairwise comparison below. */
#define FIELDS_MAX 32
/* Enough for every field that exists, and to show one that does not. */
#define NAME_SIZE 64

struct scan {
	const char *at;
	const char *end;
	unsigned int depth;
	struct fault *fault;
};

struct name {
	const char *text;
	size_t length;
};

static int scan_value(struct scan *scan, const struct field *field);

static int scan_lost(struct scan *scan, const struct field *field)
{
	return fault_set(scan->fault, -EINVAL, field, "is not strict JSON");
}

/* The next byte that is not a space, not taken; NUL at the end. */
static char scan_peek(struct scan *scan)
{
	while (scan->at < scan->end && *scan->at && strchr(" \t\r\n", *scan->at))
		scan->at++;
	return scan->at < scan->end ? *scan->at : '\0';
}

static bool scan_take(struct scan *scan, char c)
{
	if (scan_peek(scan) != c)
		return false;
	scan->at++;
	return true;
}

/* A string, without its quotes; escapes are stepped over, not decoded. */
static bool scan_string(struct scan *scan, struct name *name)
{
	if (!scan_take(scan, '"'))
		return false;
	name->text = scan->at;
	for (; scan->at < scan->end && *scan->at != '"'; scan->at++) {
		if (*scan->at == '\\' && scan->at + 1 < scan->end)
			scan->at++;
	}
	if (scan->at >= scan->end)
		return false;
	name->length = (size_t)(scan->at - name->text);
	scan->at++;
	return true;
}

static int name_check(struct scan *scan, const struct field *field, const struct name *names,
		      size_t n, char text[NAME_SIZE])
{
	const struct name *name = &names[n];
	size_t length = name->length < NAME_SIZE ? name->length : NAME_SIZE - 1;

	memcpy(text, name->text, length);
	text[length] = '\0';
	/* No field needs an escape, and with none of them equal bytes are equal names. */
	if (memchr(name->text, '\\', name->length))
		return fault_set(scan->fault, -EINVAL, FIELD(field, text), "unknown field");
	for (size_t i = 0; i < n; i++) {
		if (names[i].length == name->length &&
		    !memcmp(names[i].text, name->text, name->length))
			return fault_set(scan->fault, -EINVAL, FIELD(field, text),
					 "is given twice");
	}
	return 0;
}

static int scan_object(struct scan *scan, const struct field *field)
{
	struct name names[FIELDS_MAX];
	char text[NAME_SIZE];
	int ret;

	if (scan_take(scan, '}'))
		return 0;
	for (size_t n = 0; n < FIELDS_MAX; n++) {
		if (!scan_string(scan, &names[n]))
			return scan_lost(scan, field);
		if ((ret = name_check(scan, field, names, n, text)))
			return ret;
		if (!scan_take(scan, ':'))
			return scan_lost(scan, field);
		if ((ret = scan_value(scan, FIELD(field, text))))
			return ret;
		if (scan_take(scan, '}'))
			return 0;
		if (!scan_take(scan, ','))
			return scan_lost(scan, field);
	}
	return fault_set(scan->fault, -EINVAL, field, "has too many fields");
}

static int scan_array(struct scan *scan, const struct field *field)
{
	int ret;

	if (scan_take(scan, ']'))
		return 0;
	for (size_t n = 0;; n++) {
		if ((ret = scan_value(scan, ITEM(field, n))))
			return ret;
		if (scan_take(scan, ']'))
			return 0;
		if (!scan_take(scan, ','))
			return scan_lost(scan, field);
	}
}

/* Numbers, true, false and null have no brackets, quotes or commas in them. */
static int scan_scalar(struct scan *scan, const struct field *field)
{
	const char *start = scan->at;

	while (scan->at < scan->end && *scan->at && !strchr(" \t\r\n,]}[{\":", *scan->at))
		scan->at++;
	return scan->at > start ? 0 : scan_lost(scan, field);
}

static int scan_value(struct scan *scan, const struct field *field)
{
	struct name ignored;
	int ret;

	switch (scan_peek(scan)) {
	case '"':
		return scan_string(scan, &ignored) ? 0 : scan_lost(scan, field);
	case '{':
	case '[':
		break;
	default:
		return scan_scalar(scan, field);
	}
	if (scan->depth == DOCUMENT_DEPTH_MAX)
		return fault_set(scan->fault, -EINVAL, field, "is nested too deeply");
	scan->depth++;
	ret = *scan->at++ == '{' ? scan_object(scan, field) : scan_array(scan, field);
	scan->depth--;
	return ret;
}

int document_duplicates_check(const char *bytes, size_t size, struct fault *fault)
{
	struct scan scan = {.at = bytes, .end = bytes + size, .fault = fault};

	return scan_value(&scan, NULL);
}
