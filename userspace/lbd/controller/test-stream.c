// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams of agents: what comes, in pieces, again after a break, and to whom it does not. The last
 * test is a controller with a server in a process of its own, on a unix socket and TLS.
 */
#include "controller/agent-testing.h"

#include "testing/resources.h"
#include "testing/server.h"

#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

STORE_TEST(a_stream_brings_every_change_once_in_pieces_of_any_size)
{
	static const size_t pieces[] = {1, 7, 64, 4096};
	struct simulated agents[4], b;
	struct bed bed;

	bed_begin(&bed, database);
	for (size_t i = 0; i < 4; i++) {
		char name[8];

		snprintf(name, sizeof(name), "a%zu", i);
		simulated_begin(&agents[i], &bed, name);
		agents[i].piece = pieces[i];
		simulated_connect(&agents[i]);
	}
	simulated_begin(&b, &bed, "b");
	for (size_t i = 0; i < 4; i++) {
		size_t before = agents[i].frames;

		simulated_read(&agents[i]);
		cr_expect_eq(agents[i].frames - before, 4 - i,
			     "the members that joined after it, one record each");
		cr_expect_eq(fragment_count(simulated_log(&agents[i], bed.network)), 6);
	}
	for (size_t i = 0; i < 4; i++)
		simulated_end(&agents[i]);
	simulated_end(&b);
	bed_end(&bed);
}

STORE_TEST(who_comes_back_gets_what_it_has_missed_and_nothing_again)
{
	struct simulated a, b, c;
	struct bed bed;
	size_t fragments;

	bed_begin(&bed, database);
	simulated_begin(&a, &bed, "a");
	simulated_connect(&a);
	simulated_disconnect(&a);
	fragments = a.fragments;
	simulated_begin(&b, &bed, "b");
	bed_restart(&bed);
	simulated_begin(&c, &bed, "c");
	simulated_connect(&a);
	cr_expect_eq(fragment_count(simulated_log(&a, bed.network)), 4);
	cr_expect_leq(a.fragments - fragments, 1, "the restart has cost the history of one log");
	fragments = a.fragments;
	simulated_connect(&a);
	cr_expect_eq(a.fragments, fragments, "nothing is new");
	simulated_end(&a);
	simulated_end(&b);
	simulated_end(&c);
	bed_end(&bed);
}

STORE_TEST(no_stream_has_a_log_of_another_organisation_or_network)
{
	char org[RESOURCE_ID_SIZE], workspace[RESOURCE_ID_SIZE], network[RESOURCE_ID_SIZE],
		own[RESOURCE_ID_SIZE];
	struct simulated a;
	struct bed bed;

	bed_begin(&bed, database);
	simulated_begin(&a, &bed, "a");
	bed_org_make(&bed, "evil", org);
	bed_workspace_make(&bed, org, "theirs", workspace, network);
	bed_network_make(&bed, bed.org, "not-joined", own);
	/* It asks for them. */
	a.logs[a.n_logs++] = fragment_new(network);
	a.logs[a.n_logs++] = fragment_new(workspace);
	a.logs[a.n_logs++] = fragment_new(own);
	simulated_connect(&a);
	for (size_t i = 0; i < a.n_logs; i++) {
		const char *log = fragment_log(a.logs[i]);

		cr_expect(fragment_count(a.logs[i]) == 0 ||
				  (strcmp(log, network) != 0 && strcmp(log, workspace) != 0 &&
				   strcmp(log, own) != 0),
			  "%s has arrived", log);
	}
	cr_assert(simulated_log(&a, bed.network));
	simulated_end(&a);
	bed_end(&bed);
}

STORE_TEST(a_new_stream_ends_the_one_before)
{
	struct http_stream *old;
	struct simulated a;
	struct bed bed;
	uint8_t byte;

	bed_begin(&bed, database);
	simulated_begin(&a, &bed, "a");
	simulated_connect(&a);
	old = a.stream;
	a.stream = NULL;
	simulated_connect(&a);
	cr_expect_eq(old->more(old, &byte, 1), -1);
	old->close(old);
	cr_expect_eq(bed.controller.agents->n_streams, 1);
	simulated_read(&a);
	cr_expect_not(a.ended);
	simulated_end(&a);
	bed_end(&bed);
}

static void remove_host(struct host *host)
{
	host->state = HOST_REMOVED;
}

static void revoke_host(struct host *host)
{
	sodium_memzero(host->credential_hash, sizeof(host->credential_hash));
}

STORE_TEST(a_stream_ends_at_once_when_the_host_is_removed_or_revoked)
{
	struct simulated a, b, c;
	struct bed bed;

	bed_begin(&bed, database);
	simulated_begin(&a, &bed, "a");
	simulated_begin(&b, &bed, "b");
	simulated_begin(&c, &bed, "c");
	simulated_connect(&a);
	simulated_connect(&b);
	simulated_connect(&c);
	bed_host_change(&bed, a.host, remove_host);
	bed_host_change(&bed, b.host, revoke_host);
	simulated_read(&a);
	simulated_read(&b);
	simulated_read(&c);
	cr_expect(a.ended);
	cr_expect(b.ended);
	cr_expect_not(c.ended);
	cr_expect_eq(bed.controller.agents->n_streams, 1);
	cr_expect_eq(fragment_count(simulated_log(&c, bed.network)), 3, "a is still a member");
	simulated_end(&a);
	simulated_end(&b);
	simulated_end(&c);
	bed_end(&bed);
}

STORE_TEST(a_quiet_stream_has_heartbeats)
{
	struct simulated a;
	struct bed bed;

	bed_begin(&bed, database);
	simulated_begin(&a, &bed, "a");
	simulated_connect(&a);
	simulated_report(&a, NULL);
	bed_later(&bed, 3000);
	simulated_follow(&a);
	a.heartbeats = 0;
	for (size_t i = 0; i < 35; i++) {
		bed_later(&bed, 1000);
		simulated_read(&a);
	}
	cr_expect(a.heartbeats == 3 || a.heartbeats == 4, "%zu heartbeats", a.heartbeats);
	simulated_end(&a);
	bed_end(&bed);
}

static int stream_try(struct simulated *a, const char *body, struct fault *fault)
{
	struct call call = {.identity = {.known = true}};
	json_object *answer = NULL;

	TEXT_SET(call.identity.host, a->host);
	return bed_call(a->bed, api_agent_stream, &call, body, &answer, fault);
}

static int report_try(struct simulated *a, const char *body, struct fault *fault)
{
	struct call call = {.identity = {.known = true}};
	json_object *answer = NULL;
	int ret;

	TEXT_SET(call.identity.host, a->host);
	ret = bed_call(a->bed, api_agent_report, &call, body, &answer, fault);
	json_object_put(answer);
	return ret;
}

STORE_TEST(malformed_cursors_and_reports_are_refused)
{
	struct simulated a;
	struct fault fault;
	struct bed bed;

	bed_begin(&bed, database);
	simulated_begin(&a, &bed, "a");
	REFUSED(stream_try(&a, "{}", &fault), FIELD_MISSING, "cursors");
	REFUSED(stream_try(&a, "{\"cursors\":[]}", &fault), FIELD_TYPE, "cursors");
	REFUSED(stream_try(&a, "{\"cursors\":{\"net-1\":1}}", &fault), FIELD_VALUE,
		"cursors.net-1");
	REFUSED(stream_try(&a, "{\"cursors\":{\"net_1\":-1}}", &fault), FIELD_VALUE,
		"cursors.net_1");
	REFUSED(stream_try(&a, "{\"cursors\":{},\"x\":1}", &fault), FIELD_UNKNOWN, "x");
	REFUSED(report_try(&a, "{\"applied\":{}}", &fault), FIELD_MISSING, "generation");
	REFUSED(report_try(&a, "{\"generation\":\"1\",\"applied\":{}}", &fault), FIELD_TYPE,
		"generation");
	REFUSED(report_try(&a, "{\"generation\":1,\"applied\":{\"net_1\":1.5}}", &fault),
		FIELD_TYPE, "applied.net_1");
	TAKEN(report_try(&a, "{\"generation\":1,\"applied\":{}}", &fault));
	simulated_end(&a);
	bed_end(&bed);
}

/* --- with a server -------------------------------------------------------------------------------- */

static void serve(struct bed *bed, const struct http_options *given, int ready)
{
	struct controller controller = {.options = &bed->options};
	struct http_options options = *given;
	struct fault fault = {0};
	unsigned int port;
	uv_loop_t loop;

	memcpy(controller.signing_public, bed->controller.signing_public, 32);
	memcpy(controller.signing_secret, bed->controller.signing_secret, 64);
	uv_loop_init(&loop);
	options.handle = api_handle;
	options.application = &controller;
	if (controller_open(&controller, &loop, &fault) || agents_open(&controller, &fault) ||
	    http_start(&loop, &options, &controller.http, &fault)) {
		fprintf(stderr, "serve: %s\n", fault.text);
		_exit(3);
	}
	port = http_port(controller.http);
	if (write(ready, &port, sizeof(port)) != sizeof(port))
		_exit(4);
	uv_run(&loop, UV_RUN_DEFAULT);
	_exit(0);
}

static pid_t server_begin(struct bed *bed, struct server *server)
{
	int pipes[2];
	pid_t pid;

	server_prepare(server, NULL);
	cr_assert_eq(pipe(pipes), 0);
	fflush(NULL);
	pid = fork();
	if (!pid)
		serve(bed, &server->options, pipes[1]);
	cr_assert_eq(read(pipes[0], &server->port, sizeof(server->port)),
		     (ssize_t)sizeof(server->port));
	snprintf(server->url, sizeof(server->url), "https://localhost:%u", server->port);
	close(pipes[0]);
	close(pipes[1]);
	return pid;
}

static char answer[1 << 16];

/* POSTs to a path with a credential, on TLS; the status. */
static int post(const struct server *server, const char *path, const char *credential,
		const char *body)
{
	char arguments[1024];
	const char *line;
	int status = 0;

	snprintf(arguments, sizeof(arguments),
		 "-i --max-time 3 -X POST -H 'Content-Type: application/json' "
		 "-H 'Authorization: Bearer %s' -d '%s'",
		 credential, body);
	server_curl(server, arguments, path, answer, sizeof(answer));
	/* After what curl says about a stream that does not end. */
	line = strstr(answer, "HTTP/1.1 ");
	if (line)
		status = (int)strtol(line + strlen("HTTP/1.1 "), NULL, 10);
	return status;
}

STORE_TEST(agents_follow_a_real_server_until_their_credential_is_revoked)
{
	static const char cursors[] = "{\"cursors\":{}}";
	char path[160];
	struct simulated a;
	struct server server;
	struct bed bed;
	pid_t pid;
	int status;

	bed_begin(&bed, database);
	simulated_begin(&a, &bed, "a");
	bed_end(&bed);
	pid = server_begin(&bed, &server);
	/* The stream does not end by itself: the client's time does. */
	cr_expect_eq(post(&server, "/agent/v1/stream", a.credential, cursors), 200, "%s", answer);
	cr_expect_not_null(strstr(answer, "application/vnd.lbmesh.frames"));
	cr_expect_eq(post(&server, "/agent/v1/report", a.credential,
			  "{\"generation\":1,\"applied\":{}}"),
		     200);
	cr_expect_not_null(strstr(answer, "\"online\""), "%s", answer);
	cr_expect_null(strstr(answer, "credential"));
	cr_expect_eq(post(&server, "/agent/v1/stream", "lba_01KB0000000000000000000000.x", cursors),
		     401);
	snprintf(path, sizeof(path), "/v1/orgs/%s/hosts/%s/revoke", bed.org, a.host);
	server_curl_local(&server, "-i -X POST", path, answer, sizeof(answer));
	cr_expect_not_null(strstr(answer, "HTTP/1.1 200"), "%s", answer);
	cr_expect_eq(post(&server, "/agent/v1/stream", a.credential, cursors), 401);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	server_remove(&server);
	bed.controller = (struct controller){.loop = NULL};
	simulated_end(&a);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
