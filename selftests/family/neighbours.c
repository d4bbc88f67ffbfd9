// SPDX-License-Identifier: GPL-2.0
/*
 * Others that filter and translate on the same host: an administrator with nft, Docker and k3s with
 * iptables on either of its back ends. Nothing of theirs is touched, none of their counters is moved;
 * what they drop never comes to us, and what we drop has been counted by them. What their DNAT has made
 * of a packet is what we judge.
 *
 * b is the container. Whatever the rules are, they publish its port 80 somewhere, let a datagram to its
 * port 53 pass, and drop one to port 54.
 */

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/lbmesh.h>

#include "boxes.h"
#include "kselftest_harness.h"
#include "policy.h"

/* --- Their rules --------------------------------------------------------------------------------- */

static const char administrator[] =
	"table inet filter {\n"
	"	set hosts {\n"
	"		type ipv4_addr\n"
	"		flags interval\n"
	"		elements = { 10.7.2.0/24, 10.7.9.1 }\n"
	"	}\n"
	"	chain forward {\n"
	"		type filter hook forward priority filter; policy accept;\n"
	"		ct state established,related counter accept\n"
	"		ct state invalid counter drop\n"
	"		ip daddr @hosts udp dport 54 counter drop\n"
	"		ip daddr @hosts udp dport 53 limit rate 1000/second counter accept\n"
	"		ip protocol icmp counter\n"
	"		tcp dport { 80, 443 } counter accept\n"
	"	}\n"
	"	chain input {\n"
	"		type filter hook input priority filter; policy accept;\n"
	"		ip protocol { icmp, udp, tcp } counter\n"
	"	}\n"
	"	chain output {\n"
	"		type filter hook output priority filter; policy accept;\n"
	"		ip protocol { icmp, udp, tcp } counter\n"
	"	}\n"
	"}\n"
	"table ip nat {\n"
	"	chain prerouting {\n"
	"		type nat hook prerouting priority dstnat; policy accept;\n"
	"		ip daddr 10.7.3.1 tcp dport 8080 counter dnat to 10.7.2.2:80\n"
	"	}\n"
	"	chain postrouting {\n"
	"		type nat hook postrouting priority srcnat; policy accept;\n"
	"		ip saddr 10.7.2.0/24 oifname != \"vb\" counter masquerade\n"
	"	}\n"
	"}\n";

/* As of Docker 27, with the network vb. */
static const char docker[] =
	"*nat\n"
	":PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n"
	":DOCKER - [0:0]\n"
	"-A PREROUTING -d 10.7.3.1/32 -j DOCKER\n"
	"-A OUTPUT ! -d 127.0.0.0/8 -j DOCKER\n"
	"-A POSTROUTING -s 10.7.2.0/24 ! -o vb -j MASQUERADE\n"
	"-A POSTROUTING -s 10.7.2.2/32 -d 10.7.2.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE\n"
	"-A DOCKER -i vb -j RETURN\n"
	"-A DOCKER ! -i vb -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.7.2.2:80\n"
	"COMMIT\n"
	"*filter\n"
	":INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
	":DOCKER - [0:0]\n:DOCKER-ISOLATION-STAGE-1 - [0:0]\n:DOCKER-ISOLATION-STAGE-2 - [0:0]\n"
	":DOCKER-USER - [0:0]\n"
	"-A FORWARD -j DOCKER-USER\n"
	"-A FORWARD -j DOCKER-ISOLATION-STAGE-1\n"
	"-A FORWARD -o vb -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
	"-A FORWARD -o vb -j DOCKER\n"
	"-A FORWARD -i vb ! -o vb -j ACCEPT\n"
	"-A FORWARD -i vb -o vb -j ACCEPT\n"
	"-A DOCKER -d 10.7.2.2/32 ! -i vb -o vb -p tcp -m tcp --dport 80 -j ACCEPT\n"
	"-A DOCKER -d 10.7.2.2/32 ! -i vb -o vb -p udp -m udp --dport 53 -j ACCEPT\n"
	"-A DOCKER -d 10.7.2.2/32 ! -i vb -o vb -p icmp -j ACCEPT\n"
	"-A DOCKER-ISOLATION-STAGE-1 -i vb ! -o vb -j DOCKER-ISOLATION-STAGE-2\n"
	"-A DOCKER-ISOLATION-STAGE-1 -j RETURN\n"
	"-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP\n"
	"-A DOCKER-ISOLATION-STAGE-2 -j RETURN\n"
	"-A DOCKER-USER -p udp -m udp --dport 54 -j DROP\n"
	"-A DOCKER-USER -j RETURN\n"
	"COMMIT\n";

/* As of k3s with kube-proxy and a network policy; the address of the service is 10.43.0.10. */
static const char k3s[] =
	"*nat\n"
	":PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n"
	":KUBE-MARK-MASQ - [0:0]\n:KUBE-POSTROUTING - [0:0]\n:KUBE-SEP-B - [0:0]\n"
	":KUBE-SERVICES - [0:0]\n:KUBE-SVC-B - [0:0]\n"
	"-A PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n"
	"-A OUTPUT -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n"
	"-A POSTROUTING -m comment --comment \"kubernetes postrouting rules\" -j KUBE-POSTROUTING\n"
	"-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000\n"
	"-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n"
	"-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0\n"
	"-A KUBE-POSTROUTING -j MASQUERADE --random-fully\n"
	"-A KUBE-SEP-B -s 10.7.2.2/32 -j KUBE-MARK-MASQ\n"
	"-A KUBE-SEP-B -p tcp -m tcp -j DNAT --to-destination 10.7.2.2:80\n"
	"-A KUBE-SERVICES -d 10.43.0.10/32 -p tcp -m comment --comment \"default/b cluster IP\""
	" -m tcp --dport 80 -j KUBE-SVC-B\n"
	"-A KUBE-SVC-B ! -s 10.42.0.0/16 -d 10.43.0.10/32 -p tcp -m tcp --dport 80 -j KUBE-MARK-MASQ\n"
	"-A KUBE-SVC-B -j KUBE-SEP-B\n"
	"COMMIT\n"
	"*filter\n"
	":INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
	":KUBE-FIREWALL - [0:0]\n:KUBE-FORWARD - [0:0]\n:KUBE-ROUTER-FORWARD - [0:0]\n"
	"-A INPUT -j KUBE-FIREWALL\n"
	"-A FORWARD -j KUBE-ROUTER-FORWARD\n"
	"-A FORWARD -m comment --comment \"kubernetes forwarding rules\" -j KUBE-FORWARD\n"
	"-A OUTPUT -j KUBE-FIREWALL\n"
	"-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack !"
	" --ctstate RELATED,ESTABLISHED,DNAT -j DROP\n"
	"-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP\n"
	"-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT\n"
	"-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
	"-A KUBE-ROUTER-FORWARD -p udp -m set --match-set KUBE-DST-B dst -m udp --dport 54 -j DROP\n"
	"COMMIT\n";

FIXTURE(neighbours)
{
	struct lbmesh *conn;
	struct lbmesh_result result;
	struct boxes boxes;
};

FIXTURE_VARIANT(neighbours)
{
	const char *rules;
	/* What reads them, and what empties all of it. */
	const char *restore;
	const char *empty;
	/* Where b's port 80 is published. */
	const char *address;
	uint16_t port;
	/* What they call the counter of datagrams to port 54. */
	const char *dropped;
};

#define IPTABLES_EMPTY(tool) tool " -F; " tool " -X; " tool " -t nat -F; " tool " -t nat -X; " \
	tool " -P FORWARD ACCEPT"

FIXTURE_VARIANT_ADD(neighbours, nft) {
	administrator, "nft -f", "nft flush ruleset", "10.7.3.1", 8080, "dport 54 counter packets",
};
FIXTURE_VARIANT_ADD(neighbours, docker_on_iptables_legacy) {
	docker, "iptables-legacy-restore", IPTABLES_EMPTY("iptables-legacy"), "10.7.3.1", 8080,
	"-A DOCKER-USER -p udp",
};
FIXTURE_VARIANT_ADD(neighbours, docker_on_iptables_nft) {
	docker, "iptables-nft-restore", IPTABLES_EMPTY("iptables-nft"), "10.7.3.1", 8080,
	"-A DOCKER-USER -p udp",
};
FIXTURE_VARIANT_ADD(neighbours, k3s_on_iptables_legacy) {
	k3s, "iptables-legacy-restore", IPTABLES_EMPTY("iptables-legacy"), "10.43.0.10", 80,
	"-A KUBE-ROUTER-FORWARD -p udp",
};
FIXTURE_VARIANT_ADD(neighbours, k3s_on_iptables_nft) {
	k3s, "iptables-nft-restore", IPTABLES_EMPTY("iptables-nft"), "10.43.0.10", 80,
	"-A KUBE-ROUTER-FORWARD -p udp",
};

#define NS(box) self->boxes.ns[box]
#define ASSERT_RUN(commit) \
	ASSERT_EQ(0, run(self->conn, commit, &self->result)) \
		TH_LOG("\"%s\"", self->result.error.message)

/* Everything of theirs, with its counters; without the date that iptables writes. */
#define THEIRS "{ nft list ruleset; iptables-legacy-save -c; iptables-nft-save -c; ipset save; }" \
	" 2>/dev/null | grep -v '^#'"

struct text {
	char bytes[16384];
};

static struct text theirs(int host)
{
	struct text text = {};

	must(namespace_set(host));
	if (sh_read(text.bytes, sizeof(text.bytes), THEIRS))
		must(-EIO);
	return text;
}

static int install(const char *restore, const char *rules)
{
	FILE *file = fopen(SCRATCH "/rules", "we");

	if (!file)
		return -errno;
	fputs(rules, file);
	fclose(file);
	return sh("%s " SCRATCH "/rules", restore);
}

/* Looking makes the tables of iptables-legacy, before anybody counts, and always in the same order. */
static const char *missing_tool(const char *restore)
{
	if (sh_try("nft list ruleset"))
		return "nft does not work here";
	if (sh_try("for t in iptables-legacy iptables-nft; do $t -n -L && $t -t nat -n -L || exit; done"))
		return "iptables does not work here";
	if (strstr(restore, "iptables") && sh_try("ipset list"))
		return "ipset does not work here";
	return NULL;
}

FIXTURE_SETUP(neighbours)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, boxes_make(&self->boxes));
	if (missing_tool(variant->restore))
		SKIP(return, "%s", missing_tool(variant->restore));
	ASSERT_EQ(0, boxes_be_silent(&self->boxes));
	ASSERT_EQ(0, sh("ipset create KUBE-DST-B hash:ip counters && ipset add KUBE-DST-B %s", v4[B]));
	ASSERT_EQ(0, install(variant->restore, variant->rules));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
}

FIXTURE_TEARDOWN(neighbours)
{
	boxes_end(&self->boxes);
	lbmesh_close(self->conn);
}

/* What may go to b: TCP at one port, and whatever else is wanted. */
static struct lbmesh_commit *policy_new(uint16_t port, bool open)
{
	struct lbmesh_commit *commit = both_new();

	add_rule(commit, .layer = 2, .id = 1, .position = 1, .action = LBMESH_ACTION_ALLOW,
		 INGRESS, PROTOCOL(IPPROTO_TCP), PORT(port), .dst = prefix_of("10.7.2.2/32"));
	if (open)
		add_rule(commit, .layer = 2, .id = 2, .position = 2, .action = LBMESH_ACTION_ALLOW,
			 INGRESS, .dst = prefix_of("10.7.2.2/32"));
	return commit;
}

/* --- What is theirs stays ---------------------------------------------------------------------------- */

TEST_F_TIMEOUT(neighbours, keep_their_rules_and_counters_byte_by_byte, 300)
{
	struct text before = theirs(NS(HOST)), after;
	struct lbmesh_element element = { .set = 5 };
	struct lbmesh_commit *commit;

#define EXPECT_SAME(what) do { \
	after = theirs(NS(HOST)); \
	EXPECT_STREQ(before.bytes, after.bytes) \
		TH_LOG(what); \
} while (0)
	ASSERT_LT(500, strlen(before.bytes));
	ASSERT_RUN(policy_new(80, false));
	EXPECT_SAME("after the first commit");
	for (int i = 0; i < 20; i++) {
		commit = delta(self->conn);
		put_set(commit, 5);
		add_rule(commit, .layer = 2, .id = 3, .position = 3, INGRESS, .src = select_set(5),
			 .action = i % 2 ? LBMESH_ACTION_ALLOW : LBMESH_ACTION_REJECT);
		ASSERT_RUN(commit);
	}
	must(lbmesh_prefix_parse("10.7.3.0/24", &element.prefix));
	ASSERT_EQ(0, lbmesh_set_update(self->conn, &element, 1, NULL, 0, NULL));
	EXPECT_SAME("after deltas and set-update");
	commit = replace_new();
	lbmesh_commit_set_confirm_timeout(commit, 60000);
	ASSERT_RUN(commit);
	ASSERT_EQ(0, revert(self->conn, generation_number(self->conn), &self->result));
	EXPECT_SAME("after going back");
	ASSERT_EQ(0, flush(self->conn, &self->result));
	EXPECT_SAME("after flush");
}

/* Always the same packets; TCP's would depend on the clock. */
static int some_traffic(const struct boxes *boxes)
{
	int fd = datagrams_open(boxes->ns[C], v4[B], 53), error = fd < 0 ? -fd : 0;

	for (int i = 0; i < 10; i++)
		error = error ?: echo(fd);
	close(fd);
	for (int i = 0; i < 3; i++)
		error = error ?: try_ping(boxes->ns[C], v4[B]);
	error = error ?: send_datagrams(boxes->ns[C], v4[B], 54, 4);
	error = error ?: try_udp(boxes->ns[B], v4[C], 53);
	error = error ?: try_udp(boxes->ns[HOST], v4[B], 53);
	pause_ms(30 * machine_slowness());
	return error;
}

/* Puts the rules in again, with counters that begin anew. */
static int begin_anew(const char *empty, const char *restore, const char *rules)
{
	/* The tables of the back end that is not used have been made by looking at them. */
	return sh("%s", empty) ?: install(restore, rules) ?:
	       sh("for t in iptables-legacy iptables-nft; do $t -Z; $t -t nat -Z; done;"
		  "ipset del KUBE-DST-B %s; ipset add KUBE-DST-B %s", v4[B], v4[B]);
}

TEST_F_TIMEOUT(neighbours, count_what_passes_as_without_us, 300)
{
	struct text without, with;

	ASSERT_EQ(0, try_ping(NS(C), v4[B]));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	ASSERT_EQ(0, begin_anew(variant->empty, variant->restore, variant->rules));
	ASSERT_EQ(0, some_traffic(&self->boxes));
	without = theirs(NS(HOST));
	ASSERT_EQ(0, begin_anew(variant->empty, variant->restore, variant->rules));
	ASSERT_RUN(policy_new(80, true));
	ASSERT_EQ(0, some_traffic(&self->boxes));
	with = theirs(NS(HOST));
	EXPECT_STREQ(without.bytes, with.bytes);
}

/* --- The order ------------------------------------------------------------------------------------------ */

/* With two CPUs, packets are judged while their sender goes on. */
#define ON_THEIR_WAY (30 * machine_slowness())

/* Packets that their rule has dropped. */
static int dropped(int host, const char *rule)
{
	struct text text = theirs(host);
	char *line = strstr(text.bytes, rule);
	int packets = -1;

	if (line && strstr(rule, "packets"))
		return atoi(line + strlen(rule));
	/* "[4:116] -A ..." */
	while (line && line > text.bytes && line[-1] != '\n')
		line--;
	if (line && sscanf(line, "[%d:", &packets) != 1)
		return -1;
	return packets;
}

/* Packets that came to us. */
static uint64_t all_paths(void)
{
	uint64_t sum = 0;

	for (uint16_t type = LBMESH_A_PATH_ALLOWED; type <= LBMESH_A_PATH_NO_STATE; type++)
		sum += path_counter(type);
	return sum;
}

TEST_F_TIMEOUT(neighbours, drop_what_they_like_before_us_and_count_what_we_drop, 300)
{
	uint64_t paths, denied;
	int drops;

	ASSERT_RUN(policy_new(80, true));
	ASSERT_EQ(0, try_udp(NS(C), v4[B], 53));
	drops = dropped(NS(HOST), variant->dropped);
	ASSERT_LE(0, drops);
	paths = all_paths();
	ASSERT_EQ(0, send_datagrams(NS(C), v4[B], 54, 9));
	pause_ms(ON_THEIR_WAY);
	EXPECT_EQ(drops + 9, dropped(NS(HOST), variant->dropped));
	EXPECT_EQ(paths, all_paths());
	/* What we drop has passed their filter: it is counted as if we were not there. */
	ASSERT_RUN(policy_new(80, false));
	denied = path_counter(LBMESH_A_PATH_DENIED);
	ASSERT_EQ(0, sh("iptables-legacy -I FORWARD -p udp --dport 53; "
			"nft 'add table ip mine { chain c { type filter hook forward priority 0; "
			"udp dport 53 counter; }; }'"));
	ASSERT_EQ(0, send_datagrams(NS(C), v4[B], 53, 5));
	pause_ms(ON_THEIR_WAY);
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	EXPECT_EQ(denied + 5, path_counter(LBMESH_A_PATH_DENIED));
	EXPECT_EQ(0, sh("nft list table ip mine | grep -q 'packets 5 '"));
	EXPECT_EQ(0, sh("iptables-legacy -vnx -L FORWARD 1 | grep -q '^ *5 '"));
	/* Nor do we let pass what they drop. */
	EXPECT_EQ(drops + 9, dropped(NS(HOST), variant->dropped));
}

TEST_F_TIMEOUT(neighbours, publish_a_port_that_our_rule_for_the_sandbox_must_allow, 300)
{
	/* By default nobody comes in. */
	ASSERT_EQ(0, try_tcp(NS(C), variant->address, variant->port));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	ASSERT_RUN(both_new());
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(C), variant->address, variant->port));
	/* Its own port decides, not the one that is published. */
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	ASSERT_RUN(policy_new(8080, false));
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(C), variant->address, variant->port));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	ASSERT_RUN(policy_new(80, false));
	EXPECT_EQ(0, try_tcp(NS(C), variant->address, variant->port));
	/* And a connection that is there ends with its permission. */
	int stream = stream_open(NS(C), variant->address, variant->port);

	ASSERT_LE(0, stream);
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	ASSERT_RUN(both_new());
	EXPECT_EQ(ETIMEDOUT, echo(stream));
	close(stream);
	/* What b sends is masqueraded, and judged as its own. */
	EXPECT_EQ(0, try_tcp(NS(B), v4[C], 80));
}

TEST_F_TIMEOUT(neighbours, can_flush_all_of_theirs_and_leave_ours, 300)
{
	ASSERT_RUN(policy_new(80, false));
	EXPECT_EQ(0, try_tcp(NS(C), variant->address, variant->port));
	EXPECT_EQ(ETIMEDOUT, try_udp(NS(C), v4[B], 53));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	ASSERT_EQ(0, sh("%s; nft flush ruleset", variant->empty));
	EXPECT_EQ(ETIMEDOUT, try_udp(NS(C), v4[B], 53));
	EXPECT_EQ(ETIMEDOUT, try_tcp(NS(C), v4[B], 81));
	EXPECT_EQ(0, try_tcp(NS(C), v4[B], 80));
	EXPECT_EQ(0, try_tcp(NS(A), v4[B], 80));
	/* And come again. */
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	ASSERT_EQ(0, install(variant->restore, variant->rules));
	EXPECT_EQ(0, try_tcp(NS(C), variant->address, variant->port));
	EXPECT_EQ(ETIMEDOUT, try_udp(NS(C), v4[B], 53));
}

TEST_HARNESS_MAIN
