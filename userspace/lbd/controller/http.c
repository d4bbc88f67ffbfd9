// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server as a whole: its start, its turns in the loop, its end. Everything runs in the loop's
 * thread. Two timers: "pending" gives libmicrohttpd a turn when it has work that no descriptor
 * announces, "sweep" looks for connections that are late or gone, and drives the end.
 *
 * The end, each step in a turn of the loop and none within a callback of libmicrohttpd:
 *   1. stop listening; wake streams and waiting requests, which end; drop connections without one
 *   2. wait until no connection is left, or the grace is over
 *   3. stop libmicrohttpd, close the loop's handles, tell the caller
 */
#include "controller/http-internal.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SWEEP_MS      1000
#define SWEEP_STOP_MS 20
/* Open files that are not connections: store, keys, logs, the loop's own. */
#define FILES_SPARE 128
#define FILES_LEAST 256

static void turn(struct http *http);

static void pending_run(uv_timer_t *timer)
{
	turn(timer->data);
}

/* Lets libmicrohttpd work, and comes back at once if it has more to do. */
static void turn(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG timeout;
	bool more = false;

	for (size_t i = 0; i < http->n_listeners; i++) {
		MHD_run(http->listeners[i].daemon);
		more |= MHD_get_timeout(http->listeners[i].daemon, &timeout) == MHD_YES && !timeout;
	}
	if (more)
		turn_soon(http);
}

void turn_soon(struct http *http)
{
	uv_timer_start(&http->pending, pending_run, 0, 0);
}

static void readable(uv_poll_t *poll, int status, int events)
{
	struct listener *listener = poll->data;

	(void)status;
	(void)events;
	turn(listener->http);
}

static void handle_closed(uv_handle_t *handle)
{
	struct listener *listener = handle->data;
	struct http *http = handle->type == UV_POLL ? listener->http : handle->data;

	if (--http->handles)
		return;
	if (http->free_at_close)
		http_free(http);
	else if (http->done)
		http->done(http->argument);
}

static void handles_close(struct http *http)
{
	for (size_t i = 0; i < http->n_listeners; i++) {
		if (http->listeners[i].poll.data)
			uv_close((uv_handle_t *)&http->listeners[i].poll, handle_closed);
	}
	uv_close((uv_handle_t *)&http->pending, handle_closed);
	uv_close((uv_handle_t *)&http->sweep, handle_closed);
}

/* Step 3. A daemon refuses to stop, by abort(), while one of its connections sleeps. */
static void stop_finish(struct http *http)
{
	struct connection *connection;

	LIST_FOREACH(connection, &http->connections, link)
	{
		connection_drop(connection);
	}
	for (size_t i = 0; i < http->n_listeners; i++) {
		/* Readable no more before its descriptor is closed. */
		uv_poll_stop(&http->listeners[i].poll);
		MHD_stop_daemon(http->listeners[i].daemon);
		http->listeners[i].daemon = NULL;
	}
	handles_close(http);
}

/* Step 1. */
static void stop_begin(struct http *http)
{
	struct connection *connection;

	for (size_t i = 0; i < http->n_listeners; i++)
		http->listeners[i].fd = MHD_quiesce_daemon(http->listeners[i].daemon);
	listeners_close(http);
	LIST_FOREACH(connection, &http->connections, link)
	{
		if (!connection->exchange)
			connection_drop(connection);
		else
			connection_resume(connection);
	}
	http->quiesced = true;
}

static void sweep_run(uv_timer_t *timer)
{
	struct http *http = timer->data;

	if (http->stopping && !http->quiesced)
		stop_begin(http);
	connections_sweep(http);
	if (http->quiesced &&
	    (LIST_EMPTY(&http->connections) || (int64_t)uv_now(http->loop) >= http->stop_at))
		stop_finish(http);
}

void http_stop(struct http *http, unsigned int grace, void (*done)(void *argument), void *argument)
{
	if (http->stopping)
		return;
	http->stopping = true;
	http->stop_at = (int64_t)uv_now(http->loop) + grace;
	http->done = done;
	http->argument = argument;
	uv_timer_start(&http->sweep, sweep_run, 0, SWEEP_STOP_MS);
}

void http_free(struct http *http)
{
	if (!http)
		return;
	limits_free(http->limits);
	free(http->unix_path);
	free(http);
}

static int loop_join(struct http *http, struct fault *fault)
{
	unsigned int interval = SWEEP_MS;
	const struct http_times *times = &http->options.times;
	const unsigned int all[] = {times->headers, times->body, times->answer, times->idle};
	int ret;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		interval = all[i] / 4 < interval ? all[i] / 4 : interval;
	uv_timer_start(&http->sweep, sweep_run, interval, interval);
	for (size_t i = 0; i < http->n_listeners; i++) {
		struct listener *listener = &http->listeners[i];
		int fd = MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;

		ret = uv_poll_init(http->loop, &listener->poll, fd);
		if (!ret) {
			listener->poll.data = listener;
			http->handles++;
			ret = uv_poll_start(&listener->poll, UV_READABLE, readable);
		}
		if (ret)
			return fault_set(fault, ret, NULL, "event loop: %s", uv_strerror(ret));
	}
	/* It adds its listening socket to its epoll set in its first turn. */
	turn_soon(http);
	return 0;
}

static bool tls_is_wanted(const struct http *http)
{
	for (size_t i = 0; i < http->n_listeners; i++) {
		if (!http->listeners[i].local)
			return true;
	}
	return false;
}

static int daemons_start(struct http *http, const struct http_options *options, struct fault *fault)
{
	struct certificate certificate = {0};
	int ret = 0;

	if (tls_is_wanted(http))
		ret = certificate_load(options, &certificate, fault);
	for (size_t i = 0; i < http->n_listeners && !ret; i++) {
		ret = daemon_start(&http->listeners[i], &certificate, fault);
		/* The socket is the daemon's now. */
		if (!ret)
			http->listeners[i].fd = -1;
	}
	certificate_wipe(&certificate);
	return ret;
}

/* The files that connections need, as far as the hard limit goes. */
static size_t connections_allowed(size_t wanted)
{
	struct rlimit files;
	rlim_t need = wanted + FILES_SPARE;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return wanted;
	if (files.rlim_cur < need) {
		files.rlim_cur = files.rlim_max < need ? files.rlim_max : need;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (files.rlim_cur >= need)
		return wanted;
	return files.rlim_cur > FILES_LEAST ? files.rlim_cur - FILES_SPARE : FILES_SPARE;
}

static void default_set(unsigned int *value, unsigned int otherwise)
{
	if (!*value)
		*value = otherwise;
}

static void options_fill(struct http *http, const struct http_options *options)
{
	struct http_options *own = &http->options;

	*own = *options;
	own->tls_address = own->certificate_file = own->key_file = own->unix_path = NULL;
	own->connections_max =
		connections_allowed(own->connections_max ? own->connections_max : HTTP_CONNECTIONS);
	if (!own->connections_of_address)
		own->connections_of_address = (own->connections_max + 1) / 2;
	default_set(&own->times.headers, 20000);
	default_set(&own->times.body, 30000);
	default_set(&own->times.answer, 30000);
	default_set(&own->times.idle, 60000);
}

/* Undoes a start that has failed; what is in the loop is freed by the loop. */
static void abandon(struct http *http)
{
	for (size_t i = 0; i < http->n_listeners; i++) {
		if (http->listeners[i].poll.data)
			uv_poll_stop(&http->listeners[i].poll);
		if (http->listeners[i].daemon)
			MHD_stop_daemon(http->listeners[i].daemon);
	}
	listeners_close(http);
	http->free_at_close = true;
	handles_close(http);
}

int http_start(uv_loop_t *loop, const struct http_options *options, struct http **http,
	       struct fault *fault)
{
	struct http *made;
	int ret;

	if (sodium_init() < 0)
		return fault_set(fault, -EIO, NULL, "libsodium does not start");
	made = calloc(1, sizeof(*made));
	if (!made)
		return fault_memory(fault);
	made->loop = loop;
	LIST_INIT(&made->connections);
	options_fill(made, options);
	uv_timer_init(loop, &made->pending);
	uv_timer_init(loop, &made->sweep);
	made->pending.data = made->sweep.data = made;
	made->handles = 2;
	ret = limits_new(made->options.requests_a_second, made->options.connections_of_address,
			 LIMITS_ADDRESSES, &made->limits, fault);
	if (ret || (ret = listeners_open(made, options, fault)) ||
	    (ret = daemons_start(made, options, fault)) || (ret = loop_join(made, fault))) {
		abandon(made);
		return ret;
	}
	*http = made;
	return 0;
}

unsigned int http_port(const struct http *http)
{
	for (size_t i = 0; i < http->n_listeners; i++) {
		const struct listener *listener = &http->listeners[i];

		if (!listener->local && listener->daemon)
			return MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_BIND_PORT)
				->port;
	}
	return 0;
}

void http_counts(const struct http *http, struct http_counts *counts)
{
	*counts = http->counts;
}
