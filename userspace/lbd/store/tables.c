// SPDX-License-Identifier: GPL-2.0-only
/*
 * All tables that hold something, column by column, and the copying of their rows from one database
 * to another. Rows come a page at a time, by primary key, because PostgreSQL's library holds a whole
 * result in memory. A column that is added by a migration has to be added here; the test that
 * compares the columns with the schema's says so.
 */
#include "store/tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE	 500
#define KEYS_MAX 3

/*
 * types: of each column, t text, i integer, b bytes. The primary key is the first columns; before
 * its first page it has the least value of each type, which no row has.
 */
struct table {
	const char *name;
	const char *types;
	size_t n_keys;
	const char *select;
	const char *insert;
	const char *any;
};

#define TABLE(name_, types_, n_keys_, keys, key_places, limit, columns, places)               \
	{                                                                                     \
		.name = (name_), .types = (types_), .n_keys = (n_keys_),                      \
		.select = "SELECT " columns " FROM " name_ " WHERE (" keys ") > (" key_places \
			  ") ORDER BY " keys " LIMIT " limit,                                 \
		.insert = "INSERT INTO " name_ " (" columns ") VALUES (" places ")",          \
		.any = "SELECT 1 FROM " name_ " LIMIT 1",                                     \
	}

/* clang-format off */
static const struct table tables[] = {
	TABLE("resource", "ttttttiiit", 1, "id", "$1", "$2",
	      "id, kind, org, scope, owner, name, version, created_at, updated_at, document",
	      "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10"),
	TABLE("log", "tii", 1, "id", "$1", "$2", "id, version, sequence", "$1, $2, $3"),
	TABLE("record", "ititbb", 1, "sequence", "$1", "$2",
	      "sequence, log, version, key, value, bytes", "$1, $2, $3, $4, $5, $6"),
	TABLE("log_state", "ttiib", 2, "log, key", "$1, $2", "$3",
	      "log, key, version, sequence, value", "$1, $2, $3, $4, $5"),
	TABLE("lease", "tibbtii", 3, "space, family, low", "$1, $2, $3", "$4",
	      "space, family, low, high, holder, released_at, gap",
	      "$1, $2, $3, $4, $5, $6, $7"),
	TABLE("address", "titb", 3, "network, family, holder", "$1, $2, $3", "$4",
	      "network, family, holder, address", "$1, $2, $3, $4"),
	TABLE("number", "ti", 1, "name", "$1", "$2", "name, value", "$1, $2"),
	TABLE("audit", "iitttttt", 1, "sequence", "$1", "$2",
	      "sequence, at, org, actor, action, target, request, detail",
	      "$1, $2, $3, $4, $5, $6, $7, $8"),
	TABLE("answer", "ttibittt", 2, "actor, key", "$1, $2", "$3",
	      "actor, key, expires, request_hash, status, body, location, etag",
	      "$1, $2, $3, $4, $5, $6, $7, $8"),
	TABLE("setting", "tt", 1, "name", "$1", "$2", "name, value", "$1, $2"),
};
/* clang-format on */

struct copying {
	const struct sql_driver *from_driver;
	struct sql *from;
	const struct sql_driver *to_driver;
	struct sql *to;
};

/* The key of the last row, in copies of our own, and a place for the limit. */
struct page_key {
	struct sql_value values[KEYS_MAX + 1];
	void *copies[KEYS_MAX];
};

static void key_release(struct page_key *key)
{
	for (size_t i = 0; i < KEYS_MAX; i++)
		free(key->copies[i]);
}

static void key_begin(const struct table *table, struct page_key *key)
{
	*key = (struct page_key){0};
	for (size_t i = 0; i < table->n_keys; i++) {
		if (table->types[i] == 'i')
			key->values[i] = SQL_INT(INT64_MIN);
		else if (table->types[i] == 'b')
			key->values[i] = SQL_BLOB("", 0);
		else
			key->values[i] = sql_string("");
	}
	key->values[table->n_keys] = SQL_INT(PAGE);
}

static int key_keep(const struct table *table, const struct sql_value *row, struct page_key *key,
		    struct fault *fault)
{
	for (size_t i = 0; i < table->n_keys; i++) {
		void *copy = NULL;

		key->values[i] = row[i];
		if (row[i].type == SQL_INTEGER)
			continue;
		copy = malloc(row[i].size + 1);
		if (!copy)
			return fault_memory(fault);
		memcpy(copy, row[i].data, row[i].size);
		free(key->copies[i]);
		key->copies[i] = copy;
		key->values[i].data = copy;
	}
	return 0;
}

static void row_read(const struct copying *copying, const struct table *table,
		     struct sql_rows *rows, struct sql_value *values)
{
	const struct sql_driver *driver = copying->from_driver;

	for (int i = 0; table->types[i]; i++) {
		values[i] = (struct sql_value){.type = SQL_NULL};
		if (driver->null(rows, i))
			continue;
		if (table->types[i] == 'i') {
			values[i] = SQL_INT(driver->integer(rows, i));
		} else if (table->types[i] == 't') {
			values[i] = sql_string(driver->text(rows, i));
		} else {
			values[i].type = SQL_BYTES;
			values[i].data = driver->bytes(rows, i, &values[i].size);
		}
	}
}

/* How many rows there were, at most PAGE; key moves on to the last of a full page. */
static int page_rows_copy(const struct copying *copying, const struct table *table,
			  struct sql_rows *rows, struct page_key *key, struct fault *fault)
{
	struct sql_value values[SQL_VALUES_MAX];
	int n = 0, ret;

	while ((ret = copying->from_driver->next(rows, fault)) > 0) {
		row_read(copying, table, rows, values);
		if ((ret = copying->to_driver->run(copying->to, table->insert, values,
						   strlen(table->types), NULL, NULL, fault)))
			return ret;
		if (++n == PAGE && (ret = key_keep(table, values, key, fault)))
			return ret;
	}
	return ret ? ret : n;
}

static int table_copy(const struct copying *copying, const struct table *table, struct fault *fault)
{
	struct page_key key;
	struct sql_rows *rows;
	int ret;

	key_begin(table, &key);
	do {
		ret = copying->from_driver->run(copying->from, table->select, key.values,
						table->n_keys + 1, &rows, NULL, fault);
		if (!ret) {
			ret = page_rows_copy(copying, table, rows, &key, fault);
			copying->from_driver->done(rows);
		}
	} while (ret == PAGE);
	key_release(&key);
	return ret < 0 ? ret : 0;
}

int tables_copy(const struct sql_driver *from_driver, struct sql *from,
		const struct sql_driver *to_driver, struct sql *to, struct fault *fault)
{
	const struct copying copying = {
		.from_driver = from_driver, .from = from, .to_driver = to_driver, .to = to};
	int ret;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		if ((ret = table_copy(&copying, &tables[i], fault)))
			return ret;
	}
	return 0;
}

int tables_empty_check(const struct sql_driver *driver, struct sql *sql, struct fault *fault)
{
	struct sql_rows *rows;
	int ret;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		if ((ret = driver->run(sql, tables[i].any, NULL, 0, &rows, NULL, fault)))
			return ret;
		ret = driver->next(rows, fault);
		driver->done(rows);
		if (ret < 0)
			return ret;
		if (ret)
			return fault_set(fault, -EEXIST, NULL,
					 "the store is not empty: there is a row in \"%s\"; "
					 "restore into a new one",
					 tables[i].name);
	}
	return 0;
}
