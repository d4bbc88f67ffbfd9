// SPDX-License-Identifier: GPL-2.0-only
/*
 * api-kind.c - the kinds of resources as lbctl knows them: verbs, columns of lists, and the fields
 * that can be set, from which help and completion are made, too. selftests/api.py holds the fields to
 * the API document.
 */
#include <string.h>

#include "api.h"

#define ALL (API_LIST | API_SHOW | API_CREATE | API_SET | API_DELETE)

static const char *const host_words[] = {"effective", "refresh", "rotate", "drain", "revoke", NULL};
static const char *const network_words[] = {"attach", "detach", "alias", NULL};
static const char *const token_words[] = {"create", "revoke", NULL};
static const char *const operation_words[] = {"wait", NULL};
static const char *const none[] = {NULL};

/* clang-format off */
const struct api_kind api_kinds[] = {
	{"org", "orgs", NULL, true, ALL, none,
	 {"name", "id", "description", "created_at"},
	 {{"name", FIELD_TEXT, NULL}, {"description", FIELD_TEXT, NULL},
	  {"networks_max", FIELD_NUMBER, NULL}, {"hosts_max", FIELD_NUMBER, NULL}}},
	{"workspace", "workspaces", NULL, true, ALL, none,
	 {"name", "id", "managed_network", "description"},
	 {{"description", FIELD_TEXT, NULL}, {"managed_network", FIELD_BOOLEAN, NULL}}},
	{"host", "hosts", NULL, true, API_LIST | API_SHOW | API_SET | API_DELETE, host_words,
	 {"name", "id", "state", "workspace", "endpoint", "last_seen", "failure"},
	 {{"labels", FIELD_TEXTS, NULL}, {"endpoint", FIELD_TEXT, NULL},
	  {"keepalive", FIELD_NUMBER, NULL}, {"routed_mesh", FIELD_BOOLEAN, NULL},
	  {"infra_endpoint", FIELD_TEXT, NULL}}},
	{"attachment", "attachments", "host", false, ALL, none,
	 {"id", "firewall", "priority"},
	 {{"firewall", FIELD_ID, "firewall"}, {"priority", FIELD_NUMBER, NULL}}},
	{"sandbox", "sandboxes", NULL, true, ALL, none,
	 {"name", "id", "state", "host", "workspace", "allow_internet"},
	 {{"name", FIELD_TEXT, NULL}, {"host", FIELD_ID, "host"}, {"labels", FIELD_TEXTS, NULL},
	  {"allow_internet", FIELD_BOOLEAN, NULL}, {"public_access", FIELD_BOOLEAN, NULL},
	  {"egress", FIELD_TEXTS, NULL}, {"ingress", FIELD_TEXTS, NULL},
	  {"ingress_ports", FIELD_NUMBERS, NULL}, {"private_link_ids", FIELD_IDS, "sandbox"}}},
	{"network", "networks", NULL, true, ALL, network_words,
	 {"name", "id", "state", "cidr", "context", "mode", "managed"},
	 {{"description", FIELD_TEXT, NULL}, {"workspace", FIELD_ID, "workspace"},
	  {"context", FIELD_TEXT, NULL}, {"family", FIELD_TEXT, NULL}, {"mode", FIELD_TEXT, NULL},
	  {"cidr", FIELD_TEXT, NULL}, {"cidr6", FIELD_TEXT, NULL}, {"mtu", FIELD_NUMBER, NULL}}},
	{"member", "members", "network", false, API_LIST | API_SHOW | API_CREATE | API_DELETE, none,
	 {"id", "kind", "owner", "address", "address6", "host"},
	 {{"owner", FIELD_ID, "member"}}},
	{"alias", "aliases", "network", true, ALL, none,
	 {"name", "id", "sandbox", "ports"},
	 {{"sandbox", FIELD_ID, "sandbox"}, {"ports", FIELD_NUMBERS, NULL}}},
	{"policy", "policies", "network", false, ALL, none,
	 {"id", "from", "to", "port", "action"},
	 {{"from", FIELD_TEXT, NULL}, {"to", FIELD_TEXT, NULL}, {"port", FIELD_NUMBER, NULL},
	  {"action", FIELD_TEXT, NULL}}},
	{"bridge", "bridges", NULL, false, API_LIST | API_SHOW | API_CREATE | API_DELETE, none,
	 {"id", "networks", "created_at"},
	 {{"networks", FIELD_IDS, "network"}}},
	{"firewall", "firewalls", NULL, true, ALL, none,
	 {"name", "id", "level", "workspace", "priority", "description"},
	 {{"name", FIELD_TEXT, NULL}, {"description", FIELD_TEXT, NULL}, {"level", FIELD_TEXT, NULL},
	  {"workspace", FIELD_ID, "workspace"}, {"priority", FIELD_NUMBER, NULL},
	  {"rules", FIELD_JSON, NULL}}},
	{"token", "tokens", NULL, true, API_LIST | API_SHOW, token_words,
	 {"name", "id", "kind", "scopes", "expires_at", "used_at", "revoked"},
	 {{"name", FIELD_TEXT, NULL}, {"kind", FIELD_TEXT, NULL}, {"scopes", FIELD_TEXTS, NULL},
	  {"workspace", FIELD_ID, "workspace"}, {"expires_at", FIELD_TEXT, NULL}}},
	{"operation", "operations", NULL, false, API_LIST | API_SHOW, operation_words,
	 {"id", "verb", "state", "target", "host", "error", "finished_at"},
	 {{NULL, FIELD_TEXT, NULL}}},
};
/* clang-format on */

const size_t n_api_kinds = lbctl_array_size(api_kinds);

const struct api_kind *api_kind_find(const char *name)
{
	for (size_t i = 0; i < n_api_kinds; i++) {
		if (!strcmp(api_kinds[i].name, name))
			return &api_kinds[i];
	}
	return NULL;
}

const struct api_field *api_field_find(const struct api_kind *kind, const char *name)
{
	for (size_t i = 0; i < API_FIELDS_MAX && kind->fields[i].name; i++) {
		if (!strcmp(kind->fields[i].name, name))
			return &kind->fields[i];
	}
	return NULL;
}

void api_kind_words(const struct api_kind *kind, const char *between, FILE *to)
{
	static const char *const verbs[] = {"list", "show", "create", "set", "delete"};
	const char *before = "";

	for (size_t i = 0; i < lbctl_array_size(verbs); i++) {
		if (!(kind->verbs & 1U << i))
			continue;
		(void)fprintf(to, "%s%s", before, verbs[i]);
		before = between;
	}
	for (size_t i = 0; kind->words[i]; i++)
		(void)fprintf(to, "%s%s", between, kind->words[i]);
}
