// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * dump.c - reads all objects of a kind. Called by lbctl, lbd and tests.
 *
 * A dump is read to its end and checked before the callback sees anything: a
 * dump that a commit went through is read again, and no object is shown twice.
 * What is kept meanwhile is the kernel's messages, one behind the other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* A commit takes longer than a dump; if not, something commits in a loop. */
#define DUMP_ATTEMPTS 8

struct dump;

struct dump_kind {
	uint8_t cmd;
	uint16_t attr;
	/* Decodes @nest and, when @deliver, calls the callback. */
	int (*object)(const struct dump *dump, const struct nlattr *nest, bool deliver);
};

struct dump {
	const struct dump_kind *kind;
	union {
		lbmesh_device_fn device;
		lbmesh_network_fn network;
		lbmesh_bridge_fn bridge;
		lbmesh_peer_fn peer;
		lbmesh_member_fn member;
	} fn;
	void *data;
	uint8_t *buf; /* messages, each padded to a multiple of 4 */
	size_t len;
	size_t size;
	uint64_t generation;
	bool has_generation;
	bool mixed; /* the messages show more than one generation */
};

static int device_object(const struct dump *dump, const struct nlattr *nest, bool deliver)
{
	struct lbmesh_device device;
	int ret = lbm_decode_device(nest, &device);

	return ret || !deliver ? ret : dump->fn.device(&device, dump->data);
}

static int network_object(const struct dump *dump, const struct nlattr *nest, bool deliver)
{
	struct lbmesh_network network;
	int ret = lbm_decode_network(nest, &network);

	return ret || !deliver ? ret : dump->fn.network(&network, dump->data);
}

static int bridge_object(const struct dump *dump, const struct nlattr *nest, bool deliver)
{
	struct lbmesh_bridge bridge;
	int ret = lbm_decode_bridge(nest, &bridge);

	return ret || !deliver ? ret : dump->fn.bridge(&bridge, dump->data);
}

static int peer_object(const struct dump *dump, const struct nlattr *nest, bool deliver)
{
	struct lbmesh_peer peer;
	int ret = lbm_decode_peer(nest, &peer);

	return ret || !deliver ? ret : dump->fn.peer(&peer, dump->data);
}

static int member_object(const struct dump *dump, const struct nlattr *nest, bool deliver)
{
	struct lbmesh_member member;
	int ret = lbm_decode_member(nest, &member);

	return ret || !deliver ? ret : dump->fn.member(&member, dump->data);
}

static int message_walk(const struct dump *dump, const struct nlmsghdr *nlh, bool deliver)
{
	const struct nlattr *attr;
	int ret = 0;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) == dump->kind->attr)
			ret = dump->kind->object(dump, attr, deliver);
		if (ret)
			break;
	}
	return ret;
}

static int message_keep(struct dump *dump, const struct nlmsghdr *nlh)
{
	size_t need = dump->len + MNL_ALIGN((size_t)nlh->nlmsg_len);

	if (need > dump->size) {
		size_t size = need < 65536 ? 65536 : need * 2;
		void *grown = realloc(dump->buf, size);

		if (!grown)
			return -ENOMEM;
		dump->buf = grown;
		dump->size = size;
	}
	memcpy(dump->buf + dump->len, nlh, nlh->nlmsg_len);
	dump->len = need;
	return 0;
}

static int message_take(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[LBMESH_A_MAX + 1];
	struct dump *dump = data;
	uint64_t generation;

	if (lbm_message_parse(nlh, tb, LBMESH_A_MAX, lbm_main_policy) || !tb[LBMESH_A_GENERATION] ||
	    message_walk(dump, nlh, false))
		return -EPROTO;
	generation = lbm_attr_u64(tb[LBMESH_A_GENERATION]);
	if (dump->has_generation && generation != dump->generation)
		dump->mixed = true;
	dump->generation = generation;
	dump->has_generation = true;
	return message_keep(dump, nlh);
}

static int dump_read(struct lbmesh *conn, struct dump *dump, uint32_t id, struct lbmesh_error *err)
{
	for (int i = 0; i < DUMP_ATTEMPTS; i++) {
		struct lbm_request request;
		struct nlmsghdr *head;
		int ret;

		head = lbm_request_init(&request, conn->family, dump->kind->cmd,
					LBMESH_FAMILY_VERSION, NLM_F_DUMP);
		if (id)
			mnl_attr_put_u32(head, LBMESH_A_ID, id);
		dump->len = 0;
		dump->generation = 0;
		dump->has_generation = false;
		dump->mixed = false;
		ret = lbm_exchange(conn, &request, message_take, dump, err);
		if (ret < 0 || (!ret && !dump->mixed))
			return ret;
	}
	return lbm_error_set(err, EAGAIN, "the generation changed under each of %d dumps",
			     DUMP_ATTEMPTS);
}

static int dump_deliver(const struct dump *dump)
{
	for (size_t pos = 0; pos < dump->len;) {
		const struct nlmsghdr *nlh = (const void *)(dump->buf + pos);
		int ret = message_walk(dump, nlh, true);

		if (ret)
			return ret;
		pos += MNL_ALIGN((size_t)nlh->nlmsg_len);
	}
	return 0;
}

static int dump_run(struct lbmesh *conn, struct dump *dump, uint32_t id, uint64_t *generation,
		    struct lbmesh_error *err)
{
	int ret = dump_read(conn, dump, id, err);

	if (!ret && generation)
		*generation = dump->generation;
	if (!ret)
		ret = dump_deliver(dump);
	free(dump->buf);
	return ret;
}

/**
 * lbmesh_device_dump() - Show all devices of the generation in force.
 * @conn: the connection; @fn may use it
 * @fn: called for each; what it gets is valid until it returns; not 0 ends
 *	the dump
 * @data: for @fn
 * @generation: number of the generation shown, 0 when nothing was; may be NULL
 * @err: filled when the library fails, not when @fn does; may be NULL
 *
 * Return: 0; what @fn returned to end the dump; -EPERM; -EAGAIN when commits
 * came faster than dumps; -ENOMEM; -ETIMEDOUT; -EPROTO.
 */
LBMESH_PUBLIC int lbmesh_device_dump(struct lbmesh *conn, lbmesh_device_fn fn, void *data,
				     uint64_t *generation, struct lbmesh_error *err)
{
	static const struct dump_kind kind = {LBMESH_CMD_DEVICE_GET, LBMESH_A_DEVICE,
					      device_object};
	struct dump dump = {.kind = &kind, .fn.device = fn, .data = data};

	return dump_run(conn, &dump, 0, generation, err);
}

/**
 * lbmesh_network_dump() - Show all networks of the generation in force.
 * @conn: see lbmesh_device_dump()
 * @fn: see lbmesh_device_dump()
 * @data: see lbmesh_device_dump()
 * @generation: see lbmesh_device_dump()
 * @err: see lbmesh_device_dump()
 *
 * Return: as lbmesh_device_dump().
 */
LBMESH_PUBLIC int lbmesh_network_dump(struct lbmesh *conn, lbmesh_network_fn fn, void *data,
				      uint64_t *generation, struct lbmesh_error *err)
{
	static const struct dump_kind kind = {LBMESH_CMD_NETWORK_GET, LBMESH_A_NETWORK,
					      network_object};
	struct dump dump = {.kind = &kind, .fn.network = fn, .data = data};

	return dump_run(conn, &dump, 0, generation, err);
}

/**
 * lbmesh_bridge_dump() - Show all bridges of the generation in force.
 * @conn: see lbmesh_device_dump()
 * @fn: see lbmesh_device_dump()
 * @data: see lbmesh_device_dump()
 * @generation: see lbmesh_device_dump()
 * @err: see lbmesh_device_dump()
 *
 * Return: as lbmesh_device_dump().
 */
LBMESH_PUBLIC int lbmesh_bridge_dump(struct lbmesh *conn, lbmesh_bridge_fn fn, void *data,
				     uint64_t *generation, struct lbmesh_error *err)
{
	static const struct dump_kind kind = {LBMESH_CMD_BRIDGE_GET, LBMESH_A_BRIDGE,
					      bridge_object};
	struct dump dump = {.kind = &kind, .fn.bridge = fn, .data = data};

	return dump_run(conn, &dump, 0, generation, err);
}

/**
 * lbmesh_peer_dump() - Show the peers of the generation in force.
 * @conn: see lbmesh_device_dump()
 * @device: id of the device whose peers are meant, 0 for all
 * @fn: see lbmesh_device_dump()
 * @data: see lbmesh_device_dump()
 * @generation: see lbmesh_device_dump()
 * @err: see lbmesh_device_dump()
 *
 * Return: as lbmesh_device_dump(). A device that is not there has no peers.
 */
LBMESH_PUBLIC int lbmesh_peer_dump(struct lbmesh *conn, uint32_t device, lbmesh_peer_fn fn,
				   void *data, uint64_t *generation, struct lbmesh_error *err)
{
	static const struct dump_kind kind = {LBMESH_CMD_PEER_GET, LBMESH_A_PEER, peer_object};
	struct dump dump = {.kind = &kind, .fn.peer = fn, .data = data};

	return dump_run(conn, &dump, device, generation, err);
}

/**
 * lbmesh_member_dump() - Show the members of the generation in force.
 * @conn: see lbmesh_device_dump()
 * @network: id of the network whose members are meant, 0 for all
 * @fn: see lbmesh_device_dump()
 * @data: see lbmesh_device_dump()
 * @generation: see lbmesh_device_dump()
 * @err: see lbmesh_device_dump()
 *
 * Return: as lbmesh_device_dump(). A network that is not there has no members.
 */
LBMESH_PUBLIC int lbmesh_member_dump(struct lbmesh *conn, uint32_t network, lbmesh_member_fn fn,
				     void *data, uint64_t *generation, struct lbmesh_error *err)
{
	static const struct dump_kind kind = {LBMESH_CMD_MEMBER_GET, LBMESH_A_MEMBER,
					      member_object};
	struct dump dump = {.kind = &kind, .fn.member = fn, .data = data};

	return dump_run(conn, &dump, network, generation, err);
}
