/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The thirteen kinds of resources as structs. The tables that describe them are in model/kind-*.c,
 * one file a kind. Words of an enum are in the order of the table's words.
 */
#ifndef LBD_MODEL_KINDS_H
#define LBD_MODEL_KINDS_H

#include "model/resource.h"

#define LABELS_MAX	      32
#define RULES_MAX	      1000
#define RULE_PORTS_MAX	      16
#define ALIAS_PORTS_MAX	      32
#define SANDBOX_LIST_MAX      50 /* O5, O6 */
#define TOKEN_SCOPES_MAX      16
#define DESCRIPTION_SIZE      256
#define MEMBER_QUARANTINE_MS  (10LL * 60 * 1000)
#define HOST_OFFLINE_AFTER_MS 30000 /* L26 */

/* scope "", unique among all. Made with the system's scope. */
struct org {
	struct resource head;
	char description[DESCRIPTION_SIZE];
	int64_t networks_max;
	int64_t hosts_max;
};

/* scope: the org. managed_network: it gets a network of its own on creation (L3). */
struct workspace {
	struct resource head;
	char description[DESCRIPTION_SIZE];
	bool managed_network;
};

enum host_state {
	HOST_ENROLLED,
	HOST_ONLINE,
	HOST_OFFLINE,
	HOST_DRAINING,
	HOST_REMOVED
};

/*
 * scope: the workspace. Made by enrolment only. The key of the infra plane is seen with the
 * system's scope only (G11). credential_hash: of what the agent authenticates with.
 */
struct host {
	struct resource head;
	struct resource_list labels; /* of struct label */
	int state; /* enum host_state */
	uint8_t identity_key[32]; /* Ed25519 */
	uint8_t public_key[32]; /* WireGuard, tenant plane */
	uint8_t next_public_key[32]; /* while rotating (L25) */
	struct resource_endpoint endpoint;
	int64_t keepalive;
	bool routed_mesh; /* G4: has opted in */
	uint8_t infra_public_key[32];
	struct resource_endpoint infra_endpoint;
	uint8_t credential_hash[32];
	int64_t last_seen;
	int64_t generation_staged; /* L7: the newest that the controller has for it */
	int64_t generation_applied;
	int64_t generation_acknowledged;
	char failure[DESCRIPTION_SIZE]; /* why the last one was not applied, or "" */
};

struct label {
	char name[RESOURCE_NAME_SIZE];
};

enum sandbox_state {
	SANDBOX_RUNNING,
	SANDBOX_STOPPED,
	SANDBOX_NEEDS_REATTACH
};

/* A hostname ("*." in front allowed in egress), a CIDR, or the keyword "internet". */
struct peer_text {
	char text[256];
};

struct port_number {
	int64_t port;
};

struct link_id {
	char id[RESOURCE_ID_SIZE];
};

/* scope: the workspace; owner: the host. Defaults are those of O15. */
struct sandbox {
	struct resource head;
	struct resource_list labels; /* of struct label */
	int state; /* enum sandbox_state */
	bool allow_internet;
	bool public_access;
	struct resource_list egress; /* of struct peer_text, at most 50 */
	struct resource_list ingress; /* of struct peer_text, at most 50 */
	struct resource_list ingress_ports; /* of struct port_number, at most 50 */
	struct resource_list private_link_ids; /* of struct link_id, at most 50, sandboxes */
};

enum network_context {
	NETWORK_WORKSPACE,
	NETWORK_ORGANIZATION,
	NETWORK_SYSTEM
};
enum network_family {
	NETWORK_IPV4,
	NETWORK_DUAL,
	NETWORK_IPV6
};
enum network_state {
	NETWORK_PENDING,
	NETWORK_ACTIVATING,
	NETWORK_ACTIVE,
	NETWORK_DELETING
};
enum network_mode {
	NETWORK_AGENT_PROXY,
	NETWORK_ROUTED_MESH
};

/*
 * scope: the org ("" for the system's); owner: the workspace, in workspace context. number is the
 * kernel's id of the network, unique in the cluster. cidr comes from the pool when it is not given.
 */
struct network {
	struct resource head;
	char description[DESCRIPTION_SIZE];
	int context; /* enum network_context */
	int family; /* enum network_family */
	int state; /* enum network_state */
	int mode; /* enum network_mode */
	bool managed;
	struct lbmesh_prefix cidr;
	struct lbmesh_prefix cidr6; /* B8: of family dual */
	int64_t mtu; /* 0: the default */
	int64_t number;
};

enum member_kind {
	MEMBER_HOST,
	MEMBER_SANDBOX,
	MEMBER_USER
};

/* scope: the network; owner: the host or sandbox; name: the owner's id. One address (L18). */
struct member {
	struct resource head;
	int member_kind; /* enum member_kind */
	struct lbmesh_prefix address;
	struct lbmesh_prefix address6;
	char host[RESOURCE_ID_SIZE]; /* that it is reached through */
	int64_t expires_at; /* of a user (G24); 0: never */
};

/* scope: the org; networks[0] < networks[1] by id; name: the two ids joined, so a pair is unique. */
struct bridge {
	struct resource head;
	char networks[2][RESOURCE_ID_SIZE];
};

enum firewall_level {
	FIREWALL_ORGANIZATION,
	FIREWALL_WORKSPACE,
	FIREWALL_HOST
};
enum rule_direction {
	RULE_INGRESS,
	RULE_EGRESS
};
enum rule_action {
	RULE_ALLOW,
	RULE_DENY,
	RULE_REJECT,
	RULE_PASS
};

struct port_range {
	int64_t first;
	int64_t last;
};

/*
 * One rule; the order in the list is the order of matching. protocol: "any", "tcp", "udp", "icmp",
 * "icmpv6", "sctp" or a number. source, destination: "any", a prefix, "same-network", "internet",
 * "network:NAME" or "host:NAME". icmp_type and icmp_code: -1 for any.
 */
struct firewall_rule {
	int64_t id;
	int direction; /* enum rule_direction */
	char protocol[16];
	char source[128];
	char destination[128];
	struct resource_list source_ports; /* of struct port_range */
	struct resource_list destination_ports; /* of struct port_range */
	int64_t icmp_type;
	int64_t icmp_code;
	int action; /* enum rule_action */
	bool log;
	char description[DESCRIPTION_SIZE];
};

/* scope: the org; owner: the workspace, at that level. Several at one level: by priority, id. */
struct firewall {
	struct resource head;
	char description[DESCRIPTION_SIZE];
	int level; /* enum firewall_level */
	int64_t priority;
	struct resource_list rules; /* of struct firewall_rule */
};

/* scope: the host; owner: the firewall (of level host); name: the firewall's id (L12). */
struct attachment {
	struct resource head;
	int64_t priority;
};

/* scope: the network; owner: the sandbox. */
struct alias {
	struct resource head;
	struct resource_list ports; /* of struct port_number, at least one */
};

enum policy_action {
	POLICY_ALLOW,
	POLICY_DENY
};

/*
 * scope: the network; name: made from the rest, so that the same cannot be there twice.
 * from: "local", "alias:NAME", "sandbox:ID", "label:NAME", "network:NAME", "workspace:NAME";
 * to: an alias of the network; port 0: every published one.
 */
struct policy {
	struct resource head;
	char from[128];
	char to[RESOURCE_NAME_SIZE];
	int64_t port;
	int action; /* enum policy_action */
};

enum token_kind {
	TOKEN_API,
	TOKEN_JOIN,
	TOKEN_USER
};

struct token_scope {
	int word; /* "read", "write", "admin", "system" */
};

/*
 * scope: the org, or "" for the system's. owner: the workspace that a join token enrols into. The
 * secret is shown once, on creation; hash is BLAKE2b-256 of it.
 */
struct token {
	struct resource head;
	int token_kind; /* enum token_kind */
	struct resource_list scopes; /* of struct token_scope */
	uint8_t hash[32];
	int64_t expires_at;
	int64_t used_at; /* a join token is good for one use */
	bool revoked;
};

enum operation_state {
	OPERATION_PENDING,
	OPERATION_RUNNING,
	OPERATION_DONE,
	OPERATION_FAILED
};
enum operation_verb {
	OPERATION_NETWORK_ACTIVATE,
	OPERATION_NETWORK_DELETE,
	OPERATION_BRIDGE_CREATE,
	OPERATION_BRIDGE_DELETE,
	OPERATION_NETWORK_REFRESH,
	OPERATION_KEY_ROTATE
};

/* scope: the org; owner "". target: what it works on, which may be gone when it is done. */
struct operation {
	struct resource head;
	int verb; /* enum operation_verb */
	int state; /* enum operation_state */
	char target[RESOURCE_ID_SIZE];
	char host[RESOURCE_ID_SIZE]; /* of a rotation or a refresh, or "" */
	char error[DESCRIPTION_SIZE];
	int64_t finished_at;
};

/* The tables, each in its kind-*.c; resource.c lists them. */
extern const struct resource_schema org_schema, workspace_schema, host_schema, sandbox_schema,
	network_schema, member_schema, bridge_schema, firewall_schema, attachment_schema,
	alias_schema, policy_schema, token_schema, operation_schema;

#endif
