/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The WireGuard interface of the host as rtnetlink sees it: does it exist, its MTU, its addresses
 * and its routes. Looks first and changes second: interface_look() touches nothing and refuses what
 * could not go well, and each of the other functions changes one thing towards the wanted state,
 * without a message when it is there already. Called by agent/apply.c.
 */
#ifndef LBD_AGENT_INTERFACE_H
#define LBD_AGENT_INTERFACE_H

#include "agent/rtnl-message.h"
#include "agent/rtnl.h"
#include "topology/wanted.h"

/* What was found. addresses and routes are those of this link; index 0: there is no link. */
struct interface {
	const char *name;
	const char *kind;
	struct link link;
	bool created;
	struct link_address *addresses;
	size_t n_addresses;
	struct link_route *routes;
	size_t n_routes;
};

/*
 * Refuses, before anything is touched, an interface of another kind (-EEXIST) and a wanted route
 * that overlaps one that is not lbd's (-EEXIST; default routes aside). The caller releases.
 */
int interface_look(struct rtnl *rtnl, const char *name, const char *kind,
		   const struct wanted *wanted, struct interface *interface, struct fault *fault);

/* Only the link; index 0 when there is none. */
int interface_link_find(struct rtnl *rtnl, struct interface *interface, struct fault *fault);
void interface_release(struct interface *interface);

/* Creates the link, down, when it is not there; sets the MTU. */
int interface_ensure(struct rtnl *rtnl, struct interface *interface, const struct wanted *wanted,
		     struct fault *fault);
int interface_addresses_add(struct rtnl *rtnl, const struct interface *interface,
			    const struct wanted *wanted, struct fault *fault);
int interface_up(struct rtnl *rtnl, struct interface *interface, struct fault *fault);
int interface_routes_add(struct rtnl *rtnl, const struct interface *interface,
			 const struct wanted *wanted, struct fault *fault);

/* Remove what is lbd's and no longer wanted: routes, then addresses. */
int interface_prune(struct rtnl *rtnl, const struct interface *interface,
		    const struct wanted *wanted, struct fault *fault);

/* Takes back what _ensure and _addresses_add did since interface_look(); ignores errors. */
void interface_undo(struct rtnl *rtnl, const struct interface *interface,
		    const struct wanted *wanted);

/* Is it a reason to refuse: an existing route against a wanted destination, on the link given. */
bool route_conflicts(const struct link_route *existing, const struct lbmesh_prefix *destination,
		     uint32_t link);

#endif
