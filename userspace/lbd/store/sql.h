/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two databases have in common: one dialect of SQL with $1, $2, ... for parameters, and
 * these calls. sqlite.c and postgres.c each fill a struct sql_driver, and are the only files that
 * know their library. The rest of store/ is written once.
 *
 * Types: 64-bit integers (BIGINT), text, and bytes, which is BLOB in the one and BYTEA in the
 * other: migrations write @BYTES@ and the driver puts its word there.
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

struct sql_driver {
	const char *bytes_word;
	int (*open)(const char *url, struct sql **sql, struct fault *fault);
	void (*close)(struct sql *sql);
	/* begin: write takes the one writer's place, or the isolation that makes up for it. */
	int (*begin)(struct sql *sql, bool write, struct fault *fault);
	/* -EAGAIN: all of the transaction has to be repeated. */
	int (*commit)(struct sql *sql, struct fault *fault);
	void (*rollback)(struct sql *sql);
	/*
	 * Prepares (once for each text; the text must live as long as the connection), binds,
	 * runs. changed: rows changed; rows: NULL for a statement that gives none. -EEXIST for a
	 * unique or foreign key that is violated.
	 */
	int (*run)(struct sql *sql, const char *text, const struct sql_value *values, size_t n,
		   struct sql_rows **rows, int64_t *changed, struct fault *fault);
	/* 1: a row is there; 0: the end; negative: an error. */
	int (*next)(struct sql_rows *rows, struct fault *fault);
	int64_t (*integer)(struct sql_rows *rows, int column);
	/* Borrowed until next() or done(); NULL for SQL's NULL. Text ends with a NUL. */
	const char *(*text)(struct sql_rows *rows, int column);
	const void *(*bytes)(struct sql_rows *rows, int column, size_t *size);
	void (*done)(struct sql_rows *rows);
	/* After a write that others shall notice: NOTIFY, or nothing. */
	int (*notify)(struct sql *sql, struct fault *fault);
	int (*watch_fd)(struct sql *sql);
	void (*watch_clear)(struct sql *sql);
	int (*integrity_check)(struct sql *sql, struct fault *fault);
};

extern const struct sql_driver sqlite_driver, postgres_driver;

#endif
