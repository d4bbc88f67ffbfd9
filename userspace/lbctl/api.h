/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api.h - lbctl as a client of the controller's API: the connection, the kinds of resources, paths,
 * bodies and what is shown. Documentation/api/openapi.yaml is the contract. Called by the cmd-*.c
 * of resources; only api-client.c speaks to libcurl.
 */
#ifndef LBCTL_API_H
#define LBCTL_API_H

#include <json-c/json.h>

#include "lbctl.h"
#include "output.h"

#define API_PATH_MAX 512
#define API_ID_MAX   64

/* org: an id, "" until it is asked for; system: the system's resources instead (--system). */
struct api {
	const struct options *options;
	void *curl;
	char *url; /* "https://host:8443", or "http://localhost" for a socket */
	char *socket; /* NULL: none */
	char *token; /* NULL: the socket knows who asks */
	char org[API_ID_MAX];
	bool system;
	long patience_s; /* for an answer; 0: as long as it takes */
};

/* body is NULL for an empty one. */
struct answer {
	long status;
	json_object *body;
	char etag[64];
};

/* api-client.c; they say what is wrong and return the exit code. */
enum lbctl_exit api_open(const struct options *options, struct api *api);
void api_close(struct api *api);

/*
 * One request; body and etag (for If-Match) may be NULL. What is not a success is
 * reported.
 */
enum lbctl_exit api_ask(struct api *api, const char *method, const char *path, json_object *body,
			const char *etag, struct answer *answer);
void answer_release(struct answer *answer);
char *api_escape(const char *text);

/* api-report.c */
enum lbctl_exit api_refused(long status, json_object *problem);
enum lbctl_exit api_usage(const struct options *options, const char *why, const char *what);

/* How a word becomes JSON. */
enum field_type {
	FIELD_TEXT,
	FIELD_NUMBER,
	FIELD_BOOLEAN, /* true, false, yes, no */
	FIELD_ID, /* a name or an id of a kind */
	FIELD_TEXTS, /* "a,b" */
	FIELD_NUMBERS, /* "80,443" */
	FIELD_IDS,
	FIELD_JSON,
};

struct api_field {
	const char *name;
	enum field_type type;
	const char *kind; /* of an id; "member": a sandbox or a host */
};

enum api_verb {
	API_LIST = 1 << 0,
	API_SHOW = 1 << 1,
	API_CREATE = 1 << 2,
	API_SET = 1 << 3,
	API_DELETE = 1 << 4,
};

#define API_FIELDS_MAX	12
#define API_COLUMNS_MAX 8

/*
 * parent: the kind in whose path it is, or NULL. named: the client gives the name on creation, and
 * it may be used in the place of the id. verbs: those of cmd_resource().
 */
struct api_kind {
	const char *name;
	const char *plural;
	const char *parent;
	bool named;
	unsigned int verbs; /* enum api_verb */
	const char *const *words; /* more verbs, for help and completion; ends with NULL */
	const char *columns[API_COLUMNS_MAX];
	struct api_field fields[API_FIELDS_MAX];
};

/* api-kind.c; NULL when there is none. */
extern const struct api_kind api_kinds[];
extern const size_t n_api_kinds;
const struct api_kind *api_kind_find(const char *name);
const struct api_field *api_field_find(const struct api_kind *kind, const char *name);
/* The verbs as people type them, in a row: "list show create". */
void api_kind_words(const struct api_kind *kind, const char *between, FILE *to);

/*
 * api-path.c: "/v1/orgs/ORG/networks", below a parent's id where the kind has one, and with an id
 * behind it unless that is NULL.
 */
enum lbctl_exit api_path(struct api *api, const struct api_kind *kind, const char *parent,
			 const char *id, char path[API_PATH_MAX]);
/* The id of what the user calls so: an id, or the name of one that there is. */
enum lbctl_exit api_resolve(struct api *api, const struct api_kind *kind, const char *parent,
			    const char *word, char id[API_ID_MAX]);
/* All pages of a list; query: "name=x" or NULL. The caller puts *items. */
enum lbctl_exit api_list(struct api *api, const char *path, const char *query, json_object **items);

/*
 * api-body.c: the words FIELD=VALUE from first on, over the document of --file, and what --kind,
 * --workspace and --port say. The caller puts *body.
 */
enum lbctl_exit api_body(struct api *api, const struct api_kind *kind, int first,
			 json_object **body);
/* value is taken over. */
enum lbctl_exit api_body_add(json_object *body, const char *name, json_object *value);
/* One field, as a word would say it. */
enum lbctl_exit api_body_set(struct api *api, const struct api_kind *kind, const char *name,
			     const char *text, json_object *body);

/* api-show.c */
enum lbctl_exit show_list(const struct options *options, const char *plural,
			  const char *const *columns, json_object *items);
enum lbctl_exit show_one(const struct options *options, const char *name, json_object *one);

/* cmd-resource.c: the verb of args[1] for the kind that args[0] names. */
enum lbctl_exit resource_run(struct api *api, const struct api_kind *kind);
/* Reads one by its word, with the ETag that a change of it needs. */
enum lbctl_exit resource_read(struct api *api, const struct api_kind *kind, const char *parent,
			      const char *word, char path[API_PATH_MAX], struct answer *answer);

#endif /* LBCTL_API_H */
