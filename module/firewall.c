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

#include "flow.h"
#include "job.h"
#include "judge.h"
#include "netns.h"
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
 * @state: of the hook
 * @family: AF_INET or AF_INET6
 * @flow: what is judged
 * @read: what reading @flow came to; it is read when an endpoint needs it
 * @was_read: @flow and @read are set
 * @seen: an endpoint was asked
 * @action: the strictest verdict so far
 */
struct visit {
	struct lbm_net *ln;
	const struct lbm_generation *gen;
	u64 stamp;
	struct sk_buff *skb;
	const struct nf_hook_state *state;
	u8 family;
	struct lbm_flow flow;
	enum lbmesh_reason read;
	bool was_read;
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

static bool read_flow(struct visit *visit)
{
	if (!visit->was_read) {
		visit->was_read = true;
		visit->read = lbm_flow_read(&visit->flow, visit->skb,
					    visit->family);
	}
	return visit->read == LBMESH_REASON_NONE;
}

static void tell(struct visit *visit, const struct lbm_endpoint *endpoint,
		 int ifindex, const struct lbm_verdict *verdict)
{
	const struct lbm_case what = {
		.gen = visit->gen,
		.endpoint = endpoint,
		.ifindex = ifindex,
		.packet = &visit->flow.packet,
		.verdict = *verdict,
	};

	lbm_tell(visit->ln, &what);
}

static void drop(struct visit *visit, enum lbm_path_count count)
{
	visit->action = LBMESH_ACTION_DENY;
	lbm_firewall_note(visit->ln, count);
}

/* Nobody's address: the other end of the packet is none of ours either. */
static void drop_stranger(struct visit *visit, int ifindex, bool sender)
{
	struct lbm_verdict verdict = {
		.action = LBMESH_ACTION_DENY,
		.reason = sender ? LBMESH_REASON_SPOOFED :
				   LBMESH_REASON_NO_ENDPOINT,
	};

	drop(visit, sender ? LBM_PATH_SPOOFED : LBM_PATH_NO_ENDPOINT);
	visit->flow.packet.direction =
		(sender ? LBMESH_DIRECTION_EGRESS : LBMESH_DIRECTION_INGRESS) ^
		visit->flow.reply;
	tell(visit, NULL, ifindex, &verdict);
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

/* From the cache, or else from the rules; both say the same. */
static void find_verdict(struct visit *visit,
			 const struct lbm_endpoint *endpoint,
			 const struct lbm_packet *packet,
			 struct lbm_verdict *verdict)
{
	struct lbm_firewall *firewall = &visit->ln->firewall;
	const struct lbm_cached *found;
	struct lbm_newest newest;
	struct lbm_cached cached;
	struct lbm_flow_key key;

	newest = lbm_stamps_newest(firewall->stamps, endpoint);
	lbm_flow_key_of(&key, endpoint, packet, visit->flow.established);
	found = lbm_cache_get(&firewall->cache, &key, newest);
	if (found) {
		verdict_of_cached(verdict, found);
		return;
	}
	lbm_judge(visit->ln, visit->gen, endpoint, packet,
		  visit->flow.established, verdict);
	cached_of_verdict(&cached, verdict, visit->stamp);
	lbm_cache_put(&firewall->cache, &key, newest, &cached);
}

/* Ask an endpoint of which the packet goes this way. */
static void ask(struct visit *visit, const struct lbm_endpoint *endpoint,
		enum lbmesh_direction direction)
{
	struct lbm_packet *packet = &visit->flow.packet;
	struct lbm_verdict verdict;

	/* Of a reply, the flow goes the other way. */
	packet->direction = direction ^ visit->flow.reply;
	find_verdict(visit, endpoint, packet, &verdict);
	if (verdict.action != LBMESH_ACTION_ALLOW || verdict.log)
		tell(visit, endpoint, endpoint->ifindex, &verdict);
	if (verdict.action == LBMESH_ACTION_ALLOW)
		return;
	visit->action = verdict.action;
	lbm_firewall_note(visit->ln, verdict.action == LBMESH_ACTION_REJECT ?
				     LBM_PATH_REJECTED : LBM_PATH_DENIED);
}

/* The endpoint of a kind that the packet comes from, or goes to. */
static const struct lbm_endpoint *
find_endpoint(const struct visit *visit, int ifindex, bool sender,
	      enum lbmesh_endpoint_kind kind)
{
	const struct lbm_endpoint *endpoint;

	endpoint = lbm_generation_endpoint(visit->gen, ifindex, visit->family,
					   sender ?
					   lbm_flow_sender(&visit->flow) :
					   lbm_flow_receiver(&visit->flow));
	return endpoint && endpoint->kind == kind ? endpoint : NULL;
}

/* WireGuard has no neighbours. */
static bool is_discovery(const struct visit *visit, int ifindex)
{
	return lbm_flow_is_discovery(visit->skb, visit->family) &&
	       !lbm_generation_device_on(visit->gen, ifindex);
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
	const struct lbm_endpoint *endpoint;
	enum lbmesh_endpoint_kind kind;
	enum lbmesh_direction direction;
	bool sender;

	if (!dev || visit->action != LBMESH_ACTION_ALLOW ||
	    !lbm_generation_kind_on(visit->gen, dev->ifindex, &kind))
		return;
	if (kind == LBMESH_ENDPOINT_KIND_HOST && !local)
		return;
	visit->seen = true;
	if (!read_flow(visit)) {
		if (!is_discovery(visit, dev->ifindex))
			drop(visit, count_of(visit->read));
		return;
	}
	/* A sandbox is behind the interface, the host in front of it. */
	sender = in == (kind == LBMESH_ENDPOINT_KIND_SANDBOX);
	direction = sender ? LBMESH_DIRECTION_EGRESS :
			     LBMESH_DIRECTION_INGRESS;
	endpoint = find_endpoint(visit, dev->ifindex, sender, kind);
	if (endpoint)
		ask(visit, endpoint, direction);
	else
		drop_stranger(visit, dev->ifindex, sender);
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
	struct visit visit = {
		.ln = ln,
		.gen = rcu_dereference(ln->active),
		.skb = skb,
		.state = state,
		.family = state->pf == NFPROTO_IPV4 ? AF_INET : AF_INET6,
		.action = LBMESH_ACTION_ALLOW,
	};

	if (!visit.gen || lbm_reject_is_answer())
		return NF_ACCEPT;
	/* Pairs with the release of who changes a set; see stamp.c. */
	visit.stamp = smp_load_acquire(&visit.gen->stamp);
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

static int make_cache(struct lbm_net *ln)
{
	struct lbm_cache *cache = &ln->firewall.cache;
	int ret;

	if (ln->firewall.cached)
		return 0;
	ret = lbm_cache_init(cache);
	if (ret)
		return ret;
	ret = lbm_cache_resize(cache, LBM_CACHE_ENTRIES);
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
	free_percpu(ln->firewall.counters);
}
