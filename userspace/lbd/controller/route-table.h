/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What route.h offers for the controller's own table, for any table: tests have small ones. And the
 * bodies of operations that are no resource, which openapi.c shows.
 */
#ifndef LBD_CONTROLLER_ROUTE_TABLE_H
#define LBD_CONTROLLER_ROUTE_TABLE_H

#include "controller/route.h"

int route_match(const struct route *table, size_t n, struct http_request *request,
		const struct route **route, char allow[64], struct fault *fault);

/*
 * The bodies of a route whose shown is RESOURCE_KINDS, or that wants another body than the resource
 * it shows: by properties, as resources have them. NULL: the request has the resource's, or any
 * object; the answer has any object. type: of an answer that is no JSON ("application/yaml").
 */
struct route_body {
	const char *operation;
	const struct property *request;
	size_t n_request;
	const struct property *answer;
	size_t n_answer;
	const char *type;
};

/* NULL without memory. */
char *openapi_write(const struct route *table, size_t n, const struct route_body *bodies,
		    size_t n_bodies);

/* Of the controller's own table, beside routes[]; in the order of nothing. */
extern const struct route_body route_bodies[];
extern const size_t n_route_bodies;

#endif
