// SPDX-License-Identifier: GPL-2.0-only
/* Life of a struct model, and its look-up by name. */
#include "model/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void model_free(struct model *model)
{
	if (!model)
		return;
	for (size_t i = 0; i < model->n_hosts; i++)
		free(model->hosts[i].private_key_file);
	for (size_t i = 0; i < model->n_networks; i++) {
		for (size_t j = 0; j < model->networks[i].n_members; j++)
			free(model->networks[i].members[j].private_key_file);
		free(model->networks[i].members);
	}
	free(model->hosts);
	free(model->hosts_by_name);
	free(model->networks);
	free(model->networks_by_name);
	free(model->bridges);
	free(model);
}

void model_freep(struct model **model)
{
	model_free(*model);
}

static int hosts_compare(const void *a, const void *b, void *data)
{
	const struct model *model = data;

	return strcmp(model->hosts[*(const uint32_t *)a].name,
		      model->hosts[*(const uint32_t *)b].name);
}

static int networks_compare(const void *a, const void *b, void *data)
{
	const struct model *model = data;

	return strcmp(model->networks[*(const uint32_t *)a].name,
		      model->networks[*(const uint32_t *)b].name);
}

static uint32_t *indices_sort(struct model *model, size_t n,
			      int (*compare)(const void *, const void *, void *))
{
	uint32_t *indices = calloc(n ? n : 1, sizeof(*indices));

	if (!indices)
		return NULL;
	for (size_t i = 0; i < n; i++)
		indices[i] = (uint32_t)i;
	qsort_r(indices, n, sizeof(*indices), compare, model);
	return indices;
}

/* The later of two places is at fault, whichever the sort put first. */
static int twice_fault(const char *kind, uint32_t a, uint32_t b, const char *name,
		       struct fault *fault)
{
	uint32_t first = a < b ? a : b;
	uint32_t second = a < b ? b : a;

	return fault_set(fault, -EEXIST, FIELD(ITEM(FIELD(NULL, kind), second), "name"),
			 "\"%s\" is already the name at %s[%u].name", name, kind, first);
}

int model_hosts_index(struct model *model, struct fault *fault)
{
	const uint32_t *order;

	order = model->hosts_by_name = indices_sort(model, model->n_hosts, hosts_compare);
	if (!order)
		return fault_memory(fault);
	for (size_t i = 1; i < model->n_hosts; i++) {
		if (!hosts_compare(&order[i - 1], &order[i], model))
			return twice_fault("hosts", order[i - 1], order[i],
					   model->hosts[order[i]].name, fault);
	}
	return 0;
}

int model_networks_index(struct model *model, struct fault *fault)
{
	const uint32_t *order;

	order = model->networks_by_name = indices_sort(model, model->n_networks, networks_compare);
	if (!order)
		return fault_memory(fault);
	for (size_t i = 1; i < model->n_networks; i++) {
		if (!networks_compare(&order[i - 1], &order[i], model))
			return twice_fault("networks", order[i - 1], order[i],
					   model->networks[order[i]].name, fault);
	}
	return 0;
}

int64_t model_host_find(const struct model *model, const char *name)
{
	size_t low = 0, high = model->n_hosts;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t index = model->hosts_by_name[middle];
		int order = strcmp(name, model->hosts[index].name);

		if (!order)
			return index;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -ENOENT;
}

int64_t model_network_find(const struct model *model, const char *name)
{
	size_t low = 0, high = model->n_networks;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t index = model->networks_by_name[middle];
		int order = strcmp(name, model->networks[index].name);

		if (!order)
			return index;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -ENOENT;
}
