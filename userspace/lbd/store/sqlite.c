// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SQLite driver: opening with the settings that the promises of store.h need, transactions, and
 * what SQLite's result codes mean. Several processes may use one file: WAL lets readers go on while
 * one writes, and BEGIN IMMEDIATE takes the one writer's place at once, so that no transaction
 * finds out in its middle that it cannot write.
 */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUSY_MS 10000
#define PREFIX	"sqlite:"
/* "lbmd", in the file's header: what tells our files from other programs'. */
#define FILE_IDENTITY	   0x6c626d64
#define FILE_IDENTITY_TEXT "1818389860"

int sqlite_fault(struct sql *sql, int code, const char *doing, struct fault *fault)
{
	const char *why = sql->handle ? sqlite3_errmsg(sql->handle) : sqlite3_errstr(code);

	switch (code & 0xff) {
	case SQLITE_NOMEM:
		return fault_memory(fault);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		fault_refuse(fault, CODE_STORE_CONFLICT, NULL, "%s: another process writes", doing);
		return -EBUSY;
	case SQLITE_CONSTRAINT:
		return fault_set(fault, -EEXIST, NULL, "%s: %s", doing, why);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return fault_set(fault, -EBADMSG, NULL,
				 "%s: %s; restore the newest backup into a new file", doing, why);
	case SQLITE_FULL:
		fault_refuse(fault, CODE_STORE_UNAVAILABLE, NULL, "%s: the disk is full", doing);
		return -ENOTCONN;
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
	case SQLITE_READONLY:
		fault_refuse(fault, CODE_STORE_UNAVAILABLE, NULL, "%s: %s (%s)", doing, why,
			     strerror(sqlite3_system_errno(sql->handle)));
		return -ENOTCONN;
	default:
		return fault_set(fault, -EIO, NULL, "%s: %s", doing, why);
	}
}

static int script(struct sql *sql, const char *text, struct fault *fault)
{
	int code = sqlite3_exec(sql->handle, text, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : sqlite_fault(sql, code, "running a script", fault);
}

/* The first value of the first row, as text; cut to fit. */
static int pragma_read(struct sql *sql, const char *text, char *value, size_t size,
		       struct fault *fault)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(sql->handle, text, -1, &statement, NULL);

	value[0] = '\0';
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		const unsigned char *found = sqlite3_column_text(statement, 0);

		snprintf(value, size, "%s", found ? (const char *)found : "");
		code = SQLITE_DONE;
	}
	sqlite3_finalize(statement);
	return code == SQLITE_DONE ? 0 : sqlite_fault(sql, code, text, fault);
}

static int integrity_check(struct sql *sql, struct fault *fault)
{
	char found[160];
	int ret;

	if ((ret = pragma_read(sql, "PRAGMA quick_check(1)", found, sizeof(found), fault)))
		return ret;
	if (strcmp(found, "ok") != 0)
		return fault_set(fault, -EBADMSG, NULL,
				 "the database is damaged: %s; restore the newest backup into a "
				 "new file",
				 found);
	if ((ret = pragma_read(sql, "PRAGMA foreign_key_check", found, sizeof(found), fault)))
		return ret;
	if (found[0])
		return fault_set(fault, -EBADMSG, NULL,
				 "the database is damaged: a row of \"%s\" refers to one that is "
				 "not there; restore the newest backup into a new file",
				 found);
	return 0;
}

/* Ours, or empty. In this order: who makes the tables has set the identity before. */
static int identity_check(struct sql *sql, bool may_be_new, struct fault *fault)
{
	char identity[32], tables[32];
	int ret;

	if ((ret = pragma_read(sql, "SELECT count(*) FROM sqlite_schema", tables, sizeof(tables),
			       fault)) ||
	    (ret = pragma_read(sql, "PRAGMA application_id", identity, sizeof(identity), fault)))
		return ret;
	if (strcmp(identity, FILE_IDENTITY_TEXT) != 0 &&
	    (!may_be_new || strcmp(identity, "0") != 0 || strcmp(tables, "0") != 0))
		return fault_set(fault, -EBADMSG, NULL,
				 "the file is a database of another program; name another file");
	return 0;
}

/* No busy handler is asked when two processes want to be the one that turns WAL on. */
static int wal_enable(struct sql *sql, struct fault *fault)
{
	char mode[16];
	int ret;

	for (int waited = 0;; waited += 20) {
		ret = pragma_read(sql, "PRAGMA journal_mode = WAL", mode, sizeof(mode), fault);
		if (ret != -EBUSY || waited >= BUSY_MS)
			break;
		usleep(20000);
	}
	if (!ret && strcmp(mode, "wal") != 0)
		ret = fault_set(fault, -EOPNOTSUPP, NULL,
				"the file system cannot hold the database: no shared memory "
				"(WAL); use a local disk");
	return ret;
}

/* A file from elsewhere must not run anything: no triggers, views or functions of its schema. */
static int handle_harden(struct sql *sql, struct fault *fault)
{
	static const int settings[][2] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},	     {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
		{SQLITE_DBCONFIG_ENABLE_FKEY, 1},
	};
	int code = sqlite3_extended_result_codes(sql->handle, 1);

	for (size_t i = 0; code == SQLITE_OK && i < sizeof(settings) / sizeof(settings[0]); i++)
		code = sqlite3_db_config(sql->handle, settings[i][0], settings[i][1], NULL);
	if (code == SQLITE_OK)
		code = sqlite3_busy_timeout(sql->handle, BUSY_MS);
	if (code != SQLITE_OK)
		return sqlite_fault(sql, code, "setting up SQLite", fault);
	return script(sql, "PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL", fault);
}

static void sqlite_close(struct sql *sql)
{
	sqlite_statements_forget(sql);
	sqlite3_close(sql->handle);
	free(sql);
}

static int handle_open(const char *path, int flags, struct sql **sql, struct fault *fault)
{
	struct sql *opened = calloc(1, sizeof(*opened));
	int code, ret;

	if (!opened) {
		fault_memory(fault);
		return -ENOMEM;
	}
	code = sqlite3_open_v2(path, &opened->handle, flags | SQLITE_OPEN_NOFOLLOW, NULL);
	ret = code == SQLITE_OK ? handle_harden(opened, fault)
				: sqlite_fault(opened, code, path, fault);
	if (ret)
		sqlite_close(opened);
	else
		*sql = opened;
	return ret;
}

/* The checks come first: a damaged or foreign file is left as it is. */
static int database_open(const char *path, bool private, struct sql **sql, struct fault *fault)
{
	struct sql *opened = NULL;
	char *real = NULL;
	int ret;

	if ((ret = sqlite_file_prepare(path, &real, fault)))
		return ret;
	ret = handle_open(real, SQLITE_OPEN_READWRITE, &opened, fault);
	free(real);
	if (ret)
		return ret;
	ret = integrity_check(opened, fault);
	if (!ret)
		ret = identity_check(opened, true, fault);
	if (!ret && !private)
		ret = wal_enable(opened, fault);
	if (!ret)
		ret = script(opened, "PRAGMA application_id = " FILE_IDENTITY_TEXT, fault);
	if (ret)
		sqlite_close(opened);
	else
		*sql = opened;
	return ret;
}

static int sqlite_open(const char *url, struct sql **sql, struct fault *fault)
{
	if (strncmp(url, PREFIX, strlen(PREFIX)) != 0)
		return fault_set(fault, -EINVAL, NULL, "the url must begin with \"" PREFIX "\"");
	return database_open(url + strlen(PREFIX), false, sql, fault);
}

int sqlite_open_private(const char *path, struct sql **sql, struct fault *fault)
{
	return database_open(path, true, sql, fault);
}

int sqlite_open_copy(const char *path, struct sql **sql, struct fault *fault)
{
	struct sql *opened = NULL;
	char *real = realpath(path, NULL);
	int ret;

	if (!real)
		return fault_set(fault, -errno, NULL, "%s: %s", path, strerror(errno));
	ret = handle_open(real, SQLITE_OPEN_READONLY, &opened, fault);
	free(real);
	if (ret)
		return ret;
	if ((ret = integrity_check(opened, fault)) || (ret = identity_check(opened, false, fault)))
		sqlite_close(opened);
	else
		*sql = opened;
	return ret;
}

static int begin(struct sql *sql, enum sql_access access, struct fault *fault)
{
	return script(sql, access == SQL_READ ? "BEGIN" : "BEGIN IMMEDIATE", fault);
}

static int commit(struct sql *sql, struct fault *fault)
{
	int code = sqlite3_exec(sql->handle, "COMMIT", NULL, NULL, NULL);

	if (code == SQLITE_OK)
		return 0;
	/* What could not be written or synced may be found by the recovery after a crash. */
	if ((code & 0xff) == SQLITE_IOERR) {
		fault_refuse(fault, CODE_STORE_UNAVAILABLE, NULL,
			     "COMMIT: %s; whether the change was made is unknown",
			     sqlite3_errmsg(sql->handle));
		return -ECONNABORTED;
	}
	return sqlite_fault(sql, code, "COMMIT", fault);
}

static void rollback(struct sql *sql)
{
	/* Some errors have rolled back already. */
	if (!sqlite3_get_autocommit(sql->handle))
		sqlite3_exec(sql->handle, "ROLLBACK", NULL, NULL, NULL);
}

static int notify(struct sql *sql, struct fault *fault)
{
	(void)sql;
	(void)fault;
	return 0;
}

static int watch_fd(struct sql *sql)
{
	(void)sql;
	return -1;
}

static void watch_clear(struct sql *sql)
{
	(void)sql;
}

/* In one step: a copy in several begins again whenever another process writes in between. */
static int copy_run(struct sql *sql, struct sql *to, struct fault *fault)
{
	sqlite3_backup *backup = sqlite3_backup_init(to->handle, "main", sql->handle, "main");
	char mode[16];
	int code;

	if (!backup)
		return sqlite_fault(to, sqlite3_errcode(to->handle), "the copy", fault);
	sqlite3_backup_step(backup, -1);
	code = sqlite3_backup_finish(backup);
	if (code != SQLITE_OK)
		return sqlite_fault(to, code, "the copy", fault);
	/* Whole in one file. */
	return pragma_read(to, "PRAGMA journal_mode = DELETE", mode, sizeof(mode), fault);
}

static int copy(struct sql *sql, const char *path, struct fault *fault)
{
	struct sql *to = NULL;
	int ret;

	if ((ret = sqlite_open_private(path, &to, fault)))
		return ret;
	ret = copy_run(sql, to, fault);
	sqlite_close(to);
	return ret;
}

const struct sql_driver sqlite_driver = {
	.bytes_word = "BLOB",
	.text_word = "TEXT",
	.open = sqlite_open,
	.close = sqlite_close,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.run = sqlite_run,
	.script = script,
	.next = sqlite_next,
	.null = sqlite_null,
	.integer = sqlite_integer,
	.text = sqlite_text,
	.bytes = sqlite_bytes,
	.done = sqlite_done,
	.notify = notify,
	.watch_fd = watch_fd,
	.watch_clear = watch_clear,
	.copy = copy,
};
