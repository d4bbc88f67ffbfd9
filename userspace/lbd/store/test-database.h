/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Databases for tests (test-database.c, test-server.c): a SQLite file in a folder of its own, or a database of a real PostgreSQL
 * server, which each test program starts once, as an unprivileged user, and ends. A test program's
 * main() is database_main(). Failures of what is here end the test.
 */
#ifndef LBD_STORE_TEST_DATABASE_H
#define LBD_STORE_TEST_DATABASE_H

#include "store/store.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum database_kind {
	DATABASE_SQLITE,
	DATABASE_POSTGRES
};

struct database {
	enum database_kind kind;
	char directory[64];
	char url[256];
	struct store *store;
};

/* Into an array of characters. */
#define TEXT_SET(array, text) snprintf(array, sizeof(array), "%s", text)

/* Starts the server, runs the tests of the program, ends the server; fails without one. */
int database_main(int argc, char **argv);

/* An empty database, not opened; opened; gone. */
void database_make(struct database *database, enum database_kind kind);
struct store *database_open(const struct database *database);
void database_remove(struct database *database);

/* Removes a folder and what is in it. */
void directory_remove(const char *directory);

/* The url of a database of the server. */
void database_postgres_url(const char *name, char *url, size_t size);

/* Runs statements past the store, with the database's own library. */
void database_execute(const struct database *database, const char *text);

/* The first value of a query, as text, for the caller to free; NULL when there is none. */
char *database_ask(const struct database *database, const char *text);

/* All rows of all tables, in order, as one text for the caller to free. */
char *database_dump(const struct database *database);

/* A function for store_write() that writes its audit record after work. */
struct audited {
	store_work_fn work;
	void *argument;
};

int audited_run(struct store_tx *tx, void *argument, struct fault *fault);

/* store_write() with an audit record. */
int database_write(struct store *store, store_work_fn work, void *argument, struct fault *fault);

/* A network of the system with this name; the caller frees. */
struct network *network_make(const char *name);

/* One test, run on both. */
#define STORE_TEST(name_)                                    \
	static void name_(struct database *database);        \
	Test(sqlite, name_)                                  \
	{                                                    \
		struct database database;                    \
                                                             \
		database_make(&database, DATABASE_SQLITE);   \
		database.store = database_open(&database);   \
		name_(&database);                            \
		database_remove(&database);                  \
	}                                                    \
	Test(postgres, name_)                                \
	{                                                    \
		struct database database;                    \
                                                             \
		database_make(&database, DATABASE_POSTGRES); \
		database.store = database_open(&database);   \
		name_(&database);                            \
		database_remove(&database);                  \
	}                                                    \
	static void name_(struct database *database)

#endif
