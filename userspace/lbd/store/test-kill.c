// SPDX-License-Identifier: GPL-2.0-only
/*
 * kill -9 of a writer at random moments: whatever it has acknowledged is there, and nothing is half:
 * each write is a network, a record, a slice and an audit record, or none of them. The control is a
 * writer that acknowledges before it commits; it has to be found out.
 */
#include "store/test-database.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITES	   1000
#define IDS_MAX	   4000
#define KILLS_MIN  20
#define MOMENT_MAX 150000 /* microseconds of work until the kill */

struct writing {
	int acknowledge; /* the pipe */
	bool early;
	struct network *network;
};

static void acknowledge(const struct writing *writing)
{
	/* Whole: less than PIPE_BUF. */
	if (write(writing->acknowledge, writing->network->head.id, RESOURCE_ID_SIZE) < 0)
		_exit(1);
}

static int write_one(struct store_tx *tx, void *argument, struct fault *fault)
{
	const struct lbmesh_prefix pool = {.family = 2, .len = 10, .addr = {100, 64}};
	const struct writing *writing = argument;
	struct network *network = writing->network;
	struct store_record record = {.version = 1,
				      .key = "network",
				      .value = (char *)"v",
				      .value_size = 1,
				      .bytes = (uint8_t *)"b",
				      .bytes_size = 1};
	struct store_audit audit = {.at = 1, .actor = "uid:0", .action = "network.create"};
	int ret;

	TEXT_SET(record.log, network->head.id);
	TEXT_SET(audit.target, network->head.id);
	if (writing->early)
		acknowledge(writing);
	if ((ret = store_slice_take(tx, &pool, 24, NULL, network->head.id, 1, 0, &network->cidr,
				    fault)) ||
	    (ret = store_insert(tx, &network->head, 1, fault)) ||
	    (ret = store_log_append(tx, &record, fault)))
		return ret;
	return store_audit(tx, &audit, fault);
}

/* Writes until it is killed. */
static void writer_run(const struct database *database, int pipe, bool early)
{
	struct store *store = database_open(database);
	struct writing writing = {.acknowledge = pipe, .early = early};

	/* So that it is killed at work, and not while it opens the store. */
	if (write(pipe, "", 1) != 1)
		_exit(1);
	for (;;) {
		struct fault fault = {0};

		writing.network = network_make("x");
		/* Its id is its name, too: in lower case, without the prefix. */
		for (size_t i = 4; writing.network->head.id[i]; i++)
			writing.network->head.name[i - 4] =
				(char)(writing.network->head.id[i] | 0x20);
		if (store_write(store, write_one, &writing, &fault)) {
			fprintf(stderr, "%s\n", fault.text);
			_exit(1);
		}
		if (!early)
			acknowledge(&writing);
		resource_free(&writing.network->head);
	}
}

struct acknowledged {
	char ids[IDS_MAX][RESOURCE_ID_SIZE];
	size_t n;
	size_t kills;
};

/* One writer's life; ids that it has acknowledged are added. */
static void writer_kill(const struct database *database, bool early, struct acknowledged *to)
{
	int pipes[2], status;
	char ready;
	ssize_t size;
	pid_t pid;

	cr_assert_eq(pipe(pipes), 0);
	pid = fork();
	if (!pid) {
		close(pipes[0]);
		writer_run(database, pipes[1], early);
	}
	close(pipes[1]);
	cr_assert_eq(read(pipes[0], &ready, 1), 1);
	usleep((useconds_t)(rand() % MOMENT_MAX));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	cr_assert(WIFSIGNALED(status), "the writer ended by itself");
	while (to->n < IDS_MAX && (size = read(pipes[0], to->ids[to->n], RESOURCE_ID_SIZE)) > 0) {
		cr_assert_eq(size, RESOURCE_ID_SIZE);
		to->n++;
	}
	close(pipes[0]);
	to->kills++;
}

static int networks_look(struct store_tx *tx, void *argument, struct fault *fault)
{
	const struct acknowledged *acknowledged = argument;
	int lost = 0;

	for (size_t i = 0; i < acknowledged->n; i++) {
		struct resource *found = NULL;

		if (store_get(tx, RESOURCE_NETWORK, acknowledged->ids[i], &found, fault))
			lost++;
		resource_free(found);
	}
	return lost;
}

static void counts_equal(const struct database *database)
{
	static const char *const texts[] = {
		"SELECT COUNT(*) FROM record",	    "SELECT COUNT(*) FROM audit",
		"SELECT COUNT(*) FROM lease",	    "SELECT COUNT(*) FROM whole",
		"SELECT MAX(sequence) FROM record",
	};
	char *wanted = database_ask(database, "SELECT COUNT(*) FROM resource");

	database_execute(database, "CREATE TABLE whole AS SELECT resource.id FROM resource "
				   "JOIN record ON record.log = resource.id "
				   "JOIN audit ON audit.target = resource.id "
				   "JOIN lease ON lease.holder = resource.id");

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *found = database_ask(database, texts[i]);

		cr_assert_str_eq(found, wanted, "%s: %s, not %s", texts[i], found, wanted);
		free(found);
	}
	free(wanted);
}

/* How many acknowledged writes are lost, after so many writes and kills. */
static int lost(const struct database *database, bool early, size_t writes)
{
	struct acknowledged *acknowledged = calloc(1, sizeof(*acknowledged));
	struct fault fault = {0};
	struct store *store;
	int missing;

	cr_assert(acknowledged);
	srand(1);
	while (acknowledged->n < writes || acknowledged->kills < KILLS_MIN) {
		writer_kill(database, early, acknowledged);
		cr_assert_lt(acknowledged->kills, 2000);
		if (acknowledged->n >= IDS_MAX)
			break;
	}
	store = database_open(database);
	missing = store_read(store, networks_look, acknowledged, &fault);
	store_close(store);
	fprintf(stderr, "# %s%s: %zu writes acknowledged, %zu kills, %d lost\n",
		database->kind == DATABASE_POSTGRES ? "postgres" : "sqlite",
		early ? " (control)" : "", acknowledged->n, acknowledged->kills, missing);
	free(acknowledged);
	return missing;
}

STORE_TEST(what_a_killed_writer_has_acknowledged_is_there_and_nothing_is_half)
{
	store_close(database->store);
	database->store = NULL;
	cr_assert_eq(lost(database, false, WRITES), 0);
	counts_equal(database);
}

STORE_TEST(a_writer_that_acknowledges_too_early_is_found_out)
{
	store_close(database->store);
	database->store = NULL;
	cr_assert_gt(lost(database, true, WRITES / 10), 0);
	counts_equal(database);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
