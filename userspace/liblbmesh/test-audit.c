// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-audit.c - audits and repairs: what is sent, the list that comes before
 * the result, and lists that are malformed, foreign, or not whole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "test.h"

#define COOKIE 8

static const uint8_t key[LBMESH_KEY_LEN] = "0123456789abcdef0123456789abcde";
static struct test_wire wire;
static struct test_message message;
static struct lbmesh_error err;
static struct lbmesh_result result;
static struct lbmesh_drift seen[2048];
static size_t n_seen;

static void setup(void)
{
	test_wire_open(&wire);
}

static void teardown(void)
{
	test_wire_close(&wire);
}

static int see(const struct lbmesh_drift *drift, void *data)
{
	cr_assert_lt(n_seen, lbm_array_size(seen));
	seen[n_seen++] = *drift;
	return data ? *(const int *)data : 0;
}

static void answer_cookie(uint32_t seq)
{
	struct nlmsghdr *nlh = test_message(&message, TEST_FAMILY, LBMESH_CMD_AUDIT, seq);

	mnl_attr_put_u64(nlh, LBMESH_A_COOKIE, COOKIE);
	test_wire_send(&wire, &message);
	test_ack(&message, seq, 0, NULL, NULL);
	test_wire_send(&wire, &message);
}

static void found_begin(uint64_t cookie)
{
	struct nlmsghdr *nlh = test_message(&message, TEST_FAMILY, LBMESH_CMD_AUDIT_RESULT, 0);

	mnl_attr_put_u64(nlh, LBMESH_A_COOKIE, cookie);
	mnl_attr_put_u64(nlh, LBMESH_A_GENERATION, 7);
}

static void found_put(uint8_t kind, uint32_t device, const uint8_t *public_key)
{
	struct nlattr *nest = mnl_attr_nest_start(message.nlh, LBMESH_A_DRIFT);

	mnl_attr_put_u8(message.nlh, LBMESH_A_DRIFT_KIND, kind);
	mnl_attr_put_u32(message.nlh, LBMESH_A_DRIFT_DEVICE, device);
	if (public_key)
		mnl_attr_put(message.nlh, LBMESH_A_DRIFT_PUBLIC_KEY, LBMESH_KEY_LEN, public_key);
	mnl_attr_nest_end(message.nlh, nest);
}

static void found_send(uint64_t cookie, uint8_t kind, uint32_t device, const uint8_t *public_key)
{
	found_begin(cookie);
	found_put(kind, device, public_key);
	test_wire_send(&wire, &message);
}

static void send_result(uint64_t cookie, uint32_t code)
{
	test_result(&message, cookie, code);
	test_wire_send(&wire, &message);
}

static int audit(void)
{
	n_seen = 0;
	return lbmesh_audit(wire.conn, see, NULL, 1000, &result, &err);
}

TestSuite(audit, .init = setup, .fini = teardown);

Test(audit, the_request_is_a_token_and_nothing_else)
{
	static const uint8_t cmds[] = {LBMESH_CMD_AUDIT, LBMESH_CMD_REPAIR};
	uint64_t tokens[2];

	for (uint32_t i = 0; i < 2; i++) {
		const struct nlattr *attr;
		int ret;

		answer_cookie(i + 1);
		send_result(COOKIE, 0);
		ret = cmds[i] == LBMESH_CMD_AUDIT
			      ? lbmesh_audit(wire.conn, see, NULL, 1000, &result, &err)
			      : lbmesh_repair(wire.conn, see, NULL, 1000, &result, &err);
		cr_assert_eq(ret, 0);
		cr_assert_eq(test_wire_receive(&wire), NLMSG_HDRLEN + GENL_HDRLEN + 12);
		cr_assert_eq(wire.in.nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
		cr_assert_eq(lbm_message_genl(wire.in.nlh)->cmd, cmds[i]);
		attr = mnl_nlmsg_get_payload_offset(wire.in.nlh, GENL_HDRLEN);
		cr_assert_eq(mnl_attr_get_type(attr), LBMESH_A_TOKEN);
		tokens[i] = mnl_attr_get_u64(attr);
		cr_assert_neq(tokens[i], 0);
	}
	cr_assert_neq(tokens[0], tokens[1]);
	cr_assert_eq(n_seen, 0);
	cr_assert_null(wire.conn->drifts);
}

Test(audit, what_was_found_is_shown_in_its_order)
{
	answer_cookie(1);
	found_begin(COOKIE);
	found_put(LBMESH_DRIFT_KIND_DEVICE_MISSING, 3, NULL);
	found_put(LBMESH_DRIFT_KIND_PEER_FOREIGN, 4, key);
	test_wire_send(&wire, &message);
	found_send(COOKIE, LBMESH_DRIFT_KIND_ALLOWEDIPS, UINT32_MAX, key);
	send_result(COOKIE, 0);
	cr_assert_eq(audit(), 0);
	cr_assert_eq(result.cookie, COOKIE);
	cr_assert_eq(n_seen, 3);
	cr_assert_eq(seen[0].kind, LBMESH_DRIFT_KIND_DEVICE_MISSING);
	cr_assert_eq(seen[0].device, 3);
	cr_assert_not(seen[0].has_public_key);
	cr_assert_eq(seen[1].kind, LBMESH_DRIFT_KIND_PEER_FOREIGN);
	cr_assert_eq(seen[1].device, 4);
	cr_assert(seen[1].has_public_key);
	cr_assert_arr_eq(seen[1].public_key, key, LBMESH_KEY_LEN);
	cr_assert_eq(seen[2].device, UINT32_MAX);
}

Test(audit, what_comes_before_the_cookie_is_not_lost)
{
	found_send(COOKIE, LBMESH_DRIFT_KIND_KEEPALIVE, 1, key);
	send_result(COOKIE, 0);
	answer_cookie(1);
	cr_assert_eq(audit(), 0);
	cr_assert_eq(n_seen, 1);
}

Test(audit, what_another_job_found_is_passed_over_even_when_malformed)
{
	answer_cookie(1);
	found_send(COOKIE + 1, LBMESH_DRIFT_KIND_KEEPALIVE, 1, key);
	found_send(COOKIE - 1, LBMESH_DRIFT_KIND_KEEPALIVE, 1, NULL);
	found_send(COOKIE, LBMESH_DRIFT_KIND_KEEPALIVE, 2, key);
	send_result(COOKIE + 1, EINVAL);
	send_result(COOKIE, 0);
	cr_assert_eq(audit(), 0);
	cr_assert_eq(n_seen, 1);
	cr_assert_eq(seen[0].device, 2);
}

Test(audit, nobody_keeps_a_list_that_nobody_waits_for)
{
	struct lbmesh_result other;

	found_send(COOKIE, LBMESH_DRIFT_KIND_KEEPALIVE, 1, key);
	send_result(COOKIE, 0);
	cr_assert_eq(lbmesh_commit_wait(wire.conn, COOKIE, 1000, &other, &err), 0);
	answer_cookie(1);
	send_result(COOKIE, 0);
	cr_assert_eq(audit(), 0);
	cr_assert_eq(n_seen, 0);
}

Test(audit, an_empty_list_and_no_list_are_the_same)
{
	answer_cookie(1);
	found_begin(COOKIE);
	test_wire_send(&wire, &message);
	send_result(COOKIE, 0);
	cr_assert_eq(audit(), 0);
	cr_assert_eq(n_seen, 0);
}

Test(audit, a_remark_with_the_result_is_passed_on)
{
	answer_cookie(1);
	send_result(COOKIE, 0);
	cr_assert_eq(audit(), 0);
	cr_assert_str_eq(result.error.message, "peer: WireGuard refused it");
	cr_assert_eq(err.code, 0);
}

/* Each makes one AUDIT_RESULT that no module may send. */

static void no_cookie(void)
{
	test_message(&message, TEST_FAMILY, LBMESH_CMD_AUDIT_RESULT, 0);
	mnl_attr_put_u64(message.nlh, LBMESH_A_GENERATION, 7);
	found_put(LBMESH_DRIFT_KIND_KEEPALIVE, 1, key);
}

static void no_generation(void)
{
	test_message(&message, TEST_FAMILY, LBMESH_CMD_AUDIT_RESULT, 0);
	mnl_attr_put_u64(message.nlh, LBMESH_A_COOKIE, COOKIE);
	found_put(LBMESH_DRIFT_KIND_KEEPALIVE, 1, key);
}

static void short_cookie(void)
{
	test_message(&message, TEST_FAMILY, LBMESH_CMD_AUDIT_RESULT, 0);
	mnl_attr_put_u32(message.nlh, LBMESH_A_COOKIE, COOKIE);
	mnl_attr_put_u64(message.nlh, LBMESH_A_GENERATION, 7);
}

static void no_kind(void)
{
	struct nlattr *nest;

	found_begin(COOKIE);
	nest = mnl_attr_nest_start(message.nlh, LBMESH_A_DRIFT);
	mnl_attr_put_u32(message.nlh, LBMESH_A_DRIFT_DEVICE, 1);
	mnl_attr_nest_end(message.nlh, nest);
}

static void no_device(void)
{
	struct nlattr *nest;

	found_begin(COOKIE);
	nest = mnl_attr_nest_start(message.nlh, LBMESH_A_DRIFT);
	mnl_attr_put_u8(message.nlh, LBMESH_A_DRIFT_KIND, LBMESH_DRIFT_KIND_DEVICE_MISSING);
	mnl_attr_nest_end(message.nlh, nest);
}

static void device_zero(void)
{
	found_begin(COOKIE);
	found_put(LBMESH_DRIFT_KIND_DEVICE_MISSING, 0, NULL);
}

static void wide_kind(void)
{
	struct nlattr *nest;

	found_begin(COOKIE);
	nest = mnl_attr_nest_start(message.nlh, LBMESH_A_DRIFT);
	mnl_attr_put_u32(message.nlh, LBMESH_A_DRIFT_KIND, LBMESH_DRIFT_KIND_DEVICE_MISSING);
	mnl_attr_put_u32(message.nlh, LBMESH_A_DRIFT_DEVICE, 1);
	mnl_attr_nest_end(message.nlh, nest);
}

static void short_device(void)
{
	struct nlattr *nest;

	found_begin(COOKIE);
	nest = mnl_attr_nest_start(message.nlh, LBMESH_A_DRIFT);
	mnl_attr_put_u8(message.nlh, LBMESH_A_DRIFT_KIND, LBMESH_DRIFT_KIND_DEVICE_MISSING);
	mnl_attr_put_u16(message.nlh, LBMESH_A_DRIFT_DEVICE, 1);
	mnl_attr_nest_end(message.nlh, nest);
}

static void short_key(void)
{
	struct nlattr *nest;

	found_begin(COOKIE);
	nest = mnl_attr_nest_start(message.nlh, LBMESH_A_DRIFT);
	mnl_attr_put_u8(message.nlh, LBMESH_A_DRIFT_KIND, LBMESH_DRIFT_KIND_PEER_FOREIGN);
	mnl_attr_put_u32(message.nlh, LBMESH_A_DRIFT_DEVICE, 1);
	mnl_attr_put(message.nlh, LBMESH_A_DRIFT_PUBLIC_KEY, LBMESH_KEY_LEN - 1, key);
	mnl_attr_nest_end(message.nlh, nest);
}

static void peer_without_a_key(void)
{
	found_begin(COOKIE);
	found_put(LBMESH_DRIFT_KIND_PEER_MISSING, 1, NULL);
}

static void a_good_one_and_a_bad_one(void)
{
	found_begin(COOKIE);
	found_put(LBMESH_DRIFT_KIND_DEVICE_MISSING, 1, NULL);
	found_put(LBMESH_DRIFT_KIND_PRESHARED_KEY, 1, NULL);
}

static void cut_off(void)
{
	found_begin(COOKIE);
	found_put(LBMESH_DRIFT_KIND_PEER_FOREIGN, 1, key);
	message.nlh->nlmsg_len -= 4;
}

static void no_header(void)
{
	test_message(&message, TEST_FAMILY, LBMESH_CMD_AUDIT_RESULT, 0);
	mnl_attr_put_u64(message.nlh, LBMESH_A_COOKIE, COOKIE);
	mnl_attr_put_u64(message.nlh, LBMESH_A_GENERATION, 7);
	/* An attribute shorter than its own header. */
	((struct nlattr *)mnl_nlmsg_get_payload_tail(message.nlh))->nla_len = 2;
	message.nlh->nlmsg_len += NLA_HDRLEN;
}

Test(audit, a_malformed_list_is_an_error_and_nothing_of_it_is_shown)
{
	static void (*const bad[])(void) = {
		no_cookie,
		no_generation,
		short_cookie,
		no_kind,
		no_device,
		wide_kind,
		short_device,
		short_key,
		cut_off,
		device_zero,
		no_header,
		a_good_one_and_a_bad_one,
		peer_without_a_key,
	};

	for (uint32_t i = 0; i < lbm_array_size(bad); i++) {
		answer_cookie(i + 1);
		found_send(COOKIE, LBMESH_DRIFT_KIND_KEEPALIVE, 2, key);
		bad[i]();
		test_wire_send(&wire, &message);
		send_result(COOKIE, 0);
		cr_assert_eq(audit(), -EPROTO, "case %u", i);
		cr_assert_eq(err.code, EPROTO);
		cr_assert_eq(n_seen, 0, "case %u", i);
		/* The job itself was done. */
		cr_assert_eq(result.cookie, COOKIE);
	}
}

Test(audit, a_kind_of_a_newer_module_is_taken_with_and_without_a_key)
{
	answer_cookie(1);
	found_send(COOKIE, 200, 1, NULL);
	found_send(COOKIE, 201, 1, key);
	send_result(COOKIE, 0);
	cr_assert_eq(audit(), 0);
	cr_assert_eq(n_seen, 2);
	cr_assert_str_eq(lbmesh_drift_name(seen[0].kind), "unknown");
	cr_assert(seen[1].has_public_key);
}

Test(audit, as_many_as_the_module_lists_are_taken)
{
	answer_cookie(1);
	for (uint32_t i = 0; i < 64; i++) {
		found_begin(COOKIE);
		for (uint32_t j = 0; j < 16; j++)
			found_put(LBMESH_DRIFT_KIND_PEER_MISSING, i * 16 + j + 1, key);
		test_wire_send(&wire, &message);
	}
	send_result(COOKIE, 0);
	cr_assert_eq(audit(), 0);
	cr_assert_eq(n_seen, 1024);
	cr_assert_eq(seen[1023].device, 1024);
}

Test(audit, a_list_without_end_is_given_up)
{
	struct lbm_drifts drifts = {0};

	found_begin(COOKIE);
	for (uint32_t i = 0; i < 1024; i++)
		found_put(LBMESH_DRIFT_KIND_PEER_MISSING, i + 1, key);
	for (int i = 0; i < 64; i++)
		lbm_drifts_take(&drifts, message.nlh);
	cr_assert_eq(lbm_drifts_check(&drifts, COOKIE), 0);
	lbm_drifts_take(&drifts, message.nlh);
	cr_assert_eq(lbm_drifts_check(&drifts, COOKIE), -EPROTO);
	cr_assert_eq(drifts.count, 65536);
	free(drifts.items);
}

Test(audit, a_loss_on_the_way_is_an_error_and_no_short_list)
{
	struct lbm_drifts drifts = {0};

	found_begin(COOKIE);
	found_put(LBMESH_DRIFT_KIND_PEER_MISSING, 1, key);
	lbm_drifts_take(&drifts, message.nlh);
	lbm_drifts_lost(&drifts, -ENOBUFS);
	lbm_drifts_lost(&drifts, -EPROTO);
	lbm_drifts_lost(NULL, -EPROTO);
	cr_assert_eq(lbm_drifts_check(&drifts, COOKIE), -ENOBUFS);
	free(drifts.items);
}

/* A datagram that does not fit is the one loss that a socket pair can have. */
Test(audit, a_datagram_that_does_not_fit_counts_as_lost)
{
	static uint8_t large[LBM_RECEIVE_SIZE + 1];
	struct nlattr *nest;

	answer_cookie(1);
	found_send(COOKIE, LBMESH_DRIFT_KIND_KEEPALIVE, 1, key);
	cr_assert_eq(send(wire.kernel, large, sizeof(large), 0), (ssize_t)sizeof(large));
	/* The result may be lost as well, so it asks for the generation. */
	test_message(&message, TEST_FAMILY, LBMESH_CMD_GENERATION_GET, 2);
	mnl_attr_put_u64(message.nlh, LBMESH_A_GENERATION, 7);
	mnl_attr_put_u64(message.nlh, LBMESH_A_COOKIE, COOKIE);
	nest = mnl_attr_nest_start(message.nlh, LBMESH_A_RESULT);
	mnl_attr_put_u32(message.nlh, LBMESH_A_RESULT_ERRNO, 0);
	mnl_attr_nest_end(message.nlh, nest);
	test_wire_send(&wire, &message);
	test_ack(&message, 2, 0, NULL, NULL);
	test_wire_send(&wire, &message);
	cr_assert_eq(audit(), -ENOBUFS);
	cr_assert_str_eq(err.message, "a part of the differences was lost");
	cr_assert_eq(result.cookie, COOKIE);
	cr_assert_eq(n_seen, 0);
}

Test(audit, the_callback_can_end_the_list)
{
	int stop = 17;

	answer_cookie(1);
	found_send(COOKIE, LBMESH_DRIFT_KIND_KEEPALIVE, 1, key);
	found_send(COOKIE, LBMESH_DRIFT_KIND_KEEPALIVE, 2, key);
	send_result(COOKIE, 0);
	cr_assert_eq(lbmesh_audit(wire.conn, see, &stop, 1000, &result, &err), 17);
	cr_assert_eq(n_seen, 1);
	cr_assert_eq(err.code, 0);
}

static int see_and_ask(const struct lbmesh_drift *drift, void *data)
{
	struct lbmesh_generation generation;

	(void)data;
	wire.conn->timeout_ms = 10;
	cr_assert_eq(lbmesh_generation_get(wire.conn, &generation, NULL), -ETIMEDOUT);
	return see(drift, NULL);
}

Test(audit, the_callback_may_use_the_connection)
{
	answer_cookie(1);
	found_send(COOKIE, LBMESH_DRIFT_KIND_KEEPALIVE, 1, key);
	found_send(COOKIE, LBMESH_DRIFT_KIND_KEEPALIVE, 2, key);
	send_result(COOKIE, 0);
	cr_assert_eq(lbmesh_audit(wire.conn, see_and_ask, NULL, 1000, NULL, NULL), 0);
	cr_assert_eq(n_seen, 2);
}

Test(audit, nobody_has_to_want_the_list)
{
	answer_cookie(1);
	found_send(COOKIE, LBMESH_DRIFT_KIND_KEEPALIVE, 1, key);
	send_result(COOKIE, 0);
	cr_assert_eq(lbmesh_repair(wire.conn, NULL, NULL, 1000, NULL, NULL), 0);
}

Test(audit, a_repair_that_could_not_mend_all_shows_what_it_found)
{
	answer_cookie(1);
	found_send(COOKIE, LBMESH_DRIFT_KIND_DEVICE_DIFFERS, 1, NULL);
	send_result(COOKIE, ENOKEY);
	cr_assert_eq(lbmesh_repair(wire.conn, see, NULL, 1000, &result, &err), -ENOKEY);
	cr_assert_eq(err.code, ENOKEY);
	cr_assert_eq(result.cookie, COOKIE);
	cr_assert_eq(n_seen, 1);
}

Test(audit, an_error_of_the_job_is_not_hidden_by_a_malformed_list)
{
	answer_cookie(1);
	peer_without_a_key();
	test_wire_send(&wire, &message);
	send_result(COOKIE, ENODEV);
	cr_assert_eq(lbmesh_repair(wire.conn, see, NULL, 1000, &result, &err), -ENODEV);
	cr_assert_eq(err.code, ENODEV);
	cr_assert_eq(n_seen, 0);
}

Test(audit, a_refusal_shows_nothing)
{
	test_ack(&message, 1, EBUSY, "generation 7 is pending: confirm or revert it first", NULL);
	test_wire_send(&wire, &message);
	cr_assert_eq(audit(), -EBUSY);
	cr_assert_str_eq(err.message, "generation 7 is pending: confirm or revert it first");
	cr_assert_eq(result.cookie, 0);
	cr_assert_null(wire.conn->drifts);
}

Test(audit, one_that_does_not_end_is_a_timeout_and_shows_nothing)
{
	answer_cookie(1);
	found_send(COOKIE, LBMESH_DRIFT_KIND_KEEPALIVE, 1, key);
	cr_assert_eq(lbmesh_audit(wire.conn, see, NULL, 20, &result, &err), -ETIMEDOUT);
	cr_assert_eq(n_seen, 0);
	cr_assert_eq(result.cookie, 0);
	/* What it found comes late, and belongs to nobody. */
	found_send(COOKIE, LBMESH_DRIFT_KIND_KEEPALIVE, 2, key);
	cr_assert_eq(lbmesh_commit_wait(wire.conn, COOKIE, 10, NULL, NULL), -ETIMEDOUT);
}

Test(audit, no_flipped_bit_reads_beyond_a_difference)
{
	struct nlattr *nest;
	uint16_t len;

	found_begin(COOKIE);
	nest = mnl_nlmsg_get_payload_tail(message.nlh);
	found_put(LBMESH_DRIFT_KIND_PEER_FOREIGN, 1, key);
	len = nest->nla_len;
	for (uint32_t bit = 32; bit < len * 8U; bit++) {
		uint8_t *copy = malloc(len);
		struct lbmesh_drift drift;

		cr_assert(copy);
		memcpy(copy, nest, len);
		copy[bit / 8] ^= (uint8_t)(1U << (bit % 8));
		(void)lbm_decode_drift((const void *)copy, &drift);
		free(copy);
	}
}
