// SPDX-License-Identifier: GPL-2.0-only
/* Metrics: what is counted, that their number is bounded, and the listener on the loopback. */
#include "controller/metrics.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

TestSuite(metrics);

static bool has_line(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	return at && (at == text || at[-1] == '\n') && at[strlen(line)] == '\n';
}

Test(metrics, requests_are_counted_by_operation_class_and_code)
{
	struct metrics *metrics = metrics_new("1.2.3");
	char expected[128];
	char *text;

	metrics_request(metrics, &routes[0], 200, CODE_NONE, 900);
	metrics_request(metrics, &routes[0], 200, CODE_NONE, 4000);
	metrics_request(metrics, &routes[0], 404, CODE_NOT_FOUND, 20);
	metrics_request(metrics, NULL, 404, CODE_ROUTE_UNKNOWN, 9000000);
	text = metrics_text(metrics, NULL, NULL);
	snprintf(expected, sizeof(expected),
		 "lbd_requests_total{operation=\"%s\",status=\"2xx\"} 2", routes[0].operation);
	cr_assert(has_line(text, expected), "%s", text);
	cr_assert(has_line(text, "lbd_requests_total{operation=\"none\",status=\"4xx\"} 1"));
	cr_assert(has_line(text, "lbd_problems_total{code=\"not_found\"} 1"));
	cr_assert(has_line(text, "lbd_problems_total{code=\"route_unknown\"} 1"));
	cr_assert(has_line(text, "lbd_request_seconds_bucket{le=\"0.001\"} 2"));
	cr_assert(has_line(text, "lbd_request_seconds_bucket{le=\"0.005\"} 3"));
	cr_assert(has_line(text, "lbd_request_seconds_bucket{le=\"5\"} 3"));
	cr_assert(has_line(text, "lbd_request_seconds_bucket{le=\"+Inf\"} 4"));
	cr_assert(has_line(text, "lbd_request_seconds_sum 9.004920"));
	cr_assert(has_line(text, "lbd_build_info{version=\"1.2.3\"} 1"));
	cr_assert(strstr(text, "\nprocess_resident_memory_bytes "));
	cr_assert_null(strstr(text, "process_resident_memory_bytes 0\n"));
	free(text);
	metrics_free(metrics);
}

Test(metrics, each_family_has_its_type_before_its_lines_and_once)
{
	struct metrics *metrics = metrics_new("x");
	struct hub_options options = {.history_frames = 1, .history_bytes = 1024};
	struct hub *hub = hub_new(&options);
	char *text = metrics_text(metrics, NULL, hub), *rest = text, *line;
	char family[64] = "";

	while ((line = strsep(&rest, "\n")) && *line) {
		if (!strncmp(line, "# TYPE ", 7)) {
			cr_assert_eq(sscanf(line, "# TYPE %63s", family), 1);
			continue;
		}
		cr_assert(*line == '#' || !strncmp(line, family, strlen(family)), "%s", line);
	}
	cr_assert_str_eq(family, "lbd_hub_sent_total");
	free(text);
	hub_free(hub);
	metrics_free(metrics);
}

Test(metrics, an_unknown_status_or_code_counts_in_a_place_that_there_is)
{
	struct metrics *metrics = metrics_new("x");

	metrics_request(metrics, NULL, -1, CODE_COUNT, UINT64_MAX / 2);
	metrics_request(metrics, NULL, 999, CODE_COUNT, 0);
	metrics_request(metrics, &routes[n_routes - 1], 599, CODE_NONE, 0);
	free(metrics_text(metrics, NULL, NULL));
	metrics_free(metrics);
}

static char *numbers(void *argument)
{
	return strdup(argument);
}

Test(metrics, what_is_not_the_loopback_is_refused)
{
	static const char *const addresses[] = {"0.0.0.0:9469",	  "[::]:9469", "192.0.2.1:9469",
						"localhost:9469", "127.0.0.1", ""};
	struct metrics_server *server;
	struct fault fault;
	uv_loop_t loop;

	cr_assert_eq(uv_loop_init(&loop), 0);
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		cr_assert_eq(metrics_server_start(&loop, addresses[i], numbers, NULL, &server,
						  &fault),
			     -EINVAL, "%s", addresses[i]);
	cr_assert_eq(uv_loop_close(&loop), 0);
}

static unsigned int status_of(const char *arguments, const char *path)
{
	char command[256], text[64] = "";
	FILE *from;

	snprintf(command, sizeof(command),
		 "curl -s -m 10 -o /dev/null -w '%%{http_code}' %s http://127.0.0.1:29469%s",
		 arguments, path);
	from = popen(command, "r"); /* NOLINT(cert-env33-c): our own words */
	cr_assert(from && fgets(text, sizeof(text), from));
	pclose(from);
	return (unsigned int)strtoul(text, NULL, 10);
}

static void on_end(uv_signal_t *signal, int number)
{
	(void)number;
	metrics_server_stop(signal->data);
	uv_close((uv_handle_t *)signal, NULL);
}

/* In a child; 0 when everything is closed in the end. */
static int serve(int ready)
{
	struct metrics_server *server;
	struct fault fault;
	uv_signal_t signal;
	uv_loop_t loop;

	uv_loop_init(&loop);
	if (metrics_server_start(&loop, "127.0.0.1:29469", numbers, "lbd_x 1\n", &server, &fault)) {
		fprintf(stderr, "%s\n", fault.text);
		return 1;
	}
	uv_signal_init(&loop, &signal);
	signal.data = server;
	uv_signal_start(&signal, on_end, SIGTERM);
	if (write(ready, "x", 1) != 1)
		return 2;
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop) ? 3 : 0;
}

Test(metrics, the_listener_answers_what_it_is_for_and_nothing_else)
{
	int ends[2], status = 0;
	char byte;
	pid_t pid;

	cr_assert_eq(pipe(ends), 0);
	pid = fork();
	if (!pid)
		_exit(serve(ends[1]));
	close(ends[1]);
	cr_assert_eq(read(ends[0], &byte, 1), 1);
	cr_expect_eq(status_of("", "/metrics"), 200);
	cr_expect_eq(status_of("-I", "/metrics"), 200);
	cr_expect_eq(status_of("", "/"), 404);
	cr_expect_eq(status_of("", "/v1/orgs"), 404);
	cr_expect_eq(status_of("-d x", "/metrics"), 405);
	kill(pid, SIGTERM);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && !WEXITSTATUS(status), "%d", status);
}
