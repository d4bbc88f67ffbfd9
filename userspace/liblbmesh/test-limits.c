// SPDX-License-Identifier: LGPL-2.1-or-later
/* test-limits.c - limits: the bytes that set them, and refusals. */
#include <errno.h>
#include <string.h>

#include "test.h"

static struct test_wire wire;
static struct test_message message;
static struct lbmesh_error err;

static void setup(void)
{
	test_wire_open(&wire);
}

static void teardown(void)
{
	test_wire_close(&wire);
}

TestSuite(limits, .init = setup, .fini = teardown);

Test(limits, only_those_that_are_given_are_sent)
{
	static const struct {
		struct nlattr nest;
		struct nlattr peers_head;
		uint32_t peers;
		struct nlattr bytes_head;
		uint32_t bytes;
	} expected = {{20, LBMESH_A_LIMITS | NLA_F_NESTED},
		      {8, LBMESH_A_COUNTS_PEERS},
		      30000,
		      {8, LBMESH_A_COUNTS_MESSAGE_BYTES},
		      UINT32_MAX};
	const struct lbmesh_counts limits = {.peers = 30000, .message_bytes = UINT32_MAX};

	test_ack(&message, 1, 0, NULL, NULL);
	test_wire_send(&wire, &message);
	cr_assert_eq(lbmesh_limits_set(wire.conn, &limits, &err), 0);
	cr_assert_eq(test_wire_receive(&wire),
		     (ssize_t)(NLMSG_HDRLEN + GENL_HDRLEN + sizeof(expected)));
	cr_assert_eq(lbm_message_genl(wire.in.nlh)->cmd, LBMESH_CMD_LIMITS_SET);
	cr_assert_arr_eq((const uint8_t *)mnl_nlmsg_get_payload_offset(wire.in.nlh, GENL_HDRLEN),
			 (const uint8_t *)&expected, sizeof(expected));
}

Test(limits, all_of_them_fit_one_message_each_under_its_own_number)
{
	const struct lbmesh_counts limits = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
	const struct nlattr *nest;
	const struct nlattr *attr;
	uint32_t n = 0;

	test_ack(&message, 1, 0, NULL, NULL);
	test_wire_send(&wire, &message);
	cr_assert_eq(lbmesh_limits_set(wire.conn, &limits, &err), 0);
	cr_assert_gt(test_wire_receive(&wire), 0);
	nest = mnl_nlmsg_get_payload_offset(wire.in.nlh, GENL_HDRLEN);
	mnl_attr_for_each_nested(attr, nest) {
		/* The struct has the order of the spec. */
		n++;
		cr_assert_eq(mnl_attr_get_type(attr), n);
		cr_assert_eq(mnl_attr_get_u32(attr), n);
	}
	cr_assert_eq(n, LBMESH_A_COUNTS_MAX);
}

Test(limits, nothing_to_set_is_not_sent)
{
	cr_assert_eq(lbmesh_limits_set(wire.conn, &(struct lbmesh_counts){0}, &err), -EINVAL);
	cr_assert_eq(err.code, EINVAL);
	cr_assert_eq(test_wire_receive(&wire), -1);
}

Test(limits, a_refusal_names_the_limit)
{
	const struct lbmesh_counts limits = {.devices = 1, .peers = UINT32_MAX};
	/* headers 20, the nest 4, devices 8 */
	uint32_t offset = 20 + 4 + 8;

	test_ack(&message, 1, ERANGE, "the limit is too high", &offset);
	test_wire_send(&wire, &message);
	cr_assert_eq(lbmesh_limits_set(wire.conn, &limits, &err), -ERANGE);
	cr_assert_str_eq(err.path, "limits.peers");
	cr_assert_eq(err.object, LBMESH_OBJECT_NONE);
	cr_assert_str_eq(err.message, "the limit is too high");
}

Test(limits, a_silent_kernel_is_a_timeout)
{
	const struct lbmesh_counts limits = {.devices = 1};

	wire.conn->timeout_ms = 10;
	cr_assert_eq(lbmesh_limits_set(wire.conn, &limits, &err), -ETIMEDOUT);
	cr_assert_gt(test_wire_receive(&wire), 0);
	/* Setting twice is setting once, but it is not for the library to try. */
	cr_assert_eq(test_wire_receive(&wire), -1);
}
