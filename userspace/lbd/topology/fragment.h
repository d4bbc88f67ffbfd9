/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fragment: one log's keys and values at a version, in memory. The controller keeps them all, and
 * the frames that led there (hub.c); the agent keeps those it follows. Equal contents are equal
 * bytes, whatever the order of the changes was. No I/O.
 */
#ifndef LBD_TOPOLOGY_FRAGMENT_H
#define LBD_TOPOLOGY_FRAGMENT_H

#include "topology/record.h"

struct fragment;

struct fragment *fragment_new(const char *log);
void fragment_free(struct fragment *fragment);

const char *fragment_log(const struct fragment *fragment);
uint64_t fragment_version(const struct fragment *fragment);
size_t fragment_count(const struct fragment *fragment);

/* NULL when the key is not there; borrowed until it changes. */
const char *fragment_get(const struct fragment *fragment, const char *key, size_t *size);

/*
 * Applies a change of the version that follows (-ESTALE otherwise: the caller wants a whole
 * fragment); a change of another log, and removing what is not there, is -EBADMSG; what would not
 * fit into one frame any more is -ENOSPC. What fails changes nothing. O(log n).
 */
int fragment_apply(struct fragment *fragment, const struct record *record, struct fault *fault);

/*
 * Becomes what a whole fragment's frame says; a version that goes back is -ESTALE; -EBADMSG when the
 * frame is no whole fragment of this log. What fails changes nothing.
 */
int fragment_replace(struct fragment *fragment, const struct frame_view *view, struct fault *fault);

/* Becomes these entries, each key once (-EBADMSG otherwise), in any order; the same otherwise. */
int fragment_load(struct fragment *fragment, uint64_t version, const struct record *entries,
		  size_t n, struct fault *fault);

/* By key; stops when the function returns other than 0, and returns that. */
typedef int (*fragment_entry_fn)(const char *key, const char *value, size_t size, void *argument);
int fragment_walk(const struct fragment *fragment, fragment_entry_fn entry, void *argument);

/* The body of the fragment's frame, without header and signature: what "byte for byte equal" compares. */
struct frame *fragment_body(const struct fragment *fragment);

/* The whole, signed; made once for a version and then held. NULL without memory; a reference. */
struct frame *fragment_seal(struct fragment *fragment, const uint8_t secret[RECORD_SIGN_SECRET]);

#endif
