// SPDX-License-Identifier: LGPL-2.1-or-later
/* test-job.c - commits, flushes, confirms, reverts: sent, sent again, waited for, lost. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "test.h"

static struct test_wire wire;
static struct test_message message;
static struct lbmesh_error err;
static struct lbmesh_commit *commit;

static void setup(void)
{
	test_wire_open(&wire);
	commit = lbmesh_commit_new(LBMESH_COMMIT_MODE_DELTA);
	cr_assert(commit);
	lbmesh_commit_set_expect_gen(commit, 3);
	cr_assert_eq(lbmesh_commit_set_token(commit, 99), 0);
	cr_assert_eq(lbmesh_commit_put_network(commit, &(struct lbmesh_network){1, "n"}), 0);
}

static void teardown(void)
{
	lbmesh_commit_free(commit);
	test_wire_close(&wire);
}

static void answer_cookie(uint32_t seq, uint64_t cookie)
{
	struct nlmsghdr *nlh = test_message(&message, TEST_FAMILY, LBMESH_CMD_COMMIT, seq);

	mnl_attr_put_u64(nlh, LBMESH_A_COOKIE, cookie);
	test_wire_send(&wire, &message);
	test_ack(&message, seq, 0, NULL, NULL);
	test_wire_send(&wire, &message);
}

static void answer_generation(uint32_t seq, uint64_t cookie, uint8_t state, bool result)
{
	struct nlmsghdr *nlh = test_message(&message, TEST_FAMILY, LBMESH_CMD_GENERATION_GET, seq);
	struct nlattr *nest;

	mnl_attr_put_u64(nlh, LBMESH_A_GENERATION, 12);
	mnl_attr_put_u8(nlh, LBMESH_A_STATE, state);
	mnl_attr_put_u64(nlh, LBMESH_A_COOKIE, cookie);
	if (result) {
		nest = mnl_attr_nest_start(nlh, LBMESH_A_RESULT);
		mnl_attr_put_u32(nlh, LBMESH_A_RESULT_ERRNO, 0);
		mnl_attr_nest_end(nlh, nest);
	}
	test_wire_send(&wire, &message);
	test_ack(&message, seq, 0, NULL, NULL);
	test_wire_send(&wire, &message);
}

static void send_result(uint64_t cookie, uint32_t code)
{
	test_result(&message, cookie, code);
	test_wire_send(&wire, &message);
}

TestSuite(job, .init = setup, .fini = teardown);

Test(job, a_commit_is_one_message_with_its_scalars_first)
{
	static const uint16_t types[] = {LBMESH_A_MODE, LBMESH_A_TOKEN, LBMESH_A_EXPECT_GEN,
					 LBMESH_A_CONFIRM_TIMEOUT, LBMESH_A_NETWORK};
	const struct nlattr *attr;
	uint64_t cookie;
	ssize_t len;
	size_t i = 0;

	lbmesh_commit_set_confirm_timeout(commit, 5000);
	answer_cookie(1, 8);
	cr_assert_eq(lbmesh_commit_send(wire.conn, commit, &cookie, &err), 0);
	cr_assert_eq(cookie, 8);
	len = test_wire_receive(&wire);
	cr_assert_eq((ssize_t)wire.in.nlh->nlmsg_len, len);
	mnl_attr_for_each(attr, wire.in.nlh, GENL_HDRLEN) {
		cr_assert_lt(i, lbm_array_size(types));
		cr_assert_eq(mnl_attr_get_type(attr), types[i]);
		if (types[i] == LBMESH_A_TOKEN)
			cr_assert_eq(mnl_attr_get_u64(attr), 99);
		if (types[i] == LBMESH_A_EXPECT_GEN)
			cr_assert_eq(mnl_attr_get_u64(attr), 3);
		i++;
	}
	cr_assert_eq(i, lbm_array_size(types));
}

Test(job, a_commit_with_no_object_is_sent_too)
{
	struct lbmesh_commit *empty = lbmesh_commit_new(LBMESH_COMMIT_MODE_REPLACE);
	uint64_t cookie;

	cr_assert(empty);
	answer_cookie(1, 8);
	cr_assert_eq(lbmesh_commit_send(wire.conn, empty, &cookie, &err), 0);
	cr_assert_gt(test_wire_receive(&wire), 0);
	lbmesh_commit_free(empty);
}

Test(job, a_refusal_names_the_object_and_the_attribute)
{
	/* headers 20, mode 8, token 12, expect-gen 12; the network's label is 12 in. */
	uint32_t offset = 20 + 8 + 12 + 12 + 12;
	uint64_t cookie;

	test_ack(&message, 1, EINVAL, "network: label is bad", &offset);
	test_wire_send(&wire, &message);
	cr_assert_eq(lbmesh_commit_send(wire.conn, commit, &cookie, &err), -EINVAL);
	cr_assert_str_eq(err.message, "network: label is bad");
	cr_assert_str_eq(err.path, "network[0].label");
	cr_assert_eq(err.object, LBMESH_OBJECT_NETWORK);
	cr_assert_eq(err.index, 0);
	cr_assert_eq(err.phase, LBMESH_PHASE_PARSE);
}

static uint64_t token_of(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) == LBMESH_A_TOKEN)
			return mnl_attr_get_u64(attr);
	}
	return 0;
}

/* Takes the first request for lost and answers the second. */
static void *answer_second(void *data)
{
	uint64_t *tokens = data;

	for (uint32_t i = 0; i < 2; i++) {
		cr_assert_gt(recv(wire.kernel, wire.in.bytes, sizeof(wire.in.bytes), 0), 0);
		tokens[i] = token_of((const void *)wire.in.bytes);
	}
	answer_cookie(2, 8);
	return NULL;
}

Test(job, a_lost_answer_makes_it_ask_again_with_the_same_token)
{
	uint64_t tokens[2] = {0};
	pthread_t kernel;
	uint64_t cookie;

	/* Long enough for the answer of a thread on a slow machine. */
	wire.conn->timeout_ms = 500;
	cr_assert_eq(pthread_create(&kernel, NULL, answer_second, tokens), 0);
	cr_assert_eq(lbmesh_commit_send(wire.conn, commit, &cookie, &err), 0);
	cr_assert_eq(pthread_join(kernel, NULL), 0);
	cr_assert_eq(cookie, 8);
	cr_assert_eq(tokens[0], 99);
	cr_assert_eq(tokens[1], 99);
}

Test(job, a_kernel_that_stays_silent_is_a_timeout)
{
	uint64_t cookie;

	wire.conn->timeout_ms = 10;
	cr_assert_eq(lbmesh_commit_send(wire.conn, commit, &cookie, &err), -ETIMEDOUT);
	cr_assert_eq(cookie, 0);
}

Test(job, an_acknowledgement_without_a_cookie_is_an_error)
{
	uint64_t cookie;

	test_ack(&message, 1, 0, NULL, NULL);
	test_wire_send(&wire, &message);
	cr_assert_eq(lbmesh_commit_send(wire.conn, commit, &cookie, &err), -EPROTO);
}

Test(job, results_are_matched_by_cookie_whatever_their_order)
{
	struct lbmesh_result result;

	send_result(3, 0);
	send_result(2, EBUSY);
	send_result(1, 0);
	cr_assert_eq(lbmesh_commit_wait(wire.conn, 1, 1000, &result, &err), 0);
	cr_assert_eq(result.cookie, 1);
	cr_assert_eq(lbmesh_commit_wait(wire.conn, 2, 1000, &result, &err), -EBUSY);
	cr_assert_eq(err.code, EBUSY);
	cr_assert_eq(err.object, LBMESH_OBJECT_PEER);
	cr_assert_eq(result.cookie, 2);
	cr_assert_eq(lbmesh_commit_wait(wire.conn, 3, 1000, NULL, NULL), 0);
}

Test(job, running_is_sending_and_waiting)
{
	struct lbmesh_result result;

	answer_cookie(1, 8);
	send_result(8, 0);
	cr_assert_eq(lbmesh_commit_run(wire.conn, commit, 1000, &result, &err), 0);
	cr_assert_eq(result.generation, 7);
}

Test(job, a_result_before_its_cookie_is_found)
{
	struct lbmesh_result result;

	send_result(8, 0);
	answer_cookie(1, 8);
	cr_assert_eq(lbmesh_commit_run(wire.conn, commit, 1000, &result, &err), 0);
}

Test(job, a_lost_result_is_asked_for)
{
	struct lbmesh_result result;

	wire.conn->overrun = true;
	answer_generation(1, 8, LBMESH_STATE_ACTIVE, true);
	cr_assert_eq(lbmesh_commit_wait(wire.conn, 8, 1000, &result, &err), 0);
	cr_assert_eq(result.cookie, 8);
	cr_assert_eq(result.generation, 12);
}

Test(job, while_the_job_runs_a_loss_does_not_end_the_wait)
{
	struct lbmesh_result result;

	wire.conn->overrun = true;
	answer_generation(1, 7, LBMESH_STATE_COMMITTING, true);
	send_result(8, 0);
	cr_assert_eq(lbmesh_commit_wait(wire.conn, 8, 1000, &result, &err), 0);
}

Test(job, a_lost_result_of_an_earlier_job_is_said_to_be_lost)
{
	struct lbmesh_result result;

	wire.conn->overrun = true;
	answer_generation(1, 9, LBMESH_STATE_ACTIVE, true);
	cr_assert_eq(lbmesh_commit_wait(wire.conn, 8, 1000, &result, &err), -ENODATA);
}

Test(job, waiting_ends_in_time)
{
	struct lbmesh_result result;
	int64_t began = lbm_now_ms();

	cr_assert_eq(lbmesh_commit_wait(wire.conn, 8, 30, &result, &err), -ETIMEDOUT);
	cr_assert_geq(lbm_now_ms() - began, 30);
	cr_assert_eq(result.cookie, 0);
}

Test(job, noise_does_not_end_a_wait)
{
	struct lbmesh_result result;

	test_message(&message, TEST_FAMILY + 1, LBMESH_CMD_COMMIT_RESULT, 0);
	test_wire_send(&wire, &message);
	cr_assert_eq(send(wire.kernel, "noise", 5, 0), 5);
	test_message(&message, TEST_FAMILY, LBMESH_CMD_GENERATION_NTF, 0);
	test_wire_send(&wire, &message);
	send_result(8, 0);
	cr_assert_eq(lbmesh_commit_wait(wire.conn, 8, 1000, &result, &err), 0);
}

Test(job, a_malformed_result_counts_as_lost)
{
	struct lbmesh_result result;

	test_message(&message, TEST_FAMILY, LBMESH_CMD_COMMIT_RESULT, 0);
	test_wire_send(&wire, &message);
	answer_generation(1, 8, LBMESH_STATE_ACTIVE, true);
	cr_assert_eq(lbmesh_commit_wait(wire.conn, 8, 1000, &result, &err), 0);
}

Test(job, a_flush_says_which_generation_it_means)
{
	const uint64_t expect_gen = 5;
	const struct nlattr *attr;
	struct lbmesh_result result;
	bool seen = false;

	answer_cookie(1, 8);
	send_result(8, 0);
	cr_assert_eq(lbmesh_flush(wire.conn, &expect_gen, 1000, &result, &err), 0);
	cr_assert_gt(test_wire_receive(&wire), 0);
	cr_assert_eq(lbm_message_genl(wire.in.nlh)->cmd, LBMESH_CMD_FLUSH);
	mnl_attr_for_each(attr, wire.in.nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) == LBMESH_A_EXPECT_GEN)
			seen = mnl_attr_get_u64(attr) == 5;
	}
	cr_assert(seen);
}

Test(job, confirm_and_revert_name_the_generation_and_nothing_else)
{
	static const struct {
		struct nlattr head;
		uint32_t number[2];
	} expected = {{12, LBMESH_A_GENERATION}, {0x9abcdef0, 0x12345678}};
	static const uint8_t cmds[] = {LBMESH_CMD_CONFIRM, LBMESH_CMD_REVERT};
	const uint64_t number = 0x123456789abcdef0;

	for (uint32_t i = 0; i < 2; i++) {
		struct lbmesh_result result;
		int ret;

		answer_cookie(i + 1, 8);
		send_result(8, 0);
		ret = cmds[i] == LBMESH_CMD_CONFIRM
			      ? lbmesh_confirm(wire.conn, number, 1000, &result, &err)
			      : lbmesh_revert(wire.conn, number, 1000, &result, &err);
		cr_assert_eq(ret, 0);
		cr_assert_eq(result.cookie, 8);
		cr_assert_eq(result.generation, 7);
		cr_assert_eq(test_wire_receive(&wire), 20 + (ssize_t)sizeof(expected));
		cr_assert_eq(wire.in.nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
		cr_assert_eq(lbm_message_genl(wire.in.nlh)->cmd, cmds[i]);
		cr_assert_arr_eq((const uint8_t *)mnl_nlmsg_get_payload_offset(wire.in.nlh,
									       GENL_HDRLEN),
				 (const uint8_t *)&expected, sizeof(expected));
	}
}

Test(job, a_refused_confirm_says_why_and_leaves_no_result)
{
	struct lbmesh_result result = {.cookie = 1};

	test_ack(&message, 1, ESTALE, "generation 9 is pending", NULL);
	test_wire_send(&wire, &message);
	cr_assert_eq(lbmesh_confirm(wire.conn, 8, 1000, &result, &err), -ESTALE);
	cr_assert_str_eq(err.message, "generation 9 is pending");
	cr_assert_eq(result.cookie, 0);
	cr_assert_eq(lbmesh_confirm(wire.conn, 8, 1000, NULL, NULL), -ETIMEDOUT);
}

/* It has no token: the second one would be refused, though the first was done. */
Test(job, a_confirm_is_sent_once)
{
	wire.conn->timeout_ms = 10;
	cr_assert_eq(lbmesh_confirm(wire.conn, 8, 1000, NULL, &err), -ETIMEDOUT);
	cr_assert_gt(test_wire_receive(&wire), 0);
	cr_assert_eq(test_wire_receive(&wire), -1);
}

Test(job, a_cookie_without_an_acknowledgement_is_enough)
{
	struct lbmesh_result result;
	struct nlmsghdr *nlh = test_message(&message, TEST_FAMILY, LBMESH_CMD_CONFIRM, 1);

	wire.conn->timeout_ms = 10;
	mnl_attr_put_u64(nlh, LBMESH_A_COOKIE, 8);
	test_wire_send(&wire, &message);
	send_result(8, 0);
	cr_assert_eq(lbmesh_confirm(wire.conn, 8, 1000, &result, &err), 0);
	cr_assert_eq(result.cookie, 8);
	cr_assert_eq(err.code, 0);
	cr_assert_gt(test_wire_receive(&wire), 0);
	cr_assert_eq(test_wire_receive(&wire), -1);
}

Test(job, a_job_that_failed_in_its_middle_tells_what_stays)
{
	struct lbmesh_result result;

	answer_cookie(1, 8);
	send_result(8, ENOMEM);
	cr_assert_eq(lbmesh_revert(wire.conn, 7, 1000, &result, &err), -ENOMEM);
	cr_assert_eq(result.cookie, 8);
	cr_assert_eq(result.generation, 7);
	cr_assert_eq(err.code, ENOMEM);
}

Test(job, the_lost_result_of_a_commit_that_timed_out_differs_from_one_that_runs)
{
	struct lbmesh_result result;
	struct nlmsghdr *nlh;
	struct nlattr *nest;

	wire.conn->overrun = true;
	nlh = test_message(&message, TEST_FAMILY, LBMESH_CMD_GENERATION_GET, 1);
	mnl_attr_put_u64(nlh, LBMESH_A_GENERATION, 6);
	mnl_attr_put_u8(nlh, LBMESH_A_STATE, LBMESH_STATE_ACTIVE);
	mnl_attr_put_u64(nlh, LBMESH_A_COOKIE, 8);
	nest = mnl_attr_nest_start(nlh, LBMESH_A_RESULT);
	mnl_attr_put_u32(nlh, LBMESH_A_RESULT_ERRNO, ETIMEDOUT);
	mnl_attr_put_u8(nlh, LBMESH_A_RESULT_PHASE, LBMESH_PHASE_CONFIRM);
	mnl_attr_nest_end(nlh, nest);
	test_wire_send(&wire, &message);
	test_ack(&message, 1, 0, NULL, NULL);
	test_wire_send(&wire, &message);
	cr_assert_eq(lbmesh_commit_wait(wire.conn, 8, 1000, &result, &err), -ETIMEDOUT);
	cr_assert_eq(result.cookie, 8);
	cr_assert_eq(result.generation, 6);
	cr_assert_eq(err.phase, LBMESH_PHASE_CONFIRM);
}
