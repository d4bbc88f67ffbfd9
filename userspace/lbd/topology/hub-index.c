// SPDX-License-Identifier: GPL-2.0-only
/* The index of the hub's logs: glibc's search tree (tsearch(3)), O(log n). Called by hub.c. */
#include "topology/hub-index.h"

#include <search.h>
#include <stddef.h>
#include <string.h>

static int id_compare(const void *a, const void *b)
{
	return strcmp(((const struct indexed *)a)->id, ((const struct indexed *)b)->id);
}

void *index_find(void *const *root, const char *id)
{
	struct indexed sought = {.id = id};
	void **place = tfind(&sought, root, id_compare);

	return place ? *place : NULL;
}

bool index_add(void **root, const struct indexed *item)
{
	return tsearch(item, root, id_compare);
}

void index_free(void *root, void (*release)(void *item))
{
	tdestroy(root, release);
}
