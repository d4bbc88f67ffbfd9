// SPDX-License-Identifier: GPL-2.0-only
/*
 * The API as a client sees it, on both stores: each kind is made, read, changed and deleted; what the
 * rows of the mission promise of networks, bridges and firewalls.
 */
#include "controller/testing-api.h"

#include <stdlib.h>
#include <string.h>

#define ASK(...) api_ask(&api, NULL, &(const struct api_request){__VA_ARGS__})

/* --- each kind ---------------------------------------------------------------------------------- */

/* By kind: the list below an organisation, and a change; NULL: the kind has none. */
static const struct {
	enum resource_kind kind;
	enum resource_kind parent;
	const char *patch;
} kinds[] = {
	{RESOURCE_WORKSPACE, RESOURCE_ORG, "{\"description\":\"d\"}"},
	{RESOURCE_HOST, RESOURCE_ORG, "{\"endpoint\":\"192.0.2.1:51820\",\"labels\":[\"x\"]}"},
	{RESOURCE_SANDBOX, RESOURCE_ORG, "{\"allow_internet\":false}"},
	{RESOURCE_NETWORK, RESOURCE_ORG, "{\"mtu\":1400}"},
	{RESOURCE_FIREWALL, RESOURCE_ORG, "{\"priority\":7}"},
	{RESOURCE_BRIDGE, RESOURCE_ORG, NULL},
	{RESOURCE_ATTACHMENT, RESOURCE_HOST, "{\"priority\":7}"},
	{RESOURCE_MEMBER, RESOURCE_NETWORK, NULL},
	{RESOURCE_ALIAS, RESOURCE_NETWORK, "{\"ports\":[8080,9090]}"},
	{RESOURCE_POLICY, RESOURCE_NETWORK, "{\"action\":\"deny\"}"},
};

static char *kind_path(char path[256], const struct api_org *org, size_t i)
{
	const struct resource_schema *schema = resource_schema(kinds[i].kind);
	char parent[64] = "";

	if (kinds[i].parent != RESOURCE_ORG)
		snprintf(parent, sizeof(parent), "/%s/%s", resource_schema(kinds[i].parent)->plural,
			 org->ids[kinds[i].parent]);
	return api_path(path, org->ids[RESOURCE_ORG], "%s/%s/%s", parent, schema->plural,
			org->ids[kinds[i].kind]);
}

static void kind_change(const struct api *fixture, const struct api_org *org, size_t i)
{
	struct api api = *fixture;
	struct api_answer read, changed, again;
	char path[256];

	kind_path(path, org, i);
	read = ASK(.method = "GET", .path = path, .token = org->token);
	cr_assert_eq(read.status, 200, "%s: %s", path, read.text);
	cr_expect_str_eq(api_field(&read, "id"), org->ids[kinds[i].kind]);
	cr_expect_str_eq(api_field(&read, "org"), org->ids[RESOURCE_ORG]);
	if (kinds[i].patch) {
		API_REFUSED(&api, 428, "precondition_required", .method = "PATCH", .path = path,
			    .body = kinds[i].patch, .token = org->token);
		API_REFUSED(&api, 412, "version", .method = "PATCH", .path = path,
			    .body = kinds[i].patch, .if_match = "\"77\"", .token = org->token);
		changed = ASK(.method = "PATCH", .path = path, .body = kinds[i].patch,
			      .if_match = read.etag, .token = org->token);
		cr_expect_eq(changed.status, 200, "%s: %s", path, changed.text);
		cr_expect_str_neq(changed.etag, read.etag);
		again = ASK(.method = "PATCH", .path = path, .body = kinds[i].patch,
			    .if_match = changed.etag, .token = org->token);
		cr_expect_str_eq(again.etag, changed.etag, "nothing changed, but the version did");
		api_answer_release(&again);
		api_answer_release(&changed);
		API_REFUSED(&api, 412, "version", .method = "PATCH", .path = path,
			    .body = kinds[i].patch, .if_match = read.etag, .token = org->token);
	}
	api_answer_release(&read);
}

static void kind_delete(const struct api *fixture, const struct api_org *org, size_t i)
{
	struct api api = *fixture;
	struct api_answer answer;
	char path[256], etag[32];

	kind_path(path, org, i);
	answer = ASK(.method = "GET", .path = path);
	cr_assert_eq(answer.status, 200, "%s: %s", path, answer.text);
	memcpy(etag, answer.etag, sizeof(etag));
	api_answer_release(&answer);
	API_REFUSED(&api, 428, "precondition_required", .method = "DELETE", .path = path,
		    .token = org->token);
	answer = ASK(.method = "DELETE", .path = path, .if_match = etag, .token = org->token);
	cr_expect(answer.status == 204 || answer.status == 202, "%s: %ld %s", path, answer.status,
		  answer.text ? answer.text : "");
	api_answer_release(&answer);
	/* A network is there until the operation that deletes it has ended. */
	if (kinds[i].kind == RESOURCE_NETWORK)
		return;
	API_REFUSED(&api, 404, "not_found", .method = "GET", .path = path, .token = org->token);
}

STORE_TEST(each_kind_is_made_read_changed_and_deleted)
{
	/* What needs others goes before them. */
	static const enum resource_kind order[] = {RESOURCE_POLICY,  RESOURCE_ALIAS,
						   RESOURCE_MEMBER,  RESOURCE_ATTACHMENT,
						   RESOURCE_BRIDGE,  RESOURCE_FIREWALL,
						   RESOURCE_SANDBOX, RESOURCE_NETWORK,
						   RESOURCE_HOST,    RESOURCE_WORKSPACE};
	struct api_org org;
	struct api api;

	api_begin(&api, database, NULL);
	api_org_make(&api, "blue", &org);
	api_verify(&api);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		kind_change(&api, &org, i);
	api_verify(&api);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		for (size_t j = 0; j < sizeof(kinds) / sizeof(kinds[0]); j++) {
			if (kinds[j].kind == order[i])
				kind_delete(&api, &org, j);
		}
	}
	api_verify(&api);
	api_end(&api);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
