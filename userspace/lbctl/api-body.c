// SPDX-License-Identifier: GPL-2.0-only
/*
 * api-body.c - what is sent: words FIELD=VALUE as JSON by the kinds' table, over a document that
 * --file names. Names in the place of ids are resolved here. An empty value is null, which gives a
 * field its default. Called by cmd-*.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

#define FILE_MAX  (1U << 20)
#define FIELD_MAX 64
#define DEPTH_MAX 16

enum lbctl_exit api_body_add(json_object *body, const char *name, json_object *value)
{
	if (!json_object_object_add(body, name, value))
		return LBCTL_OK;
	json_object_put(value);
	return report_memory();
}

static json_object *json_parse(const char *text, size_t size)
{
	json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	json_object *json = NULL;

	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	json = json_tokener_parse_ex(tokener, text, (int)size);
	if (json_tokener_get_error(tokener) != json_tokener_success) {
		json_object_put(json);
		json = NULL;
	}
	json_tokener_free(tokener);
	return json;
}

static bool number_make(const char *text, json_object **json)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (!*text || *end || errno || *text == ' ' || *text == '+')
		return false;
	*json = json_object_new_int64(number);
	return true;
}

static bool boolean_make(const char *text, json_object **json)
{
	bool yes = !strcmp(text, "true") || !strcmp(text, "yes");

	if (!yes && strcmp(text, "false") != 0 && strcmp(text, "no") != 0)
		return false;
	*json = json_object_new_boolean(yes);
	return true;
}

/* What becomes a member may be a host too: by its id, since a name is taken for a sandbox's. */
static enum lbctl_exit id_make(struct api *api, const char *kind, const char *text,
			       json_object **json)
{
	bool member = !strcmp(kind, "member");
	char id[API_ID_MAX];
	enum lbctl_exit ret;

	ret = api_resolve(api, api_kind_find(member ? "sandbox" : kind), NULL, text, id);
	if (ret != LBCTL_OK)
		return ret;
	*json = json_object_new_string(id);
	return *json ? LBCTL_OK : report_memory();
}

static enum lbctl_exit value_make(struct api *api, const struct api_field *field,
				  enum field_type type, const char *text, json_object **json)
{
	bool good = true;

	*json = NULL;
	switch (type) {
	case FIELD_ID:
		return id_make(api, field->kind, text, json);
	case FIELD_NUMBER:
		good = number_make(text, json);
		break;
	case FIELD_BOOLEAN:
		good = boolean_make(text, json);
		break;
	case FIELD_JSON:
		*json = json_parse(text, strlen(text));
		good = *json;
		break;
	default:
		*json = json_object_new_string(text);
		break;
	}
	if (!good)
		return api_usage(api->options,
				 type == FIELD_NUMBER	 ? "not a number:"
				 : type == FIELD_BOOLEAN ? "neither yes nor no:"
							 : "not JSON:",
				 text);
	return *json ? LBCTL_OK : report_memory();
}

/* "a,b"; "" is an empty list. */
static enum lbctl_exit list_make(struct api *api, const struct api_field *field,
				 enum field_type type, const char *text, json_object **json)
{
	char *copy = strdup(text), *rest = copy;
	enum lbctl_exit ret = LBCTL_OK;
	json_object *item;

	*json = json_object_new_array();
	if (!copy || !*json)
		ret = report_memory();
	while (ret == LBCTL_OK && *text && rest) {
		char *one = strsep(&rest, ",");

		ret = value_make(api, field, type, one, &item);
		if (ret == LBCTL_OK && json_object_array_add(*json, item)) {
			json_object_put(item);
			ret = report_memory();
		}
	}
	free(copy);
	if (ret != LBCTL_OK) {
		json_object_put(*json);
		*json = NULL;
	}
	return ret;
}

enum lbctl_exit api_body_set(struct api *api, const struct api_kind *kind, const char *name,
			     const char *text, json_object *body)
{
	const struct api_field *field = api_field_find(kind, name);
	json_object *value = NULL;
	enum lbctl_exit ret = LBCTL_OK;

	if (!field)
		return api_usage(api->options, "no such field:", name);
	if (field->type == FIELD_TEXTS)
		ret = list_make(api, field, FIELD_TEXT, text, &value);
	else if (field->type == FIELD_NUMBERS)
		ret = list_make(api, field, FIELD_NUMBER, text, &value);
	else if (field->type == FIELD_IDS)
		ret = list_make(api, field, FIELD_ID, text, &value);
	else if (*text || field->type == FIELD_TEXT)
		ret = value_make(api, field, field->type, text, &value);
	return ret == LBCTL_OK ? api_body_add(body, name, value) : ret;
}

static enum lbctl_exit word_take(struct api *api, const struct api_kind *kind, const char *word,
				 json_object *body)
{
	size_t size = strcspn(word, "=");
	char name[FIELD_MAX];

	if (!word[size] || !size || size >= sizeof(name))
		return api_usage(api->options, "not FIELD=VALUE:", word);
	memcpy(name, word, size);
	name[size] = '\0';
	if (json_object_object_get_ex(body, name, NULL) && !api->options->file)
		return api_usage(api->options, "given twice:", name);
	return api_body_set(api, kind, name, word + size + 1, body);
}

static enum lbctl_exit file_take(const char *path, json_object **body)
{
	FILE *from = strcmp(path, "-") ? fopen(path, "re") : stdin;
	char *text = malloc(FILE_MAX + 1);
	size_t size = 0;

	if (!from || !text) {
		(void)fprintf(stderr, "lbctl: %s: %s\n", path, strerror(errno));
		if (from && from != stdin)
			(void)fclose(from);
		free(text);
		return LBCTL_FAILED;
	}
	size = fread(text, 1, FILE_MAX + 1, from);
	*body = size <= FILE_MAX && !ferror(from) ? json_parse(text, size) : NULL;
	if (from != stdin)
		(void)fclose(from);
	free(text);
	if (json_object_is_type(*body, json_type_object))
		return LBCTL_OK;
	(void)fprintf(stderr, "lbctl: %s: is not one JSON object of at most %u bytes\n", path,
		      FILE_MAX);
	return LBCTL_FAILED;
}

enum lbctl_exit api_body(struct api *api, const struct api_kind *kind, int first,
			 json_object **body)
{
	const struct options *options = api->options;
	const struct {
		const char *name, *text;
	} flags[] = {{"kind", options->kind},
		     {"workspace", options->workspace},
		     {"ports", options->ports}};
	enum lbctl_exit ret = LBCTL_OK;

	*body = NULL;
	if (options->file)
		ret = file_take(options->file, body);
	else
		*body = json_object_new_object();
	if (ret == LBCTL_OK && !*body)
		return report_memory();
	for (size_t i = 0; ret == LBCTL_OK && i < lbctl_array_size(flags); i++) {
		if (flags[i].text)
			ret = api_body_set(api, kind, flags[i].name, flags[i].text, *body);
	}
	for (int i = first; ret == LBCTL_OK && i < options->n_args; i++)
		ret = word_take(api, kind, options->args[i], *body);
	return ret;
}
