// SPDX-License-Identifier: GPL-2.0-only
/* Backups: equal to what they copy, whichever database it was, and whole or not there at all. */
#include "store/test-database.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Something in every table, and in one more than a page of rows. */
static int fill(struct store_tx *tx, void *argument, struct fault *fault)
{
	const struct lbmesh_prefix pool = {.family = 2, .len = 10, .addr = {100, 64}};
	const struct store_answer answer = {.request_hash = {9}, .status = 201, .location = "/x"};
	struct resource *org = resource_new(RESOURCE_ORG);
	struct resource *workspace = resource_new(RESOURCE_WORKSPACE);
	struct lbmesh_prefix slice, address;
	int64_t number;
	int ret = 0;

	(void)argument;
	/* By id the child comes first. */
	TEXT_SET(org->id, "org_7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
	TEXT_SET(org->org, org->id);
	TEXT_SET(org->name, "acme");
	resource_id_make(RESOURCE_WORKSPACE, 1, workspace->id);
	TEXT_SET(workspace->org, org->id);
	TEXT_SET(workspace->scope, org->id);
	TEXT_SET(workspace->name, "dev");
	if ((ret = store_insert(tx, org, 1, fault)) ||
	    (ret = store_insert(tx, workspace, 1, fault)) ||
	    (ret = store_number_next(tx, "network", &number, fault)) ||
	    (ret = store_slice_take(tx, &pool, 24, NULL, "net_a", 1, 0, &slice, fault)) ||
	    (ret = store_address_take(tx, "net_a", &slice, "h", 1, 0, &address, fault)) ||
	    (ret = store_address_release(tx, "net_a", &address, 2, fault)) ||
	    (ret = store_setting_put(tx, "colour", "it's \xc3\xa9", fault)) ||
	    (ret = store_answer_put(tx, "tok_a", "key", 5, &answer, fault)))
		return ret;
	for (uint64_t i = 1; i <= 1100 && !ret; i++) {
		struct store_record record = {.log = "net_a",
					      .version = i,
					      .value_size = 2,
					      .value = i % 3 ? (char *)"\0v" : NULL,
					      .bytes = (uint8_t *)"\0\xff",
					      .bytes_size = 2};

		snprintf(record.key, sizeof(record.key), "key%d", (int)(i % 700));
		ret = store_log_append(tx, &record, fault);
	}
	resource_free(org);
	resource_free(workspace);
	return ret;
}

static void filled(struct database *database)
{
	struct fault fault = {0};

	cr_assert_eq(database_write(database->store, fill, NULL, &fault), 0, "%s: %s", fault.path,
		     fault.text);
}

static void dumps_equal(const struct database *a, const struct database *b)
{
	char *one = database_dump(a), *other = database_dump(b);

	size_t same = 0;

	cr_assert_gt(strlen(one), 10000);
	while (one[same] && one[same] == other[same])
		same++;
	cr_assert_eq(one[same], other[same], "\"%.60s\" and \"%.60s\"", one + same, other + same);
	free(one);
	free(other);
}

/* The copy, as a database to look into. */
static struct database copy_of(const struct database *database, const char *name)
{
	struct database copy = {.kind = DATABASE_SQLITE};

	snprintf(copy.url, sizeof(copy.url), "sqlite:%s/%s", database->directory, name);
	return copy;
}

static const char *path_of(const struct database *copy)
{
	return copy->url + strlen("sqlite:");
}

STORE_TEST(a_backup_equals_the_store_and_a_backup_of_the_backup_both)
{
	struct database first = copy_of(database, "first"), second = copy_of(database, "second");
	struct fault fault = {0};
	struct stat status;
	char left[128];

	filled(database);
	cr_assert_eq(store_backup(database->store, path_of(&first), &fault), 0, "%s", fault.text);
	cr_assert_eq(stat(path_of(&first), &status), 0);
	cr_assert_eq(status.st_mode & 07777, 0600);
	cr_assert_eq(status.st_nlink, 1);
	for (const char *const *suffix = (const char *const[]){".new", "-wal", "-shm", "-journal",
							       ".new-journal", NULL};
	     *suffix; suffix++) {
		snprintf(left, sizeof(left), "%s%s", path_of(&first), *suffix);
		cr_assert_neq(access(left, F_OK), 0, "%s is left", left);
	}
	dumps_equal(database, &first);
	first.store = database_open(&first);
	cr_assert_eq(store_backup(first.store, path_of(&second), &fault), 0, "%s", fault.text);
	store_close(first.store);
	dumps_equal(&first, &second);
}

STORE_TEST(a_backup_fills_an_empty_store_of_either_kind)
{
	struct database copy = copy_of(database, "copy"), target;
	struct fault fault = {0};

	filled(database);
	cr_assert_eq(store_backup(database->store, path_of(&copy), &fault), 0, "%s", fault.text);
	for (int kind = DATABASE_SQLITE; kind <= DATABASE_POSTGRES; kind++) {
		char name[64];
		size_t used;

		if (kind == DATABASE_POSTGRES && database->kind == DATABASE_POSTGRES) {
			/* One database for each test: a schema of its own for the second. */
			target = *database;
			database_execute(database, "CREATE SCHEMA other");
			used = strlen(target.url);
			snprintf(target.url + used, sizeof(target.url) - used,
				 "&options=-csearch_path%%3Dother");
		} else {
			database_make(&target, (enum database_kind)kind);
		}
		snprintf(name, sizeof(name), "kind %d", kind);
		target.store = database_open(&target);
		cr_assert_eq(store_restore(target.store, path_of(&copy), &fault), 0, "%s: %s", name,
			     fault.text);
		dumps_equal(database, &target);
		/* It goes on from there, and is not filled twice. */
		cr_assert_eq(store_restore(target.store, path_of(&copy), &fault), -EEXIST);
		cr_assert(strstr(fault.text, "not empty"), "%s", fault.text);
		if (!strcmp(target.directory, database->directory))
			store_close(target.store);
		else
			database_remove(&target);
	}
}

STORE_TEST(a_backup_never_replaces_a_file)
{
	struct database copy = copy_of(database, "copy");
	struct fault fault = {0};

	cr_assert_eq(store_backup(database->store, path_of(&copy), &fault), 0, "%s", fault.text);
	cr_assert_eq(store_backup(database->store, path_of(&copy), &fault), -EEXIST);
	if (database->kind == DATABASE_SQLITE)
		cr_assert_eq(store_backup(database->store, path_of(database), &fault), -EEXIST);
	cr_assert_lt(store_backup(database->store, "/no/such/folder/x", &fault), 0);
}

STORE_TEST(what_is_no_backup_is_not_restored)
{
	struct database copy = copy_of(database, "copy");
	struct fault fault = {0};
	char *rows;

	cr_assert_eq(store_restore(database->store, path_of(&copy), &fault), -ENOENT);
	database_execute(&copy, "CREATE TABLE theirs (x)");
	cr_assert_eq(store_restore(database->store, path_of(&copy), &fault), -EBADMSG);
	unlink(path_of(&copy));
	cr_assert_eq(store_backup(database->store, path_of(&copy), &fault), 0, "%s", fault.text);
	database_execute(&copy, "INSERT INTO setting VALUES ('a', 'b');"
				"INSERT INTO schema_version VALUES (99)");
	cr_assert_eq(store_restore(database->store, path_of(&copy), &fault), -EPROTONOSUPPORT);
	/* Half a copy: the setting would fit, the record has no bytes. */
	database_execute(&copy, "DELETE FROM schema_version WHERE version = 99;"
				"DROP TABLE setting; CREATE TABLE setting (name, value);"
				"INSERT INTO setting VALUES ('a', 'b'), ('c', NULL)");
	cr_assert_lt(store_restore(database->store, path_of(&copy), &fault), 0);
	rows = database_ask(database, "SELECT COUNT(*) FROM setting");
	cr_assert_str_eq(rows, "0");
	free(rows);
}

static int pair_put(struct store_tx *tx, void *argument, struct fault *fault)
{
	char value[16];
	int ret;

	snprintf(value, sizeof(value), "%d", *(int *)argument);
	ret = store_setting_put(tx, "first", value, fault);
	return ret ? ret : store_setting_put(tx, "second", value, fault);
}

/* A writer always changes two settings to the same value: no copy has two values. */
STORE_TEST(a_backup_while_others_write_is_of_one_moment)
{
	struct database copy = copy_of(database, "copy");
	struct fault fault = {0};
	pid_t writer = fork();

	if (!writer) {
		struct store *store = database_open(database);

		for (int i = 0;; i++) {
			if (database_write(store, pair_put, &i, &fault))
				_exit(1);
		}
	}
	for (int i = 0; i < 8; i++) {
		char *first, *second;

		usleep(50000);
		cr_assert_eq(store_backup(database->store, path_of(&copy), &fault), 0, "%s",
			     fault.text);
		first = database_ask(&copy, "SELECT value FROM setting WHERE name = 'first'");
		second = database_ask(&copy, "SELECT value FROM setting WHERE name = 'second'");
		cr_assert((!first && !second) || (first && second && !strcmp(first, second)),
			  "%s, %s", first, second);
		free(first);
		free(second);
		unlink(path_of(&copy));
	}
	kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
}

/* tables.c has to be told of a column that a migration adds. */
STORE_TEST(every_column_of_every_table_is_copied)
{
	char *tables =
		database_ask(database, database->kind == DATABASE_POSTGRES
					       ? "SELECT COUNT(*) FROM information_schema.columns "
						 "WHERE table_schema = 'public'"
					       : "SELECT COUNT(*) FROM sqlite_schema AS one, "
						 "pragma_table_info(one.name) "
						 "WHERE one.type = 'table'");

	/* Those of tables.c, and writer's and schema_version's one each. */
	cr_assert_str_eq(tables, "57", "%s", tables);
	free(tables);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
