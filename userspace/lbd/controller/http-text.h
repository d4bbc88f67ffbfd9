/* SPDX-License-Identifier: GPL-2.0-only */
/* Text of requests: percent-encoding, UTF-8. Pure functions, for http-*.c and route.c. */
#ifndef LBD_CONTROLLER_HTTP_TEXT_H
#define LBD_CONTROLLER_HTTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the UTF-8 sequence that text (which ends with a NUL) begins with, or 0. */
size_t http_text_utf8(const char *text);

/* Puts "?" in the place of every byte that is not UTF-8. */
void http_text_repair(char *text);

/*
 * Decodes percent-encoding in place. -EINVAL for a "%" without two hexadecimal digits, and for a
 * text that is then not UTF-8 or has control characters.
 */
int http_text_decode(char *text);

#endif
