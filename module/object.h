/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects of a generation: devices, networks, bridges, peers and members; and
 * of its firewall layers, rules, sets, elements and endpoints. An object is
 * immutable once it is in a trie, and shared by all generations that have it;
 * two generations have the same object exactly when the sender changed nothing
 * of it.
 */
#ifndef _LBM_OBJECT_H
#define _LBM_OBJECT_H

#include <linux/in6.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <uapi/linux/lbmesh.h>

#include "stats.h"

/**
 * struct lbm_object - what all objects begin with
 * @refs: tries and jobs that hold it
 * @kind: which object it is
 */
struct lbm_object {
	refcount_t refs;
	enum lbmesh_object kind;
};

/**
 * struct lbm_device - a WireGuard interface
 * @object: common part
 * @id: the sender's number
 * @ifindex: the interface, in the namespace of the generation
 * @stay: number of the interface's stay here; another when it has left and come
 *	back under its old index, without its peers or with those of others
 * @has_port: @port is the sender's wish
 * @has_fwmark: @fwmark is the sender's wish
 * @has_key: the sender has set the private key of @public_key
 * @port: UDP port, host byte order
 * @fwmark: mark of encrypted packets
 * @mtu: bytes; 0 when the sender has no wish
 * @public_key: of the private key, which is never kept; all zero when there is
 *	none, or when somebody else has changed it and repair gave it up
 */
struct lbm_device {
	struct lbm_object object;
	u32 id;
	int ifindex;
	u32 stay;
	bool has_port;
	bool has_fwmark;
	bool has_key;
	u16 port;
	u32 fwmark;
	u32 mtu;
	u8 public_key[LBMESH_KEY_LEN];
};

/**
 * struct lbm_network - an overlay network
 * @object: common part
 * @id: the sender's number
 * @label: what a person calls it; may be empty
 */
struct lbm_network {
	struct lbm_object object;
	u32 id;
	char label[LBMESH_LABEL_MAX + 1];
};

/**
 * struct lbm_bridge - a link between two networks
 * @object: common part
 * @id: the sender's number
 * @network: ids of the two
 */
struct lbm_bridge {
	struct lbm_object object;
	u32 id;
	u32 network[2];
};

/**
 * struct lbm_peer - a WireGuard peer
 * @object: common part
 * @device: id of its device
 * @public_key: Curve25519
 * @family: AF_INET or AF_INET6 of the endpoint; 0 when there is none
 * @port: UDP port of the endpoint
 * @endpoint: address of the endpoint; IPv4 in the first word
 * @keepalive: seconds; 0 is off
 * @has_psk: the sender has said something of the pre-shared key
 * @psk_print: keyed hash of the pre-shared key; the key itself is never kept
 */
struct lbm_peer {
	struct lbm_object object;
	u32 device;
	u8 public_key[LBMESH_KEY_LEN];
	u8 family;
	__be16 port;
	struct in6_addr endpoint;
	u16 keepalive;
	bool has_psk;
	u64 psk_print;
};

/**
 * struct lbm_member - an address of a network and who has it
 * @object: common part
 * @network: id of its network
 * @device: id of its device
 * @family: AF_INET or AF_INET6
 * @len: length of the prefix in bits
 * @local: it is ours; @public_key is zero then
 * @address: IPv4 in the first word; host bits are zero
 * @public_key: of the peer that has it
 */
struct lbm_member {
	struct lbm_object object;
	u32 network;
	u32 device;
	u8 family;
	u8 len;
	bool local;
	struct in6_addr address;
	u8 public_key[LBMESH_KEY_LEN];
};

/**
 * struct lbm_layer - an ordered list of rules
 * @object: common part
 * @stats: packets that its rules have denied and rejected; nobody has stated
 *	them
 * @id: the sender's number
 * @label: what a person calls it; may be empty
 */
struct lbm_layer {
	struct lbm_object object;
	struct lbm_stats stats;
	u32 id;
	char label[LBMESH_LABEL_MAX + 1];
};

/**
 * enum lbm_selector_type - what a selector goes by
 * @LBM_SELECT_ANY: nothing; all addresses of both families match
 * @LBM_SELECT_PREFIX: addresses of a prefix
 * @LBM_SELECT_SET: elements of a set
 * @LBM_SELECT_SAME_NETWORK: members of the endpoint's own network
 * @LBM_SELECT_INTERNET: whatever is not a member of any network
 */
enum lbm_selector_type {
	LBM_SELECT_ANY,
	LBM_SELECT_PREFIX,
	LBM_SELECT_SET,
	LBM_SELECT_SAME_NETWORK,
	LBM_SELECT_INTERNET,
};

/**
 * struct lbm_selector - addresses that a rule is for
 * @type: enum lbm_selector_type; what it does not use is zero
 * @family: AF_INET or AF_INET6; of a prefix
 * @len: length of the prefix in bits
 * @set: id of the set
 * @address: of the prefix; IPv4 in the first word; host bits are zero
 */
struct lbm_selector {
	u8 type;
	u8 family;
	u8 len;
	u32 set;
	struct in6_addr address;
};

/**
 * struct lbm_range - a closed range of ports
 * @first: host byte order
 * @last: host byte order; not less than @first
 */
struct lbm_range {
	u16 first;
	u16 last;
};

/**
 * struct lbm_rule - a rule of a layer
 * @object: common part
 * @stats: packets that it decided, and when; nobody has stated them
 * @layer: id of its layer
 * @id: the sender's number
 * @position: its place in the layer, which no other rule has
 * @directions: 1 << enum lbmesh_direction of those that it is for
 * @action: enum lbmesh_action
 * @log: report what it matches, even if it is allowed
 * @has_protocol: only packets of @protocol match
 * @protocol: IP protocol number
 * @has_icmp_type: only packets of @icmp_type match; @protocol has such
 * @has_icmp_code: only packets of @icmp_code match
 * @icmp_type: of ICMP or ICMPv6
 * @icmp_code: of ICMP or ICMPv6
 * @src: source addresses
 * @dst: destination addresses; not of another family than @src
 * @n_src_ports: ranges of source ports; 0 is any. @protocol has ports
 * @n_dst_ports: ranges of destination ports, likewise
 * @ports: the ranges, source ports first
 */
struct lbm_rule {
	struct lbm_object object;
	struct lbm_stats stats;
	u32 layer;
	u32 id;
	u32 position;
	u8 directions;
	u8 action;
	bool log;
	bool has_protocol;
	u8 protocol;
	bool has_icmp_type;
	bool has_icmp_code;
	u8 icmp_type;
	u8 icmp_code;
	u8 n_src_ports;
	u8 n_dst_ports;
	struct lbm_selector src;
	struct lbm_selector dst;
	struct lbm_range ports[];
};

/* Ranges of ports that a rule can have on each side. */
#define LBM_RANGES_MAX 16

/**
 * struct lbm_set - addresses and prefixes that rules share
 * @object: common part
 * @id: the sender's number
 * @label: what a person calls it; may be empty
 */
struct lbm_set {
	struct lbm_object object;
	u32 id;
	char label[LBMESH_LABEL_MAX + 1];
};

/**
 * struct lbm_element - an address or prefix in a set
 * @object: common part
 * @set: id of its set
 * @family: AF_INET or AF_INET6
 * @len: length of the prefix in bits
 * @learned: it came with set-update, is in no generation, and is the head of a
 *	struct lbm_learned
 * @address: IPv4 in the first word; host bits are zero
 */
struct lbm_element {
	struct lbm_object object;
	u32 set;
	u8 family;
	u8 len;
	bool learned;
	struct in6_addr address;
};

/* Layers that judge one endpoint. */
#define LBM_LAYERS_MAX 8

/**
 * struct lbm_endpoint - an interface, or an address behind it, that is judged
 * @object: common part
 * @id: the sender's number
 * @ifindex: the interface, in the namespace of the generation
 * @kind: enum lbmesh_endpoint_kind
 * @has_ipv4: @ipv4 is its address
 * @has_ipv6: @ipv6 is its address; with neither it is all of the interface
 * @has_default: of each direction: @fallback is the sender's wish, otherwise
 *	the kind decides
 * @fallback: enum lbmesh_action of each direction when no rule decides
 * @n_layers: how many of @layers there are
 * @ipv4: network byte order
 * @ipv6: network byte order
 * @layers: ids of its layers in their order, each once
 * @label: what a person calls it; may be empty
 */
struct lbm_endpoint {
	struct lbm_object object;
	u32 id;
	int ifindex;
	u8 kind;
	bool has_ipv4;
	bool has_ipv6;
	bool has_default[2];
	u8 fallback[2];
	u8 n_layers;
	__be32 ipv4;
	struct in6_addr ipv6;
	u32 layers[LBM_LAYERS_MAX];
	char label[LBMESH_LABEL_MAX + 1];
};

/**
 * struct lbm_derived - an object that nobody has stated, but is derived
 * @object: common part; its kind is LBMESH_OBJECT_NONE
 * @free: frees it, when it has no reference any more
 */
struct lbm_derived {
	struct lbm_object object;
	void (*free)(struct lbm_derived *derived);
};

#define lbm_object_as(type, obj) \
	container_of_const(obj, struct lbm_##type, object)

struct lbm_object *lbm_object_new(enum lbmesh_object kind);
struct lbm_rule *lbm_rule_new(u8 n_src_ports, u8 n_dst_ports);
void lbm_object_get(struct lbm_object *object);
void lbm_object_put(struct lbm_object *object);
bool lbm_object_equal(const struct lbm_object *a, const struct lbm_object *b);
int lbm_object_count(struct lbm_object *object, const struct lbm_object *old);

bool lbm_device_same_interface(const struct lbm_device *a,
			       const struct lbm_device *b);
bool lbm_peer_same_endpoint(const struct lbm_peer *a, const struct lbm_peer *b);
bool lbm_member_same_owner(const struct lbm_member *a,
			   const struct lbm_member *b);

#endif /* _LBM_OBJECT_H */
