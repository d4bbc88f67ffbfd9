// SPDX-License-Identifier: GPL-2.0
/*
 * Classifier: which rule of a layer is the first to match a packet.
 *
 * Theory of operation
 * -------------------
 * To try the rules one by one costs as much as there are rules. Most of them
 * name addresses, though, and a hash table finds those that name the packet's.
 * Rules with prefixes of different lengths cannot share such a table as they
 * stand, but they can if each is entered under less than it says (Daly et al.,
 * TupleMerge: Fast Software Packet Processing for Online Packet Classification,
 * 2019). What a table enters of a rule is its tuple: some bits of the source,
 * some of the destination, and the service (nothing, the protocol, the protocol
 * and the upper half of the destination port, or all of the port). The rules
 * with one key form a bucket, and are compared with the packet in full:
 *
 *	5  from 10.1.0.0/16		 table (16, 0, -)
 *	6  from 10.1.2.3 to tcp 80	   10.1 -> 5, 6
 *	7  from 10.2.0.0/17		   10.2 -> 7
 *	8  to tcp 443			 table (0, 0, port)
 *	9  from @set to tcp 443		   tcp 443 -> 8, 9
 *
 *	packet from 10.1.2.4 to tcp 443, tables by their best position:
 *	  (16, 0, -)     10.1: rule 5 matches; the best so far is 5
 *	  (0, 0, port)   its best is 8: too late, and the search ends
 *
 * A rule enters the most specific table that can take it and has room in the
 * bucket, which is LBM_BUCKET_SHORT rules. When there is none it gets a new
 * table, and this enters as little of the rule as will tell it from others;
 * should that fill up, the next new table enters more of it (see the ladder in
 * rung()). So few rules have few tables, and tables are what a packet costs.
 * When there are LBM_CLASSIFIER_TABLES of them, or nothing more to enter, rules
 * go where the bucket is shortest. Tables come from rules alone, never from
 * packets, so that a packet of anybody's choice costs what the layer's owner
 * made it cost at most.
 *
 * Sets and keywords are entered as if they were "any". They are asked for when
 * everything else of the rule holds and no earlier rule has been found.
 *
 * ICMP has no ports; type and code stand in for the destination port.
 *
 * Families and directions have tables of their own, and a rule is in those of
 * all that it can match.
 *
 * The hash is multilinear: the sum of the masked words, each times a secret
 * number of 64 bits, of which the upper half is used. For two different keys,
 * whoever chose them without the secrets, the odds of one hash are 2^-32
 * (Lemire and Kaser, Strongly Universal String Hashing is Fast, 2014). And as
 * it is a sum, what a packet contributes for each length is computed once, and
 * a table adds three numbers.
 *
 * Versions. A version is four pointers to groups of tables; a table is a
 * persistent map (rulemap.c). The tables of a group are in one array, by their
 * best position, which an edit copies once. Removal is in two steps: make all
 * that will change the edit's own, which may fail; then change it. That is also
 * how an insertion into four groups is undone when the third one fails.
 */

#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>

#include "classifier.h"
#include "rulemap.h"

/*
 * Rules in a bucket at which a new rule looks for another table; measured, 4 to
 * 8 differ little (bench-classifier).
 */
#ifndef LBM_BUCKET_SHORT
#define LBM_BUCKET_SHORT 4
#endif

#define GROUPS 4

/* Lengths that tables use, by family: 0, 8, 16, 24, 32 or 0, 32, 48, 64, 128 */
#define LENGTHS LBM_CLASSIFIER_LENGTHS

/* The greatest of them that a first table uses: a /16, and a /48. */
#define LENGTH_RELAXED 2

/* What of the service a table uses. */
enum {
	SERVICE_ANY,
	SERVICE_PROTOCOL,
	SERVICE_PORT_UPPER,
	SERVICE_PORT,
	SERVICES
};

/* How much of rules a table enters: indices of lengths, and a service. */
struct tuple {
	u8 src;
	u8 dst;
	u8 service;
};

/**
 * struct lbm_table - the rules that are entered under one tuple
 * @best: lowest position of them
 * @tuple: how much of them the hash has
 * @seen: lbm_rulemap_seen() of @map: most packets go no further
 * @map: the rules by their hash; counted, not NULL once an edit is over
 */
struct lbm_table {
	u32 best;
	struct tuple tuple;
	u64 seen;
	struct lbm_rulemap *map;
};

/**
 * struct lbm_group - tables of a family and direction
 * @refs: classifiers that point to it
 * @count: tables in use
 * @room: tables there is memory for
 * @edit: edit that made it and may still write it
 * @table: by ascending @best
 */
struct lbm_group {
	refcount_t refs;
	u16 count;
	u16 room;
	u64 edit;
	struct lbm_table table[];
};

/* Where and as what a rule is entered. */
struct entry {
	struct tuple tuple;
	struct lbm_hashes hashes;
};

/* Where a rule is. */
struct place {
	unsigned int table;
	u32 hash;
};

static_assert(SERVICES == LBM_CLASSIFIER_SERVICES);

static struct {
	u64 src[4];
	u64 dst[4];
	u64 service;
	u64 start;
} secret __ro_after_init;

/**
 * lbm_classifier_init - choose the secrets of the hash
 */
void __init lbm_classifier_init(void)
{
	get_random_bytes(&secret, sizeof(secret));
}

static void hash_ipv4(u64 *hash, const struct in6_addr *address, const u64 *key)
{
	u32 word = ntohl(address->s6_addr32[0]);

	hash[0] = 0;
	hash[1] = (word & 0xff000000) * key[0];
	hash[2] = (word & 0xffff0000) * key[0];
	hash[3] = (word & 0xffffff00) * key[0];
	hash[4] = word * key[0];
}

static void hash_ipv6(u64 *hash, const struct in6_addr *address, const u64 *key)
{
	u32 second = ntohl(address->s6_addr32[1]);

	hash[0] = 0;
	hash[1] = ntohl(address->s6_addr32[0]) * key[0];
	hash[2] = hash[1] + (second & 0xffff0000) * key[1];
	hash[3] = hash[1] + second * key[1];
	hash[4] = hash[3] + ntohl(address->s6_addr32[2]) * key[2] +
		  ntohl(address->s6_addr32[3]) * key[3];
}

/**
 * lbm_classifier_hash - make what all layers need of a packet
 * @hashes: where to
 * @packet: the packet
 */
void lbm_classifier_hash(struct lbm_hashes *hashes,
			 const struct lbm_packet *packet)
{
	u32 port = packet->has_ports ? packet->dst_port :
		   packet->icmp_type << 8 | packet->icmp_code;
	u32 protocol = (u32)packet->protocol << 16;

	hashes->service[SERVICE_ANY] = secret.start;
	hashes->service[SERVICE_PROTOCOL] =
		secret.start + protocol * secret.service;
	hashes->service[SERVICE_PORT_UPPER] =
		secret.start + (protocol | (port & 0xff00)) * secret.service;
	hashes->service[SERVICE_PORT] =
		secret.start + (protocol | port) * secret.service;
	if (packet->family == AF_INET) {
		hash_ipv4(hashes->src, &packet->src, secret.src);
		hash_ipv4(hashes->dst, &packet->dst, secret.dst);
	} else {
		hash_ipv6(hashes->src, &packet->src, secret.src);
		hash_ipv6(hashes->dst, &packet->dst, secret.dst);
	}
}

static u32 hash_for(struct tuple tuple, const struct lbm_hashes *hashes)
{
	return (hashes->src[tuple.src] + hashes->dst[tuple.dst] +
		hashes->service[tuple.service]) >> 32;
}

static bool prefix_matches(const struct lbm_selector *selector,
			   const struct in6_addr *address)
{
	if (selector->family == AF_INET) {
		u64 diff = ntohl(selector->address.s6_addr32[0] ^
				 address->s6_addr32[0]);

		return !(diff >> (32 - selector->len));
	}
	return ipv6_prefix_equal(&selector->address, address, selector->len);
}

static bool ports_match(const struct lbm_range *range, unsigned int count,
			u16 port)
{
	unsigned int i;

	if (!count)
		return true;
	for (i = 0; i < count; i++)
		if (port >= range[i].first && port <= range[i].last)
			return true;
	return false;
}

/* Whether what the packet itself says fits the rule. */
static bool rule_fits(const struct lbm_rule *rule,
		      const struct lbm_packet *packet)
{
	if (rule->has_protocol && rule->protocol != packet->protocol)
		return false;
	if (rule->src.type == LBM_SELECT_PREFIX &&
	    !prefix_matches(&rule->src, &packet->src))
		return false;
	if (rule->dst.type == LBM_SELECT_PREFIX &&
	    !prefix_matches(&rule->dst, &packet->dst))
		return false;
	if (rule->has_icmp_type && (rule->icmp_type != packet->icmp_type ||
				    (rule->has_icmp_code &&
				     rule->icmp_code != packet->icmp_code)))
		return false;
	if (!rule->n_src_ports && !rule->n_dst_ports)
		return true;
	return packet->has_ports &&
	       ports_match(rule->ports + rule->n_src_ports, rule->n_dst_ports,
			   packet->dst_port) &&
	       ports_match(rule->ports, rule->n_src_ports, packet->src_port);
}

static bool selector_asks(const struct lbm_selector *selector,
			  struct lbm_facts *facts, bool dst)
{
	switch (selector->type) {
	case LBM_SELECT_SET:
		return lbm_facts_in_set(facts, selector->set, dst);
	case LBM_SELECT_SAME_NETWORK:
		return lbm_facts_same_network(facts, dst);
	case LBM_SELECT_INTERNET:
		return lbm_facts_internet(facts, dst);
	default:
		return true;
	}
}

/* Whether what else is known of the packet does. */
static bool selector_holds(const struct lbm_selector *selector,
			   struct lbm_facts *facts, bool dst)
{
	return selector->type <= LBM_SELECT_PREFIX ||
	       selector_asks(selector, facts, dst);
}

/* The first rule of a bucket that matches, if its position is below @before. */
static const struct lbm_rule *bucket_match(const struct lbm_bucket *bucket,
					   const struct lbm_packet *packet,
					   struct lbm_facts *facts, u64 before)
{
	unsigned int i;

	for (i = 0; i < bucket->map.rules; i++) {
		const struct lbm_rule *rule = bucket->rule[i];

		if (rule->position >= before)
			return NULL;
		if (rule_fits(rule, packet) &&
		    selector_holds(&rule->src, facts, false) &&
		    selector_holds(&rule->dst, facts, true))
			return rule;
	}
	return NULL;
}

static unsigned int group_at(u8 family, u8 direction)
{
	return (family == AF_INET6) << 1 | direction;
}

/**
 * lbm_classifier_find - the first rule of a layer that matches a packet
 * @classifier: a version; published ones under the RCU read lock
 * @packet: the packet
 * @hashes: of the packet
 * @facts: for what rules ask besides; asked only for rules that match
 *	otherwise and come before the best one found so far
 *
 * Return: the rule with the lowest position of all that match, with no
 * reference of its own, or NULL.
 */
const struct lbm_rule *
lbm_classifier_find(const struct lbm_classifier *classifier,
		    const struct lbm_packet *packet,
		    const struct lbm_hashes *hashes, struct lbm_facts *facts)
{
	const struct lbm_group *group =
		classifier->group[group_at(packet->family, packet->direction)];
	const struct lbm_rule *best = NULL, *rule;
	const struct lbm_table *table, *end;
	const struct lbm_bucket *bucket;
	u64 before = 1ULL << 32;
	u32 hash;

	if (!group)
		return NULL;
	end = group->table + group->count;
	for (table = group->table; table < end; table++) {
		if (table->best >= before)
			break;
		hash = hash_for(table->tuple, hashes);
		if (!(table->seen >> (hash >> (32 - LBM_RULEMAP_BITS)) & 1))
			continue;
		bucket = lbm_rulemap_find(table->map, hash);
		if (!bucket || bucket->map.best >= before)
			continue;
		rule = bucket_match(bucket, packet, facts, before);
		if (rule) {
			best = rule;
			before = rule->position;
		}
	}
	return best;
}

/**
 * lbm_classifier_copy - begin a version that is another with changes
 * @classifier: the new version; not initialised before
 * @from: the version to begin with; NULL for an empty one
 * @edit: number that no other edit has or had, not 0
 */
void lbm_classifier_copy(struct lbm_classifier *classifier,
			 const struct lbm_classifier *from, u64 edit)
{
	unsigned int i;

	memset(classifier, 0, sizeof(*classifier));
	if (from)
		*classifier = *from;
	classifier->edit = edit;
	for (i = 0; i < GROUPS; i++)
		if (classifier->group[i])
			refcount_inc(&classifier->group[i]->refs);
}

static void group_put(struct lbm_group *group)
{
	unsigned int i;

	if (!group || !refcount_dec_and_test(&group->refs))
		return;
	for (i = 0; i < group->count; i++)
		lbm_rulemap_put(group->table[i].map);
	kfree(group);
}

/**
 * lbm_classifier_clear - drop a version
 * @classifier: the version; when it was published, a grace period has passed
 */
void lbm_classifier_clear(struct lbm_classifier *classifier)
{
	unsigned int i;

	for (i = 0; i < GROUPS; i++) {
		group_put(classifier->group[i]);
		classifier->group[i] = NULL;
	}
	classifier->rules = 0;
}

/* Make the group at *@slot one that this edit may write, with room for more. */
static struct lbm_group *group_own(struct lbm_group **slot, u64 edit)
{
	struct lbm_group *group = *slot, *copy;
	unsigned int count = group ? group->count : 0, room, i;

	if (group && group->edit == edit && count < group->room)
		return group;
	room = round_up(count + 1, 8);
	copy = kmalloc(struct_size(copy, table, room), GFP_KERNEL_ACCOUNT);
	if (!copy)
		return NULL;
	refcount_set(&copy->refs, 1);
	copy->count = count;
	copy->room = room;
	copy->edit = edit;
	if (count)
		memcpy(copy->table, group->table, count * sizeof(*copy->table));
	for (i = 0; i < count; i++)
		lbm_rulemap_get(copy->table[i].map);
	*slot = copy;
	group_put(group);
	return copy;
}

/* After a change of a table in a group that the edit owns; it may go away. */
static void group_settle(struct lbm_group **slot, unsigned int at)
{
	struct lbm_group *group = *slot;
	struct lbm_table table = group->table[at];

	group->count--;
	memmove(group->table + at, group->table + at + 1,
		(group->count - at) * sizeof(table));
	if (!table.map) {
		if (!group->count) {
			*slot = NULL;
			kfree(group);
		}
		return;
	}
	table.best = table.map->best;
	table.seen = lbm_rulemap_seen(table.map);
	for (at = 0; at < group->count; at++)
		if (group->table[at].best > table.best)
			break;
	memmove(group->table + at + 1, group->table + at,
		(group->count - at) * sizeof(table));
	group->table[at] = table;
	group->count++;
}

static u8 length_index(const struct lbm_selector *selector)
{
	static const u8 lengths[2][LENGTHS] = {
		{ 0, 8, 16, 24, 32 },
		{ 0, 32, 48, 64, 128 },
	};
	const u8 *of = lengths[selector->family == AF_INET6];
	u8 i = LENGTHS - 1;

	if (selector->type != LBM_SELECT_PREFIX)
		return 0;
	while (of[i] > selector->len)
		i--;
	return i;
}

/* The range of destination ports, or what stands in for them. */
static bool port_hull(const struct lbm_rule *rule, struct lbm_range *hull)
{
	const struct lbm_range *range = rule->ports + rule->n_src_ports;
	unsigned int i;

	if (rule->has_icmp_type) {
		hull->first = rule->icmp_type << 8;
		hull->last = hull->first | 0xff;
		if (rule->has_icmp_code) {
			hull->first |= rule->icmp_code;
			hull->last = hull->first;
		}
		return true;
	}
	if (!rule->n_dst_ports)
		return false;
	*hull = range[0];
	for (i = 1; i < rule->n_dst_ports; i++) {
		hull->first = min(hull->first, range[i].first);
		hull->last = max(hull->last, range[i].last);
	}
	return true;
}

/* The most that a table can enter of a rule; and the hashes of the rule. */
static void entry_init(struct entry *entry, const struct lbm_rule *rule,
		       unsigned int group)
{
	struct lbm_packet like = {
		.family = group & 2 ? AF_INET6 : AF_INET,
		.protocol = rule->has_protocol ? rule->protocol : 0,
		.has_ports = true,
		.src = rule->src.address,
		.dst = rule->dst.address,
	};
	struct lbm_range hull;

	entry->tuple.src = length_index(&rule->src);
	entry->tuple.dst = length_index(&rule->dst);
	entry->tuple.service = SERVICE_ANY;
	if (rule->has_protocol) {
		entry->tuple.service = SERVICE_PROTOCOL;
		if (port_hull(rule, &hull)) {
			like.dst_port = hull.first;
			if (hull.first == hull.last)
				entry->tuple.service = SERVICE_PORT;
			else if (hull.first >> 8 == hull.last >> 8)
				entry->tuple.service = SERVICE_PORT_UPPER;
		}
	}
	lbm_classifier_hash(&entry->hashes, &like);
}

/* Whether a table of @tuple can take a rule that says @full. */
static bool tuple_takes(struct tuple tuple, struct tuple full)
{
	return tuple.src <= full.src && tuple.dst <= full.dst &&
	       tuple.service <= full.service;
}

static bool tuple_same(struct tuple a, struct tuple b)
{
	return a.src == b.src && a.dst == b.dst && a.service == b.service;
}

/*
 * The ladder of new tables: each enters more of the rule than the one before.
 * The first has one end only, the longer one; of two that are alike it is the
 * far end, as the near one is often the endpoint in all rules.
 */
#define RUNGS 5

static struct tuple rung(unsigned int step, struct tuple full, bool far_is_src)
{
	struct tuple tuple = {
		.src = min_t(u8, full.src, LENGTH_RELAXED),
		.dst = min_t(u8, full.dst, LENGTH_RELAXED),
		.service = full.service,
	};

	if (step >= 3)
		tuple = full;
	if (step == 2 || step == 4 || (!full.src && !full.dst))
		return tuple;
	tuple.service = SERVICE_ANY;
	if (step)
		return tuple;
	if (tuple.src > tuple.dst || (tuple.src == tuple.dst && far_is_src))
		tuple.dst = 0;
	else
		tuple.src = 0;
	return tuple;
}

static bool has_table(const struct lbm_group *group, struct tuple tuple)
{
	unsigned int i;

	for (i = 0; i < group->count; i++)
		if (tuple_same(group->table[i].tuple, tuple))
			return true;
	return false;
}

/* Append a table that this rule is the first of; -E2BIG if there is none. */
static int table_new(struct lbm_group *group, struct tuple full,
		     bool far_is_src)
{
	static const struct tuple nothing;
	struct tuple tuple = nothing;
	unsigned int step;

	/* The last place is for the table that can take every rule. */
	for (step = 0; step < RUNGS; step++) {
		tuple = rung(step, full, far_is_src);
		if (!has_table(group, tuple) &&
		    (group->count < LBM_CLASSIFIER_TABLES - 1 ||
		     tuple_same(tuple, nothing)))
			break;
	}
	if (step == RUNGS) {
		tuple = nothing;
		if (has_table(group, tuple))
			return -E2BIG;
	}
	group->table[group->count].tuple = tuple;
	group->table[group->count].best = U32_MAX;
	group->table[group->count].seen = 0;
	group->table[group->count].map = NULL;
	return group->count++;
}

/*
 * Find a table for a rule, or make one, in a group that has room for it. What
 * cannot have a table of its own goes into the shortest bucket.
 */
static int table_for(struct lbm_group *group, const struct entry *entry,
		     bool far_is_src)
{
	unsigned int least = LBM_BUCKET_MAX, rules, detail, most = 0, i;
	int shortest = -E2BIG, roomy = -1, at;

	for (i = 0; i < group->count; i++) {
		const struct lbm_table *table = &group->table[i];
		const struct lbm_bucket *bucket;

		if (!tuple_takes(table->tuple, entry->tuple))
			continue;
		bucket = lbm_rulemap_find(table->map,
					  hash_for(table->tuple,
						   &entry->hashes));
		rules = bucket ? bucket->map.rules : 0;
		if (rules < least) {
			least = rules;
			shortest = i;
		}
		detail = 1 + table->tuple.src + table->tuple.dst +
			 table->tuple.service;
		if (rules < LBM_BUCKET_SHORT && detail > most) {
			most = detail;
			roomy = i;
		}
	}
	if (roomy >= 0)
		return roomy;
	at = table_new(group, entry->tuple, far_is_src);
	return at < 0 ? shortest : at;
}

static int group_insert(struct lbm_group **slot, u64 edit, unsigned int which,
			struct lbm_rule *rule)
{
	bool far_is_src = (which & 1) == LBMESH_DIRECTION_INGRESS;
	struct lbm_table *table;
	struct lbm_group *group;
	struct entry entry;
	int at, ret;

	group = group_own(slot, edit);
	if (!group)
		return -ENOMEM;
	entry_init(&entry, rule, which);
	at = table_for(group, &entry, far_is_src);
	if (at < 0)
		return at;
	table = &group->table[at];
	ret = lbm_rulemap_insert(&table->map, edit,
				 hash_for(table->tuple, &entry.hashes), rule);
	group_settle(slot, at);
	return ret;
}

/* Find the table that has a rule. */
static int group_locate(const struct lbm_group *group, unsigned int which,
			const struct lbm_rule *rule, struct place *place)
{
	struct entry entry;
	unsigned int i, j;

	entry_init(&entry, rule, which);
	for (i = 0; group && i < group->count; i++) {
		const struct lbm_table *table = &group->table[i];
		u32 hash = hash_for(table->tuple, &entry.hashes);
		const struct lbm_bucket *bucket;

		if (!tuple_takes(table->tuple, entry.tuple))
			continue;
		bucket = lbm_rulemap_find(table->map, hash);
		for (j = 0; bucket && j < bucket->map.rules; j++) {
			if (bucket->rule[j] != rule)
				continue;
			place->table = i;
			place->hash = hash;
			return 0;
		}
	}
	return -ENOENT;
}

/* Take a rule out of a group of which the edit owns all that this changes. */
static void group_remove(struct lbm_group **slot, const struct place *place,
			 const struct lbm_rule *rule)
{
	lbm_rulemap_remove(&(*slot)->table[place->table].map, place->hash,
			   rule);
	group_settle(slot, place->table);
}

/* Groups that a rule belongs to, as a bit mask. */
static unsigned int groups_of(const struct lbm_rule *rule)
{
	unsigned int groups = 0, which;

	for (which = 0; which < GROUPS; which++) {
		u8 family = which & 2 ? AF_INET6 : AF_INET;

		if (!(rule->directions & 1 << (which & 1)))
			continue;
		if (rule->src.type == LBM_SELECT_PREFIX &&
		    rule->src.family != family)
			continue;
		if (rule->dst.type == LBM_SELECT_PREFIX &&
		    rule->dst.family != family)
			continue;
		groups |= 1 << which;
	}
	return groups;
}

/**
 * lbm_classifier_insert - put a rule in
 * @classifier: a version under edit
 * @rule: the rule, which is not in it; its position is no other rule's. The
 *	classifier takes references of its own.
 *
 * Return: 0; -ENOMEM; -E2BIG when more than %LBM_BUCKET_MAX rules of one family
 * and direction are alike in all that a table can enter of them (the only limit
 * that there is). After an error the version still holds what it held.
 */
int lbm_classifier_insert(struct lbm_classifier *classifier,
			  struct lbm_rule *rule)
{
	unsigned int groups = groups_of(rule), which;
	struct lbm_group **group;
	struct place place;
	int ret = 0;

	for (which = 0; which < GROUPS && !ret; which++)
		if (groups & 1 << which)
			ret = group_insert(&classifier->group[which],
					   classifier->edit, which, rule);
	if (!ret) {
		classifier->rules++;
		return 0;
	}
	/* Where it has been put in, all is this edit's own. */
	for (which = 0; which < GROUPS; which++) {
		group = &classifier->group[which];
		if (groups & 1 << which &&
		    !group_locate(*group, which, rule, &place))
			group_remove(group, &place, rule);
	}
	return ret;
}

/**
 * lbm_classifier_remove - take a rule out
 * @classifier: a version under edit
 * @rule: the very object that was put in
 *
 * Return: 0; -ENOENT when it is not there; -ENOMEM, when the version still
 * holds what it held.
 */
int lbm_classifier_remove(struct lbm_classifier *classifier,
			  const struct lbm_rule *rule)
{
	unsigned int groups = groups_of(rule), which;
	struct place place[GROUPS];
	struct lbm_group *group;
	int ret;

	for (which = 0; which < GROUPS; which++) {
		if (!(groups & 1 << which))
			continue;
		ret = group_locate(classifier->group[which], which, rule,
				   &place[which]);
		if (ret)
			return ret;
	}
	for (which = 0; which < GROUPS; which++) {
		if (!(groups & 1 << which))
			continue;
		group = group_own(&classifier->group[which], classifier->edit);
		if (!group ||
		    lbm_rulemap_own(&group->table[place[which].table].map,
				    classifier->edit, place[which].hash))
			return -ENOMEM;
	}
	/* From here on nothing can fail. */
	for (which = 0; which < GROUPS; which++)
		if (groups & 1 << which)
			group_remove(&classifier->group[which], &place[which],
				     rule);
	classifier->rules--;
	return 0;
}

static void group_measure(const struct lbm_group *group,
			  struct lbm_classifier_size *size)
{
	const struct lbm_bucket *bucket;
	unsigned int i;

	size->tables += group->count;
	size->widest = max_t(u32, size->widest, group->count);
	for (i = 0; i < group->count; i++) {
		const struct lbm_rulemap *map = group->table[i].map;

		for (bucket = lbm_rulemap_next(map, NULL); bucket;
		     bucket = lbm_rulemap_next(map, bucket)) {
			size->buckets++;
			size->longest = max_t(u32, size->longest,
					      bucket->map.rules);
		}
	}
}

/**
 * lbm_classifier_measure - what a classifier is made of
 * @classifier: a version; published ones under the RCU read lock or a
 *	reference
 * @size: the answer; it takes a walk over all buckets
 */
void lbm_classifier_measure(const struct lbm_classifier *classifier,
			    struct lbm_classifier_size *size)
{
	unsigned int i;

	memset(size, 0, sizeof(*size));
	for (i = 0; i < GROUPS; i++)
		if (classifier->group[i])
			group_measure(classifier->group[i], size);
}
