// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for the reader of topologies: whatever the bytes, it refuses them with a
 * sentence or gives a model that compiles for each of its hosts, with an empty delta to itself.
 *
 *   CC=clang meson setup -Db_sanitize=address,undefined -Db_lundef=false build/fuzz
 *   ninja -C build/fuzz fuzz-model
 *   build/fuzz/userspace/lbd/fuzz-model NEW-CORPUS userspace/lbd/fuzz/corpus
 */
#include "topology/wanted.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void host_try(const struct model *model, uint32_t host)
{
	struct wanted *wanted = NULL;
	struct delta delta;

	require(!wanted_compile(model, host, &wanted, NULL));
	require(!delta_compute(wanted, wanted, &delta, NULL));
	require(delta_is_empty(&delta));
	delta_release(&delta);
	wanted_free(wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct model *model = NULL;
	struct fault fault = {0};

	if (model_parse((const char *)bytes, size, &model, &fault)) {
		require(!model && fault.text[0]);
		return 0;
	}
	for (size_t i = 0; i < model->n_hosts && i < 8; i++)
		host_try(model, (uint32_t)i);
	model_free(model);
	return 0;
}
