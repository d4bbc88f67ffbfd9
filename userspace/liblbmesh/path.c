// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * path.c - turns the offset of an attribute that the kernel refused into a
 * path that a person can follow, "peer[3].public-key", by walking the message
 * that was sent. Called by error.c. Names are those of the spec.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"

struct attr_name {
	const char *name;
	const struct lbm_attr_set *nested;
	bool multi;
};

struct lbm_attr_set {
	const struct attr_name *names;
	uint16_t max;
};

#define ATTR_SET(set, table)                                                                   \
	static const struct lbm_attr_set set = {table, (uint16_t)(lbm_array_size(table) - 1)}; \
	/* A new attribute of the spec must get its name here. */                              \
	_Static_assert(lbm_array_size(table) > 1, "empty table")

static const struct attr_name device_names[LBMESH_A_DEVICE_MAX + 1] = {
	[LBMESH_A_DEVICE_ID] = {.name = "id"},
	[LBMESH_A_DEVICE_IFINDEX] = {.name = "ifindex"},
	[LBMESH_A_DEVICE_IFNAME] = {.name = "ifname"},
	[LBMESH_A_DEVICE_PRIVATE_KEY] = {.name = "private-key"},
	[LBMESH_A_DEVICE_LISTEN_PORT] = {.name = "listen-port"},
	[LBMESH_A_DEVICE_FWMARK] = {.name = "fwmark"},
	[LBMESH_A_DEVICE_MTU] = {.name = "mtu"},
	[LBMESH_A_DEVICE_REMOVE] = {.name = "remove"},
};
ATTR_SET(device_set, device_names);

static const struct attr_name network_names[LBMESH_A_NETWORK_MAX + 1] = {
	[LBMESH_A_NETWORK_ID] = {.name = "id"},
	[LBMESH_A_NETWORK_LABEL] = {.name = "label"},
	[LBMESH_A_NETWORK_REMOVE] = {.name = "remove"},
};
ATTR_SET(network_set, network_names);

static const struct attr_name bridge_names[LBMESH_A_BRIDGE_MAX + 1] = {
	[LBMESH_A_BRIDGE_ID] = {.name = "id"},
	[LBMESH_A_BRIDGE_NETWORK_A] = {.name = "network-a"},
	[LBMESH_A_BRIDGE_NETWORK_B] = {.name = "network-b"},
	[LBMESH_A_BRIDGE_REMOVE] = {.name = "remove"},
};
ATTR_SET(bridge_set, bridge_names);

static const struct attr_name peer_names[LBMESH_A_PEER_MAX + 1] = {
	[LBMESH_A_PEER_DEVICE] = {.name = "device"},
	[LBMESH_A_PEER_PUBLIC_KEY] = {.name = "public-key"},
	[LBMESH_A_PEER_PRESHARED_KEY] = {.name = "preshared-key"},
	[LBMESH_A_PEER_ENDPOINT_IPV4] = {.name = "endpoint-ipv4"},
	[LBMESH_A_PEER_ENDPOINT_IPV6] = {.name = "endpoint-ipv6"},
	[LBMESH_A_PEER_ENDPOINT_PORT] = {.name = "endpoint-port"},
	[LBMESH_A_PEER_KEEPALIVE] = {.name = "keepalive"},
	[LBMESH_A_PEER_REMOVE] = {.name = "remove"},
};
ATTR_SET(peer_set, peer_names);

static const struct attr_name member_names[LBMESH_A_MEMBER_MAX + 1] = {
	[LBMESH_A_MEMBER_NETWORK] = {.name = "network"},
	[LBMESH_A_MEMBER_DEVICE] = {.name = "device"},
	[LBMESH_A_MEMBER_IPV4] = {.name = "ipv4"},
	[LBMESH_A_MEMBER_IPV6] = {.name = "ipv6"},
	[LBMESH_A_MEMBER_PREFIX_LEN] = {.name = "prefix-len"},
	[LBMESH_A_MEMBER_PUBLIC_KEY] = {.name = "public-key"},
	[LBMESH_A_MEMBER_REMOVE] = {.name = "remove"},
};
ATTR_SET(member_set, member_names);

/* Layers and sets are alike. */
static const struct attr_name layer_names[LBMESH_A_LAYER_MAX + 1] = {
	[LBMESH_A_LAYER_ID] = {.name = "id"},
	[LBMESH_A_LAYER_LABEL] = {.name = "label"},
	[LBMESH_A_LAYER_REMOVE] = {.name = "remove"},
};
ATTR_SET(layer_set, layer_names);

static const struct attr_name set_names[LBMESH_A_SET_MAX + 1] = {
	[LBMESH_A_SET_ID] = {.name = "id"},
	[LBMESH_A_SET_LABEL] = {.name = "label"},
	[LBMESH_A_SET_REMOVE] = {.name = "remove"},
};
ATTR_SET(set_set, set_names);

static const struct attr_name selector_names[LBMESH_A_SELECTOR_MAX + 1] = {
	[LBMESH_A_SELECTOR_IPV4] = {.name = "ipv4"},
	[LBMESH_A_SELECTOR_IPV6] = {.name = "ipv6"},
	[LBMESH_A_SELECTOR_PREFIX_LEN] = {.name = "prefix-len"},
	[LBMESH_A_SELECTOR_SET] = {.name = "set"},
	[LBMESH_A_SELECTOR_KEYWORD] = {.name = "keyword"},
};
ATTR_SET(selector_set, selector_names);

static const struct attr_name range_names[LBMESH_A_RANGE_MAX + 1] = {
	[LBMESH_A_RANGE_FIRST] = {.name = "first"},
	[LBMESH_A_RANGE_LAST] = {.name = "last"},
};
ATTR_SET(range_set, range_names);

static const struct attr_name rule_names[LBMESH_A_RULE_MAX + 1] = {
	[LBMESH_A_RULE_LAYER] = {.name = "layer"},
	[LBMESH_A_RULE_ID] = {.name = "id"},
	[LBMESH_A_RULE_POSITION] = {.name = "position"},
	[LBMESH_A_RULE_DIRECTION] = {.name = "direction"},
	[LBMESH_A_RULE_ACTION] = {.name = "action"},
	[LBMESH_A_RULE_PROTOCOL] = {.name = "protocol"},
	[LBMESH_A_RULE_SRC] = {"src", &selector_set, false},
	[LBMESH_A_RULE_DST] = {"dst", &selector_set, false},
	[LBMESH_A_RULE_SRC_PORT] = {"src-port", &range_set, true},
	[LBMESH_A_RULE_DST_PORT] = {"dst-port", &range_set, true},
	[LBMESH_A_RULE_ICMP_TYPE] = {.name = "icmp-type"},
	[LBMESH_A_RULE_ICMP_CODE] = {.name = "icmp-code"},
	[LBMESH_A_RULE_LOG] = {.name = "log"},
	[LBMESH_A_RULE_REMOVE] = {.name = "remove"},
};
ATTR_SET(rule_set, rule_names);

static const struct attr_name element_names[LBMESH_A_ELEMENT_MAX + 1] = {
	[LBMESH_A_ELEMENT_SET] = {.name = "set"},
	[LBMESH_A_ELEMENT_IPV4] = {.name = "ipv4"},
	[LBMESH_A_ELEMENT_IPV6] = {.name = "ipv6"},
	[LBMESH_A_ELEMENT_PREFIX_LEN] = {.name = "prefix-len"},
	[LBMESH_A_ELEMENT_TIMEOUT] = {.name = "timeout"},
	[LBMESH_A_ELEMENT_REMOVE] = {.name = "remove"},
	[LBMESH_A_ELEMENT_LEARNED] = {.name = "learned"},
};
ATTR_SET(element_set, element_names);

static const struct attr_name endpoint_names[LBMESH_A_ENDPOINT_MAX + 1] = {
	[LBMESH_A_ENDPOINT_ID] = {.name = "id"},
	[LBMESH_A_ENDPOINT_LABEL] = {.name = "label"},
	[LBMESH_A_ENDPOINT_KIND] = {.name = "kind"},
	[LBMESH_A_ENDPOINT_IFINDEX] = {.name = "ifindex"},
	[LBMESH_A_ENDPOINT_IFNAME] = {.name = "ifname"},
	[LBMESH_A_ENDPOINT_IPV4] = {.name = "ipv4"},
	[LBMESH_A_ENDPOINT_IPV6] = {.name = "ipv6"},
	[LBMESH_A_ENDPOINT_LAYER] = {.name = "layer", .multi = true},
	[LBMESH_A_ENDPOINT_INGRESS_DEFAULT] = {.name = "ingress-default"},
	[LBMESH_A_ENDPOINT_EGRESS_DEFAULT] = {.name = "egress-default"},
	[LBMESH_A_ENDPOINT_REMOVE] = {.name = "remove"},
};
ATTR_SET(endpoint_set, endpoint_names);

static const struct attr_name flow_names[LBMESH_A_FLOW_MAX + 1] = {
	[LBMESH_A_FLOW_DIRECTION] = {.name = "direction"},
	[LBMESH_A_FLOW_ENDPOINT] = {.name = "endpoint"},
	[LBMESH_A_FLOW_IFINDEX] = {.name = "ifindex"},
	[LBMESH_A_FLOW_SRC_IPV4] = {.name = "src-ipv4"},
	[LBMESH_A_FLOW_SRC_IPV6] = {.name = "src-ipv6"},
	[LBMESH_A_FLOW_DST_IPV4] = {.name = "dst-ipv4"},
	[LBMESH_A_FLOW_DST_IPV6] = {.name = "dst-ipv6"},
	[LBMESH_A_FLOW_PROTOCOL] = {.name = "protocol"},
	[LBMESH_A_FLOW_SRC_PORT] = {.name = "src-port"},
	[LBMESH_A_FLOW_DST_PORT] = {.name = "dst-port"},
	[LBMESH_A_FLOW_ICMP_TYPE] = {.name = "icmp-type"},
	[LBMESH_A_FLOW_ICMP_CODE] = {.name = "icmp-code"},
};
ATTR_SET(flow_set, flow_names);

static const struct attr_name counts_names[LBMESH_A_COUNTS_MAX + 1] = {
	[LBMESH_A_COUNTS_DEVICES] = {.name = "devices"},
	[LBMESH_A_COUNTS_NETWORKS] = {.name = "networks"},
	[LBMESH_A_COUNTS_BRIDGES] = {.name = "bridges"},
	[LBMESH_A_COUNTS_PEERS] = {.name = "peers"},
	[LBMESH_A_COUNTS_MEMBERS] = {.name = "members"},
	[LBMESH_A_COUNTS_LAYERS] = {.name = "layers"},
	[LBMESH_A_COUNTS_RULES] = {.name = "rules"},
	[LBMESH_A_COUNTS_SETS] = {.name = "sets"},
	[LBMESH_A_COUNTS_ELEMENTS] = {.name = "elements"},
	[LBMESH_A_COUNTS_ENDPOINTS] = {.name = "endpoints"},
	[LBMESH_A_COUNTS_MESSAGE_BYTES] = {.name = "message-bytes"},
	[LBMESH_A_COUNTS_CACHE_ENTRIES] = {.name = "cache-entries"},
};
ATTR_SET(counts_set, counts_names);

/* What requests carry; an attribute of answers alone needs no name. */
static const struct attr_name main_names[LBMESH_A_FLOW + 1] = {
	[LBMESH_A_GENERATION] = {.name = "generation"},
	[LBMESH_A_EXPECT_GEN] = {.name = "expect-gen"},
	[LBMESH_A_MODE] = {.name = "mode"},
	[LBMESH_A_TOKEN] = {.name = "token"},
	[LBMESH_A_CONFIRM_TIMEOUT] = {.name = "confirm-timeout"},
	[LBMESH_A_ID] = {.name = "id"},
	[LBMESH_A_DEVICE] = {"device", &device_set, true},
	[LBMESH_A_NETWORK] = {"network", &network_set, true},
	[LBMESH_A_BRIDGE] = {"bridge", &bridge_set, true},
	[LBMESH_A_PEER] = {"peer", &peer_set, true},
	[LBMESH_A_MEMBER] = {"member", &member_set, true},
	[LBMESH_A_LAYER] = {"layer", &layer_set, true},
	[LBMESH_A_RULE] = {"rule", &rule_set, true},
	[LBMESH_A_SET] = {"set", &set_set, true},
	[LBMESH_A_ELEMENT] = {"element", &element_set, true},
	[LBMESH_A_ENDPOINT] = {"endpoint", &endpoint_set, true},
	[LBMESH_A_LIMITS] = {"limits", &counts_set, false},
	[LBMESH_A_FLOW] = {"flow", &flow_set, false},
};
ATTR_SET(main_set, main_names);

/* object_of() counts on both enumerations having the same order. */
_Static_assert(LBMESH_A_ENDPOINT - LBMESH_A_DEVICE == LBMESH_OBJECT_ENDPOINT - LBMESH_OBJECT_DEVICE,
	       "kinds of object and their attributes differ");

static enum lbmesh_object object_of(uint16_t type)
{
	if (type < LBMESH_A_DEVICE || type > LBMESH_A_ENDPOINT)
		return LBMESH_OBJECT_NONE;
	return (enum lbmesh_object)(type - LBMESH_A_DEVICE + LBMESH_OBJECT_DEVICE);
}

static const struct attr_name *name_of(const struct lbm_attr_set *set, uint32_t type)
{
	if (!set || type > set->max || !set->names[type].name)
		return NULL;
	return &set->names[type];
}

static void path_append(struct lbm_place *place, const char *name, bool multi, uint32_t index)
{
	size_t len = strlen(place->path);
	const char *dot = len ? "." : "";

	if (multi)
		(void)snprintf(place->path + len, sizeof(place->path) - len, "%s%s[%u]", dot, name,
			       index);
	else
		(void)snprintf(place->path + len, sizeof(place->path) - len, "%s%s", dot, name);
}

/* An attribute that was passed on the way, and its place among its like. */
struct found {
	const struct nlattr *attr;
	size_t offset;
	uint32_t index;
};

static bool find_in(const void *attrs, size_t len, size_t base, size_t target, struct found *found)
{
	const uint8_t *start = attrs;
	const uint8_t *pos = start;

	while ((size_t)(pos - start) < len) {
		const struct nlattr *attr = (const void *)pos;
		size_t offset = base + (size_t)(pos - start);

		if (len - (size_t)(pos - start) < sizeof(*attr) || attr->nla_len < sizeof(*attr))
			return false;
		if (target >= offset && target < offset + MNL_ALIGN((size_t)attr->nla_len)) {
			found->attr = attr;
			found->offset = offset;
			break;
		}
		pos += MNL_ALIGN((size_t)attr->nla_len);
	}
	if (!found->attr)
		return false;
	/* Counted afterwards: the type is known only now. */
	for (const uint8_t *p = start; p != (const uint8_t *)found->attr;) {
		const struct nlattr *attr = (const void *)p;

		found->index += mnl_attr_get_type(attr) == mnl_attr_get_type(found->attr);
		p += MNL_ALIGN((size_t)attr->nla_len);
	}
	return true;
}

/**
 * lbm_place_top() - Begin at the top level of a message.
 * @place: to be set
 */
void lbm_place_top(struct lbm_place *place)
{
	memset(place, 0, sizeof(*place));
	place->inside = &main_set;
}

/**
 * lbm_place_find() - Find the innermost attribute at an offset.
 * @sent: what was sent
 * @offset: bytes from the start of the netlink header, as NLMSGERR_ATTR_OFFS
 * @place: set, even when nothing is found
 *
 * Return: whether there is an attribute.
 */
bool lbm_place_find(const struct lbm_sent *sent, size_t offset, struct lbm_place *place)
{
	const size_t headers = MNL_NLMSG_HDRLEN + GENL_HDRLEN;
	const struct nlmsghdr *part = sent->head;
	size_t base = headers; /* offset of attrs in the whole message */
	const void *attrs;
	size_t len;

	lbm_place_top(place);
	if (sent->body && offset >= sent->head->nlmsg_len) {
		part = sent->body;
		base = sent->head->nlmsg_len;
	}
	attrs = mnl_nlmsg_get_payload_offset(part, GENL_HDRLEN);
	len = part->nlmsg_len - headers;

	while (place->inside) {
		struct found found = {0};
		const struct attr_name *name;

		if (!find_in(attrs, len, base, offset, &found))
			break;
		name = name_of(place->inside, mnl_attr_get_type(found.attr));
		if (!name)
			break;
		if (place->inside == &main_set) {
			place->object = object_of(mnl_attr_get_type(found.attr));
			place->index = place->object ? found.index : 0;
		}
		path_append(place, name->name, name->multi, found.index);
		place->inside = name->nested;
		if (found.offset == offset)
			break;
		attrs = mnl_attr_get_payload(found.attr);
		len = mnl_attr_get_payload_len(found.attr);
		base = found.offset + MNL_ATTR_HDRLEN;
	}
	return place->path[0] != '\0';
}

/**
 * lbm_place_missing() - Go on to an attribute that should have been there.
 * @place: the nest that lacks it, or lbm_place_top()
 * @type: type of the attribute
 */
void lbm_place_missing(struct lbm_place *place, uint32_t type)
{
	const struct attr_name *name = name_of(place->inside, type);

	if (name)
		path_append(place, name->name, false, 0);
}
