// SPDX-License-Identifier: GPL-2.0-only
/*
 * show-firewall.c - lists of the firewall's objects but for rules, on an
 * output. Called by cmd-objects.c.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>

#include "show.h"

static uint32_t layer_of_rule(const void *item)
{
	return ((const struct snapshot_rule *)item)->rule.layer;
}

static uint32_t set_of_element(const void *item)
{
	return ((const struct lbmesh_element *)item)->set;
}

static uint32_t itself(const void *item)
{
	return *(const uint32_t *)item;
}

/* First item of a sorted vector that belongs to @id or a later one. */
static size_t bound(const struct vector *vector, uint64_t id, uint32_t (*id_of)(const void *))
{
	size_t low = 0;
	size_t high = vector->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (id_of((const uint8_t *)vector->items + middle * vector->size) < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* There may be a million elements, and as many sets as one likes. */
static size_t count_of(const struct vector *vector, uint32_t id, uint32_t (*id_of)(const void *))
{
	return bound(vector, (uint64_t)id + 1, id_of) - bound(vector, id, id_of);
}

static int compare_ids(const void *a, const void *b)
{
	return (itself(a) > itself(b)) - (itself(a) < itself(b));
}

/* The layers of all endpoints, one behind the other, sorted. */
static int uses_make(const struct snapshot *snapshot, struct vector *uses)
{
	const struct snapshot_endpoint *endpoint;

	*uses = (struct vector){.size = sizeof(uint32_t)};
	vector_for_each(endpoint, &snapshot->endpoints)
	{
		for (size_t i = 0; i < endpoint->endpoint.n_layers; i++) {
			uint32_t *use = vector_add(uses);

			if (!use)
				return -ENOMEM;
			*use = endpoint->layers[i];
		}
	}
	vector_sort(uses, compare_ids);
	return 0;
}

/**
 * show_layers() - Layers, with how many rules each has, how many endpoints use
 * it, and what its rules have refused.
 * @out: where to
 * @snapshot: with layers, rules and endpoints
 * @options: of the command line
 */
void show_layers(struct output *out, const struct snapshot *snapshot, const struct options *options)
{
	static const char *const columns[] = {"layer",	  "label",  "rules",
					      "endpoints", "denied", "rejected"};
	const struct snapshot_layer *layer;
	struct vector uses;

	(void)options;
	output_table_begin(out, "layers", columns, lbctl_array_size(columns));
	if (uses_make(snapshot, &uses))
		out->error = -ENOMEM;
	vector_for_each(layer, &snapshot->layers)
	{
		output_row(out,
			   (struct value[]){
				   value_u64(layer->id),
				   value_text(layer->label[0] ? layer->label : NULL),
				   value_u64(count_of(&snapshot->rules, layer->id, layer_of_rule)),
				   value_u64(count_of(&uses, layer->id, itself)),
				   layer->has_state ? value_u64(layer->state.denied) : value_null(),
				   layer->has_state ? value_u64(layer->state.rejected)
						    : value_null(),
			   });
	}
	output_table_end(out);
	free(uses.items);
}

/**
 * show_sets() - Sets, with their number of elements, stated and learned.
 * @out: where to
 * @snapshot: with sets and elements
 * @options: of the command line
 */
void show_sets(struct output *out, const struct snapshot *snapshot, const struct options *options)
{
	static const char *const columns[] = {"set", "label", "elements"};
	const struct snapshot_labelled *set;

	(void)options;
	output_table_begin(out, "sets", columns, lbctl_array_size(columns));
	vector_for_each(set, &snapshot->sets)
	{
		output_row(out, (struct value[]){
					value_u64(set->id),
					value_text(set->label[0] ? set->label : NULL),
					value_u64(count_of(&snapshot->elements, set->id,
							   set_of_element)),
				});
	}
	output_table_end(out);
}

/**
 * show_elements() - Elements of sets, how long they still stay, and which were
 * learned.
 * @out: where to
 * @snapshot: with elements
 * @options: the set to show
 */
void show_elements(struct output *out, const struct snapshot *snapshot,
		   const struct options *options)
{
	static const char *const columns[] = {"set", "address", "left_ms", "learned"};
	const struct lbmesh_element *element;

	output_table_begin(out, "elements", columns, lbctl_array_size(columns));
	vector_for_each(element, &snapshot->elements)
	{
		char address[LBMESH_PREFIX_STRLEN];

		if (options->set && element->set != options->set)
			continue;
		(void)lbmesh_prefix_format(&element->prefix, address, sizeof(address));
		output_row(out, (struct value[]){
					value_u64(element->set),
					value_text(address),
					value_id(element->timeout_ms),
					value_bool(element->learned),
				});
	}
	output_table_end(out);
}

static const char *address_format(const struct lbmesh_prefix *address,
				  char text[LBMESH_PREFIX_STRLEN])
{
	return lbmesh_address_format(address, text, LBMESH_PREFIX_STRLEN) ? NULL : text;
}

static void show_endpoint(struct output *out, const struct snapshot_endpoint *item)
{
	const struct lbmesh_endpoint *endpoint = &item->endpoint;
	char layers[LBMESH_ENDPOINT_LAYERS_MAX][12];
	const char *pointers[LBMESH_ENDPOINT_LAYERS_MAX];
	char ipv4[LBMESH_PREFIX_STRLEN];
	char ipv6[LBMESH_PREFIX_STRLEN];
	char ifname[IF_NAMESIZE];

	for (size_t i = 0; i < endpoint->n_layers; i++) {
		(void)snprintf(layers[i], sizeof(layers[i]), "%u", item->layers[i]);
		pointers[i] = layers[i];
	}
	/* The generation keeps the index; the name is what it has now. */
	output_row(out, (struct value[]){
				value_u64(endpoint->id),
				value_text(item->label[0] ? item->label : NULL),
				value_text(lbmesh_endpoint_kind_name(endpoint->kind)),
				value_text(if_indextoname(endpoint->ifindex, ifname)),
				value_id(endpoint->ifindex),
				value_text(address_format(&endpoint->ipv4, ipv4)),
				value_text(address_format(&endpoint->ipv6, ipv6)),
				value_list(pointers, endpoint->n_layers),
				value_text(endpoint->has_ingress_default
						   ? lbmesh_action_name(endpoint->ingress_default)
						   : NULL),
				value_text(endpoint->has_egress_default
						   ? lbmesh_action_name(endpoint->egress_default)
						   : NULL),
			});
}

/**
 * show_endpoints() - Endpoints, with their layers in their order.
 * @out: where to
 * @snapshot: with endpoints
 * @options: of the command line
 */
void show_endpoints(struct output *out, const struct snapshot *snapshot,
		    const struct options *options)
{
	static const char *const columns[] = {
		"endpoint", "label", "kind",   "interface",	  "ifindex",
		"ipv4",	    "ipv6",  "layers", "ingress_default", "egress_default",
	};
	const struct snapshot_endpoint *item;

	(void)options;
	output_table_begin(out, "endpoints", columns, lbctl_array_size(columns));
	vector_for_each(item, &snapshot->endpoints) show_endpoint(out, item);
	output_table_end(out);
}
