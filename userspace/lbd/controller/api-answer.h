/* SPDX-License-Identifier: GPL-2.0-only */
/* Answers of handlers, made within a transaction and sent after it; and requests that come again. */
#ifndef LBD_CONTROLLER_API_ANSWER_H
#define LBD_CONTROLLER_API_ANSWER_H

#include "controller/api-place.h"

/* How this caller is to see a resource. */
enum resource_view reply_view(const struct call *call);

/* Fills answer with a resource, its ETag, and with status 201 or 202 its place. */
int reply_resource(struct store_answer *answer, const struct call *call,
		   const struct resource *resource, int status, struct fault *fault);

/* Moves the body into the reply. */
void reply_send(struct http_reply *reply, struct store_answer *answer);

/* A resource that was read, straight into the reply. */
int reply_read(struct call *call, const struct resource *resource, struct fault *fault);

/* CODE_PRECONDITION_REQUIRED, CODE_VERSION, for routes that want If-Match. */
int reply_if_match(const struct call *call, const struct resource *resource, struct fault *fault);

/* Adds a member and takes it over; NULL is one for which there was no memory: -ENOMEM. */
int reply_member(json_object *object, const char *name, json_object *member);

/* The same with a text; what is empty or NULL is null. */
int reply_text(json_object *object, const char *name, const char *text);

/* How long the answer to a request with an Idempotency-Key is kept. */
#define ANSWER_KEEP_MS ((int64_t)24 * 60 * 60 * 1000)

/*
 * For a call with an Idempotency-Key, within the transaction: 1 when answer is that of the first
 * time, 0 when there was none; CODE_IDEMPOTENCY_REUSED for another request. And what keeps it.
 */
int reply_again(struct store_tx *tx, const struct call *call, struct store_answer *answer,
		struct fault *fault);
int reply_keep(struct store_tx *tx, const struct call *call, struct store_answer *answer,
	       struct fault *fault);

#endif
