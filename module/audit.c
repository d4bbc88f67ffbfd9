// SPDX-License-Identifier: GPL-2.0
/*
 * Comparing WireGuard with the generation in force, and mending it.
 *
 * An audit reads each interface once and compares what it has with what the
 * generation says of it. Only what a sender has stated counts: a port that no
 * commit has set may be any, and an endpoint, which WireGuard changes by itself
 * when a peer roams, is never looked at.
 *
 * A repair does the same, interface by interface, and notes what has to be done
 * while it reads. Then it does that, in this order: peers that are not ours go,
 * peers that are missing come, addresses go to their owners, and the rest is
 * set. A peer without a difference is in no request.
 *
 * Keys are not kept, so one that was changed cannot be set right. It is struck
 * from the generation instead: so it stays a difference, and the next commit
 * that states it will send it.
 *
 * In the worker of the namespace; the job holds the generation.
 */

#include <linux/netdevice.h>
#include <linux/slab.h>

#include "audit.h"
#include "gate.h"
#include "parse.h"

/* How often an interface is read whose peers change meanwhile. */
#define TRIES 10

static const u8 no_key[LBMESH_KEY_LEN];

/* What is done about a difference, in the order in which it is done. */
enum fix_kind {
	FIX_REMOVE,	/* the peer @public_key goes */
	FIX_ADD,	/* @peer comes, with all of its addresses */
	FIX_GIVE,	/* @peer gets all of its addresses */
	FIX_TAKE,	/* @peer loses the address @member */
	FIX_KEEPALIVE,	/* @peer gets its keepalive */
	FIX_NO_PSK,	/* @peer loses its pre-shared key */
	FIX_STRIKE,	/* the generation gives up the pre-shared key of @peer */
	FIX_KINDS,
};

/**
 * struct fix - what is done about a difference of a peer
 * @list: in the audit, by kind
 * @peer: of the generation; NULL for one that it does not have
 * @public_key: of one that it does not have
 * @member: an address
 */
struct fix {
	struct list_head list;
	const struct lbm_peer *peer;
	u8 public_key[LBMESH_KEY_LEN];
	struct lbm_member member;
};

/**
 * struct audit - an audit or repair on its way
 * @job: the job
 * @wg: conversation with wireguard
 * @mend: it is a repair
 * @device: the device that it has got to
 * @seen: peers of the generation that the interface has
 * @found: struct lbm_drift of the device, at most what may be listed
 * @found_count: how many there are, listed or not
 * @fixes: struct fix of the device, by kind
 * @missing: its interface is
 * @settings: what has to be set of the interface, LBM_WG_PORT and so on
 * @mtu: its MTU has to be set
 * @strike: its private key is not the one that was committed
 * @peer: the peer that is being read; NULL when it is not of the generation
 * @right: addresses that it has, and that it has to have
 * @wrong: addresses that it has, and that it has not to have
 * @gone: an interface is missing
 * @lost: a key was changed
 * @restless: an interface could not be read for changes
 */
struct audit {
	struct lbm_job *job;
	struct lbm_wg *wg;
	bool mend;
	const struct lbm_device *device;
	struct lbm_trie seen;
	struct list_head found;
	u32 found_count;
	struct list_head fixes[FIX_KINDS];
	bool missing;
	unsigned int settings;
	bool mtu;
	bool strike;
	const struct lbm_peer *peer;
	u32 right;
	u32 wrong;
	bool gone;
	bool lost;
	bool restless;
};

static bool same_key(const u8 *a, const u8 *b)
{
	return !memcmp(a, b, LBMESH_KEY_LEN);
}

/* --- What is noted -------------------------------------------------------- */

static void free_drifts(struct list_head *drifts)
{
	struct lbm_drift *drift, *next;

	list_for_each_entry_safe(drift, next, drifts, list)
		kfree(drift);
	INIT_LIST_HEAD(drifts);
}

/* Forget what was noted of the device, to read it again or go to the next. */
static void reset(struct audit *audit)
{
	struct fix *fix, *next;
	int kind;

	lbm_trie_clear(&audit->seen);
	free_drifts(&audit->found);
	audit->found_count = 0;
	for (kind = 0; kind < FIX_KINDS; kind++) {
		list_for_each_entry_safe(fix, next, &audit->fixes[kind], list)
			kfree(fix);
		INIT_LIST_HEAD(&audit->fixes[kind]);
	}
	audit->missing = false;
	audit->settings = 0;
	audit->mtu = false;
	audit->strike = false;
	audit->peer = NULL;
}

/* Note a difference, of a peer or (NULL) of the device itself. */
static int differ(struct audit *audit, enum lbmesh_drift_kind kind,
		  const u8 *public_key)
{
	struct lbm_drift *drift;

	if (audit->job->drift_count + audit->found_count++ >= LBM_DRIFTS_MAX)
		return 0;
	drift = kzalloc(sizeof(*drift), GFP_KERNEL);
	if (!drift)
		return -ENOMEM;
	drift->kind = kind;
	drift->device = audit->device->id;
	if (public_key) {
		drift->has_peer = true;
		memcpy(drift->public_key, public_key, LBMESH_KEY_LEN);
	}
	list_add_tail(&drift->list, &audit->found);
	return 0;
}

/* Note what has to be done, if it is to be done. */
static int plan(struct audit *audit, enum fix_kind kind,
		const struct lbm_peer *peer, const struct fix *more)
{
	struct fix *fix;

	if (!audit->mend)
		return 0;
	fix = kzalloc(sizeof(*fix), GFP_KERNEL);
	if (!fix)
		return -ENOMEM;
	if (more)
		*fix = *more;
	fix->peer = peer;
	list_add_tail(&fix->list, &audit->fixes[kind]);
	return 0;
}

/* --- Comparing ------------------------------------------------------------ */

/*
 * The addresses of a peer are right when as many are as it has to have: of an
 * interface's addresses none is told of twice.
 */
static int end_peer(struct audit *audit)
{
	const struct lbm_trie *members = &audit->job->base->of_peer;
	const struct lbm_peer *peer = audit->peer;
	const struct lbm_node *node;
	struct lbm_key prefix, at;
	u32 due = 0;
	int ret = 0;

	if (!peer)
		return 0;
	audit->peer = NULL;
	lbm_key_peer(&prefix, peer->device, peer->public_key);
	for (node = lbm_trie_next_in(members, &prefix, NULL); node;
	     node = lbm_trie_next_in(members, &prefix, &at)) {
		due++;
		lbm_key_of_node(&at, node);
	}
	if (audit->right != due || audit->wrong)
		ret = differ(audit, LBMESH_DRIFT_KIND_ALLOWEDIPS,
			     peer->public_key);
	if (audit->right != due)
		ret = ret ?: plan(audit, FIX_GIVE, peer, NULL);
	return ret;
}

/*
 * One address of the peer. An address that another peer has to have will be
 * given to that one, which lacks it; one that none has to have is taken away.
 */
static int read_address(struct audit *audit, const struct nlattr *allowedip)
{
	struct fix fix = { .member.device = audit->device->id };
	const struct lbm_member *member;
	const struct lbm_object *object;
	struct lbm_key key;
	int ret;

	ret = lbm_wg_address_of(allowedip, &fix.member);
	if (ret)
		return ret;
	lbm_key_member(&key, &fix.member);
	object = lbm_trie_get(&audit->job->base->members, &key);
	member = object ? lbm_object_as(member, object) : NULL;
	if (member && !member->local &&
	    same_key(member->public_key, audit->peer->public_key)) {
		audit->right++;
		return 0;
	}
	audit->wrong++;
	if (member && !member->local)
		return 0;
	return plan(audit, FIX_TAKE, audit->peer, &fix);
}

/* A pre-shared key is mended only where there has to be none. */
static int compare_psk(struct audit *audit, const struct lbm_wg_peer *now)
{
	const struct lbm_peer *peer = audit->peer;
	int ret;

	if (!peer->has_psk || peer->psk_print == lbm_psk_print(now->psk))
		return 0;
	ret = differ(audit, LBMESH_DRIFT_KIND_PRESHARED_KEY, peer->public_key);
	if (ret)
		return ret;
	return plan(audit, peer->psk_print == lbm_psk_print(no_key) ?
			   FIX_NO_PSK : FIX_STRIKE, peer, NULL);
}

/* The beginning of a peer. */
static int begin_peer(struct audit *audit, const struct lbm_wg_peer *now)
{
	struct lbm_object *object;
	struct fix fix = {};
	struct lbm_key key;
	int ret;

	lbm_key_peer(&key, audit->device->id, now->public_key);
	object = lbm_trie_get(&audit->job->base->peers, &key);
	if (!object) {
		memcpy(fix.public_key, now->public_key, LBMESH_KEY_LEN);
		ret = differ(audit, LBMESH_DRIFT_KIND_PEER_FOREIGN,
			     now->public_key);
		return ret ?: plan(audit, FIX_REMOVE, NULL, &fix);
	}
	audit->peer = lbm_object_as(peer, object);
	audit->right = 0;
	audit->wrong = 0;
	ret = lbm_trie_set(&audit->seen, &key, object);
	if (!ret && audit->peer->keepalive != now->keepalive) {
		ret = differ(audit, LBMESH_DRIFT_KIND_KEEPALIVE,
			     now->public_key);
		ret = ret ?: plan(audit, FIX_KEEPALIVE, audit->peer, NULL);
	}
	return ret ?: compare_psk(audit, now);
}

/* Shown every peer of the interface. */
static int read_peer(void *context, const struct lbm_wg_peer *now)
{
	struct audit *audit = context;
	const struct nlattr *allowedip;
	int rem, ret;

	cond_resched();
	if (!now->rest) {
		ret = end_peer(audit) ?: begin_peer(audit, now);
		if (ret)
			return ret;
	}
	if (!audit->peer || !now->allowedips)
		return 0;
	nla_for_each_nested(allowedip, now->allowedips, rem) {
		ret = read_address(audit, allowedip);
		if (ret)
			return ret;
	}
	return 0;
}

/* Peers of the generation that the interface has not. */
static int find_missing(struct audit *audit)
{
	const struct lbm_trie *peers = &audit->job->base->peers;
	const struct lbm_node *node;
	const struct lbm_peer *peer;
	struct lbm_key prefix, at;
	int ret = 0;

	lbm_key_id(&prefix, audit->device->id);
	for (node = lbm_trie_next_in(peers, &prefix, NULL); node && !ret;
	     node = lbm_trie_next_in(peers, &prefix, &at)) {
		lbm_key_of_node(&at, node);
		cond_resched();
		if (lbm_trie_get(&audit->seen, &at))
			continue;
		peer = lbm_object_as(peer, node->object);
		ret = differ(audit, LBMESH_DRIFT_KIND_PEER_MISSING,
			     peer->public_key);
		ret = ret ?: plan(audit, FIX_ADD, peer, NULL);
		if (peer->has_psk && peer->psk_print != lbm_psk_print(no_key))
			ret = ret ?: plan(audit, FIX_STRIKE, peer, NULL);
	}
	return ret;
}

static u32 mtu_of(struct net *net, int ifindex)
{
	struct net_device *dev;
	u32 mtu = 0;

	rcu_read_lock();
	dev = dev_get_by_index_rcu(net, ifindex);
	if (dev)
		mtu = READ_ONCE(dev->mtu);
	rcu_read_unlock();
	return mtu;
}

static int compare_device(struct audit *audit, const struct lbm_wg_device *now)
{
	const struct lbm_device *device = audit->device;

	/* A key that was struck is no key's. */
	if (device->has_key)
		audit->strike = same_key(device->public_key, no_key) ||
				!same_key(device->public_key, now->public_key);
	/* Port 0 leaves the choice to WireGuard. */
	if (device->has_port && device->port && device->port != now->port)
		audit->settings |= LBM_WG_PORT;
	if (device->has_fwmark && device->fwmark != now->fwmark)
		audit->settings |= LBM_WG_FWMARK;
	audit->mtu = device->mtu &&
		     device->mtu != mtu_of(audit->job->ln->net,
					   device->ifindex);
	if (!audit->strike && !audit->settings && !audit->mtu)
		return 0;
	return differ(audit, LBMESH_DRIFT_KIND_DEVICE_DIFFERS, NULL);
}

static int look_once(struct audit *audit)
{
	struct lbm_wg_device now;
	int ret;

	reset(audit);
	/* One that has come in its place, under its index, is not it. */
	if (lbm_gate_is_open(audit->job->ln, audit->device->id,
			     audit->device->ifindex))
		ret = lbm_wg_get(audit->wg, audit->device->ifindex, &now,
				 read_peer, audit);
	else
		ret = -ENODEV;
	if (ret == -ENODEV || ret == -EOPNOTSUPP) {
		audit->missing = true;
		return differ(audit, LBMESH_DRIFT_KIND_DEVICE_MISSING, NULL);
	}
	ret = ret ?: end_peer(audit);
	ret = ret ?: find_missing(audit);
	ret = ret ?: compare_device(audit, &now);
	memzero_explicit(&now, sizeof(now));
	return ret;
}

/* Compare the device; peers that change meanwhile make it necessary again. */
static int look(struct audit *audit)
{
	int tries = TRIES;
	int ret;

	do {
		ret = look_once(audit);
	} while (ret == -EINTR && --tries);
	if (ret == -EINTR) {
		reset(audit);
		audit->restless = true;
		return 0;
	}
	audit->gone |= audit->missing;
	audit->lost |= audit->strike;
	audit->lost |= !list_empty(&audit->fixes[FIX_STRIKE]);
	return ret;
}

/* --- Mending -------------------------------------------------------------- */

/* Add a peer's addresses to the peer begun last. */
static int put_addresses(struct audit *audit, const struct lbm_peer *peer)
{
	const struct lbm_trie *members = &audit->job->base->of_peer;
	const struct lbm_node *node;
	struct lbm_key prefix, at;
	int ret = 0;

	lbm_key_peer(&prefix, peer->device, peer->public_key);
	for (node = lbm_trie_next_in(members, &prefix, NULL); node && !ret;
	     node = lbm_trie_next_in(members, &prefix, &at)) {
		ret = lbm_wg_address(audit->wg,
				     lbm_object_as(member, node->object));
		lbm_key_of_node(&at, node);
	}
	return ret;
}

/*
 * Put a copy of an object, without its key, into the next generation. One that
 * had its key struck before stays as it is.
 */
static int strike(struct audit *audit, const struct lbm_object *object)
{
	struct lbm_job *job = audit->job;
	struct lbm_device *device;
	struct lbm_object *copy;
	struct lbm_peer *peer;
	int ret;

	copy = lbm_object_new(object->kind);
	if (!job->next)
		job->next = lbm_generation_new(job->base);
	if (!copy || !job->next) {
		lbm_object_put(copy);
		return -ENOMEM;
	}
	if (object->kind == LBMESH_OBJECT_DEVICE) {
		device = lbm_object_as(device, copy);
		*device = *lbm_object_as(device, object);
		memset(device->public_key, 0, LBMESH_KEY_LEN);
	} else {
		peer = lbm_object_as(peer, copy);
		*peer = *lbm_object_as(peer, object);
		peer->psk_print = 0;
	}
	refcount_set(&copy->refs, 1);
	ret = lbm_generation_set(job->next, copy);
	lbm_object_put(copy);
	return ret;
}

static int strike_device(struct audit *audit)
{
	if (!audit->strike || same_key(audit->device->public_key, no_key))
		return 0;
	return strike(audit, &audit->device->object);
}

static int strike_peer(struct audit *audit, const struct lbm_peer *peer)
{
	return peer->psk_print ? strike(audit, &peer->object) : 0;
}

static int mend_one(struct audit *audit, enum fix_kind kind,
		    const struct fix *fix)
{
	int ifindex = audit->device->ifindex;
	struct lbm_wg *wg = audit->wg;
	int ret;

	switch (kind) {
	case FIX_REMOVE:
		return lbm_wg_remove(wg, ifindex, fix->public_key);
	case FIX_ADD:
		ret = lbm_wg_peer(wg, ifindex, fix->peer,
				  LBM_WG_ENDPOINT | LBM_WG_KEEPALIVE, NULL);
		return ret ?: put_addresses(audit, fix->peer);
	case FIX_GIVE:
		ret = lbm_wg_peer_key(wg, ifindex, fix->peer->public_key,
				      LBM_WG_UPDATE);
		return ret ?: put_addresses(audit, fix->peer);
	case FIX_TAKE:
		return lbm_wg_take(wg, ifindex, fix->peer->public_key,
				   &fix->member);
	case FIX_KEEPALIVE:
		return lbm_wg_peer(wg, ifindex, fix->peer,
				   LBM_WG_UPDATE | LBM_WG_KEEPALIVE, NULL);
	case FIX_NO_PSK:
		return lbm_wg_peer(wg, ifindex, fix->peer,
				   LBM_WG_UPDATE | LBM_WG_PSK, no_key);
	default:
		return strike_peer(audit, fix->peer);
	}
}

static int mend_kind(struct audit *audit, enum fix_kind kind)
{
	const struct fix *fix;
	int ret;

	list_for_each_entry(fix, &audit->fixes[kind], list) {
		ret = mend_one(audit, kind, fix);
		if (ret)
			return ret;
		cond_resched();
	}
	ret = lbm_wg_take_end(audit->wg);
	return ret ?: lbm_wg_flush(audit->wg);
}

static int mend_settings(struct audit *audit)
{
	const struct lbm_device *device = audit->device;
	struct lbm_wg_device wish = {
		.port = device->port,
		.fwmark = device->fwmark,
	};
	int ret = 0;
	u32 old;

	if (audit->settings)
		ret = lbm_wg_set_device(audit->wg, device->ifindex,
					audit->settings, &wish);
	if (!ret && audit->mtu)
		ret = lbm_wg_note(audit->wg,
				  lbm_gate_mtu(audit->job->ln, device->ifindex,
					       device->mtu, &old));
	return ret;
}

/* Do what was noted of the device. */
static int mend(struct audit *audit)
{
	const struct lbm_device *device = audit->device;
	int kind, ret = 0;

	for (kind = 0; kind < FIX_KINDS && !ret; kind++)
		ret = mend_kind(audit, kind);
	ret = ret ?: mend_settings(audit);
	ret = ret ?: strike_device(audit);
	/* What concerns an interface that went meanwhile was no error. */
	if (!lbm_gate_is_open(audit->job->ln, device->id, device->ifindex))
		audit->gone = true;
	return ret;
}

/* --- All of it ------------------------------------------------------------ */

static int visit(struct audit *audit)
{
	struct lbm_job *job = audit->job;
	int ret;

	ret = look(audit);
	if (!ret && audit->mend && audit->found_count && !audit->missing)
		ret = mend(audit);
	if (!ret) {
		job->drift_count += audit->found_count;
		list_splice_tail_init(&audit->found, &job->drifts);
	}
	reset(audit);
	return ret;
}

static int visit_all(struct audit *audit)
{
	const struct lbm_trie *devices = &audit->job->base->devices;
	const struct lbm_node *node;
	struct lbm_key at;
	int ret = 0;

	for (node = lbm_trie_next(devices, NULL); node && !ret;
	     node = lbm_trie_next(devices, &at)) {
		audit->device = lbm_object_as(device, node->object);
		ret = visit(audit);
		lbm_key_of_node(&at, node);
	}
	return ret;
}

static void begin(struct audit *audit)
{
	int kind;

	lbm_trie_copy(&audit->seen, NULL, U64_MAX);
	INIT_LIST_HEAD(&audit->found);
	for (kind = 0; kind < FIX_KINDS; kind++)
		INIT_LIST_HEAD(&audit->fixes[kind]);
	free_drifts(&audit->job->drifts);
	audit->job->drift_count = 0;
}

static int conclude(struct audit *audit, int error, const char *message)
{
	audit->job->result.message = message;
	return error;
}

/* What has to be said in the end of one that read and did what it could. */
static int end(struct audit *audit)
{
	if (audit->wg->error)
		return conclude(audit, audit->wg->error,
				"WireGuard did not take all of the repair; run audit");
	if (audit->restless)
		return conclude(audit, -EAGAIN,
				"the peers of an interface change all the time; try again");
	if (!audit->mend)
		return 0;
	if (audit->gone)
		return conclude(audit, -ENODEV,
				"repaired, but an interface is gone: restate its device");
	if (audit->lost)
		return conclude(audit, -ENOKEY,
				"repaired, but a key that was changed is not kept: restate its object with the key");
	return 0;
}

/**
 * lbm_audit - list how WireGuard differs from the generation in force
 * @job: the audit; its drifts are filled in, and its message on failure
 * @wg: conversation with wireguard, with no request under construction
 *
 * Return: 0; -EAGAIN when the peers of an interface changed all the time, which
 * is then missing in the list; or another negative errno, when it ends with the
 * interface before.
 */
int lbm_audit(struct lbm_job *job, struct lbm_wg *wg)
{
	struct audit audit = {
		.job = job,
		.wg = wg,
	};
	int ret;

	wg->error = 0;
	begin(&audit);
	ret = visit_all(&audit);
	return ret ?: end(&audit);
}

/**
 * lbm_repair - make WireGuard what the generation in force says
 * @job: the repair; its drifts are filled in with what was found, and its
 *	message on failure. Its next generation is made when a key had to be
 *	struck: that one is to be put in force, whatever is returned.
 * @wg: conversation with wireguard, with no request under construction
 *
 * Can be done again after any error: it lists and mends what is left.
 *
 * Return: 0; as lbm_audit() has it; -ENODEV when an interface is gone or
 * -ENOKEY when a key was changed, and all else is mended; or the errno of
 * wireguard, when all else was tried.
 */
int lbm_repair(struct lbm_job *job, struct lbm_wg *wg)
{
	struct audit audit = {
		.job = job,
		.wg = wg,
		.mend = true,
	};
	int ret;

	wg->error = 0;
	wg->lenient = true;
	begin(&audit);
	ret = visit_all(&audit);
	if (ret)
		lbm_wg_drop(wg);
	wg->lenient = false;
	return ret ?: end(&audit);
}
