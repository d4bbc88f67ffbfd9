// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd-monitor.c - lbctl monitor: shows packets that are denied, or that a rule
 * logs, and new generations, as they come. Called by command.c.
 */
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "output.h"
#include "show.h"

static uint64_t clock_ms(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* NULL: events were lost. */
static enum lbctl_exit show_one(const struct options *options, const struct lbmesh_event *event)
{
	struct output *out lbctl_cleanup(output_freep) = output_new_line(options->json, stdout);

	if (!out)
		return report_memory();
	if (event)
		show_event(out, event, clock_ms(CLOCK_REALTIME));
	else
		show_lost(out, clock_ms(CLOCK_REALTIME));
	return report_output(out);
}

static enum lbctl_exit show_now(struct lbmesh *conn, const struct options *options)
{
	struct lbmesh_event event = {.kind = LBMESH_EVENT_GENERATION};
	struct lbmesh_error err;

	if (lbmesh_generation_get(conn, &event.generation, &err))
		return report_error(&err);
	return show_one(options, &event);
}

/* After a loss, what is in force now is asked for: that may be what was lost. */
static enum lbctl_exit drain(struct lbmesh *conn, const struct options *options)
{
	enum lbctl_exit ret = LBCTL_OK;

	while (ret == LBCTL_OK) {
		struct lbmesh_event event;
		struct lbmesh_error err;
		int got = lbmesh_event_next(conn, &event, &err);

		if (!got)
			break;
		if (got == 1) {
			ret = show_one(options, &event);
		} else if (got == -ENOBUFS) {
			ret = show_one(options, NULL);
			if (ret == LBCTL_OK)
				ret = show_now(conn, options);
		} else {
			ret = report_error(&err);
		}
	}
	return ret;
}

static enum lbctl_exit watch(struct lbmesh *conn, const struct options *options)
{
	const uint64_t end = clock_ms(CLOCK_MONOTONIC) + (uint64_t)options->timeout_s * 1000;

	for (;;) {
		struct pollfd pfd = {.fd = lbmesh_event_fd(conn), .events = POLLIN};
		enum lbctl_exit ret = drain(conn, options);
		uint64_t now = clock_ms(CLOCK_MONOTONIC);

		if (ret != LBCTL_OK || (options->timeout_s && now >= end))
			return ret;
		(void)poll(&pfd, 1, options->timeout_s ? (int)(end - now) : -1);
	}
}

/* It may be loaded and in force, and have nothing to say here. */
static enum lbctl_exit warn_silence(struct lbmesh *conn)
{
	struct lbmesh_error err;
	struct lbmesh_info info;

	if (lbmesh_info_get(conn, &info, &err))
		return report_error(&err);
	if (!(info.capabilities & LBMESH_CAPABILITY_EXPLAIN))
		(void)fputs("lbctl: monitor: this module tells of generations only, not of "
			    "packets\n",
			    stderr);
	return LBCTL_OK;
}

/**
 * cmd_monitor() - lbctl monitor.
 * @options: of the command line
 *
 * Return: the exit code; without a timeout it ends by a signal, or when it
 * fails.
 */
enum lbctl_exit cmd_monitor(const struct options *options)
{
	struct lbmesh *conn lbctl_cleanup(lbmesh_closep) = NULL;
	struct lbmesh_error err;
	enum lbctl_exit ret = connect_module(&conn);

	if (ret == LBCTL_OK)
		ret = warn_silence(conn);
	/* Subscribed before it is asked: what changes between is an event. */
	if (ret == LBCTL_OK &&
	    (lbmesh_event_subscribe(conn, &err) || lbmesh_event_subscribe_verdicts(conn, &err)))
		ret = report_error(&err);
	if (ret == LBCTL_OK)
		ret = show_now(conn, options);
	if (ret == LBCTL_OK)
		ret = watch(conn, options);
	return ret;
}
