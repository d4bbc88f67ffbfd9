// SPDX-License-Identifier: GPL-2.0-only
/*
 * snapshot-firewall.c - the part of a snapshot that is the firewall and its
 * verdict cache. Called by snapshot.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"

static void label_copy(char to[LBMESH_LABEL_MAX + 1], const char *label)
{
	if (label)
		(void)snprintf(to, LBMESH_LABEL_MAX + 1, "%s", label);
}

static int take_layer(const struct lbmesh_layer *layer, const struct lbmesh_layer_state *state,
		      void *data)
{
	struct snapshot_layer *item = vector_add(&((struct snapshot *)data)->layers);

	if (!item)
		return -ENOMEM;
	item->id = layer->id;
	label_copy(item->label, layer->label);
	item->has_state = state;
	if (state)
		item->state = *state;
	return 0;
}

static int take_set(const struct lbmesh_set *set, void *data)
{
	struct snapshot_labelled *item = vector_add(&((struct snapshot *)data)->sets);

	if (!item)
		return -ENOMEM;
	item->id = set->id;
	label_copy(item->label, set->label);
	return 0;
}

/**
 * snapshot_rule_take() - Copy a rule with its ports.
 * @rule: of the library
 * @state: of the library, may be NULL
 * @item: to be set
 *
 * Return: 0, or -EPROTO when it has more ports than a rule can have.
 */
int snapshot_rule_take(const struct lbmesh_rule *rule, const struct lbmesh_rule_state *state,
		       struct snapshot_rule *item)
{
	if (rule->n_src_ports > LBMESH_RULE_RANGES_MAX ||
	    rule->n_dst_ports > LBMESH_RULE_RANGES_MAX)
		return -EPROTO;
	item->rule = *rule;
	item->rule.src_ports = item->rule.dst_ports = NULL;
	if (rule->n_src_ports)
		memcpy(item->src_ports, rule->src_ports,
		       rule->n_src_ports * sizeof(*rule->src_ports));
	if (rule->n_dst_ports)
		memcpy(item->dst_ports, rule->dst_ports,
		       rule->n_dst_ports * sizeof(*rule->dst_ports));
	item->has_state = state;
	if (state)
		item->state = *state;
	return 0;
}

/**
 * snapshot_rule() - A rule of a snapshot as the library has it.
 * @item: of the snapshot; it must live as long as what is returned
 *
 * Return: the rule.
 */
struct lbmesh_rule snapshot_rule(const struct snapshot_rule *item)
{
	struct lbmesh_rule rule = item->rule;

	rule.src_ports = item->src_ports;
	rule.dst_ports = item->dst_ports;
	return rule;
}

static int take_rule(const struct lbmesh_rule *rule, const struct lbmesh_rule_state *state,
		     void *data)
{
	struct snapshot_rule *item = vector_add(&((struct snapshot *)data)->rules);

	return item ? snapshot_rule_take(rule, state, item) : -ENOMEM;
}

static int take_element(const struct lbmesh_element *element, void *data)
{
	struct lbmesh_element *item = vector_add(&((struct snapshot *)data)->elements);

	if (!item)
		return -ENOMEM;
	*item = *element;
	return 0;
}

static int take_endpoint(const struct lbmesh_endpoint *endpoint, void *data)
{
	struct snapshot_endpoint *item = vector_add(&((struct snapshot *)data)->endpoints);

	if (!item)
		return -ENOMEM;
	item->endpoint = *endpoint;
	item->endpoint.label = item->endpoint.ifname = NULL;
	item->endpoint.layers = NULL;
	label_copy(item->label, endpoint->label);
	if (endpoint->n_layers > LBMESH_ENDPOINT_LAYERS_MAX)
		return -EPROTO;
	for (size_t i = 0; i < endpoint->n_layers; i++)
		item->layers[i] = endpoint->layers[i];
	return 0;
}

static int take_flow(const struct lbmesh_judgement *judgement, void *data)
{
	struct lbmesh_judgement *item = vector_add(&((struct snapshot *)data)->flows);

	if (!item)
		return -ENOMEM;
	*item = *judgement;
	return 0;
}

static int compare_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_layers(const void *a, const void *b)
{
	return compare_u32(((const struct snapshot_layer *)a)->id,
			   ((const struct snapshot_layer *)b)->id);
}

static int compare_sets(const void *a, const void *b)
{
	return compare_u32(((const struct snapshot_labelled *)a)->id,
			   ((const struct snapshot_labelled *)b)->id);
}

static int compare_rules(const void *a, const void *b)
{
	const struct lbmesh_rule *x = &((const struct snapshot_rule *)a)->rule;
	const struct lbmesh_rule *y = &((const struct snapshot_rule *)b)->rule;
	int order = compare_u32(x->layer, y->layer);

	return order ? order : compare_u32(x->position, y->position);
}

static int compare_elements(const void *a, const void *b)
{
	const struct lbmesh_element *x = a;
	const struct lbmesh_element *y = b;
	int order = compare_u32(x->set, y->set);

	if (!order)
		order = lbmesh_prefix_compare(&x->prefix, &y->prefix);
	return order ? order : compare_u32(x->timeout_ms, y->timeout_ms);
}

static int compare_endpoints(const void *a, const void *b)
{
	return compare_u32(((const struct snapshot_endpoint *)a)->endpoint.id,
			   ((const struct snapshot_endpoint *)b)->endpoint.id);
}

/* The busiest first; what is as busy in the order of the addresses. */
static int compare_flows(const void *a, const void *b)
{
	const struct lbmesh_judgement *x = a;
	const struct lbmesh_judgement *y = b;
	int order = (x->verdict.hits < y->verdict.hits) - (x->verdict.hits > y->verdict.hits);

	if (!order)
		order = lbmesh_prefix_compare(&x->flow.src, &y->flow.src);
	if (!order)
		order = lbmesh_prefix_compare(&x->flow.dst, &y->flow.dst);
	if (!order)
		order = (int)x->flow.src_port - (int)y->flow.src_port;
	return order ? order : (int)x->flow.dst_port - (int)y->flow.dst_port;
}

/**
 * firewall_init() - Say how large the items are.
 * @snapshot: to be set up
 */
void firewall_init(struct snapshot *snapshot)
{
	snapshot->layers.size = sizeof(struct snapshot_layer);
	snapshot->rules.size = sizeof(struct snapshot_rule);
	snapshot->sets.size = sizeof(struct snapshot_labelled);
	snapshot->elements.size = sizeof(struct lbmesh_element);
	snapshot->endpoints.size = sizeof(struct snapshot_endpoint);
	snapshot->flows.size = sizeof(struct lbmesh_judgement);
}

/**
 * firewall_read() - Read objects of the firewall, from the beginning.
 * @conn: the connection
 * @parts: enum snapshot_part, which kinds; others are left alone
 * @id: only rules of this layer, or elements of this set; 0 for all
 * @s: set up by firewall_init()
 * @err: filled on failure
 *
 * Return: 0 or an error of the library.
 */
int firewall_read(struct lbmesh *conn, unsigned int parts, uint32_t id, struct snapshot *s,
		  struct lbmesh_error *err)
{
	int ret = 0;

	s->layers.count = s->rules.count = s->sets.count = 0;
	s->elements.count = s->endpoints.count = s->flows.count = 0;
	if (parts & SNAPSHOT_LAYERS)
		ret = lbmesh_layer_dump(conn, take_layer, s, NULL, err);
	if (!ret && parts & SNAPSHOT_RULES)
		ret = lbmesh_rule_dump(conn, id, take_rule, s, NULL, err);
	if (!ret && parts & SNAPSHOT_SETS)
		ret = lbmesh_set_dump(conn, take_set, s, NULL, err);
	if (!ret && parts & SNAPSHOT_ELEMENTS)
		ret = lbmesh_element_dump(conn, id, take_element, s, NULL, err);
	if (!ret && parts & SNAPSHOT_ENDPOINTS)
		ret = lbmesh_endpoint_dump(conn, take_endpoint, s, NULL, err);
	if (!ret && parts & SNAPSHOT_FLOWS)
		ret = lbmesh_flow_dump(conn, take_flow, s, NULL, err);
	return ret;
}

/**
 * firewall_sort() - Put the objects into the order that struct snapshot says.
 * @snapshot: all is read
 */
void firewall_sort(struct snapshot *snapshot)
{
	vector_sort(&snapshot->layers, compare_layers);
	vector_sort(&snapshot->rules, compare_rules);
	vector_sort(&snapshot->sets, compare_sets);
	vector_sort(&snapshot->elements, compare_elements);
	vector_sort(&snapshot->endpoints, compare_endpoints);
	vector_sort(&snapshot->flows, compare_flows);
}

/**
 * firewall_free() - Give the memory back.
 * @snapshot: of firewall_read(), or all zero
 */
void firewall_free(struct snapshot *snapshot)
{
	free(snapshot->layers.items);
	free(snapshot->rules.items);
	free(snapshot->sets.items);
	free(snapshot->elements.items);
	free(snapshot->endpoints.items);
	free(snapshot->flows.items);
}
