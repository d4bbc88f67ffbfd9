// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of lbd that need the controller's settings but not the controller: the API document,
 * and copies of the store. They work while a controller runs. Called by main.c.
 */
#include "controller/service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sodium.h>

int service_status(int code)
{
	switch (code) {
	case 0:
		return EXIT_DONE;
	case -EAGAIN:
		return EXIT_UNREACHABLE;
	case -EEXIST:
	case -EADDRINUSE:
		return EXIT_CONFLICT;
	default:
		return EXIT_FAILED;
	}
}

int openapi_main(int argc, char **argv)
{
	char *text;

	if (argc > 1) {
		fprintf(stderr, "lbd %s: unexpected argument %s\n", argv[0], argv[1]);
		return EXIT_USAGE;
	}
	text = openapi_text();
	if (!text || fputs(text, stdout) < 0 || fflush(stdout)) {
		fprintf(stderr, "lbd %s: the document cannot be written\n", argv[0]);
		free(text);
		return EXIT_FAILED;
	}
	free(text);
	return EXIT_DONE;
}

typedef int (*copy_fn)(struct store *store, const char *path, struct fault *fault);

static int store_copy(int argc, char **argv, copy_fn copy, const char *done, const char *key)
{
	struct config_given given;
	struct store *store = NULL;
	struct fault fault = {0};
	struct config config;
	int ret = controller_options_read(argc, argv, 1, &given);

	if (ret)
		return ret < 0 ? EXIT_USAGE : EXIT_DONE;
	if (config_load(&given, &config, &fault)) {
		fprintf(stderr, "lbd: %s\n", fault.text);
		return EXIT_USAGE;
	}
	if (given.check) {
		config_print(&config, stdout);
		config_release(&config);
		return EXIT_DONE;
	}
	ret = sodium_init() < 0 ? fault_set(&fault, -EIO, NULL, "libsodium cannot start") : 0;
	if (!ret)
		ret = store_open(config.options.store, &store, &fault);
	if (!ret)
		ret = copy(store, given.path, &fault);
	if (ret)
		fprintf(stderr, "lbd %s: %s\n", argv[0], fault.text);
	else
		printf("%s: %s; %s: %s\n", given.path, done, key, config.options.signing_key_file);
	store_close(store);
	config_release(&config);
	return service_status(ret);
}

int backup_main(int argc, char **argv)
{
	return store_copy(argc, argv, store_backup, "whole and on disk",
			  "the signing key is not in it");
}

int restore_main(int argc, char **argv)
{
	return store_copy(argc, argv, store_restore, "restored",
			  "agents know the controller by its signing key");
}
