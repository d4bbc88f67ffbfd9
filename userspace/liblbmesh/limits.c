// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * limits.c - sets the limits of the namespace. Called by lbctl and tests;
 * lbmesh_info_get() reads them.
 */
#include <errno.h>

#include "internal.h"

struct limit {
	uint16_t type; /* enum of LBMESH_A_COUNTS_* */
	uint32_t value;
};

/* All of them fit the head of a request. */
_Static_assert(NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN +
			       LBMESH_A_COUNTS_MAX * (NLA_HDRLEN + sizeof(uint32_t)) <=
		       LBM_HEAD_SIZE,
	       "limits do not fit");

static uint32_t wire_value(const struct limit *limit)
{
	if (limit->type == LBMESH_A_COUNTS_CACHE_ENTRIES && limit->value == LBMESH_CACHE_OFF)
		return 0;
	return limit->value;
}

static int no_answer(const struct nlmsghdr *nlh, void *data)
{
	(void)nlh;
	(void)data;
	return 0;
}

/**
 * lbmesh_limits_set() - Set limits of the namespace.
 * @conn: the connection
 * @limits: the most that the namespace may have of each; 0 keeps what is set,
 *	and LBMESH_CACHE_OFF switches the cache off
 * @err: filled on failure, may be NULL
 *
 * A limit below what is in force is allowed, and refuses what would be more.
 *
 * Return: 0; -EINVAL when all are 0; -EPERM without CAP_NET_ADMIN in the
 * initial user namespace; -ERANGE for one that is too high, or a size that the
 * cache cannot have, and -ENOMEM when there is no memory for it: all stay as they
 * were then; an error as of lbmesh_info_get().
 */
LBMESH_PUBLIC int lbmesh_limits_set(struct lbmesh *conn, const struct lbmesh_counts *limits,
				    struct lbmesh_error *err)
{
	const struct limit all[] = {
		{LBMESH_A_COUNTS_DEVICES, limits->devices},
		{LBMESH_A_COUNTS_NETWORKS, limits->networks},
		{LBMESH_A_COUNTS_BRIDGES, limits->bridges},
		{LBMESH_A_COUNTS_PEERS, limits->peers},
		{LBMESH_A_COUNTS_MEMBERS, limits->members},
		{LBMESH_A_COUNTS_LAYERS, limits->layers},
		{LBMESH_A_COUNTS_RULES, limits->rules},
		{LBMESH_A_COUNTS_SETS, limits->sets},
		{LBMESH_A_COUNTS_ELEMENTS, limits->elements},
		{LBMESH_A_COUNTS_ENDPOINTS, limits->endpoints},
		{LBMESH_A_COUNTS_MESSAGE_BYTES, limits->message_bytes},
		{LBMESH_A_COUNTS_CACHE_ENTRIES, limits->cache_entries},
	};
	struct lbm_request request;
	struct nlmsghdr *head;
	struct nlattr *nest;
	bool any = false;

	head = lbm_request_init(&request, conn->family, LBMESH_CMD_LIMITS_SET,
				LBMESH_FAMILY_VERSION, NLM_F_ACK);
	nest = mnl_attr_nest_start(head, LBMESH_A_LIMITS);
	for (size_t i = 0; i < lbm_array_size(all); i++) {
		if (!all[i].value)
			continue;
		mnl_attr_put_u32(head, all[i].type, wire_value(&all[i]));
		any = true;
	}
	mnl_attr_nest_end(head, nest);
	if (!any)
		return lbm_error_set(err, EINVAL, "no limit is given");
	return lbm_exchange(conn, &request, no_answer, NULL, err);
}
