/* SPDX-License-Identifier: GPL-2.0-only */
/* A blocking rtnetlink socket in the process's network namespace; used by agent/interface.c. */
#ifndef LBD_AGENT_RTNL_H
#define LBD_AGENT_RTNL_H

#include "model/fault.h"

#include <libmnl/libmnl.h>

struct rtnl {
	struct mnl_socket *socket;
	uint32_t sequence;
	uint32_t port;
};

int rtnl_open(struct rtnl *rtnl, struct fault *fault);
void rtnl_close(struct rtnl *rtnl);

/*
 * Sends one request and waits for its end. fn (may be NULL) gets each message of the answer and
 * returns 0 or a negative errno, which ends the request. Fails with the kernel's errno; what the
 * kernel says about it (extack) is written to why, a buffer of FAULT_TEXT_SIZE.
 * -EINTR: a dump changed while it was read.
 */
typedef int (*rtnl_message_fn)(const struct nlmsghdr *message, void *data);
int rtnl_request(struct rtnl *rtnl, struct nlmsghdr *message, rtnl_message_fn fn, void *data,
		 char *why);

#endif
