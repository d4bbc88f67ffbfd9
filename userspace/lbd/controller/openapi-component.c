// SPDX-License-Identifier: GPL-2.0-only
/*
 * The components of the API document: parameters, headers, refusals by status with their codes, and
 * the schemas that the paths refer to, each once, in the order of the kinds. Called by openapi.c.
 */
#include "controller/openapi.h"

#include <stdio.h>
#include <string.h>

static json_object *parameter_add(struct openapi *openapi, json_object *parameters, const char *key,
				  const char *name, const char *in, const char *help)
{
	json_object *parameter = object_add(openapi, parameters, key);

	text_add(openapi, parameter, "name", "%s", name);
	text_add(openapi, parameter, "in", "%s", in);
	text_add(openapi, parameter, "description", "%s", help);
	return parameter;
}

static void parameters_add(struct openapi *openapi, json_object *components)
{
	json_object *parameters = object_add(openapi, components, "parameters"), *parameter,
		    *schema;

	parameter = parameter_add(openapi, parameters, "limit", "limit", "query",
				  "How many items a page has at most.");
	schema = object_add(openapi, parameter, "schema");
	text_add(openapi, schema, "type", "integer");
	number_add(openapi, schema, "minimum", 1);
	number_add(openapi, schema, "maximum", LIST_LIMIT_MAX);
	number_add(openapi, schema, "default", LIST_LIMIT_DEFAULT);
	parameter = parameter_add(openapi, parameters, "cursor", "cursor", "query",
				  "The \"next\" of the page before; absent for the first page.");
	text_add(openapi, object_add(openapi, parameter, "schema"), "type", "string");
	parameter = parameter_add(openapi, parameters, "name", "name", "query",
				  "Only the objects with this name.");
	text_add(openapi, object_add(openapi, parameter, "schema"), "type", "string");
	parameter =
		parameter_add(openapi, parameters, "owner", "owner", "query",
			      "Only the objects of the owner with this id; empty: without one.");
	text_add(openapi, object_add(openapi, parameter, "schema"), "type", "string");
	parameter = parameter_add(openapi, parameters, "watch", "watch", "query",
				  "Waits with the answer until the version is another than this, "
				  "at most a minute; then the answer is what there is, with this "
				  "version still.");
	schema = object_add(openapi, parameter, "schema");
	text_add(openapi, schema, "type", "integer");
	number_add(openapi, schema, "minimum", 0);
	parameter = parameter_add(openapi, parameters, "if-match", "If-Match", "header",
				  "The ETag of what was read; refused when it has changed since.");
	flag_add(openapi, parameter, "required", true);
	text_add(openapi, object_add(openapi, parameter, "schema"), "type", "string");
	parameter =
		parameter_add(openapi, parameters, "idempotency-key", "Idempotency-Key", "header",
			      "The same key with the same request has the same answer again.");
	schema = object_add(openapi, parameter, "schema");
	text_add(openapi, schema, "type", "string");
	number_add(openapi, schema, "minLength", 1);
	number_add(openapi, schema, "maxLength", IDEMPOTENCY_KEY_MAX);
}

static void headers_add(struct openapi *openapi, json_object *components)
{
	static const struct {
		const char *name, *help;
	} all[] = {
		{"X-Request-Id",
		 "The request's id (a ULID), as in the controller's log and audit."},
		{"ETag", "The version, to be sent as If-Match."},
		{"Location", "Where the created object, or the operation, is."},
		{"Retry-After", "Seconds to wait before the next try."},
	};
	json_object *headers = object_add(openapi, components, "headers");

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		json_object *header = object_add(openapi, headers, all[i].name);

		text_add(openapi, header, "description", "%s", all[i].help);
		text_add(openapi, object_add(openapi, header, "schema"), "type", "%s",
			 strcmp(all[i].name, "Retry-After") ? "string" : "integer");
	}
}

/* The codes of one status: as a sentence for people, and as the schema's enum. */
static void refusal_add(struct openapi *openapi, json_object *responses, int status)
{
	json_object *response, *headers, *schema, *codes, *all;
	char name[32], text[1024] = "";

	snprintf(name, sizeof(name), "Problem%d", status);
	response = object_add(openapi, responses, name);
	codes = json_object_new_array();
	for (int code = 0; code < CODE_COUNT; code++) {
		const struct code_info *info = code_info((enum code)code);
		size_t used = strlen(text);

		if (info->status != status)
			continue;
		snprintf(text + used, sizeof(text) - used, "%s%s: %s.", used ? " " : "", info->text,
			 info->title);
		text_add(openapi, codes, NULL, "%s", info->text);
	}
	text_add(openapi, response, "description", "%s", text);
	headers = object_add(openapi, response, "headers");
	ref_add(openapi, object_add(openapi, headers, "X-Request-Id"), "headers", "X-Request-Id");
	if (status == 429 || status == 503)
		ref_add(openapi, object_add(openapi, headers, "Retry-After"), "headers",
			"Retry-After");
	schema = object_add(openapi,
			    object_add(openapi, object_add(openapi, response, "content"),
				       "application/problem+json"),
			    "schema");
	all = array_add(openapi, schema, "allOf");
	ref_add(openapi, object_add(openapi, all, NULL), "schemas", "Problem");
	schema = object_add(openapi, object_add(openapi, all, NULL), "properties");
	node_add(openapi, object_add(openapi, schema, "code"), "enum", codes);
}

static void refusals_add(struct openapi *openapi, json_object *components)
{
	json_object *responses = object_add(openapi, components, "responses");

	for (int status = 400; status < 600; status++) {
		bool used = false;

		for (int code = 0; code < CODE_COUNT; code++)
			used |= code_info((enum code)code)->status == status;
		if (used)
			refusal_add(openapi, responses, status);
	}
}

static void problem_add(struct openapi *openapi)
{
	static const struct {
		const char *name, *help;
		bool always;
	} all[] = {
		{"type", "urn:lbmesh:problem: and the code.", true},
		{"title", "What the code means.", true},
		{"detail", "What it was this time.", false},
		{"code", "Stable: what a program may compare.", true},
		{"path", "The field at fault: rules[3].source.", false},
		{"remedy", "What to do.", true},
		{"id", "The request's id.", true},
	};
	json_object *schema = object_add(openapi, openapi->schemas, "Problem"), *properties;
	json_object *required, *property;

	text_add(openapi, schema, "type", "object");
	properties = object_add(openapi, schema, "properties");
	required = array_add(openapi, schema, "required");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		property = object_add(openapi, properties, all[i].name);
		text_add(openapi, property, "type", "string");
		text_add(openapi, property, "description", "%s", all[i].help);
		if (all[i].always)
			text_add(openapi, required, NULL, "%s", all[i].name);
	}
	property = object_add(openapi, properties, "status");
	text_add(openapi, property, "type", "integer");
	text_add(openapi, property, "description", "That of the answer.");
	text_add(openapi, required, NULL, "status");
}

/* {"items": [...]}; its properties, for more. */
static json_object *items_add(struct openapi *openapi, json_object *schema, const char *item)
{
	json_object *properties, *property;

	text_add(openapi, schema, "type", "object");
	flag_add(openapi, schema, "additionalProperties", false);
	properties = object_add(openapi, schema, "properties");
	property = object_add(openapi, properties, "items");
	text_add(openapi, property, "type", "array");
	ref_add(openapi, object_add(openapi, property, "items"), "schemas", item);
	return properties;
}

/* Of one request that began several. */
static void operations_add(struct openapi *openapi)
{
	char item[SCHEMA_NAME_SIZE];
	json_object *schema;
	bool used = false;

	for (size_t i = 0; i < openapi->n; i++)
		used |= openapi->table[i].flags & ROUTE_OPERATION &&
			openapi->table[i].shown == RESOURCE_KINDS;
	if (!used)
		return;
	schema_name(RESOURCE_OPERATION, FORM_ANSWER, item);
	schema = object_add(openapi, openapi->schemas, OPERATIONS_SCHEMA);
	items_add(openapi, schema, item);
	text_add(openapi, array_add(openapi, schema, "required"), NULL, "items");
}

/* A page: {"items": [...], "next": "..."}. */
static void list_add(struct openapi *openapi, const char *item)
{
	json_object *schema, *properties, *property, *required;
	char name[SCHEMA_NAME_SIZE + 8];

	snprintf(name, sizeof(name), "%sList", item);
	schema = object_add(openapi, openapi->schemas, name);
	properties = items_add(openapi, schema, item);
	property = object_add(openapi, properties, "next");
	required = array_add(openapi, property, "type");
	text_add(openapi, required, NULL, "string");
	text_add(openapi, required, NULL, "null");
	text_add(openapi, property, "description", "The cursor of the next page; null: the last.");
	required = array_add(openapi, schema, "required");
	text_add(openapi, required, NULL, "items");
	text_add(openapi, required, NULL, "next");
}

/* Which forms of a kind the routes use. */
static void kind_add(struct openapi *openapi, enum resource_kind kind)
{
	bool forms[FORMS] = {false}, list = false;
	char name[SCHEMA_NAME_SIZE];

	for (size_t i = 0; i < openapi->n; i++) {
		const struct route *route = &openapi->table[i];
		const struct route_body *body = route_body(openapi, route);
		enum resource_kind sent;
		enum form form;

		if (route->flags & ROUTE_OPERATION && kind == RESOURCE_OPERATION)
			forms[FORM_ANSWER] = true;
		if (route_sends(openapi, route, &form, &sent) && sent == kind)
			forms[form] = true;
		if (route->shown != kind)
			continue;
		if (body && body->answer)
			continue;
		forms[FORM_ANSWER] |= route->status != 204 && !(route->flags & ROUTE_OPERATION);
		list |= route->flags & ROUTE_LIST;
	}
	for (int form = 0; form < FORMS; form++) {
		if (forms[form])
			schema_add(openapi, kind, (enum form)form);
	}
	schema_name(kind, FORM_ANSWER, name);
	if (list)
		list_add(openapi, name);
}

static void bodies_add(struct openapi *openapi)
{
	char name[SCHEMA_NAME_SIZE];

	for (size_t i = 0; i < openapi->n; i++) {
		const struct route *route = &openapi->table[i];
		const struct route_body *body = route_body(openapi, route);

		if (body && body->request) {
			body_name(route->operation, "Request", name);
			body_add(openapi, name, body->request, body->n_request, FORM_CREATE);
		}
		if (body && body->answer) {
			body_name(route->operation, "Answer", name);
			body_add(openapi, name, body->answer, body->n_answer, FORM_ANSWER);
			if (route->flags & ROUTE_LIST)
				list_add(openapi, name);
		}
	}
}

static void security_add(struct openapi *openapi, json_object *components)
{
	json_object *schemes = object_add(openapi, components, "securitySchemes"), *scheme;

	scheme = object_add(openapi, schemes, "token");
	text_add(openapi, scheme, "type", "http");
	text_add(openapi, scheme, "scheme", "bearer");
	text_add(openapi, scheme, "description", "A token of kind api, with scopes.");
	scheme = object_add(openapi, schemes, "agent");
	text_add(openapi, scheme, "type", "http");
	text_add(openapi, scheme, "scheme", "bearer");
	text_add(openapi, scheme, "description",
		 "The credential that a host has from its enrolment.");
}

void components_add(struct openapi *openapi, json_object *root)
{
	json_object *components = object_add(openapi, root, "components");

	security_add(openapi, components);
	parameters_add(openapi, components);
	headers_add(openapi, components);
	refusals_add(openapi, components);
	openapi->schemas = object_add(openapi, components, "schemas");
	problem_add(openapi);
	for (int kind = 0; kind < RESOURCE_KINDS; kind++)
		kind_add(openapi, (enum resource_kind)kind);
	bodies_add(openapi);
	operations_add(openapi);
}
