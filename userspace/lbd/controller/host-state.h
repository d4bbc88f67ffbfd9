/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The states of hosts (L26): online while the agent has a stream or was heard of within 30 s, else
 * offline; draining and removed are set by people and stay. The store is written to when a state
 * changes, and, many hosts in one transaction, when there are news of an agent (L7).
 */
#ifndef LBD_CONTROLLER_HOST_STATE_H
#define LBD_CONTROLLER_HOST_STATE_H

#include "controller/agent.h"

/* Its agent has asked for something. */
void host_heard(struct agents *agents, struct agent *agent, int64_t now);

void host_states_tick(struct agents *agents, int64_t now);

#endif
