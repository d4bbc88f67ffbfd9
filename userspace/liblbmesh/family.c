// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * family.c - asks nlctrl for the numbers of the family and of its multicast
 * groups. Called by lbmesh_open(). Asking by name also makes the kernel load
 * the module, where modprobe knows it.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

static const struct lbm_policy ctrl_policy[CTRL_ATTR_MCAST_GROUPS + 1] = {
	[CTRL_ATTR_FAMILY_ID] = {.type = MNL_TYPE_U16},
	[CTRL_ATTR_VERSION] = {.type = MNL_TYPE_U32},
	[CTRL_ATTR_MCAST_GROUPS] = {.type = MNL_TYPE_NESTED},
};

static const struct lbm_policy group_policy[CTRL_ATTR_MCAST_GRP_ID + 1] = {
	[CTRL_ATTR_MCAST_GRP_NAME] = {.type = MNL_TYPE_NUL_STRING},
	[CTRL_ATTR_MCAST_GRP_ID] = {.type = MNL_TYPE_U32},
};

struct family {
	uint16_t id;
	uint32_t version;
	uint32_t group_generation;
	uint32_t group_verdict;
};

static int groups_parse(const struct nlattr *groups, struct family *family)
{
	const struct nlattr *group;

	mnl_attr_for_each_nested(group, groups) {
		const struct nlattr *tb[CTRL_ATTR_MCAST_GRP_ID + 1];
		const char *name;

		if (lbm_nest_parse(group, tb, CTRL_ATTR_MCAST_GRP_ID, group_policy) ||
		    !tb[CTRL_ATTR_MCAST_GRP_NAME] || !tb[CTRL_ATTR_MCAST_GRP_ID])
			return -EPROTO;
		name = lbm_attr_text(tb[CTRL_ATTR_MCAST_GRP_NAME]);
		if (!strcmp(name, LBMESH_MCGRP_GENERATION))
			family->group_generation = lbm_attr_u32(tb[CTRL_ATTR_MCAST_GRP_ID]);
		else if (!strcmp(name, LBMESH_MCGRP_VERDICT))
			family->group_verdict = lbm_attr_u32(tb[CTRL_ATTR_MCAST_GRP_ID]);
	}
	return 0;
}

static int family_take(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[CTRL_ATTR_MCAST_GROUPS + 1];
	struct family *family = data;

	if (lbm_message_parse(nlh, tb, CTRL_ATTR_MCAST_GROUPS, ctrl_policy) ||
	    !tb[CTRL_ATTR_FAMILY_ID])
		return -EPROTO;
	family->id = lbm_attr_u16(tb[CTRL_ATTR_FAMILY_ID]);
	family->version = lbm_attr_u32(tb[CTRL_ATTR_VERSION]);
	return tb[CTRL_ATTR_MCAST_GROUPS] ? groups_parse(tb[CTRL_ATTR_MCAST_GROUPS], family) : 0;
}

/**
 * lbm_family_resolve() - Find the family in the kernel.
 * @conn: its socket is open; gets the numbers
 * @err: filled on failure, may be NULL
 *
 * Return: 0; -ENOENT when the module is not loaded; -EPROTONOSUPPORT when it
 * is older than this library; an error of lbm_exchange().
 */
int lbm_family_resolve(struct lbmesh *conn, struct lbmesh_error *err)
{
	struct lbm_request request;
	struct family family = {0};
	struct nlmsghdr *head;
	int ret;

	head = lbm_request_init(&request, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, NLM_F_ACK);
	mnl_attr_put_strz(head, CTRL_ATTR_FAMILY_NAME, LBMESH_FAMILY_NAME);
	ret = lbm_exchange(conn, &request, family_take, &family, err);
	if (ret == -ENOENT)
		return lbm_error_set(err, ENOENT, "the lbmesh module is not loaded");
	if (ret < 0)
		return ret;
	if (!family.id)
		return lbm_error_set(err, EPROTO, "nlctrl did not say the family's number");
	if (family.version < LBMESH_FAMILY_VERSION)
		return lbm_error_set(err, EPROTONOSUPPORT,
				     "the lbmesh module speaks version %u of its family, and %u is "
				     "needed",
				     family.version, LBMESH_FAMILY_VERSION);
	conn->family = family.id;
	conn->group_generation = family.group_generation;
	conn->group_verdict = family.group_verdict;
	return 0;
}
