// SPDX-License-Identifier: GPL-2.0-only
/*
 * What routes read and answer that is no resource, for the API document. Nothing but data; the
 * handlers that write it are named in each comment.
 */
#include "controller/agent-body.h"
#include "controller/route-table.h"
#include "model/rule.h"
#include "model/table.h"

#define TEXT(size_) .type = PROPERTY_TEXT, .size = (size_)
#define ANSWERED    (PROPERTY_REQUIRED | PROPERTY_READ_ONLY)

/* api-service.c */
static const char *const statuses[] = {"ok"};
static const char *const rights[] = {"none", "read", "write", "admin", "system"};

static const struct property status_answer[] = {
	{.name = "status", .flags = ANSWERED, WORDS(statuses), .help = "Always \"ok\"."},
};

static const struct property whoami_answer[] = {
	{.name = "actor",
	 .flags = ANSWERED,
	 TEXT(RESOURCE_NAME_SIZE),
	 .help = "As in the audit: the token's id, or \"uid:0\"."},
	{.name = "org",
	 .type = PROPERTY_ID,
	 .flags = PROPERTY_READ_ONLY,
	 .refers = RESOURCE_ORG,
	 .help = "The organisation; null: the system's scope."},
	{.name = "host",
	 .type = PROPERTY_ID,
	 .flags = PROPERTY_READ_ONLY,
	 .refers = RESOURCE_HOST,
	 .help = "Of an agent."},
	{.name = "right",
	 .flags = ANSWERED,
	 WORDS(rights),
	 .help = "The highest; each has those before it."},
};

/* api-host.c */
static const char *const layers[] = {"organization", "workspace", "host"};

static const struct property effective_element[] = {
	{.name = "layer", .flags = ANSWERED, WORDS(layers), .help = "Where the rule comes from."},
	{.name = "firewall",
	 .type = PROPERTY_ID,
	 .flags = ANSWERED,
	 .refers = RESOURCE_FIREWALL,
	 .help = "The firewall that has it."},
	{.name = "name",
	 .type = PROPERTY_NAME,
	 .flags = ANSWERED,
	 .size = RESOURCE_NAME_SIZE,
	 .help = "The firewall's name."},
	{.name = "priority",
	 .type = PROPERTY_NUMBER,
	 .flags = ANSWERED,
	 .max = UINT16_MAX,
	 .help = "The firewall's in its layer."},
	{.name = "index",
	 .type = PROPERTY_NUMBER,
	 .flags = ANSWERED,
	 .max = RULES_MAX,
	 .help = "The rule's in the firewall."},
	{.name = "rule",
	 .type = PROPERTY_OBJECT,
	 .flags = ANSWERED,
	 .fields = rule_properties,
	 .n_fields = RULE_PROPERTIES,
	 .help = "As in the firewall."},
};

static const struct property effective_answer[] = {
	{.name = "host",
	 .type = PROPERTY_ID,
	 .flags = ANSWERED,
	 .refers = RESOURCE_HOST,
	 .help = "The host's id."},
	{.name = "rules",
	 .type = PROPERTY_LIST,
	 .flags = ANSWERED,
	 .fields = effective_element,
	 .n_fields = TABLE_SIZE(effective_element),
	 .max = 1000000,
	 .help = "In the order of matching."},
};

/* api-audit.c: one record of the list */
static const struct property audit_answer[] = {
	{.name = "sequence",
	 .type = PROPERTY_NUMBER,
	 .flags = ANSWERED,
	 .min = 1,
	 .max = COUNT_MAX,
	 .help = "Counts all records of the cluster."},
	{.name = "at", .type = PROPERTY_TIME, .flags = ANSWERED, .help = "When it was done."},
	{.name = "org",
	 .type = PROPERTY_ID,
	 .flags = PROPERTY_READ_ONLY,
	 .refers = RESOURCE_ORG,
	 .help = "Whose object it is; null: the system's."},
	{.name = "actor",
	 .flags = ANSWERED,
	 TEXT(RESOURCE_NAME_SIZE),
	 .help = "A token's or host's id, \"uid:0\", or \"controller\"."},
	{.name = "action",
	 .flags = ANSWERED,
	 TEXT(RESOURCE_NAME_SIZE),
	 .help = "The operation, or KIND.create, KIND.change, KIND.delete for what followed."},
	{.name = "target",
	 .type = PROPERTY_ID,
	 .flags = PROPERTY_READ_ONLY,
	 .refers = RESOURCE_KINDS,
	 .help = "The object, which may be gone."},
	{.name = "request",
	 .flags = ANSWERED,
	 TEXT(RESOURCE_ID_SIZE),
	 .help = "The request's X-Request-Id."},
	{.name = "detail", .flags = ANSWERED, TEXT(1024), .help = "A JSON text; never a secret."},
};

/* api-token.c */
static const char *const kinds[] = {"api", "join", "user"};
static const char *const scopes[] = {"read", "write", "admin", "system"};

static const struct property scope_element[] = {
	{WORDS(scopes), .words_tenant = 3},
};

#define TOKEN_NAME(flags_)                                                                 \
	{                                                                                  \
		.name = "name", .type = PROPERTY_NAME, .flags = (flags_),                  \
		.size = RESOURCE_NAME_SIZE, .help = "The token's id when it is not given." \
	}
#define TOKEN_WORKSPACE                                                                 \
	{                                                                               \
		.name = "workspace", .type = PROPERTY_ID, .refers = RESOURCE_WORKSPACE, \
		.help = "That a join token enrols into."                                \
	}
#define TOKEN_KIND                                                                                 \
	{                                                                                          \
		.name = "kind", WORDS(kinds),                                                      \
		.help = "api: a program; join: one host, once; user: a machine without sandboxes." \
	}
#define TOKEN_SCOPES                                                               \
	{                                                                          \
		.name = "scopes", .type = PROPERTY_LIST, .flags = PROPERTY_UNIQUE, \
		.fields = scope_element, .n_fields = 1, .max = TOKEN_SCOPES_MAX,   \
		.help = "What an api token may do; of other kinds none."           \
	}
#define TOKEN_EXPIRES                                                     \
	{                                                                 \
		.name = "expires_at", .type = PROPERTY_TIME,              \
		.help = "When it ends; a default by kind when not given." \
	}

static const struct property token_request[] = {
	TOKEN_NAME(0), TOKEN_WORKSPACE, TOKEN_KIND, TOKEN_SCOPES, TOKEN_EXPIRES,
};

static const struct property token_answer[] = {
	{.name = "id",
	 .type = PROPERTY_ID,
	 .flags = ANSWERED,
	 .refers = RESOURCE_TOKEN,
	 .help = "The token's id."},
	{.name = "org",
	 .type = PROPERTY_ID,
	 .flags = PROPERTY_READ_ONLY,
	 .refers = RESOURCE_ORG,
	 .help = "Null: the system's."},
	TOKEN_WORKSPACE,
	{.name = "name", .flags = ANSWERED, TEXT(RESOURCE_NAME_SIZE), .help = "The token's name."},
	{.name = "version",
	 .type = PROPERTY_NUMBER,
	 .flags = ANSWERED,
	 .min = 1,
	 .max = COUNT_MAX,
	 .help = "As in its ETag."},
	{.name = "created_at",
	 .type = PROPERTY_TIME,
	 .flags = ANSWERED,
	 .help = "When it was made."},
	{.name = "updated_at", .type = PROPERTY_TIME, .flags = ANSWERED, .help = "The same."},
	TOKEN_KIND,
	TOKEN_SCOPES,
	TOKEN_EXPIRES,
	{.name = "used_at",
	 .type = PROPERTY_TIME,
	 .flags = PROPERTY_READ_ONLY,
	 .help = "Null: not yet."},
	{.name = "revoked",
	 .type = PROPERTY_BOOLEAN,
	 .flags = ANSWERED,
	 .help = "Whether it has been taken back."},
	{.name = "secret",
	 .flags = ANSWERED,
	 TEXT(256),
	 .help = "What is sent as Authorization: Bearer, or given to a host that joins. It is "
		 "shown here and never again."},
};

#define ANSWER(answer_)	  .answer = (answer_), .n_answer = TABLE_SIZE(answer_)
#define REQUEST(request_) .request = (request_), .n_request = TABLE_SIZE(request_)

const struct route_body route_bodies[] = {
	{.operation = "service.health", ANSWER(status_answer)},
	{.operation = "service.ready", ANSWER(status_answer)},
	{.operation = "service.openapi", .type = "application/yaml"},
	{.operation = "service.whoami", ANSWER(whoami_answer)},
	{.operation = "host.effective", ANSWER(effective_answer)},
	{.operation = "token.create", REQUEST(token_request), ANSWER(token_answer)},
	{.operation = "system.token.create", REQUEST(token_request), ANSWER(token_answer)},
	{.operation = "agent.enrol", REQUEST(agent_enrol_request)},
	{.operation = "agent.stream", .type = "application/vnd.lbmesh.frames"},
	{.operation = "agent.key", REQUEST(agent_key_request)},
	{.operation = "audit.list", ANSWER(audit_answer)},
	{.operation = "system.audit.list", ANSWER(audit_answer)},
};

const size_t n_route_bodies = TABLE_SIZE(route_bodies);
