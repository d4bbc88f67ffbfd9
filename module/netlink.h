/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lbmesh family: handlers, results and notifications.
 */
#ifndef _LBM_NETLINK_H
#define _LBM_NETLINK_H

#include <net/genetlink.h>

#include "netns.h"

#define LBM_VERSION "0.1.0"

extern struct genl_family lbm_family;

/*
 * Without padding to 8 bytes: no reader of ours needs it, and not every client
 * that is made from a spec skips it.
 */
static inline int lbm_put_u64(struct sk_buff *skb, int type, u64 value)
{
	return nla_put(skb, type, sizeof(value), &value);
}

/* NL_SET_ERR_MSG_ATTR() wants a literal; this one takes a constant. */
static inline int lbm_netlink_refuse(struct netlink_ext_ack *extack,
				     const struct nlattr *attr,
				     const char *message, int error)
{
	if (extack) {
		extack->_msg = message;
		extack->bad_attr = attr;
		extack->policy = NULL;
	}
	return error;
}

struct lbm_job;

struct sk_buff *lbm_netlink_begin_answer(struct genl_info *info, void **header);
int lbm_netlink_end_answer(struct sk_buff *skb, struct genl_info *info,
			   void *header, int error);

int lbm_netlink_send_drifts(const struct lbm_job *job);
struct sk_buff *lbm_netlink_result_alloc(void);
void lbm_netlink_send_result(struct lbm_net *ln, struct sk_buff *skb,
			     u32 portid, const struct lbm_result *result);
void lbm_netlink_notify(struct lbm_net *ln);

int lbm_netlink_init(void);
void lbm_netlink_exit(void);

#endif /* _LBM_NETLINK_H */
