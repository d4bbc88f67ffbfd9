/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one address may use of the server: connections at a time, new connections and requests a
 * second. Used by http-*.c. An address is an IPv4 address or the first 64 bits of an IPv6 one,
 * because that is what one customer of a provider has.
 */
#ifndef LBD_CONTROLLER_LIMITS_H
#define LBD_CONTROLLER_LIMITS_H

#include "model/fault.h"

#include <stdbool.h>
#include <sys/socket.h>

#define LIMITS_ADDRESSES    16384
#define LIMITS_BURST	    10 /* seconds' worth of requests */
#define LIMITS_SHARED_TIMES 16 /* what all beyond the table have together */

struct limits;

/*
 * requests a second, 0 for no limit; connections of one address at a time. addresses: how many are
 * kept apart (LIMITS_ADDRESSES; tests have fewer).
 */
int limits_new(unsigned int requests, size_t connections, size_t addresses, struct limits **limits,
	       struct fault *fault);
void limits_free(struct limits *limits);

/*
 * Whether a new connection may be accepted: an address may connect twice as often as it may ask, so
 * that one with a connection for each request is told to slow down before it is shut out. Times are
 * milliseconds of a clock that only goes forward.
 */
bool limits_accept(struct limits *limits, const struct sockaddr *address, int64_t now);

/* Counts a connection; what comes back stands for its address until limits_disconnect(). */
size_t limits_connect(struct limits *limits, const struct sockaddr *address, int64_t now);
void limits_disconnect(struct limits *limits, size_t place);

/* 0 when a request may be served, else the seconds to wait for the next one. */
unsigned int limits_request(struct limits *limits, size_t place, int64_t now);

#endif
