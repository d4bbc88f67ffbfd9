// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd-limits.c - lbctl limits: shows the limits of the namespace beside what is
 * in use, and sets them. Called by command.c.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "output.h"
#include "show.h"

struct limit {
	const char *name; /* as in the spec */
	size_t offset; /* in struct lbmesh_counts */
	bool counted; /* objects of a generation, not bytes or entries */
};

static const struct limit limits[] = {
	{"devices", offsetof(struct lbmesh_counts, devices), true},
	{"networks", offsetof(struct lbmesh_counts, networks), true},
	{"bridges", offsetof(struct lbmesh_counts, bridges), true},
	{"peers", offsetof(struct lbmesh_counts, peers), true},
	{"members", offsetof(struct lbmesh_counts, members), true},
	{"layers", offsetof(struct lbmesh_counts, layers), true},
	{"rules", offsetof(struct lbmesh_counts, rules), true},
	{"sets", offsetof(struct lbmesh_counts, sets), true},
	{"elements", offsetof(struct lbmesh_counts, elements), true},
	{"endpoints", offsetof(struct lbmesh_counts, endpoints), true},
	{"message-bytes", offsetof(struct lbmesh_counts, message_bytes), false},
	{"cache-entries", offsetof(struct lbmesh_counts, cache_entries), false},
};

static uint32_t value_of(const struct lbmesh_counts *counts, const struct limit *limit)
{
	uint32_t value;

	memcpy(&value, (const uint8_t *)counts + limit->offset, sizeof(value));
	return value;
}

/* The one that may be 0, which the library has another word for. */
static bool is_cache(const struct limit *limit)
{
	return limit->offset == offsetof(struct lbmesh_counts, cache_entries);
}

/**
 * show_limits() - Limits beside what is in use.
 * @out: where to
 * @most: the limits; one that is 0 is none of this module's
 * @used: objects in the generation in force
 */
void show_limits(struct output *out, const struct lbmesh_counts *most,
		 const struct lbmesh_counts *used)
{
	static const char *const columns[] = {"name", "in_use", "limit", "percent"};

	output_table_begin(out, "limits", columns, lbctl_array_size(columns));
	for (size_t i = 0; i < lbctl_array_size(limits); i++) {
		uint64_t limit = value_of(most, &limits[i]);
		uint64_t use = value_of(used, &limits[i]);

		if (!limit)
			continue;
		if (is_cache(&limits[i]) && limit == LBMESH_CACHE_OFF)
			limit = 0;
		output_row(out, (struct value[]){
					value_text(limits[i].name),
					limits[i].counted ? value_u64(use) : value_null(),
					value_u64(limit),
					limits[i].counted && limit ? value_u64(use * 100 / limit)
								   : value_null(),
				});
	}
	output_table_end(out);
}

static const struct limit *limit_find(const char *name, size_t len)
{
	for (size_t i = 0; i < lbctl_array_size(limits); i++) {
		if (!strncmp(limits[i].name, name, len) && !limits[i].name[len])
			return &limits[i];
	}
	return NULL;
}

static enum lbctl_exit usage_error(const char *word, const char *why)
{
	(void)fprintf(stderr, "lbctl: limits: \"%s\" %s; run: lbctl help limits\n", word, why);
	return LBCTL_USAGE;
}

static enum lbctl_exit unknown_limit(const char *word)
{
	(void)fprintf(stderr, "lbctl: limits: \"%s\" is no limit; the limits are ", word);
	for (size_t i = 0; i < lbctl_array_size(limits); i++)
		(void)fprintf(stderr, "%s%s", i ? ", " : "", limits[i].name);
	(void)fputc('\n', stderr);
	return LBCTL_USAGE;
}

static enum lbctl_exit pair_take(const char *word, struct lbmesh_counts *wanted)
{
	size_t len = strcspn(word, "=");
	const struct limit *limit = limit_find(word, len);
	uint64_t number;
	uint32_t value;

	if (!limit)
		return unknown_limit(word);
	if (!word[len])
		return usage_error(word, "has no =NUMBER");
	if (value_of(wanted, limit))
		return usage_error(limit->name, "is given twice");
	if (is_cache(limit) && !strcmp(word + len + 1, "0"))
		number = LBMESH_CACHE_OFF;
	else if (options_number(word + len + 1, UINT32_MAX, &number))
		return usage_error(word, "has no number from 1 to 4294967295");
	value = (uint32_t)number;
	memcpy((uint8_t *)wanted + limit->offset, &value, sizeof(value));
	return LBCTL_OK;
}

/* Reads "set NAME=NUMBER..."; without it @wanted stays as it is. */
static enum lbctl_exit args_take(const struct options *options, struct lbmesh_counts *wanted)
{
	enum lbctl_exit ret = LBCTL_OK;

	if (options->n_args == 1)
		return LBCTL_OK;
	if (strcmp(options->args[1], "set") != 0)
		return usage_error(options->args[1], "is not \"set\"");
	if (options->n_args == 2)
		return usage_error("set", "sets nothing without NAME=NUMBER");
	for (int i = 2; ret == LBCTL_OK && i < options->n_args; i++)
		ret = pair_take(options->args[i], wanted);
	return ret;
}

static enum lbctl_exit limits_set(struct lbmesh *conn, const struct lbmesh_counts *wanted)
{
	struct lbmesh_error err;

	if (!lbmesh_limits_set(conn, wanted, &err))
		return LBCTL_OK;
	/* The kernel's sentence names the limit, as the path does. */
	if (err.code == ERANGE)
		err.path[0] = '\0';
	if (err.code != EPERM)
		return report_error(&err);
	return report_error_as(&err, LBCTL_FAILED,
			       "run as root of the machine, outside of any container");
}

/**
 * cmd_limits() - lbctl limits.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_limits(const struct options *options)
{
	struct lbmesh *conn lbctl_cleanup(lbmesh_closep) = NULL;
	struct output *out lbctl_cleanup(output_freep) = NULL;
	struct lbmesh_generation generation;
	struct lbmesh_counts wanted = {0};
	struct lbmesh_error err;
	struct lbmesh_info info;
	enum lbctl_exit ret = args_take(options, &wanted);

	if (ret == LBCTL_OK)
		ret = connect_module(&conn);
	if (ret == LBCTL_OK && options->n_args > 1)
		ret = limits_set(conn, &wanted);
	if (ret == LBCTL_OK &&
	    (lbmesh_info_get(conn, &info, &err) || lbmesh_generation_get(conn, &generation, &err)))
		ret = report_error(&err);
	if (ret != LBCTL_OK)
		return ret;
	out = output_new(options->json, stdout);
	if (!out)
		return report_memory();
	show_limits(out, &info.limits, &generation.counts);
	return report_output(out);
}
