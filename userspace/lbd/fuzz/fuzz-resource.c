// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for bodies of the API: whatever a client sends, it is refused with a code and a
 * sentence and leaves no trace, or gives a resource that the store gives back equal, that passes
 * its check again, and whose answer is strict JSON. The first byte is the kind, the second says
 * whether the client is the system's; a POST and PATCHes to it follow, each on a line.
 *
 *   CC=clang meson setup -Db_sanitize=address,undefined -Db_lundef=false build/fuzz
 *   ninja -C build/fuzz fuzz-resource
 *   build/fuzz/userspace/lbd/fuzz-resource NEW-CORPUS userspace/lbd/fuzz/corpus-resource
 */
#include "model/document.h"
#include "model/kinds.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* As the store does it: text, and back. */
static void stored_try(const struct resource *resource)
{
	json_object *json = resource_encode(resource, RESOURCE_VIEW_STORED), *again = NULL;
	struct resource *read = resource_new(resource->kind);
	struct fault fault = {0};
	const char *text;
	size_t length;

	require(json && read);
	text = json_object_to_json_string_length(json, JSON_C_TO_STRING_PLAIN, &length);
	require(text && !document_parse(text, length, &again, &fault));
	require(!resource_decode(read, again, RESOURCE_STORED, true, &fault));
	require(resource_equal(resource, read) && read->version == resource->version);
	json_object_put(again);
	json_object_put(json);
	resource_free(read);
}

static void shown_try(const struct resource *resource)
{
	json_object *tenant = resource_encode(resource, RESOURCE_VIEW_TENANT), *again = NULL;
	struct fault fault = {0};
	const char *text;
	size_t length;

	require(tenant);
	text = json_object_to_json_string_length(tenant, 0, &length);
	require(text && !document_parse(text, length, &again, &fault));
	require(!json_object_object_get_ex(tenant, "credential_hash", NULL));
	require(!json_object_object_get_ex(tenant, "hash", NULL));
	require(!json_object_object_get_ex(tenant, "infra_public_key", NULL));
	require(!json_object_object_get_ex(tenant, "infra_endpoint", NULL));
	json_object_put(again);
	json_object_put(tenant);
}

/* One body; true when it was taken. */
static bool body_try(struct resource *resource, const char *body, size_t size,
		     enum resource_mode mode, bool system)
{
	struct resource *before = resource_copy(resource);
	json_object *document = NULL;
	struct fault fault = {0};
	int ret;

	require(before);
	if (document_parse(body, size, &document, &fault)) {
		resource_free(before);
		return false;
	}
	ret = resource_decode(resource, document, mode, system, &fault);
	json_object_put(document);
	if (ret)
		require(fault.code != CODE_NONE && fault.text[0] &&
			resource_equal(before, resource));
	resource_free(before);
	if (ret)
		return false;
	if (resource->version == 0) {
		resource_id_make(resource->kind, 1, resource->id);
		resource->version = 1;
	}
	resource_name_make(resource);
	stored_try(resource);
	shown_try(resource);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct resource *resource;
	enum resource_mode mode = RESOURCE_CREATE;
	bool system;

	if (size < 2)
		return 0;
	resource = resource_new((enum resource_kind)(bytes[0] % RESOURCE_KINDS));
	require(resource);
	system = bytes[1] & 1;
	bytes += 2;
	size -= 2;
	while (size) {
		const uint8_t *end = memchr(bytes, '\n', size);
		size_t length = end ? (size_t)(end - bytes) : size;

		if (body_try(resource, (const char *)bytes, length, mode, system))
			mode = RESOURCE_PATCH;
		else if (mode == RESOURCE_CREATE)
			break;
		length += end ? 1 : 0;
		bytes += length;
		size -= length;
	}
	resource_free(resource);
	return 0;
}
