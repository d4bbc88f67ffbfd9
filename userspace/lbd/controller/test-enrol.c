// SPDX-License-Identifier: GPL-2.0-only
/* Enrolment (L18, L20, L24, G10), on both stores. */
#include "controller/agent-testing.h"

#include "testing/resources.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

STORE_TEST(a_host_enrols_and_is_in_its_workspaces_network)
{
	struct simulated a, b;
	struct resource *host;
	struct bed bed;

	bed_begin(&bed, database);
	simulated_begin(&a, &bed, "a");
	simulated_begin(&b, &bed, "b");
	host = bed_get(&bed, RESOURCE_HOST, a.host);
	cr_assert(host);
	cr_expect_str_eq(host->name, "a");
	cr_expect_str_eq(host->scope, bed.workspace);
	cr_expect_str_eq(host->org, bed.org);
	cr_expect_eq(((struct host *)host)->state, HOST_ENROLLED);
	cr_expect_arr_eq(((struct host *)host)->public_key, a.enrolment.public_key, 32);
	cr_expect_eq(((struct host *)host)->endpoint.port, 51820);
	resource_free(host);
	simulated_connect(&b);
	cr_assert(simulated_log(&b, bed.network), "b does not follow its network");
	/* "network" and both members. */
	cr_expect_eq(fragment_count(simulated_log(&b, bed.network)), 3);
	simulated_end(&a);
	simulated_end(&b);
	bed_end(&bed);
}

STORE_TEST(the_same_identity_is_the_same_host_with_the_same_address)
{
	char first[SECRET_TEXT_SIZE], host[RESOURCE_ID_SIZE];
	struct simulated a;
	struct resource *row;
	struct lbmesh_prefix address, again;
	uint8_t before[32];
	struct bed bed;

	bed_begin(&bed, database);
	simulated_begin(&a, &bed, "a");
	simulated_connect(&a);
	bed_address(&bed, bed.network, a.host, &address);
	TEXT_SET(first, a.credential);
	TEXT_SET(host, a.host);
	row = bed_get(&bed, RESOURCE_HOST, a.host);
	memcpy(before, ((struct host *)row)->credential_hash, 32);
	resource_free(row);
	/* A new WireGuard key, as after a new installation that kept its identity. */
	randombytes_buf(a.enrolment.public_key, 32);
	simulated_enrol(&a);
	cr_expect_str_eq(a.host, host);
	cr_expect_str_neq(a.credential, first);
	row = bed_get(&bed, RESOURCE_HOST, a.host);
	cr_expect_neq(memcmp(((struct host *)row)->credential_hash, before, 32), 0);
	cr_expect_arr_eq(((struct host *)row)->public_key, a.enrolment.public_key, 32);
	resource_free(row);
	bed_address(&bed, bed.network, a.host, &again);
	cr_expect_eq(lbmesh_prefix_compare(&address, &again), 0);
	simulated_read(&a);
	cr_expect(a.ended, "the stream with the old credential goes on");
	simulated_connect(&a);
	cr_expect_eq(fragment_count(simulated_log(&a, bed.network)), 2, "it is there twice");
	simulated_end(&a);
	bed_end(&bed);
}

STORE_TEST(a_token_is_good_for_one_use)
{
	char token[SECRET_TEXT_SIZE], id[RESOURCE_ID_SIZE];
	struct simulated a, b;
	struct resource *row;
	struct fault fault;
	struct bed bed;

	bed_begin(&bed, database);
	simulated_make(&a, &bed, "a");
	simulated_make(&b, &bed, "b");
	bed_token_make(&bed, bed.org, bed.workspace, bed.now + 1000, token, id);
	TAKEN(simulated_try(&a, token, &fault));
	REFUSED(simulated_try(&b, token, &fault), TOKEN_SPENT, "");
	REFUSED(simulated_try(&a, token, &fault), TOKEN_SPENT, "");
	row = bed_get(&bed, RESOURCE_TOKEN, id);
	cr_expect_gt(((struct token *)row)->used_at, 0);
	resource_free(row);
	simulated_end(&a);
	simulated_end(&b);
	bed_end(&bed);
}

static int token_revoke(struct changes *changes, void *argument, struct fault *fault)
{
	struct resource *before = NULL, *after;
	int ret = store_get(changes->tx, RESOURCE_TOKEN, argument, &before, fault);

	if (ret)
		return ret;
	after = resource_copy(before);
	((struct token *)after)->revoked = true;
	ret = changes_update(changes, before, after, fault);
	resource_free(before);
	resource_free(after);
	return ret;
}

STORE_TEST(a_token_that_is_over_or_revoked_or_not_ours_lets_nobody_in)
{
	char token[SECRET_TEXT_SIZE], id[RESOURCE_ID_SIZE];
	struct simulated a;
	struct fault fault;
	struct bed bed;

	bed_begin(&bed, database);
	simulated_make(&a, &bed, "a");
	bed_token_make(&bed, bed.org, bed.workspace, bed.now + 1000, token, id);
	bed.now += 3600LL * 1000;
	REFUSED(simulated_try(&a, token, &fault), TOKEN_SPENT, "");
	bed_token_make(&bed, bed.org, bed.workspace, bed.now + 2LL * 3600 * 1000, token, id);
	cr_assert_eq(controller_change(&bed.controller, NULL, token_revoke, id, &fault), 0);
	REFUSED(simulated_try(&a, token, &fault), TOKEN_SPENT, "");
	bed_token_make(&bed, bed.org, bed.workspace, bed.now + 2LL * 3600 * 1000, token, id);
	token[40] = token[40] == 'A' ? 'B' : 'A';
	REFUSED(simulated_try(&a, token, &fault), UNAUTHENTICATED, "token");
	token[10] = token[10] == 'A' ? 'B' : 'A';
	REFUSED(simulated_try(&a, token, &fault), UNAUTHENTICATED, "token");
	REFUSED(simulated_try(&a, "lbj_", &fault), UNAUTHENTICATED, "token");
	simulated_end(&a);
	bed_end(&bed);
}

/* The body with a field in place of the one it had. */
static int try_with(struct simulated *a, const char *token, const char *name, const char *value,
		    struct fault *fault)
{
	json_object *body = simulated_body(a, token), *answer;
	int ret;

	json_object_object_add(body, name, value ? json_tokener_parse(value) : NULL);
	if (!value)
		json_object_object_del(body, name);
	ret = bed_call(a->bed, api_agent_enrol, &(struct call){0}, json_object_to_json_string(body),
		       &answer, fault);
	json_object_put(body);
	json_object_put(answer);
	return ret;
}

STORE_TEST(what_is_not_proven_or_malformed_is_refused_and_spends_no_token)
{
	static const char other[] = "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"";
	char token[SECRET_TEXT_SIZE], id[RESOURCE_ID_SIZE];
	struct simulated a;
	struct fault fault;
	struct bed bed;

	bed_begin(&bed, database);
	simulated_make(&a, &bed, "a");
	bed_token_make(&bed, bed.org, bed.workspace, bed.now + 1000, token, id);
	REFUSED(try_with(&a, token, "public_key", other, &fault), FIELD_VALUE, "proof");
	REFUSED(try_with(&a, token, "identity_key", other, &fault), FIELD_VALUE, "proof");
	REFUSED(try_with(&a, token, "infra_public_key", other, &fault), FIELD_VALUE, "proof");
	REFUSED(try_with(&a, token, "infra_public_key", "null", &fault), FIELD_VALUE, "proof");
	REFUSED(try_with(&a, token, "proof", "\"x\"", &fault), FIELD_VALUE, "proof");
	REFUSED(try_with(&a, token, "proof", NULL, &fault), FIELD_MISSING, "proof");
	REFUSED(try_with(&a, token, "identity_key", NULL, &fault), FIELD_MISSING, "identity_key");
	REFUSED(try_with(&a, token, "private_key", other, &fault), FIELD_UNKNOWN, "private_key");
	REFUSED(try_with(&a, token, "name", "\"-\"", &fault), FIELD_VALUE, "name");
	REFUSED(try_with(&a, token, "labels", "\"x\"", &fault), FIELD_TYPE, "labels");
	REFUSED(try_with(&a, token, "endpoint", "\"127.0.0.1:1\"", &fault), FIELD_VALUE,
		"endpoint");
	REFUSED(try_with(&a, token, "routed_mesh", "1", &fault), FIELD_TYPE, "routed_mesh");
	TAKEN(try_with(&a, token, "labels", "[\"gpu\"]", &fault));
	simulated_end(&a);
	bed_end(&bed);
}

STORE_TEST(a_key_belongs_to_the_host_that_has_shown_it_first)
{
	char token[SECRET_TEXT_SIZE], id[RESOURCE_ID_SIZE], workspace[RESOURCE_ID_SIZE],
		network[RESOURCE_ID_SIZE];
	struct simulated a, b;
	struct fault fault;
	struct bed bed;

	bed_begin(&bed, database);
	simulated_begin(&a, &bed, "a");
	simulated_make(&b, &bed, "b");
	bed_token_make(&bed, bed.org, bed.workspace, bed.now + 1000, token, id);
	memcpy(b.enrolment.public_key, a.enrolment.public_key, 32);
	REFUSED(simulated_try(&b, token, &fault), KEY_TAKEN, "public_key");
	memcpy(b.enrolment.public_key, a.enrolment.infra_public_key, 32);
	REFUSED(simulated_try(&b, token, &fault), KEY_TAKEN, "public_key");
	memcpy(b.enrolment.public_key, b.enrolment.infra_public_key, 32);
	REFUSED(simulated_try(&b, token, &fault), FIELD_VALUE, "infra_public_key");
	randombytes_buf(b.enrolment.public_key, 32);
	memcpy(b.enrolment.name, "a", 2);
	REFUSED(simulated_try(&b, token, &fault), NAME_TAKEN, "name");
	memcpy(a.enrolment.name, "c", 2);
	REFUSED(simulated_try(&a, token, &fault), FIELD_IMMUTABLE, "name");
	/* The identity of a host of one workspace is not let into another. */
	bed_workspace_make(&bed, bed.org, "other", workspace, network);
	bed_token_make(&bed, bed.org, workspace, bed.now + 1000, token, id);
	memcpy(a.enrolment.name, "a", 2);
	REFUSED(simulated_try(&a, token, &fault), KEY_TAKEN, "identity_key");
	simulated_end(&a);
	simulated_end(&b);
	bed_end(&bed);
}

/* In a process of its own: exits with 0 when it was let in, 1 when the token was spent. */
static void enrol_alone(struct bed *first, const char *token, size_t number)
{
	struct simulated a;
	struct fault fault;
	struct bed bed;
	char name[16];

	bed_join(&bed, first);
	snprintf(name, sizeof(name), "racer-%zu", number);
	simulated_make(&a, &bed, name);
	if (!simulated_try(&a, token, &fault))
		_exit(0);
	_exit(fault.code == CODE_TOKEN_SPENT ? 1 : 2);
}

STORE_TEST(of_those_who_use_a_token_at_the_same_time_one_is_let_in)
{
	char token[SECRET_TEXT_SIZE], id[RESOURCE_ID_SIZE];
	size_t ends[3] = {0};
	pid_t children[4];
	struct bed bed;
	int status;

	bed_begin(&bed, database);
	bed_token_make(&bed, bed.org, bed.workspace, bed.now + 100000, token, id);
	bed_end(&bed);
	for (size_t i = 0; i < 4; i++) {
		children[i] = fork();
		if (!children[i])
			enrol_alone(&bed, token, i);
	}
	for (size_t i = 0; i < 4; i++) {
		waitpid(children[i], &status, 0);
		cr_assert(WIFEXITED(status) && WEXITSTATUS(status) < 2, "status %x", status);
		ends[WEXITSTATUS(status)]++;
	}
	cr_expect_eq(ends[0], 1);
	cr_expect_eq(ends[1], 3);
}

STORE_TEST(no_secret_is_in_the_store)
{
	struct simulated a;
	struct bed bed;
	char *dump, secret[64];

	bed_begin(&bed, database);
	simulated_begin(&a, &bed, "a");
	simulated_connect(&a);
	simulated_report(&a, NULL);
	snprintf(secret, sizeof(secret), "%.43s", a.credential + 31);
	dump = database_dump(database);
	cr_expect_null(strstr(dump, secret), "the credential is in the store");
	cr_expect_not_null(strstr(dump, a.host));
	free(dump);
	simulated_end(&a);
	bed_end(&bed);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
