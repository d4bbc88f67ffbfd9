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
#include "netlink.h"
#include "netlink-gen.h"
#include "parse.h"

/* Room for every attribute of an answer or event that has no list. */
#define MESSAGE_BYTES 2048

static int not_built(struct genl_info *info)
{
	NL_SET_ERR_MSG(info->extack,
		       "this operation is not built yet; see capabilities");
	return -EOPNOTSUPP;
}

#define NOT_BUILT(name)							\
	int lbmesh_nl_##name##_doit(struct sk_buff *skb,		\
				    struct genl_info *info)		\
	{								\
		return not_built(info);					\
	}

NOT_BUILT(limits_set)
NOT_BUILT(confirm)
NOT_BUILT(revert)
NOT_BUILT(explain)
NOT_BUILT(set_update)
NOT_BUILT(audit)
NOT_BUILT(repair)
NOT_BUILT(device_get)
NOT_BUILT(network_get)
NOT_BUILT(bridge_get)
NOT_BUILT(peer_get)
NOT_BUILT(member_get)
NOT_BUILT(layer_get)
NOT_BUILT(rule_get)
NOT_BUILT(set_get)
NOT_BUILT(element_get)
NOT_BUILT(endpoint_get)
NOT_BUILT(flow_get)

/* --- Parts of messages --------------------------------------------------- */

static int put_counts(struct sk_buff *skb, int type, const u32 *count)
{
	static const int attrs[LBM_KINDS] = {
		[LBMESH_OBJECT_DEVICE] = LBMESH_A_COUNTS_DEVICES,
		[LBMESH_OBJECT_NETWORK] = LBMESH_A_COUNTS_NETWORKS,
		[LBMESH_OBJECT_BRIDGE] = LBMESH_A_COUNTS_BRIDGES,
		[LBMESH_OBJECT_PEER] = LBMESH_A_COUNTS_PEERS,
		[LBMESH_OBJECT_MEMBER] = LBMESH_A_COUNTS_MEMBERS,
	};
	struct nlattr *nest;
	int i;

	nest = nla_nest_start(skb, type);
	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < LBM_KINDS; i++)
		if (attrs[i] && nla_put_u32(skb, attrs[i], count[i]))
			return -EMSGSIZE;
	if (type == LBMESH_A_LIMITS &&
	    nla_put_u32(skb, LBMESH_A_COUNTS_MESSAGE_BYTES, LBM_MESSAGE_BYTES))
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
		} while (u64_stats_fetch_retry(&counters->syncp, start));
		passed += u64_stats_read(&now.passed);
		not_member += u64_stats_read(&now.not_member);
		not_connected += u64_stats_read(&now.not_connected);
		malformed += u64_stats_read(&now.malformed);
	}
	nest = nla_nest_start(skb, LBMESH_A_GATE);
	if (!nest ||
	    lbm_put_u64(skb, LBMESH_A_GATE_PASSED, passed) ||
	    lbm_put_u64(skb, LBMESH_A_GATE_NOT_MEMBER, not_member) ||
	    lbm_put_u64(skb, LBMESH_A_GATE_NOT_CONNECTED, not_connected) ||
	    lbm_put_u64(skb, LBMESH_A_GATE_MALFORMED, malformed))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* What generation-get answers and generation-ntf tells. */
static int put_generation(struct sk_buff *skb, struct lbm_net *ln)
{
	static const u32 none[LBM_KINDS];
	struct lbm_generation *gen;
	struct lbm_result last;
	enum lbmesh_state state;
	int ret;

	/* Together, so that a job that has ended shows its generation. */
	mutex_lock(&ln->lock);
	gen = lbm_net_active(ln);
	last = ln->last;
	if (ln->job)
		state = LBMESH_STATE_COMMITTING;
	else
		state = gen ? LBMESH_STATE_ACTIVE : LBMESH_STATE_EMPTY;
	mutex_unlock(&ln->lock);

	ret = lbm_put_u64(skb, LBMESH_A_GENERATION, gen ? gen->number : 0);
	ret = ret ?: nla_put_u8(skb, LBMESH_A_STATE, state);
	ret = ret ?: put_counts(skb, LBMESH_A_COUNTS, gen ? gen->count : none);
	ret = ret ?: put_gate(skb, ln);
	if (last.cookie)
		ret = ret ?: put_job(skb, &last);
	lbm_generation_put(gen);
	return ret;
}

/* --- Answers -------------------------------------------------------------- */

static struct sk_buff *begin_answer(struct genl_info *info, void **header)
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

/* Send the answer, or free it when making it failed. */
static int end_answer(struct sk_buff *skb, struct genl_info *info, void *header,
		      int error)
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

	answer = begin_answer(info, &header);
	if (!answer)
		return -ENOMEM;
	ret = nla_put_u32(answer, LBMESH_A_FAMILY_VERSION,
			  LBMESH_FAMILY_VERSION);
	ret = ret ?: nla_put_string(answer, LBMESH_A_MODULE_VERSION,
				    LBM_VERSION);
	ret = ret ?: nla_put_u32(answer, LBMESH_A_CAPABILITIES,
				 LBMESH_CAPABILITY_MESH);
	ret = ret ?: put_counts(answer, LBMESH_A_LIMITS, ln->limits);
	return end_answer(answer, info, header, ret);
}

int lbmesh_nl_generation_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct lbm_net *ln = lbm_net_of(genl_info_net(info));
	struct sk_buff *answer;
	void *header;

	answer = begin_answer(info, &header);
	if (!answer)
		return -ENOMEM;
	return end_answer(answer, info, header, put_generation(answer, ln));
}

static int answer_cookie(struct genl_info *info, u64 cookie)
{
	struct sk_buff *answer;
	void *header;

	answer = begin_answer(info, &header);
	if (!answer)
		return -ENOMEM;
	return end_answer(answer, info, header,
			  lbm_put_u64(answer, LBMESH_A_COOKIE, cookie));
}

/* --- Jobs ----------------------------------------------------------------- */

static u64 get_u64(struct genl_info *info, int type)
{
	struct nlattr *attr = info->attrs[type];

	return attr ? nla_get_u64(attr) : 0;
}

static int check_expected(struct lbm_job *job, struct genl_info *info)
{
	u64 number = job->base ? job->base->number : 0;

	if (!info->attrs[LBMESH_A_EXPECT_GEN] ||
	    get_u64(info, LBMESH_A_EXPECT_GEN) == number)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[LBMESH_A_EXPECT_GEN],
			    "another generation than expect-gen is in force");
	return -ESTALE;
}

/* Take a namespace's place for a job, and give the job its cookie. */
static int accept_job(struct lbm_job *job, struct genl_info *info)
{
	struct lbm_net *ln = job->ln;

	lockdep_assert_held(&ln->lock);
	if (READ_ONCE(ln->dying)) {
		NL_SET_ERR_MSG(info->extack, "the namespace goes away");
		return -ENETDOWN;
	}
	/* The base must still be the one that the job was read against. */
	if (ln->job || rcu_access_pointer(ln->active) != job->base) {
		NL_SET_ERR_MSG(info->extack,
			       "another commit or flush is running; try again");
		return -EBUSY;
	}
	if (!lbm_net_pin(ln)) {
		NL_SET_ERR_MSG(info->extack, "the module is being unloaded");
		return -EBUSY;
	}
	job->result.cookie = ++ln->last_cookie;
	ln->job = job;
	return 0;
}

/* Undo accept_job() for a job that has not been queued. */
static void withdraw_job(struct lbm_job *job)
{
	struct lbm_net *ln = job->ln;

	mutex_lock(&ln->lock);
	ln->job = NULL;
	if (!rcu_access_pointer(ln->active))
		lbm_net_unpin(ln);
	mutex_unlock(&ln->lock);
}

/*
 * Hand a job that has been read to the worker. Its cookie is sent first, so
 * that it comes before the result; and a job whose cookie cannot be sent is
 * not run, so that an error always means that nothing changes.
 */
static int start(struct lbm_job *job, struct genl_info *info)
{
	struct lbm_net *ln = job->ln;
	int ret;

	mutex_lock(&ln->lock);
	ret = accept_job(job, info);
	mutex_unlock(&ln->lock);
	if (ret)
		goto err;
	ret = answer_cookie(info, job->result.cookie);
	if (ret) {
		NL_SET_ERR_MSG(info->extack, "the cookie could not be sent");
		withdraw_job(job);
		goto err;
	}
	if (job->result.token) {
		mutex_lock(&ln->lock);
		ln->last_token = job->result.token;
		ln->last_token_cookie = job->result.cookie;
		mutex_unlock(&ln->lock);
	}
	lbm_job_queue(job);
	return 0;

err:
	lbm_job_free(job);
	return ret;
}

static int check_token(struct genl_info *info)
{
	if (!info->attrs[LBMESH_A_TOKEN] || get_u64(info, LBMESH_A_TOKEN))
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[LBMESH_A_TOKEN],
			    "token is 0");
	return -EINVAL;
}

/*
 * Answer a token that has been accepted before with the cookie of then, and
 * with the result if there is one.
 *
 * Return: true when that was so.
 */
static bool answer_again(struct lbm_net *ln, struct genl_info *info, u64 token,
			 int *ret)
{
	struct lbm_result last = {};
	struct sk_buff *skb;
	u64 cookie = 0;

	if (!token)
		return false;
	mutex_lock(&ln->lock);
	if (ln->last_token == token) {
		cookie = ln->last_token_cookie;
		if (ln->last.cookie == cookie)
			last = ln->last;
	}
	mutex_unlock(&ln->lock);
	if (!cookie)
		return false;
	*ret = answer_cookie(info, cookie);
	if (last.cookie && !*ret) {
		skb = lbm_netlink_result_alloc();
		if (skb)
			lbm_netlink_send_result(ln, skb, info->snd_portid,
						&last);
	}
	return true;
}

static int check_commit(struct genl_info *info)
{
	if (info->nlhdr->nlmsg_len > LBM_MESSAGE_BYTES) {
		NL_SET_ERR_MSG(info->extack,
			       "message-bytes: more than the limit of this namespace");
		return -ENOSPC;
	}
	if (!info->attrs[LBMESH_A_MODE]) {
		NL_SET_ERR_MSG(info->extack, "mode is required");
		return -EINVAL;
	}
	if (nla_get_u8(info->attrs[LBMESH_A_MODE]) ==
	    LBMESH_COMMIT_MODE_DELTA && !info->attrs[LBMESH_A_EXPECT_GEN]) {
		NL_SET_ERR_MSG(info->extack,
			       "expect-gen is required in mode delta");
		return -EINVAL;
	}
	if (info->attrs[LBMESH_A_CONFIRM_TIMEOUT] &&
	    nla_get_u32(info->attrs[LBMESH_A_CONFIRM_TIMEOUT])) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[LBMESH_A_CONFIRM_TIMEOUT],
				    "confirm is not built yet; see capabilities");
		return -EOPNOTSUPP;
	}
	return 0;
}

static struct lbm_job *begin_job(struct lbm_net *ln, struct genl_info *info,
				 u64 token)
{
	struct lbm_job *job;

	job = lbm_job_new(ln, info->snd_portid, token);
	if (!job)
		NL_SET_ERR_MSG(info->extack, "out of memory");
	return job;
}

static int commit(struct lbm_net *ln, struct genl_info *info)
{
	u64 token = get_u64(info, LBMESH_A_TOKEN);
	u64 began = ktime_get_ns();
	struct lbm_job *job;
	int ret;

	ret = check_token(info) ?: check_commit(info);
	if (ret || answer_again(ln, info, token, &ret))
		return ret;
	job = begin_job(ln, info, token);
	if (!job)
		return -ENOMEM;
	ret = check_expected(job, info);
	ret = ret ?: lbm_parse_commit(job, info,
				      nla_get_u8(info->attrs[LBMESH_A_MODE]));
	if (ret) {
		lbm_job_free(job);
		return ret;
	}
	job->result.duration[LBMESH_PHASE_PARSE] = ktime_get_ns() - began;
	return start(job, info);
}

int lbmesh_nl_commit_doit(struct sk_buff *skb, struct genl_info *info)
{
	int ret;

	ret = commit(lbm_net_of(genl_info_net(info)), info);
	lbm_parse_wipe(info);
	return ret;
}

int lbmesh_nl_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct lbm_net *ln = lbm_net_of(genl_info_net(info));
	u64 token = get_u64(info, LBMESH_A_TOKEN);
	struct lbm_job *job;
	int ret;

	ret = check_token(info);
	if (ret || answer_again(ln, info, token, &ret))
		return ret;
	job = begin_job(ln, info, token);
	if (!job)
		return -ENOMEM;
	job->flush = true;
	ret = check_expected(job, info);
	if (ret) {
		lbm_job_free(job);
		return ret;
	}
	return start(job, info);
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
