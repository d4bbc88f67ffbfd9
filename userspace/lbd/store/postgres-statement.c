// SPDX-License-Identifier: GPL-2.0-only
/*
 * PostgreSQL's statements: prepared once for each text and connection, values always bound, results
 * in binary, which needs no escapes. Integers go as text, for which the server does the checking.
 */
#include "store/postgres.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From the server's catalog/pg_type_d.h; they never change. */
enum {
	TYPE_BOOL = 16,
	TYPE_BYTEA = 17,
	TYPE_INT8 = 20,
	TYPE_INT4 = 23,
	TYPE_TEXT = 25
};

#define NAME_SIZE   16
#define NUMBER_SIZE 24

struct sql_rows {
	PGresult *result;
	int row;
};

/* As PQexecPrepared() wants its parameters. */
struct parameters {
	const char *values[SQL_VALUES_MAX];
	int lengths[SQL_VALUES_MAX];
	int formats[SQL_VALUES_MAX];
	Oid types[SQL_VALUES_MAX];
	char numbers[SQL_VALUES_MAX][NUMBER_SIZE];
};

void postgres_statements_forget(struct sql *sql)
{
	while (sql->prepared) {
		struct postgres_prepared *next = sql->prepared->next;

		free(sql->prepared);
		sql->prepared = next;
	}
}

static void parameter_set(struct parameters *to, size_t i, const struct sql_value *value)
{
	to->formats[i] = 0;
	to->lengths[i] = (int)value->size;
	to->values[i] = value->data;
	switch (value->type) {
	case SQL_INTEGER:
		snprintf(to->numbers[i], NUMBER_SIZE, "%" PRId64, value->integer);
		to->values[i] = to->numbers[i];
		to->types[i] = TYPE_INT8;
		break;
	case SQL_TEXT:
		to->types[i] = TYPE_TEXT;
		break;
	case SQL_BYTES:
		/* NULL bytes of size 0 would be SQL's NULL. */
		if (!value->size)
			to->values[i] = "";
		to->formats[i] = 1;
		to->types[i] = TYPE_BYTEA;
		break;
	default:
		to->values[i] = NULL;
		to->types[i] = 0; /* the server infers it */
		break;
	}
}

static void name_format(const struct postgres_prepared *prepared, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "lbd%u", prepared->number);
}

static int prepared_add(struct sql *sql, const char *text, const struct parameters *parameters,
			size_t n, struct postgres_prepared **added, struct fault *fault)
{
	struct postgres_prepared *prepared = calloc(1, sizeof(*prepared));
	char name[NAME_SIZE];
	PGresult *result;
	int ret;

	if (!prepared) {
		fault_memory(fault);
		return -ENOMEM;
	}
	prepared->text = text;
	prepared->number = sql->prepared ? sql->prepared->number + 1 : 0;
	name_format(prepared, name);
	result = PQprepare(sql->connection, name, text, (int)n, parameters->types);
	ret = postgres_result_check(sql->connection, result, "preparing a statement", fault);
	PQclear(result);
	if (ret) {
		free(prepared);
		return ret;
	}
	prepared->next = sql->prepared;
	sql->prepared = prepared;
	*added = prepared;
	return 0;
}

static int prepared_find(struct sql *sql, const char *text, const struct parameters *parameters,
			 size_t n, struct postgres_prepared **found, struct fault *fault)
{
	for (struct postgres_prepared *one = sql->prepared; one; one = one->next) {
		if (one->text == text) {
			*found = one;
			return 0;
		}
	}
	return prepared_add(sql, text, parameters, n, found, fault);
}

static int rows_give(PGresult *result, struct sql_rows **rows, struct fault *fault)
{
	*rows = malloc(sizeof(**rows));
	if (!*rows) {
		PQclear(result);
		return fault_memory(fault);
	}
	**rows = (struct sql_rows){.result = result, .row = -1};
	return 0;
}

int postgres_run(struct sql *sql, const char *text, const struct sql_value *values, size_t n,
		 struct sql_rows **rows, int64_t *changed, struct fault *fault)
{
	struct postgres_prepared *prepared = NULL;
	struct parameters parameters;
	char name[NAME_SIZE];
	PGresult *result;
	int ret;

	if (n > SQL_VALUES_MAX)
		return fault_set(fault, -EINVAL, NULL, "a statement has too many values");
	for (size_t i = 0; i < n; i++) {
		if (values[i].size > INT32_MAX)
			return fault_set(fault, -EFBIG, NULL, "a value is too large");
		parameter_set(&parameters, i, &values[i]);
	}
	if ((ret = prepared_find(sql, text, &parameters, n, &prepared, fault)))
		return ret;
	name_format(prepared, name);
	result = PQexecPrepared(sql->connection, name, (int)n, parameters.values,
				parameters.lengths, parameters.formats, 1);
	if ((ret = postgres_result_check(sql->connection, result, "a statement", fault))) {
		PQclear(result);
		return ret;
	}
	if (changed)
		*changed = strtoll(PQcmdTuples(result), NULL, 10);
	if (rows)
		return rows_give(result, rows, fault);
	PQclear(result);
	return 0;
}

int postgres_next(struct sql_rows *rows, struct fault *fault)
{
	(void)fault;
	return ++rows->row < PQntuples(rows->result);
}

bool postgres_null(struct sql_rows *rows, int column)
{
	return PQgetisnull(rows->result, rows->row, column);
}

int64_t postgres_integer(struct sql_rows *rows, int column)
{
	const char *bytes = PQgetvalue(rows->result, rows->row, column);
	uint64_t eight;
	uint32_t four;

	if (postgres_null(rows, column))
		return 0;
	switch (PQftype(rows->result, column)) {
	case TYPE_INT8:
		memcpy(&eight, bytes, sizeof(eight));
		return (int64_t)be64toh(eight);
	case TYPE_INT4:
		memcpy(&four, bytes, sizeof(four));
		return (int32_t)be32toh(four);
	case TYPE_BOOL:
		return *bytes;
	default:
		return 0;
	}
}

const char *postgres_text(struct sql_rows *rows, int column)
{
	return postgres_null(rows, column) ? NULL : PQgetvalue(rows->result, rows->row, column);
}

const void *postgres_bytes(struct sql_rows *rows, int column, size_t *size)
{
	*size = (size_t)PQgetlength(rows->result, rows->row, column);
	return postgres_text(rows, column);
}

void postgres_done(struct sql_rows *rows)
{
	PQclear(rows->result);
	free(rows);
}
