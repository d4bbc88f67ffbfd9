// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-exchange.c - requests and answers on the wire: what was sent, what is
 * made of refusals, and what comes unasked.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

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

static void answer_info(uint32_t seq)
{
	struct nlmsghdr *nlh = test_message(&message, TEST_FAMILY, LBMESH_CMD_INFO_GET, seq);

	mnl_attr_put_u32(nlh, LBMESH_A_FAMILY_VERSION, 1);
	mnl_attr_put_strz(nlh, LBMESH_A_MODULE_VERSION, "9.9");
	test_wire_send(&wire, &message);
}

static void answer_ack(uint32_t seq, int error, const char *sentence, const uint32_t *offset)
{
	test_ack(&message, seq, error, sentence, offset);
	test_wire_send(&wire, &message);
}

TestSuite(exchange, .init = setup, .fini = teardown);

Test(exchange, a_question_is_answered)
{
	struct lbmesh_info info;

	answer_info(1);
	answer_ack(1, 0, NULL, NULL);
	cr_assert_eq(lbmesh_info_get(wire.conn, &info, &err), 0);
	cr_assert_str_eq(info.module_version, "9.9");
	cr_assert_eq(test_wire_receive(&wire), NLMSG_HDRLEN + GENL_HDRLEN);
	cr_assert_eq(wire.in.nlh->nlmsg_type, TEST_FAMILY);
	cr_assert_eq(wire.in.nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	cr_assert_eq(lbm_message_genl(wire.in.nlh)->cmd, LBMESH_CMD_INFO_GET);
	cr_assert_eq(lbm_message_genl(wire.in.nlh)->version, LBMESH_FAMILY_VERSION);
}

Test(exchange, answers_to_an_earlier_question_are_passed_over)
{
	struct lbmesh_info info;

	wire.conn->seq = 5;
	answer_ack(5, EINVAL, "old", NULL);
	answer_info(6);
	answer_ack(6, 0, NULL, NULL);
	cr_assert_eq(lbmesh_info_get(wire.conn, &info, &err), 0);
}

Test(exchange, an_acknowledgement_without_an_answer_is_an_error)
{
	struct lbmesh_info info;

	answer_ack(1, 0, NULL, NULL);
	cr_assert_eq(lbmesh_info_get(wire.conn, &info, &err), -EPROTO);
	cr_assert_eq(err.code, EPROTO);
}

Test(exchange, a_refusal_carries_the_sentence_of_the_kernel)
{
	struct lbmesh_info info;

	answer_ack(1, EPERM, "you may not", NULL);
	cr_assert_eq(lbmesh_info_get(wire.conn, &info, &err), -EPERM);
	cr_assert_eq(err.code, EPERM);
	cr_assert_str_eq(err.message, "you may not");
	cr_assert_str_eq(err.path, "");
}

Test(exchange, a_refusal_without_a_sentence_gets_one)
{
	struct lbmesh_info info;

	answer_ack(1, EPERM, NULL, NULL);
	cr_assert_eq(lbmesh_info_get(wire.conn, &info, &err), -EPERM);
	cr_assert_not_null(strstr(err.message, "CAP_NET_ADMIN"));
	answer_ack(2, ENOENT, NULL, NULL);
	cr_assert_eq(lbmesh_info_get(wire.conn, &info, &err), -ENOENT);
	cr_assert_not_null(strstr(err.message, "unloaded"));
	answer_ack(3, 4000, NULL, NULL);
	cr_assert_eq(lbmesh_info_get(wire.conn, &info, &err), -4000);
	cr_assert_str_eq(err.message, "unknown error");
	/* Nobody has to want to know. */
	answer_ack(4, EPERM, "you may not", NULL);
	cr_assert_eq(lbmesh_info_get(wire.conn, &info, NULL), -EPERM);
}

Test(exchange, blanks_at_the_end_of_a_sentence_are_cut)
{
	struct lbmesh_info info;

	answer_ack(1, EBUSY, "generation 7 is pending    ", NULL);
	cr_assert_eq(lbmesh_info_get(wire.conn, &info, &err), -EBUSY);
	cr_assert_str_eq(err.message, "generation 7 is pending");
	/* Nothing but blanks is no sentence. */
	answer_ack(2, EINVAL, "   ", NULL);
	cr_assert_eq(lbmesh_info_get(wire.conn, &info, &err), -EINVAL);
	cr_assert_str_eq(err.message, "Invalid argument");
}

Test(exchange, a_malformed_acknowledgement_is_an_error)
{
	struct lbmesh_info info;

	test_ack(&message, 1, 0, NULL, NULL);
	message.nlh->nlmsg_len = NLMSG_HDRLEN + 4;
	test_wire_send(&wire, &message);
	cr_assert_eq(lbmesh_info_get(wire.conn, &info, &err), -EPROTO);
	answer_ack(2, -5, NULL, NULL);
	cr_assert_eq(lbmesh_info_get(wire.conn, &info, &err), -EPROTO);
	/* The sentence is cut off: the errno still counts. */
	test_ack(&message, 3, EINVAL, "long enough a sentence", NULL);
	message.nlh->nlmsg_len -= 8;
	test_wire_send(&wire, &message);
	cr_assert_eq(lbmesh_info_get(wire.conn, &info, &err), -EINVAL);
	cr_assert_str_eq(err.message, "Invalid argument");
}

Test(exchange, a_silent_kernel_is_a_timeout)
{
	struct lbmesh_info info;

	wire.conn->timeout_ms = 20;
	cr_assert_eq(lbmesh_info_get(wire.conn, &info, &err), -ETIMEDOUT);
	cr_assert_str_eq(err.message, "no answer from the kernel in 20 ms");
}

Test(exchange, a_datagram_with_a_tail_that_is_no_message_is_an_error)
{
	struct lbmesh_info info;

	test_ack(&message, 1, 0, NULL, NULL);
	message.nlh->nlmsg_len += 8; /* sent with a tail ... */
	cr_assert_eq(send(wire.kernel, message.bytes, message.nlh->nlmsg_len, 0),
		     (ssize_t)message.nlh->nlmsg_len);
	/* ... that belongs to the message, and this one has a tail of its own. */
	test_ack(&message, 2, 0, NULL, NULL);
	cr_assert_eq(send(wire.kernel, message.bytes, message.nlh->nlmsg_len + 8, 0),
		     (ssize_t)message.nlh->nlmsg_len + 8);
	cr_assert_eq(lbmesh_info_get(wire.conn, &info, &err), -EPROTO);
	cr_assert_eq(lbmesh_info_get(wire.conn, &info, &err), -EPROTO);
}

Test(exchange, a_result_that_comes_between_is_kept)
{
	struct lbmesh_result result;
	struct lbmesh_info info;

	test_result(&message, 42, 0);
	test_wire_send(&wire, &message);
	answer_info(1);
	answer_ack(1, 0, NULL, NULL);
	cr_assert_eq(lbmesh_info_get(wire.conn, &info, &err), 0);
	cr_assert_eq(lbmesh_commit_wait(wire.conn, 42, 0, &result, &err), 0);
	cr_assert_eq(result.generation, 7);
	cr_assert_eq(lbmesh_commit_wait(wire.conn, 42, 0, &result, &err), -ETIMEDOUT);
}

Test(exchange, too_many_results_push_out_the_oldest_and_that_is_noticed)
{
	struct lbmesh_result result = {0};

	for (uint64_t cookie = 1; cookie <= LBM_STASH_MAX + 1; cookie++) {
		result.cookie = cookie;
		lbm_stash_put(wire.conn, &result);
	}
	cr_assert(wire.conn->overrun);
	cr_assert_not(lbm_stash_take(wire.conn, 1, &result));
	cr_assert(lbm_stash_take(wire.conn, 2, &result));
	cr_assert(lbm_stash_take(wire.conn, LBM_STASH_MAX + 1, &result));
	cr_assert_eq(wire.conn->n_stash, LBM_STASH_MAX - 2);
}

Test(exchange, a_result_that_is_sent_again_is_kept_once)
{
	struct lbmesh_result result = {.cookie = 1};

	lbm_stash_put(wire.conn, &result);
	lbm_stash_put(wire.conn, &result);
	cr_assert_eq(wire.conn->n_stash, 1);
}

Test(exchange, events_need_a_subscription)
{
	struct lbmesh_event event;

	cr_assert_eq(lbmesh_event_fd(wire.conn), -EBADF);
	cr_assert_eq(lbmesh_event_next(wire.conn, &event, &err), -EBADF);
	cr_assert_eq(lbmesh_event_subscribe(wire.conn, &err), -EPROTONOSUPPORT);
}
