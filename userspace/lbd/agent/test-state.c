// SPDX-License-Identifier: GPL-2.0-only
/* What an agent keeps and restores, as far as it goes without the module. */
#include "agent/agent.h"
#include "testing/sample.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/lbd-test-XXXXXX";
static const struct agent_options options = {
	.topology = "t.json",
	.host = "a",
	.interface = "lbm0",
	.state = "state",
};
static struct agent agent = {.options = &options, .generation = 7};

static void file_write(const char *name, const char *text)
{
	FILE *file = fopen(name, "we");

	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
	chmod(name, 0600);
}

static void setup(void)
{
	struct fault fault;

	cr_redirect_stderr();
	cr_assert_geq(sodium_init(), 0);
	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
	file_write("t.json", sample_text);
	file_write("a.key", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n");
	cr_assert_eq(agent_state_open(&agent, &fault), 0, "%s", fault.text);
	cr_assert_eq(target_load("t.json", "a", &agent.target, &fault), 0, "%s", fault.text);
}

static void teardown(void)
{
	target_release(&agent.target);
	lastgood_close(&agent.lastgood);
	unlink("t.json");
	unlink("a.key");
	unlink("state/last-good");
	unlink("state/last-good.old");
	rmdir("state");
	cr_expect_eq(rmdir(folder), 0);
}

TestSuite(state, .init = setup, .fini = teardown);

Test(state, what_came_into_force_is_kept_and_said_so)
{
	agent_state_keep(&agent);
	fflush(NULL);
	cr_expect_stderr_eq_str("lbd: last good: generation 7 is on disk\n");
	cr_expect_null(agent.target.text);
}

Test(state, what_was_kept_is_the_target_when_the_topology_is_gone)
{
	struct target target;
	struct delta delta;
	struct fault fault;

	agent_state_keep(&agent);
	cr_assert_eq(unlink("t.json"), 0);
	cr_assert_eq(target_load("t.json", "a", &target, &fault), -ENOENT);
	cr_assert_eq(agent_state_restore(&agent, &target, &fault), 0, "%s", fault.text);
	cr_assert_eq(delta_compute(agent.target.wanted, target.wanted, &delta, &fault), 0);
	cr_expect(delta_is_empty(&delta));
	cr_expect_arr_eq(agent.target.private_key, target.private_key, LBMESH_KEY_LEN);
	delta_release(&delta);
	target_release(&target);
}

Test(state, the_private_key_is_not_kept)
{
	char bytes[8192];
	ssize_t n;
	int fd;

	agent_state_keep(&agent);
	fd = open("state/last-good", O_RDONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	n = read(fd, bytes, sizeof(bytes));
	cr_assert_gt(n, (ssize_t)strlen(sample_text));
	close(fd);
	cr_expect_null(memmem(bytes, (size_t)n, agent.target.private_key, LBMESH_KEY_LEN));
	cr_expect_null(memmem(bytes, (size_t)n, "AQEBAQEB", 8));
	cr_expect_not_null(memmem(bytes, (size_t)n, "a.key", 5));
}

Test(state, without_the_private_key_nothing_is_restored)
{
	struct target target;
	struct fault fault;

	agent_state_keep(&agent);
	cr_assert_eq(unlink("a.key"), 0);
	cr_expect_eq(agent_state_restore(&agent, &target, &fault), -ENOENT);
	cr_expect_str_eq(fault.path, "hosts[0].private-key-file");
	cr_expect_null(target.wanted);
}

Test(state, a_directory_that_holds_nothing_restores_nothing)
{
	struct target target;
	struct fault fault;

	cr_expect_eq(agent_state_restore(&agent, &target, &fault), -ENOENT);
	cr_expect_str_eq(fault.text, "no state has been kept yet");
}

Test(state, without_the_option_nothing_is_kept)
{
	struct agent_options none = options;

	none.state = NULL;
	agent.options = &none;
	agent_state_keep(&agent);
	cr_expect_eq(access("state/last-good", F_OK), -1);
	cr_expect_null(agent.target.text);
}
