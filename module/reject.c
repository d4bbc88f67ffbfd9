// SPDX-License-Identifier: GPL-2.0
/*
 * Refusing a packet so that its sender learns of it at once: TCP with RST, from
 * the address that was asked for, and the rest with ICMP "port unreachable",
 * from an address of this host as any router's.
 *
 * Nobody is told of a broadcast or multicast packet, of a RST, or of an ICMP
 * error. The kernel limits the rate of ICMP; of RST we do.
 *
 * The answer is sent from within our hook, and passes our hook at LOCAL_OUT
 * before the call returns. It has no state that could be judged, and we know
 * where it comes from: so it is let through there, once, on this CPU. The gate
 * and the port judge it as any other packet.
 */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netfilter/ipv4/nf_reject.h>
#include <net/netfilter/ipv6/nf_reject.h>

#include "netns.h"
#include "reject.h"

static DEFINE_PER_CPU(bool, answering);

/**
 * lbm_reject_is_answer - whether the packet at hand is our own answer
 *
 * Called with bottom halves disabled.
 */
bool lbm_reject_is_answer(void)
{
	return __this_cpu_read(answering);
}

static void reject_ipv4(struct lbm_net *ln, struct sk_buff *skb,
			const struct nf_hook_state *state)
{
	const struct iphdr *ip = ip_hdr(skb);

	if (ipv4_is_multicast(ip->daddr) || ipv4_is_lbcast(ip->daddr) ||
	    ipv4_is_zeronet(ip->saddr) || !skb_dst(skb))
		return;
	if (ip->protocol != IPPROTO_TCP)
		nf_send_unreach(skb, ICMP_PORT_UNREACH, state->hook);
	else if (lbm_bucket_take(&ln->firewall.resets))
		nf_send_reset(state->net, state->sk, skb, state->hook);
}

static void reject_ipv6(struct lbm_net *ln, struct sk_buff *skb,
			const struct nf_hook_state *state)
{
	const struct ipv6hdr *ip = ipv6_hdr(skb);
	unsigned int offset = 0;

	if (ipv6_addr_is_multicast(&ip->daddr) || ipv6_addr_any(&ip->saddr) ||
	    !skb_dst(skb))
		return;
	if (ipv6_find_hdr(skb, &offset, IPPROTO_TCP, NULL, NULL) !=
	    IPPROTO_TCP)
		nf_send_unreach6(state->net, skb, ICMPV6_PORT_UNREACH,
				 state->hook);
	else if (lbm_bucket_take(&ln->firewall.resets))
		nf_send_reset6(state->net, state->sk, skb, state->hook);
}

/**
 * lbm_reject - answer a packet that is refused
 * @ln: the namespace
 * @skb: the packet, which the caller drops afterwards
 * @state: of the inet hook; bottom halves are disabled
 */
void lbm_reject(struct lbm_net *ln, struct sk_buff *skb,
		const struct nf_hook_state *state)
{
	if (skb->pkt_type != PACKET_HOST)
		return;
	__this_cpu_write(answering, true);
	if (state->pf == NFPROTO_IPV4)
		reject_ipv4(ln, skb, state);
	else
		reject_ipv6(ln, skb, state);
	__this_cpu_write(answering, false);
}
