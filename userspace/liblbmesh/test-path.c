// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-path.c - from the offset of an attribute to its path, in messages made
 * by the commit builder.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static const uint8_t key[LBMESH_KEY_LEN];

struct sent_commit {
	struct lbm_request request;
	struct lbmesh_commit *commit;
	struct lbm_sent sent;
};

static void sent_make(struct sent_commit *sent)
{
	struct nlmsghdr *head = lbm_request_init(&sent->request, TEST_FAMILY, LBMESH_CMD_COMMIT,
						 LBMESH_FAMILY_VERSION, NLM_F_ACK);
	struct lbmesh_prefix prefix;
	struct lbmesh_range ranges[] = {{1, 2}, {3, 4}};

	mnl_attr_put_u8(head, LBMESH_A_MODE, LBMESH_COMMIT_MODE_DELTA);
	mnl_attr_put_u64(head, LBMESH_A_TOKEN, 1);
	sent->commit = lbmesh_commit_new(LBMESH_COMMIT_MODE_DELTA);
	cr_assert(sent->commit);
	cr_assert_eq(lbmesh_prefix_parse("10.0.0.0/8", &prefix), 0);
	cr_assert_eq(lbmesh_commit_put_device(sent->commit,
					      &(struct lbmesh_device){.id = 1, .ifindex = 1}),
		     0);
	for (int i = 0; i < 4; i++) {
		cr_assert_eq(lbmesh_commit_put_peer(sent->commit,
						    &(struct lbmesh_peer){.device = 1,
									  .public_key = key}),
			     0);
		cr_assert_eq(lbmesh_commit_put_member(sent->commit,
						      &(struct lbmesh_member){1, 1, prefix, NULL}),
			     0);
	}
	cr_assert_eq(lbmesh_commit_put_rule(sent->commit, &(struct lbmesh_rule){.layer = 1,
										.id = 1,
										.dst_ports = ranges,
										.n_dst_ports = 2}),
		     0);
	sent->sent = (struct lbm_sent){head, sent->commit->body, true};
}

/* Offset in the whole message of the @n-th attribute of @type at the top level. */
static size_t offset_of(const struct sent_commit *sent, uint16_t type, unsigned int n)
{
	const struct nlmsghdr *parts[] = {sent->sent.head, sent->sent.body};
	const size_t bases[] = {0, sent->sent.head->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN};

	for (size_t i = 0; i < 2; i++) {
		const struct nlattr *attr;

		mnl_attr_for_each(attr, parts[i], GENL_HDRLEN) {
			if (mnl_attr_get_type(attr) == type && !n--)
				return bases[i] +
				       (size_t)((const uint8_t *)attr - (const uint8_t *)parts[i]);
		}
	}
	cr_assert(false, "no such attribute");
	return 0;
}

static void expect(const struct sent_commit *sent, size_t offset, const char *path,
		   enum lbmesh_object object, uint32_t index)
{
	struct lbm_place place;

	cr_assert_eq(lbm_place_find(&sent->sent, offset, &place), path[0] != '\0');
	cr_assert_str_eq(place.path, path);
	cr_assert_eq(place.object, object);
	cr_assert_eq(place.index, index);
}

TestSuite(path);

Test(path, scalars_have_their_name)
{
	struct sent_commit sent;

	sent_make(&sent);
	expect(&sent, offset_of(&sent, LBMESH_A_MODE, 0), "mode", LBMESH_OBJECT_NONE, 0);
	expect(&sent, offset_of(&sent, LBMESH_A_TOKEN, 0), "token", LBMESH_OBJECT_NONE, 0);
	lbmesh_commit_free(sent.commit);
}

Test(path, objects_have_their_place_among_their_kind)
{
	struct sent_commit sent;

	sent_make(&sent);
	expect(&sent, offset_of(&sent, LBMESH_A_DEVICE, 0), "device[0]", LBMESH_OBJECT_DEVICE, 0);
	for (unsigned int i = 0; i < 4; i++) {
		char path[32];

		(void)snprintf(path, sizeof(path), "peer[%u]", i);
		expect(&sent, offset_of(&sent, LBMESH_A_PEER, i), path, LBMESH_OBJECT_PEER, i);
		(void)snprintf(path, sizeof(path), "member[%u]", i);
		expect(&sent, offset_of(&sent, LBMESH_A_MEMBER, i), path, LBMESH_OBJECT_MEMBER, i);
	}
	lbmesh_commit_free(sent.commit);
}

Test(path, attributes_of_an_object_follow_a_dot)
{
	struct sent_commit sent;
	size_t peer;

	sent_make(&sent);
	peer = offset_of(&sent, LBMESH_A_PEER, 3);
	expect(&sent, peer + 4, "peer[3].device", LBMESH_OBJECT_PEER, 3);
	expect(&sent, peer + 12, "peer[3].public-key", LBMESH_OBJECT_PEER, 3);
	/* Some report where the value is and not the attribute. */
	expect(&sent, peer + 16, "peer[3].public-key", LBMESH_OBJECT_PEER, 3);
	lbmesh_commit_free(sent.commit);
}

Test(path, nests_in_nests_are_followed)
{
	struct sent_commit sent;
	size_t rule;

	sent_make(&sent);
	/* layer, id, position and action, 8 bytes each, stand before the ports. */
	rule = offset_of(&sent, LBMESH_A_RULE, 0) + 4 + 32;
	expect(&sent, rule, "rule[0].dst-port[0]", LBMESH_OBJECT_RULE, 0);
	expect(&sent, rule + 20, "rule[0].dst-port[1]", LBMESH_OBJECT_RULE, 0);
	expect(&sent, rule + 24, "rule[0].dst-port[1].first", LBMESH_OBJECT_RULE, 0);
	expect(&sent, rule + 32, "rule[0].dst-port[1].last", LBMESH_OBJECT_RULE, 0);
	lbmesh_commit_free(sent.commit);
}

Test(path, an_offset_outside_the_attributes_has_no_path)
{
	static const size_t offsets[] = {0, 1, 15, 19, 100000, SIZE_MAX, UINT32_MAX};
	struct sent_commit sent;

	sent_make(&sent);
	for (size_t i = 0; i < lbm_array_size(offsets); i++)
		expect(&sent, offsets[i], "", LBMESH_OBJECT_NONE, 0);
	lbmesh_commit_free(sent.commit);
}

Test(path, no_offset_reads_beyond_the_message)
{
	struct sent_commit sent;
	struct lbm_place place;
	size_t size;

	sent_make(&sent);
	size = sent.sent.head->nlmsg_len + lbmesh_commit_size(sent.commit);
	for (size_t offset = 0; offset < size + 64; offset++)
		(void)lbm_place_find(&sent.sent, offset, &place);
	cr_assert_not(lbm_place_find(&sent.sent, size, &place));
	lbmesh_commit_free(sent.commit);
}

Test(path, what_is_missing_is_named_within_its_nest)
{
	struct sent_commit sent;
	struct lbm_place place;

	sent_make(&sent);
	lbm_place_top(&place);
	lbm_place_missing(&place, LBMESH_A_MODE);
	cr_assert_str_eq(place.path, "mode");
	cr_assert(lbm_place_find(&sent.sent, offset_of(&sent, LBMESH_A_PEER, 1), &place));
	lbm_place_missing(&place, LBMESH_A_PEER_PUBLIC_KEY);
	cr_assert_str_eq(place.path, "peer[1].public-key");
	lbm_place_missing(&place, 4711);
	cr_assert_str_eq(place.path, "peer[1].public-key");
	lbmesh_commit_free(sent.commit);
}

Test(path, every_attribute_of_a_request_has_a_name)
{
	static const struct {
		uint16_t object;
		uint16_t max;
	} sets[] = {
		{LBMESH_A_DEVICE, LBMESH_A_DEVICE_MAX},
		{LBMESH_A_NETWORK, LBMESH_A_NETWORK_MAX},
		{LBMESH_A_BRIDGE, LBMESH_A_BRIDGE_MAX},
		{LBMESH_A_PEER, LBMESH_A_PEER_MAX},
		{LBMESH_A_MEMBER, LBMESH_A_MEMBER_MAX},
		{LBMESH_A_LAYER, LBMESH_A_LAYER_MAX},
		{LBMESH_A_RULE, LBMESH_A_RULE_MAX},
		{LBMESH_A_SET, LBMESH_A_SET_MAX},
		{LBMESH_A_ELEMENT, LBMESH_A_ELEMENT_MAX},
		{LBMESH_A_ENDPOINT, LBMESH_A_ENDPOINT_MAX},
	};

	for (size_t i = 0; i < lbm_array_size(sets); i++) {
		for (uint16_t type = 1; type <= sets[i].max; type++) {
			struct lbm_request request;
			struct nlmsghdr *head =
				lbm_request_init(&request, TEST_FAMILY, LBMESH_CMD_COMMIT, 1, 0);
			struct nlattr *nest = mnl_attr_nest_start(head, sets[i].object);
			struct lbm_sent sent = {head, NULL, true};
			struct lbm_place place;

			mnl_attr_put_u32(head, type, 0);
			mnl_attr_nest_end(head, nest);
			cr_assert(lbm_place_find(&sent, 24, &place));
			cr_assert_not_null(strchr(place.path, '.'), "%s, type %u", place.path,
					   type);
		}
	}
}
