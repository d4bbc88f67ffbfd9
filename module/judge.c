// SPDX-License-Identifier: GPL-2.0
/*
 * Judging a packet: first who may speak to whom at all, then the endpoint's
 * layers in their order, then its default.
 *
 *	host on a managed interface?  both ends members of networks that are
 *	        |                     the same or bridged, or deny
 *	        v
 *	layer 1: the first rule that matches --> allow, deny, reject: final
 *	        | pass, or none matches
 *	        v
 *	layer 2 ...
 *	        |
 *	        v
 *	default of the endpoint for the direction, or of its kind:
 *	        host     allow members of its networks, deny the rest
 *	        sandbox  ingress deny, egress allow
 *
 * All of it is read from one generation, so that no packet is judged by a mix
 * of two; the gate, which is elsewhere on the packet's way, may still judge by
 * the one before, and lets nothing more through than that allows.
 */

#include "compat.h"
#include "facts.h"
#include "judge.h"

/**
 * lbm_judge_members - whether two addresses may speak to each other
 * @gen: a generation, under the RCU read lock or a reference
 * @device: id of the device that the packet passes
 * @family: AF_INET or AF_INET6
 * @src: network byte order
 * @dst: network byte order
 *
 * Return: LBMESH_REASON_MEMBER, or why they may not.
 */
enum lbmesh_reason lbm_judge_members(const struct lbm_generation *gen,
				     u32 device, u8 family, const void *src,
				     const void *dst)
{
	const struct lbm_member *from, *to;

	from = lbm_generation_member(gen, device, family, src);
	if (!from)
		return LBMESH_REASON_NOT_MEMBER_SRC;
	to = lbm_generation_member(gen, device, family, dst);
	if (!to)
		return LBMESH_REASON_NOT_MEMBER_DST;
	if (!lbm_generation_connected(gen, from->network, to->network))
		return LBMESH_REASON_NOT_CONNECTED;
	return LBMESH_REASON_MEMBER;
}

static void decide(struct lbm_verdict *verdict, enum lbmesh_action action,
		   enum lbmesh_reason reason)
{
	verdict->action = action;
	verdict->reason = reason;
}

/**
 * lbm_chain_make - look up what the packets of an endpoint are judged by
 * @chain: where to
 * @gen: a generation, under the RCU read lock or a reference
 * @endpoint: the endpoint, of that generation
 */
void lbm_chain_make(struct lbm_chain *chain, const struct lbm_generation *gen,
		    const struct lbm_endpoint *endpoint)
{
	const struct lbm_classifier *classifier;
	int i;

	chain->device = endpoint->kind == LBMESH_ENDPOINT_KIND_HOST ?
			lbm_generation_device_on(gen, endpoint->ifindex) : NULL;
	chain->count = 0;
	for (i = 0; i < endpoint->n_layers; i++) {
		classifier = lbm_generation_classifier(gen,
						       endpoint->layers[i]);
		if (classifier)
			chain->classifier[chain->count++] = classifier;
	}
}

/* Return: false when the packet is denied whatever the rules say. */
static bool judge_membership(const struct lbm_generation *gen,
			     const struct lbm_device *device,
			     const struct lbm_packet *packet,
			     struct lbm_verdict *verdict)
{
	decide(verdict, LBMESH_ACTION_DENY,
	       lbm_judge_members(gen, device->id, packet->family, &packet->src,
				 &packet->dst));
	verdict->members = true;
	return verdict->reason == LBMESH_REASON_MEMBER;
}

static bool judge_layers(const struct lbm_chain *chain,
			 const struct lbm_packet *packet,
			 struct lbm_facts *facts, struct lbm_verdict *verdict)
{
	struct lbm_hashes hashes __uninitialized;
	const struct lbm_rule *rule;
	unsigned int i;

	if (!chain->count)
		return false;
	lbm_classifier_hash(&hashes, packet);
	for (i = 0; i < chain->count; i++) {
		rule = lbm_classifier_find(chain->classifier[i], packet,
					   &hashes, facts);
		if (!rule || rule->action == LBMESH_ACTION_PASS)
			continue;
		decide(verdict, rule->action, LBMESH_REASON_RULE);
		verdict->rule = rule;
		verdict->log = rule->log;
		return true;
	}
	return false;
}

static void judge_default(const struct lbm_endpoint *endpoint,
			  const struct lbm_packet *packet,
			  struct lbm_facts *facts, struct lbm_verdict *verdict)
{
	bool towards = packet->direction == LBMESH_DIRECTION_INGRESS;

	if (endpoint->has_default[packet->direction])
		decide(verdict, endpoint->fallback[packet->direction],
		       LBMESH_REASON_DEFAULT);
	else if (endpoint->kind == LBMESH_ENDPOINT_KIND_SANDBOX)
		decide(verdict, towards ? LBMESH_ACTION_DENY :
					  LBMESH_ACTION_ALLOW,
		       LBMESH_REASON_DEFAULT);
	else if (verdict->members || lbm_facts_same_network(facts, !towards))
		decide(verdict, LBMESH_ACTION_ALLOW, LBMESH_REASON_MEMBER);
	else
		decide(verdict, LBMESH_ACTION_DENY, LBMESH_REASON_DEFAULT);
}

/**
 * lbm_judge - what happens to the packets of a flow
 * @ln: the namespace
 * @gen: its generation, under the RCU read lock
 * @endpoint: whose traffic it is
 * @chain: what lbm_chain_make() finds for it in @gen
 * @packet: the first packet of the flow, as the endpoint sees it
 * @established: the flow has been let through before
 * @verdict: what comes of it
 */
void lbm_judge(struct lbm_net *ln, const struct lbm_generation *gen,
	       const struct lbm_endpoint *endpoint,
	       const struct lbm_chain *chain,
	       const struct lbm_packet *packet, bool established,
	       struct lbm_verdict *verdict)
{
	struct lbm_facts facts __uninitialized;

	lbm_facts_init(&facts, ln, gen, packet, established);
	memset(verdict, 0, sizeof(*verdict));
	if (chain->device &&
	    !judge_membership(gen, chain->device, packet, verdict))
		return;
	if (!judge_layers(chain, packet, &facts, verdict))
		judge_default(endpoint, packet, &facts, verdict);
	verdict->members |= facts.members;
}
