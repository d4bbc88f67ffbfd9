// SPDX-License-Identifier: GPL-2.0-only
/*
 * module/classifier.c against a slow, obvious model: an array of rules by their
 * position that is searched from the beginning. Random edits; every version is
 * kept for a while and must never change; the answer must be the very rule.
 *
 * LBMESH_LONG=1 in the environment judges 10 million packets instead of
 * 300,000.
 */

#include <criterion/criterion.h>

#include "rules.h"

long shim_fail_after = -1;
long shim_live;

#define VERSIONS 4
#define RULES_MAX 5000

/* One version and what it must hold; the model has references of its own. */
struct model {
	struct lbm_classifier classifier;
	struct lbm_rule *rule[RULES_MAX];
	int count;
};

/* What a run draws. */
struct plan {
	enum style style;
	int rules;		/* how many there are, about */
	long packets;
	bool failing;		/* memory runs out now and then */
};

static struct model versions[VERSIONS];
static u64 edits;
static long judged, matched, asked_most;

static bool bit_at(const struct in6_addr *address, unsigned int at)
{
	return address->s6_addr[at / 8] >> (7 - at % 8) & 1;
}

static bool model_selects(const struct lbm_selector *selector,
			  const struct lbm_packet *packet, bool dst)
{
	struct lbm_facts facts = { .packet = packet };
	unsigned int i;

	switch (selector->type) {
	case LBM_SELECT_PREFIX:
		if (selector->family != packet->family)
			return false;
		for (i = 0; i < selector->len; i++)
			if (bit_at(&selector->address, i) !=
			    bit_at(dst ? &packet->dst : &packet->src, i))
				return false;
		return true;
	case LBM_SELECT_SET:
		return lbm_facts_in_set(&facts, selector->set, dst);
	case LBM_SELECT_SAME_NETWORK:
		return lbm_facts_same_network(&facts, dst);
	case LBM_SELECT_INTERNET:
		return lbm_facts_internet(&facts, dst);
	default:
		return true;
	}
}

static bool model_in_ranges(const struct lbm_range *range, int count, u16 port)
{
	bool in = count == 0;
	int i;

	for (i = 0; i < count; i++)
		in |= range[i].first <= port && port <= range[i].last;
	return in;
}

static bool model_matches(const struct lbm_rule *rule,
			  const struct lbm_packet *packet)
{
	if (!(rule->directions & 1 << packet->direction))
		return false;
	if (rule->has_protocol && rule->protocol != packet->protocol)
		return false;
	if (rule->has_icmp_type && rule->icmp_type != packet->icmp_type)
		return false;
	if (rule->has_icmp_code && rule->icmp_code != packet->icmp_code)
		return false;
	if (!model_in_ranges(rule->ports, rule->n_src_ports, packet->src_port))
		return false;
	if (!model_in_ranges(rule->ports + rule->n_src_ports, rule->n_dst_ports,
			     packet->dst_port))
		return false;
	return model_selects(&rule->src, packet, false) &&
	       model_selects(&rule->dst, packet, true);
}

static const struct lbm_rule *model_find(const struct model *model,
					 const struct lbm_packet *packet)
{
	int i;

	for (i = 0; i < model->count; i++)
		if (model_matches(model->rule[i], packet))
			return model->rule[i];
	return NULL;
}

static void model_check(const struct model *model, enum style style,
			int packets)
{
	while (packets--) {
		u8 family = draw(3) ? AF_INET : AF_INET6;
		struct lbm_packet packet = draw_packet(family, style);
		struct lbm_facts facts = { .packet = &packet };
		const struct lbm_rule *want, *is;

		if (model->count && percent(85))
			packet = packet_near(
				model->rule[draw((uint32_t)model->count)],
				family, style, percent(50));
		want = model_find(model, &packet);
		is = look(&model->classifier, &packet, &facts);
		cr_assert_eq(is, want, "position %d instead of %d of %d",
			     is ? (int)is->position : -1,
			     want ? (int)want->position : -1, model->count);
		judged++;
		matched += want != NULL;
		asked_most = max(asked_most, facts.asked);
	}
	cr_assert_eq(model->classifier.rules, (u32)model->count);
}

/* Where a rule of this position is or would be. */
static int model_at(const struct model *model, u32 position)
{
	int i = 0;

	while (i < model->count && model->rule[i]->position < position)
		i++;
	return i;
}

static void model_add(struct model *model, struct lbm_rule *rule)
{
	int at = model_at(model, rule->position);

	memmove(model->rule + at + 1, model->rule + at,
		(size_t)(model->count - at) * sizeof(rule));
	model->rule[at] = rule;
	model->count++;
	lbm_object_get(&rule->object);
}

static void model_drop(struct model *model, int at)
{
	lbm_object_put(&model->rule[at]->object);
	model->count--;
	memmove(model->rule + at, model->rule + at + 1,
		(size_t)(model->count - at) * sizeof(*model->rule));
}

static void model_clear(struct model *model)
{
	lbm_classifier_clear(&model->classifier);
	while (model->count)
		model_drop(model, model->count - 1);
}

static void model_fork(struct model *to, const struct model *from)
{
	int i;

	lbm_classifier_copy(&to->classifier, &from->classifier, ++edits);
	to->count = from->count;
	for (i = 0; i < from->count; i++) {
		to->rule[i] = from->rule[i];
		lbm_object_get(&to->rule[i]->object);
	}
}

static int edit_remove(struct model *model, int at)
{
	int ret = lbm_classifier_remove(&model->classifier, model->rule[at]);

	if (!ret)
		model_drop(model, at);
	return ret;
}

/* Put in a random rule, if its position is free. */
static int edit_add(struct model *model, enum style style)
{
	u32 position = percent(2) ? UINT32_MAX - draw(2) : draw(1u << 31);
	u8 family = draw(3) ? AF_INET : AF_INET6;
	struct lbm_rule *rule;
	int at, ret;

	rule = draw_rule(family, style, position);
	if (!rule)
		return -ENOMEM;
	at = model_at(model, position);
	if (at < model->count && model->rule[at]->position == position) {
		/* One that is not there, though its position is. */
		ret = lbm_classifier_remove(&model->classifier, rule);
		cr_assert_eq(ret, -ENOENT);
		ret = 0;
	} else {
		ret = lbm_classifier_insert(&model->classifier, rule);
		if (!ret)
			model_add(model, rule);
	}
	lbm_object_put(&rule->object);
	return ret;
}

static void fill(struct model *model, enum style style, int count)
{
	while (model->count < count)
		cr_assert_eq(edit_add(model, style), 0);
}

/* One random edit of both; returns what the classifier said. */
static int edit(struct model *model, const struct plan *plan)
{
	bool grow = model->count < (int)draw(2 * (uint32_t)plan->rules) &&
		    model->count < RULES_MAX;

	if (model->count && (!grow || percent(20)))
		return edit_remove(model, (int)draw((uint32_t)model->count));
	return edit_add(model, plan->style);
}

static void run(uint64_t seed, const struct plan *plan)
{
	long end = judged + plan->packets;
	int current = 0, next, i, ret;

	rules_seed = seed * 0x9e3779b97f4a7c15ULL;
	srandom((unsigned int)seed);
	lbm_classifier_init();
	while (judged < end) {
		next = (current + 1) % VERSIONS;
		model_clear(&versions[next]);
		model_fork(&versions[next], &versions[current]);
		shim_fail_after = plan->failing ? (long)draw(200) : -1;
		ret = 0;
		for (i = (int)draw((uint32_t)plan->rules / 4 + 2); i && !ret;
		     i--)
			ret = edit(&versions[next], plan);
		shim_fail_after = -1;
		if (!plan->failing)
			cr_assert_eq(ret, 0);
		/* Also after an edit that failed for want of memory. */
		for (i = 0; i < VERSIONS; i++)
			model_check(&versions[i], plan->style, 50);
		/* A failed edit is dropped, most times. */
		if (!ret || percent(30))
			current = next;
	}
	for (i = 0; i < VERSIONS; i++)
		model_clear(&versions[i]);
	cr_assert_eq(shim_live, 0, "%ld allocations leaked", shim_live);
}

static long packets_of(long percent_of_all)
{
	const char *set = getenv("LBMESH_LONG");

	return (set && *set == '1' ? 100000 : 3000) * percent_of_all;
}

static void run_styles(int rules, long percent_of_all, bool failing)
{
	struct plan plan = { .rules = rules, .failing = failing };
	long from = judged;

	plan.packets = packets_of(percent_of_all) / STYLES;
	for (plan.style = 0; plan.style < STYLES; plan.style++)
		run(plan.style + 1 + (uint64_t)rules, &plan);
	printf("%d rules: %ld packets, %ld matched, at most %ld facts each\n",
	       rules, judged - from, matched, asked_most);
}

Test(classifier, finds_the_first_match_and_never_changes_an_older_version)
{
	run_styles(60, 40, false);
}

Test(classifier, finds_the_first_match_among_many)
{
	run_styles(1500, 30, false);
}

Test(classifier, holds_what_it_held_when_memory_runs_out)
{
	run_styles(150, 30, true);
}

/* A new version of @base with one batch, in which allocation @n fails. */
static bool batch_fails_at(const struct model *base, long n)
{
	struct plan plan = { .style = STYLE_CLUSTERED, .rules = 400 };
	struct model *next = &versions[1];
	int i, ret = 0;

	model_fork(next, base);
	rules_seed = 99;
	shim_fail_after = n;
	for (i = 0; i < 25 && !ret; i++)
		ret = edit(next, &plan);
	shim_fail_after = -1;
	if (ret)
		cr_assert_eq(ret, -ENOMEM);
	model_check(next, plan.style, 100);
	model_check(base, plan.style, 100);
	model_clear(next);
	return ret != 0;
}

Test(classifier, fails_cleanly_at_every_allocation_of_a_batch)
{
	struct model *base = &versions[0];
	long n = 0, live;

	lbm_classifier_init();
	lbm_classifier_copy(&base->classifier, NULL, ++edits);
	fill(base, STYLE_CLUSTERED, 400);
	live = shim_live;
	while (batch_fails_at(base, n)) {
		cr_assert_eq(shim_live, live);
		n++;
	}
	printf("a batch of 25 edits has %ld allocations\n", n);
	cr_assert_gt(n, 50);
	model_clear(base);
	cr_assert_eq(shim_live, 0);
}

Test(classifier, is_right_when_all_keys_have_one_hash)
{
	struct model *model = &versions[0];

	/* Without lbm_classifier_init() the secrets are zero. */
	lbm_classifier_copy(&model->classifier, NULL, ++edits);
	fill(model, STYLE_REALISTIC, 1000);
	model_check(model, STYLE_REALISTIC, 5000);
	while (model->count)
		cr_assert_eq(edit_remove(model, model->count / 2), 0);
	model_clear(model);
	cr_assert_eq(shim_live, 0);
}

static struct lbm_rule *any_rule(u32 position, u8 directions, u8 family)
{
	struct lbm_rule *rule = lbm_rule_new(0, 0);

	rule->position = position;
	rule->directions = directions;
	if (family) {
		rule->src.type = LBM_SELECT_PREFIX;
		rule->src.family = family;
	}
	return rule;
}

Test(classifier, refuses_what_a_full_bucket_cannot_hold_everywhere)
{
	static struct lbm_classifier classifier;
	struct lbm_classifier_size size;
	struct lbm_packet packet = { .family = AF_INET };
	struct lbm_rule *rule;
	int i, fits = 0;

	lbm_classifier_init();
	lbm_classifier_copy(&classifier, NULL, ++edits);
	for (i = 0; i < 4200; i++) {
		rule = any_rule(100 + (u32)i, 2, AF_INET6);
		fits += !lbm_classifier_insert(&classifier, rule);
		lbm_object_put(&rule->object);
	}
	cr_assert_eq(fits, 4096);
	/* The others of the four groups had room; it must be in none. */
	rule = any_rule(1, 3, 0);
	cr_assert_eq(lbm_classifier_insert(&classifier, rule), -E2BIG);
	cr_assert_eq(rule->object.refs.count, 1);
	cr_assert_eq(lbm_classifier_remove(&classifier, rule), -ENOENT);
	cr_assert_null(look(&classifier, &packet, NULL));
	lbm_object_put(&rule->object);
	lbm_classifier_measure(&classifier, &size);
	cr_assert_eq(size.longest, 4096);
	cr_assert_eq(size.tables, 1);
	cr_assert_eq(classifier.rules, 4096);
	lbm_classifier_clear(&classifier);
	cr_assert_eq(shim_live, 0);
}

Test(classifier, has_no_table_left_when_all_rules_are_gone)
{
	struct model *model = &versions[0];
	struct lbm_classifier_size size;

	lbm_classifier_init();
	lbm_classifier_copy(&model->classifier, NULL, ++edits);
	fill(model, STYLE_ADVERSE, 4000);
	lbm_classifier_measure(&model->classifier, &size);
	printf("4,000 adverse rules: %u tables, %u buckets, longest %u\n",
	       size.tables, size.buckets, size.longest);
	cr_assert_leq(size.widest, LBM_CLASSIFIER_TABLES);
	while (model->count)
		cr_assert_eq(edit_remove(model,
					 (int)draw((uint32_t)model->count)), 0);
	lbm_classifier_measure(&model->classifier, &size);
	cr_assert_eq(size.tables, 0);
	cr_assert_eq(shim_live, 0);
}

Test(classifier, a_change_of_one_of_many_allocates_little)
{
	static struct lbm_classifier base, next;
	struct lbm_rule *rule;
	long before;
	u32 i;

	lbm_classifier_init();
	lbm_classifier_copy(&base, NULL, ++edits);
	for (i = 0; i < 10000; i++) {
		rule = draw_rule(AF_INET, STYLE_NARROW, i);
		cr_assert_eq(lbm_classifier_insert(&base, rule), 0);
		lbm_object_put(&rule->object);
	}
	lbm_classifier_copy(&next, &base, ++edits);
	before = shim_live;
	for (i = 20000; i < 20010; i++) {
		rule = draw_rule(AF_INET, STYLE_NARROW, i);
		cr_assert_eq(lbm_classifier_insert(&next, rule), 0);
		lbm_object_put(&rule->object);
	}
	/* Two groups; for each rule at most twice a way, a bucket, the rule. */
	cr_assert_leq(shim_live - before, 2 + 10 * (2 * 6 + 1));
	lbm_classifier_clear(&next);
	lbm_classifier_clear(&base);
	cr_assert_eq(shim_live, 0);
}

Test(object, rules_are_equal_when_their_ports_are)
{
	struct lbm_rule *a = lbm_rule_new(1, 1), *b = lbm_rule_new(1, 1);
	struct lbm_rule *c = lbm_rule_new(1, 2);

	cr_assert(lbm_object_equal(&a->object, &b->object));
	cr_assert_not(lbm_object_equal(&a->object, &c->object));
	cr_assert_not(lbm_object_equal(&a->object, NULL));
	b->ports[1].last = 1;
	cr_assert_not(lbm_object_equal(&a->object, &b->object));
	lbm_object_put(&a->object);
	lbm_object_put(&b->object);
	lbm_object_put(&c->object);
	cr_assert_eq(shim_live, 0);
}
