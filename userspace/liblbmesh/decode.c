// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * decode.c - reads the answers that are not objects: info, generation, result.
 * Called by generation.c, exchange.c and event.c. What is decoded is copied,
 * nothing points into the message.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

/* Objects are looked at by object.c. */
const struct lbm_policy lbm_main_policy[LBMESH_A_MAX + 1] = {
	[LBMESH_A_GENERATION] = {.type = MNL_TYPE_U64},
	[LBMESH_A_COOKIE] = {.type = MNL_TYPE_U64},
	[LBMESH_A_TOKEN] = {.type = MNL_TYPE_U64},
	[LBMESH_A_RESULT] = {.type = MNL_TYPE_NESTED},
	[LBMESH_A_STATE] = {.type = MNL_TYPE_U8},
	[LBMESH_A_PENDING_MS] = {.type = MNL_TYPE_U32},
	[LBMESH_A_COUNTS] = {.type = MNL_TYPE_NESTED},
	[LBMESH_A_TIMING] = {.type = MNL_TYPE_NESTED},
	[LBMESH_A_LIMITS] = {.type = MNL_TYPE_NESTED},
	[LBMESH_A_CAPABILITIES] = {.type = MNL_TYPE_U32},
	[LBMESH_A_FAMILY_VERSION] = {.type = MNL_TYPE_U32},
	[LBMESH_A_MODULE_VERSION] = {.type = MNL_TYPE_NUL_STRING},
	[LBMESH_A_FLOW] = {.type = MNL_TYPE_NESTED},
	[LBMESH_A_VERDICT] = {.type = MNL_TYPE_NESTED},
	[LBMESH_A_SUPPRESSED] = {.type = MNL_TYPE_U64},
	[LBMESH_A_DRIFT] = {.type = MNL_TYPE_NESTED},
	[LBMESH_A_GATE] = {.type = MNL_TYPE_NESTED},
	[LBMESH_A_CACHE] = {.type = MNL_TYPE_NESTED},
	[LBMESH_A_RULE_STATE] = {.type = MNL_TYPE_NESTED},
	[LBMESH_A_FALLBACK] = {.type = MNL_TYPE_U64},
	[LBMESH_A_TOTALS] = {.type = MNL_TYPE_NESTED},
	[LBMESH_A_PATH] = {.type = MNL_TYPE_NESTED},
	[LBMESH_A_LAYER_STATE] = {.type = MNL_TYPE_NESTED},
};

static int decode_counts(const struct nlattr *nest, struct lbmesh_counts *counts)
{
	static const struct lbm_policy policy[LBMESH_A_COUNTS_MAX + 1] = {
		[LBMESH_A_COUNTS_DEVICES] = {.type = MNL_TYPE_U32},
		[LBMESH_A_COUNTS_NETWORKS] = {.type = MNL_TYPE_U32},
		[LBMESH_A_COUNTS_BRIDGES] = {.type = MNL_TYPE_U32},
		[LBMESH_A_COUNTS_PEERS] = {.type = MNL_TYPE_U32},
		[LBMESH_A_COUNTS_MEMBERS] = {.type = MNL_TYPE_U32},
		[LBMESH_A_COUNTS_LAYERS] = {.type = MNL_TYPE_U32},
		[LBMESH_A_COUNTS_RULES] = {.type = MNL_TYPE_U32},
		[LBMESH_A_COUNTS_SETS] = {.type = MNL_TYPE_U32},
		[LBMESH_A_COUNTS_ELEMENTS] = {.type = MNL_TYPE_U32},
		[LBMESH_A_COUNTS_ENDPOINTS] = {.type = MNL_TYPE_U32},
		[LBMESH_A_COUNTS_MESSAGE_BYTES] = {.type = MNL_TYPE_U32},
		[LBMESH_A_COUNTS_CACHE_ENTRIES] = {.type = MNL_TYPE_U32},
	};
	const struct nlattr *tb[LBMESH_A_COUNTS_MAX + 1];

	memset(counts, 0, sizeof(*counts));
	if (!nest)
		return 0;
	if (lbm_nest_parse(nest, tb, LBMESH_A_COUNTS_MAX, policy))
		return -EPROTO;
	*counts = (struct lbmesh_counts){
		.devices = lbm_attr_u32(tb[LBMESH_A_COUNTS_DEVICES]),
		.networks = lbm_attr_u32(tb[LBMESH_A_COUNTS_NETWORKS]),
		.bridges = lbm_attr_u32(tb[LBMESH_A_COUNTS_BRIDGES]),
		.peers = lbm_attr_u32(tb[LBMESH_A_COUNTS_PEERS]),
		.members = lbm_attr_u32(tb[LBMESH_A_COUNTS_MEMBERS]),
		.layers = lbm_attr_u32(tb[LBMESH_A_COUNTS_LAYERS]),
		.rules = lbm_attr_u32(tb[LBMESH_A_COUNTS_RULES]),
		.sets = lbm_attr_u32(tb[LBMESH_A_COUNTS_SETS]),
		.elements = lbm_attr_u32(tb[LBMESH_A_COUNTS_ELEMENTS]),
		.endpoints = lbm_attr_u32(tb[LBMESH_A_COUNTS_ENDPOINTS]),
		.message_bytes = lbm_attr_u32(tb[LBMESH_A_COUNTS_MESSAGE_BYTES]),
		.cache_entries = lbm_attr_u32(tb[LBMESH_A_COUNTS_CACHE_ENTRIES]),
	};
	if (tb[LBMESH_A_COUNTS_CACHE_ENTRIES] && !counts->cache_entries)
		counts->cache_entries = LBMESH_CACHE_OFF;
	return 0;
}

static int decode_gate(const struct nlattr *nest, struct lbmesh_gate *gate)
{
	static const struct lbm_policy policy[LBMESH_A_GATE_MAX + 1] = {
		[LBMESH_A_GATE_PASSED] = {.type = MNL_TYPE_U64},
		[LBMESH_A_GATE_NOT_MEMBER] = {.type = MNL_TYPE_U64},
		[LBMESH_A_GATE_NOT_CONNECTED] = {.type = MNL_TYPE_U64},
		[LBMESH_A_GATE_MALFORMED] = {.type = MNL_TYPE_U64},
		[LBMESH_A_GATE_MOVING] = {.type = MNL_TYPE_U64},
	};
	const struct nlattr *tb[LBMESH_A_GATE_MAX + 1];

	memset(gate, 0, sizeof(*gate));
	if (!nest)
		return 0;
	if (lbm_nest_parse(nest, tb, LBMESH_A_GATE_MAX, policy))
		return -EPROTO;
	gate->passed = lbm_attr_u64(tb[LBMESH_A_GATE_PASSED]);
	gate->not_member = lbm_attr_u64(tb[LBMESH_A_GATE_NOT_MEMBER]);
	gate->not_connected = lbm_attr_u64(tb[LBMESH_A_GATE_NOT_CONNECTED]);
	gate->malformed = lbm_attr_u64(tb[LBMESH_A_GATE_MALFORMED]);
	gate->moving = lbm_attr_u64(tb[LBMESH_A_GATE_MOVING]);
	return 0;
}

static int decode_totals(const struct nlattr *nest, struct lbmesh_totals *totals)
{
	static const struct lbm_policy policy[LBMESH_A_TOTALS_MAX + 1] = {
		[LBMESH_A_TOTALS_COMMITS] = {.type = MNL_TYPE_U64},
		[LBMESH_A_TOTALS_UNCHANGED] = {.type = MNL_TYPE_U64},
		[LBMESH_A_TOTALS_FAILURES] = {.type = MNL_TYPE_U64},
		[LBMESH_A_TOTALS_CONFIRMS] = {.type = MNL_TYPE_U64},
		[LBMESH_A_TOTALS_REVERTS] = {.type = MNL_TYPE_U64},
		[LBMESH_A_TOTALS_AUDITS] = {.type = MNL_TYPE_U64},
		[LBMESH_A_TOTALS_REPAIRS] = {.type = MNL_TYPE_U64},
		[LBMESH_A_TOTALS_REQUESTS] = {.type = MNL_TYPE_U64},
	};
	const struct nlattr *tb[LBMESH_A_TOTALS_MAX + 1];

	memset(totals, 0, sizeof(*totals));
	if (!nest)
		return 0;
	if (lbm_nest_parse(nest, tb, LBMESH_A_TOTALS_MAX, policy))
		return -EPROTO;
	*totals = (struct lbmesh_totals){
		.commits = lbm_attr_u64(tb[LBMESH_A_TOTALS_COMMITS]),
		.unchanged = lbm_attr_u64(tb[LBMESH_A_TOTALS_UNCHANGED]),
		.failures = lbm_attr_u64(tb[LBMESH_A_TOTALS_FAILURES]),
		.confirms = lbm_attr_u64(tb[LBMESH_A_TOTALS_CONFIRMS]),
		.reverts = lbm_attr_u64(tb[LBMESH_A_TOTALS_REVERTS]),
		.audits = lbm_attr_u64(tb[LBMESH_A_TOTALS_AUDITS]),
		.repairs = lbm_attr_u64(tb[LBMESH_A_TOTALS_REPAIRS]),
		.requests = lbm_attr_u64(tb[LBMESH_A_TOTALS_REQUESTS]),
	};
	return 0;
}

static int decode_cache(const struct nlattr *nest, struct lbmesh_cache *cache)
{
	static const struct lbm_policy policy[LBMESH_A_CACHE_MAX + 1] = {
		[LBMESH_A_CACHE_ENTRIES] = {.type = MNL_TYPE_U32},
		[LBMESH_A_CACHE_HITS] = {.type = MNL_TYPE_U64},
		[LBMESH_A_CACHE_MISSES] = {.type = MNL_TYPE_U64},
		[LBMESH_A_CACHE_STALE] = {.type = MNL_TYPE_U64},
		[LBMESH_A_CACHE_EVICTIONS] = {.type = MNL_TYPE_U64},
	};
	const struct nlattr *tb[LBMESH_A_CACHE_MAX + 1];

	memset(cache, 0, sizeof(*cache));
	if (!nest)
		return 0;
	if (lbm_nest_parse(nest, tb, LBMESH_A_CACHE_MAX, policy))
		return -EPROTO;
	cache->entries = lbm_attr_u32(tb[LBMESH_A_CACHE_ENTRIES]);
	cache->hits = lbm_attr_u64(tb[LBMESH_A_CACHE_HITS]);
	cache->misses = lbm_attr_u64(tb[LBMESH_A_CACHE_MISSES]);
	cache->stale = lbm_attr_u64(tb[LBMESH_A_CACHE_STALE]);
	cache->evictions = lbm_attr_u64(tb[LBMESH_A_CACHE_EVICTIONS]);
	return 0;
}

static int decode_path(const struct nlattr *nest, struct lbmesh_path *path)
{
	static const struct lbm_policy policy[LBMESH_A_PATH_MAX + 1] = {
		[LBMESH_A_PATH_ALLOWED] = {.type = MNL_TYPE_U64},
		[LBMESH_A_PATH_DENIED] = {.type = MNL_TYPE_U64},
		[LBMESH_A_PATH_REJECTED] = {.type = MNL_TYPE_U64},
		[LBMESH_A_PATH_SPOOFED] = {.type = MNL_TYPE_U64},
		[LBMESH_A_PATH_NO_ENDPOINT] = {.type = MNL_TYPE_U64},
		[LBMESH_A_PATH_MALFORMED] = {.type = MNL_TYPE_U64},
		[LBMESH_A_PATH_NO_STATE] = {.type = MNL_TYPE_U64},
	};
	const struct nlattr *tb[LBMESH_A_PATH_MAX + 1];

	memset(path, 0, sizeof(*path));
	if (!nest)
		return 0;
	if (lbm_nest_parse(nest, tb, LBMESH_A_PATH_MAX, policy))
		return -EPROTO;
	*path = (struct lbmesh_path){
		.allowed = lbm_attr_u64(tb[LBMESH_A_PATH_ALLOWED]),
		.denied = lbm_attr_u64(tb[LBMESH_A_PATH_DENIED]),
		.rejected = lbm_attr_u64(tb[LBMESH_A_PATH_REJECTED]),
		.spoofed = lbm_attr_u64(tb[LBMESH_A_PATH_SPOOFED]),
		.no_endpoint = lbm_attr_u64(tb[LBMESH_A_PATH_NO_ENDPOINT]),
		.malformed = lbm_attr_u64(tb[LBMESH_A_PATH_MALFORMED]),
		.no_state = lbm_attr_u64(tb[LBMESH_A_PATH_NO_STATE]),
	};
	return 0;
}

static int decode_outcome(const struct nlattr *nest, struct lbmesh_error *error)
{
	static const struct lbm_policy policy[LBMESH_A_RESULT_MAX + 1] = {
		[LBMESH_A_RESULT_ERRNO] = {.type = MNL_TYPE_U32},
		[LBMESH_A_RESULT_PHASE] = {.type = MNL_TYPE_U8},
		[LBMESH_A_RESULT_OBJECT] = {.type = MNL_TYPE_U8},
		[LBMESH_A_RESULT_INDEX] = {.type = MNL_TYPE_U32},
		[LBMESH_A_RESULT_MESSAGE] = {.type = MNL_TYPE_NUL_STRING},
	};
	const struct nlattr *tb[LBMESH_A_RESULT_MAX + 1];

	/* Without an errno nobody knows how it ended; taking 0 would be a lie. */
	if (lbm_nest_parse(nest, tb, LBMESH_A_RESULT_MAX, policy) || !tb[LBMESH_A_RESULT_ERRNO] ||
	    lbm_attr_u32(tb[LBMESH_A_RESULT_ERRNO]) > 4095)
		return -EPROTO;
	error->code = (int)lbm_attr_u32(tb[LBMESH_A_RESULT_ERRNO]);
	error->phase = (enum lbmesh_phase)lbm_attr_u8(tb[LBMESH_A_RESULT_PHASE]);
	error->object = (enum lbmesh_object)lbm_attr_u8(tb[LBMESH_A_RESULT_OBJECT]);
	error->index = lbm_attr_u32(tb[LBMESH_A_RESULT_INDEX]);
	lbm_attr_string(tb[LBMESH_A_RESULT_MESSAGE], error->message, sizeof(error->message));
	return 0;
}

static int decode_timings(const struct nlmsghdr *nlh, struct lbmesh_result *result)
{
	static const struct lbm_policy policy[LBMESH_A_TIMING_MAX + 1] = {
		[LBMESH_A_TIMING_PHASE] = {.type = MNL_TYPE_U8},
		[LBMESH_A_TIMING_DURATION_NS] = {.type = MNL_TYPE_U64},
	};
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		const struct nlattr *tb[LBMESH_A_TIMING_MAX + 1];

		if (mnl_attr_get_type(attr) != LBMESH_A_TIMING)
			continue;
		if (lbm_nest_parse(attr, tb, LBMESH_A_TIMING_MAX, policy))
			return -EPROTO;
		if (result->n_timings == LBMESH_TIMINGS_MAX)
			break;
		result->timings[result->n_timings++] = (struct lbmesh_timing){
			.phase = (enum lbmesh_phase)lbm_attr_u8(tb[LBMESH_A_TIMING_PHASE]),
			.duration_ns = lbm_attr_u64(tb[LBMESH_A_TIMING_DURATION_NS]),
		};
	}
	return 0;
}

/* The part that a result and a generation have in common. */
static int decode_job(const struct nlmsghdr *nlh, const struct nlattr **tb,
		      struct lbmesh_result *result)
{
	memset(result, 0, sizeof(*result));
	result->cookie = lbm_attr_u64(tb[LBMESH_A_COOKIE]);
	result->token = lbm_attr_u64(tb[LBMESH_A_TOKEN]);
	result->generation = lbm_attr_u64(tb[LBMESH_A_GENERATION]);
	if (tb[LBMESH_A_RESULT] && decode_outcome(tb[LBMESH_A_RESULT], &result->error))
		return -EPROTO;
	return decode_timings(nlh, result);
}

/**
 * lbm_decode_result() - Read a COMMIT_RESULT.
 * @nlh: from the kernel
 * @result: set when 0 is returned
 *
 * Return: 0, or -EPROTO.
 */
int lbm_decode_result(const struct nlmsghdr *nlh, struct lbmesh_result *result)
{
	const struct nlattr *tb[LBMESH_A_MAX + 1];

	if (lbm_message_parse(nlh, tb, LBMESH_A_MAX, lbm_main_policy) || !tb[LBMESH_A_COOKIE] ||
	    !tb[LBMESH_A_RESULT])
		return -EPROTO;
	return decode_job(nlh, tb, result);
}

/**
 * lbm_decode_generation() - Read a GENERATION_GET answer or a GENERATION_NTF.
 * @nlh: from the kernel
 * @generation: set when 0 is returned
 *
 * Return: 0, or -EPROTO.
 */
int lbm_decode_generation(const struct nlmsghdr *nlh, struct lbmesh_generation *generation)
{
	const struct nlattr *tb[LBMESH_A_MAX + 1];

	memset(generation, 0, sizeof(*generation));
	if (lbm_message_parse(nlh, tb, LBMESH_A_MAX, lbm_main_policy) || !tb[LBMESH_A_GENERATION] ||
	    decode_counts(tb[LBMESH_A_COUNTS], &generation->counts) ||
	    decode_gate(tb[LBMESH_A_GATE], &generation->gate) ||
	    decode_totals(tb[LBMESH_A_TOTALS], &generation->totals) ||
	    decode_cache(tb[LBMESH_A_CACHE], &generation->cache) ||
	    decode_path(tb[LBMESH_A_PATH], &generation->path) ||
	    decode_job(nlh, tb, &generation->last))
		return -EPROTO;
	generation->number = lbm_attr_u64(tb[LBMESH_A_GENERATION]);
	generation->state = (enum lbmesh_state)lbm_attr_u8(tb[LBMESH_A_STATE]);
	generation->pending_ms = lbm_attr_u32(tb[LBMESH_A_PENDING_MS]);
	generation->has_fallback = tb[LBMESH_A_FALLBACK];
	generation->fallback = lbm_attr_u64(tb[LBMESH_A_FALLBACK]);
	generation->has_cache = tb[LBMESH_A_CACHE];
	generation->has_path = tb[LBMESH_A_PATH];
	generation->has_last = tb[LBMESH_A_COOKIE];
	generation->has_last_result = generation->has_last && tb[LBMESH_A_RESULT];
	return 0;
}

/**
 * lbm_decode_info() - Read an INFO_GET answer.
 * @nlh: from the kernel
 * @info: set when 0 is returned
 *
 * Return: 0, or -EPROTO.
 */
int lbm_decode_info(const struct nlmsghdr *nlh, struct lbmesh_info *info)
{
	const struct nlattr *tb[LBMESH_A_MAX + 1];

	memset(info, 0, sizeof(*info));
	if (lbm_message_parse(nlh, tb, LBMESH_A_MAX, lbm_main_policy) ||
	    !tb[LBMESH_A_FAMILY_VERSION] || decode_counts(tb[LBMESH_A_LIMITS], &info->limits))
		return -EPROTO;
	info->family_version = lbm_attr_u32(tb[LBMESH_A_FAMILY_VERSION]);
	info->capabilities = lbm_attr_u32(tb[LBMESH_A_CAPABILITIES]);
	lbm_attr_string(tb[LBMESH_A_MODULE_VERSION], info->module_version,
			sizeof(info->module_version));
	return 0;
}
