// SPDX-License-Identifier: GPL-2.0-only
/* Lists of resources, page by page in the order of ids, by name and by owner; and pages in general. */
#include "controller/api-list.h"

#include "controller/api-answer.h"
#include "controller/api.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODE_BYTES crypto_generichash_BYTES_MIN
#define VARIANT	   sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* --- cursors ------------------------------------------------------------------------------------ */

static void cursor_code(const struct call *call, const char *after, uint8_t code[CODE_BYTES])
{
	const char *path = call->request->path;
	crypto_generichash_state state;

	/* Cannot fail: the sizes are within the functions' limits. */
	crypto_generichash_init(&state, call->controller->signing_secret, crypto_sign_SEEDBYTES,
				CODE_BYTES);
	crypto_generichash_update(&state, (const uint8_t *)path, strlen(path) + 1);
	crypto_generichash_update(&state, (const uint8_t *)after, strlen(after));
	crypto_generichash_final(&state, code, CODE_BYTES);
}

/* The code, then the text. */
static void cursor_make(const struct call *call, const char *after, char cursor[CURSOR_SIZE])
{
	uint8_t bytes[CODE_BYTES + RESOURCE_ID_SIZE];
	size_t length = strlen(after);

	cursor_code(call, after, bytes);
	memcpy(bytes + CODE_BYTES, after, length + 1);
	sodium_bin2base64(cursor, CURSOR_SIZE, bytes, CODE_BYTES + length, VARIANT);
}

static int cursor_read(const struct call *call, const char *cursor, char after[RESOURCE_ID_SIZE])
{
	uint8_t bytes[CODE_BYTES + RESOURCE_ID_SIZE], code[CODE_BYTES];
	size_t size = 0;

	if (sodium_base642bin(bytes, sizeof(bytes) - 1, cursor, strlen(cursor), NULL, &size, NULL,
			      VARIANT) ||
	    size <= CODE_BYTES)
		return -EINVAL;
	bytes[size] = '\0';
	memcpy(after, bytes + CODE_BYTES, size - CODE_BYTES + 1);
	cursor_code(call, after, code);
	return sodium_memcmp(code, bytes, CODE_BYTES) ? -EINVAL : 0;
}

int list_read(const struct call *call, size_t *limit, char after[RESOURCE_ID_SIZE],
	      struct fault *fault)
{
	const char *text = http_query(call->request, "limit");
	const char *cursor = http_query(call->request, "cursor");
	unsigned long number = LIST_LIMIT_DEFAULT;

	if (text) {
		number = strspn(text, "0123456789") == strlen(text) && strlen(text) <= 4
				 ? strtoul(text, NULL, 10)
				 : 0;
		if (!number || number > LIST_LIMIT_MAX)
			return fault_refuse(fault, CODE_QUERY_INVALID, FIELD(NULL, "limit"),
					    "must be from 1 to %d", LIST_LIMIT_MAX);
	}
	*limit = number;
	after[0] = '\0';
	if (cursor && cursor_read(call, cursor, after))
		return fault_refuse(fault, CODE_CURSOR_INVALID, FIELD(NULL, "cursor"),
				    "is not one that this list has given");
	return 0;
}

int list_answer(struct call *call, json_object *items, const char *last, struct fault *fault)
{
	json_object *page = json_object_new_object(), *next = NULL;
	char cursor[CURSOR_SIZE];

	if (last) {
		cursor_make(call, last, cursor);
		next = json_object_new_string(cursor);
	}
	if (!page || !items || (last && !next) || json_object_object_add(page, "items", items)) {
		json_object_put(items);
		json_object_put(next);
		json_object_put(page);
		return fault_memory(fault);
	}
	if (json_object_object_add(page, "next", next)) {
		json_object_put(next);
		json_object_put(page);
		return fault_memory(fault);
	}
	http_reply_json(call->reply, 200, page);
	return 0;
}

/* --- resources ---------------------------------------------------------------------------------- */

struct listing {
	const struct call *call;
	struct place place;
	struct store_query query;
	struct store_list list;
};

static int listing_run(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct listing *listing = argument;
	struct resource *parent = NULL;
	int ret;

	store_list_release(&listing->list);
	ret = place_parent_get(tx, &listing->place, &parent, fault);
	if (!ret)
		ret = store_list(tx, &listing->query, &listing->list, fault);
	resource_free(parent);
	return ret;
}

/* One more than asked for tells whether there is another page. */
static void query_fill(struct listing *listing, size_t limit, const char *after)
{
	const struct call *call = listing->call;
	const struct place *place = &listing->place;

	listing->query = (struct store_query){
		.kind = place->kind,
		.org = place->org,
		.scope = place->parent,
		.name = http_query(call->request, "name"),
		.owner = http_query(call->request, "owner"),
		.after = *after ? after : NULL,
		.limit = limit + 1,
	};
	/* Of organisations the operator sees all, and others their own. */
	if (place->kind == RESOURCE_ORG)
		listing->query.org = call->identity.system ? NULL : call->identity.org;
}

static json_object *items_encode(const struct listing *listing, size_t n)
{
	json_object *items = json_object_new_array();

	for (size_t i = 0; items && i < n; i++) {
		json_object *item =
			resource_encode(listing->list.items[i], reply_view(listing->call));

		if (item && !json_object_array_add(items, item))
			continue;
		json_object_put(item);
		json_object_put(items);
		return NULL;
	}
	return items;
}

int api_resource_list(struct call *call, struct fault *fault)
{
	struct listing listing = {.call = call};
	char after[RESOURCE_ID_SIZE] = "";
	const char *last = NULL;
	size_t limit = 0, n;
	int ret;

	if ((ret = place_read(call, &listing.place, fault)) ||
	    (ret = list_read(call, &limit, after, fault)))
		return ret;
	query_fill(&listing, limit, after);
	ret = store_read(call->controller->store, listing_run, &listing, fault);
	if (!ret) {
		n = listing.list.n > limit ? limit : listing.list.n;
		if (listing.list.n > limit)
			last = listing.list.items[limit - 1]->id;
		ret = list_answer(call, items_encode(&listing, n), last, fault);
	}
	store_list_release(&listing.list);
	return ret;
}
