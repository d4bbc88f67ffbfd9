/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a kind needs besides being read, checked and stored: its neighbours (model/rules.h),
 * addresses, what goes with it, operations. Called by api-resource.c within the transaction; the
 * verbs below also by enrolment and by the code that runs operations.
 */
#ifndef LBD_CONTROLLER_API_HOOKS_H
#define LBD_CONTROLLER_API_HOOKS_H

#include "controller/api-place.h"
#include "controller/operation.h"

/*
 * parent: of the place, or NULL. operation: what a hook has begun, for routes that answer with it;
 * the caller's to free.
 */
struct edit {
	struct changes *changes;
	const struct place *place;
	const struct resource *parent;
	json_object *document;
	struct operation *operation;
};

/*
 * create: fills what follows from elsewhere, and refuses, before the resource is inserted; created:
 * after it. change: before an update. remove: before the deletion; 1: it is not to be deleted now.
 */
struct hooks {
	int (*create)(struct edit *edit, struct resource *resource, struct fault *fault);
	int (*created)(struct edit *edit, struct resource *resource, struct fault *fault);
	int (*change)(struct edit *edit, const struct resource *before, struct resource *after,
		      struct fault *fault);
	int (*remove)(struct edit *edit, struct resource *resource, struct fault *fault);
};

/* Never NULL. */
const struct hooks *hooks_of(enum resource_kind kind);

extern const struct hooks org_hooks, workspace_hooks, host_hooks, sandbox_hooks, network_hooks,
	member_hooks, bridge_hooks, firewall_hooks, attachment_hooks, alias_hooks, policy_hooks;

/* store_get(), but 0 and NULL for what is not there, or is no id of that kind. The caller frees. */
int hook_get(struct store_tx *tx, enum resource_kind kind, const char *id,
	     struct resource **resource, struct fault *fault);

/* Deletes all that a query finds, each with what goes with it. */
int hook_delete_all(struct changes *changes, const struct store_query *query, struct fault *fault);

/* --- networks (api-hooks-network.c) -------------------------------------------------------- */

/*
 * Gives a network its number, slices and state, and inserts it, with the operation that activates it
 * (may be NULL). Its head has org, scope, owner and name.
 */
int network_add(struct changes *changes, struct network *network, struct operation **operation,
		struct fault *fault);

/* Removes a network with its policies, aliases and members, and releases its addresses. */
int network_remove(struct changes *changes, struct network *network, struct fault *fault);

/* The managed network of a workspace (L3), or NULL. The caller frees. */
int network_managed_find(struct store_tx *tx, const char *workspace, struct network **network,
			 struct fault *fault);

/* --- members (api-hooks-member.c) ------------------------------------------------------------ */

/*
 * Makes owner (a host, a sandbox, or a user's token) a member that is reached through host, with the
 * addresses that it had there before, if it had (L18). expires_at: of a user, else 0. *member (may
 * be NULL) is the caller's to free. CODE_NAME_TAKEN when it is one already.
 */
int member_make(struct changes *changes, const struct network *network,
		const struct resource *owner, const struct host *host, int64_t expires_at,
		struct member **member, struct fault *fault);

/* Removes a membership; its addresses are kept for its owner for a while. */
int member_remove(struct changes *changes, struct member *member, struct fault *fault);

#endif
