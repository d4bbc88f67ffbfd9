// SPDX-License-Identifier: GPL-2.0-only
/*
 * Logs of records: each append is one row of "record", the log's row with its newest version and
 * sequence, and what the log says now of the key. Sequences are in the order of commits, because
 * there is one writer at a time (both drivers see to that): a reader who has seen N has seen all
 * that come before it.
 */
#include "store/tx.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int store_log_version(struct store_tx *tx, const char *log, uint64_t *version, struct fault *fault)
{
	int64_t found;
	int ret = tx_number(tx, "SELECT version FROM log WHERE id = $1", VALUES(SQL_STRING(log)), 0,
			    &found, fault);

	if (!ret)
		*version = (uint64_t)found;
	return ret;
}

static int state_change(struct store_tx *tx, const struct store_record *record, struct fault *fault)
{
	if (!record->value)
		return tx_change(tx, "DELETE FROM log_state WHERE log = $1 AND key = $2",
				 VALUES(SQL_STRING(record->log), SQL_STRING(record->key)), NULL,
				 fault);
	return tx_change(tx,
			 "INSERT INTO log_state (log, key, version, sequence, value) "
			 "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (log, key) DO UPDATE SET "
			 "version = excluded.version, sequence = excluded.sequence, "
			 "value = excluded.value",
			 VALUES(SQL_STRING(record->log), SQL_STRING(record->key),
				SQL_INT((int64_t)record->version), SQL_INT(record->sequence),
				SQL_BLOB(record->value, record->value_size)),
			 NULL, fault);
}

static int record_insert(struct store_tx *tx, const struct store_record *record,
			 struct fault *fault)
{
	struct sql_value value = {.type = SQL_NULL};
	int ret;

	if (record->value)
		value = SQL_BLOB(record->value, record->value_size);
	ret = tx_change(tx,
			"INSERT INTO log (id, version, sequence) VALUES ($1, $2, $3) "
			"ON CONFLICT (id) DO UPDATE SET "
			"version = excluded.version, sequence = excluded.sequence",
			VALUES(SQL_STRING(record->log), SQL_INT((int64_t)record->version),
			       SQL_INT(record->sequence)),
			NULL, fault);
	if (ret)
		return ret;
	return tx_change(tx,
			 "INSERT INTO record (sequence, log, version, key, value, bytes) "
			 "VALUES ($1, $2, $3, $4, $5, $6)",
			 VALUES(SQL_INT(record->sequence), SQL_STRING(record->log),
				SQL_INT((int64_t)record->version), SQL_STRING(record->key), value,
				SQL_BLOB(record->bytes, record->bytes_size)),
			 NULL, fault);
}

int store_log_append(struct store_tx *tx, struct store_record *record, struct fault *fault)
{
	uint64_t version;
	int64_t sequence;
	int ret;

	if (!record->log[0] || !record->bytes)
		return fault_set(fault, -EINVAL, NULL, "a record needs its log and its bytes");
	if ((ret = store_log_version(tx, record->log, &version, fault)))
		return ret;
	if (record->version != version + 1)
		return fault_refuse(fault, CODE_VERSION, NULL,
				    "the log %s has version %" PRIu64 ", so %" PRIu64
				    " cannot be its next record",
				    record->log, version, record->version);
	if ((ret = tx_number(tx, "SELECT MAX(sequence) FROM log", NULL, 0, 0, &sequence, fault)))
		return ret;
	record->sequence = sequence + 1;
	if ((ret = record_insert(tx, record, fault)))
		return ret;
	return state_change(tx, record, fault);
}

/* Columns: sequence, log, version, key, value, bytes. */
static int record_read(struct store_tx *tx, struct sql_rows *rows, struct store_record *record,
		       struct fault *fault)
{
	int ret;

	*record = (struct store_record){.sequence = tx_integer(tx, rows, 0),
					.version = (uint64_t)tx_integer(tx, rows, 2)};
	if ((ret = tx_text(tx, rows, 1, record->log, sizeof(record->log), fault)) ||
	    (ret = tx_text(tx, rows, 3, record->key, sizeof(record->key), fault)) ||
	    (ret = tx_copy(tx, rows, 4, (void **)&record->value, &record->value_size, fault)))
		return ret;
	ret = tx_copy(tx, rows, 5, (void **)&record->bytes, &record->bytes_size, fault);
	if (ret)
		free(record->value);
	return ret;
}

static int records_collect(struct store_tx *tx, struct sql_rows *rows,
			   struct store_record **records, size_t *n, struct fault *fault)
{
	struct store_record *list = NULL;
	size_t count = 0;
	int ret;

	while ((ret = tx_next(tx, rows, fault)) > 0) {
		if ((ret = array_grow((void **)&list, count, sizeof(*list), fault)) ||
		    (ret = record_read(tx, rows, &list[count], fault)))
			break;
		count++;
	}
	tx_done(tx, rows);
	if (ret) {
		store_records_release(list, count);
		return ret;
	}
	*records = list;
	*n = count;
	return 0;
}

int store_log_feed(struct store_tx *tx, int64_t after, size_t limit, struct store_record **records,
		   size_t *n, struct fault *fault)
{
	struct sql_rows *rows;
	int ret = tx_run(tx,
			 "SELECT sequence, log, version, key, value, bytes FROM record "
			 "WHERE sequence > $1 ORDER BY sequence LIMIT $2",
			 VALUES(SQL_INT(after), tx_limit(limit)), &rows, fault);

	return ret ? ret : records_collect(tx, rows, records, n, fault);
}

int store_log_state(struct store_tx *tx, const char *log, struct store_record **records, size_t *n,
		    struct fault *fault)
{
	struct sql_rows *rows;
	int ret;

	if (log)
		ret = tx_run(tx,
			     "SELECT sequence, log, version, key, value, NULL FROM log_state "
			     "WHERE log = $1 ORDER BY key",
			     VALUES(SQL_STRING(log)), &rows, fault);
	else
		ret = tx_run(tx,
			     "SELECT sequence, log, version, key, value, NULL FROM log_state "
			     "ORDER BY log, key",
			     NULL, 0, &rows, fault);
	return ret ? ret : records_collect(tx, rows, records, n, fault);
}

int store_log_list(struct store_tx *tx, struct store_record **records, size_t *n,
		   struct fault *fault)
{
	struct sql_rows *rows;
	int ret = tx_run(tx, "SELECT sequence, id, version, '', NULL, NULL FROM log ORDER BY id",
			 NULL, 0, &rows, fault);

	return ret ? ret : records_collect(tx, rows, records, n, fault);
}

int store_log_trim(struct store_tx *tx, uint64_t keep, struct fault *fault)
{
	if (keep > INT64_MAX)
		return 0;
	return tx_tidy(tx,
		       "DELETE FROM record WHERE version <= "
		       "(SELECT log.version FROM log WHERE log.id = record.log) - $1",
		       VALUES(SQL_INT((int64_t)keep)), fault);
}

void store_records_release(struct store_record *records, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(records[i].value);
		free(records[i].bytes);
	}
	free(records);
}
