// SPDX-License-Identifier: GPL-2.0-only
/* Lists page by page, and the audit log, which is one. On both stores. */
#include "controller/testing-api.h"

#include <stdlib.h>
#include <string.h>

#define ASK(...) api_ask(&api, NULL, &(const struct api_request){__VA_ARGS__})

static size_t items_count(const struct api_answer *answer)
{
	json_object *items = NULL;

	cr_assert(json_object_object_get_ex(answer->body, "items", &items), "%s", answer->text);
	return json_object_array_length(items);
}

static size_t list_count(const struct api *api, const char *path)
{
	struct api_answer answer =
		api_ask(api, NULL, &(const struct api_request){.method = "GET", .path = path});
	size_t n;

	cr_assert_eq(answer.status, 200, "%s: %s", path, answer.text);
	n = items_count(&answer);
	api_answer_release(&answer);
	return n;
}

/* --- pages -------------------------------------------------------------------------------------- */

#define OBJECTS 2500

static int workspaces_make(struct store_tx *tx, void *argument, struct fault *fault)
{
	const struct store_audit audit = {.at = 1, .actor = "uid:0", .action = "test"};
	int ret = store_audit(tx, &audit, fault);

	for (int i = 0; i < OBJECTS && !ret; i++) {
		struct resource *made = resource_new(RESOURCE_WORKSPACE);

		resource_id_make(RESOURCE_WORKSPACE, 1700000000000 + i, made->id);
		TEXT_SET(made->org, (const char *)argument);
		TEXT_SET(made->scope, (const char *)argument);
		snprintf(made->name, sizeof(made->name), "w-%d", i);
		ret = store_insert(tx, made, 1700000000000, fault);
		resource_free(made);
	}
	return ret;
}

static void objects_make(const struct database *database, char *org)
{
	struct store *store = database_open(database);
	struct fault fault = {0};

	cr_assert_eq(store_write(store, workspaces_make, org, &fault), 0, "%s", fault.text);
	store_close(store);
}

/* Walks all pages; each object once, in the order of ids. */
static void pages_walk(const struct api *fixture, const char *path, unsigned int limit)
{
	struct api api = *fixture;
	char last[RESOURCE_ID_SIZE] = "", next[400], cursor[128] = "";
	size_t seen = 0, pages = 0;

	do {
		struct api_answer answer;
		json_object *items;

		snprintf(next, sizeof(next), "%s?limit=%u%s%s", path, limit,
			 *cursor ? "&cursor=" : "", cursor);
		answer = ASK(.method = "GET", .path = next);
		cr_assert_eq(answer.status, 200, "%s", answer.text);
		items = json_object_object_get(answer.body, "items");
		for (size_t i = 0; i < json_object_array_length(items); i++) {
			const char *id = json_object_get_string(
				json_object_object_get(json_object_array_get_idx(items, i), "id"));

			cr_assert_lt(strcmp(last, id), 0, "%s after %s", id, last);
			TEXT_SET(last, id);
			seen++;
		}
		snprintf(cursor, sizeof(cursor), "%s",
			 api_field(&answer, "next") ? api_field(&answer, "next") : "");
		api_answer_release(&answer);
		pages++;
	} while (*cursor);
	cr_expect_eq(seen, OBJECTS);
	cr_expect_eq(pages, (OBJECTS + limit - 1) / limit);
}

STORE_TEST(pages_of_a_long_list_have_each_object_once)
{
	char org[RESOURCE_ID_SIZE], other[RESOURCE_ID_SIZE], path[256], query[512];
	static const char *const wrong[] = {"?limit=0",	   "?limit=1001", "?limit=x",
					    "?limit=-1",   "?limit=",	  "?limit=1e3",
					    "?cursor=abc", "?cursor=",	  "?cursor=%21"};
	struct api_answer answer;
	struct api api;

	api_begin(&api, database, NULL);
	api_make(&api, NULL, "/v1/orgs", "{\"name\":\"blue\"}", org);
	api_make(&api, NULL, "/v1/orgs", "{\"name\":\"green\"}", other);
	objects_make(database, org);
	api_path(path, org, "/workspaces");
	pages_walk(&api, path, 1000);
	pages_walk(&api, path, 250);
	pages_walk(&api, path, 97);
	cr_expect_eq(list_count(&api, path), LIST_LIMIT_DEFAULT);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(query, sizeof(query), "%s%s", path, wrong[i]);
		API_REFUSED(&api, 400,
			    strstr(wrong[i], "limit") ? "query_invalid" : "cursor_invalid",
			    .method = "GET", .path = query);
	}
	answer = ASK(.method = "GET", .path = path);
	cr_assert(api_field(&answer, "next"));
	/* A cursor is good for its own list. */
	snprintf(query, sizeof(query), "/v1/orgs/%s/workspaces?cursor=%s", other,
		 api_field(&answer, "next"));
	API_REFUSED(&api, 400, "cursor_invalid", .method = "GET", .path = query);
	snprintf(query, sizeof(query), "%s?cursor=%s", path, api_field(&answer, "next"));
	query[strlen(query) - 3] ^= 1;
	API_REFUSED(&api, 400, "cursor_invalid", .method = "GET", .path = query);
	api_answer_release(&answer);
	snprintf(query, sizeof(query), "%s?name=w-77", path);
	cr_expect_eq(list_count(&api, query), 1);
	snprintf(query, sizeof(query), "%s?name=nobody", path);
	cr_expect_eq(list_count(&api, query), 0);
	api_end(&api);
}

/* --- the audit log ------------------------------------------------------------------------------ */

STORE_TEST(whatever_was_changed_is_in_the_audit_log_and_nothing_else)
{
	struct api_answer answer;
	struct api_org org;
	char path[256], query[300], *lost;
	size_t all, n = 0;
	struct api api;

	api_begin(&api, database, NULL);
	api_org_make(&api, "blue", &org);
	api_path(path, org.ids[RESOURCE_ORG], "/audit");
	all = list_count(&api, path);
	/* Also what a request makes besides what it is for. */
	lost = database_ask(database, "SELECT COUNT(*) FROM resource WHERE id NOT IN "
				      "(SELECT target FROM audit)");
	cr_expect_str_eq(lost, "0");
	free(lost);
	API_REFUSED(&api, 409, "name_taken", .method = "POST",
		    .path = api_path(query, org.ids[RESOURCE_ORG], "/workspaces"),
		    .body = "{\"name\":\"blue\"}");
	cr_expect_eq(list_count(&api, path), all);
	answer = ASK(.method = "PATCH",
		     .path = api_path(query, org.ids[RESOURCE_ORG], "/firewalls/%s",
				      org.ids[RESOURCE_FIREWALL]),
		     .body = "{\"priority\":3}", .if_match = "\"1\"", .token = org.token);
	cr_expect_eq(answer.status, 200);
	api_answer_release(&answer);
	answer = ASK(.method = "GET", .path = path, .token = org.token);
	cr_expect_eq(items_count(&answer), all + 1);
	json_object *newest =
		json_object_array_get_idx(json_object_object_get(answer.body, "items"), 0);
	cr_expect_str_eq(json_object_get_string(json_object_object_get(newest, "action")),
			 "firewall.change");
	cr_expect_str_eq(json_object_get_string(json_object_object_get(newest, "target")),
			 org.ids[RESOURCE_FIREWALL]);
	cr_expect_eq(strncmp(json_object_get_string(json_object_object_get(newest, "actor")),
			     "tok_", 4),
		     0);
	/* Nothing of a token's secret, which is behind the dot. */
	cr_expect(!strstr(answer.text, strchr(org.token, '.') + 1));
	api_answer_release(&answer);
	/* Page by page it is the same. */
	snprintf(query, sizeof(query), "%s?limit=3", path);
	while (*query) {
		answer = ASK(.method = "GET", .path = query);
		cr_assert_eq(answer.status, 200, "%s", answer.text);
		n += items_count(&answer);
		*query = '\0';
		if (api_field(&answer, "next"))
			snprintf(query, sizeof(query), "%s?limit=3&cursor=%s", path,
				 api_field(&answer, "next"));
		api_answer_release(&answer);
	}
	cr_expect_eq(n, all + 1);
	cr_expect_gt(list_count(&api, "/v1/system/audit"), 0);
	api_end(&api);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
