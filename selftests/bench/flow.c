// SPDX-License-Identifier: GPL-2.0
/*
 * A UDP flow in both directions between two network namespaces, which counts what does not arrive.
 * selftests/bench/smp.sh runs it while others swap peers.
 *
 *	flow NAMESPACE ADDRESS NAMESPACE ADDRESS RATE
 *
 * Sends RATE numbered packets a second each way until SIGTERM, waits for those on their way, and
 * prints what was sent, what was lost, and the longest time without an arrival, each way:
 *
 *	there SENT LOST GAP-MS back SENT LOST GAP-MS
 *
 * A packet that the kernel refuses to send is a lost one: WireGuard answers so when it knows no peer
 * for the address. Before it counts it waits until a packet has arrived each way, and says "ready".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define PORT 7777
/* Packets that a run can count: days. */
#define PACKETS (1U << 26)
/* How long a packet may be on its way. */
#define DRAIN_MS 3000

struct end {
	int fd;
	uint32_t sent;
	uint32_t arrived;
	uint64_t last; /* arrival */
	uint64_t gap;
	uint8_t *seen; /* a bit for each number */
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "flow: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void enter(const char *namespace)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", namespace);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		fail(path);
	close(fd);
}

/* A socket stays in the namespace that it was made in. */
static void end_open(struct end *end, const char *namespace, const char *from, const char *to)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(PORT)}, there = here;
	int room = 4 << 20;

	if (inet_pton(AF_INET, from, &here.sin_addr) != 1 ||
	    inet_pton(AF_INET, to, &there.sin_addr) != 1) {
		fprintf(stderr, "flow: %s, %s: no addresses\n", from, to);
		exit(2);
	}
	enter(namespace);
	end->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (end->fd < 0 || bind(end->fd, (struct sockaddr *)&here, sizeof(here)) ||
	    connect(end->fd, (struct sockaddr *)&there, sizeof(there)) ||
	    setsockopt(end->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		fail(from);
	end->seen = calloc(PACKETS / 8, 1);
	if (!end->seen)
		fail("memory");
}

static void end_send(struct end *end)
{
	uint32_t number = end->sent++ % PACKETS;

	/* An error that ICMP has left is reported once, instead of sending. */
	for (int i = 0; i < 2; i++) {
		if (send(end->fd, &number, sizeof(number), 0) == sizeof(number))
			return;
		if (errno != ECONNREFUSED && errno != EHOSTUNREACH && errno != ENETUNREACH)
			return;
	}
}

static void end_receive(struct end *end)
{
	uint64_t arrival;
	uint32_t number;
	ssize_t len;

	while ((len = recv(end->fd, &number, sizeof(number), 0)) != -1 || errno != EAGAIN) {
		if (len != sizeof(number) || number >= PACKETS)
			continue;
		arrival = now();
		if (end->last && arrival - end->last > end->gap)
			end->gap = arrival - end->last;
		end->last = arrival;
		if (end->seen[number / 8] & 1U << number % 8)
			continue;
		end->seen[number / 8] |= (uint8_t)(1U << number % 8);
		end->arrived++;
	}
}

static void forget(struct end *end)
{
	memset(end->seen, 0, PACKETS / 8);
	end->sent = end->arrived = 0;
	end->last = end->gap = 0;
}

/* Receives for a time, so that nothing of before is counted later. */
static void drain(struct end ends[2], unsigned int ms)
{
	uint64_t until = now() + ms * 1000000ULL;
	struct pollfd wait[2] = {{ends[0].fd, POLLIN, 0}, {ends[1].fd, POLLIN, 0}};

	while (now() < until) {
		poll(wait, 2, 10);
		end_receive(&ends[0]);
		end_receive(&ends[1]);
	}
}

/*
 * The first packet makes the handshake. Only one side begins: when both do at the same time,
 * WireGuard tries again after five seconds, on either side.
 */
static void warm_up(struct end ends[2])
{
	for (int i = 0; !ends[0].arrived || !ends[1].arrived; i++) {
		if (i == 600) {
			fprintf(stderr, "flow: nothing arrives\n");
			exit(1);
		}
		end_send(&ends[ends[1].arrived ? 1 : 0]);
		drain(ends, 100);
	}
	drain(ends, 500);
	forget(&ends[0]);
	forget(&ends[1]);
	printf("ready\n");
	fflush(stdout);
}

static void run(struct end ends[2], int timer, int signals)
{
	struct pollfd wait[4] = {
		{ends[0].fd, POLLIN, 0},
		{ends[1].fd, POLLIN, 0},
		{timer, POLLIN, 0},
		{signals, POLLIN, 0},
	};
	uint64_t ticks;

	while (!(wait[3].revents & POLLIN)) {
		if (poll(wait, 4, -1) < 0 && errno != EINTR)
			fail("poll");
		end_receive(&ends[0]);
		end_receive(&ends[1]);
		/* One packet, however late it is: no bursts. */
		if (wait[2].revents & POLLIN && read(timer, &ticks, sizeof(ticks)) > 0) {
			end_send(&ends[0]);
			end_send(&ends[1]);
		}
	}
}

int main(int argc, char **argv)
{
	struct end ends[2] = {};
	struct itimerspec period = {};
	sigset_t stop;
	int timer, signals;
	long rate;

	if (argc != 6 || (rate = atol(argv[5])) < 2 || rate > 100000) {
		fprintf(stderr, "usage: flow NAMESPACE ADDRESS NAMESPACE ADDRESS RATE\n");
		return 2;
	}
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	signals = signalfd(-1, &stop, SFD_CLOEXEC);
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	period.it_value.tv_nsec = period.it_interval.tv_nsec = 1000000000 / rate;
	end_open(&ends[0], argv[1], argv[2], argv[4]);
	end_open(&ends[1], argv[3], argv[4], argv[2]);
	warm_up(ends);
	if (signals < 0 || timer < 0 || timerfd_settime(timer, 0, &period, NULL))
		fail("timer");
	run(ends, timer, signals);
	drain(ends, DRAIN_MS);
	printf("there %u %u %llu back %u %u %llu\n", ends[0].sent, ends[0].sent - ends[1].arrived,
	       (unsigned long long)ends[1].gap / 1000000, ends[1].sent,
	       ends[1].sent - ends[0].arrived, (unsigned long long)ends[0].gap / 1000000);
	return 0;
}
