// SPDX-License-Identifier: GPL-2.0
/*
 * Packets without a state. When connection tracking is full it drops the first packet of a new flow
 * itself, long before us; what is there goes on. What it takes for invalid, or was told not to track, comes
 * to us, is dropped whatever the rules say, and counted.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/lbmesh.h>

#include "boxes.h"
#include "kselftest_harness.h"
#include "policy.h"

/* Streams that fill the table. */
#define STREAMS 8

FIXTURE(untracked)
{
	struct lbmesh *conn;
	struct lbmesh_result result;
	struct boxes boxes;
	int first;
	/* What the table holds when nobody says otherwise. */
	char max[32];
};

#define NS(box) self->boxes.ns[box]
#define ASSERT_RUN(commit) \
	ASSERT_EQ(0, run(self->conn, commit, &self->result)) \
		TH_LOG("\"%s\"", self->result.error.message)

#define MAX "/proc/sys/net/netfilter/nf_conntrack_max"

FIXTURE_SETUP(untracked)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	/* Only there may the limit be set, which is that of each namespace. */
	self->first = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->first);
	ASSERT_EQ(0, boxes_make(&self->boxes));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
	ASSERT_EQ(0, namespace_set(self->first));
	ASSERT_EQ(0, sh_read(self->max, sizeof(self->max), "cat " MAX));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
}

FIXTURE_TEARDOWN(untracked)
{
	if (self->max[0]) {
		namespace_set(self->first);
		sh("echo %s >" MAX, self->max);
	}
	close(self->first);
	boxes_end(&self->boxes);
	lbmesh_close(self->conn);
}

/* Everything is allowed. */
static struct lbmesh_commit *open_new(void)
{
	struct lbmesh_commit *commit = both_new();

	for (uint32_t layer = 1; layer <= 2; layer++)
		add_rule(commit, .layer = layer, .id = 1, .position = 1,
			 .action = LBMESH_ACTION_ALLOW);
	return commit;
}

/* --- Full -------------------------------------------------------------------------- */

/* First packets that connection tracking has dropped in the present namespace, on all CPUs. */
static unsigned long full_drops(void)
{
	char text[32];

	must(sh_read(text, sizeof(text), "conntrack -S | sed 's/.* drop=\\([0-9]*\\).*/\\1/' |"
		     "awk '{ n += $1 } END { print n }'") ? -EIO : 0);
	return strtoul(text, NULL, 10);
}

TEST_F_TIMEOUT(untracked, new_flows_fail_when_the_table_is_full_and_the_others_go_on, 120)
{
	unsigned long drops;
	uint64_t allowed;
	int stream[STREAMS];
	char count[32];

	ASSERT_RUN(open_new());
	ASSERT_EQ(0, try_ping(NS(A), v4[B]));
	for (int i = 0; i < STREAMS; i++) {
		stream[i] = stream_open(NS(i % 2 ? A : C), (i & 4 ? v6 : v4)[B], 80);
		ASSERT_LE(0, stream[i]);
	}
	/* What is not established may be pushed out by a new flow, and so is not in the way. */
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	sh_try("conntrack -D -p icmp; conntrack -D -p udp; conntrack -D -p icmpv6 -f ipv6");
	ASSERT_EQ(0, sh_read(count, sizeof(count), "cat /proc/sys/net/netfilter/nf_conntrack_count"));
	EXPECT_EQ(STREAMS, atoi(count));
	ASSERT_EQ(0, namespace_set(self->first));
	ASSERT_EQ(0, sh("echo %d >" MAX, STREAMS - 1));
	packets_settle(NS(HOST));
	drops = full_drops();
	allowed = path_counter(LBMESH_A_PATH_ALLOWED);
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(C), v4[B], 80));
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(A), v6[B], 80));
	EXPECT_EQ(ETIMEDOUT, try_udp(NS(C), v4[B], 53));
	EXPECT_EQ(ETIMEDOUT, try_udp(NS(A), "10.7.1.1", 53));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	EXPECT_LE(drops + 4, full_drops());
	/* Nothing of them came to us, or through. */
	EXPECT_EQ(allowed, path_counter(LBMESH_A_PATH_ALLOWED));
	for (int i = 0; i < STREAMS; i++)
		EXPECT_EQ(0, echo(stream[i]));
	ASSERT_EQ(0, namespace_set(self->first));
	ASSERT_EQ(0, sh("echo %s >" MAX, self->max));
	EXPECT_EQ(0, try_tcp(NS(C), v4[B], 80));
	EXPECT_EQ(0, try_udp(NS(A), v6[B], 53));
	for (int i = 0; i < STREAMS; i++)
		close(stream[i]);
}

/* --- Absent ------------------------------------------------------------------------- */

#define NOTRACK \
	"nft add table inet raw '{ chain p { type filter hook prerouting priority raw; " \
	"meta l4proto { tcp, udp } notrack; }; chain o { type filter hook output priority raw; " \
	"meta l4proto { tcp, udp } notrack; }; }'"

TEST_F_TIMEOUT(untracked, packets_are_dropped_and_counted_whatever_the_rules_say, 120)
{
	static const struct { int from; const char *const *to; bool tcp; } cases[] = {
		{ C, v4, false }, { C, v6, true }, { A, v6, false }, { A, v4, true },
		{ HOST, v4, false }, { HOST, v6, true },
	};
	uint64_t without, allowed;
	int stream;

	ASSERT_RUN(open_new());
	stream = stream_open(NS(C), v4[B], 80);
	ASSERT_LE(0, stream);
	EXPECT_EQ(0, try_udp(NS(HOST), v4[B], 53));
	EXPECT_EQ(0, try_udp(NS(HOST), v6[B], 53));
	EXPECT_EQ(0, try_udp(NS(A), v6[B], 53));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	ASSERT_EQ(0, sh(NOTRACK));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *to = cases[i].to[B];
		int error;

		without = path_counter(LBMESH_A_PATH_NO_STATE);
		error = cases[i].tcp ? try_tcp(NS(cases[i].from), to, 80) :
				       try_udp(NS(cases[i].from), to, 53);
		/* Who sends on the host is told. */
		EXPECT_TRUE(error == ETIMEDOUT || (error == EPERM && cases[i].from == HOST))
			TH_LOG("case %zu: %d", i, error);
		ASSERT_EQ(0, namespace_set(NS(HOST)));
		EXPECT_LT(without, path_counter(LBMESH_A_PATH_NO_STATE)) TH_LOG("case %zu", i);
	}
	/* A stream that is there loses its state, too, and finds it again. */
	packets_settle(NS(HOST));
	allowed = path_counter(LBMESH_A_PATH_ALLOWED);
	EXPECT_EQ(ETIMEDOUT, echo(stream));
	EXPECT_EQ(allowed, path_counter(LBMESH_A_PATH_ALLOWED));
	ASSERT_EQ(0, sh("nft delete table inet raw"));
	EXPECT_EQ(0, try_tcp(NS(C), v4[B], 80));
	EXPECT_EQ(0, echo(stream));
	close(stream);
}

/* --- Invalid ------------------------------------------------------------------------- */

static int send_raw(int ns, const char *to, int protocol, const void *data, size_t size)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	int fd, ret;

	must(namespace_set(ns));
	inet_pton(AF_INET, to, &in4.sin_addr);
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, protocol);
	ret = sendto(fd, data, size, 0, (struct sockaddr *)&in4, sizeof(in4)) < 0 ? errno : 0;
	close(fd);
	return ret;
}

/* Reports of multicast groups have no state either, and come at random for some seconds. */
#define NO_REPORTS \
	"nft add table ip6 quiet '{ chain o { type filter hook output priority 0; " \
	"icmpv6 type { mld-listener-report, mld2-listener-report, nd-router-solicit } drop; }; }'"

TEST_F(untracked, packets_that_belong_to_nothing_are_dropped_and_counted)
{
	struct icmphdr answer = { .type = ICMP_ECHOREPLY };
	struct tcphdr segment = {
		.th_sport = htons(7777), .th_dport = htons(80), .th_off = 5,
		.th_flags = TH_SYN | TH_FIN,
	};
	uint64_t without, allowed;

	ASSERT_RUN(open_new());
	ASSERT_EQ(0, sh("echo 0 >/proc/sys/net/netfilter/nf_conntrack_checksum"));
	for (int box = A; box <= HOST; box++) {
		ASSERT_EQ(0, namespace_set(NS(box)));
		ASSERT_EQ(0, sh(NO_REPORTS));
	}
	ASSERT_EQ(0, try_ping(NS(C), v4[B]));
	packets_settle(NS(HOST));
	without = path_counter(LBMESH_A_PATH_NO_STATE);
	allowed = path_counter(LBMESH_A_PATH_ALLOWED);
	ASSERT_EQ(0, send_raw(NS(C), v4[B], IPPROTO_ICMP, &answer, sizeof(answer)));
	ASSERT_EQ(0, send_raw(NS(C), v4[B], IPPROTO_TCP, &segment, sizeof(segment)));
	segment.th_flags = TH_RST;
	ASSERT_EQ(0, send_raw(NS(C), v4[B], IPPROTO_TCP, &segment, sizeof(segment)));
	/* An answer of a sandbox that nobody has asked. */
	ASSERT_EQ(0, send_raw(NS(A), v4[C], IPPROTO_ICMP, &answer, sizeof(answer)));
	pause_ms(50 * machine_slowness());
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	EXPECT_EQ(without + 4, path_counter(LBMESH_A_PATH_NO_STATE));
	EXPECT_EQ(allowed, path_counter(LBMESH_A_PATH_ALLOWED));
}

TEST_HARNESS_MAIN
