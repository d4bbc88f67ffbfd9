// SPDX-License-Identifier: GPL-2.0-only
/* Log lines; each is one write, so that the lines of several processes do not mix. */
#include "agent/log.h"

#include <stdio.h>
#include <unistd.h>

void log_line(const char *format, ...)
{
	char line[1024];
	va_list args;
	int used, n;

	used = snprintf(line, sizeof(line), "lbd: ");
	va_start(args, format);
	n = vsnprintf(line + used, sizeof(line) - (size_t)used - 1, format, args);
	va_end(args);
	if (n < 0)
		return;
	used += n;
	if ((size_t)used > sizeof(line) - 2)
		used = sizeof(line) - 2;
	line[used++] = '\n';
	/* There is nowhere left to complain to. */
	if (write(STDERR_FILENO, line, (size_t)used) < 0)
		return;
}

void log_fault(const char *file, const struct fault *fault)
{
	log_line("%s%s%s%s%s", file ? file : "", file ? ": " : "", fault->path,
		 fault->path[0] ? ": " : "", fault->text);
}
