// SPDX-License-Identifier: GPL-2.0-only
/*
 * command.c - the table of commands, from which dispatch, help and completion
 * are made. Called by main.c.
 */
#include <string.h>

#include "api.h"

/* Of all commands that ask the controller. */
#define API (OPTION_API | OPTION_CA | OPTION_TOKEN_FILE | OPTION_ORG | OPTION_SYSTEM)
/* Of those that send fields. */
#define API_SEND (API | OPTION_FILE | OPTION_WORKSPACE)
#define API_ARGS "VERB [NAME] [FIELD=VALUE...]"

static enum lbctl_exit cmd_completion(const struct options *options);
static enum lbctl_exit cmd_help(const struct options *options);
static enum lbctl_exit cmd_version(const struct options *options);
static enum lbctl_exit cmd_audit_either(const struct options *options);

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
	{"audit", "[list]", 1, OPTION_TIMEOUT | API,
	 "List how WireGuard differs from the generation; list: what was done.", cmd_audit_either},
	{"repair", "", 0, OPTION_TIMEOUT, "Make WireGuard what the generation says.", cmd_repair},
	{"limits", "[set NAME=NUMBER...]", 13, 0, "Show or set the limits of the namespace.",
	 cmd_limits},
	{"org", API_ARGS, OPTIONS_ARGS_MAX - 1, API_SEND, "Organisations, at the controller.",
	 cmd_resource},
	{"workspace", API_ARGS, OPTIONS_ARGS_MAX - 1, API_SEND, "Workspaces of an organisation.",
	 cmd_resource},
	{"host", API_ARGS, OPTIONS_ARGS_MAX - 1, API_SEND, "Hosts that have enrolled.", cmd_host},
	{"attachment", "VERB HOST [ID] [FIELD=VALUE...]", OPTIONS_ARGS_MAX - 1, API_SEND,
	 "Firewalls that are attached to a host.", cmd_resource},
	{"sandbox", API_ARGS, OPTIONS_ARGS_MAX - 1, API_SEND, "Sandboxes on hosts.", cmd_resource},
	{"network", API_ARGS, OPTIONS_ARGS_MAX - 1, API_SEND | OPTION_ALIAS | OPTION_PORT,
	 "Networks, what is attached to them, and aliases.", cmd_network},
	{"member", "VERB NETWORK [ID] [FIELD=VALUE...]", OPTIONS_ARGS_MAX - 1, API_SEND,
	 "Members of a network.", cmd_resource},
	{"alias", "VERB NETWORK [NAME] [FIELD=VALUE...]", OPTIONS_ARGS_MAX - 1,
	 API_SEND | OPTION_PORT, "Names of sandboxes in a network.", cmd_resource},
	{"policy", "VERB NETWORK [ID] [FIELD=VALUE...]", OPTIONS_ARGS_MAX - 1, API_SEND,
	 "Who may reach which alias of a network.", cmd_resource},
	{"bridge", "VERB [ID] [FIELD=VALUE...]", OPTIONS_ARGS_MAX - 1, API_SEND,
	 "Bridges between two networks.", cmd_resource},
	{"firewall", API_ARGS, OPTIONS_ARGS_MAX - 1, API_SEND, "Firewalls and their rules.",
	 cmd_resource},
	{"token", API_ARGS, OPTIONS_ARGS_MAX - 1, API_SEND | OPTION_KIND,
	 "Tokens of programs, of hosts that join, and of users.", cmd_token},
	{"operation", "VERB [ID]", 2, API | OPTION_TIMEOUT, "What the controller is busy with.",
	 cmd_operation},
	{"admin", "backup|restore FILE", 2, OPTION_CONFIG | OPTION_STORE,
	 "Copies of the controller's store.", cmd_admin},
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

/* Two audits: of what the kernel has, and of what was done at the controller. */
static enum lbctl_exit cmd_audit_either(const struct options *options)
{
	if (options->n_args == 1)
		return cmd_audit(options);
	if (!strcmp(options->args[1], "list"))
		return cmd_audit_list(options);
	return api_usage(options, "unexpected argument", options->args[1]);
}

/* The verbs and fields of a kind of resource. */
static void kind_usage(FILE *to, const struct api_kind *kind)
{
	const char *before = "\nFields: ";

	(void)fputs("\nVerbs: ", to);
	api_kind_words(kind, ", ", to);
	for (size_t i = 0; i < API_FIELDS_MAX && kind->fields[i].name; i++) {
		(void)fprintf(to, "%s%s", before, kind->fields[i].name);
		before = ", ";
	}
	(void)fputc('\n', to);
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
		if (api_kind_find(command->name))
			kind_usage(to, api_kind_find(command->name));
		options_usage(to, command->options);
		return;
	}
	(void)fputs(
		"Usage: lbctl COMMAND [OPTION]...\n"
		"Shows and steers what the lbmesh module does in this network namespace, and what "
		"the\ncontroller has.\n\n"
		"Commands:\n",
		to);
	for (size_t i = 0; i < n_commands; i++)
		(void)fprintf(to, "  %-24s %s\n", commands[i].name, commands[i].help);
	options_usage(to, 0);
	(void)fputs(
		"\nExit status: 0 done, 1 failed or denied, 2 usage, 3 module or controller\n"
		"unreachable, 4 not ready, 5 conflict, 6 drift, 7 the packet would be denied.\n",
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

/* What may follow a command besides its options. */
static void completion_words(const char *name)
{
	static const struct {
		const char *name, *words;
	} others[] = {{"completion", "bash"},
		      {"limits", "set"},
		      {"set", "add remove"},
		      {"audit", "list"},
		      {"admin", "backup restore"}};
	const struct api_kind *kind = api_kind_find(name);

	if (kind)
		api_kind_words(kind, " ", stdout);
	for (size_t i = 0; !strcmp(name, "help") && i < n_commands; i++)
		(void)printf("%s ", commands[i].name);
	for (size_t i = 0; i < lbctl_array_size(others); i++) {
		if (!strcmp(others[i].name, name))
			(void)fputs(others[i].words, stdout);
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
		completion_words(commands[i].name);
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
