// SPDX-License-Identifier: GPL-2.0
/*
 * What rules ask besides the packet: whether an address is in a set, in a
 * network of the endpoint, or in none at all. Each is looked up when a rule
 * first asks, and remembered while the packet is judged.
 *
 * An address can be a member on each device, and the question here is not which
 * device a packet passes. So all devices are asked: two of them on a host that
 * is in both planes, more while keys are rotated. An index by address alone
 * would save some 200 instructions for each further device, on a cache miss
 * that meets such a rule, and cost every commit and every member memory.
 */

#include "facts.h"
#include "learned.h"
#include "netns.h"

static const struct in6_addr *address_of(const struct lbm_facts *facts,
					 bool dst)
{
	return dst ? &facts->packet->dst : &facts->packet->src;
}

/**
 * lbm_facts_in_set - whether an address is in a set
 * @facts: the packet
 * @set: id of the set
 * @dst: the destination, otherwise the source
 */
bool lbm_facts_in_set(struct lbm_facts *facts, u32 set, bool dst)
{
	const struct in6_addr *address = address_of(facts, dst);
	u8 family = facts->packet->family;
	bool in;
	int i;

	for (i = 0; i < facts->n_sets; i++)
		if (facts->sets[i].set == set && facts->sets[i].dst == dst)
			return facts->sets[i].in;
	in = lbm_generation_in_set(facts->gen, set, family, address) ||
	     lbm_learned_has(facts->ln, set, family, address,
			     facts->established);
	if (i < LBM_FACTS_SETS) {
		facts->sets[i].set = set;
		facts->sets[i].dst = dst;
		facts->sets[i].in = in;
		facts->n_sets++;
	}
	return in;
}

static u32 next_device(const struct lbm_generation *gen, u32 device)
{
	const struct lbm_node *node;
	struct lbm_key at;

	if (device)
		lbm_key_id(&at, device);
	node = lbm_trie_next(&gen->devices, device ? &at : NULL);
	return node ? lbm_object_as(device, node->object)->id : 0;
}

/**
 * lbm_facts_member - whose address this is, on any device
 * @gen: a generation, under the RCU read lock or a reference
 * @family: AF_INET or AF_INET6
 * @address: network byte order
 *
 * Return: the member on the first device that has one, or NULL.
 */
const struct lbm_member *
lbm_facts_member(const struct lbm_generation *gen, u8 family,
		 const struct in6_addr *address)
{
	const struct lbm_member *member = NULL;
	u32 device;

	for (device = next_device(gen, 0); device && !member;
	     device = next_device(gen, device))
		member = lbm_generation_member(gen, device, family, address);
	return member;
}

static bool is_in_network(const struct lbm_facts *facts, u32 network,
			  const struct in6_addr *address)
{
	const struct lbm_member *member;
	u32 device;

	for (device = next_device(facts->gen, 0); device;
	     device = next_device(facts->gen, device)) {
		member = lbm_generation_member(facts->gen, device,
					       facts->packet->family, address);
		if (member && member->network == network)
			return true;
	}
	return false;
}

static bool same_network(const struct lbm_facts *facts, bool dst)
{
	bool towards = facts->packet->direction == LBMESH_DIRECTION_INGRESS;
	const struct in6_addr *own = address_of(facts, towards);
	const struct lbm_member *member;
	u32 device;

	for (device = next_device(facts->gen, 0); device;
	     device = next_device(facts->gen, device)) {
		member = lbm_generation_member(facts->gen, device,
					       facts->packet->family, own);
		if (member && is_in_network(facts, member->network,
					    address_of(facts, dst)))
			return true;
	}
	return false;
}

/**
 * lbm_facts_same_network - whether an address is in a network of the endpoint
 * @facts: the packet
 * @dst: the destination, otherwise the source
 *
 * The endpoint is the source of what leaves it and the destination of what
 * comes to it. Bridged networks are not the same.
 */
bool lbm_facts_same_network(struct lbm_facts *facts, bool dst)
{
	if (!facts->same_network[dst])
		facts->same_network[dst] = same_network(facts, dst) ? 1 : 2;
	facts->members = true;
	return facts->same_network[dst] == 1;
}

/**
 * lbm_facts_internet - whether an address is a member of no network
 * @facts: the packet
 * @dst: the destination, otherwise the source
 */
bool lbm_facts_internet(struct lbm_facts *facts, bool dst)
{
	if (!facts->internet[dst])
		facts->internet[dst] =
			lbm_facts_member(facts->gen, facts->packet->family,
					 address_of(facts, dst)) ? 2 : 1;
	facts->members = true;
	return facts->internet[dst] == 1;
}
