// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a change of the topology costs the controller, and what all others would: a world of hosts and
 * networks with sizes by Zipf's law, a subscriber for each host, and changes one after another. A change
 * is derived, signed, appended to the hub, and copied to a buffer for each subscriber. The peer is a
 * recompute of everything: derive, sort, and make the bytes of every fragment; without a signature,
 * a comparison or a byte sent. scripts/bench topology runs it and makes lines of what it prints:
 *
 *   topology HOSTS ROUNDS CHANGES  ->  lines "NAME VALUE"; times are nanoseconds of the process's CPU
 */
#include "testing/follower.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FOLLOWERS  8
#define SENT_SIZE  (16u << 20) /* much larger than a cache, as the buffers of all subscribers are */
#define ROTATIONS  100
/* A TLS 1.3 record: header 5, content type 1, tag 16; at most 2^14 bytes in each (RFC 8446, 5.2). */
#define TLS_RECORD 22
#define TLS_MAX	   16384
/* An HTTP chunk besides its length in hexadecimal digits: two line ends (RFC 9112, 7.1). */
#define CHUNK_ENDS 4

struct reader {
	struct subscriber *subscriber;
	struct reader *next;
};

/* records: those of changes alone, without the whole fragments. */
struct sums {
	uint64_t frames, wire_bytes, floor_bytes, record_wire_bytes, record_floor_bytes;
};

struct bench {
	struct world world;
	struct reader *readers;
	struct reader *ready; /* those who were told */
	struct follower followers[FOLLOWERS];
	uint8_t *sent;
	size_t sent_at;
	struct sums sums;
};

static struct bench bench;

static uint64_t cpu_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static bool is_follower(const void *owner)
{
	return (const char *)owner >= (const char *)bench.followers &&
	       (const char *)owner < (const char *)(bench.followers + FOLLOWERS);
}

static void ready(struct subscriber *subscriber, void *owner)
{
	struct reader *reader = owner;

	if (is_follower(owner)) {
		follower_ready(subscriber, owner);
		return;
	}
	reader->next = bench.ready;
	bench.ready = reader;
}

/* --- the world ------------------------------------------------------------------------------------ */

static void id_copy(char to[RESOURCE_ID_SIZE], const char *from)
{
	memcpy(to, from, strlen(from) + 1);
}

static struct world_item *make(enum resource_kind kind, struct world_item *through, const char *org,
			       const char *scope, const char *owner)
{
	struct world_item *item = world_create(&bench.world, kind, through);

	id_copy(item->is.head.org, org);
	id_copy(item->is.head.scope, scope);
	id_copy(item->is.head.owner, owner);
	return item;
}

static void made(struct world_item *item)
{
	world_created(&bench.world, item);
	world_commit(&bench.world);
}

static void firewall_make(const char *org, const char *workspace)
{
	struct world_item *item = make(RESOURCE_FIREWALL, NULL, org, org, workspace);
	struct firewall_rule *rules = calloc(10, sizeof(*rules));

	WORLD_REQUIRE(&bench.world, rules, "memory");
	for (int i = 0; i < 10; i++) {
		rules[i] = (struct firewall_rule){.id = i + 1, .icmp_type = -1, .icmp_code = -1};
		memcpy(rules[i].protocol, "tcp", 4);
		memcpy(rules[i].source, "same-network", 13);
		memcpy(rules[i].destination, "any", 4);
	}
	item->is.firewall.level = *workspace ? FIREWALL_WORKSPACE : FIREWALL_ORGANIZATION;
	item->is.firewall.rules = (struct resource_list){rules, 10};
	made(item);
}

static void address_make(struct lbmesh_prefix *address)
{
	*address = (struct lbmesh_prefix){.family = AF_INET, .len = 32};
	world_random_bytes(&bench.world, address->addr, 4);
	address->addr[0] = 100;
}

static void host_make(const struct world_item *workspace)
{
	struct world_item *item = make(RESOURCE_HOST, NULL, workspace->is.head.org,
				       workspace->is.head.id, "");
	struct host *host = &item->is.host;

	world_random_bytes(&bench.world, host->public_key, 32);
	address_make(&host->endpoint.address);
	host->endpoint.port = 51820;
	host->keepalive = 25;
	made(item);
}

static void network_make(const char *org)
{
	struct world_item *item = make(RESOURCE_NETWORK, NULL, org, org, "");

	item->is.network.context = NETWORK_ORGANIZATION;
	item->is.network.number = (int64_t)bench.world.next_id;
	address_make(&item->is.network.cidr);
	item->is.network.cidr.len = 16;
	made(item);
}

/* A host of any: the same one twice is as good. Not committed yet. */
static struct world_item *member_make(const char *org, const char *network)
{
	struct world_item *host = world_pick(&bench.world, RESOURCE_HOST);
	struct world_item *item = make(RESOURCE_MEMBER, host, org, network, host->is.head.id);

	id_copy(item->is.member.host, host->is.head.id);
	address_make(&item->is.member.address);
	return item;
}

static struct world_item *bridge_make(const struct world_item *a, const struct world_item *b)
{
	struct world_item *item = make(RESOURCE_BRIDGE, NULL, a->is.head.org, a->is.head.org, "");

	id_copy(item->is.bridge.networks[0], a->is.head.id);
	id_copy(item->is.bridge.networks[1], b->is.head.id);
	return item;
}

/* A network for ten hosts; the one of rank i has hosts/2/i members, and two at least. */
static void world_make(size_t hosts)
{
	const char *org;
	struct world *world = &bench.world;
	size_t networks = hosts / 10;
	struct world_item *item = world_create(world, RESOURCE_ORG, NULL);

	org = item->is.head.id;
	id_copy(item->is.head.org, org);
	firewall_make(org, "");
	for (size_t i = 0; i < (hosts + 99) / 100; i++) {
		item = make(RESOURCE_WORKSPACE, NULL, org, org, "");
		made(item);
		firewall_make(org, item->is.head.id);
	}
	for (size_t i = 0; i < hosts; i++)
		host_make(world_pick(world, RESOURCE_WORKSPACE));
	for (size_t i = 0; i < networks; i++) {
		size_t members = hosts / 2 / (i + 1);

		network_make(org);
		item = world->pools[RESOURCE_NETWORK].items[i];
		for (size_t j = 0; j < (members > 2 ? members : 2); j++)
			made(member_make(org, item->is.head.id));
	}
	/* Not the largest ones: nobody joins half of all with the other half. */
	for (size_t i = 0; i < networks / 5; i++) {
		struct world_item **list = world->pools[RESOURCE_NETWORK].items;
		size_t least = networks / 20, a = least + world_random(world, networks - least);
		size_t b = least + world_random(world, networks - least);

		if (a != b)
			made(bridge_make(list[a], list[b]));
	}
}

/* --- the subscribers ------------------------------------------------------------------------------ */

/* What a frame takes: as an HTTP chunk of its own, in TLS records of its own. */
static void frame_count(const struct frame *frame)
{
	size_t digits = 1, chunk, wire, least;

	for (size_t rest = frame->size; rest >>= 4;)
		digits++;
	chunk = frame->size + digits + CHUNK_ENDS;
	wire = chunk + (chunk + TLS_MAX - 1) / TLS_MAX * TLS_RECORD;
	/* Without the size and the padding of the log's id. */
	least = frame->size - 4 - RESOURCE_ID_SIZE +
		strnlen((const char *)frame->bytes + 5, RESOURCE_ID_SIZE);
	bench.sums.frames++;
	bench.sums.wire_bytes += wire;
	bench.sums.floor_bytes += least;
	if (frame->bytes[4] != RECORD_CHANGE)
		return;
	bench.sums.record_wire_bytes += wire;
	bench.sums.record_floor_bytes += least;
}

static void frame_copy(const struct frame *frame)
{
	if (bench.sent_at + frame->size > SENT_SIZE)
		bench.sent_at = 0;
	WORLD_REQUIRE(&bench.world, frame->size <= SENT_SIZE, "a frame of %zu", frame->size);
	memcpy(bench.sent + bench.sent_at, frame->bytes, frame->size);
	bench.sent_at += frame->size;
}

static void reader_drain(struct reader *reader, bool copy)
{
	struct frame *frame;

	while ((frame = hub_next(reader->subscriber))) {
		if (copy) {
			frame_copy(frame);
			frame_count(frame);
		}
		frame_release(frame);
	}
}

static void drain(void)
{
	while (bench.ready) {
		struct reader *reader = bench.ready;

		bench.ready = reader->next;
		reader_drain(reader, true);
	}
}

/* The first load of everyone is not what is measured, and nothing is copied. */
static void subscribe_all(size_t hosts)
{
	struct world_item **items = bench.world.pools[RESOURCE_HOST].items;
	struct fault fault = {0};

	for (size_t i = 0; i < hosts; i++) {
		int ret = hub_subscribe(bench.world.hub, items[i]->is.head.id, NULL, 0,
					&bench.readers[i], &bench.readers[i].subscriber, &fault);

		WORLD_REQUIRE(&bench.world, !ret, "subscribe: %s", fault.text);
	}
}

static void followers_begin(void)
{
	for (size_t i = 0; i < FOLLOWERS; i++) {
		const struct world_item *host = world_pick(&bench.world, RESOURCE_HOST);

		follower_begin(&bench.followers[i], &bench.world, host->is.head.id);
		follower_connect(&bench.followers[i]);
	}
}

static void followers_read(void)
{
	for (size_t i = 0; i < FOLLOWERS; i++)
		follower_read(&bench.followers[i], SIZE_MAX);
}

/* --- what is measured ----------------------------------------------------------------------------- */

static uint64_t join(void)
{
	/* As likely as a network is large. */
	struct world_item *member = world_pick(&bench.world, RESOURCE_MEMBER);
	uint64_t start;

	member = member_make(member->is.head.org, member->is.head.scope);
	start = cpu_now();
	made(member);
	drain();
	return cpu_now() - start;
}

static uint64_t leave(void)
{
	struct world_item *member = world_pick(&bench.world, RESOURCE_MEMBER);
	uint64_t start = cpu_now();

	world_delete(&bench.world, member);
	world_commit(&bench.world);
	drain();
	return cpu_now() - start;
}

/* Two of the middle, and away again, unmeasured. */
static uint64_t bridge(void)
{
	struct world_item **list = bench.world.pools[RESOURCE_NETWORK].items;
	size_t n = bench.world.pools[RESOURCE_NETWORK].n;
	struct world_item *item = bridge_make(list[n / 10 + world_random(&bench.world, n / 10)],
					      list[n / 3 + world_random(&bench.world, n / 3)]);
	uint64_t start = cpu_now(), took;

	made(item);
	drain();
	took = cpu_now() - start;
	world_delete(&bench.world, item);
	world_commit(&bench.world);
	drain();
	return took;
}

/* Make before break: the new key beside the old one, then alone. */
static uint64_t rotate(void)
{
	struct world_item *item = world_pick(&bench.world, RESOURCE_HOST);
	struct host *host = &item->is.host;
	uint64_t start = cpu_now();

	world_touch(&bench.world, item);
	world_random_bytes(&bench.world, host->next_public_key, 32);
	world_touched(&bench.world, item);
	world_commit(&bench.world);
	drain();
	world_touch(&bench.world, item);
	memcpy(host->public_key, host->next_public_key, 32);
	memset(host->next_public_key, 0, 32);
	world_touched(&bench.world, item);
	world_commit(&bench.world);
	drain();
	return cpu_now() - start;
}

static int log_compare(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->log, ((const struct entry *)b)->log);
}

static void fragment_make(const struct entry *entries, size_t n)
{
	struct record *records = calloc(n, sizeof(*records));
	struct fragment *fragment = fragment_new(entries->log);
	struct frame *body;

	WORLD_REQUIRE(&bench.world, records && fragment, "memory");
	for (size_t i = 0; i < n; i++) {
		memcpy(records[i].key, entries[i].key, sizeof(records[i].key));
		records[i].value = entries[i].value;
		records[i].value_size = entries[i].value_size;
	}
	WORLD_REQUIRE(&bench.world, !fragment_load(fragment, 1, records, n, NULL), "load");
	body = fragment_body(fragment);
	WORLD_REQUIRE(&bench.world, body, "memory");
	frame_release(body);
	fragment_free(fragment);
	free(records);
}

static uint64_t recompute(void)
{
	struct entries entries = {0};
	uint64_t start = cpu_now();

	world_derive(&bench.world, &entries);
	qsort(entries.items, entries.n, sizeof(*entries.items), log_compare);
	for (size_t i = 0, end; i < entries.n; i = end) {
		for (end = i; end < entries.n && !log_compare(&entries.items[i], &entries.items[end]);)
			end++;
		fragment_make(&entries.items[i], end - i);
	}
	entries_release(&entries);
	return cpu_now() - start;
}

static void sum_report(const char *name, size_t hosts, const char *what, uint64_t sum)
{
	printf("%s.%zu.%s %llu\n", name, hosts, what, (unsigned long long)sum);
}

/* The mean of n changes, of one round. */
static void measure(const char *name, size_t hosts, uint64_t (*change)(void), unsigned int n)
{
	struct sums before = bench.sums;
	uint64_t took = 0;

	for (unsigned int i = 0; i < n; i++) {
		took += change();
		followers_read();
	}
	printf("%s.%zu %llu\n", name, hosts, (unsigned long long)(took / n));
	if (change == recompute)
		return;
	sum_report(name, hosts, "frames", (bench.sums.frames - before.frames) / n);
	sum_report(name, hosts, "wire", (bench.sums.wire_bytes - before.wire_bytes) / n);
	sum_report(name, hosts, "floor", (bench.sums.floor_bytes - before.floor_bytes) / n);
	sum_report(name, hosts, "records_wire",
		   (bench.sums.record_wire_bytes - before.record_wire_bytes) / n);
	sum_report(name, hosts, "records_floor",
		   (bench.sums.record_floor_bytes - before.record_floor_bytes) / n);
}

static void memory_report(size_t hosts, size_t subscribers_bytes)
{
	FILE *file = fopen("/proc/self/statm", "re");
	struct hub_counts counts;
	char line[128], *second;
	unsigned long resident;

	WORLD_REQUIRE(&bench.world, file && fgets(line, sizeof(line), file), "statm");
	fclose(file);
	second = strchr(line, ' ');
	resident = second ? strtoul(second, NULL, 10) : 0;
	hub_counts(bench.world.hub, &counts);
	printf("rss.%zu %lu\n", hosts, resident * (unsigned long)sysconf(_SC_PAGESIZE));
	printf("subscriber.%zu %zu\n", hosts, subscribers_bytes / hosts);
	printf("positions.%zu %.2f\n", hosts, (double)counts.positions / (double)counts.subscribers);
	printf("entries.%zu %zu\n", hosts, counts.entries);
	printf("logs.%zu %zu\n", hosts, counts.logs);
	printf("history.%zu %llu\n", hosts, (unsigned long long)counts.history_bytes);
}

/* Byte for byte, or it ends here. */
static void result_check(size_t hosts)
{
	size_t logs = world_verify(&bench.world);

	followers_read();
	for (size_t i = 0; i < FOLLOWERS; i++) {
		follower_verify(&bench.followers[i]);
		follower_end(&bench.followers[i]);
	}
	printf("identical.%zu %zu\n", hosts, logs);
}

int main(int argc, char **argv)
{
	struct hub_options options = {
		.history_frames = 256, .history_bytes = 256 << 10, .ready = ready};
	size_t hosts = argc == 4 ? strtoul(argv[1], NULL, 10) : 0, before;
	unsigned int rounds = argc == 4 ? (unsigned int)strtoul(argv[2], NULL, 10) : 0;
	unsigned int changes = argc == 4 ? (unsigned int)strtoul(argv[3], NULL, 10) : 0;

	if (hosts < 100 || !rounds || !changes) {
		fprintf(stderr, "usage: topology HOSTS ROUNDS CHANGES, at least 100 hosts\n");
		return 2;
	}
	world_begin(&bench.world, 1, &options);
	world_make(hosts);
	bench.readers = calloc(hosts, sizeof(*bench.readers));
	bench.sent = calloc(1, SENT_SIZE);
	WORLD_REQUIRE(&bench.world, bench.readers && bench.sent, "memory");
	before = mallinfo2().uordblks;
	subscribe_all(hosts);
	before = mallinfo2().uordblks - before;
	for (size_t i = 0; i < hosts; i++)
		reader_drain(&bench.readers[i], false);
	followers_begin();
	followers_read();
	for (unsigned int i = 0; i < rounds; i++) {
		measure("join", hosts, join, changes);
		measure("recompute", hosts, recompute, 1);
		measure("leave", hosts, leave, changes);
		measure("bridge", hosts, bridge, 10);
		measure("rotate", hosts, rotate, ROTATIONS);
	}
	memory_report(hosts, before);
	result_check(hosts);
	world_end(&bench.world);
	free(bench.readers);
	free(bench.sent);
	return 0;
}
