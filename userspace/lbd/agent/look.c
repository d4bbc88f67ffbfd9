// SPDX-License-Identifier: GPL-2.0-only
/*
 * The looking half of agent/interface.h: one dump of addresses and one of routes, and the refusal
 * of routes that would fight. A dump that changed while it was read is read again, a few times.
 */
#include "agent/interface.h"
#include "model/address.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#define DUMP_TRIES 10

struct look {
	struct interface *interface;
	const struct wanted *wanted;
	size_t addresses_room;
	size_t routes_room;
	bool conflict;
	struct link_route existing;
	struct lbmesh_prefix destination;
};

bool route_conflicts(const struct link_route *existing, const struct lbmesh_prefix *destination,
		     uint32_t link)
{
	const struct lbmesh_prefix *other = &existing->route.destination;
	bool ours = link && existing->link == link;

	if (existing->cached || !other->len || !prefix_overlaps(other, destination))
		return false;
	if (existing->table != RT_TABLE_MAIN && existing->table != RT_TABLE_LOCAL)
		return false;
	/* A wide route to nowhere is a safety net under ours, not a rival. */
	if ((existing->type == RTN_BLACKHOLE || existing->type == RTN_UNREACHABLE ||
	     existing->type == RTN_PROHIBIT || existing->type == RTN_THROW) &&
	    other->len < destination->len)
		return false;
	if (!ours)
		return true;
	/* On our link only a route in the very place of ours is in the way. */
	return existing->table == RT_TABLE_MAIN && existing->protocol != RTNL_PROTOCOL &&
	       existing->protocol != RTPROT_KERNEL && !lbmesh_prefix_compare(other, destination);
}

static int link_take(const struct nlmsghdr *message, void *data)
{
	return link_read(message, data);
}

int interface_link_find(struct rtnl *rtnl, struct interface *interface, struct fault *fault)
{
	char buffer[RTNL_MESSAGE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	char why[FAULT_TEXT_SIZE];
	int ret;

	interface->link = (struct link){0};
	ret = rtnl_request(rtnl, link_get_put(buffer, interface->name), link_take, &interface->link,
			   why);
	if (ret == -ENODEV)
		return 0;
	if (ret)
		return fault_set(fault, ret, NULL, "cannot look at interface %s: %.300s",
				 interface->name, why);
	if (strcmp(interface->link.kind, interface->kind) != 0)
		return fault_set(fault, -EEXIST, NULL,
				 "interface %s is of kind \"%s\", not \"%s\"; choose another name "
				 "with --interface",
				 interface->name, interface->link.kind, interface->kind);
	return 0;
}

static int room_make(void **array, size_t n, size_t *room, size_t size)
{
	void *larger;

	if (n < *room)
		return 0;
	larger = reallocarray(*array, *room ? *room * 2 : 16, size);
	if (!larger)
		return -ENOMEM;
	*array = larger;
	*room = *room ? *room * 2 : 16;
	return 0;
}

static int address_take(const struct nlmsghdr *message, void *data)
{
	struct look *look = data;
	struct interface *interface = look->interface;
	struct link_address address;

	if (address_read(message, &address) || address.link != interface->link.index)
		return 0;
	if (room_make((void **)&interface->addresses, interface->n_addresses, &look->addresses_room,
		      sizeof(address)))
		return -ENOMEM;
	interface->addresses[interface->n_addresses++] = address;
	return 0;
}

/* Wanted destinations are apart and sorted: what overlaps a prefix is one run of them. */
static const struct wanted_route *overlap_find(const struct wanted *wanted,
					       const struct lbmesh_prefix *prefix)
{
	size_t low = 0, high = wanted->n_routes;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (lbmesh_prefix_compare(&wanted->routes[middle].destination, prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < wanted->n_routes && prefix_overlaps(&wanted->routes[low].destination, prefix))
		return &wanted->routes[low];
	if (low && prefix_overlaps(&wanted->routes[low - 1].destination, prefix))
		return &wanted->routes[low - 1];
	return NULL;
}

static void conflict_note(struct look *look, const struct link_route *existing)
{
	const struct wanted_route *wanted =
		overlap_find(look->wanted, &existing->route.destination);

	if (look->conflict || !wanted ||
	    !route_conflicts(existing, &wanted->destination, look->interface->link.index))
		return;
	look->conflict = true;
	look->existing = *existing;
	look->destination = wanted->destination;
}

static int route_take(const struct nlmsghdr *message, void *data)
{
	struct look *look = data;
	struct interface *interface = look->interface;
	struct link_route route;

	if (route_read(message, &route))
		return 0;
	conflict_note(look, &route);
	if (!interface->link.index || route.link != interface->link.index ||
	    route.protocol != RTNL_PROTOCOL || route.table != RT_TABLE_MAIN)
		return 0;
	if (room_make((void **)&interface->routes, interface->n_routes, &look->routes_room,
		      sizeof(route)))
		return -ENOMEM;
	interface->routes[interface->n_routes++] = route;
	return 0;
}

static int dump(struct rtnl *rtnl, uint16_t type, rtnl_message_fn fn, struct look *look,
		size_t *found, struct fault *fault)
{
	char buffer[RTNL_MESSAGE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	char why[FAULT_TEXT_SIZE] = "it changes all the time";
	int ret = -EINTR;

	for (int i = 0; i < DUMP_TRIES && ret == -EINTR; i++) {
		*found = 0;
		look->conflict = false;
		ret = rtnl_request(rtnl, dump_put(buffer, type), fn, look, why);
	}
	if (!ret)
		return 0;
	return fault_set(fault, ret, NULL, "cannot read the %s: %.300s",
			 type == RTM_GETROUTE ? "routes" : "addresses", why);
}

static int conflict_fault(const struct look *look, struct fault *fault)
{
	char wanted[ADDRESS_TEXT_SIZE], existing[ADDRESS_TEXT_SIZE], through[IF_NAMESIZE];

	if (!if_indextoname(look->existing.link, through))
		memcpy(through, "?", 2);
	return fault_set(
		fault, -EEXIST, NULL,
		"network %s overlaps the route %s through interface %s, which is not lbd's",
		prefix_text(&look->destination, wanted),
		prefix_text(&look->existing.route.destination, existing), through);
}

static int address_order(const void *a, const void *b)
{
	const struct link_address *left = a, *right = b;

	return lbmesh_prefix_compare(&left->address, &right->address);
}

static int route_order(const void *a, const void *b)
{
	const struct link_route *left = a, *right = b;

	return lbmesh_prefix_compare(&left->route.destination, &right->route.destination);
}

int interface_look(struct rtnl *rtnl, const char *name, const char *kind,
		   const struct wanted *wanted, struct interface *interface, struct fault *fault)
{
	struct look look = {.interface = interface, .wanted = wanted};
	int ret;

	*interface = (struct interface){.name = name, .kind = kind};
	if ((ret = interface_link_find(rtnl, interface, fault)) ||
	    (ret = dump(rtnl, RTM_GETADDR, address_take, &look, &interface->n_addresses, fault)) ||
	    (ret = dump(rtnl, RTM_GETROUTE, route_take, &look, &interface->n_routes, fault)))
		return ret;
	if (look.conflict)
		return conflict_fault(&look, fault);
	if (interface->n_addresses)
		qsort(interface->addresses, interface->n_addresses, sizeof(*interface->addresses),
		      address_order);
	if (interface->n_routes)
		qsort(interface->routes, interface->n_routes, sizeof(*interface->routes),
		      route_order);
	return 0;
}

void interface_release(struct interface *interface)
{
	free(interface->addresses);
	free(interface->routes);
	*interface = (struct interface){0};
}
