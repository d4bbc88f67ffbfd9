// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slices of the pool and addresses of networks, on SQLite and on PostgreSQL: what quarantine and
 * stable addresses (L4, L18) promise. Many of them: test-ipam-many.c.
 */
#include "model/address.h"
#include "store/test-database.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct lbmesh_prefix prefix(const char *address, unsigned int length)
{
	struct lbmesh_prefix made = {.len = (uint8_t)length};

	made.family = strchr(address, ':') ? AF_INET6 : AF_INET;
	cr_assert_eq(inet_pton(made.family, address, made.addr), 1);
	return made;
}

/* One call; want and holder choose which. */
struct take {
	struct lbmesh_prefix pool;
	unsigned int length;
	const struct lbmesh_prefix *want;
	const char *network;
	const char *holder;
	int64_t now;
	int64_t quarantine;
	struct lbmesh_prefix taken;
};

static int take(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct take *take = argument;

	if (take->holder)
		return store_address_take(tx, take->network, &take->pool, take->holder, take->now,
					  take->quarantine, &take->taken, fault);
	return store_slice_take(tx, &take->pool, take->length, take->want, take->network, take->now,
				take->quarantine, &take->taken, fault);
}

static int release(struct store_tx *tx, void *argument, struct fault *fault)
{
	const struct take *take = argument;

	if (take->holder)
		return store_address_release(tx, take->network, &take->taken, take->now, fault);
	return store_slice_release(tx, take->network, take->now, fault);
}

/* The text of what was taken, or the code of the refusal. */
static const char *taken(struct store *store, struct take *one)
{
	static char text[ADDRESS_TEXT_SIZE];
	static struct fault fault;

	if (database_write(store, take, one, &fault))
		return fault.code ? code_info(fault.code)->text : fault.text;
	return one->holder ? address_text(&one->taken, text) : prefix_text(&one->taken, text);
}

static void released(struct store *store, struct take *one)
{
	struct fault fault = {0};

	cr_assert_eq(database_write(store, release, one, &fault), 0, "%s", fault.text);
}

STORE_TEST(slices_are_the_lowest_that_are_free)
{
	struct take a = {.pool = prefix("100.64.0.0", 22), .length = 24, .network = "net_a"};
	struct take b = a, c = a, d = a, e = a, small = a;
	struct store *store = database->store;

	b.network = "net_b", c.network = "net_c", d.network = "net_d", e.network = "net_e";
	small.length = 26, small.network = "net_f";
	cr_assert_str_eq(taken(store, &a), "100.64.0.0/24");
	cr_assert_str_eq(taken(store, &b), "100.64.1.0/24");
	cr_assert_str_eq(taken(store, &c), "100.64.2.0/24");
	released(store, &b);
	cr_assert_str_eq(taken(store, &d), "100.64.1.0/24");
	cr_assert_str_eq(taken(store, &small), "100.64.3.0/26");
	/* What is left is too small, or not aligned. */
	cr_assert_str_eq(taken(store, &e), "pool_exhausted");
	released(store, &a);
	cr_assert_str_eq(taken(store, &e), "100.64.0.0/24");
}

STORE_TEST(a_released_slice_waits_for_its_quarantine)
{
	struct take a = {.pool = prefix("100.64.0.0", 24),
			 .length = 24,
			 .network = "net_a",
			 .quarantine = 1000};
	struct take b = a;

	b.network = "net_b";
	cr_assert_str_eq(taken(database->store, &a), "100.64.0.0/24");
	a.now = 5000;
	released(database->store, &a);
	b.now = 5999;
	cr_assert_str_eq(taken(database->store, &b), "pool_exhausted");
	b.want = &b.pool;
	cr_assert_str_eq(taken(database->store, &b), "cidr_overlap");
	b.want = NULL;
	b.now = 6000;
	cr_assert_str_eq(taken(database->store, &b), "100.64.0.0/24");
}

STORE_TEST(a_wanted_cidr_is_given_or_names_who_has_it)
{
	const struct lbmesh_prefix inside = prefix("100.64.1.128", 25);
	const struct lbmesh_prefix around = prefix("100.64.0.0", 16);
	const struct lbmesh_prefix outside = prefix("10.0.0.0", 16);
	const struct lbmesh_prefix crooked = prefix("10.1.0.1", 16);
	struct take a = {.pool = prefix("100.64.0.0", 10), .length = 24, .network = "net_a"};
	struct take wanted = a;
	struct fault fault = {0};

	wanted.network = "net_wants";
	wanted.want = &inside;
	cr_assert_str_eq(taken(database->store, &wanted), "100.64.1.128/25");
	cr_assert_str_eq(taken(database->store, &a), "100.64.0.0/24");
	/* Half of the next is taken. */
	cr_assert_str_eq(taken(database->store, &a), "100.64.2.0/24");
	wanted.want = &around;
	cr_assert_eq(database_write(database->store, take, &wanted, &fault), -EEXIST);
	cr_assert_eq(fault.code, CODE_CIDR_OVERLAP);
	cr_assert(strstr(fault.text, "net_a"), "%s", fault.text);
	wanted.want = &outside;
	cr_assert_str_eq(taken(database->store, &wanted), "10.0.0.0/16");
	cr_assert_str_eq(taken(database->store, &wanted), "cidr_overlap");
	wanted.want = &crooked;
	cr_assert_str_eq(taken(database->store, &wanted), "field_value");
}

STORE_TEST(slices_of_ipv6_end_where_the_numbers_end)
{
	struct take a = {
		.pool = prefix("ffff:ffff:ffff:ffff::", 64), .length = 65, .network = "net_a"};

	cr_assert_str_eq(taken(database->store, &a), "ffff:ffff:ffff:ffff::/65");
	cr_assert_str_eq(taken(database->store, &a), "ffff:ffff:ffff:ffff:8000::/65");
	cr_assert_str_eq(taken(database->store, &a), "pool_exhausted");
	a.pool = prefix("255.255.255.0", 24), a.length = 25;
	cr_assert_str_eq(taken(database->store, &a), "255.255.255.0/25");
	cr_assert_str_eq(taken(database->store, &a), "255.255.255.128/25");
	cr_assert_str_eq(taken(database->store, &a), "pool_exhausted");
}

STORE_TEST(an_address_is_neither_the_first_nor_the_last_of_its_network)
{
	struct take one = {.pool = prefix("100.64.0.0", 29), .network = "net_a", .holder = "h1"};
	char holder[8];

	for (int i = 1; i <= 6; i++) {
		char wanted[32];

		snprintf(holder, sizeof(holder), "h%d", i);
		snprintf(wanted, sizeof(wanted), "100.64.0.%d", i);
		one.holder = holder;
		cr_assert_str_eq(taken(database->store, &one), wanted);
	}
	one.holder = "h7";
	cr_assert_str_eq(taken(database->store, &one), "network_full");
	one.network = "net_b";
	one.pool.len = 31;
	cr_assert_str_eq(taken(database->store, &one), "network_full");
}

STORE_TEST(who_comes_back_gets_the_same_address)
{
	struct take a = {.pool = prefix("100.64.0.0", 24),
			 .network = "net_a",
			 .holder = "a",
			 .quarantine = 1000};
	struct take b = a, c = a, d = a;
	struct store *store = database->store;

	b.holder = "b", c.holder = "name:c", d.holder = "d";
	cr_assert_str_eq(taken(store, &a), "100.64.0.1");
	cr_assert_str_eq(taken(store, &b), "100.64.0.2");
	/* Still its own. */
	cr_assert_str_eq(taken(store, &a), "100.64.0.1");
	a.now = 1;
	released(store, &a);
	/* In quarantine it is nobody else's. */
	cr_assert_str_eq(taken(store, &c), "100.64.0.3");
	cr_assert_str_eq(taken(store, &a), "100.64.0.1");
	a.now = b.now = 2;
	released(store, &a);
	released(store, &b);
	/* Long after it, too, while nobody has taken it: not the lowest, but its own. */
	b.now = 1000000;
	cr_assert_str_eq(taken(store, &b), "100.64.0.2");
	d.now = 1000000;
	cr_assert_str_eq(taken(store, &d), "100.64.0.1");
	a.now = 1000000;
	cr_assert_str_eq(taken(store, &a), "100.64.0.4");
	cr_assert_str_eq(taken(store, &a), "100.64.0.4");
}

STORE_TEST(networks_do_not_share_addresses_and_a_deleted_one_is_forgotten)
{
	struct take slice = {.pool = prefix("100.64.0.0", 10), .length = 24, .network = "net_a"};
	struct take a = {.pool = prefix("100.64.0.0", 24), .network = "net_a", .holder = "a"};
	struct take b = {.pool = prefix("100.64.1.0", 24), .network = "net_b", .holder = "a"};
	struct take six = {.pool = prefix("fd00::", 64), .network = "net_a", .holder = "a"};
	char *left;

	cr_assert_str_eq(taken(database->store, &slice), "100.64.0.0/24");
	cr_assert_str_eq(taken(database->store, &a), "100.64.0.1");
	cr_assert_str_eq(taken(database->store, &b), "100.64.1.1");
	cr_assert_str_eq(taken(database->store, &six), "fd00::1");
	released(database->store, &slice);
	left = database_ask(database, "SELECT COUNT(*) FROM lease WHERE space = 'net_a'");
	cr_assert_str_eq(left, "0");
	free(left);
	left = database_ask(database, "SELECT COUNT(*) FROM address");
	cr_assert_str_eq(left, "1");
	free(left);
}

STORE_TEST(an_address_that_nobody_has_cannot_be_released)
{
	struct take a = {.pool = prefix("100.64.0.0", 24), .network = "net_a", .holder = "a"};
	struct fault fault = {0};

	cr_assert_str_eq(taken(database->store, &a), "100.64.0.1");
	released(database->store, &a);
	cr_assert_eq(database_write(database->store, release, &a, &fault), -ENOENT);
	cr_assert_eq(fault.code, CODE_NOT_FOUND);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
