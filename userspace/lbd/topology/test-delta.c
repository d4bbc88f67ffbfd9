// SPDX-License-Identifier: GPL-2.0-only
/*
 * A delta is right when applying it gives the state that it leads to. The model that applies it
 * here is slow and obvious: a list for each kind, searched from one end to the other.
 */
#include "model/key.h"
#include "testing/sample.h"
#include "topology/wanted.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS	 6
#define NETWORKS 4
#define STATES	 60
#define STEPS	 2400

static uint64_t random_state;

/* xorshift64*: the same numbers for the same seed, everywhere. */
static uint32_t draw(uint32_t below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545F4914F6CDD1Dull) >> 33) % below;
}

static bool maybe(void)
{
	return draw(2);
}

static void hosts_write(FILE *out)
{
	for (unsigned int i = 0; i < HOSTS; i++) {
		uint8_t key[LBMESH_KEY_LEN] = {0};
		char base64[64];

		key[0] = (uint8_t)(i + 1);
		key[1] = (uint8_t)draw(i ? 2 : 3);
		sodium_bin2base64(base64, sizeof(base64), key, sizeof(key),
				  sodium_base64_VARIANT_ORIGINAL);
		fprintf(out, "%s{\"name\": \"h%u\", \"public-key\": \"%s\"", i ? "," : "", i,
			base64);
		if (maybe())
			fprintf(out, ", \"endpoint\": \"192.0.2.%u:%u\"", i + 1, 500 + draw(2));
		if (!draw(4))
			fprintf(out, ", \"keepalive\": %u", draw(3));
		fputs("}", out);
	}
}

static void network_write(FILE *out, unsigned int id)
{
	const char *comma = "";

	fprintf(out, "{\"id\": %u, \"name\": \"n%u%s\", \"cidr\": \"10.0.%u.0/24\", \"members\": [",
		id, id, draw(4) ? "" : "x", id);
	for (unsigned int i = 1; i <= HOSTS; i++) {
		if (!maybe())
			continue;
		fprintf(out, "%s{\"host\": \"h%u\", \"address\": \"10.0.%u.%u\"}", comma,
			draw(HOSTS), id, i);
		comma = ",";
	}
	fputs("]}", out);
}

static char *topology_draw(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	cr_assert_not_null(out);
	fputs("{\"version\": 1, \"hosts\": [", out);
	hosts_write(out);
	fputs("], \"networks\": [", out);
	for (unsigned int id = 1; id <= NETWORKS; id++) {
		fputs(id > 1 ? "," : "", out);
		network_write(out, id);
	}
	fputs("], \"bridges\": [", out);
	fclose(out);
	return text;
}

/* Names of networks are drawn as well, so bridges are written by what the text before says. */
static char *bridges_append(char *text)
{
	char *whole = NULL;
	size_t size;
	FILE *out = open_memstream(&whole, &size);
	const char *comma = "";

	cr_assert_not_null(out);
	fputs(text, out);
	for (unsigned int a = 1; a <= NETWORKS; a++) {
		for (unsigned int b = a + 1; b <= NETWORKS; b++) {
			char long_a[16], long_b[16];

			if (draw(3))
				continue;
			snprintf(long_a, sizeof(long_a), "\"n%ux\"", a);
			snprintf(long_b, sizeof(long_b), "\"n%ux\"", b);
			fprintf(out, "%s{\"id\": %u, \"networks\": [\"n%u%s\", \"n%u%s\"]}", comma,
				1 + a * NETWORKS + b, a, strstr(text, long_a) ? "x" : "", b,
				strstr(text, long_b) ? "x" : "");
			comma = ",";
		}
	}
	fputs("]}", out);
	fclose(out);
	free(text);
	return whole;
}

static struct wanted *state_draw(void)
{
	char *text = bridges_append(topology_draw());
	struct model *model = sample_parse(text);
	struct wanted *wanted = NULL;

	cr_assert_eq(wanted_compile(model, sample_host(model, "h0"), &wanted, NULL), 0);
	model_free(model);
	free(text);
	return wanted;
}

/* The module, for this purpose: what is there, by key. */
struct store {
	uint8_t public_key[LBMESH_KEY_LEN];
	struct wanted_network networks[512];
	struct wanted_bridge bridges[512];
	struct wanted_peer peers[512];
	struct wanted_member members[512];
	size_t n_networks, n_bridges, n_peers, n_members;
};

#define STORE_APPLY(array_, n_, same_, object_, remove_)                       \
	do {                                                                   \
		size_t at = 0;                                                 \
		while (at < (n_) && !(same_))                                  \
			at++;                                                  \
		if (remove_) {                                                 \
			cr_assert_lt(at, (n_), "remove of what is not there"); \
			(array_)[at] = (array_)[--(n_)];                       \
		} else {                                                       \
			(array_)[at] = *(object_);                             \
			(n_) += at == (n_);                                    \
		}                                                              \
	} while (0)

static void store_edit(struct store *store, const struct edit *edit)
{
	if (edit->network)
		STORE_APPLY(store->networks, store->n_networks,
			    store->networks[at].id == edit->network->id, edit->network,
			    edit->remove);
	else if (edit->bridge)
		STORE_APPLY(store->bridges, store->n_bridges,
			    store->bridges[at].id == edit->bridge->id, edit->bridge, edit->remove);
	else if (edit->peer)
		STORE_APPLY(store->peers, store->n_peers,
			    !memcmp(store->peers[at].public_key, edit->peer->public_key,
				    LBMESH_KEY_LEN),
			    edit->peer, edit->remove);
	else
		STORE_APPLY(store->members, store->n_members,
			    !lbmesh_prefix_compare(&store->members[at].address,
						   &edit->member->address),
			    edit->member, edit->remove);
}

static void store_apply(struct store *store, const struct delta *delta, const struct wanted *to)
{
	for (size_t i = 0; i < delta->n_edits; i++)
		store_edit(store, &delta->edits[i]);
	if (delta->private_key)
		memcpy(store->public_key, to->public_key, LBMESH_KEY_LEN);
}

/* Everything that is wanted is there, and nothing else, as the numbers are the same. */
static void store_compare(const struct store *store, const struct wanted *wanted)
{
	size_t found = 0;

	cr_assert_arr_eq(store->public_key, wanted->public_key, LBMESH_KEY_LEN);
	cr_assert_eq(store->n_networks, wanted->n_networks);
	cr_assert_eq(store->n_bridges, wanted->n_bridges);
	cr_assert_eq(store->n_peers, wanted->n_peers);
	cr_assert_eq(store->n_members, wanted->n_members);
	for (size_t i = 0; i < wanted->n_networks; i++)
		for (size_t j = 0; j < store->n_networks; j++)
			found += store->networks[j].id == wanted->networks[i].id &&
				 !strcmp(store->networks[j].label, wanted->networks[i].label);
	for (size_t i = 0; i < wanted->n_bridges; i++)
		for (size_t j = 0; j < store->n_bridges; j++)
			found += !memcmp(&store->bridges[j], &wanted->bridges[i],
					 sizeof(wanted->bridges[i]));
	for (size_t i = 0; i < wanted->n_peers; i++)
		for (size_t j = 0; j < store->n_peers; j++)
			found += !memcmp(&store->peers[j], &wanted->peers[i],
					 sizeof(wanted->peers[i]));
	for (size_t i = 0; i < wanted->n_members; i++) {
		for (size_t j = 0; j < store->n_members; j++) {
			const struct wanted_member *a = &store->members[j],
						   *b = &wanted->members[i];

			found += !lbmesh_prefix_compare(&a->address, &b->address) &&
				 a->network == b->network && a->local == b->local &&
				 !memcmp(a->public_key, b->public_key, LBMESH_KEY_LEN);
		}
	}
	cr_assert_eq(found,
		     wanted->n_networks + wanted->n_bridges + wanted->n_peers + wanted->n_members);
}

static void step(struct store *store, const struct wanted *from, const struct wanted *to)
{
	struct delta delta;

	cr_assert_eq(delta_compute(from, to, &delta, NULL), 0);
	store_apply(store, &delta, to);
	store_compare(store, to);
	delta_release(&delta);
}

Test(delta, of_any_two_states_applied_to_the_first_gives_the_second)
{
	static struct store store;
	struct wanted *states[STATES];
	const char *given = getenv("LBD_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : ((uint64_t)randombytes_random() | 1);
	size_t now = 0;

	random_state = seed;
	fprintf(stderr, "seed: LBD_TEST_SEED=%llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < STATES; i++)
		states[i] = state_draw();
	step(&store, NULL, states[0]);
	for (size_t i = 0; i < STEPS; i++) {
		size_t next = draw(STATES);

		step(&store, states[now], states[next]);
		now = next;
	}
	for (size_t i = 0; i < STATES; i++)
		wanted_free(states[i]);
}

static struct wanted *sample_compile(const char *from, const char *to)
{
	char *text = sample_edit(sample_text, from, to);
	struct model *model = sample_parse(text);
	struct wanted *wanted = NULL;

	cr_assert_eq(wanted_compile(model, sample_host(model, "a"), &wanted, NULL), 0);
	model_free(model);
	free(text);
	return wanted;
}

/* The sample against the sample with one edit, for host a. */
static void edit_expect(const char *from, const char *to, size_t edits, bool device,
			bool private_key)
{
	struct wanted *before = sample_compile("", ""), *after = sample_compile(from, to);
	struct delta delta;

	cr_assert_eq(delta_compute(before, after, &delta, NULL), 0);
	cr_expect_eq(delta.n_edits, edits, "%s -> %s: %zu edits", from, to, delta.n_edits);
	cr_expect_eq(delta.device, device, "%s -> %s", from, to);
	cr_expect_eq(delta.private_key, private_key, "%s -> %s", from, to);
	delta_release(&delta);
	wanted_free(before);
	wanted_free(after);
}

Test(delta, of_a_state_with_itself_is_empty)
{
	edit_expect("", "", 0, false, false);
}

Test(delta, has_only_what_changed)
{
	edit_expect("192.0.2.2:51821", "192.0.2.2:51900", 1, false, false);
	edit_expect("192.0.2.1:51820", "192.0.2.1:51900", 0, true, false);
	edit_expect("100.64.2.2", "100.64.2.9", 2, false, false);
	edit_expect("\"name\": \"blue\"", "\"name\": \"azure\"", 1, false, false);
	edit_expect("\"keepalive\": 7", "\"keepalive\": 8", 0, false, false);
	edit_expect("[\"red\", \"green\"]", "[\"green\", \"red\"]", 0, false, false);
}

Test(delta, carries_the_private_key_only_when_it_changed)
{
	edit_expect(sample_public_keys[0], "BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ=", 0, true,
		    true);
}

Test(delta, of_a_moved_address_restates_it_and_removes_nothing)
{
	struct wanted *before = sample_compile("", "");
	struct wanted *after = sample_compile("\"host\": \"c\", \"address\": \"100.64.1.3\"",
					      "\"host\": \"b\", \"address\": \"100.64.1.3\"");
	struct delta delta;

	cr_assert_eq(delta_compute(before, after, &delta, NULL), 0);
	cr_assert_eq(delta.n_edits, 1);
	cr_expect_not_null(delta.edits[0].member);
	cr_expect(!delta.edits[0].remove);
	delta_release(&delta);
	wanted_free(before);
	wanted_free(after);
}
