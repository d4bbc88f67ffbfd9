// SPDX-License-Identifier: GPL-2.0
/*
 * Life of the compiled rules of a layer. They stand in a trie of the generation
 * as objects do, although nobody has stated them, and hold the rules.
 */

#include <linux/slab.h>

#include "generation.h"

static void free_compiled(struct lbm_derived *derived)
{
	struct lbm_compiled *compiled =
		container_of(derived, struct lbm_compiled, derived);

	lbm_classifier_clear(&compiled->classifier);
	kfree(compiled);
}

/**
 * lbm_compiled_new - make the compiled rules of a layer
 * @from: what they begin with; NULL for none
 * @layer: id of the layer
 * @edit: number of the edit that may write them
 *
 * Return: them with one reference, or NULL when there is no memory.
 */
struct lbm_compiled *lbm_compiled_new(const struct lbm_compiled *from,
				      u32 layer, u64 edit)
{
	struct lbm_compiled *compiled;

	compiled = kzalloc(sizeof(*compiled), GFP_KERNEL_ACCOUNT);
	if (!compiled)
		return NULL;
	refcount_set(&compiled->derived.object.refs, 1);
	compiled->derived.object.kind = LBMESH_OBJECT_NONE;
	compiled->derived.free = free_compiled;
	compiled->edit = edit;
	compiled->layer = layer;
	lbm_classifier_copy(&compiled->classifier,
			    from ? &from->classifier : NULL, edit);
	return compiled;
}
