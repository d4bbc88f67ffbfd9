// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * get.c - asks for one object by its key. Called by lbctl and tests, and by
 * get-firewall.c. The answer must be that object and no other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "internal.h"

/* The longest key is that of a peer. */
_Static_assert(NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN + (NLA_HDRLEN + sizeof(uint32_t)) +
			       (NLA_HDRLEN + LBMESH_KEY_LEN) <=
		       LBM_HEAD_SIZE,
	       "a key does not fit");

/**
 * lbm_get() - Ask for one object.
 * @conn: the connection
 * @request: with its key
 * @wanted: what the answer must be
 * @show: gets it
 * @generation: see lbmesh_device_get()
 * @err: see lbmesh_device_get()
 *
 * Return: see lbmesh_device_get().
 */
int lbm_get(struct lbmesh *conn, struct lbm_request *request, const struct lbm_wanted *wanted,
	    const struct lbm_show *show, uint64_t *generation, struct lbmesh_error *err)
{
	struct lbm_collection all = {.kind = wanted->kind};
	int ret = lbm_exchange(conn, request, lbm_collect_take, &all, err);

	if (!ret && !all.count)
		ret = lbm_error_set(err, EPROTO, "the kernel acknowledged but did not answer");
	else if (!ret && (all.count > 1 || lbm_collect_show(&all, &wanted->match)))
		ret = lbm_error_set(err, EPROTO, "the kernel answered with another object");
	if (!ret && generation)
		*generation = all.generation;
	if (!ret)
		ret = lbm_collect_show(&all, show);
	free(all.buf);
	return ret;
}

/**
 * lbm_get_by_id() - lbm_get() for an object whose key is an id.
 * @conn: see lbm_get()
 * @id: the key
 * @wanted: see lbm_get()
 * @show: see lbm_get()
 * @generation: see lbm_get()
 * @err: see lbm_get()
 *
 * Return: see lbm_get().
 */
int lbm_get_by_id(struct lbmesh *conn, uint32_t id, const struct lbm_wanted *wanted,
		  const struct lbm_show *show, uint64_t *generation, struct lbmesh_error *err)
{
	struct lbm_request request;
	struct nlmsghdr *head = lbm_request_init(&request, conn->family, wanted->kind->cmd,
						 LBMESH_FAMILY_VERSION, NLM_F_ACK);

	mnl_attr_put_u32(head, LBMESH_A_ID, id);
	return lbm_get(conn, &request, wanted, show, generation, err);
}

/**
 * lbm_get_by_prefix() - lbm_get() for an object whose key is its owner and a prefix.
 * @conn: see lbm_get()
 * @attrs: types of the attributes of the key
 * @owner: id of what it belongs to
 * @prefix: its whole prefix
 * @wanted: see lbm_get()
 * @show: see lbm_get()
 * @generation: see lbm_get()
 * @err: see lbm_get()
 *
 * Return: as lbm_get(), or what lbmesh_prefix_check() says of @prefix.
 */
int lbm_get_by_prefix(struct lbmesh *conn, const struct lbm_owned_attrs *attrs, uint32_t owner,
		      const struct lbmesh_prefix *prefix, const struct lbm_wanted *wanted,
		      const struct lbm_show *show, uint64_t *generation, struct lbmesh_error *err)
{
	const bool v4 = prefix->family == AF_INET;
	struct lbm_request request;
	struct nlmsghdr *head;
	struct nlattr *nest;
	int ret = lbmesh_prefix_check(prefix);

	if (ret)
		return lbm_error_set(err, -ret, "the prefix is bad: %s", strerrordesc_np(-ret));
	head = lbm_request_init(&request, conn->family, wanted->kind->cmd, LBMESH_FAMILY_VERSION,
				NLM_F_ACK);
	nest = mnl_attr_nest_start(head, wanted->kind->attr);
	mnl_attr_put_u32(head, attrs->owner, owner);
	mnl_attr_put(head, v4 ? attrs->prefix.ipv4 : attrs->prefix.ipv6, v4 ? 4 : 16, prefix->addr);
	if (prefix->len != (v4 ? 32 : 128))
		mnl_attr_put_u8(head, attrs->prefix.len, prefix->len);
	mnl_attr_nest_end(head, nest);
	return lbm_get(conn, &request, wanted, show, generation, err);
}

static int device_match(const struct lbmesh_device *device, void *data)
{
	return device->id != *(const uint32_t *)data;
}

static int network_match(const struct lbmesh_network *network, void *data)
{
	return network->id != *(const uint32_t *)data;
}

static int bridge_match(const struct lbmesh_bridge *bridge, void *data)
{
	return bridge->id != *(const uint32_t *)data;
}

static int peer_match(const struct lbmesh_peer *peer, void *data)
{
	const struct lbmesh_peer *wanted = data;

	return peer->device != wanted->device ||
	       memcmp(peer->public_key, wanted->public_key, LBMESH_KEY_LEN) != 0;
}

static int member_match(const struct lbmesh_member *member, void *data)
{
	const struct lbmesh_member *wanted = data;

	return member->device != wanted->device ||
	       lbmesh_prefix_compare(&member->prefix, &wanted->prefix) != 0;
}

/**
 * lbmesh_device_get() - Ask for a device of the generation in force.
 * @conn: the connection; @fn may use it
 * @id: of the device
 * @fn: called once; what it gets is valid until it returns
 * @data: for @fn
 * @generation: number of the generation that it is of; may be NULL
 * @err: filled when the library fails, not when @fn does; may be NULL
 *
 * Return: what @fn returned; -ENOENT when there is none; -EPERM; -ENOMEM;
 * -ETIMEDOUT; -EPROTO.
 */
LBMESH_PUBLIC int lbmesh_device_get(struct lbmesh *conn, uint32_t id, lbmesh_device_fn fn,
				    void *data, uint64_t *generation, struct lbmesh_error *err)
{
	const struct lbm_wanted wanted = {&lbm_kind_device, {.fn.device = device_match, .data = &id}};
	const struct lbm_show show = {.fn.device = fn, .data = data};

	return lbm_get_by_id(conn, id, &wanted, &show, generation, err);
}

/**
 * lbmesh_network_get() - Ask for a network of the generation in force.
 * @conn: see lbmesh_device_get()
 * @id: of the network
 * @fn: see lbmesh_device_get()
 * @data: see lbmesh_device_get()
 * @generation: see lbmesh_device_get()
 * @err: see lbmesh_device_get()
 *
 * Return: as lbmesh_device_get().
 */
LBMESH_PUBLIC int lbmesh_network_get(struct lbmesh *conn, uint32_t id, lbmesh_network_fn fn,
				     void *data, uint64_t *generation, struct lbmesh_error *err)
{
	const struct lbm_wanted wanted = {&lbm_kind_network, {.fn.network = network_match, .data = &id}};
	const struct lbm_show show = {.fn.network = fn, .data = data};

	return lbm_get_by_id(conn, id, &wanted, &show, generation, err);
}

/**
 * lbmesh_bridge_get() - Ask for a bridge of the generation in force.
 * @conn: see lbmesh_device_get()
 * @id: of the bridge
 * @fn: see lbmesh_device_get()
 * @data: see lbmesh_device_get()
 * @generation: see lbmesh_device_get()
 * @err: see lbmesh_device_get()
 *
 * Return: as lbmesh_device_get().
 */
LBMESH_PUBLIC int lbmesh_bridge_get(struct lbmesh *conn, uint32_t id, lbmesh_bridge_fn fn,
				    void *data, uint64_t *generation, struct lbmesh_error *err)
{
	const struct lbm_wanted wanted = {&lbm_kind_bridge, {.fn.bridge = bridge_match, .data = &id}};
	const struct lbm_show show = {.fn.bridge = fn, .data = data};

	return lbm_get_by_id(conn, id, &wanted, &show, generation, err);
}

/**
 * lbmesh_peer_get() - Ask for a peer of the generation in force.
 * @conn: see lbmesh_device_get()
 * @device: id of its device
 * @public_key: of the peer, LBMESH_KEY_LEN bytes
 * @fn: see lbmesh_device_get()
 * @data: see lbmesh_device_get()
 * @generation: see lbmesh_device_get()
 * @err: see lbmesh_device_get()
 *
 * Return: as lbmesh_device_get().
 */
LBMESH_PUBLIC int lbmesh_peer_get(struct lbmesh *conn, uint32_t device,
				  const uint8_t public_key[LBMESH_KEY_LEN], lbmesh_peer_fn fn,
				  void *data, uint64_t *generation, struct lbmesh_error *err)
{
	struct lbmesh_peer key = {.device = device, .public_key = public_key};
	const struct lbm_wanted wanted = {&lbm_kind_peer, {.fn.peer = peer_match, .data = &key}};
	const struct lbm_show show = {.fn.peer = fn, .data = data};
	struct lbm_request request;
	struct nlmsghdr *head;
	struct nlattr *nest;

	head = lbm_request_init(&request, conn->family, LBMESH_CMD_PEER_GET, LBMESH_FAMILY_VERSION,
				NLM_F_ACK);
	nest = mnl_attr_nest_start(head, LBMESH_A_PEER);
	mnl_attr_put_u32(head, LBMESH_A_PEER_DEVICE, device);
	mnl_attr_put(head, LBMESH_A_PEER_PUBLIC_KEY, LBMESH_KEY_LEN, public_key);
	mnl_attr_nest_end(head, nest);
	return lbm_get(conn, &request, &wanted, &show, generation, err);
}

/**
 * lbmesh_member_get() - Ask for a member of the generation in force.
 * @conn: see lbmesh_device_get()
 * @device: id of its device
 * @prefix: its whole prefix, not an address in it
 * @fn: see lbmesh_device_get()
 * @data: see lbmesh_device_get()
 * @generation: see lbmesh_device_get()
 * @err: see lbmesh_device_get()
 *
 * Return: as lbmesh_device_get(), or what lbmesh_prefix_check() says of @prefix.
 */
LBMESH_PUBLIC int lbmesh_member_get(struct lbmesh *conn, uint32_t device,
				    const struct lbmesh_prefix *prefix, lbmesh_member_fn fn,
				    void *data, uint64_t *generation, struct lbmesh_error *err)
{
	struct lbmesh_member key = {.device = device, .prefix = *prefix};
	const struct lbm_wanted wanted = {&lbm_kind_member, {.fn.member = member_match, .data = &key}};
	const struct lbm_show show = {.fn.member = fn, .data = data};
	static const struct lbm_owned_attrs attrs = {
		LBMESH_A_MEMBER_DEVICE,
		{LBMESH_A_MEMBER_IPV4, LBMESH_A_MEMBER_IPV6, LBMESH_A_MEMBER_PREFIX_LEN},
	};

	return lbm_get_by_prefix(conn, &attrs, device, prefix, &wanted, &show, generation, err);
}
