/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * show.h - lists of objects on an output, without a connection: what the
 * commands show when they have read it, and what tests show of made-up state.
 */
#ifndef LBCTL_SHOW_H
#define LBCTL_SHOW_H

#include "output.h"
#include "snapshot.h"

void show_status(struct output *out, const struct lbmesh_info *info,
		 const struct snapshot *snapshot);
void show_generation(struct output *out, const struct lbmesh_generation *generation);
void show_devices(struct output *out, const struct snapshot *snapshot, uint32_t id);
void show_networks(struct output *out, const struct snapshot *snapshot, uint32_t id);
void show_bridges(struct output *out, const struct snapshot *snapshot, uint32_t network);
void show_peers(struct output *out, const struct snapshot *snapshot, const struct options *options);
void show_members(struct output *out, const struct snapshot *snapshot,
		  const struct options *options);

#endif /* LBCTL_SHOW_H */
