// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where events of the controller go. Whether that is the journal is asked once; the lines on
 * standard error are one write each, so that those of several processes do not mix.
 */
#include "controller/journal.h"

#include "controller/http-text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#define LINE_SIZE    2048
#define MESSAGE_SIZE 1024

bool journal_connected(void)
{
	static int connected = -1;
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	if (connected < 0)
		connected = stream && !fstat(STDERR_FILENO, &status) &&
			    sscanf(stream, "%llu:%llu", &device, &inode) == 2 && /* NOLINT */
			    status.st_dev == device && status.st_ino == inode;
	return connected;
}

/* Nothing from outside ends a line or steers a terminal. */
static void harmless(char *text)
{
	http_text_repair(text);
	for (; *text; text++) {
		if (iscntrl((unsigned char)*text))
			*text = '?';
	}
}

size_t journal_line(char *line, size_t size, const char *message,
		    const struct journal_field *fields, size_t n)
{
	size_t used = 0;
	FILE *to = fmemopen(line, size, "w");

	if (!to)
		return 0;
	fprintf(to, "lbd: %s", message);
	for (size_t i = 0; i < n; i++) {
		const char *name = fields[i].name, *value = fields[i].value;
		const char *quote = value && (!*value || strpbrk(value, " \"=")) ? "\"" : "";

		if (!value)
			continue;
		fputc(' ', to);
		for (; *name; name++)
			fputc(tolower((unsigned char)*name), to);
		fprintf(to, "=%s", quote);
		for (; *value; value++)
			fputc(*value == '"' ? '\'' : *value, to);
		fputs(quote, to);
	}
	fclose(to);
	line[size - 2] = '\0';
	harmless(line);
	used = strlen(line);
	line[used++] = '\n';
	line[used] = '\0';
	return used;
}

/* The journal takes any bytes; texts are freed here. */
static void journal_send(enum journal_priority priority, const char *message,
			 const struct journal_field *fields, size_t n)
{
	struct iovec parts[JOURNAL_FIELDS_MAX + 2];
	char *texts[JOURNAL_FIELDS_MAX + 2] = {NULL};
	size_t made = 0;
	bool good = asprintf(&texts[0], "MESSAGE=%s", message) >= 0 &&
		    asprintf(&texts[1], "PRIORITY=%d", (int)priority) >= 0;

	for (size_t i = 0; good && i < n; i++) {
		if (fields[i].value)
			good = asprintf(&texts[i + 2], "LBD_%s=%s", fields[i].name,
					fields[i].value) >= 0;
		if (!good)
			texts[i + 2] = NULL;
	}
	for (size_t i = 0; i < n + 2; i++) {
		if (good && texts[i])
			parts[made++] = (struct iovec){texts[i], strlen(texts[i])};
	}
	if (good)
		sd_journal_sendv(parts, (int)made);
	for (size_t i = 0; i < n + 2; i++)
		free(texts[i]);
}

void journal_event(enum journal_priority priority, const struct journal_field *fields, size_t n,
		   const char *format, ...)
{
	char message[MESSAGE_SIZE], line[LINE_SIZE];
	va_list args;
	size_t size;

	if (n > JOURNAL_FIELDS_MAX)
		n = JOURNAL_FIELDS_MAX;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (journal_connected()) {
		journal_send(priority, message, fields, n);
		return;
	}
	size = journal_line(line, sizeof(line), message, fields, n);
	/* There is nowhere left to complain to. */
	if (write(STDERR_FILENO, line, size) < 0)
		return;
}
