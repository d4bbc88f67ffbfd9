// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beginning operations; called by handlers within the transaction of a change. What becomes of them
 * is operation-run.c's.
 */
#include "controller/operation.h"

#include "controller/agent.h"

#include <stdio.h>
#include <string.h>

static void operation_place(struct operation *operation, int verb, const char *org,
			    const char *target, const char *host)
{
	operation->verb = verb;
	snprintf(operation->head.org, sizeof(operation->head.org), "%s", org);
	snprintf(operation->head.scope, sizeof(operation->head.scope), "%s", org);
	snprintf(operation->target, sizeof(operation->target), "%s", target);
	snprintf(operation->host, sizeof(operation->host), "%s", host);
}

int operation_start(struct changes *changes, int verb, const char *org, const char *target,
		    const char *host, struct operation **operation, struct fault *fault)
{
	struct operation *made = (struct operation *)resource_new(RESOURCE_OPERATION);
	int ret;

	if (!made)
		return fault_memory(fault);
	operation_place(made, verb, org, target, host);
	ret = changes_insert(changes, &made->head, fault);
	/* The tick comes after the transaction, and finds it when it was committed. */
	if (!ret && changes->controller->agents)
		agents_kick(changes->controller->agents);
	if (ret || !operation) {
		resource_free(&made->head);
		return ret;
	}
	*operation = made;
	return 0;
}
