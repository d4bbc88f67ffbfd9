// SPDX-License-Identifier: GPL-2.0
/*
 * set-update: elements that are learned outside of commits. They are added and removed all or none, live
 * as long as their timeout and their set, survive commits, and count against the limit of elements.
 */

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "policy.h"
#include "raw.h"
#include "refusal.h"
#include "util.h"

FIXTURE(sets)
{
	struct raw raw;
	struct lbmesh *conn;
	struct lbmesh_result result;
};

#define ASSERT_RUN(commit) \
	ASSERT_EQ(0, run(self->conn, commit, &self->result)) \
		TH_LOG("\"%s\"", self->result.error.message)

/* Sets 1 and 2, and one element of set 1. */
static struct lbmesh_commit *two_sets(void)
{
	struct lbmesh_commit *commit = replace_new();

	put_set(commit, 1);
	put_set(commit, 2);
	put_element(commit, 1, "10.0.0.0/8");
	return commit;
}

FIXTURE_SETUP(sets)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	ASSERT_EQ(0, raw_open(&self->raw));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
	ASSERT_RUN(two_sets());
}

FIXTURE_TEARDOWN(sets)
{
	raw_close(&self->raw);
	lbmesh_close(self->conn);
}

#define STATED "element set 1 ipv4 10.0.0.0 prefix-len 8\n"

#define BEGIN() raw_begin(&self->raw, LBMESH_CMD_SET_UPDATE, 0)

#define ASSERT_UPDATED() do { \
	struct raw_answer answer_ = raw_ask(&self->raw); \
	ASSERT_EQ(0, answer_.error) TH_LOG("\"%s\"", answer_.message); \
} while (0)

#define EXPECT_REFUSED(error_, at, sentence) do { \
	struct raw_answer answer_ = raw_ask(&self->raw); \
	EXPECT_EQ(error_, answer_.error); \
	EXPECT_STREQ(sentence, answer_.message); \
	EXPECT_EQ(at, answer_.offset); \
} while (0)

static const char *elements(struct raw *raw, uint32_t set)
{
	return dump_text(raw, LBMESH_CMD_ELEMENT_GET, set);
}

#define EXPECT_ELEMENTS(want) EXPECT_STREQ(want, elements(&self->raw, 0))

/* Waits until the dump is this; false when that takes ten seconds. */
static bool comes_to(struct raw *raw, const char *want)
{
	for (uint64_t until = now_ms() + 10000; now_ms() < until; pause_ms(10)) {
		if (strcmp(elements(raw, 0), want) == 0)
			return true;
	}
	return false;
}

TEST_F(sets, learn_and_unlearn_elements_without_a_new_generation)
{
	BEGIN();
	learn(&self->raw, 2, "192.0.2.1", 0);
	learn(&self->raw, 1, "fd00::/64", 0);
	learn(&self->raw, 2, "0.0.0.0/0", 0);
	ASSERT_UPDATED();
	EXPECT_ELEMENTS(STATED "element set 1 ipv6 fd00:: prefix-len 64 learned\n"
			"element set 2 ipv4 0.0.0.0 prefix-len 0 learned\n"
			"element set 2 ipv4 192.0.2.1 prefix-len 32 learned\n");
	EXPECT_STREQ(STATED "element set 1 ipv6 fd00:: prefix-len 64 learned\n", elements(&self->raw, 1));
	EXPECT_EQ(1, generation_number(self->conn));
	BEGIN();
	learn(&self->raw, 2, "192.0.2.2", 0);
	unlearn(&self->raw, 2, "192.0.2.1");
	unlearn(&self->raw, 1, "fd00::/64");
	ASSERT_UPDATED();
	EXPECT_ELEMENTS(STATED "element set 2 ipv4 0.0.0.0 prefix-len 0 learned\n"
			"element set 2 ipv4 192.0.2.2 prefix-len 32 learned\n");
	BEGIN();
	unlearn(&self->raw, 2, "192.0.2.2");
	unlearn(&self->raw, 2, "0.0.0.0/0");
	ASSERT_UPDATED();
	EXPECT_ELEMENTS(STATED);
}

TEST_F(sets, show_one_learned_element_by_its_key)
{
	const char *want, *text;
	size_t nest;

	BEGIN();
	learn(&self->raw, 2, "10.0.0.0/8", 3600000);
	learn(&self->raw, 1, "10.0.0.0/8", 3600000);
	ASSERT_UPDATED();
	for (uint32_t set = 1; set <= 2; set++) {
		raw_begin(&self->raw, LBMESH_CMD_ELEMENT_GET, 0);
		nest = raw_nest(&self->raw, LBMESH_A_ELEMENT);
		raw_put_u32(&self->raw, LBMESH_A_ELEMENT_SET, set);
		raw_put(&self->raw, LBMESH_A_ELEMENT_IPV4, "\x0a\0\0", 4);
		raw_put_u8(&self->raw, LBMESH_A_ELEMENT_PREFIX_LEN, 8);
		raw_nest_end(&self->raw, nest);
		/* What was stated comes first. */
		want = set == 1 ? STATED : "element set 2 ipv4 10.0.0.0 prefix-len 8 timeout 3";
		text = answer_text(&self->raw);
		EXPECT_EQ(0, strncmp(want, text, strlen(want))) TH_LOG("%s", text);
	}
}

TEST_F(sets, refuse_what_is_wrong_and_then_learn_nothing)
{
	struct raw *raw = &self->raw;
	size_t at, nest;

	BEGIN();
	EXPECT_REFUSED(EINVAL, 0, "element is required");
	BEGIN();
	learn(raw, 2, "192.0.2.1", 0);
	at = learn(raw, 3, "192.0.2.1", 0);
	EXPECT_REFUSED(ENOENT, at + 4, "element: the generation in force has no such set");
	BEGIN();
	learn(raw, 2, "192.0.2.1", 0);
	at = learn(raw, 2, "192.0.2.1", 1000);
	EXPECT_REFUSED(EEXIST, at, "element: the address comes twice in the message");
	BEGIN();
	learn(raw, 2, "192.0.2.1", 0);
	at = unlearn(raw, 2, "192.0.2.1");
	EXPECT_REFUSED(ENOENT, at,
		       "element: there is none with this address to remove that set-update has added");
	BEGIN();
	learn(raw, 2, "192.0.2.1", 0);
	at = unlearn(raw, 1, "10.0.0.0/8");
	EXPECT_REFUSED(ENOENT, at,
		       "element: there is none with this address to remove that set-update has added");
	BEGIN();
	learn(raw, 2, "192.0.2.1", 0);
	nest = raw_nest(raw, LBMESH_A_ELEMENT);
	raw_put_u32(raw, LBMESH_A_ELEMENT_SET, 2);
	at = raw_put(raw, LBMESH_A_ELEMENT_IPV4, "\x0a\0\0\1", 4);
	raw_put_u8(raw, LBMESH_A_ELEMENT_PREFIX_LEN, 24);
	raw_nest_end(raw, nest);
	EXPECT_REFUSED(EINVAL, at,
		       "element: bits of the address beyond prefix-len are not zero");
	EXPECT_ELEMENTS(STATED);
	/* What is there stays, with its timeout. */
	BEGIN();
	learn(raw, 2, "192.0.2.1", 0);
	ASSERT_UPDATED();
	BEGIN();
	learn(raw, 2, "192.0.2.1", 1);
	unlearn(raw, 2, "192.0.2.1");
	EXPECT_EQ(EEXIST, raw_ask(raw).error);
	BEGIN();
	unlearn(raw, 2, "192.0.2.1");
	unlearn(raw, 2, "192.0.2.1");
	EXPECT_EQ(EEXIST, raw_ask(raw).error);
	BEGIN();
	learn(raw, 2, "192.0.2.1", 1);
	learn(raw, 3, "192.0.2.1", 1);
	EXPECT_EQ(ENOENT, raw_ask(raw).error);
	pause_ms(300);
	EXPECT_ELEMENTS(STATED "element set 2 ipv4 192.0.2.1 prefix-len 32 learned\n");
}

TEST_F(sets, are_none_without_a_generation)
{
	ASSERT_EQ(0, flush(self->conn, &self->result));
	BEGIN();
	learn(&self->raw, 1, "192.0.2.1", 0);
	EXPECT_EQ(ENOENT, raw_ask(&self->raw).error);
	EXPECT_ELEMENTS("");
}

TEST_F(sets, forget_an_element_when_its_time_is_over)
{
	const char *text;
	int left;

	BEGIN();
	learn(&self->raw, 2, "192.0.2.1", 300);
	learn(&self->raw, 2, "192.0.2.2", 3600000);
	learn(&self->raw, 2, "192.0.2.3", 0);
	ASSERT_UPDATED();
	EXPECT_EQ(4, count_lines(elements(&self->raw, 0)));
	for (int i = 0; i < 500 && count_lines(elements(&self->raw, 0)) == 4; i++)
		pause_ms(10);
	text = elements(&self->raw, 0);
	EXPECT_EQ(3, count_lines(text)) TH_LOG("%s", text);
	EXPECT_EQ(NULL, strstr(text, "192.0.2.1 "));
	ASSERT_NE(NULL, strstr(text, "192.0.2.2 prefix-len 32 timeout "));
	left = atoi(strstr(text, "timeout ") + 8);
	EXPECT_TRUE(left > 3500000 && left < 3600000) TH_LOG("%d ms are left", left);
	EXPECT_NE(NULL, strstr(text, "192.0.2.3 prefix-len 32 learned\n"));
}

TEST_F(sets, give_an_element_that_is_learned_again_its_new_timeout)
{
	BEGIN();
	learn(&self->raw, 2, "192.0.2.1", 400);
	learn(&self->raw, 2, "192.0.2.2", 3600000);
	learn(&self->raw, 2, "192.0.2.3", 400);
	learn(&self->raw, 2, "192.0.2.4", 0);
	ASSERT_UPDATED();
	BEGIN();
	learn(&self->raw, 2, "192.0.2.1", 3600000);
	learn(&self->raw, 2, "192.0.2.2", 1);
	learn(&self->raw, 2, "192.0.2.3", 0);
	learn(&self->raw, 2, "192.0.2.4", 1);
	ASSERT_UPDATED();
	pause_ms(1000);
	EXPECT_EQ(3, count_lines(elements(&self->raw, 0))) TH_LOG("%s", elements(&self->raw, 0));
	BEGIN();
	unlearn(&self->raw, 2, "192.0.2.1");
	unlearn(&self->raw, 2, "192.0.2.3");
	ASSERT_UPDATED();
	EXPECT_ELEMENTS(STATED);
}

TEST_F(sets, forget_thousands_whose_time_is_over)
{
	char prefix[32];

	for (int message = 0; message < 40; message++) {
		BEGIN();
		for (int i = 0; i < 200; i++) {
			snprintf(prefix, sizeof(prefix), "172.16.%d.%d", message, i);
			learn(&self->raw, 1 + i % 2, prefix, 1 + i % 17 * 20);
		}
		ASSERT_UPDATED();
	}
	EXPECT_TRUE(comes_to(&self->raw, STATED)) TH_LOG("%s", elements(&self->raw, 0));
}

TEST_F(sets, keep_what_they_have_learned_over_commits_until_they_go)
{
	struct lbmesh_commit *commit;

	BEGIN();
	learn(&self->raw, 1, "192.0.2.1", 0);
	learn(&self->raw, 2, "192.0.2.2", 3600000);
	ASSERT_UPDATED();
	ASSERT_RUN(two_sets());
	EXPECT_EQ(1, generation_number(self->conn)) TH_LOG("it is no part of the generation");
	commit = delta_new(1);
	put_layer(commit, 1);
	ASSERT_RUN(commit);
	EXPECT_EQ(3, count_lines(elements(&self->raw, 0)));
	commit = delta_new(2);
	must(lbmesh_commit_remove_set(commit, 2));
	ASSERT_RUN(commit);
	EXPECT_ELEMENTS(STATED "element set 1 ipv4 192.0.2.1 prefix-len 32 learned\n");
	commit = delta_new(3);
	put_set(commit, 2);
	ASSERT_RUN(commit);
	EXPECT_STREQ("", elements(&self->raw, 2));
	ASSERT_EQ(0, flush(self->conn, &self->result));
	EXPECT_ELEMENTS("");
	ASSERT_RUN(two_sets());
	EXPECT_ELEMENTS(STATED);
}

TEST_F(sets, learn_while_a_generation_is_pending_and_forget_nothing_that_may_return)
{
	struct lbmesh_commit *commit = replace_new();

	BEGIN();
	learn(&self->raw, 2, "192.0.2.2", 0);
	ASSERT_UPDATED();
	put_set(commit, 1);
	put_set(commit, 3);
	lbmesh_commit_set_confirm_timeout(commit, 60000);
	ASSERT_RUN(commit);
	BEGIN();
	learn(&self->raw, 1, "192.0.2.1", 0);
	learn(&self->raw, 3, "192.0.2.3", 0);
	ASSERT_UPDATED();
	BEGIN();
	learn(&self->raw, 2, "192.0.2.9", 0);
	EXPECT_EQ(ENOENT, raw_ask(&self->raw).error);
	ASSERT_EQ(0, revert(self->conn, 2, &self->result));
	EXPECT_ELEMENTS(STATED "element set 1 ipv4 192.0.2.1 prefix-len 32 learned\n"
			"element set 2 ipv4 192.0.2.2 prefix-len 32 learned\n");
	/* Confirmed, it goes for good. */
	commit = replace_new();
	put_set(commit, 1);
	lbmesh_commit_set_confirm_timeout(commit, 60000);
	ASSERT_RUN(commit);
	ASSERT_EQ(0, confirm(self->conn, 3, &self->result));
	EXPECT_ELEMENTS("element set 1 ipv4 192.0.2.1 prefix-len 32 learned\n");
}

TEST_F(sets, hold_no_more_than_the_limit_stated_or_learned)
{
	struct lbmesh_counts three = { .elements = 3 };
	struct lbmesh_commit *commit;
	size_t at;

	ASSERT_EQ(0, lbmesh_limits_set(self->conn, &three, NULL));
	BEGIN();
	learn(&self->raw, 2, "192.0.2.1", 0);
	learn(&self->raw, 2, "192.0.2.2", 0);
	at = learn(&self->raw, 2, "192.0.2.3", 0);
	EXPECT_REFUSED(ENOSPC, at, "element: more than the limit of this namespace");
	BEGIN();
	learn(&self->raw, 2, "192.0.2.1", 0);
	learn(&self->raw, 2, "192.0.2.2", 0);
	ASSERT_UPDATED();
	commit = delta_new(1);
	put_element(commit, 1, "10.0.0.1");
	EXPECT_EQ(ENOSPC, run(self->conn, commit, &self->result));
	EXPECT_STREQ("element: more than the limit of this namespace", self->result.error.message);
	/* One goes, one comes; the same again is no more. */
	BEGIN();
	learn(&self->raw, 2, "192.0.2.3", 0);
	learn(&self->raw, 2, "192.0.2.2", 1000);
	unlearn(&self->raw, 2, "192.0.2.1");
	ASSERT_UPDATED();
	/* What is there may stay when the limit is lowered. */
	three.elements = 1;
	ASSERT_EQ(0, lbmesh_limits_set(self->conn, &three, NULL));
	ASSERT_RUN(two_sets());
	BEGIN();
	learn(&self->raw, 2, "192.0.2.1", 0);
	EXPECT_EQ(ENOSPC, raw_ask(&self->raw).error);
	BEGIN();
	unlearn(&self->raw, 2, "192.0.2.2");
	unlearn(&self->raw, 2, "192.0.2.3");
	ASSERT_UPDATED();
}

TEST_F(sets, end_with_their_namespace)
{
	BEGIN();
	learn(&self->raw, 1, "192.0.2.1", 0);
	learn(&self->raw, 1, "192.0.2.2", 3600000);
	learn(&self->raw, 1, "192.0.2.3", 100);
	ASSERT_UPDATED();
	/* Nothing is flushed; kmemleak and the unloading of the module tell. */
}

/* Updates, dumps and commits of several processes at once. */
TEST_F(sets, can_be_updated_by_many_at_once)
{
	int status;

	for (int child = 0; child < 4; child++) {
		if (fork())
			continue;
		raw_close(&self->raw);
		if (raw_open(&self->raw))
			_exit(1);
		for (int i = 0; i < 50; i++) {
			char prefix[32];

			snprintf(prefix, sizeof(prefix), "192.0.%d.%d", child, i);
			raw_begin(&self->raw, LBMESH_CMD_SET_UPDATE, 0);
			learn(&self->raw, 2, prefix, i % 3 * 50);
			if (raw_ask(&self->raw).error)
				_exit(2);
			elements(&self->raw, 0);
		}
		_exit(0);
	}
	for (int i = 0; i < 20; i++) {
		struct lbmesh_commit *commit = two_sets();

		put_layer(commit, i + 1);
		ASSERT_RUN(commit);
	}
	for (int child = 0; child < 4; child++) {
		ASSERT_LT(0, wait(&status));
		EXPECT_EQ(0, status);
	}
	pause_ms(500);
	/* Those without a timeout: every third. */
	EXPECT_EQ(4 * 17, count_lines(elements(&self->raw, 2)));
}

TEST_HARNESS_MAIN
