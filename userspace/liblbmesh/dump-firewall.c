// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * dump-firewall.c - reads all objects of the firewall of a kind, and the
 * verdict cache, by means of dump.c. Called by lbctl and tests.
 */
#include "internal.h"

/**
 * lbmesh_layer_dump() - Show all layers of the generation in force, and what they have refused.
 * @conn: see lbmesh_device_dump()
 * @fn: see lbmesh_device_dump()
 * @data: see lbmesh_device_dump()
 * @generation: see lbmesh_device_dump()
 * @err: see lbmesh_device_dump()
 *
 * Return: as lbmesh_device_dump().
 */
LBMESH_PUBLIC int lbmesh_layer_dump(struct lbmesh *conn, lbmesh_layer_fn fn, void *data,
				    uint64_t *generation, struct lbmesh_error *err)
{
	const struct lbm_show show = {.fn.layer = fn, .data = data};

	return lbm_dump(conn, &lbm_kind_layer, 0, &show, generation, err);
}

/**
 * lbmesh_rule_dump() - Show the rules of the generation in force, and what they have done.
 * @conn: see lbmesh_device_dump()
 * @layer: id of the layer whose rules are meant, 0 for all
 * @fn: see lbmesh_device_dump()
 * @data: see lbmesh_device_dump()
 * @generation: see lbmesh_device_dump()
 * @err: see lbmesh_device_dump()
 *
 * Rules come with their counters, which go on counting meanwhile.
 *
 * Return: as lbmesh_device_dump(). A layer that is not there has no rules.
 */
LBMESH_PUBLIC int lbmesh_rule_dump(struct lbmesh *conn, uint32_t layer, lbmesh_rule_fn fn,
				   void *data, uint64_t *generation, struct lbmesh_error *err)
{
	const struct lbm_show show = {.fn.rule = fn, .data = data};

	return lbm_dump(conn, &lbm_kind_rule, layer, &show, generation, err);
}

/**
 * lbmesh_set_dump() - Show all sets of the generation in force.
 * @conn: see lbmesh_device_dump()
 * @fn: see lbmesh_device_dump()
 * @data: see lbmesh_device_dump()
 * @generation: see lbmesh_device_dump()
 * @err: see lbmesh_device_dump()
 *
 * Return: as lbmesh_device_dump().
 */
LBMESH_PUBLIC int lbmesh_set_dump(struct lbmesh *conn, lbmesh_set_fn fn, void *data,
				  uint64_t *generation, struct lbmesh_error *err)
{
	const struct lbm_show show = {.fn.set = fn, .data = data};

	return lbm_dump(conn, &lbm_kind_set, 0, &show, generation, err);
}

/**
 * lbmesh_element_dump() - Show the elements of sets, stated and learned.
 * @conn: see lbmesh_device_dump()
 * @set: id of the set whose elements are meant, 0 for all
 * @fn: see lbmesh_device_dump()
 * @data: see lbmesh_device_dump()
 * @generation: see lbmesh_device_dump()
 * @err: see lbmesh_device_dump()
 *
 * A timeout is what is left of it.
 *
 * Return: as lbmesh_device_dump(). A set that is not there has no elements.
 */
LBMESH_PUBLIC int lbmesh_element_dump(struct lbmesh *conn, uint32_t set, lbmesh_element_fn fn,
				      void *data, uint64_t *generation, struct lbmesh_error *err)
{
	const struct lbm_show show = {.fn.element = fn, .data = data};

	return lbm_dump(conn, &lbm_kind_element, set, &show, generation, err);
}

/**
 * lbmesh_endpoint_dump() - Show all endpoints of the generation in force.
 * @conn: see lbmesh_device_dump()
 * @fn: see lbmesh_device_dump()
 * @data: see lbmesh_device_dump()
 * @generation: see lbmesh_device_dump()
 * @err: see lbmesh_device_dump()
 *
 * Return: as lbmesh_device_dump().
 */
LBMESH_PUBLIC int lbmesh_endpoint_dump(struct lbmesh *conn, lbmesh_endpoint_fn fn, void *data,
				       uint64_t *generation, struct lbmesh_error *err)
{
	const struct lbm_show show = {.fn.endpoint = fn, .data = data};

	return lbm_dump(conn, &lbm_kind_endpoint, 0, &show, generation, err);
}

/**
 * lbmesh_flow_dump() - Show what the verdict cache holds.
 * @conn: see lbmesh_device_dump()
 * @fn: see lbmesh_device_dump()
 * @data: see lbmesh_device_dump()
 * @generation: see lbmesh_device_dump()
 * @err: see lbmesh_device_dump()
 *
 * @generation is the one in force; the verdicts stand on their own.
 *
 * Return: as lbmesh_device_dump().
 */
LBMESH_PUBLIC int lbmesh_flow_dump(struct lbmesh *conn, lbmesh_flow_fn fn, void *data,
				   uint64_t *generation, struct lbmesh_error *err)
{
	const struct lbm_show show = {.fn.flow = fn, .data = data};

	return lbm_dump(conn, &lbm_kind_flow, 0, &show, generation, err);
}
