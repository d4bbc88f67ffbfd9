// SPDX-License-Identifier: GPL-2.0-only
/* Commits from targets and deltas. A replace is the delta from the empty state. */
#include "agent/commit.h"

static int device_put(struct lbmesh_commit *commit, const struct target *target, uint32_t ifindex,
		      bool private_key)
{
	struct lbmesh_device device = {
		.id = WANTED_DEVICE_ID,
		.ifindex = ifindex,
		.private_key = private_key ? target->private_key : NULL,
		.has_listen_port = target->wanted->has_listen_port,
		.listen_port = target->wanted->listen_port,
	};

	return lbmesh_commit_put_device(commit, &device);
}

static int network_put(struct lbmesh_commit *commit, const struct wanted_network *from, bool remove)
{
	struct lbmesh_network network = {.id = from->id, .label = from->label};

	return remove ? lbmesh_commit_remove_network(commit, from->id)
		      : lbmesh_commit_put_network(commit, &network);
}

static int bridge_put(struct lbmesh_commit *commit, const struct wanted_bridge *from, bool remove)
{
	struct lbmesh_bridge bridge = {
		.id = from->id,
		.network_a = from->network_a,
		.network_b = from->network_b,
	};

	return remove ? lbmesh_commit_remove_bridge(commit, from->id)
		      : lbmesh_commit_put_bridge(commit, &bridge);
}

static int peer_put(struct lbmesh_commit *commit, const struct wanted_peer *from, bool remove)
{
	struct lbmesh_peer peer = {
		.device = WANTED_DEVICE_ID,
		.public_key = from->public_key,
		.endpoint = from->endpoint,
		.endpoint_port = from->endpoint_port,
		.keepalive = from->keepalive,
	};

	return remove ? lbmesh_commit_remove_peer(commit, WANTED_DEVICE_ID, from->public_key)
		      : lbmesh_commit_put_peer(commit, &peer);
}

static int member_put(struct lbmesh_commit *commit, const struct wanted_member *from, bool remove)
{
	struct lbmesh_member member = {
		.network = from->network,
		.device = WANTED_DEVICE_ID,
		.prefix = from->address,
		.public_key = from->local ? NULL : from->public_key,
	};

	return remove ? lbmesh_commit_remove_member(commit, WANTED_DEVICE_ID, &from->address)
		      : lbmesh_commit_put_member(commit, &member);
}

static int edit_put(struct lbmesh_commit *commit, const struct edit *edit)
{
	if (edit->network)
		return network_put(commit, edit->network, edit->remove);
	if (edit->bridge)
		return bridge_put(commit, edit->bridge, edit->remove);
	if (edit->peer)
		return peer_put(commit, edit->peer, edit->remove);
	return member_put(commit, edit->member, edit->remove);
}

static struct lbmesh_commit *build(enum lbmesh_commit_mode mode, const struct target *target,
				   const struct delta *delta, uint32_t ifindex)
{
	struct lbmesh_commit *commit = lbmesh_commit_new(mode);
	int ret = 0;

	if (!commit)
		return NULL;
	if (delta->device)
		ret = device_put(commit, target, ifindex, delta->private_key);
	for (size_t i = 0; i < delta->n_edits && !ret; i++)
		ret = edit_put(commit, &delta->edits[i]);
	if (ret) {
		lbmesh_commit_free(commit);
		return NULL;
	}
	return commit;
}

struct lbmesh_commit *commit_replace_build(const struct target *target, uint32_t ifindex)
{
	struct lbmesh_commit *commit;
	struct delta delta;

	if (delta_compute(NULL, target->wanted, &delta, NULL))
		return NULL;
	commit = build(LBMESH_COMMIT_MODE_REPLACE, target, &delta, ifindex);
	delta_release(&delta);
	return commit;
}

struct lbmesh_commit *commit_delta_build(const struct target *target, const struct delta *delta,
					 uint32_t ifindex, uint64_t generation)
{
	struct lbmesh_commit *commit = build(LBMESH_COMMIT_MODE_DELTA, target, delta, ifindex);

	if (commit)
		lbmesh_commit_set_expect_gen(commit, generation);
	return commit;
}
