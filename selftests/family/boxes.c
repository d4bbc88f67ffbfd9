// SPDX-License-Identifier: GPL-2.0
/* See boxes.h. */

#include "boxes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy.h"
#include "raw.h"

const char *const v4[] = { "10.7.1.2", "10.7.2.2", "10.7.3.2", "10.7.2.1" };
const char *const v6[] = { "fd07:1::2", "fd07:2::2", "fd07:3::2", "fd07:2::1" };
const char names[] = "abc";

/* --- Servers and clients --------------------------------------------------------------------- */

/*
 * A stream that is closed ends at once: one that was cut would keep its namespace, and so the module,
 * until it has given up.
 */
void end_at_once(int fd)
{
	struct linger linger = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static int listen_at(int type, uint16_t port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	end_at_once(fd);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    (type == SOCK_STREAM && listen(fd, 16)))
		_exit(1);
	return fd;
}

/* Echoes for ever; tells the other end of the pipe when it is ready. */
static void serve(int ready)
{
	struct pollfd fds[64];
	nfds_t count = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fds[count++].fd = listen_at(SOCK_DGRAM, 53);
	for (uint16_t port = 80; port <= 82; port++)
		fds[count++].fd = listen_at(SOCK_STREAM, port);
	if (write(ready, "r", 1) != 1)
		_exit(1);
	for (;;) {
		char buffer[2048];
		struct sockaddr_in6 from;
		socklen_t length = sizeof(from);
		ssize_t got;

		for (nfds_t i = 0; i < count; i++)
			fds[i].events = POLLIN;
		poll(fds, count, -1);
		if (fds[0].revents) {
			got = recvfrom(fds[0].fd, buffer, sizeof(buffer), 0,
				       (struct sockaddr *)&from, &length);
			if (got >= 0)
				sendto(fds[0].fd, buffer, got, 0, (struct sockaddr *)&from, length);
		}
		for (nfds_t i = 1; i < 4; i++) {
			if (fds[i].revents && count < 64)
				fds[count++].fd = accept(fds[i].fd, NULL, NULL);
		}
		for (nfds_t i = 4; i < count; i++) {
			if (!fds[i].revents)
				continue;
			got = recv(fds[i].fd, buffer, sizeof(buffer), MSG_DONTWAIT);
			if (got > 0)
				send(fds[i].fd, buffer, got, MSG_NOSIGNAL);
			if (got > 0 || (got < 0 && errno == EAGAIN))
				continue;
			close(fds[i].fd);
			fds[i--] = fds[--count];
		}
	}
}

pid_t server_start(int ns)
{
	int ready[2];
	pid_t pid;
	char byte;

	if (pipe2(ready, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		if (namespace_set(ns))
			_exit(1);
		serve(ready[1]);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		pid = -1;
	close(ready[0]);
	return pid;
}

int echo(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char byte = 'x';

	if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1)
		return errno;
	if (poll(&pfd, 1, PATIENCE_MS * machine_slowness()) != 1)
		return ETIMEDOUT;
	return recv(fd, &byte, 1, 0) == 1 ? 0 : errno ?: ECONNRESET;
}

static int socket_to(int type, const char *to, uint16_t port, int *error)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	bool is6 = strchr(to, ':');
	struct pollfd pfd = { .events = POLLOUT };
	socklen_t length = sizeof(*error);

	pfd.fd = socket(is6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	end_at_once(pfd.fd);
	inet_pton(AF_INET, to, &in4.sin_addr);
	inet_pton(AF_INET6, to, &in6.sin6_addr);
	*error = 0;
	if (connect(pfd.fd, is6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in4,
		    is6 ? sizeof(in6) : sizeof(in4)) == 0)
		return pfd.fd;
	*error = errno;
	if (*error == EINPROGRESS) {
		if (poll(&pfd, 1, PATIENCE_MS * machine_slowness()) != 1)
			*error = ETIMEDOUT;
		else
			getsockopt(pfd.fd, SOL_SOCKET, SO_ERROR, error, &length);
	}
	return pfd.fd;
}

int stream_open(int ns, const char *to, uint16_t port)
{
	int error, fd;

	if (namespace_set(ns))
		return -EIO;
	fd = socket_to(SOCK_STREAM, to, port, &error);
	error = error ?: echo(fd);
	if (!error)
		return fd;
	close(fd);
	return -error;
}

int try_tcp(int ns, const char *to, uint16_t port)
{
	int fd = stream_open(ns, to, port);

	if (fd < 0)
		return -fd;
	close(fd);
	return 0;
}

int datagrams_open(int ns, const char *to, uint16_t port)
{
	int error, fd;

	if (namespace_set(ns))
		return -EIO;
	fd = socket_to(SOCK_DGRAM, to, port, &error);
	error = error ?: echo(fd);
	if (!error)
		return fd;
	close(fd);
	return -error;
}

int try_udp(int ns, const char *to, uint16_t port)
{
	int fd = datagrams_open(ns, to, port);

	if (fd < 0)
		return -fd;
	close(fd);
	return 0;
}

int try_ping(int ns, const char *to)
{
	char text[256];

	if (namespace_set(ns))
		return EIO;
	if (!sh_try("exec ping -q -n -c 1 -W %g %s", PATIENCE_MS / 1e3 * machine_slowness(), to))
		return 0;
	sh_read(text, sizeof(text), "ping -n -c 1 -W %g %s 2>&1 | grep -ci unreachable",
		PATIENCE_MS / 1e3 * machine_slowness(), to);
	return atoi(text) ? ECONNREFUSED : ETIMEDOUT;
}

int send_datagrams(int ns, const char *to, uint16_t port, int count)
{
	int error, fd;

	if (namespace_set(ns))
		return -1;
	fd = socket_to(SOCK_DGRAM, to, port, &error);
	while (count--)
		if (send(fd, "x", 1, MSG_DONTWAIT) != 1 && errno != ECONNREFUSED)
			error = errno;
	close(fd);
	return error;
}

/* --- Commits --------------------------------------------------------------------------------- */

struct lbmesh_selector prefix_of(const char *text)
{
	struct lbmesh_selector selector = { .kind = LBMESH_SELECTOR_PREFIX };

	if (!text)
		return (struct lbmesh_selector){};
	must(lbmesh_prefix_parse(text, &selector.prefix));
	return selector;
}

void put_sandbox(struct lbmesh_commit *commit, int box, bool with6, uint32_t layer)
{
	char ifname[] = { 'v', names[box], 0 };
	struct lbmesh_endpoint endpoint = {
		.id = box + 1, .kind = LBMESH_ENDPOINT_KIND_SANDBOX, .ifname = ifname,
		.layers = &layer, .n_layers = !!layer,
	};

	must(lbmesh_address_parse(v4[box], &endpoint.ipv4));
	if (with6)
		must(lbmesh_address_parse(v6[box], &endpoint.ipv6));
	must(lbmesh_commit_put_endpoint(commit, &endpoint));
}

struct lbmesh_commit *both_new(void)
{
	struct lbmesh_commit *commit = replace_new();

	put_layer(commit, 1);
	put_layer(commit, 2);
	put_sandbox(commit, A, true, 1);
	put_sandbox(commit, B, true, 2);
	return commit;
}

struct lbmesh_commit *delta(struct lbmesh *conn)
{
	return delta_new(generation_number(conn));
}

/* --- Namespaces ------------------------------------------------------------------------------ */

static int box_create(int box)
{
	char name[] = { names[box], 0 };
	int n = box + 1;

	return namespace_add(name) ?:
	       sh("ip netns exec %s sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'", name) ?:
	       ip(NULL, "link add v%s type veth peer name eth0 netns %s\n"
			"link set v%s up\n"
			"addr add 10.7.%d.1/24 dev v%s\n"
			"addr add fd07:%d::1/64 dev v%s nodad\n", name, name, name, n, name, n, name) ?:
	       ip(name, "link set lo up\n"
			"link set eth0 up\n"
			"addr add 10.7.%d.2/24 dev eth0\n"
			"addr add fd07:%d::2/64 dev eth0 nodad\n"
			"route add default via 10.7.%d.1\n"
			"route add default via fd07:%d::1\n", n, n, n, n);
}

int boxes_make(struct boxes *boxes)
{
	char name[2] = {};
	int err;

	for (int i = 0; i <= BOXES; i++)
		boxes->ns[i] = -1;
	err = namespace_enter();
	if (err)
		return err;
	boxes->ns[HOST] = namespace_open(NULL);
	if (sh("echo 1 >/proc/sys/net/ipv4/ip_forward; "
	       "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding; "
	       "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; "
	       "echo 0 >/proc/sys/net/ipv4/icmp_ratelimit; "
	       "echo 0 >/proc/sys/net/ipv6/icmp/ratelimit"))
		return -EIO;
	for (int i = 0; i < BOXES; i++) {
		if (box_create(i))
			return -EIO;
		name[0] = names[i];
		boxes->ns[i] = namespace_open(name);
	}
	for (int i = 0; i <= BOXES; i++) {
		boxes->server[i] = server_start(boxes->ns[i]);
		if (boxes->server[i] <= 0)
			return -EIO;
	}
	return namespace_set(boxes->ns[HOST]);
}

void server_stop(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int boxes_be_silent(const struct boxes *boxes)
{
	int err = 0;

	for (int i = 0; i <= BOXES; i++)
		err = err ?: namespace_set(boxes->ns[i]) ?:
		      sh("for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 >$f; done");
	return err;
}

void boxes_end(struct boxes *boxes)
{
	for (int i = 0; i <= BOXES; i++) {
		server_stop(boxes->server[i]);
		close(boxes->ns[i]);
	}
}

/* --- Counters -------------------------------------------------------------------------------- */

struct lbmesh_cache cache_counters(struct lbmesh *conn)
{
	struct lbmesh_generation generation;

	must(lbmesh_generation_get(conn, &generation, NULL));
	return generation.cache;
}

uint64_t path_counter(uint16_t type)
{
	uint64_t value = UINT64_MAX;
	const struct nlattr *attr, *counter;
	struct raw raw;
	char buffer[8192];
	ssize_t length;

	if (raw_open(&raw))
		return value;
	raw_begin(&raw, LBMESH_CMD_GENERATION_GET, 0);
	raw_send(&raw);
	length = mnl_socket_recvfrom(raw.socket, buffer, sizeof(buffer));
	if (length > 0) {
		mnl_attr_for_each(attr, (struct nlmsghdr *)buffer, sizeof(struct genlmsghdr)) {
			if (mnl_attr_get_type(attr) != LBMESH_A_PATH)
				continue;
			mnl_attr_for_each_nested(counter, attr) {
				if (mnl_attr_get_type(counter) == type)
					memcpy(&value, mnl_attr_get_payload(counter), sizeof(value));
			}
		}
	}
	raw_close(&raw);
	return value;
}

static uint64_t all_paths(void)
{
	uint64_t sum = 0;

	for (uint16_t type = LBMESH_A_PATH_ALLOWED; type <= LBMESH_A_PATH_MAX; type++)
		sum += path_counter(type);
	return sum;
}

void packets_settle(int ns)
{
	uint64_t now, before;
	int tries = 0;

	must(namespace_set(ns));
	now = all_paths();
	do {
		before = now;
		pause_ms(250);
		now = all_paths();
	} while (now != before && ++tries < 40);
}
