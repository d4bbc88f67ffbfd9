// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks of a topology that concern more than one object: what may exist only once. Everything is
 * sorted and compared with its neighbour, so a topology of 20,000 hosts costs no more than a sort.
 */
#include "model/check.h"

#include "model/address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int place_compare(const void *a, const void *b, void *data)
{
	place_compare_fn compare = *(place_compare_fn *)data;
	const struct place *left = a, *right = b;
	int order = compare(left->key, right->key);

	if (order)
		return order;
	if (left->outer != right->outer)
		return left->outer < right->outer ? -1 : 1;
	return (left->inner > right->inner) - (left->inner < right->inner);
}

void places_sort(struct place *places, size_t n, place_compare_fn compare)
{
	qsort_r(places, n, sizeof(*places), place_compare, &compare);
}

ssize_t places_twin(const struct place *places, size_t n, place_compare_fn compare)
{
	for (size_t i = 1; i < n; i++) {
		if (!compare(places[i - 1].key, places[i].key))
			return (ssize_t)i;
	}
	return -1;
}

static int key_compare(const void *a, const void *b)
{
	return memcmp(a, b, LBMESH_KEY_LEN);
}

static int endpoint_compare(const void *a, const void *b)
{
	const struct model_host *left = a, *right = b;
	int order = lbmesh_prefix_compare(&left->endpoint, &right->endpoint);

	if (order)
		return order;
	return (left->endpoint_port > right->endpoint_port) -
	       (left->endpoint_port < right->endpoint_port);
}

static int id_compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* A bridge has no direction. */
static int ends_compare(const void *a, const void *b)
{
	const struct model_bridge *left = a, *right = b;
	uint32_t left_low = left->networks[left->networks[0] > left->networks[1]];
	uint32_t right_low = right->networks[right->networks[0] > right->networks[1]];
	uint32_t left_high = left->networks[left->networks[0] <= left->networks[1]];
	uint32_t right_high = right->networks[right->networks[0] <= right->networks[1]];

	if (left_low != right_low)
		return left_low < right_low ? -1 : 1;
	return (left_high > right_high) - (left_high < right_high);
}

/* Refuses the second of two elements of an array whose field (or whole) is the same. */
static int once_check(struct place *places, size_t n, place_compare_fn compare, const char *array,
		      const char *field, struct fault *fault)
{
	size_t first, second;
	ssize_t twin;

	places_sort(places, n, compare);
	twin = places_twin(places, n, compare);
	if (twin < 0)
		return 0;
	first = places[twin - 1].outer;
	second = places[twin].outer;
	return fault_set(fault, -EEXIST, FIELD(ITEM(FIELD(NULL, array), second), field),
			 "is the same as %s[%zu].%s", array, first, field);
}

static int hosts_check(const struct model *model, struct place *places, struct fault *fault)
{
	const struct model_host *hosts = model->hosts;
	size_t n = 0;
	int ret;

	for (size_t i = 0; i < model->n_hosts; i++)
		places[i] = (struct place){.key = hosts[i].public_key, .outer = i};
	if ((ret = once_check(places, model->n_hosts, key_compare, "hosts", "public-key", fault)))
		return ret;
	for (size_t i = 0; i < model->n_hosts; i++) {
		if (hosts[i].endpoint.family)
			places[n++] = (struct place){.key = &hosts[i], .outer = i};
	}
	return once_check(places, n, endpoint_compare, "hosts", "endpoint", fault);
}

static int bridges_check(const struct model *model, struct place *places, struct fault *fault)
{
	int ret;

	for (size_t i = 0; i < model->n_bridges; i++)
		places[i] = (struct place){.key = &model->bridges[i].id, .outer = i};
	if ((ret = once_check(places, model->n_bridges, id_compare, "bridges", "id", fault)))
		return ret;
	for (size_t i = 0; i < model->n_bridges; i++)
		places[i] = (struct place){.key = &model->bridges[i], .outer = i};
	return once_check(places, model->n_bridges, ends_compare, "bridges", "networks", fault);
}

static int networks_check(const struct model *model, struct place *places, struct fault *fault)
{
	for (size_t i = 0; i < model->n_networks; i++)
		places[i] = (struct place){.key = &model->networks[i].id, .outer = i};
	return once_check(places, model->n_networks, id_compare, "networks", "id", fault);
}

static void places_freep(struct place **places)
{
	free(*places);
}

int model_check(const struct model *model, struct fault *fault)
{
	__attribute__((cleanup(places_freep))) struct place *places = NULL;
	int ret;

	places = calloc(model->n_hosts + model->n_networks + model->n_bridges + 1, sizeof(*places));
	if (!places)
		return fault_memory(fault);
	if ((ret = hosts_check(model, places, fault)) ||
	    (ret = networks_check(model, places, fault)) ||
	    (ret = bridges_check(model, places, fault)))
		return ret;
	return model_addresses_check(model, fault);
}
