// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names that nobody chooses: of resources that are what they join, so that the store's rule of one
 * name in a scope keeps the same thing from being there twice. Called before an insertion.
 */
#include "model/kinds.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void copy(char name[RESOURCE_NAME_SIZE], const char *from)
{
	snprintf(name, RESOURCE_NAME_SIZE, "%s", from);
}

/*
 * A digest, as selectors are longer than names. The action is not part of it: allowing and denying
 * the same thing at once would mean nothing.
 */
static void policy_name(struct policy *policy)
{
	char text[sizeof(policy->from) + sizeof(policy->to) + 32];
	unsigned char digest[16];
	int n = snprintf(text, sizeof(text), "%s %s %" PRId64, policy->from, policy->to,
			 policy->port);

	/* Cannot fail: the sizes are within the function's limits. */
	(void)crypto_generichash(digest, sizeof(digest), (const unsigned char *)text,
				 (unsigned long long)n, NULL, 0);
	sodium_bin2hex(policy->head.name, sizeof(policy->head.name), digest, sizeof(digest));
}

void resource_name_make(struct resource *resource)
{
	switch (resource->kind) {
	case RESOURCE_MEMBER:
	case RESOURCE_ATTACHMENT:
		copy(resource->name, resource->owner);
		break;
	case RESOURCE_BRIDGE: {
		const struct bridge *bridge = (const struct bridge *)resource;

		snprintf(resource->name, RESOURCE_NAME_SIZE, "%s-%s", bridge->networks[0],
			 bridge->networks[1]);
		break;
	}
	case RESOURCE_POLICY:
		policy_name((struct policy *)resource);
		break;
	case RESOURCE_TOKEN:
	case RESOURCE_OPERATION:
		if (!*resource->name)
			copy(resource->name, resource->id);
		break;
	default:
		break;
	}
}
