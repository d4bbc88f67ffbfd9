/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sandboxes that are network namespaces, for tests that send packets through the firewall, and a
 * namespace that nobody has made an endpoint of:
 *
 *	   a                      b                      c
 *	 eth0 10.7.1.2          eth0 10.7.2.2          eth0 10.7.3.2
 *	      fd07:1::2              fd07:2::2              fd07:3::2
 *	   |                      |                      |
 *	 va 10.7.1.1            vb 10.7.2.1            vc 10.7.3.1         where the test began
 *
 * Each of them answers TCP at ports 80 to 82 and UDP at port 53 with what it was sent.
 */
#ifndef LBMESH_SELFTESTS_BOXES_H
#define LBMESH_SELFTESTS_BOXES_H

#include <lbmesh/lbmesh.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util.h"

#define BOXES 3
enum { A, B, C, HOST };

/* Long enough on a slow machine, and waited for only where nothing comes. */
#define PATIENCE_MS 300

/* Addresses; of the host, one that b can reach. */
extern const char *const v4[BOXES + 1], *const v6[BOXES + 1];
extern const char names[];

/* Their namespaces, and who answers there. */
struct boxes {
	int ns[BOXES + 1];
	pid_t server[BOXES + 1];
};

/*
 * Makes the boxes out of a namespace of the test's own, with forwarding on and the kernel's limits of
 * ICMP off. Returns 0 or a negative errno.
 */
int boxes_make(struct boxes *boxes);
/*
 * Takes IPv6 from all of them, which speaks up when it likes: then nothing is on their links but what a
 * test sends.
 */
int boxes_be_silent(const struct boxes *boxes);
void boxes_end(struct boxes *boxes);

/* Servers and clients. A client moves the process into its namespace. */

/* Answers in a namespace, until it is stopped. Returns -1 when that failed. */
pid_t server_start(int ns);
void server_stop(pid_t pid);
/*
 * Makes a stream that is closed end at once: one that was cut would keep its namespace, and so the
 * module, until it has given up.
 */
void end_at_once(int fd);
/* These return a connected socket that has had an echo, or a negative errno. */
int stream_open(int ns, const char *to, uint16_t port);
int datagrams_open(int ns, const char *to, uint16_t port);
/* Waits for an echo. Returns 0 or the errno with which it did not come. */
int echo(int fd);
/* These return 0, ECONNREFUSED, or ETIMEDOUT when nothing comes back. */
int try_tcp(int ns, const char *to, uint16_t port);
int try_udp(int ns, const char *to, uint16_t port);
int try_ping(int ns, const char *to);
/* Sends so many at once and waits for nothing. Returns 0 or an errno. */
int send_datagrams(int ns, const char *to, uint16_t port, int count);

/* Commits. */

/* Any when it is NULL. */
struct lbmesh_selector prefix_of(const char *text);
#define add_rule(commit, ...) \
	must(lbmesh_commit_put_rule(commit, &(struct lbmesh_rule){ __VA_ARGS__ }))
#define INGRESS .has_direction = true, .direction = LBMESH_DIRECTION_INGRESS
#define EGRESS .has_direction = true, .direction = LBMESH_DIRECTION_EGRESS
#define PROTOCOL(n) .has_protocol = true, .protocol = (n)
#define PORT(n) .dst_ports = &(struct lbmesh_range){ n, n }, .n_dst_ports = 1

/* A sandbox with one or both of its addresses, judged by a layer of its own unless that is 0. */
void put_sandbox(struct lbmesh_commit *commit, int box, bool with6, uint32_t layer);
/* a and b are sandboxes; layer 1 judges a, layer 2 b. */
struct lbmesh_commit *both_new(void);
/* Of what is in force. */
struct lbmesh_commit *delta(struct lbmesh *conn);

/* Counters. */

struct lbmesh_cache cache_counters(struct lbmesh *conn);
/* A counter of the nest path in the answer to generation-get; UINT64_MAX when it is not there. */
uint64_t path_counter(uint16_t type);
/*
 * Waits in this namespace until no packet has been counted for longer than an acknowledgement may be
 * delayed, so that what is counted next is the test's own.
 */
void packets_settle(int ns);

#endif
