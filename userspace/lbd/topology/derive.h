/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From resources to entries of logs. One function says what a resource means, and both ways use
 * it: a change derives the resource before and after and takes the difference (a delta); a full
 * recompute derives everything. So the two cannot disagree. No I/O.
 *
 * Logs and their keys. Values are JSON texts without spaces, their fields in the order given here; a
 * field in [] is left out when there is nothing to say.
 *   org_...   firewall/FW     firewall, priority: of the organisation     links the fw_ log
 *   ws_...    workspace       org, name                                   links the org_ log
 *             firewall/FW     firewall, priority: of the workspace        links the fw_ log
 *   host_...  host            workspace, name, state ("active", "draining"), [key, next_key,
 *                             endpoint], keepalive, routed_mesh, [labels]   links the ws_ log
 *             membership/MEM  network: of a member that is reached here   links the net_ log
 *             firewall/ATT    firewall, priority: attached to the host    links the fw_ log
 *             sandbox/SBX     name, state, allow_internet, public_access, [labels, egress, ingress,
 *                             ingress_ports, private_link_ids]
 *   net_...   network         number, name, plane ("tenant", "infra"), mode, cidrs, [mtu]
 *             member/MEM      kind, host, [sandbox], key, [next_key, endpoint], addresses, [expires]
 *             alias/NAME      sandbox, host, ports
 *             policy/POL      from, to, [port], action
 *             bridge/BR       network: the other one                      links its net_ log
 *   fw_...    firewall        name, level, rules in order, each: id, direction, protocol, source,
 *                             destination, [source_ports, destination_ports (pairs), icmp_type,
 *                             icmp_code], action, [log]
 *
 * Decisions:
 * - A key has one owner: one resource makes it, so a host with sandboxes in a network has a
 *   membership for each. What a host does not need makes no record: whether it is online, what it
 *   has acknowledged, whether a network is active yet, descriptions.
 * - The infra plane: what is of no organisation (org "") is the system's. A member of a system
 *   network is listed with its host's infra key and endpoint, every other with those of the tenant
 *   plane; no other log has infra keys, not even that of the host, which knows its own. A network
 *   whose context does not fit its org is refused.
 * - A member that has no key of its plane yet, or no address, cannot be reached and is not listed.
 * - A removed host is nowhere: neither itself nor what is reached through it. A draining one is
 *   listed as before, and its own log says so. A network that is being deleted has no "network":
 *   a log without it, and a host's log without "host", is not in force; one record takes all of a
 *   network out of force in one generation (L10).
 * - Rotation (L25): while a host has a next key it is listed with both, and peers add the new one
 *   before the old one goes. The interval of keepalives is the sender's own affair.
 */
#ifndef LBD_TOPOLOGY_DERIVE_H
#define LBD_TOPOLOGY_DERIVE_H

#include "model/kinds.h"
#include "topology/record.h"

/*
 * Which log is to be followed by who follows the one that an entry is in. LINK_MEMBER: because it
 * belongs there; LINK_BRIDGE: because of a bridge, and not beyond that one step.
 */
enum link_type {
	LINK_NONE,
	LINK_MEMBER,
	LINK_BRIDGE
};

/* value is the entry's own, with a NUL that value_size does not count. */
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
 * member (that it is reached through), a sandbox and an alias (where the sandbox is); else NULL,
 * and for a host, which is its own neighbour, NULL. A change of a host is thus a change of all that
 * is reached through it: derive them with the host of before and of after, too.
 * -EINVAL when the resource cannot be: ids missing, a neighbour that is not its own; -ENOSPC when a
 * value is larger than RECORD_VALUE_MAX. On failure entries may have some of it; release them.
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
 * The changes from before to after, by log and key; what is equal is no change. Both may hold what
 * several edits of one resource, one after another, have derived: what was in between cancels out.
 * The arrays are sorted in place; the changes borrow from them. *changes is the caller's to free.
 * -EEXIST when two resources want to make the same key.
 */
int derive_changes(struct entries *before, struct entries *after, struct change **changes,
		   size_t *n, struct fault *fault);

/*
 * The log that this entry links to and how, from its key and value alone (LINK_NONE: none, or a
 * value that is not as above).
 */
enum link_type derive_link(const char *key, const char *value, size_t value_size,
			   char log[RESOURCE_ID_SIZE]);

#endif
