// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections: who may have one, how long it may take for what it is doing, and how it is ended.
 * libmicrohttpd calls accept and notify, http.c the sweep. A connection is ended by shutting its
 * socket down: libmicrohttpd then meets the end at its next look, and cleans up as with a client that
 * has gone. One that sleeps is in no epoll set, so the sweep asks for its peer by poll().
 */
#include "controller/http-internal.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define POLL_BATCH 512
/* A peer that has vanished without a word is noticed by its kernel not answering. */
#define KEEPALIVE_IDLE	   30
#define KEEPALIVE_INTERVAL 10
#define KEEPALIVE_PROBES   3
#define UNANSWERED_MS	   15000

enum MHD_Result connection_accept(void *argument, const struct sockaddr *address, socklen_t size)
{
	struct listener *listener = argument;
	struct http *http = listener->http;

	(void)size;
	if (listener->local || limits_accept(http->limits, address, (int64_t)uv_now(http->loop)))
		return MHD_YES;
	http->counts.refused_rate++;
	return MHD_NO;
}

static void peer_local_fill(struct connection *connection)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	connection->peer.local = true;
	connection->peer.uid = (uid_t)-1;
	if (!getsockopt(connection->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		connection->peer.uid = peer.uid;
	snprintf(connection->peer.address, sizeof(connection->peer.address), "unix");
}

static void peer_fill(struct connection *connection, const struct sockaddr *address)
{
	const struct sockaddr_in6 *six = (const void *)address;
	const struct sockaddr_in *four = (const void *)address;
	char *text = connection->peer.address;

	connection->peer.uid = (uid_t)-1;
	if (address->sa_family == AF_INET)
		inet_ntop(AF_INET, &four->sin_addr, text, sizeof(connection->peer.address));
	else if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, text,
			  sizeof(connection->peer.address));
	else
		inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof(connection->peer.address));
}

/* Best effort: a connection without them lives, and is swept by its deadlines. */
static void tcp_watch(int fd)
{
	const int on = 1, idle = KEEPALIVE_IDLE, interval = KEEPALIVE_INTERVAL;
	const int probes = KEEPALIVE_PROBES, unanswered = UNANSWERED_MS;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered, sizeof(unanswered));
}

static void connection_open(struct listener *listener, struct MHD_Connection *mhd, void **context)
{
	struct http *http = listener->http;
	struct connection *connection = calloc(1, sizeof(*connection));
	const struct sockaddr *address;

	/* Without one, exchange_new() finds none and the first request ends the connection. */
	*context = connection;
	if (!connection)
		return;
	connection->listener = listener;
	connection->mhd = mhd;
	connection->fd =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	if (listener->local) {
		peer_local_fill(connection);
	} else {
		address = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
				  ->client_addr;
		peer_fill(connection, address);
		tcp_watch(connection->fd);
		connection->place =
			limits_connect(http->limits, address, (int64_t)uv_now(http->loop));
	}
	LIST_INSERT_HEAD(&http->connections, connection, link);
	http->counts.connections++;
	connection_expect(connection, http->options.times.headers);
}

static void connection_close(struct connection *connection)
{
	struct http *http = connection->listener->http;

	LIST_REMOVE(connection, link);
	http->counts.connections--;
	if (!connection->listener->local)
		limits_disconnect(http->limits, connection->place);
	free(connection);
	/* At its limit libmicrohttpd does not listen, and looks only in its next turn again. */
	turn_soon(http);
}

void connection_notify(void *argument, struct MHD_Connection *mhd, void **context,
		       enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		connection_open(argument, mhd, context);
	else if (*context)
		connection_close(*context);
}

void connection_expect(struct connection *connection, unsigned int milliseconds)
{
	connection->deadline =
		(int64_t)uv_now(connection->listener->http->loop) + (int64_t)milliseconds;
}

void connection_suspend(struct connection *connection)
{
	connection->suspended = true;
	connection->deadline = 0;
	MHD_suspend_connection(connection->mhd);
}

void connection_resume(struct connection *connection)
{
	if (!connection->suspended)
		return;
	connection->suspended = false;
	connection_expect(connection, connection->listener->http->options.times.answer);
	MHD_resume_connection(connection->mhd);
	/* With a loop of one's own, libmicrohttpd does not announce that on its descriptor. */
	turn_soon(connection->listener->http);
}

void connection_drop(struct connection *connection)
{
	if (connection->dropped)
		return;
	connection->dropped = true;
	shutdown(connection->fd, SHUT_RDWR);
	connection_resume(connection);
	connection->deadline = 0;
}

static void gone_drop(const struct pollfd *polled, struct connection *const *connections, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (polled[i].revents & (POLLRDHUP | POLLHUP | POLLERR))
			connection_drop(connections[i]);
	}
}

void connections_sweep(struct http *http)
{
	int64_t now = (int64_t)uv_now(http->loop);
	struct connection *sleeping[POLL_BATCH];
	struct pollfd polled[POLL_BATCH];
	struct connection *connection;
	size_t n = 0;

	/* Nothing is freed meanwhile: that happens in libmicrohttpd's next turn. */
	LIST_FOREACH(connection, &http->connections, link)
	{
		if (connection->deadline && now >= connection->deadline)
			connection_drop(connection);
		if (!connection->suspended)
			continue;
		sleeping[n] = connection;
		polled[n++] = (struct pollfd){.fd = connection->fd, .events = POLLRDHUP};
		if (n == POLL_BATCH) {
			if (poll(polled, n, 0) > 0)
				gone_drop(polled, sleeping, n);
			n = 0;
		}
	}
	if (n && poll(polled, n, 0) > 0)
		gone_drop(polled, sleeping, n);
}
