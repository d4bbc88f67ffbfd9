// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams, waiting requests and the server's end. The clients of the large test are one process of
 * their own, so that the memory that is measured is the server's. With LBD_STREAMS=10000 in the
 * environment that many streams are opened.
 */
#include "testing/server.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define STREAMS 1000

static char answer[1 << 16];

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void send_text(int fd, const char *text)
{
	cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Reads until the text has come, or the connection has ended, or ten seconds are over. */
static bool read_until(int fd, const char *text)
{
	size_t used = 0;
	ssize_t n;

	answer[0] = '\0';
	while (!strstr(answer, text) && used < sizeof(answer) - 1) {
		n = recv(fd, answer + used, sizeof(answer) - 1 - used, 0);
		if (n <= 0)
			return false;
		used += (size_t)n;
		answer[used] = '\0';
	}
	return strstr(answer, text) != NULL;
}

#define GET(target_) "GET " target_ " HTTP/1.1\r\nHost: a\r\n\r\n"

Test(http_stream, sends_when_it_is_woken)
{
	struct server server;
	int fd;

	server_start(&server, NULL);
	fd = server_connect(&server);
	send_text(fd, GET("/v1/stream?n=2"));
	cr_assert(read_until(fd, "\r\n\r\n"), "headers wait for the first bytes");
	server_expect(&server.asleep, 1);
	server_wake(&server);
	cr_assert(read_until(fd, "5\r\ntick\n\r\n"));
	server_expect(&server.asleep, 1);
	server_wake(&server);
	cr_assert(read_until(fd, "0\r\n\r\n"), "a stream that ends is not ended: %s", answer);
	server_expect(&server.closed, 1);
	/* The connection is good for another request. */
	send_text(fd, GET("/v1/hello"));
	cr_assert(read_until(fd, "world"));
	close(fd);
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http_stream, goes_to_clients_of_http_1_0)
{
	static const char request[] = "GET /v1/stream?n=0 HTTP/1.0\r\n\r\n";
	struct server server;

	server_start(&server, NULL);
	server_talk(&server, request, sizeof(request) - 1, answer, sizeof(answer));
	cr_assert_not_null(strstr(answer, "200 OK"));
	server_expect(&server.closed, 1);
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http_stream, is_closed_when_its_sleeping_client_has_gone)
{
	const struct http_options options = {.times.idle = 400};
	struct server server;
	int fd;

	server_start(&server, &options);
	fd = server_connect(&server);
	send_text(fd, GET("/v1/stream"));
	server_expect(&server.asleep, 1);
	close(fd);
	server_expect(&server.closed, 1);
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http_stream, sleeps_beyond_every_time_out)
{
	const struct http_options options = {
		.times = {.headers = 200, .body = 200, .answer = 200, .idle = 200}};
	struct server server;
	int fd;

	server_start(&server, &options);
	fd = server_connect(&server);
	send_text(fd, GET("/v1/stream?n=1"));
	server_expect(&server.asleep, 1);
	usleep(800000);
	server_wake(&server);
	cr_assert(read_until(fd, "tick"));
	close(fd);
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http_stream, drops_a_reader_that_stalls_and_nobody_else_waits_for_it)
{
	const struct http_options options = {.times.answer = 1000};
	struct server server;
	double start;
	int fd;

	server_start(&server, &options);
	fd = server_connect(&server);
	start = seconds();
	send_text(fd, GET("/v1/flood"));
	server_expect(&server.streams, 1);
	cr_assert_eq(server_curl_local(&server, "", "/v1/hello", answer, sizeof(answer)), 0);
	cr_assert_eq(server_curl(&server, "", "/v1/hello", answer, sizeof(answer)), 0);
	cr_assert_lt(seconds() - start, 0.9);
	server_expect(&server.closed, 1);
	close(fd);
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http_stream, feeds_a_reader_that_reads_for_as_long_as_it_does)
{
	const struct http_options options = {.times.answer = 500};
	struct server server;
	double start;
	int fd;

	server_start(&server, &options);
	fd = server_connect(&server);
	send_text(fd, GET("/v1/flood"));
	for (start = seconds(); seconds() - start < 1.5;)
		cr_assert_gt(recv(fd, answer, sizeof(answer), 0), 0);
	cr_assert_eq(atomic_load(&server.closed), 0);
	close(fd);
	server_expect(&server.closed, 1);
	server_stop(&server, 1000);
	server_join(&server);
}

static double processor_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

Test(http_stream, leaves_the_processor_alone_while_nothing_happens)
{
	const struct http_options options = {.connections_max = 5};
	struct server server;
	int fds[6];
	double start;

	server_start(&server, &options);
	for (int i = 0; i < 6; i++)
		fds[i] = server_connect(&server);
	/* Sleeping, waiting, stalled, half a request, silent; and one more than is allowed. */
	send_text(fds[0], GET("/v1/stream"));
	send_text(fds[1], GET("/v1/wait"));
	send_text(fds[2], GET("/v1/flood"));
	send_text(fds[3], "GET /v1/");
	server_expect(&server.asleep, 1);
	server_expect(&server.waiting, 1);
	server_expect(&server.streams, 2);
	usleep(200000);
	start = processor_seconds();
	usleep(1000000);
	cr_expect_lt(processor_seconds() - start, 0.1);
	for (int i = 0; i < 6; i++)
		close(fds[i]);
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http_wait, answers_when_it_is_resumed)
{
	struct server server;
	int fd;

	server_start(&server, NULL);
	fd = server_connect(&server);
	send_text(fd, GET("/v1/wait"));
	server_expect(&server.waiting, 1);
	server_wake(&server);
	cr_assert(read_until(fd, "{}"));
	server_expect(&server.freed, 1);
	close(fd);
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http_wait, is_forgotten_when_its_client_has_gone)
{
	const struct http_options options = {.times.idle = 400};
	struct server server;
	int fd;

	server_start(&server, &options);
	fd = server_connect(&server);
	send_text(fd, GET("/v1/wait"));
	server_expect(&server.waiting, 1);
	close(fd);
	server_expect(&server.freed, 1);
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http_stop, ends_streams_and_answers_those_who_wait)
{
	struct server server;
	int stream, waiting, idle;
	double start;

	server_start(&server, NULL);
	stream = server_connect(&server);
	waiting = server_connect(&server);
	idle = server_connect(&server);
	send_text(stream, GET("/v1/stream"));
	send_text(waiting, GET("/v1/wait"));
	server_expect(&server.asleep, 1);
	server_expect(&server.waiting, 1);
	start = seconds();
	server_stop(&server, 10000);
	cr_assert(read_until(stream, "0\r\n\r\n"), "the stream has no end");
	cr_assert(read_until(waiting, "\"code\":\"stopping\""), "%s", answer);
	cr_assert_not_null(strstr(answer, "Retry-After: 1\r\n"));
	cr_assert_eq(recv(idle, answer, sizeof(answer), 0), 0);
	server_join(&server);
	cr_assert_lt(seconds() - start, 5);
	close(stream);
	close(waiting);
	close(idle);
}

Test(http_stop, lets_a_request_end_that_is_under_way)
{
	struct server server;
	int fd;

	server_start(&server, NULL);
	fd = server_connect(&server);
	send_text(fd, "POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
		      "Content-Length: 4\r\n\r\n{ ");
	/* It has been taken up when a later one is answered. */
	usleep(100000);
	cr_assert_eq(server_curl_local(&server, "", "/v1/hello", answer, sizeof(answer)), 0);
	server_stop(&server, 10000);
	while (!access(server.socket, F_OK))
		usleep(1000);
	send_text(fd, " }");
	cr_assert(read_until(fd, "\"size\":4"), "%s", answer);
	cr_assert_not_null(strstr(answer, "Connection: close\r\n"));
	server_join(&server);
	close(fd);
}

Test(http_stop, cuts_what_does_not_end_within_the_grace)
{
	struct server server;
	double start;
	int fd;

	server_start(&server, NULL);
	fd = server_connect(&server);
	send_text(fd, "POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
		      "Content-Length: 4\r\n\r\n{ ");
	usleep(100000);
	start = seconds();
	server_stop(&server, 300);
	server_join(&server);
	cr_assert(seconds() - start > 0.25 && seconds() - start < 3);
	close(fd);
}

Test(http_stop, may_be_asked_for_by_a_handler)
{
	struct server server;

	server_start(&server, NULL);
	cr_assert_eq(server_curl(&server, "", "/v1/stop", answer, sizeof(answer)), 0, "%s", answer);
	cr_assert_not_null(strstr(answer, "200 OK"));
	server_join(&server);
}

/* --- many ------------------------------------------------------------------------------------- */

/* One client process: n streams, then a byte to the parent, then one tick from each, a byte again. */
struct crowd {
	unsigned int n;
	unsigned int port; /* 0: the unix socket */
	const char *path;
	int report;
	int *fds;
	gnutls_session_t *sessions;
	gnutls_certificate_credentials_t credentials;
};

/* In a child of the test there is nobody to tell but the exit status. */
static void must(bool condition, int line)
{
	if (condition)
		return;
	fprintf(stderr, "clients: line %d: %s\n", line, strerror(errno));
	_exit(1);
}
#define MUST(condition) must(condition, __LINE__)

static int crowd_connect(const struct crowd *crowd)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)crowd->port)};
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	const struct timeval patience = {.tv_sec = 60};
	const int on = 1;
	int fd = socket(crowd->port ? AF_INET : AF_UNIX, SOCK_STREAM, 0);

	MUST(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (crowd->port) {
		/* The request follows the end of the handshake in a packet of its own. */
		MUST(!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
		four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		MUST(!connect(fd, (struct sockaddr *)&four, sizeof(four)));
	} else {
		snprintf(local.sun_path, sizeof(local.sun_path), "%s", crowd->path);
		MUST(!connect(fd, (struct sockaddr *)&local, sizeof(local)));
	}
	return fd;
}

static void crowd_open(struct crowd *crowd, unsigned int i)
{
	int ret;

	crowd->fds[i] = crowd_connect(crowd);
	if (!crowd->port)
		return;
	MUST(!gnutls_init(&crowd->sessions[i], GNUTLS_CLIENT));
	gnutls_set_default_priority(crowd->sessions[i]);
	gnutls_credentials_set(crowd->sessions[i], GNUTLS_CRD_CERTIFICATE, crowd->credentials);
	gnutls_transport_set_int(crowd->sessions[i], crowd->fds[i]);
	while ((ret = gnutls_handshake(crowd->sessions[i])) < 0 && !gnutls_error_is_fatal(ret))
		;
	MUST(!ret);
}

static ssize_t crowd_recv(struct crowd *crowd, unsigned int i, char *bytes, size_t size)
{
	ssize_t n;

	if (!crowd->port)
		return recv(crowd->fds[i], bytes, size, 0);
	do
		n = gnutls_record_recv(crowd->sessions[i], bytes, size);
	while (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED);
	return n;
}

static void crowd_expect(struct crowd *crowd, unsigned int i, const char *text)
{
	char bytes[4096];
	size_t used = 0;
	ssize_t n;

	do {
		n = crowd_recv(crowd, i, bytes + used, sizeof(bytes) - 1 - used);
		MUST(n > 0);
		used += (size_t)n;
		bytes[used] = '\0';
	} while (!strstr(bytes, text));
}

static void crowd_run(struct crowd *crowd)
{
	static const char request[] = GET("/v1/stream");

	crowd->fds = calloc(crowd->n, sizeof(*crowd->fds));
	crowd->sessions = calloc(crowd->n, sizeof(gnutls_session_t));
	MUST(crowd->fds && crowd->sessions);
	MUST(!gnutls_certificate_allocate_credentials(&crowd->credentials));
	for (unsigned int i = 0; i < crowd->n; i++) {
		crowd_open(crowd, i);
		if (crowd->port)
			MUST(gnutls_record_send(crowd->sessions[i], request, sizeof(request) - 1) >
			     0);
		else
			MUST(send(crowd->fds[i], request, sizeof(request) - 1, 0) > 0);
		crowd_expect(crowd, i, "\r\n\r\n");
	}
	MUST(write(crowd->report, "o", 1) == 1);
	for (unsigned int i = 0; i < crowd->n; i++)
		crowd_expect(crowd, i, "tick\n");
	MUST(write(crowd->report, "t", 1) == 1);
	/* Until the test ends this process. */
	pause();
	_exit(0);
}

static void report_read(int fd, char expected)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};
	char byte = 0;

	cr_assert_eq(poll(&polled, 1, 100000), 1);
	cr_assert_eq(read(fd, &byte, 1), 1, "the clients have failed");
	cr_assert_eq(byte, expected);
}

static size_t resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	char line[128], *end;

	cr_assert_not_null(file);
	cr_assert_not_null(fgets(line, sizeof(line), file));
	fclose(file);
	/* The second number; all of it first. */
	strtoul(line, &end, 10);
	return strtoul(end, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

static unsigned int streams_wanted(void)
{
	const char *text = getenv("LBD_STREAMS");
	struct rlimit files;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
	return text ? (unsigned int)strtoul(text, NULL, 10) : STREAMS;
}

static void many(bool tls)
{
	const struct http_options options = {.connections_of_address = HTTP_CONNECTIONS};
	struct crowd crowd = {.n = streams_wanted()};
	struct server server;
	int report[2], port[2];
	size_t before, after;
	double start, opened, woken;
	pid_t child;

	/* The clients are forked before there is a thread; they learn the port by a pipe. */
	cr_assert_eq(pipe(report), 0);
	cr_assert_eq(pipe(port), 0);
	child = fork();
	if (!child) {
		struct {
			unsigned int port;
			char path[96];
		} where;

		signal(SIGPIPE, SIG_IGN);
		MUST(read(port[0], &where, sizeof(where)) == (ssize_t)sizeof(where));
		crowd.port = where.port;
		crowd.path = where.path;
		crowd.report = report[1];
		crowd_run(&crowd);
	}
	close(report[1]);
	server_start(&server, &options);
	before = resident();
	start = seconds();
	struct {
		unsigned int port;
		char path[96];
	} where = {.port = tls ? server.port : 0};

	memcpy(where.path, server.socket, sizeof(where.path));
	cr_assert_eq(write(port[1], &where, sizeof(where)), (ssize_t)sizeof(where));
	report_read(report[0], 'o');
	opened = seconds() - start;
	server_expect(&server.asleep, crowd.n);
	after = resident();
	start = seconds();
	server_wake(&server);
	report_read(report[0], 't');
	woken = seconds() - start;
	fprintf(stderr,
		"%u %s streams: %zu bytes each, opened in %.1f s, all woken and read in %.3f s\n",
		crowd.n, tls ? "TLS" : "plain", (after - before) / crowd.n, opened, woken);
	if (!SANITIZED)
		cr_expect_lt((after - before) / crowd.n, (size_t)100 * 1024);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	server_expect(&server.closed, crowd.n);
	server_stop(&server, 1000);
	server_join(&server);
}

Test(http_stream, a_thousand_over_tls_sleep_and_are_woken, .timeout = 110)
{
	many(true);
}

Test(http_stream, a_thousand_on_the_unix_socket_sleep_and_are_woken, .timeout = 110)
{
	many(false);
}
