// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests that come again, and requests that wait: idempotency keys and long polls. On both stores.
 */
#include "controller/testing-api.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ASK(...) api_ask(&api, NULL, &(const struct api_request){__VA_ARGS__})

static size_t items_count(const struct api_answer *answer)
{
	json_object *items = NULL;

	cr_assert(json_object_object_get_ex(answer->body, "items", &items), "%s", answer->text);
	return json_object_array_length(items);
}

static size_t list_count(const struct api *api, const char *path)
{
	struct api_answer answer =
		api_ask(api, NULL, &(const struct api_request){.method = "GET", .path = path});
	size_t n;

	cr_assert_eq(answer.status, 200, "%s: %s", path, answer.text);
	n = items_count(&answer);
	api_answer_release(&answer);
	return n;
}

/* --- idempotency -------------------------------------------------------------------------------- */

STORE_TEST(a_repeated_key_has_the_same_answer_and_makes_nothing_again)
{
	struct api_answer first, second;
	char org[RESOURCE_ID_SIZE], path[256];
	struct api api;

	api_begin(&api, database, NULL);
	api_make(&api, NULL, "/v1/orgs", "{\"name\":\"blue\"}", org);
	api_path(path, org, "/networks");
	first = ASK(.method = "POST", .path = path, .body = "{\"name\":\"n\"}", .key = "k1");
	second = ASK(.method = "POST", .path = path, .body = "{\"name\":\"n\"}", .key = "k1");
	cr_expect_eq(first.status, 201);
	cr_expect_eq(second.status, 201, "%s", second.text);
	cr_expect_str_eq(first.text, second.text);
	cr_expect_str_eq(first.location, second.location);
	cr_expect_str_eq(first.etag, second.etag);
	cr_expect_eq(list_count(&api, path), 1);
	API_REFUSED(&api, 422, "idempotency_reused", .method = "POST", .path = path,
		    .body = "{\"name\":\"m\"}", .key = "k1");
	API_REFUSED(&api, 409, "name_taken", .method = "POST", .path = path,
		    .body = "{\"name\":\"n\"}", .key = "k2");
	API_REFUSED(&api, 409, "name_taken", .method = "POST", .path = path,
		    .body = "{\"name\":\"n\"}");
	API_REFUSED(
		&api, 400, "request_syntax", .method = "POST", .path = path,
		.body = "{\"name\":\"o\"}",
		.key = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
		       "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
		       "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
		       "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk");
	api_answer_release(&first);
	api_answer_release(&second);
	/* The key is the sender's own. */
	char token[128];
	api_token_make(&api, org, "write", token);
	first = ASK(.method = "POST", .path = path, .body = "{\"name\":\"p\"}", .key = "k1",
		    .token = token);
	cr_expect_eq(first.status, 201, "%s", first.text);
	api_answer_release(&first);
	api_end(&api);
}

#define TWINS 8

struct twin {
	pthread_t thread;
	const struct api *api;
	const char *path;
	struct api_answer answer;
};

static void *twin_run(void *argument)
{
	struct twin *twin = argument;

	twin->answer = api_ask(twin->api, NULL,
			       &(const struct api_request){.method = "POST",
							   .path = twin->path,
							   .body = "{\"name\":\"n\"}",
							   .key = "same"});
	return NULL;
}

STORE_TEST(duplicates_at_the_same_time_end_as_one)
{
	struct twin twins[TWINS];
	char org[RESOURCE_ID_SIZE], path[256];
	struct api api;

	api_begin(&api, database, NULL);
	api_make(&api, NULL, "/v1/orgs", "{\"name\":\"blue\"}", org);
	api_path(path, org, "/networks");
	for (size_t i = 0; i < TWINS; i++) {
		twins[i] = (struct twin){.api = &api, .path = path};
		pthread_create(&twins[i].thread, NULL, twin_run, &twins[i]);
	}
	for (size_t i = 0; i < TWINS; i++) {
		pthread_join(twins[i].thread, NULL);
		cr_expect_eq(twins[i].answer.status, 201, "%s", twins[i].answer.text);
		cr_expect_str_eq(twins[i].answer.text, twins[0].answer.text);
	}
	for (size_t i = 0; i < TWINS; i++)
		api_answer_release(&twins[i].answer);
	cr_expect_eq(list_count(&api, path), 1);
	api_end(&api);
}

/* --- long polls --------------------------------------------------------------------------------- */

struct watching {
	pthread_t thread;
	const struct api *api;
	char path[300];
	struct api_answer answer;
	double seconds;
};

static double clock_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *watching_run(void *argument)
{
	struct watching *watching = argument;
	double start = clock_seconds();

	watching->answer =
		api_ask(watching->api, NULL,
			&(const struct api_request){.method = "GET", .path = watching->path});
	watching->seconds = clock_seconds() - start;
	return NULL;
}

static void watching_begin(struct watching *watching, const struct api *api, const char *path,
			   const char *version)
{
	*watching = (struct watching){.api = api};
	snprintf(watching->path, sizeof(watching->path), "%s?watch=%s", path, version);
	pthread_create(&watching->thread, NULL, watching_run, watching);
}

STORE_TEST(a_watch_is_answered_when_the_version_is_another)
{
	struct watching now, changed, foreign, gone;
	struct api_answer answer;
	struct api_org org;
	char path[256], other[256];
	struct api api;

	api_begin(&api, database, NULL);
	api_org_make(&api, "blue", &org);
	api_path(path, org.ids[RESOURCE_ORG], "/firewalls/%s", org.ids[RESOURCE_FIREWALL]);
	watching_begin(&now, &api, path, "7");
	pthread_join(now.thread, NULL);
	cr_expect_lt(now.seconds, 1);
	cr_expect_str_eq(now.answer.etag, "\"1\"");
	api_path(path, org.ids[RESOURCE_ORG], "/firewalls/%s?watch=7x", org.ids[RESOURCE_FIREWALL]);
	API_REFUSED(&api, 400, "query_invalid", .method = "GET", .path = path);
	api_path(path, org.ids[RESOURCE_ORG], "/firewalls/%s", org.ids[RESOURCE_FIREWALL]);
	watching_begin(&changed, &api, path, "1");
	watching_begin(&gone, &api,
		       api_path(other, org.ids[RESOURCE_ORG], "/networks/%s/policies/%s",
				org.ids[RESOURCE_NETWORK], org.ids[RESOURCE_POLICY]),
		       "1");
	/* What another controller changes is found out, too. */
	watching_begin(&foreign, &api,
		       api_path(other, org.ids[RESOURCE_ORG], "/hosts/%s", org.ids[RESOURCE_HOST]),
		       "1");
	usleep(300000);
	answer = ASK(.method = "PATCH", .path = path, .body = "{\"priority\":3}",
		     .if_match = "\"1\"");
	cr_expect_eq(answer.status, 200);
	api_answer_release(&answer);
	answer = ASK(.method = "DELETE",
		     .path = api_path(other, org.ids[RESOURCE_ORG], "/networks/%s/policies/%s",
				      org.ids[RESOURCE_NETWORK], org.ids[RESOURCE_POLICY]),
		     .if_match = "\"1\"");
	cr_expect_eq(answer.status, 204);
	api_answer_release(&answer);
	pthread_join(changed.thread, NULL);
	pthread_join(gone.thread, NULL);
	cr_expect_str_eq(changed.answer.etag, "\"2\"");
	cr_expect_gt(changed.seconds, 0.2);
	cr_expect_lt(changed.seconds, 3);
	cr_expect_eq(gone.answer.status, 404);
	api_host_touch(&api, org.ids[RESOURCE_HOST]);
	pthread_join(foreign.thread, NULL);
	cr_expect_str_eq(foreign.answer.etag, "\"2\"");
	cr_expect_lt(foreign.seconds, 5);
	api_answer_release(&now.answer);
	api_answer_release(&changed.answer);
	api_answer_release(&gone.answer);
	api_answer_release(&foreign.answer);
	/* One that waits is no obstacle to the end. */
	watching_begin(&now, &api, path, "2");
	usleep(200000);
	api_stop(&api);
	pthread_join(now.thread, NULL);
	api_answer_release(&now.answer);
	api_end(&api);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
