// SPDX-License-Identifier: GPL-2.0-only
/* From the topology file to a target; private keys live in libsodium's guarded memory only. */
#include "agent/target.h"

#include "agent/file.h"
#include "model/document.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void sources_freep(struct key_source **sources)
{
	free(*sources);
}

void target_release(struct target *target)
{
	wanted_free(target->wanted);
	sodium_free(target->private_key);
	free(target->text);
	*target = (struct target){0};
}

/* Names of key files are relative to the folder of the topology. */
static int directory_open(const char *topology, struct fault *fault)
{
	char *copy = strdup(topology);
	int fd;

	if (!copy)
		return fault_memory(fault);
	fd = open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	return fd < 0 ? fault_set(fault, -errno, NULL, "its folder: %s", strerror(errno)) : fd;
}

static int keys_read(const char *topology, const struct key_source *sources, size_t n,
		     uint8_t (*keys)[LBMESH_KEY_LEN], struct fault *fault)
{
	int directory = directory_open(topology, fault);
	int ret = directory < 0 ? directory : 0;

	for (size_t i = 0; i < n && !ret; i++) {
		ret = file_key_read(directory, sources[i].name, keys[i], fault);
		if (ret)
			snprintf(fault->path, sizeof(fault->path), "%s", sources[i].path);
	}
	if (directory >= 0)
		close(directory);
	return ret;
}

static int key_load(const char *topology, const struct model *model, uint32_t host,
		    struct target *target, struct fault *fault)
{
	__attribute__((cleanup(sources_freep))) struct key_source *sources = NULL;
	uint8_t(*keys)[LBMESH_KEY_LEN];
	size_t n;
	int ret;

	if ((ret = key_sources_collect(model, host, &sources, &n, fault)))
		return ret;
	target->private_key = sodium_malloc(LBMESH_KEY_LEN);
	keys = sodium_allocarray(n, sizeof(*keys));
	if (!target->private_key || !keys) {
		sodium_free(keys);
		return fault_memory(fault);
	}
	ret = keys_read(topology, sources, n, keys, fault);
	if (!ret)
		ret = key_sources_check(model, host, sources,
					(const uint8_t(*)[LBMESH_KEY_LEN])keys, n, fault);
	if (!ret)
		memcpy(target->private_key, keys[0], LBMESH_KEY_LEN);
	sodium_free(keys);
	return ret;
}

static int target_fill(const char *topology, const char *host, struct target *target,
		       struct fault *fault)
{
	__attribute__((cleanup(model_freep))) struct model *model = NULL;
	int64_t index;
	int ret;

	if ((ret = model_parse(target->text, target->text_size, &model, fault)) || !host)
		return ret;
	index = model_host_find(model, host);
	if (index < 0)
		return fault_set(fault, -ENOENT, FIELD(NULL, "hosts"),
				 "no host has the name \"%.80s\" that --host gives", host);
	if ((ret = key_load(topology, model, (uint32_t)index, target, fault)))
		return ret;
	return wanted_compile(model, (uint32_t)index, &target->wanted, fault);
}

/* Takes text over, whatever comes of it. */
static int target_take(const char *topology, char *text, size_t size, const char *host,
		       struct target *target, struct fault *fault)
{
	int ret;

	*target = (struct target){.text = text, .text_size = size};
	ret = target_fill(topology, host, target, fault);
	if (ret || !host)
		target_release(target);
	return ret;
}

int target_load(const char *topology, const char *host, struct target *target, struct fault *fault)
{
	char *text;
	size_t size;
	int ret;

	*target = (struct target){0};
	if ((ret = file_read(AT_FDCWD, topology, DOCUMENT_SIZE_MAX, &text, &size, fault)))
		return ret;
	return target_take(topology, text, size, host, target, fault);
}

int target_load_text(const char *topology, const char *text, size_t size, const char *host,
		     struct target *target, struct fault *fault)
{
	char *copy = malloc(size ? size : 1);

	*target = (struct target){0};
	if (!copy)
		return fault_memory(fault);
	memcpy(copy, text, size);
	return target_take(topology, copy, size, host, target, fault);
}
