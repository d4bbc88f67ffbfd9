// SPDX-License-Identifier: GPL-2.0-only
/*
 * The order in which a target becomes true, so that nothing leaks and nothing breaks meanwhile:
 *
 *   1. look      what there is; refuse what would fight; nothing is touched
 *   2. make      the link (down), the new addresses
 *   3. commit    keys, peers and members, through the module: all or nothing
 *   4. open      link up, new routes: only now do packets find the way
 *   5. prune     routes, then addresses, that are no longer wanted
 *   6. keep      the topology on disk, for a start without one
 *
 * When 3 is refused, 2 is taken back. The commit is the point of no return; what fails after it is
 * reported, and the next application (SIGHUP) goes on from what it finds. What is in force is kept
 * (6) even if 4 or 5 fail: a member that was removed must not come back with the next start.
 */
#include "agent/agent.h"
#include "agent/interface.h"

#define KIND "wireguard"

static int make(struct agent *agent, struct interface *interface, const struct target *next,
		struct fault *fault)
{
	int ret;

	if ((ret = interface_ensure(&agent->rtnl, interface, next->wanted, fault)))
		return ret;
	return interface_addresses_add(&agent->rtnl, interface, next->wanted, fault);
}

static int open_and_prune(struct agent *agent, struct interface *interface, struct fault *fault)
{
	const struct wanted *wanted = agent->target.wanted;
	int ret;

	if ((ret = interface_up(&agent->rtnl, interface, fault)) ||
	    (ret = interface_routes_add(&agent->rtnl, interface, wanted, fault)))
		return ret;
	return interface_prune(&agent->rtnl, interface, wanted, fault);
}

int agent_apply(struct agent *agent, struct target *next, struct fault *fault)
{
	__attribute__((cleanup(interface_release))) struct interface interface = {0};
	int ret;

	if ((ret = interface_look(&agent->rtnl, agent->options->interface, KIND, next->wanted,
				  &interface, fault)))
		return ret;
	ret = make(agent, &interface, next, fault);
	/* A link that is new to us has nothing of what was committed before. */
	if (!ret)
		ret = agent_push(agent, next, interface.link.index, interface.created, fault);
	if (ret) {
		interface_undo(&agent->rtnl, &interface, next->wanted);
		return ret;
	}
	target_release(&agent->target);
	agent->target = *next;
	*next = (struct target){0};
	ret = open_and_prune(agent, &interface, fault);
	agent_state_keep(agent);
	return ret;
}
