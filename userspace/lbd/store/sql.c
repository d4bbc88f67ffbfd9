// SPDX-License-Identifier: GPL-2.0-only
/* What both drivers and their callers need of sql.h that belongs to neither. */
#include "store/sql.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

struct sql_value sql_string(const char *text)
{
	if (!text)
		return (struct sql_value){.type = SQL_NULL};
	return (struct sql_value){.type = SQL_TEXT, .data = text, .size = strlen(text)};
}

void sql_pause(unsigned int attempt)
{
	unsigned int longest = 2000u << (attempt < 8 ? attempt : 8);

	usleep(longest / 2 + randombytes_uniform(longest / 2));
}
