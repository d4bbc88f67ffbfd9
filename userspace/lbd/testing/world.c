// SPDX-License-Identifier: GPL-2.0-only
/* The world: pools of resources, transactions, and the recompute. Used by tests and benchmark. */
#include "testing/world.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void world_die(const struct world *world, const char *condition, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "LBMESH_SEED=%llu: not so: %s: ", (unsigned long long)world->seed,
		condition);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
static uint64_t random_next(struct world *world)
{
	uint64_t number = world->random += 0x9e3779b97f4a7c15;

	number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
	number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
	return number ^ (number >> 31);
}

uint64_t world_random(struct world *world, uint64_t n)
{
	return random_next(world) % n;
}

bool world_chance(struct world *world, unsigned int percent)
{
	return world_random(world, 100) < percent;
}

void world_random_bytes(struct world *world, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)random_next(world);
}

void world_begin(struct world *world, uint64_t seed, struct hub_options *options)
{
	uint8_t key_seed[crypto_sign_SEEDBYTES];

	*world = (struct world){.seed = seed, .random = seed};
	WORLD_REQUIRE(world, sodium_init() >= 0, "libsodium");
	world_random_bytes(world, key_seed, sizeof(key_seed));
	crypto_sign_seed_keypair(world->public_key, world->secret, key_seed);
	memcpy(options->secret, world->secret, sizeof(options->secret));
	world->hub = hub_new(options);
	WORLD_REQUIRE(world, world->hub, "memory");
}

static void item_free(struct world_item *item)
{
	struct host *host = &item->is.host;
	struct sandbox *sandbox = &item->is.sandbox;
	struct firewall *firewall = &item->is.firewall;

	switch (item->is.head.kind) {
	case RESOURCE_HOST:
		free(host->labels.items);
		break;
	case RESOURCE_SANDBOX:
		free(sandbox->labels.items);
		free(sandbox->egress.items);
		free(sandbox->ingress.items);
		free(sandbox->ingress_ports.items);
		free(sandbox->private_link_ids.items);
		break;
	case RESOURCE_FIREWALL:
		for (size_t i = 0; i < firewall->rules.n; i++)
			free(((struct firewall_rule *)firewall->rules.items)[i]
				     .destination_ports.items);
		free(firewall->rules.items);
		break;
	case RESOURCE_ALIAS:
		free(item->is.alias.ports.items);
		break;
	default:
		break;
	}
	free(item->near.items);
	free(item);
}

void world_end(struct world *world)
{
	for (size_t kind = 0; kind < RESOURCE_KINDS; kind++) {
		for (size_t i = 0; i < world->pools[kind].n; i++)
			item_free(world->pools[kind].items[i]);
		free(world->pools[kind].items);
	}
	entries_release(&world->before);
	entries_release(&world->after);
	hub_free(world->hub);
}

/* --- pools -------------------------------------------------------------------------------------- */

static void near_add(struct world *world, struct world_near *near, struct world_item *item)
{
	if (near->n == near->capacity) {
		near->capacity = near->capacity ? 2 * near->capacity : 4;
		near->items =
			reallocarray(near->items, near->capacity, sizeof(struct world_item *));
		WORLD_REQUIRE(world, near->items, "memory");
	}
	near->items[near->n++] = item;
}

static void near_remove(struct world_near *near, const struct world_item *item)
{
	for (size_t i = 0; i < near->n; i++) {
		if (near->items[i] == item)
			near->items[i--] = near->items[--near->n];
	}
}

struct world_item *world_pick(struct world *world, enum resource_kind kind)
{
	const struct world_near *pool = &world->pools[kind];

	return pool->n ? pool->items[world_random(world, pool->n)] : NULL;
}

struct world_item *world_get(const struct world *world, enum resource_kind kind, const char *id)
{
	const struct world_near *pool = &world->pools[kind];

	for (size_t i = 0; i < pool->n; i++) {
		if (!strcmp(pool->items[i]->is.head.id, id))
			return pool->items[i];
	}
	return NULL;
}

static size_t item_size(enum resource_kind kind)
{
	static const size_t sizes[RESOURCE_KINDS] = {
		[RESOURCE_ORG] = sizeof(struct org),
		[RESOURCE_WORKSPACE] = sizeof(struct workspace),
		[RESOURCE_HOST] = sizeof(struct host),
		[RESOURCE_SANDBOX] = sizeof(struct sandbox),
		[RESOURCE_NETWORK] = sizeof(struct network),
		[RESOURCE_MEMBER] = sizeof(struct member),
		[RESOURCE_BRIDGE] = sizeof(struct bridge),
		[RESOURCE_FIREWALL] = sizeof(struct firewall),
		[RESOURCE_ATTACHMENT] = sizeof(struct attachment),
		[RESOURCE_ALIAS] = sizeof(struct alias),
		[RESOURCE_POLICY] = sizeof(struct policy),
	};

	return offsetof(struct world_item, is) + sizes[kind];
}

struct world_item *world_create(struct world *world, enum resource_kind kind,
				struct world_item *through)
{
	static const char *const prefixes[RESOURCE_KINDS] = {
		"org", "ws", "host", "sbx", "net", "mem", "br", "fw", "att", "als", "pol",
	};
	struct world_item *item = calloc(1, item_size(kind));

	WORLD_REQUIRE(world, item && prefixes[kind], "memory, or a kind that is none");
	item->is.head.kind = kind;
	item->is.head.version = 1;
	/* As long as real ones, and in no order. */
	snprintf(item->is.head.id, sizeof(item->is.head.id), "%s_%012llX%014llu", prefixes[kind],
		 (unsigned long long)(random_next(world) & 0xffffffffffff),
		 (unsigned long long)++world->next_id);
	snprintf(item->is.head.name, sizeof(item->is.head.name), "%s-%llu", prefixes[kind],
		 (unsigned long long)world->next_id);
	item->through = through;
	item->at = world->pools[kind].n;
	near_add(world, &world->pools[kind], item);
	if (through)
		near_add(world, &through->near, item);
	return item;
}

/* --- transactions ------------------------------------------------------------------------------- */

static void item_derive(const struct world *world, const struct world_item *item,
			struct entries *entries)
{
	struct fault fault = {0};
	int ret = derive(&item->is.head, item->through ? &item->through->is.host : NULL, entries,
			 &fault);

	WORLD_REQUIRE(world, !ret, "derive %s: %s", item->is.head.id, fault.text);
}

static void whole_derive(const struct world *world, const struct world_item *item,
			 struct entries *entries)
{
	item_derive(world, item, entries);
	for (size_t i = 0; i < item->near.n; i++)
		item_derive(world, item->near.items[i], entries);
}

void world_created(struct world *world, struct world_item *item)
{
	item_derive(world, item, &world->after);
}

void world_touch(struct world *world, const struct world_item *item)
{
	whole_derive(world, item, &world->before);
}

void world_touched(struct world *world, const struct world_item *item)
{
	whole_derive(world, item, &world->after);
}

void world_delete(struct world *world, struct world_item *item)
{
	struct world_near *pool = &world->pools[item->is.head.kind];

	WORLD_REQUIRE(world, !item->near.n, "%s is still needed", item->is.head.id);
	item_derive(world, item, &world->before);
	pool->items[item->at] = pool->items[--pool->n];
	pool->items[item->at]->at = item->at;
	if (item->through)
		near_remove(&item->through->near, item);
	item_free(item);
}

static void change_append(struct world *world, const struct change *change)
{
	const struct fragment *fragment = hub_fragment(world->hub, change->log);
	struct record record = {
		.version = fragment ? fragment_version(fragment) + 1 : 1,
		.value = change->value,
		.value_size = change->value_size,
	};
	struct fault fault = {0};
	struct frame *frame;

	memcpy(record.log, change->log, strlen(change->log) + 1);
	memcpy(record.key, change->key, strlen(change->key) + 1);
	frame = record_seal(&record, world->secret);
	WORLD_REQUIRE(world, frame, "seal %s of %s", record.key, record.log);
	WORLD_REQUIRE(world, !hub_append(world->hub, &record, frame, &fault), "append %s to %s: %s",
		      record.key, record.log, fault.text);
	frame_release(frame);
}

size_t world_commit(struct world *world)
{
	struct change *changes = NULL;
	struct fault fault = {0};
	size_t n = 0;
	int ret = derive_changes(&world->before, &world->after, &changes, &n, &fault);

	WORLD_REQUIRE(world, !ret, "changes: %s", fault.text);
	for (size_t i = 0; i < n; i++)
		change_append(world, &changes[i]);
	free(changes);
	entries_release(&world->before);
	entries_release(&world->after);
	world->counts.transactions++;
	world->counts.records += n;
	return n;
}

/* --- recompute ---------------------------------------------------------------------------------- */

void world_derive(const struct world *world, struct entries *entries)
{
	for (size_t kind = 0; kind < RESOURCE_KINDS; kind++) {
		for (size_t i = 0; i < world->pools[kind].n; i++)
			item_derive(world, world->pools[kind].items[i], entries);
	}
}

/* By nothing but the log: fragment_load() needs no order. */
static int log_compare(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->log, ((const struct entry *)b)->log);
}

static void log_verify(const struct world *world, const struct entry *entries, size_t n)
{
	const struct fragment *kept = hub_fragment(world->hub, entries->log);
	struct record *records = calloc(n, sizeof(*records));
	struct fragment *fresh = fragment_new(entries->log);
	struct frame *ours, *theirs;
	struct fault fault = {0};

	WORLD_REQUIRE(world, kept, "the hub has no log %s", entries->log);
	WORLD_REQUIRE(world, records && fresh, "memory");
	for (size_t i = 0; i < n; i++) {
		memcpy(records[i].key, entries[i].key, sizeof(records[i].key));
		records[i].value = entries[i].value;
		records[i].value_size = entries[i].value_size;
	}
	WORLD_REQUIRE(world, !fragment_load(fresh, fragment_version(kept), records, n, &fault),
		      "load: %s", fault.text);
	ours = fragment_body(kept);
	theirs = fragment_body(fresh);
	WORLD_REQUIRE(world, ours && theirs, "memory");
	WORLD_REQUIRE(world,
		      ours->size == theirs->size && !memcmp(ours->bytes, theirs->bytes, ours->size),
		      "log %s by changes is not what a recompute gives", entries->log);
	frame_release(ours);
	frame_release(theirs);
	fragment_free(fresh);
	free(records);
}

size_t world_verify(struct world *world)
{
	struct entries entries = {0};
	struct hub_counts counts;
	size_t logs = 0;

	world_derive(world, &entries);
	hub_counts(world->hub, &counts);
	WORLD_REQUIRE(world, counts.entries == entries.n,
		      "the hub has %zu entries, a recompute gives %zu", counts.entries, entries.n);
	if (entries.n)
		qsort(entries.items, entries.n, sizeof(*entries.items), log_compare);
	for (size_t i = 0, end; i < entries.n; i = end, logs++) {
		for (end = i;
		     end < entries.n && !log_compare(&entries.items[i], &entries.items[end]);)
			end++;
		log_verify(world, &entries.items[i], end - i);
	}
	entries_release(&entries);
	world->counts.recomputes++;
	return logs;
}
