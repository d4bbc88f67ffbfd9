// SPDX-License-Identifier: GPL-2.0
/*
 * What flow-get shows of the verdict cache: after known traffic exactly the flows that were, with their
 * verdicts, rules and hits; nothing that a change has made stale; and whole entries only, however much
 * the cache changes while it is read.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "boxes.h"
#include "kselftest_harness.h"
#include "policy.h"

/* Flows of a test; each has its own port, which tells its verdict. */
#define FLOWS 24
#define PORT_OF(i) (5000 + (i))
/* What b thinks of a port: every third is denied, every third rejected. */
#define ALLOWED(i) ((i) % 3 == 0)
#define DENIED(i) ((i) % 3 == 1)

FIXTURE(flows)
{
	struct lbmesh *conn;
	struct lbmesh_result result;
	struct boxes boxes;
};

#define NS(box) self->boxes.ns[box]
#define ASSERT_RUN(commit) \
	ASSERT_EQ(0, run(self->conn, commit, &self->result)) \
		TH_LOG("\"%s\"", self->result.error.message)

/* A rule for each port, whose id is its number and 100. */
static struct lbmesh_commit *ports_new(void)
{
	struct lbmesh_commit *commit = both_new();

	for (uint32_t i = 0; i < FLOWS; i++)
		add_rule(commit, .layer = 2, .id = 100 + i, .position = 1 + i, INGRESS,
			 PROTOCOL(IPPROTO_UDP), PORT(PORT_OF(i)),
			 .action = ALLOWED(i) ? LBMESH_ACTION_ALLOW :
				   DENIED(i) ? LBMESH_ACTION_DENY : LBMESH_ACTION_REJECT);
	return commit;
}

FIXTURE_SETUP(flows)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, boxes_make(&self->boxes));
	/* Nothing comes back for what nobody listens to, and nothing else is on the links. */
	ASSERT_EQ(0, namespace_set(NS(B)));
	ASSERT_EQ(0, sh("nft add table inet t '{ chain c { type filter hook input priority 0; "
			"meta l4proto udp drop; }; }'"));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
	ASSERT_RUN(ports_new());
}

FIXTURE_TEARDOWN(flows)
{
	boxes_end(&self->boxes);
	lbmesh_close(self->conn);
}

/* A flow of one direction, from its number as a source port, too. */
static int sender_open(int ns, bool is6, int i)
{
	struct sockaddr_in6 from = { .sin6_family = AF_INET6, .sin6_port = htons(PORT_OF(i) + 1000) };
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(PORT_OF(i)) };
	char text[64];
	int fd, on = 1;

	must(namespace_set(ns));
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* The same port in both families. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	snprintf(text, sizeof(text), "%s%s", is6 ? "" : "::ffff:", (is6 ? v6 : v4)[B]);
	inet_pton(AF_INET6, text, &to.sin6_addr);
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)))
		must(-errno);
	return fd;
}

static void send_some(int fd, int count)
{
	while (count--) {
		/* It may be told that it was refused. */
		if (send(fd, "x", 1, 0) != 1)
			send(fd, "x", 1, 0);
	}
}

/* --- What a dump shows --------------------------------------------------------------- */

struct seen {
	int entries;
	/* By family and number: entries, and their hits. */
	int count[2][FLOWS];
	uint64_t hits[2][FLOWS];
	uint64_t generation;
	/* Entries that are of no flow of the test, or say of one what is not so. */
	int foreign;
	int wrong;
};

static bool is_address(const struct lbmesh_prefix *address, const char *text)
{
	struct lbmesh_prefix other;

	must(lbmesh_address_parse(text, &other));
	return lbmesh_prefix_compare(address, &other) == 0;
}

static bool says_what_is_so(const struct lbmesh_judgement *judgement, int i)
{
	const struct lbmesh_verdict *verdict = &judgement->verdict;
	enum lbmesh_action action = ALLOWED(i) ? LBMESH_ACTION_ALLOW :
				    DENIED(i) ? LBMESH_ACTION_DENY : LBMESH_ACTION_REJECT;

	return verdict->action == action && verdict->reason == LBMESH_REASON_RULE &&
	       verdict->layer == 2 && verdict->rule == 100 + (uint32_t)i &&
	       verdict->endpoint == 2 && verdict->cached && judgement->flow.endpoint == 2 &&
	       judgement->flow.direction == LBMESH_DIRECTION_INGRESS &&
	       judgement->flow.src_port == PORT_OF(i) + 1000;
}

static int see(const struct lbmesh_judgement *judgement, void *data)
{
	const struct lbmesh_flow *flow = &judgement->flow;
	int i = flow->dst_port - PORT_OF(0), is6 = flow->src.family == AF_INET6;
	struct seen *seen = data;

	seen->entries++;
	if (flow->protocol != IPPROTO_UDP || i < 0 || i >= FLOWS ||
	    !is_address(&flow->src, (is6 ? v6 : v4)[C]) ||
	    !is_address(&flow->dst, (is6 ? v6 : v4)[B])) {
		seen->foreign++;
		return 0;
	}
	seen->count[is6][i]++;
	seen->hits[is6][i] += judgement->verdict.hits;
	seen->generation = judgement->generation;
	if (!says_what_is_so(judgement, i))
		seen->wrong++;
	return 0;
}

static struct seen look(struct lbmesh *conn)
{
	struct lbmesh_error error = {};
	struct seen seen = {};

	if (lbmesh_flow_dump(conn, see, &seen, NULL, &error)) {
		printf("# flow-get: %s\n", error.message);
		must(-EIO);
	}
	return seen;
}

/* --- Tests ------------------------------------------------------------------------------ */

/* The cache is per CPU, and a flow on two of them is there twice. */
static int pin(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

TEST_F(flows, are_shown_as_they_were_judged)
{
	int fd[2][FLOWS];
	struct seen seen;

	ASSERT_EQ(0, pin(0));
	EXPECT_EQ(0, look(self->conn).entries);
	/* Neighbours that do not know each other yet hold back packets, but not that many. It is denied. */
	EXPECT_EQ(ETIMEDOUT, try_ping(NS(C), v4[B]));
	EXPECT_EQ(ETIMEDOUT, try_ping(NS(C), v6[B]));
	for (int is6 = 0; is6 < 2; is6++)
	for (int i = 0; i < FLOWS; i++) {
		fd[is6][i] = sender_open(NS(C), is6, i);
		/* Each another number of hits. */
		send_some(fd[is6][i], 3 + i);
	}
	packets_settle(NS(HOST));
	seen = look(self->conn);
	EXPECT_EQ(0, seen.wrong);
	EXPECT_EQ(generation_number(self->conn), seen.generation);
	for (int is6 = 0; is6 < 2; is6++)
	for (int i = 0; i < FLOWS; i++) {
		EXPECT_EQ(1, seen.count[is6][i]) TH_LOG("IPv6 %d flow %d", is6, i);
		/* All but the two that it took to get one. */
		EXPECT_EQ(1 + i, seen.hits[is6][i]) TH_LOG("IPv6 %d flow %d", is6, i);
	}
	/* And what neighbours found each other with. */
	EXPECT_EQ(2 * FLOWS + seen.foreign, seen.entries);
	EXPECT_GE(4, seen.foreign);
	for (int is6 = 0; is6 < 2; is6++)
	for (int i = 0; i < FLOWS; i++)
		close(fd[is6][i]);
}

TEST_F(flows, are_found_by_their_tuple_and_no_other)
{
	struct lbmesh_flow flow = {
		.endpoint = 2, .has_direction = true, .direction = LBMESH_DIRECTION_INGRESS,
		.has_protocol = true, .protocol = IPPROTO_UDP, .has_src_port = true,
		.has_dst_port = true,
	};
	struct lbmesh_judgement judgement;
	int fd;

	must(lbmesh_address_parse(v4[C], &flow.src));
	must(lbmesh_address_parse(v4[B], &flow.dst));
	fd = sender_open(NS(C), false, 3);
	send_some(fd, 10);
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	flow.src_port = PORT_OF(3) + 1000;
	flow.dst_port = PORT_OF(3);
	ASSERT_EQ(0, lbmesh_flow_get(self->conn, &flow, &judgement, NULL));
	EXPECT_TRUE(judgement.verdict.cached);
	EXPECT_EQ(103, judgement.verdict.rule);
	EXPECT_EQ(LBMESH_ACTION_ALLOW, judgement.verdict.action);
	flow.src_port++;
	EXPECT_EQ(-ENOENT, lbmesh_flow_get(self->conn, &flow, &judgement, NULL));
	flow.src_port--;
	flow.dst_port++;
	EXPECT_EQ(-ENOENT, lbmesh_flow_get(self->conn, &flow, &judgement, NULL));
	flow.dst_port--;
	flow.protocol = IPPROTO_TCP;
	EXPECT_EQ(-ENOENT, lbmesh_flow_get(self->conn, &flow, &judgement, NULL));
	flow.protocol = IPPROTO_UDP;
	flow.direction = LBMESH_DIRECTION_EGRESS;
	EXPECT_EQ(-ENOENT, lbmesh_flow_get(self->conn, &flow, &judgement, NULL));
	flow.direction = LBMESH_DIRECTION_INGRESS;
	must(lbmesh_address_parse(v4[A], &flow.src));
	EXPECT_EQ(-ENOENT, lbmesh_flow_get(self->conn, &flow, &judgement, NULL));
	close(fd);
}

TEST_F(flows, are_not_shown_when_they_are_stale)
{
	struct lbmesh_commit *commit;
	struct seen seen;
	int fd[FLOWS];

	ASSERT_EQ(0, pin(0));
	for (int i = 0; i < FLOWS; i++) {
		fd[i] = sender_open(NS(C), false, i);
		send_some(fd[i], 5);
	}
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	seen = look(self->conn);
	EXPECT_LE(FLOWS, seen.entries);
	commit = delta(self->conn);
	/* What decides nothing here changes nothing, but may have. */
	add_rule(commit, .layer = 2, .id = 1, .position = 1000, .action = LBMESH_ACTION_DENY);
	ASSERT_RUN(commit);
	seen = look(self->conn);
	for (int i = 0; i < FLOWS; i++)
		EXPECT_EQ(0, seen.count[0][i]);
	/* One packet brings it back. */
	for (int i = 0; i < FLOWS; i += 2)
		send_some(fd[i], 1);
	seen = look(self->conn);
	for (int i = 0; i < FLOWS; i++) {
		EXPECT_EQ(!(i % 2), seen.count[0][i]) TH_LOG("flow %d", i);
	}
	EXPECT_EQ(0, seen.wrong);
	/* Nor when there is no endpoint, or no generation, any more. */
	commit = delta(self->conn);
	must(lbmesh_commit_remove_endpoint(commit, 2));
	ASSERT_RUN(commit);
	seen = look(self->conn);
	EXPECT_EQ(0, seen.entries - seen.foreign);
	ASSERT_EQ(0, flush(self->conn, &self->result));
	EXPECT_EQ(0, look(self->conn).entries);
	for (int i = 0; i < FLOWS; i++)
		close(fd[i]);
}

/* Sends on a CPU of its own, and flows that come once and push others out. */
static pid_t flood_start(int ns, int half, int cpu)
{
	int fd[FLOWS];
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin(cpu);
	/* Each has half of the flows: a port is bound once. */
	for (int i = half; i < FLOWS; i += 2)
		fd[i] = sender_open(ns, half, i);
	for (;;) {
		for (int i = half; i < FLOWS; i += 2)
			send_some(fd[i], 3);
		send_datagrams(ns, (half ? v6 : v4)[B], PORT_OF(FLOWS) + 1, 3);
	}
}

TEST_F_TIMEOUT(flows, are_shown_whole_while_packets_and_commits_change_them, 300)
{
	unsigned int rounds = env_rounds("LBMESH_ROUNDS", 400), entries = 0, foreign = 0;
	int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct lbmesh_commit *commit;
	pid_t flood[2];

	for (int i = 0; i < 2; i++) {
		flood[i] = flood_start(NS(C), i, i % cpus);
		ASSERT_LT(0, flood[i]);
	}
	for (unsigned int round = 0; round < rounds; round++) {
		struct seen seen;

		/* On one CPU they need a turn. */
		pause_ms(2);
		seen = look(self->conn);
		entries += seen.entries;
		foreign += seen.foreign;
		ASSERT_EQ(0, seen.wrong) TH_LOG("round %u", round);
		if (round % 8)
			continue;
		commit = delta(self->conn);
		add_rule(commit, .layer = 2, .id = 1, .position = 1000 + round % 3,
			 .action = LBMESH_ACTION_DENY);
		ASSERT_RUN(commit);
	}
	for (int i = 0; i < 2; i++)
		server_stop(flood[i]);
	TH_LOG("%u dumps of %u entries, %u of them of other flows", rounds, entries, foreign);
	EXPECT_LT(rounds, entries - foreign);
}

TEST_HARNESS_MAIN
