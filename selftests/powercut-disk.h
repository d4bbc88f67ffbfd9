/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of a directory on a disk that loses power, for selftests/powercut.c. It takes the place of the
 * C library's calls that write, passes them on, and keeps book of what is certain to be on disk: the
 * bytes of a file when it was synced last, and the names in the directory when that was.
 *
 * A cut leaves what is certain and, of the rest, whatever a disk may have written or not, by chance.
 */
#ifndef POWERCUT_DISK_H
#define POWERCUT_DISK_H

#include <stdint.h>

/* Which calls of fsync() do nothing: what a program does that forgets them. */
enum disk_forget {
	DISK_FORGET_FILE = 1,
	DISK_FORGET_DIRECTORY = 2,
};

void disk_forget(unsigned int what);

/*
 * From now on the directory is the model's; all that is in it is on disk. Power is cut in the call that
 * has number cut_at among those that write: the directory then has what is left, and the process
 * ends with status 0.
 */
void disk_begin(int directory, unsigned int cut_at, uint64_t seed);

/* A generator of random numbers (splitmix64). */
uint64_t random_next(uint64_t *state);

#endif
