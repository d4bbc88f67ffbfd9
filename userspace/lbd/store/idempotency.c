// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers to requests that came with an idempotency key, by who sent it and the key, until they
 * expire. An answer may hold a secret (that of a new token): what is released is wiped.
 */
#include "store/tx.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static int answer_read(struct store_tx *tx, struct sql_rows *rows, struct store_answer *answer,
		       struct fault *fault)
{
	size_t size;
	const void *hash = tx->store->driver->bytes(rows, 0, &size);
	int ret;

	if (!hash || size != sizeof(answer->request_hash))
		return fault_set(fault, -EBADMSG, NULL, "the store is damaged: a request's hash");
	memcpy(answer->request_hash, hash, size);
	answer->status = (int)tx_integer(tx, rows, 1);
	if ((ret = tx_text(tx, rows, 3, answer->location, sizeof(answer->location), fault)) ||
	    (ret = tx_text(tx, rows, 4, answer->etag, sizeof(answer->etag), fault)))
		return ret;
	return tx_copy(tx, rows, 2, (void **)&answer->body, &size, fault);
}

int store_answer_get(struct store_tx *tx, const char *actor, const char *key, int64_t now,
		     struct store_answer *answer, struct fault *fault)
{
	struct store_answer found = {0};
	struct sql_rows *rows;
	int ret;

	ret = tx_first(tx,
		       "SELECT request_hash, status, body, location, etag FROM answer "
		       "WHERE actor = $1 AND key = $2 AND expires > $3",
		       VALUES(SQL_STRING(actor), SQL_STRING(key), SQL_INT(now)), &rows, fault);
	if (ret < 0)
		return ret;
	if (!ret)
		return fault_refuse(fault, CODE_NOT_FOUND, NULL,
				    "no answer is kept for this idempotency key");
	ret = answer_read(tx, rows, &found, fault);
	tx_done(tx, rows);
	if (!ret)
		*answer = found;
	return ret;
}

/* One that is there has expired: who puts an answer has asked for it in the same transaction. */
int store_answer_put(struct store_tx *tx, const char *actor, const char *key, int64_t expires,
		     const struct store_answer *answer, struct fault *fault)
{
	return tx_tidy(tx,
		       "INSERT INTO answer "
		       "(actor, key, expires, request_hash, status, body, location, etag) "
		       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
		       "ON CONFLICT (actor, key) DO UPDATE SET expires = excluded.expires, "
		       "request_hash = excluded.request_hash, status = excluded.status, "
		       "body = excluded.body, location = excluded.location, etag = excluded.etag",
		       VALUES(SQL_STRING(actor), SQL_STRING(key), SQL_INT(expires),
			      SQL_BLOB(answer->request_hash, sizeof(answer->request_hash)),
			      SQL_INT(answer->status), SQL_STRING(answer->body),
			      SQL_STRING(answer->location), SQL_STRING(answer->etag)),
		       fault);
}

int store_answer_trim(struct store_tx *tx, int64_t now, struct fault *fault)
{
	return tx_tidy(tx, "DELETE FROM answer WHERE expires <= $1", VALUES(SQL_INT(now)), fault);
}

void store_answer_release(struct store_answer *answer)
{
	if (answer->body)
		sodium_memzero(answer->body, strlen(answer->body));
	free(answer->body);
	sodium_memzero(answer, sizeof(*answer));
}
