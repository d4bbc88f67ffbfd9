// SPDX-License-Identifier: GPL-2.0-only
/*
 * SQLite's statements: prepared once for each text, bound, stepped, and what a row holds. A
 * statement is reset as soon as its rows are done, so that none keeps a snapshot open.
 */
#include "store/sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sql_rows {
	struct sql *sql;
	sqlite3_stmt *statement;
	struct sqlite_cached *cached; /* NULL: the statement is ours alone */
	int code; /* of the first step, that next() has yet to give; or SQLITE_OK */
};

static int statement_prepare(struct sql *sql, const char *text, sqlite3_stmt **statement,
			     struct fault *fault)
{
	int code = sqlite3_prepare_v3(sql->handle, text, -1, SQLITE_PREPARE_PERSISTENT, statement,
				      NULL);

	return code == SQLITE_OK ? 0 : sqlite_fault(sql, code, "preparing a statement", fault);
}

static int cached_find(struct sql *sql, const char *text, struct sqlite_cached **found,
		       struct fault *fault)
{
	struct sqlite_cached *cached;
	int ret;

	for (cached = sql->cached; cached; cached = cached->next) {
		if (cached->text == text) {
			*found = cached;
			return 0;
		}
	}
	cached = calloc(1, sizeof(*cached));
	if (!cached) {
		fault_memory(fault);
		return -ENOMEM;
	}
	if ((ret = statement_prepare(sql, text, &cached->statement, fault))) {
		free(cached);
		return ret;
	}
	cached->text = text;
	cached->next = sql->cached;
	sql->cached = cached;
	*found = cached;
	return 0;
}

void sqlite_statements_forget(struct sql *sql)
{
	while (sql->cached) {
		struct sqlite_cached *next = sql->cached->next;

		sqlite3_finalize(sql->cached->statement);
		free(sql->cached);
		sql->cached = next;
	}
}

/* The cached statement, or one of our own while another reads the cached one's rows. */
static int statement_take(struct sql_rows *taken, const char *text, struct fault *fault)
{
	struct sqlite_cached *cached = NULL;
	int ret;

	if ((ret = cached_find(taken->sql, text, &cached, fault)))
		return ret;
	if (cached->busy)
		return statement_prepare(taken->sql, text, &taken->statement, fault);
	cached->busy = true;
	taken->cached = cached;
	taken->statement = cached->statement;
	return 0;
}

static void statement_give(struct sql_rows *taken)
{
	if (!taken->cached) {
		sqlite3_finalize(taken->statement);
		return;
	}
	sqlite3_reset(taken->statement);
	/* The values are the caller's, and may be secrets or gone. */
	sqlite3_clear_bindings(taken->statement);
	taken->cached->busy = false;
}

/* "$3" has a place of its own in SQLite: that in which the names first appear in the text. */
static int value_bind(sqlite3_stmt *statement, size_t i, const struct sql_value *value)
{
	char name[24];
	int at;

	snprintf(name, sizeof(name), "$%zu", i + 1);
	at = sqlite3_bind_parameter_index(statement, name);
	if (!at)
		return SQLITE_RANGE;
	switch (value->type) {
	case SQL_INTEGER:
		return sqlite3_bind_int64(statement, at, value->integer);
	case SQL_TEXT:
		return sqlite3_bind_text64(statement, at, value->data, value->size, SQLITE_STATIC,
					   SQLITE_UTF8);
	case SQL_BYTES:
		/* NULL bytes of size 0 would be SQL's NULL. */
		return sqlite3_bind_blob64(statement, at, value->size ? value->data : "",
					   value->size, SQLITE_STATIC);
	default:
		return sqlite3_bind_null(statement, at);
	}
}

static int statement_start(struct sql_rows *taken, const struct sql_value *values, size_t n,
			   struct fault *fault)
{
	int code;

	for (size_t i = 0; i < n; i++) {
		code = value_bind(taken->statement, i, &values[i]);
		if (code != SQLITE_OK)
			return sqlite_fault(taken->sql, code, "binding a value", fault);
	}
	taken->code = sqlite3_step(taken->statement);
	if (taken->code == SQLITE_ROW || taken->code == SQLITE_DONE)
		return 0;
	return sqlite_fault(taken->sql, taken->code, "a statement", fault);
}

int sqlite_run(struct sql *sql, const char *text, const struct sql_value *values, size_t n,
	       struct sql_rows **rows, int64_t *changed, struct fault *fault)
{
	struct sql_rows taken = {.sql = sql};
	int ret;

	if ((ret = statement_take(&taken, text, fault)))
		return ret;
	ret = statement_start(&taken, values, n, fault);
	if (!ret && changed)
		*changed = sqlite3_changes64(sql->handle);
	if (!ret && rows) {
		*rows = malloc(sizeof(**rows));
		if (*rows) {
			**rows = taken;
			return 0;
		}
		ret = fault_memory(fault);
	}
	statement_give(&taken);
	return ret;
}

int sqlite_next(struct sql_rows *rows, struct fault *fault)
{
	int code = rows->code;

	if (code == SQLITE_OK)
		code = sqlite3_step(rows->statement);
	/* After the end it stays at the end: a step would begin again. */
	rows->code = code == SQLITE_DONE ? SQLITE_DONE : SQLITE_OK;
	if (code == SQLITE_ROW)
		return 1;
	return code == SQLITE_DONE ? 0 : sqlite_fault(rows->sql, code, "reading a row", fault);
}

bool sqlite_null(struct sql_rows *rows, int column)
{
	return sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
}

int64_t sqlite_integer(struct sql_rows *rows, int column)
{
	return sqlite3_column_int64(rows->statement, column);
}

const char *sqlite_text(struct sql_rows *rows, int column)
{
	return (const char *)sqlite3_column_text(rows->statement, column);
}

const void *sqlite_bytes(struct sql_rows *rows, int column, size_t *size)
{
	const void *bytes;

	if (sqlite_null(rows, column)) {
		*size = 0;
		return NULL;
	}
	bytes = sqlite3_column_blob(rows->statement, column);
	*size = (size_t)sqlite3_column_bytes(rows->statement, column);
	/* SQLite has no pointer for an empty BLOB. */
	return *size ? bytes : "";
}

void sqlite_done(struct sql_rows *rows)
{
	statement_give(rows);
	free(rows);
}
