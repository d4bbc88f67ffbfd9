/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test.h - what the tests of the library share: messages as the kernel would
 * send them, and a connection whose kernel is the other end of a socket pair.
 */
#ifndef LBMESH_TEST_H
#define LBMESH_TEST_H

#include <criterion/criterion.h>

#include "internal.h"

#define TEST_FAMILY 0x23

/* One message at a time, of any length. */
struct test_message {
	uint8_t bytes[70000] __attribute__((aligned(4)));
	struct nlmsghdr *nlh;
};

/* A connection, and the socket where its kernel would be. */
struct test_wire {
	struct lbmesh *conn;
	int kernel;
	struct test_message in; /* what was received last */
};

struct nlmsghdr *test_message(struct test_message *message, uint16_t type, uint8_t cmd,
			      uint32_t seq);
void test_ack(struct test_message *message, uint32_t seq, int error, const char *sentence,
	      const uint32_t *offset);
void test_result(struct test_message *message, uint64_t cookie, uint32_t code);

void test_wire_open(struct test_wire *wire);
void test_wire_close(struct test_wire *wire);
void test_wire_send(struct test_wire *wire, const struct test_message *message);
ssize_t test_wire_receive(struct test_wire *wire);

#endif /* LBMESH_TEST_H */
