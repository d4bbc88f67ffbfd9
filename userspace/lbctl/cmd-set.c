// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd-set.c - lbctl set: adds learned elements to a set, or removes them, all or
 * none. Called by command.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "show.h"

/* What stands behind "set": add or remove, the set, its elements. */
struct update {
	bool add;
	uint32_t set;
	struct lbmesh_element elements[OPTIONS_ARGS_MAX];
	size_t count;
};

static enum lbctl_exit usage_error(const char *word, const char *why)
{
	(void)fprintf(stderr, "lbctl: set: \"%s\" %s; run: lbctl help set\n", word, why);
	return LBCTL_USAGE;
}

static const char *why_no_prefix(int error)
{
	switch (error) {
	case -ERANGE:
		return "has a length beyond that of its addresses";
	case -EDOM:
		return "has bits set beyond its length";
	default:
		return "is no address or prefix, as in 10.1.0.0/16 or fd00::1";
	}
}

static enum lbctl_exit prefix_take(const char *word, uint32_t timeout_s, struct update *update)
{
	struct lbmesh_element *element = &update->elements[update->count++];
	int ret = lbmesh_prefix_parse(word, &element->prefix);

	element->set = update->set;
	element->timeout_ms = timeout_s * 1000;
	return ret ? usage_error(word, why_no_prefix(ret)) : LBCTL_OK;
}

static enum lbctl_exit args_take(const struct options *options, struct update *update)
{
	enum lbctl_exit ret = LBCTL_OK;
	uint64_t id;

	if (options->n_args < 4) {
		(void)fputs("lbctl: set: add or remove, the id of a set, and prefixes are needed; "
			    "run: lbctl help set\n",
			    stderr);
		return LBCTL_USAGE;
	}
	update->add = !strcmp(options->args[1], "add");
	if (!update->add && strcmp(options->args[1], "remove") != 0)
		return usage_error(options->args[1], "is neither \"add\" nor \"remove\"");
	if (options_number(options->args[2], UINT32_MAX, &id))
		return usage_error(options->args[2],
				   "is not the id of a set, a number from 1 to 4294967295");
	if (!update->add && options->timeout_s)
		return usage_error(options->args[1], "takes no --timeout");
	update->set = (uint32_t)id;
	for (int i = 3; ret == LBCTL_OK && i < options->n_args; i++)
		ret = prefix_take(options->args[i], options->timeout_s, update);
	return ret;
}

static enum lbctl_exit show_update(const struct options *options, const struct update *update)
{
	struct output *out lbctl_cleanup(output_freep) = output_new(options->json, stdout);
	const char *s = update->count == 1 ? "" : "s";

	if (!out)
		return report_memory();
	if (update->add)
		output_note(out, "%zu element%s added to set %u", update->count, s, update->set);
	else
		output_note(out, "%zu element%s removed from set %u", update->count, s,
			    update->set);
	if (options->json) {
		output_field(out, "set", value_u64(update->set));
		output_field(out, update->add ? "added" : "removed", value_u64(update->count));
	}
	return report_output(out);
}

/**
 * cmd_set() - lbctl set.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_set(const struct options *options)
{
	struct lbmesh *conn lbctl_cleanup(lbmesh_closep) = NULL;
	struct update update = {0};
	struct lbmesh_error err;
	enum lbctl_exit ret = args_take(options, &update);

	if (ret == LBCTL_OK)
		ret = connect_module(&conn);
	if (ret != LBCTL_OK)
		return ret;
	if (lbmesh_set_update(conn, update.elements, update.add ? update.count : 0, update.elements,
			      update.add ? 0 : update.count, &err))
		return report_missing(&err, "look at: lbctl sets, lbctl elements");
	return show_update(options, &update);
}
