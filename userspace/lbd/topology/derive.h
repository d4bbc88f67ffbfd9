/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From resources to entries of logs. One function says what a resource means, and both ways use
 * it: a change derives the resource before and after and takes the difference (a delta); a full
 * recompute derives everything. So the two cannot disagree. No I/O.
 *
 * Logs and their keys (values are JSON texts in a fixed order of fields):
 *   org_...   firewall/FW            an organisation firewall: priority       links the fw_ log
 *   ws_...    workspace              its org                                  links the org_ log
 *             firewall/FW            a workspace firewall: priority           links the fw_ log
 *   host_...  host                   name, workspace, state, keys, options    links the ws_ log
 *             network/NET            it is a member: number                   links the net_ log
 *             firewall/ATT           an attached firewall: priority           links the fw_ log
 *             sandbox/SBX            a sandbox of the host: its configuration
 *   net_...   network                number, name, cidrs, mtu, mode, plane
 *             member/MEM             kind, host, key, endpoint, keepalive, addresses
 *             alias/NAME             sandbox, ports, host
 *             policy/POL             from, to, port, action
 *             bridge/BR              the other network                        links the net_ log
 *   fw_...    firewall               level, rules in order
 */
#ifndef LBD_TOPOLOGY_DERIVE_H
#define LBD_TOPOLOGY_DERIVE_H

#include "model/kinds.h"
#include "topology/record.h"

enum link_type {
	LINK_NONE,
	LINK_MEMBER,
	LINK_BRIDGE
};

/* link: the log that whoever follows this log follows, too; LINK_BRIDGE not beyond one step. */
struct entry {
	char log[RESOURCE_ID_SIZE];
	char key[RECORD_KEY_MAX + 1];
	char *value;
	size_t value_size;
};

struct entries {
	struct entry *items;
	size_t n;
	size_t capacity;
};

void entries_release(struct entries *entries);

/*
 * Adds the entries of one resource. What it says of its neighbours must be given: host for a
 * member (that it is reached through), a sandbox and an alias (where the sandbox is); else NULL.
 * A host, network or firewall that is removed or of the infra plane is handled here, too.
 */
int derive(const struct resource *resource, const struct host *host, struct entries *entries,
	   struct fault *fault);

/* One change of the topology, before it has a version. value NULL: remove. */
struct change {
	const char *log;
	const char *key;
	const char *value;
	size_t value_size;
};

/*
 * The changes from before to after, by log and key; what is equal is no change. The arrays are
 * sorted in place; the changes borrow from them. *changes is the caller's to free.
 */
int derive_changes(struct entries *before, struct entries *after, struct change **changes,
		   size_t *n, struct fault *fault);

/* The log that this entry links to and how, from its key and value alone (LINK_NONE: none). */
enum link_type derive_link(const char *key, const char *value, size_t value_size,
			   char log[RESOURCE_ID_SIZE]);

#endif
