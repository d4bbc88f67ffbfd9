/* SPDX-License-Identifier: GPL-2.0-only */
/* The kinds that derive() hands on to derive-network.c; arguments and errors are those of derive(). */
#ifndef LBD_TOPOLOGY_DERIVE_KINDS_H
#define LBD_TOPOLOGY_DERIVE_KINDS_H

#include "topology/derive.h"

typedef int (*derive_fn)(const struct resource *resource, const struct host *host,
			 struct entries *entries, struct fault *fault);

int derive_network(const struct resource *resource, const struct host *host,
		   struct entries *entries, struct fault *fault);
int derive_member(const struct resource *resource, const struct host *host, struct entries *entries,
		  struct fault *fault);
int derive_bridge(const struct resource *resource, const struct host *host, struct entries *entries,
		  struct fault *fault);
int derive_alias(const struct resource *resource, const struct host *host, struct entries *entries,
		 struct fault *fault);
int derive_policy(const struct resource *resource, const struct host *host, struct entries *entries,
		  struct fault *fault);

#endif
