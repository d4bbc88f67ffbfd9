// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random resources: every field that a table has gets a random value, and then what a kind's check
 * asks for is put right. So a new field is in the tests as soon as it is in its table.
 */
#include "testing/resources.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static uint64_t state;

void any_seed(uint64_t seed)
{
	state = seed;
}

/* splitmix64: the same numbers everywhere, so that a failure can be repeated. */
static uint64_t any(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static int64_t any_between(int64_t min, int64_t max)
{
	return min + (int64_t)(any() % ((uint64_t)(max - min) + 1));
}

static void any_label(char name[RESOURCE_NAME_SIZE])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	size_t length = (size_t)any_between(1, RESOURCE_NAME_SIZE - 1);

	memset(name, 0, RESOURCE_NAME_SIZE);
	for (size_t i = 0; i < length; i++)
		name[i] = letters[any() % (i && i < length - 1 ? 37 : 36)];
}

/* Of one to four bytes a character. */
static void any_text(char *text, size_t size)
{
	static const char *const characters[] = {"a",
						 "Z",
						 "9",
						 " ",
						 "\"",
						 "\\",
						 "/",
						 "<",
						 "\xc3\xa9",
						 "\xe2\x82\xac",
						 "\xf0\x9f\x90\x98"};
	size_t used = 0, length = (size_t)any_between(0, (int64_t)size - 1);

	for (;;) {
		const char *character = characters[any() % 11];

		if (used + strlen(character) > length)
			break;
		memcpy(text + used, character, strlen(character));
		used += strlen(character);
	}
	text[used] = '\0';
}

static void any_id(enum resource_kind kind, char id[RESOURCE_ID_SIZE])
{
	resource_id_make(kind == RESOURCE_KINDS ? (enum resource_kind)(any() % kind) : kind,
			 any_between(0, TIME_MAX), id);
}

static struct lbmesh_prefix any_prefix(unsigned int min)
{
	struct lbmesh_prefix prefix = {.family = any() % 2 ? AF_INET : AF_INET6};
	unsigned int bits = prefix.family == AF_INET ? 32 : 128;

	prefix.len = (uint8_t)any_between(min < bits ? min : bits, bits);
	for (unsigned int i = 0; i < prefix.len; i++) {
		if (any() % 2)
			prefix.addr[i / 8] |= (uint8_t)(0x80u >> (i % 8));
	}
	return prefix;
}

static void values_fill(const struct property *properties, size_t n, void *to);

static void list_fill(const struct property *property, struct resource_list *list)
{
	list->n = (size_t)any_between(property->min, property->max < 20 ? property->max : 20);
	list->items = calloc(list->n ? list->n : 1, property->size);
	cr_assert_not_null(list->items);
	for (size_t i = 0; i < list->n; i++)
		values_fill(property->fields, property->n_fields,
			    (char *)list->items + i * property->size);
}

static void value_fill(const struct property *property, void *value)
{
	struct resource_endpoint *endpoint = value;

	switch (property->type) {
	case PROPERTY_TEXT:
		any_text(value, property->size);
		break;
	case PROPERTY_NAME:
		any_label(value);
		break;
	case PROPERTY_PAIR:
		any_id(property->refers, (char *)value + RESOURCE_ID_SIZE);
		any_id(property->refers, value);
		break;
	case PROPERTY_ID:
		any_id(property->refers, value);
		break;
	case PROPERTY_BOOLEAN:
		*(bool *)value = any() % 2;
		break;
	case PROPERTY_NUMBER:
		*(int64_t *)value = any_between(property->min, property->max);
		break;
	case PROPERTY_TIME:
		*(int64_t *)value = any() % 4 ? any_between(1, TIME_MAX) : 0;
		break;
	case PROPERTY_WORD:
		*(int *)value = (int)(any() % property->n_words);
		break;
	case PROPERTY_PREFIX:
		*(struct lbmesh_prefix *)value = any_prefix(0);
		break;
	case PROPERTY_ADDRESS:
		*(struct lbmesh_prefix *)value = any_prefix(128);
		break;
	case PROPERTY_ENDPOINT:
		endpoint->address = any_prefix(128);
		endpoint->port = (uint16_t)any_between(1, UINT16_MAX);
		break;
	case PROPERTY_KEY:
		for (size_t i = 0; i < property->size; i++)
			((uint8_t *)value)[i] = (uint8_t)any();
		break;
	case PROPERTY_LIST:
		list_fill(property, value);
		break;
	case PROPERTY_OBJECT:
		values_fill(property->fields, property->n_fields, value);
		break;
	}
}

static void values_fill(const struct property *properties, size_t n, void *to)
{
	for (size_t i = 0; i < n; i++)
		value_fill(&properties[i], (char *)to + properties[i].offset);
}

static void any_prefix_text(char *text, size_t size)
{
	/* Short ones would soon be the same. */
	struct lbmesh_prefix prefix = any_prefix(24);

	cr_assert_eq(lbmesh_prefix_format(&prefix, text, size), 0);
}

static void list_clear(struct resource_list *list)
{
	free(list->items);
	*list = (struct resource_list){0};
}

/* Each once. */
static void ports_number(struct resource_list *list)
{
	struct port_number *ports = list->items;

	for (size_t i = 0; i < list->n; i++)
		ports[i].port = 65535 - (int64_t)i * 3000;
}

static void labels_number(struct resource_list *list)
{
	struct label *labels = list->items;

	for (size_t i = 0; i < list->n; i++)
		snprintf(labels[i].name, sizeof(labels[i].name), "l-%zu", i);
}

/* --- What a kind's check asks for, on top of what its table does ------------------------------ */

static void sandbox_repair(struct sandbox *sandbox)
{
	struct peer_text *egress = sandbox->egress.items, *ingress = sandbox->ingress.items;

	for (size_t i = 0; i < sandbox->egress.n; i++) {
		if (any() % 2)
			any_prefix_text(egress[i].text, sizeof(egress[i].text));
		else
			snprintf(egress[i].text, sizeof(egress[i].text), "%sx%d.example.org",
				 any() % 2 ? "*." : "", (int)i);
	}
	for (size_t i = 0; i < sandbox->ingress.n; i++)
		any_prefix_text(ingress[i].text, sizeof(ingress[i].text));
	if (sandbox->public_access && sandbox->ingress.n)
		snprintf(ingress[0].text, sizeof(ingress[0].text), "%s", "internet");
	if (!sandbox->allow_internet)
		list_clear(&sandbox->egress);
	ports_number(&sandbox->ingress_ports);
	labels_number(&sandbox->labels);
}

static void network_repair(struct network *network)
{
	network->family = (int)(any() % NETWORK_IPV6);
	network->cidr = (struct lbmesh_prefix){AF_INET, 24, {100, 64, (uint8_t)any()}};
	network->cidr6 = (struct lbmesh_prefix){0};
	if (network->family == NETWORK_DUAL)
		network->cidr6 = (struct lbmesh_prefix){AF_INET6, 64, {0xfd, 1, (uint8_t)any()}};
	network->mtu = any() % 2 ? 0 : any_between(1280, 9000);
	if (network->context == NETWORK_WORKSPACE)
		any_id(RESOURCE_WORKSPACE, network->head.owner);
}

static void member_repair(struct member *member)
{
	static const enum resource_kind owners[] = {RESOURCE_HOST, RESOURCE_SANDBOX,
						    RESOURCE_TOKEN};

	any_id(owners[member->member_kind], member->head.owner);
	member->address = (struct lbmesh_prefix){AF_INET, 32, {100, 64, 1, (uint8_t)any()}};
	member->address6 = (struct lbmesh_prefix){AF_INET6, 128, {0xfd, [15] = (uint8_t)any()}};
	member->expires_at = member->member_kind == MEMBER_USER ? any_between(1, TIME_MAX) : 0;
}

static void rule_repair(struct firewall_rule *rule, size_t index)
{
	static const char *const words[] = {"any",	   "same-network", "internet",
					    "network:dev", "host:a",	   "10.0.0.0/8"};
	struct port_range *ranges[] = {rule->source_ports.items, rule->destination_ports.items};
	size_t n[] = {rule->source_ports.n, rule->destination_ports.n};

	rule->id = (int64_t)(1000 - index);
	snprintf(rule->protocol, sizeof(rule->protocol), "%s",
		 rule->source_ports.n || rule->destination_ports.n ? "udp" : "icmp");
	snprintf(rule->source, sizeof(rule->source), "%s", words[any() % 6]);
	snprintf(rule->destination, sizeof(rule->destination), "%s", words[any() % 6]);
	for (size_t list = 0; list < 2; list++) {
		for (size_t i = 0; i < n[list]; i++)
			ranges[list][i].last = any_between(ranges[list][i].first, UINT16_MAX);
	}
	if (!strcmp(rule->protocol, "udp"))
		rule->icmp_type = -1;
	if (rule->icmp_type < 0)
		rule->icmp_code = -1;
}

static void firewall_repair(struct firewall *firewall)
{
	for (size_t i = 0; i < firewall->rules.n; i++)
		rule_repair((struct firewall_rule *)firewall->rules.items + i, i);
	if (firewall->level == FIREWALL_WORKSPACE)
		any_id(RESOURCE_WORKSPACE, firewall->head.owner);
}

static void token_repair(struct token *token)
{
	struct token_scope *scopes;

	token->scopes.n = 4;
	free(token->scopes.items);
	token->scopes.items = calloc(4, sizeof(*scopes));
	cr_assert_not_null(token->scopes.items);
	scopes = token->scopes.items;
	for (size_t i = 0; i < 4; i++)
		scopes[i].word = (int)i;
	memset(token->head.org, 0, sizeof(token->head.org));
	if (token->token_kind != TOKEN_API)
		list_clear(&token->scopes);
	if (token->token_kind == TOKEN_JOIN)
		any_id(RESOURCE_WORKSPACE, token->head.owner);
}

static void repair(struct resource *resource)
{
	struct bridge *bridge = (struct bridge *)resource;
	struct policy *policy = (struct policy *)resource;
	struct host *host = (struct host *)resource;

	switch (resource->kind) {
	case RESOURCE_ALIAS:
		ports_number(&((struct alias *)resource)->ports);
		break;
	case RESOURCE_HOST:
		labels_number(&host->labels);
		host->endpoint.address = (struct lbmesh_prefix){AF_INET, 32, {192, 0, 2, 7}};
		host->infra_endpoint.address =
			(struct lbmesh_prefix){AF_INET6, 128, {0x20, 1, [15] = 9}};
		break;
	case RESOURCE_SANDBOX:
		sandbox_repair((struct sandbox *)resource);
		break;
	case RESOURCE_NETWORK:
		network_repair((struct network *)resource);
		break;
	case RESOURCE_MEMBER:
		member_repair((struct member *)resource);
		break;
	case RESOURCE_BRIDGE:
		bridge->networks[0][4] = '0';
		bridge->networks[1][4] = '1';
		break;
	case RESOURCE_FIREWALL:
		firewall_repair((struct firewall *)resource);
		break;
	case RESOURCE_POLICY:
		snprintf(policy->from, sizeof(policy->from), "label:%.63s", policy->to);
		break;
	case RESOURCE_TOKEN:
		token_repair((struct token *)resource);
		break;
	default:
		break;
	}
}

struct resource *any_resource(enum resource_kind kind)
{
	const struct resource_schema *schema = resource_schema(kind);
	struct resource *resource = resource_new(kind);

	cr_assert_not_null(resource);
	any_id(kind, resource->id);
	any_id(RESOURCE_ORG, resource->org);
	any_id(RESOURCE_KINDS, resource->scope);
	any_label(resource->name);
	resource->version = (uint64_t)any_between(1, INT64_MAX);
	resource->created_at = any_between(1, TIME_MAX);
	resource->updated_at = any_between(1, TIME_MAX);
	values_fill(schema->properties, schema->n_properties, resource);
	repair(resource);
	return resource;
}
