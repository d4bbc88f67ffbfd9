/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the SQLite driver share; nobody else includes this. */
#ifndef LBD_STORE_SQLITE_H
#define LBD_STORE_SQLITE_H

#include "store/sql.h"

#include <sqlite3.h>

/* A statement that is prepared once; busy while its rows are read. */
struct sqlite_cached {
	struct sqlite_cached *next;
	const char *text;
	sqlite3_stmt *statement;
	bool busy;
};

struct sql {
	sqlite3 *handle;
	struct sqlite_cached *cached;
};

/* Turns a result code into an errno of sql.h; doing: what failed, "BEGIN". */
int sqlite_fault(struct sql *sql, int code, const char *doing, struct fault *fault);

/* sqlite-file.c: makes the file when it is missing, and checks who may read it. */
int sqlite_file_prepare(const char *path, char **real, struct fault *fault);

/* sqlite-statement.c */
int sqlite_run(struct sql *sql, const char *text, const struct sql_value *values, size_t n,
	       struct sql_rows **rows, int64_t *changed, struct fault *fault);
int sqlite_next(struct sql_rows *rows, struct fault *fault);
bool sqlite_null(struct sql_rows *rows, int column);
int64_t sqlite_integer(struct sql_rows *rows, int column);
const char *sqlite_text(struct sql_rows *rows, int column);
const void *sqlite_bytes(struct sql_rows *rows, int column, size_t *size);
void sqlite_done(struct sql_rows *rows);
void sqlite_statements_forget(struct sql *sql);

#endif
