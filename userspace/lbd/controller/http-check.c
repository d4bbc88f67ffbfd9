// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first line and the headers of a request, looked at before its body is read. libmicrohttpd has
 * already refused what it cannot read; here goes what it lets pass and what could be read in two
 * ways: encodings, a field or a parameter given twice, lengths that contradict each other (RFC 9112,
 * 6.3). Called by http-exchange.c.
 */
#include "controller/http-internal.h"
#include "controller/http-text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Headers that mean something here, each of which may be given once. */
enum single {
	SINGLE_AUTHORIZATION,
	SINGLE_CONTENT_LENGTH,
	SINGLE_CONTENT_TYPE,
	SINGLE_EXPECT,
	SINGLE_HOST,
	SINGLE_IDEMPOTENCY_KEY,
	SINGLE_IF_MATCH,
	SINGLE_IF_NONE_MATCH,
	SINGLE_TRANSFER_ENCODING,
	SINGLES
};

static const char *const singles[SINGLES] = {
	[SINGLE_AUTHORIZATION] = "Authorization",
	[SINGLE_CONTENT_LENGTH] = "Content-Length",
	[SINGLE_CONTENT_TYPE] = "Content-Type",
	[SINGLE_EXPECT] = "Expect",
	[SINGLE_HOST] = "Host",
	[SINGLE_IDEMPOTENCY_KEY] = "Idempotency-Key",
	[SINGLE_IF_MATCH] = "If-Match",
	[SINGLE_IF_NONE_MATCH] = "If-None-Match",
	[SINGLE_TRANSFER_ENCODING] = "Transfer-Encoding",
};

struct headers {
	const char *values[SINGLES];
	const char *twice;
	const char *malformed;
};

static enum MHD_Result header_look(void *cls, enum MHD_ValueKind kind, const char *name,
				   size_t name_size, const char *value, size_t value_size)
{
	struct headers *headers = cls;

	(void)kind;
	if (strlen(name) != name_size || !value || strlen(value) != value_size) {
		headers->malformed = name;
		return MHD_NO;
	}
	for (const char *byte = value; *byte; byte++) {
		if (((unsigned char)*byte < 0x20 && *byte != '\t') || *byte == 0x7f)
			headers->malformed = name;
	}
	for (size_t i = 0; i < SINGLES; i++) {
		if (strcasecmp(name, singles[i]) != 0)
			continue;
		if (headers->values[i])
			headers->twice = singles[i];
		headers->values[i] = value;
	}
	return MHD_YES;
}

static int framing_check(const struct headers *headers, bool *has_body, struct fault *fault)
{
	const char *length = headers->values[SINGLE_CONTENT_LENGTH];
	const char *encoding = headers->values[SINGLE_TRANSFER_ENCODING];

	if (encoding && length)
		return fault_refuse(fault, CODE_REQUEST_SYNTAX, NULL,
				    "Content-Length and Transfer-Encoding exclude each other");
	if (encoding && strcasecmp(encoding, "chunked") != 0)
		return fault_refuse(fault, CODE_REQUEST_SYNTAX, NULL,
				    "Transfer-Encoding other than chunked is not understood");
	*has_body = encoding || (length && strspn(length, "0") != strlen(length));
	return 0;
}

static bool is_json(const char *type)
{
	static const char json[] = "application/json";
	size_t size = strcspn(type, "; \t");

	return size == sizeof(json) - 1 && !strncasecmp(type, json, size);
}

static int body_check(const struct headers *headers, bool *has_body, struct http_counts *counts,
		      struct fault *fault)
{
	const char *length = headers->values[SINGLE_CONTENT_LENGTH];
	const char *type = headers->values[SINGLE_CONTENT_TYPE];
	unsigned long long size = length ? strtoull(length, NULL, 10) : 0;

	if (size > HTTP_BODY_MAX) {
		counts->refused_size++;
		/* As much as that is not read to be thrown away. */
		if (size > DISCARD_MAX)
			*has_body = false;
		return fault_refuse(fault, CODE_BODY_TOO_LARGE, NULL,
				    "%llu bytes; at most %u are allowed", size, HTTP_BODY_MAX);
	}
	if (*has_body && (!type || !is_json(type)))
		return fault_refuse(fault, CODE_MEDIA_TYPE, NULL, "the Content-Type is %.80s",
				    type ? type : "missing");
	return 0;
}

static int headers_check(struct exchange *exchange, bool *has_body, struct fault *fault)
{
	struct MHD_Connection *mhd = exchange->connection->mhd;
	struct http_counts *counts = &exchange_http(exchange)->counts;
	struct headers headers = {0};
	size_t size;
	int ret;

	MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, header_look, &headers);
	/* What cannot be framed is not read on: the answer ends the connection. */
	if (headers.malformed)
		return fault_refuse(fault, CODE_REQUEST_SYNTAX, NULL,
				    "the header %.40s has a control character", headers.malformed);
	if (headers.twice)
		return fault_refuse(fault, CODE_REQUEST_SYNTAX, NULL,
				    "the header %s is given twice", headers.twice);
	if ((ret = framing_check(&headers, has_body, fault)))
		return ret;
	size = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
	if (size > HEADERS_MAX) {
		counts->refused_size++;
		return fault_refuse(fault, CODE_HEADERS_TOO_LARGE, NULL,
				    "%zu bytes; at most %u are allowed", size, HEADERS_MAX);
	}
	return body_check(&headers, has_body, counts, fault);
}

/* Every segment can be decoded, and none of them is a step to somewhere else. */
static int path_check(const char *path, struct fault *fault)
{
	char segment[512];

	if (path[0] != '/')
		return fault_refuse(fault, CODE_REQUEST_SYNTAX, NULL,
				    "the target does not begin with /");
	while (*path) {
		size_t size = strcspn(++path, "/");

		if (size >= sizeof(segment))
			return fault_refuse(fault, CODE_REQUEST_SYNTAX, NULL,
					    "a part of the path is longer than %zu bytes",
					    sizeof(segment) - 1);
		memcpy(segment, path, size);
		segment[size] = '\0';
		path += size;
		if (http_text_decode(segment))
			return fault_refuse(fault, CODE_REQUEST_SYNTAX, NULL,
					    "the path is not percent-encoded UTF-8");
		if (!strcmp(segment, ".") || !strcmp(segment, ".."))
			return fault_refuse(fault, CODE_REQUEST_SYNTAX, NULL,
					    "the path has a part \"%s\"", segment);
	}
	return 0;
}

static int query_add(struct exchange *exchange, char *name, struct fault *fault)
{
	char *value = strchr(name, '=');

	if (value)
		*value++ = '\0';
	else
		value = name + strlen(name);
	for (char *plus = name; (plus = strchr(plus, '+'));)
		*plus = ' ';
	for (char *plus = value; (plus = strchr(plus, '+'));)
		*plus = ' ';
	if (http_text_decode(name) || http_text_decode(value))
		return fault_refuse(fault, CODE_QUERY_INVALID, NULL,
				    "the query is not percent-encoded UTF-8");
	if (http_query(&exchange->request, name))
		return fault_refuse(fault, CODE_QUERY_INVALID, NULL,
				    "the parameter \"%.40s\" is given twice", name);
	if (exchange->n_queries == QUERIES_MAX)
		return fault_refuse(fault, CODE_QUERY_INVALID, NULL, "more than %u parameters",
				    QUERIES_MAX);
	exchange->queries[exchange->n_queries++] = (struct query){.name = name, .value = value};
	return 0;
}

static int target_check(struct exchange *exchange, struct fault *fault)
{
	char *query = strchr(exchange->target, '?'), *rest;
	int ret;

	if (query)
		*query++ = '\0';
	exchange->request.path = exchange->target;
	if ((ret = path_check(exchange->target, fault)))
		return ret;
	for (; query && !ret; query = rest) {
		rest = strchr(query, '&');
		if (rest)
			*rest++ = '\0';
		if (*query)
			ret = query_add(exchange, query, fault);
	}
	return ret;
}

int request_check(struct exchange *exchange, const char *version, bool *has_body,
		  struct fault *fault)
{
	int ret;

	ret = headers_check(exchange, has_body, fault);
	if (ret)
		return ret;
	/*
	 * libmicrohttpd cuts the line into texts in their place, so that a version which does not
	 * follow the target's end stands behind a NUL that the client has sent.
	 */
	if (!exchange->target_end || version != exchange->target_end + 1)
		return fault_refuse(fault, CODE_REQUEST_SYNTAX, NULL,
				    "the request line is not METHOD TARGET VERSION");
	return target_check(exchange, fault);
}
