// SPDX-License-Identifier: GPL-2.0-only
/*
 * The values of entries as JSON texts, and the list that they are added to. json-c keeps the order
 * in which fields are put. Called by derive.c and derive-network.c; no I/O.
 */
#include "topology/derive-json.h"

#include "model/address.h"
#include "model/key.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define TEXT_FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
#define NAME_FLAGS (JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY)

struct value value_new(void)
{
	json_object *root = json_object_new_object();

	return (struct value){.root = root, .failed = !root};
}

static void value_put(struct value *value, const char *name, json_object *field)
{
	if (!value->failed && field &&
	    !json_object_object_add_ex(value->root, name, field, NAME_FLAGS))
		return;
	json_object_put(field);
	value->failed = true;
}

void value_text(struct value *value, const char *name, const char *text)
{
	if (*text)
		value_put(value, name, json_object_new_string(text));
}

void value_number(struct value *value, const char *name, int64_t number)
{
	value_put(value, name, json_object_new_int64(number));
}

void value_boolean(struct value *value, const char *name, bool boolean)
{
	value_put(value, name, json_object_new_boolean(boolean));
}

void value_key(struct value *value, const char *name, const uint8_t key[LBMESH_KEY_LEN])
{
	char text[KEY_TEXT_LENGTH + 1];

	if (sodium_is_zero(key, LBMESH_KEY_LEN))
		return;
	key_encode(key, text);
	value_text(value, name, text);
}

void value_endpoint(struct value *value, const char *name, const struct resource_endpoint *endpoint)
{
	char address[ADDRESS_TEXT_SIZE], text[ADDRESS_TEXT_SIZE + 16];
	bool brackets = endpoint->address.family == AF_INET6;

	if (!endpoint->address.family)
		return;
	snprintf(text, sizeof(text), "%s%s%s:%u", brackets ? "[" : "",
		 address_text(&endpoint->address, address), brackets ? "]" : "", endpoint->port);
	value_text(value, name, text);
}

/* Takes item over. */
static bool list_append(json_object *list, json_object *item)
{
	if (list && item && !json_object_array_add(list, item))
		return true;
	json_object_put(item);
	return false;
}

void value_list(struct value *value, const char *name, const struct resource_list *list,
		size_t size, value_item_fn item)
{
	const char *bytes = list->items;
	json_object *array;
	bool good = true;

	if (!list->n)
		return;
	array = json_object_new_array_ext((int)list->n);
	for (size_t i = 0; i < list->n && good; i++)
		good = list_append(array, item(bytes + i * size));
	if (good) {
		value_put(value, name, array);
		return;
	}
	json_object_put(array);
	value->failed = true;
}

json_object *value_item_text(const void *item)
{
	return json_object_new_string(item);
}

json_object *value_item_port(const void *item)
{
	return json_object_new_int64(((const struct port_number *)item)->port);
}

void value_prefixes(struct value *value, const char *name, const struct lbmesh_prefix *const *list,
		    size_t n, bool whole)
{
	json_object *array = json_object_new_array_ext((int)n);
	char text[ADDRESS_TEXT_SIZE];
	bool good = true;

	for (size_t i = 0; i < n && good; i++) {
		if (!list[i]->family)
			continue;
		good = list_append(array,
				   json_object_new_string(whole ? prefix_text(list[i], text)
								: address_text(list[i], text)));
	}
	if (good) {
		value_put(value, name, array);
		return;
	}
	json_object_put(array);
	value->failed = true;
}

static int entries_grow(struct entries *entries)
{
	size_t capacity = entries->capacity ? 2 * entries->capacity : 8;
	struct entry *items;

	if (entries->n < entries->capacity)
		return 0;
	items = reallocarray(entries->items, capacity, sizeof(*items));
	if (!items)
		return -ENOMEM;
	entries->items = items;
	entries->capacity = capacity;
	return 0;
}

static int entry_fill(struct entry *entry, const char *log, const char *prefix, const char *name,
		      struct fault *fault)
{
	int length = snprintf(entry->key, sizeof(entry->key), "%s%s", prefix, name);

	if (length < 0 || (size_t)length >= sizeof(entry->key) ||
	    !record_key_valid(entry->key, (size_t)length) ||
	    (!*name && length && prefix[length - 1] == '/') || !record_log_valid(log))
		return fault_set(fault, -EINVAL, NULL,
				 "\"%s%s\" in log \"%s\" cannot be an entry: an id or a name is "
				 "missing or malformed",
				 prefix, name, log);
	memcpy(entry->log, log, strlen(log) + 1);
	return 0;
}

static int value_write(const struct value *value, struct entry *entry, struct fault *fault)
{
	const char *text = NULL;

	if (!value->failed)
		text = json_object_to_json_string_length(value->root, TEXT_FLAGS,
							 &entry->value_size);
	if (!text)
		return fault_memory(fault);
	if (entry->value_size > RECORD_VALUE_MAX)
		return fault_set(fault, -ENOSPC, NULL,
				 "\"%s\" in log \"%s\" has %zu bytes and may have %u", entry->key,
				 entry->log, entry->value_size, RECORD_VALUE_MAX);
	entry->value = malloc(entry->value_size + 1);
	if (!entry->value)
		return fault_memory(fault);
	memcpy(entry->value, text, entry->value_size + 1);
	return 0;
}

int entries_add(struct entries *entries, const char *log, const char *prefix, const char *name,
		struct value *value, struct fault *fault)
{
	int ret = entries_grow(entries);
	struct entry *entry = ret ? NULL : &entries->items[entries->n];

	if (ret)
		fault_memory(fault);
	if (!ret && !(ret = entry_fill(entry, log, prefix, name, fault)) &&
	    !(ret = value_write(value, entry, fault)))
		entries->n++;
	json_object_put(value->root);
	*value = (struct value){0};
	return ret;
}

void entries_release(struct entries *entries)
{
	for (size_t i = 0; i < entries->n; i++)
		free(entries->items[i].value);
	free(entries->items);
	*entries = (struct entries){0};
}
