/* SPDX-License-Identifier: GPL-2.0-only */
/* What objects.c and query.c share; nobody else includes this. */
#ifndef LBD_STORE_OBJECTS_H
#define LBD_STORE_OBJECTS_H

#include "store/tx.h"

/* Makes the resource of a row with the columns id and document; -EBADMSG when it is damaged. */
int resource_row_read(struct store_tx *tx, struct sql_rows *rows, enum resource_kind kind,
		      struct resource **resource, struct fault *fault);

/* The column kind: a word, as the numbers of the enum are not for keeping. */
static inline struct sql_value resource_kind_value(enum resource_kind kind)
{
	return sql_string(resource_schema(kind)->singular);
}

/* The column document; the text belongs to the document. */
static inline struct sql_value resource_document_value(json_object *document)
{
	return sql_string(json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN));
}

#endif
