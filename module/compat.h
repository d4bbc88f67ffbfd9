/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between Linux 6.1 and later, and nothing else: no other file
 * looks at the version of the kernel.
 */
#ifndef _LBM_COMPAT_H
#define _LBM_COMPAT_H

#include <linux/version.h>
#include <net/genetlink.h>

/* Attributes of a dump request: struct genl_info came to dumps in 6.6. */
static inline struct nlattr **lbm_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

/*
 * Groups that only the administrator may join: a flag since 6.7, also in
 * stable 6.1. Without it a family cannot say so, hence no fallback.
 */
#ifndef GENL_MCAST_CAP_NET_ADMIN
#error "this kernel cannot restrict multicast groups; update it to a current stable release"
#endif

/* Without these hooks there is no gate. */
#if !IS_ENABLED(CONFIG_NETFILTER_INGRESS) || !IS_ENABLED(CONFIG_NETFILTER_EGRESS)
#error "lbmesh needs a kernel with CONFIG_NETFILTER_INGRESS and CONFIG_NETFILTER_EGRESS"
#endif

/*
 * For a variable on each packet's way that is written before it is read: not
 * to be cleared where the kernel has all of them cleared. Linux has it of late.
 */
#ifndef __uninitialized
#if __has_attribute(__uninitialized__)
#define __uninitialized __attribute__((__uninitialized__))
#else
#define __uninitialized
#endif
#endif

#endif /* _LBM_COMPAT_H */
