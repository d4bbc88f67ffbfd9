// SPDX-License-Identifier: GPL-2.0
/*
 * Shows the objects of the firewall: layers, rules, sets, elements and
 * endpoints. How a dump goes on is dump.c's.
 */

#include "compat.h"
#include "dump-internal.h"
#include "learned.h"

static int write_layer(struct sk_buff *skb, const struct lbm_object *object)
{
	const struct lbm_layer *layer = lbm_object_as(layer, object);

	if (nla_put_u32(skb, LBMESH_A_LAYER_ID, layer->id))
		return -EMSGSIZE;
	if (layer->label[0] &&
	    nla_put_string(skb, LBMESH_A_LAYER_LABEL, layer->label))
		return -EMSGSIZE;
	return 0;
}

static int write_layer_state(struct sk_buff *skb,
			     const struct lbm_object *object)
{
	const struct lbm_layer *layer = lbm_object_as(layer, object);
	struct nlattr *nest = nla_nest_start(skb, LBMESH_A_LAYER_STATE);
	u64 denied, rejected;

	lbm_stats_of_layer(&layer->stats, &denied, &rejected);
	if (!nest || nla_put_u32(skb, LBMESH_A_LAYER_STATE_ID, layer->id) ||
	    lbm_put_u64(skb, LBMESH_A_LAYER_STATE_DENIED, denied) ||
	    lbm_put_u64(skb, LBMESH_A_LAYER_STATE_REJECTED, rejected))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int write_set(struct sk_buff *skb, const struct lbm_object *object)
{
	const struct lbm_set *set = lbm_object_as(set, object);

	if (nla_put_u32(skb, LBMESH_A_SET_ID, set->id))
		return -EMSGSIZE;
	if (set->label[0] &&
	    nla_put_string(skb, LBMESH_A_SET_LABEL, set->label))
		return -EMSGSIZE;
	return 0;
}

/* --- Rule ----------------------------------------------------------------- */

static int write_prefix(struct sk_buff *skb,
			const struct lbm_selector *selector)
{
	if (selector->family == AF_INET &&
	    nla_put_be32(skb, LBMESH_A_SELECTOR_IPV4,
			 selector->address.s6_addr32[0]))
		return -EMSGSIZE;
	if (selector->family == AF_INET6 &&
	    nla_put(skb, LBMESH_A_SELECTOR_IPV6, sizeof(selector->address),
		    &selector->address))
		return -EMSGSIZE;
	return nla_put_u8(skb, LBMESH_A_SELECTOR_PREFIX_LEN, selector->len);
}

static int write_choice(struct sk_buff *skb,
			const struct lbm_selector *selector)
{
	switch (selector->type) {
	case LBM_SELECT_PREFIX:
		return write_prefix(skb, selector);
	case LBM_SELECT_SET:
		return nla_put_u32(skb, LBMESH_A_SELECTOR_SET, selector->set);
	case LBM_SELECT_SAME_NETWORK:
		return nla_put_u8(skb, LBMESH_A_SELECTOR_KEYWORD,
				  LBMESH_KEYWORD_SAME_NETWORK);
	default:
		return nla_put_u8(skb, LBMESH_A_SELECTOR_KEYWORD,
				  LBMESH_KEYWORD_INTERNET);
	}
}

/* An absent one is any. */
static int write_selector(struct sk_buff *skb, int type,
			  const struct lbm_selector *selector)
{
	struct nlattr *nest;

	if (selector->type == LBM_SELECT_ANY)
		return 0;
	nest = nla_nest_start(skb, type);
	if (!nest || write_choice(skb, selector))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int write_ports(struct sk_buff *skb, int type,
		       const struct lbm_range *range, u8 count)
{
	struct nlattr *nest;
	int i;

	for (i = 0; i < count; i++) {
		nest = nla_nest_start(skb, type);
		if (!nest ||
		    nla_put_u16(skb, LBMESH_A_RANGE_FIRST, range[i].first) ||
		    nla_put_u16(skb, LBMESH_A_RANGE_LAST, range[i].last))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	return 0;
}

static int write_protocol(struct sk_buff *skb, const struct lbm_rule *rule)
{
	if (rule->has_protocol &&
	    nla_put_u8(skb, LBMESH_A_RULE_PROTOCOL, rule->protocol))
		return -EMSGSIZE;
	if (rule->has_icmp_type &&
	    nla_put_u8(skb, LBMESH_A_RULE_ICMP_TYPE, rule->icmp_type))
		return -EMSGSIZE;
	if (rule->has_icmp_code &&
	    nla_put_u8(skb, LBMESH_A_RULE_ICMP_CODE, rule->icmp_code))
		return -EMSGSIZE;
	return write_ports(skb, LBMESH_A_RULE_SRC_PORT, rule->ports,
			   rule->n_src_ports) ?:
	       write_ports(skb, LBMESH_A_RULE_DST_PORT,
			   rule->ports + rule->n_src_ports, rule->n_dst_ports);
}

static int write_direction(struct sk_buff *skb, const struct lbm_rule *rule)
{
	/* Both are what an absent one means. */
	if (rule->directions == BIT(LBMESH_DIRECTION_INGRESS))
		return nla_put_u8(skb, LBMESH_A_RULE_DIRECTION,
				  LBMESH_DIRECTION_INGRESS);
	if (rule->directions == BIT(LBMESH_DIRECTION_EGRESS))
		return nla_put_u8(skb, LBMESH_A_RULE_DIRECTION,
				  LBMESH_DIRECTION_EGRESS);
	return 0;
}

static int write_rule(struct sk_buff *skb, const struct lbm_object *object)
{
	const struct lbm_rule *rule = lbm_object_as(rule, object);

	if (nla_put_u32(skb, LBMESH_A_RULE_LAYER, rule->layer) ||
	    nla_put_u32(skb, LBMESH_A_RULE_ID, rule->id) ||
	    nla_put_u32(skb, LBMESH_A_RULE_POSITION, rule->position) ||
	    write_direction(skb, rule) ||
	    nla_put_u8(skb, LBMESH_A_RULE_ACTION, rule->action) ||
	    write_selector(skb, LBMESH_A_RULE_SRC, &rule->src) ||
	    write_selector(skb, LBMESH_A_RULE_DST, &rule->dst) ||
	    write_protocol(skb, rule))
		return -EMSGSIZE;
	return rule->log ? nla_put_flag(skb, LBMESH_A_RULE_LOG) : 0;
}

static int write_rule_state(struct sk_buff *skb,
			    const struct lbm_object *object)
{
	const struct lbm_rule *rule = lbm_object_as(rule, object);
	struct nlattr *nest = nla_nest_start(skb, LBMESH_A_RULE_STATE);
	u64 hits, last, now;

	lbm_stats_of_rule(&rule->stats, &hits, &last);
	now = max(get_jiffies_64(), last);
	if (!nest || nla_put_u32(skb, LBMESH_A_RULE_STATE_LAYER, rule->layer) ||
	    nla_put_u32(skb, LBMESH_A_RULE_STATE_ID, rule->id) ||
	    lbm_put_u64(skb, LBMESH_A_RULE_STATE_HITS, hits))
		return -EMSGSIZE;
	if (hits && lbm_put_u64(skb, LBMESH_A_RULE_STATE_LAST_HIT_MS,
				jiffies64_to_msecs(now - last)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* --- Element and endpoint --------------------------------------------------- */

static int write_element(struct sk_buff *skb, const struct lbm_object *object)
{
	const struct lbm_element *element = lbm_object_as(element, object);
	u32 left = element->learned ? lbm_learned_left(element) : 0;

	if (nla_put_u32(skb, LBMESH_A_ELEMENT_SET, element->set))
		return -EMSGSIZE;
	if (element->family == AF_INET &&
	    nla_put_be32(skb, LBMESH_A_ELEMENT_IPV4,
			 element->address.s6_addr32[0]))
		return -EMSGSIZE;
	if (element->family == AF_INET6 &&
	    nla_put(skb, LBMESH_A_ELEMENT_IPV6, sizeof(element->address),
		    &element->address))
		return -EMSGSIZE;
	if (nla_put_u8(skb, LBMESH_A_ELEMENT_PREFIX_LEN, element->len))
		return -EMSGSIZE;
	if (left && nla_put_u32(skb, LBMESH_A_ELEMENT_TIMEOUT, left))
		return -EMSGSIZE;
	return element->learned ? nla_put_flag(skb, LBMESH_A_ELEMENT_LEARNED) :
				  0;
}

static int write_policy(struct sk_buff *skb,
			const struct lbm_endpoint *endpoint)
{
	int i;

	for (i = 0; i < endpoint->n_layers; i++)
		if (nla_put_u32(skb, LBMESH_A_ENDPOINT_LAYER,
				endpoint->layers[i]))
			return -EMSGSIZE;
	if (endpoint->has_default[LBMESH_DIRECTION_INGRESS] &&
	    nla_put_u8(skb, LBMESH_A_ENDPOINT_INGRESS_DEFAULT,
		       endpoint->fallback[LBMESH_DIRECTION_INGRESS]))
		return -EMSGSIZE;
	if (endpoint->has_default[LBMESH_DIRECTION_EGRESS] &&
	    nla_put_u8(skb, LBMESH_A_ENDPOINT_EGRESS_DEFAULT,
		       endpoint->fallback[LBMESH_DIRECTION_EGRESS]))
		return -EMSGSIZE;
	return 0;
}

static int write_endpoint(struct sk_buff *skb, const struct lbm_object *object)
{
	const struct lbm_endpoint *endpoint = lbm_object_as(endpoint, object);

	if (nla_put_u32(skb, LBMESH_A_ENDPOINT_ID, endpoint->id))
		return -EMSGSIZE;
	if (endpoint->label[0] &&
	    nla_put_string(skb, LBMESH_A_ENDPOINT_LABEL, endpoint->label))
		return -EMSGSIZE;
	if (nla_put_u8(skb, LBMESH_A_ENDPOINT_KIND, endpoint->kind) ||
	    nla_put_u32(skb, LBMESH_A_ENDPOINT_IFINDEX, endpoint->ifindex))
		return -EMSGSIZE;
	if (endpoint->has_ipv4 &&
	    nla_put_be32(skb, LBMESH_A_ENDPOINT_IPV4, endpoint->ipv4))
		return -EMSGSIZE;
	if (endpoint->has_ipv6 &&
	    nla_put(skb, LBMESH_A_ENDPOINT_IPV6, sizeof(endpoint->ipv6),
		    &endpoint->ipv6))
		return -EMSGSIZE;
	return write_policy(skb, endpoint);
}

/* --- Dumps ------------------------------------------------------------------ */

/* In the order in which they are visited. */
static const struct lbm_trie *rule_index(const struct lbm_generation *gen,
					 bool by_id)
{
	return &gen->positions;
}

#define RULE_KEY	(BIT(LBMESH_A_RULE_LAYER) | BIT(LBMESH_A_RULE_ID))
#define ELEMENT_KEY	(BIT(LBMESH_A_ELEMENT_SET) |			\
			 BIT(LBMESH_A_ELEMENT_IPV4) |			\
			 BIT(LBMESH_A_ELEMENT_IPV6) |			\
			 BIT(LBMESH_A_ELEMENT_PREFIX_LEN))

#define RULE_NAME	"the nest rule with layer and id alone"
#define ELEMENT_NAME	"the nest element with set and address alone"

SHOW(layer, LAYER, 0, NULL, false, write_layer_state, "its id")
SHOW(rule, RULE, RULE_KEY, rule_index, false, write_rule_state, RULE_NAME)
SHOW(set, SET, 0, NULL, false, NULL, "its id")
SHOW(element, ELEMENT, ELEMENT_KEY, NULL, true, NULL, ELEMENT_NAME)
SHOW(endpoint, ENDPOINT, 0, NULL, false, NULL, "its id")
