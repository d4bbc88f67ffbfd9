// SPDX-License-Identifier: GPL-2.0
/*
 * Reading the generation in force: one object by its key, or a dump. A dump
 * goes on after the key that it showed last, never after a pointer; when the
 * generation has changed meanwhile its next message says so (NLM_F_DUMP_INTR),
 * and the reader starts again. Learned elements come and go all the time, and
 * each is right by itself: they follow those of the generation, as they are.
 */

#include <net/sock.h>

#include "compat.h"
#include "dump-internal.h"
#include "parse.h"

/**
 * struct cursor - where a dump has got to, in netlink_callback.ctx
 * @bits: length of @key; 0 at the beginning
 * @learned: it is among the learned elements
 * @key: shown last; no index that is dumped has longer ones
 */
struct cursor {
	u16 bits;
	bool learned;
	u8 key[36];
};

static_assert(sizeof(struct cursor) <=
	      sizeof_field(struct netlink_callback, ctx));

static int write_device(struct sk_buff *skb, const struct lbm_object *object)
{
	const struct lbm_device *device = lbm_object_as(device, object);

	if (nla_put_u32(skb, LBMESH_A_DEVICE_ID, device->id) ||
	    nla_put_u32(skb, LBMESH_A_DEVICE_IFINDEX, device->ifindex))
		return -EMSGSIZE;
	if (device->has_port &&
	    nla_put_u16(skb, LBMESH_A_DEVICE_LISTEN_PORT, device->port))
		return -EMSGSIZE;
	if (device->has_fwmark &&
	    nla_put_u32(skb, LBMESH_A_DEVICE_FWMARK, device->fwmark))
		return -EMSGSIZE;
	if (device->mtu && nla_put_u32(skb, LBMESH_A_DEVICE_MTU, device->mtu))
		return -EMSGSIZE;
	return 0;
}

static int write_network(struct sk_buff *skb, const struct lbm_object *object)
{
	const struct lbm_network *network = lbm_object_as(network, object);

	if (nla_put_u32(skb, LBMESH_A_NETWORK_ID, network->id))
		return -EMSGSIZE;
	if (network->label[0] &&
	    nla_put_string(skb, LBMESH_A_NETWORK_LABEL, network->label))
		return -EMSGSIZE;
	return 0;
}

static int write_bridge(struct sk_buff *skb, const struct lbm_object *object)
{
	const struct lbm_bridge *bridge = lbm_object_as(bridge, object);

	if (nla_put_u32(skb, LBMESH_A_BRIDGE_ID, bridge->id) ||
	    nla_put_u32(skb, LBMESH_A_BRIDGE_NETWORK_A, bridge->network[0]) ||
	    nla_put_u32(skb, LBMESH_A_BRIDGE_NETWORK_B, bridge->network[1]))
		return -EMSGSIZE;
	return 0;
}

static int write_peer(struct sk_buff *skb, const struct lbm_object *object)
{
	const struct lbm_peer *peer = lbm_object_as(peer, object);

	if (nla_put_u32(skb, LBMESH_A_PEER_DEVICE, peer->device) ||
	    nla_put(skb, LBMESH_A_PEER_PUBLIC_KEY, LBMESH_KEY_LEN,
		    peer->public_key))
		return -EMSGSIZE;
	if (peer->family == AF_INET &&
	    nla_put_be32(skb, LBMESH_A_PEER_ENDPOINT_IPV4,
			 peer->endpoint.s6_addr32[0]))
		return -EMSGSIZE;
	if (peer->family == AF_INET6 &&
	    nla_put(skb, LBMESH_A_PEER_ENDPOINT_IPV6, sizeof(peer->endpoint),
		    &peer->endpoint))
		return -EMSGSIZE;
	if (peer->family &&
	    nla_put_be16(skb, LBMESH_A_PEER_ENDPOINT_PORT, peer->port))
		return -EMSGSIZE;
	if (peer->keepalive &&
	    nla_put_u16(skb, LBMESH_A_PEER_KEEPALIVE, peer->keepalive))
		return -EMSGSIZE;
	return 0;
}

static int write_member(struct sk_buff *skb, const struct lbm_object *object)
{
	const struct lbm_member *member = lbm_object_as(member, object);

	if (nla_put_u32(skb, LBMESH_A_MEMBER_NETWORK, member->network) ||
	    nla_put_u32(skb, LBMESH_A_MEMBER_DEVICE, member->device))
		return -EMSGSIZE;
	if (member->family == AF_INET &&
	    nla_put_be32(skb, LBMESH_A_MEMBER_IPV4,
			 member->address.s6_addr32[0]))
		return -EMSGSIZE;
	if (member->family == AF_INET6 &&
	    nla_put(skb, LBMESH_A_MEMBER_IPV6, sizeof(member->address),
		    &member->address))
		return -EMSGSIZE;
	if (nla_put_u8(skb, LBMESH_A_MEMBER_PREFIX_LEN, member->len))
		return -EMSGSIZE;
	if (!member->local &&
	    nla_put(skb, LBMESH_A_MEMBER_PUBLIC_KEY, LBMESH_KEY_LEN,
		    member->public_key))
		return -EMSGSIZE;
	return 0;
}

static const struct lbm_node *next_in(const struct lbm_trie *index,
				      const struct nlattr *id,
				      const struct lbm_key *after)
{
	struct lbm_key prefix;

	if (!id)
		return lbm_trie_next(index, after);
	lbm_key_id(&prefix, nla_get_u32(id));
	return lbm_trie_next_in(index, &prefix, after);
}

static int put_object(struct sk_buff *skb, const struct dumper *dumper,
		      const struct lbm_object *object)
{
	struct nlattr *nest;

	nest = nla_nest_start(skb, dumper->attr);
	if (!nest)
		return -EMSGSIZE;
	if (dumper->write(skb, object)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	if (!dumper->state || !dumper->state(skb, object))
		return 0;
	/* Both or none. */
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}

static void cursor_load(const struct cursor *cursor, struct lbm_key *key)
{
	key->bits = cursor->bits;
	memcpy(key->bytes, cursor->key, sizeof(cursor->key));
}

static void cursor_save(struct cursor *cursor, const struct lbm_key *key)
{
	cursor->bits = key->bits;
	memcpy(cursor->key, key->bytes, sizeof(cursor->key));
}

/*
 * Write the objects of an index that come next, and leave the cursor behind
 * them. Whether that were all of them.
 */
static bool fill_from(struct sk_buff *skb, struct netlink_callback *cb,
		      const struct dumper *dumper,
		      const struct lbm_trie *index, unsigned int *shown)
{
	const struct nlattr *id = lbm_dump_attrs(cb)[LBMESH_A_ID];
	struct cursor *cursor = (struct cursor *)cb->ctx;
	const struct lbm_node *node;
	struct lbm_key at = {};

	cursor_load(cursor, &at);
	node = next_in(index, id, cursor->bits ? &at : NULL);
	for (; node; node = next_in(index, id, &at)) {
		if (put_object(skb, dumper, node->object))
			break;
		lbm_key_of_node(&at, node);
		++*shown;
	}
	cursor_save(cursor, &at);
	return !node;
}

/* The objects of the generation, and then the learned ones. */
static bool fill_objects(struct sk_buff *skb, struct netlink_callback *cb,
			 const struct dumper *dumper,
			 const struct lbm_generation *gen, unsigned int *shown)
{
	const struct lbm_trie *index = lbm_generation_index(gen, dumper->kind);
	struct cursor *cursor = (struct cursor *)cb->ctx;
	struct lbm_trie learned = {};
	bool all;

	if (dumper->index)
		index = dumper->index(gen, lbm_dump_attrs(cb)[LBMESH_A_ID]);
	if (!cursor->learned &&
	    !fill_from(skb, cb, dumper, index, shown))
		return false;
	if (!dumper->learned)
		return true;
	if (!cursor->learned)
		*cursor = (struct cursor){ .learned = true };
	rcu_read_lock();
	learned.root = lbm_learned_root(lbm_net_of(sock_net(skb->sk)));
	all = fill_from(skb, cb, dumper, &learned, shown);
	rcu_read_unlock();
	return all;
}

/* Fill one message with the objects that come next. */
static int fill(struct sk_buff *skb, struct netlink_callback *cb,
		const struct dumper *dumper, const struct lbm_generation *gen)
{
	unsigned int shown = 0;
	bool all = false;
	void *header;

	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
			     cb->nlh->nlmsg_seq, &lbm_family, NLM_F_MULTI,
			     dumper->command);
	if (!header)
		return -EMSGSIZE;
	if (!lbm_put_u64(skb, LBMESH_A_GENERATION, gen->number))
		all = fill_objects(skb, cb, dumper, gen, &shown);
	if (!shown) {
		genlmsg_cancel(skb, header);
		return all ? 0 : -EMSGSIZE;
	}
	/* Not of a message that is cancelled: it would say so in vain. */
	genl_dump_check_consistent(cb, header);
	genlmsg_end(skb, header);
	return skb->len;
}

/**
 * lbm_dump_all - go on with a dump
 * @skb: the next message
 * @cb: the dump
 * @dumper: how its kind of object is shown
 *
 * Return: bytes written, 0 at the end, or a negative errno with a sentence.
 */
int lbm_dump_all(struct sk_buff *skb, struct netlink_callback *cb,
		 const struct dumper *dumper)
{
	struct lbm_generation *gen;
	int ret = 0;

	/* Commands that show one object by its key take the key in @attr. */
	if (dumper->key && lbm_dump_attrs(cb)[dumper->attr]) {
		NL_SET_ERR_MSG(cb->extack, "a dump takes the attribute id only");
		return -EINVAL;
	}
	gen = lbm_net_active(lbm_net_of(sock_net(skb->sk)));
	/* Also marks the end of a dump whose generation has changed. */
	cb->seq = gen ? gen->number : 0;
	if (gen)
		ret = fill(skb, cb, dumper, gen);
	lbm_generation_put(gen);
	return ret;
}

static int refuse(struct genl_info *info, const struct nlattr *attr,
		  const char *message, int error)
{
	return lbm_netlink_refuse(info->extack, attr, message, error);
}

/* A key that is a nest has nothing but the key in it. */
static int read_nest(struct genl_info *info, const struct dumper *dumper,
		     struct lbm_key *key)
{
	struct nlattr *nest = info->attrs[dumper->attr], *attr;
	union {
		struct lbm_object object;
		struct lbm_peer peer;
		struct lbm_member member;
		struct lbm_rule rule;
		struct lbm_element element;
	} like;
	int rem, ret;

	nla_for_each_nested(attr, nest, rem)
		if (!(dumper->key & BIT(nla_type(attr))))
			return refuse(info, attr, dumper->named, -EINVAL);
	memset(&like, 0, sizeof(like));
	like.object.kind = dumper->kind;
	ret = lbm_parse_key(nest, info->extack, &like.object);
	if (!ret)
		lbm_key_object(key, &like.object);
	return ret;
}

static int read_key(struct genl_info *info, const struct dumper *dumper,
		    struct lbm_key *key)
{
	struct nlattr *id = info->attrs[LBMESH_A_ID];
	int attr = dumper->key ? dumper->attr : LBMESH_A_ID;

	if (!info->attrs[attr]) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, attr);
		return refuse(info, NULL, dumper->named, -EINVAL);
	}
	if (!dumper->key) {
		lbm_key_id(key, nla_get_u32(id));
		return 0;
	}
	if (id)
		return refuse(info, id, dumper->named, -EINVAL);
	return read_nest(info, dumper, key);
}

/* What the generation has, or else what was learned; under the RCU read lock. */
static const struct lbm_object *find_one(struct lbm_net *ln,
					 const struct dumper *dumper,
					 const struct lbm_generation *gen,
					 const struct lbm_key *key)
{
	struct lbm_trie learned = {};
	struct lbm_object *object;

	object = lbm_trie_get(lbm_generation_index(gen, dumper->kind), key);
	if (object || !dumper->learned)
		return object;
	learned.root = lbm_learned_root(ln);
	return lbm_trie_get(&learned, key);
}

/**
 * lbm_dump_one - answer with one object
 * @info: the request
 * @dumper: how its kind of object is shown
 *
 * Return: 0, or a negative errno with a sentence.
 */
int lbm_dump_one(struct genl_info *info, const struct dumper *dumper)
{
	struct lbm_net *ln = lbm_net_of(genl_info_net(info));
	int attr = dumper->key ? dumper->attr : LBMESH_A_ID;
	const struct lbm_object *object = NULL;
	struct lbm_generation *gen;
	struct sk_buff *answer;
	struct lbm_key key;
	void *header;
	int ret;

	ret = read_key(info, dumper, &key);
	if (ret)
		return ret;
	answer = lbm_netlink_begin_answer(info, &header);
	if (!answer)
		return -ENOMEM;
	gen = lbm_net_active(ln);
	rcu_read_lock();
	if (gen)
		object = find_one(ln, dumper, gen, &key);
	if (object)
		ret = lbm_put_u64(answer, LBMESH_A_GENERATION, gen->number) ?:
		      put_object(answer, dumper, object);
	else
		ret = refuse(info, info->attrs[attr], dumper->absent, -ENOENT);
	rcu_read_unlock();
	lbm_generation_put(gen);
	return lbm_netlink_end_answer(answer, info, header, ret);
}

static const struct lbm_trie *member_index(const struct lbm_generation *gen,
					   bool by_id)
{
	return by_id ? &gen->of_network : &gen->members;
}

#define PEER_KEY	(BIT(LBMESH_A_PEER_DEVICE) | BIT(LBMESH_A_PEER_PUBLIC_KEY))
#define MEMBER_KEY	(BIT(LBMESH_A_MEMBER_DEVICE) |			\
			 BIT(LBMESH_A_MEMBER_IPV4) |			\
			 BIT(LBMESH_A_MEMBER_IPV6) |			\
			 BIT(LBMESH_A_MEMBER_PREFIX_LEN))

#define PEER_NAME	"the nest peer with device and public-key alone"
#define MEMBER_NAME	"the nest member with device and address alone"

SHOW(device, DEVICE, 0, NULL, false, NULL, "its id")
SHOW(network, NETWORK, 0, NULL, false, NULL, "its id")
SHOW(bridge, BRIDGE, 0, NULL, false, NULL, "its id")
SHOW(peer, PEER, PEER_KEY, NULL, false, NULL, PEER_NAME)
SHOW(member, MEMBER, MEMBER_KEY, member_index, false, NULL, MEMBER_NAME)
