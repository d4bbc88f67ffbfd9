// SPDX-License-Identifier: GPL-2.0-only
/* Networks: overlays with one CIDR (L1 to L6, G4, B8). Names are in DNS and policies: they stay. */
#include "model/table.h"

#include <string.h>
#include <sys/socket.h>

#define MTU_MIN	   1280
#define MTU_MAX	   9000
#define LENGTH_MIN 8
#define LENGTH_MAX 29
/* Never all that an organisation may have of IPv6, and room for a network of some size. */
#define LENGTH6_MIN 48
#define LENGTH6_MAX 120

static const char *const contexts[] = {"workspace", "organization", "system"};
static const char *const families[] = {"ipv4", "dual", "ipv6"};
static const char *const states[] = {"pending", "activating", "active", "deleting"};
static const char *const modes[] = {"agent_proxy", "routed_mesh"};

static const struct property properties[] = {
	{.name = "description",
	 .type = PROPERTY_TEXT,
	 .flags = PROPERTY_MUTABLE,
	 PLACE(struct network, description),
	 .help = "Free text."},
	{.name = "context",
	 WORDS(contexts),
	 .words_tenant = NETWORK_SYSTEM,
	 PLACE(struct network, context),
	 .help = "Whom it belongs to; when not given, the workspace if one is, else the "
		 "organisation."},
	{.name = "family",
	 WORDS(families),
	 PLACE(struct network, family),
	 .help = "ipv6 alone is not offered."},
	{.name = "state",
	 .flags = PROPERTY_READ_ONLY,
	 WORDS(states),
	 PLACE(struct network, state),
	 .help = "active: every online host has acknowledged it."},
	{.name = "mode",
	 .flags = PROPERTY_MUTABLE,
	 WORDS(modes),
	 PLACE(struct network, mode),
	 .help = "How sandboxes use it; routed_mesh needs hosts that have opted in."},
	{.name = "managed",
	 .type = PROPERTY_BOOLEAN,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct network, managed),
	 .help = "Whether the platform keeps it; tenants cannot change it then."},
	{.name = "cidr",
	 .type = PROPERTY_PREFIX,
	 PLACE(struct network, cidr),
	 .help = "IPv4; a slice of the pool when not given."},
	{.name = "cidr6",
	 .type = PROPERTY_PREFIX,
	 PLACE(struct network, cidr6),
	 .help = "IPv6, of family dual; chosen by the controller when not given."},
	{.name = "mtu",
	 .type = PROPERTY_NUMBER,
	 .flags = PROPERTY_MUTABLE,
	 PLACE(struct network, mtu),
	 .max = MTU_MAX,
	 .help = "In bytes, 1280 to 9000; 0: the default."},
	{.name = "number",
	 .type = PROPERTY_NUMBER,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct network, number),
	 .max = UINT32_MAX,
	 .help = "Its id in the kernel."},
};

/* Who gives a workspace means it, and who gives none has no other network to mean. */
static int settle(struct resource *resource, json_object *document, struct fault *fault)
{
	struct network *network = (struct network *)resource;

	(void)fault;
	/* One that exists has its context. */
	if (!resource->version && !json_object_object_get_ex(document, "context", NULL))
		network->context = *resource->owner ? NETWORK_WORKSPACE : NETWORK_ORGANIZATION;
	return 0;
}

static int context_check(const struct network *network, struct fault *fault)
{
	const struct field *at = FIELD(NULL, "workspace");
	bool has_workspace = *network->head.owner;

	if (network->context == NETWORK_WORKSPACE && !has_workspace)
		return fault_refuse(fault, CODE_FIELD_MISSING, at,
				    "is missing; context \"workspace\" needs one");
	if (network->context != NETWORK_WORKSPACE && has_workspace)
		return fault_refuse(fault, CODE_FIELD_VALUE, at,
				    "must be left out unless context is \"workspace\"");
	return 0;
}

static int cidr_check(const struct lbmesh_prefix *cidr, int family, unsigned int min,
		      unsigned int max, const struct field *at, struct fault *fault)
{
	if (!cidr->family)
		return 0;
	if (cidr->family != family)
		return fault_refuse(fault, CODE_FIELD_VALUE, at, "must be of %s",
				    family == AF_INET ? "IPv4; IPv6 goes to cidr6" : "IPv6");
	if (cidr->len < min || cidr->len > max)
		return fault_refuse(fault, CODE_FIELD_VALUE, at, "must have a length from %u to %u",
				    min, max);
	return overlay_check(cidr, at, fault);
}

static int check(const struct resource *resource, struct fault *fault)
{
	const struct network *network = (const struct network *)resource;
	int ret;

	if (network->family == NETWORK_IPV6)
		return fault_refuse(fault, CODE_FAMILY_UNSUPPORTED, FIELD(NULL, "family"),
				    "must be ipv4 or dual");
	if (network->cidr6.family && network->family != NETWORK_DUAL)
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "cidr6"),
				    "must be left out unless family is \"dual\"");
	if ((ret = context_check(network, fault)) ||
	    (ret = cidr_check(&network->cidr, AF_INET, LENGTH_MIN, LENGTH_MAX, FIELD(NULL, "cidr"),
			      fault)) ||
	    (ret = cidr_check(&network->cidr6, AF_INET6, LENGTH6_MIN, LENGTH6_MAX,
			      FIELD(NULL, "cidr6"), fault)))
		return ret;
	if (network->mtu && network->mtu < MTU_MIN)
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "mtu"),
				    "must be 0, or from %d to %d", MTU_MIN, MTU_MAX);
	return 0;
}

const struct resource_schema network_schema = {
	.kind = RESOURCE_NETWORK,
	.singular = "network",
	.plural = "networks",
	.prefix = "net",
	.size = sizeof(struct network),
	.properties = properties,
	.n_properties = TABLE_SIZE(properties),
	.owner_shown = "workspace",
	.owner_kinds = OWNER(WORKSPACE),
	.name_flags = PROPERTY_REQUIRED,
	.settle = settle,
	.check = check,
};
