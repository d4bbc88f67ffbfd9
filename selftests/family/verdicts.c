// SPDX-License-Identifier: GPL-2.0
/*
 * What packets meet at the firewall: real ones, between the sandboxes of boxes.h and a namespace
 * that nobody has made an endpoint of.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boxes.h"
#include "frames.h"
#include "hosts.h"
#include "kselftest_harness.h"
#include "policy.h"

FIXTURE(verdicts)
{
	struct lbmesh *conn;
	struct lbmesh_result result;
	struct boxes boxes;
};

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

/* Waits for an event of a drop for this reason, of a packet of this family and protocol. */
static bool is_told(struct lbmesh *conn, enum lbmesh_reason reason, int family, int protocol,
		    struct lbmesh_event *event)
{
	struct pollfd pfd = { .fd = lbmesh_event_fd(conn), .events = POLLIN };

	while (poll(&pfd, 1, 500 * machine_slowness()) == 1) {
		while (lbmesh_event_next(conn, event, NULL) == 1) {
			const struct lbmesh_flow *flow = &event->judgement.flow;

			if (event->kind == LBMESH_EVENT_VERDICT &&
			    event->judgement.verdict.action == LBMESH_ACTION_DENY &&
			    event->judgement.verdict.reason == reason &&
			    flow->src.family == family && flow->has_protocol == !!family &&
			    (!family || flow->protocol == protocol))
				return true;
		}
	}
	return false;
}

/* --- Commits ---------------------------------------------------------------- */

#define ASSERT_RUN(commit) \
	ASSERT_EQ(0, run(self->conn, commit, &self->result)) \
		TH_LOG("\"%s\"", self->result.error.message)

/* --- The fixture ------------------------------------------------------------ */

FIXTURE_SETUP(verdicts)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, boxes_make(&self->boxes));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
}

FIXTURE_TEARDOWN(verdicts)
{
	boxes_end(&self->boxes);
	lbmesh_close(self->conn);
}

#define NS(box) self->boxes.ns[box]

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
		add_rule(commit, .layer = 1, .id = 1, .position = 1, .action = actions[a],
			 .has_direction = true, .direction = d, PROTOCOL(protocols[p]));
		add_rule(commit, .layer = 1, .id = 2, .position = 2, .action = actions[a],
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

	add_rule(commit, .layer = 2, .id = 1, .position = 20, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_TCP), PORT(80), .src = prefix_of("10.7.0.0/16"));
	add_rule(commit, .layer = 2, .id = 2, .position = 10, .action = LBMESH_ACTION_REJECT,
		 INGRESS, PROTOCOL(IPPROTO_TCP), .src = prefix_of("10.7.3.0/24"));
	add_rule(commit, .layer = 2, .id = 3, .position = 30, .action = LBMESH_ACTION_ALLOW,
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
	add_rule(commit, .layer = 2, .id = 2, .position = 25, .action = LBMESH_ACTION_REJECT,
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
	add_rule(commit, .layer = 7, .id = 1, .position = 1, .action = LBMESH_ACTION_PASS,
		 PROTOCOL(IPPROTO_TCP), PORT(80));
	add_rule(commit, .layer = 7, .id = 2, .position = 2, .action = LBMESH_ACTION_ALLOW,
		 PROTOCOL(IPPROTO_TCP), PORT(81));
	add_rule(commit, .layer = 7, .id = 3, .position = 3, .action = LBMESH_ACTION_DENY,
		 PROTOCOL(IPPROTO_TCP), PORT(80));
	add_rule(commit, .layer = 8, .id = 1, .position = 1, .action = LBMESH_ACTION_REJECT,
		 PROTOCOL(IPPROTO_TCP));
	add_rule(commit, .layer = 8, .id = 2, .position = 2, .action = LBMESH_ACTION_ALLOW,
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

	add_rule(commit, .layer = 2, .id = 1, .position = 1, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_TCP));
	add_rule(commit, .layer = 1, .id = 1, .position = 1, .action = LBMESH_ACTION_REJECT,
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
	add_rule(commit, .layer = 1, .id = 1, .position = 1, .action = LBMESH_ACTION_ALLOW,
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

	add_rule(commit, .layer = 2, .id = 1, .position = 1, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_TCP), PORT(80));
	ASSERT_RUN(commit);
	stream = stream_open(NS(C), v4[B], 80);
	ASSERT_LE(0, stream);
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(0, echo(stream));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	/* A change of something else does it no harm. */
	commit = delta(self->conn);
	add_rule(commit, .layer = 1, .id = 9, .position = 9, .action = LBMESH_ACTION_DENY);
	add_rule(commit, .layer = 2, .id = 9, .position = 9, .action = LBMESH_ACTION_DENY,
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

	add_rule(commit, .layer = 2, .id = 1, .position = 1, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_TCP), PORT(80));
	ASSERT_RUN(commit);
	stream = stream_open(NS(C), v6[B], 80);
	ASSERT_LE(0, stream);
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	commit = delta(self->conn);
	add_rule(commit, .layer = 2, .id = 1, .position = 1, .action = LBMESH_ACTION_REJECT,
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

	add_rule(commit, .layer = 2, .id = 1, .position = 1, .action = LBMESH_ACTION_ALLOW,
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
	struct lbmesh_event event = {};

	ASSERT_RUN(both_new());
	EXPECT_EQ(0, try_tcp(NS(A), v4[C], 80));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	if (sh_try("nft add table ip raw '{ chain p { type filter hook prerouting priority raw; "
		   "ip protocol udp notrack; }; }'"))
		SKIP(return, "nft does not work here");
	ASSERT_EQ(0, lbmesh_event_subscribe_verdicts(self->conn, NULL));
	EXPECT_EQ(ETIMEDOUT, try_udp(NS(A), v4[C], 53));
	EXPECT_EQ(0, try_tcp(NS(A), v4[C], 80));
	/* It is told by what the packet says of itself. */
	ASSERT_TRUE(is_told(self->conn, LBMESH_REASON_NO_STATE, AF_INET, IPPROTO_UDP, &event));
	EXPECT_EQ(1, event.judgement.verdict.endpoint);
	EXPECT_EQ(LBMESH_DIRECTION_EGRESS, event.judgement.flow.direction);
	EXPECT_EQ(53, event.judgement.flow.dst_port);
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
	add_rule(commit, .layer = 2, .id = 1, .position = 1, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_TCP), PORT(80), .dst = prefix_of("10.7.2.2/32"));
	add_rule(commit, .layer = 2, .id = 2, .position = 2, .action = LBMESH_ACTION_REJECT);
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

#define ARRIVES(type, frame, size) arrives(NS(A), NS(C), type, frame, size)

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

	add_rule(commit, .layer = 1, .id = 1, .position = 1, .action = LBMESH_ACTION_ALLOW,
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

TEST_F(verdicts, keeps_cached_verdicts_of_layers_that_do_not_change)
{
	struct lbmesh_commit *commit = both_new();
	struct lbmesh_cache before, after;
	int to_a, to_b;

	for (uint32_t layer = 1; layer <= 2; layer++)
		add_rule(commit, .layer = layer, .id = 1, .position = 1,
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
	add_rule(commit, .layer = 1, .id = 2, .position = 2, .action = LBMESH_ACTION_DENY);
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
	add_rule(commit, .layer = 1, .id = 1, .position = 1, .action = LBMESH_ACTION_ALLOW,
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

	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
		flow.has_src_port = flow.has_dst_port = false;
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

static const char *const everybody[] = { "10.7.1.2", "10.7.2.0/24", "10.7.3.2",
					 "fd07:1::2", "fd07:2::/64", "fd07:3::2" };

static struct lbmesh_selector random_selector(bool is6)
{
	static const char *const prefixes[2][4] = {
		{ "10.7.0.0/16", "10.7.1.0/24", "10.7.2.2/32", "10.7.3.0/24" },
		{ "fd07::/16", "fd07:1::/64", "fd07:2::2/128", "fd07:3::/64" },
	};

	switch (rand() % 5) {
	case 0:
		return prefix_of(NULL);
	case 1:
		return (struct lbmesh_selector){ .kind = LBMESH_SELECTOR_KEYWORD,
						 .keyword = rand() % 3 };
	case 2:
		return select_set(1 + rand() % 2);
	default:
		return prefix_of(prefixes[is6][rand() % 4]);
	}
}

/* Sets 1 and 2 have addresses of either family, or not. */
static void put_random_sets(struct lbmesh_commit *commit, const char *const addresses[], int count)
{
	for (uint32_t set = 1; set <= 2; set++) {
		put_set(commit, set);
		for (int i = 0; i < count; i++) {
			if (rand() % 4 == 0)
				put_element(commit, set, addresses[i]);
		}
	}
}

/* And some learn more. Returns 0 or a negative errno. */
static int learn_at_random(struct lbmesh *conn, const char *const addresses[], int count)
{
	struct lbmesh_element elements[16];
	int n = 0;

	for (int i = 0; i < count && n < 16; i++) {
		if (rand() % 4)
			continue;
		elements[n] = (struct lbmesh_element){ .set = 1 + rand() % 2 };
		must(lbmesh_prefix_parse(addresses[i], &elements[n++].prefix));
	}
	return n ? lbmesh_set_update(conn, elements, n, NULL, 0, NULL) : 0;
}

static void put_random_rule(struct lbmesh_commit *commit, uint32_t layer, uint32_t id)
{
	struct lbmesh_range range = { 80 + rand() % 3, 80 + rand() % 3 };
	/* Addresses of IPv6 come with its own ICMP. */
	bool is6 = id % 4 < 2;
	const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP,
				      is6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP };
	struct lbmesh_rule rule = {
		.layer = layer, .id = id, .position = id, .action = rand() % 4,
		.has_direction = rand() % 3, .direction = rand() % 2,
		.has_protocol = rand() % 8, .protocol = protocols[rand() % 3],
		.src = random_selector(is6), .dst = random_selector(is6),
	};

	if (range.last < range.first)
		range.last = range.first;
	if (rule.has_protocol && rule.protocol == IPPROTO_TCP && rand() % 2) {
		rule.dst_ports = &range;
		rule.n_dst_ports = 1;
	}
	must(lbmesh_commit_put_rule(commit, &rule));
}

static struct lbmesh_commit *random_new(void)
{
	struct lbmesh_commit *commit = both_new();

	put_random_sets(commit, everybody, 6);
	for (uint32_t i = 0; i < 16; i++)
		put_random_rule(commit, 1 + i % 2, i + 1);
	return commit;
}

/* Packets that explain and the hooks have agreed on, by what was said, family and protocol. */
struct agreed {
	unsigned int verdict[3];
	unsigned int family[2];
	unsigned int protocol[3];
};

static void agree(struct agreed *agreed, int said, bool is6, int protocol)
{
	agreed->verdict[said == 0 ? 0 : said == ETIMEDOUT ? 1 : 2]++;
	agreed->family[is6]++;
	agreed->protocol[protocol]++;
}

#define EXPECT_ALL_AGREED(agreed) do { \
	TH_LOG("%u allowed, %u denied, %u rejected; %u IPv4, %u IPv6; %u TCP, %u UDP, %u ICMP", \
	       (agreed).verdict[0], (agreed).verdict[1], (agreed).verdict[2], (agreed).family[0], \
	       (agreed).family[1], (agreed).protocol[0], (agreed).protocol[1], \
	       (agreed).protocol[2]); \
	for (int i_ = 0; i_ < 3; i_++) { \
		EXPECT_LT(0, (agreed).verdict[i_]); \
		EXPECT_LT(0, (agreed).family[i_ % 2]); \
		EXPECT_LT(0, (agreed).protocol[i_]); \
	} \
} while (0)

/* The number of TCP, UDP or ICMP. */
static uint8_t protocol_of(int protocol, bool is6)
{
	return protocol == 0 ? IPPROTO_TCP : protocol == 1 ? IPPROTO_UDP :
	       is6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
}

static int try_one(int protocol, int ns, const char *to, uint16_t port)
{
	return protocol == 0 ? try_tcp(ns, to, port) : protocol == 1 ? try_udp(ns, to, port) :
	       try_ping(ns, to);
}

TEST_F_TIMEOUT(verdicts, explains_what_packets_get, 600)
{
	unsigned int rounds = env_rounds("LBMESH_ROUNDS", 20);
	struct agreed agreed = {};

	srand(env_number("LBMESH_SEED", 4));
	for (unsigned int round = 0; round < rounds; round++) {
		ASSERT_EQ(0, namespace_set(NS(HOST)));
		ASSERT_RUN(random_new());
		ASSERT_EQ(0, learn_at_random(self->conn, everybody, 6));
		for (int i = 0; i < 16; i++) {
			int from = rand() % 3, to = (from + 1 + rand() % 2) % 3, said, got;
			int protocol = rand() % 8 ? rand() % 4 / 2 : 2;
			bool is6 = rand() % 2;
			uint16_t port = protocol == 0 ? 80 + rand() % 3 : 53;

			ASSERT_EQ(0, namespace_set(NS(HOST)));
			said = explain_both(self->conn, from, to, is6, protocol_of(protocol, is6),
					    port);
			got = try_one(protocol, NS(from), (is6 ? v6 : v4)[to], port);
			agree(&agreed, said, is6, protocol);
			ASSERT_EQ(said, got)
				TH_LOG("round %u: %c to %c, protocol %u port %u, IPv%d", round,
				       names[from], names[to], protocol_of(protocol, is6), port,
				       is6 ? 6 : 4);
		}
	}
	EXPECT_ALL_AGREED(agreed);
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

	add_rule(commit, .layer = 2, .id = 77, .position = 1, .action = LBMESH_ACTION_ALLOW,
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

/* Packets that were dropped, for whatever reason. */
static uint64_t dropped(void)
{
	return path_counter(LBMESH_A_PATH_DENIED) + path_counter(LBMESH_A_PATH_SPOOFED) +
	       path_counter(LBMESH_A_PATH_NO_ENDPOINT) + path_counter(LBMESH_A_PATH_MALFORMED) +
	       path_counter(LBMESH_A_PATH_NO_STATE) + path_counter(LBMESH_A_PATH_REJECTED);
}

/* Events of packets that nobody has judged: what hosts say by themselves, and the port drops. */
static int unjudged;

/*
 * Reads events until none comes. Returns how many of them are of packets that a rule has judged, and
 * adds up what was kept back.
 */
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
			*suppressed += event.judgement.suppressed;
			if (!event.judgement.verdict.rule) {
				unjudged++;
				continue;
			}
			*last = event;
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
	const int room = 16 << 20;
	char text[64];
	int count;

	add_rule(commit, .layer = 1, .id = 5, .position = 1, .action = LBMESH_ACTION_DENY,
		 INGRESS, PROTOCOL(IPPROTO_UDP), PORT(55));
	add_rule(commit, .layer = 1, .id = 6, .position = 2, .action = LBMESH_ACTION_ALLOW,
		 .log = true, INGRESS, PROTOCOL(IPPROTO_UDP), PORT(56));
	add_rule(commit, .layer = 1, .id = 7, .position = 3, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_UDP), PORT(57));
	ASSERT_RUN(commit);
	ASSERT_EQ(0, lbmesh_event_subscribe_verdicts(self->conn, NULL));
	/* Nobody reads during the flood, and where that takes seconds, thousands are told. */
	ASSERT_EQ(0, setsockopt(lbmesh_event_fd(self->conn), SOL_SOCKET, SO_RCVBUFFORCE, &room,
				sizeof(room)));
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
	denied = dropped();
	unjudged = 0;
	ASSERT_EQ(0, send_datagrams(NS(C), v6[A], 55, 3000));
	count = read_events(self->conn, &event, &suppressed);
	ASSERT_EQ(0, send_datagrams(NS(C), v6[A], 55, 1));
	count += read_events(self->conn, &event, &suppressed);
	EXPECT_LE(100, count);
	EXPECT_GT(2000, count);
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	/* A slow machine loses some on their way. */
	denied = dropped() - denied;
	EXPECT_LT(100, denied);
	/* Nobody reads meanwhile: where the flood takes seconds, the socket is full before it ends. */
	EXPECT_GE(denied, count + unjudged + suppressed) TH_LOG("%d told", count);
	if (machine_slowness() == 1)
		EXPECT_EQ(denied, count + unjudged + suppressed) TH_LOG("%d told", count);
}

/* --- Counters ------------------------------------------------------------------------------ */

TEST_F(verdicts, counts_packets_by_what_became_of_them)
{
	struct lbmesh_commit *commit = both_new();
	uint64_t denied, rejected, allowed, spoofed;

	EXPECT_EQ(UINT64_MAX, path_counter(LBMESH_A_PATH_DENIED));
	add_rule(commit, .layer = 1, .id = 1, .position = 1, .action = LBMESH_ACTION_DENY,
		 INGRESS, PROTOCOL(IPPROTO_UDP), PORT(55));
	add_rule(commit, .layer = 1, .id = 2, .position = 2, .action = LBMESH_ACTION_REJECT,
		 INGRESS, PROTOCOL(IPPROTO_UDP), PORT(56));
	add_rule(commit, .layer = 1, .id = 3, .position = 3, .action = LBMESH_ACTION_ALLOW,
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

/* What the kernel has counted for a rule, found by its id. */
struct counted {
	uint32_t layer;
	uint32_t id;
	bool found;
	struct lbmesh_rule_state rule;
	struct lbmesh_layer_state of_layer;
};

static int counted_rule(const struct lbmesh_rule *rule, const struct lbmesh_rule_state *state,
			void *data)
{
	struct counted *counted = data;

	(void)rule;
	counted->found = state;
	if (state)
		counted->rule = *state;
	return 0;
}

static int counted_layer(const struct lbmesh_layer *layer, const struct lbmesh_layer_state *state,
			 void *data)
{
	struct counted *counted = data;

	if (layer->id == counted->layer && state)
		counted->of_layer = *state;
	return 0;
}

static struct counted counted_of(struct lbmesh *conn, uint32_t layer, uint32_t id)
{
	struct counted counted = { .layer = layer, .id = id };

	must(lbmesh_rule_get(conn, layer, id, counted_rule, &counted, NULL, NULL));
	must(lbmesh_layer_dump(conn, counted_layer, &counted, NULL, NULL));
	return counted;
}

static struct lbmesh_commit *counting_new(struct lbmesh_commit *commit, bool log)
{
	add_rule(commit, .layer = 1, .id = 1, .position = 1, .action = LBMESH_ACTION_DENY,
		 .log = log, INGRESS, PROTOCOL(IPPROTO_UDP), PORT(55));
	add_rule(commit, .layer = 1, .id = 2, .position = 2, .action = LBMESH_ACTION_REJECT,
		 INGRESS, PROTOCOL(IPPROTO_UDP), PORT(56));
	add_rule(commit, .layer = 1, .id = 3, .position = 3, .action = LBMESH_ACTION_PASS);
	add_rule(commit, .layer = 1, .id = 4, .position = 4, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_UDP));
	return commit;
}

TEST_F(verdicts, counts_for_each_rule_what_it_decided_and_for_each_layer_what_it_refused)
{
	struct lbmesh_judgement judgement;
	struct lbmesh_commit *commit;
	struct lbmesh_flow flow = {
		.endpoint = 1, .has_direction = true, .direction = LBMESH_DIRECTION_INGRESS,
		PROTOCOL(IPPROTO_UDP), .has_dst_port = true, .dst_port = 55,
	};
	struct counted now;

	ASSERT_RUN(counting_new(both_new(), false));
	now = counted_of(self->conn, 1, 1);
	EXPECT_TRUE(now.found);
	EXPECT_EQ(0, now.rule.hits);
	EXPECT_FALSE(now.rule.has_last_hit);
	ASSERT_EQ(0, send_datagrams(NS(C), v4[A], 55, 7));
	ASSERT_EQ(0, send_datagrams(NS(C), v4[A], 56, 1));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	must(lbmesh_address_parse(v4[C], &flow.src));
	must(lbmesh_address_parse(v4[A], &flow.dst));
	EXPECT_EQ(0, lbmesh_explain(self->conn, &flow, &judgement, NULL));
	EXPECT_EQ(1, judgement.verdict.rule);
	now = counted_of(self->conn, 1, 1);
	EXPECT_EQ(7, now.rule.hits) TH_LOG("explaining is not counted");
	EXPECT_TRUE(now.rule.has_last_hit);
	EXPECT_GT(60000, now.rule.last_hit_ms);
	EXPECT_EQ(7, now.of_layer.denied);
	EXPECT_EQ(1, now.of_layer.rejected);
	EXPECT_EQ(1, counted_of(self->conn, 1, 2).rule.hits);
	EXPECT_EQ(0, counted_of(self->conn, 1, 3).rule.hits) TH_LOG("passing on decides nothing");
	EXPECT_EQ(0, counted_of(self->conn, 1, 4).rule.hits);
	/* The counters go on when the rule changes, and when all of it is restated. */
	commit = delta(self->conn);
	add_rule(commit, .layer = 1, .id = 1, .position = 9, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_UDP), PORT(55));
	must(lbmesh_commit_remove_rule(commit, 1, 3));
	ASSERT_RUN(commit);
	EXPECT_EQ(7, counted_of(self->conn, 1, 1).rule.hits);
	EXPECT_EQ(0, try_udp(NS(C), v4[A], 53));
	EXPECT_EQ(0, try_udp(NS(C), v4[A], 53));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	/* The answers are of the flow, too. */
	EXPECT_EQ(4, counted_of(self->conn, 1, 4).rule.hits);
	EXPECT_EQ(7, counted_of(self->conn, 1, 4).of_layer.denied);
	ASSERT_RUN(counting_new(both_new(), true));
	EXPECT_EQ(7, counted_of(self->conn, 1, 1).rule.hits);
	EXPECT_EQ(4, counted_of(self->conn, 1, 4).rule.hits);
	ASSERT_EQ(0, send_datagrams(NS(C), v4[A], 55, 2));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	now = counted_of(self->conn, 1, 1);
	EXPECT_EQ(9, now.rule.hits);
	EXPECT_EQ(9, now.of_layer.denied);
	/* One that goes takes its counters along. */
	commit = delta(self->conn);
	must(lbmesh_commit_remove_rule(commit, 1, 1));
	ASSERT_RUN(commit);
	ASSERT_RUN(counting_new(delta(self->conn), false));
	now = counted_of(self->conn, 1, 1);
	EXPECT_EQ(0, now.rule.hits);
	EXPECT_FALSE(now.rule.has_last_hit);
	EXPECT_EQ(9, now.of_layer.denied) TH_LOG("the layer stayed");
}

TEST_F(verdicts, counts_the_same_without_a_cache)
{
	ASSERT_EQ(0, lbmesh_limits_set(self->conn,
				       &(struct lbmesh_counts){ .cache_entries = LBMESH_CACHE_OFF },
				       NULL));
	ASSERT_RUN(counting_new(both_new(), false));
	ASSERT_EQ(0, send_datagrams(NS(C), v4[A], 55, 7));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	EXPECT_EQ(7, counted_of(self->conn, 1, 1).rule.hits);
	ASSERT_EQ(0, lbmesh_limits_set(self->conn, &(struct lbmesh_counts){ .cache_entries = 16 },
				       NULL));
	ASSERT_EQ(0, send_datagrams(NS(C), v4[A], 55, 7));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	EXPECT_EQ(14, counted_of(self->conn, 1, 1).rule.hits);
}

/* --- Events of what nobody judges --------------------------------------------------------- */

static bool has_ports(const struct lbmesh_event *event, uint16_t src, uint16_t dst)
{
	const struct lbmesh_flow *flow = &event->judgement.flow;

	return flow->has_src_port && flow->has_dst_port && flow->src_port == src &&
	       flow->dst_port == dst;
}

TEST_F(verdicts, tells_what_the_port_drops_as_far_as_it_can_be_read)
{
	struct lbmesh_event event = {};
	const struct lbmesh_judgement *told = &event.judgement;
	uint8_t frame[256];
	uint32_t va;
	size_t size;

	ASSERT_RUN(both_new());
	ASSERT_EQ(0, try_ping(NS(A), v4[C]));
	ASSERT_EQ(0, try_ping(NS(A), v6[C]));
	ASSERT_EQ(0, host_mac_read(NS(HOST)));
	va = if_nametoindex("va");
	ASSERT_EQ(0, lbmesh_event_subscribe_verdicts(self->conn, NULL));
	ASSERT_EQ(0, namespace_set(NS(A)));
	/* Not IP: the interface and the reason, and nothing else. */
	ASSERT_EQ(0, send_arp(ARP_REQUEST, "10.7.1.99", "10.7.1.1"));
	ASSERT_TRUE(is_told(self->conn, LBMESH_REASON_SPOOFED, 0, 0, &event));
	EXPECT_EQ(va, told->flow.ifindex);
	EXPECT_EQ(0, told->verdict.endpoint);
	EXPECT_EQ(1, told->verdict.generation);
	EXPECT_EQ(LBMESH_DIRECTION_EGRESS, told->flow.direction);
	/* Of somebody else, */
	size = udp4(frame, 5, 0, 0);
	inet_pton(AF_INET, "10.7.1.99", frame + 12);
	ASSERT_EQ(0, send_frame("eth0", ETH_P_IP, frame, size));
	ASSERT_TRUE(is_told(self->conn, LBMESH_REASON_SPOOFED, AF_INET, IPPROTO_UDP, &event));
	EXPECT_EQ(0, told->verdict.endpoint);
	EXPECT_TRUE(has_ports(&event, 99, 54));
	/* of the endpoint, with options, */
	size = udp4(frame, 6, 0, 0);
	ASSERT_EQ(0, send_frame("eth0", ETH_P_IP, frame, size));
	ASSERT_TRUE(is_told(self->conn, LBMESH_REASON_MALFORMED, AF_INET, IPPROTO_UDP, &event));
	EXPECT_EQ(1, told->verdict.endpoint);
	EXPECT_TRUE(has_ports(&event, 99, 54));
	/* cut off behind the addresses, */
	ASSERT_EQ(0, send_frame("eth0", ETH_P_IP, frame, 22));
	ASSERT_TRUE(is_told(self->conn, LBMESH_REASON_MALFORMED, AF_INET, IPPROTO_UDP, &event));
	EXPECT_EQ(1, told->verdict.endpoint);
	EXPECT_FALSE(told->flow.has_src_port);
	EXPECT_FALSE(told->flow.has_dst_port);
	/* not even as long as that, */
	ASSERT_EQ(0, send_frame("eth0", ETH_P_IP, frame, 19));
	ASSERT_TRUE(is_told(self->conn, LBMESH_REASON_MALFORMED, 0, 0, &event));
	EXPECT_EQ(va, told->flow.ifindex);
	/* and with a header that is not judged. */
	size = udp6(frame, IPPROTO_ROUTING);
	ASSERT_EQ(0, send_frame("eth0", ETH_P_IPV6, frame, size));
	ASSERT_TRUE(is_told(self->conn, LBMESH_REASON_MALFORMED, AF_INET6, IPPROTO_UDP, &event));
	EXPECT_EQ(1, told->verdict.endpoint);
	EXPECT_TRUE(has_ports(&event, 99, 54));
	/* The other way, to nobody. */
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	ASSERT_EQ(0, ip(NULL, "neigh add 10.7.1.77 dev va lladdr 2:2:2:2:2:2\n"));
	EXPECT_NE(0, sh_try("exec ping -q -n -c 1 -W 0.3 10.7.1.77"));
	ASSERT_TRUE(is_told(self->conn, LBMESH_REASON_NO_ENDPOINT, AF_INET, IPPROTO_ICMP, &event));
	EXPECT_EQ(LBMESH_DIRECTION_INGRESS, told->flow.direction);
}

/* --- One generation ------------------------------------------------------------------------ */

/*
 * Either a may not send or b may not receive, and which of the two changes with each commit: a packet
 * that was judged by both generations would come through.
 */
static struct lbmesh_commit *either_new(uint64_t generation, bool first)
{
	struct lbmesh_commit *commit = delta_new(generation);

	add_rule(commit, .layer = 1, .id = 1, .position = 1, EGRESS,
		 .action = first ? LBMESH_ACTION_DENY : LBMESH_ACTION_ALLOW);
	add_rule(commit, .layer = 2, .id = 1, .position = 1, INGRESS,
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
		server_stop(self->server[i]);
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
	add_rule(commit, .layer = 1, .id = 1, .position = 1, .action = LBMESH_ACTION_REJECT,
		 INGRESS, PROTOCOL(IPPROTO_TCP), PORT(81));
	add_rule(commit, .layer = 1, .id = 2, .position = 2, .action = LBMESH_ACTION_REJECT,
		 EGRESS, PROTOCOL(IPPROTO_TCP), PORT(82));
	add_rule(commit, .layer = 1, .id = 3, .position = 3, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_UDP),
		 .src = { .kind = LBMESH_SELECTOR_KEYWORD,
			  .keyword = LBMESH_KEYWORD_SAME_NETWORK });
	add_rule(commit, .layer = 1, .id = 4, .position = 4, .action = LBMESH_ACTION_REJECT,
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

/* Members of h1 and h2, in each of the networks. */
static const char *const of_h1[] = { "10.1.0.1", "10.2.0.1", "fd01::1" };
static const char *const of_h2[] = { "10.1.0.2", "10.2.0.2", "fd01::2" };
static const char *const of_both[] = { "10.1.0.0/16", "10.2.0.2", "10.1.0.2", "fd01::/64", "fd01::2",
				       "10.2.0.1" };

static struct lbmesh_commit *random_mesh_new(const struct host *hosts)
{
	struct lbmesh_commit *commit = mesh_new(hosts, 0);

	put_random_sets(commit, of_both, 6);
	for (uint32_t id = 1; id <= 6; id++)
		put_random_rule(commit, 1, id);
	/* What was bridged may speak to the other network. */
	if (rand() % 2)
		put_bridge(commit, 1, 1, 2);
	return commit;
}

TEST_F_TIMEOUT(tunnel, explains_what_hosts_get, 600)
{
	unsigned int rounds = env_rounds("LBMESH_ROUNDS", 20);
	struct agreed agreed = {};

	srand(env_number("LBMESH_SEED", 5));
	for (unsigned int round = 0; round < rounds; round++) {
		struct lbmesh *conn = self->host[0].conn;

		ASSERT_EQ(0, host_enter(&self->host[0]));
		ASSERT_EQ(0, run(conn, random_mesh_new(self->host), &self->result))
			TH_LOG("\"%s\"", self->result.error.message);
		ASSERT_EQ(0, learn_at_random(conn, of_both, 6));
		for (int i = 0; i < 16; i++) {
			int net = rand() % 3, out = rand() % 2, said, got;
			int protocol = rand() % 8 ? rand() % 4 / 2 : 2;
			uint16_t port = protocol == 0 ? 80 + rand() % 3 : 53;
			const char *from = (out ? of_h1 : of_h2)[net];
			const char *to = (out ? of_h2 : of_h1)[net];

			ASSERT_EQ(0, host_enter(&self->host[0]));
			said = explain_side(conn, 1, out ? LBMESH_DIRECTION_EGRESS :
							   LBMESH_DIRECTION_INGRESS,
					    from, to, protocol_of(protocol, net == 2), port);
			got = try_one(protocol, self->ns[!out], to, port);
			/* Who sends on this host gets EPERM for both, but for TCP. */
			if (out && protocol && said && got)
				got = said;
			agree(&agreed, said, net == 2, protocol);
			ASSERT_EQ(said, got)
				TH_LOG("round %u: %s to %s, protocol %u port %u", round, from, to,
				       protocol_of(protocol, net == 2), port);
		}
	}
	EXPECT_ALL_AGREED(agreed);
}

TEST_HARNESS_MAIN
