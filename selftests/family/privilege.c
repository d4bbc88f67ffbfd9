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
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "raw.h"
#include "refusal.h"
#include "util.h"

#define NOBODY 65534

/* What a sender who may send gets. */
static const struct command {
	const char *name;
	uint8_t command;
	uint16_t flags;
	int error;
} commands[] = {
	{ "info-get", LBMESH_CMD_INFO_GET, 0, 0 },
	{ "limits-set", LBMESH_CMD_LIMITS_SET, 0, EOPNOTSUPP },
	{ "commit", LBMESH_CMD_COMMIT, 0, 0 },
	{ "confirm", LBMESH_CMD_CONFIRM, 0, EOPNOTSUPP },
	{ "revert", LBMESH_CMD_REVERT, 0, EOPNOTSUPP },
	{ "flush", LBMESH_CMD_FLUSH, 0, 0 },
	{ "generation-get", LBMESH_CMD_GENERATION_GET, 0, 0 },
	{ "explain", LBMESH_CMD_EXPLAIN, 0, EOPNOTSUPP },
	{ "set-update", LBMESH_CMD_SET_UPDATE, 0, EOPNOTSUPP },
	{ "audit", LBMESH_CMD_AUDIT, 0, EOPNOTSUPP },
	{ "repair", LBMESH_CMD_REPAIR, 0, EOPNOTSUPP },
	{ "device-get", LBMESH_CMD_DEVICE_GET, 0, EOPNOTSUPP },
	{ "network-get", LBMESH_CMD_NETWORK_GET, 0, EOPNOTSUPP },
	{ "bridge-get", LBMESH_CMD_BRIDGE_GET, 0, EOPNOTSUPP },
	{ "peer-get", LBMESH_CMD_PEER_GET, 0, EOPNOTSUPP },
	{ "member-get", LBMESH_CMD_MEMBER_GET, 0, EOPNOTSUPP },
	{ "layer-get", LBMESH_CMD_LAYER_GET, 0, EOPNOTSUPP },
	{ "rule-get", LBMESH_CMD_RULE_GET, 0, EOPNOTSUPP },
	{ "set-get", LBMESH_CMD_SET_GET, 0, EOPNOTSUPP },
	{ "element-get", LBMESH_CMD_ELEMENT_GET, 0, EOPNOTSUPP },
	{ "endpoint-get", LBMESH_CMD_ENDPOINT_GET, 0, EOPNOTSUPP },
	{ "flow-get", LBMESH_CMD_FLOW_GET, 0, EOPNOTSUPP },
	{ "device dump", LBMESH_CMD_DEVICE_GET, NLM_F_DUMP, 0 },
	{ "network dump", LBMESH_CMD_NETWORK_GET, NLM_F_DUMP, 0 },
	{ "bridge dump", LBMESH_CMD_BRIDGE_GET, NLM_F_DUMP, 0 },
	{ "peer dump", LBMESH_CMD_PEER_GET, NLM_F_DUMP, 0 },
	{ "member dump", LBMESH_CMD_MEMBER_GET, NLM_F_DUMP, 0 },
	{ "layer dump", LBMESH_CMD_LAYER_GET, NLM_F_DUMP, EOPNOTSUPP },
	{ "rule dump", LBMESH_CMD_RULE_GET, NLM_F_DUMP, EOPNOTSUPP },
	{ "set dump", LBMESH_CMD_SET_GET, NLM_F_DUMP, EOPNOTSUPP },
	{ "element dump", LBMESH_CMD_ELEMENT_GET, NLM_F_DUMP, EOPNOTSUPP },
	{ "endpoint dump", LBMESH_CMD_ENDPOINT_GET, NLM_F_DUMP, EOPNOTSUPP },
	{ "flow dump", LBMESH_CMD_FLOW_GET, NLM_F_DUMP, EOPNOTSUPP },
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

/* A commit needs its mode, and while the last job runs another is refused. */
static struct raw_answer ask(struct raw *raw, const struct command *command)
{
	struct raw_answer answer;

	for (int tries = 0; tries < 100; tries++) {
		raw_begin(raw, command->command, command->flags);
		if (command->command == LBMESH_CMD_COMMIT)
			raw_put_u8(raw, LBMESH_A_MODE, LBMESH_COMMIT_MODE_REPLACE);
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

		EXPECT_EQ(variant->may ? commands[i].error : EPERM, answer.error)
			TH_LOG("%s: \"%s\"", commands[i].name, answer.message);
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

TEST_HARNESS_MAIN
