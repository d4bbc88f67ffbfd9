/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Metrics of the controller as Prometheus reads them: counts that service.c tells of, and what the
 * server and the hub count. Labels are bounded: operations of the table of routes, classes of
 * statuses, the codes of model/code.h; never a name that somebody chose. metrics-server.c serves
 * them on the loopback.
 */
#ifndef LBD_CONTROLLER_METRICS_H
#define LBD_CONTROLLER_METRICS_H

#include "controller/route.h"
#include "topology/hub.h"

struct metrics;

/* version: of the program, borrowed. NULL without memory. */
struct metrics *metrics_new(const char *version);
void metrics_free(struct metrics *metrics);

/* A request that was answered: route NULL: there was none; code CODE_NONE without a problem. */
void metrics_request(struct metrics *metrics, const struct route *route, int status, enum code code,
		     uint64_t microseconds);

/* The text, for the caller to free; http and hub may be NULL. NULL without memory. */
char *metrics_text(const struct metrics *metrics, const struct http *http, const struct hub *hub);

struct metrics_server;

/* What is served; called for each GET /metrics. */
typedef char *(*metrics_text_fn)(void *argument);

/*
 * Serves on a loopback address ("127.0.0.1:9469"); refuses any other. The handles are closed, and
 * the server is freed, in the loop's turns after metrics_server_stop().
 */
int metrics_server_start(uv_loop_t *loop, const char *address, metrics_text_fn text, void *argument,
			 struct metrics_server **server, struct fault *fault);
void metrics_server_stop(struct metrics_server *server);

#endif
