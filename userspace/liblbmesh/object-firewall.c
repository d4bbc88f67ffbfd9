// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * object-firewall.c - reads objects of the firewall out of dumps: the inverse
 * of commit-firewall.c. Called by collect.c. What is decoded points into the
 * message, or into a room of the caller's where the wire has another form. A
 * required attribute that is absent is -EPROTO, as is a value that no commit
 * could have set: a rule that is half understood would be shown as another one.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

static const struct lbm_policy layer_policy[LBMESH_A_LAYER_MAX + 1] = {
	[LBMESH_A_LAYER_ID] = {.type = MNL_TYPE_U32},
	[LBMESH_A_LAYER_LABEL] = {.type = MNL_TYPE_NUL_STRING},
};

static const struct lbm_policy layer_state_policy[LBMESH_A_LAYER_STATE_MAX + 1] = {
	[LBMESH_A_LAYER_STATE_ID] = {.type = MNL_TYPE_U32},
	[LBMESH_A_LAYER_STATE_DENIED] = {.type = MNL_TYPE_U64},
	[LBMESH_A_LAYER_STATE_REJECTED] = {.type = MNL_TYPE_U64},
};

static const struct lbm_policy selector_policy[LBMESH_A_SELECTOR_MAX + 1] = {
	[LBMESH_A_SELECTOR_IPV4] = {.type = MNL_TYPE_U32},
	[LBMESH_A_SELECTOR_IPV6] = {.type = MNL_TYPE_BINARY, .len = 16},
	[LBMESH_A_SELECTOR_PREFIX_LEN] = {.type = MNL_TYPE_U8},
	[LBMESH_A_SELECTOR_SET] = {.type = MNL_TYPE_U32},
	[LBMESH_A_SELECTOR_KEYWORD] = {.type = MNL_TYPE_U8},
};

static const struct lbm_policy range_policy[LBMESH_A_RANGE_MAX + 1] = {
	[LBMESH_A_RANGE_FIRST] = {.type = MNL_TYPE_U16},
	[LBMESH_A_RANGE_LAST] = {.type = MNL_TYPE_U16},
};

static const struct lbm_policy rule_policy[LBMESH_A_RULE_MAX + 1] = {
	[LBMESH_A_RULE_LAYER] = {.type = MNL_TYPE_U32},
	[LBMESH_A_RULE_ID] = {.type = MNL_TYPE_U32},
	[LBMESH_A_RULE_POSITION] = {.type = MNL_TYPE_U32},
	[LBMESH_A_RULE_DIRECTION] = {.type = MNL_TYPE_U8},
	[LBMESH_A_RULE_ACTION] = {.type = MNL_TYPE_U8},
	[LBMESH_A_RULE_PROTOCOL] = {.type = MNL_TYPE_U8},
	[LBMESH_A_RULE_SRC] = {.type = MNL_TYPE_NESTED},
	[LBMESH_A_RULE_DST] = {.type = MNL_TYPE_NESTED},
	[LBMESH_A_RULE_SRC_PORT] = {.type = MNL_TYPE_NESTED},
	[LBMESH_A_RULE_DST_PORT] = {.type = MNL_TYPE_NESTED},
	[LBMESH_A_RULE_ICMP_TYPE] = {.type = MNL_TYPE_U8},
	[LBMESH_A_RULE_ICMP_CODE] = {.type = MNL_TYPE_U8},
	[LBMESH_A_RULE_LOG] = {.type = MNL_TYPE_FLAG},
};

static const struct lbm_policy rule_state_policy[LBMESH_A_RULE_STATE_MAX + 1] = {
	[LBMESH_A_RULE_STATE_LAYER] = {.type = MNL_TYPE_U32},
	[LBMESH_A_RULE_STATE_ID] = {.type = MNL_TYPE_U32},
	[LBMESH_A_RULE_STATE_HITS] = {.type = MNL_TYPE_U64},
	[LBMESH_A_RULE_STATE_LAST_HIT_MS] = {.type = MNL_TYPE_U64},
};

static const struct lbm_policy set_policy[LBMESH_A_SET_MAX + 1] = {
	[LBMESH_A_SET_ID] = {.type = MNL_TYPE_U32},
	[LBMESH_A_SET_LABEL] = {.type = MNL_TYPE_NUL_STRING},
};

static const struct lbm_policy element_policy[LBMESH_A_ELEMENT_MAX + 1] = {
	[LBMESH_A_ELEMENT_SET] = {.type = MNL_TYPE_U32},
	[LBMESH_A_ELEMENT_IPV4] = {.type = MNL_TYPE_U32},
	[LBMESH_A_ELEMENT_IPV6] = {.type = MNL_TYPE_BINARY, .len = 16},
	[LBMESH_A_ELEMENT_PREFIX_LEN] = {.type = MNL_TYPE_U8},
	[LBMESH_A_ELEMENT_TIMEOUT] = {.type = MNL_TYPE_U32},
	[LBMESH_A_ELEMENT_LEARNED] = {.type = MNL_TYPE_FLAG},
};

static const struct lbm_policy endpoint_policy[LBMESH_A_ENDPOINT_MAX + 1] = {
	[LBMESH_A_ENDPOINT_ID] = {.type = MNL_TYPE_U32},
	[LBMESH_A_ENDPOINT_LABEL] = {.type = MNL_TYPE_NUL_STRING},
	[LBMESH_A_ENDPOINT_KIND] = {.type = MNL_TYPE_U8},
	[LBMESH_A_ENDPOINT_IFINDEX] = {.type = MNL_TYPE_U32},
	[LBMESH_A_ENDPOINT_IFNAME] = {.type = MNL_TYPE_NUL_STRING},
	[LBMESH_A_ENDPOINT_IPV4] = {.type = MNL_TYPE_U32},
	[LBMESH_A_ENDPOINT_IPV6] = {.type = MNL_TYPE_BINARY, .len = 16},
	[LBMESH_A_ENDPOINT_LAYER] = {.type = MNL_TYPE_U32},
	[LBMESH_A_ENDPOINT_INGRESS_DEFAULT] = {.type = MNL_TYPE_U8},
	[LBMESH_A_ENDPOINT_EGRESS_DEFAULT] = {.type = MNL_TYPE_U8},
};

/**
 * lbm_decode_layer() - Read a layer.
 * @nest: from the kernel
 * @layer: set when 0 is returned; points into @nest
 *
 * Return: 0, or -EPROTO.
 */
int lbm_decode_layer(const struct nlattr *nest, struct lbmesh_layer *layer)
{
	const struct nlattr *tb[LBMESH_A_LAYER_MAX + 1];

	if (lbm_nest_parse(nest, tb, LBMESH_A_LAYER_MAX, layer_policy) || !tb[LBMESH_A_LAYER_ID])
		return -EPROTO;
	layer->id = lbm_attr_u32(tb[LBMESH_A_LAYER_ID]);
	layer->label = lbm_attr_text(tb[LBMESH_A_LAYER_LABEL]);
	return 0;
}

/**
 * lbm_decode_layer_state() - Read what the rules of a layer have done.
 * @nest: from the kernel
 * @layer: that it must be about
 * @state: set when 0 is returned
 *
 * Return: 0, or -EPROTO.
 */
int lbm_decode_layer_state(const struct nlattr *nest, const struct lbmesh_layer *layer,
			   struct lbmesh_layer_state *state)
{
	const struct nlattr *tb[LBMESH_A_LAYER_STATE_MAX + 1];

	if (lbm_nest_parse(nest, tb, LBMESH_A_LAYER_STATE_MAX, layer_state_policy) ||
	    !tb[LBMESH_A_LAYER_STATE_ID] || !tb[LBMESH_A_LAYER_STATE_DENIED] ||
	    !tb[LBMESH_A_LAYER_STATE_REJECTED] ||
	    lbm_attr_u32(tb[LBMESH_A_LAYER_STATE_ID]) != layer->id)
		return -EPROTO;
	state->denied = lbm_attr_u64(tb[LBMESH_A_LAYER_STATE_DENIED]);
	state->rejected = lbm_attr_u64(tb[LBMESH_A_LAYER_STATE_REJECTED]);
	return 0;
}

/* An absent selector is any address; one that is there says one thing. */
static int decode_selector(const struct nlattr *nest, struct lbmesh_selector *selector)
{
	const struct nlattr *tb[LBMESH_A_SELECTOR_MAX + 1];
	const struct nlattr *set;
	const struct nlattr *keyword;
	bool address;

	memset(selector, 0, sizeof(*selector));
	if (!nest)
		return 0;
	if (lbm_nest_parse(nest, tb, LBMESH_A_SELECTOR_MAX, selector_policy))
		return -EPROTO;
	set = tb[LBMESH_A_SELECTOR_SET];
	keyword = tb[LBMESH_A_SELECTOR_KEYWORD];
	address = tb[LBMESH_A_SELECTOR_IPV4] || tb[LBMESH_A_SELECTOR_IPV6];
	if (address + !!set + !!keyword != 1 || (tb[LBMESH_A_SELECTOR_PREFIX_LEN] && !address))
		return -EPROTO;
	if (set) {
		selector->kind = LBMESH_SELECTOR_SET;
		selector->set = lbm_attr_u32(set);
		return selector->set ? 0 : -EPROTO;
	}
	if (keyword) {
		selector->kind = LBMESH_SELECTOR_KEYWORD;
		selector->keyword = (enum lbmesh_keyword)lbm_attr_u8(keyword);
		return selector->keyword <= LBMESH_KEYWORD_INTERNET ? 0 : -EPROTO;
	}
	selector->kind = LBMESH_SELECTOR_PREFIX;
	return lbm_attr_prefix(tb[LBMESH_A_SELECTOR_IPV4], tb[LBMESH_A_SELECTOR_IPV6],
			       tb[LBMESH_A_SELECTOR_PREFIX_LEN], &selector->prefix);
}

static int decode_ranges(const struct nlattr *rule, uint16_t type,
			 struct lbmesh_range room[LBMESH_RULE_RANGES_MAX],
			 const struct lbmesh_range **ranges, size_t *count)
{
	const struct nlattr *attr;

	*count = 0;
	mnl_attr_for_each_nested(attr, rule) {
		const struct nlattr *tb[LBMESH_A_RANGE_MAX + 1];
		struct lbmesh_range *range = &room[*count];

		if (mnl_attr_get_type(attr) != type)
			continue;
		if (*count == LBMESH_RULE_RANGES_MAX ||
		    lbm_nest_parse(attr, tb, LBMESH_A_RANGE_MAX, range_policy) ||
		    !tb[LBMESH_A_RANGE_FIRST] || !tb[LBMESH_A_RANGE_LAST])
			return -EPROTO;
		range->first = lbm_attr_u16(tb[LBMESH_A_RANGE_FIRST]);
		range->last = lbm_attr_u16(tb[LBMESH_A_RANGE_LAST]);
		if (range->last < range->first)
			return -EPROTO;
		++*count;
	}
	*ranges = *count ? room : NULL;
	return 0;
}

/**
 * lbm_decode_rule() - Read a rule.
 * @nest: from the kernel
 * @rule: set when 0 is returned; points into @room
 * @room: for the ports
 *
 * Return: 0, or -EPROTO.
 */
int lbm_decode_rule(const struct nlattr *nest, struct lbmesh_rule *rule,
		    struct lbm_rule_room *room)
{
	const struct nlattr *tb[LBMESH_A_RULE_MAX + 1];

	if (lbm_nest_parse(nest, tb, LBMESH_A_RULE_MAX, rule_policy) || !tb[LBMESH_A_RULE_LAYER] ||
	    !tb[LBMESH_A_RULE_ID] || !tb[LBMESH_A_RULE_POSITION] || !tb[LBMESH_A_RULE_ACTION])
		return -EPROTO;
	*rule = (struct lbmesh_rule){
		.layer = lbm_attr_u32(tb[LBMESH_A_RULE_LAYER]),
		.id = lbm_attr_u32(tb[LBMESH_A_RULE_ID]),
		.position = lbm_attr_u32(tb[LBMESH_A_RULE_POSITION]),
		.action = (enum lbmesh_action)lbm_attr_u8(tb[LBMESH_A_RULE_ACTION]),
		.direction = (enum lbmesh_direction)lbm_attr_u8(tb[LBMESH_A_RULE_DIRECTION]),
		.protocol = lbm_attr_u8(tb[LBMESH_A_RULE_PROTOCOL]),
		.icmp_type = lbm_attr_u8(tb[LBMESH_A_RULE_ICMP_TYPE]),
		.icmp_code = lbm_attr_u8(tb[LBMESH_A_RULE_ICMP_CODE]),
		.has_direction = tb[LBMESH_A_RULE_DIRECTION],
		.has_protocol = tb[LBMESH_A_RULE_PROTOCOL],
		.has_icmp_type = tb[LBMESH_A_RULE_ICMP_TYPE],
		.has_icmp_code = tb[LBMESH_A_RULE_ICMP_CODE],
		.log = tb[LBMESH_A_RULE_LOG],
	};
	if (rule->action > LBMESH_ACTION_PASS || rule->direction > LBMESH_DIRECTION_EGRESS ||
	    (rule->has_icmp_code && !rule->has_icmp_type) ||
	    decode_selector(tb[LBMESH_A_RULE_SRC], &rule->src) ||
	    decode_selector(tb[LBMESH_A_RULE_DST], &rule->dst) ||
	    decode_ranges(nest, LBMESH_A_RULE_SRC_PORT, room->src_ports, &rule->src_ports,
			  &rule->n_src_ports) ||
	    decode_ranges(nest, LBMESH_A_RULE_DST_PORT, room->dst_ports, &rule->dst_ports,
			  &rule->n_dst_ports))
		return -EPROTO;
	return 0;
}

/**
 * lbm_decode_rule_state() - Read what a rule has done.
 * @nest: from the kernel
 * @rule: that it must be about
 * @state: set when 0 is returned
 *
 * Return: 0, or -EPROTO.
 */
int lbm_decode_rule_state(const struct nlattr *nest, const struct lbmesh_rule *rule,
			  struct lbmesh_rule_state *state)
{
	const struct nlattr *tb[LBMESH_A_RULE_STATE_MAX + 1];

	if (lbm_nest_parse(nest, tb, LBMESH_A_RULE_STATE_MAX, rule_state_policy) ||
	    !tb[LBMESH_A_RULE_STATE_LAYER] || !tb[LBMESH_A_RULE_STATE_ID] ||
	    !tb[LBMESH_A_RULE_STATE_HITS] ||
	    lbm_attr_u32(tb[LBMESH_A_RULE_STATE_LAYER]) != rule->layer ||
	    lbm_attr_u32(tb[LBMESH_A_RULE_STATE_ID]) != rule->id)
		return -EPROTO;
	state->hits = lbm_attr_u64(tb[LBMESH_A_RULE_STATE_HITS]);
	state->has_last_hit = tb[LBMESH_A_RULE_STATE_LAST_HIT_MS];
	state->last_hit_ms = lbm_attr_u64(tb[LBMESH_A_RULE_STATE_LAST_HIT_MS]);
	return 0;
}

/**
 * lbm_decode_set() - Read a set.
 * @nest: from the kernel
 * @set: set when 0 is returned; points into @nest
 *
 * Return: 0, or -EPROTO.
 */
int lbm_decode_set(const struct nlattr *nest, struct lbmesh_set *set)
{
	const struct nlattr *tb[LBMESH_A_SET_MAX + 1];

	if (lbm_nest_parse(nest, tb, LBMESH_A_SET_MAX, set_policy) || !tb[LBMESH_A_SET_ID])
		return -EPROTO;
	set->id = lbm_attr_u32(tb[LBMESH_A_SET_ID]);
	set->label = lbm_attr_text(tb[LBMESH_A_SET_LABEL]);
	return 0;
}

/**
 * lbm_decode_element() - Read an element of a set, stated or learned.
 * @nest: from the kernel
 * @element: set when 0 is returned
 *
 * Return: 0, or -EPROTO.
 */
int lbm_decode_element(const struct nlattr *nest, struct lbmesh_element *element)
{
	const struct nlattr *tb[LBMESH_A_ELEMENT_MAX + 1];

	if (lbm_nest_parse(nest, tb, LBMESH_A_ELEMENT_MAX, element_policy) ||
	    !tb[LBMESH_A_ELEMENT_SET])
		return -EPROTO;
	element->set = lbm_attr_u32(tb[LBMESH_A_ELEMENT_SET]);
	element->timeout_ms = lbm_attr_u32(tb[LBMESH_A_ELEMENT_TIMEOUT]);
	element->learned = tb[LBMESH_A_ELEMENT_LEARNED];
	return lbm_attr_prefix(tb[LBMESH_A_ELEMENT_IPV4], tb[LBMESH_A_ELEMENT_IPV6],
			       tb[LBMESH_A_ELEMENT_PREFIX_LEN], &element->prefix);
}

static int decode_layers(const struct nlattr *nest, struct lbm_endpoint_room *room,
			 struct lbmesh_endpoint *endpoint)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) != LBMESH_A_ENDPOINT_LAYER)
			continue;
		if (endpoint->n_layers == LBMESH_ENDPOINT_LAYERS_MAX)
			return -EPROTO;
		room->layers[endpoint->n_layers++] = lbm_attr_u32(attr);
	}
	endpoint->layers = endpoint->n_layers ? room->layers : NULL;
	return 0;
}

/**
 * lbm_decode_endpoint() - Read an endpoint.
 * @nest: from the kernel
 * @endpoint: set when 0 is returned; points into @nest and @room
 * @room: for the ids of its layers
 *
 * Return: 0, or -EPROTO.
 */
int lbm_decode_endpoint(const struct nlattr *nest, struct lbmesh_endpoint *endpoint,
			struct lbm_endpoint_room *room)
{
	const struct nlattr *tb[LBMESH_A_ENDPOINT_MAX + 1];

	if (lbm_nest_parse(nest, tb, LBMESH_A_ENDPOINT_MAX, endpoint_policy) ||
	    !tb[LBMESH_A_ENDPOINT_ID] || !tb[LBMESH_A_ENDPOINT_KIND])
		return -EPROTO;
	*endpoint = (struct lbmesh_endpoint){
		.id = lbm_attr_u32(tb[LBMESH_A_ENDPOINT_ID]),
		.label = lbm_attr_text(tb[LBMESH_A_ENDPOINT_LABEL]),
		.kind = (enum lbmesh_endpoint_kind)lbm_attr_u8(tb[LBMESH_A_ENDPOINT_KIND]),
		.ifindex = lbm_attr_u32(tb[LBMESH_A_ENDPOINT_IFINDEX]),
		.ifname = lbm_attr_text(tb[LBMESH_A_ENDPOINT_IFNAME]),
		.has_ingress_default = tb[LBMESH_A_ENDPOINT_INGRESS_DEFAULT],
		.has_egress_default = tb[LBMESH_A_ENDPOINT_EGRESS_DEFAULT],
		.ingress_default =
			(enum lbmesh_action)lbm_attr_u8(tb[LBMESH_A_ENDPOINT_INGRESS_DEFAULT]),
		.egress_default =
			(enum lbmesh_action)lbm_attr_u8(tb[LBMESH_A_ENDPOINT_EGRESS_DEFAULT]),
	};
	if (endpoint->kind > LBMESH_ENDPOINT_KIND_SANDBOX ||
	    endpoint->ingress_default >= LBMESH_ACTION_PASS ||
	    endpoint->egress_default >= LBMESH_ACTION_PASS ||
	    lbm_attr_address(tb[LBMESH_A_ENDPOINT_IPV4], NULL, &endpoint->ipv4) ||
	    lbm_attr_address(NULL, tb[LBMESH_A_ENDPOINT_IPV6], &endpoint->ipv6))
		return -EPROTO;
	return decode_layers(nest, room, endpoint);
}
