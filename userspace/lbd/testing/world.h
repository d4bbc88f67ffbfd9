/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A world of resources with a hub, for the tests and the benchmark of topology/: what the controller
 * does with its store, in memory. A change is derived before and after, and its records go to the
 * hub; world_verify() holds what came of it against a recompute of everything. What cannot be ends
 * the process, with the seed.
 */
#ifndef LBD_TESTING_WORLD_H
#define LBD_TESTING_WORLD_H

#include "topology/derive.h"
#include "topology/hub.h"

/* Those whose entries say where a host is: its members, sandboxes, aliases. */
struct world_near {
	struct world_item **items;
	size_t n;
	size_t capacity;
};

/* at: its place in the pool. through: the host that it is reached through, or NULL. */
struct world_item {
	size_t at;
	struct world_item *through;
	struct world_near near;
	union {
		struct resource head;
		struct org org;
		struct workspace workspace;
		struct host host;
		struct sandbox sandbox;
		struct network network;
		struct member member;
		struct bridge bridge;
		struct firewall firewall;
		struct attachment attachment;
		struct alias alias;
		struct policy policy;
	} is;
};

struct world_counts {
	uint64_t operations, transactions, records, recomputes;
};

struct world {
	uint64_t seed;
	uint64_t random;
	uint64_t next_id;
	struct world_near pools[RESOURCE_KINDS];
	struct hub *hub;
	uint8_t secret[RECORD_SIGN_SECRET];
	uint8_t public_key[RECORD_SIGN_PUBLIC];
	struct entries before; /* of the transaction that is open */
	struct entries after;
	struct world_counts counts;
};

#define WORLD_REQUIRE(world, condition, ...)                       \
	do {                                                       \
		if (!(condition))                                  \
			world_die(world, #condition, __VA_ARGS__); \
	} while (0)

void world_die(const struct world *world, const char *condition, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

/* options: secret is set here. */
void world_begin(struct world *world, uint64_t seed, struct hub_options *options);
void world_end(struct world *world);

/* From 0 to n - 1. */
uint64_t world_random(struct world *world, uint64_t n);
void world_random_bytes(struct world *world, uint8_t *bytes, size_t size);
bool world_chance(struct world *world, unsigned int percent);

/* A random one of a kind, or NULL when there is none. */
struct world_item *world_pick(struct world *world, enum resource_kind kind);
struct world_item *world_get(const struct world *world, enum resource_kind kind, const char *id);

/*
 * In the open transaction: world_create() makes an item that says nothing yet; the caller fills it
 * and calls world_created(). world_touch() before and world_touched() after a change of an item that
 * is there, which for a host is one of all that is reached through it. world_delete() ends an item
 * that nothing refers to.
 */
struct world_item *world_create(struct world *world, enum resource_kind kind,
				struct world_item *through);
void world_created(struct world *world, struct world_item *item);
void world_touch(struct world *world, const struct world_item *item);
void world_touched(struct world *world, const struct world_item *item);
void world_delete(struct world *world, struct world_item *item);

/* Records of what changed go to the hub; returns how many. */
size_t world_commit(struct world *world);

/* Everything from nothing, as one list. */
void world_derive(const struct world *world, struct entries *entries);

/* The hub's fragments against a recompute, byte for byte; returns how many logs have entries. */
size_t world_verify(struct world *world);

/* world-random.c: one random operation, or several that belong together. */
void world_operate(struct world *world);

#endif
