// SPDX-License-Identifier: GPL-2.0-only
/*
 * report.c - errors, for people and as exit codes, with what to do next; and
 * the connection, which is the first thing that goes wrong. Called by the
 * commands.
 */
#include <errno.h>
#include <string.h>

#include "lbctl.h"
#include "output.h"

struct advice {
	int code;
	enum lbctl_exit exit;
	const char *next;
};

static const struct advice advices[] = {
	{EPERM, LBCTL_FAILED, "run as root, or with CAP_NET_ADMIN over this network namespace"},
	{ENOENT, LBCTL_UNREACHABLE, "run: modprobe lbmesh"},
	{EPROTONOSUPPORT, LBCTL_UNREACHABLE, "load the module that belongs to this lbctl"},
	{EAFNOSUPPORT, LBCTL_UNREACHABLE, "this kernel has no generic netlink"},
	{ETIMEDOUT, LBCTL_UNREACHABLE, "look at the kernel's log: dmesg"},
	{EAGAIN, LBCTL_CONFLICT, "try again when fewer commits come"},
	{EBUSY, LBCTL_CONFLICT, "wait for the job that runs: lbctl wait"},
	{ESTALE, LBCTL_CONFLICT, "look at what is in force: lbctl generation"},
	{ENOBUFS, LBCTL_FAILED, "try again"},
	{EOPNOTSUPP, LBCTL_FAILED, "see what this module can: lbctl status"},
};

/**
 * report_error() - Say on stderr what failed and what to do next.
 * @err: of the library
 *
 * Return: the exit code for it.
 */
enum lbctl_exit report_error(const struct lbmesh_error *err)
{
	const struct advice *advice = NULL;

	for (size_t i = 0; i < lbctl_array_size(advices); i++) {
		if (advices[i].code == err->code)
			advice = &advices[i];
	}
	return report_error_as(err, advice ? advice->exit : LBCTL_FAILED,
			       advice ? advice->next : NULL);
}

/**
 * report_error_as() - report_error() where the errno means something special.
 * @err: of the library
 * @exit: the exit code for it
 * @next: what to do, or NULL
 *
 * Return: @exit.
 */
enum lbctl_exit report_error_as(const struct lbmesh_error *err, enum lbctl_exit exit,
				const char *next)
{
	(void)fprintf(stderr, "lbctl: %s%s%s%s%s\n", err->path, err->path[0] ? ": " : "",
		      err->message, next ? "; " : "", next ? next : "");
	return exit;
}

/**
 * report_missing() - report_error() where ENOENT is about an object.
 * @err: of the library
 * @next: where to look when an object is not there
 *
 * Return: the exit code for it.
 */
enum lbctl_exit report_missing(const struct lbmesh_error *err, const char *next)
{
	return err->code == ENOENT ? report_error_as(err, LBCTL_FAILED, next) : report_error(err);
}

/**
 * report_job_error() - report_error() for a job: flush, confirm, audit ...
 * @conn: the connection, to ask what stands in the way
 * @options: of the command line
 * @err: of the library
 *
 * Return: the exit code for it.
 */
enum lbctl_exit report_job_error(struct lbmesh *conn, const struct options *options,
				 const struct lbmesh_error *err)
{
	struct lbmesh_generation now;
	char next[96];

	if ((err->code != EBUSY && err->code != ESTALE && err->code != ETIMEDOUT) ||
	    lbmesh_generation_get(conn, &now, NULL))
		return report_error(err);
	if (err->code == ESTALE && now.state == LBMESH_STATE_PENDING) {
		(void)snprintf(next, sizeof(next), "generation %llu is",
			       (unsigned long long)now.number);
		return report_error_as(err, LBCTL_CONFLICT, next);
	}
	if (err->code == EBUSY && now.state == LBMESH_STATE_PENDING) {
		(void)snprintf(next, sizeof(next), "run: lbctl confirm %llu, or lbctl revert %llu",
			       (unsigned long long)now.number, (unsigned long long)now.number);
		return report_error_as(err, LBCTL_CONFLICT, next);
	}
	/* The kernel answers, so it was not the kernel that was silent. */
	if (err->code == ETIMEDOUT && options->timeout_s)
		return report_error_as(err, LBCTL_NOT_READY, "it goes on; run: lbctl wait");
	return report_error(err);
}

/**
 * report_memory() - Say that memory is out.
 *
 * Return: the exit code for it.
 */
enum lbctl_exit report_memory(void)
{
	(void)fputs("lbctl: out of memory\n", stderr);
	return LBCTL_FAILED;
}

/**
 * report_output() - Finish an output, and report when it cannot be written.
 * @out: everything is in it
 *
 * Return: LBCTL_OK or the exit code.
 */
enum lbctl_exit report_output(struct output *out)
{
	int ret = output_finish(out);

	if (!ret)
		return LBCTL_OK;
	(void)fprintf(stderr, "lbctl: cannot write the output: %s\n", strerror(-ret));
	return LBCTL_FAILED;
}

/**
 * connect_module() - Connect to the module, and report when that fails.
 * @conn: set when LBCTL_OK is returned, for lbmesh_closep()
 *
 * Return: LBCTL_OK or the exit code.
 */
enum lbctl_exit connect_module(struct lbmesh **conn)
{
	struct lbmesh_error err;

	return lbmesh_open(conn, &err) ? report_error(&err) : LBCTL_OK;
}
