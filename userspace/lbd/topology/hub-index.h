/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Logs by their ids, for the hub alone: a search tree of what begins with a pointer to its id. Apart
 * from the rest because <search.h> has a struct entry of its own.
 */
#ifndef LBD_TOPOLOGY_HUB_INDEX_H
#define LBD_TOPOLOGY_HUB_INDEX_H

#include <stdbool.h>

struct indexed {
	const char *id;
};

/* NULL when there is none. */
void *index_find(void *const *root, const char *id);

/* Adds what is not there yet; false without memory. */
bool index_add(void **root, const struct indexed *item);

/* Ends the index; release is called for each. */
void index_free(void *root, void (*release)(void *item));

#endif
