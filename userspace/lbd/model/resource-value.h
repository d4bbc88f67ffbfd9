/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Values of properties, whatever their type; shared by model/resource-*.c alone. A value is where
 * the property's offset points to in its struct. Lists own their items, deeply.
 */
#ifndef LBD_MODEL_RESOURCE_VALUE_H
#define LBD_MODEL_RESOURCE_VALUE_H

#include "model/resource.h"

/* How a document is read: the mode, and whether the system's fields and words exist. */
struct reading {
	enum resource_mode mode;
	bool system;
	struct fault *fault;
};

/* Every default of a table into a struct of zeros. */
void values_default(const struct property *properties, size_t n, void *to);

/* Frees what lists own and sets the default. */
void value_reset(const struct property *property, void *value);
void values_release(const struct property *properties, size_t n, void *of);

/* The lists of to are bytes copied from another struct: gives to lists of its own. -ENOMEM. */
int values_own(const struct property *properties, size_t n, void *to);

bool value_equal(const struct property *property, const void *a, const void *b);
bool values_equal(const struct property *properties, size_t n, const void *a, const void *b);

/* May JSON's null stand for this property's absence. */
bool property_is_nullable(const struct property *property);

/* Of any type but a list or an object. */
int value_read(const struct property *property, json_object *json, const struct field *at,
	       void *value, const struct reading *reading);

/* A name as clients give it; and as the store has it, where ids can be part of it. */
int name_read(json_object *json, const struct field *at, char name[RESOURCE_NAME_SIZE],
	      const struct reading *reading);

/* A text that fits into size bytes, of at least min bytes. */
int text_read(json_object *json, const struct field *at, size_t min, char *text, size_t size,
	      const struct reading *reading);

int time_read(json_object *json, const struct field *at, int64_t *time,
	      const struct reading *reading);
int number_read(json_object *json, const struct field *at, int64_t min, int64_t max,
		int64_t *number, const struct reading *reading);
int type_check(json_object *json, const struct field *at, enum json_type type,
	       const struct reading *reading);

/* The field is not the client's, or not the client's to change. */
int read_only_refuse(const struct field *at, const struct reading *reading);
int immutable_refuse(const struct field *at, const struct reading *reading);

/* One field of the head; 1 when it is none of the head's. before: as it was before the document. */
int client_head_read(const struct resource_schema *schema, const char *name, json_object *json,
		     struct resource *resource, const struct resource *before,
		     const struct reading *reading);
int stored_head_read(const char *name, json_object *json, struct resource *resource,
		     const struct reading *reading);

/* A struct without a head, as in an answer; NULL without memory. */
json_object *values_encode(const struct property *properties, size_t n, const void *of);

/* Adds a new value to an object, and takes it over; -ENOMEM when either is NULL. */
int object_field_add(json_object *object, const char *name, json_object *json);

static inline void *value_at(const struct property *property, void *of)
{
	return (char *)of + property->offset;
}

static inline const void *value_of(const struct property *property, const void *of)
{
	return (const char *)of + property->offset;
}

#endif
