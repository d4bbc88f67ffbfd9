/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An agent that follows its host's log through the hub's frames, as bytes: for the tests and the
 * benchmark of topology/. It verifies, keeps fragments over a lost connection, and comes back with
 * its cursors.
 */
#ifndef LBD_TESTING_FOLLOWER_H
#define LBD_TESTING_FOLLOWER_H

#include "testing/world.h"

#define FOLLOWER_LOGS_MAX 96

struct follower {
	struct world *world;
	char root[RESOURCE_ID_SIZE];
	struct subscriber *subscriber; /* NULL while it is away */
	struct fragment *logs[FOLLOWER_LOGS_MAX];
	size_t n_logs;
	bool told; /* the hub has called since hub_next() said that there is nothing */
	uint64_t frames, bytes;
};

void follower_begin(struct follower *follower, struct world *world, const char *root);
void follower_end(struct follower *follower);

void follower_connect(struct follower *follower);
void follower_disconnect(struct follower *follower);

/* It has lost all that it had. Only while it is away. */
void follower_forget(struct follower *follower);

/* Reads at most n frames; returns how many there were. */
size_t follower_read(struct follower *follower, size_t n);

/* The hub's ready(): owner is the follower. */
void follower_ready(struct subscriber *subscriber, void *owner);

/*
 * It has read everything: does it hold what the host is to know, no log more or less, byte for byte
 * as the hub has it. What that is comes from the resources, not from the hub.
 */
void follower_verify(struct follower *follower);

#endif
