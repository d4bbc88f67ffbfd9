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
};

#define vector_for_each(item, vector)                                                         \
	for ((item) = (vector)->items;                                                        \
	     (vector)->count && (item) < (__typeof__(item))(vector)->items + (vector)->count; \
	     (item)++)

void *vector_add(struct vector *vector);
enum lbctl_exit snapshot_read(struct lbmesh *conn, unsigned int parts, struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot);
const struct snapshot_member *snapshot_addresses(const struct snapshot *snapshot,
						 const struct snapshot_peer *peer, size_t *count);

#endif /* LBCTL_SNAPSHOT_H */
