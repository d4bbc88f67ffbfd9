// SPDX-License-Identifier: GPL-2.0-only
/* States of hosts (L26) and what agents report (L7), with a clock of the test's. */
#include "controller/agent-testing.h"

#include <stdlib.h>
#include <string.h>

static enum host_state state_of(struct bed *bed, const struct simulated *agent)
{
	struct resource *host = bed_get(bed, RESOURCE_HOST, agent->host);
	enum host_state state;

	cr_assert(host);
	state = ((struct host *)host)->state;
	resource_free(host);
	return state;
}

STORE_TEST(a_host_is_online_while_it_has_a_stream_and_offline_soon_after)
{
	struct simulated a, b;
	struct bed bed;

	bed_begin(&bed, database);
	simulated_begin(&a, &bed, "a");
	simulated_begin(&b, &bed, "b");
	bed_later(&bed, 60000);
	cr_expect_eq(state_of(&bed, &a), HOST_ENROLLED, "it has not come yet");
	simulated_connect(&a);
	simulated_connect(&b);
	bed_later(&bed, 1000);
	cr_expect_eq(state_of(&bed, &a), HOST_ONLINE);
	bed_later(&bed, 120000);
	cr_expect_eq(state_of(&bed, &a), HOST_ONLINE);
	simulated_disconnect(&a);
	bed_later(&bed, 2000);
	cr_expect_eq(state_of(&bed, &a), HOST_ONLINE, "it may come back");
	bed_later(&bed, 28000);
	cr_expect_eq(state_of(&bed, &a), HOST_OFFLINE, "flagged within 30 s");
	cr_expect_eq(state_of(&bed, &b), HOST_ONLINE, "others keep working");
	simulated_connect(&a);
	bed_later(&bed, 1000);
	cr_expect_eq(state_of(&bed, &a), HOST_ONLINE);
	simulated_end(&a);
	simulated_end(&b);
	bed_end(&bed);
}

STORE_TEST(reports_alone_keep_a_host_online_for_thirty_seconds_each)
{
	struct simulated a;
	struct bed bed;

	bed_begin(&bed, database);
	simulated_begin(&a, &bed, "a");
	for (size_t i = 0; i < 4; i++) {
		simulated_report(&a, NULL);
		bed_later(&bed, 29000);
		cr_expect_eq(state_of(&bed, &a), HOST_ONLINE);
	}
	bed_later(&bed, 1000);
	cr_expect_eq(state_of(&bed, &a), HOST_OFFLINE);
	simulated_end(&a);
	bed_end(&bed);
}

static void drain(struct host *host)
{
	host->state = HOST_DRAINING;
}

static void take_away(struct host *host)
{
	host->state = HOST_REMOVED;
}

STORE_TEST(draining_and_removed_stay)
{
	struct simulated a, b;
	struct bed bed;

	bed_begin(&bed, database);
	simulated_begin(&a, &bed, "a");
	simulated_begin(&b, &bed, "b");
	simulated_connect(&a);
	simulated_connect(&b);
	bed_later(&bed, 1000);
	bed_host_change(&bed, a.host, drain);
	bed_host_change(&bed, b.host, take_away);
	bed_later(&bed, 5000);
	cr_expect_eq(state_of(&bed, &a), HOST_DRAINING);
	simulated_read(&a);
	cr_expect_not(a.ended, "a draining host follows on");
	simulated_disconnect(&a);
	bed_later(&bed, 60000);
	cr_expect_eq(state_of(&bed, &a), HOST_DRAINING);
	cr_expect_eq(state_of(&bed, &b), HOST_REMOVED);
	simulated_end(&a);
	simulated_end(&b);
	bed_end(&bed);
}

STORE_TEST(hosts_that_do_not_come_back_after_a_restart_are_offline)
{
	struct simulated a, b;
	struct bed bed;

	bed_begin(&bed, database);
	simulated_begin(&a, &bed, "a");
	simulated_begin(&b, &bed, "b");
	simulated_connect(&a);
	simulated_connect(&b);
	bed_later(&bed, 1000);
	simulated_disconnect(&a);
	simulated_disconnect(&b);
	bed_restart(&bed);
	simulated_connect(&b);
	bed_later(&bed, 29000);
	cr_expect_eq(state_of(&bed, &a), HOST_ONLINE);
	bed_later(&bed, 1000);
	cr_expect_eq(state_of(&bed, &a), HOST_OFFLINE);
	cr_expect_eq(state_of(&bed, &b), HOST_ONLINE);
	simulated_end(&a);
	simulated_end(&b);
	bed_end(&bed);
}

/* How often a host was written to. */
static uint64_t version_of(struct bed *bed, const struct simulated *agent)
{
	struct resource *host = bed_get(bed, RESOURCE_HOST, agent->host);
	uint64_t version = host->version;

	resource_free(host);
	return version;
}

STORE_TEST(a_heartbeat_is_not_written)
{
	struct simulated a;
	struct bed bed;
	uint64_t before;

	bed_begin(&bed, database);
	simulated_begin(&a, &bed, "a");
	simulated_connect(&a);
	bed_later(&bed, 2000);
	before = version_of(&bed, &a);
	for (size_t i = 0; i < 120; i++) {
		bed_later(&bed, 1000);
		simulated_read(&a);
	}
	cr_expect_gt(a.heartbeats, 9);
	/* last_seen, every 60 s, or every 10 s where another controller could ask. */
	cr_expect_leq(version_of(&bed, &a) - before,
		      agents_shared(bed.controller.agents) ? 12u : 2u);
	simulated_end(&a);
	bed_end(&bed);
}

static struct host *host_of(struct bed *bed, const struct simulated *agent)
{
	return (struct host *)bed_get(bed, RESOURCE_HOST, agent->host);
}

STORE_TEST(staged_applied_and_acknowledged_are_visible)
{
	struct simulated a, b;
	struct bed bed;
	struct host *host;

	bed_begin(&bed, database);
	simulated_begin(&a, &bed, "a");
	simulated_connect(&a);
	simulated_report(&a, NULL);
	bed_later(&bed, 1000);
	host = host_of(&bed, &a);
	cr_expect_gt(host->generation_staged, 0);
	cr_expect_eq(host->generation_applied, host->generation_staged);
	cr_expect_eq(host->generation_acknowledged, host->generation_staged);
	resource_free(&host->head);
	/* A change that it cannot apply. */
	simulated_begin(&b, &bed, "b");
	simulated_read(&a);
	simulated_report(&a, "clash of addresses");
	bed_later(&bed, 1000);
	host = host_of(&bed, &a);
	cr_expect_lt(host->generation_acknowledged, host->generation_staged);
	cr_expect_str_eq(host->failure, "clash of addresses");
	resource_free(&host->head);
	simulated_report(&a, NULL);
	bed_later(&bed, 1000);
	host = host_of(&bed, &a);
	cr_expect_geq(host->generation_acknowledged, host->generation_staged);
	cr_expect_str_eq(host->failure, "");
	resource_free(&host->head);
	simulated_end(&a);
	simulated_end(&b);
	bed_end(&bed);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
