// SPDX-License-Identifier: GPL-2.0-only
/* Opening a store: whose file it may be, what state it may be in, and how its schema comes about. */
#include "store/test-database.h"
#include "store/tx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *path_of(const struct database *database)
{
	return database->url + strlen("sqlite:");
}

/* What store_open() says to it, which has to be no. */
static int refused(const char *url, struct fault *fault)
{
	struct store *store = NULL;
	int ret = store_open(url, &store, fault);

	cr_assert_null(store, "%s was opened", url);
	return ret;
}

static mode_t mode_of(const char *path, const char *suffix)
{
	char name[128];
	struct stat status;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	cr_assert_eq(stat(name, &status), 0, "%s", name);
	return status.st_mode & 07777;
}

Test(sqlite, the_files_are_for_their_owner_alone)
{
	struct database database;
	mode_t before = umask(0);

	database_make(&database, DATABASE_SQLITE);
	database.store = database_open(&database);
	cr_assert_eq(mode_of(path_of(&database), ""), 0600);
	cr_assert_eq(mode_of(path_of(&database), "-wal"), 0600);
	cr_assert_eq(mode_of(path_of(&database), "-shm"), 0600);
	umask(before);
	database_remove(&database);
}

Test(sqlite, a_file_that_others_can_read_is_refused)
{
	struct database database;
	struct fault fault = {0};

	database_make(&database, DATABASE_SQLITE);
	store_close(database_open(&database));
	cr_assert_eq(chmod(path_of(&database), 0640), 0);
	cr_assert_eq(refused(database.url, &fault), -EPERM);
	cr_assert(strstr(fault.text, "chmod 600"), "%s", fault.text);
	database_remove(&database);
}

Test(sqlite, a_link_in_place_of_the_file_is_refused_one_in_its_path_is_not)
{
	struct database database;
	struct fault fault = {0};
	char link[128], url[160], folder[128];
	struct store *store = NULL;

	database_make(&database, DATABASE_SQLITE);
	store_close(database_open(&database));
	snprintf(link, sizeof(link), "%s/link.db", database.directory);
	snprintf(url, sizeof(url), "sqlite:%s", link);
	cr_assert_eq(symlink(path_of(&database), link), 0);
	cr_assert_eq(refused(url, &fault), -ELOOP);
	snprintf(folder, sizeof(folder), "%s/folder", database.directory);
	cr_assert_eq(symlink(database.directory, folder), 0);
	snprintf(url, sizeof(url), "sqlite:%s/store.db", folder);
	cr_assert_eq(store_open(url, &store, &fault), 0, "%s", fault.text);
	store_close(store);
	database_remove(&database);
}

Test(sqlite, what_is_no_file_is_refused)
{
	static const char *const urls[] = {"sqlite:",
					   "sqlite:/tmp/",
					   "sqlite:/tmp",
					   "sqlite:/tmp/no/such/folder/x",
					   "sqlite::memory:/x",
					   "mysql://x",
					   ""};
	struct fault fault = {0};

	for (size_t i = 0; i < ARRAY_SIZE(urls); i++)
		cr_assert_lt(refused(urls[i], &fault), 0, "%s", urls[i]);
}

Test(sqlite, the_database_of_another_program_is_left_as_it_is)
{
	struct database database;
	struct fault fault = {0};
	char *mode;

	database_make(&database, DATABASE_SQLITE);
	database_execute(&database, "CREATE TABLE theirs (x)");
	cr_assert_eq(chmod(path_of(&database), 0600), 0);
	cr_assert_eq(refused(database.url, &fault), -EBADMSG);
	mode = database_ask(&database, "PRAGMA journal_mode");
	cr_assert_str_eq(mode, "delete");
	free(mode);
	database_remove(&database);
}

/* Overwrites bytes of the file, past its header. */
static void damage(const char *path, off_t from, size_t size)
{
	char junk[4096];
	int fd = open(path, O_WRONLY);

	memset(junk, 0xa5, sizeof(junk));
	cr_assert_geq(fd, 0);
	for (size_t done = 0; done < size; done += sizeof(junk))
		cr_assert_eq(pwrite(fd, junk, sizeof(junk), from + (off_t)done), sizeof(junk));
	close(fd);
}

Test(sqlite, a_damaged_file_is_refused)
{
	struct database database;
	struct fault fault = {0};

	database_make(&database, DATABASE_SQLITE);
	store_close(database_open(&database));
	damage(path_of(&database), 4096, 8192);
	cr_assert_eq(refused(database.url, &fault), -EBADMSG);
	cr_assert(strstr(fault.text, "restore the newest backup"), "%s", fault.text);
	damage(path_of(&database), 0, 4096);
	cr_assert_eq(refused(database.url, &fault), -EBADMSG);
	database_remove(&database);
}

Test(sqlite, a_row_that_refers_to_nothing_is_damage)
{
	struct database database;
	struct fault fault = {0};

	database_make(&database, DATABASE_SQLITE);
	store_close(database_open(&database));
	database_execute(&database, "INSERT INTO resource VALUES ('net_a', 'network', '', 'org_x', "
				    "NULL, 'a', 1, 1, 1, '{}')");
	cr_assert_eq(refused(database.url, &fault), -EBADMSG);
	cr_assert(strstr(fault.text, "refers to"), "%s", fault.text);
	database_remove(&database);
}

static int64_t setting_of(struct sql *sql, const char *text)
{
	struct sql_rows *rows;
	int64_t value;

	cr_assert_eq(sqlite_driver.run(sql, text, NULL, 0, &rows, NULL, NULL), 0);
	cr_assert_eq(sqlite_driver.next(rows, NULL), 1);
	value = sqlite_driver.integer(rows, 0);
	sqlite_driver.done(rows);
	return value;
}

Test(sqlite, a_connection_syncs_and_checks)
{
	struct database database;
	struct sql *sql;

	database_make(&database, DATABASE_SQLITE);
	cr_assert_eq(sqlite_driver.open(database.url, &sql, NULL), 0);
	cr_assert_eq(setting_of(sql, "PRAGMA synchronous"), 2);
	cr_assert_eq(setting_of(sql, "PRAGMA foreign_keys"), 1);
	cr_assert_eq(setting_of(sql, "PRAGMA trusted_schema"), 0);
	cr_assert_eq(setting_of(sql, "PRAGMA cell_size_check"), 1);
	cr_assert_eq(setting_of(sql, "PRAGMA busy_timeout"), 10000);
	sqlite_driver.close(sql);
	database_remove(&database);
}

Test(postgres, a_password_in_the_url_is_refused_and_not_repeated)
{
	static const char *const urls[] = {
		"postgres://lbd:hunter2@localhost/lbd",
		"postgresql://localhost/lbd?user=lbd&password=hunter2",
		"postgres://localhost:hunter2/lbd?sslpassword=hunter2",
		"postgres://lbd:hunter2@[::1/lbd",
		"postgres://localhost/lbd?hunter2",
		"postgresx://lbd:hunter2@localhost/lbd",
	};
	struct fault fault = {0};

	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		cr_assert_eq(refused(urls[i], &fault), -EINVAL, "%s", urls[i]);
		cr_assert_null(strstr(fault.text, "hunter2"), "%s", fault.text);
	}
}

STORE_TEST(a_newer_schema_is_refused_with_a_remedy)
{
	struct fault fault = {0};

	store_close(database->store);
	database->store = NULL;
	database_execute(database, "INSERT INTO schema_version VALUES (99)");
	cr_assert_eq(refused(database->url, &fault), -EPROTONOSUPPORT);
	cr_assert(strstr(fault.text, "99"), "%s", fault.text);
	cr_assert(strstr(fault.text, "start the newer lbd"), "%s", fault.text);
}

static const char *const good[] = {"CREATE TABLE one (x @TEXT@); CREATE TABLE two (y @BYTES@);",
				   "CREATE TABLE three (z BIGINT);"};
static const char *const bad[] = {"CREATE TABLE one (x @TEXT@); CREATE TABLE two (y @BYTES@);",
				  "CREATE TABLE three (z BIGINT); CREATE TABLE one (x BIGINT);"};

/* Its first change stays, of the second there is nothing; mended, it goes on from there. */
static void migrations_try(enum database_kind kind)
{
	const struct sql_driver *driver =
		kind == DATABASE_POSTGRES ? &postgres_driver : &sqlite_driver;
	struct database database;
	struct fault fault = {0};
	int64_t version;
	struct sql *sql;

	database_make(&database, kind);
	cr_assert_eq(driver->open(database.url, &sql, &fault), 0, "%s", fault.text);
	cr_assert_lt(migrations_apply(driver, sql, bad, 2, &fault), 0);
	cr_assert_eq(schema_version_read(driver, sql, &version, &fault), 0);
	cr_assert_eq(version, 1);
	cr_assert_lt(driver->run(sql, "SELECT z FROM three", NULL, 0, NULL, NULL, &fault), 0);
	cr_assert_eq(migrations_apply(driver, sql, good, 2, &fault), 0, "%s", fault.text);
	cr_assert_eq(schema_version_read(driver, sql, &version, &fault), 0);
	cr_assert_eq(version, 2);
	cr_assert_eq(migrations_apply(driver, sql, good, 2, &fault), 0);
	driver->close(sql);
	database_remove(&database);
}

Test(sqlite, a_migration_that_fails_leaves_nothing_of_itself)
{
	migrations_try(DATABASE_SQLITE);
}

Test(postgres, a_migration_that_fails_leaves_nothing_of_itself)
{
	migrations_try(DATABASE_POSTGRES);
}

/* All want to make the file, turn WAL on, and migrate. */
static void open_at_once(enum database_kind kind)
{
	struct database database;
	int failed = 0, status;

	database_make(&database, kind);
	for (int i = 0; i < 8; i++) {
		struct store *store = NULL;
		struct fault fault = {0};

		if (fork())
			continue;
		if (store_open(database.url, &store, &fault)) {
			fprintf(stderr, "%s\n", fault.text);
			_exit(1);
		}
		store_close(store);
		_exit(0);
	}
	while (wait(&status) > 0)
		failed += status != 0;
	cr_assert_eq(failed, 0);
	database_remove(&database);
}

Test(sqlite, many_open_a_new_store_at_once)
{
	open_at_once(DATABASE_SQLITE);
}

Test(postgres, many_open_a_new_store_at_once)
{
	open_at_once(DATABASE_POSTGRES);
}

STORE_TEST(a_store_that_answers_says_so)
{
	struct fault fault = {0};

	cr_assert_eq(store_ping(database->store, &fault), 0, "%s", fault.text);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
