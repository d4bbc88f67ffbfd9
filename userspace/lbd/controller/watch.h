/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Long polls: a request with ?watch=VERSION is answered when the resource has another version, or is
 * gone, or after a minute, with what there is then. Used by api-resource.c; woken by controller.c.
 */
#ifndef LBD_CONTROLLER_WATCH_H
#define LBD_CONTROLLER_WATCH_H

#include "controller/controller.h"

#define WATCH_MS 60000

/*
 * Is this call to wait: 1, and reply->wait is set; 0: it is to be answered now. -EINVAL with
 * CODE_QUERY_INVALID. resource is as it is now.
 */
int watch_wait(struct call *call, const struct resource *resource, struct fault *fault);

#endif
