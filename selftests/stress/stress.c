// SPDX-License-Identifier: GPL-2.0
/* See stress.h. */

#include "stress.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

/* Tenths of a second that namespaces may need to end, in emulation. */
#define ENDING 3000

unsigned int how_many(unsigned int ordinary, unsigned int in_long_runs)
{
	const char *wish = getenv("LBMESH_LONG");

	return wish && strcmp(wish, "1") == 0 ? in_long_runs : ordinary;
}

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled". */
uint32_t random_number(void)
{
	static uint64_t state;

	if (!state) {
		const char *wish = getenv("LBMESH_SEED");

		state = wish ? strtoull(wish, NULL, 0) : how_many(1, time(NULL));
		printf("# LBMESH_SEED=%llu\n", (unsigned long long)state);
		fflush(stdout);
		state = state * 0x9e3779b97f4a7c15 | 1;
	}
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1d >> 32;
}

uint32_t random_below(uint32_t below)
{
	return (uint64_t)random_number() * below >> 32;
}

bool one_in(uint32_t times)
{
	return random_below(times) == 0;
}

void random_fill(void *data, size_t size)
{
	for (uint8_t *byte = data; size--; byte++)
		*byte = random_number();
}

int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

long file_number(const char *path, const char *name)
{
	size_t length = strlen(name);
	char line[256];
	long value = -1;
	FILE *file = fopen(path, "re");

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, length) == 0 && strchr(": ", line[length]))
			value = atol(line + length + 1);
	}
	if (file)
		fclose(file);
	return value;
}

/* Namespaces, living and ending, in this kernel; -1 when it does not say. */
static long namespaces_alive(void)
{
	char line[256];
	long count = -1;
	FILE *file = fopen("/proc/slabinfo", "re");

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "net_namespace %ld", &count);
	if (file)
		fclose(file);
	return count;
}

static void namespaces_wait(void)
{
	long before = LONG_MAX, now;

	/* Until none has ended for two seconds. */
	for (int quiet = 0; quiet < 20;) {
		now = namespaces_alive();
		quiet = now == before ? quiet + 1 : 0;
		before = now;
		pause_ms(100);
	}
}

long kernel_memory(void)
{
	static const char *const parts[] = {"Slab", "VmallocUsed", "Percpu", "KernelStack",
					    "PageTables"};
	long least = LONG_MAX;

	namespaces_wait();
	for (int look = 0; look < 5; look++) {
		long sum = 0;

		must(file_write("/proc/sys/vm/drop_caches", "3"));
		pause_ms(200);
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
			sum += file_number("/proc/meminfo", parts[i]);
		least = sum < least ? sum : least;
	}
	return least;
}

int user_namespace_enter(int flags)
{
	int ret;

	if (unshare(CLONE_NEWUSER | flags))
		return -errno;
	ret = file_write("/proc/self/setgroups", "deny");
	if (!ret)
		ret = file_write("/proc/self/uid_map", "0 0 1");
	if (!ret)
		ret = file_write("/proc/self/gid_map", "0 0 1");
	return ret;
}

pid_t child_start(int (*run)(void *data), void *data)
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	child = run(data);
	fflush(stdout);
	_exit(child);
}

int child_wait(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int child_kill(pid_t child)
{
	kill(child, SIGKILL);
	return child_wait(child);
}

void *shared_new(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		must(-ENOMEM);
	return memory;
}

/* A request about one interface. */
static struct nlmsghdr *link_begin(char *buffer, uint16_t type, const char *ifname,
				   unsigned int flags)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info;

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	info = mnl_nlmsg_put_extra_header(header, sizeof(*info));
	/* Index 0 is refused by rtnetlink, as an interface that has just gone is. */
	info->ifi_index = if_nametoindex(ifname);
	info->ifi_change = flags;
	info->ifi_flags = flags;
	return header;
}

static int link_ask(struct nlmsghdr *header)
{
	struct mnl_socket *rtnetlink = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	char buffer[4096];
	ssize_t got;
	int ret;

	if (!rtnetlink)
		return errno;
	got = mnl_socket_sendto(rtnetlink, header, header->nlmsg_len);
	if (got >= 0)
		got = mnl_socket_recvfrom(rtnetlink, buffer, sizeof(buffer));
	ret = got < 0 || mnl_cb_run(buffer, got, 0, 0, NULL, NULL) < 0 ? errno : 0;
	mnl_socket_close(rtnetlink);
	return ret;
}

int link_add(const char *ifname, const char *type)
{
	char buffer[512];
	struct nlmsghdr *header = link_begin(buffer, RTM_NEWLINK, ifname, IFF_UP);
	struct nlattr *nest;

	header->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	mnl_attr_put_strz(header, IFLA_IFNAME, ifname);
	nest = mnl_attr_nest_start(header, IFLA_LINKINFO);
	mnl_attr_put_strz(header, IFLA_INFO_KIND, type);
	mnl_attr_nest_end(header, nest);
	return link_ask(header);
}

int link_delete(const char *ifname)
{
	char buffer[512];

	return link_ask(link_begin(buffer, RTM_DELLINK, ifname, 0));
}

int link_rename(const char *ifname, const char *name)
{
	char buffer[512];
	struct nlmsghdr *header = link_begin(buffer, RTM_NEWLINK, ifname, 0);

	mnl_attr_put_strz(header, IFLA_IFNAME, name);
	return link_ask(header);
}

int link_move(const char *ifname, int fd)
{
	char buffer[512];
	struct nlmsghdr *header = link_begin(buffer, RTM_NEWLINK, ifname, 0);

	mnl_attr_put_u32(header, IFLA_NET_NS_FD, fd);
	return link_ask(header);
}

int link_up(const char *ifname)
{
	char buffer[512];

	return link_ask(link_begin(buffer, RTM_NEWLINK, ifname, IFF_UP));
}

void packet_send(const char *ifname, const char *address)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &to.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ifname, strlen(ifname) + 1);
	sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	close(fd);
}

int module_load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;

	if (fd < 0)
		return errno;
	error = syscall(SYS_finit_module, fd, "", 0) ? errno : 0;
	close(fd);
	return error;
}

int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? errno : 0;
}

int module_references(const char *name)
{
	char path[64], text[16];
	FILE *file;
	int count = -1;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	file = fopen(path, "re");
	if (file && fgets(text, sizeof(text), file))
		count = atoi(text);
	if (file)
		fclose(file);
	return count;
}

bool references_return_to(int count)
{
	for (int tries = 0; tries < ENDING; tries++) {
		if (module_references("lbmesh") == count)
			return true;
		pause_ms(100);
	}
	return false;
}

/* The two hosts. */

#define TUNNEL_PORT 51820
#define FLOW_PORT   7000
/* Curve25519 ignores the lowest bits of the first byte. */
#define PRIVATE_KEY(side) (0x5eed0000 | (side) << 8)

static const char *const address[2] = {"10.0.0.1", "10.0.0.2"};
static const char *const prefix[2] = {"10.0.0.1/32", "10.0.0.2/32"};
static const char *const underlay[2] = {"192.0.2.1", "192.0.2.2"};

struct lbmesh_commit *tunnel_commit(const struct tunnel *tunnel, int side)
{
	struct lbmesh_device device = {
		.id = 1,
		.ifname = "wg0",
		.private_key = key_of(PRIVATE_KEY(side)),
		.has_listen_port = true,
		.listen_port = TUNNEL_PORT,
	};
	struct lbmesh_peer peer = {
		.device = 1,
		.public_key = tunnel->key[!side],
		.endpoint_port = TUNNEL_PORT,
	};
	struct lbmesh_commit *commit = replace_new();

	must(lbmesh_address_parse(underlay[!side], &peer.endpoint));
	must(lbmesh_commit_put_device(commit, &device));
	put_network(commit, 1);
	must(lbmesh_commit_put_peer(commit, &peer));
	put_member(commit, 1, 1, prefix[side], 0);
	put_member_key(commit, 1, 1, prefix[!side], tunnel->key[!side]);
	return commit;
}

static int side_prepare(struct tunnel *tunnel, int side)
{
	struct lbmesh_device device = {
		.id = 1,
		.ifname = "wg0",
		.private_key = key_of(PRIVATE_KEY(side)),
	};
	struct lbmesh_commit *commit = replace_new();
	uint8_t key[LBMESH_KEY_LEN + 4];
	struct lbmesh_result result;
	int error;

	must(namespace_set(tunnel->fd[side]));
	error = ip(NULL,
		   "addr add %s/24 dev eth0\nlink set eth0 up\nlink add wg0 type wireguard\n"
		   "addr add %s/24 dev wg0\nlink set wg0 up\n",
		   underlay[side], address[side]);
	if (error || lbmesh_open(&tunnel->conn[side], NULL))
		return 1;
	/* The key first, to learn the public one. */
	must(lbmesh_commit_put_device(commit, &device));
	error = run(tunnel->conn[side], commit, &result);
	if (error)
		return error;
	/* The decoder wants room for the byte after. */
	if (b64_pton(wg_device("wg0", "public-key"), key, sizeof(key)) != LBMESH_KEY_LEN)
		return 1;
	memcpy(tunnel->key[side], key, LBMESH_KEY_LEN);
	return 0;
}

int tunnel_open(struct tunnel *tunnel)
{
	static const char *const names[2] = {"left", "right"};
	struct lbmesh_result result = {};
	int here = namespace_open(NULL), error = 0;

	for (int side = 0; side < 2; side++) {
		must(namespace_add(names[side]));
		tunnel->fd[side] = namespace_open(names[side]);
	}
	error = ip("left", "link add eth0 type veth peer name eth0 netns right\n");
	for (int side = 0; side < 2 && !error; side++)
		error = side_prepare(tunnel, side);
	for (int side = 0; side < 2 && !error; side++)
		error = run(tunnel->conn[side], tunnel_commit(tunnel, side), &result);
	if (error) {
		printf("# the tunnel: \"%s\"\n", result.error.message);
	} else {
		must(namespace_set(tunnel->fd[0]));
		error = sh_try("ping -q -n -c 1 -w 20 -i 0.2 %s", address[1]);
	}
	must(namespace_set(here));
	close(here);
	return error;
}

void tunnel_close(struct tunnel *tunnel)
{
	for (int side = 0; side < 2; side++) {
		lbmesh_close(tunnel->conn[side]);
		close(tunnel->fd[side]);
	}
}

/* A socket on one side; packets of other tests wait in no queue that is too short. */
static int flow_socket(const struct tunnel *tunnel, int side, int to)
{
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(FLOW_PORT + to)};
	struct timeval patience = {.tv_usec = 100000};
	int fd, size = 8 << 20;

	if (namespace_set(tunnel->fd[side]))
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	inet_pton(AF_INET, address[side], &local.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return bind(fd, (struct sockaddr *)&local, sizeof(local)) ? -1 : fd;
}

static void flow_receive(struct flow *flow, int fd)
{
	unsigned int number;

	for (;;) {
		if (recv(fd, &number, sizeof(number), 0) == sizeof(number))
			flow->received++;
	}
}

static void flow_send(struct flow *flow, int fd, int to, unsigned int every_us)
{
	struct sockaddr_in other = {.sin_family = AF_INET, .sin_port = htons(FLOW_PORT + to)};

	inet_pton(AF_INET, address[to], &other.sin_addr);
	while (!flow->end) {
		if (sendto(fd, &flow->sent, sizeof(flow->sent), 0, (struct sockaddr *)&other,
			   sizeof(other)) == sizeof(flow->sent))
			flow->sent++;
		usleep(every_us);
	}
}

static pid_t flow_process(const struct tunnel *tunnel, struct flow *flow, int side, int to,
			  unsigned int every_us)
{
	pid_t child = fork();
	int fd;

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = flow_socket(tunnel, side, to);
	if (fd >= 0 && side == to)
		flow_receive(flow, fd);
	else if (fd >= 0)
		flow_send(flow, fd, to, every_us);
	_exit(fd < 0);
}

struct flow *flow_start(const struct tunnel *tunnel, int from, unsigned int every_us)
{
	struct flow *flow = shared_new(sizeof(*flow));

	flow->receiver = flow_process(tunnel, flow, !from, !from, 0);
	pause_ms(200);
	flow->sender = flow_process(tunnel, flow, from, !from, every_us);
	for (int tries = 0; tries < 1000 && !flow->received; tries++)
		pause_ms(10);
	if (flow->received)
		return flow;
	child_kill(flow->sender);
	child_kill(flow->receiver);
	return NULL;
}

unsigned int flow_end(struct flow *flow)
{
	flow->end = true;
	child_wait(flow->sender);
	for (int tries = 0; tries < 200 && flow->received != flow->sent; tries++)
		pause_ms(10);
	child_kill(flow->receiver);
	return flow->sent - flow->received;
}

/* The mesh. */

uint64_t settle(struct lbmesh *conn)
{
	struct lbmesh_generation generation;

	for (int tries = 0; tries < UTIL_TIMEOUT_MS; tries++) {
		must(lbmesh_generation_get(conn, &generation, NULL));
		if (generation.state != LBMESH_STATE_COMMITTING)
			return generation.number;
		pause_ms(1);
	}
	return UINT64_MAX;
}

struct lbmesh_commit *mesh_new(void)
{
	struct lbmesh_device device = {
		.id = 1,
		.ifname = "wg0",
		.private_key = key_of(0x5eed0000),
		.has_listen_port = true,
		.listen_port = 51820,
		.has_fwmark = true,
		.fwmark = 7,
	};
	struct lbmesh_commit *commit = replace_new();

	must(lbmesh_commit_put_device(commit, &device));
	put_network(commit, 1);
	put_network(commit, 2);
	put_bridge(commit, 1, 1, 2);
	for (uint32_t key = 100; key < 104; key++)
		put_peer(commit, 1, key, NULL);
	put_member(commit, 1, 1, "10.0.0.1/32", 0);
	put_member(commit, 1, 1, "10.0.0.2/32", 100);
	put_member(commit, 2, 1, "10.0.0.3/32", 101);
	put_member(commit, 2, 1, "10.0.1.0/24", 101);
	put_member(commit, 1, 1, "fd00::4/128", 102);
	return commit;
}

char *mesh_state(struct lbmesh *conn)
{
	char *text = strdup(state_text(conn)), *line = strstr(text, "device "), *end;

	if (line) {
		end = strchr(line, '\n') + 1;
		memmove(line, end, strlen(end) + 1);
	}
	return text;
}

static uint64_t drops(struct lbmesh *conn)
{
	struct lbmesh_generation generation;

	must(lbmesh_generation_get(conn, &generation, NULL));
	return generation.gate.not_member + generation.gate.malformed;
}

bool gate_is_there(struct lbmesh *conn)
{
	uint64_t before = drops(conn);

	packet_send("wg0", "10.99.0.1");
	return drops(conn) > before;
}

int mesh_restore(struct lbmesh *conn, struct lbmesh_result *result)
{
	int error;

	if (settle(conn) == UINT64_MAX)
		return ETIMEDOUT;
	error = flush(conn, result);
	return error ?: run(conn, mesh_new(), result);
}
