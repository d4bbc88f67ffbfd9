/* SPDX-License-Identifier: GPL-2.0-only */
/* The two halves of model_check(); nobody else includes this. */
#ifndef LBD_MODEL_CHECK_H
#define LBD_MODEL_CHECK_H

#include "model/model.h"

#include <sys/types.h>

/* CIDRs that can be used and are apart; members inside them, each address with one owner. */
int model_addresses_check(const struct model *model, struct fault *fault);

/* Something that has a place in the file, to be sorted by what it is. */
struct place {
	const void *key;
	size_t outer;
	size_t inner;
};

/* Orders places by key, and equal keys by their place in the file. */
typedef int (*place_compare_fn)(const void *a, const void *b);
void places_sort(struct place *places, size_t n, place_compare_fn compare);

/* The later of the first two neighbours with equal keys, or -1; places must be sorted. */
ssize_t places_twin(const struct place *places, size_t n, place_compare_fn compare);

#endif
