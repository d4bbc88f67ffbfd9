// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bodies that agents send, by table: strict, each refusal with a code and the field's path. What
 * a host may say of itself goes on to resource_decode(), which knows it. Called by api-agent.c.
 */
#include "controller/agent-body.h"

#include "model/resource-value.h"
#include "model/table.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PROOF_TEXT_MIN 86

const struct property agent_enrol_request[AGENT_ENROL_REQUEST] = {
	{.name = "token",
	 .type = PROPERTY_TEXT,
	 .flags = PROPERTY_REQUIRED,
	 PLACE(struct enrolment, token),
	 .help = "The join token: lbj_..."},
	{.name = "name",
	 .type = PROPERTY_NAME,
	 .flags = PROPERTY_REQUIRED,
	 PLACE(struct enrolment, name),
	 .help = "Of the host; unique in its workspace."},
	{.name = "identity_key",
	 .type = PROPERTY_KEY,
	 .flags = PROPERTY_REQUIRED,
	 PLACE(struct enrolment, identity_key),
	 .help = "Ed25519 public key of the agent."},
	{.name = "public_key",
	 .type = PROPERTY_KEY,
	 .flags = PROPERTY_REQUIRED,
	 PLACE(struct enrolment, public_key),
	 .help = "WireGuard public key in the tenant plane."},
	{.name = "infra_public_key",
	 .type = PROPERTY_KEY,
	 PLACE(struct enrolment, infra_public_key),
	 .help = "WireGuard public key in the infra plane, if it is in it."},
	{.name = "proof",
	 .type = PROPERTY_TEXT,
	 .flags = PROPERTY_REQUIRED,
	 .min = PROOF_TEXT_MIN,
	 PLACE(struct enrolment, proof),
	 .help = "Base64 of the Ed25519 signature by the identity key over \"lbmesh enrol v1\", "
		 "the token's id, public_key, identity_key and infra_public_key (zeros if none)."},
	{.name = "labels",
	 .flags = PROPERTY_UNIQUE,
	 LIST(struct enrolment, labels, struct label, label_element),
	 .max = LABELS_MAX,
	 .help = "What policies can select it by."},
	{.name = "endpoint",
	 .type = PROPERTY_ENDPOINT,
	 PLACE(struct enrolment, endpoint),
	 .help = "Where others reach its WireGuard interface."},
	{.name = "infra_endpoint",
	 .type = PROPERTY_ENDPOINT,
	 PLACE(struct enrolment, infra_endpoint),
	 .help = "Where others reach it in the infra plane."},
	{.name = "routed_mesh",
	 .type = PROPERTY_BOOLEAN,
	 PLACE(struct enrolment, routed_mesh),
	 .help = "Whether it has opted in to networks of mode routed_mesh."},
};

/* Read here; the rest of the table is the host's to read. */
#define ENROL_OWN 6

/* Maps from logs to versions are read by versions_read(); the tables have but their names. */
static const struct property stream_request[] = {
	{.name = "cursors",
	 .type = PROPERTY_OBJECT,
	 .flags = PROPERTY_REQUIRED,
	 .help = "The version that the agent has, for each log that it has."},
};

static const struct property report_request[] = {
	{.name = "generation",
	 .type = PROPERTY_NUMBER,
	 .flags = PROPERTY_REQUIRED,
	 PLACE(struct agent_report, generation),
	 .max = COUNT_MAX,
	 .help = "That the host's kernel has in force."},
	{.name = "failure",
	 .type = PROPERTY_TEXT,
	 PLACE(struct agent_report, failure),
	 .help = "Why what came last was not applied, if it was not."},
	{.name = "applied",
	 .type = PROPERTY_OBJECT,
	 .flags = PROPERTY_REQUIRED,
	 .help = "The version that is in force, for each log that the agent follows."},
};

#define REPORT_OWN 2

const struct property agent_key_request[AGENT_KEY_REQUEST] = {
	{.name = "public_key",
	 .type = PROPERTY_KEY,
	 .flags = PROPERTY_REQUIRED,
	 PLACE(struct new_key, public_key),
	 .help = "The next WireGuard public key."},
	{.name = "in_use",
	 .type = PROPERTY_BOOLEAN,
	 PLACE(struct new_key, in_use),
	 .help = "Whether the host uses it already, having been told to switch."},
	{.name = "proof",
	 .type = PROPERTY_TEXT,
	 .flags = PROPERTY_REQUIRED,
	 .min = PROOF_TEXT_MIN,
	 PLACE(struct new_key, proof),
	 .help = "Base64 of the Ed25519 signature by the identity key over \"lbmesh key v1\", the "
		 "host's id, public_key, and a byte, 1 when in use, else 0."},
};

/* --- reading ------------------------------------------------------------------------------------ */

static const struct property *property_find(const struct property *table, size_t n,
					    const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(table[i].name, name))
			return &table[i];
	}
	return NULL;
}

/* No field that the table lacks, each that it requires, and the first own ones read. */
static int fields_read(json_object *body, const struct property *table, size_t n, size_t own,
		       void *to, struct fault *fault)
{
	const struct reading reading = {.mode = RESOURCE_CREATE, .fault = fault};
	json_object *json;
	int ret = 0;

	json_object_object_foreach(body, name, value) {
		(void)value;
		if (!property_find(table, n, name))
			return fault_refuse(fault, CODE_FIELD_UNKNOWN, FIELD(NULL, name),
					    "there is no such field");
	}
	for (size_t i = 0; i < n && !ret; i++) {
		const struct field *at = FIELD(NULL, table[i].name);

		if (!json_object_object_get_ex(body, table[i].name, &json)) {
			if (table[i].flags & PROPERTY_REQUIRED)
				ret = fault_refuse(fault, CODE_FIELD_MISSING, at, "is missing");
			continue;
		}
		if (i >= own || (!json && property_is_nullable(&table[i])))
			continue;
		ret = value_read(&table[i], json, at, value_at(&table[i], to), &reading);
	}
	return ret;
}

int enrolment_read(json_object *body, struct enrolment *enrolment, json_object **host,
		   struct fault *fault)
{
	json_object *json, *rest;
	int ret = fields_read(body, agent_enrol_request, AGENT_ENROL_REQUEST, ENROL_OWN, enrolment,
			      fault);

	if (ret)
		return ret;
	rest = json_object_new_object();
	for (size_t i = ENROL_OWN; rest && i < AGENT_ENROL_REQUEST; i++) {
		const char *name = agent_enrol_request[i].name;

		if (json_object_object_get_ex(body, name, &json) &&
		    json_object_object_add(rest, name, json_object_get(json))) {
			json_object_put(json);
			json_object_put(rest);
			rest = NULL;
		}
	}
	*host = rest;
	return rest ? 0 : fault_memory(fault);
}

int new_key_read(json_object *body, struct new_key *key, struct fault *fault)
{
	return fields_read(body, agent_key_request, AGENT_KEY_REQUEST, AGENT_KEY_REQUEST, key,
			   fault);
}

static int version_read(json_object *json, const char *log, const struct field *at,
			struct cursor *cursor, const struct reading *reading)
{
	int64_t version;
	int ret;

	if (strlen(log) >= sizeof(cursor->log) || !record_log_valid(log))
		return fault_refuse(reading->fault, CODE_FIELD_VALUE, at, "is not the id of a log");
	ret = number_read(json, at, 0, COUNT_MAX, &version, reading);
	if (ret)
		return ret;
	memcpy(cursor->log, log, strlen(log) + 1);
	cursor->version = (uint64_t)version;
	return 0;
}

/* An object of versions by log; an array for the caller to free. */
static int versions_read(json_object *body, const char *name, struct cursor **cursors, size_t *n,
			 struct fault *fault)
{
	const struct reading reading = {.mode = RESOURCE_CREATE, .fault = fault};
	const struct field *at = FIELD(NULL, name);
	json_object *object = NULL;
	struct cursor *list;
	size_t length;
	int ret;

	json_object_object_get_ex(body, name, &object);
	ret = type_check(object, at, json_type_object, &reading);
	if (ret)
		return ret;
	length = (size_t)json_object_object_length(object);
	if (length > AGENT_LOGS_MAX)
		return fault_refuse(fault, CODE_LIST_TOO_LONG, at,
				    "has %zu logs; at most %d are allowed", length, AGENT_LOGS_MAX);
	list = calloc(length ? length : 1, sizeof(*list));
	if (!list)
		return fault_memory(fault);
	*n = 0;
	json_object_object_foreach(object, log, version) {
		ret = version_read(version, log, FIELD(at, log), &list[*n], &reading);
		if (ret)
			break;
		++*n;
	}
	if (ret)
		free(list);
	else
		*cursors = list;
	return ret;
}

int agent_report_read(json_object *body, struct agent_report *report, struct fault *fault)
{
	int ret = fields_read(body, report_request, TABLE_SIZE(report_request), REPORT_OWN, report,
			      fault);

	return ret ? ret
		   : versions_read(body, "applied", &report->applied, &report->n_applied, fault);
}

int cursors_read(json_object *body, struct cursor **cursors, size_t *n, struct fault *fault)
{
	int ret = fields_read(body, stream_request, TABLE_SIZE(stream_request), 0, NULL, fault);

	return ret ? ret : versions_read(body, "cursors", cursors, n, fault);
}

/* --- proofs ------------------------------------------------------------------------------------- */

static size_t message_add(uint8_t message[PROOF_MAX], size_t used, const void *bytes, size_t size)
{
	memcpy(message + used, bytes, size);
	return used + size;
}

size_t enrolment_message(const struct enrolment *enrolment, const char *token,
			 uint8_t message[PROOF_MAX])
{
	static const char context[] = "lbmesh enrol v1";
	size_t n = message_add(message, 0, context, sizeof(context) - 1);

	n = message_add(message, n, token, strlen(token));
	n = message_add(message, n, enrolment->public_key, sizeof(enrolment->public_key));
	n = message_add(message, n, enrolment->identity_key, sizeof(enrolment->identity_key));
	return message_add(message, n, enrolment->infra_public_key,
			   sizeof(enrolment->infra_public_key));
}

size_t new_key_message(const struct new_key *key, const char *host, uint8_t message[PROOF_MAX])
{
	static const char context[] = "lbmesh key v1";
	const uint8_t in_use = key->in_use;
	size_t n = message_add(message, 0, context, sizeof(context) - 1);

	n = message_add(message, n, host, strlen(host));
	n = message_add(message, n, key->public_key, sizeof(key->public_key));
	return message_add(message, n, &in_use, 1);
}

static int proof_check(const char *proof, const uint8_t *message, size_t size,
		       const uint8_t key[32], struct fault *fault)
{
	const struct field *at = FIELD(NULL, "proof");
	uint8_t signature[SIGNATURE_SIZE];
	size_t n = 0;

	if (sodium_base642bin(signature, sizeof(signature), proof, strlen(proof), NULL, &n, NULL,
			      sodium_base64_VARIANT_ORIGINAL) ||
	    n != sizeof(signature))
		return fault_refuse(fault, CODE_FIELD_VALUE, at, "must be base64 of 64 bytes");
	if (crypto_sign_verify_detached(signature, message, size, key))
		return fault_refuse(fault, CODE_FIELD_VALUE, at,
				    "is not the signature by the identity key");
	return 0;
}

int enrolment_verify(const struct enrolment *enrolment, const char *token, struct fault *fault)
{
	uint8_t message[PROOF_MAX];
	size_t size = enrolment_message(enrolment, token, message);

	return proof_check(enrolment->proof, message, size, enrolment->identity_key, fault);
}

int new_key_verify(const struct new_key *key, const struct host *host, struct fault *fault)
{
	uint8_t message[PROOF_MAX];
	size_t size = new_key_message(key, host->head.id, message);

	return proof_check(key->proof, message, size, host->identity_key, fault);
}
