// SPDX-License-Identifier: GPL-2.0-only
/*
 * A blocking rtnetlink socket. One request is under way at a time, and every one ends: a change by
 * its acknowledgement, a dump by NLMSG_DONE, both by an error.
 */
#include "agent/rtnl.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

/* The kernel answers a request before send() returns; this is for when it does not. */
#define ANSWER_SECONDS 30

int rtnl_open(struct rtnl *rtnl, struct fault *fault)
{
	struct timeval limit = {.tv_sec = ANSWER_SECONDS};
	int yes = 1;

	*rtnl = (struct rtnl){0};
	rtnl->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!rtnl->socket)
		return fault_set(fault, -errno, NULL, "cannot open rtnetlink: %s", strerror(errno));
	if (mnl_socket_bind(rtnl->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int ret = fault_set(fault, -errno, NULL, "cannot bind rtnetlink: %s",
				    strerror(errno));

		rtnl_close(rtnl);
		return ret;
	}
	/* Sentences with the errors; without them there is still the errno. */
	mnl_socket_setsockopt(rtnl->socket, NETLINK_EXT_ACK, &yes, sizeof(yes));
	mnl_socket_setsockopt(rtnl->socket, NETLINK_CAP_ACK, &yes, sizeof(yes));
	setsockopt(mnl_socket_get_fd(rtnl->socket), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	rtnl->port = mnl_socket_get_portid(rtnl->socket);
	return 0;
}

void rtnl_close(struct rtnl *rtnl)
{
	if (rtnl->socket)
		mnl_socket_close(rtnl->socket);
	rtnl->socket = NULL;
}

/* The sentence of an extended acknowledgement, or the name of the errno. */
static void why_read(const struct nlmsghdr *message, int code, char *why)
{
	size_t header = sizeof(struct nlmsgerr);
	const struct nlattr *attr;

	snprintf(why, FAULT_TEXT_SIZE, "%s", strerror(-code));
	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(message->nlmsg_flags & NLM_F_CAPPED)) {
		const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);

		header += mnl_nlmsg_get_payload_len(&error->msg);
	}
	if (mnl_nlmsg_get_payload_len(message) < header)
		return;
	mnl_attr_for_each(attr, message, header) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		    !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING))
			snprintf(why, FAULT_TEXT_SIZE, "%s (%s)", mnl_attr_get_str(attr),
				 strerror(-code));
	}
}

struct request {
	uint32_t sequence;
	rtnl_message_fn fn;
	void *data;
	char *why;
	bool done;
	bool interrupted;
};

static int error_take(struct request *request, const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);

	request->done = true;
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*error))
		return -EBADMSG;
	if (error->error)
		why_read(message, error->error, request->why);
	return error->error;
}

static int message_take(struct request *request, const struct nlmsghdr *message)
{
	if (message->nlmsg_seq != request->sequence)
		return 0;
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		request->interrupted = true;
	switch (message->nlmsg_type) {
	case NLMSG_ERROR:
		return error_take(request, message);
	case NLMSG_DONE:
		request->done = true;
		return 0;
	case NLMSG_NOOP:
		return 0;
	default:
		return request->fn ? request->fn(message, request->data) : 0;
	}
}

static int answer_receive(struct rtnl *rtnl, struct request *request)
{
	/* A message of a dump is at most 32 KiB, whatever the page size. */
	char buffer[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *message;
	int ret = 0, left;
	ssize_t n;

	n = mnl_socket_recvfrom(rtnl->socket, buffer, sizeof(buffer));
	if (n < 0) {
		ret = errno == EAGAIN ? -ETIMEDOUT : -errno;
		snprintf(request->why, FAULT_TEXT_SIZE, "rtnetlink: %s", strerror(-ret));
		return ret;
	}
	left = (int)n;
	for (message = (void *)buffer; mnl_nlmsg_ok(message, left) && !ret;
	     message = mnl_nlmsg_next(message, &left))
		ret = message_take(request, message);
	return ret;
}

int rtnl_request(struct rtnl *rtnl, struct nlmsghdr *message, rtnl_message_fn fn, void *data,
		 char *why)
{
	struct request request = {.sequence = ++rtnl->sequence, .fn = fn, .data = data, .why = why};
	int ret;

	message->nlmsg_seq = request.sequence;
	message->nlmsg_pid = rtnl->port;
	if ((message->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		message->nlmsg_flags |= NLM_F_ACK;
	why[0] = '\0';
	if (mnl_socket_sendto(rtnl->socket, message, message->nlmsg_len) < 0) {
		ret = -errno;
		snprintf(why, FAULT_TEXT_SIZE, "rtnetlink: %s", strerror(-ret));
		return ret;
	}
	while (!request.done) {
		ret = answer_receive(rtnl, &request);
		if (ret)
			return ret;
	}
	return request.interrupted ? -EINTR : 0;
}
