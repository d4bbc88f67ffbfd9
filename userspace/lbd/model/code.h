/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stable codes of refusals: what a program may compare. One table gives each code its HTTP
 * status, its title and its remedy, and Documentation/errors.md and the API document are held to
 * it. A code is never renamed or given another meaning; a new reason is a new code.
 */
#ifndef LBD_MODEL_CODE_H
#define LBD_MODEL_CODE_H

/* clang-format off */
#define CODES(X)                                                                                   \
	/* name, text, status, title, remedy */                                                    \
	X(NONE, "internal", 500, "The controller failed",                                          \
	  "look into the controller's log with the request id, and report it")                     \
	X(BODY_SYNTAX, "body_syntax", 400, "The body is not strict JSON",                          \
	  "send one JSON object, with each field once")                                            \
	X(FIELD_UNKNOWN, "field_unknown", 400, "There is no such field",                           \
	  "compare the field's name with the API document")                                        \
	X(FIELD_TYPE, "field_type", 400, "The field has another type",                             \
	  "compare the field's type with the API document")                                        \
	X(FIELD_MISSING, "field_missing", 400, "A required field is missing", "add the field")     \
	X(FIELD_VALUE, "field_value", 400, "The field's value is not allowed",                     \
	  "the detail says which values are")                                                      \
	X(FIELD_READ_ONLY, "field_read_only", 400, "The field is set by the controller",           \
	  "leave the field out")                                                                   \
	X(FIELD_IMMUTABLE, "field_immutable", 409, "The field cannot change after creation",       \
	  "create another object with the wanted value")                                           \
	X(LIST_TOO_LONG, "list_too_long", 400, "The list has too many entries",                    \
	  "the detail says how many are allowed")                                                  \
	X(QUERY_INVALID, "query_invalid", 400, "The query is not understood",                      \
	  "compare the parameters with the API document")                                          \
	X(CURSOR_INVALID, "cursor_invalid", 400, "The cursor is not one of ours",                  \
	  "begin again without a cursor")                                                          \
	X(UNAUTHENTICATED, "unauthenticated", 401, "No valid token",                               \
	  "send a token that is neither expired nor revoked: Authorization: Bearer lbt_...")       \
	X(FORBIDDEN, "forbidden", 403, "The token does not allow this",                            \
	  "use a token with the scope that the detail names")                                      \
	X(MANAGED, "managed", 403, "The platform manages this object",                             \
	  "change the workspace that it belongs to, or create an object of your own")              \
	X(NOT_FOUND, "not_found", 404, "There is no such object",                                  \
	  "list what there is, and check the organisation in the path")                            \
	X(REQUEST_SYNTAX, "request_syntax", 400, "The request is not well formed",                 \
	  "the detail says which part of the request line or of the headers is not")               \
	X(ROUTE_UNKNOWN, "route_unknown", 404, "There is no such path",                            \
	  "GET /v1/openapi.yaml lists the paths")                                                  \
	X(METHOD_NOT_ALLOWED, "method_not_allowed", 405, "The path has no such method",            \
	  "the Allow header lists the methods")                                                    \
	X(NAME_TAKEN, "name_taken", 409, "The name is in use",                                     \
	  "choose another name, or change the object that has it")                                 \
	X(ALIAS_TAKEN, "alias_taken", 409, "The alias is in use in this network",                  \
	  "choose another alias, or remove the one that has it")                                   \
	X(IN_USE, "in_use", 409, "Something else needs this object",                               \
	  "remove what the detail names first")                                                    \
	X(STATE, "state", 409, "The object's state does not allow this",                           \
	  "the detail names the state that it needs")                                              \
	X(NOT_OPTED_IN, "not_opted_in", 409, "The host has not opted in",                          \
	  "set routed_mesh on the host, or use agent_proxy")                                       \
	X(VERSION, "version", 412, "The object has changed since it was read",                     \
	  "read it again and repeat the change with its new ETag")                                 \
	X(BODY_TOO_LARGE, "body_too_large", 413, "The body is too large",                          \
	  "the detail says how many bytes are allowed")                                            \
	X(MEDIA_TYPE, "media_type", 415, "The body is not application/json",                       \
	  "send Content-Type: application/json")                                                   \
	X(FAMILY_UNSUPPORTED, "family_unsupported", 422, "IPv6-only networks are not offered",     \
	  "create the network with family ipv4 or dual")                                           \
	X(IDEMPOTENCY_REUSED, "idempotency_reused", 422, "The idempotency key has another request",\
	  "use a new key for a new request")                                                       \
	X(PRECONDITION_REQUIRED, "precondition_required", 428, "If-Match is missing",              \
	  "send the ETag of what you have read as If-Match")                                       \
	X(RATE, "rate", 429, "Too many requests", "wait as long as Retry-After says")              \
	X(HEADERS_TOO_LARGE, "headers_too_large", 431, "The headers are too large",                \
	  "send fewer or shorter headers")                                                         \
	X(POOL_EXHAUSTED, "pool_exhausted", 507, "No free slice in the address pool",              \
	  "delete networks, wait for the quarantine, or give the controller a larger pool")        \
	X(NETWORK_FULL, "network_full", 507, "No free address in the network",                     \
	  "remove members, wait for the quarantine, or create a larger network")                   \
	X(CIDR_OVERLAP, "cidr_overlap", 409, "The addresses overlap others",                       \
	  "choose addresses apart from those that the detail names")                               \
	X(KEY_TAKEN, "key_taken", 409, "Another host has this key",                                \
	  "make a new key on the host; a copied disk image must not bring its keys along")         \
	X(TOKEN_SPENT, "token_spent", 401, "The join token is used, expired or revoked",           \
	  "mint a new one: lbctl token create --kind join")                                        \
	X(CROSS_ORG, "cross_org", 403, "The object belongs to another organisation",               \
	  "use objects of one organisation")                                                       \
	X(LIMIT, "limit", 409, "The organisation is at its limit",                                 \
	  "remove objects, or have the limit raised")                                              \
	X(STOPPING, "stopping", 503, "The controller is about to end",                             \
	  "connect again: it is being restarted, or another one answers")                          \
	X(STORE_UNAVAILABLE, "store_unavailable", 503, "The store does not answer",                \
	  "try again; the controller's /readyz and log say more")                                  \
	X(STORE_CONFLICT, "store_conflict", 503, "Too many changes at once",                       \
	  "try again after Retry-After")
/* clang-format on */

enum code {
#define X(name, text, status, title, remedy) CODE_##name,
	CODES(X)
#undef X
	CODE_COUNT
};

struct code_info {
	const char *text;
	int status;
	const char *title;
	const char *remedy;
};

/* Never NULL; an unknown number is CODE_NONE. */
const struct code_info *code_info(enum code code);

#endif
