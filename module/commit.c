// SPDX-License-Identifier: GPL-2.0
/*
 * The phases of a commit.
 *
 *  1. prepare	New interfaces get their gate, closed, and their key and port;
 *		new peers are added with the addresses that nobody has yet. The
 *		gate drops their packets, because the generation in force lacks
 *		them. Port, mark and MTU of an interface that stays are set.
 *  2. flip	Addresses that change owner are moved, while the gate holds
 *		them: what concerns them passes only if both generations allow
 *		it. To add an address to a peer takes it from the other in the
 *		same moment. Then the new generation is published.
 *  3. settle	What cannot be refused, and would disturb sessions if it had to
 *		be undone: endpoints, keepalives and pre-shared keys of peers
 *		that stay, private keys of interfaces that stay.
 *  4. confirm	When asked for, the job stops here, and all that the old
 *		generation needs stays. confirm goes on; revert, or the end of
 *		the time, goes all the way back.
 *  5. retire	Peers and addresses that no generation needs are removed, and
 *		those that an interface had before it was managed.
 *
 * Up to the publishing every step can be undone, and an error means that it has
 * been. From there on (or, with confirm, from retire on) there is no way back,
 * and no step that can be refused: what fails for want of memory is tried again.
 *
 * A peer that does not change is in no request at all, and no step looks at it:
 * all of them walk over the changes of the job. The order of requests within a
 * step is: interfaces, peers, addresses.
 */

#include <linux/bsearch.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "audit.h"
#include "commit.h"
#include "gate.h"
#include "netlink.h"
#include "trace.h"

/**
 * struct commit - a job in its phases
 * @job: the job
 * @wg: conversation with wireguard
 * @began: when the present phase began, in nanoseconds
 */
struct commit {
	struct lbm_job *job;
	struct lbm_wg wg;
	u64 began;
};

/* Name the object that a failure is about. */
static void blame(struct lbm_job *job, enum lbmesh_object kind,
		  const struct lbm_change *change)
{
	job->result.object = kind;
	job->result.index = change->index;
}

/*
 * Queue what an operation asks of WireGuard, and keep naming the object that
 * began the request under construction: an error is of a whole request, and all
 * of it is on that object's interface.
 */
static int blamed(struct commit *commit, enum lbmesh_object kind,
		  struct lbm_change *change,
		  int (*queue)(struct commit *commit,
			       struct lbm_change *change))
{
	u32 sent = commit->wg.sent;
	int ret;

	if (!commit->wg.skb->len)
		blame(commit->job, kind, change);
	ret = queue(commit, change);
	if (!ret && commit->wg.sent != sent)
		blame(commit->job, kind, change);
	return ret;
}

static const struct lbm_device *device_in(const struct lbm_generation *gen,
					  u32 id)
{
	struct lbm_object *object;
	struct lbm_key key;

	lbm_key_id(&key, id);
	object = gen ? lbm_trie_get(&gen->devices, &key) : NULL;
	return object ? lbm_object_as(device, object) : NULL;
}

static int ifindex_in(const struct lbm_generation *gen, u32 device)
{
	const struct lbm_device *found = device_in(gen, device);

	return found ? found->ifindex : 0;
}

/* Whether the device is on the same interface in both generations. */
static bool device_stays(const struct lbm_job *job, u32 device)
{
	const struct lbm_device *old = device_in(job->base, device);
	const struct lbm_device *new = device_in(job->next, device);

	return old && new && lbm_device_same_interface(old, new);
}

/* Whether it has one index in both: it stays, or has been away meanwhile. */
static bool index_stays(const struct lbm_job *job, u32 device)
{
	int ifindex = ifindex_in(job->base, device);

	return ifindex && ifindex == ifindex_in(job->next, device);
}

static bool has_peer(const struct lbm_generation *gen, u32 device,
		     const u8 *public_key)
{
	struct lbm_key key;

	lbm_key_peer(&key, device, public_key);
	return gen && lbm_trie_get(&gen->peers, &key);
}

/* Its interface has left and come back: what it had then, it has not now. */
static bool has_returned(const struct lbm_job *job, u32 device)
{
	return index_stays(job, device) && !device_stays(job, device);
}

/* --- What happens to an address ------------------------------------------- */

/* Whether the generation has the address, or a prefix that covers it. */
static bool covers(const struct lbm_generation *gen,
		   const struct lbm_member *member)
{
	struct lbm_key key;

	lbm_key_member(&key, member);
	return gen && lbm_trie_match(&gen->members, &key);
}

/*
 * Whether the change gives its new address to a peer: the address is new, or
 * had another owner, or is on another interface.
 */
static bool is_gain(const struct lbm_job *job, const struct lbm_change *change)
{
	const struct lbm_member *new;

	if (!change->new)
		return false;
	new = lbm_object_as(member, change->new);
	if (new->local)
		return false;
	return !change->old || !device_stays(job, new->device) ||
	       !lbm_member_same_owner(lbm_object_as(member, change->old), new);
}

/*
 * Whether packets to and from the address already go somewhere, so that it may
 * change hands only while the gate holds it. Covered by a prefix is enough.
 */
static bool is_taken(const struct lbm_job *job, const struct lbm_member *member)
{
	return device_stays(job, member->device) && covers(job->base, member);
}

/* Whether the change takes its old address from a peer and gives it to none. */
static bool is_loss(const struct lbm_job *job, const struct lbm_change *change)
{
	const struct lbm_member *old;

	if (!change->old)
		return false;
	old = lbm_object_as(member, change->old);
	if (old->local || !device_stays(job, old->device))
		return false;
	return !change->new || lbm_object_as(member, change->new)->local;
}

/* The changes that the flip makes in WireGuard. */
static bool is_move(const struct lbm_job *job, const struct lbm_change *change)
{
	if (is_gain(job, change))
		return is_taken(job, lbm_object_as(member, change->new));
	return is_loss(job, change) &&
	       covers(job->next, lbm_object_as(member, change->old));
}

/* Give an address to the peer that the generation names. */
static int give(struct commit *commit, const struct lbm_generation *gen,
		const struct lbm_member *member)
{
	int ret;

	ret = lbm_wg_peer_key(&commit->wg, ifindex_in(gen, member->device),
			      member->public_key, LBM_WG_UPDATE);
	return ret ?: lbm_wg_address(&commit->wg, member);
}

/* Take an address from the peer that the generation names. */
static int take(struct commit *commit, const struct lbm_generation *gen,
		const struct lbm_member *member)
{
	return lbm_wg_take(&commit->wg, ifindex_in(gen, member->device),
			   member->public_key, member);
}

static int give_new(struct commit *commit, struct lbm_change *change)
{
	return give(commit, commit->job->next,
		    lbm_object_as(member, change->new));
}

static int take_old(struct commit *commit, struct lbm_change *change)
{
	return take(commit, commit->job->base,
		    lbm_object_as(member, change->old));
}

static int take_end(struct commit *commit)
{
	return lbm_wg_take_end(&commit->wg) ?: lbm_wg_flush(&commit->wg);
}

/* --- Interfaces ---------------------------------------------------------- */

/**
 * struct adoption - an interface that is being read before it is managed
 * @job: the job
 * @device: its device in the next generation
 */
struct adoption {
	struct lbm_job *job;
	const struct lbm_device *device;
};

static int keep_addresses(struct lbm_job *job, u32 device,
			  const struct lbm_wg_peer *peer)
{
	struct lbm_object *object;
	struct lbm_member *member;
	struct nlattr *allowedip;
	int rem, ret = 0;

	if (!peer->allowedips)
		return 0;
	nla_for_each_nested(allowedip, peer->allowedips, rem) {
		object = lbm_object_new(LBMESH_OBJECT_MEMBER);
		if (!object)
			return -ENOMEM;
		member = lbm_object_as(member, object);
		member->device = device;
		memcpy(member->public_key, peer->public_key, LBMESH_KEY_LEN);
		ret = lbm_wg_address_of(allowedip, member);
		ret = ret ?: lbm_generation_set(job->before, object);
		lbm_object_put(object);
		if (ret)
			return ret;
	}
	return 0;
}

static int keep_peer(struct lbm_job *job, u32 device,
		     const struct lbm_wg_peer *peer)
{
	struct lbm_object *object;
	struct lbm_kept *kept;
	struct lbm_peer *copy;
	int ret;

	kept = kzalloc(sizeof(*kept), GFP_KERNEL);
	if (!kept)
		return -ENOMEM;
	kept->device = device;
	memcpy(kept->public_key, peer->public_key, LBMESH_KEY_LEN);
	if (peer->psk)
		memcpy(kept->psk, peer->psk, LBMESH_KEY_LEN);
	list_add_tail(&kept->list, &job->kept);
	object = lbm_object_new(LBMESH_OBJECT_PEER);
	if (!object)
		return -ENOMEM;
	copy = lbm_object_as(peer, object);
	copy->device = device;
	memcpy(copy->public_key, peer->public_key, LBMESH_KEY_LEN);
	copy->family = peer->family;
	copy->port = peer->port;
	copy->endpoint = peer->endpoint;
	copy->keepalive = peer->keepalive;
	ret = lbm_generation_set(job->before, object);
	lbm_object_put(object);
	return ret;
}

/* Remember a peer that an interface had before. */
static int note_before(void *context, const struct lbm_wg_peer *peer)
{
	struct adoption *adoption = context;
	u32 device = adoption->device->id;
	int ret = 0;

	if (!peer->rest)
		ret = keep_peer(adoption->job, device, peer);
	return ret ?: keep_addresses(adoption->job, device, peer);
}

static void forget_before(struct lbm_job *job, u32 device)
{
	struct lbm_kept *kept, *next;

	list_for_each_entry_safe(kept, next, &job->kept, list) {
		if (kept->device != device)
			continue;
		list_del(&kept->list);
		kfree_sensitive(kept);
	}
}

/*
 * Read what a new interface has, with its peers, so that it can have it again
 * if the commit does not last.
 */
static int read_new(struct commit *commit, const struct lbm_device *new,
		    struct lbm_wg_device *now)
{
	struct lbm_job *job = commit->job;
	struct adoption adoption = {
		.job = job,
		.device = new,
	};
	int tries = 10;
	int ret;

	if (!job->before)
		job->before = lbm_generation_new(NULL);
	if (!job->before)
		return -ENOMEM;
	/* Peers that come or go meanwhile make it necessary to look again. */
	do {
		forget_before(job, new->id);
		ret = lbm_wg_get(&commit->wg, new->ifindex, now, note_before,
				 &adoption);
	} while (ret == -EINTR && tries--);
	return ret;
}

/*
 * wireguard silently ignores a peer with the interface's own key, so we refuse
 * it. A key that the message had has been looked at when that was read.
 */
static int note_own_key(struct lbm_job *job, struct lbm_device *device,
			const struct lbm_was *was)
{
	if (device->has_key)
		return 0;
	/* The new object, which nobody else sees as yet. */
	memcpy(device->public_key, was->device.public_key, LBMESH_KEY_LEN);
	if (!has_peer(job->next, device->id, device->public_key))
		return 0;
	job->result.object = LBMESH_OBJECT_PEER;
	job->result.message = "peer: public-key is that of its own device";
	return -EINVAL;
}

/* Which of the settings differ from those of the old device, or NULL. */
static unsigned int find_wishes(const struct lbm_change *change)
{
	const struct lbm_device *new = lbm_object_as(device, change->new);
	const struct lbm_device *old;
	unsigned int what = 0;

	old = change->old ? lbm_object_as(device, change->old) : NULL;
	if (change->has_secret &&
	    (!old || memcmp(old->public_key, new->public_key, LBMESH_KEY_LEN)))
		what |= LBM_WG_KEY;
	if (new->has_port && (!old || !old->has_port || old->port != new->port))
		what |= LBM_WG_PORT;
	if (new->has_fwmark &&
	    (!old || !old->has_fwmark || old->fwmark != new->fwmark))
		what |= LBM_WG_FWMARK;
	return what;
}

static int set_device(struct commit *commit, struct lbm_change *change,
		      unsigned int what)
{
	const struct lbm_device *new = lbm_object_as(device, change->new);
	struct lbm_wg_device wish = {
		.port = new->port,
		.fwmark = new->fwmark,
	};
	int ret;

	if (!what)
		return 0;
	if (what & LBM_WG_KEY)
		memcpy(wish.private_key, change->secret, LBMESH_KEY_LEN);
	if (change->was)
		change->was->did |= what;
	ret = lbm_wg_set_device(&commit->wg, new->ifindex, what, &wish);
	memzero_explicit(&wish, sizeof(wish));
	return ret;
}

static int set_mtu(struct commit *commit, struct lbm_change *change)
{
	const struct lbm_device *new = lbm_object_as(device, change->new);
	const struct lbm_device *old;

	old = change->old ? lbm_object_as(device, change->old) : NULL;
	if (!new->mtu || (old && old->mtu == new->mtu))
		return 0;
	return lbm_gate_mtu(commit->job->ln, new->ifindex, new->mtu,
			    &change->was->device.mtu);
}

/*
 * Remember what an interface has, and set what it shall have. The key of one
 * that stays is left to settle(), because it ends the sessions.
 */
static int change_device(struct commit *commit, struct lbm_change *change)
{
	struct lbm_device *new = lbm_object_as(device, change->new);
	unsigned int what = find_wishes(change);
	int ret;

	blame(commit->job, LBMESH_OBJECT_DEVICE, change);
	change->was = kzalloc(sizeof(*change->was), GFP_KERNEL);
	if (!change->was)
		return -ENOMEM;
	if (change->old) {
		what &= ~LBM_WG_KEY;
		ret = lbm_wg_get_device(&commit->wg, new->ifindex,
					&change->was->device);
	} else {
		ret = read_new(commit, new, &change->was->device);
		ret = ret ?: note_own_key(commit->job, new, change->was);
	}
	ret = ret ?: set_device(commit, change, what);
	return ret ?: set_mtu(commit, change);
}

static void restore_device(struct commit *commit, struct lbm_change *change)
{
	const struct lbm_device *new = lbm_object_as(device, change->new);
	struct lbm_was *was = change->was;
	u32 mtu;

	if (!was)
		return;
	if (was->did)
		lbm_wg_set_device(&commit->wg, new->ifindex, was->did,
				  &was->device);
	if (was->device.mtu)
		lbm_wg_note(&commit->wg,
			    lbm_gate_mtu(commit->job->ln, new->ifindex,
					 was->device.mtu, &mtu));
}

/* --- Prepare ------------------------------------------------------------- */

/* All that a peer is made with, but for its pre-shared key. */
#define WHOLE_PEER (LBM_WG_ENDPOINT | LBM_WG_KEEPALIVE | LBM_WG_REPLACE)

/*
 * Put a peer of a generation with its addresses; of the next generation, only
 * those that nobody has.
 */
static int put_peer(struct commit *commit, int ifindex,
		    const struct lbm_generation *gen,
		    const struct lbm_peer *peer, unsigned int what,
		    const u8 *psk)
{
	struct lbm_job *job = commit->job;
	const struct lbm_member *member;
	const struct lbm_node *node;
	struct lbm_key prefix, at;
	int ret;

	if (psk)
		what |= LBM_WG_PSK;
	ret = lbm_wg_peer(&commit->wg, ifindex, peer, what, psk);
	lbm_key_peer(&prefix, peer->device, peer->public_key);
	node = lbm_trie_next_in(&gen->of_peer, &prefix, NULL);
	while (!ret && node) {
		member = lbm_object_as(member, node->object);
		if (gen != job->next || !is_taken(job, member))
			ret = lbm_wg_address(&commit->wg, member);
		lbm_key_of_node(&at, node);
		node = lbm_trie_next_in(&gen->of_peer, &prefix, &at);
	}
	return ret;
}

static int add_peer(struct commit *commit, struct lbm_change *change)
{
	const struct lbm_peer *peer = lbm_object_as(peer, change->new);
	const struct lbm_generation *next = commit->job->next;

	return put_peer(commit, ifindex_in(next, peer->device), next, peer,
			WHOLE_PEER, change->has_secret ? change->secret : NULL);
}

/* Whether prepare gives the address to a peer that is already there. */
static bool is_grant(const struct lbm_job *job, const struct lbm_change *change)
{
	const struct lbm_member *new;

	if (!is_gain(job, change))
		return false;
	new = lbm_object_as(member, change->new);
	return !is_taken(job, new) && device_stays(job, new->device) &&
	       has_peer(job->base, new->device, new->public_key);
}

static int prepare_new_devices(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	const struct lbm_device *new;
	struct lbm_change *change;
	int ret;

	lbm_job_for_each(change, job, LBMESH_OBJECT_DEVICE) {
		if (!change->new || change->old)
			continue;
		new = lbm_object_as(device, change->new);
		blame(job, LBMESH_OBJECT_DEVICE, change);
		ret = lbm_gate_attach(job->ln, new->id, new->ifindex);
		ret = ret ?: change_device(commit, change);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * struct memory - what settle will overwrite and may have to bring back
 * @changes: of peers that stay, sorted by device and key
 * @count: how many
 * @device: whose peers are being read
 */
struct memory {
	struct lbm_change **changes;
	size_t count;
	u32 device;
};

static int compare_peers(const struct lbm_peer *a, const struct lbm_peer *b)
{
	if (a->device != b->device)
		return a->device < b->device ? -1 : 1;
	return memcmp(a->public_key, b->public_key, LBMESH_KEY_LEN);
}

static int compare_changes(const void *a, const void *b)
{
	const struct lbm_change *x = *(struct lbm_change * const *)a;
	const struct lbm_change *y = *(struct lbm_change * const *)b;

	return compare_peers(lbm_object_as(peer, x->old),
			     lbm_object_as(peer, y->old));
}

static int compare_key(const void *key, const void *element)
{
	const struct lbm_change *change = *(struct lbm_change * const *)element;

	return compare_peers(key, lbm_object_as(peer, change->old));
}

static int remember_peer(void *context, const struct lbm_wg_peer *peer)
{
	struct memory *memory = context;
	struct lbm_peer key = { .device = memory->device };
	struct lbm_change **found;
	struct lbm_was *was;

	if (peer->rest)
		return 0;
	memcpy(key.public_key, peer->public_key, LBMESH_KEY_LEN);
	found = bsearch(&key, memory->changes, memory->count, sizeof(*found),
			compare_key);
	if (!found)
		return 0;
	was = (*found)->was ?: kzalloc(sizeof(*was), GFP_KERNEL);
	if (!was)
		return -ENOMEM;
	(*found)->was = was;
	if (peer->psk)
		memcpy(was->psk, peer->psk, LBMESH_KEY_LEN);
	was->family = peer->family;
	was->port = peer->port;
	was->endpoint = peer->endpoint;
	return 0;
}

static int remember_device(struct commit *commit, struct memory *memory,
			   int ifindex)
{
	struct lbm_wg_device device;
	int tries = 10;
	int ret;

	do {
		ret = lbm_wg_get(&commit->wg, ifindex, &device, remember_peer,
				 memory);
		memzero_explicit(&device, sizeof(device));
	} while (ret == -EINTR && tries--);
	return ret;
}

static bool overwrites(const struct lbm_change *change)
{
	return change->old && change->new &&
	       (change->has_secret ||
		!lbm_peer_same_endpoint(lbm_object_as(peer, change->old),
					lbm_object_as(peer, change->new)));
}

/*
 * With confirm, what settle sets must come back: pre-shared keys, and endpoints,
 * which may have roamed. WireGuard tells of one peer only by telling of all, so
 * this alone of all steps costs what an interface has.
 */
static int remember_peers(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	struct memory memory = {};
	struct lbm_change *change;
	int ret = 0;
	size_t i;
	u32 device;

	lbm_job_for_each(change, job, LBMESH_OBJECT_PEER)
		memory.count += overwrites(change);
	if (!job->confirm_ms || !memory.count)
		return 0;
	memory.changes = kvmalloc_array(memory.count, sizeof(change),
					GFP_KERNEL);
	if (!memory.changes)
		return -ENOMEM;
	memory.count = 0;
	lbm_job_for_each(change, job, LBMESH_OBJECT_PEER)
		if (overwrites(change))
			memory.changes[memory.count++] = change;
	sort(memory.changes, memory.count, sizeof(change), compare_changes,
	     NULL);
	for (i = 0; i < memory.count && !ret; i++) {
		device = lbm_object_as(peer, memory.changes[i]->old)->device;
		if (device == memory.device)
			continue;
		memory.device = device;
		ret = remember_device(commit, &memory,
				      ifindex_in(job->base, device));
	}
	kvfree(memory.changes);
	return ret;
}

static int prepare_peers(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	struct lbm_change *change;
	int ret;

	lbm_job_for_each(change, job, LBMESH_OBJECT_PEER) {
		if (!change->new || change->old)
			continue;
		ret = blamed(commit, LBMESH_OBJECT_PEER, change, add_peer);
		if (ret)
			return ret;
	}
	lbm_job_for_each(change, job, LBMESH_OBJECT_MEMBER) {
		if (!is_grant(job, change))
			continue;
		ret = blamed(commit, LBMESH_OBJECT_MEMBER, change, give_new);
		if (ret)
			return ret;
	}
	return lbm_wg_flush(&commit->wg);
}

static int prepare(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	struct lbm_change *change;
	int ret;

	ret = lbm_firewall_prepare(job);
	ret = ret ?: remember_peers(commit);
	ret = ret ?: prepare_new_devices(commit);
	if (ret)
		return ret;
	job->peered = true;
	ret = prepare_peers(commit);
	if (ret)
		return ret;
	lbm_job_for_each(change, job, LBMESH_OBJECT_DEVICE) {
		if (!change->new || !change->old)
			continue;
		ret = change_device(commit, change);
		if (ret)
			return ret;
	}
	return 0;
}

/* Give an interface the peer back that it had before it was managed. */
static void restore_kept(struct commit *commit, const struct lbm_kept *kept)
{
	struct lbm_job *job = commit->job;
	int ifindex = ifindex_in(job->next, kept->device);
	const struct lbm_peer *old, *new;
	struct lbm_key key;

	lbm_key_peer(&key, kept->device, kept->public_key);
	old = lbm_object_as(peer, lbm_trie_get(&job->before->peers, &key));
	if (!has_peer(job->next, kept->device, kept->public_key)) {
		/* It has been left alone, but for addresses. */
		put_peer(commit, ifindex, job->before, old, LBM_WG_UPDATE,
			 NULL);
		return;
	}
	new = lbm_object_as(peer, lbm_trie_get(&job->next->peers, &key));
	/* An endpoint cannot be taken away. */
	if (new->family && !old->family)
		lbm_wg_remove(&commit->wg, ifindex, kept->public_key);
	put_peer(commit, ifindex, job->before, old,
		 new->family ? WHOLE_PEER : WHOLE_PEER & ~LBM_WG_ENDPOINT,
		 kept->psk);
}

static void unprepare_peers(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	const struct lbm_peer *peer;
	struct lbm_change *change;
	struct lbm_kept *kept;

	lbm_job_for_each(change, job, LBMESH_OBJECT_MEMBER)
		if (is_grant(job, change))
			take(commit, job->next,
			     lbm_object_as(member, change->new));
	take_end(commit);
	lbm_job_for_each(change, job, LBMESH_OBJECT_PEER) {
		if (!change->new || change->old)
			continue;
		peer = lbm_object_as(peer, change->new);
		if (!has_peer(job->before, peer->device, peer->public_key))
			lbm_wg_remove(&commit->wg,
				      ifindex_in(job->next, peer->device),
				      peer->public_key);
	}
	list_for_each_entry(kept, &job->kept, list)
		restore_kept(commit, kept);
	lbm_wg_flush(&commit->wg);
}

static void unprepare(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	const struct lbm_device *device;
	struct lbm_change *change;

	/* Until then not even what an interface had is known whole. */
	if (job->peered)
		unprepare_peers(commit);
	lbm_job_for_each(change, job, LBMESH_OBJECT_DEVICE) {
		if (!change->new)
			continue;
		restore_device(commit, change);
		device = lbm_object_as(device, change->new);
		if (!change->old && !index_stays(job, device->id))
			lbm_gate_detach(job->ln, device->id, device->ifindex);
	}
}

/* --- Flip ---------------------------------------------------------------- */

static bool has_moves(const struct lbm_job *job)
{
	const struct lbm_change *change;

	lbm_job_for_each(change, job, LBMESH_OBJECT_MEMBER)
		if (is_move(job, change))
			return true;
	return false;
}

static int flip(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	struct lbm_change *change;
	int ret;

	job->moves = has_moves(job);
	if (!job->moves)
		return 0;
	lbm_net_hold(job->ln, job->next);
	lbm_job_for_each(change, job, LBMESH_OBJECT_MEMBER) {
		if (!is_move(job, change) || !is_gain(job, change))
			continue;
		ret = blamed(commit, LBMESH_OBJECT_MEMBER, change, give_new);
		if (ret)
			return ret;
	}
	lbm_job_for_each(change, job, LBMESH_OBJECT_MEMBER) {
		if (!is_move(job, change) || is_gain(job, change))
			continue;
		ret = blamed(commit, LBMESH_OBJECT_MEMBER, change, take_old);
		if (ret)
			return ret;
	}
	return take_end(commit);
}

/* Remove what a failure may have left of the throw-away peer. */
static void remove_thief(struct commit *commit)
{
	const struct lbm_generation *gen = commit->job->base;
	const struct lbm_node *node;
	struct lbm_key at;

	for (node = lbm_trie_next(&gen->devices, NULL); node;
	     node = lbm_trie_next(&gen->devices, &at)) {
		lbm_wg_remove(&commit->wg,
			      lbm_object_as(device, node->object)->ifindex,
			      commit->wg.thief_key);
		lbm_key_of_node(&at, node);
	}
}

/* Bring every address that was moved back to its owner. */
static void unflip(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	const struct lbm_member *old;
	struct lbm_change *change;

	if (!job->moves)
		return;
	lbm_job_for_each(change, job, LBMESH_OBJECT_MEMBER) {
		if (!is_move(job, change) || !change->old)
			continue;
		old = lbm_object_as(member, change->old);
		if (!old->local)
			give(commit, job->base, old);
	}
	lbm_wg_flush(&commit->wg);
	lbm_job_for_each(change, job, LBMESH_OBJECT_MEMBER) {
		if (!is_move(job, change) || !is_gain(job, change))
			continue;
		if (!change->old || lbm_object_as(member, change->old)->local)
			take(commit, job->next,
			     lbm_object_as(member, change->new));
	}
	lbm_wg_take_end(&commit->wg);
	remove_thief(commit);
	lbm_wg_flush(&commit->wg);
}

/*
 * Make the other generation the one in force. A gate whose interface comes or
 * goes is shut meanwhile: a device that changes its interface has members in
 * both generations.
 */
static void turn(struct lbm_job *job, struct lbm_generation *gen)
{
	const struct lbm_object *object;
	struct lbm_change *change;

	lbm_job_for_each(change, job, LBMESH_OBJECT_DEVICE) {
		object = change->old ?: change->new;
		if (!change->old != !change->new)
			lbm_gate_open(job->ln, lbm_object_as(device, object)->id,
				      lbm_object_as(device, object)->ifindex,
				      false);
	}
	lbm_net_publish(job->ln, gen, job);
	lbm_job_for_each(change, job, LBMESH_OBJECT_DEVICE) {
		object = gen == job->next ? change->new : change->old;
		if (object && !change->old != !change->new)
			lbm_gate_open(job->ln, lbm_object_as(device, object)->id,
				      lbm_object_as(device, object)->ifindex,
				      true);
	}
}

/* --- Settle --------------------------------------------------------------- */

static void change_peer(struct commit *commit, struct lbm_change *change)
{
	const struct lbm_peer *old = lbm_object_as(peer, change->old);
	const struct lbm_peer *new = lbm_object_as(peer, change->new);
	unsigned int what = LBM_WG_UPDATE;

	if (!lbm_peer_same_endpoint(old, new))
		what |= LBM_WG_ENDPOINT;
	if (old->keepalive != new->keepalive)
		what |= LBM_WG_KEEPALIVE;
	if (change->has_secret)
		what |= LBM_WG_PSK;
	lbm_wg_peer(&commit->wg, ifindex_in(commit->job->next, new->device),
		    new, what, change->secret);
}

static void settle(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	struct lbm_change *change;

	lbm_job_for_each(change, job, LBMESH_OBJECT_DEVICE)
		if (change->old && change->new)
			set_device(commit, change,
				   find_wishes(change) & LBM_WG_KEY);
	lbm_job_for_each(change, job, LBMESH_OBJECT_PEER)
		if (change->old && change->new)
			change_peer(commit, change);
	lbm_wg_flush(&commit->wg);
}

static void restore_peer(struct commit *commit, struct lbm_change *change)
{
	unsigned int what = LBM_WG_UPDATE | LBM_WG_KEEPALIVE;
	const struct lbm_peer *new = lbm_object_as(peer, change->new);
	struct lbm_peer peer = *lbm_object_as(peer, change->old);
	const struct lbm_was *was = change->was;
	int ifindex = ifindex_in(commit->job->base, peer.device);

	if (was && !was->family && new->family) {
		/*
		 * An endpoint cannot be taken away. One that had none had no
		 * session either, and loses nothing by being made anew.
		 */
		lbm_wg_remove(&commit->wg, ifindex, peer.public_key);
		put_peer(commit, ifindex, commit->job->base, &peer, WHOLE_PEER,
			 was->psk);
		return;
	}
	if (was && was->family) {
		peer.family = was->family;
		peer.port = was->port;
		peer.endpoint = was->endpoint;
		what |= LBM_WG_ENDPOINT;
	}
	if (was && change->has_secret)
		what |= LBM_WG_PSK;
	lbm_wg_peer(&commit->wg, ifindex, &peer, what, was ? was->psk : NULL);
}

/* Bring the peers back that settle changed; devices are for unprepare. */
static void unsettle(struct commit *commit)
{
	struct lbm_change *change;

	lbm_job_for_each(change, commit->job, LBMESH_OBJECT_PEER)
		if (change->old && change->new)
			restore_peer(commit, change);
	lbm_wg_flush(&commit->wg);
}

/* --- Retire -------------------------------------------------------------- */

static void retire_peers(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	const struct lbm_peer *peer;
	struct lbm_change *change;
	struct lbm_kept *kept;

	lbm_job_for_each(change, job, LBMESH_OBJECT_PEER) {
		if (!change->old || change->new)
			continue;
		peer = lbm_object_as(peer, change->old);
		if (!has_returned(job, peer->device))
			lbm_wg_remove(&commit->wg,
				      ifindex_in(job->base, peer->device),
				      peer->public_key);
	}
	list_for_each_entry(kept, &job->kept, list)
		if (!has_peer(job->next, kept->device, kept->public_key))
			lbm_wg_remove(&commit->wg,
				      ifindex_in(job->next, kept->device),
				      kept->public_key);
	lbm_wg_flush(&commit->wg);
}

static void retire(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	const struct lbm_device *device;
	const struct lbm_member *old;
	struct lbm_change *change;

	retire_peers(commit);
	lbm_job_for_each(change, job, LBMESH_OBJECT_MEMBER) {
		if (!is_loss(job, change) || is_move(job, change))
			continue;
		old = lbm_object_as(member, change->old);
		/* Of a peer that goes, the addresses have gone with it. */
		if (has_peer(job->next, old->device, old->public_key))
			take(commit, job->base, old);
	}
	take_end(commit);
	lbm_job_for_each(change, job, LBMESH_OBJECT_DEVICE) {
		if (!change->old || change->new)
			continue;
		device = lbm_object_as(device, change->old);
		if (!index_stays(job, device->id))
			lbm_gate_detach(job->ln, device->id, device->ifindex);
	}
}

/*
 * Remove all peers of a generation's interfaces: by name and some at a time, so
 * that RTNL is never held for long, and then what others have added.
 */
static void empty_devices(struct commit *commit,
			  const struct lbm_generation *gen)
{
	const struct lbm_node *node;
	const struct lbm_peer *peer;
	struct lbm_key at;

	if (!gen)
		return;
	for (node = lbm_trie_next(&gen->peers, NULL); node;
	     node = lbm_trie_next(&gen->peers, &at)) {
		peer = lbm_object_as(peer, node->object);
		lbm_wg_remove(&commit->wg, ifindex_in(gen, peer->device),
			      peer->public_key);
		lbm_key_of_node(&at, node);
	}
	lbm_wg_flush(&commit->wg);
	for (node = lbm_trie_next(&gen->devices, NULL); node;
	     node = lbm_trie_next(&gen->devices, &at)) {
		lbm_wg_set_device(&commit->wg,
				  lbm_object_as(device, node->object)->ifindex,
				  LBM_WG_NO_PEERS, NULL);
		lbm_key_of_node(&at, node);
	}
}

/* --- Running -------------------------------------------------------------- */

/*
 * Run a step that has no way back: what fails for want of memory is tried
 * again, as each of these steps can be done twice.
 *
 * Return: 0, or the errno that it gave up with.
 */
static int persist(struct commit *commit, void (*step)(struct commit *commit))
{
	struct lbm_wg *wg = &commit->wg;
	unsigned int wait_ms = 1;

	/* There is no wireguard any more, hence nothing to do. */
	if (!wg->family)
		return 0;
	wg->lenient = true;
	for (;;) {
		wg->error = 0;
		step(commit);
		if (!wg->error || wait_ms > 1000 ||
		    READ_ONCE(commit->job->ln->dying))
			break;
		lbm_wg_drop(wg);
		msleep(wait_ms);
		wait_ms *= 4;
	}
	wg->lenient = false;
	return wg->error;
}

static void end_phase(struct commit *commit, struct lbm_result *result,
		      enum lbmesh_phase phase, int error)
{
	struct lbm_net *ln = commit->job->ln;
	u64 now = ktime_get_ns();

	result->duration[phase] = now - commit->began;
	commit->began = now;
	trace_lbmesh_phase(ln->net->ns.inum, result->cookie, phase, error,
			   result->duration[phase]);
}

static void fail(struct lbm_job *job, enum lbmesh_phase phase, int error)
{
	static const char * const messages[] = {
		[LBMESH_PHASE_PREPARE] =
			"preparing WireGuard failed; everything is undone",
		[LBMESH_PHASE_FLIP] =
			"moving addresses failed; everything is undone",
		[LBMESH_PHASE_CONFIRM] =
			"WireGuard could not be asked; the generation is still pending",
		[LBMESH_PHASE_RETIRE] =
			"WireGuard could not be asked; nothing has changed",
	};

	job->result.phase = phase;
	job->result.error = -error;
	if (error == -ENODEV)
		job->result.message =
			"an interface is gone; everything is undone";
	if (!job->result.message)
		job->result.message = messages[phase];
}

static int begin(struct commit **commit, struct lbm_job *job)
{
	*commit = kzalloc(sizeof(**commit), GFP_KERNEL);
	if (!*commit)
		return -ENOMEM;
	(*commit)->job = job;
	(*commit)->began = ktime_get_ns();
	return lbm_wg_open(&(*commit)->wg, job->ln->net, job->cred);
}

static void end(struct commit *commit)
{
	struct lbm_net *ln;

	if (!commit)
		return;
	ln = commit->job->ln;
	mutex_lock(&ln->lock);
	ln->totals.requests += commit->wg.sent;
	mutex_unlock(&ln->lock);
	lbm_wg_close(&commit->wg);
	kfree(commit);
}

/* Only a job that changes endpoints has put hooks on, or leaves some over. */
static void settle_firewall(struct lbm_job *job,
			    const struct lbm_generation *gen)
{
	if (!list_empty(&job->changes[LBMESH_OBJECT_ENDPOINT]))
		lbm_firewall_settle(job->ln, gen);
}

/* Undo what has been done of prepare and flip. */
static void undo(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	int ret;

	lbm_wg_drop(&commit->wg);
	ret = persist(commit, unflip);
	if (job->moves)
		lbm_net_hold(job->ln, NULL);
	ret = persist(commit, unprepare) ?: ret;
	settle_firewall(job, job->base);
	if (ret)
		job->result.message =
			"the commit failed and could not be undone whole; run audit";
}

static void run_phases(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	int ret;

	ret = prepare(commit);
	end_phase(commit, &job->result, LBMESH_PHASE_PREPARE, ret);
	if (ret) {
		fail(job, LBMESH_PHASE_PREPARE, ret);
		undo(commit);
		return;
	}
	ret = flip(commit);
	if (ret) {
		fail(job, LBMESH_PHASE_FLIP, ret);
		undo(commit);
		end_phase(commit, &job->result, LBMESH_PHASE_FLIP, ret);
		return;
	}
	/* What has passed WireGuard with its old owner is through the gate. */
	if (job->moves)
		synchronize_rcu_expedited();
	turn(job, job->next);
	/* --- The point of no return, unless confirm was asked for. --- */
	job->result.object = LBMESH_OBJECT_NONE;
	job->result.index = 0;
	ret = persist(commit, settle);
	end_phase(commit, &job->result, LBMESH_PHASE_FLIP, ret);
	job->result.phase = LBMESH_PHASE_CONFIRM;
	if (!job->confirm_ms) {
		job->result.phase = LBMESH_PHASE_RETIRE;
		ret = persist(commit, retire) ?: ret;
		settle_firewall(job, job->next);
		end_phase(commit, &job->result, LBMESH_PHASE_RETIRE, ret);
	}
	if (ret)
		job->result.message =
			"in force, but WireGuard kept something old; run audit";
}

/**
 * lbm_commit_run - run a commit through its phases
 * @job: the commit; its result is filled in. With confirm asked for, the
 *	generation is pending when that is without error.
 *
 * As all of these, called by the worker of the namespace, with no lock held.
 */
void lbm_commit_run(struct lbm_job *job)
{
	struct commit *commit;
	int ret;

	ret = begin(&commit, job);
	if (!ret) {
		run_phases(commit);
	} else {
		if (commit)
			job->result.message =
				"the wireguard module does not answer";
		fail(job, LBMESH_PHASE_PREPARE, ret);
	}
	end(commit);
}

/**
 * lbm_commit_confirm - retire what a pending commit has left
 * @job: the confirm; its result is filled in
 * @pending: the commit
 *
 * Return: 0, or the errno for which nothing has been done.
 */
int lbm_commit_confirm(struct lbm_job *job, struct lbm_job *pending)
{
	struct commit *commit;
	int ret;

	ret = begin(&commit, pending);
	if (!ret || ret == -ENOENT) {
		ret = persist(commit, retire);
		settle_firewall(pending, pending->next);
		job->result.phase = LBMESH_PHASE_RETIRE;
		end_phase(commit, &job->result, LBMESH_PHASE_RETIRE, ret);
		if (ret)
			job->result.message =
				"confirmed, but WireGuard kept something old; run audit";
		ret = 0;
	} else {
		fail(job, LBMESH_PHASE_CONFIRM, ret);
	}
	end(commit);
	return ret;
}

static int go_back(struct commit *commit)
{
	struct lbm_job *pending = commit->job;
	int ret;

	if (pending->moves)
		lbm_net_hold(pending->ln, pending->base);
	ret = persist(commit, unsettle);
	ret = persist(commit, unflip) ?: ret;
	if (pending->moves)
		synchronize_rcu_expedited();
	turn(pending, pending->base);
	ret = persist(commit, unprepare) ?: ret;
	settle_firewall(pending, pending->base);
	return ret;
}

/**
 * lbm_commit_revert - bring back the generation before a pending one
 * @job: the revert, or the pending commit itself; its result is filled in
 * @pending: the commit
 *
 * Return: 0, or the errno for which nothing has been done.
 */
int lbm_commit_revert(struct lbm_job *job, struct lbm_job *pending)
{
	struct commit *commit;
	int ret;

	ret = begin(&commit, pending);
	if (!ret || ret == -ENOENT) {
		ret = go_back(commit);
		job->result.phase = LBMESH_PHASE_CONFIRM;
		end_phase(commit, &job->result, LBMESH_PHASE_CONFIRM, ret);
		if (ret)
			job->result.message =
				"reverted, but WireGuard kept something new; run audit";
		ret = 0;
	} else {
		fail(job, LBMESH_PHASE_CONFIRM, ret);
	}
	end(commit);
	return ret;
}

static void empty_all(struct commit *commit)
{
	struct lbm_job *job = commit->job;

	empty_devices(commit, job->base);
	empty_devices(commit, job->next);
}

/**
 * lbm_commit_flush - end the generation in force
 * @job: the flush; its result is filled in. Its base is the generation in
 *	force, its next the one before that, if one is pending.
 */
void lbm_commit_flush(struct lbm_job *job)
{
	struct commit *commit;
	int ret;

	job->result.phase = LBMESH_PHASE_RETIRE;
	if (!job->base)
		return;
	ret = begin(&commit, job);
	/* No wireguard module, no interfaces: nothing to take back. */
	if (ret && ret != -ENOENT) {
		fail(job, LBMESH_PHASE_RETIRE, ret);
		goto out;
	}
	lbm_net_publish(job->ln, NULL, NULL);
	end_phase(commit, &job->result, LBMESH_PHASE_FLIP, 0);
	ret = persist(commit, empty_all);
	lbm_gate_detach_all(job->ln);
	lbm_firewall_settle(job->ln, NULL);
	end_phase(commit, &job->result, LBMESH_PHASE_RETIRE, ret);
	if (ret)
		job->result.message =
			"flushed, but WireGuard kept something old";
out:
	end(commit);
}

/**
 * lbm_commit_check - audit or repair
 * @job: the audit or repair; its result is filled in
 */
void lbm_commit_check(struct lbm_job *job)
{
	struct commit *commit;
	int ret, told;

	job->result.phase = LBMESH_PHASE_RETIRE;
	ret = begin(&commit, job);
	if (ret && commit)
		job->result.message = "the wireguard module does not answer";
	if (!ret && job->kind == LBM_JOB_AUDIT)
		ret = lbm_audit(job, &commit->wg);
	else if (!ret)
		ret = lbm_repair(job, &commit->wg);
	if (job->drift_count > LBM_DRIFTS_MAX && !job->result.message)
		job->result.message = "more differs than is listed";
	told = lbm_netlink_send_drifts(job);
	ret = ret ?: told;
	job->result.error = -ret;
	if (commit)
		end_phase(commit, &job->result, LBMESH_PHASE_RETIRE, ret);
	/* Without the marks of keys that have been lost. */
	if (job->next)
		lbm_net_publish(job->ln, job->next, NULL);
	end(commit);
}

/**
 * lbm_commit_abandon - remove all peers of a namespace that goes away
 * @ln: the namespace, in pre_exit: its interfaces are still there
 * @gen: the generation in force
 *
 * wireguard itself takes a grace period for each peer when an interface is
 * destroyed with its namespace.
 */
void lbm_commit_abandon(struct lbm_net *ln, const struct lbm_generation *gen)
{
	struct commit *commit;
	struct lbm_job job = {
		.ln = ln,
		.cred = current_cred(),
	};

	if (!begin(&commit, &job)) {
		commit->wg.lenient = true;
		empty_devices(commit, gen);
	}
	end(commit);
}
