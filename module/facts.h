/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What rules ask besides the packet; see facts.c.
 */
#ifndef _LBM_FACTS_H
#define _LBM_FACTS_H

#include "classifier.h"
#include "generation.h"

struct lbm_net;

/* Answers about sets that are remembered; more are looked up again. */
#define LBM_FACTS_SETS 8

/**
 * struct lbm_facts - what is known about a packet
 * @ln: the namespace
 * @gen: the generation that it is judged by
 * @packet: the packet
 * @established: its flow has been let through before
 * @members: somebody has asked who is a member
 * @same_network: answers for source and destination: 0 not asked, 1 yes, 2 no
 * @internet: likewise
 * @n_sets: how many of @sets there are
 * @sets: answers about sets
 *
 * Lives as long as one packet is judged, under the RCU read lock.
 */
struct lbm_facts {
	struct lbm_net *ln;
	const struct lbm_generation *gen;
	const struct lbm_packet *packet;
	bool established;
	bool members;
	u8 same_network[2];
	u8 internet[2];
	u8 n_sets;
	struct {
		u32 set;
		bool dst;
		bool in;
	} sets[LBM_FACTS_SETS];
};

/* Nothing has been asked; field by field, as it is made for packets. */
static inline void lbm_facts_init(struct lbm_facts *facts, struct lbm_net *ln,
				  const struct lbm_generation *gen,
				  const struct lbm_packet *packet,
				  bool established)
{
	facts->ln = ln;
	facts->gen = gen;
	facts->packet = packet;
	facts->established = established;
	facts->members = false;
	memset(facts->same_network, 0, sizeof(facts->same_network));
	memset(facts->internet, 0, sizeof(facts->internet));
	facts->n_sets = 0;
}

const struct lbm_member *
lbm_facts_member(const struct lbm_generation *gen, u8 family,
		 const struct in6_addr *address);

#endif /* _LBM_FACTS_H */
