/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables as data, to copy all rows from one database to another; backup.c uses it. */
#ifndef LBD_STORE_TABLES_H
#define LBD_STORE_TABLES_H

#include "store/tx.h"

/* Copies every table's rows; both must be in a transaction, and have the same schema. */
int tables_copy(const struct sql_driver *from_driver, struct sql *from,
		const struct sql_driver *to_driver, struct sql *to, struct fault *fault);

/* -EEXIST, with the table's name, when one has a row. */
int tables_empty_check(const struct sql_driver *driver, struct sql *sql, struct fault *fault);

#endif
