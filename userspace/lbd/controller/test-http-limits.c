// SPDX-License-Identifier: GPL-2.0-only
/* What one client may use of the server, and what becomes of one that is too slow or too much. */
#include "controller/limits.h"
#include "testing/server.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char answer[1 << 16];

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void expect_text(const char *text)
{
	cr_assert_not_null(strstr(answer, text), "\"%s\" is not in:\n%s", text, answer);
}

static struct http_counts stopped_counts(struct server *server)
{
	struct http_counts counts;

	/* The loop is between two turns, or changes numbers that this test does not look at. */
	http_counts(server->http, &counts);
	server_stop(server, 1000);
	server_join(server);
	return counts;
}

/* --- sizes ------------------------------------------------------------------------------------ */

/* A POST with a body of this many bytes, sent with its length or in chunks of 1,000. */
static char *post_make(size_t size, bool chunked, size_t *length)
{
	char *text = malloc(size + size / 1000 * 16 + 1024), *at = text;

	cr_assert_not_null(text);
	at += sprintf(at, "POST /v1/echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
			  "Content-Type: application/json\r\n");
	if (!chunked)
		at += sprintf(at, "Content-Length: %zu\r\n\r\n", size);
	else
		at += sprintf(at, "Transfer-Encoding: chunked\r\n\r\n");
	while (size) {
		size_t part = chunked && size > 1000 ? 1000 : size;

		if (chunked)
			at += sprintf(at, "%zx\r\n", part);
		memset(at, '1', part);
		at += part;
		if (chunked)
			at += sprintf(at, "\r\n");
		size -= part;
	}
	if (chunked)
		at += sprintf(at, "0\r\n\r\n");
	*length = (size_t)(at - text);
	return text;
}

static void post(const struct server *server, size_t size, bool chunked)
{
	size_t length;
	char *text = post_make(size, chunked, &length);

	server_talk(server, text, length, answer, sizeof(answer));
	free(text);
}

Test(http_limits, take_a_body_of_the_largest_size_and_no_byte_more)
{
	struct http_counts counts;
	struct server server;

	server_start(&server, NULL);
	post(&server, HTTP_BODY_MAX, false);
	expect_text("\"size\":1048576");
	post(&server, HTTP_BODY_MAX, true);
	expect_text("\"size\":1048576");
	post(&server, HTTP_BODY_MAX + 1, false);
	expect_text("HTTP/1.1 413");
	expect_text("body_too_large");
	post(&server, HTTP_BODY_MAX + 1, true);
	expect_text("HTTP/1.1 413");
	counts = stopped_counts(&server);
	cr_assert_eq(counts.refused_size, 2);
	cr_assert_eq(counts.requests, 4);
}

Test(http_limits, stop_a_chunked_body_that_goes_on_for_ever)
{
	struct server server;
	size_t length;
	char *text;

	server_start(&server, NULL);
	/* More than is read and thrown away: the connection is cut, without an answer. */
	text = post_make(16u << 20, true, &length);
	server_talk(&server, text, length, answer, sizeof(answer));
	free(text);
	cr_assert_str_empty(answer);
	cr_assert_eq(server_curl_local(&server, "", "/v1/hello", answer, sizeof(answer)), 0);
	server_stop(&server, 1000);
	server_join(&server);
}

static void headers_of(const struct server *server, size_t size)
{
	char *text = malloc(size + 256), *at = text;

	cr_assert_not_null(text);
	at += sprintf(at, "GET /v1/echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Test: ");
	memset(at, 'a', size);
	at += size;
	at += sprintf(at, "\r\n\r\n");
	server_talk(server, text, (size_t)(at - text), answer, sizeof(answer));
	free(text);
}

Test(http_limits, refuse_large_headers)
{
	struct server server;

	server_start(&server, NULL);
	headers_of(&server, 8000);
	expect_text("HTTP/1.1 200");
	headers_of(&server, 8200);
	expect_text("HTTP/1.1 431");
	expect_text("\"code\":\"headers_too_large\"");
	/* More than a connection has memory for: libmicrohttpd's own answer. */
	headers_of(&server, 100000);
	expect_text("HTTP/1.1 431");
	server_stop(&server, 1000);
	server_join(&server);
}

/* --- time ------------------------------------------------------------------------------------- */

/* Sends a byte every 50 milliseconds until the server has had enough; the seconds that it took. */
static double drip(const struct server *server, const char *start)
{
	int fd = server_connect(server);
	double begin = seconds();
	ssize_t n;

	cr_assert_gt(send(fd, start, strlen(start), MSG_NOSIGNAL), 0);
	for (int i = 0; i < 200; i++) {
		usleep(50000);
		if (send(fd, "a", 1, MSG_NOSIGNAL) != 1)
			break;
		n = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
		if (!n || (n < 0 && errno != EAGAIN))
			break;
	}
	close(fd);
	return seconds() - begin;
}

Test(http_limits, end_connections_that_drip)
{
	const struct http_options options = {.times = {.headers = 400, .body = 800, .idle = 400}};
	struct server server;
	double took;

	server_start(&server, &options);
	took = drip(&server, "G");
	cr_expect(took > 0.3 && took < 2, "request line: %f", took);
	took = drip(&server, "GET /v1/echo HTTP/1.1\r\nHost: a\r\nX-");
	cr_expect(took > 0.3 && took < 2, "headers: %f", took);
	took = drip(&server, "POST /v1/echo HTTP/1.1\r\nHost: a\r\n"
			     "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{");
	cr_expect(took > 0.7 && took < 3, "body: %f", took);
	took = drip(&server, "GET /v1/echo HTTP/1.1\r\nHost: a\r\n\r\nG");
	cr_expect(took > 0.3 && took < 2, "second request: %f", took);
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http_limits, end_a_tls_handshake_that_never_comes)
{
	const struct http_options options = {.times.headers = 400};
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct server server;
	double start;
	int fd;

	server_start(&server, &options);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	address.sin_port = htons((uint16_t)server.port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	start = seconds();
	cr_assert_leq(recv(fd, answer, sizeof(answer), 0), 0);
	cr_assert_lt(seconds() - start, 2);
	close(fd);
	server_stop(&server, 1000);
	server_join(&server);
}

/* --- numbers ---------------------------------------------------------------------------------- */

Test(http_limits, tell_an_address_that_asks_too_often_when_to_come_back)
{
	const struct http_options options = {.requests_a_second = 1};
	struct server server;
	unsigned int answered = 0, refused = 0;
	const char *at;

	server_start(&server, &options);
	/* curl takes many paths in one go, and asks on one connection. */
	cr_assert_eq(server_curl(&server, "", "/v1/echo?[1-14]", answer, sizeof(answer)), 0);
	for (at = answer; (at = strstr(at, "HTTP/1.1 200")); at++)
		answered++;
	for (at = answer; (at = strstr(at, "HTTP/1.1 429")); at++)
		refused++;
	cr_assert(answered >= 10 && answered <= 12, "%u", answered);
	cr_assert_eq(answered + refused, 14);
	expect_text("Retry-After: 1\r\n");
	expect_text("\"code\":\"rate\"");
	/* The unix socket is for those whom its mode lets in. */
	cr_assert_eq(server_curl_local(&server, "", "/v1/echo?[1-14]", answer, sizeof(answer)), 0);
	cr_assert_null(strstr(answer, "429"));
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http_limits, keep_an_address_from_taking_all_connections)
{
	const struct http_options options = {.connections_of_address = 3};
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct server server;
	int fds[3];

	server_start(&server, &options);
	address.sin_port = htons((uint16_t)server.port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int i = 0; i < 3; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM, 0);
		cr_assert_eq(connect(fds[i], (struct sockaddr *)&address, sizeof(address)), 0);
	}
	usleep(100000);
	cr_assert_neq(server_curl(&server, "", "/v1/hello", answer, sizeof(answer)), 0);
	/* From another address there is room. */
	cr_assert_eq(server_curl(&server, "--interface 127.0.0.2", "/v1/hello", answer,
				 sizeof(answer)),
		     0);
	close(fds[0]);
	usleep(100000);
	cr_assert_eq(server_curl(&server, "", "/v1/hello", answer, sizeof(answer)), 0);
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http_limits, wait_with_new_connections_when_all_are_taken)
{
	const struct http_options options = {.connections_max = 2, .times.headers = 1000};
	struct server server;
	int fds[2];

	server_start(&server, &options);
	for (int i = 0; i < 2; i++)
		fds[i] = server_connect(&server);
	/* It is answered when the two have been ended for saying nothing. */
	cr_assert_eq(server_curl_local(&server, "", "/v1/hello", answer, sizeof(answer)), 0);
	expect_text("world");
	for (int i = 0; i < 2; i++)
		close(fds[i]);
	server_stop(&server, 1000);
	server_join(&server);
}

/* --- the table of addresses --------------------------------------------------------------------- */

static const struct sockaddr *address_of(const char *text)
{
	static struct sockaddr_storage storage;
	struct sockaddr_in6 *six = (void *)&storage;
	struct sockaddr_in *four = (void *)&storage;

	memset(&storage, 0, sizeof(storage));
	storage.ss_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	cr_assert_eq(inet_pton(storage.ss_family, text,
			       storage.ss_family == AF_INET ? (void *)&four->sin_addr
							    : (void *)&six->sin6_addr),
		     1);
	return (const void *)&storage;
}

static struct limits *limits_make(unsigned int requests, size_t connections, size_t addresses)
{
	struct limits *limits = NULL;

	cr_assert_eq(limits_new(requests, connections, addresses, &limits, NULL), 0);
	return limits;
}

/* How many requests an address has answered at once. */
static unsigned int requests_of(struct limits *limits, const char *text, int64_t now)
{
	size_t place = limits_connect(limits, address_of(text), now);
	unsigned int n = 0;

	while (n < 100000 && !limits_request(limits, place, now))
		n++;
	limits_disconnect(limits, place);
	return n;
}

Test(limits, give_a_burst_and_then_a_rate)
{
	struct limits *limits = limits_make(5, 10, 16);
	size_t place = limits_connect(limits, address_of("192.0.2.1"), 1000);

	cr_expect_eq(requests_of(limits, "192.0.2.1", 1000), 50);
	cr_expect_eq(limits_request(limits, place, 1000), 1);
	cr_expect_eq(limits_request(limits, place, 1199), 1);
	cr_expect_eq(limits_request(limits, place, 1200), 0);
	cr_expect_eq(limits_request(limits, place, 1200), 1);
	cr_expect_eq(requests_of(limits, "192.0.2.1", 2200), 5);
	cr_expect_eq(requests_of(limits, "192.0.2.1", INT64_MAX / 4), 50);
	limits_free(limits);
}

Test(limits, know_an_address_however_it_is_written)
{
	struct limits *limits = limits_make(1, 10, 16);

	cr_expect_eq(requests_of(limits, "192.0.2.1", 0), 10);
	cr_expect_eq(requests_of(limits, "::ffff:192.0.2.1", 0), 0);
	cr_expect_eq(requests_of(limits, "192.0.2.2", 0), 10);
	cr_expect_eq(requests_of(limits, "2001:db8:0:1::1", 0), 10);
	cr_expect_eq(requests_of(limits, "2001:db8:0:1:ffff::2", 0), 0);
	cr_expect_eq(requests_of(limits, "2001:db8:0:2::1", 0), 10);
	limits_free(limits);
}

Test(limits, forget_no_debt_when_many_addresses_come)
{
	struct limits *limits = limits_make(1, 10, 256);
	unsigned int shared = 0;
	char text[32];

	cr_expect_eq(requests_of(limits, "192.0.2.1", 0), 10);
	for (unsigned int i = 0; i < 4096; i++) {
		snprintf(text, sizeof(text), "10.0.%u.%u", i / 256, i % 256);
		shared += requests_of(limits, text, 0) == 10;
	}
	/* Those who found no place of their own have the shared one's 160 together. */
	cr_expect(shared >= 255 && shared <= 255 + 16, "%u", shared);
	cr_expect_eq(requests_of(limits, "192.0.2.1", 0), 0);
	/* When all debts are paid there is room again. */
	cr_expect_eq(requests_of(limits, "198.51.100.1", 20000), 10);
	cr_expect_eq(requests_of(limits, "198.51.100.2", 20000), 10);
	limits_free(limits);
}

Test(limits, keep_the_place_of_who_is_connected)
{
	struct limits *limits = limits_make(1, 2, 4);
	size_t place = limits_connect(limits, address_of("192.0.2.1"), 0);
	char text[32];

	limits_connect(limits, address_of("192.0.2.1"), 0);
	for (unsigned int i = 0; i < 64; i++) {
		snprintf(text, sizeof(text), "10.0.0.%u", i);
		requests_of(limits, text, INT64_C(100000) * i);
	}
	cr_expect_not(limits_accept(limits, address_of("192.0.2.1"), 6400000));
	limits_disconnect(limits, place);
	cr_expect(limits_accept(limits, address_of("192.0.2.1"), 6400000));
	limits_free(limits);
}

Test(limits, shut_out_who_connects_twice_as_often_as_it_may_ask)
{
	struct limits *limits = limits_make(1, 10, 16);
	unsigned int n = 0;

	while (n < 1000 && limits_accept(limits, address_of("192.0.2.1"), 0))
		n++;
	cr_expect_eq(n, 20);
	cr_expect_not(limits_accept(limits, address_of("192.0.2.1"), 499));
	cr_expect(limits_accept(limits, address_of("192.0.2.1"), 500));
	limits_free(limits);
	limits = limits_make(0, 10, 16);
	for (n = 0; n < 1000; n++)
		cr_assert(limits_accept(limits, address_of("192.0.2.1"), 0));
	cr_expect_eq(requests_of(limits, "192.0.2.1", 0), 100000);
	limits_free(limits);
}
