/* SPDX-License-Identifier: GPL-2.0-only */
/* What service.c and commands.c share: exit statuses, as every program of the project has them. */
#ifndef LBD_CONTROLLER_SERVICE_H
#define LBD_CONTROLLER_SERVICE_H

#include "controller/config.h"

enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_UNREACHABLE = 3,
	EXIT_CONFLICT = 5,
};

/* Exit status for a negative errno. */
int service_status(int code);

#endif
