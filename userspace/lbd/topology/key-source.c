// SPDX-License-Identifier: GPL-2.0-only
/*
 * One private key across all that is merged for a host (L20): where the topology names it, and
 * whether the keys that the agent read from there are one and the same.
 */
#include "model/key.h"
#include "topology/wanted.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static size_t sources_count(const struct model *model, uint32_t host)
{
	size_t n = model->hosts[host].private_key_file != NULL;

	for (size_t i = 0; i < model->n_networks; i++) {
		for (size_t j = 0; j < model->networks[i].n_members; j++) {
			const struct model_member *member = &model->networks[i].members[j];

			n += member->host == host && member->private_key_file;
		}
	}
	return n;
}

int key_sources_collect(const struct model *model, uint32_t host, struct key_source **sources,
			size_t *n, struct fault *fault)
{
	const struct field *self = ITEM(FIELD(NULL, "hosts"), host);
	const char *name = model->hosts[host].private_key_file;
	struct key_source *found;

	*n = sources_count(model, host);
	if (!*n)
		return fault_set(fault, -EINVAL, FIELD(self, "private-key-file"),
				 "is missing; host \"%s\" needs it here", model->hosts[host].name);
	found = *sources = calloc(*n, sizeof(**sources));
	if (!found)
		return fault_memory(fault);
	if (name) {
		found->name = name;
		field_format(FIELD(self, "private-key-file"), found->path, sizeof(found->path));
		found++;
	}
	for (size_t i = 0; i < model->n_networks; i++) {
		const struct field *members = FIELD(ITEM(FIELD(NULL, "networks"), i), "members");

		for (size_t j = 0; j < model->networks[i].n_members; j++) {
			const struct model_member *member = &model->networks[i].members[j];

			if (member->host != host || !member->private_key_file)
				continue;
			found->name = member->private_key_file;
			field_format(FIELD(ITEM(members, j), "private-key-file"), found->path,
				     sizeof(found->path));
			found++;
		}
	}
	return 0;
}

int key_sources_check(const struct model *model, uint32_t host, const struct key_source *sources,
		      const uint8_t (*keys)[LBMESH_KEY_LEN], size_t n, struct fault *fault)
{
	uint8_t public_key[LBMESH_KEY_LEN];

	for (size_t i = 1; i < n; i++) {
		if (sodium_memcmp(keys[0], keys[i], LBMESH_KEY_LEN) != 0)
			return fault_set(
				fault, -EEXIST, FIELD(NULL, sources[i].path),
				"mixed keys: holds another private key than %s; host \"%s\" "
				"has one key in all its networks",
				sources[0].path, model->hosts[host].name);
	}
	if (key_public(keys[0], public_key) ||
	    memcmp(public_key, model->hosts[host].public_key, sizeof(public_key)) != 0)
		return fault_set(fault, -EINVAL, FIELD(NULL, sources[0].path),
				 "holds a private key that does not belong to hosts[%u].public-key",
				 host);
	return 0;
}
