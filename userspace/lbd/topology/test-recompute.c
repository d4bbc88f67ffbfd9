// SPDX-License-Identifier: GPL-2.0-only
/*
 * The property that the control plane stands on: changes, one after another, give the same bytes as
 * a recompute of everything, in the hub and at whoever follows through its frames, however often it
 * was away, slow, or so far behind that the history is lost. Random worlds, random operations.
 *
 *   LBMESH_SEED=N  begins with this seed instead of 1
 */
#include "testing/follower.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define SEEDS	       64
#define OPERATIONS_MIN 1700 /* of each seed; 108,800 in all */
#define FOLLOWERS      4

struct totals {
	struct world_counts world;
	struct hub_counts hub;
	uint64_t frames, disconnections;
};

static uint64_t first_seed(void)
{
	const char *text = getenv("LBMESH_SEED");

	return text ? strtoull(text, NULL, 10) : 1;
}

/* Histories of all lengths: none, one that is soon lost by number or by bytes, and a long one. */
static struct hub_options options_make(uint64_t seed)
{
	static const size_t frames[] = {0, 1, 3, 16, 1000};
	static const size_t bytes[] = {1 << 20, 700, 2000};

	return (struct hub_options){
		.history_frames = frames[seed % 5],
		.history_bytes = bytes[seed % 3],
		.ready = follower_ready,
	};
}

/* What a connection can do. Its host may be gone; then a new one begins. */
static void follower_move(struct follower *follower, struct totals *totals)
{
	struct world *world = follower->world;
	struct world_item *host = world_pick(world, RESOURCE_HOST);

	if (!follower->root[0] || world_chance(world, 2)) {
		if (!host)
			return;
		if (follower->root[0])
			follower_end(follower);
		follower_begin(follower, world, host->is.head.id);
	}
	if (!follower->subscriber) {
		if (world_chance(world, 20))
			follower_forget(follower);
		if (world_chance(world, 40))
			follower_connect(follower);
	} else if (world_chance(world, 10)) {
		follower_disconnect(follower);
		totals->disconnections++;
	} else if (world_chance(world, 50)) {
		follower_read(follower, world_random(world, 6));
	}
}

static void follower_settle(struct follower *follower)
{
	if (!follower->root[0])
		return;
	if (!follower->subscriber)
		follower_connect(follower);
	follower_read(follower, SIZE_MAX);
	follower_verify(follower);
}

static void totals_add(struct totals *totals, const struct world *world)
{
	struct hub_counts counts;

	hub_counts(world->hub, &counts);
	totals->world.operations += world->counts.operations;
	totals->world.transactions += world->counts.transactions;
	totals->world.records += world->counts.records;
	totals->world.recomputes += world->counts.recomputes;
	totals->hub.sent_changes += counts.sent_changes;
	totals->hub.sent_fragments += counts.sent_fragments;
	totals->hub.sent_ends += counts.sent_ends;
}

/* A batch: some transactions of some operations, with the followers doing what they like. */
static void batch_run(struct world *world, struct follower *followers, struct totals *totals)
{
	for (uint64_t n = 1 + world_random(world, 24); n; n--) {
		for (uint64_t m = 1 + world_random(world, 3); m; m--)
			world_operate(world);
		world_commit(world);
		for (size_t i = 0; i < FOLLOWERS; i++)
			follower_move(&followers[i], totals);
	}
	world_verify(world);
	/* Not all every time: some are to fall far behind. */
	for (size_t i = 0; i < FOLLOWERS; i++) {
		if (world_chance(world, 40))
			follower_settle(&followers[i]);
	}
}

static void seed_run(uint64_t seed, struct totals *totals)
{
	struct hub_options options = options_make(seed);
	struct follower followers[FOLLOWERS] = {0};
	struct world world;

	world_begin(&world, seed, &options);
	for (size_t i = 0; i < FOLLOWERS; i++)
		followers[i].world = &world;
	while (world.counts.operations < OPERATIONS_MIN)
		batch_run(&world, followers, totals);
	for (size_t i = 0; i < FOLLOWERS; i++) {
		follower_settle(&followers[i]);
		totals->frames += followers[i].frames;
		follower_end(&followers[i]);
	}
	totals_add(totals, &world);
	world_end(&world);
}

Test(recompute, changes_give_the_bytes_of_a_recompute_to_everyone_who_follows)
{
	struct totals totals = {0};
	uint64_t seed = first_seed();

	for (size_t i = 0; i < SEEDS; i++)
		seed_run(seed + i, &totals);
	fprintf(stderr,
		"LBMESH_SEED=%llu to %llu: %llu operations in %llu transactions, %llu records, %llu "
		"recomputes; sent %llu changes, %llu whole fragments, %llu ends; %llu "
		"disconnections\n",
		(unsigned long long)seed, (unsigned long long)seed + SEEDS - 1,
		(unsigned long long)totals.world.operations,
		(unsigned long long)totals.world.transactions,
		(unsigned long long)totals.world.records,
		(unsigned long long)totals.world.recomputes,
		(unsigned long long)totals.hub.sent_changes,
		(unsigned long long)totals.hub.sent_fragments,
		(unsigned long long)totals.hub.sent_ends,
		(unsigned long long)totals.disconnections);
	cr_assert_geq(totals.world.operations, 100000);
	/* Otherwise nothing of that was tried. */
	cr_assert_gt(totals.hub.sent_changes, 1000);
	cr_assert_gt(totals.hub.sent_fragments, 1000);
	cr_assert_gt(totals.hub.sent_ends, 100);
}
