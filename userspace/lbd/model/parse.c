// SPDX-License-Identifier: GPL-2.0-only
/*
 * From bytes to a struct model: what each field of the topology (Documentation/topology.md) is, one
 * object at a time. What concerns several objects at once is in check.c.
 */
#include "model/address.h"
#include "model/document.h"
#include "model/model.h"
#include "model/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int id_read(json_object *value, const struct field *at, uint32_t *id, struct fault *fault)
{
	int64_t number;
	int ret;

	if ((ret = document_number(value, at, 1, UINT32_MAX, &number, fault)))
		return ret;
	*id = (uint32_t)number;
	return 0;
}

static int cidr_read(json_object *value, const struct field *at, struct model_network *network,
		     struct fault *fault)
{
	struct lbmesh_prefix *cidr = &network->cidrs[network->n_cidrs];
	const char *text;
	int ret;

	if ((ret = document_text(value, at, &text, fault)))
		return ret;
	ret = strchr(text, '/') ? lbmesh_prefix_parse(text, cidr) : -EINVAL;
	if (ret == -EDOM)
		return fault_set(fault, -EINVAL, at, "\"%.80s\" has bits set beyond its length",
				 text);
	if (ret)
		return fault_set(fault, -EINVAL, at,
				 "\"%.80s\" is not a CIDR, as in \"100.64.1.0/24\"", text);
	network->n_cidrs++;
	return 0;
}

/* One CIDR as a string, or an array of them. */
static int cidrs_read(json_object *value, const struct field *at, struct model_network *network,
		      struct fault *fault)
{
	size_t n;
	int ret;

	if (!json_object_is_type(value, json_type_array))
		return cidr_read(value, at, network, fault);
	if ((ret = document_length(value, at, MODEL_CIDRS_MAX, &n, fault)))
		return ret;
	if (!n)
		return fault_set(fault, -EINVAL, at, "must not be empty");
	for (size_t i = 0; i < n; i++) {
		if ((ret = cidr_read(json_object_array_get_idx(value, i), ITEM(at, i), network,
				     fault)))
			return ret;
	}
	return 0;
}

static int member_read(json_object *object, const struct field *at, const struct model *model,
		       struct model_member *member, struct fault *fault)
{
	enum {
		HOST,
		ADDRESS,
		PRIVATE_KEY_FILE
	};
	static const struct document_rule rules[] = {
		[HOST] = {"host", json_type_string, true},
		[ADDRESS] = {"address", json_type_string, true},
		[PRIVATE_KEY_FILE] = {"private-key-file", json_type_string, false},
	};
	json_object *values[ARRAY_SIZE(rules)];
	const char *name, *address;
	int64_t host;
	int ret;

	if ((ret = document_fields(object, at, rules, ARRAY_SIZE(rules), values, fault)) ||
	    (ret = document_text(values[HOST], FIELD(at, "host"), &name, fault)) ||
	    (ret = document_text(values[ADDRESS], FIELD(at, "address"), &address, fault)) ||
	    (ret = document_copy(values[PRIVATE_KEY_FILE], FIELD(at, "private-key-file"),
				 &member->private_key_file, fault)))
		return ret;
	host = model_host_find(model, name);
	if (host < 0)
		return fault_set(fault, -ENOENT, FIELD(at, "host"),
				 "no host has the name \"%.80s\"", name);
	member->host = (uint32_t)host;
	if (lbmesh_address_parse(address, &member->address))
		return fault_set(fault, -EINVAL, FIELD(at, "address"),
				 "\"%.80s\" is not an IPv4 or IPv6 address", address);
	return 0;
}

static int members_read(json_object *array, const struct field *at, const struct model *model,
			struct model_network *network, struct fault *fault)
{
	size_t n;
	int ret;

	if ((ret = document_length(array, at, MODEL_MEMBERS_MAX, &n, fault)))
		return ret;
	network->members = calloc(n ? n : 1, sizeof(*network->members));
	if (!network->members)
		return fault_memory(fault);
	network->n_members = n;
	for (size_t i = 0; i < n; i++) {
		if ((ret = member_read(json_object_array_get_idx(array, i), ITEM(at, i), model,
				       &network->members[i], fault)))
			return ret;
	}
	return 0;
}

static int network_read(json_object *object, const struct field *at, const struct model *model,
			struct model_network *network, struct fault *fault)
{
	enum {
		ID,
		NAME,
		CIDR,
		MTU,
		MEMBERS
	};
	static const struct document_rule rules[] = {
		[ID] = {"id", json_type_int, true},
		[NAME] = {"name", json_type_string, true},
		[CIDR] = {"cidr", json_type_null, true},
		[MTU] = {"mtu", json_type_int, false},
		[MEMBERS] = {"members", json_type_array, true},
	};
	json_object *values[ARRAY_SIZE(rules)];
	int64_t mtu = 0;
	int ret;

	if ((ret = document_fields(object, at, rules, ARRAY_SIZE(rules), values, fault)) ||
	    (ret = id_read(values[ID], FIELD(at, "id"), &network->id, fault)) ||
	    (ret = document_name(values[NAME], FIELD(at, "name"), network->name, fault)) ||
	    (ret = cidrs_read(values[CIDR], FIELD(at, "cidr"), network, fault)))
		return ret;
	if (values[MTU] && (ret = document_number(values[MTU], FIELD(at, "mtu"), MODEL_MTU_MIN,
						  MODEL_MTU_MAX, &mtu, fault)))
		return ret;
	network->mtu = (uint32_t)mtu;
	return members_read(values[MEMBERS], FIELD(at, "members"), model, network, fault);
}

static int networks_read(json_object *array, struct model *model, struct fault *fault)
{
	const struct field *at = FIELD(NULL, "networks");
	size_t n;
	int ret;

	if ((ret = document_length(array, at, MODEL_NETWORKS_MAX, &n, fault)))
		return ret;
	model->networks = calloc(n ? n : 1, sizeof(*model->networks));
	if (!model->networks)
		return fault_memory(fault);
	model->n_networks = n;
	for (size_t i = 0; i < n; i++) {
		if ((ret = network_read(json_object_array_get_idx(array, i), ITEM(at, i), model,
					&model->networks[i], fault)))
			return ret;
	}
	return model_networks_index(model, fault);
}

static int bridge_read(json_object *object, const struct field *at, const struct model *model,
		       struct model_bridge *bridge, struct fault *fault)
{
	enum {
		ID,
		NETWORKS
	};
	static const struct document_rule rules[] = {
		[ID] = {"id", json_type_int, true},
		[NETWORKS] = {"networks", json_type_array, true},
	};
	const struct field *ends = FIELD(at, "networks");
	json_object *values[ARRAY_SIZE(rules)];
	const char *name;
	int64_t network;
	int ret;

	if ((ret = document_fields(object, at, rules, ARRAY_SIZE(rules), values, fault)) ||
	    (ret = id_read(values[ID], FIELD(at, "id"), &bridge->id, fault)))
		return ret;
	if (json_object_array_length(values[NETWORKS]) != 2)
		return fault_set(fault, -EINVAL, ends, "must be the names of two networks");
	for (size_t i = 0; i < 2; i++) {
		if ((ret = document_text(json_object_array_get_idx(values[NETWORKS], i),
					 ITEM(ends, i), &name, fault)))
			return ret;
		network = model_network_find(model, name);
		if (network < 0)
			return fault_set(fault, -ENOENT, ITEM(ends, i),
					 "no network has the name \"%.80s\"", name);
		bridge->networks[i] = (uint32_t)network;
	}
	if (bridge->networks[0] == bridge->networks[1])
		return fault_set(fault, -EINVAL, ITEM(ends, 1),
				 "is the same network as the first; a bridge joins two");
	return 0;
}

static int bridges_read(json_object *array, struct model *model, struct fault *fault)
{
	const struct field *at = FIELD(NULL, "bridges");
	size_t n;
	int ret;

	if ((ret = document_length(array, at, MODEL_BRIDGES_MAX, &n, fault)))
		return ret;
	model->bridges = calloc(n ? n : 1, sizeof(*model->bridges));
	if (!model->bridges)
		return fault_memory(fault);
	model->n_bridges = n;
	for (size_t i = 0; i < n; i++) {
		if ((ret = bridge_read(json_object_array_get_idx(array, i), ITEM(at, i), model,
				       &model->bridges[i], fault)))
			return ret;
	}
	return 0;
}

int model_parse(const char *bytes, size_t size, struct model **model, struct fault *fault)
{
	enum {
		VERSION,
		HOSTS,
		NETWORKS,
		BRIDGES
	};
	static const struct document_rule rules[] = {
		[VERSION] = {"version", json_type_int, true},
		[HOSTS] = {"hosts", json_type_array, true},
		[NETWORKS] = {"networks", json_type_array, true},
		[BRIDGES] = {"bridges", json_type_array, false},
	};
	__attribute__((cleanup(document_putp))) json_object *root = NULL;
	__attribute__((cleanup(model_freep))) struct model *parsed = NULL;
	json_object *values[ARRAY_SIZE(rules)];
	int64_t version;
	int ret;

	if ((ret = document_parse(bytes, size, &root, fault)) ||
	    (ret = document_fields(root, NULL, rules, ARRAY_SIZE(rules), values, fault)) ||
	    (ret = document_number(values[VERSION], FIELD(NULL, "version"), MODEL_VERSION,
				   MODEL_VERSION, &version, fault)))
		return ret;
	parsed = calloc(1, sizeof(*parsed));
	if (!parsed)
		return fault_memory(fault);
	if ((ret = model_hosts_read(values[HOSTS], parsed, fault)) ||
	    (ret = networks_read(values[NETWORKS], parsed, fault)) ||
	    (ret = bridges_read(values[BRIDGES], parsed, fault)) ||
	    (ret = model_check(parsed, fault)))
		return ret;
	*model = parsed;
	parsed = NULL;
	return 0;
}
