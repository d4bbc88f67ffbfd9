/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Places: which endpoints are on an interface, as each CPU remembers it; see
 * place.c.
 */
#ifndef _LBM_PLACE_H
#define _LBM_PLACE_H

#include <linux/percpu.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "generation.h"
#include "judge.h"
#include "stamp.h"

/* Interfaces that a CPU remembers; a power of two. */
#define LBM_PLACES 256

/**
 * struct lbm_place - what a generation has on an interface
 * @stamp: of the generation; 0 when nothing is remembered
 * @sole: the only endpoint there; NULL when there are several, or none
 * @newest: what a verdict of @sole must have reached in this generation
 * @ifindex: the interface
 * @kind: enum lbmesh_endpoint_kind of all endpoints there
 * @used: it has endpoints
 */
struct lbm_place {
	u64 stamp;
	const struct lbm_endpoint *sole;
	struct lbm_newest newest;
	int ifindex;
	u8 kind;
	bool used;
};

/* Endpoints of which a CPU remembers the chain; a power of two. */
#define LBM_CHAIN_BITS 5

/**
 * struct lbm_known_chain - what an endpoint is judged by
 * @stamp: of the generation; 0 when nothing is remembered
 * @endpoint: the endpoint
 * @chain: what lbm_chain_make() has found
 */
struct lbm_known_chain {
	u64 stamp;
	const struct lbm_endpoint *endpoint;
	struct lbm_chain chain;
};

/**
 * struct lbm_places - what a CPU remembers
 * @at: by interface, modulo LBM_PLACES
 * @chain: by a hash of the endpoint
 */
struct lbm_places {
	struct lbm_place at[LBM_PLACES];
	struct lbm_known_chain chain[BIT(LBM_CHAIN_BITS)];
};

const struct lbm_place *lbm_place_learn(struct lbm_place *place,
					const struct lbm_stamps *stamps,
					const struct lbm_generation *gen,
					u64 stamp, int ifindex);

/**
 * lbm_place_find - what a generation has on an interface
 * @places: what the CPUs remember
 * @stamps: of the namespace
 * @gen: the generation, under the RCU read lock
 * @stamp: its stamp, read before
 * @ifindex: the interface
 *
 * Bottom halves are disabled, and remain so as long as the answer is used. The
 * next call may overwrite it.
 */
static inline const struct lbm_place *
lbm_place_find(struct lbm_places __percpu *places,
	       const struct lbm_stamps *stamps,
	       const struct lbm_generation *gen, u64 stamp, int ifindex)
{
	struct lbm_place *place =
		this_cpu_ptr(&places->at[(u32)ifindex % LBM_PLACES]);

	if (place->stamp == stamp && place->ifindex == ifindex)
		return place;
	return lbm_place_learn(place, stamps, gen, stamp, ifindex);
}

/* Whether an endpoint has an address; without any it has all of them. */
static inline bool lbm_endpoint_has(const struct lbm_endpoint *endpoint,
				    u8 family, const void *address)
{
	if (!endpoint->has_ipv4 && !endpoint->has_ipv6)
		return true;
	/* In a frame the address may be at any byte. */
	if (family == AF_INET)
		return endpoint->has_ipv4 &&
		       !memcmp(&endpoint->ipv4, address, sizeof(__be32));
	return endpoint->has_ipv6 &&
	       !memcmp(&endpoint->ipv6, address, sizeof(struct in6_addr));
}

/**
 * lbm_place_endpoint - which endpoint an address behind an interface is
 * @place: the interface
 * @gen: its generation
 * @family: AF_INET or AF_INET6
 * @address: network byte order
 *
 * Return: as lbm_generation_endpoint().
 */
static inline const struct lbm_endpoint *
lbm_place_endpoint(const struct lbm_place *place,
		   const struct lbm_generation *gen, u8 family,
		   const void *address)
{
	if (!place->sole)
		return lbm_generation_endpoint(gen, place->ifindex, family,
					       address);
	return lbm_endpoint_has(place->sole, family, address) ? place->sole :
								NULL;
}

/**
 * lbm_place_newest - the stamps that a verdict of an endpoint must have reached
 * @place: the interface that it is on
 * @stamps: of the namespace
 * @endpoint: the endpoint
 */
static inline struct lbm_newest
lbm_place_newest(const struct lbm_place *place, const struct lbm_stamps *stamps,
		 const struct lbm_endpoint *endpoint)
{
	return place->sole ? place->newest :
			     lbm_stamps_newest(stamps, endpoint);
}

/**
 * lbm_places_chain - what an endpoint is judged by
 * @places: what the CPUs remember
 * @gen: the generation, under the RCU read lock
 * @stamp: its stamp, read before
 * @endpoint: of that generation
 *
 * Bottom halves are disabled, and remain so as long as the answer is used.
 */
static inline const struct lbm_chain *
lbm_places_chain(struct lbm_places __percpu *places,
		 const struct lbm_generation *gen, u64 stamp,
		 const struct lbm_endpoint *endpoint)
{
	struct lbm_known_chain *known =
		this_cpu_ptr(&places->chain[hash_32(endpoint->id,
						    LBM_CHAIN_BITS)]);

	if (known->stamp != stamp || known->endpoint != endpoint) {
		known->stamp = stamp;
		known->endpoint = endpoint;
		lbm_chain_make(&known->chain, gen, endpoint);
	}
	return &known->chain;
}

#endif /* _LBM_PLACE_H */
