// SPDX-License-Identifier: GPL-2.0-only
/* Audit, kept answers, settings and numbers, on SQLite and on PostgreSQL. */
#include "store/test-database.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct trail {
	const char *org;
	int64_t before;
	size_t limit;
	struct store_audit *list;
	size_t n;
};

static int trail_read(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct trail *trail = argument;

	return store_audit_list(tx, trail->org, trail->before, trail->limit, &trail->list,
				&trail->n, fault);
}

static int trail_write(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct store_audit audit = {.at = 7,
				    .org = "org_a",
				    .actor = "uid:0",
				    .action = "network.create",
				    .target = "net_a",
				    .request = "req_1",
				    .detail = argument};

	return store_audit(tx, &audit, fault);
}

STORE_TEST(the_audit_log_is_read_newest_first_in_pages)
{
	struct trail trail = {.org = "org_a", .limit = 2};
	struct fault fault = {0};

	for (int i = 0; i < 3; i++)
		cr_assert_eq(store_write(database->store, trail_write, i == 2 ? "{\"a\":1}" : NULL,
					 &fault),
			     0, "%s", fault.text);
	cr_assert_eq(store_read(database->store, trail_read, &trail, &fault), 0);
	cr_assert_eq(trail.n, 2);
	cr_assert_eq(trail.list[0].sequence, 3);
	cr_assert_str_eq(trail.list[0].detail, "{\"a\":1}");
	cr_assert_str_eq(trail.list[0].target, "net_a");
	cr_assert_null(trail.list[1].detail);
	store_audits_release(trail.list, trail.n);
	trail.before = 2;
	cr_assert_eq(store_read(database->store, trail_read, &trail, &fault), 0);
	cr_assert_eq(trail.n, 1);
	store_audits_release(trail.list, trail.n);
	trail.org = "org_b";
	cr_assert_eq(store_read(database->store, trail_read, &trail, &fault), 0);
	cr_assert_eq(trail.n, 0);
	store_audits_release(trail.list, trail.n);
}

static int answer_put(struct store_tx *tx, void *argument, struct fault *fault)
{
	return store_answer_put(tx, "tok_a", "key", 500, argument, fault);
}

struct asked {
	int64_t now;
	struct store_answer answer;
};

static int answer_get(struct store_tx *tx, void *argument, struct fault *fault)
{
	struct asked *asked = argument;

	return store_answer_get(tx, "tok_a", "key", asked->now, &asked->answer, fault);
}

static int answers_trim(struct store_tx *tx, void *argument, struct fault *fault)
{
	(void)argument;
	return store_answer_trim(tx, 500, fault);
}

STORE_TEST(an_answer_is_kept_until_it_expires)
{
	struct store_answer answer = {.request_hash = {1, 2, 3},
				      .status = 201,
				      .body = "{}",
				      .location = "/v1/x",
				      .etag = "\"1\""};
	struct asked asked = {.now = 499};
	struct fault fault = {0};

	cr_assert_eq(store_write(database->store, answer_put, &answer, &fault), 0, "%s",
		     fault.text);
	cr_assert_eq(store_read(database->store, answer_get, &asked, &fault), 0, "%s", fault.text);
	cr_assert_eq(asked.answer.status, 201);
	cr_assert_str_eq(asked.answer.body, "{}");
	cr_assert_str_eq(asked.answer.location, "/v1/x");
	cr_assert_arr_eq(asked.answer.request_hash, answer.request_hash, 32);
	store_answer_release(&asked.answer);
	asked.now = 500;
	cr_assert_eq(store_read(database->store, answer_get, &asked, &fault), -ENOENT);
	cr_assert_eq(store_write(database->store, answers_trim, NULL, &fault), 0);
	asked.now = 0;
	cr_assert_eq(store_read(database->store, answer_get, &asked, &fault), -ENOENT);
}

static int settings(struct store_tx *tx, void *argument, struct fault *fault)
{
	char *value = NULL;
	int64_t number;
	int ret;

	(void)argument;
	cr_assert_eq(store_setting_get(tx, "colour", &value, fault), -ENOENT);
	if ((ret = store_setting_put(tx, "colour", "red", fault)) ||
	    (ret = store_setting_put(tx, "colour", "blue", fault)) ||
	    (ret = store_setting_get(tx, "colour", &value, fault)))
		return ret;
	cr_assert_str_eq(value, "blue");
	free(value);
	for (int64_t i = 1; i <= 3; i++) {
		if ((ret = store_number_next(tx, "network", &number, fault)))
			return ret;
		cr_assert_eq(number, i);
	}
	return store_number_next(tx, "other", &number, fault);
}

STORE_TEST(settings_are_replaced_and_numbers_count_from_one)
{
	struct fault fault = {0};

	cr_assert_eq(database_write(database->store, settings, NULL, &fault), 0, "%s", fault.text);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
