// SPDX-License-Identifier: GPL-2.0
/*
 * Coming and going of the module. Nothing of a namespace is in force when it
 * goes: a generation holds a reference on the module.
 */

#include <linux/module.h>

#include "classifier.h"
#include "job.h"
#include "netlink.h"
#include "netns.h"
#include "parse.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static int __init lbm_init(void)
{
	int ret;

	/* 1. What has no users yet. */
	lbm_parse_init();
	lbm_classifier_init();
	/* 2. The queue that jobs run on. */
	ret = lbm_job_init();
	if (ret)
		return ret;
	/* 3. State of the namespaces. */
	ret = lbm_net_init();
	if (ret)
		goto err_job;
	/* 4. The family: from now on there are jobs. */
	ret = lbm_netlink_init();
	if (ret)
		goto err_net;
	return 0;

err_net:
	lbm_net_exit();
err_job:
	lbm_job_exit();
	return ret;
}

static void __exit lbm_exit(void)
{
	lbm_netlink_exit();
	lbm_net_exit();
	lbm_job_exit();
	/* Gates are freed by kfree_rcu(), which needs no code of ours. */
	rcu_barrier();
}

module_init(lbm_init);
module_exit(lbm_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Private networks for machines that run other people's workloads");
MODULE_VERSION(LBM_VERSION);
MODULE_ALIAS_GENL_FAMILY(LBMESH_FAMILY_NAME);
MODULE_SOFTDEP("pre: wireguard");
