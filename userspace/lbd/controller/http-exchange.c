// SPDX-License-Identifier: GPL-2.0-only
/*
 * One request with its answer, from the request line to the last byte: libmicrohttpd's callbacks. A
 * request that is refused still has its body read, and thrown away, up to a limit: a client that is
 * sending would otherwise see a connection that breaks instead of the reason.
 */
#include "controller/clock.h"
#include "controller/http-internal.h"
#include "model/resource.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void *exchange_new(void *argument, const char *target, struct MHD_Connection *mhd)
{
	struct connection *connection =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	struct exchange *exchange;

	(void)argument;
	if (!connection)
		return NULL;
	exchange = calloc(1, sizeof(*exchange));
	if (!exchange)
		return NULL;
	exchange->target = strdup(target ? target : "");
	if (!exchange->target) {
		free(exchange);
		return NULL;
	}
	exchange->target_end = target ? target + strlen(target) : NULL;
	exchange->connection = connection;
	exchange->request.connection = exchange;
	exchange->request.peer = connection->peer;
	connection->exchange = exchange;
	return exchange;
}

static void body_free(struct exchange *exchange)
{
	if (exchange->body)
		sodium_memzero(exchange->body, exchange->body_allocated);
	free(exchange->body);
	exchange_http(exchange)->bodies -= exchange->body_allocated;
	exchange->body = NULL;
	exchange->body_allocated = 0;
	exchange->request.body = NULL;
	exchange->request.body_size = 0;
}

static void exchange_free(struct exchange *exchange)
{
	answer_release(exchange);
	if (exchange->reply.user_free)
		exchange->reply.user_free(exchange->reply.user);
	body_free(exchange);
	exchange->connection->exchange = NULL;
	free(exchange->refused);
	free(exchange->target);
	free(exchange);
}

void exchange_completed(void *argument, struct MHD_Connection *mhd, void **context,
			enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *context;
	struct connection *connection;

	(void)argument;
	(void)mhd;
	(void)code;
	if (!exchange)
		return;
	*context = NULL;
	connection = exchange->connection;
	exchange_free(exchange);
	if (connection->listener->http->stopping)
		connection_drop(connection);
	else
		connection_expect(connection, connection->listener->http->options.times.idle);
}

/* Remembers why the request will be refused once its body has been read. */
static enum MHD_Result refuse_later(struct exchange *exchange, const struct fault *fault)
{
	exchange->refused = malloc(sizeof(*fault));
	if (!exchange->refused)
		return MHD_NO;
	*exchange->refused = *fault;
	body_free(exchange);
	return MHD_YES;
}

static int rate_check(struct exchange *exchange, struct fault *fault)
{
	struct connection *connection = exchange->connection;
	struct http *http = exchange_http(exchange);

	if (connection->listener->local)
		return 0;
	exchange->retry_after =
		limits_request(http->limits, connection->place, (int64_t)uv_now(http->loop));
	if (!exchange->retry_after)
		return 0;
	http->counts.refused_rate++;
	return fault_refuse(fault, CODE_RATE, NULL, "more than %u requests a second",
			    http->options.requests_a_second);
}

static int stopping_refuse(struct fault *fault)
{
	return fault_refuse(fault, CODE_STOPPING, NULL, "the controller is being stopped");
}

static enum MHD_Result exchange_begin(struct exchange *exchange, const char *method,
				      const char *version)
{
	struct connection *connection = exchange->connection;
	struct http *http = exchange_http(exchange);
	struct fault fault = {0};
	bool has_body = false;
	int ret;

	exchange->begun = true;
	http->counts.requests++;
	connection_expect(connection, http->options.times.body);
	exchange->head = !strcmp(method, MHD_HTTP_METHOD_HEAD);
	exchange->request.method = exchange->head ? MHD_HTTP_METHOD_GET : method;
	exchange->request.now = clock_now();
	ulid_make(exchange->request.now, exchange->request.id);
	ret = request_check(exchange, version, &has_body, &fault);
	/* The rate is counted first, so that malformed requests are not for free. */
	if (rate_check(exchange, &fault) || ret || (http->stopping && stopping_refuse(&fault)))
		return has_body ? refuse_later(exchange, &fault) : answer_fault(exchange, &fault);
	return MHD_YES;
}

/* Twice the size, by way of a new place: realloc() would leave a copy behind. */
static int body_grow(struct exchange *exchange, size_t size, struct fault *fault)
{
	struct http *http = exchange_http(exchange);
	size_t allocated = exchange->body_allocated ? exchange->body_allocated : 1024;
	char *grown;

	while (allocated < size)
		allocated *= 2;
	if (allocated == exchange->body_allocated)
		return 0;
	if (http->bodies - exchange->body_allocated + allocated > BODIES_MAX) {
		exchange->retry_after = 1;
		return fault_refuse(fault, CODE_RATE, NULL,
				    "too many requests with large bodies at once");
	}
	grown = malloc(allocated);
	if (!grown)
		return fault_memory(fault);
	if (exchange->body) {
		memcpy(grown, exchange->body, exchange->request.body_size);
		sodium_memzero(exchange->body, exchange->body_allocated);
		free(exchange->body);
	}
	http->bodies += allocated - exchange->body_allocated;
	exchange->body = grown;
	exchange->body_allocated = allocated;
	return 0;
}

static enum MHD_Result body_add(struct exchange *exchange, const char *bytes, size_t size)
{
	struct fault fault = {0};

	if (exchange->refused) {
		exchange->discarded += size;
		return exchange->discarded > DISCARD_MAX ? MHD_NO : MHD_YES;
	}
	if (size > HTTP_BODY_MAX - exchange->request.body_size) {
		exchange_http(exchange)->counts.refused_size++;
		fault_refuse(&fault, CODE_BODY_TOO_LARGE, NULL, "at most %u bytes are allowed",
			     HTTP_BODY_MAX);
		return refuse_later(exchange, &fault);
	}
	/* One byte more, for the NUL that spares readers of text a copy. */
	if (body_grow(exchange, exchange->request.body_size + size + 1, &fault))
		return refuse_later(exchange, &fault);
	memcpy(exchange->body + exchange->request.body_size, bytes, size);
	exchange->request.body_size += size;
	exchange->body[exchange->request.body_size] = '\0';
	exchange->request.body = exchange->body;
	return MHD_YES;
}

/* The request is whole: asks the application, for the first time or after http_resume(). */
static enum MHD_Result exchange_run(struct exchange *exchange)
{
	struct http *http = exchange_http(exchange);
	struct http_reply *reply = &exchange->reply;
	bool waited = exchange->waiting;
	struct fault fault = {0};

	exchange->waiting = false;
	connection_expect(exchange->connection, http->options.times.answer);
	if (exchange->refused)
		return answer_fault(exchange, exchange->refused);
	if (http->stopping && waited) {
		stopping_refuse(&fault);
		return answer_fault(exchange, &fault);
	}
	*reply = (struct http_reply){.user = reply->user, .user_free = reply->user_free};
	if (http->options.handle(&exchange->request, reply, http->options.application, &fault))
		return answer_fault(exchange, &fault);
	if (!reply->wait)
		return answer_send(exchange);
	if (http->stopping) {
		stopping_refuse(&fault);
		return answer_fault(exchange, &fault);
	}
	exchange->waiting = true;
	connection_suspend(exchange->connection);
	return MHD_YES;
}

enum MHD_Result exchange_handle(void *argument, struct MHD_Connection *mhd, const char *url,
				const char *method, const char *version, const char *upload,
				size_t *upload_size, void **context)
{
	struct exchange *exchange = *context;
	size_t size = *upload_size;

	(void)argument;
	(void)mhd;
	(void)url;
	if (!exchange || exchange->connection->dropped)
		return MHD_NO;
	if (!exchange->begun)
		return exchange_begin(exchange, method, version);
	*upload_size = 0;
	return size ? body_add(exchange, upload, size) : exchange_run(exchange);
}

void http_resume(void *connection)
{
	struct exchange *exchange = connection;

	if (exchange->waiting)
		connection_resume(exchange->connection);
}

const char *http_query(const struct http_request *request, const char *name)
{
	const struct exchange *exchange = request->connection;

	for (size_t i = 0; exchange && i < exchange->n_queries; i++) {
		if (!strcmp(exchange->queries[i].name, name))
			return exchange->queries[i].value;
	}
	return NULL;
}

const char *http_header(const struct http_request *request, const char *name)
{
	const struct exchange *exchange = request->connection;

	if (!exchange)
		return NULL;
	return MHD_lookup_connection_value(exchange->connection->mhd, MHD_HEADER_KIND, name);
}
