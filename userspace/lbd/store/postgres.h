/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the PostgreSQL driver share; nobody else includes this. */
#ifndef LBD_STORE_POSTGRES_H
#define LBD_STORE_POSTGRES_H

#include "store/sql.h"

#include <libpq-fe.h>
#include <time.h>

/* The name of a prepared statement is its number in the list. */
struct postgres_prepared {
	struct postgres_prepared *next;
	const char *text;
	unsigned int number;
};

/*
 * descriptor: an epoll instance that stays the same while connections come and go; below it are
 * the listening connection's socket, and signal, which says that something may have been missed.
 */
struct postgres_watch {
	PGconn *listener;
	int descriptor;
	int signal;
	time_t tried;
};

struct sql {
	char *url;
	PGconn *connection; /* NULL after it was lost */
	struct postgres_prepared *prepared;
	struct postgres_watch watch;
};

/* A new connection with our settings; -ENOTCONN. */
int postgres_connect(const char *url, PGconn **connection, struct fault *fault);

/* Is the result a good one; else the errno of sql.h. A lost connection is -ENOTCONN. */
int postgres_result_check(PGconn *connection, const PGresult *result, const char *doing,
			  struct fault *fault);

/* Runs one or several statements without parameters. */
int postgres_execute(struct sql *sql, const char *text, const char *doing, struct fault *fault);

/* postgres-statement.c */
int postgres_run(struct sql *sql, const char *text, const struct sql_value *values, size_t n,
		 struct sql_rows **rows, int64_t *changed, struct fault *fault);
int postgres_next(struct sql_rows *rows, struct fault *fault);
bool postgres_null(struct sql_rows *rows, int column);
int64_t postgres_integer(struct sql_rows *rows, int column);
const char *postgres_text(struct sql_rows *rows, int column);
const void *postgres_bytes(struct sql_rows *rows, int column, size_t *size);
void postgres_done(struct sql_rows *rows);
void postgres_statements_forget(struct sql *sql);

/* postgres-watch.c: watch_fd and watch_clear of sql.h; check: after begin, to listen again. */
int postgres_watch_fd(struct sql *sql);
void postgres_watch_clear(struct sql *sql);
void postgres_watch_check(struct sql *sql);
void postgres_watch_close(struct sql *sql);

#endif
