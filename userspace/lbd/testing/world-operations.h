/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What world-random.c and world-networks.c share: helpers of the one, operations of the other. Each
 * operation draws what it works on, and does nothing where there is none.
 */
#ifndef LBD_TESTING_WORLD_OPERATIONS_H
#define LBD_TESTING_WORLD_OPERATIONS_H

#include "testing/world.h"

void world_id_copy(char to[RESOURCE_ID_SIZE], const char from[RESOURCE_ID_SIZE]);

/* n elements, all zeros, in place of those of before. */
void world_list_make(struct world *world, struct resource_list *list, size_t size, size_t n);
void world_address_make(struct world *world, struct lbmesh_prefix *address, bool six);

/* Ends those of a kind whose scope, or owner, is this. */
void world_delete_of(struct world *world, enum resource_kind kind, const char *id);

void world_network_make(struct world *world);
void world_network_change(struct world *world);
void world_network_delete(struct world *world);
void world_member_make(struct world *world);
void world_member_change(struct world *world);
void world_bridge_make(struct world *world);
void world_alias_make(struct world *world);
void world_alias_change(struct world *world);
void world_policy_make(struct world *world);

#endif
