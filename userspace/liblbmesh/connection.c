// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * connection.c - a connection to the family, from lbmesh_open() to lbmesh_close().
 * Called by lbd, lbctl and tests; the events socket is opened by event.c.
 */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

/* The module's handlers do not sleep long; a loaded machine may. */
#define TIMEOUT_DEFAULT_MS 10000

/**
 * lbmesh_open() - Connect to the module in the network namespace of the thread.
 * @conn: set when 0 is returned, NULL otherwise; lbmesh_close() ends it
 * @err: filled on failure, may be NULL
 *
 * The connection stays with its namespace, wherever the thread goes.
 *
 * Return: 0; -ENOENT when the module is not loaded; -EPROTONOSUPPORT when it
 * is too old; -ENOMEM; another negative errno of the socket calls.
 */
LBMESH_PUBLIC int lbmesh_open(struct lbmesh **conn, struct lbmesh_error *err)
{
	struct lbmesh *new = calloc(1, sizeof(*new));
	int ret;

	*conn = NULL;
	if (!new)
		return lbm_error_set(err, ENOMEM, "out of memory");
	new->request.fd = -1;
	new->events.fd = -1;
	new->timeout_ms = TIMEOUT_DEFAULT_MS;
	new->receive_buf = malloc(LBM_RECEIVE_SIZE);
	if (new->receive_buf)
		ret = lbm_socket_open(&new->request, err);
	else
		ret = lbm_error_set(err, ENOMEM, "out of memory");
	if (!ret)
		ret = lbm_family_resolve(new, err);
	if (ret)
		lbmesh_close(new);
	else
		*conn = new;
	return ret;
}

/**
 * lbmesh_close() - End a connection. Jobs that it began go on.
 * @conn: may be NULL
 */
LBMESH_PUBLIC void lbmesh_close(struct lbmesh *conn)
{
	if (!conn)
		return;
	lbm_socket_close(&conn->request);
	lbm_socket_close(&conn->events);
	free(conn->receive_buf);
	free(conn->event_buf);
	free(conn);
}

/**
 * lbmesh_closep() - lbmesh_close() for __attribute__((cleanup)).
 * @conn: what it points to may be NULL, and is NULL afterwards
 */
LBMESH_PUBLIC void lbmesh_closep(struct lbmesh **conn)
{
	lbmesh_close(*conn);
	*conn = NULL;
}

/**
 * lbmesh_timeout_set() - Say how long the kernel may be silent when asked.
 * @conn: the connection
 * @timeout_ms: milliseconds, 10,000 if never set; negative is forever
 *
 * This is about answers, which come at once; how long a job may take is said
 * to lbmesh_commit_wait().
 */
LBMESH_PUBLIC void lbmesh_timeout_set(struct lbmesh *conn, int timeout_ms)
{
	conn->timeout_ms = timeout_ms;
}

/**
 * lbmesh_fd() - The socket that results of jobs come on, to be polled.
 * @conn: the connection, which owns it
 *
 * When it is readable, and once after lbmesh_commit_send(), call
 * lbmesh_commit_wait() with a timeout of 0: another call may have read the
 * result already.
 *
 * Return: a file descriptor.
 */
LBMESH_PUBLIC int lbmesh_fd(const struct lbmesh *conn)
{
	return conn->request.fd;
}

/**
 * lbmesh_version() - The version of this library.
 *
 * Return: a constant string, "1.2.3".
 */
LBMESH_PUBLIC const char *lbmesh_version(void)
{
	return LBMESH_LIBRARY_VERSION;
}
