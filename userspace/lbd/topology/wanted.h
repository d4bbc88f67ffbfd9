/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The wanted state of one host: what its interface, its routes and its commit hold when all its
 * networks are merged into one WireGuard interface (L19). Compiled from a model, compared with
 * another wanted state, and applied by agent/. No I/O, and no private key: the host's public key
 * stands for it.
 */
#ifndef LBD_TOPOLOGY_WANTED_H
#define LBD_TOPOLOGY_WANTED_H

#include "lbmesh/lbmesh.h"
#include "model/model.h"

/* The one device that a host has in its commits. */
#define WANTED_DEVICE_ID 1

struct wanted_network {
	uint32_t id;
	char label[MODEL_NAME_SIZE];
};

struct wanted_bridge {
	uint32_t id;
	uint32_t network_a;
	uint32_t network_b;
};

/* endpoint.family is 0 when the peer has none. */
struct wanted_peer {
	uint8_t public_key[LBMESH_KEY_LEN];
	struct lbmesh_prefix endpoint;
	uint16_t endpoint_port;
	uint16_t keepalive;
};

/* local: ours, and public_key is all zeros. */
struct wanted_member {
	struct lbmesh_prefix address;
	uint32_t network;
	bool local;
	uint8_t public_key[LBMESH_KEY_LEN];
};

/*
 * A route through the interface. source is the own address that may talk to these destinations
 * (family 0: none): with addresses of several networks on one interface the kernel would otherwise
 * take the first one, and the gate would drop what it sends to the other networks.
 */
struct wanted_route {
	struct lbmesh_prefix destination;
	struct lbmesh_prefix source;
};

/* Arrays are sorted by key (id, public key, address, destination), each key once. */
struct wanted {
	uint8_t public_key[LBMESH_KEY_LEN];
	bool has_listen_port;
	uint16_t listen_port;
	uint32_t mtu;
	struct lbmesh_prefix *addresses;
	size_t n_addresses;
	struct wanted_route *routes;
	size_t n_routes;
	struct wanted_network *networks;
	size_t n_networks;
	struct wanted_bridge *bridges;
	size_t n_bridges;
	struct wanted_peer *peers;
	size_t n_peers;
	struct wanted_member *members;
	size_t n_members;
};

/* What this host (an index) has to do. Fails with -ENOMEM only; *wanted is left alone then. */
int wanted_compile(const struct model *model, uint32_t host, struct wanted **wanted,
		   struct fault *fault);
void wanted_free(struct wanted *wanted);
void wanted_freep(struct wanted **wanted);

/*
 * One edit of a commit. Which of the pointers is set says the kind; it belongs to the new state, or
 * to the old one when remove is true.
 */
struct edit {
	const struct wanted_network *network;
	const struct wanted_bridge *bridge;
	const struct wanted_peer *peer;
	const struct wanted_member *member;
	bool remove;
};

/* From one wanted state to another; lives no longer than the two. */
struct delta {
	bool device;
	bool private_key;
	struct edit *edits;
	size_t n_edits;
	size_t peers_added;
	size_t peers_changed;
	size_t peers_removed;
};

/* from may be NULL, for the empty state: then the delta restates everything. */
int delta_compute(const struct wanted *from, const struct wanted *to, struct delta *delta,
		  struct fault *fault);
void delta_release(struct delta *delta);

/* Is there nothing to commit; addresses and routes are not part of a commit. */
bool delta_is_empty(const struct delta *delta);

/*
 * Where the private key of a host comes from: every place in the topology that names a file for it
 * (L20), the host's own first. names belong to the model.
 */
struct key_source {
	char path[FAULT_PATH_SIZE];
	const char *name;
};

int key_sources_collect(const struct model *model, uint32_t host, struct key_source **sources,
			size_t *n, struct fault *fault);

/* Refuses keys that differ (-EEXIST), and one that does not fit the host's public key (-EINVAL). */
int key_sources_check(const struct model *model, uint32_t host, const struct key_source *sources,
		      const uint8_t (*keys)[LBMESH_KEY_LEN], size_t n, struct fault *fault);

#endif
