// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * event.c - the multicast groups "generation" and "verdict", on a socket of
 * their own, so that a flood of events cannot push out an answer. Called by lbd's event loop and
 * by lbctl.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int socket_open(struct lbmesh *conn, struct lbmesh_error *err)
{
	if (conn->events.nl)
		return 0;
	if (!conn->event_buf)
		conn->event_buf = malloc(LBM_RECEIVE_SIZE);
	if (!conn->event_buf)
		return lbm_error_set(err, ENOMEM, "out of memory");
	return lbm_socket_open(&conn->events, err);
}

static int group_join(struct lbmesh *conn, uint32_t number, const char *name, bool *in_group,
		      struct lbmesh_error *err)
{
	const bool first = !conn->events.nl;
	int group = (int)number;
	int ret;

	if (*in_group)
		return 0;
	if (!group)
		return lbm_error_set(err, EPROTONOSUPPORT, "the lbmesh module has no group \"%s\"",
				     name);
	ret = socket_open(conn, err);
	if (ret)
		return ret;
	if (mnl_socket_setsockopt(conn->events.nl, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group))) {
		int code = errno;

		/* Events of another group go on. */
		if (first)
			lbm_socket_close(&conn->events);
		return lbm_error_set(err, code, "cannot join the group \"%s\": %s", name,
				     strerrordesc_np(code));
	}
	*in_group = true;
	return 0;
}

/**
 * lbmesh_event_subscribe() - Begin to hear of new generations.
 * @conn: the connection; a second call does nothing
 * @err: filled on failure, may be NULL
 *
 * To miss nothing, subscribe first and ask for the generation then.
 *
 * Return: 0; -EPERM without CAP_NET_ADMIN; -ENOMEM; another negative errno.
 */
LBMESH_PUBLIC int lbmesh_event_subscribe(struct lbmesh *conn, struct lbmesh_error *err)
{
	return group_join(conn, conn->group_generation, LBMESH_MCGRP_GENERATION,
			  &conn->in_group_generation, err);
}

/**
 * lbmesh_event_subscribe_verdicts() - Begin to hear of packets that are denied or logged.
 * @conn: the connection; a second call does nothing
 * @err: filled on failure, may be NULL
 *
 * These events come on the same socket as those of lbmesh_event_subscribe(). The
 * kernel limits their rate, and says how many it kept back.
 *
 * Return: as lbmesh_event_subscribe().
 */
LBMESH_PUBLIC int lbmesh_event_subscribe_verdicts(struct lbmesh *conn, struct lbmesh_error *err)
{
	return group_join(conn, conn->group_verdict, LBMESH_MCGRP_VERDICT, &conn->in_group_verdict,
			  err);
}

/**
 * lbmesh_event_fd() - The socket that events come on, to be polled.
 * @conn: the connection, which owns it
 *
 * When it is readable, call lbmesh_event_next() until it returns 0.
 *
 * Return: a file descriptor, or -EBADF before a subscription.
 */
LBMESH_PUBLIC int lbmesh_event_fd(const struct lbmesh *conn)
{
	return conn->events.fd < 0 ? -EBADF : conn->events.fd;
}

static bool event_decode(const struct lbmesh *conn, const struct nlmsghdr *nlh,
			 struct lbmesh_event *event)
{
	const struct genlmsghdr *genl = lbm_message_genl(nlh);

	if (nlh->nlmsg_type != conn->family || !genl)
		return false;
	memset(event, 0, sizeof(*event));
	switch (genl->cmd) {
	case LBMESH_CMD_GENERATION_NTF:
		event->kind = LBMESH_EVENT_GENERATION;
		return !lbm_decode_generation(nlh, &event->generation);
	case LBMESH_CMD_VERDICT_NTF:
		event->kind = LBMESH_EVENT_VERDICT;
		return !lbm_decode_judgement(nlh, &event->judgement);
	default:
		return false;
	}
}

/* The next event of the datagram at hand; what is no event is skipped. */
static bool event_take(struct lbmesh *conn, struct lbmesh_event *event)
{
	while (conn->event_len) {
		const struct nlmsghdr *nlh = (const void *)(conn->event_buf + conn->event_pos);
		size_t step;

		if (!mnl_nlmsg_ok(nlh, (int)conn->event_len)) {
			conn->event_len = 0;
			break;
		}
		step = MNL_ALIGN((size_t)nlh->nlmsg_len);
		step = step < conn->event_len ? step : conn->event_len;
		conn->event_pos += step;
		conn->event_len -= step;
		if (event_decode(conn, nlh, event))
			return true;
	}
	return false;
}

/**
 * lbmesh_event_next() - Take an event, without waiting for one.
 * @conn: the connection
 * @event: set when 1 is returned
 * @err: filled on failure, may be NULL
 *
 * Return: 1 with an event; 0 when there is none now; -ENOBUFS when events were
 * lost: ask for the generation and go on; -EBADF before a subscription; another negative errno when the socket is broken.
 */
LBMESH_PUBLIC int lbmesh_event_next(struct lbmesh *conn, struct lbmesh_event *event,
				    struct lbmesh_error *err)
{
	if (conn->events.fd < 0)
		return lbm_error_set(err, EBADF, "not subscribed to events");
	while (!event_take(conn, event)) {
		ssize_t len = lbm_receive(&conn->events, conn->event_buf, LBM_RECEIVE_SIZE, 0);

		if (len == -ETIMEDOUT)
			return 0;
		if (len == -ENOBUFS)
			return lbm_error_set(err, ENOBUFS, "events were lost");
		if (len < 0)
			return lbm_error_set(err, (int)-len, "cannot read events: %s",
					     strerrordesc_np((int)-len));
		conn->event_pos = 0;
		conn->event_len = (size_t)len;
	}
	return 1;
}
