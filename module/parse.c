// SPDX-License-Identifier: GPL-2.0
/*
 * From a commit message to a job: reads the objects, builds the next
 * generation, and notes what changes. Nothing is touched until all of the
 * message has been found good; every refusal says why, in extack.
 *
 * Removals are read first, then devices, then the rest, so the order of objects
 * in a message means nothing and limits hold at every moment. References
 * between objects are checked in the end, and only for what the message names.
 * The objects of the firewall are in parse-firewall.c.
 */

#include <crypto/curve25519.h>
#include <linux/inetdevice.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>
#include <net/rtnetlink.h>

#include "gate.h"
#include "learned.h"
#include "parse.h"
#include "parse-internal.h"

/* Makes prints of secrets useless to whoever sees them. */
static siphash_key_t print_key __ro_after_init;

/* Numbers of the stays of interfaces. */
static atomic_t last_stay = ATOMIC_INIT(0);

/**
 * lbm_psk_print - what a generation keeps of a pre-shared key
 * @psk: LBMESH_KEY_LEN bytes
 *
 * Return: a keyed hash, which tells it from others and tells nothing else.
 */
u64 lbm_psk_print(const u8 *psk)
{
	return siphash(psk, LBMESH_KEY_LEN, &print_key);
}

/* --- Device --------------------------------------------------------------- */

static int device_key(struct parse *parse, struct nlattr *nest,
		      struct nlattr **tb, struct lbm_object *object)
{
	struct lbm_device *device = lbm_object_as(device, object);

	if (!tb[LBMESH_A_DEVICE_ID])
		return refuse(parse, nest, "device: id is required", -EINVAL);
	device->id = nla_get_u32(tb[LBMESH_A_DEVICE_ID]);
	return 0;
}

static int device_interface(struct parse *parse, struct nlattr *nest,
			    struct nlattr **tb, struct lbm_device *device)
{
	struct nlattr *ifindex = tb[LBMESH_A_DEVICE_IFINDEX];
	struct nlattr *ifname = tb[LBMESH_A_DEVICE_IFNAME];
	struct net *net = parse->job->ln->net;
	struct net_device *dev;
	int ret = 0;

	if (!ifindex == !ifname)
		return refuse(parse, nest,
			      "device: exactly one of ifindex and ifname is required",
			      -EINVAL);
	rcu_read_lock();
	if (ifindex)
		dev = dev_get_by_index_rcu(net, nla_get_u32(ifindex));
	else
		dev = dev_get_by_name_rcu(net, nla_data(ifname));
	if (!dev)
		ret = refuse(parse, ifindex ?: ifname,
			     "device: there is no such interface", -ENODEV);
	else if (!dev->rtnl_link_ops ||
		 strcmp(dev->rtnl_link_ops->kind, "wireguard"))
		ret = refuse(parse, ifindex ?: ifname,
			     "device: the interface is not WireGuard",
			     -EOPNOTSUPP);
	else
		device->ifindex = dev->ifindex;
	rcu_read_unlock();
	return ret;
}

/* An interface is of one device, also while one generation follows another. */
static int device_alone(struct parse *parse, struct nlattr *nest,
			const struct lbm_device *device,
			const struct lbm_generation *gen)
{
	const struct lbm_device *other;
	const struct lbm_node *node;
	struct lbm_key at;

	if (!gen)
		return 0;
	for (node = lbm_trie_next(&gen->devices, NULL); node;
	     node = lbm_trie_next(&gen->devices, &at)) {
		other = lbm_object_as(device, node->object);
		if (other->ifindex == device->ifindex &&
		    other->id != device->id)
			return refuse(parse, nest,
				      "device: the interface is that of another device",
				      -EEXIST);
		lbm_key_of_node(&at, node);
	}
	return 0;
}

/*
 * Of the private key, a generation keeps the public half, by which a key that
 * is restated is known.
 */
static int device_own_key(struct parse *parse, const struct nlattr *private_key,
			  struct lbm_device *device)
{
	if (!private_key)
		return 0;
	if (!curve25519_generate_public(device->public_key,
					nla_data(private_key)))
		return refuse(parse, private_key,
			      "device: private-key is all zeros", -EINVAL);
	device->has_key = true;
	return 0;
}

static int device_rest(struct parse *parse, struct nlattr *nest,
		       struct nlattr **tb, struct lbm_object *object,
		       const struct lbm_object *base)
{
	struct lbm_device *device = lbm_object_as(device, object);
	const struct lbm_device *old;
	struct lbm_object head;
	int ret;

	ret = device_interface(parse, nest, tb, device);
	ret = ret ?: device_alone(parse, nest, device, parse->job->base);
	ret = ret ?: device_alone(parse, nest, device, parse->job->next);
	if (ret)
		return ret;
	old = base ? lbm_object_as(device, base) : NULL;
	device->stay = (u32)atomic_inc_return(&last_stay);
	if (old && (old->ifindex != device->ifindex ||
		    !lbm_gate_is_open(parse->job->ln, old->id, old->ifindex))) {
		if (parse->mode == LBMESH_COMMIT_MODE_DELTA)
			return refuse(parse, nest,
				      "device: its interface changes in mode replace only",
				      -EINVAL);
		old = NULL;
	}
	if (old) {
		/* What the message does not say stays as it is. */
		head = device->object;
		*device = *old;
		device->object = head;
	}
	if (tb[LBMESH_A_DEVICE_LISTEN_PORT]) {
		device->has_port = true;
		device->port = nla_get_u16(tb[LBMESH_A_DEVICE_LISTEN_PORT]);
	}
	if (tb[LBMESH_A_DEVICE_FWMARK]) {
		device->has_fwmark = true;
		device->fwmark = nla_get_u32(tb[LBMESH_A_DEVICE_FWMARK]);
	}
	if (tb[LBMESH_A_DEVICE_MTU] &&
	    nla_get_u32(tb[LBMESH_A_DEVICE_MTU]) > U16_MAX)
		return refuse(parse, tb[LBMESH_A_DEVICE_MTU],
			      "device: mtu is above 65535", -EINVAL);
	if (tb[LBMESH_A_DEVICE_MTU])
		device->mtu = nla_get_u32(tb[LBMESH_A_DEVICE_MTU]);
	return device_own_key(parse, tb[LBMESH_A_DEVICE_PRIVATE_KEY], device);
}

/* --- Network and bridge --------------------------------------------------- */

static int network_key(struct parse *parse, struct nlattr *nest,
		       struct nlattr **tb, struct lbm_object *object)
{
	struct lbm_network *network = lbm_object_as(network, object);

	if (!tb[LBMESH_A_NETWORK_ID])
		return refuse(parse, nest, "network: id is required", -EINVAL);
	network->id = nla_get_u32(tb[LBMESH_A_NETWORK_ID]);
	return 0;
}

static int network_rest(struct parse *parse, struct nlattr *nest,
			struct nlattr **tb, struct lbm_object *object,
			const struct lbm_object *base)
{
	struct lbm_network *network = lbm_object_as(network, object);

	if (tb[LBMESH_A_NETWORK_LABEL])
		nla_strscpy(network->label, tb[LBMESH_A_NETWORK_LABEL],
			    sizeof(network->label));
	return 0;
}

static int bridge_key(struct parse *parse, struct nlattr *nest,
		      struct nlattr **tb, struct lbm_object *object)
{
	struct lbm_bridge *bridge = lbm_object_as(bridge, object);

	if (!tb[LBMESH_A_BRIDGE_ID])
		return refuse(parse, nest, "bridge: id is required", -EINVAL);
	bridge->id = nla_get_u32(tb[LBMESH_A_BRIDGE_ID]);
	return 0;
}

static int bridge_rest(struct parse *parse, struct nlattr *nest,
		       struct nlattr **tb, struct lbm_object *object,
		       const struct lbm_object *base)
{
	struct lbm_bridge *bridge = lbm_object_as(bridge, object);
	const struct lbm_object *other;
	struct lbm_key key;

	if (!tb[LBMESH_A_BRIDGE_NETWORK_A] || !tb[LBMESH_A_BRIDGE_NETWORK_B])
		return refuse(parse, nest,
			      "bridge: network-a and network-b are required",
			      -EINVAL);
	bridge->network[0] = nla_get_u32(tb[LBMESH_A_BRIDGE_NETWORK_A]);
	bridge->network[1] = nla_get_u32(tb[LBMESH_A_BRIDGE_NETWORK_B]);
	if (bridge->network[0] == bridge->network[1])
		return refuse(parse, nest,
			      "bridge: network-a and network-b are the same",
			      -EINVAL);
	lbm_key_link(&key, bridge->network[0], bridge->network[1]);
	other = lbm_trie_get(&parse->job->next->links, &key);
	if (other && lbm_object_as(bridge, other)->id != bridge->id)
		return refuse(parse, nest,
			      "bridge: another bridge links these networks",
			      -EEXIST);
	return 0;
}

/* So bridges can exchange their networks, in any order. */
static bool bridge_lift(struct nlattr **tb, const struct lbm_object *old)
{
	return true;
}

/* --- Peer ----------------------------------------------------------------- */

static int peer_key(struct parse *parse, struct nlattr *nest,
		    struct nlattr **tb, struct lbm_object *object)
{
	struct lbm_peer *peer = lbm_object_as(peer, object);

	if (!tb[LBMESH_A_PEER_DEVICE])
		return refuse(parse, nest, "peer: device is required", -EINVAL);
	if (!tb[LBMESH_A_PEER_PUBLIC_KEY])
		return refuse(parse, nest, "peer: public-key is required",
			      -EINVAL);
	peer->device = nla_get_u32(tb[LBMESH_A_PEER_DEVICE]);
	memcpy(peer->public_key, nla_data(tb[LBMESH_A_PEER_PUBLIC_KEY]),
	       LBMESH_KEY_LEN);
	if (!memchr_inv(peer->public_key, 0, LBMESH_KEY_LEN))
		return refuse(parse, tb[LBMESH_A_PEER_PUBLIC_KEY],
			      "peer: public-key is all zeros", -EINVAL);
	return 0;
}

static int peer_endpoint(struct parse *parse, struct nlattr *nest,
			 struct nlattr **tb, struct lbm_peer *peer)
{
	struct nlattr *v4 = tb[LBMESH_A_PEER_ENDPOINT_IPV4];
	struct nlattr *v6 = tb[LBMESH_A_PEER_ENDPOINT_IPV6];
	struct nlattr *port = tb[LBMESH_A_PEER_ENDPOINT_PORT];

	if (v4 && v6)
		return refuse(parse, v6,
			      "peer: endpoint-ipv4 and endpoint-ipv6 exclude each other",
			      -EINVAL);
	if (!port != !(v4 || v6))
		return refuse(parse, port ?: nest,
			      "peer: an endpoint is an address and endpoint-port",
			      -EINVAL);
	if (!port)
		return 0;
	peer->port = nla_get_be16(port);
	if (!peer->port)
		return refuse(parse, port, "peer: endpoint-port is 0", -EINVAL);
	if (v4) {
		peer->family = AF_INET;
		peer->endpoint.s6_addr32[0] = nla_get_be32(v4);
	} else {
		peer->family = AF_INET6;
		memcpy(&peer->endpoint, nla_data(v6), sizeof(peer->endpoint));
	}
	return 0;
}

static int peer_rest(struct parse *parse, struct nlattr *nest,
		     struct nlattr **tb, struct lbm_object *object,
		     const struct lbm_object *base)
{
	struct lbm_peer *peer = lbm_object_as(peer, object);
	const struct lbm_peer *old;
	int ret;

	ret = peer_endpoint(parse, nest, tb, peer);
	if (ret)
		return ret;
	if (tb[LBMESH_A_PEER_KEEPALIVE])
		peer->keepalive = nla_get_u16(tb[LBMESH_A_PEER_KEEPALIVE]);
	if (tb[LBMESH_A_PEER_PRESHARED_KEY]) {
		peer->has_psk = true;
		peer->psk_print =
			lbm_psk_print(nla_data(tb[LBMESH_A_PEER_PRESHARED_KEY]));
	} else if (base) {
		old = lbm_object_as(peer, base);
		peer->has_psk = old->has_psk;
		peer->psk_print = old->psk_print;
	}
	return 0;
}

/* --- Member --------------------------------------------------------------- */

/**
 * lbm_parse_prefix - read an address, or a prefix
 * @parse: the message
 * @nest: the object
 * @v4: attribute ipv4, or NULL
 * @v6: attribute ipv6, or NULL
 * @len: attribute prefix-len; NULL means one address
 * @words: refusals
 * @prefix: filled in; all zero before
 *
 * Return: 0, or -EINVAL with a sentence in extack.
 */
int lbm_parse_prefix(struct parse *parse, struct nlattr *nest,
		     struct nlattr *v4, struct nlattr *v6, struct nlattr *len,
		     const struct prefix_words *words, struct prefix *prefix)
{
	struct in6_addr masked;
	__be32 v4_masked;

	if (!v4 == !v6)
		return refuse(parse, nest, words->which, -EINVAL);
	prefix->family = v4 ? AF_INET : AF_INET6;
	prefix->len = lbm_family_bits(prefix->family);
	if (len && nla_get_u8(len) > prefix->len)
		return refuse(parse, len, words->longer, -EINVAL);
	if (len)
		prefix->len = nla_get_u8(len);
	if (v4) {
		prefix->address.s6_addr32[0] = nla_get_be32(v4);
		v4_masked = prefix->address.s6_addr32[0] &
			    inet_make_mask(prefix->len);
		if (v4_masked == prefix->address.s6_addr32[0])
			return 0;
	} else {
		memcpy(&prefix->address, nla_data(v6), sizeof(masked));
		ipv6_addr_prefix(&masked, &prefix->address, prefix->len);
		if (ipv6_addr_equal(&masked, &prefix->address))
			return 0;
	}
	return refuse(parse, v4 ?: v6, words->host, -EINVAL);
}

static int member_address(struct parse *parse, struct nlattr *nest,
			  struct nlattr **tb, struct lbm_member *member)
{
	static const struct prefix_words words = {
		.which = "member: exactly one of ipv4 and ipv6 is required",
		.longer = "member: prefix-len is longer than the address",
		.host = "member: bits of the address beyond prefix-len are not zero",
	};
	struct prefix prefix = {};
	int ret;

	ret = lbm_parse_prefix(parse, nest, tb[LBMESH_A_MEMBER_IPV4],
			       tb[LBMESH_A_MEMBER_IPV6],
			       tb[LBMESH_A_MEMBER_PREFIX_LEN], &words, &prefix);
	member->family = prefix.family;
	member->len = prefix.len;
	member->address = prefix.address;
	return ret;
}

static int member_key(struct parse *parse, struct nlattr *nest,
		      struct nlattr **tb, struct lbm_object *object)
{
	struct lbm_member *member = lbm_object_as(member, object);

	if (!tb[LBMESH_A_MEMBER_DEVICE])
		return refuse(parse, nest, "member: device is required",
			      -EINVAL);
	member->device = nla_get_u32(tb[LBMESH_A_MEMBER_DEVICE]);
	return member_address(parse, nest, tb, member);
}

static int member_rest(struct parse *parse, struct nlattr *nest,
		       struct nlattr **tb, struct lbm_object *object,
		       const struct lbm_object *base)
{
	struct lbm_member *member = lbm_object_as(member, object);

	if (!tb[LBMESH_A_MEMBER_NETWORK])
		return refuse(parse, nest, "member: network is required",
			      -EINVAL);
	member->network = nla_get_u32(tb[LBMESH_A_MEMBER_NETWORK]);
	member->local = !tb[LBMESH_A_MEMBER_PUBLIC_KEY];
	if (!member->local)
		memcpy(member->public_key,
		       nla_data(tb[LBMESH_A_MEMBER_PUBLIC_KEY]),
		       LBMESH_KEY_LEN);
	return 0;
}

/* --- What an object refers to --------------------------------------------- */

/**
 * lbm_parse_has_id - whether an object with an id is there
 * @trie: index of its kind
 * @id: attribute with the id
 */
bool lbm_parse_has_id(const struct lbm_trie *trie, const struct nlattr *id)
{
	struct lbm_key key;

	lbm_key_id(&key, nla_get_u32(id));
	return lbm_trie_get(trie, &key);
}

static int bridge_check(struct parse *parse, struct nlattr *nest,
			struct nlattr **tb)
{
	const struct lbm_trie *networks = &parse->job->next->networks;
	struct nlattr *missing = NULL;

	if (!lbm_parse_has_id(networks, tb[LBMESH_A_BRIDGE_NETWORK_A]))
		missing = tb[LBMESH_A_BRIDGE_NETWORK_A];
	else if (!lbm_parse_has_id(networks, tb[LBMESH_A_BRIDGE_NETWORK_B]))
		missing = tb[LBMESH_A_BRIDGE_NETWORK_B];
	if (!missing)
		return 0;
	return refuse(parse, missing, "bridge: there is no such network",
		      -ENOENT);
}

/* wireguard silently ignores a peer with the interface's own key. */
static int device_check(struct parse *parse, struct nlattr *nest,
			struct nlattr **tb)
{
	const struct lbm_generation *next = parse->job->next;
	const struct lbm_object *device;
	struct lbm_key key;

	lbm_key_id(&key, nla_get_u32(tb[LBMESH_A_DEVICE_ID]));
	device = lbm_trie_get(&next->devices, &key);
	lbm_key_peer(&key, nla_get_u32(tb[LBMESH_A_DEVICE_ID]),
		     lbm_object_as(device, device)->public_key);
	if (!lbm_trie_get(&next->peers, &key))
		return 0;
	return refuse(parse, tb[LBMESH_A_DEVICE_PRIVATE_KEY],
		      "device: its public key is that of one of its peers",
		      -EINVAL);
}

/* Whether the base has the device too, and its interface has left since. */
static bool is_lost(const struct parse *parse, const struct lbm_object *object)
{
	const struct lbm_device *device = lbm_object_as(device, object);
	const struct lbm_generation *base = parse->job->base;
	const struct lbm_object *old;
	struct lbm_key key;

	lbm_key_id(&key, device->id);
	old = base ? lbm_trie_get(&base->devices, &key) : NULL;
	return old &&
	       lbm_device_same_interface(lbm_object_as(device, old), device) &&
	       !lbm_gate_is_open(parse->job->ln, device->id, device->ifindex);
}

static int peer_check(struct parse *parse, struct nlattr *nest,
		      struct nlattr **tb)
{
	struct nlattr *public_key = tb[LBMESH_A_PEER_PUBLIC_KEY];
	const struct lbm_object *device;
	struct lbm_key key;

	lbm_key_id(&key, nla_get_u32(tb[LBMESH_A_PEER_DEVICE]));
	device = lbm_trie_get(&parse->job->next->devices, &key);
	if (!device)
		return refuse(parse, tb[LBMESH_A_PEER_DEVICE],
			      "peer: there is no such device", -ENOENT);
	if (is_lost(parse, device))
		return refuse(parse, tb[LBMESH_A_PEER_DEVICE],
			      "peer: the interface of its device is gone; restate the device",
			      -ENODEV);
	if (!memcmp(nla_data(public_key),
		    lbm_object_as(device, device)->public_key, LBMESH_KEY_LEN))
		return refuse(parse, public_key,
			      "peer: public-key is that of its own device",
			      -EINVAL);
	return 0;
}

static int member_check(struct parse *parse, struct nlattr *nest,
			struct nlattr **tb)
{
	const struct lbm_generation *next = parse->job->next;
	struct nlattr *public_key = tb[LBMESH_A_MEMBER_PUBLIC_KEY];
	const struct lbm_object *device;
	struct lbm_key key;

	if (!lbm_parse_has_id(&next->networks, tb[LBMESH_A_MEMBER_NETWORK]))
		return refuse(parse, tb[LBMESH_A_MEMBER_NETWORK],
			      "member: there is no such network", -ENOENT);
	lbm_key_id(&key, nla_get_u32(tb[LBMESH_A_MEMBER_DEVICE]));
	device = lbm_trie_get(&next->devices, &key);
	if (!device)
		return refuse(parse, tb[LBMESH_A_MEMBER_DEVICE],
			      "member: there is no such device", -ENOENT);
	if (!public_key)
		return 0;
	if (is_lost(parse, device))
		return refuse(parse, tb[LBMESH_A_MEMBER_DEVICE],
			      "member: the interface of its device is gone; restate the device",
			      -ENODEV);
	lbm_key_peer(&key, nla_get_u32(tb[LBMESH_A_MEMBER_DEVICE]),
		     nla_data(public_key));
	if (!lbm_trie_get(&next->peers, &key))
		return refuse(parse, public_key,
			      "member: there is no such peer", -ENOENT);
	return 0;
}

/* --- One object ----------------------------------------------------------- */

static const struct reader readers[] = {
	{
		.kind = LBMESH_OBJECT_DEVICE,
		.max = LBMESH_A_DEVICE_MAX,
		.remove = LBMESH_A_DEVICE_REMOVE,
		.key = device_key,
		.rest = device_rest,
		.check = device_check,
		.misplaced = "device: remove is for mode delta only",
		.twice = "device: the id comes twice in the message",
		.absent = "device: there is none with this id to remove",
		.full = "device: more than the limit of this namespace",
	},
	{
		.kind = LBMESH_OBJECT_NETWORK,
		.max = LBMESH_A_NETWORK_MAX,
		.remove = LBMESH_A_NETWORK_REMOVE,
		.key = network_key,
		.rest = network_rest,
		.misplaced = "network: remove is for mode delta only",
		.twice = "network: the id comes twice in the message",
		.absent = "network: there is none with this id to remove",
		.full = "network: more than the limit of this namespace",
	},
	{
		.kind = LBMESH_OBJECT_BRIDGE,
		.max = LBMESH_A_BRIDGE_MAX,
		.remove = LBMESH_A_BRIDGE_REMOVE,
		.key = bridge_key,
		.rest = bridge_rest,
		.check = bridge_check,
		.lift = bridge_lift,
		.misplaced = "bridge: remove is for mode delta only",
		.twice = "bridge: the id comes twice in the message",
		.absent = "bridge: there is none with this id to remove",
		.full = "bridge: more than the limit of this namespace",
	},
	{
		.kind = LBMESH_OBJECT_PEER,
		.max = LBMESH_A_PEER_MAX,
		.remove = LBMESH_A_PEER_REMOVE,
		.key = peer_key,
		.rest = peer_rest,
		.check = peer_check,
		.misplaced = "peer: remove is for mode delta only",
		.twice = "peer: the key comes twice in the message",
		.absent = "peer: there is none with this key to remove",
		.full = "peer: more than the limit of this namespace",
	},
	{
		.kind = LBMESH_OBJECT_MEMBER,
		.max = LBMESH_A_MEMBER_MAX,
		.remove = LBMESH_A_MEMBER_REMOVE,
		.key = member_key,
		.rest = member_rest,
		.check = member_check,
		.misplaced = "member: remove is for mode delta only",
		.twice = "member: the address comes twice in the message",
		.absent = "member: there is none with this address to remove",
		.full = "member: more than the limit of this namespace",
	},
};

static const struct reader *find_reader(int type)
{
	switch (type) {
	case LBMESH_A_DEVICE:
		return &readers[0];
	case LBMESH_A_NETWORK:
		return &readers[1];
	case LBMESH_A_BRIDGE:
		return &readers[2];
	case LBMESH_A_PEER:
		return &readers[3];
	case LBMESH_A_MEMBER:
		return &readers[4];
	case LBMESH_A_LAYER:
		return &lbm_firewall_readers[0];
	case LBMESH_A_RULE:
		return &lbm_firewall_readers[1];
	case LBMESH_A_SET:
		return &lbm_firewall_readers[2];
	case LBMESH_A_ELEMENT:
		return &lbm_firewall_readers[3];
	case LBMESH_A_ENDPOINT:
		return &lbm_firewall_readers[4];
	default:
		return NULL;
	}
}

/* The most attributes that a kind of object has. */
#define READER_MAX 14
static_assert(LBMESH_A_DEVICE_MAX <= READER_MAX);
static_assert(LBMESH_A_NETWORK_MAX <= READER_MAX);
static_assert(LBMESH_A_BRIDGE_MAX <= READER_MAX);
static_assert(LBMESH_A_PEER_MAX <= READER_MAX);
static_assert(LBMESH_A_MEMBER_MAX <= READER_MAX);
static_assert(LBMESH_A_LAYER_MAX <= READER_MAX);
static_assert(LBMESH_A_RULE_MAX <= READER_MAX);
static_assert(LBMESH_A_SET_MAX <= READER_MAX);
static_assert(LBMESH_A_ELEMENT_MAX <= READER_MAX);
static_assert(LBMESH_A_ENDPOINT_MAX <= READER_MAX);

/* Passes over a message, in their order. */
enum pass {
	PASS_REMOVALS,
	PASS_DEVICES,
	PASS_REST,
	PASS_REFERENCES,
};

static void key_of_seen(struct lbm_key *seen, const struct reader *reader,
			const struct lbm_object *object)
{
	struct lbm_key key;

	lbm_key_object(&key, object);
	seen->bits = key.bits + 8;
	seen->bytes[0] = reader->kind;
	memcpy(seen->bytes + 1, key.bytes, DIV_ROUND_UP(key.bits, 8));
}

/*
 * Whether the message has named the key before. The next generation tells, but
 * for what a delta restates as it is, and for kinds that are lifted.
 */
static bool is_seen(struct parse *parse, const struct reader *reader,
		    const struct lbm_object *object, enum pass pass)
{
	const struct lbm_generation *base = parse->job->base;
	const struct lbm_object *old, *now;
	struct lbm_key seen;

	now = lbm_generation_find(parse->job->next, object);
	if (parse->mode == LBMESH_COMMIT_MODE_REPLACE)
		return now;
	key_of_seen(&seen, reader, object);
	if (lbm_trie_get(&parse->seen, &seen))
		return true;
	old = base ? lbm_generation_find(base, object) : NULL;
	if (pass == PASS_REMOVALS)
		return old && !now;
	return !reader->lift && old != now;
}

/* Note what the next generation will not tell. */
static int note_seen(struct parse *parse, const struct reader *reader,
		     struct lbm_object *object, enum pass pass)
{
	bool told = pass == PASS_REMOVALS ||
		    lbm_generation_find(parse->job->next, object) == object;
	struct lbm_key seen;

	if (parse->mode == LBMESH_COMMIT_MODE_REPLACE ||
	    (told && !reader->lift))
		return 0;
	key_of_seen(&seen, reader, object);
	return lbm_trie_set(&parse->seen, &seen, object);
}

/* Note what changes; @old may be NULL, and @new is for a removal. */
static int note_change(struct parse *parse, struct nlattr *nest,
		       const struct nlattr *secret, struct lbm_object *old,
		       struct lbm_object *new)
{
	enum lbmesh_object kind = (new ?: old)->kind;
	struct lbm_change *change;

	if (lbm_job_is_silent(kind)) {
		parse->job->silent = true;
		lbm_touched_note(&parse->job->touched, new ?: old);
		return 0;
	}
	change = lbm_job_change(parse->job, old, new);
	if (!change)
		return -ENOMEM;
	change->nest = nest;
	change->index = parse->index[kind];
	if (secret) {
		change->has_secret = true;
		memcpy(change->secret, nla_data(secret), LBMESH_KEY_LEN);
	}
	return 0;
}

static int read_removal(struct parse *parse, const struct reader *reader,
			struct nlattr *nest, struct lbm_object *like)
{
	struct lbm_generation *next = parse->job->next;
	struct lbm_object *old;

	old = lbm_generation_find(next, like);
	if (!old)
		return refuse(parse, nest, reader->absent, -ENOENT);
	/* The base holds it. */
	return note_change(parse, nest, NULL, old, NULL) ?:
	       lbm_generation_unset(next, old);
}

static u32 device_of(const struct lbm_object *object)
{
	switch (object->kind) {
	case LBMESH_OBJECT_DEVICE:
		return lbm_object_as(device, object)->id;
	case LBMESH_OBJECT_PEER:
		return lbm_object_as(peer, object)->device;
	case LBMESH_OBJECT_MEMBER:
		return lbm_object_as(member, object)->device;
	default:
		return 0;
	}
}

/* Whether the object's device is on another interface than in the base. */
static bool is_rebound(const struct lbm_job *job,
		       const struct lbm_object *object)
{
	const struct lbm_object *old, *new;
	struct lbm_key key;

	lbm_key_id(&key, device_of(object));
	old = lbm_trie_get(&job->base->devices, &key);
	if (object->kind == LBMESH_OBJECT_DEVICE)
		new = object;
	else
		new = lbm_trie_get(&job->next->devices, &key);
	return old && new &&
	       !lbm_device_same_interface(lbm_object_as(device, old),
					  lbm_object_as(device, new));
}

/* Put the message's object, or the base's equal one, into the generation. */
static int place(struct parse *parse, struct nlattr *nest,
		 const struct nlattr *secret, struct lbm_object *object)
{
	struct lbm_job *job = parse->job;
	struct lbm_object *old;
	int ret;

	old = job->base ? lbm_generation_find(job->base, object) : NULL;
	if (old && is_rebound(job, object)) {
		/* Gone from the old interface, and new on the other. */
		if (!lbm_job_change(job, old, NULL))
			return -ENOMEM;
		old = NULL;
	}
	/* In a delta it is there already, unless it has been taken out. */
	if (lbm_object_equal(object, old))
		return lbm_generation_find(job->next, object) ? 0 :
		       lbm_generation_set(job->next, old);
	ret = lbm_object_count(object, old) ?:
	      note_change(parse, nest, secret, old, object) ?:
	      lbm_generation_set(job->next, object);
	if (ret == -E2BIG)
		return refuse(parse, nest,
			      "rule: the layer has too many that differ in ports, sets or positions only",
			      ret);
	return ret;
}

/*
 * Whether there is no room for one more: the limit is reached, or what is in
 * force when the limit was lowered below that.
 */
static bool is_full(const struct lbm_job *job, enum lbmesh_object kind)
{
	u32 limit = READ_ONCE(job->ln->limits.objects[kind]);
	u32 learned = 0;

	if (kind == LBMESH_OBJECT_ELEMENT)
		learned = lbm_learned_count(job->ln);
	if (job->base)
		limit = max(limit, job->base->count[kind] + learned);
	return job->next->count[kind] + learned >= limit;
}

static int read_rest(struct parse *parse, const struct reader *reader,
		     struct nlattr *nest, struct nlattr **tb,
		     struct lbm_object *object)
{
	struct lbm_job *job = parse->job;
	struct lbm_object *base = NULL;
	struct nlattr *secret = NULL;
	int ret;

	if (!lbm_generation_find(job->next, object) &&
	    is_full(job, reader->kind))
		return refuse(parse, nest, reader->full, -ENOSPC);
	/* On another interface nothing is kept that the message does not say. */
	if (job->base && (reader->kind == LBMESH_OBJECT_DEVICE ||
			  !is_rebound(job, object)))
		base = lbm_generation_find(job->base, object);
	ret = reader->rest(parse, nest, tb, object, base);
	if (ret)
		return ret;
	if (reader->kind == LBMESH_OBJECT_DEVICE)
		secret = tb[LBMESH_A_DEVICE_PRIVATE_KEY];
	else if (reader->kind == LBMESH_OBJECT_PEER)
		secret = tb[LBMESH_A_PEER_PRESHARED_KEY];
	return place(parse, nest, secret, object);
}

/*
 * Take out what a delta names and what others of the message may take the
 * place of, before any is put in.
 */
static int lift(struct parse *parse, const struct reader *reader,
		struct nlattr **tb, const struct lbm_object *like)
{
	struct lbm_generation *next = parse->job->next;
	struct lbm_object *old;

	old = lbm_generation_find(next, like);
	return old && reader->lift(tb, old) ?
	       lbm_generation_unset(next, old) : 0;
}

/* Whether no object of the kind is for this pass, however it looks. */
static bool is_for_another(const struct reader *reader, enum pass pass)
{
	switch (pass) {
	case PASS_DEVICES:
		return reader->kind != LBMESH_OBJECT_DEVICE;
	case PASS_REST:
		return reader->kind == LBMESH_OBJECT_DEVICE;
	case PASS_REFERENCES:
		return !reader->check;
	default:
		return false;
	}
}

/* Read an object of which the key is known. */
static int read_named(struct parse *parse, const struct reader *reader,
		      struct nlattr *nest, struct nlattr **tb,
		      struct lbm_object *object, enum pass pass)
{
	int ret;

	if (is_seen(parse, reader, object, pass))
		return refuse(parse, nest, reader->twice, -EEXIST);
	if (pass == PASS_REMOVALS)
		ret = read_removal(parse, reader, nest, object);
	else
		ret = read_rest(parse, reader, nest, tb, object);
	return ret ?: note_seen(parse, reader, object, pass);
}

/* Read an object if it is for this pass. */
static int read_object(struct parse *parse, const struct reader *reader,
		       struct nlattr *nest, enum pass pass)
{
	struct nlattr *tb[READER_MAX + 1];
	struct lbm_object *object;
	enum pass when;
	bool lifts;
	int ret;

	if (is_for_another(reader, pass))
		return 0;
	ret = nla_parse_nested(tb, reader->max, nest, CHECKED,
			       parse->extack);
	if (ret)
		return ret;
	if (tb[reader->remove] && parse->mode == LBMESH_COMMIT_MODE_REPLACE)
		return refuse(parse, tb[reader->remove], reader->misplaced,
			      -EINVAL);
	if (tb[reader->remove])
		when = PASS_REMOVALS;
	else if (reader->kind == LBMESH_OBJECT_DEVICE)
		when = PASS_DEVICES;
	else
		when = PASS_REST;
	if (pass == PASS_REFERENCES)
		return when != PASS_REMOVALS ? reader->check(parse, nest, tb) :
					       0;
	lifts = pass == PASS_REMOVALS && when == PASS_REST && reader->lift;
	if (when != pass && !lifts)
		return 0;
	object = reader->new ? reader->new(nest) : lbm_object_new(reader->kind);
	if (!object)
		return -ENOMEM;
	ret = reader->key(parse, nest, tb, object);
	if (!ret && lifts)
		ret = lift(parse, reader, tb, object);
	else if (!ret)
		ret = read_named(parse, reader, nest, tb, object, pass);
	lbm_object_put(object);
	return ret;
}

static int read_objects(struct parse *parse, const struct nlmsghdr *nlh,
			enum pass pass)
{
	const struct reader *reader;
	struct nlattr *attr;
	int rem, ret;

	memset(parse->index, 0, sizeof(parse->index));
	nlmsg_for_each_attr(attr, nlh, GENL_HDRLEN, rem) {
		reader = find_reader(nla_type(attr));
		if (!reader)
			continue;
		ret = read_object(parse, reader, attr, pass);
		if (ret)
			return ret;
		parse->index[reader->kind]++;
		cond_resched();
	}
	return 0;
}

/* --- References ----------------------------------------------------------- */

/* Nothing may refer to what the message removes. */
static int check_gone(struct parse *parse, const struct lbm_change *change)
{
	const struct lbm_generation *next = parse->job->next;
	struct lbm_key key;

	lbm_key_object(&key, change->old);
	switch (change->old->kind) {
	case LBMESH_OBJECT_DEVICE:
		if (lbm_trie_next_in(&next->peers, &key, NULL) ||
		    lbm_trie_next_in(&next->members, &key, NULL))
			return refuse(parse, change->nest,
				      "device: peers or members still refer to it",
				      -ENOTEMPTY);
		return 0;
	case LBMESH_OBJECT_NETWORK:
		if (lbm_trie_next_in(&next->of_network, &key, NULL) ||
		    lbm_trie_next_in(&next->links, &key, NULL))
			return refuse(parse, change->nest,
				      "network: members or bridges still refer to it",
				      -ENOTEMPTY);
		return 0;
	case LBMESH_OBJECT_PEER:
		if (lbm_trie_next_in(&next->of_peer, &key, NULL))
			return refuse(parse, change->nest,
				      "peer: members still refer to it",
				      -ENOTEMPTY);
		return 0;
	default:
		return lbm_parse_check_parts(parse, change);
	}
}

/*
 * In mode delta. In mode replace all that could refer to something is in the
 * message, and has been checked there.
 */
static int check_removals(struct parse *parse)
{
	const struct lbm_change *change;
	int kind, ret;

	for (kind = 0; kind < LBM_KINDS; kind++) {
		lbm_job_for_each(change, parse->job, kind) {
			ret = change->new ? 0 : check_gone(parse, change);
			if (ret)
				return ret;
		}
		cond_resched();
	}
	return 0;
}

/* Of one kind, what the message does not name. */
static int note_gone_of(struct parse *parse, enum lbmesh_object kind)
{
	struct lbm_job *job = parse->job;
	const struct lbm_trie *index = lbm_generation_index(job->base, kind);
	const struct lbm_node *node;
	struct lbm_key at;
	int ret;

	for (node = lbm_trie_next(index, NULL); node;
	     node = lbm_trie_next(index, &at)) {
		lbm_key_of_node(&at, node);
		if (!lbm_generation_find(job->next, node->object)) {
			ret = note_change(parse, NULL, NULL, node->object,
					  NULL);
			if (ret)
				return ret;
		}
		cond_resched();
	}
	return 0;
}

/* In mode replace, what the message does not name goes away. */
static int note_gone(struct parse *parse)
{
	int kind, ret = 0;

	for (kind = LBMESH_OBJECT_NONE + 1; kind < LBM_KINDS && !ret; kind++)
		ret = note_gone_of(parse, kind);
	return ret;
}

/* --- A state that is restated ---------------------------------------------- */

static bool is_object(const struct nlattr *attr)
{
	return nla_type(attr) >= LBMESH_A_DEVICE &&
	       nla_type(attr) <= LBMESH_A_ENDPOINT;
}

/* A keyed hash of the message's objects in their order; never 0. */
static u64 print_of(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;
	u64 print = 0;
	int rem;

	nlmsg_for_each_attr(attr, nlh, GENL_HDRLEN, rem)
		if (is_object(attr))
			print = siphash_2u64(print, siphash(attr, attr->nla_len,
							    &print_key),
					     &print_key);
	return print ?: 1;
}

static bool device_stays(struct parse *parse, struct nlattr *nest)
{
	struct nlattr *tb[LBMESH_A_DEVICE_MAX + 1];
	struct lbm_device wanted = {};
	struct lbm_object *object;
	struct lbm_key key;

	if (nla_parse_nested(tb, LBMESH_A_DEVICE_MAX, nest,
			     CHECKED, NULL) ||
	    !tb[LBMESH_A_DEVICE_ID] ||
	    device_interface(parse, nest, tb, &wanted))
		return false;
	lbm_key_id(&key, nla_get_u32(tb[LBMESH_A_DEVICE_ID]));
	object = lbm_trie_get(&parse->job->base->devices, &key);
	return object && !is_lost(parse, object) &&
	       lbm_object_as(device, object)->ifindex == wanted.ifindex;
}

/*
 * Whether each device and each endpoint of the message is on the interface of
 * the base.
 */
static bool interfaces_stay(struct parse *parse, const struct nlmsghdr *nlh)
{
	struct nlattr *attr;
	int rem;

	nlmsg_for_each_attr(attr, nlh, GENL_HDRLEN, rem) {
		if (nla_type(attr) == LBMESH_A_DEVICE &&
		    !device_stays(parse, attr))
			return false;
		if (nla_type(attr) == LBMESH_A_ENDPOINT &&
		    !lbm_parse_endpoint_stays(parse, attr))
			return false;
	}
	return true;
}

/*
 * A message in mode replace whose objects are those of the message that made
 * the base says nothing new, and need not be read again.
 */
static bool is_known(struct parse *parse, const struct nlmsghdr *nlh, u64 print)
{
	const struct lbm_generation *base = parse->job->base;
	bool known;

	if (parse->mode != LBMESH_COMMIT_MODE_REPLACE || !base ||
	    READ_ONCE(base->print) != print)
		return false;
	known = interfaces_stay(parse, nlh);
	/* A refusal is for who reads it to the end. */
	refuse(parse, NULL, NULL, 0);
	return known;
}

static int read_all(struct parse *parse, const struct nlmsghdr *nlh)
{
	enum pass pass = PASS_REMOVALS;
	int ret = 0;

	lbm_trie_copy(&parse->seen, NULL, U64_MAX);
	if (parse->mode == LBMESH_COMMIT_MODE_REPLACE)
		pass = PASS_DEVICES;
	for (; pass <= PASS_REFERENCES && !ret; pass++) {
		ret = read_objects(parse, nlh, pass);
		/* When all that the message removes by name is gone. */
		if (!ret && pass == PASS_REMOVALS)
			ret = lbm_parse_drop_parts(parse);
	}
	lbm_trie_clear(&parse->seen);
	if (!ret && parse->mode == LBMESH_COMMIT_MODE_DELTA)
		ret = check_removals(parse);
	else if (!ret && parse->job->base)
		ret = note_gone(parse);
	return ret;
}

/**
 * lbm_parse_commit - read a commit message into a job
 * @job: the job; its @next and @changes are filled in
 * @info: the message, of which the policy has been checked
 * @mode: what its objects mean
 *
 * Return: 0, or a negative errno with a sentence in extack.
 */
int lbm_parse_commit(struct lbm_job *job, struct genl_info *info,
		     enum lbmesh_commit_mode mode)
{
	struct parse parse = {
		.job = job,
		.mode = mode,
		.extack = info->extack,
	};
	bool whole = mode == LBMESH_COMMIT_MODE_REPLACE;
	u64 print = whole ? print_of(info->nlhdr) : 0;
	bool known = is_known(&parse, info->nlhdr, print);
	int ret;

	job->next = lbm_generation_new(whole && !known ? NULL : job->base);
	if (!job->next)
		return refuse(&parse, NULL, "out of memory", -ENOMEM);
	job->next->print = print;
	if (known)
		return 0;
	ret = read_all(&parse, info->nlhdr);
	if (ret == -ENOMEM)
		refuse(&parse, NULL, "out of memory", ret);
	/* The same in other words, which are known from now on. */
	if (!ret && whole && job->base && lbm_job_is_idle(job))
		WRITE_ONCE(job->base->print, print);
	return ret;
}

/**
 * lbm_parse_key - read the key of an object
 * @nest: the object in a message; what it has besides the key is left alone
 * @extack: for the refusal
 * @object: all zero but for its kind; the key is filled in
 *
 * Return: 0, or -EINVAL with a sentence in extack.
 */
int lbm_parse_key(struct nlattr *nest, struct netlink_ext_ack *extack,
		  struct lbm_object *object)
{
	const struct reader *reader = find_reader(nla_type(nest));
	struct parse parse = { .extack = extack };
	struct nlattr *tb[READER_MAX + 1];
	int ret;

	ret = nla_parse_nested(tb, reader->max, nest, CHECKED, extack);
	return ret ?: reader->key(&parse, nest, tb, object);
}

/**
 * lbm_parse_wipe - wipe the secrets of a message that has been read
 * @info: the message
 */
void lbm_parse_wipe(struct genl_info *info)
{
	struct nlattr *attr, *inner;
	int rem, inner_rem, secret;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) == LBMESH_A_DEVICE)
			secret = LBMESH_A_DEVICE_PRIVATE_KEY;
		else if (nla_type(attr) == LBMESH_A_PEER)
			secret = LBMESH_A_PEER_PRESHARED_KEY;
		else
			continue;
		nla_for_each_nested(inner, attr, inner_rem)
			if (nla_type(inner) == secret)
				memzero_explicit(nla_data(inner),
						 nla_len(inner));
	}
}

/**
 * lbm_parse_init - choose the key of the prints of secrets
 */
void __init lbm_parse_init(void)
{
	get_random_bytes(&print_key, sizeof(print_key));
}
