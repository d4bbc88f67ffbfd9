/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Jobs: what a netlink handler queues and the worker of a namespace runs.
 */
#ifndef _LBM_JOB_H
#define _LBM_JOB_H

#include <linux/cred.h>
#include <linux/list.h>
#include <linux/skbuff.h>

#include "netns.h"
#include "wireguard.h"

/**
 * struct lbm_change - an object that a job adds, changes or removes
 * @list: in the job
 * @old: what the base has; NULL when the object is new
 * @new: what the next generation has; NULL when the object is removed
 * @nest: the object in the message, while that is read; NULL when the message
 *	does not name it
 * @index: its place among its kind in the message
 * @has_secret: @secret came with the object
 * @secret: private key of a device, pre-shared key of a peer
 * @saved: what wireguard had before, for a device that was changed
 */
struct lbm_change {
	struct list_head list;
	struct lbm_object *old;
	struct lbm_object *new;
	const struct nlattr *nest;
	u32 index;
	bool has_secret;
	u8 secret[LBMESH_KEY_LEN];
	struct lbm_wg_device *saved;
};

/**
 * struct lbm_foreign - a peer that the next generation does not have
 * @list: in the job
 * @ifindex: its interface
 * @public_key: its key
 */
struct lbm_foreign {
	struct list_head list;
	int ifindex;
	u8 public_key[LBMESH_KEY_LEN];
};

/**
 * struct lbm_job - a transaction on its way
 * @ln: the namespace
 * @flush: end the generation; @next is NULL
 * @portid: socket that gets the result
 * @cred: whose rights count
 * @answer: message for the result, allocated while it could still be refused
 * @base: the generation that the job began with, counted; NULL for none
 * @next: the generation that the job builds, counted
 * @changes: by kind, struct lbm_change, from @base to @next
 * @foreign: peers that were on an interface before it was managed
 * @result: how it ended; @result.object and @result.index name what the
 *	phases work on
 *
 * Built by a handler, then owned by the work of its namespace alone.
 */
struct lbm_job {
	struct lbm_net *ln;
	bool flush;
	u32 portid;
	const struct cred *cred;
	struct sk_buff *answer;
	struct lbm_generation *base;
	struct lbm_generation *next;
	struct list_head changes[LBM_KINDS];
	struct list_head foreign;
	struct lbm_result result;
};

#define lbm_job_for_each(change, job, kind) \
	list_for_each_entry(change, &(job)->changes[kind], list)

struct lbm_job *lbm_job_new(struct lbm_net *ln, u32 portid, u64 token);
void lbm_job_free(struct lbm_job *job);
struct lbm_change *lbm_job_change(struct lbm_job *job, struct lbm_object *old,
				  struct lbm_object *new);
bool lbm_job_is_idle(const struct lbm_job *job);

void lbm_job_work(struct work_struct *work);
void lbm_job_queue(struct lbm_job *job);

int lbm_job_init(void);
void lbm_job_exit(void);

#endif /* _LBM_JOB_H */
