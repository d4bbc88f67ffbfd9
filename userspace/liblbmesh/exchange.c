// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * exchange.c - one request and its answers on the request socket. Called by
 * everything that asks the kernel something. Results of jobs come on the same
 * socket whenever they like; whoever reads them by the way puts them into the
 * stash, where lbmesh_commit_wait() finds them.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "internal.h"

/* The send buffer that every socket has at least, halved to be safe. */
#define SNDBUF_FREE 65536

/**
 * lbm_request_init() - Begin a request.
 * @request: to be set
 * @type: id of the family
 * @cmd: of the family
 * @version: of the family
 * @flags: NLM_F_ACK, or NLM_F_DUMP for a dump
 *
 * Return: the head, to put attributes into; they must fit LBM_HEAD_SIZE.
 */
struct nlmsghdr *lbm_request_init(struct lbm_request *request, uint16_t type, uint8_t cmd,
				  uint8_t version, uint16_t flags)
{
	struct nlmsghdr *head;
	struct genlmsghdr *genl;

	memset(request, 0, sizeof(*request));
	head = mnl_nlmsg_put_header(request->head);
	head->nlmsg_type = type;
	head->nlmsg_flags = NLM_F_REQUEST | flags;
	genl = mnl_nlmsg_put_extra_header(head, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
	return head;
}

/*
 * A netlink message must fit the send buffer as a whole. SO_SNDBUFFORCE needs
 * CAP_NET_ADMIN in the initial user namespace; without it net.core.wmem_max rules.
 */
static void sndbuf_raise(struct lbmesh *conn, size_t len)
{
	int want = (int)len;

	if (len <= SNDBUF_FREE || want <= conn->sndbuf)
		return;
	if (setsockopt(conn->request.fd, SOL_SOCKET, SO_SNDBUFFORCE, &want, sizeof(want)) &&
	    setsockopt(conn->request.fd, SOL_SOCKET, SO_SNDBUF, &want, sizeof(want)))
		return;
	conn->sndbuf = want;
}

static int request_send(struct lbmesh *conn, struct lbm_request *request, struct lbmesh_error *err)
{
	struct nlmsghdr *head = (struct nlmsghdr *)(void *)request->head;
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct iovec iov[2] = {{head, head->nlmsg_len}};
	struct msghdr msg = {.msg_name = conn->request.nl ? &kernel : NULL,
			     .msg_namelen = conn->request.nl ? sizeof(kernel) : 0,
			     .msg_iov = iov,
			     .msg_iovlen = 1};
	const size_t skip = MNL_NLMSG_HDRLEN + GENL_HDRLEN;
	const uint32_t head_len = head->nlmsg_len;
	ssize_t ret;

	if (request->body && request->body->nlmsg_len > skip) {
		iov[1].iov_base = mnl_nlmsg_get_payload_offset(request->body, GENL_HDRLEN);
		iov[1].iov_len = request->body->nlmsg_len - skip;
		msg.msg_iovlen = 2;
	}
	head->nlmsg_len = head_len + (uint32_t)iov[1].iov_len;
	head->nlmsg_seq = ++conn->seq;
	/* 0 is the seq of unasked messages. */
	if (!conn->seq)
		head->nlmsg_seq = ++conn->seq;
	sndbuf_raise(conn, head->nlmsg_len);
	do {
		ret = sendmsg(conn->request.fd, &msg, MSG_NOSIGNAL);
	} while (ret < 0 && errno == EINTR);
	ret = ret < 0 ? -errno : 0;
	/* lbm_place_find() wants to know where the head ends. */
	head->nlmsg_len = head_len;
	if (ret == -EMSGSIZE)
		return lbm_error_set(err, EMSGSIZE,
				     "a message of %zu bytes is more than the send buffer holds: "
				     "CAP_NET_ADMIN or a larger net.core.wmem_max is needed",
				     head_len + iov[1].iov_len);
	if (ret)
		return lbm_error_set(err, (int)-ret, "cannot send to the kernel: %s",
				     strerrordesc_np((int)-ret));
	return 0;
}

/**
 * lbm_stash_put() - Keep a result for whoever waits for it.
 * @conn: the connection
 * @result: copied; one with the same cookie is replaced, and the oldest makes
 *	room when there is none: its waiter will ask for the generation
 */
void lbm_stash_put(struct lbmesh *conn, const struct lbmesh_result *result)
{
	struct lbmesh_result old;

	(void)lbm_stash_take(conn, result->cookie, &old);
	if (conn->n_stash == LBM_STASH_MAX) {
		conn->n_stash--;
		conn->overrun = true;
		memmove(conn->stash, conn->stash + 1, conn->n_stash * sizeof(*conn->stash));
	}
	conn->stash[conn->n_stash++] = *result;
}

/**
 * lbm_stash_take() - Take a result out of the stash.
 * @conn: the connection
 * @cookie: of the job
 * @result: set when true is returned
 *
 * Return: whether it was there.
 */
bool lbm_stash_take(struct lbmesh *conn, uint64_t cookie, struct lbmesh_result *result)
{
	for (size_t i = 0; i < conn->n_stash; i++) {
		if (conn->stash[i].cookie != cookie)
			continue;
		*result = conn->stash[i];
		conn->n_stash--;
		memmove(conn->stash + i, conn->stash + i + 1,
			(conn->n_stash - i) * sizeof(*conn->stash));
		return true;
	}
	return false;
}

/* The kernel had to drop something meant for us. */
static void note_loss(struct lbmesh *conn)
{
	conn->overrun = true;
	lbm_drifts_lost(conn->drifts, -ENOBUFS);
}

/* What nobody asked for now: what a job found, its result, or the rest of something old. */
static void take_unasked(struct lbmesh *conn, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = lbm_message_genl(nlh);
	struct lbmesh_result result;

	if (nlh->nlmsg_type != conn->family || !genl)
		return;
	if (genl->cmd == LBMESH_CMD_AUDIT_RESULT && conn->drifts)
		lbm_drifts_take(conn->drifts, nlh);
	if (genl->cmd != LBMESH_CMD_COMMIT_RESULT)
		return;
	if (!lbm_decode_result(nlh, &result))
		lbm_stash_put(conn, &result);
	else
		conn->overrun = true; /* as good as lost */
}

struct exchange {
	struct lbmesh *conn;
	struct lbm_sent sent;
	lbm_answer_fn fn;
	void *data;
	struct lbmesh_error *err;
	bool done;
	bool interrupted;
	bool heard; /* since the deadline was set */
	int error;
};

static void exchange_fail(struct exchange *x, int error, const char *what)
{
	if (!x->error)
		x->error = lbm_error_set(x->err, -error, "%s", what);
}

static void take_answer(struct exchange *x, const struct nlmsghdr *nlh)
{
	int ret;

	x->heard = true;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		x->interrupted = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
		x->done = true;
		if (!x->error)
			x->error = lbm_error_from_kernel(x->err, nlh, &x->sent);
		return;
	case NLMSG_DONE:
		x->done = true;
		if (nlh->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(ret))
			return;
		memcpy(&ret, mnl_nlmsg_get_payload(nlh), sizeof(ret));
		if (ret < 0 && ret >= -4095)
			exchange_fail(x, ret, "the kernel broke off the dump");
		return;
	default:
		break;
	}
	if (nlh->nlmsg_type != x->sent.head->nlmsg_type || x->error)
		return;
	/* The rest is read all the same: a dump left half-way blocks the next. */
	ret = x->fn(nlh, x->data);
	if (ret == -ENOMEM)
		exchange_fail(x, ret, "out of memory");
	else if (ret)
		exchange_fail(x, ret, "malformed answer from the kernel");
}

static void take_datagram(struct lbmesh *conn, size_t len, struct exchange *x)
{
	const struct nlmsghdr *nlh = (const void *)conn->receive_buf;
	int left = (int)len;

	while (mnl_nlmsg_ok(nlh, left)) {
		if (x && nlh->nlmsg_seq == conn->seq)
			take_answer(x, nlh);
		else
			take_unasked(conn, nlh);
		nlh = mnl_nlmsg_next(nlh, &left);
	}
	if (x && left > 0)
		exchange_fail(x, -EPROTO, "cut-off answer from the kernel");
}

/**
 * lbm_collect() - Read one datagram while nothing was asked.
 * @conn: the connection
 * @deadline: as for lbm_receive()
 *
 * Results go to the stash, a loss is noted in the connection.
 *
 * Return: 0; -ETIMEDOUT; another negative errno when the socket is broken.
 */
int lbm_collect(struct lbmesh *conn, int64_t deadline)
{
	ssize_t len = lbm_receive(&conn->request, conn->receive_buf, LBM_RECEIVE_SIZE, deadline);

	if (len == -ENOBUFS || len == -EMSGSIZE) {
		note_loss(conn);
		return 0;
	}
	if (len < 0)
		return (int)len;
	take_datagram(conn, (size_t)len, NULL);
	return 0;
}

/**
 * lbm_exchange() - Send a request and read its answers to the end.
 * @conn: the connection; its timeout is the longest silence
 * @request: of lbm_request_init()
 * @fn: called with each answer but acknowledgements
 * @data: for @fn
 * @err: filled on failure, may be NULL
 *
 * Return: 0; 1 when a dump was read to its end but did not hold together
 * (NLM_F_DUMP_INTR); the kernel's or @fn's negative errno; -ETIMEDOUT.
 */
int lbm_exchange(struct lbmesh *conn, struct lbm_request *request, lbm_answer_fn fn, void *data,
		 struct lbmesh_error *err)
{
	const struct nlmsghdr *head = (const void *)request->head;
	struct exchange x = {
		.conn = conn,
		.sent = {head, request->body, head->nlmsg_type == conn->family},
		.fn = fn,
		.data = data,
		.err = err,
	};
	int64_t deadline;
	int ret = request_send(conn, request, err);

	if (ret)
		return ret;
	deadline = lbm_deadline(conn->timeout_ms);
	while (!x.done) {
		ssize_t len =
			lbm_receive(&conn->request, conn->receive_buf, LBM_RECEIVE_SIZE, deadline);

		if (len == -ENOBUFS) {
			/* Our answer may be what was dropped; the deadline will tell. */
			note_loss(conn);
			continue;
		}
		if (len == -ETIMEDOUT)
			return lbm_error_set(err, ETIMEDOUT, "no answer from the kernel in %d ms",
					     conn->timeout_ms);
		if (len < 0)
			return lbm_error_set(err, (int)-len, "cannot read from the kernel: %s",
					     strerrordesc_np((int)-len));
		x.heard = false;
		take_datagram(conn, (size_t)len, &x);
		if (x.heard)
			deadline = lbm_deadline(conn->timeout_ms);
	}
	return x.error ? x.error : x.interrupted;
}
