/* SPDX-License-Identifier: GPL-2.0-only */
/* Rotation of a host's key, the host's side. Called by api-agent.c. */
#ifndef LBD_CONTROLLER_AGENT_KEY_H
#define LBD_CONTROLLER_AGENT_KEY_H

#include "controller/agent-body.h"

/* host: as it is afterwards; the caller frees. */
struct keying {
	const struct new_key *key;
	const char *id;
	struct resource *host;
};

/* A change_fn; argument is a struct keying. */
int key_work(struct changes *changes, void *argument, struct fault *fault);

#endif
