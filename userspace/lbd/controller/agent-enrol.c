// SPDX-License-Identifier: GPL-2.0-only
/*
 * Enrolment as one transaction: the token is spent, the keys are taken, the host is made or found
 * again by its identity key, joins its workspace's network, and gets a credential. All or nothing,
 * and of two who use a token at the same time one.
 */
#include "controller/agent-enrol.h"

#include "controller/api-hooks.h"
#include "model/key.h"
#include "model/rules.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- keys ---------------------------------------------------------------------------------------- */

#define KEY_NAME_SIZE 64

static void key_name(const uint8_t key[32], char name[KEY_NAME_SIZE])
{
	char text[KEY_TEXT_LENGTH + 1];

	key_encode(key, text);
	snprintf(name, KEY_NAME_SIZE, "key:%s", text);
}

int key_holder(struct store_tx *tx, const uint8_t key[32], char host[RESOURCE_ID_SIZE],
	       struct fault *fault)
{
	struct resource *found = NULL;
	struct fault why = {0};
	char name[KEY_NAME_SIZE];
	char *value = NULL;
	int ret;

	*host = '\0';
	key_name(key, name);
	ret = store_setting_get(tx, name, &value, &why);
	if (!ret) {
		ret = store_get(tx, RESOURCE_HOST, value, &found, &why);
		if (!ret)
			snprintf(host, RESOURCE_ID_SIZE, "%s", value);
	}
	resource_free(found);
	free(value);
	if (!ret || why.code == CODE_NOT_FOUND)
		return 0;
	*fault = why;
	return ret;
}

int key_claim(struct store_tx *tx, const uint8_t key[32], const char *host, const char *field,
	      struct fault *fault)
{
	char holder[RESOURCE_ID_SIZE], name[KEY_NAME_SIZE];
	int ret;

	if (sodium_is_zero(key, 32))
		return 0;
	if ((ret = key_holder(tx, key, holder, fault)))
		return ret;
	if (!strcmp(holder, host))
		return 0;
	if (*holder)
		return fault_refuse(fault, CODE_KEY_TAKEN, FIELD(NULL, field),
				    "is, or was, in use by another host");
	key_name(key, name);
	return store_setting_put(tx, name, host, fault);
}

/* --- the token ----------------------------------------------------------------------------------- */

static int token_check(const struct enrolling *enrolling, const struct token *token, int64_t now,
		       struct fault *fault)
{
	static const uint8_t none[SECRET_HASH];
	bool equal = !sodium_memcmp(token ? token->hash : none, enrolling->token_hash, SECRET_HASH);

	if (!equal || !token || token->token_kind != TOKEN_JOIN || !*token->head.owner)
		return fault_refuse(fault, CODE_UNAUTHENTICATED, FIELD(NULL, "token"),
				    "is not a join token of this controller");
	return rules_token_use(token, now, fault);
}

/* *token: as it was; the caller frees. */
static int token_spend(struct changes *changes, const struct enrolling *enrolling,
		       struct resource **token, struct fault *fault)
{
	struct resource *after;
	int ret = hook_get(changes->tx, RESOURCE_TOKEN, enrolling->token, token, fault);

	if (ret ||
	    (ret = token_check(enrolling, (const struct token *)*token, changes->now, fault)))
		return ret;
	after = resource_copy(*token);
	if (!after)
		return fault_memory(fault);
	((struct token *)after)->used_at = changes->now;
	ret = changes_update(changes, *token, after, fault);
	resource_free(after);
	return ret;
}

/* --- the host ------------------------------------------------------------------------------------ */

static int limit_check(struct store_tx *tx, const char *org, struct fault *fault)
{
	const struct store_query query = {.kind = RESOURCE_HOST, .org = org};
	struct resource *found = NULL;
	size_t n;
	int ret;

	if ((ret = store_get(tx, RESOURCE_ORG, org, &found, fault)))
		return ret;
	ret = store_count(tx, &query, &n, fault);
	if (!ret)
		ret = rules_hosts_limit((const struct org *)found, n, fault);
	resource_free(found);
	return ret;
}

/* A host that is not in the store yet. */
static int host_new(struct changes *changes, const struct enrolling *enrolling,
		    const struct resource *token, struct resource **made, struct fault *fault)
{
	struct resource *host;
	int ret = limit_check(changes->tx, token->org, fault);

	if (ret)
		return ret;
	host = resource_new(RESOURCE_HOST);
	if (!host)
		return fault_memory(fault);
	memcpy(host->org, token->org, sizeof(host->org));
	memcpy(host->scope, token->owner, sizeof(host->scope));
	memcpy(host->name, enrolling->enrolment->name, sizeof(host->name));
	resource_id_make(RESOURCE_HOST, changes->now, host->id);
	memcpy(((struct host *)host)->identity_key, enrolling->enrolment->identity_key, 32);
	*made = host;
	return 0;
}

/* The same machine again: in the same workspace, by the same name. */
static int host_again_check(const struct resource *host, const struct enrolling *enrolling,
			    const struct resource *token, struct fault *fault)
{
	const struct host *known = (const struct host *)host;

	if (strcmp(host->scope, token->owner) != 0 ||
	    memcmp(known->identity_key, enrolling->enrolment->identity_key, 32) != 0)
		return fault_refuse(fault, CODE_KEY_TAKEN, FIELD(NULL, "identity_key"),
				    "is, or was, in use by another host");
	if (strcmp(host->name, enrolling->enrolment->name) != 0)
		return fault_refuse(fault, CODE_FIELD_IMMUTABLE, FIELD(NULL, "name"),
				    "the host with this identity is \"%s\"", host->name);
	return 0;
}

/* Keys, what it says of itself, and a new credential, which ends the one before. */
static int host_fill(struct enrolling *enrolling, struct host *host, struct fault *fault)
{
	const struct enrolment *enrolment = enrolling->enrolment;

	memcpy(host->public_key, enrolment->public_key, 32);
	memcpy(host->infra_public_key, enrolment->infra_public_key, 32);
	/* A rotation that was under way is over: this key is the one that it has now. */
	sodium_memzero(host->next_public_key, sizeof(host->next_public_key));
	/* Whoever has let it in again wants it back; one that is being emptied stays so. */
	if (host->state == HOST_REMOVED)
		host->state = HOST_ENROLLED;
	*host->failure = '\0';
	sodium_memzero(enrolling->credential, sizeof(enrolling->credential));
	secret_make("lba", host->head.id, NULL, enrolling->credential, host->credential_hash);
	/* The infra plane's endpoint is the agent's to tell, as its key is. */
	return resource_decode(&host->head, enrolling->document, RESOURCE_PATCH, true, fault);
}

static int keys_claim(struct store_tx *tx, const struct host *host, struct fault *fault)
{
	int ret;

	if ((ret = key_claim(tx, host->identity_key, host->head.id, "identity_key", fault)) ||
	    (ret = key_claim(tx, host->public_key, host->head.id, "public_key", fault)))
		return ret;
	return key_claim(tx, host->infra_public_key, host->head.id, "infra_public_key", fault);
}

/* *host: as it is in the store now; the caller frees. */
static int host_enrol(struct changes *changes, struct enrolling *enrolling,
		      const struct resource *token, struct resource **host, struct fault *fault)
{
	struct resource *before = NULL, *after = NULL;
	char id[RESOURCE_ID_SIZE];
	int ret;

	if ((ret = key_holder(changes->tx, enrolling->enrolment->identity_key, id, fault)))
		return ret;
	if (!*id) {
		ret = host_new(changes, enrolling, token, &after, fault);
	} else if (!(ret = store_get(changes->tx, RESOURCE_HOST, id, &before, fault)) &&
		   !(ret = host_again_check(before, enrolling, token, fault))) {
		after = resource_copy(before);
	}
	if (!ret && !after)
		ret = fault_memory(fault);
	else if (!ret && !(ret = host_fill(enrolling, (struct host *)after, fault)))
		ret = before ? changes_update(changes, before, after, fault)
			     : changes_insert(changes, after, fault);
	if (!ret && after)
		ret = keys_claim(changes->tx, (const struct host *)after, fault);
	resource_free(before);
	if (ret)
		resource_free(after);
	else
		*host = after;
	return ret;
}

/* --- what it begins with --------------------------------------------------------------------------- */

static int network_join(struct changes *changes, const struct resource *host, struct fault *fault)
{
	struct network *network = NULL;
	struct resource *member = NULL;
	struct fault why = {0};
	int ret = network_managed_find(changes->tx, host->scope, &network, fault);

	if (ret || !network)
		return ret;
	ret = store_find(changes->tx, RESOURCE_MEMBER, network->head.id, host->id, &member, &why);
	if (ret && why.code == CODE_NOT_FOUND) {
		/* One that is being emptied gets nothing new. */
		ret = ((const struct host *)host)->state == HOST_DRAINING
			      ? 0
			      : member_make(changes, network, host, (const struct host *)host, 0,
					    NULL, fault);
	} else if (ret) {
		*fault = why;
	}
	resource_free(member);
	resource_free(&network->head);
	return ret;
}

/* Made with the first host. */
static int cluster_get(struct changes *changes, char cluster[ULID_SIZE], struct fault *fault)
{
	static const char name[] = "cluster";
	struct fault why = {0};
	char *value = NULL;
	int ret = store_setting_get(changes->tx, name, &value, &why);

	if (!ret) {
		snprintf(cluster, ULID_SIZE, "%s", value);
		free(value);
		return 0;
	}
	if (why.code != CODE_NOT_FOUND) {
		*fault = why;
		return ret;
	}
	ulid_make(changes->now, cluster);
	return store_setting_put(changes->tx, name, cluster, fault);
}

int enrol_work(struct changes *changes, void *argument, struct fault *fault)
{
	struct enrolling *enrolling = argument;
	struct resource *token = NULL;
	int ret;

	resource_free(enrolling->host);
	enrolling->host = NULL;
	ret = token_spend(changes, enrolling, &token, fault);
	if (!ret && token)
		ret = host_enrol(changes, enrolling, token, &enrolling->host, fault);
	if (!ret && enrolling->host)
		ret = network_join(changes, enrolling->host, fault);
	if (!ret)
		ret = cluster_get(changes, enrolling->cluster, fault);
	resource_free(token);
	return ret;
}
