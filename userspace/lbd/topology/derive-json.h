/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing the values of entries, for derive.c and derive-network.c alone: compact JSON, fields in
 * the order in which they are put. A failed allocation is kept, and told by entries_add().
 */
#ifndef LBD_TOPOLOGY_DERIVE_JSON_H
#define LBD_TOPOLOGY_DERIVE_JSON_H

#include "topology/derive.h"

struct value {
	json_object *root;
	bool failed;
};

struct value value_new(void);

/* name is a literal. Text and lists that are empty, and keys that are all zeros, are left out. */
void value_text(struct value *value, const char *name, const char *text);
void value_number(struct value *value, const char *name, int64_t number);
void value_boolean(struct value *value, const char *name, bool boolean);
void value_key(struct value *value, const char *name, const uint8_t key[LBMESH_KEY_LEN]);
void value_endpoint(struct value *value, const char *name,
		    const struct resource_endpoint *endpoint);

/* n items of this size, each made into JSON by the function (NULL: without memory). */
typedef json_object *(*value_item_fn)(const void *item);
void value_list(struct value *value, const char *name, const struct resource_list *list,
		size_t size, value_item_fn item);

/* Items that begin with a text: struct label, peer_text, link_id. */
json_object *value_item_text(const void *item);
json_object *value_item_port(const void *item);

/* The same for prefixes: whole (with their length) or addresses; one of family 0 is left out. */
void value_prefixes(struct value *value, const char *name, const struct lbmesh_prefix *const *list,
		    size_t n, bool whole);

/*
 * Adds the entry prefix + name of a log; the value is taken over and freed in any case. -EINVAL for
 * a log or key that cannot be, -ENOSPC when the value is too large.
 */
int entries_add(struct entries *entries, const char *log, const char *prefix, const char *name,
		struct value *value, struct fault *fault);

#endif
