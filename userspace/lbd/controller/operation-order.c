// SPDX-License-Identifier: GPL-2.0-only
/*
 * Orders to hosts: entries of a host's own log that come and go with an operation. They are changes
 * of the transaction like those that derive() makes, so they are signed, kept and sent alike.
 */
#include "controller/operation-run.h"

#include "topology/derive-json.h"

#include <stdio.h>
#include <string.h>

int order_refresh(struct changes *changes, const char *host, const struct job *job, int64_t number,
		  struct fault *fault)
{
	struct value value = value_new();

	value_text(&value, "network", job->target);
	value_number(&value, "number", number);
	return entries_add(&changes->after, host, "refresh/", job->id, &value, fault);
}

int order_rotate(struct changes *changes, const struct job *job, const uint8_t *key,
		 struct fault *fault)
{
	struct value value = value_new();

	value_text(&value, "operation", job->id);
	value_text(&value, "step", key ? "switch" : "make");
	if (key)
		value_key(&value, "key", key);
	return entries_add(&changes->after, job->host, ORDER_ROTATE, "", &value, fault);
}

static const char *order_get(const struct controller *controller, const char *host, const char *key,
			     size_t *size)
{
	const struct fragment *fragment = hub_fragment(controller->hub, host);

	return fragment ? fragment_get(fragment, key, size) : NULL;
}

bool order_is_there(const struct controller *controller, const char *host, const char *key)
{
	size_t size;

	return order_get(controller, host, key, &size) != NULL;
}

bool order_is_switch(const struct controller *controller, const char *host)
{
	static const char step[] = "\"step\":\"switch\"";
	size_t size = 0;
	const char *value = order_get(controller, host, ORDER_ROTATE, &size);

	return value && memmem(value, size, step, sizeof(step) - 1) != NULL;
}

int order_drop(struct changes *changes, const char *host, const char *key, struct fault *fault)
{
	struct value value;

	if (!order_is_there(changes->controller, host, key))
		return 0;
	/* What it said does not matter: it is there before, and not after. */
	value = value_new();
	return entries_add(&changes->before, host, key, "", &value, fault);
}
