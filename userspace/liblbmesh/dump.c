// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * dump.c - reads all objects of a kind. Called by lbctl, lbd and tests, and by
 * dump-firewall.c.
 *
 * A dump is read to its end and checked before the callback sees anything: a
 * dump that a commit went through is read again, and no object is shown twice.
 * collect.c keeps it meanwhile.
 */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

/* A commit takes longer than a dump; if not, something commits in a loop. */
#define DUMP_ATTEMPTS 8

static int dump_read(struct lbmesh *conn, struct lbm_collection *all, uint32_t id,
		     struct lbmesh_error *err)
{
	for (int i = 0; i < DUMP_ATTEMPTS; i++) {
		struct lbm_request request;
		struct nlmsghdr *head;
		int ret;

		head = lbm_request_init(&request, conn->family, all->kind->cmd,
					LBMESH_FAMILY_VERSION, NLM_F_DUMP);
		if (id)
			mnl_attr_put_u32(head, LBMESH_A_ID, id);
		lbm_collect_reset(all);
		ret = lbm_exchange(conn, &request, lbm_collect_take, all, err);
		if (ret < 0 || (!ret && !all->mixed))
			return ret;
	}
	return lbm_error_set(err, EAGAIN, "the generation changed under each of %d dumps",
			     DUMP_ATTEMPTS);
}

/**
 * lbm_dump() - Show all objects of a kind.
 * @conn: the connection
 * @kind: of what
 * @id: only what belongs to this object; 0 for all
 * @show: gets each object; not 0 ends it
 * @generation: see lbmesh_device_dump()
 * @err: see lbmesh_device_dump()
 *
 * Return: see lbmesh_device_dump().
 */
int lbm_dump(struct lbmesh *conn, const struct lbm_kind *kind, uint32_t id,
	     const struct lbm_show *show, uint64_t *generation, struct lbmesh_error *err)
{
	struct lbm_collection all = {.kind = kind};
	int ret = dump_read(conn, &all, id, err);

	if (!ret && generation)
		*generation = all.generation;
	if (!ret)
		ret = lbm_collect_show(&all, show);
	free(all.buf);
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
	const struct lbm_show show = {.fn.device = fn, .data = data};

	return lbm_dump(conn, &lbm_kind_device, 0, &show, generation, err);
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
	const struct lbm_show show = {.fn.network = fn, .data = data};

	return lbm_dump(conn, &lbm_kind_network, 0, &show, generation, err);
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
	const struct lbm_show show = {.fn.bridge = fn, .data = data};

	return lbm_dump(conn, &lbm_kind_bridge, 0, &show, generation, err);
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
	const struct lbm_show show = {.fn.peer = fn, .data = data};

	return lbm_dump(conn, &lbm_kind_peer, device, &show, generation, err);
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
	const struct lbm_show show = {.fn.member = fn, .data = data};

	return lbm_dump(conn, &lbm_kind_member, network, &show, generation, err);
}
