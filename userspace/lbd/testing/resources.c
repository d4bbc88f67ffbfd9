// SPDX-License-Identifier: GPL-2.0-only
/* Resources from texts and to texts, and by hand. */
#include "model/document.h"
#include "testing/resources.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_object *document_of(const char *text)
{
	struct fault fault = {0};
	json_object *root = NULL;

	cr_assert_eq(document_parse(text, strlen(text), &root, &fault), 0, "%s: %s", text,
		     fault.text);
	return root;
}

int text_decode(struct resource *resource, const char *text, enum resource_mode mode, bool system,
		struct fault *fault)
{
	json_object *document = document_of(text);
	int ret = resource_decode(resource, document, mode, system, fault);

	json_object_put(document);
	return ret;
}

char *text_encode(const struct resource *resource, enum resource_view view)
{
	json_object *json = resource_encode(resource, view);
	char *text;

	cr_assert_not_null(json);
	text = strdup(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN |
								   JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(json);
	return text;
}

const char *const least_documents[RESOURCE_KINDS] = {
	[RESOURCE_ORG] = "{\"name\":\"a\"}",
	[RESOURCE_WORKSPACE] = "{\"name\":\"a\"}",
	[RESOURCE_HOST] = "{\"name\":\"a\"}",
	[RESOURCE_SANDBOX] = "{\"name\":\"a\",\"host\":\"" HOST_A "\"}",
	[RESOURCE_NETWORK] = "{\"name\":\"a\"}",
	[RESOURCE_MEMBER] = "{\"owner\":\"" HOST_A "\"}",
	[RESOURCE_BRIDGE] = "{\"networks\":[\"" NET_A "\",\"" NET_B "\"]}",
	[RESOURCE_FIREWALL] = "{\"name\":\"a\"}",
	[RESOURCE_ATTACHMENT] = "{\"firewall\":\"fw_01KB00000000000000000000AA\"}",
	[RESOURCE_ALIAS] = "{\"name\":\"a\",\"sandbox\":\"" SBX_A "\",\"ports\":[80]}",
	[RESOURCE_POLICY] = "{\"from\":\"local\",\"to\":\"api\"}",
	[RESOURCE_TOKEN] = "{\"scopes\":[\"read\"]}",
	[RESOURCE_OPERATION] = "{}",
};

struct resource *least_resource(enum resource_kind kind)
{
	struct resource *resource = resource_new(kind);
	struct fault fault = {0};

	cr_assert_eq(text_decode(resource, least_documents[kind], RESOURCE_CREATE, false, &fault),
		     0, "%s: %s: %s", least_documents[kind], fault.path, fault.text);
	resource_id_make(kind, 1795659963000, resource->id);
	resource->version = 1;
	return resource;
}

void head_fill(struct resource *head, enum resource_kind kind, char last, char org)
{
	memset(head, 0, sizeof(*head));
	head->kind = kind;
	snprintf(head->id, sizeof(head->id), "%s_01KB0000000000000000000%c00",
		 resource_schema(kind)->prefix, last);
	if (org)
		snprintf(head->org, sizeof(head->org), "org_01KB0000000000000000000%c00", org);
	snprintf(head->name, sizeof(head->name), "%s-%c", resource_schema(kind)->singular,
		 last + 'a' - 'A');
}

void head_place(struct resource *head, const struct resource *scope, const struct resource *owner)
{
	memcpy(head->scope, scope->id, sizeof(head->scope));
	if (owner)
		memcpy(head->owner, owner->id, sizeof(head->owner));
}

void refusal_expect(int ret, struct fault *fault, enum code code, const char *path,
		    const char *file, int line)
{
	cr_expect_lt(ret, 0, "%s:%d is taken", file, line);
	cr_expect_str_eq(code_info(fault->code)->text, code_info(code)->text, "%s:%d: %s: %s", file,
			 line, fault->path, fault->text);
	cr_expect_str_eq(fault->path, path, "%s:%d: at \"%s\"", file, line, fault->path);
	cr_expect(fault->text[0]);
	memset(fault, 0, sizeof(*fault));
}
