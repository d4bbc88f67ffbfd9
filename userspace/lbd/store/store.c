// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store as a whole: opening, and the one way in which all work is done: a transaction, which is
 * repeated from its start when the database asks for that, and never when it may have been
 * committed. The controller calls this; the other files of store/ work inside.
 */
#include "store/tx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ATTEMPTS 8

int store_outcome(int failed)
{
	switch (failed) {
	case -EBUSY:
	case -ENOTCONN:
	case -ECONNABORTED:
		return -EAGAIN;
	default:
		return failed;
	}
}

static const struct sql_driver *driver_find(const char *url)
{
	if (!strncmp(url, "sqlite:", 7))
		return &sqlite_driver;
	/* postgres://, and postgresql://, which its driver checks. */
	return strncmp(url, "postgres", 8) != 0 ? NULL : &postgres_driver;
}

int store_open(const char *url, struct store **store, struct fault *fault)
{
	const struct sql_driver *driver = driver_find(url);
	struct store *opened;
	int ret;

	if (!driver)
		return fault_set(fault, -EINVAL, NULL,
				 "the store's url must begin with \"sqlite:\" or \"postgres://\"");
	opened = calloc(1, sizeof(*opened));
	if (!opened)
		return fault_memory(fault);
	opened->driver = driver;
	if ((ret = driver->open(url, &opened->sql, fault)) ||
	    (ret = store_migrate(driver, opened->sql, fault))) {
		store_close(opened);
		return store_outcome(ret);
	}
	*store = opened;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->sql)
		store->driver->close(store->sql);
	for (size_t i = 0; i < ARRAY_SIZE(store->queries); i++)
		free(store->queries[i]);
	free(store);
}

void store_closep(struct store **store)
{
	store_close(*store);
}

static int write_finish(struct store_tx *tx, struct fault *fault)
{
	const struct store *store = tx->store;
	int ret;

	if (!tx->wrote)
		return 0;
	if (!tx->audited)
		return fault_set(fault, -EPROTO, NULL,
				 "the change has no audit record, so it was not made");
	ret = store->driver->notify(store->sql, &tx->why);
	if (ret)
		tx->failed = ret;
	return ret;
}

/* *failed: the driver's error, if it was one. */
static int attempt_run(struct store *store, bool write, store_work_fn work, void *argument,
		       int *failed, struct fault *fault)
{
	struct store_tx tx = {.store = store, .write = write};
	int ret;

	*failed = store->driver->begin(store->sql, write ? SQL_WRITE : SQL_READ, fault);
	if (*failed)
		return *failed;
	ret = work(&tx, argument, fault);
	if (!ret && !tx.failed && write && !(ret = write_finish(&tx, fault))) {
		*failed = store->driver->commit(store->sql, fault);
		if (!*failed)
			return 0;
		store->driver->rollback(store->sql);
		return *failed;
	}
	store->driver->rollback(store->sql);
	*failed = tx.failed;
	if (tx.failed && fault)
		*fault = tx.why;
	return tx.failed ? tx.failed : ret;
}

static int work_run(struct store *store, bool write, store_work_fn work, void *argument,
		    struct fault *fault)
{
	int failed, ret;

	for (unsigned int attempt = 0;; attempt++) {
		ret = attempt_run(store, write, work, argument, &failed, fault);
		if (failed != -EAGAIN || attempt + 1 == ATTEMPTS)
			return failed ? store_outcome(failed) : ret;
		sql_pause(attempt);
	}
}

int store_read(struct store *store, store_work_fn work, void *argument, struct fault *fault)
{
	return work_run(store, false, work, argument, fault);
}

int store_write(struct store *store, store_work_fn work, void *argument, struct fault *fault)
{
	return work_run(store, true, work, argument, fault);
}

static int ping(struct store_tx *tx, void *argument, struct fault *fault)
{
	int64_t version;

	(void)argument;
	return tx_number(tx, "SELECT MAX(version) FROM schema_version", NULL, 0, 0, &version,
			 fault);
}

int store_ping(struct store *store, struct fault *fault)
{
	return store_read(store, ping, NULL, fault);
}

int store_watch_fd(struct store *store)
{
	return store->driver->watch_fd(store->sql);
}

void store_watch_clear(struct store *store)
{
	store->driver->watch_clear(store->sql);
}
