/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A slow, obvious model of what a namespace has: plain arrays, one place for each object that there
 * can be, and loops over all of them. selftests/family/random.c holds the module and WireGuard
 * against it. Whatever is not there is all zeros, so that two states are equal when their bytes are.
 */
#ifndef LBMESH_SELFTESTS_MODEL_H
#define LBMESH_SELFTESTS_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define MODEL_DEVICES	 4
#define MODEL_INTERFACES 6
#define MODEL_NETWORKS	 8
#define MODEL_BRIDGES	 6
#define MODEL_PEERS	 16
#define MODEL_PREFIXES	 36
#define MODEL_ENDPOINTS	 6

/* What nobody has said. 0 everywhere, so that it is the default. */
#define UNSAID 0
/* A pre-shared key of zeros, which takes one away. */
#define PSK_NONE (-1)

/* Of ids: what has index i has id i + 1. */
struct model_device {
	bool there;
	int interface;
	int port;
	/* The mark plus one, because a mark of 0 can be said. */
	int fwmark;
	int mtu;
	/* Seed of the private key. */
	int key;
};

struct model_network {
	bool there;
	/* 0 is none. */
	int label;
};

struct model_bridge {
	bool there;
	int a;
	int b;
};

struct model_peer {
	bool there;
	/* Index of the endpoint plus one; 0 is none. */
	int endpoint;
	int keepalive;
	/* Seed of the pre-shared key, PSK_NONE or UNSAID. */
	int psk;
};

struct model_member {
	bool there;
	int network;
	/* Index of the peer plus one; 0 is us. */
	int owner;
};

struct model {
	struct model_device device[MODEL_DEVICES];
	struct model_network network[MODEL_NETWORKS];
	struct model_bridge bridge[MODEL_BRIDGES];
	struct model_peer peer[MODEL_DEVICES][MODEL_PEERS];
	struct model_member member[MODEL_DEVICES][MODEL_PREFIXES];
};

/* What WireGuard has; whose addresses are is the model's to say. */
struct model_wireguard {
	struct {
		/* Device that manages it plus one; 0 is nobody. */
		int device;
		int key;
		int port;
		int fwmark;
		int mtu;
		struct model_peer peer[MODEL_PEERS];
	} interface[MODEL_INTERFACES];
};

/* The prefixes there can be, as the kernel's tools write them; many lie inside of others. */
extern const char *const model_prefixes[MODEL_PREFIXES];
extern const struct model_endpoint {
	const char *address;
	uint16_t port;
	const char *text;
} model_endpoints[MODEL_ENDPOINTS];

/* Seeds for key_of(). */
uint32_t model_peer_key(int peer);
/* A private key as WireGuard keeps it, made from a seed. */
const uint8_t *model_private_key(int key);

/* Random numbers from a seed; below() is 0 to count - 1. */
void model_seed(uint64_t seed);
uint32_t model_below(uint32_t count);
bool model_coin(uint32_t one_in);

enum model_operation {
	DEVICE_ADD,
	DEVICE_REMOVE,
	DEVICE_CHANGE,
	DEVICE_REBIND,
	NETWORK_ADD,
	NETWORK_REMOVE,
	NETWORK_RELABEL,
	BRIDGE_ADD,
	BRIDGE_REMOVE,
	BRIDGE_CHANGE,
	BRIDGES_SWAP,
	PEER_ADD,
	PEER_REMOVE,
	PEER_ENDPOINT,
	PEER_KEEPALIVE,
	PEER_PSK,
	PEER_ROTATE,
	MEMBER_ADD,
	MEMBER_REMOVE,
	MEMBER_TO_PEER,
	MEMBER_TO_NETWORK,
	MEMBER_TO_US,
	MEMBER_FROM_US,
	MEMBERS_SWAP,
	MODEL_OPERATIONS
};

extern const char *const model_operation_names[MODEL_OPERATIONS];

/*
 * Does an operation to objects chosen by chance. base is the state in force, whose interfaces other
 * devices may not take yet. Returns false when there is nothing that it could be done to.
 */
bool model_operate(enum model_operation operation, const struct model *base, struct model *next);
/* Fills in what the next state leaves unsaid of what it keeps. */
void model_inherit(const struct model *base, struct model *next);
/* Whether a device is on another interface than before. */
bool model_rebound(const struct model *base, const struct model *next, int device);
/* Makes of WireGuard what the next state wants. */
void model_apply(struct model_wireguard *wireguard, const struct model *base,
		 const struct model *next);

/* What state_text() and wg_settings() must show; valid until the next call. */
const char *model_state_text(const struct model *model);
const char *model_wireguard_text(const struct model_wireguard *wireguard,
				 const struct model *model);

#endif
