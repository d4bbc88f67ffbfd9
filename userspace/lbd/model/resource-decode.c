// SPDX-License-Identifier: GPL-2.0-only
/*
 * Documents into resources, by the kind's table: who may give which field when, lists and objects;
 * the head is resource-head.c's. Works on a copy, so that a refused document leaves no trace. The
 * controller's handlers and the store call resource_decode().
 */
#include "model/resource-value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int object_read(const struct property *properties, size_t n, json_object *object,
		       const struct field *at, void *to, const struct reading *reading);

static int unknown_refuse(const struct field *at, const struct reading *reading)
{
	return fault_refuse(reading->fault, CODE_FIELD_UNKNOWN, at, "there is no such field");
}

static int unique_check(const struct property *property, const struct resource_list *list,
			const struct field *at, const struct reading *reading)
{
	if (!(property->flags & PROPERTY_UNIQUE))
		return 0;
	for (size_t i = 1; i < list->n; i++) {
		for (size_t j = 0; j < i; j++) {
			if (values_equal(property->fields, property->n_fields,
					 (const char *)list->items + i * property->size,
					 (const char *)list->items + j * property->size))
				return fault_refuse(reading->fault, CODE_FIELD_VALUE, ITEM(at, i),
						    "is the same as the one at index %zu", j);
		}
	}
	return 0;
}

static int list_read(const struct property *property, json_object *json, const struct field *at,
		     struct resource_list *list, const struct reading *reading)
{
	bool plain = property->n_fields == 1 && !property->fields[0].name;
	int ret = type_check(json, at, json_type_array, reading);
	size_t n = ret ? 0 : json_object_array_length(json);

	if (ret)
		return ret;
	if (n > (size_t)property->max)
		return fault_refuse(reading->fault, CODE_LIST_TOO_LONG, at,
				    "has %zu elements; at most %zu are allowed", n,
				    (size_t)property->max);
	if (n < (size_t)property->min)
		return fault_refuse(reading->fault, CODE_FIELD_VALUE, at,
				    "has %zu elements; at least %zu are needed", n,
				    (size_t)property->min);
	value_reset(property, list);
	list->items = n ? calloc(n, property->size) : NULL;
	if (n && !list->items)
		return fault_memory(reading->fault);
	list->n = n;
	for (size_t i = 0; i < n; i++) {
		json_object *element = json_object_array_get_idx(json, i);
		char *item = (char *)list->items + i * property->size;

		ret = plain ? value_read(property->fields, element, ITEM(at, i),
					 value_at(property->fields, item), reading)
			    : object_read(property->fields, property->n_fields, element,
					  ITEM(at, i), item, reading);
		if (ret)
			return ret;
	}
	return unique_check(property, list, at, reading);
}

/* Lists, objects, and null for what may be absent. */
static int property_read(const struct property *property, json_object *json, const struct field *at,
			 void *value, const struct reading *reading)
{
	if (!json && property_is_nullable(property)) {
		value_reset(property, value);
		return 0;
	}
	if (property->type == PROPERTY_LIST)
		return list_read(property, json, at, value, reading);
	if (property->type == PROPERTY_OBJECT)
		return object_read(property->fields, property->n_fields, json, at, value, reading);
	return value_read(property, json, at, value, reading);
}

static const struct property *property_find(const struct property *properties, size_t n,
					    const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(properties[i].name, name))
			return &properties[i];
	}
	return NULL;
}

static int required_check(const struct property *properties, size_t n, json_object *object,
			  const struct field *at, const struct reading *reading)
{
	for (size_t i = 0; i < n; i++) {
		if ((properties[i].flags & PROPERTY_REQUIRED) &&
		    !json_object_object_get_ex(object, properties[i].name, NULL))
			return fault_refuse(reading->fault, CODE_FIELD_MISSING,
					    FIELD(at, properties[i].name), "is missing");
	}
	return 0;
}

/* An object within a resource is always whole, as a patch replaces lists whole. */
static int object_read(const struct property *properties, size_t n, json_object *object,
		       const struct field *at, void *to, const struct reading *reading)
{
	int ret = type_check(object, at, json_type_object, reading);

	if (ret)
		return ret;
	values_default(properties, n, to);
	json_object_object_foreach(object, name, json) {
		const struct property *property = property_find(properties, n, name);

		if (!property)
			return unknown_refuse(FIELD(at, name), reading);
		if ((ret = property_read(property, json, FIELD(at, name), value_at(property, to),
					 reading)))
			return ret;
	}
	return required_check(properties, n, object, at, reading);
}

/* A field of the resource itself: the client's rights to it, then its value. */
static int field_read(const struct property *property, json_object *json, const struct field *at,
		      struct resource *resource, const struct resource *before,
		      const struct reading *reading)
{
	void *value = value_at(property, resource);
	unsigned int flags = property->flags;
	int ret = 0;

	if (reading->mode == RESOURCE_STORED)
		return property_read(property, json, at, value, reading);
	if ((flags & PROPERTY_HIDDEN) || ((flags & PROPERTY_SYSTEM) && !reading->system))
		return unknown_refuse(at, reading);
	if (flags & PROPERTY_READ_ONLY)
		return read_only_refuse(at, reading);
	if (!json && reading->mode == RESOURCE_PATCH && !(flags & PROPERTY_REQUIRED))
		value_reset(property, value);
	else
		ret = property_read(property, json, at, value, reading);
	if (!ret && reading->mode == RESOURCE_PATCH && !(flags & PROPERTY_MUTABLE) &&
	    !value_equal(property, value, value_of(property, before)))
		return immutable_refuse(at, reading);
	return ret;
}

static int fields_read(const struct resource_schema *schema, json_object *document,
		       struct resource *resource, const struct resource *before,
		       const struct reading *reading)
{
	bool stored = reading->mode == RESOURCE_STORED;
	int ret;

	json_object_object_foreach(document, name, json) {
		const struct property *property;

		ret = stored ? stored_head_read(name, json, resource, reading)
			     : client_head_read(schema, name, json, resource, before, reading);
		if (ret < 0)
			return ret;
		if (!ret)
			continue;
		property = property_find(schema->properties, schema->n_properties, name);
		if (!property)
			return unknown_refuse(FIELD(NULL, name), reading);
		if ((ret = field_read(property, json, FIELD(NULL, name), resource, before,
				      reading)))
			return ret;
	}
	return 0;
}

/* What must be there besides the table's required fields. */
static int head_check(const struct resource_schema *schema, json_object *document,
		      const struct resource *resource, const struct reading *reading)
{
	const char *missing = NULL;

	if (reading->mode == RESOURCE_CREATE) {
		if ((schema->name_flags & PROPERTY_REQUIRED) && !*resource->name)
			missing = "name";
		else if ((schema->owner_flags & PROPERTY_REQUIRED) && !*resource->owner)
			missing = schema->owner_shown;
	} else if (reading->mode == RESOURCE_STORED) {
		if (!json_object_object_get_ex(document, "version", NULL))
			missing = "version";
		else if (!resource_id_valid(resource->kind, resource->id))
			missing = "id";
	}
	if (!missing)
		return 0;
	return fault_refuse(reading->fault, CODE_FIELD_MISSING, FIELD(NULL, missing), "is missing");
}

static int copy_decode(struct resource *copy, const struct resource *before, json_object *document,
		       const struct reading *reading)
{
	const struct resource_schema *schema = resource_schema(copy->kind);
	int ret;

	if ((ret = type_check(document, NULL, json_type_object, reading)) ||
	    (ret = fields_read(schema, document, copy, before, reading)) ||
	    (ret = head_check(schema, document, copy, reading)))
		return ret;
	if (reading->mode == RESOURCE_CREATE &&
	    (ret = required_check(schema->properties, schema->n_properties, document, NULL,
				  reading)))
		return ret;
	if (reading->mode != RESOURCE_STORED && schema->settle &&
	    (ret = schema->settle(copy, document, reading->fault)))
		return ret;
	return schema->check ? schema->check(copy, reading->fault) : 0;
}

int resource_decode(struct resource *resource, json_object *document, enum resource_mode mode,
		    bool system, struct fault *fault)
{
	__attribute__((cleanup(resource_freep))) struct resource *copy = resource_copy(resource);
	const struct resource_schema *schema = resource_schema(resource->kind);
	struct reading reading = {.mode = mode, .system = system, .fault = fault};
	int ret;

	if (!copy)
		return fault_memory(fault);
	ret = copy_decode(copy, resource, document, &reading);
	if (ret)
		return ret;
	values_release(schema->properties, schema->n_properties, resource);
	memcpy(resource, copy, schema->size);
	/* Its lists belong to resource now. */
	memset(copy, 0, schema->size);
	copy->kind = resource->kind;
	return 0;
}
