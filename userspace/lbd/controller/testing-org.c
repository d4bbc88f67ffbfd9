// SPDX-License-Identifier: GPL-2.0-only
/* An organisation with one of everything, for the tests of the API. */
#include "controller/secret.h"
#include "controller/testing-api.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t key_seed[crypto_sign_SEEDBYTES] = {7};

/* One more controller, in the test's own process. */
static void second_open(const struct api *api, struct controller *controller)
{
	struct fault fault = {0};

	*controller = (struct controller){.options = &api->options};
	cr_assert_geq(sodium_init(), 0);
	crypto_sign_seed_keypair(controller->signing_public, controller->signing_secret, key_seed);
	cr_assert_eq(controller_open(controller, NULL, &fault), 0, "%s", fault.text);
}

void api_verify(const struct api *api)
{
	struct controller controller;
	struct fault fault = {0};
	size_t entries;

	second_open(api, &controller);
	cr_assert_eq(controller_verify(&controller, &entries, &fault), 0, "%s", fault.text);
	cr_assert_gt(entries, 0);
	controller_close(&controller);
}

static int host_insert(struct changes *changes, void *argument, struct fault *fault)
{
	return changes_insert(changes, argument, fault);
}

void api_host_make(const struct api *api, const char *org, const char *workspace, const char *name,
		   char id[RESOURCE_ID_SIZE])
{
	struct host *host = (struct host *)resource_new(RESOURCE_HOST);
	struct controller controller;
	struct fault fault = {0};

	second_open(api, &controller);
	TEXT_SET(host->head.org, org);
	TEXT_SET(host->head.scope, workspace);
	TEXT_SET(host->head.name, name);
	randombytes_buf(host->public_key, sizeof(host->public_key));
	randombytes_buf(host->infra_public_key, sizeof(host->infra_public_key));
	randombytes_buf(host->identity_key, sizeof(host->identity_key));
	cr_assert_eq(controller_change(&controller, NULL, host_insert, host, &fault), 0, "%s",
		     fault.text);
	memcpy(id, host->head.id, RESOURCE_ID_SIZE);
	resource_free(&host->head);
	controller_close(&controller);
}

struct touching {
	const char *id;
	const uint8_t *hash; /* or NULL */
};

static int host_touch(struct changes *changes, void *argument, struct fault *fault)
{
	const struct touching *touching = argument;
	struct resource *before = NULL, *after;
	int ret = store_get(changes->tx, RESOURCE_HOST, touching->id, &before, fault);

	if (ret)
		return ret;
	after = resource_copy(before);
	((struct host *)after)->keepalive++;
	if (touching->hash)
		memcpy(((struct host *)after)->credential_hash, touching->hash, SECRET_HASH);
	ret = changes_update(changes, before, after, fault);
	resource_free(before);
	resource_free(after);
	return ret;
}

static void second_touch(const struct api *api, struct touching *touching)
{
	struct controller controller;
	struct fault fault = {0};

	second_open(api, &controller);
	cr_assert_eq(controller_change(&controller, NULL, host_touch, touching, &fault), 0, "%s",
		     fault.text);
	controller_close(&controller);
}

void api_host_touch(const struct api *api, const char *id)
{
	second_touch(api, &(struct touching){.id = id});
}

void api_credential_make(const struct api *api, const char *id, char *credential)
{
	uint8_t hash[SECRET_HASH];

	secret_make("lba", id, NULL, credential, hash);
	second_touch(api, &(struct touching){.id = id, .hash = hash});
}

void api_make(const struct api *api, const char *token, const char *path, const char *body,
	      char id[RESOURCE_ID_SIZE])
{
	struct api_answer answer =
		api_ask(api, NULL,
			&(const struct api_request){
				.method = "POST", .path = path, .body = body, .token = token});
	const char *made;

	cr_assert(answer.status == 201 || answer.status == 202, "POST %s %s: %ld %s", path, body,
		  answer.status, answer.text);
	/* Of an operation, what it works on. */
	made = api_field(&answer, answer.status == 202 ? "target" : "id");
	cr_assert(made);
	snprintf(id, RESOURCE_ID_SIZE, "%s", made);
	api_answer_release(&answer);
}

void api_token_make(const struct api *api, const char *org, const char *scope, char token[128])
{
	char path[256], body[64];
	struct api_answer answer;

	snprintf(body, sizeof(body), "{\"scopes\":[\"%s\"]}", scope);
	answer = api_ask(api, NULL,
			 &(const struct api_request){.method = "POST",
						     .path = api_path(path, org, "/tokens"),
						     .body = body});
	cr_assert_eq(answer.status, 201, "%s", answer.text);
	snprintf(token, 128, "%s", api_field(&answer, "secret"));
	api_answer_release(&answer);
}

/* The first of a list's answer. */
static void first_find(const struct api *api, const char *path, const char *owner,
		       char id[RESOURCE_ID_SIZE])
{
	char query[512];
	struct api_answer answer;
	json_object *items;

	snprintf(query, sizeof(query), "%s?owner=%s", path, owner);
	answer = api_ask(api, NULL, &(const struct api_request){.method = "GET", .path = query});
	cr_assert_eq(answer.status, 200);
	cr_assert(json_object_object_get_ex(answer.body, "items", &items));
	cr_assert_geq(json_object_array_length(items), 1);
	snprintf(id, RESOURCE_ID_SIZE, "%s",
		 json_object_get_string(
			 json_object_object_get(json_object_array_get_idx(items, 0), "id")));
	api_answer_release(&answer);
}

#define MAKE(kind_, path_, ...)                                                \
	do {                                                                   \
		char body_[512];                                               \
		snprintf(body_, sizeof(body_), __VA_ARGS__);                   \
		api_make(api, NULL, path_, body_, org->ids[RESOURCE_##kind_]); \
	} while (0)

/* What is in the network. */
static void network_fill(const struct api *api, struct api_org *org)
{
	const char *id = org->ids[RESOURCE_ORG], *network = org->ids[RESOURCE_NETWORK];
	char path[256];

	MAKE(MEMBER, api_path(path, id, "/networks/%s/members", network), "{\"owner\":\"%s\"}",
	     org->ids[RESOURCE_HOST]);
	memcpy(org->host_member, org->ids[RESOURCE_MEMBER], RESOURCE_ID_SIZE);
	MAKE(MEMBER, api_path(path, id, "/networks/%s/members", network), "{\"owner\":\"%s\"}",
	     org->ids[RESOURCE_SANDBOX]);
	MAKE(ALIAS, api_path(path, id, "/networks/%s/aliases", network),
	     "{\"name\":\"api\",\"sandbox\":\"%s\",\"ports\":[8080,8081]}",
	     org->ids[RESOURCE_SANDBOX]);
	MAKE(POLICY, api_path(path, id, "/networks/%s/policies", network),
	     "{\"from\":\"local\",\"to\":\"api\",\"port\":8080}");
}

void api_org_make(const struct api *api, const char *name, struct api_org *org)
{
	const char *id = org->ids[RESOURCE_ORG];
	char path[256];

	*org = (struct api_org){0};
	MAKE(ORG, "/v1/orgs", "{\"name\":\"%s\"}", name);
	MAKE(WORKSPACE, api_path(path, id, "/workspaces"),
	     "{\"name\":\"%s\",\"managed_network\":true}", name);
	first_find(api, api_path(path, id, "/networks"), org->ids[RESOURCE_WORKSPACE],
		   org->managed);
	api_host_make(api, id, org->ids[RESOURCE_WORKSPACE], name, org->ids[RESOURCE_HOST]);
	MAKE(SANDBOX, api_path(path, id, "/sandboxes"), "{\"name\":\"%s\",\"host\":\"%s\"}", name,
	     org->ids[RESOURCE_HOST]);
	MAKE(NETWORK, api_path(path, id, "/networks"), "{\"name\":\"%s-other\"}", name);
	memcpy(org->other_network, org->ids[RESOURCE_NETWORK], RESOURCE_ID_SIZE);
	MAKE(NETWORK, api_path(path, id, "/networks"), "{\"name\":\"%s-net\"}", name);
	network_fill(api, org);
	MAKE(BRIDGE, api_path(path, id, "/bridges"), "{\"networks\":[\"%s\",\"%s\"]}",
	     org->ids[RESOURCE_NETWORK], org->other_network);
	MAKE(FIREWALL, api_path(path, id, "/firewalls"), "{\"name\":\"%s\",\"level\":\"host\"}",
	     name);
	MAKE(ATTACHMENT, api_path(path, id, "/hosts/%s/attachments", org->ids[RESOURCE_HOST]),
	     "{\"firewall\":\"%s\"}", org->ids[RESOURCE_FIREWALL]);
	MAKE(TOKEN, api_path(path, id, "/tokens"), "{\"scopes\":[\"read\"]}");
	first_find(api, api_path(path, id, "/operations"), "", org->ids[RESOURCE_OPERATION]);
	api_token_make(api, id, "admin", org->token);
}
