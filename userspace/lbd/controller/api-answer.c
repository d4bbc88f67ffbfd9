// SPDX-License-Identifier: GPL-2.0-only
/*
 * What handlers answer with. An answer to a request with an Idempotency-Key is kept by who sent it
 * and the key, in the transaction of the change: the same request, also one that comes at the same
 * time, has the same answer and changes nothing again.
 */
#include "controller/api-answer.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum resource_view reply_view(const struct call *call)
{
	return call->identity.system ? RESOURCE_VIEW_SYSTEM : RESOURCE_VIEW_TENANT;
}

static void etag_format(const struct resource *resource, char etag[32])
{
	snprintf(etag, 32, "\"%" PRIu64 "\"", resource->version);
}

/* Where a resource is found: an operation beside the kinds, any other below its parent. */
static void location_format(const struct call *call, const struct resource *resource,
			    char location[256])
{
	const struct resource_schema *schema = resource_schema(resource->kind);
	struct place place = {.parent = NULL};
	char parent[128] = "";

	if (resource->kind == RESOURCE_ORG) {
		snprintf(location, 256, "/v1/orgs/%s", resource->id);
		return;
	}
	if (!place_read(call, &place, NULL) && place.kind == resource->kind && place.parent)
		snprintf(parent, sizeof(parent), "%s/%s/",
			 resource_schema(place.parent_kind)->plural, place.parent);
	snprintf(location, 256, "/v1/%s%s/%s%s/%s", *resource->org ? "orgs/" : "system",
		 resource->org, parent, schema->plural, resource->id);
}

static int text_of(json_object *json, char **text, struct fault *fault)
{
	const char *made;

	*text = NULL;
	if (!json)
		return fault_memory(fault);
	made = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN |
							    JSON_C_TO_STRING_NOSLASHESCAPE);
	if (made)
		*text = strdup(made);
	json_object_put(json);
	return *text ? 0 : fault_memory(fault);
}

int reply_resource(struct store_answer *answer, const struct call *call,
		   const struct resource *resource, int status, struct fault *fault)
{
	answer->status = status;
	etag_format(resource, answer->etag);
	if (status == 201 || status == 202)
		location_format(call, resource, answer->location);
	return text_of(resource_encode(resource, reply_view(call)), &answer->body, fault);
}

void reply_send(struct http_reply *reply, struct store_answer *answer)
{
	reply->status = answer->status;
	reply->body = answer->body;
	reply->body_size = answer->body ? strlen(answer->body) : 0;
	memcpy(reply->etag, answer->etag, sizeof(reply->etag));
	memcpy(reply->location, answer->location, sizeof(reply->location));
	answer->body = NULL;
}

int reply_read(struct call *call, const struct resource *resource, struct fault *fault)
{
	struct store_answer answer = {.status = 0};
	int ret = reply_resource(&answer, call, resource, 200, fault);

	if (!ret)
		reply_send(call->reply, &answer);
	return ret;
}

int reply_if_match(const struct call *call, const struct resource *resource, struct fault *fault)
{
	const char *given = http_header(call->request, "If-Match");
	char etag[32];

	if (!(call->route->flags & ROUTE_IF_MATCH))
		return 0;
	if (!given)
		return fault_refuse(fault, CODE_PRECONDITION_REQUIRED, NULL,
				    "the request has no If-Match");
	etag_format(resource, etag);
	if (!strcmp(given, etag))
		return 0;
	return fault_refuse(fault, CODE_VERSION, NULL, "%s has the ETag %s, not %.40s",
			    resource->id, etag, given);
}

/* NULL: the call has none. */
static int key_read(const struct call *call, const char **key, struct fault *fault)
{
	*key = call->route->flags & ROUTE_IDEMPOTENT ? http_header(call->request, "Idempotency-Key")
						     : NULL;
	if (!*key || (**key && strlen(*key) <= IDEMPOTENCY_KEY_MAX))
		return 0;
	return fault_refuse(fault, CODE_REQUEST_SYNTAX, NULL,
			    "Idempotency-Key must have 1 to %d characters", IDEMPOTENCY_KEY_MAX);
}

static void request_hash(const struct http_request *request, uint8_t hash[32])
{
	crypto_generichash_state state;

	/* Cannot fail: the sizes are within the functions' limits. */
	crypto_generichash_init(&state, NULL, 0, 32);
	crypto_generichash_update(&state, (const uint8_t *)request->method,
				  strlen(request->method) + 1);
	crypto_generichash_update(&state, (const uint8_t *)request->path,
				  strlen(request->path) + 1);
	crypto_generichash_update(&state, (const uint8_t *)request->body, request->body_size);
	crypto_generichash_final(&state, hash, 32);
}

int reply_again(struct store_tx *tx, const struct call *call, struct store_answer *answer,
		struct fault *fault)
{
	struct fault why = {0};
	uint8_t hash[32];
	const char *key;
	int ret = key_read(call, &key, fault);

	if (ret || !key)
		return ret;
	ret = store_answer_get(tx, call->identity.actor, key, call->request->now, answer, &why);
	if (ret && why.code == CODE_NOT_FOUND)
		return 0;
	if (ret) {
		*fault = why;
		return ret;
	}
	request_hash(call->request, hash);
	if (!memcmp(hash, answer->request_hash, sizeof(hash)))
		return 1;
	return fault_refuse(fault, CODE_IDEMPOTENCY_REUSED, NULL,
			    "the key was used for another request within the last 24 hours");
}

int reply_keep(struct store_tx *tx, const struct call *call, struct store_answer *answer,
	       struct fault *fault)
{
	const char *key;
	int ret = key_read(call, &key, fault);

	if (ret || !key)
		return ret;
	request_hash(call->request, answer->request_hash);
	return store_answer_put(tx, call->identity.actor, key, call->request->now + ANSWER_KEEP_MS,
				answer, fault);
}

int reply_member(json_object *object, const char *name, json_object *member)
{
	if (member && !json_object_object_add(object, name, member))
		return 0;
	json_object_put(member);
	return -ENOMEM;
}

int reply_text(json_object *object, const char *name, const char *text)
{
	if (text && *text)
		return reply_member(object, name, json_object_new_string(text));
	return json_object_object_add(object, name, NULL) ? -ENOMEM : 0;
}
