// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real rtnetlink, in a network namespace of the test's own. The machine that builds may have no
 * WireGuard: then another kind of link stands in. Needs root; without it, the tests are skipped and
 * say so.
 */
#include "agent/interface.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct rtnl rtnl;
static const char *kind;

static struct lbmesh_prefix addresses[] = {
	{AF_INET, 32, {100, 64, 1, 1}},
	{AF_INET, 32, {100, 64, 2, 1}},
	{AF_INET6, 128, {0xfd, 0, 0, 1, [15] = 1}},
};

static struct wanted_route routes[] = {
	{{AF_INET, 24, {100, 64, 1}}, {AF_INET, 32, {100, 64, 1, 1}}},
	{{AF_INET, 24, {100, 64, 2}}, {AF_INET, 32, {100, 64, 2, 1}}},
	{{AF_INET6, 64, {0xfd, 0, 0, 1}}, {AF_INET6, 128, {0xfd, 0, 0, 1, [15] = 1}}},
};

static const struct wanted both = {
	.mtu = 1380,
	.addresses = addresses,
	.n_addresses = 3,
	.routes = routes,
	.n_routes = 3,
};

/* What is left when the host leaves the second network: the first address and route. */
static const struct wanted one = {
	.mtu = 1300,
	.addresses = addresses,
	.n_addresses = 1,
	.routes = routes,
	.n_routes = 1,
};

static const char *kind_find(void)
{
	static const char *const kinds[] = {"wireguard", "dummy", "bridge"};
	char buffer[RTNL_MESSAGE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	char why[FAULT_TEXT_SIZE];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (rtnl_request(&rtnl, link_create_put(buffer, "probe", kinds[i], 1400), NULL,
				 NULL, why))
			continue;
		cr_assert_eq(rtnl_request(&rtnl, link_delete_put(buffer, if_nametoindex("probe")),
					  NULL, NULL, why),
			     0);
		return kinds[i];
	}
	return NULL;
}

static void namespace_enter(void)
{
	struct fault fault;

	if (geteuid())
		cr_skip_test("needs root for a network namespace of its own");
	if (unshare(CLONE_NEWNET))
		cr_skip_test("cannot make a network namespace");
	cr_assert_eq(rtnl_open(&rtnl, &fault), 0, "%s", fault.text);
	kind = kind_find();
	if (!kind)
		cr_skip_test("this kernel has no kind of link to test with");
}

static void send_good(struct nlmsghdr *message)
{
	char why[FAULT_TEXT_SIZE];

	cr_assert_eq(rtnl_request(&rtnl, message, NULL, NULL, why), 0, "%s", why);
}

static void look(const struct wanted *wanted, struct interface *interface)
{
	struct fault fault;

	cr_assert_eq(interface_look(&rtnl, "lbmesh0", kind, wanted, interface, &fault), 0, "%s",
		     fault.text);
}

static void converge(const struct wanted *wanted)
{
	struct interface interface;
	struct fault fault = {0};

	look(wanted, &interface);
	if (interface_ensure(&rtnl, &interface, wanted, &fault) ||
	    interface_addresses_add(&rtnl, &interface, wanted, &fault) ||
	    interface_up(&rtnl, &interface, &fault) ||
	    interface_routes_add(&rtnl, &interface, wanted, &fault) ||
	    interface_prune(&rtnl, &interface, wanted, &fault))
		cr_assert_fail("%s", fault.text);
	interface_release(&interface);
}

/* Exactly this is there now, with the right sources. */
static void expect(const struct wanted *wanted)
{
	struct interface interface;
	size_t ours = 0;

	look(wanted, &interface);
	cr_expect(interface.link.up);
	cr_expect_eq(interface.link.mtu, wanted->mtu);
	for (size_t i = 0; i < interface.n_addresses; i++)
		ours += interface.addresses[i].protocol == RTNL_PROTOCOL;
	cr_expect_eq(ours, wanted->n_addresses);
	cr_assert_eq(interface.n_routes, wanted->n_routes, "%zu routes", interface.n_routes);
	for (size_t i = 0; i < wanted->n_routes; i++) {
		const struct wanted_route *route = &interface.routes[i].route;

		cr_expect_eq(lbmesh_prefix_compare(&route->destination,
						   &wanted->routes[i].destination),
			     0);
		cr_expect_eq(lbmesh_prefix_compare(&route->source, &wanted->routes[i].source), 0);
	}
	interface_release(&interface);
}

Test(interface, goes_from_nothing_to_the_wanted_state_and_to_another)
{
	namespace_enter();
	converge(&both);
	expect(&both);
	converge(&one);
	expect(&one);
	converge(&both);
	expect(&both);
}

Test(interface, is_not_touched_when_it_is_as_it_should_be)
{
	uint32_t sequence;

	namespace_enter();
	converge(&both);
	sequence = rtnl.sequence;
	converge(&both);
	cr_expect_eq(rtnl.sequence - sequence, 3, "one look at the link, addresses and routes");
}

Test(interface, keeps_what_somebody_else_has_put_on_it)
{
	char buffer[RTNL_MESSAGE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct lbmesh_prefix foreign = {AF_INET, 32, {10, 9, 9, 9}};
	struct wanted_route route = {.destination = {AF_INET, 24, {10, 9, 8}}};
	struct interface interface;
	struct nlmsghdr *message;
	struct rtmsg *info;
	bool found = false;

	namespace_enter();
	converge(&both);
	look(&both, &interface);
	message = address_put(buffer, interface.link.index, &foreign, false);
	/* Without the last attribute, IFA_PROTO, it is not ours. */
	message->nlmsg_len -= MNL_ALIGN(sizeof(struct nlattr) + 1);
	send_good(message);
	message = route_put(buffer, interface.link.index, &route, false);
	info = mnl_nlmsg_get_payload(message);
	info->rtm_protocol = RTPROT_STATIC;
	send_good(message);
	interface_release(&interface);

	converge(&one);
	expect(&one);
	look(&one, &interface);
	for (size_t i = 0; i < interface.n_addresses; i++)
		found |= !lbmesh_prefix_compare(&interface.addresses[i].address, &foreign);
	cr_expect(found, "the address without our mark is still there");
	interface_release(&interface);
	/* It would be refused if it were gone. */
	message = route_put(buffer, if_nametoindex("lbmesh0"), &route, true);
	info = mnl_nlmsg_get_payload(message);
	info->rtm_protocol = RTPROT_STATIC;
	send_good(message);
}

Test(interface, is_refused_before_anything_is_touched_when_a_route_is_in_the_way)
{
	char buffer[RTNL_MESSAGE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct wanted_route wide = {.destination = {AF_INET, 10, {100, 64}}};
	struct interface interface;
	struct nlmsghdr *message;
	struct fault fault;

	namespace_enter();
	send_good(link_create_put(buffer, "eth7", kind, 1500));
	send_good(link_up_put(buffer, if_nametoindex("eth7")));
	message = route_put(buffer, if_nametoindex("eth7"), &wide, false);
	((struct rtmsg *)mnl_nlmsg_get_payload(message))->rtm_protocol = RTPROT_STATIC;
	send_good(message);
	cr_expect_eq(interface_look(&rtnl, "lbmesh0", kind, &both, &interface, &fault), -EEXIST);
	cr_expect_str_eq(fault.text, "network 100.64.1.0/24 overlaps the route 100.64.0.0/10 "
				     "through interface eth7, which is not lbd's");
	cr_expect_eq(if_nametoindex("lbmesh0"), 0);
	interface_release(&interface);
}

Test(interface, of_another_kind_is_not_taken_over)
{
	char buffer[RTNL_MESSAGE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct interface interface;
	struct fault fault;
	char expected[256];

	namespace_enter();
	send_good(link_create_put(buffer, "lbmesh0", kind, 1500));
	cr_expect_eq(interface_look(&rtnl, "lbmesh0", "other", &both, &interface, &fault), -EEXIST);
	snprintf(expected, sizeof(expected),
		 "interface lbmesh0 is of kind \"%s\", not \"other\"; choose another name with "
		 "--interface",
		 kind);
	cr_expect_str_eq(fault.text, expected);
	interface_release(&interface);
}

Test(interface, that_was_created_for_a_refused_commit_goes_again)
{
	struct interface interface;
	struct fault fault;

	namespace_enter();
	look(&both, &interface);
	cr_assert_eq(interface_ensure(&rtnl, &interface, &both, &fault), 0);
	cr_assert_eq(interface_addresses_add(&rtnl, &interface, &both, &fault), 0);
	cr_expect_neq(if_nametoindex("lbmesh0"), 0);
	interface_undo(&rtnl, &interface, &both);
	interface_release(&interface);
	cr_expect_eq(if_nametoindex("lbmesh0"), 0);
}

Test(interface, is_as_before_when_the_commit_of_a_change_is_refused)
{
	struct interface interface;
	struct fault fault;

	namespace_enter();
	converge(&one);
	look(&both, &interface);
	cr_assert_eq(interface_ensure(&rtnl, &interface, &both, &fault), 0);
	cr_assert_eq(interface_addresses_add(&rtnl, &interface, &both, &fault), 0);
	interface_undo(&rtnl, &interface, &both);
	interface_release(&interface);
	expect(&one);
}

Test(interface, gets_the_sentence_of_the_kernel_when_it_refuses)
{
	struct wanted bad = {.mtu = 1380};
	struct interface interface;
	struct fault fault;

	namespace_enter();
	cr_assert_eq(interface_look(&rtnl, "lbmesh0", "nokind", &bad, &interface, &fault), 0);
	cr_expect_eq(interface_ensure(&rtnl, &interface, &bad, &fault), -EOPNOTSUPP);
	cr_expect_str_eq(fault.text, "cannot create interface lbmesh0: Unknown device type "
				     "(Operation not supported)");
	interface_release(&interface);
}
