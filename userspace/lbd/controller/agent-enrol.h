/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Enrolment, the transaction: a join token becomes a host, or the same host again (L18). And the
 * register of keys, which a rotation uses, too. Called by api-agent.c and agent-key.c.
 */
#ifndef LBD_CONTROLLER_AGENT_ENROL_H
#define LBD_CONTROLLER_AGENT_ENROL_H

#include "controller/agent-body.h"

/*
 * document: what enrolment_read() has left for the host. host and credential are the result: the
 * caller frees, and wipes.
 */
struct enrolling {
	const struct enrolment *enrolment;
	json_object *document;
	char token[RESOURCE_ID_SIZE];
	uint8_t token_hash[SECRET_HASH];
	struct resource *host;
	char credential[SECRET_TEXT_SIZE];
	char cluster[ULID_SIZE];
};

/* A change_fn; argument is a struct enrolling. */
int enrol_work(struct changes *changes, void *argument, struct fault *fault);

/*
 * Takes a key for a host, for ever: who has once shown a key is the only one who may, until it is
 * deleted. CODE_KEY_TAKEN at the field when another host has it. A key of zeros is none.
 */
int key_claim(struct store_tx *tx, const uint8_t key[32], const char *host, const char *field,
	      struct fault *fault);

/* The host that has claimed a key; host is "" when there is none, or it was deleted. */
int key_holder(struct store_tx *tx, const uint8_t key[32], char host[RESOURCE_ID_SIZE],
	       struct fault *fault);

#endif
