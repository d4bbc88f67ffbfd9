// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many clients at once, and a controller that is killed at work: no two networks overlap (L4), and
 * what a client has been told is there afterwards, with its audit record and its records of the
 * topology. On both stores.
 */
#include "controller/testing-api.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLIENTS	  8
#define NETWORKS  1000
#define KILLS_MIN 8

/* One connection; creates names from first in steps, and keeps the ids that it was told. */
struct client {
	pthread_t thread;
	const struct api *api;
	const char *path;
	const char *prefix;
	size_t first;
	char ids[NETWORKS][RESOURCE_ID_SIZE];
	size_t n, refused, lost;
};

static void *client_run(void *argument)
{
	struct client *client = argument;
	CURL *curl = curl_easy_init();

	for (size_t i = client->first; i < NETWORKS && !client->lost; i += CLIENTS) {
		char body[64];
		struct api_request request = {.method = "POST", .path = client->path, .body = body};
		struct api_answer answer;

		snprintf(body, sizeof(body), "{\"name\":\"%s-%zu\"}", client->prefix, i);
		answer = api_ask(client->api, curl, &request);
		if (answer.status == 201)
			TEXT_SET(client->ids[client->n++], api_field(&answer, "id"));
		else if (answer.status < 0)
			client->lost++;
		else
			client->refused++;
		api_answer_release(&answer);
	}
	curl_easy_cleanup(curl);
	return NULL;
}

static struct client *clients_start(const struct api *api, const char *path, const char *prefix)
{
	struct client *clients = calloc(CLIENTS, sizeof(*clients));

	cr_assert(clients);
	for (size_t i = 0; i < CLIENTS; i++) {
		clients[i].api = api;
		clients[i].path = path;
		clients[i].prefix = prefix;
		clients[i].first = i;
		pthread_create(&clients[i].thread, NULL, client_run, &clients[i]);
	}
	return clients;
}

static size_t clients_join(struct client *clients)
{
	size_t n = 0;

	for (size_t i = 0; i < CLIENTS; i++) {
		pthread_join(clients[i].thread, NULL);
		cr_expect_eq(clients[i].refused, 0);
		n += clients[i].n;
	}
	return n;
}

static long ask_number(const struct database *database, const char *text)
{
	char *answer = database_ask(database, text);
	long number = answer ? strtol(answer, NULL, 10) : -1;

	free(answer);
	return number;
}

/* Leases are kept as ranges; two that overlap would have an upper end above the next lower one. */
static void slices_apart(const struct database *database)
{
	cr_expect_eq(ask_number(database,
				"SELECT COUNT(*) FROM lease a JOIN lease b ON a.space = '' "
				"AND b.space = '' AND a.family = b.family AND a.low < b.low "
				"AND a.high >= b.low"),
		     0);
}

STORE_TEST(a_thousand_networks_made_at_once_do_not_overlap)
{
	struct client *clients;
	char org[RESOURCE_ID_SIZE], path[256];
	struct api api;

	api_begin(&api, database, NULL);
	api_make(&api, NULL, "/v1/orgs", "{\"name\":\"blue\"}", org);
	api_path(path, org, "/networks");
	clients = clients_start(&api, path, "n");
	cr_expect_eq(clients_join(clients), NETWORKS);
	free(clients);
	slices_apart(database);
	cr_expect_eq(ask_number(database, "SELECT COUNT(*) FROM lease WHERE space = ''"), NETWORKS);
	cr_expect_eq(ask_number(database, "SELECT COUNT(DISTINCT holder) FROM lease"), NETWORKS);
	api_stop(&api);
	api_verify(&api);
	api_end(&api);
}

/* Each of these has its object, its audit record, its slice, and the record of its log. */
static void acknowledged_find(const struct database *database, const struct client *client)
{
	for (size_t i = 0; i < client->n; i++) {
		char text[700];

		snprintf(text, sizeof(text),
			 "SELECT COUNT(*) FROM resource JOIN audit ON audit.target = resource.id "
			 "JOIN lease ON lease.holder = resource.id "
			 "JOIN record ON record.log = resource.id AND record.key = 'network' "
			 "WHERE resource.id = '%s' AND audit.action = 'network.create'",
			 client->ids[i]);
		cr_assert_eq(ask_number(database, text), 1, "%s is lost", client->ids[i]);
	}
}

/* Whatever there is, acknowledged or not, is whole. */
static void nothing_is_half(const struct database *database)
{
	static const char *const counts[] = {
		"SELECT COUNT(*) FROM lease WHERE space = ''",
		"SELECT COUNT(*) FROM record WHERE key = 'network'",
		"SELECT COUNT(*) FROM log_state WHERE key = 'network'",
		"SELECT COUNT(*) FROM audit WHERE action = 'network.create'",
		"SELECT COUNT(*) FROM resource WHERE kind = 'operation'",
	};
	long networks =
		ask_number(database, "SELECT COUNT(*) FROM resource WHERE kind = 'network'");

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		cr_expect_eq(ask_number(database, counts[i]), networks, "%s: not %ld", counts[i],
			     networks);
	slices_apart(database);
}

STORE_TEST(a_killed_controller_has_kept_what_it_acknowledged)
{
	char org[RESOURCE_ID_SIZE], path[256], prefix[16];
	size_t acknowledged = 0, kills = 0;
	struct client *clients;
	struct api api;

	api_begin(&api, database, NULL);
	api_make(&api, NULL, "/v1/orgs", "{\"name\":\"blue\",\"networks_max\":100000}", org);
	api_path(path, org, "/networks");
	srand(1);
	for (; kills < KILLS_MIN || acknowledged < NETWORKS; kills++) {
		snprintf(prefix, sizeof(prefix), "k%zu", kills);
		clients = clients_start(&api, path, prefix);
		usleep(100000 + (useconds_t)(rand() % 400000));
		api_kill(&api);
		acknowledged += clients_join(clients);
		for (size_t i = 0; i < CLIENTS; i++)
			acknowledged_find(database, &clients[i]);
		free(clients);
		nothing_is_half(database);
		api_start(&api);
	}
	fprintf(stderr, "# %s: %zu creations acknowledged, %zu kills, none lost\n",
		database->kind == DATABASE_POSTGRES ? "postgres" : "sqlite", acknowledged, kills);
	api_stop(&api);
	api_verify(&api);
	api_end(&api);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
