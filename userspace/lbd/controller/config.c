// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where settings of the controller come from: defaults, the file, the environment, flags. Called by
 * service.c at the start and for --check-config; nothing is read again later.
 */
#include "controller/config.h"

#include "agent/file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

void config_variable(const struct setting_info *info, char name[VARIABLE_SIZE])
{
	char *to = name + snprintf(name, VARIABLE_SIZE, "LBD_");

	for (const char *at = info->name; *at && to < name + VARIABLE_SIZE - 1; at++)
		*to++ = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
	*to = '\0';
}

/* source: what the fault's text begins with. */
static int setting_set(struct config *config, enum setting setting, const char *text,
		       const char *source, struct fault *fault)
{
	struct fault why = {0};
	char *copy = strdup(text);
	int ret;

	if (!copy)
		return fault_memory(fault);
	free(config->texts[setting]);
	config->texts[setting] = copy;
	ret = settings[setting].take(config, setting, &why);
	return ret ? fault_set(fault, ret, NULL, "%.200s: %s", source, why.text) : 0;
}

static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text + strspn(text, " \t\r");
}

static int setting_find(const char *name)
{
	for (int i = 0; i < SETTINGS; i++) {
		if (!strcmp(settings[i].name, name))
			return i;
	}
	return -ENOENT;
}

/* One line; line_of: where each setting was seen, 0: not yet. */
static int line_take(struct config *config, char *line, const char *at, unsigned int number,
		     unsigned int line_of[SETTINGS], struct fault *fault)
{
	char source[FAULT_TEXT_SIZE];
	char *name = trim(line), *value;
	int setting;

	if (!*name || *name == '#')
		return 0;
	value = strchr(name, '=');
	if (!value)
		return fault_set(fault, -EINVAL, NULL, "%s: is not \"name = value\"", at);
	*value = '\0';
	value = trim(value + 1);
	name = trim(name);
	setting = setting_find(name);
	if (setting < 0)
		return fault_set(fault, -EINVAL, NULL,
				 "%s: there is no setting \"%.60s\"; lbd.conf(5) lists them", at,
				 name);
	if (line_of[setting])
		return fault_set(fault, -EINVAL, NULL, "%s: %s: is given twice, first in line %u",
				 at, name, line_of[setting]);
	line_of[setting] = number;
	snprintf(source, sizeof(source), "%.300s: %.60s", at, name);
	return setting_set(config, (enum setting)setting, value, source, fault);
}

static int lines_take(struct config *config, char *text, const char *path, struct fault *fault)
{
	unsigned int line_of[SETTINGS] = {0}, number = 1;
	char at[256];
	int ret = 0;

	for (char *line = text, *next; !ret && line; line = next, number++) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		snprintf(at, sizeof(at), "%.200s:%u", path, number);
		ret = line_take(config, line, at, number, line_of, fault);
	}
	return ret;
}

static int file_take(struct config *config, const char *given, struct fault *fault)
{
	const char *path = given ? given : CONFIG_FILE;
	struct fault why = {0};
	char *bytes = NULL, *text;
	size_t size;
	int ret = file_read(AT_FDCWD, path, CONFIG_FILE_MAX, &bytes, &size, &why);

	if (ret == -ENOENT && !given)
		return 0;
	if (ret)
		return fault_set(fault, ret, NULL, "%.200s: %s", path, why.text);
	config->file = path;
	text = strndup(bytes, size);
	if (!text)
		ret = fault_memory(fault);
	else if (memchr(bytes, '\0', size))
		ret = fault_set(fault, -EINVAL, NULL, "%.200s: has a zero byte", path);
	else
		ret = lines_take(config, text, path, fault);
	free(text);
	free(bytes);
	return ret;
}

static int environment_take(struct config *config, struct fault *fault)
{
	char name[VARIABLE_SIZE];
	const char *text;
	int ret = 0;

	for (int i = 0; !ret && i < SETTINGS; i++) {
		config_variable(&settings[i], name);
		text = getenv(name);
		if (text)
			ret = setting_set(config, (enum setting)i, text, name, fault);
	}
	return ret;
}

static int flags_take(struct config *config, const struct config_given *given, struct fault *fault)
{
	char source[VARIABLE_SIZE];
	int ret = 0;

	for (int i = 0; !ret && i < SETTINGS; i++) {
		snprintf(source, sizeof(source), "--%s", settings[i].name);
		if (given->texts[i])
			ret = setting_set(config, (enum setting)i, given->texts[i], source, fault);
	}
	return ret;
}

/* What one setting alone cannot know, and what follows from another. */
static int config_finish(struct config *config, struct fault *fault)
{
	struct controller_options *options = &config->options;
	bool tls = options->certificate_file && options->key_file;

	if (!options->certificate_file != !options->key_file)
		return fault_set(fault, -EINVAL, NULL, "%s: is given without %s; TLS needs both",
				 options->key_file ? "key" : "certificate",
				 options->key_file ? "certificate" : "key");
	if (options->listen && !tls)
		return fault_set(fault, -EINVAL, NULL,
				 "listen: needs certificate and key: it is TLS only");
	if (options->slice_length <= options->pool.len)
		return fault_set(fault, -EINVAL, NULL,
				 "slice-length: must be greater than the pool's length, which "
				 "is %u",
				 options->pool.len);
	if (tls && !options->listen)
		options->listen = "[::]:8443";
	if (!options->store) {
		if (asprintf(&config->store, "sqlite:%s/controller.db", options->state) < 0)
			config->store = NULL;
		options->store = config->store;
	}
	if (asprintf(&config->signing_key_file, "%s/signing.key", options->state) < 0)
		config->signing_key_file = NULL;
	options->signing_key_file = config->signing_key_file;
	return options->store && options->signing_key_file ? 0 : fault_memory(fault);
}

int config_load(const struct config_given *given, struct config *config, struct fault *fault)
{
	int ret = 0;

	*config = (struct config){0};
	for (int i = 0; !ret && i < SETTINGS; i++) {
		if (settings[i].initial)
			ret = setting_set(config, (enum setting)i, settings[i].initial,
					  settings[i].name, fault);
	}
	if (!ret)
		ret = file_take(config, given->file, fault);
	if (!ret)
		ret = environment_take(config, fault);
	if (!ret)
		ret = flags_take(config, given, fault);
	if (!ret)
		ret = config_finish(config, fault);
	if (ret)
		config_release(config);
	return ret;
}

void config_release(struct config *config)
{
	for (int i = 0; i < SETTINGS; i++)
		free(config->texts[i]);
	free(config->store);
	free(config->signing_key_file);
	*config = (struct config){0};
}

void config_print(const struct config *config, FILE *to)
{
	for (int i = 0; i < SETTINGS; i++) {
		const char *text = config->texts[i];

		if (i == SETTING_STORE)
			text = config->options.store;
		if (i == SETTING_LISTEN)
			text = config->options.listen;
		if (text)
			fprintf(to, "%s = %s\n", settings[i].name, text);
		else
			fprintf(to, "# %s: not set\n", settings[i].name);
	}
}
