// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text of requests. Strict, because two readings of one path would be two answers to the question
 * of who may do it. UTF-8 as RFC 3629 has it: shortest form, no surrogates, up to U+10FFFF.
 */
#include "controller/http-text.h"

#include <errno.h>
#include <string.h>

size_t http_text_utf8(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;
	unsigned int low = 0x80, high = 0xbf;
	size_t length;

	if (byte[0] < 0x80)
		return byte[0] ? 1 : 0;
	if (byte[0] < 0xc2 || byte[0] > 0xf4)
		return 0;
	length = byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
	/* The second byte excludes long forms, surrogates, and what lies beyond U+10FFFF. */
	if (byte[0] == 0xe0)
		low = 0xa0;
	else if (byte[0] == 0xed)
		high = 0x9f;
	else if (byte[0] == 0xf0)
		low = 0x90;
	else if (byte[0] == 0xf4)
		high = 0x8f;
	if (byte[1] < low || byte[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++) {
		if (byte[i] < 0x80 || byte[i] > 0xbf)
			return 0;
	}
	return length;
}

void http_text_repair(char *text)
{
	while (*text) {
		size_t length = http_text_utf8(text);

		if (!length)
			*text = '?';
		text += length ? length : 1;
	}
}

static int digit_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

int http_text_decode(char *text)
{
	char *to = text;
	size_t length;

	for (const char *from = text; *from; from++) {
		int high, low;

		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		high = digit_value(from[1]);
		low = high < 0 ? -1 : digit_value(from[2]);
		if (low < 0 || !(high * 16 + low))
			return -EINVAL;
		*to++ = (char)(high * 16 + low);
		from += 2;
	}
	*to = '\0';
	for (; *text; text += length) {
		length = http_text_utf8(text);
		if (!length || (unsigned char)*text < 0x20 || *text == 0x7f)
			return -EINVAL;
	}
	return 0;
}
