// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bringing the interface to the wanted state over rtnetlink, one change at a time. The state of the
 * kernel is read anew for each application, so that what somebody removed by hand comes back with
 * the next one, and what is right gets no message. Nothing here ever takes a link down, and only a
 * link that this application has created is deleted again, when its commit is refused.
 */
#include "agent/interface.h"
#include "model/address.h"

#include <errno.h>
#include <stdlib.h>

static int change(struct rtnl *rtnl, struct nlmsghdr *message, struct fault *fault,
		  const char *what, const char *name)
{
	char why[FAULT_TEXT_SIZE];
	int ret = rtnl_request(rtnl, message, NULL, NULL, why);

	if (!ret)
		return 0;
	return fault_set(fault, ret, NULL, "cannot %s %s: %.300s", what, name, why);
}

int interface_ensure(struct rtnl *rtnl, struct interface *interface, const struct wanted *wanted,
		     struct fault *fault)
{
	char buffer[RTNL_MESSAGE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	int ret;

	if (!interface->link.index) {
		ret = change(rtnl,
			     link_create_put(buffer, interface->name, interface->kind, wanted->mtu),
			     fault, "create interface", interface->name);
		if (ret)
			return ret;
		interface->created = true;
		if ((ret = interface_link_find(rtnl, interface, fault)))
			return ret;
		if (!interface->link.index)
			return fault_set(fault, -ENODEV, NULL,
					 "interface %s went away as soon as it was created",
					 interface->name);
	}
	if (interface->link.mtu == wanted->mtu)
		return 0;
	return change(rtnl, link_mtu_put(buffer, interface->link.index, wanted->mtu), fault,
		      "set the MTU of interface", interface->name);
}

int interface_up(struct rtnl *rtnl, struct interface *interface, struct fault *fault)
{
	char buffer[RTNL_MESSAGE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));

	if (interface->link.up)
		return 0;
	return change(rtnl, link_up_put(buffer, interface->link.index), fault, "bring up interface",
		      interface->name);
}

static int address_order(const void *key, const void *element)
{
	const struct link_address *address = element;

	return lbmesh_prefix_compare(key, &address->address);
}

static const struct link_address *address_find(const struct interface *interface,
					       const struct lbmesh_prefix *address)
{
	if (!interface->n_addresses)
		return NULL;
	return bsearch(address, interface->addresses, interface->n_addresses,
		       sizeof(*interface->addresses), address_order);
}

static int address_change(struct rtnl *rtnl, const struct interface *interface,
			  const struct lbmesh_prefix *address, bool remove, struct fault *fault)
{
	char buffer[RTNL_MESSAGE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	char text[ADDRESS_TEXT_SIZE], why[FAULT_TEXT_SIZE];
	int ret;

	ret = rtnl_request(rtnl, address_put(buffer, interface->link.index, address, remove), NULL,
			   NULL, why);
	if (!ret || (remove && ret == -EADDRNOTAVAIL))
		return 0;
	return fault_set(fault, ret, NULL, "cannot %s address %s %s interface %s: %.200s",
			 remove ? "remove" : "add", prefix_text(address, text),
			 remove ? "from" : "to", interface->name, why);
}

int interface_addresses_add(struct rtnl *rtnl, const struct interface *interface,
			    const struct wanted *wanted, struct fault *fault)
{
	int ret;

	for (size_t i = 0; i < wanted->n_addresses; i++) {
		if (!address_find(interface, &wanted->addresses[i]) &&
		    (ret = address_change(rtnl, interface, &wanted->addresses[i], false, fault)))
			return ret;
	}
	return 0;
}

static int route_order(const void *key, const void *element)
{
	const struct link_route *route = element;

	return lbmesh_prefix_compare(key, &route->route.destination);
}

static const struct link_route *route_find(const struct interface *interface,
					   const struct lbmesh_prefix *destination)
{
	if (!interface->n_routes)
		return NULL;
	return bsearch(destination, interface->routes, interface->n_routes,
		       sizeof(*interface->routes), route_order);
}

static int route_change(struct rtnl *rtnl, const struct interface *interface,
			const struct wanted_route *route, bool remove, struct fault *fault)
{
	char buffer[RTNL_MESSAGE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	char text[ADDRESS_TEXT_SIZE], why[FAULT_TEXT_SIZE];
	int ret;

	ret = rtnl_request(rtnl, route_put(buffer, interface->link.index, route, remove), NULL,
			   NULL, why);
	if (!ret || (remove && ret == -ESRCH))
		return 0;
	return fault_set(fault, ret, NULL, "cannot %s route %s through interface %s: %.200s",
			 remove ? "remove" : "add", prefix_text(&route->destination, text),
			 interface->name, why);
}

int interface_routes_add(struct rtnl *rtnl, const struct interface *interface,
			 const struct wanted *wanted, struct fault *fault)
{
	int ret;

	for (size_t i = 0; i < wanted->n_routes; i++) {
		const struct wanted_route *route = &wanted->routes[i];
		const struct link_route *found = route_find(interface, &route->destination);

		/* A route with another source is replaced in place, without a gap. */
		if (found && !lbmesh_prefix_compare(&found->route.source, &route->source))
			continue;
		if ((ret = route_change(rtnl, interface, route, false, fault)))
			return ret;
	}
	return 0;
}

static int prefix_order(const void *a, const void *b)
{
	return lbmesh_prefix_compare(a, b);
}

static bool route_is_wanted(const struct wanted *wanted, const struct lbmesh_prefix *destination)
{
	return bsearch(destination, wanted->routes, wanted->n_routes, sizeof(*wanted->routes),
		       prefix_order);
}

static bool address_is_wanted(const struct wanted *wanted, const struct lbmesh_prefix *address)
{
	return bsearch(address, wanted->addresses, wanted->n_addresses, sizeof(*wanted->addresses),
		       prefix_order);
}

int interface_prune(struct rtnl *rtnl, const struct interface *interface,
		    const struct wanted *wanted, struct fault *fault)
{
	int ret;

	for (size_t i = 0; i < interface->n_routes; i++) {
		const struct wanted_route *route = &interface->routes[i].route;

		if (!route_is_wanted(wanted, &route->destination) &&
		    (ret = route_change(rtnl, interface, route, true, fault)))
			return ret;
	}
	for (size_t i = 0; i < interface->n_addresses; i++) {
		const struct link_address *found = &interface->addresses[i];

		if (found->protocol == RTNL_PROTOCOL &&
		    !address_is_wanted(wanted, &found->address) &&
		    (ret = address_change(rtnl, interface, &found->address, true, fault)))
			return ret;
	}
	return 0;
}

void interface_undo(struct rtnl *rtnl, const struct interface *interface,
		    const struct wanted *wanted)
{
	char buffer[RTNL_MESSAGE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));

	if (!interface->link.index)
		return;
	if (interface->created) {
		change(rtnl, link_delete_put(buffer, interface->link.index), NULL, "", "");
		return;
	}
	for (size_t i = 0; i < wanted->n_addresses; i++) {
		if (!address_find(interface, &wanted->addresses[i]))
			address_change(rtnl, interface, &wanted->addresses[i], true, NULL);
	}
	if (interface->link.mtu != wanted->mtu)
		change(rtnl, link_mtu_put(buffer, interface->link.index, interface->link.mtu), NULL,
		       "", "");
}
