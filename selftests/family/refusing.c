// SPDX-License-Identifier: GPL-2.0
/*
 * Who is told that a packet is refused, by whom, and how often. What rejecting does to a client is in
 * verdicts.c; here every answer is looked at as it comes, by raw sockets.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/lbmesh.h>

#include "boxes.h"
#include "frames.h"
#include "kselftest_harness.h"
#include "policy.h"

FIXTURE(refusing)
{
	struct lbmesh *conn;
	struct lbmesh_result result;
	struct boxes boxes;
};

#define NS(box) self->boxes.ns[box]
#define ASSERT_RUN(commit) \
	ASSERT_EQ(0, run(self->conn, commit, &self->result)) \
		TH_LOG("\"%s\"", self->result.error.message)

FIXTURE_SETUP(refusing)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, boxes_make(&self->boxes));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
}

FIXTURE_TEARDOWN(refusing)
{
	boxes_end(&self->boxes);
	lbmesh_close(self->conn);
}

/* What comes to b is refused, and what a sends; but for pings. */
static struct lbmesh_commit *refusing_new(void)
{
	struct lbmesh_commit *commit = both_new();

	for (uint32_t layer = 1; layer <= 2; layer++) {
		add_rule(commit, .layer = layer, .id = 1, .position = 1,
			 .action = LBMESH_ACTION_ALLOW, PROTOCOL(IPPROTO_ICMP));
		add_rule(commit, .layer = layer, .id = 2, .position = 2,
			 .action = LBMESH_ACTION_ALLOW, PROTOCOL(IPPROTO_ICMPV6));
	}
	add_rule(commit, .layer = 1, .id = 3, .position = 3, EGRESS,
		 .action = LBMESH_ACTION_REJECT);
	add_rule(commit, .layer = 2, .id = 3, .position = 3, INGRESS,
		 .action = LBMESH_ACTION_REJECT);
	return commit;
}

/* --- Sockets --------------------------------------------------------------------- */

/* Sees all packets of a protocol that come to a namespace. */
static int listen_raw(int ns, int family, int protocol)
{
	int size = 8 << 20, fd;

	must(namespace_set(ns));
	fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, protocol);
	must(fd < 0 ? -errno : 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

/* What came: how many, and who sent the last. */
struct answers {
	int count;
	char from[INET6_ADDRSTRLEN];
	uint8_t packet[256];
	ssize_t length;
};

/* Reads packets until there is none for a while; those that the filter takes. */
static struct answers answers_read(int fd, bool (*is_wanted)(const uint8_t *packet, ssize_t length))
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct answers answers = {};

	while (poll(&pfd, 1, 100 * machine_slowness()) == 1) {
		struct sockaddr_storage from;
		socklen_t size = sizeof(from);
		uint8_t packet[2048];
		ssize_t length = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from,
					  &size);

		if (length < 0 || !is_wanted(packet, length))
			continue;
		answers.count++;
		answers.length = length < 256 ? length : 256;
		memcpy(answers.packet, packet, answers.length);
		inet_ntop(from.ss_family,
			  from.ss_family == AF_INET ?
				  (void *)&((struct sockaddr_in *)&from)->sin_addr :
				  (void *)&((struct sockaddr_in6 *)&from)->sin6_addr,
			  answers.from, sizeof(answers.from));
	}
	return answers;
}

/* Raw sockets of IPv4 give the IP header, those of IPv6 do not. */
static bool is_reset4(const uint8_t *packet, ssize_t length)
{
	return length >= 40 && packet[20 + 13] & TH_RST;
}

static bool is_reset6(const uint8_t *packet, ssize_t length)
{
	return length >= 20 && packet[13] & TH_RST;
}

static bool is_error4(const uint8_t *packet, ssize_t length)
{
	return length >= 28 && packet[20] == ICMP_UNREACH;
}

static bool is_error6(const uint8_t *packet, ssize_t length)
{
	return length >= 8 && packet[0] == ICMP6_DST_UNREACH;
}

/* --- Addresses --------------------------------------------------------------------- */

TEST_F(refusing, answers_tcp_from_the_address_that_was_asked_for)
{
	for (int is6 = 0; is6 < 2; is6++)
	for (int away = 0; away < 2; away++) {
		int from = away ? A : C, to = away ? C : B;
		struct answers answers;
		int fd;

		ASSERT_EQ(0, namespace_set(NS(HOST)));
		ASSERT_RUN(refusing_new());
		fd = listen_raw(NS(from), is6 ? AF_INET6 : AF_INET, IPPROTO_TCP);
		EXPECT_EQ(ECONNREFUSED, try_tcp(NS(from), (is6 ? v6 : v4)[to], 80));
		answers = answers_read(fd, is6 ? is_reset6 : is_reset4);
		EXPECT_EQ(1, answers.count);
		EXPECT_STREQ((is6 ? v6 : v4)[to], answers.from);
		/* From the port, too. */
		EXPECT_EQ(80, answers.packet[is6 ? 1 : 21]);
		close(fd);
	}
}

TEST_F(refusing, answers_the_rest_with_port_unreachable_from_the_router_at_the_sender)
{
	static const char *const router4[] = { "10.7.1.1", "10.7.2.1", "10.7.3.1" };
	static const char *const router6[] = { "fd07:1::1", "fd07:2::1", "fd07:3::1" };

	ASSERT_RUN(refusing_new());
	for (int is6 = 0; is6 < 2; is6++)
	for (int away = 0; away < 2; away++) {
		int from = away ? A : C, to = away ? C : B, fd;
		struct answers answers;

		fd = listen_raw(NS(from), is6 ? AF_INET6 : AF_INET,
				is6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
		ASSERT_EQ(0, send_datagrams(NS(from), (is6 ? v6 : v4)[to], 53, 1));
		answers = answers_read(fd, is6 ? is_error6 : is_error4);
		EXPECT_EQ(1, answers.count);
		EXPECT_STREQ((is6 ? router6 : router4)[from], answers.from);
		EXPECT_EQ(is6 ? ICMP6_DST_UNREACH_NOPORT : ICMP_UNREACH_PORT,
			  answers.packet[is6 ? 1 : 21]);
		close(fd);
	}
}

/* --- Rates --------------------------------------------------------------------------- */

/* Nobody answers a segment whose checksum is wrong. */
static void checksum(struct tcphdr *segment, const char *from, const char *to)
{
	struct {
		uint32_t from, to;
		uint16_t protocol, length;
		struct tcphdr segment;
	} whole = { .protocol = htons(IPPROTO_TCP), .length = htons(sizeof(*segment)) };
	const uint16_t *words = (const uint16_t *)&whole;
	uint32_t sum = 0;

	segment->th_sum = 0;
	whole.segment = *segment;
	inet_pton(AF_INET, from, &whole.from);
	inet_pton(AF_INET, to, &whole.to);
	for (size_t i = 0; i < sizeof(whole) / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	segment->th_sum = ~(sum + (sum >> 16));
}

/* Sends SYNs of so many flows, as fast as that goes. Returns 0 or an errno. */
static int send_syns(int ns, int to, bool is6, int count)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	int at = offsetof(struct tcphdr, th_sum);
	struct tcphdr segment = {
		.th_dport = htons(81), .th_off = 5, .th_flags = TH_SYN, .th_win = htons(1000),
	};
	int fd, error = 0;

	must(namespace_set(ns));
	fd = socket(is6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);
	inet_pton(AF_INET, v4[to], &in4.sin_addr);
	inet_pton(AF_INET6, v6[to], &in6.sin6_addr);
	if (is6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_CHECKSUM, &at, sizeof(at));
	for (int i = 0; i < count && !error; i++) {
		segment.th_sport = htons(10000 + i);
		segment.th_seq = htonl(i);
		checksum(&segment, v4[C], v4[to]);
		if (sendto(fd, &segment, sizeof(segment), 0,
			   is6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in4,
			   is6 ? sizeof(in6) : sizeof(in4)) < 0)
			error = errno;
	}
	close(fd);
	return error;
}

TEST_F_TIMEOUT(refusing, answers_no_more_than_so_many_at_once_and_a_second, 120)
{
	const int count = 3000 * machine_slowness();

	ASSERT_RUN(refusing_new());
	for (int is6 = 0; is6 < 2; is6++) {
		int fd = listen_raw(NS(C), is6 ? AF_INET6 : AF_INET, IPPROTO_TCP);
		struct answers answers;
		uint64_t rejected, took;

		/* The neighbours know each other, and the bucket is full. */
		ASSERT_EQ(0, try_ping(NS(C), (is6 ? v6 : v4)[B]));
		pause_ms(200);
		ASSERT_EQ(0, namespace_set(NS(HOST)));
		rejected = path_counter(LBMESH_A_PATH_REJECTED);
		took = now_ms();
		ASSERT_EQ(0, send_syns(NS(C), B, is6, count));
		took = now_ms() - took;
		answers = answers_read(fd, is6 ? is_reset6 : is_reset4);
		ASSERT_EQ(0, namespace_set(NS(HOST)));
		/* All of them are dropped and counted. */
		EXPECT_EQ(rejected + count, path_counter(LBMESH_A_PATH_REJECTED));
		TH_LOG("%d SYNs in %u ms, %d RSTs", count, (unsigned int)took, answers.count);
		EXPECT_LE(100, answers.count);
		EXPECT_GE(100 + took + 2, answers.count);
		/* Or nothing was limited. */
		EXPECT_GT(count, answers.count);
		close(fd);
	}
}

/* --- Who is never told ---------------------------------------------------------------- */

/* TCP instead of a datagram in the frame of udp4(). */
static void make_tcp(uint8_t *frame, const char *to)
{
	struct tcphdr segment = {
		.th_sport = htons(99), .th_dport = htons(54), .th_off = 5, .th_flags = TH_SYN,
	};

	checksum(&segment, v4[A], to);
	frame[9] = IPPROTO_TCP;
	memcpy(frame + 20, &segment, sizeof(segment));
}

static void address_frame(uint8_t *frame, const char *to)
{
	inet_pton(AF_INET, to, frame + 16);
	ipv4_checksum(frame);
}

/* To all, or to many; also where the frame says that it is for this host alone. */
TEST_F(refusing, answers_nothing_that_was_sent_to_many)
{
	static const char *const many[] = { "255.255.255.255", "10.7.1.255", "224.0.0.1" };
	int errors = listen_raw(NS(A), AF_INET, IPPROTO_ICMP);
	int resets = listen_raw(NS(A), AF_INET, IPPROTO_TCP);
	uint64_t rejected;
	uint8_t frame[256];
	size_t size;

	ASSERT_EQ(0, host_mac_read(NS(HOST)));
	ASSERT_RUN(refusing_new());
	ASSERT_EQ(0, try_ping(NS(A), "10.7.1.1"));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	rejected = path_counter(LBMESH_A_PATH_REJECTED);
	for (int tcp = 0; tcp < 2; tcp++)
	for (size_t i = 0; i < 3; i++) {
		size = udp4(frame, 5, 0, tcp ? 4 : 0) + (tcp ? 4 : 0);
		if (tcp)
			make_tcp(frame, many[i]);
		address_frame(frame, many[i]);
		ASSERT_EQ(0, namespace_set(NS(A)));
		ASSERT_EQ(0, send_frame("eth0", ETH_P_IP, frame, size));
	}
	EXPECT_EQ(0, answers_read(errors, is_error4).count);
	EXPECT_EQ(0, answers_read(resets, is_reset4).count);
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	/* They were refused all the same. */
	EXPECT_EQ(rejected + 6, path_counter(LBMESH_A_PATH_REJECTED));
	/* What was sent to one is answered, made the same way. */
	size = udp4(frame, 5, 0, 4) + 4;
	make_tcp(frame, "10.7.1.1");
	address_frame(frame, "10.7.1.1");
	ASSERT_EQ(0, namespace_set(NS(A)));
	ASSERT_EQ(0, send_frame("eth0", ETH_P_IP, frame, size));
	EXPECT_EQ(1, answers_read(resets, is_reset4).count);
	ASSERT_EQ(0, send_datagrams(NS(A), "10.7.1.1", 53, 1));
	EXPECT_EQ(1, answers_read(errors, is_error4).count);
	close(errors);
	close(resets);
}

/* An error about a datagram of a flow, by the one who got it. */
static int send_error_about(int ns, const char *to, uint16_t from_port)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	uint8_t error[8 + 28] = { ICMP_UNREACH, ICMP_UNREACH_PORT };
	struct iphdr *ip = (struct iphdr *)(error + 8);
	int fd, ret;

	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 60;
	ip->protocol = IPPROTO_UDP;
	ip->tot_len = htons(28);
	inet_pton(AF_INET, v4[B], &ip->saddr);
	inet_pton(AF_INET, v4[C], &ip->daddr);
	error[28] = from_port >> 8;
	error[29] = from_port;
	error[31] = 53;
	error[33] = 8;
	inet_pton(AF_INET, to, &in4.sin_addr);
	must(namespace_set(ns));
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	ret = sendto(fd, error, sizeof(error), 0, (struct sockaddr *)&in4, sizeof(in4)) < 0 ?
	      errno : 0;
	close(fd);
	return ret;
}

TEST_F(refusing, answers_no_error_and_no_reset)
{
	struct lbmesh_commit *commit = both_new();
	int errors, resets, datagrams, stream;
	struct sockaddr_in own;
	socklen_t length = sizeof(own);
	uint64_t rejected;

	add_rule(commit, .layer = 2, .id = 1, .position = 1, .action = LBMESH_ACTION_ALLOW);
	ASSERT_RUN(commit);
	/* The error has no checksum. */
	ASSERT_EQ(0, sh("echo 0 >/proc/sys/net/netfilter/nf_conntrack_checksum"));
	errors = listen_raw(NS(C), AF_INET, IPPROTO_ICMP);
	resets = listen_raw(NS(C), AF_INET, IPPROTO_TCP);
	datagrams = datagrams_open(NS(B), v4[C], 53);
	stream = stream_open(NS(C), v4[B], 80);
	ASSERT_LE(0, datagrams);
	ASSERT_LE(0, stream);
	ASSERT_EQ(0, getsockname(datagrams, (struct sockaddr *)&own, &length));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	commit = delta(self->conn);
	add_rule(commit, .layer = 2, .id = 1, .position = 1, .action = LBMESH_ACTION_REJECT);
	ASSERT_RUN(commit);
	rejected = path_counter(LBMESH_A_PATH_REJECTED);
	/* The flow is b's, and c says that nobody is there. */
	ASSERT_EQ(0, send_error_about(NS(C), v4[B], ntohs(own.sin_port)));
	EXPECT_EQ(0, answers_read(errors, is_error4).count);
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	EXPECT_EQ(rejected + 1, path_counter(LBMESH_A_PATH_REJECTED));
	/* A stream that is closed so ends with a RST. */
	close(stream);
	EXPECT_EQ(0, answers_read(resets, is_reset4).count);
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	EXPECT_EQ(rejected + 2, path_counter(LBMESH_A_PATH_REJECTED));
	close(datagrams);
	close(errors);
	close(resets);
}

TEST_HARNESS_MAIN
