// SPDX-License-Identifier: GPL-2.0-only
/* Paths as places; and the one check that nothing is reached across organisations. */
#include "controller/api-place.h"

#include <errno.h>
#include <string.h>

static int kind_by_word(const char *word, size_t length)
{
	for (int kind = 0; kind < RESOURCE_KINDS; kind++) {
		const char *singular = resource_schema((enum resource_kind)kind)->singular;

		if (strlen(singular) == length && !memcmp(singular, word, length))
			return kind;
	}
	return -ENOENT;
}

int place_kind(const struct route *route)
{
	static const char system[] = "system.";
	const char *word = route->operation;

	if (!strncmp(word, system, sizeof(system) - 1))
		word += sizeof(system) - 1;
	return kind_by_word(word, strcspn(word, "."));
}

static void param_place(struct place *place, enum resource_kind kind, const char *param)
{
	if (kind == place->kind) {
		place->id = param;
	} else if (kind == RESOURCE_ORG) {
		place->org = param;
		place->has_org = true;
	} else {
		place->parent_kind = kind;
		place->parent = param;
	}
}

int place_read(const struct call *call, struct place *place, struct fault *fault)
{
	const char *at = call->route->path;
	int kind = place_kind(call->route);

	*place = (struct place){.org = "", .parent_kind = RESOURCE_KINDS};
	if (kind < 0)
		return fault_set(fault, -EINVAL, NULL, "the route %s is of no kind",
				 call->route->operation);
	place->kind = (enum resource_kind)kind;
	for (size_t n = 0; (at = strchr(at, '{')); n++) {
		int word = kind_by_word(at + 1, strcspn(at + 1, "}"));

		if (word < 0)
			return fault_set(fault, -EINVAL, NULL, "the route %s has an unknown param",
					 call->route->operation);
		param_place(place, (enum resource_kind)word, call->request->params[n]);
		at++;
	}
	return 0;
}

const char *place_org(const struct call *call)
{
	size_t n = 0;

	for (const char *at = call->route->path; (at = strchr(at, '{')); at++, n++) {
		if (!strncmp(at, "{org}", 5))
			return call->request->params[n];
	}
	return NULL;
}

static int not_found(enum resource_kind kind, const char *id, struct fault *fault)
{
	return fault_refuse(fault, CODE_NOT_FOUND, NULL, "there is no %s \"%.40s\"",
			    resource_schema(kind)->singular, id);
}

/* One that is there, and of this organisation. */
static int own_get(struct store_tx *tx, const struct place *place, enum resource_kind kind,
		   const char *id, struct resource **resource, struct fault *fault)
{
	struct resource *found = NULL;
	int ret;

	if (!resource_id_valid(kind, id))
		return not_found(kind, id, fault);
	if ((ret = store_get(tx, kind, id, &found, fault)))
		return ret;
	if (kind != RESOURCE_ORG && strcmp(found->org, place->org) != 0) {
		resource_free(found);
		return not_found(kind, id, fault);
	}
	*resource = found;
	return 0;
}

int place_get(struct store_tx *tx, const struct place *place, struct resource **resource,
	      struct fault *fault)
{
	struct resource *found = NULL;
	int ret = own_get(tx, place, place->kind, place->id, &found, fault);

	if (ret || !found)
		return ret;
	if (place->parent && strcmp(found->scope, place->parent) != 0) {
		resource_free(found);
		return not_found(place->kind, place->id, fault);
	}
	*resource = found;
	return 0;
}

int place_parent_get(struct store_tx *tx, const struct place *place, struct resource **parent,
		     struct fault *fault)
{
	struct resource *org = NULL;
	int ret = 0;

	*parent = NULL;
	if (place->has_org)
		ret = own_get(tx, place, RESOURCE_ORG, place->org, &org, fault);
	resource_free(org);
	if (!ret && place->parent)
		ret = own_get(tx, place, place->parent_kind, place->parent, parent, fault);
	return ret;
}
