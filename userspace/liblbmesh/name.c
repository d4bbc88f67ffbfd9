// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * name.c - names of enum values, spelled as the spec spells them, for messages
 * and JSON. A value of a newer module is "unknown".
 */
#include "internal.h"

static const char *name_at(const char *const *names, size_t count, size_t value)
{
	return value < count && names[value] ? names[value] : "unknown";
}

/**
 * lbmesh_state_name() - The name of a state.
 * @state: from the kernel
 *
 * Return: a constant string.
 */
LBMESH_PUBLIC const char *lbmesh_state_name(enum lbmesh_state state)
{
	static const char *const names[] = {
		[LBMESH_STATE_EMPTY] = "empty",
		[LBMESH_STATE_ACTIVE] = "active",
		[LBMESH_STATE_COMMITTING] = "committing",
		[LBMESH_STATE_PENDING] = "pending",
	};

	return name_at(names, lbm_array_size(names), (size_t)state);
}

/**
 * lbmesh_phase_name() - The name of a phase of a commit.
 * @phase: from the kernel
 *
 * Return: a constant string.
 */
LBMESH_PUBLIC const char *lbmesh_phase_name(enum lbmesh_phase phase)
{
	static const char *const names[] = {
		[LBMESH_PHASE_PARSE] = "parse",	  [LBMESH_PHASE_PREPARE] = "prepare",
		[LBMESH_PHASE_FLIP] = "flip",	  [LBMESH_PHASE_CONFIRM] = "confirm",
		[LBMESH_PHASE_RETIRE] = "retire",
	};

	return name_at(names, lbm_array_size(names), (size_t)phase);
}

/**
 * lbmesh_object_name() - The name of a kind of object.
 * @object: from the kernel
 *
 * Return: a constant string.
 */
LBMESH_PUBLIC const char *lbmesh_object_name(enum lbmesh_object object)
{
	static const char *const names[] = {
		[LBMESH_OBJECT_NONE] = "none",	       [LBMESH_OBJECT_DEVICE] = "device",
		[LBMESH_OBJECT_NETWORK] = "network",   [LBMESH_OBJECT_BRIDGE] = "bridge",
		[LBMESH_OBJECT_PEER] = "peer",	       [LBMESH_OBJECT_MEMBER] = "member",
		[LBMESH_OBJECT_LAYER] = "layer",       [LBMESH_OBJECT_RULE] = "rule",
		[LBMESH_OBJECT_SET] = "set",	       [LBMESH_OBJECT_ELEMENT] = "element",
		[LBMESH_OBJECT_ENDPOINT] = "endpoint",
	};

	return name_at(names, lbm_array_size(names), (size_t)object);
}

/**
 * lbmesh_drift_name() - The name of a kind of drift.
 * @kind: from the kernel
 *
 * Return: a constant string.
 */
LBMESH_PUBLIC const char *lbmesh_drift_name(enum lbmesh_drift_kind kind)
{
	static const char *const names[] = {
		[LBMESH_DRIFT_KIND_DEVICE_MISSING] = "device-missing",
		[LBMESH_DRIFT_KIND_DEVICE_DIFFERS] = "device-differs",
		[LBMESH_DRIFT_KIND_PEER_MISSING] = "peer-missing",
		[LBMESH_DRIFT_KIND_PEER_FOREIGN] = "peer-foreign",
		[LBMESH_DRIFT_KIND_ALLOWEDIPS] = "allowedips",
		[LBMESH_DRIFT_KIND_KEEPALIVE] = "keepalive",
		[LBMESH_DRIFT_KIND_PRESHARED_KEY] = "preshared-key",
	};

	return name_at(names, lbm_array_size(names), (size_t)kind);
}

/**
 * lbmesh_capability_name() - The name of a capability of the module.
 * @bit: one bit of struct lbmesh_info's capabilities
 *
 * Return: a constant string.
 */
LBMESH_PUBLIC const char *lbmesh_capability_name(uint32_t bit)
{
	switch (bit) {
	case LBMESH_CAPABILITY_MESH:
		return "mesh";
	case LBMESH_CAPABILITY_CONFIRM:
		return "confirm";
	case LBMESH_CAPABILITY_FIREWALL:
		return "firewall";
	case LBMESH_CAPABILITY_AUDIT:
		return "audit";
	case LBMESH_CAPABILITY_EXPLAIN:
		return "explain";
	default:
		return "unknown";
	}
}

/**
 * lbmesh_direction_name() - The name of a direction.
 * @direction: from the kernel
 *
 * Return: a constant string.
 */
LBMESH_PUBLIC const char *lbmesh_direction_name(enum lbmesh_direction direction)
{
	static const char *const names[] = {
		[LBMESH_DIRECTION_INGRESS] = "ingress",
		[LBMESH_DIRECTION_EGRESS] = "egress",
	};

	return name_at(names, lbm_array_size(names), (size_t)direction);
}

/**
 * lbmesh_action_name() - The name of an action.
 * @action: from the kernel
 *
 * Return: a constant string.
 */
LBMESH_PUBLIC const char *lbmesh_action_name(enum lbmesh_action action)
{
	static const char *const names[] = {
		[LBMESH_ACTION_ALLOW] = "allow",
		[LBMESH_ACTION_DENY] = "deny",
		[LBMESH_ACTION_REJECT] = "reject",
		[LBMESH_ACTION_PASS] = "pass",
	};

	return name_at(names, lbm_array_size(names), (size_t)action);
}

/**
 * lbmesh_keyword_name() - The name of a keyword.
 * @keyword: from the kernel
 *
 * Return: a constant string.
 */
LBMESH_PUBLIC const char *lbmesh_keyword_name(enum lbmesh_keyword keyword)
{
	static const char *const names[] = {
		[LBMESH_KEYWORD_ANY] = "any",
		[LBMESH_KEYWORD_SAME_NETWORK] = "same-network",
		[LBMESH_KEYWORD_INTERNET] = "internet",
	};

	return name_at(names, lbm_array_size(names), (size_t)keyword);
}

/**
 * lbmesh_endpoint_kind_name() - The name of a kind of endpoint.
 * @kind: from the kernel
 *
 * Return: a constant string.
 */
LBMESH_PUBLIC const char *lbmesh_endpoint_kind_name(enum lbmesh_endpoint_kind kind)
{
	static const char *const names[] = {
		[LBMESH_ENDPOINT_KIND_HOST] = "host",
		[LBMESH_ENDPOINT_KIND_SANDBOX] = "sandbox",
	};

	return name_at(names, lbm_array_size(names), (size_t)kind);
}

/**
 * lbmesh_reason_name() - The name of a reason.
 * @reason: from the kernel
 *
 * Return: a constant string.
 */
LBMESH_PUBLIC const char *lbmesh_reason_name(enum lbmesh_reason reason)
{
	static const char *const names[] = {
		[LBMESH_REASON_NONE] = "none",
		[LBMESH_REASON_NOT_MEMBER_SRC] = "not-member-src",
		[LBMESH_REASON_NOT_MEMBER_DST] = "not-member-dst",
		[LBMESH_REASON_NOT_CONNECTED] = "not-connected",
		[LBMESH_REASON_MOVING] = "moving",
		[LBMESH_REASON_MALFORMED] = "malformed",
		[LBMESH_REASON_RULE] = "rule",
		[LBMESH_REASON_DEFAULT] = "default",
		[LBMESH_REASON_MEMBER] = "member",
		[LBMESH_REASON_SPOOFED] = "spoofed",
		[LBMESH_REASON_NO_STATE] = "no-state",
		[LBMESH_REASON_NO_ENDPOINT] = "no-endpoint",
	};

	return name_at(names, lbm_array_size(names), (size_t)reason);
}
