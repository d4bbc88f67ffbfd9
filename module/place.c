// SPDX-License-Identifier: GPL-2.0
/*
 * Places. Each packet asks which endpoints are on its interface. The generation
 * knows, but has to walk a trie for it; and most interfaces have one endpoint
 * for as long as they live. So each CPU remembers the answer, in the slot of
 * the interface's index modulo LBM_PLACES:
 *
 *	stamp 17  interface 12  sandbox, sole endpoint 3
 *	stamp 17  interface 13  sandbox, several: ask the trie by the address
 *	stamp 16  interface 14  nothing there; of an older generation: ask again
 *
 * A stamp belongs to one generation and never comes back (stamp.c). So an
 * answer with the stamp that the packet's generation has is of that generation,
 * and so is the endpoint that it points to.
 *
 * With a sole endpoint the place has, too, since when nothing has changed that
 * its verdicts depend on. What changes up to a stamp is written before the
 * stamp can be read, so for packets of this stamp it never grows too old.
 *
 * In the same way, and for those packets of which the verdict is not known, a
 * CPU remembers the classifiers of an endpoint's layers.
 */

#include "place.h"

/**
 * lbm_place_learn - ask the generation, and remember
 * @place: slot of the interface on this CPU
 * @stamps: of the namespace
 * @gen: the generation, under the RCU read lock
 * @stamp: its stamp
 * @ifindex: the interface
 *
 * Return: @place.
 */
const struct lbm_place *lbm_place_learn(struct lbm_place *place,
					const struct lbm_stamps *stamps,
					const struct lbm_generation *gen,
					u64 stamp, int ifindex)
{
	const struct lbm_endpoint *endpoint;
	const struct lbm_node *node;
	struct lbm_key prefix, at;

	*place = (struct lbm_place) { .stamp = stamp, .ifindex = ifindex };
	if (!test_bit((u32)ifindex % LBM_PORT_BITS, gen->ports))
		return place;
	lbm_key_id(&prefix, ifindex);
	node = lbm_trie_next_in(&gen->ends, &prefix, NULL);
	if (!node)
		return place;
	endpoint = lbm_object_as(endpoint, node->object);
	place->used = true;
	place->kind = endpoint->kind;
	/* Its addresses of both families are two nodes. */
	do {
		lbm_key_of_node(&at, node);
		node = lbm_trie_next_in(&gen->ends, &prefix, &at);
	} while (node && node->object == &endpoint->object);
	if (node)
		return place;
	place->sole = endpoint;
	place->newest = lbm_stamps_newest(stamps, endpoint);
	return place;
}
