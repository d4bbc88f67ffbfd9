// SPDX-License-Identifier: GPL-2.0-only
/*
 * The schema, as a numbered list of changes: the n-th one leads to version n. Each is applied in
 * one transaction, which also records the version; a change that was released is never edited, a
 * new one is appended. Called by store_open() and, for the file that it fills, by backup.c.
 */
#include "store/tx.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * writer has no rows: PostgreSQL's writers lock it (postgres.c).
 * The foreign keys are looked at when a transaction ends: objects.c refuses first, and says what
 * refers to what; and a restored table may come in any order.
 * log: version and sequence are those of its newest record; so the greatest sequence is kept
 * though records are trimmed.
 * lease: taken ranges of addresses, slices of the pool (space "") and addresses of a network
 * (space is its id); gap: 1 when no range follows at high + 1 (ipam.h).
 * address: which address a holder has or had.
 */
static const char *const migrations[] = {
	"CREATE TABLE writer (held BIGINT);"
	"CREATE TABLE resource ("
	" id @TEXT@ NOT NULL PRIMARY KEY,"
	" kind @TEXT@ NOT NULL,"
	" org @TEXT@ NOT NULL,"
	" scope @TEXT@ REFERENCES resource (id) DEFERRABLE INITIALLY DEFERRED,"
	" owner @TEXT@ REFERENCES resource (id) DEFERRABLE INITIALLY DEFERRED,"
	" name @TEXT@ NOT NULL,"
	" version BIGINT NOT NULL,"
	" created_at BIGINT NOT NULL,"
	" updated_at BIGINT NOT NULL,"
	" document @TEXT@ NOT NULL);"
	"CREATE UNIQUE INDEX resource_name ON resource (kind, COALESCE(scope, ''), name);"
	"CREATE INDEX resource_kind ON resource (kind, id);"
	"CREATE INDEX resource_org ON resource (org, kind, id);"
	"CREATE INDEX resource_scope ON resource (scope, kind, id);"
	"CREATE INDEX resource_owner ON resource (owner, kind, id);"
	"CREATE TABLE log ("
	" id @TEXT@ NOT NULL PRIMARY KEY,"
	" version BIGINT NOT NULL,"
	" sequence BIGINT NOT NULL UNIQUE);"
	"CREATE TABLE record ("
	" sequence BIGINT NOT NULL PRIMARY KEY,"
	" log @TEXT@ NOT NULL,"
	" version BIGINT NOT NULL,"
	" key @TEXT@ NOT NULL,"
	" value @BYTES@,"
	" bytes @BYTES@ NOT NULL,"
	" UNIQUE (log, version));"
	"CREATE TABLE log_state ("
	" log @TEXT@ NOT NULL,"
	" key @TEXT@ NOT NULL,"
	" version BIGINT NOT NULL,"
	" sequence BIGINT NOT NULL,"
	" value @BYTES@ NOT NULL,"
	" PRIMARY KEY (log, key));"
	"CREATE TABLE lease ("
	" space @TEXT@ NOT NULL,"
	" family BIGINT NOT NULL,"
	" low @BYTES@ NOT NULL,"
	" high @BYTES@ NOT NULL,"
	" holder @TEXT@ NOT NULL,"
	" released_at BIGINT,"
	" gap BIGINT NOT NULL,"
	" PRIMARY KEY (space, family, low));"
	"CREATE INDEX lease_gap ON lease (space, family, low) WHERE gap = 1;"
	"CREATE INDEX lease_released ON lease (space, family, released_at)"
	" WHERE released_at IS NOT NULL;"
	"CREATE INDEX lease_holder ON lease (holder) WHERE space = '';"
	"CREATE TABLE address ("
	" network @TEXT@ NOT NULL,"
	" family BIGINT NOT NULL,"
	" holder @TEXT@ NOT NULL,"
	" address @BYTES@ NOT NULL,"
	" PRIMARY KEY (network, family, holder));"
	"CREATE TABLE number ("
	" name @TEXT@ NOT NULL PRIMARY KEY,"
	" value BIGINT NOT NULL);"
	"CREATE TABLE audit ("
	" sequence BIGINT NOT NULL PRIMARY KEY,"
	" at BIGINT NOT NULL,"
	" org @TEXT@ NOT NULL,"
	" actor @TEXT@ NOT NULL,"
	" action @TEXT@ NOT NULL,"
	" target @TEXT@ NOT NULL,"
	" request @TEXT@ NOT NULL,"
	" detail @TEXT@);"
	"CREATE INDEX audit_org ON audit (org, sequence);"
	"CREATE TABLE answer ("
	" actor @TEXT@ NOT NULL,"
	" key @TEXT@ NOT NULL,"
	" expires BIGINT NOT NULL,"
	" request_hash @BYTES@ NOT NULL,"
	" status BIGINT NOT NULL,"
	" body @TEXT@,"
	" location @TEXT@ NOT NULL,"
	" etag @TEXT@ NOT NULL,"
	" PRIMARY KEY (actor, key));"
	"CREATE INDEX answer_expires ON answer (expires);"
	"CREATE TABLE setting ("
	" name @TEXT@ NOT NULL PRIMARY KEY,"
	" value @TEXT@ NOT NULL);",
};

/* A copy with the driver's words for @TEXT@ and @BYTES@. */
static char *words_replace(const struct sql_driver *driver, const char *text)
{
	size_t longest = strlen(driver->text_word) + strlen(driver->bytes_word);
	size_t marks = 0, used = 0;
	char *replaced;

	for (const char *at = text; *at; at++)
		marks += *at == '@';
	replaced = malloc(strlen(text) + marks * longest + 1);
	while (replaced && *text) {
		const char *word = NULL;

		if (!strncmp(text, "@TEXT@", 6))
			word = driver->text_word;
		else if (!strncmp(text, "@BYTES@", 7))
			word = driver->bytes_word;
		if (word) {
			memcpy(replaced + used, word, strlen(word));
			used += strlen(word);
			text = strchr(text + 1, '@') + 1;
		} else {
			replaced[used++] = *text++;
		}
	}
	if (replaced)
		replaced[used] = '\0';
	return replaced;
}

int schema_version_read(const struct sql_driver *driver, struct sql *sql, int64_t *version,
			struct fault *fault)
{
	struct sql_rows *rows;
	int ret;

	if ((ret = driver->run(sql, "SELECT MAX(version) FROM schema_version", NULL, 0, &rows, NULL,
			       fault)))
		return ret;
	ret = driver->next(rows, fault);
	*version = ret > 0 ? driver->integer(rows, 0) : 0;
	driver->done(rows);
	return ret < 0 ? ret : 0;
}

static int migration_run(const struct sql_driver *driver, struct sql *sql, const char *text,
			 int64_t version, struct fault *fault)
{
	char *replaced = words_replace(driver, text);
	const struct sql_value value = SQL_INT(version);
	int ret;

	if (!replaced)
		return fault_memory(fault);
	ret = driver->script(sql, replaced, fault);
	free(replaced);
	if (ret)
		return ret;
	return driver->run(sql, "INSERT INTO schema_version (version) VALUES ($1)", &value, 1, NULL,
			   NULL, fault);
}

/* Looks again inside the transaction: another controller may have come first. 1: it is done. */
static int migration_step(const struct sql_driver *driver, struct sql *sql,
			  const char *const *texts, size_t n, struct fault *fault)
{
	int64_t version;
	int ret;

	if ((ret = driver->script(sql,
				  "CREATE TABLE IF NOT EXISTS schema_version "
				  "(version BIGINT NOT NULL)",
				  fault)) ||
	    (ret = schema_version_read(driver, sql, &version, fault)))
		return ret;
	if (version < 0 || version > (int64_t)n)
		return fault_set(fault, -EPROTONOSUPPORT, NULL,
				 "the store has schema %" PRId64 ", and this lbd knows up to %zu; "
				 "start the newer lbd that wrote it, or restore a backup of its "
				 "time into an empty store",
				 version, n);
	if (version == (int64_t)n)
		return 1;
	return migration_run(driver, sql, texts[version], version + 1, fault);
}

int migrations_apply(const struct sql_driver *driver, struct sql *sql, const char *const *texts,
		     size_t n, struct fault *fault)
{
	int done, ret;

	do {
		if ((ret = driver->begin(sql, SQL_MIGRATE, fault)))
			return ret;
		done = migration_step(driver, sql, texts, n, fault);
		ret = done < 0 ? done : driver->commit(sql, fault);
		if (ret) {
			driver->rollback(sql);
			return ret;
		}
	} while (!done);
	return 0;
}

int64_t store_schema_version(void)
{
	return ARRAY_SIZE(migrations);
}

int store_migrate(const struct sql_driver *driver, struct sql *sql, struct fault *fault)
{
	return migrations_apply(driver, sql, migrations, ARRAY_SIZE(migrations), fault);
}
