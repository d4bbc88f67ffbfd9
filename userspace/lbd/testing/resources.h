/* SPDX-License-Identifier: GPL-2.0-only */
/* Resources for tests: from documents, to documents, and any one at all. Failures end the test. */
#ifndef LBD_TESTING_RESOURCES_H
#define LBD_TESTING_RESOURCES_H

#include "model/kinds.h"

#define NET_A  "net_01KB00000000000000000000AA"
#define NET_B  "net_01KB00000000000000000000AB"
#define HOST_A "host_01KB00000000000000000000AA"
#define SBX_A  "sbx_01KB00000000000000000000AA"
#define SBX_B  "sbx_01KB00000000000000000000AB"
#define WS_A   "ws_01KB00000000000000000000AA"
#define TOK_A  "tok_01KB00000000000000000000AA"

/* By kind: the least that a client can say on creation. */
extern const char *const least_documents[RESOURCE_KINDS];

/* A resource made of that, with an id and version 1. */
struct resource *least_resource(enum resource_kind kind);

/* The tree of a strict JSON text, for the caller to put. */
json_object *document_of(const char *text);

/* resource_decode() of a text. */
int text_decode(struct resource *resource, const char *text, enum resource_mode mode, bool system,
		struct fault *fault);

/* The text of a resource, without blanks, for the caller to free. */
char *text_encode(const struct resource *resource, enum resource_view view);

/* A head by hand: an id and a name that end in last, "A" to "Z"; org likewise, or 0 for none. */
void head_fill(struct resource *head, enum resource_kind kind, char last, char org);
void head_place(struct resource *head, const struct resource *scope, const struct resource *owner);

/* Starts the series of random resources again: the same seed gives the same ones, everywhere. */
void any_seed(uint64_t seed);

/* One of this kind with a random value in each field, that passes its check. */
struct resource *any_resource(enum resource_kind kind);

/* For tests of refusals, with a fault of their own that is empty before. */
#define TAKEN(call_) cr_expect_eq((call_), 0, "%s: %s", fault.path, fault.text)
#define REFUSED(call_, code_, path_) \
	refusal_expect((call_), &fault, CODE_##code_, path_, __FILE__, __LINE__)

void refusal_expect(int ret, struct fault *fault, enum code code, const char *path,
		    const char *file, int line);

#endif
