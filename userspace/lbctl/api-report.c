// SPDX-License-Identifier: GPL-2.0-only
/*
 * api-report.c - what the controller refuses (RFC 9457), for people and as an exit code; and command
 * lines that are wrong. Called by api-client.c and cmd-*.c.
 */
#include <stdlib.h>
#include <string.h>

#include "api.h"

static char *text_of(json_object *problem, const char *name)
{
	json_object *value = NULL;

	if (!json_object_is_type(problem, json_type_object) ||
	    !json_object_object_get_ex(problem, name, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return output_harmless(json_object_get_string(value));
}

static enum lbctl_exit status_exit(long status)
{
	switch (status) {
	case 409:
	case 412:
		return LBCTL_CONFLICT;
	case 429:
	case 503:
		return LBCTL_NOT_READY;
	default:
		return LBCTL_FAILED;
	}
}

/**
 * api_refused() - Say what the controller said.
 * @status: of HTTP
 * @problem: the body, or NULL
 *
 * Return: the exit code for it.
 */
enum lbctl_exit api_refused(long status, json_object *problem)
{
	char *path = text_of(problem, "path");
	char *detail = text_of(problem, "detail");
	char *title = text_of(problem, "title");
	char *remedy = text_of(problem, "remedy");
	char *id = text_of(problem, "id");
	const char *said = detail ? detail : title;

	(void)fprintf(stderr, "lbctl: %s%s%s", path ? path : "", path ? ": " : "",
		      said ? said : "refused");
	if (!problem)
		(void)fprintf(stderr, ", with status %ld", status);
	if (remedy)
		(void)fprintf(stderr, "; %s", remedy);
	if (status >= 500 && id)
		(void)fprintf(stderr, " (request %s)", id);
	(void)fputc('\n', stderr);
	free(path);
	free(detail);
	free(title);
	free(remedy);
	free(id);
	return status_exit(status);
}

enum lbctl_exit api_usage(const struct options *options, const char *why, const char *what)
{
	const char *command = options->args[0];

	(void)fprintf(stderr, "lbctl: %s: %s%s%s%s; run: lbctl help %s\n", command, why,
		      what ? " \"" : "", what ? what : "", what ? "\"" : "", command);
	return LBCTL_USAGE;
}
