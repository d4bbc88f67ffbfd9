/* SPDX-License-Identifier: GPL-2.0-only */
/* One rule of a firewall: the table of its fields, and what it must fulfil. */
#ifndef LBD_MODEL_RULE_H
#define LBD_MODEL_RULE_H

#include "model/kinds.h"

#define RULE_PROPERTIES 12
#define FIREWALL_LEVELS 3

extern const struct property rule_properties[RULE_PROPERTIES];

/* The words of enum firewall_level. */
extern const char *const firewall_levels[FIREWALL_LEVELS];

/* CODE_FIELD_VALUE at a field below at. */
int rule_check(const struct firewall_rule *rule, const struct field *at, struct fault *fault);

#endif
