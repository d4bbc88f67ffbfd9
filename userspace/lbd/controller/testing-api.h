/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A whole controller for tests: a process of its own, with a store of test-database.h, on a unix
 * socket and on TLS; and a client (libcurl). On the socket the test is the operator, unless it shows
 * a token. Failures of what is here end the test.
 */
#ifndef LBD_CONTROLLER_TESTING_API_H
#define LBD_CONTROLLER_TESTING_API_H

#include "controller/controller.h"
#include "store/test-database.h"
#include "testing/server.h"

struct api {
	struct database *database;
	struct controller_options options;
	struct server server; /* only its folder and its options */
	pid_t pid;
	unsigned int port;
};

/* body: parsed when it is JSON, else NULL. */
struct api_answer {
	long status;
	char *text;
	json_object *body;
	char etag[32];
	char location[256];
	char type[64];
};

struct api_request {
	const char *method;
	const char *path;
	const char *body;
	const char *token;
	const char *if_match;
	const char *key; /* Idempotency-Key */
	bool tls;
};

/* database is open or not; while the controller runs the test has no store of it open. */
void api_begin(struct api *api, struct database *database,
	       const struct controller_options *options);
void api_start(struct api *api);

/* A graceful end, which must leave nothing behind; or kill -9. */
void api_stop(struct api *api);
void api_kill(struct api *api);
void api_end(struct api *api);

/* One request; with a connection of its own unless there is a handle (curl_easy_init()). */
struct api_answer api_ask(const struct api *api, void *curl, const struct api_request *request);
void api_answer_release(struct api_answer *answer);

/* The text of a field of the answer, NULL when it has none. */
const char *api_field(const struct api_answer *answer, const char *name);

/* Of a problem: its code, "" when it is none. */
const char *api_code(const struct api_answer *answer);

/* POST as the operator (token NULL); must be 201 or 202. The id of what was made. */
void api_make(const struct api *api, const char *token, const char *path, const char *body,
	      char id[RESOURCE_ID_SIZE]);

/* Status and code of a request; the test goes on when they are others, with a failure. */
#define API_REFUSED(api_, status_, code_, ...) \
	api_refused(api_, status_, code_, &(const struct api_request){__VA_ARGS__}, __LINE__)
void api_refused(const struct api *api, long status, const char *code,
		 const struct api_request *request, int line);

/*
 * An organisation with one of each kind, by the index of the kind: ids, the managed network of the
 * workspace, and a token with the scope "admin". The host is made past the API, as enrolment is not
 * part of it. name is that of the organisation and of all that has one.
 */
struct api_org {
	char ids[RESOURCE_KINDS][RESOURCE_ID_SIZE];
	char other_network[RESOURCE_ID_SIZE];
	char managed[RESOURCE_ID_SIZE];
	char host_member[RESOURCE_ID_SIZE];
	char token[128];
};

void api_org_make(const struct api *api, const char *name, struct api_org *org);

/* A host with keys, made as another controller of the same cluster would. */
void api_host_make(const struct api *api, const char *org, const char *workspace, const char *name,
		   char id[RESOURCE_ID_SIZE]);

/* Changes a host as another controller would. */
void api_host_touch(const struct api *api, const char *id);

/* Gives a host a credential, as enrolment would; credential has SECRET_TEXT_SIZE bytes. */
void api_credential_make(const struct api *api, const char *id, char *credential);

/* A token of an organisation with this scope ("read"). */
void api_token_make(const struct api *api, const char *org, const char *scope, char token[128]);

/* Opens the store as one more controller would, and says whether its hub is a full recompute. */
void api_verify(const struct api *api);

/* The path of an organisation's object: "/v1/orgs/ORG" and the rest. */
char *api_path(char path[256], const char *org, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
