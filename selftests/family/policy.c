// SPDX-License-Identifier: GPL-2.0
/* See policy.h. */

#include "policy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Commits --------------------------------------------------------------------------------- */

struct lbmesh_rule rule_of(uint32_t layer, uint32_t id, uint32_t position)
{
	return (struct lbmesh_rule){ .layer = layer, .id = id, .position = position,
				     .action = LBMESH_ACTION_ALLOW };
}

struct lbmesh_selector select_set(uint32_t set)
{
	return (struct lbmesh_selector){ .kind = LBMESH_SELECTOR_SET, .set = set };
}

struct lbmesh_selector select_prefix(const char *prefix)
{
	struct lbmesh_selector selector = { .kind = LBMESH_SELECTOR_PREFIX };

	must(lbmesh_prefix_parse(prefix, &selector.prefix));
	return selector;
}

void put_layer(struct lbmesh_commit *commit, uint32_t id)
{
	must(lbmesh_commit_put_layer(commit, &(struct lbmesh_layer){ .id = id }));
}

void put_set(struct lbmesh_commit *commit, uint32_t id)
{
	must(lbmesh_commit_put_set(commit, &(struct lbmesh_set){ .id = id }));
}

void put_rule(struct lbmesh_commit *commit, uint32_t layer, uint32_t id, uint32_t position)
{
	struct lbmesh_rule rule = rule_of(layer, id, position);

	must(lbmesh_commit_put_rule(commit, &rule));
}

void put_rule_of(struct lbmesh_commit *commit, uint32_t layer, uint32_t id, uint32_t position,
		 uint32_t set)
{
	struct lbmesh_rule rule = rule_of(layer, id, position);

	rule.src = select_set(set);
	must(lbmesh_commit_put_rule(commit, &rule));
}

void put_element(struct lbmesh_commit *commit, uint32_t set, const char *prefix)
{
	struct lbmesh_element element = { .set = set };

	must(lbmesh_prefix_parse(prefix, &element.prefix));
	must(lbmesh_commit_put_element(commit, &element));
}

void remove_element(struct lbmesh_commit *commit, uint32_t set, const char *prefix)
{
	struct lbmesh_prefix key;

	must(lbmesh_prefix_parse(prefix, &key));
	must(lbmesh_commit_remove_element(commit, set, &key));
}

void put_endpoint(struct lbmesh_commit *commit, uint32_t id, const char *address, uint32_t layer)
{
	struct lbmesh_endpoint endpoint = {
		.id = id, .kind = LBMESH_ENDPOINT_KIND_SANDBOX, .ifname = "lo",
		.layers = &layer, .n_layers = !!layer,
	};

	must(lbmesh_address_parse(address, &endpoint.ipv4));
	must(lbmesh_commit_put_endpoint(commit, &endpoint));
}

/* --- set-update ------------------------------------------------------------------------------ */

static size_t element_begin(struct raw *raw, uint32_t set, const char *text)
{
	size_t nest = raw_nest(raw, LBMESH_A_ELEMENT);
	struct lbmesh_prefix prefix;

	must(lbmesh_prefix_parse(text, &prefix));
	raw_put_u32(raw, LBMESH_A_ELEMENT_SET, set);
	if (prefix.family == AF_INET)
		raw_put(raw, LBMESH_A_ELEMENT_IPV4, &prefix.addr, 4);
	else
		raw_put(raw, LBMESH_A_ELEMENT_IPV6, &prefix.addr, 16);
	raw_put_u8(raw, LBMESH_A_ELEMENT_PREFIX_LEN, prefix.len);
	return nest;
}

size_t learn(struct raw *raw, uint32_t set, const char *prefix, uint32_t timeout_ms)
{
	size_t nest = element_begin(raw, set, prefix);

	if (timeout_ms)
		raw_put_u32(raw, LBMESH_A_ELEMENT_TIMEOUT, timeout_ms);
	raw_nest_end(raw, nest);
	return nest;
}

size_t unlearn(struct raw *raw, uint32_t set, const char *prefix)
{
	size_t nest = element_begin(raw, set, prefix);

	raw_put(raw, LBMESH_A_ELEMENT_REMOVE, "", 0);
	raw_nest_end(raw, nest);
	return nest;
}

/* --- Text ------------------------------------------------------------------------------------ */

enum kind { NUMBER = 1, TEXT, IPV4, IPV6, MARK, NEST };

struct field {
	const char *name;
	enum kind kind;
	const struct field *inner;
};

static const struct field selector[LBMESH_A_SELECTOR_MAX + 1] = {
	[LBMESH_A_SELECTOR_IPV4] = { "ipv4", IPV4, NULL },
	[LBMESH_A_SELECTOR_IPV6] = { "ipv6", IPV6, NULL },
	[LBMESH_A_SELECTOR_PREFIX_LEN] = { "prefix-len", NUMBER, NULL },
	[LBMESH_A_SELECTOR_SET] = { "set", NUMBER, NULL },
	[LBMESH_A_SELECTOR_KEYWORD] = { "keyword", NUMBER, NULL },
};

static const struct field range[LBMESH_A_RANGE_MAX + 1] = {
	[LBMESH_A_RANGE_FIRST] = { "first", NUMBER, NULL },
	[LBMESH_A_RANGE_LAST] = { "last", NUMBER, NULL },
};

static const struct field layer[LBMESH_A_LAYER_MAX + 1] = {
	[LBMESH_A_LAYER_ID] = { "id", NUMBER, NULL },
	[LBMESH_A_LAYER_LABEL] = { "label", TEXT, NULL },
};

static const struct field rule[LBMESH_A_RULE_MAX + 1] = {
	[LBMESH_A_RULE_LAYER] = { "layer", NUMBER, NULL },
	[LBMESH_A_RULE_ID] = { "id", NUMBER, NULL },
	[LBMESH_A_RULE_POSITION] = { "position", NUMBER, NULL },
	[LBMESH_A_RULE_DIRECTION] = { "direction", NUMBER, NULL },
	[LBMESH_A_RULE_ACTION] = { "action", NUMBER, NULL },
	[LBMESH_A_RULE_PROTOCOL] = { "protocol", NUMBER, NULL },
	[LBMESH_A_RULE_SRC] = { "src", NEST, selector },
	[LBMESH_A_RULE_DST] = { "dst", NEST, selector },
	[LBMESH_A_RULE_SRC_PORT] = { "src-port", NEST, range },
	[LBMESH_A_RULE_DST_PORT] = { "dst-port", NEST, range },
	[LBMESH_A_RULE_ICMP_TYPE] = { "icmp-type", NUMBER, NULL },
	[LBMESH_A_RULE_ICMP_CODE] = { "icmp-code", NUMBER, NULL },
	[LBMESH_A_RULE_LOG] = { "log", MARK, NULL },
};

static const struct field set[LBMESH_A_SET_MAX + 1] = {
	[LBMESH_A_SET_ID] = { "id", NUMBER, NULL },
	[LBMESH_A_SET_LABEL] = { "label", TEXT, NULL },
};

static const struct field element[LBMESH_A_ELEMENT_MAX + 1] = {
	[LBMESH_A_ELEMENT_SET] = { "set", NUMBER, NULL },
	[LBMESH_A_ELEMENT_IPV4] = { "ipv4", IPV4, NULL },
	[LBMESH_A_ELEMENT_IPV6] = { "ipv6", IPV6, NULL },
	[LBMESH_A_ELEMENT_PREFIX_LEN] = { "prefix-len", NUMBER, NULL },
	[LBMESH_A_ELEMENT_TIMEOUT] = { "timeout", NUMBER, NULL },
	[LBMESH_A_ELEMENT_LEARNED] = { "learned", MARK, NULL },
};

static const struct field endpoint[LBMESH_A_ENDPOINT_MAX + 1] = {
	[LBMESH_A_ENDPOINT_ID] = { "id", NUMBER, NULL },
	[LBMESH_A_ENDPOINT_LABEL] = { "label", TEXT, NULL },
	[LBMESH_A_ENDPOINT_KIND] = { "kind", NUMBER, NULL },
	[LBMESH_A_ENDPOINT_IFINDEX] = { "ifindex", NUMBER, NULL },
	[LBMESH_A_ENDPOINT_IPV4] = { "ipv4", IPV4, NULL },
	[LBMESH_A_ENDPOINT_IPV6] = { "ipv6", IPV6, NULL },
	[LBMESH_A_ENDPOINT_LAYER] = { "layer", NUMBER, NULL },
	[LBMESH_A_ENDPOINT_INGRESS_DEFAULT] = { "ingress-default", NUMBER, NULL },
	[LBMESH_A_ENDPOINT_EGRESS_DEFAULT] = { "egress-default", NUMBER, NULL },
};

static const struct field top[LBMESH_A_MAX + 1] = {
	[LBMESH_A_LAYER] = { "layer", NEST, layer },
	[LBMESH_A_RULE] = { "rule", NEST, rule },
	[LBMESH_A_SET] = { "set", NEST, set },
	[LBMESH_A_ELEMENT] = { "element", NEST, element },
	[LBMESH_A_ENDPOINT] = { "endpoint", NEST, endpoint },
};

struct text {
	char *bytes;
	size_t length;
	size_t size;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
	va_list args;

	if (text->size - text->length < 256) {
		text->size = 2 * text->size + 4096;
		text->bytes = realloc(text->bytes, text->size);
		if (!text->bytes)
			must(-ENOMEM);
	}
	va_start(args, format);
	text->length += vsnprintf(text->bytes + text->length, 256, format, args);
	va_end(args);
}

static void add_number(struct text *text, const struct nlattr *attr)
{
	uint64_t value = 0;

	memcpy(&value, mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
	add(text, " %llu", (unsigned long long)value);
}

static void add_plain(struct text *text, const struct field *field, const struct nlattr *attr)
{
	char address[INET6_ADDRSTRLEN];

	add(text, " %s", field->name);
	switch (field->kind) {
	case NUMBER:
		add_number(text, attr);
		break;
	case TEXT:
		add(text, " \"%s\"", mnl_attr_get_str(attr));
		break;
	case IPV4:
	case IPV6:
		inet_ntop(field->kind == IPV4 ? AF_INET : AF_INET6, mnl_attr_get_payload(attr),
			  address, sizeof(address));
		add(text, " %s", address);
		break;
	default:
		break;
	}
}

/* Two levels: an object, and what is in it. */
static void add_object(struct text *text, const struct field *object, const struct nlattr *nest)
{
	const struct nlattr *attr, *inner;

	add(text, "%s", object->name);
	mnl_attr_for_each_nested(attr, nest) {
		const struct field *field = &object->inner[mnl_attr_get_type(attr)];

		if (!field->name) {
			add(text, " attribute %u", mnl_attr_get_type(attr));
			continue;
		}
		if (field->kind != NEST) {
			add_plain(text, field, attr);
			continue;
		}
		add(text, " %s {", field->name);
		mnl_attr_for_each_nested(inner, attr)
			add_plain(text, &field->inner[mnl_attr_get_type(inner)], inner);
		add(text, " }");
	}
	add(text, "\n");
}

static void show(const struct nlmsghdr *header, void *data)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, header, sizeof(struct genlmsghdr)) {
		if (top[mnl_attr_get_type(attr)].name)
			add_object(data, &top[mnl_attr_get_type(attr)], attr);
	}
}

const char *answer_text(struct raw *raw)
{
	static struct text texts[4];
	static unsigned int next;
	struct text *text = &texts[next++ % 4];
	struct raw_answer answer;

	text->length = 0;
	add(text, "%s", "");
	answer = raw_read(raw, show, text);
	if (answer.error)
		add(text, "errno %d: %s", answer.error, answer.message);
	return text->bytes;
}

const char *dump_text(struct raw *raw, uint8_t command, uint32_t id)
{
	raw_begin(raw, command, NLM_F_DUMP);
	if (id)
		raw_put_u32(raw, LBMESH_A_ID, id);
	return answer_text(raw);
}

int count_lines(const char *text)
{
	int count = 0;

	while ((text = strchr(text, '\n'))) {
		count++;
		text++;
	}
	return count;
}
