// SPDX-License-Identifier: GPL-2.0-only
/* The server of the tests of controller/http*.c. What happens in its loop is told by atomics. */
#include "testing/server.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A stream, or a waiting request, which has no stream.more. */
struct served {
	struct http_stream stream;
	struct server *server;
	struct served *next, **link;
	void *connection;
	long left; /* ticks; negative: no end */
	unsigned int ticks;
	bool flood;
	bool answer;
};

static struct served *served_new(struct server *server)
{
	struct served *served = calloc(1, sizeof(*served));

	cr_assert_not_null(served);
	served->server = server;
	served->next = server->served;
	served->link = &server->served;
	if (served->next)
		served->next->link = &served->next;
	server->served = served;
	return served;
}

static void served_free(struct served *served)
{
	*served->link = served->next;
	if (served->next)
		served->next->link = served->link;
	free(served);
}

static ssize_t stream_more(struct http_stream *stream, uint8_t *bytes, size_t size)
{
	struct served *served = (struct served *)stream;

	if (served->flood) {
		memset(bytes, 'x', size);
		return (ssize_t)size;
	}
	if (!served->left)
		return -1;
	if (!served->ticks) {
		atomic_fetch_add(&served->server->asleep, 1);
		return 0;
	}
	served->ticks--;
	if (served->left > 0)
		served->left--;
	return snprintf((char *)bytes, size, "tick\n");
}

static void stream_close(struct http_stream *stream)
{
	struct served *served = (struct served *)stream;

	atomic_fetch_sub(&served->server->streams, 1);
	atomic_fetch_add(&served->server->closed, 1);
	served_free(served);
}

static int stream_answer(struct server *server, struct http_request *request,
			 struct http_reply *reply)
{
	struct served *served = served_new(server);
	const char *n = http_query(request, "n");

	served->stream.more = stream_more;
	served->stream.close = stream_close;
	served->left = n ? strtol(n, NULL, 10) : -1;
	served->flood = !strcmp(request->path, "/v1/flood");
	reply->stream = &served->stream;
	reply->status = 200;
	reply->content_type = "application/x-ndjson";
	atomic_fetch_add(&server->streams, 1);
	return 0;
}

static void wait_free(void *user)
{
	struct served *served = user;

	atomic_fetch_add(&served->server->freed, 1);
	served_free(served);
}

static int wait_answer(struct server *server, struct http_request *request,
		       struct http_reply *reply)
{
	struct served *served = reply->user;

	if (served && served->answer) {
		http_reply_json(reply, 200, json_object_new_object());
		return 0;
	}
	served = served_new(server);
	served->connection = request->connection;
	reply->user = served;
	reply->user_free = wait_free;
	reply->wait = true;
	atomic_fetch_add(&server->waiting, 1);
	return 0;
}

static void text_add(json_object *object, const char *name, const char *text)
{
	json_object_object_add(object, name, text ? json_object_new_string(text) : NULL);
}

static int echo_answer(struct http_request *request, struct http_reply *reply)
{
	json_object *object = json_object_new_object();

	text_add(object, "method", request->method);
	text_add(object, "path", request->path);
	text_add(object, "q", http_query(request, "q"));
	text_add(object, "header", http_header(request, "X-Test"));
	text_add(object, "body", request->body_size < 100 ? request->body : "long");
	text_add(object, "address", request->peer.address);
	text_add(object, "id", request->id);
	json_object_object_add(object, "size", json_object_new_int64((int64_t)request->body_size));
	json_object_object_add(object, "uid", json_object_new_int64(request->peer.uid));
	json_object_object_add(object, "local", json_object_new_boolean(request->peer.local));
	http_reply_json(reply, 200, object);
	return 0;
}

static void stopped(void *argument)
{
	struct server *server = argument;

	atomic_store(&server->done, true);
	http_free(server->http);
	uv_close((uv_handle_t *)&server->wake, NULL);
	uv_close((uv_handle_t *)&server->stop, NULL);
}

static int handle(struct http_request *request, struct http_reply *reply, void *application,
		  struct fault *fault)
{
	struct server *server = application;

	if (!strcmp(request->path, "/v1/hello")) {
		json_object *object = json_object_new_object();

		text_add(object, "hello", "world");
		snprintf(reply->etag, sizeof(reply->etag), "\"7\"");
		snprintf(reply->location, sizeof(reply->location), "/v1/hello");
		http_reply_json(reply, 201, object);
		return 0;
	}
	if (!strcmp(request->path, "/v1/echo") || !strncmp(request->path, "/v1/echo/", 9))
		return echo_answer(request, reply);
	if (!strcmp(request->path, "/v1/private"))
		return fault_refuse(fault, CODE_UNAUTHENTICATED, NULL, "no token");
	snprintf(reply->allow, sizeof(reply->allow), "GET, HEAD");
	if (!strcmp(request->path, "/v1/refuse"))
		return fault_refuse(fault, CODE_NAME_TAKEN, FIELD(NULL, "name"),
				    "\"blue\" is the name of net_1");
	if (!strcmp(request->path, "/v1/fail"))
		return fault_set(fault, -EIO, NULL, "/var/lib/secret: no such table");
	if (!strcmp(request->path, "/v1/wait"))
		return wait_answer(server, request, reply);
	if (!strcmp(request->path, "/v1/stream") || !strcmp(request->path, "/v1/flood"))
		return stream_answer(server, request, reply);
	if (!strcmp(request->path, "/v1/stop")) {
		http_stop(server->http, 2000, stopped, server);
		return echo_answer(request, reply);
	}
	return fault_refuse(fault, CODE_ROUTE_UNKNOWN, NULL, "%s", request->path);
}

static void on_wake(uv_async_t *async)
{
	struct server *server = async->data;
	struct served *next;

	for (struct served *served = server->served; served; served = next) {
		next = served->next;
		if (served->stream.more) {
			served->ticks++;
			if (served->stream.asleep)
				atomic_fetch_sub(&server->asleep, 1);
			http_stream_wake(&served->stream);
		} else {
			served->answer = true;
			http_resume(served->connection);
		}
	}
}

static void on_stop(uv_async_t *async)
{
	struct server *server = async->data;

	http_stop(server->http, atomic_load(&server->grace), stopped, server);
}

static void *serve(void *argument)
{
	struct server *server = argument;

	uv_run(&server->loop, UV_RUN_DEFAULT);
	return NULL;
}

static void certificate_make(const struct server *server)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
		 "-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 "
		 "-keyout %s -out %s 2>/dev/null",
		 server->key, server->certificate);
	cr_assert_eq(system(command), 0, "openssl has made no certificate");
}

void server_prepare(struct server *server, const struct http_options *options)
{
	memset(server, 0, sizeof(*server));
	if (options)
		server->options = *options;
	snprintf(server->directory, sizeof(server->directory), "/tmp/lbd-http-XXXXXX");
	cr_assert_not_null(mkdtemp(server->directory));
	snprintf(server->certificate, sizeof(server->certificate), "%s/cert.pem",
		 server->directory);
	snprintf(server->key, sizeof(server->key), "%s/key.pem", server->directory);
	snprintf(server->socket, sizeof(server->socket), "%s/api.sock", server->directory);
	certificate_make(server);
	server->options.tls_address = "127.0.0.1:0";
	server->options.unix_path = server->socket;
	server->options.certificate_file = server->certificate;
	server->options.key_file = server->key;
	server->options.handle = handle;
	server->options.application = server;
}

void server_start(struct server *server, const struct http_options *options)
{
	server_prepare(server, options);
	server_run(server);
}

void server_run(struct server *server)
{
	struct fault fault = {0};

	uv_loop_init(&server->loop);
	uv_async_init(&server->loop, &server->wake, on_wake);
	uv_async_init(&server->loop, &server->stop, on_stop);
	server->wake.data = server->stop.data = server;
	cr_assert_eq(http_start(&server->loop, &server->options, &server->http, &fault), 0, "%s",
		     fault.text);
	server->port = http_port(server->http);
	snprintf(server->url, sizeof(server->url), "https://127.0.0.1:%u", server->port);
	cr_assert_eq(pthread_create(&server->thread, NULL, serve, server), 0);
}

void server_wake(struct server *server)
{
	uv_async_send(&server->wake);
}

void server_stop(struct server *server, unsigned int grace)
{
	atomic_store(&server->grace, grace);
	uv_async_send(&server->stop);
}

void server_remove(const struct server *server)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", server->directory);
	cr_assert_eq(system(command), 0);
}

void server_join(struct server *server)
{
	pthread_join(server->thread, NULL);
	cr_assert(atomic_load(&server->done));
	cr_assert_eq(uv_loop_close(&server->loop), 0, "the server has left a handle in the loop");
	cr_assert_null(server->served, "the server has forgotten a stream or a waiting request");
	cr_assert_neq(access(server->socket, F_OK), 0, "the unix socket is still there");
	server_remove(server);
}

void server_expect(atomic_uint *number, unsigned int value)
{
	for (int i = 0; i < 1000 && atomic_load(number) != value; i++)
		usleep(10000);
	cr_assert_eq(atomic_load(number), value, "%u instead of %u", atomic_load(number), value);
}

static int command_run(const char *command, char *output, size_t size)
{
	FILE *pipe = popen(command, "r");
	size_t n;
	int status;

	cr_assert_not_null(pipe);
	n = fread(output, 1, size - 1, pipe);
	output[n] = '\0';
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int server_curl(const struct server *server, const char *arguments, const char *path, char *answer,
		size_t size)
{
	char command[1024];

	snprintf(command, sizeof(command), "curl -sSi --max-time 20 --cacert %s %s '%s%s' 2>&1",
		 server->certificate, arguments, server->url, path);
	return command_run(command, answer, size);
}

int server_curl_local(const struct server *server, const char *arguments, const char *path,
		      char *answer, size_t size)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "curl -sSi --max-time 20 --unix-socket %s %s 'http://localhost%s' 2>&1",
		 server->socket, arguments, path);
	return command_run(command, answer, size);
}

int server_connect(const struct server *server)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval patience = {.tv_sec = 10};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_geq(fd, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", server->socket);
	cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

size_t server_talk(const struct server *server, const char *bytes, size_t size, char *answer,
		   size_t answer_size)
{
	int fd = server_connect(server);
	size_t used = 0;
	ssize_t n = 0;

	/* The server may close before it has all of it. */
	for (size_t sent = 0; sent < size; sent += (size_t)n) {
		n = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);
		if (n <= 0)
			break;
	}
	while (used < answer_size - 1 &&
	       (n = recv(fd, answer + used, answer_size - 1 - used, 0)) > 0)
		used += (size_t)n;
	cr_assert(n >= 0 || errno == ECONNRESET, "the server has not closed the connection");
	answer[used] = '\0';
	close(fd);
	return used;
}
