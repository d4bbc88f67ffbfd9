// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tokens from their making to their end, on TLS and on the unix socket: what is kept of them, what
 * they open, and how they stop opening it. Secrets as texts without a server.
 */
#include "controller/secret.h"
#include "controller/testing-api.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ASK(...) api_ask(&api, NULL, &(const struct api_request){__VA_ARGS__})

/* --- texts -------------------------------------------------------------------------------------- */

Test(secret, what_is_made_is_read_again)
{
	char text[SECRET_TEXT_SIZE], id[RESOURCE_ID_SIZE], read[RESOURCE_ID_SIZE];
	uint8_t made[SECRET_HASH], hash[SECRET_HASH], pinned[32], key[32] = {1, 2, 3};

	resource_id_make(RESOURCE_TOKEN, 1700000000000, id);
	secret_make("lbt", id, NULL, text, made);
	cr_expect_eq(secret_read("lbt", RESOURCE_TOKEN, text, strlen(text), read, hash, NULL), 0);
	cr_expect_str_eq(read, id);
	cr_expect_arr_eq(hash, made, sizeof(hash));
	cr_expect_lt(secret_read("lba", RESOURCE_HOST, text, strlen(text), read, hash, NULL), 0);
	cr_expect_lt(secret_read("lbt", RESOURCE_TOKEN, text, strlen(text), read, hash, pinned), 0);
	secret_make("lbj", id, key, text, made);
	cr_expect_eq(secret_read("lbj", RESOURCE_TOKEN, text, strlen(text), read, hash, pinned), 0);
	cr_expect_arr_eq(pinned, key, sizeof(pinned));
	cr_expect_arr_eq(hash, made, sizeof(hash));
}

static void others_expect_refused(char *text, const char *id, const uint8_t made[SECRET_HASH])
{
	char read[RESOURCE_ID_SIZE];
	uint8_t hash[SECRET_HASH];
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++) {
		char kept = text[i];

		cr_expect_lt(secret_read("lbt", RESOURCE_TOKEN, text, i, read, hash, NULL), 0);
		for (int byte = 0; byte < 256; byte++) {
			text[i] = (char)byte;
			if (text[i] == kept ||
			    secret_read("lbt", RESOURCE_TOKEN, text, length, read, hash, NULL))
				continue;
			cr_expect(strcmp(read, id) != 0 || memcmp(hash, made, SECRET_HASH) != 0,
				  "byte %zu as %d is the same secret", i, byte);
		}
		text[i] = kept;
	}
}

/* Many, so that each character of the alphabet is there. */
Test(secret, every_other_text_is_refused_or_another_secret)
{
	char text[SECRET_TEXT_SIZE], id[RESOURCE_ID_SIZE];
	uint8_t made[SECRET_HASH];

	resource_id_make(RESOURCE_TOKEN, 1700000000000, id);
	for (int i = 0; i < 20; i++) {
		secret_make("lbt", id, NULL, text, made);
		others_expect_refused(text, id, made);
	}
}

/* --- tokens ------------------------------------------------------------------------------------- */

static void whoami_expect(const struct api *fixture, const char *token, bool tls, const char *right)
{
	struct api api = *fixture;
	struct api_answer answer =
		ASK(.method = "GET", .path = "/v1/whoami", .token = token, .tls = tls);

	cr_expect_eq(answer.status, right ? 200 : 401, "%ld %s", answer.status, answer.text);
	if (right)
		cr_expect_str_eq(api_field(&answer, "right"), right, "%s", answer.text);
	api_answer_release(&answer);
}

STORE_TEST(a_token_opens_what_it_is_for_until_it_is_revoked)
{
	char org[RESOURCE_ID_SIZE], path[300], id[RESOURCE_ID_SIZE], token[128], *dump;
	struct api_answer answer;
	struct api api;

	api_begin(&api, database, NULL);
	api_make(&api, NULL, "/v1/orgs", "{\"name\":\"blue\"}", org);
	api_path(path, org, "/tokens");
	answer = ASK(.method = "POST", .path = path,
		     .body = "{\"name\":\"ci\",\"scopes\":[\"read\",\"write\"]}");
	cr_assert_eq(answer.status, 201, "%s", answer.text);
	TEXT_SET(token, api_field(&answer, "secret"));
	TEXT_SET(id, api_field(&answer, "id"));
	cr_expect(!strstr(answer.text, "\"hash\""), "%s", answer.text);
	api_answer_release(&answer);
	whoami_expect(&api, token, true, "write");
	whoami_expect(&api, token, false, "write");
	/* On TLS there is nobody without a token; on the socket there is the operator. */
	whoami_expect(&api, NULL, true, NULL);
	whoami_expect(&api, NULL, false, "system");
	/* Neither the store nor any answer has it. */
	dump = database_dump(database);
	cr_expect(!strstr(dump, strchr(token, '.') + 1));
	free(dump);
	snprintf(path, sizeof(path), "/v1/orgs/%s/tokens/%s", org, id);
	answer = ASK(.method = "GET", .path = path);
	cr_expect_eq(answer.status, 200);
	cr_expect(!strstr(answer.text, strchr(token, '.') + 1));
	cr_expect(!strstr(answer.text, "hash") && !strstr(answer.text, "secret"));
	api_answer_release(&answer);
	token[strlen(token) - 10] ^= 1;
	whoami_expect(&api, token, true, NULL);
	token[strlen(token) - 10] ^= 1;
	for (int i = 0; i < 2; i++) {
		answer = ASK(.method = "DELETE", .path = path);
		cr_expect_eq(answer.status, 200, "%s", answer.text);
		cr_expect_str_eq(api_field(&answer, "revoked"), "true");
		api_answer_release(&answer);
		whoami_expect(&api, token, true, NULL);
	}
	api_end(&api);
}

STORE_TEST(a_token_ends_when_it_expires)
{
	char org[RESOURCE_ID_SIZE], path[256], body[128], at[TIME_TEXT_SIZE], token[128];
	struct api_answer answer;
	struct timespec now;
	struct api api;

	api_begin(&api, database, NULL);
	api_make(&api, NULL, "/v1/orgs", "{\"name\":\"blue\"}", org);
	clock_gettime(CLOCK_REALTIME, &now);
	time_format((int64_t)now.tv_sec * 1000 + 2500, at);
	snprintf(body, sizeof(body), "{\"scopes\":[\"read\"],\"expires_at\":\"%s\"}", at);
	answer = ASK(.method = "POST", .path = api_path(path, org, "/tokens"), .body = body);
	cr_assert_eq(answer.status, 201, "%s", answer.text);
	TEXT_SET(token, api_field(&answer, "secret"));
	api_answer_release(&answer);
	whoami_expect(&api, token, true, "read");
	sleep(3);
	whoami_expect(&api, token, true, NULL);
	API_REFUSED(&api, 400, "field_value", .method = "POST", .path = path,
		    .body = "{\"scopes\":[\"read\"],\"expires_at\":\"2001-01-01T00:00:00Z\"}");
	API_REFUSED(&api, 400, "field_value", .method = "POST", .path = path,
		    .body = "{\"scopes\":[\"read\"],\"expires_at\":\"2999-01-01T00:00:00Z\"}");
	API_REFUSED(&api, 400, "field_missing", .method = "POST", .path = path, .body = "{}");
	api_end(&api);
}

STORE_TEST(a_token_makes_none_that_may_more_than_itself)
{
	char path[256], id[RESOURCE_ID_SIZE], body[128], system[128];
	struct api_answer answer;
	struct api_org org;
	struct api api;

	api_begin(&api, database, NULL);
	api_org_make(&api, "blue", &org);
	api_path(path, org.ids[RESOURCE_ORG], "/tokens");
	API_REFUSED(&api, 400, "field_value", .method = "POST", .path = path, .token = org.token,
		    .body = "{\"scopes\":[\"system\"]}");
	API_REFUSED(&api, 400, "field_value", .method = "POST", .path = path,
		    .body = "{\"scopes\":[\"system\"]}");
	API_REFUSED(&api, 403, "forbidden", .method = "POST", .path = "/v1/system/tokens",
		    .token = org.token, .body = "{\"scopes\":[\"system\"]}");
	answer = ASK(.method = "POST", .path = "/v1/system/tokens",
		     .body = "{\"scopes\":[\"system\"]}");
	cr_assert_eq(answer.status, 201, "%s", answer.text);
	TEXT_SET(system, api_field(&answer, "secret"));
	TEXT_SET(id, api_field(&answer, "id"));
	api_answer_release(&answer);
	whoami_expect(&api, system, true, "system");
	/* It reads what is everybody's. */
	answer = ASK(.method = "GET", .path = path, .token = system, .tls = true);
	cr_expect_eq(answer.status, 200);
	api_answer_release(&answer);
	/* A join token opens nothing here, and has the controller's key in it. */
	snprintf(body, sizeof(body), "{\"kind\":\"join\",\"workspace\":\"%s\"}",
		 org.ids[RESOURCE_WORKSPACE]);
	answer = ASK(.method = "POST", .path = path, .body = body, .token = org.token);
	cr_assert_eq(answer.status, 201, "%s", answer.text);
	cr_expect_eq(strncmp(api_field(&answer, "secret"), "lbj_", 4), 0);
	cr_expect_eq(strlen(api_field(&answer, "secret")), SECRET_TEXT_SIZE - 1);
	whoami_expect(&api, api_field(&answer, "secret"), true, NULL);
	api_answer_release(&answer);
	API_REFUSED(&api, 400, "field_missing", .method = "POST", .path = path,
		    .body = "{\"kind\":\"join\"}");
	api_end(&api);
}

STORE_TEST(an_agents_credential_is_for_agents_alone)
{
	static const char *const schemes[] = {"", "lbt_", "Basic", "lba_x.y"};
	struct api_org org;
	char credential[SECRET_TEXT_SIZE], path[256];
	struct api api;

	api_begin(&api, database, NULL);
	api_org_make(&api, "blue", &org);
	api_credential_make(&api, org.ids[RESOURCE_HOST], credential);
	API_REFUSED(&api, 403, "forbidden", .method = "GET", .path = "/v1/whoami",
		    .token = credential);
	API_REFUSED(&api, 403, "forbidden", .method = "GET",
		    .path = api_path(path, org.ids[RESOURCE_ORG], "/networks"),
		    .token = credential);
	api_path(path, org.ids[RESOURCE_ORG], "/hosts/%s/revoke", org.ids[RESOURCE_HOST]);
	struct api_answer answer = ASK(.method = "POST", .path = path, .token = org.token);
	cr_expect_eq(answer.status, 200, "%s", answer.text);
	api_answer_release(&answer);
	API_REFUSED(&api, 401, "unauthenticated", .method = "GET", .path = "/v1/whoami",
		    .token = credential);
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		API_REFUSED(&api, 401, "unauthenticated", .method = "GET", .path = "/v1/whoami",
			    .token = schemes[i]);
	api_end(&api);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
