// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd-admin.c - backup and restore of the controller's store. They need the store itself, not the
 * API, so they run on the controller's machine, and lbd, which has the store's settings and its
 * libraries, does the work. Called by command.c.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "api.h"

#define WORDS_MAX 8

/* It keeps the exit status of lbd, which is one of ours. */
static enum lbctl_exit lbd_run(char *const words[])
{
	(void)fflush(stdout);
	(void)execvp("lbd", words);
	(void)fprintf(stderr, "lbctl: lbd: %s; run this on the controller's machine\n",
		      strerror(errno));
	return LBCTL_UNREACHABLE;
}

/**
 * cmd_admin() - lbctl admin.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_admin(const struct options *options)
{
	const char *verb = options->n_args > 1 ? options->args[1] : "";
	const char *words[WORDS_MAX] = {"lbd", verb};
	int n = 2;

	if (strcmp(verb, "backup") != 0 && strcmp(verb, "restore") != 0)
		return api_usage(options, "backup or restore is needed", NULL);
	if (options->n_args != 3)
		return api_usage(options, "one file is needed for", verb);
	if (!strcmp(verb, "restore") && !options->store)
		return api_usage(options, "restore needs --store URL", NULL);
	if (options->config) {
		words[n++] = "--config";
		words[n++] = options->config;
	}
	if (options->store) {
		words[n++] = "--store";
		words[n++] = options->store;
	}
	words[n++] = "--";
	words[n] = options->args[2];
	return lbd_run((char *const *)words);
}
