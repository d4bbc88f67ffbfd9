// SPDX-License-Identifier: GPL-2.0-only
/*
 * report.c - errors, for people and as exit codes, with what to do next; and
 * the connection, which is the first thing that goes wrong. Called by the
 * commands.
 */
#include <errno.h>

#include "lbctl.h"

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
	(void)fprintf(stderr, "lbctl: %s%s%s%s%s\n", err->path, err->path[0] ? ": " : "",
		      err->message, advice ? "; " : "", advice ? advice->next : "");
	return advice ? advice->exit : LBCTL_FAILED;
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
