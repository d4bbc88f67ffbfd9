/* SPDX-License-Identifier: GPL-2.0-only */
/* For writing the tables of model/kind-*.c, and the elements of lists that several kinds have. */
#ifndef LBD_MODEL_TABLE_H
#define LBD_MODEL_TABLE_H

#include "model/kinds.h"

#define TABLE_SIZE(table_) (sizeof(table_) / sizeof((table_)[0]))

/* Where the property is in its struct. */
#define PLACE(struct_, member_) \
	.offset = offsetof(struct_, member_), .size = sizeof(((struct_ *)NULL)->member_)

/* A list, of element_ by the table fields_. */
#define LIST(struct_, member_, element_, fields_)                                              \
	.type = PROPERTY_LIST, .offset = offsetof(struct_, member_), .size = sizeof(element_), \
	.fields = (fields_), .n_fields = TABLE_SIZE(fields_)

#define WORDS(words_) .type = PROPERTY_WORD, .words = (words_), .n_words = TABLE_SIZE(words_)

/* Numbers above it are not exact in every reader of JSON. */
#define COUNT_MAX ((int64_t)1 << 53)

#define OWNER(kind_) (1u << RESOURCE_##kind_)

extern const struct property label_element[1], port_element[1];

/* "a host name: ..., or a CIDR"; hostnames are refused without. */
int peer_text_check(const char *text, bool hostname, const struct field *at, struct fault *fault);

/* 1 to 63 of a-z, 0-9 and inner "-". */
bool label_valid(const char *text, size_t length);

/* A prefix that cannot carry members: loopback, multicast and the like. */
int overlay_check(const struct lbmesh_prefix *cidr, const struct field *at, struct fault *fault);

#endif
