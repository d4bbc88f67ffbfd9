/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of store/ share: the transaction that their functions work in, and short words for
 * running a statement in it. Nobody outside store/ includes this, but for its tests.
 */
#ifndef LBD_STORE_TX_H
#define LBD_STORE_TX_H

#include "store/sql.h"
#include "store/store.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
/* A list of values and its length, as two arguments. */
#define VALUES(...)                                \
	((const struct sql_value[]){__VA_ARGS__}), \
		(sizeof((const struct sql_value[]){__VA_ARGS__}) / sizeof(struct sql_value))

/* One text of query.c for each set of conditions, made when it is first needed. */
#define QUERY_CONDITIONS 7
#define QUERY_TEXTS	 (2u << QUERY_CONDITIONS)

struct store {
	const struct sql_driver *driver;
	struct sql *sql;
	char *queries[QUERY_TEXTS];
};

/*
 * failed: the driver's error, after which nothing of this transaction can be committed, whatever
 * the work function makes of it (PostgreSQL refuses every statement then); why: its fault.
 */
struct store_tx {
	struct store *store;
	bool write;
	bool wrote;
	bool audited;
	int failed;
	struct fault why;
};

/*
 * Runs a statement; text must be static. rows NULL: it gives none; else the caller ends with
 * tx_done(), also after an error of tx_next().
 */
int tx_run(struct store_tx *tx, const char *text, const struct sql_value *values, size_t n,
	   struct sql_rows **rows, struct fault *fault);

/* The same for a statement that changes something. changed may be NULL. */
int tx_change(struct store_tx *tx, const char *text, const struct sql_value *values, size_t n,
	      int64_t *changed, struct fault *fault);

/* As tx_change(), for what means nothing to anybody and needs no audit record. */
int tx_tidy(struct store_tx *tx, const char *text, const struct sql_value *values, size_t n,
	    struct fault *fault);

/* 1 and the first row of a query, which the caller ends with tx_done(); 0: no row, and no rows. */
int tx_first(struct store_tx *tx, const char *text, const struct sql_value *values, size_t n,
	     struct sql_rows **rows, struct fault *fault);

/* The first value of the first row; missing when there is no row or it is NULL. */
int tx_number(struct store_tx *tx, const char *text, const struct sql_value *values, size_t n,
	      int64_t missing, int64_t *number, struct fault *fault);

int tx_next(struct store_tx *tx, struct sql_rows *rows, struct fault *fault);
void tx_done(struct store_tx *tx, struct sql_rows *rows);

/* Values of the current row. Text is "" for NULL; -EBADMSG when it does not fit. */
int64_t tx_integer(struct store_tx *tx, struct sql_rows *rows, int column);
int tx_text(struct store_tx *tx, struct sql_rows *rows, int column, char *text, size_t size,
	    struct fault *fault);
/* A copy to free; NULL for NULL. A NUL that is not counted follows. */
int tx_copy(struct store_tx *tx, struct sql_rows *rows, int column, void **copy, size_t *size,
	    struct fault *fault);

/* NULL for "". */
struct sql_value tx_id(const char *id);

/* LIMIT of a limit in which 0 means all. */
struct sql_value tx_limit(size_t limit);

/* Makes room for one more element in an array that doubles: 0 or -ENOMEM. */
int array_grow(void **items, size_t n, size_t size, struct fault *fault);

/* store.c: the driver's errors, which sql.h tells apart, as store.h gives them. */
int store_outcome(int failed);

/* migrate.c */
int migrations_apply(const struct sql_driver *driver, struct sql *sql,
		     const char *const *migrations, size_t n, struct fault *fault);
int store_migrate(const struct sql_driver *driver, struct sql *sql, struct fault *fault);
/* The schema's version that this program knows, and that a database has. */
int64_t store_schema_version(void);
int schema_version_read(const struct sql_driver *driver, struct sql *sql, int64_t *version,
			struct fault *fault);

#endif
