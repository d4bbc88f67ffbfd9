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
 * lbm_key_pair - key of what is known by two numbers
 * @key: where to
 * @a: host byte order
 * @b: host byte order
 */
void lbm_key_pair(struct lbm_key *key, u32 a, u32 b)
{
	lbm_key_id(key, a);
	key_put_u32(key, b);
}

/**
 * lbm_key_link - key of a link
 * @key: where to
 * @a: id of a network
 * @b: id of another
 */
void lbm_key_link(struct lbm_key *key, u32 a, u32 b)
{
	lbm_key_pair(key, a, b);
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

/**
 * lbm_key_element - key of an element
 * @key: where to
 * @set: id of its set
 * @family: AF_INET or AF_INET6
 * @address: network byte order
 * @len: of the prefix in bits
 */
void lbm_key_element(struct lbm_key *key, u32 set, u8 family,
		     const void *address, unsigned int len)
{
	lbm_key_id(key, set);
	key_put_prefix(key, family, address, len);
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

static void key_of_user(struct lbm_key *key, u32 set,
			const struct lbm_rule *rule)
{
	lbm_key_id(key, set);
	key_put_u32(key, rule->layer);
	key_put_u32(key, rule->id);
}

/* An endpoint without an address is all of its interface: family 0. */
static void key_of_end(struct lbm_key *key, const struct lbm_endpoint *endpoint,
		       u8 family)
{
	lbm_key_id(key, endpoint->ifindex);
	if (family == AF_INET)
		key_put_prefix(key, family, &endpoint->ipv4, 32);
	else if (family == AF_INET6)
		key_put_prefix(key, family, &endpoint->ipv6, 128);
}

/**
 * lbm_key_object - key of an object in the index of its kind
 * @key: where to
 * @object: the object
 */
void lbm_key_object(struct lbm_key *key, const struct lbm_object *object)
{
	const struct lbm_element *element;
	const struct lbm_peer *peer;
	const struct lbm_rule *rule;

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
	case LBMESH_OBJECT_LAYER:
		lbm_key_id(key, lbm_object_as(layer, object)->id);
		break;
	case LBMESH_OBJECT_RULE:
		rule = lbm_object_as(rule, object);
		lbm_key_pair(key, rule->layer, rule->id);
		break;
	case LBMESH_OBJECT_SET:
		lbm_key_id(key, lbm_object_as(set, object)->id);
		break;
	case LBMESH_OBJECT_ELEMENT:
		element = lbm_object_as(element, object);
		lbm_key_element(key, element->set, element->family,
				&element->address, element->len);
		break;
	case LBMESH_OBJECT_ENDPOINT:
		lbm_key_id(key, lbm_object_as(endpoint, object)->id);
		break;
	default:
		key_reset(key);
		WARN_ON_ONCE(1);
	}
}

/**
 * lbm_generation_index - the index of all objects of a kind
 * @gen: the generation
 * @kind: any but LBMESH_OBJECT_NONE
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
	case LBMESH_OBJECT_LAYER:
		return &gen->layers;
	case LBMESH_OBJECT_RULE:
		return &gen->rules;
	case LBMESH_OBJECT_SET:
		return &gen->sets;
	case LBMESH_OBJECT_ELEMENT:
		return &gen->elements;
	case LBMESH_OBJECT_ENDPOINT:
		return &gen->endpoints;
	default:
		return &gen->members;
	}
}

/* Where the tries of a generation are: each is begun and cleared as the rest. */
static const size_t tries[] = {
	offsetof(struct lbm_generation, devices),
	offsetof(struct lbm_generation, networks),
	offsetof(struct lbm_generation, bridges),
	offsetof(struct lbm_generation, links),
	offsetof(struct lbm_generation, peers),
	offsetof(struct lbm_generation, members),
	offsetof(struct lbm_generation, of_network),
	offsetof(struct lbm_generation, of_peer),
	offsetof(struct lbm_generation, layers),
	offsetof(struct lbm_generation, rules),
	offsetof(struct lbm_generation, positions),
	offsetof(struct lbm_generation, users),
	offsetof(struct lbm_generation, sets),
	offsetof(struct lbm_generation, elements),
	offsetof(struct lbm_generation, endpoints),
	offsetof(struct lbm_generation, ends),
	offsetof(struct lbm_generation, judged),
	offsetof(struct lbm_generation, compiled),
};

static struct lbm_trie *trie_at(const struct lbm_generation *gen, int i)
{
	return (struct lbm_trie *)((u8 *)gen + tries[i]);
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
	int i;

	gen = kzalloc(sizeof(*gen), GFP_KERNEL_ACCOUNT);
	if (!gen)
		return NULL;
	refcount_set(&gen->refs, 1);
	if (base) {
		memcpy(gen->count, base->count, sizeof(gen->count));
		bitmap_copy(gen->ports, base->ports, LBM_PORT_BITS);
	}
	for (i = 0; i < ARRAY_SIZE(tries); i++)
		lbm_trie_copy(trie_at(gen, i), base ? trie_at(base, i) : NULL,
			      edit);
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
	int i;

	if (!gen || !refcount_dec_and_test(&gen->refs))
		return;
	for (i = 0; i < ARRAY_SIZE(tries); i++)
		lbm_trie_clear(trie_at(gen, i));
	kfree(gen);
}

/* An entry of an object besides the one in the index of its kind. */
struct entry {
	struct lbm_trie *trie;
	struct lbm_key key;
};

/* The most of them: an endpoint with two addresses and all its layers. */
#define ENTRIES_MAX (2 + LBM_LAYERS_MAX)

static int member_entries(struct lbm_generation *gen,
			  const struct lbm_member *member,
			  struct entry *entries)
{
	entries[0].trie = &gen->of_network;
	key_of_network(&entries[0].key, member);
	if (member->local)
		return 1;
	entries[1].trie = &gen->of_peer;
	key_of_peer(&entries[1].key, member);
	return 2;
}

static int rule_entries(struct lbm_generation *gen, const struct lbm_rule *rule,
			struct entry *entries)
{
	bool src = rule->src.type == LBM_SELECT_SET;
	bool dst = rule->dst.type == LBM_SELECT_SET;
	int count = 1;

	entries[0].trie = &gen->positions;
	lbm_key_pair(&entries[0].key, rule->layer, rule->position);
	if (src) {
		entries[count].trie = &gen->users;
		key_of_user(&entries[count++].key, rule->src.set, rule);
	}
	if (dst && !(src && rule->src.set == rule->dst.set)) {
		entries[count].trie = &gen->users;
		key_of_user(&entries[count++].key, rule->dst.set, rule);
	}
	return count;
}

static int endpoint_entries(struct lbm_generation *gen,
			    const struct lbm_endpoint *endpoint,
			    struct entry *entries)
{
	int i, count = 0;

	if (endpoint->has_ipv4)
		key_of_end(&entries[count++].key, endpoint, AF_INET);
	if (endpoint->has_ipv6)
		key_of_end(&entries[count++].key, endpoint, AF_INET6);
	if (!count)
		key_of_end(&entries[count++].key, endpoint, 0);
	for (i = 0; i < count; i++)
		entries[i].trie = &gen->ends;
	for (i = 0; i < endpoint->n_layers; i++) {
		entries[count].trie = &gen->judged;
		lbm_key_pair(&entries[count++].key, endpoint->layers[i],
			     endpoint->id);
	}
	return count;
}

/* The further entries of an object, and how many. */
static int further_entries(struct lbm_generation *gen,
			   const struct lbm_object *object,
			   struct entry entries[ENTRIES_MAX])
{
	const struct lbm_bridge *bridge;

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
		return member_entries(gen, lbm_object_as(member, object),
				      entries);
	case LBMESH_OBJECT_RULE:
		return rule_entries(gen, lbm_object_as(rule, object), entries);
	case LBMESH_OBJECT_ENDPOINT:
		return endpoint_entries(gen, lbm_object_as(endpoint, object),
					entries);
	default:
		return 0;
	}
}

static int set_further(struct lbm_generation *gen, struct lbm_object *object)
{
	struct entry entries[ENTRIES_MAX];
	int i, count, ret = 0;

	count = further_entries(gen, object, entries);
	for (i = 0; i < count && !ret; i++)
		ret = lbm_trie_set(entries[i].trie, &entries[i].key, object);
	return ret;
}

static int unset_further(struct lbm_generation *gen,
			 const struct lbm_object *object)
{
	struct entry entries[ENTRIES_MAX];
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

/* The compiled rules of a layer, for this edit to write. */
static struct lbm_compiled *own_compiled(struct lbm_generation *gen, u32 layer)
{
	u64 edit = gen->compiled.edit;
	struct lbm_compiled *old = NULL, *compiled;
	struct lbm_object *object;
	struct lbm_key key;
	int ret;

	lbm_key_id(&key, layer);
	object = lbm_trie_get(&gen->compiled, &key);
	if (object) {
		old = container_of(object, struct lbm_compiled,
				   derived.object);
		if (old->edit == edit)
			return old;
	}
	compiled = lbm_compiled_new(old, layer, edit);
	if (!compiled)
		return NULL;
	ret = lbm_trie_set(&gen->compiled, &key, &compiled->derived.object);
	lbm_object_put(&compiled->derived.object);
	return ret ? NULL : compiled;
}

/* Take a rule out of its layer's compiled rules, and put another in. */
static int compile(struct lbm_generation *gen, const struct lbm_object *old,
		   struct lbm_object *new)
{
	const struct lbm_object *object = new ?: old;
	struct lbm_compiled *compiled;
	struct lbm_key key;
	int ret = 0;

	if (object->kind != LBMESH_OBJECT_RULE)
		return 0;
	compiled = own_compiled(gen, lbm_object_as(rule, object)->layer);
	if (!compiled)
		return -ENOMEM;
	if (old)
		ret = lbm_classifier_remove(&compiled->classifier,
					    lbm_object_as(rule, old));
	if (!ret && new)
		ret = lbm_classifier_insert(&compiled->classifier,
					    lbm_object_as(rule, new));
	if (ret || compiled->classifier.rules)
		return ret;
	lbm_key_id(&key, compiled->layer);
	return lbm_trie_unset(&gen->compiled, &key);
}

static void note_port(struct lbm_generation *gen,
		      const struct lbm_object *object)
{
	if (object->kind == LBMESH_OBJECT_ENDPOINT)
		__set_bit((u32)lbm_object_as(endpoint, object)->ifindex %
				  LBM_PORT_BITS, gen->ports);
}

/**
 * lbm_generation_set - add an object, or put it in the place of its namesake
 * @gen: a generation under construction
 * @object: the object; the generation takes references of its own
 *
 * Return: 0; -ENOMEM; -E2BIG when the layer of a rule has too many that are
 * alike. After an error only lbm_generation_put() is allowed.
 */
int lbm_generation_set(struct lbm_generation *gen, struct lbm_object *object)
{
	struct lbm_object *old = lbm_generation_find(gen, object);
	struct lbm_key key;
	int ret;

	ret = compile(gen, old, object);
	if (ret)
		return ret;
	note_port(gen, object);
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

	ret = compile(gen, object, NULL) ?: unset_further(gen, object);
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

/**
 * lbm_generation_endpoint - which endpoint an address behind an interface is
 * @gen: a generation, under the RCU read lock or a reference
 * @ifindex: the interface
 * @family: AF_INET or AF_INET6
 * @address: network byte order
 *
 * Return: the endpoint with this address, or else that of all the interface, or
 * NULL when there is neither.
 */
const struct lbm_endpoint *
lbm_generation_endpoint(const struct lbm_generation *gen, int ifindex,
			u8 family, const void *address)
{
	struct lbm_object *object;
	struct lbm_key key;

	lbm_key_element(&key, ifindex, family, address,
			lbm_family_bits(family));
	object = lbm_trie_match(&gen->ends, &key);
	return object ? lbm_object_as(endpoint, object) : NULL;
}

static const struct lbm_endpoint *other_end(const struct lbm_generation *gen,
					    const struct lbm_endpoint *endpoint,
					    u8 family)
{
	const struct lbm_object *object;
	struct lbm_key key;

	key_of_end(&key, endpoint, family);
	object = lbm_trie_get(&gen->ends, &key);
	if (!object || lbm_object_as(endpoint, object)->id == endpoint->id)
		return NULL;
	return lbm_object_as(endpoint, object);
}

/**
 * lbm_generation_rival - who else has an endpoint's interface and address
 * @gen: a generation under construction
 * @endpoint: the endpoint, in it or not
 *
 * Return: another endpoint that claims the same, or NULL.
 */
const struct lbm_endpoint *
lbm_generation_rival(const struct lbm_generation *gen,
		     const struct lbm_endpoint *endpoint)
{
	const struct lbm_endpoint *rival = NULL;

	if (!endpoint->has_ipv4 && !endpoint->has_ipv6)
		return other_end(gen, endpoint, 0);
	if (endpoint->has_ipv4)
		rival = other_end(gen, endpoint, AF_INET);
	if (!rival && endpoint->has_ipv6)
		rival = other_end(gen, endpoint, AF_INET6);
	return rival;
}

/**
 * lbm_generation_in_set - whether a commit has put an address into a set
 * @gen: a generation, under the RCU read lock or a reference
 * @set: id of the set
 * @family: AF_INET or AF_INET6
 * @address: network byte order
 *
 * What set-update has put there is not in a generation; see learned.c.
 */
bool lbm_generation_in_set(const struct lbm_generation *gen, u32 set, u8 family,
			   const void *address)
{
	struct lbm_key key;

	lbm_key_element(&key, set, family, address, lbm_family_bits(family));
	return lbm_trie_match(&gen->elements, &key);
}

/**
 * lbm_generation_classifier - the rules of a layer
 * @gen: a generation, under the RCU read lock or a reference
 * @layer: id of the layer
 *
 * Return: its classifier, or NULL when the layer has no rules.
 */
const struct lbm_classifier *
lbm_generation_classifier(const struct lbm_generation *gen, u32 layer)
{
	struct lbm_object *object;
	struct lbm_key key;

	lbm_key_id(&key, layer);
	object = lbm_trie_get(&gen->compiled, &key);
	return object ? &container_of(object, struct lbm_compiled,
				      derived.object)->classifier : NULL;
}

/**
 * lbm_generation_device_on - the device on an interface
 * @gen: a generation, under the RCU read lock or a reference
 * @ifindex: the interface
 *
 * Looks at one device after the other, of which there are few.
 *
 * Return: the device, or NULL when the interface is not managed.
 */
const struct lbm_device *
lbm_generation_device_on(const struct lbm_generation *gen, int ifindex)
{
	const struct lbm_device *device;
	const struct lbm_node *node;
	struct lbm_key at;

	for (node = lbm_trie_next(&gen->devices, NULL); node;
	     node = lbm_trie_next(&gen->devices, &at)) {
		device = lbm_object_as(device, node->object);
		if (device->ifindex == ifindex)
			return device;
		lbm_key_of_node(&at, node);
	}
	return NULL;
}

/**
 * lbm_generation_kind_on - what kind of endpoints an interface has
 * @gen: a generation, under the RCU read lock or a reference
 * @ifindex: the interface
 * @kind: where to; all of them are of one kind
 *
 * Return: false when it has none.
 */
bool lbm_generation_kind_on(const struct lbm_generation *gen, int ifindex,
			    enum lbmesh_endpoint_kind *kind)
{
	const struct lbm_node *node;
	struct lbm_key prefix;

	if (!test_bit((u32)ifindex % LBM_PORT_BITS, gen->ports))
		return false;
	lbm_key_id(&prefix, ifindex);
	node = lbm_trie_next_in(&gen->ends, &prefix, NULL);
	if (!node)
		return false;
	*kind = lbm_object_as(endpoint, node->object)->kind;
	return true;
}

/**
 * lbm_generation_has_kind - whether an interface has endpoints of a kind
 * @gen: a generation, under the RCU read lock or a reference
 * @ifindex: the interface
 * @kind: the kind
 */
bool lbm_generation_has_kind(const struct lbm_generation *gen, int ifindex,
			     enum lbmesh_endpoint_kind kind)
{
	enum lbmesh_endpoint_kind found;

	return lbm_generation_kind_on(gen, ifindex, &found) && found == kind;
}
