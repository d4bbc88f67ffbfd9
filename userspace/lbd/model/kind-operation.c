// SPDX-License-Identifier: GPL-2.0-only
/* Operations: what the controller has been asked to do and clients poll for (L10, L13). */
#include "model/table.h"

static const char *const verbs[] = {"network.activate", "network.delete",  "bridge.create",
				    "bridge.delete",	"network.refresh", "key.rotate"};
static const char *const states[] = {"pending", "running", "done", "failed"};

static const struct property properties[] = {
	{.name = "verb",
	 .flags = PROPERTY_READ_ONLY,
	 WORDS(verbs),
	 PLACE(struct operation, verb),
	 .help = "What is done."},
	{.name = "state",
	 .flags = PROPERTY_READ_ONLY,
	 WORDS(states),
	 PLACE(struct operation, state),
	 .help = "How far it is."},
	{.name = "target",
	 .type = PROPERTY_ID,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct operation, target),
	 .refers = RESOURCE_KINDS,
	 .help = "What it works on; may be gone when it is done."},
	{.name = "host",
	 .type = PROPERTY_ID,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct operation, host),
	 .refers = RESOURCE_HOST,
	 .help = "The host that it concerns, if it is one."},
	{.name = "error",
	 .type = PROPERTY_TEXT,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct operation, error),
	 .help = "Why it failed, or empty."},
	{.name = "finished_at",
	 .type = PROPERTY_TIME,
	 .flags = PROPERTY_READ_ONLY,
	 PLACE(struct operation, finished_at),
	 .help = "When it was done or failed."},
};

const struct resource_schema operation_schema = {
	.kind = RESOURCE_OPERATION,
	.singular = "operation",
	.plural = "operations",
	.prefix = "op",
	.size = sizeof(struct operation),
	.properties = properties,
	.n_properties = TABLE_SIZE(properties),
	.name_flags = PROPERTY_READ_ONLY,
};
