// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd-generation.c - the commands about the whole: status, generation, wait.
 * Called by command.c.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "show.h"

/**
 * cmd_status() - lbctl status.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_status(const struct options *options)
{
	struct lbmesh *conn lbctl_cleanup(lbmesh_closep) = NULL;
	struct output *out lbctl_cleanup(output_freep) = NULL;
	struct snapshot snapshot lbctl_cleanup(snapshot_free) = {0};
	struct lbmesh_error err;
	struct lbmesh_info info;
	enum lbctl_exit ret = connect_module(&conn);

	if (ret == LBCTL_OK && lbmesh_info_get(conn, &info, &err))
		ret = report_error(&err);
	if (ret == LBCTL_OK)
		ret = snapshot_read(conn, SNAPSHOT_DEVICES | SNAPSHOT_PEERS | SNAPSHOT_MEMBERS,
				    &snapshot);
	if (ret != LBCTL_OK)
		return ret;
	out = output_new(options->json, stdout);
	if (!out)
		return report_memory();
	show_status(out, &info, &snapshot);
	return report_output(out);
}

/**
 * cmd_generation() - lbctl generation.
 * @options: of the command line
 *
 * Return: the exit code; LBCTL_NOT_READY when none is in force, so that a
 * script need not read the output.
 */
enum lbctl_exit cmd_generation(const struct options *options)
{
	struct lbmesh *conn lbctl_cleanup(lbmesh_closep) = NULL;
	struct output *out lbctl_cleanup(output_freep) = NULL;
	struct lbmesh_generation generation;
	struct lbmesh_error err;
	enum lbctl_exit ret = connect_module(&conn);

	if (ret == LBCTL_OK && lbmesh_generation_get(conn, &generation, &err))
		ret = report_error(&err);
	if (ret != LBCTL_OK)
		return ret;
	out = output_new(options->json, stdout);
	if (!out)
		return report_memory();
	show_generation(out, &generation);
	ret = report_output(out);
	return ret == LBCTL_OK && !generation.number ? LBCTL_NOT_READY : ret;
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One that is pending may go away by itself, so it is not there yet. */
static bool is_ready(const struct lbmesh_generation *generation, uint64_t wanted)
{
	return generation->number && generation->number >= wanted &&
	       generation->state == LBMESH_STATE_ACTIVE;
}

/*
 * How long to sleep. A job that changes nothing ends without an event, and so
 * does a confirm; meanwhile the state is looked at now and then all the same.
 */
static int sleep_ms(const struct lbmesh_generation *generation, int64_t left)
{
	int64_t most = 10000;

	if (generation->state == LBMESH_STATE_COMMITTING)
		most = 100;
	else if (generation->state == LBMESH_STATE_PENDING)
		most = 500;
	return (int)(left < most ? left : most);
}

static enum lbctl_exit report_not_ready(const struct options *options,
					const struct lbmesh_generation *generation)
{
	struct pending_text pending;

	if (generation->state == LBMESH_STATE_PENDING)
		(void)fprintf(stderr, "lbctl: not ready after %u s: %s\n", options->timeout_s,
			      pending_format(generation, &pending));
	else
		(void)fprintf(stderr,
			      "lbctl: not ready after %u s: state %s, generation %llu; run: lbctl "
			      "status\n",
			      options->timeout_s, lbmesh_state_name(generation->state),
			      (unsigned long long)generation->number);
	return LBCTL_NOT_READY;
}

static int events_drain(struct lbmesh *conn, struct lbmesh_error *err)
{
	struct lbmesh_event event;
	int ret;

	do {
		ret = lbmesh_event_next(conn, &event, err);
	} while (ret == 1 || ret == -ENOBUFS);
	return ret;
}

static enum lbctl_exit wait_ready(struct lbmesh *conn, const struct options *options,
				  struct lbmesh_generation *generation)
{
	int64_t deadline =
		options->timeout_s ? now_ms() + (int64_t)options->timeout_s * 1000 : INT64_MAX;
	struct lbmesh_error err;

	for (;;) {
		struct pollfd pfd = {.fd = lbmesh_event_fd(conn), .events = POLLIN};
		int64_t left;

		if (lbmesh_generation_get(conn, generation, &err))
			return report_error(&err);
		if (is_ready(generation, options->generation))
			return LBCTL_OK;
		left = deadline - now_ms();
		if (left <= 0)
			break;
		if (poll(&pfd, 1, sleep_ms(generation, left)) > 0 && events_drain(conn, &err))
			return report_error(&err);
	}
	return report_not_ready(options, generation);
}

/**
 * cmd_wait() - lbctl wait.
 * @options: of the command line
 *
 * Return: the exit code; LBCTL_NOT_READY after the timeout.
 */
enum lbctl_exit cmd_wait(const struct options *options)
{
	struct lbmesh *conn lbctl_cleanup(lbmesh_closep) = NULL;
	struct output *out lbctl_cleanup(output_freep) = NULL;
	struct lbmesh_generation generation;
	struct lbmesh_error err;
	enum lbctl_exit ret = connect_module(&conn);

	/* Subscribed before it is asked: what changes between is an event. */
	if (ret == LBCTL_OK && lbmesh_event_subscribe(conn, &err))
		ret = report_error(&err);
	if (ret == LBCTL_OK)
		ret = wait_ready(conn, options, &generation);
	if (ret != LBCTL_OK)
		return ret;
	out = output_new(options->json, stdout);
	if (!out)
		return report_memory();
	output_field(out, "state", value_text(lbmesh_state_name(generation.state)));
	output_field(out, "generation", value_u64(generation.number));
	return report_output(out);
}
