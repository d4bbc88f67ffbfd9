/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the openapi*.c share: the document as a json-c tree that is built without looking at each
 * allocation (one that fails is remembered, and spoils the whole), and its text as YAML.
 */
#ifndef LBD_CONTROLLER_OPENAPI_H
#define LBD_CONTROLLER_OPENAPI_H

#include "controller/route-table.h"

/* A schema has three forms: as it is answered, and what a client sends. */
enum form {
	FORM_ANSWER,
	FORM_CREATE,
	FORM_PATCH,
	FORMS
};

struct openapi {
	bool failed;
	const struct route *table;
	size_t n;
	const struct route_body *bodies;
	size_t n_bodies;
	json_object *schemas;
};

/*
 * Add to an object under name, or to an array, and give back what was added. child is taken over;
 * with a NULL parent or child the document has failed, and NULL comes back.
 */
json_object *node_add(struct openapi *openapi, json_object *parent, const char *name,
		      json_object *child);
json_object *object_add(struct openapi *openapi, json_object *parent, const char *name);
json_object *array_add(struct openapi *openapi, json_object *parent, const char *name);
void text_add(struct openapi *openapi, json_object *parent, const char *name, const char *format,
	      ...) __attribute__((format(printf, 4, 5)));
void number_add(struct openapi *openapi, json_object *parent, const char *name, int64_t number);
void flag_add(struct openapi *openapi, json_object *parent, const char *name, bool flag);
/* {"$ref": "#/components/SECTION/NAME"}, the content of node. */
void ref_add(struct openapi *openapi, json_object *node, const char *section, const char *name);

/* openapi-property.c */
#define NAME_PATTERN "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
#define ULID_PATTERN "[0-9A-HJKMNP-TV-Z]{26}$"
bool property_is_shown(const struct property *property, enum form form);
void property_add(struct openapi *openapi, json_object *properties, const struct property *property,
		  enum form form);
/* "string"; or with null, which stands for no value, and in a patch for the default. */
void type_add(struct openapi *openapi, json_object *schema, const char *type, bool nullable);
/* All of an object but its place: type, properties, which are required. */
void fields_add(struct openapi *openapi, json_object *schema, const struct property *fields,
		size_t n, enum form form);

/* openapi-schema.c: "Network", "NetworkCreate", "NetworkPatch". */
#define SCHEMA_NAME_SIZE 96
void schema_name(enum resource_kind kind, enum form form, char name[SCHEMA_NAME_SIZE]);
void schema_add(struct openapi *openapi, enum resource_kind kind, enum form form);
/* "network.refresh", "Request": "NetworkRefreshRequest". */
void body_name(const char *operation, const char *suffix, char name[SCHEMA_NAME_SIZE]);
void body_add(struct openapi *openapi, const char *name, const struct property *properties,
	      size_t n, enum form form);

/* openapi-path.c */
void paths_add(struct openapi *openapi, json_object *root);
/* Whether the request of a route is described by a kind, by which, and in which form. */
bool route_sends(const struct openapi *openapi, const struct route *route, enum form *form,
		 enum resource_kind *kind);
const struct route_body *route_body(const struct openapi *openapi, const struct route *route);

/* openapi-component.c: what a route with ROUTE_OPERATION that shows no kind answers: {"items": []}. */
#define OPERATIONS_SCHEMA "Operations"
void components_add(struct openapi *openapi, json_object *root);

/* openapi-yaml.c: block style; strings in double quotes. The caller frees; NULL without memory. */
char *yaml_text(json_object *root);

#endif
