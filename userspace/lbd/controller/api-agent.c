// SPDX-License-Identifier: GPL-2.0-only
/*
 * What agents ask (/agent/v1/): to become a host, to follow their logs, to say what they have
 * applied, and to rotate their key. Every request of an agent also says that it lives.
 */
#include "controller/api.h"
#include "controller/api-answer.h"

#include "controller/agent-enrol.h"
#include "controller/agent-key.h"
#include "controller/host-state.h"
#include "controller/stream.h"
#include "model/key.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int agents_check(const struct call *call, struct agents **agents, struct fault *fault)
{
	*agents = call->controller->agents;
	if (*agents)
		return 0;
	return fault_refuse(fault, CODE_STOPPING, NULL, "the controller is being stopped");
}

/* The caller's own host, as the store has it, and its agent. The caller frees. */
static int caller_get(const struct call *call, struct agents **agents, struct agent **agent,
		      struct resource **host, struct fault *fault)
{
	int ret;

	*host = NULL;
	if ((ret = agents_check(call, agents, fault)) ||
	    (ret = agents_read(*agents, RESOURCE_HOST, call->identity.host, host, fault)))
		return ret;
	*agent = agent_get(*agents, (const struct host *)*host);
	if (*agent)
		return 0;
	resource_freep(host);
	return fault_memory(fault);
}

static int host_reply(struct call *call, int status, const struct resource *host,
		      struct fault *fault)
{
	json_object *body = resource_encode(host, RESOURCE_VIEW_SYSTEM);

	if (!body)
		return fault_memory(fault);
	snprintf(call->reply->etag, sizeof(call->reply->etag), "\"%" PRIu64 "\"", host->version);
	http_reply_json(call->reply, status, body);
	return 0;
}

/* --- enrolment ------------------------------------------------------------------------------------ */

static int token_read(const struct enrolment *enrolment, struct enrolling *enrolling,
		      struct fault *fault)
{
	uint8_t pinned[SECRET_BYTES];

	/* What it pins is for the agent to compare with who answers. */
	if (secret_read("lbj", RESOURCE_TOKEN, enrolment->token, strlen(enrolment->token),
			enrolling->token, enrolling->token_hash, pinned))
		return fault_refuse(fault, CODE_UNAUTHENTICATED, FIELD(NULL, "token"),
				    "is not a join token of this controller");
	return 0;
}

static int enrol_reply(struct call *call, const struct agents *agents,
		       const struct enrolling *enrolling, struct fault *fault)
{
	const char *suffix = call->controller->options->suffix;
	char key[KEY_TEXT_LENGTH + 1];
	json_object *body = json_object_new_object();

	key_encode(call->controller->signing_public, key);
	if (!body ||
	    reply_member(body, "host", resource_encode(enrolling->host, RESOURCE_VIEW_SYSTEM)) ||
	    reply_text(body, "credential", enrolling->credential) ||
	    reply_text(body, "signing_key", key) ||
	    reply_text(body, "cluster", enrolling->cluster) ||
	    reply_member(body, "suffix", json_object_new_string(suffix ? suffix : "")) ||
	    reply_member(body, "heartbeat_seconds",
			 json_object_new_int64(agents->times.heartbeat / 1000)) ||
	    reply_member(body, "offline_seconds",
			 json_object_new_int64(agents->times.offline / 1000))) {
		json_object_put(body);
		return fault_memory(fault);
	}
	http_reply_json(call->reply, 201, body);
	return 0;
}

static int enrol(struct call *call, struct agents *agents, struct enrolling *enrolling,
		 struct fault *fault)
{
	int ret;

	/* For the audit: who it is by is whoever has given the token away. */
	snprintf(call->identity.actor, sizeof(call->identity.actor), "%s", enrolling->token);
	ret = controller_change(call->controller, call, enrol_work, enrolling, fault);
	if (ret && fault->code == CODE_VERSION)
		return fault_refuse(fault, CODE_TOKEN_SPENT, FIELD(NULL, "token"),
				    "the token has been used");
	if (ret)
		return ret;
	if (!agent_get(agents, (const struct host *)enrolling->host))
		return fault_memory(fault);
	return enrol_reply(call, agents, enrolling, fault);
}

int api_agent_enrol(struct call *call, struct fault *fault)
{
	struct enrolment enrolment = {0};
	struct enrolling enrolling = {.enrolment = &enrolment};
	struct agents *agents;
	int ret;

	if ((ret = agents_check(call, &agents, fault)) ||
	    (ret = enrolment_read(call->body, &enrolment, &enrolling.document, fault)))
		goto out;
	if ((ret = token_read(&enrolment, &enrolling, fault)) ||
	    (ret = enrolment_verify(&enrolment, enrolling.token, fault)))
		goto out;
	ret = enrol(call, agents, &enrolling, fault);
out:
	resource_free(enrolling.host);
	json_object_put(enrolling.document);
	sodium_memzero(&enrolling, sizeof(enrolling));
	sodium_memzero(&enrolment, sizeof(enrolment));
	return ret;
}

/* --- stream, report, key --------------------------------------------------------------------------- */

int api_agent_stream(struct call *call, struct fault *fault)
{
	struct resource *host = NULL;
	struct cursor *cursors = NULL;
	struct stream *stream;
	struct agents *agents;
	struct agent *agent;
	size_t n;
	int ret;

	if ((ret = cursors_read(call->body, &cursors, &n, fault)))
		return ret;
	ret = caller_get(call, &agents, &agent, &host, fault);
	if (!ret)
		ret = stream_open(agents, agent, (const struct host *)host, cursors, n, &stream,
				  fault);
	if (!ret) {
		call->reply->status = 200;
		call->reply->content_type = "application/vnd.lbmesh.frames";
		call->reply->stream = &stream->http;
		host_heard(agents, agent, call->request->now);
	}
	resource_free(host);
	free(cursors);
	return ret;
}

static void report_take(struct agent *agent, struct agent_report *report, struct host *host)
{
	free(agent->applied);
	agent->applied = report->applied;
	agent->n_applied = report->n_applied;
	report->applied = NULL;
	agent->generation = report->generation;
	memcpy(agent->failure, report->failure, sizeof(agent->failure));
	agent->reported = true;
	agent->dirty = true;
	/* What the store will have in a moment. */
	host->generation_acknowledged = agent_acknowledged(agent);
	host->generation_applied = host->generation_acknowledged;
	host->generation_staged = agent->staged > host->generation_acknowledged
					  ? agent->staged
					  : host->generation_acknowledged;
	memcpy(host->failure, agent->failure, sizeof(host->failure));
}

int api_agent_report(struct call *call, struct fault *fault)
{
	struct agent_report report = {0};
	struct resource *host = NULL;
	struct agents *agents;
	struct agent *agent;
	int ret = agent_report_read(call->body, &report, fault);

	if (ret)
		return ret;
	ret = caller_get(call, &agents, &agent, &host, fault);
	if (!ret) {
		report_take(agent, &report, (struct host *)host);
		host_heard(agents, agent, call->request->now);
		ret = host_reply(call, 200, host, fault);
	}
	free(report.applied);
	resource_free(host);
	return ret;
}

int api_agent_key(struct call *call, struct fault *fault)
{
	struct new_key key = {0};
	struct keying keying = {.key = &key, .id = call->identity.host};
	struct resource *host = NULL;
	struct agents *agents;
	struct agent *agent;
	int ret;

	if ((ret = new_key_read(call->body, &key, fault)) ||
	    (ret = caller_get(call, &agents, &agent, &host, fault)))
		return ret;
	host_heard(agents, agent, call->request->now);
	agents_kick(agents);
	ret = controller_change(call->controller, call, key_work, &keying, fault);
	if (!ret)
		ret = host_reply(call, 200, keying.host, fault);
	resource_free(keying.host);
	resource_free(host);
	return ret;
}
