// SPDX-License-Identifier: GPL-2.0-only
/*
 * api-path.c - where a resource is in the API, and which one a user means: an id, or the name of one
 * that there is. Names have no "_", which every id has. Called by cmd-*.c.
 */
#include <stdlib.h>
#include <string.h>

#include "api.h"

static bool is_id(const char *word)
{
	size_t prefix = strcspn(word, "_");

	return prefix > 0 && strlen(word) == prefix + 27 &&
	       strspn(word + prefix + 1, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == 26;
}

static bool is_name(const char *word)
{
	size_t size = strlen(word);

	return size && size < 64 && strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

static const char *member_text(json_object *object, const char *name)
{
	json_object *value = NULL;

	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, name, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

static enum lbctl_exit page_take(json_object *body, json_object *items, char **cursor)
{
	const char *next = member_text(body, "next");
	json_object *page = NULL;

	free(*cursor);
	*cursor = NULL;
	if (!json_object_object_get_ex(body, "items", &page) ||
	    !json_object_is_type(page, json_type_array)) {
		(void)fputs("lbctl: the controller's answer has no items\n", stderr);
		return LBCTL_FAILED;
	}
	for (size_t i = 0; i < json_object_array_length(page); i++) {
		json_object *item = json_object_get(json_object_array_get_idx(page, i));

		if (json_object_array_add(items, item)) {
			json_object_put(item);
			return report_memory();
		}
	}
	if (next) {
		*cursor = api_escape(next);
		if (!*cursor)
			return report_memory();
	}
	return LBCTL_OK;
}

enum lbctl_exit api_list(struct api *api, const char *path, const char *query, json_object **items)
{
	enum lbctl_exit ret = LBCTL_OK;
	char *cursor = NULL;

	*items = json_object_new_array();
	if (!*items)
		return report_memory();
	do {
		struct answer answer = {0};
		char *whole = NULL;

		if (asprintf(&whole, "%s?limit=1000%s%s%s%s", path, query ? "&" : "",
			     query ? query : "", cursor ? "&cursor=" : "",
			     cursor ? cursor : "") < 0) {
			ret = report_memory();
			break;
		}
		ret = api_ask(api, "GET", whole, NULL, NULL, &answer);
		free(whole);
		if (ret == LBCTL_OK)
			ret = page_take(answer.body, *items, &cursor);
		answer_release(&answer);
	} while (ret == LBCTL_OK && cursor);
	free(cursor);
	if (ret != LBCTL_OK) {
		json_object_put(*items);
		*items = NULL;
	}
	return ret;
}

/* The one item of a list of those with a name. */
static enum lbctl_exit item_take(const struct api_kind *kind, json_object *items, const char *word,
				 char id[API_ID_MAX])
{
	size_t n = json_object_array_length(items);
	const char *found = n ? member_text(json_object_array_get_idx(items, 0), "id") : NULL;

	if (n == 1 && found && is_id(found)) {
		(void)snprintf(id, API_ID_MAX, "%s", found);
		return LBCTL_OK;
	}
	if (n > 1)
		(void)fprintf(stderr,
			      "lbctl: there are %zu of the name \"%s\"; give the id of one: lbctl "
			      "%s list\n",
			      n, word, kind->name);
	else
		(void)fprintf(stderr,
			      "lbctl: there is no %s \"%s\"; list what there is: lbctl %s "
			      "list\n",
			      kind->name, word, kind->name);
	return LBCTL_FAILED;
}

static enum lbctl_exit name_resolve(struct api *api, const struct api_kind *kind,
				    const char *parent, const char *word, char id[API_ID_MAX])
{
	char path[API_PATH_MAX], query[80];
	json_object *items = NULL;
	enum lbctl_exit ret = api_path(api, kind, parent, NULL, path);

	(void)snprintf(query, sizeof(query), "name=%s", word);
	if (ret == LBCTL_OK)
		ret = api_list(api, path, query, &items);
	if (ret == LBCTL_OK)
		ret = item_take(kind, items, word, id);
	json_object_put(items);
	return ret;
}

enum lbctl_exit api_resolve(struct api *api, const struct api_kind *kind, const char *parent,
			    const char *word, char id[API_ID_MAX])
{
	if (is_id(word)) {
		(void)snprintf(id, API_ID_MAX, "%s", word);
		return LBCTL_OK;
	}
	if (!is_name(word) || !kind->named)
		return api_usage(api->options,
				 kind->named ? "neither a name nor an id:" : "not an id:", word);
	return name_resolve(api, kind, parent, word, id);
}

/* Of the flag, of the environment, or that of the token. */
static enum lbctl_exit org_find(struct api *api)
{
	const char *word = api->options->org ? api->options->org : getenv("LB_ORG");
	struct answer answer = {0};
	const char *id;
	enum lbctl_exit ret;

	if (*api->org)
		return LBCTL_OK;
	if (word)
		return api_resolve(api, api_kind_find("org"), NULL, word, api->org);
	ret = api_ask(api, "GET", "/v1/whoami", NULL, NULL, &answer);
	if (ret != LBCTL_OK) {
		answer_release(&answer);
		return ret;
	}
	id = member_text(answer.body, "org");
	if (id && is_id(id))
		(void)snprintf(api->org, sizeof(api->org), "%s", id);
	else
		ret = api_usage(api->options, "--org ORG or LB_ORG is required", NULL);
	answer_release(&answer);
	return ret;
}

enum lbctl_exit api_path(struct api *api, const struct api_kind *kind, const char *parent,
			 const char *id, char path[API_PATH_MAX])
{
	const struct api_kind *above = kind->parent ? api_kind_find(kind->parent) : NULL;
	const char *slash = id ? "/" : "", *last = id ? id : "";
	char root[API_ID_MAX + 16] = "/v1";
	enum lbctl_exit ret;

	if (api->system) {
		(void)snprintf(root, sizeof(root), "/v1/system");
	} else if (strcmp(kind->name, "org") != 0) {
		ret = org_find(api);
		if (ret != LBCTL_OK)
			return ret;
		(void)snprintf(root, sizeof(root), "/v1/orgs/%s", api->org);
	}
	if (above)
		(void)snprintf(path, API_PATH_MAX, "%s/%s/%s/%s%s%s", root, above->plural, parent,
			       kind->plural, slash, last);
	else
		(void)snprintf(path, API_PATH_MAX, "%s/%s%s%s", root, kind->plural, slash, last);
	return LBCTL_OK;
}
