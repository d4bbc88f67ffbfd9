// SPDX-License-Identifier: GPL-2.0
/*
 * Learned elements: what set-update puts into sets, with or without a timeout.
 *
 * Theory of operation
 * -------------------
 * They are in no generation: they come several times a second, as answers of
 * DNS do, and must wait for no commit. They have a persistent trie of their own
 * (trie.c), published by RCU and written under a lock of their own; a message
 * that is refused drops its version. They go when their set has gone.
 *
 *	set-update       deadline                            linger over
 *	    |  new flows    |  flows that live, none that begins  |
 *	    +---------------+-------------------------------------+--> dropped
 *	        timed           over; asked: did a packet match?
 *
 * A name's address that DNS does not give any more must not cut the flows that
 * are there. So an element that is over still matches what connection tracking
 * calls established, as long as there is such traffic. Verdicts are cached, so a
 * packet that matched long ago tells nothing; instead the timer asks: it clears
 * @matched and has the verdicts of the set found again. A flow that lives sends
 * a packet within the linger, its verdict is found again, and @matched is set.
 * One that was never matched is dropped at its deadline.
 *
 * To give a known element another timeout changes no answer, unless it was
 * over: it is done in place, and no verdict is made stale.
 */

#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "firewall.h"
#include "job.h"
#include "learned.h"
#include "netlink.h"
#include "netlink-gen.h"
#include "parse.h"

/* The timer does not run more often than this. */
#define COARSE (HZ / 10)
/* When there was no memory. */
#define AGAIN HZ
/* Elements that it looks at in one version. */
#define BATCH 16384

/**
 * struct update - a change of the learned elements
 * @ln: the namespace
 * @next: the next version
 * @before: the version before, once @next is published
 * @count: elements in @next
 * @added: struct lbm_learned
 * @kept: those that were there before; told of if the answer changes
 * @removed: those that are not in @next
 *
 * @added and @removed have references of their own.
 */
struct update {
	struct lbm_net *ln;
	struct lbm_trie next;
	struct lbm_trie before;
	u32 count;
	struct list_head added;
	struct list_head kept;
	struct list_head removed;
};

static struct lbm_learned *learned_of(const struct lbm_object *object)
{
	return container_of((struct lbm_object *)object, struct lbm_learned,
			    element.object);
}

static struct lbm_node *root_of(const struct lbm_net *ln)
{
	return rcu_dereference_protected(ln->learned.root,
					 lockdep_is_held(&ln->learned.lock));
}

/* --- Timer ----------------------------------------------------------------- */

static bool event_less(struct rb_node *a, const struct rb_node *b)
{
	return time_before(rb_entry(a, struct lbm_learned, rb)->event,
			   rb_entry(b, struct lbm_learned, rb)->event);
}

static void await(struct lbm_net *ln, struct lbm_learned *learned,
		  unsigned long event)
{
	learned->event = event;
	rb_add_cached(&learned->rb, &ln->learned.events, event_less);
}

static void forget(struct lbm_net *ln, struct lbm_learned *learned)
{
	if (learned->timed)
		rb_erase_cached(&learned->rb, &ln->learned.events);
}

static struct lbm_learned *first_event(struct lbm_net *ln)
{
	struct rb_node *node = rb_first_cached(&ln->learned.events);

	return node ? rb_entry(node, struct lbm_learned, rb) : NULL;
}

static void arm(struct lbm_net *ln)
{
	const struct lbm_learned *first = first_event(ln);
	long delay = AGAIN;

	if (READ_ONCE(ln->dying) || (!first && !ln->learned.unsettled))
		return;
	if (first)
		delay = (long)(first->event - jiffies);
	if (ln->learned.unsettled)
		delay = min_t(long, delay, AGAIN);
	lbm_job_delay(&ln->learned.timer, max_t(long, delay, COARSE));
}

/* Give an element the timeout that its update says. */
static void set_timeout(struct lbm_net *ln, struct lbm_learned *learned)
{
	unsigned long after = msecs_to_jiffies(learned->timeout_ms);

	forget(ln, learned);
	WRITE_ONCE(learned->deadline, jiffies + after);
	WRITE_ONCE(learned->timed, learned->timeout_ms);
	WRITE_ONCE(learned->over, false);
	if (learned->timed)
		await(ln, learned, learned->deadline);
}

static bool is_over(const struct lbm_learned *learned)
{
	return READ_ONCE(learned->timed) &&
	       (READ_ONCE(learned->over) ||
		time_after_eq(jiffies, READ_ONCE(learned->deadline)));
}

/* --- A change ---------------------------------------------------------------- */

static void begin(struct update *update, struct lbm_net *ln)
{
	const struct lbm_trie now = { .root = root_of(ln) };

	memset(update, 0, sizeof(*update));
	update->ln = ln;
	update->count = ln->learned.count;
	lbm_trie_copy(&update->next, &now, ++ln->learned.edit);
	INIT_LIST_HEAD(&update->added);
	INIT_LIST_HEAD(&update->kept);
	INIT_LIST_HEAD(&update->removed);
}

static void put_all(struct list_head *list)
{
	struct lbm_learned *learned, *after;

	list_for_each_entry_safe(learned, after, list, list) {
		list_del(&learned->list);
		lbm_object_put(&learned->element.object);
	}
}

static void abort_update(struct update *update)
{
	lbm_trie_clear(&update->next);
	put_all(&update->added);
	put_all(&update->removed);
}

static void tell(struct update *update, const struct list_head *list)
{
	const struct lbm_learned *learned;
	u32 told = 0;

	list_for_each_entry(learned, list, list) {
		if (learned->element.set != told)
			lbm_firewall_sets_changed(update->ln,
						  learned->element.set);
		told = learned->element.set;
	}
}

/* Everything that could fail has been done. */
static void publish(struct update *update, bool expedite)
{
	struct lbm_net *ln = update->ln;

	lockdep_assert_held(&ln->learned.lock);
	update->before.root = root_of(ln);
	rcu_assign_pointer(ln->learned.root, update->next.root);
	WRITE_ONCE(ln->learned.count, update->count);
	/* When somebody waits for it, as he may a hundred times a second. */
	if (expedite)
		synchronize_rcu_expedited();
	else
		synchronize_rcu();
	lbm_trie_clear(&update->before);
	tell(update, &update->added);
	tell(update, &update->kept);
	tell(update, &update->removed);
	put_all(&update->added);
	put_all(&update->removed);
}

static int drop(struct update *update, struct lbm_learned *learned)
{
	struct lbm_key key;
	int ret;

	lbm_key_object(&key, &learned->element.object);
	lbm_object_get(&learned->element.object);
	list_add_tail(&learned->list, &update->removed);
	ret = lbm_trie_unset(&update->next, &key);
	if (!ret)
		update->count--;
	return ret;
}

/* --- set-update -------------------------------------------------------------- */

static int refuse(struct genl_info *info, const struct nlattr *attr,
		  const char *message, int error)
{
	return lbm_netlink_refuse(info->extack, attr, message, error);
}

static bool has_set(const struct lbm_generation *gen, u32 set)
{
	struct lbm_key key;

	lbm_key_id(&key, set);
	return gen && lbm_trie_get(&gen->sets, &key);
}

/* The key of the element in @nest, and its object in the version before. */
static int read_key(struct update *update, struct genl_info *info,
		    struct nlattr *nest, struct lbm_element *like,
		    struct lbm_learned **old)
{
	const struct lbm_trie now = { .root = root_of(update->ln) };
	struct lbm_object *object;
	struct lbm_key key;
	int ret;

	memset(like, 0, sizeof(*like));
	like->object.kind = LBMESH_OBJECT_ELEMENT;
	ret = lbm_parse_key(nest, info->extack, &like->object);
	if (ret)
		return ret;
	lbm_key_object(&key, &like->object);
	object = lbm_trie_get(&now, &key);
	*old = object ? learned_of(object) : NULL;
	return 0;
}

static int refuse_twice(struct genl_info *info, const struct nlattr *nest)
{
	return refuse(info, nest,
		      "element: the address comes twice in the message",
		      -EEXIST);
}

static int read_removal(struct update *update, struct genl_info *info,
			struct nlattr *nest)
{
	struct lbm_element like;
	struct lbm_learned *old;
	int ret;

	ret = read_key(update, info, nest, &like, &old);
	if (ret)
		return ret;
	if (!old)
		return refuse(info, nest,
			      "element: there is none with this address to remove that set-update has added",
			      -ENOENT);
	if (old->edit == update->next.edit)
		return refuse_twice(info, nest);
	old->edit = update->next.edit;
	return drop(update, old);
}

static bool is_full(const struct update *update,
		    const struct lbm_generation *gen)
{
	struct lbm_net *ln = update->ln;
	u32 stated = gen->count[LBMESH_OBJECT_ELEMENT];
	u32 limit = READ_ONCE(ln->limits.objects[LBMESH_OBJECT_ELEMENT]);

	/* What was there when the limit was lowered may stay. */
	limit = max(limit, stated + ln->learned.count);
	return stated + update->count >= limit;
}

static int add(struct update *update, const struct lbm_element *like,
	       u32 timeout_ms)
{
	struct lbm_learned *learned;
	struct lbm_key key;
	int ret;

	learned = kzalloc(sizeof(*learned), GFP_KERNEL_ACCOUNT);
	if (!learned)
		return -ENOMEM;
	learned->element = *like;
	learned->element.learned = true;
	refcount_set(&learned->element.object.refs, 1);
	learned->edit = update->next.edit;
	learned->timeout_ms = timeout_ms;
	list_add_tail(&learned->list, &update->added);
	lbm_key_object(&key, &like->object);
	ret = lbm_trie_set(&update->next, &key, &learned->element.object);
	if (!ret)
		update->count++;
	return ret;
}

static int read_element(struct update *update, struct genl_info *info,
			struct nlattr *nest, const struct lbm_generation *gen)
{
	const struct nlattr *timeout;
	struct lbm_element like;
	struct lbm_learned *old;
	struct lbm_key key;
	u32 timeout_ms;
	int ret;

	ret = read_key(update, info, nest, &like, &old);
	if (ret)
		return ret;
	if (!has_set(gen, like.set))
		return refuse(info, nla_find_nested(nest, LBMESH_A_ELEMENT_SET),
			      "element: the generation in force has no such set",
			      -ENOENT);
	timeout = nla_find_nested(nest, LBMESH_A_ELEMENT_TIMEOUT);
	timeout_ms = timeout ? nla_get_u32(timeout) : 0;
	if (old && old->edit == update->next.edit)
		return refuse_twice(info, nest);
	if (old) {
		old->edit = update->next.edit;
		old->timeout_ms = timeout_ms;
		list_add_tail(&old->list, &update->kept);
		return 0;
	}
	lbm_key_object(&key, &like.object);
	if (lbm_trie_get(&update->next, &key))
		return refuse_twice(info, nest);
	if (is_full(update, gen))
		return refuse(info, nest,
			      "element: more than the limit of this namespace",
			      -ENOSPC);
	return add(update, &like, timeout_ms);
}

/* Removals come first, so that the order in the message means nothing. */
static int read_elements(struct update *update, struct genl_info *info,
			 const struct lbm_generation *gen, bool removals)
{
	struct nlattr *attr;
	int rem, ret = 0;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != LBMESH_A_ELEMENT ||
		    !nla_find_nested(attr, LBMESH_A_ELEMENT_REMOVE) == removals)
			continue;
		ret = removals ? read_removal(update, info, attr) :
				 read_element(update, info, attr, gen);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

/* Give all of them their timeouts, and forget those that go. */
static void set_timeouts(struct update *update)
{
	struct lbm_net *ln = update->ln;
	struct lbm_learned *learned, *after;
	bool was_over;

	list_for_each_entry(learned, &update->removed, list)
		forget(ln, learned);
	list_for_each_entry(learned, &update->added, list)
		set_timeout(ln, learned);
	list_for_each_entry_safe(learned, after, &update->kept, list) {
		was_over = is_over(learned);
		set_timeout(ln, learned);
		/* Nothing to tell. */
		if (!was_over)
			list_del(&learned->list);
	}
}

static int check_update(struct lbm_net *ln, struct genl_info *info)
{
	if (!info->attrs[LBMESH_A_ELEMENT]) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, LBMESH_A_ELEMENT);
		return refuse(info, NULL, "element is required", -EINVAL);
	}
	if (info->nlhdr->nlmsg_len > READ_ONCE(ln->limits.message_bytes))
		return refuse(info, NULL,
			      "message-bytes: more than the limit of this namespace",
			      -ENOSPC);
	return 0;
}

int lbmesh_nl_set_update_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct lbm_net *ln = lbm_net_of(genl_info_net(info));
	struct lbm_generation *gen;
	struct update update;
	int ret;

	ret = check_update(ln, info);
	if (ret)
		return ret;
	mutex_lock(&ln->learned.lock);
	/* If that is not the one in force any more, settling follows. */
	gen = lbm_net_active(ln);
	begin(&update, ln);
	ret = read_elements(&update, info, gen, true);
	ret = ret ?: read_elements(&update, info, gen, false);
	if (ret) {
		abort_update(&update);
	} else {
		set_timeouts(&update);
		publish(&update, true);
		arm(ln);
	}
	mutex_unlock(&ln->learned.lock);
	lbm_generation_put(gen);
	if (ret == -ENOMEM)
		refuse(info, NULL, "out of memory", ret);
	return ret;
}

/* --- Time, and sets that go --------------------------------------------------- */

/* Look at an element whose time has come. */
static int look_at(struct update *update, struct lbm_learned *learned)
{
	struct lbm_net *ln = update->ln;

	forget(ln, learned);
	if (READ_ONCE(learned->matched)) {
		/* Ask: does a flow still match it? */
		WRITE_ONCE(learned->matched, false);
		WRITE_ONCE(learned->over, true);
		await(ln, learned, jiffies + LBM_LEARNED_LINGER_S * HZ);
		list_add_tail(&learned->list, &update->kept);
		return 0;
	}
	WRITE_ONCE(learned->over, true);
	return drop(update, learned);
}

/* There is no memory: those that were to go wait again. */
static void postpone(struct update *update)
{
	struct lbm_learned *learned;

	list_for_each_entry(learned, &update->removed, list)
		await(update->ln, learned, jiffies + AGAIN);
	tell(update, &update->kept);
	abort_update(update);
}

/* Look at those whose time has come. */
static void look(struct lbm_net *ln)
{
	struct lbm_learned *first;
	struct update update;
	int i, ret = 0;

	begin(&update, ln);
	for (i = 0; i < BATCH && !ret; i++) {
		first = first_event(ln);
		if (!first || time_before(jiffies, first->event))
			break;
		ret = look_at(&update, first);
		cond_resched();
	}
	if (ret)
		postpone(&update);
	else if (list_empty(&update.kept) && list_empty(&update.removed))
		abort_update(&update);
	else
		publish(&update, false);
}

/* Drop the elements of a set that has gone. */
static int drop_set(struct update *update, u32 set)
{
	const struct lbm_node *node;
	struct lbm_key prefix, at;
	int ret;

	lbm_key_id(&prefix, set);
	for (node = lbm_trie_next_in(&update->next, &prefix, NULL); node;
	     node = lbm_trie_next_in(&update->next, &prefix, &at)) {
		lbm_key_of_node(&at, node);
		ret = drop(update, learned_of(node->object));
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

static int drop_sets(struct update *update, const struct lbm_generation *gen)
{
	static const u8 last[sizeof(struct in6_addr)] = {
		[0 ... sizeof(struct in6_addr) - 1] = 0xff,
	};
	const struct lbm_node *node;
	struct lbm_key at;
	int ret = 0;
	u32 set;

	for (node = lbm_trie_next(&update->next, NULL); node && !ret;
	     node = lbm_trie_next(&update->next, &at)) {
		set = lbm_object_as(element, node->object)->set;
		/* After all that the set can have. */
		lbm_key_element(&at, set, U8_MAX, last, 128);
		if (!has_set(gen, set))
			ret = drop_set(update, set);
	}
	return ret;
}

/* Drop the elements of all sets that are not there any more. */
static void settle(struct lbm_net *ln)
{
	struct lbm_learned *learned;
	struct lbm_generation *gen;
	struct update update;
	bool pending;

	mutex_lock(&ln->lock);
	gen = lbm_net_active(ln);
	pending = ln->pending;
	mutex_unlock(&ln->lock);
	begin(&update, ln);
	/* The generation before may come back, and then so do its sets. */
	ln->learned.unsettled = !pending && drop_sets(&update, gen);
	if (ln->learned.unsettled || list_empty(&update.removed)) {
		abort_update(&update);
	} else {
		list_for_each_entry(learned, &update.removed, list)
			forget(ln, learned);
		publish(&update, false);
	}
	lbm_generation_put(gen);
}

/**
 * lbm_learned_settle - forget what was learned of sets that have gone
 * @ln: the namespace
 *
 * Called when a job has ended. Does nothing while a generation is pending, and
 * goes on later when there is no memory.
 */
void lbm_learned_settle(struct lbm_net *ln)
{
	mutex_lock(&ln->learned.lock);
	if (ln->learned.count) {
		settle(ln);
		arm(ln);
	}
	mutex_unlock(&ln->learned.lock);
}

static void work(struct work_struct *work)
{
	struct lbm_net *ln = container_of(to_delayed_work(work), struct lbm_net,
					  learned.timer);

	mutex_lock(&ln->learned.lock);
	if (ln->learned.unsettled)
		settle(ln);
	look(ln);
	arm(ln);
	mutex_unlock(&ln->learned.lock);
}

/* --- What others ask ----------------------------------------------------------- */

/**
 * lbm_learned_has - whether set-update has put an address into a set
 * @ln: the namespace, under the RCU read lock
 * @set: id of the set
 * @family: AF_INET or AF_INET6
 * @address: network byte order
 * @established: it is asked for a packet of a flow that was allowed before
 *
 * An element that is over has the address for established flows only.
 */
bool lbm_learned_has(struct lbm_net *ln, u32 set, u8 family,
		     const void *address, bool established)
{
	const struct lbm_trie now = {
		.root = rcu_dereference(ln->learned.root),
	};
	struct lbm_learned *learned = NULL, *over = NULL;
	struct lbm_object *object;
	struct lbm_key key;

	lbm_key_element(&key, set, family, address, lbm_family_bits(family));
	/* The longest prefix that is not over, or else the longest. */
	while ((object = lbm_trie_match(&now, &key))) {
		learned = learned_of(object);
		if (!is_over(learned))
			break;
		over = over ?: learned;
		learned = NULL;
		/* An element of no bits has a key of 40. */
		key.bits = 39 + lbm_object_as(element, object)->len;
	}
	if (!learned && established)
		learned = over;
	/* One write each time that the timer asks. */
	if (learned && !READ_ONCE(learned->matched))
		WRITE_ONCE(learned->matched, true);
	return learned;
}

/**
 * lbm_learned_root - the trie of all learned elements
 * @ln: the namespace, under the RCU read lock
 */
struct lbm_node *lbm_learned_root(const struct lbm_net *ln)
{
	return rcu_dereference(ln->learned.root);
}

/**
 * lbm_learned_count - how many learned elements there are
 * @ln: the namespace
 */
u32 lbm_learned_count(const struct lbm_net *ln)
{
	return READ_ONCE(ln->learned.count);
}

/**
 * lbm_learned_left - what is left of an element's timeout
 * @element: a learned element, under the RCU read lock
 *
 * Return: milliseconds, at least 1; 0 when it has no timeout.
 */
u32 lbm_learned_left(const struct lbm_element *element)
{
	const struct lbm_learned *learned = learned_of(&element->object);
	long left;

	if (!READ_ONCE(learned->timed))
		return 0;
	left = (long)(READ_ONCE(learned->deadline) - jiffies);
	if (is_over(learned) || left <= 0)
		return 1;
	return max(jiffies_to_msecs(left), 1U);
}

/**
 * lbm_learned_init - begin with none
 * @ln: the namespace
 */
void lbm_learned_init(struct lbm_net *ln)
{
	mutex_init(&ln->learned.lock);
	ln->learned.events = RB_ROOT_CACHED;
	INIT_DELAYED_WORK(&ln->learned.timer, work);
}

/**
 * lbm_learned_exit - free all of them
 * @ln: the namespace, which has no readers and no jobs any more
 */
void lbm_learned_exit(struct lbm_net *ln)
{
	struct lbm_trie all = {};

	/* With @dying set it is not armed again. */
	cancel_delayed_work_sync(&ln->learned.timer);
	all.root = rcu_dereference_protected(ln->learned.root, 1);
	lbm_trie_clear(&all);
}
