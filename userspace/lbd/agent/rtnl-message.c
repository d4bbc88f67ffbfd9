// SPDX-License-Identifier: GPL-2.0-only
/*
 * rtnetlink messages as bytes (rtnetlink(7)). Addresses are host addresses (/32, /128) and bring no
 * route of their own, so that each route of the interface is one that lbd has chosen.
 */
#include "agent/rtnl-message.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

/* A message with a fixed header of this size behind the netlink header, all zeros. */
static struct nlmsghdr *message_put(void *buffer, uint16_t type, uint16_t flags, size_t extra,
				    void **header)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	*header = mnl_nlmsg_put_extra_header(message, extra);
	return message;
}

static struct nlmsghdr *link_put(void *buffer, uint16_t type, uint16_t flags, uint32_t index,
				 unsigned int up)
{
	struct nlmsghdr *message;
	struct ifinfomsg *info;

	message = message_put(buffer, type, flags, sizeof(*info), (void **)&info);
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = (int)index;
	info->ifi_flags = up;
	info->ifi_change = up;
	return message;
}

struct nlmsghdr *link_get_put(void *buffer, const char *name)
{
	struct nlmsghdr *message = link_put(buffer, RTM_GETLINK, 0, 0, 0);

	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	return message;
}

struct nlmsghdr *link_create_put(void *buffer, const char *name, const char *kind, uint32_t mtu)
{
	struct nlmsghdr *message = link_put(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, 0);
	struct nlattr *nest;

	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	mnl_attr_put_u32(message, IFLA_MTU, mtu);
	nest = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(message, nest);
	return message;
}

struct nlmsghdr *link_mtu_put(void *buffer, uint32_t index, uint32_t mtu)
{
	struct nlmsghdr *message = link_put(buffer, RTM_NEWLINK, 0, index, 0);

	mnl_attr_put_u32(message, IFLA_MTU, mtu);
	return message;
}

struct nlmsghdr *link_up_put(void *buffer, uint32_t index)
{
	return link_put(buffer, RTM_NEWLINK, 0, index, IFF_UP);
}

struct nlmsghdr *link_delete_put(void *buffer, uint32_t index)
{
	return link_put(buffer, RTM_DELLINK, 0, index, 0);
}

static size_t address_size(const struct lbmesh_prefix *address)
{
	return address->family == AF_INET ? 4 : 16;
}

struct nlmsghdr *address_put(void *buffer, uint32_t link, const struct lbmesh_prefix *address,
			     bool remove)
{
	struct nlmsghdr *message;
	struct ifaddrmsg *info;

	message = message_put(buffer, remove ? RTM_DELADDR : RTM_NEWADDR,
			      remove ? 0 : NLM_F_CREATE | NLM_F_REPLACE, sizeof(*info),
			      (void **)&info);
	info->ifa_family = address->family;
	info->ifa_prefixlen = address->len;
	info->ifa_scope = RT_SCOPE_UNIVERSE;
	info->ifa_index = link;
	mnl_attr_put(message, IFA_LOCAL, address_size(address), address->addr);
	mnl_attr_put(message, IFA_ADDRESS, address_size(address), address->addr);
	if (!remove) {
		/* Nobody else can have the address: the topology gives it to one host. */
		mnl_attr_put_u32(message, IFA_FLAGS, IFA_F_NODAD | IFA_F_NOPREFIXROUTE);
		mnl_attr_put_u8(message, IFA_PROTO, RTNL_PROTOCOL);
	}
	return message;
}

struct nlmsghdr *route_put(void *buffer, uint32_t link, const struct wanted_route *route,
			   bool remove)
{
	const struct lbmesh_prefix *to = &route->destination, *from = &route->source;
	struct nlmsghdr *message;
	struct rtmsg *info;

	message = message_put(buffer, remove ? RTM_DELROUTE : RTM_NEWROUTE,
			      remove ? 0 : NLM_F_CREATE | NLM_F_REPLACE, sizeof(*info),
			      (void **)&info);
	info->rtm_family = to->family;
	info->rtm_dst_len = to->len;
	info->rtm_table = RT_TABLE_MAIN;
	info->rtm_protocol = RTNL_PROTOCOL;
	info->rtm_type = RTN_UNICAST;
	info->rtm_scope = to->family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	mnl_attr_put(message, RTA_DST, address_size(to), to->addr);
	mnl_attr_put_u32(message, RTA_OIF, link);
	if (from->family)
		mnl_attr_put(message, RTA_PREFSRC, address_size(from), from->addr);
	return message;
}

struct nlmsghdr *dump_put(void *buffer, uint16_t type)
{
	struct nlmsghdr *message;
	struct rtgenmsg *info;

	message = message_put(buffer, type, NLM_F_DUMP, sizeof(*info), (void **)&info);
	info->rtgen_family = AF_UNSPEC;
	return message;
}

/* An attribute as an address of a family, in full length; false when it is too short. */
static bool address_take(const struct nlattr *attr, uint8_t family, struct lbmesh_prefix *address)
{
	size_t size = family == AF_INET ? 4 : 16;

	if (mnl_attr_get_payload_len(attr) != size)
		return false;
	*address = (struct lbmesh_prefix){.family = family, .len = (uint8_t)(size * 8)};
	memcpy(address->addr, mnl_attr_get_payload(attr), size);
	return true;
}

static bool u32_take(const struct nlattr *attr, uint32_t *value)
{
	if (mnl_attr_get_payload_len(attr) != sizeof(*value))
		return false;
	*value = mnl_attr_get_u32(attr);
	return true;
}

static void text_take(const struct nlattr *attr, char *text, size_t size)
{
	size_t length = mnl_attr_get_payload_len(attr);

	if (length > size - 1)
		length = size - 1;
	memcpy(text, mnl_attr_get_payload(attr), length);
	text[length] = '\0';
}

static bool header_fits(const struct nlmsghdr *message, uint16_t type, size_t size)
{
	return message->nlmsg_type == type && mnl_nlmsg_get_payload_len(message) >= size;
}

int link_read(const struct nlmsghdr *message, struct link *link)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr, *nested;

	if (!header_fits(message, RTM_NEWLINK, sizeof(*info)))
		return -EINVAL;
	*link = (struct link){.index = (uint32_t)info->ifi_index, .up = info->ifi_flags & IFF_UP};
	mnl_attr_for_each(attr, message, sizeof(*info)) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_IFNAME:
			text_take(attr, link->name, sizeof(link->name));
			break;
		case IFLA_MTU:
			u32_take(attr, &link->mtu);
			break;
		case IFLA_LINKINFO:
			mnl_attr_for_each_nested(nested, attr) {
				if (mnl_attr_get_type(nested) == IFLA_INFO_KIND)
					text_take(nested, link->kind, sizeof(link->kind));
			}
			break;
		default:
			break;
		}
	}
	return link->index ? 0 : -EINVAL;
}

int address_read(const struct nlmsghdr *message, struct link_address *address)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	struct lbmesh_prefix local = {0}, remote = {0};
	const struct nlattr *attr;

	if (!header_fits(message, RTM_NEWADDR, sizeof(*info)) ||
	    (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
		return -EINVAL;
	*address = (struct link_address){.link = info->ifa_index};
	mnl_attr_for_each(attr, message, sizeof(*info)) {
		switch (mnl_attr_get_type(attr)) {
		case IFA_LOCAL:
			address_take(attr, info->ifa_family, &local);
			break;
		case IFA_ADDRESS:
			address_take(attr, info->ifa_family, &remote);
			break;
		case IFA_PROTO:
			if (mnl_attr_get_payload_len(attr) == 1)
				address->protocol = mnl_attr_get_u8(attr);
			break;
		default:
			break;
		}
	}
	/* IPv6 says only IFA_ADDRESS; for IPv4 that one is the far end, if there is one. */
	address->address = local.family ? local : remote;
	address->address.len = info->ifa_prefixlen;
	return address->address.family ? 0 : -EINVAL;
}

int route_read(const struct nlmsghdr *message, struct link_route *route)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(message);
	struct lbmesh_prefix *to = &route->route.destination;
	const struct nlattr *attr;

	if (!header_fits(message, RTM_NEWROUTE, sizeof(*info)) ||
	    (info->rtm_family != AF_INET && info->rtm_family != AF_INET6) ||
	    info->rtm_dst_len > (info->rtm_family == AF_INET ? 32 : 128))
		return -EINVAL;
	*route = (struct link_route){
		.table = info->rtm_table,
		.protocol = info->rtm_protocol,
		.type = info->rtm_type,
		.cached = info->rtm_flags & RTM_F_CLONED,
	};
	to->family = info->rtm_family;
	mnl_attr_for_each(attr, message, sizeof(*info)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_DST:
			address_take(attr, info->rtm_family, to);
			break;
		case RTA_PREFSRC:
			address_take(attr, info->rtm_family, &route->route.source);
			break;
		case RTA_OIF:
			u32_take(attr, &route->link);
			break;
		case RTA_TABLE:
			u32_take(attr, &route->table);
			break;
		default:
			break;
		}
	}
	to->len = info->rtm_dst_len;
	return 0;
}
