// SPDX-License-Identifier: GPL-2.0-only
/* The command line of "lbd agent". Documentation/man/lbd.8 says the same in more words. */
#include "agent/agent.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
	"Usage: lbd agent --topology FILE --host NAME [OPTION]...\n"
	"Keep a host in the networks that a topology file gives it.\n"
	"\n"
	"  --topology FILE    the topology (Documentation/topology.md)\n"
	"  --host NAME        which of its hosts this is\n"
	"  --interface NAME   the WireGuard interface to own (default: lbmesh0)\n"
	"  --state DIR        keep the last good topology there, and start from it when FILE is\n"
	"                     of no use (default: none)\n"
	"  --foreground       stay in the foreground (the default)\n"
	"  --check            check the topology, change nothing, and exit; without --host\n"
	"                     the private key is not looked at\n"
	"  --verbose          with --check, say what the host would have\n"
	"  --help             show this and exit\n"
	"\n"
	"SIGHUP reads the topology again and commits what differs. SIGTERM and SIGINT end\n"
	"the agent and leave everything in force.\n"
	"Exit status: 0 done, 1 failed, 2 wrong usage, 3 module out of reach, 5 conflict.\n";

static bool interface_name_is_good(const char *name)
{
	size_t length = strlen(name);

	if (!length || length > LBMESH_IFNAME_MAX || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++) {
		if (*name == '/' || *name == ':' || *name == '%' || !isgraph((unsigned char)*name))
			return false;
	}
	return true;
}

static int usage(const char *what)
{
	fprintf(stderr, "lbd agent: %s\nTry: lbd agent --help\n", what);
	return -EINVAL;
}

static int options_check(const struct agent_options *options)
{
	if (!options->topology)
		return usage("--topology FILE is missing");
	if (!options->host && !options->check)
		return usage("--host NAME is missing");
	if (options->verbose && !options->check)
		return usage("--verbose goes with --check");
	if (!interface_name_is_good(options->interface))
		return usage("--interface: not a name for an interface (1 to 15 characters)");
	return 0;
}

int agent_options_read(int argc, char **argv, struct agent_options *options)
{
	static const struct option table[] = {
		{"topology", required_argument, NULL, 't'},
		{"host", required_argument, NULL, 'n'},
		{"interface", required_argument, NULL, 'i'},
		{"state", required_argument, NULL, 's'},
		{"foreground", no_argument, NULL, 'f'},
		{"check", no_argument, NULL, 'c'},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	*options = (struct agent_options){.interface = "lbmesh0"};
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (option) {
		case 't':
			options->topology = optarg;
			break;
		case 'n':
			options->host = optarg;
			break;
		case 'i':
			options->interface = optarg;
			break;
		case 's':
			options->state = optarg;
			break;
		case 'f':
			break;
		case 'c':
			options->check = true;
			break;
		case 'v':
			options->verbose = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 1;
		default:
			return usage("bad option");
		}
	}
	if (optind < argc)
		return usage("takes no arguments besides its options");
	return options_check(options);
}
