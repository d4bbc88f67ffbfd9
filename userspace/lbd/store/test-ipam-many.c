// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many slices, on SQLite and on PostgreSQL: at random against a slow, obvious model, and a thousand
 * networks that several processes create at once (L4).
 */
#include "store/test-database.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CREATORS 8
#define CREATES	 1000

/* The model: 64 places of a /26, each with when it was released, or -1 (free), or -2 (held). */
#define PLACES 64
#define STEPS  400

static int64_t model_lowest(const int64_t places[PLACES], int size, int64_t until)
{
	for (int low = 0; low + size <= PLACES; low += size) {
		int i = 0;

		while (i < size && (places[low + i] == -1 ||
				    (places[low + i] >= 0 && places[low + i] <= until)))
			i++;
		if (i == size)
			return low;
	}
	return -1;
}

/* Slices of /32 to /29 in one pool, taken and released at random, in one transaction. */
static int model_compare(struct store_tx *tx, void *argument, struct fault *fault)
{
	const struct lbmesh_prefix pool = {.family = AF_INET, .len = 26, .addr = {10, 0, 0, 192}};
	int64_t places[PLACES];
	int sizes[PLACES] = {0}, owners[PLACES] = {0};

	srand(*(unsigned int *)argument);
	for (int i = 0; i < PLACES; i++)
		places[i] = -1;
	for (int64_t now = 100; now < 100 + STEPS; now++) {
		char network[16];
		int at = rand() % PLACES, ret;

		if (rand() % 2 && sizes[at]) {
			snprintf(network, sizeof(network), "net_%d", owners[at]);
			if ((ret = store_slice_release(tx, network, now, fault)))
				return ret;
			for (int i = 0; i < sizes[at]; i++)
				places[at + i] = now;
			sizes[at] = 0;
		} else {
			int bits = rand() % 4, size = 1 << bits;
			int64_t low = model_lowest(places, size, now - 20);
			struct lbmesh_prefix slice;

			snprintf(network, sizeof(network), "net_%d", (int)now);
			ret = store_slice_take(tx, &pool, 32 - (unsigned int)bits, NULL, network,
					       now, 20, &slice, fault);
			cr_assert_eq(ret, low < 0 ? -ENOSPC : 0, "step %d: %s", (int)now,
				     fault->text);
			if (ret)
				continue;
			cr_assert_eq(slice.addr[3], 192 + low, "step %d", (int)now);
			sizes[low] = size;
			owners[low] = (int)now;
			for (int i = 0; i < size; i++)
				places[low + i] = -2;
		}
	}
	return 0;
}

STORE_TEST(random_takes_and_releases_agree_with_a_slow_model)
{
	struct fault fault = {0};

	for (unsigned int seed = 1; seed <= 3; seed++) {
		cr_assert_eq(database_write(database->store, model_compare, &seed, &fault), 0, "%s",
			     fault.text);
		database_execute(database, "DELETE FROM lease");
	}
}

/* A network, as the controller makes one: its number, its slice, itself, a record, audit. */
struct creation {
	struct network *network;
	struct lbmesh_prefix pool;
};

static int create(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct creation *creation = argument;
	struct network *network = creation->network;
	struct store_record record = {.value = (char *)"v",
				      .value_size = 1,
				      .bytes = (uint8_t *)"b",
				      .bytes_size = 1,
				      .version = 1};
	int ret;

	TEXT_SET(record.log, network->head.id);
	TEXT_SET(record.key, "network");
	if ((ret = store_number_next(tx, "network", &network->number, fault)) ||
	    (ret = store_slice_take(tx, &creation->pool, 24, NULL, network->head.id, 1, 0,
				    &network->cidr, fault)) ||
	    (ret = store_insert(tx, &network->head, 1, fault)))
		return ret;
	return store_log_append(tx, &record, fault);
}

static void creator_run(const struct database *database, int number)
{
	struct store *store = database_open(database);
	struct creation creation = {.pool = {.family = AF_INET, .len = 10, .addr = {100, 64}}};

	for (int i = 0; i < CREATES / CREATORS; i++) {
		struct fault fault = {0};
		char name[32];

		snprintf(name, sizeof(name), "n%d-%d", number, i);
		creation.network = network_make(name);
		if (database_write(store, create, &creation, &fault)) {
			fprintf(stderr, "%s\n", fault.text);
			_exit(1);
		}
		resource_free(&creation.network->head);
	}
	store_close(store);
	_exit(0);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Every slice of the lowest thousand is given once, and so is every number. */
STORE_TEST(a_thousand_networks_are_created_at_once_without_overlap)
{
	double begun;
	int failed = 0, status;
	char *answer;

	store_close(database->store);
	database->store = NULL;
	begun = seconds();
	for (int i = 0; i < CREATORS; i++) {
		if (!fork())
			creator_run(database, i);
	}
	while (wait(&status) > 0)
		failed += status != 0;
	cr_assert_eq(failed, 0);
	fprintf(stderr, "# %s: %d networks by %d processes in %.2f s\n",
		database->kind == DATABASE_POSTGRES ? "postgres" : "sqlite", CREATES, CREATORS,
		seconds() - begun);
	answer = database_ask(database, "SELECT COUNT(DISTINCT low) FROM lease WHERE space = ''");
	cr_assert_str_eq(answer, "1000");
	free(answer);
	answer = database_ask(database, "SELECT COUNT(*) FROM resource");
	cr_assert_str_eq(answer, "1000");
	free(answer);
	answer = database_ask(database, "SELECT COUNT(*) FROM lease WHERE gap = 1");
	cr_assert_str_eq(answer, "1");
	free(answer);
	answer = database_ask(database, "SELECT value FROM number");
	cr_assert_str_eq(answer, "1000");
	free(answer);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
