// SPDX-License-Identifier: GPL-2.0-only
/* Settings of the cluster: names with a text each; what they mean is the controller's. */
#include "store/tx.h"

#include <errno.h>

int store_setting_get(struct store_tx *tx, const char *name, char **value, struct fault *fault)
{
	struct sql_rows *rows;
	size_t size;
	int ret = tx_first(tx, "SELECT value FROM setting WHERE name = $1",
			   VALUES(SQL_STRING(name)), &rows, fault);

	if (ret < 0)
		return ret;
	if (!ret)
		return fault_refuse(fault, CODE_NOT_FOUND, NULL, "there is no setting \"%s\"",
				    name);
	ret = tx_copy(tx, rows, 0, (void **)value, &size, fault);
	tx_done(tx, rows);
	return ret;
}

int store_setting_put(struct store_tx *tx, const char *name, const char *value, struct fault *fault)
{
	return tx_change(tx,
			 "INSERT INTO setting (name, value) VALUES ($1, $2) "
			 "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
			 VALUES(SQL_STRING(name), SQL_STRING(value)), NULL, fault);
}
