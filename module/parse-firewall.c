// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the objects of the firewall in a commit message: layers, rules, sets,
 * elements and endpoints. What becomes of them is parse.c's.
 */

#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "flow.h"
#include "parse-internal.h"

/* --- Layer and set -------------------------------------------------------- */

static int layer_key(struct parse *parse, struct nlattr *nest,
		     struct nlattr **tb, struct lbm_object *object)
{
	struct lbm_layer *layer = lbm_object_as(layer, object);

	if (!tb[LBMESH_A_LAYER_ID])
		return refuse(parse, nest, "layer: id is required", -EINVAL);
	layer->id = nla_get_u32(tb[LBMESH_A_LAYER_ID]);
	return 0;
}

static int layer_rest(struct parse *parse, struct nlattr *nest,
		      struct nlattr **tb, struct lbm_object *object,
		      const struct lbm_object *base)
{
	struct lbm_layer *layer = lbm_object_as(layer, object);

	if (tb[LBMESH_A_LAYER_LABEL])
		nla_strscpy(layer->label, tb[LBMESH_A_LAYER_LABEL],
			    sizeof(layer->label));
	return 0;
}

static int set_key(struct parse *parse, struct nlattr *nest,
		   struct nlattr **tb, struct lbm_object *object)
{
	struct lbm_set *set = lbm_object_as(set, object);

	if (!tb[LBMESH_A_SET_ID])
		return refuse(parse, nest, "set: id is required", -EINVAL);
	set->id = nla_get_u32(tb[LBMESH_A_SET_ID]);
	return 0;
}

static int set_rest(struct parse *parse, struct nlattr *nest,
		    struct nlattr **tb, struct lbm_object *object,
		    const struct lbm_object *base)
{
	struct lbm_set *set = lbm_object_as(set, object);

	if (tb[LBMESH_A_SET_LABEL])
		nla_strscpy(set->label, tb[LBMESH_A_SET_LABEL],
			    sizeof(set->label));
	return 0;
}

/* --- Rule ----------------------------------------------------------------- */

/* Ranges that the message gives on one side; nla_parse() keeps only the last. */
static unsigned int count_ranges(struct nlattr *nest, int type)
{
	unsigned int count = 0;
	struct nlattr *attr;
	int rem;

	nla_for_each_nested(attr, nest, rem)
		count += nla_type(attr) == type;
	return count;
}

/* With room for its ports; what is too many is refused later. */
static struct lbm_object *rule_new(struct nlattr *nest)
{
	unsigned int src = count_ranges(nest, LBMESH_A_RULE_SRC_PORT);
	unsigned int dst = count_ranges(nest, LBMESH_A_RULE_DST_PORT);
	struct lbm_rule *rule;

	rule = lbm_rule_new(min_t(unsigned int, src, LBM_RANGES_MAX),
			    min_t(unsigned int, dst, LBM_RANGES_MAX));
	return rule ? &rule->object : NULL;
}

static int rule_key(struct parse *parse, struct nlattr *nest,
		    struct nlattr **tb, struct lbm_object *object)
{
	struct lbm_rule *rule = lbm_object_as(rule, object);

	if (!tb[LBMESH_A_RULE_LAYER])
		return refuse(parse, nest, "rule: layer is required", -EINVAL);
	if (!tb[LBMESH_A_RULE_ID])
		return refuse(parse, nest, "rule: id is required", -EINVAL);
	rule->layer = nla_get_u32(tb[LBMESH_A_RULE_LAYER]);
	rule->id = nla_get_u32(tb[LBMESH_A_RULE_ID]);
	return 0;
}

static int rule_position(struct parse *parse, struct nlattr *nest,
			 struct nlattr *position, struct lbm_rule *rule,
			 const struct lbm_object *base)
{
	const struct lbm_object *other;
	struct lbm_key key;

	if (position)
		rule->position = nla_get_u32(position);
	else if (base)
		rule->position = lbm_object_as(rule, base)->position;
	else
		return refuse(parse, nest,
			      "rule: position is required for a new rule",
			      -EINVAL);
	lbm_key_pair(&key, rule->layer, rule->position);
	other = lbm_trie_get(&parse->job->next->positions, &key);
	if (other && lbm_object_as(rule, other)->id != rule->id)
		return refuse(parse, position ?: nest,
			      "rule: another rule of the layer has this position",
			      -EEXIST);
	return 0;
}

/* So rules can exchange their positions, in any order. */
static bool rule_lift(struct nlattr **tb, const struct lbm_object *old)
{
	const struct nlattr *position = tb[LBMESH_A_RULE_POSITION];

	return position &&
	       nla_get_u32(position) != lbm_object_as(rule, old)->position;
}

static void read_keyword(const struct nlattr *keyword,
			 struct lbm_selector *selector)
{
	switch (nla_get_u8(keyword)) {
	case LBMESH_KEYWORD_SAME_NETWORK:
		selector->type = LBM_SELECT_SAME_NETWORK;
		break;
	case LBMESH_KEYWORD_INTERNET:
		selector->type = LBM_SELECT_INTERNET;
		break;
	default:
		selector->type = LBM_SELECT_ANY;
	}
}

static int read_selector(struct parse *parse, struct nlattr *nest,
			 struct lbm_selector *selector)
{
	static const struct prefix_words words = {
		.which = "rule: a selector is one of ipv4, ipv6, set and keyword",
		.longer = "rule: prefix-len is longer than the address",
		.host = "rule: bits of the address beyond prefix-len are not zero",
	};
	struct nlattr *tb[LBMESH_A_SELECTOR_MAX + 1];
	struct nlattr *v4, *v6, *set, *keyword, *len;
	struct prefix prefix = {};
	int ret;

	/* An absent one is any. */
	if (!nest)
		return 0;
	ret = nla_parse_nested(tb, LBMESH_A_SELECTOR_MAX, nest,
			       CHECKED, parse->extack);
	if (ret)
		return ret;
	v4 = tb[LBMESH_A_SELECTOR_IPV4];
	v6 = tb[LBMESH_A_SELECTOR_IPV6];
	set = tb[LBMESH_A_SELECTOR_SET];
	keyword = tb[LBMESH_A_SELECTOR_KEYWORD];
	len = tb[LBMESH_A_SELECTOR_PREFIX_LEN];
	if (!!v4 + !!v6 + !!set + !!keyword != 1)
		return refuse(parse, nest, words.which, -EINVAL);
	if (len && !v4 && !v6)
		return refuse(parse, len,
			      "rule: prefix-len is for an address only",
			      -EINVAL);
	if (keyword) {
		read_keyword(keyword, selector);
		return 0;
	}
	if (set) {
		selector->type = LBM_SELECT_SET;
		selector->set = nla_get_u32(set);
		return 0;
	}
	ret = lbm_parse_prefix(parse, nest, v4, v6, len, &words, &prefix);
	selector->type = LBM_SELECT_PREFIX;
	selector->family = prefix.family;
	selector->len = prefix.len;
	selector->address = prefix.address;
	return ret;
}

/* ICMP is of one family, and addresses of two meet in no packet. */
static int check_families(struct parse *parse, struct nlattr **tb,
			  const struct lbm_rule *rule)
{
	/* Of what is no prefix it is 0. */
	u8 family = rule->src.family ?: rule->dst.family;

	if (rule->src.family && rule->dst.family &&
	    rule->src.family != rule->dst.family)
		return refuse(parse, tb[LBMESH_A_RULE_DST],
			      "rule: src and dst are of two families", -EINVAL);
	if (!rule->has_protocol || !family)
		return 0;
	if (rule->protocol == IPPROTO_ICMPV6 && family == AF_INET)
		return refuse(parse, tb[LBMESH_A_RULE_PROTOCOL],
			      "rule: ICMPv6 has no IPv4 addresses", -EINVAL);
	if (rule->protocol == IPPROTO_ICMP && family == AF_INET6)
		return refuse(parse, tb[LBMESH_A_RULE_PROTOCOL],
			      "rule: ICMP has no IPv6 addresses", -EINVAL);
	return 0;
}

static int read_range(struct parse *parse, struct nlattr *nest,
		      struct lbm_range *range)
{
	struct nlattr *tb[LBMESH_A_RANGE_MAX + 1];
	int ret;

	ret = nla_parse_nested(tb, LBMESH_A_RANGE_MAX, nest,
			       CHECKED, parse->extack);
	if (ret)
		return ret;
	if (!tb[LBMESH_A_RANGE_FIRST] || !tb[LBMESH_A_RANGE_LAST])
		return refuse(parse, nest,
			      "rule: a range of ports is first and last",
			      -EINVAL);
	range->first = nla_get_u16(tb[LBMESH_A_RANGE_FIRST]);
	range->last = nla_get_u16(tb[LBMESH_A_RANGE_LAST]);
	if (range->first > range->last)
		return refuse(parse, nest,
			      "rule: a range of ports ends before it begins",
			      -EINVAL);
	return 0;
}

/* Read the ranges of one side, and say how many. */
static int read_ports(struct parse *parse, struct nlattr *nest, int type,
		      const struct lbm_rule *rule, struct lbm_range *ports,
		      u8 *count)
{
	struct nlattr *attr;
	int rem, ret;

	*count = 0;
	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != type)
			continue;
		if (!rule->has_protocol || !lbm_flow_has_ports(rule->protocol))
			return refuse(parse, attr,
				      "rule: ports are for protocols tcp, udp, dccp, sctp and udplite",
				      -EINVAL);
		if (*count == LBM_RANGES_MAX)
			return refuse(parse, attr,
				      "rule: more than 16 ranges of ports on one side",
				      -EINVAL);
		ret = read_range(parse, attr, &ports[*count]);
		if (ret)
			return ret;
		++*count;
	}
	return 0;
}

static int read_icmp(struct parse *parse, struct nlattr **tb,
		     struct lbm_rule *rule)
{
	const struct nlattr *type = tb[LBMESH_A_RULE_ICMP_TYPE];
	const struct nlattr *code = tb[LBMESH_A_RULE_ICMP_CODE];

	if (code && !type)
		return refuse(parse, code,
			      "rule: icmp-code is for a rule with icmp-type",
			      -EINVAL);
	if (!type)
		return 0;
	if (!rule->has_protocol || (rule->protocol != IPPROTO_ICMP &&
				    rule->protocol != IPPROTO_ICMPV6))
		return refuse(parse, type,
			      "rule: icmp-type is for protocols icmp and icmpv6",
			      -EINVAL);
	rule->has_icmp_type = true;
	rule->icmp_type = nla_get_u8(type);
	if (code) {
		rule->has_icmp_code = true;
		rule->icmp_code = nla_get_u8(code);
	}
	return 0;
}

static int rule_rest(struct parse *parse, struct nlattr *nest,
		     struct nlattr **tb, struct lbm_object *object,
		     const struct lbm_object *base)
{
	struct lbm_rule *rule = lbm_object_as(rule, object);
	int ret;

	if (!tb[LBMESH_A_RULE_ACTION])
		return refuse(parse, nest, "rule: action is required", -EINVAL);
	rule->action = nla_get_u8(tb[LBMESH_A_RULE_ACTION]);
	rule->directions = BIT(LBMESH_DIRECTION_INGRESS) |
			   BIT(LBMESH_DIRECTION_EGRESS);
	if (tb[LBMESH_A_RULE_DIRECTION])
		rule->directions =
			BIT(nla_get_u8(tb[LBMESH_A_RULE_DIRECTION]));
	if (tb[LBMESH_A_RULE_PROTOCOL]) {
		rule->has_protocol = true;
		rule->protocol = nla_get_u8(tb[LBMESH_A_RULE_PROTOCOL]);
	}
	rule->log = tb[LBMESH_A_RULE_LOG];
	ret = read_selector(parse, tb[LBMESH_A_RULE_SRC], &rule->src);
	ret = ret ?: read_selector(parse, tb[LBMESH_A_RULE_DST], &rule->dst);
	ret = ret ?: check_families(parse, tb, rule);
	ret = ret ?: read_ports(parse, nest, LBMESH_A_RULE_SRC_PORT, rule,
				rule->ports, &rule->n_src_ports);
	ret = ret ?: read_ports(parse, nest, LBMESH_A_RULE_DST_PORT, rule,
				rule->ports + rule->n_src_ports,
				&rule->n_dst_ports);
	ret = ret ?: read_icmp(parse, tb, rule);
	return ret ?: rule_position(parse, nest, tb[LBMESH_A_RULE_POSITION],
				    rule, base);
}

static int check_selector(struct parse *parse, const struct nlattr *nest)
{
	const struct nlattr *set;

	set = nest ? nla_find_nested(nest, LBMESH_A_SELECTOR_SET) : NULL;
	if (!set || lbm_parse_has_id(&parse->job->next->sets, set))
		return 0;
	return refuse(parse, set, "rule: there is no such set", -ENOENT);
}

static int rule_check(struct parse *parse, struct nlattr *nest,
		      struct nlattr **tb)
{
	if (!lbm_parse_has_id(&parse->job->next->layers,
			      tb[LBMESH_A_RULE_LAYER]))
		return refuse(parse, tb[LBMESH_A_RULE_LAYER],
			      "rule: there is no such layer", -ENOENT);
	return check_selector(parse, tb[LBMESH_A_RULE_SRC]) ?:
	       check_selector(parse, tb[LBMESH_A_RULE_DST]);
}

/* --- Element -------------------------------------------------------------- */

static int element_key(struct parse *parse, struct nlattr *nest,
		       struct nlattr **tb, struct lbm_object *object)
{
	static const struct prefix_words words = {
		.which = "element: exactly one of ipv4 and ipv6 is required",
		.longer = "element: prefix-len is longer than the address",
		.host = "element: bits of the address beyond prefix-len are not zero",
	};
	struct lbm_element *element = lbm_object_as(element, object);
	struct prefix prefix = {};
	int ret;

	if (!tb[LBMESH_A_ELEMENT_SET])
		return refuse(parse, nest, "element: set is required", -EINVAL);
	if (tb[LBMESH_A_ELEMENT_LEARNED])
		return refuse(parse, tb[LBMESH_A_ELEMENT_LEARNED],
			      "element: learned is for answers only", -EINVAL);
	element->set = nla_get_u32(tb[LBMESH_A_ELEMENT_SET]);
	ret = lbm_parse_prefix(parse, nest, tb[LBMESH_A_ELEMENT_IPV4],
			       tb[LBMESH_A_ELEMENT_IPV6],
			       tb[LBMESH_A_ELEMENT_PREFIX_LEN], &words,
			       &prefix);
	element->family = prefix.family;
	element->len = prefix.len;
	element->address = prefix.address;
	return ret;
}

static int element_rest(struct parse *parse, struct nlattr *nest,
			struct nlattr **tb, struct lbm_object *object,
			const struct lbm_object *base)
{
	const struct nlattr *timeout = tb[LBMESH_A_ELEMENT_TIMEOUT];

	if (timeout && nla_get_u32(timeout))
		return refuse(parse, timeout,
			      "element: one with a timeout belongs in set-update",
			      -EINVAL);
	return 0;
}

static int element_check(struct parse *parse, struct nlattr *nest,
			 struct nlattr **tb)
{
	if (lbm_parse_has_id(&parse->job->next->sets, tb[LBMESH_A_ELEMENT_SET]))
		return 0;
	return refuse(parse, tb[LBMESH_A_ELEMENT_SET],
		      "element: there is no such set", -ENOENT);
}

/* --- Endpoint ------------------------------------------------------------- */

static int endpoint_key(struct parse *parse, struct nlattr *nest,
			struct nlattr **tb, struct lbm_object *object)
{
	struct lbm_endpoint *endpoint = lbm_object_as(endpoint, object);

	if (!tb[LBMESH_A_ENDPOINT_ID])
		return refuse(parse, nest, "endpoint: id is required", -EINVAL);
	endpoint->id = nla_get_u32(tb[LBMESH_A_ENDPOINT_ID]);
	return 0;
}

static int endpoint_interface(struct parse *parse, struct nlattr *nest,
			      struct nlattr **tb, int *result)
{
	struct nlattr *ifindex = tb[LBMESH_A_ENDPOINT_IFINDEX];
	struct nlattr *ifname = tb[LBMESH_A_ENDPOINT_IFNAME];
	struct net *net = parse->job->ln->net;
	struct net_device *dev;

	if (!ifindex == !ifname)
		return refuse(parse, nest,
			      "endpoint: exactly one of ifindex and ifname is required",
			      -EINVAL);
	rcu_read_lock();
	if (ifindex)
		dev = dev_get_by_index_rcu(net, nla_get_u32(ifindex));
	else
		dev = dev_get_by_name_rcu(net, nla_data(ifname));
	*result = dev ? dev->ifindex : 0;
	rcu_read_unlock();
	return dev ? 0 : refuse(parse, ifindex ?: ifname,
				"endpoint: there is no such interface",
				-ENODEV);
}

static void endpoint_addresses(struct nlattr **tb,
			       struct lbm_endpoint *endpoint)
{
	if (tb[LBMESH_A_ENDPOINT_IPV4]) {
		endpoint->has_ipv4 = true;
		endpoint->ipv4 = nla_get_be32(tb[LBMESH_A_ENDPOINT_IPV4]);
	}
	if (tb[LBMESH_A_ENDPOINT_IPV6]) {
		endpoint->has_ipv6 = true;
		memcpy(&endpoint->ipv6, nla_data(tb[LBMESH_A_ENDPOINT_IPV6]),
		       sizeof(endpoint->ipv6));
	}
}

static int endpoint_layer(struct parse *parse, const struct nlattr *attr,
			  struct lbm_endpoint *endpoint)
{
	u32 layer = nla_get_u32(attr);
	int i;

	for (i = 0; i < endpoint->n_layers; i++)
		if (endpoint->layers[i] == layer)
			return refuse(parse, attr,
				      "endpoint: a layer is named twice",
				      -EEXIST);
	if (endpoint->n_layers == LBM_LAYERS_MAX)
		return refuse(parse, attr, "endpoint: more than 8 layers",
			      -EINVAL);
	endpoint->layers[endpoint->n_layers++] = layer;
	return 0;
}

static int endpoint_layers(struct parse *parse, struct nlattr *nest,
			   struct lbm_endpoint *endpoint)
{
	struct nlattr *attr;
	int rem, ret;

	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != LBMESH_A_ENDPOINT_LAYER)
			continue;
		ret = endpoint_layer(parse, attr, endpoint);
		if (ret)
			return ret;
	}
	return 0;
}

static int endpoint_default(struct parse *parse, const struct nlattr *action,
			    struct lbm_endpoint *endpoint,
			    enum lbmesh_direction direction)
{
	if (!action)
		return 0;
	if (nla_get_u8(action) == LBMESH_ACTION_PASS)
		return refuse(parse, action,
			      "endpoint: a default is allow, deny or reject",
			      -EINVAL);
	endpoint->has_default[direction] = true;
	endpoint->fallback[direction] = nla_get_u8(action);
	return 0;
}

static int endpoint_rest(struct parse *parse, struct nlattr *nest,
			 struct nlattr **tb, struct lbm_object *object,
			 const struct lbm_object *base)
{
	struct lbm_endpoint *endpoint = lbm_object_as(endpoint, object);
	int ret;

	if (!tb[LBMESH_A_ENDPOINT_KIND])
		return refuse(parse, nest, "endpoint: kind is required",
			      -EINVAL);
	endpoint->kind = nla_get_u8(tb[LBMESH_A_ENDPOINT_KIND]);
	ret = endpoint_interface(parse, nest, tb, &endpoint->ifindex);
	if (ret)
		return ret;
	endpoint_addresses(tb, endpoint);
	if (endpoint->kind == LBMESH_ENDPOINT_KIND_SANDBOX &&
	    !endpoint->has_ipv4 && !endpoint->has_ipv6)
		return refuse(parse, nest,
			      "endpoint: a sandbox has an address",
			      -EINVAL);
	if (tb[LBMESH_A_ENDPOINT_LABEL])
		nla_strscpy(endpoint->label, tb[LBMESH_A_ENDPOINT_LABEL],
			    sizeof(endpoint->label));
	ret = endpoint_layers(parse, nest, endpoint);
	ret = ret ?: endpoint_default(parse,
				      tb[LBMESH_A_ENDPOINT_INGRESS_DEFAULT],
				      endpoint, LBMESH_DIRECTION_INGRESS);
	ret = ret ?: endpoint_default(parse,
				      tb[LBMESH_A_ENDPOINT_EGRESS_DEFAULT],
				      endpoint, LBMESH_DIRECTION_EGRESS);
	if (!ret && lbm_generation_rival(parse->job->next, endpoint))
		ret = refuse(parse, nest,
			     "endpoint: another one has this interface and address",
			     -EEXIST);
	return ret;
}

/* So endpoints can exchange their addresses, in any order. */
static bool endpoint_lift(struct nlattr **tb, const struct lbm_object *old)
{
	return true;
}

static int endpoint_check(struct parse *parse, struct nlattr *nest,
			  struct nlattr **tb)
{
	struct nlattr *attr;
	int rem;

	nla_for_each_nested(attr, nest, rem)
		if (nla_type(attr) == LBMESH_A_ENDPOINT_LAYER &&
		    !lbm_parse_has_id(&parse->job->next->layers, attr))
			return refuse(parse, attr,
				      "endpoint: there is no such layer",
				      -ENOENT);
	return 0;
}

/**
 * lbm_parse_endpoint_stays - whether an endpoint is on the interface of the base
 * @parse: a message that is not read, being known
 * @nest: the endpoint
 */
bool lbm_parse_endpoint_stays(struct parse *parse, struct nlattr *nest)
{
	struct nlattr *tb[LBMESH_A_ENDPOINT_MAX + 1];
	const struct lbm_object *object;
	struct lbm_key key;
	int ifindex;

	if (nla_parse_nested(tb, LBMESH_A_ENDPOINT_MAX, nest,
			     CHECKED, NULL) ||
	    !tb[LBMESH_A_ENDPOINT_ID] ||
	    endpoint_interface(parse, nest, tb, &ifindex))
		return false;
	lbm_key_id(&key, nla_get_u32(tb[LBMESH_A_ENDPOINT_ID]));
	object = lbm_trie_get(&parse->job->base->endpoints, &key);
	return object && lbm_object_as(endpoint, object)->ifindex == ifindex;
}

/* --- What belongs to a layer or a set -------------------------------------- */

/* Take out of the next generation what is in @index under @prefix. */
static int drop_under(struct parse *parse, const struct lbm_trie *index,
		      const struct lbm_key *prefix)
{
	const struct lbm_node *node;
	struct lbm_key at;
	int ret;

	for (node = lbm_trie_next_in(index, prefix, NULL); node;
	     node = lbm_trie_next_in(index, prefix, &at)) {
		lbm_key_of_node(&at, node);
		/* The base holds it. */
		ret = lbm_generation_unset(parse->job->next, node->object);
		if (ret)
			return ret;
		parse->job->silent = true;
		lbm_touched_note(&parse->job->touched, node->object);
		cond_resched();
	}
	return 0;
}

/**
 * lbm_parse_drop_parts - remove the parts of what a delta removes by name
 * @parse: the message, of which all removals have been read
 *
 * A layer takes its rules along, and a set its elements.
 *
 * Return: 0 or -ENOMEM.
 */
int lbm_parse_drop_parts(struct parse *parse)
{
	struct lbm_generation *next = parse->job->next;
	const struct lbm_change *change;
	struct lbm_key key;
	int ret;

	lbm_job_for_each(change, parse->job, LBMESH_OBJECT_LAYER) {
		lbm_key_object(&key, change->old);
		ret = drop_under(parse, &next->rules, &key);
		if (ret)
			return ret;
	}
	lbm_job_for_each(change, parse->job, LBMESH_OBJECT_SET) {
		lbm_key_object(&key, change->old);
		ret = drop_under(parse, &next->elements, &key);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * lbm_parse_check_parts - refuse a removal of what is still referred to
 * @parse: the message, which has been read
 * @change: a removal
 *
 * Return: 0, or -ENOTEMPTY with a sentence in extack.
 */
int lbm_parse_check_parts(struct parse *parse, const struct lbm_change *change)
{
	const struct lbm_generation *next = parse->job->next;
	struct lbm_key key;

	lbm_key_object(&key, change->old);
	if (change->old->kind == LBMESH_OBJECT_LAYER &&
	    lbm_trie_next_in(&next->judged, &key, NULL))
		return refuse(parse, change->nest,
			      "layer: endpoints still refer to it", -ENOTEMPTY);
	if (change->old->kind == LBMESH_OBJECT_SET &&
	    lbm_trie_next_in(&next->users, &key, NULL))
		return refuse(parse, change->nest,
			      "set: rules still refer to it", -ENOTEMPTY);
	return 0;
}

/* --- Readers -------------------------------------------------------------- */

const struct reader lbm_firewall_readers[5] = {
	{
		.kind = LBMESH_OBJECT_LAYER,
		.max = LBMESH_A_LAYER_MAX,
		.remove = LBMESH_A_LAYER_REMOVE,
		.key = layer_key,
		.rest = layer_rest,
		.misplaced = "layer: remove is for mode delta only",
		.twice = "layer: the id comes twice in the message",
		.absent = "layer: there is none with this id to remove",
		.full = "layer: more than the limit of this namespace",
	},
	{
		.kind = LBMESH_OBJECT_RULE,
		.max = LBMESH_A_RULE_MAX,
		.remove = LBMESH_A_RULE_REMOVE,
		.new = rule_new,
		.key = rule_key,
		.rest = rule_rest,
		.check = rule_check,
		.lift = rule_lift,
		.misplaced = "rule: remove is for mode delta only",
		.twice = "rule: the key comes twice in the message",
		.absent = "rule: there is none with this key to remove",
		.full = "rule: more than the limit of this namespace",
	},
	{
		.kind = LBMESH_OBJECT_SET,
		.max = LBMESH_A_SET_MAX,
		.remove = LBMESH_A_SET_REMOVE,
		.key = set_key,
		.rest = set_rest,
		.misplaced = "set: remove is for mode delta only",
		.twice = "set: the id comes twice in the message",
		.absent = "set: there is none with this id to remove",
		.full = "set: more than the limit of this namespace",
	},
	{
		.kind = LBMESH_OBJECT_ELEMENT,
		.max = LBMESH_A_ELEMENT_MAX,
		.remove = LBMESH_A_ELEMENT_REMOVE,
		.key = element_key,
		.rest = element_rest,
		.check = element_check,
		.misplaced = "element: remove is for mode delta only",
		.twice = "element: the address comes twice in the message",
		.absent = "element: there is none with this address to remove",
		.full = "element: more than the limit of this namespace",
	},
	{
		.kind = LBMESH_OBJECT_ENDPOINT,
		.max = LBMESH_A_ENDPOINT_MAX,
		.remove = LBMESH_A_ENDPOINT_REMOVE,
		.key = endpoint_key,
		.rest = endpoint_rest,
		.check = endpoint_check,
		.lift = endpoint_lift,
		.misplaced = "endpoint: remove is for mode delta only",
		.twice = "endpoint: the id comes twice in the message",
		.absent = "endpoint: there is none with this id to remove",
		.full = "endpoint: more than the limit of this namespace",
	},
};
