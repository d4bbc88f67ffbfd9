/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server for the tests of controller/http*.c: a real one, on TLS at a free port and on a unix
 * socket, in a thread with a loop of its own; and a client that sends what no library would. Its
 * application answers these paths:
 *
 *   /v1/hello              {"hello":"world"}, ETag, Location
 *   /v1/echo               what was asked: method, path, query "q", header X-Test, size of the body
 *   /v1/refuse, /v1/fail   a refusal with a code, a path and Allow; a failure without a code
 *   /v1/private            a refusal for the lack of a token
 *   /v1/wait               waits until server_wake()
 *   /v1/stream?n=N         N times "tick\n", one for each server_wake(); without n for ever
 *   /v1/flood              a stream that always has more
 *   /v1/stop               calls http_stop() itself, and answers
 */
#ifndef LBD_TESTING_SERVER_H
#define LBD_TESTING_SERVER_H

#include "controller/http.h"

#include <pthread.h>
#include <stdatomic.h>

struct served;

struct server {
	struct http_options options;
	char directory[64];
	char certificate[96], key[96], socket[96], url[64];
	unsigned int port;
	struct http *http;
	uv_loop_t loop;
	uv_async_t wake, stop;
	pthread_t thread;
	struct served *served; /* streams and waiting requests */
	atomic_uint streams, asleep, waiting, closed, freed;
	atomic_uint grace;
	atomic_bool done;
};

/* A folder with a certificate for localhost; options may be NULL. Its addresses are filled. */
void server_start(struct server *server, const struct http_options *options);

/* Fills directory, certificate, key and the options' names, without a start. */
void server_prepare(struct server *server, const struct http_options *options);

/* Starts what was prepared. */
void server_run(struct server *server);

/* Each stream sends a "tick\n", each waiting request is answered. */
void server_wake(struct server *server);

/* Begins a stop and returns; server_join() waits for its end, and removes the folder. */
void server_stop(struct server *server, unsigned int grace);
void server_join(struct server *server);

/* Removes the folder of a server that was prepared and has not run. */
void server_remove(const struct server *server);

/* Waits, at most ten seconds, until a number is reached; the test fails otherwise. */
void server_expect(atomic_uint *number, unsigned int value);

/*
 * What curl (the program) says to path with more arguments: headers and body, in a buffer of the
 * caller; its exit status. It checks the server's certificate.
 */
int server_curl(const struct server *server, const char *arguments, const char *path, char *answer,
		size_t size);

/* The same on the unix socket. */
int server_curl_local(const struct server *server, const char *arguments, const char *path,
		      char *answer, size_t size);

/* A connection to the unix socket; reads give up after ten seconds. */
int server_connect(const struct server *server);

/*
 * Sends bytes on a new connection and reads until the server closes it, at most size - 1 bytes with
 * a NUL after them. The number of bytes.
 */
size_t server_talk(const struct server *server, const char *bytes, size_t size, char *answer,
		   size_t answer_size);

#endif
