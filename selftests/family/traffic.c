// SPDX-License-Identifier: GPL-2.0
/* See traffic.h. */

#include "traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/tcp.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

#define MAGIC 0x6c626d65
/* Datagrams that are told apart; an hour and more. */
#define NUMBERS (1u << 22)
/*
 * A sender that is late sends the rest at once, but no more than this: WireGuard holds 128 packets
 * of a peer while it shakes hands.
 */
#define BURST 100
/* What a stream writes at a time, and how often a second. */
#define STREAM_BYTES 512
#define STREAM_RATE  500
#define SLOW_RATE    100
#define NS_PER_S     1000000000L

struct datagram {
	uint32_t magic;
	uint32_t flow;
	uint64_t number;
	uint8_t padding[48];
};

/* In memory that both processes have. */
struct sender {
	volatile bool stop;
	pid_t pid;
	unsigned int flow;
	unsigned int rate;
	uint64_t began_ms;
	uint64_t ended_ms;
	uint64_t sent;
};

struct seen {
	uint64_t count;
	uint64_t last_ms;
	uint64_t silence_ms;
	uint64_t bits[NUMBERS / 64];
};

struct receiver {
	volatile bool stop;
	volatile bool ready;
	pid_t pid;
	struct seen flow[TRAFFIC_FLOWS];
};

struct stream {
	volatile bool stop;
	volatile bool listens;
	pid_t client;
	pid_t server;
	struct stream_state state;
};

unsigned int traffic_rate(void)
{
	static unsigned int rate;

	if (!rate)
		rate = env_number("LBMESH_RATE",
				  machine_slowness() < 10 ? TRAFFIC_RATE : TRAFFIC_RATE / 4);
	return rate;
}

static void *shared_new(size_t size)
{
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (shared == MAP_FAILED)
		must(-ENOMEM);
	return shared;
}

/* Forks; the child is in the host, and ends when its parent does. */
static pid_t process_start(const char *host)
{
	pid_t parent = getpid(), pid;
	int fd;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = namespace_open(host);
	if (getppid() != parent || fd < 0 || namespace_set(fd))
		_exit(1);
	close(fd);
	return 0;
}

static void process_end(pid_t pid, int number)
{
	if (number)
		kill(pid, number);
	waitpid(pid, NULL, 0);
}

/* An address of either family as the other sockets here want it. */
static struct sockaddr_in6 address_of(const char *text, uint16_t port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	char mapped[64];

	snprintf(mapped, sizeof(mapped), "%s%s", strchr(text, ':') ? "" : "::ffff:", text);
	inet_pton(AF_INET6, mapped, &address.sin6_addr);
	return address;
}

static int bound_socket(int type, const char *from, uint16_t port)
{
	struct sockaddr_in6 address = address_of(from, port);
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	printf("# cannot bind to %s: %s\n", from, strerror(errno));
	fflush(stdout);
	_exit(1);
}

/* --- Datagrams ------------------------------------------------------------ */

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Waits for the next turn of something that happens at a rate; it may be late by a few turns. */
static void pace(int64_t *next_ns, unsigned int rate)
{
	int64_t period = NS_PER_S / rate, now = now_ns();
	struct timespec until;

	*next_ns += period;
	if (*next_ns < now - BURST * period)
		*next_ns = now;
	until.tv_sec = *next_ns / NS_PER_S;
	until.tv_nsec = *next_ns % NS_PER_S;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static void send_all(struct sender *sender, const char *from, const char *to)
{
	struct datagram datagram = { .magic = MAGIC, .flow = sender->flow };
	struct sockaddr_in6 target = address_of(to, TRAFFIC_PORT);
	int udp = bound_socket(SOCK_DGRAM, from, 0);
	int64_t next_ns = now_ns();

	while (!sender->stop && sender->sent < NUMBERS) {
		datagram.number = sender->sent;
		/* Waits while too much of it is still on its way through this host. */
		sendto(udp, &datagram, sizeof(datagram), 0, (struct sockaddr *)&target,
		       sizeof(target));
		__atomic_store_n(&sender->sent, sender->sent + 1, __ATOMIC_RELEASE);
		pace(&next_ns, sender->rate);
	}
}

static struct sender *sender_new(const char *host, const char *from, const char *to,
				 unsigned int flow, unsigned int rate)
{
	struct sender *sender = shared_new(sizeof(*sender));
	/* Not at once in the memory that is shared, where the child's 0 may come later. */
	pid_t pid;

	sender->flow = flow;
	sender->rate = rate;
	sender->began_ms = now_ms();
	pid = process_start(host);
	if (pid == 0) {
		send_all(sender, from, to);
		_exit(0);
	}
	sender->pid = pid;
	for (int tries = 0; tries < 500 && !sender_count(sender); tries++)
		pause_ms(10);
	return sender_count(sender) ? sender : NULL;
}

struct sender *sender_start(const char *host, const char *from, const char *to, unsigned int flow)
{
	return sender_new(host, from, to, flow, traffic_rate());
}

struct sender *sender_start_slow(const char *host, const char *from, const char *to,
				 unsigned int flow)
{
	return sender_new(host, from, to, flow, SLOW_RATE);
}

uint64_t sender_count(const struct sender *sender)
{
	return __atomic_load_n(&sender->sent, __ATOMIC_ACQUIRE);
}

unsigned int sender_rate(const struct sender *sender)
{
	uint64_t end = sender->ended_ms ?: now_ms();

	return sender_count(sender) * 1000 / (end - sender->began_ms + 1);
}

bool sender_keeps_up(const struct sender *sender)
{
	return sender_rate(sender) >= sender->rate / 10;
}

void sender_stop(struct sender *sender)
{
	sender->stop = true;
	process_end(sender->pid, 0);
	sender->ended_ms = now_ms();
}

static void note(struct receiver *receiver, const void *data, ssize_t size)
{
	const struct datagram *datagram = data;
	uint64_t now = now_ms(), bit;
	struct seen *seen;

	if (size < (ssize_t)sizeof(*datagram) || datagram->magic != MAGIC ||
	    datagram->flow >= TRAFFIC_FLOWS || datagram->number >= NUMBERS)
		return;
	seen = &receiver->flow[datagram->flow];
	bit = UINT64_C(1) << datagram->number % 64;
	if (!(seen->bits[datagram->number / 64] & bit))
		seen->count++;
	seen->bits[datagram->number / 64] |= bit;
	if (seen->last_ms && now - seen->last_ms > seen->silence_ms)
		seen->silence_ms = now - seen->last_ms;
	seen->last_ms = now;
}

/* The datagram in an IP packet. */
static void note_packet(struct receiver *receiver, const uint8_t *packet, ssize_t size)
{
	ssize_t head = 0;

	if (size < (ssize_t)sizeof(struct ip6_hdr))
		return;
	if (packet[0] >> 4 == 4 && packet[9] == IPPROTO_UDP)
		head = (packet[0] & 15) * 4 + sizeof(struct udphdr);
	else if (packet[0] >> 4 == 6 && packet[6] == IPPROTO_UDP)
		head = sizeof(struct ip6_hdr) + sizeof(struct udphdr);
	if (head && head < size)
		note(receiver, packet + head, size - head);
}

/* Reads until it is told to stop. */
static void receive_all(struct receiver *receiver, int fd, bool packets)
{
	struct timeval patience = { .tv_usec = 20000 };
	/* In words, because a datagram has numbers in it. */
	uint64_t buffer[256];
	int size = 8 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	receiver->ready = true;
	while (!receiver->stop) {
		struct sockaddr_ll from;
		socklen_t length = sizeof(from);
		ssize_t got =
			recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &length);

		if (got < 0)
			continue;
		if (!packets)
			note(receiver, buffer, got);
		else if (from.sll_pkttype != PACKET_OUTGOING)
			note_packet(receiver, (const uint8_t *)buffer, got);
	}
}

static int sniff_socket(const char *ifname)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(ifname),
	};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || !address.sll_ifindex ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)))
		_exit(1);
	return fd;
}

/* An interface to listen on, or NULL for the port. */
static struct receiver *receiver_new(const char *host, const char *ifname)
{
	struct receiver *receiver = shared_new(sizeof(*receiver));
	pid_t pid;

	pid = process_start(host);
	if (pid == 0) {
		int fd = ifname ? sniff_socket(ifname)
				: bound_socket(SOCK_DGRAM, "::", TRAFFIC_PORT);

		receive_all(receiver, fd, ifname);
		_exit(0);
	}
	receiver->pid = pid;
	for (int tries = 0; tries < 500 && !receiver->ready; tries++)
		pause_ms(10);
	return receiver->ready ? receiver : NULL;
}

struct receiver *receiver_start(const char *host)
{
	return receiver_new(host, NULL);
}

struct receiver *sniffer_start(const char *host, const char *ifname)
{
	return receiver_new(host, ifname);
}

uint64_t receiver_count(const struct receiver *receiver, unsigned int flow)
{
	return __atomic_load_n(&receiver->flow[flow].count, __ATOMIC_ACQUIRE);
}

unsigned int receiver_silence(struct receiver *receiver, unsigned int flow)
{
	return __atomic_exchange_n(&receiver->flow[flow].silence_ms, 0, __ATOMIC_ACQ_REL);
}

void receiver_stop(struct receiver *receiver)
{
	receiver->stop = true;
	process_end(receiver->pid, 0);
	munmap(receiver, sizeof(*receiver));
}

static bool got_by_any(struct receiver *const *receivers, size_t count, unsigned int flow,
		       uint64_t number)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t word = __atomic_load_n(&receivers[i]->flow[flow].bits[number / 64],
						__ATOMIC_ACQUIRE);

		if (word >> number % 64 & 1)
			return true;
	}
	return false;
}

struct loss flow_loss(const struct sender *sender, struct receiver *const *receivers, size_t count)
{
	struct loss loss = { .sent = sender_count(sender) };
	uint64_t until = now_ms() + 3000, from = 0;

	/* What has arrived by now need not be looked at again. */
	while (from < loss.sent) {
		if (got_by_any(receivers, count, sender->flow, from))
			from++;
		else if (now_ms() < until)
			pause_ms(10);
		else
			break;
	}
	for (uint64_t number = from; number < loss.sent; number++) {
		if (got_by_any(receivers, count, sender->flow, number))
			continue;
		loss.first = loss.lost++ ? loss.first : number;
		loss.last = number;
	}
	return loss;
}

void print_drops(const char *host)
{
	sh("echo '# %s:'; ip -n %s -s link show wg0; ip -n %s -s link show eth0;"
	   "ip netns exec %s sh -c 'grep ^Udp: /proc/net/snmp; cat /proc/net/softnet_stat'",
	   host, host, host, host);
}

/* --- Streams -------------------------------------------------------------- */

/* Ends with a reset: an orderly end would hold the namespace for minutes where packets are lost. */
static void end_at_once(int fd)
{
	struct linger linger = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static void stream_serve(struct stream *stream, const char *address, uint16_t port)
{
	int listener = bound_socket(SOCK_STREAM, address, port), fd;
	char buffer[65536];

	if (listen(listener, 1))
		_exit(1);
	stream->listens = true;
	fd = accept(listener, NULL, NULL);
	end_at_once(fd);
	while (fd >= 0 && read(fd, buffer, sizeof(buffer)) > 0)
		;
}

static void stream_note(struct stream *stream, int fd)
{
	struct tcp_info info = {};
	socklen_t length = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length))
		return;
	stream->state.acked = info.tcpi_bytes_acked;
	stream->state.resent = info.tcpi_total_retrans;
	stream->state.needless = info.tcpi_dsack_dups;
	/* TCP_ESTABLISHED, which netinet/tcp.h has; that and linux/tcp.h exclude each other. */
	stream->state.alive = info.tcpi_state == 1;
}

/*
 * No tail loss probes (RFC 8985) in this namespace: they are sent when an acknowledgement is late by
 * two ticks of the clock, which on a busy machine it is without any loss.
 */
static void probes_forbid(void)
{
	int fd = open("/proc/sys/net/ipv4/tcp_early_retrans", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) != 1)
		_exit(1);
	close(fd);
}

static void stream_send(struct stream *stream, const char *from, const char *to, uint16_t port)
{
	struct sockaddr_in6 target = address_of(to, port);
	int fd = bound_socket(SOCK_STREAM, from, 0), one = 1;
	char data[STREAM_BYTES] = "";
	int64_t next_ns;

	probes_forbid();
	end_at_once(fd);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (struct sockaddr *)&target, sizeof(target)))
		_exit(1);
	next_ns = now_ns();
	while (!stream->stop) {
		if (send(fd, data, sizeof(data), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
		    errno != EAGAIN) {
			stream->state.alive = false;
			break;
		}
		stream_note(stream, fd);
		pace(&next_ns, STREAM_RATE);
	}
}

struct stream *stream_start(const char *host, const char *from, const char *other_host,
			    const char *to, uint16_t port)
{
	struct stream *stream = shared_new(sizeof(*stream));
	pid_t server, client;

	server = process_start(other_host);
	if (server == 0) {
		stream_serve(stream, to, port);
		_exit(0);
	}
	for (int tries = 0; tries < 500 && !stream->listens; tries++)
		pause_ms(10);
	client = process_start(host);
	if (client == 0) {
		stream_send(stream, from, to, port);
		_exit(0);
	}
	stream->server = server;
	stream->client = client;
	for (int tries = 0; tries < 2000 && !stream->state.acked; tries++)
		pause_ms(10);
	return stream->state.acked ? stream : NULL;
}

struct stream_state stream_look(const struct stream *stream)
{
	return *(const volatile struct stream_state *)&stream->state;
}

void stream_stop(struct stream *stream)
{
	stream->stop = true;
	process_end(stream->client, 0);
	process_end(stream->server, SIGKILL);
	munmap(stream, sizeof(*stream));
}
