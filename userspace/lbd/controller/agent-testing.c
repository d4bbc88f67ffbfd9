// SPDX-License-Identifier: GPL-2.0-only
/* The controller of the tests of agents, and what is in it: see agent-testing.h. */
#include "controller/agent-testing.h"

#include "controller/api-hooks.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t key_seed[crypto_sign_SEEDBYTES] = {7};

/* What it has taken from the machine's clock is set by the test's. */
static void controller_begin(struct bed *bed)
{
	struct agent *agent;
	struct fault fault = {0};

	bed->controller = (struct controller){.options = &bed->options};
	crypto_sign_seed_keypair(bed->controller.signing_public, bed->controller.signing_secret,
				 key_seed);
	cr_assert_eq(controller_open(&bed->controller, NULL, &fault), 0, "%s", fault.text);
	cr_assert_eq(agents_open(&bed->controller, &fault), 0, "%s", fault.text);
	bed->controller.agents->now = bed->now;
	TAILQ_FOREACH(agent, &bed->controller.agents->list, link)
	agent->heard = bed->now;
}

void bed_begin(struct bed *bed, struct database *database)
{
	*bed = (struct bed){.database = database};
	cr_assert_geq(sodium_init(), 0);
	store_close(database->store);
	database->store = NULL;
	bed->options.store = database->url;
	bed->options.ready = stream_ready;
	bed->options.suffix = "gstacks";
	bed->now = (int64_t)time(NULL) * 1000;
	controller_begin(bed);
	bed_org_make(bed, "acme", bed->org);
	bed_workspace_make(bed, bed->org, "main", bed->workspace, bed->network);
}

void bed_join(struct bed *bed, const struct bed *first)
{
	*bed = *first;
	controller_begin(bed);
}

void bed_end(struct bed *bed)
{
	agents_close(&bed->controller);
	controller_close(&bed->controller);
}

void bed_restart(struct bed *bed)
{
	bed_end(bed);
	controller_begin(bed);
}

void bed_later(struct bed *bed, int64_t milliseconds)
{
	struct fault fault = {0};

	for (int64_t end = bed->now + milliseconds; bed->now < end;) {
		bed->now += end - bed->now < 1000 ? end - bed->now : 1000;
		cr_assert_eq(controller_feed(&bed->controller, &fault), 0, "%s", fault.text);
		agents_tick(bed->controller.agents, bed->now);
	}
}

static int insert(struct changes *changes, void *argument, struct fault *fault)
{
	return changes_insert(changes, argument, fault);
}

void bed_insert(struct bed *bed, struct resource *resource, char id[RESOURCE_ID_SIZE])
{
	struct fault fault = {0};

	cr_assert_eq(controller_change(&bed->controller, NULL, insert, resource, &fault), 0, "%s",
		     fault.text);
	if (id)
		memcpy(id, resource->id, RESOURCE_ID_SIZE);
	resource_free(resource);
}

struct resource *bed_get(struct bed *bed, enum resource_kind kind, const char *id)
{
	struct resource *resource;
	struct fault fault = {0};

	if (!agents_read(bed->controller.agents, kind, id, &resource, &fault))
		return resource;
	cr_assert_eq(fault.code, CODE_NOT_FOUND, "%s", fault.text);
	return NULL;
}

void bed_org_make(struct bed *bed, const char *name, char org[RESOURCE_ID_SIZE])
{
	struct resource *made = resource_new(RESOURCE_ORG);

	TEXT_SET(made->name, name);
	resource_id_make(RESOURCE_ORG, bed->now, made->id);
	TEXT_SET(made->org, made->id);
	bed_insert(bed, made, org);
}

static int network_insert(struct changes *changes, void *argument, struct fault *fault)
{
	return network_add(changes, argument, NULL, fault);
}

static void network_put(struct bed *bed, struct network *network, char id[RESOURCE_ID_SIZE])
{
	struct fault fault = {0};

	cr_assert_eq(controller_change(&bed->controller, NULL, network_insert, network, &fault), 0,
		     "%s", fault.text);
	memcpy(id, network->head.id, RESOURCE_ID_SIZE);
	resource_free(&network->head);
}

void bed_workspace_make(struct bed *bed, const char *org, const char *name,
			char workspace[RESOURCE_ID_SIZE], char network[RESOURCE_ID_SIZE])
{
	struct resource *made = resource_new(RESOURCE_WORKSPACE);
	struct network *managed = (struct network *)resource_new(RESOURCE_NETWORK);

	TEXT_SET(made->name, name);
	TEXT_SET(made->org, org);
	TEXT_SET(made->scope, org);
	bed_insert(bed, made, workspace);
	TEXT_SET(managed->head.name, name);
	TEXT_SET(managed->head.org, org);
	TEXT_SET(managed->head.scope, org);
	TEXT_SET(managed->head.owner, workspace);
	managed->managed = true;
	managed->context = NETWORK_WORKSPACE;
	network_put(bed, managed, network);
}

void bed_network_make(struct bed *bed, const char *org, const char *name, char id[RESOURCE_ID_SIZE])
{
	struct network *network = (struct network *)resource_new(RESOURCE_NETWORK);

	TEXT_SET(network->head.name, name);
	TEXT_SET(network->head.org, org);
	TEXT_SET(network->head.scope, org);
	network->context = NETWORK_ORGANIZATION;
	network_put(bed, network, id);
}

struct joining {
	const char *network;
	const char *host;
	struct lbmesh_prefix *address; /* where to, of member_get() */
};

static int member_insert(struct changes *changes, void *argument, struct fault *fault)
{
	const struct joining *joining = argument;
	struct resource *network = NULL, *host = NULL;
	int ret;

	ret = store_get(changes->tx, RESOURCE_NETWORK, joining->network, &network, fault);
	if (!ret)
		ret = store_get(changes->tx, RESOURCE_HOST, joining->host, &host, fault);
	if (!ret)
		ret = member_make(changes, (struct network *)network, host, (struct host *)host, 0,
				  NULL, fault);
	resource_free(network);
	resource_free(host);
	return ret;
}

void bed_member_make(struct bed *bed, const char *network, const char *host)
{
	struct joining joining = {network, host, NULL};
	struct fault fault = {0};

	cr_assert_eq(controller_change(&bed->controller, NULL, member_insert, &joining, &fault), 0,
		     "%s", fault.text);
}

static int member_get(struct store_tx *tx, void *argument, struct fault *fault)
{
	const struct joining *joining = argument;
	struct resource *member = NULL;
	int ret = store_find(tx, RESOURCE_MEMBER, joining->network, joining->host, &member, fault);

	if (!ret)
		*joining->address = ((const struct member *)member)->address;
	resource_free(member);
	return ret;
}

void bed_address(struct bed *bed, const char *network, const char *host,
		 struct lbmesh_prefix *address)
{
	struct joining joining = {network, host, address};
	struct fault fault = {0};

	cr_assert_eq(store_read(bed->controller.store, member_get, &joining, &fault), 0, "%s",
		     fault.text);
	cr_assert(address->family);
}

struct beginning {
	struct bed *bed;
	enum operation_verb verb;
	const char *target;
	const char *host;
	struct operation *operation;
};

static int operation_insert(struct changes *changes, void *argument, struct fault *fault)
{
	struct beginning *beginning = argument;

	return operation_start(changes, beginning->verb, beginning->bed->org, beginning->target,
			       beginning->host, &beginning->operation, fault);
}

void bed_operation(struct bed *bed, enum operation_verb verb, const char *target, const char *host,
		   char id[RESOURCE_ID_SIZE])
{
	struct beginning beginning = {bed, verb, target, host, NULL};
	struct fault fault = {0};

	cr_assert_eq(controller_change(&bed->controller, NULL, operation_insert, &beginning,
				       &fault),
		     0, "%s", fault.text);
	memcpy(id, beginning.operation->head.id, RESOURCE_ID_SIZE);
	resource_free(&beginning.operation->head);
}

enum operation_state bed_operation_state(struct bed *bed, const char *id)
{
	struct resource *resource = bed_get(bed, RESOURCE_OPERATION, id);
	enum operation_state state;

	cr_assert(resource);
	state = ((struct operation *)resource)->state;
	resource_free(resource);
	return state;
}

struct host_changing {
	const char *id;
	void (*change)(struct host *host);
};

static int host_update(struct changes *changes, void *argument, struct fault *fault)
{
	const struct host_changing *changing = argument;
	struct resource *before = NULL, *after;
	int ret = store_get(changes->tx, RESOURCE_HOST, changing->id, &before, fault);

	if (ret)
		return ret;
	after = resource_copy(before);
	changing->change((struct host *)after);
	ret = changes_update(changes, before, after, fault);
	resource_free(before);
	resource_free(after);
	return ret;
}

void bed_host_change(struct bed *bed, const char *id, void (*change)(struct host *host))
{
	struct host_changing changing = {id, change};
	struct fault fault = {0};

	cr_assert_eq(controller_change(&bed->controller, NULL, host_update, &changing, &fault), 0,
		     "%s", fault.text);
}

void bed_token_make(struct bed *bed, const char *org, const char *workspace, int64_t expires_at,
		    char text[SECRET_TEXT_SIZE], char id[RESOURCE_ID_SIZE])
{
	struct token *token = (struct token *)resource_new(RESOURCE_TOKEN);

	resource_id_make(RESOURCE_TOKEN, bed->now, token->head.id);
	TEXT_SET(token->head.org, org);
	TEXT_SET(token->head.scope, org);
	TEXT_SET(token->head.owner, workspace);
	token->token_kind = TOKEN_JOIN;
	token->expires_at = expires_at;
	secret_make("lbj", token->head.id, bed->controller.signing_public, text, token->hash);
	bed_insert(bed, &token->head, id);
}

int bed_call(struct bed *bed, int (*handle)(struct call *call, struct fault *fault),
	     const struct call *like, const char *body, json_object **answer, struct fault *fault)
{
	struct http_request request = {.now = bed->now, .id = "01KB0000000000000000000000"};
	struct http_reply reply = {0};
	struct call call = *like;
	int ret;

	if (like->request)
		memcpy(request.params, like->request->params, sizeof(request.params));
	call.controller = &bed->controller;
	call.request = &request;
	call.reply = &reply;
	call.body = body ? json_tokener_parse(body) : NULL;
	cr_assert_eq(!body, !call.body, "not JSON: %s", body);
	*fault = (struct fault){0};
	ret = handle(&call, fault);
	*answer = reply.body ? json_tokener_parse(reply.body) : NULL;
	free(reply.body);
	json_object_put(call.body);
	return ret;
}
