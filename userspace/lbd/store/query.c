// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists of resources, and their number. The text of a query has only the conditions that are asked
 * for, so that the database finds an index; texts are made once for each set of conditions and
 * live as long as the store, for the drivers' prepared statements. Values are never part of them.
 */
#include "store/objects.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BY_ORG = 1,
	BY_SCOPE = 2,
	WITHOUT_SCOPE = 4,
	BY_OWNER = 8,
	WITHOUT_OWNER = 16,
	BY_NAME = 32,
	AFTER = 64,
	COUNT = 1 << QUERY_CONDITIONS
};

struct conditions {
	unsigned int set;
	struct sql_value values[8];
	size_t n;
};

static void condition_add(struct conditions *to, unsigned int condition, const char *value)
{
	if (!value)
		return;
	to->set |= condition;
	to->values[to->n++] = sql_string(value);
}

/* No scope, and no owner, is NULL in the table. */
static void reference_add(struct conditions *to, unsigned int with, unsigned int without,
			  const char *value)
{
	if (value && !*value)
		to->set |= without;
	else
		condition_add(to, with, value);
}

static void conditions_collect(const struct store_query *query, struct conditions *conditions)
{
	*conditions = (struct conditions){.n = 1, .values = {resource_kind_value(query->kind)}};
	condition_add(conditions, BY_ORG, query->org);
	reference_add(conditions, BY_SCOPE, WITHOUT_SCOPE, query->scope);
	reference_add(conditions, BY_OWNER, WITHOUT_OWNER, query->owner);
	condition_add(conditions, BY_NAME, query->name);
	condition_add(conditions, AFTER, query->after);
}

/* In the order of conditions_collect(). */
static const struct {
	const char *text;
	unsigned int condition;
	bool value;
} texts[] = {
	{" AND org = $", BY_ORG, true},
	{" AND scope = $", BY_SCOPE, true},
	{" AND scope IS NULL", WITHOUT_SCOPE, false},
	{" AND owner = $", BY_OWNER, true},
	{" AND owner IS NULL", WITHOUT_OWNER, false},
	{" AND name = $", BY_NAME, true},
	{" AND id > $", AFTER, true},
};

static char *text_make(unsigned int set)
{
	char *text = NULL;
	size_t size = 0;
	unsigned int n = 1;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	fprintf(file, "SELECT %s FROM resource WHERE kind = $1",
		set & COUNT ? "COUNT(*)" : "id, document");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (!(set & texts[i].condition))
			continue;
		fputs(texts[i].text, file);
		if (texts[i].value)
			fprintf(file, "%u", ++n);
	}
	if (!(set & COUNT))
		fprintf(file, " ORDER BY id LIMIT $%u", n + 1);
	if (fclose(file)) {
		free(text);
		return NULL;
	}
	return text;
}

static const char *query_text(struct store *store, unsigned int set)
{
	if (!store->queries[set])
		store->queries[set] = text_make(set);
	return store->queries[set];
}

static int rows_collect(struct store_tx *tx, struct sql_rows *rows, enum resource_kind kind,
			struct store_list *list, struct fault *fault)
{
	int ret;

	while ((ret = tx_next(tx, rows, fault)) > 0) {
		if ((ret = array_grow((void **)&list->items, list->n, sizeof(void *), fault)) ||
		    (ret = resource_row_read(tx, rows, kind, &list->items[list->n], fault)))
			break;
		list->n++;
	}
	return ret;
}

int store_list(struct store_tx *tx, const struct store_query *query, struct store_list *list,
	       struct fault *fault)
{
	struct store_list collected = {0};
	struct conditions conditions;
	struct sql_rows *rows;
	const char *text;
	int ret;

	conditions_collect(query, &conditions);
	text = query_text(tx->store, conditions.set);
	if (!text)
		return fault_memory(fault);
	conditions.values[conditions.n++] = tx_limit(query->limit);
	if ((ret = tx_run(tx, text, conditions.values, conditions.n, &rows, fault)))
		return ret;
	ret = rows_collect(tx, rows, query->kind, &collected, fault);
	tx_done(tx, rows);
	if (ret)
		store_list_release(&collected);
	else
		*list = collected;
	return ret;
}

void store_list_release(struct store_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		resource_free(list->items[i]);
	free(list->items);
	*list = (struct store_list){0};
}

int store_count(struct store_tx *tx, const struct store_query *query, size_t *n,
		struct fault *fault)
{
	struct conditions conditions;
	const char *text;
	int64_t count;
	int ret;

	conditions_collect(query, &conditions);
	text = query_text(tx->store, conditions.set | COUNT);
	if (!text)
		return fault_memory(fault);
	ret = tx_number(tx, text, conditions.values, conditions.n, 0, &count, fault);
	if (!ret)
		*n = (size_t)count;
	return ret;
}
