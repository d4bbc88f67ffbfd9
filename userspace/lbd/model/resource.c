// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of kinds, and the life of a resource: made with its defaults, copied, compared, freed,
 * all by its kind's table. Used by everything in the controller that has resources.
 */
#include "model/kinds.h"
#include "model/resource-value.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const struct resource_schema *const schemas[RESOURCE_KINDS] = {
	[RESOURCE_ORG] = &org_schema,
	[RESOURCE_WORKSPACE] = &workspace_schema,
	[RESOURCE_HOST] = &host_schema,
	[RESOURCE_SANDBOX] = &sandbox_schema,
	[RESOURCE_NETWORK] = &network_schema,
	[RESOURCE_MEMBER] = &member_schema,
	[RESOURCE_BRIDGE] = &bridge_schema,
	[RESOURCE_FIREWALL] = &firewall_schema,
	[RESOURCE_ATTACHMENT] = &attachment_schema,
	[RESOURCE_ALIAS] = &alias_schema,
	[RESOURCE_POLICY] = &policy_schema,
	[RESOURCE_TOKEN] = &token_schema,
	[RESOURCE_OPERATION] = &operation_schema,
};

const struct resource_schema *resource_schema(enum resource_kind kind)
{
	return schemas[kind];
}

int resource_kind_by_plural(const char *plural)
{
	for (int kind = 0; kind < RESOURCE_KINDS; kind++) {
		if (!strcmp(schemas[kind]->plural, plural))
			return kind;
	}
	return -ENOENT;
}

struct resource *resource_new(enum resource_kind kind)
{
	const struct resource_schema *schema = schemas[kind];
	struct resource *resource = calloc(1, schema->size);

	if (!resource)
		return NULL;
	resource->kind = kind;
	values_default(schema->properties, schema->n_properties, resource);
	return resource;
}

struct resource *resource_copy(const struct resource *resource)
{
	const struct resource_schema *schema = schemas[resource->kind];
	struct resource *copy = malloc(schema->size);

	if (!copy)
		return NULL;
	memcpy(copy, resource, schema->size);
	if (values_own(schema->properties, schema->n_properties, copy)) {
		free(copy);
		return NULL;
	}
	return copy;
}

void resource_free(struct resource *resource)
{
	const struct resource_schema *schema;

	if (!resource)
		return;
	schema = schemas[resource->kind];
	values_release(schema->properties, schema->n_properties, resource);
	/* Some hold the hash of a secret. */
	sodium_memzero(resource, schema->size);
	free(resource);
}

void resource_freep(struct resource **resource)
{
	resource_free(*resource);
}

bool resource_equal(const struct resource *a, const struct resource *b)
{
	const struct resource_schema *schema = schemas[a->kind];

	return a->kind == b->kind && !strcmp(a->id, b->id) && !strcmp(a->org, b->org) &&
	       !strcmp(a->scope, b->scope) && !strcmp(a->owner, b->owner) &&
	       !strcmp(a->name, b->name) && a->created_at == b->created_at &&
	       values_equal(schema->properties, schema->n_properties, a, b);
}
