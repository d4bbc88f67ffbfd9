// SPDX-License-Identifier: GPL-2.0
/*
 * Telling verdicts: as they come, to the multicast group, and when asked, of a
 * flow that may never have been. Both are the same judgement by the same code,
 * and the same attributes.
 *
 * Of what is dropped, and of what matches a rule that logs, at most 1,000 events
 * a second are made in a namespace, or 100 at once; what is kept back is
 * counted, and the next event tells how many there were. Nothing is made when
 * nobody listens. A packet that was dropped without being judged is told by
 * what it says of itself, which may be little.
 */

#include <net/sock.h>

#include "compat.h"
#include "facts.h"
#include "flow.h"
#include "judge.h"
#include "netlink.h"
#include "netlink-gen.h"
#include "netns.h"
#include "stamp.h"
#include "tell.h"

/* Room for a flow and a verdict. */
#define MESSAGE_BYTES 512

static bool is_icmp(u8 protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

/* --- Parts of messages ------------------------------------------------------ */

static int put_addresses(struct sk_buff *skb, const struct lbm_packet *packet)
{
	if (packet->family == AF_INET)
		return nla_put_in_addr(skb, LBMESH_A_FLOW_SRC_IPV4,
				       packet->src.s6_addr32[0]) ?:
		       nla_put_in_addr(skb, LBMESH_A_FLOW_DST_IPV4,
				       packet->dst.s6_addr32[0]);
	return nla_put_in6_addr(skb, LBMESH_A_FLOW_SRC_IPV6, &packet->src) ?:
	       nla_put_in6_addr(skb, LBMESH_A_FLOW_DST_IPV6, &packet->dst);
}

static int put_protocol(struct sk_buff *skb, const struct lbm_case *what)
{
	const struct lbm_packet *packet = what->packet;
	int ret = nla_put_u8(skb, LBMESH_A_FLOW_PROTOCOL, packet->protocol);

	if (packet->has_ports)
		return ret ?: nla_put_be16(skb, LBMESH_A_FLOW_SRC_PORT,
					   htons(packet->src_port)) ?:
		       nla_put_be16(skb, LBMESH_A_FLOW_DST_PORT,
				    htons(packet->dst_port));
	if (is_icmp(packet->protocol) && !what->partial)
		return ret ?: nla_put_u8(skb, LBMESH_A_FLOW_ICMP_TYPE,
					 packet->icmp_type) ?:
		       nla_put_u8(skb, LBMESH_A_FLOW_ICMP_CODE,
				  packet->icmp_code);
	return ret;
}

static int put_flow(struct sk_buff *skb, const struct lbm_case *what)
{
	struct nlattr *nest = nla_nest_start(skb, LBMESH_A_FLOW);
	int ret;

	if (!nest)
		return -EMSGSIZE;
	ret = nla_put_u8(skb, LBMESH_A_FLOW_DIRECTION,
			 what->packet->direction);
	if (what->endpoint)
		ret = ret ?: nla_put_u32(skb, LBMESH_A_FLOW_ENDPOINT,
					 what->endpoint->id);
	if (what->ifindex)
		ret = ret ?: nla_put_u32(skb, LBMESH_A_FLOW_IFINDEX,
					 what->ifindex);
	if (what->packet->family)
		ret = ret ?: put_addresses(skb, what->packet) ?:
		      put_protocol(skb, what);
	nla_nest_end(skb, nest);
	return ret;
}

/* On the endpoint's own device, or on any. */
static const struct lbm_member *member_of(const struct lbm_case *what,
					  const struct in6_addr *address)
{
	const struct lbm_device *device = NULL;

	if (what->endpoint)
		device = lbm_generation_device_on(what->gen,
						  what->endpoint->ifindex);
	if (device)
		return lbm_generation_member(what->gen, device->id,
					     what->packet->family, address);
	return lbm_facts_member(what->gen, what->packet->family, address);
}

static int put_networks(struct sk_buff *skb, const struct lbm_case *what)
{
	const struct lbm_member *src, *dst;
	int ret = 0;

	if (!what->packet->family)
		return 0;
	src = member_of(what, &what->packet->src);
	dst = member_of(what, &what->packet->dst);
	if (src)
		ret = nla_put_u32(skb, LBMESH_A_VERDICT_SRC_NETWORK,
				  src->network);
	if (dst)
		ret = ret ?: nla_put_u32(skb, LBMESH_A_VERDICT_DST_NETWORK,
					 dst->network);
	return ret;
}

static int put_verdict(struct sk_buff *skb, const struct lbm_case *what)
{
	const struct lbm_verdict *verdict = &what->verdict;
	struct nlattr *nest = nla_nest_start(skb, LBMESH_A_VERDICT);
	int ret;

	if (!nest)
		return -EMSGSIZE;
	ret = nla_put_u8(skb, LBMESH_A_VERDICT_ACTION, verdict->action) ?:
	      nla_put_u8(skb, LBMESH_A_VERDICT_REASON, verdict->reason) ?:
	      put_networks(skb, what);
	if (verdict->rule)
		ret = ret ?: nla_put_u32(skb, LBMESH_A_VERDICT_LAYER,
					 verdict->rule->layer) ?:
		      nla_put_u32(skb, LBMESH_A_VERDICT_RULE,
				  verdict->rule->id);
	if (what->endpoint)
		ret = ret ?: nla_put_u32(skb, LBMESH_A_VERDICT_ENDPOINT,
					 what->endpoint->id);
	ret = ret ?: lbm_put_u64(skb, LBMESH_A_VERDICT_GENERATION,
				 what->gen->number);
	if (what->cached)
		ret = ret ?: nla_put_flag(skb, LBMESH_A_VERDICT_CACHED) ?:
		      lbm_put_u64(skb, LBMESH_A_VERDICT_HITS, what->hits);
	nla_nest_end(skb, nest);
	return ret;
}

static int put_case(struct sk_buff *skb, const struct lbm_case *what)
{
	return lbm_put_u64(skb, LBMESH_A_GENERATION, what->gen->number) ?:
	       put_flow(skb, what) ?: put_verdict(skb, what);
}

/* --- Events ------------------------------------------------------------------ */

static void send_event(struct lbm_net *ln, const struct lbm_case *what)
{
	u64 suppressed = atomic64_xchg(&ln->firewall.suppressed, 0);
	struct sk_buff *skb = genlmsg_new(MESSAGE_BYTES, GFP_ATOMIC);
	void *header;

	if (!skb)
		return;
	header = genlmsg_put(skb, 0, 0, &lbm_family, 0, LBMESH_CMD_VERDICT_NTF);
	if (!header || put_case(skb, what) ||
	    (suppressed &&
	     lbm_put_u64(skb, LBMESH_A_SUPPRESSED, suppressed))) {
		WARN_ON_ONCE(1);
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast_netns(&lbm_family, ln->net, skb, 0,
				LBMESH_NLGRP_VERDICT, GFP_ATOMIC);
}

/* Whether somebody is to be told now; if only the rate forbids it, count that. */
static bool is_due(struct lbm_net *ln)
{
	struct lbm_firewall *firewall = &ln->firewall;

	if (!genl_has_listeners(&lbm_family, ln->net, LBMESH_NLGRP_VERDICT))
		return false;
	if (lbm_bucket_take(&firewall->events))
		return true;
	atomic64_inc(&firewall->suppressed);
	return false;
}

/**
 * lbm_tell - tell the group what became of a packet
 * @ln: the namespace
 * @what: the packet
 *
 * Called in the packet's way, under the RCU read lock.
 */
void lbm_tell(struct lbm_net *ln, const struct lbm_case *what)
{
	if (is_due(ln))
		send_event(ln, what);
}

/**
 * lbm_tell_unread - tell the group of a packet that was dropped unjudged
 * @ln: the namespace
 * @unread: the packet
 *
 * Called in the packet's way, under the RCU read lock. The packet is read only
 * if somebody is to be told.
 */
void lbm_tell_unread(struct lbm_net *ln, const struct lbm_unread *unread)
{
	struct lbm_packet packet = {};
	struct lbm_case what = {
		.gen = unread->gen,
		.ifindex = unread->ifindex,
		.packet = &packet,
		.verdict.action = LBMESH_ACTION_DENY,
		.verdict.reason = unread->reason,
	};

	if (!is_due(ln))
		return;
	if (unread->family &&
	    lbm_flow_peek(&packet, unread->skb, unread->offset, unread->family,
			  &what.partial))
		what.endpoint = lbm_generation_endpoint(unread->gen,
							unread->ifindex,
							packet.family,
							unread->sender ?
							&packet.src :
							&packet.dst);
	else
		packet.family = 0;
	packet.direction = unread->sender ? LBMESH_DIRECTION_EGRESS :
					    LBMESH_DIRECTION_INGRESS;
	send_event(ln, &what);
}

/* --- Explain ------------------------------------------------------------------ */

/**
 * lbm_flow_key_of - key of a flow in the cache
 * @key: where to
 * @endpoint: who is asked
 * @packet: the flow
 * @established: the flow has been let through before
 */
void lbm_flow_key_of(struct lbm_flow_key *key,
		     const struct lbm_endpoint *endpoint,
		     const struct lbm_packet *packet, bool established)
{
	key->src = packet->src;
	key->dst = packet->dst;
	key->src_port = packet->has_ports ? packet->src_port :
					    packet->icmp_type;
	key->dst_port = packet->has_ports ? packet->dst_port :
					    packet->icmp_code;
	key->endpoint = endpoint->id;
	key->protocol = packet->protocol;
	key->bits = packet->family == AF_INET ? LBM_FLOW_IPV4 : LBM_FLOW_IPV6;
	if (packet->direction == LBMESH_DIRECTION_EGRESS)
		key->bits |= LBM_FLOW_EGRESS;
	if (established)
		key->bits |= LBM_FLOW_ESTABLISHED;
}

/**
 * struct question - a flow that somebody asks for
 * @packet: the flow
 * @endpoint: id of the endpoint; 0 when @ifindex is given
 * @ifindex: the interface
 */
struct question {
	struct lbm_packet packet;
	u32 endpoint;
	u32 ifindex;
};

static int refuse(struct genl_info *info, const struct nlattr *attr,
		  const char *message)
{
	return lbm_netlink_refuse(info->extack,
				  attr ?: info->attrs[LBMESH_A_FLOW], message,
				  -EINVAL);
}

static int read_addresses(struct genl_info *info, struct nlattr **tb,
			  struct lbm_packet *packet)
{
	bool v4 = tb[LBMESH_A_FLOW_SRC_IPV4] && tb[LBMESH_A_FLOW_DST_IPV4];
	bool v6 = tb[LBMESH_A_FLOW_SRC_IPV6] && tb[LBMESH_A_FLOW_DST_IPV6];
	bool any4 = tb[LBMESH_A_FLOW_SRC_IPV4] || tb[LBMESH_A_FLOW_DST_IPV4];
	bool any6 = tb[LBMESH_A_FLOW_SRC_IPV6] || tb[LBMESH_A_FLOW_DST_IPV6];

	if ((any4 && any6) || (!v4 && !v6))
		return refuse(info, NULL,
			      "flow: source and destination of one family are required");
	packet->family = v4 ? AF_INET : AF_INET6;
	if (v4) {
		packet->src.s6_addr32[0] =
			nla_get_in_addr(tb[LBMESH_A_FLOW_SRC_IPV4]);
		packet->dst.s6_addr32[0] =
			nla_get_in_addr(tb[LBMESH_A_FLOW_DST_IPV4]);
	} else {
		packet->src = nla_get_in6_addr(tb[LBMESH_A_FLOW_SRC_IPV6]);
		packet->dst = nla_get_in6_addr(tb[LBMESH_A_FLOW_DST_IPV6]);
	}
	return 0;
}

static int read_ports(struct genl_info *info, struct nlattr **tb,
		      struct lbm_packet *packet)
{
	struct nlattr *src = tb[LBMESH_A_FLOW_SRC_PORT];
	struct nlattr *dst = tb[LBMESH_A_FLOW_DST_PORT];

	packet->has_ports = lbm_flow_has_ports(packet->protocol);
	if (!packet->has_ports && (src || dst))
		return refuse(info, src ?: dst,
			      "flow: the protocol has no ports");
	if (packet->has_ports && !dst)
		return refuse(info, NULL,
			      "flow: dst-port is required with this protocol");
	packet->src_port = src ? ntohs(nla_get_be16(src)) : 0;
	packet->dst_port = dst ? ntohs(nla_get_be16(dst)) : 0;
	return 0;
}

/* Without a type it is an echo request. */
static int read_icmp(struct genl_info *info, struct nlattr **tb,
		     struct lbm_packet *packet)
{
	struct nlattr *type = tb[LBMESH_A_FLOW_ICMP_TYPE];
	struct nlattr *code = tb[LBMESH_A_FLOW_ICMP_CODE];

	if (!is_icmp(packet->protocol))
		return type || code ?
		       refuse(info, type ?: code,
			      "flow: icmp-type and icmp-code are for ICMP") : 0;
	if (code && !type)
		return refuse(info, code, "flow: icmp-code without icmp-type");
	packet->icmp_type = packet->protocol == IPPROTO_ICMP ? 8 : 128;
	if (type)
		packet->icmp_type = nla_get_u8(type);
	if (code)
		packet->icmp_code = nla_get_u8(code);
	return 0;
}

static int read_question(struct genl_info *info, struct question *question)
{
	struct nlattr *tb[LBMESH_A_FLOW_MAX + 1];
	struct lbm_packet *packet = &question->packet;
	int ret;

	memset(question, 0, sizeof(*question));
	if (!info->attrs[LBMESH_A_FLOW]) {
		NL_SET_ERR_MSG(info->extack, "flow is required");
		return -EINVAL;
	}
	ret = nla_parse_nested(tb, LBMESH_A_FLOW_MAX,
			       info->attrs[LBMESH_A_FLOW],
			       lbmesh_flow_nl_policy, info->extack);
	if (ret)
		return ret;
	if (!tb[LBMESH_A_FLOW_ENDPOINT] == !tb[LBMESH_A_FLOW_IFINDEX])
		return refuse(info, NULL,
			      "flow: exactly one of endpoint and ifindex is required");
	if (!tb[LBMESH_A_FLOW_DIRECTION] || !tb[LBMESH_A_FLOW_PROTOCOL])
		return refuse(info, NULL,
			      "flow: direction and protocol are required");
	if (tb[LBMESH_A_FLOW_ENDPOINT])
		question->endpoint = nla_get_u32(tb[LBMESH_A_FLOW_ENDPOINT]);
	else
		question->ifindex = nla_get_u32(tb[LBMESH_A_FLOW_IFINDEX]);
	packet->direction = nla_get_u8(tb[LBMESH_A_FLOW_DIRECTION]);
	packet->protocol = nla_get_u8(tb[LBMESH_A_FLOW_PROTOCOL]);
	return read_addresses(info, tb, packet) ?:
	       read_ports(info, tb, packet) ?: read_icmp(info, tb, packet);
}

static const struct lbm_endpoint *
endpoint_by_id(const struct lbm_generation *gen, u32 id)
{
	struct lbm_object *object;
	struct lbm_key key;

	lbm_key_id(&key, id);
	object = lbm_trie_get(&gen->endpoints, &key);
	return object ? lbm_object_as(endpoint, object) : NULL;
}

static void deny(struct lbm_case *what, enum lbmesh_reason reason)
{
	what->verdict.action = LBMESH_ACTION_DENY;
	what->verdict.reason = reason;
}

/* What the cache says of the flow, now or when it is established. */
static void look_into_cache(struct lbm_net *ln, struct lbm_case *what)
{
	struct lbm_flow_key key = {};
	struct lbm_cached cached;
	struct lbm_newest newest;
	int established;

	if (!ln->firewall.cached)
		return;
	newest = lbm_stamps_newest(ln->firewall.stamps, what->endpoint);
	for (established = 0; established < 2; established++) {
		lbm_flow_key_of(&key, what->endpoint, what->packet,
				established);
		if (lbm_cache_peek(&ln->firewall.cache, &key, newest,
				   &cached)) {
			what->cached = true;
			what->hits += cached.hits;
		}
	}
}

/* Judge as the hooks do. */
static int judge(struct lbm_net *ln, const struct question *question,
		 struct lbm_case *what)
{
	const struct lbm_packet *packet = &question->packet;
	bool away = packet->direction == LBMESH_DIRECTION_EGRESS;
	const struct lbm_endpoint *named = NULL;
	enum lbmesh_endpoint_kind kind;
	struct lbm_chain chain;

	what->packet = packet;
	what->ifindex = question->ifindex;
	if (question->endpoint) {
		named = endpoint_by_id(what->gen, question->endpoint);
		if (!named)
			return -ENOENT;
		what->ifindex = named->ifindex;
	}
	if (!lbm_generation_kind_on(what->gen, what->ifindex, &kind))
		return 0;
	what->endpoint = lbm_generation_endpoint(what->gen, what->ifindex,
						 packet->family,
						 away ? &packet->src :
							&packet->dst);
	if (!what->endpoint || (named && named != what->endpoint)) {
		what->endpoint = named;
		deny(what, away ? LBMESH_REASON_SPOOFED :
				  LBMESH_REASON_NO_ENDPOINT);
		return 0;
	}
	lbm_chain_make(&chain, what->gen, what->endpoint);
	lbm_judge(ln, what->gen, what->endpoint, &chain, packet, false,
		  &what->verdict);
	look_into_cache(ln, what);
	return 0;
}

static int explain(struct genl_info *info, struct sk_buff *answer, bool cached)
{
	struct lbm_net *ln = lbm_net_of(genl_info_net(info));
	struct lbm_case what = {};
	struct question question;
	int ret;

	ret = read_question(info, &question);
	if (ret)
		return ret;
	rcu_read_lock();
	what.gen = rcu_dereference(ln->active);
	if (!what.gen) {
		NL_SET_ERR_MSG(info->extack, "no generation is in force");
		ret = -ENOENT;
	} else {
		/* Pairs with the release of who changes a set. */
		smp_load_acquire(&what.gen->stamp);
		ret = judge(ln, &question, &what);
		if (ret)
			NL_SET_ERR_MSG_ATTR(info->extack,
					    info->attrs[LBMESH_A_FLOW],
					    "flow: there is no such endpoint");
	}
	if (!ret && cached && !what.cached) {
		NL_SET_ERR_MSG(info->extack, "the cache does not hold the flow");
		ret = -ENOENT;
	}
	ret = ret ?: put_case(answer, &what);
	rcu_read_unlock();
	return ret;
}

static int answer_explain(struct genl_info *info, bool cached)
{
	struct sk_buff *answer;
	void *header;

	answer = lbm_netlink_begin_answer(info, &header);
	if (!answer)
		return -ENOMEM;
	return lbm_netlink_end_answer(answer, info, header,
				      explain(info, answer, cached));
}

int lbmesh_nl_explain_doit(struct sk_buff *skb, struct genl_info *info)
{
	return answer_explain(info, false);
}

/* --- What the cache holds ------------------------------------------------------ */

int lbmesh_nl_flow_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return answer_explain(info, true);
}

/* Fresh verdicts only: of others not even the rule may be looked at. */
static bool case_of_entry(struct lbm_net *ln, struct lbm_case *what,
			  struct lbm_packet *packet,
			  const struct lbm_flow_key *key,
			  const struct lbm_cached *cached)
{
	lbm_packet_of_key(packet, key);
	what->packet = packet;
	what->endpoint = endpoint_by_id(what->gen, key->endpoint);
	if (!what->endpoint ||
	    !lbm_cached_is_fresh(cached,
				 lbm_stamps_newest(ln->firewall.stamps,
						   what->endpoint)))
		return false;
	what->ifindex = what->endpoint->ifindex;
	what->verdict.action = cached->action;
	what->verdict.reason = cached->reason;
	what->verdict.rule = cached->rule;
	what->cached = true;
	what->hits = cached->hits;
	return true;
}

static int put_entry(struct sk_buff *skb, struct netlink_callback *cb,
		     const struct lbm_case *what)
{
	void *header;

	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
			     cb->nlh->nlmsg_seq, &lbm_family, NLM_F_MULTI,
			     LBMESH_CMD_FLOW_GET);
	if (!header)
		return -EMSGSIZE;
	if (put_case(skb, what)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

/* Return: 0 at the end, 1 when there may be more. */
static int fill(struct sk_buff *skb, struct netlink_callback *cb,
		struct lbm_net *ln, const struct lbm_generation *gen)
{
	struct lbm_cache_cursor *cursor = (struct lbm_cache_cursor *)cb->ctx;
	struct lbm_cache_cursor before;
	struct lbm_flow_key key = {};
	struct lbm_packet packet;
	struct lbm_cached cached;
	struct lbm_case what;
	int ret;

	for (;;) {
		before = *cursor;
		ret = lbm_cache_next(&ln->firewall.cache, cursor, &key,
				     &cached);
		if (ret <= 0)
			return !!ret;
		what = (struct lbm_case){ .gen = gen };
		if (case_of_entry(ln, &what, &packet, &key, &cached) &&
		    put_entry(skb, cb, &what)) {
			*cursor = before;
			return 1;
		}
	}
}

int lbmesh_nl_flow_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct lbm_net *ln = lbm_net_of(sock_net(skb->sk));
	const struct lbm_generation *gen;
	int more = 1;

	if (lbm_dump_attrs(cb)[LBMESH_A_FLOW]) {
		NL_SET_ERR_MSG(cb->extack, "a dump takes no flow");
		return -EINVAL;
	}
	while (more && !skb->len) {
		rcu_read_lock();
		gen = rcu_dereference(ln->active);
		if (gen)
			/* Pairs with the release of who changes a set. */
			smp_load_acquire(&gen->stamp);
		more = gen && ln->firewall.cached &&
		       fill(skb, cb, ln, gen);
		rcu_read_unlock();
		cond_resched();
	}
	return skb->len;
}
