// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resources as documents: what is written is read back exactly, who sees which field, and what all
 * kinds share: heads and patches. What each kind refuses is in test-kinds.c.
 */
#include "testing/resources.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 400

Test(resource, what_the_store_keeps_is_read_back_exactly)
{
	any_seed(1);
	for (int round = 0; round < ROUNDS; round++) {
		enum resource_kind kind = (enum resource_kind)(round % RESOURCE_KINDS);
		struct resource *resource = any_resource(kind), *again = resource_new(kind);
		char *text = text_encode(resource, RESOURCE_VIEW_STORED), *twice;
		struct fault fault = {0};

		cr_assert_eq(text_decode(again, text, RESOURCE_STORED, true, &fault), 0,
			     "%s: %s: %s", text, fault.path, fault.text);
		cr_expect(resource_equal(resource, again), "%s", text);
		cr_expect_eq(again->version, resource->version);
		cr_expect_eq(again->updated_at, resource->updated_at);
		twice = text_encode(again, RESOURCE_VIEW_STORED);
		cr_expect_str_eq(twice, text);
		free(twice);
		free(text);
		resource_free(again);
		resource_free(resource);
	}
}

Test(resource, a_copy_is_equal_and_owns_its_lists)
{
	any_seed(2);
	for (int round = 0; round < ROUNDS; round++) {
		enum resource_kind kind = (enum resource_kind)(round % RESOURCE_KINDS);
		struct resource *resource = any_resource(kind), *copy = resource_copy(resource);
		char *before = text_encode(copy, RESOURCE_VIEW_STORED), *after;

		cr_assert(resource_equal(resource, copy));
		copy->version++;
		copy->updated_at++;
		cr_expect(resource_equal(resource, copy), "version and updated_at do not count");
		copy->version--;
		copy->updated_at--;
		resource_free(resource);
		after = text_encode(copy, RESOURCE_VIEW_STORED);
		cr_expect_str_eq(before, after);
		free(before);
		free(after);
		resource_free(copy);
	}
}

/* Each kind, property by property: another value makes another resource. */
Test(resource, a_difference_in_any_field_is_seen)
{
	any_seed(3);
	for (int round = 0; round < ROUNDS; round++) {
		enum resource_kind kind = (enum resource_kind)(round % RESOURCE_KINDS);
		const struct resource_schema *schema = resource_schema(kind);
		struct resource *resource = any_resource(kind);

		for (size_t i = 0; i < schema->n_properties; i++) {
			const struct property *property = &schema->properties[i];
			struct resource *copy = resource_copy(resource);
			unsigned char *value = (unsigned char *)copy + property->offset;

			if (property->type == PROPERTY_LIST)
				((struct resource_list *)value)->n /= 2;
			else
				value[0] ^= 1;
			if (property->type == PROPERTY_LIST &&
			    !((struct resource_list *)((char *)resource + property->offset))->n)
				cr_expect(resource_equal(resource, copy));
			else
				cr_expect(!resource_equal(resource, copy), "%s.%s",
					  schema->singular, property->name);
			if (property->type == PROPERTY_LIST)
				((struct resource_list *)value)->n =
					((struct resource_list *)((char *)resource +
								  property->offset))
						->n;
			resource_free(copy);
		}
		resource_free(resource);
	}
}

static const char sandbox_text[] =
	"{\"id\":\"sbx_01KB00000000000000000000AA\",\"org\":\"org_01KB00000000000000000000AB\","
	"\"scope\":\"ws_01KB00000000000000000000AC\",\"owner\":\"host_01KB00000000000000000000AD\","
	"\"name\":\"api\",\"version\":3,\"created_at\":\"2026-11-26T02:26:03.000Z\","
	"\"updated_at\":\"2026-11-26T02:26:04.005Z\",\"labels\":[\"web\"],\"state\":\"running\","
	"\"allow_internet\":true,\"public_access\":false,\"egress\":[\"example.org\"],"
	"\"ingress\":[],\"ingress_ports\":[80],\"private_link_ids\":[]}";

Test(resource, a_document_has_its_fields_in_one_order_and_clients_see_scope_and_owner_by_name)
{
	struct resource *sandbox = resource_new(RESOURCE_SANDBOX);
	struct fault fault = {0};
	char *text;

	cr_assert_eq(text_decode(sandbox, sandbox_text, RESOURCE_STORED, false, &fault), 0,
		     "%s: %s", fault.path, fault.text);
	text = text_encode(sandbox, RESOURCE_VIEW_STORED);
	cr_expect_str_eq(text, sandbox_text);
	free(text);
	text = text_encode(sandbox, RESOURCE_VIEW_TENANT);
	cr_expect_str_eq(text,
			 "{\"id\":\"sbx_01KB00000000000000000000AA\","
			 "\"org\":\"org_01KB00000000000000000000AB\","
			 "\"workspace\":\"ws_01KB00000000000000000000AC\","
			 "\"host\":\"host_01KB00000000000000000000AD\","
			 "\"name\":\"api\",\"version\":3,"
			 "\"created_at\":\"2026-11-26T02:26:03.000Z\","
			 "\"updated_at\":\"2026-11-26T02:26:04.005Z\",\"labels\":[\"web\"],"
			 "\"state\":\"running\",\"allow_internet\":true,\"public_access\":false,"
			 "\"egress\":[\"example.org\"],\"ingress\":[],\"ingress_ports\":[80],"
			 "\"private_link_ids\":[]}");
	free(text);
	resource_free(sandbox);
}

Test(resource, hidden_fields_are_in_the_store_alone_and_the_systems_for_its_operators)
{
	static const char *const fields[] = {"credential_hash", "infra_public_key",
					     "infra_endpoint", "public_key"};
	static const bool seen[][3] = {
		[RESOURCE_VIEW_TENANT] = {false, false, false},
		[RESOURCE_VIEW_SYSTEM] = {false, true, true},
		[RESOURCE_VIEW_STORED] = {true, true, true},
	};
	struct resource *host;

	any_seed(4);
	host = any_resource(RESOURCE_HOST);
	for (int view = RESOURCE_VIEW_TENANT; view <= RESOURCE_VIEW_STORED; view++) {
		json_object *json = resource_encode(host, (enum resource_view)view);

		for (size_t i = 0; i < 4; i++)
			cr_expect_eq(json_object_object_get_ex(json, fields[i], NULL),
				     i == 3 || seen[view][i], "%s in view %d", fields[i], view);
		json_object_put(json);
	}
	resource_free(host);
}

/* --- Heads and patches ---------------------------------------------------------------------- */

struct refusal {
	enum resource_mode mode;
	enum code code;
	const char *document;
	const char *path;
};

static void refusals_check(const char *stored, enum resource_kind kind,
			   const struct refusal *refusals, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct refusal *refusal = &refusals[i];
		struct resource *resource = resource_new(kind), *before;
		struct fault fault = {0};
		int ret;

		if (refusal->mode == RESOURCE_PATCH)
			cr_assert_eq(text_decode(resource, stored, RESOURCE_STORED, true, &fault),
				     0);
		before = resource_copy(resource);
		ret = text_decode(resource, refusal->document, refusal->mode, false, &fault);
		cr_expect_neq(ret, 0, "%s is taken", refusal->document);
		cr_expect_str_eq(code_info(fault.code)->text, code_info(refusal->code)->text,
				 "%s: %s: %s", refusal->document, fault.path, fault.text);
		cr_expect_str_eq(fault.path, refusal->path, "%s: at \"%s\"", refusal->document,
				 fault.path);
		cr_expect(fault.text[0], "%s: no text", refusal->document);
		cr_expect(resource_equal(before, resource), "%s leaves a trace", refusal->document);
		resource_free(before);
		resource_free(resource);
	}
}

#define HOST_GIVEN "\"host\":\"host_01KB00000000000000000000AD\""

static const struct refusal head_refusals[] = {
	{RESOURCE_CREATE, CODE_FIELD_TYPE, "[]", ""},
	{RESOURCE_CREATE, CODE_FIELD_MISSING, "{" HOST_GIVEN "}", "name"},
	{RESOURCE_CREATE, CODE_FIELD_MISSING, "{\"name\":\"a\"}", "host"},
	{RESOURCE_CREATE, CODE_FIELD_MISSING, "{\"name\":\"a\",\"host\":null}", "host"},
	{RESOURCE_CREATE, CODE_FIELD_VALUE, "{\"name\":\"a\",\"host\":\"a\"}", "host"},
	{RESOURCE_CREATE, CODE_FIELD_TYPE, "{\"name\":\"a\",\"host\":5}", "host"},
	{RESOURCE_CREATE, CODE_FIELD_VALUE,
	 "{\"name\":\"a\",\"host\":\"sbx_01KB00000000000000000000AD\"}", "host"},
	{RESOURCE_CREATE, CODE_FIELD_VALUE,
	 "{\"name\":\"a\",\"host\":\"host_01KB00000000000000000000ADX\"}", "host"},
	{RESOURCE_CREATE, CODE_FIELD_VALUE,
	 "{\"name\":\"a\",\"host\":\"host_01KB00000000000000000000AD\\u0000\"}", "host"},
	{RESOURCE_CREATE, CODE_FIELD_TYPE, "{\"name\":null," HOST_GIVEN "}", "name"},
	{RESOURCE_CREATE, CODE_FIELD_TYPE, "{\"name\":7," HOST_GIVEN "}", "name"},
	{RESOURCE_CREATE, CODE_FIELD_VALUE, "{\"name\":\"\"," HOST_GIVEN "}", "name"},
	{RESOURCE_CREATE, CODE_FIELD_VALUE, "{\"name\":\"A\"," HOST_GIVEN "}", "name"},
	{RESOURCE_CREATE, CODE_FIELD_VALUE, "{\"name\":\"-a\"," HOST_GIVEN "}", "name"},
	{RESOURCE_CREATE, CODE_FIELD_VALUE, "{\"name\":\"a-\"," HOST_GIVEN "}", "name"},
	{RESOURCE_CREATE, CODE_FIELD_VALUE, "{\"name\":\"a.b\"," HOST_GIVEN "}", "name"},
	{RESOURCE_CREATE, CODE_FIELD_VALUE, "{\"name\":\"a\\u0000\"," HOST_GIVEN "}", "name"},
	{RESOURCE_CREATE, CODE_FIELD_VALUE,
	 "{\"name\":\"a123456789012345678901234567890123456789012345678901234567890123\"}", "name"},
	{RESOURCE_CREATE, CODE_FIELD_READ_ONLY, "{\"id\":\"sbx_01KB00000000000000000000AA\"}",
	 "id"},
	{RESOURCE_CREATE, CODE_FIELD_READ_ONLY, "{\"org\":null}", "org"},
	{RESOURCE_CREATE, CODE_FIELD_READ_ONLY, "{\"workspace\":\"ws_01KB00000000000000000000AC\"}",
	 "workspace"},
	{RESOURCE_CREATE, CODE_FIELD_READ_ONLY, "{\"version\":1}", "version"},
	{RESOURCE_CREATE, CODE_FIELD_READ_ONLY, "{\"created_at\":null}", "created_at"},
	{RESOURCE_CREATE, CODE_FIELD_READ_ONLY, "{\"updated_at\":null}", "updated_at"},
	{RESOURCE_CREATE, CODE_FIELD_UNKNOWN, "{\"scope\":null}", "scope"},
	{RESOURCE_CREATE, CODE_FIELD_UNKNOWN, "{\"owner\":null}", "owner"},
	{RESOURCE_CREATE, CODE_FIELD_UNKNOWN, "{\"kind\":\"host\"}", "kind"},
	{RESOURCE_PATCH, CODE_FIELD_IMMUTABLE, "{\"host\":\"host_01KB00000000000000000000AE\"}",
	 "host"},
	{RESOURCE_PATCH, CODE_FIELD_IMMUTABLE, "{\"host\":null}", "host"},
	{RESOURCE_PATCH, CODE_FIELD_TYPE, "{\"name\":null}", "name"},
	{RESOURCE_PATCH, CODE_FIELD_READ_ONLY, "{\"version\":3}", "version"},
	{RESOURCE_PATCH, CODE_FIELD_READ_ONLY, "{\"state\":\"running\"}", "state"},
	{RESOURCE_STORED, CODE_FIELD_MISSING, "{}", "version"},
	{RESOURCE_STORED, CODE_FIELD_MISSING, "{\"version\":1}", "id"},
	{RESOURCE_STORED, CODE_FIELD_VALUE, "{\"version\":1,\"id\":\"\"}", "id"},
	{RESOURCE_STORED, CODE_FIELD_MISSING,
	 "{\"version\":1,\"id\":\"host_01KB00000000000000000000AD\"}", "id"},
	{RESOURCE_STORED, CODE_FIELD_VALUE, "{\"version\":-1}", "version"},
	{RESOURCE_STORED, CODE_FIELD_VALUE, "{\"scope\":\"x\"}", "scope"},
	{RESOURCE_STORED, CODE_FIELD_UNKNOWN, "{\"workspace\":\"ws_01KB00000000000000000000AC\"}",
	 "workspace"},
	{RESOURCE_STORED, CODE_FIELD_UNKNOWN, "{\"colour\":1}", "colour"},
};

Test(resource, what_a_client_may_not_say_of_the_head_is_refused_with_its_place)
{
	refusals_check(sandbox_text, RESOURCE_SANDBOX, head_refusals,
		       sizeof(head_refusals) / sizeof(head_refusals[0]));
}

Test(resource, the_owner_can_come_from_the_path_and_then_no_other_is_taken)
{
	static const char host[] = "host_01KB00000000000000000000AD";
	struct resource *sandbox = resource_new(RESOURCE_SANDBOX);
	struct fault fault = {0};

	memcpy(sandbox->owner, host, sizeof(host));
	cr_expect_eq(text_decode(sandbox,
				 "{\"name\":\"a\",\"host\":\"host_01KB00000000000000000000AE\"}",
				 RESOURCE_CREATE, false, &fault),
		     -EINVAL);
	cr_expect_eq(fault.code, CODE_FIELD_VALUE);
	cr_expect_str_eq(fault.path, "host");
	cr_expect_eq(text_decode(sandbox, "{\"name\":\"a\"}", RESOURCE_CREATE, false, &fault), 0);
	cr_expect_eq(text_decode(sandbox, "{\"name\":\"a\"," HOST_GIVEN "}", RESOURCE_CREATE, false,
				 &fault),
		     0);
	cr_expect_str_eq(sandbox->owner, host);
	resource_free(sandbox);
}

struct patch {
	const char *document;
	const char *field;
	const char *value; /* as JSON, afterwards */
};

static const struct patch patches[] = {
	{"{}", "egress", "[\"example.org\"]"},
	{"{\"name\":\"web\"}", "name", "\"web\""},
	{"{\"name\":\"api\"," HOST_GIVEN "}", "version", "3"},
	{"{\"egress\":null}", "egress", "[]"},
	{"{\"egress\":[\"10.0.0.0/8\",\"*.example.net\"]}", "egress",
	 "[\"10.0.0.0/8\",\"*.example.net\"]"},
	{"{\"allow_internet\":null}", "allow_internet", "true"},
	{"{\"allow_internet\":false}", "egress", "[]"},
	{"{\"allow_internet\":false,\"egress\":[]}", "allow_internet", "false"},
	{"{\"public_access\":true,\"ingress\":[\"internet\"]}", "ingress", "[\"internet\"]"},
	{"{\"labels\":null}", "labels", "[]"},
};

Test(resource, a_patch_changes_what_it_names_and_null_gives_the_default)
{
	for (size_t i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
		struct resource *sandbox = resource_new(RESOURCE_SANDBOX);
		json_object *json, *value;
		struct fault fault = {0};

		cr_assert_eq(text_decode(sandbox, sandbox_text, RESOURCE_STORED, true, &fault), 0);
		cr_expect_eq(text_decode(sandbox, patches[i].document, RESOURCE_PATCH, false,
					 &fault),
			     0, "%s: %s: %s", patches[i].document, fault.path, fault.text);
		json = resource_encode(sandbox, RESOURCE_VIEW_TENANT);
		cr_assert(json_object_object_get_ex(json, patches[i].field, &value));
		cr_expect_str_eq(json_object_to_json_string_ext(
					 value,
					 JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
				 patches[i].value, "%s", patches[i].document);
		json_object_put(json);
		resource_free(sandbox);
	}
}
