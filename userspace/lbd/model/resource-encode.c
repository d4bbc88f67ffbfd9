// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resources into documents, by the kind's table: what tenants, the system's operators and the store
 * see of one, always in the same order. The inverse of resource-decode.c.
 */
#include "model/endpoint.h"
#include "model/key.h"
#include "model/resource-value.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static int object_write(const struct property *properties, size_t n, const void *of,
			enum resource_view view, json_object **json);

static int string_write(const char *text, json_object **json)
{
	*json = json_object_new_string(text);
	return *json ? 0 : -ENOMEM;
}

/* NULL is JSON's null. */
static int id_write(const char *id, json_object **json)
{
	return *id ? string_write(id, json) : 0;
}

static int number_write(int64_t number, json_object **json)
{
	*json = json_object_new_int64(number);
	return *json ? 0 : -ENOMEM;
}

static int boolean_write(bool value, json_object **json)
{
	*json = json_object_new_boolean(value);
	return *json ? 0 : -ENOMEM;
}

static int time_write(int64_t time, json_object **json)
{
	char text[TIME_TEXT_SIZE];

	if (!time)
		return 0;
	time_format(time, text);
	return string_write(text, json);
}

static int key_write(const uint8_t *key, json_object **json)
{
	char text[KEY_TEXT_LENGTH + 1];

	if (sodium_is_zero(key, LBMESH_KEY_LEN))
		return 0;
	key_encode(key, text);
	return string_write(text, json);
}

static int prefix_write(const struct lbmesh_prefix *prefix, bool whole, json_object **json)
{
	char text[ADDRESS_TEXT_SIZE];

	if (!prefix->family)
		return 0;
	return string_write(whole ? address_text(prefix, text) : prefix_text(prefix, text), json);
}

static int endpoint_write(const struct resource_endpoint *endpoint, json_object **json)
{
	char text[ENDPOINT_TEXT_SIZE];

	if (!endpoint->address.family)
		return 0;
	return string_write(endpoint_text(&endpoint->address, endpoint->port, text), json);
}

/* Takes json over, whatever happens. */
static int array_add(json_object *array, json_object *json)
{
	if (!json_object_array_add(array, json))
		return 0;
	json_object_put(json);
	return -ENOMEM;
}

static int pair_write(const char *ids, json_object **json)
{
	*json = json_object_new_array_ext(2);
	if (!*json)
		return -ENOMEM;
	for (size_t i = 0; i < 2; i++) {
		json_object *id = NULL;
		int ret = string_write(ids + i * RESOURCE_ID_SIZE, &id);

		if (ret || (ret = array_add(*json, id)))
			return ret;
	}
	return 0;
}

static int value_write(const struct property *property, const void *value, enum resource_view view,
		       json_object **json);

static int list_write(const struct property *property, const struct resource_list *list,
		      enum resource_view view, json_object **json)
{
	bool plain = property->n_fields == 1 && !property->fields[0].name;

	*json = json_object_new_array_ext((int)(list->n ? list->n : 1));
	if (!*json)
		return -ENOMEM;
	for (size_t i = 0; i < list->n; i++) {
		const char *item = (const char *)list->items + i * property->size;
		json_object *element = NULL;
		int ret = plain ? value_write(property->fields, value_of(property->fields, item),
					      view, &element)
				: object_write(property->fields, property->n_fields, item, view,
					       &element);

		if (ret) {
			json_object_put(element);
			return ret;
		}
		if ((ret = array_add(*json, element)))
			return ret;
	}
	return 0;
}

static int value_write(const struct property *property, const void *value, enum resource_view view,
		       json_object **json)
{
	switch (property->type) {
	case PROPERTY_TEXT:
	case PROPERTY_NAME:
		return string_write(value, json);
	case PROPERTY_ID:
		return id_write(value, json);
	case PROPERTY_PAIR:
		return pair_write(value, json);
	case PROPERTY_BOOLEAN:
		return boolean_write(*(const bool *)value, json);
	case PROPERTY_NUMBER:
		return number_write(*(const int64_t *)value, json);
	case PROPERTY_TIME:
		return time_write(*(const int64_t *)value, json);
	case PROPERTY_WORD:
		return string_write(property->words[*(const int *)value], json);
	case PROPERTY_PREFIX:
	case PROPERTY_ADDRESS:
		return prefix_write(value, property->type == PROPERTY_ADDRESS, json);
	case PROPERTY_ENDPOINT:
		return endpoint_write(value, json);
	case PROPERTY_KEY:
		return key_write(value, json);
	case PROPERTY_LIST:
		return list_write(property, value, view, json);
	case PROPERTY_OBJECT:
		return object_write(property->fields, property->n_fields, value, view, json);
	}
	return -EINVAL;
}

/* Takes json over, whatever happens; ret is that of what made it. */
static int field_add(json_object *object, const char *name, int ret, json_object *json)
{
	if (!ret && json_object_object_add_ex(object, name, json, JSON_C_OBJECT_KEY_IS_CONSTANT))
		ret = -ENOMEM;
	if (ret)
		json_object_put(json);
	return ret;
}

static bool is_shown(const struct property *property, enum resource_view view)
{
	if (view == RESOURCE_VIEW_STORED)
		return true;
	if (property->flags & PROPERTY_HIDDEN)
		return false;
	return view == RESOURCE_VIEW_SYSTEM || !(property->flags & PROPERTY_SYSTEM);
}

static int fields_write(const struct property *properties, size_t n, const void *of,
			enum resource_view view, json_object *object)
{
	for (size_t i = 0; i < n; i++) {
		json_object *json = NULL;
		int ret;

		if (!is_shown(&properties[i], view))
			continue;
		ret = value_write(&properties[i], value_of(&properties[i], of), view, &json);
		if ((ret = field_add(object, properties[i].name, ret, json)))
			return ret;
	}
	return 0;
}

static int object_write(const struct property *properties, size_t n, const void *of,
			enum resource_view view, json_object **json)
{
	*json = json_object_new_object();
	return *json ? fields_write(properties, n, of, view, *json) : -ENOMEM;
}

json_object *values_encode(const struct property *properties, size_t n, const void *of)
{
	json_object *json = NULL;

	if (object_write(properties, n, of, RESOURCE_VIEW_SYSTEM, &json)) {
		json_object_put(json);
		return NULL;
	}
	return json;
}

int object_field_add(json_object *object, const char *name, json_object *json)
{
	return field_add(object, name, object && json ? 0 : -ENOMEM, json);
}

static int id_add(json_object *object, const char *name, const char *id, bool stored)
{
	json_object *json = NULL;
	int ret = stored ? string_write(id, &json) : id_write(id, &json);

	return field_add(object, name, ret, json);
}

static int number_add(json_object *object, const char *name, uint64_t number)
{
	json_object *json = NULL;
	int ret = number_write((int64_t)number, &json);

	return field_add(object, name, ret, json);
}

static int time_add(json_object *object, const char *name, int64_t time)
{
	json_object *json = NULL;
	int ret = time_write(time, &json);

	return field_add(object, name, ret, json);
}

static int head_write(const struct resource *resource, enum resource_view view, json_object *object)
{
	const struct resource_schema *schema = resource_schema(resource->kind);
	bool stored = view == RESOURCE_VIEW_STORED;
	const char *scope = stored ? "scope" : schema->scope_shown;
	const char *owner = stored ? "owner" : schema->owner_shown;
	int ret;

	if ((ret = id_add(object, "id", resource->id, true)) ||
	    (ret = id_add(object, "org", resource->org, stored)) ||
	    (scope && (ret = id_add(object, scope, resource->scope, stored))) ||
	    (owner && (ret = id_add(object, owner, resource->owner, stored))) ||
	    (ret = id_add(object, "name", resource->name, true)) ||
	    (ret = number_add(object, "version", resource->version)) ||
	    (ret = time_add(object, "created_at", resource->created_at)) ||
	    (ret = time_add(object, "updated_at", resource->updated_at)))
		return ret;
	return 0;
}

json_object *resource_encode(const struct resource *resource, enum resource_view view)
{
	const struct resource_schema *schema = resource_schema(resource->kind);
	json_object *object = json_object_new_object();

	if (!object)
		return NULL;
	if (head_write(resource, view, object) ||
	    fields_write(schema->properties, schema->n_properties, resource, view, object)) {
		json_object_put(object);
		return NULL;
	}
	return object;
}
