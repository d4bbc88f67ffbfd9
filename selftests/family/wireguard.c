// SPDX-License-Identifier: GPL-2.0
/*
 * What a commit makes of WireGuard, as wg shows it: AllowedIPs are exactly the members, unchanged
 * peers keep what they learned, what is absent is kept, what fails leaves things as they were.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "util.h"

FIXTURE(wireguard)
{
	struct lbmesh *conn;
	struct lbmesh_result result;
};

FIXTURE_SETUP(wireguard)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(0, ip(NULL, "link add wg0 type wireguard\nlink add wg1 type wireguard\n"));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
}

FIXTURE_TEARDOWN(wireguard)
{
	lbmesh_close(self->conn);
}

#define ASSERT_RUN(commit) \
	ASSERT_EQ(0, run(self->conn, commit, &self->result)) \
		TH_LOG("\"%s\"", self->result.error.message)

static struct lbmesh_commit *base_new(void)
{
	struct lbmesh_commit *commit = replace_new();

	put_device(commit, 1, "wg0");
	put_network(commit, 1);
	put_network(commit, 2);
	put_peer(commit, 1, 100, "192.0.2.1");
	put_peer(commit, 1, 200, "192.0.2.2");
	put_member(commit, 1, 1, "10.0.0.1/32", 0);
	put_member(commit, 1, 1, "10.0.0.2/32", 100);
	put_member(commit, 1, 1, "10.0.0.3/32", 200);
	put_member(commit, 2, 1, "fd00::2/128", 100);
	put_member(commit, 2, 1, "10.2.0.0/16", 100);
	return commit;
}

TEST_F(wireguard, allowed_ips_are_the_members_that_name_the_peer)
{
	ASSERT_RUN(base_new());
	EXPECT_EQ(2, wg_peers("wg0"));
	EXPECT_EQ(0, wg_peers("wg1"));
	EXPECT_STREQ("10.0.0.2/32 10.2.0.0/16 fd00::2/128", allowed_ips("wg0", 100));
	EXPECT_STREQ("10.0.0.3/32", allowed_ips("wg0", 200));
}

TEST_F(wireguard, a_peer_without_members_has_no_allowed_ips)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	commit = delta_new(1);
	put_peer(commit, 1, 300, NULL);
	remove_member(commit, 1, "10.0.0.3/32");
	ASSERT_RUN(commit);
	EXPECT_STREQ("", allowed_ips("wg0", 300));
	EXPECT_STREQ("", allowed_ips("wg0", 200));
	EXPECT_STREQ("192.0.2.2:51820", wg_peer("wg0", "endpoints", 200));
}

TEST_F(wireguard, a_member_moves_from_peer_to_peer)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	commit = delta_new(1);
	put_member(commit, 1, 1, "10.0.0.2/32", 200);
	ASSERT_RUN(commit);
	EXPECT_STREQ("10.2.0.0/16 fd00::2/128", allowed_ips("wg0", 100));
	EXPECT_STREQ("10.0.0.2/32 10.0.0.3/32", allowed_ips("wg0", 200));
	EXPECT_EQ(2, wg_peers("wg0"));
}

TEST_F(wireguard, two_members_change_places)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	commit = delta_new(1);
	put_member(commit, 1, 1, "10.0.0.2/32", 200);
	put_member(commit, 1, 1, "10.0.0.3/32", 100);
	ASSERT_RUN(commit);
	EXPECT_STREQ("10.0.0.3/32 10.2.0.0/16 fd00::2/128", allowed_ips("wg0", 100));
	EXPECT_STREQ("10.0.0.2/32", allowed_ips("wg0", 200));
}

TEST_F(wireguard, a_member_moves_from_a_peer_to_us_and_back)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	commit = delta_new(1);
	put_member(commit, 1, 1, "10.0.0.2/32", 0);
	ASSERT_RUN(commit);
	EXPECT_STREQ("10.2.0.0/16 fd00::2/128", allowed_ips("wg0", 100));
	commit = delta_new(2);
	put_member(commit, 1, 1, "10.0.0.2/32", 100);
	ASSERT_RUN(commit);
	EXPECT_STREQ("10.0.0.2/32 10.2.0.0/16 fd00::2/128", allowed_ips("wg0", 100));
}

TEST_F(wireguard, a_member_moves_to_a_new_peer_while_the_old_one_goes)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	commit = delta_new(1);
	put_peer(commit, 1, 300, "192.0.2.3");
	put_member(commit, 1, 1, "10.0.0.3/32", 300);
	remove_peer(commit, 1, 200);
	ASSERT_RUN(commit);
	EXPECT_STREQ("10.0.0.3/32", allowed_ips("wg0", 300));
	EXPECT_STREQ("no such peer", allowed_ips("wg0", 200));
	EXPECT_EQ(2, wg_peers("wg0"));
}

TEST_F(wireguard, a_removed_member_leaves_the_other_addresses_of_its_peer)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	commit = delta_new(1);
	remove_member(commit, 1, "10.2.0.0/16");
	ASSERT_RUN(commit);
	EXPECT_STREQ("10.0.0.2/32 fd00::2/128", allowed_ips("wg0", 100));
	EXPECT_EQ(2, wg_peers("wg0")) TH_LOG("no throw-away peer may stay");
}

TEST_F(wireguard, a_narrower_member_beside_a_wider_one_takes_nothing_else)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	commit = delta_new(1);
	put_member(commit, 2, 1, "10.2.7.0/24", 200);
	ASSERT_RUN(commit);
	EXPECT_STREQ("10.0.0.2/32 10.2.0.0/16 fd00::2/128", allowed_ips("wg0", 100));
	EXPECT_STREQ("10.0.0.3/32 10.2.7.0/24", allowed_ips("wg0", 200));
}

TEST_F(wireguard, the_same_address_on_two_devices_is_two_members)
{
	struct lbmesh_commit *commit = base_new();

	put_device(commit, 2, "wg1");
	put_peer(commit, 2, 100, NULL);
	put_member(commit, 2, 2, "10.0.0.2/32", 100);
	ASSERT_RUN(commit);
	EXPECT_STREQ("10.0.0.2/32", allowed_ips("wg1", 100));
	EXPECT_STREQ("10.0.0.2/32 10.2.0.0/16 fd00::2/128", allowed_ips("wg0", 100));
}

TEST_F(wireguard, a_delta_on_another_peer_leaves_a_roamed_endpoint)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' endpoint 198.51.100.9:99", key_text(100)));
	commit = delta_new(1);
	put_peer(commit, 1, 200, "192.0.2.22");
	ASSERT_RUN(commit);
	EXPECT_STREQ("198.51.100.9:99", wg_peer("wg0", "endpoints", 100));
	EXPECT_STREQ("192.0.2.22:51820", wg_peer("wg0", "endpoints", 200));
}

TEST_F(wireguard, restating_a_peer_leaves_its_roamed_endpoint)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' endpoint 198.51.100.9:99", key_text(100)));
	/* The same state, */
	ASSERT_RUN(base_new());
	EXPECT_STREQ("198.51.100.9:99", wg_peer("wg0", "endpoints", 100));
	/* another member of the peer, */
	commit = delta_new(1);
	put_peer(commit, 1, 100, "192.0.2.1");
	put_member(commit, 1, 1, "10.0.0.9/32", 100);
	remove_member(commit, 1, "10.0.0.2/32");
	ASSERT_RUN(commit);
	EXPECT_STREQ("198.51.100.9:99", wg_peer("wg0", "endpoints", 100));
	EXPECT_STREQ("10.0.0.9/32 10.2.0.0/16 fd00::2/128", allowed_ips("wg0", 100));
	/* and another keepalive leave it; another intent does not. */
	commit = delta_new(2);
	put_peer(commit, 1, 100, "192.0.2.111");
	ASSERT_RUN(commit);
	EXPECT_STREQ("192.0.2.111:51820", wg_peer("wg0", "endpoints", 100));
}

TEST_F(wireguard, another_keepalive_is_set_and_leaves_a_roamed_endpoint)
{
	struct lbmesh_peer peer = { .device = 1, .endpoint_port = 51820, .keepalive = 25 };
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	EXPECT_STREQ("off", wg_peer("wg0", "persistent-keepalive", 100));
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' endpoint 198.51.100.9:99", key_text(100)));
	must(lbmesh_address_parse("192.0.2.1", &peer.endpoint));
	peer.public_key = key_of(100);
	commit = delta_new(1);
	must(lbmesh_commit_put_peer(commit, &peer));
	ASSERT_RUN(commit);
	EXPECT_STREQ("25", wg_peer("wg0", "persistent-keepalive", 100));
	EXPECT_STREQ("off", wg_peer("wg0", "persistent-keepalive", 200));
	EXPECT_STREQ("198.51.100.9:99", wg_peer("wg0", "endpoints", 100));
	commit = delta_new(2);
	put_peer(commit, 1, 100, "192.0.2.1");
	ASSERT_RUN(commit);
	EXPECT_STREQ("off", wg_peer("wg0", "persistent-keepalive", 100));
}

TEST_F(wireguard, what_a_device_does_not_say_is_kept)
{
	struct lbmesh_device device = { .id = 1, .ifname = "wg0" };
	struct lbmesh_commit *commit;

	ASSERT_EQ(0, sh("wg set wg0 listen-port 7777 fwmark 0x42"));
	ASSERT_EQ(0, sh("ip link set wg0 mtu 1333"));
	ASSERT_RUN(base_new());
	EXPECT_STREQ("7777", wg_device("wg0", "listen-port"));
	EXPECT_STREQ("0x42", wg_device("wg0", "fwmark"));
	EXPECT_EQ(0, sh("ip link show wg0 | grep -q 'mtu 1333'"));
	EXPECT_STREQ("(none)", wg_device("wg0", "private-key"));

	device.has_listen_port = device.has_fwmark = true;
	device.listen_port = 7778;
	device.fwmark = 0x43;
	device.mtu = 1400;
	device.private_key = key_of(1);
	commit = delta_new(1);
	must(lbmesh_commit_put_device(commit, &device));
	ASSERT_RUN(commit);
	EXPECT_STREQ("7778", wg_device("wg0", "listen-port"));
	EXPECT_STREQ("0x43", wg_device("wg0", "fwmark"));
	EXPECT_STRNE("(none)", wg_device("wg0", "private-key"));
	ASSERT_EQ(0, sh("ip link show wg0 | grep -q 'mtu 1400'"));
	EXPECT_EQ(2, wg_peers("wg0"));

	commit = delta_new(2);
	put_device(commit, 1, "wg0");
	put_network(commit, 3);
	ASSERT_RUN(commit);
	EXPECT_STREQ("7778", wg_device("wg0", "listen-port"));
	EXPECT_STREQ("0x43", wg_device("wg0", "fwmark"));
	EXPECT_STRNE("(none)", wg_device("wg0", "private-key"));
	EXPECT_EQ(0, sh("ip link show wg0 | grep -q 'mtu 1400'"));
}

TEST_F(wireguard, a_preshared_key_is_set_kept_and_removed)
{
	static const uint8_t zeros[LBMESH_KEY_LEN];
	struct lbmesh_peer peer = { .device = 1, .endpoint_port = 51820 };
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	EXPECT_STREQ("(none)", wg_peer("wg0", "preshared-keys", 100));
	must(lbmesh_address_parse("192.0.2.1", &peer.endpoint));
	peer.public_key = key_of(100);
	peer.preshared_key = key_of(5);
	commit = delta_new(1);
	must(lbmesh_commit_put_peer(commit, &peer));
	ASSERT_RUN(commit);
	EXPECT_STREQ(key_text(5), wg_peer("wg0", "preshared-keys", 100));

	commit = delta_new(generation_number(self->conn));
	put_peer(commit, 1, 100, "192.0.2.44");
	ASSERT_RUN(commit);
	EXPECT_STREQ(key_text(5), wg_peer("wg0", "preshared-keys", 100));

	commit = delta_new(generation_number(self->conn));
	peer.preshared_key = zeros;
	must(lbmesh_commit_put_peer(commit, &peer));
	ASSERT_RUN(commit);
	EXPECT_STREQ("(none)", wg_peer("wg0", "preshared-keys", 100));
}

TEST_F(wireguard, the_first_replace_of_a_device_removes_foreign_peers)
{
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' allowed-ips 10.0.0.2/32", key_text(900)));
	ASSERT_EQ(0, sh("wg set wg1 peer '%s' allowed-ips 10.0.0.2/32", key_text(901)));
	ASSERT_RUN(base_new());
	EXPECT_STREQ("no such peer", allowed_ips("wg0", 900));
	EXPECT_STREQ("10.0.0.2/32 10.2.0.0/16 fd00::2/128", allowed_ips("wg0", 100));
	EXPECT_STREQ("10.0.0.2/32", allowed_ips("wg1", 901)) TH_LOG("wg1 is not managed");
}

TEST_F(wireguard, a_peer_that_was_there_before_keeps_its_endpoint_and_gets_its_members)
{
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' allowed-ips 10.77.0.0/16", key_text(200)));
	ASSERT_RUN(base_new());
	EXPECT_STREQ("10.0.0.3/32", allowed_ips("wg0", 200));
	EXPECT_STREQ("192.0.2.2:51820", wg_peer("wg0", "endpoints", 200));
}

TEST_F(wireguard, later_foreign_peers_are_left_alone)
{
	struct lbmesh_commit *commit;

	ASSERT_RUN(base_new());
	ASSERT_EQ(0, sh("wg set wg0 peer '%s' allowed-ips 10.88.0.0/16", key_text(900)));
	commit = delta_new(1);
	put_peer(commit, 1, 300, NULL);
	ASSERT_RUN(commit);
	EXPECT_STREQ("10.88.0.0/16", allowed_ips("wg0", 900));
	commit = base_new();
	put_peer(commit, 1, 400, NULL);
	ASSERT_RUN(commit);
	EXPECT_STREQ("10.88.0.0/16", allowed_ips("wg0", 900));
	EXPECT_STREQ("no such peer", allowed_ips("wg0", 300));
}

TEST_F(wireguard, a_removed_device_keeps_its_interface_and_loses_its_peers)
{
	struct lbmesh_commit *commit = base_new();

	put_device(commit, 2, "wg1");
	put_peer(commit, 2, 300, NULL);
	ASSERT_RUN(commit);
	EXPECT_EQ(1, wg_peers("wg1"));
	commit = delta_new(1);
	remove_peer(commit, 2, 300);
	must(lbmesh_commit_remove_device(commit, 2));
	ASSERT_RUN(commit);
	EXPECT_EQ(0, wg_peers("wg1"));
	EXPECT_EQ(0, sh("ip link show wg1 >/dev/null"));
	EXPECT_EQ(2, wg_peers("wg0"));
}

TEST_F(wireguard, flush_removes_the_managed_peers)
{
	ASSERT_EQ(0, ip(NULL, "addr add 10.0.0.1/24 dev wg0\nlink set wg0 up\n"));
	ASSERT_RUN(base_new());
	EXPECT_EQ(2, wg_peers("wg0"));
	ASSERT_EQ(0, flush(self->conn, &self->result));
	EXPECT_EQ(0, wg_peers("wg0"));
	EXPECT_EQ(0, sh("ip -4 addr show wg0 | grep -q 10.0.0.1 && ip link show wg0 | grep -q UP"));
}

TEST_F(wireguard, an_interface_never_goes_down_for_a_commit)
{
	struct lbmesh_commit *commit;
	char lines[16];

	ASSERT_EQ(0, ip(NULL, "link set wg0 up\n"));
	ASSERT_EQ(0, sh("ip monitor link dev wg0 >" SCRATCH "/monitor 2>&1 & "
			"echo $! >" SCRATCH "/pid; sleep 0.5"));
	ASSERT_RUN(base_new());
	commit = delta_new(1);
	put_peer(commit, 1, 300, NULL);
	put_member(commit, 1, 1, "10.0.0.2/32", 300);
	ASSERT_RUN(commit);
	ASSERT_EQ(0, flush(self->conn, &self->result));
	ASSERT_EQ(0, sh_read(lines, sizeof(lines), "sleep 0.5; wc -l <" SCRATCH "/monitor"));
	EXPECT_STREQ("0", lines);
	sh("kill $(cat " SCRATCH "/pid)");
}

TEST_F(wireguard, a_port_in_use_fails_the_commit_and_leaves_things_as_they_were)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(7000) };
	struct lbmesh_commit *commit;
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	const char *state, *before;

	ASSERT_EQ(0, bind(udp, (struct sockaddr *)&address, sizeof(address)));
	ASSERT_EQ(0, ip(NULL, "link set wg0 up\n"));
	ASSERT_RUN(base_new());
	state = state_text(self->conn);
	before = wg_state("wg0");

	commit = delta_new(1);
	put_peer(commit, 1, 300, "192.0.2.3");
	put_member(commit, 1, 1, "10.0.0.2/32", 300);
	put_member(commit, 1, 1, "10.0.0.4/32", 300);
	put_member(commit, 1, 1, "10.0.0.5/32", 100);
	must(lbmesh_commit_put_device(commit, &(struct lbmesh_device){
		.id = 1, .ifname = "wg0", .has_listen_port = true, .listen_port = 7000 }));
	EXPECT_EQ(EADDRINUSE, run(self->conn, commit, &self->result));
	EXPECT_EQ(LBMESH_PHASE_PREPARE, self->result.error.phase);
	EXPECT_EQ(LBMESH_OBJECT_DEVICE, self->result.error.object);
	EXPECT_EQ(0, self->result.error.index);
	EXPECT_NE(0, self->result.error.message[0]);
	EXPECT_NE(0, self->result.cookie) TH_LOG("this is found only when it is done");
	EXPECT_EQ(1, generation_number(self->conn));
	EXPECT_STREQ(state, state_text(self->conn));
	EXPECT_STREQ(before, wg_state("wg0"));

	/* And the next one goes through. */
	commit = delta_new(1);
	put_member(commit, 1, 1, "10.0.0.5/32", 100);
	ASSERT_RUN(commit);
	EXPECT_EQ(2, self->result.generation);
}

TEST_HARNESS_MAIN
