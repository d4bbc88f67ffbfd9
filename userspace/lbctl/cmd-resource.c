// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd-resource.c - list, show, create, set and delete of the controller's resources, alike for all
 * kinds, by their table (api-kind.c). Called by command.c, and by the commands of kinds that know
 * more verbs.
 */
#include <stdlib.h>
#include <string.h>

#include "api.h"

/* What the words after the verb are. */
struct words {
	const char *parent;
	char parent_id[API_ID_MAX];
	const char *word; /* a name or an id */
	int fields; /* the first FIELD=VALUE */
};

/* with_word: a name or an id is needed; with_fields: more may follow. */
static enum lbctl_exit words_take(struct api *api, const struct api_kind *kind, bool with_word,
				  bool with_fields, struct words *words)
{
	const struct options *options = api->options;
	int at = 2;

	*words = (struct words){0};
	if (kind->parent) {
		if (at >= options->n_args)
			return api_usage(options, "name or id is missing: the", kind->parent);
		words->parent = options->args[at++];
	}
	if (with_word) {
		if (at >= options->n_args)
			return api_usage(options, "name or id is missing: the", kind->name);
		words->word = options->args[at++];
	}
	words->fields = at;
	if (!with_fields && at < options->n_args)
		return api_usage(options, "unexpected argument", options->args[at]);
	if (!words->parent)
		return LBCTL_OK;
	return api_resolve(api, api_kind_find(kind->parent), NULL, words->parent, words->parent_id);
}

/* An operation is something else than the kind that was asked for. */
static enum lbctl_exit answer_show(struct api *api, const struct api_kind *kind,
				   const struct answer *answer)
{
	return show_one(api->options, answer->status == 202 ? "operation" : kind->name,
			answer->body);
}

static enum lbctl_exit list_run(struct api *api, const struct api_kind *kind)
{
	char path[API_PATH_MAX];
	json_object *items = NULL;
	struct words words;
	enum lbctl_exit ret = words_take(api, kind, false, false, &words);

	if (ret == LBCTL_OK)
		ret = api_path(api, kind, words.parent_id, NULL, path);
	if (ret == LBCTL_OK)
		ret = api_list(api, path, NULL, &items);
	if (ret == LBCTL_OK)
		ret = show_list(api->options, kind->plural, kind->columns, items);
	json_object_put(items);
	return ret;
}

enum lbctl_exit resource_read(struct api *api, const struct api_kind *kind, const char *parent,
			      const char *word, char path[API_PATH_MAX], struct answer *answer)
{
	char id[API_ID_MAX];
	enum lbctl_exit ret = api_resolve(api, kind, parent, word, id);

	*answer = (struct answer){0};
	if (ret == LBCTL_OK)
		ret = api_path(api, kind, parent, id, path);
	return ret == LBCTL_OK ? api_ask(api, "GET", path, NULL, NULL, answer) : ret;
}

static enum lbctl_exit show_run(struct api *api, const struct api_kind *kind)
{
	char path[API_PATH_MAX];
	struct answer answer = {0};
	struct words words;
	enum lbctl_exit ret = words_take(api, kind, true, false, &words);

	if (ret == LBCTL_OK)
		ret = resource_read(api, kind, words.parent_id, words.word, path, &answer);
	if (ret == LBCTL_OK)
		ret = show_one(api->options, kind->name, answer.body);
	answer_release(&answer);
	return ret;
}

/* A sandbox is in its host's workspace, which the API reads from the host. */
static enum lbctl_exit create_run(struct api *api, const struct api_kind *kind)
{
	char path[API_PATH_MAX];
	struct answer answer = {0};
	json_object *body = NULL;
	struct words words;
	enum lbctl_exit ret = words_take(api, kind, kind->named, true, &words);

	if (ret == LBCTL_OK)
		ret = api_body(api, kind, words.fields, &body);
	if (ret == LBCTL_OK && kind->named)
		ret = api_body_add(body, "name", json_object_new_string(words.word));
	if (ret == LBCTL_OK)
		ret = api_path(api, kind, words.parent_id, NULL, path);
	if (ret == LBCTL_OK)
		ret = api_ask(api, "POST", path, body, NULL, &answer);
	if (ret == LBCTL_OK)
		ret = answer_show(api, kind, &answer);
	json_object_put(body);
	answer_release(&answer);
	return ret;
}

/* Changes what was read, and nothing newer: the ETag goes along. */
static enum lbctl_exit set_run(struct api *api, const struct api_kind *kind)
{
	char path[API_PATH_MAX];
	struct answer before = {0}, after = {0};
	json_object *body = NULL;
	struct words words;
	enum lbctl_exit ret = words_take(api, kind, true, true, &words);

	if (ret == LBCTL_OK)
		ret = api_body(api, kind, words.fields, &body);
	if (ret == LBCTL_OK && !json_object_object_length(body))
		ret = api_usage(api->options, "FIELD=VALUE or --file is missing", NULL);
	if (ret == LBCTL_OK)
		ret = resource_read(api, kind, words.parent_id, words.word, path, &before);
	if (ret == LBCTL_OK)
		ret = api_ask(api, "PATCH", path, body, before.etag, &after);
	if (ret == LBCTL_OK)
		ret = show_one(api->options, kind->name, after.body);
	json_object_put(body);
	answer_release(&before);
	answer_release(&after);
	return ret;
}

static enum lbctl_exit delete_run(struct api *api, const struct api_kind *kind)
{
	char path[API_PATH_MAX];
	struct answer before = {0}, after = {0};
	struct words words;
	enum lbctl_exit ret = words_take(api, kind, true, false, &words);

	if (ret == LBCTL_OK)
		ret = resource_read(api, kind, words.parent_id, words.word, path, &before);
	if (ret == LBCTL_OK)
		ret = api_ask(api, "DELETE", path, NULL, before.etag, &after);
	if (ret == LBCTL_OK && after.body)
		ret = answer_show(api, kind, &after);
	answer_release(&before);
	answer_release(&after);
	return ret;
}

enum lbctl_exit resource_run(struct api *api, const struct api_kind *kind)
{
	static const struct {
		const char *name;
		enum api_verb verb;
		enum lbctl_exit (*run)(struct api *api, const struct api_kind *kind);
	} verbs[] = {
		{"list", API_LIST, list_run},	    {"show", API_SHOW, show_run},
		{"create", API_CREATE, create_run}, {"set", API_SET, set_run},
		{"delete", API_DELETE, delete_run},
	};
	const char *word = api->options->n_args > 1 ? api->options->args[1] : NULL;

	for (size_t i = 0; word && i < lbctl_array_size(verbs); i++) {
		if (!strcmp(verbs[i].name, word) && (kind->verbs & verbs[i].verb))
			return verbs[i].run(api, kind);
	}
	(void)fprintf(stderr, "lbctl: %s: ", kind->name);
	if (word)
		(void)fprintf(stderr, "\"%s\" is none of ", word);
	else
		(void)fputs("what to do is missing: ", stderr);
	api_kind_words(kind, ", ", stderr);
	(void)fprintf(stderr, "; run: lbctl help %s\n", kind->name);
	return LBCTL_USAGE;
}

/**
 * cmd_resource() - lbctl org, workspace, sandbox, bridge, firewall, member, alias, policy, attachment.
 * @options: of the command line; the first argument is the kind
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_resource(const struct options *options)
{
	struct api api;
	enum lbctl_exit ret = api_open(options, &api);

	if (ret == LBCTL_OK)
		ret = resource_run(&api, api_kind_find(options->args[0]));
	api_close(&api);
	return ret;
}
