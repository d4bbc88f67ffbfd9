// SPDX-License-Identifier: GPL-2.0
/*
 * Life and comparison of the objects of a generation. Objects hold no secret,
 * point to nothing, and are freed with their last reference.
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
};

/**
 * lbm_object_new - make an object, all zero
 * @kind: which
 *
 * Padding is zero too, so that lbm_object_equal() can compare bytes.
 *
 * Return: the object with one reference, or NULL when there is no memory.
 */
struct lbm_object *lbm_object_new(enum lbmesh_object kind)
{
	struct lbm_object *object;

	object = kzalloc(object_size[kind], GFP_KERNEL_ACCOUNT);
	if (!object)
		return NULL;
	refcount_set(&object->refs, 1);
	object->kind = kind;
	return object;
}

/**
 * lbm_object_get - take a reference
 * @object: an object that the caller holds
 */
void lbm_object_get(struct lbm_object *object)
{
	refcount_inc(&object->refs);
}

/**
 * lbm_object_put - drop a reference
 * @object: the object; NULL does nothing
 */
void lbm_object_put(struct lbm_object *object)
{
	if (object && refcount_dec_and_test(&object->refs))
		kfree(object);
}

/**
 * lbm_object_equal - whether two objects of one key say the same
 * @a: an object
 * @b: another, or NULL
 */
bool lbm_object_equal(const struct lbm_object *a, const struct lbm_object *b)
{
	if (!b || a->kind != b->kind)
		return false;
	return !memcmp(a + 1, b + 1, object_size[a->kind] - sizeof(*a));
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
