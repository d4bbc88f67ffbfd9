// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fan-out: what it costs one controller process to tell a join or a leave to all connected agents
 * (row B9): memory, CPU, and the time until the last one has it; and whether agents that do not read
 * keep others waiting. The agents are sockets of this process, in one thread: each asks for its
 * stream as a host that is up to date, and every byte that it is sent for a change is compared with
 * what the first one has got.
 *
 *   fanout AGENTS CHANGES STALLED unix|tls  ->  lines "NAME VALUE"; times are nanoseconds
 */
#include "fanout.h"

#include "topology/record.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define READ_SIZE  65536
#define SETTLE_MS  3000
#define PATIENT_MS 60000

/* Of a chunked answer (RFC 9112, 7.1): which part comes next. */
enum part {
	PART_HEADERS,
	PART_SIZE,
	PART_DATA,
	PART_END
};

struct agent {
	int fd;
	gnutls_session_t session;
	enum part part;
	char line[1024];
	size_t line_used;
	size_t chunk;
	uint8_t *bytes; /* of a frame that is not whole */
	size_t used, capacity;
	uint64_t version; /* of the network's log */
	bool stalled;
};

/* The frame of the newest change, as the first agent has got it. */
struct reference {
	uint64_t version;
	uint8_t *bytes;
	size_t size;
	size_t got;
};

static struct fanout fanout;
static struct agent *agents;
static struct reference reference;
static gnutls_certificate_credentials_t trust;
static int control, events;
static uint64_t bytes_received;
static size_t stalled;

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fprintf(stderr, "fanout: ");
	vfprintf(stderr, format, list);
	fprintf(stderr, "\n");
	va_end(list);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* --- frames ------------------------------------------------------------------------------------- */

static void reference_make(uint64_t version, const uint8_t *bytes, size_t size)
{
	struct frame_view view;
	struct fault fault = {0};

	if (frame_open(bytes, size, fanout.signing_public, &view, &fault))
		die("a frame does not verify: %s", fault.text);
	free(reference.bytes);
	reference = (struct reference){.version = version, .bytes = malloc(size), .size = size};
	if (!reference.bytes)
		die("no memory");
	memcpy(reference.bytes, bytes, size);
}

static uint64_t number_read(const uint8_t *bytes, size_t size)
{
	uint64_t number = 0;

	for (size_t i = 0; i < size; i++)
		number = number << 8 | bytes[i];
	return number;
}

/* Changes of the network alone are looked at; the host's own logs come once, at the start. */
static void frame_take(struct agent *agent, const uint8_t *bytes, size_t size)
{
	char log[RESOURCE_ID_SIZE];
	uint64_t version;

	memcpy(log, bytes + 5, sizeof(log));
	log[sizeof(log) - 1] = '\0';
	if (bytes[4] != RECORD_CHANGE || strcmp(log, fanout.network) != 0)
		return;
	version = number_read(bytes + 37, 8);
	if (version != agent->version + 1)
		die("version %lu after %lu", version, agent->version);
	agent->version = version;
	if (version != reference.version)
		reference_make(version, bytes, size);
	else if (size != reference.size || memcmp(bytes, reference.bytes, size) != 0)
		die("two agents have got different bytes for version %lu", version);
	reference.got++;
}

static void payload_add(struct agent *agent, const uint8_t *bytes, size_t size)
{
	size_t at = 0, frame;

	if (agent->used + size > agent->capacity) {
		agent->capacity = agent->used + size;
		agent->bytes = realloc(agent->bytes, agent->capacity);
		if (!agent->bytes)
			die("no memory");
	}
	memcpy(agent->bytes + agent->used, bytes, size);
	agent->used += size;
	while (agent->used - at >= 4 &&
	       (frame = 4 + (size_t)number_read(agent->bytes + at, 4)) <= agent->used - at) {
		frame_take(agent, agent->bytes + at, frame);
		at += frame;
	}
	memmove(agent->bytes, agent->bytes + at, agent->used - at);
	agent->used -= at;
	if (!agent->used) {
		free(agent->bytes);
		agent->bytes = NULL;
		agent->capacity = 0;
	}
}

/* --- HTTP --------------------------------------------------------------------------------------- */

static bool line_add(struct agent *agent, char byte)
{
	if (agent->line_used == sizeof(agent->line) - 1)
		die("a line is too long");
	agent->line[agent->line_used++] = byte;
	agent->line[agent->line_used] = '\0';
	return byte == '\n';
}

static void line_take(struct agent *agent)
{
	bool empty = agent->line_used <= 2;

	if (agent->part == PART_HEADERS) {
		if (!strncmp(agent->line, "HTTP/1.1 ", 9) &&
		    strncmp(agent->line + 9, "200", 3) != 0)
			die("the controller answers: %s", agent->line);
		if (empty)
			agent->part = PART_SIZE;
	} else if (agent->part == PART_SIZE) {
		agent->chunk = strtoul(agent->line, NULL, 16);
		if (!agent->chunk)
			die("a stream has ended");
		agent->part = PART_DATA;
	} else {
		agent->part = PART_SIZE;
	}
	agent->line_used = 0;
}

static void bytes_take(struct agent *agent, const uint8_t *bytes, size_t size)
{
	while (size) {
		size_t n = 1;

		if (agent->part == PART_DATA) {
			n = size < agent->chunk ? size : agent->chunk;
			payload_add(agent, bytes, n);
			agent->chunk -= n;
			if (!agent->chunk)
				agent->part = PART_END;
		} else if (line_add(agent, (char)*bytes)) {
			line_take(agent);
		}
		bytes += n;
		size -= n;
	}
}

static ssize_t agent_recv(struct agent *agent, uint8_t *bytes, size_t size)
{
	ssize_t n;

	if (!agent->session)
		return recv(agent->fd, bytes, size, 0);
	n = gnutls_record_recv(agent->session, bytes, size);
	if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED) {
		errno = EAGAIN;
		return -1;
	}
	return n;
}

static void agent_read(struct agent *agent)
{
	static uint8_t bytes[READ_SIZE];
	ssize_t n;

	while ((n = agent_recv(agent, bytes, sizeof(bytes))) > 0) {
		bytes_received += (uint64_t)n;
		bytes_take(agent, bytes, (size_t)n);
	}
	if (!n || errno != EAGAIN)
		die("a connection has ended: %s", n ? strerror(errno) : "the controller's end");
}

/* --- connections --------------------------------------------------------------------------------- */

static int socket_connect(void)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	struct sockaddr_in tcp = {.sin_family = AF_INET, .sin_port = htons((uint16_t)fanout.port)};
	const int on = 1;
	int fd = socket(fanout.tls ? AF_INET : AF_UNIX, SOCK_STREAM, 0), ret;

	snprintf(local.sun_path, sizeof(local.sun_path), "%s", fanout.socket);
	tcp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	do
		ret = fanout.tls ? connect(fd, (struct sockaddr *)&tcp, sizeof(tcp))
				 : connect(fd, (struct sockaddr *)&local, sizeof(local));
	while (ret && (errno == EAGAIN || errno == EINTR) && !usleep(1000));
	if (fd < 0 || ret)
		die("connect: %s", strerror(errno));
	if (fanout.tls)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static void session_begin(struct agent *agent)
{
	int ret;

	if (gnutls_init(&agent->session, GNUTLS_CLIENT) ||
	    gnutls_set_default_priority(agent->session) ||
	    gnutls_credentials_set(agent->session, GNUTLS_CRD_CERTIFICATE, trust))
		die("no TLS session");
	gnutls_session_set_verify_cert(agent->session, "localhost", 0);
	gnutls_transport_set_int(agent->session, agent->fd);
	do
		ret = gnutls_handshake(agent->session);
	while (ret == GNUTLS_E_AGAIN || ret == GNUTLS_E_INTERRUPTED);
	if (ret)
		die("handshake: %s", gnutls_strerror(ret));
}

/*
 * One that stalls asks for the whole network, which does not fit into any buffer, and reads nothing.
 * They come last: on TCP the server's kernel drops them after a while (TCP_USER_TIMEOUT).
 */
static void agent_connect(struct agent *agent, size_t number)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = agent};
	char body[128], request[1024];
	int n;

	agent->fd = socket_connect();
	agent->stalled = number >= fanout.agents - stalled;
	agent->version = fanout.version;
	if (fanout.tls)
		session_begin(agent);
	if (agent->stalled)
		snprintf(body, sizeof(body), "{\"cursors\":{}}");
	else
		snprintf(body, sizeof(body), "{\"cursors\":{\"%s\":%lu}}", fanout.network,
			 fanout.version);
	n = snprintf(request, sizeof(request),
		     "POST /agent/v1/stream HTTP/1.1\r\nHost: localhost\r\n"
		     "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
		     "Content-Length: %zu\r\n\r\n%s",
		     fanout.credentials[number], strlen(body), body);
	if ((fanout.tls ? gnutls_record_send(agent->session, request, (size_t)n)
			: send(agent->fd, request, (size_t)n, MSG_NOSIGNAL)) != n)
		die("send: %s", strerror(errno));
	fcntl(agent->fd, F_SETFL, O_NONBLOCK);
	if (!agent->stalled && epoll_ctl(events, EPOLL_CTL_ADD, agent->fd, &event))
		die("epoll: %s", strerror(errno));
}

/* Reads what comes within this time; false when nothing did. */
static bool pump(int milliseconds)
{
	struct epoll_event ready[256];
	int n = epoll_wait(events, ready, 256, milliseconds);

	for (int i = 0; i < n; i++)
		agent_read(ready[i].data.ptr);
	return n > 0;
}

static struct answer ask(enum command command)
{
	char byte = (char)command;
	struct answer answer;

	if (command != COMMAND_READY && write(control, &byte, 1) != 1)
		die("the controller has gone");
	if (read(control, &answer, sizeof(answer)) != sizeof(answer))
		die("the controller has gone");
	return answer;
}

/* --- measurement ---------------------------------------------------------------------------------- */

/* What the streams begin with arrives; heartbeats never end. */
static void settle(void)
{
	uint64_t begun = now();

	while (now() - begun < SETTLE_MS * 1000000ull)
		pump(100);
}

static void change_measure(enum command command, const char *name)
{
	struct answer before = ask(COMMAND_FIGURES), made, after;
	uint64_t begun = now(), received = bytes_received;
	size_t wanted = fanout.agents - stalled;

	made = ask(command);
	while (reference.version != made.version || reference.got < wanted) {
		if (!pump(1000) && now() - begun > PATIENT_MS * 1000000ull)
			die("%zu of %zu agents have got version %lu",
			    reference.version == made.version ? reference.got : 0, wanted,
			    made.version);
	}
	printf("%s.latency %lu\n", name, now() - begun);
	usleep(20000);
	after = ask(COMMAND_FIGURES);
	printf("%s.cpu %lu\n", name, after.cpu - before.cpu);
	printf("%s.change_cpu %lu\n", name, made.change);
	printf("%s.bytes_per_agent %lu\n", name, (bytes_received - received) / wanted);
	printf("%s.frame %zu\n", name, reference.size);
	printf("%s.identical %zu\n", name, reference.got);
}

static void measure(unsigned int changes)
{
	struct answer figures = ask(COMMAND_READY);
	uint64_t begun, base = figures.rss;

	printf("rss.empty %lu\n", base);
	begun = now();
	for (size_t i = 0; i < fanout.agents; i++) {
		agent_connect(&agents[i], i);
		if (i % 64 == 63)
			pump(0);
	}
	do {
		settle();
		figures = ask(COMMAND_FIGURES);
	} while (figures.streams < fanout.agents && now() - begun < 2ull * PATIENT_MS * 1000000);
	if (figures.streams != fanout.agents)
		die("%lu of %u streams", figures.streams, fanout.agents);
	printf("connect.time %lu\n", now() - begun);
	printf("connect.cpu %lu\n", figures.cpu);
	printf("streams %lu\n", figures.streams);
	printf("stalled %zu\n", stalled);
	for (unsigned int i = 0; i < changes; i++) {
		change_measure(COMMAND_JOIN, "join");
		change_measure(COMMAND_LEAVE, "leave");
	}
	figures = ask(COMMAND_FIGURES);
	printf("rss %lu\n", figures.rss);
	printf("rss.per_agent %lu\n", (figures.rss - base) / fanout.agents);
}

static void place_make(void)
{
	char command[512];
	size_t size = (fanout.agents + 1) * sizeof(*fanout.credentials);

	snprintf(fanout.directory, sizeof(fanout.directory), "/tmp/lbd-fanout-XXXXXX");
	if (!mkdtemp(fanout.directory))
		die("no folder: %s", strerror(errno));
	snprintf(fanout.socket, sizeof(fanout.socket), "%s/socket", fanout.directory);
	snprintf(fanout.certificate, sizeof(fanout.certificate), "%s/cert.pem", fanout.directory);
	snprintf(fanout.key, sizeof(fanout.key), "%s/key.pem", fanout.directory);
	snprintf(command, sizeof(command),
		 "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
		 "-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout %s -out %s "
		 "2>/dev/null",
		 fanout.key, fanout.certificate);
	if (fanout.tls && system(command))
		die("openssl has made no certificate");
	fanout.credentials = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				  -1, 0);
	if (fanout.credentials == MAP_FAILED)
		die("no memory");
}

/* fanout itself is shared, too, since the controller fills it. */
static void controller_start(void)
{
	struct fanout *shared = mmap(NULL, sizeof(fanout), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct answer answer;
	int pair[2];

	if (shared == MAP_FAILED || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		die("no memory");
	*shared = fanout;
	fflush(NULL);
	if (!fork()) {
		close(pair[0]);
		fanout_serve(shared, pair[1]);
	}
	close(pair[1]);
	control = pair[0];
	/* It writes once when it serves: left for measure(), which asks for it. */
	if (recv(control, &answer, sizeof(answer), MSG_PEEK) != sizeof(answer))
		die("the controller has not started");
	fanout = *shared;
}

static void place_remove(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", fanout.directory);
	if (system(command))
		fprintf(stderr, "fanout: %s is left\n", fanout.directory);
}

int main(int argc, char **argv)
{
	struct rlimit files;

	if (argc != 5 || sodium_init() < 0)
		die("usage: fanout AGENTS CHANGES STALLED unix|tls");
	setvbuf(stdout, NULL, _IOLBF, 0);
	fanout.agents = (unsigned int)strtoul(argv[1], NULL, 10);
	stalled = strtoul(argv[3], NULL, 10);
	fanout.tls = !strcmp(argv[4], "tls");
	if (!fanout.agents || stalled >= fanout.agents)
		die("at least one agent has to read");
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	place_make();
	atexit(place_remove);
	controller_start();
	agents = calloc(fanout.agents, sizeof(*agents));
	events = epoll_create1(0);
	if (!agents || events < 0)
		die("no memory");
	if (fanout.tls && (gnutls_certificate_allocate_credentials(&trust) ||
			   gnutls_certificate_set_x509_trust_file(trust, fanout.certificate,
								  GNUTLS_X509_FMT_PEM) < 1))
		die("no certificate");
	measure((unsigned int)strtoul(argv[2], NULL, 10));
	return 0;
}
