/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last good state on disk: the topology that was applied last, so that an agent without a
 * topology that it can use, say at boot with its source gone, has something to restore.
 *
 * A state directory has "last-good" and the one before it, "last-good.old". lastgood.c writes and
 * reads them, lastgood-record.c is the format, agent/state.c decides when. No private key gets here:
 * a topology only names the files that hold them.
 */
#ifndef LBD_AGENT_LASTGOOD_H
#define LBD_AGENT_LASTGOOD_H

#include "model/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LASTGOOD_VERSION       1
#define LASTGOOD_CHECKSUM_SIZE 32

/*
 * What was applied, where, and under which number of the generation then: numbers begin anew when
 * the kernel starts. topology is not terminated.
 */
struct lastgood_record {
	const char *host;
	const char *interface;
	uint64_t generation;
	const char *topology;
	size_t size;
};

/* kept is the checksum of what this process knows to be on disk; all zeros: nothing. */
struct lastgood {
	int directory;
	uint8_t kept[LASTGOOD_CHECKSUM_SIZE];
};

/* What was read; bytes is the whole file, which the caller frees. record points into it. */
struct lastgood_found {
	const char *file;
	char *bytes;
	struct lastgood_record record;
};

/*
 * Opens the state directory, makes it when it is not there, and keeps other processes out of it until
 * closed. -EPERM when it is not ours alone, -EEXIST when another process has it.
 */
int lastgood_open(struct lastgood *store, const char *path, struct fault *fault);
void lastgood_close(struct lastgood *store);

/*
 * Writes a record, and returns 0 when it will survive a power cut. 1: this process has written the
 * same before. After a failure the file is the one before, or the new one, and whole in each case.
 */
int lastgood_write(struct lastgood *store, const struct lastgood_record *record,
		   struct fault *fault);

/*
 * Reads the last good state of this host and interface, from the older file if the newer one is
 * damaged; what is damaged is logged. Fails with
 *   -ENOENT           there is none
 *   -EBADMSG          whatever there is is damaged
 *   -EXDEV            it is another host's, or another interface's
 *   -EPROTONOSUPPORT  a newer lbd has written it
 * In the last two cases the older file is no substitute: it is not what was good last.
 */
int lastgood_read(const struct lastgood *store, const char *host, const char *interface,
		  struct lastgood_found *found, struct fault *fault);
void lastgood_found_release(struct lastgood_found *found);

/* The format (lastgood-record.c); no I/O. The caller frees *bytes. */
int lastgood_encode(const struct lastgood_record *record, char **bytes, size_t *size,
		    struct fault *fault);
/* -EBADMSG or -EPROTONOSUPPORT; record points into bytes. */
int lastgood_decode(const char *bytes, size_t size, struct lastgood_record *record,
		    struct fault *fault);
/* -EXDEV; for whom a record is. */
int lastgood_owner_check(const struct lastgood_record *record, const char *host,
			 const char *interface, struct fault *fault);
/* The checksum in what lastgood_encode() made. */
const uint8_t *lastgood_checksum(const char *bytes);

/* No file can be larger. */
size_t lastgood_size_max(void);

#endif
