// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-decode.c - answers of the kernel, good ones, and bad ones of all kinds.
 * Messages are decoded from memory of exactly their size, so that ASan sees a
 * read beyond it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static struct nlmsghdr *exact_copy(const struct nlmsghdr *nlh, uint32_t len)
{
	struct nlmsghdr *copy = malloc(len < sizeof(*copy) ? sizeof(*copy) : len);

	cr_assert(copy);
	memcpy(copy, nlh, len < sizeof(*copy) ? sizeof(*copy) : len);
	copy->nlmsg_len = len;
	return copy;
}

static void generation_make(struct test_message *message)
{
	struct nlmsghdr *nlh = test_message(message, TEST_FAMILY, LBMESH_CMD_GENERATION_GET, 1);
	struct nlattr *nest;

	mnl_attr_put_u64(nlh, LBMESH_A_GENERATION, 9);
	mnl_attr_put_u8(nlh, LBMESH_A_STATE, LBMESH_STATE_ACTIVE);
	mnl_attr_put_u64(nlh, LBMESH_A_COOKIE, 5);
	mnl_attr_put_u64(nlh, LBMESH_A_TOKEN, 6);
	nest = mnl_attr_nest_start(nlh, LBMESH_A_COUNTS);
	mnl_attr_put_u32(nlh, LBMESH_A_COUNTS_PEERS, 12);
	mnl_attr_nest_end(nlh, nest);
	nest = mnl_attr_nest_start(nlh, LBMESH_A_RESULT);
	mnl_attr_put_u32(nlh, LBMESH_A_RESULT_ERRNO, 0);
	mnl_attr_put_u8(nlh, LBMESH_A_RESULT_PHASE, LBMESH_PHASE_RETIRE);
	mnl_attr_nest_end(nlh, nest);
	for (uint8_t phase = 0; phase < 3; phase++) {
		nest = mnl_attr_nest_start(nlh, LBMESH_A_TIMING);
		mnl_attr_put_u8(nlh, LBMESH_A_TIMING_PHASE, phase);
		mnl_attr_put_u64(nlh, LBMESH_A_TIMING_DURATION_NS, (uint64_t)1000 * phase);
		mnl_attr_nest_end(nlh, nest);
	}
	nest = mnl_attr_nest_start(nlh, LBMESH_A_GATE);
	mnl_attr_put_u64(nlh, LBMESH_A_GATE_PASSED, UINT64_MAX);
	mnl_attr_put_u64(nlh, LBMESH_A_GATE_MOVING, 4);
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_put_u32(nlh, LBMESH_A_PENDING_MS, 500);
	mnl_attr_put_u64(nlh, LBMESH_A_FALLBACK, 0);
	nest = mnl_attr_nest_start(nlh, LBMESH_A_TOTALS);
	for (uint32_t type = 1; type <= LBMESH_A_TOTALS_MAX; type++)
		mnl_attr_put_u64(nlh, (uint16_t)type, (uint64_t)100 + type);
	mnl_attr_nest_end(nlh, nest);
	nest = mnl_attr_nest_start(nlh, LBMESH_A_CACHE);
	mnl_attr_put_u32(nlh, LBMESH_A_CACHE_ENTRIES, 4096);
	for (uint32_t type = LBMESH_A_CACHE_HITS; type <= LBMESH_A_CACHE_MAX; type++)
		mnl_attr_put_u64(nlh, (uint16_t)type, (uint64_t)200 + type);
	mnl_attr_nest_end(nlh, nest);
	nest = mnl_attr_nest_start(nlh, LBMESH_A_PATH);
	for (uint32_t type = 1; type <= LBMESH_A_PATH_MAX; type++)
		mnl_attr_put_u64(nlh, (uint16_t)type, (uint64_t)300 + type);
	mnl_attr_nest_end(nlh, nest);
}

TestSuite(decode);

Test(decode, a_result_says_how_where_and_why)
{
	struct test_message message;
	struct lbmesh_result result;

	test_result(&message, 77, EADDRINUSE);
	cr_assert_eq(lbm_decode_result(message.nlh, &result), 0);
	cr_assert_eq(result.cookie, 77);
	cr_assert_eq(result.generation, 7);
	cr_assert_eq(result.error.code, EADDRINUSE);
	cr_assert_eq(result.error.phase, LBMESH_PHASE_PREPARE);
	cr_assert_eq(result.error.object, LBMESH_OBJECT_PEER);
	cr_assert_eq(result.error.index, 3);
	cr_assert_str_eq(result.error.message, "peer: WireGuard refused it");
}

Test(decode, a_result_without_cookie_result_or_errno_is_refused)
{
	struct test_message message;
	struct lbmesh_result result;
	struct nlattr *nest;

	test_message(&message, TEST_FAMILY, LBMESH_CMD_COMMIT_RESULT, 0);
	cr_assert_eq(lbm_decode_result(message.nlh, &result), -EPROTO);
	mnl_attr_put_u64(message.nlh, LBMESH_A_COOKIE, 1);
	cr_assert_eq(lbm_decode_result(message.nlh, &result), -EPROTO);
	nest = mnl_attr_nest_start(message.nlh, LBMESH_A_RESULT);
	mnl_attr_put_u8(message.nlh, LBMESH_A_RESULT_PHASE, 0);
	mnl_attr_nest_end(message.nlh, nest);
	cr_assert_eq(lbm_decode_result(message.nlh, &result), -EPROTO);
}

Test(decode, an_errno_that_is_none_is_refused)
{
	struct test_message message;
	struct lbmesh_result result;

	test_result(&message, 1, 4096);
	cr_assert_eq(lbm_decode_result(message.nlh, &result), -EPROTO);
	test_result(&message, 1, (uint32_t)-EINVAL);
	cr_assert_eq(lbm_decode_result(message.nlh, &result), -EPROTO);
}

Test(decode, a_result_cut_at_any_byte_is_refused_or_says_the_same)
{
	struct test_message message;

	test_result(&message, 77, EINVAL);
	for (uint32_t len = 0; len <= message.nlh->nlmsg_len; len++) {
		struct nlmsghdr *copy = exact_copy(message.nlh, len);
		struct lbmesh_result result;

		if (!lbm_decode_result(copy, &result)) {
			cr_assert_eq(result.cookie, 77);
			cr_assert_eq(result.error.code, EINVAL);
		}
		free(copy);
	}
}

Test(decode, no_flipped_bit_reads_beyond_the_message)
{
	struct test_message message;

	test_result(&message, 77, EINVAL);
	for (uint32_t bit = NLMSG_HDRLEN * 8; bit < message.nlh->nlmsg_len * 8; bit++) {
		struct nlmsghdr *copy = exact_copy(message.nlh, message.nlh->nlmsg_len);
		struct lbmesh_result result;

		((uint8_t *)copy)[bit / 8] ^= (uint8_t)(1U << (bit % 8));
		(void)lbm_decode_result(copy, &result);
		free(copy);
	}
}

Test(decode, a_generation_has_counts_gate_and_the_last_job)
{
	struct lbmesh_generation generation;
	struct test_message message;

	generation_make(&message);
	cr_assert_eq(lbm_decode_generation(message.nlh, &generation), 0);
	cr_assert_eq(generation.number, 9);
	cr_assert_eq(generation.state, LBMESH_STATE_ACTIVE);
	cr_assert_eq(generation.counts.peers, 12);
	cr_assert_eq(generation.counts.devices, 0);
	cr_assert_eq(generation.gate.passed, UINT64_MAX);
	cr_assert_eq(generation.gate.moving, 4);
	cr_assert_eq(generation.pending_ms, 500);
	cr_assert(generation.has_fallback);
	cr_assert_eq(generation.fallback, 0);
	cr_assert(generation.has_last);
	cr_assert(generation.has_last_result);
	cr_assert_eq(generation.last.token, 6);
	cr_assert_eq(generation.last.n_timings, 3);
	cr_assert_eq(generation.last.timings[2].duration_ns, 2000);
}

Test(decode, every_total_comes_under_its_own_number)
{
	struct lbmesh_generation generation;
	struct test_message message;

	generation_make(&message);
	cr_assert_eq(lbm_decode_generation(message.nlh, &generation), 0);
	cr_assert_eq(generation.totals.commits, 100 + LBMESH_A_TOTALS_COMMITS);
	cr_assert_eq(generation.totals.unchanged, 100 + LBMESH_A_TOTALS_UNCHANGED);
	cr_assert_eq(generation.totals.failures, 100 + LBMESH_A_TOTALS_FAILURES);
	cr_assert_eq(generation.totals.confirms, 100 + LBMESH_A_TOTALS_CONFIRMS);
	cr_assert_eq(generation.totals.reverts, 100 + LBMESH_A_TOTALS_REVERTS);
	cr_assert_eq(generation.totals.audits, 100 + LBMESH_A_TOTALS_AUDITS);
	cr_assert_eq(generation.totals.repairs, 100 + LBMESH_A_TOTALS_REPAIRS);
	cr_assert_eq(generation.totals.requests, 100 + LBMESH_A_TOTALS_REQUESTS);
	cr_assert(generation.has_cache);
	cr_assert_eq(generation.cache.entries, 4096);
	cr_assert_eq(generation.cache.hits, 200 + LBMESH_A_CACHE_HITS);
	cr_assert_eq(generation.cache.misses, 200 + LBMESH_A_CACHE_MISSES);
	cr_assert_eq(generation.cache.stale, 200 + LBMESH_A_CACHE_STALE);
	cr_assert_eq(generation.cache.evictions, 200 + LBMESH_A_CACHE_EVICTIONS);
	cr_assert(generation.has_path);
	cr_assert_eq(generation.path.allowed, 300 + LBMESH_A_PATH_ALLOWED);
	cr_assert_eq(generation.path.denied, 300 + LBMESH_A_PATH_DENIED);
	cr_assert_eq(generation.path.rejected, 300 + LBMESH_A_PATH_REJECTED);
	cr_assert_eq(generation.path.spoofed, 300 + LBMESH_A_PATH_SPOOFED);
	cr_assert_eq(generation.path.no_endpoint, 300 + LBMESH_A_PATH_NO_ENDPOINT);
	cr_assert_eq(generation.path.malformed, 300 + LBMESH_A_PATH_MALFORMED);
	cr_assert_eq(generation.path.no_state, 300 + LBMESH_A_PATH_NO_STATE);
}

Test(decode, short_numbers_in_a_generation_are_refused)
{
	static const struct {
		uint16_t nest; /* 0: at the top level */
		uint16_t type;
		uint8_t len;
	} cases[] = {
		{0, LBMESH_A_FALLBACK, 4},
		{0, LBMESH_A_FALLBACK, 0},
		{0, LBMESH_A_PENDING_MS, 2},
		{0, LBMESH_A_PENDING_MS, 8},
		{0, LBMESH_A_TOTALS, 2},
		{0, LBMESH_A_GATE, 3},
		{LBMESH_A_TOTALS, LBMESH_A_TOTALS_COMMITS, 4},
		{LBMESH_A_TOTALS, LBMESH_A_TOTALS_REQUESTS, 7},
		{LBMESH_A_GATE, LBMESH_A_GATE_MOVING, 4},
		{LBMESH_A_COUNTS, LBMESH_A_COUNTS_CACHE_ENTRIES, 3},
		{LBMESH_A_CACHE, LBMESH_A_CACHE_ENTRIES, 8},
		{LBMESH_A_CACHE, LBMESH_A_CACHE_HITS, 4},
		{LBMESH_A_PATH, LBMESH_A_PATH_NO_STATE, 4},
	};

	for (size_t i = 0; i < lbm_array_size(cases); i++) {
		struct lbmesh_generation generation;
		struct test_message message;
		struct nlattr *nest = NULL;

		generation_make(&message);
		if (cases[i].nest)
			nest = mnl_attr_nest_start(message.nlh, cases[i].nest);
		mnl_attr_put(message.nlh, cases[i].type, cases[i].len, (const uint8_t[8]){1});
		if (nest)
			mnl_attr_nest_end(message.nlh, nest);
		cr_assert_eq(lbm_decode_generation(message.nlh, &generation), -EPROTO, "%zu", i);
	}
}

Test(decode, a_generation_without_the_newer_attributes_has_none_of_them)
{
	struct lbmesh_generation generation;
	struct test_message message;

	test_message(&message, TEST_FAMILY, LBMESH_CMD_GENERATION_GET, 1);
	mnl_attr_put_u64(message.nlh, LBMESH_A_GENERATION, 9);
	cr_assert_eq(lbm_decode_generation(message.nlh, &generation), 0);
	cr_assert_not(generation.has_fallback);
	cr_assert_not(generation.has_cache);
	cr_assert_not(generation.has_path);
	cr_assert_eq(generation.totals.requests, 0);
	cr_assert_eq(generation.gate.moving, 0);
}

Test(decode, more_timings_than_there_are_phases_do_no_harm)
{
	struct lbmesh_generation generation;
	struct test_message message;

	generation_make(&message);
	for (int i = 0; i < 100; i++) {
		struct nlattr *nest = mnl_attr_nest_start(message.nlh, LBMESH_A_TIMING);

		mnl_attr_nest_end(message.nlh, nest);
	}
	cr_assert_eq(lbm_decode_generation(message.nlh, &generation), 0);
	cr_assert_eq(generation.last.n_timings, LBMESH_TIMINGS_MAX);
}

Test(decode, a_generation_with_any_bit_flipped_does_no_harm)
{
	struct test_message message;

	generation_make(&message);
	for (uint32_t bit = NLMSG_HDRLEN * 8; bit < message.nlh->nlmsg_len * 8; bit++) {
		struct nlmsghdr *copy = exact_copy(message.nlh, message.nlh->nlmsg_len);
		struct lbmesh_generation generation;

		((uint8_t *)copy)[bit / 8] ^= (uint8_t)(1U << (bit % 8));
		(void)lbm_decode_generation(copy, &generation);
		free(copy);
	}
}

Test(decode, an_info_without_a_version_is_refused)
{
	struct test_message message;
	struct lbmesh_info info;

	test_message(&message, TEST_FAMILY, LBMESH_CMD_INFO_GET, 1);
	cr_assert_eq(lbm_decode_info(message.nlh, &info), -EPROTO);
	mnl_attr_put_u32(message.nlh, LBMESH_A_FAMILY_VERSION, 1);
	mnl_attr_put_u32(message.nlh, LBMESH_A_CAPABILITIES, LBMESH_CAPABILITY_MESH);
	mnl_attr_put_strz(message.nlh, LBMESH_A_MODULE_VERSION, "0.1.0");
	cr_assert_eq(lbm_decode_info(message.nlh, &info), 0);
	cr_assert_str_eq(info.module_version, "0.1.0");
}

static const struct nlattr *nest_of(struct lbmesh_commit *commit)
{
	return mnl_nlmsg_get_payload_offset(commit->body, GENL_HDRLEN);
}

Test(decode, objects_come_back_as_they_were_put)
{
	static const uint8_t key[LBMESH_KEY_LEN] = "0123456789abcdef0123456789abcde";
	struct lbmesh_commit *commit = lbmesh_commit_new(LBMESH_COMMIT_MODE_REPLACE);
	struct lbmesh_peer put = {.device = 4, .public_key = key, .endpoint_port = 51820};
	struct lbmesh_member member = {.network = 1, .device = 2};
	struct lbmesh_member member_back;
	struct lbmesh_peer back;

	cr_assert(commit);
	cr_assert_eq(lbmesh_address_parse("fd00::1", &put.endpoint), 0);
	cr_assert_eq(lbmesh_commit_put_peer(commit, &put), 0);
	cr_assert_eq(lbm_decode_peer(nest_of(commit), &back), 0);
	cr_assert_eq(back.device, 4);
	cr_assert_eq(back.endpoint_port, 51820);
	cr_assert_eq(lbmesh_prefix_compare(&back.endpoint, &put.endpoint), 0);
	cr_assert_arr_eq(back.public_key, key, LBMESH_KEY_LEN);
	cr_assert_null(back.preshared_key);
	lbmesh_commit_free(commit);

	commit = lbmesh_commit_new(LBMESH_COMMIT_MODE_REPLACE);
	cr_assert(commit);
	cr_assert_eq(lbmesh_prefix_parse("10.0.0.0/8", &member.prefix), 0);
	cr_assert_eq(lbmesh_commit_put_member(commit, &member), 0);
	cr_assert_eq(lbm_decode_member(nest_of(commit), &member_back), 0);
	cr_assert_eq(lbmesh_prefix_compare(&member_back.prefix, &member.prefix), 0);
	cr_assert_null(member_back.public_key);
	lbmesh_commit_free(commit);
}

Test(decode, a_member_with_no_two_or_impossible_addresses_is_refused)
{
	for (int bad = 0; bad < 5; bad++) {
		struct test_message message;
		struct nlmsghdr *nlh = test_message(&message, TEST_FAMILY, 1, 0);
		struct nlattr *nest = mnl_attr_nest_start(nlh, LBMESH_A_MEMBER);
		struct lbmesh_member member;
		uint8_t ipv6[16] = {0};

		mnl_attr_put_u32(nlh, LBMESH_A_MEMBER_NETWORK, 1);
		mnl_attr_put_u32(nlh, LBMESH_A_MEMBER_DEVICE, 1);
		if (bad)
			mnl_attr_put_u32(nlh, LBMESH_A_MEMBER_IPV4, htonl(0x0a000001));
		if (bad == 1)
			mnl_attr_put(nlh, LBMESH_A_MEMBER_IPV6, sizeof(ipv6), ipv6);
		if (bad == 2)
			mnl_attr_put_u8(nlh, LBMESH_A_MEMBER_PREFIX_LEN, 33);
		if (bad == 3)
			mnl_attr_put_u8(nlh, LBMESH_A_MEMBER_PREFIX_LEN, 24);
		if (bad == 4)
			mnl_attr_put(nlh, LBMESH_A_MEMBER_PUBLIC_KEY, 31, (const uint8_t[31]){0});
		mnl_attr_nest_end(nlh, nest);
		cr_assert_eq(lbm_decode_member(nest, &member), -EPROTO, "%d", bad);
	}
}

Test(decode, names_of_a_newer_module_are_unknown)
{
	cr_assert_str_eq(lbmesh_state_name(LBMESH_STATE_PENDING), "pending");
	cr_assert_str_eq(lbmesh_state_name((enum lbmesh_state)200), "unknown");
	cr_assert_str_eq(lbmesh_phase_name((enum lbmesh_phase) - 1), "unknown");
	cr_assert_str_eq(lbmesh_object_name(LBMESH_OBJECT_ENDPOINT), "endpoint");
	cr_assert_str_eq(lbmesh_capability_name(1U << 31), "unknown");
	cr_assert_str_eq(lbmesh_drift_name(LBMESH_DRIFT_KIND_DEVICE_MISSING), "device-missing");
	cr_assert_str_eq(lbmesh_drift_name(LBMESH_DRIFT_KIND_PRESHARED_KEY), "preshared-key");
	cr_assert_str_eq(lbmesh_drift_name((enum lbmesh_drift_kind)7), "unknown");
}
