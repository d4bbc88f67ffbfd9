// SPDX-License-Identifier: GPL-2.0
/*
 * Commits that wait for confirm: what is pending is in force, confirm keeps it, and revert or the end
 * of its time brings all of the old state back, in the module, in WireGuard and for the network.
 */

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "hosts.h"
#include "kselftest_harness.h"
#include "raw.h"
#include "traffic.h"
#include "util.h"

/* Longer than anything here takes, unless somebody waits for its end. */
#define LONG_MS 60000
#define RACES	200

FIXTURE(confirm)
{
	struct lbmesh *conn;
	struct lbmesh_result result;
	/* All that can be seen; see look(). */
	char before[16384];
	char after[16384];
};

#define self_t FIXTURE_DATA(confirm)

FIXTURE_SETUP(confirm)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, ip(NULL, "link add wg0 type wireguard\n"
			      "link add wg1 type wireguard\n"
			      "link set wg0 up\n"
			      "link set wg1 up\n"));
	/* Else it is given one when it is first looked at. */
	ASSERT_EQ(0, sh("wg set wg0 listen-port 20000; wg set wg1 listen-port 20001"));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
}

FIXTURE_TEARDOWN(confirm)
{
	lbmesh_close(self->conn);
}

/* --- What is committed ---------------------------------------------------- */

static void put_full_peer(struct lbmesh_commit *commit, uint32_t key, const char *endpoint,
			  uint16_t keepalive, uint32_t psk)
{
	struct lbmesh_peer peer = {
		.device = 1,
		.public_key = key_of(key),
		.endpoint_port = 51820,
		.keepalive = keepalive,
		.preshared_key = key_of(psk),
	};

	must(lbmesh_address_parse(endpoint, &peer.endpoint));
	must(lbmesh_commit_put_peer(commit, &peer));
}

static void put_full_device(struct lbmesh_commit *commit, uint32_t id, const char *ifname,
			    uint16_t port, uint32_t fwmark, uint32_t mtu, uint32_t key)
{
	must(lbmesh_commit_put_device(commit, &(struct lbmesh_device){ .id = id,
								      .ifname = ifname,
								      .has_listen_port = true,
								      .listen_port = port,
								      .has_fwmark = true,
								      .fwmark = fwmark,
								      .mtu = mtu,
								      .private_key = key_of(key)}));
}

static struct lbmesh_commit *base_new(void)
{
	struct lbmesh_commit *commit = replace_new();

	put_full_device(commit, 1, "wg0", 20010, 5, 1400, 1);
	put_network(commit, 1);
	put_network(commit, 2);
	put_bridge(commit, 1, 1, 2);
	put_full_peer(commit, 100, "192.0.2.1", 25, 500);
	put_peer(commit, 1, 200, "192.0.2.2");
	put_peer(commit, 1, 300, NULL);
	put_member(commit, 1, 1, "10.0.0.1/32", 0);
	put_member(commit, 1, 1, "10.0.0.2/32", 0);
	put_member(commit, 1, 1, "10.1.0.0/16", 100);
	put_member(commit, 1, 1, "10.1.0.1/32", 100);
	put_member(commit, 1, 1, "10.1.0.2/32", 100);
	put_member(commit, 2, 1, "fd00::1/128", 100);
	put_member(commit, 1, 1, "10.2.0.1/32", 200);
	put_member(commit, 2, 1, "fd00::2/128", 200);
	put_member(commit, 1, 1, "10.3.0.1/32", 300);
	return commit;
}

/* All that a commit can change, changed. */
static struct lbmesh_commit *other_new(uint32_t timeout_ms)
{
	struct lbmesh_commit *commit = replace_new();

	put_full_device(commit, 1, "wg0", 20020, 6, 1380, 2);
	put_full_device(commit, 2, "wg1", 20021, 7, 1360, 3);
	must(lbmesh_commit_put_network(commit, &(struct lbmesh_network){ .id = 1, .label = "red"}));
	put_network(commit, 3);
	put_bridge(commit, 2, 1, 3);
	/* Changed, the same, with an endpoint at last, new; 200 is gone. */
	put_full_peer(commit, 100, "192.0.2.11", 0, 501);
	put_peer(commit, 1, 300, "192.0.2.3");
	put_full_peer(commit, 400, "192.0.2.4", 20, 502);
	put_peer(commit, 2, 100, "192.0.2.5");
	/* From us, to us, from a peer that goes, to a new one, inside of another, to a network. */
	put_member(commit, 1, 1, "10.0.0.1/32", 0);
	put_member(commit, 1, 1, "10.0.0.2/32", 100);
	put_member(commit, 1, 1, "10.1.0.0/16", 100);
	put_member(commit, 1, 1, "10.1.0.1/32", 0);
	put_member(commit, 3, 1, "10.1.0.2/32", 300);
	put_member(commit, 3, 1, "10.1.0.3/32", 400);
	put_member(commit, 1, 1, "fd00::1/128", 300);
	put_member(commit, 1, 1, "10.2.0.1/32", 400);
	put_member(commit, 1, 1, "10.3.0.9/32", 300);
	put_member(commit, 3, 2, "10.1.0.1/32", 100);
	lbmesh_commit_set_confirm_timeout(commit, timeout_ms);
	return commit;
}

/* A small one. */
static struct lbmesh_commit *step_new(uint64_t expect_gen, const char *prefix, uint32_t timeout_ms)
{
	struct lbmesh_commit *commit = delta_new(expect_gen);

	put_member(commit, 1, 1, prefix, 200);
	put_member(commit, 1, 1, "10.1.0.1/32", 200);
	lbmesh_commit_set_confirm_timeout(commit, timeout_ms);
	return commit;
}

#define ASSERT_RUN(commit)                                   \
	ASSERT_EQ(0, run(self->conn, commit, &self->result)) \
	TH_LOG("\"%s\"", self->result.error.message)

/* --- What can be seen ----------------------------------------------------- */

static int interface_mtu(const char *ifname)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;
	struct ifreq request = {};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", ifname);
	err = ioctl(fd, SIOCGIFMTU, &request);
	close(fd);
	return err ? -1 : request.ifr_mtu;
}

static void look(self_t *self, char *text)
{
	snprintf(text, sizeof(self->before), "%swg0 mtu %d, wg1 mtu %d\n%s", wg_settings(NULL),
		 interface_mtu("wg0"), interface_mtu("wg1"), state_text(self->conn));
}

static struct lbmesh_generation generation_of(self_t *self)
{
	struct lbmesh_generation generation;

	must(lbmesh_generation_get(self->conn, &generation, NULL));
	return generation;
}

#define EXPECT_GENERATION(number_, state_)                                                        \
	do {                                                                                      \
		struct lbmesh_generation generation_ = generation_of(self);                       \
		EXPECT_EQ(number_, generation_.number);                                           \
		EXPECT_STREQ(lbmesh_state_name(LBMESH_STATE_##state_),                            \
			     lbmesh_state_name(generation_.state));                               \
		EXPECT_EQ(generation_.state == LBMESH_STATE_PENDING, generation_.pending_ms > 0); \
		EXPECT_EQ(generation_.state == LBMESH_STATE_PENDING, generation_.has_fallback);   \
	} while (0)

/* --- Pending -------------------------------------------------------------- */

TEST_F(confirm, a_pending_generation_is_in_force_and_tells_its_fallback_and_the_time_left)
{
	struct lbmesh_generation generation;

	ASSERT_RUN(base_new());
	EXPECT_EQ(LBMESH_PHASE_RETIRE, self->result.error.phase);
	EXPECT_GENERATION(1, ACTIVE);
	ASSERT_RUN(step_new(1, "10.9.0.1/32", 5000));
	EXPECT_EQ(2, self->result.generation);
	EXPECT_EQ(LBMESH_PHASE_CONFIRM, self->result.error.phase);
	generation = generation_of(self);
	EXPECT_EQ(2, generation.number);
	EXPECT_EQ(LBMESH_STATE_PENDING, generation.state);
	EXPECT_TRUE(generation.has_fallback);
	EXPECT_EQ(1, generation.fallback);
	EXPECT_GE(5000, generation.pending_ms);
	EXPECT_LT(3000, generation.pending_ms);
	EXPECT_EQ(10, count_members(self->conn, 0));
	EXPECT_STREQ("10.1.0.1/32 10.2.0.1/32 10.9.0.1/32 fd00::2/128", allowed_ips("wg0", 200));
	pause_ms(300);
	EXPECT_GE(generation.pending_ms, generation_of(self).pending_ms + 250);
	EXPECT_EQ(0, revert(self->conn, 2, &self->result));
}

TEST_F(confirm, of_a_pending_generation_keeps_it)
{
	ASSERT_RUN(base_new());
	ASSERT_RUN(other_new(0));
	look(self, self->before);
	ASSERT_EQ(0, flush(self->conn, &self->result));

	ASSERT_RUN(base_new());
	ASSERT_RUN(other_new(400));
	EXPECT_GENERATION(4, PENDING);
	ASSERT_EQ(0, confirm(self->conn, 4, &self->result));
	EXPECT_EQ(4, self->result.generation);
	EXPECT_EQ(LBMESH_PHASE_RETIRE, self->result.error.phase);
	EXPECT_GENERATION(4, ACTIVE);
	EXPECT_EQ(1, generation_of(self).totals.confirms);
	look(self, self->after);
	EXPECT_STREQ(self->before, self->after) TH_LOG("as without confirm");
	pause_ms(600);
	EXPECT_GENERATION(4, ACTIVE);
	look(self, self->after);
	EXPECT_STREQ(self->before, self->after) TH_LOG("also when the time would be over");
	EXPECT_EQ(0, generation_of(self).totals.reverts);
}

/* With what others did to WireGuard before: a peer that roamed, and one on an interface to come. */
static int others_come(void)
{
	return sh("wg set wg0 peer '%s' endpoint 198.51.100.9:99; "
		  "wg set wg1 peer '%s' allowed-ips 10.99.0.0/16 endpoint 198.51.100.7:77",
		  key_text(100), key_text(900));
}

TEST_F(confirm, ends_by_revert_and_everything_is_as_before)
{
	ASSERT_RUN(base_new());
	ASSERT_EQ(0, others_come());
	look(self, self->before);
	ASSERT_RUN(other_new(LONG_MS));
	look(self, self->after);
	EXPECT_STRNE(self->before, self->after);
	ASSERT_EQ(0, revert(self->conn, 2, &self->result));
	EXPECT_EQ(1, self->result.generation);
	EXPECT_GENERATION(1, ACTIVE);
	EXPECT_EQ(1, generation_of(self).totals.reverts);
	look(self, self->after);
	EXPECT_STREQ(self->before, self->after);

	/* The number comes back for the old content alone. */
	ASSERT_RUN(step_new(1, "10.9.0.1/32", LONG_MS));
	EXPECT_EQ(3, self->result.generation);
	ASSERT_EQ(0, revert(self->conn, 3, &self->result));
	look(self, self->after);
	EXPECT_STREQ(self->before, self->after);
	EXPECT_EQ(ESTALE, run(self->conn, step_new(3, "10.9.0.1/32", 0), &self->result));
	ASSERT_RUN(step_new(1, "10.9.0.1/32", 0));
	EXPECT_EQ(4, self->result.generation);
}

TEST_F(confirm, ends_by_its_time_and_everything_is_as_before)
{
	struct lbmesh_generation generation;
	struct lbmesh_event event;
	struct pollfd poll_ = { .events = POLLIN };
	uint64_t cookie;

	ASSERT_RUN(base_new());
	ASSERT_EQ(0, others_come());
	look(self, self->before);
	ASSERT_EQ(0, lbmesh_event_subscribe(self->conn, NULL));
	ASSERT_RUN(other_new(300));
	cookie = self->result.cookie;
	poll_.fd = lbmesh_event_fd(self->conn);
	ASSERT_EQ(1, poll(&poll_, 1, 5000));
	ASSERT_EQ(1, lbmesh_event_next(self->conn, &event, NULL));
	EXPECT_EQ(2, event.generation.number);
	EXPECT_EQ(LBMESH_STATE_PENDING, event.generation.state);
	ASSERT_EQ(1, poll(&poll_, 1, 5000));
	ASSERT_EQ(1, lbmesh_event_next(self->conn, &event, NULL));
	EXPECT_EQ(1, event.generation.number);
	EXPECT_EQ(LBMESH_STATE_ACTIVE, event.generation.state);
	look(self, self->after);
	EXPECT_STREQ(self->before, self->after);

	generation = generation_of(self);
	EXPECT_EQ(1, generation.totals.reverts);
	EXPECT_TRUE(generation.has_last_result);
	EXPECT_EQ(cookie, generation.last.cookie);
	EXPECT_EQ(ETIMEDOUT, generation.last.error.code);
	EXPECT_EQ(LBMESH_PHASE_CONFIRM, generation.last.error.phase);
	EXPECT_NE(0, generation.last.error.message[0]);
	EXPECT_EQ(ENOENT, confirm(self->conn, 2, &self->result));
	ASSERT_RUN(step_new(1, "10.9.0.1/32", 0));
	EXPECT_EQ(3, self->result.generation);
}

/* What a peer learns while the generation is pending is nobody's to take back. */
TEST_F(confirm, ends_by_revert_and_an_unchanged_peer_stays_where_it_roamed_to)
{
	ASSERT_RUN(base_new());
	ASSERT_RUN(step_new(1, "10.9.0.1/32", LONG_MS));
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' endpoint 198.51.100.9:99", key_text(200)));
	ASSERT_EQ(0, revert(self->conn, 2, &self->result));
	EXPECT_STREQ("198.51.100.9:99", wg_peer("wg0", "endpoints", 200));
}

/* --- Refusals ------------------------------------------------------------- */

static int drift_ignore(const struct lbmesh_drift *drift, void *data)
{
	(void)drift;
	(void)data;
	return 0;
}

TEST_F(confirm, is_due_before_another_commit_which_names_what_is_pending)
{
	struct lbmesh_result result;
	struct lbmesh_error error = {};

	ASSERT_RUN(base_new());
	ASSERT_RUN(other_new(LONG_MS));
	look(self, self->before);
	/* Also to whoever does not know of it, and means another state. */
	for (uint64_t expected = 1; expected <= 2; expected++) {
		EXPECT_EQ(EBUSY,
			  run(self->conn, step_new(expected, "10.9.0.1/32", 0), &self->result));
		EXPECT_NE(NULL, strstr(self->result.error.message, "generation 2 is pending"))
			TH_LOG("\"%s\"", self->result.error.message);
	}
	EXPECT_EQ(EBUSY, run(self->conn, base_new(), &self->result));
	EXPECT_EQ(-EBUSY, lbmesh_audit(self->conn, drift_ignore, NULL, 5000, &result, &error));
	EXPECT_NE(NULL, strstr(error.message, "generation 2 is pending"));
	EXPECT_EQ(-EBUSY, lbmesh_repair(self->conn, drift_ignore, NULL, 5000, &result, &error));
	EXPECT_NE(NULL, strstr(error.message, "generation 2 is pending"));
	EXPECT_GENERATION(2, PENDING);
	look(self, self->after);
	EXPECT_STREQ(self->before, self->after);
	EXPECT_EQ(0, confirm(self->conn, 2, &self->result));
	ASSERT_RUN(base_new());
}

TEST_F(confirm, and_revert_name_the_generation_that_is_pending)
{
	EXPECT_EQ(ENOENT, confirm(self->conn, 1, &self->result));
	EXPECT_EQ(ENOENT, revert(self->conn, 1, &self->result));
	ASSERT_RUN(base_new());
	EXPECT_EQ(ENOENT, confirm(self->conn, 1, &self->result));
	EXPECT_EQ(ENOENT, revert(self->conn, 1, &self->result));
	ASSERT_RUN(step_new(1, "10.9.0.1/32", LONG_MS));
	EXPECT_EQ(ESTALE, confirm(self->conn, 1, &self->result));
	EXPECT_EQ(ESTALE, confirm(self->conn, 3, &self->result));
	EXPECT_EQ(ESTALE, revert(self->conn, 1, &self->result));
	EXPECT_EQ(ESTALE, revert(self->conn, 0, &self->result));
	EXPECT_GENERATION(2, PENDING);
	EXPECT_EQ(0, confirm(self->conn, 2, &self->result));
	EXPECT_EQ(ENOENT, confirm(self->conn, 2, &self->result));
	EXPECT_EQ(ENOENT, revert(self->conn, 2, &self->result));
	EXPECT_GENERATION(2, ACTIVE);
}

TEST_F(confirm, without_a_generation_is_refused)
{
	static const uint8_t commands[] = {LBMESH_CMD_CONFIRM, LBMESH_CMD_REVERT};
	struct raw raw;

	ASSERT_EQ(0, raw_open(&raw));
	ASSERT_RUN(base_new());
	ASSERT_RUN(step_new(1, "10.9.0.1/32", LONG_MS));
	for (int i = 0; i < 2; i++) {
		struct raw_answer answer;

		raw_begin(&raw, commands[i], 0);
		answer = raw_ask(&raw);
		EXPECT_EQ(EINVAL, answer.error);
		EXPECT_NE(0, answer.message[0]);
	}
	EXPECT_GENERATION(2, PENDING);
	raw_close(&raw);
}

TEST_F(confirm, is_not_waited_for_longer_than_a_day)
{
	ASSERT_RUN(base_new());
	EXPECT_EQ(ERANGE, run(self->conn, step_new(1, "10.9.0.1/32", 86400001), &self->result));
	EXPECT_EQ(ERANGE, run(self->conn, step_new(1, "10.9.0.1/32", UINT32_MAX), &self->result));
	EXPECT_GENERATION(1, ACTIVE);
	ASSERT_RUN(step_new(1, "10.9.0.1/32", 86400000));
	EXPECT_LT(86390000, generation_of(self).pending_ms);
	EXPECT_EQ(0, revert(self->conn, 2, &self->result));
}

TEST_F(confirm, is_not_waited_for_when_a_commit_changes_nothing)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	commit = base_new();
	lbmesh_commit_set_confirm_timeout(commit, 100);
	ASSERT_RUN(commit);
	EXPECT_EQ(LBMESH_PHASE_RETIRE, self->result.error.phase);
	EXPECT_GENERATION(1, ACTIVE);
	EXPECT_EQ(ENOENT, confirm(self->conn, 1, &self->result));
	pause_ms(200);
	EXPECT_GENERATION(1, ACTIVE);
}

TEST_F(confirm, is_not_waited_for_twice_when_the_commit_is_sent_again)
{
	struct lbmesh_commit *commit = step_new(1, "10.9.0.1/32", LONG_MS);
	uint64_t first, again;

	ASSERT_RUN(base_new());
	ASSERT_EQ(0, lbmesh_commit_send(self->conn, commit, &first, NULL));
	ASSERT_EQ(0, lbmesh_commit_wait(self->conn, first, 5000, &self->result, NULL));
	EXPECT_EQ(0, lbmesh_commit_send(self->conn, commit, &again, NULL));
	EXPECT_EQ(first, again);
	EXPECT_EQ(0, lbmesh_commit_wait(self->conn, again, 5000, &self->result, NULL));
	EXPECT_EQ(2, self->result.generation);
	EXPECT_GENERATION(2, PENDING);
	EXPECT_EQ(0, confirm(self->conn, 2, &self->result));
	EXPECT_EQ(0, lbmesh_commit_send(self->conn, commit, &again, NULL));
	EXPECT_EQ(first, again);
	EXPECT_GENERATION(2, ACTIVE);
	lbmesh_commit_free(commit);
}

/* --- Beginnings and ends -------------------------------------------------- */

TEST_F(confirm, of_the_first_generation_of_all_reverts_to_none)
{
	ASSERT_EQ(0, others_come());
	look(self, self->before);
	for (uint64_t n = 1; n <= 4; n++) {
		/* By request, and by its time. */
		ASSERT_RUN(other_new(n % 2 ? LONG_MS : 50));
		EXPECT_EQ(n, self->result.generation);
		if (n % 2) {
			EXPECT_EQ(0, generation_of(self).fallback);
			EXPECT_GENERATION(n, PENDING);
			ASSERT_EQ(0, revert(self->conn, n, &self->result));
			EXPECT_EQ(0, self->result.generation);
		}
		ASSERT_TRUE(generation_settles(self->conn));
		EXPECT_GENERATION(0, EMPTY);
		look(self, self->after);
		EXPECT_STREQ(self->before, self->after);
	}
	/* And there is no gate left. */
	EXPECT_EQ(0, ip(NULL, "addr add 10.0.0.1/24 dev wg1\n"));
	EXPECT_EQ(1, sh_try("exec ping -q -n -c 1 -W 0.2 10.0.0.9"));
	EXPECT_EQ(0, generation_of(self).gate.not_member);
}

TEST_F(confirm, is_pointless_after_flush)
{
	ASSERT_RUN(base_new());
	ASSERT_RUN(other_new(200));
	ASSERT_EQ(0, flush(self->conn, &self->result));
	EXPECT_GENERATION(0, EMPTY);
	EXPECT_EQ(0, wg_peers("wg0"));
	EXPECT_EQ(0, wg_peers("wg1"));
	EXPECT_EQ(ENOENT, confirm(self->conn, 2, &self->result));
	EXPECT_EQ(ENOENT, revert(self->conn, 2, &self->result));
	pause_ms(400);
	EXPECT_GENERATION(0, EMPTY);
	EXPECT_EQ(0, wg_peers("wg0"));
	ASSERT_RUN(base_new());
	EXPECT_EQ(3, self->result.generation);
	EXPECT_EQ(3, wg_peers("wg0"));
}

TEST_F(confirm, may_never_come_because_the_namespace_goes)
{
	int outside = namespace_open(NULL);

	for (unsigned int i = 0; i < 15; i++) {
		struct lbmesh *conn;

		ASSERT_EQ(0, namespace_set(outside));
		ASSERT_EQ(0, namespace_add("brief"));
		ASSERT_EQ(0, ip("brief", "link add wg0 type wireguard\n"
					 "link add wg1 type wireguard\n"));
		int fd = namespace_open("brief");

		ASSERT_EQ(0, namespace_set(fd));
		close(fd);
		ASSERT_EQ(0, lbmesh_open(&conn, NULL));
		if (i % 3)
			ASSERT_EQ(0, run(conn, base_new(), &self->result));
		ASSERT_EQ(0, run(conn, other_new(1 + i * 3), &self->result))
			TH_LOG("\"%s\"", self->result.error.message);
		lbmesh_close(conn);
		ASSERT_EQ(0, namespace_set(outside));
		ASSERT_EQ(0, umount2("/run/netns/brief", MNT_DETACH));
		unlink("/run/netns/brief");
	}
}

/* Which of the interfaces goes, and how it ends then: by confirm, revert or time. */
TEST_F(confirm, or_revert_do_what_is_left_when_an_interface_goes)
{
	for (int i = 0; i < 6; i++) {
		const char *gone = i % 2 ? "wg0" : "wg1", *left = i % 2 ? "wg1" : "wg0";
		uint64_t number;

		ASSERT_EQ(0, flush(self->conn, &self->result));
		ASSERT_RUN(base_new());
		number = self->result.generation;
		snprintf(self->before, sizeof(self->before), "%s", wg_settings(left));
		ASSERT_RUN(other_new(i / 2 == 2 ? 100 : LONG_MS));
		if (i / 2 == 0)
			snprintf(self->before, sizeof(self->before), "%s", state_text(self->conn));
		ASSERT_EQ(0, ip(NULL, "link del %s\n", gone));
		if (i / 2 == 0) {
			EXPECT_EQ(0, confirm(self->conn, number + 1, &self->result));
			EXPECT_GENERATION(number + 1, ACTIVE);
			EXPECT_STREQ(self->before, state_text(self->conn));
			EXPECT_EQ(i % 2 ? 1 : 3, wg_peers(left));
		} else {
			if (i / 2 == 1)
				EXPECT_EQ(0, revert(self->conn, number + 1, &self->result));
			ASSERT_TRUE(generation_settles(self->conn));
			EXPECT_GENERATION(number, ACTIVE);
			EXPECT_STREQ(self->before, wg_settings(left));
		}
		ASSERT_EQ(0, ip(NULL, "link add %s type wireguard\nlink set %s up\n", gone, gone));
		ASSERT_EQ(0, sh("wg set %s listen-port 2000%d", gone, !(i % 2)));
	}
}

/* --- Races ---------------------------------------------------------------- */

/* An answer while the time ends: it counts, or it comes too late. */
static int answer(self_t *self, uint64_t number, bool keep)
{
	int error;

	do {
		error = keep ? confirm(self->conn, number, &self->result)
			     : revert(self->conn, number, &self->result);
	} while (error == EBUSY);
	return error;
}

/* One of two states, which take turns. */
static struct lbmesh_commit *turn_new(int state, uint32_t timeout_ms)
{
	struct lbmesh_commit *commit = state ? other_new(0) : base_new();

	lbmesh_commit_set_confirm_timeout(commit, timeout_ms);
	return commit;
}

TEST_F_TIMEOUT(confirm, and_the_end_of_its_time_are_never_both, 600)
{
	unsigned int races = env_rounds("LBMESH_RACES", RACES), kept = 0;
	static char whole[2][sizeof(self->after)];
	int state = 1;

	/* Twice, because WireGuard keeps an endpoint that a commit does not name any more. */
	for (int i = 0; i < 4; i++) {
		ASSERT_RUN(turn_new(i % 2, 0));
		look(self, whole[i % 2]);
	}
	for (unsigned int i = 0; i < races; i++) {
		int error;

		ASSERT_RUN(turn_new(!state, 5));
		for (uint64_t until = now_ms() + i % 16; now_ms() < until;)
			;
		error = answer(self, self->result.generation, true);
		ASSERT_TRUE(error == 0 || error == ENOENT) TH_LOG("%s", strerror(error));
		ASSERT_TRUE(generation_settles(self->conn));
		if (!error) {
			state = !state;
			kept++;
		}
		look(self, self->after);
		ASSERT_STREQ(whole[state], self->after) TH_LOG("round %u", i);
	}
	TH_LOG("%u of %u confirmed, the others timed out", kept, races);
	EXPECT_LT(0, kept);
	EXPECT_GT(races, kept);
}

TEST_F_TIMEOUT(confirm, is_not_needed_for_revert_and_the_end_of_time_to_meet, 600)
{
	unsigned int races = env_rounds("LBMESH_RACES", RACES) / 4, reverted = 0;

	ASSERT_RUN(base_new());
	look(self, self->before);
	for (unsigned int i = 0; i < races; i++) {
		ASSERT_RUN(other_new(5));
		for (uint64_t until = now_ms() + i % 16; now_ms() < until;)
			;
		reverted += answer(self, self->result.generation, false) == 0;
		ASSERT_TRUE(generation_settles(self->conn));
		ASSERT_EQ(1, generation_of(self).number);
		look(self, self->after);
		ASSERT_STREQ(self->before, self->after) TH_LOG("round %u", i);
	}
	TH_LOG("%u of %u reverted, the others timed out", reverted, races);
	EXPECT_EQ(races, generation_of(self).totals.reverts);
}

/* --- From the network ----------------------------------------------------- */

FIXTURE(network)
{
	struct host host[2];
	struct lbmesh_result result;
};

#define H1 (&self->host[0])
#define H2 (&self->host[1])

/* What a host commits; without is whether the other one is left out. */
static struct lbmesh_commit *host_new(const struct host *host, const struct host *other,
				      bool without)
{
	struct lbmesh_commit *commit = replace_new();
	char text[32];

	put_host_device(commit, host, 1, "wg0", NULL, HOSTS_PORT);
	put_network(commit, 1);
	snprintf(text, sizeof(text), "10.1.0.%d/32", host->number);
	put_member(commit, 1, 1, text, 0);
	if (without)
		return commit;
	put_host_peer(commit, 1, other, NULL, HOSTS_PORT);
	snprintf(text, sizeof(text), "10.1.0.%d/32", other->number);
	put_member_key(commit, 1, 1, text, other->key.public_key);
	return commit;
}

FIXTURE_SETUP(network)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, hosts_make(self->host, 2));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, ip(self->host[i].name, "addr add 10.1.0.%d/24 dev wg0\n", i + 1));
		ASSERT_EQ(0, run(self->host[i].conn,
				 host_new(&self->host[i], &self->host[!i], false), &self->result))
			TH_LOG("\"%s\"", self->result.error.message);
	}
	ASSERT_TRUE(host_reaches(H1, "10.1.0.1", "10.1.0.2"));
}

FIXTURE_TEARDOWN(network)
{
	hosts_close(self->host, 2);
}

/*
 * A process that sends a commit and is killed: when the commit was taken, or when it was in force.
 * Returns 0 when the commit went out.
 */
static int commit_and_die(const struct host *host, struct lbmesh_commit *commit, bool wait)
{
	struct lbmesh *conn;
	uint64_t cookie;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (host_enter(host) || lbmesh_open(&conn, NULL) ||
		    lbmesh_commit_send(conn, commit, &cookie, NULL) ||
		    (wait && lbmesh_commit_wait(conn, cookie, 5000, NULL, NULL)))
			_exit(1);
		raise(SIGKILL);
	}
	lbmesh_commit_free(commit);
	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : -EIO;
}

/* Milliseconds from a moment until a flow arrives again; at most 20 s. */
static uint64_t alive_after(const struct receiver *receiver, unsigned int flow, uint64_t moment)
{
	uint64_t before = receiver_count(receiver, flow);

	while (receiver_count(receiver, flow) == before && now_ms() < moment + 20000)
		pause_ms(5);
	return now_ms() - moment;
}

TEST_F_TIMEOUT(network, comes_back_by_itself_after_a_commit_whose_sender_was_killed, 120)
{
	struct receiver *at_h2 = receiver_start("h2"), *at_h1 = receiver_start("h1");
	struct sender *there = sender_start("h1", "10.1.0.1", "10.1.0.2", 0);
	struct sender *back = sender_start("h2", "10.1.0.2", "10.1.0.1", 1);

	ASSERT_TRUE(at_h1 && at_h2 && there && back);
	for (int i = 0; i < 2; i++) {
		struct lbmesh_commit *commit = host_new(H1, H2, true);
		uint64_t began, count, alive;

		pause_ms(300);
		count = receiver_count(at_h2, 0);
		EXPECT_LT(0, count);
		lbmesh_commit_set_confirm_timeout(commit, 3000);
		began = now_ms();
		ASSERT_EQ(0, commit_and_die(H1, commit, i));
		/* Dead, both ways; */
		pause_ms(500);
		count = receiver_count(at_h2, 0) + receiver_count(at_h1, 1);
		EXPECT_TRUE(host_never_reaches(H1, "10.1.0.1", "10.1.0.2"));
		EXPECT_EQ(count, receiver_count(at_h2, 0) + receiver_count(at_h1, 1));
		/* and alive when the time is over. */
		alive = alive_after(at_h2, 0, began);
		EXPECT_GT(20000, alive_after(at_h1, 1, now_ms()));
		TH_LOG("the sender was killed %s; alive again %llu ms after the commit, with a "
		       "timeout of 3000 ms; silent for %u ms there and %u ms back",
		       i ? "when it had the result" : "at once", (unsigned long long)alive,
		       receiver_silence(at_h2, 0), receiver_silence(at_h1, 1));
		EXPECT_LE(2900, alive);
		EXPECT_GE(5000, alive);
		EXPECT_TRUE(host_reaches(H1, "10.1.0.1", "10.1.0.2"));
		EXPECT_EQ(1, generation_number(H1->conn));
	}
}

TEST_F_TIMEOUT(network, comes_back_with_revert_and_stays_away_with_confirm, 120)
{
	struct lbmesh_commit *commit = host_new(H1, H2, true);

	lbmesh_commit_set_confirm_timeout(commit, LONG_MS);
	ASSERT_EQ(0, run(H1->conn, commit, &self->result));
	EXPECT_TRUE(host_never_reaches(H1, "10.1.0.1", "10.1.0.2"));
	ASSERT_EQ(0, revert(H1->conn, 2, &self->result));
	EXPECT_TRUE(host_reaches(H1, "10.1.0.1", "10.1.0.2"));

	commit = host_new(H1, H2, true);
	lbmesh_commit_set_confirm_timeout(commit, LONG_MS);
	ASSERT_EQ(0, run(H1->conn, commit, &self->result));
	ASSERT_EQ(0, confirm(H1->conn, 3, &self->result));
	EXPECT_TRUE(host_never_reaches(H1, "10.1.0.1", "10.1.0.2"));
	EXPECT_STREQ("no such peer", host_peer(H1, "wg0", "endpoints", &H2->key));
}

/* The key that the other end knows is back, and a session can be made with it. */
TEST_F_TIMEOUT(network, comes_back_when_the_key_of_the_device_is_reverted, 120)
{
	struct lbmesh_commit *commit = delta_new(1);
	struct key_pair fresh;

	ASSERT_EQ(0, keys_make(&fresh, 1));
	put_host_device(commit, H1, 1, "wg0", &fresh, HOSTS_PORT + 1);
	lbmesh_commit_set_confirm_timeout(commit, LONG_MS);
	ASSERT_EQ(0, run(H1->conn, commit, &self->result));
	EXPECT_TRUE(host_never_reaches(H1, "10.1.0.1", "10.1.0.2"));
	ASSERT_EQ(0, revert(H1->conn, 2, &self->result));
	ASSERT_EQ(0, host_enter(H1));
	EXPECT_STREQ(H1->key.public_text, wg_device("wg0", "public-key"));
	EXPECT_TRUE(host_reaches(H1, "10.1.0.1", "10.1.0.2"));
	EXPECT_TRUE(host_reaches(H2, "10.1.0.2", "10.1.0.1"));
}

/* Neither the commit, nor what ends it, names the peer of the flow. */
TEST_F_TIMEOUT(network, loses_nothing_of_a_flow_that_a_pending_commit_does_not_name, 120)
{
	struct receiver *receivers[] = {receiver_start("h2")};
	struct sender *sender = sender_start("h1", "10.1.0.1", "10.1.0.2", 0);
	struct loss loss;

	ASSERT_TRUE(receivers[0] && sender);
	for (uint32_t i = 0; i < 40; i++) {
		struct lbmesh_commit *commit = delta_new(generation_number(H1->conn));
		uint64_t number;

		for (uint32_t peer = 0; peer < 10; peer++)
			put_peer(commit, 1, 1000 + 10 * i + peer, "192.0.2.99");
		put_member(commit, 1, 1, "10.9.0.0/16", 1000 + 10 * i);
		put_member(commit, 1, 1, "fd00:9::/64", 1000 + 10 * i + 1);
		lbmesh_commit_set_confirm_timeout(commit, i % 3 == 2 ? 5 : LONG_MS);
		ASSERT_EQ(0, run(H1->conn, commit, &self->result));
		number = self->result.generation;
		if (i % 3 == 0) {
			ASSERT_EQ(0, confirm(H1->conn, number, &self->result));
		} else if (i % 3 == 1) {
			ASSERT_EQ(0, revert(H1->conn, number, &self->result));
		}
		ASSERT_TRUE(generation_settles(H1->conn));
	}
	sender_stop(sender);
	loss = flow_loss(sender, receivers, 1);
	TH_LOG("%llu of %llu lost, %u/s", (unsigned long long)loss.lost,
	       (unsigned long long)loss.sent, sender_rate(sender));
	EXPECT_EQ(0, loss.lost);
}

TEST_HARNESS_MAIN
