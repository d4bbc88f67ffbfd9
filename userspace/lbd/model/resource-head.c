// SPDX-License-Identifier: GPL-2.0-only
/*
 * The head of a resource in documents: clients give a name and, on creation, an owner; the store
 * gives everything. Called by resource-decode.c for each field, before the table is asked.
 */
#include "model/resource-value.h"

#include <stdio.h>
#include <string.h>

int read_only_refuse(const struct field *at, const struct reading *reading)
{
	return fault_refuse(reading->fault, CODE_FIELD_READ_ONLY, at,
			    "the controller sets this; leave it out");
}

int immutable_refuse(const struct field *at, const struct reading *reading)
{
	return fault_refuse(reading->fault, CODE_FIELD_IMMUTABLE, at,
			    "cannot change after creation; create another with the wanted value");
}

static int client_name_read(const struct resource_schema *schema, json_object *json,
			    struct resource *resource, const struct resource *before,
			    const struct reading *reading)
{
	const struct field *at = FIELD(NULL, "name");
	int ret;

	if (schema->name_flags & PROPERTY_READ_ONLY)
		return read_only_refuse(at, reading);
	if ((ret = name_read(json, at, resource->name, reading)))
		return ret;
	if (reading->mode == RESOURCE_PATCH && !(schema->name_flags & PROPERTY_MUTABLE) &&
	    strcmp(resource->name, before->name) != 0)
		return immutable_refuse(at, reading);
	return 0;
}

static bool owner_valid(const struct resource_schema *schema, const char *id)
{
	int kind = resource_kind_by_prefix(id);

	return kind >= 0 && (schema->owner_kinds & 1u << kind) &&
	       resource_id_valid((enum resource_kind)kind, id);
}

static int client_owner_read(const struct resource_schema *schema, json_object *json,
			     struct resource *resource, const struct resource *before,
			     const struct reading *reading)
{
	const struct field *at = FIELD(NULL, schema->owner_shown);
	char id[RESOURCE_ID_SIZE] = "";
	int ret;

	if (json && (ret = type_check(json, at, json_type_string, reading)))
		return ret;
	if (json) {
		/* What is too long or has a NUL in it cannot be valid once it is cut. */
		snprintf(id, sizeof(id), "%s", json_object_get_string(json));
		if (!owner_valid(schema, id) ||
		    strlen(id) != (size_t)json_object_get_string_len(json))
			return fault_refuse(reading->fault, CODE_FIELD_VALUE, at,
					    "must be an id of that kind, not a name");
	}
	if (reading->mode == RESOURCE_PATCH && strcmp(id, before->owner) != 0)
		return immutable_refuse(at, reading);
	if (*before->owner && strcmp(id, before->owner) != 0)
		return fault_refuse(reading->fault, CODE_FIELD_VALUE, at,
				    "is not the one that the path names");
	memcpy(resource->owner, id, sizeof(id));
	return 0;
}

int client_head_read(const struct resource_schema *schema, const char *name, json_object *json,
		     struct resource *resource, const struct resource *before,
		     const struct reading *reading)
{
	static const char *const ours[] = {"id", "org", "version", "created_at", "updated_at"};

	if (!strcmp(name, "name"))
		return client_name_read(schema, json, resource, before, reading);
	if (schema->owner_shown && !strcmp(name, schema->owner_shown))
		return client_owner_read(schema, json, resource, before, reading);
	if (schema->scope_shown && !strcmp(name, schema->scope_shown))
		return read_only_refuse(FIELD(NULL, name), reading);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (!strcmp(name, ours[i]))
			return read_only_refuse(FIELD(NULL, name), reading);
	}
	return 1;
}

static int stored_id_read(json_object *json, const struct field *at, bool required, char *id,
			  const struct reading *reading)
{
	int ret = text_read(json, at, required, id, RESOURCE_ID_SIZE, reading);
	int kind;

	if (ret || !*id)
		return ret;
	kind = resource_kind_by_prefix(id);
	if (kind < 0 || !resource_id_valid((enum resource_kind)kind, id))
		return fault_refuse(reading->fault, CODE_FIELD_VALUE, at, "is not an id");
	return 0;
}

static int stored_time_read(json_object *json, const struct field *at, int64_t *time,
			    const struct reading *reading)
{
	*time = 0;
	return json ? time_read(json, at, time, reading) : 0;
}

int stored_head_read(const char *name, json_object *json, struct resource *resource,
		     const struct reading *reading)
{
	const struct field *at = FIELD(NULL, name);
	int64_t version;
	int ret;

	if (!strcmp(name, "id"))
		return stored_id_read(json, at, true, resource->id, reading);
	if (!strcmp(name, "org"))
		return stored_id_read(json, at, false, resource->org, reading);
	if (!strcmp(name, "scope"))
		return stored_id_read(json, at, false, resource->scope, reading);
	if (!strcmp(name, "owner"))
		return stored_id_read(json, at, false, resource->owner, reading);
	if (!strcmp(name, "name"))
		return text_read(json, at, 0, resource->name, sizeof(resource->name), reading);
	if (!strcmp(name, "created_at"))
		return stored_time_read(json, at, &resource->created_at, reading);
	if (!strcmp(name, "updated_at"))
		return stored_time_read(json, at, &resource->updated_at, reading);
	if (strcmp(name, "version") != 0)
		return 1;
	ret = number_read(json, at, 0, INT64_MAX, &version, reading);
	if (!ret)
		resource->version = (uint64_t)version;
	return ret;
}
