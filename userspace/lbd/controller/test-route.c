// SPDX-License-Identifier: GPL-2.0-only
/* Dispatch: which route a request has, with which params, and what is refused. */
#include "controller/route-table.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct route routes[] = {
	{.method = "GET", .path = "/v1/orgs", .operation = "org.list"},
	{.method = "POST", .path = "/v1/orgs", .operation = "org.create"},
	{.method = "GET", .path = "/v1/orgs/{org}", .operation = "org.get"},
	{.method = "PATCH", .path = "/v1/orgs/{org}", .operation = "org.change"},
	{.method = "DELETE", .path = "/v1/orgs/{org}", .operation = "org.delete"},
	{.method = "GET", .path = "/v1/orgs/{org}/networks/{network}", .operation = "network.get"},
	{.method = "POST",
	 .path = "/v1/orgs/{org}/networks/{network}/refresh",
	 .operation = "network.refresh"},
	{.method = "GET", .path = "/v1/{a}/{b}/{c}/{d}/end", .operation = "four"},
	{.method = "GET", .path = "/v1/{a}/{b}/{c}/{d}/{e}/end", .operation = "five"},
	{.method = "GET", .path = "/", .operation = "root"},
};
const size_t n_routes = sizeof(routes) / sizeof(routes[0]);
const struct route_body route_bodies[1];
const size_t n_route_bodies = 0;

static struct http_request request;
static struct fault fault;
static char allow[64];

/* The operation, or "". */
static const char *find(const char *method, const char *path)
{
	const struct route *route = NULL;
	int ret;

	memset(&request, 0, sizeof(request));
	request.method = method;
	request.path = path;
	fault = (struct fault){0};
	ret = route_find(&request, &route, allow, &fault);
	cr_expect_eq(!ret, route != NULL);
	return route ? route->operation : "";
}

Test(route, is_found_by_method_and_path)
{
	cr_expect_str_eq(find("GET", "/v1/orgs"), "org.list");
	cr_expect_str_eq(find("POST", "/v1/orgs"), "org.create");
	cr_expect_str_eq(find("GET", "/"), "root");
	cr_expect_str_eq(find("GET", "/v1/orgs/org_1"), "org.get");
	cr_expect_str_eq(request.params[0], "org_1");
	cr_expect_str_eq(find("POST", "/v1/orgs/o/networks/n/refresh"), "network.refresh");
	cr_expect_str_eq(request.params[0], "o");
	cr_expect_str_eq(request.params[1], "n");
	cr_expect_str_empty(request.params[2]);
	cr_expect_str_eq(find("GET", "/v1/1/2/3/4/end"), "four");
	cr_expect_str_eq(request.params[3], "4");
}

Test(route, has_its_params_decoded)
{
	char path[512];
	int n;

	cr_expect_str_eq(find("GET", "/v1/orgs/a%20b%C3%A9"), "org.get");
	cr_expect_str_eq(request.params[0], "a b\xc3\xa9");
	n = snprintf(path, sizeof(path), "/v1/orgs/");
	for (int i = 0; i < HTTP_PARAM_SIZE - 1; i++)
		n += snprintf(path + n, sizeof(path) - (size_t)n, "%%61");
	cr_expect_str_eq(find("GET", path), "org.get");
	cr_expect_eq(strlen(request.params[0]), HTTP_PARAM_SIZE - 1);
	snprintf(path + n, sizeof(path) - (size_t)n, "a");
	cr_expect_str_eq(find("GET", path), "", "longer than a param may be");
}

Test(route, is_not_found_for_what_only_looks_like_it)
{
	static const char *const paths[] = {
		"",
		"/v1",
		"/v1/",
		"/v1/orgs/",
		"//v1/orgs",
		"/v1//orgs",
		"/v1/orgs/a/",
		"/v1/org",
		"/v1/orgsx",
		"v1/orgs",
		"/v1/orgs/a%2Fb",
		"/v1/orgs//networks/n",
		"/v1/o%72gs",
		"/v1/1/2/3/4/5/end",
		"/v1/orgs/a/networks/n/refresh/x",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		cr_expect_str_empty(find("GET", paths[i]), "%s", paths[i]);
		cr_expect_eq(fault.code, CODE_ROUTE_UNKNOWN, "%s", paths[i]);
		cr_expect_str_empty(allow);
	}
}

Test(route, says_which_methods_a_path_has)
{
	cr_expect_str_empty(find("PUT", "/v1/orgs/a"));
	cr_expect_eq(fault.code, CODE_METHOD_NOT_ALLOWED);
	cr_expect_str_eq(allow, "GET, HEAD, PATCH, DELETE");
	cr_expect_str_empty(find("get", "/v1/orgs"));
	cr_expect_str_eq(allow, "GET, HEAD, POST");
	cr_expect_str_empty(find("TRACE", "/v1/orgs/o/networks/n/refresh"));
	cr_expect_str_eq(allow, "POST");
	cr_expect_str_empty(request.params[0], "a param of a request that is refused");
}
