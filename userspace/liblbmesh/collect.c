// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * collect.c - collects answers that hold objects of one kind, checks them, and
 * shows them to a callback when all are here. Called by dump.c and get.c. What
 * is kept meanwhile is the kernel's messages, one behind the other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int device_show(const struct nlmsghdr *nlh, const struct nlattr *nest,
		       const struct lbm_show *show)
{
	struct lbmesh_device device;
	int ret = lbm_decode_device(nest, &device);

	(void)nlh;
	return ret || !show ? ret : show->fn.device(&device, show->data);
}

static int network_show(const struct nlmsghdr *nlh, const struct nlattr *nest,
			const struct lbm_show *show)
{
	struct lbmesh_network network;
	int ret = lbm_decode_network(nest, &network);

	(void)nlh;
	return ret || !show ? ret : show->fn.network(&network, show->data);
}

static int bridge_show(const struct nlmsghdr *nlh, const struct nlattr *nest,
		       const struct lbm_show *show)
{
	struct lbmesh_bridge bridge;
	int ret = lbm_decode_bridge(nest, &bridge);

	(void)nlh;
	return ret || !show ? ret : show->fn.bridge(&bridge, show->data);
}

static int peer_show(const struct nlmsghdr *nlh, const struct nlattr *nest,
		     const struct lbm_show *show)
{
	struct lbmesh_peer peer;
	int ret = lbm_decode_peer(nest, &peer);

	(void)nlh;
	return ret || !show ? ret : show->fn.peer(&peer, show->data);
}

static int member_show(const struct nlmsghdr *nlh, const struct nlattr *nest,
		       const struct lbm_show *show)
{
	struct lbmesh_member member;
	int ret = lbm_decode_member(nest, &member);

	(void)nlh;
	return ret || !show ? ret : show->fn.member(&member, show->data);
}

/* What an object has done is the attribute behind it, where the kernel says it. */
static const struct nlattr *state_behind(const struct nlmsghdr *nlh, const struct nlattr *object,
					 uint16_t type)
{
	const struct nlattr *next = mnl_attr_next(object);
	const uint8_t *end = (const uint8_t *)nlh + nlh->nlmsg_len;
	ptrdiff_t left = end - (const uint8_t *)next;

	if (left < (ptrdiff_t)sizeof(*next) || !mnl_attr_ok(next, (int)left) ||
	    mnl_attr_get_type(next) != type)
		return NULL;
	return next;
}

static int layer_show(const struct nlmsghdr *nlh, const struct nlattr *nest,
		      const struct lbm_show *show)
{
	const struct nlattr *behind = state_behind(nlh, nest, LBMESH_A_LAYER_STATE);
	struct lbmesh_layer_state state;
	struct lbmesh_layer layer;
	int ret = lbm_decode_layer(nest, &layer);

	if (!ret && behind)
		ret = lbm_decode_layer_state(behind, &layer, &state);
	return ret || !show ? ret : show->fn.layer(&layer, behind ? &state : NULL, show->data);
}

static int rule_show(const struct nlmsghdr *nlh, const struct nlattr *nest,
		     const struct lbm_show *show)
{
	const struct nlattr *behind = state_behind(nlh, nest, LBMESH_A_RULE_STATE);
	struct lbmesh_rule_state state;
	struct lbm_rule_room room;
	struct lbmesh_rule rule;
	int ret = lbm_decode_rule(nest, &rule, &room);

	if (!ret && behind)
		ret = lbm_decode_rule_state(behind, &rule, &state);
	return ret || !show ? ret : show->fn.rule(&rule, behind ? &state : NULL, show->data);
}

static int set_show(const struct nlmsghdr *nlh, const struct nlattr *nest,
		    const struct lbm_show *show)
{
	struct lbmesh_set set;
	int ret = lbm_decode_set(nest, &set);

	(void)nlh;
	return ret || !show ? ret : show->fn.set(&set, show->data);
}

static int element_show(const struct nlmsghdr *nlh, const struct nlattr *nest,
			const struct lbm_show *show)
{
	struct lbmesh_element element;
	int ret = lbm_decode_element(nest, &element);

	(void)nlh;
	return ret || !show ? ret : show->fn.element(&element, show->data);
}

static int endpoint_show(const struct nlmsghdr *nlh, const struct nlattr *nest,
			 const struct lbm_show *show)
{
	struct lbmesh_endpoint endpoint;
	struct lbm_endpoint_room room;
	int ret = lbm_decode_endpoint(nest, &endpoint, &room);

	(void)nlh;
	return ret || !show ? ret : show->fn.endpoint(&endpoint, show->data);
}

/* A message has one flow, and its verdict beside it. */
static int flow_show(const struct nlmsghdr *nlh, const struct nlattr *nest,
		     const struct lbm_show *show)
{
	struct lbmesh_judgement judgement;
	int ret = lbm_decode_judgement(nlh, &judgement);

	(void)nest;
	return ret || !show ? ret : show->fn.flow(&judgement, show->data);
}

const struct lbm_kind lbm_kind_device = {LBMESH_CMD_DEVICE_GET, LBMESH_A_DEVICE, device_show};
const struct lbm_kind lbm_kind_network = {LBMESH_CMD_NETWORK_GET, LBMESH_A_NETWORK, network_show};
const struct lbm_kind lbm_kind_bridge = {LBMESH_CMD_BRIDGE_GET, LBMESH_A_BRIDGE, bridge_show};
const struct lbm_kind lbm_kind_peer = {LBMESH_CMD_PEER_GET, LBMESH_A_PEER, peer_show};
const struct lbm_kind lbm_kind_member = {LBMESH_CMD_MEMBER_GET, LBMESH_A_MEMBER, member_show};
const struct lbm_kind lbm_kind_layer = {LBMESH_CMD_LAYER_GET, LBMESH_A_LAYER, layer_show};
const struct lbm_kind lbm_kind_rule = {LBMESH_CMD_RULE_GET, LBMESH_A_RULE, rule_show};
const struct lbm_kind lbm_kind_set = {LBMESH_CMD_SET_GET, LBMESH_A_SET, set_show};
const struct lbm_kind lbm_kind_element = {LBMESH_CMD_ELEMENT_GET, LBMESH_A_ELEMENT, element_show};
const struct lbm_kind lbm_kind_endpoint = {LBMESH_CMD_ENDPOINT_GET, LBMESH_A_ENDPOINT,
					   endpoint_show};
const struct lbm_kind lbm_kind_flow = {LBMESH_CMD_FLOW_GET, LBMESH_A_FLOW, flow_show};

/* Decodes the objects of a message and, with @show, shows them. */
static int message_walk(const struct lbm_kind *kind, const struct nlmsghdr *nlh,
			const struct lbm_show *show, size_t *count)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		int ret;

		if (mnl_attr_get_type(attr) != kind->attr)
			continue;
		ret = kind->show(nlh, attr, show);
		if (ret)
			return ret;
		++*count;
	}
	return 0;
}

static int message_keep(struct lbm_collection *all, const struct nlmsghdr *nlh)
{
	size_t need = all->len + MNL_ALIGN((size_t)nlh->nlmsg_len);

	if (need > all->size) {
		size_t size = need < 65536 ? 65536 : need * 2;
		void *grown = realloc(all->buf, size);

		if (!grown)
			return -ENOMEM;
		all->buf = grown;
		all->size = size;
	}
	memcpy(all->buf + all->len, nlh, nlh->nlmsg_len);
	all->len = need;
	return 0;
}

/**
 * lbm_collect_take() - Check an answer and keep it; an lbm_answer_fn.
 * @nlh: from the kernel
 * @data: struct lbm_collection
 *
 * Return: 0, -EPROTO or -ENOMEM.
 */
int lbm_collect_take(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[LBMESH_A_MAX + 1];
	struct lbm_collection *all = data;
	uint64_t generation;

	if (lbm_message_parse(nlh, tb, LBMESH_A_MAX, lbm_main_policy) || !tb[LBMESH_A_GENERATION] ||
	    message_walk(all->kind, nlh, NULL, &all->count))
		return -EPROTO;
	generation = lbm_attr_u64(tb[LBMESH_A_GENERATION]);
	if (all->has_generation && generation != all->generation)
		all->mixed = true;
	all->generation = generation;
	all->has_generation = true;
	return message_keep(all, nlh);
}

/**
 * lbm_collect_show() - Show what was kept.
 * @all: the collection
 * @show: gets each object; not 0 ends it
 *
 * Return: 0, or what @show returned.
 */
int lbm_collect_show(const struct lbm_collection *all, const struct lbm_show *show)
{
	size_t count = 0;

	for (size_t pos = 0; pos < all->len;) {
		const struct nlmsghdr *nlh = (const void *)(all->buf + pos);
		int ret = message_walk(all->kind, nlh, show, &count);

		if (ret)
			return ret;
		pos += MNL_ALIGN((size_t)nlh->nlmsg_len);
	}
	return 0;
}

/**
 * lbm_collect_reset() - Forget what was kept, to begin anew.
 * @all: the collection; its memory stays
 */
void lbm_collect_reset(struct lbm_collection *all)
{
	all->len = 0;
	all->count = 0;
	all->generation = 0;
	all->has_generation = false;
	all->mixed = false;
}
