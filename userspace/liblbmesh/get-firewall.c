// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * get-firewall.c - asks for one object of the firewall by its key, by means of
 * get.c. Called by lbctl and tests.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "internal.h"

static int layer_match(const struct lbmesh_layer *layer, const struct lbmesh_layer_state *state,
		       void *data)
{
	(void)state;
	return layer->id != *(const uint32_t *)data;
}

/**
 * lbmesh_layer_get() - Ask for a layer of the generation in force.
 * @conn: see lbmesh_device_get()
 * @id: of the layer
 * @fn: see lbmesh_device_get()
 * @data: see lbmesh_device_get()
 * @generation: see lbmesh_device_get()
 * @err: see lbmesh_device_get()
 *
 * Return: as lbmesh_device_get().
 */
LBMESH_PUBLIC int lbmesh_layer_get(struct lbmesh *conn, uint32_t id, lbmesh_layer_fn fn, void *data,
				   uint64_t *generation, struct lbmesh_error *err)
{
	const struct lbm_wanted wanted = {&lbm_kind_layer, {.fn.layer = layer_match, .data = &id}};
	const struct lbm_show show = {.fn.layer = fn, .data = data};

	return lbm_get_by_id(conn, id, &wanted, &show, generation, err);
}

static int set_match(const struct lbmesh_set *set, void *data)
{
	return set->id != *(const uint32_t *)data;
}

/**
 * lbmesh_set_get() - Ask for a set of the generation in force.
 * @conn: see lbmesh_device_get()
 * @id: of the set
 * @fn: see lbmesh_device_get()
 * @data: see lbmesh_device_get()
 * @generation: see lbmesh_device_get()
 * @err: see lbmesh_device_get()
 *
 * Return: as lbmesh_device_get().
 */
LBMESH_PUBLIC int lbmesh_set_get(struct lbmesh *conn, uint32_t id, lbmesh_set_fn fn, void *data,
				 uint64_t *generation, struct lbmesh_error *err)
{
	const struct lbm_wanted wanted = {&lbm_kind_set, {.fn.set = set_match, .data = &id}};
	const struct lbm_show show = {.fn.set = fn, .data = data};

	return lbm_get_by_id(conn, id, &wanted, &show, generation, err);
}

static int endpoint_match(const struct lbmesh_endpoint *endpoint, void *data)
{
	return endpoint->id != *(const uint32_t *)data;
}

/**
 * lbmesh_endpoint_get() - Ask for an endpoint of the generation in force.
 * @conn: see lbmesh_device_get()
 * @id: of the endpoint
 * @fn: see lbmesh_device_get()
 * @data: see lbmesh_device_get()
 * @generation: see lbmesh_device_get()
 * @err: see lbmesh_device_get()
 *
 * Return: as lbmesh_device_get().
 */
LBMESH_PUBLIC int lbmesh_endpoint_get(struct lbmesh *conn, uint32_t id, lbmesh_endpoint_fn fn,
				      void *data, uint64_t *generation, struct lbmesh_error *err)
{
	const struct lbm_wanted wanted = {&lbm_kind_endpoint,
					  {.fn.endpoint = endpoint_match, .data = &id}};
	const struct lbm_show show = {.fn.endpoint = fn, .data = data};

	return lbm_get_by_id(conn, id, &wanted, &show, generation, err);
}

static int rule_match(const struct lbmesh_rule *rule, const struct lbmesh_rule_state *state,
		      void *data)
{
	const struct lbmesh_rule *key = data;

	(void)state;
	return rule->layer != key->layer || rule->id != key->id;
}

/**
 * lbmesh_rule_get() - Ask for a rule of the generation in force.
 * @conn: see lbmesh_device_get()
 * @layer: id of its layer
 * @id: of the rule
 * @fn: see lbmesh_device_get()
 * @data: see lbmesh_device_get()
 * @generation: see lbmesh_device_get()
 * @err: see lbmesh_device_get()
 *
 * Return: as lbmesh_device_get().
 */
LBMESH_PUBLIC int lbmesh_rule_get(struct lbmesh *conn, uint32_t layer, uint32_t id,
				  lbmesh_rule_fn fn, void *data, uint64_t *generation,
				  struct lbmesh_error *err)
{
	struct lbmesh_rule key = {.layer = layer, .id = id};
	const struct lbm_wanted wanted = {&lbm_kind_rule, {.fn.rule = rule_match, .data = &key}};
	const struct lbm_show show = {.fn.rule = fn, .data = data};
	struct lbm_request request;
	struct nlmsghdr *head;
	struct nlattr *nest;

	head = lbm_request_init(&request, conn->family, LBMESH_CMD_RULE_GET, LBMESH_FAMILY_VERSION,
				NLM_F_ACK);
	nest = mnl_attr_nest_start(head, LBMESH_A_RULE);
	mnl_attr_put_u32(head, LBMESH_A_RULE_LAYER, layer);
	mnl_attr_put_u32(head, LBMESH_A_RULE_ID, id);
	mnl_attr_nest_end(head, nest);
	return lbm_get(conn, &request, &wanted, &show, generation, err);
}

static int element_match(const struct lbmesh_element *element, void *data)
{
	const struct lbmesh_element *key = data;

	return element->set != key->set ||
	       lbmesh_prefix_compare(&element->prefix, &key->prefix) != 0;
}

/**
 * lbmesh_element_get() - Ask for an element of a set, stated or learned.
 * @conn: see lbmesh_device_get()
 * @set: id of its set
 * @prefix: its whole prefix, not an address in it
 * @fn: see lbmesh_device_get()
 * @data: see lbmesh_device_get()
 * @generation: see lbmesh_device_get()
 * @err: see lbmesh_device_get()
 *
 * Return: as lbmesh_device_get(), or what lbmesh_prefix_check() says of @prefix.
 */
LBMESH_PUBLIC int lbmesh_element_get(struct lbmesh *conn, uint32_t set,
				     const struct lbmesh_prefix *prefix, lbmesh_element_fn fn,
				     void *data, uint64_t *generation, struct lbmesh_error *err)
{
	struct lbmesh_element key = {.set = set, .prefix = *prefix};
	const struct lbm_wanted wanted = {&lbm_kind_element,
					  {.fn.element = element_match, .data = &key}};
	const struct lbm_show show = {.fn.element = fn, .data = data};
	static const struct lbm_owned_attrs attrs = {
		LBMESH_A_ELEMENT_SET,
		{LBMESH_A_ELEMENT_IPV4, LBMESH_A_ELEMENT_IPV6, LBMESH_A_ELEMENT_PREFIX_LEN},
	};

	return lbm_get_by_prefix(conn, &attrs, set, prefix, &wanted, &show, generation, err);
}
