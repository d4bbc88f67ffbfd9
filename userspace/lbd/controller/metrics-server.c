// SPDX-License-Identifier: GPL-2.0-only
/*
 * GET /metrics in plain HTTP on the loopback, by a small server of libmicrohttpd in the service's
 * loop. It is apart from http.c so that whoever scrapes can neither reach the API nor take its
 * connections.
 */
#include "controller/metrics.h"

#include "model/endpoint.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 16
#define BACKLOG	    16
#define TIMEOUT	    10 /* seconds */

struct metrics_server {
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned int handles;
	metrics_text_fn text;
	void *argument;
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int status, char *text)
{
	struct MHD_Response *response;
	enum MHD_Result ret;

	response = MHD_create_response_from_buffer(text ? strlen(text) : 0, text,
						   MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return MHD_NO;
	}
	ret = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				      "text/plain; version=0.0.4; charset=utf-8");
	if (ret == MHD_YES)
		ret = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return ret;
}

static enum MHD_Result handle(void *argument, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **context)
{
	struct metrics_server *server = argument;
	static int seen;
	char *text;

	(void)version;
	(void)upload;
	/* Once for the headers, again for each piece of a body, and at its end. */
	if (!*context) {
		*context = &seen;
		return MHD_YES;
	}
	if (*upload_size) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (strcmp(url, "/metrics") != 0)
		return answer(connection, MHD_HTTP_NOT_FOUND, strdup("GET /metrics\n"));
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, strdup("GET /metrics\n"));
	text = server->text(server->argument);
	return text ? answer(connection, MHD_HTTP_OK, text) : MHD_NO;
}

static void timer_set(struct metrics_server *server);

static void turn(struct metrics_server *server)
{
	MHD_run(server->daemon);
	timer_set(server);
}

static void on_timer(uv_timer_t *timer)
{
	turn(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	turn(poll->data);
}

static void timer_set(struct metrics_server *server)
{
	MHD_UNSIGNED_LONG_LONG milliseconds;

	if (MHD_get_timeout(server->daemon, &milliseconds) == MHD_YES)
		uv_timer_start(&server->timer, on_timer, milliseconds, 0);
	else
		uv_timer_stop(&server->timer);
}

static socklen_t address_fill(const struct lbmesh_prefix *from, uint16_t port,
			      struct sockaddr_storage *to)
{
	*to = (struct sockaddr_storage){0};
	if (from->family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)to;

		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, from->addr, sizeof(in->sin_addr));
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, from->addr, sizeof(in6->sin6_addr));
	return sizeof(*in6);
}

static bool is_loopback(const struct lbmesh_prefix *address)
{
	static const uint8_t one[16] = {[15] = 1};

	return address->family == AF_INET ? address->addr[0] == 127
					  : !memcmp(address->addr, one, sizeof(one));
}

static int socket_open(const char *address, int *fd, struct fault *fault)
{
	struct sockaddr_storage name;
	struct lbmesh_prefix parsed;
	const int on = 1;
	socklen_t size;
	uint16_t port;
	int ret;

	if (endpoint_parse(address, &parsed, &port) || !is_loopback(&parsed))
		return fault_set(fault, -EINVAL, NULL,
				 "metrics: %.100s is no address of the loopback with a port",
				 address);
	size = address_fill(&parsed, port, &name);
	*fd = socket(parsed.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd >= 0 && !setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) &&
	    !bind(*fd, (struct sockaddr *)&name, size) && !listen(*fd, BACKLOG))
		return 0;
	ret = -errno;
	if (*fd >= 0)
		close(*fd);
	return fault_set(fault, ret, NULL, "metrics: cannot listen on %.100s: %s", address,
			 strerror(-ret));
}

static void on_closed(uv_handle_t *handle)
{
	struct metrics_server *server = handle->data;

	if (!--server->handles)
		free(server);
}

/* The daemon's descriptor is no longer watched when the daemon goes. */
void metrics_server_stop(struct metrics_server *server)
{
	if (!server)
		return;
	uv_close((uv_handle_t *)&server->poll, on_closed);
	uv_close((uv_handle_t *)&server->timer, on_closed);
	MHD_stop_daemon(server->daemon);
}

static int loop_join(struct metrics_server *server, uv_loop_t *loop, struct fault *fault)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int ret;

	if (!info)
		return fault_set(fault, -EIO, NULL, "metrics: libmicrohttpd has no epoll");
	server->poll.data = server;
	server->timer.data = server;
	ret = uv_poll_init(loop, &server->poll, info->epoll_fd);
	if (ret)
		return fault_set(fault, ret, NULL, "metrics: %s", uv_strerror(ret));
	uv_timer_init(loop, &server->timer);
	server->handles = 2;
	ret = uv_poll_start(&server->poll, UV_READABLE, on_poll);
	return ret ? fault_set(fault, ret, NULL, "metrics: %s", uv_strerror(ret)) : 0;
}

int metrics_server_start(uv_loop_t *loop, const char *address, metrics_text_fn text, void *argument,
			 struct metrics_server **server, struct fault *fault)
{
	struct metrics_server *made;
	int fd = -1, ret = socket_open(address, &fd, fault);

	if (ret)
		return ret;
	made = calloc(1, sizeof(*made));
	if (!made) {
		close(fd);
		return fault_memory(fault);
	}
	made->text = text;
	made->argument = argument;
	/* clang-format off */
	made->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, made,
		MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)TIMEOUT,
		MHD_OPTION_END);
	/* clang-format on */
	if (!made->daemon) {
		close(fd);
		free(made);
		return fault_set(fault, -EIO, NULL, "metrics: the server does not start");
	}
	ret = loop_join(made, loop, fault);
	if (ret && made->handles) {
		metrics_server_stop(made);
	} else if (ret) {
		MHD_stop_daemon(made->daemon);
		free(made);
	}
	*server = ret ? NULL : made;
	return ret;
}
