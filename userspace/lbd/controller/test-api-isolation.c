// SPDX-License-Identifier: GPL-2.0-only
/*
 * No organisation reads or writes what is another's: a matrix of every route with an organisation in
 * its path and each of the path's params, made from the table of routes, so that a new route is in
 * it by itself. Whatever is refused leaves the store as it was, byte for byte.
 */
#include "controller/testing-api.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

struct matrix {
	struct api api;
	struct api_org a, b;
	CURL *curl;
	size_t requests, routes;
};

static enum resource_kind param_kind(const char *word)
{
	size_t length = strcspn(word, "}");

	for (int kind = 0; kind < RESOURCE_KINDS; kind++) {
		const char *singular = resource_schema((enum resource_kind)kind)->singular;

		if (strlen(singular) == length && !strncmp(singular, word, length))
			return (enum resource_kind)kind;
	}
	cr_assert(false, "the path has an unknown param: %s", word);
	return RESOURCE_KINDS;
}

static size_t params_count(const char *path)
{
	size_t n = 0;

	while ((path = strchr(path, '{'))) {
		path++;
		n++;
	}
	return n;
}

/* Each param by the organisation that foreign, a set of bits, says. */
static void path_fill(const struct matrix *matrix, const char *pattern, unsigned int foreign,
		      char path[256])
{
	size_t used = 0;

	for (size_t n = 0; *pattern; n++) {
		size_t literal = strcspn(pattern, "{");

		used += (size_t)snprintf(path + used, 256 - used, "%.*s", (int)literal, pattern);
		pattern += literal;
		if (!*pattern)
			break;
		used += (size_t)snprintf(path + used, 256 - used, "%s",
					 (foreign & 1u << n ? &matrix->b : &matrix->a)
						 ->ids[param_kind(pattern + 1)]);
		pattern = strchr(pattern, '}') + 1;
	}
}

/* A body that would be taken, by the operation. */
static const char *body_of(const struct route *route)
{
	static const struct {
		const char *operation;
		const char *body;
	} bodies[] = {
		{"org.create", "{\"name\":\"x\"}"},
		{"workspace.create", "{\"name\":\"x\"}"},
		{"network.create", "{\"name\":\"x\"}"},
		{"network.create.old", "{\"name\":\"x\"}"},
		{"firewall.create", "{\"name\":\"x\"}"},
		{"token.create", "{\"scopes\":[\"read\"]}"},
		{"host.change", "{\"keepalive\":9}"},
		{"sandbox.change", "{\"allow_internet\":false}"},
		{"attachment.change", "{\"priority\":9}"},
		{"firewall.change", "{\"priority\":9}"},
		{"alias.change", "{\"ports\":[8080]}"},
		{"policy.change", "{\"action\":\"deny\"}"},
		{"policy.create", "{\"from\":\"local\",\"to\":\"api\",\"port\":8081}"},
	};

	if (!(route->flags & ROUTE_BODY))
		return NULL;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		if (!strcmp(bodies[i].operation, route->operation))
			return bodies[i].body;
	}
	return "{\"description\":\"x\"}";
}

static struct api_answer route_ask(struct matrix *matrix, const struct route *route,
				   const char *path, const char *body, const char *token)
{
	const struct api_request request = {
		.method = route->method,
		.path = path,
		.body = body,
		.token = token,
		.if_match = route->flags & ROUTE_IF_MATCH ? "\"1\"" : NULL,
	};

	matrix->requests++;
	return api_ask(&matrix->api, matrix->curl, &request);
}

static void refusal_expect(struct matrix *matrix, const struct route *route, const char *path,
			   const char *body, const char *token, long status, const char *code)
{
	struct api_answer answer = route_ask(matrix, route, path, body, token);

	cr_expect(answer.status == status && !strcmp(api_code(&answer), code),
		  "%s %s: %ld %s, not %ld %s", route->method, path, answer.status,
		  answer.text ? answer.text : "", status, code);
	/* The refusal tells nothing of the other's. */
	cr_expect(!answer.text || !strstr(answer.text, "green"), "%s", answer.text);
	api_answer_release(&answer);
}

static void matrix_begin(struct matrix *matrix, struct database *database)
{
	const struct controller_options options = {.old_paths = true};

	*matrix = (struct matrix){.requests = 0};
	api_begin(&matrix->api, database, &options);
	api_org_make(&matrix->api, "blue", &matrix->a);
	api_org_make(&matrix->api, "green", &matrix->b);
	matrix->curl = curl_easy_init();
}

static void matrix_end(struct matrix *matrix, const char *what, const char *before)
{
	char *after = database_dump(matrix->api.database);

	cr_assert_str_eq(after, before, "something was changed");
	free(after);
	fprintf(stderr, "# %s: %s: %zu routes, %zu requests refused, nothing changed\n",
		matrix->api.database->kind == DATABASE_POSTGRES ? "postgres" : "sqlite", what,
		matrix->routes, matrix->requests);
	curl_easy_cleanup(matrix->curl);
	api_end(&matrix->api);
}

STORE_TEST(no_route_reaches_another_organisation)
{
	struct matrix matrix;
	char *before;

	matrix_begin(&matrix, database);
	before = database_dump(database);
	for (size_t i = 0; i < n_routes; i++) {
		size_t n = params_count(routes[i].path);

		if (!strstr(routes[i].path, "{org}"))
			continue;
		matrix.routes++;
		/* Every mixture of one's own and the other's ids, but for all one's own. */
		for (unsigned int foreign = 1; foreign < 1u << n; foreign++) {
			char path[256];

			path_fill(&matrix, routes[i].path, foreign, path);
			refusal_expect(&matrix, &routes[i], path, body_of(&routes[i]),
				       matrix.a.token, 404, "not_found");
		}
	}
	cr_assert_gt(matrix.requests, 150);
	matrix_end(&matrix, "isolation", before);
	free(before);
}

STORE_TEST(a_token_does_what_its_scope_allows_and_no_more)
{
	static const char *const scopes[] = {"none", "read", "write", "admin"};
	char tokens[4][128] = {""}, *before;
	struct matrix matrix;

	matrix_begin(&matrix, database);
	for (size_t i = 1; i < 4; i++)
		api_token_make(&matrix.api, matrix.a.ids[RESOURCE_ORG], scopes[i], tokens[i]);
	before = database_dump(database);
	for (size_t i = 0; i < n_routes; i++) {
		char path[256];

		if (routes[i].right == RIGHT_NONE || routes[i].right == RIGHT_AGENT)
			continue;
		matrix.routes++;
		path_fill(&matrix, routes[i].path, 0, path);
		for (enum right right = RIGHT_READ; right < routes[i].right; right++) {
			if (right == RIGHT_SYSTEM)
				break;
			refusal_expect(&matrix, &routes[i], path, body_of(&routes[i]),
				       tokens[right], 403, "forbidden");
		}
		refusal_expect(&matrix, &routes[i], path, body_of(&routes[i]), "lbt_wrong", 401,
			       "unauthenticated");
	}
	cr_assert_gt(matrix.requests, 150);
	matrix_end(&matrix, "scopes", before);
	free(before);
}

/* "#" is one's own network, "*" one's own host, "@" the other's object. */
static void text_expand(const struct matrix *matrix, const char *pattern, const char *foreign,
			char *text, size_t size)
{
	size_t used = 0;

	for (; *pattern; pattern++) {
		const char *id = *pattern == '#'   ? matrix->a.ids[RESOURCE_NETWORK]
				 : *pattern == '*' ? matrix->a.ids[RESOURCE_HOST]
				 : *pattern == '@' ? foreign
						   : NULL;

		if (id)
			used += (size_t)snprintf(text + used, size - used, "%s", id);
		else if (used < size - 1)
			text[used++] = *pattern;
	}
	text[used] = '\0';
}

/* What a body of one organisation says of the other's objects. */
STORE_TEST(no_body_refers_to_another_organisations_objects)
{
	static const struct {
		enum resource_kind foreign;
		const char *path;
		const char *body;
	} references[] = {
		{RESOURCE_WORKSPACE, "/networks", "{\"name\":\"x\",\"workspace\":\"@\"}"},
		{RESOURCE_WORKSPACE, "/firewalls",
		 "{\"name\":\"x\",\"level\":\"workspace\",\"workspace\":\"@\"}"},
		{RESOURCE_WORKSPACE, "/tokens", "{\"kind\":\"join\",\"workspace\":\"@\"}"},
		{RESOURCE_HOST, "/sandboxes", "{\"name\":\"x\",\"host\":\"@\"}"},
		{RESOURCE_SANDBOX, "/sandboxes",
		 "{\"name\":\"x\",\"host\":\"*\",\"private_link_ids\":[\"@\"]}"},
		{RESOURCE_NETWORK, "/bridges", "{\"networks\":[\"#\",\"@\"]}"},
		{RESOURCE_HOST, "/networks/#/members", "{\"owner\":\"@\"}"},
		{RESOURCE_SANDBOX, "/networks/#/members", "{\"owner\":\"@\"}"},
		{RESOURCE_SANDBOX, "/networks/#/aliases",
		 "{\"name\":\"x\",\"ports\":[1],\"sandbox\":\"@\"}"},
		{RESOURCE_FIREWALL, "/hosts/*/attachments", "{\"firewall\":\"@\"}"},
	};
	static const struct route route = {.method = "POST", .flags = ROUTE_BODY};
	struct matrix matrix;
	char *before;

	matrix_begin(&matrix, database);
	before = database_dump(database);
	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
		const char *foreign = matrix.b.ids[references[i].foreign];
		char path[256], rest[192], body[512];

		text_expand(&matrix, references[i].path, foreign, rest, sizeof(rest));
		text_expand(&matrix, references[i].body, foreign, body, sizeof(body));
		api_path(path, matrix.a.ids[RESOURCE_ORG], "%s", rest);
		refusal_expect(&matrix, &route, path, body, matrix.a.token, 403, "cross_org");
		matrix.routes++;
	}
	matrix_end(&matrix, "references", before);
	free(before);
}

/* Lists show one's own, and nothing of the other's nor of the system's. */
STORE_TEST(no_list_shows_what_is_anothers)
{
	char network[RESOURCE_ID_SIZE], *before;
	struct matrix matrix;

	matrix_begin(&matrix, database);
	api_make(&matrix.api, NULL, "/v1/system/networks", "{\"name\":\"infra\"}", network);
	before = database_dump(database);
	for (size_t i = 0; i < n_routes; i++) {
		struct api_answer answer;
		char path[256];

		if (strcmp(routes[i].method, "GET") != 0 || routes[i].right == RIGHT_NONE ||
		    routes[i].right > RIGHT_ADMIN)
			continue;
		path_fill(&matrix, routes[i].path, 0, path);
		answer = route_ask(&matrix, &routes[i], path, NULL, matrix.a.token);
		cr_expect_eq(answer.status, 200, "%s: %ld %s", path, answer.status, answer.text);
		for (int kind = 0; kind < RESOURCE_KINDS; kind++)
			cr_expect(!strstr(answer.text, matrix.b.ids[kind]), "%s shows %s", path,
				  matrix.b.ids[kind]);
		cr_expect(!strstr(answer.text, network), "%s shows the system's", path);
		cr_expect(!strstr(answer.text, "green") && !strstr(answer.text, "infra"), "%s: %s",
			  path, answer.text);
		api_answer_release(&answer);
		matrix.routes++;
	}
	matrix_end(&matrix, "lists (answered)", before);
	free(before);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
