// SPDX-License-Identifier: LGPL-2.1-or-later
/* test-event.c - multicast messages: events, what is none, and a broken socket. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

static struct test_wire wire;
static struct test_message message;
static struct lbmesh_error err;
static struct lbmesh_event event;
static int kernel;

static void setup(void)
{
	int fds[2];

	test_wire_open(&wire);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	wire.conn->events.fd = fds[0];
	wire.conn->event_buf = malloc(LBM_RECEIVE_SIZE);
	cr_assert(wire.conn->event_buf);
	kernel = fds[1];
}

static void teardown(void)
{
	close(wire.conn->events.fd);
	close(kernel);
	test_wire_close(&wire);
}

static void notification_make(uint64_t generation)
{
	struct nlmsghdr *nlh = test_message(&message, TEST_FAMILY, LBMESH_CMD_GENERATION_NTF, 0);

	mnl_attr_put_u64(nlh, LBMESH_A_GENERATION, generation);
	mnl_attr_put_u8(nlh, LBMESH_A_STATE, LBMESH_STATE_ACTIVE);
}

static void send_bytes(size_t len)
{
	cr_assert_eq(send(kernel, message.bytes, len, 0), (ssize_t)len);
}

TestSuite(event, .init = setup, .fini = teardown);

Test(event, without_one_nothing_is_waited_for)
{
	cr_assert_eq(lbmesh_event_fd(wire.conn), wire.conn->events.fd);
	cr_assert_eq(lbmesh_event_next(wire.conn, &event, &err), 0);
}

Test(event, a_new_generation_is_an_event)
{
	notification_make(5);
	send_bytes(message.nlh->nlmsg_len);
	cr_assert_eq(lbmesh_event_next(wire.conn, &event, &err), 1);
	cr_assert_eq(event.kind, LBMESH_EVENT_GENERATION);
	cr_assert_eq(event.generation.number, 5);
	cr_assert_eq(event.generation.state, LBMESH_STATE_ACTIVE);
	cr_assert_not(event.generation.has_last);
	cr_assert_eq(lbmesh_event_next(wire.conn, &event, &err), 0);
}

Test(event, a_generation_that_waits_for_confirm_says_how_long_and_what_returns)
{
	struct nlmsghdr *nlh = test_message(&message, TEST_FAMILY, LBMESH_CMD_GENERATION_NTF, 0);

	mnl_attr_put_u64(nlh, LBMESH_A_GENERATION, 7);
	mnl_attr_put_u8(nlh, LBMESH_A_STATE, LBMESH_STATE_PENDING);
	mnl_attr_put_u32(nlh, LBMESH_A_PENDING_MS, 12300);
	mnl_attr_put_u64(nlh, LBMESH_A_FALLBACK, 6);
	send_bytes(message.nlh->nlmsg_len);
	notification_make(6);
	send_bytes(message.nlh->nlmsg_len);
	cr_assert_eq(lbmesh_event_next(wire.conn, &event, &err), 1);
	cr_assert_eq(event.generation.number, 7);
	cr_assert_eq(event.generation.state, LBMESH_STATE_PENDING);
	cr_assert_eq(event.generation.pending_ms, 12300);
	cr_assert(event.generation.has_fallback);
	cr_assert_eq(event.generation.fallback, 6);
	/* The next event has nothing of it. */
	cr_assert_eq(lbmesh_event_next(wire.conn, &event, &err), 1);
	cr_assert_eq(event.generation.state, LBMESH_STATE_ACTIVE);
	cr_assert_eq(event.generation.pending_ms, 0);
	cr_assert_not(event.generation.has_fallback);
	cr_assert_eq(event.generation.fallback, 0);
}

Test(event, a_denied_packet_is_an_event_with_how_many_were_kept_back)
{
	struct nlmsghdr *nlh = test_message(&message, TEST_FAMILY, LBMESH_CMD_VERDICT_NTF, 0);
	struct nlattr *nest;

	mnl_attr_put_u64(nlh, LBMESH_A_GENERATION, 7);
	nest = mnl_attr_nest_start(nlh, LBMESH_A_FLOW); /* malformed: nothing is known of it */
	mnl_attr_put_u32(nlh, LBMESH_A_FLOW_IFINDEX, 3);
	mnl_attr_nest_end(nlh, nest);
	nest = mnl_attr_nest_start(nlh, LBMESH_A_VERDICT);
	mnl_attr_put_u8(nlh, LBMESH_A_VERDICT_ACTION, LBMESH_ACTION_DENY);
	mnl_attr_put_u8(nlh, LBMESH_A_VERDICT_REASON, LBMESH_REASON_MALFORMED);
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_put_u64(nlh, LBMESH_A_SUPPRESSED, 99);
	send_bytes(nlh->nlmsg_len);
	notification_make(8);
	send_bytes(message.nlh->nlmsg_len);
	cr_assert_eq(lbmesh_event_next(wire.conn, &event, &err), 1);
	cr_assert_eq(event.kind, LBMESH_EVENT_VERDICT);
	cr_assert_eq(event.judgement.verdict.reason, LBMESH_REASON_MALFORMED);
	cr_assert_eq(event.judgement.flow.ifindex, 3);
	cr_assert_eq(event.judgement.flow.src.family, 0);
	cr_assert_eq(event.judgement.suppressed, 99);
	cr_assert_eq(event.judgement.generation, 7);
	/* Both kinds come on one socket. */
	cr_assert_eq(lbmesh_event_next(wire.conn, &event, &err), 1);
	cr_assert_eq(event.kind, LBMESH_EVENT_GENERATION);
	cr_assert_eq(event.judgement.suppressed, 0);
}

Test(event, a_module_without_a_group_is_an_error)
{
	cr_assert_eq(lbmesh_event_subscribe_verdicts(wire.conn, &err), -EPROTONOSUPPORT);
	cr_assert_str_eq(err.message, "the lbmesh module has no group \"verdict\"");
	cr_assert_eq(lbmesh_event_subscribe(wire.conn, &err), -EPROTONOSUPPORT);
	cr_assert_str_eq(err.message, "the lbmesh module has no group \"generation\"");
}

Test(event, two_in_one_datagram_are_two_events)
{
	size_t len;

	notification_make(5);
	len = message.nlh->nlmsg_len;
	memcpy(message.bytes + len, message.bytes, len);
	send_bytes(2 * len);
	cr_assert_eq(lbmesh_event_next(wire.conn, &event, &err), 1);
	cr_assert_eq(lbmesh_event_next(wire.conn, &event, &err), 1);
	cr_assert_eq(lbmesh_event_next(wire.conn, &event, &err), 0);
}

Test(event, what_is_no_event_is_passed_over)
{
	send_bytes(3);
	test_message(&message, TEST_FAMILY + 1, LBMESH_CMD_GENERATION_NTF, 0);
	send_bytes(message.nlh->nlmsg_len);
	test_message(&message, TEST_FAMILY, LBMESH_CMD_VERDICT_NTF, 0); /* no verdict */
	send_bytes(message.nlh->nlmsg_len);
	test_message(&message, TEST_FAMILY, LBMESH_CMD_AUDIT_RESULT, 0);
	send_bytes(message.nlh->nlmsg_len);
	test_message(&message, TEST_FAMILY, LBMESH_CMD_GENERATION_NTF, 0); /* no generation */
	send_bytes(message.nlh->nlmsg_len);
	notification_make(6);
	send_bytes(message.nlh->nlmsg_len - 4); /* cut off */
	notification_make(7);
	send_bytes(message.nlh->nlmsg_len);
	cr_assert_eq(lbmesh_event_next(wire.conn, &event, &err), 1);
	cr_assert_eq(event.generation.number, 7);
}

Test(event, a_broken_socket_is_an_error)
{
	close(kernel);
	cr_assert_eq(lbmesh_event_next(wire.conn, &event, &err), -EPIPE);
	cr_assert_eq(err.code, EPIPE);
	kernel = -1;
}
