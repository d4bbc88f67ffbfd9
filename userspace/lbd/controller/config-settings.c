// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of the controller's settings, and what each of them may be. Called by config.c for each
 * value, wherever it came from; what follows from several settings is there.
 */
#include "controller/config.h"

#include "model/endpoint.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define SECONDS_MAX	 (30LL * 24 * 3600)
#define SLICE_LENGTH_MAX 29
#define SUFFIX_MAX	 128 /* an alias and a network are put before it */

static int text_take(struct config *config, enum setting setting, struct fault *fault)
{
	const char *text = config->texts[setting];
	const char **to[SETTINGS] = {
		[SETTING_STATE] = &config->options.state,
		[SETTING_SOCKET] = &config->options.socket,
		[SETTING_CERTIFICATE] = &config->options.certificate_file,
		[SETTING_KEY] = &config->options.key_file,
	};

	if (*text != '/')
		return fault_set(fault, -EINVAL, NULL, "must be a path that begins with \"/\"");
	*to[setting] = text;
	return 0;
}

/* "postgres://user:secret@host/", or "...?password=secret". What is refused here is never printed. */
static bool url_has_password(const char *text)
{
	const char *user = strstr(text, "//");
	size_t length = user ? strcspn(user + 2, "/@?") : 0;

	return strstr(text, "password") ||
	       (length && user[2 + length] == '@' && memchr(user + 2, ':', length));
}

static int store_take(struct config *config, enum setting setting, struct fault *fault)
{
	static const char *const begins[] = {"sqlite:/", "postgres://", "postgresql://"};
	const char *text = config->texts[setting];

	if (url_has_password(text))
		return fault_set(fault, -EINVAL, NULL,
				 "has a password, which others can see; put it into a file that "
				 "passfile= or PGPASSFILE names");
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		if (!strncmp(text, begins[i], strlen(begins[i]))) {
			config->options.store = text;
			return 0;
		}
	}
	return fault_set(fault, -EINVAL, NULL,
			 "must be \"sqlite:\" and a path that begins with \"/\", or an url of "
			 "PostgreSQL (postgres://...)");
}

static bool is_loopback(const struct lbmesh_prefix *address)
{
	static const uint8_t one[16] = {[15] = 1};

	return address->family == AF_INET ? address->addr[0] == 127
					  : !memcmp(address->addr, one, sizeof(one));
}

static int address_take(struct config *config, enum setting setting, struct fault *fault)
{
	const char *text = config->texts[setting];
	struct lbmesh_prefix address;
	uint16_t port;

	if (endpoint_parse(text, &address, &port))
		return fault_set(fault, -EINVAL, NULL,
				 "must be ADDRESS:PORT or [IPV6]:PORT, in numbers");
	if (setting == SETTING_METRICS && !is_loopback(&address))
		return fault_set(fault, -EINVAL, NULL,
				 "must be an address of the loopback (127.0.0.1:PORT): metrics are "
				 "neither encrypted nor asked for with a token");
	if (setting == SETTING_METRICS)
		config->options.metrics = text;
	else
		config->options.listen = text;
	return 0;
}

static int number_take(const char *text, int64_t max, int64_t *number, struct fault *fault)
{
	int64_t value = 0;
	const char *at = text;

	for (; isdigit((unsigned char)*at) && value <= max; at++)
		value = value * 10 + (*at - '0');
	if (!*text || *at || value > max || (*text == '0' && text[1]))
		return fault_set(fault, -EINVAL, NULL, "must be a number from 0 to %lld",
				 (long long)max);
	*number = value;
	return 0;
}

static int slice_take(struct config *config, enum setting setting, struct fault *fault)
{
	return number_take(config->texts[setting], SLICE_LENGTH_MAX, &config->options.slice_length,
			   fault);
}

static int quarantine_take(struct config *config, enum setting setting, struct fault *fault)
{
	int64_t seconds = 0;
	int ret = number_take(config->texts[setting], SECONDS_MAX, &seconds, fault);

	if (!ret)
		config->options.quarantine_ms = seconds * 1000;
	return ret;
}

static int pool_take(struct config *config, enum setting setting, struct fault *fault)
{
	struct lbmesh_prefix *pool = &config->options.pool;

	if (!strchr(config->texts[setting], '/') ||
	    lbmesh_prefix_parse(config->texts[setting], pool) || pool->family != AF_INET)
		return fault_set(fault, -EINVAL, NULL, "must be a prefix of IPv4 (100.64.0.0/10)");
	if (prefix_reserved(pool, false))
		return fault_set(fault, -EINVAL, NULL, "is %s", prefix_reserved(pool, false));
	return 0;
}

/* A DNS name of labels of a-z, 0-9 and inner "-". */
static int suffix_take(struct config *config, enum setting setting, struct fault *fault)
{
	const char *text = config->texts[setting];
	size_t length = strlen(text), label = 0;
	bool good = length && length <= SUFFIX_MAX;

	for (size_t i = 0; good && i <= length; i++) {
		bool end = text[i] == '.' || !text[i];

		if (end)
			good = label && label <= 63 && text[i - 1] != '-';
		else
			good = islower((unsigned char)text[i]) || isdigit((unsigned char)text[i]) ||
			       (text[i] == '-' && label);
		label = end ? 0 : label + 1;
	}
	if (!good)
		return fault_set(fault, -EINVAL, NULL,
				 "must be a name of DNS of at most %d bytes, in small letters",
				 SUFFIX_MAX);
	config->options.suffix = text;
	return 0;
}

static int flag_take(struct config *config, enum setting setting, struct fault *fault)
{
	const char *text = config->texts[setting];

	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return fault_set(fault, -EINVAL, NULL, "must be yes or no");
	config->options.old_paths = !strcmp(text, "yes");
	return 0;
}

/* clang-format off */
const struct setting_info settings[SETTINGS] = {
	[SETTING_STATE] = {"state", "DIR", "/var/lib/lb",
		"the signing key and, by default, the store", text_take},
	[SETTING_STORE] = {"store", "URL", NULL,
		"sqlite:PATH or postgres://... (default: sqlite:STATE/controller.db)", store_take},
	[SETTING_LISTEN] = {"listen", "ADDRESS", NULL,
		"where TLS is served (default: [::]:8443 with a certificate, else nowhere)", address_take},
	[SETTING_SOCKET] = {"socket", "PATH", "/run/lb/lbd.sock",
		"the unix socket; root and the controller's own user have all rights on it", text_take},
	[SETTING_CERTIFICATE] = {"certificate", "FILE", NULL,
		"the chain of TLS certificates, PEM", text_take},
	[SETTING_KEY] = {"key", "FILE", NULL,
		"their private key, PEM, for its owner alone", text_take},
	[SETTING_POOL] = {"pool", "CIDR", "100.64.0.0/10",
		"where networks get their addresses from", pool_take},
	[SETTING_SLICE_LENGTH] = {"slice-length", "N", "24",
		"the length of a network's prefix", slice_take},
	[SETTING_QUARANTINE] = {"quarantine", "SECONDS", "600",
		"how long a released address is given to nobody else", quarantine_take},
	[SETTING_SUFFIX] = {"suffix", "NAME", "gstacks",
		"what names of aliases end in", suffix_take},
	[SETTING_METRICS] = {"metrics", "ADDRESS", NULL,
		"where Prometheus finds /metrics, on the loopback (default: nowhere)", address_take},
	[SETTING_OLD_PATHS] = {"old-paths", NULL, "no",
		"serve the older paths of organisations' networks, too", flag_take},
};
/* clang-format on */
