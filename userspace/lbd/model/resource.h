/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Resources: the controller's objects (model/kinds.h), each a struct that begins with struct
 * resource, and each described by a table of properties. The table is the only place that knows
 * the fields: strict decoding, encoding, the store's documents and the API document follow from it.
 * No I/O here.
 */
#ifndef LBD_MODEL_RESOURCE_H
#define LBD_MODEL_RESOURCE_H

#include "lbmesh/lbmesh.h"
#include "model/fault.h"

#include <json-c/json.h>
#include <stdbool.h>

/* "host_" and the like, 26 characters of Crockford's base32 (a ULID), NUL. */
#define RESOURCE_ID_SIZE   32
#define RESOURCE_NAME_SIZE 64

/* The order is that of creation: a kind refers only to kinds before it. */
enum resource_kind {
	RESOURCE_ORG,
	RESOURCE_WORKSPACE,
	RESOURCE_HOST,
	RESOURCE_SANDBOX,
	RESOURCE_NETWORK,
	RESOURCE_MEMBER,
	RESOURCE_BRIDGE,
	RESOURCE_FIREWALL,
	RESOURCE_ATTACHMENT,
	RESOURCE_ALIAS,
	RESOURCE_POLICY,
	RESOURCE_TOKEN,
	RESOURCE_OPERATION,
	RESOURCE_KINDS
};

/*
 * The head of every resource.
 * org: the organisation that it belongs to; of an org itself, its own id; "" for the system's.
 * scope: within which the name is unique (kinds.h says what it is for each kind).
 * owner: what it hangs on besides its scope, or "". What is scope or owner of something cannot be
 * deleted before it.
 * version: 1 on creation, one more with each change; the ETag.
 * Times are milliseconds since 1970 UTC.
 */
struct resource {
	enum resource_kind kind;
	char id[RESOURCE_ID_SIZE];
	char org[RESOURCE_ID_SIZE];
	char scope[RESOURCE_ID_SIZE];
	char owner[RESOURCE_ID_SIZE];
	char name[RESOURCE_NAME_SIZE];
	uint64_t version;
	int64_t created_at;
	int64_t updated_at;
};

/* family 0: there is none. */
struct resource_endpoint {
	struct lbmesh_prefix address;
	uint16_t port;
};

/* items is one allocation of n elements, each as large as the property's element says. */
struct resource_list {
	void *items;
	size_t n;
};

enum property_type {
	PROPERTY_TEXT, /* char[size], UTF-8 without control characters */
	PROPERTY_NAME, /* char[RESOURCE_NAME_SIZE]: a DNS label: 1 to 63 of a-z, 0-9, inner "-" */
	PROPERTY_ID, /* char[RESOURCE_ID_SIZE] of the kind in refers; "" is null */
	PROPERTY_BOOLEAN, /* bool */
	PROPERTY_NUMBER, /* int64_t, min to max */
	PROPERTY_TIME, /* int64_t milliseconds; RFC 3339 in JSON; 0 is null */
	PROPERTY_WORD, /* int, an index into words; words[0] is the default */
	PROPERTY_PREFIX, /* struct lbmesh_prefix without host bits, "10.0.0.0/8"; family 0: null */
	PROPERTY_ADDRESS, /* struct lbmesh_prefix of full length, "10.0.0.1"; family 0: null */
	PROPERTY_ENDPOINT, /* struct resource_endpoint, "192.0.2.1:51820"; family 0: null */
	PROPERTY_KEY, /* uint8_t[32], base64; all zeros: null */
	PROPERTY_PAIR, /* char[2][RESOURCE_ID_SIZE] of the kind in refers: an array of two ids */
	PROPERTY_LIST, /* struct resource_list of min to max elements */
	PROPERTY_OBJECT, /* a struct in place, with its own table in fields */
};

enum {
	PROPERTY_REQUIRED = 1, /* on creation */
	PROPERTY_MUTABLE = 2, /* may change after it */
	PROPERTY_READ_ONLY = 4, /* set by the controller alone */
	PROPERTY_HIDDEN = 8, /* in the store, never in an answer */
	PROPERTY_SYSTEM = 16, /* seen and set with the system's scope only */
	PROPERTY_UNIQUE = 32, /* a list: no element twice */
};

/*
 * offset is from the start of the struct (of the element, within a list).
 * size: of the member; of a list, that of one element.
 * min, max: of a number; of a list, how many elements; min of a text, how many bytes.
 * initial, initial_text: the default of a number, a boolean, a text; zero and "" when not said.
 * words_tenant: how many of the words are not the system's alone; 0: all.
 * refers: RESOURCE_KINDS is any kind.
 * fields: of an object, and of a list's elements. A list whose only field has no name is one of
 * plain values: ["a", "b"].
 * Nullable, unless required: PROPERTY_ID, _TIME, _PREFIX, _ADDRESS, _ENDPOINT, _KEY. In a PATCH
 * null gives whatever is not required its default.
 */
struct property {
	const char *name;
	enum property_type type;
	unsigned int flags;
	size_t offset;
	size_t size;
	int64_t min;
	int64_t max;
	int64_t initial;
	const char *initial_text;
	const char *const *words;
	size_t n_words;
	size_t words_tenant;
	enum resource_kind refers;
	const struct property *fields;
	size_t n_fields;
	const char *help;
};

/*
 * One kind. prefix is that of its ids ("net"); singular and plural are those of the paths. size is
 * that of the struct.
 * scope_shown, owner_shown: what clients know the head's scope and owner as, or NULL: not shown.
 * owner_flags: PROPERTY_REQUIRED when the owner must be there on creation, from the path or, under
 * its name, from the client. owner_kinds: 1u << kind of each that it may be; 0: there is none.
 * name_flags: PROPERTY_READ_ONLY when resource_name_make() makes it of the rest.
 * settle: after a client's document (never the store's) has been read and before check: what
 * follows from what it gave and left out; may be NULL.
 * check: what one resource must fulfil on its own, whoever made it; may be NULL. What concerns
 * several resources is in model/rules.h.
 */
struct resource_schema {
	enum resource_kind kind;
	const char *singular;
	const char *plural;
	const char *prefix;
	size_t size;
	const struct property *properties;
	size_t n_properties;
	const char *scope_shown;
	const char *owner_shown;
	unsigned int owner_flags;
	unsigned int owner_kinds;
	unsigned int name_flags;
	int (*settle)(struct resource *resource, json_object *document, struct fault *fault);
	int (*check)(const struct resource *resource, struct fault *fault);
};

/* How a document is read. */
enum resource_mode {
	RESOURCE_CREATE, /* a client's POST: required fields, defaults for the rest */
	RESOURCE_PATCH, /* a client's PATCH (RFC 7396): only what is there changes, mutable only */
	/* The store's: everything, the head included. What an older version did not know has its
	 * default; unknown fields are refused, too. */
	RESOURCE_STORED,
};

/* For whom a document is written. */
enum resource_view {
	RESOURCE_VIEW_TENANT,
	RESOURCE_VIEW_SYSTEM,
	RESOURCE_VIEW_STORED,
};

const struct resource_schema *resource_schema(enum resource_kind kind);

/* The kind with this prefix or plural, or -ENOENT. */
int resource_kind_by_prefix(const char *id);
int resource_kind_by_plural(const char *plural);

/* A new one with every default set and an empty head but kind; NULL without memory. */
struct resource *resource_new(enum resource_kind kind);
struct resource *resource_copy(const struct resource *resource);
void resource_free(struct resource *resource);
void resource_freep(struct resource **resource);

/*
 * Sets the name of a kind whose name follows from its scope, owner or fields (kinds.h), and that of
 * a token or an operation without one to its id. Does nothing for other kinds.
 */
void resource_name_make(struct resource *resource);

/* A bare ULID, as for the id of a request. */
#define ULID_SIZE 27
void ulid_make(int64_t now, char ulid[ULID_SIZE]);

/* PREFIX_ULID for a time; what is random in it comes from libsodium (ULID's specification). */
void resource_id_make(enum resource_kind kind, int64_t now, char id[RESOURCE_ID_SIZE]);
bool resource_id_valid(enum resource_kind kind, const char *id);

/*
 * Reads a document into resource; on failure resource is as it was. system: the PROPERTY_SYSTEM
 * fields may be there (for a tenant they are unknown). The refusal has a code (model/code.h) and
 * the field's path. Ends with the schema's check. Of the head clients give the name and, on
 * creation, the owner; what the caller has set in it before (from the path) stays, and a document
 * that names another owner is refused. A PATCH may repeat an immutable field's value.
 */
int resource_decode(struct resource *resource, json_object *document, enum resource_mode mode,
		    bool system, struct fault *fault);

/* A new JSON object, fields in the table's order after the head's, or NULL without memory. */
json_object *resource_encode(const struct resource *resource, enum resource_view view);

/* Are the two the same but for version and updated_at. */
bool resource_equal(const struct resource *a, const struct resource *b);

/* Writes RFC 3339 with milliseconds, "2026-11-26T02:26:03.000Z"; reads that and whole seconds. */
#define TIME_TEXT_SIZE 32
void time_format(int64_t milliseconds, char text[TIME_TEXT_SIZE]);
int time_parse(const char *text, int64_t *milliseconds);

#define TIME_MAX 253402300799999 /* 9999-12-31T23:59:59.999Z */

#endif
