// SPDX-License-Identifier: GPL-2.0-only
/*
 * command.c - the table of commands, from which dispatch, help and completion
 * are made. Called by main.c.
 */
#include <string.h>

#include "lbctl.h"

static enum lbctl_exit cmd_completion(const struct options *options);
static enum lbctl_exit cmd_help(const struct options *options);
static enum lbctl_exit cmd_version(const struct options *options);

const struct command commands[] = {
	{"status", "", 0, 0, "Show module, generation, gate and devices.", cmd_status},
	{"generation", "", 0, 0, "Show what is in force and how the last job ended.",
	 cmd_generation},
	{"devices", "", 0, OPTION_DEVICE, "List the WireGuard devices.", cmd_devices},
	{"networks", "", 0, OPTION_NETWORK, "List the networks.", cmd_networks},
	{"bridges", "", 0, OPTION_NETWORK, "List the bridges between networks.", cmd_bridges},
	{"peers", "", 0, OPTION_DEVICE | OPTION_NETWORK, "List the peers and their addresses.",
	 cmd_peers},
	{"members", "", 0, OPTION_DEVICE | OPTION_NETWORK, "List the members of the networks.",
	 cmd_members},
	{"layers", "", 0, 0, "List the layers of the firewall.", cmd_layers},
	{"rules", "", 0, OPTION_LAYER, "List the rules of the layers and their hits.", cmd_rules},
	{"sets", "", 0, 0, "List the sets of addresses.", cmd_sets},
	{"elements", "", 0, OPTION_SET, "List the elements of the sets.", cmd_elements},
	{"endpoints", "", 0, 0, "List the endpoints and their layers.", cmd_endpoints},
	{"flows", "", 0, 0, "List what the verdict cache holds.", cmd_flows},
	{"set", "add|remove SET PREFIX...", OPTIONS_ARGS_MAX - 1, OPTION_TIMEOUT,
	 "Add learned elements to a set, or remove them.", cmd_set},
	{"explain", "", 0,
	 OPTION_FROM | OPTION_TO | OPTION_PROTO | OPTION_ENDPOINT | OPTION_INTERFACE |
		 OPTION_DIRECTION | OPTION_ICMP_TYPE | OPTION_ICMP_CODE,
	 "Say what would happen to a packet, and why.", cmd_explain},
	{"monitor", "", 0, OPTION_TIMEOUT, "Show denied and logged packets as they come.",
	 cmd_monitor},
	{"wait", "", 0, OPTION_GENERATION | OPTION_TIMEOUT,
	 "Wait until a generation is in force and no job runs.", cmd_wait},
	{"confirm", "[GENERATION]", 1, OPTION_TIMEOUT, "Keep the pending generation.", cmd_confirm},
	{"revert", "[GENERATION]", 1, OPTION_TIMEOUT,
	 "Return to the generation before the pending one.", cmd_revert},
	{"flush", "", 0, OPTION_YES | OPTION_TIMEOUT,
	 "Remove all managed peers and end the generation.", cmd_flush},
	{"audit", "", 0, OPTION_TIMEOUT, "List how WireGuard differs from the generation.",
	 cmd_audit},
	{"repair", "", 0, OPTION_TIMEOUT, "Make WireGuard what the generation says.", cmd_repair},
	{"limits", "[set NAME=NUMBER...]", 13, 0, "Show or set the limits of the namespace.",
	 cmd_limits},
	{"completion", "bash", 1, 0, "Write a completion script for the shell.", cmd_completion},
	{"version", "", 0, 0, "Say the version of lbctl.", cmd_version},
	{"help", "[COMMAND]", 1, 0, "Say what lbctl or a command does.", cmd_help},
};

const size_t n_commands = lbctl_array_size(commands);

/**
 * command_find() - Find a command by its whole name.
 * @name: as typed
 *
 * Return: the command or NULL.
 */
const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < n_commands; i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

static void options_usage(FILE *to, uint32_t flags)
{
	(void)fputs("\nOptions:\n", to);
	for (size_t i = 0; i < n_option_specs; i++) {
		const struct option_spec *spec = &option_specs[i];
		char name[40];

		if (spec->flag && !(flags & spec->flag))
			continue;
		(void)snprintf(name, sizeof(name), "--%s%s%s", spec->name, spec->value ? " " : "",
			       spec->value ? spec->value : "");
		(void)fprintf(to, "  %-24s %s\n", name, spec->help);
	}
}

/**
 * command_usage() - Write the help.
 * @to: where it goes
 * @command: of one command; NULL for that of lbctl
 */
void command_usage(FILE *to, const struct command *command)
{
	if (command) {
		(void)fprintf(to, "Usage: lbctl %s%s%s [OPTION]...\n%s\n", command->name,
			      command->args[0] ? " " : "", command->args, command->help);
		options_usage(to, command->options);
		return;
	}
	(void)fputs("Usage: lbctl COMMAND [OPTION]...\n"
		    "Shows and steers what the lbmesh module does in this network namespace.\n\n"
		    "Commands:\n",
		    to);
	for (size_t i = 0; i < n_commands; i++)
		(void)fprintf(to, "  %-24s %s\n", commands[i].name, commands[i].help);
	options_usage(to, 0);
	(void)fputs("\nExit status: 0 done, 1 failed or denied, 2 usage, 3 module unreachable,\n"
		    "4 not ready, 5 conflict, 6 drift, 7 the packet would be denied.\n",
		    to);
}

static enum lbctl_exit cmd_help(const struct options *options)
{
	const struct command *command = NULL;

	if (options->n_args > 1) {
		command = command_find(options->args[1]);
		if (!command) {
			(void)fprintf(stderr, "lbctl: unknown command \"%s\"; run: lbctl help\n",
				      options->args[1]);
			return LBCTL_USAGE;
		}
	}
	command_usage(stdout, command);
	return LBCTL_OK;
}

static enum lbctl_exit cmd_version(const struct options *options)
{
	(void)options;
	(void)printf("lbctl %s\n", lbmesh_version());
	return LBCTL_OK;
}

static void completion_options(uint32_t flags)
{
	for (size_t i = 0; i < n_option_specs; i++) {
		if (!option_specs[i].flag || (flags & option_specs[i].flag))
			(void)printf(" --%s", option_specs[i].name);
	}
}

static enum lbctl_exit cmd_completion(const struct options *options)
{
	if (options->n_args < 2 || strcmp(options->args[1], "bash") != 0) {
		(void)fputs("lbctl: completion: the shell must be \"bash\"\n", stderr);
		return LBCTL_USAGE;
	}
	(void)fputs("# Made by \"lbctl completion bash\" from its table of commands.\n"
		    "_lbctl() {\n"
		    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words=\n"
		    "\tif ((COMP_CWORD == 1)); then\n"
		    "\t\twords='",
		    stdout);
	for (size_t i = 0; i < n_commands; i++)
		(void)printf("%s ", commands[i].name);
	(void)fputs("--help --version'\n\telse\n\t\tcase $command in\n", stdout);
	for (size_t i = 0; i < n_commands; i++) {
		(void)printf("\t\t%s) words='", commands[i].name);
		if (!strcmp(commands[i].name, "help")) {
			for (size_t j = 0; j < n_commands; j++)
				(void)printf("%s ", commands[j].name);
		} else if (!strcmp(commands[i].name, "completion")) {
			(void)fputs("bash", stdout);
		} else if (!strcmp(commands[i].name, "limits")) {
			(void)fputs("set", stdout);
		} else if (!strcmp(commands[i].name, "set")) {
			(void)fputs("add remove", stdout);
		}
		completion_options(commands[i].options);
		(void)fputs("' ;;\n", stdout);
	}
	(void)fputs("\t\tesac\n\tfi\n"
		    "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
		    "}\n"
		    "complete -F _lbctl lbctl\n",
		    stdout);
	return LBCTL_OK;
}

static enum lbctl_exit usage_error(const struct command *command, const char *why)
{
	(void)fprintf(stderr, "lbctl: %s; run: lbctl help%s%s\n", why, command ? " " : "",
		      command ? command->name : "");
	return LBCTL_USAGE;
}

/* An option that the command does not have is an error, not ignored. */
static bool options_fit(const struct command *command, const struct options *options, char *why,
			size_t size)
{
	if (options->n_args - 1 > command->max_args) {
		(void)snprintf(why, size, "%s: unexpected argument \"%s\"", command->name,
			       options->args[command->max_args + 1]);
		return false;
	}
	for (size_t i = 0; i < n_option_specs; i++) {
		if (!(options->given & option_specs[i].flag & ~command->options))
			continue;
		(void)snprintf(why, size, "%s: no option --%s", command->name,
			       option_specs[i].name);
		return false;
	}
	return true;
}

/**
 * command_run() - Do what the command line says.
 * @argc: as main()'s
 * @argv: as main()'s
 *
 * Return: the exit code.
 */
enum lbctl_exit command_run(int argc, char *const argv[])
{
	const struct command *command = NULL;
	struct options options;
	char why[128];

	if (options_parse(argc - 1, argv + 1, &options, why, sizeof(why)))
		return usage_error(NULL, why);
	if (options.n_args)
		command = command_find(options.args[0]);
	if (options.n_args && !command) {
		(void)snprintf(why, sizeof(why), "unknown command \"%s\"", options.args[0]);
		return usage_error(NULL, why);
	}
	if (options.version)
		return cmd_version(&options);
	if (options.help) {
		command_usage(stdout, command);
		return LBCTL_OK;
	}
	if (!command)
		return usage_error(NULL, "no command given");
	if (!options_fit(command, &options, why, sizeof(why)))
		return usage_error(command, why);
	return command->run(&options);
}
