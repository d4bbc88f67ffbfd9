// SPDX-License-Identifier: GPL-2.0
/* See model.h. */

#include "model.h"

#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

const char *const model_prefixes[MODEL_PREFIXES] = {
	"10.0.0.0/8",	     "10.0.0.0/16",   "10.0.1.0/24",   "10.0.1.0/25",	 "10.0.1.0/32",
	"10.0.1.7/32",	     "10.0.1.8/32",   "10.0.1.9/32",   "10.0.2.0/24",	 "10.0.2.7/32",
	"10.1.0.0/16",	     "10.1.0.1/32",   "10.1.0.2/32",   "10.1.0.3/32",	 "10.1.4.0/22",
	"10.2.0.1/32",	     "10.2.0.2/32",   "10.2.0.3/32",   "10.2.0.4/32",	 "10.2.0.5/32",
	"100.64.0.0/10",     "100.64.1.0/24", "100.64.1.1/32", "192.168.0.0/16", "fd00::/8",
	"fd00::/16",	     "fd00:1::/32",   "fd00:1::/64",   "fd00:1::/127",	 "fd00:1::1/128",
	"fd00:1::2/128",     "fd00:1::3/128", "fd00:2::/64",   "fd00:2::1/128",	 "fd01::1/128",
	"2001:db8:7::7/128",
};

const struct model_endpoint model_endpoints[MODEL_ENDPOINTS] = {
	{"192.0.2.1", 51820, "192.0.2.1:51820"},
	{"192.0.2.1", 51821, "192.0.2.1:51821"},
	{"192.0.2.2", 51820, "192.0.2.2:51820"},
	{"198.51.100.3", 1, "198.51.100.3:1"},
	{"2001:db8::1", 51820, "[2001:db8::1]:51820"},
	{"2001:db8::2", 65535, "[2001:db8::2]:65535"},
};

const char *const model_operation_names[MODEL_OPERATIONS] = {
	[DEVICE_ADD] = "device-add",
	[DEVICE_REMOVE] = "device-remove",
	[DEVICE_CHANGE] = "device-change",
	[DEVICE_REBIND] = "device-rebind",
	[NETWORK_ADD] = "network-add",
	[NETWORK_REMOVE] = "network-remove",
	[NETWORK_RELABEL] = "network-relabel",
	[BRIDGE_ADD] = "bridge-add",
	[BRIDGE_REMOVE] = "bridge-remove",
	[BRIDGE_CHANGE] = "bridge-change",
	[BRIDGES_SWAP] = "bridges-swap",
	[PEER_ADD] = "peer-add",
	[PEER_REMOVE] = "peer-remove",
	[PEER_ENDPOINT] = "peer-endpoint",
	[PEER_KEEPALIVE] = "peer-keepalive",
	[PEER_PSK] = "peer-psk",
	[PEER_ROTATE] = "peer-rotate",
	[MEMBER_ADD] = "member-add",
	[MEMBER_REMOVE] = "member-remove",
	[MEMBER_TO_PEER] = "member-to-peer",
	[MEMBER_TO_NETWORK] = "member-to-network",
	[MEMBER_TO_US] = "member-to-us",
	[MEMBER_FROM_US] = "member-from-us",
	[MEMBERS_SWAP] = "members-swap",
};

uint32_t model_peer_key(int peer)
{
	return 100 + peer;
}

const uint8_t *model_private_key(int key)
{
	static uint8_t keys[4][LBMESH_KEY_LEN];
	static unsigned int next;
	uint8_t *bytes = keys[next++ % 4];

	/* The bits that Curve25519 wants set and clear. */
	memcpy(bytes, key_of(key), LBMESH_KEY_LEN);
	bytes[0] &= 0xf8;
	bytes[LBMESH_KEY_LEN - 1] = (bytes[LBMESH_KEY_LEN - 1] & 0x7f) | 0x40;
	return bytes;
}

/* --- Chance --------------------------------------------------------------- */

static uint64_t random_state;

void model_seed(uint64_t seed)
{
	random_state = seed;
}

/* SplitMix64 (Steele, Lea, Flood, 2014). */
uint32_t model_below(uint32_t count)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % count;
}

bool model_coin(uint32_t one_in)
{
	return model_below(one_in) == 0;
}

/* One of the numbers below count that fit, or -1. */
struct pick {
	int seen;
	int chosen;
};

static void pick_see(struct pick *pick, int candidate)
{
	if (model_below(++pick->seen) == 0)
		pick->chosen = candidate;
}

static int pick_device(const struct model *model, bool there)
{
	struct pick pick = { .chosen = -1 };

	for (int d = 0; d < MODEL_DEVICES; d++) {
		if (model->device[d].there == there)
			pick_see(&pick, d);
	}
	return pick.chosen;
}

static int pick_network(const struct model *model, bool there)
{
	struct pick pick = { .chosen = -1 };

	for (int n = 0; n < MODEL_NETWORKS; n++) {
		if (model->network[n].there == there)
			pick_see(&pick, n);
	}
	return pick.chosen;
}

static int pick_bridge(const struct model *model, bool there)
{
	struct pick pick = { .chosen = -1 };

	for (int b = 0; b < MODEL_BRIDGES; b++) {
		if (model->bridge[b].there == there)
			pick_see(&pick, b);
	}
	return pick.chosen;
}

/* On one device, or on any if that is -1; device * MODEL_PEERS + peer. */
static int pick_peer(const struct model *model, int device, bool there)
{
	struct pick pick = { .chosen = -1 };

	for (int d = 0; d < MODEL_DEVICES; d++) {
		for (int p = 0; p < MODEL_PEERS && model->device[d].there; p++) {
			if ((device < 0 || d == device) && model->peer[d][p].there == there)
				pick_see(&pick, d * MODEL_PEERS + p);
		}
	}
	return pick.chosen;
}

enum whose {
	NOBODYS,
	OURS,
	THEIRS,
	ANYBODYS
};

static bool is_whose(const struct model_member *member, enum whose whose)
{
	switch (whose) {
	case NOBODYS:
		return !member->there;
	case OURS:
		return member->there && !member->owner;
	case THEIRS:
		return member->there && member->owner;
	default:
		return member->there;
	}
}

/* device * MODEL_PREFIXES + prefix */
static int pick_member(const struct model *model, int device, enum whose whose)
{
	struct pick pick = { .chosen = -1 };

	for (int d = 0; d < MODEL_DEVICES; d++) {
		for (int p = 0; p < MODEL_PREFIXES && model->device[d].there; p++) {
			if ((device < 0 || d == device) && is_whose(&model->member[d][p], whose))
				pick_see(&pick, d * MODEL_PREFIXES + p);
		}
	}
	return pick.chosen;
}

/* An interface that no device has, also while one state follows the other. */
static int pick_interface(const struct model *base, const struct model *next)
{
	struct pick pick = { .chosen = -1 };
	bool taken[MODEL_INTERFACES] = {};

	for (int d = 0; d < MODEL_DEVICES; d++) {
		if (base->device[d].there)
			taken[base->device[d].interface] = true;
		if (next->device[d].there)
			taken[next->device[d].interface] = true;
	}
	for (int i = 0; i < MODEL_INTERFACES; i++) {
		if (!taken[i])
			pick_see(&pick, i);
	}
	return pick.chosen;
}

/* --- Devices -------------------------------------------------------------- */

/* Each interface has ports of its own, so that none is ever in the way. */
static int some_port(int interface)
{
	return 20000 + 100 * interface + model_below(4);
}

/* Few, so that some are said again. Curve25519 ignores the lowest three bits. */
static int some_key(void)
{
	return 2000 + 8 * model_below(4);
}

static bool device_add(const struct model *base, struct model *next)
{
	int d = pick_device(next, false), i = pick_interface(base, next);

	if (d < 0 || i < 0)
		return false;
	next->device[d] = (struct model_device){ .there = true, .interface = i};
	if (model_coin(2))
		next->device[d].port = some_port(i);
	if (model_coin(2))
		next->device[d].key = some_key();
	return true;
}

static bool device_remove(struct model *next)
{
	int d = pick_device(next, true);

	if (d < 0)
		return false;
	memset(&next->device[d], 0, sizeof(next->device[d]));
	memset(next->peer[d], 0, sizeof(next->peer[d]));
	memset(next->member[d], 0, sizeof(next->member[d]));
	return true;
}

static bool device_change(struct model *next)
{
	int d = pick_device(next, true);

	if (d < 0)
		return false;
	switch (model_below(4)) {
	case 0:
		next->device[d].port = some_port(next->device[d].interface);
		break;
	case 1:
		next->device[d].fwmark = 1 + model_below(3);
		break;
	case 2:
		next->device[d].mtu = 1300 + model_below(100);
		break;
	default:
		next->device[d].key = some_key();
		break;
	}
	return true;
}

static bool device_rebind(const struct model *base, struct model *next)
{
	int d = pick_device(next, true), i = pick_interface(base, next);
	struct model_device *device = &next->device[d];

	if (d < 0 || i < 0)
		return false;
	device->interface = i;
	device->port = model_coin(2) ? some_port(i) : UNSAID;
	if (model_coin(2))
		device->fwmark = UNSAID;
	if (model_coin(2))
		device->mtu = UNSAID;
	if (model_coin(2))
		device->key = UNSAID;
	for (int p = 0; p < MODEL_PEERS; p++) {
		if (model_coin(2))
			next->peer[d][p].psk = UNSAID;
	}
	return true;
}

/* --- Networks and bridges ------------------------------------------------- */

static bool network_add(struct model *next)
{
	int n = pick_network(next, false);

	if (n < 0)
		return false;
	next->network[n] = (struct model_network){ .there = true, .label = model_below(3)};
	return true;
}

/* Its members go with it, or all to another network; its bridges end. */
static bool network_remove(struct model *next)
{
	int n = pick_network(next, true), other;

	if (n < 0)
		return false;
	memset(&next->network[n], 0, sizeof(next->network[n]));
	other = model_coin(2) ? pick_network(next, true) : -1;
	for (int d = 0; d < MODEL_DEVICES; d++) {
		for (int p = 0; p < MODEL_PREFIXES; p++) {
			struct model_member *member = &next->member[d][p];

			if (!member->there || member->network != n)
				continue;
			if (other < 0)
				memset(member, 0, sizeof(*member));
			else
				member->network = other;
		}
	}
	for (int b = 0; b < MODEL_BRIDGES; b++) {
		if (next->bridge[b].a == n || next->bridge[b].b == n)
			memset(&next->bridge[b], 0, sizeof(next->bridge[b]));
	}
	return true;
}

static bool network_relabel(struct model *next)
{
	int n = pick_network(next, true);

	if (n < 0)
		return false;
	next->network[n].label = (next->network[n].label + 1) % 3;
	return true;
}

static bool is_bridged(const struct model *model, int a, int b)
{
	for (int i = 0; i < MODEL_BRIDGES; i++) {
		const struct model_bridge *bridge = &model->bridge[i];

		if (bridge->there &&
		    ((bridge->a == a && bridge->b == b) || (bridge->a == b && bridge->b == a)))
			return true;
	}
	return false;
}

/* Makes bridge b join two networks that are not joined yet. */
static bool bridge_place(struct model *next, int b)
{
	int one = pick_network(next, true), other = pick_network(next, true);

	if (b < 0 || one < 0 || one == other || is_bridged(next, one, other))
		return false;
	next->bridge[b] = (struct model_bridge){ .there = true, .a = one, .b = other};
	return true;
}

static bool bridge_remove(struct model *next)
{
	int b = pick_bridge(next, true);

	if (b < 0)
		return false;
	memset(&next->bridge[b], 0, sizeof(next->bridge[b]));
	return true;
}

/* Two bridges join what the other one joined. */
static bool bridges_swap(struct model *next)
{
	int one = pick_bridge(next, true), other = pick_bridge(next, true);
	struct model_bridge bridge;

	if (one < 0 || one == other)
		return false;
	bridge = next->bridge[one];
	next->bridge[one] = next->bridge[other];
	next->bridge[other] = bridge;
	return true;
}

/* --- Peers ---------------------------------------------------------------- */

static int some_psk(void)
{
	return model_coin(4) ? PSK_NONE : 1000 + (int)model_below(4);
}

static bool peer_add(struct model *next)
{
	int at = pick_peer(next, -1, false);

	if (at < 0)
		return false;
	next->peer[at / MODEL_PEERS][at % MODEL_PEERS] = (struct model_peer){
		.there = true,
		.endpoint = model_below(MODEL_ENDPOINTS + 1),
		.keepalive = model_coin(2) ? 25 : 0,
		.psk = model_coin(2) ? some_psk() : UNSAID,
	};
	return true;
}

/* What was the peer's becomes another owner's. */
static void members_give(struct model *next, int d, int peer, int owner)
{
	for (int p = 0; p < MODEL_PREFIXES; p++) {
		struct model_member *member = &next->member[d][p];

		if (member->there && member->owner == peer + 1)
			member->owner = owner;
	}
}

/* Its members go with it, or all to another peer, or to us. */
static bool peer_remove(struct model *next)
{
	int at = pick_peer(next, -1, true), d = at / MODEL_PEERS, p = at % MODEL_PEERS, other;

	if (at < 0)
		return false;
	memset(&next->peer[d][p], 0, sizeof(next->peer[d][p]));
	if (model_coin(2)) {
		other = pick_peer(next, d, true);
		members_give(next, d, p, other < 0 ? 0 : other % MODEL_PEERS + 1);
		return true;
	}
	for (int m = 0; m < MODEL_PREFIXES; m++) {
		if (next->member[d][m].owner == p + 1)
			memset(&next->member[d][m], 0, sizeof(next->member[d][m]));
	}
	return true;
}

/* Another key with the same endpoint and the same addresses. */
static bool peer_rotate(struct model *next)
{
	int at = pick_peer(next, -1, true), d = at / MODEL_PEERS, p = at % MODEL_PEERS, other;

	if (at < 0)
		return false;
	other = pick_peer(next, d, false);
	if (other < 0)
		return false;
	next->peer[d][other % MODEL_PEERS] = next->peer[d][p];
	members_give(next, d, p, other % MODEL_PEERS + 1);
	memset(&next->peer[d][p], 0, sizeof(next->peer[d][p]));
	return true;
}

static bool peer_change(struct model *next, enum model_operation operation)
{
	int at = pick_peer(next, -1, true);
	struct model_peer *peer = &next->peer[at / MODEL_PEERS][at % MODEL_PEERS];

	if (at < 0)
		return false;
	if (operation == PEER_ENDPOINT)
		peer->endpoint = model_below(MODEL_ENDPOINTS + 1);
	else if (operation == PEER_KEEPALIVE)
		peer->keepalive = model_below(3) * 25;
	else
		peer->psk = some_psk();
	return true;
}

/* --- Members -------------------------------------------------------------- */

/* A peer of a device as an owner, or 0 (us). */
static int some_owner(const struct model *next, int d)
{
	int peer = pick_peer(next, d, true);

	return peer < 0 || model_coin(4) ? 0 : peer % MODEL_PEERS + 1;
}

static bool member_add(struct model *next)
{
	int at = pick_member(next, -1, NOBODYS), n = pick_network(next, true);
	int d = at / MODEL_PREFIXES;

	if (at < 0 || n < 0)
		return false;
	next->member[d][at % MODEL_PREFIXES] = (struct model_member){
		.there = true,
		.network = n,
		.owner = some_owner(next, d),
	};
	return true;
}

static bool member_change(struct model *next, enum model_operation operation)
{
	enum whose whose = operation == MEMBER_FROM_US				      ? OURS
			   : operation == MEMBER_TO_PEER || operation == MEMBER_TO_US ? THEIRS
										      : ANYBODYS;
	int at = pick_member(next, -1, whose), d = at / MODEL_PREFIXES, n, peer;
	struct model_member *member = &next->member[d][at % MODEL_PREFIXES];

	if (at < 0)
		return false;
	switch (operation) {
	case MEMBER_REMOVE:
		memset(member, 0, sizeof(*member));
		return true;
	case MEMBER_TO_US:
		member->owner = 0;
		return true;
	case MEMBER_TO_NETWORK:
		n = pick_network(next, true);
		if (n == member->network)
			return false;
		member->network = n;
		return true;
	default:
		peer = pick_peer(next, d, true);
		if (peer < 0 || peer % MODEL_PEERS + 1 == member->owner)
			return false;
		member->owner = peer % MODEL_PEERS + 1;
		return true;
	}
}

static bool members_swap(struct model *next)
{
	int at = pick_member(next, -1, ANYBODYS), d = at / MODEL_PREFIXES, other, owner;
	struct model_member *a, *b;

	if (at < 0)
		return false;
	other = pick_member(next, d, ANYBODYS);
	a = &next->member[d][at % MODEL_PREFIXES];
	b = &next->member[d][other % MODEL_PREFIXES];
	if (a->owner == b->owner)
		return false;
	owner = a->owner;
	a->owner = b->owner;
	b->owner = owner;
	return true;
}

bool model_operate(enum model_operation operation, const struct model *base, struct model *next)
{
	switch (operation) {
	case DEVICE_ADD:
		return device_add(base, next);
	case DEVICE_REMOVE:
		return device_remove(next);
	case DEVICE_CHANGE:
		return device_change(next);
	case DEVICE_REBIND:
		return device_rebind(base, next);
	case NETWORK_ADD:
		return network_add(next);
	case NETWORK_REMOVE:
		return network_remove(next);
	case NETWORK_RELABEL:
		return network_relabel(next);
	case BRIDGE_ADD:
		return bridge_place(next, pick_bridge(next, false));
	case BRIDGE_REMOVE:
		return bridge_remove(next);
	case BRIDGE_CHANGE:
		return bridge_place(next, pick_bridge(next, true));
	case BRIDGES_SWAP:
		return bridges_swap(next);
	case PEER_ADD:
		return peer_add(next);
	case PEER_REMOVE:
		return peer_remove(next);
	case PEER_ENDPOINT:
	case PEER_KEEPALIVE:
	case PEER_PSK:
		return peer_change(next, operation);
	case PEER_ROTATE:
		return peer_rotate(next);
	case MEMBER_ADD:
		return member_add(next);
	case MEMBERS_SWAP:
		return members_swap(next);
	default:
		return member_change(next, operation);
	}
}

/* --- What follows from a state -------------------------------------------- */

bool model_rebound(const struct model *base, const struct model *next, int device)
{
	return base->device[device].there && next->device[device].there &&
	       base->device[device].interface != next->device[device].interface;
}

void model_inherit(const struct model *base, struct model *next)
{
	for (int d = 0; d < MODEL_DEVICES; d++) {
		const struct model_device *old = &base->device[d];
		struct model_device *new = &next->device[d];

		if (!old->there || !new->there || old->interface != new->interface)
			continue;
		new->port = new->port ?: old->port;
		new->fwmark = new->fwmark ?: old->fwmark;
		new->mtu = new->mtu ?: old->mtu;
		new->key = new->key ?: old->key;
		for (int p = 0; p < MODEL_PEERS; p++) {
			if (base->peer[d][p].there && next->peer[d][p].there &&
			    next->peer[d][p].psk == UNSAID)
				next->peer[d][p].psk = base->peer[d][p].psk;
		}
	}
}

static void apply_peer(struct model_peer *has, const struct model_peer *old,
		       const struct model_peer *new)
{
	if (!new->there) {
		memset(has, 0, sizeof(*has));
		return;
	}
	if (!old->there)
		*has = *new;
	/* No request takes an endpoint away, and only another wish sets one. */
	if (new->endpoint &&new->endpoint != old->endpoint)
		has->endpoint = new->endpoint;
	has->keepalive = new->keepalive;
	if (new->psk != UNSAID)
		has->psk = new->psk;
}

void model_apply(struct model_wireguard *wireguard, const struct model *base,
		 const struct model *next)
{
	static const struct model_peer nobody;

	for (int d = 0; d < MODEL_DEVICES; d++) {
		const struct model_device *old = &base->device[d], *new = &next->device[d];
		bool stays = old->there && new->there && !model_rebound(base, next, d);

		if (old->there && !stays) {
			wireguard->interface[old->interface].device = 0;
			memset(wireguard->interface[old->interface].peer, 0,
			       sizeof(wireguard->interface[0].peer));
		}
		if (!new->there)
			continue;
		wireguard->interface[new->interface].device = d + 1;
		if (new->key)
			wireguard->interface[new->interface].key = new->key;
		if (new->port)
			wireguard->interface[new->interface].port = new->port;
		if (new->fwmark)
			wireguard->interface[new->interface].fwmark = new->fwmark;
		if (new->mtu)
			wireguard->interface[new->interface].mtu = new->mtu;
		for (int p = 0; p < MODEL_PEERS; p++)
			apply_peer(&wireguard->interface[new->interface].peer[p],
				   stays ? &base->peer[d][p] : &nobody, &next->peer[d][p]);
	}
}

/* --- Texts ---------------------------------------------------------------- */

/* Lines that are sorted in the end. */
struct text {
	char *line[2048];
	size_t count;
};

static void text_add(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void text_add(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (text->count == 2048 || vasprintf(&text->line[text->count++], format, args) < 0)
		abort();
	va_end(args);
}

static int line_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static const char *text_end(struct text *text, const char *separator)
{
	static char *whole[8];
	static unsigned int next;
	char **at = &whole[next++ % 8];
	size_t size = 1, used = 0;

	qsort(text->line, text->count, sizeof(text->line[0]), line_compare);
	for (size_t i = 0; i < text->count; i++)
		size += strlen(text->line[i]) + 1;
	free(*at);
	*at = calloc(1, size);
	if (!*at)
		abort();
	for (size_t i = 0; i < text->count; i++) {
		used += sprintf(*at + used, "%s%s", text->line[i], separator);
		free(text->line[i]);
	}
	return *at;
}

static const char *label_text(int label)
{
	static const char *const labels[] = {"", "red", "green"};

	return labels[label];
}

static void device_text(struct text *text, const struct model *model, int d)
{
	const struct model_device *device = &model->device[d];
	char ifname[8];

	snprintf(ifname, sizeof(ifname), "wg%d", device->interface);
	text_add(text, "device %d %u %d %d %d", d + 1, if_nametoindex(ifname), device->port,
		 device->fwmark ? device->fwmark - 1 : 0, device->mtu);
	for (int p = 0; p < MODEL_PEERS; p++) {
		const struct model_peer *peer = &model->peer[d][p];
		const struct model_endpoint *endpoint = &model_endpoints[peer->endpoint - 1];

		if (peer->there)
			text_add(text, "peer %d %s %s %u %d", d + 1,
				 key_hex(key_of(model_peer_key(p))),
				 peer->endpoint ? endpoint->address : "-",
				 peer->endpoint ? endpoint->port : 0, peer->keepalive);
	}
	for (int m = 0; m < MODEL_PREFIXES; m++) {
		const struct model_member *member = &model->member[d][m];
		const uint8_t *key = NULL;

		if (member->there && member->owner)
			key = key_of(model_peer_key(member->owner - 1));
		if (member->there)
			text_add(text, "member %d %d %s %s", member->network + 1, d + 1,
				 model_prefixes[m], key_hex(key));
	}
}

const char *model_state_text(const struct model *model)
{
	struct text text = {};

	for (int d = 0; d < MODEL_DEVICES; d++) {
		if (model->device[d].there)
			device_text(&text, model, d);
	}
	for (int n = 0; n < MODEL_NETWORKS; n++) {
		if (model->network[n].there)
			text_add(&text, "network %d %s", n + 1,
				 label_text(model->network[n].label));
	}
	for (int b = 0; b < MODEL_BRIDGES; b++) {
		if (model->bridge[b].there)
			text_add(&text, "bridge %d %d %d", b + 1, model->bridge[b].a + 1,
				 model->bridge[b].b + 1);
	}
	return text_end(&text, "\n");
}

/* The addresses that a peer has in WireGuard are those of its members. */
static const char *addresses_text(const struct model *model, int d, int peer)
{
	struct text text = {};
	char *joined;

	for (int m = 0; m < MODEL_PREFIXES; m++) {
		const struct model_member *member = &model->member[d][m];

		if (member->there && member->owner == peer + 1)
			text_add(&text, "%s", model_prefixes[m]);
	}
	joined = (char *)text_end(&text, " ");
	if (joined[0])
		joined[strlen(joined) - 1] = 0;
	return joined;
}

const char *model_wireguard_text(const struct model_wireguard *wireguard, const struct model *model)
{
	struct text text = {};

	for (int i = 0; i < MODEL_INTERFACES; i++) {
		int d = wireguard->interface[i].device - 1, fwmark = wireguard->interface[i].fwmark;
		int key = wireguard->interface[i].key;
		char mark[16] = "off";

		if (fwmark > 1)
			snprintf(mark, sizeof(mark), "0x%x", fwmark - 1);
		text_add(&text, "wg%d device %s %d %s", i,
			 key ? key_base64(model_private_key(key)) : "(none)",
			 wireguard->interface[i].port, mark);
		for (int p = 0; p < MODEL_PEERS; p++) {
			const struct model_peer *peer = &wireguard->interface[i].peer[p];
			char keepalive[16] = "off";

			if (!peer->there)
				continue;
			if (peer->keepalive)
				snprintf(keepalive, sizeof(keepalive), "%d", peer->keepalive);
			text_add(&text, "wg%d %s %s %s %s | %s", i, key_text(model_peer_key(p)),
				 peer->psk > 0 ? key_text(peer->psk) : "(none)",
				 peer->endpoint ? model_endpoints[peer->endpoint - 1].text
						: "(none)",
				 keepalive, addresses_text(model, d, p));
		}
	}
	return text_end(&text, "\n");
}
