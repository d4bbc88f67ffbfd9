// SPDX-License-Identifier: GPL-2.0-only
/*
 * The API document, OpenAPI 3.1, made from the tables that the server itself works by: routes for
 * the paths (openapi-path.c), properties for the schemas (openapi-schema.c), codes for the refusals
 * (openapi-component.c). The same tables give the same text, byte by byte.
 */
#include "controller/openapi.h"

#include <stdarg.h>
#include <stdio.h>

json_object *node_add(struct openapi *openapi, json_object *parent, const char *name,
		      json_object *child)
{
	bool added;

	if (!parent || !child)
		added = false;
	else if (json_object_is_type(parent, json_type_array))
		added = !json_object_array_add(parent, child);
	else
		added = !json_object_object_add(parent, name, child);
	if (added)
		return child;
	openapi->failed = true;
	json_object_put(child);
	return NULL;
}

json_object *object_add(struct openapi *openapi, json_object *parent, const char *name)
{
	return node_add(openapi, parent, name, json_object_new_object());
}

json_object *array_add(struct openapi *openapi, json_object *parent, const char *name)
{
	return node_add(openapi, parent, name, json_object_new_array());
}

void text_add(struct openapi *openapi, json_object *parent, const char *name, const char *format,
	      ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	node_add(openapi, parent, name, json_object_new_string(text));
}

void number_add(struct openapi *openapi, json_object *parent, const char *name, int64_t number)
{
	node_add(openapi, parent, name, json_object_new_int64(number));
}

void flag_add(struct openapi *openapi, json_object *parent, const char *name, bool flag)
{
	node_add(openapi, parent, name, json_object_new_boolean(flag));
}

void ref_add(struct openapi *openapi, json_object *node, const char *section, const char *name)
{
	text_add(openapi, node, "$ref", "#/components/%s/%s", section, name);
}

static void info_add(struct openapi *openapi, json_object *root)
{
	json_object *info;

	text_add(openapi, root, "openapi", "3.1.0");
	info = object_add(openapi, root, "info");
	text_add(openapi, info, "title", "lbmesh controller");
	text_add(openapi, info, "version", "1");
	text_add(openapi, info, "description",
		 "Networks, hosts, firewalls and what belongs to them. Requests and answers are "
		 "JSON; unknown fields are refused. Refusals are problem details (RFC 9457) with a "
		 "stable code. Times are RFC 3339, in UTC. PATCH is a merge patch (RFC 7396). HEAD "
		 "is answered wherever GET is.");
	text_add(openapi, object_add(openapi, info, "license"), "identifier", "GPL-2.0-only");
	text_add(openapi, json_object_object_get(info, "license"), "name", "GPL-2.0-only");
}

char *openapi_write(const struct route *table, size_t n, const struct route_body *bodies,
		    size_t n_bodies)
{
	struct openapi openapi = {.table = table, .n = n, .bodies = bodies, .n_bodies = n_bodies};
	json_object *root = json_object_new_object();
	char *text = NULL;

	if (!root)
		return NULL;
	info_add(&openapi, root);
	paths_add(&openapi, root);
	components_add(&openapi, root);
	if (!openapi.failed)
		text = yaml_text(root);
	json_object_put(root);
	return text;
}

char *openapi_text(void)
{
	return openapi_write(routes, n_routes, route_bodies, n_route_bodies);
}
