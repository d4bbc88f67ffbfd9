/* SPDX-License-Identifier: GPL-2.0-only */
/* Log lines on standard error, one per event: "lbd: ...". */
#ifndef LBD_AGENT_LOG_H
#define LBD_AGENT_LOG_H

#include "model/fault.h"

void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "lbd: FILE: PATH: TEXT"; file may be NULL, and a fault need not have a path. */
void log_fault(const char *file, const struct fault *fault);

#endif
