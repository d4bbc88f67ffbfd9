// SPDX-License-Identifier: GPL-2.0-only
/*
 * The difference of two wanted states, as the edits of one delta commit. Both sides are sorted, so
 * each kind of object is one merge of two arrays.
 */
#include "topology/wanted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How the merge sees one kind of object. */
struct kind {
	size_t size;
	int (*compare)(const void *a, const void *b);
	bool (*equal)(const void *a, const void *b);
	void (*note)(struct delta *delta, const void *object, bool remove);
};

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

static bool network_equal(const void *a, const void *b)
{
	const struct wanted_network *left = a, *right = b;

	return !strcmp(left->label, right->label);
}

static bool bridge_equal(const void *a, const void *b)
{
	const struct wanted_bridge *left = a, *right = b;

	return left->network_a == right->network_a && left->network_b == right->network_b;
}

static bool peer_equal(const void *a, const void *b)
{
	const struct wanted_peer *left = a, *right = b;

	return !lbmesh_prefix_compare(&left->endpoint, &right->endpoint) &&
	       left->endpoint_port == right->endpoint_port && left->keepalive == right->keepalive;
}

static bool member_equal(const void *a, const void *b)
{
	const struct wanted_member *left = a, *right = b;

	return left->network == right->network && left->local == right->local &&
	       !memcmp(left->public_key, right->public_key, LBMESH_KEY_LEN);
}

static void network_note(struct delta *delta, const void *object, bool remove)
{
	delta->edits[delta->n_edits++] = (struct edit){.network = object, .remove = remove};
}

static void bridge_note(struct delta *delta, const void *object, bool remove)
{
	delta->edits[delta->n_edits++] = (struct edit){.bridge = object, .remove = remove};
}

static void peer_note(struct delta *delta, const void *object, bool remove)
{
	delta->edits[delta->n_edits++] = (struct edit){.peer = object, .remove = remove};
}

static void member_note(struct delta *delta, const void *object, bool remove)
{
	delta->edits[delta->n_edits++] = (struct edit){.member = object, .remove = remove};
}

static const struct kind network_kind = {
	sizeof(struct wanted_network),
	id_compare,
	network_equal,
	network_note,
};
static const struct kind bridge_kind = {
	sizeof(struct wanted_bridge),
	id_compare,
	bridge_equal,
	bridge_note,
};
static const struct kind peer_kind = {
	sizeof(struct wanted_peer),
	key_compare,
	peer_equal,
	peer_note,
};
static const struct kind member_kind = {
	sizeof(struct wanted_member),
	prefix_compare,
	member_equal,
	member_note,
};

/* How many were added, changed and removed. */
struct tally {
	size_t added;
	size_t changed;
	size_t removed;
};

static struct tally kind_merge(const struct kind *kind, struct delta *delta, const void *from,
			       size_t n_from, const void *to, size_t n_to)
{
	const char *old = from, *new = to;
	struct tally tally = {0};

	while (n_from || n_to) {
		int order = !n_from ? 1 : !n_to ? -1 : kind->compare(old, new);

		if (order < 0) {
			kind->note(delta, old, true);
			tally.removed++;
		} else if (order > 0) {
			kind->note(delta, new, false);
			tally.added++;
		} else if (!kind->equal(old, new)) {
			kind->note(delta, new, false);
			tally.changed++;
		}
		if (order <= 0) {
			old += kind->size;
			n_from--;
		}
		if (order >= 0) {
			new += kind->size;
			n_to--;
		}
	}
	return tally;
}

static bool device_differs(const struct wanted *from, const struct wanted *to)
{
	/* Without a wish the port stays what it is, so giving up the wish is no change. */
	return to->has_listen_port &&
	       (!from->has_listen_port || from->listen_port != to->listen_port);
}

int delta_compute(const struct wanted *from, const struct wanted *to, struct delta *delta,
		  struct fault *fault)
{
	static const struct wanted empty;
	struct tally peers;
	size_t most;

	*delta = (struct delta){0};
	delta->private_key =
		!from || memcmp(from->public_key, to->public_key, sizeof(to->public_key)) != 0;
	if (!from)
		from = &empty;
	delta->device = delta->private_key || device_differs(from, to);
	most = from->n_networks + from->n_bridges + from->n_peers + from->n_members +
	       to->n_networks + to->n_bridges + to->n_peers + to->n_members;
	delta->edits = calloc(most + 1, sizeof(*delta->edits));
	if (!delta->edits)
		return fault_memory(fault);
	kind_merge(&network_kind, delta, from->networks, from->n_networks, to->networks,
		   to->n_networks);
	kind_merge(&bridge_kind, delta, from->bridges, from->n_bridges, to->bridges, to->n_bridges);
	peers = kind_merge(&peer_kind, delta, from->peers, from->n_peers, to->peers, to->n_peers);
	kind_merge(&member_kind, delta, from->members, from->n_members, to->members, to->n_members);
	delta->peers_added = peers.added;
	delta->peers_changed = peers.changed;
	delta->peers_removed = peers.removed;
	return 0;
}

void delta_release(struct delta *delta)
{
	free(delta->edits);
	delta->edits = NULL;
	delta->n_edits = 0;
}

bool delta_is_empty(const struct delta *delta)
{
	return !delta->device && !delta->n_edits;
}
