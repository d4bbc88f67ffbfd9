// SPDX-License-Identifier: GPL-2.0-only
/*
 * PostgreSQL's server for tests: it listens on a Unix socket in a folder that is its user's alone,
 * syncs as one in earnest does, and dies with the test program.
 */
#include "store/test-database.h"

#include <errno.h>
#include <glob.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVER_VARIABLE "LBD_TEST_POSTGRES"

struct server {
	char binaries[128];
	char directory[64];
	pid_t pid;
};

void directory_remove(const char *directory)
{
	pid_t pid = fork();

	if (!pid) {
		execlp("rm", "rm", "-rf", "--", directory, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

static int binaries_find(struct server *server)
{
	glob_t found;
	int ret = -1;

	if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found))
		return -1;
	if (found.gl_pathc &&
	    strlen(found.gl_pathv[found.gl_pathc - 1]) < sizeof(server->binaries)) {
		TEXT_SET(server->binaries, found.gl_pathv[found.gl_pathc - 1]);
		*strrchr(server->binaries, '/') = '\0';
		ret = 0;
	}
	globfree(&found);
	return ret;
}

/* PostgreSQL refuses to run as root. */
static const struct passwd *server_user(void)
{
	const struct passwd *user = NULL;

	if (geteuid())
		return NULL;
	user = getpwnam("postgres");
	return user ? user : getpwnam("nobody");
}

/* In a child: becomes the server's user and runs one of its programs, without a word. */
static pid_t program_start(const struct server *server, const char *name, char *const *arguments)
{
	const struct passwd *user = server_user();
	char path[192];
	pid_t pid = fork();

	if (pid)
		return pid;
	snprintf(path, sizeof(path), "%s/%s", server->binaries, name);
	if (user && (setgid(user->pw_gid) || setuid(user->pw_uid)))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGQUIT);
	if (chdir(server->directory) || !freopen("log", "a", stdout) || dup2(1, 2) < 0)
		_exit(126);
	execv(path, arguments);
	_exit(127);
}

static int cluster_make(const struct server *server)
{
	char *const arguments[] = {"initdb",	"-D",
				   "data",	"-U",
				   "lbd",	"-A",
				   "trust",	"-E",
				   "UTF8",	"--locale=C.UTF-8",
				   "--no-sync", "--no-instructions",
				   NULL};
	int status = 0;
	pid_t pid = program_start(server, "initdb", arguments);

	waitpid(pid, &status, 0);
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -1;
}

static int server_wait(void)
{
	char url[256];

	database_postgres_url("postgres", url, sizeof(url));
	for (int tries = 0; tries < 600; tries++) {
		if (PQping(url) == PQPING_OK)
			return 0;
		usleep(50000);
	}
	return -1;
}

static int server_start(struct server *server)
{
	const struct passwd *user = server_user();
	char *const arguments[] = {"postgres",
				   "-D",
				   "data",
				   "-k",
				   server->directory,
				   "-h",
				   "",
				   "-c",
				   "max_connections=60",
				   "-c",
				   "max_prepared_transactions=0",
				   NULL};

	TEXT_SET(server->directory, "/tmp/lbd-postgres-XXXXXX");
	if (!mkdtemp(server->directory) ||
	    (user && chown(server->directory, user->pw_uid, user->pw_gid)) || cluster_make(server))
		return -1;
	server->pid = program_start(server, "postgres", arguments);
	setenv(SERVER_VARIABLE, server->directory, 1);
	return server_wait();
}

static void server_end(const struct server *server)
{
	if (server->pid > 0) {
		kill(server->pid, SIGQUIT);
		waitpid(server->pid, NULL, 0);
	}
	if (server->directory[0])
		directory_remove(server->directory);
}

int database_main(int argc, char **argv)
{
	struct criterion_test_set *tests = criterion_initialize();
	struct server server = {0};
	int failed = 1;

	if (!criterion_handle_args(argc, argv, true)) {
		failed = 0;
	} else if (binaries_find(&server)) {
		fprintf(stderr, "FAIL: PostgreSQL's server is not installed: these tests need "
				"/usr/lib/postgresql/*/bin/initdb (package postgresql)\n");
	} else if (server_start(&server)) {
		fprintf(stderr, "FAIL: PostgreSQL's server does not start; its log is in %s/log\n",
			server.directory);
		server.directory[0] = '\0';
	} else {
		failed = !criterion_run_all_tests(tests);
	}
	server_end(&server);
	criterion_finalize(tests);
	return failed;
}

void database_postgres_url(const char *name, char *url, size_t size)
{
	snprintf(url, size, "postgres:///%s?host=%s&user=lbd", name, getenv(SERVER_VARIABLE));
}
