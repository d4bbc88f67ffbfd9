// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections to PostgreSQL: what may be in the url, the settings of each session, and what the
 * server's errors mean (SQLSTATE, appendix A of PostgreSQL's manual).
 */
#include "store/postgres.h"

#include <errno.h>
#include <string.h>

/*
 * lock_timeout and the two others bound how long a controller waits, and how long one that hangs
 * in its transaction can hold the writer's place. A server whose default is to acknowledge before
 * the disk has it is asked for better.
 */
static const char session_settings[] = "SET lock_timeout = '10s'; SET statement_timeout = '60s'; "
				       "SET idle_in_transaction_session_timeout = '30s'; "
				       "SELECT set_config('synchronous_commit', 'on', false) "
				       "WHERE current_setting('synchronous_commit') = 'off'";

static void notice_ignore(void *argument, const PGresult *result)
{
	(void)argument;
	(void)result;
}

/* libpq's message, its first line. */
static int connection_fault(const PGconn *connection, struct fault *fault)
{
	const char *text = connection ? PQerrorMessage(connection) : "out of memory";

	fault_refuse(fault, CODE_STORE_UNAVAILABLE, NULL, "%.*s", (int)strcspn(text, "\n"), text);
	return -ENOTCONN;
}

static PGconn *connection_open(const char *url)
{
	/* What stands before the url is a default, what stands after it is not to be changed. */
	static const char *const names[] = {
		"connect_timeout",
		"tcp_user_timeout",
		"keepalives_idle",
		"keepalives_interval",
		"keepalives_count",
		"fallback_application_name",
		"dbname",
		"client_encoding",
		NULL,
	};
	const char *const values[] = {"5", "15000", "10", "5", "3", "lbd", url, "UTF8", NULL};

	return PQconnectdbParams(names, values, 1);
}

int postgres_connect(const char *url, PGconn **connection, struct fault *fault)
{
	PGconn *opened = connection_open(url);
	PGresult *result;
	int ret;

	if (!opened || PQstatus(opened) != CONNECTION_OK) {
		ret = connection_fault(opened, fault);
		PQfinish(opened);
		return ret;
	}
	PQsetNoticeReceiver(opened, notice_ignore, NULL);
	result = PQexec(opened, session_settings);
	ret = postgres_result_check(opened, result, "the session's settings", fault);
	PQclear(result);
	if (ret)
		PQfinish(opened);
	else
		*connection = opened;
	return ret;
}

/* By the whole SQLSTATE, or its class of two characters. */
static const struct {
	const char *state;
	int code;
	enum code refusal;
} states[] = {
	{"40001", -EAGAIN, CODE_STORE_CONFLICT}, /* serialization_failure */
	{"40P01", -EAGAIN, CODE_STORE_CONFLICT}, /* deadlock_detected */
	{"55P03", -EBUSY, CODE_STORE_CONFLICT}, /* lock_not_available: lock_timeout */
	{"57014", -EBUSY, CODE_STORE_CONFLICT}, /* query_canceled: statement_timeout */
	{"22021", -EINVAL, CODE_FIELD_VALUE}, /* character_not_in_repertoire: no UTF-8 */
	{"23505", -EEXIST, CODE_NONE}, /* unique_violation */
	{"23503", -EEXIST, CODE_NONE}, /* foreign_key_violation */
	{"25006", -ENOTCONN, CODE_STORE_UNAVAILABLE}, /* read only: a standby */
	{"25P03", -ENOTCONN, CODE_STORE_UNAVAILABLE}, /* idle_in_transaction_session_timeout */
	{"XX001", -EBADMSG, CODE_NONE}, /* data_corrupted */
	{"XX002", -EBADMSG, CODE_NONE}, /* index_corrupted */
	{"08", -ENOTCONN, CODE_STORE_UNAVAILABLE}, /* connection */
	{"53", -ENOTCONN, CODE_STORE_UNAVAILABLE}, /* disk, memory, connections */
	{"57", -ENOTCONN, CODE_STORE_UNAVAILABLE}, /* shutting down */
	{"58", -ENOTCONN, CODE_STORE_UNAVAILABLE}, /* system error */
};

int postgres_result_check(PGconn *connection, const PGresult *result, const char *doing,
			  struct fault *fault)
{
	ExecStatusType status = PQresultStatus(result);
	const char *state, *why;

	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return 0;
	state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	/* libpq's own errors have no SQLSTATE. */
	if (!state)
		return connection_fault(connection, fault);
	/* The detail of PostgreSQL's message would show values; they may be secrets. */
	why = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strncmp(state, states[i].state, strlen(states[i].state)) != 0)
			continue;
		fault_set(fault, states[i].code, NULL, "%s: %s", doing, why ? why : state);
		if (fault)
			fault->code = states[i].refusal;
		return states[i].code;
	}
	return fault_set(fault, -EIO, NULL, "%s: %s (SQLSTATE %s)", doing, why ? why : "", state);
}
