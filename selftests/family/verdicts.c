// SPDX-License-Identifier: GPL-2.0
/*
 * What packets meet at the firewall: real ones, between sandboxes that are network namespaces, and
 * a namespace that nobody has made an endpoint of:
 *
 *	   a                      b                      c
 *	 eth0 10.7.1.2          eth0 10.7.2.2          eth0 10.7.3.2
 *	      fd07:1::2              fd07:2::2              fd07:3::2
 *	   |                      |                      |
 *	 va 10.7.1.1            vb 10.7.2.1            vc 10.7.3.1         where the test began
 *
 * Each of them answers TCP at ports 80 to 82 and UDP at port 53 with what it was sent.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/icmp6.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hosts.h"
#include "kselftest_harness.h"
#include "raw.h"
#include "util.h"

#define BOXES 3
enum { A, B, C, HOST };

/* Long enough on a slow machine, and waited for only where nothing comes. */
#define PATIENCE_MS 300

FIXTURE(verdicts)
{
	struct lbmesh *conn;
	struct lbmesh_result result;
	int ns[BOXES + 1];
	pid_t server[BOXES + 1];
};

static const char *const v4[] = { "10.7.1.2", "10.7.2.2", "10.7.3.2", "10.7.2.1" };
static const char *const v6[] = { "fd07:1::2", "fd07:2::2", "fd07:3::2", "fd07:2::1" };
static const char names[] = "abc";

/* --- Servers and clients --------------------------------------------------- */

/*
 * A stream that is closed ends at once: one that was cut would keep its namespace, and so the module,
 * until it has given up.
 */
static void end_at_once(int fd)
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

static pid_t server_start(int ns)
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

/* Waits for an echo. Returns 0 or the errno with which it did not come. */
static int echo(int fd)
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

/* Returns a connected socket that has had an echo, or a negative errno. */
static int stream_open(int ns, const char *to, uint16_t port)
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

/* These return 0, ECONNREFUSED, or ETIMEDOUT when nothing comes back. */
static int try_tcp(int ns, const char *to, uint16_t port)
{
	int fd = stream_open(ns, to, port);

	if (fd < 0)
		return -fd;
	close(fd);
	return 0;
}

static int try_udp(int ns, const char *to, uint16_t port)
{
	int error, fd;

	if (namespace_set(ns))
		return EIO;
	fd = socket_to(SOCK_DGRAM, to, port, &error);
	error = error ?: echo(fd);
	close(fd);
	return error;
}

static int try_ping(int ns, const char *to)
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

static int try_any(int protocol, int ns, const char *to)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return try_tcp(ns, to, 80);
	case IPPROTO_UDP:
		return try_udp(ns, to, 53);
	default:
		return try_ping(ns, to);
	}
}

/* --- Commits ---------------------------------------------------------------- */

static void put_layer(struct lbmesh_commit *commit, uint32_t id)
{
	must(lbmesh_commit_put_layer(commit, &(struct lbmesh_layer){ .id = id }));
}

static struct lbmesh_selector prefix_of(const char *text)
{
	struct lbmesh_selector selector = { .kind = LBMESH_SELECTOR_PREFIX };

	if (!text)
		return (struct lbmesh_selector){};
	must(lbmesh_prefix_parse(text, &selector.prefix));
	return selector;
}

#define put_rule(commit, ...) \
	must(lbmesh_commit_put_rule(commit, &(struct lbmesh_rule){ __VA_ARGS__ }))
#define INGRESS .has_direction = true, .direction = LBMESH_DIRECTION_INGRESS
#define EGRESS .has_direction = true, .direction = LBMESH_DIRECTION_EGRESS
#define PROTOCOL(n) .has_protocol = true, .protocol = (n)
#define PORT(n) .dst_ports = &(struct lbmesh_range){ n, n }, .n_dst_ports = 1

/* A sandbox with both of its addresses, judged by a layer of its own. */
static void put_sandbox(struct lbmesh_commit *commit, int box, bool with6, uint32_t layer)
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

/* a and b are sandboxes; layer 1 judges a, layer 2 b. */
static struct lbmesh_commit *both_new(void)
{
	struct lbmesh_commit *commit = replace_new();

	put_layer(commit, 1);
	put_layer(commit, 2);
	put_sandbox(commit, A, true, 1);
	put_sandbox(commit, B, true, 2);
	return commit;
}

#define ASSERT_RUN(commit) \
	ASSERT_EQ(0, run(self->conn, commit, &self->result)) \
		TH_LOG("\"%s\"", self->result.error.message)

static struct lbmesh_commit *delta(struct lbmesh *conn)
{
	return delta_new(generation_number(conn));
}

/* --- The fixture ------------------------------------------------------------ */

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

FIXTURE_SETUP(verdicts)
{
	char name[2] = {};

	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	self->ns[HOST] = namespace_open(NULL);
	ASSERT_EQ(0, sh("echo 1 >/proc/sys/net/ipv4/ip_forward; "
			"echo 1 >/proc/sys/net/ipv6/conf/all/forwarding; "
			"echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; "
			"echo 0 >/proc/sys/net/ipv4/icmp_ratelimit; "
			"echo 0 >/proc/sys/net/ipv6/icmp/ratelimit"));
	for (int i = 0; i < BOXES; i++) {
		ASSERT_EQ(0, box_create(i));
		name[0] = names[i];
		self->ns[i] = namespace_open(name);
		ASSERT_LE(0, self->ns[i]);
	}
	for (int i = 0; i <= BOXES; i++) {
		self->server[i] = server_start(self->ns[i]);
		ASSERT_LT(0, self->server[i]);
	}
	ASSERT_EQ(0, namespace_set(self->ns[HOST]));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
}

FIXTURE_TEARDOWN(verdicts)
{
	for (int i = 0; i <= BOXES; i++) {
		if (self->server[i] > 0) {
			kill(self->server[i], SIGKILL);
			waitpid(self->server[i], NULL, 0);
		}
		close(self->ns[i]);
	}
	lbmesh_close(self->conn);
}

#define NS(box) self->ns[box]

/* --- Defaults ---------------------------------------------------------------- */

TEST_F(verdicts, leaves_everything_alone_without_endpoints)
{
	char hooks[16];

	ASSERT_RUN(replace_new());
	EXPECT_EQ(0, try_tcp(NS(A), v4[B], 80));
	EXPECT_EQ(0, try_udp(NS(B), v6[C], 53));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	/* Nor does connection tracking run for it. */
	ASSERT_EQ(0, sh_read(hooks, sizeof(hooks), "wc -l </proc/net/nf_conntrack"));
	EXPECT_EQ(0, atoi(hooks));
}

TEST_F(verdicts, lets_a_fresh_sandbox_out_and_nobody_in)
{
	ASSERT_RUN(both_new());
	EXPECT_EQ(0, try_tcp(NS(A), v4[C], 80));
	EXPECT_EQ(0, try_udp(NS(A), v6[C], 53));
	EXPECT_EQ(0, try_ping(NS(A), v4[C]));
	EXPECT_EQ(0, try_ping(NS(A), v6[C]));
	EXPECT_EQ(0, try_tcp(NS(A), "10.7.1.1", 80));
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(C), v4[A], 80));
	EXPECT_EQ(ETIMEDOUT, try_udp(NS(C), v6[A], 53));
	EXPECT_EQ(ETIMEDOUT, try_ping(NS(C), v4[A]));
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(A), v4[B], 80));
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(HOST), v4[A], 80));
	EXPECT_EQ(ETIMEDOUT, try_ping(NS(HOST), v6[A]));
	/* What is no endpoint is nobody's business. */
	EXPECT_EQ(0, try_tcp(NS(HOST), v4[C], 80));
}

TEST_F(verdicts, gives_everything_back_with_flush)
{
	ASSERT_RUN(both_new());
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(C), v4[A], 80));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	ASSERT_EQ(0, flush(self->conn, &self->result));
	EXPECT_EQ(0, try_tcp(NS(C), v4[A], 80));
	EXPECT_EQ(0, try_udp(NS(A), v6[B], 53));
}

TEST_F(verdicts, takes_the_default_of_an_endpoint_over_that_of_its_kind)
{
	struct lbmesh_commit *commit = replace_new();
	struct lbmesh_endpoint endpoint = {
		.id = 1, .kind = LBMESH_ENDPOINT_KIND_SANDBOX, .ifname = "va",
		.has_ingress_default = true, .ingress_default = LBMESH_ACTION_ALLOW,
		.has_egress_default = true, .egress_default = LBMESH_ACTION_REJECT,
	};

	must(lbmesh_address_parse(v4[A], &endpoint.ipv4));
	must(lbmesh_commit_put_endpoint(commit, &endpoint));
	ASSERT_RUN(commit);
	EXPECT_EQ(0, try_tcp(NS(C), v4[A], 80));
	EXPECT_EQ(ECONNREFUSED, try_tcp(NS(A), v4[C], 80));
	EXPECT_EQ(ECONNREFUSED, try_udp(NS(A), v4[C], 53));
}

/* --- Rules --------------------------------------------------------------------- */

/* Protocol x direction x action x family, from c to a and from a to c. */
TEST_F(verdicts, does_what_the_rule_says_for_each_protocol_and_family)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP };
	static const enum lbmesh_action actions[] = {
		LBMESH_ACTION_ALLOW, LBMESH_ACTION_DENY, LBMESH_ACTION_REJECT
	};
	static const int expected[] = { 0, ETIMEDOUT, ECONNREFUSED };

	ASSERT_RUN(both_new());
	for (int p = 0; p < 3; p++)
	for (int a = 0; a < 3; a++)
	for (int d = 0; d < 2; d++) {
		struct lbmesh_commit *commit;

		ASSERT_EQ(0, namespace_set(NS(HOST)));
		commit = delta(self->conn);
		put_rule(commit, .layer = 1, .id = 1, .position = 1, .action = actions[a],
			 .has_direction = true, .direction = d, PROTOCOL(protocols[p]));
		put_rule(commit, .layer = 1, .id = 2, .position = 2, .action = actions[a],
			 .has_direction = true, .direction = d,
			 PROTOCOL(protocols[p] == IPPROTO_ICMP ? IPPROTO_ICMPV6 : protocols[p]),
			 .src = prefix_of(d == LBMESH_DIRECTION_INGRESS ? "fd07:3::/64" : NULL));
		ASSERT_RUN(commit);
		for (int f = 0; f < 2; f++) {
			const char *const *to = f ? v6 : v4;
			int from = d == LBMESH_DIRECTION_INGRESS ? C : A;
			int got = try_any(protocols[p], NS(from), to[from == C ? A : C]);

			EXPECT_EQ(expected[a], got)
				TH_LOG("protocol %u action %d direction %d family %d",
				       protocols[p], a, d, f);
		}
	}
}

TEST_F(verdicts, matches_ports_prefixes_and_positions)
{
	struct lbmesh_commit *commit = both_new();

	put_rule(commit, .layer = 2, .id = 1, .position = 20, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_TCP), PORT(80), .src = prefix_of("10.7.0.0/16"));
	put_rule(commit, .layer = 2, .id = 2, .position = 10, .action = LBMESH_ACTION_REJECT,
		 INGRESS, PROTOCOL(IPPROTO_TCP), .src = prefix_of("10.7.3.0/24"));
	put_rule(commit, .layer = 2, .id = 3, .position = 30, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_UDP), .dst = prefix_of("10.7.2.2/32"));
	ASSERT_RUN(commit);
	EXPECT_EQ(0, try_tcp(NS(A), v4[B], 80));
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(A), v4[B], 81));
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(A), v6[B], 80));
	EXPECT_EQ(ECONNREFUSED, try_tcp(NS(C), v4[B], 80));
	EXPECT_EQ(0, try_udp(NS(C), v4[B], 53));
	EXPECT_EQ(0, try_tcp(NS(HOST), v4[B], 80));
	/* Changed places change the verdict. */
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	commit = delta(self->conn);
	put_rule(commit, .layer = 2, .id = 2, .position = 25, .action = LBMESH_ACTION_REJECT,
		 INGRESS, PROTOCOL(IPPROTO_TCP), .src = prefix_of("10.7.3.0/24"));
	ASSERT_RUN(commit);
	EXPECT_EQ(0, try_tcp(NS(C), v4[B], 80));
	EXPECT_EQ(ECONNREFUSED, try_tcp(NS(C), v4[B], 81));
}

TEST_F(verdicts, goes_on_to_the_next_layer_with_pass_and_no_further_with_allow)
{
	struct lbmesh_commit *commit = replace_new();
	uint32_t layers[] = { 7, 8 };
	struct lbmesh_endpoint endpoint = {
		.id = 1, .kind = LBMESH_ENDPOINT_KIND_SANDBOX, .ifname = "va",
		.layers = layers, .n_layers = 2,
	};

	must(lbmesh_address_parse(v4[A], &endpoint.ipv4));
	put_layer(commit, 7);
	put_layer(commit, 8);
	must(lbmesh_commit_put_endpoint(commit, &endpoint));
	put_rule(commit, .layer = 7, .id = 1, .position = 1, .action = LBMESH_ACTION_PASS,
		 PROTOCOL(IPPROTO_TCP), PORT(80));
	put_rule(commit, .layer = 7, .id = 2, .position = 2, .action = LBMESH_ACTION_ALLOW,
		 PROTOCOL(IPPROTO_TCP), PORT(81));
	put_rule(commit, .layer = 7, .id = 3, .position = 3, .action = LBMESH_ACTION_DENY,
		 PROTOCOL(IPPROTO_TCP), PORT(80));
	put_rule(commit, .layer = 8, .id = 1, .position = 1, .action = LBMESH_ACTION_REJECT,
		 PROTOCOL(IPPROTO_TCP));
	put_rule(commit, .layer = 8, .id = 2, .position = 2, .action = LBMESH_ACTION_ALLOW,
		 PROTOCOL(IPPROTO_UDP));
	ASSERT_RUN(commit);
	EXPECT_EQ(ECONNREFUSED, try_tcp(NS(C), v4[A], 80));
	EXPECT_EQ(0, try_tcp(NS(C), v4[A], 81));
	EXPECT_EQ(ECONNREFUSED, try_tcp(NS(C), v4[A], 82));
	EXPECT_EQ(0, try_udp(NS(C), v4[A], 53));
}

TEST_F(verdicts, judges_what_goes_from_sandbox_to_sandbox_on_both_sides)
{
	struct lbmesh_commit *commit = both_new();

	put_rule(commit, .layer = 2, .id = 1, .position = 1, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_TCP));
	put_rule(commit, .layer = 1, .id = 1, .position = 1, .action = LBMESH_ACTION_REJECT,
		 EGRESS, PROTOCOL(IPPROTO_TCP), PORT(81));
	ASSERT_RUN(commit);
	EXPECT_EQ(0, try_tcp(NS(A), v4[B], 80));
	EXPECT_EQ(ECONNREFUSED, try_tcp(NS(A), v4[B], 81));
	EXPECT_EQ(ECONNREFUSED, try_tcp(NS(A), v6[B], 81));
	EXPECT_EQ(0, try_tcp(NS(C), v4[B], 81));
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(B), v4[A], 80));
}

TEST_F(verdicts, matches_sets_of_addresses)
{
	struct lbmesh_commit *commit = both_new();
	struct lbmesh_element element = { .set = 5 };

	must(lbmesh_commit_put_set(commit, &(struct lbmesh_set){ .id = 5 }));
	must(lbmesh_prefix_parse("10.7.3.0/24", &element.prefix));
	must(lbmesh_commit_put_element(commit, &element));
	put_rule(commit, .layer = 1, .id = 1, .position = 1, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, .src = { .kind = LBMESH_SELECTOR_SET, .set = 5 });
	ASSERT_RUN(commit);
	EXPECT_EQ(0, try_tcp(NS(C), v4[A], 80));
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(C), v6[A], 80));
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(B), v4[A], 80));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	commit = delta(self->conn);
	must(lbmesh_commit_remove_element(commit, 5, &element.prefix));
	must(lbmesh_prefix_parse("10.7.2.2/32", &element.prefix));
	must(lbmesh_commit_put_element(commit, &element));
	ASSERT_RUN(commit);
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(C), v4[A], 80));
	EXPECT_EQ(0, try_tcp(NS(B), v4[A], 80));
}

/* --- State ----------------------------------------------------------------------- */

TEST_F(verdicts, cuts_a_stream_with_its_next_packet_when_the_permission_goes)
{
	struct lbmesh_commit *commit = both_new();
	int stream;

	put_rule(commit, .layer = 2, .id = 1, .position = 1, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_TCP), PORT(80));
	ASSERT_RUN(commit);
	stream = stream_open(NS(C), v4[B], 80);
	ASSERT_LE(0, stream);
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(0, echo(stream));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	/* A change of something else does it no harm. */
	commit = delta(self->conn);
	put_rule(commit, .layer = 1, .id = 9, .position = 9, .action = LBMESH_ACTION_DENY);
	put_rule(commit, .layer = 2, .id = 9, .position = 9, .action = LBMESH_ACTION_DENY,
		 PROTOCOL(IPPROTO_UDP));
	ASSERT_RUN(commit);
	ASSERT_EQ(0, echo(stream));
	commit = delta(self->conn);
	must(lbmesh_commit_remove_rule(commit, 2, 1));
	ASSERT_RUN(commit);
	EXPECT_EQ(ETIMEDOUT, echo(stream));
	close(stream);
}

TEST_F(verdicts, resets_a_stream_that_is_rejected_now)
{
	struct lbmesh_commit *commit = both_new();
	int stream, error;

	put_rule(commit, .layer = 2, .id = 1, .position = 1, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_TCP), PORT(80));
	ASSERT_RUN(commit);
	stream = stream_open(NS(C), v6[B], 80);
	ASSERT_LE(0, stream);
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	commit = delta(self->conn);
	put_rule(commit, .layer = 2, .id = 1, .position = 1, .action = LBMESH_ACTION_REJECT,
		 INGRESS, PROTOCOL(IPPROTO_TCP), PORT(80));
	ASSERT_RUN(commit);
	error = echo(stream);
	EXPECT_EQ(ECONNRESET, error);
	close(stream);
}

TEST_F(verdicts, brings_a_permission_back_when_it_is_not_confirmed)
{
	struct lbmesh_commit *commit = both_new();
	int stream;

	put_rule(commit, .layer = 2, .id = 1, .position = 1, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_TCP));
	ASSERT_RUN(commit);
	stream = stream_open(NS(C), v4[B], 80);
	ASSERT_LE(0, stream);
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	/* Everything goes, the endpoints and their ports too. */
	commit = replace_new();
	lbmesh_commit_set_confirm_timeout(commit, 60000);
	ASSERT_RUN(commit);
	EXPECT_EQ(0, try_tcp(NS(C), v4[A], 80));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	ASSERT_EQ(0, revert(self->conn, generation_number(self->conn), &self->result));
	EXPECT_EQ(0, echo(stream));
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(C), v4[A], 80));
	close(stream);
}

TEST_F(verdicts, lets_icmp_errors_of_a_flow_through_and_no_others)
{
	struct lbmesh_commit *commit = both_new();

	ASSERT_RUN(commit);
	/* Nobody listens there, and the answer is an error from c. */
	EXPECT_EQ(ECONNREFUSED, try_udp(NS(A), v4[C], 54));
	EXPECT_EQ(ECONNREFUSED, try_udp(NS(A), v6[C], 54));
}

TEST_F(verdicts, drops_what_has_no_state)
{
	ASSERT_RUN(both_new());
	EXPECT_EQ(0, try_tcp(NS(A), v4[C], 80));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	if (sh_try("nft add table ip raw '{ chain p { type filter hook prerouting priority raw; "
		   "ip protocol udp notrack; }; }'"))
		SKIP(return, "nft does not work here");
	EXPECT_EQ(ETIMEDOUT, try_udp(NS(A), v4[C], 53));
	EXPECT_EQ(0, try_tcp(NS(A), v4[C], 80));
}

TEST_F(verdicts, judges_what_dnat_has_made_of_a_packet)
{
	struct lbmesh_commit *commit = both_new();

	ASSERT_EQ(0, namespace_set(NS(HOST)));
	if (sh_try("nft add table ip nat '{ chain p { type nat hook prerouting priority dstnat; "
		   "ip daddr 10.7.3.1 tcp dport 8080 dnat to 10.7.2.2:80; "
		   "ip daddr 10.7.3.1 tcp dport 8081 dnat to 10.7.2.2:81; };"
		   "chain o { type nat hook output priority -100; "
		   "ip daddr 192.0.2.99 tcp dport 8080 dnat to 10.7.2.2:80; "
		   "ip daddr 192.0.2.99 tcp dport 8081 dnat to 10.7.2.2:81; }; }'"))
		SKIP(return, "nft does not work here");
	ASSERT_EQ(0, ip(NULL, "route add 192.0.2.99/32 dev vc\n"));
	put_rule(commit, .layer = 2, .id = 1, .position = 1, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_TCP), PORT(80), .dst = prefix_of("10.7.2.2/32"));
	put_rule(commit, .layer = 2, .id = 2, .position = 2, .action = LBMESH_ACTION_REJECT);
	ASSERT_RUN(commit);
	EXPECT_EQ(0, try_tcp(NS(C), "10.7.3.1", 8080));
	EXPECT_EQ(ECONNREFUSED, try_tcp(NS(C), "10.7.3.1", 8081));
	EXPECT_EQ(0, try_tcp(NS(HOST), "192.0.2.99", 8080));
	EXPECT_EQ(ECONNREFUSED, try_tcp(NS(HOST), "192.0.2.99", 8081));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	EXPECT_EQ(0, sh("nft list table ip nat >/dev/null"));
}

/* --- The port --------------------------------------------------------------------- */

TEST_F(verdicts, drops_spoofed_sources)
{
	ASSERT_RUN(both_new());
	ASSERT_EQ(0, ip("a", "addr add 10.7.1.77/24 dev eth0\naddr add fd07:1::77/64 dev eth0 nodad\n"));
	ASSERT_EQ(0, namespace_set(NS(A)));
	EXPECT_NE(0, sh_try("exec ping -q -n -c 1 -W 0.3 -I 10.7.1.77 %s", v4[C]));
	EXPECT_NE(0, sh_try("exec ping -q -n -c 1 -W 0.3 -I fd07:1::77 %s", v6[C]));
	EXPECT_EQ(0, sh_try("exec ping -q -n -c 1 -W 3 -I 10.7.1.2 %s", v4[C]));
	EXPECT_EQ(0, sh_try("exec ping -q -n -c 1 -W 3 -I fd07:1::2 %s", v6[C]));
	/* Nor does the host reach an address that nobody has there. */
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	EXPECT_NE(0, sh_try("exec ping -q -n -c 1 -W 0.3 10.7.1.77"));
}

TEST_F(verdicts, drops_ipv6_of_a_sandbox_that_has_none)
{
	struct lbmesh_commit *commit = replace_new();

	put_sandbox(commit, A, false, 0);
	ASSERT_RUN(commit);
	EXPECT_EQ(0, try_tcp(NS(A), v4[C], 80));
	EXPECT_EQ(ETIMEDOUT, try_udp(NS(A), v6[C], 53));
	ASSERT_EQ(0, namespace_set(NS(A)));
	EXPECT_NE(0, sh_try("exec ping -q -n -c 1 -W 0.3 fd07:1::1"));
	EXPECT_EQ(0, sh_try("exec ping -q -n -c 1 -W 3 10.7.1.1"));
}

/* Link address of va. */
static uint8_t host_mac[6];

static int host_mac_read(int host)
{
	char text[32];

	return namespace_set(host) ||
	       sh_read(text, sizeof(text), "ip -o link show va | sed 's/.*link.ether \\([^ ]*\\).*/\\1/'") ||
	       sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &host_mac[0], &host_mac[1],
		      &host_mac[2], &host_mac[3], &host_mac[4], &host_mac[5]) != 6;
}

/* Sends a frame of a sandbox's own making to the host. */
static int send_frame(const char *ifname, uint16_t type, const void *payload, size_t size)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(type), .sll_halen = 6,
		.sll_ifindex = if_nametoindex(ifname),
	};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(type)), ret;

	memcpy(to.sll_addr, host_mac, 6);
	ret = sendto(fd, payload, size, 0, (struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* Opens a socket that sees what comes up at an interface after the port. */
static int listen_frames(const char *ifname, uint16_t type)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(type),
		.sll_ifindex = if_nametoindex(ifname),
	};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(type));

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return -1;
	return fd;
}

enum { ARP_REQUEST = 1, ARP_REPLY };

struct arp_frame {
	uint16_t hardware, protocol;
	uint8_t hardware_length, protocol_length;
	uint16_t operation;
	uint8_t sender_mac[6];
	uint8_t sender[4];
	uint8_t target_mac[6];
	uint8_t target[4];
} __attribute__((packed));

static int send_arp(uint16_t operation, const char *sender, const char *target)
{
	struct arp_frame frame = {
		.hardware = htons(1), .protocol = htons(ETH_P_IP),
		.hardware_length = 6, .protocol_length = 4, .operation = htons(operation),
		.sender_mac = { 2, 2, 2, 2, 2, 2 },
	};

	inet_pton(AF_INET, sender, frame.sender);
	inet_pton(AF_INET, target, frame.target);
	return send_frame("eth0", ETH_P_ARP, &frame, sizeof(frame));
}

/* Whether the host has learned the link address that the frames above claim. */
static bool has_learned(const char *address)
{
	return !sh_try("ip neigh show %s dev va | grep -q 02:02:02:02:02:02", address);
}

TEST_F(verdicts, believes_arp_of_a_sandbox_only_about_its_own_address)
{
	ASSERT_RUN(both_new());
	ASSERT_EQ(0, host_mac_read(NS(HOST)));
	ASSERT_EQ(0, sh("echo 1 >/proc/sys/net/ipv4/conf/va/arp_accept"));
	ASSERT_EQ(0, namespace_set(NS(A)));
	ASSERT_EQ(0, send_arp(ARP_REQUEST, "10.7.1.99", "10.7.1.1"));
	ASSERT_EQ(0, send_arp(ARP_REPLY, "10.7.1.99", "10.7.1.99"));
	ASSERT_EQ(0, send_arp(ARP_REPLY, "10.7.1.98", "10.7.1.1"));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	pause_ms(100);
	EXPECT_FALSE(has_learned("10.7.1.99"));
	EXPECT_FALSE(has_learned("10.7.1.98"));
	ASSERT_EQ(0, namespace_set(NS(A)));
	ASSERT_EQ(0, send_arp(ARP_REQUEST, "10.7.1.2", "10.7.1.1"));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	pause_ms(100);
	EXPECT_TRUE(has_learned("10.7.1.2"));
}

static size_t udp4(uint8_t *frame, unsigned int ihl, uint16_t fragment, int length_error)
{
	struct iphdr *ip = (struct iphdr *)frame;
	size_t size = ihl * 4 + 16;
	uint32_t sum = 0;

	memset(frame, 0, size);
	ip->version = 4;
	ip->ihl = ihl;
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	ip->tot_len = htons(size + length_error);
	ip->frag_off = htons(fragment);
	inet_pton(AF_INET, v4[A], &ip->saddr);
	inet_pton(AF_INET, v4[C], &ip->daddr);
	if (ihl > 5)
		memset(frame + 20, 1, ihl * 4 - 20);
	frame[ihl * 4 + 1] = 99;
	frame[ihl * 4 + 3] = 54;
	frame[ihl * 4 + 5] = 16;
	for (unsigned int i = 0; i < ihl * 2; i++)
		sum += ((uint16_t *)frame)[i];
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~(sum + (sum >> 16));
	return size;
}

/* Whether c gets the datagram that a sends as a frame of its own making. */
static bool arrives(struct __test_metadata *_metadata, int ns_from, int ns_to, uint16_t type,
		    const void *frame, size_t size)
{
	struct pollfd pfd = { .events = POLLIN };
	uint8_t buffer[2048];
	bool got = false;
	ssize_t length;

	ASSERT_EQ(0, namespace_set(ns_to));
	pfd.fd = listen_frames("eth0", type);
	ASSERT_LE(0, pfd.fd);
	ASSERT_EQ(0, namespace_set(ns_from));
	ASSERT_EQ(0, send_frame("eth0", type, frame, size));
	while (poll(&pfd, 1, 150 * machine_slowness()) == 1 && !got) {
		length = recv(pfd.fd, buffer, sizeof(buffer), 0);
		/* Not the host's own chatter. */
		if (type == ETH_P_IP)
			got = length >= 20 && buffer[9] == IPPROTO_UDP;
		else
			got = length >= 40 && memcmp(buffer + 8, (uint8_t *)frame + 8, 16) == 0;
	}
	close(pfd.fd);
	return got;
}

#define ARRIVES(type, frame, size) arrives(_metadata, NS(A), NS(C), type, frame, size)

TEST_F(verdicts, drops_options_and_what_is_malformed)
{
	uint8_t frame[256];
	size_t size;

	ASSERT_RUN(both_new());
	/* The neighbours must know each other first. */
	ASSERT_EQ(0, try_ping(NS(A), v4[C]));
	ASSERT_EQ(0, host_mac_read(NS(HOST)));
	size = udp4(frame, 5, 0, 0);
	EXPECT_TRUE(ARRIVES(ETH_P_IP, frame, size));
	size = udp4(frame, 6, 0, 0);
	EXPECT_FALSE(ARRIVES(ETH_P_IP, frame, size));
	size = udp4(frame, 5, 0, 4);
	EXPECT_FALSE(ARRIVES(ETH_P_IP, frame, size));
	size = udp4(frame, 5, 0, -20);
	EXPECT_FALSE(ARRIVES(ETH_P_IP, frame, size));
	size = udp4(frame, 5, 0, 0);
	frame[0] = 0x65;
	EXPECT_FALSE(ARRIVES(ETH_P_IP, frame, size));
	/* Something else than IP, and something inside a VLAN. */
	size = udp4(frame, 5, 0, 0);
	EXPECT_FALSE(ARRIVES(0x88b5, frame, size));
	memmove(frame + 4, frame, size);
	memcpy(frame, (uint8_t []){ 0, 7, 8, 0 }, 4);
	EXPECT_FALSE(ARRIVES(ETH_P_8021Q, frame, size + 4));
}

/* A header of -1 is none. */
static size_t udp6(uint8_t *frame, int header)
{
	struct ip6_hdr *ip = (struct ip6_hdr *)frame;
	size_t extra = header < 0 ? 0 : 8;

	memset(frame, 0, sizeof(*ip) + extra + 16);
	ip->ip6_vfc = 0x60;
	ip->ip6_hlim = 64;
	ip->ip6_nxt = header < 0 ? IPPROTO_UDP : header;
	ip->ip6_plen = htons(extra + 16);
	inet_pton(AF_INET6, v6[A], &ip->ip6_src);
	inet_pton(AF_INET6, v6[C], &ip->ip6_dst);
	frame[40] = IPPROTO_UDP;
	/* A padding option fills the header. */
	if (header == IPPROTO_HOPOPTS || header == IPPROTO_DSTOPTS)
		memcpy(frame + 42, (uint8_t []){ 1, 4, 0, 0, 0, 0 }, 6);
	frame[40 + extra + 1] = 99;
	frame[40 + extra + 3] = 54;
	frame[40 + extra + 5] = 16;
	if (!extra)
		frame[40] = 0;
	/* The checksum is not looked at on the way. */
	return sizeof(*ip) + extra + 16;
}

TEST_F(verdicts, drops_routing_and_hop_by_hop_headers)
{
	uint8_t frame[256];
	size_t size;

	ASSERT_RUN(both_new());
	ASSERT_EQ(0, try_ping(NS(A), v6[C]));
	ASSERT_EQ(0, host_mac_read(NS(HOST)));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	/* The checksum of these is wrong, and that is not what it is about. */
	ASSERT_EQ(0, sh("echo 0 >/proc/sys/net/netfilter/nf_conntrack_checksum"));
	size = udp6(frame, -1);
	EXPECT_TRUE(ARRIVES(ETH_P_IPV6, frame, size));
	size = udp6(frame, IPPROTO_DSTOPTS);
	EXPECT_TRUE(ARRIVES(ETH_P_IPV6, frame, size));
	size = udp6(frame, IPPROTO_HOPOPTS);
	EXPECT_FALSE(ARRIVES(ETH_P_IPV6, frame, size));
	size = udp6(frame, IPPROTO_ROUTING);
	EXPECT_FALSE(ARRIVES(ETH_P_IPV6, frame, size));
	size = udp6(frame, IPPROTO_FRAGMENT);
	/* The only and last fragment of a packet. */
	frame[43] = 0;
	EXPECT_TRUE(ARRIVES(ETH_P_IPV6, frame, size));
	size = udp6(frame, -1);
	inet_pton(AF_INET6, "fd07:1::3", frame + 8);
	EXPECT_FALSE(ARRIVES(ETH_P_IPV6, frame, size));
}

TEST_F(verdicts, puts_fragments_together_and_judges_them_as_one)
{
	struct lbmesh_commit *commit = both_new();

	put_rule(commit, .layer = 1, .id = 1, .position = 1, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_ICMP));
	ASSERT_RUN(commit);
	ASSERT_EQ(0, namespace_set(NS(A)));
	EXPECT_EQ(0, sh_try("exec ping -q -n -c 1 -W 3 -s 4000 %s", v4[C]));
	EXPECT_EQ(0, sh_try("exec ping -q -n -c 1 -W 3 -s 4000 %s", v6[C]));
	ASSERT_EQ(0, namespace_set(NS(C)));
	EXPECT_EQ(0, sh_try("exec ping -q -n -c 1 -W 3 -s 4000 %s", v4[A]));
	EXPECT_NE(0, sh_try("exec ping -q -n -c 1 -W 0.3 -s 4000 %s", v4[B]));
}

TEST_F(verdicts, lets_nothing_pass_an_interface_that_is_a_port_of_another)
{
	ASSERT_RUN(both_new());
	EXPECT_EQ(0, try_udp(NS(A), "10.7.1.1", 53));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	ASSERT_EQ(0, ip(NULL, "link add br9 type bridge\nlink set br9 up\nlink set va master br9\n"
			      "addr del 10.7.1.1/24 dev va\naddr add 10.7.1.1/24 dev br9\n"));
	EXPECT_NE(0, try_udp(NS(A), "10.7.1.1", 53));
	EXPECT_NE(0, try_udp(NS(A), v4[C], 53));
	EXPECT_NE(0, try_udp(NS(C), v4[A], 53));
}

TEST_F(verdicts, goes_with_its_interface_and_is_there_when_it_comes_back)
{
	int index;

	ASSERT_RUN(both_new());
	ASSERT_EQ(0, try_tcp(NS(A), v4[C], 80));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	index = if_nametoindex("va");
	ASSERT_EQ(0, ip(NULL, "link del va\n"));
	ASSERT_EQ(0, ip(NULL, "link add va index %d type veth peer name eth0 netns a\n"
			      "link set va up\naddr add 10.7.1.1/24 dev va\n", index));
	ASSERT_EQ(0, ip("a", "link set eth0 up\naddr add 10.7.1.2/24 dev eth0\n"
			     "addr add 10.7.1.66/24 dev eth0\nroute add default via 10.7.1.1\n"));
	ASSERT_EQ(0, namespace_set(NS(A)));
	EXPECT_NE(0, sh_try("exec ping -q -n -c 1 -W 0.3 -I 10.7.1.66 %s", v4[C]));
	EXPECT_EQ(0, sh_try("exec ping -q -n -c 1 -W 3 -I 10.7.1.2 %s", v4[C]));
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(C), v4[A], 80));
}

TEST_F(verdicts, refuses_both_kinds_of_endpoint_on_one_interface)
{
	struct lbmesh_commit *commit = both_new();
	struct lbmesh_endpoint endpoint = {
		.id = 9, .kind = LBMESH_ENDPOINT_KIND_HOST, .ifname = "va",
	};

	must(lbmesh_commit_put_endpoint(commit, &endpoint));
	EXPECT_EQ(EINVAL, run(self->conn, commit, &self->result));
	EXPECT_STREQ("endpoint: one of the other kind is on its interface",
		     self->result.error.message);
	/* All of it is undone. */
	EXPECT_EQ(0, try_tcp(NS(C), v4[A], 80));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	ASSERT_RUN(both_new());
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(C), v4[A], 80));
}

/* --- The cache ------------------------------------------------------------------- */

static struct lbmesh_cache cache_counters(struct lbmesh *conn)
{
	struct lbmesh_generation generation;

	must(lbmesh_generation_get(conn, &generation, NULL));
	return generation.cache;
}

TEST_F(verdicts, keeps_cached_verdicts_of_layers_that_do_not_change)
{
	struct lbmesh_commit *commit = both_new();
	struct lbmesh_cache before, after;
	int to_a, to_b;

	for (uint32_t layer = 1; layer <= 2; layer++)
		put_rule(commit, .layer = layer, .id = 1, .position = 1,
			 .action = LBMESH_ACTION_ALLOW, INGRESS, PROTOCOL(IPPROTO_TCP), PORT(80));
	ASSERT_RUN(commit);
	to_a = stream_open(NS(C), v4[A], 80);
	to_b = stream_open(NS(C), v4[B], 80);
	ASSERT_LE(0, to_a);
	ASSERT_LE(0, to_b);
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, echo(to_a));
		ASSERT_EQ(0, echo(to_b));
	}
	/* The last ACK may be late. */
	pause_ms(200 * machine_slowness());
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	commit = delta(self->conn);
	put_rule(commit, .layer = 1, .id = 2, .position = 2, .action = LBMESH_ACTION_DENY);
	ASSERT_RUN(commit);
	before = cache_counters(self->conn);
	EXPECT_LT(60, before.hits);
	for (int i = 0; i < 20; i++)
		ASSERT_EQ(0, echo(to_b));
	after = cache_counters(self->conn);
	EXPECT_EQ(before.stale, after.stale);
	EXPECT_EQ(before.misses, after.misses);
	EXPECT_LE(before.hits + 40, after.hits);
	for (int i = 0; i < 20; i++)
		ASSERT_EQ(0, echo(to_a));
	after = cache_counters(self->conn);
	EXPECT_EQ(before.stale + 1, after.stale);
	close(to_a);
	close(to_b);
}

TEST_F(verdicts, finds_a_verdict_again_when_a_set_has_learned)
{
	struct lbmesh_commit *commit = both_new();
	struct lbmesh_element element = { .set = 5 };
	struct lbmesh_error error = {};
	int stream;

	must(lbmesh_commit_put_set(commit, &(struct lbmesh_set){ .id = 5 }));
	put_rule(commit, .layer = 1, .id = 1, .position = 1, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, .src = { .kind = LBMESH_SELECTOR_SET, .set = 5 });
	ASSERT_RUN(commit);
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(C), v4[A], 80));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	must(lbmesh_prefix_parse("10.7.3.2/32", &element.prefix));
	ASSERT_EQ(0, lbmesh_set_update(self->conn, &element, 1, NULL, 0, &error))
		TH_LOG("\"%s\"", error.message);
	stream = stream_open(NS(C), v4[A], 80);
	ASSERT_LE(0, stream);
	for (int i = 0; i < 5; i++)
		ASSERT_EQ(0, echo(stream));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	ASSERT_EQ(0, lbmesh_set_update(self->conn, NULL, 0, &element, 1, &error))
		TH_LOG("\"%s\"", error.message);
	EXPECT_EQ(ETIMEDOUT, echo(stream));
	close(stream);
}

/* --- Explain ------------------------------------------------------------------------ */

/* What explain says of one side; the errno that a client meets. */
static int explain_side(struct lbmesh *conn, uint32_t endpoint, enum lbmesh_direction direction,
			const char *from, const char *to, uint8_t protocol, uint16_t port)
{
	struct lbmesh_flow flow = {
		.endpoint = endpoint, .has_direction = true, .direction = direction,
		.has_protocol = true, .protocol = protocol, .has_src_port = true,
		.src_port = 40000, .has_dst_port = true, .dst_port = port,
	};
	struct lbmesh_judgement judgement;
	struct lbmesh_error error = {};

	must(lbmesh_address_parse(from, &flow.src));
	must(lbmesh_address_parse(to, &flow.dst));
	if (lbmesh_explain(conn, &flow, &judgement, &error)) {
		printf("# explain: %s\n", error.message);
		return EIO;
	}
	switch (judgement.verdict.action) {
	case LBMESH_ACTION_ALLOW:
		return 0;
	case LBMESH_ACTION_REJECT:
		return ECONNREFUSED;
	default:
		return ETIMEDOUT;
	}
}

static int explain_both(struct lbmesh *conn, int from, int to, bool is6, uint8_t protocol,
			uint16_t port)
{
	const char *const *address = is6 ? v6 : v4;
	int said = 0;

	if (from != C)
		said = explain_side(conn, from + 1, LBMESH_DIRECTION_EGRESS, address[from],
				    address[to], protocol, port);
	if (!said && to != C)
		said = explain_side(conn, to + 1, LBMESH_DIRECTION_INGRESS, address[from],
				    address[to], protocol, port);
	return said;
}

static struct lbmesh_selector random_selector(bool is6)
{
	static const char *const prefixes[2][4] = {
		{ "10.7.0.0/16", "10.7.1.0/24", "10.7.2.2/32", "10.7.3.0/24" },
		{ "fd07::/16", "fd07:1::/64", "fd07:2::2/128", "fd07:3::/64" },
	};

	switch (rand() % 4) {
	case 0:
		return prefix_of(NULL);
	case 1:
		return (struct lbmesh_selector){ .kind = LBMESH_SELECTOR_KEYWORD,
						 .keyword = rand() % 3 };
	default:
		return prefix_of(prefixes[is6][rand() % 4]);
	}
}

static struct lbmesh_commit *random_new(void)
{
	struct lbmesh_commit *commit = both_new();

	for (uint32_t i = 0; i < 16; i++) {
		struct lbmesh_range range = { 80 + rand() % 3, 80 + rand() % 3 };
		struct lbmesh_rule rule = {
			.layer = 1 + i % 2, .id = i + 1, .position = i + 1, .action = rand() % 4,
			.has_direction = rand() % 3, .direction = rand() % 2,
			.has_protocol = true, .protocol = rand() % 2 ? IPPROTO_TCP : IPPROTO_UDP,
			.src = random_selector(i % 4 < 2), .dst = random_selector(i % 4 < 2),
		};

		if (range.last < range.first)
			range.last = range.first;
		if (rule.protocol == IPPROTO_TCP && rand() % 2) {
			rule.dst_ports = &range;
			rule.n_dst_ports = 1;
		}
		must(lbmesh_commit_put_rule(commit, &rule));
	}
	return commit;
}

TEST_F_TIMEOUT(verdicts, explains_what_packets_get, 600)
{
	unsigned int rounds = env_rounds("LBMESH_ROUNDS", 16), seen[3] = {};

	srand(env_number("LBMESH_SEED", 4));
	for (unsigned int round = 0; round < rounds; round++) {
		ASSERT_EQ(0, namespace_set(NS(HOST)));
		ASSERT_RUN(random_new());
		for (int i = 0; i < 16; i++) {
			int from = rand() % 3, to = (from + 1 + rand() % 2) % 3, said, got;
			bool is6 = rand() % 2, tcp = rand() % 3;
			uint16_t port = tcp ? 80 + rand() % 3 : 53;

			ASSERT_EQ(0, namespace_set(NS(HOST)));
			said = explain_both(self->conn, from, to, is6,
					    tcp ? IPPROTO_TCP : IPPROTO_UDP, port);
			got = tcp ? try_tcp(NS(from), (is6 ? v6 : v4)[to], port) :
				    try_udp(NS(from), (is6 ? v6 : v4)[to], port);
			seen[said == 0 ? 0 : said == ETIMEDOUT ? 1 : 2]++;
			ASSERT_EQ(said, got)
				TH_LOG("round %u: %c to %c, %s port %u, IPv%d", round, names[from],
				       names[to], tcp ? "TCP" : "UDP", port, is6 ? 6 : 4);
		}
	}
	printf("# %u allowed, %u denied, %u rejected\n", seen[0], seen[1], seen[2]);
	EXPECT_LT(0, seen[0]);
	EXPECT_LT(0, seen[1]);
	EXPECT_LT(0, seen[2]);
}

TEST_F(verdicts, names_layer_rule_endpoint_and_generation)
{
	struct lbmesh_commit *commit = both_new();
	struct lbmesh_flow flow = {
		.endpoint = 2, .has_direction = true, .direction = LBMESH_DIRECTION_INGRESS,
		.has_protocol = true, .protocol = IPPROTO_TCP,
		.has_dst_port = true, .dst_port = 80, .has_src_port = true,
	};
	struct lbmesh_judgement judgement;
	int stream;

	put_rule(commit, .layer = 2, .id = 77, .position = 1, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_TCP), PORT(80));
	ASSERT_RUN(commit);
	must(lbmesh_address_parse(v4[C], &flow.src));
	must(lbmesh_address_parse(v4[B], &flow.dst));
	ASSERT_EQ(0, lbmesh_explain(self->conn, &flow, &judgement, NULL));
	EXPECT_EQ(LBMESH_ACTION_ALLOW, judgement.verdict.action);
	EXPECT_EQ(LBMESH_REASON_RULE, judgement.verdict.reason);
	EXPECT_EQ(2, judgement.verdict.layer);
	EXPECT_EQ(77, judgement.verdict.rule);
	EXPECT_EQ(2, judgement.verdict.endpoint);
	EXPECT_EQ(1, judgement.verdict.generation);
	EXPECT_FALSE(judgement.verdict.cached);
	flow.dst_port = 81;
	ASSERT_EQ(0, lbmesh_explain(self->conn, &flow, &judgement, NULL));
	EXPECT_EQ(LBMESH_ACTION_DENY, judgement.verdict.action);
	EXPECT_EQ(LBMESH_REASON_DEFAULT, judgement.verdict.reason);
	EXPECT_EQ(0, judgement.verdict.rule);
	/* By its interface, with an address that nobody has. */
	flow.endpoint = 0;
	flow.ifindex = if_nametoindex("vb");
	flow.direction = LBMESH_DIRECTION_EGRESS;
	ASSERT_EQ(0, lbmesh_explain(self->conn, &flow, &judgement, NULL));
	EXPECT_EQ(LBMESH_REASON_SPOOFED, judgement.verdict.reason);
	flow.ifindex = if_nametoindex("vc");
	ASSERT_EQ(0, lbmesh_explain(self->conn, &flow, &judgement, NULL));
	EXPECT_EQ(LBMESH_ACTION_ALLOW, judgement.verdict.action);
	EXPECT_EQ(LBMESH_REASON_NONE, judgement.verdict.reason);
	/* And what the cache holds of a flow that is there. */
	stream = stream_open(NS(C), v4[B], 80);
	ASSERT_LE(0, stream);
	for (int i = 0; i < 20; i++)
		ASSERT_EQ(0, echo(stream));
	struct sockaddr_in own;
	socklen_t length = sizeof(own);

	ASSERT_EQ(0, getsockname(stream, (struct sockaddr *)&own, &length));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	flow.ifindex = 0;
	flow.endpoint = 2;
	flow.direction = LBMESH_DIRECTION_INGRESS;
	flow.src_port = ntohs(own.sin_port);
	flow.dst_port = 80;
	ASSERT_EQ(0, lbmesh_explain(self->conn, &flow, &judgement, NULL));
	EXPECT_TRUE(judgement.verdict.cached);
	EXPECT_LT(20, judgement.verdict.hits);
	ASSERT_EQ(0, lbmesh_flow_get(self->conn, &flow, &judgement, NULL));
	EXPECT_EQ(77, judgement.verdict.rule);
	flow.src_port++;
	EXPECT_EQ(-ENOENT, lbmesh_flow_get(self->conn, &flow, &judgement, NULL));
	close(stream);
}

/* --- Events ---------------------------------------------------------------------------- */

/* A counter of the nest path in the answer to generation-get; UINT64_MAX when it is not there. */
static uint64_t path_counter(uint16_t type)
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

static int send_datagrams(int ns, const char *to, uint16_t port, int count)
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

/* Reads events until none comes. Returns how many, and adds up what was kept back. */
static int read_events(struct lbmesh *conn, struct lbmesh_event *last, uint64_t *suppressed)
{
	struct pollfd pfd = { .fd = lbmesh_event_fd(conn), .events = POLLIN };
	struct lbmesh_event event;
	struct lbmesh_error error;
	int count = 0, ret;

	while (poll(&pfd, 1, 200 * machine_slowness()) == 1) {
		while ((ret = lbmesh_event_next(conn, &event, &error)) == 1) {
			if (event.kind != LBMESH_EVENT_VERDICT)
				continue;
			*last = event;
			*suppressed += event.judgement.suppressed;
			count++;
		}
		if (ret < 0)
			printf("# event: %s\n", error.message);
	}
	return count;
}

TEST_F(verdicts, tells_what_it_denies_and_what_it_is_told_to_log)
{
	struct lbmesh_commit *commit = both_new();
	struct lbmesh_event event = {};
	uint64_t suppressed = 0, denied;
	char text[64];
	int count;

	put_rule(commit, .layer = 1, .id = 5, .position = 1, .action = LBMESH_ACTION_DENY,
		 INGRESS, PROTOCOL(IPPROTO_UDP), PORT(55));
	put_rule(commit, .layer = 1, .id = 6, .position = 2, .action = LBMESH_ACTION_ALLOW,
		 .log = true, INGRESS, PROTOCOL(IPPROTO_UDP), PORT(56));
	put_rule(commit, .layer = 1, .id = 7, .position = 3, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_UDP), PORT(57));
	ASSERT_RUN(commit);
	ASSERT_EQ(0, lbmesh_event_subscribe_verdicts(self->conn, NULL));
	ASSERT_EQ(0, send_datagrams(NS(C), v4[A], 55, 1));
	ASSERT_EQ(1, read_events(self->conn, &event, &suppressed));
	EXPECT_EQ(LBMESH_ACTION_DENY, event.judgement.verdict.action);
	EXPECT_EQ(LBMESH_REASON_RULE, event.judgement.verdict.reason);
	EXPECT_EQ(1, event.judgement.verdict.layer);
	EXPECT_EQ(5, event.judgement.verdict.rule);
	EXPECT_EQ(1, event.judgement.verdict.endpoint);
	EXPECT_EQ(1, event.judgement.verdict.generation);
	EXPECT_EQ(55, event.judgement.flow.dst_port);
	EXPECT_EQ(LBMESH_DIRECTION_INGRESS, event.judgement.flow.direction);
	lbmesh_prefix_format(&event.judgement.flow.src, text, sizeof(text));
	EXPECT_EQ(0, strncmp(text, v4[C], strlen(v4[C]))) TH_LOG("%s", text);
	ASSERT_EQ(0, send_datagrams(NS(C), v4[A], 57, 1));
	EXPECT_EQ(0, read_events(self->conn, &event, &suppressed));
	ASSERT_EQ(0, send_datagrams(NS(C), v4[A], 56, 1));
	/* The datagram, and the error that comes back, are both of the flow. */
	EXPECT_LE(1, read_events(self->conn, &event, &suppressed));
	EXPECT_EQ(LBMESH_ACTION_ALLOW, event.judgement.verdict.action);
	EXPECT_EQ(6, event.judgement.verdict.rule);
	EXPECT_EQ(0, suppressed);
	/* A flood is told in part, and the rest is counted; once the neighbours know each other. */
	ASSERT_EQ(0, send_datagrams(NS(C), v6[A], 55, 1));
	EXPECT_EQ(1, read_events(self->conn, &event, &suppressed));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	denied = path_counter(LBMESH_A_PATH_DENIED);
	ASSERT_EQ(0, send_datagrams(NS(C), v6[A], 55, 3000));
	count = read_events(self->conn, &event, &suppressed);
	ASSERT_EQ(0, send_datagrams(NS(C), v6[A], 55, 1));
	count += read_events(self->conn, &event, &suppressed);
	EXPECT_LE(100, count);
	EXPECT_GT(2000, count);
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	/* A slow machine loses some on their way. */
	denied = path_counter(LBMESH_A_PATH_DENIED) - denied;
	EXPECT_LT(100, denied);
	/* Nobody reads meanwhile: where the flood takes seconds, the socket is full before it ends. */
	EXPECT_GE(denied, count + suppressed) TH_LOG("%d told", count);
	if (machine_slowness() == 1)
		EXPECT_EQ(denied, count + suppressed) TH_LOG("%d told", count);
}

/* --- Counters ------------------------------------------------------------------------------ */

TEST_F(verdicts, counts_packets_by_what_became_of_them)
{
	struct lbmesh_commit *commit = both_new();
	uint64_t denied, rejected, allowed, spoofed;

	EXPECT_EQ(UINT64_MAX, path_counter(LBMESH_A_PATH_DENIED));
	put_rule(commit, .layer = 1, .id = 1, .position = 1, .action = LBMESH_ACTION_DENY,
		 INGRESS, PROTOCOL(IPPROTO_UDP), PORT(55));
	put_rule(commit, .layer = 1, .id = 2, .position = 2, .action = LBMESH_ACTION_REJECT,
		 INGRESS, PROTOCOL(IPPROTO_UDP), PORT(56));
	put_rule(commit, .layer = 1, .id = 3, .position = 3, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_UDP));
	ASSERT_RUN(commit);
	EXPECT_EQ(0, try_udp(NS(C), v4[A], 53));
	ASSERT_EQ(0, ip("a", "addr add 10.7.1.77/24 dev eth0\n"));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	denied = path_counter(LBMESH_A_PATH_DENIED);
	rejected = path_counter(LBMESH_A_PATH_REJECTED);
	allowed = path_counter(LBMESH_A_PATH_ALLOWED);
	spoofed = path_counter(LBMESH_A_PATH_SPOOFED);
	EXPECT_LE(2, allowed);
	ASSERT_EQ(0, send_datagrams(NS(C), v4[A], 55, 7));
	ASSERT_EQ(0, send_datagrams(NS(C), v4[A], 56, 1));
	EXPECT_EQ(0, try_udp(NS(C), v4[A], 53));
	ASSERT_EQ(0, namespace_set(NS(A)));
	EXPECT_NE(0, sh_try("exec ping -q -n -c 2 -i 0.1 -W 0.3 -I 10.7.1.77 %s", v4[C]));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	EXPECT_EQ(denied + 7, path_counter(LBMESH_A_PATH_DENIED));
	EXPECT_EQ(rejected + 1, path_counter(LBMESH_A_PATH_REJECTED));
	EXPECT_EQ(allowed + 2, path_counter(LBMESH_A_PATH_ALLOWED));
	EXPECT_LE(spoofed + 2, path_counter(LBMESH_A_PATH_SPOOFED));
}

/* --- One generation ------------------------------------------------------------------------ */

/*
 * Either a may not send or b may not receive, and which of the two changes with each commit: a packet
 * that was judged by both generations would come through.
 */
static struct lbmesh_commit *either_new(uint64_t generation, bool first)
{
	struct lbmesh_commit *commit = delta_new(generation);

	put_rule(commit, .layer = 1, .id = 1, .position = 1, EGRESS,
		 .action = first ? LBMESH_ACTION_DENY : LBMESH_ACTION_ALLOW);
	put_rule(commit, .layer = 2, .id = 1, .position = 1, INGRESS,
		 .action = first ? LBMESH_ACTION_ALLOW : LBMESH_ACTION_DENY);
	return commit;
}

TEST_F(verdicts, judges_no_packet_by_a_mix_of_generations)
{
	unsigned int rounds = env_rounds("LBMESH_ROUNDS", 500);
	pid_t flood;

	ASSERT_RUN(both_new());
	ASSERT_RUN(either_new(1, true));
	flood = fork();
	if (!flood) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			send_datagrams(NS(A), v4[B], 53, 100);
	}
	for (unsigned int i = 0; i < rounds; i++)
		ASSERT_RUN(either_new(i + 2, i % 2));
	kill(flood, SIGKILL);
	waitpid(flood, NULL, 0);
	/* The server answers what it gets: b would have sent. */
	ASSERT_EQ(0, namespace_set(NS(B)));
	EXPECT_EQ(0, sh("awk '/^Udp:/ && $2 ~ /[0-9]/ { exit $2 + $3 != 0 }' /proc/net/snmp"));
	ASSERT_EQ(0, namespace_set(NS(A)));
	EXPECT_EQ(0, sh("awk '/^Udp:/ && $5 ~ /[0-9]/ { print \"# \" $5 \" datagrams\"; exit $5 < 1000 }' "
			"/proc/net/snmp"));
}

/* --- Hosts with WireGuard ------------------------------------------------------ */

FIXTURE(tunnel)
{
	struct lbmesh_result result;
	struct host host[2];
	int ns[2];
	pid_t server[2];
};

/* The mesh as a host sees it; with its own interface as an endpoint, judged by layer 1. */
static struct lbmesh_commit *mesh_new(const struct host *hosts, int self)
{
	const struct host *other = &hosts[!self];
	struct lbmesh_endpoint endpoint = {
		.id = 1, .kind = LBMESH_ENDPOINT_KIND_HOST, .ifname = "wg0",
		.layers = (uint32_t []){ 1 }, .n_layers = 1,
	};
	struct lbmesh_commit *commit = replace_new();

	put_host_device(commit, &hosts[self], 1, "wg0", &hosts[self].key, HOSTS_PORT);
	put_host_peer(commit, 1, other, &other->key, HOSTS_PORT);
	put_network(commit, 1);
	put_network(commit, 2);
	for (int i = 0; i < 2; i++) {
		const uint8_t *key = i == self ? NULL : hosts[i].key.public_key;

		put_member_key(commit, 1, 1, i ? "10.1.0.2/32" : "10.1.0.1/32", key);
		put_member_key(commit, 1, 1, i ? "fd01::2/128" : "fd01::1/128", key);
		put_member_key(commit, 2, 1, i ? "10.2.0.2/32" : "10.2.0.1/32", key);
	}
	put_layer(commit, 1);
	must(lbmesh_commit_put_endpoint(commit, &endpoint));
	return commit;
}

FIXTURE_SETUP(tunnel)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, hosts_make(self->host, 2));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, host_enter(&self->host[i]));
		ASSERT_EQ(0, ip(self->host[i].name,
				"addr add 10.1.0.%d/24 dev wg0\naddr add 10.2.0.%d/24 dev wg0\n"
				"addr add fd01::%d/64 dev wg0 nodad\nlink set wg0 up\n",
				i + 1, i + 1, i + 1));
		self->ns[i] = namespace_open(NULL);
		self->server[i] = server_start(self->ns[i]);
		ASSERT_LT(0, self->server[i]);
		ASSERT_EQ(0, run(self->host[i].conn, mesh_new(self->host, i), &self->result))
			TH_LOG("\"%s\"", self->result.error.message);
	}
	ASSERT_TRUE(host_reaches(&self->host[0], "10.1.0.1", "10.1.0.2"));
}

FIXTURE_TEARDOWN(tunnel)
{
	for (int i = 0; i < 2; i++) {
		if (self->server[i] > 0) {
			kill(self->server[i], SIGKILL);
			waitpid(self->server[i], NULL, 0);
		}
		close(self->ns[i]);
	}
	hosts_close(self->host, 2);
}

TEST_F(tunnel, lets_members_speak_by_default)
{
	EXPECT_EQ(0, try_tcp(self->ns[0], "10.1.0.2", 80));
	EXPECT_EQ(0, try_tcp(self->ns[1], "fd01::1", 80));
	EXPECT_EQ(0, try_udp(self->ns[1], "10.2.0.1", 53));
	EXPECT_TRUE(host_never_reaches(&self->host[0], "10.1.0.1", "10.2.0.2"));
}

TEST_F(tunnel, judges_what_comes_to_a_host_and_what_leaves_it)
{
	struct lbmesh_commit *commit;

	ASSERT_EQ(0, host_enter(&self->host[0]));
	commit = delta(self->host[0].conn);
	put_rule(commit, .layer = 1, .id = 1, .position = 1, .action = LBMESH_ACTION_REJECT,
		 INGRESS, PROTOCOL(IPPROTO_TCP), PORT(81));
	put_rule(commit, .layer = 1, .id = 2, .position = 2, .action = LBMESH_ACTION_REJECT,
		 EGRESS, PROTOCOL(IPPROTO_TCP), PORT(82));
	put_rule(commit, .layer = 1, .id = 3, .position = 3, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_UDP),
		 .src = { .kind = LBMESH_SELECTOR_KEYWORD,
			  .keyword = LBMESH_KEYWORD_SAME_NETWORK });
	put_rule(commit, .layer = 1, .id = 4, .position = 4, .action = LBMESH_ACTION_REJECT,
		 INGRESS, PROTOCOL(IPPROTO_UDP));
	ASSERT_EQ(0, run(self->host[0].conn, commit, &self->result))
		TH_LOG("\"%s\"", self->result.error.message);
	EXPECT_EQ(0, try_tcp(self->ns[1], "10.1.0.1", 80));
	EXPECT_EQ(ECONNREFUSED, try_tcp(self->ns[1], "10.1.0.1", 81));
	EXPECT_EQ(ECONNREFUSED, try_tcp(self->ns[1], "fd01::1", 81));
	EXPECT_EQ(0, try_tcp(self->ns[0], "10.1.0.2", 81));
	EXPECT_EQ(ECONNREFUSED, try_tcp(self->ns[0], "10.1.0.2", 82));
	EXPECT_EQ(ECONNREFUSED, try_tcp(self->ns[0], "fd01::2", 82));
	EXPECT_EQ(0, try_udp(self->ns[1], "10.1.0.1", 53));
	/* The underlay is not the endpoint's. */
	EXPECT_EQ(0, try_tcp(self->ns[1], host_underlay(&self->host[0]), 81));
}

TEST_F(tunnel, cuts_a_stream_when_its_member_goes)
{
	struct lbmesh_commit *commit;
	int stream = stream_open(self->ns[1], "10.2.0.1", 80);

	ASSERT_LE(0, stream);
	ASSERT_EQ(0, host_enter(&self->host[0]));
	commit = delta(self->host[0].conn);
	remove_member(commit, 1, "10.2.0.2/32");
	ASSERT_EQ(0, run(self->host[0].conn, commit, &self->result))
		TH_LOG("\"%s\"", self->result.error.message);
	EXPECT_EQ(ETIMEDOUT, echo(stream));
	EXPECT_EQ(0, try_tcp(self->ns[1], "10.1.0.1", 80));
	close(stream);
}

TEST_HARNESS_MAIN
