// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd-audit.c - lbctl audit, which lists how WireGuard differs from the
 * generation in force, and lbctl repair, which mends it. Called by command.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "show.h"

/* What a job found; its result has a cookie when it has ended. */
struct findings {
	struct vector drifts; /* struct drift; by device, key, kind */
	bool no_memory; /* not all of them are there */
	struct lbmesh_result result;
	struct lbmesh_error err; /* with a code when the job or its list failed */
};

static void findings_free(struct findings *findings)
{
	free(findings->drifts.items);
}

static int take_drift(const struct lbmesh_drift *drift, void *data)
{
	struct findings *findings = data;
	struct drift *item = vector_add(&findings->drifts);

	if (item)
		item->drift = *drift;
	else
		findings->no_memory = true;
	return item ? 0 : -ENOMEM;
}

static int compare_drifts(const void *a, const void *b)
{
	const struct lbmesh_drift *x = &((const struct drift *)a)->drift;
	const struct lbmesh_drift *y = &((const struct drift *)b)->drift;
	int order = (x->device > y->device) - (x->device < y->device);

	/* Without a key it is all zero, so what is about the device comes first. */
	if (!order)
		order = memcmp(x->public_key, y->public_key, LBMESH_KEY_LEN);
	return order ? order : (int)x->kind - (int)y->kind;
}

typedef int (*audit_fn)(struct lbmesh *conn, lbmesh_drift_fn fn, void *data, int timeout_ms,
			struct lbmesh_result *result, struct lbmesh_error *err);

static void find(struct lbmesh *conn, audit_fn fn, const struct options *options,
		 struct findings *findings)
{
	int timeout_ms = options->timeout_s ? (int)(options->timeout_s * 1000) : -1;

	*findings = (struct findings){.drifts.size = sizeof(struct drift)};
	/* A failure that is not the callback's is in err. */
	(void)fn(conn, take_drift, findings, timeout_ms, &findings->result, &findings->err);
	if (findings->no_memory)
		findings->err = (struct lbmesh_error){.code = ENOMEM, .message = "out of memory"};
	if (findings->drifts.count)
		qsort(findings->drifts.items, findings->drifts.count, findings->drifts.size,
		      compare_drifts);
}

static enum lbctl_exit report_audit_error(struct lbmesh *conn, const struct options *options,
					  const struct lbmesh_error *err)
{
	if (err->code != ENOENT)
		return report_job_error(conn, options, err);
	return report_error_as(err, LBCTL_NOT_READY, "run this when a commit is in force");
}

/* What is only for people. */
static void show_sentence(struct output *out, const struct findings *findings, bool repair)
{
	unsigned long long number = (unsigned long long)findings->result.generation;
	size_t count = findings->drifts.count;
	const char *least = findings->result.error.message[0] ? "at least " : "";
	const char *s = count == 1 ? "" : "s";

	if (!count && !findings->err.code)
		output_note(out, "WireGuard is what generation %llu says", number);
	else if (!repair)
		output_note(out, "%s%zu difference%s from generation %llu; run: lbctl repair",
			    least, count, s, number);
	else if (!findings->err.code)
		output_note(out, "%s%zu difference%s from generation %llu, mended", least, count, s,
			    number);
}

static enum lbctl_exit show_findings(struct lbmesh *conn, const struct options *options,
				     const struct findings *findings, bool repair)
{
	struct output *out lbctl_cleanup(output_freep) = NULL;
	struct snapshot snapshot lbctl_cleanup(snapshot_free) = {0};
	enum lbctl_exit ret = snapshot_read(conn, SNAPSHOT_DEVICES, &snapshot);

	if (ret != LBCTL_OK)
		return ret;
	out = output_new(options->json, stdout);
	if (!out)
		return report_memory();
	if (options->json)
		output_field(out, "generation", value_u64(findings->result.generation));
	if (options->json || findings->drifts.count)
		show_drifts(out, &snapshot, &findings->drifts, repair);
	/* "1,024 are listed, there are more". */
	if (!findings->err.code && findings->result.error.message[0])
		output_field(out, "message", value_text(findings->result.error.message));
	show_sentence(out, findings, repair);
	return report_output(out);
}

/**
 * cmd_audit() - lbctl audit.
 * @options: of the command line
 *
 * Return: the exit code; LBCTL_DRIFT when there is a difference.
 */
enum lbctl_exit cmd_audit(const struct options *options)
{
	struct lbmesh *conn lbctl_cleanup(lbmesh_closep) = NULL;
	struct findings findings lbctl_cleanup(findings_free) = {0};
	enum lbctl_exit ret = connect_module(&conn);

	if (ret != LBCTL_OK)
		return ret;
	find(conn, lbmesh_audit, options, &findings);
	if (findings.err.code)
		return report_audit_error(conn, options, &findings.err);
	ret = show_findings(conn, options, &findings, false);
	return ret == LBCTL_OK && findings.drifts.count ? LBCTL_DRIFT : ret;
}

static bool has_drift(const struct findings *findings, const struct drift *drift)
{
	const struct vector *all = &findings->drifts;

	return all->count && bsearch(drift, all->items, all->count, all->size, compare_drifts);
}

/* The kernel does not say what it could not mend, but an audit afterwards does. */
static void find_mended(struct lbmesh *conn, const struct options *options,
			struct findings *findings)
{
	struct findings left lbctl_cleanup(findings_free) = {0};
	struct drift *items = findings->drifts.items;

	if (findings->err.code)
		find(conn, lbmesh_audit, options, &left);
	if (left.err.code)
		return;
	for (size_t i = 0; i < findings->drifts.count; i++) {
		items[i].known = true;
		items[i].mended = !has_drift(&left, &items[i]);
	}
}

static enum lbctl_exit report_unmended(struct lbmesh *conn, const struct options *options,
				       const struct lbmesh_error *err)
{
	switch (err->code) {
	case ENOKEY:
		return report_error_as(err, LBCTL_DRIFT,
				       "a restart of lbd agent does so; then run this again");
	case ENODEV:
		return report_error_as(err, LBCTL_DRIFT,
				       "a restart of lbd agent makes its interface again");
	default:
		return report_job_error(conn, options, err);
	}
}

/**
 * cmd_repair() - lbctl repair.
 * @options: of the command line
 *
 * Return: the exit code; LBCTL_DRIFT when a difference could not be mended.
 */
enum lbctl_exit cmd_repair(const struct options *options)
{
	struct lbmesh *conn lbctl_cleanup(lbmesh_closep) = NULL;
	struct findings findings lbctl_cleanup(findings_free) = {0};
	enum lbctl_exit ret = connect_module(&conn);

	if (ret != LBCTL_OK)
		return ret;
	find(conn, lbmesh_repair, options, &findings);
	/* Refused, or not ended: nothing to show. */
	if (findings.err.code && !findings.result.cookie)
		return report_audit_error(conn, options, &findings.err);
	find_mended(conn, options, &findings);
	ret = show_findings(conn, options, &findings, true);
	if (ret == LBCTL_OK && findings.err.code)
		return report_unmended(conn, options, &findings.err);
	return ret;
}
