// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-dump.c - dumps: many messages, under change, broken off, malformed; and
 * that the callback never sees an object of a dump that did not hold.
 */
#include <errno.h>
#include <string.h>

#include "test.h"

static struct test_wire wire;
static struct test_message message;
static struct lbmesh_error err;
static uint32_t seen[64];
static size_t n_seen;

static void setup(void)
{
	test_wire_open(&wire);
}

static void teardown(void)
{
	test_wire_close(&wire);
}

static int see(const struct lbmesh_network *network, void *data)
{
	(void)data;
	cr_assert_lt(n_seen, lbm_array_size(seen));
	seen[n_seen++] = network->id;
	return network->id == 666 ? 17 : 0;
}

static void send_networks(uint32_t seq, uint64_t generation, uint32_t first, uint32_t last,
			  uint16_t flags)
{
	struct nlmsghdr *nlh = test_message(&message, TEST_FAMILY, LBMESH_CMD_NETWORK_GET, seq);

	nlh->nlmsg_flags = NLM_F_MULTI | flags;
	mnl_attr_put_u64(nlh, LBMESH_A_GENERATION, generation);
	for (uint32_t id = first; id <= last; id++) {
		struct nlattr *nest = mnl_attr_nest_start(nlh, LBMESH_A_NETWORK);

		mnl_attr_put_u32(nlh, LBMESH_A_NETWORK_ID, id);
		mnl_attr_put_strz(nlh, LBMESH_A_NETWORK_LABEL, "label");
		mnl_attr_nest_end(nlh, nest);
	}
	test_wire_send(&wire, &message);
}

static void send_done(uint32_t seq, int error, uint16_t flags)
{
	int *code;

	memset(message.bytes, 0, sizeof(message.bytes));
	message.nlh = mnl_nlmsg_put_header(message.bytes);
	message.nlh->nlmsg_type = NLMSG_DONE;
	message.nlh->nlmsg_seq = seq;
	message.nlh->nlmsg_flags = NLM_F_MULTI | flags;
	code = mnl_nlmsg_put_extra_header(message.nlh, sizeof(*code));
	*code = error;
	test_wire_send(&wire, &message);
}

static int dump(uint64_t *generation)
{
	n_seen = 0;
	return lbmesh_network_dump(wire.conn, see, NULL, generation, &err);
}

TestSuite(dump, .init = setup, .fini = teardown);

Test(dump, an_empty_namespace_shows_nothing)
{
	uint64_t generation = 5;

	send_done(1, 0, 0);
	cr_assert_eq(dump(&generation), 0);
	cr_assert_eq(n_seen, 0);
	cr_assert_eq(generation, 0);
}

Test(dump, objects_of_many_messages_come_in_order)
{
	uint64_t generation;

	send_networks(1, 3, 1, 10, 0);
	send_networks(1, 3, 11, 11, 0);
	send_networks(1, 3, 12, 20, 0);
	send_done(1, 0, 0);
	cr_assert_eq(dump(&generation), 0);
	cr_assert_eq(generation, 3);
	cr_assert_eq(n_seen, 20);
	for (uint32_t i = 0; i < 20; i++)
		cr_assert_eq(seen[i], i + 1);
}

Test(dump, a_dump_that_a_commit_went_through_is_read_again_and_shown_once)
{
	uint64_t generation;

	send_networks(1, 3, 1, 5, 0);
	send_networks(1, 4, 6, 9, NLM_F_DUMP_INTR);
	send_done(1, 0, 0);
	send_networks(2, 4, 1, 9, 0);
	send_done(2, 0, NLM_F_DUMP_INTR);
	send_networks(3, 5, 30, 31, 0);
	send_done(3, 0, 0);
	cr_assert_eq(dump(&generation), 0);
	cr_assert_eq(generation, 5);
	cr_assert_eq(n_seen, 2);
	cr_assert_eq(seen[0], 30);
}

Test(dump, two_generations_in_one_dump_are_noticed_without_the_flag)
{
	uint64_t generation;

	send_networks(1, 3, 1, 5, 0);
	send_networks(1, 4, 6, 9, 0);
	send_done(1, 0, 0);
	send_networks(2, 4, 1, 1, 0);
	send_done(2, 0, 0);
	cr_assert_eq(dump(&generation), 0);
	cr_assert_eq(generation, 4);
	cr_assert_eq(n_seen, 1);
}

Test(dump, it_gives_up_when_every_dump_is_interrupted)
{
	for (uint32_t seq = 1; seq <= 8; seq++) {
		send_networks(seq, seq, 1, 1, 0);
		send_done(seq, 0, NLM_F_DUMP_INTR);
	}
	cr_assert_eq(dump(NULL), -EAGAIN);
	cr_assert_eq(err.code, EAGAIN);
	cr_assert_eq(n_seen, 0);
	cr_assert_eq(wire.conn->seq, 8);
}

Test(dump, the_callback_can_end_it)
{
	send_networks(1, 3, 665, 668, 0);
	send_done(1, 0, 0);
	cr_assert_eq(dump(NULL), 17);
	cr_assert_eq(n_seen, 2);
}

Test(dump, an_error_of_the_kernel_ends_it)
{
	send_networks(1, 3, 1, 5, 0);
	send_done(1, -ENOMEM, 0);
	cr_assert_eq(dump(NULL), -ENOMEM);
	cr_assert_eq(n_seen, 0);
	test_ack(&message, 2, EOPNOTSUPP, "not built", NULL);
	test_wire_send(&wire, &message);
	cr_assert_eq(dump(NULL), -EOPNOTSUPP);
	cr_assert_str_eq(err.message, "not built");
}

Test(dump, one_malformed_object_spoils_it_and_the_rest_is_still_read)
{
	struct nlmsghdr *nlh;
	struct nlattr *nest;

	send_networks(1, 3, 1, 5, 0);
	nlh = test_message(&message, TEST_FAMILY, LBMESH_CMD_NETWORK_GET, 1);
	mnl_attr_put_u64(nlh, LBMESH_A_GENERATION, 3);
	nest = mnl_attr_nest_start(nlh, LBMESH_A_NETWORK);
	mnl_attr_put_u16(nlh, LBMESH_A_NETWORK_ID, 1);
	mnl_attr_nest_end(nlh, nest);
	test_wire_send(&wire, &message);
	send_done(1, 0, 0);
	cr_assert_eq(dump(NULL), -EPROTO);
	cr_assert_eq(n_seen, 0);
	send_done(2, 0, 0);
	cr_assert_eq(dump(NULL), 0);
}

static int ignore_peer(const struct lbmesh_peer *peer, void *data)
{
	(void)peer;
	(void)data;
	return 0;
}

Test(dump, a_filter_goes_to_the_kernel)
{
	const struct nlattr *attr;

	send_done(1, 0, 0);
	cr_assert_eq(lbmesh_peer_dump(wire.conn, 44, ignore_peer, NULL, NULL, &err), 0);
	cr_assert_gt(test_wire_receive(&wire), 0);
	cr_assert_eq(wire.in.nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	attr = mnl_nlmsg_get_payload_offset(wire.in.nlh, GENL_HDRLEN);
	cr_assert_eq(mnl_attr_get_type(attr), LBMESH_A_ID);
	cr_assert_eq(mnl_attr_get_u32(attr), 44);
}
