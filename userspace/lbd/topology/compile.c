// SPDX-License-Identifier: GPL-2.0-only
/*
 * Merges the networks of one host into one wanted state.
 *
 * A network is "own" when the host has an address in it, and "near" when it is own or bridged to an
 * own one. Bridges do not add up, so the near networks are all that the host can ever talk to:
 * their members are its members, and the hosts that have one are its peers. Cost: one pass over the
 * topology and a sort of what is near.
 */
#include "topology/wanted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Scratch of one compilation; the arrays have one element per network or host of the model. */
struct merge {
	const struct model *model;
	uint32_t self;
	bool *own;
	bool *near;
	bool *peer;
	struct wanted *wanted;
};

void wanted_free(struct wanted *wanted)
{
	if (!wanted)
		return;
	free(wanted->addresses);
	free(wanted->routes);
	free(wanted->networks);
	free(wanted->bridges);
	free(wanted->peers);
	free(wanted->members);
	free(wanted);
}

void wanted_freep(struct wanted **wanted)
{
	wanted_free(*wanted);
}

static int id_compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static int key_compare(const void *a, const void *b)
{
	return memcmp(a, b, LBMESH_KEY_LEN);
}

static int prefix_compare(const void *a, const void *b)
{
	return lbmesh_prefix_compare(a, b);
}

/* Each of these has its key as its first member. */
static void wanted_sort(struct wanted *wanted)
{
	qsort(wanted->addresses, wanted->n_addresses, sizeof(*wanted->addresses), prefix_compare);
	qsort(wanted->routes, wanted->n_routes, sizeof(*wanted->routes), prefix_compare);
	qsort(wanted->networks, wanted->n_networks, sizeof(*wanted->networks), id_compare);
	qsort(wanted->bridges, wanted->n_bridges, sizeof(*wanted->bridges), id_compare);
	qsort(wanted->peers, wanted->n_peers, sizeof(*wanted->peers), key_compare);
	qsort(wanted->members, wanted->n_members, sizeof(*wanted->members), prefix_compare);
}

static void own_mark(struct merge *merge)
{
	const struct model *model = merge->model;

	for (size_t i = 0; i < model->n_networks; i++) {
		const struct model_network *network = &model->networks[i];

		for (size_t j = 0; j < network->n_members && !merge->own[i]; j++)
			merge->own[i] = network->members[j].host == merge->self;
		merge->near[i] = merge->own[i];
	}
	for (size_t i = 0; i < model->n_bridges; i++) {
		const uint32_t *ends = model->bridges[i].networks;

		if (merge->own[ends[0]])
			merge->near[ends[1]] = true;
		if (merge->own[ends[1]])
			merge->near[ends[0]] = true;
	}
}

/* Room for all that the near networks can bring. */
static int wanted_reserve(struct merge *merge)
{
	const struct model *model = merge->model;
	struct wanted *wanted = merge->wanted;
	size_t networks = 0, members = 0, routes = 0;

	for (size_t i = 0; i < model->n_networks; i++) {
		if (!merge->near[i])
			continue;
		networks++;
		members += model->networks[i].n_members;
		routes += model->networks[i].n_cidrs;
	}
	wanted->addresses = calloc(members + 1, sizeof(*wanted->addresses));
	wanted->routes = calloc(routes + 1, sizeof(*wanted->routes));
	wanted->networks = calloc(networks + 1, sizeof(*wanted->networks));
	wanted->bridges = calloc(model->n_bridges + 1, sizeof(*wanted->bridges));
	wanted->peers = calloc(members + 1, sizeof(*wanted->peers));
	wanted->members = calloc(members + 1, sizeof(*wanted->members));
	if (!wanted->addresses || !wanted->routes || !wanted->networks || !wanted->bridges ||
	    !wanted->peers || !wanted->members)
		return -ENOMEM;
	return 0;
}

static void network_add(struct merge *merge, size_t index)
{
	const struct model_network *network = &merge->model->networks[index];
	struct wanted *wanted = merge->wanted;
	struct wanted_network *added = &wanted->networks[wanted->n_networks++];

	added->id = network->id;
	memcpy(added->label, network->name, sizeof(added->label));
	/* The smallest wish fits all; that of a bridged network counts, for we send there too. */
	if (network->mtu && (!wanted->mtu || network->mtu < wanted->mtu))
		wanted->mtu = network->mtu;
}

static void members_add(struct merge *merge, const struct model_network *network)
{
	const struct model_host *hosts = merge->model->hosts;
	struct wanted *wanted = merge->wanted;

	for (size_t i = 0; i < network->n_members; i++) {
		const struct model_member *member = &network->members[i];
		struct wanted_member *added = &wanted->members[wanted->n_members++];

		added->address = member->address;
		added->network = network->id;
		added->local = member->host == merge->self;
		if (added->local) {
			wanted->addresses[wanted->n_addresses++] = member->address;
			continue;
		}
		memcpy(added->public_key, hosts[member->host].public_key, LBMESH_KEY_LEN);
		merge->peer[member->host] = true;
	}
}

/* The interval is this host's own: it is the one that keeps its NAT mapping open. */
static void peers_add(struct merge *merge)
{
	const struct model *model = merge->model;
	struct wanted *wanted = merge->wanted;

	for (size_t i = 0; i < model->n_hosts; i++) {
		const struct model_host *host = &model->hosts[i];
		struct wanted_peer *added;

		if (!merge->peer[i])
			continue;
		added = &wanted->peers[wanted->n_peers++];
		memcpy(added->public_key, host->public_key, LBMESH_KEY_LEN);
		added->endpoint = host->endpoint;
		added->endpoint_port = host->endpoint_port;
		added->keepalive = model->hosts[merge->self].keepalive;
	}
}

static void bridges_add(struct merge *merge)
{
	const struct model *model = merge->model;
	struct wanted *wanted = merge->wanted;

	for (size_t i = 0; i < model->n_bridges; i++) {
		const struct model_bridge *bridge = &model->bridges[i];
		uint32_t a = model->networks[bridge->networks[0]].id;
		uint32_t b = model->networks[bridge->networks[1]].id;

		if (!merge->own[bridge->networks[0]] && !merge->own[bridge->networks[1]])
			continue;
		/* A bridge has no direction, and turning its ends round is no change. */
		wanted->bridges[wanted->n_bridges++] = (struct wanted_bridge){
			.id = bridge->id,
			.network_a = a < b ? a : b,
			.network_b = a < b ? b : a,
		};
	}
}

/* The host's lowest address of a family in a network, or one of family 0. */
static struct lbmesh_prefix source_find(const struct merge *merge, size_t index, uint8_t family)
{
	const struct model_network *network = &merge->model->networks[index];
	struct lbmesh_prefix lowest = {0};

	for (size_t i = 0; i < network->n_members; i++) {
		const struct model_member *member = &network->members[i];

		if (member->host == merge->self && member->address.family == family &&
		    (!lowest.family || lbmesh_prefix_compare(&member->address, &lowest) < 0))
			lowest = member->address;
	}
	return lowest;
}

/* Sources of a near network for both families: [0] is IPv4. Own networks come before bridged. */
static void sources_merge(struct lbmesh_prefix into[2], const struct lbmesh_prefix from[2])
{
	for (size_t i = 0; i < 2; i++) {
		if (from[i].family &&
		    (!into[i].family || lbmesh_prefix_compare(&from[i], &into[i]) < 0))
			into[i] = from[i];
	}
}

static int routes_add(struct merge *merge)
{
	const struct model *model = merge->model;
	struct wanted *wanted = merge->wanted;
	struct lbmesh_prefix(*own)[2] = calloc(model->n_networks + 1, sizeof(*own));
	struct lbmesh_prefix(*near)[2] = calloc(model->n_networks + 1, sizeof(*near));

	if (!own || !near) {
		free(own);
		free(near);
		return -ENOMEM;
	}
	for (size_t i = 0; i < model->n_networks; i++) {
		if (!merge->own[i])
			continue;
		own[i][0] = source_find(merge, i, AF_INET);
		own[i][1] = source_find(merge, i, AF_INET6);
	}
	for (size_t i = 0; i < model->n_bridges; i++) {
		const uint32_t *ends = model->bridges[i].networks;

		sources_merge(near[ends[0]], own[ends[1]]);
		sources_merge(near[ends[1]], own[ends[0]]);
	}
	for (size_t i = 0; i < model->n_networks; i++) {
		for (size_t j = 0; merge->near[i] && j < model->networks[i].n_cidrs; j++) {
			const struct lbmesh_prefix *cidr = &model->networks[i].cidrs[j];
			size_t family = cidr->family == AF_INET6;

			wanted->routes[wanted->n_routes++] = (struct wanted_route){
				.destination = *cidr,
				.source = own[i][family].family ? own[i][family] : near[i][family],
			};
		}
	}
	free(own);
	free(near);
	return 0;
}

static int merge_run(struct merge *merge)
{
	const struct model *model = merge->model;
	const struct model_host *self = &model->hosts[merge->self];
	struct wanted *wanted = merge->wanted;

	own_mark(merge);
	if (wanted_reserve(merge))
		return -ENOMEM;
	memcpy(wanted->public_key, self->public_key, LBMESH_KEY_LEN);
	wanted->has_listen_port = self->endpoint.family;
	wanted->listen_port = self->endpoint_port;
	for (size_t i = 0; i < model->n_networks; i++) {
		if (!merge->near[i])
			continue;
		network_add(merge, i);
		members_add(merge, &model->networks[i]);
	}
	if (!wanted->mtu)
		wanted->mtu = MODEL_MTU_DEFAULT;
	peers_add(merge);
	bridges_add(merge);
	if (routes_add(merge))
		return -ENOMEM;
	wanted_sort(wanted);
	return 0;
}

int wanted_compile(const struct model *model, uint32_t host, struct wanted **wanted,
		   struct fault *fault)
{
	struct merge merge = {.model = model, .self = host};
	int ret = -ENOMEM;

	merge.own = calloc(model->n_networks + 1, sizeof(bool));
	merge.near = calloc(model->n_networks + 1, sizeof(bool));
	merge.peer = calloc(model->n_hosts + 1, sizeof(bool));
	merge.wanted = calloc(1, sizeof(*merge.wanted));
	if (merge.own && merge.near && merge.peer && merge.wanted)
		ret = merge_run(&merge);
	free(merge.own);
	free(merge.near);
	free(merge.peer);
	if (ret) {
		wanted_free(merge.wanted);
		return fault_memory(fault);
	}
	*wanted = merge.wanted;
	return 0;
}
