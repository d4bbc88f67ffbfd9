/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must hold between resources: one place for all invariants that a single resource's check
 * (resource.h) cannot see. Pure functions; the caller reads the neighbours from the store, in the
 * transaction that makes the change. All return 0 or a refusal with a code, at the client's field.
 * system: the caller acts with the system's scope, or is the controller itself.
 */
#ifndef LBD_MODEL_RULES_H
#define LBD_MODEL_RULES_H

#include "model/kinds.h"

/* May somebody of org (an id) know of it; the system's objects have no org, and are hidden. */
bool rules_visible(const struct resource *resource, const char *org, bool system);

/* CODE_CROSS_ORG at the field unless both belong to one organisation. */
int rules_same_org(const struct resource *resource, const struct resource *neighbour,
		   const struct field *at, struct fault *fault);

/* CODE_LIMIT when the organisation has this many already. */
int rules_networks_limit(const struct org *org, size_t n, struct fault *fault);
int rules_hosts_limit(const struct org *org, size_t n, struct fault *fault);

/* --- hosts and sandboxes ------------------------------------------------------------------- */

/* CODE_KEY_TAKEN when one of the keys of host is one of other's, in whichever role (L20). */
int rules_host_keys(const struct host *host, const struct host *other, struct fault *fault);

/*
 * CODE_IN_USE when the host takes its opting in back while one of the networks that it, or a
 * sandbox of it, is a member of is a routed mesh.
 */
int rules_host_change(const struct host *before, const struct host *after,
		      const struct network *const *networks, size_t n, struct fault *fault);

/* host is that of its owner; a sandbox lives on a host of its workspace that is not going away. */
int rules_sandbox(const struct sandbox *sandbox, const struct host *host, struct fault *fault);

/* The one that private_link_ids[index] names; NULL: there is none. */
int rules_sandbox_link(const struct sandbox *sandbox, size_t index, const struct sandbox *source,
		       struct fault *fault);

/* --- networks (rules-network.c) ------------------------------------------------------------ */

/* workspace: that of its owner, or NULL. CODE_FORBIDDEN for a system network by a tenant. */
int rules_network(const struct network *network, const struct workspace *workspace, bool system,
		  struct fault *fault);

/* May it be changed or deleted by this caller: CODE_MANAGED; CODE_STATE while it is deleted. */
int rules_network_touch(const struct network *network, bool system, struct fault *fault);

/* CODE_NOT_OPTED_IN, naming a host, when a routed mesh has hosts that have not. */
int rules_network_hosts(const struct network *network, const struct host *const *hosts, size_t n,
			struct fault *fault);

/* CODE_CIDR_OVERLAP at "cidr" or "cidr6", naming the other: for networks that share a host. */
int rules_cidr_apart(const struct network *network, const struct network *const *others, size_t n,
		     struct fault *fault);

/*
 * owner: the host or sandbox that becomes a member, or a user's token; host: that it is reached
 * through (the host itself; the sandbox's). Addresses must be of the network when they are there.
 */
int rules_member(const struct member *member, const struct network *network,
		 const struct resource *owner, const struct host *host, struct fault *fault);

/* Has a user's membership ended (G24). */
bool rules_member_expired(const struct member *member, int64_t now);

/* a and b are those of bridge->networks; CODE_CROSS_ORG (L9), CODE_CIDR_OVERLAP, CODE_STATE. */
int rules_bridge(const struct bridge *bridge, const struct network *a, const struct network *b,
		 struct fault *fault);

/* --- aliases and policies (rules-policy.c) ------------------------------------------------- */

/*
 * taken: the alias of this name in the network, or NULL (CODE_ALIAS_TAKEN); member: that of the
 * sandbox in the network, or NULL (CODE_STATE: it has to be attached first).
 */
int rules_alias(const struct alias *alias, const struct network *network,
		const struct sandbox *sandbox, const struct alias *taken,
		const struct member *member, struct fault *fault);

/* alias: the one that the policy's "to" names, or NULL. */
int rules_policy(const struct policy *policy, const struct network *network,
		 const struct alias *alias, struct fault *fault);

/* --- firewalls (rules-policy.c, rules-effective.c) ------------------------------------------ */

/* workspace: that of its owner at that level, or NULL. */
int rules_firewall(const struct firewall *firewall, const struct workspace *workspace,
		   struct fault *fault);
int rules_attachment(const struct attachment *attachment, const struct host *host,
		     const struct firewall *firewall, struct fault *fault);

/*
 * L12. The rules that concern a host, in the order of matching, each with its origin. Layers come
 * in the order organisation, workspace, host; within a layer firewalls by priority and id (at the
 * host, by the attachment's). Of a layer the first rule that matches decides: allow, deny and
 * reject for good, pass leaves the rest of the layer, whichever firewall it is in, for the next.
 */
struct effective_rule {
	enum firewall_level layer;
	int64_t priority;
	const struct firewall *firewall;
	const struct firewall_rule *rule;
	size_t index; /* in the firewall's rules */
};

struct effective {
	struct effective_rule *rules;
	size_t n;
};

/*
 * Of firewalls, those of other organisations and workspaces and those that are not attached to the
 * host count for nothing; of attachments, those of other hosts. Borrows from firewalls.
 */
int rules_effective(const struct host *host, const struct firewall *const *firewalls,
		    size_t n_firewalls, const struct attachment *const *attachments,
		    size_t n_attachments, struct effective *effective, struct fault *fault);
void effective_release(struct effective *effective);

/* A JSON array of {layer, firewall, name, priority, index, rule}, or NULL without memory. */
json_object *effective_encode(const struct effective *effective);

/* --- tokens (rules-token.c) ---------------------------------------------------------------- */

#define TOKEN_JOIN_MS	  (60LL * 60 * 1000)
#define TOKEN_USER_MS	  (12LL * 60 * 60 * 1000)
#define TOKEN_API_MS	  (90LL * 24 * 60 * 60 * 1000)
#define TOKEN_JOIN_MAX_MS (24LL * 60 * 60 * 1000)
#define TOKEN_USER_MAX_MS (7LL * 24 * 60 * 60 * 1000)
#define TOKEN_API_MAX_MS  (366LL * 24 * 60 * 60 * 1000)

/*
 * Gives a new token the end of its life when it has none, and refuses one that is over already or
 * too far away for its kind. workspace: that of its owner, or NULL.
 */
int rules_token(struct token *token, const struct workspace *workspace, int64_t now,
		struct fault *fault);

/* CODE_STATE when a revoked token is to come back. */
int rules_token_change(const struct token *before, const struct token *after, struct fault *fault);

/* CODE_TOKEN_SPENT for a join token that is over, CODE_UNAUTHENTICATED for another. */
int rules_token_use(const struct token *token, int64_t now, struct fault *fault);

#endif
