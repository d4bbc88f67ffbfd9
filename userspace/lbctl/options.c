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
	{"timeout", "SECONDS", "how long: 30 or 30s", OPTION_TIMEOUT},
	{"yes", NULL, "do not ask", OPTION_YES},
	{"layer", "ID", "show only what belongs to this layer", OPTION_LAYER},
	{"set", "ID", "show only what belongs to this set", OPTION_SET},
	{"from", "ADDRESS[:PORT]", "source; an IPv6 address with a port is in brackets",
	 OPTION_FROM},
	{"to", "ADDRESS[:PORT]", "destination", OPTION_TO},
	{"proto", "NAME|N", "protocol: tcp, udp, icmp, or a number", OPTION_PROTO},
	{"endpoint", "ID", "the endpoint that judges", OPTION_ENDPOINT},
	{"interface", "NAME", "the interface that the packet passes", OPTION_INTERFACE},
	{"direction", "DIRECTION", "ingress or egress, as the endpoint sees it", OPTION_DIRECTION},
	{"icmp-type", "N", "ICMP type; echo request if not given", OPTION_ICMP_TYPE},
	{"icmp-code", "N", "ICMP code; 0 if not given", OPTION_ICMP_CODE},
	{"api", "URL", "the controller: https://HOST[:PORT] or unix:/PATH", OPTION_API},
	{"ca", "FILE", "whose certificates to trust, and no others", OPTION_CA},
	{"token-file", "FILE", "the file that holds the token; - is the standard input",
	 OPTION_TOKEN_FILE},
	{"org", "ORG", "the organisation, by name or id", OPTION_ORG},
	{"system", NULL, "what is the system's, not an organisation's", OPTION_SYSTEM},
	{"file", "FILE", "fields as a JSON object; - is the standard input", OPTION_FILE},
	{"kind", "KIND", "of a token: api, join or user", OPTION_KIND},
	{"workspace", "WORKSPACE", "the workspace, by name or id", OPTION_WORKSPACE},
	{"alias", "NAME", "the alias that the sandbox gets", OPTION_ALIAS},
	{"port", "N[,N...]", "the ports of the alias", OPTION_PORT},
	{"config", "FILE", "the controller's settings", OPTION_CONFIG},
	{"store", "URL", "the controller's store", OPTION_STORE},
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

static int decimal(const char *text, uint64_t max, uint64_t *number)
{
	uint64_t value = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return -EINVAL;
	for (; *text; text++) {
		unsigned int digit = (unsigned int)*text - '0';

		if (digit > 9 || digit > max || value > (max - digit) / 10)
			return -EINVAL;
		value = value * 10 + digit;
	}
	*number = value;
	return 0;
}

/**
 * options_number() - Read a number: digits only, no leading zero, at least 1.
 * @text: as typed; nearly all our numbers are ids, counts and seconds
 * @max: the largest that will do
 * @number: set when 0 is returned
 *
 * Return: 0 or -EINVAL.
 */
int options_number(const char *text, uint64_t max, uint64_t *number)
{
	return *text == '0' ? -EINVAL : decimal(text, max, number);
}

/* "30" or "30s"; milliseconds must fit an int. */
static int timeout_take(const char *text, uint32_t *seconds)
{
	char digits[16];
	size_t len = strlen(text);
	uint64_t number;

	if (len && text[len - 1] == 's')
		len--;
	if (len >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (options_number(digits, INT32_MAX / 1000, &number))
		return -EINVAL;
	*seconds = (uint32_t)number;
	return 0;
}

static int id_take(const struct option_spec *spec, const char *text, uint32_t *id, char *why,
		   size_t size)
{
	uint64_t number;

	if (options_number(text, UINT32_MAX, &number))
		return refuse(why, size, "--%s: \"%s\" is not a number from 1 to %u", spec->name,
			      text, UINT32_MAX);
	*id = (uint32_t)number;
	return 0;
}

static int octet_take(const struct option_spec *spec, const char *text, uint8_t *octet, char *why,
		      size_t size)
{
	uint64_t number;

	if (decimal(text, UINT8_MAX, &number))
		return refuse(why, size, "--%s: \"%s\" is not a number from 0 to 255", spec->name,
			      text);
	*octet = (uint8_t)number;
	return 0;
}

/* One end of the tuple of explain. */
static int end_take(const struct option_spec *spec, const char *text, struct lbmesh_flow *flow,
		    char *why, size_t size)
{
	const bool from = spec->flag == OPTION_FROM;

	if (tuple_end(text, from ? &flow->src : &flow->dst,
		      from ? &flow->has_src_port : &flow->has_dst_port,
		      from ? &flow->src_port : &flow->dst_port))
		return refuse(why, size, "--%s: \"%s\" is not ADDRESS, IPV4:PORT or [IPV6]:PORT",
			      spec->name, text);
	return 0;
}

static int direction_take(const char *text, struct lbmesh_flow *flow)
{
	flow->has_direction = true;
	flow->direction =
		!strcmp(text, "egress") ? LBMESH_DIRECTION_EGRESS : LBMESH_DIRECTION_INGRESS;
	return strcmp(text, lbmesh_direction_name(flow->direction)) ? -EINVAL : 0;
}

/* The options that say what packet is meant. */
static int flow_take(const struct option_spec *spec, const char *text, struct options *options,
		     char *why, size_t size)
{
	struct lbmesh_flow *flow = &options->flow;

	switch (spec->flag) {
	case OPTION_FROM:
	case OPTION_TO:
		return end_take(spec, text, flow, why, size);
	case OPTION_PROTO:
		flow->has_protocol = true;
		options->icmp_by_name = !strcmp(text, "icmp");
		if (tuple_protocol(text, &flow->protocol))
			return refuse(why, size,
				      "--proto: \"%s\" is no protocol; give tcp, udp, icmp, or a "
				      "number from 0 to 255",
				      text);
		return 0;
	case OPTION_ENDPOINT:
		return id_take(spec, text, &flow->endpoint, why, size);
	case OPTION_INTERFACE:
		options->interface = text;
		if (!*text || strlen(text) > LBMESH_IFNAME_MAX)
			return refuse(why, size,
				      "--interface: \"%s\" is no name of an interface, which has "
				      "1 to %d bytes",
				      text, LBMESH_IFNAME_MAX);
		return 0;
	case OPTION_DIRECTION:
		if (direction_take(text, flow))
			return refuse(why, size,
				      "--direction: \"%s\" is neither \"ingress\" nor \"egress\"",
				      text);
		return 0;
	case OPTION_ICMP_TYPE:
		flow->has_icmp_type = true;
		return octet_take(spec, text, &flow->icmp_type, why, size);
	default:
		flow->has_icmp_code = true;
		return octet_take(spec, text, &flow->icmp_code, why, size);
	}
}

/* Where a text goes that is used as it is typed; NULL for what is no such option. */
static const char **text_place(uint32_t flag, struct options *options)
{
	switch (flag) {
	case OPTION_API:
		return &options->api;
	case OPTION_CA:
		return &options->ca;
	case OPTION_TOKEN_FILE:
		return &options->token_file;
	case OPTION_ORG:
		return &options->org;
	case OPTION_FILE:
		return &options->file;
	case OPTION_KIND:
		return &options->kind;
	case OPTION_WORKSPACE:
		return &options->workspace;
	case OPTION_ALIAS:
		return &options->alias;
	case OPTION_PORT:
		return &options->ports;
	case OPTION_CONFIG:
		return &options->config;
	case OPTION_STORE:
		return &options->store;
	default:
		return NULL;
	}
}

static int value_take(const struct option_spec *spec, const char *text, struct options *options,
		      char *why, size_t size)
{
	const char **place = text_place(spec->flag, options);

	if (place && !*text)
		return refuse(why, size, "--%s needs a value", spec->name);
	if (place) {
		*place = text;
		return 0;
	}
	switch (spec->flag) {
	case OPTION_DEVICE:
		return id_take(spec, text, &options->device, why, size);
	case OPTION_NETWORK:
		return id_take(spec, text, &options->network, why, size);
	case OPTION_LAYER:
		return id_take(spec, text, &options->layer, why, size);
	case OPTION_SET:
		return id_take(spec, text, &options->set, why, size);
	case OPTION_GENERATION:
		if (options_number(text, UINT64_MAX, &options->generation))
			return refuse(why, size, "--%s: \"%s\" is not a number from 1 to %llu",
				      spec->name, text, (unsigned long long)UINT64_MAX);
		return 0;
	case OPTION_TIMEOUT:
		if (timeout_take(text, &options->timeout_s))
			return refuse(why, size, "--%s: \"%s\" is not a number from 1 to %d",
				      spec->name, text, INT32_MAX / 1000);
		return 0;
	default:
		return flow_take(spec, text, options, why, size);
	}
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
		     : spec->flag == OPTION_SYSTEM ? &options->system
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
