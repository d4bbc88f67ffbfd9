// SPDX-License-Identifier: GPL-2.0-only
/* Lists of resources and their number, on SQLite and on PostgreSQL. */
#include "store/test-database.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct listing {
	struct store_query query;
	struct store_list list;
	size_t count;
};

static int list(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct listing *listing = argument;
	int ret = store_list(tx, &listing->query, &listing->list, fault);

	return ret ? ret : store_count(tx, &listing->query, &listing->count, fault);
}

static int insert_many(struct store_tx *tx, void *argument, struct fault *fault)
{
	int ret = 0;

	for (int i = 0; !ret && i < 25; i++) {
		char name[16];
		struct network *network;

		snprintf(name, sizeof(name), "n%d", i);
		network = network_make(name);
		ret = store_insert(tx, &network->head, 1, fault);
		resource_free(&network->head);
	}
	(void)argument;
	return ret;
}

static size_t list_count(struct store *store, struct store_query query, size_t *listed)
{
	struct listing listing = {.query = query};
	struct fault fault = {0};

	query.kind = RESOURCE_NETWORK;
	listing.query = query;
	cr_assert_eq(store_read(store, list, &listing, &fault), 0, "%s", fault.text);
	*listed = listing.list.n;
	store_list_release(&listing.list);
	return listing.count;
}

STORE_TEST(lists_come_in_pages_by_id_and_only_what_is_asked_for)
{
	struct listing listing = {.query = {.kind = RESOURCE_NETWORK, .limit = 10}};
	char after[RESOURCE_ID_SIZE] = "";
	struct fault fault = {0};
	size_t seen = 0, n;

	cr_assert_eq(database_write(database->store, insert_many, NULL, &fault), 0, "%s",
		     fault.text);
	do {
		cr_assert_eq(store_read(database->store, list, &listing, &fault), 0);
		n = listing.list.n;
		for (size_t i = 0; i < n; i++) {
			cr_assert_gt(strcmp(listing.list.items[i]->id, after), 0);
			TEXT_SET(after, listing.list.items[i]->id);
		}
		seen += n;
		store_list_release(&listing.list);
		listing.query.after = after;
	} while (n);
	cr_assert_eq(seen, 25);
	cr_assert_eq(list_count(database->store, (struct store_query){0}, &n), 25);
	cr_assert_eq(n, 25);
	cr_assert_eq(list_count(database->store, (struct store_query){.name = "n7"}, &n), 1);
	cr_assert_eq(list_count(database->store, (struct store_query){.scope = ""}, &n), 25);
	cr_assert_eq(list_count(database->store, (struct store_query){.owner = ""}, &n), 25);
	cr_assert_eq(list_count(database->store, (struct store_query){.scope = "org_x"}, &n), 0);
	cr_assert_eq(list_count(database->store, (struct store_query){.owner = "wks_x"}, &n), 0);
	cr_assert_eq(n, 0);
	cr_assert_eq(list_count(database->store, (struct store_query){.org = "org_x"}, &n), 0);
	cr_assert_eq(list_count(database->store,
				(struct store_query){.org = "", .scope = "", .name = "n7"}, &n),
		     1);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
