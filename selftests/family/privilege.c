// SPDX-License-Identifier: GPL-2.0
/*
 * Who may do what (goal R12): each command of the family against each kind of privilege. All of
 * them need CAP_NET_ADMIN in the user namespace that owns the network namespace, the
 * socket's opener and its user alike; and nothing that the module does for a sender may exceed what
 * the sender may do.
 */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "raw.h"
#include "refusal.h"
#include "util.h"

#define NOBODY 65534

/* What requests need that are more than their command. */

static void put_mode(struct raw *raw, uint8_t mode)
{
	raw_put_u8(raw, LBMESH_A_MODE, mode);
}

/* The first generation of the namespace, with nothing in it, for an hour. */
static void put_first(struct raw *raw)
{
	put_mode(raw, LBMESH_COMMIT_MODE_REPLACE);
	raw_put_u32(raw, LBMESH_A_CONFIRM_TIMEOUT, 3600000);
}

/* The second has a network. */
static void put_second(struct raw *raw)
{
	size_t nest;

	put_first(raw);
	nest = raw_nest(raw, LBMESH_A_NETWORK);
	raw_put_u32(raw, LBMESH_A_NETWORK_ID, 1);
	raw_nest_end(raw, nest);
}

static void put_generation(struct raw *raw, uint64_t generation)
{
	raw_put(raw, LBMESH_A_GENERATION, &generation, sizeof(generation));
}

static void put_generation_1(struct raw *raw)
{
	put_generation(raw, 1);
}

static void put_generation_2(struct raw *raw)
{
	put_generation(raw, 2);
}

static void put_limits(struct raw *raw)
{
	size_t nest = raw_nest(raw, LBMESH_A_LIMITS);

	raw_put_u32(raw, LBMESH_A_COUNTS_PEERS, 1000);
	raw_nest_end(raw, nest);
}

static void put_id(struct raw *raw)
{
	raw_put_u32(raw, LBMESH_A_ID, 1);
}

static void put_peer_key(struct raw *raw)
{
	size_t nest = raw_nest(raw, LBMESH_A_PEER);

	raw_put_u32(raw, LBMESH_A_PEER_DEVICE, 1);
	raw_put(raw, LBMESH_A_PEER_PUBLIC_KEY, key_of(100), LBMESH_KEY_LEN);
	raw_nest_end(raw, nest);
}

static void put_member_prefix(struct raw *raw)
{
	size_t nest = raw_nest(raw, LBMESH_A_MEMBER);

	raw_put_u32(raw, LBMESH_A_MEMBER_DEVICE, 1);
	raw_put(raw, LBMESH_A_MEMBER_IPV4, "\x0a\x00\x00\x01", 4);
	raw_put_u8(raw, LBMESH_A_MEMBER_PREFIX_LEN, 32);
	raw_nest_end(raw, nest);
}

static void put_rule_key(struct raw *raw)
{
	size_t nest = raw_nest(raw, LBMESH_A_RULE);

	raw_put_u32(raw, LBMESH_A_RULE_LAYER, 1);
	raw_put_u32(raw, LBMESH_A_RULE_ID, 1);
	raw_nest_end(raw, nest);
}

static void put_element_key(struct raw *raw)
{
	size_t nest = raw_nest(raw, LBMESH_A_ELEMENT);

	raw_put_u32(raw, LBMESH_A_ELEMENT_SET, 1);
	raw_put(raw, LBMESH_A_ELEMENT_IPV4, "\x0a\x00\x00\x01", 4);
	raw_nest_end(raw, nest);
}

/*
 * What a sender who may send gets, in a namespace that is new: root, and root of the user namespace
 * that owns it. In this order; each begins with what the one before has left.
 */
static const struct command {
	const char *name;
	uint8_t command;
	uint16_t flags;
	void (*put)(struct raw *raw);
	int error[2];
} commands[] = {
	{ "info-get", LBMESH_CMD_INFO_GET, 0, NULL, { 0, 0 } },
	{ "generation-get", LBMESH_CMD_GENERATION_GET, 0, NULL, { 0, 0 } },
	{ "limits-set", LBMESH_CMD_LIMITS_SET, 0, put_limits, { 0, EPERM } },
	{ "limits-set of nothing", LBMESH_CMD_LIMITS_SET, 0, NULL, { EINVAL, EPERM } },
	{ "audit of nothing", LBMESH_CMD_AUDIT, 0, NULL, { ENOENT, ENOENT } },
	{ "repair of nothing", LBMESH_CMD_REPAIR, 0, NULL, { ENOENT, ENOENT } },
	{ "confirm of nothing", LBMESH_CMD_CONFIRM, 0, put_generation_1, { ENOENT, ENOENT } },
	{ "revert of nothing", LBMESH_CMD_REVERT, 0, put_generation_1, { ENOENT, ENOENT } },
	{ "confirm of no number", LBMESH_CMD_CONFIRM, 0, NULL, { EINVAL, EINVAL } },
	{ "revert of no number", LBMESH_CMD_REVERT, 0, NULL, { EINVAL, EINVAL } },
	{ "commit to be confirmed", LBMESH_CMD_COMMIT, 0, put_first, { 0, 0 } },
	{ "confirm of another", LBMESH_CMD_CONFIRM, 0, put_generation_2, { ESTALE, ESTALE } },
	{ "confirm", LBMESH_CMD_CONFIRM, 0, put_generation_1, { 0, 0 } },
	{ "commit to be reverted", LBMESH_CMD_COMMIT, 0, put_second, { 0, 0 } },
	{ "revert of another", LBMESH_CMD_REVERT, 0, put_generation_1, { ESTALE, ESTALE } },
	{ "revert", LBMESH_CMD_REVERT, 0, put_generation_2, { 0, 0 } },
	{ "audit", LBMESH_CMD_AUDIT, 0, NULL, { 0, 0 } },
	{ "repair", LBMESH_CMD_REPAIR, 0, NULL, { 0, 0 } },
	{ "device-get", LBMESH_CMD_DEVICE_GET, 0, put_id, { ENOENT, ENOENT } },
	{ "network-get", LBMESH_CMD_NETWORK_GET, 0, put_id, { ENOENT, ENOENT } },
	{ "bridge-get", LBMESH_CMD_BRIDGE_GET, 0, put_id, { ENOENT, ENOENT } },
	{ "peer-get", LBMESH_CMD_PEER_GET, 0, put_peer_key, { ENOENT, ENOENT } },
	{ "member-get", LBMESH_CMD_MEMBER_GET, 0, put_member_prefix, { ENOENT, ENOENT } },
	{ "layer-get", LBMESH_CMD_LAYER_GET, 0, put_id, { ENOENT, ENOENT } },
	{ "rule-get", LBMESH_CMD_RULE_GET, 0, put_rule_key, { ENOENT, ENOENT } },
	{ "set-get", LBMESH_CMD_SET_GET, 0, put_id, { ENOENT, ENOENT } },
	{ "element-get", LBMESH_CMD_ELEMENT_GET, 0, put_element_key, { ENOENT, ENOENT } },
	{ "endpoint-get", LBMESH_CMD_ENDPOINT_GET, 0, put_id, { ENOENT, ENOENT } },
	{ "device-get of nothing", LBMESH_CMD_DEVICE_GET, 0, NULL, { EINVAL, EINVAL } },
	{ "network-get of nothing", LBMESH_CMD_NETWORK_GET, 0, NULL, { EINVAL, EINVAL } },
	{ "bridge-get of nothing", LBMESH_CMD_BRIDGE_GET, 0, NULL, { EINVAL, EINVAL } },
	{ "peer-get of nothing", LBMESH_CMD_PEER_GET, 0, NULL, { EINVAL, EINVAL } },
	{ "member-get of nothing", LBMESH_CMD_MEMBER_GET, 0, NULL, { EINVAL, EINVAL } },
	{ "layer-get of nothing", LBMESH_CMD_LAYER_GET, 0, NULL, { EINVAL, EINVAL } },
	{ "rule-get of nothing", LBMESH_CMD_RULE_GET, 0, NULL, { EINVAL, EINVAL } },
	{ "set-get of nothing", LBMESH_CMD_SET_GET, 0, NULL, { EINVAL, EINVAL } },
	{ "element-get of nothing", LBMESH_CMD_ELEMENT_GET, 0, NULL, { EINVAL, EINVAL } },
	{ "endpoint-get of nothing", LBMESH_CMD_ENDPOINT_GET, 0, NULL, { EINVAL, EINVAL } },
	{ "device dump", LBMESH_CMD_DEVICE_GET, NLM_F_DUMP, NULL, { 0, 0 } },
	{ "network dump", LBMESH_CMD_NETWORK_GET, NLM_F_DUMP, NULL, { 0, 0 } },
	{ "bridge dump", LBMESH_CMD_BRIDGE_GET, NLM_F_DUMP, NULL, { 0, 0 } },
	{ "peer dump", LBMESH_CMD_PEER_GET, NLM_F_DUMP, NULL, { 0, 0 } },
	{ "member dump", LBMESH_CMD_MEMBER_GET, NLM_F_DUMP, NULL, { 0, 0 } },
	{ "layer dump", LBMESH_CMD_LAYER_GET, NLM_F_DUMP, NULL, { 0, 0 } },
	{ "rule dump", LBMESH_CMD_RULE_GET, NLM_F_DUMP, NULL, { 0, 0 } },
	{ "set dump", LBMESH_CMD_SET_GET, NLM_F_DUMP, NULL, { 0, 0 } },
	{ "element dump", LBMESH_CMD_ELEMENT_GET, NLM_F_DUMP, NULL, { 0, 0 } },
	{ "endpoint dump", LBMESH_CMD_ENDPOINT_GET, NLM_F_DUMP, NULL, { 0, 0 } },
	{ "set-update", LBMESH_CMD_SET_UPDATE, 0, put_element_key, { ENOENT, ENOENT } },
	{ "set-update of nothing", LBMESH_CMD_SET_UPDATE, 0, NULL, { EINVAL, EINVAL } },
	{ "flush", LBMESH_CMD_FLUSH, 0, NULL, { 0, 0 } },
	{ "explain", LBMESH_CMD_EXPLAIN, 0, NULL, { EINVAL, EINVAL } },
	{ "flow-get", LBMESH_CMD_FLOW_GET, 0, NULL, { EINVAL, EINVAL } },
	{ "flow dump", LBMESH_CMD_FLOW_GET, NLM_F_DUMP, NULL, { 0, 0 } },
};

static const char *const groups[] = { LBMESH_MCGRP_GENERATION, LBMESH_MCGRP_VERDICT };

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* Becomes root of a new user namespace, and of what else is new. */
static int user_namespace_enter(int flags)
{
	int ret;

	if (unshare(CLONE_NEWUSER | flags))
		return -errno;
	ret = write_file("/proc/self/setgroups", "deny");
	if (!ret)
		ret = write_file("/proc/self/uid_map", "0 0 1");
	if (!ret)
		ret = write_file("/proc/self/gid_map", "0 0 1");
	return ret;
}

static int capabilities_drop(void)
{
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		return -errno;
	return 0;
}

enum who {
	ROOT,
	NO_CAPABILITY,
	USER_NAMESPACE_ROOT,
	STRANGER,
};

FIXTURE(sender)
{
	struct raw raw;
};

FIXTURE_VARIANT(sender)
{
	enum who who;
	bool may;
};

FIXTURE_VARIANT_ADD(sender, who_is_root) { ROOT, true };
FIXTURE_VARIANT_ADD(sender, without_capabilities) { NO_CAPABILITY, false };
FIXTURE_VARIANT_ADD(sender, who_is_root_of_the_owning_user_namespace) { USER_NAMESPACE_ROOT, true };
FIXTURE_VARIANT_ADD(sender, who_is_root_of_another_user_namespace) { STRANGER, false };

FIXTURE_SETUP(sender)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	if (variant->who == USER_NAMESPACE_ROOT) {
		ASSERT_EQ(0, user_namespace_enter(CLONE_NEWNET));
	} else {
		ASSERT_EQ(0, unshare(CLONE_NEWNET));
		if (variant->who == STRANGER)
			ASSERT_EQ(0, user_namespace_enter(0));
		if (variant->who == NO_CAPABILITY)
			ASSERT_EQ(0, capabilities_drop());
	}
	ASSERT_EQ(0, raw_open(&self->raw));
}

FIXTURE_TEARDOWN(sender)
{
	raw_close(&self->raw);
}

/* While the last job runs another is refused. */
static struct raw_answer ask(struct raw *raw, const struct command *command)
{
	struct raw_answer answer;

	for (int tries = 0; tries < 100; tries++) {
		raw_begin(raw, command->command, command->flags);
		if (command->put)
			command->put(raw);
		answer = raw_ask(raw);
		if (answer.error != EBUSY)
			break;
		pause_ms(20);
	}
	return answer;
}

TEST_F(sender, gets_from_each_command_what_the_matrix_says)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		struct raw_answer answer = ask(&self->raw, &commands[i]);
		int error = commands[i].error[variant->who == USER_NAMESPACE_ROOT];

		EXPECT_EQ(variant->may ? error : EPERM, answer.error)
			TH_LOG("%s: \"%s\"", commands[i].name, answer.message);
		/* Who may not send at all hears that from generic netlink, which has no sentence. */
		EXPECT_EQ(variant->may && answer.error, answer.message[0] != '\0')
			TH_LOG("%s: errno %d, \"%s\"", commands[i].name, answer.error,
			       answer.message);
	}
	TH_LOG("%zu requests", COUNT_OF(commands));
}

/* The table above misses none. */
TEST(each_command_of_the_family_is_in_the_matrix)
{
	for (uint8_t command = 1; command <= LBMESH_CMD_MAX; command++) {
		bool found = command == LBMESH_CMD_COMMIT_RESULT ||
			     command == LBMESH_CMD_GENERATION_NTF ||
			     command == LBMESH_CMD_VERDICT_NTF ||
			     command == LBMESH_CMD_AUDIT_RESULT;

		for (size_t i = 0; i < COUNT_OF(commands); i++)
			found = found || commands[i].command == command;
		EXPECT_TRUE(found) TH_LOG("command %u", command);
	}
}

TEST_F(sender, joins_a_multicast_group_only_when_it_may_send)
{
	for (size_t i = 0; i < COUNT_OF(groups); i++) {
		EXPECT_EQ(variant->may ? 0 : -EPERM, raw_join(&self->raw, groups[i]))
			TH_LOG("group %s", groups[i]);
	}
}

/* Sockets that change hands. */

FIXTURE(socket)
{
	struct raw raw;
};

FIXTURE_SETUP(socket)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
}

FIXTURE_TEARDOWN(socket)
{
	raw_close(&self->raw);
}

TEST_F(socket, opened_by_root_is_of_no_use_to_one_without_capabilities)
{
	ASSERT_EQ(0, raw_open(&self->raw));
	ASSERT_EQ(0, capabilities_drop());
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		EXPECT_EQ(EPERM, ask(&self->raw, &commands[i]).error)
			TH_LOG("%s", commands[i].name);
	}
}

TEST_F(socket, opened_without_capabilities_is_of_no_use_to_root)
{
	/* Capabilities go with the effective user id, and come back with it. */
	ASSERT_EQ(0, seteuid(NOBODY));
	ASSERT_EQ(0, raw_open(&self->raw));
	ASSERT_EQ(0, seteuid(0));
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		EXPECT_EQ(EPERM, ask(&self->raw, &commands[i]).error)
			TH_LOG("%s", commands[i].name);
	}
}

/* A user namespace with a network namespace, held open by a process, to move interfaces into. */

FIXTURE(user_namespace)
{
	struct lbmesh *conn;
	struct lbmesh_result result;
	pid_t holder;
};

FIXTURE_VARIANT(user_namespace)
{
	bool moved;
};

FIXTURE_VARIANT_ADD(user_namespace, with_its_own_interface) { false };
FIXTURE_VARIANT_ADD(user_namespace, with_an_interface_of_roots) { true };

static pid_t holder_start(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		if (user_namespace_enter(CLONE_NEWNET) || write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		pid = -1;
	close(ready[0]);
	return pid;
}

static int holder_join(pid_t pid)
{
	char path[64];
	int user, net;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	user = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	net = open(path, O_RDONLY | O_CLOEXEC);
	return setns(user, CLONE_NEWUSER) || setns(net, CLONE_NEWNET) ? -errno : 0;
}

FIXTURE_SETUP(user_namespace)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	/* WireGuard keeps its sockets where it was made; that namespace stays as long as this. */
	ASSERT_LE(0, namespace_open(NULL));
	self->holder = holder_start();
	ASSERT_LT(0, self->holder);
	if (variant->moved) {
		ASSERT_EQ(0, ip(NULL, "link add wg0 type wireguard\nlink set wg0 netns %d\n",
				self->holder));
	}
	ASSERT_EQ(0, holder_join(self->holder));
	if (!variant->moved)
		ASSERT_EQ(0, ip(NULL, "link add wg0 type wireguard\n"));
	ASSERT_EQ(0, ip(NULL, "link set wg0 up\n"));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
}

FIXTURE_TEARDOWN(user_namespace)
{
	lbmesh_close(self->conn);
	kill(self->holder, SIGKILL);
}

static struct lbmesh_commit *peers_new(const struct lbmesh_device *device)
{
	struct lbmesh_commit *commit = replace_new();

	must(lbmesh_commit_put_device(commit, device));
	put_network(commit, 1);
	put_peer(commit, 1, 100, "192.0.2.1");
	put_member(commit, 1, 1, "10.0.0.2/32", 100);
	return commit;
}

TEST_F(user_namespace, commits_peers)
{
	struct lbmesh_device device = { .id = 1, .ifname = "wg0" };

	ASSERT_EQ(0, run(self->conn, peers_new(&device), &self->result))
		TH_LOG("\"%s\"", self->result.error.message);
	EXPECT_STREQ("10.0.0.2/32", allowed_ips("wg0", 100));
	EXPECT_EQ(0, flush(self->conn, &self->result));
	EXPECT_EQ(0, wg_peers("wg0"));
}

TEST_F(user_namespace, sets_port_and_mark_only_of_its_own_interface)
{
	struct lbmesh_device port = {
		.id = 1, .ifname = "wg0", .has_listen_port = true, .listen_port = 5555,
	};
	struct lbmesh_device mark = {
		.id = 1, .ifname = "wg0", .has_fwmark = true, .fwmark = 7,
	};
	int error = variant->moved ? EPERM : 0;
	const struct lbmesh_device *devices[] = { &port, &mark };

	for (size_t i = 0; i < COUNT_OF(devices); i++) {
		EXPECT_EQ(error, run(self->conn, peers_new(devices[i]), &self->result))
			TH_LOG("%zu: \"%s\"", i, self->result.error.message);
		if (!variant->moved)
			continue;
		EXPECT_EQ(LBMESH_OBJECT_DEVICE, self->result.error.object);
		EXPECT_EQ(0, generation_number(self->conn));
		EXPECT_EQ(0, wg_peers("wg0"));
	}
	if (!variant->moved) {
		EXPECT_STREQ("5555", wg_device("wg0", "listen-port"));
		EXPECT_STREQ("0x7", wg_device("wg0", "fwmark"));
	}
}

/* What root has done in somebody's namespace, and what that one may do about it. */

FIXTURE(namespace_of_another)
{
	struct lbmesh *conn;
	struct lbmesh_result result;
	pid_t holder;
};

/* In a child: real root, in the namespace of the holder, with a port that only he may set. */
static int act_as_root(pid_t holder, uint16_t port, uint32_t confirm_ms)
{
	struct lbmesh_device device = {
		.id = 1, .ifname = "wg0", .has_listen_port = true, .listen_port = port,
	};
	struct lbmesh_commit *commit = peers_new(&device);
	struct lbmesh_result result;
	struct lbmesh *conn;
	char path[64];
	int net;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", holder);
	net = open(path, O_RDONLY | O_CLOEXEC);
	if (namespace_set(net) || lbmesh_open(&conn, NULL))
		return 1;
	lbmesh_commit_set_confirm_timeout(commit, confirm_ms);
	return run(conn, commit, &result) ? 2 : 0;
}

/* Root stays outside, and does what he is told, one letter at a time. */
static int root_in, root_out;

static pid_t root_start(pid_t holder)
{
	int in[2], out[2];
	char letter;
	pid_t pid;

	if (pipe(in) || pipe(out))
		return -1;
	pid = fork();
	if (pid == 0) {
		close(in[1]);
		while (read(in[0], &letter, 1) == 1) {
			pid_t child = fork();
			int status = -1;

			if (child == 0)
				_exit(letter == 'd' ? sh("nsenter -t %d -n wg set wg0 listen-port 6666",
							 holder) :
						      act_as_root(holder, letter == 'p' ? 7777 : 5555,
								  letter == 'p' ? 3600000 : 0));
			waitpid(child, &status, 0);
			if (write(out[1], &status, sizeof(status)) != sizeof(status))
				break;
		}
		_exit(0);
	}
	close(in[0]);
	close(out[1]);
	root_in = in[1];
	root_out = out[0];
	return pid;
}

/* c: commit with port 5555; d: drift of the port; p: a commit with port 7777 that is pending. */
static int root_does(char letter)
{
	int status = -1;

	if (write(root_in, &letter, 1) != 1 || read(root_out, &status, sizeof(status)) < 0)
		return -1;
	return status;
}

FIXTURE_SETUP(namespace_of_another)
{
	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_LE(0, namespace_open(NULL));
	self->holder = holder_start();
	ASSERT_LT(0, self->holder);
	ASSERT_EQ(0, ip(NULL, "link add wg0 type wireguard\nlink set wg0 netns %d\n", self->holder));
	ASSERT_LT(0, root_start(self->holder));
	ASSERT_EQ(0, holder_join(self->holder));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
	ASSERT_EQ(0, root_does('c'));
}

FIXTURE_TEARDOWN(namespace_of_another)
{
	close(root_in);
	lbmesh_close(self->conn);
	kill(self->holder, SIGKILL);
}

static int drift_count(const struct lbmesh_drift *drift, void *data)
{
	(void)drift;
	++*(int *)data;
	return 0;
}

TEST_F(namespace_of_another, can_be_changed_but_for_what_needs_root)
{
	struct lbmesh_device device = {
		.id = 1, .ifname = "wg0", .has_listen_port = true, .listen_port = 5555,
	};
	struct lbmesh_commit *commit;

	/* What is in force is no question of rights. */
	commit = peers_new(&device);
	put_peer(commit, 1, 101, NULL);
	EXPECT_EQ(0, run(self->conn, commit, &self->result))
		TH_LOG("\"%s\"", self->result.error.message);
	EXPECT_EQ(2, wg_peers("wg0"));
	device.listen_port = 5556;
	EXPECT_EQ(EPERM, run(self->conn, peers_new(&device), &self->result));
	EXPECT_EQ(LBMESH_OBJECT_DEVICE, self->result.error.object);
	EXPECT_EQ(2, wg_peers("wg0"));
	EXPECT_STREQ("5555", wg_device("wg0", "listen-port"));
	EXPECT_EQ(0, flush(self->conn, &self->result));
	EXPECT_EQ(0, wg_peers("wg0"));
}

TEST_F(namespace_of_another, is_audited_but_a_repair_may_not_do_what_needs_root)
{
	int drifts = 0;

	ASSERT_EQ(0, root_does('d'));
	EXPECT_EQ(0, lbmesh_audit(self->conn, drift_count, &drifts, UTIL_TIMEOUT_MS, &self->result,
				  NULL));
	EXPECT_EQ(1, drifts);
	EXPECT_EQ(-EPERM, lbmesh_repair(self->conn, drift_count, &drifts, UTIL_TIMEOUT_MS,
					&self->result, NULL));
	EXPECT_EQ(EPERM, self->result.error.code);
	EXPECT_NE(0, self->result.error.message[0]);
	EXPECT_STREQ("6666", wg_device("wg0", "listen-port"));
	/* Real root may. */
	drifts = 0;
	EXPECT_EQ(1, generation_number(self->conn));
	EXPECT_EQ(0, lbmesh_audit(self->conn, drift_count, &drifts, UTIL_TIMEOUT_MS, &self->result,
				  NULL));
	EXPECT_EQ(1, drifts);
}

TEST_F(namespace_of_another, with_a_pending_commit_of_root_is_confirmed)
{
	ASSERT_EQ(0, root_does('p'));
	EXPECT_STREQ("7777", wg_device("wg0", "listen-port"));
	EXPECT_EQ(0, confirm(self->conn, 2, &self->result))
		TH_LOG("\"%s\"", self->result.error.message);
	EXPECT_STREQ("7777", wg_device("wg0", "listen-port"));
}

/* The way back needs what the way there needed; or it is left to the clock, which is root's. */
TEST_F(namespace_of_another, with_a_pending_commit_of_root_is_reverted_whole_or_not_at_all)
{
	struct lbmesh_generation generation;
	int error;

	ASSERT_EQ(0, root_does('p'));
	error = revert(self->conn, 2, &self->result);
	TH_LOG("errno %d \"%s\"", error, self->result.error.message);
	EXPECT_TRUE(error == 0 || error == EPERM);
	ASSERT_EQ(0, lbmesh_generation_get(self->conn, &generation, NULL));
	EXPECT_EQ(error ? 2 : 1, generation.number);
	EXPECT_EQ(error ? LBMESH_STATE_PENDING : LBMESH_STATE_ACTIVE, generation.state);
	EXPECT_STREQ(error ? "7777" : "5555", wg_device("wg0", "listen-port"));
}

TEST_HARNESS_MAIN
