// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be done with a value of any type without JSON: its default, its copy, its comparison and
 * its end. Lists own their items, and lists within them.
 */
#include "model/resource-value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void value_default(const struct property *property, void *value)
{
	const char *text = property->initial_text;

	switch (property->type) {
	case PROPERTY_TEXT:
		if (text)
			memcpy(value, text, strlen(text) + 1);
		break;
	case PROPERTY_BOOLEAN:
		*(bool *)value = property->initial;
		break;
	case PROPERTY_NUMBER:
		*(int64_t *)value = property->initial;
		break;
	case PROPERTY_OBJECT:
		values_default(property->fields, property->n_fields, value);
		break;
	default: /* Zero is the default of all others. */
		break;
	}
}

void values_default(const struct property *properties, size_t n, void *to)
{
	for (size_t i = 0; i < n; i++)
		value_default(&properties[i], value_at(&properties[i], to));
}

static void value_release(const struct property *property, void *value)
{
	struct resource_list *list = value;

	if (property->type == PROPERTY_OBJECT)
		values_release(property->fields, property->n_fields, value);
	if (property->type != PROPERTY_LIST)
		return;
	for (size_t i = 0; i < list->n; i++)
		values_release(property->fields, property->n_fields,
			       (char *)list->items + i * property->size);
	free(list->items);
	*list = (struct resource_list){0};
}

void values_release(const struct property *properties, size_t n, void *of)
{
	for (size_t i = 0; i < n; i++)
		value_release(&properties[i], value_at(&properties[i], of));
}

void value_reset(const struct property *property, void *value)
{
	value_release(property, value);
	if (property->type != PROPERTY_LIST)
		memset(value, 0, property->size);
	value_default(property, value);
}

static int list_own(const struct property *property, struct resource_list *list)
{
	const char *items = list->items;
	size_t n = list->n;

	*list = (struct resource_list){0};
	if (!n)
		return 0;
	list->items = calloc(n, property->size);
	if (!list->items)
		return -ENOMEM;
	for (; list->n < n; list->n++) {
		char *item = (char *)list->items + list->n * property->size;

		memcpy(item, items + list->n * property->size, property->size);
		if (values_own(property->fields, property->n_fields, item)) {
			value_release(property, list);
			return -ENOMEM;
		}
	}
	return 0;
}

static int value_own(const struct property *property, void *value)
{
	if (property->type == PROPERTY_LIST)
		return list_own(property, value);
	if (property->type == PROPERTY_OBJECT)
		return values_own(property->fields, property->n_fields, value);
	return 0;
}

int values_own(const struct property *properties, size_t n, void *to)
{
	for (size_t i = 0; i < n; i++) {
		if (value_own(&properties[i], value_at(&properties[i], to))) {
			/* What follows still belongs to the other struct. */
			values_release(properties, i, to);
			return -ENOMEM;
		}
	}
	return 0;
}

static bool endpoint_equal(const struct resource_endpoint *a, const struct resource_endpoint *b)
{
	return a->port == b->port && !lbmesh_prefix_compare(&a->address, &b->address);
}

static bool list_equal(const struct property *property, const struct resource_list *a,
		       const struct resource_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (!values_equal(property->fields, property->n_fields,
				  (const char *)a->items + i * property->size,
				  (const char *)b->items + i * property->size))
			return false;
	}
	return true;
}

bool value_equal(const struct property *property, const void *a, const void *b)
{
	switch (property->type) {
	case PROPERTY_TEXT:
	case PROPERTY_NAME:
	case PROPERTY_ID:
		return !strcmp(a, b);
	case PROPERTY_PAIR:
		return !strcmp(a, b) && !strcmp((const char *)a + RESOURCE_ID_SIZE,
						(const char *)b + RESOURCE_ID_SIZE);
	case PROPERTY_BOOLEAN:
		return *(const bool *)a == *(const bool *)b;
	case PROPERTY_NUMBER:
	case PROPERTY_TIME:
		return *(const int64_t *)a == *(const int64_t *)b;
	case PROPERTY_WORD:
		return *(const int *)a == *(const int *)b;
	case PROPERTY_PREFIX:
	case PROPERTY_ADDRESS:
		return !lbmesh_prefix_compare(a, b);
	case PROPERTY_ENDPOINT:
		return endpoint_equal(a, b);
	case PROPERTY_KEY:
		return !memcmp(a, b, property->size);
	case PROPERTY_LIST:
		return list_equal(property, a, b);
	case PROPERTY_OBJECT:
		return values_equal(property->fields, property->n_fields, a, b);
	}
	return false;
}

bool values_equal(const struct property *properties, size_t n, const void *a, const void *b)
{
	for (size_t i = 0; i < n; i++) {
		if (!value_equal(&properties[i], value_of(&properties[i], a),
				 value_of(&properties[i], b)))
			return false;
	}
	return true;
}

bool property_is_nullable(const struct property *property)
{
	switch (property->type) {
	case PROPERTY_ID:
	case PROPERTY_TIME:
	case PROPERTY_PREFIX:
	case PROPERTY_ADDRESS:
	case PROPERTY_ENDPOINT:
	case PROPERTY_KEY:
		return !(property->flags & PROPERTY_REQUIRED);
	default:
		return false;
	}
}
