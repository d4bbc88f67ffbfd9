// SPDX-License-Identifier: GPL-2.0-only
/*
 * show-objects.c - lists of objects on an output. Called by cmd-objects.c and
 * by show-generation.c.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "show.h"

_Static_assert(sizeof(((struct key_text *)NULL)->base64) ==
		       sodium_base64_ENCODED_LEN(LBMESH_KEY_LEN, sodium_base64_VARIANT_ORIGINAL),
	       "a key does not fit");

/**
 * key_format() - A key in Base64.
 * @key: LBMESH_KEY_LEN bytes
 * @text: gets it
 *
 * Return: the text.
 */
const char *key_format(const uint8_t *key, struct key_text *text)
{
	return sodium_bin2base64(text->base64, sizeof(text->base64), key, LBMESH_KEY_LEN,
				 sodium_base64_VARIANT_ORIGINAL);
}

static size_t count_on_device(const struct vector *vector, uint32_t device,
			      uint32_t (*device_of)(const void *))
{
	size_t count = 0;

	for (size_t i = 0; i < vector->count; i++)
		count += device_of((const uint8_t *)vector->items + i * vector->size) == device;
	return count;
}

static uint32_t device_of_peer(const void *item)
{
	return ((const struct snapshot_peer *)item)->peer.device;
}

static uint32_t device_of_member(const void *item)
{
	return ((const struct snapshot_member *)item)->member.device;
}

/**
 * show_devices() - Devices, with how much hangs on each.
 * @out: where to
 * @snapshot: with devices, peers and members
 * @id: only this one; 0 for all
 */
void show_devices(struct output *out, const struct snapshot *snapshot, uint32_t id)
{
	static const char *const columns[] = {"device", "interface", "ifindex", "listen_port",
					      "fwmark", "mtu",	     "peers",	"members"};
	const struct lbmesh_device *device;

	output_table_begin(out, "devices", columns, lbctl_array_size(columns));
	vector_for_each(device, &snapshot->devices)
	{
		char ifname[IF_NAMESIZE];

		if (id && device->id != id)
			continue;
		/* The generation keeps the index; the name is what it has now. */
		output_row(out,
			   (struct value[]){
				   value_u64(device->id),
				   value_text(if_indextoname(device->ifindex, ifname)),
				   value_u64(device->ifindex),
				   device->has_listen_port ? value_u64(device->listen_port)
							   : value_null(),
				   device->has_fwmark ? value_u64(device->fwmark) : value_null(),
				   device->mtu ? value_u64(device->mtu) : value_null(),
				   value_u64(count_on_device(&snapshot->peers, device->id,
							     device_of_peer)),
				   value_u64(count_on_device(&snapshot->members, device->id,
							     device_of_member)),
			   });
	}
	output_table_end(out);
}

/**
 * show_networks() - Networks, with their number of members.
 * @out: where to
 * @snapshot: with networks and members
 * @id: only this one; 0 for all
 */
void show_networks(struct output *out, const struct snapshot *snapshot, uint32_t id)
{
	static const char *const columns[] = {"network", "label", "members"};
	const struct snapshot_network *network;
	const struct snapshot_member *member;

	output_table_begin(out, "networks", columns, lbctl_array_size(columns));
	vector_for_each(network, &snapshot->networks)
	{
		uint64_t members = 0;

		if (id && network->id != id)
			continue;
		vector_for_each(member, &snapshot->members) members +=
			member->member.network == network->id;
		output_row(out, (struct value[]){
					value_u64(network->id),
					value_text(network->label[0] ? network->label : NULL),
					value_u64(members),
				});
	}
	output_table_end(out);
}

/**
 * show_bridges() - Bridges.
 * @out: where to
 * @snapshot: with bridges
 * @network: only those of this one; 0 for all
 */
void show_bridges(struct output *out, const struct snapshot *snapshot, uint32_t network)
{
	static const char *const columns[] = {"bridge", "network_a", "network_b"};
	const struct lbmesh_bridge *bridge;

	output_table_begin(out, "bridges", columns, lbctl_array_size(columns));
	vector_for_each(bridge, &snapshot->bridges)
	{
		if (network && bridge->network_a != network && bridge->network_b != network)
			continue;
		output_row(out, (struct value[]){
					value_u64(bridge->id),
					value_u64(bridge->network_a),
					value_u64(bridge->network_b),
				});
	}
	output_table_end(out);
}

struct endpoint_text {
	char text[LBMESH_PREFIX_STRLEN + 8]; /* "[address]:port" */
};

static const char *endpoint_format(const struct lbmesh_peer *peer, struct endpoint_text *text)
{
	char address[LBMESH_PREFIX_STRLEN];

	if (!peer->endpoint.family ||
	    lbmesh_address_format(&peer->endpoint, address, sizeof(address)))
		return NULL;
	(void)snprintf(text->text, sizeof(text->text), strchr(address, ':') ? "[%s]:%u" : "%s:%u",
		       address, peer->endpoint_port);
	return text->text;
}

struct address_list {
	char (*texts)[LBMESH_PREFIX_STRLEN];
	const char **pointers;
	bool wanted; /* one of them is in the network asked for */
};

static void address_list_free(struct address_list *list)
{
	free(list->texts);
	free(list->pointers);
}

static int address_list_make(const struct snapshot_member *members, size_t count, uint32_t network,
			     struct address_list *list)
{
	list->wanted = !network;
	if (!count)
		return 0;
	list->texts = calloc(count, sizeof(*list->texts));
	list->pointers = calloc(count, sizeof(*list->pointers));
	if (!list->texts || !list->pointers)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		(void)lbmesh_prefix_format(&members[i].member.prefix, list->texts[i],
					   sizeof(list->texts[i]));
		list->pointers[i] = list->texts[i];
		list->wanted |= members[i].member.network == network;
	}
	return 0;
}

static void show_peer(struct output *out, const struct snapshot *snapshot,
		      const struct snapshot_peer *peer, uint32_t network)
{
	struct address_list list = {0};
	struct endpoint_text endpoint;
	struct key_text key;
	size_t count;
	const struct snapshot_member *members = snapshot_addresses(snapshot, peer, &count);

	if (address_list_make(members, count, network, &list))
		out->error = -ENOMEM;
	else if (list.wanted)
		output_row(out, (struct value[]){
					value_u64(peer->peer.device),
					value_text(key_format(peer->public_key, &key)),
					value_text(endpoint_format(&peer->peer, &endpoint)),
					peer->peer.keepalive ? value_u64(peer->peer.keepalive)
							     : value_null(),
					value_list(list.pointers, count),
				});
	address_list_free(&list);
}

/**
 * show_peers() - Peers, with the addresses of the members that name them.
 * @out: where to
 * @snapshot: with peers and members
 * @options: device and network to show; a peer is in a network when one of its
 *	addresses is
 */
void show_peers(struct output *out, const struct snapshot *snapshot, const struct options *options)
{
	static const char *const columns[] = {"device", "public_key", "endpoint", "keepalive",
					      "addresses"};
	const struct snapshot_peer *peer;

	output_table_begin(out, "peers", columns, lbctl_array_size(columns));
	vector_for_each(peer, &snapshot->peers)
	{
		if (!options->device || options->device == peer->peer.device)
			show_peer(out, snapshot, peer, options->network);
	}
	output_table_end(out);
}

/**
 * show_members() - Members, and who has them.
 * @out: where to
 * @snapshot: with members
 * @options: device and network to show
 */
void show_members(struct output *out, const struct snapshot *snapshot,
		  const struct options *options)
{
	static const char *const columns[] = {"network", "device", "address", "owner",
					      "public_key"};
	const struct snapshot_member *member;

	output_table_begin(out, "members", columns, lbctl_array_size(columns));
	vector_for_each(member, &snapshot->members)
	{
		const struct lbmesh_member *m = &member->member;
		char address[LBMESH_PREFIX_STRLEN];
		struct key_text key;

		if ((options->device && options->device != m->device) ||
		    (options->network && options->network != m->network))
			continue;
		(void)lbmesh_prefix_format(&m->prefix, address, sizeof(address));
		output_row(out,
			   (struct value[]){
				   value_u64(m->network),
				   value_u64(m->device),
				   value_text(address),
				   value_text(member->local ? "local" : "peer"),
				   value_text(member->local ? NULL
							    : key_format(member->public_key, &key)),
			   });
	}
	output_table_end(out);
}
