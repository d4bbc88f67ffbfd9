// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who asks, and what they may: bearer tokens of programs, credentials of agents, and the peers of the
 * unix socket. The same work is done for a token that does not exist as for one with a wrong secret,
 * and the answer is the same. Called by api.c for each request.
 */
#include "controller/api.h"
#include "controller/secret.h"
#include "model/rules.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static int unknown_refuse(struct fault *fault)
{
	return fault_refuse(fault, CODE_UNAUTHENTICATED, NULL, "the token is not valid");
}

struct lookup {
	enum resource_kind kind;
	const char *id;
	struct resource *found;
};

static int lookup_read(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct lookup *lookup = argument;

	resource_free(lookup->found);
	lookup->found = NULL;
	return store_get(tx, lookup->kind, lookup->id, &lookup->found, fault);
}

/* *found stays NULL when there is none. The caller frees. */
static int bearer_find(struct controller *controller, enum resource_kind kind, const char *id,
		       struct resource **found, struct fault *fault)
{
	struct lookup lookup = {.kind = kind, .id = id};
	struct fault why = {0};
	int ret = store_read(controller->store, lookup_read, &lookup, &why);

	if (ret && why.code != CODE_NOT_FOUND) {
		*fault = why;
		return ret;
	}
	*found = lookup.found;
	return 0;
}

/* Against zeros when there is nothing to compare with, which is then refused as well. */
static bool hash_matches(const uint8_t *kept, const uint8_t given[SECRET_HASH])
{
	static const uint8_t none[SECRET_HASH];
	bool equal = !sodium_memcmp(kept ? kept : none, given, SECRET_HASH);

	return equal && kept && !sodium_is_zero(kept, SECRET_HASH);
}

/* The words of a token's scopes are in the order of rights. */
static enum right token_right(const struct token *token)
{
	static const enum right rights[] = {RIGHT_READ, RIGHT_WRITE, RIGHT_ADMIN, RIGHT_SYSTEM};
	const struct token_scope *scopes = token->scopes.items;
	enum right highest = RIGHT_NONE;

	for (size_t i = 0; i < token->scopes.n; i++) {
		if (rights[scopes[i].word] > highest)
			highest = rights[scopes[i].word];
	}
	return highest;
}

static int token_identify(struct call *call, const struct token *token,
			  const uint8_t hash[SECRET_HASH], struct fault *fault)
{
	struct identity *identity = &call->identity;

	if (!hash_matches(token ? token->hash : NULL, hash) || token->token_kind != TOKEN_API)
		return unknown_refuse(fault);
	if (rules_token_use(token, call->request->now, fault))
		return unknown_refuse(fault);
	identity->known = true;
	identity->right = token_right(token);
	identity->system = identity->right == RIGHT_SYSTEM && !*token->head.org;
	memcpy(identity->org, token->head.org, sizeof(identity->org));
	memcpy(identity->actor, token->head.id, sizeof(token->head.id));
	return 0;
}

static int agent_identify(struct call *call, const struct host *host,
			  const uint8_t hash[SECRET_HASH], struct fault *fault)
{
	struct identity *identity = &call->identity;

	if (!hash_matches(host ? host->credential_hash : NULL, hash) || host->state == HOST_REMOVED)
		return unknown_refuse(fault);
	identity->known = true;
	memcpy(identity->org, host->head.org, sizeof(identity->org));
	memcpy(identity->host, host->head.id, sizeof(identity->host));
	memcpy(identity->actor, host->head.id, sizeof(host->head.id));
	return 0;
}

static int bearer_identify(struct call *call, const char *text, struct fault *fault)
{
	bool agent = !strncmp(text, "lba_", 4);
	enum resource_kind kind = agent ? RESOURCE_HOST : RESOURCE_TOKEN;
	uint8_t hash[SECRET_HASH];
	char id[RESOURCE_ID_SIZE];
	struct resource *found = NULL;
	int ret;

	if (secret_read(agent ? "lba" : "lbt", kind, text, strlen(text), id, hash, NULL))
		return unknown_refuse(fault);
	ret = bearer_find(call->controller, kind, id, &found, fault);
	if (!ret)
		ret = agent ? agent_identify(call, (const struct host *)found, hash, fault)
			    : token_identify(call, (const struct token *)found, hash, fault);
	resource_free(found);
	sodium_memzero(hash, sizeof(hash));
	return ret;
}

/* The machine's administrator, and the controller's own user, may everything. */
static void peer_identify(struct call *call)
{
	const struct http_peer *peer = &call->request->peer;
	struct identity *identity = &call->identity;

	if (!peer->local || (peer->uid != 0 && peer->uid != geteuid()))
		return;
	identity->known = identity->system = true;
	identity->right = RIGHT_SYSTEM;
	snprintf(identity->actor, sizeof(identity->actor), "uid:%u", (unsigned int)peer->uid);
}

int access_identify(struct call *call, struct fault *fault)
{
	static const char scheme[] = "Bearer ";
	const char *header = http_header(call->request, "Authorization");

	call->identity = (struct identity){.known = false};
	if (!header) {
		peer_identify(call);
		return 0;
	}
	if (strncasecmp(header, scheme, sizeof(scheme) - 1) != 0)
		return fault_refuse(fault, CODE_UNAUTHENTICATED, NULL,
				    "the scheme of Authorization must be Bearer");
	return bearer_identify(call, header + sizeof(scheme) - 1, fault);
}

/* Its organisation first: of another's, nobody learns as much as that it is there. */
int access_check(const struct identity *identity, enum right right, const char *org,
		 struct fault *fault)
{
	static const char *const words[] = {"none", "read", "write", "admin", "system", "agent"};

	if (right == RIGHT_NONE)
		return 0;
	if (!identity->known)
		return fault_refuse(fault, CODE_UNAUTHENTICATED, NULL, "the request has no token");
	if (right == RIGHT_AGENT) {
		if (*identity->host)
			return 0;
		return fault_refuse(fault, CODE_FORBIDDEN, NULL,
				    "this is for agents with the credential of their enrolment");
	}
	if (identity->system)
		return 0;
	if (org && (!*org || strcmp(org, identity->org) != 0))
		return fault_refuse(fault, CODE_NOT_FOUND, NULL, "there is no org \"%.40s\"", org);
	if (identity->right >= right)
		return 0;
	return fault_refuse(fault, CODE_FORBIDDEN, NULL, "the scope \"%s\" is needed",
			    words[right]);
}
