// SPDX-License-Identifier: GPL-2.0-only
/*
 * options.c - reads the command line. Strict: no abbreviations, each option
 * once, decimal numbers only. Called by command.c, which also makes the help
 * and the completion of option_specs[].
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lbctl.h"

const struct option_spec option_specs[] = {
	{"json", NULL, "write JSON", 0},
	{"help", NULL, "say what the command does", 0},
	{"version", NULL, "say the version of lbctl", 0},
	{"device", "ID", "show only what belongs to this device", OPTION_DEVICE},
	{"network", "ID", "show only what belongs to this network", OPTION_NETWORK},
	{"generation", "N", "wait for generation N or a later one", OPTION_GENERATION},
	{"timeout", "SECONDS", "give up after this time", OPTION_TIMEOUT},
	{"yes", NULL, "do not ask", OPTION_YES},
};

const size_t n_option_specs = lbctl_array_size(option_specs);

__attribute__((format(printf, 3, 4))) static int refuse(char *why, size_t size, const char *format,
							...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, size, format, args);
	va_end(args);
	return -EINVAL;
}

/**
 * options_number() - Read a number: digits only, no leading zero, at least 1.
 * @text: as typed; all our numbers are ids, counts and seconds
 * @max: the largest that will do
 * @number: set when 0 is returned
 *
 * Return: 0 or -EINVAL.
 */
int options_number(const char *text, uint64_t max, uint64_t *number)
{
	uint64_t value = 0;

	if (*text < '1' || *text > '9')
		return -EINVAL;
	for (; *text; text++) {
		unsigned int digit = (unsigned int)*text - '0';

		if (digit > 9 || value > (max - digit) / 10)
			return -EINVAL;
		value = value * 10 + digit;
	}
	*number = value;
	return 0;
}

static int value_take(const struct option_spec *spec, const char *text, struct options *options,
		      char *why, size_t size)
{
	uint64_t max = spec->flag == OPTION_GENERATION ? UINT64_MAX : UINT32_MAX;
	uint64_t number;

	if (spec->flag == OPTION_TIMEOUT)
		max = INT32_MAX / 1000; /* milliseconds must fit an int */
	if (options_number(text, max, &number))
		return refuse(why, size, "--%s: \"%s\" is not a number from 1 to %llu", spec->name,
			      text, (unsigned long long)max);
	switch (spec->flag) {
	case OPTION_DEVICE:
		options->device = (uint32_t)number;
		break;
	case OPTION_NETWORK:
		options->network = (uint32_t)number;
		break;
	case OPTION_GENERATION:
		options->generation = number;
		break;
	default:
		options->timeout_s = (uint32_t)number;
		break;
	}
	return 0;
}

static const struct option_spec *spec_find(const char *name, size_t len)
{
	for (size_t i = 0; i < n_option_specs; i++) {
		if (!strncmp(option_specs[i].name, name, len) && !option_specs[i].name[len])
			return &option_specs[i];
	}
	return NULL;
}

static int flag_take(const struct option_spec *spec, struct options *options)
{
	bool *flag = !strcmp(spec->name, "json")   ? &options->json
		     : !strcmp(spec->name, "help") ? &options->help
		     : !strcmp(spec->name, "yes")  ? &options->yes
						   : &options->version;

	*flag = true;
	options->given |= spec->flag;
	return 0;
}

/* Returns how many words it took. */
static int option_take(char *const words[], int n_words, struct options *options, char *why,
		       size_t size)
{
	const char *name = words[0] + 2;
	size_t len = strcspn(name, "=");
	const struct option_spec *spec = spec_find(name, len);
	const char *value = name[len] ? name + len + 1 : NULL;
	int took = 1;
	int ret;

	if (!spec)
		return refuse(why, size, "unknown option \"%s\"", words[0]);
	if (options->given & spec->flag)
		return refuse(why, size, "--%s is given twice", spec->name);
	if (!spec->value) {
		if (value)
			return refuse(why, size, "--%s takes no value", spec->name);
		ret = flag_take(spec, options);
		return ret ? ret : took;
	}
	if (!value) {
		if (n_words < 2)
			return refuse(why, size, "--%s needs a value", spec->name);
		value = words[1];
		took = 2;
	}
	options->given |= spec->flag;
	ret = value_take(spec, value, options, why, size);
	return ret ? ret : took;
}

/**
 * options_parse() - Read all words of the command line but the program's name.
 * @argc: how many there are
 * @argv: the words; options may stand anywhere before "--"
 * @options: set when 0 is returned; points into @argv
 * @why: gets a sentence when it is refused
 * @size: bytes in @why
 *
 * Return: 0 or -EINVAL.
 */
int options_parse(int argc, char *const argv[], struct options *options, char *why, size_t size)
{
	bool only_args = false;

	memset(options, 0, sizeof(*options));
	for (int i = 0; i < argc;) {
		int took = 1;

		if (!only_args && !strcmp(argv[i], "--")) {
			only_args = true;
		} else if (!only_args && !strcmp(argv[i], "-h")) {
			options->help = true;
		} else if (!only_args && !strcmp(argv[i], "-V")) {
			options->version = true;
		} else if (!only_args && !strncmp(argv[i], "--", 2)) {
			took = option_take(argv + i, argc - i, options, why, size);
		} else if (!only_args && argv[i][0] == '-') {
			return refuse(why, size, "unknown option \"%s\"", argv[i]);
		} else {
			if (options->n_args == (int)lbctl_array_size(options->args))
				return refuse(why, size, "\"%s\" is one argument too many",
					      argv[i]);
			options->args[options->n_args++] = argv[i];
		}
		if (took < 0)
			return took;
		i += took;
	}
	return 0;
}
