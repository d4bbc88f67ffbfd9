// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hearing of the writes of other controllers: LISTEN on a connection of its own, as the other one is
 * busy with transactions. The caller's descriptor is an epoll instance, which outlives connections:
 * an event loop must never find another file behind a number that it watches.
 */
#include "store/postgres.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Seconds between two attempts to listen again; the other connection is there when it is tried. */
#define LISTEN_PAUSE 2

static int epoll_add(int descriptor, int fd)
{
	return epoll_ctl(descriptor, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN});
}

static void listener_close(struct postgres_watch *watch)
{
	/* Closing its socket takes it out of the epoll instance. */
	PQfinish(watch->listener);
	watch->listener = NULL;
}

static void listener_open(struct sql *sql)
{
	struct postgres_watch *watch = &sql->watch;
	PGresult *result;
	bool good;

	watch->tried = time(NULL);
	if (postgres_connect(sql->url, &watch->listener, NULL))
		return;
	result = PQexec(watch->listener, "LISTEN lbd");
	good = PQresultStatus(result) == PGRES_COMMAND_OK &&
	       !epoll_add(watch->descriptor, PQsocket(watch->listener));
	PQclear(result);
	if (!good)
		listener_close(watch);
}

int postgres_watch_fd(struct sql *sql)
{
	struct postgres_watch *watch = &sql->watch;

	if (watch->descriptor >= 0)
		return watch->descriptor;
	watch->descriptor = epoll_create1(EPOLL_CLOEXEC);
	watch->signal = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (watch->descriptor < 0 || watch->signal < 0 ||
	    epoll_add(watch->descriptor, watch->signal)) {
		postgres_watch_close(sql);
		return -1;
	}
	listener_open(sql);
	return watch->descriptor;
}

void postgres_watch_clear(struct sql *sql)
{
	struct postgres_watch *watch = &sql->watch;
	PGnotify *notification;
	eventfd_t ignored;

	if (watch->descriptor < 0)
		return;
	(void)eventfd_read(watch->signal, &ignored);
	if (!watch->listener)
		return;
	if (!PQconsumeInput(watch->listener)) {
		listener_close(watch);
		return;
	}
	while ((notification = PQnotifies(watch->listener)))
		PQfreemem(notification);
}

void postgres_watch_check(struct sql *sql)
{
	struct postgres_watch *watch = &sql->watch;

	if (watch->descriptor < 0 || watch->listener || time(NULL) - watch->tried < LISTEN_PAUSE)
		return;
	listener_open(sql);
	/* Nobody has listened for a while: the caller has to look. */
	if (watch->listener)
		(void)eventfd_write(watch->signal, 1);
}

void postgres_watch_close(struct sql *sql)
{
	struct postgres_watch *watch = &sql->watch;

	listener_close(watch);
	if (watch->descriptor >= 0)
		close(watch->descriptor);
	if (watch->signal >= 0)
		close(watch->signal);
	watch->descriptor = watch->signal = -1;
}
