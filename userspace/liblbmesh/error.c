// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * error.c - fills struct lbmesh_error, from the library's own words or from an
 * NLMSG_ERROR with its extended acknowledgement. Called by every file that
 * can fail. The kernel's sentence is passed on as it is, but for blanks at its
 * end: one with a number in it has always the same length.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

int lbm_error_set(struct lbmesh_error *err, int code, const char *format, ...)
{
	va_list args;

	if (!err)
		return -code;
	memset(err, 0, sizeof(*err));
	err->code = code;
	va_start(args, format);
	(void)vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	return -code;
}

static const struct lbm_policy extack_policy[NLMSGERR_ATTR_MISS_NEST + 1] = {
	[NLMSGERR_ATTR_MSG] = {.type = MNL_TYPE_NUL_STRING},
	[NLMSGERR_ATTR_OFFS] = {.type = MNL_TYPE_U32},
	[NLMSGERR_ATTR_MISS_TYPE] = {.type = MNL_TYPE_U32},
	[NLMSGERR_ATTR_MISS_NEST] = {.type = MNL_TYPE_U32},
};

/*
 * A refusal without a sentence comes from generic netlink itself, which knows
 * less than we do of what it means here.
 */
static const char *sentence_of(int code)
{
	switch (code) {
	case EPERM:
		return "not permitted: CAP_NET_ADMIN in the user namespace that owns the network "
		       "namespace is needed";
	case ENOENT:
		return "the lbmesh module was unloaded since the connection was opened";
	default:
		return strerrordesc_np(code);
	}
}

static void place_to_error(const struct nlattr **tb, const struct lbm_sent *sent,
			   struct lbmesh_error *err)
{
	struct lbm_place place;

	lbm_place_top(&place);
	if (tb[NLMSGERR_ATTR_OFFS]) {
		if (!lbm_place_find(sent, lbm_attr_u32(tb[NLMSGERR_ATTR_OFFS]), &place))
			return;
	} else if (tb[NLMSGERR_ATTR_MISS_TYPE]) {
		if (tb[NLMSGERR_ATTR_MISS_NEST])
			(void)lbm_place_find(sent, lbm_attr_u32(tb[NLMSGERR_ATTR_MISS_NEST]),
					     &place);
		lbm_place_missing(&place, lbm_attr_u32(tb[NLMSGERR_ATTR_MISS_TYPE]));
	} else {
		return;
	}
	err->object = place.object;
	err->index = place.index;
	memcpy(err->path, place.path, sizeof(err->path));
}

static void blanks_cut(char *text)
{
	size_t len = strlen(text);

	while (len && text[len - 1] == ' ')
		text[--len] = '\0';
}

/* The attributes behind the echoed message, which NETLINK_CAP_ACK cuts to its header. */
static int extack_parse(const struct nlmsghdr *nlh, const struct nlmsgerr *ack,
			const struct nlattr **tb)
{
	size_t skip = sizeof(*ack);

	if (!(nlh->nlmsg_flags & NLM_F_CAPPED)) {
		if (ack->msg.nlmsg_len < MNL_NLMSG_HDRLEN)
			return -EPROTO;
		skip += MNL_ALIGN((size_t)ack->msg.nlmsg_len) - MNL_NLMSG_HDRLEN;
	}
	if (skip > nlh->nlmsg_len - MNL_NLMSG_HDRLEN)
		return -EPROTO;
	return lbm_attrs_parse(mnl_nlmsg_get_payload_offset(nlh, skip),
			       nlh->nlmsg_len - MNL_NLMSG_HDRLEN - skip, tb,
			       NLMSGERR_ATTR_MISS_NEST, extack_policy);
}

/**
 * lbm_error_from_kernel() - Read an NLMSG_ERROR message.
 * @err: filled when the message is a refusal; may be NULL
 * @nlh: the message, its nlmsg_len checked against what was received
 * @sent: what it answers
 *
 * Return: 0 for an acknowledgement, the kernel's negative errno for a
 * refusal, -EPROTO for a malformed message.
 */
int lbm_error_from_kernel(struct lbmesh_error *err, const struct nlmsghdr *nlh,
			  const struct lbm_sent *sent)
{
	const struct nlattr *tb[NLMSGERR_ATTR_MISS_NEST + 1];
	const struct nlmsgerr *ack = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*ack) || ack->error > 0 ||
	    ack->error < -4095)
		return lbm_error_set(err, EPROTO, "malformed acknowledgement from the kernel");
	if (!ack->error)
		return 0;

	lbm_error_set(err, -ack->error, "%s", "");
	if (!err)
		return ack->error;
	if ((nlh->nlmsg_flags & NLM_F_ACK_TLVS) && !extack_parse(nlh, ack, tb)) {
		lbm_attr_string(tb[NLMSGERR_ATTR_MSG], err->message, sizeof(err->message));
		blanks_cut(err->message);
		if (sent->ours)
			place_to_error(tb, sent, err);
	}
	if (!err->message[0]) {
		const char *sentence = sentence_of(-ack->error);

		(void)snprintf(err->message, sizeof(err->message), "%s",
			       sentence ? sentence : "unknown error");
	}
	return ack->error;
}
