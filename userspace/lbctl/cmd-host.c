// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd-host.c - what can be done with a host besides reading and changing it: effective rules,
 * refresh, rotation, drain, revocation. Called by command.c.
 */
#include <string.h>

#include "api.h"

static enum lbctl_exit effective_show(struct api *api, json_object *body)
{
	static const char *const columns[API_COLUMNS_MAX] = {"layer", "name", "priority", "index",
							     "rule"};
	json_object *rules = NULL;

	/* The layers in the order of matching, under whatever name the list has. */
	json_object_object_foreach(body, key, value) {
		(void)key;
		if (json_object_is_type(value, json_type_array))
			rules = value;
	}
	return rules ? show_list(api->options, "rules", columns, rules)
		     : show_one(api->options, "effective", body);
}

static enum lbctl_exit action_run(struct api *api, const struct api_kind *kind, const char *action)
{
	bool read = !strcmp(action, "effective");
	char path[API_PATH_MAX], whole[API_PATH_MAX + 32];
	struct answer before = {0}, answer = {0};
	enum lbctl_exit ret;

	if (api->options->n_args != 3)
		return api_usage(api->options, "the name or id of one host is needed for", action);
	ret = resource_read(api, kind, "", api->options->args[2], path, &before);
	(void)snprintf(whole, sizeof(whole), "%s/%s", path, action);
	if (ret == LBCTL_OK)
		ret = api_ask(api, read ? "GET" : "POST", whole, NULL, read ? NULL : before.etag,
			      &answer);
	if (ret == LBCTL_OK && read)
		ret = effective_show(api, answer.body);
	else if (ret == LBCTL_OK && answer.body)
		ret = show_one(api->options, answer.status == 202 ? "operation" : kind->name,
			       answer.body);
	answer_release(&before);
	answer_release(&answer);
	return ret;
}

/**
 * cmd_host() - lbctl host.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_host(const struct options *options)
{
	const struct api_kind *kind = api_kind_find("host");
	const char *word = options->n_args > 1 ? options->args[1] : "";
	struct api api;
	enum lbctl_exit ret = api_open(options, &api);
	const char *action = NULL;

	for (size_t i = 0; kind->words[i]; i++) {
		if (!strcmp(kind->words[i], word))
			action = kind->words[i];
	}
	if (ret == LBCTL_OK)
		ret = action ? action_run(&api, kind, action) : resource_run(&api, kind);
	api_close(&api);
	return ret;
}
