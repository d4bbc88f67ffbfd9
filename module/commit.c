// SPDX-License-Identifier: GPL-2.0
/*
 * The phases of a commit.
 *
 *  1. prepare	New interfaces get their gate, key and port; new peers are added
 *		with the addresses that nobody has yet. The gate drops their
 *		packets, because the generation in force lacks them. Last, what
 *		an interface that stays changes is set. All can be undone.
 *  2. flip	What a peer that stays changes is set. Addresses that change
 *		owner are moved: to add an address to a peer takes it from the
 *		other in the same moment. All of it can be undone. Then the new
 *		generation is published: the point of no return.
 *  3. retire	Peers and addresses that no generation needs are removed.
 *
 * A peer that does not change is in no request at all. An address leaves a
 * peer that keeps others by moving to a peer that is made for that and removed
 * with it, because before Linux 6.16 the addresses of a peer can only be
 * replaced as a whole, which loses packets.
 *
 * The order of requests within a phase is: interfaces, peers, addresses.
 */

#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "commit.h"
#include "gate.h"

/**
 * struct commit - a job in its phases
 * @job: the job
 * @wg: conversation with wireguard
 * @thief: a throw-away peer is under construction, with @thief_key, on
 *	@thief_ifindex
 * @thief_ifindex: its interface
 * @thief_key: its key
 */
struct commit {
	struct lbm_job *job;
	struct lbm_wg wg;
	bool thief;
	int thief_ifindex;
	u8 thief_key[LBMESH_KEY_LEN];
};

/* Name the object that a failure is about. */
static void blame(struct lbm_job *job, enum lbmesh_object kind,
		  const struct lbm_change *change)
{
	job->result.object = kind;
	job->result.index = change->index;
}

static int ifindex_in(const struct lbm_generation *gen, u32 device)
{
	struct lbm_object *object;
	struct lbm_key key;

	if (!gen)
		return 0;
	lbm_key_id(&key, device);
	object = lbm_trie_get(&gen->devices, &key);
	return object ? lbm_object_as(device, object)->ifindex : 0;
}

static struct lbm_object *peer_in(const struct lbm_generation *gen, u32 device,
				  const u8 *public_key)
{
	struct lbm_key key;

	lbm_key_peer(&key, device, public_key);
	return gen ? lbm_trie_get(&gen->peers, &key) : NULL;
}

/* Whether both generations have the peer, on the same interface. */
static bool peer_stays(const struct lbm_job *job, u32 device,
		       const u8 *public_key)
{
	return peer_in(job->base, device, public_key) &&
	       peer_in(job->next, device, public_key) &&
	       ifindex_in(job->base, device) == ifindex_in(job->next, device);
}

/* After a failure: what was not sent is not sent any more. */
static void drop_request(struct commit *commit)
{
	commit->thief = false;
	lbm_wg_drop(&commit->wg);
}

/* --- Removing addresses from peers that stay ---------------------------- */

static int thief_end(struct commit *commit)
{
	if (!commit->thief)
		return 0;
	commit->thief = false;
	return lbm_wg_remove(&commit->wg, commit->thief_ifindex,
			     commit->thief_key);
}

/* Take an address from whichever peer has it. */
static int steal(struct commit *commit, int ifindex,
		 const struct lbm_member *member)
{
	int ret;

	if (commit->thief && commit->thief_ifindex != ifindex) {
		ret = thief_end(commit);
		if (ret)
			return ret;
	}
	if (!commit->thief) {
		get_random_bytes(commit->thief_key, sizeof(commit->thief_key));
		commit->thief_ifindex = ifindex;
		ret = lbm_wg_peer_key(&commit->wg, ifindex, commit->thief_key,
				      0);
		if (ret)
			return ret;
		commit->thief = true;
	}
	return lbm_wg_address(&commit->wg, member);
}

static int steal_end(struct commit *commit)
{
	return thief_end(commit) ?: lbm_wg_flush(&commit->wg);
}

/* --- Interfaces ---------------------------------------------------------- */

struct adoption {
	struct lbm_job *job;
	const struct lbm_device *device;
};

/* Remember a peer that an interface had before, to be removed in the end. */
static int note_foreign(void *context, const u8 *public_key)
{
	struct adoption *adoption = context;
	struct lbm_foreign *foreign;

	if (peer_in(adoption->job->next, adoption->device->id, public_key))
		return 0;
	foreign = kzalloc(sizeof(*foreign), GFP_KERNEL_ACCOUNT);
	if (!foreign)
		return -ENOMEM;
	foreign->ifindex = adoption->device->ifindex;
	memcpy(foreign->public_key, public_key, LBMESH_KEY_LEN);
	list_add_tail(&foreign->list, &adoption->job->foreign);
	return 0;
}

/* Set what differs from the old device, which is NULL for a new one. */
static int set_device(struct commit *commit, struct lbm_change *change)
{
	const struct lbm_device *new = lbm_object_as(device, change->new);
	const struct lbm_device *old;
	struct lbm_wg_device wish = {};
	unsigned int what = 0;
	int ret = 0;

	old = change->old ? lbm_object_as(device, change->old) : NULL;
	if (change->has_secret &&
	    (!old || !old->has_key || old->key_print != new->key_print)) {
		memcpy(wish.private_key, change->secret, LBMESH_KEY_LEN);
		what |= LBM_WG_KEY;
	}
	if (new->has_port && (!old || !old->has_port || old->port != new->port)) {
		wish.port = new->port;
		what |= LBM_WG_PORT;
	}
	if (new->has_fwmark &&
	    (!old || !old->has_fwmark || old->fwmark != new->fwmark)) {
		wish.fwmark = new->fwmark;
		what |= LBM_WG_FWMARK;
	}
	if (what)
		ret = lbm_wg_set_device(&commit->wg, new->ifindex, what, &wish);
	memzero_explicit(&wish, sizeof(wish));
	if (!ret && new->mtu && (!old || old->mtu != new->mtu))
		ret = lbm_gate_mtu(commit->job->ln, new->ifindex, new->mtu,
				   &change->saved->mtu);
	return ret;
}

/*
 * wireguard silently ignores a peer with the interface's own key, so we refuse
 * it. The key is kept in the new object, which nobody else sees as yet.
 */
static int note_own_key(struct commit *commit, struct lbm_device *device,
			const struct lbm_wg_device *saved)
{
	struct lbm_wg_device now;
	int ret;

	memcpy(device->public_key, saved->public_key, LBMESH_KEY_LEN);
	if (device->has_key) {
		ret = lbm_wg_get(&commit->wg, device->ifindex, &now, NULL, NULL);
		memcpy(device->public_key, now.public_key, LBMESH_KEY_LEN);
		memzero_explicit(&now, sizeof(now));
		/* A dump of peers that was disturbed has the key all the same. */
		if (ret && ret != -EINTR)
			return ret;
	}
	if (!peer_in(commit->job->next, device->id, device->public_key))
		return 0;
	commit->job->result.object = LBMESH_OBJECT_PEER;
	commit->job->result.message =
		"peer: public-key is that of its own device";
	return -EINVAL;
}

/* Remember what an interface has, and set what it shall have. */
static int change_device(struct commit *commit, struct lbm_change *change)
{
	struct lbm_device *new = lbm_object_as(device, change->new);
	struct adoption adoption = {
		.job = commit->job,
		.device = new,
	};
	int tries = 10;
	int ret;

	blame(commit->job, LBMESH_OBJECT_DEVICE, change);
	change->saved = kzalloc(sizeof(*change->saved), GFP_KERNEL);
	if (!change->saved)
		return -ENOMEM;
	/* Peers that come or go meanwhile make it necessary to look again. */
	do {
		ret = lbm_wg_get(&commit->wg, new->ifindex, change->saved,
				 change->old ? NULL : note_foreign, &adoption);
	} while (ret == -EINTR && !change->old && tries--);
	if (ret && ret != -EINTR) {
		kfree_sensitive(change->saved);
		change->saved = NULL;
		return ret;
	}
	ret = set_device(commit, change);
	return ret ?: note_own_key(commit, new, change->saved);
}

static int restore_device(struct commit *commit, struct lbm_change *change)
{
	const struct lbm_device *new = lbm_object_as(device, change->new);
	u32 mtu;
	int ret;

	if (!change->saved)
		return 0;
	ret = lbm_wg_set_device(&commit->wg, new->ifindex,
				LBM_WG_KEY | LBM_WG_PORT | LBM_WG_FWMARK,
				change->saved);
	if (!ret && change->saved->mtu)
		ret = lbm_gate_mtu(commit->job->ln, new->ifindex,
				   change->saved->mtu, &mtu);
	return ret;
}

/* --- Prepare ------------------------------------------------------------- */

/* Whether the address has no owner in the base, so that it need not move. */
static bool is_fresh(const struct lbm_job *job, const struct lbm_member *member)
{
	return ifindex_in(job->base, member->device) !=
		       ifindex_in(job->next, member->device) ||
	       !lbm_generation_find(job->base, &member->object);
}

static int add_peer(struct commit *commit, struct lbm_change *change)
{
	const struct lbm_peer *peer = lbm_object_as(peer, change->new);
	unsigned int what = LBM_WG_ENDPOINT | LBM_WG_KEEPALIVE | LBM_WG_REPLACE;
	struct lbm_job *job = commit->job;
	const struct lbm_member *member;
	const struct lbm_node *node;
	struct lbm_key prefix, at;
	int ret;

	blame(job, LBMESH_OBJECT_PEER, change);
	if (change->has_secret)
		what |= LBM_WG_PSK;
	ret = lbm_wg_peer(&commit->wg, ifindex_in(job->next, peer->device),
			  peer, what, change->secret);
	lbm_key_peer(&prefix, peer->device, peer->public_key);
	node = lbm_trie_next_in(&job->next->of_peer, &prefix, NULL);
	while (!ret && node) {
		member = lbm_object_as(member, node->object);
		if (is_fresh(job, member))
			ret = lbm_wg_address(&commit->wg, member);
		lbm_key_of_node(&at, node);
		node = lbm_trie_next_in(&job->next->of_peer, &prefix, &at);
	}
	return ret;
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

/* Whether the change gives a fresh address to a peer that is already there. */
static bool is_grant(const struct lbm_job *job, const struct lbm_change *change)
{
	const struct lbm_member *new;

	if (!change->new || change->old)
		return false;
	new = lbm_object_as(member, change->new);
	return !new->local && is_fresh(job, new) &&
	       peer_stays(job, new->device, new->public_key);
}

static int prepare(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	struct lbm_change *change;
	int ret;

	lbm_job_for_each(change, job, LBMESH_OBJECT_DEVICE) {
		const struct lbm_device *new;

		if (!change->new || change->old)
			continue;
		new = lbm_object_as(device, change->new);
		blame(job, LBMESH_OBJECT_DEVICE, change);
		ret = lbm_gate_attach(job->ln, new->id, new->ifindex);
		ret = ret ?: change_device(commit, change);
		if (ret)
			return ret;
	}
	lbm_job_for_each(change, job, LBMESH_OBJECT_PEER) {
		if (!change->new || change->old)
			continue;
		ret = add_peer(commit, change);
		if (ret)
			return ret;
	}
	lbm_job_for_each(change, job, LBMESH_OBJECT_MEMBER) {
		if (!is_grant(job, change))
			continue;
		blame(job, LBMESH_OBJECT_MEMBER, change);
		ret = give(commit, job->next,
			   lbm_object_as(member, change->new));
		if (ret)
			return ret;
	}
	ret = lbm_wg_flush(&commit->wg);
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

static int unprepare(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	const struct lbm_member *member;
	struct lbm_change *change;
	int ret = 0;

	lbm_job_for_each(change, job, LBMESH_OBJECT_MEMBER) {
		if (!is_grant(job, change))
			continue;
		member = lbm_object_as(member, change->new);
		ret = steal(commit, ifindex_in(job->base, member->device),
			    member) ?: ret;
	}
	ret = steal_end(commit) ?: ret;
	lbm_job_for_each(change, job, LBMESH_OBJECT_PEER) {
		const struct lbm_peer *peer;

		if (!change->new || change->old)
			continue;
		peer = lbm_object_as(peer, change->new);
		ret = lbm_wg_remove(&commit->wg,
				    ifindex_in(job->next, peer->device),
				    peer->public_key) ?: ret;
	}
	ret = lbm_wg_flush(&commit->wg) ?: ret;
	lbm_job_for_each(change, job, LBMESH_OBJECT_DEVICE) {
		const struct lbm_device *new;

		if (!change->new)
			continue;
		ret = restore_device(commit, change) ?: ret;
		new = lbm_object_as(device, change->new);
		if (!change->old)
			lbm_gate_detach(job->ln, new->id, new->ifindex);
	}
	return ret;
}

/* --- Flip ---------------------------------------------------------------- */

/* Whether the address goes from one owner to another on one interface. */
static bool is_move(const struct lbm_job *job, const struct lbm_change *change)
{
	return change->old && change->new &&
	       !lbm_member_same_owner(lbm_object_as(member, change->old),
				      lbm_object_as(member, change->new));
}

static int change_peer(struct commit *commit, struct lbm_change *change)
{
	const struct lbm_peer *old = lbm_object_as(peer, change->old);
	const struct lbm_peer *new = lbm_object_as(peer, change->new);
	unsigned int what = LBM_WG_UPDATE;

	blame(commit->job, LBMESH_OBJECT_PEER, change);
	if (!lbm_peer_same_endpoint(old, new))
		what |= LBM_WG_ENDPOINT;
	if (old->keepalive != new->keepalive)
		what |= LBM_WG_KEEPALIVE;
	if (change->has_secret)
		what |= LBM_WG_PSK;
	return lbm_wg_peer(&commit->wg,
			   ifindex_in(commit->job->next, new->device), new,
			   what, change->secret);
}

static int flip(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	const struct lbm_member *new;
	struct lbm_change *change;
	int ret;

	lbm_job_for_each(change, job, LBMESH_OBJECT_PEER) {
		if (!change->new || !change->old)
			continue;
		ret = change_peer(commit, change);
		if (ret)
			return ret;
	}
	lbm_job_for_each(change, job, LBMESH_OBJECT_MEMBER) {
		if (!is_move(job, change))
			continue;
		new = lbm_object_as(member, change->new);
		if (new->local)
			continue;
		blame(job, LBMESH_OBJECT_MEMBER, change);
		ret = give(commit, job->next, new);
		if (ret)
			return ret;
	}
	return lbm_wg_flush(&commit->wg);
}

static int unflip(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	const struct lbm_member *old;
	struct lbm_change *change;
	int ret = 0;

	lbm_job_for_each(change, job, LBMESH_OBJECT_MEMBER) {
		if (!is_move(job, change))
			continue;
		old = lbm_object_as(member, change->old);
		if (!old->local)
			ret = give(commit, job->base, old) ?: ret;
	}
	ret = lbm_wg_flush(&commit->wg) ?: ret;
	lbm_job_for_each(change, job, LBMESH_OBJECT_MEMBER) {
		if (!is_move(job, change))
			continue;
		old = lbm_object_as(member, change->old);
		if (old->local)
			ret = steal(commit, ifindex_in(job->base, old->device),
				    old) ?: ret;
	}
	ret = steal_end(commit) ?: ret;
	lbm_job_for_each(change, job, LBMESH_OBJECT_PEER) {
		const struct lbm_peer *peer;

		if (!change->new || !change->old)
			continue;
		peer = lbm_object_as(peer, change->old);
		ret = lbm_wg_peer(&commit->wg,
				  ifindex_in(job->base, peer->device), peer,
				  LBM_WG_UPDATE | LBM_WG_ENDPOINT |
				  LBM_WG_KEEPALIVE, NULL) ?: ret;
	}
	return lbm_wg_flush(&commit->wg) ?: ret;
}

/* --- Retire -------------------------------------------------------------- */

/* Whether a peer that stays must lose the change's old address. */
static bool is_loss(const struct lbm_job *job, const struct lbm_change *change)
{
	const struct lbm_member *old;

	if (!change->old)
		return false;
	old = lbm_object_as(member, change->old);
	if (old->local || !peer_stays(job, old->device, old->public_key))
		return false;
	return !change->new || lbm_object_as(member, change->new)->local;
}

static int retire_peers(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	struct lbm_foreign *foreign;
	const struct lbm_peer *peer;
	struct lbm_change *change;
	int ret = 0;

	lbm_job_for_each(change, job, LBMESH_OBJECT_PEER) {
		if (!change->old || change->new)
			continue;
		peer = lbm_object_as(peer, change->old);
		ret = lbm_wg_remove(&commit->wg,
				    ifindex_in(job->base, peer->device),
				    peer->public_key) ?: ret;
	}
	list_for_each_entry(foreign, &job->foreign, list)
		ret = lbm_wg_remove(&commit->wg, foreign->ifindex,
				    foreign->public_key) ?: ret;
	return lbm_wg_flush(&commit->wg) ?: ret;
}

static int retire(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	const struct lbm_device *device;
	const struct lbm_member *old;
	struct lbm_change *change;
	int ret;

	ret = retire_peers(commit);
	lbm_job_for_each(change, job, LBMESH_OBJECT_MEMBER) {
		if (!is_loss(job, change))
			continue;
		old = lbm_object_as(member, change->old);
		ret = steal(commit, ifindex_in(job->base, old->device), old) ?:
		      ret;
	}
	ret = steal_end(commit) ?: ret;
	lbm_job_for_each(change, job, LBMESH_OBJECT_DEVICE) {
		if (!change->old || change->new)
			continue;
		device = lbm_object_as(device, change->old);
		lbm_gate_detach(job->ln, device->id, device->ifindex);
	}
	return ret;
}

/* Remove every peer of the base, then the gates: what flush does. */
static int retire_base(struct commit *commit)
{
	struct lbm_job *job = commit->job;
	const struct lbm_node *node;
	const struct lbm_peer *peer;
	struct lbm_key at;
	int ret = 0;

	for (node = lbm_trie_next(&job->base->peers, NULL); node;
	     node = lbm_trie_next(&job->base->peers, &at)) {
		peer = lbm_object_as(peer, node->object);
		ret = lbm_wg_remove(&commit->wg,
				    ifindex_in(job->base, peer->device),
				    peer->public_key) ?: ret;
		lbm_key_of_node(&at, node);
	}
	ret = lbm_wg_flush(&commit->wg) ?: ret;
	lbm_gate_detach_all(job->ln);
	return ret;
}

/*
 * There is no way back from here, so what fails for want of memory is tried
 * again: each of the steps can be done twice. An interface that is gone needs
 * nothing.
 */
static int persist(struct commit *commit, int (*step)(struct commit *commit))
{
	unsigned int wait_ms = 1;
	int ret;

	for (;;) {
		ret = step(commit);
		if (!ret || ret == -ENODEV)
			return 0;
		if (wait_ms > 1000 || READ_ONCE(commit->job->ln->dying))
			return ret;
		drop_request(commit);
		msleep(wait_ms);
		wait_ms *= 4;
	}
}

/* --- All of it ----------------------------------------------------------- */

static u64 end_phase(struct lbm_job *job, enum lbmesh_phase phase, u64 began)
{
	u64 now = ktime_get_ns();

	job->result.duration[phase] = now - began;
	return now;
}

static void fail(struct lbm_job *job, enum lbmesh_phase phase, int error)
{
	static const char * const messages[] = {
		[LBMESH_PHASE_PREPARE] =
			"preparing WireGuard failed; everything is undone",
		[LBMESH_PHASE_FLIP] =
			"moving addresses failed; everything is undone",
	};

	job->result.phase = phase;
	job->result.error = -error;
	if (!job->result.message)
		job->result.message = messages[phase];
}

static int undo(struct commit *commit, bool flipped)
{
	int ret = 0;

	drop_request(commit);
	if (flipped)
		ret = unflip(commit);
	ret = unprepare(commit) ?: ret;
	if (ret)
		commit->job->result.message =
			"the commit failed and could not be undone whole; run audit";
	return ret;
}

static void run_phases(struct commit *commit,
		       void (*publish)(struct lbm_job *job))
{
	struct lbm_job *job = commit->job;
	u64 began = ktime_get_ns();
	int ret;

	ret = prepare(commit);
	began = end_phase(job, LBMESH_PHASE_PREPARE, began);
	if (ret) {
		fail(job, LBMESH_PHASE_PREPARE, ret);
		undo(commit, false);
		return;
	}
	ret = flip(commit);
	if (ret) {
		fail(job, LBMESH_PHASE_FLIP, ret);
		undo(commit, true);
		return;
	}
	publish(job);
	/* --- The point of no return. --- */
	began = end_phase(job, LBMESH_PHASE_FLIP, began);
	job->result.phase = LBMESH_PHASE_RETIRE;
	job->result.object = LBMESH_OBJECT_NONE;
	job->result.index = 0;
	ret = persist(commit, retire);
	end_phase(job, LBMESH_PHASE_RETIRE, began);
	if (ret)
		job->result.message =
			"in force, but WireGuard kept something old; run audit";
}

static void run_flush(struct commit *commit,
		      void (*publish)(struct lbm_job *job))
{
	struct lbm_job *job = commit->job;
	u64 began = ktime_get_ns();
	int ret;

	job->result.phase = LBMESH_PHASE_RETIRE;
	if (!job->base)
		return;
	publish(job);
	began = end_phase(job, LBMESH_PHASE_FLIP, began);
	ret = persist(commit, retire_base);
	end_phase(job, LBMESH_PHASE_RETIRE, began);
	if (ret)
		job->result.message =
			"flushed, but WireGuard kept something old";
}

/**
 * lbm_commit_run - run a job through its phases
 * @job: the job; its result is filled in
 * @publish: makes the job's next generation the one in force, and waits until
 *	no packet is judged by the old one
 *
 * Called by the worker of the namespace, with no lock held.
 */
void lbm_commit_run(struct lbm_job *job, void (*publish)(struct lbm_job *job))
{
	struct commit *commit;
	int ret;

	commit = kzalloc(sizeof(*commit), GFP_KERNEL);
	if (!commit) {
		fail(job, LBMESH_PHASE_PREPARE, -ENOMEM);
		return;
	}
	commit->job = job;
	ret = lbm_wg_open(&commit->wg, job->ln->net, job->cred);
	if (ret == -ENOENT && job->flush) {
		/* No wireguard module, no interfaces: nothing to take back. */
		publish(job);
		lbm_gate_detach_all(job->ln);
		job->result.phase = LBMESH_PHASE_RETIRE;
	} else if (ret) {
		job->result.message = "the wireguard module does not answer";
		fail(job, LBMESH_PHASE_PREPARE, ret);
	} else if (job->flush) {
		run_flush(commit, publish);
	} else {
		run_phases(commit, publish);
	}
	lbm_wg_close(&commit->wg);
	kfree(commit);
}
