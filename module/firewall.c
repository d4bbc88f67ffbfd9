// SPDX-License-Identifier: GPL-2.0
/*
 * The firewall's place in the packet's way, and its life in a namespace.
 *
 *	              sandbox A            host                 sandbox B
 *	                 |                  | |                     ^
 *	  port.c      ingress               | |                   egress
 *	                 |                  | |                     |
 *	  conntrack   prerouting            | output           postrouting
 *	                 |                  | |                     |
 *	  here           +-> forward -------+-|--- A egress, -------+
 *	                 |                  | |    B ingress
 *	                 +-> input ---------+ +--- B ingress
 *	                      A egress
 *
 * The hooks come after those of connection tracking and NAT, and after what the
 * administrator does at the priority of a filter: a packet that his rules drop
 * never comes here, and one that we drop has been counted there. Input is
 * before the hook that makes a new flow known to connection tracking, so that a
 * flow that is refused leaves no state.
 *
 * A packet that is forwarded between two sandboxes is judged twice, as egress
 * of the one and ingress of the other, and needs both. An endpoint of kind host
 * is asked of what begins or ends on this machine, and not of what it forwards;
 * that is judged by the gate and by the sandboxes.
 *
 * The generation is read once for a packet, and all of its verdicts come from
 * that one; cached ones too (stamp.c).
 *
 * A namespace without endpoints has none of these hooks, and does not make
 * connection tracking run. An interface without endpoints costs a bit test.
 */

#include <linux/netfilter_ipv4.h>
#include <linux/slab.h>
#include <net/dst.h>
#include <net/netfilter/nf_conntrack.h>

#include "compat.h"
#include "flow.h"
#include "job.h"
#include "judge.h"
#include "netns.h"
#include "place.h"
#include "port.h"
#include "reject.h"
#include "stamp.h"
#include "tell.h"

/* Behind the filters of others, and before conntrack confirms a flow. */
#define PRIORITY (NF_IP_PRI_FILTER + 1)

/* RST, and events, of a namespace: sustained and at once. */
#define RATE_INTERVAL_NS (NSEC_PER_SEC / 1000)
#define RATE_BURST 100

/**
 * struct visit - a packet at one of our hooks
 * @ln: the namespace
 * @gen: the generation that it is judged by
 * @stamp: time of that generation
 * @skb: the packet
 * @family: AF_INET or AF_INET6
 * @seen: an endpoint was asked
 * @action: the strictest verdict so far
 *
 * Small, and set field by field: it is made for each packet.
 */
struct visit {
	struct lbm_net *ln;
	const struct lbm_generation *gen;
	u64 stamp;
	struct sk_buff *skb;
	u8 family;
	bool seen;
	u8 action;
};

/* --- Counters and rates --------------------------------------------------- */

/**
 * lbm_firewall_note - count what became of a packet
 * @ln: the namespace
 * @count: which
 *
 * Called with bottom halves disabled.
 */
void lbm_firewall_note(struct lbm_net *ln, enum lbm_path_count count)
{
	struct lbm_path_counters *counters =
		this_cpu_ptr(ln->firewall.counters);

	u64_stats_update_begin(&counters->syncp);
	u64_stats_inc(&counters->count[count]);
	u64_stats_update_end(&counters->syncp);
}

/**
 * lbm_firewall_count - what became of packets, on all CPUs
 * @ln: the namespace
 * @count: where to
 */
void lbm_firewall_count(struct lbm_net *ln, u64 count[LBM_PATH_COUNTS])
{
	u64 now[LBM_PATH_COUNTS];
	unsigned int start;
	int cpu, i;

	memset(count, 0, LBM_PATH_COUNTS * sizeof(*count));
	for_each_possible_cpu(cpu) {
		const struct lbm_path_counters *counters =
			per_cpu_ptr(ln->firewall.counters, cpu);

		do {
			start = u64_stats_fetch_begin(&counters->syncp);
			for (i = 0; i < LBM_PATH_COUNTS; i++)
				now[i] = u64_stats_read(&counters->count[i]);
		} while (u64_stats_fetch_retry(&counters->syncp, start));
		for (i = 0; i < LBM_PATH_COUNTS; i++)
			count[i] += now[i];
	}
}

/**
 * lbm_bucket_take - whether a limited thing may happen now
 * @bucket: the limit
 *
 * The generic cell rate algorithm (ITU-T I.371): one number, the time at which
 * the next one would be due at the sustained rate, may run ahead by a burst.
 *
 * Return: false when it is too much.
 */
bool lbm_bucket_take(struct lbm_bucket *bucket)
{
	s64 now = ktime_get_ns(), next = atomic64_read(&bucket->next), due;

	do {
		due = max(next, now);
		if (due - now > RATE_INTERVAL_NS * (RATE_BURST - 1))
			return false;
	} while (!atomic64_try_cmpxchg(&bucket->next, &next,
				       due + RATE_INTERVAL_NS));
	return true;
}

/* --- Judging at a hook ------------------------------------------------------ */

static enum lbm_path_count count_of(enum lbmesh_reason reason)
{
	switch (reason) {
	case LBMESH_REASON_NO_STATE:
		return LBM_PATH_NO_STATE;
	case LBMESH_REASON_MALFORMED:
		return LBM_PATH_MALFORMED;
	case LBMESH_REASON_SPOOFED:
		return LBM_PATH_SPOOFED;
	default:
		return LBM_PATH_DENIED;
	}
}

static void tell(struct visit *visit, const struct lbm_packet *packet,
		 const struct lbm_endpoint *endpoint, int ifindex,
		 const struct lbm_verdict *verdict)
{
	const struct lbm_case what = {
		.gen = visit->gen,
		.endpoint = endpoint,
		.ifindex = ifindex,
		.packet = packet,
		.verdict = *verdict,
	};

	lbm_tell(visit->ln, &what);
}

static void drop(struct visit *visit, enum lbm_path_count count)
{
	visit->action = LBMESH_ACTION_DENY;
	lbm_firewall_note(visit->ln, count);
}

/* As the endpoint sees the flow: of a reply, it goes the other way. */
static enum lbmesh_direction direction_of(bool sender, bool reply)
{
	return sender == reply ? LBMESH_DIRECTION_INGRESS :
				 LBMESH_DIRECTION_EGRESS;
}

/* Nobody's address: the other end of the packet is none of ours either. */
static void drop_stranger(struct visit *visit, struct lbm_flow *flow,
			  int ifindex, bool sender)
{
	struct lbm_verdict verdict = {
		.action = LBMESH_ACTION_DENY,
		.reason = sender ? LBMESH_REASON_SPOOFED :
				   LBMESH_REASON_NO_ENDPOINT,
	};

	drop(visit, sender ? LBM_PATH_SPOOFED : LBM_PATH_NO_ENDPOINT);
	flow->packet.direction = direction_of(sender, flow->reply);
	tell(visit, &flow->packet, NULL, ifindex, &verdict);
}

/* Its flow is not known, or not all of its headers. */
static void drop_unread(struct visit *visit, int ifindex, bool sender,
			enum lbmesh_reason reason)
{
	const struct lbm_unread unread = {
		.gen = visit->gen,
		.skb = visit->skb,
		.offset = skb_network_offset(visit->skb),
		.family = visit->family,
		.ifindex = ifindex,
		.sender = sender,
		.reason = reason,
	};

	drop(visit, count_of(reason));
	lbm_tell_unread(visit->ln, &unread);
}

static void verdict_of_cached(struct lbm_verdict *verdict,
			      const struct lbm_cached *cached)
{
	verdict->action = cached->action;
	verdict->reason = cached->reason;
	verdict->log = cached->bits & LBM_CACHED_LOG;
	verdict->members = cached->bits & LBM_CACHED_MEMBERS;
	verdict->rule = cached->rule;
}

static void cached_of_verdict(struct lbm_cached *cached,
			      const struct lbm_verdict *verdict, u64 stamp)
{
	memset(cached, 0, sizeof(*cached));
	cached->stamp = stamp;
	cached->rule = verdict->rule;
	cached->action = verdict->action;
	cached->reason = verdict->reason;
	cached->bits = (verdict->log ? LBM_CACHED_LOG : 0) |
		       (verdict->members ? LBM_CACHED_MEMBERS : 0);
}

/* Not inline, or a packet that is allowed would clear the key as well. */
static noinline void count_refusal(const struct visit *visit,
				   const struct lbm_verdict *verdict)
{
	const struct lbm_object *layer;
	struct lbm_key key;

	lbm_key_id(&key, verdict->rule->layer);
	layer = lbm_trie_get(&visit->gen->layers, &key);
	if (layer)
		lbm_stats_refuse(&lbm_object_as(layer, layer)->stats,
				 verdict->action == LBMESH_ACTION_REJECT);
}

/* What comes of a verdict, whoever gave it. */
static void conclude(struct visit *visit, const struct lbm_packet *packet,
		     const struct lbm_endpoint *endpoint,
		     const struct lbm_verdict *verdict)
{
	if (verdict->rule) {
		lbm_stats_hit(&verdict->rule->stats);
		if (verdict->action != LBMESH_ACTION_ALLOW)
			count_refusal(visit, verdict);
	}
	if (verdict->action != LBMESH_ACTION_ALLOW || verdict->log)
		tell(visit, packet, endpoint, endpoint->ifindex, verdict);
	if (verdict->action == LBMESH_ACTION_ALLOW)
		return;
	visit->action = verdict->action;
	lbm_firewall_note(visit->ln, verdict->action == LBMESH_ACTION_REJECT ?
				     LBM_PATH_REJECTED : LBM_PATH_DENIED);
}

/* WireGuard has no neighbours. */
static bool is_discovery(const struct visit *visit, int ifindex)
{
	return lbm_flow_is_discovery(visit->skb, visit->family) &&
	       !lbm_generation_device_on(visit->gen, ifindex);
}

/* Its flow cannot be read, or nobody there has its address. */
static void drop_unjudged(struct visit *visit, int ifindex, bool sender)
{
	enum lbmesh_reason reason;
	struct lbm_flow flow;

	reason = lbm_flow_read(&flow, visit->skb, visit->family);
	if (reason == LBMESH_REASON_NONE)
		drop_stranger(visit, &flow, ifindex, sender);
	else if (!is_discovery(visit, ifindex))
		drop_unread(visit, ifindex, sender, reason);
}

/* Ask the rules, and remember. */
static void judge_by_rules(struct visit *visit,
			   const struct lbm_endpoint *endpoint,
			   const struct lbm_flow_key *key,
			   struct lbm_newest newest,
			   const struct lbm_packet *packet,
			   struct lbm_verdict *verdict)
{
	struct lbm_firewall *firewall = &visit->ln->firewall;
	const struct lbm_chain *chain;
	struct lbm_cached cached __uninitialized;

	chain = lbm_places_chain(firewall->places, visit->gen, visit->stamp,
				 endpoint);
	lbm_judge(visit->ln, visit->gen, endpoint, chain, packet,
		  key->bits & LBM_FLOW_ESTABLISHED, verdict);
	/* When the cache is off; and one flow in four billion has no place. */
	if (!key->hash)
		return;
	cached_of_verdict(&cached, verdict, visit->stamp);
	lbm_cache_put(&firewall->cache, key, newest, &cached);
}

/*
 * Everything but the verdict that is there and allows.
 *
 * @found: the verdict of @key; NULL when there is none, and the rules are asked
 *
 * Not inline, so that what it needs is not made ready for the other packets.
 */
static noinline void judge_slowly(struct visit *visit, int ifindex, bool sender,
				  const struct lbm_endpoint *endpoint,
				  const struct lbm_flow_key *key,
				  struct lbm_newest newest,
				  const struct lbm_cached *found)
{
	struct lbm_verdict verdict __uninitialized;
	struct lbm_packet packet __uninitialized;

	if (!endpoint) {
		drop_unjudged(visit, ifindex, sender);
		return;
	}
	lbm_packet_of_key(&packet, key);
	if (found)
		verdict_of_cached(&verdict, found);
	else
		judge_by_rules(visit, endpoint, key, newest, &packet, &verdict);
	conclude(visit, &packet, endpoint, &verdict);
}

/* Ask whoever has the packet's address behind an interface. */
static void judge_there(struct visit *visit, const struct lbm_place *place,
			bool sender)
{
	struct lbm_firewall *firewall = &visit->ln->firewall;
	const struct lbm_endpoint *endpoint = NULL;
	const struct lbm_cached *found = NULL;
	int ifindex = place->ifindex;
	struct lbm_flow_key key __uninitialized;
	struct lbm_newest newest;
	bool reply;

	newest.rules = 0;
	newest.members = 0;
	if (lbm_flow_read_key(&key, visit->skb, visit->family, &reply))
		endpoint = lbm_place_endpoint(place, visit->gen, visit->family,
					      sender == reply ? &key.dst :
								&key.src);
	if (endpoint) {
		key.endpoint = endpoint->id;
		if (direction_of(sender, reply) == LBMESH_DIRECTION_EGRESS)
			key.bits |= LBM_FLOW_EGRESS;
		newest = lbm_place_newest(place, firewall->stamps, endpoint);
		found = lbm_cache_get(&firewall->cache, &key, newest);
	}
	if (!found || found->action != LBMESH_ACTION_ALLOW ||
	    found->bits & LBM_CACHED_LOG)
		judge_slowly(visit, ifindex, sender, endpoint, &key, newest,
			     found);
	else if (found->rule)
		lbm_stats_hit(&found->rule->stats);
}

/*
 * Judge the packet on an interface that it passes.
 *
 * @in: it comes in there, otherwise it goes out
 * @local: it begins or ends on this machine
 */
static void judge_on(struct visit *visit, const struct net_device *dev, bool in,
		     bool local)
{
	const struct lbm_firewall *firewall = &visit->ln->firewall;
	const struct lbm_place *place;

	if (!dev || visit->action != LBMESH_ACTION_ALLOW)
		return;
	place = lbm_place_find(firewall->places, firewall->stamps, visit->gen,
			       visit->stamp, dev->ifindex);
	if (!place->used ||
	    (place->kind == LBMESH_ENDPOINT_KIND_HOST && !local))
		return;
	visit->seen = true;
	/* A sandbox is behind the interface, the host in front of it. */
	judge_there(visit, place,
		    in == (place->kind == LBMESH_ENDPOINT_KIND_SANDBOX));
}

/* DNAT and policy routing at output have changed the way, but not the state. */
static const struct net_device *output_of(const struct sk_buff *skb,
					  const struct nf_hook_state *state)
{
	return skb_dst(skb) ? skb_dst(skb)->dev : state->out;
}

static void judge_at(struct visit *visit, const struct nf_hook_state *state)
{
	switch (state->hook) {
	case NF_INET_FORWARD:
		judge_on(visit, state->in, true, false);
		judge_on(visit, state->out, false, false);
		break;
	case NF_INET_LOCAL_IN:
		judge_on(visit, state->in, true, true);
		break;
	default:
		judge_on(visit, output_of(visit->skb, state), false, true);
	}
}

static unsigned int judge(struct lbm_net *ln, struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	struct visit visit;

	visit.gen = rcu_dereference(ln->active);
	if (!visit.gen ||
	    (state->hook == NF_INET_LOCAL_OUT && lbm_reject_is_answer()))
		return NF_ACCEPT;
	visit.ln = ln;
	/* Pairs with the release of who changes a set; see stamp.c. */
	visit.stamp = smp_load_acquire(&visit.gen->stamp);
	visit.skb = skb;
	visit.family = state->pf == NFPROTO_IPV4 ? AF_INET : AF_INET6;
	visit.seen = false;
	visit.action = LBMESH_ACTION_ALLOW;
	judge_at(&visit, state);
	if (visit.action == LBMESH_ACTION_ALLOW) {
		if (visit.seen)
			lbm_firewall_note(ln, LBM_PATH_ALLOWED);
		return NF_ACCEPT;
	}
	if (visit.action == LBMESH_ACTION_REJECT)
		lbm_reject(ln, skb, state);
	return NF_DROP;
}

/* Runs under the RCU read lock; at output in a process, too. */
static unsigned int firewall_hook(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	unsigned int verdict;

	if (softirq_count())
		return judge(priv, skb, state);
	local_bh_disable();
	verdict = judge(priv, skb, state);
	local_bh_enable();
	return verdict;
}

/* --- Life ------------------------------------------------------------------- */

static int add_hooks(struct lbm_net *ln)
{
	static const unsigned int at[LBM_FIREWALL_HOOKS] = {
		NF_INET_LOCAL_IN, NF_INET_FORWARD, NF_INET_LOCAL_OUT
	};
	struct nf_hook_ops *hooks = ln->firewall.hooks;
	int ret, i;

	if (ln->firewall.hooked)
		return 0;
	ret = nf_ct_netns_get(ln->net, NFPROTO_INET);
	if (ret)
		return ret;
	for (i = 0; i < LBM_FIREWALL_HOOKS; i++) {
		memset(&hooks[i], 0, sizeof(hooks[i]));
		hooks[i].hook = firewall_hook;
		hooks[i].priv = ln;
		hooks[i].pf = NFPROTO_INET;
		hooks[i].hooknum = at[i];
		hooks[i].priority = PRIORITY;
	}
	ret = nf_register_net_hooks(ln->net, hooks, LBM_FIREWALL_HOOKS);
	if (ret)
		nf_ct_netns_put(ln->net, NFPROTO_INET);
	else
		ln->firewall.hooked = true;
	return ret;
}

static void remove_hooks(struct lbm_net *ln)
{
	if (!ln->firewall.hooked)
		return;
	nf_unregister_net_hooks(ln->net, ln->firewall.hooks,
				LBM_FIREWALL_HOOKS);
	nf_ct_netns_put(ln->net, NFPROTO_INET);
	ln->firewall.hooked = false;
}

static int make_stamps(struct lbm_net *ln)
{
	struct lbm_stamps *stamps;

	if (ln->firewall.stamps)
		return 0;
	stamps = kvzalloc(sizeof(*stamps), GFP_KERNEL_ACCOUNT);
	if (!stamps)
		return -ENOMEM;
	mutex_lock(&ln->lock);
	ln->firewall.stamps = stamps;
	mutex_unlock(&ln->lock);
	return 0;
}

static int make_places(struct lbm_net *ln)
{
	if (!ln->firewall.places)
		ln->firewall.places = alloc_percpu_gfp(struct lbm_places,
						       GFP_KERNEL_ACCOUNT);
	return ln->firewall.places ? 0 : -ENOMEM;
}

static int init_cache(struct lbm_net *ln)
{
	struct lbm_cache *cache = &ln->firewall.cache;
	int ret;

	lockdep_assert_held(&ln->limits_lock);
	ret = lbm_cache_init(cache);
	if (ret)
		return ret;
	ret = lbm_cache_resize(cache, ln->limits.cache_entries);
	if (ret) {
		lbm_cache_destroy(cache);
		return ret;
	}
	/* A dump may come before the generation. */
	mutex_lock(&ln->lock);
	WRITE_ONCE(ln->firewall.cached, true);
	mutex_unlock(&ln->lock);
	return 0;
}

static int make_cache(struct lbm_net *ln)
{
	int ret;

	if (ln->firewall.cached)
		return 0;
	mutex_lock(&ln->limits_lock);
	ret = init_cache(ln);
	mutex_unlock(&ln->limits_lock);
	return ret;
}

/* Whether another endpoint on its interface is of another kind. */
static bool is_mixed(const struct lbm_generation *gen,
		     const struct lbm_endpoint *endpoint)
{
	const struct lbm_node *node;
	struct lbm_key prefix, at;

	lbm_key_id(&prefix, endpoint->ifindex);
	for (node = lbm_trie_next_in(&gen->ends, &prefix, NULL); node;
	     node = lbm_trie_next_in(&gen->ends, &prefix, &at)) {
		if (lbm_object_as(endpoint, node->object)->kind !=
		    endpoint->kind)
			return true;
		lbm_key_of_node(&at, node);
	}
	return false;
}

static int prepare_endpoint(struct lbm_job *job,
			    const struct lbm_endpoint *endpoint)
{
	if (is_mixed(job->next, endpoint)) {
		job->result.message =
			"endpoint: one of the other kind is on its interface";
		return -EINVAL;
	}
	if (endpoint->kind != LBMESH_ENDPOINT_KIND_SANDBOX)
		return 0;
	return lbm_port_attach(job->ln, endpoint->ifindex);
}

/**
 * lbm_firewall_prepare - make ready for judging by the next generation
 * @job: a commit
 *
 * Called by the worker, with no lock held. After an error, and when the commit
 * is undone, lbm_firewall_settle() puts things right.
 *
 * Return: 0; -ENODEV when an interface is gone; -EINVAL for endpoints of both
 * kinds on one interface; or the errno of registering a hook.
 */
int lbm_firewall_prepare(struct lbm_job *job)
{
	struct lbm_change *change;
	int ret;

	if (!job->next->count[LBMESH_OBJECT_ENDPOINT])
		return 0;
	ret = make_stamps(job->ln) ?: make_cache(job->ln);
	ret = ret ?: make_places(job->ln);
	ret = ret ?: add_hooks(job->ln);
	if (ret)
		return ret;
	lbm_job_for_each(change, job, LBMESH_OBJECT_ENDPOINT) {
		if (!change->new)
			continue;
		job->result.object = LBMESH_OBJECT_ENDPOINT;
		job->result.index = change->index;
		ret = prepare_endpoint(job, lbm_object_as(endpoint,
							  change->new));
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * lbm_firewall_settle - take off what no generation needs any more
 * @ln: the namespace
 * @gen: the generation in force, with none pending; or NULL
 */
void lbm_firewall_settle(struct lbm_net *ln, const struct lbm_generation *gen)
{
	lbm_port_settle(ln, gen);
	if (!gen || !gen->count[LBMESH_OBJECT_ENDPOINT])
		remove_hooks(ln);
}

/**
 * lbm_firewall_sets_changed - find verdicts that have asked a set again
 * @ln: the namespace; its lock is not held, that of its learned elements is
 * @set: id of the set
 *
 * Called when the new answer is there.
 */
void lbm_firewall_sets_changed(struct lbm_net *ln, u32 set)
{
	mutex_lock(&ln->lock);
	lbm_stamps_set(ln, set);
	mutex_unlock(&ln->lock);
}

/**
 * lbm_firewall_resize - give the cache another size
 * @ln: the namespace; the caller holds limits_lock
 * @entries: as lbm_cache_resize() takes them
 *
 * Before there is a cache this does nothing: it will be made with the size that
 * the limits say then.
 *
 * Return: 0, or -ENOMEM, when nothing has changed.
 */
int lbm_firewall_resize(struct lbm_net *ln, u32 entries)
{
	struct lbm_firewall *firewall = &ln->firewall;

	lockdep_assert_held(&ln->limits_lock);
	if (!firewall->cached || firewall->cache.entries == entries)
		return 0;
	return lbm_cache_resize(&firewall->cache, entries);
}

/**
 * lbm_firewall_init - begin the data path of a namespace
 * @ln: the namespace
 *
 * Return: 0 or -ENOMEM.
 */
int lbm_firewall_init(struct lbm_net *ln)
{
	xa_init(&ln->firewall.ports);
	ln->firewall.counters =
		netdev_alloc_pcpu_stats(struct lbm_path_counters);
	return ln->firewall.counters ? 0 : -ENOMEM;
}

/**
 * lbm_firewall_abandon - take the ports of a namespace off
 * @ln: the namespace, in pre_exit; a job may be running
 */
void lbm_firewall_abandon(struct lbm_net *ln)
{
	lbm_port_settle(ln, NULL);
}

/**
 * lbm_firewall_stop - take the inet hooks of a namespace off
 * @ln: the namespace, when no job runs any more
 */
void lbm_firewall_stop(struct lbm_net *ln)
{
	if (!ln->firewall.hooked)
		return;
	remove_hooks(ln);
	/* What the hooks read is freed next. */
	synchronize_net();
}

/**
 * lbm_firewall_exit - end the data path of a namespace
 * @ln: the namespace, stopped
 */
void lbm_firewall_exit(struct lbm_net *ln)
{
	xa_destroy(&ln->firewall.ports);
	lbm_cache_destroy(&ln->firewall.cache);
	kvfree(ln->firewall.stamps);
	free_percpu(ln->firewall.places);
	free_percpu(ln->firewall.counters);
}
