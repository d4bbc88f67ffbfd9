// SPDX-License-Identifier: GPL-2.0-only
/*
 * Backups: always a SQLite file, so that one can move between the two databases. SQLite copies
 * itself (its online backup); otherwise the tables are copied row by row out of one snapshot
 * (tables.c). The copy has another name until it is whole and on disk.
 */
#include "store/tables.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void freep(char **text)
{
	free(*text);
}

static int sync_path(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	int ret = fd < 0 || fsync(fd) ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return ret;
}

/* link() and not rename(), which would replace what has the name: the store itself, even. */
static int backup_name(const char *fresh, const char *path, struct fault *fault)
{
	char *copy = strdup(path);
	int ret;

	if (!copy)
		return fault_memory(fault);
	ret = sync_path(fresh, O_NOFOLLOW);
	if (!ret && link(fresh, path))
		ret = -errno;
	if (!ret)
		unlink(fresh);
	if (!ret)
		ret = sync_path(dirname(copy), O_DIRECTORY);
	free(copy);
	return ret ? fault_set(fault, ret, NULL, "%s: %s", path, strerror(-ret)) : 0;
}

static int version_check(const struct sql_driver *driver, struct sql *sql, struct fault *fault)
{
	int64_t version;
	int ret = schema_version_read(driver, sql, &version, fault);

	if (ret || version == store_schema_version())
		return ret;
	return fault_set(fault, -EPROTONOSUPPORT, NULL,
			 "it has schema %" PRId64 ", and this lbd has %" PRId64
			 "; use the lbd that it belongs to",
			 version, store_schema_version());
}

static int source_copy(const struct store *from, struct sql *to, struct fault *fault)
{
	int ret = from->driver->begin(from->sql, SQL_READ, fault);

	if (ret)
		return ret;
	ret = version_check(from->driver, from->sql, fault);
	if (!ret)
		ret = tables_copy(from->driver, from->sql, &sqlite_driver, to, fault);
	from->driver->rollback(from->sql);
	return ret;
}

static int rows_backup(const struct store *from, const char *fresh, struct fault *fault)
{
	struct sql *to;
	int ret;

	if ((ret = sqlite_open_private(fresh, &to, fault)))
		return ret;
	ret = store_migrate(&sqlite_driver, to, fault);
	if (!ret)
		ret = sqlite_driver.begin(to, SQL_WRITE, fault);
	if (!ret && !(ret = source_copy(from, to, fault)))
		ret = sqlite_driver.commit(to, fault);
	sqlite_driver.close(to);
	return ret;
}

int store_backup(struct store *store, const char *path, struct fault *fault)
{
	__attribute__((cleanup(freep))) char *fresh = NULL;
	int ret;

	if (!access(path, F_OK))
		return fault_set(fault, -EEXIST, NULL, "%s exists; name another file", path);
	if (asprintf(&fresh, "%s.new", path) < 0) {
		fresh = NULL;
		return fault_memory(fault);
	}
	/* What an interrupted backup has left. */
	if (unlink(fresh) && errno != ENOENT)
		return fault_set(fault, -errno, NULL, "%s: %s", fresh, strerror(errno));
	ret = store->driver->copy ? store->driver->copy(store->sql, fresh, fault)
				  : rows_backup(store, fresh, fault);
	if (!ret)
		ret = backup_name(fresh, path, fault);
	if (ret)
		unlink(fresh);
	return store_outcome(ret);
}

static int rows_restore(struct store *store, struct sql *from, struct fault *fault)
{
	int ret;

	if ((ret = version_check(&sqlite_driver, from, fault)) ||
	    (ret = tables_empty_check(store->driver, store->sql, fault)) ||
	    (ret = tables_copy(&sqlite_driver, from, store->driver, store->sql, fault)) ||
	    (ret = store->driver->notify(store->sql, fault)))
		return ret;
	return store->driver->commit(store->sql, fault);
}

int store_restore(struct store *store, const char *path, struct fault *fault)
{
	struct sql *from;
	int ret;

	if ((ret = sqlite_open_copy(path, &from, fault)))
		return store_outcome(ret);
	ret = store->driver->begin(store->sql, SQL_WRITE, fault);
	if (!ret) {
		ret = rows_restore(store, from, fault);
		store->driver->rollback(store->sql);
	}
	sqlite_driver.close(from);
	return store_outcome(ret);
}
