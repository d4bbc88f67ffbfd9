/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading the files that the agent is given: the topology, what was kept of it, and private keys. */
#ifndef LBD_AGENT_FILE_H
#define LBD_AGENT_FILE_H

#include "lbmesh/lbmesh.h"
#include "model/fault.h"

#include <stddef.h>

/*
 * Reads a whole regular file of at most max bytes, below the directory fd (or AT_FDCWD); the caller
 * frees *bytes and knows the path.
 */
int file_read(int directory, const char *path, size_t max, char **bytes, size_t *size,
	      struct fault *fault);

/*
 * Reads a private key from a file below the directory fd (or from an absolute path). Refuses one
 * that others than its owner can read or write (-EPERM), and an owner who is neither root nor we.
 * The fault's text begins with the path.
 */
int file_key_read(int directory, const char *path, uint8_t key[LBMESH_KEY_LEN],
		  struct fault *fault);

#endif
