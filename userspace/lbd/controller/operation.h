/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations: what takes longer than a request, because hosts have to acknowledge it. Handlers begin
 * them in the transaction of the change itself, so that there is never the one without the other.
 *
 * What the handlers have done by then: network.activate, the network is there and pending;
 * network.delete, it is "deleting" (out of force, with all that is in it) and network_remove()
 * (api-hooks.h) is still to be called; bridge.create and bridge.delete, the bridge is there, or gone,
 * in the store and in the logs of its networks.
 */
#ifndef LBD_CONTROLLER_OPERATION_H
#define LBD_CONTROLLER_OPERATION_H

#include "controller/controller.h"

/*
 * verb: enum operation_verb; org "" is the system's; host "" when it concerns none. *operation (may
 * be NULL) is the caller's to free.
 */
int operation_start(struct changes *changes, int verb, const char *org, const char *target,
		    const char *host, struct operation **operation, struct fault *fault);

#endif
