// SPDX-License-Identifier: GPL-2.0-only
/*
 * test-steer.c - the commands that change something, and wait, on a made-up
 * module: the functions of the library that they call are defined here, so
 * that every answer can be had, and what was asked is seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "lbctl.h"

/* The made-up module. */

static struct lbmesh_generation now; /* what it says ... */
static struct lbmesh_generation later; /* ... and says from the second time on, with a number */
static int job_error; /* how the next job ends ... */
static bool job_refused; /* ... or is refused */
static const char *job_message = "said by a test";
static uint64_t job_generation; /* in force after it */
static struct lbmesh_drift found[4]; /* by the first audit or repair */
static size_t n_found;
static struct lbmesh_drift left[4]; /* by the next audit */
static size_t n_left;
static int left_error; /* that the next audit ends with */
static bool no_room; /* more than could be listed */

/* What it was asked. */
static char asked[512];
static int asked_timeout_ms;
static struct lbmesh_counts limits_set_to;
static unsigned int n_generation;
static unsigned int n_audits;

static char module; /* stands for a connection */

static void note(const char *what, uint64_t number)
{
	size_t len = strlen(asked);

	(void)snprintf(asked + len, sizeof(asked) - len, "%s%s %llu", len ? ", " : "", what,
		       (unsigned long long)number);
}

static int end(struct lbmesh_result *result, struct lbmesh_error *err)
{
	memset(result, 0, sizeof(*result));
	if (!job_refused)
		result->cookie = 1;
	if (!job_refused)
		result->generation = job_generation;
	if (!job_error)
		return 0;
	*err = (struct lbmesh_error){.code = job_error};
	(void)snprintf(err->message, sizeof(err->message), "%s", job_message);
	return -job_error;
}

int lbmesh_open(struct lbmesh **conn, struct lbmesh_error *err)
{
	(void)err;
	*conn = (struct lbmesh *)(void *)&module;
	return 0;
}

void lbmesh_closep(struct lbmesh **conn)
{
	*conn = NULL;
}

int lbmesh_generation_get(struct lbmesh *conn, struct lbmesh_generation *generation,
			  struct lbmesh_error *err)
{
	(void)conn;
	(void)err;
	*generation = n_generation++ && later.number ? later : now;
	return 0;
}

int lbmesh_info_get(struct lbmesh *conn, struct lbmesh_info *info, struct lbmesh_error *err)
{
	(void)conn;
	(void)err;
	memset(info, 0, sizeof(*info));
	info->limits = (struct lbmesh_counts){.devices = 64, .peers = 20480};
	if (limits_set_to.peers)
		info->limits.peers = limits_set_to.peers;
	if (limits_set_to.cache_entries == LBMESH_CACHE_OFF)
		info->limits.cache_entries = LBMESH_CACHE_OFF;
	return 0;
}

int lbmesh_device_dump(struct lbmesh *conn, lbmesh_device_fn fn, void *data, uint64_t *generation,
		       struct lbmesh_error *err)
{
	(void)conn;
	(void)generation;
	(void)err;
	return fn(&(struct lbmesh_device){.id = 1, .ifindex = 1}, data);
}

int lbmesh_confirm(struct lbmesh *conn, uint64_t generation, int timeout_ms,
		   struct lbmesh_result *result, struct lbmesh_error *err)
{
	(void)conn;
	note("confirm", generation);
	asked_timeout_ms = timeout_ms;
	return end(result, err);
}

int lbmesh_revert(struct lbmesh *conn, uint64_t generation, int timeout_ms,
		  struct lbmesh_result *result, struct lbmesh_error *err)
{
	(void)conn;
	note("revert", generation);
	asked_timeout_ms = timeout_ms;
	return end(result, err);
}

int lbmesh_flush(struct lbmesh *conn, const uint64_t *expect_gen, int timeout_ms,
		 struct lbmesh_result *result, struct lbmesh_error *err)
{
	(void)conn;
	note("flush", expect_gen ? *expect_gen : 0);
	asked_timeout_ms = timeout_ms;
	return end(result, err);
}

static int list(const struct lbmesh_drift *drifts, size_t count, lbmesh_drift_fn fn, void *data)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < count; i++)
		ret = fn(&drifts[i], data);
	return ret;
}

int lbmesh_audit(struct lbmesh *conn, lbmesh_drift_fn fn, void *data, int timeout_ms,
		 struct lbmesh_result *result, struct lbmesh_error *err)
{
	int ret;

	(void)conn;
	asked_timeout_ms = timeout_ms;
	note("audit", n_audits);
	if (n_audits++)
		job_error = left_error;
	ret = end(result, err);
	if (!ret && no_room)
		(void)snprintf(result->error.message, sizeof(result->error.message),
			       "1,024 are listed; there are more");
	if (!ret)
		ret = n_audits == 1 ? list(found, n_found, fn, data) : list(left, n_left, fn, data);
	return ret;
}

int lbmesh_repair(struct lbmesh *conn, lbmesh_drift_fn fn, void *data, int timeout_ms,
		  struct lbmesh_result *result, struct lbmesh_error *err)
{
	int ret;

	(void)conn;
	asked_timeout_ms = timeout_ms;
	note("repair", 0);
	n_audits = 1;
	ret = end(result, err);
	if (result->cookie && list(found, n_found, fn, data))
		return -ENOMEM;
	return ret;
}

int lbmesh_limits_set(struct lbmesh *conn, const struct lbmesh_counts *limits,
		      struct lbmesh_error *err)
{
	struct lbmesh_result result;

	(void)conn;
	limits_set_to = *limits;
	return end(&result, err);
}

int lbmesh_event_subscribe(struct lbmesh *conn, struct lbmesh_error *err)
{
	(void)conn;
	(void)err;
	return 0;
}

/* No event ever comes: poll() passes over a negative descriptor. */
int lbmesh_event_fd(const struct lbmesh *conn)
{
	(void)conn;
	return -1;
}

/* The commands. */

static void setup(void)
{
	now = (struct lbmesh_generation){.number = 7,
					 .state = LBMESH_STATE_PENDING,
					 .pending_ms = 12300,
					 .has_fallback = true,
					 .fallback = 6,
					 .counts = {.devices = 2, .peers = 30}};
	job_generation = 7;
	cr_redirect_stdout();
	cr_redirect_stderr();
	cr_assert_not_null(freopen("/dev/null", "r", stdin));
}

/* Returns the exit code. */
static enum lbctl_exit run(const char *line)
{
	static char copy[256];
	static char name[] = "lbctl";
	char *words[24] = {name};
	int n = 1;
	enum lbctl_exit ret;

	(void)snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		words[n++] = word;
	ret = command_run(n, words);
	(void)fflush(stdout);
	return ret;
}

/* Everything that was written, exactly. */
static void said(const char *out, const char *errors)
{
	cr_assert_stdout_eq_str(out);
	cr_assert_stderr_eq_str(errors);
}

/* Everything on stdout, without white space: json-c breaks lines as it likes. */
static const char *squeezed_stdout(void)
{
	static char text[4096];
	FILE *from = cr_get_redirected_stdout();
	size_t len = 0;

	/* What was written ends when nobody can write any more. */
	(void)fclose(stdout);
	for (int c = fgetc(from); c != EOF && len < sizeof(text) - 1; c = fgetc(from)) {
		if (!strchr(" \n", c))
			text[len++] = (char)c;
	}
	text[len] = '\0';
	return text;
}

static void said_json(const char *json, const char *errors)
{
	const char *text = squeezed_stdout();

	cr_assert_str_eq(text, json, "%s", text);
	cr_assert_stderr_eq_str(errors);
}

static void active(void)
{
	now.state = LBMESH_STATE_ACTIVE;
	now.has_fallback = false;
}

TestSuite(steer, .init = setup);

Test(steer, confirm_without_a_number_means_the_one_that_is_pending)
{
	cr_assert_eq(run("confirm"), LBCTL_OK);
	cr_assert_str_eq(asked, "confirm 7");
	cr_assert_eq(asked_timeout_ms, -1);
	said("generation 7 is confirmed and stays in force\n", "");
}

Test(steer, confirm_with_a_number_means_that_one)
{
	cr_assert_eq(run("confirm 9 --timeout 3"), LBCTL_OK);
	cr_assert_str_eq(asked, "confirm 9");
	cr_assert_eq(asked_timeout_ms, 3000);
}

Test(steer, the_longest_timeout_fits)
{
	cr_assert_eq(run("revert --timeout 2147483"), LBCTL_OK);
	cr_assert_eq(asked_timeout_ms, 2147483000);
}

Test(steer, json_has_the_new_state)
{
	cr_assert_eq(run("confirm --json"), LBCTL_OK);
	said_json("{\"version\":1,\"state\":\"active\",\"generation\":7}", "");
}

Test(steer, revert_says_what_is_in_force_again)
{
	job_generation = 6;
	cr_assert_eq(run("revert"), LBCTL_OK);
	cr_assert_str_eq(asked, "revert 7");
	said("generation 7 is reverted; generation 6 is in force again\n", "");
}

Test(steer, revert_of_the_first_leaves_nothing)
{
	job_generation = 0;
	cr_assert_eq(run("revert 7 --json"), LBCTL_OK);
	said_json("{\"version\":1,\"state\":\"empty\",\"generation\":0}", "");
}

Test(steer, when_nothing_is_pending_nothing_is_sent)
{
	active();
	cr_assert_eq(run("confirm"), LBCTL_FAILED);
	cr_assert_str_eq(asked, "");
	said("", "lbctl: nothing is pending; generation 7 is in force\n");
}

Test(steer, when_nothing_is_in_force_either_it_says_so)
{
	now = (struct lbmesh_generation){0};
	cr_assert_eq(run("revert"), LBCTL_FAILED);
	said("", "lbctl: nothing is pending; nothing is in force\n");
}

Test(steer, when_the_time_was_over_it_says_so)
{
	active();
	now.number = 6;
	now.has_last = now.has_last_result = true;
	now.last.error.code = ETIMEDOUT;
	cr_assert_eq(run("confirm"), LBCTL_FAILED);
	said("", "lbctl: nothing is pending any more, it was not confirmed in time; generation 6 "
		 "is in force\n");
}

Test(steer, when_the_time_is_over_while_it_is_sent_it_says_so_too)
{
	job_error = ENOENT;
	job_refused = true;
	later = now;
	later.number = 6;
	later.state = LBMESH_STATE_ACTIVE;
	cr_assert_eq(run("confirm"), LBCTL_FAILED);
	cr_assert_str_eq(asked, "confirm 7");
	said("", "lbctl: nothing is pending; generation 6 is in force\n");
}

Test(steer, while_a_job_runs_nobody_knows_what_will_be_pending)
{
	now.state = LBMESH_STATE_COMMITTING;
	cr_assert_eq(run("confirm"), LBCTL_CONFLICT);
	said("", "lbctl: nothing is pending, but a job is running; run: lbctl wait\n");
}

Test(steer, another_pending_generation_is_a_conflict)
{
	job_error = ESTALE;
	job_refused = true;
	job_message = "another generation than this is pending";
	cr_assert_eq(run("confirm 6"), LBCTL_CONFLICT);
	said("", "lbctl: another generation than this is pending; generation 7 is\n");
}

Test(steer, a_job_that_does_not_end_in_time_goes_on)
{
	job_error = ETIMEDOUT;
	job_message = "the job has not ended in 1000 ms";
	later = now;
	later.state = LBMESH_STATE_COMMITTING;
	cr_assert_eq(run("revert --timeout 1"), LBCTL_NOT_READY);
	said("", "lbctl: the job has not ended in 1000 ms; it goes on; run: lbctl wait\n");
}

Test(steer, flush_says_what_it_will_do_and_does_not_without_a_terminal)
{
	active();
	cr_assert_eq(run("flush"), LBCTL_USAGE);
	cr_assert_str_eq(asked, "");
	said("", "lbctl: flush ends generation 7 of this network namespace and removes all peers "
		 "(30) from its WireGuard interfaces (2); their tunnels stop\n"
		 "lbctl: flush: standard input is no terminal; add --yes to do it\n");
}

#define ANNOUNCEMENT                                                                             \
	"lbctl: flush ends generation 7 of this network namespace and removes all peers (30) "   \
	"from its WireGuard interfaces (2); their tunnels stop, and the generation before does " \
	"not return\n"

Test(steer, flush_with_yes_flushes_what_it_said)
{
	job_generation = 0;
	cr_assert_eq(run("flush --yes"), LBCTL_OK);
	cr_assert_str_eq(asked, "flush 7");
	said("generation 7 has ended; nothing is in force\n", ANNOUNCEMENT);
}

Test(steer, flush_with_json_writes_nothing_else_to_stdout)
{
	job_generation = 0;
	cr_assert_eq(run("flush --yes --json"), LBCTL_OK);
	said_json("{\"version\":1,\"state\":\"empty\",\"generation\":0}", ANNOUNCEMENT);
}

Test(steer, flush_of_another_generation_than_announced_is_a_conflict)
{
	job_error = ESTALE;
	job_refused = true;
	later = now;
	later.number = 8;
	later.state = LBMESH_STATE_ACTIVE;
	cr_assert_eq(run("flush --yes"), LBCTL_CONFLICT);
	said("",
	     ANNOUNCEMENT "lbctl: said by a test; look at what is in force: lbctl generation\n");
}

Test(steer, flush_of_nothing_is_done_at_once)
{
	now = (struct lbmesh_generation){0};
	cr_assert_eq(run("flush"), LBCTL_OK);
	cr_assert_str_eq(asked, "");
	said("nothing is in force, so there is nothing to flush\n", "");
}

/* Makes the standard input a terminal on which somebody has typed @answer. */
static void type(const char *answer)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	int user;

	if (terminal < 0)
		cr_skip_test("there are no pseudo terminals here");
	cr_assert_eq(grantpt(terminal), 0);
	cr_assert_eq(unlockpt(terminal), 0);
	user = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	cr_assert_geq(user, 0);
	cr_assert_eq(write(terminal, answer, strlen(answer)), (ssize_t)strlen(answer));
	cr_assert_eq(dup2(user, STDIN_FILENO), STDIN_FILENO);
	cr_assert_eq(close(user), 0);
}

Test(steer, flush_on_a_terminal_asks_and_does_it_after_yes)
{
	static const char *const answers[] = {"y\n", "yes\n"};

	for (size_t i = 0; i < lbctl_array_size(answers); i++) {
		asked[0] = '\0';
		type(answers[i]);
		cr_assert_eq(run("flush"), LBCTL_OK);
		cr_assert_str_eq(asked, "flush 7");
	}
	said("generation 7 has ended; nothing is in force\n"
	     "generation 7 has ended; nothing is in force\n",
	     ANNOUNCEMENT "Do it? [y/N] " ANNOUNCEMENT "Do it? [y/N] ");
}

Test(steer, flush_on_a_terminal_does_nothing_after_anything_else)
{
	static const char *const answers[] = {"\n", "n\n", "Yes please\n", "yy\n", "\x04"};

	for (size_t i = 0; i < lbctl_array_size(answers); i++) {
		type(answers[i]);
		cr_assert_eq(run("flush"), LBCTL_FAILED, "%zu", i);
		clearerr(stdin);
	}
	cr_assert_str_eq(asked, "");
}

Test(steer, an_audit_without_drift_exits_0)
{
	active();
	cr_assert_eq(run("audit"), LBCTL_OK);
	cr_assert_eq(asked_timeout_ms, -1);
	said("WireGuard is what generation 7 says\n", "");
}

Test(steer, an_audit_without_drift_is_an_empty_array)
{
	active();
	cr_assert_eq(run("audit --json"), LBCTL_OK);
	said_json("{\"version\":1,\"generation\":7,\"drift\":[]}", "");
}

#define KEY_1 "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_2 "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void drift(void)
{
	active();
	found[0] = (struct lbmesh_drift){LBMESH_DRIFT_KIND_PRESHARED_KEY, 1, true, {2}};
	found[1] = (struct lbmesh_drift){LBMESH_DRIFT_KIND_PEER_FOREIGN, 1, true, {1}};
	found[2] = (struct lbmesh_drift){.kind = LBMESH_DRIFT_KIND_DEVICE_DIFFERS, .device = 1};
	n_found = 3;
}

Test(steer, an_audit_with_drift_exits_6_and_lists_it_in_order)
{
	drift();
	cr_assert_eq(run("audit"), LBCTL_DRIFT);
	said("DEVICE  INTERFACE  DRIFT           PUBLIC KEY\n"
	     "1       lo         device-differs  -\n"
	     "1       lo         peer-foreign    " KEY_1 "\n"
	     "1       lo         preshared-key   " KEY_2 "\n"
	     "3 differences from generation 7; run: lbctl repair\n",
	     "");
}

Test(steer, an_audit_with_drift_is_json_with_exit_6)
{
	drift();
	found[0] = found[1];
	n_found = 1;
	no_room = true;
	cr_assert_eq(run("audit --json"), LBCTL_DRIFT);
	said_json("{\"version\":1,\"generation\":7,\"drift\":[{\"device\":1,"
		  "\"interface\":\"lo\",\"drift\":\"peer-foreign\","
		  "\"public_key\":\"" KEY_1 "\"}],"
		  "\"message\":\"1,024arelisted;therearemore\"}",
		  "");
}

Test(steer, an_audit_that_could_not_list_all_says_so)
{
	drift();
	found[0] = found[2];
	n_found = 1;
	no_room = true;
	cr_assert_eq(run("audit"), LBCTL_DRIFT);
	said("DEVICE  INTERFACE  DRIFT           PUBLIC KEY\n"
	     "1       lo         device-differs  -\n"
	     "message: 1,024 are listed; there are more\n"
	     "at least 1 difference from generation 7; run: lbctl repair\n",
	     "");
}

Test(steer, nothing_to_audit_is_not_ready)
{
	job_error = ENOENT;
	job_refused = true;
	job_message = "no generation is in force";
	cr_assert_eq(run("audit"), LBCTL_NOT_READY);
	said("", "lbctl: no generation is in force; run this when a commit is in force\n");
}

Test(steer, an_audit_while_one_is_pending_says_how_to_end_that)
{
	job_error = EBUSY;
	job_refused = true;
	job_message = "generation 7 is pending: confirm or revert it first";
	cr_assert_eq(run("repair --json"), LBCTL_CONFLICT);
	said("", "lbctl: generation 7 is pending: confirm or revert it first; run: lbctl confirm "
		 "7, or lbctl revert 7\n");
}

Test(steer, an_audit_while_a_job_runs_says_to_wait)
{
	now.state = LBMESH_STATE_COMMITTING;
	job_error = EBUSY;
	job_refused = true;
	cr_assert_eq(run("audit"), LBCTL_CONFLICT);
	said("", "lbctl: said by a test; wait for the job that runs: lbctl wait\n");
}

Test(steer, an_audit_that_lost_something_fails)
{
	drift();
	job_error = ENOBUFS;
	cr_assert_eq(run("audit"), LBCTL_FAILED);
	said("", "lbctl: said by a test; try again\n");
}

Test(steer, a_repair_lists_what_it_mended)
{
	drift();
	cr_assert_eq(run("repair"), LBCTL_OK);
	cr_assert_str_eq(asked, "repair 0");
	said("DEVICE  INTERFACE  DRIFT           PUBLIC KEY"
	     "                                    MENDED\n"
	     "1       lo         device-differs  -"
	     "                                             yes\n"
	     "1       lo         peer-foreign    " KEY_1 "  yes\n"
	     "1       lo         preshared-key   " KEY_2 "  yes\n"
	     "3 differences from generation 7, mended\n",
	     "");
}

Test(steer, a_repair_of_nothing_says_so)
{
	active();
	cr_assert_eq(run("repair"), LBCTL_OK);
	said("WireGuard is what generation 7 says\n", "");
}

Test(steer, a_repair_without_the_key_says_what_is_left_and_what_to_do)
{
	drift();
	job_error = ENOKEY;
	left[0] = found[0];
	left[1] = found[2];
	n_left = 2;
	cr_assert_eq(run("repair"), LBCTL_DRIFT);
	cr_assert_str_eq(asked, "repair 0, audit 1");
	said("DEVICE  INTERFACE  DRIFT           PUBLIC KEY"
	     "                                    MENDED\n"
	     "1       lo         device-differs  -"
	     "                                             no\n"
	     "1       lo         peer-foreign    " KEY_1 "  yes\n"
	     "1       lo         preshared-key   " KEY_2 "  no\n",
	     "lbctl: said by a test; a restart of lbd agent does so; then run this again\n");
}

Test(steer, a_repair_without_the_interface_says_what_to_do)
{
	drift();
	n_found = 1;
	job_error = ENODEV;
	left[0] = found[0];
	n_left = 1;
	cr_assert_eq(run("repair --json"), LBCTL_DRIFT);
	said_json("{\"version\":1,\"generation\":7,\"drift\":[{\"device\":1,"
		  "\"interface\":\"lo\",\"drift\":\"preshared-key\","
		  "\"public_key\":\"" KEY_2 "\",\"mended\":false}]}",
		  "lbctl: said by a test; a restart of lbd agent makes its interface again\n");
}

Test(steer, when_nobody_knows_what_is_left_it_says_neither_yes_nor_no)
{
	drift();
	n_found = 1;
	job_error = ENOKEY;
	left_error = EBUSY;
	cr_assert_eq(run("repair"), LBCTL_DRIFT);
	said("DEVICE  INTERFACE  DRIFT          PUBLIC KEY"
	     "                                    MENDED\n"
	     "1       lo         preshared-key  " KEY_2 "  -\n",
	     "lbctl: said by a test; a restart of lbd agent does so; then run this again\n");
}

Test(steer, a_repair_that_failed_shows_what_it_found)
{
	drift();
	n_found = 1;
	job_error = ENOMEM;
	left_error = ENOMEM;
	cr_assert_eq(run("repair"), LBCTL_FAILED);
	cr_assert_stderr_eq_str("lbctl: said by a test\n");
}

Test(steer, limits_are_shown_beside_what_is_in_use)
{
	cr_assert_eq(run("limits"), LBCTL_OK);
	said("NAME     IN USE  LIMIT  PERCENT\n"
	     "devices  2       64     3\n"
	     "peers    30      20480  0\n",
	     "");
}

Test(steer, limits_are_set_and_shown)
{
	const struct lbmesh_counts expected = {
		.peers = 30000, .message_bytes = 33554432, .cache_entries = 8192};

	cr_assert_eq(run("limits set peers=30000 message-bytes=33554432 cache-entries=8192"),
		     LBCTL_OK);
	cr_assert_eq(memcmp(&limits_set_to, &expected, sizeof(expected)), 0);
	said("NAME     IN USE  LIMIT  PERCENT\n"
	     "devices  2       64     3\n"
	     "peers    30      30000  0\n",
	     "");
}

Test(steer, each_limit_sets_its_own)
{
	const struct lbmesh_counts expected = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

	cr_assert_eq(
		run("limits set cache-entries=12 message-bytes=11 endpoints=10 elements=9 "
		    "sets=8 rules=7 layers=6 members=5 peers=4 bridges=3 networks=2 devices=1"),
		LBCTL_OK);
	cr_assert_eq(memcmp(&limits_set_to, &expected, sizeof(expected)), 0);
}

Test(steer, the_cache_is_switched_off_by_0_and_nothing_else_is)
{
	const struct lbmesh_counts expected = {.cache_entries = LBMESH_CACHE_OFF};

	cr_assert_eq(run("limits set cache-entries=0"), LBCTL_OK);
	cr_assert_eq(memcmp(&limits_set_to, &expected, sizeof(expected)), 0);
	cr_assert_not_null(strstr(squeezed_stdout(), "cache-entries-0-"));
}

Test(steer, no_other_limit_is_set_to_0)
{
	cr_assert_eq(run("limits set peers=0"), LBCTL_USAGE);
	cr_assert_eq(limits_set_to.peers, 0);
}

Test(steer, a_container_may_not_set_limits)
{
	job_error = EPERM;
	cr_assert_eq(run("limits set peers=1"), LBCTL_FAILED);
	said("", "lbctl: said by a test; run as root of the machine, outside of any container\n");
}

Test(steer, wait_is_over_when_it_is_confirmed)
{
	later = now;
	later.state = LBMESH_STATE_ACTIVE;
	cr_assert_eq(run("wait --timeout 10"), LBCTL_OK);
	cr_assert_eq(n_generation, 2);
	said("state: active\ngeneration: 7\n", "");
}

Test(steer, wait_does_not_take_what_may_go_away_by_itself)
{
	cr_assert_eq(run("wait --generation 7 --timeout 1"), LBCTL_NOT_READY);
	cr_assert_gt(n_generation, 1);
	said("", "lbctl: not ready after 1 s: generation 7 is pending: 12.3 s left, then 6 "
		 "returns; lbctl confirm 7 keeps it\n");
}

Test(steer, wait_for_one_that_was_reverted_goes_on_waiting)
{
	later = now;
	later.number = 6;
	later.state = LBMESH_STATE_ACTIVE;
	cr_assert_eq(run("wait --generation 7 --timeout 1"), LBCTL_NOT_READY);
	said("", "lbctl: not ready after 1 s: state active, generation 6; run: lbctl status\n");
}

Test(steer, generation_says_how_long_it_is_pending_and_what_then)
{
	cr_assert_eq(run("generation --json"), LBCTL_OK);
	cr_assert_not_null(strstr(squeezed_stdout(), "\"state\":\"pending\",\"generation\":7,"
						     "\"pending_ms\":12300,\"fallback\":6,"));
}
