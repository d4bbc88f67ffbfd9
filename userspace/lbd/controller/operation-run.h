/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What drives operations: operation-run.c finds and advances them, operation-verb.c knows what each
 * verb does, operation-rotate.c has the rotation's steps, operation-order.c tells hosts what to do.
 * Private to them, and to agent-list.c, which owns them.
 *
 * A step is a transaction that changes the operation's own state, too, whose version the store
 * compares: of several controllers one makes it, and after a restart it is made once. What is in
 * memory (struct job) can be found again: who has to answer, and from which record on.
 */
#ifndef LBD_CONTROLLER_OPERATION_RUN_H
#define LBD_CONTROLLER_OPERATION_RUN_H

#include "controller/agent.h"
#include "controller/operation.h"

/* Ids of hosts, none twice. */
struct hosts {
	char (*ids)[RESOURCE_ID_SIZE];
	size_t n;
	size_t capacity;
};

int hosts_add(struct hosts *hosts, const char *id, struct fault *fault);
void hosts_settle(struct hosts *hosts); /* sorts, and drops what is there twice */
void hosts_release(struct hosts *hosts);

enum rotation {
	ROTATION_MAKE, /* the host is to make a key */
	ROTATION_PEERS, /* its peers are to learn of it */
	ROTATION_SWITCH /* the host is to use it */
};

/*
 * An operation that is not finished. running: its begin() has been made. waiting: hosts are those
 * that have not acknowledged the records up to sequence. ordered: who has been given an order.
 */
struct job {
	TAILQ_ENTRY(job) link;
	char id[RESOURCE_ID_SIZE];
	char org[RESOURCE_ID_SIZE];
	char target[RESOURCE_ID_SIZE];
	char host[RESOURCE_ID_SIZE];
	int verb;
	int64_t since;
	bool running;
	bool waiting;
	int64_t sequence;
	struct hosts hosts;
	struct hosts ordered;
	enum rotation rotation;
	int64_t published;
};

/*
 * begin, finish: what a verb changes in the step that it begins and ends with; failed: what is left
 * to undo. They may run more than once, and return a fault with a code when the operation cannot be.
 * hosts: who has to answer. advance: in place of waiting for hosts. NULL: nothing.
 */
struct verb {
	int (*begin)(struct changes *changes, struct job *job, struct fault *fault);
	int (*hosts)(struct store_tx *tx, const struct job *job, struct hosts *hosts,
		     struct fault *fault);
	int (*finish)(struct changes *changes, struct job *job, struct fault *fault);
	int (*failed)(struct changes *changes, struct job *job, struct fault *fault);
	int (*advance)(struct agents *agents, struct job *job, struct fault *fault);
};

extern const struct verb verbs[];

struct operations *operations_new(void);
void operations_free(struct operations *operations);
void operations_tick(struct agents *agents, int64_t now);

/* Is there one under way; by verb and target. */
bool operations_has(const struct operations *operations, int verb, const char *target,
		    char id[RESOURCE_ID_SIZE]);

/* operation-wait.c: who is to answer from now on; how many of them still have not; their names. */
int job_wait(struct agents *agents, struct job *job,
	     int (*list)(struct store_tx *tx, const struct job *job, struct hosts *hosts,
			 struct fault *fault),
	     struct fault *fault);
size_t job_waits(struct agents *agents, struct job *job);
/* "a, b and 7 more did not acknowledge it in time" */
void job_silent_name(struct agents *agents, const struct job *job, char *text, size_t size);

/* operation-run.c, for advance(): the step that ends it; 1: the job is over, and freed. */
int job_finish(struct agents *agents, struct job *job, struct fault *fault);

/* operation-verb.c */
int hosts_of_network(struct store_tx *tx, const char *network, struct hosts *hosts,
		     struct fault *fault);
int hosts_of_org(struct store_tx *tx, const struct job *job, struct hosts *hosts,
		 struct fault *fault);

/* operation-rotate.c */
int rotate_begin(struct changes *changes, struct job *job, struct fault *fault);
int rotate_finish(struct changes *changes, struct job *job, struct fault *fault);
int rotate_failed(struct changes *changes, struct job *job, struct fault *fault);
int rotate_advance(struct agents *agents, struct job *job, struct fault *fault);

/*
 * operation-order.c. Orders are entries of the host's own log that no resource derives; they are
 * there while their operation runs:
 *   refresh/OP  network, number: restate what the kernel has, of this network
 *   rotate      operation, step ("make", "switch"), key (of switch)
 */
#define ORDER_ROTATE "rotate"

int order_refresh(struct changes *changes, const char *host, const struct job *job, int64_t number,
		  struct fault *fault);
int order_rotate(struct changes *changes, const struct job *job, const uint8_t *key,
		 struct fault *fault);
/* Nothing when it is not there. */
int order_drop(struct changes *changes, const char *host, const char *key, struct fault *fault);
bool order_is_there(const struct controller *controller, const char *host, const char *key);
/* Has the host been told to switch. */
bool order_is_switch(const struct controller *controller, const char *host);

#endif
