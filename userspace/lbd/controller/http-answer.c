// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers: a reply becomes a response of libmicrohttpd, with the headers that every answer has; and
 * streams, whose bytes are asked for when the socket takes them. A stream that has nothing to say is
 * suspended and costs nothing but memory. Called by http-exchange.c.
 */
#include "controller/http-internal.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For clients of HTTP/1.0; else a stream is written into the connection's own memory. */
#define STREAM_BLOCK 512

/* An answer may hold a secret that is shown once (tokens). */
struct body {
	size_t size;
	char *bytes;
};

static void body_wipe(void *argument)
{
	struct body *body = argument;

	if (body->bytes)
		sodium_memzero(body->bytes, body->size);
	free(body->bytes);
	free(body);
}

void answer_release(struct exchange *exchange)
{
	struct http_reply *reply = &exchange->reply;
	struct http_stream *stream = reply->stream;

	reply->stream = NULL;
	if (stream) {
		stream->connection = NULL;
		stream->asleep = false;
		stream->close(stream);
	}
	if (reply->body)
		sodium_memzero(reply->body, reply->body_size);
	free(reply->body);
	reply->body = NULL;
	reply->body_size = 0;
}

static ssize_t stream_read(void *argument, uint64_t position, char *bytes, size_t size)
{
	struct exchange *exchange = argument;
	struct http_stream *stream = exchange->reply.stream;
	struct http *http = exchange_http(exchange);
	ssize_t n;

	(void)position;
	if (exchange->connection->dropped)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (http->stopping)
		return MHD_CONTENT_READER_END_OF_STREAM;
	stream->asleep = false;
	n = stream->more(stream, (uint8_t *)bytes, size);
	if (n < 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if ((size_t)n > size)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (n) {
		connection_expect(exchange->connection, http->options.times.answer);
		return n;
	}
	stream->asleep = true;
	connection_suspend(exchange->connection);
	return 0;
}

void http_stream_wake(struct http_stream *stream)
{
	const struct exchange *exchange = stream->connection;

	if (!stream->asleep || !exchange)
		return;
	stream->asleep = false;
	connection_resume(exchange->connection);
}

static struct MHD_Response *stream_response(struct exchange *exchange)
{
	struct http_stream *stream = exchange->reply.stream;

	stream->connection = exchange;
	stream->asleep = false;
	exchange_http(exchange)->counts.streams++;
	/* The stream is closed with the exchange, which ends before the response does. */
	return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read,
						 exchange, NULL);
}

static struct MHD_Response *body_response(struct http_reply *reply)
{
	struct MHD_Response *response;
	struct body *body;

	if (!reply->body)
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	body = malloc(sizeof(*body));
	if (!body)
		return NULL;
	*body = (struct body){.size = reply->body_size, .bytes = reply->body};
	reply->body = NULL;
	reply->body_size = 0;
	response = MHD_create_response_from_buffer_with_free_callback_cls(body->size, body->bytes,
									  body_wipe, body);
	if (!response)
		body_wipe(body);
	return response;
}

struct header {
	const char *name;
	const char *value;
};

/* What browsers and caches shall not make of an answer; OWASP's list for APIs. */
static const struct header always[] = {
	{"Cache-Control", "no-store"},
	{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
	{"Referrer-Policy", "no-referrer"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
};

static bool header_add(struct MHD_Response *response, const char *name, const char *value)
{
	return !value || !*value || MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool headers_add(const struct exchange *exchange, struct MHD_Response *response)
{
	const struct http_reply *reply = &exchange->reply;
	bool has_content = reply->content_type || reply->stream || reply->status != 204;
	char seconds[16] = "";
	bool added = true;

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		added &= header_add(response, always[i].name, always[i].value);
	if (!exchange->connection->listener->local)
		added &= header_add(response, "Strict-Transport-Security", "max-age=31536000");
	if (has_content)
		added &= header_add(response, "Content-Type",
				    reply->content_type ? reply->content_type : "application/json");
	if (reply->retry_after)
		snprintf(seconds, sizeof(seconds), "%u", reply->retry_after);
	if (exchange_http(exchange)->stopping)
		added &= header_add(response, "Connection", "close");
	/* RFC 9110, 15.5.2: a 401 names a scheme. */
	if (reply->status == 401)
		added &= header_add(response, "WWW-Authenticate", "Bearer");
	return added & header_add(response, "X-Request-Id", exchange->request.id) &
	       header_add(response, "ETag", reply->etag) &
	       header_add(response, "Location", reply->location) &
	       header_add(response, "Allow", reply->allow) &
	       header_add(response, "Retry-After", seconds);
}

enum MHD_Result answer_send(struct exchange *exchange)
{
	struct http_reply *reply = &exchange->reply;
	struct MHD_Response *response;
	enum MHD_Result ret = MHD_NO;

	if (reply->status < 200 || reply->status > 599)
		reply->status = 500;
	/* HEAD: the headers of the answer to GET, and no stream that nobody would read. */
	if (reply->stream && exchange->head)
		answer_release(exchange);
	response = reply->stream ? stream_response(exchange) : body_response(reply);
	if (!response)
		return MHD_NO;
	if (headers_add(exchange, response))
		ret = MHD_queue_response(exchange->connection->mhd, (unsigned int)reply->status,
					 response);
	MHD_destroy_response(response);
	return ret;
}

enum MHD_Result answer_fault(struct exchange *exchange, const struct fault *fault)
{
	struct http_reply *reply = &exchange->reply;

	answer_release(exchange);
	if (!reply->retry_after)
		reply->retry_after = exchange->retry_after;
	http_reply_problem(reply, &exchange->request, fault);
	return answer_send(exchange);
}
