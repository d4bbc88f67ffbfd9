/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * snapshot.h - objects of one generation, read together. Dumps show a
 * generation each; a snapshot is read again until all of them showed the same.
 */
#ifndef LBCTL_SNAPSHOT_H
#define LBCTL_SNAPSHOT_H

#include "lbctl.h"

enum snapshot_part {
	SNAPSHOT_DEVICES = 1 << 0,
	SNAPSHOT_NETWORKS = 1 << 1,
	SNAPSHOT_BRIDGES = 1 << 2,
	SNAPSHOT_PEERS = 1 << 3,
	SNAPSHOT_MEMBERS = 1 << 4,
	SNAPSHOT_LAYERS = 1 << 5,
	SNAPSHOT_RULES = 1 << 6,
	SNAPSHOT_SETS = 1 << 7,
	SNAPSHOT_ELEMENTS = 1 << 8,
	SNAPSHOT_ENDPOINTS = 1 << 9,
	SNAPSHOT_FLOWS = 1 << 10,
};

/* The library's structs, with room for what their pointers point to. */

struct snapshot_network {
	uint32_t id;
	char label[LBMESH_LABEL_MAX + 1]; /* empty: none */
};

struct snapshot_peer {
	struct lbmesh_peer peer; /* without its pointers */
	uint8_t public_key[LBMESH_KEY_LEN];
};

struct snapshot_member {
	struct lbmesh_member member; /* without its pointer */
	bool local;
	uint8_t public_key[LBMESH_KEY_LEN];
};

/* A set. */
struct snapshot_labelled {
	uint32_t id;
	char label[LBMESH_LABEL_MAX + 1]; /* empty: none */
};

struct snapshot_layer {
	uint32_t id;
	char label[LBMESH_LABEL_MAX + 1]; /* empty: none */
	bool has_state;
	struct lbmesh_layer_state state;
};

struct snapshot_rule {
	struct lbmesh_rule rule; /* its pointers are set by snapshot_rule() */
	struct lbmesh_range src_ports[LBMESH_RULE_RANGES_MAX];
	struct lbmesh_range dst_ports[LBMESH_RULE_RANGES_MAX];
	bool has_state;
	struct lbmesh_rule_state state;
};

struct snapshot_endpoint {
	struct lbmesh_endpoint endpoint; /* without its pointers */
	char label[LBMESH_LABEL_MAX + 1]; /* empty: none */
	uint32_t layers[LBMESH_ENDPOINT_LAYERS_MAX];
};

/* An array that grows; elements of @size bytes. */
struct vector {
	void *items;
	size_t count;
	size_t room;
	size_t size;
};

struct snapshot {
	struct lbmesh_generation generation;
	struct vector devices; /* struct lbmesh_device, without pointers; by id */
	struct vector networks; /* struct snapshot_network; by id */
	struct vector bridges; /* struct lbmesh_bridge; by id */
	struct vector peers; /* struct snapshot_peer; by device, key */
	struct vector members; /* struct snapshot_member; by device, local first, key, prefix */
	struct vector layers; /* struct snapshot_layer; by id */
	struct vector rules; /* struct snapshot_rule; by layer, position */
	struct vector sets; /* struct snapshot_labelled; by id */
	struct vector elements; /* struct lbmesh_element; by set, prefix */
	struct vector endpoints; /* struct snapshot_endpoint; by id */
	struct vector flows; /* struct lbmesh_judgement; by hits, the most first */
};

#define vector_for_each(item, vector)                                                         \
	for ((item) = (vector)->items;                                                        \
	     (vector)->count && (item) < (__typeof__(item))(vector)->items + (vector)->count; \
	     (item)++)

void *vector_add(struct vector *vector);
enum lbctl_exit snapshot_read(struct lbmesh *conn, unsigned int parts, struct snapshot *snapshot);
enum lbctl_exit snapshot_read_of(struct lbmesh *conn, unsigned int parts, uint32_t id,
				 struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot);
const struct snapshot_member *snapshot_addresses(const struct snapshot *snapshot,
						 const struct snapshot_peer *peer, size_t *count);

/* snapshot-firewall.c */

void firewall_init(struct snapshot *snapshot);
int firewall_read(struct lbmesh *conn, unsigned int parts, uint32_t id, struct snapshot *snapshot,
		  struct lbmesh_error *err);
void firewall_sort(struct snapshot *snapshot);
void firewall_free(struct snapshot *snapshot);
void vector_sort(struct vector *vector, int (*compare)(const void *, const void *));
struct lbmesh_rule snapshot_rule(const struct snapshot_rule *item);
int snapshot_rule_take(const struct lbmesh_rule *rule, const struct lbmesh_rule_state *state,
		       struct snapshot_rule *item);

#endif /* LBCTL_SNAPSHOT_H */
