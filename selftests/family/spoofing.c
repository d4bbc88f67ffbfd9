// SPDX-License-Identifier: GPL-2.0
/*
 * The port, frame by frame: what a hostile sandbox makes itself, and what others would send to it. Each
 * frame passes or is dropped, for the reason that is counted, and nothing else is. Then fragments, which
 * pass the port and are judged once they are put together.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <poll.h>
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

/* What becomes of a frame; but for the first, as the kernel counts it. */
#define PASSES 0
#define SPOOFED LBMESH_A_PATH_SPOOFED
#define NOBODY LBMESH_A_PATH_NO_ENDPOINT
#define MALFORMED LBMESH_A_PATH_MALFORMED
#define FATES (LBMESH_A_PATH_MAX + 1)

/* The host's own addresses at a, and a link-local one of each. */
#define GATEWAY4 "10.7.1.1"
#define GATEWAY6 "fd07:1::1"
#define LINK_LOCAL "fe80::2"

FIXTURE(spoofing)
{
	struct lbmesh *conn;
	struct lbmesh_result result;
	struct boxes boxes;
};

#define NS(box) self->boxes.ns[box]
#define ASSERT_RUN(commit) \
	ASSERT_EQ(0, run(self->conn, commit, &self->result)) \
		TH_LOG("\"%s\"", self->result.error.message)

FIXTURE_SETUP(spoofing)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, boxes_make(&self->boxes));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
}

FIXTURE_TEARDOWN(spoofing)
{
	boxes_end(&self->boxes);
	lbmesh_close(self->conn);
}

/* --- Frames ----------------------------------------------------------------------------------- */

static uint8_t frame[512];

static size_t ipv4(const char *from, const char *to)
{
	size_t size = udp4(frame, 5, 0, 0);

	inet_pton(AF_INET, from, frame + 12);
	inet_pton(AF_INET, to, frame + 16);
	ipv4_checksum(frame);
	return size;
}

static size_t ipv6(const char *from, const char *to, int header)
{
	size_t size = udp6(frame, header);

	inet_pton(AF_INET6, from, frame + 8);
	inet_pton(AF_INET6, to, frame + 24);
	return size;
}

/* Neighbour discovery; a target of NULL ends the message before it. */
static size_t discovery(uint8_t type, const char *from, const char *to, const char *target)
{
	size_t payload = target ? 24 : 8;

	ipv6(from, to, -1);
	frame[5] = payload;
	frame[6] = IPPROTO_ICMPV6;
	frame[7] = 255;
	memset(frame + 40, 0, payload);
	frame[40] = type;
	if (target)
		inet_pton(AF_INET6, target, frame + 48);
	return 40 + payload;
}

/* The same behind a fragment header. */
static size_t fragmented(size_t size)
{
	memmove(frame + 48, frame + 40, size - 40);
	memset(frame + 40, 0, 8);
	frame[40] = frame[6];
	frame[6] = IPPROTO_FRAGMENT;
	frame[5] += 8;
	return size + 8;
}

static size_t arp(uint16_t operation, const char *sender, const char *target)
{
	memset(frame, 0, 28);
	memcpy(frame, (uint8_t []){ 0, 1, 8, 0, 6, 4, operation >> 8, operation }, 8);
	memset(frame + 8, 2, 6);
	inet_pton(AF_INET, sender, frame + 14);
	inet_pton(AF_INET, target, frame + 24);
	return 28;
}

/* The frame of this size with a byte that is another. */
static size_t with(size_t size, size_t at, uint8_t byte)
{
	frame[at] = byte;
	return size;
}

/* --- What becomes of them ----------------------------------------------------------------------- */

static void counters_read(uint64_t counters[FATES])
{
	counters[PASSES] = 0;
	for (uint16_t type = 1; type < FATES; type++)
		counters[type] = path_counter(type);
}

/* Whether it is the frame that was sent that comes up at the other end. */
static bool comes_up(int fd, size_t size)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint8_t buffer[2048];

	while (poll(&pfd, 1, 50 * machine_slowness()) == 1) {
		ssize_t length = recv(fd, buffer, sizeof(buffer), 0);

		if (length >= (ssize_t)size && memcmp(buffer, frame, size) == 0)
			return true;
	}
	return false;
}

/* Sends the frame from a, or from the host to a, and looks whether it passes and what is counted. */
static void meets(struct __test_metadata *_metadata, FIXTURE_DATA(spoofing) *self, const char *what,
		  bool to_a, uint16_t type, size_t size, int fate)
{
	uint64_t before[FATES], after[FATES];
	int fd, err;
	bool came;

	ASSERT_EQ(0, namespace_set(NS(to_a ? A : HOST)));
	fd = listen_frames(to_a ? "eth0" : "va", type);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	counters_read(before);
	ASSERT_EQ(0, namespace_set(NS(to_a ? HOST : A)));
	err = send_frame(to_a ? "va" : "eth0", type, frame, size);
	/* Who sends on the host is told. */
	ASSERT_EQ(to_a && fate != PASSES ? -ENOBUFS : 0, err) TH_LOG("%s", what);
	came = comes_up(fd, size);
	close(fd);
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	counters_read(after);
	EXPECT_EQ(fate == PASSES, came) TH_LOG("%s", what);
	for (uint16_t i = LBMESH_A_PATH_SPOOFED; i < FATES; i++) {
		/* What the hooks say of what has passed is another matter. */
		if (i == LBMESH_A_PATH_NO_STATE)
			continue;
		EXPECT_EQ(before[i] + (i == fate), after[i]) TH_LOG("%s: counter %u", what, i);
	}
}

#define FROM(type, size, fate) \
	meets(_metadata, self, "from: " #size, false, type, size, fate)
#define TO(type, size, fate) \
	meets(_metadata, self, "to: " #size, true, type, size, fate)

#define READY(commit) do { \
	ASSERT_EQ(0, host_mac_read(NS(HOST))); \
	ASSERT_EQ(0, boxes_be_silent(&self->boxes)); \
	ASSERT_EQ(0, namespace_set(NS(HOST))); \
	ASSERT_RUN(commit); \
} while (0)

TEST_F(spoofing, of_arp_is_dropped)
{
	READY(both_new());
	FROM(ETH_P_ARP, arp(1, v4[A], GATEWAY4), PASSES);
	FROM(ETH_P_ARP, arp(2, v4[A], GATEWAY4), PASSES);
	/* Gratuitous, both ways to say it, and a probe (RFC 5227). */
	FROM(ETH_P_ARP, arp(1, v4[A], v4[A]), PASSES);
	FROM(ETH_P_ARP, arp(2, v4[A], v4[A]), PASSES);
	FROM(ETH_P_ARP, arp(1, "0.0.0.0", v4[A]), PASSES);
	/* Nobody may defend an address that is not his, or ask whether it is in use. */
	FROM(ETH_P_ARP, arp(1, "0.0.0.0", GATEWAY4), SPOOFED);
	FROM(ETH_P_ARP, arp(2, "0.0.0.0", v4[A]), SPOOFED);
	FROM(ETH_P_ARP, arp(2, GATEWAY4, GATEWAY4), SPOOFED);
	FROM(ETH_P_ARP, arp(1, GATEWAY4, GATEWAY4), SPOOFED);
	FROM(ETH_P_ARP, arp(2, GATEWAY4, v4[A]), SPOOFED);
	FROM(ETH_P_ARP, arp(1, v4[B], GATEWAY4), SPOOFED);
	FROM(ETH_P_ARP, arp(2, v4[B], GATEWAY4), SPOOFED);
	/* RARP, and what is no ARP for IPv4 over Ethernet. */
	FROM(ETH_P_ARP, arp(3, v4[A], GATEWAY4), MALFORMED);
	FROM(ETH_P_ARP, with(arp(1, v4[A], GATEWAY4), 3, 1), MALFORMED);
	FROM(ETH_P_ARP, with(arp(1, v4[A], GATEWAY4), 4, 8), MALFORMED);
	FROM(ETH_P_ARP, with(arp(1, v4[A], GATEWAY4), 5, 16), MALFORMED);
	FROM(ETH_P_ARP, arp(1, v4[A], GATEWAY4) - 8, MALFORMED);
	TO(ETH_P_ARP, arp(1, GATEWAY4, v4[A]), PASSES);
	TO(ETH_P_ARP, arp(2, GATEWAY4, v4[A]), PASSES);
	TO(ETH_P_ARP, arp(1, GATEWAY4, "10.7.1.77"), NOBODY);
	TO(ETH_P_ARP, arp(1, GATEWAY4, GATEWAY4), NOBODY);
}

TEST_F(spoofing, of_neighbour_discovery_is_dropped)
{
	READY(both_new());
	/* Solicitations. */
	FROM(ETH_P_IPV6, discovery(133, v6[A], "ff02::2", NULL), PASSES);
	FROM(ETH_P_IPV6, discovery(133, "::", "ff02::2", NULL), PASSES);
	FROM(ETH_P_IPV6, discovery(133, LINK_LOCAL, "ff02::2", NULL), PASSES);
	FROM(ETH_P_IPV6, discovery(133, v6[B], "ff02::2", NULL), SPOOFED);
	FROM(ETH_P_IPV6, discovery(133, GATEWAY6, "ff02::2", NULL), SPOOFED);
	FROM(ETH_P_IPV6, discovery(135, v6[A], "ff02::1:ff00:1", GATEWAY6), PASSES);
	FROM(ETH_P_IPV6, discovery(135, LINK_LOCAL, GATEWAY6, GATEWAY6), PASSES);
	FROM(ETH_P_IPV6, discovery(135, "::", "ff02::1:ff00:2", v6[A]), PASSES);
	FROM(ETH_P_IPV6, discovery(135, v6[B], "ff02::1:ff00:1", GATEWAY6), SPOOFED);
	FROM(ETH_P_IPV6, discovery(135, GATEWAY6, "ff02::1:ff00:2", v6[A]), SPOOFED);
	/* Advertisements. */
	FROM(ETH_P_IPV6, discovery(136, v6[A], GATEWAY6, v6[A]), PASSES);
	FROM(ETH_P_IPV6, discovery(136, LINK_LOCAL, "ff02::1", v6[A]), PASSES);
	FROM(ETH_P_IPV6, discovery(136, LINK_LOCAL, GATEWAY6, LINK_LOCAL), PASSES);
	FROM(ETH_P_IPV6, discovery(136, v6[A], GATEWAY6, GATEWAY6), SPOOFED);
	FROM(ETH_P_IPV6, discovery(136, LINK_LOCAL, "ff02::1", GATEWAY6), SPOOFED);
	FROM(ETH_P_IPV6, discovery(136, v6[A], "ff02::1", v6[B]), SPOOFED);
	FROM(ETH_P_IPV6, discovery(136, v6[B], "ff02::1", v6[A]), SPOOFED);
	FROM(ETH_P_IPV6, discovery(136, v6[A], "ff02::1", NULL), SPOOFED);
	/* A sandbox is no router. */
	FROM(ETH_P_IPV6, discovery(134, LINK_LOCAL, "ff02::1", v6[A]), SPOOFED);
	FROM(ETH_P_IPV6, discovery(134, v6[A], "ff02::1", v6[A]), SPOOFED);
	FROM(ETH_P_IPV6, discovery(137, LINK_LOCAL, GATEWAY6, v6[A]), SPOOFED);
	/* RFC 6980, and less than a header. */
	FROM(ETH_P_IPV6, fragmented(discovery(135, v6[A], "ff02::1:ff00:1", GATEWAY6)), MALFORMED);
	FROM(ETH_P_IPV6, with(discovery(133, v6[A], "ff02::2", NULL), 5, 4) - 4, MALFORMED);
	TO(ETH_P_IPV6, discovery(135, GATEWAY6, "ff02::1:ff00:2", v6[A]), PASSES);
	TO(ETH_P_IPV6, discovery(134, LINK_LOCAL, "ff02::1", NULL), PASSES);
	TO(ETH_P_IPV6, discovery(136, GATEWAY6, v6[A], GATEWAY6), PASSES);
	TO(ETH_P_IPV6, discovery(135, GATEWAY6, "fd07:1::77", v6[A]), NOBODY);
	TO(ETH_P_IPV6, discovery(134, LINK_LOCAL, "ff05::1", NULL), NOBODY);
}

TEST_F(spoofing, of_ipv4_is_dropped_and_so_is_what_is_malformed)
{
	READY(both_new());
	FROM(ETH_P_IP, ipv4(v4[A], v4[C]), PASSES);
	FROM(ETH_P_IP, ipv4(v4[A], "255.255.255.255"), PASSES);
	FROM(ETH_P_IP, ipv4(v4[B], v4[C]), SPOOFED);
	FROM(ETH_P_IP, ipv4(GATEWAY4, v4[C]), SPOOFED);
	FROM(ETH_P_IP, ipv4("127.0.0.1", v4[C]), SPOOFED);
	/* As DHCP does. */
	FROM(ETH_P_IP, ipv4("0.0.0.0", "255.255.255.255"), SPOOFED);
	FROM(ETH_P_IP, udp4(frame, 6, 0, 0), MALFORMED);
	FROM(ETH_P_IP, udp4(frame, 15, 0, 0), MALFORMED);
	FROM(ETH_P_IP, with(ipv4(v4[A], v4[C]), 0, 0x44), MALFORMED);
	FROM(ETH_P_IP, with(ipv4(v4[A], v4[C]), 0, 0x65), MALFORMED);
	FROM(ETH_P_IP, udp4(frame, 5, 0, 1), MALFORMED);
	FROM(ETH_P_IP, udp4(frame, 5, 0, -17), MALFORMED);
	FROM(ETH_P_IP, ipv4(v4[A], v4[C]) - 20, MALFORMED);
	/* A later fragment has its source, too. */
	FROM(ETH_P_IP, udp4(frame, 5, 2, 0), PASSES);
	FROM(ETH_P_IP, with(udp4(frame, 5, 2, 0), 15, 77), SPOOFED);
	TO(ETH_P_IP, ipv4(v4[C], v4[A]), PASSES);
	TO(ETH_P_IP, ipv4(v4[C], "10.7.1.77"), NOBODY);
	TO(ETH_P_IP, ipv4(v4[C], "10.7.1.255"), NOBODY);
	TO(ETH_P_IP, ipv4(v4[C], "255.255.255.255"), NOBODY);
	TO(ETH_P_IP, ipv4(v4[C], "224.0.0.1"), NOBODY);
}

TEST_F(spoofing, of_ipv6_is_dropped_and_so_is_what_is_malformed)
{
	READY(both_new());
	FROM(ETH_P_IPV6, ipv6(v6[A], v6[C], -1), PASSES);
	FROM(ETH_P_IPV6, ipv6(v6[A], v6[C], IPPROTO_DSTOPTS), PASSES);
	FROM(ETH_P_IPV6, ipv6(v6[A], v6[C], IPPROTO_FRAGMENT), PASSES);
	FROM(ETH_P_IPV6, ipv6(v6[B], v6[C], -1), SPOOFED);
	FROM(ETH_P_IPV6, ipv6(GATEWAY6, v6[C], -1), SPOOFED);
	FROM(ETH_P_IPV6, ipv6("::", v6[C], -1), SPOOFED);
	FROM(ETH_P_IPV6, ipv6("::1", v6[C], -1), SPOOFED);
	/* On the link only for neighbour discovery. */
	FROM(ETH_P_IPV6, ipv6(LINK_LOCAL, GATEWAY6, -1), SPOOFED);
	FROM(ETH_P_IPV6, ipv6("::ffff:10.7.1.2", v6[C], -1), SPOOFED);
	FROM(ETH_P_IPV6, ipv6(v6[A], v6[C], IPPROTO_HOPOPTS), MALFORMED);
	FROM(ETH_P_IPV6, ipv6(v6[A], v6[C], IPPROTO_ROUTING), MALFORMED);
	FROM(ETH_P_IPV6, with(ipv6(v6[A], v6[C], IPPROTO_DSTOPTS), 40, IPPROTO_ROUTING), MALFORMED);
	FROM(ETH_P_IPV6, with(ipv6(v6[A], v6[C], IPPROTO_FRAGMENT), 40, IPPROTO_HOPOPTS), MALFORMED);
	FROM(ETH_P_IPV6, fragmented(ipv6(v6[A], v6[C], IPPROTO_FRAGMENT)), MALFORMED);
	FROM(ETH_P_IPV6, with(ipv6(v6[A], v6[C], -1), 0, 0x45), MALFORMED);
	/* More than there is, options that lead beyond the end, and nothing behind the header. */
	FROM(ETH_P_IPV6, with(ipv6(v6[A], v6[C], -1), 5, 17), MALFORMED);
	FROM(ETH_P_IPV6, with(ipv6(v6[A], v6[C], IPPROTO_DSTOPTS), 41, 9), MALFORMED);
	FROM(ETH_P_IPV6, with(ipv6(v6[A], v6[C], -1), 5, 0) - 16, MALFORMED);
	FROM(ETH_P_IPV6, ipv6(v6[A], v6[C], -1) - 20, MALFORMED);
	/* The first fragment without all of its headers. */
	FROM(ETH_P_IPV6, with(ipv6(v6[A], v6[C], IPPROTO_FRAGMENT), 5, 8) - 16, MALFORMED);
	/* Of a later one nothing but the source is looked at. */
	FROM(ETH_P_IPV6, with(ipv6(v6[A], v6[C], IPPROTO_FRAGMENT), 43, 8), PASSES);
	FROM(ETH_P_IPV6, with(ipv6(v6[B], v6[C], IPPROTO_FRAGMENT), 43, 8), SPOOFED);
	TO(ETH_P_IPV6, ipv6(v6[C], v6[A], -1), PASSES);
	TO(ETH_P_IPV6, ipv6(v6[C], "fd07:1::77", -1), NOBODY);
	TO(ETH_P_IPV6, ipv6(v6[C], "ff02::1", -1), NOBODY);
	TO(ETH_P_IPV6, ipv6(v6[C], v6[A], IPPROTO_HOPOPTS), MALFORMED);
}

TEST_F(spoofing, of_other_protocols_is_dropped_whatever_they_are)
{
	static const uint16_t types[] = {
		ETH_P_8021AD, ETH_P_MPLS_UC, ETH_P_LLDP, ETH_P_PPP_SES, ETH_P_RARP, ETH_P_TEB, 0x88b5,
	};
	size_t size;

	READY(both_new());
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		size = ipv4(v4[A], v4[C]);
		FROM(types[i], size, MALFORMED);
		size = ipv4(v4[C], v4[A]);
		TO(types[i], size, MALFORMED);
	}
	/* A tag for a VLAN, or only for a priority, with what would pass without it. */
	for (uint8_t vlan = 0; vlan < 8; vlan += 7) {
		size = ipv4(v4[A], v4[C]);
		memmove(frame + 4, frame, size);
		memcpy(frame, (uint8_t []){ 0, vlan, 8, 0 }, 4);
		FROM(ETH_P_8021Q, size + 4, MALFORMED);
	}
}

TEST_F(spoofing, of_ipv6_is_all_of_ipv6_where_a_sandbox_has_none)
{
	struct lbmesh_commit *commit = replace_new();

	put_sandbox(commit, A, false, 0);
	READY(commit);
	FROM(ETH_P_IP, ipv4(v4[A], v4[C]), PASSES);
	FROM(ETH_P_IPV6, ipv6(v6[A], v6[C], -1), SPOOFED);
	FROM(ETH_P_IPV6, discovery(133, "::", "ff02::2", NULL), SPOOFED);
	FROM(ETH_P_IPV6, discovery(135, LINK_LOCAL, "ff02::1:ff00:1", GATEWAY6), SPOOFED);
	FROM(ETH_P_IPV6, discovery(136, v6[A], GATEWAY6, v6[A]), SPOOFED);
	TO(ETH_P_IPV6, ipv6(v6[C], v6[A], -1), NOBODY);
	TO(ETH_P_IPV6, discovery(134, LINK_LOCAL, "ff02::1", NULL), NOBODY);
	TO(ETH_P_IPV6, discovery(135, GATEWAY6, "ff02::1:ff00:2", v6[A]), NOBODY);
}

/* --- Fragments --------------------------------------------------------------------------------- */

/* Part of a datagram from a to c, whose UDP header has a port; offset and size are multiples of 8. */
static size_t part(bool is6, uint16_t id, uint16_t port, size_t offset, size_t size, bool more)
{
	uint8_t datagram[64] = { 0, 99, port >> 8, port, 0, 48, 0, 0 };
	size_t head = is6 ? 48 : 20;

	if (is6) {
		ipv6(v6[A], v6[C], IPPROTO_FRAGMENT);
		frame[5] = 8 + size;
		frame[42] = offset >> 8;
		frame[43] = offset | more;
		frame[46] = id >> 8;
		frame[47] = id;
	} else {
		udp4(frame, 5, more << 13 | offset / 8, (int)size - 16);
		frame[4] = id >> 8;
		frame[5] = id;
		ipv4_checksum(frame);
	}
	memcpy(frame + head, datagram + offset, size);
	return head + size;
}

/*
 * What has become of datagrams to c: UDP that came there, wherever to and with whatever checksum, and what the firewall
 * denied.
 */
struct sum {
	uint64_t arrived, denied;
};

static struct sum sum_read(int host, int c)
{
	char text[32] = "";
	struct sum sum;

	must(namespace_set(c));
	must(sh_read(text, sizeof(text),
		     "cat /proc/net/snmp /proc/net/snmp6 | awk '/^Udp: [0-9]/ { n += $2 + $3 + $4 } "
		     "/^Udp6(InDatagrams|NoPorts|InErrors)/ { n += $2 } END { print n }'"));
	sum.arrived = strtoull(text, NULL, 10);
	must(namespace_set(host));
	sum.denied = path_counter(LBMESH_A_PATH_DENIED);
	return sum;
}

struct piece {
	uint16_t port;
	uint8_t offset, size;
	bool more;
};

TEST_F(spoofing, with_fragments_gets_nothing_past_the_rules)
{
	/* Two pieces each; what becomes of the datagram: 1 allowed, 0 denied, -1 never put together. */
	static const struct { struct piece piece[2]; int fate; const char *what; } cases[] = {
		{ { { 53, 0, 24, true }, { 53, 24, 24, false } }, 1, "in order" },
		{ { { 53, 24, 24, false }, { 53, 0, 24, true } }, 1, "the last one first" },
		{ { { 54, 0, 24, true }, { 54, 24, 24, false } }, 0, "to a port that is denied" },
		{ { { 54, 24, 24, false }, { 54, 0, 8, true } }, -1, "with a gap" },
		{ { { 53, 24, 24, false }, { 53, 32, 16, false } }, -1, "without the first" },
		{ { { 53, 0, 24, true }, { 54, 0, 32, true } }, -1, "overlapping, another port" },
		{ { { 53, 24, 24, false }, { 54, 0, 32, true } }, -1, "overlapping, the first one last" },
		{ { { 53, 0, 32, true }, { 54, 24, 24, false } }, -1, "overlapping in the middle" },
	};
	struct lbmesh_commit *commit = both_new();
	uint8_t id = 1;

	add_rule(commit, .layer = 1, .id = 1, .position = 1, EGRESS, .action = LBMESH_ACTION_DENY,
		 PROTOCOL(IPPROTO_UDP), PORT(54));
	ASSERT_RUN(commit);
	ASSERT_EQ(0, try_ping(NS(A), v4[C]));
	ASSERT_EQ(0, try_ping(NS(A), v6[C]));
	ASSERT_EQ(0, host_mac_read(NS(HOST)));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	/* IPv6 wants a checksum of UDP, which is not what this is about. */
	ASSERT_EQ(0, sh("echo 0 >/proc/sys/net/netfilter/nf_conntrack_checksum"));
	pause_ms(100 * machine_slowness());
	for (int is6 = 0; is6 < 2; is6++)
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sum before, after;

		before = sum_read(NS(HOST), NS(C));
		id++;
		for (int p = 0; p < 2; p++) {
			const struct piece *piece = &cases[i].piece[p];
			size_t size = part(is6, id, piece->port, piece->offset, piece->size,
					   piece->more);

			ASSERT_EQ(0, namespace_set(NS(A)));
			ASSERT_EQ(0, send_frame("eth0", is6 ? ETH_P_IPV6 : ETH_P_IP, frame, size));
		}
		pause_ms(30 * machine_slowness());
		after = sum_read(NS(HOST), NS(C));
		/* A busy machine takes its time. */
		for (int wait = 0; cases[i].fate == 1 && after.arrived == before.arrived && wait < 50; wait++) {
			pause_ms(20 * machine_slowness());
			after = sum_read(NS(HOST), NS(C));
		}
		EXPECT_EQ(before.arrived + (cases[i].fate == 1), after.arrived)
			TH_LOG("%s, IPv6 %d", cases[i].what, is6);
		EXPECT_EQ(before.denied + (cases[i].fate == 0), after.denied)
			TH_LOG("%s, IPv6 %d", cases[i].what, is6);
	}
}

TEST_HARNESS_MAIN
