// SPDX-License-Identifier: GPL-2.0-only
/*
 * Token buckets in a hash table of a fixed size. Nobody loses a debt by being pushed out: an entry
 * is given to another address only when it says nothing any more, that is when its buckets are full
 * and it has no connection, as a new one's would be. When there is no such entry, new addresses
 * share the last one, with more room. The hash has a secret key, so that nobody can aim at a chain.
 */
#include "controller/limits.h"

#include <netinet/in.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define NOWHERE	      SIZE_MAX
#define TOKEN	      1000 /* a request; one thousandth comes back in a millisecond at 1 a second */
#define BURST_MS      (LIMITS_BURST * INT64_C(1000))
#define EVICTION_SCAN 64

struct entry {
	uint8_t address[16];
	size_t next; /* in its chain */
	int64_t requests; /* tokens */
	int64_t connects;
	int64_t at; /* when the two were right */
	size_t connections;
	bool used;
};

/* entries[n] is the shared one, which is in no chain. */
struct limits {
	unsigned int rate;
	size_t connections;
	uint8_t key[crypto_shorthash_KEYBYTES];
	size_t n;
	size_t hand; /* where eviction looks next */
	size_t *chains;
	struct entry *entries;
};

static void address_key(const struct sockaddr *address, uint8_t key[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const struct sockaddr_in6 *six = (const void *)address;
	const struct sockaddr_in *four = (const void *)address;

	memset(key, 0, 16);
	if (address->sa_family == AF_INET) {
		memcpy(key, mapped, sizeof(mapped));
		memcpy(key + 12, &four->sin_addr, 4);
	} else if (address->sa_family == AF_INET6) {
		bool is_mapped = !memcmp(&six->sin6_addr, mapped, sizeof(mapped));

		memcpy(key, &six->sin6_addr, is_mapped ? 16 : 8);
	}
}

static size_t chain_of(const struct limits *limits, const uint8_t key[16])
{
	uint64_t hash;

	_Static_assert(sizeof(hash) == crypto_shorthash_BYTES, "SipHash has 64 bits");
	crypto_shorthash((uint8_t *)&hash, key, 16, limits->key);
	return hash % limits->n;
}

/* How many times the ordinary limits an entry has. */
static int64_t times_of(const struct limits *limits, size_t place)
{
	return place == limits->n ? LIMITS_SHARED_TIMES : 1;
}

static int64_t requests_full(const struct limits *limits, size_t place)
{
	return (int64_t)limits->rate * LIMITS_BURST * TOKEN * times_of(limits, place);
}

static void refill(struct limits *limits, size_t place, int64_t now)
{
	struct entry *entry = &limits->entries[place];
	int64_t full = requests_full(limits, place), elapsed = now - entry->at, gain;

	/* After this long every bucket is full; the product cannot overflow then. */
	if (elapsed > BURST_MS)
		elapsed = BURST_MS;
	gain = elapsed * limits->rate * times_of(limits, place);
	entry->requests = entry->requests + gain > full ? full : entry->requests + gain;
	entry->connects =
		entry->connects + 2 * gain > 2 * full ? 2 * full : entry->connects + 2 * gain;
	entry->at = now;
}

static bool says_nothing(struct limits *limits, size_t place, int64_t now)
{
	struct entry *entry = &limits->entries[place];

	refill(limits, place, now);
	return !entry->connections && entry->requests == requests_full(limits, place) &&
	       entry->connects == 2 * requests_full(limits, place);
}

static void chain_remove(struct limits *limits, size_t place)
{
	size_t *link = &limits->chains[chain_of(limits, limits->entries[place].address)];

	while (*link != place)
		link = &limits->entries[*link].next;
	*link = limits->entries[place].next;
}

static void entry_fill(struct limits *limits, size_t place, const uint8_t *key, int64_t now)
{
	limits->entries[place] = (struct entry){
		.next = NOWHERE,
		.requests = requests_full(limits, place),
		.connects = 2 * requests_full(limits, place),
		.at = now,
		.used = true,
	};
	if (key)
		memcpy(limits->entries[place].address, key, 16);
}

/* A place that is free or says nothing, or NOWHERE; a bounded search, so a flood stays cheap. */
static size_t place_find(struct limits *limits, int64_t now)
{
	for (size_t i = 0; i < EVICTION_SCAN && i < limits->n; i++) {
		size_t place = limits->hand;

		limits->hand = (limits->hand + 1) % limits->n;
		if (!limits->entries[place].used)
			return place;
		if (says_nothing(limits, place, now)) {
			chain_remove(limits, place);
			return place;
		}
	}
	return NOWHERE;
}

static size_t lookup(struct limits *limits, const struct sockaddr *address, int64_t now)
{
	uint8_t key[16];
	size_t chain, place;

	address_key(address, key);
	chain = chain_of(limits, key);
	for (place = limits->chains[chain]; place != NOWHERE; place = limits->entries[place].next) {
		if (!memcmp(limits->entries[place].address, key, 16))
			break;
	}
	if (place == NOWHERE) {
		place = place_find(limits, now);
		if (place == NOWHERE)
			place = limits->n;
		else {
			entry_fill(limits, place, key, now);
			limits->entries[place].next = limits->chains[chain];
			limits->chains[chain] = place;
		}
	}
	refill(limits, place, now);
	return place;
}

int limits_new(unsigned int requests, size_t connections, size_t addresses, struct limits **limits,
	       struct fault *fault)
{
	struct limits *made = calloc(1, sizeof(*made));

	if (!made)
		return fault_memory(fault);
	*made = (struct limits){.rate = requests, .connections = connections, .n = addresses};
	made->chains = calloc(addresses, sizeof(*made->chains));
	made->entries = calloc(addresses + 1, sizeof(*made->entries));
	if (!made->chains || !made->entries) {
		limits_free(made);
		return fault_memory(fault);
	}
	for (size_t i = 0; i < addresses; i++)
		made->chains[i] = NOWHERE;
	crypto_shorthash_keygen(made->key);
	entry_fill(made, addresses, NULL, 0);
	*limits = made;
	return 0;
}

void limits_free(struct limits *limits)
{
	if (!limits)
		return;
	free(limits->chains);
	free(limits->entries);
	free(limits);
}

bool limits_accept(struct limits *limits, const struct sockaddr *address, int64_t now)
{
	size_t place = lookup(limits, address, now);
	struct entry *entry = &limits->entries[place];

	if (entry->connections >= limits->connections * (size_t)times_of(limits, place))
		return false;
	if (!limits->rate)
		return true;
	if (entry->connects < TOKEN)
		return false;
	entry->connects -= TOKEN;
	return true;
}

size_t limits_connect(struct limits *limits, const struct sockaddr *address, int64_t now)
{
	size_t place = lookup(limits, address, now);

	limits->entries[place].connections++;
	return place;
}

void limits_disconnect(struct limits *limits, size_t place)
{
	limits->entries[place].connections--;
}

unsigned int limits_request(struct limits *limits, size_t place, int64_t now)
{
	struct entry *entry = &limits->entries[place];
	int64_t rate = (int64_t)limits->rate * times_of(limits, place);

	if (!limits->rate)
		return 0;
	refill(limits, place, now);
	if (entry->requests >= TOKEN) {
		entry->requests -= TOKEN;
		return 0;
	}
	return (unsigned int)((TOKEN - entry->requests + rate * 1000 - 1) / (rate * 1000));
}
