// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit log: who did what to which object, in the transaction that did it, so that there is
 * never the one without the other. Nothing of it is ever changed or removed here.
 */
#include "store/tx.h"

#include <errno.h>
#include <stdlib.h>

int store_audit(struct store_tx *tx, const struct store_audit *audit, struct fault *fault)
{
	int64_t sequence;
	int ret;

	/* There is one writer at a time, so nobody else takes this number. */
	if ((ret = tx_number(tx, "SELECT MAX(sequence) FROM audit", NULL, 0, 0, &sequence, fault)))
		return ret;
	ret = tx_change(tx,
			"INSERT INTO audit "
			"(sequence, at, org, actor, action, target, request, detail) "
			"VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
			VALUES(SQL_INT(sequence + 1), SQL_INT(audit->at), SQL_STRING(audit->org),
			       SQL_STRING(audit->actor), SQL_STRING(audit->action),
			       SQL_STRING(audit->target), SQL_STRING(audit->request),
			       SQL_STRING(audit->detail)),
			NULL, fault);
	if (!ret)
		tx->audited = true;
	return ret;
}

static int audit_read(struct store_tx *tx, struct sql_rows *rows, struct store_audit *audit,
		      struct fault *fault)
{
	size_t size;
	int ret;

	*audit = (struct store_audit){.sequence = tx_integer(tx, rows, 0),
				      .at = tx_integer(tx, rows, 1)};
	if ((ret = tx_text(tx, rows, 2, audit->org, sizeof(audit->org), fault)) ||
	    (ret = tx_text(tx, rows, 3, audit->actor, sizeof(audit->actor), fault)) ||
	    (ret = tx_text(tx, rows, 4, audit->action, sizeof(audit->action), fault)) ||
	    (ret = tx_text(tx, rows, 5, audit->target, sizeof(audit->target), fault)) ||
	    (ret = tx_text(tx, rows, 6, audit->request, sizeof(audit->request), fault)))
		return ret;
	return tx_copy(tx, rows, 7, (void **)&audit->detail, &size, fault);
}

#define AUDIT_COLUMNS "SELECT sequence, at, org, actor, action, target, request, detail FROM audit "

static int audits_query(struct store_tx *tx, const char *org, int64_t before, size_t limit,
			struct sql_rows **rows, struct fault *fault)
{
	if (before <= 0)
		before = INT64_MAX;
	if (!org)
		return tx_run(tx,
			      AUDIT_COLUMNS "WHERE sequence < $1 ORDER BY sequence DESC LIMIT $2",
			      VALUES(SQL_INT(before), tx_limit(limit)), rows, fault);
	return tx_run(tx,
		      AUDIT_COLUMNS "WHERE org = $1 AND sequence < $2 "
				    "ORDER BY sequence DESC LIMIT $3",
		      VALUES(SQL_STRING(org), SQL_INT(before), tx_limit(limit)), rows, fault);
}

int store_audit_list(struct store_tx *tx, const char *org, int64_t before, size_t limit,
		     struct store_audit **audits, size_t *n, struct fault *fault)
{
	struct store_audit *list = NULL;
	struct sql_rows *rows;
	size_t count = 0;
	int ret;

	if ((ret = audits_query(tx, org, before, limit, &rows, fault)))
		return ret;
	while ((ret = tx_next(tx, rows, fault)) > 0) {
		if ((ret = array_grow((void **)&list, count, sizeof(*list), fault)) ||
		    (ret = audit_read(tx, rows, &list[count], fault)))
			break;
		count++;
	}
	tx_done(tx, rows);
	if (ret) {
		store_audits_release(list, count);
		return ret;
	}
	*audits = list;
	*n = count;
	return 0;
}

void store_audits_release(struct store_audit *audits, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(audits[i].detail);
	free(audits);
}
