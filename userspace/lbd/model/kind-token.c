// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tokens: what clients, joining hosts and users show (G24). Only the hash of the secret is kept.
 * How long one may live is model/rules.h's, which knows the time.
 */
#include "model/table.h"

static const char *const kinds[] = {"api", "join", "user"};
static const char *const scopes[] = {"read", "write", "admin", "system"};

#define SCOPES_TENANT 3

static const struct property scope_element[] = {
	{WORDS(scopes), .words_tenant = SCOPES_TENANT, PLACE(struct token_scope, word)},
};

static const struct property properties[] = {
	{.name = "kind",
	 WORDS(kinds),
	 PLACE(struct token, token_kind),
	 .help = "api: a program; join: one host, once; user: a machine without sandboxes."},
	{.name = "scopes",
	 .flags = PROPERTY_UNIQUE,
	 LIST(struct token, scopes, struct token_scope, scope_element),
	 .max = TOKEN_SCOPES_MAX,
	 .help = "What an api token may do; of other kinds none."},
	{.name = "hash",
	 .type = PROPERTY_KEY,
	 .flags = PROPERTY_READ_ONLY | PROPERTY_HIDDEN,
	 PLACE(struct token, hash),
	 .help = "BLAKE2b-256 of the secret."},
	{.name = "expires_at",
	 .type = PROPERTY_TIME,
	 PLACE(struct token, expires_at),
	 .help = "When it ends; a default by kind when not given."},
	{.name = "used_at",
	 .type = PROPERTY_TIME,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct token, used_at),
	 .help = "When a join token was used, or another last."},
	{.name = "revoked",
	 .type = PROPERTY_BOOLEAN,
	 .flags = PROPERTY_MUTABLE,
	 PLACE(struct token, revoked),
	 .help = "Whether it has been taken back, which is for good."},
};

static int check(const struct resource *resource, struct fault *fault)
{
	const struct token *token = (const struct token *)resource;
	const struct token_scope *words = token->scopes.items;
	const struct field *at = FIELD(NULL, "scopes");

	if (token->token_kind == TOKEN_API && !token->scopes.n)
		return fault_refuse(fault, CODE_FIELD_MISSING, at,
				    "is missing; an api token needs at least one scope");
	if (token->token_kind != TOKEN_API && token->scopes.n)
		return fault_refuse(fault, CODE_FIELD_VALUE, at,
				    "must be empty unless kind is \"api\"");
	if (token->token_kind != TOKEN_JOIN && *resource->owner)
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "workspace"),
				    "must be left out unless kind is \"join\"");
	/* An organisation's token never reaches beyond it. */
	for (size_t i = 0; i < token->scopes.n; i++) {
		if (words[i].word >= SCOPES_TENANT && *resource->org)
			return fault_refuse(fault, CODE_FIELD_VALUE, ITEM(at, i),
					    "\"system\" is not for tokens of an organisation");
	}
	return 0;
}

const struct resource_schema token_schema = {
	.kind = RESOURCE_TOKEN,
	.singular = "token",
	.plural = "tokens",
	.prefix = "tok",
	.size = sizeof(struct token),
	.properties = properties,
	.n_properties = TABLE_SIZE(properties),
	.owner_shown = "workspace",
	.owner_kinds = OWNER(WORKSPACE),
	.name_flags = PROPERTY_MUTABLE,
	.check = check,
};
