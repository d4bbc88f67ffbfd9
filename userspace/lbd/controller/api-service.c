// SPDX-License-Identifier: GPL-2.0-only
/* What the controller says of itself: that it runs, that it can serve, who the caller is, the API. */
#include "controller/api-answer.h"
#include "controller/api.h"

#include <string.h>

static int status_answer(struct call *call, struct fault *fault)
{
	json_object *body = json_object_new_object();
	json_object *status = json_object_new_string("ok");

	if (!body || !status || json_object_object_add(body, "status", status)) {
		json_object_put(status);
		json_object_put(body);
		return fault_memory(fault);
	}
	http_reply_json(call->reply, 200, body);
	return 0;
}

int api_health(struct call *call, struct fault *fault)
{
	return status_answer(call, fault);
}

int api_ready(struct call *call, struct fault *fault)
{
	int ret = store_ping(call->controller->store, fault);

	return ret ? ret : status_answer(call, fault);
}

int api_openapi(struct call *call, struct fault *fault)
{
	char *text = openapi_text();

	if (!text)
		return fault_memory(fault);
	call->reply->status = 200;
	call->reply->body = text;
	call->reply->body_size = strlen(text);
	call->reply->content_type = "application/yaml";
	return 0;
}

int api_whoami(struct call *call, struct fault *fault)
{
	static const char *const rights[] = {"none", "read", "write", "admin", "system", "agent"};
	const struct identity *identity = &call->identity;
	json_object *body = json_object_new_object();

	if (!body || reply_text(body, "actor", identity->actor) ||
	    reply_text(body, "org", identity->org) || reply_text(body, "host", identity->host) ||
	    reply_text(body, "right", rights[identity->right])) {
		json_object_put(body);
		return fault_memory(fault);
	}
	http_reply_json(call->reply, 200, body);
	return 0;
}
