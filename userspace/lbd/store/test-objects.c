// SPDX-License-Identifier: GPL-2.0-only
/* Resources in the store, on SQLite and on PostgreSQL: what is kept, found, refused, and why. */
#include "store/test-database.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One call inside a transaction, and what it needs and gives. */
struct one {
	struct resource *resource;
	enum resource_kind kind;
	const char *id;
	const char *scope;
	const char *name;
	struct resource *found;
};

static int insert(struct store_tx *tx, void *argument, struct fault *fault)
{
	return store_insert(tx, argument, 1000, fault);
}

static int update(struct store_tx *tx, void *argument, struct fault *fault)
{
	return store_update(tx, argument, 2000, fault);
}

static int remove_it(struct store_tx *tx, void *argument, struct fault *fault)
{
	return store_delete(tx, argument, fault);
}

static int get(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct one *one = argument;

	return store_get(tx, one->kind, one->id, &one->found, fault);
}

static int find(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct one *one = argument;

	return store_find(tx, one->kind, one->scope, one->name, &one->found, fault);
}

static void insert_good(struct store *store, void *resource)
{
	struct fault fault = {0};

	cr_assert_eq(database_write(store, insert, resource, &fault), 0, "%s: %s", fault.path,
		     fault.text);
}

static struct resource *get_good(struct store *store, const struct resource *resource)
{
	struct one one = {.kind = resource->kind, .id = resource->id};
	struct fault fault = {0};

	cr_assert_eq(store_read(store, get, &one, &fault), 0, "%s", fault.text);
	return one.found;
}

static struct org *org_make(const char *name)
{
	struct org *org = (struct org *)resource_new(RESOURCE_ORG);

	cr_assert(org);
	resource_id_make(RESOURCE_ORG, 1, org->head.id);
	TEXT_SET(org->head.org, org->head.id);
	snprintf(org->head.name, sizeof(org->head.name), "%s", name);
	return org;
}

static struct workspace *workspace_make(const struct org *org, const char *name)
{
	struct workspace *workspace = (struct workspace *)resource_new(RESOURCE_WORKSPACE);

	cr_assert(workspace);
	resource_id_make(RESOURCE_WORKSPACE, 1, workspace->head.id);
	TEXT_SET(workspace->head.org, org->head.id);
	TEXT_SET(workspace->head.scope, org->head.id);
	snprintf(workspace->head.name, sizeof(workspace->head.name), "%s", name);
	return workspace;
}

STORE_TEST(a_network_is_read_back_whole_after_a_restart)
{
	struct network *network = network_make("blue");
	struct resource *found;

	TEXT_SET(network->description, "quotes ' \" and \xc3\xa9");
	insert_good(database->store, network);
	cr_assert_eq(network->head.version, 1);
	cr_assert_eq(network->head.created_at, 1000);
	store_close(database->store);
	database->store = database_open(database);
	found = get_good(database->store, &network->head);
	cr_assert(resource_equal(&network->head, found));
	cr_assert_eq(found->version, 1);
	cr_assert_eq(found->updated_at, 1000);
	resource_free(found);
	resource_free(&network->head);
}

STORE_TEST(a_name_is_taken_once_in_its_scope_and_the_holder_is_named)
{
	struct org *acme = org_make("acme"), *other = org_make("other"), *again = org_make("acme");
	struct workspace *first = workspace_make(acme, "dev"),
			 *second = workspace_make(acme, "dev");
	struct workspace *elsewhere = workspace_make(other, "dev");
	struct fault fault = {0};

	insert_good(database->store, acme);
	insert_good(database->store, other);
	insert_good(database->store, first);
	insert_good(database->store, elsewhere);
	cr_assert_eq(database_write(database->store, insert, second, &fault), -EEXIST);
	cr_assert_eq(fault.code, CODE_NAME_TAKEN);
	cr_assert(strstr(fault.text, first->head.id), "%s", fault.text);
	/* Of the orgs, which have no scope, too. */
	cr_assert_eq(database_write(database->store, insert, again, &fault), -EEXIST);
	cr_assert_eq(fault.code, CODE_NAME_TAKEN);
	resource_free(&acme->head);
	resource_free(&other->head);
	resource_free(&again->head);
	resource_free(&first->head);
	resource_free(&second->head);
	resource_free(&elsewhere->head);
}

STORE_TEST(an_id_is_not_used_twice)
{
	struct network *network = network_make("blue");
	struct fault fault = {0};

	insert_good(database->store, network);
	TEXT_SET(network->head.name, "green");
	cr_assert_eq(database_write(database->store, insert, network, &fault), -EEXIST);
	cr_assert(strstr(fault.text, network->head.id), "%s", fault.text);
	resource_free(&network->head);
}

STORE_TEST(a_resource_whose_scope_is_not_there_is_refused)
{
	struct org *org = org_make("acme");
	struct workspace *workspace = workspace_make(org, "dev");
	struct fault fault = {0};

	cr_assert_eq(database_write(database->store, insert, workspace, &fault), -ENOENT);
	cr_assert_eq(fault.code, CODE_NOT_FOUND);
	cr_assert_str_eq(fault.path, "scope");
	resource_free(&workspace->head);
	resource_free(&org->head);
}

STORE_TEST(what_something_hangs_on_is_not_deleted_before_it)
{
	struct org *org = org_make("acme");
	struct workspace *workspace = workspace_make(org, "dev");
	struct fault fault = {0};
	struct one one = {.kind = RESOURCE_ORG, .id = org->head.id};

	insert_good(database->store, org);
	insert_good(database->store, workspace);
	cr_assert_eq(database_write(database->store, remove_it, org, &fault), -EEXIST);
	cr_assert_eq(fault.code, CODE_IN_USE);
	cr_assert(strstr(fault.text, workspace->head.id), "%s", fault.text);
	cr_assert_eq(database_write(database->store, remove_it, workspace, &fault), 0);
	cr_assert_eq(database_write(database->store, remove_it, org, &fault), 0);
	cr_assert_eq(store_read(database->store, get, &one, &fault), -ENOENT);
	cr_assert_eq(fault.code, CODE_NOT_FOUND);
	cr_assert_eq(database_write(database->store, remove_it, org, &fault), -ENOENT);
	resource_free(&workspace->head);
	resource_free(&org->head);
}

STORE_TEST(a_change_of_what_has_changed_since_is_refused)
{
	struct network *network = network_make("blue");
	struct resource *stale, *found;
	struct fault fault = {0};

	insert_good(database->store, network);
	stale = get_good(database->store, &network->head);
	TEXT_SET(network->head.name, "green");
	cr_assert_eq(database_write(database->store, update, network, &fault), 0, "%s", fault.text);
	cr_assert_eq(network->head.version, 2);
	cr_assert_eq(database_write(database->store, update, stale, &fault), -EEXIST);
	cr_assert_eq(fault.code, CODE_VERSION);
	cr_assert_eq(stale->version, 1);
	cr_assert_eq(database_write(database->store, remove_it, stale, &fault), -EEXIST);
	cr_assert_eq(fault.code, CODE_VERSION);
	found = get_good(database->store, &network->head);
	cr_assert_str_eq(found->name, "green");
	cr_assert_eq(found->version, 2);
	cr_assert_eq(found->created_at, 1000);
	cr_assert_eq(found->updated_at, 2000);
	resource_free(found);
	resource_free(stale);
	resource_free(&network->head);
}

STORE_TEST(a_name_that_is_taken_cannot_be_taken_by_a_change_either)
{
	struct network *blue = network_make("blue"), *green = network_make("green");
	struct fault fault = {0};

	insert_good(database->store, blue);
	insert_good(database->store, green);
	TEXT_SET(green->head.name, "blue");
	cr_assert_eq(database_write(database->store, update, green, &fault), -EEXIST);
	cr_assert_eq(fault.code, CODE_NAME_TAKEN);
	cr_assert(strstr(fault.text, blue->head.id), "%s", fault.text);
	resource_free(&blue->head);
	resource_free(&green->head);
}

STORE_TEST(a_resource_is_found_by_its_name)
{
	struct network *network = network_make("blue");
	struct one one = {.kind = RESOURCE_NETWORK, .scope = "", .name = "blue"};
	struct fault fault = {0};

	insert_good(database->store, network);
	cr_assert_eq(store_read(database->store, find, &one, &fault), 0, "%s", fault.text);
	cr_assert_str_eq(one.found->id, network->head.id);
	resource_free(one.found);
	one.name = "' OR 1=1 --";
	cr_assert_eq(store_read(database->store, find, &one, &fault), -ENOENT);
	one.kind = RESOURCE_HOST;
	one.name = "blue";
	cr_assert_eq(store_read(database->store, find, &one, &fault), -ENOENT);
	resource_free(&network->head);
}

STORE_TEST(a_change_without_an_audit_record_is_not_made)
{
	struct network *network = network_make("blue");
	struct one one = {.kind = RESOURCE_NETWORK, .id = network->head.id};
	struct fault fault = {0};

	cr_assert_eq(store_write(database->store, insert, network, &fault), -EPROTO);
	cr_assert_eq(store_read(database->store, get, &one, &fault), -ENOENT);
	/* Nothing was changed, so there is nothing to record. */
	cr_assert_eq(store_write(database->store, find,
				 &(struct one){.kind = RESOURCE_ORG, .scope = "", .name = "x"},
				 &fault),
		     -ENOENT);
	resource_free(&network->head);
}

STORE_TEST(a_reading_transaction_cannot_write)
{
	struct network *network = network_make("blue");
	struct fault fault = {0};

	cr_assert_eq(store_read(database->store, insert, network, &fault), -EPROTO);
	resource_free(&network->head);
}

static int insert_and_fail(struct store_tx *tx, void *argument, struct fault *fault)
{
	int ret = store_insert(tx, argument, 1, fault);

	return ret ? ret : fault_set(fault, -ECANCELED, NULL, "no");
}

STORE_TEST(work_that_fails_leaves_nothing)
{
	struct network *network = network_make("blue");
	struct one one = {.kind = RESOURCE_NETWORK, .id = network->head.id};
	struct fault fault = {0};

	cr_assert_eq(database_write(database->store, insert_and_fail, network, &fault), -ECANCELED);
	cr_assert_str_eq(fault.text, "no");
	cr_assert_eq(store_read(database->store, get, &one, &fault), -ENOENT);
	insert_good(database->store, network);
	resource_free(&network->head);
}

STORE_TEST(a_document_that_another_hand_has_changed_is_refused)
{
	static const char *const edits[] = {
		"UPDATE resource SET document = '{\"id\":'",
		"UPDATE resource SET document = '[]'",
		"UPDATE resource SET document = '{}'",
		"UPDATE resource SET id = 'net_other', document = (SELECT document FROM resource)",
	};
	struct network *network = network_make("blue");
	struct fault fault = {0};

	insert_good(database->store, network);
	database_execute(database, "CREATE TABLE kept AS SELECT document FROM resource");
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		struct one one = {.kind = RESOURCE_NETWORK,
				  .id = i == 3 ? "net_other" : network->head.id};

		if (i == 3)
			database_execute(database, "UPDATE resource SET document = "
						   "(SELECT document FROM kept)");
		database_execute(database, edits[i]);
		cr_assert_eq(store_read(database->store, get, &one, &fault), -EBADMSG, "%zu", i);
		cr_assert(strstr(fault.text, "damaged"), "%s", fault.text);
	}
	resource_free(&network->head);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
