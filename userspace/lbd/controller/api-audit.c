// SPDX-License-Identifier: GPL-2.0-only
/* The audit log, the newest first: of one organisation, or with the system's scope of all. */
#include "controller/api-answer.h"
#include "controller/api-list.h"
#include "controller/api-place.h"
#include "controller/api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct auditing {
	const struct call *call;
	const char *org;
	int64_t before;
	size_t limit;
	struct store_audit *audits;
	size_t n;
};

static int auditing_run(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct auditing *auditing = argument;
	struct resource *org = NULL;
	int ret = 0;

	store_audits_release(auditing->audits, auditing->n);
	auditing->audits = NULL;
	auditing->n = 0;
	if (auditing->org)
		ret = store_get(tx, RESOURCE_ORG, auditing->org, &org, fault);
	resource_free(org);
	return ret ? ret
		   : store_audit_list(tx, auditing->org, auditing->before, auditing->limit + 1,
				      &auditing->audits, &auditing->n, fault);
}

static json_object *audit_encode(const struct store_audit *audit)
{
	json_object *object = json_object_new_object();
	char at[TIME_TEXT_SIZE];

	time_format(audit->at, at);
	if (!object || reply_member(object, "sequence", json_object_new_int64(audit->sequence)) ||
	    reply_text(object, "at", at) || reply_text(object, "org", audit->org) ||
	    reply_member(object, "actor", json_object_new_string(audit->actor)) ||
	    reply_member(object, "action", json_object_new_string(audit->action)) ||
	    reply_text(object, "target", audit->target) ||
	    reply_member(object, "request", json_object_new_string(audit->request)) ||
	    reply_member(object, "detail",
			 json_object_new_string(audit->detail ? audit->detail : ""))) {
		json_object_put(object);
		return NULL;
	}
	return object;
}

static json_object *audits_encode(const struct store_audit *audits, size_t n)
{
	json_object *items = json_object_new_array();

	for (size_t i = 0; items && i < n; i++) {
		json_object *item = audit_encode(&audits[i]);

		if (item && !json_object_array_add(items, item))
			continue;
		json_object_put(item);
		json_object_put(items);
		return NULL;
	}
	return items;
}

int api_audit_list(struct call *call, struct fault *fault)
{
	struct auditing auditing = {.call = call, .org = place_org(call)};
	char after[RESOURCE_ID_SIZE], last[RESOURCE_ID_SIZE];
	bool more;
	int ret;

	if ((ret = list_read(call, &auditing.limit, after, fault)))
		return ret;
	/* The cursor's code has shown that it is a number of ours. */
	auditing.before = *after ? strtoll(after, NULL, 10) : 0;
	ret = store_read(call->controller->store, auditing_run, &auditing, fault);
	if (!ret) {
		more = auditing.n > auditing.limit;
		if (more)
			snprintf(last, sizeof(last), "%" PRId64,
				 auditing.audits[auditing.limit - 1].sequence);
		ret = list_answer(
			call, audits_encode(auditing.audits, more ? auditing.limit : auditing.n),
			more ? last : NULL, fault);
	}
	store_audits_release(auditing.audits, auditing.n);
	return ret;
}
