// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a method and a path to the route of the table, with the params of the path decoded. The
 * server has checked the path's encoding (http-check.c). A search from the first route to the last,
 * since a hundred comparisons cost less than the first look at the store.
 */
#include "controller/route-table.h"

#include "controller/http-text.h"

#include <stdio.h>
#include <string.h>

/* Decodes one part of the path; false when it is empty, too long, or has a slash in it. */
static bool param_read(const char *part, size_t size, char param[HTTP_PARAM_SIZE])
{
	char text[3 * HTTP_PARAM_SIZE];

	if (!size || size >= sizeof(text))
		return false;
	memcpy(text, part, size);
	text[size] = '\0';
	if (http_text_decode(text) || strchr(text, '/') || strlen(text) >= HTTP_PARAM_SIZE)
		return false;
	memcpy(param, text, strlen(text) + 1);
	return true;
}

/* Compares part by part; params may have been written to when it does not match. */
static bool path_match(const char *pattern, const char *path,
		       char params[HTTP_PARAMS_MAX][HTTP_PARAM_SIZE])
{
	size_t n = 0;

	while (*pattern == '/' && *path == '/') {
		size_t wanted = strcspn(++pattern, "/"), given = strcspn(++path, "/");

		if (*pattern == '{') {
			if (n == HTTP_PARAMS_MAX || !param_read(path, given, params[n++]))
				return false;
		} else if (wanted != given || memcmp(pattern, path, given) != 0) {
			return false;
		}
		pattern += wanted;
		path += given;
	}
	return !*pattern && !*path;
}

/* Each method once; what does not fit is left out, the answer is still 405. */
static void allow_add(char allow[64], const char *method)
{
	size_t used = strlen(allow), length = strlen(method);

	for (const char *at = allow; (at = strstr(at, method)); at += length) {
		if ((at == allow || at[-1] == ' ') && (!at[length] || at[length] == ','))
			return;
	}
	if (used + length + 2 < 64)
		snprintf(allow + used, 64 - used, "%s%s", used ? ", " : "", method);
}

int route_match(const struct route *table, size_t n, struct http_request *request,
		const struct route **route, char allow[64], struct fault *fault)
{
	char params[HTTP_PARAMS_MAX][HTTP_PARAM_SIZE];
	bool found = false;

	allow[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		memset(params, 0, sizeof(params));
		if (!path_match(table[i].path, request->path, params))
			continue;
		if (!strcmp(table[i].method, request->method)) {
			memcpy(request->params, params, sizeof(params));
			*route = &table[i];
			return 0;
		}
		found = true;
		allow_add(allow, table[i].method);
		if (!strcmp(table[i].method, "GET"))
			allow_add(allow, "HEAD");
	}
	if (!found)
		return fault_refuse(fault, CODE_ROUTE_UNKNOWN, NULL, "%.200s", request->path);
	return fault_refuse(fault, CODE_METHOD_NOT_ALLOWED, NULL, "%.40s; the path has %s",
			    request->method, allow);
}

int route_find(struct http_request *request, const struct route **route, char allow[64],
	       struct fault *fault)
{
	return route_match(routes, n_routes, request, route, allow, fault);
}
