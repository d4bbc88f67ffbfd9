// SPDX-License-Identifier: GPL-2.0
/*
 * The packets of the benchmark of firewalls. Runs in the namespace of the firewall, and puts frames on the
 * wire in another one, BOX, at the far end of a veth pair; so each packet passes the near end as if it came
 * from a sandbox or another host, and is worked off before the system call goes on.
 * selftests/bench/fw-guest.sh calls it.
 *
 *	fw-send BOX IFNAME MAC time COUNT ROUNDS TUPLES
 *				sends COUNT of the tuples in turn, ROUNDS times; prints, for each round, nanoseconds
 *				and how many were delivered to a protocol or forwarded
 *	fw-send BOX IFNAME MAC establish TUPLES
 *				makes connection tracking know them as established, and their verdicts cached
 *	fw-send BOX IFNAME MAC verdicts TUPLES
 *				prints a + for each that is delivered or forwarded, and a - for each that is not
 *
 * A line of TUPLES: "udp" or "tcp", source, its port, destination, its port. MAC is that of the near end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Frames in a system call. */
#define BATCH 64

/* The least on a wire: what counts is headers. */
#define FRAME_BYTES 60

struct frame {
	/* So that the headers of IP are aligned; it is not sent. */
	uint16_t gap;
	struct ether_header ether;
	struct iphdr ip;
	union {
		struct tcphdr tcp;
		struct udphdr udp;
	};
	uint8_t padding[6];
};

_Static_assert(offsetof(struct frame, ip) == 16, "a frame has another gap");

struct wire {
	int fd;
	/* /proc/net/snmp of the firewall's namespace. */
	int counters;
	struct sockaddr_ll to;
	uint8_t mac[ETH_ALEN];
};

struct load {
	struct frame *frames;
	unsigned int count;
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "fw-send: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* --- Frames ------------------------------------------------------------------------------------- */

static uint16_t sum(uint32_t start, const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i + 1 < size; i += 2)
		start += (uint32_t)(byte[i] << 8 | byte[i + 1]);
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return (uint16_t)start;
}

/* Connection tracking looks at checksums. Of UDP, 0 is none. */
static void finish(struct frame *frame)
{
	struct iphdr *ip = &frame->ip;

	ip->check = 0;
	ip->check = htons((uint16_t)~sum(0, ip, sizeof(*ip)));
	if (ip->protocol == IPPROTO_TCP) {
		frame->tcp.check = 0;
		frame->tcp.check =
			htons((uint16_t)~sum(sum(IPPROTO_TCP + sizeof(frame->tcp), &ip->saddr, 8),
					     &frame->tcp, sizeof(frame->tcp)));
	}
}

static bool make(struct frame *frame, const struct wire *wire, const char *line)
{
	unsigned int src_port, dst_port;
	char protocol[4], src[16], dst[16];

	memset(frame, 0, sizeof(*frame));
	if (sscanf(line, "%3s %15s %u %15s %u", protocol, src, &src_port, dst, &dst_port) != 5)
		return false;
	memcpy(frame->ether.ether_dhost, wire->mac, ETH_ALEN);
	frame->ether.ether_type = htons(ETHERTYPE_IP);
	frame->ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64};
	if (inet_pton(AF_INET, src, &frame->ip.saddr) != 1 ||
	    inet_pton(AF_INET, dst, &frame->ip.daddr) != 1)
		return false;
	if (strcmp(protocol, "tcp") == 0) {
		frame->ip.protocol = IPPROTO_TCP;
		frame->ip.tot_len = htons(sizeof(frame->ip) + sizeof(frame->tcp));
		frame->tcp = (struct tcphdr){.syn = 1, .doff = 5, .window = htons(1024)};
	} else {
		frame->ip.protocol = IPPROTO_UDP;
		frame->ip.tot_len = htons(sizeof(frame->ip) + sizeof(frame->udp));
		frame->udp.len = htons(sizeof(frame->udp));
	}
	/* Both headers begin with the ports. */
	frame->udp.source = htons((uint16_t)src_port);
	frame->udp.dest = htons((uint16_t)dst_port);
	finish(frame);
	return true;
}

static void turn_round(struct frame *frame)
{
	uint32_t address = frame->ip.saddr;
	uint16_t port = frame->udp.source;

	frame->ip.saddr = frame->ip.daddr;
	frame->ip.daddr = address;
	frame->udp.source = frame->udp.dest;
	frame->udp.dest = port;
	finish(frame);
}

static struct load read_tuples(const struct wire *wire, const char *name)
{
	FILE *file = fopen(name, "r");
	struct load load = {};
	size_t room = 0;
	char line[128];

	if (!file)
		fail(name);
	while (fgets(line, sizeof(line), file)) {
		if (load.count == room) {
			room = 2 * room + BATCH;
			load.frames = realloc(load.frames, room * sizeof(*load.frames));
			if (!load.frames)
				fail(name);
		}
		errno = EINVAL;
		if (!make(&load.frames[load.count++], wire, line))
			fail(name);
	}
	if (!load.count)
		fail(name);
	fclose(file);
	return load;
}

/* --- The wire ----------------------------------------------------------------------------------- */

static struct wire wire_open(const char *box, const char *ifname, const char *mac)
{
	struct wire wire = {.to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)}};
	unsigned int byte[ETH_ALEN];
	char name[64];
	int fd, on = 1;

	if (sscanf(mac, "%x:%x:%x:%x:%x:%x", byte, byte + 1, byte + 2, byte + 3, byte + 4,
		   byte + 5) != ETH_ALEN)
		fail(mac);
	for (int i = 0; i < ETH_ALEN; i++)
		wire.mac[i] = (uint8_t)byte[i];
	wire.counters = open("/proc/thread-self/net/snmp", O_RDONLY | O_CLOEXEC);
	snprintf(name, sizeof(name), "/run/netns/%s", box);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (wire.counters < 0 || fd < 0 || setns(fd, CLONE_NEWNET))
		fail(name);
	close(fd);
	wire.to.sll_ifindex = (int)if_nametoindex(ifname);
	wire.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (!wire.to.sll_ifindex || wire.fd < 0 ||
	    setsockopt(wire.fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) ||
	    bind(wire.fd, (struct sockaddr *)&wire.to, sizeof(wire.to)))
		fail(ifname);
	return wire;
}

static void put(const struct wire *wire, struct frame *frames, unsigned int count)
{
	struct mmsghdr messages[BATCH] = {};
	struct iovec vectors[BATCH];
	int sent;

	for (unsigned int i = 0; i < count; i++) {
		vectors[i] = (struct iovec){.iov_base = &frames[i].ether, .iov_len = FRAME_BYTES};
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (unsigned int done = 0; done < count; done += (unsigned int)sent) {
		sent = sendmmsg(wire->fd, messages + done, count - done, 0);
		if (sent <= 0)
			fail("sendmmsg");
	}
}

/* COUNT frames in turn, beginning at FROM. */
static void put_all(const struct wire *wire, const struct load *load, unsigned int from,
		    unsigned int count)
{
	while (count) {
		unsigned int at = from % load->count, some = load->count - at;

		if (some > BATCH)
			some = BATCH;
		if (some > count)
			some = count;
		put(wire, load->frames + at, some);
		from += some;
		count -= some;
	}
}

/* Packets that the namespace has delivered to a protocol, or forwarded. */
static unsigned long arrived(const struct wire *wire)
{
	unsigned long forwarded, delivered;
	char text[1024];
	ssize_t length = pread(wire->counters, text, sizeof(text) - 1, 0);
	char *line;

	if (length <= 0)
		fail("/proc/net/snmp");
	text[length] = 0;
	/* Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams ... */
	line = strstr(text + 1, "\nIp:");
	if (!line ||
	    sscanf(line, "\nIp: %*u %*u %*u %*u %*u %lu %*u %*u %lu", &forwarded, &delivered) != 2)
		fail("/proc/net/snmp is not understood");
	return forwarded + delivered;
}

/* --- What it is for ----------------------------------------------------------------------------- */

/* So that few tuples, too, go many to a system call. */
static void repeat(struct load *load)
{
	unsigned int count = load->count;

	while (load->count < BATCH) {
		load->frames = realloc(load->frames, (load->count + count) * sizeof(*load->frames));
		if (!load->frames)
			fail("the tuples");
		memcpy(load->frames + load->count, load->frames, count * sizeof(*load->frames));
		load->count += count;
	}
}

static void measure(const struct wire *wire, struct load *load, unsigned int count,
		    unsigned int rounds)
{
	unsigned int from = 0;

	repeat(load);
	for (unsigned int i = 0; i < rounds; i++, from += count) {
		unsigned long before = arrived(wire);
		uint64_t began = now(), ended;

		put_all(wire, load, from, count);
		ended = now();
		printf("%llu %lu\n", (unsigned long long)(ended - began), arrived(wire) - before);
	}
}

/* The third packet of each is at the latest the one after which its verdict is cached. */
static void establish(const struct wire *wire, const struct load *load)
{
	put_all(wire, load, 0, load->count);
	for (unsigned int i = 0; i < load->count; i++)
		turn_round(&load->frames[i]);
	put_all(wire, load, 0, load->count);
	for (unsigned int i = 0; i < load->count; i++)
		turn_round(&load->frames[i]);
	put_all(wire, load, 0, load->count);
	put_all(wire, load, 0, load->count);
}

static void show_verdicts(const struct wire *wire, const struct load *load)
{
	for (unsigned int i = 0; i < load->count; i++) {
		unsigned long before = arrived(wire);

		put(wire, load->frames + i, 1);
		putchar(arrived(wire) > before ? '+' : '-');
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	struct wire wire;
	struct load load;

	if (argc < 6 || argc > 8) {
		fprintf(stderr, "usage: fw-send BOX IFNAME MAC time COUNT ROUNDS TUPLES\n"
				"       fw-send BOX IFNAME MAC establish|verdicts TUPLES\n");
		return 2;
	}
	wire = wire_open(argv[1], argv[2], argv[3]);
	load = read_tuples(&wire, argv[argc - 1]);
	if (argc == 8)
		measure(&wire, &load, (unsigned int)atoi(argv[5]), (unsigned int)atoi(argv[6]));
	else if (strcmp(argv[4], "establish") == 0)
		establish(&wire, &load);
	else
		show_verdicts(&wire, &load);
	return 0;
}
