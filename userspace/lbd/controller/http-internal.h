/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the http-*.c share; nobody else includes this. A listener is one daemon of libmicrohttpd
 * (TLS or unix socket); a connection is one that it has accepted; an exchange is one request with
 * its answer. All of them are used in the loop's thread alone.
 */
#ifndef LBD_CONTROLLER_HTTP_INTERNAL_H
#define LBD_CONTROLLER_HTTP_INTERNAL_H

#include "controller/http.h"
#include "controller/limits.h"

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <sys/queue.h>

#define HEADERS_MAX   8192
#define POOL_SIZE     (24 * 1024) /* of a connection: its headers, and one buffer each way */
#define QUERIES_MAX   16
#define BODIES_MAX    (64u << 20) /* of all requests that are being read */
#define DISCARD_MAX   (4u << 20) /* of a refused request's body, before the connection is cut */
#define LISTENERS_MAX 2

/* An open handle of the loop, and the server that it keeps alive. */
struct listener {
	struct http *http;
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	int fd; /* until the daemon has it, and after it has given it back; else -1 */
	bool local;
};

struct exchange;

struct connection {
	LIST_ENTRY(connection) link;
	struct listener *listener;
	struct MHD_Connection *mhd;
	struct exchange *exchange; /* from the request line on, else NULL */
	struct http_peer peer;
	int fd;
	size_t place; /* in the limits; not of a local one */
	int64_t deadline; /* of the loop's clock; 0: none */
	bool suspended;
	bool dropped;
};

struct query {
	const char *name;
	const char *value;
};

/*
 * target is the request target, cut into path and queries; refused is why the request will be
 * refused when its body is in, or NULL.
 */
struct exchange {
	struct http_request request;
	struct http_reply reply;
	struct connection *connection;
	char *target;
	const char *target_end;
	struct query queries[QUERIES_MAX];
	size_t n_queries;
	char *body;
	size_t body_allocated;
	size_t discarded;
	struct fault *refused;
	unsigned int retry_after;
	bool begun;
	bool head;
	bool waiting;
};

struct http {
	struct http_options options;
	char *unix_path; /* that is to be removed, or NULL */
	uv_loop_t *loop;
	struct listener listeners[LISTENERS_MAX];
	size_t n_listeners;
	uv_timer_t pending; /* libmicrohttpd has work that no socket will announce */
	uv_timer_t sweep;
	struct limits *limits;
	LIST_HEAD(, connection) connections;
	struct http_counts counts;
	size_t bodies;
	unsigned int handles; /* open in the loop */
	bool stopping;
	bool quiesced;
	bool free_at_close;
	int64_t stop_at;
	void (*done)(void *argument);
	void *argument;
};

/* http.c: libmicrohttpd's next turn is in the loop's next one, whatever its descriptor says. */
void turn_soon(struct http *http);

/* http-listen.c: sockets. fds of listeners are filled, n_listeners too. */
int listeners_open(struct http *http, const struct http_options *options, struct fault *fault);
void listeners_close(struct http *http);

/* http-daemon.c: libmicrohttpd's daemon of a listener, and its turn in the loop. */
struct certificate {
	gnutls_datum_t chain;
	gnutls_datum_t key;
};

int certificate_load(const struct http_options *options, struct certificate *certificate,
		     struct fault *fault);
void certificate_wipe(struct certificate *certificate);
int daemon_start(struct listener *listener, const struct certificate *certificate,
		 struct fault *fault);

/* http-connection.c */
enum MHD_Result connection_accept(void *listener, const struct sockaddr *address, socklen_t size);
void connection_notify(void *listener, struct MHD_Connection *mhd, void **context,
		       enum MHD_ConnectionNotificationCode code);
void connection_suspend(struct connection *connection);
void connection_resume(struct connection *connection);
/* Ends it, whatever it is doing; it is freed when libmicrohttpd has noticed. */
void connection_drop(struct connection *connection);
void connection_expect(struct connection *connection, unsigned int milliseconds);
/* Drops those that are late, and those that sleep and whose peer has gone. */
void connections_sweep(struct http *http);

/* http-exchange.c: libmicrohttpd's callbacks. */
void *exchange_new(void *listener, const char *target, struct MHD_Connection *mhd);
enum MHD_Result exchange_handle(void *listener, struct MHD_Connection *mhd, const char *url,
				const char *method, const char *version, const char *upload,
				size_t *upload_size, void **context);
void exchange_completed(void *listener, struct MHD_Connection *mhd, void **context,
			enum MHD_RequestTerminationCode code);

/* http-check.c: the first line and the headers of a request; has_body is filled either way. */
int request_check(struct exchange *exchange, const char *version, bool *has_body,
		  struct fault *fault);

/* http-answer.c: sends what is in the exchange's reply, or a fault as a problem. */
enum MHD_Result answer_send(struct exchange *exchange);
enum MHD_Result answer_fault(struct exchange *exchange, const struct fault *fault);
/* Closes a stream and frees a body that the reply still owns. */
void answer_release(struct exchange *exchange);

static inline struct http *exchange_http(const struct exchange *exchange)
{
	return exchange->connection->listener->http;
}

#endif
