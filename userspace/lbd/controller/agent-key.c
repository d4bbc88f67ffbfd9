// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two requests of a host whose key is being rotated (L25): "this is the next one", and "I use it
 * now", which is believed only after the controller has told it to switch. A host may begin on its
 * own. What is in between is operation-rotate.c's.
 */
#include "controller/agent-key.h"

#include "controller/agent-enrol.h"
#include "controller/operation-run.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static bool key_equal(const uint8_t a[32], const uint8_t b[32])
{
	return !memcmp(a, b, 32);
}

/* Is a rotation of this host under way, or about to be. */
static bool is_rotating(const struct changes *changes, const struct host *host)
{
	const struct agents *agents = changes->controller->agents;
	char id[RESOURCE_ID_SIZE];

	return order_is_there(changes->controller, host->head.id, ORDER_ROTATE) ||
	       operations_has(agents->operations, OPERATION_KEY_ROTATE, host->head.id, id);
}

/* 1: it has said so before, and nothing changes. */
static int next_set(struct changes *changes, struct host *host, const struct new_key *key,
		    struct fault *fault)
{
	const struct field *at = FIELD(NULL, "public_key");
	int ret;

	if (key_equal(host->next_public_key, key->public_key))
		return 1;
	if (!sodium_is_zero(host->next_public_key, sizeof(host->next_public_key)))
		return fault_refuse(fault, CODE_STATE, at, "another next key is being published");
	if (key_equal(host->public_key, key->public_key) ||
	    key_equal(host->infra_public_key, key->public_key) ||
	    key_equal(host->identity_key, key->public_key))
		return fault_refuse(fault, CODE_FIELD_VALUE, at, "must be a new key");
	if ((ret = key_claim(changes->tx, key->public_key, host->head.id, "public_key", fault)))
		return ret;
	memcpy(host->next_public_key, key->public_key, sizeof(host->next_public_key));
	if (is_rotating(changes, host))
		return 0;
	return operation_start(changes, OPERATION_KEY_ROTATE, host->head.org, host->head.id,
			       host->head.id, NULL, fault);
}

static int next_use(struct changes *changes, struct host *host, const struct new_key *key,
		    struct fault *fault)
{
	const struct field *at = FIELD(NULL, "public_key");

	if (key_equal(host->public_key, key->public_key))
		return 1;
	if (!key_equal(host->next_public_key, key->public_key))
		return fault_refuse(fault, CODE_STATE, at, "is not the next key of this host");
	if (!order_is_switch(changes->controller, host->head.id) && is_rotating(changes, host))
		return fault_refuse(fault, CODE_STATE, FIELD(NULL, "in_use"),
				    "not all peers know the key yet; wait to be told to switch");
	memcpy(host->public_key, key->public_key, sizeof(host->public_key));
	sodium_memzero(host->next_public_key, sizeof(host->next_public_key));
	return 0;
}

int key_work(struct changes *changes, void *argument, struct fault *fault)
{
	struct keying *keying = argument;
	struct resource *before = NULL;
	int ret;

	resource_free(keying->host);
	keying->host = NULL;
	if ((ret = store_get(changes->tx, RESOURCE_HOST, keying->id, &before, fault)) ||
	    (ret = new_key_verify(keying->key, (const struct host *)before, fault)))
		goto out;
	keying->host = resource_copy(before);
	if (!keying->host) {
		ret = fault_memory(fault);
		goto out;
	}
	ret = keying->key->in_use
		      ? next_use(changes, (struct host *)keying->host, keying->key, fault)
		      : next_set(changes, (struct host *)keying->host, keying->key, fault);
	if (!ret)
		ret = changes_update(changes, before, keying->host, fault);
	else if (ret > 0)
		ret = 0;
out:
	resource_free(before);
	return ret;
}
