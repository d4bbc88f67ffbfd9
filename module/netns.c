// SPDX-License-Identifier: GPL-2.0
/*
 * Life of a namespace's state, and what others ask of it.
 *
 * When a namespace goes away: pre_exit stops new jobs and takes the gates off
 * what is still there; interfaces are destroyed by their own subsystems, and
 * the notifier takes the gates off those that come and go meanwhile; exit
 * waits for the running job. A job needs nothing that has gone by then: the
 * generic netlink of the namespace ends after us.
 */

#include <linux/module.h>
#include <linux/rcupdate.h>
#include <net/netns/generic.h>

#include "gate.h"
#include "job.h"
#include "netns.h"

static unsigned int lbm_net_id __read_mostly;

static const u32 default_limits[LBM_KINDS] = {
	[LBMESH_OBJECT_DEVICE] = 64,
	[LBMESH_OBJECT_NETWORK] = 4096,
	[LBMESH_OBJECT_BRIDGE] = 4096,
	[LBMESH_OBJECT_PEER] = 20480,
	[LBMESH_OBJECT_MEMBER] = 65536,
};

/**
 * lbm_net_of - our state of a namespace
 * @net: the namespace
 */
struct lbm_net *lbm_net_of(const struct net *net)
{
	return net_generic(net, lbm_net_id);
}

/**
 * lbm_net_active - the generation in force
 * @ln: the namespace
 *
 * Return: the generation with a reference for the caller, or NULL.
 */
struct lbm_generation *lbm_net_active(struct lbm_net *ln)
{
	struct lbm_generation *gen;

	rcu_read_lock();
	gen = rcu_dereference(ln->active);
	if (!lbm_generation_get(gen))
		gen = NULL;
	rcu_read_unlock();
	return gen;
}

/**
 * lbm_net_pin - keep the module loaded while a namespace needs it
 * @ln: the namespace; the caller holds its lock
 *
 * Return: false when the module is being unloaded.
 */
bool lbm_net_pin(struct lbm_net *ln)
{
	lockdep_assert_held(&ln->lock);
	if (!ln->pinned)
		ln->pinned = try_module_get(THIS_MODULE);
	return ln->pinned;
}

/**
 * lbm_net_unpin - let the module go
 * @ln: the namespace; the caller holds its lock
 */
void lbm_net_unpin(struct lbm_net *ln)
{
	lockdep_assert_held(&ln->lock);
	if (ln->pinned)
		module_put(THIS_MODULE);
	ln->pinned = false;
}

/* Under RTNL; takes no lock of ours. */
static int netdev_event(struct notifier_block *notifier, unsigned long event,
			void *data)
{
	struct lbm_net *ln = container_of(notifier, struct lbm_net, notifier);

	if (event == NETDEV_UNREGISTER)
		lbm_gate_forget(ln, netdev_notifier_info_to_dev(data));
	return NOTIFY_DONE;
}

static int __net_init net_init(struct net *net)
{
	struct lbm_net *ln = lbm_net_of(net);
	int ret;

	ln->net = net;
	mutex_init(&ln->lock);
	INIT_WORK(&ln->work, lbm_job_work);
	INIT_LIST_HEAD(&ln->gates);
	memcpy(ln->limits, default_limits, sizeof(ln->limits));
	ln->counters = netdev_alloc_pcpu_stats(struct lbm_gate_counters);
	if (!ln->counters)
		return -ENOMEM;
	ln->notifier.notifier_call = netdev_event;
	ret = register_netdevice_notifier_net(net, &ln->notifier);
	if (ret)
		free_percpu(ln->counters);
	return ret;
}

static void __net_exit net_pre_exit(struct net *net)
{
	struct lbm_net *ln = lbm_net_of(net);

	/* The gates are taken off under RTNL, after which none is put on. */
	WRITE_ONCE(ln->dying, true);
	lbm_gate_detach_all(ln);
}

static void __net_exit net_exit(struct net *net)
{
	struct lbm_net *ln = lbm_net_of(net);

	cancel_work_sync(&ln->work);
	lbm_job_free(ln->job);
	unregister_netdevice_notifier_net(net, &ln->notifier);
	/* Between pre_exit and exit lies a grace period: no reader is left. */
	lbm_generation_put(rcu_dereference_protected(ln->active, 1));
	mutex_lock(&ln->lock);
	lbm_net_unpin(ln);
	mutex_unlock(&ln->lock);
	free_percpu(ln->counters);
}

static struct pernet_operations net_ops = {
	.init = net_init,
	.pre_exit = net_pre_exit,
	.exit = net_exit,
	.id = &lbm_net_id,
	.size = sizeof(struct lbm_net),
};

/**
 * lbm_net_init - give every namespace its state
 *
 * Return: 0 or a negative errno.
 */
int __init lbm_net_init(void)
{
	return register_pernet_subsys(&net_ops);
}

/**
 * lbm_net_exit - take the state of every namespace down
 */
void lbm_net_exit(void)
{
	unregister_pernet_subsys(&net_ops);
}
