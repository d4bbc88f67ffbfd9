// SPDX-License-Identifier: GPL-2.0-only
/* Members: one address of a host, a sandbox or a user in one network (L18, G24). */
#include "model/table.h"

#include <sys/socket.h>

static const char *const kinds[] = {"host", "sandbox", "user"};

static const struct property properties[] = {
	{.name = "kind",
	 .flags = PROPERTY_READ_ONLY,
	 WORDS(kinds),
	 PLACE(struct member, member_kind),
	 .help = "What its owner is."},
	{.name = "address",
	 .type = PROPERTY_ADDRESS,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct member, address),
	 .help = "IPv4; the same owner gets the same again."},
	{.name = "address6",
	 .type = PROPERTY_ADDRESS,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct member, address6),
	 .help = "IPv6, in networks of family dual."},
	{.name = "host",
	 .type = PROPERTY_ID,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct member, host),
	 .refers = RESOURCE_HOST,
	 .help = "That it is reached through."},
	{.name = "expires_at",
	 .type = PROPERTY_TIME,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct member, expires_at),
	 .help = "When a user's membership ends; null: never."},
};

/* The owner's id says what it is. A user's kind is set by the code that lets users join. */
static int settle(struct resource *resource, json_object *document, struct fault *fault)
{
	struct member *member = (struct member *)resource;

	(void)document;
	(void)fault;
	if (member->member_kind != MEMBER_USER)
		member->member_kind = resource_id_valid(RESOURCE_SANDBOX, resource->owner)
					      ? MEMBER_SANDBOX
					      : MEMBER_HOST;
	return 0;
}

static int owner_check(const struct member *member, struct fault *fault)
{
	const char *owner = member->head.owner;
	bool fits = true;

	if (member->member_kind == MEMBER_HOST)
		fits = resource_id_valid(RESOURCE_HOST, owner);
	else if (member->member_kind == MEMBER_SANDBOX)
		fits = resource_id_valid(RESOURCE_SANDBOX, owner);
	if (fits)
		return 0;
	return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "owner"), "must be the id of a %s",
			    kinds[member->member_kind]);
}

static int address_check(const struct lbmesh_prefix *address, int family, const char *name,
			 struct fault *fault)
{
	if (!address->family)
		return 0;
	if (address->family != family)
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, name), "must be of %s",
				    family == AF_INET ? "IPv4" : "IPv6");
	return overlay_check(address, FIELD(NULL, name), fault);
}

static int check(const struct resource *resource, struct fault *fault)
{
	const struct member *member = (const struct member *)resource;
	int ret;

	if ((ret = owner_check(member, fault)) ||
	    (ret = address_check(&member->address, AF_INET, "address", fault)) ||
	    (ret = address_check(&member->address6, AF_INET6, "address6", fault)))
		return ret;
	if (member->member_kind != MEMBER_USER && member->expires_at)
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "expires_at"),
				    "must be null unless kind is \"user\"");
	if (member->member_kind == MEMBER_USER && !member->expires_at)
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(NULL, "expires_at"),
				    "must be there when kind is \"user\"");
	return 0;
}

const struct resource_schema member_schema = {
	.kind = RESOURCE_MEMBER,
	.singular = "member",
	.plural = "members",
	.prefix = "mem",
	.size = sizeof(struct member),
	.properties = properties,
	.n_properties = TABLE_SIZE(properties),
	.scope_shown = "network",
	.owner_shown = "owner",
	.owner_flags = PROPERTY_REQUIRED,
	.owner_kinds = OWNER(HOST) | OWNER(SANDBOX) | OWNER(TOKEN),
	.name_flags = PROPERTY_READ_ONLY,
	.settle = settle,
	.check = check,
};
