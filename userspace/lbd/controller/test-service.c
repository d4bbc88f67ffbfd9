// SPDX-License-Identifier: GPL-2.0-only
/*
 * The controller as a program, in a child: what the service manager is told, what clients of the
 * socket get, how it ends; backup and restore of its store.
 */
#include "controller/service.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64], state[96], sock[96], notify[96], errors[96];
static int told = -1;

static void folder_make(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 20};

	snprintf(directory, sizeof(directory), "/tmp/lbd-service-XXXXXX");
	cr_assert(mkdtemp(directory));
	snprintf(state, sizeof(state), "%s/state", directory);
	snprintf(sock, sizeof(sock), "%s/run/lbd.sock", directory);
	snprintf(notify, sizeof(notify), "%s/notify", directory);
	snprintf(errors, sizeof(errors), "%s/errors", directory);
	told = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", notify);
	cr_assert_eq(bind(told, (struct sockaddr *)&address, sizeof(address)), 0);
	setsockopt(told, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

static void folder_remove(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf %s", directory);
	cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c): our own words */
	close(told);
}

TestSuite(service, .init = folder_make, .fini = folder_remove, .timeout = 60);

/* Runs a command of lbd in a child, with its words; ends with NULL. */
static pid_t start(int (*run)(int argc, char **argv), char **words)
{
	int n = 0, fd;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid)
		return pid;
	while (words[n])
		n++;
	fd = open(errors, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, STDERR_FILENO);
	dup2(fd, STDOUT_FILENO);
	setenv("NOTIFY_SOCKET", notify, 1);
	unsetenv("WATCHDOG_PID");
	exit(run(n, words));
}

static pid_t controller_start(void)
{
	return start(controller_main,
		     (char *[]){"controller", "--state", state, "--socket", sock, NULL});
}

static int end_of(pid_t pid)
{
	int status = 0;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status), "signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

/* Waits for a message to the service manager that has this line. */
static void expect_told(const char *line)
{
	char text[512];
	ssize_t n;

	do {
		n = recv(told, text, sizeof(text) - 1, 0);
		cr_assert_geq(n, 0, "never told %s", line);
		text[n] = '\0';
	} while (!strstr(text, line));
}

static const char *log_text(void)
{
	static char text[16384];
	FILE *from = fopen(errors, "r");
	size_t n = from ? fread(text, 1, sizeof(text) - 1, from) : 0;

	text[n] = '\0';
	if (from)
		fclose(from);
	return text;
}

static const char *answer_of(const char *arguments, const char *path)
{
	static char text[8192];
	char command[512];
	FILE *from;
	size_t n;

	snprintf(command, sizeof(command), "curl -s -m 20 --unix-socket %s %s 'http://localhost%s'",
		 sock, arguments, path);
	from = popen(command, "r"); /* NOLINT(cert-env33-c): our own words */
	cr_assert(from);
	n = fread(text, 1, sizeof(text) - 1, from);
	text[n] = '\0';
	pclose(from);
	return text;
}

Test(service, it_says_when_it_is_ready_serves_and_ends_as_it_is_asked_to)
{
	pid_t pid = controller_start();

	expect_told("READY=1");
	cr_expect(strstr(answer_of("", "/healthz"), "\"ok\""), "%s", answer_of("", "/healthz"));
	cr_expect(strstr(answer_of("", "/readyz"), "\"ok\""));
	cr_expect(strstr(answer_of("-H 'Content-Type: application/json' -d '{\"name\": \"acme\"}'",
				   "/v1/orgs"),
			 "\"acme\""));
	cr_expect(strstr(answer_of("", "/v1/organizations/acme/networks"), "\"route_unknown\""),
		  "older paths are served unasked");
	kill(pid, SIGHUP);
	kill(pid, SIGTERM);
	expect_told("STOPPING=1");
	cr_assert_eq(end_of(pid), EXIT_DONE);
	cr_expect(strstr(log_text(), "lbd: request request_id="), "%s", log_text());
	cr_expect(strstr(log_text(), "operation=org.create method=POST path=/v1/orgs status=201"));
	cr_expect(strstr(log_text(), "SIGHUP"));
	cr_assert_neq(access(sock, F_OK), 0);
}

Test(service, what_it_had_is_there_after_a_restart_and_so_is_its_key)
{
	char key[64], again[64], path[128];
	FILE *from;
	pid_t pid = controller_start();

	expect_told("READY=1");
	answer_of("-H 'Content-Type: application/json' -d '{\"name\": \"acme\"}'", "/v1/orgs");
	kill(pid, SIGINT);
	cr_assert_eq(end_of(pid), EXIT_DONE);
	snprintf(path, sizeof(path), "%s/signing.key", state);
	from = fopen(path, "r");
	cr_assert(from && fgets(key, sizeof(key), from) && !fclose(from));
	pid = controller_start();
	expect_told("READY=1");
	cr_expect(strstr(answer_of("", "/v1/orgs"), "\"acme\""));
	kill(pid, SIGTERM);
	cr_assert_eq(end_of(pid), EXIT_DONE);
	from = fopen(path, "r");
	cr_assert(from && fgets(again, sizeof(again), from) && !fclose(from));
	cr_assert_str_eq(key, again);
	cr_assert_null(strstr(log_text(), key), "the key is in the log");
}

Test(service, the_watchdog_hears_of_it)
{
	pid_t pid;

	setenv("WATCHDOG_USEC", "200000", 1);
	pid = controller_start();
	for (int i = 0; i < 3; i++)
		expect_told("WATCHDOG=1");
	kill(pid, SIGTERM);
	cr_assert_eq(end_of(pid), EXIT_DONE);
}

Test(service, a_second_one_on_the_same_socket_is_a_conflict)
{
	pid_t pid = controller_start();

	expect_told("READY=1");
	cr_assert_eq(end_of(controller_start()), EXIT_CONFLICT, "%s", log_text());
	cr_expect(strstr(answer_of("", "/healthz"), "\"ok\""));
	kill(pid, SIGTERM);
	cr_assert_eq(end_of(pid), EXIT_DONE);
}

Test(service, what_cannot_work_ends_the_start_with_a_status_and_a_reason)
{
	char store[256];

	cr_assert_eq(end_of(start(controller_main, (char *[]){"controller", "--pool", "x", NULL})),
		     EXIT_USAGE);
	cr_assert(strstr(log_text(), "lbd: --pool: must be a prefix of IPv4"), "%s", log_text());
	snprintf(store, sizeof(store), "postgres:///x?host=%s&user=y", directory);
	cr_assert_eq(
		end_of(start(controller_main, (char *[]){"controller", "--state", state, "--socket",
							 sock, "--store", store, NULL})),
		EXIT_UNREACHABLE, "%s", log_text());
	cr_assert_eq(
		end_of(start(controller_main, (char *[]){"controller", "--state", state, "--socket",
							 sock, "--certificate", "/nowhere/c",
							 "--key", "/nowhere/k", NULL})),
		EXIT_FAILED, "%s", log_text());
	cr_assert_eq(end_of(start(controller_main,
				  (char *[]){"controller", "--state", "/nowhere/x", NULL})),
		     EXIT_FAILED);
}

Test(service, older_paths_are_there_when_they_are_asked_for)
{
	pid_t pid = start(controller_main, (char *[]){"controller", "--state", state, "--socket",
						      sock, "--old-paths", NULL});

	expect_told("READY=1");
	cr_expect(strstr(answer_of("", "/v1/organizations/acme/networks"), "\"not_found\""), "%s",
		  answer_of("", "/v1/organizations/acme/networks"));
	kill(pid, SIGTERM);
	cr_assert_eq(end_of(pid), EXIT_DONE);
}

Test(service, settings_are_checked_without_a_start)
{
	cr_assert_eq(end_of(start(controller_main,
				  (char *[]){"lbd", "--check-config", "--state", state, NULL})),
		     EXIT_DONE);
	cr_assert(strstr(log_text(), "slice-length = 24\n"), "%s", log_text());
	cr_assert_neq(access(state, F_OK), 0);
}

Test(service, a_backup_is_made_while_it_runs_and_fills_an_empty_store)
{
	char copy[128], store[160];
	pid_t pid = controller_start();

	snprintf(copy, sizeof(copy), "%s/copy.db", directory);
	snprintf(store, sizeof(store), "sqlite:%s/other.db", directory);
	expect_told("READY=1");
	answer_of("-H 'Content-Type: application/json' -d '{\"name\": \"acme\"}'", "/v1/orgs");
	cr_assert_eq(end_of(start(backup_main, (char *[]){"backup", "--state", state, copy, NULL})),
		     EXIT_DONE, "%s", log_text());
	cr_assert_eq(end_of(start(backup_main, (char *[]){"backup", "--state", state, copy, NULL})),
		     EXIT_CONFLICT);
	kill(pid, SIGTERM);
	cr_assert_eq(end_of(pid), EXIT_DONE);
	cr_assert_eq(end_of(start(restore_main, (char *[]){"restore", "--state", state, "--store",
							   store, copy, NULL})),
		     EXIT_DONE, "%s", log_text());
	cr_assert_eq(end_of(start(restore_main, (char *[]){"restore", "--state", state, "--store",
							   store, copy, NULL})),
		     EXIT_CONFLICT);
	pid = start(controller_main, (char *[]){"controller", "--state", state, "--socket", sock,
						"--store", store, NULL});
	expect_told("READY=1");
	cr_expect(strstr(answer_of("", "/v1/orgs"), "\"acme\""), "%s", log_text());
	kill(pid, SIGTERM);
	cr_assert_eq(end_of(pid), EXIT_DONE);
}
