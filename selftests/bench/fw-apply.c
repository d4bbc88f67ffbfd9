// SPDX-License-Identifier: GPL-2.0
/*
 * Our side of the benchmark of firewalls: reads a file of fw-rules.awk, sends what it says as one commit by
 * liblbmesh, waits until that is in force, and exits. It is to lbmesh what `nft -f FILE` is to nf_tables.
 * selftests/bench/fw-guest.sh calls it.
 *
 *	fw-apply replace KIND IFNAME ADDRESS FILE	the whole: layers 1 to 3 and a fourth that nobody asks, the
 *				rules, and an endpoint of that kind ("host", "sandbox"); ADDRESS may be "-"
 *	fw-apply add KIND IFNAME ADDRESS FILE		the same on top of what is in force
 *	fw-apply change FILE	puts the rules of FILE in the place of those with their ids
 *	fw-apply flush		nothing is in force
 *	fw-apply cache ENTRIES	size of the verdict cache on each CPU; 0 is off
 *	fw-apply stat		prints entries, hits, misses, stale and evictions of the cache
 *
 * After a commit it prints nanoseconds: until the commit was built, from there to the answer of the
 * handler, from there to the result, then those of each phase, as the kernel says.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A limit of 0 is not for the public call. */
#include "internal.h"

/* Long enough for any job on an emulated CPU. */
#define TIMEOUT_MS 600000
#define LAYERS	   3

struct input {
	const char *name;
	const char *at;
	const char *end;
	unsigned int line;
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static _Noreturn void fail(const char *what, const struct lbmesh_error *err)
{
	fprintf(stderr, "fw-apply: %s: %s%s%s\n", what, err->message, err->path[0] ? " at " : "",
		err->path);
	exit(1);
}

static _Noreturn void refuse(const struct input *in, const char *why)
{
	fprintf(stderr, "fw-apply: %s:%u: %s\n", in->name, in->line, why);
	exit(1);
}

static void must(const struct input *in, int ret)
{
	if (ret)
		refuse(in, "liblbmesh does not take it");
}

/* --- Files ------------------------------------------------------------------------------------ */

/* Every line ends with a newline, and no reader passes one: a file needs no zero after it. */
static struct input file_open(const char *name)
{
	struct input in = {.name = name, .line = 1};
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !st.st_size)
		refuse(&in, "this cannot be read");
	in.at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (in.at == MAP_FAILED || in.at[st.st_size - 1] != '\n')
		refuse(&in, "this is no text");
	in.end = in.at + st.st_size;
	close(fd);
	return in;
}

static bool take(struct input *in, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(in->at, word, len) != 0)
		return false;
	in->at += len;
	return true;
}

static void take_must(struct input *in, const char *word)
{
	if (!take(in, word))
		refuse(in, "malformed line");
}

/* A number, and what stands after it. */
static uint32_t take_number(struct input *in, uint32_t max, const char *after)
{
	uint64_t value = 0;

	if (*in->at < '0' || *in->at > '9')
		refuse(in, "a number is missing");
	for (; *in->at >= '0' && *in->at <= '9'; in->at++) {
		value = value * 10 + (uint64_t)(*in->at - '0');
		if (value > max)
			refuse(in, "a number is too large");
	}
	take_must(in, after);
	return (uint32_t)value;
}

/* A /0 is no condition. */
static struct lbmesh_selector take_selector(struct input *in)
{
	struct lbmesh_selector selector = {.kind = LBMESH_SELECTOR_PREFIX};
	struct lbmesh_prefix *prefix = &selector.prefix;

	prefix->family = AF_INET;
	for (int i = 0; i < 4; i++)
		prefix->addr[i] = (uint8_t)take_number(in, 255, i < 3 ? "." : "/");
	prefix->len = (uint8_t)take_number(in, 32, " ");
	if (!prefix->len)
		selector.kind = LBMESH_SELECTOR_ABSENT;
	return selector;
}

static enum lbmesh_action take_action(struct input *in)
{
	if (take(in, "allow "))
		return LBMESH_ACTION_ALLOW;
	if (take(in, "deny "))
		return LBMESH_ACTION_DENY;
	take_must(in, "pass ");
	return LBMESH_ACTION_PASS;
}

static void take_protocol(struct input *in, struct lbmesh_rule *rule)
{
	if (take(in, "any "))
		return;
	rule->has_protocol = true;
	rule->protocol = IPPROTO_TCP;
	if (take(in, "tcp "))
		return;
	take_must(in, "udp ");
	rule->protocol = IPPROTO_UDP;
}

static void put_rule(struct lbmesh_commit *commit, struct input *in)
{
	struct lbmesh_range range;
	struct lbmesh_rule rule = {.dst_ports = &range};

	rule.layer = take_number(in, LAYERS + 1, " ");
	rule.id = rule.position = take_number(in, UINT32_MAX, " ");
	rule.action = take_action(in);
	take_protocol(in, &rule);
	rule.src = take_selector(in);
	rule.dst = take_selector(in);
	range.first = (uint16_t)take_number(in, UINT16_MAX, " ");
	range.last = (uint16_t)take_number(in, UINT16_MAX, "\n");
	rule.n_dst_ports = range.first || range.last < UINT16_MAX;
	must(in, lbmesh_commit_put_rule(commit, &rule));
	in->line++;
}

static void put_rules(struct lbmesh_commit *commit, const char *name)
{
	struct input in = file_open(name);

	while (in.at < in.end)
		put_rule(commit, &in);
}

/* --- Commits ---------------------------------------------------------------------------------- */

static struct lbmesh_commit *commit_new(struct lbmesh *conn, enum lbmesh_commit_mode mode)
{
	struct lbmesh_commit *commit = lbmesh_commit_new(mode);
	struct lbmesh_generation generation;
	struct lbmesh_error err = {};

	if (mode == LBMESH_COMMIT_MODE_DELTA) {
		if (lbmesh_generation_get(conn, &generation, &err))
			fail("generation-get", &err);
		lbmesh_commit_set_expect_gen(commit, generation.number);
	}
	return commit;
}

/* What the layers judge. A packet that no rule is about is denied. */
static void put_endpoint(struct lbmesh_commit *commit, char **argv)
{
	static const uint32_t layers[LAYERS] = {1, 2, 3};
	struct lbmesh_endpoint endpoint = {
		.id = 1,
		.kind = strcmp(argv[2], "host") == 0 ? LBMESH_ENDPOINT_KIND_HOST
						     : LBMESH_ENDPOINT_KIND_SANDBOX,
		.ifname = argv[3],
		.layers = layers,
		.n_layers = LAYERS,
		.has_ingress_default = true,
		.ingress_default = LBMESH_ACTION_DENY,
	};
	struct input in = {.name = argv[4]};

	if (strcmp(argv[4], "-") != 0)
		must(&in, lbmesh_address_parse(argv[4], &endpoint.ipv4));
	must(&in, lbmesh_commit_put_endpoint(commit, &endpoint));
}

static struct lbmesh_commit *commit_of(struct lbmesh *conn, int argc, char **argv)
{
	bool whole = strcmp(argv[1], "replace") == 0;
	struct lbmesh_commit *commit =
		commit_new(conn, whole ? LBMESH_COMMIT_MODE_REPLACE : LBMESH_COMMIT_MODE_DELTA);

	if (argc == 6) {
		struct input in = {.name = "layer"};

		for (uint32_t i = 1; i <= LAYERS + 1; i++)
			must(&in, lbmesh_commit_put_layer(commit, &(struct lbmesh_layer){.id = i}));
		put_endpoint(commit, argv);
	}
	put_rules(commit, argv[argc - 1]);
	return commit;
}

static void run(struct lbmesh *conn, int argc, char **argv)
{
	uint64_t began = now(), built, sent, cookie = 0;
	struct lbmesh_commit *commit = commit_of(conn, argc, argv);
	struct lbmesh_error err = {};
	struct lbmesh_result result;

	built = now();
	if (lbmesh_commit_send(conn, commit, &cookie, &err))
		fail(argv[1], &err);
	sent = now();
	if (lbmesh_commit_wait(conn, cookie, TIMEOUT_MS, &result, &err))
		fail(argv[1], &err);
	printf("build %llu handler %llu worker %llu", (unsigned long long)(built - began),
	       (unsigned long long)(sent - built), (unsigned long long)(now() - sent));
	for (size_t i = 0; i < result.n_timings; i++)
		printf(" %s %llu", lbmesh_phase_name(result.timings[i].phase),
		       (unsigned long long)result.timings[i].duration_ns);
	printf("\n");
}

/* --- The rest --------------------------------------------------------------------------------- */

static int no_answer(const struct nlmsghdr *nlh, void *data)
{
	(void)nlh;
	(void)data;
	return 0;
}

static void set_cache(struct lbmesh *conn, uint32_t entries)
{
	struct lbmesh_error err = {};
	struct lbm_request request;
	struct nlmsghdr *head;
	struct nlattr *nest;

	head = lbm_request_init(&request, conn->family, LBMESH_CMD_LIMITS_SET,
				LBMESH_FAMILY_VERSION, NLM_F_ACK);
	nest = mnl_attr_nest_start(head, LBMESH_A_LIMITS);
	mnl_attr_put_u32(head, LBMESH_A_COUNTS_CACHE_ENTRIES, entries);
	mnl_attr_nest_end(head, nest);
	if (lbm_exchange(conn, &request, no_answer, NULL, &err))
		fail("cache-entries", &err);
}

static void show_cache(struct lbmesh *conn)
{
	struct lbmesh_generation generation;
	const struct lbmesh_cache *cache = &generation.cache;
	struct lbmesh_error err = {};

	if (lbmesh_generation_get(conn, &generation, &err))
		fail("generation-get", &err);
	printf("%u %llu %llu %llu %llu\n", cache->entries, (unsigned long long)cache->hits,
	       (unsigned long long)cache->misses, (unsigned long long)cache->stale,
	       (unsigned long long)cache->evictions);
}

static void flush(struct lbmesh *conn)
{
	struct lbmesh_error err = {};
	struct lbmesh_result result;

	if (lbmesh_flush(conn, NULL, TIMEOUT_MS, &result, &err))
		fail("flush", &err);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	struct lbmesh_error err = {};
	struct lbmesh *conn;

	if (lbmesh_open(&conn, &err))
		fail("the family", &err);
	lbmesh_timeout_set(conn, TIMEOUT_MS);
	if (argc == 6 && (strcmp(verb, "replace") == 0 || strcmp(verb, "add") == 0))
		run(conn, argc, argv);
	else if (argc == 3 && strcmp(verb, "change") == 0)
		run(conn, argc, argv);
	else if (argc == 3 && strcmp(verb, "cache") == 0)
		set_cache(conn, (uint32_t)strtoul(argv[2], NULL, 10));
	else if (argc == 2 && strcmp(verb, "flush") == 0)
		flush(conn);
	else if (argc == 2 && strcmp(verb, "stat") == 0)
		show_cache(conn);
	else
		fprintf(stderr, "fw-apply: wrong usage; see the head of its source\n"), exit(2);
	/* The end of the process frees the rest sooner than we could. */
	return 0;
}
