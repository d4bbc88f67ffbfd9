// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tokens: made with a secret that only the answer to that request has, and taken back. So there is
 * no Idempotency-Key for making one: the answer would have to be kept. Called by the routes.
 */
#include "controller/api-answer.h"
#include "controller/api-hooks.h"
#include "controller/api.h"
#include "controller/secret.h"
#include "model/rules.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct minting {
	struct call *call;
	struct place place;
	struct token *token;
	char text[SECRET_TEXT_SIZE];
};

static void minting_release(struct minting *minting)
{
	resource_free(minting->token ? &minting->token->head : NULL);
	minting->token = NULL;
	sodium_memzero(minting->text, sizeof(minting->text));
}

/* What the document and the path say, with the end of its life. */
static int token_read(struct minting *minting, struct changes *changes, struct fault *fault)
{
	struct token *token = minting->token;
	struct resource *head = &token->head, *workspace = NULL;
	int ret;

	resource_id_make(RESOURCE_TOKEN, changes->now, head->id);
	snprintf(head->org, sizeof(head->org), "%s", minting->place.org);
	snprintf(head->scope, sizeof(head->scope), "%s", minting->place.org);
	if ((ret = resource_decode(head, minting->call->body, RESOURCE_CREATE,
				   changes->identity->system, fault)) ||
	    (ret = hook_get(changes->tx, RESOURCE_WORKSPACE, head->owner, &workspace, fault)))
		return ret;
	ret = rules_token(token, (const struct workspace *)workspace, changes->now, fault);
	resource_free(workspace);
	return ret;
}

static int mint_run(struct changes *changes, void *argument, struct fault *fault)
{
	struct minting *minting = argument;
	struct resource *parent = NULL;
	bool join;
	int ret;

	minting_release(minting);
	ret = place_parent_get(changes->tx, &minting->place, &parent, fault);
	resource_free(parent);
	if (ret)
		return ret;
	minting->token = (struct token *)resource_new(RESOURCE_TOKEN);
	if (!minting->token)
		return fault_memory(fault);
	if ((ret = token_read(minting, changes, fault)))
		return ret;
	join = minting->token->token_kind == TOKEN_JOIN;
	secret_make(join ? "lbj" : "lbt", minting->token->head.id,
		    join ? changes->controller->signing_public : NULL, minting->text,
		    minting->token->hash);
	return changes_insert(changes, &minting->token->head, fault);
}

/* The token as it is read later, and once its secret. */
static int mint_answer(struct minting *minting, struct fault *fault)
{
	struct store_answer answer = {.status = 0};
	json_object *body = resource_encode(&minting->token->head, reply_view(minting->call));
	json_object *secret = json_object_new_string(minting->text);
	int ret;

	if (!body || !secret || json_object_object_add(body, "secret", secret)) {
		json_object_put(secret);
		json_object_put(body);
		return fault_memory(fault);
	}
	ret = reply_resource(&answer, minting->call, &minting->token->head, 201, fault);
	if (ret) {
		json_object_put(body);
		return ret;
	}
	http_reply_json(minting->call->reply, 201, body);
	memcpy(minting->call->reply->location, answer.location, sizeof(answer.location));
	store_answer_release(&answer);
	return 0;
}

int api_token_create(struct call *call, struct fault *fault)
{
	struct minting minting = {.call = call};
	int ret = place_read(call, &minting.place, fault);

	if (!ret)
		ret = controller_change(call->controller, call, mint_run, &minting, fault);
	if (!ret)
		ret = mint_answer(&minting, fault);
	minting_release(&minting);
	return ret;
}

struct revoking {
	struct call *call;
	struct place place;
	struct store_answer answer;
};

static int revoke_run(struct changes *changes, void *argument, struct fault *fault)
{
	struct revoking *revoking = argument;
	struct resource *before = NULL, *after = NULL;
	int ret;

	store_answer_release(&revoking->answer);
	if ((ret = place_get(changes->tx, &revoking->place, &before, fault)))
		return ret;
	after = resource_copy(before);
	if (!after) {
		ret = fault_memory(fault);
		goto out;
	}
	((struct token *)after)->revoked = true;
	if (!((const struct token *)before)->revoked)
		ret = changes_update(changes, before, after, fault);
	if (!ret)
		ret = reply_resource(&revoking->answer, revoking->call, after, 200, fault);
out:
	resource_free(before);
	resource_free(after);
	return ret;
}

int api_token_revoke(struct call *call, struct fault *fault)
{
	struct revoking revoking = {.call = call};
	int ret = place_read(call, &revoking.place, fault);

	if (!ret)
		ret = controller_change(call->controller, call, revoke_run, &revoking, fault);
	if (!ret)
		reply_send(call->reply, &revoking.answer);
	store_answer_release(&revoking.answer);
	return ret;
}
