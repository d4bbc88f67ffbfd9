// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd-job.c - the commands that end a generation or its waiting: confirm,
 * revert, flush. Called by command.c.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "show.h"

static int job_timeout_ms(const struct options *options)
{
	return options->timeout_s ? (int)(options->timeout_s * 1000) : -1;
}

/* What is in force, as the end of a sentence. */
static void in_force(FILE *to, uint64_t number)
{
	if (number)
		(void)fprintf(to, "generation %llu is in force\n", (unsigned long long)number);
	else
		(void)fputs("nothing is in force\n", to);
}

static enum lbctl_exit report_nothing_pending(const struct lbmesh_generation *now)
{
	if (now->state == LBMESH_STATE_COMMITTING) {
		(void)fputs("lbctl: nothing is pending, but a job is running; run: lbctl wait\n",
			    stderr);
		return LBCTL_CONFLICT;
	}
	(void)fputs("lbctl: nothing is pending", stderr);
	if (now->has_last_result && now->last.error.code == ETIMEDOUT)
		(void)fputs(" any more, it was not confirmed in time", stderr);
	(void)fputs("; ", stderr);
	in_force(stderr, now->number);
	return LBCTL_FAILED;
}

/* The new state: in text a sentence alone says it. */
static enum lbctl_exit show_state(const struct options *options, uint64_t number,
				  const char *sentence)
{
	struct output *out lbctl_cleanup(output_freep) = output_new(options->json, stdout);

	if (!out)
		return report_memory();
	output_note(out, "%s", sentence);
	if (options->json) {
		output_field(out, "state",
			     value_text(lbmesh_state_name(number ? LBMESH_STATE_ACTIVE
								 : LBMESH_STATE_EMPTY)));
		output_field(out, "generation", value_u64(number));
	}
	return report_output(out);
}

typedef int (*settle_fn)(struct lbmesh *conn, uint64_t generation, int timeout_ms,
			 struct lbmesh_result *result, struct lbmesh_error *err);

/* Confirm and revert are alike. On success *number and *after are set. */
static enum lbctl_exit settle(const struct options *options, settle_fn fn, uint64_t *number,
			      uint64_t *after)
{
	struct lbmesh *conn lbctl_cleanup(lbmesh_closep) = NULL;
	struct lbmesh_generation now;
	struct lbmesh_result result;
	struct lbmesh_error err;
	enum lbctl_exit ret;
	int error;

	if (options->n_args > 1 && options_number(options->args[1], UINT64_MAX, number)) {
		(void)fprintf(stderr,
			      "lbctl: %s: \"%s\" is not the number of a generation; run: lbctl "
			      "help %s\n",
			      options->args[0], options->args[1], options->args[0]);
		return LBCTL_USAGE;
	}
	ret = connect_module(&conn);
	if (ret != LBCTL_OK)
		return ret;
	if (lbmesh_generation_get(conn, &now, &err))
		return report_error(&err);
	if (options->n_args == 1) {
		if (now.state != LBMESH_STATE_PENDING)
			return report_nothing_pending(&now);
		*number = now.number;
	}
	error = fn(conn, *number, job_timeout_ms(options), &result, &err);
	/* Its time may have been over since it was asked for. */
	if (error == -ENOENT && !lbmesh_generation_get(conn, &now, NULL))
		return report_nothing_pending(&now);
	if (error)
		return report_job_error(conn, options, &err);
	*after = result.generation;
	return LBCTL_OK;
}

/**
 * cmd_confirm() - lbctl confirm.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_confirm(const struct options *options)
{
	char sentence[80];
	uint64_t number = 0;
	uint64_t after = 0;
	enum lbctl_exit ret = settle(options, lbmesh_confirm, &number, &after);

	if (ret != LBCTL_OK)
		return ret;
	(void)snprintf(sentence, sizeof(sentence),
		       "generation %llu is confirmed and stays in force",
		       (unsigned long long)number);
	return show_state(options, after, sentence);
}

/**
 * cmd_revert() - lbctl revert.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_revert(const struct options *options)
{
	char sentence[120];
	uint64_t number = 0;
	uint64_t after = 0;
	enum lbctl_exit ret = settle(options, lbmesh_revert, &number, &after);

	if (ret != LBCTL_OK)
		return ret;
	if (after)
		(void)snprintf(sentence, sizeof(sentence),
			       "generation %llu is reverted; generation %llu is in force again",
			       (unsigned long long)number, (unsigned long long)after);
	else
		(void)snprintf(sentence, sizeof(sentence),
			       "generation %llu is reverted; nothing is in force",
			       (unsigned long long)number);
	return show_state(options, after, sentence);
}

/* Says what a flush will do; on stderr, for it is no output. */
static void announce(const struct lbmesh_generation *now)
{
	(void)fprintf(stderr,
		      "lbctl: flush ends generation %llu of this network namespace and removes "
		      "all peers (%u) from its WireGuard interfaces (%u); their tunnels stop",
		      (unsigned long long)now->number, now->counts.peers, now->counts.devices);
	if (now->state == LBMESH_STATE_PENDING)
		(void)fputs(", and the generation before does not return", stderr);
	(void)fputc('\n', stderr);
}

static enum lbctl_exit ask(const struct options *options)
{
	char answer[16];

	if (options->yes)
		return LBCTL_OK;
	if (!isatty(STDIN_FILENO)) {
		(void)fputs("lbctl: flush: standard input is no terminal; add --yes to do it\n",
			    stderr);
		return LBCTL_USAGE;
	}
	(void)fputs("Do it? [y/N] ", stderr);
	if (fgets(answer, sizeof(answer), stdin) &&
	    (!strcmp(answer, "y\n") || !strcmp(answer, "yes\n")))
		return LBCTL_OK;
	(void)fputs("lbctl: flush: nothing was done\n", stderr);
	return LBCTL_FAILED;
}

/**
 * cmd_flush() - lbctl flush.
 * @options: of the command line
 *
 * What was announced is what is flushed: when another generation came into
 * force meanwhile, it is a conflict.
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_flush(const struct options *options)
{
	struct lbmesh *conn lbctl_cleanup(lbmesh_closep) = NULL;
	struct lbmesh_generation now;
	struct lbmesh_result result;
	struct lbmesh_error err;
	char sentence[80];
	enum lbctl_exit ret = connect_module(&conn);

	if (ret == LBCTL_OK && lbmesh_generation_get(conn, &now, &err))
		ret = report_error(&err);
	if (ret != LBCTL_OK)
		return ret;
	if (now.state == LBMESH_STATE_EMPTY)
		return show_state(options, 0, "nothing is in force, so there is nothing to flush");
	announce(&now);
	ret = ask(options);
	if (ret != LBCTL_OK)
		return ret;
	if (lbmesh_flush(conn, &now.number, job_timeout_ms(options), &result, &err))
		return report_job_error(conn, options, &err);
	(void)snprintf(sentence, sizeof(sentence), "generation %llu has ended; nothing is in force",
		       (unsigned long long)now.number);
	return show_state(options, 0, sentence);
}
