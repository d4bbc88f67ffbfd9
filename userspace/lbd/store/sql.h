/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two databases have in common: one dialect of SQL with $1, $2, ... for parameters, and
 * these calls. sqlite.c and postgres.c each fill a struct sql_driver, and are the only files that
 * know their library (each with a helper or two beside it). The rest of store/ is written once.
 *
 * Types: 64-bit integers (BIGINT), text, and bytes, which is BLOB in the one and BYTEA in the
 * other: migrations write @BYTES@ and the driver puts its word there. Text is compared by its bytes
 * in both, for which migrations write @TEXT@.
 *
 * Errors, with a fault whose code says whether the store is away or only busy:
 *   -EAGAIN        the transaction has to be repeated from its start
 *   -EBUSY         somebody else has held the writer's place for too long
 *   -ENOTCONN      the database cannot be reached, or was lost before anything was committed
 *   -ECONNABORTED  lost while committing: it may have been committed or not
 *   -EEXIST        a unique or foreign key is violated
 *   -EBADMSG       what is stored is damaged
 */
#ifndef LBD_STORE_SQL_H
#define LBD_STORE_SQL_H

#include "model/fault.h"

#include <stdbool.h>

struct sql;
struct sql_rows;

enum sql_type {
	SQL_NULL,
	SQL_INTEGER,
	SQL_TEXT,
	SQL_BYTES
};

/* A parameter; text and bytes are borrowed for the call. */
struct sql_value {
	enum sql_type type;
	int64_t integer;
	const void *data;
	size_t size;
};

#define SQL_INT(value_)	   ((struct sql_value){.type = SQL_INTEGER, .integer = (value_)})
#define SQL_STRING(value_) sql_string(value_)
#define SQL_BLOB(data_, size_) \
	((struct sql_value){.type = SQL_BYTES, .data = (data_), .size = (size_)})

/* NULL is SQL's NULL. */
struct sql_value sql_string(const char *text);

/* Sleeps before attempt number attempt (from 0) is repeated: 2 ms, doubling to 500, with jitter. */
void sql_pause(unsigned int attempt);

enum sql_access {
	SQL_READ, /* one snapshot */
	SQL_WRITE, /* the one writer's place; needs the table "writer" */
	SQL_MIGRATE /* the same before there are tables */
};

/* The parameters that a statement can have. */
#define SQL_VALUES_MAX 16

struct sql_driver {
	const char *bytes_word;
	const char *text_word;
	/* Refuses a database that is damaged, another program's, or cannot keep the promises. */
	int (*open)(const char *url, struct sql **sql, struct fault *fault);
	void (*close)(struct sql *sql);
	/* Connects again, a bounded number of times, when the connection is lost. */
	int (*begin)(struct sql *sql, enum sql_access access, struct fault *fault);
	int (*commit)(struct sql *sql, struct fault *fault);
	void (*rollback)(struct sql *sql);
	/*
	 * Prepares (once for each text; the text must live as long as the connection), binds,
	 * runs. changed: rows changed, or NULL; rows: NULL for a statement that gives none.
	 */
	int (*run)(struct sql *sql, const char *text, const struct sql_value *values, size_t n,
		   struct sql_rows **rows, int64_t *changed, struct fault *fault);
	/* Runs several statements that have no parameters. */
	int (*script)(struct sql *sql, const char *text, struct fault *fault);
	/* 1: a row is there; 0: the end; negative: an error. */
	int (*next)(struct sql_rows *rows, struct fault *fault);
	bool (*null)(struct sql_rows *rows, int column);
	int64_t (*integer)(struct sql_rows *rows, int column);
	/* Borrowed until next() or done(); NULL for SQL's NULL. Text ends with a NUL. */
	const char *(*text)(struct sql_rows *rows, int column);
	const void *(*bytes)(struct sql_rows *rows, int column, size_t *size);
	void (*done)(struct sql_rows *rows);
	/* After a write that others shall notice: NOTIFY, or nothing. */
	int (*notify)(struct sql *sql, struct fault *fault);
	int (*watch_fd)(struct sql *sql);
	void (*watch_clear)(struct sql *sql);
	/* Fills an empty file with a copy of all; NULL when the database cannot. */
	int (*copy)(struct sql *sql, const char *path, struct fault *fault);
};

extern const struct sql_driver sqlite_driver, postgres_driver;

/* sqlite.c, for backups: an existing file that is only read; a file of one writer, without a log. */
int sqlite_open_copy(const char *path, struct sql **sql, struct fault *fault);
int sqlite_open_private(const char *path, struct sql **sql, struct fault *fault);

#endif
