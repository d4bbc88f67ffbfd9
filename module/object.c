// SPDX-License-Identifier: GPL-2.0
/*
 * Life and comparison of the objects of a generation. Objects hold no secret,
 * point to nothing but their counters, and are freed with their last reference.
 */

#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>

#include "object.h"

static const size_t object_size[] = {
	[LBMESH_OBJECT_DEVICE] = sizeof(struct lbm_device),
	[LBMESH_OBJECT_NETWORK] = sizeof(struct lbm_network),
	[LBMESH_OBJECT_BRIDGE] = sizeof(struct lbm_bridge),
	[LBMESH_OBJECT_PEER] = sizeof(struct lbm_peer),
	[LBMESH_OBJECT_MEMBER] = sizeof(struct lbm_member),
	[LBMESH_OBJECT_LAYER] = sizeof(struct lbm_layer),
	/* Without its ports. */
	[LBMESH_OBJECT_RULE] = sizeof(struct lbm_rule),
	[LBMESH_OBJECT_SET] = sizeof(struct lbm_set),
	[LBMESH_OBJECT_ELEMENT] = sizeof(struct lbm_element),
	[LBMESH_OBJECT_ENDPOINT] = sizeof(struct lbm_endpoint),
};

static size_t size_of(const struct lbm_object *object)
{
	size_t size = object_size[object->kind];

	if (object->kind == LBMESH_OBJECT_RULE) {
		const struct lbm_rule *rule = lbm_object_as(rule, object);

		size += (rule->n_src_ports + rule->n_dst_ports) *
			sizeof(*rule->ports);
	}
	return size;
}

/*
 * Where begins what the sender has stated: behind the head, and behind what is
 * counted.
 */
static size_t stated_at(const struct lbm_object *object)
{
	switch (object->kind) {
	case LBMESH_OBJECT_LAYER:
		return offsetof(struct lbm_layer, id);
	case LBMESH_OBJECT_RULE:
		return offsetof(struct lbm_rule, layer);
	default:
		return sizeof(*object);
	}
}

static struct lbm_stats *stats_of(const struct lbm_object *object)
{
	switch (object->kind) {
	case LBMESH_OBJECT_LAYER:
		return (struct lbm_stats *)
			&lbm_object_as(layer, object)->stats;
	case LBMESH_OBJECT_RULE:
		return (struct lbm_stats *)&lbm_object_as(rule, object)->stats;
	default:
		return NULL;
	}
}

static struct lbm_object *object_alloc(enum lbmesh_object kind, size_t size)
{
	struct lbm_object *object = kzalloc(size, GFP_KERNEL_ACCOUNT);

	if (!object)
		return NULL;
	refcount_set(&object->refs, 1);
	object->kind = kind;
	return object;
}

/**
 * lbm_object_new - make an object, all zero
 * @kind: which; a rule has no ports, see lbm_rule_new()
 *
 * Padding is zero too, so that lbm_object_equal() can compare bytes.
 *
 * Return: the object with one reference, or NULL when there is no memory.
 */
struct lbm_object *lbm_object_new(enum lbmesh_object kind)
{
	return object_alloc(kind, object_size[kind]);
}

/**
 * lbm_rule_new - make a rule, all zero but for the numbers of its ports
 * @n_src_ports: ranges of source ports
 * @n_dst_ports: ranges of destination ports
 *
 * Return: the rule with one reference, or NULL when there is no memory.
 */
struct lbm_rule *lbm_rule_new(u8 n_src_ports, u8 n_dst_ports)
{
	struct lbm_object *object;
	struct lbm_rule *rule;

	object = object_alloc(LBMESH_OBJECT_RULE,
			      struct_size(rule, ports,
					  n_src_ports + n_dst_ports));
	if (!object)
		return NULL;
	rule = lbm_object_as(rule, object);
	rule->n_src_ports = n_src_ports;
	rule->n_dst_ports = n_dst_ports;
	return rule;
}

/**
 * lbm_object_get - take a reference
 * @object: an object that the caller holds
 */
void lbm_object_get(struct lbm_object *object)
{
	refcount_inc(&object->refs);
}

static void free_derived(struct lbm_object *object)
{
	struct lbm_derived *derived = lbm_object_as(derived, object);

	derived->free(derived);
}

/**
 * lbm_object_put - drop a reference
 * @object: the object; NULL does nothing
 */
void lbm_object_put(struct lbm_object *object)
{
	struct lbm_stats *stats;

	if (!object || !refcount_dec_and_test(&object->refs))
		return;
	if (object->kind == LBMESH_OBJECT_NONE) {
		free_derived(object);
		return;
	}
	stats = stats_of(object);
	if (stats)
		lbm_stats_drop(stats);
	kfree(object);
}

/**
 * lbm_object_equal - whether two objects of one key say the same
 * @a: an object
 * @b: another, or NULL
 */
bool lbm_object_equal(const struct lbm_object *a, const struct lbm_object *b)
{
	size_t at = stated_at(a);

	if (!b || a->kind != b->kind || size_of(a) != size_of(b))
		return false;
	return !memcmp((const u8 *)a + at, (const u8 *)b + at, size_of(a) - at);
}

/**
 * lbm_object_count - begin to count what an object does, if it is of such a kind
 * @object: an object that nobody else knows yet
 * @old: the one whose place it takes, whose counters it goes on with; or NULL
 *
 * Return: 0 or -ENOMEM.
 */
int lbm_object_count(struct lbm_object *object, const struct lbm_object *old)
{
	struct lbm_stats *stats = stats_of(object);

	if (!stats)
		return 0;
	if (!old)
		return lbm_stats_init(stats);
	lbm_stats_share(stats, stats_of(old));
	return 0;
}

/**
 * lbm_device_same_interface - whether two devices are on one interface
 * @a: a device
 * @b: another
 *
 * An interface that has been away in between is not the same.
 */
bool lbm_device_same_interface(const struct lbm_device *a,
			       const struct lbm_device *b)
{
	return a->ifindex == b->ifindex && a->stay == b->stay;
}

/**
 * lbm_peer_same_endpoint - whether the intended endpoint is the same
 * @a: a peer
 * @b: another
 */
bool lbm_peer_same_endpoint(const struct lbm_peer *a, const struct lbm_peer *b)
{
	return a->family == b->family && a->port == b->port &&
	       ipv6_addr_equal(&a->endpoint, &b->endpoint);
}

/**
 * lbm_member_same_owner - whether the address belongs to the same peer or to us
 * @a: a member
 * @b: another of the same key
 */
bool lbm_member_same_owner(const struct lbm_member *a,
			   const struct lbm_member *b)
{
	return a->local == b->local &&
	       !memcmp(a->public_key, b->public_key, sizeof(a->public_key));
}
