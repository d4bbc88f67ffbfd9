// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * socket.c - the sockets of a connection: their options, and reading from them
 * with a deadline of the monotonic clock. Called by connection.c, exchange.c
 * and event.c. No read blocks: all wait in poll().
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "internal.h"

/**
 * lbm_socket_open() - Open a generic netlink socket as this library wants it.
 * @socket: set when 0 is returned; lbm_socket_close() closes it
 * @err: filled on failure, may be NULL
 *
 * Return: 0 or a negative errno.
 */
int lbm_socket_open(struct lbm_socket *socket, struct lbmesh_error *err)
{
	static const int options[] = {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK};
	int on = 1;
	int code;

	socket->nl = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!socket->nl)
		return lbm_error_set(err, errno, "cannot open a netlink socket: %s",
				     strerrordesc_np(errno));
	socket->fd = mnl_socket_get_fd(socket->nl);
	if (mnl_socket_bind(socket->nl, 0, MNL_SOCKET_AUTOPID))
		goto failed;
	for (size_t i = 0; i < lbm_array_size(options); i++) {
		if (mnl_socket_setsockopt(socket->nl, options[i], &on, sizeof(on)))
			goto failed;
	}
	return 0;
failed:
	code = errno;
	lbm_socket_close(socket);
	return lbm_error_set(err, code, "cannot set up a netlink socket: %s",
			     strerrordesc_np(code));
}

/**
 * lbm_socket_close() - Close a socket, if it is open.
 * @socket: not usable afterwards
 */
void lbm_socket_close(struct lbm_socket *socket)
{
	if (socket->nl)
		mnl_socket_close(socket->nl);
	socket->nl = NULL;
	socket->fd = -1;
}

/**
 * lbm_now_ms() - The monotonic clock.
 *
 * Return: milliseconds.
 */
int64_t lbm_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/**
 * lbm_deadline() - When a timeout that begins now ends.
 * @timeout_ms: milliseconds; negative is never
 *
 * Return: a time of lbm_now_ms(), INT64_MAX for never.
 */
int64_t lbm_deadline(int timeout_ms)
{
	return timeout_ms < 0 ? INT64_MAX : lbm_now_ms() + timeout_ms;
}

static int wait_readable(int fd, int64_t deadline)
{
	for (;;) {
		struct pollfd pfd = {.fd = fd, .events = POLLIN};
		int64_t left = deadline == INT64_MAX ? INT_MAX : deadline - lbm_now_ms();
		int ret;

		left = left < 0 ? 0 : left;
		ret = poll(&pfd, 1, left > INT_MAX ? INT_MAX : (int)left);
		if (ret > 0)
			return 0;
		if (ret < 0 && errno != EINTR)
			return -errno;
		if (deadline != INT64_MAX && lbm_now_ms() >= deadline)
			return -ETIMEDOUT;
	}
}

/**
 * lbm_receive() - Read one datagram of the kernel.
 * @socket: where from
 * @buf: gets it
 * @size: bytes in @buf
 * @deadline: time of lbm_now_ms() to wait until; one in the past does not wait
 *
 * Return: its bytes; -ETIMEDOUT; -ENOBUFS when the kernel had to drop
 * something; -EMSGSIZE when it does not fit; -EPIPE; another negative errno.
 */
ssize_t lbm_receive(const struct lbm_socket *socket, void *buf, size_t size, int64_t deadline)
{
	for (;;) {
		struct sockaddr_nl from = {0};
		struct iovec iov = {buf, size};
		struct msghdr msg = {.msg_name = &from,
				     .msg_namelen = sizeof(from),
				     .msg_iov = &iov,
				     .msg_iovlen = 1};
		ssize_t len;
		int ret = wait_readable(socket->fd, deadline);

		if (ret)
			return ret;
		len = recvmsg(socket->fd, &msg, MSG_DONTWAIT);
		if (len < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (len < 0)
			return -errno;
		if (!len)
			return -EPIPE;
		if (msg.msg_flags & MSG_TRUNC)
			return -EMSGSIZE;
		/* Any process may send to our port; only the kernel is port 0. */
		if (!from.nl_pid)
			return len;
	}
}
