// SPDX-License-Identifier: GPL-2.0-only
/*
 * The paths of the API document: an operation for each route, with what its flags say about
 * parameters, headers and refusals. Called by openapi.c.
 */
#include "controller/openapi.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const rights[] = {
	[RIGHT_NONE] = "Needs no token.",
	[RIGHT_READ] = "Needs the scope read.",
	[RIGHT_WRITE] = "Needs the scope write.",
	[RIGHT_ADMIN] = "Needs the scope admin.",
	[RIGHT_SYSTEM] = "Needs the scope system.",
	[RIGHT_AGENT] = "For agents, with their credential.",
};

const struct route_body *route_body(const struct openapi *openapi, const struct route *route)
{
	for (size_t i = 0; i < openapi->n_bodies; i++) {
		if (!strcmp(openapi->bodies[i].operation, route->operation))
			return &openapi->bodies[i];
	}
	return NULL;
}

/* Where an operation is answered, the kind that is sent is in the name: "bridge.create". */
static enum resource_kind sent_kind(const struct route *route)
{
	size_t length = strcspn(route->operation, ".");

	for (int kind = 0; route->shown == RESOURCE_OPERATION && kind < RESOURCE_KINDS; kind++) {
		const char *singular = resource_schema((enum resource_kind)kind)->singular;

		if (strlen(singular) == length && !strncmp(singular, route->operation, length))
			return (enum resource_kind)kind;
	}
	return route->shown;
}

bool route_sends(const struct openapi *openapi, const struct route *route, enum form *form,
		 enum resource_kind *kind)
{
	const struct route_body *body = route_body(openapi, route);

	*form = strcmp(route->method, "PATCH") ? FORM_CREATE : FORM_PATCH;
	*kind = sent_kind(route);
	return route->flags & ROUTE_BODY && route->shown < RESOURCE_KINDS &&
	       !(body && body->request);
}

/* {"application/json": {"schema": {...}}}; name NULL: any object. */
static void content_add(struct openapi *openapi, json_object *parent, const char *type,
			const char *name)
{
	json_object *media =
		object_add(openapi,
			   object_add(openapi, object_add(openapi, parent, "content"), type),
			   "schema");

	if (name)
		ref_add(openapi, media, "schemas", name);
	else
		text_add(openapi, media, "type",
			 !strcmp(type, "application/json") ? "object" : "string");
}

static void parameters_add(struct openapi *openapi, json_object *operation,
			   const struct route *route)
{
	static const struct {
		unsigned int flag;
		const char *name;
	} by_flag[] = {
		{ROUTE_LIST, "limit"},
		{ROUTE_LIST, "cursor"},
		{ROUTE_WATCH, "watch"},
		{ROUTE_IF_MATCH, "if-match"},
		{ROUTE_IDEMPOTENT, "idempotency-key"},
	};
	static const char *const filters[] = {"name", "owner"};
	json_object *parameters = array_add(openapi, operation, "parameters");

	for (const char *at = route->path; (at = strchr(at, '{')); at++) {
		json_object *parameter = object_add(openapi, parameters, NULL), *schema;
		int length = (int)strcspn(at + 1, "}");

		text_add(openapi, parameter, "name", "%.*s", length, at + 1);
		text_add(openapi, parameter, "in", "path");
		flag_add(openapi, parameter, "required", true);
		schema = object_add(openapi, parameter, "schema");
		text_add(openapi, schema, "type", "string");
		number_add(openapi, schema, "minLength", 1);
		number_add(openapi, schema, "maxLength", HTTP_PARAM_SIZE - 1);
	}
	for (size_t i = 0; i < sizeof(by_flag) / sizeof(by_flag[0]); i++) {
		if (route->flags & by_flag[i].flag)
			ref_add(openapi, object_add(openapi, parameters, NULL), "parameters",
				by_flag[i].name);
	}
	for (size_t i = 0; i < 2 && route->flags & ROUTE_LIST && route->shown < RESOURCE_KINDS; i++)
		ref_add(openapi, object_add(openapi, parameters, NULL), "parameters", filters[i]);
	if (parameters && !json_object_array_length(parameters))
		json_object_object_del(operation, "parameters");
}

static void request_add(struct openapi *openapi, json_object *operation, const struct route *route)
{
	const struct route_body *body = route_body(openapi, route);
	char name[SCHEMA_NAME_SIZE] = "";
	enum resource_kind kind;
	json_object *request;
	enum form form;

	if (!(route->flags & ROUTE_BODY))
		return;
	request = object_add(openapi, operation, "requestBody");
	flag_add(openapi, request, "required", true);
	if (route_sends(openapi, route, &form, &kind))
		schema_name(kind, form, name);
	else if (body && body->request)
		body_name(route->operation, "Request", name);
	content_add(openapi, request, "application/json", *name ? name : NULL);
}

static void headers_add(struct openapi *openapi, json_object *response, const struct route *route)
{
	json_object *headers = object_add(openapi, response, "headers");
	bool one = route->shown < RESOURCE_KINDS && !(route->flags & ROUTE_LIST);

	ref_add(openapi, object_add(openapi, headers, "X-Request-Id"), "headers", "X-Request-Id");
	if (one && route->status != 204 && !(route->flags & ROUTE_OPERATION))
		ref_add(openapi, object_add(openapi, headers, "ETag"), "headers", "ETag");
	/* What an agent is told has no place of its own, and neither have several operations. */
	if (one ? route->status == 201 || route->status == 202
		: route->status == 201 && route->right != RIGHT_NONE)
		ref_add(openapi, object_add(openapi, headers, "Location"), "headers", "Location");
}

static void answer_add(struct openapi *openapi, json_object *responses, const struct route *route)
{
	const struct route_body *body = route_body(openapi, route);
	char status[8], name[SCHEMA_NAME_SIZE] = "";
	json_object *response;

	snprintf(status, sizeof(status), "%d", route->status);
	response = object_add(openapi, responses, status);
	text_add(openapi, response, "description", "%s",
		 route->flags & ROUTE_OPERATION ? "Accepted; the operation tells how it goes."
						: "Done.");
	headers_add(openapi, response, route);
	if (route->status == 204)
		return;
	if (body && body->answer)
		body_name(route->operation, "Answer", name);
	else if (route->flags & ROUTE_OPERATION && route->shown == RESOURCE_KINDS)
		snprintf(name, sizeof(name), OPERATIONS_SCHEMA);
	else if (route->flags & ROUTE_OPERATION)
		schema_name(RESOURCE_OPERATION, FORM_ANSWER, name);
	else if (route->shown < RESOURCE_KINDS)
		schema_name(route->shown, FORM_ANSWER, name);
	if (*name && route->flags & ROUTE_LIST)
		strncat(name, "List", SCHEMA_NAME_SIZE - strlen(name) - 1);
	content_add(openapi, response, body && body->type ? body->type : "application/json",
		    *name ? name : NULL);
}

static bool is_refused(const struct route *route, int status)
{
	bool post = !strcmp(route->method, "POST"), get = !strcmp(route->method, "GET");

	switch (status) {
	case 401:
		/* A join token is in the body. */
		return route->right != RIGHT_NONE || route->flags & ROUTE_BODY;
	case 403:
		return route->right > RIGHT_NONE;
	case 404:
		return strchr(route->path, '{');
	case 409:
		return !get;
	case 412:
	case 428:
		return route->flags & ROUTE_IF_MATCH;
	case 413:
	case 415:
		return route->flags & ROUTE_BODY;
	case 422:
		return route->flags & (ROUTE_BODY | ROUTE_IDEMPOTENT);
	case 507:
		return post;
	default:
		return true;
	}
}

static void refusals_add(struct openapi *openapi, json_object *responses, const struct route *route)
{
	static const int statuses[] = {400, 401, 403, 404, 409, 412, 413, 415,
				       422, 428, 429, 431, 500, 503, 507};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		char status[8], name[32];

		if (!is_refused(route, statuses[i]))
			continue;
		snprintf(status, sizeof(status), "%d", statuses[i]);
		snprintf(name, sizeof(name), "Problem%d", statuses[i]);
		ref_add(openapi, object_add(openapi, responses, status), "responses", name);
	}
}

static void security_add(struct openapi *openapi, json_object *operation, const struct route *route)
{
	json_object *security = array_add(openapi, operation, "security");

	if (route->right == RIGHT_NONE)
		return;
	array_add(openapi, object_add(openapi, security, NULL),
		  route->right == RIGHT_AGENT ? "agent" : "token");
}

static void operation_add(struct openapi *openapi, json_object *path, const struct route *route)
{
	json_object *operation, *responses;
	char method[16] = "";

	for (size_t i = 0; route->method[i] && i < sizeof(method) - 1; i++)
		method[i] = (char)tolower((unsigned char)route->method[i]);
	operation = object_add(openapi, path, method);
	text_add(openapi, operation, "operationId", "%s", route->operation);
	text_add(openapi, operation, "summary", "%s", route->summary ? route->summary : "");
	text_add(openapi, operation, "description", "%s", rights[route->right]);
	text_add(openapi, array_add(openapi, operation, "tags"), NULL, "%.*s",
		 (int)strcspn(route->operation, "."), route->operation);
	if (route->flags & ROUTE_OLD)
		flag_add(openapi, operation, "deprecated", true);
	security_add(openapi, operation, route);
	parameters_add(openapi, operation, route);
	request_add(openapi, operation, route);
	responses = object_add(openapi, operation, "responses");
	answer_add(openapi, responses, route);
	refusals_add(openapi, responses, route);
}

void paths_add(struct openapi *openapi, json_object *root)
{
	json_object *paths = object_add(openapi, root, "paths");

	for (size_t i = 0; i < openapi->n; i++) {
		json_object *path = NULL;

		if (!json_object_object_get_ex(paths, openapi->table[i].path, &path))
			path = object_add(openapi, paths, openapi->table[i].path);
		operation_add(openapi, path, &openapi->table[i]);
	}
}
