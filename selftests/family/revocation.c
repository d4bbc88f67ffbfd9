// SPDX-License-Identifier: GPL-2.0
/*
 * What a change of policy does to flows that are there: a permission that is taken away cuts a running
 * stream with its next packet, whoever sends it; given back, the same stream goes on. And what it does
 * not do: the verdicts that the cache has for another org stay as they are.
 *
 * What passes after the answer to the change is counted where packets leave the firewall and nothing can
 * hold them up: in the counters of the sandboxes' interfaces, on which nobody else sends, and for what
 * goes to this host, in those of its own socket.
 */

#include <arpa/inet.h>
#include <errno.h>
/* Not netinet/tcp.h, whose struct tcp_info ends early. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boxes.h"
#include "kselftest_harness.h"
#include "policy.h"

#define STREAM_PORT 9000
/* Segments of it are small, so that there are many. */
#define SEGMENT 400
/* So much has been sent before the cut, and has to come after it. */
#define BEFORE (200 * SEGMENT)
#define AFTER (20 * SEGMENT)
/* The set that a permission may name. */
#define SET 5

FIXTURE(revocation)
{
	struct lbmesh *conn;
	struct lbmesh_result result;
	struct boxes boxes;
};

#define NS(box) self->boxes.ns[box]
#define ASSERT_RUN(commit) \
	ASSERT_EQ(0, run(self->conn, commit, &self->result)) \
		TH_LOG("\"%s\"", self->result.error.message)

/* The cache is per CPU; so all of a test runs on one, packets too. */
static int pin(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

/* Neighbours are known for ever: nothing but the streams is on the links. */
static int know_neighbours(void)
{
	int err = 0;

	for (int i = 0; i < BOXES && !err; i++)
		err = sh("there=$(ip -n %c link show eth0 | awk '/ether/ { print $2 }');"
			 "here=$(ip link show v%c | awk '/ether/ { print $2 }');"
			 "for a in %s %s; do ip neigh replace $a lladdr $there dev v%c nud permanent; done;"
			 "for a in 10.7.%d.1 fd07:%d::1; do"
			 " ip -n %c neigh replace $a lladdr $here dev eth0 nud permanent; done",
			 names[i], names[i], v4[i], v6[i], names[i], i + 1, i + 1, names[i]);
	return err;
}

FIXTURE_SETUP(revocation)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, pin());
	ASSERT_EQ(0, boxes_make(&self->boxes));
	ASSERT_EQ(0, know_neighbours());
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
}

FIXTURE_TEARDOWN(revocation)
{
	boxes_end(&self->boxes);
	lbmesh_close(self->conn);
}

/* --- Streams --------------------------------------------------------------- */

/* Two ends of a connection, and two processes that send and read. */
struct stream {
	int sends;
	int gets;
	pid_t sender;
	pid_t reader;
};

static struct sockaddr_in6 address_of(const char *text, uint16_t port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	char mapped[64];

	snprintf(mapped, sizeof(mapped), "%s%s", strchr(text, ':') ? "" : "::ffff:", text);
	inet_pton(AF_INET6, mapped, &address.sin6_addr);
	return address;
}

static void send_for_ever(int fd)
{
	char data[SEGMENT] = "";

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (send(fd, data, sizeof(data), MSG_NOSIGNAL) > 0)
		usleep(200);
	_exit(0);
}

static void read_for_ever(int fd)
{
	char data[65536];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (recv(fd, data, sizeof(data), 0) > 0)
		continue;
	_exit(0);
}

/* Returns 0 or an errno. */
static int stream_begin(struct stream *stream, int from, int to, const char *address, bool down)
{
	struct sockaddr_in6 there = address_of(address, STREAM_PORT);
	int listener, client, server, on = 1;

	must(namespace_set(to));
	listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	end_at_once(listener);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	there.sin6_addr = in6addr_any;
	if (bind(listener, (struct sockaddr *)&there, sizeof(there)) || listen(listener, 1))
		return errno;
	there = address_of(address, STREAM_PORT);
	must(namespace_set(from));
	client = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	end_at_once(client);
	if (connect(client, (struct sockaddr *)&there, sizeof(there)))
		return errno;
	server = accept(listener, NULL, NULL);
	end_at_once(server);
	close(listener);
	stream->sends = down ? server : client;
	stream->gets = down ? client : server;
	setsockopt(stream->sends, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	stream->sender = fork();
	if (!stream->sender)
		send_for_ever(stream->sends);
	stream->reader = fork();
	if (!stream->reader)
		read_for_ever(stream->gets);
	return 0;
}

static void stream_end(struct stream *stream)
{
	server_stop(stream->sender);
	server_stop(stream->reader);
	close(stream->sends);
	close(stream->gets);
}

static uint64_t received(const struct stream *stream)
{
	struct tcp_info info = {};
	socklen_t length = sizeof(info);

	must(getsockopt(stream->gets, IPPROTO_TCP, TCP_INFO, &info, &length));
	return info.tcpi_bytes_received;
}

/* Whether the stream gets to a number of bytes. */
static bool comes_to(const struct stream *stream, uint64_t bytes)
{
	uint64_t until = now_ms() + 10000 * machine_slowness();

	while (received(stream) < bytes && now_ms() < until)
		pause_ms(5);
	return received(stream) >= bytes;
}

/* Packets that have left an interface of the present namespace. */
static uint64_t sent_on(const char *ifname)
{
	unsigned long long packets = 0;
	char line[512], name[32];
	FILE *file = fopen("/proc/thread-self/net/dev", "re");

	if (!file)
		must(-errno);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " %31[^:]: %*u %*u %*u %*u %*u %*u %*u %*u %*u %llu", name,
			   &packets) == 2 && strcmp(name, ifname) == 0)
			break;
		packets = 0;
	}
	fclose(file);
	return packets;
}

/* --- Permissions ------------------------------------------------------------- */

enum way { RULE, DENIAL, STATED, LEARNED, WAYS };
static const char *const way_names[] = { "a rule", "a denial", "a stated element",
					 "a learned element" };

/* Whose permission a flow needs, and what the flow is. */
struct flow {
	int from, to;
	/* Endpoint that is asked, which has the layer of its number. */
	int judge;
	bool is6, down;
	const char *address;
	const char *other;
};

static void put_permission(struct lbmesh_commit *commit, const struct flow *flow, enum way way)
{
	struct lbmesh_selector set = {};
	bool egress = flow->judge == flow->from;

	if (way == STATED || way == LEARNED)
		set = select_set(SET);
	add_rule(commit, .layer = flow->judge + 1, .id = 1, .position = 10,
		 .action = LBMESH_ACTION_ALLOW, .has_direction = true, .direction = egress,
		 PROTOCOL(IPPROTO_TCP), PORT(STREAM_PORT),
		 .src = egress ? (struct lbmesh_selector){} : set,
		 .dst = egress ? set : (struct lbmesh_selector){});
}

static struct lbmesh_commit *allowing_new(const struct flow *flow, enum way way)
{
	struct lbmesh_commit *commit = both_new();

	put_set(commit, SET);
	if (way == STATED)
		put_element(commit, SET, flow->other);
	put_permission(commit, flow, way);
	/* The other side lets it pass. */
	if (flow->judge != flow->to && flow->to == B)
		add_rule(commit, .layer = 2, .id = 7, .position = 10, INGRESS,
			 .action = LBMESH_ACTION_ALLOW);
	add_rule(commit, .layer = flow->judge + 1, .id = 99, .position = 99,
		 .action = LBMESH_ACTION_DENY);
	return commit;
}

static int learn_it(struct lbmesh *conn, const struct flow *flow, bool add)
{
	struct lbmesh_element element = { .set = SET };

	must(lbmesh_prefix_parse(flow->other, &element.prefix));
	return lbmesh_set_update(conn, add ? &element : NULL, add, add ? NULL : &element, !add,
				 NULL);
}

static int take_away(struct lbmesh *conn, const struct flow *flow, enum way way)
{
	struct lbmesh_commit *commit;
	struct lbmesh_result result;

	if (way == LEARNED)
		return learn_it(conn, flow, false);
	commit = delta(conn);
	if (way == RULE)
		must(lbmesh_commit_remove_rule(commit, flow->judge + 1, 1));
	else if (way == STATED)
		remove_element(commit, SET, flow->other);
	else
		add_rule(commit, .layer = flow->judge + 1, .id = 2, .position = 2,
			 .action = LBMESH_ACTION_DENY);
	return run(conn, commit, &result);
}

static int give_back(struct lbmesh *conn, const struct flow *flow, enum way way)
{
	struct lbmesh_commit *commit;
	struct lbmesh_result result;

	if (way == LEARNED)
		return learn_it(conn, flow, true);
	commit = delta(conn);
	if (way == RULE)
		put_permission(commit, flow, way);
	else if (way == STATED)
		put_element(commit, SET, flow->other);
	else
		must(lbmesh_commit_remove_rule(commit, flow->judge + 1, 2));
	return run(conn, commit, &result);
}

/* --- The cut ------------------------------------------------------------------- */

struct passed {
	uint64_t to_a, to_b, to_host;
};

/* Nothing waits between the firewall and these counters. */
static struct passed look(const struct stream *stream, bool receives_here)
{
	struct passed passed = { .to_a = sent_on("va"), .to_b = sent_on("vb") };

	if (receives_here)
		passed.to_host = received(stream);
	return passed;
}

static void cut_one(struct __test_metadata *_metadata, FIXTURE_DATA(revocation) *self,
		    const struct flow *flow, enum way way)
{
	bool here = (flow->down ? flow->from : flow->to) == HOST;
	struct passed before, after;
	struct stream stream;
	uint64_t denied, hits;

	ASSERT_EQ(0, namespace_set(NS(HOST)));
	ASSERT_EQ(0, flush(self->conn, &self->result));
	ASSERT_RUN(allowing_new(flow, way));
	if (way == LEARNED)
		ASSERT_EQ(0, learn_it(self->conn, flow, true));
	ASSERT_EQ(0, stream_begin(&stream, NS(flow->from), NS(flow->to), flow->address,
				  flow->down));
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	hits = cache_counters(self->conn).hits;
	ASSERT_TRUE(comes_to(&stream, BEFORE));
	/* It is the cache that has let it through. */
	EXPECT_LT(hits + 100, cache_counters(self->conn).hits);
	denied = path_counter(LBMESH_A_PATH_DENIED);
	ASSERT_EQ(0, take_away(self->conn, flow, way));
	before = look(&stream, here);
	pause_ms(400 * machine_slowness());
	after = look(&stream, here);
	EXPECT_EQ(before.to_a, after.to_a);
	EXPECT_EQ(before.to_b, after.to_b);
	EXPECT_EQ(before.to_host, after.to_host);
	/* It has tried. */
	EXPECT_LT(denied, path_counter(LBMESH_A_PATH_DENIED));
	ASSERT_EQ(0, give_back(self->conn, flow, way));
	EXPECT_TRUE(comes_to(&stream, received(&stream) + AFTER));
	stream_end(&stream);
}

TEST_F_TIMEOUT(revocation, cuts_a_stream_with_its_next_packet_and_giving_back_lets_it_go_on, 900)
{
	static const struct { int from, to, judge; } cases[] = {
		{ A, B, B }, { A, B, A }, { HOST, B, B }, { A, HOST, A },
	};
	static const char *const host4[] = { "10.7.1.1", "10.7.2.1" };
	static const char *const host6[] = { "fd07:1::1", "fd07:2::1" };
	int cuts = 0;

	for (int i = 0; i < 4; i++)
	for (enum way way = 0; way < WAYS; way++)
	for (int down = 0; down < 2; down++) {
		struct flow flow = {
			.from = cases[i].from, .to = cases[i].to, .judge = cases[i].judge,
			/* Each way and each direction in each family, over all of the cases. */
			.is6 = (i + way + down) % 2, .down = down,
		};
		const char *const *box = flow.is6 ? v6 : v4, *const *host = flow.is6 ? host6 : host4;

		flow.address = flow.to == HOST ? host[0] : box[flow.to];
		flow.other = flow.judge == flow.from ? flow.address :
			     flow.from == HOST ? host[1] : box[flow.from];
		cut_one(_metadata, self, &flow, way);
		if (!__test_passed(_metadata))
			TH_LOG("from %d to %d, judged at %d, by %s, IPv%d, %s sends", flow.from,
			       flow.to, flow.judge, way_names[way], flow.is6 ? 6 : 4,
			       down ? "the server" : "the client");
		ASSERT_TRUE(__test_passed(_metadata));
		cuts++;
	}
	TH_LOG("%d streams cut, and none had a packet more", cuts);
}

/* --- Orgs ------------------------------------------------------------------------ */

/* Flows of each of the two. */
#define FLOWS 20

/* Changes that concern a and its layer alone. */
enum change { RULE_COMES, RULE_GOES, ELEMENT_COMES, ELEMENT_GOES, SET_LEARNS, SET_UNLEARNS, ENDPOINT_CHANGES,
	      CHANGES };

/* a is of one org and b of another: each has a layer and a set of its own. */
static struct lbmesh_commit *orgs_new(void)
{
	struct lbmesh_commit *commit = both_new();

	for (uint32_t org = 1; org <= 2; org++) {
		put_set(commit, org);
		add_rule(commit, .layer = org, .id = 1, .position = 1, INGRESS,
			 .action = LBMESH_ACTION_DENY, .src = select_set(org));
		add_rule(commit, .layer = org, .id = 2, .position = 2, INGRESS,
			 .action = LBMESH_ACTION_ALLOW, PROTOCOL(IPPROTO_UDP));
	}
	return commit;
}

static int learn_of_a(struct lbmesh *conn, bool add)
{
	struct lbmesh_element element = { .set = 1 };

	must(lbmesh_prefix_parse("192.0.2.2", &element.prefix));
	return lbmesh_set_update(conn, add ? &element : NULL, add, add ? NULL : &element, !add,
				 NULL);
}

static int change_a(struct lbmesh *conn, enum change change)
{
	struct lbmesh_endpoint endpoint = {
		.id = A + 1, .kind = LBMESH_ENDPOINT_KIND_SANDBOX, .ifname = "va",
		.layers = (uint32_t []){ 1 }, .n_layers = 1,
		.has_egress_default = true, .egress_default = LBMESH_ACTION_REJECT,
	};
	struct lbmesh_commit *commit;
	struct lbmesh_result result;

	if (change == SET_LEARNS || change == SET_UNLEARNS)
		return learn_of_a(conn, change == SET_LEARNS);
	commit = delta(conn);
	switch (change) {
	case RULE_COMES:
		add_rule(commit, .layer = 1, .id = 3, .position = 3, .action = LBMESH_ACTION_DENY);
		break;
	case RULE_GOES:
		must(lbmesh_commit_remove_rule(commit, 1, 3));
		break;
	case ELEMENT_COMES:
		put_element(commit, 1, "192.0.2.1");
		break;
	case ELEMENT_GOES:
		remove_element(commit, 1, "192.0.2.1");
		break;
	default:
		must(lbmesh_address_parse(v4[A], &endpoint.ipv4));
		must(lbmesh_address_parse(v6[A], &endpoint.ipv6));
		must(lbmesh_commit_put_endpoint(commit, &endpoint));
		break;
	}
	return run(conn, commit, &result);
}

static int echo_all(const int flows[FLOWS])
{
	int error = 0;

	for (int i = 0; i < FLOWS; i++)
		error = error ?: echo(flows[i]);
	return error;
}

TEST_F_TIMEOUT(revocation, leaves_the_cached_verdicts_of_another_org_alone, 120)
{
	int of_a[FLOWS], of_b[FLOWS];
	struct lbmesh_cache before, after;

	ASSERT_RUN(orgs_new());
	for (int i = 0; i < FLOWS; i++) {
		of_a[i] = datagrams_open(NS(C), (i % 2 ? v6 : v4)[A], 53);
		of_b[i] = datagrams_open(NS(C), (i % 2 ? v6 : v4)[B], 53);
		ASSERT_LE(0, of_a[i]);
		ASSERT_LE(0, of_b[i]);
	}
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, echo_all(of_a));
		ASSERT_EQ(0, echo_all(of_b));
	}
	ASSERT_EQ(0, namespace_set(NS(HOST)));
	for (enum change change = 0; change < CHANGES; change++) {
		ASSERT_EQ(0, change_a(self->conn, change)) TH_LOG("change %d", change);
		before = cache_counters(self->conn);
		ASSERT_EQ(0, echo_all(of_b));
		after = cache_counters(self->conn);
		/* There and back. */
		EXPECT_EQ(before.hits + 2 * FLOWS, after.hits) TH_LOG("change %d", change);
		EXPECT_EQ(before.stale, after.stale) TH_LOG("change %d", change);
		EXPECT_EQ(before.misses, after.misses) TH_LOG("change %d", change);
		/* Those of a are found again, once each. */
		ASSERT_EQ(0, echo_all(of_a));
		before = cache_counters(self->conn);
		EXPECT_EQ(after.stale + FLOWS, before.stale) TH_LOG("change %d", change);
		EXPECT_EQ(after.hits + FLOWS, before.hits) TH_LOG("change %d", change);
		EXPECT_EQ(after.misses, before.misses) TH_LOG("change %d", change);
	}
	for (int i = 0; i < FLOWS; i++) {
		close(of_a[i]);
		close(of_b[i]);
	}
}

TEST_HARNESS_MAIN
