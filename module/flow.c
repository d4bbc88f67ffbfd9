// SPDX-License-Identifier: GPL-2.0
/*
 * Reading the flow of a packet. What is judged is not the packet but its flow,
 * in the direction of the flow's first packet, whichever way this one goes:
 *
 *	client 10.0.0.7:4242 --> 192.0.2.1:80    what the client sent,
 *	                                         original.src --> original.dst
 *	       10.0.0.7:4242 --> 10.0.0.9:8080   after DNAT, before SNAT:
 *	                                         original.src --> reply.src
 *	        192.0.2.1:99 --> 10.0.0.9:8080   after SNAT, what the server got,
 *	                                         reply.dst --> reply.src
 *
 * The one in the middle is what endpoints at both ends know each other by, and
 * it is the same at every hook. A reply, or an ICMP error about a packet of the
 * flow, is judged by it as well: so taking a permission away cuts a flow with
 * its next packet, in either direction.
 *
 * A packet of which connection tracking has no state is not judged at all.
 */

#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/ndisc.h>
#include <net/netfilter/nf_conntrack.h>

#include "flow.h"

/**
 * lbm_flow_has_ports - whether the packets of a protocol have ports
 * @protocol: IP protocol number
 */
bool lbm_flow_has_ports(u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
	case IPPROTO_SCTP:
		return true;
	default:
		return false;
	}
}

/* Where the transport header begins, if it is one of this protocol. */
static bool find_transport(const struct sk_buff *skb, u8 family, u8 protocol,
			   unsigned int *offset)
{
	unsigned short fragment = 0;

	if (family == AF_INET) {
		*offset = skb_network_offset(skb) + ip_hdrlen(skb);
		return ip_hdr(skb)->protocol == protocol &&
		       !(ip_hdr(skb)->frag_off & htons(IP_OFFSET));
	}
	*offset = 0;
	return ipv6_find_hdr(skb, offset, protocol, &fragment, NULL) ==
	       protocol && !fragment;
}

/*
 * A kernel that does not track DCCP, SCTP or UDP-Lite takes all flows of the
 * protocol between two hosts for one, and no NAT changes its ports.
 */
static bool read_ports(struct lbm_flow *flow, const struct sk_buff *skb)
{
	struct lbm_packet *packet = &flow->packet;
	const __be16 *ports;
	unsigned int offset;
	__be16 buffer[2];

	if (!find_transport(skb, packet->family, packet->protocol, &offset))
		return false;
	ports = skb_header_pointer(skb, offset, sizeof(buffer), buffer);
	if (!ports)
		return false;
	packet->src_port = ntohs(ports[flow->reply]);
	packet->dst_port = ntohs(ports[!flow->reply]);
	return true;
}

/* Rest of the tuple, after addresses and protocol. */
static bool read_rest(struct lbm_flow *flow, const struct sk_buff *skb,
		      const struct nf_conntrack_tuple *original,
		      const struct nf_conntrack_tuple *reply)
{
	struct lbm_packet *packet = &flow->packet;

	if (lbm_flow_has_ports(packet->protocol)) {
		packet->has_ports = true;
		packet->src_port = ntohs(original->src.u.all);
		packet->dst_port = ntohs(reply->src.u.all);
		return packet->src_port || packet->dst_port ||
		       read_ports(flow, skb);
	}
	if (packet->protocol == IPPROTO_ICMP ||
	    packet->protocol == IPPROTO_ICMPV6) {
		packet->icmp_type = original->dst.u.icmp.type;
		packet->icmp_code = original->dst.u.icmp.code;
	}
	return true;
}

/**
 * lbm_flow_read - find the flow of a packet
 * @flow: where to
 * @skb: the packet, at an inet hook after connection tracking
 * @family: AF_INET or AF_INET6
 *
 * Return: LBMESH_REASON_NONE, or why the packet cannot be judged.
 */
enum lbmesh_reason lbm_flow_read(struct lbm_flow *flow,
				 const struct sk_buff *skb, u8 family)
{
	const struct nf_conntrack_tuple *original, *reply;
	struct lbm_packet *packet = &flow->packet;
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct;

	ct = nf_ct_get(skb, &ctinfo);
	if (!ct || nf_ct_is_template(ct) || nf_ct_l3num(ct) != family)
		return LBMESH_REASON_NO_STATE;
	original = &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	reply = &ct->tuplehash[IP_CT_DIR_REPLY].tuple;
	memset(flow, 0, sizeof(*flow));
	flow->reply = CTINFO2DIR(ctinfo) == IP_CT_DIR_REPLY;
	flow->established = ctinfo != IP_CT_NEW ||
			    test_bit(IPS_SEEN_REPLY_BIT, &ct->status);
	packet->family = family;
	packet->protocol = original->dst.protonum;
	if (family == AF_INET) {
		packet->src.s6_addr32[0] = original->src.u3.ip;
		packet->dst.s6_addr32[0] = reply->src.u3.ip;
	} else {
		packet->src = original->src.u3.in6;
		packet->dst = reply->src.u3.in6;
	}
	return read_rest(flow, skb, original, reply) ? LBMESH_REASON_NONE :
						       LBMESH_REASON_MALFORMED;
}

/* As lbm_flow_read(), when the tuple has no ports. */
static noinline bool read_key_ports(struct lbm_flow_key *key,
				    const struct sk_buff *skb, u8 family)
{
	struct lbm_flow flow;

	if (lbm_flow_read(&flow, skb, family) != LBMESH_REASON_NONE)
		return false;
	key->src_port = flow.packet.src_port;
	key->dst_port = flow.packet.dst_port;
	return true;
}

/**
 * lbm_flow_read_key - find the flow of a packet, as the cache knows it
 * @key: where to, but for the endpoint and the direction
 * @skb: the packet, at an inet hook after connection tracking
 * @family: AF_INET or AF_INET6
 * @reply: where to, whether the packet goes the other way
 *
 * Says the same as lbm_flow_read() and lbm_flow_key_of(), with no detour:
 * packets of which the verdict is known take no other way.
 *
 * Return: false when lbm_flow_read() fails.
 */
bool lbm_flow_read_key(struct lbm_flow_key *key, const struct sk_buff *skb,
		       u8 family, bool *reply)
{
	const struct nf_conntrack_tuple *first, *second;
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct;

	ct = nf_ct_get(skb, &ctinfo);
	if (!ct || nf_ct_is_template(ct) || nf_ct_l3num(ct) != family)
		return false;
	first = &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	second = &ct->tuplehash[IP_CT_DIR_REPLY].tuple;
	*reply = CTINFO2DIR(ctinfo) == IP_CT_DIR_REPLY;
	/* Of IPv4, conntrack has zero in the other words as well. */
	key->src = first->src.u3.in6;
	key->dst = second->src.u3.in6;
	key->protocol = first->dst.protonum;
	key->bits = family == AF_INET ? LBM_FLOW_IPV4 : LBM_FLOW_IPV6;
	if (ctinfo != IP_CT_NEW || test_bit(IPS_SEEN_REPLY_BIT, &ct->status))
		key->bits |= LBM_FLOW_ESTABLISHED;
	if (lbm_flow_has_ports(key->protocol)) {
		key->src_port = ntohs(first->src.u.all);
		key->dst_port = ntohs(second->src.u.all);
		return key->ports || read_key_ports(key, skb, family);
	}
	key->ports = 0;
	if (key->protocol == IPPROTO_ICMP || key->protocol == IPPROTO_ICMPV6) {
		key->src_port = first->dst.u.icmp.type;
		key->dst_port = first->dst.u.icmp.code;
	}
	return true;
}

/**
 * lbm_packet_of_key - what is judged of a flow that the cache could know
 * @packet: where to
 * @key: the flow
 */
void lbm_packet_of_key(struct lbm_packet *packet,
		       const struct lbm_flow_key *key)
{
	memset(packet, 0, sizeof(*packet));
	packet->family = key->bits & LBM_FLOW_IPV4 ? AF_INET : AF_INET6;
	packet->protocol = key->protocol;
	packet->direction = key->bits & LBM_FLOW_EGRESS ?
			    LBMESH_DIRECTION_EGRESS : LBMESH_DIRECTION_INGRESS;
	packet->src = key->src;
	packet->dst = key->dst;
	packet->has_ports = lbm_flow_has_ports(key->protocol);
	if (packet->has_ports) {
		packet->src_port = key->src_port;
		packet->dst_port = key->dst_port;
	} else {
		packet->icmp_type = key->src_port;
		packet->icmp_code = key->dst_port;
	}
}

/* Addresses and protocol; @offset is that of the transport header then. */
static bool peek_ipv4(struct lbm_packet *packet, const struct sk_buff *skb,
		      unsigned int *offset, bool *transport)
{
	const struct iphdr *ip;
	struct iphdr buffer;

	ip = skb_header_pointer(skb, *offset, sizeof(buffer), &buffer);
	if (!ip || ip->version != 4)
		return false;
	packet->src.s6_addr32[0] = ip->saddr;
	packet->dst.s6_addr32[0] = ip->daddr;
	packet->protocol = ip->protocol;
	*offset += ip->ihl * 4;
	*transport = ip->ihl >= 5 && !(ip->frag_off & htons(IP_OFFSET));
	return true;
}

/* If its headers cannot be skipped, the protocol is the first of them. */
static bool peek_ipv6(struct lbm_packet *packet, const struct sk_buff *skb,
		      unsigned int *offset, bool *transport)
{
	const struct ipv6hdr *ip;
	struct ipv6hdr buffer;
	__be16 fragment;
	int payload;

	ip = skb_header_pointer(skb, *offset, sizeof(buffer), &buffer);
	if (!ip || ip->version != 6)
		return false;
	packet->src = ip->saddr;
	packet->dst = ip->daddr;
	packet->protocol = ip->nexthdr;
	payload = ipv6_skip_exthdr(skb, *offset + sizeof(buffer),
				   &packet->protocol, &fragment);
	*transport = payload >= 0 && !(fragment & htons(IP6_OFFSET));
	*offset = payload;
	return true;
}

static void peek_transport(struct lbm_packet *packet, const struct sk_buff *skb,
			   unsigned int offset, bool *partial)
{
	bool has_ports = lbm_flow_has_ports(packet->protocol);
	const __be16 *words;
	__be16 buffer[2];

	if (!has_ports && packet->protocol != IPPROTO_ICMP &&
	    packet->protocol != IPPROTO_ICMPV6)
		return;
	words = skb_header_pointer(skb, offset, sizeof(buffer), buffer);
	*partial = !words;
	if (!words)
		return;
	packet->has_ports = has_ports;
	if (has_ports) {
		packet->src_port = ntohs(words[0]);
		packet->dst_port = ntohs(words[1]);
	} else {
		packet->icmp_type = ntohs(words[0]) >> 8;
		packet->icmp_code = ntohs(words[0]) & 0xff;
	}
}

/**
 * lbm_flow_peek - what a packet says of itself, however broken it is
 * @packet: filled in but for its direction
 * @skb: the packet; nothing of it has been looked at
 * @offset: of its network header
 * @family: AF_INET or AF_INET6, by its link header
 * @partial: its transport header is not there, so neither ports nor type are
 *
 * This is for telling, not for judging: it knows nothing of flows and NAT.
 *
 * Return: false when not even addresses are there.
 */
bool lbm_flow_peek(struct lbm_packet *packet, const struct sk_buff *skb,
		   unsigned int offset, u8 family, bool *partial)
{
	bool transport = false, found;

	memset(packet, 0, sizeof(*packet));
	packet->family = family;
	if (family == AF_INET)
		found = peek_ipv4(packet, skb, &offset, &transport);
	else
		found = peek_ipv6(packet, skb, &offset, &transport);
	*partial = !transport;
	if (found && transport)
		peek_transport(packet, skb, offset, partial);
	return found;
}

/**
 * lbm_flow_is_discovery - whether a packet is IPv6 neighbour discovery
 * @skb: the packet, at an inet hook
 * @family: AF_INET or AF_INET6
 *
 * It has no state, by the will of connection tracking, never leaves its link,
 * and is judged by the port (port.c).
 */
bool lbm_flow_is_discovery(const struct sk_buff *skb, u8 family)
{
	const struct icmp6hdr *icmp;
	struct icmp6hdr buffer;

	if (family != AF_INET6 || ipv6_hdr(skb)->hop_limit != 255 ||
	    ipv6_hdr(skb)->nexthdr != IPPROTO_ICMPV6)
		return false;
	icmp = skb_header_pointer(skb, skb_network_offset(skb) +
				  sizeof(struct ipv6hdr), sizeof(buffer),
				  &buffer);
	return icmp && icmp->icmp6_type >= NDISC_ROUTER_SOLICITATION &&
	       icmp->icmp6_type <= NDISC_REDIRECT;
}
