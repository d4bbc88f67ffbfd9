// SPDX-License-Identifier: GPL-2.0-only
/* The server as clients see it: curl, openssl, and clients that break the rules. */
#include "controller/http-text.h"
#include "testing/server.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char answer[1 << 16];

static void expect_text(const char *text)
{
	cr_assert_not_null(strstr(answer, text), "\"%s\" is not in:\n%s", text, answer);
}

Test(http, answers_over_tls_with_all_headers)
{
	struct server server;

	server_start(&server, NULL);
	cr_assert_eq(server_curl(&server, "", "/v1/hello", answer, sizeof(answer)), 0, "%s",
		     answer);
	expect_text("HTTP/1.1 201 Created\r\n");
	expect_text("Content-Type: application/json\r\n");
	expect_text("Cache-Control: no-store\r\n");
	expect_text("X-Content-Type-Options: nosniff\r\n");
	expect_text("Content-Security-Policy: default-src 'none'");
	expect_text("Strict-Transport-Security: max-age=31536000\r\n");
	expect_text("X-Request-Id: 01");
	expect_text("ETag: \"7\"\r\n");
	expect_text("Location: /v1/hello\r\n");
	expect_text("\r\n\r\n{\"hello\":\"world\"}");
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http, knows_who_asks_on_the_unix_socket)
{
	char uid[32];
	struct stat status;
	struct server server;

	server_start(&server, NULL);
	cr_assert_eq(stat(server.socket, &status), 0);
	cr_assert_eq(status.st_mode & 0777, 0660);
	cr_assert_eq(server_curl_local(&server, "", "/v1/echo", answer, sizeof(answer)), 0);
	snprintf(uid, sizeof(uid), "\"uid\":%u,", getuid());
	expect_text(uid);
	expect_text("\"local\":true");
	cr_assert_null(strstr(answer, "Strict-Transport-Security"));
	cr_assert_eq(server_curl(&server, "", "/v1/echo", answer, sizeof(answer)), 0);
	expect_text("\"local\":false");
	expect_text("\"address\":\"127.0.0.1\"");
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http, answers_head_like_get_without_a_body)
{
	struct server server;

	server_start(&server, NULL);
	cr_assert_eq(server_curl(&server, "-I", "/v1/hello", answer, sizeof(answer)), 0);
	expect_text("201 Created");
	expect_text("Content-Length: 17\r\n");
	cr_assert_null(strstr(answer, "world"));
	cr_assert_eq(server_curl(&server, "-I", "/v1/stream", answer, sizeof(answer)), 0);
	expect_text("200 OK");
	server_expect(&server.closed, 1);
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http, hands_over_path_query_headers_and_body)
{
	struct server server;

	server_start(&server, NULL);
	cr_assert_eq(
		server_curl(&server,
			    "-H 'X-Test: a b' -H 'Content-Type: application/json; charset=utf-8' "
			    "-X PATCH -d '{\"a\":1}'",
			    "/v1/echo/%C3%A9?q=1%262+3&other=", answer, sizeof(answer)),
		0);
	expect_text("\"method\":\"PATCH\"");
	expect_text("\"path\":\"/v1/echo/%C3%A9\"");
	expect_text("\"q\":\"1&2 3\"");
	expect_text("\"header\":\"a b\"");
	expect_text("\"body\":\"{\\\"a\\\":1}\"");
	cr_assert_eq(server_curl(&server, "-X FROB", "/v1/echo", answer, sizeof(answer)), 0);
	expect_text("\"method\":\"FROB\"");
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http, makes_an_id_for_each_request_and_trusts_none)
{
	struct server server;
	char first[27], *at;

	server_start(&server, NULL);
	server_curl(&server, "-H 'X-Request-Id: mine'", "/v1/echo", answer, sizeof(answer));
	at = strstr(answer, "X-Request-Id: ");
	cr_assert_not_null(at);
	snprintf(first, sizeof(first), "%.26s", at + 14);
	cr_assert_eq(strspn(first, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), 26, "%s", first);
	/* The same in the answer's header and for the application. */
	cr_assert_not_null(strstr(strstr(answer, "\r\n\r\n"), first));
	server_curl(&server, "", "/v1/echo", answer, sizeof(answer));
	cr_assert_null(strstr(answer, first));
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http, tells_problems_as_rfc_9457_has_them)
{
	struct server server;

	server_start(&server, NULL);
	server_curl(&server, "", "/v1/refuse", answer, sizeof(answer));
	expect_text("409 Conflict");
	expect_text("Content-Type: application/problem+json\r\n");
	expect_text("\"type\":\"urn:lbmesh:problem:name_taken\"");
	expect_text("\"title\":\"The name is in use\"");
	expect_text("\"status\":409");
	expect_text("\"detail\":\"\\\"blue\\\" is the name of net_1\"");
	expect_text("\"code\":\"name_taken\"");
	expect_text("\"path\":\"name\"");
	expect_text("Allow: GET, HEAD\r\n");
	expect_text("\"remedy\":\"choose another name");
	expect_text("\"id\":\"01");
	server_curl(&server, "", "/v1/private", answer, sizeof(answer));
	expect_text("401 Unauthorized");
	expect_text("WWW-Authenticate: Bearer\r\n");
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http, keeps_the_reason_of_its_own_failure_to_itself)
{
	struct server server;

	server_start(&server, NULL);
	server_curl(&server, "", "/v1/fail", answer, sizeof(answer));
	expect_text("500 Internal Server Error");
	expect_text("\"code\":\"internal\"");
	cr_assert_null(strstr(answer, "secret"));
	server_stop(&server, 1000);
	server_join(&server);
}

/* What is sent, and a text that the answer must have; "" for no answer at all. */
struct breach {
	const char *bytes;
	size_t size;
	const char *text;
};

#define SENT(bytes_) bytes_, sizeof(bytes_) - 1
#define GET(target_) SENT("GET " target_ " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
#define POST(headers_, body_) \
	SENT("POST /v1/echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" headers_ "\r\n" body_)
#define JSON "Content-Type: application/json\r\n"

/* clang-format off */
static const struct breach breaches[] = {
	{GET("/v1/echo"), "HTTP/1.1 200"},
	{GET("/v1/echo/%00"), "request_syntax"},
	{GET("/v1/echo/%0a"), "request_syntax"},
	{GET("/v1/echo/%7f"), "request_syntax"},
	{GET("/v1/echo/%"), "request_syntax"},
	{GET("/v1/echo/%4"), "request_syntax"},
	{GET("/v1/echo/%zz"), "request_syntax"},
	{GET("/v1/echo/%ff"), "request_syntax"},
	{GET("/v1/echo/%c0%af"), "request_syntax"},
	{GET("/v1/echo/%ed%a0%80"), "request_syntax"},
	{GET("/v1/echo/\xff"), "request_syntax"},
	{GET("/v1/echo\0/x"), "request_syntax"},
	{GET("/v1/../echo"), "request_syntax"},
	{GET("/v1/%2e%2E/echo"), "request_syntax"},
	{GET("http://b/v1/echo"), "request_syntax"},
	{GET("*"), "request_syntax"},
	{GET("/v1/echo?q=1&q=2"), "is given twice"},
	{GET("/v1/echo?q=1&%71=2"), "is given twice"},
	{GET("/v1/echo?q=%00"), "query_invalid"},
	{GET("/v1/echo?q=%80"), "query_invalid"},
	{GET("/v1/echo?q=%"), "query_invalid"},
	{GET("/v1/echo?%g0=1"), "query_invalid"},
	{GET("/v1/echo?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p"), "HTTP/1.1 200"},
	{GET("/v1/echo?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&r"), "query_invalid"},
	{SENT("GET /v1/echo HTTP/1.1\r\n\r\n"), "HTTP/1.1 400"},
	{SENT("GET /v1/echo HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n"),
	 "Host is given twice"},
	{SENT("GET /v1/echo HTTP/1.1\r\nHost: a\r\nX-Test: b\033c\r\nConnection: close\r\n\r\n"),
	 "X-Test has a control character"},
	{SENT("GET /v1/echo HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\n"
	      "authorization: Bearer b\r\nConnection: close\r\n\r\n"),
	 "Authorization is given twice"},
	{SENT("GET /v1/echo\r\n\r\n"), ""},
	{SENT("GET /v1/echo HTTP/9.9\r\nHost: a\r\n\r\n"), "HTTP/1.1 505"},
	{SENT("\0\0\0\0\r\n\r\n"), ""},
	{SENT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"), ""},
	{POST(JSON "Content-Length: 2\r\n", "{}"), "\"size\":2"},
	{POST(JSON "Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"), "\"size\":2"},
	{POST(JSON "Content-Length: 2\r\nContent-Length: 2\r\n", "{}"),
	 "Content-Length is given twice"},
	{POST(JSON "Content-Length: 2\r\nContent-Length: 40\r\n", "{}"),
	 "Content-Length is given twice"},
	{POST(JSON "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
	 "exclude each other"},
	{POST(JSON "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), "is not understood"},
	{POST(JSON "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
	 "Transfer-Encoding is given twice"},
	{POST(JSON "Content-Length: -2\r\n", "{}"), "HTTP/1.1 400"},
	{POST(JSON "Content-Length: 2, 2\r\n", "{}"), "HTTP/1.1 400"},
	{POST(JSON "Content-Length: 99999999999999999999\r\n", "{}"), "HTTP/1.1 413"},
	{POST(JSON "Content-Length: 9999999999\r\n", "{}"), "body_too_large"},
	{POST(JSON "Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"), ""},
	{POST("Content-Length: 2\r\n", "{}"), "media_type"},
	{POST("Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}"), "media_type"},
	{POST("Content-Type: application/jsonx\r\nContent-Length: 2\r\n", "{}"), "media_type"},
	{POST("Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n",
	      "2\r\n{}\r\n0\r\n\r\n"), "media_type"},
	{POST("Content-Type: text/plain\r\nContent-Length: 0\r\n", ""), "\"size\":0"},
};
/* clang-format on */

Test(http, refuses_what_breaks_the_rules_and_goes_on)
{
	/* Some look like the beginning of something, and end with the time for headers. */
	const struct http_options options = {.times.headers = 500};
	struct server server;

	server_start(&server, &options);
	for (size_t i = 0; i < sizeof(breaches) / sizeof(breaches[0]); i++) {
		const struct breach *breach = &breaches[i];

		server_talk(&server, breach->bytes, breach->size, answer, sizeof(answer));
		cr_expect(*breach->text ? strstr(answer, breach->text) != NULL
					: !strstr(answer, "HTTP/1.1 2"),
			  "%zu: %s\nhas the answer:\n%s", i, breach->bytes, answer);
	}
	cr_assert_eq(server_curl_local(&server, "", "/v1/hello", answer, sizeof(answer)), 0);
	expect_text("201 Created");
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http, answers_requests_that_come_in_one_piece_in_their_order)
{
	static const char two[] = "GET /v1/refuse HTTP/1.1\r\nHost: a\r\n\r\n"
				  "GET /v1/echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	struct server server;
	char *first, *second;

	server_start(&server, NULL);
	server_talk(&server, two, sizeof(two) - 1, answer, sizeof(answer));
	first = strstr(answer, "HTTP/1.1 409");
	second = strstr(answer, "HTTP/1.1 200");
	cr_assert(first && second && first < second, "%s", answer);
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http, keeps_a_connection_after_a_refused_body)
{
	static const char two[] =
		"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nGETX"
		"GET /v1/echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	struct server server;

	server_start(&server, NULL);
	server_talk(&server, two, sizeof(two) - 1, answer, sizeof(answer));
	expect_text("HTTP/1.1 415");
	expect_text("HTTP/1.1 200");
	server_stop(&server, 1000);
	server_join(&server);
}

/* openssl's client, told to end; whether the handshake succeeded. */
static bool handshake(const struct server *server, const char *arguments)
{
	char command[512];
	int status;

	snprintf(command, sizeof(command),
		 "openssl s_client -connect 127.0.0.1:%u -CAfile %s -verify_return_error %s "
		 "</dev/null >/dev/null 2>&1",
		 server->port, server->certificate, arguments);
	status = system(command);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

Test(http, speaks_current_tls_only)
{
	struct server server;

	server_start(&server, NULL);
	cr_expect(handshake(&server, "-tls1_3"));
	cr_expect(handshake(&server, "-tls1_2"));
	cr_expect(handshake(&server, "-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256"));
	cr_expect_not(handshake(&server, "-tls1_1 -cipher DEFAULT@SECLEVEL=0"));
	cr_expect_not(handshake(&server, "-tls1 -cipher DEFAULT@SECLEVEL=0"));
	cr_expect_not(handshake(&server, "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA"));
	cr_expect_not(handshake(&server, "-tls1_2 -cipher ECDHE-ECDSA-AES256-SHA384"));
	cr_expect_not(handshake(&server, "-tls1_2 -cipher AES128-GCM-SHA256"));
	cr_expect_not(handshake(&server, "-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256 "
					 "-sigalgs ECDSA+SHA1"));
	/* Plain text on the port of TLS. */
	cr_expect_neq(server_curl(&server, "--http1.1 --proto-default http -x http://127.0.0.1:1",
				  "/v1/hello", answer, sizeof(answer)),
		      0);
	server_stop(&server, 1000);
	server_join(&server);
}

/* A start that has to fail, and what its fault says. */
static void start_refused(struct server *server, int code, const char *text)
{
	struct fault fault = {0};
	struct http *http = NULL;
	uv_loop_t loop;

	uv_loop_init(&loop);
	cr_expect_eq(http_start(&loop, &server->options, &http, &fault), code, "%s", fault.text);
	cr_expect_not_null(strstr(fault.text, text), "\"%s\" is not in \"%s\"", text, fault.text);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect_eq(uv_loop_close(&loop), 0);
}

Test(http, does_not_start_with_what_cannot_work)
{
	struct server server;
	FILE *file;

	server_prepare(&server, NULL);
	server.options.tls_address = "localhost";
	start_refused(&server, -EINVAL, "is not ADDRESS:PORT");
	server.options.tls_address = "::1:8443";
	start_refused(&server, -EINVAL, "is not ADDRESS:PORT");
	server.options.tls_address = "192.0.2.1:1";
	start_refused(&server, -EADDRNOTAVAIL, "cannot listen on 192.0.2.1:1");
	server.options.tls_address = "[::1]:0";
	cr_assert_eq(chmod(server.key, 0644), 0);
	start_refused(&server, -EPERM, "has mode 0644");
	cr_assert_eq(chmod(server.key, 0600), 0);
	file = fopen(server.key, "w");
	cr_assert_not_null(file);
	fputs("no key\n", file);
	fclose(file);
	start_refused(&server, -EINVAL, "cert.pem and its key");
	server.options.key_file = NULL;
	start_refused(&server, -EINVAL, "TLS needs");
	server.options.tls_address = NULL;
	server.options.unix_path = NULL;
	start_refused(&server, -EINVAL, "nothing to listen on");
	cr_expect_neq(access(server.socket, F_OK), 0, "a failed start has left its socket");
	server_remove(&server);
}

Test(http, takes_the_place_of_a_dead_controller_and_of_no_living_one)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct server server, second;
	int fd;

	server_start(&server, NULL);
	server_prepare(&second, NULL);
	second.options.unix_path = server.socket;
	start_refused(&second, -EADDRINUSE, "another process answers there");
	cr_assert_eq(server_curl_local(&server, "", "/v1/hello", answer, sizeof(answer)), 0);
	server_stop(&server, 1000);
	server_join(&server);
	/* A socket that nobody listens on any more. */
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", second.socket);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	second.options.unix_path = second.socket;
	server_run(&second);
	cr_assert_eq(server_curl_local(&second, "", "/v1/hello", answer, sizeof(answer)), 0);
	server_stop(&second, 1000);
	server_join(&second);
}

/*
 * Starts with sockets passed on as the descriptors from 3, in a process of its own because those of
 * the test are there. The exit status says what came of it.
 */
static int passed_on(struct server *server, const int *fds, int n)
{
	struct fault fault = {0};
	char text[32];
	uv_loop_t loop;
	int copies[4], status = 0;
	pid_t child;

	child = fork();
	if (child) {
		waitpid(child, &status, 0);
		return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	}
	for (int i = 0; i < n; i++)
		copies[i] = fcntl(fds[i], F_DUPFD, 100);
	for (int i = 0; i < n; i++)
		dup2(copies[i], 3 + i);
	snprintf(text, sizeof(text), "%d", getpid());
	setenv("LISTEN_PID", text, 1);
	snprintf(text, sizeof(text), "%d", n);
	setenv("LISTEN_FDS", text, 1);
	setenv("LISTEN_FDNAMES", "one:two" + (n == 1 ? 4 : 0), 1);
	uv_loop_init(&loop);
	if (http_start(&loop, &server->options, &server->http, &fault))
		_exit(strstr(fault.text, "neither") ? 2 : strstr(fault.text, "second") ? 3 : 1);
	/* Its own socket has not been made: the one passed on took its place. */
	if (getenv("LISTEN_FDS") || !access(server->socket, F_OK))
		_exit(1);
	_exit(http_port(server->http) ? 10 : 11);
}

Test(http, serves_what_a_service_manager_has_passed_on)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct server server;
	int fds[2], both[2], silent;

	server_prepare(&server, NULL);
	silent = socket(AF_UNIX, SOCK_STREAM, 0);
	cr_expect_eq(passed_on(&server, &silent, 1), 2);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/passed", server.directory);
	for (int i = 0; i < 2; i++) {
		fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		address.sun_path[strlen(address.sun_path) - 1] = (char)('0' + i);
		cr_assert_eq(bind(fds[i], (struct sockaddr *)&address, sizeof(address)), 0);
		cr_assert_eq(listen(fds[i], 1), 0);
	}
	cr_expect_eq(passed_on(&server, fds, 2), 3);
	cr_expect_eq(passed_on(&server, fds, 1), 10);
	server.options.tls_address = NULL;
	cr_expect_eq(passed_on(&server, fds, 1), 11);
	both[0] = fds[0];
	both[1] = socket(AF_INET, SOCK_STREAM, 0);
	cr_assert_eq(bind(both[1], (struct sockaddr *)&four, sizeof(four)), 0);
	cr_assert_eq(listen(both[1], 1), 0);
	cr_expect_eq(passed_on(&server, both, 2), 10);
	server_remove(&server);
}

Test(http, decodes_strictly)
{
	char good[] = "a%2Fb%C3%A9%f0%9f%98%80", bad[] = "\xf4\x90\x80\x80";
	char repaired[] = "a\xc3\xa9\xff\xe2\x82";

	cr_assert_eq(http_text_decode(good), 0);
	cr_assert_str_eq(good, "a/b\xc3\xa9\xf0\x9f\x98\x80");
	cr_assert_eq(http_text_decode(bad), -EINVAL);
	http_text_repair(repaired);
	cr_assert_str_eq(repaired, "a\xc3\xa9???");
}
