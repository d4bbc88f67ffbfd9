// SPDX-License-Identifier: GPL-2.0-only
/* lbd: the table of subcommands. Everything else is in the library that the tests link, too. */
#include "agent/agent.h"
#include "controller/config.h"

#include <stdio.h>
#include <string.h>

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{"agent", agent_main, "keep this host in the networks of a topology file"},
	{"controller", controller_main, "serve the API, and tell agents what they are to do"},
	{"openapi", openapi_main, "print the document of the API"},
	{"backup", backup_main, "copy the controller's store into a file"},
	{"restore", restore_main, "fill an empty store from such a file"},
};

static void help_print(FILE *stream)
{
	fputs("Usage: lbd COMMAND [OPTION]...\n\nCommands:\n", stream);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(stream, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("\nlbd COMMAND --help says more. lbd --version shows the version, and lbd --check-config "
	      "what\nthe controller's settings come to.\n",
	      stream);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		help_print(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help")) {
		help_print(stdout);
		return EXIT_DONE;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("lbd %s\n", LBD_VERSION);
		return EXIT_DONE;
	}
	/* It is the controller's option, which needs no subcommand to be asked for. */
	if (!strcmp(argv[1], "--check-config"))
		return controller_main(argc, argv);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "lbd: no command \"%s\"\nTry: lbd --help\n", argv[1]);
	return EXIT_USAGE;
}
