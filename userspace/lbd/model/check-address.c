// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks of a topology's addresses. An address with two owners comes first, because that is what a
 * person wants to hear about even when it is also outside its network; both places are named.
 *
 * A set of prefixes that is sorted by address and length has each prefix right before what lies
 * inside it, so that overlap is found among neighbours, and the owner of an address by one search.
 */
#include "model/address.h"
#include "model/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int compare(const void *a, const void *b)
{
	return lbmesh_prefix_compare(a, b);
}

static int cidr_fault(const struct place *place, const struct model *model, int code,
		      struct fault *fault, const char *what, const char *where)
{
	const struct field *cidr = FIELD(ITEM(FIELD(NULL, "networks"), place->outer), "cidr");
	const struct field *one = ITEM(cidr, place->inner);
	const struct field *at = model->networks[place->outer].n_cidrs > 1 ? one : cidr;
	char text[ADDRESS_TEXT_SIZE];

	return fault_set(fault, code, at, "%s %s %s", prefix_text(place->key, text), what, where);
}

static int cidrs_collect(const struct model *model, struct place *places, size_t *n,
			 struct fault *fault)
{
	const char *what;

	*n = 0;
	for (size_t i = 0; i < model->n_networks; i++) {
		const struct model_network *network = &model->networks[i];

		for (size_t j = 0; j < network->n_cidrs; j++) {
			places[*n] = (struct place){&network->cidrs[j], i, j};
			what = prefix_reserved(&network->cidrs[j], false);
			if (what)
				return cidr_fault(&places[*n], model, -EINVAL, fault,
						  "cannot be used: it is or holds", what);
			(*n)++;
		}
	}
	return 0;
}

/* Of two prefixes, sorted neighbours, the one that comes later in the file is at fault. */
static int cidrs_apart_check(const struct model *model, const struct place *places, size_t n,
			     struct fault *fault)
{
	char where[2 * ADDRESS_TEXT_SIZE + 64];
	char text[ADDRESS_TEXT_SIZE];
	struct place first, second;
	char path[64];

	for (size_t i = 1; i < n; i++) {
		if (!prefix_covers(places[i - 1].key, places[i].key))
			continue;
		first = places[i - 1];
		second = places[i];
		if (first.outer > second.outer ||
		    (first.outer == second.outer && first.inner > second.inner)) {
			first = places[i];
			second = places[i - 1];
		}
		field_format(FIELD(ITEM(FIELD(NULL, "networks"), first.outer), "cidr"), path,
			     sizeof(path));
		snprintf(where, sizeof(where), "%s of network \"%s\" at %s",
			 prefix_text(first.key, text), model->networks[first.outer].name, path);
		return cidr_fault(&second, model, -EEXIST, fault, "overlaps", where);
	}
	return 0;
}

/* The CIDR that an address lies in, among CIDRs that are sorted and apart. */
static const struct place *cidr_find(const struct place *places, size_t n,
				     const struct lbmesh_prefix *address)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (lbmesh_prefix_compare(places[middle].key, address) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low && prefix_covers(places[low - 1].key, address) ? &places[low - 1] : NULL;
}

/* A tunnel whose outside address is inside of it would carry itself. */
static int endpoints_check(const struct model *model, const struct place *cidrs, size_t n,
			   struct fault *fault)
{
	char text[ADDRESS_TEXT_SIZE];
	const struct place *cidr;
	const char *what;

	for (size_t i = 0; i < model->n_hosts; i++) {
		const struct lbmesh_prefix *endpoint = &model->hosts[i].endpoint;
		const struct field *at = FIELD(ITEM(FIELD(NULL, "hosts"), i), "endpoint");

		if (!endpoint->family)
			continue;
		what = prefix_reserved(endpoint, true);
		if (what)
			return fault_set(fault, -EINVAL, at, "%s cannot be used: it is %s",
					 address_text(endpoint, text), what);
		cidr = cidr_find(cidrs, n, endpoint);
		if (cidr)
			return fault_set(fault, -EEXIST, at,
					 "%s lies inside of network \"%s\"; the tunnel would be "
					 "sent into itself",
					 address_text(endpoint, text),
					 model->networks[cidr->outer].name);
	}
	return 0;
}

static const struct model_member *member_at(const struct model *model, const struct place *place)
{
	return &model->networks[place->outer].members[place->inner];
}

static int member_fault(const struct place *place, int code, struct fault *fault,
			const char *format, ...) __attribute__((format(printf, 4, 5)));

static int member_fault(const struct place *place, int code, struct fault *fault,
			const char *format, ...)
{
	const struct field *member =
		ITEM(FIELD(ITEM(FIELD(NULL, "networks"), place->outer), "members"), place->inner);
	char text[FAULT_TEXT_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return fault_set(fault, code, FIELD(member, "address"), "%s", text);
}

static int owners_check(const struct model *model, const struct place *places, size_t n,
			struct fault *fault)
{
	ssize_t twin = places_twin(places, n, compare);
	char text[ADDRESS_TEXT_SIZE];
	const struct place *first;

	if (twin < 0)
		return 0;
	first = &places[twin - 1];
	return member_fault(
		&places[twin], -EEXIST, fault,
		"%s already belongs to host \"%s\" at networks[%zu].members[%zu].address",
		address_text(first->key, text), model->hosts[member_at(model, first)->host].name,
		first->outer, first->inner);
}

/* The first and last address of an IPv4 CIDR, and the first of an IPv6 one (RFC 4291, 2.6.1). */
static bool address_is_special(const struct lbmesh_prefix *cidr,
			       const struct lbmesh_prefix *address)
{
	struct lbmesh_prefix last = prefix_last(cidr);

	if (cidr->len + 1u >= address_bits(cidr))
		return false;
	if (!memcmp(cidr->addr, address->addr, sizeof(cidr->addr)))
		return true;
	return cidr->family == AF_INET && !lbmesh_prefix_compare(&last, address);
}

static int member_inside_check(const struct model_network *network, const struct place *place,
			       struct fault *fault)
{
	const struct lbmesh_prefix *address = place->key;
	char text[ADDRESS_TEXT_SIZE], cidr[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < network->n_cidrs; i++) {
		if (!prefix_covers(&network->cidrs[i], address))
			continue;
		if (!address_is_special(&network->cidrs[i], address))
			return 0;
		return member_fault(place, -EINVAL, fault,
				    "%s is the network or broadcast address of %s",
				    address_text(address, text),
				    prefix_text(&network->cidrs[i], cidr));
	}
	return member_fault(place, -EINVAL, fault, "%s is outside of network \"%s\", %s%s",
			    address_text(address, text), network->name,
			    prefix_text(&network->cidrs[0], cidr),
			    network->n_cidrs > 1 ? " and others" : "");
}

/* In the order of the file, so that the first mistake is the one that is named. */
static int members_inside_check(const struct model *model, struct fault *fault)
{
	int ret;

	for (size_t i = 0; i < model->n_networks; i++) {
		const struct model_network *network = &model->networks[i];

		for (size_t j = 0; j < network->n_members; j++) {
			struct place place = {&network->members[j].address, i, j};

			if ((ret = member_inside_check(network, &place, fault)))
				return ret;
		}
	}
	return 0;
}

static void places_freep(struct place **places)
{
	free(*places);
}

static int members_check(const struct model *model, struct fault *fault)
{
	__attribute__((cleanup(places_freep))) struct place *places = NULL;
	size_t n = 0;
	int ret;

	for (size_t i = 0; i < model->n_networks; i++)
		n += model->networks[i].n_members;
	places = calloc(n + 1, sizeof(*places));
	if (!places)
		return fault_memory(fault);
	n = 0;
	for (size_t i = 0; i < model->n_networks; i++) {
		for (size_t j = 0; j < model->networks[i].n_members; j++, n++)
			places[n] = (struct place){&model->networks[i].members[j].address, i, j};
	}
	places_sort(places, n, compare);
	if ((ret = owners_check(model, places, n, fault)))
		return ret;
	return members_inside_check(model, fault);
}

static int addresses_check(const struct model *model, struct place *cidrs, struct fault *fault)
{
	size_t n;
	int ret;

	if ((ret = cidrs_collect(model, cidrs, &n, fault)) || (ret = members_check(model, fault)))
		return ret;
	places_sort(cidrs, n, compare);
	if ((ret = cidrs_apart_check(model, cidrs, n, fault)))
		return ret;
	return endpoints_check(model, cidrs, n, fault);
}

int model_addresses_check(const struct model *model, struct fault *fault)
{
	struct place *cidrs = calloc(model->n_networks * MODEL_CIDRS_MAX + 1, sizeof(*cidrs));
	int ret;

	if (!cidrs)
		return fault_memory(fault);
	ret = addresses_check(model, cidrs, fault);
	free(cidrs);
	return ret;
}
