/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Traffic through the hosts of a test, and what became of it: numbered datagrams at a constant
 * rate, who got which of them, and a TCP stream that tells what it had to send again. Each sender,
 * receiver and stream is a process, or two, of its own, and ends with the test.
 */
#ifndef LBMESH_SELFTESTS_TRAFFIC_H
#define LBMESH_SELFTESTS_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRAFFIC_PORT 9000
/* Flows are told apart by a number below this. */
#define TRAFFIC_FLOWS 8
/*
 * Datagrams a second, where the environment (LBMESH_RATE) does not say otherwise; a quarter where the
 * CPU is emulated. A busy machine does not reach it: a tenth is what a test asks for, and it prints
 * what there was.
 */
#define TRAFFIC_RATE 1000

/* What senders use. */
unsigned int traffic_rate(void);

struct sender;
struct receiver;
struct stream;

/*
 * Begins to send datagrams from an address of a host to another. Returns NULL when that failed. A
 * datagram that the kernel refused is one that was lost.
 */
struct sender *sender_start(const char *host, const char *from, const char *to, unsigned int flow);
/*
 * The same at a slow rate: where a session must be made first, during which WireGuard holds 128
 * packets, for as long as that takes on a busy machine.
 */
struct sender *sender_start_slow(const char *host, const char *from, const char *to,
				 unsigned int flow);
/* Datagrams so far. */
uint64_t sender_count(const struct sender *sender);
/* Datagrams a second so far. */
unsigned int sender_rate(const struct sender *sender);
/* Whether that is a tenth of its rate at least. */
bool sender_keeps_up(const struct sender *sender);
void sender_stop(struct sender *sender);

/* Notes what arrives at the port on any address of a host. */
struct receiver *receiver_start(const char *host);
/*
 * Notes what comes out of an interface, before any filter, gate or route had its say; also what is
 * not for this host. As root could with tcpdump.
 */
struct receiver *sniffer_start(const char *host, const char *ifname);
/* How many different datagrams of a flow it got. */
uint64_t receiver_count(const struct receiver *receiver, unsigned int flow);
/* The longest time in which none of a flow came, in milliseconds, since it was asked last. */
unsigned int receiver_silence(struct receiver *receiver, unsigned int flow);
void receiver_stop(struct receiver *receiver);

/**
 * struct loss - what became of a flow
 * @sent: datagrams that were sent
 * @lost: of them, those that no receiver got
 * @first: number of the first that was lost
 * @last: number of the last
 */
struct loss {
	uint64_t sent;
	uint64_t lost;
	uint64_t first;
	uint64_t last;
};

/*
 * What became of what was sent so far, or in all if the sender was stopped. What is on its way has
 * three seconds to arrive.
 */
struct loss flow_loss(const struct sender *sender, struct receiver *const *receivers, size_t count);

/* Prints what a host itself dropped, by interface and for want of room. */
void print_drops(const char *host);

/**
 * struct stream_state - a TCP stream as its sender sees it
 * @alive: it is still open
 * @acked: bytes that the other end has acknowledged
 * @resent: segments that were sent again, for whatever reason
 * @needless: of them, those that had arrived, as the other end said (RFC 2883)
 */
struct stream_state {
	bool alive;
	uint64_t acked;
	uint32_t resent;
	uint32_t needless;
};

/* A stream of small segments; NULL when it could not be opened. */
struct stream *stream_start(const char *host, const char *from, const char *other_host,
			    const char *to, uint16_t port);
struct stream_state stream_look(const struct stream *stream);
void stream_stop(struct stream *stream);

#endif
