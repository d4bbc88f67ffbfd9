// SPDX-License-Identifier: GPL-2.0
/*
 * The port: what may pass between the host and the sandboxes behind one of its
 * interfaces (the host's end of a veth, a tap), before anybody asks which flow
 * it is. It sits in the interface's netdev ingress and egress hooks.
 *
 *	from the sandbox                    to the sandbox
 *	ARP     sender is its address,      target is its address
 *	        or 0 in a probe of it
 *	IPv4    source is its address,      destination is its address
 *	        no options
 *	IPv6    source is its address,      destination is its address
 *	        no routing or hop-by-hop
 *	        header
 *	ND      RS, NS, NA of its address,  to its address, a link-local or
 *	        a link-local one or none    a multicast one of the link
 *	other   dropped, VLAN tags too      dropped
 *
 * Its address is one that an endpoint of kind sandbox has on this interface in
 * the generation in force. So IPv6 of a sandbox that only has IPv4 is dropped,
 * and so are broadcast and multicast to it. DHCP does not pass.
 *
 * A fragment passes, as connection tracking puts it together before the packet
 * is judged. The first one must have all headers, so that none can hide.
 *
 * An interface that is a port of something else (a bridge, a bond, a VRF, the
 * base of a macvlan) would be passed by packets that the inet hooks see on
 * another interface, or not at all: so nothing passes it.
 *
 * Of a tunnel only the outer header is looked at.
 */

#include <linux/icmpv6.h>
#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter_netdev.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/ndisc.h>

#include "netns.h"
#include "place.h"
#include "port.h"
#include "tell.h"

/* Extension headers in front of the transport header. */
#define HEADERS_MAX 8

/**
 * struct lbm_port - our hooks on an interface
 * @rcu: for freeing it after the last packet
 * @ln: the namespace
 * @dev: the interface; the hooks come off before it is freed
 * @ops: ingress and egress
 */
struct lbm_port {
	struct rcu_head rcu;
	struct lbm_net *ln;
	struct net_device *dev;
	struct nf_hook_ops ops[2];
};

/**
 * struct frame - a frame that is looked at
 * @gen: the generation in force
 * @place: what it has on the interface
 * @skb: the frame
 * @offset: of the network header
 * @from: it comes from the sandbox
 */
struct frame {
	const struct lbm_generation *gen;
	const struct lbm_place *place;
	const struct sk_buff *skb;
	int offset;
	bool from;
};

static const void *header_at(const struct frame *frame, unsigned int offset,
			     unsigned int size, void *buffer)
{
	return skb_header_pointer(frame->skb, frame->offset + offset, size,
				  buffer);
}

static bool is_own(const struct frame *frame, u8 family, const void *address)
{
	return lbm_place_endpoint(frame->place, frame->gen, family, address);
}

static enum lbm_path_count judge_end(const struct frame *frame, u8 family,
				     const void *src, const void *dst)
{
	if (is_own(frame, family, frame->from ? src : dst))
		return LBM_PATH_ALLOWED;
	return frame->from ? LBM_PATH_SPOOFED : LBM_PATH_NO_ENDPOINT;
}

/* Sender and target of an ARP packet for IPv4, each behind a link address. */
static enum lbm_path_count judge_arp(const struct frame *frame)
{
	unsigned int len = frame->skb->dev->addr_len;
	const __be32 *sender, *target;
	__be32 sender_buffer, target_buffer;
	const struct arphdr *arp;
	struct arphdr buffer;

	arp = header_at(frame, 0, sizeof(buffer), &buffer);
	if (!arp || arp->ar_pro != htons(ETH_P_IP) || arp->ar_pln != 4 ||
	    arp->ar_hln != len ||
	    (arp->ar_op != htons(ARPOP_REQUEST) &&
	     arp->ar_op != htons(ARPOP_REPLY)))
		return LBM_PATH_MALFORMED;
	sender = header_at(frame, sizeof(*arp) + len, 4, &sender_buffer);
	target = header_at(frame, sizeof(*arp) + len + 4 + len, 4,
			   &target_buffer);
	if (!sender || !target)
		return LBM_PATH_MALFORMED;
	/* A probe asks whether anybody has the address (RFC 5227). */
	if (frame->from && !*sender && arp->ar_op == htons(ARPOP_REQUEST))
		sender = target;
	return judge_end(frame, AF_INET, sender, target);
}

static enum lbm_path_count judge_ipv4(const struct frame *frame)
{
	const struct iphdr *ip;
	struct iphdr buffer;
	unsigned int length;

	ip = header_at(frame, 0, sizeof(buffer), &buffer);
	if (!ip || ip->version != 4 || ip->ihl != 5)
		return LBM_PATH_MALFORMED;
	length = ntohs(ip->tot_len);
	if (length < sizeof(*ip) || length > frame->skb->len - frame->offset)
		return LBM_PATH_MALFORMED;
	return judge_end(frame, AF_INET, &ip->saddr, &ip->daddr);
}

/**
 * struct headers - what stands before the payload of an IPv6 packet
 * @protocol: of the payload
 * @offset: of the payload, from the network header
 * @fragment: it is a fragment
 * @later: it is not the first one, so that the payload is not seen
 */
struct headers {
	u8 protocol;
	unsigned int offset;
	bool fragment;
	bool later;
};

static bool skip_fragment(const struct frame *frame, struct headers *headers)
{
	const struct frag_hdr *fragment;
	struct frag_hdr buffer;

	fragment = header_at(frame, headers->offset, sizeof(buffer), &buffer);
	if (!fragment || headers->fragment)
		return false;
	headers->fragment = true;
	headers->later = fragment->frag_off & htons(IP6_OFFSET);
	headers->protocol = fragment->nexthdr;
	headers->offset += sizeof(*fragment);
	return true;
}

static bool skip_options(const struct frame *frame, struct headers *headers)
{
	const struct ipv6_opt_hdr *options;
	struct ipv6_opt_hdr buffer;

	options = header_at(frame, headers->offset, sizeof(buffer), &buffer);
	if (!options)
		return false;
	headers->protocol = options->nexthdr;
	headers->offset += ipv6_optlen(options);
	return true;
}

/* Return: false for headers that are not judged, or are not all there. */
static bool skip_headers(const struct frame *frame, struct headers *headers)
{
	u32 buffer;
	int i;

	for (i = 0; i < HEADERS_MAX; i++) {
		switch (headers->protocol) {
		case NEXTHDR_HOP:
		case NEXTHDR_ROUTING:
			return false;
		case NEXTHDR_FRAGMENT:
			if (!skip_fragment(frame, headers))
				return false;
			if (headers->later)
				return true;
			break;
		case NEXTHDR_DEST:
			if (!skip_options(frame, headers))
				return false;
			break;
		case NEXTHDR_NONE:
			return true;
		default:
			return header_at(frame, headers->offset,
					 sizeof(buffer), &buffer);
		}
	}
	return false;
}

static bool is_on_link(const struct in6_addr *address)
{
	return ipv6_addr_type(address) & IPV6_ADDR_LINKLOCAL;
}

/* What the sandbox says of an address must be its own. */
static bool is_own_target(const struct frame *frame,
			  const struct headers *headers)
{
	const struct in6_addr *target;
	struct in6_addr buffer;

	target = header_at(frame, headers->offset + sizeof(struct icmp6hdr),
			   sizeof(buffer), &buffer);
	return target &&
	       (is_on_link(target) || is_own(frame, AF_INET6, target));
}

static enum lbm_path_count judge_discovery(const struct frame *frame,
					   const struct ipv6hdr *ip,
					   const struct headers *headers,
					   u8 type)
{
	bool own;

	/* RFC 6980 forbids it in fragments. */
	if (headers->fragment)
		return LBM_PATH_MALFORMED;
	if (!frame->from) {
		own = is_on_link(&ip->daddr) ||
		      (ipv6_addr_is_multicast(&ip->daddr) &&
		       IPV6_ADDR_MC_SCOPE(&ip->daddr) ==
			       IPV6_ADDR_SCOPE_LINKLOCAL) ||
		      is_own(frame, AF_INET6, &ip->daddr);
		return own ? LBM_PATH_ALLOWED : LBM_PATH_NO_ENDPOINT;
	}
	/* A sandbox is no router. */
	if (type != NDISC_ROUTER_SOLICITATION &&
	    type != NDISC_NEIGHBOUR_SOLICITATION &&
	    type != NDISC_NEIGHBOUR_ADVERTISEMENT)
		return LBM_PATH_SPOOFED;
	own = ipv6_addr_any(&ip->saddr) || is_on_link(&ip->saddr) ||
	      is_own(frame, AF_INET6, &ip->saddr);
	if (own && type == NDISC_NEIGHBOUR_ADVERTISEMENT)
		own = is_own_target(frame, headers);
	return own ? LBM_PATH_ALLOWED : LBM_PATH_SPOOFED;
}

static bool has_ipv6(const struct frame *frame)
{
	struct lbm_key prefix;
	u8 family = AF_INET6;

	lbm_key_element(&prefix, frame->place->ifindex, family, NULL, 0);
	return lbm_trie_next_in(&frame->gen->ends, &prefix, NULL);
}

static enum lbm_path_count judge_ipv6(const struct frame *frame)
{
	struct headers headers = { .offset = sizeof(struct ipv6hdr) };
	const struct icmp6hdr *icmp;
	struct icmp6hdr icmp_buffer;
	const struct ipv6hdr *ip;
	struct ipv6hdr buffer;

	ip = header_at(frame, 0, sizeof(buffer), &buffer);
	if (!ip || ip->version != 6)
		return LBM_PATH_MALFORMED;
	headers.protocol = ip->nexthdr;
	if (ntohs(ip->payload_len) >
		    frame->skb->len - frame->offset - sizeof(*ip) ||
	    !skip_headers(frame, &headers))
		return LBM_PATH_MALFORMED;
	if (headers.protocol == IPPROTO_ICMPV6 && !headers.later) {
		icmp = header_at(frame, headers.offset, sizeof(icmp_buffer),
				 &icmp_buffer);
		if (!icmp)
			return LBM_PATH_MALFORMED;
		/* Not even that passes where nobody has IPv6. */
		if (icmp->icmp6_type >= NDISC_ROUTER_SOLICITATION &&
		    icmp->icmp6_type <= NDISC_REDIRECT && has_ipv6(frame))
			return judge_discovery(frame, ip, &headers,
					       icmp->icmp6_type);
	}
	return judge_end(frame, AF_INET6, &ip->saddr, &ip->daddr);
}

static bool is_lower(const struct net_device *dev)
{
	return rcu_access_pointer(dev->rx_handler) || netif_is_l3_slave(dev);
}

static enum lbm_path_count judge(const struct frame *frame)
{
	if (is_lower(frame->skb->dev) || skb_vlan_tag_present(frame->skb))
		return LBM_PATH_MALFORMED;
	switch (frame->skb->protocol) {
	case htons(ETH_P_IP):
		return judge_ipv4(frame);
	case htons(ETH_P_IPV6):
		return judge_ipv6(frame);
	case htons(ETH_P_ARP):
		return judge_arp(frame);
	default:
		return LBM_PATH_MALFORMED;
	}
}

static u8 family_of(const struct sk_buff *skb)
{
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		return AF_INET;
	case htons(ETH_P_IPV6):
		return AF_INET6;
	default:
		return 0;
	}
}

static enum lbmesh_reason reason_of(enum lbm_path_count count)
{
	switch (count) {
	case LBM_PATH_SPOOFED:
		return LBMESH_REASON_SPOOFED;
	case LBM_PATH_NO_ENDPOINT:
		return LBMESH_REASON_NO_ENDPOINT;
	default:
		return LBMESH_REASON_MALFORMED;
	}
}

static void drop(struct lbm_net *ln, const struct frame *frame,
		 enum lbm_path_count count)
{
	const struct lbm_unread unread = {
		.gen = frame->gen,
		.skb = frame->skb,
		.offset = frame->offset,
		.family = family_of(frame->skb),
		.ifindex = frame->place->ifindex,
		.sender = frame->from,
		.reason = reason_of(count),
	};

	lbm_firewall_note(ln, count);
	lbm_tell_unread(ln, &unread);
}

/* Runs under the RCU read lock, in softirq or with bottom halves disabled. */
static unsigned int port_hook(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	const struct lbm_port *port = priv;
	const struct lbm_firewall *firewall = &port->ln->firewall;
	struct frame frame = {
		.gen = rcu_dereference(port->ln->active),
		.skb = skb,
		.offset = skb_network_offset(skb),
		.from = state->hook == NF_NETDEV_INGRESS,
	};
	enum lbm_path_count count;
	u64 stamp;

	if (!frame.gen)
		return NF_ACCEPT;
	/* Pairs with the release of who changes a set; see stamp.c. */
	stamp = smp_load_acquire(&frame.gen->stamp);
	frame.place = lbm_place_find(firewall->places, firewall->stamps,
				     frame.gen, stamp, port->dev->ifindex);
	/* The port is there before the endpoint, and after it. */
	if (!frame.place->used ||
	    frame.place->kind != LBMESH_ENDPOINT_KIND_SANDBOX)
		return NF_ACCEPT;
	count = judge(&frame);
	if (count == LBM_PATH_ALLOWED)
		return NF_ACCEPT;
	drop(port->ln, &frame, count);
	return NF_DROP;
}

static void remove_port(struct lbm_port *port)
{
	struct lbm_net *ln = port->ln;

	ASSERT_RTNL();
	nf_unregister_net_hooks(ln->net, port->ops, ARRAY_SIZE(port->ops));
	xa_erase(&ln->firewall.ports, port->dev->ifindex);
	kfree_rcu(port, rcu);
}

static int add_port(struct lbm_net *ln, struct net_device *dev)
{
	static const unsigned int hooks[] = {
		NF_NETDEV_INGRESS, NF_NETDEV_EGRESS
	};
	struct lbm_port *port;
	int ret, i;

	ASSERT_RTNL();
	port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);
	if (!port)
		return -ENOMEM;
	port->ln = ln;
	port->dev = dev;
	for (i = 0; i < ARRAY_SIZE(port->ops); i++) {
		port->ops[i].hook = port_hook;
		port->ops[i].dev = dev;
		port->ops[i].priv = port;
		port->ops[i].pf = NFPROTO_NETDEV;
		port->ops[i].hooknum = hooks[i];
		/* First on the way in, last on the way out. */
		port->ops[i].priority = i ? INT_MAX : INT_MIN;
	}
	ret = xa_err(xa_store(&ln->firewall.ports, dev->ifindex, port,
			      GFP_KERNEL_ACCOUNT));
	if (ret)
		goto err_free;
	ret = nf_register_net_hooks(ln->net, port->ops, ARRAY_SIZE(port->ops));
	if (ret)
		goto err_erase;
	return 0;

err_erase:
	xa_erase(&ln->firewall.ports, dev->ifindex);
	/* The first hook may have seen packets before the second failed. */
	synchronize_net();
err_free:
	kfree(port);
	return ret;
}

/**
 * lbm_port_attach - put the port on an interface
 * @ln: the namespace
 * @ifindex: the interface; the port may be there
 *
 * Takes RTNL. Everything passes until the generation in force has a sandbox
 * behind the interface.
 *
 * Return: 0; -ENODEV when there is no such interface; -ENOMEM.
 */
int lbm_port_attach(struct lbm_net *ln, int ifindex)
{
	struct net_device *dev;
	int ret = 0;

	rtnl_lock();
	dev = __dev_get_by_index(ln->net, ifindex);
	if (!dev || dev->reg_state != NETREG_REGISTERED ||
	    READ_ONCE(ln->dying))
		ret = -ENODEV;
	else if (!xa_load(&ln->firewall.ports, ifindex))
		ret = add_port(ln, dev);
	rtnl_unlock();
	return ret;
}

/**
 * lbm_port_settle - take off the ports that a generation does not need
 * @ln: the namespace
 * @gen: the generation; NULL when there is none
 *
 * Takes RTNL.
 */
void lbm_port_settle(struct lbm_net *ln, const struct lbm_generation *gen)
{
	struct lbm_port *port;
	unsigned long ifindex;

	rtnl_lock();
	xa_for_each(&ln->firewall.ports, ifindex, port)
		if (!gen || !lbm_generation_has_kind(gen, ifindex,
						     LBMESH_ENDPOINT_KIND_SANDBOX))
			remove_port(port);
	rtnl_unlock();
}

/**
 * lbm_port_forget - take the port off an interface that goes away
 * @ln: the namespace
 * @dev: the interface; it may have no port
 *
 * The caller holds RTNL.
 */
void lbm_port_forget(struct lbm_net *ln, struct net_device *dev)
{
	struct lbm_port *port = xa_load(&ln->firewall.ports, dev->ifindex);

	ASSERT_RTNL();
	if (port && port->dev == dev)
		remove_port(port);
}

/**
 * lbm_port_guard - put the port on an interface with the index of a sandbox
 * @ln: the namespace
 * @dev: an interface that comes
 *
 * An interface that comes back under its old index, or a new one that was given
 * it, is taken for the one of the generation in force. It never gets round the
 * port: only what has the sandbox's address passes, judged as that.
 *
 * The caller holds RTNL.
 *
 * Return: 0, or the errno for which it must not come.
 */
int lbm_port_guard(struct lbm_net *ln, struct net_device *dev)
{
	struct lbm_generation *gen = lbm_net_active(ln);
	int ret = 0;

	ASSERT_RTNL();
	if (gen && !READ_ONCE(ln->dying) &&
	    !xa_load(&ln->firewall.ports, dev->ifindex) &&
	    lbm_generation_has_kind(gen, dev->ifindex,
				    LBMESH_ENDPOINT_KIND_SANDBOX))
		ret = add_port(ln, dev);
	lbm_generation_put(gen);
	return ret;
}
