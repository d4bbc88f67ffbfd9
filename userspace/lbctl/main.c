// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - lbctl, which shows what the lbmesh module does. Everything else is
 * a library, so that tests can link it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lbctl.h"

int main(int argc, char *argv[])
{
	enum lbctl_exit ret = command_run(argc, argv);

	/* What was printed but never arrived was not done. */
	if (fclose(stdout) && ret == LBCTL_OK) {
		(void)fprintf(stderr, "lbctl: cannot write the output: %s\n", strerror(errno));
		return LBCTL_FAILED;
	}
	return (int)ret;
}
