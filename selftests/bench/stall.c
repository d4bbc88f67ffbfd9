// SPDX-License-Identifier: GPL-2.0
/*
 * Measures how long others keep RTNL, the lock that every change of an interface, address or route
 * needs: sets the group of an interface again and again until SIGTERM, and prints the longest time
 * that it took, in nanoseconds, and how often it asked. selftests/bench/smp.sh runs it.
 *
 *	stall IFNAME
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Between two requests: others must be able to get the lock; a stall is seen but for so much. */
#define PAUSE_NS 200000

struct request {
	struct nlmsghdr head;
	struct ifinfomsg link;
	struct rtattr group;
	uint32_t value;
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "stall: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* One request and its acknowledgement; the kernel handles it before send() returns. */
static uint64_t ask(int fd, const struct request *request)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
	} answer;
	uint64_t began = now(), took;

	if (send(fd, request, sizeof(*request), 0) != sizeof(*request))
		fail("send");
	took = now() - began;
	if (recv(fd, &answer, sizeof(answer), MSG_TRUNC) < (ssize_t)sizeof(answer.head) + 4 ||
	    answer.head.nlmsg_type != NLMSG_ERROR)
		fail("no acknowledgement");
	errno = -answer.error.error;
	if (errno)
		fail("the kernel refuses");
	return took;
}

int main(int argc, char **argv)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	struct sigaction action = {.sa_handler = stop};
	struct request request = {
		.head = {sizeof(request), RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0},
		.group = {RTA_LENGTH(sizeof(uint32_t)), IFLA_GROUP},
	};
	uint64_t longest = 0, took;
	unsigned long asked = 0;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: stall IFNAME\n");
		return 2;
	}
	request.link.ifi_index = (int)if_nametoindex(argv[1]);
	if (!request.link.ifi_index)
		fail(argv[1]);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0 || sigaction(SIGTERM, &action, NULL))
		fail("socket");
	printf("ready\n");
	fflush(stdout);
	for (; !stopped; asked++) {
		/* Groups 0 and 1 in turn, so that there is something to change. */
		request.value = asked & 1;
		took = ask(fd, &request);
		if (took > longest)
			longest = took;
		nanosleep(&pause, NULL);
	}
	printf("%llu %lu\n", (unsigned long long)longest, asked);
	return 0;
}
