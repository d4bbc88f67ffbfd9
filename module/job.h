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
#include "stamp.h"
#include "wireguard.h"

/**
 * enum lbm_job_kind - what a job does
 * @LBM_JOB_COMMIT: the phases from @base to @next
 * @LBM_JOB_FLUSH: ends the generation, pending or not
 * @LBM_JOB_CONFIRM: keeps the pending generation
 * @LBM_JOB_REVERT: brings the generation before the pending one back
 * @LBM_JOB_EXPIRE: the same, because the time is over; the job is the pending
 *	commit itself, so that nothing has to be allocated
 * @LBM_JOB_AUDIT: lists how WireGuard differs from the generation
 * @LBM_JOB_REPAIR: the same, and mends it
 */
enum lbm_job_kind {
	LBM_JOB_COMMIT,
	LBM_JOB_FLUSH,
	LBM_JOB_CONFIRM,
	LBM_JOB_REVERT,
	LBM_JOB_EXPIRE,
	LBM_JOB_AUDIT,
	LBM_JOB_REPAIR,
};

/**
 * struct lbm_was - what WireGuard had before a change, for the way back
 * @device: what was set of a device; wiped with the change
 * @did: which of it has been set: LBM_WG_KEY and so on
 * @psk: pre-shared key of a peer
 * @family: AF_INET or AF_INET6 of its endpoint, 0 when it had none
 * @port: UDP port of its endpoint
 * @endpoint: address of its endpoint; it may have roamed
 */
struct lbm_was {
	struct lbm_wg_device device;
	unsigned int did;
	u8 psk[LBMESH_KEY_LEN];
	u8 family;
	__be16 port;
	struct in6_addr endpoint;
};

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
 * @was: what WireGuard had before; NULL when it need not be restored
 */
struct lbm_change {
	struct list_head list;
	struct lbm_object *old;
	struct lbm_object *new;
	const struct nlattr *nest;
	u32 index;
	bool has_secret;
	u8 secret[LBMESH_KEY_LEN];
	struct lbm_was *was;
};

/**
 * struct lbm_kept - a peer that an interface had before it was managed
 * @list: in the job
 * @device: id of its device in the next generation
 * @public_key: its key
 * @psk: its pre-shared key; the rest of it is in the job's @before
 */
struct lbm_kept {
	struct list_head list;
	u32 device;
	u8 public_key[LBMESH_KEY_LEN];
	u8 psk[LBMESH_KEY_LEN];
};

/**
 * struct lbm_drift - how WireGuard differs from the generation
 * @list: in the job
 * @kind: what differs
 * @device: id of the device
 * @has_peer: it is about the peer @public_key
 * @public_key: of the peer
 */
struct lbm_drift {
	struct list_head list;
	enum lbmesh_drift_kind kind;
	u32 device;
	bool has_peer;
	u8 public_key[LBMESH_KEY_LEN];
};

/* The most that an audit lists. */
#define LBM_DRIFTS_MAX 1024

/**
 * struct lbm_job - a transaction on its way
 * @ln: the namespace
 * @kind: what it does
 * @portid: socket that gets the result
 * @cred: whose rights count
 * @answer: message for the result, allocated while it could still be refused
 * @base: the generation that the job began with, counted; NULL for none
 * @next: the generation that the job builds, counted
 * @changes: by kind, struct lbm_change, from @base to @next
 * @silent: rules or elements change as well, of which no list is kept
 * @touched: which layers and sets these belong to
 * @kept: struct lbm_kept, peers that were on an interface before it was managed
 * @before: those peers and their addresses, as WireGuard had them; or NULL
 * @peered: peers have been touched, or may have been
 * @moves: an address changes its owner, so the gate must hold it meanwhile
 * @confirm_ms: how long @next is pending; 0 when no confirm is asked for
 * @drifts: struct lbm_drift, at most LBM_DRIFTS_MAX
 * @drift_count: how many there are, listed or not
 * @result: how it ended; @result.object and @result.index name what the
 *	phases work on
 *
 * Built by a handler, then owned by the work of its namespace alone.
 */
struct lbm_job {
	struct lbm_net *ln;
	enum lbm_job_kind kind;
	u32 portid;
	const struct cred *cred;
	struct sk_buff *answer;
	struct lbm_generation *base;
	struct lbm_generation *next;
	struct list_head changes[LBM_KINDS];
	bool silent;
	struct lbm_touched touched;
	struct list_head kept;
	struct lbm_generation *before;
	bool peered;
	bool moves;
	u32 confirm_ms;
	struct list_head drifts;
	u32 drift_count;
	struct lbm_result result;
};

#define lbm_job_for_each(change, job, kind) \
	list_for_each_entry(change, &(job)->changes[kind], list)

/*
 * Kinds of which there can be a million, and that no phase does anything for:
 * a job only knows whether any of them changes.
 */
static inline bool lbm_job_is_silent(enum lbmesh_object kind)
{
	return kind == LBMESH_OBJECT_RULE || kind == LBMESH_OBJECT_ELEMENT;
}

struct lbm_job *lbm_job_new(struct lbm_net *ln, enum lbm_job_kind kind,
			    u32 portid, u64 token);
void lbm_job_free(struct lbm_job *job);
struct lbm_change *lbm_job_change(struct lbm_job *job, struct lbm_object *old,
				  struct lbm_object *new);
bool lbm_job_is_idle(const struct lbm_job *job);

void lbm_job_work(struct work_struct *work);
void lbm_job_timeout(struct work_struct *work);
void lbm_job_queue(struct lbm_job *job);
void lbm_job_arm(struct lbm_net *ln);
void lbm_job_delay(struct delayed_work *work, unsigned long delay);

int lbm_job_init(void);
void lbm_job_exit(void);

#endif /* _LBM_JOB_H */
