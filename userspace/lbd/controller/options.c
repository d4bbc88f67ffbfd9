// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line of the controller's subcommands, from the table of settings (config.c). A flag
 * that is given twice is refused. Documentation/man/lbd.8 says the same in more words.
 */
#include "controller/config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum {
	OPTION_CONFIG = SETTINGS,
	OPTION_CHECK,
	OPTION_HELP,
	OPTIONS
};

static void usage_print(const char *command, int paths)
{
	printf("Usage: lbd %s%s [OPTION]...\n\n", command, paths ? " FILE" : "");
	printf("  %-23s %s\n", "--config FILE",
	       "settings (default: " CONFIG_FILE ", if it is there)");
	for (int i = 0; i < SETTINGS; i++) {
		char name[40];

		snprintf(name, sizeof(name), "--%s%s%s", settings[i].name,
			 settings[i].value ? " " : "", settings[i].value ? settings[i].value : "");
		printf("  %-23s %s", name, settings[i].help);
		if (settings[i].value && settings[i].initial)
			printf(" (default: %s)", settings[i].initial);
		printf("\n");
	}
	printf("  %-23s %s\n", "--check-config", "print what the settings come to, and exit");
	printf("  %-23s %s\n", "--help", "show this and exit");
	printf("\nEach setting is also a variable of the environment (LBD_SLICE_LENGTH) and a line "
	       "of\nthe file (slice-length = 24); flags go before the environment, and that before "
	       "the\nfile.\n"
	       "Exit status: 0 done, 1 failed, 2 wrong usage or settings, 3 the store does not "
	       "answer,\n5 conflict.\n");
}

static int usage(const char *command, const char *what, const char *which)
{
	fprintf(stderr, "lbd %s: %s%s\nTry: lbd controller --help\n", command, what, which);
	return -EINVAL;
}

static void table_make(struct option table[OPTIONS + 1])
{
	memset(table, 0, (OPTIONS + 1) * sizeof(*table));
	for (int i = 0; i < SETTINGS; i++)
		table[i] = (struct option){settings[i].name,
					   settings[i].value ? required_argument : no_argument,
					   NULL, i};
	table[OPTION_CONFIG] = (struct option){"config", required_argument, NULL, OPTION_CONFIG};
	table[OPTION_CHECK] = (struct option){"check-config", no_argument, NULL, OPTION_CHECK};
	table[OPTION_HELP] = (struct option){"help", no_argument, NULL, OPTION_HELP};
}

int controller_options_read(int argc, char **argv, int paths, struct config_given *given)
{
	struct option table[OPTIONS + 1];
	bool seen[OPTIONS] = {false};
	int option;

	table_make(table);
	*given = (struct config_given){0};
	optind = 1;
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (option < 0 || option >= OPTIONS || option == '?')
			return usage(argv[0], "bad option", "");
		if (seen[option])
			return usage(argv[0], "given twice: --", table[option].name);
		seen[option] = true;
		if (option == OPTION_HELP) {
			usage_print(argv[0], paths);
			return 1;
		}
		if (option == OPTION_CONFIG)
			given->file = optarg;
		else if (option == OPTION_CHECK)
			given->check = true;
		else
			given->texts[option] = settings[option].value ? optarg : "yes";
	}
	if (paths && optind < argc)
		given->path = argv[optind++];
	if (paths && !given->path)
		return usage(argv[0], "a FILE is needed", "");
	return optind < argc ? usage(argv[0], "unexpected argument ", argv[optind]) : 0;
}
