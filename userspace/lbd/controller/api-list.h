/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages: limit and cursor of a request, and the document of a page. A cursor is where the page before
 * ended, with a code that shows that this cluster made it for this list.
 */
#ifndef LBD_CONTROLLER_API_LIST_H
#define LBD_CONTROLLER_API_LIST_H

#include "controller/controller.h"

#define CURSOR_SIZE 96

/* after: where the page before ended, "" for the first page. CODE_QUERY_INVALID, CODE_CURSOR_INVALID. */
int list_read(const struct call *call, size_t *limit, char after[RESOURCE_ID_SIZE],
	      struct fault *fault);

/*
 * Answers with {"items": items, "next": cursor or null}; items is taken over. last: where this page
 * ends, NULL when it is the last one.
 */
int list_answer(struct call *call, json_object *items, const char *last, struct fault *fault);

#endif
