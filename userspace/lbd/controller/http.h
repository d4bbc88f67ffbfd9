/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The HTTP server: libmicrohttpd in one libuv loop and one thread, on TLS and on unix sockets. It
 * knows requests, limits and replies; what a path means is in the routes that it is given
 * (route.h), and who may do it in access.c. Only http*.c speak to libmicrohttpd.
 */
#ifndef LBD_CONTROLLER_HTTP_H
#define LBD_CONTROLLER_HTTP_H

#include "model/fault.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

#define HTTP_BODY_MAX	 (1u << 20)
#define HTTP_PARAMS_MAX	 4
#define HTTP_PARAM_SIZE	 96
#define HTTP_CONNECTIONS 12000

struct http;
struct http_stream;

/* Where a request came from. uid is that of a unix socket's peer, else (uid_t)-1. */
struct http_peer {
	bool local;
	uid_t uid;
	char address[64];
};

/*
 * A whole request. params are the path's {words} in their order, already decoded; body is NULL when
 * there is none. id is that of the request (an ULID), in every log line and answer.
 */
struct http_request {
	const char *method;
	const char *path;
	char params[HTTP_PARAMS_MAX][HTTP_PARAM_SIZE];
	const char *body;
	size_t body_size;
	struct http_peer peer;
	char id[32];
	int64_t now; /* milliseconds since 1970 */
	void *connection;
};

/* Decoded; NULL when absent. Borrowed for the request's life. A query given twice is refused. */
const char *http_query(const struct http_request *request, const char *name);
const char *http_header(const struct http_request *request, const char *name);

/*
 * What a handler fills. body is malloc()ed or NULL and becomes the server's; a stream's first bytes
 * come with stream set and body NULL. wait: no answer yet; the handler calls http_resume() later,
 * and is then called again with the same request and reply.user.
 */
struct http_reply {
	int status;
	char *body;
	size_t body_size;
	const char *content_type; /* NULL: application/json */
	char etag[32];
	char location[256];
	char allow[64];
	unsigned int retry_after; /* seconds; 0: no header */
	struct http_stream *stream;
	bool wait; /* user lives on, and user_free() is called when the request has ended */
	void *user;
	void (*user_free)(void *user);
};

/* JSON for an answer; takes the tree over. */
void http_reply_json(struct http_reply *reply, int status, json_object *body);

/* RFC 9457: application/problem+json with type, title, status, detail, code, path, remedy, id. */
void http_reply_problem(struct http_reply *reply, const struct http_request *request,
			const struct fault *fault);

/*
 * An endless answer (the agents' stream). more() copies at most size bytes and returns their
 * number, 0: nothing now (the connection sleeps until http_stream_wake()), -1: the end. It is not
 * called before all of the last bytes have gone into the socket. close() is called exactly once,
 * when the connection has ended in whatever way; after it the server has forgotten the stream.
 */
struct http_stream {
	ssize_t (*more)(struct http_stream *stream, uint8_t *bytes, size_t size);
	void (*close)(struct http_stream *stream);
	void *connection; /* the server's */
	bool asleep;
};

/* Nothing happens to one that is not asleep, or not waiting. From the loop's thread. */
void http_stream_wake(struct http_stream *stream);
void http_resume(void *connection);

/* Milliseconds; 0 is the default. What is slower than that is disconnected, without an answer. */
struct http_times {
	unsigned int headers; /* from connecting to the end of the first headers: 20,000 */
	unsigned int body; /* from the headers' end to the body's: 30,000 */
	unsigned int answer; /* to send an answer, or each piece of a stream: 30,000 */
	unsigned int idle; /* from an answer to the end of the next headers: 60,000 */
};

/*
 * Strings are read by http_start() alone. connections_of_address: of one IPv4 address or IPv6 /64;
 * 0: half of connections_max. requests_a_second 0: no limit. The unix socket knows neither limit.
 */
struct http_options {
	const char *tls_address; /* "[::]:8443"; NULL: no TLS listener */
	const char *certificate_file;
	const char *key_file;
	const char *unix_path; /* NULL: no unix socket; the mode is 0660 */
	size_t connections_max; /* of each listener; 0: HTTP_CONNECTIONS, or what files allow */
	size_t connections_of_address;
	struct http_times times;
	unsigned int requests_a_second; /* for each peer address; bursts of ten times that */
	/*
	 * The application: fills reply; the return value is 0 or a fault to be sent. Of one without
	 * a code the client sees neither text nor path, only the request's id: log it here. HEAD
	 * comes as GET.
	 */
	int (*handle)(struct http_request *request, struct http_reply *reply, void *application,
		      struct fault *fault);
	void *application;
};

/*
 * Listens and serves from loop. Of the sockets that a service manager has passed on, a TCP one
 * takes the place of tls_address and a unix one that of unix_path. Raises the soft limit of open
 * files as far as it needs. On failure, *http is left; handles may still be closing in the loop.
 */
int http_start(uv_loop_t *loop, const struct http_options *options, struct http **http,
	       struct fault *fault);

/*
 * No new connections; requests under way may end within grace milliseconds; streams end at once,
 * and waiting requests are refused with CODE_STOPPING. done() is called from the loop, once, and
 * http_free() is allowed from then on. Before the call returns nothing has changed, so a handler
 * may call it.
 */
void http_stop(struct http *http, unsigned int grace, void (*done)(void *argument), void *argument);
void http_free(struct http *http);

/* The TCP port of the TLS listener (tests ask for port 0). */
unsigned int http_port(const struct http *http);

/* Since the start; streams: those that began. connections: that are open now. */
struct http_counts {
	uint64_t requests, streams, refused_rate, refused_size;
	size_t connections;
};

void http_counts(const struct http *http, struct http_counts *counts);

#endif
