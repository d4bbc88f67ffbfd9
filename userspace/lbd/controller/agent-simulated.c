// SPDX-License-Identifier: GPL-2.0-only
/* The agents of the tests: see agent-testing.h. Each verifies every frame that it reads. */
#include "controller/agent-testing.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define VARIANT	   sodium_base64_VARIANT_ORIGINAL
#define BUFFER_MAX (1u << 20)

void simulated_make(struct simulated *agent, struct bed *bed, const char *name)
{
	*agent = (struct simulated){.bed = bed, .piece = 4096};
	TEXT_SET(agent->name, name);
	TEXT_SET(agent->enrolment.name, name);
	crypto_sign_keypair(agent->enrolment.identity_key, agent->identity_secret);
	randombytes_buf(agent->enrolment.public_key, 32);
	randombytes_buf(agent->enrolment.infra_public_key, 32);
	agent->buffer = malloc(BUFFER_MAX);
	cr_assert(agent->buffer);
}

static void key_put(json_object *body, const char *name, const uint8_t *bytes, size_t size)
{
	char text[128];

	sodium_bin2base64(text, sizeof(text), bytes, size, VARIANT);
	json_object_object_add(body, name, json_object_new_string(text));
}

json_object *simulated_body(struct simulated *agent, const char *token)
{
	json_object *body = json_object_new_object();
	uint8_t message[PROOF_MAX], signature[SIGNATURE_SIZE];
	char id[64];

	snprintf(id, sizeof(id), "tok_%.26s", token + 4);
	crypto_sign_detached(signature, NULL, message,
			     enrolment_message(&agent->enrolment, id, message),
			     agent->identity_secret);
	json_object_object_add(body, "token", json_object_new_string(token));
	json_object_object_add(body, "name", json_object_new_string(agent->enrolment.name));
	key_put(body, "identity_key", agent->enrolment.identity_key, 32);
	key_put(body, "public_key", agent->enrolment.public_key, 32);
	if (!sodium_is_zero(agent->enrolment.infra_public_key, 32))
		key_put(body, "infra_public_key", agent->enrolment.infra_public_key, 32);
	key_put(body, "proof", signature, sizeof(signature));
	json_object_object_add(body, "endpoint", json_object_new_string("192.0.2.1:51820"));
	return body;
}

int simulated_try(struct simulated *agent, const char *token, struct fault *fault)
{
	json_object *body = simulated_body(agent, token), *answer = NULL, *host, *value;
	int ret = bed_call(agent->bed, api_agent_enrol, &(struct call){0},
			   json_object_to_json_string(body), &answer, fault);

	json_object_put(body);
	if (!ret) {
		cr_assert(json_object_object_get_ex(answer, "host", &host));
		cr_assert(json_object_object_get_ex(host, "id", &value));
		TEXT_SET(agent->host, json_object_get_string(value));
		cr_assert(json_object_object_get_ex(answer, "credential", &value));
		TEXT_SET(agent->credential, json_object_get_string(value));
	}
	json_object_put(answer);
	return ret;
}

void simulated_enrol(struct simulated *agent)
{
	struct bed *bed = agent->bed;
	char token[SECRET_TEXT_SIZE], id[RESOURCE_ID_SIZE];
	struct fault fault;

	bed_token_make(bed, bed->org, bed->workspace, bed->now + 60000, token, id);
	cr_assert_eq(simulated_try(agent, token, &fault), 0, "%s: %s", fault.path, fault.text);
}

void simulated_begin(struct simulated *agent, struct bed *bed, const char *name)
{
	simulated_make(agent, bed, name);
	simulated_enrol(agent);
}

static void log_drop(struct simulated *agent, size_t at)
{
	fragment_free(agent->logs[at]);
	agent->logs[at] = agent->logs[--agent->n_logs];
}

void simulated_end(struct simulated *agent)
{
	simulated_disconnect(agent);
	while (agent->n_logs)
		log_drop(agent, 0);
	free(agent->buffer);
}

static struct call as_agent(const struct simulated *agent)
{
	struct call call = {.identity = {.known = true}};

	TEXT_SET(call.identity.host, agent->host);
	TEXT_SET(call.identity.org, agent->bed->org);
	TEXT_SET(call.identity.actor, agent->host);
	return call;
}

static json_object *versions(const struct simulated *agent)
{
	json_object *object = json_object_new_object();

	for (size_t i = 0; i < agent->n_logs; i++)
		json_object_object_add(
			object, fragment_log(agent->logs[i]),
			json_object_new_int64((int64_t)fragment_version(agent->logs[i])));
	return object;
}

void simulated_connect(struct simulated *agent)
{
	struct call call = as_agent(agent);
	struct http_request request = {.now = agent->bed->now};
	struct http_reply reply = {0};
	struct fault fault = {0};

	simulated_disconnect(agent);
	call.controller = &agent->bed->controller;
	call.request = &request;
	call.reply = &reply;
	call.body = json_object_new_object();
	json_object_object_add(call.body, "cursors", versions(agent));
	cr_assert_eq(api_agent_stream(&call, &fault), 0, "%s: %s", fault.path, fault.text);
	json_object_put(call.body);
	agent->stream = reply.stream;
	agent->used = 0;
	agent->ended = false;
	simulated_read(agent);
}

void simulated_disconnect(struct simulated *agent)
{
	if (agent->stream)
		agent->stream->close(agent->stream);
	agent->stream = NULL;
}

static size_t log_at(const struct simulated *agent, const char *log)
{
	size_t i = 0;

	while (i < agent->n_logs && strcmp(fragment_log(agent->logs[i]), log) != 0)
		i++;
	return i;
}

const struct fragment *simulated_log(const struct simulated *agent, const char *log)
{
	size_t at = log_at(agent, log);

	return at < agent->n_logs ? agent->logs[at] : NULL;
}

const char *simulated_value(const struct simulated *agent, const char *log, const char *key)
{
	const struct fragment *fragment = simulated_log(agent, log);
	size_t size;

	return fragment ? fragment_get(fragment, key, &size) : NULL;
}

/* Changes that do not follow, and fragments that go back, are refused by the fragment: the test ends. */
static void frame_take(struct simulated *agent, const struct frame_view *view)
{
	size_t at = log_at(agent, view->record.log);
	struct fault fault = {0};
	int ret;

	if (view->type == RECORD_HEARTBEAT) {
		agent->heartbeats++;
		return;
	}
	agent->frames++;
	if (view->type == RECORD_END) {
		if (at < agent->n_logs)
			log_drop(agent, at);
		return;
	}
	if (at == agent->n_logs) {
		cr_assert_lt(at, SIMULATED_LOGS);
		agent->logs[agent->n_logs++] = fragment_new(view->record.log);
	}
	if (view->type == RECORD_CHANGE) {
		agent->changes++;
		ret = fragment_apply(agent->logs[at], &view->record, &fault);
	} else {
		agent->fragments++;
		ret = fragment_replace(agent->logs[at], view, &fault);
	}
	cr_assert_eq(ret, 0, "%s: a frame of %s: %s", agent->name, view->record.log, fault.text);
}

static void frames_take(struct simulated *agent)
{
	const uint8_t *key = agent->bed->controller.signing_public;
	struct frame_view view;
	struct fault fault = {0};
	size_t at = 0;
	int ret = 0;

	while (at < agent->used &&
	       !(ret = frame_open(agent->buffer + at, agent->used - at, key, &view, &fault))) {
		frame_take(agent, &view);
		at += view.size;
	}
	cr_assert(!ret || ret == -EAGAIN, "%s", fault.text);
	memmove(agent->buffer, agent->buffer + at, agent->used - at);
	agent->used -= at;
}

void simulated_read(struct simulated *agent)
{
	ssize_t n = 1;

	while (n > 0 && agent->stream && !agent->ended) {
		cr_assert_lt(agent->used + agent->piece, BUFFER_MAX);
		n = agent->stream->more(agent->stream, agent->buffer + agent->used, agent->piece);
		if (n < 0)
			agent->ended = true;
		else
			agent->used += (size_t)n;
		frames_take(agent);
	}
}

void simulated_report(struct simulated *agent, const char *failure)
{
	struct call call = as_agent(agent);
	json_object *body = json_object_new_object(), *answer;
	struct fault fault;

	json_object_object_add(body, "generation", json_object_new_int64(7));
	json_object_object_add(body, "applied", versions(agent));
	if (failure)
		json_object_object_add(body, "failure", json_object_new_string(failure));
	cr_assert_eq(bed_call(agent->bed, api_agent_report, &call, json_object_to_json_string(body),
			      &answer, &fault),
		     0, "%s: %s", fault.path, fault.text);
	json_object_put(body);
	json_object_put(answer);
}

void simulated_follow(struct simulated *agent)
{
	simulated_read(agent);
	simulated_report(agent, NULL);
}

int simulated_key(struct simulated *agent, uint8_t key[32], bool in_use, struct fault *fault)
{
	struct call call = as_agent(agent);
	struct new_key new_key = {.in_use = in_use};
	uint8_t message[PROOF_MAX], signature[SIGNATURE_SIZE];
	json_object *body = json_object_new_object(), *answer;
	int ret;

	memcpy(new_key.public_key, key, 32);
	crypto_sign_detached(signature, NULL, message,
			     new_key_message(&new_key, agent->host, message),
			     agent->identity_secret);
	key_put(body, "public_key", key, 32);
	key_put(body, "proof", signature, sizeof(signature));
	json_object_object_add(body, "in_use", json_object_new_boolean(in_use));
	ret = bed_call(agent->bed, api_agent_key, &call, json_object_to_json_string(body), &answer,
		       fault);
	json_object_put(body);
	json_object_put(answer);
	return ret;
}
