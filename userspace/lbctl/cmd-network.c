// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd-network.c - short words for a network's members and aliases: attach, detach, and alias add,
 * list, remove. Each is made of what "lbctl member" and "lbctl alias" do. Called by command.c.
 */
#include <string.h>

#include "api.h"

/* Members are named by their owner's id. *answer has no body when it is none. */
static enum lbctl_exit member_find(struct api *api, const char *network, const char *owner,
				   char path[API_PATH_MAX], json_object **items)
{
	char query[API_ID_MAX + 8];
	enum lbctl_exit ret = api_path(api, api_kind_find("member"), network, NULL, path);

	(void)snprintf(query, sizeof(query), "name=%s", owner);
	return ret == LBCTL_OK ? api_list(api, path, query, items) : ret;
}

/* What is a member already stays so: an alias may be added to it. */
static enum lbctl_exit member_make(struct api *api, const char *network, const char *owner)
{
	char path[API_PATH_MAX];
	struct answer answer = {0};
	json_object *items = NULL, *body = NULL;
	enum lbctl_exit ret = member_find(api, network, owner, path, &items);
	bool there = ret == LBCTL_OK && json_object_array_length(items);

	json_object_put(items);
	if (ret != LBCTL_OK || (there && api->options->alias))
		return ret;
	body = json_object_new_object();
	ret = body ? api_body_add(body, "owner", json_object_new_string(owner)) : report_memory();
	if (ret == LBCTL_OK)
		ret = api_ask(api, "POST", path, body, NULL, &answer);
	if (ret == LBCTL_OK && !api->options->alias)
		ret = show_one(api->options, "member", answer.body);
	json_object_put(body);
	answer_release(&answer);
	return ret;
}

static enum lbctl_exit alias_make(struct api *api, const char *network, const char *name,
				  const char *sandbox)
{
	const struct api_kind *kind = api_kind_find("alias");
	char path[API_PATH_MAX];
	struct answer answer = {0};
	json_object *body = json_object_new_object();
	enum lbctl_exit ret = body ? api_path(api, kind, network, NULL, path) : report_memory();

	if (ret == LBCTL_OK)
		ret = api_body_add(body, "name", json_object_new_string(name));
	if (ret == LBCTL_OK)
		ret = api_body_add(body, "sandbox", json_object_new_string(sandbox));
	if (ret == LBCTL_OK)
		ret = api_body_set(api, kind, "ports", api->options->ports, body);
	if (ret == LBCTL_OK)
		ret = api_ask(api, "POST", path, body, NULL, &answer);
	if (ret == LBCTL_OK)
		ret = show_one(api->options, "alias", answer.body);
	json_object_put(body);
	answer_release(&answer);
	return ret;
}

static enum lbctl_exit two_resolve(struct api *api, const char *network, const char *sandbox,
				   char network_id[API_ID_MAX], char sandbox_id[API_ID_MAX])
{
	enum lbctl_exit ret = api_resolve(api, api_kind_find("network"), NULL, network, network_id);

	return ret == LBCTL_OK
		       ? api_resolve(api, api_kind_find("sandbox"), NULL, sandbox, sandbox_id)
		       : ret;
}

static enum lbctl_exit attach_run(struct api *api)
{
	const struct options *options = api->options;
	char network[API_ID_MAX], sandbox[API_ID_MAX];
	enum lbctl_exit ret;

	if (options->n_args != 4)
		return api_usage(options, "attach needs a network and a sandbox", NULL);
	if (!options->alias != !options->ports)
		return api_usage(options, "--alias and --port go together", NULL);
	ret = two_resolve(api, options->args[2], options->args[3], network, sandbox);
	if (ret == LBCTL_OK)
		ret = member_make(api, network, sandbox);
	if (ret == LBCTL_OK && options->alias)
		ret = alias_make(api, network, options->alias, sandbox);
	return ret;
}

static enum lbctl_exit member_delete(struct api *api, const char *network, json_object *member)
{
	const struct api_kind *kind = api_kind_find("member");
	char path[API_PATH_MAX];
	struct answer before = {0}, after = {0};
	json_object *id = NULL;
	enum lbctl_exit ret;

	json_object_object_get_ex(member, "id", &id);
	ret = resource_read(api, kind, network, id ? json_object_get_string(id) : "", path,
			    &before);
	if (ret == LBCTL_OK)
		ret = api_ask(api, "DELETE", path, NULL, before.etag, &after);
	answer_release(&before);
	answer_release(&after);
	return ret;
}

static enum lbctl_exit detach_run(struct api *api)
{
	const struct options *options = api->options;
	char network[API_ID_MAX], sandbox[API_ID_MAX], path[API_PATH_MAX];
	json_object *items = NULL;
	enum lbctl_exit ret;

	if (options->n_args != 4)
		return api_usage(options, "detach needs a network and a sandbox", NULL);
	ret = two_resolve(api, options->args[2], options->args[3], network, sandbox);
	if (ret == LBCTL_OK)
		ret = member_find(api, network, sandbox, path, &items);
	if (ret == LBCTL_OK && !json_object_array_length(items)) {
		(void)fprintf(stderr,
			      "lbctl: %s is not attached to %s; see: lbctl member list %s\n",
			      options->args[3], options->args[2], options->args[2]);
		ret = LBCTL_FAILED;
	}
	if (ret == LBCTL_OK)
		ret = member_delete(api, network, json_object_array_get_idx(items, 0));
	json_object_put(items);
	return ret;
}

/* "network alias add NETWORK ALIAS SANDBOX --port N"; the rest is "lbctl alias" in other words. */
static enum lbctl_exit alias_run(struct api *api)
{
	const struct options *options = api->options;
	struct options other = *options;
	const char *verb = options->n_args > 2 ? options->args[2] : "";
	char network[API_ID_MAX], sandbox[API_ID_MAX];
	enum lbctl_exit ret;

	if (!strcmp(verb, "list") || !strcmp(verb, "remove")) {
		other.args[0] = "alias";
		other.args[1] = !strcmp(verb, "list") ? "list" : "delete";
		other.n_args = options->n_args - 1;
		for (int i = 2; i < other.n_args; i++)
			other.args[i] = options->args[i + 1];
		api->options = &other;
		ret = resource_run(api, api_kind_find("alias"));
		api->options = options;
		return ret;
	}
	if (strcmp(verb, "add") != 0)
		return api_usage(options, "alias needs one of add, list, remove", NULL);
	if (options->n_args != 6 || !options->ports)
		return api_usage(options, "alias add needs a network, a name, a sandbox and --port",
				 NULL);
	ret = two_resolve(api, options->args[3], options->args[5], network, sandbox);
	return ret == LBCTL_OK ? alias_make(api, network, options->args[4], sandbox) : ret;
}

/**
 * cmd_network() - lbctl network.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_network(const struct options *options)
{
	const char *word = options->n_args > 1 ? options->args[1] : "";
	struct api api;
	enum lbctl_exit ret = api_open(options, &api);

	if (ret != LBCTL_OK)
		;
	else if (!strcmp(word, "attach"))
		ret = attach_run(&api);
	else if (!strcmp(word, "detach"))
		ret = detach_run(&api);
	else if (!strcmp(word, "alias"))
		ret = alias_run(&api);
	else
		ret = resource_run(&api, api_kind_find("network"));
	api_close(&api);
	return ret;
}
