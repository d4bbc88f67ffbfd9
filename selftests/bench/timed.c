// SPDX-License-Identifier: GPL-2.0
/*
 * Runs one program and prints how long it took, in nanoseconds of CLOCK_MONOTONIC from before it is
 * started until it has been waited for. In a guest with -icount that is the instruction clock.
 * Both sides of the benchmark are started by this, in the same way; selftests/bench/swap.sh calls
 * it. What the program prints goes to the file OUTPUT.
 *
 *	timed OUTPUT COMMAND...		until the program has ended
 *	timed -n OUTPUT COMMAND...	until a network namespace less is there besides: the kernel
 *					ends one in the background
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* How often to look whether a namespace has ended. */
#define LOOK_NS 100000

static const char limit_file[] = "/proc/sys/user/max_net_namespaces";

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "timed: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void run(char **command, const char *output)
{
	posix_spawn_file_actions_t actions;
	int status;
	pid_t pid;

	if (posix_spawn_file_actions_init(&actions) ||
	    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output,
					     O_WRONLY | O_CREAT | O_TRUNC, 0600))
		fail(output);
	errno = posix_spawnp(&pid, command[0], &actions, NULL, command, environ);
	if (errno)
		fail(command[0]);
	if (waitpid(pid, &status, 0) < 0)
		fail(command[0]);
	if (status) {
		fprintf(stderr, "timed: %s ended with status %d\n", command[0],
			WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
		exit(1);
	}
}

/* --- Counting namespaces ------------------------------------------------------------------------ */

static void limit_set(unsigned int limit)
{
	FILE *file = fopen(limit_file, "w");

	if (!file || fprintf(file, "%u\n", limit) < 0 || fclose(file))
		fail(limit_file);
}

static unsigned int limit_get(void)
{
	FILE *file = fopen(limit_file, "r");
	unsigned int limit;

	if (!file || fscanf(file, "%u", &limit) != 1)
		fail(limit_file);
	fclose(file);
	return limit;
}

/* Whether the kernel allows one namespace more; if so, this process is in it. */
static bool one_fits(void)
{
	if (!unshare(CLONE_NEWNET))
		return true;
	if (errno != ENOSPC)
		fail("unshare");
	return false;
}

/*
 * How many namespaces there are besides the first: as many as the largest limit under which there
 * is no room for another. The one that is made in the end has ended when this returns.
 */
static unsigned int count(void)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	const struct timespec second = {.tv_sec = 1};
	unsigned int limit = 0;

	do {
		limit_set(++limit);
	} while (!one_fits());
	if (home < 0 || setns(home, CLONE_NEWNET))
		fail("setns");
	close(home);
	nanosleep(&second, NULL);
	return limit - 1;
}

int main(int argc, char **argv)
{
	bool namespaces = argc > 1 && strcmp(argv[1], "-n") == 0;
	const struct timespec pause = {.tv_nsec = LOOK_NS};
	unsigned int limit = 0;
	uint64_t began;

	argv += 1 + namespaces;
	if (argc < 3 + namespaces) {
		fprintf(stderr, "usage: timed [-n] OUTPUT COMMAND...\n");
		return 2;
	}
	if (namespaces) {
		limit = limit_get();
		limit_set(count());
	}
	began = now();
	run(argv + 1, argv[0]);
	while (namespaces && !one_fits())
		nanosleep(&pause, NULL);
	printf("%llu\n", (unsigned long long)(now() - began));
	if (namespaces)
		limit_set(limit);
	return 0;
}
