// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd-operation.c - operations of the controller, and waiting for the end of one. The controller
 * answers a watch when the operation changes, so nothing is asked in vain. Called by command.c.
 */
#include <string.h>
#include <time.h>

#include "api.h"

static const char *text_of(json_object *operation, const char *name)
{
	json_object *value = NULL;

	json_object_object_get_ex(operation, name, &value);
	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

static enum lbctl_exit end_report(const struct options *options, json_object *operation)
{
	enum lbctl_exit ret = show_one(options, "operation", operation);

	return ret == LBCTL_OK && strcmp(text_of(operation, "state"), "done") != 0 ? LBCTL_FAILED
										   : ret;
}

static bool has_ended(json_object *operation)
{
	const char *state = text_of(operation, "state");

	return !strcmp(state, "done") || !strcmp(state, "failed");
}

/* The answer to a watch comes when the version has changed, or after a minute with the same one. */
static enum lbctl_exit watch(struct api *api, const char *path, struct answer *answer)
{
	char whole[API_PATH_MAX + 40];
	json_object *version = NULL;
	struct answer next;
	enum lbctl_exit ret;

	json_object_object_get_ex(answer->body, "version", &version);
	(void)snprintf(whole, sizeof(whole), "%s?watch=%lld", path,
		       (long long)json_object_get_int64(version));
	ret = api_ask(api, "GET", whole, NULL, NULL, &next);
	if (ret != LBCTL_OK) {
		answer_release(&next);
		return ret;
	}
	answer_release(answer);
	*answer = next;
	return LBCTL_OK;
}

static enum lbctl_exit wait_run(struct api *api, const struct api_kind *kind)
{
	const struct options *options = api->options;
	time_t until = time(NULL) + options->timeout_s;
	char path[API_PATH_MAX];
	struct answer answer = {0};
	enum lbctl_exit ret;

	if (options->n_args != 3)
		return api_usage(options, "the id of one operation is needed for", "wait");
	ret = resource_read(api, kind, "", options->args[2], path, &answer);
	while (ret == LBCTL_OK && !has_ended(answer.body)) {
		api->patience_s = options->timeout_s ? (long)(until - time(NULL)) : 0;
		if (options->timeout_s && api->patience_s <= 0) {
			(void)fprintf(stderr, "lbctl: %s has not ended yet; it goes on\n",
				      options->args[2]);
			ret = LBCTL_NOT_READY;
			break;
		}
		ret = watch(api, path, &answer);
	}
	if (ret == LBCTL_OK)
		ret = end_report(options, answer.body);
	answer_release(&answer);
	return ret;
}

/**
 * cmd_operation() - lbctl operation.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_operation(const struct options *options)
{
	const struct api_kind *kind = api_kind_find("operation");
	struct api api;
	enum lbctl_exit ret = api_open(options, &api);

	if (ret == LBCTL_OK && options->n_args > 1 && !strcmp(options->args[1], "wait"))
		ret = wait_run(&api, kind);
	else if (ret == LBCTL_OK)
		ret = resource_run(&api, kind);
	api_close(&api);
	return ret;
}
