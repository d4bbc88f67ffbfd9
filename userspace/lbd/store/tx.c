// SPDX-License-Identifier: GPL-2.0-only
/* Running statements in a transaction, and remembering that one has failed; see tx.h. */
#include "store/tx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int tx_fail(struct store_tx *tx, int ret, const struct fault *why, struct fault *fault)
{
	if (fault)
		*fault = *why;
	if (!tx->failed) {
		tx->failed = ret;
		tx->why = *why;
	}
	return ret;
}

static int statement_run(struct store_tx *tx, const char *text, const struct sql_value *values,
			 size_t n, struct sql_rows **rows, int64_t *changed, struct fault *fault)
{
	const struct store *store = tx->store;
	struct fault why = {0};
	int ret;

	if (tx->failed)
		return tx_fail(tx, tx->failed, &tx->why, fault);
	ret = store->driver->run(store->sql, text, values, n, rows, changed, &why);
	return ret ? tx_fail(tx, ret, &why, fault) : 0;
}

int tx_run(struct store_tx *tx, const char *text, const struct sql_value *values, size_t n,
	   struct sql_rows **rows, struct fault *fault)
{
	return statement_run(tx, text, values, n, rows, NULL, fault);
}

int tx_tidy(struct store_tx *tx, const char *text, const struct sql_value *values, size_t n,
	    struct fault *fault)
{
	if (!tx->write)
		return fault_set(fault, -EPROTO, NULL, "a reading transaction cannot write");
	return statement_run(tx, text, values, n, NULL, NULL, fault);
}

int tx_change(struct store_tx *tx, const char *text, const struct sql_value *values, size_t n,
	      int64_t *changed, struct fault *fault)
{
	if (!tx->write)
		return fault_set(fault, -EPROTO, NULL, "a reading transaction cannot write");
	tx->wrote = true;
	return statement_run(tx, text, values, n, NULL, changed, fault);
}

int tx_next(struct store_tx *tx, struct sql_rows *rows, struct fault *fault)
{
	struct fault why = {0};
	int ret = tx->store->driver->next(rows, &why);

	return ret < 0 ? tx_fail(tx, ret, &why, fault) : ret;
}

void tx_done(struct store_tx *tx, struct sql_rows *rows)
{
	if (rows)
		tx->store->driver->done(rows);
}

int tx_first(struct store_tx *tx, const char *text, const struct sql_value *values, size_t n,
	     struct sql_rows **rows, struct fault *fault)
{
	int ret;

	if ((ret = tx_run(tx, text, values, n, rows, fault)))
		return ret;
	ret = tx_next(tx, *rows, fault);
	if (ret <= 0) {
		tx_done(tx, *rows);
		*rows = NULL;
	}
	return ret;
}

int tx_number(struct store_tx *tx, const char *text, const struct sql_value *values, size_t n,
	      int64_t missing, int64_t *number, struct fault *fault)
{
	struct sql_rows *rows = NULL;
	int ret = tx_first(tx, text, values, n, &rows, fault);

	if (ret < 0)
		return ret;
	*number = missing;
	if (ret && !tx->store->driver->null(rows, 0))
		*number = tx_integer(tx, rows, 0);
	tx_done(tx, rows);
	return 0;
}

int64_t tx_integer(struct store_tx *tx, struct sql_rows *rows, int column)
{
	return tx->store->driver->integer(rows, column);
}

int tx_text(struct store_tx *tx, struct sql_rows *rows, int column, char *text, size_t size,
	    struct fault *fault)
{
	const char *found = tx->store->driver->text(rows, column);
	size_t length = found ? strlen(found) : 0;

	if (length >= size)
		return fault_set(fault, -EBADMSG, NULL, "the store is damaged: a text is too long");
	memcpy(text, found ? found : "", length + 1);
	return 0;
}

int tx_copy(struct store_tx *tx, struct sql_rows *rows, int column, void **copy, size_t *size,
	    struct fault *fault)
{
	const void *bytes = tx->store->driver->bytes(rows, column, size);
	char *made;

	*copy = NULL;
	if (!bytes)
		return 0;
	made = malloc(*size + 1);
	if (!made)
		return fault_memory(fault);
	memcpy(made, bytes, *size);
	made[*size] = '\0';
	*copy = made;
	return 0;
}

struct sql_value tx_id(const char *id)
{
	return sql_string(*id ? id : NULL);
}

struct sql_value tx_limit(size_t limit)
{
	return SQL_INT(limit && limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
}

int array_grow(void **items, size_t n, size_t size, struct fault *fault)
{
	void *grown;

	/* A power of two is full. */
	if (n & (n - 1))
		return 0;
	grown = reallocarray(*items, n ? 2 * n : 1, size);
	if (!grown)
		return fault_memory(fault);
	*items = grown;
	return 0;
}
