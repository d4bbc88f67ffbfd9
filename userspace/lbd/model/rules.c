// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariants of organisations, hosts and sandboxes. The controller's handlers ask
 * these within the transaction of a change; nothing here knows the store.
 */
#include "model/rules.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

bool rules_visible(const struct resource *resource, const char *org, bool system)
{
	return system || (*resource->org && !strcmp(resource->org, org));
}

int rules_same_org(const struct resource *resource, const struct resource *neighbour,
		   const struct field *at, struct fault *fault)
{
	if (!strcmp(resource->org, neighbour->org))
		return 0;
	/* Its name or anything else about it is not for this organisation to know. */
	return fault_refuse(fault, CODE_CROSS_ORG, at, "belongs to another organisation");
}

static int limit_check(int64_t max, size_t n, const char *what, struct fault *fault)
{
	if (n < (size_t)max)
		return 0;
	return fault_refuse(fault, CODE_LIMIT, NULL,
			    "the organisation may have %" PRId64 " %s and has them", max, what);
}

int rules_networks_limit(const struct org *org, size_t n, struct fault *fault)
{
	return limit_check(org->networks_max, n, "networks", fault);
}

int rules_hosts_limit(const struct org *org, size_t n, struct fault *fault)
{
	return limit_check(org->hosts_max, n, "hosts", fault);
}

#define HOST_KEYS 4

struct host_key {
	const char *name;
	const uint8_t *key;
};

static void host_keys(const struct host *host, struct host_key keys[HOST_KEYS])
{
	keys[0] = (struct host_key){"identity_key", host->identity_key};
	keys[1] = (struct host_key){"public_key", host->public_key};
	keys[2] = (struct host_key){"next_public_key", host->next_public_key};
	keys[3] = (struct host_key){"infra_public_key", host->infra_public_key};
}

int rules_host_keys(const struct host *host, const struct host *other, struct fault *fault)
{
	struct host_key ours[HOST_KEYS], theirs[HOST_KEYS];

	if (!strcmp(host->head.id, other->head.id))
		return 0;
	host_keys(host, ours);
	host_keys(other, theirs);
	for (size_t i = 0; i < HOST_KEYS; i++) {
		if (sodium_is_zero(ours[i].key, LBMESH_KEY_LEN))
			continue;
		for (size_t j = 0; j < HOST_KEYS; j++) {
			if (!memcmp(ours[i].key, theirs[j].key, LBMESH_KEY_LEN))
				return fault_refuse(fault, CODE_KEY_TAKEN,
						    FIELD(NULL, ours[i].name),
						    "is in use by another host");
		}
	}
	return 0;
}

int rules_host_change(const struct host *before, const struct host *after,
		      const struct network *const *networks, size_t n, struct fault *fault)
{
	if (!before->routed_mesh || after->routed_mesh)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (networks[i]->mode == NETWORK_ROUTED_MESH)
			return fault_refuse(fault, CODE_IN_USE, FIELD(NULL, "routed_mesh"),
					    "network %s (%s) is a routed mesh with this host in it",
					    networks[i]->head.name, networks[i]->head.id);
	}
	return 0;
}

/* One that goes away takes nothing new. */
static int host_stays_check(const struct host *host, const struct field *at, struct fault *fault)
{
	if (host->state != HOST_DRAINING && host->state != HOST_REMOVED)
		return 0;
	return fault_refuse(fault, CODE_STATE, at,
			    "the host is being removed; it must be enrolled, online or offline");
}

int rules_sandbox(const struct sandbox *sandbox, const struct host *host, struct fault *fault)
{
	const struct field *at = FIELD(NULL, "host");
	int ret;

	if ((ret = rules_same_org(&sandbox->head, &host->head, at, fault)))
		return ret;
	if (strcmp(sandbox->head.scope, host->head.scope) != 0)
		return fault_refuse(fault, CODE_FIELD_VALUE, at,
				    "must be a host of the sandbox's workspace");
	return host_stays_check(host, at, fault);
}

int rules_sandbox_link(const struct sandbox *sandbox, size_t index, const struct sandbox *source,
		       struct fault *fault)
{
	const struct field *at = ITEM(FIELD(NULL, "private_link_ids"), index);

	if (!source)
		return fault_refuse(fault, CODE_FIELD_VALUE, at, "there is no such sandbox");
	return rules_same_org(&sandbox->head, &source->head, at, fault);
}
