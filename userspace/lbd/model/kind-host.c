// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hosts: machines that run an agent. Enrolment and the agent's reports set most of a host; what
 * people may choose is here the mutable part. The infra plane's key is the system's to see.
 */
#include "model/address.h"
#include "model/table.h"

#include <sodium.h>
#include <string.h>

#define KEEPALIVE_DEFAULT 25 /* seconds, L22 */

static const char *const states[] = {"enrolled", "online", "offline", "draining", "removed"};

static const struct property properties[] = {
	{.name = "labels",
	 .flags = PROPERTY_MUTABLE | PROPERTY_UNIQUE,
	 LIST(struct host, labels, struct label, label_element),
	 .max = LABELS_MAX,
	 .help = "What policies can select it by."},
	{.name = "state",
	 .flags = PROPERTY_READ_ONLY,
	 WORDS(states),
	 PLACE(struct host, state),
	 .help = "What the controller knows of its agent."},
	{.name = "identity_key",
	 .type = PROPERTY_KEY,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct host, identity_key),
	 .help = "Ed25519 public key of the agent."},
	{.name = "public_key",
	 .type = PROPERTY_KEY,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct host, public_key),
	 .help = "WireGuard public key in the tenant plane."},
	{.name = "next_public_key",
	 .type = PROPERTY_KEY,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct host, next_public_key),
	 .help = "The key that it is about to have, while rotating."},
	{.name = "endpoint",
	 .type = PROPERTY_ENDPOINT,
	 .flags = PROPERTY_MUTABLE,
	 PLACE(struct host, endpoint),
	 .help = "Where others reach its WireGuard interface; null: it can only call."},
	{.name = "keepalive",
	 .type = PROPERTY_NUMBER,
	 .flags = PROPERTY_MUTABLE,
	 PLACE(struct host, keepalive),
	 .max = UINT16_MAX,
	 .initial = KEEPALIVE_DEFAULT,
	 .help = "WireGuard's persistent keepalive in seconds; 0: off."},
	{.name = "routed_mesh",
	 .type = PROPERTY_BOOLEAN,
	 .flags = PROPERTY_MUTABLE,
	 PLACE(struct host, routed_mesh),
	 .help = "Whether it has opted in to networks of mode routed_mesh."},
	{.name = "infra_public_key",
	 .type = PROPERTY_KEY,
	 .flags = PROPERTY_READ_ONLY | PROPERTY_SYSTEM,
	 PLACE(struct host, infra_public_key),
	 .help = "WireGuard public key in the infra plane."},
	{.name = "infra_endpoint",
	 .type = PROPERTY_ENDPOINT,
	 .flags = PROPERTY_MUTABLE | PROPERTY_SYSTEM,
	 PLACE(struct host, infra_endpoint),
	 .help = "Where others reach it in the infra plane."},
	{.name = "credential_hash",
	 .type = PROPERTY_KEY,
	 .flags = PROPERTY_READ_ONLY | PROPERTY_HIDDEN,
	 PLACE(struct host, credential_hash),
	 .help = "BLAKE2b-256 of the agent's credential."},
	{.name = "last_seen",
	 .type = PROPERTY_TIME,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct host, last_seen),
	 .help = "When the agent was last heard of."},
	{.name = "generation_staged",
	 .type = PROPERTY_NUMBER,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct host, generation_staged),
	 .max = COUNT_MAX,
	 .help = "The newest state that the controller has for it."},
	{.name = "generation_applied",
	 .type = PROPERTY_NUMBER,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct host, generation_applied),
	 .max = COUNT_MAX,
	 .help = "The newest state that its kernel has."},
	{.name = "generation_acknowledged",
	 .type = PROPERTY_NUMBER,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct host, generation_acknowledged),
	 .max = COUNT_MAX,
	 .help = "The newest state that it has confirmed."},
	{.name = "failure",
	 .type = PROPERTY_TEXT,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct host, failure),
	 .help = "Why the last state was not applied, or empty."},
};

static int endpoint_check(const struct resource_endpoint *endpoint, const char *name,
			  struct fault *fault)
{
	const char *what =
		endpoint->address.family ? prefix_reserved(&endpoint->address, true) : NULL;

	if (!what)
		return 0;
	return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, name),
			    "cannot be used: the address is %s", what);
}

/* One key for one purpose: a key in two planes would join them (G10, L20). */
static int keys_check(const struct host *host, struct fault *fault)
{
	const uint8_t *key = host->public_key;

	if (!sodium_is_zero(key, sizeof(host->public_key))) {
		if (!memcmp(key, host->infra_public_key, sizeof(host->public_key)))
			return fault_refuse(fault, CODE_FIELD_VALUE,
					    FIELD(NULL, "infra_public_key"),
					    "is the same as public_key; each plane has its own");
		if (!memcmp(key, host->next_public_key, sizeof(host->public_key)))
			return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "next_public_key"),
					    "is the same as public_key; make a new one");
	}
	return 0;
}

static int check(const struct resource *resource, struct fault *fault)
{
	const struct host *host = (const struct host *)resource;
	int ret;

	if ((ret = endpoint_check(&host->endpoint, "endpoint", fault)) ||
	    (ret = endpoint_check(&host->infra_endpoint, "infra_endpoint", fault)))
		return ret;
	return keys_check(host, fault);
}

const struct resource_schema host_schema = {
	.kind = RESOURCE_HOST,
	.singular = "host",
	.plural = "hosts",
	.prefix = "host",
	.size = sizeof(struct host),
	.properties = properties,
	.n_properties = TABLE_SIZE(properties),
	.scope_shown = "workspace",
	.name_flags = PROPERTY_REQUIRED,
	.check = check,
};
