// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times as RFC 3339 in UTC, to the millisecond. Only texts that time_format() could have written,
 * with or without the milliseconds, are read; so a time is read back as it was written.
 */
#include "model/resource.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECONDS_LENGTH 19 /* "2026-11-26T02:26:03" */

void time_format(int64_t milliseconds, char text[TIME_TEXT_SIZE])
{
	time_t seconds = (time_t)(milliseconds / 1000);
	struct tm tm;
	size_t n;

	text[0] = '\0';
	if (milliseconds < 0 || milliseconds > TIME_MAX || !gmtime_r(&seconds, &tm))
		return;
	n = strftime(text, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, TIME_TEXT_SIZE - n, ".%03dZ", (int)(milliseconds % 1000));
}

/* ".mmmZ" or "Z"; -1 for others. */
static int fraction_parse(const char *text)
{
	int fraction = 0;

	if (!strcmp(text, "Z"))
		return 0;
	if (*text++ != '.')
		return -1;
	for (size_t i = 0; i < 3; i++, text++) {
		if (*text < '0' || *text > '9')
			return -1;
		fraction = fraction * 10 + (*text - '0');
	}
	return strcmp(text, "Z") ? -1 : fraction;
}

int time_parse(const char *text, int64_t *milliseconds)
{
	char again[TIME_TEXT_SIZE];
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t parsed;
	int fraction;

	if (!end || end - text != SECONDS_LENGTH)
		return -EINVAL;
	fraction = fraction_parse(end);
	if (fraction < 0)
		return -EINVAL;
	parsed = (int64_t)timegm(&tm) * 1000 + fraction;
	/* strptime() takes more than one way to write a time, and the 31st of each month. */
	time_format(parsed, again);
	if (strncmp(again, text, SECONDS_LENGTH) != 0)
		return -EINVAL;
	*milliseconds = parsed;
	return 0;
}
