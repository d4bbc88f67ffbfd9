// SPDX-License-Identifier: GPL-2.0-only
/* Named sequences of numbers, each from 1; a number that was given is never given again. */
#include "store/tx.h"

#include <errno.h>

int store_number_next(struct store_tx *tx, const char *sequence, int64_t *number,
		      struct fault *fault)
{
	int ret = tx_change(tx,
			    "INSERT INTO number (name, value) VALUES ($1, 1) "
			    "ON CONFLICT (name) DO UPDATE SET value = number.value + 1",
			    VALUES(SQL_STRING(sequence)), NULL, fault);

	if (ret)
		return ret;
	return tx_number(tx, "SELECT value FROM number WHERE name = $1",
			 VALUES(SQL_STRING(sequence)), 0, number, fault);
}
