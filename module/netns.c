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

#include "commit.h"
#include "gate.h"
#include "limits.h"
#include "netns.h"
#include "port.h"
#include "stamp.h"

static unsigned int lbm_net_id __read_mostly;

static atomic_t in_use = ATOMIC_INIT(0);

static int in_use_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%d\n", atomic_read(&in_use));
}

static const struct kernel_param_ops in_use_ops = {
	.get = in_use_get,
};

module_param_cb(namespaces_in_use, &in_use_ops, NULL, 0444);
MODULE_PARM_DESC(namespaces_in_use,
		 "Network namespaces with a generation in force; while there are any, the module cannot be unloaded: flush each");

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
 * lbm_net_publish - make a generation the one in force
 * @ln: the namespace
 * @gen: the generation, or NULL for none; the namespace takes a reference of
 *	its own. It gets its number when it is in force for the first time.
 *
 * @job: what changes, whichever way; NULL when that is not known
 *
 * Called by the running job alone. When this returns, no packet is judged by
 * the generation before, and no address is held any more.
 */
void lbm_net_publish(struct lbm_net *ln, struct lbm_generation *gen,
		     const struct lbm_job *job)
{
	struct lbm_generation *old;

	mutex_lock(&ln->lock);
	if (gen && !gen->number)
		gen->number = ++ln->last_number;
	if (gen)
		lbm_generation_get(gen);
	lbm_stamps_commit(ln, gen, job);
	old = rcu_replace_pointer(ln->active, gen,
				  lockdep_is_held(&ln->lock));
	RCU_INIT_POINTER(ln->incoming, NULL);
	mutex_unlock(&ln->lock);
	/*
	 * One grace period for the commit, for all that it replaces. Expedited,
	 * because the sender waits for it, and a storm of commits would.
	 */
	synchronize_rcu_expedited();
	lbm_generation_put(old);
}

/**
 * lbm_net_hold - hold the addresses whose owners differ between generations
 * @ln: the namespace
 * @gen: the generation that they move for, held by the caller; NULL releases
 *
 * Called by the running job alone. When this returns, every packet is judged
 * so, or by the one generation again.
 */
void lbm_net_hold(struct lbm_net *ln, struct lbm_generation *gen)
{
	rcu_assign_pointer(ln->incoming, gen);
	synchronize_rcu_expedited();
}

/**
 * lbm_net_set_busy - write the sentence for what a pending generation forbids
 * @ln: the namespace; the caller holds its lock
 * @number: of the generation
 */
void lbm_net_set_busy(struct lbm_net *ln, u64 number)
{
	char text[sizeof(ln->busy)];

	lockdep_assert_held(&ln->lock);
	snprintf(text, sizeof(text),
		 "generation %llu is pending: confirm or revert it first",
		 number);
	/* Blanks at its end, which nobody sees. */
	memset(ln->busy, ' ', sizeof(ln->busy) - 1);
	memcpy(ln->busy, text, strlen(text));
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
	if (!ln->pinned && try_module_get(THIS_MODULE)) {
		ln->pinned = true;
		atomic_inc(&in_use);
	}
	return ln->pinned;
}

/**
 * lbm_net_unpin - let the module go
 * @ln: the namespace; the caller holds its lock
 */
void lbm_net_unpin(struct lbm_net *ln)
{
	lockdep_assert_held(&ln->lock);
	if (!ln->pinned)
		return;
	ln->pinned = false;
	atomic_dec(&in_use);
	module_put(THIS_MODULE);
}

/* Under RTNL; takes no lock of ours. */
static int netdev_event(struct notifier_block *notifier, unsigned long event,
			void *data)
{
	struct lbm_net *ln = container_of(notifier, struct lbm_net, notifier);
	struct net_device *dev = netdev_notifier_info_to_dev(data);

	if (event == NETDEV_UNREGISTER) {
		lbm_gate_forget(ln, dev);
		lbm_port_forget(ln, dev);
	}
	if (event == NETDEV_REGISTER)
		return notifier_from_errno(lbm_gate_guard(ln, dev) ?:
					   lbm_port_guard(ln, dev));
	return NOTIFY_DONE;
}

static int __net_init net_init(struct net *net)
{
	struct lbm_net *ln = lbm_net_of(net);
	int ret;

	ln->net = net;
	mutex_init(&ln->lock);
	mutex_init(&ln->limits_lock);
	INIT_WORK(&ln->work, lbm_job_work);
	INIT_DELAYED_WORK(&ln->timeout, lbm_job_timeout);
	INIT_LIST_HEAD(&ln->gates);
	lbm_limits_init(&ln->limits);
	lbm_learned_init(ln);
	ln->counters = netdev_alloc_pcpu_stats(struct lbm_gate_counters);
	if (!ln->counters)
		return -ENOMEM;
	ret = lbm_firewall_init(ln);
	if (ret)
		goto err_counters;
	ln->notifier.notifier_call = netdev_event;
	ret = register_netdevice_notifier_net(net, &ln->notifier);
	if (ret)
		goto err_firewall;
	return 0;

err_firewall:
	lbm_firewall_exit(ln);
err_counters:
	free_percpu(ln->counters);
	return ret;
}

static void __net_exit net_pre_exit(struct net *net)
{
	struct lbm_net *ln = lbm_net_of(net);
	struct lbm_generation *gen = lbm_net_active(ln);

	WRITE_ONCE(ln->dying, true);
	if (gen)
		lbm_commit_abandon(ln, gen);
	lbm_generation_put(gen);
	/* The gates are taken off under RTNL, after which none is put on. */
	lbm_gate_detach_all(ln);
	lbm_firewall_abandon(ln);
}

static void __net_exit net_exit(struct net *net)
{
	struct lbm_net *ln = lbm_net_of(net);

	/* With @dying set none is queued again. */
	cancel_delayed_work_sync(&ln->timeout);
	cancel_work_sync(&ln->work);
	lbm_firewall_stop(ln);
	lbm_learned_exit(ln);
	lbm_job_free(ln->job);
	lbm_job_free(ln->pending);
	unregister_netdevice_notifier_net(net, &ln->notifier);
	/* Between pre_exit and exit lies a grace period: no reader is left. */
	lbm_generation_put(rcu_dereference_protected(ln->active, 1));
	mutex_lock(&ln->lock);
	lbm_net_unpin(ln);
	mutex_unlock(&ln->lock);
	lbm_firewall_exit(ln);
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
