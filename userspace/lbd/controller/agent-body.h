/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What agents send, and what they sign: the bodies of /agent/v1/, read strictly, by tables that the
 * API document shows, too (route_bodies). Private to api-agent.c and agent-*.c, but for the tables.
 */
#ifndef LBD_CONTROLLER_AGENT_BODY_H
#define LBD_CONTROLLER_AGENT_BODY_H

#include "controller/agent.h"
#include "controller/secret.h"

#define SIGNATURE_SIZE	    64
#define SIGNATURE_TEXT_SIZE 90 /* base64, NUL */
#define AGENT_LOGS_MAX	    4096

/*
 * host: what it says of itself besides its keys, as given; borrowed from the body.
 * proof of an enrolment: Ed25519 by the identity key over "lbmesh enrol v1", the token's id
 * ("tok_..."), public_key, identity_key, infra_public_key (32 zeros when there is none).
 */
struct enrolment {
	char token[SECRET_TEXT_SIZE];
	char name[RESOURCE_NAME_SIZE];
	uint8_t identity_key[32];
	uint8_t public_key[32];
	uint8_t infra_public_key[32];
	char proof[SIGNATURE_TEXT_SIZE];
	struct resource_list labels; /* in the table only: see host */
	struct resource_endpoint endpoint;
	struct resource_endpoint infra_endpoint;
	bool routed_mesh;
};

/*
 * The next key of a rotation; in_use: it is in use, as the controller has told the host. proof: by
 * the identity key over "lbmesh key v1", the host's id, public_key, and a byte, 1 when in use else 0.
 */
struct new_key {
	uint8_t public_key[32];
	bool in_use;
	char proof[SIGNATURE_TEXT_SIZE];
};

/* applied: a version for each log; the caller frees. */
struct agent_report {
	int64_t generation;
	struct cursor *applied;
	size_t n_applied;
	char failure[DESCRIPTION_SIZE];
};

/* host: a new object with what is for resource_decode(), for the caller to put. */
int enrolment_read(json_object *body, struct enrolment *enrolment, json_object **host,
		   struct fault *fault);
int new_key_read(json_object *body, struct new_key *key, struct fault *fault);
int agent_report_read(json_object *body, struct agent_report *report, struct fault *fault);

/* {"cursors": {LOG: VERSION, ...}}; the caller frees. */
int cursors_read(json_object *body, struct cursor **cursors, size_t *n, struct fault *fault);

/* CODE_FIELD_VALUE at "proof" when it is not the signature. */
int enrolment_verify(const struct enrolment *enrolment, const char *token, struct fault *fault);
int new_key_verify(const struct new_key *key, const struct host *host, struct fault *fault);

/* The messages that are signed; for who signs. Return the number of bytes, at most PROOF_MAX. */
#define PROOF_MAX 192
size_t enrolment_message(const struct enrolment *enrolment, const char *token,
			 uint8_t message[PROOF_MAX]);
size_t new_key_message(const struct new_key *key, const char *host, uint8_t message[PROOF_MAX]);

/* For route_bodies; the bodies of stream and report are maps, which a table cannot say. */
#define AGENT_ENROL_REQUEST 10
#define AGENT_KEY_REQUEST   3
extern const struct property agent_enrol_request[AGENT_ENROL_REQUEST],
	agent_key_request[AGENT_KEY_REQUEST];

#endif
