// SPDX-License-Identifier: GPL-2.0
/*
 * Building and reading a generation: which object stands in which index, and
 * under which key. Integers in keys are big-endian, so that a shorter key
 * (a device, a network) is a prefix of what belongs to it.
 */

#include <linux/atomic.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "generation.h"

/* Numbers of trie edits; 64 bits do not wrap. */
static atomic64_t last_edit = ATOMIC64_INIT(0);

/* What comes after its bits is never looked at. */
static void key_reset(struct lbm_key *key)
{
	key->bits = 0;
}

static void key_put(struct lbm_key *key, const void *data, unsigned int bits)
{
	memcpy(key->bytes + key->bits / 8, data, DIV_ROUND_UP(bits, 8));
	key->bits += bits;
}

static void key_put_u32(struct lbm_key *key, u32 value)
{
	__be32 be = cpu_to_be32(value);

	key_put(key, &be, 32);
}

static void key_put_prefix(struct lbm_key *key, u8 family, const void *address,
			   unsigned int len)
{
	key_put(key, &family, 8);
	key_put(key, address, len);
}

/**
 * lbm_key_id - key of a device, network or bridge
 * @key: where to
 * @id: host byte order
 */
void lbm_key_id(struct lbm_key *key, u32 id)
{
	key_reset(key);
	key_put_u32(key, id);
}

/**
 * lbm_key_link - key of a link
 * @key: where to
 * @a: id of a network
 * @b: id of another
 */
void lbm_key_link(struct lbm_key *key, u32 a, u32 b)
{
	lbm_key_id(key, a);
	key_put_u32(key, b);
}

/**
 * lbm_key_peer - key of a peer
 * @key: where to
 * @device: id of its device
 * @public_key: LBMESH_KEY_LEN bytes
 */
void lbm_key_peer(struct lbm_key *key, u32 device, const u8 *public_key)
{
	lbm_key_id(key, device);
	key_put(key, public_key, LBMESH_KEY_LEN * 8);
}

/**
 * lbm_key_member - key of a member
 * @key: where to
 * @member: the member
 */
void lbm_key_member(struct lbm_key *key, const struct lbm_member *member)
{
	lbm_key_id(key, member->device);
	key_put_prefix(key, member->family, &member->address, member->len);
}

static void key_of_network(struct lbm_key *key, const struct lbm_member *member)
{
	lbm_key_id(key, member->network);
	key_put_u32(key, member->device);
	key_put_prefix(key, member->family, &member->address, member->len);
}

static void key_of_peer(struct lbm_key *key, const struct lbm_member *member)
{
	lbm_key_peer(key, member->device, member->public_key);
	key_put_prefix(key, member->family, &member->address, member->len);
}

/**
 * lbm_key_object - key of an object in the index of its kind
 * @key: where to
 * @object: the object
 */
void lbm_key_object(struct lbm_key *key, const struct lbm_object *object)
{
	const struct lbm_peer *peer;

	switch (object->kind) {
	case LBMESH_OBJECT_DEVICE:
		lbm_key_id(key, lbm_object_as(device, object)->id);
		break;
	case LBMESH_OBJECT_NETWORK:
		lbm_key_id(key, lbm_object_as(network, object)->id);
		break;
	case LBMESH_OBJECT_BRIDGE:
		lbm_key_id(key, lbm_object_as(bridge, object)->id);
		break;
	case LBMESH_OBJECT_PEER:
		peer = lbm_object_as(peer, object);
		lbm_key_peer(key, peer->device, peer->public_key);
		break;
	case LBMESH_OBJECT_MEMBER:
		lbm_key_member(key, lbm_object_as(member, object));
		break;
	default:
		key_reset(key);
		WARN_ON_ONCE(1);
	}
}

/**
 * lbm_generation_index - the index of all objects of a kind
 * @gen: the generation
 * @kind: device, network, bridge, peer or member
 */
const struct lbm_trie *lbm_generation_index(const struct lbm_generation *gen,
					    enum lbmesh_object kind)
{
	switch (kind) {
	case LBMESH_OBJECT_DEVICE:
		return &gen->devices;
	case LBMESH_OBJECT_NETWORK:
		return &gen->networks;
	case LBMESH_OBJECT_BRIDGE:
		return &gen->bridges;
	case LBMESH_OBJECT_PEER:
		return &gen->peers;
	default:
		return &gen->members;
	}
}

/**
 * lbm_generation_new - begin a generation
 * @base: what it begins with; NULL for nothing. The caller holds it.
 *
 * Costs the same whatever @base holds.
 *
 * Return: the generation, which the caller alone has, or NULL when there is no
 * memory.
 */
struct lbm_generation *lbm_generation_new(const struct lbm_generation *base)
{
	u64 edit = atomic64_inc_return(&last_edit);
	struct lbm_generation *gen;

	gen = kzalloc(sizeof(*gen), GFP_KERNEL_ACCOUNT);
	if (!gen)
		return NULL;
	refcount_set(&gen->refs, 1);
	if (base)
		memcpy(gen->count, base->count, sizeof(gen->count));
	lbm_trie_copy(&gen->devices, base ? &base->devices : NULL, edit);
	lbm_trie_copy(&gen->networks, base ? &base->networks : NULL, edit);
	lbm_trie_copy(&gen->bridges, base ? &base->bridges : NULL, edit);
	lbm_trie_copy(&gen->links, base ? &base->links : NULL, edit);
	lbm_trie_copy(&gen->peers, base ? &base->peers : NULL, edit);
	lbm_trie_copy(&gen->members, base ? &base->members : NULL, edit);
	lbm_trie_copy(&gen->of_network, base ? &base->of_network : NULL, edit);
	lbm_trie_copy(&gen->of_peer, base ? &base->of_peer : NULL, edit);
	return gen;
}

/**
 * lbm_generation_get - take a reference under the RCU read lock
 * @gen: the generation; NULL is allowed
 *
 * Return: false when there is none to take.
 */
bool lbm_generation_get(struct lbm_generation *gen)
{
	return gen && refcount_inc_not_zero(&gen->refs);
}

/**
 * lbm_generation_put - drop a reference
 * @gen: the generation; NULL does nothing. When it was published, the
 *	namespace's own reference is dropped only after a grace period.
 */
void lbm_generation_put(struct lbm_generation *gen)
{
	if (!gen || !refcount_dec_and_test(&gen->refs))
		return;
	lbm_trie_clear(&gen->devices);
	lbm_trie_clear(&gen->networks);
	lbm_trie_clear(&gen->bridges);
	lbm_trie_clear(&gen->links);
	lbm_trie_clear(&gen->peers);
	lbm_trie_clear(&gen->members);
	lbm_trie_clear(&gen->of_network);
	lbm_trie_clear(&gen->of_peer);
	kfree(gen);
}

/* An entry of an object besides the one in the index of its kind. */
struct entry {
	struct lbm_trie *trie;
	struct lbm_key key;
};

/* The further entries of an object: none, one or two. */
static int further_entries(struct lbm_generation *gen,
			   const struct lbm_object *object,
			   struct entry entries[2])
{
	const struct lbm_bridge *bridge;
	const struct lbm_member *member;

	switch (object->kind) {
	case LBMESH_OBJECT_BRIDGE:
		bridge = lbm_object_as(bridge, object);
		entries[0].trie = &gen->links;
		lbm_key_link(&entries[0].key, bridge->network[0],
			     bridge->network[1]);
		entries[1].trie = &gen->links;
		lbm_key_link(&entries[1].key, bridge->network[1],
			     bridge->network[0]);
		return 2;
	case LBMESH_OBJECT_MEMBER:
		member = lbm_object_as(member, object);
		entries[0].trie = &gen->of_network;
		key_of_network(&entries[0].key, member);
		if (member->local)
			return 1;
		entries[1].trie = &gen->of_peer;
		key_of_peer(&entries[1].key, member);
		return 2;
	default:
		return 0;
	}
}

static int set_further(struct lbm_generation *gen, struct lbm_object *object)
{
	struct entry entries[2];
	int i, count, ret = 0;

	count = further_entries(gen, object, entries);
	for (i = 0; i < count && !ret; i++)
		ret = lbm_trie_set(entries[i].trie, &entries[i].key, object);
	return ret;
}

static int unset_further(struct lbm_generation *gen,
			 const struct lbm_object *object)
{
	struct entry entries[2];
	int i, count, ret = 0;

	count = further_entries(gen, object, entries);
	for (i = 0; i < count && !ret; i++)
		ret = lbm_trie_unset(entries[i].trie, &entries[i].key);
	return ret;
}

static struct lbm_trie *index_of(struct lbm_generation *gen,
				 enum lbmesh_object kind)
{
	return (struct lbm_trie *)lbm_generation_index(gen, kind);
}

/**
 * lbm_generation_set - add an object, or put it in the place of its namesake
 * @gen: a generation under construction
 * @object: the object; the generation takes references of its own
 *
 * Return: 0 or -ENOMEM. After an error only lbm_generation_put() is allowed.
 */
int lbm_generation_set(struct lbm_generation *gen, struct lbm_object *object)
{
	struct lbm_object *old = lbm_generation_find(gen, object);
	struct lbm_key key;
	int ret;

	if (old) {
		ret = unset_further(gen, old);
		if (ret)
			return ret;
	} else {
		gen->count[object->kind]++;
	}
	lbm_key_object(&key, object);
	ret = lbm_trie_set(index_of(gen, object->kind), &key, object);
	return ret ?: set_further(gen, object);
}

/**
 * lbm_generation_unset - take an object out
 * @gen: a generation under construction
 * @object: an object that is in it, and that the caller or another generation
 *	holds
 *
 * Return: 0 or -ENOMEM. After an error only lbm_generation_put() is allowed.
 */
int lbm_generation_unset(struct lbm_generation *gen, struct lbm_object *object)
{
	struct lbm_key key;
	int ret;

	ret = unset_further(gen, object);
	if (ret)
		return ret;
	gen->count[object->kind]--;
	lbm_key_object(&key, object);
	return lbm_trie_unset(index_of(gen, object->kind), &key);
}

/**
 * lbm_generation_find - the object of the same kind and key
 * @gen: a generation
 * @like: an object of which only the key counts
 *
 * Return: the object, with no reference of its own, or NULL.
 */
struct lbm_object *lbm_generation_find(const struct lbm_generation *gen,
				       const struct lbm_object *like)
{
	struct lbm_key key;

	lbm_key_object(&key, like);
	return lbm_trie_get(lbm_generation_index(gen, like->kind), &key);
}

/**
 * lbm_generation_member - whose address this is
 * @gen: a generation, under the RCU read lock or a reference
 * @device: id of the device that the packet passes
 * @family: AF_INET or AF_INET6
 * @address: network byte order
 *
 * Return: the member with the longest prefix of the address, or NULL.
 */
const struct lbm_member *
lbm_generation_member(const struct lbm_generation *gen, u32 device, u8 family,
		      const void *address)
{
	__be32 be = cpu_to_be32(device);
	struct lbm_object *object;
	struct lbm_key key;

	/* The packet path: the key is not cleared first. */
	memcpy(key.bytes, &be, sizeof(be));
	key.bytes[4] = family;
	memcpy(key.bytes + 5, address, lbm_family_bits(family) / 8);
	key.bits = 40 + lbm_family_bits(family);
	object = lbm_trie_match(&gen->members, &key);
	return object ? lbm_object_as(member, object) : NULL;
}

/**
 * lbm_generation_connected - whether members of two networks reach each other
 * @gen: a generation, under the RCU read lock or a reference
 * @a: id of a network
 * @b: id of a network
 */
bool lbm_generation_connected(const struct lbm_generation *gen, u32 a, u32 b)
{
	struct lbm_key key;

	if (a == b)
		return true;
	lbm_key_link(&key, a, b);
	return lbm_trie_get(&gen->links, &key);
}
