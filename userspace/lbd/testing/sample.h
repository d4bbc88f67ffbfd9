/* SPDX-License-Identifier: GPL-2.0-only */
/* Topologies for tests: one that is good, texts made from it, and large ones made by number. */
#ifndef LBD_TESTING_SAMPLE_H
#define LBD_TESTING_SAMPLE_H

#include "model/model.h"

/* Public keys of sample_text, in base64: of the private keys of all 1, all 2 and all 3. */
extern const char *const sample_public_keys[3];

/* Hosts a, b and c; all in blue, a and b in green, c in red; green and red are bridged. */
extern const char sample_text[];

/* A copy with the first occurrence of from replaced, which must be there; the caller frees. */
char *sample_edit(const char *text, const char *from, const char *to);

/* A topology of one network that n hosts are in, as text; the caller frees. */
char *sample_large(size_t n);

/* Parses what has to be good; a refusal ends the test, and shows its fault. */
struct model *sample_parse(const char *text);

/* Index of a host that has to be there. */
uint32_t sample_host(const struct model *model, const char *name);

#endif
