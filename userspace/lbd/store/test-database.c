// SPDX-License-Identifier: GPL-2.0-only
/* Databases for tests, and what is in them, past the store: see test-database.h. */
#include "store/test-database.h"

#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void postgres_make(struct database *database)
{
	char url[256], name[64], text[128];
	PGconn *connection;
	PGresult *result;

	snprintf(name, sizeof(name), "test%d", (int)getpid());
	database_postgres_url("postgres", url, sizeof(url));
	connection = PQconnectdb(url);
	snprintf(text, sizeof(text), "CREATE DATABASE %s TEMPLATE template0", name);
	result = PQexec(connection, text);
	cr_assert_eq(PQresultStatus(result), PGRES_COMMAND_OK, "%s", PQerrorMessage(connection));
	PQclear(result);
	PQfinish(connection);
	database_postgres_url(name, database->url, sizeof(database->url));
}

void database_make(struct database *database, enum database_kind kind)
{
	*database = (struct database){.kind = kind};
	TEXT_SET(database->directory, "/tmp/lbd-store-XXXXXX");
	cr_assert(mkdtemp(database->directory));
	if (kind == DATABASE_POSTGRES)
		postgres_make(database);
	else
		snprintf(database->url, sizeof(database->url), "sqlite:%s/store.db",
			 database->directory);
}

struct store *database_open(const struct database *database)
{
	struct store *store = NULL;
	struct fault fault = {0};

	cr_assert_eq(store_open(database->url, &store, &fault), 0, "%s", fault.text);
	return store;
}

/* A server's databases go with the server. */
void database_remove(struct database *database)
{
	store_close(database->store);
	directory_remove(database->directory);
}

static char *sqlite_ask(const char *path, const char *text)
{
	sqlite3 *handle = NULL;
	sqlite3_stmt *statement = NULL;
	const char *tail = text;
	char *answer = NULL;
	int code = sqlite3_open(path, &handle);

	sqlite3_busy_timeout(handle, 10000);
	while (code == SQLITE_OK && *tail) {
		code = sqlite3_prepare_v2(handle, tail, -1, &statement, &tail);
		while (code == SQLITE_OK && statement &&
		       (code = sqlite3_step(statement)) == SQLITE_ROW) {
			const unsigned char *value = sqlite3_column_text(statement, 0);

			if (!answer && value)
				answer = strdup((const char *)value);
			code = SQLITE_OK;
		}
		if (code == SQLITE_DONE)
			code = SQLITE_OK;
		sqlite3_finalize(statement);
		statement = NULL;
	}
	cr_assert_eq(code, SQLITE_OK, "%s: %s", text, sqlite3_errmsg(handle));
	sqlite3_close(handle);
	return answer;
}

static char *postgres_ask(const char *url, const char *text)
{
	PGconn *connection = PQconnectdb(url);
	PGresult *result = PQexec(connection, text);
	ExecStatusType status = PQresultStatus(result);
	char *answer = NULL;

	cr_assert(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s: %s", text,
		  PQerrorMessage(connection));
	if (status == PGRES_TUPLES_OK && PQntuples(result) && !PQgetisnull(result, 0, 0))
		answer = strdup(PQgetvalue(result, 0, 0));
	PQclear(result);
	PQfinish(connection);
	return answer;
}

char *database_ask(const struct database *database, const char *text)
{
	return database->kind == DATABASE_POSTGRES
		       ? postgres_ask(database->url, text)
		       : sqlite_ask(database->url + strlen("sqlite:"), text);
}

void database_execute(const struct database *database, const char *text)
{
	free(database_ask(database, text));
}

/* Both databases have a function that joins texts, and one that shows bytes. */
char *database_dump(const struct database *database)
{
	static const char *const tables[][3] = {
		{"resource", "id",
		 "id, kind, org, scope, owner, name, version, created_at, "
		 "updated_at, document"},
		{"log", "id", "id, version, sequence"},
		{"record", "sequence", "sequence, log, version, key, @value, @bytes"},
		{"log_state", "log, key", "log, key, version, sequence, @value"},
		{"lease", "space, family, low",
		 "space, family, @low, @high, holder, released_at, gap"},
		{"address", "network, family, holder", "network, family, holder, @address"},
		{"number", "name", "name, value"},
		{"audit", "sequence", "sequence, at, org, actor, action, target, request, detail"},
		{"answer", "actor, key",
		 "actor, key, expires, @request_hash, status, body, location, etag"},
		{"setting", "name", "name, value"},
		{"schema_version", "version", "version"},
	};
	bool postgres = database->kind == DATABASE_POSTGRES;
	char *dump = NULL;
	size_t size;
	FILE *file = open_memstream(&dump, &size);

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		char columns[512] = "", text[1024];
		char *list = strdup(tables[i][2]), *rest = list, *one, *answer;

		while ((one = strsep(&rest, ", "))) {
			size_t used = strlen(columns);

			if (!*one)
				continue;
			snprintf(
				columns + used, sizeof(columns) - used,
				*one != '@' ? "%s COALESCE(CAST(%s AS TEXT), '-')"
				: postgres
					? "%s COALESCE('X''' || UPPER(ENCODE(%s, 'hex')) || '''', '-')"
					: "%s COALESCE(NULLIF(QUOTE(%s), 'NULL'), '-')",
				used ? " || '|' ||" : "", one + (*one == '@'));
		}
		snprintf(
			text, sizeof(text),
			"SELECT %s(line, '\n') FROM (SELECT %s AS line FROM %s ORDER BY %s) AS lines",
			postgres ? "STRING_AGG" : "GROUP_CONCAT", columns, tables[i][0],
			tables[i][1]);
		answer = database_ask(database, text);
		fprintf(file, "%s:\n%s\n", tables[i][0], answer ? answer : "");
		free(answer);
		free(list);
	}
	fclose(file);
	return dump;
}

int audited_run(struct store_tx *tx, void *argument, struct fault *fault)
{
	const struct audited *audited = argument;
	const struct store_audit audit = {
		.at = 1, .actor = "uid:0", .action = "test", .request = "req_1"};
	int ret = audited->work(tx, audited->argument, fault);

	return ret ? ret : store_audit(tx, &audit, fault);
}

int database_write(struct store *store, store_work_fn work, void *argument, struct fault *fault)
{
	struct audited audited = {.work = work, .argument = argument};

	return store_write(store, audited_run, &audited, fault);
}

struct network *network_make(const char *name)
{
	struct network *network = (struct network *)resource_new(RESOURCE_NETWORK);

	cr_assert(network);
	resource_id_make(RESOURCE_NETWORK, 1700000000000, network->head.id);
	snprintf(network->head.name, sizeof(network->head.name), "%s", name);
	network->context = NETWORK_SYSTEM;
	network->cidr.family = 2;
	network->cidr.len = 24;
	memcpy(network->cidr.addr, "\x64\x40\x00", 3);
	network->number = 1;
	return network;
}
