/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events of the controller: to systemd's journal with fields when standard error is connected to it
 * (JOURNAL_STREAM), else one line each on standard error. No event has a secret: the fields are ids,
 * names, numbers.
 */
#ifndef LBD_CONTROLLER_JOURNAL_H
#define LBD_CONTROLLER_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

enum journal_priority { /* as syslog(3) has them */
	JOURNAL_ERROR = 3,
	JOURNAL_WARNING = 4,
	JOURNAL_NOTICE = 5,
	JOURNAL_INFO = 6
};

/* name: "REQUEST_ID"; the journal has LBD_ before it, a line has it in small letters. */
struct journal_field {
	const char *name;
	const char *value;
};

#define JOURNAL_FIELDS_MAX 12

/* Whether standard error is the journal's. */
bool journal_connected(void);

/* Fields without a value are left out; at most JOURNAL_FIELDS_MAX are taken. */
void journal_event(enum journal_priority priority, const struct journal_field *fields, size_t n,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* "lbd: MESSAGE name=value name=\"two words\"\n", cut to size; its length. For journal.c and tests. */
size_t journal_line(char *line, size_t size, const char *message,
		    const struct journal_field *fields, size_t n);

#endif
