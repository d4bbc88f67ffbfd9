// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a request to its handler: the route, who asks, what they may, the body. What a handler fails
 * with for no fault of the client's is told to the operator here, and to nobody else.
 */
#include "controller/api.h"

#include "controller/api-place.h"
#include "model/document.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int body_read(struct call *call, struct fault *fault)
{
	const struct http_request *request = call->request;
	struct fault why = {0};
	int ret;

	if (!(call->route->flags & ROUTE_BODY))
		return 0;
	if (!request->body)
		return fault_refuse(fault, CODE_BODY_SYNTAX, NULL, "the body is missing");
	ret = document_parse(request->body, request->body_size, &call->body, &why);
	if (ret == -ENOMEM)
		return fault_memory(fault);
	if (ret)
		return fault_refuse(fault, CODE_BODY_SYNTAX, NULL, "%s", why.text);
	if (!json_object_is_type(call->body, json_type_object))
		return fault_refuse(fault, CODE_BODY_SYNTAX, NULL, "the body must be an object");
	return 0;
}

static int route_enter(struct call *call, struct fault *fault)
{
	int ret = route_find(call->request, &call->route, call->reply->allow, fault);

	if (ret)
		return ret;
	if (call->route->flags & ROUTE_OLD && !call->controller->options->old_paths)
		return fault_refuse(fault, CODE_ROUTE_UNKNOWN, NULL,
				    "the older paths are switched off in this controller");
	return 0;
}

static int call_run(struct call *call, struct fault *fault)
{
	int ret;

	if ((ret = route_enter(call, fault)) || (ret = access_identify(call, fault)) ||
	    (ret = access_check(&call->identity, call->route->right, place_org(call), fault)) ||
	    (ret = body_read(call, fault)))
		return ret;
	return call->route->handle(call, fault);
}

/* Of the store's own refusals the client sees the code, and the operator the reason. */
static void failure_tell(const struct call *call, int error, struct fault *fault)
{
	const struct controller_options *options = call->controller->options;
	bool store = fault->code == CODE_STORE_UNAVAILABLE || fault->code == CODE_STORE_CONFLICT;

	if (fault->code != CODE_NONE && !store)
		return;
	if (options->failed)
		options->failed(call->request, error, fault);
	else
		fprintf(stderr, "controller: request %s: %s: %s\n", call->request->id,
			strerror(error < 0 ? -error : 0), fault->text);
	if (!store)
		return;
	call->reply->retry_after = 1;
	fault_refuse(fault, fault->code, NULL, "the controller's log has the reason");
}

int api_handle(struct http_request *request, struct http_reply *reply, void *controller,
	       struct fault *fault)
{
	struct call call = {.controller = controller, .request = request, .reply = reply};
	int ret = call_run(&call, fault);

	json_object_put(call.body);
	if (ret)
		failure_tell(&call, ret, fault);
	return ret;
}
