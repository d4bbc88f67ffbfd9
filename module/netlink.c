// SPDX-License-Identifier: GPL-2.0
/*
 * The lbmesh family: its handlers, results and notifications. Dumps are in
 * dump.c, policies and the table of operations in netlink-gen.c.
 *
 * A handler runs under the generic netlink lock held for reading. It sends
 * nothing to another family and waits for no worker: a writer of that lock in
 * between would make both wait for ever.
 */

#include "compat.h"
#include "job.h"
#include "limits.h"
#include "netlink.h"
#include "netlink-gen.h"

/* Room for every attribute of an answer or event that has no list. */
#define MESSAGE_BYTES 2048
/* Of a message with differences, and more than one of them can need. */
#define DRIFTS_BYTES 8192
#define DRIFT_BYTES 96

/* --- Parts of messages --------------------------------------------------- */

static int put_counts(struct sk_buff *skb, const u32 *count)
{
	static const int attrs[LBM_KINDS] = {
		[LBMESH_OBJECT_DEVICE] = LBMESH_A_COUNTS_DEVICES,
		[LBMESH_OBJECT_NETWORK] = LBMESH_A_COUNTS_NETWORKS,
		[LBMESH_OBJECT_BRIDGE] = LBMESH_A_COUNTS_BRIDGES,
		[LBMESH_OBJECT_PEER] = LBMESH_A_COUNTS_PEERS,
		[LBMESH_OBJECT_MEMBER] = LBMESH_A_COUNTS_MEMBERS,
		[LBMESH_OBJECT_LAYER] = LBMESH_A_COUNTS_LAYERS,
		[LBMESH_OBJECT_RULE] = LBMESH_A_COUNTS_RULES,
		[LBMESH_OBJECT_SET] = LBMESH_A_COUNTS_SETS,
		[LBMESH_OBJECT_ELEMENT] = LBMESH_A_COUNTS_ELEMENTS,
		[LBMESH_OBJECT_ENDPOINT] = LBMESH_A_COUNTS_ENDPOINTS,
	};
	struct nlattr *nest;
	int i;

	nest = nla_nest_start(skb, LBMESH_A_COUNTS);
	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < LBM_KINDS; i++)
		if (attrs[i] && nla_put_u32(skb, attrs[i], count[i]))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_result(struct sk_buff *skb, const struct lbm_result *result)
{
	struct nlattr *nest;

	nest = nla_nest_start(skb, LBMESH_A_RESULT);
	if (!nest ||
	    nla_put_u32(skb, LBMESH_A_RESULT_ERRNO, result->error) ||
	    nla_put_u8(skb, LBMESH_A_RESULT_PHASE, result->phase))
		return -EMSGSIZE;
	if (result->error && result->object != LBMESH_OBJECT_NONE &&
	    (nla_put_u8(skb, LBMESH_A_RESULT_OBJECT, result->object) ||
	     nla_put_u32(skb, LBMESH_A_RESULT_INDEX, result->index)))
		return -EMSGSIZE;
	if (result->message &&
	    nla_put_string(skb, LBMESH_A_RESULT_MESSAGE, result->message))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_timing(struct sk_buff *skb, const struct lbm_result *result)
{
	struct nlattr *nest;
	int phase;

	for (phase = 0; phase < LBM_PHASES; phase++) {
		if (!result->duration[phase])
			continue;
		nest = nla_nest_start(skb, LBMESH_A_TIMING);
		if (!nest ||
		    nla_put_u8(skb, LBMESH_A_TIMING_PHASE, phase) ||
		    lbm_put_u64(skb, LBMESH_A_TIMING_DURATION_NS,
				result->duration[phase]))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	return 0;
}

static int put_job(struct sk_buff *skb, const struct lbm_result *result)
{
	if (lbm_put_u64(skb, LBMESH_A_COOKIE, result->cookie))
		return -EMSGSIZE;
	if (result->token && lbm_put_u64(skb, LBMESH_A_TOKEN, result->token))
		return -EMSGSIZE;
	return put_result(skb, result) ?: put_timing(skb, result);
}

static int put_gate(struct sk_buff *skb, struct lbm_net *ln)
{
	u64 passed = 0, not_member = 0, not_connected = 0, malformed = 0;
	u64 moving = 0;
	struct nlattr *nest;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct lbm_gate_counters *counters, now;
		unsigned int start;

		counters = per_cpu_ptr(ln->counters, cpu);
		do {
			start = u64_stats_fetch_begin(&counters->syncp);
			now.passed = counters->passed;
			now.not_member = counters->not_member;
			now.not_connected = counters->not_connected;
			now.malformed = counters->malformed;
			now.moving = counters->moving;
		} while (u64_stats_fetch_retry(&counters->syncp, start));
		passed += u64_stats_read(&now.passed);
		not_member += u64_stats_read(&now.not_member);
		not_connected += u64_stats_read(&now.not_connected);
		malformed += u64_stats_read(&now.malformed);
		moving += u64_stats_read(&now.moving);
	}
	nest = nla_nest_start(skb, LBMESH_A_GATE);
	if (!nest ||
	    lbm_put_u64(skb, LBMESH_A_GATE_PASSED, passed) ||
	    lbm_put_u64(skb, LBMESH_A_GATE_NOT_MEMBER, not_member) ||
	    lbm_put_u64(skb, LBMESH_A_GATE_NOT_CONNECTED, not_connected) ||
	    lbm_put_u64(skb, LBMESH_A_GATE_MALFORMED, malformed) ||
	    lbm_put_u64(skb, LBMESH_A_GATE_MOVING, moving))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Not before there has been an endpoint. */
static int put_cache(struct sk_buff *skb, struct lbm_net *ln)
{
	const struct lbm_cache *cache = &ln->firewall.cache;
	struct lbm_cache_counters now;
	struct nlattr *nest;

	if (!READ_ONCE(ln->firewall.cached))
		return 0;
	lbm_cache_count(cache, &now);
	nest = nla_nest_start(skb, LBMESH_A_CACHE);
	if (!nest ||
	    nla_put_u32(skb, LBMESH_A_CACHE_ENTRIES,
			READ_ONCE(cache->entries)) ||
	    lbm_put_u64(skb, LBMESH_A_CACHE_HITS, now.hits) ||
	    lbm_put_u64(skb, LBMESH_A_CACHE_MISSES, now.misses) ||
	    lbm_put_u64(skb, LBMESH_A_CACHE_STALE, now.stale) ||
	    lbm_put_u64(skb, LBMESH_A_CACHE_EVICTIONS, now.evictions))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_path(struct sk_buff *skb, struct lbm_net *ln)
{
	static const int attrs[LBM_PATH_COUNTS] = {
		[LBM_PATH_ALLOWED] = LBMESH_A_PATH_ALLOWED,
		[LBM_PATH_DENIED] = LBMESH_A_PATH_DENIED,
		[LBM_PATH_REJECTED] = LBMESH_A_PATH_REJECTED,
		[LBM_PATH_SPOOFED] = LBMESH_A_PATH_SPOOFED,
		[LBM_PATH_NO_ENDPOINT] = LBMESH_A_PATH_NO_ENDPOINT,
		[LBM_PATH_MALFORMED] = LBMESH_A_PATH_MALFORMED,
		[LBM_PATH_NO_STATE] = LBMESH_A_PATH_NO_STATE,
	};
	u64 count[LBM_PATH_COUNTS];
	struct nlattr *nest;
	int i;

	if (!READ_ONCE(ln->firewall.cached))
		return 0;
	lbm_firewall_count(ln, count);
	nest = nla_nest_start(skb, LBMESH_A_PATH);
	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < LBM_PATH_COUNTS; i++)
		if (lbm_put_u64(skb, attrs[i], count[i]))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_totals(struct sk_buff *skb, const struct lbm_totals *totals)
{
	struct nlattr *nest;

	nest = nla_nest_start(skb, LBMESH_A_TOTALS);
	if (!nest ||
	    lbm_put_u64(skb, LBMESH_A_TOTALS_COMMITS, totals->commits) ||
	    lbm_put_u64(skb, LBMESH_A_TOTALS_UNCHANGED, totals->unchanged) ||
	    lbm_put_u64(skb, LBMESH_A_TOTALS_FAILURES, totals->failures) ||
	    lbm_put_u64(skb, LBMESH_A_TOTALS_CONFIRMS, totals->confirms) ||
	    lbm_put_u64(skb, LBMESH_A_TOTALS_REVERTS, totals->reverts) ||
	    lbm_put_u64(skb, LBMESH_A_TOTALS_AUDITS, totals->audits) ||
	    lbm_put_u64(skb, LBMESH_A_TOTALS_REPAIRS, totals->repairs) ||
	    lbm_put_u64(skb, LBMESH_A_TOTALS_REQUESTS, totals->requests))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * struct picture - what generation-get shows, of one moment
 * @gen: in force, counted; or NULL
 * @last: how the last job ended
 * @totals: what was done so far
 * @state: what the namespace is doing
 * @pending_ms: time left for confirm
 * @fallback: number of the generation that returns otherwise
 */
struct picture {
	struct lbm_generation *gen;
	struct lbm_result last;
	struct lbm_totals totals;
	enum lbmesh_state state;
	u32 pending_ms;
	u64 fallback;
};

static void take_picture(struct lbm_net *ln, struct picture *picture)
{
	const struct lbm_job *pending;
	long left;

	mutex_lock(&ln->lock);
	picture->gen = lbm_net_active(ln);
	picture->last = ln->last;
	picture->totals = ln->totals;
	pending = ln->pending;
	if (ln->job)
		picture->state = LBMESH_STATE_COMMITTING;
	else if (pending)
		picture->state = LBMESH_STATE_PENDING;
	else if (picture->gen)
		picture->state = LBMESH_STATE_ACTIVE;
	else
		picture->state = LBMESH_STATE_EMPTY;
	if (picture->state == LBMESH_STATE_PENDING) {
		left = ln->deadline - jiffies;
		picture->pending_ms = jiffies_to_msecs(max(left, 0L));
		picture->fallback = pending->base ? pending->base->number : 0;
	}
	mutex_unlock(&ln->lock);
}

/* What generation-get answers and generation-ntf tells. */
static int put_generation(struct sk_buff *skb, struct lbm_net *ln)
{
	static const u32 none[LBM_KINDS];
	struct picture now = {};
	int ret;

	take_picture(ln, &now);
	ret = lbm_put_u64(skb, LBMESH_A_GENERATION,
			  now.gen ? now.gen->number : 0);
	ret = ret ?: nla_put_u8(skb, LBMESH_A_STATE, now.state);
	if (now.state == LBMESH_STATE_PENDING) {
		ret = ret ?: nla_put_u32(skb, LBMESH_A_PENDING_MS,
					 now.pending_ms);
		ret = ret ?: lbm_put_u64(skb, LBMESH_A_FALLBACK, now.fallback);
	}
	ret = ret ?: put_counts(skb, now.gen ? now.gen->count : none);
	ret = ret ?: put_totals(skb, &now.totals);
	ret = ret ?: put_gate(skb, ln);
	ret = ret ?: put_cache(skb, ln);
	ret = ret ?: put_path(skb, ln);
	if (now.last.cookie)
		ret = ret ?: put_job(skb, &now.last);
	lbm_generation_put(now.gen);
	return ret;
}

/* --- Answers -------------------------------------------------------------- */

/**
 * lbm_netlink_begin_answer - begin the answer to a request
 * @info: the request
 * @header: for lbm_netlink_end_answer()
 *
 * Return: the answer, or NULL when there is no memory.
 */
struct sk_buff *lbm_netlink_begin_answer(struct genl_info *info, void **header)
{
	struct sk_buff *skb;

	skb = genlmsg_new(MESSAGE_BYTES, GFP_KERNEL);
	if (!skb)
		return NULL;
	*header = genlmsg_put_reply(skb, info, &lbm_family, 0,
				    info->genlhdr->cmd);
	if (*header)
		return skb;
	nlmsg_free(skb);
	return NULL;
}

/**
 * lbm_netlink_end_answer - send an answer, or free it when making it failed
 * @skb: from lbm_netlink_begin_answer(); consumed
 * @info: the request
 * @header: as that gave it
 * @error: of making it, or 0
 *
 * Return: @error, or the errno of sending.
 */
int lbm_netlink_end_answer(struct sk_buff *skb, struct genl_info *info,
			   void *header, int error)
{
	if (error) {
		nlmsg_free(skb);
		return error;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

int lbmesh_nl_info_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct lbm_net *ln = lbm_net_of(genl_info_net(info));
	struct sk_buff *answer;
	void *header;
	int ret;

	answer = lbm_netlink_begin_answer(info, &header);
	if (!answer)
		return -ENOMEM;
	ret = nla_put_u32(answer, LBMESH_A_FAMILY_VERSION,
			  LBMESH_FAMILY_VERSION);
	ret = ret ?: nla_put_string(answer, LBMESH_A_MODULE_VERSION,
				    LBM_VERSION);
	ret = ret ?: nla_put_u32(answer, LBMESH_A_CAPABILITIES,
				 LBMESH_CAPABILITY_MESH |
				 LBMESH_CAPABILITY_CONFIRM |
				 LBMESH_CAPABILITY_FIREWALL |
				 LBMESH_CAPABILITY_AUDIT |
				 LBMESH_CAPABILITY_EXPLAIN);
	ret = ret ?: lbm_limits_put(answer, &ln->limits);
	return lbm_netlink_end_answer(answer, info, header, ret);
}

int lbmesh_nl_generation_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct lbm_net *ln = lbm_net_of(genl_info_net(info));
	struct sk_buff *answer;
	void *header;

	answer = lbm_netlink_begin_answer(info, &header);
	if (!answer)
		return -ENOMEM;
	return lbm_netlink_end_answer(answer, info, header,
				      put_generation(answer, ln));
}

/* --- Results and notifications -------------------------------------------- */

/**
 * lbm_netlink_result_alloc - room for a commit-result
 *
 * Return: a message for lbm_netlink_send_result(), or NULL when there is no
 * memory.
 */
struct sk_buff *lbm_netlink_result_alloc(void)
{
	return genlmsg_new(MESSAGE_BYTES, GFP_KERNEL_ACCOUNT);
}

/**
 * lbm_netlink_send_result - tell a sender how its job ended
 * @ln: the namespace
 * @skb: from lbm_netlink_result_alloc(); consumed
 * @portid: the sender's socket; it may be gone
 * @result: what to tell
 */
void lbm_netlink_send_result(struct lbm_net *ln, struct sk_buff *skb,
			     u32 portid, const struct lbm_result *result)
{
	void *header;

	header = genlmsg_put(skb, 0, 0, &lbm_family, 0,
			     LBMESH_CMD_COMMIT_RESULT);
	if (!header ||
	    lbm_put_u64(skb, LBMESH_A_GENERATION, result->generation) ||
	    put_job(skb, result)) {
		WARN_ON_ONCE(1);
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_unicast(ln->net, skb, portid);
}

static int put_drift(struct sk_buff *skb, const struct lbm_drift *drift)
{
	struct nlattr *nest;

	nest = nla_nest_start(skb, LBMESH_A_DRIFT);
	if (!nest ||
	    nla_put_u8(skb, LBMESH_A_DRIFT_KIND, drift->kind) ||
	    nla_put_u32(skb, LBMESH_A_DRIFT_DEVICE, drift->device))
		return -EMSGSIZE;
	if (drift->has_peer &&
	    nla_put(skb, LBMESH_A_DRIFT_PUBLIC_KEY, LBMESH_KEY_LEN,
		    drift->public_key))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Send the drifts that fit into one message. The last one sent, or NULL. */
static const struct lbm_drift *send_some(struct lbm_net *ln,
					 const struct lbm_job *job,
					 const struct lbm_drift *first)
{
	const struct lbm_drift *drift = first, *sent = NULL;
	struct sk_buff *skb;
	void *header;

	skb = genlmsg_new(DRIFTS_BYTES, GFP_KERNEL);
	if (!skb)
		return NULL;
	header = genlmsg_put(skb, 0, 0, &lbm_family, 0,
			     LBMESH_CMD_AUDIT_RESULT);
	if (!header || lbm_put_u64(skb, LBMESH_A_COOKIE, job->result.cookie) ||
	    lbm_put_u64(skb, LBMESH_A_GENERATION, job->base->number))
		goto err;
	list_for_each_entry_from(drift, &job->drifts, list) {
		if (skb_tailroom(skb) < DRIFT_BYTES)
			break;
		if (put_drift(skb, drift))
			goto err;
		sent = drift;
	}
	genlmsg_end(skb, header);
	genlmsg_unicast(ln->net, skb, job->portid);
	return sent;

err:
	WARN_ON_ONCE(1);
	nlmsg_free(skb);
	return NULL;
}

/**
 * lbm_netlink_send_drifts - tell a sender what its audit has found
 * @job: the audit or repair
 *
 * Return: 0, or -ENOMEM when not all has been told.
 */
int lbm_netlink_send_drifts(const struct lbm_job *job)
{
	const struct lbm_drift *drift;

	if (list_empty(&job->drifts))
		return 0;
	drift = list_first_entry(&job->drifts, struct lbm_drift, list);
	for (;;) {
		drift = send_some(job->ln, job, drift);
		if (!drift)
			return -ENOMEM;
		if (list_is_last(&drift->list, &job->drifts))
			return 0;
		drift = list_next_entry(drift, list);
	}
}

/**
 * lbm_netlink_notify - tell the group that the generation has changed
 * @ln: the namespace
 */
void lbm_netlink_notify(struct lbm_net *ln)
{
	struct sk_buff *skb;
	void *header;

	if (!genl_has_listeners(&lbm_family, ln->net, LBMESH_NLGRP_GENERATION))
		return;
	skb = genlmsg_new(MESSAGE_BYTES, GFP_KERNEL);
	if (!skb)
		return;
	header = genlmsg_put(skb, 0, 0, &lbm_family, 0,
			     LBMESH_CMD_GENERATION_NTF);
	if (!header || put_generation(skb, ln)) {
		WARN_ON_ONCE(1);
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast_netns(&lbm_family, ln->net, skb, 0,
				LBMESH_NLGRP_GENERATION, GFP_KERNEL);
}

/* --- The family ----------------------------------------------------------- */

static const struct genl_multicast_group groups[] = {
	[LBMESH_NLGRP_GENERATION] = {
		.name = LBMESH_MCGRP_GENERATION,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
	[LBMESH_NLGRP_VERDICT] = {
		.name = LBMESH_MCGRP_VERDICT,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

struct genl_family lbm_family __ro_after_init = {
	.name = LBMESH_FAMILY_NAME,
	.version = LBMESH_FAMILY_VERSION,
	.netnsok = true,
	/*
	 * Commits of different namespaces do not wait for each other; and the
	 * worker may talk to wireguard, which is not parallel, meanwhile.
	 */
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = lbmesh_nl_ops,
	.n_ops = ARRAY_SIZE(lbmesh_nl_ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

/**
 * lbm_netlink_init - register the family
 *
 * Return: 0 or a negative errno.
 */
int __init lbm_netlink_init(void)
{
	return genl_register_family(&lbm_family);
}

/**
 * lbm_netlink_exit - unregister the family
 */
void lbm_netlink_exit(void)
{
	genl_unregister_family(&lbm_family);
}
