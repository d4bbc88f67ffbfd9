/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rtnetlink messages as bytes: the ones that lbd sends, and what it reads from the kernel's. Pure
 * functions over libmnl, called by agent/interface.c and by the tests; the socket is agent/rtnl.c.
 */
#ifndef LBD_AGENT_RTNL_MESSAGE_H
#define LBD_AGENT_RTNL_MESSAGE_H

#include "lbmesh/lbmesh.h"
#include "topology/wanted.h"

#include <libmnl/libmnl.h>

/* Every message that is made here fits. */
#define RTNL_MESSAGE_SIZE 512

/*
 * Marks the routes (rtm_protocol) and addresses (IFA_PROTO) that are lbd's: 'l'. Nothing without
 * the mark is ever changed or removed. Documented in lbd(8).
 */
#define RTNL_PROTOCOL 0x6c

struct link {
	uint32_t index;
	uint32_t mtu;
	bool up;
	char name[LBMESH_IFNAME_MAX + 1];
	char kind[16];
};

struct link_address {
	struct lbmesh_prefix address;
	uint32_t link;
	uint8_t protocol;
};

/* link is 0 for a route with several next hops, or with none. */
struct link_route {
	struct wanted_route route;
	uint32_t link;
	uint32_t table;
	uint8_t protocol;
	uint8_t type;
	bool cached;
};

/* Each writes a request without NLM_F_ACK and a sequence number, which are the socket's matter. */
struct nlmsghdr *link_get_put(void *buffer, const char *name);
struct nlmsghdr *link_create_put(void *buffer, const char *name, const char *kind, uint32_t mtu);
struct nlmsghdr *link_mtu_put(void *buffer, uint32_t index, uint32_t mtu);
struct nlmsghdr *link_up_put(void *buffer, uint32_t index);
struct nlmsghdr *link_delete_put(void *buffer, uint32_t index);
struct nlmsghdr *address_put(void *buffer, uint32_t link, const struct lbmesh_prefix *address,
			     bool remove);
struct nlmsghdr *route_put(void *buffer, uint32_t link, const struct wanted_route *route,
			   bool remove);
struct nlmsghdr *dump_put(void *buffer, uint16_t type);

/* Read a message of the kernel; -EINVAL when it is not what the name says. */
int link_read(const struct nlmsghdr *message, struct link *link);
int address_read(const struct nlmsghdr *message, struct link_address *address);
int route_read(const struct nlmsghdr *message, struct link_route *route);

#endif
