// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that become jobs: commit, flush, confirm, revert, audit and repair.
 * A handler reads and checks the request, takes the namespace's place for a
 * job, answers with the cookie, and hands the job to the worker.
 */

#include "job.h"
#include "netlink.h"
#include "netlink-gen.h"
#include "parse.h"

/* The longest time that a generation may be pending: a day. */
#define CONFIRM_MS_MAX (24U * 60 * 60 * 1000)

/*
 * An attribute of a request, or 0. @type is one that the operation takes:
 * info->attrs ends with the last of those, not with the last of the family.
 */
static u64 get_u64(struct genl_info *info, int type)
{
	struct nlattr *attr = info->attrs[type];

	return attr ? nla_get_u64(attr) : 0;
}

static int answer_cookie(struct genl_info *info, u64 cookie)
{
	struct sk_buff *answer;
	void *header;

	answer = lbm_netlink_begin_answer(info, &header);
	if (!answer)
		return -ENOMEM;
	return lbm_netlink_end_answer(answer, info, header,
				      lbm_put_u64(answer, LBMESH_A_COOKIE,
						  cookie));
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

static int refuse_busy(struct genl_info *info, const char *message)
{
	info->extack->_msg = message;
	return -EBUSY;
}

/*
 * While a generation is pending, the commit that made it must be confirmed or
 * reverted first; flush ends both. Nothing else may change WireGuard.
 */
static int check_pending(const struct lbm_job *job, struct genl_info *info)
{
	const struct lbm_job *pending = job->ln->pending;
	bool is_answer = job->kind == LBM_JOB_CONFIRM ||
			 job->kind == LBM_JOB_REVERT;

	if (pending && !is_answer && job->kind != LBM_JOB_FLUSH)
		return refuse_busy(info, job->ln->busy);
	if (!is_answer)
		return 0;
	if (!pending) {
		NL_SET_ERR_MSG(info->extack, "no generation is pending");
		return -ENOENT;
	}
	if (pending->next->number != get_u64(info, LBMESH_A_GENERATION)) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[LBMESH_A_GENERATION],
				    "another generation than this is pending");
		return -ESTALE;
	}
	return 0;
}

/* Take a namespace's place for a job, and give the job its cookie. */
static int accept_job(struct lbm_job *job, struct genl_info *info)
{
	struct lbm_net *ln = job->ln;
	int ret;

	lockdep_assert_held(&ln->lock);
	if (READ_ONCE(ln->dying)) {
		NL_SET_ERR_MSG(info->extack, "the namespace goes away");
		return -ENETDOWN;
	}
	/* The base must still be the one that the job was read against. */
	if (ln->job || rcu_access_pointer(ln->active) != job->base)
		return refuse_busy(info,
				   "another job is running; try again");
	ret = check_pending(job, info);
	if (ret)
		return ret;
	if (!lbm_net_pin(ln))
		return refuse_busy(info, "the module is being unloaded");
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
	/* Its time may have been over meanwhile. */
	if (ln->pending)
		lbm_job_arm(ln);
	else if (!rcu_access_pointer(ln->active))
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

static int check_commit(struct lbm_net *ln, struct genl_info *info)
{
	struct nlattr *confirm = info->attrs[LBMESH_A_CONFIRM_TIMEOUT];

	if (info->nlhdr->nlmsg_len > READ_ONCE(ln->limits.message_bytes)) {
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
	if (confirm && nla_get_u32(confirm) > CONFIRM_MS_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack, confirm,
				    "confirm-timeout is above a day");
		return -ERANGE;
	}
	return 0;
}

static struct lbm_job *begin_job(struct lbm_net *ln, struct genl_info *info,
				 enum lbm_job_kind kind, u64 token)
{
	struct lbm_job *job;

	job = lbm_job_new(ln, kind, info->snd_portid, token);
	if (!job)
		NL_SET_ERR_MSG(info->extack, "out of memory");
	return job;
}

/* Said first, as a sender who does not know of it is wrong in other ways too. */
static int check_settled(struct lbm_net *ln, struct genl_info *info)
{
	int ret = 0;

	mutex_lock(&ln->lock);
	if (ln->pending)
		ret = refuse_busy(info, ln->busy);
	mutex_unlock(&ln->lock);
	return ret;
}

static int commit(struct lbm_net *ln, struct genl_info *info)
{
	u64 token = get_u64(info, LBMESH_A_TOKEN);
	u64 began = ktime_get_ns();
	struct lbm_job *job;
	int ret;

	ret = check_token(info) ?: check_commit(ln, info);
	if (ret || answer_again(ln, info, token, &ret))
		return ret;
	ret = check_settled(ln, info);
	if (ret)
		return ret;
	job = begin_job(ln, info, LBM_JOB_COMMIT, token);
	if (!job)
		return -ENOMEM;
	if (info->attrs[LBMESH_A_CONFIRM_TIMEOUT])
		job->confirm_ms =
			nla_get_u32(info->attrs[LBMESH_A_CONFIRM_TIMEOUT]);
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
	job = begin_job(ln, info, LBM_JOB_FLUSH, token);
	if (!job)
		return -ENOMEM;
	ret = check_expected(job, info);
	if (ret) {
		lbm_job_free(job);
		return ret;
	}
	return start(job, info);
}

/* An answer to a pending generation, which it names. */
static int settle(struct genl_info *info, enum lbm_job_kind kind)
{
	struct lbm_job *job;

	if (!info->attrs[LBMESH_A_GENERATION]) {
		NL_SET_ERR_MSG(info->extack, "generation is required");
		return -EINVAL;
	}
	job = begin_job(lbm_net_of(genl_info_net(info)), info, kind, 0);
	return job ? start(job, info) : -ENOMEM;
}

int lbmesh_nl_confirm_doit(struct sk_buff *skb, struct genl_info *info)
{
	return settle(info, LBM_JOB_CONFIRM);
}

int lbmesh_nl_revert_doit(struct sk_buff *skb, struct genl_info *info)
{
	return settle(info, LBM_JOB_REVERT);
}

static int check(struct genl_info *info, enum lbm_job_kind kind)
{
	struct lbm_net *ln = lbm_net_of(genl_info_net(info));
	u64 token = get_u64(info, LBMESH_A_TOKEN);
	struct lbm_job *job;
	int ret;

	ret = check_token(info);
	if (ret || answer_again(ln, info, token, &ret))
		return ret;
	job = begin_job(ln, info, kind, token);
	if (!job)
		return -ENOMEM;
	if (job->base)
		return start(job, info);
	NL_SET_ERR_MSG(info->extack, "no generation is in force");
	lbm_job_free(job);
	return -ENOENT;
}

int lbmesh_nl_audit_doit(struct sk_buff *skb, struct genl_info *info)
{
	return check(info, LBM_JOB_AUDIT);
}

int lbmesh_nl_repair_doit(struct sk_buff *skb, struct genl_info *info)
{
	return check(info, LBM_JOB_REPAIR);
}
