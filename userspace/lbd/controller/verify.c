// SPDX-License-Identifier: GPL-2.0-only
/*
 * The full recompute: everything that the store's resources say, derived anew, against what the hub
 * has by adding up changes. Called by tests and by tools that look for damage.
 */
#include "controller/controller-parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int all_derive(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct entries *entries = argument;
	int ret = 0;

	entries_release(entries);
	for (int kind = 0; kind < RESOURCE_KINDS && !ret; kind++) {
		const struct store_query query = {.kind = (enum resource_kind)kind};
		struct store_list list = {0};

		ret = store_list(tx, &query, &list, fault);
		for (size_t i = 0; i < list.n && !ret; i++)
			ret = resource_derive(tx, list.items[i], entries, fault);
		store_list_release(&list);
	}
	return ret;
}

static int log_compare(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->log, ((const struct entry *)b)->log);
}

static int bodies_compare(const struct fragment *kept, const struct fragment *fresh,
			  struct fault *fault)
{
	struct frame *ours = fragment_body(kept), *theirs = fragment_body(fresh);
	int ret = 0;

	if (!ours || !theirs)
		ret = fault_memory(fault);
	else if (ours->size != theirs->size || memcmp(ours->bytes, theirs->bytes, ours->size) != 0)
		ret = fault_set(fault, -EBADMSG, NULL, "the log %s is not what its resources say",
				fragment_log(kept));
	frame_release(ours);
	frame_release(theirs);
	return ret;
}

/* n entries of one log. */
static int log_verify(const struct hub *hub, const struct entry *entries, size_t n,
		      struct fault *fault)
{
	const struct fragment *kept = hub_fragment(hub, entries->log);
	struct record *records = calloc(n, sizeof(*records));
	struct fragment *fresh = fragment_new(entries->log);
	int ret;

	if (!records || !fresh) {
		ret = fault_memory(fault);
		goto out;
	}
	for (size_t i = 0; i < n; i++) {
		memcpy(records[i].key, entries[i].key, sizeof(records[i].key));
		records[i].value = entries[i].value;
		records[i].value_size = entries[i].value_size;
	}
	if (!kept)
		ret = fault_set(fault, -EBADMSG, NULL, "the log %s is missing", entries->log);
	else if (!(ret = fragment_load(fresh, fragment_version(kept), records, n, fault)))
		ret = bodies_compare(kept, fresh, fault);
out:
	fragment_free(fresh);
	free(records);
	return ret;
}

static int entries_verify(const struct hub *hub, struct entries *entries, struct fault *fault)
{
	struct hub_counts counts;
	int ret = 0;

	hub_counts(hub, &counts);
	if (counts.entries != entries->n)
		return fault_set(fault, -EBADMSG, NULL,
				 "the hub has %zu entries, and the resources say %zu",
				 counts.entries, entries->n);
	if (entries->n)
		qsort(entries->items, entries->n, sizeof(*entries->items), log_compare);
	for (size_t i = 0, end; i < entries->n && !ret; i = end) {
		for (end = i;
		     end < entries->n && !log_compare(&entries->items[i], &entries->items[end]);)
			end++;
		ret = log_verify(hub, &entries->items[i], end - i, fault);
	}
	return ret;
}

int controller_verify(struct controller *controller, size_t *entries, struct fault *fault)
{
	struct entries derived = {0};
	int ret = store_read(controller->store, all_derive, &derived, fault);

	if (!ret)
		ret = entries_verify(controller->hub, &derived, fault);
	*entries = derived.n;
	entries_release(&derived);
	return ret;
}
