// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the rows of the mission promise of firewalls, hosts and the system's plane, and how what is
 * malformed is refused. On both stores.
 */
#include "controller/testing-api.h"

#include <stdlib.h>
#include <string.h>

#define ASK(...) api_ask(&api, NULL, &(const struct api_request){__VA_ARGS__})

#define POST(path_, body_) .method = "POST", .path = (path_), .body = (body_)

/* L11, L12: each field is validated with its name, and a host's rules are merged by layer. */
STORE_TEST(firewalls_are_checked_before_they_are_stored_and_merged_for_a_host)
{
	static const char *const wrong[][2] = {
		{"{\"protocol\":\"tpc\"}", "rules[1].protocol"},
		{"{\"source\":\"10.0.0.1/8\"}", "rules[1].source"},
		{"{\"destination\":\"everything\"}", "rules[1].destination"},
		{"{\"direction\":\"up\"}", "rules[1].direction"},
		{"{\"action\":\"maybe\"}", "rules[1].action"},
		{"{\"protocol\":\"tcp\",\"destination_ports\":[{\"first\":9,\"last\":1}]}",
		 "rules[1].destination_ports[0].last"},
		{"{\"colour\":\"red\"}", "rules[1].colour"},
	};
	static const char good[] = "{\"direction\":\"ingress\",\"action\":\"allow\"}";
	char path[256], body[600], id[RESOURCE_ID_SIZE], *before, *after;
	struct api_answer answer;
	struct api_org org;
	struct api api;
	json_object *rules;

	api_begin(&api, database, NULL);
	api_org_make(&api, "blue", &org);
	api_path(path, org.ids[RESOURCE_ORG], "/firewalls");
	before = database_dump(database);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		/* What a rule must have, unless the wrong one says it. */
		snprintf(body, sizeof(body), "{\"name\":\"x\",\"rules\":[%s,{%s%s%s]}", good,
			 strstr(wrong[i][0], "\"direction\"") ? "" : "\"direction\":\"ingress\",",
			 strstr(wrong[i][0], "\"action\"") ? "" : "\"action\":\"allow\",",
			 wrong[i][0] + 1);
		answer = ASK(POST(path, body), .token = org.token);
		cr_expect_eq(answer.status, 400, "%s: %ld", body, answer.status);
		cr_expect_str_eq(api_field(&answer, "path"), wrong[i][1], "%s", answer.text);
		api_answer_release(&answer);
	}
	after = database_dump(database);
	cr_expect_str_eq(before, after);
	free(before);
	free(after);
	snprintf(body, sizeof(body), "{\"name\":\"o\",\"rules\":[%s]}", good);
	api_make(&api, org.token, path, body, id);
	snprintf(body, sizeof(body),
		 "{\"name\":\"w\",\"level\":\"workspace\",\"workspace\":\"%s\",\"rules\":[%s]}",
		 org.ids[RESOURCE_WORKSPACE], good);
	api_make(&api, org.token, path, body, id);
	snprintf(body, sizeof(body), "{\"rules\":[%s,%s]}", good, good);
	api_path(path, org.ids[RESOURCE_ORG], "/firewalls/%s", org.ids[RESOURCE_FIREWALL]);
	answer = ASK(.method = "PATCH", .path = path, .body = body, .if_match = "\"1\"");
	cr_expect_eq(answer.status, 200, "%s", answer.text);
	api_answer_release(&answer);
	API_REFUSED(&api, 409, "in_use", .method = "DELETE", .path = path, .if_match = "\"2\"");
	api_path(path, org.ids[RESOURCE_ORG], "/hosts/%s/effective", org.ids[RESOURCE_HOST]);
	answer = ASK(.method = "GET", .path = path, .token = org.token);
	cr_expect_eq(answer.status, 200, "%s", answer.text);
	rules = json_object_object_get(answer.body, "rules");
	cr_assert_eq(json_object_array_length(rules), 4, "%s", answer.text);
	for (size_t i = 0; i < 4; i++) {
		static const char *const layers[] = {"organization", "workspace", "host", "host"};

		cr_expect_str_eq(json_object_get_string(json_object_object_get(
					 json_object_array_get_idx(rules, i), "layer")),
				 layers[i]);
	}
	api_answer_release(&answer);
	api_verify(&api);
	api_end(&api);
}

/* G10, G11: the system's plane is the operator's, and takes hosts only. */
STORE_TEST(the_systems_networks_are_the_operators)
{
	char path[256], one[300], body[96], network[RESOURCE_ID_SIZE], id[RESOURCE_ID_SIZE];
	struct api_answer answer;
	struct api_org org;
	struct api api;

	api_begin(&api, database, NULL);
	api_org_make(&api, "blue", &org);
	api_make(&api, NULL, "/v1/system/networks", "{\"name\":\"infra\"}", network);
	snprintf(path, sizeof(path), "/v1/system/networks/%s/members", network);
	snprintf(body, sizeof(body), "{\"owner\":\"%s\"}", org.ids[RESOURCE_HOST]);
	api_make(&api, NULL, path, body, id);
	snprintf(body, sizeof(body), "{\"owner\":\"%s\"}", org.ids[RESOURCE_SANDBOX]);
	API_REFUSED(&api, 400, "field_value", POST(path, body));
	API_REFUSED(&api, 403, "forbidden", POST(path, body), .token = org.token);
	/* Not by way of the organisation's paths, even for the operator; nor the other way. */
	api_path(one, org.ids[RESOURCE_ORG], "/networks/%s", network);
	API_REFUSED(&api, 404, "not_found", .method = "GET", .path = one, .token = org.token);
	API_REFUSED(&api, 404, "not_found", .method = "GET", .path = one);
	snprintf(one, sizeof(one), "/v1/system/networks/%s", org.managed);
	API_REFUSED(&api, 404, "not_found", .method = "GET", .path = one);
	api_path(one, org.ids[RESOURCE_ORG], "/hosts/%s", org.ids[RESOURCE_HOST]);
	answer = ASK(.method = "GET", .path = one, .token = org.token);
	cr_expect(!strstr(answer.text, "infra"), "%s", answer.text);
	api_answer_release(&answer);
	answer = ASK(.method = "GET", .path = one);
	cr_expect(strstr(answer.text, "infra_public_key"), "%s", answer.text);
	cr_expect(!strstr(answer.text, "credential"), "%s", answer.text);
	api_answer_release(&answer);
	/* The host leaves both planes when it goes. */
	api_verify(&api);
	snprintf(one, sizeof(one), "%s/%s", path, id);
	answer = ASK(.method = "DELETE", .path = one, .if_match = "\"1\"");
	cr_expect_eq(answer.status, 204, "%s", answer.text);
	api_answer_release(&answer);
	api_verify(&api);
	api_end(&api);
}

/* A host's endpoint is in the entries of all that is reached through it; so is its end. */
STORE_TEST(a_change_of_a_host_is_one_of_all_that_is_reached_through_it)
{
	char path[256], etag[32];
	struct api_answer answer;
	struct api_org org;
	struct api api;
	char *records;

	api_begin(&api, database, NULL);
	api_org_make(&api, "blue", &org);
	api_path(path, org.ids[RESOURCE_ORG], "/hosts/%s", org.ids[RESOURCE_HOST]);
	answer = ASK(.method = "PATCH", .path = path, .body = "{\"endpoint\":\"192.0.2.1:51820\"}",
		     .if_match = "\"1\"", .token = org.token);
	cr_expect_eq(answer.status, 200, "%s", answer.text);
	api_answer_release(&answer);
	records = database_ask(database,
			       database->kind == DATABASE_POSTGRES
				       ? "SELECT COUNT(*) FROM log_state WHERE key LIKE 'member/%' "
					 "AND CONVERT_FROM(value, 'UTF8') LIKE '%192.0.2.1:51820%'"
				       : "SELECT COUNT(*) FROM log_state WHERE key LIKE 'member/%' "
					 "AND CAST(value AS TEXT) LIKE '%192.0.2.1:51820%'");
	cr_expect_str_eq(records, "2");
	free(records);
	api_verify(&api);
	api_path(path, org.ids[RESOURCE_ORG], "/hosts/%s/drain", org.ids[RESOURCE_HOST]);
	API_REFUSED(&api, 428, "precondition_required", .method = "POST", .path = path,
		    .token = org.token);
	answer = ASK(.method = "POST", .path = path, .if_match = "\"2\"", .token = org.token);
	cr_expect_eq(answer.status, 200, "%s", answer.text);
	cr_expect_str_eq(api_field(&answer, "state"), "draining");
	TEXT_SET(etag, answer.etag);
	api_answer_release(&answer);
	api_path(path, org.ids[RESOURCE_ORG], "/sandboxes");
	char body[128];
	snprintf(body, sizeof(body), "{\"name\":\"late\",\"host\":\"%s\"}", org.ids[RESOURCE_HOST]);
	API_REFUSED(&api, 409, "state", POST(path, body));
	api_path(path, org.ids[RESOURCE_ORG], "/hosts/%s/revoke", org.ids[RESOURCE_HOST]);
	answer = ASK(.method = "POST", .path = path, .token = org.token);
	cr_expect_eq(answer.status, 200, "%s", answer.text);
	api_answer_release(&answer);
	/* With a sandbox on it, it stays. */
	api_path(path, org.ids[RESOURCE_ORG], "/hosts/%s", org.ids[RESOURCE_HOST]);
	API_REFUSED(&api, 409, "in_use", .method = "DELETE", .path = path, .if_match = etag);
	api_verify(&api);
	api_end(&api);
}

STORE_TEST(what_is_malformed_is_refused_with_its_place)
{
	static const char *const bodies[][3] = {
		{"{\"name\":\"x\",\"name\":\"y\"}", "body_syntax", ""},
		{"{\"name\":\"x\"", "body_syntax", ""},
		{"[]", "body_syntax", ""},
		{"{\"name\":\"x\"} x", "body_syntax", ""},
		{"{}", "field_missing", "name"},
		{"{\"name\":7}", "field_type", "name"},
		{"{\"name\":\"Not A Label\"}", "field_value", "name"},
		{"{\"name\":\"x\",\"colour\":1}", "field_unknown", "colour"},
		{"{\"name\":\"x\",\"id\":\"ws_1\"}", "field_read_only", "id"},
		{"{\"name\":\"x\",\"org\":\"org_1\"}", "field_read_only", "org"},
		{"{\"name\":\"x\",\"managed_network\":\"yes\"}", "field_type", "managed_network"},
	};
	char path[256], *before, *after;
	struct api_answer answer;
	struct api_org org;
	struct api api;

	api_begin(&api, database, NULL);
	api_org_make(&api, "blue", &org);
	before = database_dump(database);
	api_path(path, org.ids[RESOURCE_ORG], "/workspaces");
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		answer = ASK(POST(path, bodies[i][0]), .token = org.token);
		cr_expect_eq(answer.status, 400, "%s: %s", bodies[i][0], answer.text);
		cr_expect_str_eq(api_code(&answer), bodies[i][1], "%s", answer.text);
		cr_expect_str_eq(api_field(&answer, "path") ? api_field(&answer, "path") : "",
				 bodies[i][2], "%s", answer.text);
		cr_expect_str_eq(answer.type, "application/problem+json");
		api_answer_release(&answer);
	}
	API_REFUSED(&api, 400, "body_syntax", .method = "POST", .path = path, .token = org.token);
	API_REFUSED(&api, 405, "method_not_allowed", .method = "PUT", .path = path,
		    .token = org.token);
	API_REFUSED(&api, 404, "route_unknown", .method = "GET", .path = "/v1/none");
	API_REFUSED(&api, 404, "not_found", .method = "GET",
		    .path = api_path(path, org.ids[RESOURCE_ORG], "/workspaces/blue"));
	API_REFUSED(&api, 409, "field_immutable", .method = "PATCH", .if_match = "\"1\"",
		    .path = api_path(path, org.ids[RESOURCE_ORG], "/workspaces/%s",
				     org.ids[RESOURCE_WORKSPACE]),
		    .body = "{\"name\":\"other\"}");
	after = database_dump(database);
	cr_expect_str_eq(before, after);
	free(before);
	free(after);
	api_end(&api);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
