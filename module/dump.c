// SPDX-License-Identifier: GPL-2.0
/*
 * Reading the generation in force: one object by its key, or a dump. A dump
 * goes on after the key that it showed last, never after a pointer; when the
 * generation has changed meanwhile its next message says so (NLM_F_DUMP_INTR),
 * and the reader starts again.
 */

#include <net/sock.h>

#include "compat.h"
#include "netlink.h"
#include "netlink-gen.h"
#include "parse.h"

/**
 * struct cursor - where a dump has got to, in netlink_callback.ctx
 * @bits: length of @key; 0 at the beginning
 * @key: shown last; no index that is dumped has longer ones
 */
struct cursor {
	u16 bits;
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

/**
 * struct dumper - how one kind of object is shown
 * @kind: the kind
 * @command: of the messages
 * @attr: nest of an object
 * @key: bits of the attributes in @attr that are its key; 0 when that is the
 *	attribute id
 * @by_network: the attribute id names a network, not what the key begins with
 * @write: writes an object
 * @named: refusal of a request for one object that has not exactly its key
 * @absent: refusal of a key that no object has
 */
struct dumper {
	enum lbmesh_object kind;
	u8 command;
	int attr;
	u32 key;
	bool by_network;
	int (*write)(struct sk_buff *skb, const struct lbm_object *object);
	const char *named;
	const char *absent;
};

static const struct lbm_node *next_of(const struct dumper *dumper,
				      const struct lbm_generation *gen,
				      const struct nlattr *id,
				      const struct lbm_key *after)
{
	const struct lbm_trie *index = lbm_generation_index(gen, dumper->kind);
	struct lbm_key prefix;

	if (!id)
		return lbm_trie_next(index, after);
	if (dumper->by_network)
		index = &gen->of_network;
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
	return 0;
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

/* Fill one message with the objects that come next. */
static int fill(struct sk_buff *skb, struct netlink_callback *cb,
		const struct dumper *dumper, const struct lbm_generation *gen)
{
	const struct nlattr *id = lbm_dump_attrs(cb)[LBMESH_A_ID];
	struct cursor *cursor = (struct cursor *)cb->ctx;
	const struct lbm_node *node;
	struct lbm_key at = {};
	unsigned int shown = 0;
	void *header;

	cursor_load(cursor, &at);
	node = next_of(dumper, gen, id, cursor->bits ? &at : NULL);
	if (!node)
		return 0;
	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
			     cb->nlh->nlmsg_seq, &lbm_family, NLM_F_MULTI,
			     dumper->command);
	if (!header)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, header);
	if (lbm_put_u64(skb, LBMESH_A_GENERATION, gen->number))
		node = NULL;
	for (; node; node = next_of(dumper, gen, id, &at)) {
		if (put_object(skb, dumper, node->object))
			break;
		lbm_key_of_node(&at, node);
		shown++;
	}
	if (!shown) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	cursor_save(cursor, &at);
	genlmsg_end(skb, header);
	return skb->len;
}

static int dump_kind(struct sk_buff *skb, struct netlink_callback *cb,
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

/* NL_SET_ERR_MSG_ATTR() wants a literal; this one takes a constant. */
static int refuse(struct genl_info *info, const struct nlattr *attr,
		  const char *message, int error)
{
	NL_SET_BAD_ATTR(info->extack, attr);
	info->extack->_msg = message;
	return error;
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

static int answer_with(struct genl_info *info, const struct dumper *dumper,
		       const struct lbm_generation *gen,
		       const struct lbm_object *object)
{
	struct sk_buff *answer;
	void *header;
	int ret;

	answer = lbm_netlink_begin_answer(info, &header);
	if (!answer)
		return -ENOMEM;
	ret = lbm_put_u64(answer, LBMESH_A_GENERATION, gen->number);
	ret = ret ?: put_object(answer, dumper, object);
	return lbm_netlink_end_answer(answer, info, header, ret);
}

static int get_one(struct genl_info *info, const struct dumper *dumper)
{
	const struct lbm_object *object = NULL;
	struct lbm_generation *gen;
	struct lbm_key key;
	int ret;

	ret = read_key(info, dumper, &key);
	if (ret)
		return ret;
	gen = lbm_net_active(lbm_net_of(genl_info_net(info)));
	if (gen)
		object = lbm_trie_get(lbm_generation_index(gen, dumper->kind),
				      &key);
	if (object)
		ret = answer_with(info, dumper, gen, object);
	else
		ret = refuse(info, info->attrs[dumper->key ? dumper->attr :
							     LBMESH_A_ID],
			     dumper->absent, -ENOENT);
	lbm_generation_put(gen);
	return ret;
}

#define SHOW(name, NAME, key_bits, by_net, key_text)			\
	static const struct dumper name##_dumper = {			\
		.kind = LBMESH_OBJECT_##NAME,				\
		.command = LBMESH_CMD_##NAME##_GET,			\
		.attr = LBMESH_A_##NAME,				\
		.key = key_bits,					\
		.by_network = by_net,					\
		.write = write_##name,					\
		.named = #name ": one is named by " key_text,		\
		.absent = #name ": there is none with this key",	\
	};								\
									\
	int lbmesh_nl_##name##_get_doit(struct sk_buff *skb,		\
					struct genl_info *info)		\
	{								\
		return get_one(info, &name##_dumper);			\
	}								\
									\
	int lbmesh_nl_##name##_get_dumpit(struct sk_buff *skb,		\
					  struct netlink_callback *cb)	\
	{								\
		return dump_kind(skb, cb, &name##_dumper);		\
	}

#define PEER_KEY	(BIT(LBMESH_A_PEER_DEVICE) | BIT(LBMESH_A_PEER_PUBLIC_KEY))
#define MEMBER_KEY	(BIT(LBMESH_A_MEMBER_DEVICE) |			\
			 BIT(LBMESH_A_MEMBER_IPV4) |			\
			 BIT(LBMESH_A_MEMBER_IPV6) |			\
			 BIT(LBMESH_A_MEMBER_PREFIX_LEN))

SHOW(device, DEVICE, 0, false, "its id")
SHOW(network, NETWORK, 0, false, "its id")
SHOW(bridge, BRIDGE, 0, false, "its id")
SHOW(peer, PEER, PEER_KEY, false, "the nest peer with device and public-key alone")
SHOW(member, MEMBER, MEMBER_KEY, true, "the nest member with device and address alone")

#define NOT_BUILT(name)							\
	int lbmesh_nl_##name##_dumpit(struct sk_buff *skb,		\
				      struct netlink_callback *cb)	\
	{								\
		NL_SET_ERR_MSG(cb->extack,				\
			       "this dump is not built yet; see capabilities"); \
		return -EOPNOTSUPP;					\
	}

NOT_BUILT(layer_get)
NOT_BUILT(rule_get)
NOT_BUILT(set_get)
NOT_BUILT(element_get)
NOT_BUILT(endpoint_get)
NOT_BUILT(flow_get)
