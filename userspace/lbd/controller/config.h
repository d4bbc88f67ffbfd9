/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the controller is told: by flags, by LBD_* variables of the environment, and by the lines of
 * a file, in this order of precedence. One table has all settings; the flags (options.c), the help,
 * the names of the variables and of the file's lines come from it (config-settings.c).
 *
 * The file (lbd.conf.5) has lines "name = value", empty ones, and comments from "#" at a line's
 * start. What is unknown, given twice or of the wrong type is refused, with the file and the line.
 */
#ifndef LBD_CONTROLLER_CONFIG_H
#define LBD_CONTROLLER_CONFIG_H

#include "controller/controller.h"

#define CONFIG_FILE	"/etc/lb/lbd.conf"
#define CONFIG_FILE_MAX 65536

enum setting {
	SETTING_STATE,
	SETTING_STORE,
	SETTING_LISTEN,
	SETTING_SOCKET,
	SETTING_CERTIFICATE,
	SETTING_KEY,
	SETTING_POOL,
	SETTING_SLICE_LENGTH,
	SETTING_QUARANTINE,
	SETTING_SUFFIX,
	SETTING_METRICS,
	SETTING_OLD_PATHS,
	SETTINGS
};

struct config;

/*
 * value: what people are shown, NULL for a flag ("yes" or "no" in the file). initial: the default,
 * NULL: none. take: checks text and keeps what it means; the fault's text begins with no name.
 */
struct setting_info {
	const char *name;
	const char *value;
	const char *initial;
	const char *help;
	int (*take)(struct config *config, enum setting setting, struct fault *fault);
};

extern const struct setting_info settings[SETTINGS];

/* options points into the rest. texts are as they were given, or the default. */
struct config {
	struct controller_options options;
	char *texts[SETTINGS];
	char *store; /* made of the state directory when it was not given */
	char *signing_key_file;
	const char *file; /* that was read, or NULL */
};

/* What the command line says; texts are borrowed. file NULL: CONFIG_FILE, if it is there. */
struct config_given {
	const char *file;
	const char *texts[SETTINGS];
	const char *path; /* of a backup */
	bool check;
};

/*
 * Reads file and environment, and puts given over them. The fault's text says where the value came
 * from: "/etc/lb/lbd.conf:3: pool: ...", "LBD_POOL: ...", "--pool: ...".
 */
int config_load(const struct config_given *given, struct config *config, struct fault *fault);
void config_release(struct config *config);

/* What it comes to, as lines of a file that says the same. */
void config_print(const struct config *config, FILE *to);

/* "LBD_SLICE_LENGTH" of "slice-length". */
#define VARIABLE_SIZE 64
void config_variable(const struct setting_info *info, char name[VARIABLE_SIZE]);

/*
 * options.c: the command line of "lbd COMMAND", in argv[0]. paths: how many arguments are wanted, 0
 * or 1. -EINVAL for bad usage, which has been said; 1 when help was asked for and given; 0.
 */
int controller_options_read(int argc, char **argv, int paths, struct config_given *given);

/*
 * signing-key.c: reads the key that signs records, or makes it: mode 0600, on disk when it is used.
 * Refuses one that others can read. Never in the store, nor in a backup of it.
 */
int signing_key_load(const char *path, uint8_t secret[RECORD_SIGN_SECRET],
		     uint8_t public_key[RECORD_SIGN_PUBLIC], bool *made, struct fault *fault);

/* The subcommands of lbd: argv[0] is their name. They return an exit status. */
int controller_main(int argc, char **argv);
int openapi_main(int argc, char **argv);
int backup_main(int argc, char **argv);
int restore_main(int argc, char **argv);

#endif
