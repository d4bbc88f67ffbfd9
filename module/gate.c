// SPDX-License-Identifier: GPL-2.0
/*
 * The gate: a packet passes a managed WireGuard interface only if both of its
 * addresses are members, on that interface, of networks that are the same or
 * bridged in the generation in force. Without a generation nothing passes.
 * While an address changes its owner, both generations must allow its packets.
 *
 * It sits in the interface's own ingress and egress hooks, the last place that
 * knows the real interface, before connection tracking and NAT on the way in
 * and after them on the way out. It needs no state.
 *
 * What is not IPv4 or IPv6 is dropped, and so is multicast, broadcast and
 * link-local traffic, whose addresses are never members. A fragment carries
 * both addresses and is judged as any packet.
 */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter_netdev.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/rtnetlink.h>

#include "gate.h"
#include "judge.h"
#include "netns.h"

/**
 * struct gate - our hooks on an interface
 * @list: in the namespace's list, protected by RTNL
 * @rcu: for freeing it after the last packet
 * @ln: the namespace
 * @dev: the interface; the hooks come off before it is freed
 * @device: id of the device
 * @open: false while the interface has members of another generation than the
 *	one in force, so that nothing may pass
 * @ops: ingress and egress
 */
struct gate {
	struct list_head list;
	struct rcu_head rcu;
	struct lbm_net *ln;
	struct net_device *dev;
	u32 device;
	bool open;
	struct nf_hook_ops ops[2];
};

/* What the gate wants to know of a packet; the addresses point into it. */
struct ends {
	u8 family;
	const void *src;
	const void *dst;
};

static bool find_ends_v4(const struct sk_buff *skb, struct iphdr *buffer,
			 struct ends *ends)
{
	const struct iphdr *ip;

	ip = skb_header_pointer(skb, skb_network_offset(skb), sizeof(*ip),
				buffer);
	if (!ip || ip->version != 4 || ip->ihl < 5)
		return false;
	ends->family = AF_INET;
	ends->src = &ip->saddr;
	ends->dst = &ip->daddr;
	return true;
}

static bool find_ends_v6(const struct sk_buff *skb, struct ipv6hdr *buffer,
			 struct ends *ends)
{
	const struct ipv6hdr *ip;

	ip = skb_header_pointer(skb, skb_network_offset(skb), sizeof(*ip),
				buffer);
	if (!ip || ip->version != 6)
		return false;
	ends->family = AF_INET6;
	ends->src = &ip->saddr;
	ends->dst = &ip->daddr;
	return true;
}

static enum lbmesh_reason judge(const struct lbm_generation *gen, u32 device,
				const struct ends *ends)
{
	return lbm_judge_members(gen, device, ends->family, ends->src,
				 ends->dst);
}

/* Whether the owner of an address is not the same in both generations. */
static bool is_moving(const struct lbm_generation *gen,
		      const struct lbm_generation *other, u32 device,
		      u8 family, const void *address)
{
	const struct lbm_member *a, *b;

	a = lbm_generation_member(gen, device, family, address);
	b = lbm_generation_member(other, device, family, address);
	return a && b && !lbm_member_same_owner(a, b);
}

/*
 * While addresses move from owner to owner, WireGuard has some of them where
 * the one generation says and some where the other does. What concerns them
 * passes only if both allow it: a flow that goes on loses nothing, and nothing
 * reaches one who is no member.
 */
static enum lbmesh_reason judge_both(const struct lbm_generation *gen,
				     const struct lbm_generation *other,
				     u32 device, const struct ends *ends)
{
	enum lbmesh_reason reason = judge(gen, device, ends);

	if (reason != LBMESH_REASON_MEMBER ||
	    judge(other, device, ends) == LBMESH_REASON_MEMBER)
		return reason;
	if (is_moving(gen, other, device, ends->family, ends->src) ||
	    is_moving(gen, other, device, ends->family, ends->dst))
		return LBMESH_REASON_MOVING;
	return reason;
}

static void count(struct lbm_net *ln, enum lbmesh_reason reason)
{
	struct lbm_gate_counters *counters = this_cpu_ptr(ln->counters);

	u64_stats_update_begin(&counters->syncp);
	switch (reason) {
	case LBMESH_REASON_MEMBER:
		u64_stats_inc(&counters->passed);
		break;
	case LBMESH_REASON_NOT_CONNECTED:
		u64_stats_inc(&counters->not_connected);
		break;
	case LBMESH_REASON_MALFORMED:
		u64_stats_inc(&counters->malformed);
		break;
	case LBMESH_REASON_MOVING:
		u64_stats_inc(&counters->moving);
		break;
	default:
		u64_stats_inc(&counters->not_member);
		break;
	}
	u64_stats_update_end(&counters->syncp);
}

/* Runs under the RCU read lock, in softirq or with bottom halves disabled. */
static unsigned int gate_hook(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	union {
		struct iphdr v4;
		struct ipv6hdr v6;
	} buffer;
	const struct lbm_generation *gen, *incoming;
	const struct gate *gate = priv;
	enum lbmesh_reason reason;
	struct ends ends;
	bool found = false;

	gen = rcu_dereference(gate->ln->active);
	incoming = rcu_dereference(gate->ln->incoming);
	if (skb->protocol == htons(ETH_P_IP))
		found = find_ends_v4(skb, &buffer.v4, &ends);
	else if (skb->protocol == htons(ETH_P_IPV6))
		found = find_ends_v6(skb, &buffer.v6, &ends);

	if (!found)
		reason = LBMESH_REASON_MALFORMED;
	else if (!gen || !READ_ONCE(gate->open))
		reason = LBMESH_REASON_NONE;
	else if (unlikely(incoming))
		reason = judge_both(gen, incoming, gate->device, &ends);
	else
		reason = judge(gen, gate->device, &ends);
	count(gate->ln, reason);
	return reason == LBMESH_REASON_MEMBER ? NF_ACCEPT : NF_DROP;
}

static struct gate *find_gate(const struct lbm_net *ln, u32 device, int ifindex)
{
	struct gate *gate;

	ASSERT_RTNL();
	list_for_each_entry(gate, &ln->gates, list)
		if (gate->device == device && gate->dev->ifindex == ifindex)
			return gate;
	return NULL;
}

static void remove_gate(struct gate *gate)
{
	ASSERT_RTNL();
	nf_unregister_net_hooks(gate->ln->net, gate->ops,
				ARRAY_SIZE(gate->ops));
	list_del_rcu(&gate->list);
	kfree_rcu(gate, rcu);
}

static int add_gate(struct lbm_net *ln, u32 device, struct net_device *dev)
{
	static const unsigned int hooks[] = {
		NF_NETDEV_INGRESS, NF_NETDEV_EGRESS
	};
	struct gate *gate;
	int ret, i;

	gate = kzalloc(sizeof(*gate), GFP_KERNEL_ACCOUNT);
	if (!gate)
		return -ENOMEM;
	gate->ln = ln;
	gate->dev = dev;
	gate->device = device;
	for (i = 0; i < ARRAY_SIZE(gate->ops); i++) {
		gate->ops[i].hook = gate_hook;
		gate->ops[i].dev = dev;
		gate->ops[i].priv = gate;
		gate->ops[i].pf = NFPROTO_NETDEV;
		gate->ops[i].hooknum = hooks[i];
		/* First on the way in, last on the way out. */
		gate->ops[i].priority = i ? INT_MAX : INT_MIN;
	}
	ret = nf_register_net_hooks(ln->net, gate->ops, ARRAY_SIZE(gate->ops));
	if (ret) {
		/* The first hook may have seen packets before the second failed. */
		synchronize_net();
		kfree(gate);
		return ret;
	}
	list_add_rcu(&gate->list, &ln->gates);
	return 0;
}

static bool is_wireguard(const struct net_device *dev)
{
	return dev->rtnl_link_ops &&
	       !strcmp(dev->rtnl_link_ops->kind, "wireguard");
}

/* The WireGuard interface with this index, for as long as RTNL is held. */
static struct net_device *find_interface(const struct lbm_net *ln, int ifindex)
{
	struct net_device *dev;

	ASSERT_RTNL();
	dev = __dev_get_by_index(ln->net, ifindex);
	if (!dev || dev->reg_state != NETREG_REGISTERED ||
	    READ_ONCE(ln->dying))
		return ERR_PTR(-ENODEV);
	if (!is_wireguard(dev))
		return ERR_PTR(-EOPNOTSUPP);
	return dev;
}

/**
 * lbm_gate_attach - put the gate on an interface
 * @ln: the namespace
 * @device: id of the device
 * @ifindex: its interface; the gate may be there
 *
 * Takes RTNL.
 *
 * Return: 0; -ENODEV when there is no such interface; -EOPNOTSUPP when it is
 * not WireGuard; -ENOMEM.
 */
int lbm_gate_attach(struct lbm_net *ln, u32 device, int ifindex)
{
	struct net_device *dev;
	int ret = 0;

	rtnl_lock();
	dev = find_interface(ln, ifindex);
	if (IS_ERR(dev))
		ret = PTR_ERR(dev);
	else if (!find_gate(ln, device, ifindex))
		ret = add_gate(ln, device, dev);
	rtnl_unlock();
	return ret;
}

/**
 * lbm_gate_open - let packets through to their judgement, or none
 * @ln: the namespace
 * @device: id of the device
 * @ifindex: its interface; it may be gone
 * @open: whether any may pass; a gate begins closed
 *
 * Takes RTNL.
 */
void lbm_gate_open(struct lbm_net *ln, u32 device, int ifindex, bool open)
{
	struct gate *gate;

	rtnl_lock();
	gate = find_gate(ln, device, ifindex);
	if (gate)
		WRITE_ONCE(gate->open, open);
	rtnl_unlock();
}

/**
 * lbm_gate_is_open - whether the interface of a device still has its gate
 * @ln: the namespace
 * @device: id of a device of the generation in force
 * @ifindex: its interface
 *
 * Return: false when the interface has gone since, even if one of the same
 * index has come.
 */
bool lbm_gate_is_open(struct lbm_net *ln, u32 device, int ifindex)
{
	struct gate *gate;
	bool open = false;

	rcu_read_lock();
	list_for_each_entry_rcu(gate, &ln->gates, list)
		if (gate->device == device && gate->dev->ifindex == ifindex)
			open = READ_ONCE(gate->open);
	rcu_read_unlock();
	return open;
}

/**
 * lbm_gate_detach - take the gate of a device off an interface
 * @ln: the namespace
 * @device: id of the device
 * @ifindex: the interface; the gate may be off
 *
 * Takes RTNL.
 */
void lbm_gate_detach(struct lbm_net *ln, u32 device, int ifindex)
{
	struct gate *gate;

	rtnl_lock();
	gate = find_gate(ln, device, ifindex);
	if (gate)
		remove_gate(gate);
	rtnl_unlock();
}

/**
 * lbm_gate_mtu - set the MTU of a managed interface
 * @ln: the namespace
 * @ifindex: the interface
 * @mtu: bytes
 * @old: gets the MTU that it had
 *
 * Takes RTNL.
 *
 * Return: 0; -ENODEV or -EOPNOTSUPP as lbm_gate_attach() has it; or the errno
 * of dev_set_mtu().
 */
int lbm_gate_mtu(struct lbm_net *ln, int ifindex, u32 mtu, u32 *old)
{
	struct net_device *dev;
	int ret;

	rtnl_lock();
	dev = find_interface(ln, ifindex);
	if (IS_ERR(dev)) {
		ret = PTR_ERR(dev);
	} else {
		*old = dev->mtu;
		ret = dev_set_mtu(dev, mtu);
	}
	rtnl_unlock();
	return ret;
}

/**
 * lbm_gate_detach_all - take all gates of a namespace off
 * @ln: the namespace
 *
 * Takes RTNL.
 */
void lbm_gate_detach_all(struct lbm_net *ln)
{
	struct gate *gate, *next;

	rtnl_lock();
	list_for_each_entry_safe(gate, next, &ln->gates, list)
		remove_gate(gate);
	rtnl_unlock();
}

/**
 * lbm_gate_forget - take the gate off an interface that goes away
 * @ln: the namespace
 * @dev: the interface; it may have no gate
 *
 * The caller holds RTNL.
 */
void lbm_gate_forget(struct lbm_net *ln, struct net_device *dev)
{
	struct gate *gate, *next;

	ASSERT_RTNL();
	list_for_each_entry_safe(gate, next, &ln->gates, list)
		if (gate->dev == dev)
			remove_gate(gate);
}

/**
 * lbm_gate_guard - put a closed gate on an interface with a managed index
 * @ln: the namespace
 * @dev: an interface that comes
 *
 * An interface that comes back under its old index, or a new one that was given
 * it, is taken for the one of the generation in force by whoever goes by the
 * index. Nothing may pass it until a commit has restated its device.
 *
 * The caller holds RTNL.
 *
 * Return: 0, or the errno for which it must not come.
 */
int lbm_gate_guard(struct lbm_net *ln, struct net_device *dev)
{
	struct lbm_generation *gen = lbm_net_active(ln);
	const struct lbm_device *device;
	const struct lbm_node *node;
	struct lbm_key at;
	int ret = 0;

	ASSERT_RTNL();
	node = gen ? lbm_trie_next(&gen->devices, NULL) : NULL;
	while (node && !ret) {
		device = lbm_object_as(device, node->object);
		if (device->ifindex == dev->ifindex && is_wireguard(dev) &&
		    !find_gate(ln, device->id, dev->ifindex))
			ret = add_gate(ln, device->id, dev);
		lbm_key_of_node(&at, node);
		node = lbm_trie_next(&gen->devices, &at);
	}
	lbm_generation_put(gen);
	return ret;
}
