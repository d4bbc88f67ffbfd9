// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counting, and the text of metrics in Prometheus's format 0.0.4. One thread; service.c owns the one
 * struct metrics.
 */
#include "controller/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define CLASSES 6 /* of statuses: 0 is not used, 2 is 200 to 299 */

/* Microseconds. */
static const uint64_t bounds[] = {1000, 5000, 10000, 50000, 100000, 500000, 1000000, 5000000};

#define BOUNDS (sizeof(bounds) / sizeof(bounds[0]))

struct metrics {
	const char *version;
	time_t started_at;
	uint64_t (*requests)[CLASSES]; /* by route; the last one is of no route */
	uint64_t problems[CODE_COUNT];
	uint64_t buckets[BOUNDS]; /* not yet cumulated */
	uint64_t n;
	uint64_t microseconds;
};

struct metrics *metrics_new(const char *version)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (!metrics)
		return NULL;
	metrics->version = version;
	metrics->started_at = time(NULL);
	metrics->requests = calloc(n_routes + 1, sizeof(*metrics->requests));
	if (!metrics->requests) {
		free(metrics);
		return NULL;
	}
	return metrics;
}

void metrics_free(struct metrics *metrics)
{
	if (metrics)
		free(metrics->requests);
	free(metrics);
}

void metrics_request(struct metrics *metrics, const struct route *route, int status, enum code code,
		     uint64_t microseconds)
{
	size_t index = route ? (size_t)(route - routes) : n_routes;
	int class = status / 100;

	metrics->requests[index][class > 0 && class < CLASSES ? class : 5]++;
	if (status >= 400 && code < CODE_COUNT)
		metrics->problems[code]++;
	metrics->n++;
	metrics->microseconds += microseconds;
	for (size_t i = 0; i < BOUNDS; i++) {
		if (microseconds <= bounds[i]) {
			metrics->buckets[i]++;
			break;
		}
	}
}

static void head_print(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void number_print(FILE *to, const char *name, const char *type, const char *help,
			 uint64_t number)
{
	head_print(to, name, type, help);
	fprintf(to, "%s %" PRIu64 "\n", name, number);
}

static void requests_print(FILE *to, const struct metrics *metrics)
{
	head_print(to, "lbd_requests_total", "counter", "Requests answered.");
	for (size_t i = 0; i <= n_routes; i++) {
		for (int class = 1; class < CLASSES; class ++) {
			if (metrics->requests[i][class])
				fprintf(to,
					"lbd_requests_total{operation=\"%s\",status=\"%dxx\"} "
					"%" PRIu64 "\n",
					i < n_routes ? routes[i].operation : "none", class,
					metrics->requests[i][class]);
		}
	}
	head_print(to, "lbd_problems_total", "counter", "Refusals and failures, by code.");
	for (int code = 0; code < CODE_COUNT; code++) {
		if (metrics->problems[code])
			fprintf(to, "lbd_problems_total{code=\"%s\"} %" PRIu64 "\n",
				code_info((enum code)code)->text, metrics->problems[code]);
	}
}

static void seconds_print(FILE *to, const struct metrics *metrics)
{
	uint64_t sum = 0;

	head_print(to, "lbd_request_seconds", "histogram",
		   "From a whole request to its answer, of those that did not wait.");
	for (size_t i = 0; i < BOUNDS; i++) {
		sum += metrics->buckets[i];
		fprintf(to, "lbd_request_seconds_bucket{le=\"%g\"} %" PRIu64 "\n",
			(double)bounds[i] / 1e6, sum);
	}
	fprintf(to,
		"lbd_request_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n"
		"lbd_request_seconds_sum %.6f\n"
		"lbd_request_seconds_count %" PRIu64 "\n",
		metrics->n, (double)metrics->microseconds / 1e6, metrics->n);
}

static void http_print(FILE *to, const struct http *http)
{
	struct http_counts counts;

	http_counts(http, &counts);
	number_print(to, "lbd_http_connections", "gauge", "Connections that are open.",
		     counts.connections);
	number_print(to, "lbd_http_requests_total", "counter",
		     "Requests received, also those that were refused at once.", counts.requests);
	number_print(to, "lbd_http_streams_total", "counter", "Streams of agents that began.",
		     counts.streams);
	number_print(to, "lbd_http_refused_rate_total", "counter",
		     "Requests and connections above a limit.", counts.refused_rate);
	number_print(to, "lbd_http_refused_size_total", "counter", "Requests that were too large.",
		     counts.refused_size);
}

static void hub_print(FILE *to, const struct hub *hub)
{
	struct hub_counts counts;

	hub_counts(hub, &counts);
	number_print(to, "lbd_hub_logs", "gauge", "Logs of records.", counts.logs);
	number_print(to, "lbd_hub_entries", "gauge", "Entries in all logs.", counts.entries);
	number_print(to, "lbd_hub_subscribers", "gauge", "Agents that follow.", counts.subscribers);
	number_print(to, "lbd_hub_positions", "gauge", "Logs that agents follow, counted for each.",
		     counts.positions);
	number_print(to, "lbd_hub_history_bytes", "gauge", "Frames that are kept for agents.",
		     counts.history_bytes);
	number_print(to, "lbd_hub_records_total", "counter", "Records appended.", counts.appended);
	head_print(to, "lbd_hub_sent_total", "counter", "Frames handed out to agents.");
	fprintf(to,
		"lbd_hub_sent_total{frame=\"change\"} %" PRIu64 "\n"
		"lbd_hub_sent_total{frame=\"fragment\"} %" PRIu64 "\n"
		"lbd_hub_sent_total{frame=\"end\"} %" PRIu64 "\n",
		counts.sent_changes, counts.sent_fragments, counts.sent_ends);
}

static uint64_t resident_bytes(void)
{
	FILE *from = fopen("/proc/self/statm", "re");
	char line[128], *end;
	uint64_t pages = 0;

	if (!from)
		return 0;
	if (fgets(line, sizeof(line), from)) {
		strtoull(line, &end, 10);
		pages = strtoull(end, NULL, 10);
	}
	fclose(from);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void process_print(FILE *to, const struct metrics *metrics)
{
	struct rusage usage = {0};

	getrusage(RUSAGE_SELF, &usage);
	head_print(to, "process_cpu_seconds_total", "counter", "Processor time.");
	fprintf(to, "process_cpu_seconds_total %.6f\n",
		(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
	number_print(to, "process_resident_memory_bytes", "gauge", "Resident memory.",
		     resident_bytes());
	number_print(to, "process_start_time_seconds", "gauge", "When it started, since 1970.",
		     (uint64_t)metrics->started_at);
	head_print(to, "lbd_build_info", "gauge", "Always 1.");
	fprintf(to, "lbd_build_info{version=\"%s\"} 1\n", metrics->version);
}

char *metrics_text(const struct metrics *metrics, const struct http *http, const struct hub *hub)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	process_print(to, metrics);
	requests_print(to, metrics);
	seconds_print(to, metrics);
	if (http)
		http_print(to, http);
	if (hub)
		hub_print(to, hub);
	if (fclose(to)) {
		free(text);
		return NULL;
	}
	return text;
}
