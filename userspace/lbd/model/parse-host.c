// SPDX-License-Identifier: GPL-2.0-only
/* The hosts of a topology: names, keys, endpoints. Called by parse.c, before the networks. */
#include "model/endpoint.h"
#include "model/key.h"
#include "model/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int public_key_read(json_object *value, const struct field *at, uint8_t *key,
			   struct fault *fault)
{
	const char *text;
	int ret;

	if ((ret = document_text(value, at, &text, fault)))
		return ret;
	/* The text is not shown: it may be a private key in the wrong place. */
	if (key_decode(text, strlen(text), key))
		return fault_set(fault, -EINVAL, at, "is not a key: 44 characters of base64");
	return 0;
}

static int endpoint_read(json_object *value, const struct field *at, struct model_host *host,
			 struct fault *fault)
{
	const char *text;
	int ret;

	if ((ret = document_text(value, at, &text, fault)))
		return ret;
	if (endpoint_parse(text, &host->endpoint, &host->endpoint_port))
		return fault_set(fault, -EINVAL, at,
				 "\"%.80s\" is not ADDRESS:PORT or [IPV6]:PORT, with an address in "
				 "numbers and a port from 1 to 65535",
				 text);
	return 0;
}

static int host_read(json_object *object, const struct field *at, struct model_host *host,
		     struct fault *fault)
{
	enum {
		NAME,
		PUBLIC_KEY,
		PRIVATE_KEY_FILE,
		ENDPOINT,
		KEEPALIVE
	};
	static const struct document_rule rules[] = {
		[NAME] = {"name", json_type_string, true},
		[PUBLIC_KEY] = {"public-key", json_type_string, true},
		[PRIVATE_KEY_FILE] = {"private-key-file", json_type_string, false},
		[ENDPOINT] = {"endpoint", json_type_string, false},
		[KEEPALIVE] = {"keepalive", json_type_int, false},
	};
	json_object *values[ARRAY_SIZE(rules)];
	int64_t keepalive = MODEL_KEEPALIVE_DEFAULT;
	int ret;

	if ((ret = document_fields(object, at, rules, ARRAY_SIZE(rules), values, fault)) ||
	    (ret = document_name(values[NAME], FIELD(at, "name"), host->name, fault)) ||
	    (ret = public_key_read(values[PUBLIC_KEY], FIELD(at, "public-key"), host->public_key,
				   fault)) ||
	    (ret = document_copy(values[PRIVATE_KEY_FILE], FIELD(at, "private-key-file"),
				 &host->private_key_file, fault)))
		return ret;
	if (values[ENDPOINT] &&
	    (ret = endpoint_read(values[ENDPOINT], FIELD(at, "endpoint"), host, fault)))
		return ret;
	if (values[KEEPALIVE] && (ret = document_number(values[KEEPALIVE], FIELD(at, "keepalive"),
							0, UINT16_MAX, &keepalive, fault)))
		return ret;
	host->keepalive = (uint16_t)keepalive;
	return 0;
}

int model_hosts_read(json_object *array, struct model *model, struct fault *fault)
{
	const struct field *at = FIELD(NULL, "hosts");
	size_t n;
	int ret;

	if ((ret = document_length(array, at, MODEL_HOSTS_MAX, &n, fault)))
		return ret;
	model->hosts = calloc(n ? n : 1, sizeof(*model->hosts));
	if (!model->hosts)
		return fault_memory(fault);
	model->n_hosts = n;
	for (size_t i = 0; i < n; i++) {
		if ((ret = host_read(json_object_array_get_idx(array, i), ITEM(at, i),
				     &model->hosts[i], fault)))
			return ret;
	}
	return model_hosts_index(model, fault);
}
