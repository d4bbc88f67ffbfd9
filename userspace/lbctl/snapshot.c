// SPDX-License-Identifier: GPL-2.0-only
/*
 * snapshot.c - reads objects of one generation and keeps them, sorted. Called
 * by the commands that list or count objects.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"

#define SNAPSHOT_ATTEMPTS 8

/**
 * vector_add() - Make room for one more item.
 * @vector: its size is set
 *
 * Return: the item, zeroed, or NULL when there is no memory.
 */
void *vector_add(struct vector *vector)
{
	uint8_t *item;

	if (vector->count == vector->room) {
		size_t room = vector->room ? vector->room * 2 : 64;
		void *grown = reallocarray(vector->items, room, vector->size);

		if (!grown)
			return NULL;
		vector->items = grown;
		vector->room = room;
	}
	item = (uint8_t *)vector->items + vector->count++ * vector->size;
	memset(item, 0, vector->size);
	return item;
}

static int take_device(const struct lbmesh_device *device, void *data)
{
	struct lbmesh_device *item = vector_add(&((struct snapshot *)data)->devices);

	if (!item)
		return -ENOMEM;
	*item = *device;
	item->ifname = NULL;
	return 0;
}

static int take_network(const struct lbmesh_network *network, void *data)
{
	struct snapshot_network *item = vector_add(&((struct snapshot *)data)->networks);

	if (!item)
		return -ENOMEM;
	item->id = network->id;
	if (network->label)
		(void)snprintf(item->label, sizeof(item->label), "%s", network->label);
	return 0;
}

static int take_bridge(const struct lbmesh_bridge *bridge, void *data)
{
	struct lbmesh_bridge *item = vector_add(&((struct snapshot *)data)->bridges);

	if (!item)
		return -ENOMEM;
	*item = *bridge;
	return 0;
}

static int take_peer(const struct lbmesh_peer *peer, void *data)
{
	struct snapshot_peer *item = vector_add(&((struct snapshot *)data)->peers);

	if (!item)
		return -ENOMEM;
	item->peer = *peer;
	item->peer.public_key = NULL;
	memcpy(item->public_key, peer->public_key, LBMESH_KEY_LEN);
	return 0;
}

static int take_member(const struct lbmesh_member *member, void *data)
{
	struct snapshot_member *item = vector_add(&((struct snapshot *)data)->members);

	if (!item)
		return -ENOMEM;
	item->member = *member;
	item->member.public_key = NULL;
	item->local = !member->public_key;
	if (member->public_key)
		memcpy(item->public_key, member->public_key, LBMESH_KEY_LEN);
	return 0;
}

static int compare_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_devices(const void *a, const void *b)
{
	return compare_u32(((const struct lbmesh_device *)a)->id,
			   ((const struct lbmesh_device *)b)->id);
}

static int compare_networks(const void *a, const void *b)
{
	return compare_u32(((const struct snapshot_network *)a)->id,
			   ((const struct snapshot_network *)b)->id);
}

static int compare_bridges(const void *a, const void *b)
{
	return compare_u32(((const struct lbmesh_bridge *)a)->id,
			   ((const struct lbmesh_bridge *)b)->id);
}

static int compare_peers(const void *a, const void *b)
{
	const struct snapshot_peer *x = a;
	const struct snapshot_peer *y = b;
	int order = compare_u32(x->peer.device, y->peer.device);

	return order ? order : memcmp(x->public_key, y->public_key, LBMESH_KEY_LEN);
}

/* By owner: so that the addresses of a peer stand together. */
static int compare_owners(const struct snapshot_member *a, const struct snapshot_member *b)
{
	int order = compare_u32(a->member.device, b->member.device);

	if (!order)
		order = (int)b->local - (int)a->local;
	return order ? order : memcmp(a->public_key, b->public_key, LBMESH_KEY_LEN);
}

static int compare_members(const void *a, const void *b)
{
	const struct snapshot_member *x = a;
	const struct snapshot_member *y = b;
	int order = compare_owners(x, y);

	return order ? order : lbmesh_prefix_compare(&x->member.prefix, &y->member.prefix);
}

/**
 * vector_sort() - Sort a vector.
 * @vector: may be empty
 * @compare: as for qsort()
 */
void vector_sort(struct vector *vector, int (*compare)(const void *, const void *))
{
	if (vector->count)
		qsort(vector->items, vector->count, vector->size, compare);
}

static int dumps_read(struct lbmesh *conn, unsigned int parts, uint32_t id, struct snapshot *s,
		      struct lbmesh_error *err)
{
	int ret = 0;

	s->devices.count = s->networks.count = s->bridges.count = 0;
	s->peers.count = s->members.count = 0;
	if (parts & SNAPSHOT_DEVICES)
		ret = lbmesh_device_dump(conn, take_device, s, NULL, err);
	if (!ret && parts & SNAPSHOT_NETWORKS)
		ret = lbmesh_network_dump(conn, take_network, s, NULL, err);
	if (!ret && parts & SNAPSHOT_BRIDGES)
		ret = lbmesh_bridge_dump(conn, take_bridge, s, NULL, err);
	if (!ret && parts & SNAPSHOT_PEERS)
		ret = lbmesh_peer_dump(conn, 0, take_peer, s, NULL, err);
	if (!ret && parts & SNAPSHOT_MEMBERS)
		ret = lbmesh_member_dump(conn, 0, take_member, s, NULL, err);
	if (!ret)
		ret = firewall_read(conn, parts, id, s, err);
	return ret;
}

static int snapshot_try(struct lbmesh *conn, unsigned int parts, uint32_t id, struct snapshot *s,
			struct lbmesh_error *err)
{
	struct lbmesh_generation after;
	int ret = lbmesh_generation_get(conn, &s->generation, err);

	if (!ret)
		ret = dumps_read(conn, parts, id, s, err);
	if (!ret)
		ret = lbmesh_generation_get(conn, &after, err);
	if (ret)
		return ret;
	/* Numbers never repeat, so the same before and after is the same between. */
	return after.number == s->generation.number ? 0 : -EAGAIN;
}

/**
 * snapshot_read() - Read objects of one generation.
 * @conn: the connection
 * @parts: enum snapshot_part, which kinds
 * @snapshot: set; snapshot_free() it whatever is returned
 *
 * Return: LBCTL_OK, or the exit code of what was reported.
 */
enum lbctl_exit snapshot_read(struct lbmesh *conn, unsigned int parts, struct snapshot *snapshot)
{
	return snapshot_read_of(conn, parts, 0, snapshot);
}

/**
 * snapshot_read_of() - snapshot_read(), but not all of what can be many.
 * @conn: see snapshot_read()
 * @parts: see snapshot_read(); either rules or elements when @id is not 0
 * @id: only rules of this layer, or elements of this set; 0 for all
 * @snapshot: see snapshot_read()
 *
 * Return: see snapshot_read().
 */
enum lbctl_exit snapshot_read_of(struct lbmesh *conn, unsigned int parts, uint32_t id,
				 struct snapshot *snapshot)
{
	struct lbmesh_error err = {.code = ENOMEM, .message = "out of memory"};
	int ret = -EAGAIN;

	*snapshot = (struct snapshot){
		.devices.size = sizeof(struct lbmesh_device),
		.networks.size = sizeof(struct snapshot_network),
		.bridges.size = sizeof(struct lbmesh_bridge),
		.peers.size = sizeof(struct snapshot_peer),
		.members.size = sizeof(struct snapshot_member),
	};
	firewall_init(snapshot);
	for (int i = 0; i < SNAPSHOT_ATTEMPTS && ret == -EAGAIN; i++) {
		err = (struct lbmesh_error){.code = ENOMEM, .message = "out of memory"};
		ret = snapshot_try(conn, parts, id, snapshot, &err);
	}
	if (ret == -EAGAIN)
		err = (struct lbmesh_error){.code = EAGAIN,
					    .message = "the generation changes while it is read"};
	if (ret)
		return report_error(&err);
	vector_sort(&snapshot->devices, compare_devices);
	vector_sort(&snapshot->networks, compare_networks);
	vector_sort(&snapshot->bridges, compare_bridges);
	vector_sort(&snapshot->peers, compare_peers);
	vector_sort(&snapshot->members, compare_members);
	firewall_sort(snapshot);
	return LBCTL_OK;
}

/**
 * snapshot_free() - Give the memory of a snapshot back.
 * @snapshot: of snapshot_read(), or all zero
 */
void snapshot_free(struct snapshot *snapshot)
{
	free(snapshot->devices.items);
	free(snapshot->networks.items);
	free(snapshot->bridges.items);
	free(snapshot->peers.items);
	free(snapshot->members.items);
	firewall_free(snapshot);
	memset(snapshot, 0, sizeof(*snapshot));
}

/**
 * snapshot_addresses() - The members that name a peer.
 * @snapshot: has members
 * @peer: of the snapshot
 * @count: gets how many
 *
 * Return: the first of them; the others follow.
 */
const struct snapshot_member *snapshot_addresses(const struct snapshot *snapshot,
						 const struct snapshot_peer *peer, size_t *count)
{
	const struct snapshot_member *members = snapshot->members.items;
	struct snapshot_member wanted = {.member.device = peer->peer.device};
	size_t low = 0;
	size_t high = snapshot->members.count;

	memcpy(wanted.public_key, peer->public_key, LBMESH_KEY_LEN);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_owners(&members[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*count = 0;
	while (low + *count < snapshot->members.count &&
	       !compare_owners(&members[low + *count], &wanted))
		++*count;
	return *count ? members + low : NULL;
}
