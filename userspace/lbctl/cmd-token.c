// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd-token.c - tokens: their secret is in the answer to their creation alone, and goes to standard
 * output and nowhere else. And what the audit log says of an organisation. Called by command.c.
 */
#include <stdlib.h>
#include <string.h>

#include "api.h"

/* For people the secret is all of standard output, so that it can go into a file. */
static enum lbctl_exit secret_show(const struct options *options, json_object *body)
{
	json_object *secret = NULL, *token = NULL, *id = NULL;
	char *text;

	if (options->json)
		return show_one(options, "token", body);
	json_object_object_get_ex(body, "secret", &secret);
	if (!json_object_object_get_ex(body, "token", &token))
		token = body;
	json_object_object_get_ex(token, "id", &id);
	if (!json_object_is_type(secret, json_type_string)) {
		(void)fputs("lbctl: the controller's answer has no secret\n", stderr);
		return LBCTL_FAILED;
	}
	text = output_harmless(id ? json_object_get_string(id) : "");
	(void)fprintf(stderr, "lbctl: the secret of %s is shown this once\n", text ? text : "it");
	free(text);
	return printf("%s\n", json_object_get_string(secret)) > 0 ? LBCTL_OK : LBCTL_FAILED;
}

/* A name may be given, and need not be. */
static enum lbctl_exit create_run(struct api *api, const struct api_kind *kind)
{
	const struct options *options = api->options;
	bool named = options->n_args > 2 && !strchr(options->args[2], '=');
	char path[API_PATH_MAX];
	struct answer answer = {0};
	json_object *body = NULL;
	enum lbctl_exit ret = api_body(api, kind, named ? 3 : 2, &body);

	if (ret == LBCTL_OK && named)
		ret = api_body_add(body, "name", json_object_new_string(options->args[2]));
	if (ret == LBCTL_OK)
		ret = api_path(api, kind, "", NULL, path);
	if (ret == LBCTL_OK)
		ret = api_ask(api, "POST", path, body, NULL, &answer);
	if (ret == LBCTL_OK)
		ret = secret_show(options, answer.body);
	json_object_put(body);
	answer_release(&answer);
	return ret;
}

static enum lbctl_exit revoke_run(struct api *api, const struct api_kind *kind)
{
	char path[API_PATH_MAX], id[API_ID_MAX];
	struct answer answer = {0};
	enum lbctl_exit ret;

	if (api->options->n_args != 3)
		return api_usage(api->options, "the name or id of one token is needed for",
				 "revoke");
	ret = api_resolve(api, kind, "", api->options->args[2], id);
	if (ret == LBCTL_OK)
		ret = api_path(api, kind, "", id, path);
	if (ret == LBCTL_OK)
		ret = api_ask(api, "DELETE", path, NULL, NULL, &answer);
	if (ret == LBCTL_OK && answer.body)
		ret = show_one(api->options, "token", answer.body);
	answer_release(&answer);
	return ret;
}

/**
 * cmd_token() - lbctl token.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_token(const struct options *options)
{
	const struct api_kind *kind = api_kind_find("token");
	const char *word = options->n_args > 1 ? options->args[1] : "";
	struct api api;
	enum lbctl_exit ret = api_open(options, &api);

	if (ret == LBCTL_OK && !strcmp(word, "create"))
		ret = create_run(&api, kind);
	else if (ret == LBCTL_OK && !strcmp(word, "revoke"))
		ret = revoke_run(&api, kind);
	else if (ret == LBCTL_OK)
		ret = resource_run(&api, kind);
	api_close(&api);
	return ret;
}

/**
 * cmd_audit_list() - lbctl audit list.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_audit_list(const struct options *options)
{
	/* Not a resource: no verbs but this, and no ids. */
	static const char *const none[] = {NULL};
	static const struct api_kind kind = {
		.name = "audit",
		.plural = "audit",
		.words = none,
		.columns = {"at", "actor", "action", "target", "request", "detail"},
	};
	char path[API_PATH_MAX];
	json_object *items = NULL;
	struct api api;
	enum lbctl_exit ret = api_open(options, &api);

	if (ret == LBCTL_OK)
		ret = api_path(&api, &kind, "", NULL, path);
	if (ret == LBCTL_OK)
		ret = api_list(&api, path, NULL, &items);
	if (ret == LBCTL_OK)
		ret = show_list(options, kind.plural, kind.columns, items);
	json_object_put(items);
	api_close(&api);
	return ret;
}
