// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long tokens live, and when they are over. Every token ends: those that let a machine in soon,
 * those of programs within a year. Comparing the secret with the hash is access control's.
 */
#include "model/rules.h"

#include <inttypes.h>
#include <string.h>

#define HOUR_MS ((int64_t)60 * 60 * 1000)

/* By kind, in milliseconds. */
static const struct {
	int64_t usual;
	int64_t most;
} lives[] = {
	[TOKEN_API] = {TOKEN_API_MS, TOKEN_API_MAX_MS},
	[TOKEN_JOIN] = {TOKEN_JOIN_MS, TOKEN_JOIN_MAX_MS},
	[TOKEN_USER] = {TOKEN_USER_MS, TOKEN_USER_MAX_MS},
};

int rules_token(struct token *token, const struct workspace *workspace, int64_t now,
		struct fault *fault)
{
	const struct field *at = FIELD(NULL, "expires_at");
	int64_t most = lives[token->token_kind].most;
	int ret;

	if (*token->head.owner) {
		if (!workspace || strcmp(workspace->head.id, token->head.owner) != 0)
			return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "workspace"),
					    "there is no such workspace");
		ret = rules_same_org(&token->head, &workspace->head, FIELD(NULL, "workspace"),
				     fault);
		if (ret)
			return ret;
	} else if (token->token_kind == TOKEN_JOIN) {
		return fault_refuse(fault, CODE_FIELD_MISSING, FIELD(NULL, "workspace"),
				    "is missing; a join token enrols into one");
	}
	if (!token->expires_at)
		token->expires_at = now + lives[token->token_kind].usual;
	if (token->expires_at <= now)
		return fault_refuse(fault, CODE_FIELD_VALUE, at, "must be in the future");
	if (token->expires_at - now > most)
		return fault_refuse(fault, CODE_FIELD_VALUE, at,
				    "must be within %" PRId64 " hours for a token of this kind",
				    most / HOUR_MS);
	return 0;
}

int rules_token_change(const struct token *before, const struct token *after, struct fault *fault)
{
	if (!before->revoked || after->revoked)
		return 0;
	return fault_refuse(fault, CODE_STATE, FIELD(NULL, "revoked"),
			    "a token that was revoked stays so; mint a new one");
}

int rules_token_use(const struct token *token, int64_t now, struct fault *fault)
{
	bool join = token->token_kind == TOKEN_JOIN;
	const char *why = NULL;

	if (token->revoked)
		why = "the token is revoked";
	else if (!token->expires_at || token->expires_at <= now)
		why = "the token has expired";
	else if (join && token->used_at)
		why = "the token has been used";
	if (!why)
		return 0;
	return fault_refuse(fault, join ? CODE_TOKEN_SPENT : CODE_UNAUTHENTICATED, NULL, "%s", why);
}
