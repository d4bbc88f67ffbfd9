// SPDX-License-Identifier: GPL-2.0-only
/* rtnetlink messages: what lbd writes is read back, by lbd's own readers and byte by byte. */
#include "agent/interface.h"
#include "agent/rtnl-message.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

static char buffer[RTNL_MESSAGE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));

static struct lbmesh_prefix prefix(const char *text)
{
	struct lbmesh_prefix parsed;

	cr_assert_eq(lbmesh_prefix_parse(text, &parsed), 0, "%s", text);
	return parsed;
}

static void expect_prefix(const struct lbmesh_prefix *got, const char *text)
{
	char shown[LBMESH_PREFIX_STRLEN];

	cr_assert_eq(lbmesh_prefix_format(got, shown, sizeof(shown)), 0);
	cr_expect_str_eq(shown, text);
}

Test(rtnl_message, a_new_link_has_its_kind_and_mtu_and_is_down)
{
	struct nlmsghdr *message = link_create_put(buffer, "lbmesh0", "wireguard", 1380);
	struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct link link;

	cr_expect_eq(message->nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL);
	cr_expect_eq(info->ifi_flags, 0);
	info->ifi_index = 7;
	cr_assert_eq(link_read(message, &link), 0);
	cr_expect_str_eq(link.name, "lbmesh0");
	cr_expect_str_eq(link.kind, "wireguard");
	cr_expect_eq(link.mtu, 1380);
	cr_expect_eq(link.index, 7);
	cr_expect(!link.up);
}

Test(rtnl_message, bringing_a_link_up_changes_that_one_flag)
{
	struct nlmsghdr *message = link_up_put(buffer, 7);
	struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct link link;

	cr_expect_eq(message->nlmsg_flags, NLM_F_REQUEST, "it creates nothing");
	cr_expect_eq(info->ifi_flags, IFF_UP);
	cr_expect_eq(info->ifi_change, IFF_UP);
	cr_assert_eq(link_read(message, &link), 0);
	cr_expect(link.up);
}

Test(rtnl_message, an_address_is_marked_as_ours_and_brings_no_route)
{
	static const char *const texts[] = {"100.64.1.1/32", "fd00:1::1/128"};

	for (size_t i = 0; i < 2; i++) {
		struct lbmesh_prefix wanted = prefix(texts[i]);
		struct nlmsghdr *message = address_put(buffer, 7, &wanted, false);
		const struct nlattr *attr;
		struct link_address address;
		uint32_t flags = 0;

		cr_assert_eq(address_read(message, &address), 0);
		expect_prefix(&address.address, texts[i]);
		cr_expect_eq(address.link, 7);
		cr_expect_eq(address.protocol, RTNL_PROTOCOL);
		mnl_attr_for_each(attr, message, sizeof(struct ifaddrmsg)) {
			if (mnl_attr_get_type(attr) == IFA_FLAGS)
				flags = mnl_attr_get_u32(attr);
		}
		cr_expect_eq(flags, IFA_F_NODAD | IFA_F_NOPREFIXROUTE);
	}
}

Test(rtnl_message, a_route_has_its_source_and_is_marked_as_ours)
{
	struct wanted_route wanted = {prefix("100.64.1.0/24"), prefix("100.64.1.1")};
	struct nlmsghdr *message = route_put(buffer, 7, &wanted, false);
	struct link_route route;

	cr_expect_eq(message->nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE);
	cr_assert_eq(route_read(message, &route), 0);
	expect_prefix(&route.route.destination, "100.64.1.0/24");
	expect_prefix(&route.route.source, "100.64.1.1/32");
	cr_expect_eq(route.link, 7);
	cr_expect_eq(route.table, RT_TABLE_MAIN);
	cr_expect_eq(route.protocol, RTNL_PROTOCOL);
	wanted = (struct wanted_route){.destination = prefix("fd00:1::/64")};
	message = route_put(buffer, 7, &wanted, true);
	cr_expect_eq(message->nlmsg_type, RTM_DELROUTE);
	message->nlmsg_type = RTM_NEWROUTE;
	cr_assert_eq(route_read(message, &route), 0);
	expect_prefix(&route.route.destination, "fd00:1::/64");
	cr_expect_eq(route.route.source.family, 0);
}

Test(rtnl_message, a_message_that_is_cut_short_is_refused)
{
	struct lbmesh_prefix address = prefix("100.64.1.1/32");
	struct nlmsghdr *message = address_put(buffer, 7, &address, false);
	struct link_address read;
	struct link_route route;
	struct link link;

	message->nlmsg_len = NLMSG_HDRLEN + 2;
	cr_expect_eq(address_read(message, &read), -EINVAL);
	cr_expect_eq(route_read(message, &route), -EINVAL, "another type");
	cr_expect_eq(link_read(message, &link), -EINVAL, "another type");
}

static bool conflicts(const char *existing, uint32_t link, uint8_t protocol, uint8_t type,
		      uint32_t table)
{
	struct link_route route = {
		.route.destination = prefix(existing),
		.link = link,
		.table = table,
		.protocol = protocol,
		.type = type,
	};
	struct lbmesh_prefix destination = prefix("100.64.1.0/24");

	return route_conflicts(&route, &destination, 7);
}

Test(rtnl_message, a_route_of_somebody_else_that_overlaps_is_a_conflict)
{
	cr_expect(conflicts("100.64.1.0/24", 2, RTPROT_BOOT, RTN_UNICAST, RT_TABLE_MAIN));
	cr_expect(conflicts("100.64.0.0/10", 2, RTPROT_STATIC, RTN_UNICAST, RT_TABLE_MAIN));
	cr_expect(conflicts("100.64.1.9/32", 2, RTPROT_KERNEL, RTN_LOCAL, RT_TABLE_LOCAL));
	cr_expect(conflicts("100.64.1.0/24", 7, RTPROT_STATIC, RTN_UNICAST, RT_TABLE_MAIN));
	cr_expect(conflicts("100.64.1.0/24", 2, RTNL_PROTOCOL, RTN_UNICAST, RT_TABLE_MAIN),
		  "another lbd");
	cr_expect(conflicts("100.64.1.0/24", 0, RTPROT_STATIC, RTN_UNICAST, RT_TABLE_MAIN),
		  "several next hops");
	cr_expect(conflicts("100.64.1.0/25", 0, RTPROT_STATIC, RTN_BLACKHOLE, RT_TABLE_MAIN));
}

Test(rtnl_message, a_default_route_and_what_is_ours_are_no_conflict)
{
	cr_expect(!conflicts("0.0.0.0/0", 2, RTPROT_BOOT, RTN_UNICAST, RT_TABLE_MAIN));
	cr_expect(!conflicts("100.64.1.0/24", 7, RTNL_PROTOCOL, RTN_UNICAST, RT_TABLE_MAIN));
	cr_expect(!conflicts("100.64.1.1/32", 7, RTPROT_KERNEL, RTN_LOCAL, RT_TABLE_LOCAL));
	cr_expect(!conflicts("100.64.2.0/24", 2, RTPROT_BOOT, RTN_UNICAST, RT_TABLE_MAIN));
	cr_expect(!conflicts("100.64.1.0/24", 2, RTPROT_BOOT, RTN_UNICAST, 100));
	cr_expect(!conflicts("100.64.0.0/10", 0, RTPROT_STATIC, RTN_UNREACHABLE, RT_TABLE_MAIN),
		  "a safety net under ours");
}
