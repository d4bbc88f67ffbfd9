// SPDX-License-Identifier: GPL-2.0-only
/* Logs of records, and who is told of new ones, on SQLite and on PostgreSQL. */
#include "store/test-database.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITERS 4
#define EACH	60
#define ALL	(int64_t)240

struct append {
	const char *log;
	uint64_t version;
	const char *key;
	const char *value;
	int64_t sequence;
};

static int append(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct append *one = argument;
	struct store_record record = {.version = one->version,
				      .value = (char *)one->value,
				      .value_size = one->value ? strlen(one->value) : 0,
				      .bytes = (uint8_t *)"si\0gned",
				      .bytes_size = 7};
	int ret;

	TEXT_SET(record.log, one->log);
	TEXT_SET(record.key, one->key);
	ret = store_log_append(tx, &record, fault);
	one->sequence = record.sequence;
	return ret;
}

static int append_try(struct store *store, const char *log, uint64_t version, const char *key,
		      const char *value)
{
	struct append one = {.log = log, .version = version, .key = key, .value = value};
	struct fault fault = {0};

	return database_write(store, append, &one, &fault);
}

struct records {
	const char *log;
	int64_t after;
	size_t limit;
	struct store_record *list;
	size_t n;
	uint64_t version;
};

static int feed(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct records *records = argument;

	return store_log_feed(tx, records->after, records->limit, &records->list, &records->n,
			      fault);
}

static int state(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct records *records = argument;
	int ret = store_log_state(tx, records->log, &records->list, &records->n, fault);

	if (ret || !records->log)
		return ret;
	return store_log_version(tx, records->log, &records->version, fault);
}

static int trim(struct store_tx *tx, void *argument, struct fault *fault)
{
	return store_log_trim(tx, *(uint64_t *)argument, fault);
}

static void records_read(struct store *store, store_work_fn work, struct records *records)
{
	struct fault fault = {0};

	cr_assert_eq(store_read(store, work, records, &fault), 0, "%s", fault.text);
}

STORE_TEST(a_log_counts_its_versions_without_a_hole)
{
	cr_assert_eq(append_try(database->store, "net_a", 1, "k", "v"), 0);
	cr_assert_eq(append_try(database->store, "net_a", 1, "k", "v"), -EEXIST);
	cr_assert_eq(append_try(database->store, "net_a", 3, "k", "v"), -EEXIST);
	cr_assert_eq(append_try(database->store, "net_a", 2, "k", "w"), 0);
	cr_assert_eq(append_try(database->store, "net_b", 1, "k", "v"), 0);
	cr_assert_eq(append_try(database->store, "net_b", 0, "k", "v"), -EEXIST);
}

STORE_TEST(the_feed_gives_every_record_in_order_and_the_state_the_newest_values)
{
	struct records records = {.log = "net_a"};

	cr_assert_eq(append_try(database->store, "net_a", 1, "x", "1"), 0);
	cr_assert_eq(append_try(database->store, "net_b", 1, "y", ""), 0);
	cr_assert_eq(append_try(database->store, "net_a", 2, "z", "2"), 0);
	cr_assert_eq(append_try(database->store, "net_a", 3, "x", NULL), 0);
	records_read(database->store, feed, &records);
	cr_assert_eq(records.n, 4);
	for (size_t i = 0; i < 4; i++)
		cr_assert_eq(records.list[i].sequence, (int64_t)i + 1);
	cr_assert_str_eq(records.list[1].log, "net_b");
	cr_assert_eq(records.list[1].value_size, 0);
	cr_assert(records.list[1].value);
	cr_assert_eq(records.list[2].bytes_size, 7);
	cr_assert_arr_eq(records.list[2].bytes, "si\0gned", 7);
	cr_assert_null(records.list[3].value);
	store_records_release(records.list, records.n);
	records.after = 1;
	records.limit = 2;
	records_read(database->store, feed, &records);
	cr_assert_eq(records.n, 2);
	cr_assert_eq(records.list[0].sequence, 2);
	store_records_release(records.list, records.n);
	records_read(database->store, state, &records);
	cr_assert_eq(records.n, 1);
	cr_assert_eq(records.version, 3);
	cr_assert_str_eq(records.list[0].key, "z");
	cr_assert_str_eq(records.list[0].value, "2");
	cr_assert_null(records.list[0].bytes);
	store_records_release(records.list, records.n);
	records.log = NULL;
	records_read(database->store, state, &records);
	cr_assert_eq(records.n, 2);
	store_records_release(records.list, records.n);
}

STORE_TEST(trimming_keeps_the_newest_records_the_state_and_the_sequence)
{
	struct records records = {0};
	struct append one = {.log = "net_a", .version = 6, .key = "k", .value = "v"};
	struct fault fault = {0};
	uint64_t keep = 2;

	for (uint64_t version = 1; version <= 5; version++)
		cr_assert_eq(append_try(database->store, "net_a", version, "k", "v"), 0);
	cr_assert_eq(store_write(database->store, trim, &keep, &fault), 0, "%s", fault.text);
	records_read(database->store, feed, &records);
	cr_assert_eq(records.n, 2);
	cr_assert_eq(records.list[0].version, 4);
	store_records_release(records.list, records.n);
	keep = 0;
	cr_assert_eq(store_write(database->store, trim, &keep, &fault), 0);
	records.log = "net_a";
	records_read(database->store, state, &records);
	cr_assert_eq(records.n, 1);
	cr_assert_eq(records.version, 5);
	store_records_release(records.list, records.n);
	cr_assert_eq(database_write(database->store, append, &one, &fault), 0);
	cr_assert_eq(one.sequence, 6);
}

/* Takes a version inside the transaction, as the controller does; longer for some writers. */
static int append_next(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct append *one = argument;
	uint64_t version;
	int ret;

	if ((ret = store_log_version(tx, one->log, &version, fault)))
		return ret;
	one->version = version + 1;
	if ((ret = append(tx, one, fault)))
		return ret;
	/* Between its sequence and its commit: where another could overtake it. */
	usleep((useconds_t)(rand() % 2000));
	return 0;
}

static void writer_run(const struct database *database, int number)
{
	struct store *store = database_open(database);
	char log[16];
	struct append one = {.log = log, .key = "k", .value = "v"};

	srand((unsigned int)number);
	for (int i = 0; i < EACH; i++) {
		struct fault fault = {0};

		snprintf(log, sizeof(log), "net_%d", i % 3);
		if (database_write(store, append_next, &one, &fault)) {
			fprintf(stderr, "%s\n", fault.text);
			_exit(1);
		}
	}
	store_close(store);
	_exit(0);
}

/* Follows the feed while writers write: every sequence is one more than the last. */
STORE_TEST(a_reader_never_finds_a_record_before_one_that_it_has_seen)
{
	struct records records = {0};
	int64_t seen = 0;
	int failed = 0, status;

	store_close(database->store);
	for (int i = 0; i < WRITERS; i++) {
		if (!fork())
			writer_run(database, i);
	}
	database->store = database_open(database);
	while (seen < ALL) {
		/* One that has failed will not write its records. */
		failed += waitpid(-1, &status, WNOHANG) > 0 && status;
		cr_assert_eq(failed, 0);
		records.after = seen;
		records_read(database->store, feed, &records);
		for (size_t i = 0; i < records.n; i++) {
			cr_assert_eq(records.list[i].sequence, seen + 1, "%ld comes after %ld",
				     (long)records.list[i].sequence, (long)seen);
			seen++;
		}
		store_records_release(records.list, records.n);
	}
	while (wait(&status) > 0)
		failed += status != 0;
	cr_assert_eq(failed, 0);
}

Test(postgres, a_write_of_another_controller_makes_the_descriptor_readable)
{
	struct database database;
	struct store *other;
	struct pollfd poller = {.events = POLLIN};

	database_make(&database, DATABASE_POSTGRES);
	database.store = database_open(&database);
	other = database_open(&database);
	poller.fd = store_watch_fd(database.store);
	cr_assert_geq(poller.fd, 0);
	cr_assert_eq(poll(&poller, 1, 0), 0);
	cr_assert_eq(append_try(other, "net_a", 1, "k", "v"), 0);
	cr_assert_eq(poll(&poller, 1, 5000), 1);
	store_watch_clear(database.store);
	cr_assert_eq(poll(&poller, 1, 100), 0);
	cr_assert_eq(append_try(other, "net_a", 2, "k", "v"), 0);
	cr_assert_eq(poll(&poller, 1, 5000), 1);
	cr_assert_eq(store_watch_fd(database.store), poller.fd);
	store_close(other);
	database_remove(&database);
}

Test(sqlite, there_is_no_descriptor_to_watch)
{
	struct database database;

	database_make(&database, DATABASE_SQLITE);
	database.store = database_open(&database);
	cr_assert_eq(store_watch_fd(database.store), -1);
	store_watch_clear(database.store);
	database_remove(&database);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
