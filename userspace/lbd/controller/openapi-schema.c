// SPDX-License-Identifier: GPL-2.0-only
/*
 * The schemas of the API document: each kind of resource as it is answered, created and changed, and
 * the other bodies of operations. The head is what all kinds have, and not in their tables; the rest
 * is openapi-property.c's. Called by openapi-component.c.
 */
#include "controller/openapi.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void head_text_add(struct openapi *openapi, json_object *properties, const char *name,
			  const char *help)
{
	json_object *schema = object_add(openapi, properties, name);

	text_add(openapi, schema, "type", "string");
	flag_add(openapi, schema, "readOnly", true);
	text_add(openapi, schema, "description", "%s", help);
}

static void head_id_add(struct openapi *openapi, json_object *properties, const char *name,
			const char *help, bool nullable)
{
	json_object *schema = object_add(openapi, properties, name);

	type_add(openapi, schema, "string", nullable);
	text_add(openapi, schema, "pattern", "^[a-z]+_" ULID_PATTERN);
	text_add(openapi, schema, "description", "%s", help);
}

static void head_answer_add(struct openapi *openapi, json_object *properties,
			    const struct resource_schema *kind)
{
	json_object *version;

	head_id_add(openapi, properties, "id", "Made by the controller.", false);
	head_id_add(openapi, properties, "org", "Null: the system's.", true);
	if (kind->scope_shown)
		head_id_add(openapi, properties, kind->scope_shown,
			    "Within which the name is unique.", true);
	if (kind->owner_shown)
		head_id_add(openapi, properties, kind->owner_shown, "What it hangs on.", true);
	head_text_add(openapi, properties, "name", "Unique in its place.");
	version = object_add(openapi, properties, "version");
	text_add(openapi, version, "type", "integer");
	number_add(openapi, version, "minimum", 1);
	flag_add(openapi, version, "readOnly", true);
	text_add(openapi, version, "description", "One more with each change; the ETag.");
	head_text_add(openapi, properties, "created_at", "RFC 3339.");
	text_add(openapi, json_object_object_get(properties, "created_at"), "format", "date-time");
	head_text_add(openapi, properties, "updated_at", "RFC 3339.");
	text_add(openapi, json_object_object_get(properties, "updated_at"), "format", "date-time");
}

static void head_request_add(struct openapi *openapi, json_object *properties,
			     const struct resource_schema *kind, enum form form)
{
	bool name = !(kind->name_flags & PROPERTY_READ_ONLY);
	json_object *schema;

	if (form == FORM_PATCH)
		name = kind->name_flags & PROPERTY_MUTABLE;
	if (form == FORM_CREATE && kind->owner_shown)
		head_id_add(openapi, properties, kind->owner_shown,
			    "What it hangs on, unless the path says so.", false);
	if (!name)
		return;
	schema = object_add(openapi, properties, "name");
	text_add(openapi, schema, "type", "string");
	text_add(openapi, schema, "pattern", NAME_PATTERN);
	text_add(openapi, schema, "description", "Unique in its place; a DNS label.");
}

static void head_required_add(struct openapi *openapi, json_object *required,
			      const struct resource_schema *kind)
{
	static const char *const always[] = {"id",	"org",	      "name",
					     "version", "created_at", "updated_at"};

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		text_add(openapi, required, NULL, "%s", always[i]);
	if (kind->scope_shown)
		text_add(openapi, required, NULL, "%s", kind->scope_shown);
	if (kind->owner_shown)
		text_add(openapi, required, NULL, "%s", kind->owner_shown);
}

/* "network.refresh" to "NetworkRefresh". */
static void words_join(const char *words, char name[SCHEMA_NAME_SIZE])
{
	bool start = true;
	size_t n = 0;

	for (; *words && n < SCHEMA_NAME_SIZE - 1; words++) {
		if (!isalnum((unsigned char)*words)) {
			start = true;
			continue;
		}
		name[n++] = (char)(start ? toupper((unsigned char)*words) : *words);
		start = false;
	}
	name[n] = '\0';
}

void schema_name(enum resource_kind kind, enum form form, char name[SCHEMA_NAME_SIZE])
{
	static const char *const suffixes[FORMS] = {"", "Create", "Patch"};

	body_name(resource_schema(kind)->singular, suffixes[form], name);
}

void body_name(const char *operation, const char *suffix, char name[SCHEMA_NAME_SIZE])
{
	size_t used;

	words_join(operation, name);
	used = strlen(name);
	snprintf(name + used, SCHEMA_NAME_SIZE - used, "%s", suffix);
}

void schema_add(struct openapi *openapi, enum resource_kind kind, enum form form)
{
	const struct resource_schema *described = resource_schema(kind);
	json_object *schema, *properties, *required;
	char name[SCHEMA_NAME_SIZE];

	schema_name(kind, form, name);
	schema = object_add(openapi, openapi->schemas, name);
	text_add(openapi, schema, "type", "object");
	flag_add(openapi, schema, "additionalProperties", false);
	properties = object_add(openapi, schema, "properties");
	if (form == FORM_ANSWER)
		head_answer_add(openapi, properties, described);
	else
		head_request_add(openapi, properties, described, form);
	for (size_t i = 0; i < described->n_properties; i++) {
		if (property_is_shown(&described->properties[i], form))
			property_add(openapi, properties, &described->properties[i], form);
	}
	if (form == FORM_PATCH)
		return;
	required = array_add(openapi, schema, "required");
	if (form == FORM_ANSWER)
		head_required_add(openapi, required, described);
	else if (described->name_flags & PROPERTY_REQUIRED)
		text_add(openapi, required, NULL, "name");
	for (size_t i = 0; i < described->n_properties; i++) {
		const struct property *property = &described->properties[i];
		bool always = form == FORM_ANSWER ? !(property->flags & PROPERTY_SYSTEM)
						  : property->flags & PROPERTY_REQUIRED;

		if (always && property_is_shown(property, form))
			text_add(openapi, required, NULL, "%s", property->name);
	}
}

void body_add(struct openapi *openapi, const char *name, const struct property *properties,
	      size_t n, enum form form)
{
	fields_add(openapi, object_add(openapi, openapi->schemas, name), properties, n, form);
}
