// SPDX-License-Identifier: GPL-2.0-only
/*
 * Controllers without a server: what a transaction leaves in the store and in the hub of who made
 * it, and how another controller on the same store catches up. On both stores.
 */
#include "controller/testing-api.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static struct controller_options options;

static void controller_begin(struct controller *controller, struct database *database)
{
	static const uint8_t seed[crypto_sign_SEEDBYTES] = {9};
	struct fault fault = {0};

	options.store = database->url;
	*controller = (struct controller){.options = &options};
	cr_assert_geq(sodium_init(), 0);
	crypto_sign_seed_keypair(controller->signing_public, controller->signing_secret, seed);
	cr_assert_eq(controller_open(controller, NULL, &fault), 0, "%s", fault.text);
}

static void controller_end(struct controller *controller)
{
	controller_close(controller);
}

static void verify(struct controller *controller)
{
	struct fault fault = {0};
	size_t entries;

	cr_assert_eq(controller_verify(controller, &entries, &fault), 0, "%s", fault.text);
}

static void feed(struct controller *controller)
{
	struct fault fault = {0};

	cr_assert_eq(controller_feed(controller, &fault), 0, "%s", fault.text);
}

/* --- a small world ------------------------------------------------------------------------------ */

struct world {
	struct resource *org, *workspace;
	struct host *host;
	struct firewall *firewall;
};

static struct resource *made(enum resource_kind kind, const struct resource *org,
			     const struct resource *scope, const char *name)
{
	struct resource *resource = resource_new(kind);

	resource_id_make(kind, 1700000000000, resource->id);
	TEXT_SET(resource->org, org ? org->id : resource->id);
	TEXT_SET(resource->scope, scope ? scope->id : "");
	TEXT_SET(resource->name, name);
	return resource;
}

static int world_insert(struct changes *changes, void *argument, struct fault *fault)
{
	struct world *world = argument;
	int ret;

	if ((ret = changes_insert(changes, world->org, fault)) ||
	    (ret = changes_insert(changes, world->workspace, fault)))
		return ret;
	return changes_insert(changes, &world->host->head, fault);
}

static void world_make(struct world *world, struct controller *controller)
{
	struct fault fault = {0};

	world->org = made(RESOURCE_ORG, NULL, NULL, "blue");
	world->workspace = made(RESOURCE_WORKSPACE, world->org, world->org, "w");
	world->host = (struct host *)made(RESOURCE_HOST, world->org, world->workspace, "h");
	world->firewall = (struct firewall *)made(RESOURCE_FIREWALL, world->org, world->org, "f");
	randombytes_buf(world->host->public_key, sizeof(world->host->public_key));
	cr_assert_eq(controller_change(controller, NULL, world_insert, world, &fault), 0, "%s",
		     fault.text);
}

static void world_free(struct world *world)
{
	resource_free(world->org);
	resource_free(world->workspace);
	resource_free(&world->host->head);
	resource_free(&world->firewall->head);
}

static int firewall_insert(struct changes *changes, void *argument, struct fault *fault)
{
	return changes_insert(changes, argument, fault);
}

static int firewall_delete(struct changes *changes, void *argument, struct fault *fault)
{
	return changes_delete(changes, argument, fault);
}

static void change(struct controller *controller, change_fn work, void *argument)
{
	struct fault fault = {0};

	cr_assert_eq(controller_change(controller, NULL, work, argument, &fault), 0, "%s",
		     fault.text);
}

/* --- tests -------------------------------------------------------------------------------------- */

STORE_TEST(a_change_is_in_the_hub_of_who_made_it_and_after_a_feed_in_the_others)
{
	struct controller one, two;
	struct world world;

	controller_begin(&one, database);
	controller_begin(&two, database);
	world_make(&world, &one);
	verify(&one);
	cr_expect_null(hub_fragment(two.hub, world.host->head.id));
	feed(&two);
	verify(&two);
	cr_expect_eq(one.feed, two.feed);
	/* In turn, without a feed between: who is behind takes what comes before, first. */
	change(&two, firewall_insert, world.firewall);
	change(&one, firewall_delete, world.firewall);
	verify(&one);
	feed(&two);
	verify(&two);
	cr_expect_eq(one.feed, two.feed);
	world_free(&world);
	controller_end(&one);
	controller_end(&two);
}

/* The log of an organisation whose only firewall went: empty, but not new. */
STORE_TEST(a_log_that_is_empty_goes_on_after_a_restart)
{
	struct controller controller;
	struct world world;

	controller_begin(&controller, database);
	world_make(&world, &controller);
	change(&controller, firewall_insert, world.firewall);
	change(&controller, firewall_delete, world.firewall);
	cr_expect_eq(fragment_version(hub_fragment(controller.hub, world.org->id)), 2);
	controller_end(&controller);
	controller_begin(&controller, database);
	verify(&controller);
	cr_expect_eq(fragment_version(hub_fragment(controller.hub, world.org->id)), 2);
	change(&controller, firewall_insert, world.firewall);
	cr_expect_eq(fragment_version(hub_fragment(controller.hub, world.org->id)), 3);
	verify(&controller);
	world_free(&world);
	controller_end(&controller);
}

static int firewall_refuse(struct changes *changes, void *argument, struct fault *fault)
{
	int ret = changes_insert(changes, argument, fault);

	return ret ? ret : fault_refuse(fault, CODE_STATE, NULL, "not today");
}

STORE_TEST(what_is_refused_leaves_nothing)
{
	char *before, *after;
	struct controller controller;
	struct fault fault = {0};
	struct world world;
	int64_t fed;

	controller_begin(&controller, database);
	world_make(&world, &controller);
	fed = controller.feed;
	before = database_dump(database);
	cr_expect_lt(controller_change(&controller, NULL, firewall_refuse, world.firewall, &fault),
		     0);
	cr_expect_eq(fault.code, CODE_STATE);
	after = database_dump(database);
	cr_expect_str_eq(before, after);
	cr_expect_eq(controller.feed, fed);
	verify(&controller);
	free(before);
	free(after);
	world_free(&world);
	controller_end(&controller);
}

/* Two edits of one thing in a transaction are one record, of what it is in the end. */
static int host_twice(struct changes *changes, void *argument, struct fault *fault)
{
	struct resource *before = NULL, *after = NULL, *last = NULL;
	int ret = store_get(changes->tx, RESOURCE_HOST, argument, &before, fault);

	if (ret)
		return ret;
	after = resource_copy(before);
	((struct host *)after)->keepalive = 1;
	ret = changes_update(changes, before, after, fault);
	last = resource_copy(after);
	((struct host *)last)->keepalive = 2;
	if (!ret)
		ret = changes_update(changes, after, last, fault);
	resource_free(before);
	resource_free(after);
	resource_free(last);
	return ret;
}

STORE_TEST(two_edits_of_one_thing_are_one_record)
{
	struct controller controller;
	struct world world;
	int64_t fed;

	controller_begin(&controller, database);
	world_make(&world, &controller);
	fed = controller.feed;
	change(&controller, host_twice, world.host->head.id);
	cr_expect_eq(controller.feed, fed + 1);
	verify(&controller);
	world_free(&world);
	controller_end(&controller);
}

static int records_trim(struct store_tx *tx, void *argument, struct fault *fault)
{
	(void)argument;
	return store_log_trim(tx, 1, fault);
}

STORE_TEST(who_has_slept_longer_than_records_are_kept_is_told_so)
{
	struct controller one, two;
	struct fault fault = {0};
	struct world world;

	controller_begin(&one, database);
	world_make(&world, &one);
	controller_begin(&two, database);
	for (int i = 0; i < 3; i++)
		change(&one, host_twice, world.host->head.id);
	for (int i = 0; i < 3; i++) {
		change(&one, firewall_insert, world.firewall);
		change(&one, firewall_delete, world.firewall);
	}
	cr_assert_eq(store_write(one.store, records_trim, NULL, &fault), 0, "%s", fault.text);
	cr_expect_eq(controller_feed(&two, &fault), -ESTALE, "%s", fault.text);
	feed(&one);
	world_free(&world);
	controller_end(&one);
	controller_end(&two);
}

/* A record in the store that is not by the cluster's key reaches nobody. */
STORE_TEST(a_forged_record_is_not_fed)
{
	struct controller one, two;
	struct fault fault = {0};
	struct world world;

	controller_begin(&one, database);
	controller_begin(&two, database);
	two.signing_public[0] ^= 1;
	world_make(&world, &one);
	cr_expect_eq(controller_feed(&two, &fault), -EBADMSG);
	cr_expect_eq(two.feed, 0);
	world_free(&world);
	controller_end(&one);
	controller_end(&two);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
