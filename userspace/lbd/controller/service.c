// SPDX-License-Identifier: GPL-2.0-only
/*
 * "lbd controller": one loop with the controller, the server, the metrics, and what the service
 * manager wants to hear. It owns the order of starting and stopping, and the events that are logged;
 * called by main.c. The other commands that need the settings are in commands.c.
 *
 *   start   settings, state directory, signing key, controller (store, hub), agents, server,
 *           metrics, READY
 *   stop    STOPPING, server (requests under way may end), then all of it in reverse
 */
#include "controller/agent.h"
#include "controller/api.h"
#include "controller/config.h"
#include "controller/journal.h"
#include "controller/metrics.h"
#include "controller/service.h"
#include "controller/stream.h"

#include <errno.h>
#include <libgen.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define GRACE_MS	  5000
#define REQUESTS_A_SECOND 200 /* of one address, which may be that of many hosts */
#define STATUS_MS	  10000

struct service {
	struct config config;
	struct controller controller;
	uv_loop_t loop;
	struct http *http;
	struct metrics *metrics;
	struct metrics_server *metrics_server;
	uv_signal_t signals[3];
	uv_timer_t beat;
	uint64_t beat_ms;
	size_t n_handles; /* of signals and beat that are open */
	bool opened;
	bool stopping;
};

/* --- events ------------------------------------------------------------------------------------- */

static void number_text(char text[24], long long number)
{
	snprintf(text, 24, "%lld", number);
}

/* What failed for no fault of the client's: the client is told no more than the request's id. */
static void failed(const struct http_request *request, int error, const struct fault *fault)
{
	const struct journal_field fields[] = {
		{"REQUEST_ID", request ? request->id : NULL},
		{"PATH", request ? request->path : NULL},
		{"ERROR", strerrorname_np(error < 0 ? -error : error)},
		{"CODE", fault->code ? code_info(fault->code)->text : NULL},
	};

	journal_event(JOURNAL_ERROR, fields, sizeof(fields) / sizeof(fields[0]), "%s", fault->text);
}

/* Reads and what agents say all the time would drown the rest; the audit log has the changes. */
static bool is_notable(const struct http_request *request, const struct route *route, int status)
{
	if (status == 401 || status == 403)
		return true;
	return strcmp(request->method, "GET") != 0 && (!route || route->right != RIGHT_AGENT);
}

static void request_log(const struct http_request *request, const struct route *route, int status,
			const struct fault *fault)
{
	char number[24], uid[24];
	const struct journal_field fields[] = {
		{"REQUEST_ID", request->id},
		{"OPERATION", route ? route->operation : NULL},
		{"METHOD", request->method},
		{"PATH", request->path},
		{"STATUS", number},
		{"CODE", status >= 400 && fault ? code_info(fault->code)->text : NULL},
		{"PEER", request->peer.local ? NULL : request->peer.address},
		{"UID", request->peer.local ? uid : NULL},
	};

	if (!is_notable(request, route, status))
		return;
	number_text(number, status);
	number_text(uid, (long long)request->peer.uid);
	journal_event(status >= 500 ? JOURNAL_WARNING : JOURNAL_INFO, fields,
		      sizeof(fields) / sizeof(fields[0]), "request");
}

/* http_options.handle. One that waits comes again, and is counted then. */
static int handle(struct http_request *request, struct http_reply *reply, void *argument,
		  struct fault *fault)
{
	struct service *service = argument;
	uint64_t began = uv_hrtime();
	const struct route *route = NULL;
	char allow[64];
	int status, ret;

	ret = api_handle(request, reply, &service->controller, fault);
	if (!ret && reply->wait)
		return 0;
	if (route_find(request, &route, allow, NULL))
		route = NULL;
	status = ret ? code_info(fault->code)->status : reply->status;
	metrics_request(service->metrics, route, status, ret ? fault->code : CODE_NONE,
			(uv_hrtime() - began) / 1000);
	request_log(request, route, status, ret ? fault : NULL);
	return ret;
}

static char *metrics_make(void *argument)
{
	const struct service *service = argument;

	return metrics_text(service->metrics, service->http, service->controller.hub);
}

/* --- the service manager ------------------------------------------------------------------------ */

static void beat(uv_timer_t *timer)
{
	const struct service *service = timer->data;
	struct http_counts http;
	struct hub_counts hub;

	if (service->stopping)
		return;
	http_counts(service->http, &http);
	hub_counts(service->controller.hub, &hub);
	sd_notifyf(0, "WATCHDOG=1\nSTATUS=%zu agents follow, %zu logs, %llu requests",
		   hub.subscribers, hub.logs, (unsigned long long)http.requests);
}

static void started_tell(struct service *service)
{
	const struct controller_options *options = &service->config.options;
	const struct journal_field fields[] = {
		{"SOCKET", options->socket},	  {"LISTEN", options->listen},
		{"STORE", options->store},	  {"METRICS", options->metrics},
		{"CONFIG", service->config.file},
	};

	journal_event(JOURNAL_NOTICE, fields, sizeof(fields) / sizeof(fields[0]), "ready");
	sd_notify(0, "READY=1\nSTATUS=ready");
}

/* --- stopping ----------------------------------------------------------------------------------- */

static void all_close(struct service *service)
{
	metrics_server_stop(service->metrics_server);
	service->metrics_server = NULL;
	http_free(service->http);
	service->http = NULL;
	if (service->opened) {
		agents_close(&service->controller);
		controller_close(&service->controller);
	}
	service->opened = false;
	for (size_t i = 0; i < service->n_handles; i++) {
		uv_handle_t *one =
			i ? (uv_handle_t *)&service->signals[i - 1] : (uv_handle_t *)&service->beat;

		if (!uv_is_closing(one))
			uv_close(one, NULL);
	}
}

static void on_stopped(void *argument)
{
	all_close(argument);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct service *service = handle->data;

	if (number == SIGHUP) {
		journal_event(JOURNAL_NOTICE, NULL, 0,
			      "SIGHUP: settings and certificate are read at the start; restart to "
			      "change them");
		return;
	}
	if (service->stopping)
		return;
	service->stopping = true;
	sd_notify(0, "STOPPING=1\nSTATUS=stopping");
	journal_event(JOURNAL_NOTICE, NULL, 0, "stopping");
	http_stop(service->http, GRACE_MS, on_stopped, service);
}

/* --- starting ----------------------------------------------------------------------------------- */

static int directory_make(const char *path, mode_t mode, struct fault *fault)
{
	if (!mkdir(path, mode) || errno == EEXIST)
		return 0;
	return fault_set(fault, -errno, NULL, "%.200s: cannot be made: %s", path, strerror(errno));
}

static int directories_make(const struct controller_options *options, struct fault *fault)
{
	char *socket = strdup(options->socket);
	int ret;

	if (!socket)
		return fault_memory(fault);
	ret = directory_make(options->state, 0700, fault);
	if (!ret)
		ret = directory_make(dirname(socket), 0755, fault);
	free(socket);
	return ret;
}

static int handles_open(struct service *service, struct fault *fault)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	uint64_t watchdog = 0;
	int ret = uv_timer_init(&service->loop, &service->beat);

	service->beat.data = service;
	service->beat_ms = STATUS_MS;
	/* Two in the time after which the service manager would lose patience. */
	if (sd_watchdog_enabled(0, &watchdog) > 0 && watchdog / 2000 < STATUS_MS)
		service->beat_ms = watchdog / 2000 ? watchdog / 2000 : 1;
	service->n_handles = !ret;
	for (size_t i = 0; !ret && i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		ret = uv_signal_init(&service->loop, &service->signals[i]);
		if (ret)
			break;
		service->n_handles++;
		service->signals[i].data = service;
		ret = uv_signal_start(&service->signals[i], on_signal, numbers[i]);
	}
	return ret ? fault_set(fault, ret, NULL, "%s", uv_strerror(ret)) : 0;
}

static int key_load(struct service *service, struct fault *fault)
{
	struct controller *controller = &service->controller;
	const char *path = service->config.options.signing_key_file;
	bool made;
	int ret = signing_key_load(path, controller->signing_secret, controller->signing_public,
				   &made, fault);

	if (!ret && made)
		journal_event(JOURNAL_NOTICE, (const struct journal_field[]){{"FILE", path}}, 1,
			      "a new signing key was made; keep a copy of it apart from backups of "
			      "the store");
	return ret;
}

static int server_start(struct service *service, struct fault *fault)
{
	const struct controller_options *options = &service->config.options;
	const struct http_options http = {
		.tls_address = options->listen,
		.certificate_file = options->certificate_file,
		.key_file = options->key_file,
		.unix_path = options->socket,
		.requests_a_second = REQUESTS_A_SECOND,
		.handle = handle,
		.application = service,
	};
	int ret = http_start(&service->loop, &http, &service->http, fault);

	service->controller.http = service->http;
	if (!ret && options->metrics)
		ret = metrics_server_start(&service->loop, options->metrics, metrics_make, service,
					   &service->metrics_server, fault);
	return ret;
}

static int service_start(struct service *service, struct fault *fault)
{
	int ret;

	service->config.options.failed = failed;
	service->config.options.ready = stream_ready;
	service->controller.options = &service->config.options;
	service->metrics = metrics_new(lbmesh_version());
	if (!service->metrics)
		return fault_memory(fault);
	if ((ret = directories_make(&service->config.options, fault)) ||
	    (ret = handles_open(service, fault)) || (ret = key_load(service, fault)) ||
	    (ret = controller_open(&service->controller, &service->loop, fault)))
		return ret;
	service->opened = true;
	if ((ret = agents_open(&service->controller, fault)) ||
	    (ret = server_start(service, fault)))
		return ret;
	uv_timer_start(&service->beat, beat, service->beat_ms, service->beat_ms);
	started_tell(service);
	return 0;
}

static int service_run(struct service *service)
{
	struct fault fault = {0};
	int ret = uv_loop_init(&service->loop);

	if (ret) {
		journal_event(JOURNAL_ERROR, NULL, 0, "%s", uv_strerror(ret));
		return EXIT_FAILED;
	}
	ret = service_start(service, &fault);
	if (ret) {
		failed(NULL, ret, &fault);
		all_close(service);
	}
	uv_run(&service->loop, UV_RUN_DEFAULT);
	uv_loop_close(&service->loop);
	metrics_free(service->metrics);
	sodium_memzero(service->controller.signing_secret,
		       sizeof(service->controller.signing_secret));
	if (!ret)
		journal_event(JOURNAL_NOTICE, NULL, 0, "stopped");
	return service_status(ret);
}

int controller_main(int argc, char **argv)
{
	struct service service = {0};
	struct config_given given;
	struct fault fault = {0};
	int ret = controller_options_read(argc, argv, 0, &given);

	if (ret)
		return ret < 0 ? EXIT_USAGE : EXIT_DONE;
	if (config_load(&given, &service.config, &fault)) {
		fprintf(stderr, "lbd: %s\n", fault.text);
		return EXIT_USAGE;
	}
	ret = EXIT_FAILED;
	if (given.check) {
		config_print(&service.config, stdout);
		ret = EXIT_DONE;
	} else if (sodium_init() >= 0) {
		ret = service_run(&service);
	}
	config_release(&service.config);
	return ret;
}
