/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why something was refused, and where in the topology file: a struct fault. Everything in lbd that
 * can refuse takes one and fills it; main.c and agent/ print it. A place is a chain of struct field
 * on the stack, so that its text is only made when something is wrong.
 *
 * Contract: functions return 0 or a negative errno. -EEXIST is a conflict (two owners of one
 * thing), and ends in exit status 5; -ENOTCONN is a module out of reach, status 3.
 */
#ifndef LBD_MODEL_FAULT_H
#define LBD_MODEL_FAULT_H

#include "model/code.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define FAULT_PATH_SIZE 160
#define FAULT_TEXT_SIZE 480

/* name NULL is an element of an array, at index; the root is a NULL chain. */
struct field {
	const struct field *parent;
	const char *name;
	size_t index;
};

#define FIELD(parent_, name_) (&(const struct field){.parent = (parent_), .name = (name_)})
#define ITEM(parent_, index_) (&(const struct field){.parent = (parent_), .index = (index_)})

/* path is empty when the fault is not about a field; code is CODE_NONE outside the controller. */
struct fault {
	enum code code;
	char path[FAULT_PATH_SIZE];
	char text[FAULT_TEXT_SIZE];
};

/* Fills fault (may be NULL) and returns code, so that a refusal is one statement. */
int fault_set(struct fault *fault, int code, const struct field *at, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * The same with a stable code, for what the controller refuses. Returns -EINVAL, or by the code's
 * HTTP status: 401 -EACCES, 403 -EPERM, 404 -ENOENT, 409 and 412 -EEXIST, 429 and 503 -EAGAIN,
 * 507 -ENOSPC.
 */
int fault_refuse(struct fault *fault, enum code code, const struct field *at, const char *format,
		 ...) __attribute__((format(printf, 4, 5)));

/* The refusal of every failed allocation: -ENOMEM. */
int fault_memory(struct fault *fault);

/* Writes "networks[1].members[0].address"; cut to fit. */
void field_format(const struct field *field, char *text, size_t size);

#endif
