// SPDX-License-Identifier: GPL-2.0-only
/* How long tokens live, where they lead, and when they are over. */
#include "model/rules.h"
#include "testing/resources.h"

#include <criterion/criterion.h>
#include <string.h>

#define NOW 1795659963000

static struct token token;
static struct workspace workspace, foreign;
static struct fault fault;

static void setup(void)
{
	head_fill(&token.head, RESOURCE_TOKEN, 'A', 'A');
	head_fill(&workspace.head, RESOURCE_WORKSPACE, 'A', 'A');
	head_fill(&foreign.head, RESOURCE_WORKSPACE, 'B', 'B');
}

TestSuite(rules_token, .init = setup);

Test(rules_token, a_token_ends_soon_enough)
{
	static const int64_t usual[] = {TOKEN_API_MS, TOKEN_JOIN_MS, TOKEN_USER_MS};
	static const int64_t most[] = {TOKEN_API_MAX_MS, TOKEN_JOIN_MAX_MS, TOKEN_USER_MAX_MS};

	for (int kind = TOKEN_API; kind <= TOKEN_USER; kind++) {
		const struct workspace *into = kind == TOKEN_JOIN ? &workspace : NULL;

		token.token_kind = kind;
		token.expires_at = 0;
		memset(token.head.owner, 0, RESOURCE_ID_SIZE);
		if (into)
			memcpy(token.head.owner, into->head.id, RESOURCE_ID_SIZE);
		TAKEN(rules_token(&token, into, NOW, &fault));
		cr_expect_eq(token.expires_at, NOW + usual[kind]);
		token.expires_at = NOW;
		REFUSED(rules_token(&token, into, NOW, &fault), FIELD_VALUE, "expires_at");
		token.expires_at = NOW + most[kind] + 1;
		REFUSED(rules_token(&token, into, NOW, &fault), FIELD_VALUE, "expires_at");
		token.expires_at = NOW + most[kind];
		TAKEN(rules_token(&token, into, NOW, &fault));
	}
}

Test(rules_token, a_join_token_enrols_into_a_workspace_of_its_organisation)
{
	token.token_kind = TOKEN_JOIN;
	REFUSED(rules_token(&token, NULL, NOW, &fault), FIELD_MISSING, "workspace");
	memcpy(token.head.owner, foreign.head.id, RESOURCE_ID_SIZE);
	REFUSED(rules_token(&token, NULL, NOW, &fault), FIELD_VALUE, "workspace");
	REFUSED(rules_token(&token, &foreign, NOW, &fault), CROSS_ORG, "workspace");
}

Test(rules_token, a_token_that_is_over_is_of_no_use)
{
	struct token before;

	token.expires_at = NOW + 1;
	TAKEN(rules_token_use(&token, NOW, &fault));
	token.used_at = NOW;
	TAKEN(rules_token_use(&token, NOW, &fault));
	token.token_kind = TOKEN_JOIN;
	REFUSED(rules_token_use(&token, NOW, &fault), TOKEN_SPENT, "");
	token.used_at = 0;
	TAKEN(rules_token_use(&token, NOW, &fault));
	REFUSED(rules_token_use(&token, NOW + 1, &fault), TOKEN_SPENT, "");
	token.token_kind = TOKEN_USER;
	REFUSED(rules_token_use(&token, NOW + 1, &fault), UNAUTHENTICATED, "");
	token.expires_at = 0;
	REFUSED(rules_token_use(&token, NOW, &fault), UNAUTHENTICATED, "");
	token.expires_at = NOW + 1;
	token.revoked = true;
	REFUSED(rules_token_use(&token, NOW, &fault), UNAUTHENTICATED, "");
	before = token;
	TAKEN(rules_token_change(&before, &token, &fault));
	token.revoked = false;
	REFUSED(rules_token_change(&before, &token, &fault), STATE, "revoked");
}
