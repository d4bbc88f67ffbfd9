/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stamps: since when nothing has changed that a verdict depends on; see
 * stamp.c.
 */
#ifndef _LBM_STAMP_H
#define _LBM_STAMP_H

#include <linux/bitmap.h>
#include <linux/bits.h>
#include <linux/hash.h>

#include "cache.h"
#include "generation.h"

struct lbm_job;
struct lbm_net;

#define LBM_STAMP_BITS 12
#define LBM_STAMPS BIT(LBM_STAMP_BITS)

/* Sets that a commit can change before all layers are taken for changed. */
#define LBM_TOUCHED_SETS 32

/**
 * struct lbm_stamps - when what verdicts depend on has changed last
 * @members: devices, networks, bridges and members
 * @layers: each layer, with its rules and the sets that they name
 * @endpoints: each endpoint
 *
 * Written under the namespace's lock. Layers and endpoints share a stamp with
 * others of the same hash.
 */
struct lbm_stamps {
	u64 members;
	u64 layers[LBM_STAMPS];
	u64 endpoints[LBM_STAMPS];
};

/**
 * struct lbm_touched - what a job changes, of what no list is kept
 * @all: too much to tell
 * @n_sets: how many of @sets there are
 * @sets: ids of sets whose elements change
 * @layers: bits of the hashes of layers whose rules change
 */
struct lbm_touched {
	bool all;
	u32 n_sets;
	u32 sets[LBM_TOUCHED_SETS];
	DECLARE_BITMAP(layers, LBM_STAMPS);
};

void lbm_touched_note(struct lbm_touched *touched,
		      const struct lbm_object *object);

void lbm_stamps_commit(struct lbm_net *ln, struct lbm_generation *gen,
		       const struct lbm_job *job);
void lbm_stamps_set(struct lbm_net *ln, u32 set);

static inline u32 lbm_stamp_of(u32 id)
{
	return hash_32(id, LBM_STAMP_BITS);
}

/**
 * lbm_stamps_newest - the stamps that a verdict of an endpoint must have reached
 * @stamps: of the namespace
 * @endpoint: the endpoint
 *
 * The caller has read the generation before this.
 */
static inline struct lbm_newest
lbm_stamps_newest(const struct lbm_stamps *stamps,
		  const struct lbm_endpoint *endpoint)
{
	struct lbm_newest newest;
	u64 stamp;
	int i;

	newest.members = READ_ONCE(stamps->members);
	newest.rules =
		READ_ONCE(stamps->endpoints[lbm_stamp_of(endpoint->id)]);
	for (i = 0; i < endpoint->n_layers; i++) {
		stamp = READ_ONCE(stamps->layers
				  [lbm_stamp_of(endpoint->layers[i])]);
		if (stamp > newest.rules)
			newest.rules = stamp;
	}
	return newest;
}

#endif /* _LBM_STAMP_H */
