/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Netlink messages that liblbmesh would refuse to build: wrong lengths, numbers that no attribute
 * has, flags that are missing. Only tests of refusals, and the dump that is read piece by piece,
 * use this; whatever is well formed goes through the library.
 */
#ifndef LBMESH_SELFTESTS_RAW_H
#define LBMESH_SELFTESTS_RAW_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RAW_SIZE 16384

/**
 * struct raw - a socket that speaks to the family lbmesh in the namespace it was opened in
 * @socket: NETLINK_EXT_ACK and NETLINK_CAP_ACK are on
 * @family: number of the family
 * @sequence: of the last request
 * @header: the message under construction; lies in @buffer
 */
struct raw {
	struct mnl_socket *socket;
	uint16_t family;
	uint32_t sequence;
	struct nlmsghdr *header;
	char buffer[RAW_SIZE];
};

/**
 * struct raw_answer - how the kernel answered
 * @error: 0, or a positive errno
 * @message: sentence of the extended ACK, or empty
 * @offset: of the attribute at fault, from the message's start; 0 when none was named
 * @done: the answer was the end of a dump, not an ACK
 */
struct raw_answer {
	int error;
	char message[256];
	size_t offset;
	bool done;
};

/* Returns 0 or a negative errno; -ENOENT when the kernel does not have the family. */
int raw_open(struct raw *raw);
void raw_close(struct raw *raw);

void raw_begin(struct raw *raw, uint8_t command, uint16_t flags);
/* These return where the attribute starts, as an extended ACK counts it. */
size_t raw_put(struct raw *raw, uint16_t type, const void *data, size_t length);
size_t raw_put_u8(struct raw *raw, uint16_t type, uint8_t value);
size_t raw_put_u32(struct raw *raw, uint16_t type, uint32_t value);
size_t raw_nest(struct raw *raw, uint16_t type);
void raw_nest_end(struct raw *raw, size_t nest);

/* Sends what was built and waits for the ACK or the end of the dump. */
struct raw_answer raw_ask(struct raw *raw);
/*
 * The same for a dump or a single get, and shows each message before the end. Where the answer is 0, a
 * dump that changed in between has EINTR.
 */
struct raw_answer raw_read(struct raw *raw, void (*show)(const struct nlmsghdr *header, void *data),
			   void *data);
/* Sends only. Returns 0 or a negative errno. */
int raw_send(struct raw *raw);
/*
 * Sends two messages as one datagram, which the kernel handles one right after the other. The
 * second lies in another raw, has another sequence, and is answered on the socket of the first.
 */
int raw_send_both(struct raw *raw, const struct raw *second);
/* Waits for the ACK of the request with this sequence. */
struct raw_answer raw_wait(struct raw *raw, uint32_t sequence);
/* The answer that a NLMSG_ERROR or NLMSG_DONE carries. */
struct raw_answer raw_answer_of(const struct nlmsghdr *header);

/* Whether the kernel has a generic netlink family of this name. */
bool raw_family_exists(const char *name);
/* Joins the multicast group of this name. Returns 0 or a negative errno. */
int raw_join(struct raw *raw, const char *group);

#endif
