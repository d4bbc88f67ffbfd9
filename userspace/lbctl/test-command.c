// SPDX-License-Identifier: GPL-2.0-only
/*
 * test-command.c - the program itself: exit codes, and what goes to which
 * stream. It is run as a user runs it.
 */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "lbctl.h"

extern char **environ;

static char out[16384];
static char errors[4096];

static void slurp(FILE *from, char *to, size_t size)
{
	size_t len;

	rewind(from);
	len = fread(to, 1, size - 1, from);
	to[len] = '\0';
	(void)fclose(from);
}

/* Returns the exit status; what was written is in out and errors. */
static int run(const char *line)
{
	posix_spawn_file_actions_t actions;
	FILE *to = tmpfile();
	FILE *err = tmpfile();
	char copy[256];
	char *words[24] = {LBCTL_PROGRAM};
	int n = 1;
	int status;
	pid_t pid;

	cr_assert(to && err);
	(void)snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		words[n++] = word;
	cr_assert_eq(posix_spawn_file_actions_init(&actions), 0);
	cr_assert_eq(posix_spawn_file_actions_adddup2(&actions, fileno(to), 1), 0);
	cr_assert_eq(posix_spawn_file_actions_adddup2(&actions, fileno(err), 2), 0);
	cr_assert_eq(posix_spawn(&pid, LBCTL_PROGRAM, &actions, NULL, words, environ), 0);
	(void)posix_spawn_file_actions_destroy(&actions);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	slurp(to, out, sizeof(out));
	slurp(err, errors, sizeof(errors));
	cr_assert(WIFEXITED(status), "%s", errors);
	return WEXITSTATUS(status);
}

static bool module_is_here(void)
{
	struct lbmesh *conn;

	if (lbmesh_open(&conn, NULL))
		return false;
	lbmesh_close(conn);
	return true;
}

TestSuite(command);

Test(command, usage_errors_exit_2_and_say_where_help_is)
{
	static const struct {
		const char *line;
		const char *why;
	} cases[] = {
		{"", "lbctl: no command given; run: lbctl help\n"},
		{"frobnicate", "lbctl: unknown command \"frobnicate\"; run: lbctl help\n"},
		{"stat", "lbctl: unknown command \"stat\"; run: lbctl help\n"},
		{"status --frob", "lbctl: unknown option \"--frob\"; run: lbctl help\n"},
		{"status --device 1",
		 "lbctl: status: no option --device; run: lbctl help status\n"},
		{"status now",
		 "lbctl: status: unexpected argument \"now\"; run: lbctl help status\n"},
		{"peers --device x",
		 "lbctl: --device: \"x\" is not a number from 1 to 4294967295; run: lbctl help\n"},
		{"help frobnicate", "lbctl: unknown command \"frobnicate\"; run: lbctl help\n"},
		{"completion", "lbctl: completion: the shell must be \"bash\"\n"},
		{"completion fish", "lbctl: completion: the shell must be \"bash\"\n"},
		{"rules --set 1", "lbctl: rules: no option --set; run: lbctl help rules\n"},
		{"elements --layer 1",
		 "lbctl: elements: no option --layer; run: lbctl help elements\n"},
		{"peers --from 10.0.0.1",
		 "lbctl: peers: no option --from; run: lbctl help peers\n"},
		{"explain",
		 "lbctl: explain: --from ADDRESS[:PORT] is required; run: lbctl help explain\n"},
		{"set", "lbctl: set: add or remove, the id of a set, and prefixes are needed; run: "
			"lbctl help set\n"},
		{"confirm 0",
		 "lbctl: confirm: \"0\" is not the number of a generation; run: lbctl help "
		 "confirm\n"},
		{"confirm 18446744073709551616",
		 "lbctl: confirm: \"18446744073709551616\" is not the number of a generation; "
		 "run: lbctl help confirm\n"},
		{"revert seven",
		 "lbctl: revert: \"seven\" is not the number of a generation; run: lbctl help "
		 "revert\n"},
		{"revert 7 8",
		 "lbctl: revert: unexpected argument \"8\"; run: lbctl help revert\n"},
		{"confirm --yes", "lbctl: confirm: no option --yes; run: lbctl help confirm\n"},
		{"audit 7", "lbctl: audit: unexpected argument \"7\"; run: lbctl help audit\n"},
		{"limits sat peers=1",
		 "lbctl: limits: \"sat\" is not \"set\"; run: lbctl help limits\n"},
		{"limits set",
		 "lbctl: limits: \"set\" sets nothing without NAME=NUMBER; run: lbctl help "
		 "limits\n"},
		{"limits set peers",
		 "lbctl: limits: \"peers\" has no =NUMBER; run: lbctl help limits\n"},
		{"limits set peers=",
		 "lbctl: limits: \"peers=\" has no number from 1 to 4294967295; run: lbctl help "
		 "limits\n"},
		{"limits set peers=0",
		 "lbctl: limits: \"peers=0\" has no number from 1 to 4294967295; run: lbctl help "
		 "limits\n"},
		{"limits set peers=4294967296",
		 "lbctl: limits: \"peers=4294967296\" has no number from 1 to 4294967295; run: "
		 "lbctl help limits\n"},
		{"limits set peers=1k",
		 "lbctl: limits: \"peers=1k\" has no number from 1 to 4294967295; run: lbctl "
		 "help limits\n"},
		{"limits set peers=1=2",
		 "lbctl: limits: \"peers=1=2\" has no number from 1 to 4294967295; run: lbctl "
		 "help limits\n"},
		{"limits set peers=1 peers=2",
		 "lbctl: limits: \"peers\" is given twice; run: lbctl help limits\n"},
		{"limits set members=5 peer=1",
		 "lbctl: limits: \"peer=1\" is no limit; the limits are devices, networks, "
		 "bridges, peers, members, layers, rules, sets, elements, endpoints, "
		 "message-bytes, cache-entries\n"},
		{"limits set =1",
		 "lbctl: limits: \"=1\" is no limit; the limits are devices, networks, bridges, "
		 "peers, members, layers, rules, sets, elements, endpoints, message-bytes, "
		 "cache-entries\n"},
	};

	for (size_t i = 0; i < lbctl_array_size(cases); i++) {
		cr_assert_eq(run(cases[i].line), LBCTL_USAGE, "%s", cases[i].line);
		cr_assert_str_eq(errors, cases[i].why);
		cr_assert_str_eq(out, "");
	}
}

Test(command, without_the_module_every_question_exits_3_and_says_what_to_do)
{
	static const char *const lines[] = {
		"status",
		"generation",
		"devices",
		"networks",
		"bridges",
		"peers",
		"members",
		"wait",
		"confirm",
		"revert",
		"flush",
		"flush --yes",
		"audit",
		"repair",
		"limits",
		"revert 7",
		"confirm 7",
		"status --json",
		"audit --json",
		"limits set peers=1",
		"layers",
		"rules",
		"sets",
		"elements",
		"endpoints",
		"flows",
		"monitor",
		"rules --layer 1",
		"elements --set 1",
		"set add 3 10.0.0.1",
		"explain --from 10.0.0.1 --to 10.0.0.2:80 --proto tcp",
	};

	if (module_is_here())
		cr_skip_test("the module is loaded here");
	for (size_t i = 0; i < lbctl_array_size(lines); i++) {
		cr_assert_eq(run(lines[i]), LBCTL_UNREACHABLE, "%s", lines[i]);
		cr_assert_str_eq(errors, "lbctl: the lbmesh module is not loaded; run: modprobe "
					 "lbmesh\n");
		cr_assert_str_eq(out, "");
	}
}

Test(command, help_goes_to_stdout_and_names_every_command)
{
	static const char *const lines[] = {"help", "--help", "-h"};

	for (size_t i = 0; i < lbctl_array_size(lines); i++) {
		cr_assert_eq(run(lines[i]), LBCTL_OK);
		cr_assert_str_eq(errors, "");
		for (size_t j = 0; j < n_commands; j++)
			cr_assert_not_null(strstr(out, commands[j].name));
	}
}

Test(command, every_command_has_help_with_its_own_options_only)
{
	for (size_t i = 0; i < n_commands; i++) {
		char line[64];

		(void)snprintf(line, sizeof(line), "help %s", commands[i].name);
		cr_assert_eq(run(line), LBCTL_OK);
		cr_assert_not_null(strstr(out, commands[i].help));
		cr_assert_eq(!!strstr(out, "--device"), !!(commands[i].options & OPTION_DEVICE));
		cr_assert_eq(!!strstr(out, "--timeout"), !!(commands[i].options & OPTION_TIMEOUT));
		(void)snprintf(line, sizeof(line), "%s --help", commands[i].name);
		cr_assert_eq(run(line), LBCTL_OK);
		cr_assert_not_null(strstr(out, commands[i].help));
	}
}

Test(command, the_version_is_that_of_the_library)
{
	char expected[64];

	(void)snprintf(expected, sizeof(expected), "lbctl %s\n", lbmesh_version());
	cr_assert_eq(run("--version"), LBCTL_OK);
	cr_assert_str_eq(out, expected);
	cr_assert_eq(run("version"), LBCTL_OK);
	cr_assert_str_eq(out, expected);
}

Test(command, the_completion_is_bash_and_knows_every_command)
{
	char script[] = "/tmp/lbctl-completion-XXXXXX";
	char shell[64];
	int fd = mkstemp(script);

	cr_assert_geq(fd, 0);
	cr_assert_eq(run("completion bash"), LBCTL_OK);
	cr_assert_eq(write(fd, out, strlen(out)), (ssize_t)strlen(out));
	cr_assert_eq(close(fd), 0);
	for (size_t i = 0; i < n_commands; i++) {
		char label[32];

		(void)snprintf(label, sizeof(label), "\t\t%s) words=", commands[i].name);
		cr_assert_not_null(strstr(out, label));
	}
	(void)snprintf(shell, sizeof(shell), "bash -n %s", script);
	cr_assert_eq(system(shell), 0); /* NOLINT(cert-env33-c): our own words */
	(void)unlink(script);
}

Test(command, errors_of_the_library_have_the_exit_codes_of_the_man_page)
{
	static const struct {
		int code;
		enum lbctl_exit expected;
	} cases[] = {
		{ENOENT, LBCTL_UNREACHABLE},	{EPROTONOSUPPORT, LBCTL_UNREACHABLE},
		{ETIMEDOUT, LBCTL_UNREACHABLE}, {EPERM, LBCTL_FAILED},
		{EPROTO, LBCTL_FAILED},		{EBUSY, LBCTL_CONFLICT},
		{ESTALE, LBCTL_CONFLICT},	{EAGAIN, LBCTL_CONFLICT},
		{ENOSPC, LBCTL_FAILED},		{ERANGE, LBCTL_FAILED},
		{EOPNOTSUPP, LBCTL_FAILED},	{ENOBUFS, LBCTL_FAILED},
	};

	for (size_t i = 0; i < lbctl_array_size(cases); i++) {
		struct lbmesh_error err = {.code = cases[i].code, .message = "said by a test"};

		cr_assert_eq(report_error(&err), cases[i].expected);
	}
}
