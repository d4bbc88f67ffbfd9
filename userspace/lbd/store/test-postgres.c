// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a controller meets with PostgreSQL alone: connections that are lost, also in COMMIT, conflicts
 * with those who take no lock, and a listener that has to come back. A relay between the store and
 * the server cuts the line where a test wants it.
 */
#include "store/test-database.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ATTEMPTS 8 /* of store.c */
#define BACKENDS                                                    \
	"FROM pg_stat_activity WHERE datname = current_database() " \
	"AND pid <> pg_backend_pid()"

static struct database database;

static void make(void)
{
	database_make(&database, DATABASE_POSTGRES);
	database.store = database_open(&database);
}

static void clear(void)
{
	database_remove(&database);
}

static void backends_end(void)
{
	char *left;

	database_execute(&database, "SELECT pg_terminate_backend(pid) " BACKENDS);
	for (int tries = 0; tries < 100; tries++) {
		bool none;

		left = database_ask(&database, "SELECT COUNT(*) " BACKENDS);
		none = !strcmp(left, "0");
		free(left);
		if (none)
			return;
		usleep(10000);
	}
	cr_assert_fail("the server's processes do not end");
}

/* A work function that counts its runs, and lets something happen in its middle. */
struct work {
	int runs;
	int disturb; /* in how many runs */
	void (*disturbance)(void);
};

static int work_run(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct work *work = argument;
	char *value = NULL;
	int ret;

	work->runs++;
	ret = store_setting_get(tx, "a", &value, fault);
	free(value);
	if (ret && ret != -ENOENT)
		return ret;
	if (work->runs <= work->disturb)
		work->disturbance();
	return store_setting_put(tx, "a", "ours", fault);
}

static char *setting(void)
{
	return database_ask(&database, "SELECT value FROM setting WHERE name = 'a'");
}

static void setting_is(const char *wanted)
{
	char *found = setting();

	if (wanted)
		cr_assert_str_eq(found, wanted);
	else
		cr_assert_null(found);
	free(found);
}

Test(postgres, a_connection_that_was_lost_in_between_is_made_again, .init = make, .fini = clear)
{
	struct work work = {0};
	struct fault fault = {0};

	backends_end();
	cr_assert_eq(database_write(database.store, work_run, &work, &fault), 0, "%s", fault.text);
	cr_assert_eq(work.runs, 1);
	setting_is("ours");
	backends_end();
	cr_assert_eq(store_ping(database.store, &fault), 0, "%s", fault.text);
}

Test(postgres, a_connection_that_is_lost_in_the_middle_changes_nothing_and_repeats_nothing,
     .init = make, .fini = clear)
{
	struct work work = {.disturb = 1, .disturbance = backends_end};
	struct fault fault = {0};

	cr_assert_eq(database_write(database.store, work_run, &work, &fault), -EAGAIN);
	cr_assert_eq(fault.code, CODE_STORE_UNAVAILABLE);
	cr_assert_eq(work.runs, 1);
	setting_is(NULL);
	cr_assert_eq(database_write(database.store, work_run, &work, &fault), 0, "%s", fault.text);
	setting_is("ours");
}

static void setting_steal(void)
{
	database_execute(&database, "UPDATE setting SET value = 'theirs' WHERE name = 'a'");
}

Test(postgres, a_conflict_with_someone_who_takes_no_lock_is_repeated_from_the_start, .init = make,
     .fini = clear)
{
	struct work work = {.disturb = 2, .disturbance = setting_steal};
	struct fault fault = {0};

	database_execute(&database, "INSERT INTO setting VALUES ('a', 'first')");
	cr_assert_eq(database_write(database.store, work_run, &work, &fault), 0, "%s", fault.text);
	cr_assert_eq(work.runs, 3);
	setting_is("ours");
}

Test(postgres, conflicts_without_end_are_given_up, .init = make, .fini = clear)
{
	struct work work = {.disturb = 1000, .disturbance = setting_steal};
	struct fault fault = {0};

	database_execute(&database, "INSERT INTO setting VALUES ('a', 'first')");
	cr_assert_eq(database_write(database.store, work_run, &work, &fault), -EAGAIN);
	cr_assert_eq(fault.code, CODE_STORE_CONFLICT);
	cr_assert_eq(work.runs, ATTEMPTS);
	setting_is("theirs");
}

/* --- The relay ------------------------------------------------------------------------------ */

static int unix_socket(const char *directory, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof(address->sun_path), "%s/.s.PGSQL.5432", directory);
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* The file "cut" in the test's folder says that the next COMMIT is to be cut, and how. */
static bool cut_wanted(const char *how)
{
	char path[128], found[8] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/cut", database.directory);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return false;
	if (read(fd, found, sizeof(found) - 1) < 0)
		found[0] = '\0';
	close(fd);
	return !strcmp(found, how);
}

static void cut_at(const char *how)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/cut", database.directory);
	unlink(path);
	if (!how)
		return;
	file = fopen(path, "w");
	cr_assert(file);
	fputs(how, file);
	fclose(file);
}

/* From one end to the other; false when the line is to be cut. */
static bool relay_once(int from, int to, bool client)
{
	char bytes[65536];
	ssize_t n = read(from, bytes, sizeof(bytes));
	bool commit = client && n > 0 && memmem(bytes, (size_t)n, "COMMIT", 6);

	if (n <= 0 || (commit && cut_wanted("before")) || write(to, bytes, (size_t)n) != n)
		return false;
	if (!commit || !cut_wanted("after"))
		return true;
	/* The server has done it when it answers. */
	(void)!read(to, bytes, sizeof(bytes));
	return false;
}

static void relay_connection(int client)
{
	struct sockaddr_un address;
	int server = unix_socket(getenv("LBD_TEST_POSTGRES"), &address);
	struct pollfd pollers[2] = {{.fd = client, .events = POLLIN},
				    {.fd = server, .events = POLLIN}};
	bool more = !connect(server, (struct sockaddr *)&address, sizeof(address));

	while (more && poll(pollers, 2, -1) > 0) {
		if (pollers[0].revents)
			more = relay_once(client, server, true);
		if (more && pollers[1].revents)
			more = relay_once(server, client, false);
	}
	_exit(0);
}

static pid_t relay_start(void)
{
	struct sockaddr_un address;
	int listener = unix_socket(database.directory, &address);
	pid_t pid;

	cr_assert_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(listener, 8), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGCHLD, SIG_IGN);
		for (;;) {
			int client = accept(listener, NULL, NULL);

			if (client < 0)
				_exit(1);
			if (!fork())
				relay_connection(client);
			close(client);
		}
	}
	close(listener);
	return pid;
}

static struct store *relay_open(void)
{
	struct store *store = NULL;
	struct fault fault = {0};
	char url[256], name[64];

	cr_assert_eq(sscanf(database.url, "postgres:///%63[^?]", name), 1);
	snprintf(url, sizeof(url), "postgres:///%s?host=%s&user=lbd", name, database.directory);
	cr_assert_eq(store_open(url, &store, &fault), 0, "%s", fault.text);
	return store;
}

static void commit_cut(const char *how, const char *kept)
{
	pid_t relay = relay_start();
	struct store *store = relay_open();
	struct work work = {0};
	struct fault fault = {0};

	cut_at(how);
	cr_assert_eq(database_write(store, work_run, &work, &fault), -EAGAIN);
	cr_assert_eq(fault.code, CODE_STORE_UNAVAILABLE);
	cr_assert(strstr(fault.text, "unknown"), "%s", fault.text);
	/* Not repeated: that would have been a second change. */
	cr_assert_eq(work.runs, 1);
	setting_is(kept);
	cut_at(NULL);
	cr_assert_eq(database_write(store, work_run, &work, &fault), 0, "%s", fault.text);
	setting_is("ours");
	store_close(store);
	kill(relay, SIGKILL);
	waitpid(relay, NULL, 0);
}

Test(postgres, a_commit_whose_answer_is_lost_is_unknown_when_it_was_made, .init = make,
     .fini = clear)
{
	commit_cut("after", "ours");
}

Test(postgres, a_commit_whose_answer_is_lost_is_unknown_when_it_was_not_made, .init = make,
     .fini = clear)
{
	commit_cut("before", NULL);
}

Test(postgres, a_server_that_is_away_is_said_to_be_away_soon, .init = make, .fini = clear)
{
	pid_t relay = relay_start();
	struct store *store = relay_open();
	struct fault fault = {0};
	char path[128];

	kill(relay, SIGKILL);
	waitpid(relay, NULL, 0);
	snprintf(path, sizeof(path), "%s/.s.PGSQL.5432", database.directory);
	unlink(path);
	backends_end();
	alarm(20);
	cr_assert_eq(store_ping(store, &fault), -EAGAIN);
	cr_assert_eq(fault.code, CODE_STORE_UNAVAILABLE);
	relay = relay_start();
	cr_assert_eq(store_ping(store, &fault), 0, "%s", fault.text);
	store_close(store);
	kill(relay, SIGKILL);
	waitpid(relay, NULL, 0);
}

/* The server's last words, and then the end of the line: as often as there is something to read. */
static void watch_quiet(int fd)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};

	for (int tries = 0; tries < 5 && poll(&poller, 1, 100) > 0; tries++)
		store_watch_clear(database.store);
	cr_assert_eq(poll(&poller, 1, 100), 0);
}

/* Readable, to say so; then it listens again, and says that something may have been missed. */
Test(postgres, a_listener_that_is_lost_comes_back_on_the_same_descriptor, .init = make,
     .fini = clear)
{
	int fd = store_watch_fd(database.store);
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	struct fault fault = {0};

	backends_end();
	cr_assert_eq(poll(&poller, 1, 5000), 1);
	watch_quiet(fd);
	sleep(3);
	cr_assert_eq(store_ping(database.store, &fault), 0, "%s", fault.text);
	cr_assert_eq(poll(&poller, 1, 5000), 1);
	watch_quiet(fd);
	database_execute(&database, "NOTIFY lbd");
	cr_assert_eq(poll(&poller, 1, 5000), 1);
	cr_assert_eq(store_watch_fd(database.store), fd);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
