// SPDX-License-Identifier: GPL-2.0-only
/* Invariants of aliases, policies, firewalls and attachments. */
#include "model/rules.h"

#include <inttypes.h>
#include <string.h>

/* Only the tenant plane exposes anything by name (G12). */
static int tenant_plane_check(const struct network *network, struct fault *fault)
{
	if (network->context != NETWORK_SYSTEM)
		return 0;
	return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "network"),
			    "a network of the system has no aliases and no policies");
}

int rules_alias(const struct alias *alias, const struct network *network,
		const struct sandbox *sandbox, const struct alias *taken,
		const struct member *member, struct fault *fault)
{
	const struct field *at = FIELD(NULL, "sandbox");
	int ret;

	if ((ret = tenant_plane_check(network, fault)) ||
	    (ret = rules_same_org(&network->head, &sandbox->head, at, fault)))
		return ret;
	if (taken && strcmp(taken->head.id, alias->head.id) != 0)
		return fault_refuse(fault, CODE_ALIAS_TAKEN, FIELD(NULL, "name"),
				    "\"%s\" is in use by sandbox %s", alias->head.name,
				    taken->head.owner);
	if (!member || strcmp(member->head.owner, sandbox->head.id) != 0 ||
	    strcmp(member->head.scope, network->head.id) != 0)
		return fault_refuse(fault, CODE_STATE, at,
				    "the sandbox is not in the network; attach it first");
	return 0;
}

static bool is_published(const struct alias *alias, int64_t port)
{
	const struct port_number *ports = alias->ports.items;

	for (size_t i = 0; i < alias->ports.n; i++) {
		if (ports[i].port == port)
			return true;
	}
	return false;
}

int rules_policy(const struct policy *policy, const struct network *network,
		 const struct alias *alias, struct fault *fault)
{
	int ret = tenant_plane_check(network, fault);

	if (ret)
		return ret;
	if (!alias || strcmp(alias->head.scope, network->head.id) != 0 ||
	    strcmp(alias->head.name, policy->to) != 0)
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "to"),
				    "the network has no alias \"%s\"", policy->to);
	if (policy->port && !is_published(alias, policy->port))
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "port"),
				    "alias \"%s\" does not publish port %" PRId64, policy->to,
				    policy->port);
	return 0;
}

int rules_firewall(const struct firewall *firewall, const struct workspace *workspace,
		   struct fault *fault)
{
	const struct field *at = FIELD(NULL, "workspace");

	if (firewall->level != FIREWALL_WORKSPACE)
		return 0;
	if (!workspace || strcmp(firewall->head.owner, workspace->head.id) != 0)
		return fault_refuse(fault, CODE_FIELD_VALUE, at, "there is no such workspace");
	return rules_same_org(&firewall->head, &workspace->head, at, fault);
}

int rules_attachment(const struct attachment *attachment, const struct host *host,
		     const struct firewall *firewall, struct fault *fault)
{
	const struct field *at = FIELD(NULL, "firewall");
	int ret;

	if (strcmp(attachment->head.owner, firewall->head.id) != 0)
		return fault_refuse(fault, CODE_FIELD_VALUE, at, "there is no such firewall");
	if ((ret = rules_same_org(&host->head, &firewall->head, at, fault)))
		return ret;
	if (firewall->level != FIREWALL_HOST)
		return fault_refuse(fault, CODE_FIELD_VALUE, at,
				    "must be a firewall of level \"host\"; others apply to all "
				    "hosts of their organisation or workspace by themselves");
	return 0;
}
