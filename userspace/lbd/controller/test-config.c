// SPDX-License-Identifier: GPL-2.0-only
/* Settings: where they come from, what is refused and how; the signing key; lines of the log. */
#include "controller/config.h"
#include "controller/journal.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64];
static struct config config;
static struct fault fault;

static void folder_make(void)
{
	cr_assert_geq(sodium_init(), 0);
	snprintf(directory, sizeof(directory), "/tmp/lbd-config-XXXXXX");
	cr_assert(mkdtemp(directory));
	memset(&fault, 0, sizeof(fault));
}

static void folder_remove(void)
{
	char path[128];

	config_release(&config);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, i ? "signing.key" : "lbd.conf");
		unlink(path);
	}
	cr_assert_eq(rmdir(directory), 0, "something was left in %s", directory);
}

TestSuite(config, .init = folder_make, .fini = folder_remove);

static const char *place(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static int file_load(const char *text)
{
	struct config_given given = {.file = place("lbd.conf")};
	FILE *to = fopen(given.file, "w");

	cr_assert(to && fputs(text, to) >= 0 && !fclose(to));
	return config_load(&given, &config, &fault);
}

/* The text of the refusal after the folder's name. */
static const char *why(void)
{
	size_t size = strlen(directory) + 1;

	return strncmp(fault.text, directory, size - 1) ? fault.text : fault.text + size;
}

Test(config, with_nothing_given_there_is_a_default_for_all_that_is_needed)
{
	struct config_given given = {0};

	if (!access(CONFIG_FILE, F_OK))
		cr_skip_test("this machine has a " CONFIG_FILE);
	cr_assert_eq(config_load(&given, &config, &fault), 0, "%s", fault.text);
	cr_assert_str_eq(config.options.store, "sqlite:/var/lib/lb/controller.db");
	cr_assert_str_eq(config.options.signing_key_file, "/var/lib/lb/signing.key");
	cr_assert_str_eq(config.options.socket, "/run/lb/lbd.sock");
	cr_assert_null(config.options.listen);
	cr_assert_null(config.options.metrics);
	cr_assert_eq(config.options.pool.len, 10);
	cr_assert_eq(config.options.slice_length, 24);
	cr_assert_eq(config.options.quarantine_ms, 600000);
	cr_assert_not(config.options.old_paths);
}

Test(config, flags_go_before_the_environment_and_that_before_the_file)
{
	struct config_given given = {.file = place("lbd.conf"),
				     .texts = {[SETTING_SLICE_LENGTH] = "26"}};
	FILE *to = fopen(given.file, "w");

	cr_assert(to && fputs("slice-length = 25\npool = 10.0.0.0/8\nquarantine = 7\n", to) >= 0 &&
		  !fclose(to));
	setenv("LBD_SLICE_LENGTH", "27", 1);
	setenv("LBD_POOL", "10.1.0.0/16", 1);
	cr_assert_eq(config_load(&given, &config, &fault), 0, "%s", fault.text);
	cr_assert_eq(config.options.slice_length, 26);
	cr_assert_eq(config.options.pool.len, 16);
	cr_assert_eq(config.options.quarantine_ms, 7000);
}

Test(config, every_setting_is_a_line_and_a_variable)
{
	char name[VARIABLE_SIZE];

	config_variable(&settings[SETTING_SLICE_LENGTH], name);
	cr_assert_str_eq(name, "LBD_SLICE_LENGTH");
	cr_assert_eq(file_load("# all of them\n\n"
			       "  state = /var/lib/other\r\n"
			       "store=sqlite:/var/lib/other/x.db\n"
			       "listen = [::1]:8443\n"
			       "socket = /run/x.sock\n"
			       "certificate = /etc/lb/c.pem\n"
			       "key = /etc/lb/k.pem\n"
			       "pool = 10.0.0.0/8\n"
			       "slice-length = 20\n"
			       "quarantine = 0\n"
			       "suffix = a.b-c.d9\n"
			       "metrics = [::1]:9469\n"
			       "old-paths = yes"),
		     0, "%s", fault.text);
	cr_assert_str_eq(config.options.state, "/var/lib/other");
	cr_assert_str_eq(config.options.store, "sqlite:/var/lib/other/x.db");
	cr_assert_str_eq(config.options.listen, "[::1]:8443");
	cr_assert_str_eq(config.options.certificate_file, "/etc/lb/c.pem");
	cr_assert_str_eq(config.options.key_file, "/etc/lb/k.pem");
	cr_assert_str_eq(config.options.suffix, "a.b-c.d9");
	cr_assert_str_eq(config.options.metrics, "[::1]:9469");
	cr_assert(config.options.old_paths);
}

Test(config, what_is_printed_is_a_file_that_says_the_same)
{
	struct config_given given = {.texts = {[SETTING_CERTIFICATE] = "/c", [SETTING_KEY] = "/k"}};
	char *first = NULL, *second = NULL;
	size_t size;
	FILE *to = open_memstream(&first, &size);

	given.file = "/dev/null";
	cr_assert_eq(config_load(&given, &config, &fault), -EMEDIUMTYPE);
	given.file = NULL;
	cr_assert_eq(config_load(&given, &config, &fault), 0, "%s", fault.text);
	config_print(&config, to);
	cr_assert_eq(fclose(to), 0);
	config_release(&config);
	cr_assert_eq(file_load(first), 0, "%s", fault.text);
	to = open_memstream(&second, &size);
	config_print(&config, to);
	cr_assert_eq(fclose(to), 0);
	cr_assert_str_eq(first, second);
	cr_assert_not_null(strstr(first, "listen = [::]:8443\n"));
	free(first);
	free(second);
}

Test(config, a_file_is_refused_with_its_line)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"pol = 10.0.0.0/8",
		 "lbd.conf:1: there is no setting \"pol\"; lbd.conf(5) lists them"},
		{"\n# x\npool", "lbd.conf:3: is not \"name = value\""},
		{"pool = 10.0.0.0/8\nsuffix = x\npool = 10.0.0.0/8\n",
		 "lbd.conf:3: pool: is given twice, first in line 1"},
		{"pool = 10.0.0.0", "lbd.conf:1: pool: must be a prefix of IPv4 (100.64.0.0/10)"},
		{"pool = 10.0.0.1/8", "lbd.conf:1: pool: must be a prefix of IPv4 (100.64.0.0/10)"},
		{"pool = fd00::/8", "lbd.conf:1: pool: must be a prefix of IPv4 (100.64.0.0/10)"},
		{"pool = 127.0.0.0/8", "lbd.conf:1: pool: is loopback"},
		{"slice-length = 30", "lbd.conf:1: slice-length: must be a number from 0 to 29"},
		{"slice-length = 024", "lbd.conf:1: slice-length: must be a number from 0 to 29"},
		{"slice-length = +4", "lbd.conf:1: slice-length: must be a number from 0 to 29"},
		{"slice-length =", "lbd.conf:1: slice-length: must be a number from 0 to 29"},
		{"quarantine = 99999999999999999999",
		 "lbd.conf:1: quarantine: must be a number from 0 to 2592000"},
		{"quarantine = 1h", "lbd.conf:1: quarantine: must be a number from 0 to 2592000"},
		{"old-paths = true", "lbd.conf:1: old-paths: must be yes or no"},
		{"suffix = .x",
		 "lbd.conf:1: suffix: must be a name of DNS of at most 128 bytes, in "
		 "small letters"},
		{"suffix = x-.y", "lbd.conf:1: suffix: must be a name of DNS of at most 128 bytes, "
				  "in small letters"},
		{"suffix = X", "lbd.conf:1: suffix: must be a name of DNS of at most 128 bytes, in "
			       "small letters"},
		{"state = lb", "lbd.conf:1: state: must be a path that begins with \"/\""},
		{"listen = localhost:1",
		 "lbd.conf:1: listen: must be ADDRESS:PORT or [IPV6]:PORT, in numbers"},
		{"metrics = 0.0.0.0:9469",
		 "lbd.conf:1: metrics: must be an address of the loopback (127.0.0.1:PORT): metrics "
		 "are neither encrypted nor asked for with a token"},
		{"metrics = [::]:9469",
		 "lbd.conf:1: metrics: must be an address of the loopback (127.0.0.1:PORT): metrics "
		 "are neither encrypted nor asked for with a token"},
		{"store = mysql://x",
		 "lbd.conf:1: store: must be \"sqlite:\" and a path that begins with \"/\", or an "
		 "url of PostgreSQL (postgres://...)"},
		{"listen = 0.0.0.0:8443", "listen: needs certificate and key: it is TLS only"},
		{"key = /k", "key: is given without certificate; TLS needs both"},
		{"certificate = /c", "certificate: is given without key; TLS needs both"},
		{"pool = 10.0.0.0/24",
		 "slice-length: must be greater than the pool's length, which is 24"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&fault, 0, sizeof(fault));
		cr_assert_neq(file_load(cases[i].text), 0, "%s", cases[i].text);
		cr_expect_str_eq(why(), cases[i].why, "%s: %s", cases[i].text, why());
	}
}

Test(config, a_password_in_the_url_is_refused_and_not_repeated)
{
	static const char *const urls[] = {"postgres://u:hunter2@h/db",
					   "postgresql://u@h/db?password=hunter2",
					   "postgres:///db?sslpassword=hunter2"};

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct config_given given = {.texts = {[SETTING_STORE] = urls[i]}};

		cr_assert_neq(config_load(&given, &config, &fault), 0);
		cr_assert_eq(strncmp(fault.text, "--store: has a password", 23), 0, "%s",
			     fault.text);
		cr_assert_null(strstr(fault.text, "hunter2"));
	}
}

Test(config, a_variable_that_is_wrong_is_named)
{
	struct config_given given = {0};

	setenv("LBD_METRICS", "", 1);
	cr_assert_neq(config_load(&given, &config, &fault), 0);
	cr_assert_str_eq(fault.text,
			 "LBD_METRICS: must be ADDRESS:PORT or [IPV6]:PORT, in numbers");
}

Test(config, a_file_that_was_asked_for_must_be_there)
{
	struct config_given given = {.file = place("lbd.conf")};

	cr_assert_eq(config_load(&given, &config, &fault), -ENOENT);
	cr_assert_str_eq(why(), "lbd.conf: No such file or directory");
}

Test(config, flags_are_read_strictly)
{
	static const struct {
		char *words[6];
		int ret;
	} cases[] = {
		{{"controller", "--pool", "10.0.0.0/8", "--old-paths"}, 0},
		{{"controller", "--pool", "1", "--pool", "1"}, -EINVAL},
		{{"controller", "--nothing"}, -EINVAL},
		{{"controller", "--pool"}, -EINVAL},
		{{"controller", "word"}, -EINVAL},
	};
	struct config_given given;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *words[6];
		int n = 0;

		memcpy(words, cases[i].words, sizeof(words));
		while (words[n])
			n++;
		cr_assert_eq(controller_options_read(n, words, 0, &given), cases[i].ret, "%zu", i);
	}
	cr_assert_eq(controller_options_read(3, (char *[]){"backup", "a", "b", NULL}, 1, &given),
		     -EINVAL);
	cr_assert_eq(controller_options_read(2, (char *[]){"backup", "a", NULL}, 1, &given), 0);
	cr_assert_str_eq(given.path, "a");
}

/* --- the signing key ---------------------------------------------------------------------------- */

static uint8_t secret[RECORD_SIGN_SECRET], public_key[RECORD_SIGN_PUBLIC];

Test(config, the_signing_key_is_made_once_for_its_owner_alone)
{
	uint8_t again[RECORD_SIGN_PUBLIC], signature[crypto_sign_BYTES];
	struct stat status;
	bool made;

	cr_assert_eq(signing_key_load(place("signing.key"), secret, public_key, &made, &fault), 0,
		     "%s", fault.text);
	cr_assert(made);
	cr_assert_eq(stat(place("signing.key"), &status), 0);
	cr_assert_eq(status.st_mode & 07777, 0600);
	cr_assert_eq(signing_key_load(place("signing.key"), secret, again, &made, &fault), 0);
	cr_assert_not(made);
	cr_assert_arr_eq(again, public_key, sizeof(again));
	crypto_sign_detached(signature, NULL, (const uint8_t *)"x", 1, secret);
	cr_assert_eq(crypto_sign_verify_detached(signature, (const uint8_t *)"x", 1, public_key),
		     0);
}

Test(config, a_signing_key_that_others_can_read_or_that_is_none_ends_the_start)
{
	bool made;
	FILE *to;

	cr_assert_eq(signing_key_load(place("signing.key"), secret, public_key, &made, &fault), 0);
	cr_assert_eq(chmod(place("signing.key"), 0640), 0);
	cr_assert_eq(signing_key_load(place("signing.key"), secret, public_key, &made, &fault),
		     -EPERM);
	cr_assert_eq(chmod(place("signing.key"), 0600), 0);
	to = fopen(place("signing.key"), "w");
	cr_assert(to && fputs("not a key\n", to) >= 0 && !fclose(to));
	cr_assert_eq(signing_key_load(place("signing.key"), secret, public_key, &made, &fault),
		     -EINVAL);
	cr_assert_not(made);
}

Test(config, of_several_that_make_a_signing_key_at_once_all_have_the_same)
{
	uint8_t keys[8][RECORD_SIGN_PUBLIC];
	int ends[2];
	bool made;

	cr_assert_eq(pipe(ends), 0);
	for (size_t i = 0; i < 8; i++) {
		if (fork())
			continue;
		made = !signing_key_load(place("signing.key"), secret, public_key, &made, &fault) &&
		       write(ends[1], public_key, sizeof(public_key)) == sizeof(public_key);
		_exit(made ? 0 : 1);
	}
	for (size_t i = 0; i < 8; i++) {
		cr_assert_eq(read(ends[0], keys[i], sizeof(keys[i])), sizeof(keys[i]));
		cr_assert_arr_eq(keys[i], keys[0], sizeof(keys[i]));
	}
	while (wait(NULL) > 0)
		;
}

/* --- the log ------------------------------------------------------------------------------------ */

Test(config, an_event_is_one_line_whatever_is_in_it)
{
	const struct journal_field fields[] = {{"REQUEST_ID", "01X"},
					       {"NOTHING", NULL},
					       {"PATH", "/v1/a b\n\"\x1b[0m"},
					       {"EMPTY", ""}};
	char line[256], small[16];
	size_t size = journal_line(line, sizeof(line), "some\nthing", fields, 4);

	cr_assert_str_eq(line,
			 "lbd: some?thing request_id=01X path=\"/v1/a b?'?[0m\" empty=\"\"\n");
	cr_assert_eq(size, strlen(line));
	size = journal_line(small, sizeof(small), "something long", fields, 4);
	cr_assert_eq(size, strlen(small));
	cr_assert_eq(small[size - 1], '\n');
	cr_assert_leq(size, sizeof(small) - 1);
}

Test(config, standard_error_is_the_journal_only_when_it_is_that_file)
{
	setenv("JOURNAL_STREAM", "1:2", 1);
	cr_assert_not(journal_connected());
}
