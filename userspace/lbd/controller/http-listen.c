// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sockets that the server listens on: passed on by a service manager, or made here. http.c calls
 * it once. A unix socket's mode is set between bind() and listen(), so that there is no moment in
 * which someone else can connect; a stale one of a controller that is dead is removed, and a live
 * one is left alone.
 */
#include "controller/http-internal.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define BACKLOG 4096
/* What the kernel may keep for a reader that is slow: 10,000 times that is still bearable. */
#define SEND_BUFFER (128 * 1024)

static bool listener_known(const struct http *http, bool local)
{
	for (size_t i = 0; i < http->n_listeners; i++) {
		if (http->listeners[i].local == local)
			return true;
	}
	return false;
}

static void listener_add(struct http *http, int fd, bool local)
{
	http->listeners[http->n_listeners++] =
		(struct listener){.http = http, .fd = fd, .local = local};
}

static int passed_add(struct http *http, int fd, const char *name, struct fault *fault)
{
	bool local = sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) > 0;

	if (!local && sd_is_socket(fd, AF_INET, SOCK_STREAM, 1) <= 0 &&
	    sd_is_socket(fd, AF_INET6, SOCK_STREAM, 1) <= 0)
		return fault_set(fault, -EINVAL, NULL,
				 "the service manager has passed on \"%s\", which is neither a TCP "
				 "nor a unix socket that listens",
				 name);
	if (listener_known(http, local))
		return fault_set(fault, -EINVAL, NULL,
				 "the service manager has passed on \"%s\", a second %s socket",
				 name, local ? "unix" : "TCP");
	listener_add(http, fd, local);
	return 0;
}

static int passed_open(struct http *http, struct fault *fault)
{
	char **names = NULL;
	int n, ret = 0;

	n = sd_listen_fds_with_names(1, &names);
	if (n < 0)
		return fault_set(fault, n, NULL, "sockets of the service manager: %s",
				 strerror(-n));
	for (int i = 0; i < n; i++) {
		if (ret || (ret = passed_add(http, SD_LISTEN_FDS_START + i, names[i], fault)))
			close(SD_LISTEN_FDS_START + i);
		free(names[i]);
	}
	free(names);
	return ret;
}

/* Splits "ADDRESS:PORT" or "[ADDRESS]:PORT" in place. */
static int address_split(char *text, char **host, char **port)
{
	char *colon = strrchr(text, ':');

	if (!colon || colon == text || !colon[1])
		return -EINVAL;
	*colon = '\0';
	*host = text;
	*port = colon + 1;
	if (text[0] == '[') {
		if (colon[-1] != ']')
			return -EINVAL;
		colon[-1] = '\0';
		*host = text + 1;
	} else if (strchr(text, ':')) {
		return -EINVAL;
	}
	return 0;
}

static int tcp_bind(const struct addrinfo *found, const char *address, struct fault *fault)
{
	const int on = 1, off = 0, buffer = SEND_BUFFER;
	int fd, ret;

	fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fault_set(fault, -errno, NULL, "%s: %s", address, strerror(errno));
	/* What is accepted inherits the buffer's size. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer)) ||
	    (found->ai_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off))) ||
	    bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, BACKLOG)) {
		ret = -errno;
		close(fd);
		return fault_set(fault, ret, NULL, "cannot listen on %s: %s", address,
				 strerror(-ret));
	}
	return fd;
}

static int tcp_open(struct http *http, const char *address, struct fault *fault)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	char copy[128], *host, *port;
	struct addrinfo *found;
	int fd;

	snprintf(copy, sizeof(copy), "%s", address);
	if (strlen(address) >= sizeof(copy) || address_split(copy, &host, &port) ||
	    getaddrinfo(host, port, &hints, &found))
		return fault_set(fault, -EINVAL, NULL,
				 "\"%s\" is not ADDRESS:PORT or [IPV6]:PORT, in numbers", address);
	fd = tcp_bind(found, address, fault);
	freeaddrinfo(found);
	if (fd < 0)
		return fd;
	listener_add(http, fd, false);
	return 0;
}

/* Removes the socket of a controller that is dead; of one that lives, -EADDRINUSE. */
static int stale_remove(const struct sockaddr_un *address)
{
	int fd, ret = 0;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* With EAGAIN its queue is full, so there is somebody. */
	if (!connect(fd, (const struct sockaddr *)address, sizeof(*address)) || errno == EAGAIN)
		ret = -EADDRINUSE;
	else if (errno == ECONNREFUSED && unlink(address->sun_path))
		ret = -errno;
	close(fd);
	return ret;
}

static int unix_bind(int fd, const struct sockaddr_un *address)
{
	int ret;

	if ((ret = stale_remove(address)))
		return ret;
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)))
		return -errno;
	if (!chmod(address->sun_path, 0660) && !listen(fd, BACKLOG))
		return 0;
	ret = -errno;
	unlink(address->sun_path);
	return ret;
}

static int unix_open(struct http *http, const char *path, struct fault *fault)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, ret;

	if (strlen(path) >= sizeof(address.sun_path))
		return fault_set(fault, -ENAMETOOLONG, NULL, "%s: too long for a unix socket",
				 path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	http->unix_path = strdup(path);
	if (!http->unix_path)
		return fault_memory(fault);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ret = fd < 0 ? -errno : unix_bind(fd, &address);
	if (!ret) {
		listener_add(http, fd, true);
		return 0;
	}
	if (fd >= 0)
		close(fd);
	free(http->unix_path);
	http->unix_path = NULL;
	return fault_set(fault, ret, NULL, "%s: %s", path,
			 ret == -EADDRINUSE ? "another process answers there" : strerror(-ret));
}

int listeners_open(struct http *http, const struct http_options *options, struct fault *fault)
{
	int ret;

	ret = passed_open(http, fault);
	if (!ret && options->tls_address && !listener_known(http, false))
		ret = tcp_open(http, options->tls_address, fault);
	if (!ret && options->unix_path && !listener_known(http, true))
		ret = unix_open(http, options->unix_path, fault);
	if (!ret && !http->n_listeners)
		ret = fault_set(fault, -EINVAL, NULL, "there is nothing to listen on");
	return ret;
}

void listeners_close(struct http *http)
{
	for (size_t i = 0; i < http->n_listeners; i++) {
		if (http->listeners[i].fd >= 0)
			close(http->listeners[i].fd);
		http->listeners[i].fd = -1;
	}
	if (http->unix_path)
		unlink(http->unix_path);
	free(http->unix_path);
	http->unix_path = NULL;
}
