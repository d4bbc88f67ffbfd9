/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of routes: one entry for each operation of the API. Dispatch, the right that it needs,
 * and the API document (openapi.c) all come from it.
 */
#ifndef LBD_CONTROLLER_ROUTE_H
#define LBD_CONTROLLER_ROUTE_H

#include "controller/http.h"
#include "model/kinds.h"
#include "store/store.h"

/* Of every list, and of the header Idempotency-Key; openapi.c tells clients. */
#define LIST_LIMIT_DEFAULT  100
#define LIST_LIMIT_MAX	    1000
#define IDEMPOTENCY_KEY_MAX 255

struct controller;

/* What a caller must hold. System is the operator's: other planes, all organisations. */
enum right {
	RIGHT_NONE,
	RIGHT_READ,
	RIGHT_WRITE,
	RIGHT_ADMIN,
	RIGHT_SYSTEM,
	RIGHT_AGENT
};

/*
 * Who asks. org is "" with the system's scope, which may everything; actor goes into the audit.
 * host is set for an agent.
 */
struct identity {
	bool known;
	bool system;
	enum right right; /* the highest of its token, for tenants */
	char org[RESOURCE_ID_SIZE];
	char host[RESOURCE_ID_SIZE];
	char actor[RESOURCE_NAME_SIZE];
};

struct call {
	struct controller *controller;
	struct http_request *request;
	struct http_reply *reply;
	struct identity identity;
	const struct route *route;
	json_object *body; /* parsed, or NULL */
};

enum route_flag {
	ROUTE_BODY = 1, /* a JSON object is required */
	ROUTE_IF_MATCH = 2, /* refuses without If-Match */
	ROUTE_IDEMPOTENT = 4, /* honours Idempotency-Key */
	ROUTE_LIST = 8, /* limit, cursor */
	ROUTE_OPERATION = 16, /* answers 202 with an operation */
	ROUTE_WATCH = 32, /* ?watch=VERSION waits, a minute at most, for another version */
	ROUTE_OLD = 64, /* only with the switch for older paths (L8) */
};

/*
 * path: "/v1/orgs/{org}/networks/{network}"; a {word} is an id of the kind with that singular, or
 * a name where the handler says so. shown: the kind of what is answered, RESOURCE_KINDS for other
 * bodies, whose schema openapi.c has under the operation's name.
 */
struct route {
	const char *method;
	const char *path;
	const char *operation; /* operationId: "network.create" */
	enum right right;
	unsigned int flags;
	enum resource_kind shown;
	int status;
	int (*handle)(struct call *call, struct fault *fault);
	const char *summary;
};

/* All of them, in the order of the document. */
extern const struct route routes[];
extern const size_t n_routes;

/*
 * The route of a method and a path, with the params filled in. CODE_ROUTE_UNKNOWN, or
 * CODE_METHOD_NOT_ALLOWED with allow filled.
 */
int route_find(struct http_request *request, const struct route **route, char allow[64],
	       struct fault *fault);

/* The API document as YAML text, from routes and schemas; the caller frees. */
char *openapi_text(void);

#endif
