/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What fanout.c (the agents) and fanout-server.c (the controller) share: they are two processes, so
 * that memory and CPU are each one's own. The controller does what it is told over a socket pair.
 */
#ifndef BENCH_FANOUT_H
#define BENCH_FANOUT_H

#include "controller/secret.h"

#include <stdbool.h>
#include <stdint.h>

/* agents: how many hosts; the last one joins and leaves. */
struct fanout {
	char directory[64];
	char socket[96];
	char certificate[96], key[96];
	unsigned int agents;
	bool tls;
	/* The controller fills these before it serves; credentials is shared memory. */
	unsigned int port;
	uint64_t version; /* of the network's log */
	char network[RESOURCE_ID_SIZE];
	uint8_t signing_public[32];
	char (*credentials)[SECRET_TEXT_SIZE];
};

/* join and leave: the record's version comes back; figures: what the process has used so far. */
enum command {
	COMMAND_READY,
	COMMAND_JOIN,
	COMMAND_LEAVE,
	COMMAND_FIGURES
};

struct answer {
	uint64_t version;
	uint64_t cpu; /* nanoseconds, user and system */
	uint64_t rss; /* bytes */
	uint64_t streams;
	uint64_t change; /* nanoseconds of CPU from the command to the record's being in the hub */
};

/* Does not come back. */
void fanout_serve(struct fanout *fanout, int control) __attribute__((noreturn));

#endif
