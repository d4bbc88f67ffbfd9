/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The store: resources, logs of records, addresses, audit, idempotency keys. SQLite or PostgreSQL
 * behind one interface; sql.h is the line between what is common and the two drivers. Used by
 * controller/ alone. One thread at a time for each struct store.
 *
 * All work is done in store_read() and store_write(). A write is one transaction: it must leave an
 * audit record (else it is refused, -EPROTO; kept answers and trimming alone need none), and it is
 * repeated from its start when the database asks for that (serialization failures), so a work
 * function changes nothing outside the store that it cannot change twice. What store_write() has
 * returned 0 for is on disk. A work function that returns anything else than 0 is rolled back.
 *
 * Errors: negative errno with a fault. -ENOENT not found; -EEXIST a unique name, address or key is
 * taken, something refers to it, or a version differs, by the fault's code; -ENOSPC the pool is
 * exhausted; -EAGAIN the store does not answer. When the connection was lost in COMMIT it is not
 * known whether the change was made; the text says so, and nothing is repeated here.
 */
#ifndef LBD_STORE_STORE_H
#define LBD_STORE_STORE_H

#include "model/kinds.h"

struct store;
struct store_tx;

/*
 * url: "sqlite:PATH" (a file, made when missing; mode 0600) or "postgres://..." as libpq has it;
 * a password comes from PGPASSFILE or passfile=, and one in the url is refused. Migrates the
 * schema, and refuses a newer one; checks the integrity of a SQLite file before anything else.
 */
int store_open(const char *url, struct store **store, struct fault *fault);
void store_close(struct store *store);
void store_closep(struct store **store);

typedef int (*store_work_fn)(struct store_tx *tx, void *argument, struct fault *fault);

/* One consistent snapshot. */
int store_read(struct store *store, store_work_fn work, void *argument, struct fault *fault);
int store_write(struct store *store, store_work_fn work, void *argument, struct fault *fault);

/* Does the store answer (for /readyz). */
int store_ping(struct store *store, struct fault *fault);

/* --- resources (objects.c) ----------------------------------------------------------------- */

/* The caller frees *resource. Deleted ones are not found. */
int store_get(struct store_tx *tx, enum resource_kind kind, const char *id,
	      struct resource **resource, struct fault *fault);
int store_find(struct store_tx *tx, enum resource_kind kind, const char *scope, const char *name,
	       struct resource **resource, struct fault *fault);

/* NULL members do not restrict; after: ids greater than it; limit 0 means all. By id, ascending. */
struct store_query {
	enum resource_kind kind;
	const char *org;
	const char *scope;
	const char *owner;
	const char *name;
	const char *after;
	size_t limit;
};

struct store_list {
	struct resource **items;
	size_t n;
};

int store_list(struct store_tx *tx, const struct store_query *query, struct store_list *list,
	       struct fault *fault);
void store_list_release(struct store_list *list);
int store_count(struct store_tx *tx, const struct store_query *query, size_t *n,
		struct fault *fault);

/*
 * insert: id, kind, org, scope, owner, name are given; sets version 1 and the times.
 * update: version is that which was read; on success it is one more. CODE_VERSION when it differs.
 * delete: version is that which was read, too. Refused with CODE_IN_USE while something has it as
 * scope or owner, and names that.
 */
int store_insert(struct store_tx *tx, struct resource *resource, int64_t now, struct fault *fault);
int store_update(struct store_tx *tx, struct resource *resource, int64_t now, struct fault *fault);
int store_delete(struct store_tx *tx, const struct resource *resource, struct fault *fault);

/* --- audit (audit.c) ----------------------------------------------------------------------- */

/* detail: a JSON text or NULL; never a secret. actor: a token's id, "uid:0", "controller". */
struct store_audit {
	int64_t sequence;
	int64_t at;
	char org[RESOURCE_ID_SIZE];
	char actor[RESOURCE_NAME_SIZE];
	char action[RESOURCE_NAME_SIZE]; /* "network.create" */
	char target[RESOURCE_ID_SIZE];
	char request[RESOURCE_ID_SIZE];
	char *detail;
};

int store_audit(struct store_tx *tx, const struct store_audit *audit, struct fault *fault);

/* Newest first, sequence below before (0: from the newest). The caller frees with the release. */
int store_audit_list(struct store_tx *tx, const char *org, int64_t before, size_t limit,
		     struct store_audit **audits, size_t *n, struct fault *fault);
void store_audits_release(struct store_audit *audits, size_t n);

/* --- logs of records (log.c); what they mean is topology's ---------------------------------- */

#define STORE_KEY_SIZE 96

/*
 * sequence counts over all logs, version within one. bytes: the signed record as it is sent,
 * NULL with state queries; value: what it says of its key, NULL when it removes it.
 */
struct store_record {
	int64_t sequence;
	char log[RESOURCE_ID_SIZE];
	uint64_t version;
	char key[STORE_KEY_SIZE];
	char *value;
	size_t value_size;
	uint8_t *bytes;
	size_t bytes_size;
};

/* The version of a log's newest record; 0 for a log that has none. Locks the log for this tx. */
int store_log_version(struct store_tx *tx, const char *log, uint64_t *version, struct fault *fault);

/* Adds a record with the version that follows; -EEXIST when version is not that. */
int store_log_append(struct store_tx *tx, struct store_record *record, struct fault *fault);

/* All records with a sequence above after, in order, at most limit. */
int store_log_feed(struct store_tx *tx, int64_t after, size_t limit, struct store_record **records,
		   size_t *n, struct fault *fault);

/* What a log, or with NULL every log, says now: the newest value of each key, by log and key. */
int store_log_state(struct store_tx *tx, const char *log, struct store_record **records, size_t *n,
		    struct fault *fault);

/*
 * Every log that has ever had a record, by its newest: log, version and sequence are set, in the
 * order of store_log_state().
 */
int store_log_list(struct store_tx *tx, struct store_record **records, size_t *n,
		   struct fault *fault);

/* Drops records that are older than keep versions of their log; the state stays. */
int store_log_trim(struct store_tx *tx, uint64_t keep, struct fault *fault);
void store_records_release(struct store_record *records, size_t n);

/* --- addresses (slice.c, address.c, over lease.c) -------------------------------------------------------------------- */

/*
 * The lowest free slice of length bits in pool for network; one that was released less than
 * quarantine milliseconds before now is not free. CODE_POOL_EXHAUSTED, -ENOSPC, when there is none.
 * want, when not NULL, is that slice (also outside pool, of any length) or CODE_CIDR_OVERLAP, naming
 * who has it. release: all that network has (nothing is no error), and what is remembered of its
 * addresses.
 */
int store_slice_take(struct store_tx *tx, const struct lbmesh_prefix *pool, unsigned int length,
		     const struct lbmesh_prefix *want, const char *network, int64_t now,
		     int64_t quarantine, struct lbmesh_prefix *slice, struct fault *fault);
int store_slice_release(struct store_tx *tx, const char *network, int64_t now, struct fault *fault);

/*
 * The address that holder (an id, or "name:..." for an identity) had in network before, when it
 * is free or still its own (L18); else the lowest free one, never the first nor the last of cidr.
 */
int store_address_take(struct store_tx *tx, const char *network, const struct lbmesh_prefix *cidr,
		       const char *holder, int64_t now, int64_t quarantine,
		       struct lbmesh_prefix *address, struct fault *fault);
int store_address_release(struct store_tx *tx, const char *network,
			  const struct lbmesh_prefix *address, int64_t now, struct fault *fault);

/* The next number of a named sequence, from 1 ("network"). */
int store_number_next(struct store_tx *tx, const char *sequence, int64_t *number,
		      struct fault *fault);

/* --- requests that are repeated (idempotency.c) ---------------------------------------------- */

struct store_answer {
	uint8_t request_hash[32];
	int status;
	char *body;
	char location[256];
	char etag[32];
};

int store_answer_get(struct store_tx *tx, const char *actor, const char *key, int64_t now,
		     struct store_answer *answer, struct fault *fault);
int store_answer_put(struct store_tx *tx, const char *actor, const char *key, int64_t expires,
		     const struct store_answer *answer, struct fault *fault);

/* Removes what has expired. */
int store_answer_trim(struct store_tx *tx, int64_t now, struct fault *fault);
/* Wipes it, too: the answer to a new token holds the token. */
void store_answer_release(struct store_answer *answer);

/* --- settings of the cluster (setting.c) ----------------------------------------------------- */

int store_setting_get(struct store_tx *tx, const char *name, char **value, struct fault *fault);
int store_setting_put(struct store_tx *tx, const char *name, const char *value,
		      struct fault *fault);

/* --- watching -------------------------------------------------------------------------------- */

/*
 * A file descriptor that is readable when another process has written (LISTEN/NOTIFY), or -1 when
 * the store has none and the caller has to ask now and then. After it was readable:
 * store_watch_clear(). It stays the same until store_close(), also when the connection is lost and
 * made again, which makes it readable; level-triggered.
 */
int store_watch_fd(struct store *store);
void store_watch_clear(struct store *store);

/* --- backup (backup.c) ------------------------------------------------------------------------ */

/*
 * A consistent copy while others read and write, as a SQLite file of mode 0600, whichever the store
 * is. It has its name only when it is whole and on disk; -EEXIST when there is such a file already.
 */
int store_backup(struct store *store, const char *path, struct fault *fault);

/*
 * Fills an empty store, of either kind, from such a copy. Refuses a store that is not empty (-EEXIST)
 * and a copy with another schema than this lbd's (-EPROTONOSUPPORT). All of it, or nothing.
 */
int store_restore(struct store *store, const char *path, struct fault *fault);

#endif
