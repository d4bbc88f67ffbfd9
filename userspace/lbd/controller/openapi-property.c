// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON Schema (2020-12, as OpenAPI 3.1 has it) of a property: its type, limits and default, and of
 * objects and lists what is in them. Called by openapi-schema.c. Lengths of texts are bytes in the tables and characters in a
 * schema: what the schema refuses is refused, and a little more is.
 */
#include "controller/openapi.h"

static void value_add(struct openapi *openapi, json_object *schema, const struct property *property,
		      enum form form);

/* "string", or with null, which stands for no value and in a patch for the default. */
void type_add(struct openapi *openapi, json_object *schema, const char *type, bool nullable)
{
	json_object *types;

	if (!nullable) {
		text_add(openapi, schema, "type", "%s", type);
		return;
	}
	types = array_add(openapi, schema, "type");
	text_add(openapi, types, NULL, "%s", type);
	text_add(openapi, types, NULL, "null");
}

static bool is_nullable(const struct property *property, enum form form)
{
	if (property->flags & PROPERTY_REQUIRED)
		return false;
	if (form == FORM_PATCH)
		return property->name != NULL;
	switch (property->type) {
	case PROPERTY_ID:
	case PROPERTY_TIME:
	case PROPERTY_PREFIX:
	case PROPERTY_ADDRESS:
	case PROPERTY_ENDPOINT:
	case PROPERTY_KEY:
		return property->name != NULL;
	default:
		return false;
	}
}

static void id_pattern_add(struct openapi *openapi, json_object *schema, enum resource_kind kind)
{
	text_add(openapi, schema, "pattern", "^%s_" ULID_PATTERN,
		 kind < RESOURCE_KINDS ? resource_schema(kind)->prefix : "[a-z]+");
}

static void text_limits_add(struct openapi *openapi, json_object *schema,
			    const struct property *property)
{
	if (property->min)
		number_add(openapi, schema, "minLength", property->min);
	number_add(openapi, schema, "maxLength", (int64_t)property->size - 1);
}

static void words_add(struct openapi *openapi, json_object *schema, const struct property *property,
		      bool nullable)
{
	json_object *words = array_add(openapi, schema, "enum");

	for (size_t i = 0; i < property->n_words; i++)
		text_add(openapi, words, NULL, "%s", property->words[i]);
	if (nullable && words)
		json_object_array_add(words, NULL);
	if (property->words_tenant && property->words_tenant < property->n_words)
		text_add(openapi, schema, "$comment",
			 "With the system's scope only: the words after \"%s\".",
			 property->words[property->words_tenant - 1]);
}

static void list_add(struct openapi *openapi, json_object *schema, const struct property *property,
		     enum form form)
{
	json_object *items = object_add(openapi, schema, "items");

	if (property->n_fields == 1 && !property->fields[0].name) {
		value_add(openapi, items, &property->fields[0], form);
	} else {
		struct property element = {
			.name = "element",
			.type = PROPERTY_OBJECT,
			.flags = PROPERTY_REQUIRED,
			.fields = property->fields,
			.n_fields = property->n_fields,
		};

		value_add(openapi, items, &element, form);
	}
	if (property->min)
		number_add(openapi, schema, "minItems", property->min);
	number_add(openapi, schema, "maxItems", property->max);
	if (property->flags & PROPERTY_UNIQUE)
		flag_add(openapi, schema, "uniqueItems", true);
}

static void pair_add(struct openapi *openapi, json_object *schema, const struct property *property)
{
	json_object *items = object_add(openapi, schema, "items");

	text_add(openapi, items, "type", "string");
	id_pattern_add(openapi, items, property->refers);
	number_add(openapi, schema, "minItems", 2);
	number_add(openapi, schema, "maxItems", 2);
}

bool property_is_shown(const struct property *property, enum form form)
{
	if (property->flags & PROPERTY_HIDDEN)
		return false;
	if (form == FORM_ANSWER)
		return true;
	if (property->flags & PROPERTY_READ_ONLY)
		return false;
	return form == FORM_CREATE || property->flags & PROPERTY_MUTABLE;
}

void property_add(struct openapi *openapi, json_object *properties, const struct property *property,
		  enum form form)
{
	json_object *schema = object_add(openapi, properties, property->name);
	bool system = property->flags & PROPERTY_SYSTEM;

	value_add(openapi, schema, property, form);
	if (property->help || system)
		text_add(openapi, schema, "description", "%s%s%s",
			 property->help ? property->help : "", property->help && system ? " " : "",
			 system ? "Seen and set with the system's scope only." : "");
	if (form == FORM_ANSWER && property->flags & PROPERTY_READ_ONLY)
		flag_add(openapi, schema, "readOnly", true);
}

/*
 * The fields of an object that is part of a resource: all of them in an answer, and in a patch as in
 * a creation, since such an object is replaced as a whole.
 */
void fields_add(struct openapi *openapi, json_object *schema, const struct property *fields,
		size_t n, enum form form)
{
	json_object *properties, *required = NULL;

	form = form == FORM_PATCH ? FORM_CREATE : form;
	text_add(openapi, schema, "type", "object");
	flag_add(openapi, schema, "additionalProperties", false);
	properties = object_add(openapi, schema, "properties");
	for (size_t i = 0; i < n; i++) {
		bool always = form == FORM_ANSWER ? !(fields[i].flags & PROPERTY_SYSTEM)
						  : fields[i].flags & PROPERTY_REQUIRED;

		if (!property_is_shown(&fields[i], form))
			continue;
		property_add(openapi, properties, &fields[i], form);
		if (!always)
			continue;
		if (!required)
			required = array_add(openapi, schema, "required");
		text_add(openapi, required, NULL, "%s", fields[i].name);
	}
}

static void default_add(struct openapi *openapi, json_object *schema,
			const struct property *property)
{
	switch (property->type) {
	case PROPERTY_TEXT:
		text_add(openapi, schema, "default", "%s",
			 property->initial_text ? property->initial_text : "");
		break;
	case PROPERTY_BOOLEAN:
		flag_add(openapi, schema, "default", property->initial);
		break;
	case PROPERTY_NUMBER:
		/* Outside of its range it means that the controller chooses one. */
		if (property->initial >= property->min && property->initial <= property->max)
			number_add(openapi, schema, "default", property->initial);
		break;
	case PROPERTY_WORD:
		text_add(openapi, schema, "default", "%s", property->words[0]);
		break;
	case PROPERTY_LIST:
		if (!property->min)
			array_add(openapi, schema, "default");
		break;
	default:
		break;
	}
}

static void address_add(struct openapi *openapi, json_object *schema,
			const struct property *property)
{
	json_object *examples = array_add(openapi, schema, "examples");

	switch (property->type) {
	case PROPERTY_PREFIX:
		text_add(openapi, examples, NULL, "10.64.0.0/24");
		break;
	case PROPERTY_ADDRESS:
		text_add(openapi, examples, NULL, "10.64.0.1");
		break;
	default:
		text_add(openapi, examples, NULL, "192.0.2.1:51820");
		text_add(openapi, examples, NULL, "[2001:db8::1]:51820");
		break;
	}
}

static const char *type_of(const struct property *property)
{
	switch (property->type) {
	case PROPERTY_BOOLEAN:
		return "boolean";
	case PROPERTY_NUMBER:
		return "integer";
	case PROPERTY_PAIR:
	case PROPERTY_LIST:
		return "array";
	default:
		return "string";
	}
}

static void limits_add(struct openapi *openapi, json_object *schema,
		       const struct property *property, enum form form, bool nullable)
{
	switch (property->type) {
	case PROPERTY_TEXT:
		text_limits_add(openapi, schema, property);
		break;
	case PROPERTY_NAME:
		text_add(openapi, schema, "pattern", NAME_PATTERN);
		break;
	case PROPERTY_ID:
		id_pattern_add(openapi, schema, property->refers);
		break;
	case PROPERTY_NUMBER:
		text_add(openapi, schema, "format", "int64");
		number_add(openapi, schema, "minimum", property->min);
		number_add(openapi, schema, "maximum", property->max);
		break;
	case PROPERTY_TIME:
		text_add(openapi, schema, "format", "date-time");
		break;
	case PROPERTY_WORD:
		words_add(openapi, schema, property, nullable);
		break;
	case PROPERTY_KEY:
		text_add(openapi, schema, "pattern", "^[A-Za-z0-9+/]{43}=$");
		break;
	case PROPERTY_PAIR:
		pair_add(openapi, schema, property);
		break;
	case PROPERTY_LIST:
		list_add(openapi, schema, property, form);
		break;
	case PROPERTY_PREFIX:
	case PROPERTY_ADDRESS:
	case PROPERTY_ENDPOINT:
		address_add(openapi, schema, property);
		break;
	default:
		break;
	}
}

static void value_add(struct openapi *openapi, json_object *schema, const struct property *property,
		      enum form form)
{
	bool nullable = is_nullable(property, form);

	if (property->type == PROPERTY_OBJECT) {
		fields_add(openapi, schema, property->fields, property->n_fields, form);
		return;
	}
	type_add(openapi, schema, type_of(property), nullable);
	limits_add(openapi, schema, property, form, nullable);
	if (form == FORM_CREATE && property->name && !(property->flags & PROPERTY_REQUIRED))
		default_add(openapi, schema, property);
}
