// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resources in the table "resource": a row's document is the resource as model/ writes it, and the
 * other columns are what is searched by. One by one; lists are in query.c. Every refusal names the
 * object that is in the way.
 */
#include "store/objects.h"

#include "model/document.h"

#include <errno.h>
#include <string.h>

static void resource_putp(struct resource **resource)
{
	resource_free(*resource);
}

/* A row that says something else than its document was changed by another hand. */
static int head_check(const struct resource *resource, const char *id, struct fault *fault)
{
	if (strcmp(resource->id, id) != 0)
		return fault_set(fault, -EBADMSG, NULL,
				 "the store is damaged: the document of %s says %s", id,
				 resource->id);
	return 0;
}

int resource_row_read(struct store_tx *tx, struct sql_rows *rows, enum resource_kind kind,
		      struct resource **resource, struct fault *fault)
{
	__attribute__((cleanup(document_putp))) json_object *document = NULL;
	__attribute__((cleanup(resource_putp))) struct resource *made = NULL;
	const char *id = tx->store->driver->text(rows, 0);
	const char *text = tx->store->driver->text(rows, 1);
	struct fault why = {0};
	int ret;

	if (!id || !text)
		return fault_set(fault, -EBADMSG, NULL, "the store is damaged: a row is empty");
	made = resource_new(kind);
	if (!made)
		return fault_memory(fault);
	if ((ret = document_parse(text, strlen(text), &document, &why)) ||
	    (ret = resource_decode(made, document, RESOURCE_STORED, true, &why))) {
		if (ret == -ENOMEM)
			return fault_memory(fault);
		return fault_set(fault, -EBADMSG, NULL, "the store is damaged: %s: %s: %s", id,
				 why.path, why.text);
	}
	if ((ret = head_check(made, id, fault)))
		return ret;
	*resource = made;
	made = NULL;
	return 0;
}

static int resource_first(struct store_tx *tx, const char *text, const struct sql_value *values,
			  size_t n, enum resource_kind kind, struct resource **resource,
			  struct fault *fault)
{
	struct sql_rows *rows;
	int ret = tx_first(tx, text, values, n, &rows, fault);

	if (ret <= 0)
		return ret;
	ret = resource_row_read(tx, rows, kind, resource, fault);
	tx_done(tx, rows);
	return ret ? ret : 1;
}

static int not_found(enum resource_kind kind, const char *what, struct fault *fault)
{
	return fault_refuse(fault, CODE_NOT_FOUND, NULL, "there is no %s \"%s\"",
			    resource_schema(kind)->singular, what);
}

int store_get(struct store_tx *tx, enum resource_kind kind, const char *id,
	      struct resource **resource, struct fault *fault)
{
	int ret =
		resource_first(tx, "SELECT id, document FROM resource WHERE id = $1 AND kind = $2",
			       VALUES(SQL_STRING(id), resource_kind_value(kind)), kind, resource,
			       fault);

	if (ret < 0)
		return ret;
	return ret ? 0 : not_found(kind, id, fault);
}

int store_find(struct store_tx *tx, enum resource_kind kind, const char *scope, const char *name,
	       struct resource **resource, struct fault *fault)
{
	int ret = resource_first(tx,
				 "SELECT id, document FROM resource "
				 "WHERE kind = $1 AND COALESCE(scope, '') = $2 AND name = $3",
				 VALUES(resource_kind_value(kind), SQL_STRING(scope),
					SQL_STRING(name)),
				 kind, resource, fault);

	if (ret < 0)
		return ret;
	return ret ? 0 : not_found(kind, name, fault);
}

/* The foreign key would find it out at COMMIT, but not say what is missing. */
static int referred_check(struct store_tx *tx, const char *name, const char *id,
			  struct fault *fault)
{
	int64_t found;
	int ret;

	if (!*id)
		return 0;
	if ((ret = tx_number(tx, "SELECT 1 FROM resource WHERE id = $1", VALUES(SQL_STRING(id)), 0,
			     &found, fault)))
		return ret;
	return found ? 0
		     : fault_refuse(fault, CODE_NOT_FOUND, FIELD(NULL, name), "there is no \"%s\"",
				    id);
}

static int name_taken(struct store_tx *tx, const struct resource *resource, struct fault *fault)
{
	bool alias = resource->kind == RESOURCE_ALIAS;
	char id[RESOURCE_ID_SIZE] = "";
	struct sql_rows *rows;
	int ret;

	ret = tx_first(tx,
		       "SELECT id FROM resource "
		       "WHERE kind = $1 AND COALESCE(scope, '') = $2 AND name = $3",
		       VALUES(resource_kind_value(resource->kind), SQL_STRING(resource->scope),
			      SQL_STRING(resource->name)),
		       &rows, fault);
	if (ret < 0)
		return ret;
	if (!ret)
		return fault_set(fault, -EEXIST, NULL, "the id %s is in use", resource->id);
	ret = tx_text(tx, rows, 0, id, sizeof(id), fault);
	tx_done(tx, rows);
	if (ret)
		return ret;
	return fault_refuse(fault, alias ? CODE_ALIAS_TAKEN : CODE_NAME_TAKEN, FIELD(NULL, "name"),
			    "\"%s\" is the name of %s", resource->name, id);
}

static int row_insert(struct store_tx *tx, const struct resource *resource, struct fault *fault)
{
	__attribute__((cleanup(document_putp))) json_object *document = NULL;
	int64_t changed;
	int ret;

	document = resource_encode(resource, RESOURCE_VIEW_STORED);
	if (!document)
		return fault_memory(fault);
	ret = tx_change(tx,
			"INSERT INTO resource (id, kind, org, scope, owner, name, version, "
			"created_at, updated_at, document) "
			"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
			VALUES(SQL_STRING(resource->id), resource_kind_value(resource->kind),
			       SQL_STRING(resource->org), tx_id(resource->scope),
			       tx_id(resource->owner), SQL_STRING(resource->name),
			       SQL_INT((int64_t)resource->version), SQL_INT(resource->created_at),
			       SQL_INT(resource->updated_at), resource_document_value(document)),
			&changed, fault);
	if (ret)
		return ret;
	return changed ? 0 : name_taken(tx, resource, fault);
}

int store_insert(struct store_tx *tx, struct resource *resource, int64_t now, struct fault *fault)
{
	int ret;

	if ((ret = referred_check(tx, "scope", resource->scope, fault)) ||
	    (ret = referred_check(tx, "owner", resource->owner, fault)))
		return ret;
	resource->version = 1;
	resource->created_at = resource->updated_at = now;
	return row_insert(tx, resource, fault);
}

/* Nothing was changed: it is gone, or another has changed it. */
static int version_fault(struct store_tx *tx, const struct resource *resource, struct fault *fault)
{
	int64_t version;
	int ret;

	if ((ret = tx_number(tx, "SELECT version FROM resource WHERE id = $1 AND kind = $2",
			     VALUES(SQL_STRING(resource->id), resource_kind_value(resource->kind)),
			     0, &version, fault)))
		return ret;
	if (!version)
		return not_found(resource->kind, resource->id, fault);
	return fault_refuse(fault, CODE_VERSION, NULL, "%s has version %llu, not %llu",
			    resource->id, (unsigned long long)version,
			    (unsigned long long)resource->version);
}

/* Another one has the name that this one is to get. */
static int rename_check(struct store_tx *tx, const struct resource *resource, struct fault *fault)
{
	int64_t taken;
	int ret;

	if ((ret = tx_number(tx,
			     "SELECT 1 FROM resource WHERE kind = $1 "
			     "AND COALESCE(scope, '') = $2 AND name = $3 AND id <> $4",
			     VALUES(resource_kind_value(resource->kind),
				    SQL_STRING(resource->scope), SQL_STRING(resource->name),
				    SQL_STRING(resource->id)),
			     0, &taken, fault)))
		return ret;
	return taken ? name_taken(tx, resource, fault) : 0;
}

/* resource has its new version already; was: that which is replaced. */
static int row_update(struct store_tx *tx, const struct resource *resource, uint64_t was,
		      int64_t *changed, struct fault *fault)
{
	__attribute__((cleanup(document_putp))) json_object *document = NULL;

	document = resource_encode(resource, RESOURCE_VIEW_STORED);
	if (!document)
		return fault_memory(fault);
	return tx_change(tx,
			 "UPDATE resource SET org = $1, scope = $2, owner = $3, name = $4, "
			 "version = $5, created_at = $6, updated_at = $7, document = $8 "
			 "WHERE id = $9 AND kind = $10 AND version = $11",
			 VALUES(SQL_STRING(resource->org), tx_id(resource->scope),
				tx_id(resource->owner), SQL_STRING(resource->name),
				SQL_INT((int64_t)resource->version), SQL_INT(resource->created_at),
				SQL_INT(resource->updated_at), resource_document_value(document),
				SQL_STRING(resource->id), resource_kind_value(resource->kind),
				SQL_INT((int64_t)was)),
			 changed, fault);
}

int store_update(struct store_tx *tx, struct resource *resource, int64_t now, struct fault *fault)
{
	int64_t changed = 0, updated_at = resource->updated_at;
	int ret;

	if ((ret = referred_check(tx, "scope", resource->scope, fault)) ||
	    (ret = referred_check(tx, "owner", resource->owner, fault)) ||
	    (ret = rename_check(tx, resource, fault)))
		return ret;
	resource->version++;
	resource->updated_at = now;
	ret = row_update(tx, resource, resource->version - 1, &changed, fault);
	if (!ret && changed)
		return 0;
	resource->version--;
	resource->updated_at = updated_at;
	return ret ? ret : version_fault(tx, resource, fault);
}

static int in_use_check(struct store_tx *tx, const struct resource *resource, struct fault *fault)
{
	char id[RESOURCE_ID_SIZE], kind[32], name[RESOURCE_NAME_SIZE];
	struct sql_rows *rows;
	int ret;

	ret = tx_first(tx,
		       "SELECT id, kind, name FROM resource WHERE scope = $1 OR owner = $1 LIMIT 1",
		       VALUES(SQL_STRING(resource->id)), &rows, fault);
	if (ret <= 0)
		return ret;
	if (!(ret = tx_text(tx, rows, 0, id, sizeof(id), fault)) &&
	    !(ret = tx_text(tx, rows, 1, kind, sizeof(kind), fault)))
		ret = tx_text(tx, rows, 2, name, sizeof(name), fault);
	tx_done(tx, rows);
	if (ret)
		return ret;
	return fault_refuse(fault, CODE_IN_USE, NULL, "the %s %s (\"%s\") needs %s", kind, id, name,
			    resource->id);
}

int store_delete(struct store_tx *tx, const struct resource *resource, struct fault *fault)
{
	int64_t changed;
	int ret;

	if ((ret = in_use_check(tx, resource, fault)))
		return ret;
	ret = tx_change(tx, "DELETE FROM resource WHERE id = $1 AND kind = $2 AND version = $3",
			VALUES(SQL_STRING(resource->id), resource_kind_value(resource->kind),
			       SQL_INT((int64_t)resource->version)),
			&changed, fault);
	if (ret)
		return ret;
	return changed ? 0 : version_fault(tx, resource, fault);
}
