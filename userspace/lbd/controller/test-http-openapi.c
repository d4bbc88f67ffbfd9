// SPDX-License-Identifier: GPL-2.0-only
/*
 * The API document: that it is OpenAPI, and that it says of documents what the code that reads and
 * writes them says. testing/openapi.py has a reader of YAML and a validator of JSON Schema.
 */
#include "controller/route-table.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ORG "/v1/orgs/{org}"
#define ONE(kind_, name_, plural_)                                                              \
	{.method = "POST",                                                                      \
	 .path = ORG "/" plural_,                                                               \
	 .operation = name_ ".create",                                                          \
	 .right = RIGHT_WRITE,                                                                  \
	 .flags = ROUTE_BODY | ROUTE_IDEMPOTENT,                                                \
	 .shown = RESOURCE_##kind_,                                                             \
	 .status = 201,                                                                         \
	 .summary = "Create one"},                                                              \
	{                                                                                       \
		.method = "PATCH", .path = ORG "/" plural_ "/{" name_ "}",                      \
		.operation = name_ ".change", .right = RIGHT_WRITE,                             \
		.flags = ROUTE_BODY | ROUTE_IF_MATCH, .shown = RESOURCE_##kind_, .status = 200, \
		.summary = "Change one"                                                         \
	}

const struct route routes[] = {
	{.method = "GET",
	 .path = "/v1/openapi.yaml",
	 .operation = "api.document",
	 .shown = RESOURCE_KINDS,
	 .status = 200,
	 .summary = "This: \"the\" document\\"},
	{.method = "GET",
	 .path = ORG "/networks",
	 .operation = "network.list",
	 .right = RIGHT_READ,
	 .flags = ROUTE_LIST | ROUTE_WATCH,
	 .shown = RESOURCE_NETWORK,
	 .status = 200},
	{.method = "DELETE",
	 .path = ORG "/networks/{network}",
	 .operation = "network.delete",
	 .right = RIGHT_WRITE,
	 .flags = ROUTE_IF_MATCH | ROUTE_OPERATION,
	 .shown = RESOURCE_NETWORK,
	 .status = 202},
	{.method = "DELETE",
	 .path = ORG,
	 .operation = "org.delete",
	 .right = RIGHT_SYSTEM,
	 .flags = ROUTE_OLD,
	 .shown = RESOURCE_ORG,
	 .status = 204},
	{.method = "POST",
	 .path = "/v1/agent/enrol",
	 .operation = "agent.enrol",
	 .right = RIGHT_AGENT,
	 .flags = ROUTE_BODY,
	 .shown = RESOURCE_KINDS,
	 .status = 200},
	ONE(ORG, "org", "orgs"),
	ONE(WORKSPACE, "workspace", "workspaces"),
	ONE(HOST, "host", "hosts"),
	ONE(SANDBOX, "sandbox", "sandboxes"),
	ONE(NETWORK, "network", "networks"),
	ONE(MEMBER, "member", "members"),
	ONE(BRIDGE, "bridge", "bridges"),
	ONE(FIREWALL, "firewall", "firewalls"),
	ONE(ATTACHMENT, "attachment", "attachments"),
	ONE(ALIAS, "alias", "aliases"),
	ONE(POLICY, "policy", "policies"),
	ONE(TOKEN, "token", "tokens"),
	ONE(OPERATION, "operation", "operations"),
};
const size_t n_routes = sizeof(routes) / sizeof(routes[0]);

static const struct property enrol_request[] = {
	{.name = "token", .type = PROPERTY_TEXT, .flags = PROPERTY_REQUIRED, .size = 64, .min = 1},
	{.name = "port", .type = PROPERTY_NUMBER, .min = 1, .max = 65535, .help = "Of \"it\"."},
};
static const struct property enrol_answer[] = {
	{.name = "yes", .type = PROPERTY_BOOLEAN},
};

const struct route_body route_bodies[] = {
	{.operation = "agent.enrol",
	 .request = enrol_request,
	 .n_request = 2,
	 .answer = enrol_answer,
	 .n_answer = 1},
	{.operation = "api.document", .type = "application/yaml"},
};
const size_t n_route_bodies = sizeof(route_bodies) / sizeof(route_bodies[0]);

/* What a client may send; yes and no by the schema, which the code that reads has to share. */
struct sent {
	enum resource_kind kind;
	enum resource_mode mode;
	bool accepted;
	const char *text;
};

#define ID(prefix_) prefix_ "_01ARZ3NDEKTSV4RRFFQ69G5FAV"

/* clang-format off */
static const struct sent sents[] = {
	{RESOURCE_NETWORK, RESOURCE_CREATE, true, "{\"name\": \"blue\"}"},
	{RESOURCE_NETWORK, RESOURCE_CREATE, true,
	 "{\"name\": \"blue\", \"workspace\": \"" ID("ws") "\", \"family\": \"dual\", "
	 "\"cidr\": \"10.0.0.0/24\", \"cidr6\": null, \"mtu\": 1380}"},
	{RESOURCE_NETWORK, RESOURCE_CREATE, false, "{}"},
	{RESOURCE_NETWORK, RESOURCE_CREATE, false, "{\"name\": \"Blue\"}"},
	{RESOURCE_NETWORK, RESOURCE_CREATE, false, "{\"name\": \"-\"}"},
	{RESOURCE_NETWORK, RESOURCE_CREATE, false, "{\"name\": null}"},
	{RESOURCE_NETWORK, RESOURCE_CREATE, false, "{\"name\": \"blue\", \"colour\": 1}"},
	{RESOURCE_NETWORK, RESOURCE_CREATE, false, "{\"name\": \"blue\", \"state\": \"active\"}"},
	{RESOURCE_NETWORK, RESOURCE_CREATE, false, "{\"name\": \"blue\", \"mtu\": \"1380\"}"},
	{RESOURCE_NETWORK, RESOURCE_CREATE, false, "{\"name\": \"blue\", \"mtu\": 70000}"},
	{RESOURCE_NETWORK, RESOURCE_CREATE, false, "{\"name\": \"blue\", \"family\": \"ipx\"}"},
	{RESOURCE_NETWORK, RESOURCE_CREATE, false, "{\"name\": \"blue\", \"version\": 1}"},
	{RESOURCE_NETWORK, RESOURCE_PATCH, true, "{}"},
	{RESOURCE_NETWORK, RESOURCE_PATCH, true, "{\"mtu\": null}"},
	{RESOURCE_NETWORK, RESOURCE_PATCH, false, "{\"number\": 5}"},
	{RESOURCE_BRIDGE, RESOURCE_CREATE, false, "{\"networks\": [\"" ID("net") "\"]}"},
	{RESOURCE_FIREWALL, RESOURCE_CREATE, true,
	 "{\"name\": \"f\", \"level\": \"organization\", \"rules\": [{\"direction\": \"ingress\", "
	 "\"action\": \"allow\", \"protocol\": \"tcp\", "
	 "\"destination_ports\": [{\"first\": 80, \"last\": 80}]}]}"},
	{RESOURCE_FIREWALL, RESOURCE_CREATE, false,
	 "{\"name\": \"f\", \"level\": \"organization\", \"rules\": [{\"direction\": \"ingress\"}]}"},
	{RESOURCE_FIREWALL, RESOURCE_CREATE, false,
	 "{\"name\": \"f\", \"level\": \"organization\", \"rules\": [{\"direction\": \"ingress\", "
	 "\"action\": \"allow\", \"protocol\": \"tcp\", "
	 "\"destination_ports\": [{\"first\": 0, \"last\": 80}]}]}"},
	{RESOURCE_FIREWALL, RESOURCE_PATCH, true, "{\"rules\": []}"},
	{RESOURCE_TOKEN, RESOURCE_CREATE, true, "{\"kind\": \"api\", \"scopes\": [\"read\"]}"},
	{RESOURCE_TOKEN, RESOURCE_CREATE, false,
	 "{\"kind\": \"api\", \"scopes\": [\"read\", \"read\"]}"},
	{RESOURCE_TOKEN, RESOURCE_CREATE, false, "{\"kind\": \"api\", \"hash\": \"x\"}"},
};
/* clang-format on */

static void schema_of(enum resource_kind kind, const char *form, char name[64])
{
	snprintf(name, 64, "%s%s", resource_schema(kind)->singular, form);
	name[0] = (char)(name[0] - 'a' + 'A');
}

static void sent_check(FILE *cases, const struct sent *sent)
{
	struct resource *resource = resource_new(sent->kind);
	json_object *document = json_tokener_parse(sent->text);
	struct fault fault = {0};
	char name[64];
	int ret;

	/* Of a patch there is something before. */
	resource->version = sent->mode == RESOURCE_PATCH;
	snprintf(resource->org, sizeof(resource->org), "%s", ID("org"));
	if (sent->mode == RESOURCE_PATCH && sent->kind == RESOURCE_NETWORK)
		snprintf(resource->owner, sizeof(resource->owner), "%s", ID("ws"));
	ret = resource_decode(resource, document, sent->mode, false, &fault);
	cr_expect_eq(!ret, sent->accepted, "%s: %s %s", sent->text, fault.path, fault.text);
	schema_of(sent->kind, sent->mode == RESOURCE_PATCH ? "Patch" : "Create", name);
	fprintf(cases, "%s %s %s\n", name, sent->accepted ? "yes" : "no", sent->text);
	json_object_put(document);
	resource_free(resource);
}

/* What has no default, because a creation has to give it. */
static void required_fill(struct resource *resource)
{
	struct bridge *bridge = (struct bridge *)resource;
	struct policy *policy = (struct policy *)resource;
	struct alias *alias = (struct alias *)resource;
	struct port_number *port;

	if (resource->kind == RESOURCE_BRIDGE) {
		resource_id_make(RESOURCE_NETWORK, 1, bridge->networks[0]);
		resource_id_make(RESOURCE_NETWORK, 2, bridge->networks[1]);
	} else if (resource->kind == RESOURCE_POLICY) {
		snprintf(policy->from, sizeof(policy->from), "local");
		snprintf(policy->to, sizeof(policy->to), "db");
	} else if (resource->kind == RESOURCE_ALIAS) {
		port = calloc(1, sizeof(*port));
		cr_assert_not_null(port);
		port->port = 80;
		alias->ports = (struct resource_list){.items = port, .n = 1};
	}
}

/* A new resource of each kind, as tenants and as the system see it. */
static void shown_write(FILE *cases, enum resource_kind kind)
{
	struct resource *resource = resource_new(kind);
	char name[64];

	resource_id_make(kind, 1000, resource->id);
	resource_id_make(RESOURCE_ORG, 1000, resource->org);
	resource_id_make(RESOURCE_NETWORK, 1000, resource->scope);
	resource_id_make(RESOURCE_HOST, 1000, resource->owner);
	required_fill(resource);
	snprintf(resource->name, sizeof(resource->name), "blue");
	resource->version = 1;
	resource->created_at = resource->updated_at = 1000;
	schema_of(kind, "", name);
	for (int view = RESOURCE_VIEW_TENANT; view <= RESOURCE_VIEW_SYSTEM; view++) {
		json_object *document = resource_encode(resource, (enum resource_view)view);

		cr_assert_not_null(document);
		fprintf(cases, "%s yes %s\n", name,
			json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN));
		json_object_object_add(document, "other", NULL);
		fprintf(cases, "%s no %s\n", name,
			json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN));
		json_object_put(document);
	}
	resource_free(resource);
}

static FILE *file_open(const char *directory, const char *name, char path[96])
{
	FILE *file;

	snprintf(path, 96, "%s/%s", directory, name);
	file = fopen(path, "w");
	cr_assert_not_null(file);
	return file;
}

Test(openapi, is_valid_and_says_what_the_code_does)
{
	char directory[] = "/tmp/lbd-openapi-XXXXXX", document[96], cases[96];
	char command[512], *text = openapi_text();
	FILE *file;
	int status;

	cr_assert_not_null(text);
	cr_assert_not_null(mkdtemp(directory));
	file = file_open(directory, "openapi.yaml", document);
	cr_assert_geq(fputs(text, file), 0);
	fclose(file);
	free(text);
	file = file_open(directory, "cases", cases);
	for (size_t i = 0; i < sizeof(sents) / sizeof(sents[0]); i++)
		sent_check(file, &sents[i]);
	for (int kind = 0; kind < RESOURCE_KINDS; kind++)
		shown_write(file, (enum resource_kind)kind);
	fputs("NetworkList yes {\"items\": [], \"next\": null}\n"
	      "NetworkList no {\"items\": []}\n"
	      "AgentEnrolRequest yes {\"token\": \"a\", \"port\": 5}\n"
	      "AgentEnrolRequest no {\"port\": 5}\n"
	      "AgentEnrolAnswer yes {\"yes\": true}\n"
	      "Problem no {\"type\": \"a\"}\n",
	      file);
	fclose(file);
	snprintf(command, sizeof(command),
		 "LD_PRELOAD= python3 " SOURCE_ROOT "/userspace/lbd/testing/openapi.py %s %s >&2",
		 document, cases);
	status = system(command);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		cr_skip_test("Python's yaml or jsonschema is missing: scripts/setup");
	cr_assert_eq(status, 0, "see above, and %s", directory);
	snprintf(command, sizeof(command), "rm -r %s", directory);
	cr_assert_eq(system(command), 0);
}

Test(openapi, is_the_same_each_time)
{
	char *first = openapi_text(), *second = openapi_text();

	cr_assert_not_null(first);
	cr_assert_str_eq(first, second);
	free(first);
	free(second);
}

Test(openapi, follows_the_flags_of_routes)
{
	char *text = openapi_text();

	cr_assert_not_null(text);
	cr_expect_not_null(strstr(text, "summary: \"This: \\\"the\\\" document\\\\\"\n"));
	cr_expect_not_null(
		strstr(text, "- $ref: \"#/components/parameters/limit\"\n") ||
				strstr(text, "- \"$ref\": \"#/components/parameters/limit\"\n")
			? text
			: NULL);
	cr_expect_not_null(strstr(text, "deprecated: true\n"));
	cr_expect_not_null(strstr(text, "security: []\n"));
	cr_expect_null(strstr(text, "credential_hash"), "a hidden field is shown");
	free(text);
}
