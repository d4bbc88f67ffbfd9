// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-explain.c - flows and verdicts: the bytes of a question, answers good and
 * bad, and the dump of the verdict cache.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static struct test_wire wire;
static struct test_message message;
static struct lbmesh_error err;
static struct lbmesh_judgement judgement;
static unsigned int shown;

static void setup(void)
{
	test_wire_open(&wire);
}

static void teardown(void)
{
	test_wire_close(&wire);
}

static struct lbmesh_prefix address(const char *text)
{
	struct lbmesh_prefix parsed;

	cr_assert_eq(lbmesh_address_parse(text, &parsed), 0);
	return parsed;
}

static struct lbmesh_flow flow_make(void)
{
	return (struct lbmesh_flow){
		.src = address("10.0.0.1"),
		.dst = address("10.0.0.2"),
		.has_protocol = true,
		.protocol = 6,
		.has_dst_port = true,
		.dst_port = 443,
	};
}

static void put_flow(void)
{
	struct nlattr *nest = mnl_attr_nest_start(message.nlh, LBMESH_A_FLOW);

	mnl_attr_put_u8(message.nlh, LBMESH_A_FLOW_DIRECTION, LBMESH_DIRECTION_EGRESS);
	mnl_attr_put_u32(message.nlh, LBMESH_A_FLOW_ENDPOINT, 7);
	mnl_attr_put_u32(message.nlh, LBMESH_A_FLOW_IFINDEX, 9);
	mnl_attr_put_u32(message.nlh, LBMESH_A_FLOW_SRC_IPV4, htonl(0x0a000001));
	mnl_attr_put_u32(message.nlh, LBMESH_A_FLOW_DST_IPV4, htonl(0x0a000002));
	mnl_attr_put_u8(message.nlh, LBMESH_A_FLOW_PROTOCOL, 6);
	mnl_attr_put_u16(message.nlh, LBMESH_A_FLOW_DST_PORT, htons(443));
	mnl_attr_nest_end(message.nlh, nest);
}

static void put_verdict(void)
{
	struct nlattr *nest = mnl_attr_nest_start(message.nlh, LBMESH_A_VERDICT);

	mnl_attr_put_u8(message.nlh, LBMESH_A_VERDICT_ACTION, LBMESH_ACTION_DENY);
	mnl_attr_put_u8(message.nlh, LBMESH_A_VERDICT_REASON, LBMESH_REASON_RULE);
	mnl_attr_put_u32(message.nlh, LBMESH_A_VERDICT_SRC_NETWORK, 1);
	mnl_attr_put_u32(message.nlh, LBMESH_A_VERDICT_DST_NETWORK, 2);
	mnl_attr_put_u32(message.nlh, LBMESH_A_VERDICT_LAYER, 3);
	mnl_attr_put_u32(message.nlh, LBMESH_A_VERDICT_RULE, 4);
	mnl_attr_put_u32(message.nlh, LBMESH_A_VERDICT_ENDPOINT, 7);
	mnl_attr_put_u64(message.nlh, LBMESH_A_VERDICT_GENERATION, 11);
	mnl_attr_put(message.nlh, LBMESH_A_VERDICT_CACHED, 0, "");
	mnl_attr_put_u64(message.nlh, LBMESH_A_VERDICT_HITS, UINT64_MAX);
	mnl_attr_nest_end(message.nlh, nest);
}

static void begin(uint8_t cmd)
{
	test_message(&message, TEST_FAMILY, cmd, wire.conn->seq + 1);
	mnl_attr_put_u64(message.nlh, LBMESH_A_GENERATION, 12);
}

static void acknowledged(void)
{
	test_wire_send(&wire, &message);
	test_ack(&message, wire.conn->seq + 1, 0, NULL, NULL);
	test_wire_send(&wire, &message);
}

TestSuite(explain, .init = setup, .fini = teardown);

Test(explain, the_answer_says_what_why_and_on_what_it_stands)
{
	const struct lbmesh_flow flow = flow_make();

	begin(LBMESH_CMD_EXPLAIN);
	put_flow();
	put_verdict();
	acknowledged();
	cr_assert_eq(lbmesh_explain(wire.conn, &flow, &judgement, &err), 0);
	cr_assert_eq(judgement.generation, 12);
	cr_assert_eq(judgement.suppressed, 0);
	cr_assert_eq(judgement.flow.direction, LBMESH_DIRECTION_EGRESS);
	cr_assert_eq(judgement.flow.endpoint, 7);
	cr_assert_eq(judgement.flow.ifindex, 9);
	cr_assert_eq(judgement.flow.dst_port, 443);
	cr_assert_not(judgement.flow.has_src_port || judgement.flow.has_icmp_type);
	cr_assert_eq(lbmesh_prefix_compare(&judgement.flow.dst, &flow.dst), 0);
	cr_assert_eq(judgement.verdict.action, LBMESH_ACTION_DENY);
	cr_assert_eq(judgement.verdict.reason, LBMESH_REASON_RULE);
	cr_assert_eq(judgement.verdict.src_network, 1);
	cr_assert_eq(judgement.verdict.dst_network, 2);
	cr_assert_eq(judgement.verdict.layer, 3);
	cr_assert_eq(judgement.verdict.rule, 4);
	cr_assert_eq(judgement.verdict.endpoint, 7);
	cr_assert_eq(judgement.verdict.generation, 11);
	cr_assert(judgement.verdict.cached);
	cr_assert_eq(judgement.verdict.hits, UINT64_MAX);
}

Test(explain, the_question_has_what_was_given_and_nothing_else)
{
	static const struct {
		struct nlattr nest;
		struct nlattr src_head;
		uint8_t src[4];
		struct nlattr dst_head;
		uint8_t dst[4];
		struct nlattr protocol_head;
		uint8_t protocol[4];
		struct nlattr port_head;
		uint8_t port[4];
	} expected = {{36, LBMESH_A_FLOW | NLA_F_NESTED},
		      {8, LBMESH_A_FLOW_SRC_IPV4},
		      {10, 0, 0, 1},
		      {8, LBMESH_A_FLOW_DST_IPV4},
		      {10, 0, 0, 2},
		      {5, LBMESH_A_FLOW_PROTOCOL},
		      {6},
		      {6, LBMESH_A_FLOW_DST_PORT},
		      {0x01, 0xbb}};
	const struct lbmesh_flow flow = flow_make();

	begin(LBMESH_CMD_FLOW_GET);
	put_flow();
	put_verdict();
	acknowledged();
	cr_assert_eq(lbmesh_flow_get(wire.conn, &flow, &judgement, &err), 0);
	cr_assert_eq(test_wire_receive(&wire),
		     (ssize_t)(NLMSG_HDRLEN + GENL_HDRLEN + sizeof(expected)));
	cr_assert_eq(lbm_message_genl(wire.in.nlh)->cmd, LBMESH_CMD_FLOW_GET);
	cr_assert_arr_eq((const uint8_t *)mnl_nlmsg_get_payload_offset(wire.in.nlh, GENL_HDRLEN),
			 (const uint8_t *)&expected, sizeof(expected));
}

Test(explain, the_longest_question_fits)
{
	const struct lbmesh_flow flow = {
		.endpoint = 1,
		.ifindex = 2,
		.has_direction = true,
		.src = address("fd00::1"),
		.dst = address("fd00::2"),
		.has_protocol = true,
		.has_src_port = true,
		.has_dst_port = true,
		.has_icmp_type = true,
		.has_icmp_code = true,
	};

	begin(LBMESH_CMD_EXPLAIN);
	put_flow();
	put_verdict();
	acknowledged();
	cr_assert_eq(lbmesh_explain(wire.conn, &flow, &judgement, &err), 0);
	cr_assert_eq(test_wire_receive(&wire), LBM_HEAD_SIZE);
}

Test(explain, a_flow_that_is_none_is_not_even_sent)
{
	struct lbmesh_flow flow = flow_make();

	flow.dst = address("fd00::1");
	cr_assert_eq(lbmesh_explain(wire.conn, &flow, &judgement, &err), -EINVAL);
	cr_assert_eq(err.code, EINVAL);
	flow.dst.family = 0;
	cr_assert_eq(lbmesh_explain(wire.conn, &flow, &judgement, &err), -EAFNOSUPPORT);
	cr_assert_str_eq(err.message, "the destination is no address");
	flow = flow_make();
	flow.src.len = 8;
	memset(flow.src.addr + 1, 0, 3);
	cr_assert_eq(lbmesh_explain(wire.conn, &flow, &judgement, &err), -ERANGE);
	cr_assert_str_eq(err.message, "the source is no address");
	cr_assert_eq(test_wire_receive(&wire), -1);
}

Test(explain, a_refusal_names_the_attribute)
{
	const struct lbmesh_flow flow = flow_make();
	const uint32_t offset = NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN + 16;

	test_ack(&message, 1, EINVAL, "flow: protocol is not judged", &offset);
	test_wire_send(&wire, &message);
	cr_assert_eq(lbmesh_explain(wire.conn, &flow, &judgement, &err), -EINVAL);
	cr_assert_str_eq(err.path, "flow.protocol");
	test_ack(&message, 2, 0, NULL, NULL);
	test_wire_send(&wire, &message);
	cr_assert_eq(lbmesh_explain(wire.conn, &flow, &judgement, &err), -EPROTO);
}

Test(explain, a_verdict_without_a_generation_stands_on_that_of_the_message)
{
	struct nlattr *nest;

	begin(LBMESH_CMD_EXPLAIN);
	put_flow();
	nest = mnl_attr_nest_start(message.nlh, LBMESH_A_VERDICT);
	mnl_attr_put_u8(message.nlh, LBMESH_A_VERDICT_ACTION, LBMESH_ACTION_ALLOW);
	mnl_attr_put_u8(message.nlh, LBMESH_A_VERDICT_REASON, 200); /* of a newer module */
	mnl_attr_nest_end(message.nlh, nest);
	cr_assert_eq(lbm_decode_judgement(message.nlh, &judgement), 0);
	cr_assert_eq(judgement.verdict.generation, 12);
	cr_assert_not(judgement.verdict.cached);
	cr_assert_str_eq(lbmesh_reason_name(judgement.verdict.reason), "unknown");
}

Test(explain, half_a_verdict_is_no_verdict)
{
	for (int bad = 0; bad < 5; bad++) {
		struct nlattr *nest;

		begin(LBMESH_CMD_EXPLAIN);
		if (bad != 0)
			put_flow();
		nest = mnl_attr_nest_start(message.nlh, LBMESH_A_VERDICT);
		if (bad != 1)
			mnl_attr_put_u8(message.nlh, LBMESH_A_VERDICT_ACTION,
					bad == 2 ? LBMESH_ACTION_PASS : LBMESH_ACTION_ALLOW);
		if (bad != 3)
			mnl_attr_put_u8(message.nlh, LBMESH_A_VERDICT_REASON, 0);
		if (bad == 4)
			mnl_attr_put_u32(message.nlh, LBMESH_A_VERDICT_HITS, 0);
		mnl_attr_nest_end(message.nlh, nest);
		cr_assert_eq(lbm_decode_judgement(message.nlh, &judgement), -EPROTO, "%d", bad);
	}
	begin(LBMESH_CMD_EXPLAIN);
	put_flow();
	cr_assert_eq(lbm_decode_judgement(message.nlh, &judgement), -EPROTO);
}

Test(explain, a_flow_with_two_or_mixed_addresses_or_a_bad_direction_is_refused)
{
	static const uint8_t ipv6[16];

	for (int bad = 0; bad < 4; bad++) {
		struct nlattr *nest;

		begin(LBMESH_CMD_EXPLAIN);
		nest = mnl_attr_nest_start(message.nlh, LBMESH_A_FLOW);
		if (bad != 3)
			mnl_attr_put_u32(message.nlh, LBMESH_A_FLOW_SRC_IPV4, 1);
		if (bad == 0)
			mnl_attr_put(message.nlh, LBMESH_A_FLOW_SRC_IPV6, 16, ipv6);
		if (bad == 1)
			mnl_attr_put(message.nlh, LBMESH_A_FLOW_DST_IPV6, 16, ipv6);
		if (bad == 3)
			mnl_attr_put_u8(message.nlh, LBMESH_A_FLOW_DIRECTION, 2);
		mnl_attr_nest_end(message.nlh, nest);
		put_verdict();
		cr_assert_eq(lbm_decode_judgement(message.nlh, &judgement), -EPROTO, "%d", bad);
	}
}

Test(explain, an_answer_with_any_bit_flipped_does_no_harm)
{
	begin(LBMESH_CMD_EXPLAIN);
	put_flow();
	put_verdict();
	for (uint32_t bit = NLMSG_HDRLEN * 8; bit < message.nlh->nlmsg_len * 8; bit++) {
		uint8_t *copy = malloc(message.nlh->nlmsg_len);

		cr_assert(copy);
		memcpy(copy, message.bytes, message.nlh->nlmsg_len);
		copy[bit / 8] ^= (uint8_t)(1U << (bit % 8));
		(void)lbm_decode_judgement((const void *)copy, &judgement);
		free(copy);
	}
}

static int flow_see(const struct lbmesh_judgement *seen, void *data)
{
	(void)data;
	cr_assert_eq(seen->verdict.layer, 3);
	shown++;
	return 0;
}

Test(explain, the_cache_is_dumped_a_flow_a_message)
{
	uint64_t generation = 0;

	for (int i = 0; i < 3; i++) {
		begin(LBMESH_CMD_FLOW_GET);
		message.nlh->nlmsg_flags = NLM_F_MULTI;
		put_flow();
		put_verdict();
		test_wire_send(&wire, &message);
	}
	memset(message.bytes, 0, sizeof(message.bytes));
	message.nlh = mnl_nlmsg_put_header(message.bytes);
	message.nlh->nlmsg_type = NLMSG_DONE;
	message.nlh->nlmsg_seq = 1;
	message.nlh->nlmsg_flags = NLM_F_MULTI;
	(void)mnl_nlmsg_put_extra_header(message.nlh, sizeof(int));
	test_wire_send(&wire, &message);
	cr_assert_eq(lbmesh_flow_dump(wire.conn, flow_see, NULL, &generation, &err), 0);
	cr_assert_eq(shown, 3);
	cr_assert_eq(generation, 12);
}

Test(explain, names_are_those_of_the_spec)
{
	cr_assert_str_eq(lbmesh_direction_name(LBMESH_DIRECTION_EGRESS), "egress");
	cr_assert_str_eq(lbmesh_action_name(LBMESH_ACTION_PASS), "pass");
	cr_assert_str_eq(lbmesh_action_name((enum lbmesh_action)4), "unknown");
	cr_assert_str_eq(lbmesh_keyword_name(LBMESH_KEYWORD_SAME_NETWORK), "same-network");
	cr_assert_str_eq(lbmesh_endpoint_kind_name(LBMESH_ENDPOINT_KIND_SANDBOX), "sandbox");
	cr_assert_str_eq(lbmesh_reason_name(LBMESH_REASON_NO_STATE), "no-state");
	cr_assert_str_eq(lbmesh_reason_name(LBMESH_REASON_NO_ENDPOINT), "no-endpoint");
}
