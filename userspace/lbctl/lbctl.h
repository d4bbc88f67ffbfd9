/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lbctl.h - what the files of lbctl share: exit codes, options, commands.
 *
 * Layers: output, tuple < options < report < snapshot < show-*.c < cmd-*.c < command < main, and for
 * the controller's API (api.h) output < options < report < api-*.c < cmd-*.c.
 */
#ifndef LBCTL_H
#define LBCTL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <lbmesh/lbmesh.h>

#define lbctl_cleanup(function) __attribute__((cleanup(function)))
#define lbctl_array_size(array) (sizeof(array) / sizeof((array)[0]))

/* The same for every tool of the project; lbctl.1 lists them. */
enum lbctl_exit {
	LBCTL_OK = 0,
	LBCTL_FAILED = 1,
	LBCTL_USAGE = 2,
	LBCTL_UNREACHABLE = 3,
	LBCTL_NOT_READY = 4,
	LBCTL_CONFLICT = 5,
	LBCTL_DRIFT = 6,
	LBCTL_DENIED = 7,
};

/* Options beyond --json, --help and --version, which every command has. */
enum option_flag {
	OPTION_DEVICE = 1 << 0,
	OPTION_NETWORK = 1 << 1,
	OPTION_GENERATION = 1 << 2,
	OPTION_TIMEOUT = 1 << 3,
	OPTION_YES = 1 << 4,
	OPTION_LAYER = 1 << 5,
	OPTION_SET = 1 << 6,
	OPTION_FROM = 1 << 7,
	OPTION_TO = 1 << 8,
	OPTION_PROTO = 1 << 9,
	OPTION_ENDPOINT = 1 << 10,
	OPTION_INTERFACE = 1 << 11,
	OPTION_DIRECTION = 1 << 12,
	OPTION_ICMP_TYPE = 1 << 13,
	OPTION_ICMP_CODE = 1 << 14,
	OPTION_API = 1 << 15,
	OPTION_CA = 1 << 16,
	OPTION_TOKEN_FILE = 1 << 17,
	OPTION_ORG = 1 << 18,
	OPTION_SYSTEM = 1 << 19,
	OPTION_FILE = 1 << 20,
	OPTION_KIND = 1 << 21,
	OPTION_WORKSPACE = 1 << 22,
	OPTION_ALIAS = 1 << 23,
	OPTION_PORT = 1 << 24,
	OPTION_CONFIG = 1 << 25,
	OPTION_STORE = 1 << 26,
};

/* As many prefixes as one likes to type behind "set add SET". */
#define OPTIONS_ARGS_MAX 256

struct options {
	bool json;
	bool help;
	bool version;
	bool yes;
	bool system;
	uint32_t given; /* enum option_flag */
	uint32_t device; /* id; 0: any */
	uint32_t network; /* id; 0: any */
	uint64_t generation; /* number; 0: any */
	uint32_t timeout_s; /* 0: none */
	uint32_t layer; /* id; 0: any */
	uint32_t set; /* id; 0: any */
	struct lbmesh_flow flow; /* of explain; without its ifindex */
	bool icmp_by_name; /* "icmp", which is another number for IPv6 */
	const char *interface; /* name, or NULL */
	const char *api; /* this and the next: texts as they were typed, or NULL */
	const char *ca;
	const char *token_file;
	const char *org;
	const char *file;
	const char *kind;
	const char *workspace;
	const char *alias;
	const char *ports;
	const char *config;
	const char *store;
	const char *args[OPTIONS_ARGS_MAX]; /* what is not an option */
	int n_args;
};

struct command {
	const char *name;
	const char *args; /* for people: "[COMMAND]"; empty for none */
	int max_args;
	uint32_t options; /* enum option_flag */
	const char *help; /* one line */
	enum lbctl_exit (*run)(const struct options *options);
};

/* options.c */

struct option_spec {
	const char *name; /* without the dashes */
	const char *value; /* for people, NULL for a flag */
	const char *help;
	uint32_t flag; /* enum option_flag; 0 for those of all commands */
};

extern const struct option_spec option_specs[];
extern const size_t n_option_specs;

int options_parse(int argc, char *const argv[], struct options *options, char *why, size_t size);
int options_number(const char *text, uint64_t max, uint64_t *number);

/* tuple.c */

/* "ipv6-icmp", or "4294967295" */
struct protocol_text {
	char text[32];
};

int tuple_end(const char *text, struct lbmesh_prefix *address, bool *has_port, uint16_t *port);
int tuple_protocol(const char *text, uint8_t *protocol);
bool protocol_has_ports(uint8_t protocol);
bool protocol_is_icmp(uint8_t protocol);
const char *protocol_format(uint8_t protocol, struct protocol_text *text);

/* command.c */

extern const struct command commands[];
extern const size_t n_commands;

const struct command *command_find(const char *name);
void command_usage(FILE *to, const struct command *command);
enum lbctl_exit command_run(int argc, char *const argv[]);

/* report.c */

struct output;

enum lbctl_exit report_error(const struct lbmesh_error *err);
enum lbctl_exit report_error_as(const struct lbmesh_error *err, enum lbctl_exit exit,
				const char *next);
enum lbctl_exit report_job_error(struct lbmesh *conn, const struct options *options,
				 const struct lbmesh_error *err);
enum lbctl_exit report_missing(const struct lbmesh_error *err, const char *next);
enum lbctl_exit report_memory(void);
enum lbctl_exit report_output(struct output *out);
enum lbctl_exit connect_module(struct lbmesh **conn);

/* cmd-*.c */

enum lbctl_exit cmd_status(const struct options *options);
enum lbctl_exit cmd_generation(const struct options *options);
enum lbctl_exit cmd_wait(const struct options *options);
enum lbctl_exit cmd_devices(const struct options *options);
enum lbctl_exit cmd_networks(const struct options *options);
enum lbctl_exit cmd_bridges(const struct options *options);
enum lbctl_exit cmd_peers(const struct options *options);
enum lbctl_exit cmd_members(const struct options *options);
enum lbctl_exit cmd_confirm(const struct options *options);
enum lbctl_exit cmd_revert(const struct options *options);
enum lbctl_exit cmd_flush(const struct options *options);
enum lbctl_exit cmd_audit(const struct options *options);
enum lbctl_exit cmd_repair(const struct options *options);
enum lbctl_exit cmd_limits(const struct options *options);
enum lbctl_exit cmd_layers(const struct options *options);
enum lbctl_exit cmd_rules(const struct options *options);
enum lbctl_exit cmd_sets(const struct options *options);
enum lbctl_exit cmd_elements(const struct options *options);
enum lbctl_exit cmd_endpoints(const struct options *options);
enum lbctl_exit cmd_flows(const struct options *options);
enum lbctl_exit cmd_set(const struct options *options);
enum lbctl_exit cmd_explain(const struct options *options);
enum lbctl_exit cmd_monitor(const struct options *options);
enum lbctl_exit cmd_resource(const struct options *options);
enum lbctl_exit cmd_host(const struct options *options);
enum lbctl_exit cmd_network(const struct options *options);
enum lbctl_exit cmd_token(const struct options *options);
enum lbctl_exit cmd_audit_list(const struct options *options);
enum lbctl_exit cmd_operation(const struct options *options);
enum lbctl_exit cmd_admin(const struct options *options);

#endif /* LBCTL_H */
