// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-support.c - the other end of test.h.
 *
 * The kernel of a test answers before it is asked: what it says is put into
 * the socket first, with the sequence numbers that the connection will use,
 * which begin at 1. So no test needs a thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

struct nlmsghdr *test_message(struct test_message *message, uint16_t type, uint8_t cmd,
			      uint32_t seq)
{
	struct genlmsghdr *genl;

	memset(message->bytes, 0, sizeof(message->bytes));
	message->nlh = mnl_nlmsg_put_header(message->bytes);
	message->nlh->nlmsg_type = type;
	message->nlh->nlmsg_seq = seq;
	genl = mnl_nlmsg_put_extra_header(message->nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = LBMESH_FAMILY_VERSION;
	return message->nlh;
}

void test_ack(struct test_message *message, uint32_t seq, int error, const char *sentence,
	      const uint32_t *offset)
{
	struct nlmsgerr *ack;

	memset(message->bytes, 0, sizeof(message->bytes));
	message->nlh = mnl_nlmsg_put_header(message->bytes);
	message->nlh->nlmsg_type = NLMSG_ERROR;
	message->nlh->nlmsg_seq = seq;
	message->nlh->nlmsg_flags = NLM_F_CAPPED;
	ack = mnl_nlmsg_put_extra_header(message->nlh, sizeof(*ack));
	ack->error = -error;
	if (sentence || offset)
		message->nlh->nlmsg_flags |= NLM_F_ACK_TLVS;
	if (sentence)
		mnl_attr_put_strz(message->nlh, NLMSGERR_ATTR_MSG, sentence);
	if (offset)
		mnl_attr_put_u32(message->nlh, NLMSGERR_ATTR_OFFS, *offset);
}

void test_result(struct test_message *message, uint64_t cookie, uint32_t code)
{
	struct nlmsghdr *nlh = test_message(message, TEST_FAMILY, LBMESH_CMD_COMMIT_RESULT, 0);
	struct nlattr *nest;

	mnl_attr_put_u64(nlh, LBMESH_A_COOKIE, cookie);
	mnl_attr_put_u64(nlh, LBMESH_A_GENERATION, 7);
	nest = mnl_attr_nest_start(nlh, LBMESH_A_RESULT);
	mnl_attr_put_u32(nlh, LBMESH_A_RESULT_ERRNO, code);
	mnl_attr_put_u8(nlh, LBMESH_A_RESULT_PHASE, LBMESH_PHASE_PREPARE);
	mnl_attr_put_u8(nlh, LBMESH_A_RESULT_OBJECT, LBMESH_OBJECT_PEER);
	mnl_attr_put_u32(nlh, LBMESH_A_RESULT_INDEX, 3);
	mnl_attr_put_strz(nlh, LBMESH_A_RESULT_MESSAGE, "peer: WireGuard refused it");
	mnl_attr_nest_end(nlh, nest);
}

void test_wire_open(struct test_wire *wire)
{
	int fds[2];

	memset(wire, 0, sizeof(*wire));
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	wire->conn = calloc(1, sizeof(*wire->conn));
	cr_assert(wire->conn);
	wire->conn->request.fd = fds[0];
	wire->conn->events.fd = -1;
	wire->conn->family = TEST_FAMILY;
	wire->conn->timeout_ms = 50;
	wire->conn->receive_buf = malloc(LBM_RECEIVE_SIZE);
	wire->kernel = fds[1];
	cr_assert(wire->conn->receive_buf);
}

void test_wire_close(struct test_wire *wire)
{
	close(wire->conn->request.fd);
	close(wire->kernel);
	lbmesh_close(wire->conn);
}

void test_wire_send(struct test_wire *wire, const struct test_message *message)
{
	ssize_t len = (ssize_t)message->nlh->nlmsg_len;

	cr_assert_eq(send(wire->kernel, message->bytes, (size_t)len, MSG_DONTWAIT), len);
}

ssize_t test_wire_receive(struct test_wire *wire)
{
	ssize_t len = recv(wire->kernel, wire->in.bytes, sizeof(wire->in.bytes), MSG_DONTWAIT);

	wire->in.nlh = (struct nlmsghdr *)(void *)wire->in.bytes;
	return len;
}
