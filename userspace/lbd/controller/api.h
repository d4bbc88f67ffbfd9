/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The handlers of the routes (routes.c), by the file that has them. Each reads its request, does
 * its work in one store transaction, and fills call->reply; a refusal goes back as a fault.
 */
#ifndef LBD_CONTROLLER_API_H
#define LBD_CONTROLLER_API_H

#include "controller/controller.h"

/* access.c: who asks. Fills call->identity; CODE_UNAUTHENTICATED, CODE_FORBIDDEN. */
int access_identify(struct call *call, struct fault *fault);

/* Has the identity this right in this organisation (NULL: none is needed)? */
int access_check(const struct identity *identity, enum right right, const char *org,
		 struct fault *fault);

/* api.c: what http_options.handle is; argument is the controller. */
int api_handle(struct http_request *request, struct http_reply *reply, void *controller,
	       struct fault *fault);

/*
 * api-resource.c: list, read, create, change and delete of every kind, by the route's kind. What a
 * kind needs besides is in its hooks (api-hooks.c): checks of model/rules.h with the neighbours,
 * addresses, operations.
 */
int api_resource_list(struct call *call, struct fault *fault);
int api_resource_get(struct call *call, struct fault *fault);
int api_resource_create(struct call *call, struct fault *fault);
int api_resource_patch(struct call *call, struct fault *fault);
int api_resource_delete(struct call *call, struct fault *fault);

/* api-audit.c */
int api_audit_list(struct call *call, struct fault *fault);

/* api-host.c: what is done with a host besides reading and changing it. */
int api_host_effective(struct call *call, struct fault *fault);
int api_host_refresh(struct call *call, struct fault *fault);
int api_host_rotate(struct call *call, struct fault *fault);
int api_host_drain(struct call *call, struct fault *fault);
int api_host_revoke(struct call *call, struct fault *fault);

/* api-token.c: the secret is shown in the answer to this request alone. */
int api_token_create(struct call *call, struct fault *fault);
int api_token_revoke(struct call *call, struct fault *fault);

/* api-agent.c: what agents ask. */
int api_agent_enrol(struct call *call, struct fault *fault);
int api_agent_stream(struct call *call, struct fault *fault);
int api_agent_report(struct call *call, struct fault *fault);
int api_agent_key(struct call *call, struct fault *fault);

/* api-service.c */
int api_openapi(struct call *call, struct fault *fault);
int api_health(struct call *call, struct fault *fault);
int api_ready(struct call *call, struct fault *fault);
int api_whoami(struct call *call, struct fault *fault);

#endif
