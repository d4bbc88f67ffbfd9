// SPDX-License-Identifier: GPL-2.0-only
/* The subcommand as a whole, as far as it goes without the module: usage, --check, status. */
#include "agent/agent.h"
#include "agent/log.h"
#include "testing/sample.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const key_texts[2] = {
	"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n",
	"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n",
};

static char folder[] = "/tmp/lbd-test-XXXXXX";

static void file_write(const char *name, const char *text)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "we");
	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
	chmod(path, 0600);
}

static void folder_fill(const char *topology)
{
	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
	file_write("t.json", topology);
	file_write("a.key", key_texts[0]);
	file_write("other.key", key_texts[1]);
	cr_redirect_stdout();
	cr_redirect_stderr();
}

static void folder_remove(void)
{
	unlink("t.json");
	unlink("a.key");
	unlink("other.key");
	rmdir(folder);
}

static int run(const char *const *arguments)
{
	char *argv[16] = {(char *)"agent"};
	int argc = 1;

	for (; arguments[argc - 1]; argc++)
		argv[argc] = (char *)arguments[argc - 1];
	optind = 0;
	return agent_main(argc, argv);
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

Test(agent, a_good_file_is_checked_in_silence, .fini = folder_remove)
{
	folder_fill(sample_text);
	cr_expect_eq(RUN("--check", "--topology", "t.json", "--host", "a"), 0);
	cr_expect_eq(RUN("--check", "--topology", "t.json"), 0);
	fflush(NULL);
	cr_expect_stdout_eq_str("");
	cr_expect_stderr_eq_str("");
}

Test(agent, a_clash_of_addresses_ends_with_status_5_and_names_both_places, .fini = folder_remove)
{
	char *text = sample_edit(sample_text, "\"100.64.2.1\"", "\"100.64.1.3\"");

	folder_fill(text);
	cr_expect_eq(RUN("--check", "--topology", "t.json", "--host", "a"), EXIT_CONFLICT);
	cr_expect_stderr_eq_str("lbd: t.json: networks[1].members[0].address: 100.64.1.3 already "
				"belongs to host \"c\" at networks[0].members[2].address\n");
	free(text);
}

Test(agent, two_private_keys_for_one_host_end_with_status_5, .fini = folder_remove)
{
	char *text =
		sample_edit(sample_text, "\"address\": \"100.64.2.1\"",
			    "\"address\": \"100.64.2.1\", \"private-key-file\": \"other.key\"");

	folder_fill(text);
	cr_expect_eq(RUN("--check", "--topology", "t.json", "--host", "a"), EXIT_CONFLICT);
	cr_expect_stderr_eq_str("lbd: t.json: networks[1].members[0].private-key-file: mixed keys: "
				"holds another private key than hosts[0].private-key-file; host "
				"\"a\" has one key in all its networks\n");
	free(text);
}

Test(agent, a_key_of_another_host_ends_with_status_1, .fini = folder_remove)
{
	folder_fill(sample_text);
	file_write("a.key", key_texts[1]);
	cr_expect_eq(RUN("--check", "--topology", "t.json", "--host", "a"), EXIT_FAILED);
	cr_expect_stderr_eq_str("lbd: t.json: hosts[0].private-key-file: holds a private key that "
				"does not belong to hosts[0].public-key\n");
}

Test(agent, a_host_that_the_topology_lacks_ends_with_status_1, .fini = folder_remove)
{
	folder_fill(sample_text);
	cr_expect_eq(RUN("--check", "--topology", "t.json", "--host", "z"), EXIT_FAILED);
	cr_expect_stderr_eq_str(
		"lbd: t.json: hosts: no host has the name \"z\" that --host gives\n");
}

Test(agent, wrong_usage_ends_with_status_2)
{
	cr_redirect_stderr();
	cr_expect_eq(RUN("--host", "a"), EXIT_USAGE);
	cr_expect_eq(RUN("--topology", "t.json"), EXIT_USAGE);
	cr_expect_eq(RUN("--check", "--topology", "t.json", "stray"), EXIT_USAGE);
	cr_expect_eq(RUN("--topology", "t.json", "--host", "a", "--interface", "a/b"), EXIT_USAGE);
	cr_expect_eq(RUN("--topology", "t.json", "--host", "a", "--interface", "sixteencharacter"),
		     EXIT_USAGE);
	cr_expect_eq(RUN("--nonsense"), EXIT_USAGE);
}

Test(agent, without_the_module_it_ends_with_status_3_and_leaves_nothing, .fini = folder_remove)
{
	if (!access("/sys/module/lbmesh", F_OK))
		cr_skip_test("the module is loaded on this machine");
	folder_fill(sample_text);
	cr_expect_eq(RUN("--topology", "t.json", "--host", "a"), EXIT_UNREACHABLE);
}

Test(agent, an_errno_has_its_exit_status)
{
	cr_expect_eq(agent_status(0), EXIT_DONE);
	cr_expect_eq(agent_status(-EINVAL), EXIT_FAILED);
	cr_expect_eq(agent_status(-ENOTCONN), EXIT_UNREACHABLE);
	cr_expect_eq(agent_status(-EEXIST), EXIT_CONFLICT);
}
