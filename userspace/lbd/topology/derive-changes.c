// SPDX-License-Identifier: GPL-2.0-only
/*
 * The difference of two lists of entries, and the links that entries are. Called by the controller
 * for each change, and by the hub. No I/O.
 *
 * Both lists are multisets. What several edits, one after another, have derived of one key forms a
 * chain: before is {a, b}, after {b, c}; what is in both cancels out, and one value at most is left
 * on each side: that of before the first edit and that of after the last.
 */
#include "topology/derive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int place_compare(const struct entry *a, const struct entry *b)
{
	int order = strcmp(a->log, b->log);

	return order ? order : strcmp(a->key, b->key);
}

static int entry_compare(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	int order = place_compare(left, right);

	if (!order)
		order = (left->value_size > right->value_size) -
			(left->value_size < right->value_size);
	return order || !left->value_size ? order
					  : memcmp(left->value, right->value, left->value_size);
}

static size_t run_end(const struct entries *entries, size_t at, const struct entry *place)
{
	while (at < entries->n && !place_compare(&entries->items[at], place))
		at++;
	return at;
}

/* What is left in the run [at, end) of one list when the run of the other is taken from it. */
static size_t run_left(const struct entries *from, size_t at, size_t end,
		       const struct entries *other, size_t other_at, size_t other_end,
		       const struct entry **left)
{
	size_t n = 0;

	while (at < end) {
		int order = other_at < other_end
				    ? entry_compare(&from->items[at], &other->items[other_at])
				    : -1;

		if (order < 0) {
			*left = &from->items[at];
			n++;
		}
		at += order <= 0;
		other_at += order >= 0;
	}
	return n;
}

static void change_add(struct change *changes, size_t *n, const struct entry *place,
		       const struct entry *value)
{
	changes[(*n)++] = (struct change){
		.log = place->log,
		.key = place->key,
		.value = value ? value->value : NULL,
		.value_size = value ? value->value_size : 0,
	};
}

static void entries_sort(struct entries *entries)
{
	if (entries->n)
		qsort(entries->items, entries->n, sizeof(*entries->items), entry_compare);
}

int derive_changes(struct entries *before, struct entries *after, struct change **changes,
		   size_t *n, struct fault *fault)
{
	struct change *list = calloc(before->n + after->n + 1, sizeof(*list));
	size_t count = 0;

	if (!list)
		return fault_memory(fault);
	entries_sort(before);
	entries_sort(after);
	for (size_t b = 0, a = 0; b < before->n || a < after->n;) {
		const struct entry *place = b < before->n ? &before->items[b] : NULL;
		const struct entry *old = NULL, *new = NULL;
		size_t b_end, a_end, olds, news;

		if (!place || (a < after->n && place_compare(&after->items[a], place) < 0))
			place = &after->items[a];
		b_end = run_end(before, b, place);
		a_end = run_end(after, a, place);
		olds = run_left(before, b, b_end, after, a, a_end, &old);
		news = run_left(after, a, a_end, before, b, b_end, &new);
		if (news > 1 || olds > 1) {
			free(list);
			return fault_set(fault, -EEXIST, NULL,
					 "\"%s\" in log \"%s\" would have two values", place->key,
					 place->log);
		}
		if (olds || news)
			change_add(list, &count, place, new);
		b = b_end;
		a = a_end;
	}
	*changes = list;
	*n = count;
	return 0;
}

/* Which keys are links, the field that has the log's id, and that id's prefix. */
static const struct {
	const char *key; /* ends in "/" when a name follows */
	const char *field;
	const char *prefix;
	enum link_type type;
} links[] = {
	{"host", "workspace", "ws_", LINK_MEMBER},
	{"workspace", "org", "org_", LINK_MEMBER},
	{"firewall/", "firewall", "fw_", LINK_MEMBER},
	{"membership/", "network", "net_", LINK_MEMBER},
	{"bridge/", "network", "net_", LINK_BRIDGE},
};

static bool key_matches(const char *key, const char *pattern)
{
	size_t length = strlen(pattern);

	return !strncmp(key, pattern, length) && (pattern[length - 1] == '/' || !key[length]);
}

/*
 * Copies the field's text to log when it is an id with this prefix. The field is the first of its
 * value (derive.h), which is looked at as it is: a parser could fail without memory, and then a
 * link would be missed.
 */
static bool field_read(const char *value, size_t size, const char *field, const char *prefix,
		       char log[RESOURCE_ID_SIZE])
{
	char opening[32];
	size_t at = (size_t)snprintf(opening, sizeof(opening), "{\"%s\":\"", field), length;
	const char *end = size > at ? memchr(value + at, '"', size - at) : NULL;

	if (!end || memcmp(value, opening, at) != 0)
		return false;
	length = (size_t)(end - value) - at;
	if (length >= RESOURCE_ID_SIZE || length <= strlen(prefix) ||
	    memcmp(value + at, prefix, strlen(prefix)) != 0)
		return false;
	memcpy(log, value + at, length);
	log[length] = '\0';
	return record_log_valid(log);
}

enum link_type derive_link(const char *key, const char *value, size_t value_size,
			   char log[RESOURCE_ID_SIZE])
{
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		if (!key_matches(key, links[i].key))
			continue;
		if (!value || !field_read(value, value_size, links[i].field, links[i].prefix, log))
			return LINK_NONE;
		return links[i].type;
	}
	return LINK_NONE;
}
