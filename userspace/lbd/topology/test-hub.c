// SPDX-License-Identifier: GPL-2.0-only
/* The hub: who is sent what, in which form, and when it ends. */
#include "topology/hub.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct hub_options options = {.history_frames = 4, .history_bytes = 1 << 20};
static uint8_t public_key[RECORD_SIGN_PUBLIC];
static struct hub *hub;
static unsigned int told;

static void ready(struct subscriber *subscriber, void *owner)
{
	cr_assert_eq(*(struct subscriber **)owner, subscriber);
	told++;
}

static void hub_make(void)
{
	static const uint8_t seed[crypto_sign_SEEDBYTES] = {3};

	cr_assert_geq(sodium_init(), 0);
	crypto_sign_seed_keypair(public_key, options.secret, seed);
	options.ready = ready;
	hub = hub_new(&options);
}

/* With other options than those of the suite. */
static void hub_remake(void)
{
	hub_free(hub);
	hub = hub_new(&options);
}

static void hub_end(void)
{
	hub_free(hub);
}

TestSuite(hub, .init = hub_make, .fini = hub_end);

static uint64_t version_of(const char *log)
{
	const struct fragment *fragment = hub_fragment(hub, log);

	return fragment ? fragment_version(fragment) : 0;
}

static int append(const char *log, uint64_t version, const char *key, const char *value)
{
	struct record record = {
		.version = version, .value = value, .value_size = value ? strlen(value) : 0};
	struct frame *frame;
	int ret;

	snprintf(record.log, sizeof(record.log), "%s", log);
	snprintf(record.key, sizeof(record.key), "%s", key);
	frame = record_seal(&record, options.secret);
	ret = hub_append(hub, &record, frame, NULL);
	frame_release(frame);
	return ret;
}

/* value NULL removes. */
static void set(const char *log, const char *key, const char *value)
{
	cr_assert_eq(append(log, version_of(log) + 1, key, value), 0, "%s %s", log, key);
}

/* The owner of a subscriber is the place of its pointer. */
static void subscribe(struct subscriber **subscriber, const struct cursor *cursors, size_t n)
{
	struct fault fault = {0};

	cr_assert_eq(hub_subscribe(hub, "host_1", cursors, n, subscriber, subscriber, &fault), 0,
		     "%s", fault.text);
}

/* All that is to be sent, as text: "log:version" of a change, "=" a whole one, "!" an end. */
static const char *sent(struct subscriber *subscriber)
{
	static char text[1024];
	struct frame *frame;

	text[0] = '\0';
	while ((frame = hub_next(subscriber))) {
		struct frame_view view;
		size_t used = strlen(text);

		cr_assert_eq(frame_open(frame->bytes, frame->size, public_key, &view, NULL), 0);
		snprintf(text + used, sizeof(text) - used, "%s%s%c%llu", used ? " " : "",
			 view.record.log,
			 view.type == RECORD_CHANGE ? ':'
			 : view.type == RECORD_END  ? '!'
						    : '=',
			 (unsigned long long)view.record.version);
		frame_release(frame);
	}
	return text;
}

/* host_1 is in workspace ws_1 of org_1, and in net_1. */
static void world_make(void)
{
	set("org_1", "firewall/fw_1", "{\"firewall\":\"fw_1\",\"priority\":1}");
	set("fw_1", "firewall", "{}");
	set("ws_1", "workspace", "{\"org\":\"org_1\"}");
	set("net_1", "network", "{}");
	set("net_2", "network", "{}");
	set("net_3", "network", "{}");
	set("host_1", "host", "{\"workspace\":\"ws_1\"}");
	set("host_1", "membership/m1", "{\"network\":\"net_1\"}");
}

Test(hub, who_is_new_gets_every_log_that_it_may_follow)
{
	struct subscriber *subscriber;
	const char *text;

	world_make();
	subscribe(&subscriber, NULL, 0);
	text = sent(subscriber);
	cr_assert_not_null(strstr(text, "host_1=2"));
	cr_assert_not_null(strstr(text, "ws_1=1"));
	cr_assert_not_null(strstr(text, "org_1=1"));
	cr_assert_not_null(strstr(text, "fw_1=1"));
	cr_assert_not_null(strstr(text, "net_1=1"));
	cr_assert_null(strstr(text, "net_2"));
	cr_assert_str_eq(sent(subscriber), "");
}

Test(hub, a_change_is_told_once_and_sent_as_the_same_bytes_to_everyone)
{
	struct subscriber *a, *b;
	struct frame *left, *right;

	world_make();
	subscribe(&a, NULL, 0);
	subscribe(&b, NULL, 0);
	sent(a);
	sent(b);
	cr_assert_eq(told, 0);
	set("net_1", "member/x", "{}");
	cr_assert_eq(told, 2);
	set("net_1", "member/y", "{}");
	cr_assert_eq(told, 2, "who has not asked yet is not told again");
	left = hub_next(a);
	right = hub_next(b);
	cr_assert_eq(left, right);
	frame_release(left);
	frame_release(right);
	cr_assert_str_eq(sent(a), "net_1:3");
	cr_assert_str_eq(sent(b), "net_1:3");
	set("net_1", "member/y", NULL);
	cr_assert_eq(told, 4);
	set("net_2", "member/y", "{}");
	cr_assert_eq(told, 4, "what nobody follows is told to nobody");
}

Test(hub, cursors_continue_where_they_were)
{
	struct cursor cursors[] = {{"host_1", 2}, {"net_1", 2}, {"ws_1", 1},
				   {"org_1", 1},  {"fw_1", 1},	{"net_2", 1}};
	struct subscriber *subscriber;
	uint64_t version;

	world_make();
	for (unsigned int i = 0; i < 4; i++)
		set("net_1", "member/x", i % 2 ? NULL : "{}");
	subscribe(&subscriber, cursors, 6);
	cr_assert(hub_position(subscriber, "net_1", &version));
	cr_assert_eq(version, 2);
	cr_assert_not(hub_position(subscriber, "net_2", &version));
	cr_assert_not(hub_position(subscriber, "net_9", &version));
	cr_assert_str_eq(sent(subscriber), "net_1:3 net_2!1 net_1:4 net_1:5");
	cr_assert(hub_position(subscriber, "net_1", &version));
	cr_assert_eq(version, 5);
}

Test(hub, who_is_behind_the_history_gets_the_whole)
{
	struct cursor cursors[] = {
		{"host_1", 2}, {"net_1", 1}, {"ws_1", 1}, {"org_1", 1}, {"fw_1", 1}};
	struct subscriber *subscriber;

	world_make();
	for (unsigned int i = 0; i < 5; i++)
		set("net_1", "member/x", i % 2 ? NULL : "{}");
	subscribe(&subscriber, cursors, 5);
	cr_assert_str_eq(sent(subscriber), "net_1=6");
}

Test(hub, the_history_is_bounded_by_bytes_too)
{
	struct cursor cursors[] = {
		{"host_1", 2}, {"net_1", 1}, {"ws_1", 1}, {"org_1", 1}, {"fw_1", 1}};
	struct subscriber *subscriber;
	struct hub_counts counts;
	char large[300];

	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	options.history_bytes = 500;
	hub_remake();
	world_make();
	set("net_1", "member/x", "{}");
	set("net_1", "member/x", large);
	subscribe(&subscriber, cursors, 5);
	cr_assert_str_eq(sent(subscriber), "net_1=3");
	hub_counts(hub, &counts);
	cr_assert_leq(counts.history_bytes, 3000);
}

Test(hub, a_cursor_ahead_of_its_log_gets_the_whole)
{
	struct cursor cursors[] = {
		{"host_1", 99}, {"net_1", 1}, {"ws_1", 1}, {"org_1", 1}, {"fw_1", 1}};
	struct subscriber *subscriber;

	world_make();
	subscribe(&subscriber, cursors, 5);
	cr_assert_str_eq(sent(subscriber), "host_1=2");
}

Test(hub, a_cursor_of_a_log_that_has_nothing_yet_is_ahead)
{
	struct cursor cursor = {"host_1", 5};
	struct subscriber *subscriber;

	subscribe(&subscriber, &cursor, 1);
	cr_assert_str_eq(sent(subscriber), "host_1=0");
}

Test(hub, a_fragment_is_signed_again_only_when_enough_has_changed)
{
	struct subscriber *subscribers[3];
	struct cursor cursors[] = {{"host_1", 2}, {"ws_1", 1}, {"org_1", 1}, {"fw_1", 1}};
	char key[32];

	world_make();
	for (unsigned int i = 0; i < 20; i++) {
		snprintf(key, sizeof(key), "member/%u", i);
		set("net_1", key,
		    "{\"a value\":\"of a usual length, which is some hundred bytes\"}");
	}
	subscribe(&subscribers[0], cursors, 4);
	cr_assert_str_eq(sent(subscribers[0]), "net_1=21");
	set("net_1", "member/x", "{}");
	subscribe(&subscribers[1], cursors, 4);
	cr_assert_str_eq(sent(subscribers[1]), "net_1=21 net_1:22");
	set("net_1", "member/y", "{}");
	subscribe(&subscribers[2], cursors, 4);
	cr_assert_str_eq(sent(subscribers[2]), "net_1=23");
}

Test(hub, a_cursor_of_a_log_that_is_not_followed_is_answered_by_an_end)
{
	struct cursor cursors[] = {{"host_1", 2}, {"ws_1", 1},	{"org_1", 1}, {"fw_1", 1},
				   {"net_1", 1},  {"net_2", 1}, {"net_9", 1}};
	struct subscriber *a, *b;

	world_make();
	set("net_2", "member/x", "{}");
	subscribe(&a, cursors, 7);
	cr_assert_str_eq(sent(a), "net_2!1", "the version that it has, not the one of the log");
	/* Followed again before it was told, it goes on. */
	subscribe(&b, cursors, 7);
	set("host_1", "membership/m2", "{\"network\":\"net_2\"}");
	cr_assert_str_eq(sent(b), "host_1:3 net_2:2");
}

Test(hub, a_slow_reader_costs_no_more_than_its_place)
{
	struct subscriber *subscriber;
	struct hub_counts before, after;

	world_make();
	subscribe(&subscriber, NULL, 0);
	sent(subscriber);
	hub_counts(hub, &before);
	for (unsigned int i = 0; i < 1000; i++)
		set("net_1", "member/x", "{}");
	hub_counts(hub, &after);
	cr_assert_eq(before.positions, after.positions);
	cr_assert_leq(after.history_bytes, 6400);
	cr_assert_eq(told, 1);
	cr_assert_str_eq(sent(subscriber), "net_1=1001");
}

Test(hub, joining_and_leaving_a_network_begins_and_ends_following_it)
{
	struct subscriber *subscriber;
	uint64_t version;

	world_make();
	subscribe(&subscriber, NULL, 0);
	sent(subscriber);
	set("host_1", "membership/m2", "{\"network\":\"net_2\"}");
	cr_assert_eq(told, 1);
	cr_assert_str_eq(sent(subscriber), "net_2=1 host_1:3");
	/* A second member of the same host: the first to go does not end it. */
	set("host_1", "membership/m3", "{\"network\":\"net_2\"}");
	set("host_1", "membership/m2", NULL);
	cr_assert_str_eq(sent(subscriber), "host_1:4 host_1:5");
	set("host_1", "membership/m3", NULL);
	cr_assert_not(hub_position(subscriber, "net_2", &version));
	cr_assert_str_eq(sent(subscriber), "net_2!1 host_1:6");
	set("net_2", "member/x", "{}");
	cr_assert_str_eq(sent(subscriber), "");
}

Test(hub, an_end_that_was_not_told_is_taken_back)
{
	struct subscriber *subscriber;

	world_make();
	subscribe(&subscriber, NULL, 0);
	sent(subscriber);
	set("host_1", "membership/m1", NULL);
	set("net_1", "member/x", "{}");
	set("host_1", "membership/m9", "{\"network\":\"net_1\"}");
	cr_assert_str_eq(sent(subscriber), "net_1:2 host_1:3 host_1:4");
}

Test(hub, an_entry_that_links_elsewhere_ends_one_and_begins_another)
{
	struct subscriber *subscriber;

	world_make();
	subscribe(&subscriber, NULL, 0);
	sent(subscriber);
	set("host_1", "membership/m1", "{\"network\":\"net_2\"}");
	cr_assert_str_eq(sent(subscriber), "net_2=1 net_1!1 host_1:3");
	set("host_1", "membership/m1", "{\"network\":\"net_2\",\"x\":1}");
	cr_assert_str_eq(sent(subscriber), "host_1:4");
}

Test(hub, a_bridge_is_one_step)
{
	struct subscriber *subscriber;
	uint64_t version;

	world_make();
	subscribe(&subscriber, NULL, 0);
	sent(subscriber);
	set("net_2", "bridge/b2", "{\"network\":\"net_3\"}");
	set("net_1", "bridge/b1", "{\"network\":\"net_2\"}");
	cr_assert_str_eq(sent(subscriber), "net_2=2 net_1:2");
	cr_assert_not(hub_position(subscriber, "net_3", &version));
	set("net_2", "bridge/b3", "{\"network\":\"net_3\"}");
	cr_assert_str_eq(sent(subscriber), "net_2:3");
	/* As a member of net_2 it is one step from net_3, too. */
	set("host_1", "membership/m2", "{\"network\":\"net_2\"}");
	cr_assert_str_eq(sent(subscriber), "net_3=1 host_1:3");
	set("host_1", "membership/m2", NULL);
	cr_assert_str_eq(sent(subscriber), "net_3!1 host_1:4");
	cr_assert(hub_position(subscriber, "net_2", &version));
}

Test(hub, what_is_reached_twice_stays_until_the_last_link_goes)
{
	struct subscriber *subscriber;

	world_make();
	set("net_1", "bridge/b1", "{\"network\":\"net_2\"}");
	set("net_2", "bridge/b1", "{\"network\":\"net_1\"}");
	set("host_1", "membership/m2", "{\"network\":\"net_2\"}");
	subscribe(&subscriber, NULL, 0);
	sent(subscriber);
	set("host_1", "membership/m1", NULL);
	cr_assert_str_eq(sent(subscriber), "host_1:4", "net_1 is still reached by the bridge");
	set("net_2", "bridge/b1", NULL);
	cr_assert_str_eq(sent(subscriber), "net_1!2 net_2:3");
	set("host_1", "membership/m2", NULL);
	cr_assert_str_eq(sent(subscriber), "net_2!3 host_1:5");
}

Test(hub, leaving_a_network_ends_what_its_bridges_reached)
{
	struct subscriber *subscriber;

	world_make();
	set("net_1", "bridge/b1", "{\"network\":\"net_2\"}");
	subscribe(&subscriber, NULL, 0);
	sent(subscriber);
	set("host_1", "membership/m1", NULL);
	cr_assert_str_eq(sent(subscriber), "net_1!2 net_2!1 host_1:3");
}

Test(hub, links_that_would_go_round_are_none)
{
	struct subscriber *subscriber;
	uint64_t version;

	world_make();
	set("net_1", "membership/x", "{\"network\":\"net_2\"}");
	set("net_1", "bridge/x", "{\"network\":\"net_1\"}");
	set("ws_1", "bridge/x", "{\"network\":\"net_2\"}");
	set("fw_1", "host", "{\"workspace\":\"ws_1\"}");
	subscribe(&subscriber, NULL, 0);
	cr_assert_not(hub_position(subscriber, "net_2", &version));
	sent(subscriber);
	set("net_1", "bridge/x", NULL);
	set("fw_1", "host", NULL);
	cr_assert_str_eq(sent(subscriber), "net_1:4 fw_1:3");
}

Test(hub, a_log_that_is_filled_from_the_store_goes_on_from_there)
{
	struct record entries[] = {
		{.key = "membership/m", .value = "{\"network\":\"net_1\"}", .value_size = 19},
		{.key = "host", .value = "{\"workspace\":\"ws_1\"}", .value_size = 20},
	};
	struct subscriber *subscriber;
	struct hub_counts counts;

	set("net_1", "network", "{}");
	cr_assert_eq(hub_load(hub, "host_1", 40, entries, 2, NULL), 0);
	cr_assert_eq(hub_load(hub, "host_1", 40, entries, 2, NULL), -EEXIST);
	cr_assert_eq(hub_load(hub, "no log", 40, entries, 2, NULL), -EBADMSG);
	subscribe(&subscriber, NULL, 0);
	cr_assert_str_eq(sent(subscriber), "host_1=40 net_1=1");
	set("host_1", "membership/m", NULL);
	cr_assert_str_eq(sent(subscriber), "net_1!1 host_1:41");
	hub_counts(hub, &counts);
	cr_assert_eq(counts.entries, 2);
	cr_assert_eq(counts.subscribers, 1);
	cr_assert_eq(counts.sent_ends, 1);
}

Test(hub, a_record_that_does_not_follow_is_refused_and_changes_nothing)
{
	world_make();
	cr_assert_eq(append("net_1", 1, "member/x", "{}"), -ESTALE);
	cr_assert_eq(append("net_1", 3, "member/x", "{}"), -ESTALE);
	cr_assert_eq(append("net_1", 2, "member/x", NULL), -EBADMSG);
	cr_assert_eq(append("host_1", 9, "membership/x", "{\"network\":\"net_3\"}"), -ESTALE);
	cr_assert_eq(version_of("net_1"), 1);
	set("net_1", "member/x", "{}");
}

/* The owner may end a subscriber, even another one, when it is told. */
static struct subscriber *pair[2];

static void end_both(struct subscriber *subscriber, void *owner)
{
	(void)subscriber;
	(void)owner;
	hub_unsubscribe(pair[0]);
	hub_unsubscribe(pair[1]);
	pair[0] = pair[1] = NULL;
	told++;
}

Test(hub, an_owner_may_end_subscribers_when_it_is_told)
{
	struct hub_counts counts;

	options.ready = end_both;
	hub_remake();
	world_make();
	subscribe(&pair[0], NULL, 0);
	subscribe(&pair[1], NULL, 0);
	sent(pair[0]);
	sent(pair[1]);
	set("net_1", "member/x", "{}");
	cr_assert_eq(told, 1);
	hub_counts(hub, &counts);
	cr_assert_eq(counts.subscribers, 0);
	cr_assert_eq(counts.positions, 0);
}
