/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests of agents: a controller without a server, whose clock is the test's, and simulated
 * agents that enrol, follow their stream byte by byte, verify and keep what it says, and report. A
 * request is a call of its handler. Failures of what is here end the test.
 */
#ifndef LBD_CONTROLLER_AGENT_TESTING_H
#define LBD_CONTROLLER_AGENT_TESTING_H

#include "controller/agent-body.h"
#include "controller/api.h"
#include "controller/operation.h"
#include "controller/stream.h"
#include "store/test-database.h"

#define SIMULATED_LOGS 16

/* controller: opened by bed_begin(), with an organisation and a workspace with its network. */
struct bed {
	struct database *database;
	struct controller_options options;
	struct controller controller;
	int64_t now;
	char org[RESOURCE_ID_SIZE];
	char workspace[RESOURCE_ID_SIZE];
	char network[RESOURCE_ID_SIZE];
};

void bed_begin(struct bed *bed, struct database *database);
void bed_end(struct bed *bed);

/* One more controller of the same cluster, on the same store, with the same scopes. */
void bed_join(struct bed *bed, const struct bed *first);

/* Ends the controller without a word, and starts it again. */
void bed_restart(struct bed *bed);

/*
 * milliseconds later, in steps of a second, each with a tick. What the controller itself makes has the
 * machine's time: an operation is found only while the test's clock is less than a minute ahead.
 */
void bed_later(struct bed *bed, int64_t milliseconds);

/* Makes a resource; it is freed. id may be NULL. */
void bed_insert(struct bed *bed, struct resource *resource, char id[RESOURCE_ID_SIZE]);

/* A resource as the store has it, for the caller to free; NULL when there is none. */
struct resource *bed_get(struct bed *bed, enum resource_kind kind, const char *id);

/* Another organisation; a network of bed->org or of another, which is activated. */
void bed_org_make(struct bed *bed, const char *name, char org[RESOURCE_ID_SIZE]);
void bed_workspace_make(struct bed *bed, const char *org, const char *name,
			char workspace[RESOURCE_ID_SIZE], char network[RESOURCE_ID_SIZE]);
void bed_network_make(struct bed *bed, const char *org, const char *name,
		      char network[RESOURCE_ID_SIZE]);
void bed_member_make(struct bed *bed, const char *network, const char *host);

void bed_address(struct bed *bed, const char *network, const char *host,
		 struct lbmesh_prefix *address);

/* Begins an operation; its id. Its state now. */
void bed_operation(struct bed *bed, enum operation_verb verb, const char *target, const char *host,
		   char id[RESOURCE_ID_SIZE]);
enum operation_state bed_operation_state(struct bed *bed, const char *id);

/* Changes a host by hand. */
void bed_host_change(struct bed *bed, const char *id, void (*change)(struct host *host));

/* A join token for a workspace; text is what a client would be given. */
void bed_token_make(struct bed *bed, const char *org, const char *workspace, int64_t expires_at,
		    char text[SECRET_TEXT_SIZE], char id[RESOURCE_ID_SIZE]);

/* The handler's return value; answer is for the caller to put, NULL when there is none. */
int bed_call(struct bed *bed, int (*handle)(struct call *call, struct fault *fault),
	     const struct call *like, const char *body, json_object **answer, struct fault *fault);

struct simulated {
	struct bed *bed;
	struct http_stream *stream;
	uint8_t *buffer; /* of bytes that are not a frame yet */
	size_t used;
	struct fragment *logs[SIMULATED_LOGS];
	size_t n_logs;
	size_t frames, heartbeats, fragments, changes;
	size_t piece; /* how many bytes it reads at a time */
	struct enrolment enrolment;
	char name[RESOURCE_NAME_SIZE];
	uint8_t identity_secret[64];
	char host[RESOURCE_ID_SIZE];
	char credential[SECRET_TEXT_SIZE];
	bool ended;
};

/* One with new keys. It enrols with a token of its own into bed->workspace. */
void simulated_make(struct simulated *agent, struct bed *bed, const char *name);
void simulated_enrol(struct simulated *agent);
void simulated_begin(struct simulated *agent, struct bed *bed, const char *name);
void simulated_end(struct simulated *agent);

/* With a token's text; the handler's return value. */
int simulated_try(struct simulated *agent, const char *token, struct fault *fault);

/* The enrolment's body with a proof; for tests that spoil it. The caller puts. */
json_object *simulated_body(struct simulated *agent, const char *token);

/* Opens the stream with the cursors of what it has; reads all that there is; the connection ends. */
void simulated_connect(struct simulated *agent);
void simulated_read(struct simulated *agent);
void simulated_disconnect(struct simulated *agent);

/* Says that everything that it has is applied; failure may be NULL. */
void simulated_report(struct simulated *agent, const char *failure);

/* Reads, then reports. */
void simulated_follow(struct simulated *agent);

const struct fragment *simulated_log(const struct simulated *agent, const char *log);
/* The value of a key in a log that it has, or NULL. */
const char *simulated_value(const struct simulated *agent, const char *log, const char *key);

/* The key of a rotation: new or, in_use, that which was new before. */
int simulated_key(struct simulated *agent, uint8_t key[32], bool in_use, struct fault *fault);

#endif
