// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PostgreSQL driver: opening, and transactions.
 *
 * Writes are SERIALIZABLE, and one at a time: each begins with LOCK TABLE on a table that exists
 * for this alone, before its snapshot is taken (LOCK takes none). Without the lock, a thousand
 * networks that all want the lowest free slice would abort each other again and again; and the
 * commits could come in another order than the sequence numbers of their records, so that a reader
 * who has seen N would miss N - 1. With it, writes are in the order of their commits, as they are
 * with SQLite, and hardly anything is ever repeated. SERIALIZABLE is kept for those who come
 * past the lock: a person with psql, or an engine to which locks mean less. Readers take none.
 */
#include "store/postgres.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_ATTEMPTS 4
#define VERSION_MIN	 130000
/* "lbmesh", as a number: the advisory lock of migrations, of which there are none to lock yet. */
#define MIGRATE_LOCK "119113187521384"

static const char *const begin_texts[] = {
	[SQL_READ] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
	[SQL_WRITE] = "BEGIN ISOLATION LEVEL SERIALIZABLE; LOCK TABLE writer IN EXCLUSIVE MODE",
	/* Each statement has a new snapshot, so that who waited for the lock sees what was done. */
	[SQL_MIGRATE] = "BEGIN ISOLATION LEVEL READ COMMITTED; "
			"SELECT pg_advisory_xact_lock(" MIGRATE_LOCK ")",
};

int postgres_execute(struct sql *sql, const char *text, const char *doing, struct fault *fault)
{
	PGresult *result = PQexec(sql->connection, text);
	int ret = postgres_result_check(sql->connection, result, doing, fault);

	PQclear(result);
	return ret;
}

/* The message of libpq's parser may quote the url, and with it a password. */
static int url_check(const char *url, struct fault *fault)
{
	PQconninfoOption *options;
	bool secret = false;

	if (strncmp(url, "postgres://", 11) != 0 && strncmp(url, "postgresql://", 13) != 0)
		return fault_set(fault, -EINVAL, NULL, "the url must begin with \"postgres://\"");
	options = PQconninfoParse(url, NULL);
	if (!options)
		return fault_set(fault, -EINVAL, NULL,
				 "the url is not postgres://USER@HOST:PORT/DATABASE?OPTION=VALUE");
	for (const PQconninfoOption *one = options; one->keyword; one++) {
		if (one->val && *one->val &&
		    (!strcmp(one->keyword, "password") || !strcmp(one->keyword, "sslpassword")))
			secret = true;
	}
	PQconninfoFree(options);
	if (secret)
		return fault_set(fault, -EINVAL, NULL,
				 "the url holds a password, which others can see; put it into a "
				 "file of mode 0600 and name that in PGPASSFILE or passfile=");
	return 0;
}

static void connection_drop(struct sql *sql)
{
	postgres_statements_forget(sql);
	PQfinish(sql->connection);
	sql->connection = NULL;
}

static void postgres_close(struct sql *sql)
{
	postgres_watch_close(sql);
	connection_drop(sql);
	free(sql->url);
	free(sql);
}

/* PostgreSQL guards its own pages; what it cannot know is what we need. */
static int server_check(struct sql *sql, struct fault *fault)
{
	const char *encoding = PQparameterStatus(sql->connection, "server_encoding");
	int version = PQserverVersion(sql->connection);

	if (!encoding || strcmp(encoding, "UTF8") != 0)
		return fault_set(fault, -EOPNOTSUPP, NULL,
				 "the database's encoding is %s; create one with UTF8",
				 encoding ? encoding : "unknown");
	if (version < VERSION_MIN)
		return fault_set(fault, -EOPNOTSUPP, NULL,
				 "the server is PostgreSQL %d; use 13 or newer", version / 10000);
	return 0;
}

static int postgres_open(const char *url, struct sql **sql, struct fault *fault)
{
	struct sql *opened;
	int ret;

	if ((ret = url_check(url, fault)))
		return ret;
	opened = calloc(1, sizeof(*opened));
	if (!opened)
		return fault_memory(fault);
	opened->watch.descriptor = opened->watch.signal = -1;
	opened->url = strdup(url);
	ret = opened->url ? postgres_connect(url, &opened->connection, fault) : fault_memory(fault);
	if (!ret)
		ret = server_check(opened, fault);
	if (ret)
		postgres_close(opened);
	else
		*sql = opened;
	return ret;
}

static void rollback(struct sql *sql)
{
	if (!sql->connection || PQtransactionStatus(sql->connection) == PQTRANS_IDLE)
		return;
	/* A connection that is in an unknown state is not used again. */
	if (postgres_execute(sql, "ROLLBACK", "ROLLBACK", NULL))
		connection_drop(sql);
}

static int begin_once(struct sql *sql, enum sql_access access, struct fault *fault)
{
	int ret;

	if (!sql->connection && (ret = postgres_connect(sql->url, &sql->connection, fault)))
		return ret;
	ret = postgres_execute(sql, begin_texts[access], "BEGIN", fault);
	if (ret == -ENOTCONN)
		connection_drop(sql);
	else if (ret)
		rollback(sql);
	return ret;
}

/* Only here is it safe to connect again: nothing of the transaction has been done yet. */
static int begin(struct sql *sql, enum sql_access access, struct fault *fault)
{
	int ret;

	for (unsigned int attempt = 0;; attempt++) {
		ret = begin_once(sql, access, fault);
		if (ret != -ENOTCONN || attempt + 1 == CONNECT_ATTEMPTS)
			break;
		sql_pause(attempt + 3);
	}
	if (!ret)
		postgres_watch_check(sql);
	return ret;
}

/* The tag of a COMMIT that the server has turned into a ROLLBACK says so. */
static int commit(struct sql *sql, struct fault *fault)
{
	PGresult *result = PQexec(sql->connection, "COMMIT");
	int ret = postgres_result_check(sql->connection, result, "COMMIT", fault);

	if (!ret && strcmp(PQcmdStatus(result), "COMMIT") != 0)
		ret = fault_set(fault, -EIO, NULL, "COMMIT: the transaction had failed before");
	PQclear(result);
	if (!ret)
		return 0;
	/* A server that has said no, and is still there, has not committed. */
	if (ret != -ENOTCONN && PQstatus(sql->connection) == CONNECTION_OK)
		return ret;
	connection_drop(sql);
	fault_refuse(fault, CODE_STORE_UNAVAILABLE, NULL,
		     "the connection was lost in COMMIT: whether the change was made is unknown; "
		     "read it again before you repeat it");
	return -ECONNABORTED;
}

static int script(struct sql *sql, const char *text, struct fault *fault)
{
	return postgres_execute(sql, text, "running a script", fault);
}

static int notify(struct sql *sql, struct fault *fault)
{
	return postgres_execute(sql, "NOTIFY lbd", "NOTIFY", fault);
}

const struct sql_driver postgres_driver = {
	.bytes_word = "BYTEA",
	.text_word = "TEXT COLLATE \"C\"",
	.open = postgres_open,
	.close = postgres_close,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.run = postgres_run,
	.script = script,
	.next = postgres_next,
	.null = postgres_null,
	.integer = postgres_integer,
	.text = postgres_text,
	.bytes = postgres_bytes,
	.done = postgres_done,
	.notify = notify,
	.watch_fd = postgres_watch_fd,
	.watch_clear = postgres_watch_clear,
};
