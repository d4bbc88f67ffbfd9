// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-firewall.c - the firewall's objects out of the kernel: what was put comes
 * back, what no commit could have put is refused; dumps, single gets, and the
 * update of sets.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static struct test_wire wire;
static struct test_message message;
static struct lbmesh_error err;
static unsigned int shown;

static void setup(void)
{
	test_wire_open(&wire);
}

static void teardown(void)
{
	test_wire_close(&wire);
}

static struct lbmesh_prefix prefix(const char *text)
{
	struct lbmesh_prefix parsed;

	cr_assert_eq(lbmesh_prefix_parse(text, &parsed), 0, "%s", text);
	return parsed;
}

static const struct lbmesh_range ports[] = {{80, 80}, {8000, 8099}};

static struct lbmesh_rule rule_make(void)
{
	return (struct lbmesh_rule){
		.layer = 1,
		.id = 2,
		.position = 3,
		.action = LBMESH_ACTION_REJECT,
		.has_direction = true,
		.direction = LBMESH_DIRECTION_EGRESS,
		.has_protocol = true,
		.protocol = 6,
		.src = {.kind = LBMESH_SELECTOR_PREFIX, .prefix = prefix("10.0.0.0/8")},
		.dst = {.kind = LBMESH_SELECTOR_SET, .set = 9},
		.src_ports = ports,
		.n_src_ports = 1,
		.dst_ports = ports,
		.n_dst_ports = 2,
		.log = true,
	};
}

/* What the builder puts is what a dump holds. */
static const struct nlattr *nest_of(const struct lbmesh_commit *commit)
{
	return mnl_nlmsg_get_payload_offset(commit->body, GENL_HDRLEN);
}

static struct lbmesh_commit *new_commit(void)
{
	struct lbmesh_commit *commit = lbmesh_commit_new(LBMESH_COMMIT_MODE_REPLACE);

	cr_assert(commit);
	return commit;
}

static void rule_same(const struct lbmesh_rule *rule)
{
	cr_assert_eq(rule->layer, 1);
	cr_assert_eq(rule->id, 2);
	cr_assert_eq(rule->position, 3);
	cr_assert_eq(rule->action, LBMESH_ACTION_REJECT);
	cr_assert(rule->has_direction && rule->has_protocol && rule->log);
	cr_assert_eq(rule->direction, LBMESH_DIRECTION_EGRESS);
	cr_assert_eq(rule->protocol, 6);
	cr_assert_not(rule->has_icmp_type || rule->has_icmp_code);
	cr_assert_eq(rule->src.kind, LBMESH_SELECTOR_PREFIX);
	cr_assert_eq(rule->src.prefix.len, 8);
	cr_assert_eq(rule->dst.kind, LBMESH_SELECTOR_SET);
	cr_assert_eq(rule->dst.set, 9);
	cr_assert_eq(rule->n_src_ports, 1);
	cr_assert_eq(rule->n_dst_ports, 2);
	cr_assert_eq(rule->src_ports[0].first, 80);
	cr_assert_eq(rule->dst_ports[1].first, 8000);
	cr_assert_eq(rule->dst_ports[1].last, 8099);
}

TestSuite(firewall, .init = setup, .fini = teardown);

Test(firewall, rules_come_back_as_they_were_put)
{
	struct lbmesh_commit *commit = new_commit();
	const struct lbmesh_rule put = rule_make();
	struct lbm_rule_room room;
	struct lbmesh_rule rule;

	cr_assert_eq(lbmesh_commit_put_rule(commit, &put), 0);
	cr_assert_eq(lbm_decode_rule(nest_of(commit), &rule, &room), 0);
	rule_same(&rule);
	lbmesh_commit_free(commit);

	commit = new_commit();
	cr_assert_eq(lbmesh_commit_put_rule(commit,
					    &(struct lbmesh_rule){
						    .layer = 1,
						    .id = 1,
						    .action = LBMESH_ACTION_PASS,
						    .dst = {.kind = LBMESH_SELECTOR_KEYWORD,
							    .keyword = LBMESH_KEYWORD_INTERNET},
						    .has_icmp_type = true,
						    .has_icmp_code = true,
						    .icmp_code = 4,
					    }),
		     0);
	cr_assert_eq(lbm_decode_rule(nest_of(commit), &rule, &room), 0);
	cr_assert_not(rule.has_direction || rule.has_protocol || rule.log);
	cr_assert_eq(rule.src.kind, LBMESH_SELECTOR_ABSENT);
	cr_assert_eq(rule.dst.keyword, LBMESH_KEYWORD_INTERNET);
	cr_assert(rule.has_icmp_type && rule.has_icmp_code);
	cr_assert_eq(rule.icmp_code, 4);
	cr_assert_null(rule.dst_ports);
	lbmesh_commit_free(commit);
}

Test(firewall, as_many_ranges_as_a_rule_can_have_come_back_and_one_more_is_refused)
{
	struct lbmesh_range many[LBMESH_RULE_RANGES_MAX + 1] = {{0, 0}};
	struct lbm_rule_room room;
	struct lbmesh_rule rule;

	for (size_t n = LBMESH_RULE_RANGES_MAX; n <= LBMESH_RULE_RANGES_MAX + 1; n++) {
		struct lbmesh_commit *commit = new_commit();

		many[n - 1] = (struct lbmesh_range){7, UINT16_MAX};
		cr_assert_eq(lbmesh_commit_put_rule(commit,
						    &(struct lbmesh_rule){.layer = 1,
									  .id = 1,
									  .dst_ports = many,
									  .n_dst_ports = n}),
			     0);
		cr_assert_eq(lbm_decode_rule(nest_of(commit), &rule, &room),
			     n > LBMESH_RULE_RANGES_MAX ? -EPROTO : 0);
		lbmesh_commit_free(commit);
	}
	cr_assert_eq(room.dst_ports[LBMESH_RULE_RANGES_MAX - 1].last, UINT16_MAX);
}

Test(firewall, the_other_objects_come_back_as_they_were_put)
{
	static const uint32_t layers[] = {5, 4, 3, 2, 1, 6, 7, 8};
	struct lbmesh_commit *commit = new_commit();
	struct lbmesh_endpoint endpoint;
	struct lbm_endpoint_room room;
	struct lbmesh_element element;
	struct lbmesh_layer layer;
	struct lbmesh_set set;

	cr_assert_eq(lbmesh_commit_put_layer(commit, &(struct lbmesh_layer){1, "org"}), 0);
	cr_assert_eq(lbm_decode_layer(nest_of(commit), &layer), 0);
	cr_assert_eq(layer.id, 1);
	cr_assert_str_eq(layer.label, "org");
	lbmesh_commit_free(commit);

	commit = new_commit();
	cr_assert_eq(lbmesh_commit_put_set(commit, &(struct lbmesh_set){2, NULL}), 0);
	cr_assert_eq(lbm_decode_set(nest_of(commit), &set), 0);
	cr_assert_eq(set.id, 2);
	cr_assert_null(set.label);
	lbmesh_commit_free(commit);

	commit = new_commit();
	cr_assert_eq(lbmesh_commit_put_element(
			     commit, &(struct lbmesh_element){2, prefix("fd00::/8"), false, 1500}),
		     0);
	cr_assert_eq(lbm_decode_element(nest_of(commit), &element), 0);
	cr_assert_eq(element.set, 2);
	cr_assert_eq(element.prefix.len, 8);
	cr_assert_eq(element.timeout_ms, 1500);
	lbmesh_commit_free(commit);

	commit = new_commit();
	cr_assert_eq(lbmesh_commit_put_endpoint(
			     commit,
			     &(struct lbmesh_endpoint){.id = 7,
						       .label = "web",
						       .kind = LBMESH_ENDPOINT_KIND_SANDBOX,
						       .ifindex = 9,
						       .ipv6 = prefix("fd00::1"),
						       .layers = layers,
						       .n_layers = 8,
						       .has_ingress_default = true,
						       .ingress_default = LBMESH_ACTION_REJECT}),
		     0);
	cr_assert_eq(lbm_decode_endpoint(nest_of(commit), &endpoint, &room), 0);
	cr_assert_eq(endpoint.id, 7);
	cr_assert_str_eq(endpoint.label, "web");
	cr_assert_eq(endpoint.kind, LBMESH_ENDPOINT_KIND_SANDBOX);
	cr_assert_eq(endpoint.ifindex, 9);
	cr_assert_eq(endpoint.ipv4.family, 0);
	cr_assert_eq(endpoint.ipv6.len, 128);
	cr_assert_eq(endpoint.n_layers, 8);
	cr_assert_arr_eq(endpoint.layers, layers, sizeof(layers));
	cr_assert(endpoint.has_ingress_default);
	cr_assert_not(endpoint.has_egress_default);
	cr_assert_eq(endpoint.ingress_default, LBMESH_ACTION_REJECT);
	lbmesh_commit_free(commit);
}

/* A nest of attributes that the test chooses. */
struct raw {
	uint16_t type;
	uint8_t len;
	uint8_t value[16];
};

static const struct nlattr *raw_nest(const struct raw *raws, size_t count)
{
	struct nlattr *nest;

	test_message(&message, TEST_FAMILY, LBMESH_CMD_RULE_GET, 1);
	nest = mnl_attr_nest_start(message.nlh, LBMESH_A_RULE);
	for (size_t i = 0; i < count; i++)
		mnl_attr_put(message.nlh, raws[i].type, raws[i].len, raws[i].value);
	mnl_attr_nest_end(message.nlh, nest);
	return nest;
}

#define RULE_BASIC                                                 \
	{LBMESH_A_RULE_LAYER, 4, {1}}, {LBMESH_A_RULE_ID, 4, {1}}, \
	{                                                          \
		LBMESH_A_RULE_POSITION, 4,                         \
		{                                                  \
			1                                          \
		}                                                  \
	}

Test(firewall, rules_that_no_commit_could_have_put_are_refused)
{
	static const struct raw cases[][5] = {
		{RULE_BASIC},
		{RULE_BASIC, {LBMESH_A_RULE_ACTION, 1, {4}}},
		{RULE_BASIC, {LBMESH_A_RULE_ACTION, 2, {1}}},
		{RULE_BASIC, {LBMESH_A_RULE_ACTION, 1, {1}}, {LBMESH_A_RULE_DIRECTION, 1, {2}}},
		{RULE_BASIC, {LBMESH_A_RULE_ACTION, 1, {1}}, {LBMESH_A_RULE_ICMP_CODE, 1, {0}}},
		{RULE_BASIC, {LBMESH_A_RULE_ACTION, 1, {1}}, {LBMESH_A_RULE_LOG, 1, {0}}},
		{RULE_BASIC, {LBMESH_A_RULE_ACTION, 1, {1}}, {LBMESH_A_RULE_PROTOCOL, 2, {0}}},
		/* Selectors: nothing, a bad keyword, set 0, a set and a keyword, a lone length. */
		{RULE_BASIC, {LBMESH_A_RULE_ACTION, 1, {1}}, {LBMESH_A_RULE_SRC, 0, {0}}},
		{RULE_BASIC,
		 {LBMESH_A_RULE_ACTION, 1, {1}},
		 {LBMESH_A_RULE_SRC, 8, {5, 0, 5, 0, 3}}},
		{RULE_BASIC, {LBMESH_A_RULE_ACTION, 1, {1}}, {LBMESH_A_RULE_DST, 8, {8, 0, 4, 0}}},
		{RULE_BASIC,
		 {LBMESH_A_RULE_ACTION, 1, {1}},
		 {LBMESH_A_RULE_DST, 16, {8, 0, 4, 0, 1, 0, 0, 0, 5, 0, 5, 0, 1}}},
		{RULE_BASIC,
		 {LBMESH_A_RULE_ACTION, 1, {1}},
		 {LBMESH_A_RULE_DST, 16, {8, 0, 4, 0, 1, 0, 0, 0, 5, 0, 3, 0, 1}}},
		/* A prefix with bits beyond its length. */
		{RULE_BASIC,
		 {LBMESH_A_RULE_ACTION, 1, {1}},
		 {LBMESH_A_RULE_DST, 16, {8, 0, 1, 0, 10, 0, 0, 1, 5, 0, 3, 0, 8}}},
		/* Ports: without a last one, and backwards. */
		{RULE_BASIC,
		 {LBMESH_A_RULE_ACTION, 1, {1}},
		 {LBMESH_A_RULE_SRC_PORT, 8, {6, 0, 1, 0, 1, 0}}},
		{RULE_BASIC,
		 {LBMESH_A_RULE_ACTION, 1, {1}},
		 {LBMESH_A_RULE_DST_PORT, 16, {6, 0, 1, 0, 2, 0, 0, 0, 6, 0, 2, 0, 1, 0}}},
	};
	static const struct raw good[] = {
		RULE_BASIC,
		{LBMESH_A_RULE_ACTION, 1, {1}},
		{LBMESH_A_RULE_DST_PORT, 16, {6, 0, 1, 0, 1, 0, 0, 0, 6, 0, 2, 0, 2, 0}}};
	struct lbm_rule_room room;
	struct lbmesh_rule rule;

	cr_assert_eq(lbm_decode_rule(raw_nest(good, 5), &rule, &room), 0);
	for (size_t i = 0; i < lbm_array_size(cases); i++) {
		size_t count = 0;

		while (count < 5 && cases[i][count].type)
			count++;
		cr_assert_eq(lbm_decode_rule(raw_nest(cases[i], count), &rule, &room), -EPROTO,
			     "case %zu", i);
	}
}

Test(firewall, endpoints_that_no_commit_could_have_put_are_refused)
{
	static const struct raw id = {LBMESH_A_ENDPOINT_ID, 4, {1}};
	static const struct raw bad[][2] = {
		{{LBMESH_A_ENDPOINT_IFINDEX, 4, {1}}, {LBMESH_A_ENDPOINT_IFINDEX, 4, {1}}},
		{{LBMESH_A_ENDPOINT_KIND, 1, {2}}, {LBMESH_A_ENDPOINT_IFINDEX, 4, {1}}},
		{{LBMESH_A_ENDPOINT_KIND, 1, {1}}, {LBMESH_A_ENDPOINT_INGRESS_DEFAULT, 1, {3}}},
		{{LBMESH_A_ENDPOINT_KIND, 1, {1}}, {LBMESH_A_ENDPOINT_EGRESS_DEFAULT, 1, {3}}},
		{{LBMESH_A_ENDPOINT_KIND, 1, {1}}, {LBMESH_A_ENDPOINT_LAYER, 2, {3}}},
		{{LBMESH_A_ENDPOINT_KIND, 1, {1}}, {LBMESH_A_ENDPOINT_IPV6, 4, {3}}},
	};
	struct raw many[11] = {id, {LBMESH_A_ENDPOINT_KIND, 1, {1}}};
	struct lbmesh_endpoint endpoint;
	struct lbm_endpoint_room room;

	for (size_t i = 0; i < lbm_array_size(bad); i++) {
		const struct raw raws[] = {id, bad[i][0], bad[i][1]};

		cr_assert_eq(lbm_decode_endpoint(raw_nest(raws, 3), &endpoint, &room), -EPROTO,
			     "case %zu", i);
	}
	for (size_t i = 2; i < 11; i++)
		many[i] = (struct raw){LBMESH_A_ENDPOINT_LAYER, 4, {1}};
	cr_assert_eq(lbm_decode_endpoint(raw_nest(many, 10), &endpoint, &room), 0);
	cr_assert_eq(lbm_decode_endpoint(raw_nest(many, 11), &endpoint, &room), -EPROTO);
}

Test(firewall, a_rule_with_any_bit_flipped_does_no_harm)
{
	struct lbmesh_commit *commit = new_commit();
	const struct lbmesh_rule put = rule_make();
	size_t len;

	cr_assert_eq(lbmesh_commit_put_rule(commit, &put), 0);
	len = nest_of(commit)->nla_len;
	/* The header of the nest is checked by who finds it. */
	for (size_t bit = NLA_HDRLEN * 8; bit < len * 8; bit++) {
		uint8_t *copy = malloc(len);
		struct lbm_rule_room room;
		struct lbmesh_rule rule;

		cr_assert(copy);
		memcpy(copy, nest_of(commit), len);
		copy[bit / 8] ^= (uint8_t)(1U << (bit % 8));
		(void)lbm_decode_rule((const void *)copy, &rule, &room);
		free(copy);
	}
	lbmesh_commit_free(commit);
}

/* Dumps and gets. */

static void put_rule(uint32_t id)
{
	struct nlattr *nest = mnl_attr_nest_start(message.nlh, LBMESH_A_RULE);

	mnl_attr_put_u32(message.nlh, LBMESH_A_RULE_LAYER, 1);
	mnl_attr_put_u32(message.nlh, LBMESH_A_RULE_ID, id);
	mnl_attr_put_u32(message.nlh, LBMESH_A_RULE_POSITION, id);
	mnl_attr_put_u8(message.nlh, LBMESH_A_RULE_ACTION, LBMESH_ACTION_DENY);
	mnl_attr_nest_end(message.nlh, nest);
}

static void put_state(uint32_t id, bool last)
{
	struct nlattr *nest = mnl_attr_nest_start(message.nlh, LBMESH_A_RULE_STATE);

	mnl_attr_put_u32(message.nlh, LBMESH_A_RULE_STATE_LAYER, 1);
	mnl_attr_put_u32(message.nlh, LBMESH_A_RULE_STATE_ID, id);
	mnl_attr_put_u64(message.nlh, LBMESH_A_RULE_STATE_HITS, 100 * (uint64_t)id);
	if (last)
		mnl_attr_put_u64(message.nlh, LBMESH_A_RULE_STATE_LAST_HIT_MS, id);
	mnl_attr_nest_end(message.nlh, nest);
}

static void begin(uint8_t cmd)
{
	test_message(&message, TEST_FAMILY, cmd, wire.conn->seq + 1);
	message.nlh->nlmsg_flags = NLM_F_MULTI;
	mnl_attr_put_u64(message.nlh, LBMESH_A_GENERATION, 5);
}

static void done(void)
{
	test_wire_send(&wire, &message);
	memset(message.bytes, 0, sizeof(message.bytes));
	message.nlh = mnl_nlmsg_put_header(message.bytes);
	message.nlh->nlmsg_type = NLMSG_DONE;
	message.nlh->nlmsg_seq = wire.conn->seq + 1;
	message.nlh->nlmsg_flags = NLM_F_MULTI;
	(void)mnl_nlmsg_put_extra_header(message.nlh, sizeof(int));
	test_wire_send(&wire, &message);
}

static void acknowledged(void)
{
	test_wire_send(&wire, &message);
	test_ack(&message, wire.conn->seq + 1, 0, NULL, NULL);
	test_wire_send(&wire, &message);
}

static int rule_see(const struct lbmesh_rule *rule, const struct lbmesh_rule_state *state,
		    void *data)
{
	(void)data;
	shown++;
	cr_assert_eq(rule->id, shown);
	switch (rule->id) {
	case 1:
		cr_assert_null(state);
		break;
	case 2:
		cr_assert_not_null(state);
		cr_assert_eq(state->hits, 200);
		cr_assert(state->has_last_hit);
		cr_assert_eq(state->last_hit_ms, 2);
		break;
	default:
		cr_assert_not_null(state);
		cr_assert_not(state->has_last_hit);
		break;
	}
	return 0;
}

Test(firewall, rules_come_with_what_the_kernel_counted)
{
	uint64_t generation = 0;

	begin(LBMESH_CMD_RULE_GET);
	put_rule(1);
	put_rule(2);
	put_state(2, true);
	put_rule(3);
	put_state(3, false);
	done();
	cr_assert_eq(lbmesh_rule_dump(wire.conn, 1, rule_see, NULL, &generation, &err), 0);
	cr_assert_eq(shown, 3);
	cr_assert_eq(generation, 5);
	/* The layer was asked for by its id. */
	cr_assert_eq(test_wire_receive(&wire), NLMSG_HDRLEN + GENL_HDRLEN + 8);
	cr_assert_eq(lbm_message_genl(wire.in.nlh)->cmd, LBMESH_CMD_RULE_GET);
}

Test(firewall, counters_of_another_rule_are_refused)
{
	begin(LBMESH_CMD_RULE_GET);
	put_rule(1);
	put_state(2, true);
	done();
	cr_assert_eq(lbmesh_rule_dump(wire.conn, 0, rule_see, NULL, NULL, &err), -EPROTO);
	cr_assert_eq(shown, 0);
}

Test(firewall, a_rule_is_asked_for_by_layer_and_id)
{
	static const struct {
		struct nlattr nest;
		struct nlattr layer_head;
		uint32_t layer;
		struct nlattr id_head;
		uint32_t id;
	} expected = {{20, LBMESH_A_RULE | NLA_F_NESTED},
		      {8, LBMESH_A_RULE_LAYER},
		      1,
		      {8, LBMESH_A_RULE_ID},
		      1};

	begin(LBMESH_CMD_RULE_GET);
	put_rule(1);
	acknowledged();
	cr_assert_eq(lbmesh_rule_get(wire.conn, 1, 1, rule_see, NULL, NULL, &err), 0);
	cr_assert_eq(shown, 1);
	cr_assert_eq(test_wire_receive(&wire), (ssize_t)(NLMSG_HDRLEN + GENL_HDRLEN + 20));
	cr_assert_arr_eq((const uint8_t *)mnl_nlmsg_get_payload_offset(wire.in.nlh, GENL_HDRLEN),
			 (const uint8_t *)&expected, sizeof(expected));
	begin(LBMESH_CMD_RULE_GET);
	put_rule(1);
	acknowledged();
	cr_assert_eq(lbmesh_rule_get(wire.conn, 1, 2, rule_see, NULL, NULL, &err), -EPROTO);
	cr_assert_eq(shown, 1);
}

static int layer_see(const struct lbmesh_layer *layer, const struct lbmesh_layer_state *state,
		     void *data)
{
	bool *counted = data;

	cr_assert_eq(layer->id, 4);
	cr_assert_eq(!state, !counted);
	if (counted)
		*counted = state->denied == 7 && state->rejected == 8;
	shown++;
	return 0;
}

static int set_see(const struct lbmesh_set *set, void *data)
{
	(void)data;
	cr_assert_eq(set->id, 4);
	shown++;
	return 0;
}

static int element_see(const struct lbmesh_element *element, void *data)
{
	(void)data;
	cr_assert_eq(element->set, 4);
	shown++;
	return 0;
}

static int endpoint_see(const struct lbmesh_endpoint *endpoint, void *data)
{
	(void)data;
	cr_assert_eq(endpoint->id, 4);
	cr_assert_eq(endpoint->n_layers, 1);
	shown++;
	return 0;
}

static void put_object(uint16_t type)
{
	struct nlattr *nest = mnl_attr_nest_start(message.nlh, type);

	/* The id of all of them, and the set of an element. */
	mnl_attr_put_u32(message.nlh, 1, 4);
	if (type == LBMESH_A_ELEMENT)
		mnl_attr_put_u32(message.nlh, LBMESH_A_ELEMENT_IPV4, htonl(0x0a000001));
	if (type == LBMESH_A_ENDPOINT)
		mnl_attr_put_u8(message.nlh, LBMESH_A_ENDPOINT_KIND, 0);
	if (type == LBMESH_A_ENDPOINT)
		mnl_attr_put_u32(message.nlh, LBMESH_A_ENDPOINT_LAYER, 1);
	mnl_attr_nest_end(message.nlh, nest);
}

static void put_layer_state(uint32_t id)
{
	struct nlattr *nest = mnl_attr_nest_start(message.nlh, LBMESH_A_LAYER_STATE);

	mnl_attr_put_u32(message.nlh, LBMESH_A_LAYER_STATE_ID, id);
	mnl_attr_put_u64(message.nlh, LBMESH_A_LAYER_STATE_DENIED, 7);
	mnl_attr_put_u64(message.nlh, LBMESH_A_LAYER_STATE_REJECTED, 8);
	mnl_attr_nest_end(message.nlh, nest);
}

Test(firewall, layers_come_with_what_they_have_refused)
{
	bool counted = false;

	begin(LBMESH_CMD_LAYER_GET);
	put_object(LBMESH_A_LAYER);
	put_layer_state(4);
	done();
	cr_assert_eq(lbmesh_layer_dump(wire.conn, layer_see, &counted, NULL, &err), 0);
	cr_assert(counted);
	begin(LBMESH_CMD_LAYER_GET);
	put_object(LBMESH_A_LAYER);
	put_layer_state(5);
	done();
	cr_assert_eq(lbmesh_layer_dump(wire.conn, layer_see, &counted, NULL, &err), -EPROTO);
	cr_assert_eq(shown, 1);
}

static int learned_see(const struct lbmesh_element *element, void *data)
{
	*(bool *)data = element->learned;
	return 0;
}

Test(firewall, learned_elements_say_so)
{
	bool learned = false;
	struct nlattr *nest;

	begin(LBMESH_CMD_ELEMENT_GET);
	nest = mnl_attr_nest_start(message.nlh, LBMESH_A_ELEMENT);
	mnl_attr_put_u32(message.nlh, LBMESH_A_ELEMENT_SET, 4);
	mnl_attr_put_u32(message.nlh, LBMESH_A_ELEMENT_IPV4, htonl(0x0a000001));
	mnl_attr_put(message.nlh, LBMESH_A_ELEMENT_LEARNED, 0, NULL);
	mnl_attr_nest_end(message.nlh, nest);
	done();
	cr_assert_eq(lbmesh_element_dump(wire.conn, 4, learned_see, &learned, NULL, &err), 0);
	cr_assert(learned);
	begin(LBMESH_CMD_ELEMENT_GET);
	put_object(LBMESH_A_ELEMENT);
	done();
	cr_assert_eq(lbmesh_element_dump(wire.conn, 4, learned_see, &learned, NULL, &err), 0);
	cr_assert_not(learned);
}

Test(firewall, each_kind_is_dumped)
{
	begin(LBMESH_CMD_LAYER_GET);
	put_object(LBMESH_A_LAYER);
	done();
	cr_assert_eq(lbmesh_layer_dump(wire.conn, layer_see, NULL, NULL, &err), 0);
	begin(LBMESH_CMD_SET_GET);
	put_object(LBMESH_A_SET);
	done();
	cr_assert_eq(lbmesh_set_dump(wire.conn, set_see, NULL, NULL, &err), 0);
	begin(LBMESH_CMD_ELEMENT_GET);
	put_object(LBMESH_A_ELEMENT);
	put_object(LBMESH_A_ELEMENT);
	done();
	cr_assert_eq(lbmesh_element_dump(wire.conn, 4, element_see, NULL, NULL, &err), 0);
	begin(LBMESH_CMD_ENDPOINT_GET);
	put_object(LBMESH_A_ENDPOINT);
	done();
	cr_assert_eq(lbmesh_endpoint_dump(wire.conn, endpoint_see, NULL, NULL, &err), 0);
	cr_assert_eq(shown, 5);
}

Test(firewall, each_kind_is_asked_for_by_its_key)
{
	struct lbmesh_prefix one = prefix("10.0.0.1");
	struct lbmesh_prefix other = prefix("10.0.0.0/8");

	begin(LBMESH_CMD_LAYER_GET);
	put_object(LBMESH_A_LAYER);
	acknowledged();
	cr_assert_eq(lbmesh_layer_get(wire.conn, 4, layer_see, NULL, NULL, &err), 0);
	begin(LBMESH_CMD_SET_GET);
	put_object(LBMESH_A_SET);
	acknowledged();
	cr_assert_eq(lbmesh_set_get(wire.conn, 4, set_see, NULL, NULL, &err), 0);
	begin(LBMESH_CMD_ENDPOINT_GET);
	put_object(LBMESH_A_ENDPOINT);
	acknowledged();
	cr_assert_eq(lbmesh_endpoint_get(wire.conn, 4, endpoint_see, NULL, NULL, &err), 0);
	begin(LBMESH_CMD_ELEMENT_GET);
	put_object(LBMESH_A_ELEMENT);
	acknowledged();
	cr_assert_eq(lbmesh_element_get(wire.conn, 4, &one, element_see, NULL, NULL, &err), 0);
	cr_assert_eq(shown, 4);
	begin(LBMESH_CMD_ELEMENT_GET);
	put_object(LBMESH_A_ELEMENT);
	acknowledged();
	cr_assert_eq(lbmesh_element_get(wire.conn, 4, &other, element_see, NULL, NULL, &err),
		     -EPROTO);
	other.len = 33;
	cr_assert_eq(lbmesh_element_get(wire.conn, 4, &other, element_see, NULL, NULL, &err),
		     -ERANGE);
	cr_assert_eq(shown, 4);
}

/* The update of sets. */

Test(firewall, an_update_of_sets_sends_what_is_added_and_then_what_is_removed)
{
	const struct lbmesh_element added[] = {{3, prefix("10.0.0.1"), false, 30000},
					       {3, prefix("10.0.0.0/8"), false, 0}};
	const struct lbmesh_element removed[] = {{4, prefix("10.0.0.2"), false, 99}};
	static const uint8_t expected[] = {
		28,   0,    LBMESH_A_ELEMENT,
		0x80, 8,    0,
		1,    0,    3,
		0,    0,    0, /* set */
		8,    0,    2,
		0,    10,   0,
		0,    1,    8,
		0,    5,    0,
		0x30, 0x75, 0,
		0, /* timeout */
		28,   0,    LBMESH_A_ELEMENT,
		0x80, 8,    0,
		1,    0,    3,
		0,    0,    0, /* set */
		8,    0,    2,
		0,    10,   0,
		0,    0,    5,
		0,    4,    0,
		8,    0,    0,
		0, /* length */
		24,   0,    LBMESH_A_ELEMENT,
		0x80, 8,    0,
		1,    0,    4,
		0,    0,    0, /* set */
		8,    0,    2,
		0,    10,   0,
		0,    2,    4,
		0,    6,    0, /* remove */
	};

	test_ack(&message, 1, 0, NULL, NULL);
	test_wire_send(&wire, &message);
	cr_assert_eq(lbmesh_set_update(wire.conn, added, 2, removed, 1, &err), 0);
	cr_assert_eq(test_wire_receive(&wire),
		     (ssize_t)(NLMSG_HDRLEN + GENL_HDRLEN + sizeof(expected)));
	cr_assert_eq(lbm_message_genl(wire.in.nlh)->cmd, LBMESH_CMD_SET_UPDATE);
	cr_assert_eq(wire.in.nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	cr_assert_arr_eq((const uint8_t *)mnl_nlmsg_get_payload_offset(wire.in.nlh, GENL_HDRLEN),
			 expected, sizeof(expected));
}

Test(firewall, a_refused_update_says_which_element)
{
	const struct lbmesh_element added[] = {{3, prefix("10.0.0.1"), false, 0},
					       {3, prefix("10.0.0.2"), false, 0}};
	const uint32_t offset = NLMSG_HDRLEN + GENL_HDRLEN + 20 + 4;

	test_ack(&message, 1, ENOENT, "element: there is no such set", &offset);
	test_wire_send(&wire, &message);
	cr_assert_eq(lbmesh_set_update(wire.conn, added, 2, NULL, 0, &err), -ENOENT);
	cr_assert_str_eq(err.message, "element: there is no such set");
	cr_assert_eq(err.object, LBMESH_OBJECT_ELEMENT);
	cr_assert_eq(err.index, 1);
	cr_assert_str_eq(err.path, "element[1].set");
}

Test(firewall, an_update_that_is_none_is_not_sent)
{
	const struct lbmesh_element good = {3, prefix("10.0.0.1"), false, 0};
	struct lbmesh_element bad = {3, prefix("10.0.0.1"), false, 0};

	cr_assert_eq(lbmesh_set_update(wire.conn, NULL, 0, NULL, 0, &err), -EINVAL);
	bad.prefix.len = 8;
	cr_assert_eq(lbmesh_set_update(wire.conn, &good, 1, &bad, 1, &err), -EDOM);
	cr_assert_str_eq(err.path, "element[1]");
	cr_assert_eq(err.index, 1);
	bad = (struct lbmesh_element){0, prefix("10.0.0.1"), false, 0};
	cr_assert_eq(lbmesh_set_update(wire.conn, &bad, 1, NULL, 0, &err), -EINVAL);
	cr_assert_str_eq(err.message, "element: an id of 0 is none");
	cr_assert_eq(lbmesh_set_update(wire.conn, &bad, 1, NULL, 0, NULL), -EINVAL);
	cr_assert_eq(test_wire_receive(&wire), -1);
}
