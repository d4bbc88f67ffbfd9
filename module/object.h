/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects of a generation: devices, networks, bridges, peers and members.
 * An object is immutable once it is in a trie, and shared by all generations
 * that have it; two generations have the same object exactly when the sender
 * changed nothing of it.
 */
#ifndef _LBM_OBJECT_H
#define _LBM_OBJECT_H

#include <linux/in6.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <uapi/linux/lbmesh.h>

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

#define lbm_object_as(type, obj) \
	container_of_const(obj, struct lbm_##type, object)

struct lbm_object *lbm_object_new(enum lbmesh_object kind);
void lbm_object_get(struct lbm_object *object);
void lbm_object_put(struct lbm_object *object);
bool lbm_object_equal(const struct lbm_object *a, const struct lbm_object *b);

bool lbm_device_same_interface(const struct lbm_device *a,
			       const struct lbm_device *b);
bool lbm_peer_same_endpoint(const struct lbm_peer *a, const struct lbm_peer *b);
bool lbm_member_same_owner(const struct lbm_member *a,
			   const struct lbm_member *b);

#endif /* _LBM_OBJECT_H */
