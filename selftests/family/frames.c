// SPDX-License-Identifier: GPL-2.0
/* See frames.h. */

#include "frames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "boxes.h"

/* Link address of va. */
static uint8_t host_mac[6];

int host_mac_read(int host)
{
	char text[32];

	return namespace_set(host) ||
	       sh_read(text, sizeof(text), "ip -o link show va | sed 's/.*link.ether \\([^ ]*\\).*/\\1/'") ||
	       sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &host_mac[0], &host_mac[1],
		      &host_mac[2], &host_mac[3], &host_mac[4], &host_mac[5]) != 6;
}

int send_frame(const char *ifname, uint16_t type, const void *payload, size_t size)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(type), .sll_halen = 6,
		.sll_ifindex = if_nametoindex(ifname),
	};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(type)), ret;

	memcpy(to.sll_addr, host_mac, 6);
	ret = sendto(fd, payload, size, 0, (struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

int listen_frames(const char *ifname, uint16_t type)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(type),
		.sll_ifindex = if_nametoindex(ifname),
	};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(type));

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return -1;
	return fd;
}

void ipv4_checksum(uint8_t *frame)
{
	struct iphdr *ip = (struct iphdr *)frame;
	uint32_t sum = 0;

	ip->check = 0;
	for (unsigned int i = 0; i < ip->ihl * 2U; i++)
		sum += ((uint16_t *)frame)[i];
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~(sum + (sum >> 16));
}

size_t udp4(uint8_t *frame, unsigned int ihl, uint16_t fragment, int length_error)
{
	struct iphdr *ip = (struct iphdr *)frame;
	size_t size = ihl * 4 + 16;

	memset(frame, 0, size);
	ip->version = 4;
	ip->ihl = ihl;
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	ip->tot_len = htons(size + length_error);
	ip->frag_off = htons(fragment);
	inet_pton(AF_INET, v4[A], &ip->saddr);
	inet_pton(AF_INET, v4[C], &ip->daddr);
	if (ihl > 5)
		memset(frame + 20, 1, ihl * 4 - 20);
	frame[ihl * 4 + 1] = 99;
	frame[ihl * 4 + 3] = 54;
	frame[ihl * 4 + 5] = 16;
	ipv4_checksum(frame);
	return size;
}

size_t udp6(uint8_t *frame, int header)
{
	struct ip6_hdr *ip = (struct ip6_hdr *)frame;
	size_t extra = header < 0 ? 0 : 8;

	memset(frame, 0, sizeof(*ip) + extra + 16);
	ip->ip6_vfc = 0x60;
	ip->ip6_hlim = 64;
	ip->ip6_nxt = header < 0 ? IPPROTO_UDP : header;
	ip->ip6_plen = htons(extra + 16);
	inet_pton(AF_INET6, v6[A], &ip->ip6_src);
	inet_pton(AF_INET6, v6[C], &ip->ip6_dst);
	frame[40] = IPPROTO_UDP;
	/* A padding option fills the header. */
	if (header == IPPROTO_HOPOPTS || header == IPPROTO_DSTOPTS)
		memcpy(frame + 42, (uint8_t []){ 1, 4, 0, 0, 0, 0 }, 6);
	frame[40 + extra + 1] = 99;
	frame[40 + extra + 3] = 54;
	frame[40 + extra + 5] = 16;
	if (!extra)
		frame[40] = 0;
	/* The checksum is not looked at on the way. */
	return sizeof(*ip) + extra + 16;
}

bool arrives(int from, int to, uint16_t type, const void *frame, size_t size)
{
	struct pollfd pfd = { .events = POLLIN };
	uint8_t buffer[2048];
	bool got = false;
	ssize_t length;

	must(namespace_set(to));
	pfd.fd = listen_frames("eth0", type);
	must(pfd.fd);
	must(namespace_set(from));
	must(send_frame("eth0", type, frame, size));
	while (poll(&pfd, 1, 150 * machine_slowness()) == 1 && !got) {
		length = recv(pfd.fd, buffer, sizeof(buffer), 0);
		/* Not the host's own chatter. */
		if (type == ETH_P_IP)
			got = length >= 20 && buffer[9] == IPPROTO_UDP;
		else
			got = length >= 40 && memcmp(buffer + 8, (uint8_t *)frame + 8, 16) == 0;
	}
	close(pfd.fd);
	return got;
}
