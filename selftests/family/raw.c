// SPDX-License-Identifier: GPL-2.0
/* See raw.h. */

#include "raw.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <linux/lbmesh.h>

/* A kernel that does not answer fails the test instead of holding it up. */
#define RAW_TIMEOUT_S 20

void raw_begin(struct raw *raw, uint8_t command, uint16_t flags)
{
	struct genlmsghdr *genl;

	raw->header = mnl_nlmsg_put_header(raw->buffer);
	raw->header->nlmsg_type = raw->family;
	raw->header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	raw->header->nlmsg_seq = ++raw->sequence;
	genl = mnl_nlmsg_put_extra_header(raw->header, sizeof(*genl));
	genl->cmd = command;
	genl->version = LBMESH_FAMILY_VERSION;
}

size_t raw_put(struct raw *raw, uint16_t type, const void *data, size_t length)
{
	size_t offset = raw->header->nlmsg_len;

	if (offset + MNL_ALIGN(length) + MNL_ATTR_HDRLEN > RAW_SIZE)
		abort();
	mnl_attr_put(raw->header, type, length, data);
	return offset;
}

size_t raw_put_u8(struct raw *raw, uint16_t type, uint8_t value)
{
	return raw_put(raw, type, &value, sizeof(value));
}

size_t raw_put_u32(struct raw *raw, uint16_t type, uint32_t value)
{
	return raw_put(raw, type, &value, sizeof(value));
}

size_t raw_nest(struct raw *raw, uint16_t type)
{
	return raw_put(raw, type | NLA_F_NESTED, NULL, 0);
}

void raw_nest_end(struct raw *raw, size_t nest)
{
	struct nlattr *attr = (struct nlattr *)(raw->buffer + nest);

	attr->nla_len = raw->header->nlmsg_len - nest;
}

int raw_send(struct raw *raw)
{
	/*
	 * Not mnl_socket_sendto(): with an explicit destination the kernel does not ask who opened
	 * the socket, and what may be sent then is more.
	 */
	return send(mnl_socket_get_fd(raw->socket), raw->header, raw->header->nlmsg_len, 0) < 0 ?
		       -errno : 0;
}

int raw_send_both(struct raw *raw, const struct raw *second)
{
	struct iovec parts[] = {
		{ raw->header, raw->header->nlmsg_len },
		{ second->header, second->header->nlmsg_len },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	return sendmsg(mnl_socket_get_fd(raw->socket), &message, 0) < 0 ? -errno : 0;
}

static int answer_attr(const struct nlattr *attr, void *data)
{
	struct raw_answer *answer = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
		strncpy(answer->message, mnl_attr_get_str(attr), sizeof(answer->message) - 1);
	else if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_OFFS)
		answer->offset = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

struct raw_answer raw_answer_of(const struct nlmsghdr *header)
{
	struct raw_answer answer = { .done = header->nlmsg_type == NLMSG_DONE };
	size_t length = answer.done ? sizeof(int) : sizeof(struct nlmsgerr);

	/* Both begin with the error. */
	if (mnl_nlmsg_get_payload_len(header) >= sizeof(int))
		answer.error = -*(int *)mnl_nlmsg_get_payload(header);
	if (header->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_parse(header, length, answer_attr, &answer);
	return answer;
}

struct raw_answer raw_ask(struct raw *raw)
{
	struct raw_answer failure = { .error = -raw_send(raw) };

	return failure.error ? failure : raw_wait(raw, raw->sequence);
}

static struct raw_answer wait_for(struct raw *raw, uint32_t sequence,
				  void (*show)(const struct nlmsghdr *header, void *data),
				  void *data)
{
	struct raw_answer answer, failure = {};
	bool interrupted = false;
	char buffer[65536];

	for (;;) {
		ssize_t got = mnl_socket_recvfrom(raw->socket, buffer, sizeof(buffer));
		struct nlmsghdr *header = (struct nlmsghdr *)buffer;
		int length = got;

		if (got < 0) {
			failure.error = errno;
			return failure;
		}
		for (; mnl_nlmsg_ok(header, length); header = mnl_nlmsg_next(header, &length)) {
			/* Answers to others, and results of commits, which have sequence 0. */
			if (header->nlmsg_seq != sequence)
				continue;
			interrupted |= header->nlmsg_flags & NLM_F_DUMP_INTR;
			if (header->nlmsg_type == NLMSG_ERROR || header->nlmsg_type == NLMSG_DONE) {
				answer = raw_answer_of(header);
				if (show && interrupted && !answer.error)
					answer.error = EINTR;
				return answer;
			}
			if (show)
				show(header, data);
		}
	}
}

struct raw_answer raw_read(struct raw *raw, void (*show)(const struct nlmsghdr *header, void *data),
			   void *data)
{
	struct raw_answer failure = { .error = -raw_send(raw) };

	return failure.error ? failure : wait_for(raw, raw->sequence, show, data);
}

struct raw_answer raw_wait(struct raw *raw, uint32_t sequence)
{
	return wait_for(raw, sequence, NULL, NULL);
}

struct resolve {
	const char *group;
	uint32_t group_id;
	uint16_t family;
};

static int resolve_group_attr(const struct nlattr *attr, void *data)
{
	const struct nlattr **pair = data;

	if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
		pair[0] = attr;
	else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID)
		pair[1] = attr;
	return MNL_CB_OK;
}

static int resolve_group(const struct nlattr *attr, void *data)
{
	const struct nlattr *pair[2] = {};
	struct resolve *resolve = data;

	mnl_attr_parse_nested(attr, resolve_group_attr, pair);
	if (pair[0] && pair[1] && resolve->group &&
	    strcmp(mnl_attr_get_str(pair[0]), resolve->group) == 0)
		resolve->group_id = mnl_attr_get_u32(pair[1]);
	return MNL_CB_OK;
}

static int resolve_attr(const struct nlattr *attr, void *data)
{
	struct resolve *resolve = data;
	const struct nlattr *group;

	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		resolve->family = mnl_attr_get_u16(attr);
	if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS) {
		mnl_attr_for_each_nested(group, attr)
			resolve_group(group, resolve);
	}
	return MNL_CB_OK;
}

static int resolve_message(const struct nlmsghdr *header, void *data)
{
	mnl_attr_parse(header, sizeof(struct genlmsghdr), resolve_attr, data);
	return MNL_CB_OK;
}

static int raw_resolve(struct raw *raw, const char *family, struct resolve *resolve)
{
	char buffer[8192];
	int ret = MNL_CB_OK;

	raw_begin(raw, CTRL_CMD_GETFAMILY, 0);
	raw->header->nlmsg_type = GENL_ID_CTRL;
	raw_put(raw, CTRL_ATTR_FAMILY_NAME, family, strlen(family) + 1);
	if (raw_send(raw))
		return -errno;
	while (ret > MNL_CB_STOP) {
		ssize_t got = mnl_socket_recvfrom(raw->socket, buffer, sizeof(buffer));

		if (got < 0)
			return -errno;
		ret = mnl_cb_run(buffer, got, raw->sequence, mnl_socket_get_portid(raw->socket),
				 resolve_message, resolve);
	}
	return ret < 0 ? -errno : 0;
}

static int raw_open_family(struct raw *raw, const char *family)
{
	struct timeval timeout = { .tv_sec = RAW_TIMEOUT_S };
	struct resolve resolve = {};
	int on = 1, err;

	memset(raw, 0, sizeof(*raw));
	raw->socket = mnl_socket_open(NETLINK_GENERIC);
	if (!raw->socket)
		return -errno;
	mnl_socket_bind(raw->socket, 0, MNL_SOCKET_AUTOPID);
	mnl_socket_setsockopt(raw->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(raw->socket, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(mnl_socket_get_fd(raw->socket), SOL_SOCKET, SO_RCVTIMEO, &timeout,
		   sizeof(timeout));
	err = raw_resolve(raw, family, &resolve);
	raw->family = resolve.family;
	if (err)
		raw_close(raw);
	return err;
}

int raw_open(struct raw *raw)
{
	return raw_open_family(raw, LBMESH_FAMILY_NAME);
}

bool raw_family_exists(const char *name)
{
	struct raw raw;

	if (raw_open_family(&raw, name))
		return false;
	raw_close(&raw);
	return true;
}

void raw_close(struct raw *raw)
{
	if (raw->socket)
		mnl_socket_close(raw->socket);
	raw->socket = NULL;
}

int raw_join(struct raw *raw, const char *group)
{
	struct resolve resolve = { .group = group };
	int err = raw_resolve(raw, LBMESH_FAMILY_NAME, &resolve);

	if (err)
		return err;
	if (!resolve.group_id)
		return -ENOENT;
	err = mnl_socket_setsockopt(raw->socket, NETLINK_ADD_MEMBERSHIP, &resolve.group_id,
				    sizeof(resolve.group_id));
	return err < 0 ? -errno : 0;
}
