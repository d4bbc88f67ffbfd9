// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * commit-firewall.c - objects of the firewall in a commit: layer, rule, set,
 * element, endpoint. Errors are as said at the top of commit-mesh.c. A module
 * without LBMESH_CAPABILITY_FIREWALL refuses the commit with -EOPNOTSUPP.
 */
#include <errno.h>

#include "internal.h"

static const struct lbm_prefix_attrs selector_prefix = {
	LBMESH_A_SELECTOR_IPV4,
	LBMESH_A_SELECTOR_IPV6,
	LBMESH_A_SELECTOR_PREFIX_LEN,
};

static const struct lbm_prefix_attrs element_prefix = {
	LBMESH_A_ELEMENT_IPV4,
	LBMESH_A_ELEMENT_IPV6,
	LBMESH_A_ELEMENT_PREFIX_LEN,
};

static const struct lbm_prefix_attrs endpoint_address = {
	LBMESH_A_ENDPOINT_IPV4,
	LBMESH_A_ENDPOINT_IPV6,
	0,
};

static void put_selector(struct lbm_nest *rule, uint16_t type,
			 const struct lbmesh_selector *selector)
{
	struct lbm_nest nest;

	if (selector->kind == LBMESH_SELECTOR_ABSENT)
		return;
	nest = lbm_nest_begin(rule, type);
	switch (selector->kind) {
	case LBMESH_SELECTOR_PREFIX:
		lbm_put_prefix(&nest, selector_prefix, &selector->prefix);
		break;
	case LBMESH_SELECTOR_SET:
		lbm_put_id(&nest, LBMESH_A_SELECTOR_SET, selector->set);
		break;
	case LBMESH_SELECTOR_KEYWORD:
		lbm_put_u8(&nest, LBMESH_A_SELECTOR_KEYWORD, (uint8_t)selector->keyword);
		break;
	default:
		lbm_nest_refuse(&nest, -EINVAL);
		break;
	}
	lbm_nest_end(rule, &nest);
}

static void put_ranges(struct lbm_nest *rule, uint16_t type, const struct lbmesh_range *ranges,
		       size_t count)
{
	for (size_t i = 0; i < count && !rule->error; i++) {
		struct lbm_nest nest = lbm_nest_begin(rule, type);

		if (ranges[i].last < ranges[i].first)
			lbm_nest_refuse(&nest, -EINVAL);
		lbm_put_u16(&nest, LBMESH_A_RANGE_FIRST, ranges[i].first);
		lbm_put_u16(&nest, LBMESH_A_RANGE_LAST, ranges[i].last);
		lbm_nest_end(rule, &nest);
	}
}

/**
 * lbmesh_commit_put_layer() - Add or restate a layer.
 * @commit: the commit
 * @layer: copied; its rules are objects of their own
 *
 * Return: 0 or an error as said at the top of commit-mesh.c.
 */
LBMESH_PUBLIC int lbmesh_commit_put_layer(struct lbmesh_commit *commit,
					  const struct lbmesh_layer *layer)
{
	return lbm_put_labelled(commit, LBMESH_A_LAYER, LBMESH_A_LAYER_ID, layer->id,
				LBMESH_A_LAYER_LABEL, layer->label);
}

/**
 * lbmesh_commit_put_rule() - Add or restate a rule.
 * @commit: the commit
 * @rule: copied, with its ports; icmp_code only with icmp_type
 *
 * What goes with which protocol, how many ranges there may be, and that a
 * position is taken, is for the kernel to refuse, which names the attribute.
 *
 * Return: 0 or an error as said at the top of commit-mesh.c.
 */
LBMESH_PUBLIC int lbmesh_commit_put_rule(struct lbmesh_commit *commit,
					 const struct lbmesh_rule *rule)
{
	struct lbm_nest nest = lbm_object_begin(commit, LBMESH_A_RULE);

	lbm_put_id(&nest, LBMESH_A_RULE_LAYER, rule->layer);
	lbm_put_id(&nest, LBMESH_A_RULE_ID, rule->id);
	lbm_put_u32(&nest, LBMESH_A_RULE_POSITION, rule->position);
	if (rule->has_direction)
		lbm_put_u8(&nest, LBMESH_A_RULE_DIRECTION, (uint8_t)rule->direction);
	lbm_put_u8(&nest, LBMESH_A_RULE_ACTION, (uint8_t)rule->action);
	if (rule->has_protocol)
		lbm_put_u8(&nest, LBMESH_A_RULE_PROTOCOL, rule->protocol);
	put_selector(&nest, LBMESH_A_RULE_SRC, &rule->src);
	put_selector(&nest, LBMESH_A_RULE_DST, &rule->dst);
	put_ranges(&nest, LBMESH_A_RULE_SRC_PORT, rule->src_ports, rule->n_src_ports);
	put_ranges(&nest, LBMESH_A_RULE_DST_PORT, rule->dst_ports, rule->n_dst_ports);
	if (rule->has_icmp_type)
		lbm_put_u8(&nest, LBMESH_A_RULE_ICMP_TYPE, rule->icmp_type);
	if (rule->has_icmp_code && !rule->has_icmp_type)
		lbm_nest_refuse(&nest, -EINVAL);
	if (rule->has_icmp_code)
		lbm_put_u8(&nest, LBMESH_A_RULE_ICMP_CODE, rule->icmp_code);
	if (rule->log)
		lbm_put_flag(&nest, LBMESH_A_RULE_LOG);
	return lbm_object_end(&nest);
}

/**
 * lbmesh_commit_put_set() - Add or restate a set.
 * @commit: the commit
 * @set: copied; its elements are objects of their own
 *
 * Return: 0 or an error as said at the top of commit-mesh.c.
 */
LBMESH_PUBLIC int lbmesh_commit_put_set(struct lbmesh_commit *commit, const struct lbmesh_set *set)
{
	return lbm_put_labelled(commit, LBMESH_A_SET, LBMESH_A_SET_ID, set->id, LBMESH_A_SET_LABEL,
				set->label);
}

/**
 * lbmesh_commit_put_element() - Add or restate an element of a set.
 * @commit: the commit
 * @element: copied; without a timeout, or the module refuses the commit
 *
 * Return: 0 or an error as said at the top of commit-mesh.c.
 */
LBMESH_PUBLIC int lbmesh_commit_put_element(struct lbmesh_commit *commit,
					    const struct lbmesh_element *element)
{
	struct lbm_nest nest = lbm_object_begin(commit, LBMESH_A_ELEMENT);

	lbm_put_id(&nest, LBMESH_A_ELEMENT_SET, element->set);
	lbm_put_prefix(&nest, element_prefix, &element->prefix);
	if (element->timeout_ms)
		lbm_put_u32(&nest, LBMESH_A_ELEMENT_TIMEOUT, element->timeout_ms);
	return lbm_object_end(&nest);
}

static void put_endpoint_address(struct lbm_nest *nest, const struct lbmesh_prefix *address,
				 uint8_t family)
{
	if (!address->family)
		return;
	if (address->family != family)
		lbm_nest_refuse(nest, -EAFNOSUPPORT);
	lbm_put_prefix(nest, endpoint_address, address);
}

/**
 * lbmesh_commit_put_endpoint() - Add or restate an endpoint.
 * @commit: the commit
 * @endpoint: copied, with its layers; exactly one of ifindex and ifname
 *
 * Return: 0 or an error as said at the top of commit-mesh.c.
 */
LBMESH_PUBLIC int lbmesh_commit_put_endpoint(struct lbmesh_commit *commit,
					     const struct lbmesh_endpoint *endpoint)
{
	struct lbm_nest nest = lbm_object_begin(commit, LBMESH_A_ENDPOINT);

	lbm_put_id(&nest, LBMESH_A_ENDPOINT_ID, endpoint->id);
	lbm_put_string(&nest, LBMESH_A_ENDPOINT_LABEL, endpoint->label, LBMESH_LABEL_MAX);
	lbm_put_u8(&nest, LBMESH_A_ENDPOINT_KIND, (uint8_t)endpoint->kind);
	if (!endpoint->ifindex == !endpoint->ifname || endpoint->ifindex > INT32_MAX)
		lbm_nest_refuse(&nest, -EINVAL);
	if (endpoint->ifindex)
		lbm_put_u32(&nest, LBMESH_A_ENDPOINT_IFINDEX, endpoint->ifindex);
	lbm_put_string(&nest, LBMESH_A_ENDPOINT_IFNAME, endpoint->ifname, LBMESH_IFNAME_MAX);
	put_endpoint_address(&nest, &endpoint->ipv4, AF_INET);
	put_endpoint_address(&nest, &endpoint->ipv6, AF_INET6);
	for (size_t i = 0; i < endpoint->n_layers && !nest.error; i++)
		lbm_put_id(&nest, LBMESH_A_ENDPOINT_LAYER, endpoint->layers[i]);
	if (endpoint->has_ingress_default)
		lbm_put_u8(&nest, LBMESH_A_ENDPOINT_INGRESS_DEFAULT,
			   (uint8_t)endpoint->ingress_default);
	if (endpoint->has_egress_default)
		lbm_put_u8(&nest, LBMESH_A_ENDPOINT_EGRESS_DEFAULT,
			   (uint8_t)endpoint->egress_default);
	return lbm_object_end(&nest);
}

/**
 * lbmesh_commit_remove_layer() - Remove a layer and its rules.
 * @commit: the commit, in mode delta
 * @id: of the layer
 *
 * Return: 0 or an error as said at the top of commit-mesh.c.
 */
LBMESH_PUBLIC int lbmesh_commit_remove_layer(struct lbmesh_commit *commit, uint32_t id)
{
	return lbm_put_removal(commit, LBMESH_A_LAYER, LBMESH_A_LAYER_ID, id,
			       LBMESH_A_LAYER_REMOVE);
}

/**
 * lbmesh_commit_remove_rule() - Remove a rule.
 * @commit: the commit, in mode delta
 * @layer: id of its layer
 * @id: of the rule
 *
 * Return: 0 or an error as said at the top of commit-mesh.c.
 */
LBMESH_PUBLIC int lbmesh_commit_remove_rule(struct lbmesh_commit *commit, uint32_t layer,
					    uint32_t id)
{
	struct lbm_nest nest = lbm_object_begin(commit, LBMESH_A_RULE);

	lbm_put_id(&nest, LBMESH_A_RULE_LAYER, layer);
	lbm_put_id(&nest, LBMESH_A_RULE_ID, id);
	lbm_put_flag(&nest, LBMESH_A_RULE_REMOVE);
	return lbm_object_end(&nest);
}

/**
 * lbmesh_commit_remove_set() - Remove a set and its elements.
 * @commit: the commit, in mode delta
 * @id: of the set
 *
 * Return: 0 or an error as said at the top of commit-mesh.c.
 */
LBMESH_PUBLIC int lbmesh_commit_remove_set(struct lbmesh_commit *commit, uint32_t id)
{
	return lbm_put_removal(commit, LBMESH_A_SET, LBMESH_A_SET_ID, id, LBMESH_A_SET_REMOVE);
}

/**
 * lbmesh_commit_remove_element() - Remove an element of a set.
 * @commit: the commit, in mode delta
 * @set: id of the set
 * @prefix: the element's address or prefix
 *
 * Return: 0 or an error as said at the top of commit-mesh.c.
 */
LBMESH_PUBLIC int lbmesh_commit_remove_element(struct lbmesh_commit *commit, uint32_t set,
					       const struct lbmesh_prefix *prefix)
{
	struct lbm_nest nest = lbm_object_begin(commit, LBMESH_A_ELEMENT);

	lbm_put_id(&nest, LBMESH_A_ELEMENT_SET, set);
	lbm_put_prefix(&nest, element_prefix, prefix);
	lbm_put_flag(&nest, LBMESH_A_ELEMENT_REMOVE);
	return lbm_object_end(&nest);
}

/**
 * lbmesh_commit_remove_endpoint() - Remove an endpoint.
 * @commit: the commit, in mode delta
 * @id: of the endpoint
 *
 * Return: 0 or an error as said at the top of commit-mesh.c.
 */
LBMESH_PUBLIC int lbmesh_commit_remove_endpoint(struct lbmesh_commit *commit, uint32_t id)
{
	return lbm_put_removal(commit, LBMESH_A_ENDPOINT, LBMESH_A_ENDPOINT_ID, id,
			       LBMESH_A_ENDPOINT_REMOVE);
}
