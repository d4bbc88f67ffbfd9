/* SPDX-License-Identifier: GPL-2.0-only */
/* What the agent is to make true: the wanted state of its host, and the private key to it. */
#ifndef LBD_AGENT_TARGET_H
#define LBD_AGENT_TARGET_H

#include "topology/wanted.h"

/*
 * private_key is in memory that is locked, kept out of core dumps, and wiped when released. text
 * is the topology that it was made from, NULL once it is needed no more.
 */
struct target {
	struct wanted *wanted;
	uint8_t *private_key;
	char *text;
	size_t text_size;
};

/*
 * Reads and checks everything, or nothing: the topology file, the host in it, its private key. With
 * host NULL only the topology is checked, and target stays empty.
 */
int target_load(const char *topology, const char *host, struct target *target, struct fault *fault);

/*
 * The same from a text, of which it keeps a copy; files of keys are looked for below the folder of
 * topology, which itself is not read.
 */
int target_load_text(const char *topology, const char *text, size_t size, const char *host,
		     struct target *target, struct fault *fault);
void target_release(struct target *target);

#endif
