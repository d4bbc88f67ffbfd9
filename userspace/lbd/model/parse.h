/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files that make up model_parse() share; nobody else includes this. */
#ifndef LBD_MODEL_PARSE_H
#define LBD_MODEL_PARSE_H

#include "model/document.h"
#include "model/model.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Reads the array "hosts" and sorts its names. */
int model_hosts_read(json_object *array, struct model *model, struct fault *fault);

#endif
