// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making of refusals. What comes from a file may hold anything, so control characters are replaced
 * before a person's terminal sees them.
 */
#include "model/fault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void text_disarm(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
	}
}

static size_t text_append(char *text, size_t size, size_t used, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static size_t text_append(char *text, size_t size, size_t used, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text + used, size - used, format, args);
	va_end(args);
	if (n < 0)
		return used;
	return (size_t)n < size - used ? used + (size_t)n : size - 1;
}

static size_t field_append(const struct field *field, char *text, size_t size)
{
	size_t used;

	if (!field)
		return 0;
	used = field_append(field->parent, text, size);
	if (field->name)
		return text_append(text, size, used, "%s%s", used ? "." : "", field->name);
	return text_append(text, size, used, "[%zu]", field->index);
}

void field_format(const struct field *field, char *text, size_t size)
{
	text[0] = '\0';
	field_append(field, text, size);
	text_disarm(text);
}

static void fault_fill(struct fault *fault, const struct field *at, const char *format,
		       va_list args) __attribute__((format(printf, 3, 0)));

static void fault_fill(struct fault *fault, const struct field *at, const char *format,
		       va_list args)
{
	field_format(at, fault->path, sizeof(fault->path));
	vsnprintf(fault->text, sizeof(fault->text), format, args);
	text_disarm(fault->text);
}

int fault_set(struct fault *fault, int code, const struct field *at, const char *format, ...)
{
	va_list args;

	if (!fault)
		return code;
	va_start(args, format);
	fault_fill(fault, at, format, args);
	va_end(args);
	fault->code = CODE_NONE;
	return code;
}

static int status_errno(int status)
{
	switch (status) {
	case 401:
		return -EACCES;
	case 403:
		return -EPERM;
	case 404:
		return -ENOENT;
	case 409:
	case 412:
		return -EEXIST;
	case 429:
	case 503:
		return -EAGAIN;
	case 507:
		return -ENOSPC;
	default:
		return -EINVAL;
	}
}

int fault_refuse(struct fault *fault, enum code code, const struct field *at, const char *format,
		 ...)
{
	va_list args;

	if (fault) {
		va_start(args, format);
		fault_fill(fault, at, format, args);
		va_end(args);
		fault->code = code;
	}
	return status_errno(code_info(code)->status);
}

int fault_memory(struct fault *fault)
{
	return fault_set(fault, -ENOMEM, NULL, "out of memory");
}
