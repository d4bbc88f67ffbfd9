// SPDX-License-Identifier: GPL-2.0-only
/*
 * The edits of a transaction, and what follows from them. Each edit derives the entries of what it
 * touches before and after it, also of others that show through it: a host's keys and endpoint are
 * in the entries of every member that is reached through it. At the end the difference becomes
 * records. Handlers call the three verbs; controller.c the rest.
 */
#include "controller/api-place.h"
#include "controller/controller-parts.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The host that a sandbox is on; the caller frees. */
static int sandbox_host(struct store_tx *tx, const char *sandbox, struct resource **host,
			struct fault *fault)
{
	struct resource *found = NULL;
	int ret = store_get(tx, RESOURCE_SANDBOX, sandbox, &found, fault);

	if (!ret)
		ret = store_get(tx, RESOURCE_HOST, found->owner, host, fault);
	resource_free(found);
	return ret;
}

/* *host stays NULL for kinds that are reached through none. */
static int host_find(struct store_tx *tx, const struct resource *resource, struct resource **host,
		     struct fault *fault)
{
	switch (resource->kind) {
	case RESOURCE_SANDBOX:
		return store_get(tx, RESOURCE_HOST, resource->owner, host, fault);
	case RESOURCE_MEMBER:
		return store_get(tx, RESOURCE_HOST, ((const struct member *)resource)->host, host,
				 fault);
	case RESOURCE_ALIAS:
		return sandbox_host(tx, resource->owner, host, fault);
	default:
		return 0;
	}
}

int resource_derive(struct store_tx *tx, const struct resource *resource, struct entries *entries,
		    struct fault *fault)
{
	struct resource *host = NULL;
	int ret = host_find(tx, resource, &host, fault);

	if (!ret)
		ret = derive(resource, (const struct host *)host, entries, fault);
	resource_free(host);
	return ret;
}

/* Do others say something else after this change of a host. */
static bool host_shows(const struct host *before, const struct host *after)
{
	const struct resource_endpoint *old[] = {&before->endpoint, &before->infra_endpoint};
	const struct resource_endpoint *new[] = {&after->endpoint, &after->infra_endpoint};

	for (size_t i = 0; i < 2; i++) {
		if (old[i]->port != new[i]->port ||
		    old[i]->address.family != new[i]->address.family ||
		    (old[i]->address.family &&
		     lbmesh_prefix_compare(&old[i]->address, &new[i]->address)))
			return true;
	}
	return (before->state == HOST_REMOVED) != (after->state == HOST_REMOVED) ||
	       memcmp(before->public_key, after->public_key, LBMESH_KEY_LEN) != 0 ||
	       memcmp(before->next_public_key, after->next_public_key, LBMESH_KEY_LEN) != 0 ||
	       memcmp(before->infra_public_key, after->infra_public_key, LBMESH_KEY_LEN) != 0;
}

/* What a change of this host changes besides itself. */
struct near {
	struct changes *changes;
	const struct host *before;
	const struct host *after;
};

static int near_derive(const struct near *near, enum resource_kind kind, const char *owner,
		       struct fault *fault)
{
	const struct store_query query = {.kind = kind, .owner = owner};
	struct store_list list = {0};
	int ret = store_list(near->changes->tx, &query, &list, fault);

	for (size_t i = 0; i < list.n && !ret; i++) {
		ret = derive(list.items[i], near->before, &near->changes->before, fault);
		if (!ret)
			ret = derive(list.items[i], near->after, &near->changes->after, fault);
	}
	store_list_release(&list);
	return ret;
}

static int host_near_derive(const struct near *near, struct fault *fault)
{
	const struct store_query query = {.kind = RESOURCE_SANDBOX, .owner = near->after->head.id};
	struct store_list sandboxes = {0};
	int ret;

	if ((ret = near_derive(near, RESOURCE_MEMBER, query.owner, fault)) ||
	    (ret = near_derive(near, RESOURCE_SANDBOX, query.owner, fault)) ||
	    (ret = store_list(near->changes->tx, &query, &sandboxes, fault)))
		return ret;
	for (size_t i = 0; i < sandboxes.n && !ret; i++) {
		ret = near_derive(near, RESOURCE_MEMBER, sandboxes.items[i]->id, fault);
		if (!ret)
			ret = near_derive(near, RESOURCE_ALIAS, sandboxes.items[i]->id, fault);
	}
	store_list_release(&sandboxes);
	return ret;
}

static int edited_add(struct changes *changes, const char *id, struct fault *fault)
{
	char(*grown)[RESOURCE_ID_SIZE] =
		reallocarray(changes->edited, changes->n_edited + 1, sizeof(*grown));

	if (!grown)
		return fault_memory(fault);
	changes->edited = grown;
	snprintf(grown[changes->n_edited++], RESOURCE_ID_SIZE, "%s", id);
	return 0;
}

/* The detail: the resource's name, which its id does not tell once it is gone. Never a secret. */
static int audit_write(struct changes *changes, const char *verb, const struct resource *resource,
		       struct fault *fault)
{
	const struct resource_schema *schema = resource_schema(resource->kind);
	struct store_audit audit = {.at = changes->now};
	char detail[RESOURCE_NAME_SIZE + 32];

	snprintf(audit.org, sizeof(audit.org), "%s", resource->org);
	snprintf(audit.actor, sizeof(audit.actor), "%s", changes->identity->actor);
	snprintf(audit.target, sizeof(audit.target), "%s", resource->id);
	snprintf(audit.request, sizeof(audit.request), "%s", changes->request);
	if (changes->route && !changes->named &&
	    place_kind(changes->route) == (int)resource->kind) {
		snprintf(audit.action, sizeof(audit.action), "%s", changes->route->operation);
		changes->named = true;
	} else {
		snprintf(audit.action, sizeof(audit.action), "%s.%s", schema->singular, verb);
	}
	/* Names are DNS labels, ids or digests: nothing that JSON would have to escape. */
	snprintf(detail, sizeof(detail), "{\"name\":\"%s\"}", resource->name);
	audit.detail = detail;
	return store_audit(changes->tx, &audit, fault);
}

static int edit_finish(struct changes *changes, const char *verb, const struct resource *resource,
		       struct fault *fault)
{
	int ret = audit_write(changes, verb, resource, fault);

	return ret ? ret : edited_add(changes, resource->id, fault);
}

int changes_insert(struct changes *changes, struct resource *resource, struct fault *fault)
{
	int ret;

	if (!*resource->id)
		resource_id_make(resource->kind, changes->now, resource->id);
	resource_name_make(resource);
	if ((ret = store_insert(changes->tx, resource, changes->now, fault)) ||
	    (ret = resource_derive(changes->tx, resource, &changes->after, fault)))
		return ret;
	return edit_finish(changes, "create", resource, fault);
}

int changes_update(struct changes *changes, const struct resource *before, struct resource *after,
		   struct fault *fault)
{
	const struct near near = {changes, (const struct host *)before, (const struct host *)after};
	int ret;

	if ((ret = resource_derive(changes->tx, before, &changes->before, fault)) ||
	    (ret = store_update(changes->tx, after, changes->now, fault)) ||
	    (ret = resource_derive(changes->tx, after, &changes->after, fault)))
		return ret;
	if (after->kind == RESOURCE_HOST && host_shows(near.before, near.after) &&
	    (ret = host_near_derive(&near, fault)))
		return ret;
	return edit_finish(changes, "change", after, fault);
}

int changes_delete(struct changes *changes, struct resource *resource, struct fault *fault)
{
	int ret;

	if ((ret = resource_derive(changes->tx, resource, &changes->before, fault)) ||
	    (ret = store_delete(changes->tx, resource, fault)))
		return ret;
	return edit_finish(changes, "delete", resource, fault);
}

static int change_append(struct changes *changes, const struct change *change,
			 struct appended *appended, struct fault *fault)
{
	struct record *record = &appended->record;
	struct store_record stored = {.value = (char *)change->value,
				      .value_size = change->value_size};
	int ret;

	*record = (struct record){.value = change->value, .value_size = change->value_size};
	snprintf(record->log, sizeof(record->log), "%s", change->log);
	snprintf(record->key, sizeof(record->key), "%s", change->key);
	if ((ret = store_log_version(changes->tx, record->log, &record->version, fault)))
		return ret;
	record->version++;
	appended->frame = record_seal(record, changes->controller->signing_secret);
	if (!appended->frame)
		return fault_memory(fault);
	memcpy(stored.log, record->log, sizeof(stored.log));
	memcpy(stored.key, record->key, sizeof(stored.key));
	stored.version = record->version;
	stored.bytes = appended->frame->bytes;
	stored.bytes_size = appended->frame->size;
	ret = store_log_append(changes->tx, &stored, fault);
	appended->sequence = stored.sequence;
	return ret;
}

int changes_append(struct changes *changes, struct fault *fault)
{
	struct change *list = NULL;
	size_t n = 0;
	int ret = derive_changes(&changes->before, &changes->after, &list, &n, fault);

	if (ret)
		return ret;
	changes->appended = calloc(n ? n : 1, sizeof(*changes->appended));
	if (!changes->appended)
		ret = fault_memory(fault);
	for (size_t i = 0; i < n && !ret && changes->appended; i++) {
		changes->n_appended++;
		ret = change_append(changes, &list[i], &changes->appended[i], fault);
	}
	free(list);
	return ret;
}

void changes_release(struct changes *changes)
{
	for (size_t i = 0; i < changes->n_appended; i++)
		frame_release(changes->appended[i].frame);
	free(changes->appended);
	free(changes->edited);
	entries_release(&changes->before);
	entries_release(&changes->after);
	changes->appended = NULL;
	changes->edited = NULL;
	changes->n_appended = changes->n_edited = 0;
	changes->named = false;
}
