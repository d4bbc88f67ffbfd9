// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the rows of the mission promise of networks, bridges, members and aliases; the row is named
 * where it is tested. On both stores.
 */
#include "controller/testing-api.h"

#include <stdlib.h>
#include <string.h>

#define ASK(...) api_ask(&api, NULL, &(const struct api_request){__VA_ARGS__})

#define POST(path_, body_) .method = "POST", .path = (path_), .body = (body_)

static void field_expect(const struct api *fixture, const char *path, const char *name,
			 const char *value)
{
	struct api api = *fixture;
	struct api_answer answer = ASK(.method = "GET", .path = path);
	const char *found = api_field(&answer, name);

	cr_expect(found && !strcmp(found, value), "%s: %s is %s, not %s", path, name,
		  found ? found : "null", value);
	api_answer_release(&answer);
}

/* The operations of a verb on this target. */
static size_t operations_count(const struct api *fixture, const char *org, const char *verb,
			       const char *target)
{
	struct api api = *fixture;
	char path[256];
	struct api_answer answer =
		ASK(.method = "GET", .path = api_path(path, org, "/operations?limit=1000"));
	json_object *items = json_object_object_get(answer.body, "items");
	size_t n = 0;

	for (size_t i = 0; i < json_object_array_length(items); i++) {
		json_object *item = json_object_array_get_idx(items, i);

		n += !strcmp(json_object_get_string(json_object_object_get(item, "verb")), verb) &&
		     !strcmp(json_object_get_string(json_object_object_get(item, "target")),
			     target);
	}
	api_answer_release(&answer);
	return n;
}

STORE_TEST(networks_are_as_the_rows_say)
{
	const struct controller_options small = {
		.pool = {.family = 2, .len = 22, .addr = {100, 64}}, .quarantine_ms = 60000};
	char path[256], one[300], id[RESOURCE_ID_SIZE];
	struct api_answer answer;
	struct api_org org;
	struct api api;

	api_begin(&api, database, &small);
	api_org_make(&api, "blue", &org);
	/* L3: the managed network is there, the platform's, and on its way to active. */
	api_path(one, org.ids[RESOURCE_ORG], "/networks/%s", org.managed);
	field_expect(&api, one, "managed", "true");
	field_expect(&api, one, "family", "ipv4");
	field_expect(&api, one, "context", "workspace");
	field_expect(&api, one, "workspace", org.ids[RESOURCE_WORKSPACE]);
	cr_expect_eq(operations_count(&api, org.ids[RESOURCE_ORG], "network.activate", org.managed),
		     1);
	API_REFUSED(&api, 403, "managed", .method = "PATCH", .path = one, .body = "{\"mtu\":1400}",
		    .if_match = "\"1\"", .token = org.token);
	API_REFUSED(&api, 403, "managed", .method = "DELETE", .path = one, .if_match = "\"1\"",
		    .token = org.token);
	/* L2 */
	api_path(path, org.ids[RESOURCE_ORG], "/networks");
	API_REFUSED(&api, 400, "field_value", POST(path, "{\"name\":\"x\",\"context\":\"world\"}"));
	API_REFUSED(&api, 400, "field_value", POST(path, "{\"name\":\"x\",\"context\":\"system\"}"),
		    .token = org.token);
	API_REFUSED(&api, 400, "field_value",
		    POST(path, "{\"name\":\"x\",\"context\":\"system\"}"));
	/* L6, G4 */
	API_REFUSED(&api, 422, "family_unsupported",
		    POST(path, "{\"name\":\"x\",\"family\":\"ipv6\"}"));
	API_REFUSED(&api, 400, "field_value", POST(path, "{\"name\":\"x\",\"mode\":\"mesh\"}"));
	/* L4: three of four slices are in use. */
	field_expect(&api, one, "cidr", "100.64.0.0/24");
	API_REFUSED(&api, 409, "cidr_overlap",
		    POST(path, "{\"name\":\"x\",\"cidr\":\"100.64.0.0/16\"}"));
	api_make(&api, NULL, path, "{\"name\":\"own\",\"cidr\":\"10.1.0.0/16\"}", id);
	api_make(&api, org.token, path, "{\"name\":\"last\",\"family\":\"dual\"}", id);
	answer = ASK(.method = "GET",
		     .path = api_path(one, org.ids[RESOURCE_ORG], "/networks/%s", id));
	cr_expect_str_eq(api_field(&answer, "cidr"), "100.64.3.0/24");
	cr_expect_eq(strncmp(api_field(&answer, "cidr6"), "fd", 2), 0, "%s", answer.text);
	api_answer_release(&answer);
	API_REFUSED(&api, 507, "pool_exhausted", POST(path, "{\"name\":\"x\"}"));
	/* Deleting is an operation; it is out of force at once, and stays as it is. */
	answer = ASK(.method = "DELETE", .path = one, .if_match = "\"1\"", .token = org.token);
	cr_expect_eq(answer.status, 202, "%s", answer.text);
	cr_expect_str_eq(api_field(&answer, "verb"), "network.delete");
	api_answer_release(&answer);
	field_expect(&api, one, "state", "deleting");
	API_REFUSED(&api, 409, "state", .method = "DELETE", .path = one, .if_match = "\"2\"");
	/* L1: it survives a restart. */
	answer = ASK(.method = "GET", .path = path);
	api_kill(&api);
	api_start(&api);
	struct api_answer again = ASK(.method = "GET", .path = path);
	cr_expect_str_eq(answer.text, again.text);
	api_answer_release(&answer);
	api_answer_release(&again);
	api_verify(&api);
	api_end(&api);
}

STORE_TEST(an_organisation_has_no_more_networks_than_its_limit)
{
	char path[256], id[RESOURCE_ID_SIZE], org[RESOURCE_ID_SIZE];
	struct api api;

	api_begin(&api, database, NULL);
	api_make(&api, NULL, "/v1/orgs", "{\"name\":\"blue\",\"networks_max\":2}", org);
	api_path(path, org, "/networks");
	api_make(&api, NULL, path, "{\"name\":\"a\"}", id);
	api_make(&api, NULL, path, "{\"name\":\"b\"}", id);
	API_REFUSED(&api, 409, "limit", POST(path, "{\"name\":\"c\"}"));
	/* Who has something left is not deleted. */
	api_path(path, org, "%s", "");
	API_REFUSED(&api, 409, "in_use", .method = "DELETE", .path = path, .if_match = "\"1\"");
	api_make(&api, NULL, "/v1/orgs", "{\"name\":\"green\"}", org);
	char token[128];
	api_token_make(&api, org, "read", token);
	api_path(path, org, "%s", "");
	struct api_answer answer = ASK(.method = "DELETE", .path = path, .if_match = "\"1\"");
	cr_expect_eq(answer.status, 204, "%s", answer.text);
	api_answer_release(&answer);
	API_REFUSED(&api, 401, "unauthenticated", .method = "GET", .path = "/v1/orgs",
		    .token = token);
	api_end(&api);
}

STORE_TEST(older_paths_are_there_only_when_switched_on)
{
	const struct controller_options old = {.old_paths = true};
	char path[256], id[RESOURCE_ID_SIZE], org[RESOURCE_ID_SIZE];
	struct api_answer answer;
	struct api api;

	api_begin(&api, database, NULL);
	api_make(&api, NULL, "/v1/orgs", "{\"name\":\"blue\"}", org);
	snprintf(path, sizeof(path), "/v1/organizations/%s/networks", org);
	API_REFUSED(&api, 404, "route_unknown", .method = "GET", .path = path);
	API_REFUSED(&api, 404, "route_unknown", POST(path, "{\"name\":\"x\"}"));
	api_stop(&api);
	api.options.old_paths = old.old_paths;
	api_start(&api);
	api_make(&api, NULL, path, "{\"name\":\"x\"}", id);
	answer = ASK(.method = "GET", .path = path);
	cr_expect(answer.status == 200 && strstr(answer.text, id));
	api_answer_release(&answer);
	api_end(&api);
}

STORE_TEST(bridges_are_as_the_rows_say)
{
	char path[256], one[300], body[300], bridge[RESOURCE_ID_SIZE], id[RESOURCE_ID_SIZE];
	struct api_answer answer;
	struct api_org a, b;
	struct api api;

	api_begin(&api, database, NULL);
	api_org_make(&api, "blue", &a);
	api_org_make(&api, "green", &b);
	api_make(&api, NULL, "/v1/system/networks", "{\"name\":\"infra\"}", id);
	api_path(path, a.ids[RESOURCE_ORG], "/bridges");
	/* L10: an operation to poll. */
	snprintf(body, sizeof(body), "{\"networks\":[\"%s\",\"%s\"]}", a.managed,
		 a.ids[RESOURCE_NETWORK]);
	answer = ASK(POST(path, body), .token = a.token, .key = "once");
	cr_expect_eq(answer.status, 202, "%s", answer.text);
	cr_expect_str_eq(api_field(&answer, "verb"), "bridge.create");
	cr_expect(strstr(answer.location, "/operations/op_"), "%s", answer.location);
	snprintf(bridge, sizeof(bridge), "%s", api_field(&answer, "target"));
	snprintf(one, sizeof(one), "%s", answer.location);
	api_answer_release(&answer);
	field_expect(&api, one, "target", bridge);
	answer = ASK(POST(path, body), .token = a.token, .key = "once");
	cr_expect_eq(answer.status, 202);
	cr_expect_str_eq(answer.location, one);
	api_answer_release(&answer);
	API_REFUSED(&api, 409, "name_taken", POST(path, body));
	/* A network with a bridge stays. */
	api_path(one, a.ids[RESOURCE_ORG], "/networks/%s", a.ids[RESOURCE_NETWORK]);
	API_REFUSED(&api, 409, "in_use", .method = "DELETE", .path = one, .if_match = "\"1\"");
	/* L9: another's is refused; the system's, and what is not there, look the same. */
	snprintf(body, sizeof(body), "{\"networks\":[\"%s\",\"%s\"]}", a.managed, b.managed);
	API_REFUSED(&api, 403, "cross_org", POST(path, body), .token = a.token);
	snprintf(body, sizeof(body), "{\"networks\":[\"%s\",\"%s\"]}", a.managed, id);
	API_REFUSED(&api, 400, "field_value", POST(path, body), .token = a.token);
	id[10] ^= 1;
	snprintf(body, sizeof(body), "{\"networks\":[\"%s\",\"%s\"]}", a.managed, id);
	API_REFUSED(&api, 400, "field_value", POST(path, body), .token = a.token);
	api_path(one, a.ids[RESOURCE_ORG], "/bridges/%s", bridge);
	answer = ASK(.method = "DELETE", .path = one, .if_match = "\"1\"");
	cr_expect_eq(answer.status, 202, "%s", answer.text);
	cr_expect_str_eq(api_field(&answer, "verb"), "bridge.delete");
	api_answer_release(&answer);
	API_REFUSED(&api, 404, "not_found", .method = "DELETE", .path = one, .if_match = "\"1\"");
	api_verify(&api);
	api_end(&api);
}

/* L18: who leaves and comes back has the same address. */
STORE_TEST(members_keep_their_addresses)
{
	char path[256], one[300], body[96], address[32], id[RESOURCE_ID_SIZE];
	struct api_answer answer;
	struct api_org org;
	struct api api;

	api_begin(&api, database, NULL);
	api_org_make(&api, "blue", &org);
	api_path(path, org.ids[RESOURCE_ORG], "/networks/%s/members", org.ids[RESOURCE_NETWORK]);
	snprintf(body, sizeof(body), "{\"owner\":\"%s\"}", org.ids[RESOURCE_HOST]);
	API_REFUSED(&api, 409, "name_taken", POST(path, body));
	snprintf(one, sizeof(one), "%s/%s", path, org.host_member);
	answer = ASK(.method = "GET", .path = one);
	TEXT_SET(address, api_field(&answer, "address"));
	api_answer_release(&answer);
	answer = ASK(.method = "DELETE", .path = one, .if_match = "\"1\"", .token = org.token);
	cr_expect_eq(answer.status, 204, "%s", answer.text);
	api_answer_release(&answer);
	api_make(&api, org.token, path, body, id);
	snprintf(one, sizeof(one), "%s/%s", path, id);
	field_expect(&api, one, "address", address);
	field_expect(&api, one, "host", org.ids[RESOURCE_HOST]);
	/* It is found below its own network alone. */
	API_REFUSED(&api, 404, "not_found", .method = "GET",
		    .path = api_path(one, org.ids[RESOURCE_ORG], "/networks/%s/members/%s",
				     org.other_network, id));
	/* A sandbox with an alias stays; an alias with a policy, too. */
	snprintf(one, sizeof(one), "%s/%s", path, org.ids[RESOURCE_MEMBER]);
	API_REFUSED(&api, 409, "in_use", .method = "DELETE", .path = one, .if_match = "\"1\"");
	api_path(one, org.ids[RESOURCE_ORG], "/networks/%s/aliases/%s", org.ids[RESOURCE_NETWORK],
		 org.ids[RESOURCE_ALIAS]);
	API_REFUSED(&api, 409, "in_use", .method = "DELETE", .path = one, .if_match = "\"1\"");
	API_REFUSED(&api, 409, "in_use", .method = "PATCH", .path = one, .body = "{\"ports\":[1]}",
		    .if_match = "\"1\"");
	api_verify(&api);
	api_end(&api);
}

/* G3, G4 */
STORE_TEST(aliases_are_unique_and_a_routed_mesh_is_opted_into)
{
	char path[256], one[300], body[160], id[RESOURCE_ID_SIZE];
	struct api_answer answer;
	struct api_org org;
	struct api api;

	api_begin(&api, database, NULL);
	api_org_make(&api, "blue", &org);
	snprintf(body, sizeof(body), "{\"name\":\"api\",\"sandbox\":\"%s\",\"ports\":[80]}",
		 org.ids[RESOURCE_SANDBOX]);
	api_path(path, org.ids[RESOURCE_ORG], "/networks/%s/aliases", org.ids[RESOURCE_NETWORK]);
	API_REFUSED(&api, 409, "alias_taken", POST(path, body));
	api_path(path, org.ids[RESOURCE_ORG], "/networks/%s/aliases", org.other_network);
	API_REFUSED(&api, 409, "state", POST(path, body));
	snprintf(one, sizeof(one), "{\"owner\":\"%s\"}", org.ids[RESOURCE_SANDBOX]);
	api_make(&api, NULL,
		 api_path(path, org.ids[RESOURCE_ORG], "/networks/%s/members", org.other_network),
		 one, id);
	api_make(&api, NULL,
		 api_path(path, org.ids[RESOURCE_ORG], "/networks/%s/aliases", org.other_network),
		 body, id);
	api_path(path, org.ids[RESOURCE_ORG], "/networks/%s/policies", org.ids[RESOURCE_NETWORK]);
	API_REFUSED(&api, 400, "field_value", POST(path, "{\"from\":\"local\",\"to\":\"nobody\"}"));
	API_REFUSED(&api, 409, "name_taken",
		    POST(path, "{\"from\":\"local\",\"to\":\"api\",\"port\":8080}"));
	/* The host has not opted in; then it has, and cannot take it back. */
	api_path(path, org.ids[RESOURCE_ORG], "/networks/%s", org.ids[RESOURCE_NETWORK]);
	API_REFUSED(&api, 409, "not_opted_in", .method = "PATCH", .path = path,
		    .body = "{\"mode\":\"routed_mesh\"}", .if_match = "\"1\"");
	api_path(one, org.ids[RESOURCE_ORG], "/hosts/%s", org.ids[RESOURCE_HOST]);
	answer = ASK(.method = "PATCH", .path = one, .body = "{\"routed_mesh\":true}",
		     .if_match = "\"1\"");
	cr_expect_eq(answer.status, 200, "%s", answer.text);
	api_answer_release(&answer);
	answer = ASK(.method = "PATCH", .path = path, .body = "{\"mode\":\"routed_mesh\"}",
		     .if_match = "\"1\"");
	cr_expect_eq(answer.status, 200, "%s", answer.text);
	api_answer_release(&answer);
	API_REFUSED(&api, 409, "in_use", .method = "PATCH", .path = one,
		    .body = "{\"routed_mesh\":false}", .if_match = "\"2\"");
	api_verify(&api);
	api_end(&api);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
