/* SPDX-License-Identifier: GPL-2.0-only */
/* The time of the day, as resources and requests have it. */
#ifndef LBD_CONTROLLER_CLOCK_H
#define LBD_CONTROLLER_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds since 1970 UTC. */
static inline int64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
