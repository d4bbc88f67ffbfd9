// SPDX-License-Identifier: GPL-2.0-only
/*
 * One log's map of keys to values. The map is glibc's search tree (tsearch(3), a red-black tree):
 * O(log n) a change, walked in the order of the keys, so that the bytes do not depend on history.
 * An entry is one allocation, key and value. Used by hub.c and by the agent; one thread.
 */
#include "topology/fragment.h"

#include <endian.h>
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

/* In a fragment's body: the number of entries, and around an entry, the two lengths. */
#define COUNT_SIZE    4
#define LENGTHS_SIZE  5
#define BODY_SIZE_MAX (RECORD_FRAME_MAX - 128)

/* text: the key, NUL, the value, NUL. key points to it, or for a search to what is looked for. */
struct item {
	const char *key;
	size_t key_length;
	size_t value_size;
	char text[];
};

struct tree {
	void *root;
	size_t count;
	size_t body_size;
};

struct fragment {
	char log[RESOURCE_ID_SIZE];
	uint64_t version;
	struct tree tree;
	struct frame *sealed; /* of this version, or NULL */
};

static int item_compare(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->key, ((const struct item *)b)->key);
}

static const char *item_value(const struct item *item)
{
	return item->text + item->key_length + 1;
}

static size_t item_size(const struct item *item)
{
	return LENGTHS_SIZE + item->key_length + item->value_size;
}

static struct item *item_new(const struct record *record)
{
	size_t length = strlen(record->key);
	struct item *item = malloc(sizeof(*item) + length + record->value_size + 2);

	if (!item)
		return NULL;
	item->key = item->text;
	item->key_length = length;
	item->value_size = record->value_size;
	memcpy(item->text, record->key, length + 1);
	if (record->value_size)
		memcpy(item->text + length + 1, record->value, record->value_size);
	item->text[length + 1 + record->value_size] = '\0';
	return item;
}

/* The place of an entry in the tree, or NULL. */
static struct item **tree_find(const struct tree *tree, const char *key)
{
	struct item sought = {.key = key};

	return tfind(&sought, &tree->root, item_compare);
}

static void tree_free(struct tree *tree)
{
	tdestroy(tree->root, free);
	*tree = (struct tree){0};
}

/* Sets or replaces; on failure the tree is as it was. */
static int tree_set(struct tree *tree, const struct record *record)
{
	struct item *item = item_new(record), **place, *old;

	if (!item)
		return -ENOMEM;
	place = tsearch(item, &tree->root, item_compare);
	if (!place) {
		free(item);
		return -ENOMEM;
	}
	old = *place;
	*place = item;
	tree->body_size += item_size(item);
	if (old == item) {
		tree->count++;
		return 0;
	}
	tree->body_size -= item_size(old);
	free(old);
	return 0;
}

static void tree_remove(struct tree *tree, struct item *item)
{
	tdelete(item, &tree->root, item_compare);
	tree->count--;
	tree->body_size -= item_size(item);
	free(item);
}

struct fragment *fragment_new(const char *log)
{
	struct fragment *fragment = calloc(1, sizeof(*fragment));

	if (fragment)
		memcpy(fragment->log, log, strnlen(log, sizeof(fragment->log) - 1));
	return fragment;
}

void fragment_free(struct fragment *fragment)
{
	if (!fragment)
		return;
	tree_free(&fragment->tree);
	frame_release(fragment->sealed);
	free(fragment);
}

const char *fragment_log(const struct fragment *fragment)
{
	return fragment->log;
}

uint64_t fragment_version(const struct fragment *fragment)
{
	return fragment->version;
}

size_t fragment_count(const struct fragment *fragment)
{
	return fragment->tree.count;
}

const char *fragment_get(const struct fragment *fragment, const char *key, size_t *size)
{
	struct item **place = tree_find(&fragment->tree, key);

	if (!place)
		return NULL;
	*size = (*place)->value_size;
	return item_value(*place);
}

static void version_set(struct fragment *fragment, uint64_t version)
{
	fragment->version = version;
	frame_release(fragment->sealed);
	fragment->sealed = NULL;
}

static int change_check(const struct fragment *fragment, const struct record *record,
			struct fault *fault)
{
	if (strcmp(record->log, fragment->log) != 0)
		return fault_set(fault, -EBADMSG, NULL, "a record of log %s came to log %s",
				 record->log, fragment->log);
	if (record->version != fragment->version + 1)
		return fault_set(fault, -ESTALE, NULL,
				 "log %s is at version %llu and cannot take version %llu",
				 fragment->log, (unsigned long long)fragment->version,
				 (unsigned long long)record->version);
	if (record->value && (record->value_size > RECORD_VALUE_MAX ||
			      fragment->tree.body_size + COUNT_SIZE + LENGTHS_SIZE +
					      RECORD_KEY_MAX + record->value_size >
				      BODY_SIZE_MAX))
		return fault_set(fault, -ENOSPC, NULL, "log %s would not fit into one frame",
				 fragment->log);
	return 0;
}

int fragment_apply(struct fragment *fragment, const struct record *record, struct fault *fault)
{
	struct item **place;
	int ret = change_check(fragment, record, fault);

	if (ret)
		return ret;
	if (record->value) {
		if (tree_set(&fragment->tree, record))
			return fault_memory(fault);
	} else {
		place = tree_find(&fragment->tree, record->key);
		if (!place)
			return fault_set(fault, -EBADMSG, NULL,
					 "log %s has no %s that could be removed", fragment->log,
					 record->key);
		tree_remove(&fragment->tree, *place);
	}
	version_set(fragment, record->version);
	return 0;
}

/* Takes over what tree holds. */
static int tree_adopt(struct fragment *fragment, struct tree *tree, uint64_t version)
{
	tree_free(&fragment->tree);
	fragment->tree = *tree;
	version_set(fragment, version);
	return 0;
}

int fragment_replace(struct fragment *fragment, const struct frame_view *view, struct fault *fault)
{
	struct tree tree = {0};
	struct record entry;
	size_t cursor = 0;
	int ret;

	if (view->type != RECORD_FRAGMENT || strcmp(view->record.log, fragment->log) != 0)
		return fault_set(fault, -EBADMSG, NULL, "this is no fragment of log %s",
				 fragment->log);
	if (view->record.version < fragment->version)
		return fault_set(fault, -ESTALE, NULL,
				 "log %s is at version %llu and would go back to %llu",
				 fragment->log, (unsigned long long)fragment->version,
				 (unsigned long long)view->record.version);
	while ((ret = fragment_next(view, &cursor, &entry)) > 0) {
		if ((ret = tree_set(&tree, &entry)))
			break;
	}
	if (!ret)
		return tree_adopt(fragment, &tree, view->record.version);
	tree_free(&tree);
	if (ret == -ENOMEM)
		return fault_memory(fault);
	return fault_set(fault, ret, NULL, "a fragment of log %s is malformed", fragment->log);
}

int fragment_load(struct fragment *fragment, uint64_t version, const struct record *entries,
		  size_t n, struct fault *fault)
{
	struct tree tree = {0};
	int ret = 0;

	for (size_t i = 0; i < n && !ret; i++) {
		if (!entries[i].value ||
		    !record_key_valid(entries[i].key, strlen(entries[i].key)) ||
		    entries[i].value_size > RECORD_VALUE_MAX ||
		    tree.body_size +
				    item_size(&(struct item){.value_size = entries[i].value_size}) >
			    BODY_SIZE_MAX - COUNT_SIZE - RECORD_KEY_MAX)
			ret = -EBADMSG;
		else
			ret = tree_set(&tree, &entries[i]);
	}
	if (!ret && tree.count == n)
		return tree_adopt(fragment, &tree, version);
	tree_free(&tree);
	if (ret == -ENOMEM)
		return fault_memory(fault);
	return fault_set(fault, -EBADMSG, NULL, "the entries of log %s are damaged", fragment->log);
}

/* twalk_r(3) cannot be stopped: what comes after the end is skipped. */
struct walk {
	fragment_entry_fn entry;
	void *argument;
	int ret;
};

static void item_visit(const void *node, VISIT visit, void *argument)
{
	const struct item *item = *(struct item *const *)node;
	struct walk *walk = argument;

	if ((visit == postorder || visit == leaf) && !walk->ret)
		walk->ret =
			walk->entry(item->key, item_value(item), item->value_size, walk->argument);
}

int fragment_walk(const struct fragment *fragment, fragment_entry_fn entry, void *argument)
{
	struct walk walk = {.entry = entry, .argument = argument};

	twalk_r(fragment->tree.root, item_visit, &walk);
	return walk.ret;
}

static int entry_write(const char *key, const char *value, size_t size, void *argument)
{
	uint32_t value_size = htobe32((uint32_t)size);
	uint8_t **at = argument, length = (uint8_t)strlen(key);

	*(*at)++ = length;
	memcpy(*at, key, length);
	*at += length;
	memcpy(*at, &value_size, sizeof(value_size));
	*at += sizeof(value_size);
	memcpy(*at, value, size);
	*at += size;
	return 0;
}

static void body_write(const struct fragment *fragment, uint8_t *body)
{
	uint32_t count = htobe32((uint32_t)fragment->tree.count);

	memcpy(body, &count, sizeof(count));
	body += sizeof(count);
	fragment_walk(fragment, entry_write, &body);
}

struct frame *fragment_body(const struct fragment *fragment)
{
	size_t size = COUNT_SIZE + fragment->tree.body_size;
	struct frame *frame = malloc(sizeof(*frame) + size);

	if (!frame)
		return NULL;
	*frame = (struct frame){.references = 1, .size = size};
	body_write(fragment, frame->bytes);
	return frame;
}

struct frame *fragment_seal(struct fragment *fragment, const uint8_t secret[RECORD_SIGN_SECRET])
{
	struct frame *frame = fragment->sealed;

	if (frame)
		return frame_hold(frame);
	frame = frame_make(RECORD_FRAGMENT, fragment->log, fragment->version,
			   COUNT_SIZE + fragment->tree.body_size);
	if (!frame)
		return NULL;
	body_write(fragment, frame_body(frame));
	if (frame_sign(frame, secret)) {
		frame_release(frame);
		return NULL;
	}
	fragment->sealed = frame;
	return frame_hold(frame);
}
